/* An orthonormal basis of a design matrix: see basis.h. */
#include "stats/basis.h"

#include <math.h>
#include <string.h>

static const double new_part_least = 1e-7; /* of a column's length; the tolerance of R's lm */

const char *rac_regression_name(rac_arena *arena, const rac_regression_data *data, size_t column)
{
    if (data->names && data->names[column])
        return data->names[column];
    return rac_format(arena, "column %zu", column + 1);
}

static rac_status check_data(rac_arena *arena, const rac_regression_data *data, size_t *used, rac_error *err)
{
    if (!data->rows || !data->columns)
        return rac_fail(err, RAC_INVALID, "a regression needs rows and columns, given %zu and %zu",
                        data->rows, data->columns);
    *used = 0;
    for (size_t i = 0; i < data->rows; i++) {
        const double w = data->weight ? data->weight[i] : 1;
        if (!isfinite(w) || w < 0)
            return rac_fail(err, RAC_INVALID, "row %zu has weight %g, it must be 0 or more", i + 1, w);
        *used += w > 0;
        if (data->y && !isfinite(data->y[i]))
            return rac_fail(err, RAC_INVALID, "row %zu: the outcome is missing or not finite", i + 1);
        for (size_t j = 0; j < data->columns; j++)
            if (!isfinite(data->x[i * data->columns + j]))
                return rac_fail(err, RAC_INVALID, "row %zu: %s is missing or not finite", i + 1,
                                rac_regression_name(arena, data, j));
    }
    if (!*used)
        return rac_fail(err, RAC_INVALID, "all %zu rows have weight 0", data->rows);
    return RAC_OK;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Gram-Schmidt, done twice so that Q is orthonormal to rounding (Giraud & Langou 2002). */
static void orthogonalise(const rac_basis *basis, double *column, double *projections)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < basis->rank; k++) {
            const double *const q = basis->q + k * basis->rows;
            const double along = dot(q, column, basis->rows);
            for (size_t i = 0; i < basis->rows; i++)
                column[i] -= along * q[i];
            projections[k] += along;
        }
}

static void invert_upper(const double *r, size_t n, double *inverse)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = j + 1; i-- > 0;) {
            double sum = i == j ? 1 : 0;
            for (size_t k = i + 1; k <= j; k++)
                sum -= r[i * n + k] * inverse[k * n + j];
            inverse[i * n + j] = sum / r[i * n + i];
        }
}

static rac_status refuse_collinear(rac_arena *arena, const rac_regression_data *data, size_t column,
                                   bool is_zero, rac_error *err)
{
    const rac_status status =
        rac_fail(err, RAC_INVALID,
                 is_zero ? "%s is 0 in every row" : "%s is a linear combination of the columns before it",
                 rac_regression_name(arena, data, column));
    rac_error_hint(err, "leave it out, or join the rare categories of the factor it belongs to");
    return status;
}

rac_status rac_basis_make(rac_arena *arena, const rac_regression_data *data, bool weighted,
                          bool drop_collinear, rac_basis *basis, rac_error *err)
{
    size_t used;
    const rac_status status = check_data(arena, data, &used, err);
    if (status != RAC_OK)
        return status;
    const size_t n = data->rows, p = data->columns;
    *basis = (rac_basis){.rows = n,
                         .columns = p,
                         .q = rac_many(arena, double, n *p),
                         .kept = rac_many(arena, size_t, p),
                         .dropped = rac_many(arena, bool, p)};
    double *const wide = rac_many(arena, double, p *p); /* R with p columns; column j holds kept column j */
    for (size_t j = 0; j < p; j++) {
        double *const column = basis->q + basis->rank * n;
        for (size_t i = 0; i < n; i++) {
            const double w = data->weight ? data->weight[i] : 1;
            column[i] = data->x[i * p + j] * (weighted ? sqrt(w) : w > 0);
        }
        const double length = sqrt(dot(column, column, n));
        double *const projections = wide + basis->rank * p;
        memset(projections, 0, p * sizeof *projections);
        orthogonalise(basis, column, projections);
        const double rest = sqrt(dot(column, column, n));
        if (!(rest > new_part_least * length)) {
            if (!drop_collinear)
                return refuse_collinear(arena, data, j, !(length > 0), err);
            basis->dropped[j] = true;
            continue;
        }
        for (size_t i = 0; i < n; i++)
            column[i] /= rest;
        projections[basis->rank] = rest;
        basis->kept[basis->rank++] = j;
    }
    const size_t rank = basis->rank;
    if (!rank)
        return rac_fail(err, RAC_INVALID, "every column is 0 in every row");
    basis->r = rac_many(arena, double, rank *rank);
    basis->r_inverse = rac_many(arena, double, rank *rank);
    for (size_t j = 0; j < rank; j++)
        for (size_t i = 0; i <= j; i++)
            basis->r[i * rank + j] = wide[j * p + i];
    invert_upper(basis->r, rank, basis->r_inverse);
    return RAC_OK;
}

void rac_basis_coefficients(const rac_basis *basis, const double *gamma, double *coefficient)
{
    memset(coefficient, 0, basis->columns * sizeof *coefficient);
    for (size_t i = 0; i < basis->rank; i++) {
        double sum = 0;
        for (size_t k = i; k < basis->rank; k++)
            sum += basis->r_inverse[i * basis->rank + k] * gamma[k];
        coefficient[basis->kept[i]] = sum;
    }
}

double *rac_basis_covariance(rac_arena *arena, const rac_basis *basis, const double *covariance_q)
{
    const size_t p = basis->columns, r = basis->rank;
    double *const half = rac_many(arena, double, r *r); /* R^-1 C */
    double *const covariance = rac_many(arena, double, p *p);
    for (size_t i = 0; i < r; i++)
        for (size_t k = i; k < r; k++)
            for (size_t j = 0; j < r; j++)
                half[i * r + j] += basis->r_inverse[i * r + k] * covariance_q[k * r + j];
    for (size_t i = 0; i < r; i++)
        for (size_t j = 0; j < r; j++) {
            double sum = 0;
            for (size_t k = j; k < r; k++)
                sum += half[i * r + k] * basis->r_inverse[j * r + k];
            covariance[basis->kept[i] * p + basis->kept[j]] = sum;
        }
    return covariance;
}

bool rac_cholesky(double *a, size_t n, double floor, size_t *at)
{
    for (size_t j = 0; j < n; j++) {
        double pivot = a[j * n + j];
        const double original = pivot;
        for (size_t k = 0; k < j; k++)
            pivot -= a[j * n + k] * a[j * n + k];
        if (!(pivot > floor * original && pivot > 0)) {
            if (at)
                *at = j;
            return false;
        }
        const double root = sqrt(pivot);
        a[j * n + j] = root;
        for (size_t i = j + 1; i < n; i++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = sum / root;
        }
    }
    return true;
}

void rac_cholesky_solve(const double *l, size_t n, double *b)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            b[i] -= l[i * n + k] * b[k];
        b[i] /= l[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= l[k * n + i] * b[k];
        b[i] /= l[i * n + i];
    }
}

void rac_cholesky_inverse(const double *l, size_t n, double *inverse)
{
    for (size_t j = 0; j < n; j++) {
        double *const row = inverse + j * n; /* the inverse is symmetric: solve into its rows */
        memset(row, 0, n * sizeof *row);
        row[j] = 1;
        rac_cholesky_solve(l, n, row);
    }
}
