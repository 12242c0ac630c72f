/* One subject through the kernels: see racemate/pharma/linear.h. */
#include "pharma/kernel.h"

#include <math.h>

static rac_status check_rates(const rac_linear *linear, const double *flow_per_h, rac_error *err)
{
    for (int f = 0; f < linear->flow_count; f++)
        if (!isfinite(flow_per_h[f]) || (flow_per_h[f] < 0 && !linear->flows[f].copies))
            return rac_fail(err, RAC_INVALID, "the rate of flow %d is %g per h", f + 1, flow_per_h[f]);
    return RAC_OK;
}

static rac_status check_part(int n, const rac_route_part *part, int route, rac_error *err)
{
    if (part->compartment < 0 || part->compartment >= n)
        return rac_fail(err, RAC_INVALID, "route %d enters compartment %d of %d", route, part->compartment,
                        n);
    const double numbers[] = {part->fraction, part->lag_h, part->duration_h, part->rate_mg_per_h};
    for (int i = 0; i < 4; i++)
        if (!isfinite(numbers[i]) || numbers[i] < 0)
            return rac_fail(err, RAC_INVALID, "route %d: fraction, lag, duration and rate are %g, %g, %g, %g",
                            route, numbers[0], numbers[1], numbers[2], numbers[3]);
    if (part->duration_h > 0 && part->rate_mg_per_h > 0)
        return rac_fail(err, RAC_INVALID, "route %d has a duration and a rate", route);
    return RAC_OK;
}

/* All parts in a row, checked, as a timing with one epoch. */
static rac_status flatten(rac_arena *arena, int n, const rac_route *routes, int route_count,
                          rac_timing *timing, rac_error *err)
{
    int *first = rac_many(arena, int, (size_t)route_count + 1);
    for (int r = 0; r < route_count; r++)
        first[r + 1] = first[r] + routes[r].count;
    rac_route_part *parts = rac_many(arena, rac_route_part, (size_t)first[route_count]);
    for (int r = 0; r < route_count; r++)
        for (int p = 0; p < routes[r].count; p++) {
            parts[first[r] + p] = routes[r].parts[p];
            const rac_status status = check_part(n, &routes[r].parts[p], r + 1, err);
            if (status)
                return status;
        }
    *timing = (rac_timing){.routes = route_count, .route_first = first, .epochs = 1, .parts = parts};
    return RAC_OK;
}

/* Without negative coefficients amounts are never negative, whatever rounding says. */
static rac_lanes lowest(const double *flow_per_h, int flows)
{
    double floor = 0;
    for (int f = 0; f < flows; f++)
        if (flow_per_h[f] < 0)
            floor = -INFINITY;
    return (rac_lanes){0} + floor;
}

rac_status rac_linear_solve(rac_arena *arena, const rac_linear *linear, const double *flow_per_h,
                            const rac_route *routes, int route_count, const rac_regimen *regimen,
                            const double *times_h, size_t times, double **amounts_mg, rac_error *err)
{
    rac_timing timing;
    rac_schedule schedule;
    rac_status status = check_rates(linear, flow_per_h, err);
    if (!status)
        status = flatten(arena, linear->n, routes, route_count, &timing, err);
    if (!status)
        status = rac_regimen_check(regimen, route_count, err);
    for (size_t i = 0; !status && i < regimen->count; i++)
        if (regimen->items[i].per_kg)
            status = rac_fail(err, RAC_INVALID, "event %zu is per kg, and no weight is given here", i + 1);
    if (!status)
        status = rac_schedule_make(arena, regimen, &timing, times_h, times, &schedule, err);
    if (status)
        return status;

    const int n = linear->n;
    rac_lanes *rates = rac_lanes_new(arena, (size_t)linear->flow_count);
    rac_lanes *gains = rac_lanes_new(arena, (size_t)schedule.channels);
    rac_lanes *readers = rac_lanes_new(arena, (size_t)(n * n));
    int *compartments = rac_many(arena, int, (size_t)schedule.channels);
    for (int f = 0; f < linear->flow_count; f++)
        rates[f] = (rac_lanes){0} + flow_per_h[f];
    for (int c = 0; c < schedule.channels; c++) {
        gains[c] = (rac_lanes){0} + timing.parts[c / 2].fraction;
        compartments[c] = timing.parts[c / 2].compartment;
    }
    for (int i = 0; i < n; i++)
        readers[i * n + i] = (rac_lanes){0} + 1.0;
    rac_tile tile = {.shape = linear,
                     .schedule = &schedule,
                     .channel_compartment = compartments,
                     .flow_per_h = rates,
                     .gains = gains,
                     .readers = readers,
                     .outputs = n,
                     .floor = lowest(flow_per_h, linear->flow_count),
                     .out = rac_lanes_new(arena, schedule.writes * (size_t)n),
                     .work = rac_lanes_new(arena, rac_tile_work(linear, &schedule, n))};
    rac_kernel_best()->solve(&tile);
    if (tile.failed & 1)
        return rac_fail(err, RAC_NOT_CONVERGED, "the amounts are not finite: is there a steady state?");
    double *amounts = rac_many(arena, double, schedule.writes *(size_t)n);
    for (size_t i = 0; i < schedule.writes * (size_t)n; i++)
        amounts[i] = tile.out[i][0];
    *amounts_mg = amounts;
    return RAC_OK;
}
