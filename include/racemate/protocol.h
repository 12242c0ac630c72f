/* racemate/protocol.h: what a clinic does, as data.
 *
 * A protocol file is read, checked whole (every problem is reported at once, with its place), and
 * becomes one rac_protocol: plain values in an arena that every later part reads and none changes.
 * A file with open `site:` places is a draft.  Filling the places gives an adoptable protocol; the
 * signature, version and hash that make it usable on a patient are recorded by the caller.
 *
 *     rac_protocol_read -> rac_protocol_fill -> (signature, hash) -> screening, plan, session, course
 *
 * Units: amounts keep the unit in their name.  Expressions are evaluated in the base units of
 * base/expression.h.  Everything returned lives in the arena it was read into.
 */
#ifndef RACEMATE_PROTOCOL_H
#define RACEMATE_PROTOCOL_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_expression rac_expression; /* base/expression.h */
typedef struct rac_value rac_value;           /* base/expression.h */

/* A list of words in the arena. */
typedef struct rac_words {
    const char *const *items;
    size_t count;
} rac_words;

/* ---- where a value comes from ------------------------------------------------------------- */

typedef struct rac_source {
    const char *id;   /* "canbind-ect" */
    const char *kind; /* label, regulator, guideline, trial, cohort, survey, review, instrument,
                         manual, study, clinic, secondary */
    const char *title;
    const char *url; /* http(s) address, doi:10.…, or pmid:… */
    int line;
} rac_source;

/* ---- the vocabulary of expressions ---------------------------------------------------------- */

typedef enum rac_fact_kind { RAC_FACT_TRUTH, RAC_FACT_NUMBER, RAC_FACT_WORD } rac_fact_kind;

/* A question screening may ask.  A fact without unit and words is a yes/no question. */
typedef struct rac_fact_definition {
    const char *name; /* "failed_trials" */
    const char *ask;  /* the question, for people */
    rac_fact_kind kind;
    const char *unit;       /* as written in the file; "1" for a pure number; NULL unless a number */
    double low, high;       /* plausible range in that unit; a value outside is refused */
    rac_words words;        /* allowed answers of a word fact */
    rac_duration valid_for; /* how long an answer may be used; 0 = for the whole course */
    bool each_session;      /* asked again before every infusion */
    int line;
} rac_fact_definition;

/* What the session supplies to expressions, with or without a patient fact of the same name.
 * The table is in src/protocol/vocabulary.c; each row has name, kind, unit and meaning:
 *   readings   sbp dbp map (mmHg), hr (1/min), spo2 (%), rr (1/min), temp (Cel), moaas (1)
 *   <reading>.age       time since it was measured
 *   baseline.<reading>  the last value before the drug started
 *   minutes.since_start, minutes.since_drug (since the last drug stopped), given.mg, dose.mg
 *   weight.today, vial.matches, plan.signed (yes/no), fasting.hours
 *   symptoms.open, alarms.open (counts of what is neither resolved nor mild)
 * Between sessions, and only there (course.dose_steps):
 *   course.infusions (given so far), course.improvement (fall of the primary scale's score against the
 *   baseline, in %; unknown until it was asked after the last infusion), course.response, course.remission
 *   last.dose (mg/kg ordered), last.given (% of the planned dose), last.holds, last.stopped_early,
 *   last.peak_sbp
 * and, from the file itself: fact names, site.<name>, and tick.<id> of every item that is ticked by
 * hand or listed under second_checks.  A '-' of an id is written '_' there (tick.second_check), for '-'
 * is minus in an expression. */
typedef struct rac_vocabulary_row {
    const char *name;
    rac_fact_kind kind;
    const char *unit;
    const char *meaning;
    double low, high;  /* possible range in that unit: what a check may assume */
    bool intermittent; /* a reading taken now and then (cuff, judgement): no delay may hold it back */
    bool of_course;    /* known between sessions only */
} rac_vocabulary_row;
const rac_vocabulary_row *rac_vocabulary(size_t *count);

/* ---- the parts of a protocol ------------------------------------------------------------------ */

/* A place the published sources leave open.  `filled` when a medical director gave the value. */
typedef struct rac_site_place {
    const char *name; /* "hold_systolic" */
    const char *unit;
    double low, high; /* range a value must lie in, in `unit` */
    const char *about;
    const char *published; /* what was found in the sources */
    rac_words sources;
    bool filled;
    double value; /* in `unit` */
    int line;
} rac_site_place;

typedef enum rac_rule_kind { RAC_RULE_REQUIRE, RAC_RULE_EXCLUDE, RAC_RULE_CAUTION } rac_rule_kind;

/* A screening rule.  REQUIRE must be true; EXCLUDE must be false; CAUTION asks for a documented
 * decision when true.  Unknown never passes. */
typedef struct rac_rule {
    const char *id;
    rac_rule_kind kind;
    const rac_expression *when;
    const char *because;  /* the reason, for people */
    const char *clears;   /* what would clear it */
    const char *conflict; /* where published values differ; NULL if none was noted */
    rac_words sources;
    int line;
} rac_rule;

/* One item of a checklist.  With `when` it is computed from the record; without, a person ticks it. */
typedef struct rac_check_item {
    const char *id;
    const char *ask;
    const rac_expression *when; /* NULL: ticked by hand (tick.<id>) */
    rac_words sources;
    int line;
} rac_check_item;

typedef struct rac_check_items {
    const rac_check_item *items;
    size_t count;
} rac_check_items;

typedef struct rac_vial {
    const char *code;               /* "KET-50-10": what is scanned or typed */
    rac_decimal strength_mg_per_ml; /* of ketamine base */
    rac_decimal container_ml;
    rac_words sources;
} rac_vial;

typedef struct rac_dose_rules {
    rac_decimal amount_mg_per_kg; /* racemic ketamine base */
    double duration_min;
    const char *weight_basis;                 /* "actual" */
    rac_decimal min_mg_per_kg, max_mg_per_kg; /* hard limits of a plan */
    double fastest_mg_per_kg_per_min;         /* label limit on any rate */
    rac_decimal cap_mg;                       /* absolute ceiling; from the site place until filled: 0 */
    const char *cap_place;                    /* name of that site place, NULL when the file gives a number */
    double weight_min_kg, weight_max_kg;
    rac_words sources;
    const char *conflict;
} rac_dose_rules;

typedef struct rac_preparation {
    const rac_vial *vials;
    size_t vial_count;
    const rac_vial *stocked; /* the one strength this clinic stocks for infusions */
    rac_decimal final_volume_ml;
    rac_words diluents;
    rac_words incompatible;
    rac_decimal syringe_capacity_ml; /* the infusion syringe */
    rac_decimal draw_capacity_ml;    /* the syringe the drug is drawn with */
    rac_decimal draw_graduation_ml;  /* its smallest marking */
    rac_decimal pump_step_ml_per_h;  /* what the pump can be set to */
    rac_decimal pump_max_ml_per_h;
    rac_words sources;
} rac_preparation;

typedef struct rac_scale_limit { /* "PHQ-9 below 5" */
    const char *scale;
    double value;
    bool inclusive; /* at_most / at_least rather than below / above */
    rac_words sources;
    const char *conflict;
} rac_scale_limit;

typedef struct rac_maintenance_step {
    double every_days;
    double for_days;
} rac_maintenance_step;

/* Where the next session's dose goes: `course.dose_steps` of the file.  The first rule that holds decides;
 * when none does the dose stays.  What comes out is a proposal (care/course.h), never an order. */
typedef enum rac_dose_move { RAC_MOVE_STAY, RAC_MOVE_UP, RAC_MOVE_DOWN } rac_dose_move;
const char *rac_dose_move_name(rac_dose_move move); /* "stay", "up", "down" */

typedef struct rac_step_rule {
    const char *id;
    rac_dose_move move;
    const rac_expression *when; /* names course.<...>, last.<...> and site.<...> only */
    const char *because;
    rac_words sources;
    const char *conflict;
    int line;
} rac_step_rule;

typedef struct rac_dose_steps {
    rac_decimal by_mg_per_kg;                    /* one step; 0: the file has no steps */
    rac_decimal least_mg_per_kg, most_mg_per_kg; /* no step leaves them; inside the dose's hard limits */
    const rac_step_rule *rules;                  /* those that raise the dose stand last */
    size_t rule_count;
    rac_words sources;
    const char *conflict;
} rac_dose_steps;

typedef struct rac_course_rules {
    int infusions_min, infusions_max;
    double weeks_min, weeks_max;
    double spacing_min_days, spacing_max_days;
    const int *review_after; /* infusion numbers at which the course is reviewed */
    size_t review_count;
    const char *scale; /* the primary scale */
    rac_words also;    /* scales asked beside it */
    double response_reduction_percent;
    rac_words response_sources;
    const rac_scale_limit *remission;
    size_t remission_count;
    const rac_scale_limit *relapse;
    size_t relapse_count;
    const char *suicide_screen; /* the instrument a positive suicide item asks for */
    const rac_maintenance_step *maintenance;
    size_t maintenance_count;
    rac_dose_steps dose_steps;
    rac_words sources;
    const char *conflict;
} rac_course_rules;

/* The phases in which readings are due and conditions are watched. */
typedef enum rac_phase { RAC_PHASE_INFUSION, RAC_PHASE_RECOVERY } rac_phase;

typedef struct rac_monitoring_row {
    const char *measure; /* "blood_pressure", or a reading's name */
    const char *reading; /* the reading whose age is watched: "sbp" for blood_pressure */
    rac_phase phase;
    rac_duration every;
    rac_duration late_after; /* grace before a missing reading is a condition of its own */
    rac_words sources;
    const char *conflict;
    int line;
} rac_monitoring_row;

typedef enum rac_priority { RAC_PRIORITY_LOW, RAC_PRIORITY_MEDIUM, RAC_PRIORITY_HIGH } rac_priority;
/* What a condition recommends.  The program never acts: a nurse holds or stops the pump. */
typedef enum rac_action { RAC_ACTION_NOTIFY, RAC_ACTION_HOLD, RAC_ACTION_STOP } rac_action;

typedef struct rac_condition_rule {
    const char *id;
    const rac_expression *when;
    const rac_expression *clear; /* when it ends; holds between the two (hysteresis) */
    rac_priority priority;
    rac_action action;
    bool latch;         /* stays signalled until acknowledged although it has ended */
    rac_duration delay; /* must hold this long first; 0 for intermittent measurements */
    const char *say;    /* what the screen says */
    rac_words sources;
    int line;
} rac_condition_rule;

typedef struct rac_protocol {
    const char *file; /* as the user knows it */
    const char *id;   /* "depression-iv-standard" */
    const char *title;
    const char *indication;
    const char *drug_name, *drug_form, *drug_basis, *route;
    const char *setting;
    bool demo; /* filled from values marked DEMO */
    const rac_source *sources;
    size_t source_count;
    const rac_fact_definition *facts;
    size_t fact_count;
    const rac_site_place *places;
    size_t place_count;
    const rac_rule *rules;
    size_t rule_count;
    rac_dose_rules dose;
    rac_preparation preparation;
    rac_course_rules course;
    const rac_monitoring_row *monitoring;
    size_t monitoring_count;
    const rac_condition_rule *conditions;
    size_t condition_count;
    rac_duration reannounce; /* an acknowledged but lasting alarm speaks again after this */
    rac_check_items start;
    rac_words second_checks; /* ticks that must come from a second person */
    rac_check_items discharge;
    rac_text bytes; /* the file, for the content hash */
} rac_protocol;

/* Reads and checks a whole file.  Every problem goes to `problems` with its line and column; the
 * status is RAC_INVALID when there was any, and *protocol is then NULL.  Open site places are not
 * problems.  Besides shape and units this refuses: unknown or duplicate keys, reversed ranges, a
 * dose per weight in volume units, sources that are not listed or not well formed or never used,
 * names no expression can know, a rule that can never be reached (its expression is always true or
 * always false over the facts' ranges, or it repeats another), a hold limit above its stop limit in range,
 * a delay on an intermittent measurement, missing numeric hold and stop conditions. */
rac_status rac_protocol_read(rac_arena *arena, rac_text bytes, const char *file,
                             const rac_protocol **protocol, rac_problems *problems);

/* Fills site places from a values file (`site:` map of name -> quantity, optional `demo: true`).
 * Checks unit and range of each, that every place is filled (`racemate protocol check` shows the
 * rest as open), that hold limits lie inside stop limits, and refuses DEMO values when
 * `demo_clinic` is false.  The result is a new protocol in `arena`. */
rac_status rac_protocol_fill(rac_arena *arena, const rac_protocol *draft, rac_text values, const char *file,
                             bool demo_clinic, const rac_protocol **filled, rac_problems *problems);

/* Number of places still open. */
size_t rac_protocol_open_places(const rac_protocol *protocol);

/* The canonical text of the filled site values, one "name = value unit" a line, sorted: hashed after the
 * file's bytes to name exactly what was adopted. */
char *rac_protocol_site_text(rac_arena *arena, const rac_protocol *protocol);

/* SHA-256 over the file's bytes, a newline, and the site text; 64 hex digits. */
char *rac_protocol_hash(rac_arena *arena, const rac_protocol *protocol);

const rac_source *rac_protocol_source(const rac_protocol *protocol, const char *id);          /* or NULL */
const rac_fact_definition *rac_protocol_fact(const rac_protocol *protocol, const char *name); /* or NULL */
const rac_site_place *rac_protocol_place(const rac_protocol *protocol, const char *name);     /* or NULL */
const rac_rule *rac_protocol_rule(const rac_protocol *protocol, const char *id);              /* or NULL */

/* What an expression of this protocol may name: fills kind and unit ("" or "1" for a pure number).
 * Knows facts, site.<name>, tick.<id>, and the vocabulary above.  False when unknown. */
bool rac_protocol_name(const rac_protocol *protocol, rac_text name, rac_fact_kind *kind, const char **unit);

/* Evaluating an expression needs one array of values, and every name has its slot in it: the rows of
 * the vocabulary first, then facts, site places and ticks, each in the order of the file.
 *
 *     rac_value *values = rac_protocol_values(arena, protocol, &count);
 *     values[rac_protocol_slot(protocol, rac_text_of("sbp"))] = rac_value_number(128);
 *     rac_expression_evaluate(arena, rule->when, values, count, &answer, &err);
 *
 * rac_protocol_values gives a new array in which everything is unknown except the filled site places.
 * Numbers in it are in base units: a heart rate is in 1/h, a time in h (base/units.h). */
size_t rac_protocol_slot_count(const rac_protocol *protocol);
int rac_protocol_slot(const rac_protocol *protocol, rac_text name); /* -1 when unknown */
rac_value *rac_protocol_values(rac_arena *arena, const rac_protocol *protocol, size_t *count);

/* For people: the whole protocol, one rule / condition / item / place / value explained with its
 * sources, and the differences between two protocols in the words a clinician uses ("Infusion time:
 * 40 min -> 60 min").  Plain text in the arena; `id` not found is RAC_NOT_FOUND with near names. */
char *rac_protocol_show(rac_arena *arena, const rac_protocol *protocol);
rac_status rac_protocol_explain(rac_arena *arena, const rac_protocol *protocol, const char *id, char **text,
                                rac_error *err);
char *rac_protocol_diff(rac_arena *arena, const rac_protocol *a, const rac_protocol *b);

#ifdef __cplusplus
}
#endif
#endif
