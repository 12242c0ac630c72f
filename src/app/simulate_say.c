/* A simulation in words and as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/simulate.h"

/* ---- units and digits ---- */

rac_sim_reading rac_sim_read_unit(rac_arena *arena, const char *unit)
{
    if (!strcmp(unit, "mg/L"))
        return (rac_sim_reading){"ng/mL", "ng*h/mL", 1000};
    if (!strcmp(unit, "1"))
        return (rac_sim_reading){"", "h", 1};
    const char *slash = strchr(unit, '/');
    return (rac_sim_reading){unit,
                             slash ? rac_format(arena, "%.*s*h%s", (int)(slash - unit), unit, slash)
                                   : rac_format(arena, "%s*h", unit),
                             1};
}

rac_sim_clock rac_sim_clock_for(double last_h)
{
    if (last_h <= 6)
        return (rac_sim_clock){"min", 60};
    return last_h <= 72 ? (rac_sim_clock){"h", 1} : (rac_sim_clock){"d", 1.0 / 24};
}

char *rac_sim_digits(rac_arena *arena, double value)
{
    const double size = fabs(value);
    if (size >= 1e6 || (size > 0 && size < 0.001))
        return rac_format(arena, "%.2e", value);
    return rac_format(arena, "%.*f",
                      size >= 99.95 || size == 0 ? 0
                      : size >= 9.995            ? 1
                      : size >= 0.9995           ? 2
                                                 : 4,
                      value);
}

/* ---- words ---- */

typedef struct lines {
    rac_arena *arena;
    char *text;
    size_t size, capacity;
} lines;

static void say(lines *l, const char *format, ...) RAC_PRINTF(2, 3);
static void say(lines *l, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *more = rac_format_list(l->arena, format, arguments);
    va_end(arguments);
    const size_t size = strlen(more);
    if (l->size + size + 1 > l->capacity) {
        l->capacity = 2 * (l->size + size + 1);
        char *grown = rac_many(l->arena, char, l->capacity);
        if (l->size)
            memcpy(grown, l->text, l->size);
        l->text = grown;
    }
    memcpy(l->text + l->size, more, size + 1);
    l->size += size;
}

/* One row of a table: what it is of, the typical subject, five quantiles. */
static void say_row(lines *l, const rac_sim_arm *arm, const char *what, double typical,
                    const double *quantiles, size_t stride, double factor)
{
    say(l, "  %-28s", what);
    if (arm->has_typical)
        say(l, "%9s", rac_sim_digits(l->arena, typical * factor));
    for (size_t q = 0; arm->has_spread && q < RAC_SIM_QUANTILES; q++)
        say(l, "%9s", rac_sim_digits(l->arena, quantiles[q * stride] * factor));
    say(l, "\n");
}

double rac_sim_shown_step(const rac_sim *sim, rac_sim_clock clock)
{
    static const double steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 360},
                        days[] = {1, 2, 7, 14, 28, 56, 84, 182, 364};
    const bool in_days = clock.unit[0] == 'd';
    const double span = (sim->times_h[sim->times - 1] - sim->times_h[0]) * clock.per_h;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (span / (in_days ? days : steps)[i] <= 10)
            return (in_days ? days : steps)[i];
    return span / 10;
}

bool rac_sim_is_shown(const rac_sim *sim, rac_sim_clock clock, double step, size_t t, size_t peak)
{
    if (sim->times <= 12 || t == 0 || t == peak || t + 1 == sim->times)
        return true;
    const double place = sim->times_h[t] * clock.per_h / step;
    const double before = sim->times_h[t - 1] * clock.per_h / step;
    return floor(place + 1e-9) > floor(before + 1e-9); /* the first at or after a round time */
}

static size_t peak_of(const double *values, size_t count)
{
    size_t peak = 0;
    for (size_t t = 1; t < count; t++)
        if (values[t] > values[peak])
            peak = t;
    return peak;
}

static void say_output(lines *l, const rac_sim *sim, const rac_sim_arm *arm, size_t k)
{
    const size_t o = (size_t)arm->outputs[k];
    const double last_h = sim->times_h[sim->times - 1];
    const rac_sim_clock clock = rac_sim_clock_for(last_h);
    const rac_sim_reading reading = rac_sim_read_unit(l->arena, rac_model_output_unit(arm->model, o));
    const double *typical = arm->has_typical ? arm->typical + k * sim->times : NULL;
    const double *bands = arm->has_spread ? arm->bands + k * RAC_SIM_QUANTILES * sim->times : NULL;
    const double *e = arm->has_spread ? arm->exposures + k * RAC_SIM_EXPOSURES * RAC_SIM_QUANTILES : NULL;
    const rac_sim_exposure t = typical ? arm->typical_exposure[k] : (rac_sim_exposure){0};
    say(l, "\n%s%s%s\n  %-28s", rac_model_output_name(arm->model, o), reading.unit[0] ? ", " : "",
        reading.unit, "");
    if (typical)
        say(l, "%9s", "typical");
    if (bands)
        say(l, "%9s%9s%9s%9s%9s", "5 %", "25 %", "median", "75 %", "95 %");
    say(l, "\n");
    say_row(l, arm, "highest", t.highest, e, 1, reading.factor);
    say_row(l, arm, rac_format(l->arena, "  reached at, %s", clock.unit), t.at_h,
            bands ? e + RAC_SIM_QUANTILES : NULL, 1, clock.per_h);
    const char *until = rac_number_format(l->arena, round(last_h * clock.per_h * 100) / 100);
    say_row(l, arm, rac_format(l->arena, "area to %s %s, %s", until, clock.unit, reading.area_unit), t.area,
            bands ? e + 2 * RAC_SIM_QUANTILES : NULL, 1, reading.factor);
    const double step = rac_sim_shown_step(sim, clock);
    const size_t peak = peak_of(bands ? bands + 2 * sim->times : typical, sim->times);
    for (size_t i = 0; i < sim->times; i++)
        if (rac_sim_is_shown(sim, clock, step, i, peak))
            say_row(l, arm,
                    rac_format(l->arena, "at %s %s",
                               rac_number_format(l->arena, round(sim->times_h[i] * clock.per_h * 100) / 100),
                               clock.unit),
                    typical ? typical[i] : 0, bands ? bands + i : NULL, sim->times, reading.factor);
}

static void say_arm(lines *l, const rac_sim *sim, const rac_sim_arm *arm)
{
    const rac_sim_people *people = &sim->people;
    const bool mixed = arm == &sim->arms[sim->arm_count];
    say(l, "%s: %s, %s\n", arm->about->name, arm->about->title, arm->about->sampling);
    say(l, "  a dose is of %s\n", arm->about->substance);
    if (sim->table)
        say(l, "  %zu subject%s of the table, %zu each", arm->group_count, arm->group_count == 1 ? "" : "s",
            sim->n);
    else
        say(l, "  %zu virtual people%s", sim->n, mixed ? " of each model" : "");
    say(l, ", seed %llu%s%s\n", (unsigned long long)sim->seed,
        sim->residual ? ", as an assay would see them" : "",
        people->table ? ", covariates from the file" : "");
    if (mixed)
        say(l, "  one of the models is right, and the weights say how likely each is\n");
    if (arm->failed)
        say(l, "  %zu of them have no answer in this model and are left out\n", arm->failed);
    if (arm->unsettled)
        say(l, "  %zu of those come to no steady state under these doses\n", arm->unsettled);
    for (size_t i = 0; i < arm->outside_count; i++)
        say(l, "  outside what was studied: %s\n", arm->outside[i]);
    say(l, "%s", arm->with);
    if (!arm->has_spread)
        say(l, "  no differences between people are known to this model: a typical curve and no band\n");
    if (arm->counted)
        say(l, "  quantiles are counted in bins: within %.1f %%\n", 100 * RAC_QUANTILES_ACCURACY);
    for (size_t o = 0; o < arm->output_count; o++)
        say_output(l, sim, arm, o);
    for (size_t i = 0; i < arm->about->source_count; i++)
        say(l, "  source %s\n", arm->about->sources[i]);
    say(l, "\n");
}

/* ---- JSON ---- */

json_t *rac_sim_quantiles_json(const double *values, size_t stride)
{
    json_t *object = json_object();
    for (size_t q = 0; q < RAC_SIM_QUANTILES; q++)
        json_object_set_new(object, rac_sim_quantile_keys[q], json_real(values[q * stride]));
    return object;
}

static json_t *exposure_json(const rac_sim_arm *arm, size_t k, size_t which, double typical)
{
    json_t *object =
        arm->has_spread
            ? rac_sim_quantiles_json(arm->exposures + (k * RAC_SIM_EXPOSURES + which) * RAC_SIM_QUANTILES, 1)
            : json_object();
    if (arm->has_typical)
        json_object_set_new(object, "typical", json_real(typical));
    return object;
}

static json_t *output_json(const rac_sim *sim, const rac_sim_arm *arm, size_t k)
{
    const size_t o = (size_t)arm->outputs[k];
    const double *typical = arm->has_typical ? arm->typical + k * sim->times : NULL;
    const double *bands = arm->has_spread ? arm->bands + k * RAC_SIM_QUANTILES * sim->times : NULL;
    const rac_sim_exposure t = typical ? arm->typical_exposure[k] : (rac_sim_exposure){0};
    json_t *rows = json_array();
    for (size_t i = 0; i < sim->times; i++) {
        json_t *row = bands ? rac_sim_quantiles_json(bands + i, sim->times) : json_object();
        json_object_set_new(row, "time_h", json_real(sim->times_h[i]));
        if (typical)
            json_object_set_new(row, "typical", json_real(typical[i]));
        json_array_append_new(rows, row);
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "output", rac_model_output_name(arm->model, o), "unit",
                     rac_model_output_unit(arm->model, o), "highest", exposure_json(arm, k, 0, t.highest),
                     "at_h", exposure_json(arm, k, 1, t.at_h), "area_h", exposure_json(arm, k, 2, t.area),
                     "rows", rows);
}

static json_t *strings(const char *const *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(items[i]));
    return list;
}

static json_t *arm_json(const rac_sim *sim, const rac_sim_arm *arm)
{
    json_t *outputs = json_array();
    for (size_t o = 0; o < arm->output_count; o++)
        json_array_append_new(outputs, output_json(sim, arm, o));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:b, s:o, s:o}", "model", arm->about->name,
        "title", arm->about->title, "substance", arm->about->substance, "sampling", arm->about->sampling,
        "with", arm->with, "sources", strings(arm->about->sources, arm->about->source_count), "notes",
        strings(arm->about->notes, arm->about->note_count), "subjects", (json_int_t)arm->subjects, "failed",
        (json_int_t)arm->failed, "unsettled", (json_int_t)arm->unsettled, "counted", arm->counted, "outside",
        strings(arm->outside, arm->outside_count), "outputs", outputs);
}

static json_t *average_json(const rac_sim *sim)
{
    const rac_sim_arm *average = &sim->arms[sim->arm_count];
    json_t *outputs = json_array(), *weights = json_object();
    for (size_t o = 0; o < average->output_count; o++)
        json_array_append_new(outputs, output_json(sim, average, o));
    for (size_t m = 0; m < sim->arm_count; m++)
        json_object_set_new(weights, sim->arms[m].about->name, json_real(sim->weights[m]));
    return json_pack("{s:o, s:o}", "weights", weights, "outputs", outputs);
}

static json_t *doses_json(const rac_sim *sim)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sim->dose_count; i++) {
        const rac_dose *dose = &sim->doses[i].dose;
        json_t *one = json_pack("{s:f, s:f, s:s, s:f, s:s?}", "time_h", dose->time_h, "amount",
                                dose->amount_mg, "unit", dose->per_kg ? "mg/kg" : "mg", "duration_h",
                                dose->duration_h, "route", sim->doses[i].route);
        if (dose->steady)
            json_object_set_new(one, "steady_every_h", json_real(dose->interval_h));
        json_array_append_new(list, one);
    }
    return list;
}

void rac_sim_say(const rac_sim *sim, rac_reply *reply)
{
    lines l = {.arena = sim->arena};
    json_t *models = json_array();
    for (size_t a = 0; a < sim->arm_count; a++) {
        say_arm(&l, sim, &sim->arms[a]);
        json_array_append_new(models, arm_json(sim, &sim->arms[a]));
    }
    if (sim->mixed)
        say_arm(&l, sim, &sim->arms[sim->arm_count]);
    for (size_t i = 0; i < sim->note_count; i++)
        say(&l, "Note: %s\n", sim->notes[i]);
    say(&l, "A simulation, not a recommendation.\n");
    reply->text = l.text;
    reply->json = json_pack("{s:I, s:I, s:b, s:o, s:o, s:o}", "people", (json_int_t)sim->n, "seed",
                            (json_int_t)sim->seed, "residual", sim->residual, "doses", doses_json(sim),
                            "notes", strings(sim->notes, sim->note_count), "models", models);
    if (sim->mixed)
        json_object_set_new(reply->json, "average", average_json(sim));
}
