#include "stats/root.h"

#include <math.h>
#include <stdbool.h>

enum { MOST_STEPS = 300 };

/* The secant or inverse quadratic step from b, or false when bisection is safer. */
static bool interpolate(const double x[3], const double f[3], double tolerance, double before, double *step)
{
    const double a = x[0], b = x[1], c = x[2], middle = 0.5 * (c - b), s = f[1] / f[0];
    double up, down;
    if (a == c) {
        up = 2 * middle * s;
        down = 1 - s;
    } else {
        const double r = f[1] / f[2], t = f[0] / f[2];
        up = s * (2 * middle * t * (t - r) - (b - a) * (r - 1));
        down = (t - 1) * (r - 1) * (s - 1);
    }
    down = up > 0 ? -down : down;
    up = fabs(up);
    if (!(2 * up < fmin(3 * middle * down - fabs(tolerance * down), fabs(before * down))))
        return false;
    *step = up / down;
    return true;
}

double stats_root(stats_function *f, const void *context, double a, double b)
{
    double x[3] = {a, b, a}; /* the last point, the best point, the one across the root */
    double y[3] = {f(a, context), f(b, context), 0};
    y[2] = y[0];
    if ((y[0] > 0) == (y[1] > 0) && y[0] != 0 && y[1] != 0)
        return fabs(y[0]) < fabs(y[1]) ? a : b;
    double step = b - a, before = step;
    for (int i = 0; i < MOST_STEPS; i++) {
        if (fabs(y[2]) < fabs(y[1])) {
            x[0] = x[1], x[1] = x[2], x[2] = x[0];
            y[0] = y[1], y[1] = y[2], y[2] = y[0];
        }
        const double tolerance = 2.3e-16 * fabs(x[1]) + 1e-300, middle = 0.5 * (x[2] - x[1]);
        if (fabs(middle) <= tolerance || y[1] == 0)
            break;
        double next;
        if (fabs(before) >= tolerance && fabs(y[0]) > fabs(y[1]) &&
            interpolate(x, y, tolerance, before, &next)) {
            before = step;
            step = next;
        } else {
            before = step = middle;
        }
        x[0] = x[1];
        y[0] = y[1];
        x[1] += fabs(step) > tolerance ? step : copysign(tolerance, middle);
        y[1] = f(x[1], context);
        if ((y[1] > 0) == (y[2] > 0)) {
            x[2] = x[0];
            y[2] = y[0];
            before = step = x[1] - x[0];
        }
    }
    return x[1];
}
