/* Missing visits given seen visits: see conditional.h. */
#include "stats/conditional.h"
#include "stats/basis.h"

#include <math.h>
#include <string.h>

rac_conditional rac_conditional_new(rac_arena *arena, size_t visits)
{
    const size_t square = visits * visits;
    return (rac_conditional){.visits = visits,
                             .seen = rac_many(arena, size_t, visits),
                             .gone = rac_many(arena, size_t, visits),
                             .mean = rac_many(arena, double, visits),
                             .sigma = rac_many(arena, double, square),
                             .factor = rac_many(arena, double, square),
                             .half = rac_many(arena, double, square),
                             .rest = rac_many(arena, double, square),
                             .residual = rac_many(arena, double, visits)};
}

static void strategy_mean(rac_conditional *work, const double *own, const double *reference, size_t first,
                          rac_strategy strategy)
{
    const size_t m = work->visits;
    memcpy(work->mean, strategy == RAC_STRATEGY_CR && first < m ? reference : own, m * sizeof *work->mean);
    for (size_t j = first; j < m; j++) {
        if (strategy == RAC_STRATEGY_J2R || (strategy == RAC_STRATEGY_CIR && first == 0))
            work->mean[j] = reference[j];
        else if (strategy == RAC_STRATEGY_CIR)
            work->mean[j] = own[first - 1] + reference[j] - reference[first - 1];
    }
}

/* Carpenter et al. 2013, with 1 the visits before `first`, 2 the others, O own and R reference:
 * S11 = O11, S21 = R21 R11^-1 O11, S22 = R22 - R21 R11^-1 (R11 - O11) R11^-1 R12. */
static void join_covariances(rac_conditional *work, const double *own, const double *reference, size_t first)
{
    const size_t m = work->visits;
    double *const factor = work->factor, *const slopes =
                                             work->half; /* R21 R11^-1: row j of visits 2, column k of 1 */
    for (size_t i = 0; i < first; i++)
        memcpy(factor + i * first, reference + i * m, (i + 1) * sizeof *factor);
    memcpy(work->sigma, reference, m * m * sizeof *work->sigma);
    if (!rac_cholesky(factor, first, 0, NULL))
        return; /* the fill will find it not positive definite and say so */
    for (size_t j = first; j < m; j++) {
        memcpy(slopes + j * m, reference + j * m, first * sizeof *slopes);
        rac_cholesky_solve(factor, first, slopes + j * m);
    }
    for (size_t i = 0; i < first; i++)
        memcpy(work->sigma + i * m, own + i * m, first * sizeof *work->sigma);
    for (size_t j = first; j < m; j++)
        for (size_t k = 0; k < first; k++) {
            double sum = 0;
            for (size_t l = 0; l < first; l++)
                sum += slopes[j * m + l] * own[l * m + k];
            work->sigma[j * m + k] = work->sigma[k * m + j] = sum;
        }
    for (size_t j = first; j < m; j++)
        for (size_t i = first; i < m; i++)
            for (size_t k = 0; k < first; k++)
                for (size_t l = 0; l < first; l++)
                    work->sigma[j * m + i] -=
                        slopes[j * m + k] * (reference[k * m + l] - own[k * m + l]) * slopes[i * m + l];
}

void rac_conditional_prepare(rac_conditional *work, const double *y, const double *own_mean,
                             const double *reference_mean, const double *sigma, const double *reference_sigma,
                             rac_strategy strategy)
{
    const size_t m = work->visits, first = rac_first_gone(y, m);
    strategy_mean(work, own_mean, reference_mean, first, strategy);
    const bool left = first < m && strategy != RAC_STRATEGY_MAR;
    if (left && reference_sigma != sigma && strategy != RAC_STRATEGY_CR && first > 0)
        join_covariances(work, sigma, reference_sigma, first);
    else
        memcpy(work->sigma, left ? reference_sigma : sigma, m * m * sizeof *work->sigma);
}

/* rest = S_mm - half' half, and its lower factor when a draw is wanted. */
static bool factor_rest(rac_conditional *work, size_t seen, size_t gone)
{
    const size_t m = work->visits;
    for (size_t i = 0; i < gone; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = work->sigma[work->gone[i] * m + work->gone[j]];
            for (size_t k = 0; k < seen; k++)
                sum -= work->half[k * m + i] * work->half[k * m + j];
            work->rest[i * gone + j] = sum;
        }
    return rac_cholesky(work->rest, gone, 0, NULL);
}

bool rac_conditional_fill(rac_conditional *work, const double *y, rac_random *draws, double *filled)
{
    const size_t m = work->visits;
    size_t seen = 0, gone = 0;
    for (size_t j = 0; j < m; j++) {
        if (isnan(y[j]))
            work->gone[gone++] = j;
        else
            work->seen[seen++] = j;
        filled[j] = y[j];
    }
    for (size_t i = 0; i < seen; i++)
        for (size_t j = 0; j <= i; j++)
            work->factor[i * seen + j] = work->sigma[work->seen[i] * m + work->seen[j]];
    if (!rac_cholesky(work->factor, seen, 0, NULL))
        return false;
    /* residual = L^-1 (y_o - mu_o); half = L^-1 S_om. */
    for (size_t i = 0; i < seen; i++) {
        const double pivot = work->factor[i * seen + i];
        work->residual[i] = y[work->seen[i]] - work->mean[work->seen[i]];
        for (size_t k = 0; k < i; k++)
            work->residual[i] -= work->factor[i * seen + k] * work->residual[k];
        work->residual[i] /= pivot;
        for (size_t g = 0; g < gone; g++) {
            double sum = work->sigma[work->seen[i] * m + work->gone[g]];
            for (size_t k = 0; k < i; k++)
                sum -= work->factor[i * seen + k] * work->half[k * m + g];
            work->half[i * m + g] = sum / pivot;
        }
    }
    for (size_t g = 0; g < gone; g++) {
        double value = work->mean[work->gone[g]];
        for (size_t i = 0; i < seen; i++)
            value += work->half[i * m + g] * work->residual[i];
        filled[work->gone[g]] = value;
    }
    if (!draws || !gone)
        return true;
    if (!factor_rest(work, seen, gone))
        return false;
    for (size_t g = 0; g < gone; g++) {
        const double z = rac_random_normal(draws);
        for (size_t i = g; i < gone; i++)
            filled[work->gone[i]] += work->rest[i * gone + g] * z;
    }
    return true;
}
