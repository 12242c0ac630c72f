/* Harrell's concordance by two sweeps over time with a tree of counts, O(n ln n). */
#include <string.h>

#include "stats/cox_problem.h"
#include "stats/order.h"

/* Sums of weight by rank of the prediction (Fenwick 1994). */
typedef struct weight_tree {
    size_t size;
    double *sum; /* from 1 */
} weight_tree;

static void tree_add(weight_tree *tree, size_t rank, double weight)
{
    for (size_t i = rank + 1; i <= tree->size; i += i & -i)
        tree->sum[i] += weight;
}

/* Weight at ranks below `rank`. */
static double tree_below(const weight_tree *tree, size_t rank)
{
    double sum = 0;
    for (size_t i = rank; i > 0; i -= i & -i)
        sum += tree->sum[i];
    return sum;
}

typedef struct pair_weights {
    double below, tied, above;
} pair_weights;

static pair_weights tree_split(const weight_tree *tree, size_t rank)
{
    const double below = tree_below(tree, rank), up_to = tree_below(tree, rank + 1);
    return (pair_weights){below, up_to - below, tree_below(tree, tree->size) - up_to};
}

/* Per row: the weight of partners with which it is concordant, discordant, tied. */
typedef struct pairs {
    double *concordant, *discordant, *tied;
} pairs;

static void count_later(const stats_times *t, size_t i, const weight_tree *later, const size_t *rank,
                        pairs *out, rac_concordance *sum)
{
    const pair_weights w = tree_split(later, rank[i]);
    const double own = stats_weight(t, i);
    out->concordant[i] += w.below; /* who lasts longer is predicted a lower hazard */
    out->discordant[i] += w.above;
    out->tied[i] += w.tied;
    sum->concordant += own * w.below;
    sum->discordant += own * w.above;
    sum->tied += own * w.tied;
}

static void count_earlier(size_t i, const weight_tree *deaths, const size_t *rank, pairs *out)
{
    const pair_weights w = tree_split(deaths, rank[i]);
    out->concordant[i] += w.above;
    out->discordant[i] += w.below;
    out->tied[i] += w.tied;
}

static void tree_add_rows(weight_tree *tree, const stats_times *t, const size_t *rank, size_t begin,
                          size_t end, bool event)
{
    for (size_t i = begin; i < end; i++)
        if (t->event[i] == event)
            tree_add(tree, rank[i], stats_weight(t, i));
}

static void count_stratum(const stats_times *t, size_t begin, size_t end, const size_t *rank,
                          weight_tree *tree, pairs *out, rac_concordance *sum)
{
    memset(tree->sum, 0, (tree->size + 1) * sizeof *tree->sum);
    for (size_t last = end, first; last > begin; last = first) { /* deaths against those who lasted longer */
        for (first = last; first > begin && t->time[first - 1] == t->time[last - 1];)
            first--;
        tree_add_rows(tree, t, rank, first, last, false);
        for (size_t i = first; i < last; i++)
            if (t->event[i])
                count_later(t, i, tree, rank, out, sum);
        tree_add_rows(tree, t, rank, first, last, true);
    }
    memset(tree->sum, 0, (tree->size + 1) * sizeof *tree->sum);
    for (size_t first = begin, last; first < end; first = last) { /* everyone against earlier deaths */
        for (last = first; last < end && t->time[last] == t->time[first];)
            last++;
        for (size_t i = first; i < last; i++)
            if (t->event[i])
                count_earlier(i, tree, rank, out);
        tree_add_rows(tree, t, rank, first, last, true);
        for (size_t i = first; i < last; i++)
            if (!t->event[i])
                count_earlier(i, tree, rank, out);
    }
}

/* C = (concordant + tied / 2) / all pairs; moving a weight moves C by
 * (c_i + t_i / 2 - C (pairs of i)) / all, whose squares, times w^2, are the variance. */
rac_status rac_cox_concordance_of(rac_arena *arena, const rac_cox_fit *fit, rac_concordance *out,
                                  rac_error *err)
{
    const rac_cox_state *const state = fit->state;
    const stats_times *const t = &state->problem.times;
    const size_t n = t->n;
    if (t->start)
        return rac_fail(err, RAC_UNSUPPORTED, "concordance with late entry");
    double *const eta = rac_many(arena, double, n);
    size_t *const rank = rac_many(arena, size_t, n), distinct = 0;
    for (size_t i = 0; i < n; i++)
        eta[i] = cox_eta(&state->problem, state->beta, i);
    const uint32_t *const order = stats_order(arena, eta, n);
    for (size_t i = 0; i < n; i++) {
        distinct += i > 0 && eta[order[i]] != eta[order[i - 1]];
        rank[order[i]] = distinct;
    }
    weight_tree tree = {distinct + 1, rac_many(arena, double, distinct + 2)};
    pairs each = {rac_many(arena, double, n), rac_many(arena, double, n), rac_many(arena, double, n)};
    rac_concordance result = {.c = RAC_NOT_ESTIMABLE, .se = RAC_NOT_ESTIMABLE, .notes = state->notes};
    for (size_t s = 0; s < t->strata; s++)
        count_stratum(t, t->stratum_begin[s], t->stratum_begin[s + 1], rank, &tree, &each, &result);
    const double all = result.concordant + result.discordant + result.tied;
    if (all > 0) {
        double variance = 0;
        result.c = (result.concordant + result.tied / 2) / all;
        for (size_t i = 0; i < n; i++) {
            const double own = each.concordant[i] + each.discordant[i] + each.tied[i];
            const double influence =
                stats_weight(t, i) * (each.concordant[i] + each.tied[i] / 2 - result.c * own) / all;
            variance += influence * influence;
        }
        result.se = sqrt(variance);
    } else {
        result.notes |= RAC_NOTE_NO_EVENTS;
    }
    *out = result;
    return RAC_OK;
}
