/* closed.h: closed forms in extended precision, for judging the solver.
 *
 * A compartment's response to a bolus of 1 has the transfer function
 *     H(s) = gain (s + z1)(s + z2)... / ((s + p1)(s + p2)...)      with real, different poles,
 * so it is a sum of residues r_i exp(-p_i t) (Gibaldi and Perrier, Pharmacokinetics, 2nd ed. 1982, appendix
 * B). */
#ifndef RACEMATE_TESTS_PHARMA_CLOSED_H
#define RACEMATE_TESTS_PHARMA_CLOSED_H

#include <math.h>

typedef struct closed {
    long double gain, zeros[8], poles[8];
    int zero_count, pole_count;
} closed;

static inline long double closed_residue(const closed *h, int i)
{
    long double r = h->gain;
    for (int z = 0; z < h->zero_count; z++)
        r *= h->zeros[z] - h->poles[i];
    for (int p = 0; p < h->pole_count; p++)
        if (p != i)
            r /= h->poles[p] - h->poles[i];
    return r;
}

/* After a bolus of 1 at time 0. */
static inline long double closed_bolus(const closed *h, long double t)
{
    long double sum = 0;
    for (int i = 0; i < h->pole_count && t >= 0; i++)
        sum += closed_residue(h, i) * expl(-h->poles[i] * t);
    return sum;
}

/* During and after an infusion of rate 1 from 0 to `end`. */
static inline long double closed_infusion(const closed *h, long double end, long double t)
{
    long double sum = 0;
    const long double since = t > end ? t - end : 0, lasted = t > end ? end : t;
    for (int i = 0; i < h->pole_count && t > 0; i++)
        sum -=
            closed_residue(h, i) / h->poles[i] * expm1l(-h->poles[i] * lasted) * expl(-h->poles[i] * since);
    return sum;
}

/* Poles of a two-compartment system. */
static inline void closed_two(long double k10, long double k12, long double k21, long double *poles)
{
    const long double sum = k10 + k12 + k21, root = sqrtl(sum * sum - 4 * k10 * k21);
    poles[0] = (sum + root) / 2;
    poles[1] = k10 * k21 / poles[0];
}

/* Poles of a central compartment with two others: the roots of x^3 - a x^2 + b x - c by bisection between the
 * places where they must lie (the peripheral rates separate them). */
static inline void closed_three(long double k10, long double k12, long double k21, long double k13,
                                long double k31, long double *poles)
{
    const long double a = k10 + k12 + k21 + k13 + k31,
                      b = k10 * k21 + k10 * k31 + k12 * k31 + k13 * k21 + k21 * k31, c = k10 * k21 * k31,
                      low = fminl(k21, k31), high = fmaxl(k21, k31);
    const long double from[] = {0, low, high}, to[] = {low, high, a};
    for (int i = 0; i < 3; i++) {
        long double left = from[i], right = to[i];
        const int sign = i == 1 ? -1 : 1; /* the cubic rises through roots 0 and 2 */
        for (int step = 0; step < 200; step++) {
            const long double x = (left + right) / 2;
            const long double value = ((x - a) * x + b) * x - c;
            if (sign * value < 0)
                left = x;
            else
                right = x;
        }
        poles[i] = (left + right) / 2;
    }
}

#endif
