/* Nearest-neighbour matching on the propensity score: see racemate/stats/weighting.h. */
#include "racemate/stats/weighting.h"

#include <math.h>
#include <stdlib.h>

typedef struct candidate {
    double logit;
    size_t row;
    bool taken;
} candidate;

static int falling_then_row(const void *left, const void *right)
{
    const candidate *const a = left, *const b = right;
    if (a->logit != b->logit)
        return a->logit > b->logit ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static rac_status read_scores(size_t rows, const bool *treated, const double *propensity, candidate *t,
                              size_t *treated_count, candidate *c, size_t *control_count, double *deviation,
                              rac_error *err)
{
    double mean = 0, squares = 0;
    *treated_count = *control_count = 0;
    for (size_t i = 0; i < rows; i++) {
        const double e = propensity[i];
        if (!(e > 0 && e < 1))
            return rac_fail(err, RAC_INVALID,
                            "row %zu has propensity %g, it must lie strictly between 0 and 1", i + 1, e);
        const candidate one = {.logit = log(e / (1 - e)), .row = i};
        mean += one.logit / (double)rows;
        if (treated[i])
            t[(*treated_count)++] = one;
        else
            c[(*control_count)++] = one;
    }
    if (!*treated_count || !*control_count)
        return rac_fail(err, RAC_INVALID, "nobody is in the %s arm: there is no one to match",
                        *treated_count ? "control" : "treated");
    for (size_t i = 0; i < rows; i++) {
        const double logit = log(propensity[i] / (1 - propensity[i]));
        squares += (logit - mean) * (logit - mean);
    }
    *deviation = sqrt(squares / (double)(rows - 1));
    return RAC_OK;
}

static bool are_paired(const rac_matching *matching, size_t treated, size_t control)
{
    for (size_t k = 0; k < matching->pairs; k++)
        if (matching->treated[k] == treated && matching->control[k] == control)
            return true;
    return false;
}

/* The nearest free control not yet its partner, the first row among equals; NULL when none is within reach.
 */
static candidate *nearest(candidate *control, size_t count, const candidate *of, double reach,
                          const rac_matching *matching)
{
    candidate *best = NULL;
    double best_distance = INFINITY;
    for (size_t c = 0; c < count; c++) {
        const double distance = fabs(control[c].logit - of->logit);
        if (!control[c].taken && distance < best_distance && distance <= reach &&
            !are_paired(matching, of->row, control[c].row)) {
            best = &control[c];
            best_distance = distance;
        }
    }
    return best;
}

static void weigh_pairs(rac_arena *arena, rac_matching *matching)
{
    size_t *const controls = rac_many(arena, size_t, matching->rows);
    for (size_t k = 0; k < matching->pairs; k++)
        controls[matching->treated[k]]++;
    for (size_t k = 0; k < matching->pairs; k++) {
        matching->weight[matching->treated[k]] = 1;
        matching->weight[matching->control[k]] += 1 / (double)controls[matching->treated[k]];
    }
}

rac_status rac_match_nearest(rac_arena *arena, size_t rows, const bool *treated, const double *propensity,
                             const rac_match_options *options, rac_matching *matching, rac_error *err)
{
    const rac_match_options how = options ? *options : (rac_match_options){0};
    if (!(how.caliper >= 0))
        return rac_fail(err, RAC_INVALID, "caliper is %g, it must be 0 (no limit) or more", how.caliper);
    const size_t each = how.per_treated ? how.per_treated : 1;
    candidate *const t = rac_many(arena, candidate, rows), *const c = rac_many(arena, candidate, rows);
    size_t treated_count, control_count;
    double deviation = 0;
    const rac_status status =
        read_scores(rows, treated, propensity, t, &treated_count, c, &control_count, &deviation, err);
    if (status != RAC_OK)
        return status;
    if (each > control_count)
        return rac_fail(err, RAC_INVALID, "%zu controls for each treated are asked for, there are %zu in all",
                        each, control_count);
    qsort(t, treated_count, sizeof *t, falling_then_row);
    const double reach = how.caliper > 0 ? how.caliper * deviation : INFINITY;
    *matching = (rac_matching){.rows = rows,
                               .treated = rac_many(arena, size_t, treated_count * each),
                               .control = rac_many(arena, size_t, treated_count * each),
                               .distance = rac_many(arena, double, treated_count *each),
                               .weight = rac_many(arena, double, rows)};
    for (size_t round = 0; round < each; round++)
        for (size_t k = 0; k < treated_count; k++) {
            candidate *const found = nearest(c, control_count, &t[k], reach, matching);
            if (!found)
                continue;
            found->taken = !how.replace;
            matching->treated[matching->pairs] = t[k].row;
            matching->control[matching->pairs] = found->row;
            matching->distance[matching->pairs++] = fabs(found->logit - t[k].logit);
        }
    if (!matching->pairs)
        return rac_fail(err, RAC_INVALID, "no treated patient has a control within %g standard deviations",
                        how.caliper);
    weigh_pairs(arena, matching);
    for (size_t k = 0; k < treated_count; k++)
        matching->treated_unmatched += matching->weight[t[k].row] == 0;
    return RAC_OK;
}
