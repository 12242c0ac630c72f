/* stats/moments.h: count, mean and variance of the values present, and the checks every caller makes. */
#ifndef RACEMATE_SRC_STATS_MOMENTS_H
#define RACEMATE_SRC_STATS_MOMENTS_H

#include "racemate/stats/estimate.h"

typedef struct stats_moments {
    size_t n;
    size_t missing;
    double mean;     /* not estimable when n is 0 */
    double variance; /* divisor n - 1; not estimable when n < 2 */
} stats_moments;

/* Two passes, the second corrected for the rounding of the first (Chan, Golub and LeVeque 1983). */
rac_status stats_moments_of(rac_values sample, stats_moments *out, rac_error *err);

/* True when the spread is only rounding of the mean, R's rule for "essentially constant". */
bool stats_is_constant(double se, double magnitude);

/* RAC_INVALID unless `level` lies strictly between 0 and 1. */
rac_status stats_check_level(double level, rac_error *err);

#endif
