/* study/benchmark.h: a clinic's own response and remission beside published cohorts.
 *
 * What it decides: which published group differs from this clinic by more than chance, and whether the clinic
 * stands inside the funnel.  It never ranks, and it never says why: patients, scales, moments and definitions
 * differ between papers, and each row carries its own.
 *
 * A cohort file is YAML: a list under `cohorts`, each with name, year, arm, drug, route, schedule, scale,
 * when, patients, response and/or remission in percent, and source (the page on which the number was read).
 *
 * Intervals are Wilson's (proportions.h).  Funnel limits about a pooled share p at n patients are
 * p -+ z sqrt(p (1 - p) / n), z of 95 % and 99.8 %: Spiegelhalter 2005, doi:10.1002/sim.1970. */
#ifndef RACEMATE_STUDY_BENCHMARK_H
#define RACEMATE_STUDY_BENCHMARK_H

#include "racemate/stats/proportions.h"

typedef struct rac_cohort {
    const char *name, *arm, *drug, *route, *schedule, *scale, *when, *source;
    int64_t year, patients;
    double response_percent, remission_percent; /* NaN when the paper's page did not say */
} rac_cohort;

typedef struct rac_cohorts {
    size_t count;
    const rac_cohort *cohort;
} rac_cohorts;

/* Every problem with file, line, column and field. */
rac_status rac_cohorts_read(rac_arena *arena, rac_text bytes, const char *file, rac_cohorts *cohorts,
                            rac_problems *problems);

/* This clinic: of `started` patients `finished` were scored at the end; of those so many responded. */
typedef struct rac_benchmark_own {
    int64_t started, finished, responders, remitters; /* remitters -1: not known */
} rac_benchmark_own;

typedef struct rac_benchmark_share {
    double percent;      /* NaN: not known */
    rac_interval wilson; /* percent */
} rac_benchmark_share;

typedef struct rac_benchmark_row {
    const rac_cohort *cohort;
    rac_benchmark_share share;
    rac_interval newcombe; /* own (all who started) minus cohort, percentage points, 95 % */
} rac_benchmark_row;

typedef struct rac_benchmark_outcome {
    const char *name;              /* "response", "remission" */
    rac_benchmark_share started;   /* own, all who started: missing counts as failure */
    rac_benchmark_share finishers; /* own, those scored at the end */
    size_t count;
    const rac_benchmark_row *row;
    double pooled_percent;              /* cohorts together, patients weighing alike */
    rac_interval funnel_95, funnel_998; /* percent, at `started` patients; held to 0..100 */
} rac_benchmark_outcome;

typedef struct rac_benchmark {
    size_t count;
    rac_benchmark_outcome outcome[2];
} rac_benchmark;

/* RAC_INVALID: counts that do not nest, or no cohort with an outcome. */
rac_status rac_benchmark_make(rac_arena *arena, const rac_cohorts *cohorts, const rac_benchmark_own *own,
                              rac_benchmark *out, rac_error *err);
/* The table for people. */
char *rac_benchmark_show(rac_arena *arena, const rac_benchmark *benchmark);

#endif
