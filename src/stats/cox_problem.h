/* stats/cox_problem.h: a Cox model ready for its passes.
 *
 * A pass walks each stratum from the last time to the first and keeps, over those at risk, the sums
 *     S0 = sum w r,  S1 = sum w r x,  S2 = sum w r x x'      with r = exp(x' beta)
 * and D0, D1, D2 over the d deaths at the current time.  Term s = 0 .. d-1 of Efron's likelihood uses
 * S - (s / d) D; Breslow's is d times the term s = 0. */
#ifndef RACEMATE_SRC_STATS_COX_PROBLEM_H
#define RACEMATE_SRC_STATS_COX_PROBLEM_H

#include "racemate/stats/cox.h"
#include "stats/times.h"

/* Columns are centred and divided by their standard deviation, so that tolerances mean the same for all. */
typedef struct cox_problem {
    stats_times times;
    size_t p;
    const double *x; /* times.n rows of p, scaled */
    double *mean;
    double *scale;
    int *cluster; /* NULL: each row its own */
    rac_cox_ties ties;
    uint32_t *by_start; /* upwards within each stratum; NULL without starts */
    size_t events;
} cox_problem;

struct rac_cox_state {
    cox_problem problem;
    double *beta; /* on the scaled columns; 0 where not estimable */
    double *l;    /* Cholesky factor of the information there */
    bool *used;
    size_t rank;
    rac_notes notes;
};

rac_status cox_problem_prepare(rac_arena *arena, const rac_cox_data *data, rac_cox_ties ties, bool clustered,
                               cox_problem *out, rac_error *err);

/* Lower triangles are packed: (i, j <= i) at i (i + 1) / 2 + j. */
static inline size_t cox_triangle(size_t p)
{
    return p * (p + 1) / 2;
}

/* One event time of a stratum, as the hazard functions need it; arrays of p. */
typedef struct cox_moment {
    double time;
    size_t stratum;
    double hazard;       /* sum of w / S0 over the terms */
    double dead_hazard;  /* the same as the deaths themselves met it: times (1 - s / d) */
    double *mean;        /* mean over the terms of S1 / S0 */
    double *hazard_mean; /* sum of w / S0 S1 / S0 */
    double *dead_hazard_mean;
} cox_moment;

/* What a pass gives.  `g` (one value a row, or NULL) asks for the time-weighted score and information too;
 * `moments` (or NULL) has room for every event time. */
typedef struct cox_pass {
    double log_likelihood;
    double *score;       /* p */
    double *information; /* packed */
    const double *g;
    double *g_score;        /* sum of g times the score's terms */
    double *g_information;  /* sum of g V, packed */
    double *gg_information; /* sum of g^2 V, packed */
    cox_moment *moments;    /* from the last stratum and time back */
    size_t moment_count;
    double *eta, *risk; /* one a row; kept from pass to pass */
} cox_pass;

cox_pass cox_pass_new(rac_arena *arena, size_t p);
/* exp overflow gives a log-likelihood that is not finite; the caller takes a shorter step. */
void cox_pass_run(rac_arena *arena, const cox_problem *problem, const double *beta, cox_pass *out);
/* The same for the discrete likelihood: log-likelihood, score and information only. */
void cox_pass_discrete(rac_arena *arena, const cox_problem *problem, const double *beta, cox_pass *out);
/* RAC_LIMIT when a discrete pass would be too long or too large. */
rac_status cox_discrete_check(const cox_problem *problem, rac_error *err);

/* All event times, upwards within each stratum, with their hazards at beta. */
cox_moment *cox_moments(rac_arena *arena, const cox_problem *problem, const double *beta, size_t *count);

/* Sum over clusters of u u', u the summed w_i (score residual of i): the middle of the sandwich, full p x p.
 */
double *cox_score_squares(rac_arena *arena, const cox_problem *problem, const double *beta);

static inline double cox_eta(const cox_problem *problem, const double *beta, size_t row)
{
    const double *const x = problem->x + row * problem->p;
    double eta = 0;
    for (size_t j = 0; j < problem->p; j++)
        eta += x[j] * beta[j];
    return eta;
}

#endif
