/* Balance of a covariate between weighted arms: see racemate/stats/weighting.h. */
#include "racemate/stats/weighting.h"

#include <math.h>
#include <stdlib.h>

typedef struct moments {
    double weight, squares; /* sums of w and w^2 */
    double mean, variance;
} moments;

typedef enum group { CONTROL, TREATED, EVERYONE } group;

static bool belongs(group who, bool treated)
{
    return who == EVERYONE || (who == TREATED) == treated;
}

/* `weight` NULL means 1. */
static moments moments_of(const rac_weighting_data *data, const double *x, const double *weight, group who,
                          bool binary)
{
    moments m = {0};
    double sum = 0, spread = 0;
    for (size_t i = 0; i < data->rows; i++)
        if (belongs(who, data->treated[i])) {
            const double w = weight ? weight[i] : 1;
            m.weight += w;
            m.squares += w * w;
            sum += w * x[i];
        }
    m.mean = sum / m.weight;
    for (size_t i = 0; i < data->rows; i++)
        if (belongs(who, data->treated[i]))
            spread += (weight ? weight[i] : 1) * (x[i] - m.mean) * (x[i] - m.mean);
    m.variance = binary ? m.mean * (1 - m.mean) : spread * m.weight / (m.weight * m.weight - m.squares);
    return m;
}

static double pooled_deviation(const rac_weighting_data *data, const rac_weighting *weighting,
                               const double *x, bool binary)
{
    const moments treated = moments_of(data, x, NULL, TREATED, binary);
    const moments control = moments_of(data, x, NULL, CONTROL, binary);
    switch (weighting->options.estimand) {
    case RAC_ESTIMAND_ATE:
        break;
    case RAC_ESTIMAND_ATT:
        return sqrt(treated.variance);
    case RAC_ESTIMAND_ATC:
        return sqrt(control.variance);
    case RAC_ESTIMAND_ATO:
    case RAC_ESTIMAND_ATM:
        return sqrt(moments_of(data, x, weighting->weight, EVERYONE, binary).variance);
    }
    return sqrt((treated.variance + control.variance) / 2);
}

typedef struct point {
    double x, step;
} point;

static int by_x(const void *left, const void *right)
{
    const double a = ((const point *)left)->x, b = ((const point *)right)->x;
    return a < b ? -1 : a > b;
}

static double kolmogorov_smirnov(rac_arena *arena, const rac_weighting_data *data, const double *x,
                                 const double *weight, double sum_treated, double sum_control)
{
    point *const points = rac_many(arena, point, data->rows);
    for (size_t i = 0; i < data->rows; i++) {
        const double w = weight ? weight[i] : 1;
        points[i] = (point){x[i], data->treated[i] ? w / sum_treated : -w / sum_control};
    }
    qsort(points, data->rows, sizeof *points, by_x);
    double distance = 0, most = 0;
    for (size_t i = 0; i < data->rows; i++) {
        distance += points[i].step;
        if (i + 1 == data->rows || points[i + 1].x > points[i].x)
            most = fmax(most, fabs(distance));
    }
    return most;
}

static double ratio(moments treated, moments control, bool binary)
{
    if (binary || !(control.variance > 0) || !isfinite(treated.variance))
        return NAN;
    return treated.variance / control.variance;
}

/* Differences at rounding level are 0, so that a constant covariate does not become 0/0. */
static double standardised(double difference, double deviation, double size)
{
    return fabs(difference) <= 1e-14 * size ? 0 : difference / deviation;
}

rac_status rac_balance_of(rac_arena *arena, const rac_weighting_data *data, const rac_weighting *weighting,
                          const double *x, rac_balance *balance, rac_error *err)
{
    bool binary = true;
    double size = 0;
    for (size_t i = 0; i < data->rows; i++) {
        if (!isfinite(x[i]))
            return rac_fail(err, RAC_INVALID, "row %zu: the covariate is missing or not finite", i + 1);
        binary = binary && (x[i] == 0 || x[i] == 1);
        size = fmax(size, fabs(x[i]));
    }
    if (!(weighting->sum_treated > 0 && weighting->sum_control > 0))
        return rac_fail(err, RAC_INVALID, "the %s arm has no weight",
                        weighting->sum_treated > 0 ? "control" : "treated");
    const moments treated_raw = moments_of(data, x, NULL, TREATED, binary);
    const moments control_raw = moments_of(data, x, NULL, CONTROL, binary);
    const moments treated = moments_of(data, x, weighting->weight, TREATED, binary);
    const moments control = moments_of(data, x, weighting->weight, CONTROL, binary);
    const double deviation = pooled_deviation(data, weighting, x, binary);
    *balance = (rac_balance){
        .binary = binary,
        .mean_treated_raw = treated_raw.mean,
        .mean_control_raw = control_raw.mean,
        .mean_treated = treated.mean,
        .mean_control = control.mean,
        .smd_raw = standardised(treated_raw.mean - control_raw.mean, deviation, size),
        .smd = standardised(treated.mean - control.mean, deviation, size),
        .variance_ratio_raw = ratio(treated_raw, control_raw, binary),
        .variance_ratio = ratio(treated, control, binary),
        .ks_raw = kolmogorov_smirnov(arena, data, x, NULL, treated_raw.weight, control_raw.weight),
        .ks = kolmogorov_smirnov(arena, data, x, weighting->weight, treated.weight, control.weight),
    };
    if (!isfinite(balance->smd_raw) || !isfinite(balance->smd))
        return rac_fail(
            err, RAC_INVALID,
            "the covariate differs between the arms but does not vary: no standardised difference");
    return RAC_OK;
}
