/* racemate/care/event.h: what happened in a session, as an append-only list.
 *
 * An event carries when it happened (`at`) and when it was recorded (`recorded`).  Nothing is
 * overwritten: a correction is an event that names the one it replaces or voids.  The body of an
 * event is JSON with the fields its row in the table allows, so that the stored record can be read
 * without this program.
 */
#ifndef RACEMATE_CARE_EVENT_H
#define RACEMATE_CARE_EVENT_H

#include "racemate/care/plan.h"
#include "racemate/care/reading.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name in the record, sentence for people (the fields each may carry are in src/care/event.c) */
#define RAC_EVENT_LIST(X)                                                     \
    X(RAC_EVENT_OPENED, "session.opened", "session opened")                   \
    X(RAC_EVENT_DEVICE_BOUND, "device.bound", "device bound to this session") \
    X(RAC_EVENT_DEVICE_RELEASED, "device.released", "device released")        \
    X(RAC_EVENT_CHECKED_IN, "patient.checked-in", "patient checked in")       \
    X(RAC_EVENT_TICK, "check.ticked", "check ticked")                         \
    X(RAC_EVENT_WEIGHED, "patient.weighed", "patient weighed")                \
    X(RAC_EVENT_VIAL, "vial.chosen", "vial chosen")                           \
    X(RAC_EVENT_PLANNED, "plan.made", "plan made")                            \
    X(RAC_EVENT_PLAN_SIGNED, "plan.signed", "plan signed")                    \
    X(RAC_EVENT_READY, "session.ready", "start gate passed")                  \
    X(RAC_EVENT_READING, "reading", "reading")                                \
    X(RAC_EVENT_STARTED, "dosing.started", "infusion started")                \
    X(RAC_EVENT_RATE, "dosing.rate", "rate changed")                          \
    X(RAC_EVENT_PAUSED, "dosing.paused", "infusion held")                     \
    X(RAC_EVENT_RESUMED, "dosing.resumed", "infusion resumed")                \
    X(RAC_EVENT_STOPPED, "dosing.stopped", "infusion stopped")                \
    X(RAC_EVENT_RECOVERING, "recovery.began", "recovery began")               \
    X(RAC_EVENT_SYMPTOM, "symptom", "symptom")                                \
    X(RAC_EVENT_INTERVENTION, "intervention", "intervention")                 \
    X(RAC_EVENT_NOTE, "note", "note")                                         \
    X(RAC_EVENT_ANNOUNCED, "alarm.announced", "alarm announced")              \
    X(RAC_EVENT_ACKNOWLEDGED, "alarm.acknowledged", "alarm acknowledged")     \
    X(RAC_EVENT_RESOLVED, "alarm.resolved", "alarm resolved")                 \
    X(RAC_EVENT_DEVIATION, "deviation", "deviation")                          \
    X(RAC_EVENT_CORRECTION, "correction", "correction")                       \
    X(RAC_EVENT_DISCHARGED, "session.discharged", "discharged")               \
    X(RAC_EVENT_CANCELLED, "session.cancelled", "cancelled before any drug")  \
    X(RAC_EVENT_TRANSFERRED, "session.transferred", "transferred")            \
    X(RAC_EVENT_LEFT, "session.left", "left against advice")                  \
    X(RAC_EVENT_SIGNED, "session.signed", "record signed")

typedef enum rac_event_kind {
#define X(kind, name, sentence) kind,
    RAC_EVENT_LIST(X)
#undef X
        RAC_EVENT_KIND_COUNT
} rac_event_kind;

const char *rac_event_name(rac_event_kind kind);
const char *rac_event_sentence(rac_event_kind kind);
rac_status rac_event_find(rac_text name, rac_event_kind *kind, rac_error *err);

/* Severity of a symptom, 0 when it is gone. */
typedef enum rac_severity { RAC_GONE, RAC_MILD, RAC_MODERATE, RAC_SEVERE } rac_severity;

/* One event.  Which fields a kind uses is in the table of event.c; the others stay zero. */
typedef struct rac_event {
    int64_t seq; /* place in the store's order of recording; unique and rising */
    rac_instant at;
    rac_instant recorded;
    rac_event_kind kind;
    const char *actor;  /* staff id, or device id for a device's reading */
    const char *source; /* "command", "web", "hl7:<device>" */

    const char *name; /* id of the patient (opened), check, symptom, condition, device, vial, intervention */
    const char *text; /* chair (opened), note, reason, what was announced */
    const char *second; /* the second person, where one confirmed */
    bool done;          /* a tick that is set (false: taken back) */
    rac_severity severity;
    rac_priority priority;     /* of an announced alarm */
    rac_instant since;         /* start of the occurrence an alarm event speaks of */
    int64_t target;            /* seq an event corrects or acknowledges */
    bool voided;               /* a correction that strikes its target out */
    rac_duration interval;     /* how often a bound device sends */
    rac_decimal rate_ml_per_h; /* the rate the pump shows */
    rac_decimal amount;        /* weight in kg; volume left in mL at a stop */
    rac_reading_value *readings;
    size_t reading_count;
    const rac_plan *plan;      /* plan.made */
    const char *protocol_hash; /* session.opened: which adopted protocol governs it */
    int number;                /* session.opened: which infusion of the course */
    double fasting_h;          /* hours since solid food, -1 unknown (check.ticked of "fasting") */
    /* correction that replaces: the corrected event, its `seq` and `recorded` those of the correction */
    const struct rac_event *replacement;
} rac_event;

/* The body as canonical JSON (sorted keys, no spaces), and back.  seq, at, recorded, kind, actor and source
 * travel outside the body: the caller sets them before decoding.  An unknown field, a field the kind does
 * not use, a missing one or a wrong type is RAC_INVALID naming it. */
char *rac_event_encode(rac_arena *arena, const rac_event *event);
rac_status rac_event_decode(rac_arena *arena, rac_text body, rac_event *event, rac_error *err);

/* One line for people: "10:25 rate changed to 60.0 mL/h (pressure)". */
char *rac_event_line(rac_arena *arena, const rac_event *event, int zone_min);

/* Sorts by (at, seq): the order of clinical folding.  Corrected events are replaced by their
 * replacement and voided ones dropped, whatever the order of recording; the result is a new list. */
rac_event *rac_events_clinical(rac_arena *arena, const rac_event *events, size_t count,
                               size_t *clinical_count);

#ifdef __cplusplus
}
#endif
#endif
