/* racemate/stats/compare.h: classical tests between groups.
 *
 * Differences are first minus second; p-values are two-sided.  NaN values are left out.  Where a test
 * cannot be made (one value, no spread, an empty row) its numbers are not estimable and `notes`
 * says why; that is an answer, not an error. */
#ifndef RACEMATE_STATS_COMPARE_H
#define RACEMATE_STATS_COMPARE_H

#include "racemate/stats/estimate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- means -------------------------------------------------------------------------------- */

typedef struct rac_t_test {
    size_t n1;
    size_t n2;       /* 0 for one sample; equal to n1 for pairs */
    double estimate; /* mean, mean of paired differences, or difference of means */
    double se;
    double t;
    double df;
    double p_value;
    rac_interval interval;
    rac_notes notes; /* RAC_NOTE_TOO_FEW, RAC_NOTE_EMPTY_GROUP, RAC_NOTE_CONSTANT */
} rac_t_test;

/* Mean against `null_mean`, df n - 1. */
rac_status rac_t_test_one(rac_values sample, double null_mean, double level, rac_t_test *out, rac_error *err);
/* Mean of first[i] - second[i] over pairs with both values, against 0. */
rac_status rac_t_test_paired(rac_arena *arena, const double *first, const double *second, size_t count,
                             double level, rac_t_test *out, rac_error *err);
/* Unequal variances: Welch 1947 with Satterthwaite's df. */
rac_status rac_t_test_welch(rac_values first, rac_values second, double level, rac_t_test *out,
                            rac_error *err);
/* Student 1908: pooled variance, df n1 + n2 - 2. */
rac_status rac_t_test_pooled(rac_values first, rac_values second, double level, rac_t_test *out,
                             rac_error *err);

/* Standardised effect: d = difference / pooled sd (Cohen), g = d J, with Hedges 1981
 * (doi:10.3102/10769986006002107) J = Gamma(v/2) / (sqrt(v/2) Gamma((v-1)/2)), v = n1 + n2 - 2;
 * the usual approximation J = 1 - 3 / (4 v - 1) beside it. */
typedef struct rac_effect_size {
    double cohen_d;
    double hedges_g;
    double hedges_g_approximate;
    rac_notes notes;
} rac_effect_size;
rac_status rac_effect_size_of(rac_values first, rac_values second, rac_effect_size *out, rac_error *err);

/* ---- ranks -------------------------------------------------------------------------------- */

typedef enum rac_exactness {
    RAC_EXACT_AUTOMATIC, /* exact when both groups are below 50 and nothing is tied (as R does) */
    RAC_EXACT_NEVER,
    RAC_EXACT_ALWAYS /* with ties: the permutation distribution of the midranks */
} rac_exactness;

typedef struct rac_rank_sum_options {
    rac_exactness exactness;
    bool no_continuity; /* leave out the correction of 1/2 in the normal approximation */
} rac_rank_sum_options;

/* Wilcoxon 1945, Mann and Whitney 1947. */
typedef struct rac_rank_sum {
    double w;       /* pairs in which first is larger, ties counted half (R's W) */
    double p_value; /* exact: min(1, 2 min(P(W <= w), P(W >= w))) */
    bool exact;
    rac_notes notes;
} rac_rank_sum;
/* Zero `options` (or NULL) is automatic with continuity correction.  RAC_LIMIT when an exact test is
 * asked for with more than 200 values. */
rac_status rac_rank_sum_test(rac_arena *arena, rac_values first, rac_values second,
                             const rac_rank_sum_options *options, rac_rank_sum *out, rac_error *err);

/* ---- tables of counts ------------------------------------------------------------------------ */

/* Tables are rows x columns, row after row.  Counts are whole numbers >= 0. */

typedef struct rac_chi_square {
    double statistic;
    double df;
    double p_value;
    rac_notes notes; /* RAC_NOTE_ZERO_CELL: an empty row or column, not estimable */
} rac_chi_square;
/* Pearson 1900.  `yates` subtracts min(1/2, |O - E|) from each |O - E|, for 2 x 2 tables only. */
rac_status rac_chi_square_test(const double *table, size_t rows, size_t columns, bool yates,
                               rac_chi_square *out, rac_error *err);

/* Fisher's exact test for rows x columns (Freeman and Halton 1951): the probability, given both margins,
 * of all tables no more likely than the one seen (ties within 1e-7 counted in, as R).
 * Tables are enumerated column by column; a branch is closed as soon as its most and least likely ends
 * fall on one side (the bounds of Mehta and Patel 1983, doi:10.2307/2288652).  RAC_LIMIT when the table
 * is too large for that. */
rac_status rac_fisher_test(rac_arena *arena, const double *table, size_t rows, size_t columns,
                           double *p_value, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
