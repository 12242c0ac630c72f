/* stats/root.h: a root between two points of opposite sign. */
#ifndef RACEMATE_SRC_STATS_ROOT_H
#define RACEMATE_SRC_STATS_ROOT_H

typedef double stats_function(double x, const void *context);

/* Brent 1973, chapter 4 (zeroin): to the last digits of x.  Expects f(a) and f(b) of opposite sign;
 * otherwise returns the end where |f| is smaller.  Ends after 300 steps at the latest. */
double stats_root(stats_function *f, const void *context, double a, double b);

#endif
