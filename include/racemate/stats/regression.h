/* racemate/stats/regression.h: linear and logistic regression on plain arrays.
 *
 * What is here: weighted least squares (rac_linear_*), logistic regression by maximum likelihood or
 * Firth's penalised likelihood with separation detected and named (rac_logistic_*), their robust
 * covariances, profile limits, and one line of a coefficient table (rac_term).
 *
 * Nothing here knows about factors or formulas: the caller codes the columns, the constant column
 * among them.  Arrays are matrices row after row; results live in the arena that is passed first.
 *
 *     const rac_regression_data data = {.rows = n, .columns = 3, .x = x, .y = y, .names = names};
 *     rac_logistic fit;
 *     check(rac_logistic_fit(arena, &data, NULL, &fit, &err));
 *     rac_term arm = rac_term_of(fit.coefficient[1], fit.covariance[1 * 3 + 1], INFINITY, 0.95);
 *
 * Errors every fit here can give, RAC_INVALID with the row or column named: no rows; a value that is
 * not finite; a negative weight or no positive one; a column that is a linear combination of those
 * before it (unless drop_collinear); fewer weighted rows than columns.
 *
 * Sources: McCullagh & Nelder 1989, Generalized Linear Models; White 1980 (doi:10.2307/1912934);
 * MacKinnon & White 1985 (doi:10.1016/0304-4076(85)90158-7); Albert & Anderson 1984
 * (doi:10.1093/biomet/71.1.1); Firth 1993 (doi:10.1093/biomet/80.1.27); Bach 2010
 * (doi:10.1214/09-EJS521). */
#ifndef RACEMATE_STATS_REGRESSION_H
#define RACEMATE_STATS_REGRESSION_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what goes in --------------------------------------------------------------------------- */

typedef struct rac_regression_data {
    size_t rows, columns;
    const double *x;          /* rows x columns, row after row, constant column included */
    const double *y;          /* rows; 0 or 1 for logistic regression */
    const double *weight;     /* rows, >= 0: case weights; NULL means 1.  Weight 0 leaves a row out */
    const char *const *names; /* columns, for messages; NULL gives "column 1", ... */
} rac_regression_data;

/* All zero is the default. */
typedef struct rac_regression_options {
    bool drop_collinear; /* leave a collinear column out, from the right as R does, instead of refusing */
    bool firth;          /* logistic only: Firth's penalised likelihood, finite under separation */
    bool keep_separated; /* logistic only: give the limiting fitted probabilities instead of refusing */
} rac_regression_options;

/* ---- linear ---------------------------------------------------------------------------------- */

typedef struct rac_linear {
    size_t rows, columns;
    size_t rank;         /* columns kept */
    size_t used;         /* rows with positive weight */
    double *coefficient; /* columns; 0 for a dropped column */
    double *covariance;  /* columns x columns, s^2 (X'WX)^-1; zero rows and columns where dropped */
    double *unscaled;    /* columns x columns, (X'WX)^-1 */
    double *fitted;      /* rows */
    double *leverage;    /* rows, diagonal of the hat matrix */
    bool *dropped;       /* columns */
    double sigma;        /* residual standard deviation */
    double df;           /* used - rank */
    double residual_squares;
} rac_linear;

/* Least squares, weights as inverse variances.  Also RAC_INVALID when no degree of freedom is left. */
rac_status rac_linear_fit(rac_arena *arena, const rac_regression_data *data,
                          const rac_regression_options *options, rac_linear *fit, rac_error *err);

/* ---- logistic -------------------------------------------------------------------------------- */

typedef enum rac_separation {
    RAC_SEPARATION_NONE,
    RAC_SEPARATION_QUASI,   /* a linear combination splits the outcomes, with some rows on the border */
    RAC_SEPARATION_COMPLETE /* it splits them all */
} rac_separation;

typedef struct rac_logistic {
    size_t rows, columns;
    size_t rank, used;
    double *coefficient; /* columns, log odds ratios; 0 for a dropped column */
    double *covariance;  /* columns x columns, inverse information */
    double *fitted;      /* rows, probabilities */
    double *leverage;    /* rows */
    bool *dropped;       /* columns */
    double log_likelihood, deviance, null_deviance, aic; /* unpenalised, also after Firth */
    int steps;
    double decrement; /* g' I^-1 g at the last step, the squared distance to the optimum in standard errors */
    bool firth;       /* penalised: no profile limits */
    rac_separation separation; /* only with firth or keep_separated; refused otherwise */
    size_t separation_column;  /* the column that does most of the splitting */
} rac_logistic;

/* Maximum likelihood by Newton steps of guaranteed ascent, until the decrement is below 1e-20.
 * RAC_INVALID also when y is not 0 or 1, or is the same in every row (both named); RAC_NOT_CONVERGED
 * when the outcomes are separated (the column is named; hint: firth) or after 200 steps. */
rac_status rac_logistic_fit(rac_arena *arena, const rac_regression_data *data,
                            const rac_regression_options *options, rac_logistic *fit, rac_error *err);

/* Profile-likelihood limits of one coefficient of a maximum-likelihood fit.  A limit the likelihood does not
 * close is -INFINITY or INFINITY.  RAC_UNSUPPORTED after Firth; RAC_INVALID for a dropped column. */
rac_status rac_logistic_profile(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                                size_t column, double level, double *lower, double *upper, rac_error *err);

/* ---- robust covariances ---------------------------------------------------------------------- */

/* With r the residual, h the leverage, n rows used and k columns kept, row i counts with
 * HC0 r^2;  HC1 r^2 n/(n-k);  HC2 r^2/(1-h);  HC3 r^2/(1-h)^2. */
typedef enum rac_robust { RAC_ROBUST_HC0, RAC_ROBUST_HC1, RAC_ROBUST_HC2, RAC_ROBUST_HC3 } rac_robust;

/* columns x columns in the arena.  RAC_INVALID for HC2 and HC3 when a row has leverage 1. */
rac_status rac_linear_robust(rac_arena *arena, const rac_regression_data *data, const rac_linear *fit,
                             rac_robust kind, double **covariance, rac_error *err);
rac_status rac_logistic_robust(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                               rac_robust kind, double **covariance, rac_error *err);
/* Scores summed within clusters, no small-sample factor.  `cluster` has one id a row, any numbers;
 * RAC_INVALID when there is only one. */
rac_status rac_linear_clustered(rac_arena *arena, const rac_regression_data *data, const rac_linear *fit,
                                const size_t *cluster, double **covariance, rac_error *err);
rac_status rac_logistic_clustered(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                                  const size_t *cluster, double **covariance, rac_error *err);

/* ---- one line of a table --------------------------------------------------------------------- */

typedef struct rac_term {
    double estimate, se, statistic; /* statistic = estimate / se; 0 when both are 0 */
    double df;                      /* INFINITY: normal */
    double p_value;                 /* two-sided */
    double lower, upper;
} rac_term;

/* variance >= 0, df > 0, level in (0, 1). */
rac_term rac_term_of(double estimate, double variance, double df, double level);

#ifdef __cplusplus
}
#endif
#endif
