/* stats/conditional_odds.h: the odds ratio given both margins of a 2 x 2 table. */
#ifndef RACEMATE_SRC_STATS_CONDITIONAL_ODDS_H
#define RACEMATE_SRC_STATS_CONDITIONAL_ODDS_H

#include "racemate/stats/proportions.h"

/* The estimate solves E(events1 | margins, odds ratio) = events1; each exact limit leaves (1 - level) / 2 in
 * its tail.  0 and INFINITY at the ends of what the margins allow. */
void stats_conditional_odds(rac_arena *arena, rac_two_by_two counts, double level, double *estimate,
                            rac_interval *interval);

#endif
