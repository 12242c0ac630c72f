/* The log-rank family. */
#include <float.h>
#include <string.h>

#include "racemate/stats/distributions.h"
#include "stats/dense.h"
#include "stats/times.h"

typedef struct log_rank_sums {
    int groups;
    double rho;
    double *n, *observed, *expected, *covariance;
    double *risk; /* rows at risk of each group at the current time */
    double events;
} log_rank_sums;

/* Hypergeometric mean and covariance of the `dead` events among those at risk, times weight and its square.
 */
static void add_time(log_rank_sums *s, double dead, double at_risk, double weight)
{
    const double spread = at_risk > 1 ? dead * (at_risk - dead) / (at_risk - 1) : 0;
    for (int a = 0; a < s->groups; a++) {
        const double share = s->risk[a] / at_risk;
        s->expected[a] += weight * dead * share;
        for (int b = 0; b < s->groups; b++)
            s->covariance[a * s->groups + b] +=
                weight * weight * spread * share * ((a == b) - s->risk[b] / at_risk);
    }
}

/* One stratum, upwards in time; S(t-) is the pooled curve of the stratum. */
static void add_stratum(rac_arena *arena, const stats_times *t, size_t begin, size_t end, log_rank_sums *s)
{
    const uint32_t *const entry = t->start ? stats_start_order(arena, t, begin, end) : NULL;
    double at_risk = 0, survival = 1;
    memset(s->risk, 0, (size_t)s->groups * sizeof *s->risk);
    for (size_t i = begin; i < end; i++) {
        const int g = t->group ? t->group[i] : 0;
        s->n[g]++;
        s->risk[g] += !entry;
        at_risk += !entry;
    }
    for (size_t i = begin, entered = 0, next; i < end; i = next) {
        double dead = 0;
        for (; entry && entered < end - begin && t->start[entry[entered]] < t->time[i]; entered++) {
            s->risk[t->group ? t->group[entry[entered]] : 0]++;
            at_risk++;
        }
        for (next = i; next < end && t->time[next] == t->time[i]; next++)
            dead += t->event[next];
        if (dead > 0) {
            const double weight = s->rho == 0 ? 1 : pow(survival, s->rho);
            for (size_t k = i; k < next; k++)
                s->observed[t->group ? t->group[k] : 0] += t->event[k] ? weight : 0;
            add_time(s, dead, at_risk, weight);
            survival *= (at_risk - dead) / at_risk;
            s->events += dead;
        }
        for (size_t k = i; k < next; k++)
            s->risk[t->group ? t->group[k] : 0]--;
        at_risk -= (double)(next - i);
    }
}

/* (O - E)' V^- (O - E) over the groups with anything expected, less one of them. */
static void finish(rac_arena *arena, const log_rank_sums *s, rac_log_rank *out)
{
    const size_t g = (size_t)s->groups;
    size_t *const used = rac_many(arena, size_t, g), count = 0;
    for (size_t a = 0; a < g; a++)
        if (s->expected[a] > 0)
            used[count++] = a;
    out->df = count > 0 ? (double)(count - 1) : 0;
    out->chi_square = out->p_value = RAC_NOT_ESTIMABLE;
    if (count < g)
        out->notes |= s->events == 0 ? RAC_NOTE_NO_EVENTS : RAC_NOTE_EMPTY_GROUP;
    if (count < 2)
        return;
    const size_t k = count - 1;
    double *const v = rac_many(arena, double, k *k), *const d = rac_many(arena, double, k),
                  *const x = rac_many(arena, double, k);
    bool *const pivots = rac_many(arena, bool, k);
    for (size_t a = 0; a < k; a++) {
        d[a] = s->observed[used[a + 1]] - s->expected[used[a + 1]];
        for (size_t b = 0; b < k; b++)
            v[a * k + b] = s->covariance[used[a + 1] * g + used[b + 1]];
    }
    if (stats_cholesky(v, k, 1e-10, pivots) ==
        0) { /* nobody was ever at risk beside the one who had the event */
        out->notes |= RAC_NOTE_TOO_FEW;
        return;
    }
    stats_cholesky_solve(v, k, pivots, d, x);
    out->chi_square = 0;
    for (size_t a = 0; a < k; a++)
        out->chi_square += d[a] * x[a];
    out->p_value = rac_chi_square_upper(out->chi_square, out->df);
}

rac_status rac_log_rank_test(rac_arena *arena, const rac_survival_data *data, double rho, rac_log_rank *out,
                             rac_error *err)
{
    if (data->weight) {
        rac_fail(err, RAC_UNSUPPORTED, "a log-rank test with weights");
        rac_error_hint(err, "fit a Cox model with robust errors");
        return RAC_UNSUPPORTED;
    }
    if (!(data->group && data->groups >= 2 && data->groups <= 1000))
        return rac_fail(err, RAC_INVALID, "a log-rank test of %d groups, needs 2 to 1000",
                        data->group ? data->groups : 1);
    if (!(rho >= 0 && isfinite(rho)))
        return rac_fail(err, RAC_INVALID, "rho is %g, it must be 0 or more", rho);
    stats_times t;
    const rac_status status = stats_times_prepare(arena, data, NULL, true, true, &t, err);
    if (status != RAC_OK)
        return status;
    const size_t g = (size_t)data->groups;
    log_rank_sums s = {data->groups,
                       rho,
                       rac_many(arena, double, g),
                       rac_many(arena, double, g),
                       rac_many(arena, double, g),
                       rac_many(arena, double, g *g),
                       rac_many(arena, double, g),
                       0};
    for (size_t k = 0; k < t.strata; k++)
        add_stratum(arena, &t, t.stratum_begin[k], t.stratum_begin[k + 1], &s);
    *out = (rac_log_rank){.groups = data->groups,
                          .n = s.n,
                          .observed = s.observed,
                          .expected = s.expected,
                          .covariance = s.covariance,
                          .missing = t.missing,
                          .notes = t.missing > 0 ? RAC_NOTE_MISSING : 0};
    finish(arena, &s, out);
    return RAC_OK;
}
