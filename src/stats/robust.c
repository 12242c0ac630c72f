/* Robust covariances of linear and logistic fits: see racemate/stats/regression.h.
 *
 * Both are B M B with B = (X'VX)^-1 and M = sum s_i s_i' / c_i, s_i = w_i r_i x_i the score of a row. */
#include "stats/basis.h"

#include <math.h>
#include <stdlib.h>

typedef struct sandwich {
    const rac_regression_data *data;
    const double *bread; /* columns x columns */
    const double *fitted, *leverage;
    size_t rank, used;
} sandwich;

static sandwich of_linear(const rac_regression_data *data, const rac_linear *fit)
{
    return (sandwich){data, fit->unscaled, fit->fitted, fit->leverage, fit->rank, fit->used};
}

static sandwich of_logistic(const rac_regression_data *data, const rac_logistic *fit)
{
    return (sandwich){data, fit->covariance, fit->fitted, fit->leverage, fit->rank, fit->used};
}

static double residual(const sandwich *s, size_t row)
{
    return (s->data->weight ? s->data->weight[row] : 1) * (s->data->y[row] - s->fitted[row]);
}

static double *assemble(rac_arena *arena, const sandwich *s, const double *meat)
{
    const size_t p = s->data->columns;
    double *const half = rac_many(arena, double, p *p), *const whole = rac_many(arena, double, p *p);
    for (size_t i = 0; i < p; i++)
        for (size_t k = 0; k < p; k++)
            for (size_t j = 0; j < p; j++)
                half[i * p + j] += s->bread[i * p + k] * meat[k * p + j];
    for (size_t i = 0; i < p; i++)
        for (size_t k = 0; k < p; k++)
            for (size_t j = 0; j < p; j++)
                whole[i * p + j] += half[i * p + k] * s->bread[k * p + j];
    return whole;
}

static void add_outer(double *meat, const double *score, size_t p, double times)
{
    for (size_t j = 0; j < p; j++)
        for (size_t k = 0; k < p; k++)
            meat[j * p + k] += times * score[j] * score[k];
}

static rac_status by_row(rac_arena *arena, const sandwich *s, rac_robust kind, double **covariance,
                         rac_error *err)
{
    const size_t p = s->data->columns;
    if (kind == RAC_ROBUST_HC1 && s->used <= s->rank)
        return rac_fail(err, RAC_INVALID, "HC1 needs more rows than columns, there are %zu and %zu", s->used,
                        s->rank);
    double *const meat = rac_many(arena, double, p *p);
    for (size_t i = 0; i < s->data->rows; i++) {
        const double r = residual(s, i), stay = 1 - s->leverage[i];
        double times = r * r;
        if (kind == RAC_ROBUST_HC1)
            times *= (double)s->used / (double)(s->used - s->rank);
        if (kind == RAC_ROBUST_HC2 || kind == RAC_ROBUST_HC3) {
            if (!(stay > 1e-12))
                return rac_fail(err, RAC_INVALID,
                                "row %zu has leverage 1 (it alone fixes a coefficient): use HC0", i + 1);
            times /= kind == RAC_ROBUST_HC2 ? stay : stay * stay;
        }
        add_outer(meat, s->data->x + i * p, p, times);
    }
    *covariance = assemble(arena, s, meat);
    return RAC_OK;
}

typedef struct member {
    size_t cluster, row;
} member;

static int by_cluster_then_row(const void *left, const void *right)
{
    const member *const a = left, *const b = right;
    if (a->cluster != b->cluster)
        return a->cluster < b->cluster ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static rac_status by_cluster(rac_arena *arena, const sandwich *s, const size_t *cluster, double **covariance,
                             rac_error *err)
{
    const size_t n = s->data->rows, p = s->data->columns;
    member *const order = rac_many(arena, member, n);
    for (size_t i = 0; i < n; i++)
        order[i] = (member){cluster[i], i};
    qsort(order, n, sizeof *order, by_cluster_then_row);
    if (order[0].cluster == order[n - 1].cluster)
        return rac_fail(err, RAC_INVALID, "all rows are in one cluster: clustered errors need at least two");
    double *const meat = rac_many(arena, double, p *p), *const score = rac_many(arena, double, p);
    for (size_t at = 0; at < n; at++) {
        const size_t row = order[at].row;
        const double r = residual(s, row);
        for (size_t j = 0; j < p; j++)
            score[j] += r * s->data->x[row * p + j];
        if (at + 1 < n && order[at + 1].cluster == order[at].cluster)
            continue;
        add_outer(meat, score, p, 1);
        for (size_t j = 0; j < p; j++)
            score[j] = 0;
    }
    *covariance = assemble(arena, s, meat);
    return RAC_OK;
}

rac_status rac_linear_robust(rac_arena *arena, const rac_regression_data *data, const rac_linear *fit,
                             rac_robust kind, double **covariance, rac_error *err)
{
    const sandwich s = of_linear(data, fit);
    return by_row(arena, &s, kind, covariance, err);
}

rac_status rac_logistic_robust(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                               rac_robust kind, double **covariance, rac_error *err)
{
    const sandwich s = of_logistic(data, fit);
    return by_row(arena, &s, kind, covariance, err);
}

rac_status rac_linear_clustered(rac_arena *arena, const rac_regression_data *data, const rac_linear *fit,
                                const size_t *cluster, double **covariance, rac_error *err)
{
    const sandwich s = of_linear(data, fit);
    return by_cluster(arena, &s, cluster, covariance, err);
}

rac_status rac_logistic_clustered(rac_arena *arena, const rac_regression_data *data, const rac_logistic *fit,
                                  const size_t *cluster, double **covariance, rac_error *err)
{
    const sandwich s = of_logistic(data, fit);
    return by_cluster(arena, &s, cluster, covariance, err);
}
