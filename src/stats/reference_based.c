/* Conditional-mean imputation from start to end: see racemate/stats/missing.h. */
#include "racemate/stats/missing.h"

#include <math.h>
#include <string.h>

enum { STRATEGIES = 4 };

static rac_status check_arms(const rac_reference_based_data *data, rac_error *err)
{
    if (data->model->arms != 2)
        return rac_fail(err, RAC_UNSUPPORTED,
                        "reference-based imputation compares two arms, the model has %zu", data->model->arms);
    if (data->treated > 1 || data->reference > 1 || data->treated == data->reference)
        return rac_fail(err, RAC_INVALID, "treated arm %zu and reference arm %zu of two arms",
                        data->treated + 1, data->reference + 1);
    return RAC_OK;
}

/* Own means are X beta; the reference's differ by the arm's coefficients alone, as no covariate interacts
 * with arm. */
static rac_status means_of(rac_arena *arena, const rac_reference_based_data *data,
                           const rac_mixed_design *design, const rac_mixed_fit *fit, rac_impute_model *model,
                           rac_error *err)
{
    const size_t n = design->patients, m = design->visits, p = design->columns, f = design->factors;
    double *const own = rac_many(arena, double, n *m), *const reference = rac_many(arena, double, n *m);
    double *const row = rac_many(arena, double, p), *const there = rac_many(arena, double, p);
    for (size_t j = 0; j < m; j++) {
        rac_status status =
            rac_mixed_mean_row(data->model, RAC_MIXED_MEANS_EQUAL, data->treated, j, row, err);
        if (status == RAC_OK)
            status = rac_mixed_mean_row(data->model, RAC_MIXED_MEANS_EQUAL, data->reference, j, there, err);
        if (status != RAC_OK)
            return status;
        double shift = 0; /* from the treated arm to the reference */
        for (size_t c = 0; c < p; c++)
            shift += (there[c] - row[c]) * fit->beta[c];
        for (size_t i = 0; i < n; i++) {
            double mean = 0;
            for (size_t c = 0; c < p; c++)
                for (size_t s = 0; s < f; s++)
                    mean += design->map[(j * p + c) * f + s] * design->factor[i * f + s] * fit->beta[c];
            own[i * m + j] = mean;
            reference[i * m + j] = mean + ((size_t)data->model->arm[i] == data->treated ? shift : 0);
        }
    }
    model->own_mean = own;
    model->reference_mean = reference;
    return RAC_OK;
}

static void covariances_of(rac_arena *arena, const rac_reference_based_data *data, const rac_mixed_fit *fit,
                           rac_impute_model *model)
{
    const size_t square = model->visits * model->visits;
    model->sigma = fit->sigma;
    if (fit->groups < 2)
        return;
    bool *const in_reference = rac_many(arena, bool, model->patients);
    for (size_t i = 0; i < model->patients; i++)
        in_reference[i] = (size_t)data->model->arm[i] == data->reference;
    model->sigma = fit->sigma + data->treated * square;
    model->reference_sigma = fit->sigma + data->reference * square;
    model->in_reference = in_reference;
}

/* The model's covariates as columns of the ANCOVA, factors as indicators of all levels but the first. */
static double *ancova_columns(rac_arena *arena, const rac_mixed_usual *model, size_t *columns)
{
    *columns = 0;
    for (size_t c = 0; c < model->covariates; c++)
        *columns += model->covariate[c].levels ? model->covariate[c].levels - 1 : 1;
    double *const x = rac_many(arena, double, model->patients **columns);
    for (size_t i = 0; i < model->patients; i++)
        for (size_t c = 0, to = 0; c < model->covariates; c++) {
            const rac_mixed_covariate *const covariate = &model->covariate[c];
            if (!covariate->levels)
                x[i * *columns + to++] = covariate->value[i];
            for (size_t level = 1; level < covariate->levels; level++)
                x[i * *columns + to++] = covariate->value[i] == (double)level;
        }
    return x;
}

static rac_status analyse(rac_arena *arena, const rac_reference_based_data *data, const double *filled,
                          rac_ancova *ancova, rac_error *err)
{
    const rac_mixed_usual *const model = data->model;
    double *const y = rac_many(arena, double, model->patients);
    bool *const treated = rac_many(arena, bool, model->patients);
    for (size_t i = 0; i < model->patients; i++) {
        y[i] = filled[(i + 1) * model->visits - 1];
        treated[i] = (size_t)model->arm[i] == data->treated;
    }
    size_t columns;
    const double *const x = ancova_columns(arena, model, &columns);
    const rac_ancova_data last = {.patients = model->patients,
                                  .y = y,
                                  .treated = treated,
                                  .covariates = columns,
                                  .covariate = x,
                                  .level = data->level};
    return rac_ancova_of(arena, &last, ancova, err);
}

/* Fit, fill and analyse once. */
static rac_status run_once(rac_arena *arena, const rac_reference_based_data *data,
                           const rac_mixed_options *options, rac_reference_based *result,
                           rac_covariance *covariance, rac_error *err)
{
    rac_mixed_design design;
    rac_mixed_fit fit;
    rac_status status = rac_mixed_design_usual(arena, data->model, &design, err);
    if (status == RAC_OK)
        status = rac_mixed_fit_design(arena, &design, options, &fit, err);
    if (status != RAC_OK)
        return status;
    *covariance = fit.covariance;
    rac_impute_model model = {
        .patients = design.patients, .visits = design.visits, .y = data->model->outcome};
    covariances_of(arena, data, &fit, &model);
    status = means_of(arena, data, &design, &fit, &model, err);
    for (int s = 0; s < STRATEGIES && status == RAC_OK; s++) {
        status = rac_impute_mean(arena, &model, (rac_strategy)s, &result->filled[s], err);
        if (status == RAC_OK)
            status = analyse(arena, data, result->filled[s], &result->ancova[s], err);
    }
    return status;
}

/* The model without one patient; arrays are copied, names borrowed. */
static rac_mixed_usual without(rac_arena *arena, const rac_mixed_usual *model, size_t patient)
{
    rac_mixed_usual rest = *model;
    const size_t n = model->patients, m = model->visits, after = n - patient - 1;
    double *const outcome = rac_many(arena, double, n *m), *const time = rac_many(arena, double, n *m);
    int32_t *const arm = rac_many(arena, int32_t, n);
    rac_mixed_covariate *const covariate = rac_many(arena, rac_mixed_covariate, model->covariates);
    rest.patients = n - 1;
    memcpy(outcome, model->outcome, patient * m * sizeof *outcome);
    memcpy(outcome + patient * m, model->outcome + (patient + 1) * m, after * m * sizeof *outcome);
    memcpy(arm, model->arm, patient * sizeof *arm);
    memcpy(arm + patient, model->arm + patient + 1, after * sizeof *arm);
    if (model->time) {
        memcpy(time, model->time, patient * m * sizeof *time);
        memcpy(time + patient * m, model->time + (patient + 1) * m, after * m * sizeof *time);
        rest.time = time;
    }
    for (size_t c = 0; c < model->covariates; c++) {
        double *const value = rac_many(arena, double, n);
        memcpy(value, model->covariate[c].value, patient * sizeof *value);
        memcpy(value + patient, model->covariate[c].value + patient + 1, after * sizeof *value);
        covariate[c] = model->covariate[c];
        covariate[c].value = value;
    }
    rest.outcome = outcome;
    rest.arm = arm;
    rest.covariate = covariate;
    return rest;
}

/* The four estimates without one patient, in an arena of its own: there are as many fits as patients. */
static rac_status leave_out(const rac_reference_based_data *data, const rac_mixed_options *options,
                            size_t patient, double *estimates, rac_error *err)
{
    rac_arena *const arena = rac_arena_new();
    const rac_mixed_usual rest = without(arena, data->model, patient);
    rac_reference_based_data others = *data;
    others.model = &rest;
    rac_reference_based result;
    rac_covariance covariance;
    rac_status status = run_once(arena, &others, options, &result, &covariance, err);
    for (int s = 0; s < STRATEGIES && status == RAC_OK; s++)
        estimates[s] = result.ancova[s].effect.estimate;
    rac_arena_free(arena);
    if (status == RAC_OK)
        return status;
    const rac_error why = err ? *err : (rac_error){0};
    status = rac_fail(err, RAC_NOT_CONVERGED, "the jackknife failed without patient %zu", patient + 1);
    rac_error_detail(err, "%s", why.message);
    return status;
}

static rac_status jackknife(rac_arena *arena, const rac_reference_based_data *data, rac_covariance covariance,
                            rac_reference_based *result, rac_error *err)
{
    const size_t n = data->model->patients;
    const rac_mixed_options options = {.covariance = covariance, .no_fallback = true};
    double *const estimate = rac_many(arena, double, n *STRATEGIES);
    for (size_t i = 0; i < n; i++) {
        const rac_status status = leave_out(data, &options, i, estimate + i * STRATEGIES, err);
        if (status != RAC_OK)
            return status;
    }
    for (int s = 0; s < STRATEGIES; s++) {
        double mean = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            mean += estimate[i * STRATEGIES + s] / (double)n;
        for (size_t i = 0; i < n; i++)
            squares += (estimate[i * STRATEGIES + s] - mean) * (estimate[i * STRATEGIES + s] - mean);
        const double variance = (double)(n - 1) / (double)n * squares;
        result->effect[s] = rac_term_of(result->ancova[s].effect.estimate, variance, INFINITY,
                                        data->level != 0 ? data->level : 0.95);
    }
    result->jackknife = true;
    return RAC_OK;
}

rac_status rac_reference_based_run(rac_arena *arena, const rac_reference_based_data *data,
                                   rac_reference_based *result, rac_error *err)
{
    rac_covariance covariance;
    *result = (rac_reference_based){0};
    rac_status status = check_arms(data, err);
    if (status == RAC_OK)
        status = run_once(arena, data, &(rac_mixed_options){0}, result, &covariance, err);
    if (status == RAC_OK && data->jackknife)
        status = jackknife(arena, data, covariance, result, err);
    return status;
}
