#include "racemate/stats/multiplicity.h"

#include "stats/moments.h"
#include "stats/order.h"

static const struct {
    const char *key;
    const char *sentence;
} RULES[] = {
#define X(name, key, sentence) {key, sentence},
    RAC_ADJUSTMENT_LIST(X)
#undef X
};

const char *rac_adjustment_key(rac_adjustment rule)
{
    return rule >= 0 && rule < RAC_ADJUSTMENTS ? RULES[rule].key : "unknown";
}

const char *rac_adjustment_sentence(rac_adjustment rule)
{
    return rule >= 0 && rule < RAC_ADJUSTMENTS ? RULES[rule].sentence : "an unknown rule";
}

/* Every rule but the gates works on p sorted upwards; p[0] is the smallest of n. */

static void keep(double *p, size_t n)
{
    (void)p;
    (void)n;
}

static void bonferroni(double *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] *= (double)n;
}

static void holm(double *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = fmax((double)(n - i) * p[i], i > 0 ? p[i - 1] : 0);
}

static void hochberg(double *p, size_t n)
{
    for (size_t i = n; i-- > 0;)
        p[i] = fmin((double)(n - i) * p[i], i + 1 < n ? p[i + 1] : 1);
}

static void benjamini_hochberg(double *p, size_t n)
{
    for (size_t i = n; i-- > 0;)
        p[i] = fmin((double)n / (double)(i + 1) * p[i], i + 1 < n ? p[i + 1] : 1);
}

/* Wright 1992 (doi:10.2307/2532694), appendix: for subsets of each size m, the Simes bound of the
 * largest m - 1 hypotheses lifts every p-value below it. */
static void hommel_with(double *p, size_t n, double *adjusted, double *lifted)
{
    double least = INFINITY;
    for (size_t i = 0; i < n; i++)
        least = fmin(least, (double)n * p[i] / (double)(i + 1));
    for (size_t i = 0; i < n; i++)
        adjusted[i] = least;
    for (size_t m = n - 1; m >= 2; m--) {
        const size_t split = n - m + 1; /* the first `split` are the small ones */
        double bound = INFINITY;
        for (size_t i = split; i < n; i++)
            bound = fmin(bound, (double)m * p[i] / (double)(i - split + 2));
        for (size_t i = 0; i < split; i++)
            lifted[i] = fmin((double)m * p[i], bound);
        for (size_t i = split; i < n; i++)
            lifted[i] = lifted[split - 1];
        for (size_t i = 0; i < n; i++)
            adjusted[i] = fmax(adjusted[i], lifted[i]);
    }
    for (size_t i = 0; i < n; i++)
        p[i] = fmax(p[i], adjusted[i]);
}

static void adjust_sorted(rac_arena *arena, double *p, size_t n, rac_adjustment rule)
{
    static void (*const SIMPLE[])(double *, size_t) = {
        [RAC_ADJUST_NONE] = keep,         [RAC_ADJUST_BONFERRONI] = bonferroni, [RAC_ADJUST_HOLM] = holm,
        [RAC_ADJUST_HOCHBERG] = hochberg, [RAC_ADJUST_BH] = benjamini_hochberg,
    };
    if (rule == RAC_ADJUST_HOMMEL && n > 1)
        hommel_with(p, n, rac_many(arena, double, n), rac_many(arena, double, n));
    else if (rule != RAC_ADJUST_HOMMEL)
        SIMPLE[rule](p, n);
}

/* A gate opens when every one before it has: the largest p so far.  A test not made is no gate. */
static void adjust_gates(const double *p, size_t count, bool backward, double *adjusted)
{
    double largest = 0;
    for (size_t k = 0; k < count; k++) {
        const size_t i = backward ? count - 1 - k : k;
        if (!isnan(p[i]))
            largest = fmax(largest, p[i]);
        adjusted[i] = isnan(p[i]) ? RAC_NOT_ESTIMABLE : largest;
    }
}

rac_status rac_p_adjust(rac_arena *arena, const double *p, size_t count, rac_adjustment rule,
                        double *adjusted, rac_error *err)
{
    if (!(rule >= 0 && rule < RAC_ADJUSTMENTS))
        return rac_fail(err, RAC_INVALID, "rule %d for several tests is not known", (int)rule);
    for (size_t i = 0; i < count; i++)
        if (!isnan(p[i]) && !(p[i] >= 0 && p[i] <= 1))
            return rac_fail(err, RAC_INVALID, "p-value %zu is %g, allowed 0 to 1", i + 1, p[i]);
    if (rule == RAC_ADJUST_FORWARD || rule == RAC_ADJUST_BACKWARD) {
        adjust_gates(p, count, rule == RAC_ADJUST_BACKWARD, adjusted);
        return RAC_OK;
    }
    double *const made = rac_many(arena, double, count), *const sorted = rac_many(arena, double, count);
    size_t *const place = rac_many(arena, size_t, count), n = 0;
    for (size_t i = 0; i < count; i++) {
        adjusted[i] = p[i];
        if (!isnan(p[i])) {
            place[n] = i;
            made[n++] = p[i];
        }
    }
    const uint32_t *const order = stats_order(arena, made, n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = made[order[i]];
    adjust_sorted(arena, sorted, n, rule);
    for (size_t i = 0; i < n; i++)
        adjusted[place[order[i]]] = fmin(1, sorted[i]);
    return RAC_OK;
}

rac_status rac_onset_find(rac_arena *arena, const double *estimate, const double *p, size_t count,
                          rac_adjustment rule, double alpha, rac_direction direction, rac_onset *out,
                          rac_error *err)
{
    if (!(alpha > 0 && alpha < 1))
        return rac_fail(err, RAC_INVALID, "alpha is %g, it must lie between 0 and 1", alpha);
    double *const adjusted = rac_many(arena, double, count);
    const rac_status status = rac_p_adjust(arena, p, count, rule, adjusted, err);
    if (status != RAC_OK)
        return status;
    *out = (rac_onset){.adjusted = adjusted};
    for (size_t i = 0; i < count && !out->found; i++)
        if (adjusted[i] < alpha && (direction == RAC_FALL ? estimate[i] < 0 : estimate[i] > 0)) {
            out->found = true;
            out->index = i;
        }
    return RAC_OK;
}
