/* study/virtual.h: a virtual patient treated by the protocol itself.
 *
 * What is real here is the clinic: the plan, the start gate, the readings that are due, the conditions, the
 * alarms and the discharge list are those of `care`, called with the same events a nurse would enter.  What
 * is virtual is the body: drug levels from a published model, a pressure that follows them, and people who
 * act after a stated delay.  Every number of it stands in a file (patients/NAME.yaml) with its source or
 * marked as an assumption.
 *
 *     resting value   drawn for each patient, true (age and weight within their ranges; each from a number of
 * its own, so that changing one number of the file draws no other anew) rise            slope x
 * concentration,  slope = rise / C_ref x exp(omega z - omega^2 / 2), C_ref the typical concentration at the
 * end of the reference infusion, omega^2 = log(1 + cv^2) reading         resting + rise + sd e,  rounded as
 * the instrument shows it; e is drawn for each minute, so that the same patient at the same minute reads
 * alike under two protocols
 *
 * The controller of racemate/pharma/controller.h is the clinic: at each decision it sees the concentration,
 * takes the readings the protocol wants, folds them into the session, lets the alarm engine speak, and acts
 * on it.
 *
 *   hold and stop   what the protocol's conditions recommend, `reaction` after the announcement
 *   resume          at the planned rate, `reaction` after the last condition that asked for the hold has
 * ended by the protocol's `clear`; the cuff is repeated every `repeat_cuff` meanwhile give up         after
 * `longest_hold` leave           when the protocol's discharge list is complete; what people tick is ticked
 * when recovery begins
 *
 * One session is rac_virtual_session.  A course of them, with scores between them, is study/virtual_course.h;
 * symptoms during a session, sedation and dissociation are not simulated.
 *
 * Deviations of the model are drawn as in rac_population_run; covariates, rises and readings from streams of
 * their own, all keyed by (seed, patient): the same patient whoever else is simulated. */
#ifndef RACEMATE_STUDY_VIRTUAL_H
#define RACEMATE_STUDY_VIRTUAL_H

#include "racemate/care.h"
#include "racemate/pharma.h"

/* ---- the file ---- */

typedef enum rac_virtual_name {
    RAC_VIRTUAL_WEIGHT_MEAN, /* kg */
    RAC_VIRTUAL_WEIGHT_SD,
    RAC_VIRTUAL_WEIGHT_MIN,
    RAC_VIRTUAL_WEIGHT_MAX,
    RAC_VIRTUAL_AGE_MEAN, /* years */
    RAC_VIRTUAL_AGE_SD,
    RAC_VIRTUAL_AGE_MIN,
    RAC_VIRTUAL_AGE_MAX,
    RAC_VIRTUAL_SBP_MEAN, /* mmHg */
    RAC_VIRTUAL_SBP_SD,
    RAC_VIRTUAL_DBP_MEAN,
    RAC_VIRTUAL_DBP_SD,
    RAC_VIRTUAL_SBP_DBP_CORRELATION,
    RAC_VIRTUAL_HR_MEAN, /* 1/min */
    RAC_VIRTUAL_HR_SD,
    RAC_VIRTUAL_SBP_READING_SD,
    RAC_VIRTUAL_DBP_READING_SD,
    RAC_VIRTUAL_HR_READING_SD,
    RAC_VIRTUAL_RISE_DOSE,     /* mg/kg: the infusion the rises belong to */
    RAC_VIRTUAL_RISE_DURATION, /* min */
    RAC_VIRTUAL_SBP_RISE,
    RAC_VIRTUAL_DBP_RISE,
    RAC_VIRTUAL_HR_RISE,
    RAC_VIRTUAL_SBP_RISE_CV, /* % */
    RAC_VIRTUAL_DBP_RISE_CV,
    RAC_VIRTUAL_HR_RISE_CV,
    RAC_VIRTUAL_SBP_DBP_RISE_CORRELATION,
    RAC_VIRTUAL_SPO2, /* %; these stay as they are */
    RAC_VIRTUAL_RR,
    RAC_VIRTUAL_MOAAS,
    RAC_VIRTUAL_TEMP,
    RAC_VIRTUAL_FASTING,         /* h */
    RAC_VIRTUAL_REACTION,        /* min */
    RAC_VIRTUAL_REPEAT_CUFF,     /* min */
    RAC_VIRTUAL_LONGEST_HOLD,    /* min */
    RAC_VIRTUAL_LONGEST_SESSION, /* h */
    RAC_VIRTUAL_NUMBERS
} rac_virtual_name;

/* The course: a total of the scale at the baseline and after each infusion, and who comes back. */
typedef enum rac_virtual_course_name {
    RAC_VIRTUAL_SCORE_MEAN, /* true baseline, points */
    RAC_VIRTUAL_SCORE_SD,
    RAC_VIRTUAL_SCORE_MIN,
    RAC_VIRTUAL_SCORE_READING_SD,
    RAC_VIRTUAL_IMPROVEMENT_MEAN, /* %, of the baseline, at the end of a full course */
    RAC_VIRTUAL_IMPROVEMENT_SD,
    RAC_VIRTUAL_FIRST_SHARE, /* %, of that improvement, after the first infusion */
    RAC_VIRTUAL_FULL_AFTER,  /* infusions */
    RAC_VIRTUAL_LEAVE_FIRST, /* %, do not come back after the first infusion */
    RAC_VIRTUAL_LEAVE_LATER, /* %, after each later one */
    RAC_VIRTUAL_COURSE_NUMBERS
} rac_virtual_course_name;

typedef struct rac_virtual_number {
    const char *name; /* as the file calls it */
    const char *unit;
    double value;           /* in that unit */
    double low, high;       /* what the reader accepts */
    const char *source;     /* NULL for an assumption */
    const char *assumption; /* NULL for a sourced number */
    const char *note;       /* NULL: none */
} rac_virtual_number;

typedef struct rac_virtual_fact {
    const char *name, *answer;
} rac_virtual_fact;

/* In the arena it was read into. */
typedef struct rac_virtual_patient {
    const char *name, *title;
    const char *driver; /* an output of the model */
    rac_virtual_number number[RAC_VIRTUAL_NUMBERS];
    const rac_virtual_fact *facts;
    size_t fact_count;
    const char *const *notes;
    size_t note_count;
    const char *scale; /* of the course; NULL: the file has no `course`, and only one session can be run */
    rac_virtual_number course[RAC_VIRTUAL_COURSE_NUMBERS];
    const char *const *course_notes;
    size_t course_note_count;
} rac_virtual_patient;

/* Reads patients/NAME.yaml.  RAC_INVALID when `problems` has grown: a number that is missing, has no unit or
 * another one, lies out of range, or has neither or both of `source` and `assumption`. */
rac_status rac_virtual_read(rac_arena *arena, rac_text bytes, const char *file, rac_virtual_patient *patient,
                            rac_problems *problems);

/* ---- one session ---- */

typedef enum rac_virtual_end {
    RAC_VIRTUAL_DISCHARGED,  /* infused and left */
    RAC_VIRTUAL_NO_PLAN,     /* the plan was refused */
    RAC_VIRTUAL_NOT_STARTED, /* the start gate refused */
    RAC_VIRTUAL_STILL_HERE   /* not ready to leave after `longest_session` */
} rac_virtual_end;

enum { RAC_VIRTUAL_CUFFS = 3 }; /* sbp, dbp, hr */

/* What happened.  Minutes are from the start of the infusion; NAN where there is none. */
typedef struct rac_virtual_outcome {
    rac_virtual_end end;
    const char *why;    /* NO_PLAN: the guard, NOT_STARTED: the item; NULL otherwise.  In the arena. */
    const char *reason; /* the same in words, with numbers */
    double weight_kg, age_year;
    double baseline[RAC_VIRTUAL_CUFFS];  /* as read before the start */
    double peak_rise[RAC_VIRTUAL_CUFFS]; /* largest reading until the end of the infusion, less the baseline;
                                            of hr, only those taken with a cuff reading */
    double peak[RAC_VIRTUAL_CUFFS];      /* that reading */
    double planned_mg, given_mg;
    int holds;
    int holds_for_pressure; /* holds that a condition on sbp or dbp asked for */
    double held_min;
    bool stopped_early; /* by a stop condition or after longest_hold */
    double drug_min;    /* until the last drug */
    double ready_min;   /* until the discharge list was complete */
    int announced[3];   /* by rac_priority */
    int deviations;
    size_t events;
} rac_virtual_outcome;

/* Curves on whole minutes 0 .. minutes - 1; arrays of the caller.  After the patient left they go on without
 * drug. */
typedef struct rac_virtual_curves {
    size_t minutes;
    double *concentration; /* the driver, mg/L or what it is in */
    double *sbp;           /* true, mmHg */
    double *reading_sbp;   /* NAN where none was taken */
    double *reading_dbp;
    unsigned char *state; /* rac_state, after the events of that minute */
} rac_virtual_curves;

/* Everything a session needs that is the same for all patients. */
typedef struct rac_virtual_clinic {
    const rac_virtual_patient *patient;
    const rac_protocol *protocol; /* filled */
    const rac_model *model;
    double reference; /* C_ref */
    int driver, route;
} rac_virtual_clinic;

/* RAC_INVALID: the model has no output named as the driver, or no intravenous route, or asks for a covariate
 * other than weight and age that has no default; RAC_REFUSED: open site places, unknown parameters. */
rac_status rac_virtual_open(rac_arena *arena, const rac_virtual_patient *patient,
                            const rac_protocol *protocol, const rac_model *model, rac_virtual_clinic *clinic,
                            rac_error *err);

/* Patient number `subject` (from 0) of `seed`.  `curves` may be NULL.  `events`, if not NULL, becomes the
 * whole record, as `care` would fold it.  Errors are those of the program, never an outcome. */
rac_status rac_virtual_session(rac_arena *arena, const rac_virtual_clinic *clinic, uint64_t seed,
                               uint64_t subject, rac_virtual_outcome *outcome, rac_virtual_curves *curves,
                               const rac_event **events, rac_error *err);

/* ---- many ---- */

/* One figure of a population: mean or share, with its Monte Carlo error. */
typedef struct rac_virtual_figure {
    const char *name; /* "held for pressure" */
    const char *key;  /* "held_for_pressure", for programs */
    const char *unit; /* "%", "min", "mg", "" */
    size_t patients;  /* it was taken over */
    bool share;       /* of patients, in %; false for a mean over them, and for a difference */
    double value;     /* shares in % */
    double error;     /* Monte Carlo standard error */
    double low, high; /* 5 % and 95 % of patients; NAN for a share */
} rac_virtual_figure;

/* One row a figure, in one fixed order, so that two protocols can be set side by side.  In the arena. */
rac_status rac_virtual_summarise(rac_arena *arena, const rac_virtual_outcome *outcomes, size_t count,
                                 rac_virtual_figure **figures, size_t *figure_count, rac_error *err);

/* b minus a, patient by patient: only those in whom the figure exists under both; low and high are NAN. */
rac_status rac_virtual_compare(rac_arena *arena, const rac_virtual_outcome *a, const rac_virtual_outcome *b,
                               size_t count, rac_virtual_figure **figures, size_t *figure_count,
                               rac_error *err);

#endif
