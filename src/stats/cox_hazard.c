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

/* The event times of one stratum: moments base .. limit - 1, and the sums before each. */
typedef struct stratum_hazard {
    const cox_moment *moments;
    const running *sums;
    size_t base, limit;
} stratum_hazard;

/* The first moment at or after `time`; `above`: after it. */
static size_t moment_at(const stratum_hazard *h, double time, bool above)
{
    size_t low = h->base, high = h->limit;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (h->moments[middle].time < time || (above && h->moments[middle].time == time))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The hazards of all moments before `end`. */
static void explain_until(const stratum_hazard *h, size_t end, double *residual, const double *x, double risk,
                          size_t p)
{
    if (end == h->base)
        return;
    const cox_moment *const last = &h->moments[end - 1];
    explain(residual, x, risk, h->sums[end - 1].hazard + last->hazard, h->sums[end - 1].mean, p);
    explain(residual, x, risk, 0, last->hazard_mean, p);
}

/* Row i's score residual: (x - mean) at its own death, less the hazards met from start to time. */
static void score_residual(const cox_problem *problem, const stratum_hazard *h, const double *beta, size_t i,
                           double *residual)
{
    const stats_times *const t = &problem->times;
    const size_t p = problem->p, end = moment_at(h, t->time[i], false);
    const double *const x = problem->x + i * p, risk = exp(cox_eta(problem, beta, i));
    explain_until(h, end, residual, x, risk, p);
    if (end < h->limit && h->moments[end].time == t->time[i]) {
        const cox_moment *const now = &h->moments[end];
        const bool dies = t->event[i];
        explain(residual, x, risk, dies ? now->dead_hazard : now->hazard,
                dies ? now->dead_hazard_mean : now->hazard_mean, p);
        for (size_t j = 0; dies && j < p; j++)
            residual[j] += x[j] - now->mean[j];
    }
    if (t->start)
        explain_until(h, moment_at(h, t->start[i], true), residual, x, -risk, p);
}

/* Sum over clusters of u u', u the sum of w residual. */
static void add_squares(rac_arena *arena, const cox_problem *problem, const double *residual, double *squares)
{
    const size_t n = problem->times.n, p = problem->p;
    double *const key = rac_many(arena, double, n), *const sum = rac_many(arena, double, p);
    for (size_t i = 0; i < n; i++)
        key[i] = problem->cluster ? problem->cluster[i] : (double)i;
    const uint32_t *const order = stats_order(arena, key, n);
    for (size_t i = 0, next; i < n; i = next) {
        memset(sum, 0, p * sizeof *sum);
        for (next = i; next < n && key[order[next]] == key[order[i]]; next++)
            for (size_t j = 0; j < p; j++)
                sum[j] += stats_weight(&problem->times, order[next]) * residual[order[next] * p + j];
        for (size_t j = 0; j < p; j++)
            for (size_t k = 0; k < p; k++)
                squares[j * p + k] += sum[j] * sum[k];
    }
}

double *cox_score_squares(rac_arena *arena, const cox_problem *problem, const double *beta)
{
    const stats_times *const t = &problem->times;
    const size_t p = problem->p;
    size_t count;
    const cox_moment *const moments = cox_moments(arena, problem, beta, &count);
    double *const residual = rac_many(arena, double, t->n *p), *const squares = rac_many(arena, double, p *p);
    stratum_hazard h = {moments, running_sums(arena, moments, count, p), 0, 0};
    for (size_t s = 0; s < t->strata; s++) {
        h.base = h.limit;
        while (h.limit < count && moments[h.limit].stratum == s)
            h.limit++;
        for (size_t i = t->stratum_begin[s]; i < t->stratum_begin[s + 1]; i++)
            score_residual(problem, &h, beta, i, residual + i * p);
    }
    add_squares(arena, problem, residual, squares);
    return squares;
}
