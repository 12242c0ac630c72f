#include "stats/cox_problem.h"

enum { MOST_COVARIATES = 500 };

static rac_status find_missing(rac_arena *arena, const rac_cox_data *data, bool **missing, rac_error *err)
{
    *missing = rac_many(arena, bool, data->times.n);
    for (size_t i = 0; i < data->times.n; i++)
        for (size_t j = 0; j < data->covariates; j++) {
            const double value = data->x[i * data->covariates + j];
            if (isinf(value))
                return rac_fail(err, RAC_INVALID, "row %zu: covariate %zu is infinite", i + 1, j + 1);
            (*missing)[i] = (*missing)[i] || isnan(value);
        }
    return RAC_OK;
}

/* Weighted means and standard deviations; a constant column keeps scale 1 and becomes exactly 0. */
static void scale_columns(const cox_problem *problem, double *x)
{
    const size_t n = problem->times.n, p = problem->p;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = stats_weight(&problem->times, i);
        total += w;
        for (size_t j = 0; j < p; j++)
            problem->mean[j] += w * x[i * p + j];
    }
    for (size_t j = 0; j < p; j++) {
        problem->mean[j] /= total;
        problem->scale[j] = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < p; j++) {
            const double d = x[i * p + j] -= problem->mean[j];
            problem->scale[j] += stats_weight(&problem->times, i) * d * d;
        }
    for (size_t j = 0; j < p; j++) {
        const double sd = sqrt(problem->scale[j] / total);
        problem->scale[j] = sd > 1e-14 * fabs(problem->mean[j]) ? sd : 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < p; j++)
            x[i * p + j] = problem->scale[j] > 0 ? x[i * p + j] / problem->scale[j] : 0;
    for (size_t j = 0; j < p; j++)
        problem->scale[j] = problem->scale[j] > 0 ? problem->scale[j] : 1;
}

rac_status cox_problem_prepare(rac_arena *arena, const rac_cox_data *data, rac_cox_ties ties, bool clustered,
                               cox_problem *out, rac_error *err)
{
    cox_problem problem = {.p = data->covariates, .ties = ties};
    bool *missing;
    if (data->covariates > MOST_COVARIATES)
        return rac_fail(err, RAC_LIMIT, "%zu covariates, at most %d", data->covariates, MOST_COVARIATES);
    rac_status status = find_missing(arena, data, &missing, err);
    if (status == RAC_OK)
        status = stats_times_prepare(arena, &data->times, missing, false, true, &problem.times, err);
    if (status != RAC_OK)
        return status;
    const size_t n = problem.times.n, p = problem.p;
    double *const x = rac_many(arena, double, n *p);
    problem.mean = rac_many(arena, double, p);
    problem.scale = rac_many(arena, double, p);
    problem.cluster = clustered && data->times.cluster ? rac_many(arena, int, n) : NULL;
    for (size_t i = 0; i < n; i++) {
        const size_t row = problem.times.row[i];
        problem.events += problem.times.event[i];
        if (problem.cluster)
            problem.cluster[i] = data->times.cluster[row];
        for (size_t j = 0; j < p; j++)
            x[i * p + j] = data->x[row * p + j];
    }
    if (n > 0)
        scale_columns(&problem, x);
    problem.x = x;
    if (problem.times.start) {
        problem.by_start = rac_many(arena, uint32_t, n);
        for (size_t s = 0; s < problem.times.strata; s++) {
            const size_t begin = problem.times.stratum_begin[s], end = problem.times.stratum_begin[s + 1];
            const uint32_t *const order = stats_start_order(arena, &problem.times, begin, end);
            for (size_t i = begin; i < end; i++)
                problem.by_start[i] = order[i - begin];
        }
    }
    *out = problem;
    return RAC_OK;
}
