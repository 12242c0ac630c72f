/* racemate/stats/describe.h: describing one variable, and the balance of two groups.
 *
 * Differences are always first minus second.  NaN values are missing and counted; an infinite value is
 * RAC_INVALID.  Memory used inside comes from the arena and stays there until it is freed.
 *
 *     rac_description age;
 *     rac_describe(arena, (rac_values){values, n}, RAC_QUANTILE_R, &age, err);
 */
#ifndef RACEMATE_STATS_DESCRIBE_H
#define RACEMATE_STATS_DESCRIBE_H

#include "racemate/stats/estimate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sample quantiles by the numbering of Hyndman and Fan 1996 (doi:10.2307/2684934). */
typedef enum rac_quantile_type {
    RAC_QUANTILE_SAS = 2, /* inverse of the empirical distribution, averaged at its steps */
    RAC_QUANTILE_R = 7    /* linear between order statistics; R's default */
} rac_quantile_type;

typedef struct rac_description {
    size_t n;       /* values present */
    size_t missing; /* NaN */
    double mean;    /* this and what follows is not estimable when n is 0 */
    double sd;      /* divisor n - 1; not estimable when n is below 2 */
    double median;
    double q1; /* 25 % and 75 % quantile of the type asked for */
    double q3;
    double min;
    double max;
} rac_description;

rac_status rac_describe(rac_arena *arena, rac_values sample, rac_quantile_type type, rac_description *out,
                        rac_error *err);

/* The quantile at `probability` in [0, 1]; not estimable when no value is present. */
rac_status rac_sample_quantile(rac_arena *arena, rac_values sample, double probability,
                               rac_quantile_type type, double *out, rac_error *err);

/* Percent change of means: 100 (mean later / mean earlier - 1) over the pairs with both values.
 * This is not the mean of the patients' percent changes; print which one is meant. */
typedef struct rac_percent_of_means {
    size_t pairs;
    double earlier_mean;
    double later_mean;
    double percent; /* not estimable without pairs, or when the earlier mean is 0 */
} rac_percent_of_means;
rac_status rac_percent_change_of_means(const double *earlier, const double *later, size_t count,
                                       rac_percent_of_means *out, rac_error *err);

/* ---- balance ------------------------------------------------------------------------------ */

/* d = (mean1 - mean2) / sqrt((s1^2 + s2^2) / 2), Austin 2009 (doi:10.1002/sim.3697), with the interval
 * d +- z sqrt((n1 + n2) / (n1 n2) + d^2 / (2 (n1 + n2))); variance ratio s1^2 / s2^2; and the
 * Kolmogorov-Smirnov distance, the largest gap between the two empirical distributions.
 * Zero variance in both: 0 when the means are equal, otherwise not estimable. */
typedef struct rac_standardised {
    double difference;
    rac_interval interval;
    double variance_ratio;
    double ks;
    rac_notes notes;
} rac_standardised;

/* `level` of the interval in (0, 1), usually 0.95. */
rac_status rac_standardised_continuous(rac_arena *arena, rac_values first, rac_values second, double level,
                                       rac_standardised *out, rac_error *err);

/* The same for proportions: (p1 - p2) / sqrt((p1 q1 + p2 q2) / 2); the sign is kept.  ks is |p1 - p2|. */
rac_status rac_standardised_binary(double events1, double n1, double events2, double n2, double level,
                                   rac_standardised *out, rac_error *err);

/* k categories: sqrt(D' S^- D), D the differences of k - 1 proportions, S the mean of the two
 * multinomial covariances, S^- its generalised inverse (Yang and Dalton 2012, SAS Global Forum 335).
 * Without sign.  `first` and `second` are counts, `levels` of each; a level empty in both changes nothing.
 * *out is not estimable when a group is empty. */
rac_status rac_standardised_categories(rac_arena *arena, const double *first, const double *second,
                                       size_t levels, double *out, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
