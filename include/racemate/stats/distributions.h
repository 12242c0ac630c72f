/* racemate/stats/distributions.h: tails and quantiles of the distributions the estimators use.
 *
 * Every distribution gives its lower tail P(X <= x), its upper tail P(X > x) computed as such (never
 * as 1 - lower, so that a p-value of 1e-200 keeps its digits), and its quantile.  Degrees of freedom
 * may be fractions, and may be INFINITY where that has a meaning.
 *
 * Accuracy: relative 1e-12 for tails down to 1e-300 with shapes and degrees of freedom up to 1e6,
 * about 1e-10 beyond; quantiles solve the tail to the last few digits.
 *
 * Domain: an argument outside the stated domain (df <= 0, a probability outside [0, 1], a NaN) gives
 * NaN.  These functions are arithmetic; the estimators that call them check first and report a
 * rac_error, so that no NaN reaches a reader unexplained.
 *
 *     double p = rac_t_two_sided(-2.31, 41.7);             p-value of a t statistic
 *     double half_width = rac_t_quantile(0.975, 41.7) * se;
 *
 * Sources: incomplete beta, continued fraction of Didonato and Morris 1992 (doi:10.1145/131766.131776);
 * incomplete gamma, series and continued fraction, DLMF 8.11.4 and 8.9.2; both with the saddle-point
 * form of the leading factor, Loader 2000 ("Fast and accurate computation of binomial
 * probabilities"); t with df above 1e6, Hill 1970 (doi:10.1145/355598.355599); normal quantile,
 * Wichura 1988 (AS 241, doi:10.2307/2347330) as in the GNU Scientific Library. */
#ifndef RACEMATE_STATS_DISTRIBUTIONS_H
#define RACEMATE_STATS_DISTRIBUTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/* ---- standard normal ---------------------------------------------------------------------- */

double rac_normal_density(double z);
double rac_normal_lower(double z);
double rac_normal_upper(double z);
double rac_normal_two_sided(double z); /* P(|Z| > |z|) */
/* z with P(Z <= z) = p; p = 0 and 1 give -INFINITY and INFINITY. */
double rac_normal_quantile(double p);
/* The z of a two-sided interval: 1.959964 for level 0.95.  level in (0, 1). */
double rac_normal_critical(double level);

/* ---- Student's t: df > 0, INFINITY is the normal -------------------------------------------- */

double rac_t_lower(double t, double df);
double rac_t_upper(double t, double df);
double rac_t_two_sided(double t, double df);
double rac_t_quantile(double p, double df);
double rac_t_critical(double level, double df); /* as rac_normal_critical */

/* ---- chi-square: x >= 0 (below 0 is treated as 0), df > 0 ------------------------------------- */

double rac_chi_square_lower(double x, double df);
double rac_chi_square_upper(double x, double df);
double rac_chi_square_quantile(double p, double df);

/* ---- F: df1 > 0 finite, df2 > 0, INFINITY gives chi-square over df1 ---------------------------- */

double rac_f_lower(double f, double df1, double df2);
double rac_f_upper(double f, double df1, double df2);
double rac_f_quantile(double p, double df1, double df2);

/* ---- beta and gamma: the regularised incomplete functions -------------------------------------- */

/* I_x(a, b) and 1 - I_x(a, b); x in [0, 1], a > 0, b > 0. */
double rac_beta_lower(double x, double a, double b);
double rac_beta_upper(double x, double a, double b);
double rac_beta_quantile(double p, double a, double b);
/* P(a, x) and Q(a, x), unit scale; x >= 0, shape > 0. */
double rac_gamma_lower(double x, double shape);
double rac_gamma_upper(double x, double shape);
double rac_gamma_quantile(double p, double shape);

/* ---- counts ----------------------------------------------------------------------------------- */

/* Binomial with n >= 0 trials and probability p in [0, 1]: P(X = k), P(X <= k), P(X >= k). */
double rac_binomial_mass(double k, double n, double p);
double rac_binomial_at_most(double k, double n, double p);
double rac_binomial_at_least(double k, double n, double p);
/* Poisson with mean > 0: P(X = k), P(X <= k), P(X >= k). */
double rac_poisson_mass(double k, double mean);
double rac_poisson_at_most(double k, double mean);
double rac_poisson_at_least(double k, double mean);
/* Hypergeometric: k marked among `drawn` taken without replacement from `marked` + `unmarked`. */
double rac_hypergeometric_mass(double k, double marked, double unmarked, double drawn);

#ifdef __cplusplus
}
#endif
#endif
