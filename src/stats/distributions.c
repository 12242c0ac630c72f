#include "racemate/stats/distributions.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "stats/root.h"
#include "stats/special.h"

static const double LARGE_SHAPE = 1e10; /* beyond it the limits below are exact to double precision's use */

/* ---- standard normal ---------------------------------------------------------------------- */

double rac_normal_density(double z)
{
    return 0.39894228040143267793994605993438 * exp(-0.5 * z * z);
}

double rac_normal_lower(double z)
{
    return 0.5 * erfc(-z * M_SQRT1_2);
}

double rac_normal_upper(double z)
{
    return 0.5 * erfc(z * M_SQRT1_2);
}

double rac_normal_two_sided(double z)
{
    return erfc(fabs(z) * M_SQRT1_2);
}

double rac_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1))
        return NAN;
    return gsl_cdf_ugaussian_Pinv(p); /* rational approximations only: no error path */
}

double rac_normal_critical(double level)
{
    if (!(level > 0 && level < 1))
        return NAN;
    return gsl_cdf_ugaussian_Qinv((1 - level) / 2);
}

/* ---- solving a tail for its argument --------------------------------------------------------- */

/* A distribution on (0, INFINITY) or (0, 1) seen through u = ln x, or u = ln(x / (1 - x)). */
typedef struct tail_family {
    stats_tails (*tails)(double u, double first, double second);
    double first;
    double second;
} tail_family;

typedef struct tail_target {
    const tail_family *family;
    double log_tail;
    int upper;
} tail_target;

/* Increasing in u for either tail. */
static double log_excess(double u, const void *context)
{
    const tail_target *const target = context;
    const stats_tails tails = target->family->tails(u, target->family->first, target->family->second);
    const double tail = target->upper ? tails.upper : tails.lower;
    const double excess = (tail > 0 ? log(tail) : -1e4) - target->log_tail;
    return target->upper ? -excess : excess;
}

/* u with lower tail p (or upper tail q, whichever is smaller), on the logarithm of the tail, which is
 * nearly straight far out.  These bounds of u cover every double. */
static double solve_tail(const tail_family *family, double p, double q)
{
    const tail_target target = {family, log(fmin(p, q)), q < p};
    return stats_root(log_excess, &target, -745, 709);
}

/* ---- Student's t ------------------------------------------------------------------------------ */

/* Hill 1970: the z with the same tail as t, for large df; the next term is of order w^9 / df^3. */
static double t_as_normal(double t, double df)
{
    const double a = df - 0.5, b = 48 * a * a, w = sqrt(a * log1p(t * t / df)), w2 = w * w;
    return w + (w * (w2 + 3)) / b -
           w * (855 + w2 * (240 + w2 * (33 + 4 * w2))) / (10 * b * (b + 0.8 * w2 * w2 + 100));
}

/* P(T > t) for t >= 0: half of I_x(df/2, 1/2), x = df / (df + t^2). */
static double t_tail(double t, double df)
{
    if (isinf(df))
        return rac_normal_upper(t);
    if (isinf(t))
        return 0;
    if (df > 1e6)
        return rac_normal_upper(t_as_normal(t, df));
    const double ratio = t / df * t;
    return 0.5 * stats_incomplete_beta(1 / (1 + ratio), ratio / (1 + ratio), 0.5 * df, 0.5).lower;
}

double rac_t_upper(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return NAN;
    return t >= 0 ? t_tail(t, df) : 1 - t_tail(-t, df);
}

double rac_t_lower(double t, double df)
{
    return rac_t_upper(-t, df);
}

double rac_t_two_sided(double t, double df)
{
    return 2 * rac_t_upper(fabs(t), df);
}

static stats_tails t_tails(double u, double df, double unused)
{
    (void)unused;
    const double upper = t_tail(exp(u), df);
    return (stats_tails){1 - upper, upper};
}

/* The t > 0 with upper tail q <= 1/2. */
static double t_from_tail(double q, double df)
{
    if (q == 0)
        return INFINITY;
    if (isinf(df))
        return gsl_cdf_ugaussian_Qinv(q);
    if (q == 0.5)
        return 0;
    const tail_family family = {t_tails, df, 0};
    return exp(solve_tail(&family, 1, q));
}

double rac_t_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1 && df > 0))
        return NAN;
    return p < 0.5 ? -t_from_tail(p, df) : t_from_tail(1 - p, df);
}

double rac_t_critical(double level, double df)
{
    if (!(level > 0 && level < 1 && df > 0))
        return NAN;
    return t_from_tail((1 - level) / 2, df);
}

/* ---- gamma and chi-square ---------------------------------------------------------------------- */

/* Wilson and Hilferty 1931: the cube root is normal, here with error of order 1 / shape. */
static stats_tails gamma_tails(double x, double shape)
{
    if (shape <= LARGE_SHAPE)
        return stats_incomplete_gamma(x, shape);
    const double v = 1 / (9 * shape), z = (cbrt(x / shape) - 1 + v) / sqrt(v);
    return (stats_tails){rac_normal_lower(z), rac_normal_upper(z)};
}

double rac_gamma_lower(double x, double shape)
{
    return isnan(x) || !(shape > 0 && isfinite(shape)) ? NAN : gamma_tails(x, shape).lower;
}

double rac_gamma_upper(double x, double shape)
{
    return isnan(x) || !(shape > 0 && isfinite(shape)) ? NAN : gamma_tails(x, shape).upper;
}

static stats_tails gamma_tails_of_log(double u, double shape, double unused)
{
    (void)unused;
    return gamma_tails(exp(u), shape);
}

double rac_gamma_quantile(double p, double shape)
{
    if (!(p >= 0 && p <= 1 && shape > 0 && isfinite(shape)))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : INFINITY;
    const tail_family family = {gamma_tails_of_log, shape, 0};
    return exp(solve_tail(&family, p, 1 - p));
}

double rac_chi_square_lower(double x, double df)
{
    return rac_gamma_lower(0.5 * x, 0.5 * df);
}

double rac_chi_square_upper(double x, double df)
{
    return rac_gamma_upper(0.5 * x, 0.5 * df);
}

double rac_chi_square_quantile(double p, double df)
{
    return 2 * rac_gamma_quantile(p, 0.5 * df);
}

/* ---- beta and F --------------------------------------------------------------------------------- */

static int is_beta_shape(double a, double b)
{
    return a > 0 && b > 0 && isfinite(a) && isfinite(b);
}

double rac_beta_lower(double x, double a, double b)
{
    if (!(x >= 0 && x <= 1) || !is_beta_shape(a, b))
        return NAN;
    return stats_incomplete_beta(x, 1 - x, a, b).lower;
}

double rac_beta_upper(double x, double a, double b)
{
    if (!(x >= 0 && x <= 1) || !is_beta_shape(a, b))
        return NAN;
    return stats_incomplete_beta(x, 1 - x, a, b).upper;
}

static stats_tails beta_tails_of_logit(double u, double a, double b)
{
    return stats_incomplete_beta(1 / (1 + exp(-u)), 1 / (1 + exp(u)), a, b);
}

double rac_beta_quantile(double p, double a, double b)
{
    if (!(p >= 0 && p <= 1) || !is_beta_shape(a, b))
        return NAN;
    if (p == 0 || p == 1)
        return p;
    const tail_family family = {beta_tails_of_logit, a, b};
    return 1 / (1 + exp(-solve_tail(&family, p, 1 - p)));
}

static stats_tails f_tails(double f, double df1, double df2)
{
    if (df2 > LARGE_SHAPE)
        return gamma_tails(0.5 * df1 * f, 0.5 * df1);
    if (f <= 0)
        return (stats_tails){0, 1};
    if (isinf(f))
        return (stats_tails){1, 0};
    const double ratio = df1 / df2 * f; /* x / y of the beta; infinite only when f is beyond 1e298 */
    const double x = isinf(ratio) ? 1 : ratio / (1 + ratio);
    return stats_incomplete_beta(x, 1 / (1 + ratio), 0.5 * df1, 0.5 * df2);
}

static int is_f_shape(double df1, double df2)
{
    return df1 > 0 && isfinite(df1) && df2 > 0;
}

double rac_f_lower(double f, double df1, double df2)
{
    return isnan(f) || !is_f_shape(df1, df2) ? NAN : f_tails(f, df1, df2).lower;
}

double rac_f_upper(double f, double df1, double df2)
{
    return isnan(f) || !is_f_shape(df1, df2) ? NAN : f_tails(f, df1, df2).upper;
}

static stats_tails f_tails_of_log(double u, double df1, double df2)
{
    return f_tails(exp(u), df1, df2);
}

double rac_f_quantile(double p, double df1, double df2)
{
    if (!(p >= 0 && p <= 1) || !is_f_shape(df1, df2))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : INFINITY;
    const tail_family family = {f_tails_of_log, df1, df2};
    return exp(solve_tail(&family, p, 1 - p));
}

/* ---- counts ----------------------------------------------------------------------------------- */

static int is_binomial(double k, double n, double p)
{
    return n >= 0 && isfinite(n) && p >= 0 && p <= 1 && !isnan(k);
}

double rac_binomial_mass(double k, double n, double p)
{
    if (!is_binomial(k, n, p))
        return NAN;
    if (k < 0 || k > n)
        return 0;
    if (p == 0 || p == 1)
        return k == (p == 0 ? 0 : n) ? 1 : 0;
    if (k == 0)
        return exp(n * log1p(-p));
    if (k == n)
        return exp(n * log(p));
    /* n! / (k! (n-k)!) p^k q^(n-k) = p^k q^(n-k) / B(k, n-k) * n / (k (n-k)) */
    return stats_beta_kernel(p, 1 - p, k, n - k) * (n / (k * (n - k)));
}

double rac_binomial_at_least(double k, double n, double p)
{
    if (!is_binomial(k, n, p))
        return NAN;
    k = ceil(k);
    if (k <= 0 || k > n)
        return k <= 0 ? 1 : 0;
    return stats_incomplete_beta(p, 1 - p, k, n - k + 1).lower;
}

double rac_binomial_at_most(double k, double n, double p)
{
    if (!is_binomial(k, n, p))
        return NAN;
    k = floor(k);
    if (k < 0 || k >= n)
        return k < 0 ? 0 : 1;
    return stats_incomplete_beta(p, 1 - p, k + 1, n - k).upper;
}

double rac_poisson_mass(double k, double mean)
{
    if (!(mean > 0 && isfinite(mean)) || isnan(k))
        return NAN;
    if (k < 0)
        return 0;
    return k == 0 ? exp(-mean) : stats_gamma_kernel(mean, k);
}

double rac_poisson_at_least(double k, double mean)
{
    if (!(mean > 0 && isfinite(mean)) || isnan(k))
        return NAN;
    k = ceil(k);
    return k <= 0 ? 1 : gamma_tails(mean, k).lower;
}

double rac_poisson_at_most(double k, double mean)
{
    if (!(mean > 0 && isfinite(mean)) || isnan(k))
        return NAN;
    k = floor(k);
    return k < 0 ? 0 : gamma_tails(mean, k + 1).upper;
}

double rac_hypergeometric_mass(double k, double marked, double unmarked, double drawn)
{
    const double all = marked + unmarked;
    if (!(marked >= 0 && unmarked >= 0 && drawn >= 0 && drawn <= all && isfinite(all)) || isnan(k))
        return NAN;
    if (k < 0 || k > marked || k > drawn || drawn - k > unmarked)
        return 0;
    if (drawn == 0 || drawn == all)
        return 1;
    /* A ratio of three binomials at the same p, which keeps the factorials out of it (Loader). */
    const double p = drawn / all;
    return rac_binomial_mass(k, marked, p) * rac_binomial_mass(drawn - k, unmarked, p) /
           rac_binomial_mass(drawn, all, p);
}
