/* stats/mixed_matrix.c: small dense algebra.  Sizes are visits (at most 64) and columns (tens), where a plain
 * loop beats a library call.  OpenBLAS was tried for the products: a whole fit was a tenth faster (3.4
 * against 3.7 ms), and differed in the last bit between one thread and two, which a study must not. */
#include "stats/mixed_matrix.h"

#include <math.h>
#include <string.h>

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

/* ---- products ------------------------------------------------------------------------------------ */

/* Four columns at once.  Additions keep their order and nothing is fused, so that wider registers change the
 * time and not one bit. */
typedef double lanes __attribute__((vector_size(32)));
enum { TILE = 4 };

#define EVERYWHERE static inline __attribute__((always_inline))

/* A full 4 x 4 tile of c in registers. */
EVERYWHERE void add_tile(const mixed_product *p, size_t i, size_t j)
{
    lanes sum[TILE], b;
    for (size_t row = 0; row < TILE; row++)
        memcpy(&sum[row], p->c + (i + row) * p->c_row + j, sizeof b);
    const double *a = p->a + i * p->a_row, *from = p->b + j;
    for (size_t x = 0; x < p->k; x++, a += p->a_step, from += p->b_row) {
        memcpy(&b, from, sizeof b);
        sum[0] += a[0] * b;
        sum[1] += a[p->a_row] * b;
        sum[2] += a[2 * p->a_row] * b;
        sum[3] += a[3 * p->a_row] * b;
    }
    for (size_t row = 0; row < TILE; row++)
        memcpy(p->c + (i + row) * p->c_row + j, &sum[row], sizeof b);
}

EVERYWHERE void add_entry(const mixed_product *p, size_t i, size_t j)
{
    double sum = p->c[i * p->c_row + j];
    for (size_t x = 0; x < p->k; x++)
        sum += p->a[i * p->a_row + x * p->a_step] * p->b[x * p->b_row + j];
    p->c[i * p->c_row + j] = sum;
}

EVERYWHERE void add_product(const mixed_product *p)
{
    const size_t rows = p->m - p->m % TILE, columns = p->n - p->n % TILE;
    for (size_t i = 0; i < rows; i += TILE)
        for (size_t j = 0; j < columns && (!p->lower || j <= i + TILE - 1); j += TILE)
            add_tile(p, i, j);
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = i < rows ? columns : 0; j < p->n && (!p->lower || j <= i); j++)
            add_entry(p, i, j);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void add_product_wide(const mixed_product *p)
{
    add_product(p);
}

void mixed_add_product(const mixed_product *p)
{
    if (__builtin_cpu_supports("avx2"))
        add_product_wide(p);
    else
        add_product(p);
}
#else
void mixed_add_product(const mixed_product *p)
{
    add_product(p);
}
#endif

/* ---- eigenvalues --------------------------------------------------------------------------------- */

#define SWEEPS_MAX 60

/* One rotation that makes a[i][j] zero; rows i and j of v turn with it. */
static void rotate(double *a, double *v, size_t n, size_t i, size_t j)
{
    const double theta = (a[j * n + j] - a[i * n + i]) / (2 * a[i * n + j]);
    const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    const double c = 1 / sqrt(t * t + 1), s = t * c;
    for (size_t k = 0; k < n; k++) {
        const double x = a[k * n + i], y = a[k * n + j];
        a[k * n + i] = c * x - s * y;
        a[k * n + j] = s * x + c * y;
    }
    for (size_t k = 0; k < n; k++) {
        const double x = a[i * n + k], y = a[j * n + k];
        a[i * n + k] = c * x - s * y;
        a[j * n + k] = s * x + c * y;
        const double p = v[i * n + k], q = v[j * n + k];
        v[i * n + k] = c * p - s * q;
        v[j * n + k] = s * p + c * q;
    }
    a[i * n + j] = a[j * n + i] = 0;
}

static void sort_ascending(double *values, double *vectors, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            const double value = values[j];
            values[j] = values[j - 1];
            values[j - 1] = value;
            for (size_t k = 0; k < n; k++) {
                const double x = vectors[j * n + k];
                vectors[j * n + k] = vectors[(j - 1) * n + k];
                vectors[(j - 1) * n + k] = x;
            }
        }
}

/* Cyclic Jacobi (Jacobi 1846; Golub & Van Loan, section 8.5): to the last digits, and the same bits for any
 * number of threads, which LAPACK over a threaded BLAS is not. */
void mixed_eigen(double *a, size_t n, double *values, double *vectors)
{
    for (size_t k = 0; k < n * n; k++)
        vectors[k] = k % (n + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS_MAX; sweep++) {
        size_t turned = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++) {
                const double size =
                    sqrt(fabs(a[i * n + i] * a[j * n + j])); /* of the entry it is compared with */
                if (fabs(a[i * n + j]) <= 1e-17 * size || fabs(a[i * n + j]) < 1e-300)
                    continue;
                rotate(a, vectors, n, i, j);
                turned++;
            }
        if (turned == 0)
            break;
    }
    for (size_t k = 0; k < n; k++)
        values[k] = a[k * n + k];
    sort_ascending(values, vectors, n);
}
