/* stats/special.h: the incomplete beta and gamma functions under every distribution.
 *
 * Both tails come from one call, the smaller one computed and the other as its complement.  The beta
 * takes x and y = 1 - x separately, because the caller often knows y to full precision where 1 - x
 * has lost it (the tails of t and F). */
#ifndef RACEMATE_SRC_STATS_SPECIAL_H
#define RACEMATE_SRC_STATS_SPECIAL_H

typedef struct stats_tails {
    double lower;
    double upper;
} stats_tails;

/* I_x(a, b) and its complement; a, b > 0 finite, x, y in [0, 1], x + y = 1. */
stats_tails stats_incomplete_beta(double x, double y, double a, double b);
/* P(a, x) and Q(a, x); a > 0 finite, x >= 0. */
stats_tails stats_incomplete_gamma(double x, double a);
/* x^a y^b / B(a, b): the beta density times x y, by Loader's saddle-point form. */
double stats_beta_kernel(double x, double y, double a, double b);
/* x^a e^-x / Gamma(a + 1). */
double stats_gamma_kernel(double x, double a);

#endif
