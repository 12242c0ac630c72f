#include "stats/dense.h"

#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

rac_status stats_generalised_form(rac_arena *arena, const double *s, const double *v, size_t n, double *form,
                                  rac_error *err)
{
    *form = 0;
    if (n == 0)
        return RAC_OK;
    double *const vectors = rac_many(arena, double, n *n), *const values = rac_many(arena, double, n);
    memcpy(vectors, s, n * n * sizeof *s);
    const lapack_int size = (lapack_int)n;
    if (LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'U', size, vectors, size, values) != 0)
        return rac_fail(err, RAC_NOT_CONVERGED, "the eigenvalues of a covariance matrix were not found");
    const double smallest = sqrt(DBL_EPSILON) * fmax(values[n - 1], 0);
    for (size_t j = 0; j < n; j++) {
        if (values[j] <= smallest)
            continue;
        double part = 0;
        for (size_t i = 0; i < n; i++)
            part += vectors[i * n + j] * v[i];
        *form += part * part / values[j];
    }
    return RAC_OK;
}

size_t stats_cholesky(double *s, size_t n, double tolerance, bool *used)
{
    size_t rank = 0;
    for (size_t j = 0; j < n; j++) {
        const double diagonal = s[j * n + j];
        double pivot = diagonal;
        for (size_t k = 0; k < j; k++)
            pivot -= s[j * n + k] * s[j * n + k];
        used[j] = diagonal > 0 && pivot > tolerance * diagonal;
        rank += used[j];
        const double root = used[j] ? sqrt(pivot) : 0;
        s[j * n + j] = root;
        for (size_t i = j + 1; i < n; i++) {
            double sum = s[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= s[i * n + k] * s[j * n + k];
            s[i * n + j] = used[j] ? sum / root : 0;
        }
    }
    return rank;
}

void stats_cholesky_solve(const double *l, size_t n, const bool *used, const double *b, double *x)
{
    for (size_t i = 0; i < n; i++) {
        double sum = b[i];
        for (size_t k = 0; k < i; k++)
            sum -= l[i * n + k] * x[k];
        x[i] = used[i] ? sum / l[i * n + i] : 0;
    }
    for (size_t i = n; i-- > 0;) {
        double sum = x[i];
        for (size_t k = i + 1; k < n; k++)
            sum -= used[k] ? l[k * n + i] * x[k] : 0;
        x[i] = used[i] ? sum / l[i * n + i] : 0;
    }
}

void stats_cholesky_inverse(const double *l, size_t n, const bool *used, double *inverse)
{
    memset(inverse, 0, n * n * sizeof *inverse);
    for (size_t j = 0; j < n; j++) {
        if (!used[j])
            continue;
        double *const column = inverse + j * n; /* symmetric: a row is a column */
        column[j] = 1;
        stats_cholesky_solve(l, n, used, column, column);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            inverse[i * n + j] = inverse[j * n + i] = 0.5 * (inverse[i * n + j] + inverse[j * n + i]);
}
