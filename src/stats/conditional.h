/* stats/conditional.h: missing visits given seen visits, shared by mean and drawn imputations. */
#ifndef RACEMATE_STATS_CONDITIONAL_H
#define RACEMATE_STATS_CONDITIONAL_H

#include "base/random.h"
#include "racemate/stats/missing.h"

/* Workspace for one patient with `visits` visits. */
typedef struct rac_conditional {
    size_t visits;
    size_t *seen, *gone;
    double *mean;     /* visits */
    double *sigma;    /* visits x visits */
    double *factor;   /* Cholesky factor of the seen block */
    double *half;     /* L^-1 S_om, seen x missing */
    double *rest;     /* covariance of the missing given the seen, then its factor */
    double *residual; /* visits */
} rac_conditional;

rac_conditional rac_conditional_new(rac_arena *arena, size_t visits);

/* mean and sigma of a patient with these scores under a strategy; sigmas may be the same array. */
void rac_conditional_prepare(rac_conditional *work, const double *y, const double *own_mean,
                             const double *reference_mean, const double *sigma, const double *reference_sigma,
                             rac_strategy strategy);
/* y with the missing visits filled in from the prepared mean and sigma: their conditional mean, or a
 * draw when `draws` is given.  False when sigma is not positive definite. */
bool rac_conditional_fill(rac_conditional *work, const double *y, rac_random *draws, double *filled);

#endif
