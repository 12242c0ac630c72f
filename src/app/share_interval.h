/* app/share_interval.h: the interval of a share. */
#ifndef RACEMATE_APP_SHARE_INTERVAL_H
#define RACEMATE_APP_SHARE_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>

/* Wilson's 95 % interval of `percent` of `count`, in percent; false for a count of 0. */
bool rac_share_interval(double percent, size_t count, double *low, double *high);

#endif
