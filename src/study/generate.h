/* study/generate.h: a chart of patients who never were.
 *
 * What it decides: nothing about medicine.  It makes the table a clinic would keep, from a truth that is
 * written here, so that an analysis can be run by anybody and judged against what was put in.  The numbers
 * are round and chosen for that; they are not estimates of ketamine's effect and must not be quoted as such.
 *
 *   baseline_i  ~ N(18.5, 2.5) intravenous, N(17.5, 2.5) intranasal        (the arms differ, as charts do)
 *   score_ij    = baseline_i + rac_generate_change[arm][j] + 3 b_i j/6 + 2 e_ij,   b_i, e_ij ~ N(0, 1)
 *   left after session j with probability 1 / (1 + exp(3.4 - 0.12 (last seen score - 14)))   (missing at
 * random) a score after the baseline is not taken with probability 0.05          (completely at random)
 *
 * Scores are rounded to whole points and held to 0..27, as PHQ-9 totals are; a total at a border is rare.
 * One stream a patient, keyed by (seed, patient, RAC_RANDOM_TRIAL): patients never shift each other. */
#ifndef RACEMATE_STUDY_GENERATE_H
#define RACEMATE_STUDY_GENERATE_H

#include "racemate/base.h"

enum { RAC_GENERATE_SESSIONS = 6, RAC_GENERATE_MOST = 1000000 };

/* Mean change from baseline at session 1..6 (index 0..5): [0] intranasal (reference), [1] intravenous. */
extern const double rac_generate_change[2][RAC_GENERATE_SESSIONS];

typedef struct rac_generate_options {
    size_t intravenous, intranasal; /* patients; 1 .. RAC_GENERATE_MOST together */
    uint64_t seed;
} rac_generate_options;

typedef struct rac_generated_event {
    size_t patient;
    int session;      /* 1 .. 6 */
    const char *term; /* static */
    int severity;     /* 1 mild, 2 moderate */
} rac_generated_event;

typedef struct rac_generated {
    size_t patients;
    const int32_t *arm;        /* patients: 1 intravenous, 0 intranasal; intravenous first */
    const double *age;         /* patients, years */
    const bool *female;        /* patients */
    const double *score;       /* patients x 7: the baseline and six sessions; NaN where not taken */
    const int *sessions;       /* patients: attended */
    const char *const *reason; /* patients: why treatment ended; static */
    size_t events;
    const rac_generated_event *event;
} rac_generated;

/* RAC_INVALID: an arm is empty; RAC_LIMIT: too many patients. */
rac_status rac_generate(rac_arena *arena, const rac_generate_options *options, rac_generated *out,
                        rac_error *err);
/* One row a patient and attended session; the first column is `synthetic_patient`, so that a row cut out of
 * the file still says what it is. */
rac_status rac_generate_chart_csv(rac_arena *arena, const rac_generated *made, rac_text *csv, rac_error *err);
/* One row an adverse event, under the names of CDISC ADAE after the same first column. */
rac_status rac_generate_events_csv(rac_arena *arena, const rac_generated *made, rac_text *csv,
                                   rac_error *err);

#endif
