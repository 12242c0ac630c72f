/* From a chart to the arrays of the estimators. */
#include "study/frame.h"

#include <math.h>
#include <string.h>

rac_study_options rac_study_filled(const rac_study_options *options)
{
    rac_study_options o = options ? *options : (rac_study_options){0};
    if (o.level == 0)
        o.level = 0.95;
    if (o.alpha == 0)
        o.alpha = 0.05;
    if (o.adjustment == RAC_ADJUST_NONE)
        o.adjustment = RAC_ADJUST_HOLM;
    if (o.subsamples == 0)
        o.subsamples = 1000;
    if (o.subsamples == SIZE_MAX)
        o.subsamples = 0;
    return o;
}

double rac_frame_last_change(const rac_chart *chart, size_t patient)
{
    for (size_t v = chart->visits; v-- > 1;)
        if (!isnan(rac_frame_score(chart, patient, v)))
            return rac_frame_change(chart, patient, v);
    return NAN;
}

/* ---- the mixed model's frame ------------------------------------------------------------------------------
 */

static bool seen_in_both(const rac_chart *chart, size_t visit)
{
    bool seen[RAC_CHART_ARMS] = {false};
    for (size_t p = 0; p < chart->patients; p++)
        if (!isnan(rac_frame_change(chart, p, visit)))
            seen[chart->arm[p]] = true;
    return seen[0] && seen[1];
}

/* The model reads the frame's own arrays. */
static void bind(rac_frame *frame)
{
    frame->covariate = (rac_mixed_covariate){.name = "BASE", .value = frame->baseline, .by_visit = true};
    frame->model.patients = frame->patients;
    frame->model.visits = frame->visits;
    frame->model.arms = RAC_CHART_ARMS;
    frame->model.outcome = frame->change;
    frame->model.arm = frame->arm;
    frame->model.covariates = 1;
    frame->model.covariate = &frame->covariate;
}

rac_status rac_frame_make(rac_arena *arena, const rac_chart *chart, rac_frame **out, rac_error *err)
{
    rac_frame *frame = rac_new(arena, rac_frame);
    size_t *visit = rac_many(arena, size_t, chart->visits), *left = rac_many(arena, size_t, chart->visits);
    for (size_t v = 1; v < chart->visits; v++)
        if (seen_in_both(chart, v))
            visit[frame->visits++] = v;
        else
            left[frame->left_out++] = v;
    size_t *patient = rac_many(arena, size_t, chart->patients), in[RAC_CHART_ARMS] = {0};
    for (size_t p = 0; p < chart->patients; p++)
        if (!isnan(rac_frame_score(chart, p, 0))) {
            patient[frame->patients++] = p;
            in[chart->arm[p]]++;
        }
    for (int a = 0; a < RAC_CHART_ARMS; a++)
        if (!in[a])
            return rac_fail(err, RAC_INVALID, "nobody in '%s' has a baseline score", chart->arm_name[a]);
    if (!frame->visits) {
        rac_fail(err, RAC_INVALID, "no session has a score in both arms");
        rac_error_detail(err, "%zu session%s in the file, each with scores in one arm or in none",
                         chart->visits - 1, chart->visits == 2 ? "" : "s");
        return RAC_INVALID;
    }
    double *change = rac_many(arena, double, frame->patients * frame->visits);
    double *baseline = rac_many(arena, double, frame->patients);
    int32_t *arm = rac_many(arena, int32_t, frame->patients);
    for (size_t i = 0; i < frame->patients; i++) {
        baseline[i] = rac_frame_score(chart, patient[i], 0);
        arm[i] = chart->arm[patient[i]];
        for (size_t k = 0; k < frame->visits; k++)
            change[i * frame->visits + k] = rac_frame_change(chart, patient[i], visit[k]);
    }
    const char **names = rac_many(arena, const char *, frame->visits);
    for (size_t k = 0; k < frame->visits; k++)
        names[k] = chart->visit_name[visit[k]];
    frame->patient = patient;
    frame->visit = visit;
    frame->left_out_visit = left;
    frame->change = change;
    frame->baseline = baseline;
    frame->arm = arm;
    frame->model.arm_name = chart->arm_name;
    frame->model.visit_name = names;
    bind(frame);
    *out = frame;
    return RAC_OK;
}

rac_frame *rac_frame_subset(rac_arena *arena, const rac_frame *frame, const bool *keep)
{
    rac_frame *out = rac_new(arena, rac_frame);
    *out = *frame;
    double *change = rac_many(arena, double, frame->patients * frame->visits);
    double *baseline = rac_many(arena, double, frame->patients);
    int32_t *arm = rac_many(arena, int32_t, frame->patients);
    out->patients = 0;
    for (size_t i = 0; i < frame->patients; i++) {
        if (!keep[i])
            continue;
        memcpy(change + out->patients * frame->visits, frame->change + i * frame->visits,
               frame->visits * sizeof *change);
        baseline[out->patients] = frame->baseline[i];
        arm[out->patients++] = frame->arm[i];
    }
    out->change = change;
    out->baseline = baseline;
    out->arm = arm;
    bind(out);
    return out;
}

rac_status rac_frame_fit(rac_arena *arena, const rac_frame *frame, const rac_study_options *options,
                         rac_mixed_fit *fit, rac_mixed_means *means, rac_error *err)
{
    rac_mixed_design design;
    const rac_mixed_options how = {.df = options->df, .level = options->level};
    rac_status status = rac_mixed_design_usual(arena, &frame->model, &design, err);
    if (!status)
        status = rac_mixed_fit_design(arena, &design, &how, fit, err);
    if (!status)
        status = rac_mixed_means_usual(arena, &frame->model, fit, RAC_MIXED_MEANS_EQUAL, RAC_CHART_TREATED,
                                       RAC_CHART_REFERENCE, means, err);
    return status;
}

/* ---- covariates -------------------------------------------------------------------------------------------
 */

static const double *baseline_of(rac_arena *arena, const rac_chart *chart)
{
    double *value = rac_many(arena, double, chart->patients);
    for (size_t p = 0; p < chart->patients; p++)
        value[p] = rac_frame_score(chart, p, 0);
    return value;
}

static bool copies(const rac_chart *chart, const double *a, const double *b)
{
    for (size_t p = 0; p < chart->patients; p++)
        if (!(a[p] == b[p] || (isnan(a[p]) && isnan(b[p]))))
            return false;
    return true;
}

static bool one_value(const rac_chart *chart, const double *value)
{
    double first = NAN;
    for (size_t p = 0; p < chart->patients; p++) {
        if (isnan(value[p]))
            continue;
        if (isnan(first))
            first = value[p];
        else if (value[p] != first)
            return false;
    }
    return true;
}

static rac_frame_column column_of(const rac_chart_covariate *c)
{
    return (rac_frame_column){c->name, c->value, c->levels, c->level_name};
}

rac_status rac_frame_columns(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_frame_column **columns, size_t *count, rac_error *err)
{
    const double *base = baseline_of(arena, chart);
    rac_frame_column *out = rac_many(arena, rac_frame_column, chart->covariates + options->covariates + 1);
    *columns = out;
    *count = 0;
    if (!options->covariates)
        out[(*count)++] = (rac_frame_column){"BASE", base, 0, NULL};
    for (size_t c = 0; !options->covariates && c < chart->covariates; c++)
        if (!copies(chart, chart->covariate[c].value, base) && !one_value(chart, chart->covariate[c].value))
            out[(*count)++] = column_of(&chart->covariate[c]);
    for (size_t k = 0; k < options->covariates; k++) {
        const rac_chart_covariate *found = rac_chart_covariate_find(chart, options->covariate[k]);
        if (found)
            out[(*count)++] = column_of(found);
        else if (strcmp(options->covariate[k], "BASE") == 0)
            out[(*count)++] = (rac_frame_column){"BASE", base, 0, NULL};
        else {
            const char **known = rac_many(arena, const char *, chart->covariates + 1);
            for (size_t c = 0; c < chart->covariates; c++)
                known[c] = chart->covariate[c].name;
            const char *near = rac_text_nearest(rac_text_of(options->covariate[k]), known, chart->covariates);
            rac_fail(err, RAC_INVALID, "the chart has no covariate '%s'", options->covariate[k]);
            rac_error_hint(err, near ? "did you mean %s?" : "racemate study dictionary lists the columns%s",
                           near ? near : "");
            return RAC_INVALID;
        }
    }
    return RAC_OK;
}
