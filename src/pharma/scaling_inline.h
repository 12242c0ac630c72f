/* pharma/scaling_inline.h: exp of a matrix with non-negative off-diagonal, by scaling and squaring.  Included
 * inside a kernel; method in linear.h.  The matrix carries one more column for each compartment that receives
 * an infusion, so that one exponential gives the propagator and what a constant input adds:
 *
 *     exp [A U] h  =  [E  G]     x(t+h) = E x(t) + G rates
 *         [0 0]       [0  I]
 */
#define WIDE (2 * RAC_COMPARTMENTS_MAX)
/* Lanes stand in rows of `width`, the size of the widened matrix; its pattern stands in rows of WIDE. */
#define WIDE_AT(matrix, i, j) (matrix)[(i)*width + (j)]

/* Terms of the series: with the scaled norm at most 1 the rest is 1/19! = 8e-18. */
enum { SERIES_TERMS = 18 };

/* product = left x right, where `shape` says which entries can be other than zero. */
static void multiply(int width, const bool *shape, const rac_lanes *left, const rac_lanes *right,
                     rac_lanes *product)
{
    for (int i = 0; i < width; i++)
        for (int j = 0; j < width; j++) {
            if (!shape[i * WIDE + j])
                continue;
            rac_lanes sum = all(0);
            for (int k = 0; k < width; k++)
                if (shape[i * WIDE + k] && shape[k * WIDE + j])
                    sum += WIDE_AT(left, i, k) * WIDE_AT(right, k, j);
            WIDE_AT(product, i, j) = sum;
        }
}

/* Squarings a lane needs so that norm x h / 2^s <= 1; at most 1100 when the norm is absurd. */
LANE rac_lane_mask squarings(rac_lanes norm)
{
    rac_lane_mask s;
    for (int i = 0; i < RAC_LANES; i++) {
        int exponent = 0;
        if (isfinite(norm[i]))
            frexp(norm[i], &exponent);
        s[i] = exponent > 0 ? exponent : 0;
    }
    return s;
}

LANE rac_lanes largest_outflow(int width, const rac_lanes *wide)
{
    rac_lanes q = all(0);
    for (int i = 0; i < width; i++)
        q = larger(q, -WIDE_AT(wide, i, i));
    return q;
}

/* The largest sum of a column of |wide + qI|. */
LANE rac_lanes shifted_norm(int width, const bool *shape, const rac_lanes *wide, rac_lanes q)
{
    rac_lanes norm = all(0);
    for (int j = 0; j < width; j++) {
        rac_lanes column = all(0);
        for (int i = 0; i < width; i++)
            if (shape[i * WIDE + j])
                column += absolute(WIDE_AT(wide, i, j) + (i == j ? q : all(0)));
        norm = larger(norm, column);
    }
    return norm;
}

/* e = exp(wide h) for the width x width matrix; f and t are scratch of the same size. */
static void exponentiate(int width, const bool *shape, const rac_lanes *wide, rac_lanes h, rac_lanes *e,
                         rac_lanes *f, rac_lanes *t)
{
    const rac_lanes q = largest_outflow(width, wide), norm = shifted_norm(width, shape, wide, q);
    const rac_lane_mask s = squarings(norm * h);
    rac_lanes step;
    int most = 0;
    for (int i = 0; i < RAC_LANES; i++) {
        step[i] = ldexp(h[i], -(int)s[i]);
        most = s[i] > most ? (int)s[i] : most;
    }
    rac_lanes unused;
    const rac_lanes decay = exponential(-q * step, &unused);
    for (int i = 0; i < width; i++)
        for (int j = 0; j < width; j++) {
            if (!shape[i * WIDE + j])
                continue;
            WIDE_AT(f, i, j) = (WIDE_AT(wide, i, j) + (i == j ? q : all(0))) * step;
            WIDE_AT(e, i, j) = all(i == j);
        }
    for (int term = SERIES_TERMS; term > 0; term--) { /* e = 1 + f/1 (1 + f/2 (1 + ...)) */
        multiply(width, shape, f, e, t);
        for (int i = 0; i < width; i++)
            for (int j = 0; j < width; j++)
                if (shape[i * WIDE + j])
                    WIDE_AT(e, i, j) = WIDE_AT(t, i, j) * (1.0 / term) + (i == j ? all(1) : all(0));
    }
    for (int i = 0; i < width; i++)
        for (int j = 0; j < width; j++)
            if (shape[i * WIDE + j])
                WIDE_AT(e, i, j) *= decay;
    for (int round = 0; round < most; round++) {
        const rac_lane_mask more = s > (rac_lane_mask){0} + round;
        multiply(width, shape, e, e, t);
        for (int i = 0; i < width; i++)
            for (int j = 0; j < width; j++)
                if (shape[i * WIDE + j])
                    WIDE_AT(e, i, j) = select(more, WIDE_AT(t, i, j), WIDE_AT(e, i, j));
    }
}

/* Solves m x = b for one lane by elimination with pivots; m and b are overwritten.  Not finite when singular,
 * except that a compartment nothing ever reaches stays empty. */
static void eliminate(int n, double m[][RAC_COMPARTMENTS_MAX], double *b)
{
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(m[i][k]) > fabs(m[pivot][k]))
                pivot = i;
        for (int j = 0; j < n; j++) {
            const double other = m[k][j];
            m[k][j] = m[pivot][j];
            m[pivot][j] = other;
        }
        const double other = b[k];
        b[k] = b[pivot];
        b[pivot] = other;
        for (int i = k + 1; i < n; i++) {
            const double factor = m[i][k] == 0 ? 0 : m[i][k] / m[k][k];
            for (int j = k; j < n; j++)
                m[i][j] -= factor * m[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int j = k + 1; j < n; j++)
            b[k] -= m[k][j] * b[j];
        b[k] = b[k] == 0 ? 0 : b[k] / m[k][k];
    }
}
