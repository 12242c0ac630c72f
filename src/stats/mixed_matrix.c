/* stats/mixed_matrix.c: small dense algebra.  Sizes are visits (below 64) and columns (tens), where a
 * plain loop beats a library call; eigenvalues come from LAPACK. */
#include "stats/mixed_matrix.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <lapacke.h>

bool mixed_cholesky(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        double *const row = a + j * n;
        for (size_t i = 0; i < j; i++) {
            const double *const other = a + i * n;
            double sum = row[i];
            for (size_t k = 0; k < i; k++)
                sum -= row[k] * other[k];
            row[i] = sum / other[i];
        }
        double sum = row[j];
        for (size_t k = 0; k < j; k++)
            sum -= row[k] * row[k];
        /* Below this the pivot is rounding noise of what was subtracted from it. */
        if (!(sum > 1e-15 * fabs(row[j])) || !isfinite(sum))
            return false;
        row[j] = sqrt(sum);
    }
    return true;
}

double mixed_cholesky_log_determinant(const double *l, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += log(l[i * n + i]);
    return 2 * sum;
}

void mixed_solve_lower(const double *l, size_t n, double *x)
{
    for (size_t i = 0; i < n; i++) {
        double sum = x[i];
        for (size_t k = 0; k < i; k++)
            sum -= l[i * n + k] * x[k];
        x[i] = sum / l[i * n + i];
    }
}

void mixed_solve_upper(const double *l, size_t n, double *x)
{
    for (size_t i = n; i-- > 0;) {
        double sum = x[i];
        for (size_t k = i + 1; k < n; k++)
            sum -= l[k * n + i] * x[k];
        x[i] = sum / l[i * n + i];
    }
}

void mixed_cholesky_inverse(const double *l, size_t n, double *inverse, double *work)
{
    /* Row j of `work` becomes column j of l^-1, so that the products below run along rows. */
    for (size_t j = 0; j < n; j++) {
        double *const column = work + j * n;
        column[j] = 1 / l[j * n + j];
        for (size_t i = j + 1; i < n; i++) {
            double sum = 0;
            for (size_t k = j; k < i; k++)
                sum -= l[i * n + k] * column[k];
            column[i] = sum / l[i * n + i];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (size_t k = i; k < n; k++)
                sum += work[i * n + k] * work[j * n + k];
            inverse[i * n + j] = inverse[j * n + i] = sum;
        }
}

void mixed_multiply(const double *a, const double *b, size_t n, double *c)
{
    memset(c, 0, n * n * sizeof *c);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            const double factor = a[i * n + k];
            for (size_t j = 0; j < n; j++)
                c[i * n + j] += factor * b[k * n + j];
        }
}

/* Four sums side by side, always in the same order: as exact as one, and the additions need not wait for each
 * other. */
double mixed_dot(const double *a, const double *b, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sum[k] += a[i + k] * b[i + k];
    double rest = 0;
    for (; i < n; i++)
        rest += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]) + rest;
}

double mixed_bilinear(const double *x, const double *a, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0)
            sum += x[i] * mixed_dot(a + i * n, y, n);
    return sum;
}

void mixed_eigen(const double *a, size_t n, double *values, double *vectors)
{
    memcpy(vectors, a, n * n * sizeof *a);
    /* Column-major reading of a symmetric matrix is the same matrix; the vectors come out as its
     * columns, which are our rows. */
    const lapack_int info =
        LAPACKE_dsyev(LAPACK_COL_MAJOR, 'V', 'L', (lapack_int)n, vectors, (lapack_int)n, values);
    assert(info == 0);
    (void)info;
}
