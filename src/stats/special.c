#include "stats/special.h"

#include <assert.h>
#include <float.h>
#include <math.h>

static const double LOG_SQRT_TWO_PI = 0.91893853320467274178032973640562;
static const double TWO_PI = 6.28318530717958647692528676655901;

/* Fractions and series stop by themselves: their length grows with the square root of the largest
 * argument, and this bound is what arguments of 1e10 need, with room. */
enum { MOST_TERMS = 2000000 };

/* ln Gamma(n + 1) - [(n + 1/2) ln n - n + ln sqrt(2 pi)], the error of Stirling's formula: its
 * asymptotic series (DLMF 5.11.1) from 15 on, where the term left out is below 1e-17. */
static double stirling_error(double n)
{
    if (n < 15)
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - LOG_SQRT_TWO_PI;
    const double r = 1 / n, r2 = r * r;
    return r * (1.0 / 12 -
                r2 * (1.0 / 360 -
                      r2 * (1.0 / 1260 -
                            r2 * (1.0 / 1680 - r2 * (1.0 / 1188 - r2 * (691.0 / 360360 - r2 / 156))))));
}

/* x ln(x / m) + m - x without cancellation when x is near m (Loader's D0). */
static double deviance_part(double x, double m)
{
    if (fabs(x - m) >= 0.1 * (x + m))
        return x * log(x / m) + m - x;
    const double v = (x - m) / (x + m);
    double sum = (x - m) * v, term = 2 * x * v;
    for (int j = 1; j < 1000; j++) {
        term *= v * v;
        const double next = sum + term / (2 * j + 1);
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

double stats_beta_kernel(double x, double y, double a, double b)
{
    if (x <= 0 || y <= 0)
        return 0;
    const double n = a + b;
    const double exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) -
                            deviance_part(a, n * x) - deviance_part(b, n * y);
    return exp(exponent) * sqrt(a / n * b / TWO_PI);
}

double stats_gamma_kernel(double x, double a)
{
    if (x <= 0)
        return 0;
    return exp(-stirling_error(a) - deviance_part(a, x)) / sqrt(TWO_PI * a);
}

/* I_x(a, b) = kernel / (beta_0 + alpha_1 / (beta_1 + ...)), Didonato and Morris 1992, best when
 * x <= a / (a + b).  a y - b x is formed from the y given, which keeps it exact near x = 1.
 * Evaluated forwards by Lentz's method as modified by Thompson and Barnett. */
static double beta_fraction(double x, double y, double a, double b)
{
    const double tiny = 1e-300, start = a * (a * y - b * x + 1) / (a + 1);
    double value = start != 0 ? start : tiny, c = value, d = 0;
    for (int i = 1; i < MOST_TERMS; i++) {
        const double m = i, twice = a + 2 * m - 1;
        const double alpha = (a + m - 1) / twice * ((a + b + m - 1) / twice) * m * (b - m) * x * x;
        const double beta =
            m + m * (b - m) * x / twice + (a + m) * (a * y - b * x + 1 + m * (1 + y)) / (a + 2 * m + 1);
        d = beta + alpha * d;
        c = beta + alpha / c;
        d = 1 / (d != 0 ? d : tiny);
        c = c != 0 ? c : tiny;
        value *= c * d;
        if (fabs(c * d - 1) < DBL_EPSILON)
            break;
    }
    return stats_beta_kernel(x, y, a, b) / value;
}

/* The power series sum_k (1 - b)_k x^k / (k! (a + k)), DLMF 8.17.7 with 15.2.1: for small x, where the
 * kernel without its y^b is the whole answer. */
static double beta_series(double x, double y, double a, double b)
{
    double term = 1, sum = 1 / a;
    for (int i = 1; i < MOST_TERMS; i++) {
        term *= (i - b) / i * x;
        const double next = sum + term / (a + i);
        if (next == sum)
            break;
        sum = next;
    }
    return stats_beta_kernel(x, y, a, b) * sum * exp(-b * log1p(-x));
}

static double beta_smaller(double x, double y, double a, double b)
{
    if (x * fmax(1, b) <= 0.7 && x <= 0.7)
        return beta_series(x, y, a, b);
    return beta_fraction(x, y, a, b);
}

stats_tails stats_incomplete_beta(double x, double y, double a, double b)
{
    assert(a > 0 && b > 0);
    if (x <= 0)
        return (stats_tails){0, 1};
    if (y <= 0)
        return (stats_tails){1, 0};
    /* Past the mean the other tail is the smaller one. */
    if (a * y >= b * x) {
        const double lower = fmin(1, beta_smaller(x, y, a, b));
        return (stats_tails){lower, 1 - lower};
    }
    const double upper = fmin(1, beta_smaller(y, x, b, a));
    return (stats_tails){1 - upper, upper};
}

/* P(a, x) = kernel (1 + x/(a+1) + x^2/((a+1)(a+2)) + ...), DLMF 8.11.4. */
static double gamma_series(double x, double a)
{
    double term = 1, sum = 1;
    for (int i = 1; i < MOST_TERMS; i++) {
        term *= x / (a + i);
        const double next = sum + term;
        if (next == sum)
            break;
        sum = next;
    }
    return stats_gamma_kernel(x, a) * sum;
}

/* Q(a, x) = kernel a / (x + 1 - a - 1(1 - a)/(x + 3 - a - ...)), DLMF 8.9.2 in its even form. */
static double gamma_fraction(double x, double a)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, value = d;
    for (int i = 1; i < MOST_TERMS; i++) {
        const double alpha = -i * (i - a);
        b += 2;
        d = alpha * d + b;
        c = b + alpha / c;
        d = 1 / (d != 0 ? d : tiny);
        c = c != 0 ? c : tiny;
        value *= c * d;
        if (fabs(c * d - 1) < DBL_EPSILON)
            break;
    }
    return stats_gamma_kernel(x, a) * a * value;
}

stats_tails stats_incomplete_gamma(double x, double a)
{
    assert(a > 0);
    if (x <= 0)
        return (stats_tails){0, 1};
    if (isinf(x))
        return (stats_tails){1, 0};
    if (x < a + 1) {
        const double lower = fmin(1, gamma_series(x, a));
        return (stats_tails){lower, 1 - lower};
    }
    const double upper = fmin(1, gamma_fraction(x, a));
    return (stats_tails){1 - upper, upper};
}
