/* stats/newton.h: the inner loop of logistic regression, without allocation.
 *
 * Maximises sum w_i (y_i eta_i - ln(1 + e^eta_i)), eta = offset + Q gamma, by Newton steps.  With s the
 * largest change of any eta, Bach 2010 (Proposition 1, doi:10.1214/09-EJS521) bounds the likelihood
 * along the step: the full step ascends while (e^s - 1 - s)/s^2 < 1 (s < 1.79), so usually no likelihood is
 * evaluated, and the fraction ln(1 + s)/s of it always does, so a search for a longer one has a floor.
 */
#ifndef RACEMATE_STATS_NEWTON_H
#define RACEMATE_STATS_NEWTON_H

#include "racemate/base.h"

typedef struct rac_newton {
    size_t rows, columns;
    const double *q;      /* columns of length rows, column after column */
    const double *y;      /* rows, 0 or 1 */
    const double *weight; /* rows, NULL means 1 */
    const double *offset; /* rows, NULL means 0 */
    double stop;          /* on the decrement g' I^-1 g */
    int steps_most;
    /* workspace, from rac_newton_new; after a run it holds the state at the optimum */
    double *eta, *fitted, *variance, *scratch; /* rows */
    double *change;                            /* rows: Q times the last step */
    double *gradient, *step, *trial;           /* columns */
    double *factor;                            /* columns x columns, Cholesky factor of the information */
    bool *aliased;                             /* columns that vanish among the rows with weight */
    /* outcome of a run */
    int steps;
    double decrement;
    double ratio;   /* of the last two decrements: near 0 when Newton converges, near 1/e when separated */
    bool converged; /* the decrement fell below `stop`, or: */
    bool flat;      /* at the last step the information was singular to double precision */
    bool flattened; /* it fell below 1e-12 at a linear rate, and further steps would only lose digits */
} rac_newton;

/* Newton's decrement falls faster than this from step to step, unless the outcomes are separated. */
#define rac_newton_linear_rate 0.1

/* Workspace for at most this size; set the input fields before each run. */
rac_newton rac_newton_new(rac_arena *arena, size_t rows_most, size_t columns_most);
/* From the given gamma (columns) to the optimum, in place. */
void rac_newton_run(rac_newton *newton, double *gamma);
/* Sets eta, fitted and variance at gamma. */
void rac_newton_predict(rac_newton *newton, const double *gamma);
/* Sum over rows of w (y eta - ln(1 + e^eta)) at the current eta. */
double rac_newton_likelihood(const rac_newton *newton);

#endif
