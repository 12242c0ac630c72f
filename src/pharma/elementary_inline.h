/* pharma/elementary_inline.h: logarithm and power on lanes, from + - * / alone, so that every processor gives
 * the same bits.  Included inside a kernel, after lanes_inline.h.
 *
 *     log x = k log 2 + log m,  m in [sqrt(1/2), sqrt 2)
 *     log m = 2 s + 2/3 s^3 + 2/5 s^5 + ...,  s = (m - 1) / (m + 1)
 *
 * kept as a sum of two numbers, because a power multiplies its logarithm's error by up to 700 (Dekker 1971,
 * doi:10.1007/BF01397083, for the exact products).  Measured against 64 bits of mantissa
 * (tests/pharma/test_elementary.c): logarithm within 1 unit in the last place; power within 2 where
 * |b log a| <= 50, within 12 up to 700.  Zero, negative and subnormal numbers, infinities, NaN and results
 * near the end of the range go to the C library, lane by lane. */

typedef struct two { /* a sum, the second part below half a unit of the first */
    rac_lanes high, low;
} two;

/* The exact sum of two numbers, the first the larger in size. */
LANE two two_sum(rac_lanes a, rac_lanes b)
{
    const rac_lanes high = a + b;
    return (two){high, b - (high - a)};
}

/* The upper half of a number's digits. */
LANE rac_lanes upper(rac_lanes x)
{
    return (rac_lanes)((rac_lane_mask)x & INT64_C(-134217728)); /* 26 bits of the mantissa stay */
}

LANE two two_product(rac_lanes a, rac_lanes b)
{
    const rac_lanes high = a * b, ua = upper(a), ub = upper(b), la = a - ua, lb = b - ub;
    return (two){high, ((ua * ub - high) + ua * lb + la * ub) + la * lb};
}

/* For positive normal numbers. */
LANE two logarithm_parts(rac_lanes x)
{
    /* 2^k m: adding the distance from sqrt(1/2) to 1 carries into the exponent exactly where m would pass
     * sqrt 2 */
    const rac_lane_mask bits = (rac_lane_mask)x + (INT64_C(0x3ff0000000000000) - INT64_C(0x3fe6a09e667f3bcd));
    const rac_lanes shift = all(0x1.8p52);
    const rac_lanes k = (rac_lanes)(((bits >> 52) - 1023) + (rac_lane_mask)shift) - shift;
    const rac_lanes m = (rac_lanes)((bits & INT64_C(0x000fffffffffffff)) + INT64_C(0x3fe6a09e667f3bcd));
    const rac_lanes f = m - 1.0, d = m + 1.0, d_low = m - (d - 1.0);
    const rac_lanes s = f / d;
    const two back = two_product(s, d);
    const rac_lanes s_low = (((f - back.high) - back.low) - s * d_low) / d;
    const rac_lanes z = s * s;
    static const double terms[] = {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                   2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};
    rac_lanes p = all(2.0 / 23);
    for (int i = 0; i < (int)(sizeof terms / sizeof *terms); i++)
        p = p * z + terms[i];
    const two sum = two_sum(k * 0x1.62e42fee00000p-1, 2.0 * s);
    return two_sum(sum.high, ((s * z) * p + 2.0 * s_low) + (sum.low + k * 0x1.a39ef35793c76p-33));
}

/* Lanes whose logarithm the series gives. */
LANE rac_lane_mask is_ordinary(rac_lanes x)
{
    return (x >= 0x1p-1022) & (x < all(INFINITY));
}

static rac_lanes logarithm(rac_lanes x)
{
    const rac_lane_mask ordinary = is_ordinary(x);
    const two parts = logarithm_parts(select(ordinary, x, all(1)));
    rac_lanes y = parts.high + parts.low;
    if (any(~ordinary))
        for (int i = 0; i < RAC_LANES; i++)
            if (!ordinary[i])
                y[i] = log(x[i]);
    return y;
}

static rac_lanes power(rac_lanes a, rac_lanes b)
{
    const two parts = logarithm_parts(select(is_ordinary(a), a, all(1)));
    const two exponent = two_product(parts.high, b);
    rac_lanes unused;
    const rac_lane_mask ordinary = is_ordinary(a) & (absolute(b) < 1e100) & (absolute(exponent.high) < 700.0);
    const rac_lanes raised = exponential(exponent.high, &unused);
    rac_lanes y = raised + raised * (exponent.low + parts.low * b);
    y = select(b == 1.0, a, select(b == 2.0, a * a, y));
    if (any(~ordinary))
        for (int i = 0; i < RAC_LANES; i++)
            if (!ordinary[i])
                y[i] = pow(a[i], b[i]);
    return y;
}

/* a^(b-1), where y = a^b is known. */
static rac_lanes power_less_one(rac_lanes a, rac_lanes b, rac_lanes y)
{
    const rac_lane_mask usable = is_ordinary(a) & is_ordinary(absolute(y));
    rac_lanes quotient = y / select(usable, a, all(1));
    if (any(~usable))
        for (int i = 0; i < RAC_LANES; i++)
            if (!usable[i])
                quotient[i] = pow(a[i], b[i] - 1.0);
    return quotient;
}
