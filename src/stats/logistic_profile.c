/* Profile-likelihood limits of a logistic coefficient: see racemate/stats/regression.h.
 *
 * The limits solve 2 (l_max - l(b)) = z^2, l(b) the likelihood maximised over the other columns with
 * b times this one as an offset (Venzon & Moolgavkar 1988, doi:10.2307/2347496). */
#include "racemate/stats/distributions.h"
#include "stats/logistic.h"

#include <math.h>
#include <string.h>

static const int doublings_most = 40; /* 1e12 standard errors away counts as infinite */
static const int halvings_most = 80;

typedef struct profile_run {
    rac_newton newton; /* over the other columns */
    const rac_regression_data *data;
    size_t column;
    double *offset, *gamma;
    double likelihood_most;
} profile_run;

/* 2 (l_max - l(b)), l(b) maximised from the last maximiser. */
static double drop_at(profile_run *run, double b)
{
    const rac_regression_data *const data = run->data;
    for (size_t i = 0; i < data->rows; i++)
        run->offset[i] = b * data->x[i * data->columns + run->column];
    if (run->newton.columns)
        rac_newton_run(&run->newton, run->gamma);
    else
        rac_newton_predict(&run->newton, run->gamma);
    return 2 * (run->likelihood_most - rac_newton_likelihood(&run->newton));
}

static double limit_of(profile_run *run, double centre, double se, double target, double direction)
{
    double inner = 0, outer = sqrt(target), at; /* in standard errors from the centre */
    for (int doubling = 0; (at = drop_at(run, centre + direction * outer * se)) < target; doubling++) {
        if (doubling == doublings_most)
            return direction * INFINITY;
        inner = outer;
        outer *= 2;
    }
    for (int halving = 0; halving < halvings_most && outer - inner > 1e-12 * outer; halving++) {
        const double middle = (inner + outer) / 2;
        if (drop_at(run, centre + direction * middle * se) < target)
            inner = middle;
        else
            outer = middle;
    }
    return centre + direction * (inner + outer) / 2 * se;
}

/* The data without one column and without those the fit dropped. */
static rac_regression_data others(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                                  size_t column)
{
    rac_regression_data rest = *data;
    rest.names = NULL;
    rest.columns = fit->rank - 1;
    double *const x = rac_many(arena, double, data->rows *rest.columns);
    for (size_t i = 0; i < data->rows; i++)
        for (size_t j = 0, to = 0; j < data->columns; j++)
            if (j != column && !fit->dropped[j])
                x[i * rest.columns + to++] = data->x[i * data->columns + j];
    rest.x = x;
    return rest;
}

rac_status rac_logistic_profile(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                                size_t column, double level, double *lower, double *upper, rac_error *err)
{
    if (column >= data->columns || fit->dropped[column])
        return rac_fail(err, RAC_INVALID, "%s has no coefficient to profile",
                        column < data->columns ? rac_regression_name(arena, data, column) : "that column");
    if (!(level > 0 && level < 1))
        return rac_fail(err, RAC_INVALID, "confidence level %g must lie between 0 and 1", level);
    if (fit->firth)
        return rac_fail(err, RAC_UNSUPPORTED,
                        "profile limits are for maximum likelihood, this is a Firth fit");
    const rac_regression_data rest = others(arena, data, fit, column);
    rac_basis basis = {.rows = data->rows};
    if (rest.columns) {
        const rac_status status = rac_basis_make(arena, &rest, false, false, &basis, err);
        if (status != RAC_OK)
            return status;
    }
    profile_run run = {.newton = rac_logistic_newton(arena, data, &basis),
                       .data = data,
                       .column = column,
                       .offset = rac_many(arena, double, data->rows),
                       .gamma = rac_many(arena, double, basis.rank),
                       .likelihood_most = fit->log_likelihood};
    run.newton.offset = run.offset;
    const double se = sqrt(fit->covariance[column * data->columns + column]);
    const double target = rac_chi_square_quantile(level, 1);
    *lower = limit_of(&run, fit->coefficient[column], se, target, -1);
    memset(run.gamma, 0, basis.rank * sizeof *run.gamma);
    *upper = limit_of(&run, fit->coefficient[column], se, target, 1);
    return RAC_OK;
}
