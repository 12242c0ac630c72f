/* stats/mixed_newton.c: the search for the maximum. */
#include "stats/mixed_engine.h"

#include <math.h>
#include <string.h>

/* Stop when the log-likelihood can rise by half of this: far below what any printed digit shows. */
#define DECREMENT_ENOUGH 1e-12
/* From here on the full information is worth its price; before, the terms in P, which shrink like
 * columns / patients beside the others, only shorten the step a little. */
#define DECREMENT_NEAR 1e-2
#define HALVINGS_MAX 40

/* step = a^-1 g with a positive definite; false when it is not. `a` is destroyed. */
static bool newton_step(double *a, const double *g, size_t n, double *step, double *decrement)
{
    if (!mixed_cholesky(a, n))
        return false;
    memcpy(step, g, n * sizeof *step);
    mixed_solve_lower(a, n, step);
    *decrement = mixed_dot(step, step, n);
    mixed_solve_upper(a, n, step);
    return isfinite(*decrement);
}

/* A step from the observed information, else the expected one, else the expected one with a ridge. */
static bool find_step(mixed_engine *e, double *work, double *step, double *decrement, bool *observed)
{
    const size_t n = e->parameters;
    memcpy(work, e->information, n * n * sizeof *work);
    *observed = newton_step(work, e->gradient, n, step, decrement);
    if (*observed)
        return true;
    mixed_engine_information(e, true);
    double *const expected = e->information; /* the observed one is of no use here */
    mixed_engine_expected(e, expected);
    for (double ridge = 0; ridge < 1e6; ridge = ridge == 0 ? 1e-3 : 10 * ridge) {
        memcpy(work, expected, n * n * sizeof *work);
        for (size_t a = 0; a < n; a++)
            work[a * n + a] += ridge * (fabs(expected[a * n + a]) + 1e-12);
        if (newton_step(work, e->gradient, n, step, decrement))
            return true;
    }
    return false;
}

/* Moves along the step, halving it until the likelihood exists and does not fall. */
static bool move(mixed_engine *e, const double *from, const double *step)
{
    const double before = e->log_likelihood;
    const double noise = 1e-12 * fabs(before); /* rounding of the sum */
    double scale = 1;
    for (int halving = 0; halving < HALVINGS_MAX; halving++, scale *= 0.5) {
        for (size_t a = 0; a < e->parameters; a++)
            e->theta[a] = from[a] + scale * step[a];
        if (mixed_engine_likelihood(e) && e->log_likelihood >= before - noise)
            return true;
    }
    return false;
}

bool mixed_newton(rac_arena *arena, mixed_engine *e, size_t iterations_max, mixed_search *search,
                  const char **why)
{
    const size_t n = e->parameters;
    double *const work = rac_many(arena, double, n *n), *const step = rac_many(arena, double, n);
    double *const from = rac_many(arena, double, n);
    *search = (mixed_search){.decrement = INFINITY};
    if (!mixed_engine_likelihood(e)) {
        *why = "the covariance of the start is not positive definite";
        return false;
    }
    for (; search->iterations < iterations_max; search->iterations++) {
        bool observed;
        const bool complete = search->decrement < DECREMENT_NEAR;
        mixed_engine_gradient(e);
        mixed_engine_information(e, complete);
        if (!find_step(e, work, step, &search->decrement, &observed)) {
            *why = "the information is not positive definite";
            return false;
        }
        if (search->decrement < DECREMENT_ENOUGH) {
            if (!complete)
                mixed_engine_information(e, true);
            search->observed_definite = observed;
            return true;
        }
        memcpy(from, e->theta, n * sizeof *from);
        if (!move(e, from, step)) {
            *why = rac_format(arena, "no step improves the likelihood (Newton decrement %.2g)",
                              search->decrement);
            return false;
        }
    }
    *why = rac_format(arena, "%zu steps were not enough (Newton decrement %.2g)", iterations_max,
                      search->decrement);
    return false;
}
