/* stats/separation.h: do the outcomes of a logistic regression separate?
 *
 * They do when some combination of the columns is >= 0 in every row with outcome 1 and <= 0 in every
 * row with outcome 0, not 0 in all (Albert & Anderson 1984, doi:10.1093/biomet/71.1.1): the likelihood
 * then rises for ever along it.  Newton's steps turn into that direction, so the last step is the
 * candidate, and checking the definition on it is a proof. */
#ifndef RACEMATE_STATS_SEPARATION_H
#define RACEMATE_STATS_SEPARATION_H

#include "stats/basis.h"
#include "stats/newton.h"

/* Whether the last step of a run separates the outcomes. */
rac_separation rac_separation_of(const rac_newton *newton);
/* The column that does most of it: one that splits the outcomes alone if there is one, else the one
 * with the largest share of the last step. */
size_t rac_separation_column(rac_arena *arena, const rac_regression_data *data, const rac_basis *basis,
                             const rac_newton *newton);

#endif
