/* What people do in a session.  Most verbs are one event; the rows below say which argument becomes which
 * field. A verb with a gate of its own (ready, start, discharge, plan) has a function of its own. */
#include <string.h>

#include "app/internal.h"

/* A clock a little ahead on another machine is not a person from the future. */
static const rac_duration clock_tolerance = {60000};
enum { commit_tries = 20 };

static rac_event blank_event(const rac_call *call, rac_event_kind kind, rac_instant at)
{
    return (rac_event){.kind = kind, .at = at, .actor = call->actor, .source = call->source, .fasting_h = -1};
}

/* The patient named in a write must be the session's (two tabs, two patients: RS-13). */
static rac_status check_patient(const rac_call *call, const rac_case *c, rac_error *err)
{
    const char *named = rac_call_value(call, "patient");
    if (!named || strcmp(named, c->patient_id) == 0)
        return RAC_OK;
    rac_fail(err, RAC_CONFLICT, "session %s is %s's, not %.40s's", c->session_id, c->patient_id, named);
    rac_error_field(err, "patient");
    return RAC_CONFLICT;
}

/* What was recorded, for people and programs. */
static void answer(rac_call *call, const rac_case *before, const rac_event *events, size_t count, int64_t seq,
                   rac_reply *reply)
{
    rac_case after;
    char *text = rac_string_copy(call->arena, "");
    for (size_t i = 0; i < count; i++)
        text = rac_format(call->arena, "%s%s\n", text,
                          rac_event_line(call->arena, &events[i], rac_app_zone_min(call->app)));
    reply->json = json_pack("{s:s, s:s}", "session", before->session_id, "patient", before->patient_id);
    if (!rac_case_load(call->app, call->arena, before->session_id, rac_app_now(call->app), &after, NULL)) {
        json_object_set_new(reply->json, "state", json_string(rac_state_name(after.session.state)));
        json_object_set_new(reply->json, "seq", json_integer(seq));
        for (size_t i = before->session.deviation_count; i < after.session.deviation_count; i++)
            text = rac_format(call->arena, "%s! deviation: %s\n", text, after.session.deviations[i]);
        json_t *alarms = json_array();
        for (size_t i = 0; i < after.alarms.count; i++) {
            const rac_alarm *alarm = &after.alarms.items[i];
            static const char *const stars[] = {"*", "**", "***"};
            text = rac_format(call->arena, "%s%s %s\n", text, stars[alarm->priority], alarm->say);
            json_array_append_new(alarms, json_string(alarm->id));
        }
        json_object_set_new(reply->json, "alarms", alarms);
    }
    json_object_set_new(reply->json, "text", json_string(text));
    reply->text = text;
}

/* Decides on a freshly loaded case which events to record; called again when somebody was faster. */
typedef rac_status decide(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                          rac_error *err);

enum { events_at_once = 4 };

static rac_status accept_all(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                             rac_error *err)
{
    const size_t given = *count;
    for (size_t i = 0; i < given; i++) {
        const char *deviation;
        const rac_status status =
            rac_session_accept(call->arena, &c->moment, &events[i], clock_tolerance, &deviation, err);
        if (status)
            return status;
        if (deviation &&
            *count < events_at_once) { /* a fact is recorded, and that it should not have been is too */
            rac_event *said = &events[(*count)++];
            *said = blank_event(call, RAC_EVENT_DEVIATION, events[i].at);
            said->text = deviation;
            said->name = rac_event_name(events[i].kind);
        }
    }
    return RAC_OK;
}

static rac_status perform(rac_call *call, decide *decision, rac_reply *reply, rac_error *err)
{
    const char *id = rac_call_value(call, "session");
    rac_status status = RAC_CONFLICT;
    for (int i = 0; status == RAC_CONFLICT && i < commit_tries; i++) {
        rac_case c;
        rac_event events[events_at_once];
        size_t count = 0;
        const rac_instant now = rac_app_now(call->app);
        if ((status = rac_case_load(call->app, call->arena, id, now, &c, err)))
            return status;
        if ((status = check_patient(call, &c, err)) || (status = decision(call, &c, events, &count, err)) ||
            (status = accept_all(call, &c, events, &count, err)))
            return status;
        rac_store_result first = {0};
        status = rac_case_commit(call->app, call->arena, &c, events, count, NULL, now, &first, err);
        if (!status)
            answer(call, &c, events, count, first.seq, reply);
    }
    return status;
}

/* ---- verbs that are one event
 * ------------------------------------------------------------------------------------- */

static const struct {
    const char *noun, *verb;
    rac_event_kind kind;
    const char *name;   /* argument that becomes event.name */
    const char *text;   /* ... event.text */
    const char *amount; /* ... event.amount, in amount_unit */
    const char *amount_unit;
    const char *rate; /* ... event.rate_ml_per_h */
    bool is_signed;   /* needs the PIN */
} rows[] = {
    {"session", "check-in", RAC_EVENT_CHECKED_IN, NULL, "note", NULL, NULL, NULL, false},
    {"session", "weigh", RAC_EVENT_WEIGHED, NULL, "note", "weight", "kg", NULL, false},
    {"session", "vial", RAC_EVENT_VIAL, "code", "note", NULL, NULL, NULL, false},
    {"session", "sign-plan", RAC_EVENT_PLAN_SIGNED, NULL, "note", NULL, NULL, NULL, true},
    {"session", "tick", RAC_EVENT_TICK, "item", "note", NULL, NULL, NULL, false},
    {"session", "rate", RAC_EVENT_RATE, NULL, "reason", NULL, NULL, "rate", false},
    {"session", "pause", RAC_EVENT_PAUSED, NULL, "reason", NULL, NULL, NULL, false},
    {"session", "resume", RAC_EVENT_RESUMED, NULL, "reason", NULL, NULL, "rate", false},
    {"session", "stop", RAC_EVENT_STOPPED, NULL, "reason", "left", "mL", NULL, false},
    {"session", "recover", RAC_EVENT_RECOVERING, NULL, "note", NULL, NULL, NULL, false},
    {"session", "cancel", RAC_EVENT_CANCELLED, NULL, "reason", NULL, NULL, NULL, false},
    {"session", "transfer", RAC_EVENT_TRANSFERRED, "to", "reason", NULL, NULL, NULL, false},
    {"session", "leave", RAC_EVENT_LEFT, NULL, "reason", NULL, NULL, NULL, false},
    {"session", "sign", RAC_EVENT_SIGNED, NULL, "note", NULL, NULL, NULL, true},
    {"session", "bind", RAC_EVENT_DEVICE_BOUND, "device", "note", NULL, NULL, NULL, false},
    {"session", "release", RAC_EVENT_DEVICE_RELEASED, "device", "note", NULL, NULL, NULL, false},
    {"event", NULL, RAC_EVENT_SYMPTOM, "name", "note", NULL, NULL, NULL, false},
    {"note", NULL, RAC_EVENT_NOTE, NULL, "text", NULL, NULL, NULL, false},
    {"give", NULL, RAC_EVENT_INTERVENTION, "name", "note", NULL, NULL, NULL, false},
    {"acknowledge", NULL, RAC_EVENT_ACKNOWLEDGED, "alarm", "note", NULL, NULL, NULL, false},
};

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static size_t row_of(const rac_use_case *use_case)
{
    size_t i = 0;
    while (!same(rows[i].noun, use_case->noun) || !same(rows[i].verb, use_case->verb))
        i++; /* every use case that runs here has a row: a test walks the table */
    return i;
}

static rac_status typed_rate(rac_call *call, const rac_case *c, const char *argument, rac_decimal *rate,
                             rac_error *err)
{
    const char *typed = rac_call_value(call, argument);
    if (typed)
        return rac_plan_quantity(rac_text_of(typed), "mL/h", rate, NULL, err);
    if (!c->session.plan)
        return rac_fail(err, RAC_INVALID, "say which rate the pump shows, e.g. '75 mL/h'");
    *rate = c->session.plan->rate_ml_per_h;
    return RAC_OK;
}

static rac_status fill_symptom(rac_call *call, rac_event *event, rac_error *err)
{
    static const char *const words[] = {"gone", "mild", "moderate", "severe"};
    const char *typed = rac_call_value(call, "severity");
    for (int i = 0; i < 4; i++) {
        if (typed && strcmp(typed, words[i]) == 0) {
            event->severity = (rac_severity)i;
            return RAC_OK;
        }
    }
    event->severity = RAC_MILD;
    return typed ? rac_fail(err, RAC_INVALID, "severity is gone, mild, moderate or severe") : RAC_OK;
}

static rac_status fill_tick(rac_call *call, const rac_case *c, rac_event *event, rac_error *err)
{
    const char *hours = rac_call_value(call, "hours");
    const rac_check_items *const lists[] = {&c->protocol->start, &c->protocol->discharge};
    bool known = false;
    event->done = !rac_call_flag(call, "undo");
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            known = known || strcmp(lists[l]->items[i].id, event->name) == 0;
    for (size_t i = 0; i < c->protocol->second_checks.count; i++)
        known = known || strcmp(c->protocol->second_checks.items[i], event->name) == 0;
    if (!known) {
        rac_fail(err, RAC_NOT_FOUND, "no checklist has an item '%.40s'", event->name);
        rac_error_hint(err, "racemate session show %s lists them", c->session_id);
        return RAC_NOT_FOUND;
    }
    if (!hours)
        return RAC_OK;
    const rac_status status = rac_number_parse(rac_text_of(hours), &event->fasting_h, err);
    if (!status && (event->fasting_h < 0 || event->fasting_h > 100))
        return rac_fail(err, RAC_INVALID, "%g hours since solid food is not possible", event->fasting_h);
    return status;
}

static rac_status fill_binding(rac_call *call, rac_event *event, rac_error *err)
{
    const char *every = rac_call_value(call, "every");
    event->interval.ms = 60000;
    if (!every)
        return RAC_OK;
    const rac_status status = rac_duration_parse(rac_text_of(every), &event->interval, err);
    if (!status && (event->interval.ms < 100 || event->interval.ms > 3600000))
        return rac_fail(err, RAC_INVALID, "a device sends every 0.1 s to 1 h");
    return status;
}

/* One device feeds one session: binding it here while it is bound there would chart on the wrong patient. */
static rac_status check_unbound(rac_call *call, const rac_case *c, const char *device, rac_error *err)
{
    const char **ids;
    size_t count;
    rac_status status = rac_app_open_sessions(call->app, call->arena, &ids, &count, err);
    for (size_t i = 0; !status && i < count; i++) {
        rac_case other;
        if (strcmp(ids[i], c->session_id) == 0 ||
            (status = rac_case_load(call->app, call->arena, ids[i], rac_app_now(call->app), &other, err)))
            continue;
        if (other.session.device && strcmp(other.session.device, device) == 0) {
            status = rac_fail(err, RAC_CONFLICT, "%s is bound to session %s", device, ids[i]);
            rac_error_hint(err, "racemate session release %s %s", ids[i], device);
        }
    }
    return status;
}

static rac_status fill_specific(rac_call *call, const rac_case *c, size_t row, rac_event *event,
                                rac_error *err)
{
    switch (event->kind) {
    case RAC_EVENT_SYMPTOM:
        return fill_symptom(call, event, err);
    case RAC_EVENT_TICK:
        return fill_tick(call, c, event, err);
    case RAC_EVENT_DEVICE_BOUND: {
        const rac_status status = fill_binding(call, event, err);
        return status ? status : check_unbound(call, c, event->name, err);
    }
    case RAC_EVENT_PLAN_SIGNED:
        return c->session.plan ? rac_plan_verify(c->session.plan, err)
                               : rac_fail(err, RAC_REFUSED, "there is no plan to sign");
    case RAC_EVENT_WEIGHED: {
        bool pounds;
        const rac_status status =
            rac_plan_quantity(rac_text_of(rac_call_value(call, "weight")), "kg", &event->amount,
                              rac_call_flag(call, "pounds") ? &pounds : NULL, err);
        if (!status && event->amount.millionths <= 0)
            return rac_fail(err, RAC_INVALID, "a weight is above zero");
        return status;
    }
    default:
        if (rows[row].amount && rac_call_value(call, rows[row].amount))
            return rac_plan_quantity(rac_text_of(rac_call_value(call, rows[row].amount)),
                                     rows[row].amount_unit, &event->amount, NULL, err);
        return RAC_OK;
    }
}

static rac_status decide_event(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                               rac_error *err)
{
    const size_t row = row_of(call->use_case);
    rac_instant at;
    rac_status status = rac_app_time(call->app, rac_call_value(call, "at"), &at, err);
    if (status)
        return status;
    rac_event *event = &events[0];
    *event = blank_event(call, rows[row].kind, at);
    event->name = rows[row].name ? rac_call_value(call, rows[row].name) : NULL;
    event->text = rows[row].text ? rac_call_value(call, rows[row].text) : NULL;
    if ((rows[row].is_signed && (status = rac_call_sign(call, err))) ||
        (status = rac_call_second(call, &event->second, err)) ||
        (rows[row].rate && (status = typed_rate(call, c, rows[row].rate, &event->rate_ml_per_h, err))))
        return status;
    *count = 1;
    return fill_specific(call, c, row, event, err);
}

RAC_DO(rac_do_session_event)
{
    return perform(call, decide_event, reply, err);
}

/* ---- readings
 * -------------------------------------------------------------------------------------------------- */

static rac_status decide_reading(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                                 rac_error *err)
{
    rac_instant at;
    (void)c;
    rac_status status = rac_app_time(call->app, rac_call_value(call, "at"), &at, err);
    events[0] = blank_event(call, RAC_EVENT_READING, at);
    if (!status)
        status = rac_reading_quick(call->arena, rac_text_of(rac_call_value(call, "values")),
                                   &events[0].readings, &events[0].reading_count, err);
    for (size_t i = 0; !status && rac_call_flag(call, "artefact") && i < events[0].reading_count; i++)
        events[0].readings[i].quality = RAC_QUALITY_ARTEFACT;
    *count = 1;
    return status;
}

RAC_DO(rac_do_read)
{
    return perform(call, decide_reading, reply, err);
}

/* ---- corrections
 * ------------------------------------------------------------------------------------------------- */

static rac_status find_target(rac_call *call, const rac_case *c, const rac_event **target, rac_error *err)
{
    int64_t seq;
    const rac_status status = rac_integer_parse(rac_text_of(rac_call_value(call, "seq")), &seq, err);
    if (status)
        return status;
    for (size_t i = 0; i < c->event_count; i++) {
        *target = &c->events[i];
        if (c->events[i].seq != seq)
            continue;
        const rac_event_kind kind = c->events[i].kind;
        if (kind == RAC_EVENT_OPENED || kind == RAC_EVENT_CORRECTION || kind == RAC_EVENT_ANNOUNCED ||
            kind == RAC_EVENT_ACKNOWLEDGED || kind == RAC_EVENT_RESOLVED)
            return rac_fail(err, RAC_REFUSED, "'%s' stays as it was recorded", rac_event_sentence(kind));
        return RAC_OK;
    }
    return rac_fail(err, RAC_NOT_FOUND, "session %s has no entry %lld", c->session_id, (long long)seq);
}

static rac_status decide_strike(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                                rac_error *err)
{
    const rac_event *target;
    const rac_status status = find_target(call, c, &target, err);
    if (status)
        return status;
    events[0] = blank_event(call, RAC_EVENT_CORRECTION, rac_app_now(call->app));
    events[0].target = target->seq;
    events[0].text = rac_call_value(call, "reason");
    events[0].voided = true;
    *count = 1;
    return RAC_OK;
}

RAC_DO(rac_do_strike)
{
    return perform(call, decide_strike, reply, err);
}

/* Puts right the time, the values or the rate of an entry; the rest of it stays. */
static rac_status decide_correct(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                                 rac_error *err)
{
    const rac_event *target;
    const char *at = rac_call_value(call, "at"), *values = rac_call_value(call, "values"),
               *rate = rac_call_value(call, "rate");
    rac_status status = find_target(call, c, &target, err);
    if (status)
        return status;
    rac_event *right = rac_new(call->arena, rac_event);
    *right = *target;
    if (!at && !values && !rate)
        return rac_fail(err, RAC_INVALID, "say what is right: --at, --values or --rate");
    if (at && (status = rac_app_time(call->app, at, &right->at, err)))
        return status;
    if (values && target->kind != RAC_EVENT_READING)
        return rac_fail(err, RAC_INVALID, "entry %lld is no reading", (long long)target->seq);
    if (values && (status = rac_reading_quick(call->arena, rac_text_of(values), &right->readings,
                                              &right->reading_count, err)))
        return status;
    if (rate && (status = rac_plan_quantity(rac_text_of(rate), "mL/h", &right->rate_ml_per_h, NULL, err)))
        return status;
    events[0] = blank_event(call, RAC_EVENT_CORRECTION, rac_app_now(call->app));
    events[0].target = target->seq;
    events[0].text = rac_call_value(call, "reason");
    events[0].replacement = right;
    *count = 1;
    return RAC_OK;
}

RAC_DO(rac_do_correct)
{
    return perform(call, decide_correct, reply, err);
}

/* ---- plan
 * --------------------------------------------------------------------------------------------------------------
 */

static rac_status plan_request(rac_call *call, const char *patient, rac_plan_request *request,
                               const rac_protocol *protocol, rac_error *err)
{
    rac_course_session *sessions;
    rac_score *scores;
    size_t session_count, score_count;
    rac_course course;
    const char *dose = rac_call_value(call, "dose"), *minutes = rac_call_value(call, "duration");
    rac_status status;
    if ((status = rac_app_scores(call->app, call->arena, patient, &scores, &score_count, err)) ||
        (status = rac_app_course_sessions(call->app, call->arena, patient, &sessions, &session_count, err)) ||
        (status = rac_course_fold(call->arena, protocol, scores, score_count, sessions, session_count,
                                  &course, err)))
        return status;
    request->course = course.summary;
    request->vial_code = rac_call_value(call, "vial");
    request->weight_confirmed = rac_call_flag(call, "weight-confirmed");
    if (dose && (status = rac_plan_quantity(rac_text_of(dose), "mg/kg", &request->dose_mg_per_kg, NULL, err)))
        return status;
    rac_duration span;
    if (minutes) {
        if ((status = rac_duration_parse(rac_text_of(minutes), &span, err)))
            return status;
        if (span.ms <= 0)
            return rac_fail(err, RAC_INVALID, "an infusion takes time");
        request->duration_min = rac_duration_minutes(span);
    }
    return RAC_OK;
}

static json_t *plan_reply(rac_arena *arena, const rac_plan *plan)
{
    const rac_event event = {.kind = RAC_EVENT_PLANNED, .plan = plan, .fasting_h = -1};
    json_t *body = NULL;
    (void)rac_json_parse(rac_text_of(rac_event_encode(arena, &event)), NULL, &body, NULL);
    return body;
}

RAC_DO(rac_do_plan)
{
    const char *patient = rac_call_value(call, "patient");
    const rac_protocol *protocol = NULL;
    rac_plan_request request = {.weighed_at = rac_app_now(call->app)};
    rac_person person;
    rac_plan plan;
    bool pounds = false;
    rac_status status;
    if ((status = rac_app_patient(call->app, call->arena, patient, &person, err)) ||
        (status =
             rac_app_protocol(call->app, NULL, rac_call_value(call, "protocol"), &protocol, NULL, err)) ||
        (status = rac_plan_quantity(rac_text_of(rac_call_value(call, "weight")), "kg", &request.weight_kg,
                                    rac_call_flag(call, "pounds") ? &pounds : NULL, err)) ||
        (status = plan_request(call, patient, &request, protocol, err)) ||
        (status = rac_plan_make(call->arena, protocol, &request, &plan, err)))
        return status;
    const char *models = rac_call_value(call, "models");
    const bool average = rac_call_flag(call, "average"), samples = rac_call_value(call, "data") != NULL;
    if ((average || samples) && !models) {
        rac_fail(err, RAC_INVALID, "which models?");
        rac_error_hint(err, "--models racemic-arterial,racemic-venous");
        return RAC_INVALID;
    }
    char *side_by_side = rac_string_copy(call->arena, "");
    json_t *card = reply->json = plan_reply(call->arena, &plan);
    if (models)
        status = average || samples
                     ? rac_app_predict_average(call, &plan, models, reply, card, &side_by_side, err)
                     : rac_app_predict_models(call->arena, &plan, models, card, &side_by_side, err);
    if (status) { /* problems of a table may stand in the reply now */
        reply->json = reply->json == card ? NULL : reply->json;
        json_decref(card);
        return status;
    }
    reply->text = rac_format(call->arena, "%s%s%s",
                             rac_plan_card(call->arena, protocol, &plan, rac_app_zone_min(call->app)),
                             rac_app_predict_plan(call->arena, &plan, reply->json), side_by_side);
    return RAC_OK;
}

static rac_status decide_plan(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                              rac_error *err)
{
    if (!c->session.weighed)
        return rac_fail(err, RAC_REFUSED, "weigh the patient first: racemate session weigh %s '71.4 kg'",
                        c->session_id);
    rac_plan_request request = {.weight_kg = c->session.weight_kg, .weighed_at = c->session.weighed_at};
    rac_plan *plan = rac_new(call->arena, rac_plan);
    rac_status status;
    if ((status = plan_request(call, c->patient_id, &request, c->protocol, err)) ||
        (status = rac_plan_make(call->arena, c->protocol, &request, plan, err)))
        return status;
    events[0] = blank_event(call, RAC_EVENT_PLANNED, rac_app_now(call->app));
    events[0].plan = plan;
    *count = 1;
    return RAC_OK;
}

RAC_DO(rac_do_session_plan)
{
    const rac_status status = perform(call, decide_plan, reply, err);
    rac_case c;
    if (!status && !rac_case_load(call->app, call->arena, rac_call_value(call, "session"),
                                  rac_app_now(call->app), &c, NULL))
        reply->text =
            rac_format(call->arena, "%s%s",
                       rac_plan_card(call->arena, c.protocol, c.session.plan, rac_app_zone_min(call->app)),
                       rac_app_predict_session(call->arena, &c.session, rac_app_now(call->app), reply->json));
    return status;
}

/* ---- gates
 * ---------------------------------------------------------------------------------------------------------------
 */

static rac_status decide_ready(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                               rac_error *err)
{
    rac_checklist checklist;
    rac_status status = rac_call_sign(call, err);
    if (status || (status = rac_session_start_gate(call->arena, &c->moment, &checklist, err)))
        return status;
    events[0] = blank_event(call, RAC_EVENT_READY, rac_app_now(call->app));
    *count = 1;
    return RAC_OK;
}

RAC_DO(rac_do_session_ready)
{
    return perform(call, decide_ready, reply, err);
}

/* `already-running` records a fact: the pump was started.  Without it, starting is an order, and the gate may
 * refuse it. */
static rac_status decide_start(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                               rac_error *err)
{
    rac_checklist checklist;
    rac_instant at;
    rac_status status = rac_app_time(call->app, rac_call_value(call, "at"), &at, err);
    if (status)
        return status;
    if (!rac_call_flag(call, "already-running")) {
        if (c->session.state != RAC_STATE_READY) {
            rac_fail(err, RAC_REFUSED, "the session is %s, not ready", rac_state_name(c->session.state));
            rac_error_hint(
                err,
                "racemate session ready %s shows what is missing; if the pump runs, say --already-running",
                c->session_id);
            return RAC_REFUSED;
        }
        if ((status = rac_session_start_gate(call->arena, &c->moment, &checklist, err)))
            return status;
    }
    events[0] = blank_event(call, RAC_EVENT_STARTED, at);
    events[0].text = rac_call_value(call, "note");
    *count = 1;
    return typed_rate(call, c, "rate", &events[0].rate_ml_per_h, err);
}

RAC_DO(rac_do_session_start)
{
    return perform(call, decide_start, reply, err);
}

static rac_status decide_discharge(rac_call *call, const rac_case *c, rac_event *events, size_t *count,
                                   rac_error *err)
{
    rac_discharge discharge;
    rac_status status = rac_discharge_evaluate(call->arena, &c->moment, &discharge, err);
    if (status)
        return status;
    for (size_t i = 0; i < discharge.checklist.count; i++) {
        const rac_item_result *item = &discharge.checklist.items[i];
        if (item->state == RAC_ITEM_MET)
            continue;
        rac_fail(err, RAC_REFUSED, "%s: %s", item->item->ask, item->explanation);
        rac_error_field(err, item->item->id);
        rac_error_hint(err,
                       "a patient may leave against advice (session leave) or be transferred at any time");
        return RAC_REFUSED;
    }
    events[0] = blank_event(call, RAC_EVENT_DISCHARGED, rac_app_now(call->app));
    events[0].text = discharge.no_driving_until.ms
                         ? rac_format(call->arena, "no driving until %s",
                                      rac_instant_format(call->arena, discharge.no_driving_until))
                         : NULL;
    *count = 1;
    return rac_call_second(call, &events[0].second, err);
}

RAC_DO(rac_do_session_discharge)
{
    return perform(call, decide_discharge, reply, err);
}

/* ---- opening and looking
 * ---------------------------------------------------------------------------------------------------- */

static rac_status accepted_for_course(rac_call *call, const char *patient, rac_error *err)
{
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.subject = rac_format(call->arena, "patient/%s", patient),
                                   .kind = "screening.decided",
                                   .newest_first = true,
                                   .limit = 1};
    const rac_status status =
        rac_store_load(call->arena, rac_app_store(call->app), &query, &entries, &count, err);
    if (status)
        return status;
    if (count && strstr(entries[0].body, "\"decision\":\"accept\""))
        return RAC_OK;
    rac_fail(err, RAC_REFUSED, "nobody has accepted %s for this course", patient);
    rac_error_hint(err, "a prescriber signs: racemate screen %s --sign accept", patient);
    return RAC_REFUSED;
}

RAC_DO(rac_do_session_open)
{
    const char *patient = rac_call_value(call, "patient"), *hash = NULL;
    const rac_protocol *protocol = NULL;
    rac_course_session *sessions;
    size_t session_count;
    rac_person person;
    int64_t number;
    rac_status status;
    const rac_instant now = rac_app_now(call->app);
    const rac_store_entry by = {.subject = "clinic",
                                .kind = "number",
                                .at = now,
                                .recorded = now,
                                .actor = call->actor,
                                .source = call->source,
                                .body = "{}"};
    if ((status = rac_app_patient(call->app, call->arena, patient, &person, err)) ||
        (status =
             rac_app_protocol(call->app, NULL, rac_call_value(call, "protocol"), &protocol, &hash, err)) ||
        (status = accepted_for_course(call, patient, err)) ||
        (status = rac_app_course_sessions(call->app, call->arena, patient, &sessions, &session_count, err)))
        return status;
    int infusion = 1;
    for (size_t i = 0; i < session_count; i++) {
        infusion += sessions[i].any_drug;
        if (!rac_state_is_over(sessions[i].state))
            return rac_fail(err, RAC_CONFLICT, "%s already has the open session %s", patient, sessions[i].id);
    }
    if ((status = rac_store_next_number(rac_app_store(call->app), "session", 1, &by, &number, err)))
        return status;
    rac_event event = blank_event(call, RAC_EVENT_OPENED, now);
    event.name = patient;
    event.text = rac_call_value(call, "chair");
    event.protocol_hash = hash;
    event.number = infusion;
    json_t *body = NULL;
    const char *id = rac_format(call->arena, "%lld", (long long)number);
    if ((status = rac_json_parse(rac_text_of(rac_event_encode(call->arena, &event)), NULL, &body, err)) ||
        (status = rac_app_record(call, rac_format(call->arena, "session/%s", id), rac_event_name(event.kind),
                                 now, body, NULL, err)))
        return status;
    reply->text =
        rac_format(call->arena, "Session %s for %s, infusion %d, %s.\n", id, patient, infusion, protocol->id);
    reply->json = json_pack("{s:s, s:s, s:i, s:s}", "session", id, "patient", patient, "number", infusion,
                            "protocol", hash);
    return RAC_OK;
}

RAC_DO(rac_do_session_list)
{
    rac_store_subject *subjects;
    size_t count;
    rac_status status =
        rac_store_subjects(call->arena, rac_app_store(call->app), "session/", &subjects, &count, err);
    char *text = rac_string_copy(call->arena, "");
    reply->json = json_array();
    for (size_t i = 0; !status && i < count; i++) {
        rac_case c;
        if ((status = rac_case_load(call->app, call->arena, subjects[i].name + strlen("session/"),
                                    rac_app_now(call->app), &c, err)))
            break;
        text =
            rac_format(call->arena, "%s%6s  %s  %s  chair %s  %s\n", text, c.session_id,
                       rac_instant_format_date(call->arena, c.session.opened_at, rac_app_zone_min(call->app)),
                       c.patient_id, c.chair ? c.chair : "-", rac_state_name(c.session.state));
        json_array_append_new(reply->json, json_pack("{s:s, s:s, s:s}", "id", c.session_id, "patient",
                                                     c.patient_id, "state", rac_state_name(c.session.state)));
    }
    reply->text = count ? text : "No sessions yet: racemate session open PATIENT\n";
    return status;
}

static char *show_checklist(rac_arena *arena, char *text, const char *title, const rac_checklist *list)
{
    static const char *const marks[] = {"+", "-", "?"};
    text = rac_format(arena, "%s\n%s\n", text, title);
    for (size_t i = 0; i < list->count; i++)
        text = rac_format(arena, "%s  %s %-12s %s (%s)\n", text, marks[list->items[i].state],
                          list->items[i].item->id, list->items[i].item->ask, list->items[i].explanation);
    return text;
}

static rac_status show_lists(rac_call *call, const rac_case *c, char **text, rac_error *err)
{
    rac_checklist list;
    rac_discharge discharge;
    rac_status status = RAC_OK;
    if (!c->session.any_drug) {
        status = rac_checklist_evaluate(call->arena, &c->moment, c->protocol->start, &list, err);
        if (!status)
            *text = show_checklist(call->arena, *text, "Before the start", &list);
    } else if (c->session.state == RAC_STATE_RECOVERING) {
        status = rac_discharge_evaluate(call->arena, &c->moment, &discharge, err);
        if (!status)
            *text = show_checklist(call->arena, *text, "Before leaving", &discharge.checklist);
    }
    return status;
}

RAC_DO(rac_do_session_show)
{
    rac_case c;
    const char *id = rac_call_value(call, "session");
    rac_status status = rac_case_load(call->app, call->arena, id, rac_app_now(call->app), &c, err);
    if (status || (status = rac_app_session_view(call->app, id, &reply->json, err)))
        return status;
    char *text =
        rac_format(call->arena, "Session   %s, %s%s%s\n%s", id, c.patient_id, c.chair ? ", chair " : "",
                   c.chair ? c.chair : "", rac_session_show(call->arena, &c.moment));
    for (size_t i = 0; i < c.alarms.count; i++)
        text = rac_format(call->arena, "%s%s %s%s\n", text,
                          c.alarms.items[i].priority == RAC_PRIORITY_HIGH     ? "***"
                          : c.alarms.items[i].priority == RAC_PRIORITY_MEDIUM ? "** "
                                                                              : "*  ",
                          c.alarms.items[i].say, c.alarms.items[i].acknowledged ? " [acknowledged]" : "");
    if ((status = show_lists(call, &c, &text, err)))
        return status;
    text = rac_format(call->arena, "%s%s\nEvents\n", text,
                      rac_app_predict_session(call->arena, &c.session, c.moment.now, reply->json));
    for (size_t i = 0; i < c.event_count; i++)
        text = rac_format(call->arena, "%s  %6lld  %s\n", text, (long long)c.events[i].seq,
                          rac_event_line(call->arena, &c.events[i], rac_app_zone_min(call->app)));
    reply->text = text;
    return RAC_OK;
}

/* Whether the engine, given what was recorded before announcement `at`, would have said the same. */
static rac_status is_reproduced(rac_call *call, const rac_case *c, size_t at, bool *reproduced,
                                rac_error *err)
{
    const rac_event *said = &c->events[at];
    rac_arena *arena = rac_arena_new();
    rac_session before;
    rac_event *due;
    size_t count;
    *reproduced = false;
    rac_status status = rac_session_fold(arena, c->protocol, &c->facts, c->events, at, &before, err);
    const rac_moment moment = {c->protocol, &before, &c->facts, said->recorded, rac_app_zone_min(call->app),
                               -1};
    if (!status)
        status = rac_alarms_due(arena, &moment, c->events, at, &due, &count, err);
    for (size_t i = 0; !status && i < count; i++)
        *reproduced =
            *reproduced || (due[i].kind == RAC_EVENT_ANNOUNCED && strcmp(due[i].name, said->name) == 0 &&
                            due[i].since.ms == said->since.ms);
    rac_arena_free(arena);
    return status;
}

/* Folds the record again and compares what both show, and lets the engine give every announcement again. */
RAC_DO(rac_do_session_replay)
{
    rac_case c;
    rac_session again;
    const char *id = rac_call_value(call, "session");
    rac_status status = rac_case_load(call->app, call->arena, id, rac_app_now(call->app), &c, err);
    if (status ||
        (status = rac_session_fold(call->arena, c.protocol, &c.facts, c.events, c.event_count, &again, err)))
        return status;
    rac_moment moment = c.moment;
    moment.session = &again;
    const char *shown = rac_session_show(call->arena, &c.moment);
    if (strcmp(shown, rac_session_show(call->arena, &moment)) != 0)
        return rac_fail(err, RAC_CORRUPT, "two replays of session %s differ", id);
    int announced = 0;
    char *text = rac_string_copy(call->arena, "");
    for (size_t i = 0; i < c.event_count; i++) {
        bool reproduced = true;
        if (c.events[i].kind == RAC_EVENT_ANNOUNCED) {
            announced++;
            if ((status = is_reproduced(call, &c, i, &reproduced, err)))
                return status;
        }
        if (!reproduced)
            return rac_fail(err, RAC_CORRUPT,
                            "announcement %lld of session %s is not reproduced by its record",
                            (long long)c.events[i].seq, id);
        text = rac_format(call->arena, "%s%s\n", text,
                          rac_event_line(call->arena, &c.events[i], rac_app_zone_min(call->app)));
    }
    reply->text = rac_format(call->arena, "%s\n%s%zu events, %d announcements, all reproduced.\n", text,
                             shown, c.event_count, announced);
    reply->json = json_pack("{s:s, s:i, s:i, s:s}", "session", id, "events", (int)c.event_count,
                            "announcements", announced, "state", rac_state_name(c.session.state));
    return RAC_OK;
}
