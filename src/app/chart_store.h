/* app/chart_store.h: the clinic's own record as a chart that `racemate study` reads.
 *
 * One patient each who had at least one infusion and time for a whole course; arms by what the protocol gives
 * and how, or by protocol; scores of one scale at the baseline and after each session of the acute course.
 * The chart is written as the tidy CSV of docs/study.md and read by the same reader as any other, so that
 * every check runs and what is exported gives the same answers.  Ids are those of the program; no names, no
 * dates. */
#ifndef RACEMATE_APP_CHART_STORE_H
#define RACEMATE_APP_CHART_STORE_H

#include "app/app.h"
#include "study/benchmark.h"

typedef struct rac_store_patient {
    const char *id, *arm;
    size_t given;  /* sessions with any drug, of the acute course */
    bool complete; /* as many as the protocol's course has at least */
    const char *reason;
    double age_years, weight_kg, failed_trials; /* NaN unknown */
    const char *sex;                            /* NULL unknown */
    const double *score, *day;                  /* visits: NaN not taken; days from the first infusion */
} rac_store_patient;

typedef struct rac_store_harm {
    const char *patient;
    size_t session;
    const char *symptom;
    rac_severity worst;
} rac_store_harm;

typedef struct rac_store_chart {
    const rac_scale *scale;
    size_t visits; /* the baseline and one a session of the shortest acute course among the protocols */
    size_t patients, patient_capacity;
    rac_store_patient *patient;
    size_t harms, harm_capacity;
    rac_store_harm *harm;
    size_t protocols; /* that any of them was treated by */
    size_t without_infusion, too_recent, switched, later_sessions, scores_unused;
} rac_store_chart;

/* --by route (or nothing) and --by protocol name the arms, --scale the scale (the protocol's primary one
 * otherwise), --everyone keeps patients whose course may still be running. */
rac_status rac_store_chart_gather(rac_call *call, rac_store_chart *chart, rac_error *err);
rac_status rac_store_chart_csv(rac_arena *arena, const rac_store_chart *chart, rac_text *csv, rac_error *err);
rac_status rac_store_chart_events_csv(rac_arena *arena, const rac_store_chart *chart, rac_text *csv,
                                      rac_error *err);
/* Sentences about who and what was left out. */
const char **rac_store_chart_notes(rac_arena *arena, const rac_store_chart *chart, size_t *count);
/* The clinic's own numbers beside published cohorts: all in `arm` (its beginning, any case; NULL: everybody)
 * with a baseline; finished: the course complete and a score after its last session. */
void rac_store_chart_own(const rac_store_chart *chart, const char *arm, rac_benchmark_own *own);

#endif
