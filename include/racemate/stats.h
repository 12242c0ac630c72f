/* racemate/stats.h: every estimator of Racemate, on plain arrays.
 *
 * This header only gathers the others; each of them is the manual page of its part.
 * docs/statistics.md lists every estimator with the source of its formula and what it was
 * checked against. */
#ifndef RACEMATE_STATS_H
#define RACEMATE_STATS_H

#include "racemate/stats/bootstrap.h"
#include "racemate/stats/compare.h"
#include "racemate/stats/cox.h"
#include "racemate/stats/describe.h"
#include "racemate/stats/distributions.h"
#include "racemate/stats/estimate.h"
#include "racemate/stats/evalue.h"
#include "racemate/stats/missing.h"
#include "racemate/stats/mixed.h"
#include "racemate/stats/multiplicity.h"
#include "racemate/stats/proportions.h"
#include "racemate/stats/rates.h"
#include "racemate/stats/regression.h"
#include "racemate/stats/survival.h"
#include "racemate/stats/weighting.h"

#endif
