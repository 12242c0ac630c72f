/* The rank-sum test, exact by counting and by normal approximation. */
#include <float.h>

#include "racemate/stats/compare.h"
#include "racemate/stats/distributions.h"
#include "stats/moments.h"
#include "stats/order.h"

enum {
    MOST_EXACT = 200,     /* values in an exact test asked for */
    AUTOMATIC_EXACT = 50, /* R's limit for each group */
};

typedef struct ranking {
    size_t n1, n2;
    uint32_t *doubled; /* twice the midrank of each value, whole even with ties; upwards */
    double sum1;       /* sum of the first group's midranks */
    double ties;       /* sum of t^3 - t over runs of equal values */
} ranking;

static ranking rank_together(rac_arena *arena, rac_values first, rac_values second)
{
    ranking r = {0};
    double *const values = rac_many(arena, double, first.count + second.count);
    for (size_t i = 0; i < first.count; i++)
        if (!isnan(first.values[i]))
            values[r.n1++] = first.values[i];
    for (size_t i = 0; i < second.count; i++)
        if (!isnan(second.values[i]))
            values[r.n1 + r.n2++] = second.values[i];
    const size_t n = r.n1 + r.n2;
    r.doubled = rac_many(arena, uint32_t, n);
    const uint32_t *const order = stats_order(arena, values, n);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && values[order[end]] == values[order[i]];)
            end++;
        const double run = (double)(end - i);
        r.ties += run * run * run - run;
        for (size_t j = i; j < end; j++) {
            r.doubled[j] = (uint32_t)(i + end + 1); /* ranks i+1 .. end have mean (i + 1 + end) / 2 */
            if (order[j] < r.n1)
                r.sum1 += r.doubled[j] / 2.0;
        }
    }
    return r;
}

/* The number of ways to choose n1 of the ranks for each doubled sum, as probabilities, by adding one
 * rank at a time (the shift algorithm of Streitberg and Roehmel 1986): p[k][s], chosen k, sum s. */
static double exact_p_value(rac_arena *arena, const ranking *r)
{
    const size_t n = r->n1 + r->n2;
    size_t most = 0;
    for (size_t i = n - r->n1; i < n; i++)
        most += r->doubled[i];
    const size_t width = most + 1;
    double *const p = rac_arena_array(arena, (r->n1 + 1) * width, sizeof *p);
    p[0] = 1;
    for (size_t i = 0; i < n; i++) {
        const size_t rank = r->doubled[i], chosen = i < r->n1 ? i + 1 : r->n1;
        /* Each step draws rank i into the first group with the chance that keeps all subsets alike:
         * dividing by the counts at the end would overflow, so carry (k / (i + 1)) instead. */
        for (size_t k = chosen; k > 0; k--) {
            double *const to = p + k * width;
            const double *const from = p + (k - 1) * width;
            const double take = (double)k / (double)(i + 1), leave = (double)(i + 1 - k) / (double)(i + 1);
            for (size_t s = width; s-- > 0;)
                to[s] = leave * to[s] + (s >= rank ? take * from[s - rank] : 0);
        }
    }
    const size_t seen = (size_t)llround(2 * r->sum1);
    double lower = 0, upper = 0;
    const double *const last = p + r->n1 * width;
    for (size_t s = 0; s < width; s++) {
        lower += s <= seen ? last[s] : 0;
        upper += s >= seen ? last[s] : 0;
    }
    return fmin(1, 2 * fmin(lower, upper));
}

static double normal_p_value(const ranking *r, double w, bool continuity)
{
    const double n1 = (double)r->n1, n2 = (double)r->n2, n = n1 + n2;
    const double variance = n1 * n2 / 12 * (n + 1 - r->ties / (n * (n - 1)));
    double z = w - n1 * n2 / 2;
    if (!(variance > 0))
        return RAC_NOT_ESTIMABLE;
    z -= continuity && z != 0 ? copysign(0.5, z) : 0;
    return rac_normal_two_sided(z / sqrt(variance));
}

rac_status rac_rank_sum_test(rac_arena *arena, rac_values first, rac_values second,
                             const rac_rank_sum_options *options, rac_rank_sum *out, rac_error *err)
{
    static const rac_rank_sum_options DEFAULTS = {0};
    const rac_rank_sum_options *const o = options ? options : &DEFAULTS;
    stats_moments m;
    rac_status status = stats_moments_of(first, &m, err);
    if (status == RAC_OK)
        status = stats_moments_of(second, &m, err);
    if (status != RAC_OK)
        return status;
    const ranking r = rank_together(arena, first, second);
    *out = (rac_rank_sum){.w = RAC_NOT_ESTIMABLE, .p_value = RAC_NOT_ESTIMABLE};
    if (r.n1 == 0 || r.n2 == 0) {
        out->notes = RAC_NOTE_EMPTY_GROUP;
        return RAC_OK;
    }
    if (o->exactness == RAC_EXACT_ALWAYS && r.n1 + r.n2 > MOST_EXACT)
        return rac_fail(err, RAC_LIMIT, "an exact rank-sum test of %zu values, at most %d", r.n1 + r.n2,
                        MOST_EXACT);
    const double n1 = (double)r.n1, n2 = (double)r.n2, n = n1 + n2;
    out->w = r.sum1 - n1 * (n1 + 1) / 2;
    const bool small = r.n1 < AUTOMATIC_EXACT && r.n2 < AUTOMATIC_EXACT;
    out->exact =
        o->exactness == RAC_EXACT_ALWAYS || (o->exactness == RAC_EXACT_AUTOMATIC && small && r.ties == 0);
    if (r.ties == n * n * n - n && n > 1)
        out->notes |= RAC_NOTE_CONSTANT;
    else if (o->exactness == RAC_EXACT_AUTOMATIC && small && !out->exact)
        out->notes |= RAC_NOTE_TIES;
    out->p_value = out->exact ? exact_p_value(arena, &r) : normal_p_value(&r, out->w, !o->no_continuity);
    return RAC_OK;
}
