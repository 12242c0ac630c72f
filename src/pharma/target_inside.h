/* pharma/target_inside.h: what the files of targets share.  The equations are in racemate/pharma/target.h. */
#ifndef RACEMATE_PHARMA_TARGET_INSIDE_H
#define RACEMATE_PHARMA_TARGET_INSIDE_H

#include "racemate/pharma/target.h"

/* Whether a time of the request counts for a target. */
static inline bool rac_target_counts(const rac_target *target, double time_h)
{
    return !(target->until_h > 0) || (time_h >= target->from_h && time_h <= target->until_h);
}

/* Factors (targets x subjects, NAN where there is no answer) of a model whose outputs are not linear in the
 * dose, by running it at many factors.  RAC_UNSUPPORTED when an output falls while the dose rises. */
rac_status rac_target_factors_by_steps(rac_arena *scratch, const rac_model *model,
                                       const rac_target_request *ask, const double *covariates,
                                       double *factors, size_t *failed, rac_error *err);

#endif
