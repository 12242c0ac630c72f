/* racemate/stats/weighting.h: two groups that were not randomised, made comparable by weights.
 *
 * What is here: propensity scores and the weights made from them (rac_weighting_make), balance of a
 * covariate before and after (rac_balance_of), the weighted difference of an outcome with an error
 * that knows the propensity score was estimated (rac_weighting_effect), its bootstrap
 * (rac_weighting_bootstrap_*), and nearest-neighbour matching (rac_match_nearest).
 *
 * The order of use: make weights, look at effective sizes and balance, only then at the effect.  The
 * direction is fixed everywhere: treated minus control.
 *
 *     const rac_weighting_data data = {.rows = n, .columns = p, .x = x, .treated = iv, .names = names};
 *     rac_weighting weighting;
 *     check(rac_weighting_make(arena, &data, &(rac_weighting_options){.estimand = RAC_ESTIMAND_ATO},
 *                              &weighting, &err));
 *     rac_weighted_effect effect;
 *     check(rac_weighting_effect(arena, &data, &weighting, &(rac_effect_options){.y = change}, &effect,
 * &err));
 *
 * With e = P(treated | x) and a = 1 for the treated, 0 for controls, the weights are
 *
 *     ATE   a/e + (1-a)/(1-e)            everyone in the chart
 *     ATT   a + (1-a) e/(1-e)            those who were treated
 *     ATC   a (1-e)/e + (1-a)            those who were not
 *     ATO   a (1-e) + (1-a) e            those who could have been either (overlap weights)
 *     ATM   min(e, 1-e) (a/e + (1-a)/(1-e))   much like one-to-one matching
 *
 * Sources: Lunceford & Davidian 2004 (doi:10.1002/sim.1903); Li, Morgan & Zaslavsky 2018
 * (doi:10.1080/01621459.2016.1260466); Li & Greene 2013 (doi:10.1515/ijb-2012-0030); Austin 2009
 * (doi:10.1002/sim.3697); Stefanski & Boos 2002 (doi:10.1198/000313002753631330). */
#ifndef RACEMATE_STATS_WEIGHTING_H
#define RACEMATE_STATS_WEIGHTING_H

#include "racemate/stats/bootstrap.h"
#include "racemate/stats/regression.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- propensity scores and weights ------------------------------------------------------------- */

typedef struct rac_weighting_data {
    size_t rows, columns;
    const double *x;          /* rows x columns of the propensity model, constant column included */
    const bool *treated;      /* rows */
    const char *const *names; /* columns, for messages; may be NULL */
} rac_weighting_data;

typedef enum rac_estimand {
    RAC_ESTIMAND_ATE,
    RAC_ESTIMAND_ATT,
    RAC_ESTIMAND_ATC,
    RAC_ESTIMAND_ATO,
    RAC_ESTIMAND_ATM
} rac_estimand;

/* "ATE", ... and a sentence saying whom the answer is about. */
const char *rac_estimand_name(rac_estimand estimand);
const char *rac_estimand_sentence(rac_estimand estimand);

/* All zero: ATE, nothing trimmed, truncated or stabilised, separation refused. */
typedef struct rac_weighting_options {
    rac_estimand estimand;
    bool stabilise;      /* times the arm's share: weights of mean near 1, same effect */
    double trim;         /* weight 0 where e < trim or e > 1 - trim; 0 .. 0.5 (Crump 2009) */
    double truncate;     /* weights above this quantile (type 7) are lowered to it; 0 is off, else 0.5 .. 1 */
    bool firth;          /* propensity model by Firth's likelihood: finite under separation */
    bool drop_collinear; /* as in regression.h */
} rac_weighting_options;

typedef struct rac_weighting {
    rac_weighting_options options; /* as made */
    size_t rows;
    double *propensity; /* rows, e */
    double *weight;     /* rows; 0 where trimmed */
    rac_logistic model;
    double effective_treated, effective_control; /* (sum w)^2 / sum w^2 */
    double sum_treated, sum_control, largest;
    size_t trimmed, truncated; /* rows */
} rac_weighting;

/* RAC_INVALID: an arm is empty (named), an option out of range, everything trimmed in an arm, or what
 * regression.h lists; RAC_NOT_CONVERGED: a column separates the arms (named; there is no overlap to compare
 * in). */
rac_status rac_weighting_make(rac_arena *arena, const rac_weighting_data *data,
                              const rac_weighting_options *options, rac_weighting *weighting, rac_error *err);

/* (sum w)^2 / sum w^2 over the rows of one arm; 0 when all weights are 0. */
double rac_effective_size(size_t rows, const bool *treated, bool arm, const double *weight);

/* ---- balance ----------------------------------------------------------------------------------- */

/* Standardised differences share one denominator before and after weighting: ATE the root mean of the
 * two unweighted variances; ATT and ATC the unweighted deviation of the treated or the control; ATO
 * and ATM the deviation in the whole weighted sample.  Weighted variances are
 * sum w (x-m)^2 sum w / ((sum w)^2 - sum w^2); p (1-p) when x has only the values 0 and 1. */
typedef struct rac_balance {
    bool binary; /* x has only 0 and 1: variance ratios are not given (NaN) */
    double mean_treated_raw, mean_control_raw, mean_treated, mean_control;
    double smd_raw, smd;                       /* treated minus control; 0 when both means are equal */
    double variance_ratio_raw, variance_ratio; /* treated over control; NaN when not estimable */
    double ks_raw, ks;                         /* largest distance of the weighted distribution functions */
} rac_balance;

/* RAC_INVALID when x is not finite, an arm has no weight, or the means differ while the denominator is 0. */
rac_status rac_balance_of(rac_arena *arena, const rac_weighting_data *data, const rac_weighting *weighting,
                          const double *x, rac_balance *balance, rac_error *err);

/* ---- the weighted effect ------------------------------------------------------------------------ */

typedef enum rac_effect_scale { RAC_EFFECT_DIFFERENCE, RAC_EFFECT_LOG_ODDS } rac_effect_scale;

typedef struct rac_effect_options {
    const double
        *y; /* rows; NaN where the outcome is missing (left out of the effect, not of the propensity model) */
    rac_effect_scale scale; /* LOG_ODDS needs y of 0 and 1 */
    double level;           /* of the intervals; 0 means 0.95 */
} rac_effect_options;

/* With weights w: means are sum w y / sum w in each arm (Hajek); the effect is their difference, or the
 * difference of their logits.  se stacks the score of the propensity model and that of the effect
 * (M-estimation); se_fixed takes the weights as known (HC0), which is too large for ATE and either
 * way for others.  Truncated and trimmed rows count as weights that do not move with e; after Firth
 * the propensity score is treated as if by maximum likelihood. */
typedef struct rac_weighted_effect {
    double mean_treated, mean_control;
    rac_term effect;                             /* M-estimation */
    rac_term fixed;                              /* HC0 */
    size_t missing;                              /* rows without outcome */
    double effective_treated, effective_control; /* among rows with outcome */
    bool too_few; /* an effective size is below 10: not to be called an estimate */
} rac_weighted_effect;

/* RAC_INVALID: no weight left in an arm (named), an outcome that is infinite, for LOG_ODDS one that is
 * not 0 or 1, or an arm with weighted proportion 0 or 1 (its log odds are infinite). */
rac_status rac_weighting_effect(rac_arena *arena, const rac_weighting_data *data,
                                const rac_weighting *weighting, const rac_effect_options *options,
                                rac_weighted_effect *effect, rac_error *err);

/* ---- bootstrap of the weighted difference --------------------------------------------------------- */

/* The statistic for rac_bootstrap: patients' multiplicities in, Hajek difference out, the propensity
 * model refitted.  A replicate in which a rare category meets only one arm is separated in part; its
 * limiting weights are well defined and are used.  A replicate fails when an arm is empty or is left
 * without weight, or when the arms separate completely.  Trimming, truncation and Firth are not repeated:
 * only `estimand` is read.  Not for use by two threads at once; each thread makes its own. */
typedef struct rac_weighting_bootstrap rac_weighting_bootstrap;

rac_status rac_weighting_bootstrap_new(rac_arena *arena, const rac_weighting_data *data, const double *y,
                                       rac_estimand estimand, rac_weighting_bootstrap **bootstrap,
                                       rac_error *err);
/* `context` is the rac_weighting_bootstrap. */
bool rac_weighting_bootstrap_statistic(void *context, const double *counts, double *value);
/* Replicates so far whose propensity model was separated in part. */
size_t rac_weighting_bootstrap_separated(const rac_weighting_bootstrap *bootstrap);

/* ---- matching ------------------------------------------------------------------------------------- */

typedef struct rac_match_options {
    bool replace;       /* a control may serve several treated */
    double caliper;     /* largest distance, in standard deviations of logit e; 0 means no limit (Austin 2011:
                           0.2) */
    size_t per_treated; /* controls for each treated; 0 means 1 */
} rac_match_options;

typedef struct rac_matching {
    size_t rows, pairs;
    size_t *treated, *control; /* pairs: rows that belong together, in the order they were matched */
    double *distance;          /* pairs, |difference of logit e| */
    double *weight; /* rows: 1 for a matched treated; its controls share 1 between them, added over treated */
    size_t treated_unmatched;
} rac_matching;

/* Greedy nearest neighbour on logit e, treated in order of falling propensity (MatchIt's "largest"),
 * ties by row number; round by round when per_treated > 1.  RAC_INVALID: propensity outside (0, 1),
 * an empty arm, or nobody within the caliper. */
rac_status rac_match_nearest(rac_arena *arena, size_t rows, const bool *treated, const double *propensity,
                             const rac_match_options *options, rac_matching *matching, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
