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
    const rac_lanes per_d = 1.0 / d, s = f * per_d; /* s_low mends what s lacks, so one division is enough */
    const two back = two_product(s, d);
    const rac_lanes s_low = (((f - back.high) - back.low) - s * d_low) * per_d;
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

/* ---- many at once ---- */

/* x[k] becomes 2^x[k], and rise[k] (unless NULL) 2^x[k] - 1, for x at most 1022; below -1021 they are 0 and
 * -1. Within 2 units in the last place of the result for the x given.  x = whole + f with |f| <= 1/2,
 * exactly, and
 *
 *     2^f = 1 + f (c1 + c2 f + ... + c10 f^9)
 *
 * with c1 = ln 2 and the others such that the largest relative error is least (Remez): 2.8917e-16. */
LANE void powers_of_two(int n, rac_lanes *x, rac_lanes *rise)
{
    static const double c[] = {0x1.e364ad9845e62p-28, 0x1.b660a90fa5e52p-24, 0x1.62c165134dc56p-20,
                               0x1.ffcb6d52cb9e0p-17, 0x1.430912670245ap-13, 0x1.5d87fe931094bp-10,
                               0x1.3b2ab6fbd4a74p-7,  0x1.c6b08d704396dp-5,  0x1.ebfbdff82c46dp-3,
                               0x1.62e42fefa39efp-1};
    const rac_lanes shift = all(0x1.8p52 + 1023); /* what it rounds has the exponent's bits at its end */
    rac_lanes f[RAC_COMPARTMENTS_MAX], p[RAC_COMPARTMENTS_MAX], power[RAC_COMPARTMENTS_MAX];
    for (int k = 0; k < n; k++) {
        const rac_lanes rounded = x[k] + shift;
        f[k] = x[k] - (rounded - shift);
        power[k] = (rac_lanes)((rounded > shift - 1022.0) & ((rac_lane_mask)rounded << 52));
        p[k] = all(c[0]);
    }
    for (int i = 1; i < (int)(sizeof c / sizeof *c); i++)
        for (int k = 0; k < n; k++)
            p[k] = p[k] * f[k] + c[i];
    for (int k = 0; k < n; k++) {
        p[k] = power[k] * (p[k] * f[k]);
        x[k] = p[k] + power[k];
        if (rise)
            rise[k] = p[k] + (power[k] - 1.0);
    }
}

/* The same operations on four values side by side, so that the processor has something to do while one waits
 * for its own last result: same bits, half the time. */
enum { GROUP = 4 };

LANE void exponential_group(const rac_lanes *x, rac_lanes *y)
{
    const rac_lanes shift = all(0x1.8p52);
    rac_lanes r[GROUP], p[GROUP], rounded[GROUP];
    for (int j = 0; j < GROUP; j++) {
        rounded[j] = x[j] * 0x1.71547652b82fep0 + shift;
        const rac_lanes k = rounded[j] - shift;
        r[j] = (x[j] - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
        p[j] = all(EXPONENTIAL_FIRST);
    }
    for (int i = 0; i < (int)(sizeof EXPONENTIAL_TERMS / sizeof *EXPONENTIAL_TERMS); i++)
        for (int j = 0; j < GROUP; j++)
            p[j] = p[j] * r[j] + EXPONENTIAL_TERMS[i];
    for (int j = 0; j < GROUP; j++) {
        p[j] = p[j] * (r[j] * r[j]) + r[j];
        const rac_lanes scale = (rac_lanes)(((rac_lane_mask)rounded[j] << 52) + INT64_C(0x3ff0000000000000));
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
        const rac_lanes per_d = 1.0 / d;
        s[j] = f * per_d;
        const two back = two_product(s[j], d);
        s_low[j] = (((f - back.high) - back.low) - s[j] * d_low) * per_d;
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
    rac_lanes usable[GROUP], high[GROUP], low[GROUP], raised[GROUP];
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
    exponential_group(high, raised);
    for (int j = 0; j < GROUP; j++) {
        const rac_lanes value = raised[j] + raised[j] * low[j];
        y[j] = select(b[j] == 1.0, a[j], select(b[j] == 2.0, a[j] * a[j], value));
    }
    for (int j = 0; j < GROUP && any(~all_ordinary); j++)
        for (int i = 0; i < RAC_LANES; i++)
            if (!ordinary[j][i])
                y[j][i] = pow(a[j][i], b[j][i]);
}
