/* Conditional-mean imputation and the old ways: see racemate/stats/missing.h. */
#include "stats/conditional.h"

#include <math.h>

static const struct {
    const char *name, *sentence;
} strategies[] = {
    [RAC_STRATEGY_MAR] =
        {"MAR", "patients who left are taken to go on like patients of their own arm with the same scores"},
    [RAC_STRATEGY_J2R] = {"J2R", "patients who left are taken to jump to the mean of the reference arm"},
    [RAC_STRATEGY_CIR] = {"CIR",
                          "patients who left are taken to change from then on as the reference arm changes"},
    [RAC_STRATEGY_CR] = {"CR", "patients who left are taken to have been like the reference arm all along"},
};

const char *rac_strategy_name(rac_strategy strategy)
{
    return strategies[strategy].name;
}

const char *rac_strategy_sentence(rac_strategy strategy)
{
    return strategies[strategy].sentence;
}

size_t rac_first_gone(const double *scores, size_t visits)
{
    while (visits > 0 && isnan(scores[visits - 1]))
        visits--;
    return visits;
}

static rac_status check_model(const rac_impute_model *model, rac_error *err)
{
    if (!model->patients || !model->visits)
        return rac_fail(err, RAC_INVALID, "nothing to impute: %zu patients, %zu visits", model->patients,
                        model->visits);
    for (size_t k = 0; k < model->patients * model->visits; k++)
        if (!isfinite(model->own_mean[k]) || !isfinite(model->reference_mean[k]) || isinf(model->y[k]))
            return rac_fail(err, RAC_INVALID, "patient %zu, visit %zu: a score or mean is not finite",
                            k / model->visits + 1, k % model->visits + 1);
    return RAC_OK;
}

rac_status rac_impute_mean(rac_arena *arena, const rac_impute_model *model, rac_strategy strategy,
                           double **filled, rac_error *err)
{
    const rac_status status = check_model(model, err);
    if (status != RAC_OK)
        return status;
    const size_t m = model->visits;
    rac_conditional work = rac_conditional_new(arena, m);
    double *const out = rac_many(arena, double, model->patients *m);
    const double *const reference = model->reference_sigma ? model->reference_sigma : model->sigma;
    for (size_t i = 0; i < model->patients; i++) {
        const bool uses_reference = model->reference_sigma && model->in_reference && model->in_reference[i];
        rac_conditional_prepare(&work, model->y + i * m, model->own_mean + i * m,
                                model->reference_mean + i * m, uses_reference ? reference : model->sigma,
                                reference, strategy);
        if (!rac_conditional_fill(&work, model->y + i * m, NULL, out + i * m))
            return rac_fail(err, RAC_INVALID,
                            "the covariance of the visits is not positive definite (patient %zu)", i + 1);
    }
    *filled = out;
    return RAC_OK;
}

const char *rac_legacy_label(rac_legacy legacy)
{
    static const char *const labels[] = {
        [RAC_LEGACY_LAST_CARRIED] = "legacy: last observation carried forward",
        [RAC_LEGACY_BASELINE_CARRIED] = "legacy: baseline observation carried forward",
        [RAC_LEGACY_COMPLETERS] = "legacy: completers only",
    };
    return labels[legacy];
}

void rac_legacy_fill(rac_legacy legacy, size_t patients, size_t visits, const double *y,
                     const double *baseline, double *final)
{
    for (size_t i = 0; i < patients; i++) {
        const double *const scores = y + i * visits;
        const size_t first = rac_first_gone(scores, visits);
        if (first == visits)
            final[i] = scores[visits - 1];
        else if (legacy == RAC_LEGACY_LAST_CARRIED)
            final[i] = first > 0 ? scores[first - 1] : NAN;
        else if (legacy == RAC_LEGACY_BASELINE_CARRIED)
            final[i] = baseline ? baseline[i] : 0;
        else
            final[i] = NAN;
    }
}
