/* Bootstrap intervals: see racemate/stats/bootstrap.h. */
#include "racemate/stats/bootstrap.h"
#include "racemate/stats/distributions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Type 7: linear between the order statistics, at 1 + (n - 1) p. */
double rac_sorted_quantile(const double *sorted, size_t count, double probability)
{
    const double place = (double)(count - 1) * probability;
    const size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

static double answer(rac_statistic statistic, void *context, const double *counts)
{
    double value;
    return statistic(context, counts, &value) && isfinite(value) ? value : NAN;
}

void rac_bootstrap_replicates(rac_arena *arena, const rac_resampling *resampling, uint64_t seed, size_t first,
                              size_t count, rac_statistic statistic, void *context, double *values)
{
    double *const counts = rac_many(arena, double, resampling->rows);
    double *const unit_counts = rac_many(arena, double, resampling->units);
    for (size_t b = 0; b < count; b++) {
        rac_resampling_draw(resampling, seed, first + b, unit_counts, counts);
        values[b] = answer(statistic, context, counts);
    }
}

static void replicate_all(rac_arena *arena, const rac_resampling *resampling,
                          const rac_bootstrap_options *options, rac_statistic statistic, void *context,
                          rac_bootstrap *result)
{
    const size_t n = result->replicates;
    if (options->values)
        memcpy(result->value, options->values, n * sizeof *result->value);
    else if (options->counts)
        for (size_t b = 0; b < n; b++)
            result->value[b] = answer(statistic, context, options->counts + b * resampling->rows);
    else
        rac_bootstrap_replicates(arena, resampling, options->seed, 0, n, statistic, context, result->value);
    for (size_t b = 0; b < n; b++)
        result->failed += isnan(result->value[b]);
}

/* Leaves out one unit at a time; acceleration = sum l^3 / (6 (sum l^2)^(3/2)), l = mean - value (Efron 1987).
 */
static bool jackknife(rac_arena *arena, const rac_resampling *resampling, rac_statistic statistic,
                      void *context, double *se, double *acceleration)
{
    const size_t n = resampling->units;
    double *const value = rac_many(arena, double, n), *const counts =
                                                          rac_many(arena, double, resampling->rows);
    double mean = 0, squares = 0, cubes = 0;
    for (size_t u = 0; u < n; u++) {
        for (size_t i = 0; i < resampling->rows; i++)
            counts[i] = resampling->unit_of_row[i] != u;
        if (!statistic(context, counts, &value[u]) || !isfinite(value[u]))
            return false;
        mean += value[u] / (double)n;
    }
    for (size_t u = 0; u < n; u++) {
        const double l = mean - value[u];
        squares += l * l;
        cubes += l * l * l;
    }
    *se = sqrt((double)(n - 1) / (double)n * squares);
    *acceleration = squares > 0 ? cubes / (6 * pow(squares, 1.5)) : 0;
    return true;
}

static rac_limits bca_limits(const rac_bootstrap *result, const double *sorted, size_t count, double z)
{
    double limit[2];
    for (int side = 0; side < 2; side++) {
        const double reach = result->bca_z0 + (side ? z : -z);
        const double shifted = result->bca_z0 + reach / (1 - result->bca_acceleration * reach);
        limit[side] = rac_sorted_quantile(sorted, count, rac_normal_lower(shifted));
    }
    return (rac_limits){limit[0], limit[1]};
}

/* Everything that follows from the replicates that exist. */
static void describe(rac_arena *arena, double level, rac_bootstrap *result)
{
    const double z = rac_normal_critical(level), tail = (1 - level) / 2, t0 = result->estimate;
    double *const sorted = rac_many(arena, double, result->replicates);
    size_t count = 0, below = 0;
    double mean = 0, squares = 0;
    for (size_t b = 0; b < result->replicates; b++)
        if (!isnan(result->value[b]))
            sorted[count++] = result->value[b];
    for (size_t b = 0; b < count; b++) {
        mean += sorted[b] / (double)count;
        below += sorted[b] < t0;
    }
    for (size_t b = 0; b < count; b++)
        squares += (sorted[b] - mean) * (sorted[b] - mean);
    qsort(sorted, count, sizeof *sorted, ascending);
    result->se = sqrt(squares / (double)(count - 1));
    result->bias = mean - t0;
    const double low = rac_sorted_quantile(sorted, count, tail);
    const double high = rac_sorted_quantile(sorted, count, 1 - tail);
    result->percentile = (rac_limits){low, high};
    result->basic = (rac_limits){2 * t0 - high, 2 * t0 - low};
    result->normal = (rac_limits){t0 - result->bias - z * result->se, t0 - result->bias + z * result->se};
    result->bca_known = below > 0 && below < count && !isnan(result->bca_acceleration);
    if (below > 0 && below < count)
        result->bca_z0 = rac_normal_quantile((double)below / (double)count);
    if (result->bca_known)
        result->bca = bca_limits(result, sorted, count, z);
}

rac_status rac_bootstrap_run(rac_arena *arena, const rac_resampling *resampling,
                             const rac_bootstrap_options *options, rac_statistic statistic, void *context,
                             rac_bootstrap *result, rac_error *err)
{
    const double level = options->level != 0 ? options->level : 0.95;
    if (options->replicates < 2)
        return rac_fail(err, RAC_INVALID, "%zu bootstrap replicates are too few: at least 2",
                        options->replicates);
    if (!(level > 0 && level < 1))
        return rac_fail(err, RAC_INVALID, "confidence level %g must lie between 0 and 1", level);
    *result = (rac_bootstrap){.replicates = options->replicates,
                              .value = rac_many(arena, double, options->replicates),
                              .bca = {NAN, NAN},
                              .bca_z0 = NAN,
                              .bca_acceleration = NAN,
                              .se_jackknife = NAN};
    double *const once = rac_many(arena, double, resampling->rows);
    for (size_t i = 0; i < resampling->rows; i++)
        once[i] = 1;
    if (!statistic(context, once, &result->estimate) || !isfinite(result->estimate))
        return rac_fail(err, RAC_INVALID, "the statistic does not exist for the data as they are");
    replicate_all(arena, resampling, options, statistic, context, result);
    if (result->replicates - result->failed < 2)
        return rac_fail(err, RAC_INVALID, "%zu of %zu bootstrap replicates failed", result->failed,
                        result->replicates);
    double se, acceleration;
    if (jackknife(arena, resampling, statistic, context, &se, &acceleration)) {
        result->se_jackknife = se;
        result->bca_acceleration = acceleration;
    }
    describe(arena, level, result);
    return RAC_OK;
}
