/* racemate/pharma/mixture.h: quantiles of several distributions mixed by weights.
 *
 * Models of one drug disagree, and each spreads over people or over what a patient's samples leave possible.
 * With weights w that add up to 1 the mixture has the distribution function
 *
 *     F(x) = sum of w F(x) over the parts
 *
 * and its quantile q is the smallest x with F(x) >= q: one of the models is right, and the weights say how
 * likely each is.  (The quantiles of the parts are not averaged: two far models leave a wide band, or two
 * humps.)
 *
 * A part is a sample.  Its F is the one of which rac_quantile is the inverse (type 7 of Hyndman and Fan 1996,
 * doi:10.1080/00031305.1996.10473566): k of n values lie at share k / (n - 1), straight lines between.  So a
 * mixture of one part, or of equal parts, has that part's quantiles bit for bit, and every quantile lies
 * between the least and the greatest of the parts' own.
 *
 *     const rac_mixture_part parts[] = {{.weight = 0.7, .sorted = a, .count = 1000}, {.weight = 0.3, ...}};
 *     const double median = rac_mixture_quantile(parts, 2, 0.5);
 */
#ifndef RACEMATE_PHARMA_MIXTURE_H
#define RACEMATE_PHARMA_MIXTURE_H

#include "racemate/pharma/quantiles.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_mixture_part {
    double weight;        /* >= 0, finite; only their ratios matter, and at least one is above 0 */
    const double *sorted; /* `count` finite values in ascending order, at least one; or NULL: */
    size_t count;
    const rac_quantiles *counted; /* at this time of this output; some subject was counted */
    size_t time, output;
} rac_mixture_part;

/* Parts of weight 0 are not looked at. `quantile` is in 0 .. 1. */
double rac_mixture_quantile(const rac_mixture_part *parts, size_t count, double quantile);
/* F(x). */
double rac_mixture_share(const rac_mixture_part *parts, size_t count, double x);

#ifdef __cplusplus
}
#endif
#endif
