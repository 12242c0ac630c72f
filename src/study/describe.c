/* The table before treatment, with standardised differences and what is missing. */
#include "study/frame.h"

#include <math.h>

static rac_values arm_sample(rac_arena *arena, const rac_chart *chart, const double *value, int arm)
{
    double *kept = rac_many(arena, double, chart->patients);
    size_t n = 0;
    for (size_t p = 0; p < chart->patients; p++)
        if (arm < 0 || chart->arm[p] == arm)
            kept[n++] = value[p];
    return (rac_values){kept, n};
}

static rac_status numeric(rac_arena *arena, const rac_chart *chart, const double *value, double level,
                          rac_study_variable *out, rac_error *err)
{
    rac_values sample[RAC_CHART_ARMS];
    rac_standardised smd;
    rac_status status =
        rac_describe(arena, arm_sample(arena, chart, value, -1), RAC_QUANTILE_R, &out->all, err);
    for (int a = 0; a < RAC_CHART_ARMS && !status; a++) {
        sample[a] = arm_sample(arena, chart, value, a);
        status = rac_describe(arena, sample[a], RAC_QUANTILE_R, &out->arm[a], err);
        out->n[a] = out->arm[a].n;
        out->missing[a] = out->arm[a].missing;
    }
    if (!status)
        status = rac_standardised_continuous(arena, sample[1], sample[0], level, &smd, err);
    if (status)
        return status;
    out->smd = smd.difference;
    out->interval = smd.interval;
    out->variance_ratio = smd.variance_ratio;
    out->ks = smd.ks;
    return RAC_OK;
}

static rac_status categorical(rac_arena *arena, const rac_chart *chart, const double *value, double level,
                              rac_study_variable *out, rac_error *err)
{
    double *count[RAC_CHART_ARMS];
    for (int a = 0; a < RAC_CHART_ARMS; a++)
        out->count[a] = count[a] = rac_many(arena, double, out->levels);
    for (size_t p = 0; p < chart->patients; p++) {
        const int a = chart->arm[p];
        if (isnan(value[p]))
            out->missing[a]++;
        else {
            out->n[a]++;
            count[a][(size_t)value[p]]++;
        }
    }
    out->interval = (rac_interval){NAN, NAN};
    out->variance_ratio = out->ks = NAN;
    if (out->levels != 2 || !out->n[0] || !out->n[1])
        return rac_standardised_categories(arena, count[1], count[0], out->levels, &out->smd, err);
    rac_standardised smd;
    const rac_status status = rac_standardised_binary(count[1][1], (double)out->n[1], count[0][1],
                                                      (double)out->n[0], level, &smd, err);
    if (!status) {
        out->smd = smd.difference;
        out->interval = smd.interval;
    }
    return status;
}

rac_status rac_study_describe(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                              rac_study_description *out, rac_error *err)
{
    const rac_study_options o = rac_study_filled(options);
    rac_study_variable *list = rac_many(arena, rac_study_variable, chart->covariates + 1);
    *out = (rac_study_description){.variable = list};
    double *baseline = rac_many(arena, double, chart->patients);
    for (size_t p = 0; p < chart->patients; p++) {
        baseline[p] = rac_frame_score(chart, p, 0);
        out->patients[chart->arm[p]]++;
    }
    list[out->variables] = (rac_study_variable){.name = "Baseline score", .numeric = true};
    rac_status status = numeric(arena, chart, baseline, o.level, &list[out->variables++], err);
    for (size_t c = 0; c < chart->covariates && !status; c++) {
        const rac_chart_covariate *from = &chart->covariate[c];
        rac_study_variable *to = &list[out->variables++];
        *to = (rac_study_variable){.name = from->name,
                                   .numeric = from->numeric,
                                   .levels = from->levels,
                                   .level_name = from->level_name};
        status = (from->numeric ? numeric : categorical)(arena, chart, from->value, o.level, to, err);
    }
    return status;
}
