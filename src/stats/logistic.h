/* stats/logistic.h: what the files of logistic regression share. */
#ifndef RACEMATE_STATS_LOGISTIC_H
#define RACEMATE_STATS_LOGISTIC_H

#include "stats/basis.h"
#include "stats/newton.h"

/* The inner loop set up on a basis, to full accuracy. */
rac_newton rac_logistic_newton(rac_arena *arena, const rac_regression_data *data, const rac_basis *basis);

/* Firth's estimate on the same basis: gamma in place; the state of `newton` is at the estimate. */
rac_status rac_logistic_firth(rac_newton *newton, double *gamma, rac_arena *arena, rac_error *err);

#endif
