/* stats/mixed_entries.c: information in the entries of Sigma.
 *
 * For a = (i, j), D_a = d_a (e_i e_j' + e_j e_i') with d_a = 1/2 on the diagonal and 1 off it, so every term
 * is a product of two entries of small matrices, and sums over patterns are products of tall matrices with
 * one row a pattern:
 *
 *   sum_k tr(D_a W D_b E)   from  X[ab][cd] = sum_k W_ab E_cd
 *   P_a = -d_a (F_ij + F_ij'),  F_ij = sum_ll' B_l N[il][jl'] B_l'',  N[ab][cd] = sum_k W_ab W_cd U_k
 *   c_a = d_a sum_l B_l (C[il][j] + C[jl][i]),  C[ab][j] = sum_k W_ab (sum u r' W)_j
 *
 * All three share the left factor W, so one matrix product gives them.  Patterns go by in blocks. */
#include "stats/mixed_entries.h"

#include <math.h>
#include <string.h>

#define BLOCK 256

static void prepare(mixed_engine *e)
{
    if (e->left)
        return;
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits, q = s->factors, pairs = s->pairs;
    e->right_width = pairs + m * q + pairs * s->factor_pairs;
    const size_t rows = s->patterns < BLOCK ? s->patterns : BLOCK;
    e->left = rac_many(e->arena, double, rows *pairs);
    e->right = rac_many(e->arena, double, rows * e->right_width);
    e->cross = rac_many(e->arena, double, pairs * e->right_width);
    e->inner = rac_many(e->arena, double, pairs *q * s->rank);
}

/* A pattern's row of the tall matrices: entries of a seen x seen matrix at their packed grid places. */
static void scatter(const mixed_pattern *k, const double *a, double *row)
{
    for (size_t j = 0; j < k->seen; j++)
        for (size_t l = 0; l <= j; l++)
            row[mixed_packed(k->visit[j], k->visit[l])] = a[j * k->seen + l];
}

/* right row = [E | sum u r' W, visit by visit | W_cd U]. */
static void fill_row(const mixed_engine *e, const mixed_pattern *k, bool complete, double *left,
                     double *right)
{
    const mixed_sums *const s = e->sums;
    const size_t q = s->factors, seen = k->seen;
    const double *const w = e->w + k->square, *const v = e->v + k->square;
    const double half = 0.5 * (double)k->patients;
    scatter(k, w, left);
    for (size_t j = 0; j < seen; j++) {
        for (size_t l = 0; l <= j; l++)
            right[mixed_packed(k->visit[j], k->visit[l])] = v[j * seen + l] - half * w[j * seen + l];
        for (size_t f = 0; f < q; f++)
            right[s->pairs + k->visit[j] * q + f] = e->gamma_w[k->wide + f * seen + j];
    }
    if (!complete)
        return;
    double *const products = right + s->pairs + s->visits * q;
    for (size_t j = 0; j < seen; j++)
        for (size_t l = 0; l <= j; l++) {
            double *const out = products + mixed_packed(k->visit[j], k->visit[l]) * s->factor_pairs;
            for (size_t f = 0, at = 0; f < q; f++)
                for (size_t g = 0; g <= f; g++, at++)
                    out[at] = w[j * seen + l] * k->uu[f * q + g];
        }
}

/* e->cross (pairs x right_width) for the patterns of one group. */
static void cross_products(mixed_engine *e, size_t group, bool complete)
{
    const mixed_sums *const s = e->sums;
    const size_t used = complete ? e->right_width : s->pairs + s->visits * s->factors;
    memset(e->cross, 0, s->pairs * e->right_width * sizeof *e->cross);
    size_t rows = 0;
    for (size_t k = 0; k < s->patterns; k++) {
        if (s->pattern[k].group == group) {
            memset(e->left + rows * s->pairs, 0, s->pairs * sizeof *e->left);
            memset(e->right + rows * e->right_width, 0, used * sizeof *e->right);
            fill_row(e, &s->pattern[k], complete, e->left + rows * s->pairs,
                     e->right + rows * e->right_width);
            rows++;
        }
        if (rows > 0 && (rows == BLOCK || k + 1 == s->patterns)) {
            mixed_add_product(&(mixed_product){.m = s->pairs,
                                               .n = used,
                                               .k = rows,
                                               .a = e->left,
                                               .a_row = 1,
                                               .a_step = s->pairs,
                                               .b = e->right,
                                               .b_row = e->right_width,
                                               .c = e->cross,
                                               .c_row = e->right_width});
            rows = 0;
        }
    }
}

/* information block of a group from X[ab][cd] (stride between rows given). */
static void information_from(const double *x, size_t stride, size_t m, double *out, size_t out_stride)
{
    for (size_t i = 0, a = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++, a++)
            for (size_t k = 0, b = 0; k < m; k++)
                for (size_t l = 0; l <= k; l++, b++) {
                    const double d = (i == j ? 0.5 : 1) * (k == l ? 0.5 : 1);
                    out[a * out_stride + b] = d * (x[mixed_packed(j, k) * stride + mixed_packed(i, l)] +
                                                   x[mixed_packed(j, l) * stride + mixed_packed(i, k)] +
                                                   x[mixed_packed(i, k) * stride + mixed_packed(j, l)] +
                                                   x[mixed_packed(i, l) * stride + mixed_packed(j, k)]);
                }
}

/* c of entry (i, j): d (g_ij + g_ji), g_ij = sum_l B_l C[il][j]. */
static void c_from(const mixed_engine *e, size_t i, size_t j, double *c)
{
    const mixed_sums *const s = e->sums;
    memset(c, 0, s->rank * sizeof *c);
    const double d = i == j ? 0.5 : 1;
    for (size_t l = 0; l < s->visits; l++) {
        const double *const ij = e->cross + mixed_packed(i, l) * e->right_width + s->pairs + j * s->factors;
        const double *const ji = e->cross + mixed_packed(j, l) * e->right_width + s->pairs + i * s->factors;
        for (size_t a = s->term_start[l]; a < s->term_start[l + 1]; a++) {
            const mixed_term *const t = &s->term[a];
            c[t->column] += d * t->weight * (ij[t->factor] + ji[t->factor]);
        }
    }
}

/* inner[ab][f][column] = sum over l' and terms of N[ab][j l'][f, .] B_l'', for one j. */
static void contract_right(mixed_engine *e, size_t j)
{
    const mixed_sums *const s = e->sums;
    const size_t r = s->rank, q = s->factors;
    memset(e->inner, 0, s->pairs * q * r * sizeof *e->inner);
    for (size_t ab = 0; ab < s->pairs; ab++) {
        const double *const n = e->cross + ab * e->right_width + s->pairs + s->visits * q;
        for (size_t l = 0; l < s->visits; l++) {
            const double *const at = n + mixed_packed(j, l) * s->factor_pairs;
            for (size_t a = s->term_start[l]; a < s->term_start[l + 1]; a++) {
                const mixed_term *const t = &s->term[a];
                for (size_t f = 0; f < q; f++)
                    e->inner[(ab * q + f) * r + t->column] += t->weight * at[mixed_packed(f, t->factor)];
            }
        }
    }
}

/* P of entry (i, j), after contract_right(j). */
static void p_from(mixed_engine *e, size_t i, size_t j, double *p)
{
    const mixed_sums *const s = e->sums;
    const size_t r = s->rank, q = s->factors;
    double *const f = e->dense;
    memset(f, 0, r * r * sizeof *f);
    for (size_t l = 0; l < s->visits; l++)
        for (size_t a = s->term_start[l]; a < s->term_start[l + 1]; a++) {
            const mixed_term *const t = &s->term[a];
            const double *const from = e->inner + (mixed_packed(i, l) * q + t->factor) * r;
            double *const to = f + t->column * r;
            for (size_t c = 0; c < r; c++)
                to[c] += t->weight * from[c];
        }
    const double d = i == j ? 0.5 : 1;
    for (size_t a = 0; a < r; a++)
        for (size_t b = 0; b <= a; b++)
            p[a * r + b] = p[b * r + a] = -d * (f[a * r + b] + f[b * r + a]);
}

void mixed_entries_terms(mixed_engine *e, bool complete, double *c)
{
    const mixed_sums *const s = e->sums;
    const size_t t = e->parameters, r = s->rank, n = e->per_group;
    prepare(e);
    for (size_t group = 0; group < s->groups; group++) {
        const size_t first = group * n;
        cross_products(e, group, complete);
        information_from(e->cross, e->right_width, s->visits, e->information + first * (t + 1), t);
        for (size_t j = 0; j < s->visits; j++) {
            if (complete)
                contract_right(e, j);
            for (size_t i = j; i < s->visits; i++) {
                const size_t at = first + mixed_packed(i, j);
                c_from(e, i, j, c + at * r);
                if (complete)
                    p_from(e, i, j, e->p + at * r * r);
            }
        }
    }
}

void mixed_entries_expected(mixed_engine *e, double *expected)
{
    const mixed_sums *const s = e->sums;
    const size_t pairs = s->pairs;
    double *const x = e->cross;
    double *const left = e->left, *const right = e->right;
    for (size_t group = 0; group < s->groups; group++) {
        memset(x, 0, pairs * pairs * sizeof *x);
        for (size_t k = 0; k < s->patterns; k++) {
            const mixed_pattern *const p = &s->pattern[k];
            if (p->group != group)
                continue;
            const double half = 0.5 * (double)p->patients;
            memset(left, 0, pairs * sizeof *left);
            memset(right, 0, pairs * sizeof *right);
            scatter(p, e->w + p->square, left);
            scatter(p, e->v + p->square, right);
            for (size_t a = 0; a < pairs; a++)
                for (size_t b = 0; b < pairs && left[a] != 0; b++)
                    x[a * pairs + b] += left[a] * (half * left[b] - right[b]);
        }
        information_from(x, pairs, s->visits, expected + group * e->per_group * (e->parameters + 1),
                         e->parameters);
    }
}

void mixed_entries_weighted(const mixed_engine *e, const mixed_pattern *k, const double *v, double *out)
{
    const size_t seen = k->seen, t = e->parameters;
    const double *const w = e->w + k->square;
    const double *const block = v + k->group * e->per_group * (t + 1);
    memset(out, 0, seen * seen * sizeof *out);
    for (size_t i = 0; i < seen; i++)
        for (size_t j = 0; j < seen; j++) {
            /* Ordered pairs: each off-diagonal D_a comes as (i, j) and (j, i), a diagonal one once. */
            const double *const row = block + mixed_packed(k->visit[i], k->visit[j]) * t;
            for (size_t a = 0; a < seen; a++)
                for (size_t b = 0; b < seen; b++)
                    out[i * seen + b] += row[mixed_packed(k->visit[a], k->visit[b])] * w[j * seen + a];
        }
}

/* ---- the full Kenward-Roger ---------------------------------------------------------------------- */

/* Working parameters of Sigma = D T T' D: ln of the diagonal of its Cholesky factor, and T below it. */
static void working_parameters(const double *sigma, size_t m, double *cholesky, double *theta)
{
    memcpy(cholesky, sigma, m * m * sizeof *cholesky);
    (void)mixed_cholesky(cholesky, m); /* positive definite: it is the estimate */
    for (size_t i = 0; i < m; i++) {
        theta[i] = log(cholesky[i * m + i]);
        for (size_t k = 0; k < i; k++)
            theta[m + i * (i - 1) / 2 + k] = cholesky[i * m + k] / cholesky[i * m + i];
    }
}

/* Gauss-Jordan with row pivoting: a (n x n) becomes its inverse. */
static void invert(rac_arena *arena, double *a, size_t n)
{
    size_t *const from = rac_many(arena, size_t, n);
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t i = c + 1; i < n; i++)
            if (fabs(a[i * n + c]) > fabs(a[pivot * n + c]))
                pivot = i;
        from[c] = pivot;
        for (size_t j = 0; j < n; j++) {
            const double swap = a[c * n + j];
            a[c * n + j] = a[pivot * n + j];
            a[pivot * n + j] = swap;
        }
        const double scale = 1 / a[c * n + c];
        a[c * n + c] = 1;
        for (size_t j = 0; j < n; j++)
            a[c * n + j] *= scale;
        for (size_t i = 0; i < n; i++) {
            if (i == c)
                continue;
            const double factor = a[i * n + c];
            a[i * n + c] = 0;
            for (size_t j = 0; j < n; j++)
                a[i * n + j] -= factor * a[c * n + j];
        }
    }
    for (size_t c = n; c-- > 0;)
        for (size_t i = 0; i < n && from[c] != c; i++) {
            const double swap = a[i * n + c];
            a[i * n + c] = a[i * n + from[c]];
            a[i * n + from[c]] = swap;
        }
}

void mixed_entries_weighted_r(mixed_engine *e, const double *v, double *out)
{
    /* sum_ab V_ab R_ab = -sum over entries s of (sum_ab V_ab d2 Sigma_s / da db) P_s. */
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits, n = e->per_group, r = s->rank;
    double *const theta = rac_many(e->arena, double, n), *const sigma = rac_many(e->arena, double, m *m);
    double *const derivative = rac_many(e->arena, double, n *m *m), *const jacobian =
                                                                        rac_many(e->arena, double, n *n);
    double *const half = rac_many(e->arena, double, n *n), *const working = rac_many(e->arena, double, n *n);
    memset(out, 0, r * r * sizeof *out);
    for (size_t group = 0; group < s->groups; group++) {
        working_parameters(e->sigma + group * m * m, m, sigma, theta);
        const mixed_shape shape = {RAC_COVARIANCE_UNSTRUCTURED, m, NULL, theta};
        mixed_structure_fill(&shape, sigma, derivative);
        for (size_t a = 0; a < n; a++)
            for (size_t i = 0, at = 0; i < m; i++)
                for (size_t j = 0; j <= i; j++, at++)
                    jacobian[at * n + a] = derivative[a * m * m + i * m + j];
        invert(e->arena, jacobian, n);
        const double *const block = v + group * n * (e->parameters + 1);
        /* working = J^-1 V J^-1' */
        memset(half, 0, n * n * sizeof *half);
        memset(working, 0, n * n * sizeof *working);
        mixed_add_product(&(mixed_product){n, n, n, jacobian, n, 1, block, e->parameters, half, n, false});
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < n; b++)
                working[a * n + b] = mixed_dot(half + a * n, jacobian + b * n, n);
        mixed_structure_second_sum(&shape, working, n, sigma);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j <= i; j++) {
                const double *const p = e->p + (group * n + mixed_packed(i, j)) * r * r;
                for (size_t x = 0; x < r * r; x++)
                    out[x] -= sigma[i * m + j] * p[x];
            }
    }
}
