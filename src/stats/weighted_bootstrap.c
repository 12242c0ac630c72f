/* The weighted difference as a bootstrap statistic: see racemate/stats/weighting.h.
 *
 * Built for many replicates on few patients: one orthonormal basis of the whole data serves every
 * replicate, patients drawn no times are left out of the arrays, and Newton starts at the estimate of
 * the whole data, so that four steps do. */
#include "stats/logistic.h"
#include "stats/separation.h"
#include "stats/weights.h"

#include <math.h>
#include <string.h>

static const double finished =
    1e-12; /* decrement; one more step follows, so the error is of this size squared */
static const int steps_most = 100;
static const double weight_least = 1e-9; /* of an arm: below it the arms separate and the mean is 0/0 */

struct rac_weighting_bootstrap {
    const rac_weighting_data *data;
    const double *y;
    rac_estimand estimand;
    rac_basis basis;
    double *start, *gamma;
    rac_newton newton;
    double *q, *arm, *counts; /* of the patients drawn at least once */
    size_t *row;
    size_t separated;
};

rac_status rac_weighting_bootstrap_new(rac_arena *arena, const rac_weighting_data *data, const double *y,
                                       rac_estimand estimand, rac_weighting_bootstrap **bootstrap,
                                       rac_error *err)
{
    const size_t n = data->rows;
    rac_weighting_bootstrap *const b = rac_new(arena, rac_weighting_bootstrap);
    b->data = data;
    b->y = y;
    b->estimand = estimand;
    b->arm = rac_many(arena, double, n);
    b->counts = rac_many(arena, double, n);
    b->row = rac_many(arena, size_t, n);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(y[i]))
            return rac_fail(err, RAC_INVALID, "row %zu: the outcome is missing or not finite", i + 1);
        b->arm[i] = data->treated[i];
    }
    const rac_regression_data model = {
        .rows = n, .columns = data->columns, .x = data->x, .y = b->arm, .names = data->names};
    const rac_status status = rac_basis_make(arena, &model, false, true, &b->basis, err);
    if (status != RAC_OK)
        return status;
    b->q = rac_many(arena, double, n * b->basis.rank);
    b->start = rac_many(arena, double, b->basis.rank);
    b->gamma = rac_many(arena, double, b->basis.rank);
    b->newton = rac_newton_new(arena, n, b->basis.rank);
    b->newton.columns = b->basis.rank;
    b->newton.stop = finished;
    b->newton.steps_most = steps_most;
    rac_newton start = rac_logistic_newton(arena, &model, &b->basis);
    rac_newton_run(&start, b->start);
    if (!start.converged || start.flattened) /* separated: a far start would only mislead */
        memset(b->start, 0, b->basis.rank * sizeof *b->start);
    *bootstrap = b;
    return RAC_OK;
}

size_t rac_weighting_bootstrap_separated(const rac_weighting_bootstrap *bootstrap)
{
    return bootstrap->separated;
}

/* Gathers the drawn patients; false when an arm is empty. */
static bool gather(rac_weighting_bootstrap *b, const double *counts)
{
    size_t m = 0, treated = 0;
    for (size_t i = 0; i < b->data->rows; i++)
        if (counts[i] > 0) {
            treated += b->data->treated[i];
            b->row[m++] = i;
        }
    if (treated == 0 || treated == m)
        return false;
    for (size_t k = 0; k < b->basis.rank; k++) {
        const double *const from = b->basis.q + k * b->data->rows;
        double *const to = b->q + k * m;
        for (size_t i = 0; i < m; i++)
            to[i] = from[b->row[i]];
    }
    for (size_t i = 0; i < m; i++) {
        b->arm[i] = b->data->treated[b->row[i]];
        b->counts[i] = counts[b->row[i]];
    }
    b->newton.rows = m;
    b->newton.q = b->q;
    b->newton.y = b->arm;
    b->newton.weight = b->counts;
    return true;
}

bool rac_weighting_bootstrap_statistic(void *context, const double *counts, double *value)
{
    rac_weighting_bootstrap *const b = context;
    if (!gather(b, counts))
        return false;
    memcpy(b->gamma, b->start, b->basis.rank * sizeof *b->gamma);
    rac_newton_run(&b->newton, b->gamma);
    if (!b->newton.converged || b->newton.flattened || b->newton.ratio > rac_newton_linear_rate) {
        const rac_separation separation = rac_separation_of(&b->newton);
        b->separated += separation == RAC_SEPARATION_QUASI;
        if (separation == RAC_SEPARATION_COMPLETE ||
            (separation == RAC_SEPARATION_NONE && !b->newton.converged))
            return false;
    }
    double weight[2] = {0}, sum[2] = {0};
    for (size_t i = 0; i < b->newton.rows; i++) {
        const bool treated = b->arm[i] > 0.5;
        const double w = b->counts[i] * rac_weight_at(b->estimand, treated, b->newton.fitted[i]);
        weight[treated] += w;
        sum[treated] += w * b->y[b->row[i]];
    }
    if (!(weight[0] > weight_least && weight[1] > weight_least && isfinite(weight[0]) && isfinite(weight[1])))
        return false;
    *value = sum[1] / weight[1] - sum[0] / weight[0];
    return true;
}
