/* stats/times.h: survival data checked, cleaned of missing rows, sorted, with equal times made equal. */
#ifndef RACEMATE_SRC_STATS_TIMES_H
#define RACEMATE_SRC_STATS_TIMES_H

#include "racemate/stats/survival.h"

/* Columns of the `n` rows kept, sorted by stratum, then upwards by time. */
typedef struct stats_times {
    size_t n;
    size_t missing;
    uint32_t *row; /* in the caller's arrays */
    double *time;
    double *start; /* NULL when every row starts at the beginning */
    bool *event;
    double *weight; /* NULL when all are 1 */
    int *group;     /* NULL when there is one */
    size_t strata;
    size_t *stratum_begin; /* strata + 1 of them */
    int *stratum;          /* the caller's number of each stratum */
} stats_times;

/* `row_missing` (may be NULL) marks rows to leave out beside those with a missing time. */
rac_status stats_times_prepare(rac_arena *arena, const rac_survival_data *data, const bool *row_missing,
                               bool use_group, bool use_stratum, stats_times *out, rac_error *err);

static inline double stats_weight(const stats_times *times, size_t i)
{
    return times->weight ? times->weight[i] : 1;
}

/* Indices begin .. end - 1 upwards by start; only when there is a start.  In the arena. */
uint32_t *stats_start_order(rac_arena *arena, const stats_times *times, size_t begin, size_t end);

#endif
