/* stats/mixed_empirical.c: the sandwich covariance, its bias-reduced and jackknife forms, and its df.
 *
 * With X~_i, e~_i whitened by the Cholesky factor of Sigma_i and H_ii = X~_i Phi X~_i':
 *
 *   Phi [sum X~_i' A_i e~_i e~_i' A_i X~_i] Phi,   A_i = I, (I - H_ii)^-1/2 or (I - H_ii)^-1
 *
 * Degrees of freedom (Bell & McCaffrey 2002, working identity): (tr G)^2 / sum G_ij^2 with
 * G_ij = delta_ij a_i'a_i - b_i' Phi b_j, a_i = A_i X~_i Phi c, b_i = X~_i' a_i.  The double sum is
 * tr(Phi B Phi B), B = sum b_i b_i', so that the cost is linear in patients. */
#include "stats/mixed_engine.h"

#include <math.h>
#include <string.h>

/* Rows of X (seen x rank) and residuals of one patient. */
static void patient_rows(const mixed_engine *e, size_t patient, const mixed_pattern *k, double *x,
                         double *residual)
{
    const mixed_sums *const s = e->sums;
    const rac_mixed_design *const d = s->design;
    const size_t r = s->rank;
    memset(x, 0, k->seen * r * sizeof *x);
    for (size_t j = 0; j < k->seen; j++) {
        const size_t visit = k->visit[j];
        for (size_t a = s->term_start[visit]; a < s->term_start[visit + 1]; a++) {
            const mixed_term *const t = &s->term[a];
            x[j * r + t->column] +=
                t->weight * (d->factor[patient * s->factors + t->factor] - s->factor_mean[t->factor]);
        }
        residual[j] = d->outcome[patient * s->visits + visit] - mixed_dot(x + j * r, e->beta, r);
    }
}

/* x (n x r) := l^-1 x. */
static void whiten(const double *l, size_t n, double *x, size_t r)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            for (size_t c = 0; c < r; c++)
                x[i * r + c] -= l[i * n + k] * x[k * r + c];
        for (size_t c = 0; c < r; c++)
            x[i * r + c] /= l[i * n + i];
    }
}

/* a (n x n) = (I - X~ Phi X~')^power; directions with nothing left (a patient that alone decides a
 * coefficient) are given no weight, as a generalised inverse does. */
static void adjustment(const double *x, size_t n, const double *phi, size_t r, double power, double *work,
                       double *a)
{
    double *const rest = work, *const vectors = work + n * n, *const values = work + 2 * n * n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            rest[i * n + j] = (i == j) - mixed_bilinear(x + i * r, phi, x + j * r, r);
    mixed_eigen(rest, n, values, vectors);
    memset(a, 0, n * n * sizeof *a);
    for (size_t k = 0; k < n; k++) {
        if (values[k] < 1e-10)
            continue;
        const double weight = pow(values[k], power);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                a[i * n + j] += weight * vectors[k * n + i] * vectors[k * n + j];
    }
}

void mixed_empirical(rac_arena *arena, const mixed_engine *e, rac_mixed_errors errors, rac_mixed_state *state,
                     double *covariance)
{
    const mixed_sums *const s = e->sums;
    const size_t r = s->rank, m = s->visits;
    const double power = errors == RAC_MIXED_EMPIRICAL                ? 0
                         : errors == RAC_MIXED_EMPIRICAL_BIAS_REDUCED ? -0.5
                                                                      : -1;
    double *const whitened = rac_many(arena, double, s->observations *r);
    double *const adjusted = rac_many(arena, double, s->observations *r);
    size_t *const start = rac_many(arena, size_t, s->patients + 1);
    double *const sigma = rac_many(arena, double, m *m), *const residual = rac_many(arena, double, m);
    double *const a = rac_many(arena, double, m *m), *const score = rac_many(arena, double, r);
    double *const meat = rac_many(arena, double, r *r);
    double *const work = rac_many(arena, double, 2 * m * m + m);
    size_t row = 0, count = 0;
    for (size_t i = 0; i < s->design->patients; i++) {
        if (s->pattern_of[i] == UINT32_MAX)
            continue;
        const mixed_pattern *const k = &s->pattern[s->pattern_of[i]];
        const size_t n = k->seen;
        double *const x = whitened + row * r, *const ax = adjusted + row * r;
        patient_rows(e, i, k, x, residual);
        mixed_engine_sigma(e, k, sigma);
        (void)mixed_cholesky(sigma, n); /* positive definite: the fit went through it */
        whiten(sigma, n, x, r);
        whiten(sigma, n, residual, 1);
        if (power == 0)
            for (size_t j = 0; j < n * n; j++)
                a[j] = j % (n + 1) == 0;
        else
            adjustment(x, n, e->phi, r, power, work, a);
        memset(score, 0, r * sizeof *score);
        for (size_t j = 0; j < n; j++) {
            for (size_t l = 0; l < n; l++)
                for (size_t c = 0; c < r; c++)
                    ax[j * r + c] += a[j * n + l] * x[l * r + c];
            for (size_t c = 0; c < r; c++)
                score[c] += ax[j * r + c] * residual[j];
        }
        for (size_t c = 0; c < r; c++)
            for (size_t d = 0; d < r; d++)
                meat[c * r + d] += score[c] * score[d];
        start[count++] = row;
        row += n;
    }
    start[count] = row;
    double *const half = rac_many(arena, double, r *r);
    mixed_multiply(e->phi, meat, r, half);
    mixed_multiply(half, e->phi, r, covariance);
    state->empirical_patients = count;
    state->empirical_start = start;
    state->whitened = whitened;
    state->adjusted = adjusted;
}

double mixed_empirical_df(rac_arena *arena, const rac_mixed_state *state, const double *row)
{
    const size_t r = state->sums->rank;
    double *const w = rac_many(arena, double, r), *const b = rac_many(arena, double, r);
    double *const phi_b = rac_many(arena, double, r), *const sum = rac_many(arena, double, r *r);
    double *const product = rac_many(arena, double, r *r);
    for (size_t c = 0; c < r; c++)
        w[c] = mixed_dot(state->phi + c * r, row, r);
    double trace = 0, squares = 0;
    for (size_t i = 0; i < state->empirical_patients; i++) {
        double own = 0;
        memset(b, 0, r * sizeof *b);
        for (size_t x = state->empirical_start[i]; x < state->empirical_start[i + 1]; x++) {
            const double a = mixed_dot(state->adjusted + x * r, w, r);
            own += a * a;
            for (size_t c = 0; c < r; c++)
                b[c] += a * state->whitened[x * r + c];
        }
        for (size_t c = 0; c < r; c++)
            phi_b[c] = mixed_dot(state->phi + c * r, b, r);
        const double shared = mixed_dot(b, phi_b, r);
        trace += own - shared;
        squares += own * own - 2 * own * shared;
        for (size_t c = 0; c < r; c++)
            for (size_t d = 0; d < r; d++)
                sum[c * r + d] += phi_b[c] * b[d];
    }
    /* sum_ij (b_i' Phi b_j)^2 = tr(Phi B Phi B) */
    mixed_multiply(sum, sum, r, product);
    for (size_t c = 0; c < r; c++)
        squares += product[c * r + c];
    return trace * trace / squares;
}
