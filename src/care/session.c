/* The fold of a session: see racemate/care/session.h. */
#include "racemate/care/session.h"

#include <string.h>

#include "care/moment.h"

static const rac_instant never = {INT64_MAX};

static const char *const state_names[RAC_STATE_COUNT] = {
#define X(state, name) [state] = name,
    RAC_STATE_LIST(X)
#undef X
};

const char *rac_state_name(rac_state state)
{
    return state_names[state];
}

bool rac_state_is_over(rac_state state)
{
    return state >= RAC_STATE_DISCHARGED;
}

/* ---- the transition table ---------------------------------------------------------------------------- */

#define IN(state) (1U << RAC_STATE_##state)
enum {
    before_drug = IN(PLANNED) | IN(CHECKED_IN) | IN(READY),
    under_drug = IN(DOSING) | IN(PAUSED) | IN(RECOVERING),
    anywhere = (1U << RAC_STATE_COUNT) - 1
};

static const struct {
    rac_event_kind kind;
    unsigned from; /* states in which it is expected */
    int to;        /* -1: no change */
} transitions[] = {
    {RAC_EVENT_OPENED, IN(PLANNED), -1},
    {RAC_EVENT_CHECKED_IN, IN(PLANNED), RAC_STATE_CHECKED_IN},
    {RAC_EVENT_WEIGHED, before_drug, -1},
    {RAC_EVENT_VIAL, before_drug, -1},
    /* a new plan after the gate needs the gate again */
    {RAC_EVENT_PLANNED, IN(READY), RAC_STATE_CHECKED_IN},
    {RAC_EVENT_PLANNED, IN(PLANNED) | IN(CHECKED_IN), -1},
    {RAC_EVENT_PLAN_SIGNED, before_drug, -1},
    {RAC_EVENT_READY, IN(CHECKED_IN), RAC_STATE_READY},
    {RAC_EVENT_STARTED, IN(READY), RAC_STATE_DOSING},
    {RAC_EVENT_RATE, IN(DOSING), -1},
    {RAC_EVENT_PAUSED, IN(DOSING), RAC_STATE_PAUSED},
    {RAC_EVENT_RESUMED, IN(PAUSED), RAC_STATE_DOSING},
    {RAC_EVENT_STOPPED, IN(DOSING) | IN(PAUSED), RAC_STATE_RECOVERING},
    {RAC_EVENT_RECOVERING, IN(RECOVERING), -1},
    {RAC_EVENT_DISCHARGED, IN(RECOVERING), RAC_STATE_DISCHARGED},
    {RAC_EVENT_CANCELLED, before_drug, RAC_STATE_CANCELLED},
    {RAC_EVENT_TRANSFERRED, under_drug, RAC_STATE_TRANSFERRED},
    {RAC_EVENT_LEFT, under_drug, RAC_STATE_LEFT},
    {RAC_EVENT_DEVICE_BOUND, before_drug | under_drug, -1},
    {RAC_EVENT_DEVICE_RELEASED, anywhere, -1},
    {RAC_EVENT_TICK, before_drug | under_drug, -1},
    {RAC_EVENT_READING, anywhere, -1},
    {RAC_EVENT_SYMPTOM, anywhere, -1},
    {RAC_EVENT_INTERVENTION, anywhere, -1},
    {RAC_EVENT_NOTE, anywhere, -1},
    {RAC_EVENT_ANNOUNCED, anywhere, -1},
    {RAC_EVENT_ACKNOWLEDGED, anywhere, -1},
    {RAC_EVENT_RESOLVED, anywhere, -1},
    {RAC_EVENT_DEVIATION, anywhere, -1},
    {RAC_EVENT_CORRECTION, anywhere, -1},
    {RAC_EVENT_SIGNED, anywhere & ~(before_drug | under_drug), -1},
};

bool rac_state_after(rac_state from, rac_event_kind kind, rac_state *to)
{
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++) {
        if (transitions[i].kind == kind && (transitions[i].from & (1U << from))) {
            *to = transitions[i].to < 0 ? from : (rac_state)transitions[i].to;
            return true;
        }
    }
    return false;
}

/* ---- what events change ---------------------------------------------------------------------------------
 */

typedef struct folding {
    rac_arena *arena;
    const rac_protocol *protocol;
    const rac_facts *facts;
    rac_session *s;
} folding;

static void deviate(folding *f, const rac_event *event)
{
    const char *sentence =
        rac_format(f->arena, "%s while %s", rac_event_sentence(event->kind), rac_state_name(f->s->state));
    rac_push(f->arena, f->s->deviations, f->s->deviation_count, f->s->deviation_capacity, sentence);
}

static bool is_running(const rac_session *s)
{
    return s->segment_count && s->segments[s->segment_count - 1].to.ms == never.ms;
}

static void end_segment(folding *f, rac_instant at)
{
    if (!is_running(f->s))
        return;
    f->s->segments[f->s->segment_count - 1].to = at;
    f->s->last_drug_at = at;
}

static void begin_segment(folding *f, rac_instant at, rac_decimal rate)
{
    rac_session *s = f->s;
    end_segment(f, at);
    if (rate.millionths <= 0)
        return;
    const rac_rate_segment segment = {at, never, rate};
    rac_push(f->arena, s->segments, s->segment_count, s->segment_capacity, segment);
    if (!s->any_drug)
        s->started_at = at;
    s->any_drug = true;
}

static void add_readings(folding *f, const rac_event *event)
{
    const bool late = event->recorded.ms - event->at.ms > 60000;
    for (size_t i = 0; i < event->reading_count; i++) {
        const rac_reading_value *reading = &event->readings[i];
        rac_series *series = &f->s->series[reading->kind];
        const rac_timed_value value = {event->at, reading->value, reading->quality, event->seq, late};
        rac_push(f->arena, series->items, series->count, series->capacity, value);
    }
    if (event->name && f->s->device && strcmp(event->name, f->s->device) == 0)
        f->s->device_heard = event->at;
}

static void set_tick(folding *f, const rac_event *event)
{
    rac_session *s = f->s;
    const rac_tick tick = {event->name, event->done, event->actor, event->second, event->at};
    if (event->fasting_h >= 0 && strcmp(event->name, "fasting") == 0)
        s->fasting_h = event->fasting_h;
    for (size_t i = 0; i < s->tick_count; i++) {
        if (strcmp(s->ticks[i].id, event->name) == 0) {
            s->ticks[i] = tick;
            return;
        }
    }
    rac_push(f->arena, s->ticks, s->tick_count, s->tick_capacity, tick);
}

static void set_symptom(folding *f, const rac_event *event)
{
    rac_session *s = f->s;
    for (size_t i = 0; i < s->symptom_count; i++) {
        rac_symptom *symptom = &s->symptoms[i];
        if (strcmp(symptom->name, event->name) != 0)
            continue;
        if (symptom->severity == RAC_GONE)
            symptom->since = event->at;
        symptom->severity = event->severity;
        symptom->at = event->at;
        return;
    }
    const rac_symptom fresh = {event->name, event->severity, event->at, event->at};
    rac_push(f->arena, s->symptoms, s->symptom_count, s->symptom_capacity, fresh);
}

static void apply(folding *f, const rac_event *event)
{
    rac_session *s = f->s;
    switch (event->kind) {
    case RAC_EVENT_OPENED:
        s->protocol_hash = event->protocol_hash;
        s->number = event->number;
        s->opened_at = event->at;
        break;
    case RAC_EVENT_DEVICE_BOUND:
        s->device = event->name;
        s->device_interval = event->interval;
        s->device_heard = event->at;
        break;
    case RAC_EVENT_DEVICE_RELEASED:
        s->device = NULL;
        break;
    case RAC_EVENT_TICK:
        set_tick(f, event);
        break;
    case RAC_EVENT_WEIGHED:
        s->weighed = true;
        s->weighed_at = event->at;
        s->weight_kg = event->amount;
        break;
    case RAC_EVENT_VIAL:
        s->vial_code = event->name;
        break;
    case RAC_EVENT_PLANNED:
        s->plan = event->plan;
        s->plan_signed_by = s->plan_second = NULL;
        break;
    case RAC_EVENT_PLAN_SIGNED:
        s->plan_signed_by = event->actor;
        s->plan_second = event->second;
        break;
    case RAC_EVENT_READING:
        add_readings(f, event);
        break;
    case RAC_EVENT_STARTED:
    case RAC_EVENT_RATE:
    case RAC_EVENT_RESUMED:
        begin_segment(f, event->at, event->rate_ml_per_h);
        break;
    case RAC_EVENT_PAUSED:
    case RAC_EVENT_STOPPED:
        end_segment(f, event->at);
        break;
    case RAC_EVENT_SYMPTOM:
        set_symptom(f, event);
        break;
    case RAC_EVENT_DEVIATION:
        rac_push(f->arena, s->deviations, s->deviation_count, s->deviation_capacity, event->text);
        break;
    case RAC_EVENT_SIGNED:
        s->signed_off = true;
        break;
    default:
        break; /* the rest changes at most the state */
    }
}

/* Where a fact about drug leads when the table did not expect it: what was given counts. */
static rac_state state_of_fact(const rac_session *s, const rac_event *event)
{
    if (rac_state_is_over(s->state))
        return s->state;
    switch (event->kind) {
    case RAC_EVENT_STARTED:
    case RAC_EVENT_RESUMED:
    case RAC_EVENT_RATE:
        return event->rate_ml_per_h.millionths > 0 ? RAC_STATE_DOSING : s->state;
    case RAC_EVENT_TRANSFERRED:
        return s->any_drug ? RAC_STATE_TRANSFERRED : s->state;
    case RAC_EVENT_LEFT:
        return s->any_drug ? RAC_STATE_LEFT : s->state;
    default:
        return s->state;
    }
}

static void change_state(folding *f, rac_state to, const rac_event *event)
{
    rac_session *s = f->s;
    if (to == s->state)
        return;
    if (to == RAC_STATE_RECOVERING)
        s->recovering_at = event->at;
    if (rac_state_is_over(to)) {
        end_segment(f, event->at); /* nobody leaves with the pump running: the record ends it there */
        s->over_at = event->at;
    }
    s->state = to;
}

/* ---- occurrences of the protocol's conditions
 * -------------------------------------------------------------- */

static rac_occurrence *lasting(rac_session *s, size_t condition)
{
    for (size_t i = s->occurrence_count; i-- > 0;)
        if (s->occurrences[i].condition == condition && s->occurrences[i].to.ms == never.ms)
            return &s->occurrences[i];
    return NULL;
}

static bool is_watched(const rac_session *s)
{
    return s->state == RAC_STATE_DOSING || s->state == RAC_STATE_PAUSED || s->state == RAC_STATE_RECOVERING;
}

/* A condition begins when its rule is true and ends when its clear rule is; in between it lasts. */
static rac_status watch(folding *f, rac_arena *scratch, rac_instant at, rac_error *err)
{
    rac_session *s = f->s;
    const rac_moment moment = {f->protocol, s, f->facts, at, 0, -1};
    for (size_t c = 0; c < f->protocol->condition_count; c++) {
        const rac_condition_rule *rule = &f->protocol->conditions[c];
        rac_occurrence *present = lasting(s, c);
        rac_answer answer;
        const rac_status status =
            rac_moment_evaluate(scratch, &moment, present ? rule->clear : rule->when, &answer, NULL, err);
        if (status)
            return status;
        if (rac_answer_truth(&answer) != RAC_TRUE)
            continue;
        if (present) {
            present->to = at;
        } else {
            const rac_occurrence begun = {c, at, never};
            rac_push(f->arena, s->occurrences, s->occurrence_count, s->occurrence_capacity, begun);
        }
    }
    return RAC_OK;
}

static void end_occurrences(rac_session *s, rac_instant at)
{
    for (size_t i = 0; i < s->occurrence_count; i++)
        if (s->occurrences[i].to.ms == never.ms)
            s->occurrences[i].to = at;
}

/* Only these can change what a condition sees. */
static bool moves_conditions(rac_event_kind kind)
{
    return kind == RAC_EVENT_READING || kind == RAC_EVENT_STARTED || kind == RAC_EVENT_RESUMED;
}

/* ---- folding
 * ------------------------------------------------------------------------------------------------ */

rac_status rac_session_step(rac_arena *arena, const rac_protocol *protocol, const rac_facts *facts,
                            rac_session *session, const rac_event *event, rac_error *err)
{
    folding f = {arena, protocol, facts, session};
    rac_state to;
    if (event->at.ms < session->last_at.ms || event->kind == RAC_EVENT_CORRECTION)
        return rac_fail(err, RAC_CONFLICT, "the event lies before what was folded");
    const bool expected = rac_state_after(session->state, event->kind, &to);
    if (!expected) {
        deviate(&f, event);
        to = state_of_fact(session, event);
    }
    apply(&f, event);
    change_state(&f, to, event);
    session->last_at = event->at;
    if (rac_state_is_over(session->state)) {
        end_occurrences(session, session->over_at);
    } else if (is_watched(session) && moves_conditions(event->kind)) {
        rac_arena *scratch = rac_arena_new();
        const rac_status status = watch(&f, scratch, event->at, err);
        rac_arena_free(scratch);
        return status;
    }
    return RAC_OK;
}

rac_status rac_session_fold(rac_arena *arena, const rac_protocol *protocol, const rac_facts *facts,
                            const rac_event *events, size_t count, rac_session *session, rac_error *err)
{
    size_t clinical_count;
    const rac_event *clinical = rac_events_clinical(arena, events, count, &clinical_count);
    *session = (rac_session){.state = RAC_STATE_PLANNED, .fasting_h = -1, .last_at = {INT64_MIN}};
    for (size_t i = 0; i < clinical_count; i++) {
        if (clinical[i].kind == RAC_EVENT_CORRECTION)
            continue; /* applied already */
        const rac_status status = rac_session_step(arena, protocol, facts, session, &clinical[i], err);
        if (status)
            return status;
    }
    return RAC_OK;
}

/* ---- what follows from the fold
 * -------------------------------------------------------------------------------- */

/* Volume in mL is the sum of rate (millionths of mL/h) times time (ms), over 3 600 000 ms an hour; held
 * exactly in 128 bits until the one rounding at the end. */
static __int128 rate_times_ms(const rac_session *s, rac_instant now)
{
    __int128 sum = 0;
    for (size_t i = 0; i < s->segment_count; i++) {
        const rac_rate_segment *segment = &s->segments[i];
        const int64_t to = segment->to.ms < now.ms ? segment->to.ms : now.ms;
        if (to > segment->from.ms)
            sum += (__int128)segment->rate_ml_per_h.millionths * (to - segment->from.ms);
    }
    return sum;
}

static const int64_t ms_per_hour = 3600000;

/* Micrograms of a microlitre amount: concentration drawn / final volume, kept as a fraction. */
void rac_session_delivered(const rac_session *session, rac_instant now, rac_decimal *volume_ml,
                           rac_decimal *amount_mg)
{
    const rac_plan *plan = session->plan;
    __int128 sum = rate_times_ms(session, now);
    *volume_ml = *amount_mg = (rac_decimal){0};
    if (plan && sum > (__int128)plan->final_volume_ml.millionths * ms_per_hour)
        sum = (__int128)plan->final_volume_ml.millionths * ms_per_hour; /* the syringe is empty */
    /* to 0.001: millionths / 1000, half up */
    const __int128 thousandths = (sum + (__int128)ms_per_hour * 500) / ((__int128)ms_per_hour * 1000);
    volume_ml->millionths = (int64_t)(thousandths * 1000);
    if (!plan || plan->final_volume_ml.millionths <= 0)
        return;
    const __int128 unit = (__int128)plan->final_volume_ml.millionths * ms_per_hour * 1000;
    amount_mg->millionths = (int64_t)((sum * plan->drawn_mg.millionths + unit / 2) / unit * 1000);
}

bool rac_session_end(const rac_session *session, rac_instant now, rac_instant *end)
{
    if (!is_running(session) || !session->plan)
        return false;
    const int64_t rate = session->segments[session->segment_count - 1].rate_ml_per_h.millionths;
    const __int128 left =
        (__int128)session->plan->final_volume_ml.millionths * ms_per_hour - rate_times_ms(session, now);
    end->ms = now.ms + (left > 0 ? (int64_t)((left + rate - 1) / rate) : 0);
    return true;
}

static bool is_usable(const rac_timed_value *value)
{
    return value->quality == RAC_QUALITY_MEASURED || value->quality == RAC_QUALITY_MANUAL;
}

static const rac_timed_value *last_usable(const rac_series *series, rac_instant until)
{
    for (size_t i = series->count; i-- > 0;)
        if (is_usable(&series->items[i]) && series->items[i].at.ms <= until.ms)
            return &series->items[i];
    return NULL;
}

const rac_timed_value *rac_session_latest(const rac_session *session, rac_reading_kind kind)
{
    return last_usable(&session->series[kind], never);
}

const rac_timed_value *rac_session_baseline(const rac_session *session, rac_reading_kind kind)
{
    return last_usable(&session->series[kind], session->any_drug ? session->started_at : never);
}
