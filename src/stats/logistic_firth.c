/* Firth's penalised likelihood for logistic regression (doi:10.1093/biomet/80.1.27).
 *
 * Maximises l* = l + ln|I| / 2, I = X'VX, V = w p (1 - p).  Its score is that of l with each row's
 * w (y - p) replaced by w (y - p) + h (1/2 - p), h the leverage, so it is finite also when the
 * outcomes separate.  Steps I^-1 score, halved until l* does not fall. */
#include "stats/logistic.h"

#include <math.h>
#include <string.h>

static const double finished = 1e-20;
static const int steps_most = 500;
static const int halvings_most = 40;
static const double longest_step = 2; /* of any linear predictor */

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
                sum += newton->variance[i] * newton->q[j * n + i] * newton->q[k * n + i];
            newton->factor[j * p + k] = sum;
        }
    if (!rac_cholesky(newton->factor, p, 0, NULL))
        return -INFINITY;
    for (size_t k = 0; k < p; k++)
        value += log(newton->factor[k * p + k]); /* half of ln|I| */
    return value;
}

static void score(rac_newton *newton, const double *inverse)
{
    const size_t n = newton->rows, p = newton->columns;
    memset(newton->gradient, 0, p * sizeof *newton->gradient);
    for (size_t i = 0; i < n; i++) {
        double h = 0;
        for (size_t j = 0; j < p; j++)
            for (size_t k = 0; k < p; k++)
                h += newton->q[j * n + i] * inverse[j * p + k] * newton->q[k * n + i];
        h *= newton->variance[i];
        const double w = newton->weight ? newton->weight[i] : 1;
        const double residual = w * (newton->y[i] - newton->fitted[i]) + h * (0.5 - newton->fitted[i]);
        for (size_t k = 0; k < p; k++)
            newton->gradient[k] += residual * newton->q[k * n + i];
    }
}

static double longest_change(rac_newton *newton)
{
    double longest = 0;
    for (size_t i = 0; i < newton->rows; i++) {
        double change = 0;
        for (size_t k = 0; k < newton->columns; k++)
            change += newton->step[k] * newton->q[k * newton->rows + i];
        longest = fmax(longest, fabs(change));
    }
    return longest;
}

rac_status rac_logistic_firth(rac_newton *newton, double *gamma, rac_arena *arena, rac_error *err)
{
    const size_t p = newton->columns;
    double *const inverse = rac_many(arena, double, p *p);
    double *const trial = rac_many(arena, double, p);
    memset(gamma, 0, p * sizeof *gamma);
    double value = penalised(newton, gamma);
    newton->converged = false;
    for (newton->steps = 0; newton->steps < steps_most && !newton->converged; newton->steps++) {
        rac_cholesky_inverse(newton->factor, p, inverse);
        score(newton, inverse);
        newton->decrement = 0;
        for (size_t j = 0; j < p; j++) {
            newton->step[j] = 0;
            for (size_t k = 0; k < p; k++)
                newton->step[j] += inverse[j * p + k] * newton->gradient[k];
            newton->decrement += newton->step[j] * newton->gradient[j];
        }
        newton->converged = newton->decrement < finished;
        double fraction = fmin(1, longest_step / longest_change(newton)), next = -INFINITY;
        /* Near the optimum the likelihood cannot tell two points apart; then the step is taken as it is. */
        const double slack = 1e-12 * (1 + fabs(value));
        for (int halving = 0; halving < halvings_most; halving++, fraction /= 2) {
            for (size_t k = 0; k < p; k++)
                trial[k] = gamma[k] + fraction * newton->step[k];
            next = penalised(newton, trial);
            if (next >= value - slack)
                break;
        }
        memcpy(gamma, trial, p * sizeof *gamma);
        value = next;
    }
    if (!newton->converged)
        return rac_fail(err, RAC_NOT_CONVERGED, "Firth's penalised likelihood did not converge in %d steps",
                        newton->steps);
    return RAC_OK;
}
