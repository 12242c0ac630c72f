/* What the pages show: docs/views.md.  Everything that needs arithmetic is done here, so that the pages do
 * none. */
#include <string.h>

#include "app/internal.h"

static const char *const priorities[] = {"low", "medium", "high"};
static const char *const actions[] = {"notify", "hold", "stop"};
static const char *const severities[] = {"gone", "mild", "moderate", "severe"};
static const char *const item_states[] = {"met", "not met", "unknown"};

static json_t *ms(rac_instant instant)
{
    return json_integer(instant.ms);
}

static const char *source_letter(rac_quality quality)
{
    static const char *const letters[] = {"D", "M", "A", "I"};
    return letters[quality];
}

static json_t *readings_view(rac_arena *arena, const rac_case *c)
{
    json_t *out = json_object();
    for (int kind = 0; kind < RAC_READING_COUNT; kind++) {
        const rac_reading_row *row = rac_reading((rac_reading_kind)kind);
        const rac_timed_value *latest = rac_session_latest(&c->session, (rac_reading_kind)kind);
        const rac_timed_value *baseline = rac_session_baseline(&c->session, (rac_reading_kind)kind);
        if (!latest)
            continue;
        json_t *one = json_pack("{s:f, s:s, s:o, s:s, s:s, s:s, s:s}", "value", latest->value, "text",
                                rac_format(arena, "%.*f", row->digits, latest->value), "at_ms",
                                ms(latest->at), "unit", row->unit, "title", row->title, "short", row->shorter,
                                "source", source_letter(latest->quality));
        if (baseline && c->session.any_drug) {
            json_object_set_new(one, "baseline_text",
                                json_string(rac_format(arena, "%.*f", row->digits, baseline->value)));
            json_object_set_new(one, "trend",
                                json_string(latest->value > baseline->value   ? "up"
                                            : latest->value < baseline->value ? "down"
                                                                              : "same"));
        }
        json_object_set_new(out, row->name, one);
    }
    return out;
}

static json_t *alarm_view(const rac_alarm *a)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:b}", "id", a->id, "say", a->say,
                          "cause", rac_alarm_cause_name(a->cause), "priority", priorities[a->priority],
                          "action", actions[a->action], "since_ms", ms(a->since), "active", a->active,
                          "announced", a->announced, "acknowledged", a->acknowledged);
    if (a->acknowledged_by)
        json_object_set_new(o, "acknowledged_by", json_string(a->acknowledged_by));
    return o;
}

static json_t *due_view(rac_arena *arena, const rac_case *c)
{
    rac_due_reading *due;
    size_t count;
    json_t *list = json_array();
    (void)rac_alarms_readings_due(arena, &c->moment, &due, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:o, s:b}", "measure", due[i].row->measure, "due_ms",
                                              ms(due[i].due), "overdue", due[i].overdue));
    return list;
}

static json_t *next_due(rac_arena *arena, const rac_case *c)
{
    rac_due_reading *due;
    size_t count, best = 0;
    (void)rac_alarms_readings_due(arena, &c->moment, &due, &count);
    for (size_t i = 1; i < count; i++)
        if (due[i].due.ms < due[best].due.ms)
            best = i;
    if (!count)
        return json_null();
    return json_pack("{s:s, s:o, s:b}", "measure", due[best].row->measure, "due_ms", ms(due[best].due),
                     "overdue", due[best].overdue);
}

/* "22 of 40 min", "recovering 12 min": what the nurse at the station reads first. */
static const char *phase_text(rac_arena *arena, const rac_case *c)
{
    const rac_session *s = &c->session;
    const rac_instant now = c->moment.now;
    if (s->state == RAC_STATE_RECOVERING)
        return rac_format(arena, "recovering %s",
                          rac_duration_format(arena, rac_instant_since(now, s->recovering_at)));
    if (s->state != RAC_STATE_DOSING && s->state != RAC_STATE_PAUSED)
        return rac_state_name(s->state);
    const rac_duration running = rac_instant_since(now, s->started_at);
    return rac_format(
        arena, "%s%s%s min", s->state == RAC_STATE_PAUSED ? "held, " : "",
        rac_format(arena, "%lld", (long long)(running.ms / 60000)),
        s->plan ? rac_format(arena, " of %s", rac_decimal_format(arena, s->plan->planned_min, 0)) : "");
}

static json_t *patient_view(rac_app *app, rac_arena *arena, const char *id, bool whole)
{
    rac_person person;
    if (rac_app_patient(app, arena, id, &person, NULL))
        return json_pack("{s:s, s:s}", "id", id, "label", id);
    json_t *o = json_pack("{s:s, s:s}", "id", id, "label", rac_person_label(arena, &person));
    if (whole)
        json_object_set_new(o, "allergies", person.allergies ? json_string(person.allergies) : json_null());
    return o;
}

static void given(const rac_case *c, rac_decimal *volume, rac_decimal *amount)
{
    rac_session_delivered(&c->session, c->moment.now, volume, amount);
}

/* ---- board
 * -----------------------------------------------------------------------------------------------------------
 */

static rac_status board_card(rac_app *app, rac_arena *arena, const char *id, json_t *list, rac_error *err)
{
    rac_case c;
    rac_decimal volume, amount;
    rac_status status = rac_case_load(app, arena, id, rac_app_now(app), &c, err);
    if (status)
        return status;
    given(&c, &volume, &amount);
    json_t *card = json_pack(
        "{s:s, s:o, s:s*, s:i, s:s, s:s, s:o, s:o, s:i, s:s, s:o}", "id", id, "patient",
        patient_view(app, arena, c.patient_id, false), "chair", c.chair, "number", c.session.number, "state",
        rac_state_name(c.session.state), "phase_text", phase_text(arena, &c), "readings",
        readings_view(arena, &c), "alarm", c.alarms.count ? alarm_view(&c.alarms.items[0]) : json_null(),
        "alarm_count", (int)c.alarms.count, "given_text",
        rac_format(arena, "%s mg", rac_decimal_format(arena, amount, 1)), "next_due", next_due(arena, &c));
    json_object_set_new(card, "discharge", json_null());
    if (c.session.state == RAC_STATE_RECOVERING) {
        rac_discharge discharge;
        if ((status = rac_discharge_evaluate(arena, &c.moment, &discharge, err))) {
            json_decref(card);
            return status;
        }
        json_object_set_new(
            card, "discharge",
            json_pack("{s:b, s:o}", "ready", discharge.ready, "earliest_ms", ms(discharge.earliest)));
    }
    json_array_append_new(list, card);
    return RAC_OK;
}

rac_status rac_app_board_view(rac_app *app, json_t **view, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    rac_store_head head;
    const char **ids;
    size_t count;
    json_t *list = json_array();
    rac_status status = rac_app_open_sessions(app, arena, &ids, &count, err);
    for (size_t i = count; !status && i-- > 0;)
        status = board_card(app, arena, ids[i], list, err);
    if (!status)
        status = rac_store_head_now(rac_app_store(app), &head, err);
    if (!status)
        *view = json_pack("{s:{s:s, s:b, s:i}, s:o, s:s, s:O}", "clinic", "name", rac_app_name(app), "demo",
                          rac_app_demo(app), "zone_min", rac_app_zone_min(app), "now_ms",
                          ms(rac_app_now(app)), "head", head.print, "sessions", list);
    json_decref(list);
    rac_arena_free(arena);
    return status;
}

/* ---- session
 * ------------------------------------------------------------------------------------------------------------
 */

static json_t *series_view(const rac_session *s)
{
    json_t *out = json_object();
    for (int kind = 0; kind < RAC_READING_COUNT; kind++) {
        const rac_series *series = &s->series[kind];
        if (!series->count)
            continue;
        json_t *points = json_array();
        for (size_t i = 0; i < series->count; i++)
            json_array_append_new(points,
                                  json_pack("[o, f, s, b]", ms(series->items[i].at), series->items[i].value,
                                            source_letter(series->items[i].quality), series->items[i].late));
        json_object_set_new(out, rac_reading((rac_reading_kind)kind)->name, points);
    }
    return out;
}

/* A silence longer than the present phase's interval and its grace breaks the line. */
static json_t *gaps_view(const rac_case *c)
{
    const rac_phase phase = c->session.recovering_at.ms ? RAC_PHASE_RECOVERY : RAC_PHASE_INFUSION;
    json_t *out = json_object();
    for (size_t i = 0; i < c->protocol->monitoring_count; i++) {
        const rac_monitoring_row *row = &c->protocol->monitoring[i];
        if (row->phase != phase && json_object_get(out, row->reading))
            continue; /* the other phase's interval only where this one names none */
        json_object_set_new(out, row->reading, json_integer(row->every.ms + row->late_after.ms));
        if (strcmp(row->reading, "sbp") == 0)
            json_object_set_new(out, "dbp", json_integer(row->every.ms + row->late_after.ms));
    }
    return out;
}

static json_t *rates_view(const rac_session *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->segment_count; i++)
        json_array_append_new(
            list, json_pack("[o, o, f]", ms(s->segments[i].from),
                            s->segments[i].to.ms == INT64_MAX ? json_null() : ms(s->segments[i].to),
                            rac_decimal_double(s->segments[i].rate_ml_per_h)));
    return list;
}

static json_t *limits_view(const rac_protocol *protocol)
{
    static const struct {
        const char *reading, *hold, *stop;
    } rows[] = {{"sbp", "hold_systolic", "stop_systolic"},
                {"dbp", "hold_diastolic", "stop_diastolic"},
                {"hr", "hold_heart_rate", NULL},
                {"spo2", "hold_spo2", NULL}};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const rac_site_place *hold = rac_protocol_place(protocol, rows[i].hold);
        const rac_site_place *stop = rows[i].stop ? rac_protocol_place(protocol, rows[i].stop) : NULL;
        if (!hold || !hold->filled)
            continue;
        json_t *one = json_pack("{s:s, s:f}", "reading", rows[i].reading, "hold", hold->value);
        if (stop && stop->filled)
            json_object_set_new(one, "stop", json_real(stop->value));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *checklist_view(const rac_checklist *list)
{
    json_t *out = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(out,
                              json_pack("{s:s, s:s, s:s, s:s, s:b}", "id", list->items[i].item->id, "ask",
                                        list->items[i].item->ask, "state", item_states[list->items[i].state],
                                        "explanation", list->items[i].explanation, "hand",
                                        list->items[i].item->when == NULL));
    return out;
}

enum { events_shown = 200 };

static json_t *events_view(rac_arena *arena, const rac_case *c)
{
    json_t *list = json_array();
    for (size_t i = c->event_count; i-- > 0 && json_array_size(list) < events_shown;) {
        const rac_event *e = &c->events[i];
        bool struck = false;
        if (e->kind == RAC_EVENT_READING && e->source && strncmp(e->source, "hl7:", 4) == 0)
            continue; /* what devices send is in the trend; here it would bury what people did */
        for (size_t j = 0; j < c->event_count; j++)
            struck = struck || (c->events[j].kind == RAC_EVENT_CORRECTION && c->events[j].target == e->seq);
        json_array_append_new(list,
                              json_pack("{s:I, s:o, s:o, s:s, s:b, s:b, s:s, s:s*}", "seq",
                                        (json_int_t)e->seq, "at_ms", ms(e->at), "recorded_ms",
                                        ms(e->recorded), "line", rac_event_line(arena, e, c->moment.zone_min),
                                        "late", e->recorded.ms - e->at.ms > 60000, "corrected", struck,
                                        "kind", rac_event_name(e->kind), "actor", e->actor));
    }
    return list;
}

static json_t *symptoms_view(const rac_session *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->symptom_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", s->symptoms[i].name, "severity",
                                              severities[s->symptoms[i].severity], "since_ms",
                                              ms(s->symptoms[i].since)));
    return list;
}

/* The verbs that make sense in this state, for the page's buttons. */
static json_t *actions_view(rac_state state)
{
    static const struct {
        rac_event_kind kind;
        const char *verb;
    } verbs[] = {{RAC_EVENT_CHECKED_IN, "check-in"}, {RAC_EVENT_READY, "ready"},
                 {RAC_EVENT_STARTED, "start"},       {RAC_EVENT_RATE, "rate"},
                 {RAC_EVENT_PAUSED, "pause"},        {RAC_EVENT_RESUMED, "resume"},
                 {RAC_EVENT_STOPPED, "stop"},        {RAC_EVENT_DISCHARGED, "discharge"},
                 {RAC_EVENT_CANCELLED, "cancel"},    {RAC_EVENT_TRANSFERRED, "transfer"},
                 {RAC_EVENT_LEFT, "leave"}};
    json_t *list = json_array();
    rac_state to;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (rac_state_after(state, verbs[i].kind, &to))
            json_array_append_new(list, json_string(verbs[i].verb));
    return list;
}

static json_t *plan_view(rac_arena *arena, const rac_session *s)
{
    const rac_plan *p = s->plan;
    if (!p)
        return json_null();
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s*, s:s*}", "drawn_mg_text",
        rac_format(arena, "%s mg", rac_decimal_format_exact(arena, p->drawn_mg)), "rate_text",
        rac_format(arena, "%s mL/h", rac_decimal_format(arena, p->rate_ml_per_h, 1)), "minutes_text",
        rac_format(arena, "%s min", rac_decimal_format_exact(arena, p->planned_min)), "concentration_text",
        rac_format(arena, "%s mg/mL", rac_decimal_format_exact(arena, p->concentration_mg_per_ml)),
        "signed_by", s->plan_signed_by, "second", s->plan_second);
}

/* "intensive-care recording, not ketamine": whatever the binding note says about where the numbers come from.
 */
static const char *label_of(const rac_case *c)
{
    const char *label = NULL;
    for (size_t i = 0; i < c->event_count; i++)
        if (c->events[i].kind == RAC_EVENT_DEVICE_BOUND)
            label = c->events[i].text;
    return label;
}

static void set_instant(json_t *view, const char *key, bool known, rac_instant at)
{
    json_object_set_new(view, key, known ? ms(at) : json_null());
}

static void set_dosing(rac_arena *arena, const rac_case *c, json_t *view)
{
    const rac_session *s = &c->session;
    rac_decimal volume, amount;
    rac_instant end;
    given(c, &volume, &amount);
    const double percent =
        s->plan ? 100 * rac_decimal_double(amount) / rac_decimal_double(s->plan->drawn_mg) : 0;
    json_object_set_new(view, "given",
                        json_pack("{s:s, s:s, s:f}", "mg_text",
                                  rac_format(arena, "%s mg", rac_decimal_format(arena, amount, 1)), "ml_text",
                                  rac_format(arena, "%s mL", rac_decimal_format(arena, volume, 1)), "percent",
                                  percent));
    const bool running = rac_session_end(s, c->moment.now, &end);
    set_instant(view, "end_ms", running, end);
    json_object_set_new(
        view, "rate_text",
        running ? json_string(rac_format(
                      arena, "%s mL/h",
                      rac_decimal_format(arena, s->segments[s->segment_count - 1].rate_ml_per_h, 1)))
                : json_null());
    set_instant(view, "started_ms", s->any_drug, s->started_at);
    set_instant(view, "recovering_ms", s->state == RAC_STATE_RECOVERING, s->recovering_at);
}

static rac_status set_lists(rac_arena *arena, const rac_case *c, json_t *view, rac_error *err)
{
    rac_checklist start;
    rac_discharge leave;
    rac_status status = rac_checklist_evaluate(arena, &c->moment, c->protocol->start, &start, err);
    if (status || (status = rac_discharge_evaluate(arena, &c->moment, &leave, err)))
        return status;
    json_object_set_new(view, "start", checklist_view(&start));
    json_object_set_new(view, "start_open", json_boolean(!start.complete));
    json_object_set_new(view, "discharge",
                        json_pack("{s:b, s:o, s:o, s:o}", "ready", leave.ready, "earliest_ms",
                                  ms(leave.earliest), "no_driving_until_ms",
                                  leave.no_driving_until.ms ? ms(leave.no_driving_until) : json_null(),
                                  "items", checklist_view(&leave.checklist)));
    return RAC_OK;
}

static void set_record(rac_app *app, rac_arena *arena, const rac_case *c, json_t *view)
{
    const rac_session *s = &c->session;
    json_t *alarms = json_array(), *deviations = json_array();
    for (size_t i = 0; i < c->alarms.count; i++)
        json_array_append_new(alarms, alarm_view(&c->alarms.items[i]));
    for (size_t i = 0; i < s->deviation_count; i++)
        json_array_append_new(deviations, json_string(s->deviations[i]));
    json_t *patient = patient_view(app, arena, c->patient_id, true);
    if (s->weighed)
        json_object_set_new(
            patient, "weight_text",
            json_string(rac_format(arena, "%s kg", rac_decimal_format_exact(arena, s->weight_kg))));
    json_object_set_new(view, "patient", patient);
    json_object_set_new(view, "alarms", alarms);
    json_object_set_new(view, "deviations", deviations);
    json_object_set_new(view, "events", events_view(arena, c));
    json_object_set_new(view, "symptoms", symptoms_view(s));
    json_object_set_new(view, "device",
                        s->device
                            ? json_pack("{s:s, s:o, s:I}", "id", s->device, "heard_ms", ms(s->device_heard),
                                        "interval_ms", (json_int_t)s->device_interval.ms)
                            : json_null());
}

rac_status rac_app_session_view(rac_app *app, const char *session_id, json_t **view, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    rac_case c;
    rac_status status = rac_case_load(app, arena, session_id, rac_app_now(app), &c, err);
    if (status) {
        rac_arena_free(arena);
        return status;
    }
    const rac_session *s = &c.session;
    json_t *out =
        json_pack("{s:s, s:o, s:i, s:s, s:i, s:s*, s:b, s:s*, s:{s:s, s:s, s:s}}", "id", session_id, "now_ms",
                  ms(c.moment.now), "zone_min", c.moment.zone_min, "state", rac_state_name(s->state),
                  "number", s->number, "chair", c.chair, "demo", rac_app_demo(app), "label", label_of(&c),
                  "protocol", "id", c.protocol->id, "title", c.protocol->title, "hash", s->protocol_hash);
    json_object_set_new(out, "phase_text", json_string(phase_text(arena, &c)));
    json_object_set_new(out, "plan", plan_view(arena, s));
    json_object_set_new(out, "readings", readings_view(arena, &c));
    json_object_set_new(out, "series", series_view(s));
    json_object_set_new(out, "gap_ms", gaps_view(&c));
    json_object_set_new(out, "rates", rates_view(s));
    json_object_set_new(out, "limits", limits_view(c.protocol));
    json_object_set_new(out, "due", due_view(arena, &c));
    json_object_set_new(out, "actions", actions_view(s->state));
    set_dosing(arena, &c, out);
    set_record(app, arena, &c, out);
    status = set_lists(arena, &c, out, err);
    if (status)
        json_decref(out);
    else
        *view = out;
    rac_arena_free(arena);
    return status;
}
