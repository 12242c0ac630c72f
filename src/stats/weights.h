/* stats/weights.h: the weight functions of propensity scores, shared by estimate and bootstrap. */
#ifndef RACEMATE_STATS_WEIGHTS_H
#define RACEMATE_STATS_WEIGHTS_H

#include "racemate/stats/weighting.h"

/* w(e) for one patient. */
double rac_weight_at(rac_estimand estimand, bool treated, double e);
/* dw/d(logit e). */
double rac_weight_slope(rac_estimand estimand, bool treated, double e);

#endif
