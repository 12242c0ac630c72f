/* Quantiles of mixed distributions: see racemate/pharma/mixture.h. */
#include "racemate/pharma/mixture.h"

#include <assert.h>
#include <math.h>

/* ---- one sample ---- */

/* As rac_quantile, of values that are in order. */
static double sorted_quantile(const double *values, size_t count, double quantile)
{
    const double place = quantile * (double)(count - 1), below = floor(place);
    const size_t k = (size_t)below;
    if (place <= below || k + 1 >= count)
        return values[k];
    return values[k] + (place - below) * (values[k + 1] - values[k]);
}

/* How many of the values are x or less. */
static size_t count_up_to(const double *values, size_t count, double x)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (values[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double sorted_share(const double *values, size_t count, double x)
{
    const size_t k = count_up_to(values, count, x);
    if (k == 0 || k == count)
        return k ? 1 : 0;
    return ((double)(k - 1) + (x - values[k - 1]) / (values[k] - values[k - 1])) / (double)(count - 1);
}

/* ---- the mixture ---- */

static double part_quantile(const rac_mixture_part *part, double quantile)
{
    return part->sorted ? sorted_quantile(part->sorted, part->count, quantile)
                        : rac_quantiles_at(part->counted, part->time, part->output, quantile);
}

static double part_share(const rac_mixture_part *part, double x)
{
    return part->sorted ? sorted_share(part->sorted, part->count, x)
                        : rac_quantiles_share(part->counted, part->time, part->output, x);
}

double rac_mixture_share(const rac_mixture_part *parts, size_t count, double x)
{
    double share = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += parts[i].weight;
        if (parts[i].weight > 0)
            share += parts[i].weight * part_share(&parts[i], x);
    }
    assert(sum > 0 && isfinite(sum));
    return share / sum;
}

/* Halving between the least and the greatest of the parts' quantiles, where F passes q: each step halves what
 * is left, so some sixty reach neighbouring numbers. */
double rac_mixture_quantile(const rac_mixture_part *parts, size_t count, double quantile)
{
    enum { STEPS = 1100 }; /* never more, whatever the exponents */
    double low = INFINITY, high = -INFINITY;
    assert(quantile >= 0 && quantile <= 1);
    for (size_t i = 0; i < count; i++)
        if (parts[i].weight > 0) {
            const double own = part_quantile(&parts[i], quantile);
            low = fmin(low, own);
            high = fmax(high, own);
        }
    for (int step = 0; step < STEPS && low < high; step++) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (rac_mixture_share(parts, count, middle) >= quantile)
            high = middle;
        else
            low = middle;
    }
    return high;
}
