/* Multiple imputation by data augmentation: see racemate/stats/missing.h.
 *
 * In each arm's model, U = Q R (orthonormal Q), Gamma = Q'Y, S the residual products, n patients, r
 * columns: with prior |Sigma|^-(m+1)/2 the posterior given complete scores is
 *     Sigma ~ inverse Wishart(S, n - r),   Gamma* | Sigma ~ Gamma + Z L', L L' = Sigma
 * (Schafer 1997, 5.2), and B = R^-1 Gamma*.  One step of a chain draws (Sigma, B) given the completed
 * scores, then the missing scores given (Sigma, B). */
#include "stats/basis.h"
#include "stats/conditional.h"

#include <math.h>
#include <string.h>

static const size_t usual_burn_in = 200;

typedef struct arm_model {
    size_t patients;
    size_t *row;      /* patients: where they are in the data; only those with a score */
    rac_basis basis;  /* of their factors */
    double *complete; /* patients x visits: the completed scores */
    double *gamma;    /* rank x visits */
    double *b;        /* factors x visits */
    double *sigma;    /* visits x visits */
    double *products; /* visits x visits: S, then its factor */
    double *factor;   /* visits x visits: of Sigma */
    double *bartlett; /* visits x visits */
} arm_model;

/* Gamma(shape, 1), shape >= 1/2, by Marsaglia & Tsang 2000. */
static double draw_gamma(rac_random *draws, double shape)
{
    if (shape < 1)
        return draw_gamma(draws, shape + 1) * pow(rac_random_uniform(draws), 1 / shape);
    const double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) { /* accepts more than 95 % of proposals */
        const double z = rac_random_normal(draws), v = (1 + c * z) * (1 + c * z) * (1 + c * z);
        if (v > 0 && log(rac_random_uniform(draws)) < 0.5 * z * z + d - d * v + d * log(v))
            return d * v;
    }
}

static rac_status check_options(const rac_impute_data *data, const rac_impute_options *options,
                                rac_error *err)
{
    if (options->imputations < 2 || options->imputations > UINT32_MAX || data->patients >= UINT32_MAX)
        return rac_fail(err, RAC_INVALID,
                        "%zu imputations of %zu patients: at least 2 imputations, fewer than 2^32 of each",
                        options->imputations, data->patients);
    if (options->strategy != RAC_STRATEGY_MAR && !data->reference_factor)
        return rac_fail(err, RAC_INVALID, "%s needs each patient's factors in the reference arm",
                        rac_strategy_name(options->strategy));
    if (data->arms < 1 || (data->arms > 1 && data->reference_arm >= data->arms))
        return rac_fail(err, RAC_INVALID, "reference arm %zu of %zu arms", data->reference_arm + 1,
                        data->arms);
    for (size_t i = 0; i < data->patients; i++) {
        if (data->arms > 1 && data->arm[i] >= data->arms)
            return rac_fail(err, RAC_INVALID, "patient %zu is in arm %zu of %zu", i + 1, data->arm[i] + 1,
                            data->arms);
        for (size_t j = 0; j < data->factors; j++)
            if (!isfinite(data->factor[i * data->factors + j]) ||
                (data->reference_factor && !isfinite(data->reference_factor[i * data->factors + j])))
                return rac_fail(err, RAC_INVALID, "patient %zu: factor %zu is missing or not finite", i + 1,
                                j + 1);
        for (size_t j = 0; j < data->visits; j++)
            if (isinf(data->y[i * data->visits + j]))
                return rac_fail(err, RAC_INVALID, "patient %zu, visit %zu: the score is infinite", i + 1,
                                j + 1);
    }
    return RAC_OK;
}

static size_t arm_of(const rac_impute_data *data, size_t patient)
{
    return data->arms > 1 ? data->arm[patient] : 0;
}

static const char *arm_name(rac_arena *arena, const rac_impute_data *data, size_t arm)
{
    return data->arms > 1 ? rac_format(arena, "arm %zu: ", arm + 1) : "";
}

/* Fills gaps with the visit's mean, where every chain starts. */
static rac_status start_scores(rac_arena *arena, const rac_impute_data *data, size_t arm, arm_model *model,
                               rac_error *err)
{
    const size_t m = data->visits;
    for (size_t j = 0; j < m; j++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < model->patients; i++) {
            const double y = data->y[model->row[i] * m + j];
            if (!isnan(y)) {
                sum += y;
                count++;
            }
        }
        if (!(count > 0))
            return rac_fail(err, RAC_INVALID, "%snobody has a score at visit %zu: nothing to impute it from",
                            arm_name(arena, data, arm), j + 1);
        for (size_t i = 0; i < model->patients; i++) {
            const double y = data->y[model->row[i] * m + j];
            model->complete[i * m + j] = isnan(y) ? sum / count : y;
        }
    }
    return RAC_OK;
}

static rac_status open_arm(rac_arena *arena, const rac_impute_data *data, size_t arm, arm_model *model,
                           rac_error *err)
{
    const size_t m = data->visits, f = data->factors;
    *model = (arm_model){.row = rac_many(arena, size_t, data->patients)};
    for (size_t i = 0; i < data->patients; i++)
        if (arm_of(data, i) == arm && rac_first_gone(data->y + i * m, m) > 0)
            model->row[model->patients++] = i;
    double *const u = rac_many(arena, double, model->patients *f);
    for (size_t i = 0; i < model->patients; i++)
        memcpy(u + i * f, data->factor + model->row[i] * f, f * sizeof *u);
    const rac_regression_data design = {.rows = model->patients, .columns = f, .x = u};
    if (!model->patients)
        return rac_fail(err, RAC_INVALID, "%snobody has a score", arm_name(arena, data, arm));
    rac_status status = rac_basis_make(arena, &design, false, true, &model->basis, err);
    if (status != RAC_OK)
        return status;
    if (model->patients < model->basis.rank + m)
        return rac_fail(err, RAC_INVALID,
                        "%s%zu patients with a score are too few for %zu visits and %zu factors",
                        arm_name(arena, data, arm), model->patients, m, model->basis.rank);
    model->complete = rac_many(arena, double, model->patients *m);
    model->gamma = rac_many(arena, double, model->basis.rank *m);
    model->b = rac_many(arena, double, f *m);
    model->sigma = rac_many(arena, double, m *m);
    model->products = rac_many(arena, double, m *m);
    model->factor = rac_many(arena, double, m *m);
    model->bartlett = rac_many(arena, double, m *m);
    return start_scores(arena, data, arm, model, err);
}

/* Gamma = Q'Y and S = (Y - Q Gamma)'(Y - Q Gamma), lower triangle. */
static void regress(arm_model *model, size_t m, double *residual)
{
    const size_t n = model->patients, r = model->basis.rank;
    memset(model->gamma, 0, r * m * sizeof *model->gamma);
    memset(model->products, 0, m * m * sizeof *model->products);
    for (size_t k = 0; k < r; k++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m; j++)
                model->gamma[k * m + j] += model->basis.q[k * n + i] * model->complete[i * m + j];
    for (size_t i = 0; i < n; i++) {
        memcpy(residual, model->complete + i * m, m * sizeof *residual);
        for (size_t k = 0; k < r; k++)
            for (size_t j = 0; j < m; j++)
                residual[j] -= model->basis.q[k * n + i] * model->gamma[k * m + j];
        for (size_t j = 0; j < m; j++)
            for (size_t l = 0; l <= j; l++)
                model->products[j * m + l] += residual[j] * residual[l];
    }
}

/* Sigma = M M', M = L_S T^-T, T T' a Wishart(I, n - r) by Bartlett's decomposition. */
static void draw_sigma(arm_model *model, size_t m, rac_random *draws)
{
    double *const t = model->bartlett, *const l = model->products, *const half = model->factor;
    const double df = (double)(model->patients - model->basis.rank);
    for (size_t j = 0; j < m; j++) {
        for (size_t k = 0; k < j; k++)
            t[j * m + k] = rac_random_normal(draws);
        t[j * m + j] = sqrt(2 * draw_gamma(draws, (df - (double)j) / 2));
    }
    for (size_t i = 0; i < m; i++) /* rows of M solve M T' = L */
        for (size_t j = 0; j < m; j++) {
            double sum = j <= i ? l[i * m + j] : 0;
            for (size_t k = 0; k < j; k++)
                sum -= half[i * m + k] * t[j * m + k];
            half[i * m + j] = sum / t[j * m + j];
        }
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++) {
            model->sigma[i * m + j] = 0;
            for (size_t k = 0; k < m; k++)
                model->sigma[i * m + j] += half[i * m + k] * half[j * m + k];
        }
}

static void draw_coefficients(arm_model *model, size_t m, rac_random *draws, double *z, double *column)
{
    const size_t r = model->basis.rank, f = model->basis.columns;
    for (size_t k = 0; k < r; k++) {
        for (size_t j = 0; j < m; j++)
            z[j] = rac_random_normal(draws);
        for (size_t j = 0; j < m; j++)
            for (size_t l = 0; l <= j; l++)
                model->gamma[k * m + j] += model->factor[j * m + l] * z[l];
    }
    for (size_t j = 0; j < m; j++) {
        for (size_t k = 0; k < r; k++)
            column[k] = model->gamma[k * m + j];
        double *const coefficient = column + r;
        rac_basis_coefficients(&model->basis, column, coefficient);
        for (size_t c = 0; c < f; c++)
            model->b[c * m + j] = coefficient[c];
    }
}

static void mean_of(const rac_impute_data *data, const double *factor, const arm_model *model, double *mean)
{
    memset(mean, 0, data->visits * sizeof *mean);
    for (size_t c = 0; c < data->factors; c++)
        for (size_t j = 0; j < data->visits; j++)
            mean[j] += factor[c] * model->b[c * data->visits + j];
}

typedef struct augmentation {
    const rac_impute_data *data;
    arm_model *arms;
    rac_conditional work;
    double *own, *reference; /* visits */
    double *z, *column;      /* visits; rank + factors */
} augmentation;

/* (Sigma, B) given the completed scores; false when they do not vary. */
static bool draw_parameters(augmentation *chain, arm_model *model, rac_random *draws)
{
    const size_t m = chain->data->visits;
    regress(model, m, chain->z);
    if (!rac_cholesky(model->products, m, 1e-14, NULL))
        return false;
    draw_sigma(model, m, draws);
    memcpy(model->factor, model->sigma, m * m * sizeof *model->factor);
    if (!rac_cholesky(model->factor, m, 0, NULL))
        return false;
    draw_coefficients(model, m, draws, chain->z, chain->column);
    return true;
}

static bool draw_scores(augmentation *chain, arm_model *model, rac_random *draws)
{
    const rac_impute_data *const data = chain->data;
    const size_t m = data->visits;
    for (size_t i = 0; i < model->patients; i++) {
        const double *const y = data->y + model->row[i] * m;
        bool complete = true;
        for (size_t j = 0; j < m; j++)
            complete = complete && !isnan(y[j]);
        if (complete)
            continue;
        mean_of(data, data->factor + model->row[i] * data->factors, model, chain->own);
        rac_conditional_prepare(&chain->work, y, chain->own, chain->own, model->sigma, model->sigma,
                                RAC_STRATEGY_MAR);
        if (!rac_conditional_fill(&chain->work, y, draws, model->complete + i * m))
            return false;
    }
    return true;
}

/* The imputation itself; each patient has a stream of his own, so one more patient shifts nobody's draws. */
static bool impute_all(augmentation *chain, const rac_impute_options *options, size_t imputation,
                       double *filled)
{
    const rac_impute_data *const data = chain->data;
    const size_t m = data->visits, f = data->factors;
    for (size_t i = 0; i < data->patients; i++) {
        const arm_model *const own = &chain->arms[arm_of(data, i)];
        const arm_model *const reference = &chain->arms[data->arms > 1 ? data->reference_arm : 0];
        mean_of(data, data->factor + i * f, own, chain->own);
        if (data->reference_factor)
            mean_of(data, data->reference_factor + i * f, reference, chain->reference);
        rac_conditional_prepare(&chain->work, data->y + i * m, chain->own, chain->reference, own->sigma,
                                reference->sigma, options->strategy);
        rac_random draws =
            rac_random_open(options->seed, ((uint64_t)imputation << 32) + i + 1, RAC_RANDOM_IMPUTE);
        if (!rac_conditional_fill(&chain->work, data->y + i * m, &draws, filled + i * m))
            return false;
    }
    return true;
}

static bool run_chain(augmentation *chain, const rac_impute_options *options, size_t imputation,
                      double *filled)
{
    const size_t steps = options->burn_in ? options->burn_in : usual_burn_in;
    rac_random draws = rac_random_open(options->seed, (uint64_t)imputation << 32, RAC_RANDOM_IMPUTE);
    for (size_t step = 0; step < steps; step++)
        for (size_t arm = 0; arm < chain->data->arms; arm++)
            if (!draw_parameters(chain, &chain->arms[arm], &draws) ||
                !draw_scores(chain, &chain->arms[arm], &draws))
                return false;
    return impute_all(chain, options, imputation, filled);
}

rac_status rac_impute_draw(rac_arena *arena, const rac_impute_data *data, const rac_impute_options *options,
                           double **filled, rac_error *err)
{
    rac_status status = check_options(data, options, err);
    if (status != RAC_OK)
        return status;
    const size_t m = data->visits, size = data->patients * m;
    augmentation chain = {.data = data,
                          .arms = rac_many(arena, arm_model, data->arms),
                          .work = rac_conditional_new(arena, m),
                          .own = rac_many(arena, double, m),
                          .reference = rac_many(arena, double, m),
                          .z = rac_many(arena, double, m),
                          .column = rac_many(arena, double, 2 * data->factors)};
    double **const start = rac_many(arena, double *, data->arms);
    for (size_t arm = 0; arm < data->arms && status == RAC_OK; arm++) {
        status = open_arm(arena, data, arm, &chain.arms[arm], err);
        if (status == RAC_OK) {
            start[arm] = rac_many(arena, double, chain.arms[arm].patients *m);
            memcpy(start[arm], chain.arms[arm].complete, chain.arms[arm].patients * m * sizeof(double));
        }
    }
    if (status != RAC_OK)
        return status;
    double *const out = rac_arena_array(arena, options->imputations, size * sizeof *out);
    for (size_t k = 0; k < options->imputations; k++) {
        for (size_t arm = 0; arm < data->arms; arm++)
            memcpy(chain.arms[arm].complete, start[arm], chain.arms[arm].patients * m * sizeof(double));
        if (!run_chain(&chain, options, k, out + k * size))
            return rac_fail(err, RAC_INVALID,
                            "the scores do not vary enough to estimate a covariance between %zu visits", m);
    }
    *filled = out;
    return RAC_OK;
}
