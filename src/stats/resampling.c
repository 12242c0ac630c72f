/* Drawing units with replacement: see racemate/stats/bootstrap.h. */
#include "racemate/stats/bootstrap.h"
#include "base/random.h"

#include <stdlib.h>
#include <string.h>

typedef struct member {
    size_t stratum, cluster, row;
} member;

static int order_of(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

static int by_cluster(const void *left, const void *right)
{
    const member *const a = left, *const b = right;
    const int order = order_of(a->cluster, b->cluster);
    return order ? order : order_of(a->row, b->row);
}

/* Units keep the order of their first row, so that renumbering clusters or strata changes nothing but the
 * draw order. */
static int by_stratum(const void *left, const void *right)
{
    const member *const a = left, *const b = right;
    const int order = order_of(a->stratum, b->stratum);
    return order ? order : order_of(a->row, b->row);
}

rac_status rac_resampling_make(rac_arena *arena, size_t rows, const size_t *cluster, const size_t *stratum,
                               rac_resampling *resampling, rac_error *err)
{
    if (!rows)
        return rac_fail(err, RAC_INVALID, "there are no rows to draw from");
    member *const members = rac_many(arena, member, rows);
    for (size_t i = 0; i < rows; i++)
        members[i] = (member){stratum ? stratum[i] : 0, cluster ? cluster[i] : i, i};
    qsort(members, rows, sizeof *members, by_cluster);
    /* One entry a unit: its first row. */
    member *const units = rac_many(arena, member, rows);
    size_t count = 0;
    for (size_t i = 0; i < rows; i++) {
        const bool begins = !i || members[i].cluster != members[i - 1].cluster;
        if (begins)
            units[count++] = members[i];
        else if (members[i].stratum != members[i - 1].stratum)
            return rac_fail(err, RAC_INVALID, "rows %zu and %zu belong to one cluster but to two strata",
                            members[i - 1].row + 1, members[i].row + 1);
    }
    if (count > UINT32_MAX)
        return rac_fail(err, RAC_LIMIT, "%zu units are more than can be drawn from", count);
    if (count < 2)
        return rac_fail(err, RAC_INVALID, "all rows are in one cluster: nothing can be drawn");
    qsort(units, count, sizeof *units, by_stratum);
    *resampling = (rac_resampling){.rows = rows,
                                   .units = count,
                                   .unit_of_row = rac_many(arena, size_t, rows),
                                   .first = rac_many(arena, size_t, count + 1)};
    size_t *const unit_of_first_row = rac_many(arena, size_t, rows);
    for (size_t u = 0; u < count; u++) {
        unit_of_first_row[units[u].row] = u;
        if (!u || units[u].stratum != units[u - 1].stratum)
            resampling->first[resampling->strata++] = u;
    }
    resampling->first[resampling->strata] = count;
    for (size_t i = 0, first_row = 0; i < rows; i++) {
        if (!i || members[i].cluster != members[i - 1].cluster)
            first_row = members[i].row;
        resampling->unit_of_row[members[i].row] = unit_of_first_row[first_row];
    }
    return RAC_OK;
}

void rac_resampling_draw(const rac_resampling *resampling, uint64_t seed, uint64_t replicate,
                         double *unit_counts, double *counts)
{
    rac_random draws = rac_random_open(seed, replicate, RAC_RANDOM_RESAMPLE);
    memset(unit_counts, 0, resampling->units * sizeof *unit_counts);
    for (size_t s = 0; s < resampling->strata; s++) {
        const size_t first = resampling->first[s], size = resampling->first[s + 1] - first;
        for (size_t drawn = 0; drawn < size; drawn++)
            unit_counts[first + rac_random_below(&draws, (uint32_t)size)]++;
    }
    for (size_t i = 0; i < resampling->rows; i++)
        counts[i] = unit_counts[resampling->unit_of_row[i]];
}
