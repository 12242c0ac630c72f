/* stats/dense.h: the small symmetric problems of the estimators (a handful of rows).
 *
 * Matrices are n x n, row after row; only what is said is read. */
#ifndef RACEMATE_SRC_STATS_DENSE_H
#define RACEMATE_SRC_STATS_DENSE_H

#include "racemate/base.h"

/* v' S^- v with the Moore-Penrose inverse of the symmetric, non-negative S: eigenvalues below sqrt(eps)
 * times the largest count as zero.  n = 0 gives 0. */
rac_status stats_generalised_form(rac_arena *arena, const double *s, const double *v, size_t n, double *form,
                                  rac_error *err);

/* The Cholesky factor L (lower, in place of s) of a symmetric non-negative matrix, column by column; a
 * pivot that has lost all but `tolerance` of its diagonal marks its column as a combination of earlier
 * ones: used[j] = false and the column of L is zero.  Returns how many columns are used. */
size_t stats_cholesky(double *s, size_t n, double tolerance, bool *used);
/* Solves S x = b for the used columns with that factor; the others get 0.  b and x may be the same. */
void stats_cholesky_solve(const double *l, size_t n, const bool *used, const double *b, double *x);
/* The inverse over the used columns, zero elsewhere, both halves. */
void stats_cholesky_inverse(const double *l, size_t n, const bool *used, double *inverse);

#endif
