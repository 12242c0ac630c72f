/* stats/mixed_entries.h: the unstructured covariance, whose parameters are the entries of Sigma. */
#ifndef RACEMATE_SRC_STATS_MIXED_ENTRIES_H
#define RACEMATE_SRC_STATS_MIXED_ENTRIES_H

#include "stats/mixed_engine.h"

/* First term of the information into e->information, c_a (parameters x r), and, when complete, e->p. */
void mixed_entries_terms(mixed_engine *engine, bool complete, double *c);
/* First term of the expected information; e->v holds W T W. */
void mixed_entries_expected(mixed_engine *engine, double *expected);
/* out (seen x seen) = sum_ab V_ab D_a W D_b. */
void mixed_entries_weighted(const mixed_engine *engine, const mixed_pattern *pattern, const double *v,
                            double *out);
/* sum_ab V_ab R_ab in log standard deviations and unit-triangle entries; v is in entries of Sigma. */
void mixed_entries_weighted_r(mixed_engine *engine, const double *v, double *out);

#endif
