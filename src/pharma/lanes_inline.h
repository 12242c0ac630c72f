/* pharma/lanes_inline.h: arithmetic on lanes.  Included inside a kernel, after its instruction set was
 * chosen. */
#define LANE static inline __attribute__((always_inline))

LANE rac_lanes all(double value)
{
    return (rac_lanes){value, value, value, value, value, value, value, value};
}

LANE rac_lanes select(rac_lane_mask mask, rac_lanes yes, rac_lanes no)
{
    return (rac_lanes)((mask & (rac_lane_mask)yes) | (~mask & (rac_lane_mask)no));
}

LANE rac_lanes absolute(rac_lanes x)
{
    return (rac_lanes)((rac_lane_mask)x & INT64_MAX);
}

LANE rac_lanes larger(rac_lanes a, rac_lanes b)
{
    return select(a > b, a, b);
}

LANE rac_lanes smaller(rac_lanes a, rac_lanes b)
{
    return select(a < b, a, b);
}

/* x, or the floor where x is below it; what is not a number stays so. */
LANE rac_lanes at_least(rac_lanes x, rac_lanes floor)
{
    return select(x < floor, floor, x);
}

LANE bool any(rac_lane_mask mask)
{
    typedef int8_t bytes __attribute__((vector_size(RAC_LANES)));
    const bytes narrow = __builtin_convertvector(mask, bytes); /* -1 and 0 as one byte each */
    int64_t found;
    memcpy(&found, &narrow, sizeof found);
    return found != 0;
}

LANE rac_lanes square_root(rac_lanes x)
{
    rac_lanes root;
    for (int i = 0; i < RAC_LANES; i++)
        root[i] = __builtin_sqrt(x[i]);
    return root;
}

/* exp(x) and exp(x) - 1, each within 2 units in the last place, for x in +-708 (clamped there: exp(-708) is
 * 3e-308).  x = k ln 2 + r with |r| <= ln 2 / 2; exp(r) - 1 by its series to r^13, whose rest is 1e-17 of it.
 */
static const double EXPONENTIAL_TERMS[] = {1.0 / 479001600.0,
                                           1.0 / 39916800.0,
                                           1.0 / 3628800.0,
                                           1.0 / 362880.0,
                                           1.0 / 40320.0,
                                           1.0 / 5040.0,
                                           1.0 / 720.0,
                                           1.0 / 120.0,
                                           1.0 / 24.0,
                                           1.0 / 6.0,
                                           0.5};

LANE rac_lanes exponential(rac_lanes x, rac_lanes *minus_one)
{
    const rac_lanes shift = all(0x1.8p52);
    x = select(x < -708.0, all(-708.0), select(x > 708.0, all(708.0), x));
    const rac_lanes rounded = x * 0x1.71547652b82fep0 + shift, k = rounded - shift;
    const rac_lanes r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
    rac_lanes p = all(1.0 / 6227020800.0);
    for (int i = 0; i < (int)(sizeof EXPONENTIAL_TERMS / sizeof *EXPONENTIAL_TERMS); i++)
        p = p * r + EXPONENTIAL_TERMS[i];
    p = p * (r * r) + r;
    const rac_lanes power = (rac_lanes)(((rac_lane_mask)rounded << 52) + INT64_C(0x3ff0000000000000));
    *minus_one = power * p + (power - 1.0);
    return power * p + power;
}
