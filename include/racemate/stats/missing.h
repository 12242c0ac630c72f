/* racemate/stats/missing.h: scores that were never taken, and how much the answer leans on them.
 *
 * What is here, in the order of use: the analysis of one complete set (rac_ancova_of); imputation from a
 * fitted model, either the conditional mean (rac_impute_mean, deterministic) or draws from the posterior
 * (rac_impute_draw, multiple imputation); pooling (rac_rubin_pool); a shift of imputed values until the
 * conclusion tips (rac_tipping_*); the old ways, labelled as such (rac_legacy_fill).
 *
 * Scores are patients x visits, row after row; NaN is "not taken".  Nothing else may be NaN.
 *
 * A patient who left is imputed under a strategy (Carpenter, Roger & Kenward 2013).  With g the first
 * visit after the last one seen, mu the mean, "reference" the arm a patient is imagined to join:
 *
 *     MAR  own arm's mean throughout; what leaving did is explained by the scores seen
 *     J2R  jump to reference: own mean before g, reference mean from g on
 *     CIR  copy increments: from g on, own mean at g-1 plus the reference's change since then; J2R when g is
 * the first visit CR   copy reference: reference mean throughout, also before g
 *
 * and missing given seen is mu_m + S_mo S_oo^-1 (y_o - mu_o).  Gaps before g stay MAR (under CR they use
 * the reference mean, as the strategy says).  Where the arms have their own covariances, J2R and CIR
 * join them as Carpenter et al. do: own up to g, the reference's regression of later on earlier visits.
 *
 * With two active arms no arm is placebo: do it both ways, and say what it means.  Under J2R, CIR and CR
 * Rubin's error is larger than the sampling error by design; name the one that is shown.
 *
 * Sources: Carpenter, Roger & Kenward 2013 (doi:10.1080/10543406.2013.834911); Wolbers et al. 2022
 * (doi:10.1002/pst.2234); Schafer 1997, Analysis of Incomplete Multivariate Data, ch. 5; Rubin 1987;
 * Barnard & Rubin 1999 (doi:10.1093/biomet/86.4.948); Marsaglia & Tsang 2000 (doi:10.1145/358407.358414). */
#ifndef RACEMATE_STATS_MISSING_H
#define RACEMATE_STATS_MISSING_H

#include "racemate/stats/mixed.h"
#include "racemate/stats/regression.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one complete set ---------------------------------------------------------------------------- */

/* y ~ treated + covariates by least squares; the effect is treated minus control.  A covariate that is the
 * same in everybody, or a combination of those before it, is left out. */
typedef struct rac_ancova_data {
    size_t patients;
    const double *y;         /* patients; NaN leaves a patient out */
    const bool *treated;     /* patients */
    size_t covariates;       /* may be 0 */
    const double *covariate; /* patients x covariates */
    double level;            /* 0: 0.95 */
} rac_ancova_data;

typedef struct rac_ancova {
    size_t used;
    rac_term effect;
} rac_ancova;

/* RAC_INVALID: an arm without anybody, or what regression.h lists. */
rac_status rac_ancova_of(rac_arena *arena, const rac_ancova_data *data, rac_ancova *ancova, rac_error *err);

/* ---- imputation ------------------------------------------------------------------------------------ */

typedef enum rac_strategy {
    RAC_STRATEGY_MAR,
    RAC_STRATEGY_J2R,
    RAC_STRATEGY_CIR,
    RAC_STRATEGY_CR
} rac_strategy;

const char *rac_strategy_name(rac_strategy strategy);     /* "J2R" */
const char *rac_strategy_sentence(rac_strategy strategy); /* what it assumes, for a report */

/* The first visit after the last one seen, from 0; `visits` when the last visit was seen. */
size_t rac_first_gone(const double *scores, size_t visits);

/* A fitted multivariate normal model, as seen from each patient. */
typedef struct rac_impute_model {
    size_t patients, visits;
    const double *y;               /* patients x visits, NaN where missing */
    const double *own_mean;        /* patients x visits: under the patient's arm */
    const double *reference_mean;  /* patients x visits: under the reference arm */
    const double *sigma;           /* visits x visits */
    const double *reference_sigma; /* visits x visits; NULL: the same.  Not read where `in_reference` */
    const bool *in_reference;      /* patients, only read with reference_sigma: uses it as own */
} rac_impute_model;

/* patients x visits in the arena, nothing missing: what was seen stays, what was not gets its
 * conditional mean.  RAC_INVALID: a covariance that is not positive definite, or a mean that is not finite.
 */
rac_status rac_impute_mean(rac_arena *arena, const rac_impute_model *model, rac_strategy strategy,
                           double **filled, rac_error *err);

/* Multiple imputation: y_i ~ N(B' u_i, Sigma), u_i constant in the patient (1, arm, baseline), so that
 * every column of u has its own coefficient at every visit. */
typedef struct rac_impute_data {
    size_t patients, visits, factors;
    const double *y;      /* patients x visits, NaN where missing */
    const double *factor; /* patients x factors */
    const double
        *reference_factor; /* patients x factors: the same patient in the reference arm; NULL for MAR only */
    size_t arms;           /* 1: one model; more: a separate B and Sigma in each arm */
    const size_t *arm;     /* patients, 0 .. arms-1; not read when arms is 1 */
    size_t reference_arm;  /* whose B and Sigma the reference mean uses when arms > 1 */
} rac_impute_data;

typedef struct rac_impute_options {
    uint64_t seed;
    size_t imputations; /* at least 2 */
    rac_strategy strategy;
    size_t burn_in; /* steps of each chain before it is used; 0: 200 */
} rac_impute_options;

/* imputations x patients x visits in the arena.  Each imputation has a chain of its own (data
 * augmentation, prior |Sigma|^-(visits+1)/2), keyed by (seed, imputation), so the answer does not depend on
 * threads or order. Patients without any score take no part in the chain; they are imputed from what it
 * found. RAC_INVALID: a visit nobody attended or an arm with too few patients for the model (named), a factor
 * that is not finite, no reference_factor where the strategy needs one. */
rac_status rac_impute_draw(rac_arena *arena, const rac_impute_data *data, const rac_impute_options *options,
                           double **filled, rac_error *err);

/* Conditional-mean imputation from start to end (Wolbers et al. 2022): the mixed model fitted by REML,
 * missing scores filled with their means under each strategy, ANCOVA of the last visit on arm and the
 * model's covariates, and the jackknife error of leaving out each patient in turn, model and all. */
typedef struct rac_reference_based_data {
    const rac_mixed_usual *model; /* two arms; covariates without missing values */
    size_t treated, reference;    /* arms: the effect is treated minus reference, and those who leave are
                                     imagined in    the reference */
    bool jackknife;               /* refits the model once for each patient */
    double level;                 /* 0: 0.95 */
} rac_reference_based_data;

typedef struct rac_reference_based {
    double *filled[4]; /* by rac_strategy: patients x visits */
    rac_ancova
        ancova[4];      /* as if the filled scores had been seen: its error is too small, read the estimate */
    bool jackknife;     /* whether `effect` holds */
    rac_term effect[4]; /* with the jackknife error, normal limits */
} rac_reference_based;

/* Errors of mixed.h and of the steps; RAC_UNSUPPORTED unless there are two arms; RAC_NOT_CONVERGED names the
 * patient without whom the model cannot be fitted. */
rac_status rac_reference_based_run(rac_arena *arena, const rac_reference_based_data *data,
                                   rac_reference_based *result, rac_error *err);

/* ---- pooling ---------------------------------------------------------------------------------------- */

/* T = W + (1 + 1/m) B; lambda = (1 + 1/m) B / T; df as Barnard & Rubin 1999. */
typedef struct rac_pooled {
    size_t sets;
    double within, between, total;
    double lambda;              /* share of the variance that missing scores add */
    double relative_increase;   /* (1 + 1/m) B / W; 0 when both are 0 */
    double missing_information; /* (riv + 2/(df + 3)) / (riv + 1) */
    double df_rubin;            /* (m - 1) / lambda^2; INFINITY when B is 0 */
    rac_term effect;            /* with the df of Barnard & Rubin */
} rac_pooled;

/* `df_complete` as if nothing were missing (INFINITY for a large sample); level 0 means 0.95.
 * RAC_INVALID: fewer than 2 sets, a value that is not finite, a negative error, df that is not positive. */
rac_status rac_rubin_pool(size_t sets, const double *estimate, const double *se, double df_complete,
                          double level, rac_pooled *pooled, rac_error *err);

/* ---- tipping point ----------------------------------------------------------------------------------- */

/* Imputed final scores of one or more sets, shifted in those that were missing. */
typedef struct rac_tipping {
    size_t sets, patients;
    const double *y;     /* sets x patients, complete; one set for conditional means */
    const bool *imputed; /* patients: whose score was imputed */
    const bool *treated; /* patients */
    size_t covariates;
    const double *covariate; /* patients x covariates */
    double level;            /* 0: 0.95 */
} rac_tipping;

/* The effect after adding delta_treated and delta_control to imputed scores.  With one set it is the
 * ANCOVA's own (no between variance: its error is too small, only the estimate means something). */
rac_status rac_tipping_at(rac_arena *arena, const rac_tipping *tipping, double delta_treated,
                          double delta_control, rac_pooled *pooled, rac_error *err);

typedef struct rac_tipping_point {
    double estimate_at_0, slope; /* the estimate is estimate_at_0 + slope * delta, exactly */
    bool estimate_tips;          /* false when nobody's score was imputed in the treated arm */
    double delta_estimate;       /* where the estimate is 0; NaN when it does not tip */
    bool p_tips;
    double delta_p; /* the smallest |delta| where p passes alpha, towards no effect; NaN when it does not tip
                       within `furthest` */
} rac_tipping_point;

/* Shifts the treated only.  p is searched from 0 towards the sign that weakens the effect, up to `furthest` >
 * 0, by bisection to 1e-10; only with two or more sets and p < alpha at 0. */
rac_status rac_tipping_find(rac_arena *arena, const rac_tipping *tipping, double alpha, double furthest,
                            rac_tipping_point *point, rac_error *err);

/* ---- the old ways ------------------------------------------------------------------------------------ */

/* Each assumes what nobody believes; offered because reviewers ask for comparability with older papers. */
typedef enum rac_legacy {
    RAC_LEGACY_LAST_CARRIED,     /* LOCF: after leaving, a patient stays as last seen */
    RAC_LEGACY_BASELINE_CARRIED, /* BOCF: after leaving, a patient is as at baseline */
    RAC_LEGACY_COMPLETERS        /* those who left never existed */
} rac_legacy;

const char *rac_legacy_label(rac_legacy legacy); /* begins with "legacy:", for tables */

/* `final` (patients): the score at the last visit, NaN where the method has none.  `baseline` (patients)
 * is read by BASELINE_CARRIED; NULL means 0, for changes from baseline. */
void rac_legacy_fill(rac_legacy legacy, size_t patients, size_t visits, const double *y,
                     const double *baseline, double *final);

#ifdef __cplusplus
}
#endif
#endif
