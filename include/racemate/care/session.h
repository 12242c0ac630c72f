/* racemate/care/session.h: the state of a session, folded from its events.
 *
 *   planned -> checked-in -> ready -> dosing <-> paused -> recovering -> discharged
 *   before any drug: cancelled;   after any drug: transferred, left against advice
 *
 * The fold accepts every fact: an event the transition table does not expect in the present state is
 * applied where it says what was given, and remembered as a deviation.  Gates (may the infusion start,
 * may the patient leave) are separate questions, asked before a person acts.
 *
 * State folds by (at, seq), so late entries land where they belong; what was announced is folded in
 * alarms.h by order of recording.  Nothing here reads a clock: `now` is an argument.
 */
#ifndef RACEMATE_CARE_SESSION_H
#define RACEMATE_CARE_SESSION_H

#include "racemate/care/event.h"
#include "racemate/care/screening.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RAC_STATE_LIST(X)                   \
    X(RAC_STATE_PLANNED, "planned")         \
    X(RAC_STATE_CHECKED_IN, "checked-in")   \
    X(RAC_STATE_READY, "ready")             \
    X(RAC_STATE_DOSING, "dosing")           \
    X(RAC_STATE_PAUSED, "paused")           \
    X(RAC_STATE_RECOVERING, "recovering")   \
    X(RAC_STATE_DISCHARGED, "discharged")   \
    X(RAC_STATE_CANCELLED, "cancelled")     \
    X(RAC_STATE_TRANSFERRED, "transferred") \
    X(RAC_STATE_LEFT, "left against advice")

typedef enum rac_state {
#define X(state, name) state,
    RAC_STATE_LIST(X)
#undef X
        RAC_STATE_COUNT
} rac_state;

const char *rac_state_name(rac_state state);
bool rac_state_is_over(rac_state state);

/* The table: what `kind` does in `from`.  *to is the state it leads to (`from` itself for what changes no
 * state). False when the event is not expected there; a fact is then recorded with a deviation. */
bool rac_state_after(rac_state from, rac_event_kind kind, rac_state *to);

/* A stretch of constant pump rate; to.ms == INT64_MAX while it lasts. */
typedef struct rac_rate_segment {
    rac_instant from, to;
    rac_decimal rate_ml_per_h;
} rac_rate_segment;

typedef struct rac_timed_value {
    rac_instant at;
    double value;
    rac_quality quality;
    int64_t seq;
    bool late; /* recorded more than a minute after it was measured */
} rac_timed_value;

typedef struct rac_series { /* every value of one reading, by (at, seq); artefacts and invalid ones included
                             */
    rac_timed_value *items;
    size_t count, capacity;
} rac_series;

typedef struct rac_symptom {
    const char *name;
    rac_severity severity; /* the latest */
    rac_instant since, at; /* onset, latest word */
} rac_symptom;

typedef struct rac_tick {
    const char *id;
    bool done;
    const char *actor, *second;
    rac_instant at;
} rac_tick;

/* The occurrence history of one condition of the protocol, in clinical time. */
typedef struct rac_occurrence {
    size_t condition; /* index into protocol->conditions */
    rac_instant from;
    rac_instant to; /* INT64_MAX while it lasts */
} rac_occurrence;

typedef struct rac_session {
    rac_state state;
    const char *protocol_hash;
    int number;
    rac_instant opened_at;
    bool any_drug;
    rac_instant started_at;   /* valid when any_drug */
    rac_instant last_drug_at; /* when drug last stopped flowing; valid when any_drug and not dosing */
    rac_instant recovering_at, over_at;
    const rac_plan *plan; /* NULL until planned */
    const char *plan_signed_by, *plan_second;
    const char *vial_code; /* as scanned or typed at the chair */
    rac_decimal weight_kg;
    rac_instant weighed_at;
    bool weighed;
    double fasting_h; /* -1 unknown */
    rac_rate_segment *segments;
    size_t segment_count, segment_capacity;
    rac_series series[RAC_READING_COUNT];
    rac_tick *ticks;
    size_t tick_count, tick_capacity;
    rac_symptom *symptoms;
    size_t symptom_count, symptom_capacity;
    rac_occurrence *occurrences;
    size_t occurrence_count, occurrence_capacity;
    const char **deviations; /* sentences, in order */
    size_t deviation_count, deviation_capacity;
    const char *device; /* bound device, NULL when none */
    rac_duration device_interval;
    rac_instant device_heard; /* last message from it */
    bool signed_off;
    rac_instant last_at; /* of the last event folded */
} rac_session;

/* Folds events (as recorded, any order) into a session.  `facts` are the patient's, for expressions that
 * name them; `protocol` must be the adopted one the session was opened under.  Pure and total: any list of
 * decodable events gives a state. */
rac_status rac_session_fold(rac_arena *arena, const rac_protocol *protocol, const rac_facts *facts,
                            const rac_event *events, size_t count, rac_session *session, rac_error *err);

/* Adds one event whose (at, seq) comes after everything folded; otherwise RAC_CONFLICT: fold again. */
rac_status rac_session_step(rac_arena *arena, const rac_protocol *protocol, const rac_facts *facts,
                            rac_session *session, const rac_event *event, rac_error *err);

/* Volume and amount delivered up to `now`, integrated exactly over the rate segments and capped at the
 * syringe's content; to 0.001 mL and 0.001 mg. */
void rac_session_delivered(const rac_session *session, rac_instant now, rac_decimal *volume_ml,
                           rac_decimal *amount_mg);
/* When the syringe will be empty at the present rate; false when nothing is running. */
bool rac_session_end(const rac_session *session, rac_instant now, rac_instant *end);
/* The latest usable value (measured or manual) of a reading; NULL when none. */
const rac_timed_value *rac_session_latest(const rac_session *session, rac_reading_kind kind);
/* The last usable value before the drug started (or so far, before it has); NULL when none. */
const rac_timed_value *rac_session_baseline(const rac_session *session, rac_reading_kind kind);

/* ---- expressions over a session -------------------------------------------------------------- */

/* The facts of a moment: what protocol expressions are evaluated against. */
typedef struct rac_moment {
    const rac_protocol *protocol;
    const rac_session *session;
    const rac_facts *facts;
    rac_instant now;
    int zone_min;    /* for "today" */
    int alarms_open; /* from alarms.h; -1 when not known here */
} rac_moment;

typedef enum rac_item_state { RAC_ITEM_MET, RAC_ITEM_NOT_MET, RAC_ITEM_UNKNOWN } rac_item_state;

typedef struct rac_item_result {
    const rac_check_item *item;
    rac_item_state state;
    const char *explanation; /* "sbp 172 mmHg <= 160 mmHg", "ticked by rk", "not ticked" */
    rac_words missing;
} rac_item_result;

typedef struct rac_checklist {
    const rac_item_result *items;
    size_t count;
    bool complete; /* every item met */
} rac_checklist;

/* Each item of `items` against the moment.  Unknown never counts as met. */
rac_status rac_checklist_evaluate(rac_arena *arena, const rac_moment *moment, rac_check_items items,
                                  rac_checklist *checklist, rac_error *err);

/* May the infusion start?  The protocol's start list, the state, a verified plan whose vial and weight match,
 * and a second person for the ticks that need one.  RAC_REFUSED when not; the checklist says what is missing.
 */
rac_status rac_session_start_gate(rac_arena *arena, const rac_moment *moment, rac_checklist *checklist,
                                  rac_error *err);

/* Refuses what a person must not enter: an event in the future (beyond `tolerance`), an exit that is not
 * reachable from the present state, whatever its date (discharge while dosing, cancelling after drug), a
 * discharge dated before recovery began, impossible readings.  Facts about drug given (start, rate, hold,
 * resume, stop) are never refused, only remarked: a rate above the pump, the label or the plan gives
 * *deviation, the sentence to record with it; it is NULL otherwise. */
rac_status rac_session_accept(rac_arena *arena, const rac_moment *moment, const rac_event *event,
                              rac_duration tolerance, const char **deviation, rac_error *err);

/* The whole session as lines for people, and a digest two replays can be compared by. */
char *rac_session_show(rac_arena *arena, const rac_moment *moment);

#ifdef __cplusplus
}
#endif
#endif
