/* Amounts over durations: see racemate/pharma/search.h. */
#include "racemate/pharma/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pharma/order.h"

static const double LONGEST_H = 168;

static rac_status check(const rac_search_request *ask, rac_error *err)
{
    if (ask->dose.kind != RAC_DOSE_INFUSION || !(ask->dose.amount_mg > 0))
        return rac_fail(err, RAC_INVALID, "a search needs an infusion of a stated amount");
    if (!ask->target_count || !ask->durations)
        return rac_fail(err, RAC_INVALID, "a search needs durations, and limits or goals");
    if (!(ask->after_h >= 0 && ask->after_h <= LONGEST_H))
        return rac_fail(err, RAC_INVALID, "a search until %g h after the end", ask->after_h);
    for (size_t i = 0; i < ask->durations; i++)
        if (!(ask->durations_h[i] > 0 && ask->durations_h[i] <= LONGEST_H))
            return rac_fail(err, RAC_INVALID, "an infusion over %g h", ask->durations_h[i]);
    for (size_t i = 0; i < ask->share_count; i++)
        if (!(ask->shares[i] >= 0 && ask->shares[i] <= 1))
            return rac_fail(err, RAC_INVALID, "a share of %g", ask->shares[i]);
    return RAC_OK;
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Every minute, the end of the infusion, where curves turn, and the times targets name. */
static double *choose_times(rac_arena *arena, const rac_search_request *ask, const rac_target *targets,
                            double duration_h, size_t *count)
{
    const size_t minutes = (size_t)ceil((duration_h + ask->after_h) * 60 - 1e-9);
    double *times_h = rac_many(arena, double, minutes + 2 + 2 * ask->target_count);
    size_t n = 0;
    for (size_t i = 0; i <= minutes; i++)
        times_h[n++] = (double)i / 60;
    times_h[n++] = duration_h;
    for (size_t k = 0; k < ask->target_count; k++) {
        times_h[n++] = targets[k].from_h;
        times_h[n++] = targets[k].until_h;
    }
    qsort(times_h, n, sizeof *times_h, ascending);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (!*count || times_h[i] > times_h[*count - 1])
            times_h[(*count)++] = times_h[i];
    return times_h;
}

/* The factor up to which all limits hold in each patient; how many patients have one. */
static size_t factors_of_limits(const rac_search_request *ask, const double *factors, double *all)
{
    size_t count = 0;
    for (size_t s = 0; s < ask->subjects; s++) {
        double least = INFINITY;
        if (isnan(factors[s]))
            continue;
        for (size_t k = 0; k < ask->target_count; k++)
            if (!ask->targets[k].target.goal)
                least = fmin(least, factors[k * ask->subjects + s]);
        all[count++] = least;
    }
    return count;
}

/* As in target.c, a share is a count of patients: the factor which that many bear. */
static double borne_by(double *factors, size_t count, double share)
{
    const double needed = ceil(share * (double)count - 1e-9);
    if (needed < 1)
        return INFINITY;
    return fmax(rac_order_statistic(factors, count, count - (size_t)needed), 0);
}

static rac_status look_at(rac_arena *arena, rac_arena *scratch, const rac_model *model,
                          const rac_search_request *ask, double duration_h, rac_search_point *point,
                          rac_error *err)
{
    rac_regimen planned = rac_regimen_new(scratch);
    rac_dose dose = ask->dose;
    dose.duration_h = duration_h;
    rac_regimen_add(&planned, dose);
    rac_target *targets = rac_many(scratch, rac_target, ask->target_count);
    for (size_t k = 0; k < ask->target_count; k++) {
        targets[k] = ask->targets[k].target;
        if (ask->targets[k].at_end)
            targets[k].from_h = targets[k].until_h = duration_h + dose.time_h;
    }
    rac_target_request request = {.covariates = ask->covariates,
                                  .given = ask->given,
                                  .planned = &planned,
                                  .targets = targets,
                                  .target_count = ask->target_count,
                                  .subjects = ask->subjects,
                                  .seed = ask->seed,
                                  .etas = ask->etas};
    request.times_h = choose_times(scratch, ask, targets, dose.time_h + duration_h, &request.times);
    rac_target_answer answer;
    const rac_status status = rac_pharma_target(arena, model, &request, &answer, err);
    if (status)
        return status;
    double *all = rac_many(scratch, double, ask->subjects),
           *lines = rac_many(arena, double, ask->share_count);
    const size_t count = factors_of_limits(ask, answer.factors, all);
    size_t held = 0;
    for (size_t i = 0; i < count; i++)
        held += all[i] >= 1;
    for (size_t i = 0; i < ask->share_count; i++)
        lines[i] = dose.amount_mg * borne_by(all, count, ask->shares[i]);
    *point = (rac_search_point){.duration_h = duration_h,
                                .most = dose.amount_mg * answer.most,
                                .least = dose.amount_mg * answer.least,
                                .possible = answer.possible,
                                .interpolated = answer.interpolated,
                                .share = answer.share_at_one,
                                .share_of_limits = (double)held / (double)count,
                                .most_by_share = lines,
                                .subjects = answer.subjects,
                                .failed = answer.failed};
    return RAC_OK;
}

rac_status rac_pharma_search(rac_arena *arena, const rac_model *model, const rac_search_request *request,
                             rac_search_point **points, rac_error *err)
{
    rac_status status = check(request, err);
    *points = rac_many(arena, rac_search_point, request->durations);
    for (size_t i = 0; !status && i < request->durations; i++) {
        rac_arena *scratch = rac_arena_new();
        status = look_at(arena, scratch, model, request, request->durations_h[i], &(*points)[i], err);
        rac_arena_free(scratch);
    }
    return status;
}
