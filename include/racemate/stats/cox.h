/* racemate/stats/cox.h: proportional hazards (Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x).
 *
 *     rac_cox_data data = {.times = {.n = n, .time = t, .event = e}, .covariates = 2, .x = x};
 *     rac_cox_fit fit;
 *     rac_cox_fit_model(arena, &data, NULL, &fit, err);
 *     fit.hazard_ratio[0], fit.interval[0].lower ...
 *
 * Ties: Efron 1977 (the default; with weights the tied deaths share their mean weight), Breslow 1974, and
 * the discrete likelihood (R's "exact", SAS's TIES=DISCRETE; not SAS's TIES=EXACT) by the recursion of
 * Gail, Lubin and Rubinstein 1981 (doi:10.1093/biomet/68.3.703).
 *
 * Answers, not errors: no event (nothing is estimable); a covariate that is constant or a combination of
 * earlier ones (RAC_NOTE_ALIASED, its numbers not estimable, the rest fitted without it); a likelihood that
 * rises for ever because an arm has no event (RAC_NOTE_INFINITE: the coefficient is +-INFINITY, the ratio 0
 * or INFINITY, its error not estimable; the likelihood-ratio test still holds); robust errors of too few
 * clusters, whose scores cancel (RAC_NOTE_TOO_FEW, error not estimable). */
#ifndef RACEMATE_STATS_COX_H
#define RACEMATE_STATS_COX_H

#include "racemate/stats/survival.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rac_cox_ties { RAC_TIES_EFRON, RAC_TIES_BRESLOW, RAC_TIES_DISCRETE } rac_cox_ties;

typedef struct rac_cox_data {
    rac_survival_data times; /* stratum: own baseline hazard each; group is not looked at */
    size_t covariates;       /* at most 500 */
    const double *x;         /* times.n rows of `covariates`; a row with a NaN is left out and counted */
} rac_cox_data;

/* Zero (or NULL): Efron, 0.95, errors from the information matrix unless clusters are given. */
typedef struct rac_cox_options {
    rac_cox_ties ties;
    double level; /* 0 means 0.95 */
    bool robust;  /* sandwich errors (Lin and Wei 1989), summed within cluster; implied by times.cluster */
} rac_cox_options;

typedef struct rac_cox_test {
    double statistic;
    double df;
    double p_value;
} rac_cox_test;

typedef struct rac_cox_state rac_cox_state; /* what the functions below need of a fit */

/* Arrays of `covariates`, or covariates x covariates row after row; in the arena of the fit. */
typedef struct rac_cox_fit {
    size_t n; /* rows used */
    size_t missing;
    size_t events;
    size_t covariates;
    double *coefficient;
    double *hazard_ratio;
    double *se;       /* robust when asked for, else from the information */
    double *se_model; /* from the information matrix */
    double *z;
    double *p_value;
    rac_interval *interval; /* of the hazard ratio */
    double *covariance;     /* of the coefficients, matching se; 0 where not estimable */
    double log_likelihood_null;
    double log_likelihood;
    rac_cox_test likelihood_ratio;
    rac_cox_test wald;  /* with the covariance above */
    rac_cox_test score; /* at 0; for one arm covariate and no ties, the log-rank test */
    int iterations;
    double decrement; /* g' I^-1 g at the end */
    rac_notes notes;
    rac_notes *coefficient_notes;
    const rac_cox_state *state;
} rac_cox_fit;

/* RAC_INVALID for impossible data; RAC_UNSUPPORTED for discrete ties with weights, starts or robust errors;
 * RAC_LIMIT for discrete ties that would take more than about a minute. */
rac_status rac_cox_fit_model(rac_arena *arena, const rac_cox_data *data, const rac_cox_options *options,
                             rac_cox_fit *out, rac_error *err);

/* ---- proportionality ------------------------------------------------------------------------------- */

/* The score test of a coefficient that changes with g(time) (Grambsch and Therneau 1994,
 * doi:10.1093/biomet/81.3.515, in the exact form of R's cox.zph since survival 3).  Small p: not
 * proportional. */
typedef enum rac_cox_time_scale {
    RAC_TIME_KM,       /* 1 - the Kaplan-Meier curve of all rows just before t: robust to outlying times */
    RAC_TIME_IDENTITY, /* t */
    RAC_TIME_LOG       /* ln t; times must be above 0 */
} rac_cox_time_scale;

typedef struct rac_cox_proportionality {
    rac_cox_test *each; /* one a covariate; not estimable where the coefficient is not */
    rac_cox_test global;
    rac_notes notes;
} rac_cox_proportionality;

/* Not for discrete ties (RAC_UNSUPPORTED). */
rac_status rac_cox_proportionality_of(rac_arena *arena, const rac_cox_fit *fit, rac_cox_time_scale scale,
                                      rac_cox_proportionality *out, rac_error *err);

/* ---- concordance ----------------------------------------------------------------------------------- */

/* The share of comparable pairs in which the higher predicted hazard had its event first, ties in the
 * prediction counted half (Harrell 1982); error by the infinitesimal jackknife. */
typedef struct rac_concordance {
    double c;
    double se;
    double concordant, discordant, tied; /* sums of weight products */
    rac_notes notes;                     /* RAC_NOTE_NO_EVENTS: no pair can be compared */
} rac_concordance;
/* Not for data with starts (RAC_UNSUPPORTED). */
rac_status rac_cox_concordance_of(rac_arena *arena, const rac_cox_fit *fit, rac_concordance *out,
                                  rac_error *err);

/* ---- baseline hazard -------------------------------------------------------------------------------- */

/* The cumulative hazard of someone whose covariates are all 0, a step at each event time; Efron's
 * increments under Efron's ties, Breslow's otherwise. */
typedef struct rac_cox_baseline {
    size_t count;
    int *stratum; /* the caller's number */
    double *time; /* upwards within a stratum */
    double *cumulative;
} rac_cox_baseline;
rac_status rac_cox_baseline_of(rac_arena *arena, const rac_cox_fit *fit, rac_cox_baseline *out,
                               rac_error *err);
/* The value at `time` in a stratum (0 before its first event). */
double rac_cox_baseline_at(const rac_cox_baseline *baseline, int stratum, double time);

#ifdef __cplusplus
}
#endif
#endif
