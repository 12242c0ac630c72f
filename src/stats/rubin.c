/* Analysis of completed sets, pooling and tipping points: see racemate/stats/missing.h. */
#include "racemate/stats/missing.h"

#include <math.h>

/* Covariates less their means: the effect is the same, a covariate far from 0 keeps its digits, and one that
 * is the same in everybody becomes a column of zeros, which is left out. */
static void centre(double *x, size_t rows, size_t p)
{
    for (size_t j = 2; j < p; j++) {
        double mean = 0;
        for (size_t i = 0; i < rows; i++)
            mean += x[i * p + j] / (double)rows;
        for (size_t i = 0; i < rows; i++)
            x[i * p + j] -= mean;
        double size = 0;
        for (size_t i = 0; i < rows; i++)
            size = fmax(size, fabs(x[i * p + j]));
        for (size_t i = 0; i < rows && size <= 1e-14 * fabs(mean); i++)
            x[i * p + j] = 0;
    }
}

rac_status rac_ancova_of(rac_arena *arena, const rac_ancova_data *data, rac_ancova *ancova, rac_error *err)
{
    const size_t p = 2 + data->covariates;
    double *const x = rac_many(arena, double, data->patients *p), *const y =
                                                                      rac_many(arena, double, data->patients);
    size_t rows = 0, arm[2] = {0};
    for (size_t i = 0; i < data->patients; i++) {
        if (isnan(data->y[i]))
            continue;
        x[rows * p] = 1;
        x[rows * p + 1] = data->treated[i];
        for (size_t j = 0; j < data->covariates; j++)
            x[rows * p + 2 + j] = data->covariate[i * data->covariates + j];
        y[rows++] = data->y[i];
        arm[data->treated[i]]++;
    }
    if (!arm[0] || !arm[1])
        return rac_fail(err, RAC_INVALID, "nobody in the %s arm has a score", arm[0] ? "treated" : "control");
    centre(x, rows, p);
    const rac_regression_data regression = {.rows = rows, .columns = p, .x = x, .y = y};
    const rac_regression_options options = {.drop_collinear = true};
    rac_linear fit;
    const rac_status status = rac_linear_fit(arena, &regression, &options, &fit, err);
    if (status != RAC_OK)
        return status;
    ancova->used = rows;
    ancova->effect =
        rac_term_of(fit.coefficient[1], fit.covariance[p + 1], fit.df, data->level != 0 ? data->level : 0.95);
    return RAC_OK;
}

static rac_status check_sets(size_t sets, const double *estimate, const double *se, double df, double level,
                             rac_error *err)
{
    if (sets < 2)
        return rac_fail(err, RAC_INVALID, "pooling needs at least 2 imputed sets, given %zu", sets);
    if (!(df > 0))
        return rac_fail(err, RAC_INVALID, "complete-data degrees of freedom are %g, they must be positive",
                        df);
    if (!(level > 0 && level < 1))
        return rac_fail(err, RAC_INVALID, "confidence level %g must lie between 0 and 1", level);
    for (size_t k = 0; k < sets; k++)
        if (!isfinite(estimate[k]) || !(se[k] >= 0) || !isfinite(se[k]))
            return rac_fail(err, RAC_INVALID, "set %zu has estimate %g with standard error %g", k + 1,
                            estimate[k], se[k]);
    return RAC_OK;
}

rac_status rac_rubin_pool(size_t sets, const double *estimate, const double *se, double df_complete,
                          double level, rac_pooled *pooled, rac_error *err)
{
    const double confidence = level != 0 ? level : 0.95, m = (double)sets;
    const rac_status status = check_sets(sets, estimate, se, df_complete, confidence, err);
    if (status != RAC_OK)
        return status;
    double mean = 0;
    *pooled = (rac_pooled){.sets = sets};
    for (size_t k = 0; k < sets; k++) {
        mean += estimate[k] / m;
        pooled->within += se[k] * se[k] / m;
    }
    for (size_t k = 0; k < sets; k++)
        pooled->between += (estimate[k] - mean) * (estimate[k] - mean) / (m - 1);
    const double added = (1 + 1 / m) * pooled->between;
    pooled->total = pooled->within + added;
    pooled->lambda = pooled->total > 0 ? added / pooled->total : 0;
    pooled->relative_increase = added > 0 ? added / pooled->within : 0;
    pooled->df_rubin = pooled->lambda > 0 ? (m - 1) / (pooled->lambda * pooled->lambda) : INFINITY;
    const double df_seen = isinf(df_complete)
                               ? INFINITY
                               : (df_complete + 1) / (df_complete + 3) * df_complete * (1 - pooled->lambda);
    const double df = 1 / (1 / pooled->df_rubin + 1 / df_seen); /* 1/INFINITY is 0 */
    const double riv = pooled->relative_increase;
    pooled->missing_information = isinf(riv) ? 1 : (riv + 2 / (df + 3)) / (riv + 1);
    pooled->effect = rac_term_of(mean, pooled->total, df, confidence);
    return RAC_OK;
}

rac_status rac_tipping_at(rac_arena *arena, const rac_tipping *tipping, double delta_treated,
                          double delta_control, rac_pooled *pooled, rac_error *err)
{
    const size_t n = tipping->patients;
    if (!tipping->sets)
        return rac_fail(err, RAC_INVALID, "there is no imputed set to shift");
    double *const y = rac_many(arena, double, n), *const estimate = rac_many(arena, double, tipping->sets),
                  *const se = rac_many(arena, double, tipping->sets);
    rac_ancova ancova = {0};
    for (size_t k = 0; k < tipping->sets; k++) {
        for (size_t i = 0; i < n; i++) {
            const double delta = tipping->treated[i] ? delta_treated : delta_control;
            y[i] = tipping->y[k * n + i] + (tipping->imputed[i] ? delta : 0);
            if (!isfinite(y[i]))
                return rac_fail(err, RAC_INVALID, "set %zu, patient %zu: the score is missing or not finite",
                                k + 1, i + 1);
        }
        const rac_ancova_data data = {.patients = n,
                                      .y = y,
                                      .treated = tipping->treated,
                                      .level = tipping->level,
                                      .covariates = tipping->covariates,
                                      .covariate = tipping->covariate};
        const rac_status status = rac_ancova_of(arena, &data, &ancova, err);
        if (status != RAC_OK)
            return status;
        estimate[k] = ancova.effect.estimate;
        se[k] = ancova.effect.se;
    }
    if (tipping->sets >= 2)
        return rac_rubin_pool(tipping->sets, estimate, se, ancova.effect.df, tipping->level, pooled, err);
    const double variance = se[0] * se[0];
    *pooled = (rac_pooled){
        .sets = 1, .within = variance, .total = variance, .df_rubin = INFINITY, .effect = ancova.effect};
    return RAC_OK;
}

typedef struct search {
    const rac_tipping *tipping;
    double sign; /* of the delta that weakens the effect */
} search;

/* The p-value at a shift of size `by`, in an arena of its own, as a search asks many times. */
static rac_status p_at(const search *search_for, double by, double *p, rac_error *err)
{
    rac_arena *const arena = rac_arena_new();
    rac_pooled pooled;
    const rac_status status =
        rac_tipping_at(arena, search_for->tipping, search_for->sign * by, 0, &pooled, err);
    *p = pooled.effect.p_value;
    rac_arena_free(arena);
    return status;
}

static rac_status find_p(const search *search_for, double alpha, double furthest, rac_tipping_point *point,
                         rac_error *err)
{
    enum {
        STEPS = 64
    }; /* a coarse walk first: p rises to 1 and falls again on the other side of no effect */
    double low = 0, high = 0, p;
    rac_status status = p_at(search_for, 0, &p, err);
    if (status != RAC_OK || p >= alpha)
        return status;
    for (int step = 1; step <= STEPS && p < alpha; step++) {
        low = high;
        high = furthest * step / STEPS;
        status = p_at(search_for, high, &p, err);
        if (status != RAC_OK)
            return status;
    }
    if (p < alpha)
        return RAC_OK;
    while (high - low > 1e-10 * furthest) {
        const double middle = (low + high) / 2;
        status = p_at(search_for, middle, &p, err);
        if (status != RAC_OK)
            return status;
        *(p < alpha ? &low : &high) = middle;
    }
    point->p_tips = true;
    point->delta_p = search_for->sign * high;
    return RAC_OK;
}

rac_status rac_tipping_find(rac_arena *arena, const rac_tipping *tipping, double alpha, double furthest,
                            rac_tipping_point *point, rac_error *err)
{
    if (!(alpha > 0 && alpha < 1) || !(furthest > 0) || !isfinite(furthest))
        return rac_fail(err, RAC_INVALID, "alpha %g must lie between 0 and 1, the furthest shift %g above 0",
                        alpha, furthest);
    rac_pooled at_0, at_1;
    rac_status status = rac_tipping_at(arena, tipping, 0, 0, &at_0, err);
    if (status == RAC_OK)
        status = rac_tipping_at(arena, tipping, 1, 0, &at_1, err);
    if (status != RAC_OK)
        return status;
    size_t shifted = 0;
    for (size_t i = 0; i < tipping->patients; i++)
        shifted += tipping->imputed[i] && tipping->treated[i];
    *point =
        (rac_tipping_point){.estimate_at_0 = at_0.effect.estimate, .delta_estimate = NAN, .delta_p = NAN};
    if (!shifted)
        return RAC_OK;
    point->slope = at_1.effect.estimate - at_0.effect.estimate;
    point->estimate_tips = point->slope != 0;
    if (!point->estimate_tips)
        return RAC_OK;
    point->delta_estimate = -point->estimate_at_0 / point->slope;
    const search search_for = {tipping, point->delta_estimate < 0 ? -1 : 1};
    return tipping->sets >= 2 ? find_p(&search_for, alpha, furthest, point, err) : RAC_OK;
}
