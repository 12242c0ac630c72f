/* What a fitted model implies event time by event time: baseline hazard and score residuals. */
#include <string.h>

#include "stats/cox_problem.h"
#include "stats/order.h"

cox_moment *cox_moments(rac_arena *arena, const cox_problem *problem, const double *beta, size_t *count)
{
    cox_pass pass = cox_pass_new(arena, problem->p);
    pass.moments = rac_many(arena, cox_moment, problem->events);
    cox_pass_run(arena, problem, beta, &pass);
    const size_t n = *count = pass.moment_count;
    for (size_t i = 0; i < n / 2; i++) { /* the pass goes backwards */
        const cox_moment swap = pass.moments[i];
        pass.moments[i] = pass.moments[n - 1 - i];
        pass.moments[n - 1 - i] = swap;
    }
    return pass.moments;
}

rac_status rac_cox_baseline_of(rac_arena *arena, const rac_cox_fit *fit, rac_cox_baseline *out,
                               rac_error *err)
{
    const rac_cox_state *const state = fit->state;
    const cox_problem *const problem = &state->problem;
    if (state->notes & RAC_NOTE_INFINITE)
        return rac_fail(err, RAC_UNSUPPORTED, "a baseline hazard when a coefficient is infinite");
    size_t count;
    const cox_moment *const moments = cox_moments(arena, problem, state->beta, &count);
    double centre = 0; /* the passes are centred: at x = 0 the risk is exp(-centre) */
    for (size_t j = 0; j < problem->p; j++)
        centre += problem->mean[j] / problem->scale[j] * state->beta[j];
    *out = (rac_cox_baseline){count, rac_many(arena, int, count), rac_many(arena, double, count),
                              rac_many(arena, double, count)};
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        sum = k > 0 && moments[k].stratum == moments[k - 1].stratum ? sum : 0;
        sum += moments[k].hazard;
        out->stratum[k] = problem->times.stratum[moments[k].stratum];
        out->time[k] = moments[k].time;
        out->cumulative[k] = sum * exp(-centre);
    }
    return RAC_OK;
}

double rac_cox_baseline_at(const rac_cox_baseline *baseline, int stratum, double time)
{
    double value = 0;
    for (size_t k = 0; k < baseline->count; k++)
        if (baseline->stratum[k] == stratum && baseline->time[k] <= time)
            value = baseline->cumulative[k];
    return value;
}

/* Running sums of hazard and hazard times mean, before and after each event time of a stratum. */
typedef struct running {
    double hazard;
    double *mean; /* p */
} running;

static running *running_sums(rac_arena *arena, const cox_moment *moments, size_t count, size_t p)
{
    running *const sums = rac_many(arena, running, count + 1); /* [k]: before moment k of its stratum */
    double *const means = rac_many(arena, double, (count + 1) * p);
    for (size_t k = 0; k <= count; k++) {
        sums[k].mean = means + k * p;
        if (k == 0 || (k < count && moments[k].stratum != moments[k - 1].stratum))
            continue;
        sums[k].hazard = sums[k - 1].hazard + moments[k - 1].hazard;
        for (size_t j = 0; j < p; j++)
            sums[k].mean[j] = sums[k - 1].mean[j] + moments[k - 1].hazard_mean[j];
    }
    return sums;
}

/* Takes r (x H - K) off the residual: what the hazards met so far explain; sign -1 gives it back. */
static void explain(double *residual, const double *x, double risk, double hazard, const double *mean,
                    size_t p)
{
    for (size_t j = 0; j < p; j++)
        residual[j] -= risk * (x[j] * hazard - mean[j]);
}

double *cox_score_squares(rac_arena *arena, const cox_problem *problem, const double *beta)
{
    const stats_times *const t = &problem->times;
    const size_t p = problem->p, n = t->n;
    size_t count;
    const cox_moment *const moments = cox_moments(arena, problem, beta, &count);
    const running *const sums = running_sums(arena, moments, count, p);
    double *const residual = rac_many(arena, double, n *p), *const key = rac_many(arena, double, n);
    for (size_t s = 0, base = 0; s < t->strata; s++) {
        size_t last = base, limit = base; /* moments of this stratum: base .. limit - 1 */
        while (limit < count && moments[limit].stratum == s)
            limit++;
        for (size_t i = t->stratum_begin[s]; i < t->stratum_begin[s + 1]; i++) {
            const double *const x = problem->x + i * p, risk = exp(cox_eta(problem, beta, i));
            double *const own = residual + i * p;
            while (last < limit && moments[last].time < t->time[i])
                last++;
            if (last > base) {
                const cox_moment *const before = &moments[last - 1];
                explain(own, x, risk, sums[last - 1].hazard + before->hazard, sums[last - 1].mean, p);
                explain(own, x, risk, 0, before->hazard_mean, p);
            }
            if (last < limit && moments[last].time == t->time[i]) {
                const cox_moment *const now = &moments[last];
                const bool dies = t->event[i];
                explain(own, x, risk, dies ? now->dead_hazard : now->hazard,
                        dies ? now->dead_hazard_mean : now->hazard_mean, p);
                for (size_t j = 0; dies && j < p; j++)
                    own[j] += x[j] - now->mean[j];
            }
            size_t before_start = base; /* hazards up to the start were not met */
            for (size_t low = base, high = limit; t->start && low < high;) {
                const size_t middle = low + (high - low) / 2;
                if (moments[middle].time <= t->start[i])
                    before_start = low = middle + 1;
                else
                    high = middle;
            }
            if (before_start > base) {
                const cox_moment *const m = &moments[before_start - 1];
                explain(own, x, -risk, sums[before_start - 1].hazard + m->hazard, sums[before_start - 1].mean,
                        p);
                explain(own, x, -risk, 0, m->hazard_mean, p);
            }
        }
        base = limit;
    }
    for (size_t i = 0; i < n; i++)
        key[i] = problem->cluster ? problem->cluster[i] : (double)i;
    const uint32_t *const order = stats_order(arena, key, n);
    double *const squares = rac_many(arena, double, p *p), *const sum = rac_many(arena, double, p);
    for (size_t i = 0, next; i < n; i = next) {
        memset(sum, 0, p * sizeof *sum);
        for (next = i; next < n && key[order[next]] == key[order[i]]; next++)
            for (size_t j = 0; j < p; j++)
                sum[j] += stats_weight(t, order[next]) * residual[order[next] * p + j];
        for (size_t j = 0; j < p; j++)
            for (size_t k = 0; k < p; k++)
                squares[j * p + k] += sum[j] * sum[k];
    }
    return squares;
}
