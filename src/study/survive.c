/* Time to an endpoint of the file, or to response, remission or leaving as the scores tell. */
#include "study/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sessions to the first score that counts; those who never reach it are censored at their last session. */
static rac_status derived(rac_arena *arena, const rac_chart *chart, const char *what, double remission,
                          rac_chart_endpoint *out, rac_error *err)
{
    size_t *patient = rac_many(arena, size_t, chart->patients);
    double *time = rac_many(arena, double, chart->patients);
    bool *event = rac_many(arena, bool, chart->patients);
    const bool dropout = strcmp(what, "dropout") == 0, response = strcmp(what, "response") == 0;
    *out = (rac_chart_endpoint){.code = what, .patient = patient, .time = time, .event = event};
    out->words = rac_format(arena, "sessions to %s", what);
    if (!dropout && !response && isnan(remission))
        return rac_fail(err, RAC_INVALID, "no cut-off for remission is known for this scale");
    const double end = chart->visit_number[chart->visits - 1];
    for (size_t p = 0; p < chart->patients; p++) {
        const double base = rac_frame_score(chart, p, 0);
        if (isnan(chart->last[p]) || (isnan(base) && !dropout))
            continue;
        const size_t i = out->count++;
        patient[i] = p;
        time[i] = chart->last[p];
        event[i] = dropout && chart->last[p] < end;
        for (size_t v = 1; v < chart->visits && !dropout && !event[i]; v++)
            if (rac_frame_score(chart, p, v) <= (response ? 0.5 * base : remission)) {
                event[i] = true;
                time[i] = chart->visit_number[v];
            }
    }
    if (!out->count)
        return rac_fail(err, RAC_INVALID, "nobody has a time for %s", what);
    return RAC_OK;
}

static rac_status endpoint_of(rac_arena *arena, const rac_chart *chart, const rac_study_options *o,
                              rac_chart_endpoint *out, rac_error *err)
{
    const char *source, *want = o->event ? o->event : "response";
    for (size_t e = 0; e < chart->endpoints; e++)
        if (strcmp(chart->endpoint[e].code, want) == 0) {
            *out = chart->endpoint[e];
            return RAC_OK;
        }
    if (strcmp(want, "response") == 0 || strcmp(want, "remission") == 0 || strcmp(want, "dropout") == 0)
        return derived(arena, chart, want,
                       o->remission > 0 ? o->remission : rac_chart_remission(chart, &source), out, err);
    const char *known = "response, remission, dropout";
    for (size_t e = 0; e < chart->endpoints; e++)
        known = rac_format(arena, "%s, %s", known, chart->endpoint[e].code);
    rac_fail(err, RAC_NOT_FOUND, "the chart has no endpoint '%s'", want);
    rac_error_hint(err, "there are %s", known);
    return RAC_NOT_FOUND;
}

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quantile of type 1: a time that was seen. */
static double horizon(rac_arena *arena, const rac_chart_endpoint *end)
{
    double *sorted = rac_many(arena, double, end->count);
    memcpy(sorted, end->time, end->count * sizeof *sorted);
    qsort(sorted, end->count, sizeof *sorted, by_number);
    const double at = ceil(0.8 * (double)end->count - 1e-9);
    return sorted[at < 1 ? 0 : (size_t)at - 1];
}

/* Arm, then covariates in treatment coding. */
static rac_status adjusted(rac_arena *arena, const rac_chart *chart, const rac_study_options *o,
                           const rac_survival_data *data, rac_study_survival *out, rac_error *err)
{
    rac_frame_column *column;
    size_t columns, width = 1;
    rac_status status = rac_frame_columns(arena, chart, o, &column, &columns, err);
    if (status || !columns)
        return status;
    for (size_t c = 0; c < columns; c++)
        width += column[c].levels ? column[c].levels - 1 : 1;
    double *x = rac_many(arena, double, data->n *width);
    const char **name = rac_many(arena, const char *, width);
    size_t at = 1;
    name[0] = chart->arm_name[RAC_CHART_TREATED];
    for (size_t c = 0; c < columns; c++)
        for (size_t l = column[c].levels ? 1 : 0; l < (column[c].levels ? column[c].levels : 1); l++, at++) {
            name[at] = column[c].levels ? rac_format(arena, "%s%s", column[c].name, column[c].level_name[l])
                                        : column[c].name;
            for (size_t i = 0; i < data->n; i++) {
                const double value = column[c].value[out->endpoint.patient[i]];
                x[i * width + at] = !column[c].levels || isnan(value) ? value : value == (double)l;
            }
        }
    for (size_t i = 0; i < data->n; i++)
        x[i * width] = data->group[i];
    const rac_cox_data cox = {.times = *data, .covariates = width, .x = x};
    const rac_cox_options how = {.level = o->level};
    status = rac_cox_fit_model(arena, &cox, &how, &out->cox_adjusted, err);
    out->adjusted = status == RAC_OK;
    out->adjusted_name = name;
    return status;
}

rac_status rac_study_survive(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_survival *out, rac_error *err)
{
    const rac_study_options o = rac_study_filled(options);
    *out = (rac_study_survival){0};
    rac_status status = endpoint_of(arena, chart, &o, &out->endpoint, err);
    if (status)
        return status;
    const rac_chart_endpoint *end = &out->endpoint;
    int *group = rac_many(arena, int, end->count);
    double *x = rac_many(arena, double, end->count);
    for (size_t i = 0; i < end->count; i++)
        x[i] = group[i] = chart->arm[end->patient[i]];
    const rac_survival_data data = {
        .n = end->count, .time = end->time, .event = end->event, .group = group, .groups = RAC_CHART_ARMS};
    const rac_survival_options log_log = {.level = o.level};
    const rac_cox_data cox = {.times = data, .covariates = 1, .x = x};
    const rac_cox_options how = {.level = o.level};
    out->tau = end->count ? horizon(arena, end) : NAN;
    if (!(out->tau > 0)) {
        rac_fail(err, RAC_INVALID, "hardly anybody has a time after the baseline for %s", end->words);
        rac_error_detail(err, "four in five times are 0");
        return RAC_INVALID;
    }
    status = rac_kaplan_meier(arena, &data, &log_log, &out->curve, err);
    for (int a = 0; a < RAC_CHART_ARMS && !status; a++) {
        status = rac_survival_quantile_of(arena, &out->curve[a], 0.5, &out->median[a], err);
        if (!status)
            status = rac_restricted_mean_of(&out->curve[a], out->tau, &out->mean[a], err);
    }
    if (!status)
        status = rac_log_rank_test(arena, &data, 0, &out->log_rank, err);
    if (!status)
        status = rac_log_rank_test(arena, &data, 1, &out->peto, err);
    if (!status)
        status = rac_cox_fit_model(arena, &cox, &how, &out->cox, err);
    if (!status)
        status = rac_cox_proportionality_of(arena, &out->cox, RAC_TIME_KM, &out->proportional, err);
    if (status)
        return status;
    out->mean_difference = rac_restricted_mean_difference(&out->mean[1], &out->mean[0], o.level);
    return adjusted(arena, chart, &o, &data, out, err);
}
