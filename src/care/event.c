/* Events and their bodies: see racemate/care/event.h.
 *
 * Two tables say everything: the fields (JSON key, type, place in rac_event) and, for each kind, which fields
 * it must and may carry.  Encoding and decoding walk the same rows, so they cannot drift apart. */
#include "racemate/care/event.h"

#include <math.h>
#include <string.h>

#include "base/json.h"

static const struct {
    const char *name;
    const char *sentence;
} kinds[RAC_EVENT_KIND_COUNT] = {
#define X(kind, name, sentence) [kind] = {name, sentence},
    RAC_EVENT_LIST(X)
#undef X
};

const char *rac_event_name(rac_event_kind kind)
{
    return kinds[kind].name;
}

const char *rac_event_sentence(rac_event_kind kind)
{
    return kinds[kind].sentence;
}

rac_status rac_event_find(rac_text name, rac_event_kind *kind, rac_error *err)
{
    for (int i = 0; i < RAC_EVENT_KIND_COUNT; i++) {
        if (rac_text_is(name, kinds[i].name)) {
            *kind = (rac_event_kind)i;
            return RAC_OK;
        }
    }
    return rac_fail(err, RAC_INVALID, "no event is called '%.*s'", (int)(name.size > 60 ? 60 : name.size),
                    name.data);
}

/* ---- the tables ----------------------------------------------------------------------------------- */

typedef enum field_type {
    TEXT,
    TRUTH,
    SEVERITY,
    PRIORITY,
    INSTANT,
    WHOLE,
    INT,
    NUMBER,
    SECONDS,
    DECIMAL,
    READINGS,
    PLAN,
    EVENT
} field_type;

typedef enum field_id {
    F_NAME,
    F_TEXT,
    F_SECOND,
    F_DONE,
    F_SEVERITY,
    F_PRIORITY,
    F_SINCE,
    F_TARGET,
    F_VOID,
    F_INTERVAL,
    F_RATE,
    F_AMOUNT,
    F_READINGS,
    F_PLAN,
    F_PROTOCOL,
    F_NUMBER,
    F_FASTING,
    F_REPLACEMENT,
    FIELD_COUNT
} field_id;

static const struct {
    const char *key;
    field_type type;
    size_t offset;
} fields[FIELD_COUNT] = {
    [F_NAME] = {"name", TEXT, offsetof(rac_event, name)},
    [F_TEXT] = {"text", TEXT, offsetof(rac_event, text)},
    [F_SECOND] = {"second", TEXT, offsetof(rac_event, second)},
    [F_DONE] = {"done", TRUTH, offsetof(rac_event, done)},
    [F_SEVERITY] = {"severity", SEVERITY, offsetof(rac_event, severity)},
    [F_PRIORITY] = {"priority", PRIORITY, offsetof(rac_event, priority)},
    [F_SINCE] = {"since", INSTANT, offsetof(rac_event, since)},
    [F_TARGET] = {"target", WHOLE, offsetof(rac_event, target)},
    [F_VOID] = {"void", TRUTH, offsetof(rac_event, voided)},
    [F_INTERVAL] = {"interval_s", SECONDS, offsetof(rac_event, interval)},
    [F_RATE] = {"rate_ml_per_h", DECIMAL, offsetof(rac_event, rate_ml_per_h)},
    [F_AMOUNT] = {"amount", DECIMAL, offsetof(rac_event, amount)},
    [F_READINGS] = {"readings", READINGS, offsetof(rac_event, readings)},
    [F_PLAN] = {"plan", PLAN, offsetof(rac_event, plan)},
    [F_PROTOCOL] = {"protocol", TEXT, offsetof(rac_event, protocol_hash)},
    [F_NUMBER] = {"number", INT, offsetof(rac_event, number)},
    [F_FASTING] = {"fasting_h", NUMBER, offsetof(rac_event, fasting_h)},
    [F_REPLACEMENT] = {"replacement", EVENT, offsetof(rac_event, replacement)},
};

#define BIT(field) (1U << (field))

/* must: the event makes no sense without it; may: allowed beside. */
static const struct {
    unsigned must, may;
} shapes[RAC_EVENT_KIND_COUNT] = {
    [RAC_EVENT_OPENED] = {BIT(F_NAME) | BIT(F_PROTOCOL) | BIT(F_NUMBER), BIT(F_TEXT)},
    [RAC_EVENT_DEVICE_BOUND] = {BIT(F_NAME) | BIT(F_INTERVAL), BIT(F_TEXT)},
    [RAC_EVENT_DEVICE_RELEASED] = {BIT(F_NAME), BIT(F_TEXT)},
    [RAC_EVENT_CHECKED_IN] = {0, BIT(F_TEXT)},
    [RAC_EVENT_TICK] = {BIT(F_NAME) | BIT(F_DONE), BIT(F_TEXT) | BIT(F_SECOND) | BIT(F_FASTING)},
    [RAC_EVENT_WEIGHED] = {BIT(F_AMOUNT), BIT(F_TEXT)},
    [RAC_EVENT_VIAL] = {BIT(F_NAME), BIT(F_TEXT)},
    [RAC_EVENT_PLANNED] = {BIT(F_PLAN), BIT(F_TEXT)},
    [RAC_EVENT_PLAN_SIGNED] = {0, BIT(F_TEXT) | BIT(F_SECOND)},
    [RAC_EVENT_READY] = {0, BIT(F_TEXT)},
    [RAC_EVENT_READING] = {BIT(F_READINGS), BIT(F_NAME) | BIT(F_TEXT)},
    [RAC_EVENT_STARTED] = {BIT(F_RATE), BIT(F_TEXT)},
    [RAC_EVENT_RATE] = {BIT(F_RATE), BIT(F_TEXT)},
    [RAC_EVENT_PAUSED] = {0, BIT(F_TEXT)},
    [RAC_EVENT_RESUMED] = {BIT(F_RATE), BIT(F_TEXT)},
    [RAC_EVENT_STOPPED] = {0, BIT(F_TEXT) | BIT(F_AMOUNT)},
    [RAC_EVENT_RECOVERING] = {0, BIT(F_TEXT)},
    [RAC_EVENT_SYMPTOM] = {BIT(F_NAME) | BIT(F_SEVERITY), BIT(F_TEXT)},
    [RAC_EVENT_INTERVENTION] = {BIT(F_NAME), BIT(F_TEXT)},
    [RAC_EVENT_NOTE] = {BIT(F_TEXT), BIT(F_NAME)},
    [RAC_EVENT_ANNOUNCED] = {BIT(F_NAME) | BIT(F_PRIORITY) | BIT(F_SINCE) | BIT(F_TEXT), 0},
    [RAC_EVENT_ACKNOWLEDGED] = {BIT(F_NAME), BIT(F_TEXT)},
    [RAC_EVENT_RESOLVED] = {BIT(F_NAME) | BIT(F_SINCE), BIT(F_TEXT)},
    [RAC_EVENT_DEVIATION] = {BIT(F_TEXT), BIT(F_NAME)},
    [RAC_EVENT_CORRECTION] = {BIT(F_TARGET) | BIT(F_TEXT), BIT(F_VOID) | BIT(F_REPLACEMENT)},
    [RAC_EVENT_DISCHARGED] = {0, BIT(F_TEXT) | BIT(F_SECOND)},
    [RAC_EVENT_CANCELLED] = {BIT(F_TEXT), 0},
    [RAC_EVENT_TRANSFERRED] = {BIT(F_TEXT), BIT(F_NAME)},
    [RAC_EVENT_LEFT] = {BIT(F_TEXT), 0},
    [RAC_EVENT_SIGNED] = {0, BIT(F_TEXT) | BIT(F_SECOND)},
};

static const char *const severities[] = {"gone", "mild", "moderate", "severe"};
static const char *const priorities[] = {"low", "medium", "high"};

/* The figures of a plan, in the order of the card. */
static const struct {
    const char *key;
    size_t offset;
} plan_figures[] = {
    {"weight_kg", offsetof(rac_plan, weight_kg)},
    {"ordered_mg_per_kg", offsetof(rac_plan, ordered_mg_per_kg)},
    {"ordered_mg", offsetof(rac_plan, ordered_mg)},
    {"strength_mg_per_ml", offsetof(rac_plan, strength_mg_per_ml)},
    {"container_ml", offsetof(rac_plan, container_ml)},
    {"draw_ml", offsetof(rac_plan, draw_ml)},
    {"drawn_mg", offsetof(rac_plan, drawn_mg)},
    {"diluent_ml", offsetof(rac_plan, diluent_ml)},
    {"final_volume_ml", offsetof(rac_plan, final_volume_ml)},
    {"concentration_mg_per_ml", offsetof(rac_plan, concentration_mg_per_ml)},
    {"rate_ml_per_h", offsetof(rac_plan, rate_ml_per_h)},
    {"rate_mg_per_h", offsetof(rac_plan, rate_mg_per_h)},
    {"rate_mg_per_kg_per_h", offsetof(rac_plan, rate_mg_per_kg_per_h)},
    {"planned_min", offsetof(rac_plan, planned_min)},
    {"given_mg_per_kg", offsetof(rac_plan, given_mg_per_kg)},
    {"left_in_vial_mg", offsetof(rac_plan, left_in_vial_mg)},
};
enum { plan_figure_count = sizeof plan_figures / sizeof *plan_figures };

/* ---- encoding -------------------------------------------------------------------------------------- */

static json_t *decimal_json(rac_decimal amount)
{
    return json_real(rac_decimal_double(amount));
}

static json_t *readings_json(const rac_event *event)
{
    json_t *list = json_array();
    for (size_t i = 0; i < event->reading_count; i++) {
        const rac_reading_value *value = &event->readings[i];
        const rac_reading_row *row = rac_reading(value->kind);
        json_t *item = json_object();
        json_object_set_new(item, "kind", json_string(row->name));
        json_object_set_new(item, "value", json_real(value->value));
        json_object_set_new(item, "unit", json_string(row->unit));
        json_object_set_new(item, "quality", json_string(rac_quality_name(value->quality)));
        if (value->why)
            json_object_set_new(item, "why", json_string(value->why));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *plan_json(rac_arena *arena, const rac_plan *plan)
{
    json_t *object = json_object();
    json_object_set_new(object, "vial_code", json_string(plan->vial_code));
    json_object_set_new(object, "weighed_at", json_string(rac_instant_format(arena, plan->weighed_at)));
    for (size_t i = 0; i < plan_figure_count; i++)
        json_object_set_new(
            object, plan_figures[i].key,
            decimal_json(*(const rac_decimal *)((const char *)plan + plan_figures[i].offset)));
    json_t *remarks = json_array();
    for (size_t i = 0; i < plan->remark_count; i++) {
        json_t *remark = json_object();
        json_object_set_new(remark, "guard", json_string(plan->remarks[i].guard));
        json_object_set_new(remark, "text", json_string(plan->remarks[i].text));
        json_array_append_new(remarks, remark);
    }
    json_object_set_new(object, "remarks", remarks);
    return object;
}

static json_t *body_json(rac_arena *arena, const rac_event *event);

static json_t *replacement_json(rac_arena *arena, const rac_event *event)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(kinds[event->kind].name));
    json_object_set_new(object, "at", json_string(rac_instant_format(arena, event->at)));
    json_object_set_new(object, "body", body_json(arena, event));
    return object;
}

/* The field's value, or NULL when it is not set. */
static json_t *field_json(rac_arena *arena, const rac_event *event, field_id field)
{
    const void *at = (const char *)event + fields[field].offset;
    switch (fields[field].type) {
    case TEXT:
        return *(const char *const *)at ? json_string(*(const char *const *)at) : NULL;
    case TRUTH:
        return field == F_VOID && !event->voided ? NULL : json_boolean(*(const bool *)at);
    case SEVERITY:
        return json_string(severities[event->severity]);
    case PRIORITY:
        return json_string(priorities[event->priority]);
    case INSTANT:
        return json_string(rac_instant_format(arena, *(const rac_instant *)at));
    case WHOLE:
        return json_integer(*(const int64_t *)at);
    case INT:
        return json_integer(*(const int *)at);
    case NUMBER:
        return *(const double *)at > 0 ? json_real(*(const double *)at) : NULL;
    case SECONDS:
        return json_real((double)((const rac_duration *)at)->ms / 1000.0);
    case DECIMAL:
        return decimal_json(*(const rac_decimal *)at);
    case READINGS:
        return readings_json(event);
    case PLAN:
        return event->plan ? plan_json(arena, event->plan) : NULL;
    case EVENT:
        return event->replacement ? replacement_json(arena, event->replacement) : NULL;
    }
    return NULL;
}

static json_t *body_json(rac_arena *arena, const rac_event *event)
{
    json_t *body = json_object();
    for (int f = 0; f < FIELD_COUNT; f++) {
        if (!((shapes[event->kind].must | shapes[event->kind].may) & BIT(f)))
            continue;
        if (f == F_AMOUNT && !(shapes[event->kind].must & BIT(f)) && event->amount.millionths <= 0)
            continue; /* an optional amount that was not given */
        json_t *value = field_json(arena, event, (field_id)f);
        if (value)
            json_object_set_new(body, fields[f].key, value);
    }
    return body;
}

char *rac_event_encode(rac_arena *arena, const rac_event *event)
{
    json_t *body = body_json(arena, event);
    char *text = rac_json_print(arena, body);
    json_decref(body);
    return text;
}

/* ---- decoding -------------------------------------------------------------------------------------- */

static rac_status wrong(rac_error *err, const char *key, const char *expected)
{
    const rac_status status = rac_fail(err, RAC_INVALID, "'%s' must be %s", key, expected);
    rac_error_field(err, key);
    return status;
}

static rac_status take_decimal(const json_t *value, const char *key, rac_decimal *amount, rac_error *err)
{
    if (!json_is_number(value))
        return wrong(err, key, "a number");
    return rac_decimal_from(json_number_value(value), amount, err);
}

static rac_status take_word(const json_t *value, const char *key, const char *const *words, int count,
                            int *index, rac_error *err)
{
    for (int i = 0; json_is_string(value) && i < count; i++) {
        if (strcmp(json_string_value(value), words[i]) == 0) {
            *index = i;
            return RAC_OK;
        }
    }
    return wrong(err, key, count == 4 ? "gone, mild, moderate or severe" : "low, medium or high");
}

enum { readings_max = 64 };

static rac_status take_readings(rac_arena *arena, const json_t *list, rac_event *event, rac_error *err)
{
    const size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0 || count > readings_max)
        return wrong(err, "readings", "a list of 1 to 64 readings");
    event->readings = rac_many(arena, rac_reading_value, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *kind = json_object_get(item, "kind"), *value = json_object_get(item, "value");
        const json_t *unit = json_object_get(item, "unit"), *quality = json_object_get(item, "quality");
        const json_t *why = json_object_get(item, "why");
        rac_reading_value *reading = &event->readings[i];
        if (!json_is_string(kind) || !json_is_number(value) || !json_is_string(quality) ||
            (why && !json_is_string(why)))
            return wrong(err, "readings", "objects with kind, value, unit and quality");
        rac_status status;
        if ((status = rac_reading_find(rac_text_of(json_string_value(kind)), &reading->kind, err)) ||
            (status = rac_quality_find(rac_text_of(json_string_value(quality)), &reading->quality, err)))
            return status;
        if (!json_is_string(unit) || strcmp(json_string_value(unit), rac_reading(reading->kind)->unit) != 0)
            return wrong(err, "readings", "in the unit of their kind");
        reading->value = json_number_value(value);
        reading->why = why ? rac_string_copy(arena, json_string_value(why)) : NULL;
    }
    event->reading_count = count;
    return RAC_OK;
}

static rac_status take_remarks(rac_arena *arena, const json_t *list, rac_plan *plan, rac_error *err)
{
    if (!json_is_array(list))
        return wrong(err, "plan.remarks", "a list");
    plan->remark_count = json_array_size(list);
    rac_plan_remark *remarks = rac_many(arena, rac_plan_remark, plan->remark_count);
    for (size_t i = 0; i < plan->remark_count; i++) {
        const json_t *guard = json_object_get(json_array_get(list, i), "guard");
        const json_t *text = json_object_get(json_array_get(list, i), "text");
        if (!json_is_string(guard) || !json_is_string(text))
            return wrong(err, "plan.remarks", "a list of guard and text");
        remarks[i].guard = rac_string_copy(arena, json_string_value(guard));
        remarks[i].text = rac_string_copy(arena, json_string_value(text));
    }
    plan->remarks = remarks;
    return RAC_OK;
}

static rac_status take_plan(rac_arena *arena, const json_t *object, const rac_plan **out, rac_error *err)
{
    rac_plan *plan = rac_new(arena, rac_plan);
    const json_t *vial = json_object_get(object, "vial_code"),
                 *weighed = json_object_get(object, "weighed_at");
    if (!json_is_string(vial) || !json_is_string(weighed))
        return wrong(err, "plan", "an object with vial_code and weighed_at");
    plan->vial_code = rac_string_copy(arena, json_string_value(vial));
    rac_status status = rac_instant_parse(rac_text_of(json_string_value(weighed)), &plan->weighed_at, err);
    for (size_t i = 0; !status && i < plan_figure_count; i++)
        status = take_decimal(json_object_get(object, plan_figures[i].key), plan_figures[i].key,
                              (rac_decimal *)((char *)plan + plan_figures[i].offset), err);
    if (status || (status = take_remarks(arena, json_object_get(object, "remarks"), plan, err)))
        return status;
    *out = plan;
    return RAC_OK;
}

static rac_status body_take(rac_arena *arena, json_t *body, rac_event *event, rac_error *err);

static rac_status take_replacement(rac_arena *arena, const json_t *object, rac_event *event, rac_error *err)
{
    const json_t *kind = json_object_get(object, "kind"), *at = json_object_get(object, "at");
    json_t *body = json_object_get(object, "body");
    if (!json_is_string(kind) || !json_is_string(at) || !json_is_object(body))
        return wrong(err, "replacement", "an object with kind, at and body");
    rac_event *inner = rac_new(arena, rac_event);
    rac_status status;
    if ((status = rac_event_find(rac_text_of(json_string_value(kind)), &inner->kind, err)) ||
        (status = rac_instant_parse(rac_text_of(json_string_value(at)), &inner->at, err)))
        return status;
    if (inner->kind == RAC_EVENT_CORRECTION)
        return wrong(err, "replacement", "an event other than a correction");
    inner->fasting_h = -1;
    inner->seq = event->seq;
    inner->recorded = event->recorded;
    inner->actor = event->actor;
    inner->source = event->source;
    event->replacement = inner;
    return body_take(arena, body, inner, err);
}

static rac_status take_field(rac_arena *arena, json_t *value, rac_event *event, field_id field,
                             rac_error *err)
{
    void *at = (char *)event + fields[field].offset;
    const char *key = fields[field].key;
    int index = 0;
    rac_status status = RAC_OK;
    switch (fields[field].type) {
    case TEXT:
        if (!json_is_string(value))
            return wrong(err, key, "text");
        *(const char **)at = rac_string_copy(arena, json_string_value(value));
        return RAC_OK;
    case TRUTH:
        if (!json_is_boolean(value))
            return wrong(err, key, "true or false");
        *(bool *)at = json_is_true(value);
        return RAC_OK;
    case SEVERITY:
        status = take_word(value, key, severities, 4, &index, err);
        event->severity = (rac_severity)index;
        return status;
    case PRIORITY:
        status = take_word(value, key, priorities, 3, &index, err);
        event->priority = (rac_priority)index;
        return status;
    case INSTANT:
        return json_is_string(value) ? rac_instant_parse(rac_text_of(json_string_value(value)), at, err)
                                     : wrong(err, key, "a time");
    case WHOLE:
        if (!json_is_integer(value))
            return wrong(err, key, "a whole number");
        *(int64_t *)at = json_integer_value(value);
        return RAC_OK;
    case INT:
        if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 1000000)
            return wrong(err, key, "a whole number up to 1000000");
        *(int *)at = (int)json_integer_value(value);
        return RAC_OK;
    case NUMBER:
        if (!json_is_number(value))
            return wrong(err, key, "a number");
        *(double *)at = json_number_value(value);
        return RAC_OK;
    case SECONDS:
        if (!json_is_number(value) || !(json_number_value(value) > 0) || json_number_value(value) > 86400)
            return wrong(err, key, "seconds up to a day");
        ((rac_duration *)at)->ms = llround(json_number_value(value) * 1000.0);
        return RAC_OK;
    case DECIMAL:
        return take_decimal(value, key, at, err);
    case READINGS:
        return take_readings(arena, value, event, err);
    case PLAN:
        return take_plan(arena, value, &event->plan, err);
    case EVENT:
        return take_replacement(arena, value, event, err);
    }
    return RAC_OK;
}

static int field_named(const char *key)
{
    for (int f = 0; f < FIELD_COUNT; f++)
        if (strcmp(fields[f].key, key) == 0)
            return f;
    return -1;
}

static rac_status body_take(rac_arena *arena, json_t *body, rac_event *event, rac_error *err)
{
    const unsigned must = shapes[event->kind].must, allowed = must | shapes[event->kind].may;
    unsigned seen = 0;
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        const int field = field_named(key);
        if (field < 0 || !(allowed & BIT(field))) {
            const rac_status status =
                rac_fail(err, RAC_INVALID, "'%.60s' does not belong in '%s'", key, kinds[event->kind].name);
            rac_error_field(err, key);
            return status;
        }
        const rac_status status = take_field(arena, value, event, (field_id)field, err);
        if (status)
            return status;
        seen |= BIT(field);
    }
    for (int f = 0; f < FIELD_COUNT; f++) {
        if ((must & BIT(f)) && !(seen & BIT(f))) {
            const rac_status status =
                rac_fail(err, RAC_INVALID, "'%s' is missing in '%s'", fields[f].key, kinds[event->kind].name);
            rac_error_field(err, fields[f].key);
            return status;
        }
    }
    if (event->kind == RAC_EVENT_CORRECTION && event->voided == (event->replacement != NULL))
        return wrong(err, "void", "set, or a replacement given, but not both");
    return RAC_OK;
}

rac_status rac_event_decode(rac_arena *arena, rac_text body, rac_event *event, rac_error *err)
{
    json_t *value = NULL;
    rac_status status = rac_json_parse(body, NULL, &value, err);
    if (status)
        return status;
    event->fasting_h = -1;
    if (!json_is_object(value))
        status = rac_fail(err, RAC_INVALID, "the body of an event must be an object");
    else
        status = body_take(arena, value, event, err);
    json_decref(value);
    return status;
}

/* ---- lines for people -------------------------------------------------------------------------------- */

static char *readings_line(rac_arena *arena, const rac_event *event)
{
    char *line = rac_string_copy(arena, "");
    for (size_t i = 0; i < event->reading_count; i++) {
        const rac_reading_value *value = &event->readings[i];
        const rac_reading_row *row = rac_reading(value->kind);
        line = rac_format(arena, "%s%s%s %.*f%s%s", line, i ? ", " : "", row->shorter, row->digits,
                          value->value, rac_reading_unit(row)[0] ? " " : "", rac_reading_unit(row));
        if (value->quality == RAC_QUALITY_ARTEFACT || value->quality == RAC_QUALITY_INVALID)
            line = rac_format(arena, "%s (%s%s%s)", line, rac_quality_name(value->quality),
                              value->why ? ": " : "", value->why ? value->why : "");
    }
    return line;
}

static char *event_words(rac_arena *arena, const rac_event *event)
{
    const char *sentence = kinds[event->kind].sentence;
    switch (event->kind) {
    case RAC_EVENT_READING:
        return readings_line(arena, event);
    case RAC_EVENT_STARTED:
    case RAC_EVENT_RATE:
    case RAC_EVENT_RESUMED:
        return rac_format(arena, "%s at %s mL/h", sentence,
                          rac_decimal_format(arena, event->rate_ml_per_h, 1));
    case RAC_EVENT_OPENED:
        return rac_format(arena, "%s for %s, infusion %d", sentence, event->name, event->number);
    case RAC_EVENT_WEIGHED:
        return rac_format(arena, "%s: %s kg", sentence, rac_decimal_format_exact(arena, event->amount));
    case RAC_EVENT_SYMPTOM:
        return rac_format(arena, "%s: %s, %s", sentence, event->name, severities[event->severity]);
    case RAC_EVENT_TICK:
        return rac_format(arena, "%s: %s", event->done ? sentence : "check taken back", event->name);
    case RAC_EVENT_ANNOUNCED:
        return rac_format(arena, "%s (%s): %s", sentence, priorities[event->priority], event->name);
    case RAC_EVENT_CORRECTION:
        return rac_format(arena, "entry %lld %s", (long long)event->target,
                          event->voided ? "struck out" : "corrected");
    case RAC_EVENT_PLANNED:
        return rac_format(arena, "%s: %s mg at %s mL/h", sentence,
                          rac_decimal_format_exact(arena, event->plan->drawn_mg),
                          rac_decimal_format(arena, event->plan->rate_ml_per_h, 1));
    default:
        return event->name ? rac_format(arena, "%s: %s", sentence, event->name)
                           : rac_string_copy(arena, sentence);
    }
}

/* A late entry is one recorded more than a minute after it happened. */
char *rac_event_line(rac_arena *arena, const rac_event *event, int zone_min)
{
    char *line = rac_format(arena, "%s %s", rac_instant_format_clock(arena, event->at, zone_min),
                            event_words(arena, event));
    if (event->text)
        line = rac_format(arena, "%s (%s%s)", line, event->kind == RAC_EVENT_OPENED ? "chair " : "",
                          event->text);
    if (event->second)
        line = rac_format(arena, "%s, second person %s", line, event->second);
    if (event->recorded.ms - event->at.ms > 60000)
        line = rac_format(arena, "%s [late, entered %s]", line,
                          rac_instant_format_clock(arena, event->recorded, zone_min));
    return line;
}

/* ---- clinical order ------------------------------------------------------------------------------------ */

static bool comes_after(const rac_event *a, const rac_event *b)
{
    return a->at.ms != b->at.ms ? a->at.ms > b->at.ms : a->seq > b->seq;
}

/* Merge sort: stable, no recursion over input depth (halves of an array). */
static void sort_clinical(rac_event *events, rac_event *spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t from = 0; from < count; from += 2 * width) {
            const size_t middle = from + width < count ? from + width : count;
            const size_t end = from + 2 * width < count ? from + 2 * width : count;
            size_t a = from, b = middle;
            for (size_t k = from; k < end; k++)
                spare[k] = b >= end || (a < middle && !comes_after(&events[a], &events[b])) ? events[a++]
                                                                                            : events[b++];
        }
        memcpy(events, spare, count * sizeof *events);
    }
}

rac_event *rac_events_clinical(rac_arena *arena, const rac_event *events, size_t count,
                               size_t *clinical_count)
{
    rac_event *out = rac_many(arena, rac_event, count), *spare = rac_many(arena, rac_event, count);
    memcpy(out, events, count * sizeof *out);
    /* Of several corrections of one target the one recorded last (the highest seq) wins, wherever it
     * stands in the list. */
    int64_t *by = rac_many(arena, int64_t, count);
    for (size_t j = 0; j < count; j++)
        by[j] = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        if (events[i].kind != RAC_EVENT_CORRECTION)
            continue;
        for (size_t j = 0; j < count; j++) {
            if (events[j].seq != events[i].target || events[j].kind == RAC_EVENT_CORRECTION ||
                by[j] > events[i].seq)
                continue;
            by[j] = events[i].seq;
            if (events[i].voided) {
                out[j].kind = RAC_EVENT_KIND_COUNT; /* struck out */
            } else {
                out[j] = *events[i].replacement;
                out[j].seq = events[j].seq; /* keeps its place among equals */
                out[j].recorded = events[i].recorded;
            }
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (out[i].kind != RAC_EVENT_KIND_COUNT)
            out[kept++] = out[i];
    sort_clinical(out, spare, kept);
    *clinical_count = kept;
    return out;
}
