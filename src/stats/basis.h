/* stats/basis.h: an orthonormal basis of the columns of a design matrix.
 *
 * X (weighted by sqrt(w)) = Q R.  Regressions are fitted on Q, whose columns all have length one, and
 * moved back through R: no answer depends on the units of a covariate, and a column that adds nothing
 * to those before it is found where it is read. */
#ifndef RACEMATE_STATS_BASIS_H
#define RACEMATE_STATS_BASIS_H

#include "racemate/stats/regression.h"

typedef struct rac_basis {
    size_t rows, columns, rank;
    double *q; /* rank columns of length rows, column after column */
    double *r; /* rank x rank upper triangle, row after row */
    double *r_inverse;
    size_t *kept;  /* rank: which column of X each column of Q came from */
    bool *dropped; /* columns */
} rac_basis;

/* Checks the data (finite, weights, rows) and builds the basis of diag(sqrt(weight)) X, or of X with
 * the rows of weight 0 taken out when `weighted` is false.  Collinear columns are dropped or refused
 * as `drop_collinear` says.  A column counts as collinear when less than 1e-7 of its length is new
 * (R's lm uses the same number). */
rac_status rac_basis_make(rac_arena *arena, const rac_regression_data *data, bool weighted,
                          bool drop_collinear, rac_basis *basis, rac_error *err);

/* Coefficients on X (0 where dropped) from those on Q. */
void rac_basis_coefficients(const rac_basis *basis, const double *gamma, double *coefficient);
/* columns x columns covariance on X from the rank x rank one on Q. */
double *rac_basis_covariance(rac_arena *arena, const rac_basis *basis, const double *covariance_q);

/* "age", or "column 3" when the data has no names. */
const char *rac_regression_name(rac_arena *arena, const rac_regression_data *data, size_t column);

/* ---- small dense symmetric matrices, lower triangles, row after row -------------------------- */

/* A = L L' in place (lower triangle).  Stops and returns false at a pivot <= floor times its original
 * diagonal entry; *at (may be NULL) is that row. */
bool rac_cholesky(double *a, size_t n, double floor, size_t *at);
/* Solves L L' x = b in place. */
void rac_cholesky_solve(const double *l, size_t n, double *b);
/* The whole symmetric inverse of L L' into `inverse` (n x n). */
void rac_cholesky_inverse(const double *l, size_t n, double *inverse);

#endif
