/* What a model says of a dose: exposure of the typical subject and the band of a population like them. */
#include <math.h>
#include <string.h>

#include "app/internal.h"
#include "base/units.h"
#include "racemate/pharma.h"

enum { TIMES_MAX = 10001, VALUES_MAX = 1 << 24 };

/* "0.5 mg/kg over 40 min", "35 mg" (at once). */
static rac_status parse_dose(const char *typed, rac_dose *dose, rac_error *err)
{
    const char *over = strstr(typed, " over ");
    const rac_text amount = {typed, over ? (size_t)(over - typed) : strlen(typed)};
    rac_quantity quantity;
    rac_duration span = {0};
    rac_status status = rac_quantity_parse(amount, &quantity, err);
    if (status || (over && (status = rac_duration_parse(rac_text_of(over + 6), &span, err))))
        return status;
    const rac_unit per_kg = rac_unit_of("mg/kg"), total = rac_unit_of("mg");
    const bool by_weight = rac_dimension_same(quantity.unit.dimension, per_kg.dimension);
    double mg;
    if ((status = rac_quantity_in(quantity, by_weight ? per_kg : total, &mg, err)))
        return status;
    if (!(mg > 0) || span.ms < 0 || (over && span.ms == 0))
        return rac_fail(err, RAC_INVALID, "'%.60s' is no dose", typed);
    *dose = over ? rac_dose_infusion(0, 0, mg, (double)span.ms / 3.6e6) : rac_dose_bolus(0, 0, mg);
    dose->per_kg = by_weight;
    return RAC_OK;
}

/* "4 h by 1 min": a grid from the start of the dose. */
static rac_status parse_times(rac_arena *arena, const char *typed, double **times_h, size_t *count,
                              rac_error *err)
{
    const char *by = strstr(typed, " by ");
    rac_duration until, step = {60000};
    const rac_text whole = {typed, by ? (size_t)(by - typed) : strlen(typed)};
    rac_status status = rac_duration_parse(whole, &until, err);
    if (status || (by && (status = rac_duration_parse(rac_text_of(by + 4), &step, err))))
        return status;
    if (step.ms <= 0 || until.ms < step.ms || until.ms / step.ms >= TIMES_MAX)
        return rac_fail(err, RAC_INVALID, "'%.60s' is no grid of at most %d times", typed, TIMES_MAX);
    *count = (size_t)(until.ms / step.ms) + 1;
    *times_h = rac_many(arena, double, *count);
    for (size_t i = 0; i < *count; i++)
        (*times_h)[i] = (double)((int64_t)i * step.ms) / 3.6e6;
    return RAC_OK;
}

static rac_status parse_count(const rac_call *call, const char *name, int64_t usual, int64_t most,
                              int64_t *number, rac_error *err)
{
    const char *typed = rac_call_value(call, name);
    const rac_status status = typed ? rac_integer_parse(rac_text_of(typed), number, err) : RAC_OK;
    if (!typed)
        *number = usual;
    if (!status && (*number < 1 || *number > most))
        return rac_fail(err, RAC_INVALID, "--%s is %lld, allowed 1 to %lld", name, (long long)*number,
                        (long long)most);
    return status;
}

static char *output_text(rac_arena *arena, const char *name, const double *times_h, size_t times,
                         const double *typical, const double *band, char *text, json_t *list)
{
    size_t peak = 0;
    double area = 0;
    for (size_t i = 0; i < times; i++) {
        if (typical[i] > typical[peak])
            peak = i;
        if (i)
            area += (typical[i] + typical[i - 1]) / 2 * (times_h[i] - times_h[i - 1]);
    }
    text = rac_format(arena, "%s\n%s: highest %.4g mg/L at %.4g h, area to %.4g h %.4g mg*h/L\n", text, name,
                      typical[peak], times_h[peak], times_h[times - 1], area);
    json_t *rows = json_array();
    for (size_t i = 0; i < times; i++) {
        json_array_append_new(rows, json_pack("{s:f, s:f, s:f, s:f}", "time_h", times_h[i], "typical",
                                              typical[i], "p05", band[i], "p95", band[times + i]));
        if (i % ((times + 7) / 8) == 0 || i == times - 1)
            text = rac_format(arena, "%s  %8.4g h  %.4g mg/L  (90 %% of people %.4g to %.4g)\n", text,
                              times_h[i], typical[i], band[i], band[times + i]);
    }
    json_array_append_new(list, json_pack("{s:s, s:f, s:f, s:f, s:o}", "output", name, "highest_mg_per_l",
                                          typical[peak], "at_h", times_h[peak], "area_mg_h_per_l", area,
                                          "rows", rows));
    return text;
}

RAC_DO(rac_do_simulate)
{
    rac_model *model = NULL;
    rac_dose dose;
    double *covariates = NULL, *times_h = NULL;
    size_t times = 0;
    int64_t subjects, seed;
    const char *typed_times = rac_call_value(call, "times");
    rac_status status;
    if ((status = rac_app_model_argument(call, "model", &model, reply, err)) ||
        (status = parse_dose(rac_call_value(call, "dose"), &dose, err)) ||
        (status =
             parse_times(call->arena, typed_times ? typed_times : "4 h by 1 min", &times_h, &times, err)) ||
        (status = parse_count(call, "n", 200, 100000, &subjects, err)) ||
        (status = parse_count(call, "seed", 1, INT64_MAX, &seed, err)) ||
        (status = rac_app_subject(call, model, &covariates, err)))
        return status;
    if ((uint64_t)subjects * times * rac_model_outputs(model) > VALUES_MAX)
        return rac_fail(err, RAC_LIMIT, "that is more than %d values: ask for fewer people or times",
                        VALUES_MAX);
    rac_regimen regimen = rac_regimen_new(call->arena);
    rac_regimen_add(&regimen, dose);
    const double quantiles[] = {0.05, 0.95};
    const rac_prediction_request request = {.covariates = covariates,
                                            .regimen = &regimen,
                                            .times_h = times_h,
                                            .times = times,
                                            .quantiles = quantiles,
                                            .quantile_count = 2,
                                            .subjects = (size_t)subjects,
                                            .seed = (uint64_t)seed};
    rac_prediction p;
    if ((status = rac_pharma_predict(call->arena, model, &request, &p, err)))
        return status;
    const rac_model_about *about = rac_model_describe(model);
    json_t *list = json_array();
    char *text = rac_format(call->arena, "%s, %s; typical subject and %zu virtual people, seed %lld\n",
                            about->title, about->sampling, p.subjects, (long long)seed);
    for (size_t i = 0; i < about->source_count; i++)
        text = rac_format(call->arena, "%s  source %s\n", text, about->sources[i]);
    for (size_t i = 0; i < p.outside_count; i++)
        text = rac_format(call->arena, "%s  outside what was studied: %s\n", text, p.outside[i]);
    for (size_t o = 0; o < p.outputs; o++)
        text = output_text(call->arena, rac_model_output_name(model, o), times_h, times,
                           p.typical + o * times, p.band + o * 2 * times, text, list);
    reply->text = text;
    reply->json = json_pack("{s:s, s:s, s:I, s:I, s:o}", "model", about->name, "sampling", about->sampling,
                            "subjects", (json_int_t)subjects, "seed", (json_int_t)seed, "outputs", list);
    return RAC_OK;
}
