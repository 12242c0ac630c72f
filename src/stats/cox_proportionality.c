/* Does a hazard ratio stay the same?  The score test of adding g(t) x_j to the model: with u the score of the
 * added coefficient (that of the others is 0 at the fit) and J the information of all of them,
 *     u' [J^-1]_(added, added) u  is chi-square. */
#include <string.h>

#include "racemate/stats/distributions.h"
#include "stats/cox_problem.h"
#include "stats/dense.h"

/* 1 - S(t-), S the Kaplan-Meier curve of all rows; strata and weights are not looked at (as in R). */
static rac_status km_scale(rac_arena *arena, const stats_times *t, double *g, rac_error *err)
{
    const rac_survival_data all = {.n = t->n, .time = t->time, .event = t->event, .start = t->start};
    rac_survival_curve *curve;
    const rac_status status = rac_kaplan_meier(arena, &all, NULL, &curve, err);
    if (status != RAC_OK)
        return status;
    for (size_t i = 0; i < t->n; i++) {
        size_t low = 0, high = curve->count; /* the first point at or after this time */
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (curve->points[middle].time < t->time[i])
                low = middle + 1;
            else
                high = middle;
        }
        g[i] = low > 0 ? 1 - curve->points[low - 1].survival : 0;
    }
    return RAC_OK;
}

static rac_status time_scale(rac_arena *arena, const stats_times *t, rac_cox_time_scale scale, double *g,
                             rac_error *err)
{
    if (scale == RAC_TIME_KM)
        return km_scale(arena, t, g, err);
    for (size_t i = 0; i < t->n; i++) {
        if (scale == RAC_TIME_LOG && t->time[i] == 0)
            return rac_fail(err, RAC_INVALID, "the logarithm of time 0");
        g[i] = scale == RAC_TIME_LOG ? log(t->time[i]) : t->time[i];
    }
    return RAC_OK;
}

static void centre_at_events(const stats_times *t, double *g)
{
    double sum = 0, events = 0;
    for (size_t i = 0; i < t->n; i++) {
        sum += t->event[i] ? g[i] : 0;
        events += t->event[i];
    }
    for (size_t i = 0; i < t->n; i++)
        g[i] -= events > 0 ? sum / events : 0;
}

static size_t packed_at(size_t i, size_t j)
{
    return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
}

/* The test of the `added` coefficients (indices into the covariates). */
static rac_cox_test test_added(rac_arena *arena, const rac_cox_state *state, const cox_pass *pass,
                               const size_t *added, size_t count)
{
    const size_t p = state->problem.p;
    size_t *const base = rac_many(arena, size_t, p), rank = 0;
    for (size_t j = 0; j < p; j++)
        if (state->used[j])
            base[rank++] = j;
    const size_t m = rank + count;
    double *const j = rac_many(arena, double, m *m), *const u = rac_many(arena, double, m),
                  *const x = rac_many(arena, double, m);
    bool *const pivots = rac_many(arena, bool, m);
    for (size_t a = 0; a < m; a++)
        for (size_t b = 0; b < m; b++) {
            const size_t at =
                packed_at(a < rank ? base[a] : added[a - rank], b < rank ? base[b] : added[b - rank]);
            const double *const block = a < rank && b < rank     ? pass->information
                                        : a >= rank && b >= rank ? pass->gg_information
                                                                 : pass->g_information;
            j[a * m + b] = block[at];
        }
    for (size_t a = 0; a < count; a++)
        u[rank + a] = pass->g_score[added[a]];
    rac_cox_test test = {RAC_NOT_ESTIMABLE, (double)count, RAC_NOT_ESTIMABLE};
    if (count == 0 || stats_cholesky(j, m, 1e-12, pivots) < m) /* g is the same at every event */
        return test;
    stats_cholesky_solve(j, m, pivots, u, x);
    test.statistic = 0;
    for (size_t a = 0; a < m; a++)
        test.statistic += u[a] * x[a];
    test.p_value = rac_chi_square_upper(test.statistic, test.df);
    return test;
}

rac_status rac_cox_proportionality_of(rac_arena *arena, const rac_cox_fit *fit, rac_cox_time_scale scale,
                                      rac_cox_proportionality *out, rac_error *err)
{
    const rac_cox_state *const state = fit->state;
    const cox_problem *const problem = &state->problem;
    const size_t p = problem->p;
    if (problem->ties == RAC_TIES_DISCRETE)
        return rac_fail(err, RAC_UNSUPPORTED, "the proportionality test with the discrete likelihood");
    double *const g = rac_many(arena, double, problem->times.n);
    const rac_status status = time_scale(arena, &problem->times, scale, g, err);
    if (status != RAC_OK)
        return status;
    centre_at_events(&problem->times, g);
    cox_pass pass = cox_pass_new(arena, p);
    pass.g = g;
    pass.g_score = rac_many(arena, double, p);
    pass.g_information = rac_many(arena, double, cox_triangle(p));
    pass.gg_information = rac_many(arena, double, cox_triangle(p));
    cox_pass_run(arena, problem, state->beta, &pass);
    size_t *const all = rac_many(arena, size_t, p), count = 0;
    *out = (rac_cox_proportionality){.each = rac_many(arena, rac_cox_test, p), .notes = state->notes};
    const bool possible = !(state->notes & (RAC_NOTE_INFINITE | RAC_NOTE_NO_EVENTS));
    for (size_t j = 0; j < p; j++) {
        out->each[j] = test_added(arena, state, &pass, &j, possible && state->used[j]);
        if (possible && state->used[j])
            all[count++] = j;
    }
    out->global = test_added(arena, state, &pass, all, count);
    return RAC_OK;
}
