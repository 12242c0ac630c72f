/* The inner loop of logistic regression: see newton.h. */
#include "stats/newton.h"
#include "stats/basis.h"

#include <math.h>
#include <string.h>

static const double full_step_reach = 1.75; /* largest change of eta for which a full step must ascend */
static const double near_flat =
    1e-12; /* a decrement this small that still falls at a linear rate: separated */
static const double vanished = 1e-10; /* a pivot this small at the first step is a column of nothing */

rac_newton rac_newton_new(rac_arena *arena, size_t rows, size_t columns)
{
    return (rac_newton){.eta = rac_many(arena, double, rows),
                        .fitted = rac_many(arena, double, rows),
                        .variance = rac_many(arena, double, rows),
                        .scratch = rac_many(arena, double, rows),
                        .change = rac_many(arena, double, rows),
                        .gradient = rac_many(arena, double, columns),
                        .step = rac_many(arena, double, columns),
                        .trial = rac_many(arena, double, columns),
                        .factor = rac_many(arena, double, columns *columns),
                        .aliased = rac_many(arena, bool, columns)};
}

/* Four running sums let the compiler use vector registers without reordering by itself. */
static double dot(const double *a, const double *b, size_t n)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += a[i] * b[i];
        s1 += a[i + 1] * b[i + 1];
        s2 += a[i + 2] * b[i + 2];
        s3 += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++)
        s0 += a[i] * b[i];
    return (s0 + s1) + (s2 + s3);
}

static void combine(const rac_newton *newton, const double *coefficient, double *sum)
{
    for (size_t k = 0; k < newton->columns; k++) {
        const double *const q = newton->q + k * newton->rows;
        const double c = coefficient[k];
        for (size_t i = 0; i < newton->rows; i++)
            sum[i] += c * q[i];
    }
}

void rac_newton_predict(rac_newton *newton, const double *gamma)
{
    const size_t n = newton->rows;
    if (newton->offset)
        memcpy(newton->eta, newton->offset, n * sizeof *newton->eta);
    else
        memset(newton->eta, 0, n * sizeof *newton->eta);
    combine(newton, gamma, newton->eta);
    for (size_t i = 0; i < n; i++)
        newton->scratch[i] = exp(-fabs(newton->eta[i]));
    for (size_t i = 0; i < n; i++) {
        /* From the smaller tail, so that 1 - fitted keeps its digits in the variance. */
        const double tail = newton->scratch[i], small = tail / (1 + tail), large = 1 / (1 + tail);
        newton->fitted[i] = newton->eta[i] >= 0 ? large : small;
        newton->variance[i] = (newton->weight ? newton->weight[i] : 1) * small * large;
    }
}

double rac_newton_likelihood(const rac_newton *newton)
{
    double sum = 0;
    for (size_t i = 0; i < newton->rows; i++) {
        const double eta = newton->eta[i], w = newton->weight ? newton->weight[i] : 1;
        const double softplus = eta > 0 ? eta + log1p(exp(-eta)) : log1p(exp(eta));
        if (w > 0)
            sum += w * (newton->y[i] * eta - softplus);
    }
    return sum;
}

/* Lower triangle of Q' diag(values) Q into `factor`. */
static void cross_products(rac_newton *newton, const double *values)
{
    const size_t n = newton->rows, p = newton->columns;
    for (size_t k = 0; k < p; k++) {
        const double *const q = newton->q + k * n;
        for (size_t i = 0; i < n; i++)
            newton->scratch[i] = (values ? values[i] : 1) * q[i];
        for (size_t j = 0; j <= k; j++)
            newton->factor[k * p + j] = dot(newton->scratch, newton->q + j * n, n);
    }
}

static void score(rac_newton *newton)
{
    const size_t n = newton->rows, p = newton->columns;
    for (size_t i = 0; i < n; i++)
        newton->scratch[i] = newton->y[i] - newton->fitted[i];
    if (newton->weight)
        for (size_t i = 0; i < n; i++)
            newton->scratch[i] *= newton->weight[i];
    for (size_t k = 0; k < p; k++)
        newton->gradient[k] = dot(newton->q + k * n, newton->scratch, n);
}

static void leave_out(rac_newton *newton, size_t column)
{
    const size_t p = newton->columns;
    for (size_t j = 0; j < p; j++)
        newton->factor[column * p + j] = newton->factor[j * p + column] = 0;
    newton->factor[column * p + column] = 1;
    newton->gradient[column] = 0;
}

static void leave_out_aliased(rac_newton *newton)
{
    for (size_t k = 0; k < newton->columns; k++)
        if (newton->aliased[k])
            leave_out(newton, k);
}

/* Marks the columns that the rows with weight cannot tell from those before them. */
static void find_aliased(rac_newton *newton)
{
    for (size_t tries = 0; tries <= newton->columns; tries++) {
        size_t at;
        cross_products(newton, newton->weight);
        leave_out_aliased(newton);
        if (rac_cholesky(newton->factor, newton->columns, vanished, &at))
            return;
        newton->aliased[at] = true;
    }
}

/* The information plus a ridge just large enough to factor it: some direction has become flat to double
 * precision while others still ascend.  Q is orthonormal, so the ridge treats all directions alike. */
static bool factorise_flat(rac_newton *newton)
{
    const size_t p = newton->columns;
    double most = 0;
    cross_products(newton, newton->variance);
    for (size_t k = 0; k < p; k++)
        most = fmax(most, newton->factor[k * p + k]);
    for (double ridge = 1e-14 * most; ridge > 0 && ridge < most; ridge *= 10) {
        cross_products(newton, newton->variance);
        leave_out_aliased(newton);
        for (size_t k = 0; k < p; k++)
            newton->factor[k * p + k] += ridge;
        if (rac_cholesky(newton->factor, p, 0, NULL))
            return true;
    }
    return false;
}

/* Factors the information; a pivot that vanishes at the first step may be a column that the rows cannot tell
 * apart.  False when nothing is left of it. */
static bool factorise(rac_newton *newton, bool first)
{
    cross_products(newton, newton->variance);
    leave_out_aliased(newton);
    newton->flat = false;
    if (rac_cholesky(newton->factor, newton->columns, first ? vanished : 0, NULL))
        return true;
    if (first) {
        find_aliased(newton);
        cross_products(newton, newton->variance);
        leave_out_aliased(newton);
        if (rac_cholesky(newton->factor, newton->columns, 0, NULL))
            return true;
    }
    newton->flat = true;
    return factorise_flat(newton);
}

static double largest(const double *values, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

/* The longest of 1, 1/2, 1/4 ... that ascends enough (Armijo), or the fraction that always ascends. */
static double step_length(rac_newton *newton, const double *gamma, double decrement)
{
    const double reach = largest(newton->change, newton->rows);
    if (reach <= full_step_reach)
        return 1;
    const double safe = log1p(reach) / reach, here = rac_newton_likelihood(newton);
    for (double fraction = 1; fraction > safe; fraction /= 2) {
        for (size_t k = 0; k < newton->columns; k++)
            newton->trial[k] = gamma[k] + fraction * newton->step[k];
        rac_newton_predict(newton, newton->trial);
        if (rac_newton_likelihood(newton) >= here + 1e-4 * fraction * decrement)
            return fraction;
    }
    return safe;
}

void rac_newton_run(rac_newton *newton, double *gamma)
{
    const size_t n = newton->rows, p = newton->columns;
    memset(newton->aliased, 0, p * sizeof *newton->aliased);
    newton->decrement = INFINITY;
    newton->converged = newton->flattened = false;
    for (newton->steps = 0; newton->steps < newton->steps_most && !newton->converged; newton->steps++) {
        rac_newton_predict(newton, gamma);
        score(newton);
        if (!factorise(newton, newton->steps == 0))
            break; /* every fitted probability is 0 or 1 to double precision */
        memcpy(newton->step, newton->gradient, p * sizeof *newton->step);
        rac_cholesky_solve(newton->factor, p, newton->step);
        memset(newton->change, 0, n * sizeof *newton->change);
        combine(newton, newton->step, newton->change);
        double decrement = 0;
        for (size_t k = 0; k < p; k++)
            decrement += newton->gradient[k] * newton->step[k];
        const double fraction = step_length(newton, gamma, decrement);
        for (size_t k = 0; k < p; k++)
            gamma[k] += fraction * newton->step[k];
        newton->ratio = decrement / newton->decrement;
        newton->decrement = decrement;
        newton->flattened = decrement < near_flat && (newton->flat || newton->ratio > rac_newton_linear_rate);
        newton->converged = decrement < newton->stop || newton->flattened;
    }
    rac_newton_predict(newton, gamma);
}
