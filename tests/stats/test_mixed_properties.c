/* Mixed models: what must hold of any data: invariances, closed forms, derivatives, refusals, coverage. */
#include "mixed_chart.h"

#include <cblas.h>

#include "base/random.h"
#include "racemate/stats/distributions.h"
#include "racemate/stats/mixed.h"
#include "stats/mixed_engine.h"

/* ---- a made-up study ----------------------------------------------------------------------------- */

enum { VISITS = 4 };

typedef struct study {
    rac_mixed_usual model;
    rac_mixed_covariate baseline;
    double *outcome, *base;
    int32_t *arm;
} study;

static const double weeks[VISITS] = {1, 2, 4, 7};

/* Score = level + slope x week + autoregressive noise; dropout depends on the last score seen. */
static void make_study(rac_arena *arena, study *s, size_t n, uint64_t seed, bool missing)
{
    s->outcome = rac_many(arena, double, n *VISITS);
    s->base = rac_many(arena, double, n);
    s->arm = rac_many(arena, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        rac_random r = rac_random_open(seed, i, RAC_RANDOM_TEST);
        s->arm[i] = i % 5 < 3;
        s->base[i] = 17.385 + 3.1 * rac_random_normal(&r);
        const double level = 2.7 * rac_random_normal(&r), slope = 0.31 * rac_random_normal(&r);
        double noise = 0;
        bool left = false;
        for (size_t v = 0; v < VISITS; v++) {
            noise = 0.45 * noise + 1.9 * rac_random_normal(&r);
            const double y =
                -1.3 * weeks[v] + 0.21 * (s->base[i] - 17.385) + level + slope * weeks[v] + noise;
            const double chance = rac_random_uniform(&r), gap = rac_random_uniform(&r);
            s->outcome[i * VISITS + v] = missing && (left || (v > 0 && gap < 0.05)) ? (double)NAN : y;
            left = left || chance < 1 / (1 + exp(2.6 - 0.15 * y));
        }
    }
    s->baseline = (rac_mixed_covariate){.name = "baseline", .value = s->base, .by_visit = true};
    s->model = (rac_mixed_usual){.patients = n,
                                 .visits = VISITS,
                                 .arms = 2,
                                 .outcome = s->outcome,
                                 .arm = s->arm,
                                 .covariates = 1,
                                 .covariate = &s->baseline,
                                 .visit_time = weeks};
}

typedef struct answer {
    rac_mixed_fit fit;
    rac_mixed_means means;
} answer;

static answer analyse(rac_arena *arena, const rac_mixed_usual *model, const rac_mixed_options *options)
{
    answer a;
    rac_error err = {0};
    rac_mixed_design design;
    check_ok(rac_mixed_design_usual(arena, model, &design, &err));
    check_ok(rac_mixed_fit_design(arena, &design, options, &a.fit, &err));
    if (model->arms > 1)
        check_ok(rac_mixed_means_usual(arena, model, &a.fit, RAC_MIXED_MEANS_EQUAL, 1, 0, &a.means, &err));
    return a;
}

static void check_same(const rac_mixed_estimate *a, const rac_mixed_estimate *b, double sign, double scale)
{
    check_near(a->estimate, sign * scale * b->estimate, 1e-9 * scale, 1e-8);
    check_near(a->se, scale * b->se, 0, 1e-8);
    check_near(a->df, b->df, 0, 1e-6);
    check_near(a->p, b->p, 1e-12, 1e-6);
}

static const rac_mixed_options plain = {0};

/* ---- invariances --------------------------------------------------------------------------------- */

static void test_stats_mixed__order_of_patients_does_not_matter(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s, t;
    make_study(arena, &s, 67, 1, true);
    make_study(arena, &t, 67, 1, true);
    for (size_t i = 0; i < 67; i++) {
        const size_t from = i * 23 % 67;
        t.arm[i] = s.arm[from];
        t.base[i] = s.base[from];
        memcpy(t.outcome + i * VISITS, s.outcome + from * VISITS, VISITS * sizeof(double));
    }
    const answer a = analyse(arena, &s.model, &plain), b = analyse(arena, &t.model, &plain);
    check_near(a.fit.log_likelihood, b.fit.log_likelihood, 0, 1e-11);
    for (size_t v = 0; v < VISITS; v++)
        check_same(&a.means.difference[v], &b.means.difference[v], 1, 1);
    rac_arena_free(arena);
}

static void test_stats_mixed__order_of_visits_does_not_matter(void **state)
{
    (void)state;
    static const size_t from[VISITS] = {2, 0, 3, 1};
    rac_arena *const arena = rac_arena_new();
    study s, t;
    make_study(arena, &s, 67, 2, true);
    make_study(arena, &t, 67, 2, true);
    for (size_t i = 0; i < 67; i++)
        for (size_t v = 0; v < VISITS; v++)
            t.outcome[i * VISITS + v] = s.outcome[i * VISITS + from[v]];
    const rac_mixed_options kr = {.df = RAC_MIXED_KENWARD_ROGER};
    const answer a = analyse(arena, &s.model, &kr), b = analyse(arena, &t.model, &kr);
    check_near(a.fit.log_likelihood, b.fit.log_likelihood, 0, 1e-11);
    for (size_t v = 0; v < VISITS; v++)
        check_same(&b.means.difference[v], &a.means.difference[from[v]], 1, 1);
    check_near(a.means.no_difference.denom_df, b.means.no_difference.denom_df, 0, 1e-6);
    check_near(a.means.no_difference.f, b.means.no_difference.f, 0, 1e-7);
    rac_arena_free(arena);
}

static void test_stats_mixed__swapping_arms_flips_signs(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 3, true);
    const answer a = analyse(arena, &s.model, &plain);
    for (size_t i = 0; i < 67; i++)
        s.arm[i] = 1 - s.arm[i];
    const answer b = analyse(arena, &s.model, &plain);
    for (size_t v = 0; v < VISITS; v++) {
        check_same(&b.means.difference[v], &a.means.difference[v], -1, 1);
        check_same(&b.means.mean[v], &a.means.mean[VISITS + v], 1, 1);
    }
    rac_arena_free(arena);
}

static void test_stats_mixed__scale_and_origin_of_the_outcome_pass_through(void **state)
{
    (void)state;
    static const rac_covariance kinds[] = {RAC_COVARIANCE_UNSTRUCTURED, RAC_COVARIANCE_TOEPLITZ_OWN,
                                           RAC_COVARIANCE_RANDOM_SLOPE};
    static const double scales[] = {1e-4, 37.5, 1e6};
    rac_arena *const arena = rac_arena_new();
    study s, t;
    make_study(arena, &s, 67, 4, true);
    make_study(arena, &t, 67, 4, true);
    for (size_t k = 0; k < 3; k++)
        for (size_t c = 0; c < 3; c++) {
            const rac_mixed_options options = {.covariance = kinds[k], .no_fallback = true};
            for (size_t x = 0; x < 67 * VISITS; x++)
                t.outcome[x] = scales[c] * (s.outcome[x] + 1234.5);
            const answer a = analyse(arena, &s.model, &options), b = analyse(arena, &t.model, &options);
            for (size_t v = 0; v < VISITS; v++)
                check_same(&b.means.difference[v], &a.means.difference[v], 1, scales[c]);
            assert_true(b.fit.newton_decrement < 1e-12);
        }
    rac_arena_free(arena);
}

static void test_stats_mixed__patient_without_scores_changes_nothing(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 68, 5, true);
    for (size_t v = 0; v < VISITS; v++)
        s.outcome[67 * VISITS + v] = NAN;
    s.base[67] = 1000;
    const answer b = analyse(arena, &s.model, &plain);
    s.model.patients = 67;
    const answer a = analyse(arena, &s.model, &plain);
    assert_int_equal(b.fit.patients, a.fit.patients);
    assert_int_equal(b.fit.patients_excluded, a.fit.patients_excluded + 1);
    check_near(b.fit.log_likelihood, a.fit.log_likelihood, 0, 1e-14);
    for (size_t v = 0; v < VISITS; v++)
        check_same(&b.means.difference[v], &a.means.difference[v], 1, 1);
    rac_arena_free(arena);
}

/* Exact for ML; REML's correction for the mean shrinks with copies. */
static void test_stats_mixed__copies_divide_errors_by_their_root(void **state)
{
    (void)state;
    enum { COPIES = 9 };
    rac_arena *const arena = rac_arena_new();
    study s, t;
    make_study(arena, &s, 67, 6, true);
    make_study(arena, &t, 67 * COPIES, 6, true);
    for (size_t i = 0; i < (size_t)67 * COPIES; i++) {
        t.arm[i] = s.arm[i % 67];
        t.base[i] = s.base[i % 67];
        memcpy(t.outcome + i * VISITS, s.outcome + i % 67 * VISITS, VISITS * sizeof(double));
    }
    const rac_mixed_options ml = {.maximum_likelihood = true};
    const answer a = analyse(arena, &s.model, &ml), b = analyse(arena, &t.model, &ml);
    for (size_t v = 0; v < VISITS; v++) {
        check_near(b.means.difference[v].estimate, a.means.difference[v].estimate, 1e-9, 1e-8);
        check_near(b.means.difference[v].se * sqrt(COPIES), a.means.difference[v].se, 0, 1e-8);
    }
    rac_arena_free(arena);
}

static void test_stats_mixed__two_threads_give_the_same_bits(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 600, 7, true);
    openblas_set_num_threads(1);
    const answer a = analyse(arena, &s.model, &plain);
    openblas_set_num_threads(2);
    const answer b = analyse(arena, &s.model, &plain);
    openblas_set_num_threads(1);
    assert_memory_equal(&a.fit.log_likelihood, &b.fit.log_likelihood, sizeof(double));
    assert_memory_equal(a.means.difference, b.means.difference, VISITS * sizeof *a.means.difference);
    rac_arena_free(arena);
}

static void test_stats_mixed__fixed_effects_do_not_depend_on_the_clock(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 8, true);
    const rac_mixed_options slope = {.covariance = RAC_COVARIANCE_RANDOM_SLOPE};
    const answer a = analyse(arena, &s.model, &slope);
    /* Seconds since 1970 instead of weeks since the start. */
    double seconds[VISITS];
    for (size_t v = 0; v < VISITS; v++)
        seconds[v] = 1.7e9 + 604800 * weeks[v];
    s.model.visit_time = seconds;
    const answer b = analyse(arena, &s.model, &slope);
    check_near(b.fit.log_likelihood, a.fit.log_likelihood, 0, 1e-10);
    check_near(b.fit.variance_slope * 604800 * 604800, a.fit.variance_slope, 0, 1e-6);
    for (size_t v = 0; v < VISITS; v++)
        check_same(&b.means.difference[v], &a.means.difference[v], 1, 1);
    rac_arena_free(arena);
}

/* ---- closed forms -------------------------------------------------------------------------------- */

/* Complete data, arm x visit only: every visit is a two-sample t test with pooled variance. */
static void test_stats_mixed__complete_data_give_t_tests(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 40, 9, false);
    s.model.covariates = 0;
    static const size_t visit_counts[] = {VISITS, 1};
    for (size_t k = 0; k < 2; k++) {
        const size_t visits = visit_counts[k];
        double *const outcome = rac_many(arena, double, 40 * visits);
        for (size_t i = 0; i < 40; i++)
            memcpy(outcome + i * visits, s.outcome + i * VISITS, visits * sizeof(double));
        s.model.outcome = outcome;
        s.model.visits = visits;
        for (rac_mixed_df df = RAC_MIXED_SATTERTHWAITE; df <= RAC_MIXED_KENWARD_ROGER; df++) {
            const rac_mixed_options options = {.df = df};
            const answer a = analyse(arena, &s.model, &options);
            for (size_t v = 0; v < visits; v++) {
                double n[2] = {0}, mean[2] = {0}, squares = 0;
                for (size_t i = 0; i < 40; i++) {
                    n[s.arm[i]]++;
                    mean[s.arm[i]] += outcome[i * visits + v];
                }
                mean[0] /= n[0];
                mean[1] /= n[1];
                for (size_t i = 0; i < 40; i++)
                    squares += pow(outcome[i * visits + v] - mean[s.arm[i]], 2);
                const rac_mixed_estimate *const d = &a.means.difference[v];
                const double se = sqrt(squares / 38 * (1 / n[0] + 1 / n[1]));
                check_near(d->estimate, mean[1] - mean[0], 1e-10, 1e-10);
                check_near(d->se, se, 0, 1e-9);
                check_near(d->df, 38, 0, 1e-8);
                check_near(d->p, rac_t_two_sided((mean[1] - mean[0]) / se, 38), 1e-12, 1e-8);
            }
            if (visits == 1)
                assert_false(a.means.constant_difference.estimable);
        }
    }
    rac_arena_free(arena);
}

static void test_stats_mixed__random_intercept_is_compound_symmetry(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 10, true);
    const answer a = analyse(arena, &s.model, &(rac_mixed_options){.covariance = RAC_COVARIANCE_COMPOUND});
    const answer b =
        analyse(arena, &s.model, &(rac_mixed_options){.covariance = RAC_COVARIANCE_RANDOM_INTERCEPT});
    check_near(a.fit.log_likelihood, b.fit.log_likelihood, 0, 1e-11);
    check_near(b.fit.variance_intercept, a.fit.sigma[1], 0, 1e-7);
    for (size_t v = 0; v < VISITS; v++)
        check_same(&b.means.difference[v], &a.means.difference[v], 1, 1);
    rac_arena_free(arena);
}

/* A grid is a special case of own times: the same numbers by the path of one pattern a patient. */
static void test_stats_mixed__own_times_equal_to_the_grid_give_the_same_fit(void **state)
{
    (void)state;
    static const rac_covariance kinds[] = {RAC_COVARIANCE_RANDOM_SLOPE, RAC_COVARIANCE_SPATIAL};
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 11, true);
    double *const time = rac_many(arena, double, 67 * VISITS);
    for (size_t x = 0; x < 67 * VISITS; x++)
        time[x] = weeks[x % VISITS];
    for (size_t k = 0; k < 2; k++) {
        const rac_mixed_options options = {.covariance = kinds[k], .df = RAC_MIXED_KENWARD_ROGER_FULL};
        s.model.time = NULL;
        const answer a = analyse(arena, &s.model, &options);
        s.model.time = time;
        const answer b = analyse(arena, &s.model, &options);
        check_near(a.fit.log_likelihood, b.fit.log_likelihood, 0, 1e-11);
        for (size_t v = 0; v < VISITS; v++)
            check_same(&b.means.difference[v], &a.means.difference[v], 1, 1);
    }
    rac_arena_free(arena);
}

/* ---- derivatives --------------------------------------------------------------------------------- */

static double likelihood_at(mixed_engine *e, const double *theta, size_t a, double step)
{
    memcpy(e->theta, theta, e->parameters * sizeof *theta);
    e->theta[a] += step;
    assert_true(mixed_engine_likelihood(e));
    return e->log_likelihood;
}

/* Away from the maximum, where no first-order term vanishes by luck. */
static void check_derivatives(rac_arena *arena, const mixed_sums *sums, rac_covariance kind, bool own,
                              bool reml)
{
    mixed_engine *const ols = mixed_engine_make(arena, sums, RAC_COVARIANCE_RANDOM_INTERCEPT, own, true);
    mixed_engine *const e = mixed_engine_make(arena, sums, kind, own, reml);
    const char *why = NULL;
    assert_true(mixed_engine_likelihood(ols));
    assert_true(mixed_start(arena, e, ols, &why));
    const size_t n = e->parameters;
    double *const theta = rac_many(arena, double, n), *const gradient = rac_many(arena, double, n);
    double *const information = rac_many(arena, double, n *n);
    for (size_t a = 0; a < n; a++)
        theta[a] = e->theta[a] * (1 + 0.03 * (double)(a % 3)) + 0.02 * (double)(a % 2);
    (void)likelihood_at(e, theta, 0, 0);
    mixed_engine_gradient(e);
    mixed_engine_information(e, true);
    memcpy(gradient, e->gradient, n * sizeof *gradient);
    memcpy(information, e->information, n * n * sizeof *information);
    for (size_t a = 0; a < n; a++) {
        const double h = 1e-4 * fmax(1, fabs(theta[a]));
        const double slope = (8 * (likelihood_at(e, theta, a, h) - likelihood_at(e, theta, a, -h)) -
                              (likelihood_at(e, theta, a, 2 * h) - likelihood_at(e, theta, a, -2 * h))) /
                             (12 * h);
        check_near(gradient[a], slope, 1e-6, 1e-6);
        double *const high = rac_many(arena, double, n);
        (void)likelihood_at(e, theta, a, h);
        mixed_engine_gradient(e);
        memcpy(high, e->gradient, n * sizeof *high);
        (void)likelihood_at(e, theta, a, -h);
        mixed_engine_gradient(e);
        for (size_t b = 0; b < n; b++)
            check_near(information[a * n + b], -(high[b] - e->gradient[b]) / (2 * h),
                       1e-5 + 1e-5 * fabs(information[a * n + a]), 1e-5);
    }
}

static void test_stats_mixed__derivatives_are_exact_for_every_covariance(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    rac_error err = {0};
    make_study(arena, &s, 45, 12, true);
    s.model.covariance_per_arm = true;
    rac_mixed_design design;
    check_ok(rac_mixed_design_usual(arena, &s.model, &design, &err));
    const mixed_sums *const grid = mixed_sums_make(arena, &design, false);
    const mixed_sums *const own = mixed_sums_make(arena, &design, true);
    for (rac_covariance kind = 0; kind < RAC_COVARIANCE_COUNT; kind++)
        for (int reml = 0; reml < 2; reml++) {
            check_derivatives(arena, grid, kind, false, reml);
            if (mixed_structure_uses_time(kind))
                check_derivatives(arena, own, kind, true, reml);
        }
    rac_arena_free(arena);
}

/* ---- rank, ladder, boundaries -------------------------------------------------------------------- */

static void test_stats_mixed__visit_seen_in_one_arm_leaves_that_difference_open(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 13, true);
    for (size_t i = 0; i < 67; i++)
        if (s.arm[i] == 1)
            s.outcome[i * VISITS + 3] = NAN;
    const answer a = analyse(arena, &s.model, &plain);
    assert_int_equal(a.fit.aliased_count, 1);
    assert_true(a.fit.aliased[a.fit.columns - 1]);
    assert_string_equal(a.fit.name[a.fit.columns - 1], "visit4:arm1");
    assert_false(a.fit.coefficient[a.fit.columns - 1].estimable);
    assert_false(a.means.difference[3].estimable);
    assert_true(isnan(a.means.difference[3].se));
    assert_false(a.means.mean[VISITS + 3].estimable);
    assert_true(a.means.mean[3].estimable);
    assert_true(a.means.difference[2].estimable);
    rac_arena_free(arena);
}

/* A column that is 0 in every row seen is dropped whatever its number of patients and place: the fit equals
 * the one of a design without it. */
static void test_stats_mixed__an_arm_absent_from_a_visit_costs_that_column_alone(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    for (size_t n = 13; n < 120; n += 7)
        for (int32_t absent = 1; absent < 3; absent++) {
            study s;
            rac_error err = {0};
            rac_mixed_design design, without;
            rac_mixed_fit fit, again;
            const rac_mixed_options cs = {.covariance = RAC_COVARIANCE_COMPOUND, .no_fallback = true};
            make_study(arena, &s, n, n, true);
            s.baseline.by_visit = false;
            s.model.arms = 3;
            for (size_t i = 0; i < n; i++) {
                s.arm[i] = (int32_t)(i % 3);
                if (s.arm[i] == absent)
                    s.outcome[i * VISITS + 3] = NAN;
                s.outcome[i * VISITS] -= 50;
            }
            check_ok(rac_mixed_design_usual(arena, &s.model, &design, &err));
            check_ok(rac_mixed_fit_design(arena, &design, &cs, &fit, &err));
            const size_t gone = design.columns - 1 - (absent == 1 ? 3 : 0);
            assert_true(fit.aliased[gone]);
            rac_mixed_rows rows = rows_of(arena, &design, NULL);
            double *const x = rac_many(arena, double, rows.rows *(rows.columns - 1));
            for (size_t i = 0; i < rows.rows; i++)
                for (size_t c = 0; c < rows.columns; c++)
                    if (c != gone)
                        x[i * (rows.columns - 1) + c - (c > gone)] = rows.x[i * rows.columns + c];
            rows.x = x;
            rows.columns--;
            rows.column_name = NULL;
            check_ok(rac_mixed_design_rows(arena, &rows, &without, &err));
            check_ok(rac_mixed_fit_design(arena, &without, &cs, &again, &err));
            assert_int_equal(again.rank, fit.rank);
            check_near(fit.log_likelihood, again.log_likelihood, 0, 1e-11);
        }
    rac_arena_free(arena);
}

static void test_stats_mixed__a_column_said_twice_is_named_and_dropped(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 14, true);
    const answer a = analyse(arena, &s.model, &plain);
    double *const twice = rac_many(arena, double, 67);
    for (size_t i = 0; i < 67; i++)
        twice[i] = 2 * s.base[i] - 5;
    const rac_mixed_covariate both[] = {s.baseline, {.name = "again", .value = twice}};
    s.model.covariates = 2;
    s.model.covariate = both;
    const answer b = analyse(arena, &s.model, &plain);
    assert_int_equal(b.fit.aliased_count, 1);
    for (size_t c = 0; c < b.fit.columns; c++)
        assert_int_equal(b.fit.aliased[c], strcmp(b.fit.name[c], "again") == 0);
    check_near(a.fit.log_likelihood, b.fit.log_likelihood, 0, 1e-11);
    for (size_t v = 0; v < VISITS; v++) /* estimable as before: the alias is held where it belongs */
        check_same(&b.means.difference[v], &a.means.difference[v], 1, 1);
    rac_arena_free(arena);
}

static void test_stats_mixed__ladder_says_what_was_used_and_why(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 15, true);
    for (size_t i = 0; i < 67; i++) /* nobody seen at both visit 2 and visit 3 */
        s.outcome[i * VISITS + 1 + i % 2] = NAN;
    const answer a = analyse(arena, &s.model, &plain);
    assert_int_equal(a.fit.covariance, RAC_COVARIANCE_TOEPLITZ_OWN);
    assert_int_equal(a.fit.attempts, 2);
    assert_string_equal(a.fit.attempt[0].why, "no patient was seen at both visit 2 and visit 3");
    assert_false(a.fit.attempt[0].used);
    assert_true(a.fit.attempt[1].used);

    rac_error err = {0};
    rac_mixed_design design;
    rac_mixed_fit fit;
    check_ok(rac_mixed_design_usual(arena, &s.model, &design, &err));
    check_status(rac_mixed_fit_design(arena, &design, &(rac_mixed_options){.no_fallback = true}, &fit, &err),
                 RAC_NOT_CONVERGED);
    check_contains(err.message, "no patient was seen at both visit 2 and visit 3");

    static const rac_covariance own_ladder[] = {RAC_COVARIANCE_COMPOUND};
    const answer b = analyse(arena, &s.model, &(rac_mixed_options){.fallback = own_ladder, .fallbacks = 1});
    assert_int_equal(b.fit.covariance, RAC_COVARIANCE_COMPOUND);
    rac_arena_free(arena);
}

static void test_stats_mixed__fewer_patients_than_visits_step_down(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 4, 16, false);
    s.model.covariates = 0;
    const answer a = analyse(arena, &s.model, &plain);
    assert_int_not_equal(a.fit.covariance, RAC_COVARIANCE_UNSTRUCTURED);
    assert_string_equal(a.fit.attempt[0].why, "4 patients are too few for 4 visits");
    rac_arena_free(arena);
}

/* Slopes that do not vary: the estimate sits on the boundary, is reported, and the fit stands. */
static void test_stats_mixed__a_variance_of_zero_is_singular_not_a_failure(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 67, 17, false);
    for (size_t i = 0; i < 67; i++) {
        rac_random r = rac_random_open(18, i, RAC_RANDOM_TEST);
        const double level = 2 * rac_random_normal(&r);
        double noise[VISITS], tilt = 0, squares = 0;
        for (size_t v = 0; v < VISITS; v++)
            noise[v] = rac_random_normal(&r);
        for (size_t v = 0; v < VISITS; v++) {
            tilt += (weeks[v] - 3.5) * noise[v];
            squares += (weeks[v] - 3.5) * (weeks[v] - 3.5);
        }
        for (size_t v = 0; v < VISITS; v++) /* less slope between patients than chance alone would give */
            s.outcome[i * VISITS + v] = level + noise[v] - (weeks[v] - 3.5) * tilt / squares;
    }
    const answer a =
        analyse(arena, &s.model, &(rac_mixed_options){.covariance = RAC_COVARIANCE_RANDOM_SLOPE});
    assert_true(a.fit.singular);
    assert_true(a.fit.newton_decrement < 1e-12);
    for (size_t v = 0; v < VISITS; v++)
        assert_true(a.means.difference[v].estimable && isfinite(a.means.difference[v].se));
    rac_arena_free(arena);
}

/* ---- refusals ------------------------------------------------------------------------------------ */

static void refuse_design(study *s, rac_arena *arena, const char *words)
{
    rac_error err = {0};
    rac_mixed_design design;
    check_status(rac_mixed_design_usual(arena, &s->model, &design, &err), RAC_INVALID);
    check_contains(err.message, words);
}

static void refuse_fit(study *s, rac_arena *arena, rac_mixed_options options, rac_status status,
                       const char *words)
{
    rac_error err = {0};
    rac_mixed_design design;
    rac_mixed_fit fit;
    check_ok(rac_mixed_design_usual(arena, &s->model, &design, &err));
    check_status(rac_mixed_fit_design(arena, &design, &options, &fit, &err), status);
    check_contains(err.message, words);
}

static void test_stats_mixed__every_refusal_names_its_cause(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    study s;
    make_study(arena, &s, 20, 19, false);
    for (size_t x = 0; x < 20 * VISITS; x++)
        s.outcome[x] = NAN;
    refuse_design(&s, arena, "every outcome is missing");

    make_study(arena, &s, 20, 19, false);
    for (size_t i = 0; i < 20; i++)
        s.outcome[i * VISITS + 2] = NAN;
    refuse_design(&s, arena, "no patient has an outcome at visit 3");

    make_study(arena, &s, 20, 19, false);
    for (size_t i = 0; i < 20; i++)
        s.arm[i] = 0;
    refuse_design(&s, arena, "no patient of arm 1 has an outcome");
    s.arm[4] = 2;
    refuse_design(&s, arena, "patient 5 is in arm 2");

    make_study(arena, &s, 20, 19, false);
    s.base[7] = NAN;
    refuse_design(&s, arena, "covariate baseline of patient 8 is missing");

    make_study(arena, &s, 20, 19, false);
    s.outcome[5] = INFINITY;
    refuse_design(&s, arena, "the outcome of patient 2 at visit 2 is infinite");

    make_study(arena, &s, 20, 19, false);
    for (size_t x = 0; x < 20 * VISITS; x++)
        s.outcome[x] = 0.1;
    refuse_fit(&s, arena, plain, RAC_INVALID, "the outcome is the same in every patient");
    for (size_t x = 0; x < 20 * VISITS; x++)
        s.outcome[x] = 3.7 * s.base[x / VISITS] + (double)(x % VISITS);
    refuse_fit(&s, arena, plain, RAC_INVALID, "the columns explain the outcome completely");

    make_study(arena, &s, 1, 19, false);
    s.model.arms = 1;
    s.arm[0] = 0;
    refuse_fit(&s, arena, plain, RAC_INVALID, "4 scores of 1 patients for 4 coefficients");

    make_study(arena, &s, 20, 19, false);
    refuse_fit(&s, arena, (rac_mixed_options){.df = RAC_MIXED_KENWARD_ROGER, .maximum_likelihood = true},
               RAC_UNSUPPORTED, "REML");
    refuse_fit(&s, arena, (rac_mixed_options){.df = RAC_MIXED_KENWARD_ROGER, .errors = RAC_MIXED_EMPIRICAL},
               RAC_UNSUPPORTED, "empirical");
    refuse_fit(&s, arena, (rac_mixed_options){.level = 95}, RAC_INVALID, "between 0 and 1");
    s.model.visit_time = NULL;
    refuse_fit(&s, arena, (rac_mixed_options){.covariance = RAC_COVARIANCE_RANDOM_SLOPE}, RAC_INVALID,
               "needs the times");
    refuse_fit(&s, arena, (rac_mixed_options){.iterations_max = 1, .no_fallback = true}, RAC_NOT_CONVERGED,
               "1 steps were not enough");
    for (size_t i = 0; i < 20; i++) /* visits 1 and 2 determine each other */
        s.outcome[i * VISITS + 1] = 2 * s.outcome[i * VISITS];
    refuse_fit(&s, arena, (rac_mixed_options){.no_fallback = true}, RAC_NOT_CONVERGED, "singular covariance");
    for (size_t i = 0; i < 20; i++)
        for (size_t v = 1; v < VISITS; v++)
            s.outcome[i * VISITS + (v + i) % VISITS] = NAN;
    s.model.visit_time = weeks;
    refuse_fit(&s, arena, (rac_mixed_options){.covariance = RAC_COVARIANCE_RANDOM_INTERCEPT},
               RAC_NOT_CONVERGED, "a random intercept needs patients seen twice or more");
    refuse_fit(&s, arena, (rac_mixed_options){.covariance = RAC_COVARIANCE_RANDOM_SLOPE}, RAC_NOT_CONVERGED,
               "a random slope needs patients seen at three times or more");
    make_study(arena, &s, 20, 19, false);
    for (size_t i = 0; i < 20; i++)
        s.outcome[i * VISITS] = 4;
    refuse_fit(&s, arena, (rac_mixed_options){.no_fallback = true}, RAC_NOT_CONVERGED,
               "the outcome does not vary at visit 1");
    rac_arena_free(arena);
}

static void test_stats_mixed__rows_are_checked(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    const double ones[] = {1, 1, 1, NAN}, y[] = {1, 2, 3, 4}, weight[] = {1, 0, 1, 1};
    const int32_t patient[] = {0, 1, 1, 0}, visit[] = {0, 1, 1, 1}, apart[] = {0, 0, 1, 1};
    rac_mixed_rows rows = {.rows = 4,
                           .columns = 1,
                           .patients = 2,
                           .visits = 2,
                           .x = ones,
                           .outcome = y,
                           .patient = patient,
                           .visit = visit};
    rac_error err = {0};
    rac_mixed_design design;
    check_status(rac_mixed_design_rows(arena, &rows, &design, &err), RAC_INVALID);
    check_contains(err.message, "patient 2 has two rows at visit 2 (rows 2 and 3)");
    rows.visit = apart;
    check_status(rac_mixed_design_rows(arena, &rows, &design, &err), RAC_INVALID);
    check_contains(err.message, "column x1 is missing in row 4");
    rows.weight = weight;
    check_status(rac_mixed_design_rows(arena, &rows, &design, &err), RAC_INVALID);
    check_contains(err.message, "the weight in row 2 is 0");
    rac_arena_free(arena);
}

/* A covariate that changes with time has a value of its own at each visit; nothing is lost in the search for
 * factors: predictions from the design equal the rows. */
static void test_stats_mixed__rows_with_changing_covariates_are_kept_exactly(void **state)
{
    (void)state;
    enum { PATIENTS = 30, COLUMNS = 4 };
    rac_arena *const arena = rac_arena_new();
    const size_t n = PATIENTS * VISITS;
    double *const x = rac_many(arena, double, n *COLUMNS), *const y = rac_many(arena, double, n);
    int32_t *const patient = rac_many(arena, int32_t, n), *const visit = rac_many(arena, int32_t, n);
    rac_random r = rac_random_open(20, 0, RAC_RANDOM_TEST);
    for (size_t i = 0; i < n; i++) {
        patient[i] = (int32_t)(i / VISITS);
        visit[i] = (int32_t)(i % VISITS);
        x[i * COLUMNS] = 1;
        x[i * COLUMNS + 1] = patient[i] % 3;                     /* constant in the patient */
        x[i * COLUMNS + 2] = patient[i] % 3 * weeks[i % VISITS]; /* the same times a known number */
        x[i * COLUMNS + 3] = rac_random_normal(&r);              /* changes */
        y[i] = i % 7 == 3 ? (double)NAN : rac_random_normal(&r);
    }
    const rac_mixed_rows rows = {.rows = n,
                                 .columns = COLUMNS,
                                 .patients = PATIENTS,
                                 .visits = VISITS,
                                 .x = x,
                                 .outcome = y,
                                 .patient = patient,
                                 .visit = visit};
    rac_error err = {0};
    rac_mixed_design d;
    check_ok(rac_mixed_design_rows(arena, &rows, &d, &err));
    assert_int_equal(d.factors, 2 + VISITS);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < COLUMNS && !isnan(y[i]); c++) {
            double sum = 0;
            for (size_t f = 0; f < d.factors; f++)
                sum +=
                    d.map[(i % VISITS * COLUMNS + c) * d.factors + f] * d.factor[i / VISITS * d.factors + f];
            check_near(sum, x[i * COLUMNS + c], 1e-15, 1e-14);
        }
    rac_mixed_fit fit;
    check_ok(rac_mixed_fit_design(arena, &d, &plain, &fit, &err));
    assert_true(fit.coefficient[3].estimable);
    rac_arena_free(arena);
}

/* ---- coverage
 * -----------------------------------------------------------------------------------------------------------
 */

/* The true difference is 0 at every visit and scores are missing at random. */
static void test_stats_mixed__intervals_cover_as_often_as_they_say(void **state)
{
    (void)state;
    enum { STUDIES = 800 };
    size_t covered[2] = {0}, rejected = 0;
    for (uint64_t k = 0; k < STUDIES; k++) {
        rac_arena *const arena = rac_arena_new();
        study s;
        make_study(arena, &s, 40, 1000 + k, true);
        const answer a = analyse(arena, &s.model, &(rac_mixed_options){.df = RAC_MIXED_KENWARD_ROGER});
        const rac_mixed_estimate *const last = &a.means.difference[VISITS - 1];
        covered[0] += last->lower <= 0 && last->upper >= 0;
        covered[1] += a.means.difference[1].lower <= 0 && a.means.difference[1].upper >= 0;
        rejected += a.means.no_difference.p < 0.05;
        rac_arena_free(arena);
    }
    const double error = sqrt(0.95 * 0.05 / STUDIES); /* Monte Carlo */
    for (size_t v = 0; v < 2; v++)
        check_near((double)covered[v] / STUDIES, 0.95, 3 * error, 0);
    check_near((double)rejected / STUDIES, 0.05, 3 * error, 0);
}

RAC_TESTS(cmocka_unit_test(test_stats_mixed__order_of_patients_does_not_matter),
          cmocka_unit_test(test_stats_mixed__order_of_visits_does_not_matter),
          cmocka_unit_test(test_stats_mixed__swapping_arms_flips_signs),
          cmocka_unit_test(test_stats_mixed__scale_and_origin_of_the_outcome_pass_through),
          cmocka_unit_test(test_stats_mixed__patient_without_scores_changes_nothing),
          cmocka_unit_test(test_stats_mixed__copies_divide_errors_by_their_root),
          cmocka_unit_test(test_stats_mixed__two_threads_give_the_same_bits),
          cmocka_unit_test(test_stats_mixed__fixed_effects_do_not_depend_on_the_clock),
          cmocka_unit_test(test_stats_mixed__complete_data_give_t_tests),
          cmocka_unit_test(test_stats_mixed__random_intercept_is_compound_symmetry),
          cmocka_unit_test(test_stats_mixed__own_times_equal_to_the_grid_give_the_same_fit),
          cmocka_unit_test(test_stats_mixed__derivatives_are_exact_for_every_covariance),
          cmocka_unit_test(test_stats_mixed__visit_seen_in_one_arm_leaves_that_difference_open),
          cmocka_unit_test(test_stats_mixed__an_arm_absent_from_a_visit_costs_that_column_alone),
          cmocka_unit_test(test_stats_mixed__a_column_said_twice_is_named_and_dropped),
          cmocka_unit_test(test_stats_mixed__ladder_says_what_was_used_and_why),
          cmocka_unit_test(test_stats_mixed__fewer_patients_than_visits_step_down),
          cmocka_unit_test(test_stats_mixed__a_variance_of_zero_is_singular_not_a_failure),
          cmocka_unit_test(test_stats_mixed__every_refusal_names_its_cause),
          cmocka_unit_test(test_stats_mixed__rows_are_checked),
          cmocka_unit_test(test_stats_mixed__rows_with_changing_covariates_are_kept_exactly),
          cmocka_unit_test(test_stats_mixed__intervals_cover_as_often_as_they_say))
