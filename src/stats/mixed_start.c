/* stats/mixed_start.c: where the search begins: ordinary least squares, then the covariance of its
 * residuals, pair of visits by pair of visits. */
#include "stats/mixed_engine.h"

#include <math.h>
#include <string.h>

/* Mean products of residuals of one group (m x m) and how many patients each rests on. */
typedef struct pairwise {
    double *mean;
    double *count;
} pairwise;

static pairwise pair_up(rac_arena *arena, const mixed_engine *ols, size_t group)
{
    const mixed_sums *const s = ols->sums;
    const size_t m = s->visits;
    const pairwise out = {rac_many(arena, double, m *m), rac_many(arena, double, m *m)};
    for (size_t k = 0; k < s->patterns; k++) {
        const mixed_pattern *const p = &s->pattern[k];
        if (p->group != group)
            continue;
        for (size_t j = 0; j < p->seen; j++)
            for (size_t l = 0; l < p->seen; l++) {
                const size_t at = p->visit[j] * m + p->visit[l];
                out.mean[at] += ols->v[p->square + j * p->seen + l];
                out.count[at] += (double)p->patients;
            }
    }
    for (size_t x = 0; x < m * m; x++)
        if (out.count[x] > 0)
            out.mean[x] /= out.count[x];
    return out;
}

static const char *of_group(rac_arena *arena, const mixed_sums *s, size_t group)
{
    return s->groups == 1 ? "" : rac_format(arena, " in group %s", s->design->group_name[group]);
}

/* ---- unstructured -------------------------------------------------------------------------------- */

/* Eigenvalues below this part of the largest are raised to it: pairwise covariances need not fit together. */
#define EIGENVALUE_FLOOR 0.05

static bool start_unstructured(rac_arena *arena, mixed_engine *e, const pairwise *pairs, size_t group,
                               const char **why)
{
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits;
    double patients = 0;
    for (size_t k = 0; k < s->patterns; k++)
        patients += s->pattern[k].group == group ? (double)s->pattern[k].patients : 0;
    if (patients <= (double)m) {
        *why = rac_format(arena, "%.0f patients%s are too few for %zu visits", patients,
                          of_group(arena, s, group), m);
        return false;
    }
    for (size_t j = 0; j < m; j++)
        for (size_t l = 0; l < j; l++)
            if (pairs->count[j * m + l] == 0) {
                *why =
                    rac_format(arena, "no patient%s was seen at both visit %s and visit %s",
                               of_group(arena, s, group), s->design->visit_name[l], s->design->visit_name[j]);
                return false;
            }
    double *const values = rac_many(arena, double, m), *const vectors = rac_many(arena, double, m *m);
    mixed_eigen(pairs->mean, m, values, vectors);
    const double floor = EIGENVALUE_FLOOR * values[m - 1];
    double *const theta = e->theta + group * e->per_group;
    for (size_t j = 0; j < m; j++)
        for (size_t l = 0; l <= j; l++) {
            double sum = 0;
            for (size_t k = 0; k < m; k++)
                sum += fmax(values[k], floor) * vectors[k * m + j] * vectors[k * m + l];
            theta[mixed_packed(j, l)] = sum;
        }
    return true;
}

/* ---- structured ---------------------------------------------------------------------------------- */

static double correlation_of(const pairwise *p, size_t m, size_t j, size_t l)
{
    return p->mean[j * m + l] / sqrt(p->mean[j * m + j] * p->mean[l * m + l]);
}

/* Mean correlation over pairs with first <= lag <= last, weighted by patients. */
static double mean_correlation(const pairwise *p, size_t m, size_t first, size_t last)
{
    double sum = 0, weight = 0;
    for (size_t j = 0; j < m; j++)
        for (size_t l = 0; l < j; l++) {
            const double n = p->count[j * m + l];
            if (j - l < first || j - l > last || n == 0)
                continue;
            sum += n * correlation_of(p, m, j, l);
            weight += n;
        }
    return weight > 0 ? sum / weight : 0;
}

static double variance_at(const pairwise *p, size_t m, size_t from, size_t to)
{
    double sum = 0, weight = 0;
    for (size_t j = from; j < to; j++) {
        sum += p->count[j * m + j] * p->mean[j * m + j];
        weight += p->count[j * m + j];
    }
    return sum / weight;
}

static void start_correlations(mixed_engine *e, const pairwise *p, double *t)
{
    const size_t m = e->sums->visits;
    switch (e->kind) {
    case RAC_COVARIANCE_TOEPLITZ_OWN:
    case RAC_COVARIANCE_TOEPLITZ:
        for (size_t lag = 1; lag < m; lag++)
            t[lag - 1] = mixed_structure_working(e->kind, m, mean_correlation(p, m, lag, lag));
        return;
    case RAC_COVARIANCE_ANTE_OWN:
    case RAC_COVARIANCE_ANTE:
        for (size_t j = 1; j < m; j++)
            t[j - 1] = mixed_structure_working(
                e->kind, m, p->count[j * m + j - 1] > 0 ? correlation_of(p, m, j, j - 1) : 0.5);
        return;
    case RAC_COVARIANCE_AR1_OWN:
    case RAC_COVARIANCE_AR1:
        t[0] = mixed_structure_working(e->kind, m, mean_correlation(p, m, 1, 1));
        return;
    default: /* compound symmetry */
        t[0] = mixed_structure_working(e->kind, m, mean_correlation(p, m, 1, m - 1));
    }
}

/* Correlations by lag need not fit together: shrink them until they do. */
static void shrink_until_definite(rac_arena *arena, mixed_engine *e, size_t group, size_t variances)
{
    const size_t m = e->sums->visits;
    double *const theta = e->theta + group * e->per_group, *const sigma = rac_many(arena, double, m *m);
    for (int attempt = 0; attempt < 50; attempt++) {
        mixed_structure_fill(&(mixed_shape){e->kind, m, NULL, theta}, sigma, NULL);
        if (mixed_cholesky(sigma, m))
            return;
        for (size_t a = variances; a < e->per_group; a++)
            theta[a] *= 0.8;
    }
}

static bool start_structured(rac_arena *arena, mixed_engine *e, const pairwise *p, size_t group)
{
    const size_t m = e->sums->visits;
    double *const theta = e->theta + group * e->per_group;
    const bool own = mixed_structure_has_own_variances(e->kind);
    for (size_t j = 0; own && j < m; j++)
        theta[j] = 0.5 * log(variance_at(p, m, j, j + 1));
    if (!own)
        theta[0] = 0.5 * log(variance_at(p, m, 0, m));
    if (m > 1) {
        start_correlations(e, p, theta + (own ? m : 1));
        shrink_until_definite(arena, e, group, own ? m : 1);
    }
    return true;
}

/* ---- kinds that use times, and random intercepts ------------------------------------------------- */

static double time_of(const mixed_engine *e, const mixed_pattern *p, size_t j)
{
    if (p->time)
        return p->time[j];
    return e->sums->design->visit_time ? e->sums->design->visit_time[p->visit[j]] : 0;
}

/* Moments: R_jl / n against 1, t_j + t_l, t_j t_l, [j = l], by least squares weighted with n.  Returns how
 * many of the four the visits tell apart. */
static size_t moments(const mixed_engine *e, const mixed_engine *ols, size_t group, double moment[4])
{
    double normal[16] = {0}, right[4] = {0};
    const bool slope = e->kind == RAC_COVARIANCE_RANDOM_SLOPE;
    for (size_t k = 0; k < e->sums->patterns; k++) {
        const mixed_pattern *const p = &e->sums->pattern[k];
        for (size_t j = 0; p->group == group && j < p->seen; j++)
            for (size_t l = 0; l < p->seen; l++) {
                const double a = slope ? time_of(e, p, j) : 0, b = slope ? time_of(e, p, l) : 0;
                const double x[4] = {1, a + b, a * b, j == l};
                for (size_t c = 0; c < 4; c++) {
                    right[c] += x[c] * ols->v[p->square + j * p->seen + l];
                    for (size_t d = 0; d < 4; d++)
                        normal[c * 4 + d] += (double)p->patients * x[c] * x[d];
                }
            }
    }
    /* A pseudo-inverse: a random intercept has two of the four, and too few visits leave some together. */
    double values[4], vectors[16];
    size_t apart = 0;
    mixed_eigen(normal, 4, values, vectors);
    memset(moment, 0, 4 * sizeof *moment);
    for (size_t k = 0; k < 4; k++) {
        if (!(values[k] > 1e-10 * values[3]))
            continue;
        apart++;
        for (size_t c = 0; c < 4; c++)
            moment[c] += vectors[k * 4 + c] * mixed_dot(vectors + k * 4, right, 4) / values[k];
    }
    return apart;
}

static bool start_random(mixed_engine *e, const mixed_engine *ols, size_t group, double total,
                         const char **why)
{
    double moment[4];
    const bool slope = e->kind == RAC_COVARIANCE_RANDOM_SLOPE;
    if (moments(e, ols, group, moment) < (slope ? 4 : 2)) {
        *why = slope ? "a random slope needs patients seen at three times or more"
                     : "a random intercept needs patients seen twice or more";
        return false;
    }
    double *const theta = e->theta + group * e->per_group;
    const double floor = EIGENVALUE_FLOOR * total;
    const double intercept = fmax(moment[0], floor), residual = fmax(moment[3], floor);
    theta[0] = sqrt(intercept);
    theta[e->per_group - 1] = 0.5 * log(residual);
    if (!slope)
        return true;
    const double tilt = fmax(moment[2], floor);
    const double limit = 0.9 * sqrt(intercept * tilt);
    theta[1] = fmin(fmax(moment[1], -limit), limit) / theta[0];
    theta[2] = sqrt(tilt - theta[1] * theta[1]);
    return true;
}

/* The best of a few correlations over a typical step between visits. */
static void start_spatial(mixed_engine *e, double total)
{
    static const double candidates[] = {0.2, 0.5, 0.8, 0.95};
    const mixed_sums *const s = e->sums;
    double steps = 0, length = 0;
    for (size_t k = 0; k < s->patterns; k++)
        for (size_t j = 1; j < s->pattern[k].seen; j++) {
            length += (double)s->pattern[k].patients *
                      fabs(time_of(e, &s->pattern[k], j) - time_of(e, &s->pattern[k], j - 1));
            steps += (double)s->pattern[k].patients;
        }
    const double step = steps > 0 && length > 0 ? length / steps : 1;
    double best = -INFINITY, best_t = 0;
    for (size_t c = 0; c < sizeof candidates / sizeof *candidates; c++) {
        const double r = pow(candidates[c], 1 / step), t = log(r / (1 - r));
        for (size_t g = 0; g < s->groups; g++) {
            e->theta[2 * g] = 0.5 * log(total);
            e->theta[2 * g + 1] = t;
        }
        if (mixed_engine_likelihood(e) && e->log_likelihood > best) {
            best = e->log_likelihood;
            best_t = t;
        }
    }
    for (size_t g = 0; g < s->groups; g++)
        e->theta[2 * g + 1] = best_t;
}

/* ---- all of them --------------------------------------------------------------------------------- */

bool mixed_start(rac_arena *arena, mixed_engine *e, const mixed_engine *ols, const char **why)
{
    const mixed_sums *const s = e->sums;
    const size_t m = s->visits;
    double trace = 0;
    for (size_t k = 0; k < s->patterns; k++)
        for (size_t j = 0; j < s->pattern[k].seen; j++)
            trace += ols->v[s->pattern[k].square + j * s->pattern[k].seen + j];
    const double total = trace / (double)s->observations;
    memcpy(e->beta, ols->beta, s->rank * sizeof *e->beta);
    if (e->kind == RAC_COVARIANCE_SPATIAL) {
        start_spatial(e, total);
        return true;
    }
    for (size_t g = 0; g < s->groups; g++) {
        if (mixed_structure_is_random(e->kind)) {
            if (!start_random(e, ols, g, total, why))
                return false;
            continue;
        }
        const pairwise pairs = pair_up(arena, ols, g);
        for (size_t j = 0; mixed_structure_has_own_variances(e->kind) && j < m; j++) {
            if (pairs.count[j * m + j] == 0) {
                *why = rac_format(arena, "no patient%s was seen at visit %s", of_group(arena, s, g),
                                  s->design->visit_name[j]);
                return false;
            }
            /* 1e-12 of the mean variance is what rounding leaves of a constant column. */
            if (pairs.mean[j * m + j] <= 1e-12 * total) {
                *why = rac_format(arena, "the outcome does not vary at visit %s%s", s->design->visit_name[j],
                                  of_group(arena, s, g));
                return false;
            }
        }
        if (e->kind != RAC_COVARIANCE_UNSTRUCTURED)
            start_structured(arena, e, &pairs, g);
        else if (!start_unstructured(arena, e, &pairs, g, why))
            return false;
    }
    return true;
}
