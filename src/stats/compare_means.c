/* Tests on means and standardised effects. */
#include "racemate/stats/compare.h"

#include "racemate/stats/distributions.h"
#include "stats/moments.h"

static rac_t_test unknown_test(size_t n1, size_t n2, rac_notes notes)
{
    const double none = RAC_NOT_ESTIMABLE;
    return (rac_t_test){n1, n2, none, none, none, none, none, {none, none}, notes};
}

/* Everything that follows from an estimate, its error and its df.  Without spread there is no test. */
static void finish_test(rac_t_test *test, double null, double magnitude, double level)
{
    if (stats_is_constant(test->se, magnitude)) {
        test->notes |= RAC_NOTE_CONSTANT;
        return;
    }
    const double half = rac_t_critical(level, test->df) * test->se;
    test->t = (test->estimate - null) / test->se;
    test->p_value = rac_t_two_sided(test->t, test->df);
    test->interval = (rac_interval){test->estimate - half, test->estimate + half};
}

rac_status rac_t_test_one(rac_values sample, double null_mean, double level, rac_t_test *out, rac_error *err)
{
    stats_moments m;
    rac_status status = stats_check_level(level, err);
    if (status == RAC_OK && !isfinite(null_mean))
        status = rac_fail(err, RAC_INVALID, "the mean to test against is not a number");
    if (status == RAC_OK)
        status = stats_moments_of(sample, &m, err);
    if (status != RAC_OK)
        return status;
    *out = unknown_test(m.n, 0, m.n == 0 ? RAC_NOTE_EMPTY_GROUP : m.n < 2 ? RAC_NOTE_TOO_FEW : 0);
    out->estimate = m.mean;
    if (m.n < 2)
        return RAC_OK;
    out->se = sqrt(m.variance / (double)m.n);
    out->df = (double)(m.n - 1);
    finish_test(out, null_mean, m.mean, level);
    return RAC_OK;
}

rac_status rac_t_test_paired(rac_arena *arena, const double *first, const double *second, size_t count,
                             double level, rac_t_test *out, rac_error *err)
{
    double *const difference = rac_many(arena, double, count);
    for (size_t i = 0; i < count; i++) {
        if (isinf(first[i]) || isinf(second[i]))
            return rac_fail(err, RAC_INVALID, "pair %zu has an infinite value", i + 1);
        difference[i] = first[i] - second[i]; /* NaN when either is missing */
    }
    const rac_status status = rac_t_test_one((rac_values){difference, count}, 0, level, out, err);
    if (status == RAC_OK)
        out->n2 = out->n1;
    return status;
}

typedef struct two_moments {
    stats_moments a, b;
} two_moments;

/* Both groups' moments; *enough is false, and out filled with why, when no comparison can be made. */
static rac_status two_groups(rac_values first, rac_values second, double level, two_moments *m,
                             rac_t_test *out, bool *enough, rac_error *err)
{
    rac_status status = stats_check_level(level, err);
    if (status == RAC_OK)
        status = stats_moments_of(first, &m->a, err);
    if (status == RAC_OK)
        status = stats_moments_of(second, &m->b, err);
    if (status != RAC_OK)
        return status;
    *out = unknown_test(m->a.n, m->b.n, 0);
    *enough = false;
    if (m->a.n == 0 || m->b.n == 0) {
        out->notes = RAC_NOTE_EMPTY_GROUP;
        return RAC_OK;
    }
    out->estimate = m->a.mean - m->b.mean;
    *enough = true;
    return RAC_OK;
}

rac_status rac_t_test_welch(rac_values first, rac_values second, double level, rac_t_test *out,
                            rac_error *err)
{
    two_moments m;
    bool enough;
    const rac_status status = two_groups(first, second, level, &m, out, &enough, err);
    if (status != RAC_OK || !enough)
        return status;
    if (m.a.n < 2 || m.b.n < 2) {
        out->notes = RAC_NOTE_TOO_FEW;
        return RAC_OK;
    }
    const double va = m.a.variance / (double)m.a.n, vb = m.b.variance / (double)m.b.n;
    out->se = sqrt(va + vb);
    if (out->se > 0) /* Satterthwaite 1946 */
        out->df = (va + vb) * (va + vb) / (va * va / (double)(m.a.n - 1) + vb * vb / (double)(m.b.n - 1));
    finish_test(out, 0, fmax(fabs(m.a.mean), fabs(m.b.mean)), level);
    return RAC_OK;
}

static double pooled_variance(const two_moments *m)
{
    const double a = m->a.n > 1 ? (double)(m->a.n - 1) * m->a.variance : 0;
    const double b = m->b.n > 1 ? (double)(m->b.n - 1) * m->b.variance : 0;
    return (a + b) / (double)(m->a.n + m->b.n - 2);
}

rac_status rac_t_test_pooled(rac_values first, rac_values second, double level, rac_t_test *out,
                             rac_error *err)
{
    two_moments m;
    bool enough;
    const rac_status status = two_groups(first, second, level, &m, out, &enough, err);
    if (status != RAC_OK || !enough)
        return status;
    if (m.a.n + m.b.n < 3) {
        out->notes = RAC_NOTE_TOO_FEW;
        return RAC_OK;
    }
    out->df = (double)(m.a.n + m.b.n - 2);
    out->se = sqrt(pooled_variance(&m) * (1 / (double)m.a.n + 1 / (double)m.b.n));
    finish_test(out, 0, fmax(fabs(m.a.mean), fabs(m.b.mean)), level);
    return RAC_OK;
}

rac_status rac_effect_size_of(rac_values first, rac_values second, rac_effect_size *out, rac_error *err)
{
    two_moments m;
    rac_t_test test;
    bool enough;
    const rac_status status = two_groups(first, second, 0.95, &m, &test, &enough, err);
    if (status != RAC_OK)
        return status;
    *out = (rac_effect_size){RAC_NOT_ESTIMABLE, RAC_NOT_ESTIMABLE, RAC_NOT_ESTIMABLE, test.notes};
    if (!enough)
        return RAC_OK;
    if (m.a.n + m.b.n < 4) { /* J needs v >= 2 */
        out->notes |= RAC_NOTE_TOO_FEW;
        return RAC_OK;
    }
    const double v = (double)(m.a.n + m.b.n - 2), sd = sqrt(pooled_variance(&m));
    if (stats_is_constant(sd, fmax(fabs(m.a.mean), fabs(m.b.mean)))) {
        out->notes |= RAC_NOTE_CONSTANT;
        return RAC_OK;
    }
    out->cohen_d = test.estimate / sd;
    out->hedges_g = out->cohen_d * exp(lgamma(v / 2) - lgamma((v - 1) / 2)) / sqrt(v / 2);
    out->hedges_g_approximate = out->cohen_d * (1 - 3 / (4 * v - 1));
    return RAC_OK;
}
