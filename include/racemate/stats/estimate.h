/* racemate/stats/estimate.h: the nouns the estimators share.
 *
 * An estimate the data cannot give is *not estimable*: RAC_NOT_ESTIMABLE in the result, with a note in
 * the result's `notes` saying why.  A limit that is truly without bound is INFINITY.  A call that was
 * given nonsense (an infinite value, a negative weight) returns a rac_status instead.  Input values
 * that are missing are NaN: they are left out and counted, never treated as zero. */
#ifndef RACEMATE_STATS_ESTIMATE_H
#define RACEMATE_STATS_ESTIMATE_H

#include <math.h>

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RAC_NOT_ESTIMABLE ((double)NAN)

static inline bool rac_is_estimable(double value)
{
    return !isnan(value);
}

typedef struct rac_interval {
    double lower;
    double upper;
} rac_interval;

/* Values of one group or one variable, borrowed; NaN is missing. */
typedef struct rac_values {
    const double *values;
    size_t count;
} rac_values;

/* Why something is not estimable, or what a reader must know beside the number. */
#define RAC_NOTE_LIST(X)                                                                          \
    X(RAC_NOTE_TOO_FEW, 0, "too few values")                                                      \
    X(RAC_NOTE_EMPTY_GROUP, 1, "a group has no values")                                           \
    X(RAC_NOTE_CONSTANT, 2, "every value is the same")                                            \
    X(RAC_NOTE_ZERO_CELL, 3, "a cell of the table is zero")                                       \
    X(RAC_NOTE_NO_EVENTS, 4, "no event was seen")                                                 \
    X(RAC_NOTE_GROUP_WITHOUT_EVENTS, 5, "a group has no event")                                   \
    X(RAC_NOTE_TIES, 6, "tied values: the normal approximation replaces the exact distribution")  \
    X(RAC_NOTE_MISSING, 7, "rows with a missing value were left out")                             \
    X(RAC_NOTE_NOT_REACHED, 8, "the curve never falls that far")                                  \
    X(RAC_NOTE_BEYOND, 9, "the horizon lies beyond the last time seen; the curve was carried on") \
    X(RAC_NOTE_INFINITE, 10, "the likelihood has no maximum: a coefficient runs to infinity")     \
    X(RAC_NOTE_ALIASED, 11, "a covariate is constant or a combination of earlier ones")           \
    X(RAC_NOTE_NOT_CONVERGED, 12, "the iterations stopped before they converged")

typedef enum rac_note {
#define X(name, bit, sentence) name = 1 << (bit),
    RAC_NOTE_LIST(X)
#undef X
} rac_note;

typedef unsigned rac_notes; /* any number of rac_note together */

/* The sentences of all notes, joined by "; "; empty text for none.  In the arena. */
char *rac_notes_format(rac_arena *arena, rac_notes notes);

#ifdef __cplusplus
}
#endif
#endif
