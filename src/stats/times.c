#include "stats/times.h"

#include <float.h>

#include "stats/order.h"

static rac_status check_row(const rac_survival_data *d, size_t i, bool use_group, rac_error *err)
{
    if (!(d->time[i] >= 0 && isfinite(d->time[i])))
        return rac_fail(err, RAC_INVALID, "row %zu: the time is %g, it must be 0 or more", i + 1, d->time[i]);
    if (d->start && !(d->start[i] < d->time[i] && isfinite(d->start[i])))
        return rac_fail(err, RAC_INVALID, "row %zu: starts at %g, not before its time %g", i + 1, d->start[i],
                        d->time[i]);
    if (d->weight && !(d->weight[i] > 0 && isfinite(d->weight[i])))
        return rac_fail(err, RAC_INVALID, "row %zu: the weight is %g, it must be 0 or more", i + 1,
                        d->weight[i]);
    if (use_group && d->group && !(d->group[i] >= 0 && d->group[i] < d->groups))
        return rac_fail(err, RAC_INVALID, "row %zu: group %d of %d", i + 1, d->group[i], d->groups);
    return RAC_OK;
}

static bool is_missing(const rac_survival_data *d, size_t i, const bool *row_missing)
{
    return isnan(d->time[i]) || (d->start && isnan(d->start[i])) || (d->weight && isnan(d->weight[i])) ||
           (row_missing && row_missing[i]);
}

/* Times closer than this are equal: the square root of the machine's precision, absolute or relative to
 * the mean of the distinct times (the rule of R's survival package, its "timefix"). */
static void join_close_times(rac_arena *arena, double *values, size_t count)
{
    const double tolerance = sqrt(DBL_EPSILON);
    const uint32_t *const order = stats_order(arena, values, count);
    double sum = 0, distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || values[order[i]] != values[order[i - 1]]) {
            sum += fabs(values[order[i]]);
            distinct++;
        }
    const double width = tolerance * fmax(1, sum / distinct);
    double cut = 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        const double value = values[order[i]];
        if (i == 0 || value - last > width)
            cut = value;
        last = value;
        values[order[i]] = cut;
    }
}

/* Counts the strata and sorts the kept rows by them, keeping the order by time. */
static uint32_t *order_rows(rac_arena *arena, stats_times *t, const double *time, const int *stratum)
{
    uint32_t *const by_time = stats_order(arena, time, t->n);
    if (!stratum) {
        t->strata = 1;
        t->stratum_begin = rac_many(arena, size_t, 2);
        t->stratum_begin[1] = t->n;
        t->stratum = rac_many(arena, int, 1);
        return by_time;
    }
    double *const key = rac_many(arena, double, t->n);
    for (size_t i = 0; i < t->n; i++)
        key[i] = stratum[t->row[by_time[i]]];
    uint32_t *const by_stratum = stats_order(arena, key, t->n); /* stable */
    t->stratum_begin = rac_many(arena, size_t, t->n + 1);
    t->stratum = rac_many(arena, int, t->n + 1);
    for (size_t i = 0; i < t->n; i++) {
        const int number = (int)key[by_stratum[i]];
        if (i == 0 || number != t->stratum[t->strata - 1]) {
            t->stratum_begin[t->strata] = i;
            t->stratum[t->strata++] = number;
        }
        by_stratum[i] = by_time[by_stratum[i]];
    }
    t->stratum_begin[t->strata] = t->n;
    return by_stratum;
}

rac_status stats_times_prepare(rac_arena *arena, const rac_survival_data *d, const bool *row_missing,
                               bool use_group, bool use_stratum, stats_times *out, rac_error *err)
{
    if (d->n >= UINT32_MAX / 2)
        return rac_fail(err, RAC_LIMIT, "%zu rows of survival data", d->n);
    stats_times t = {0};
    uint32_t *const kept = rac_many(arena, uint32_t, d->n);
    double *const times = rac_many(arena, double, d->start ? 2 * d->n : d->n);
    for (size_t i = 0; i < d->n; i++) {
        if (is_missing(d, i, row_missing)) {
            t.missing++;
            continue;
        }
        if (d->weight && d->weight[i] == 0)
            continue;
        if (check_row(d, i, use_group, err) != RAC_OK)
            return RAC_INVALID;
        kept[t.n++] = (uint32_t)i;
    }
    for (size_t k = 0; k < t.n; k++) {
        times[k] = d->time[kept[k]];
        if (d->start)
            times[t.n + k] = d->start[kept[k]];
    }
    join_close_times(arena, times, d->start ? 2 * t.n : t.n);
    t.row = kept;
    const uint32_t *const order = order_rows(arena, &t, times, use_stratum ? d->stratum : NULL);
    t.row = rac_many(arena, uint32_t, t.n);
    t.time = rac_many(arena, double, t.n);
    t.event = rac_many(arena, bool, t.n);
    t.start = d->start ? rac_many(arena, double, t.n) : NULL;
    t.weight = d->weight ? rac_many(arena, double, t.n) : NULL;
    t.group = use_group && d->group ? rac_many(arena, int, t.n) : NULL;
    for (size_t i = 0; i < t.n; i++) {
        const uint32_t k = order[i], row = t.row[i] = kept[k];
        t.time[i] = times[k];
        t.event[i] = d->event[row];
        if (t.start)
            t.start[i] = times[t.n + k];
        if (t.start && !(t.start[i] < t.time[i]))
            return rac_fail(err, RAC_INVALID, "row %u: start and time are equal to rounding", row + 1);
        if (t.weight)
            t.weight[i] = d->weight[row];
        if (t.group)
            t.group[i] = d->group[row];
    }
    *out = t;
    return RAC_OK;
}

uint32_t *stats_start_order(rac_arena *arena, const stats_times *times, size_t begin, size_t end)
{
    uint32_t *const order = stats_order(arena, times->start + begin, end - begin);
    for (size_t i = 0; i < end - begin; i++)
        order[i] += (uint32_t)begin;
    return order;
}
