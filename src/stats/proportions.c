#include "racemate/stats/proportions.h"

#include "racemate/stats/compare.h"
#include "racemate/stats/distributions.h"
#include "stats/conditional_odds.h"
#include "stats/moments.h"
#include "stats/root.h"

static rac_status check_counts(double events, double n, rac_error *err)
{
    if (!(n > 0 && n <= 1e9))
        return rac_fail(err, RAC_INVALID, "a proportion of %g cases, needs 1 to 1e9", n);
    if (!(events >= 0 && events <= n && events == floor(events) && n == floor(n)))
        return rac_fail(err, RAC_INVALID, "%g of %g is not a proportion of whole counts", events, n);
    return RAC_OK;
}

/* ---- one proportion ------------------------------------------------------------------------ */

static rac_interval wilson(double x, double n, double z)
{
    const double p = x / n, width = 1 + z * z / n, middle = (p + z * z / (2 * n)) / width;
    const double half = z / width * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (rac_interval){x == 0 ? 0 : middle - half, x == n ? 1 : middle + half};
}

rac_status rac_wilson(double events, double n, double level, rac_interval *out, rac_error *err)
{
    if (check_counts(events, n, err) != RAC_OK || stats_check_level(level, err) != RAC_OK)
        return RAC_INVALID;
    *out = wilson(events, n, rac_normal_critical(level));
    return RAC_OK;
}

static rac_interval clopper_pearson(double x, double n, double level)
{
    const double tail = (1 - level) / 2;
    return (rac_interval){x == 0 ? 0 : rac_beta_quantile(tail, x, n - x + 1),
                          x == n ? 1 : rac_beta_quantile(1 - tail, x + 1, n - x)};
}

rac_status rac_clopper_pearson(double events, double n, double level, rac_interval *out, rac_error *err)
{
    if (check_counts(events, n, err) != RAC_OK || stats_check_level(level, err) != RAC_OK)
        return RAC_INVALID;
    *out = clopper_pearson(events, n, level);
    return RAC_OK;
}

/* ---- the score interval ----------------------------------------------------------------------- */

typedef struct score_problem {
    rac_two_by_two counts;
    double critical;
} score_problem;

static double within(double low, double value, double high)
{
    return fmax(low, fmin(high, value));
}

/* The maximum likelihood estimate of p0 when p1 - p0 = d: the root of a cubic, in closed form (Miettinen
 * and Nurminen 1985, appendix). */
static double restricted_p0(rac_two_by_two c, double d)
{
    const double n = c.n1 + c.n0, events = c.events1 + c.events0;
    const double l2 = (c.n1 + 2 * c.n0) * d - n - events;
    const double l1 = (c.n0 * d - n - 2 * c.events0) * d + events;
    const double l0 = c.events0 * d * (1 - d);
    const double third = l2 / (3 * n);
    const double q = third * third * third - l1 * l2 / (6 * n * n) + l0 / (2 * n);
    const double s = copysign(sqrt(fmax(0, third * third - l1 / (3 * n))), q);
    if (s == 0)
        return within(0, -third, 1);
    const double angle = (M_PI + acos(within(-1, q / (s * s * s), 1))) / 3;
    return within(0, 2 * s * cos(angle) - third, 1);
}

/* z^2 of the score test of p1 - p0 = d, less its critical value. */
static double score_excess(double d, const void *context)
{
    const score_problem *const problem = context;
    const rac_two_by_two c = problem->counts;
    const double p0 = restricted_p0(c, d), p1 = within(0, p0 + d, 1), n = c.n1 + c.n0;
    const double variance = (p1 * (1 - p1) / c.n1 + p0 * (1 - p0) / c.n0) * n / (n - 1);
    const double gap = c.events1 / c.n1 - c.events0 / c.n0 - d;
    double z2 = 1e6; /* no variance left: any gap is beyond all doubt */
    if (variance > 0)
        z2 = fmin(z2, gap * gap / variance);
    else if (fabs(gap) < 1e-12)
        z2 = 0;
    return z2 - problem->critical;
}

static rac_interval miettinen_nurminen(rac_two_by_two c, double level)
{
    const double edge = 1 - 1e-12, estimate = c.events1 / c.n1 - c.events0 / c.n0;
    const score_problem problem = {c, rac_chi_square_quantile(level, 1)};
    rac_interval interval = {-1, 1};
    if (estimate > -edge && score_excess(-edge, &problem) > 0)
        interval.lower = stats_root(score_excess, &problem, -edge, estimate);
    if (estimate < edge && score_excess(edge, &problem) > 0)
        interval.upper = stats_root(score_excess, &problem, estimate, edge);
    return interval;
}

/* ---- NNT ----------------------------------------------------------------------------------------- */

rac_nnt rac_nnt_of(double difference, rac_interval interval)
{
    rac_nnt nnt = {fabs(difference) > 0 ? 1 / difference : INFINITY,
                   fabs(interval.lower) > 0 ? 1 / interval.lower : INFINITY,
                   fabs(interval.upper) > 0 ? 1 / interval.upper : INFINITY, RAC_NNT_THROUGH_INFINITY};
    if (interval.lower > 0)
        nnt.kind = RAC_NNT_BENEFIT;
    else if (interval.upper < 0)
        nnt.kind = RAC_NNT_HARM;
    return nnt;
}

rac_nnt rac_nnt_of_unwanted(double difference, rac_interval interval)
{
    return rac_nnt_of(-difference, (rac_interval){-interval.upper, -interval.lower});
}

static char *one_side(rac_arena *arena, double number)
{
    return isinf(number) ? rac_string_copy(arena, "infinity")
                         : rac_format(arena, "NNT%c %.1f", number > 0 ? 'B' : 'H', fabs(number));
}

char *rac_nnt_format(rac_arena *arena, rac_nnt nnt)
{
    const char *const estimate = one_side(arena, nnt.estimate);
    const char *const from = one_side(arena, nnt.kind == RAC_NNT_HARM ? nnt.from_lower : nnt.from_upper);
    const char *const to = one_side(arena, nnt.kind == RAC_NNT_HARM ? nnt.from_upper : nnt.from_lower);
    const bool both_finite = isfinite(nnt.from_lower) && isfinite(nnt.from_upper);
    const bool through = nnt.kind == RAC_NNT_THROUGH_INFINITY && both_finite;
    return rac_format(arena, "%s (%s to %s%s)", estimate, from, through ? "infinity to " : "", to);
}

/* ---- two proportions -------------------------------------------------------------------------------- */

static void compare_differences(rac_two_by_two c, double level, rac_proportions *out)
{
    const double z = rac_normal_critical(level), p1 = out->p1, p0 = out->p0, d = p1 - p0;
    out->difference = d;
    out->newcombe.lower = d - hypot(p1 - out->p1_wilson.lower, out->p0_wilson.upper - p0);
    out->newcombe.upper = d + hypot(out->p1_wilson.upper - p1, p0 - out->p0_wilson.lower);
    out->miettinen_nurminen = miettinen_nurminen(c, level);
    const double wald = z * sqrt(p1 * (1 - p1) / c.n1 + p0 * (1 - p0) / c.n0);
    out->wald = (rac_interval){within(-1, d - wald, 1), within(-1, d + wald, 1)};
    const double a1 = (c.events1 + 1) / (c.n1 + 2), a0 = (c.events0 + 1) / (c.n0 + 2);
    const double caffo = z * sqrt(a1 * (1 - a1) / (c.n1 + 2) + a0 * (1 - a0) / (c.n0 + 2));
    out->agresti_caffo = (rac_interval){within(-1, a1 - a0 - caffo, 1), within(-1, a1 - a0 + caffo, 1)};
    out->nnt = rac_nnt_of(d, out->newcombe);
}

static const rac_interval UNKNOWN = {NAN, NAN};

static void compare_ratios(rac_arena *arena, rac_two_by_two c, double level, rac_proportions *out)
{
    const double z = rac_normal_critical(level);
    const double without1 = c.n1 - c.events1, without0 = c.n0 - c.events0, events = c.events1 + c.events0;
    const bool one_outcome = events == 0 || without1 + without0 == 0;
    out->odds_ratio = one_outcome ? RAC_NOT_ESTIMABLE : (c.events1 / without1) / (c.events0 / without0);
    out->odds_ratio_woolf = out->odds_ratio_exact = out->risk_ratio_katz = UNKNOWN;
    if (c.events1 > 0 && without1 > 0 && c.events0 > 0 && without0 > 0) {
        const double se = sqrt(1 / c.events1 + 1 / without1 + 1 / c.events0 + 1 / without0);
        out->odds_ratio_woolf = (rac_interval){out->odds_ratio * exp(-z * se), out->odds_ratio * exp(z * se)};
    } else {
        out->notes |= RAC_NOTE_ZERO_CELL;
    }
    out->odds_ratio_conditional = RAC_NOT_ESTIMABLE;
    if (!one_outcome)
        stats_conditional_odds(arena, c, level, &out->odds_ratio_conditional, &out->odds_ratio_exact);
    out->risk_ratio = events == 0 ? RAC_NOT_ESTIMABLE : out->p1 / out->p0;
    if (c.events1 > 0 && c.events0 > 0) {
        const double se = sqrt(1 / c.events1 - 1 / c.n1 + 1 / c.events0 - 1 / c.n0);
        out->risk_ratio_katz = (rac_interval){out->risk_ratio * exp(-z * se), out->risk_ratio * exp(z * se)};
    }
    out->notes |= events == 0 ? RAC_NOTE_NO_EVENTS : 0;
}

static rac_status compare_tests(rac_arena *arena, rac_two_by_two c, rac_proportions *out, rac_error *err)
{
    const double table[4] = {c.events1, c.n1 - c.events1, c.events0, c.n0 - c.events0};
    rac_chi_square plain, yates;
    rac_status status = rac_chi_square_test(table, 2, 2, false, &plain, err);
    if (status == RAC_OK)
        status = rac_chi_square_test(table, 2, 2, true, &yates, err);
    if (status == RAC_OK)
        status = rac_fisher_test(arena, table, 2, 2, &out->p_fisher, err);
    if (status != RAC_OK)
        return status;
    out->chi_square = plain.statistic;
    out->p_chi_square = plain.p_value;
    out->chi_square_yates = yates.statistic;
    out->p_yates = yates.p_value;
    return RAC_OK;
}

rac_status rac_proportions_compare(rac_arena *arena, rac_two_by_two counts, double level,
                                   rac_proportions *out, rac_error *err)
{
    if (check_counts(counts.events1, counts.n1, err) != RAC_OK ||
        check_counts(counts.events0, counts.n0, err) != RAC_OK || stats_check_level(level, err) != RAC_OK)
        return RAC_INVALID;
    const double z = rac_normal_critical(level);
    *out = (rac_proportions){
        .p1 = counts.events1 / counts.n1,
        .p1_wilson = wilson(counts.events1, counts.n1, z),
        .p1_exact = clopper_pearson(counts.events1, counts.n1, level),
        .p0 = counts.events0 / counts.n0,
        .p0_wilson = wilson(counts.events0, counts.n0, z),
        .p0_exact = clopper_pearson(counts.events0, counts.n0, level),
    };
    compare_differences(counts, level, out);
    compare_ratios(arena, counts, level, out);
    return compare_tests(arena, counts, out, err);
}

rac_status rac_mcnemar_test(double only_first, double only_second, rac_mcnemar *out, rac_error *err)
{
    const double b = only_first, c = only_second, n = b + c;
    if (!(b >= 0 && c >= 0 && n <= 1e9 && b == floor(b) && c == floor(c)))
        return rac_fail(err, RAC_INVALID, "%g and %g are not counts of pairs", b, c);
    *out = (rac_mcnemar){RAC_NOT_ESTIMABLE, RAC_NOT_ESTIMABLE, RAC_NOT_ESTIMABLE, 0};
    if (n == 0) {
        out->notes = RAC_NOTE_NO_EVENTS;
        return RAC_OK;
    }
    out->chi_square = (b - c) * (b - c) / n;
    out->p_chi_square = rac_chi_square_upper(out->chi_square, 1);
    out->p_exact = fmin(1, 2 * rac_binomial_at_most(fmin(b, c), n, 0.5));
    return RAC_OK;
}
