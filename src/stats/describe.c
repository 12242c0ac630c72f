#include "racemate/stats/describe.h"

#include <float.h>

#include "racemate/stats/distributions.h"
#include "stats/dense.h"
#include "stats/moments.h"
#include "stats/order.h"

/* The quantile of n sorted values; n > 0. */
static double quantile_sorted(const double *x, size_t n, double p, rac_quantile_type type)
{
    if (type == RAC_QUANTILE_SAS) {
        /* A rank within rounding of a whole number is that number (R uses the same width). */
        const double rank = (double)n * p, j = floor(rank + 4 * DBL_EPSILON);
        const bool step = fabs(rank - j) < 4 * DBL_EPSILON;
        const double below = fmax(1, fmin(j, (double)n)), above = fmax(1, fmin(j + 1, (double)n));
        const double low = x[(size_t)below - 1], high = x[(size_t)above - 1];
        return step ? (low + high) / 2 : high;
    }
    const double h = (double)(n - 1) * p, j = floor(h + 4 * DBL_EPSILON), fraction = fmax(0, h - j);
    const size_t low = (size_t)j, high = low + 1 < n ? low + 1 : n - 1;
    return fraction < 4 * DBL_EPSILON ? x[low] : x[low] + fraction * (x[high] - x[low]);
}

static rac_status check_type(rac_quantile_type type, rac_error *err)
{
    if (type == RAC_QUANTILE_SAS || type == RAC_QUANTILE_R)
        return RAC_OK;
    return rac_fail(err, RAC_UNSUPPORTED, "quantile type %d is not offered, only 2 and 7", (int)type);
}

rac_status rac_describe(rac_arena *arena, rac_values sample, rac_quantile_type type, rac_description *out,
                        rac_error *err)
{
    stats_moments moments;
    rac_status status = check_type(type, err);
    if (status == RAC_OK)
        status = stats_moments_of(sample, &moments, err);
    if (status != RAC_OK)
        return status;
    const double none = RAC_NOT_ESTIMABLE;
    *out = (rac_description){
        moments.n, moments.missing, moments.mean, sqrt(moments.variance), none, none, none, none, none};
    size_t n;
    const double *const x = stats_sorted(arena, sample.values, sample.count, &n);
    if (n == 0)
        return RAC_OK;
    out->median = quantile_sorted(x, n, 0.5, type);
    out->q1 = quantile_sorted(x, n, 0.25, type);
    out->q3 = quantile_sorted(x, n, 0.75, type);
    out->min = x[0];
    out->max = x[n - 1];
    return RAC_OK;
}

rac_status rac_sample_quantile(rac_arena *arena, rac_values sample, double probability,
                               rac_quantile_type type, double *out, rac_error *err)
{
    stats_moments moments;
    rac_status status = check_type(type, err);
    if (status == RAC_OK && !(probability >= 0 && probability <= 1))
        status = rac_fail(err, RAC_INVALID, "the quantile's probability is %g, allowed 0 to 1", probability);
    if (status == RAC_OK)
        status = stats_moments_of(sample, &moments, err);
    if (status != RAC_OK)
        return status;
    size_t n;
    const double *const x = stats_sorted(arena, sample.values, sample.count, &n);
    *out = n > 0 ? quantile_sorted(x, n, probability, type) : RAC_NOT_ESTIMABLE;
    return RAC_OK;
}

rac_status rac_percent_change_of_means(const double *earlier, const double *later, size_t count,
                                       rac_percent_of_means *out, rac_error *err)
{
    rac_percent_of_means result = {0};
    double earlier_sum = 0, later_sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(earlier[i]) || isnan(later[i]))
            continue;
        if (isinf(earlier[i]) || isinf(later[i]))
            return rac_fail(err, RAC_INVALID, "pair %zu has an infinite value", i + 1);
        earlier_sum += earlier[i];
        later_sum += later[i];
        result.pairs++;
    }
    const double n = (double)result.pairs;
    result.earlier_mean = n > 0 ? earlier_sum / n : RAC_NOT_ESTIMABLE;
    result.later_mean = n > 0 ? later_sum / n : RAC_NOT_ESTIMABLE;
    result.percent = n > 0 && earlier_sum != 0 ? 100 * (later_sum / earlier_sum - 1) : RAC_NOT_ESTIMABLE;
    *out = result;
    return RAC_OK;
}

/* ---- balance ------------------------------------------------------------------------------ */

/* The largest gap between two empirical distributions, both groups sorted and not empty. */
static double largest_gap(const double *a, size_t n, const double *b, size_t m)
{
    double gap = 0;
    for (size_t i = 0, j = 0; i < n && j < m;) {
        const double value = fmin(a[i], b[j]);
        while (i < n && a[i] <= value)
            i++;
        while (j < m && b[j] <= value)
            j++;
        gap = fmax(gap, fabs((double)i / (double)n - (double)j / (double)m));
    }
    return gap;
}

/* d over the root of the mean variance, and its interval. */
static void standardise(double difference, double variance1, double n1, double variance2, double n2,
                        double level, rac_standardised *out)
{
    const double pooled = sqrt((variance1 + variance2) / 2);
    out->variance_ratio = variance2 > 0 ? variance1 / variance2 : RAC_NOT_ESTIMABLE;
    if (pooled == 0) {
        out->difference = difference == 0 ? 0 : RAC_NOT_ESTIMABLE;
        out->interval = (rac_interval){RAC_NOT_ESTIMABLE, RAC_NOT_ESTIMABLE};
        out->notes |= RAC_NOTE_CONSTANT;
        return;
    }
    const double d = difference / pooled, n = n1 + n2;
    const double half = rac_normal_critical(level) * sqrt(n / (n1 * n2) + d * d / (2 * n));
    out->difference = d;
    out->interval = (rac_interval){d - half, d + half};
}

static rac_standardised unknown_difference(rac_notes notes)
{
    const double none = RAC_NOT_ESTIMABLE;
    return (rac_standardised){none, {none, none}, none, none, notes};
}

rac_status rac_standardised_continuous(rac_arena *arena, rac_values first, rac_values second, double level,
                                       rac_standardised *out, rac_error *err)
{
    stats_moments a, b;
    rac_status status = stats_check_level(level, err);
    if (status == RAC_OK)
        status = stats_moments_of(first, &a, err);
    if (status == RAC_OK)
        status = stats_moments_of(second, &b, err);
    if (status != RAC_OK)
        return status;
    *out = unknown_difference(0);
    if (a.n == 0 || b.n == 0) {
        out->notes = RAC_NOTE_EMPTY_GROUP;
        return RAC_OK;
    }
    size_t n, m;
    const double *const x = stats_sorted(arena, first.values, first.count, &n);
    const double *const y = stats_sorted(arena, second.values, second.count, &m);
    out->ks = largest_gap(x, n, y, m);
    if (a.n < 2 || b.n < 2)
        out->notes = RAC_NOTE_TOO_FEW;
    else
        standardise(a.mean - b.mean, a.variance, (double)a.n, b.variance, (double)b.n, level, out);
    return RAC_OK;
}

rac_status rac_standardised_binary(double events1, double n1, double events2, double n2, double level,
                                   rac_standardised *out, rac_error *err)
{
    if (stats_check_level(level, err) != RAC_OK)
        return RAC_INVALID;
    if (!(events1 >= 0 && events1 <= n1 && events2 >= 0 && events2 <= n2 && isfinite(n1 + n2)))
        return rac_fail(err, RAC_INVALID, "%g of %g and %g of %g are not counts of events", events1, n1,
                        events2, n2);
    *out = unknown_difference(0);
    if (n1 == 0 || n2 == 0) {
        out->notes = RAC_NOTE_EMPTY_GROUP;
        return RAC_OK;
    }
    const double p1 = events1 / n1, p2 = events2 / n2;
    standardise(p1 - p2, p1 * (1 - p1), n1, p2 * (1 - p2), n2, level, out);
    out->ks = fabs(p1 - p2);
    return RAC_OK;
}

/* S and D over all levels but the first: which one is left out does not matter, nor does an empty one. */
rac_status rac_standardised_categories(rac_arena *arena, const double *first, const double *second,
                                       size_t levels, double *out, rac_error *err)
{
    double n1 = 0, n2 = 0;
    for (size_t i = 0; i < levels; i++) {
        if (!(first[i] >= 0 && second[i] >= 0 && isfinite(first[i]) && isfinite(second[i])))
            return rac_fail(err, RAC_INVALID, "the count of level %zu is not a number of cases", i + 1);
        n1 += first[i];
        n2 += second[i];
    }
    if (n1 == 0 || n2 == 0) {
        *out = RAC_NOT_ESTIMABLE;
        return RAC_OK;
    }
    if (levels > 1000)
        return rac_fail(err, RAC_LIMIT, "%zu levels, at most 1000", levels);
    const size_t k = levels > 0 ? levels - 1 : 0;
    double *const covariance = rac_many(arena, double, k *k), *const difference = rac_many(arena, double, k);
    for (size_t i = 0; i < k; i++) {
        const double p1 = first[i + 1] / n1, p2 = second[i + 1] / n2;
        difference[i] = p1 - p2;
        for (size_t j = 0; j < k; j++) {
            const double same = i == j;
            covariance[i * k + j] =
                0.5 * (p1 * (same - first[j + 1] / n1) + p2 * (same - second[j + 1] / n2));
        }
    }
    double form;
    const rac_status status = stats_generalised_form(arena, covariance, difference, k, &form, err);
    if (status == RAC_OK)
        *out = sqrt(form);
    return status;
}
