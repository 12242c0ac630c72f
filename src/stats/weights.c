/* Propensity scores and weights: see racemate/stats/weighting.h. */
#include "stats/weights.h"

#include <math.h>
#include <stdlib.h>

static const struct {
    const char *name, *sentence;
} estimands[] = {
    [RAC_ESTIMAND_ATE] = {"ATE",
                          "the difference if everyone in the chart had been treated one way or the other"},
    [RAC_ESTIMAND_ATT] = {"ATT", "the difference for patients like those who were treated"},
    [RAC_ESTIMAND_ATC] = {"ATC", "the difference for patients like those who were not treated"},
    [RAC_ESTIMAND_ATO] = {"ATO", "the difference for patients who could have been treated either way"},
    [RAC_ESTIMAND_ATM] = {"ATM", "the difference for patients who would find a match in the other arm"},
};

const char *rac_estimand_name(rac_estimand estimand)
{
    return estimands[estimand].name;
}

const char *rac_estimand_sentence(rac_estimand estimand)
{
    return estimands[estimand].sentence;
}

double rac_weight_at(rac_estimand estimand, bool treated, double e)
{
    switch (estimand) {
    case RAC_ESTIMAND_ATE:
        return treated ? 1 / e : 1 / (1 - e);
    case RAC_ESTIMAND_ATT:
        return treated ? 1 : e / (1 - e);
    case RAC_ESTIMAND_ATC:
        return treated ? (1 - e) / e : 1;
    case RAC_ESTIMAND_ATO:
        return treated ? 1 - e : e;
    case RAC_ESTIMAND_ATM:
        break;
    }
    return fmin(e, 1 - e) / (treated ? e : 1 - e);
}

/* With d e / d logit e = e (1 - e). */
double rac_weight_slope(rac_estimand estimand, bool treated, double e)
{
    const double odds = e / (1 - e);
    switch (estimand) {
    case RAC_ESTIMAND_ATE:
        return treated ? -1 / odds : odds;
    case RAC_ESTIMAND_ATT:
        return treated ? 0 : odds;
    case RAC_ESTIMAND_ATC:
        return treated ? -1 / odds : 0;
    case RAC_ESTIMAND_ATO:
        return treated ? -e * (1 - e) : e * (1 - e);
    case RAC_ESTIMAND_ATM:
        break;
    }
    if (treated)
        return e > 0.5 ? -1 / odds : 0;
    return e > 0.5 ? 0 : odds;
}

double rac_effective_size(size_t rows, const bool *treated, bool arm, const double *weight)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows; i++)
        if (treated[i] == arm) {
            sum += weight[i];
            squares += weight[i] * weight[i];
        }
    return squares > 0 ? sum * sum / squares : 0;
}

static rac_status check_options(const rac_weighting_options *options, rac_error *err)
{
    if (!(options->trim >= 0 && options->trim < 0.5))
        return rac_fail(err, RAC_INVALID, "trim is %g, it must be at least 0 and below 0.5", options->trim);
    if (options->truncate != 0 && !(options->truncate >= 0.5 && options->truncate <= 1))
        return rac_fail(err, RAC_INVALID, "truncate is the quantile %g, it must lie between 0.5 and 1",
                        options->truncate);
    return RAC_OK;
}

static rac_status fit_propensity(rac_arena *arena, const rac_weighting_data *data,
                                 const rac_weighting_options *options, rac_weighting *weighting,
                                 rac_error *err)
{
    double *const y = rac_many(arena, double, data->rows);
    size_t treated = 0;
    for (size_t i = 0; i < data->rows; i++) {
        y[i] = data->treated[i];
        treated += data->treated[i];
    }
    if (treated == 0 || treated == data->rows)
        return rac_fail(err, RAC_INVALID, "nobody is in the %s arm: there is no one to compare with",
                        treated ? "control" : "treated");
    const rac_regression_data model = {
        .rows = data->rows, .columns = data->columns, .x = data->x, .y = y, .names = data->names};
    const rac_regression_options how = {.firth = options->firth, .drop_collinear = options->drop_collinear};
    const rac_status status = rac_logistic_fit(arena, &model, &how, &weighting->model, err);
    if (status == RAC_NOT_CONVERGED && err)
        rac_error_detail(err,
                         "some patients could only be in one arm: weights cannot make the arms comparable");
    weighting->propensity = weighting->model.fitted;
    return status;
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Lowers the weights above a quantile of those that are not trimmed. */
static void truncate_weights(rac_arena *arena, rac_weighting *weighting)
{
    double *const sorted = rac_many(arena, double, weighting->rows);
    size_t count = 0;
    for (size_t i = 0; i < weighting->rows; i++)
        if (weighting->weight[i] > 0)
            sorted[count++] = weighting->weight[i];
    if (!count)
        return;
    qsort(sorted, count, sizeof *sorted, ascending);
    const double most = rac_sorted_quantile(sorted, count, weighting->options.truncate);
    for (size_t i = 0; i < weighting->rows; i++)
        if (weighting->weight[i] > most) {
            weighting->weight[i] = most;
            weighting->truncated++;
        }
}

static void summarise(const rac_weighting_data *data, rac_weighting *weighting)
{
    for (size_t i = 0; i < data->rows; i++) {
        *(data->treated[i] ? &weighting->sum_treated : &weighting->sum_control) += weighting->weight[i];
        weighting->largest = fmax(weighting->largest, weighting->weight[i]);
    }
    weighting->effective_treated = rac_effective_size(data->rows, data->treated, true, weighting->weight);
    weighting->effective_control = rac_effective_size(data->rows, data->treated, false, weighting->weight);
}

rac_status rac_weighting_make(rac_arena *arena, const rac_weighting_data *data,
                              const rac_weighting_options *options, rac_weighting *weighting, rac_error *err)
{
    *weighting = (rac_weighting){.rows = data->rows, .weight = rac_many(arena, double, data->rows)};
    if (options)
        weighting->options = *options;
    const rac_weighting_options *const how = &weighting->options;
    rac_status status = check_options(how, err);
    if (status == RAC_OK)
        status = fit_propensity(arena, data, how, weighting, err);
    if (status != RAC_OK)
        return status;
    double treated = 0;
    for (size_t i = 0; i < data->rows; i++)
        treated += data->treated[i];
    const double share = treated / (double)data->rows;
    for (size_t i = 0; i < data->rows; i++) {
        const double e = weighting->propensity[i];
        if (e < how->trim || e > 1 - how->trim) {
            weighting->trimmed++;
            continue;
        }
        weighting->weight[i] = rac_weight_at(how->estimand, data->treated[i], e);
        if (how->stabilise)
            weighting->weight[i] *= data->treated[i] ? share : 1 - share;
        if (!isfinite(weighting->weight[i]))
            return rac_fail(err, RAC_INVALID, "row %zu has propensity %g: its weight is infinite", i + 1, e);
    }
    if (how->truncate > 0)
        truncate_weights(arena, weighting);
    summarise(data, weighting);
    if (!(weighting->sum_treated > 0 && weighting->sum_control > 0))
        return rac_fail(err, RAC_INVALID, "trimming at %g leaves nobody in the %s arm", how->trim,
                        weighting->sum_treated > 0 ? "control" : "treated");
    return RAC_OK;
}
