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
 * 3e-308).  x = k ln 2 + r with |r| <= ln 2 / 2 and
 *
 *     exp(r) = 1 + r + r^2 (c2 + c3 r + ... + c11 r^9)
 *
 * with c such that the largest error is nearly least (Chebyshev): 1.6e-17 of exp(r). */
static const double EXPONENTIAL_TERMS[] = {
    0x1.28917c89a43a7p-22, 0x1.71de0db2f6b19p-19, 0x1.a019b9149a41cp-16,
    0x1.a01a01a7c2efep-13, 0x1.6c16c17889ef1p-10, 0x1.11111111109b5p-7,
    0x1.5555555553d68p-5,  0x1.5555555555556p-3,  0x1.0000000000001p-1};
#define EXPONENTIAL_FIRST 0x1.af389ecfc4b9cp-26

LANE rac_lanes exponential(rac_lanes x, rac_lanes *minus_one)
{
    const rac_lanes shift = all(0x1.8p52);
    x = select(x < -708.0, all(-708.0), select(x > 708.0, all(708.0), x));
    const rac_lanes rounded = x * 0x1.71547652b82fep0 + shift, k = rounded - shift;
    const rac_lanes r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
    rac_lanes p = all(EXPONENTIAL_FIRST);
    for (int i = 0; i < (int)(sizeof EXPONENTIAL_TERMS / sizeof *EXPONENTIAL_TERMS); i++)
        p = p * r + EXPONENTIAL_TERMS[i];
    p = p * (r * r) + r;
    const rac_lanes power = (rac_lanes)(((rac_lane_mask)rounded << 52) + INT64_C(0x3ff0000000000000));
    *minus_one = power * p + (power - 1.0);
    return power * p + power;
}
