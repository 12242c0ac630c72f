/* racemate/stats/mixed.h: linear models for repeated measures.
 *
 * What it decides: given scores of patients at visits, some of them missing, and a mean model, it
 * estimates the mean's coefficients and the covariance of the visits by restricted or full maximum
 * likelihood, and answers questions about them (means, differences, joint tests) with standard errors,
 * degrees of freedom, p-values and intervals.  Missing scores are ignorable when missing at random.
 *
 *     y_i ~ N(X_i beta, S_i' Sigma(theta) S_i),   patients independent, S_i picks the visits seen
 *
 * Nouns, in the order they are used:
 *     rac_mixed_usual      arm x visit + covariates, the model most trials want, in words
 *     rac_mixed_rows       or: any design, one row a score
 *     rac_mixed_design     either of them, in the form the engine reads
 *     rac_mixed_options    covariance, fall-backs, method, degrees of freedom
 *     rac_mixed_fit        everything estimated
 *     rac_mixed_estimate   one linear combination with its interval and test
 *     rac_mixed_means      least-squares means and differences per visit
 *
 * Example (primary analysis of a two-arm study):
 *
 *     rac_mixed_covariate baseline = {.name = "BASE", .value = qids_baseline, .by_visit = true};
 *     rac_mixed_usual model = {.patients = n, .visits = 6, .arms = 2, .outcome = change, .arm = arm,
 *                              .covariates = 1, .covariate = &baseline};
 *     rac_mixed_design design;
 *     rac_mixed_fit fit;
 *     rac_mixed_means means;
 *     status = rac_mixed_design_usual(arena, &model, &design, &err);
 *     status = rac_mixed_fit_design(arena, &design, &(rac_mixed_options){0}, &fit, &err);
 *     status = rac_mixed_means_usual(arena, &model, &fit, RAC_MIXED_MEANS_EQUAL, 1, 0, &means, &err);
 *     means.difference[5].estimate ...
 *
 * Units: whatever unit the outcome has; variances in its square.  Everything returned by pointer lives
 * in the arena, and a design borrows the arrays it was made from: keep them as long as the fit.
 *
 * How it works.  A patient's row at visit j is B_j u_i: u holds what is constant in the patient (1, arm,
 * baseline), B_j is the same for everybody.  Sums of (u, y)(u, y)' per pattern of visits seen are
 * sufficient, so that after one pass no step depends on the number of patients.  Derivatives in
 * Sigma are exact; Newton's method with the observed information stops when the Newton decrement
 * g' I^-1 g is below 1e-12.
 *
 * Sources: restricted likelihood, Patterson & Thompson 1971 (doi:10.1093/biomet/58.3.545); Newton and
 * its derivatives, Lindstrom & Bates 1988 (doi:10.1080/01621459.1988.10478693); Satterthwaite's df for
 * one row, Giesbrecht & Burns 1985 (doi:10.2307/2530872), for several, Fai & Cornelius 1996
 * (doi:10.1080/00949659608811740); small-sample covariance and F, Kenward & Roger 1997
 * (doi:10.2307/2533558); empirical covariance, Liang & Zeger 1986 (doi:10.1093/biomet/73.1.13), its
 * bias-reduced form and df, Bell & McCaffrey 2002 (Survey Methodology 28:169); least-squares means,
 * Searle, Speed & Milliken 1980 (doi:10.1080/00031305.1980.10483031); random coefficients,
 * Laird & Ware 1982 (doi:10.2307/2529876).  */
#ifndef RACEMATE_STATS_MIXED_H
#define RACEMATE_STATS_MIXED_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- covariance of the visits -------------------------------------------------------------------- */

/* Name, short name, parameters in words.  "own variances" means one per visit.  The order is the
 * pre-specified fall-back ladder (SPATIAL and RANDOM kinds stand outside it). */
#define RAC_COVARIANCE_LIST(X)                                                                 \
    X(RAC_COVARIANCE_UNSTRUCTURED, "us", "unstructured")                                       \
    X(RAC_COVARIANCE_TOEPLITZ_OWN, "toeph", "Toeplitz, own variances")                         \
    X(RAC_COVARIANCE_ANTE_OWN, "adh", "ante-dependence of first order, own variances")         \
    X(RAC_COVARIANCE_AR1_OWN, "ar1h", "autoregressive of first order, own variances")          \
    X(RAC_COVARIANCE_COMPOUND_OWN, "csh", "compound symmetry, own variances")                  \
    X(RAC_COVARIANCE_TOEPLITZ, "toep", "Toeplitz, one variance")                               \
    X(RAC_COVARIANCE_AR1, "ar1", "autoregressive of first order, one variance")                \
    X(RAC_COVARIANCE_COMPOUND, "cs", "compound symmetry, one variance")                        \
    X(RAC_COVARIANCE_ANTE, "ad", "ante-dependence of first order, one variance")               \
    X(RAC_COVARIANCE_SPATIAL, "sp_exp", "correlation falling exponentially with time between") \
    X(RAC_COVARIANCE_RANDOM_INTERCEPT, "random intercept", "random intercept and residual")    \
    X(RAC_COVARIANCE_RANDOM_SLOPE, "random slope", "random intercept and slope, and residual")

typedef enum rac_covariance {
#define X(name, short_name, words) name,
    RAC_COVARIANCE_LIST(X)
#undef X
        RAC_COVARIANCE_COUNT
} rac_covariance;

const char *rac_covariance_name(rac_covariance covariance);  /* "us" */
const char *rac_covariance_words(rac_covariance covariance); /* "unstructured" */
/* Covariance parameters of one group over `visits` visits. */
size_t rac_covariance_parameters(rac_covariance covariance, size_t visits);

/* ---- designs ------------------------------------------------------------------------------------- */

#define RAC_MIXED_VISITS_MAX 64

/* One covariate, constant in the patient. */
typedef struct rac_mixed_covariate {
    const char *name;
    const double *value;           /* patients; for a factor the level, 0 .. levels-1 (0 is the reference) */
    size_t levels;                 /* 0: continuous */
    const char *const *level_name; /* levels; NULL: numbers */
    bool by_visit;                 /* with its own coefficient at each visit */
} rac_mixed_covariate;

/* outcome ~ covariates + visit + arm + covariates x visit (where by_visit) + arm x visit, treatment
 * coding, first visit and arm 0 as reference.  A patient without any score is counted out. */
typedef struct rac_mixed_usual {
    size_t patients, visits, arms;
    const double *outcome;                /* patients x visits; NaN where not seen */
    const int32_t *arm;                   /* patients; 0 .. arms-1 */
    size_t covariates;                    /* may be 0 */
    const rac_mixed_covariate *covariate; /* baseline first, by custom */
    bool covariance_per_arm;
    bool shared_first_visit;       /* constrained baseline (Liang & Zeger 2000): arms equal at visit 0 */
    const double *visit_time;      /* visits, or NULL; for spatial and random-slope covariances */
    const double *time;            /* patients x visits, or NULL: patients' own times */
    const char *arm_term;          /* "TRTA"; NULL: "arm" */
    const char *visit_term;        /* "AVISIT"; NULL: "visit" */
    const char *const *arm_name;   /* arms; NULL: numbers */
    const char *const *visit_name; /* visits; NULL: numbers from 1 */
} rac_mixed_usual;

/* Any design: one row a score. Rows may come in any order; rows whose outcome is NaN are left out. */
typedef struct rac_mixed_rows {
    size_t rows, columns, patients, visits;
    const double *x;                /* rows x columns */
    const double *outcome;          /* rows */
    const int32_t *patient;         /* rows; 0 .. patients-1 */
    const int32_t *visit;           /* rows; 0 .. visits-1 */
    const double *weight;           /* rows, > 0, or NULL: the residual variance is divided by it */
    const double *time;             /* rows, or NULL */
    const int32_t *group;           /* patients, or NULL: covariance groups 0 .. groups-1 */
    size_t groups;                  /* 0 when group is NULL */
    const char *const *column_name; /* columns; NULL: "x1", ... */
    const char *const *visit_name;  /* visits; NULL: numbers from 1 */
    const char *const *group_name;  /* groups; NULL: numbers */
} rac_mixed_rows;

/* What the engine reads: x_ij[c] = sum_s map[j][c][s] factor[i][s]. */
typedef struct rac_mixed_design {
    size_t patients, visits, columns, factors;
    const double *factor;     /* patients x factors: what is constant in a patient */
    const double *map;        /* visits x columns x factors */
    const double *outcome;    /* patients x visits; NaN where not seen */
    const int32_t *group;     /* patients, or NULL */
    size_t groups;            /* at least 1 */
    const double *visit_time; /* visits, or NULL */
    const double *time;       /* patients x visits, or NULL when all share visit_time */
    double log_weights;       /* sum of ln weight of the rows used (factor and outcome hold sqrt(weight)) */
    bool weighted;
    const double *root_weight; /* patients x visits: sqrt(weight) of the rows used; NULL when not weighted */
    const char *const *column_name;
    const char *const *visit_name;
    const char *const *group_name;
} rac_mixed_design;

/* RAC_INVALID: a NaN covariate, an arm out of range, a visit nobody attended, an arm without scores;
 * the message names it.  RAC_LIMIT: more than RAC_MIXED_VISITS_MAX visits. */
rac_status rac_mixed_design_usual(rac_arena *arena, const rac_mixed_usual *model, rac_mixed_design *design,
                                  rac_error *err);
/* Also RAC_INVALID: two rows for one patient and visit, a weight that is not positive.  Finds by itself
 * which columns are constant in patients; that search costs O(rows x columns x factors found). */
rac_status rac_mixed_design_rows(rac_arena *arena, const rac_mixed_rows *rows, rac_mixed_design *design,
                                 rac_error *err);

/* ---- options ------------------------------------------------------------------------------------- */

typedef enum rac_mixed_df {
    RAC_MIXED_SATTERTHWAITE,
    RAC_MIXED_KENWARD_ROGER,      /* first order ("linear"): as SAS; free of the parametrisation */
    RAC_MIXED_KENWARD_ROGER_FULL, /* with second derivatives in log sd and correlation parameters */
    RAC_MIXED_BETWEEN_WITHIN
} rac_mixed_df;

typedef enum rac_mixed_errors {
    RAC_MIXED_MODEL_BASED,
    RAC_MIXED_EMPIRICAL,              /* CR0 */
    RAC_MIXED_EMPIRICAL_BIAS_REDUCED, /* CR2 */
    RAC_MIXED_EMPIRICAL_JACKKNIFE     /* CR3 */
} rac_mixed_errors;

/* The zero value: unstructured, REML, Satterthwaite, model-based, the standard ladder, 95 %. */
typedef struct rac_mixed_options {
    rac_covariance covariance;
    bool no_fallback; /* fail rather than step down the ladder */
    const rac_covariance
        *fallback; /* own ladder, tried in order; NULL: the standard one below `covariance` */
    size_t fallbacks;
    bool maximum_likelihood; /* ML instead of REML */
    rac_mixed_df df;
    rac_mixed_errors errors;
    bool expected_information; /* for df and Kenward-Roger: expected instead of observed information */
    double level;              /* of intervals; 0: 0.95 */
    size_t iterations_max;     /* 0: 100 */
} rac_mixed_options;

/* ---- results ------------------------------------------------------------------------------------- */

/* One linear combination.  When not estimable every number is NaN. */
typedef struct rac_mixed_estimate {
    bool estimable;
    double estimate, se, df, t, p, lower, upper;
} rac_mixed_estimate;

/* A joint test of several rows at once: statistic on (num_df, denom_df). */
typedef struct rac_mixed_joint {
    bool estimable;
    double num_df, denom_df, f, p;
} rac_mixed_joint;

/* One covariance that was tried, and what became of it. */
typedef struct rac_mixed_attempt {
    rac_covariance covariance;
    bool used;
    const char *why; /* "converged", "no patient was seen at both visit 2 and visit 5", ... */
} rac_mixed_attempt;

typedef struct rac_mixed_state rac_mixed_state; /* what later questions need */

typedef struct rac_mixed_fit {
    rac_covariance covariance; /* the one used */
    size_t attempts;
    const rac_mixed_attempt *attempt;
    bool maximum_likelihood;
    rac_mixed_df df_method;
    rac_mixed_errors errors;
    double level;

    size_t patients;          /* with at least one score */
    size_t patients_excluded; /* without */
    size_t observations, visits, groups, columns, rank;

    const char *const *name;               /* columns */
    const rac_mixed_estimate *coefficient; /* columns; aliased ones are not estimable */
    const bool *aliased;                   /* columns: a combination of columns to the left */
    size_t aliased_count;
    const double *beta;            /* columns; 0 where aliased */
    const double *beta_covariance; /* columns x columns; adjusted or empirical as asked; 0 where aliased */
    const double *beta_model;      /* the model's own, (sum X'WX)^-1 */

    size_t covariance_parameters; /* of all groups together */
    const double *theta; /* entries of Sigma (lower triangle, row by row) when unstructured; else ln sd and
                            correlation or Cholesky parameters, listed in src/stats/mixed_structure.h
                            (of a random slope: in times centred and divided by their sd) */
    const double *theta_covariance; /* inverse information; parameters x parameters */
    const double *sigma;            /* groups x visits x visits; for own times: at times 0 and 1 (2 x 2) */
    size_t sigma_size;              /* visits, or 2 */

    double log_likelihood, deviance;
    double aic, aicc, bic;   /* k = covariance parameters; BIC with ln(patients) */
    double aic_all, bic_all; /* k = covariance parameters + rank; BIC with ln(observations), as lme4 */
    size_t iterations;
    double newton_decrement; /* g' I^-1 g at the estimate; below 1e-12 */
    double gradient_norm;    /* largest |derivative| of the log-likelihood in theta */

    bool random; /* the next lines apply */
    double variance_intercept, variance_slope, covariance_intercept_slope, variance_residual;
    double intraclass_correlation; /* intercept / (intercept + residual) */
    bool singular;                 /* a variance of 0 or a correlation of +-1: on the boundary */
    const double *random_effect; /* patients of the design x 2: intercept, slope (0 for one without scores) */

    const rac_mixed_state *state;
} rac_mixed_fit;

/* Fits.  RAC_INVALID names what is wrong with the data: no score at all, no residual degree of freedom, a
 * constant outcome, no times where the covariance needs them.  RAC_NOT_CONVERGED: every covariance of
 * the ladder failed; err->detail lists why.  RAC_UNSUPPORTED: a combination without a meaning
 * (Kenward-Roger with maximum likelihood or empirical errors). */
rac_status rac_mixed_fit_design(rac_arena *arena, const rac_mixed_design *design,
                                const rac_mixed_options *options, rac_mixed_fit *fit, rac_error *err);

/* row' beta; row has fit->columns numbers. */
void rac_mixed_test(rac_arena *arena, const rac_mixed_fit *fit, const double *row,
                    rac_mixed_estimate *estimate);
/* All of `rows` combinations are 0 (rows x columns); dependent rows are counted once. */
void rac_mixed_test_joint(rac_arena *arena, const rac_mixed_fit *fit, const double *rows, size_t count,
                          rac_mixed_joint *joint);

/* ---- least-squares means of the usual model ------------------------------------------------------ */

/* Where covariates are held.  Continuous ones at their mean over analysed rows in EQUAL and
 * PROPORTIONAL; factors evenly, or as often as they occur in analysed rows (SAS OBSMARGINS).  PATIENTS:
 * everything at its mean over analysed patients, which is g-computation. */
typedef enum rac_mixed_margin {
    RAC_MIXED_MEANS_EQUAL,
    RAC_MIXED_MEANS_PROPORTIONAL,
    RAC_MIXED_MEANS_PATIENTS
} rac_mixed_margin;

typedef struct rac_mixed_means {
    size_t arms, visits;
    const rac_mixed_estimate *mean;       /* arms x visits */
    const rac_mixed_estimate *difference; /* visits: treated - reference */
    rac_mixed_joint no_difference;        /* at any visit */
    rac_mixed_joint constant_difference;  /* the same at every visit */
} rac_mixed_means;

/* The row of X for a mean: `row` has fit->columns numbers. */
rac_status rac_mixed_mean_row(const rac_mixed_usual *model, rac_mixed_margin margin, size_t arm, size_t visit,
                              double *row, rac_error *err);
rac_status rac_mixed_means_usual(rac_arena *arena, const rac_mixed_usual *model, const rac_mixed_fit *fit,
                                 rac_mixed_margin margin, size_t treated, size_t reference,
                                 rac_mixed_means *means, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
