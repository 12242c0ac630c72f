/* What is said aloud: see racemate/care/alarms.h.
 *
 * Three steps, each a function of its own: which conditions hold (from clinical time), what has been said
 * about each (from the order of recording), and what to say now (the difference). */
#include "racemate/care/alarms.h"

#include <string.h>

#include "care/moment.h"

static const rac_instant never = {INT64_MAX};

static const char *const causes[] = {"out of range", "overdue", "silent device", "invalid value"};

const char *rac_alarm_cause_name(rac_alarm_cause cause)
{
    return causes[cause];
}

static bool is_watched(const rac_session *s)
{
    return s->state == RAC_STATE_DOSING || s->state == RAC_STATE_PAUSED || s->state == RAC_STATE_RECOVERING;
}

typedef struct list {
    rac_arena *arena;
    rac_alarm *items;
    size_t count, capacity;
} list;

static void add(list *l, rac_alarm alarm)
{
    rac_push(l->arena, l->items, l->count, l->capacity, alarm);
}

/* ---- conditions -------------------------------------------------------------------------------------------
 */

static rac_status add_limits(list *l, const rac_moment *moment, rac_error *err)
{
    const rac_session *s = moment->session;
    for (size_t i = 0; i < s->occurrence_count; i++) {
        const rac_occurrence *occurrence = &s->occurrences[i];
        const rac_condition_rule *rule = &moment->protocol->conditions[occurrence->condition];
        const bool active = occurrence->to.ms == never.ms;
        const int64_t until = active ? moment->now.ms : occurrence->to.ms;
        /* an event stamped a little ahead of this clock has begun all the same */
        const int64_t lasted_ms = until > occurrence->from.ms ? until - occurrence->from.ms : 0;
        if (lasted_ms < rule->delay.ms)
            continue; /* not long enough to speak */
        const char *numbers = "";
        rac_answer answer;
        const rac_status status = rac_moment_evaluate(l->arena, moment, rule->when, &answer, &numbers, err);
        if (status)
            return status;
        add(l, (rac_alarm){.id = rule->id,
                           .say = rac_format(l->arena, "%s [%s]", rule->say, numbers),
                           .cause = RAC_CAUSE_LIMIT,
                           .priority = rule->priority,
                           .action = rule->action,
                           .latch = rule->latch,
                           .since = occurrence->from,
                           .active = active});
    }
    return RAC_OK;
}

static rac_instant phase_began(const rac_session *s)
{
    return s->state == RAC_STATE_RECOVERING ? s->recovering_at : s->started_at;
}

rac_status rac_alarms_readings_due(rac_arena *arena, const rac_moment *moment, rac_due_reading **due,
                                   size_t *count)
{
    const rac_session *s = moment->session;
    const rac_phase phase = s->state == RAC_STATE_RECOVERING ? RAC_PHASE_RECOVERY : RAC_PHASE_INFUSION;
    rac_due_reading *items = rac_many(arena, rac_due_reading, moment->protocol->monitoring_count);
    *count = 0;
    *due = items;
    for (size_t i = 0; is_watched(s) && i < moment->protocol->monitoring_count; i++) {
        const rac_monitoring_row *row = &moment->protocol->monitoring[i];
        rac_reading_kind kind;
        if (row->phase != phase || rac_reading_find(rac_text_of(row->reading), &kind, NULL))
            continue;
        const rac_timed_value *latest = rac_session_latest(s, kind);
        rac_instant from = phase_began(s);
        if (latest && latest->at.ms > from.ms)
            from = latest->at;
        const rac_instant at = rac_instant_add(from, row->every);
        items[(*count)++] = (rac_due_reading){row, at, moment->now.ms > at.ms + row->late_after.ms};
    }
    return RAC_OK;
}

/* "blood_pressure" as people say it. */
static const char *spoken(rac_arena *arena, const char *measure)
{
    char *words = rac_string_copy(arena, measure);
    for (char *c = words; *c; c++)
        if (*c == '_')
            *c = ' ';
    return words;
}

static void add_overdue(list *l, const rac_moment *moment)
{
    rac_due_reading *due;
    size_t count;
    (void)rac_alarms_readings_due(l->arena, moment, &due, &count);
    for (size_t i = 0; i < count; i++) {
        if (!due[i].overdue)
            continue;
        const rac_duration late = rac_instant_since(moment->now, due[i].due);
        add(l, (rac_alarm){.id = rac_format(l->arena, "missing-%s", due[i].row->measure),
                           .say = rac_format(l->arena, "No %s for longer than %s: measure now",
                                             spoken(l->arena, due[i].row->measure),
                                             rac_duration_format(l->arena, due[i].row->every)),
                           .cause = RAC_CAUSE_MISSING,
                           .priority = RAC_PRIORITY_MEDIUM,
                           .since = rac_instant_add(due[i].due, due[i].row->late_after),
                           .active = late.ms > 0});
    }
}

/* A bound device that misses two of its messages, and at least eight seconds: a pulled cable shows in under
 * ten when the device sends every second. */
static rac_duration silence_allowed(const rac_session *s)
{
    const int64_t two = 2 * s->device_interval.ms;
    return (rac_duration){two > 8000 ? two : 8000};
}

static void add_silent_device(list *l, const rac_moment *moment)
{
    const rac_session *s = moment->session;
    if (!s->device || rac_state_is_over(s->state))
        return;
    const rac_instant since = rac_instant_add(s->device_heard, silence_allowed(s));
    if (moment->now.ms <= since.ms)
        return;
    add(l, (rac_alarm){.id = "silent-device",
                       .say = rac_format(
                           l->arena, "Nothing from %s since %s: check cable and network, chart by hand",
                           s->device, rac_instant_format_clock(l->arena, s->device_heard, moment->zone_min)),
                       .cause = RAC_CAUSE_SILENT,
                       .priority = RAC_PRIORITY_MEDIUM,
                       .since = since,
                       .active = true});
}

/* The newest word about a reading is that it cannot be used. */
static void add_invalid(list *l, const rac_moment *moment)
{
    const rac_session *s = moment->session;
    for (int kind = 0; is_watched(s) && kind < RAC_READING_COUNT; kind++) {
        const rac_series *series = &s->series[kind];
        if (!series->count || series->items[series->count - 1].quality != RAC_QUALITY_INVALID)
            continue;
        size_t first = series->count - 1;
        while (first > 0 && series->items[first - 1].quality == RAC_QUALITY_INVALID)
            first--;
        const rac_reading_row *row = rac_reading((rac_reading_kind)kind);
        add(l, (rac_alarm){.id = rac_format(l->arena, "invalid-%s", row->name),
                           .say = rac_format(l->arena, "%s from the device is not usable: check the sensor",
                                             row->title),
                           .cause = RAC_CAUSE_INVALID,
                           .priority = RAC_PRIORITY_LOW,
                           .since = series->items[first].at,
                           .active = true});
    }
}

/* ---- what has been said
 * --------------------------------------------------------------------------------------- */

/* In the order of recording: an announcement opens, an acknowledgement or resolution follows it.  An
 * occurrence is known by its id and start; a late entry that moves the start by correction makes another
 * occurrence, and the old announcement stays. */
static void add_history(rac_alarm *alarm, const rac_event *events, size_t count)
{
    int64_t newest = -1;
    for (size_t i = 0; i < count; i++) {
        const rac_event *event = &events[i];
        if (!event->name || strcmp(event->name, alarm->id) != 0)
            continue;
        if (event->kind == RAC_EVENT_ANNOUNCED && event->since.ms == alarm->since.ms) {
            alarm->announced = true;
            alarm->announced_at = event->recorded;
            if (newest >= 0)
                alarm->acknowledged = false; /* said again */
            newest = event->seq;
        } else if (event->kind == RAC_EVENT_ACKNOWLEDGED && alarm->announced) {
            alarm->acknowledged = true;
            alarm->acknowledged_by = event->actor;
            alarm->acknowledged_at = event->recorded;
        }
    }
}

static bool is_resolved(const rac_alarm *alarm, const rac_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == RAC_EVENT_RESOLVED && events[i].name &&
            strcmp(events[i].name, alarm->id) == 0 && events[i].since.ms == alarm->since.ms)
            return true;
    return false;
}

/* A latched alarm stays until somebody acknowledged it, although its condition has ended. */
static bool is_signalled(const rac_alarm *alarm)
{
    return alarm->active || (alarm->latch && !alarm->acknowledged);
}

static bool speaks_before(const rac_alarm *a, const rac_alarm *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->since.ms < b->since.ms;
}

static rac_status gather(rac_arena *arena, const rac_moment *moment, const rac_event *events, size_t count,
                         list *l, rac_error *err)
{
    *l = (list){.arena = arena};
    const rac_status status = add_limits(l, moment, err);
    if (status)
        return status;
    add_overdue(l, moment);
    add_silent_device(l, moment);
    add_invalid(l, moment);
    for (size_t i = 0; i < l->count; i++) {
        add_history(&l->items[i], events, count);
        l->items[i].signalled = is_signalled(&l->items[i]);
    }
    return RAC_OK;
}

rac_status rac_alarms_now(rac_arena *arena, const rac_moment *moment, const rac_event *events, size_t count,
                          rac_alarm_list *alarms, rac_error *err)
{
    list l;
    const rac_status status = gather(arena, moment, events, count, &l, err);
    if (status)
        return status;
    size_t kept = 0;
    for (size_t i = 0; i < l.count; i++) { /* insertion into order: a handful of alarms */
        const rac_alarm alarm = l.items[i];
        if (!alarm.signalled)
            continue;
        size_t at = kept++;
        for (; at > 0 && speaks_before(&alarm, &l.items[at - 1]); at--)
            l.items[at] = l.items[at - 1];
        l.items[at] = alarm;
    }
    *alarms = (rac_alarm_list){l.items, kept, 0};
    for (size_t i = 0; i < kept; i++)
        alarms->open += alarms->items[i].priority > RAC_PRIORITY_LOW || alarms->items[i].latch;
    return RAC_OK;
}

/* ---- what to say now
 * --------------------------------------------------------------------------------------------- */

static bool must_speak(const rac_moment *moment, const rac_alarm *alarm)
{
    if (!alarm->announced)
        return alarm->active || alarm->latch;
    return alarm->active && alarm->acknowledged &&
           moment->now.ms - alarm->acknowledged_at.ms >= moment->protocol->reannounce.ms;
}

/* Announced alarms of an occurrence that is no longer there (a missing reading that arrived, a device heard
 * again, a correction that removed the occurrence). */
static bool still_listed(const list *l, const rac_event *announced)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].id, announced->name) == 0 && l->items[i].since.ms == announced->since.ms &&
            l->items[i].active)
            return true;
    return false;
}

static rac_event engine_event(const rac_moment *moment, rac_event_kind kind, const char *id,
                              rac_instant since)
{
    return (rac_event){.at = moment->now,
                       .recorded = moment->now,
                       .kind = kind,
                       .actor = "alarm-engine",
                       .source = "engine",
                       .name = id,
                       .since = since,
                       .fasting_h = -1};
}

rac_status rac_alarms_due(rac_arena *arena, const rac_moment *moment, const rac_event *events, size_t count,
                          rac_event **due, size_t *due_count, rac_error *err)
{
    list l;
    size_t capacity = 0;
    *due = NULL;
    *due_count = 0;
    const rac_status status = gather(arena, moment, events, count, &l, err);
    if (status)
        return status;
    for (size_t i = 0; i < l.count; i++) {
        if (!must_speak(moment, &l.items[i]))
            continue;
        rac_event event = engine_event(moment, RAC_EVENT_ANNOUNCED, l.items[i].id, l.items[i].since);
        event.priority = l.items[i].priority;
        event.text = l.items[i].say;
        rac_push(arena, *due, *due_count, capacity, event);
    }
    for (size_t i = 0; i < count; i++) {
        if (events[i].kind != RAC_EVENT_ANNOUNCED || still_listed(&l, &events[i]))
            continue;
        const rac_alarm named = {.id = events[i].name, .since = events[i].since};
        bool queued = false;
        for (size_t j = 0; j < *due_count; j++)
            queued =
                queued || ((*due)[j].kind == RAC_EVENT_RESOLVED && strcmp((*due)[j].name, named.id) == 0 &&
                           (*due)[j].since.ms == named.since.ms);
        if (queued || is_resolved(&named, events, count))
            continue;
        const rac_event event = engine_event(moment, RAC_EVENT_RESOLVED, events[i].name, events[i].since);
        rac_push(arena, *due, *due_count, capacity, event);
    }
    return RAC_OK;
}

/* ---- when time alone may change the answer
 * ---------------------------------------------------------------------------- */

static void sooner(rac_instant *next, rac_instant now, int64_t at_ms)
{
    if (at_ms > now.ms && at_ms < next->ms)
        next->ms = at_ms;
}

rac_instant rac_alarms_next(const rac_moment *moment, const rac_alarm_list *alarms)
{
    const rac_session *s = moment->session;
    rac_instant next = never;
    for (size_t i = 0; i < s->occurrence_count; i++)
        if (s->occurrences[i].to.ms == never.ms)
            sooner(&next, moment->now,
                   s->occurrences[i].from.ms +
                       moment->protocol->conditions[s->occurrences[i].condition].delay.ms);
    for (size_t i = 0; i < alarms->count; i++)
        if (alarms->items[i].acknowledged && alarms->items[i].active)
            sooner(&next, moment->now, alarms->items[i].acknowledged_at.ms + moment->protocol->reannounce.ms);
    if (s->device && !rac_state_is_over(s->state))
        sooner(&next, moment->now, s->device_heard.ms + silence_allowed(s).ms + 1);
    rac_arena *scratch = rac_arena_new();
    rac_due_reading *due;
    size_t count;
    (void)rac_alarms_readings_due(scratch, moment, &due, &count);
    for (size_t i = 0; i < count; i++)
        sooner(&next, moment->now, due[i].due.ms + due[i].row->late_after.ms + 1);
    rac_arena_free(scratch);
    return next;
}
