/* Firth's penalised likelihood for logistic regression (doi:10.1093/biomet/80.1.27).
 *
 * Maximises l* = l + ln|I| / 2, I = X'VX, V = w p (1 - p).  Its score is that of l with each row's
 * w (y - p) replaced by w (y - p) + h (1/2 - p), h the leverage, so it is finite also when the
 * outcomes separate.  Newton steps with the exact second derivatives of l*; where those are not
 * negative definite, blended with those of the likelihood of the data augmented by h (Kosmidis & Firth
 * 2009, doi:10.1093/biomet/asp055).  Steps are halved until l* does not fall. */
#include "stats/logistic.h"

#include <math.h>
#include <string.h>

static const double finished = 1e-20;
static const int steps_most = 200;
static const int halvings_most = 40;
static const double longest_step = 4; /* of any linear predictor */

typedef struct firth {
    rac_newton *newton;
    double *inverse;                        /* columns x columns, of the information */
    double *leverage;                       /* rows */
    double *curvature, *exact, *substitute; /* columns x columns: minus second derivatives of l* */
    double *turn;                           /* columns x columns x columns: I^-1 (dI/dgamma_k) I^-1 */
    double *work;                           /* columns x columns */
    double *trial;                          /* columns */
} firth;

static firth firth_new(rac_arena *arena, rac_newton *newton)
{
    const size_t p = newton->columns;
    return (firth){.newton = newton,
                   .inverse = rac_many(arena, double, p *p),
                   .leverage = rac_many(arena, double, newton->rows),
                   .curvature = rac_many(arena, double, p *p),
                   .exact = rac_many(arena, double, p *p),
                   .substitute = rac_many(arena, double, p *p),
                   .turn = rac_many(arena, double, p *p *p),
                   .work = rac_many(arena, double, p *p),
                   .trial = rac_many(arena, double, p)};
}

static double entry(const rac_newton *newton, size_t row, size_t column)
{
    return newton->q[column * newton->rows + row];
}

/* sum over columns of q_j m_jk q_k for one row. */
static double quadratic(const rac_newton *newton, size_t row, const double *m)
{
    const size_t p = newton->columns;
    double sum = 0;
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k < p; k++)
            sum += entry(newton, row, j) * m[j * p + k] * entry(newton, row, k);
    return sum;
}

/* l* at gamma; leaves eta, fitted, variance and the factor of I there.  -INFINITY when I is singular. */
static double penalised(rac_newton *newton, const double *gamma)
{
    const size_t n = newton->rows, p = newton->columns;
    rac_newton_predict(newton, gamma);
    double value = rac_newton_likelihood(newton);
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k <= j; k++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += newton->variance[i] * entry(newton, i, j) * entry(newton, i, k);
            newton->factor[j * p + k] = sum;
        }
    if (!rac_cholesky(newton->factor, p, 0, NULL))
        return -INFINITY;
    for (size_t k = 0; k < p; k++)
        value += log(newton->factor[k * p + k]); /* half of ln|I| */
    return value;
}

/* Leverages, the score of l*, and the curvature of the augmented data (1 + h/w) v. */
static void score(firth *f)
{
    rac_newton *const newton = f->newton;
    const size_t n = newton->rows, p = newton->columns;
    rac_cholesky_inverse(newton->factor, p, f->inverse);
    memset(newton->gradient, 0, p * sizeof *newton->gradient);
    memset(f->curvature, 0, p * p * sizeof *f->curvature);
    for (size_t i = 0; i < n; i++) {
        const double w = newton->weight ? newton->weight[i] : 1, fitted = newton->fitted[i];
        const double h = f->leverage[i] = quadratic(newton, i, f->inverse) * newton->variance[i];
        const double residual = w * (newton->y[i] - fitted) + h * (0.5 - fitted);
        const double v = newton->variance[i] + (w > 0 ? h * newton->variance[i] / w : 0);
        for (size_t k = 0; k < p; k++) {
            newton->gradient[k] += residual * entry(newton, i, k);
            for (size_t j = 0; j < p; j++)
                f->curvature[k * p + j] += v * entry(newton, i, k) * entry(newton, i, j);
        }
    }
}

/* turn_k = I^-1 (sum v (1 - 2p) q_k q q') I^-1. */
static void turn_information(firth *f)
{
    const rac_newton *const newton = f->newton;
    const size_t n = newton->rows, p = newton->columns;
    for (size_t k = 0; k < p; k++) {
        double *const turn = f->turn + k * p * p;
        memset(turn, 0, p * p * sizeof *turn);
        for (size_t i = 0; i < n; i++) {
            const double times = newton->variance[i] * (1 - 2 * newton->fitted[i]) * entry(newton, i, k);
            for (size_t j = 0; j < p; j++)
                for (size_t l = 0; l < p; l++)
                    turn[j * p + l] += times * entry(newton, i, j) * entry(newton, i, l);
        }
        for (int side = 0; side < 2; side++) { /* I^-1 M twice, with a transpose between: M is symmetric */
            for (size_t j = 0; j < p; j++)
                for (size_t l = 0; l < p; l++) {
                    f->work[l * p + j] = 0;
                    for (size_t c = 0; c < p; c++)
                        f->work[l * p + j] += f->inverse[j * p + c] * turn[c * p + l];
                }
            memcpy(turn, f->work, p * p * sizeof *turn);
        }
    }
}

/* With dh/dgamma_k = h (1 - 2p) q_k - v q' turn_k q, the second derivatives of l* are those of the augmented
 * data plus sum (1/2 - p) q dh'. */
static void exact_curvature(firth *f)
{
    const rac_newton *const newton = f->newton;
    const size_t n = newton->rows, p = newton->columns;
    turn_information(f);
    for (size_t i = 0; i < n; i++) {
        const double half = 0.5 - newton->fitted[i];
        for (size_t k = 0; k < p; k++) {
            const double slope = f->leverage[i] * 2 * half * entry(newton, i, k) -
                                 newton->variance[i] * quadratic(newton, i, f->turn + k * p * p);
            for (size_t j = 0; j < p; j++)
                f->curvature[j * p + k] -= half * slope * entry(newton, i, j);
        }
    }
}

/* Factors the curvature of l*; where l* is not concave, the nearest of a few blends with that of the
 * augmented data (which is positive definite, as I is) that is: barely so, it is steep along the way out of a
 * saddle, of which l* has a few in small samples. */
static bool factor_curvature(firth *f)
{
    const size_t square = f->newton->columns * f->newton->columns;
    memcpy(f->substitute, f->curvature, square * sizeof *f->curvature);
    exact_curvature(f);
    memcpy(f->exact, f->curvature, square * sizeof *f->curvature);
    if (rac_cholesky(f->curvature, f->newton->columns, 0, NULL))
        return true;
    for (double blend = 1.0 / 64; blend <= 1; blend *= 2) {
        for (size_t k = 0; k < square; k++)
            f->curvature[k] = (1 - blend) * f->exact[k] + blend * f->substitute[k];
        if (rac_cholesky(f->curvature, f->newton->columns, 1e-3, NULL))
            break;
    }
    return false;
}

/* step = curvature^-1 gradient, and the decrement gradient' step.  False when l* is not concave here. */
static bool find_step(firth *f)
{
    rac_newton *const newton = f->newton;
    const size_t p = newton->columns;
    score(f);
    const bool concave = factor_curvature(f);
    memcpy(newton->step, newton->gradient, p * sizeof *newton->step);
    rac_cholesky_solve(f->curvature, p, newton->step);
    newton->decrement = 0;
    for (size_t k = 0; k < p; k++)
        newton->decrement += newton->step[k] * newton->gradient[k];
    return concave;
}

static double longest_change(const rac_newton *newton)
{
    double longest = 0;
    for (size_t i = 0; i < newton->rows; i++) {
        double change = 0;
        for (size_t k = 0; k < newton->columns; k++)
            change += newton->step[k] * entry(newton, i, k);
        longest = fmax(longest, fabs(change));
    }
    return longest;
}

/* gamma + fraction * step into `trial`; l* there. */
static double try_step(firth *f, const double *gamma, double fraction)
{
    for (size_t k = 0; k < f->newton->columns; k++)
        f->trial[k] = gamma[k] + fraction * f->newton->step[k];
    return penalised(f->newton, f->trial);
}

/* Moves gamma to where l* does not fall, and returns it there.  Near the optimum l* cannot tell two points
 * apart; then the step is taken as it is.  Where l* is not concave the step is lengthened while that helps,
 * or leaving a saddle would take hundreds. */
static double advance(firth *f, double *gamma, double value, bool concave)
{
    const double slack = 1e-12 * (1 + fabs(value));
    double fraction = fmin(1, longest_step / longest_change(f->newton)), next = try_step(f, gamma, fraction);
    for (int halving = 0; halving < halvings_most && next < value - slack; halving++)
        next = try_step(f, gamma, fraction /= 2);
    for (bool better = !concave; better;) {
        const double further = try_step(f, gamma, 2 * fraction);
        better = further > next;
        if (better) {
            next = further;
            fraction *= 2;
        }
    }
    next = try_step(f, gamma, fraction);
    memcpy(gamma, f->trial, f->newton->columns * sizeof *gamma);
    return next;
}

rac_status rac_logistic_firth(rac_newton *newton, double *gamma, rac_arena *arena, rac_error *err)
{
    const size_t p = newton->columns;
    firth f = firth_new(arena, newton);
    memset(gamma, 0, p * sizeof *gamma);
    double value = penalised(newton, gamma);
    newton->converged = false;
    for (newton->steps = 0; newton->steps < steps_most && !newton->converged; newton->steps++) {
        const bool concave = find_step(&f);
        newton->converged = concave && newton->decrement < finished;
        value = advance(&f, gamma, value, concave);
    }
    if (!newton->converged)
        return rac_fail(err, RAC_NOT_CONVERGED, "Firth's penalised likelihood did not converge in %d steps",
                        newton->steps);
    return RAC_OK;
}
