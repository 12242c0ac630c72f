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

static const double LOGARITHM_TERMS[] = {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                         2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};

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
    rac_lanes p = all(2.0 / 23);
    for (int i = 0; i < (int)(sizeof LOGARITHM_TERMS / sizeof *LOGARITHM_TERMS); i++)
        p = p * z + LOGARITHM_TERMS[i];
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

/* ---- four at once ---- */

/* The same operations on four values side by side, so that the processor has something to do while one waits
 * for its own last result: same bits, half the time. */
enum { GROUP = 4 };

LANE void exponential_group(const rac_lanes *x, rac_lanes *y, rac_lanes *minus_one)
{
    const rac_lanes shift = all(0x1.8p52);
    rac_lanes r[GROUP], p[GROUP], rounded[GROUP];
    for (int j = 0; j < GROUP; j++) {
        const rac_lanes within = select(x[j] < -708.0, all(-708.0), select(x[j] > 708.0, all(708.0), x[j]));
        rounded[j] = within * 0x1.71547652b82fep0 + shift;
        const rac_lanes k = rounded[j] - shift;
        r[j] = (within - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
        p[j] = all(1.0 / 6227020800.0);
    }
    for (int i = 0; i < (int)(sizeof EXPONENTIAL_TERMS / sizeof *EXPONENTIAL_TERMS); i++)
        for (int j = 0; j < GROUP; j++)
            p[j] = p[j] * r[j] + EXPONENTIAL_TERMS[i];
    for (int j = 0; j < GROUP; j++) {
        p[j] = p[j] * (r[j] * r[j]) + r[j];
        const rac_lanes scale = (rac_lanes)(((rac_lane_mask)rounded[j] << 52) + INT64_C(0x3ff0000000000000));
        minus_one[j] = scale * p[j] + (scale - 1.0);
        y[j] = scale * p[j] + scale;
    }
}

LANE void logarithm_group(const rac_lanes *x, two *log_x)
{
    rac_lanes k[GROUP], s[GROUP], s_low[GROUP], z[GROUP], p[GROUP];
    const rac_lanes shift = all(0x1.8p52);
    for (int j = 0; j < GROUP; j++) {
        const rac_lane_mask bits =
            (rac_lane_mask)x[j] + (INT64_C(0x3ff0000000000000) - INT64_C(0x3fe6a09e667f3bcd));
        k[j] = (rac_lanes)(((bits >> 52) - 1023) + (rac_lane_mask)shift) - shift;
        const rac_lanes m = (rac_lanes)((bits & INT64_C(0x000fffffffffffff)) + INT64_C(0x3fe6a09e667f3bcd));
        const rac_lanes f = m - 1.0, d = m + 1.0, d_low = m - (d - 1.0);
        s[j] = f / d;
        const two back = two_product(s[j], d);
        s_low[j] = (((f - back.high) - back.low) - s[j] * d_low) / d;
        z[j] = s[j] * s[j];
        p[j] = all(2.0 / 23);
    }
    for (int i = 0; i < (int)(sizeof LOGARITHM_TERMS / sizeof *LOGARITHM_TERMS); i++)
        for (int j = 0; j < GROUP; j++)
            p[j] = p[j] * z[j] + LOGARITHM_TERMS[i];
    for (int j = 0; j < GROUP; j++) {
        const two sum = two_sum(k[j] * 0x1.62e42fee00000p-1, 2.0 * s[j]);
        log_x[j] = two_sum(sum.high, ((s[j] * z[j]) * p[j] + 2.0 * s_low[j]) +
                                         (sum.low + k[j] * 0x1.a39ef35793c76p-33));
    }
}

static void power_group(const rac_lanes *a, const rac_lanes *b, rac_lanes *y)
{
    rac_lanes usable[GROUP], high[GROUP], low[GROUP], raised[GROUP], unused[GROUP];
    rac_lane_mask ordinary[GROUP], all_ordinary = (rac_lane_mask){0} - 1;
    two log_a[GROUP];
    for (int j = 0; j < GROUP; j++)
        usable[j] = select(is_ordinary(a[j]), a[j], all(1));
    logarithm_group(usable, log_a);
    for (int j = 0; j < GROUP; j++) {
        const two exponent = two_product(log_a[j].high, b[j]);
        high[j] = exponent.high;
        low[j] = exponent.low + log_a[j].low * b[j];
        ordinary[j] = is_ordinary(a[j]) & (absolute(b[j]) < 1e100) & (absolute(high[j]) < 700.0);
        all_ordinary &= ordinary[j];
    }
    exponential_group(high, raised, unused);
    for (int j = 0; j < GROUP; j++) {
        const rac_lanes value = raised[j] + raised[j] * low[j];
        y[j] = select(b[j] == 1.0, a[j], select(b[j] == 2.0, a[j] * a[j], value));
    }
    for (int j = 0; j < GROUP && any(~all_ordinary); j++)
        for (int i = 0; i < RAC_LANES; i++)
            if (!ordinary[j][i])
                y[j][i] = pow(a[j][i], b[j][i]);
}
