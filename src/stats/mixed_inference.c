/* stats/mixed_inference.c: one row, several rows: standard errors, degrees of freedom, tests.
 *
 * Satterthwaite, one row: v = L Phi L', f_a = -L Phi P_a Phi L', df = 2 v^2 / f' V f, V the inverse
 * information. Several rows: rotate by the eigenvectors of L Phi L' and combine the rows' df (Fai & Cornelius
 * 1996). Kenward-Roger (1997), several rows: their A1, A2, B, g and the scaled F, equations as in that paper.
 */
#include "stats/mixed_engine.h"

#include <math.h>
#include <string.h>

#include "racemate/stats/distributions.h"

static const rac_mixed_estimate not_estimable = {false, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

/* A row over all columns is estimable when every aliased column is weighted as the columns that make it up;
 * `kept` gets its weights over the kept ones. */
static bool restrict_row(const mixed_sums *s, const double *row, double *kept)
{
    double scale = 0;
    for (size_t c = 0; c < s->columns; c++)
        scale = fmax(scale, fabs(row[c]));
    for (size_t a = 0; a < s->rank; a++)
        kept[a] = row[s->kept[a]];
    for (size_t c = 0; c < s->columns; c++)
        if (s->aliased[c] &&
            fabs(row[c] - mixed_dot(s->alias + c * s->columns, kept, s->rank)) > 1e-8 * scale)
            return false;
    return scale > 0;
}

/* f_a = -w' P_a w with w = Phi L': the product w w', packed with its off-diagonal doubled, against packed
 * P_a. */
static void variance_gradient(rac_arena *arena, const rac_mixed_state *state, const double *w, double *f)
{
    const size_t r = state->sums->rank, packed = r * (r + 1) / 2;
    double *const product = rac_many(arena, double, packed);
    for (size_t i = 0, at = 0; i < r; i++)
        for (size_t j = 0; j <= i; j++, at++)
            product[at] = (i == j ? 1 : 2) * w[i] * w[j];
    for (size_t a = 0; a < state->parameters; a++)
        f[a] = -mixed_dot(state->packed_p + a * packed, product, packed);
}

static void times_phi(const rac_mixed_state *state, const double *row, double *w)
{
    const size_t r = state->sums->rank;
    for (size_t c = 0; c < r; c++)
        w[c] = mixed_dot(state->phi + c * r, row, r);
}

static double satterthwaite_df(rac_arena *arena, const rac_mixed_state *state, const double *row)
{
    const size_t r = state->sums->rank, t = state->parameters;
    double *const w = rac_many(arena, double, r), *const f = rac_many(arena, double, t);
    times_phi(state, row, w);
    variance_gradient(arena, state, w, f);
    const double v = mixed_dot(row, w, r);
    return 2 * v * v / mixed_bilinear(f, state->theta_covariance, f, t);
}

static double between_within_df(const rac_mixed_state *state, const double *row)
{
    double df = INFINITY;
    for (size_t c = 0; c < state->sums->rank; c++)
        if (row[c] != 0)
            df = fmin(df, state->within[c] ? state->df_within : state->df_between);
    return df;
}

static double df_of(rac_arena *arena, const rac_mixed_state *state, const double *row)
{
    if (state->df == RAC_MIXED_BETWEEN_WITHIN)
        return between_within_df(state, row);
    if (state->errors != RAC_MIXED_MODEL_BASED)
        return mixed_empirical_df(arena, state, row);
    return satterthwaite_df(arena, state, row);
}

static void test_kept(rac_arena *arena, const rac_mixed_state *state, const double *row,
                      rac_mixed_estimate *out)
{
    const size_t r = state->sums->rank;
    const double variance = mixed_bilinear(row, state->reported, row, r);
    const double df = df_of(arena, state, row);
    *out = not_estimable;
    if (!(variance > 0) || !(df > 0))
        return;
    out->estimable = true;
    out->estimate = mixed_dot(row, state->beta, r);
    out->se = sqrt(variance);
    out->df = df;
    out->t = out->estimate / out->se;
    out->p = rac_t_two_sided(out->t, df);
    const double half = rac_t_critical(state->level, df) * out->se;
    out->lower = out->estimate - half;
    out->upper = out->estimate + half;
}

void mixed_test_kept_column(rac_arena *arena, const rac_mixed_state *state, size_t kept,
                            rac_mixed_estimate *out)
{
    double *const row = rac_many(arena, double, state->sums->rank);
    row[kept] = 1;
    test_kept(arena, state, row, out);
}

void rac_mixed_test(rac_arena *arena, const rac_mixed_fit *fit, const double *row,
                    rac_mixed_estimate *estimate)
{
    double *const kept = rac_many(arena, double, fit->state->sums->rank);
    if (restrict_row(fit->state->sums, row, kept))
        test_kept(arena, fit->state, kept, estimate);
    else
        *estimate = not_estimable;
}

/* ---- several rows -------------------------------------------------------------------------------- */

/* Rotates the rows by the eigenvectors of L C L' and leaves out directions without variance, so that what is
 * left (count returned) is independent; variance[k] are the eigenvalues. */
static size_t rotate(rac_arena *arena, const double *l, size_t count, const double *c, size_t r,
                     double *rotated, double *variance)
{
    double *const lcl = rac_many(arena, double, count *count), *const vectors =
                                                                   rac_many(arena, double, count *count);
    double *const values = rac_many(arena, double, count);
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++)
            lcl[a * count + b] = mixed_bilinear(l + a * r, c, l + b * r, r);
    mixed_eigen(lcl, count, values, vectors);
    size_t kept = 0;
    for (size_t k = 0; k < count; k++) {
        if (!(values[k] > 1e-10 * values[count - 1]))
            continue;
        for (size_t x = 0; x < r; x++) {
            rotated[kept * r + x] = 0;
            for (size_t a = 0; a < count; a++)
                rotated[kept * r + x] += vectors[k * count + a] * l[a * r + x];
        }
        variance[kept++] = values[k];
    }
    return kept;
}

static void satterthwaite_joint(rac_arena *arena, const rac_mixed_state *state, const double *rows,
                                size_t count, rac_mixed_joint *joint)
{
    const size_t r = state->sums->rank;
    double *const row = rac_many(arena, double, count *r), *const variance = rac_many(arena, double, count);
    const size_t c = rotate(arena, rows, count, state->reported, r, row, variance);
    if (c == 0)
        return;
    double f = 0, excess = 0, smallest = INFINITY, largest = 0;
    for (size_t k = 0; k < c; k++) {
        const double estimate = mixed_dot(row + k * r, state->beta, r);
        const double df = df_of(arena, state, row + k * r);
        f += estimate * estimate / variance[k] / (double)c;
        excess += df > 2 ? df / (df - 2) : 0;
        smallest = fmin(smallest, df);
        largest = fmax(largest, df);
    }
    joint->estimable = true;
    joint->num_df = (double)c;
    joint->f = f;
    if (state->df == RAC_MIXED_BETWEEN_WITHIN || largest - smallest < 1e-8 * largest)
        joint->denom_df = smallest;
    else
        joint->denom_df = smallest <= 2 ? 2 : 2 * excess / (excess - (double)c);
    joint->p = rac_f_upper(f, joint->num_df, joint->denom_df);
}

/* The scaled F of Kenward and Roger from A1 and A2. */
static void kenward_roger_scale(double c, double a1, double a2, double *df, double *lambda)
{
    const double b = (a1 + 6 * a2) / (2 * c);
    const double g = ((c + 1) * a1 - (c + 4) * a2) / ((c + 2) * a2);
    const double d = 3 * c + 2 * (1 - g);
    const double c1 = g / d, c2 = (c - g) / d, c3 = (c + 2 - g) / d;
    const double e = 1 / (1 - a2 / c);
    const double v = 2 / c * (1 + c1 * b) / ((1 - c2 * b) * (1 - c2 * b) * (1 - c3 * b));
    const double rho = v / (2 * e * e);
    *df = 4 + (c + 2) / (c * rho - 1);
    *lambda = *df / (e * (*df - 2));
}

static void kenward_roger_joint(rac_arena *arena, const rac_mixed_state *state, const double *rows,
                                size_t count, rac_mixed_joint *joint)
{
    const size_t r = state->sums->rank, t = state->parameters;
    double *const row = rac_many(arena, double, count *r), *const variance = rac_many(arena, double, count);
    const size_t c = rotate(arena, rows, count, state->phi, r, row, variance);
    if (c == 0)
        return;
    /* With rows made orthonormal in Phi, Theta Phi P Phi has the trace of the c x c matrix M = L Phi P Phi
     * L'. */
    double *const w = rac_many(arena, double, c *r), *const m = rac_many(arena, double, t *c *c);
    double *const trace = rac_many(arena, double, t);
    for (size_t k = 0; k < c; k++) {
        for (size_t x = 0; x < r; x++)
            row[k * r + x] /= sqrt(variance[k]);
        times_phi(state, row + k * r, w + k * r);
    }
    for (size_t a = 0; a < t; a++)
        for (size_t k = 0; k < c; k++) {
            for (size_t l = 0; l < c; l++)
                m[(a * c + k) * c + l] = mixed_bilinear(w + k * r, state->p + a * r * r, w + l * r, r);
            trace[a] += m[(a * c + k) * c + k];
        }
    double a2 = 0;
    const double a1 = mixed_bilinear(trace, state->theta_covariance, trace, t);
    for (size_t a = 0; a < t; a++)
        for (size_t b = 0; b < t; b++)
            a2 += state->theta_covariance[a * t + b] * mixed_dot(m + a * c * c, m + b * c * c, c * c);
    double *const adjusted = rac_many(arena, double, c *c), *const x = rac_many(arena, double, c);
    for (size_t k = 0; k < c; k++) {
        x[k] = mixed_dot(row + k * r, state->beta, r);
        for (size_t l = 0; l < c; l++)
            adjusted[k * c + l] = mixed_bilinear(row + k * r, state->reported, row + l * r, r);
    }
    if (!mixed_cholesky(adjusted, c))
        return;
    mixed_solve_lower(adjusted, c, x);
    double lambda;
    kenward_roger_scale((double)c, a1, a2, &joint->denom_df, &lambda);
    joint->estimable = joint->denom_df > 0 && isfinite(lambda);
    joint->num_df = (double)c;
    joint->f = lambda * mixed_dot(x, x, c) / (double)c;
    joint->p = rac_f_upper(joint->f, joint->num_df, joint->denom_df);
}

void rac_mixed_test_joint(rac_arena *arena, const rac_mixed_fit *fit, const double *rows, size_t count,
                          rac_mixed_joint *joint)
{
    const rac_mixed_state *const state = fit->state;
    const size_t r = state->sums->rank;
    *joint = (rac_mixed_joint){false, NAN, NAN, NAN, NAN};
    double *const kept = rac_many(arena, double, count *r);
    for (size_t k = 0; k < count; k++)
        if (!restrict_row(state->sums, rows + k * fit->columns, kept + k * r))
            return;
    if (count == 0)
        return;
    const bool kenward_roger =
        state->df == RAC_MIXED_KENWARD_ROGER || state->df == RAC_MIXED_KENWARD_ROGER_FULL;
    if (kenward_roger && count > 1)
        kenward_roger_joint(arena, state, kept, count, joint);
    else
        satterthwaite_joint(arena, state, kept, count, joint);
    if (!joint->estimable)
        *joint = (rac_mixed_joint){false, NAN, NAN, NAN, NAN};
}
