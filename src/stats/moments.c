#include "stats/moments.h"

#include <float.h>

rac_status stats_moments_of(rac_values sample, stats_moments *out, rac_error *err)
{
    stats_moments m = {.mean = RAC_NOT_ESTIMABLE, .variance = RAC_NOT_ESTIMABLE};
    double sum = 0;
    for (size_t i = 0; i < sample.count; i++) {
        const double value = sample.values[i];
        if (isnan(value)) {
            m.missing++;
            continue;
        }
        if (isinf(value))
            return rac_fail(err, RAC_INVALID, "value %zu is infinite", i + 1);
        sum += value;
        m.n++;
    }
    if (m.n > 0) {
        const double centre = sum / (double)m.n;
        double squares = 0, rest = 0;
        for (size_t i = 0; i < sample.count; i++) {
            if (isnan(sample.values[i]))
                continue;
            const double d = sample.values[i] - centre;
            squares += d * d;
            rest += d;
        }
        m.mean = centre + rest / (double)m.n;
        if (m.n > 1)
            m.variance = fmax(0, squares - rest * rest / (double)m.n) / (double)(m.n - 1);
    }
    *out = m;
    return RAC_OK;
}

bool stats_is_constant(double se, double magnitude)
{
    return se <= 10 * DBL_EPSILON * fabs(magnitude);
}

rac_status stats_check_level(double level, rac_error *err)
{
    if (level > 0 && level < 1)
        return RAC_OK;
    rac_fail(err, RAC_INVALID, "the confidence level is %g, it must lie between 0 and 1", level);
    rac_error_hint(err, "write 95 %% as 0.95");
    return RAC_INVALID;
}
