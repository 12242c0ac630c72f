/* stats/mixed_information.c: second derivatives of the log-likelihood, exact.
 *
 * With D_a = dSigma/dtheta_a, P_a = -sum X'W D_a W X, Q_ab = sum X'W D_a W D_b W X, c_a = sum X'W D_a W r,
 * E = W (R + T) W - n/2 W and G of the gradient, the observed information is
 *
 *   I_ab = sum tr(D_a W D_b E) - 1/2 tr(Phi P_a Phi P_b) - c_a' Phi c_b - <G, d2 Sigma_ab>
 *
 * (tr(D_a W D_b W R W) and tr(Phi Q_ab) are both of the first form, so no Q_ab is needed.)  The expected
 * one is 1/2 sum n tr(W D_a W D_b) - tr(Phi Q_ab) + 1/2 tr(Phi P_a Phi P_b).  ML drops T and the
 * terms in P.  This file holds what every covariance shares and the structured kinds, whose few D_a are
 * matrices; mixed_entries.c holds the unstructured one, whose many D_a pick single entries. */
#include "stats/mixed_entries.h"

#include <string.h>

/* D_a of a pattern, per_group x seen x seen, into e->local. */
static const double *local_derivatives(mixed_engine *e, const mixed_pattern *k)
{
    const size_t m = e->sums->visits, seen = k->seen;
    if (e->own_times) {
        mixed_structure_fill(&(mixed_shape){e->kind, seen, k->time, e->theta + k->group * e->per_group},
                             e->square, e->local);
        return e->local;
    }
    for (size_t a = 0; a < e->per_group; a++) {
        const double *const d = e->derivative + (k->group * e->per_group + a) * m * m;
        double *const out = e->local + a * seen * seen;
        for (size_t j = 0; j < seen; j++)
            for (size_t l = 0; l < seen; l++)
                out[j * seen + l] = d[k->visit[j] * m + k->visit[l]];
    }
    return e->local;
}

/* The weight E: observed, or n/2 W - W T W for the expected information, where e->v must hold W T W. */
static void weight_e(const mixed_engine *e, const mixed_pattern *k, bool expected, double *out)
{
    const double *const w = e->w + k->square, *const v = e->v + k->square;
    const double half = 0.5 * (double)k->patients;
    for (size_t x = 0; x < k->seen * k->seen; x++)
        out[x] = expected ? half * w[x] - v[x] : v[x] - half * w[x];
}

/* One pattern of a structured kind: adds to information (first term), to the tensors of P_a and to the
 * vectors of c_a, each where not NULL. */
static void structured_pattern(mixed_engine *e, const mixed_pattern *k, bool expected, double *information,
                               double *tensors, double *vectors)
{
    const mixed_sums *const s = e->sums;
    const size_t seen = k->seen, square = seen * seen, n = e->per_group, q = s->factors, m = s->visits;
    const double *const d = local_derivatives(e, k), *const w = e->w + k->square;
    double *const weight = e->square + m * m, *const product = e->square + 2 * m * m;
    double *const omega = e->square + 3 * m * m;
    weight_e(e, k, expected, weight);
    for (size_t a = 0; a < n; a++) {
        const size_t at = k->group * n + a;
        mixed_multiply(d + a * square, w, seen, product); /* D_a W */
        if (vectors) {
            /* sum u r' W D_a W, a row per visit */
            for (size_t f = 0; f < q; f++)
                for (size_t j = 0; j < seen; j++)
                    for (size_t l = 0; l < seen; l++)
                        vectors[(at * m + k->visit[l]) * q + f] +=
                            e->gamma_w[k->wide + f * seen + j] * product[j * seen + l];
        }
        if (tensors) {
            mixed_multiply(w, product, seen, omega);
            mixed_accumulate(s, k, omega, tensors + at * s->pairs * s->factor_pairs);
        }
        mixed_multiply(weight, product, seen, omega); /* E D_a W */
        for (size_t b = 0; b < n; b++) {
            const double trace = mixed_dot(omega, d + b * square, square);
            information[at * e->parameters + k->group * n + b] += 0.5 * trace;
            information[(k->group * n + b) * e->parameters + at] += 0.5 * trace;
        }
    }
}

/* information -= <G, d2 Sigma_ab>. */
static void subtract_curvature(mixed_engine *e)
{
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits, t = e->parameters;
    double *const g = e->grid;
    memset(g, 0, s->groups * m * m * sizeof *g);
    for (size_t k = 0; k < s->patterns; k++) {
        const mixed_pattern *const p = &s->pattern[k];
        const double *const w = e->w + p->square, *const v = e->v + p->square, n = (double)p->patients;
        double *const local = e->square;
        for (size_t j = 0; j < p->seen; j++)
            for (size_t l = 0; l < p->seen; l++) {
                const size_t at = j * p->seen + l;
                local[at] = -0.5 * (v[at] - n * w[at]);
                g[(p->group * m + p->visit[j]) * m + p->visit[l]] += local[at];
            }
        if (e->own_times)
            mixed_structure_second(
                &(mixed_shape){e->kind, p->seen, p->time, e->theta + p->group * e->per_group}, local,
                e->information + p->group * e->per_group * (t + 1), t);
    }
    for (size_t group = 0; group < s->groups && !e->own_times; group++)
        mixed_structure_second(
            &(mixed_shape){e->kind, m, s->design->visit_time, e->theta + group * e->per_group},
            g + group * m * m, e->information + group * e->per_group * (t + 1), t);
}

/* First term, P_a and c_a of a structured kind; curvature as well. */
static void structured_terms(mixed_engine *e, bool complete, double *c)
{
    const mixed_sums *const s = e->sums;
    const size_t t = e->parameters, r = s->rank, mq = s->visits * s->factors;
    const size_t tensor = s->pairs * s->factor_pairs;
    double *const tensors = complete ? e->tensors : NULL;
    if (complete)
        memset(tensors, 0, t * tensor * sizeof *tensors);
    memset(e->vectors, 0, t * mq * sizeof *e->vectors);
    for (size_t k = 0; k < s->patterns; k++)
        structured_pattern(e, &s->pattern[k], false, e->information, tensors, e->vectors);
    for (size_t a = 0; a < t; a++) {
        mixed_expand_vector(s, e->vectors + a * mq, c + a * r);
        if (!complete)
            continue;
        mixed_expand(s, tensors + a * tensor, e->p + a * r * r);
        for (size_t x = 0; x < r * r; x++)
            e->p[a * r * r + x] = -e->p[a * r * r + x];
    }
    subtract_curvature(e);
}

/* out_ab += factor tr(Phi P_a Phi P_b) */
static void add_p_traces(mixed_engine *e, double factor, double *out)
{
    const size_t t = e->parameters, r = e->sums->rank, square = r * r;
    double *const product = e->traces, *const transposed = e->traces + t * square; /* t x r^2, r^2 x t */
    memset(product, 0, t * square * sizeof *product);
    mixed_add_product(&(mixed_product){t * r, r, r, e->p, r, 1, e->phi, r, product, r, false});
    for (size_t a = 0; a < t; a++)
        for (size_t i = 0; i < r; i++)
            for (size_t j = 0; j < r; j++)
                transposed[(j * r + i) * t + a] = factor * product[a * square + i * r + j];
    mixed_add_product(&(mixed_product){t, t, square, product, square, 1, transposed, t, out, t, true});
    for (size_t a = 0; a < t; a++)
        for (size_t b = 0; b < a; b++)
            out[b * t + a] = out[a * t + b];
}

static void subtract_c(mixed_engine *e, const double *c)
{
    const size_t t = e->parameters, r = e->sums->rank;
    double *const product = e->traces;
    memset(product, 0, t * r * sizeof *product);
    mixed_add_product(&(mixed_product){t, r, r, c, r, 1, e->phi, r, product, r, false});
    for (size_t a = 0; a < t; a++)
        for (size_t b = 0; b < t; b++)
            e->information[a * t + b] -= mixed_dot(product + a * r, c + b * r, r);
}

static void make_symmetric(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            a[i * n + j] = a[j * n + i] = 0.5 * (a[i * n + j] + a[j * n + i]);
}

/* Workspace that only the information needs, made at its first use. */
static void prepare(mixed_engine *e)
{
    if (e->traces)
        return;
    const mixed_sums *const s = e->sums;
    const size_t t = e->parameters, r = s->rank;
    e->traces = rac_many(e->arena, double, 2 * t * r * r);
    e->c = rac_many(e->arena, double, t *r);
    if (e->kind == RAC_COVARIANCE_UNSTRUCTURED)
        return;
    e->tensors = rac_many(e->arena, double, t * s->pairs * s->factor_pairs);
    e->vectors = rac_many(e->arena, double, t * s->visits * s->factors);
}

void mixed_engine_information(mixed_engine *e, bool complete)
{
    prepare(e);
    memset(e->information, 0, e->parameters * e->parameters * sizeof *e->information);
    if (e->kind == RAC_COVARIANCE_UNSTRUCTURED)
        mixed_entries_terms(e, complete, e->c);
    else
        structured_terms(e, complete, e->c);
    if (complete && e->restricted)
        add_p_traces(e, -0.5, e->information);
    subtract_c(e, e->c);
    make_symmetric(e->information, e->parameters);
}

/* e->v := W T W, from psi of the present phi. */
void mixed_engine_expected(mixed_engine *e, double *expected)
{
    const size_t t = e->parameters;
    memset(expected, 0, t * t * sizeof *expected);
    mixed_engine_project_only(e);
    if (e->kind == RAC_COVARIANCE_UNSTRUCTURED)
        mixed_entries_expected(e, expected);
    else
        for (size_t k = 0; k < e->sums->patterns; k++)
            structured_pattern(e, &e->sums->pattern[k], true, expected, NULL, NULL);
    if (e->restricted)
        add_p_traces(e, 0.5, expected);
    make_symmetric(expected, t);
}

/* ---- what Kenward and Roger add ------------------------------------------------------------------ */

/* out (seen x seen) = sum_ab V_ab D_a W D_b over the parameters of the pattern's group. */
static void structured_weighted(mixed_engine *e, const mixed_pattern *k, const double *v, double *out)
{
    const size_t seen = k->seen, square = seen * seen, n = e->per_group, m = e->sums->visits;
    const double *const d = local_derivatives(e, k), *const w = e->w + k->square;
    double *const mixture = e->square + m * m, *const half = e->square + 2 * m * m;
    double *const whole = e->square + 3 * m * m;
    memset(out, 0, square * sizeof *out);
    for (size_t a = 0; a < n; a++) {
        memset(mixture, 0, square * sizeof *mixture);
        for (size_t b = 0; b < n; b++) {
            const double weight = v[(k->group * n + a) * e->parameters + k->group * n + b];
            for (size_t x = 0; x < square; x++)
                mixture[x] += weight * d[b * square + x];
        }
        mixed_multiply(d + a * square, w, seen, half);
        mixed_multiply(half, mixture, seen, whole);
        for (size_t x = 0; x < square; x++)
            out[x] += whole[x];
    }
}

void mixed_engine_weighted_q(mixed_engine *e, const double *v, double *q)
{
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits;
    double *const middle = e->square + 4 * m * m, *const half = e->square + 5 * m * m;
    double *const omega = e->square;
    memset(e->tensor, 0, s->pairs * s->factor_pairs * sizeof *e->tensor);
    for (size_t k = 0; k < s->patterns; k++) {
        const mixed_pattern *const p = &s->pattern[k];
        const double *const w = e->w + p->square;
        if (e->kind == RAC_COVARIANCE_UNSTRUCTURED)
            mixed_entries_weighted(e, p, v, middle);
        else
            structured_weighted(e, p, v, middle);
        mixed_multiply(w, middle, p->seen, half);
        mixed_multiply(half, w, p->seen, omega);
        mixed_accumulate(s, p, omega, e->tensor);
    }
    mixed_expand(s, e->tensor, q);
}

void mixed_engine_weighted_r(mixed_engine *e, const double *v, double *out)
{
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits;
    double *const second = e->square + 4 * m * m, *const half = e->square + 5 * m * m;
    double *const omega = e->square;
    if (e->kind == RAC_COVARIANCE_UNSTRUCTURED) {
        mixed_entries_weighted_r(e, v, out);
        return;
    }
    memset(e->tensor, 0, s->pairs * s->factor_pairs * sizeof *e->tensor);
    for (size_t k = 0; k < s->patterns; k++) {
        const mixed_pattern *const p = &s->pattern[k];
        const double *const w = e->w + p->square;
        const double *const weights = v + p->group * e->per_group * (e->parameters + 1);
        const double *const theta = e->theta + p->group * e->per_group;
        if (e->own_times) {
            mixed_structure_second_sum(&(mixed_shape){e->kind, p->seen, p->time, theta}, weights,
                                       e->parameters, second);
        } else {
            mixed_structure_second_sum(&(mixed_shape){e->kind, m, s->design->visit_time, theta}, weights,
                                       e->parameters, half);
            for (size_t j = 0; j < p->seen; j++)
                for (size_t l = 0; l < p->seen; l++)
                    second[j * p->seen + l] = half[p->visit[j] * m + p->visit[l]];
        }
        mixed_multiply(w, second, p->seen, half);
        mixed_multiply(half, w, p->seen, omega);
        mixed_accumulate(s, p, omega, e->tensor);
    }
    mixed_expand(s, e->tensor, out);
}
