/* stats/mixed_engine.h: what the files of the mixed models share; nothing here is public.
 *
 * Letters as in METHODS of the field: m visits, q factors, r columns kept, K patterns.  A pattern is a set
 * of patients with the same visits seen (and the same covariance group); when patients have their own times
 * each of them is a pattern.  Matrices over visits are either on the pattern (seen x seen) or on the grid
 * (m x m); packed triangles are indexed by mixed_packed. */
#ifndef RACEMATE_SRC_STATS_MIXED_ENGINE_H
#define RACEMATE_SRC_STATS_MIXED_ENGINE_H

#include "racemate/stats/mixed.h"
#include "stats/mixed_matrix.h"
#include "stats/mixed_structure.h"

/* One non-zero of B_j: x_ij[column] has weight * u[factor]. */
typedef struct mixed_term {
    uint32_t column;
    uint32_t factor;
    double weight;
} mixed_term;

typedef struct mixed_pattern {
    size_t group, patients, seen;
    const uint8_t *visit; /* seen, ascending */
    const double *time;   /* seen, or NULL */
    const double *uu;     /* q x q: sum u u' */
    const double *uy;     /* q x seen: sum u y' */
    const double *yy;     /* seen x seen: sum y y' */
    size_t square;        /* offset of this pattern's seen x seen block in the engine's stores */
    size_t wide;          /* offset of its q x seen block */
} mixed_pattern;

/* Sufficient sums.  u and y are centred (u at its mean over patients, y at its mean per visit), which the
 * terms undo through factor 0, so that sums of squares do not cancel. */
typedef struct mixed_sums {
    const rac_mixed_design *design;
    size_t visits, factors, columns, rank, groups;
    size_t pairs;        /* m (m + 1) / 2 */
    size_t factor_pairs; /* q (q + 1) / 2 */
    size_t patterns;
    mixed_pattern *pattern; /* sorted by group */
    size_t square_total, wide_total;
    size_t patients, observations;
    double *factor_mean;  /* q; 0 for factor 0 */
    double *outcome_mean; /* m */
    uint32_t *pattern_of; /* patients of the design; UINT32_MAX for one without scores */
    mixed_term *term;     /* of all visits, over kept columns */
    size_t *term_start;   /* m + 1 */
    bool *aliased;        /* columns */
    size_t *kept;         /* rank: the column of each kept one */
    double *alias;        /* columns x rank: an aliased column as a combination of kept ones */
} mixed_sums;

/* `own_times`: a pattern per patient, with its times.  Sets rank and aliases. */
mixed_sums *mixed_sums_make(rac_arena *arena, const rac_mixed_design *design, bool own_times);

/* out (r x r) = sum over visits j, l of B_j M_jl B_l', where tensor is pairs x factor_pairs, M symmetric. */
void mixed_expand(const mixed_sums *sums, const double *tensor, double *out);
/* out (r) = sum over visits of B_j v_j; v is m x q. */
void mixed_expand_vector(const mixed_sums *sums, const double *v, double *out);
/* tensor += Omega_jl U: one pattern; omega is seen x seen, symmetric. */
void mixed_accumulate(const mixed_sums *sums, const mixed_pattern *pattern, const double *omega,
                      double *tensor);

/* One covariance on one set of sums: parameters, and everything the likelihood knows at them. */
typedef struct mixed_engine {
    const mixed_sums *sums;
    rac_covariance kind;
    bool own_times;
    bool restricted;   /* REML */
    size_t per_group;  /* parameters of a group */
    size_t parameters; /* of all */

    double *theta;      /* parameters */
    double *sigma;      /* groups x m x m (grid) */
    double *derivative; /* groups x per_group x m x m (grid, structured kinds) */
    double *w;          /* per pattern, square: Sigma_i^-1 */
    double *v;          /* per pattern, square: W (R + T) W; R before mixed_engine_gradient */
    double *gamma_w;    /* per pattern, wide: sum u r' W */
    double *beta, *phi; /* r; r x r: (X'WX)^-1 */
    double *half;       /* m x q: B_j' beta minus the centre of y */
    double log_likelihood;

    double *gradient;    /* parameters */
    double *information; /* parameters x parameters: observed */
    double *p;           /* parameters x r x r: P_a = -sum X'W D_a W X */

    /* workspace */
    double *tensor; /* pairs x factor_pairs */
    double *vector; /* m x q */
    double *square; /* 6 of m x m */
    double *wide;   /* q x m */
    double *dense;  /* 3 of r x r */
    double *grid;   /* groups x m x m */
    double *local;  /* 3 of per_group x m x m: a pattern's D_a and products with them; structured kinds */
    /* workspace of the information, made at its first use */
    double *traces;                       /* 2 of parameters x r x r */
    double *c;                            /* parameters x r */
    double *tensors;                      /* parameters x pairs x factor_pairs: structured kinds */
    double *vectors;                      /* parameters x m x q: structured kinds */
    double *left, *right, *cross, *inner; /* unstructured: see mixed_entries.c */
    size_t right_width;
    rac_arena *arena;
} mixed_engine;

mixed_engine *mixed_engine_make(rac_arena *arena, const mixed_sums *sums, rac_covariance kind, bool own_times,
                                bool restricted);
/* Coefficients and log-likelihood at engine->theta; false when some Sigma or X'WX is not positive definite.
 */
bool mixed_engine_likelihood(mixed_engine *engine);
/* After the likelihood: gradient, and what the information needs. */
void mixed_engine_gradient(mixed_engine *engine);
/* e->v := W T W alone, for the expected information. */
void mixed_engine_project_only(mixed_engine *engine);
/* After the gradient: information; the part of P as well when `complete`, else without the terms in P. */
void mixed_engine_information(mixed_engine *engine, bool complete);
/* After a complete information: `expected` gets the expected one. */
void mixed_engine_expected(mixed_engine *engine, double *expected);
/* sum_ab V_ab Q_ab, and sum_ab V_ab R_ab where second derivatives exist (r x r each). */
void mixed_engine_weighted_q(mixed_engine *engine, const double *v, double *q);
void mixed_engine_weighted_r(mixed_engine *engine, const double *v, double *r);
/* Covariance of a pattern at theta (seen x seen). */
void mixed_engine_sigma(const mixed_engine *engine, const mixed_pattern *pattern, double *sigma);
/* Fills engine->sigma (and derivatives, when asked) from theta. */
void mixed_engine_refresh(mixed_engine *engine, bool derivatives);

/* Start values in engine->theta from the residuals of `ols` (an engine with Sigma = I after its likelihood);
 * when the data cannot give them, *why says so and the answer is false. */
bool mixed_start(rac_arena *arena, mixed_engine *engine, const mixed_engine *ols, const char **why);

typedef struct mixed_search {
    size_t iterations;
    double decrement;
    bool observed_definite; /* the observed information at the end is positive definite */
} mixed_search;

/* Climbs from engine->theta; afterwards gradient and complete information are those of the end. */
bool mixed_newton(rac_arena *arena, mixed_engine *engine, size_t iterations_max, mixed_search *search,
                  const char **why);

/* The state kept in a fit for later questions. */
struct rac_mixed_state {
    const mixed_sums *sums;
    const rac_mixed_design *design;
    rac_mixed_df df;
    rac_mixed_errors errors;
    double level;
    size_t parameters;
    const double *beta;     /* rank */
    const double *phi;      /* rank x rank, the model's */
    const double *reported; /* rank x rank, adjusted or empirical */
    const double *p;        /* parameters x rank x rank */
    const double *packed_p; /* the same, lower triangles */
    const double *theta_covariance;
    /* between-within */
    const bool *within; /* rank */
    double df_between, df_within;
    /* empirical: whitened rows X~ and A X~, patient by patient (seen x rank each) */
    size_t empirical_patients;
    const size_t *empirical_start; /* empirical_patients + 1: first row of each patient */
    const double *whitened;        /* observations x rank */
    const double *adjusted;        /* observations x rank */
};

/* Empirical covariance (rank x rank) and the pieces of its degrees of freedom, into state. */
void mixed_empirical(rac_arena *arena, const mixed_engine *engine, rac_mixed_errors errors,
                     rac_mixed_state *state, double *covariance);
/* Degrees of freedom of one row (rank numbers). */
double mixed_empirical_df(rac_arena *arena, const rac_mixed_state *state, const double *row);
/* effect (patients of the design x 2): random intercepts and slopes; 0 for a patient without scores. */
void mixed_random_effects(const mixed_engine *engine, double *effect);
/* The test of one kept column, `kept` counted among the kept ones. */
void mixed_test_kept_column(rac_arena *arena, const rac_mixed_state *state, size_t kept,
                            rac_mixed_estimate *out);

#endif
