/* Weighted least squares: see racemate/stats/regression.h. */
#include "racemate/stats/distributions.h"
#include "stats/basis.h"

#include <math.h>

rac_term rac_term_of(double estimate, double variance, double df, double level)
{
    const double se = sqrt(variance);
    const double statistic = se > 0 || estimate != 0 ? estimate / se : 0;
    const double reach = rac_t_critical(level, df) * se;
    return (rac_term){.estimate = estimate,
                      .se = se,
                      .statistic = statistic,
                      .df = df,
                      .p_value = rac_t_two_sided(statistic, df),
                      .lower = estimate - reach,
                      .upper = estimate + reach};
}

/* With z = sqrt(w) y: fitted z = Q Q'z, coefficients R^-1 Q'z, (X'WX)^-1 = R^-1 R^-T, hat = rows of Q
 * squared. */
rac_status rac_linear_fit(rac_arena *arena, const rac_regression_data *data,
                          const rac_regression_options *options, rac_linear *fit, rac_error *err)
{
    rac_basis basis;
    const bool drop = options && options->drop_collinear;
    const rac_status status = rac_basis_make(arena, data, true, drop, &basis, err);
    if (status != RAC_OK)
        return status;
    const size_t n = data->rows, p = data->columns, r = basis.rank;
    *fit = (rac_linear){.rows = n,
                        .columns = p,
                        .rank = r,
                        .dropped = basis.dropped,
                        .coefficient = rac_many(arena, double, p),
                        .fitted = rac_many(arena, double, n),
                        .leverage = rac_many(arena, double, n),
                        .covariance = rac_many(arena, double, p *p)};
    double *const gamma = rac_many(arena, double, r);
    for (size_t i = 0; i < n; i++) {
        const double w = data->weight ? data->weight[i] : 1;
        fit->used += w > 0;
        for (size_t k = 0; k < r; k++) {
            const double q = basis.q[k * n + i];
            gamma[k] += q * sqrt(w) * data->y[i];
            fit->leverage[i] += q * q;
        }
    }
    if (fit->used <= r)
        return rac_fail(err, RAC_INVALID,
                        "%zu rows are too few for %zu columns: no degree of freedom is left", fit->used, r);
    rac_basis_coefficients(&basis, gamma, fit->coefficient);
    for (size_t i = 0; i < n; i++) {
        const double w = data->weight ? data->weight[i] : 1;
        for (size_t j = 0; j < p; j++)
            fit->fitted[i] += data->x[i * p + j] * fit->coefficient[j];
        fit->residual_squares += w * (data->y[i] - fit->fitted[i]) * (data->y[i] - fit->fitted[i]);
    }
    fit->df = (double)(fit->used - r);
    fit->sigma = sqrt(fit->residual_squares / fit->df);
    double *const identity = rac_many(arena, double, r *r);
    for (size_t k = 0; k < r; k++)
        identity[k * r + k] = 1;
    fit->unscaled = rac_basis_covariance(arena, &basis, identity);
    for (size_t k = 0; k < p * p; k++)
        fit->covariance[k] = fit->unscaled[k] * fit->sigma * fit->sigma;
    return RAC_OK;
}
