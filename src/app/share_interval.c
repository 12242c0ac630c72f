/* See share_interval.h. */
#include "app/share_interval.h"

#include <math.h>

#include "racemate/stats/proportions.h"

bool rac_share_interval(double percent, size_t count, double *low, double *high)
{
    rac_interval interval;
    const double n = (double)count;
    if (!count || rac_wilson(round(percent * n / 100), n, 0.95, &interval, NULL))
        return false;
    *low = 100 * interval.lower;
    *high = 100 * interval.upper;
    return true;
}
