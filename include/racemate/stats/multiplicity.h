/* racemate/stats/multiplicity.h: several tests at once, and the first session with a change.
 *
 * An adjusted p-value is the smallest familywise error rate (for Benjamini-Hochberg: false discovery rate) at
 * which the hypothesis falls.  A NaN p-value is a test that was not made: it stays NaN and does not
 * count in the size of the family. */
#ifndef RACEMATE_STATS_MULTIPLICITY_H
#define RACEMATE_STATS_MULTIPLICITY_H

#include "racemate/stats/estimate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, key, sentence */
#define RAC_ADJUSTMENT_LIST(X)                                                             \
    X(RAC_ADJUST_NONE, "raw", "no adjustment")                                             \
    X(RAC_ADJUST_BONFERRONI, "bonferroni", "Bonferroni: n p")                              \
    X(RAC_ADJUST_HOLM, "holm", "Holm 1979, step-down; any dependence")                     \
    X(RAC_ADJUST_HOCHBERG, "hochberg", "Hochberg 1988, step-up; positive dependence")      \
    X(RAC_ADJUST_HOMMEL, "hommel", "Hommel 1988, closed Simes tests; positive dependence") \
    X(RAC_ADJUST_BH, "bh", "Benjamini and Hochberg 1995, false discovery rate")            \
    X(RAC_ADJUST_FORWARD, "forward",                                                       \
      "gates in session order: stops at the first session that is not significant")        \
    X(RAC_ADJUST_BACKWARD, "backward", "gates from the last session back: onset is also sustained")

typedef enum rac_adjustment {
#define X(name, key, sentence) name,
    RAC_ADJUSTMENT_LIST(X)
#undef X
        RAC_ADJUSTMENTS
} rac_adjustment;

/* "holm", and the sentence.  Never NULL. */
const char *rac_adjustment_key(rac_adjustment rule);
const char *rac_adjustment_sentence(rac_adjustment rule);

/* Adjusts `count` p-values (in [0, 1] or NaN), in session order for the gates; `adjusted` may be `p`. */
rac_status rac_p_adjust(rac_arena *arena, const double *p, size_t count, rac_adjustment rule,
                        double *adjusted, rac_error *err);

/* The onset session: the first whose adjusted p-value is below alpha with the estimate in the wanted
 * direction.  The family is one arm's changes (or the differences of two arms); two arms are two families,
 * and the one being significant where the other is not says nothing about their difference.
 *
 *     rac_onset onset;
 *     rac_onset_find(arena, change, p, 8, RAC_ADJUST_HOLM, 0.05, RAC_FALL, &onset, err);
 *     if (onset.found) ... sessions[onset.index] ... */
typedef enum rac_direction {
    RAC_FALL, /* a negative estimate is the wanted one, as on a depression scale */
    RAC_RISE
} rac_direction;

typedef struct rac_onset {
    bool found;
    size_t index;           /* into the arrays; 0 when not found */
    const double *adjusted; /* `count` adjusted p-values, in the arena */
} rac_onset;
rac_status rac_onset_find(rac_arena *arena, const double *estimate, const double *p, size_t count,
                          rac_adjustment rule, double alpha, rac_direction direction, rac_onset *out,
                          rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
