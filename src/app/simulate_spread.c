/* Quantiles over people at every time of every output: of all values while they are few, of counts in bins
 * (racemate/pharma/quantiles.h) when they are many.  Both give the same for any number of threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate.h"

const double rac_sim_quantiles[RAC_SIM_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};
const char *const rac_sim_quantile_keys[RAC_SIM_QUANTILES] = {"p05", "p25", "p50", "p75", "p95"};

enum { VALUES_MAX = 1 << 22 }; /* kept: 32 MB */

struct rac_sim_spread {
    size_t people, times, outputs;
    double *values; /* outputs x times x people, NAN for who has no answer; NULL: counted */
    size_t kept;    /* after the table: of each row, those with an answer, which stand first */
    int workers;
    rac_arena *arenas[RAC_SIM_THREADS];
    rac_quantiles *counts[RAC_SIM_THREADS];
};

rac_sim_spread *rac_sim_spread_new(rac_arena *arena, size_t people, size_t times, size_t outputs, int workers)
{
    rac_sim_spread *spread = rac_new(arena, rac_sim_spread);
    *spread = (rac_sim_spread){.people = people, .times = times, .outputs = outputs};
    if (people <= VALUES_MAX / times / outputs) {
        spread->values = rac_many(arena, double, people *times *outputs);
        return spread;
    }
    spread->workers = workers;
    for (int w = 0; w < workers; w++) {
        spread->arenas[w] = rac_arena_new();
        spread->counts[w] = rac_quantiles_new(spread->arenas[w]);
    }
    return spread;
}

void rac_sim_spread_free(rac_sim_spread *spread)
{
    for (int w = 0; spread && w < spread->workers; w++)
        rac_arena_free(spread->arenas[w]);
}

void rac_sim_spread_add(rac_sim_spread *spread, int worker, const rac_population_tile *tile, size_t place)
{
    if (!spread->values) {
        rac_quantiles_add(spread->counts[worker], tile);
        return;
    }
    for (size_t time = 0; time < spread->times; time++)
        for (size_t o = 0; o < spread->outputs; o++) {
            double *row = spread->values + (o * spread->times + time) * spread->people + place;
            const double *values = tile->values + (time * spread->outputs + o) * RAC_TILE;
            for (int lane = 0; lane < tile->subjects; lane++)
                row[lane] = tile->failed >> lane & 1 ? NAN : values[lane];
        }
}

static size_t drop_missing(double *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    return kept;
}

static rac_status table_of_values(rac_arena *arena, rac_sim_spread *spread, double **table, rac_error *err)
{
    *table = rac_many(arena, double, spread->outputs *RAC_SIM_QUANTILES * spread->times);
    for (size_t o = 0; o < spread->outputs; o++)
        for (size_t time = 0; time < spread->times; time++) {
            double *row = spread->values + (o * spread->times + time) * spread->people;
            const size_t count = drop_missing(row, spread->people);
            if (!count)
                return rac_fail(err, RAC_NOT_CONVERGED, "nobody simulated has a finite answer");
            spread->kept = count; /* the same for every row: a person fails as a whole */
            for (size_t q = 0; q < RAC_SIM_QUANTILES; q++)
                (*table)[(o * RAC_SIM_QUANTILES + q) * spread->times + time] =
                    rac_quantile(row, count, rac_sim_quantiles[q]);
        }
    return RAC_OK;
}

rac_status rac_sim_spread_table(rac_arena *arena, rac_sim_spread *spread, double **table, rac_error *err)
{
    rac_status status = RAC_OK;
    if (spread->values)
        return table_of_values(arena, spread, table, err);
    for (int w = 1; w < spread->workers && !status; w++)
        if (rac_quantiles_subjects(spread->counts[w]))
            status = rac_quantiles_subjects(spread->counts[0])
                         ? rac_quantiles_merge(spread->counts[0], spread->counts[w], err)
                         : (spread->counts[0] = spread->counts[w], RAC_OK);
    return status ? status
                  : rac_quantiles_table(arena, spread->counts[0], rac_sim_quantiles, RAC_SIM_QUANTILES, table,
                                        err);
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

rac_mixture_part rac_sim_spread_part(rac_sim_spread *spread, size_t output, size_t time)
{
    if (!spread->values)
        return (rac_mixture_part){.weight = 1, .counted = spread->counts[0], .time = time, .output = output};
    double *row = spread->values + (output * spread->times + time) * spread->people;
    qsort(row, spread->kept, sizeof *row, ascending);
    return (rac_mixture_part){.weight = 1, .sorted = row, .count = spread->kept};
}

bool rac_sim_spread_is_counted(const rac_sim_spread *spread)
{
    return !spread->values;
}
