/* stats/mixed_structure.c: covariance kinds and their derivatives, entry by entry. */
#include "stats/mixed_structure.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    const char *words;
} kinds[RAC_COVARIANCE_COUNT] = {
#define X(name, short_name, words) [name] = {short_name, words},
    RAC_COVARIANCE_LIST(X)
#undef X
};

const char *rac_covariance_name(rac_covariance covariance)
{
    return covariance < RAC_COVARIANCE_COUNT ? kinds[covariance].name : "?";
}

const char *rac_covariance_words(rac_covariance covariance)
{
    return covariance < RAC_COVARIANCE_COUNT ? kinds[covariance].words : "?";
}

bool mixed_structure_is_random(rac_covariance kind)
{
    return kind == RAC_COVARIANCE_RANDOM_INTERCEPT || kind == RAC_COVARIANCE_RANDOM_SLOPE;
}

bool mixed_structure_uses_time(rac_covariance kind)
{
    return kind == RAC_COVARIANCE_SPATIAL || kind == RAC_COVARIANCE_RANDOM_SLOPE;
}

bool mixed_structure_has_own_variances(rac_covariance kind)
{
    return kind == RAC_COVARIANCE_UNSTRUCTURED || kind == RAC_COVARIANCE_TOEPLITZ_OWN ||
           kind == RAC_COVARIANCE_ANTE_OWN || kind == RAC_COVARIANCE_AR1_OWN ||
           kind == RAC_COVARIANCE_COMPOUND_OWN;
}

size_t rac_covariance_parameters(rac_covariance covariance, size_t visits)
{
    const size_t variances = mixed_structure_has_own_variances(covariance) ? visits : 1;
    const size_t lags = visits > 0 ? visits - 1 : 0;
    switch (covariance) {
    case RAC_COVARIANCE_UNSTRUCTURED:
        return visits * (visits + 1) / 2;
    case RAC_COVARIANCE_TOEPLITZ_OWN:
    case RAC_COVARIANCE_TOEPLITZ:
    case RAC_COVARIANCE_ANTE_OWN:
    case RAC_COVARIANCE_ANTE:
        return variances + lags;
    case RAC_COVARIANCE_AR1_OWN:
    case RAC_COVARIANCE_AR1:
    case RAC_COVARIANCE_COMPOUND_OWN:
    case RAC_COVARIANCE_COMPOUND:
        return variances + (lags > 0 ? 1 : 0);
    case RAC_COVARIANCE_SPATIAL:
    case RAC_COVARIANCE_RANDOM_INTERCEPT:
        return 2;
    case RAC_COVARIANCE_RANDOM_SLOPE:
        return 4;
    case RAC_COVARIANCE_COUNT:
        break;
    }
    return 0;
}

/* ---- one entry: value, and derivatives in the few parameters it depends on ----------------------- */

#define ACTIVE_MAX (2 * RAC_MIXED_VISITS_MAX + 2)

typedef struct jet {
    double value;
    size_t count;
    size_t parameter[ACTIVE_MAX];
    double first[ACTIVE_MAX];
    double second[ACTIVE_MAX * ACTIVE_MAX]; /* count x count */
} jet;

static double logistic(double t)
{
    return t >= 0 ? 1 / (1 + exp(-t)) : exp(t) / (1 + exp(t));
}

/* A correlation r(t) with r' and r''. */
typedef struct correlation {
    double r, first, second;
} correlation;

static bool is_compound(rac_covariance kind)
{
    return kind == RAC_COVARIANCE_COMPOUND_OWN || kind == RAC_COVARIANCE_COMPOUND;
}

static correlation correlation_at(rac_covariance kind, size_t visits, double t)
{
    if (is_compound(kind)) {
        const double floor = 1 / (double)(visits - 1), p = logistic(t);
        return (correlation){p * (1 + floor) - floor, (1 + floor) * p * (1 - p),
                             (1 + floor) * p * (1 - p) * (1 - 2 * p)};
    }
    const double u = 1 + t * t;
    return (correlation){t / sqrt(u), 1 / (u * sqrt(u)), -3 * t / (u * u * sqrt(u))};
}

double mixed_structure_correlation(rac_covariance kind, size_t visits, double t)
{
    return correlation_at(kind, visits, t).r;
}

double mixed_structure_working(rac_covariance kind, size_t visits, double r)
{
    if (is_compound(kind)) {
        const double floor = 1 / (double)(visits - 1), p = (r + floor) / (1 + floor);
        const double inside = fmin(fmax(p, 0.01), 0.99);
        return log(inside / (1 - inside));
    }
    const double inside = fmin(fmax(r, -0.98), 0.98);
    return inside / sqrt(1 - inside * inside);
}

static void jet_add(jet *j, size_t parameter, double first)
{
    j->parameter[j->count] = parameter;
    j->first[j->count] = first;
    j->count++;
}

/* rho_ij in the correlation parameters, which begin at `from`; i > j. */
static void correlation_jet(const mixed_shape *s, size_t from, size_t i, size_t j, jet *out)
{
    const double *const t = s->theta + from;
    const size_t lag = i - j;
    switch (s->kind) {
    case RAC_COVARIANCE_TOEPLITZ_OWN:
    case RAC_COVARIANCE_TOEPLITZ: {
        const correlation c = correlation_at(s->kind, s->visits, t[lag - 1]);
        out->value = c.r;
        jet_add(out, from + lag - 1, c.first);
        out->second[0] = c.second;
        return;
    }
    case RAC_COVARIANCE_COMPOUND_OWN:
    case RAC_COVARIANCE_COMPOUND: {
        const correlation c = correlation_at(s->kind, s->visits, t[0]);
        out->value = c.r;
        jet_add(out, from, c.first);
        out->second[0] = c.second;
        return;
    }
    case RAC_COVARIANCE_AR1_OWN:
    case RAC_COVARIANCE_AR1: {
        const correlation c = correlation_at(s->kind, s->visits, t[0]);
        const double n = (double)lag, power = lag > 1 ? pow(c.r, n - 2) : 0;
        out->value = lag > 1 ? power * c.r * c.r : c.r;
        jet_add(out, from, lag > 1 ? n * power * c.r * c.first : c.first);
        out->second[0] =
            lag > 1 ? n * (n - 1) * power * c.first * c.first + n * power * c.r * c.second : c.second;
        return;
    }
    case RAC_COVARIANCE_ANTE_OWN:
    case RAC_COVARIANCE_ANTE: {
        correlation step[RAC_MIXED_VISITS_MAX];
        out->value = 1;
        for (size_t k = 0; k < lag; k++) {
            step[k] = correlation_at(s->kind, s->visits, t[j + k]);
            out->value *= step[k].r;
        }
        for (size_t a = 0; a < lag; a++) {
            double rest = 1;
            for (size_t k = 0; k < lag; k++)
                rest *= k == a ? 1 : step[k].r;
            jet_add(out, from + j + a, rest * step[a].first);
            for (size_t b = 0; b < lag; b++) {
                double others = 1;
                for (size_t k = 0; k < lag; k++)
                    others *= k == a || k == b ? 1 : step[k].r;
                out->second[a * lag + b] = others * (a == b ? step[a].second : step[a].first * step[b].first);
            }
        }
        return;
    }
    case RAC_COVARIANCE_SPATIAL: {
        /* r^d with r = logistic(t): d r^d (1 - r), then its derivative. */
        const double d = fabs(s->time[i] - s->time[j]), r = logistic(t[0]);
        out->value = pow(r, d);
        jet_add(out, from, d * out->value * (1 - r));
        out->second[0] = d * out->value * (1 - r) * (d * (1 - r) - r);
        return;
    }
    default:
        return;
    }
}

/* Unit lower triangle row i, column k, of the unstructured parametrisation. */
static double triangle(const mixed_shape *s, size_t i, size_t k, size_t *parameter)
{
    if (i == k)
        return 1;
    *parameter = s->visits + i * (i - 1) / 2 + k;
    return s->theta[*parameter];
}

static void unstructured_jet(const mixed_shape *s, size_t i, size_t j, jet *out)
{
    /* (T T')_ij = sum over k <= j of T_ik T_jk, i >= j. */
    size_t row[RAC_MIXED_VISITS_MAX], column[RAC_MIXED_VISITS_MAX]; /* positions of T_ik, T_jk in the jet */
    double ti[RAC_MIXED_VISITS_MAX], tj[RAC_MIXED_VISITS_MAX];
    out->value = 0;
    for (size_t k = 0; k <= j; k++) {
        size_t at_i = 0, at_j = 0;
        ti[k] = triangle(s, i, k, &at_i);
        tj[k] = triangle(s, j, k, &at_j);
        out->value += ti[k] * tj[k];
        row[k] = column[k] = ACTIVE_MAX;
        if (i == j && k < i) {
            row[k] = out->count;
            jet_add(out, at_i, 2 * ti[k]);
        } else {
            if (k < i) {
                row[k] = out->count;
                jet_add(out, at_i, tj[k]);
            }
            if (k < j) {
                column[k] = out->count;
                jet_add(out, at_j, ti[k]);
            }
        }
    }
    memset(out->second, 0, out->count * out->count * sizeof *out->second);
    for (size_t k = 0; k <= j; k++)
        if (i == j && row[k] < ACTIVE_MAX)
            out->second[row[k] * out->count + row[k]] = 2;
        else if (row[k] < ACTIVE_MAX && column[k] < ACTIVE_MAX)
            out->second[row[k] * out->count + column[k]] = out->second[column[k] * out->count + row[k]] = 1;
}

static void random_jet(const mixed_shape *s, size_t i, size_t j, jet *out)
{
    const double *const t = s->theta;
    const bool slope = s->kind == RAC_COVARIANCE_RANDOM_SLOPE;
    const size_t n = slope ? 4 : 2, residual = n - 1;
    const double noise = i == j ? exp(2 * t[residual]) : 0;
    memset(out->second, 0, n * n * sizeof *out->second);
    if (!slope) {
        out->value = t[0] * t[0] + noise;
        jet_add(out, 0, 2 * t[0]);
        out->second[0] = 2;
    } else {
        const double a = s->time[i], b = s->time[j];
        const double wi = t[0] + a * t[1], wj = t[0] + b * t[1];
        /* z_i' L L' z_j = (l11 + a l21)(l11 + b l21) + a b l22^2. */
        out->value = wi * wj + a * b * t[2] * t[2] + noise;
        jet_add(out, 0, wi + wj);
        jet_add(out, 1, a * wj + b * wi);
        jet_add(out, 2, 2 * a * b * t[2]);
        out->second[0] = 2;
        out->second[1] = out->second[n] = a + b;
        out->second[n + 1] = 2 * a * b;
        out->second[2 * n + 2] = 2 * a * b;
    }
    jet_add(out, residual, 2 * noise);
    out->second[residual * n + residual] = 4 * noise;
}

/* Multiplies a correlation jet by exp(a_i + a_j). */
static void scale_by_sd(const mixed_shape *s, size_t i, size_t j, jet *out)
{
    const bool own = mixed_structure_has_own_variances(s->kind);
    const size_t at[2] = {own ? i : 0, own ? j : 0};
    const double scale = exp(s->theta[at[0]] + s->theta[at[1]]);
    const size_t old = out->count, added = at[0] == at[1] ? 1 : 2, n = old + added;
    const double times = at[0] == at[1] ? 2 : 1; /* how often the parameter stands in a_i + a_j */
    double wide[ACTIVE_MAX];
    for (size_t a = old; a-- > 0;) { /* rows move apart: from the last to the first */
        memcpy(wide, out->second + a * old, old * sizeof *wide);
        for (size_t b = 0; b < old; b++)
            out->second[a * n + b] = scale * wide[b];
    }
    for (size_t a = 0; a < old; a++) {
        out->first[a] *= scale;
        for (size_t x = 0; x < added; x++)
            out->second[a * n + old + x] = out->second[(old + x) * n + a] = times * out->first[a];
    }
    out->value *= scale;
    for (size_t x = 0; x < added; x++) {
        jet_add(out, at[x], times * out->value);
        for (size_t y = 0; y < added; y++)
            out->second[(old + x) * n + old + y] = times * times * out->value;
    }
}

static void entry(const mixed_shape *s, size_t i, size_t j, jet *out)
{
    out->count = 0;
    out->value = 1;
    if (mixed_structure_is_random(s->kind)) {
        random_jet(s, i, j, out);
        return;
    }
    const size_t from = mixed_structure_has_own_variances(s->kind) ? s->visits : 1;
    if (s->kind == RAC_COVARIANCE_UNSTRUCTURED)
        unstructured_jet(s, i, j, out);
    else if (i != j)
        correlation_jet(s, from, i, j, out);
    scale_by_sd(s, i, j, out);
}

/* ---- whole matrices ------------------------------------------------------------------------------ */

void mixed_structure_fill(const mixed_shape *s, double *sigma, double *derivative)
{
    const size_t m = s->visits, n = rac_covariance_parameters(s->kind, m);
    if (derivative)
        memset(derivative, 0, n * m * m * sizeof *derivative);
    jet at;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++) {
            entry(s, i, j, &at);
            sigma[i * m + j] = sigma[j * m + i] = at.value;
            for (size_t a = 0; derivative && a < at.count; a++) {
                double *const d = derivative + at.parameter[a] * m * m;
                d[i * m + j] = d[j * m + i] = at.first[a];
            }
        }
}

void mixed_structure_second(const mixed_shape *s, const double *g, double *second, size_t stride)
{
    const size_t m = s->visits;
    jet at;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++) {
            entry(s, i, j, &at);
            const double weight = (i == j ? 1 : 2) * g[i * m + j];
            for (size_t a = 0; a < at.count; a++)
                for (size_t b = 0; b < at.count; b++)
                    second[at.parameter[a] * stride + at.parameter[b]] +=
                        weight * at.second[a * at.count + b];
        }
}

void mixed_structure_second_sum(const mixed_shape *s, const double *v, size_t stride, double *out)
{
    const size_t m = s->visits;
    jet at;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++) {
            entry(s, i, j, &at);
            double sum = 0;
            for (size_t a = 0; a < at.count; a++)
                for (size_t b = 0; b < at.count; b++)
                    sum += v[at.parameter[a] * stride + at.parameter[b]] * at.second[a * at.count + b];
            out[i * m + j] = out[j * m + i] = sum;
        }
}
