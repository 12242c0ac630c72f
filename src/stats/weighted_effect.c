/* The weighted effect and its error: see racemate/stats/weighting.h.
 *
 * Stacked estimating functions (Stefanski & Boos 2002), eta = x'b, e = expit(eta), z = (1, a)':
 *     psi1 = (a - e) x                     the propensity model
 *     psi2 = w(e, a) (y - m(z'theta)) z    weighted means; m the identity or expit
 * B11 = sum e (1-e) x x', B22 = sum w m' z z', B21 = -sum dw/deta (y - m) z x'.  The variance is
 * B^-1 M B^-T; for theta each row counts with B22^-1 (psi2 - B21 B11^-1 psi1). */
#include "racemate/stats/distributions.h"
#include "stats/weights.h"

#include <math.h>

static const double effective_least = 10;

typedef struct arm {
    double weight, mean;
    double bread; /* sum of w m' */
} arm;

static rac_status check_outcome(const rac_weighting_data *data, const rac_effect_options *options,
                                rac_error *err)
{
    for (size_t i = 0; i < data->rows; i++) {
        const double y = options->y[i];
        if (isnan(y))
            continue;
        if (isinf(y))
            return rac_fail(err, RAC_INVALID, "row %zu: the outcome is infinite", i + 1);
        if (options->scale == RAC_EFFECT_LOG_ODDS && y != 0 && y != 1)
            return rac_fail(err, RAC_INVALID, "row %zu has outcome %g, log odds need 0 or 1", i + 1, y);
    }
    return RAC_OK;
}

static rac_status arm_of(const rac_weighting_data *data, const rac_weighting *weighting,
                         const rac_effect_options *options, bool treated, arm *out, rac_error *err)
{
    const char *const name = treated ? "treated" : "control";
    double sum = 0;
    *out = (arm){0};
    for (size_t i = 0; i < data->rows; i++)
        if (data->treated[i] == treated && !isnan(options->y[i])) {
            out->weight += weighting->weight[i];
            sum += weighting->weight[i] * options->y[i];
        }
    if (!(out->weight > 0))
        return rac_fail(err, RAC_INVALID, "the %s arm has nobody with both an outcome and a weight", name);
    out->mean = sum / out->weight;
    out->bread = out->weight;
    if (options->scale == RAC_EFFECT_LOG_ODDS) {
        out->bread *= out->mean * (1 - out->mean);
        if (!(out->bread > 0))
            return rac_fail(err, RAC_INVALID,
                            "the %s arm has the outcome %g in every row: its log odds are infinite", name,
                            out->mean);
    }
    return RAC_OK;
}

/* True where the weight is w(e): neither trimmed nor lowered by truncation. */
static bool moves_with_propensity(const rac_weighting *weighting, size_t row, bool treated, double factor)
{
    const double w = weighting->weight[row];
    const double full =
        factor * rac_weight_at(weighting->options.estimand, treated, weighting->propensity[row]);
    return w > 0 && fabs(w - full) <= 1e-12 * full;
}

/* The row vector c B21 B11^-1 with c the contrast of theta: how the effect leans on each coefficient of
 * the propensity model. */
static double *lean_on_propensity(rac_arena *arena, const rac_weighting_data *data,
                                  const rac_weighting *weighting, const rac_effect_options *options,
                                  const arm arms[2], const double factor[2])
{
    const size_t p = data->columns;
    double *const row = rac_many(arena, double, p), *const lean = rac_many(arena, double, p);
    for (size_t i = 0; i < data->rows; i++) {
        const bool a = data->treated[i];
        if (isnan(options->y[i]) || !moves_with_propensity(weighting, i, a, factor[a]))
            continue;
        const double slope =
            factor[a] * rac_weight_slope(weighting->options.estimand, a, weighting->propensity[i]);
        const double times = -slope * (options->y[i] - arms[a].mean) * (a ? 1 : -1) / arms[a].bread;
        for (size_t j = 0; j < p; j++)
            row[j] += times * data->x[i * p + j];
    }
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k < p; k++)
            lean[k] += row[j] * weighting->model.covariance[j * p + k];
    return lean;
}

rac_status rac_weighting_effect(rac_arena *arena, const rac_weighting_data *data,
                                const rac_weighting *weighting, const rac_effect_options *options,
                                rac_weighted_effect *effect, rac_error *err)
{
    const double level = options->level != 0 ? options->level : 0.95;
    if (!(level > 0 && level < 1))
        return rac_fail(err, RAC_INVALID, "confidence level %g must lie between 0 and 1", level);
    arm arms[2];
    rac_status status = check_outcome(data, options, err);
    for (int a = 0; a < 2 && status == RAC_OK; a++)
        status = arm_of(data, weighting, options, a, &arms[a], err);
    if (status != RAC_OK)
        return status;
    double count[2] = {0};
    for (size_t i = 0; i < data->rows; i++)
        count[data->treated[i]]++;
    const double all = count[0] + count[1];
    const bool stabilised = weighting->options.stabilise;
    const double factor[2] = {stabilised ? count[0] / all : 1, stabilised ? count[1] / all : 1};
    const double *const lean = lean_on_propensity(arena, data, weighting, options, arms, factor);
    double variance = 0, fixed = 0;
    double *const seen = rac_many(arena, double, data->rows);
    *effect = (rac_weighted_effect){.mean_treated = arms[1].mean, .mean_control = arms[0].mean};
    for (size_t i = 0; i < data->rows; i++) {
        const bool a = data->treated[i];
        double direct = 0, through = 0;
        if (isnan(options->y[i])) {
            effect->missing++;
        } else {
            seen[i] = weighting->weight[i];
            direct = weighting->weight[i] * (options->y[i] - arms[a].mean) * (a ? 1 : -1) / arms[a].bread;
        }
        for (size_t j = 0; j < data->columns; j++)
            through += lean[j] * data->x[i * data->columns + j];
        through *= a - weighting->propensity[i];
        fixed += direct * direct;
        variance += (direct - through) * (direct - through);
    }
    const double value = options->scale == RAC_EFFECT_LOG_ODDS
                             ? log(arms[1].mean / (1 - arms[1].mean)) - log(arms[0].mean / (1 - arms[0].mean))
                             : arms[1].mean - arms[0].mean;
    effect->effect = rac_term_of(value, variance, INFINITY, level);
    effect->fixed = rac_term_of(value, fixed, INFINITY, level);
    effect->effective_treated = rac_effective_size(data->rows, data->treated, true, seen);
    effect->effective_control = rac_effective_size(data->rows, data->treated, false, seen);
    effect->too_few = fmin(effect->effective_treated, effect->effective_control) < effective_least;
    return RAC_OK;
}
