/* Logistic regression: see racemate/stats/regression.h. */
#include "stats/logistic.h"
#include "stats/separation.h"

#include <math.h>
#include <string.h>

static const double finished = 1e-20; /* decrement: 1e-10 standard errors from the optimum */
static const int steps_most = 200;

static rac_status check_outcome(const rac_regression_data *data, rac_error *err)
{
    double ones = 0, zeros = 0;
    for (size_t i = 0; i < data->rows; i++) {
        const double y = data->y[i], w = data->weight ? data->weight[i] : 1;
        if (y != 0 && y != 1)
            return rac_fail(err, RAC_INVALID, "row %zu has outcome %g, logistic regression needs 0 or 1",
                            i + 1, y);
        ones += y == 1 && w > 0;
        zeros += y == 0 && w > 0;
    }
    if (ones > 0 && zeros > 0)
        return RAC_OK;
    return rac_fail(err, RAC_INVALID, "the outcome is %d in every row: there is nothing to model", ones > 0);
}

static rac_status refuse_separated(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                                   rac_error *err)
{
    const rac_status status =
        rac_fail(err, RAC_NOT_CONVERGED, "%s separates the outcomes %s: its coefficient is infinite",
                 rac_regression_name(arena, data, fit->separation_column),
                 fit->separation == RAC_SEPARATION_COMPLETE ? "completely" : "in part of the rows");
    rac_error_hint(err, "use Firth's penalised likelihood, join rare categories, or leave the column out");
    return status;
}

/* Covariance, leverages and the likelihood figures at the optimum. */
static void describe(rac_arena *arena, const rac_regression_data *data, const rac_basis *basis,
                     const rac_newton *newton, rac_logistic *fit)
{
    const size_t n = data->rows, r = basis->rank;
    double *const inverse = rac_many(arena, double, r *r);
    rac_cholesky_inverse(newton->factor, r, inverse);
    fit->covariance = rac_basis_covariance(arena, basis, inverse);
    double weight_sum = 0, weight_ones = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = data->weight ? data->weight[i] : 1;
        fit->used += w > 0;
        weight_sum += w;
        weight_ones += w * data->y[i];
        double h = 0;
        for (size_t j = 0; j < r; j++)
            for (size_t k = 0; k < r; k++)
                h += basis->q[j * n + i] * inverse[j * r + k] * basis->q[k * n + i];
        fit->leverage[i] = h * newton->variance[i];
    }
    memcpy(fit->fitted, newton->fitted, n * sizeof *fit->fitted);
    fit->log_likelihood = rac_newton_likelihood(newton);
    fit->deviance = -2 * fit->log_likelihood;
    const double share = weight_ones / weight_sum;
    fit->null_deviance = -2 * (weight_ones * log(share) + (weight_sum - weight_ones) * log1p(-share));
    fit->aic = fit->deviance + 2 * (double)r;
    fit->steps = newton->steps;
    fit->decrement = newton->decrement;
}

rac_newton rac_logistic_newton(rac_arena *arena, const rac_regression_data *data, const rac_basis *basis)
{
    rac_newton newton = rac_newton_new(arena, data->rows, basis->rank);
    newton.rows = data->rows;
    newton.columns = basis->rank;
    newton.q = basis->q;
    newton.y = data->y;
    newton.weight = data->weight;
    newton.stop = finished;
    newton.steps_most = steps_most;
    return newton;
}

rac_status rac_logistic_fit(rac_arena *arena, const rac_regression_data *data,
                            const rac_regression_options *options, rac_logistic *fit, rac_error *err)
{
    const rac_regression_options chosen = options ? *options : (rac_regression_options){0};
    rac_basis basis;
    rac_status status = rac_basis_make(arena, data, false, chosen.drop_collinear, &basis, err);
    if (status == RAC_OK)
        status = check_outcome(data, err);
    if (status != RAC_OK)
        return status;
    *fit = (rac_logistic){.rows = data->rows,
                          .columns = data->columns,
                          .rank = basis.rank,
                          .firth = chosen.firth,
                          .dropped = basis.dropped,
                          .coefficient = rac_many(arena, double, data->columns),
                          .fitted = rac_many(arena, double, data->rows),
                          .leverage = rac_many(arena, double, data->rows)};
    rac_newton newton = rac_logistic_newton(arena, data, &basis);
    double *const gamma = rac_many(arena, double, basis.rank);
    rac_newton_run(&newton, gamma);
    if (!newton.converged || newton.flattened || newton.ratio > rac_newton_linear_rate)
        fit->separation = rac_separation_of(&newton);
    if (fit->separation != RAC_SEPARATION_NONE) {
        fit->separation_column = rac_separation_column(arena, data, &basis, &newton);
        if (!chosen.firth && !chosen.keep_separated)
            return refuse_separated(arena, data, fit, err);
    } else if (!newton.converged) {
        return rac_fail(err, RAC_NOT_CONVERGED, "logistic regression did not converge in %d steps",
                        newton.steps);
    }
    if (chosen.firth) {
        status = rac_logistic_firth(&newton, gamma, arena, err);
        if (status != RAC_OK)
            return status;
    }
    rac_basis_coefficients(&basis, gamma, fit->coefficient);
    describe(arena, data, &basis, &newton, fit);
    return RAC_OK;
}
