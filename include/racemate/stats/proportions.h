/* racemate/stats/proportions.h: responders and remitters: one proportion, two proportions, NNT.
 *
 * Group 1 minus (or over) group 0.  Counts are whole numbers, events <= n; `level` in (0, 1).
 *
 *     rac_two_by_two counts = {.events1 = 19, .n1 = 45, .events0 = 7, .n0 = 25};
 *     rac_proportions out;
 *     rac_proportions_compare(arena, counts, 0.95, &out, err);
 */
#ifndef RACEMATE_STATS_PROPORTIONS_H
#define RACEMATE_STATS_PROPORTIONS_H

#include "racemate/stats/estimate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one proportion ------------------------------------------------------------------------ */

/* Wilson 1927 (doi:10.1080/01621459.1927.10502953): the score interval; exactly 0 at 0/n, 1 at n/n. */
rac_status rac_wilson(double events, double n, double level, rac_interval *out, rac_error *err);
/* Clopper and Pearson 1934 (doi:10.1093/biomet/26.4.404): exact, by beta quantiles. */
rac_status rac_clopper_pearson(double events, double n, double level, rac_interval *out, rac_error *err);

/* ---- two proportions ------------------------------------------------------------------------ */

typedef struct rac_two_by_two {
    double events1;
    double n1;
    double events0;
    double n0;
} rac_two_by_two;

/* Number needed to treat, 1 / risk difference (Laupacis 1988); its limits are the reciprocals of the
 * difference's.  When those have different signs the interval runs from `from_upper` through infinity
 * to `from_lower` (Altman 1998, doi:10.1136/bmj.317.7168.1309). */
typedef enum rac_nnt_kind {
    RAC_NNT_BENEFIT,         /* both limits of the difference above 0 */
    RAC_NNT_HARM,            /* both below 0 */
    RAC_NNT_THROUGH_INFINITY /* the difference may be 0 */
} rac_nnt_kind;

typedef struct rac_nnt {
    double estimate;   /* INFINITY when the difference is 0 */
    double from_lower; /* 1 / lower limit of the difference; INFINITY when that is 0 */
    double from_upper;
    rac_nnt_kind kind;
} rac_nnt;

/* From a risk difference and its interval; positive means group 1 has more of the wanted events. */
rac_nnt rac_nnt_of(double difference, rac_interval interval);
/* The same where the event is not wanted (leaving treatment, a side effect): fewer of them in group 1 is the
 * benefit. */
rac_nnt rac_nnt_of_unwanted(double difference, rac_interval interval);
/* "NNTB 7.0 (NNTB 2.9 to infinity to NNTH 10.6)", one decimal; B for benefit, H for harm. */
char *rac_nnt_format(rac_arena *arena, rac_nnt nnt);

typedef struct rac_proportions {
    double p1;
    rac_interval p1_wilson;
    rac_interval p1_exact;
    double p0;
    rac_interval p0_wilson;
    rac_interval p0_exact;

    double difference;               /* p1 - p0 */
    rac_interval newcombe;           /* the default: Newcombe 1998, method 10, from the Wilson limits */
    rac_interval miettinen_nurminen; /* score interval with N / (N - 1), 1985 (doi:10.1002/sim.4780040211) */
    rac_interval agresti_caffo;      /* one success and one failure added to each group, 2000 */
    rac_interval wald;               /* for comparison only; the last two are cut at -1 and 1 */
    rac_nnt nnt;                     /* from newcombe, taking the event for a wanted one */

    double odds_ratio; /* 0 or INFINITY with a zero cell; not estimable without events in either group, */
    rac_interval odds_ratio_woolf; /*  or with events in all.  Woolf 1955; not estimable with a zero cell */
    double odds_ratio_conditional; /* maximum of the conditional (non-central hypergeometric) likelihood */
    rac_interval odds_ratio_exact; /* Cornfield's exact limits: each tail (1 - level) / 2 */

    double risk_ratio;
    rac_interval risk_ratio_katz; /* Katz 1978; not estimable without events in either group */

    double chi_square; /* Pearson, not estimable with an empty margin */
    double p_chi_square;
    double chi_square_yates;
    double p_yates;
    double p_fisher;
    rac_notes notes; /* RAC_NOTE_ZERO_CELL, RAC_NOTE_NO_EVENTS */
} rac_proportions;

/* RAC_INVALID when a group is empty or the counts are not counts. */
rac_status rac_proportions_compare(rac_arena *arena, rac_two_by_two counts, double level,
                                   rac_proportions *out, rac_error *err);

/* ---- paired proportions ---------------------------------------------------------------------- */

/* McNemar 1947: pairs that changed one way against the other.  `p_exact` is the two-sided binomial;
 * `chi_square` is (b - c)^2 / (b + c) without correction. */
typedef struct rac_mcnemar {
    double chi_square;
    double p_chi_square;
    double p_exact;
    rac_notes notes; /* RAC_NOTE_NO_EVENTS: nobody changed */
} rac_mcnemar;
rac_status rac_mcnemar_test(double only_first, double only_second, rac_mcnemar *out, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
