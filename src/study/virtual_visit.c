/* The clinic around one virtual patient: see virtual_visit.h. */
#include "study/virtual_visit.h"

#include <math.h>
#include <string.h>

#include "base/expression.h"

static const rac_instant never = {INT64_MAX};
static const double ms_per_hour = 3.6e6;

static double number(const rac_visit *v, rac_virtual_name name)
{
    return v->clinic->patient->number[name].value;
}

static rac_instant after(rac_instant at, double minutes)
{
    return rac_instant_add(at, rac_duration_of_minutes(minutes));
}

static double minute_of(const rac_visit *v)
{
    return rac_duration_minutes(rac_instant_since(v->now, v->start));
}

/* ---- the record ---- */

static rac_moment moment_of(const rac_visit *v)
{
    return (rac_moment){v->clinic->protocol, &v->session, &v->facts, v->now, 0, v->alarms.open};
}

static rac_event blank(const rac_visit *v, rac_event_kind kind)
{
    return (rac_event){.at = v->now,
                       .recorded = v->now,
                       .kind = kind,
                       .actor = "virtual-nurse",
                       .source = "simulation",
                       .fasting_h = -1};
}

static rac_status append(rac_visit *v, rac_event event, rac_error *err)
{
    const rac_state before = v->session.state;
    event.seq = (int64_t)v->count + 1;
    rac_push(v->arena, v->events, v->count, v->capacity, event);
    const rac_status status = rac_session_step(v->arena, v->clinic->protocol, &v->facts, &v->session,
                                               &v->events[v->count - 1], err);
    if (v->session.state != before || v->change_count == 0) {
        const rac_visit_change change = {v->now, v->session.state};
        rac_push(v->arena, v->changes, v->change_count, v->change_capacity, change);
    }
    return status;
}

/* The alarm engine speaks, and the list people look at is renewed. */
static rac_status speak(rac_visit *v, rac_error *err)
{
    rac_event *due;
    size_t count;
    rac_moment moment = moment_of(v);
    rac_status status = rac_alarms_due(v->arena, &moment, v->events, v->count, &due, &count, err);
    for (size_t i = 0; !status && i < count; i++)
        status = append(v, due[i], err);
    if (!status)
        status = rac_alarms_now(v->arena, &moment, v->events, v->count, &v->alarms, err);
    return status;
}

/* What a person enters passes the same door as in a clinic, and the alarm engine hears it. */
static rac_status enter(rac_visit *v, rac_event event, rac_error *err)
{
    const char *deviation = NULL;
    const rac_moment moment = moment_of(v);
    rac_status status = rac_session_accept(v->arena, &moment, &event, (rac_duration){0}, &deviation, err);
    if (!status)
        status = append(v, event, err);
    if (!status && deviation) {
        rac_event said = blank(v, RAC_EVENT_DEVIATION);
        said.text = deviation;
        said.name = rac_event_name(event.kind);
        status = append(v, said, err);
    }
    return status ? status : speak(v, err);
}

static rac_status tick(rac_visit *v, const char *id, const char *second, double fasting_h, rac_error *err)
{
    rac_event event = blank(v, RAC_EVENT_TICK);
    event.name = id;
    event.second = second;
    event.done = true;
    event.fasting_h = fasting_h;
    return enter(v, event, err);
}

/* What people tick by hand in a list. */
static rac_status tick_all(rac_visit *v, rac_check_items items, rac_error *err)
{
    rac_status status = RAC_OK;
    for (size_t i = 0; !status && i < items.count; i++)
        if (!items.items[i].when)
            status = tick(v, items.items[i].id, NULL, -1, err);
    return status;
}

/* ---- readings ---- */

/* What an instrument shows of `kind` now; the pressures and the heart rate come from the person. */
static double shown_value(const rac_visit *v, const double shown[RAC_VIRTUAL_CUFFS], rac_reading_kind kind)
{
    switch (kind) {
    case RAC_READING_SBP:
        return shown[0];
    case RAC_READING_DBP:
        return shown[1];
    case RAC_READING_MAP:
        return round((shown[0] + 2 * shown[1]) / 3);
    case RAC_READING_HR:
        return shown[2];
    case RAC_READING_SPO2:
        return number(v, RAC_VIRTUAL_SPO2);
    case RAC_READING_RR:
        return number(v, RAC_VIRTUAL_RR);
    case RAC_READING_TEMP:
        return number(v, RAC_VIRTUAL_TEMP);
    default:
        return round(number(v, RAC_VIRTUAL_MOAAS)); /* a whole number, whatever the file is varied to */
    }
}

/* The outcome keeps the highest cuff reading of the infusion, and the curves every one. */
static void note_cuff(rac_visit *v, const double shown[RAC_VIRTUAL_CUFFS])
{
    const double minute = minute_of(v);
    if (v->curves && minute >= 0 && minute < (double)v->curves->minutes) {
        v->curves->reading_sbp[(size_t)minute] = shown[0];
        v->curves->reading_dbp[(size_t)minute] = shown[1];
    }
    if (v->session.state != RAC_STATE_DOSING && v->session.state != RAC_STATE_PAUSED)
        return;
    for (int c = 0; c < RAC_VIRTUAL_CUFFS; c++) {
        const double rise = shown[c] - v->out->baseline[c];
        if (!(v->out->peak_rise[c] >= rise)) {
            v->out->peak_rise[c] = rise;
            v->out->peak[c] = shown[c];
        }
    }
}

static rac_status measure(rac_visit *v, const bool wanted[RAC_READING_COUNT], rac_error *err)
{
    double shown[RAC_VIRTUAL_CUFFS];
    rac_virtual_show(&v->person, v->clinic->patient, v->driver, minute_of(v), shown);
    rac_event event = blank(v, RAC_EVENT_READING);
    event.readings = rac_many(v->arena, rac_reading_value, RAC_READING_COUNT);
    for (int kind = 0; kind < RAC_READING_COUNT; kind++)
        if (wanted[kind])
            event.readings[event.reading_count++] =
                (rac_reading_value){(rac_reading_kind)kind, shown_value(v, shown, (rac_reading_kind)kind),
                                    RAC_QUALITY_MEASURED, NULL};
    if (wanted[RAC_READING_SBP])
        note_cuff(v, shown);
    if (v->session.state == RAC_STATE_RECOVERING)
        v->look_at = v->now;
    return enter(v, event, err);
}

/* The table of what a person does: when it is due, and how it is done. */

static rac_instant readings_due(rac_visit *v)
{
    rac_due_reading *due;
    size_t count;
    const rac_moment moment = moment_of(v);
    rac_instant first = never;
    rac_arena *scratch = rac_arena_new();
    (void)rac_alarms_readings_due(scratch, &moment, &due, &count);
    for (size_t i = 0; i < count; i++)
        if (due[i].due.ms < first.ms)
            first = due[i].due;
    rac_arena_free(scratch);
    if (v->session.state == RAC_STATE_PAUSED && v->cuff_at.ms < first.ms)
        first = v->cuff_at;
    return first;
}

static rac_status take_readings(rac_visit *v, rac_error *err)
{
    rac_due_reading *due;
    size_t count;
    bool wanted[RAC_READING_COUNT] = {false};
    const rac_moment moment = moment_of(v);
    rac_status status = rac_alarms_readings_due(v->arena, &moment, &due, &count);
    for (size_t i = 0; i < count; i++) {
        rac_reading_kind kind;
        if (due[i].due.ms <= v->now.ms && !rac_reading_find(rac_text_of(due[i].row->reading), &kind, NULL))
            wanted[kind] = true;
    }
    if (v->session.state == RAC_STATE_PAUSED && v->cuff_at.ms <= v->now.ms) {
        wanted[RAC_READING_SBP] = wanted[RAC_READING_HR] = true;
        v->cuff_at = after(v->now, number(v, RAC_VIRTUAL_REPEAT_CUFF));
    }
    wanted[RAC_READING_DBP] = wanted[RAC_READING_SBP];
    return status ? status : measure(v, wanted, err);
}

/* ---- the pump ---- */

static int route_of(const rac_visit *v)
{
    return v->clinic->route;
}

/* On the clock of the simulation. */
static double hour_of(const rac_visit *v, rac_instant at)
{
    return v->origin_h + (double)(at.ms - v->start.ms) / ms_per_hour;
}

static double now_h(const rac_visit *v)
{
    return hour_of(v, v->now);
}

static double planned_mg_per_h(const rac_visit *v)
{
    const rac_plan *plan = v->session.plan;
    return rac_decimal_double(plan->rate_ml_per_h) * rac_decimal_double(plan->drawn_mg) /
           rac_decimal_double(plan->final_volume_ml);
}

static rac_status press(rac_visit *v, rac_event_kind kind, const char *reason, rac_error *err)
{
    rac_event event = blank(v, kind);
    event.text = reason;
    switch (kind) {
    case RAC_EVENT_STARTED:
        rac_regimen_add(v->orders, rac_dose_rate(now_h(v), route_of(v), planned_mg_per_h(v)));
        event.rate_ml_per_h = v->session.plan->rate_ml_per_h;
        break;
    case RAC_EVENT_RESUMED:
        rac_regimen_add(v->orders, rac_dose_mark(now_h(v), route_of(v), RAC_DOSE_RESUME));
        event.rate_ml_per_h = v->session.plan->rate_ml_per_h;
        break;
    case RAC_EVENT_PAUSED:
        rac_regimen_add(v->orders, rac_dose_mark(now_h(v), route_of(v), RAC_DOSE_PAUSE));
        v->held_at = v->now;
        v->cleared_at = never;
        v->cuff_at = after(v->now, number(v, RAC_VIRTUAL_REPEAT_CUFF));
        break;
    default: /* STOPPED */
        rac_regimen_add(v->orders, rac_dose_mark(now_h(v), route_of(v), RAC_DOSE_STOP));
    }
    return enter(v, event, err);
}

static rac_status recover(rac_visit *v, const char *reason, rac_error *err)
{
    const rac_status status = press(v, RAC_EVENT_STOPPED, reason, err);
    v->look_at = v->now;
    return status ? status : tick_all(v, v->clinic->protocol->discharge, err);
}

/* ---- what alarms ask for ---- */

/* The active alarm that has asked longest for this action; NULL when none does. */
static const rac_alarm *asking(const rac_visit *v, rac_action least)
{
    const rac_alarm *first = NULL;
    for (size_t i = 0; i < v->alarms.count; i++) {
        const rac_alarm *alarm = &v->alarms.items[i];
        if (alarm->active && alarm->announced && alarm->action >= least &&
            (!first || alarm->announced_at.ms < first->announced_at.ms))
            first = alarm;
    }
    return first;
}

static bool is_about_pressure(const rac_protocol *protocol, const char *id)
{
    for (size_t c = 0; c < protocol->condition_count; c++) {
        if (strcmp(protocol->conditions[c].id, id) != 0)
            continue;
        const rac_expression *when = protocol->conditions[c].when;
        for (size_t i = 0; i < when->name_count; i++) {
            const rac_text name = when->names[i].text;
            if (rac_text_is(name, "sbp") || rac_text_is(name, "dbp") || rac_text_is(name, "map"))
                return true;
        }
    }
    return false;
}

static rac_instant stop_due(rac_visit *v)
{
    const rac_alarm *alarm = asking(v, RAC_ACTION_STOP);
    if (!alarm || (v->session.state != RAC_STATE_DOSING && v->session.state != RAC_STATE_PAUSED))
        return never;
    return after(alarm->announced_at, number(v, RAC_VIRTUAL_REACTION));
}

static rac_status stop(rac_visit *v, rac_error *err)
{
    v->out->stopped_early = true;
    return recover(v, asking(v, RAC_ACTION_STOP)->id, err);
}

static rac_instant hold_due(rac_visit *v)
{
    const rac_alarm *alarm = asking(v, RAC_ACTION_HOLD);
    if (!alarm || v->session.state != RAC_STATE_DOSING)
        return never;
    return after(alarm->announced_at, number(v, RAC_VIRTUAL_REACTION));
}

static rac_status hold(rac_visit *v, rac_error *err)
{
    const rac_alarm *alarm = asking(v, RAC_ACTION_HOLD);
    v->out->holds++;
    v->out->holds_for_pressure += is_about_pressure(v->clinic->protocol, alarm->id);
    return press(v, RAC_EVENT_PAUSED, alarm->id, err);
}

static rac_instant end_due(rac_visit *v)
{
    rac_instant end;
    return v->session.state == RAC_STATE_DOSING && rac_session_end(&v->session, v->now, &end) ? end : never;
}

static rac_status end(rac_visit *v, rac_error *err)
{
    return recover(v, "the syringe is empty", err);
}

static rac_instant give_up_due(rac_visit *v)
{
    return v->session.state == RAC_STATE_PAUSED ? after(v->held_at, number(v, RAC_VIRTUAL_LONGEST_HOLD))
                                                : never;
}

static rac_status give_up(rac_visit *v, rac_error *err)
{
    v->out->stopped_early = true;
    return recover(v, "held too long", err);
}

/* Asked for at each turn, so the moment at which the last alarm ended is seen when it happens. */
static rac_instant resume_due(rac_visit *v)
{
    if (v->session.state != RAC_STATE_PAUSED)
        return never;
    if (asking(v, RAC_ACTION_HOLD))
        v->cleared_at = never;
    else if (v->cleared_at.ms == never.ms)
        v->cleared_at = v->now;
    return v->cleared_at.ms == never.ms ? never : after(v->cleared_at, number(v, RAC_VIRTUAL_REACTION));
}

static rac_status resume(rac_visit *v, rac_error *err)
{
    return press(v, RAC_EVENT_RESUMED, "cleared", err);
}

static const rac_alarm *unacknowledged(const rac_visit *v)
{
    const rac_alarm *first = NULL;
    for (size_t i = 0; i < v->alarms.count; i++) {
        const rac_alarm *alarm = &v->alarms.items[i];
        if (alarm->announced && !alarm->acknowledged &&
            (!first || alarm->announced_at.ms < first->announced_at.ms))
            first = alarm;
    }
    return first;
}

static rac_instant acknowledge_due(rac_visit *v)
{
    const rac_alarm *alarm = unacknowledged(v);
    return alarm ? after(alarm->announced_at, number(v, RAC_VIRTUAL_REACTION)) : never;
}

static rac_status acknowledge(rac_visit *v, rac_error *err)
{
    rac_event event = blank(v, RAC_EVENT_ACKNOWLEDGED);
    event.name = unacknowledged(v)->id;
    return enter(v, event, err);
}

/* ---- leaving ---- */

static rac_instant look_due(rac_visit *v)
{
    return v->session.state == RAC_STATE_RECOVERING ? v->look_at : never;
}

/* The list is looked at after every reading, and once more when time alone would complete it. */
static rac_status look(rac_visit *v, rac_error *err)
{
    rac_checklist list;
    rac_discharge discharge;
    const rac_moment moment = moment_of(v);
    v->look_at = never;
    rac_status status = rac_checklist_evaluate(v->arena, &moment, v->clinic->protocol->discharge, &list, err);
    if (status || (!list.complete && v->looked_ahead))
        return status;
    v->looked_ahead = true;
    if ((status = rac_discharge_evaluate(v->arena, &moment, &discharge, err)))
        return status;
    if (discharge.ready) {
        v->out->ready_min = minute_of(v);
        return enter(v, blank(v, RAC_EVENT_DISCHARGED), err);
    }
    if (discharge.earliest.ms > v->now.ms)
        v->look_at = discharge.earliest;
    return RAC_OK;
}

/* ---- a turn ---- */

/* In this order at one moment: look, act on what was seen, then the rest. */
static const struct {
    rac_instant (*due)(rac_visit *v);
    rac_status (*act)(rac_visit *v, rac_error *err);
} hands[] = {
    {readings_due, take_readings},
    {stop_due, stop},
    {hold_due, hold},
    {end_due, end},
    {give_up_due, give_up},
    {acknowledge_due, acknowledge},
    {resume_due, resume},
    {look_due, look},
};
enum { HANDS = sizeof hands / sizeof *hands, AT_ONCE_MAX = 1000 };

/* Does one thing that is due; false in *acted when nothing is, and then *next is when something will be. */
static rac_status act(rac_visit *v, bool *acted, rac_instant *next, rac_error *err)
{
    *acted = false;
    *next = never;
    for (int i = 0; i < HANDS; i++) {
        const rac_instant due = hands[i].due(v);
        if (due.ms <= v->now.ms) {
            *acted = true;
            return hands[i].act(v, err);
        }
        if (due.ms < next->ms)
            *next = due;
    }
    return RAC_OK;
}

rac_status rac_visit_turn(void *context, rac_control_turn *turn, rac_error *err)
{
    rac_visit *v = context;
    rac_instant next = never;
    v->driver = turn->outputs[v->clinic->driver];
    v->orders = turn->orders;
    v->now = (rac_instant){v->start.ms + llround((turn->time_h - v->origin_h) * ms_per_hour)};
    rac_status status =
        v->session.state == RAC_STATE_READY ? press(v, RAC_EVENT_STARTED, NULL, err) : speak(v, err);
    bool acted = true;
    for (int i = 0; acted && !status && !rac_state_is_over(v->session.state); i++) {
        if (i == AT_ONCE_MAX)
            return rac_fail(err, RAC_LIMIT, "more than %d things to do at %g min", AT_ONCE_MAX, minute_of(v));
        status = act(v, &acted, &next, err);
    }
    if (status || rac_state_is_over(v->session.state))
        return status;
    const rac_moment moment = moment_of(v);
    const rac_instant alarm = rac_alarms_next(&moment, &v->alarms);
    if (alarm.ms < next.ms)
        next = alarm;
    if (next.ms != never.ms)
        turn->next_h = hour_of(v, next);
    return RAC_OK;
}

/* ---- the patient's facts ---- */

/* Answers to questions this protocol does not ask are left out. */
static rac_status facts_of(rac_visit *v, rac_error *err)
{
    const rac_virtual_patient *p = v->clinic->patient;
    rac_fact *items = rac_many(v->arena, rac_fact, p->fact_count);
    size_t count = 0;
    for (size_t i = 0; i < p->fact_count; i++) {
        const rac_fact_definition *definition = rac_protocol_fact(v->clinic->protocol, p->facts[i].name);
        if (!definition)
            continue;
        const rac_status status = rac_fact_parse(v->arena, definition, rac_text_of(p->facts[i].answer),
                                                 v->now, &items[count++], err);
        if (status)
            return status;
    }
    v->facts = (rac_facts){items, count};
    return RAC_OK;
}

rac_status rac_visit_open(rac_arena *arena, const rac_virtual_clinic *clinic,
                          const rac_virtual_person *person, rac_instant start, rac_virtual_outcome *outcome,
                          rac_visit *visit, rac_error *err)
{
    *outcome = (rac_virtual_outcome){.weight_kg = person->weight_kg,
                                     .age_year = person->age_year,
                                     .drug_min = NAN,
                                     .ready_min = NAN,
                                     .given_mg = NAN,
                                     .planned_mg = NAN};
    for (int c = 0; c < RAC_VIRTUAL_CUFFS; c++)
        outcome->baseline[c] = outcome->peak_rise[c] = outcome->peak[c] = NAN;
    *visit = (rac_visit){.clinic = clinic,
                         .arena = arena,
                         .person = *person,
                         .number = 1,
                         .session = {.state = RAC_STATE_PLANNED, .fasting_h = -1, .last_at = {INT64_MIN}},
                         .now = start,
                         .start = start,
                         .look_at = never,
                         .out = outcome};
    return facts_of(visit, err);
}

/* ---- before the start ---- */

/* A gate names the item in `field`, a plan its guard in `detail` ("guard G10"). */
static const char *guard_of(rac_arena *arena, const rac_error *why)
{
    static const char guard[] = "guard ";
    const bool named = strncmp(why->detail, guard, strlen(guard)) == 0;
    return rac_string_copy(arena, why->field[0] ? why->field
                                  : named       ? why->detail + strlen(guard)
                                                : rac_status_name(why->status));
}

static rac_status refused(rac_visit *v, rac_virtual_end end, const rac_error *why, rac_error *err)
{
    v->out->end = end;
    v->out->why = guard_of(v->arena, why);
    v->out->reason = rac_string_copy(v->arena, why->message);
    rac_event event = blank(v, RAC_EVENT_CANCELLED);
    event.text = v->out->reason;
    return enter(v, event, err);
}

/* The dose that is wanted, or, where the plan refuses a stepped one (no syringe holds it, say), the one
 * before. */
static rac_status make_plan(rac_visit *v, rac_decimal weight, rac_plan **plan, bool *made, rac_error *err)
{
    rac_error why = {0};
    rac_plan_request request = {
        .weight_kg = weight, .weighed_at = v->now, .dose_mg_per_kg = v->wanted, .course = v->course};
    *plan = rac_new(v->arena, rac_plan);
    rac_status status = rac_plan_make(v->arena, v->clinic->protocol, &request, *plan, &why);
    if (status == RAC_REFUSED && v->otherwise.millionths) {
        v->refused = guard_of(v->arena, &why);
        why = (rac_error){0};
        request.dose_mg_per_kg = v->otherwise;
        status = rac_plan_make(v->arena, v->clinic->protocol, &request, *plan, &why);
    }
    *made = !status;
    if (*made)
        v->ordered = (*plan)->ordered_mg_per_kg;
    if (status == RAC_REFUSED)
        return refused(v, RAC_VIRTUAL_NO_PLAN, &why, err);
    if (status && err)
        *err = why;
    return status;
}

/* Identity, weight, vial, plan, signatures, ticks: all as they should be. */
static rac_status prepare_list(rac_visit *v, rac_decimal weight, const rac_plan *plan, rac_error *err)
{
    const rac_protocol *protocol = v->clinic->protocol;
    rac_event weighed = blank(v, RAC_EVENT_WEIGHED), vial = blank(v, RAC_EVENT_VIAL);
    rac_event planned = blank(v, RAC_EVENT_PLANNED), signature = blank(v, RAC_EVENT_PLAN_SIGNED);
    weighed.amount = weight;
    vial.name = plan->vial_code;
    planned.plan = plan;
    signature.second = "virtual-second";
    rac_status status;
    if ((status = enter(v, weighed, err)) || (status = enter(v, vial, err)) ||
        (status = enter(v, planned, err)) || (status = enter(v, signature, err)) ||
        (status = tick_all(v, protocol->start, err)) ||
        (status = tick(v, "fasting", NULL, number(v, RAC_VIRTUAL_FASTING), err)))
        return status;
    for (size_t i = 0; !status && i < protocol->second_checks.count; i++)
        status = tick(v, protocol->second_checks.items[i], "virtual-second", -1, err);
    return status;
}

static rac_status take_baseline(rac_visit *v, rac_error *err)
{
    bool all[RAC_READING_COUNT];
    for (int i = 0; i < RAC_READING_COUNT; i++)
        all[i] = true;
    rac_virtual_show(&v->person, v->clinic->patient, v->driver, 0, v->out->baseline);
    return measure(v, all, err);
}

rac_status rac_visit_prepare(rac_visit *visit, bool *ready, rac_error *err)
{
    rac_decimal weight, step = {100000}; /* scales show 0.1 kg */
    rac_plan *plan;
    rac_error why = {0};
    rac_event opened = blank(visit, RAC_EVENT_OPENED);
    opened.name = "virtual";
    opened.protocol_hash = rac_protocol_hash(visit->arena, visit->clinic->protocol);
    opened.number = visit->number;
    *ready = false;
    rac_status status;
    if ((status = rac_decimal_from(visit->person.weight_kg, &weight, err)) ||
        (status = rac_decimal_round_to(weight, step, RAC_ROUND_HALF_UP, &weight, err)) ||
        (status = enter(visit, opened, err)) ||
        (status = enter(visit, blank(visit, RAC_EVENT_CHECKED_IN), err)) ||
        (status = make_plan(visit, weight, &plan, ready, err)) || !*ready)
        return status;
    visit->out->planned_mg = rac_decimal_double(plan->drawn_mg);
    *ready = false;
    if ((status = prepare_list(visit, weight, plan, err)) || (status = take_baseline(visit, err)))
        return status;
    rac_checklist list;
    const rac_moment moment = moment_of(visit);
    status = rac_session_start_gate(visit->arena, &moment, &list, &why);
    if (status == RAC_REFUSED)
        return refused(visit, RAC_VIRTUAL_NOT_STARTED, &why, err);
    if (status && err)
        *err = why;
    *ready = !status;
    return status ? status : enter(visit, blank(visit, RAC_EVENT_READY), err);
}

/* ---- what happened ---- */

/* Occurrences that were announced, by priority; said again is not counted again. */
static void count_announced(const rac_visit *v, int announced[3])
{
    for (size_t i = 0; i < v->count; i++) {
        const rac_event *event = &v->events[i];
        bool again = event->kind != RAC_EVENT_ANNOUNCED;
        for (size_t j = 0; j < i && !again; j++)
            again = v->events[j].kind == RAC_EVENT_ANNOUNCED && v->events[j].since.ms == event->since.ms &&
                    strcmp(v->events[j].name, event->name) == 0;
        if (!again)
            announced[event->priority]++;
    }
}

void rac_visit_close(rac_visit *v)
{
    rac_virtual_outcome *out = v->out;
    const rac_session *s = &v->session;
    rac_decimal volume, amount;
    out->events = v->count;
    out->deviations = (int)s->deviation_count;
    count_announced(v, out->announced);
    if (!s->any_drug)
        return;
    rac_session_delivered(s, v->now, &volume, &amount);
    out->end = s->state == RAC_STATE_DISCHARGED ? RAC_VIRTUAL_DISCHARGED : RAC_VIRTUAL_STILL_HERE;
    out->given_mg = rac_decimal_double(amount);
    out->drug_min = rac_duration_minutes(rac_instant_since(s->last_drug_at, s->started_at));
    for (size_t i = 0; i + 1 < v->change_count; i++)
        if (v->changes[i].state == RAC_STATE_PAUSED)
            out->held_min += rac_duration_minutes(rac_instant_since(v->changes[i + 1].at, v->changes[i].at));
}
