/* stats/mixed_matrix.h: the small dense algebra of the mixed models: row-major, square unless said. */
#ifndef RACEMATE_SRC_STATS_MIXED_MATRIX_H
#define RACEMATE_SRC_STATS_MIXED_MATRIX_H

#include "racemate/base.h"

/* a = l l' in place (lower triangle; the upper is left as it was); false when not positive definite. */
bool mixed_cholesky(double *a, size_t n);
double mixed_cholesky_log_determinant(const double *l, size_t n);
/* x := l^-1 x and x := l'^-1 x. */
void mixed_solve_lower(const double *l, size_t n, double *x);
void mixed_solve_upper(const double *l, size_t n, double *x);
/* inverse of l l', full and symmetric; `work` holds n*n numbers. */
void mixed_cholesky_inverse(const double *l, size_t n, double *inverse, double *work);
/* c = a b (n x n each); c differs from a and b. */
void mixed_multiply(const double *a, const double *b, size_t n, double *c);
double mixed_dot(const double *a, const double *b, size_t n);
/* x' a y. */
double mixed_bilinear(const double *x, const double *a, const double *y, size_t n);
/* c (m x n, rows `c_row` apart) += a b, where a(i, x) is a[i * a_row + x * a_step], i < m, x < k, and b is k
 * x n with rows `b_row` apart.  Each entry is summed in order of x, whatever the machine or number of
 * threads, so that results keep their bits; a library's product does not promise that. */
typedef struct mixed_product {
    size_t m, n, k;
    const double *a;
    size_t a_row, a_step;
    const double *b;
    size_t b_row;
    double *c;
    size_t c_row;
    bool lower; /* only tiles that touch the lower triangle of c */
} mixed_product;
void mixed_add_product(const mixed_product *product);
/* Eigenvalues ascending and eigenvectors in the rows of `vectors`; `a` is symmetric and is destroyed. */
void mixed_eigen(double *a, size_t n, double *values, double *vectors);
/* Place of (i, j) in a packed lower triangle. */
static inline size_t mixed_packed(size_t i, size_t j)
{
    return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
}

#endif
