/* racemate/stats/bootstrap.h: how far would the answer move with other patients?
 *
 * Patients are drawn with replacement, as multiplicities (counts), and everything is computed again on
 * each draw.  What is drawn is a function of (seed, replicate) alone, so the answer is the same for
 * any number of threads and any order of replicates.
 *
 *     rac_resampling resampling;
 *     check(rac_resampling_make(arena, rows, NULL, NULL, &resampling, &err));
 *     rac_bootstrap result;
 *     check(rac_bootstrap_run(arena, &resampling, &(rac_bootstrap_options){.seed = 7, .replicates = 2000},
 *                             statistic, context, &result, &err));
 *
 * Sources: Davison & Hinkley 1997, Bootstrap Methods and their Application; Efron 1987
 * (doi:10.1080/01621459.1987.10478410); quantiles of type 7, Hyndman & Fan 1996
 * (doi:10.1080/00031305.1996.10473566). */
#ifndef RACEMATE_STATS_BOOTSTRAP_H
#define RACEMATE_STATS_BOOTSTRAP_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- drawing ------------------------------------------------------------------------------------ */

/* Rows grouped into the units that are drawn (clusters: a patient with all visits), units into strata
 * (each keeps its size, e.g. the arms). */
typedef struct rac_resampling {
    size_t rows, units, strata;
    size_t *unit_of_row; /* rows; units are numbered stratum after stratum */
    size_t *first;       /* strata + 1: the first unit of each stratum, and `units` */
} rac_resampling;

/* `cluster` and `stratum` have one id a row, any numbers; NULL: each row a cluster, one stratum.
 * RAC_INVALID: no rows, fewer than two units, or a cluster in two strata. */
rac_status rac_resampling_make(rac_arena *arena, size_t rows, const size_t *cluster, const size_t *stratum,
                               rac_resampling *resampling, rac_error *err);
/* The multiplicity of each row in one replicate; `unit_counts` is workspace of `units`. */
void rac_resampling_draw(const rac_resampling *resampling, uint64_t seed, uint64_t replicate,
                         double *unit_counts, double *counts);

/* ---- running ------------------------------------------------------------------------------------ */

/* The answer for these multiplicities (rows); false when it does not exist, and the replicate counts as
 * failed. */
typedef bool (*rac_statistic)(void *context, const double *counts, double *value);

typedef struct rac_bootstrap_options {
    uint64_t seed;
    size_t replicates;    /* at least 2 */
    const double *counts; /* replicates x rows given multiplicities, instead of drawing; may be NULL */
    const double *values; /* replicates answers found earlier by rac_bootstrap_replicates; may be NULL */
    double level;         /* 0 means 0.95 */
} rac_bootstrap_options;

typedef struct rac_limits {
    double lower, upper;
} rac_limits;

typedef struct rac_bootstrap {
    size_t replicates;
    double *value;   /* replicates, in order; NaN for those that failed */
    size_t failed;   /* always show this beside the interval */
    double estimate; /* every row once */
    double se, bias;
    rac_limits percentile, basic, normal;
    bool bca_known; /* false when all replicates lie on one side of the estimate, or a jackknife value failed
                     */
    rac_limits bca; /* NaN when not known, as z0 and acceleration */
    double bca_z0, bca_acceleration;
    double se_jackknife; /* leaving out one unit at a time; NaN when one of them failed */
} rac_bootstrap;

/* RAC_INVALID: fewer than 2 replicates, a level outside (0, 1), the statistic fails on the whole data, or
 * succeeds in fewer than 2 replicates. */
rac_status rac_bootstrap_run(rac_arena *arena, const rac_resampling *resampling,
                             const rac_bootstrap_options *options, rac_statistic statistic, void *context,
                             rac_bootstrap *result, rac_error *err);

/* Only the answers of replicates first .. first + count - 1, NaN where there is none: for threads, each with
 * a context and an arena of its own.  Put together in order they are the `values` of rac_bootstrap_run, with
 * the same bits. */
void rac_bootstrap_replicates(rac_arena *arena, const rac_resampling *resampling, uint64_t seed, size_t first,
                              size_t count, rac_statistic statistic, void *context, double *values);

/* Quantile of type 7 of sorted values, probability in [0, 1], count > 0. */
double rac_sorted_quantile(const double *sorted, size_t count, double probability);

#ifdef __cplusplus
}
#endif
#endif
