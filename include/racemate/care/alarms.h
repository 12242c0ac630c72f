/* racemate/care/alarms.h: what is said aloud, when, and until when.
 *
 * Words as used in alarm standards and open ventilator projects: a *condition* is a pure function of data
 * (the protocol's rules, a reading that is overdue, a device gone silent or sending rubbish); an
 * *occurrence* is the interval while it holds; a *signal* is what people perceive.  Occurrences follow
 * clinical time and may change when a late entry arrives.  Announcements are events, folded in the order they
 * were recorded; what was announced stays.
 *
 * The engine has no clock and stores nothing: (protocol, session, announcements so far, now) -> what is
 * signalled, and what to announce or resolve now.  It is never the primary alarm.
 */
#ifndef RACEMATE_CARE_ALARMS_H
#define RACEMATE_CARE_ALARMS_H

#include "racemate/care/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Out of range, overdue, silent device and invalid values are four different things (RS-2). */
typedef enum rac_alarm_cause {
    RAC_CAUSE_LIMIT,
    RAC_CAUSE_MISSING,
    RAC_CAUSE_SILENT,
    RAC_CAUSE_INVALID
} rac_alarm_cause;
const char *rac_alarm_cause_name(rac_alarm_cause cause);

typedef struct rac_alarm {
    const char *id;  /* condition id, "missing-blood_pressure", "silent-device", "invalid-spo2" */
    const char *say; /* for the screen, with the numbers */
    rac_alarm_cause cause;
    rac_priority priority;
    rac_action action;
    bool latch;
    rac_instant since; /* start of the occurrence */
    bool active;       /* the condition holds now */
    bool announced;    /* a signal was given for this occurrence */
    rac_instant announced_at;
    bool acknowledged;
    const char *acknowledged_by;
    rac_instant acknowledged_at;
    bool signalled; /* shown now: active, or latched until acknowledged */
} rac_alarm;

typedef struct rac_alarm_list {
    rac_alarm *items; /* highest priority first, then the oldest */
    size_t count;
    int open; /* active, or latched and not acknowledged: discharge waits for them */
} rac_alarm_list;

/* Everything signalled at `now`.  `events` are the session's, as recorded. */
rac_status rac_alarms_now(rac_arena *arena, const rac_moment *moment, const rac_event *events, size_t count,
                          rac_alarm_list *alarms, rac_error *err);

/* The events the engine wants recorded at `now`: announce what is new (after its delay), what became worse,
 * what is still there `reannounce` after its acknowledgement; resolve what has ended.  seq is 0: the store
 * gives it.  Calling it again after recording them yields nothing until something changes. */
rac_status rac_alarms_due(rac_arena *arena, const rac_moment *moment, const rac_event *events, size_t count,
                          rac_event **due, size_t *due_count, rac_error *err);

/* The next instant at which time alone (a delay, an overdue reading, a re-announcement) may change the
 * answer; INT64_MAX ms if none. */
rac_instant rac_alarms_next(const rac_moment *moment, const rac_alarm_list *alarms);

/* When each reading of the protocol's monitoring table is due in the present phase. */
typedef struct rac_due_reading {
    const rac_monitoring_row *row;
    rac_instant due; /* last reading (or start of the phase) + every */
    bool overdue;    /* now is past due + late_after */
} rac_due_reading;
rac_status rac_alarms_readings_due(rac_arena *arena, const rac_moment *moment, rac_due_reading **due,
                                   size_t *count);

#ifdef __cplusplus
}
#endif
#endif
