/* stats/mixed_likelihood.c: coefficients, log-likelihood and its gradient at given covariance parameters.
 *
 * With W = Sigma_i^-1, A = sum X'WX, Phi = A^-1, beta = Phi sum X'Wy, r = y - X beta, R = sum r r' and
 * T_jl = tr(Phi sum x_l x_j'):
 *
 *   l_R = -1/2 [(N - p) ln 2pi + sum ln|Sigma_i| + ln|A| + sum r'Wr]     (ML: N, and without ln|A|)
 *   dl/dtheta_a = <G, D_a>,  G = 1/2 sum [W (R + T) W - n W]             (ML: without T)
 *
 * Each sum over patients is a sum over patterns of a small matrix times the pattern's sums. */
#include "stats/mixed_engine.h"

#include <math.h>
#include <string.h>

static const double ln_2pi = 1.8378770664093454836;

mixed_engine *mixed_engine_make(rac_arena *arena, const mixed_sums *sums, rac_covariance kind, bool own_times,
                                bool restricted)
{
    const size_t m = sums->visits, q = sums->factors, r = sums->rank;
    mixed_engine *const e = rac_new(arena, mixed_engine);
    e->sums = sums;
    e->kind = kind;
    e->own_times = own_times;
    e->restricted = restricted;
    e->per_group = rac_covariance_parameters(kind, m);
    e->parameters = sums->groups * e->per_group;
    e->theta = rac_many(arena, double, e->parameters);
    e->sigma = rac_many(arena, double, sums->groups *m *m);
    e->w = rac_many(arena, double, sums->square_total);
    e->v = rac_many(arena, double, sums->square_total);
    e->gamma_w = rac_many(arena, double, sums->wide_total);
    e->beta = rac_many(arena, double, r);
    e->phi = rac_many(arena, double, r *r);
    e->half = rac_many(arena, double, m *q);
    e->gradient = rac_many(arena, double, e->parameters);
    e->information = rac_many(arena, double, e->parameters * e->parameters);
    e->p = rac_many(arena, double, e->parameters *r *r);
    if (kind != RAC_COVARIANCE_UNSTRUCTURED && !own_times)
        e->derivative = rac_many(arena, double, sums->groups * e->per_group * m * m);
    e->tensor = rac_many(arena, double, sums->pairs * sums->factor_pairs);
    e->vector = rac_many(arena, double, m *q);
    e->wide = rac_many(arena, double, q *m);
    e->square = rac_many(arena, double, 6 * m * m);
    e->dense = rac_many(arena, double, 3 * r * r);
    e->grid = rac_many(arena, double, sums->groups *m *m);
    if (kind != RAC_COVARIANCE_UNSTRUCTURED)
        e->local = rac_many(arena, double, 3 * e->per_group * m * m);
    e->arena = arena;
    return e;
}

static mixed_shape shape_of_group(const mixed_engine *e, size_t group)
{
    return (mixed_shape){e->kind, e->sums->visits, e->sums->design->visit_time,
                         e->theta + group * e->per_group};
}

void mixed_engine_refresh(mixed_engine *e, bool derivatives)
{
    const size_t m = e->sums->visits;
    for (size_t g = 0; g < e->sums->groups && !e->own_times; g++) {
        const mixed_shape shape = shape_of_group(e, g);
        double *const sigma = e->sigma + g * m * m;
        if (e->kind != RAC_COVARIANCE_UNSTRUCTURED) {
            mixed_structure_fill(&shape, sigma,
                                 derivatives ? e->derivative + g * e->per_group * m * m : NULL);
            continue;
        }
        for (size_t j = 0, at = 0; j < m; j++)
            for (size_t l = 0; l <= j; l++, at++)
                sigma[j * m + l] = sigma[l * m + j] = shape.theta[at];
    }
}

void mixed_engine_sigma(const mixed_engine *e, const mixed_pattern *pattern, double *sigma)
{
    const size_t m = e->sums->visits, seen = pattern->seen;
    if (e->own_times) {
        mixed_structure_fill(
            &(mixed_shape){e->kind, seen, pattern->time, e->theta + pattern->group * e->per_group}, sigma,
            NULL);
        return;
    }
    const double *const grid = e->sigma + pattern->group * m * m;
    for (size_t j = 0; j < seen; j++)
        for (size_t l = 0; l < seen; l++)
            sigma[j * seen + l] = grid[pattern->visit[j] * m + pattern->visit[l]];
}

/* half_j = B_j' beta, minus the centre of y at factor 0: r_j = y_j - half_j' u in centred letters. */
static void predict(mixed_engine *e)
{
    const mixed_sums *const s = e->sums;
    memset(e->half, 0, s->visits * s->factors * sizeof *e->half);
    for (size_t j = 0; j < s->visits; j++) {
        double *const half = e->half + j * s->factors;
        for (size_t a = s->term_start[j]; a < s->term_start[j + 1]; a++)
            half[s->term[a].factor] += s->term[a].weight * e->beta[s->term[a].column];
        half[0] -= s->outcome_mean[j];
    }
}

/* gamma (q x seen) = sum u r'. */
static void residual_cross(const mixed_engine *e, const mixed_pattern *k, double *gamma)
{
    const size_t q = e->sums->factors;
    for (size_t a = 0; a < q; a++)
        for (size_t j = 0; j < k->seen; j++)
            gamma[a * k->seen + j] =
                k->uy[a * k->seen + j] - mixed_dot(k->uu + a * q, e->half + k->visit[j] * q, q);
}

/* out (q x seen) = gamma W. */
static void times_w(const double *gamma, const double *w, size_t q, size_t seen, double *out)
{
    memset(out, 0, q * seen * sizeof *out);
    for (size_t a = 0; a < q; a++)
        for (size_t j = 0; j < seen; j++)
            for (size_t l = 0; l < seen; l++)
                out[a * seen + l] += gamma[a * seen + j] * w[j * seen + l];
}

/* W, ln|Sigma| and the pattern's part of A and of sum X'Wr (r at the beta so far); false when not
 * positive definite. */
static bool first_pass(mixed_engine *e, const mixed_pattern *k, double *gamma, double *log_determinant)
{
    const mixed_sums *const s = e->sums;
    const size_t seen = k->seen, q = s->factors;
    double *const l = e->square, *const work = e->square + s->visits * s->visits;
    double *const w = e->w + k->square;
    mixed_engine_sigma(e, k, l);
    if (!mixed_cholesky(l, seen))
        return false;
    *log_determinant += (double)k->patients * mixed_cholesky_log_determinant(l, seen);
    mixed_cholesky_inverse(l, seen, w, work);
    mixed_accumulate(s, k, w, e->tensor);
    double *const gamma_w = e->gamma_w + k->wide;
    residual_cross(e, k, gamma);
    times_w(gamma, w, q, seen, gamma_w);
    for (size_t j = 0; j < seen; j++)
        for (size_t a = 0; a < q; a++)
            e->vector[k->visit[j] * q + a] += gamma_w[a * seen + j];
    return true;
}

/* R into e->v, gamma W into e->gamma_w; returns sum r'Wr. */
static double second_pass(mixed_engine *e, const mixed_pattern *k, double *gamma)
{
    const size_t seen = k->seen, q = e->sums->factors;
    const double *const w = e->w + k->square;
    double *const residual = e->v + k->square;
    residual_cross(e, k, gamma);
    times_w(gamma, w, q, seen, e->gamma_w + k->wide);
    double sum = 0;
    for (size_t j = 0; j < seen; j++)
        for (size_t l = 0; l <= j; l++) {
            double entry = k->yy[j * seen + l];
            const double *const hj = e->half + k->visit[j] * q, *const hl = e->half + k->visit[l] * q;
            for (size_t a = 0; a < q; a++)
                entry -= hj[a] * k->uy[a * seen + l] + gamma[a * seen + j] * hl[a];
            residual[j * seen + l] = residual[l * seen + j] = entry;
            sum += (j == l ? 1 : 2) * entry * w[j * seen + l];
        }
    return sum;
}

bool mixed_engine_likelihood(mixed_engine *e)
{
    const mixed_sums *const s = e->sums;
    const size_t r = s->rank;
    double log_determinant = 0;
    mixed_engine_refresh(e, false);
    predict(e);
    memset(e->tensor, 0, s->pairs * s->factor_pairs * sizeof *e->tensor);
    memset(e->vector, 0, s->visits * s->factors * sizeof *e->vector);
    for (size_t k = 0; k < s->patterns; k++)
        if (!first_pass(e, &s->pattern[k], e->wide, &log_determinant))
            return false;
    double *const a = e->dense, *const work = e->dense + r * r, *const step = e->dense + 2 * r * r;
    mixed_expand(s, e->tensor, a);
    if (!mixed_cholesky(a, r))
        return false;
    mixed_cholesky_inverse(a, r, e->phi, work);
    /* A correction to the beta so far rather than beta itself: it loses no digits when y is far from 0. */
    mixed_expand_vector(s, e->vector, step);
    mixed_solve_lower(a, r, step);
    mixed_solve_upper(a, r, step);
    for (size_t c = 0; c < r; c++)
        e->beta[c] += step[c];
    predict(e);
    double sum = 0;
    for (size_t k = 0; k < s->patterns; k++)
        sum += second_pass(e, &s->pattern[k], e->wide);
    const double n = (double)s->observations - (e->restricted ? (double)r : 0);
    e->log_likelihood = -0.5 * (n * ln_2pi + log_determinant + sum) + 0.5 * s->design->log_weights;
    if (e->restricted)
        e->log_likelihood -= 0.5 * mixed_cholesky_log_determinant(a, r);
    return isfinite(e->log_likelihood);
}

/* ---- gradient ------------------------------------------------------------------------------------ */

/* psi: pairs x factor_pairs; T_jl = sum over factor pairs of psi_jl U.  Off-diagonal factor pairs count
 * twice, which psi includes. */
static void project(mixed_engine *e, double *psi)
{
    const mixed_sums *const s = e->sums;
    memset(psi, 0, s->pairs * s->factor_pairs * sizeof *psi);
    for (size_t j = 0; j < s->visits; j++)
        for (size_t l = 0; l <= j; l++) {
            double *const out = psi + mixed_packed(j, l) * s->factor_pairs;
            for (size_t a = s->term_start[j]; a < s->term_start[j + 1]; a++)
                for (size_t b = s->term_start[l]; b < s->term_start[l + 1]; b++) {
                    const mixed_term *const x = &s->term[a], *const y = &s->term[b];
                    out[mixed_packed(x->factor, y->factor)] +=
                        x->weight * y->weight * e->phi[x->column * s->rank + y->column];
                }
        }
}

/* Adds T to R in e->v, then turns it into V = W (R + T) W. */
static void sandwich(mixed_engine *e, const mixed_pattern *k, const double *psi)
{
    const mixed_sums *const s = e->sums;
    const size_t seen = k->seen, q = s->factors;
    double *const v = e->v + k->square;
    for (size_t j = 0; e->restricted && j < seen; j++)
        for (size_t l = 0; l <= j; l++) {
            const double *const weight = psi + mixed_packed(k->visit[j], k->visit[l]) * s->factor_pairs;
            double sum = 0;
            for (size_t f = 0, at = 0; f < q; f++)
                for (size_t g = 0; g <= f; g++, at++)
                    sum += weight[at] * k->uu[f * q + g];
            v[j * seen + l] += sum;
            v[l * seen + j] = v[j * seen + l];
        }
    double *const half = e->square, *const whole = e->square + s->visits * s->visits;
    mixed_multiply(e->w + k->square, v, seen, half);
    mixed_multiply(half, e->w + k->square, seen, whole);
    memcpy(v, whole, seen * seen * sizeof *v);
}

/* gradient_a += <G, D_a> for a pattern; the unstructured D_a picks entries. */
static void unstructured_gradient(mixed_engine *e, const mixed_pattern *k)
{
    const double *const w = e->w + k->square, *const v = e->v + k->square, n = (double)k->patients;
    double *const out = e->gradient + k->group * e->per_group;
    for (size_t j = 0; j < k->seen; j++)
        for (size_t l = 0; l <= j; l++) {
            const size_t at = j * k->seen + l;
            out[mixed_packed(k->visit[j], k->visit[l])] += (j == l ? 0.5 : 1) * (v[at] - n * w[at]);
        }
}

static void structured_gradient(mixed_engine *e)
{
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits;
    double *const grid = e->grid;
    memset(grid, 0, s->groups * m * m * sizeof *grid);
    for (size_t k = 0; k < s->patterns; k++) {
        const mixed_pattern *const p = &s->pattern[k];
        const double *const w = e->w + p->square, *const v = e->v + p->square, n = (double)p->patients;
        double *const g = grid + p->group * m * m;
        for (size_t j = 0; j < p->seen; j++)
            for (size_t l = 0; l < p->seen; l++)
                g[p->visit[j] * m + p->visit[l]] += 0.5 * (v[j * p->seen + l] - n * w[j * p->seen + l]);
    }
    mixed_engine_refresh(e, true);
    for (size_t g = 0; g < s->groups; g++)
        for (size_t a = 0; a < e->per_group; a++) {
            const size_t at = g * e->per_group + a;
            e->gradient[at] = mixed_dot(grid + g * m * m, e->derivative + at * m * m, m * m);
        }
}

static void own_times_gradient(mixed_engine *e)
{
    const mixed_sums *const s = e->sums;
    double *const sigma = e->square, *const d = e->local;
    for (size_t k = 0; k < s->patterns; k++) {
        const mixed_pattern *const p = &s->pattern[k];
        const double *const w = e->w + p->square, *const v = e->v + p->square, n = (double)p->patients;
        const size_t square = p->seen * p->seen;
        mixed_structure_fill(&(mixed_shape){e->kind, p->seen, p->time, e->theta + p->group * e->per_group},
                             sigma, d);
        for (size_t a = 0; a < e->per_group; a++)
            for (size_t x = 0; x < square; x++)
                e->gradient[p->group * e->per_group + a] += 0.5 * (v[x] - n * w[x]) * d[a * square + x];
    }
}

void mixed_engine_gradient(mixed_engine *e)
{
    const mixed_sums *const s = e->sums;
    project(e, e->tensor);
    for (size_t k = 0; k < s->patterns; k++)
        sandwich(e, &s->pattern[k], e->tensor);
    memset(e->gradient, 0, e->parameters * sizeof *e->gradient);
    if (e->own_times)
        own_times_gradient(e);
    else if (e->kind != RAC_COVARIANCE_UNSTRUCTURED)
        structured_gradient(e);
    else
        for (size_t k = 0; k < s->patterns; k++)
            unstructured_gradient(e, &s->pattern[k]);
}

void mixed_engine_project_only(mixed_engine *e)
{
    project(e, e->tensor);
    memset(e->v, 0, e->sums->square_total * sizeof *e->v);
    for (size_t k = 0; k < e->sums->patterns; k++)
        sandwich(e, &e->sums->pattern[k], e->tensor);
}
