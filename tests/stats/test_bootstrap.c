/* The bootstrap against R on given resamples, its independence of order, and its refusals. */
#include "reference.h"

#include <pthread.h>

#include "base/random.h"
#include "racemate/stats/weighting.h"

static const char *const terms[] = {"AGE", "SEX", "NFAIL", "ECTHX", "INSUR", "QIDSBL", NULL};

typedef struct chart {
    rac_weighting_data data;
    double *y;
    rac_resampling resampling;
} chart;

static chart chart_read(rac_arena *arena)
{
    rac_error err = {0};
    chart c;
    const rac_csv_table table = table_read(arena, "chart_patients.csv");
    const coded model = code_columns(arena, &table, terms, false);
    const double *const a = numbers_of(arena, &table, "IV");
    bool *const treated = rac_many(arena, bool, table.rows);
    for (size_t i = 0; i < table.rows; i++)
        treated[i] = a[i] == 1;
    c.data = (rac_weighting_data){
        .rows = table.rows, .columns = model.columns, .x = model.x, .treated = treated, .names = model.names};
    c.y = numbers_of(arena, &table, "CHGL");
    check_ok(rac_resampling_make(arena, table.rows, NULL, NULL, &c.resampling, &err));
    return c;
}

static void test_stats_bootstrap__agrees_with_r_on_given_resamples(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "chart_bootstrap");
    const chart c = chart_read(arena);
    const rac_csv_table resamples = table_read(arena, "chart_resamples.csv");
    const size_t n = c.data.rows;
    assert_int_equal(resamples.column_count, n + 1); /* a label, then the patients in the chart's order */
    double *const counts = rac_many(arena, double, resamples.rows *n);
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < resamples.rows; b++)
            check_ok(rac_number_parse(resamples.columns[i + 1].cells[b], &counts[b * n + i], &err));
    const rac_estimand estimands[] = {RAC_ESTIMAND_ATE, RAC_ESTIMAND_ATO};
    for (size_t k = 0; k < 2; k++) {
        rac_weighting_bootstrap *statistic;
        rac_bootstrap result;
        check_ok(rac_weighting_bootstrap_new(arena, &c.data, c.y, estimands[k], &statistic, &err));
        const rac_bootstrap_options options = {.replicates = resamples.rows, .counts = counts};
        check_ok(rac_bootstrap_run(arena, &c.resampling, &options, rac_weighting_bootstrap_statistic,
                                   statistic, &result, &err));
        const char *const key = rac_format(arena, "CHGL|%s", rac_estimand_name(estimands[k]));
        for (size_t b = 0; b < resamples.rows; b++)
            reference_check(&r, "replicates",
                            rac_format(arena, "%s|%.*s", key, RAC_TEXT(resamples.columns[0].cells[b])),
                            "difference", result.value[b]);
        reference_check(&r, "bootstrap", key, "difference", result.estimate);
        reference_check(&r, "bootstrap", key, "se", result.se);
        reference_check(&r, "bootstrap", key, "bias", result.bias);
        reference_check(&r, "bootstrap", key, "percentile_lower", result.percentile.lower);
        reference_check(&r, "bootstrap", key, "percentile_upper", result.percentile.upper);
        reference_check(&r, "bootstrap", key, "basic_lower", result.basic.lower);
        reference_check(&r, "bootstrap", key, "basic_upper", result.basic.upper);
        reference_check(&r, "bootstrap", key, "normal_lower", result.normal.lower);
        reference_check(&r, "bootstrap", key, "normal_upper", result.normal.upper);
        reference_check(&r, "bootstrap", key, "bca_z0", result.bca_z0);
        reference_check(&r, "bootstrap", key, "bca_a", result.bca_acceleration);
        reference_check(&r, "bootstrap", key, "bca_lower", result.bca.lower);
        reference_check(&r, "bootstrap", key, "bca_upper", result.bca.upper);
        reference_check(&r, "bootstrap", key, "se_jackknife", result.se_jackknife);
        assert_int_equal(result.failed, 0);
    }
    reference_done(&r);
    rac_arena_free(arena);
}

typedef struct worker {
    const chart *chart;
    size_t first, count;
    double *values;
    pthread_t thread;
} worker;

static void *work(void *context)
{
    const worker *const w = context;
    rac_arena *const arena = rac_arena_new();
    rac_weighting_bootstrap *s;
    if (rac_weighting_bootstrap_new(arena, &w->chart->data, w->chart->y, RAC_ESTIMAND_ATO, &s, NULL) ==
        RAC_OK)
        rac_bootstrap_replicates(arena, &w->chart->resampling, 5, w->first, w->count,
                                 rac_weighting_bootstrap_statistic, s, w->values);
    rac_arena_free(arena);
    return NULL;
}

/* Two threads of 60 and 40 replicates give the same bits as one of 100. */
static void test_stats_bootstrap__answers_do_not_depend_on_threads(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const chart c = chart_read(arena);
    rac_weighting_bootstrap *s;
    rac_bootstrap one, two;
    double values[100] = {0};
    check_ok(rac_weighting_bootstrap_new(arena, &c.data, c.y, RAC_ESTIMAND_ATO, &s, &err));
    rac_bootstrap_options options = {.seed = 5, .replicates = 100};
    check_ok(
        rac_bootstrap_run(arena, &c.resampling, &options, rac_weighting_bootstrap_statistic, s, &one, &err));
    worker workers[2] = {{&c, 0, 60, values, 0}, {&c, 60, 40, values + 60, 0}};
    for (size_t k = 0; k < 2; k++)
        assert_int_equal(pthread_create(&workers[k].thread, NULL, work, &workers[k]), 0);
    for (size_t k = 0; k < 2; k++)
        assert_int_equal(pthread_join(workers[k].thread, NULL), 0);
    assert_memory_equal(one.value, values, sizeof values);
    options.values = values;
    check_ok(
        rac_bootstrap_run(arena, &c.resampling, &options, rac_weighting_bootstrap_statistic, s, &two, &err));
    assert_true(one.bca.lower == two.bca.lower && one.bca.upper == two.bca.upper && one.se == two.se);
    rac_arena_free(arena);
}

static bool sum_of_counts(void *context, const double *counts, double *value)
{
    const size_t *const rows = context;
    *value = 0;
    for (size_t i = 0; i < *rows; i++)
        *value += counts[i] * (double)(i + 1);
    return true;
}

/* Two strata of clusters: each stratum keeps its number of clusters, all rows of a cluster count alike. */
static void test_stats_bootstrap__clusters_and_strata_are_kept(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const size_t cluster[8] = {40, 40, 7, 7, 7, 3, 9, 9}, stratum[8] = {1, 1, 1, 1, 1, 0, 0, 0};
    rac_resampling r;
    check_ok(rac_resampling_make(arena, 8, cluster, stratum, &r, &err));
    assert_true(r.units == 4 && r.strata == 2);
    double unit_counts[4], counts[8], total[8] = {0};
    for (uint64_t b = 0; b < 4000; b++) {
        rac_resampling_draw(&r, 3, b, unit_counts, counts);
        assert_true(counts[0] == counts[1] && counts[2] == counts[3] && counts[3] == counts[4] &&
                    counts[6] == counts[7]);
        assert_true(counts[0] + counts[2] == 2 && counts[5] + counts[6] == 2);
        for (size_t i = 0; i < 8; i++)
            total[i] += counts[i] / 4000;
    }
    for (size_t i = 0; i < 8; i++) /* a multiplicity has mean 1 and variance 1/2 */
        check_near(total[i], 1, 5 * sqrt(0.5 / 4000), 0);
    const size_t torn[8] = {1, 0, 1, 1, 1, 0, 0, 0};
    check_status(rac_resampling_make(arena, 8, cluster, torn, &r, &err), RAC_INVALID);
    check_contains(err.message, "rows 1 and 2 belong to one cluster but to two strata");
    const size_t one[8] = {0};
    check_status(rac_resampling_make(arena, 8, one, NULL, &r, &err), RAC_INVALID);
    check_status(rac_resampling_make(arena, 0, NULL, NULL, &r, &err), RAC_INVALID);
    rac_arena_free(arena);
}

static bool mean_of(void *context, const double *counts, double *value)
{
    const double *const y = context;
    double sum = 0, weight = 0;
    for (size_t i = 0; i < 40; i++) {
        sum += counts[i] * y[i];
        weight += counts[i];
    }
    *value = sum / weight;
    return weight > 0;
}

/* The mean of 40 normals, 400 times with 400 replicates: the percentile interval is that of a normal with the
 * n-1 and t corrections missing, and covers in P(|t_39| < 1.96 sqrt(39/40)) = 0.939; 375.6 of 400, sd 4.8,
 * five of them either way. */
static void test_stats_bootstrap__intervals_cover_the_truth(void **state)
{
    (void)state;
    rac_error err = {0};
    size_t percentile = 0, bca = 0, normal = 0;
    for (uint64_t k = 0; k < 400; k++) {
        rac_arena *const arena = rac_arena_new();
        rac_random draws = rac_random_open(17, k, RAC_RANDOM_TEST);
        double y[40];
        for (size_t i = 0; i < 40; i++)
            y[i] = 3 + rac_random_normal(&draws);
        rac_resampling r;
        rac_bootstrap b;
        check_ok(rac_resampling_make(arena, 40, NULL, NULL, &r, &err));
        check_ok(rac_bootstrap_run(arena, &r, &(rac_bootstrap_options){.seed = k, .replicates = 400}, mean_of,
                                   y, &b, &err));
        percentile += b.percentile.lower <= 3 && 3 <= b.percentile.upper;
        bca += b.bca.lower <= 3 && 3 <= b.bca.upper;
        normal += b.normal.lower <= 3 && 3 <= b.normal.upper;
        rac_arena_free(arena);
    }
    assert_in_range(percentile, 352, 399);
    assert_in_range(bca, 352, 399);
    assert_in_range(normal, 352, 399);
}

static bool fails_without_row_one(void *context, const double *counts, double *value)
{
    (void)context;
    *value = counts[1];
    return counts[0] > 0;
}

static void test_stats_bootstrap__failures_are_counted_and_said(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    rac_resampling r;
    rac_bootstrap b;
    size_t rows = 5;
    check_ok(rac_resampling_make(arena, rows, NULL, NULL, &r, &err));
    check_ok(rac_bootstrap_run(arena, &r, &(rac_bootstrap_options){.seed = 1, .replicates = 1000},
                               fails_without_row_one, NULL, &b, &err));
    /* Row one is absent with probability 0.8^5 = 0.328: 328 of 1000, sd 15. */
    assert_in_range(b.failed, 253, 403);
    assert_false(b.bca_known); /* the jackknife without row one does not exist */
    assert_true(isnan(b.bca.lower) && isnan(b.se_jackknife) && isfinite(b.percentile.lower));
    check_status(rac_bootstrap_run(arena, &r, &(rac_bootstrap_options){.replicates = 1}, sum_of_counts, &rows,
                                   &b, &err),
                 RAC_INVALID);
    check_status(rac_bootstrap_run(arena, &r, &(rac_bootstrap_options){.replicates = 9, .level = 95},
                                   sum_of_counts, &rows, &b, &err),
                 RAC_INVALID);
    check_ok(rac_bootstrap_run(arena, &r, &(rac_bootstrap_options){.replicates = 200}, sum_of_counts, &rows,
                               &b, &err));
    assert_true(b.bca_known);
    rac_arena_free(arena);
}

/* A category that meets only one arm: in the limit its patients have a propensity of 1 and no one to be
 * compared with; under overlap weights they leave, and the others are weighted as if alone. */
static void test_stats_bootstrap__partly_separated_replicates_have_a_limit(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    enum { N = 30, WARD = 6 };
    double x[3 * N], rest[2 * N], y[N], counts[N];
    bool treated[N];
    for (size_t i = 0; i < N; i++) {
        const bool ward = i < WARD;
        x[3 * i] = rest[2 * i] = 1;
        x[3 * i + 1] = rest[2 * i + 1] = (double)(i * 11 % 17);
        x[3 * i + 2] = ward;
        treated[i] = (ward && i > 0) || i % 3 == 0;
        y[i] = (double)(i * i % 13);
        counts[i] = 1;
    }
    treated[0] = false;
    counts[0] = 0; /* leaves only treated on the ward */
    const rac_weighting_data all = {.rows = N, .columns = 3, .x = x, .treated = treated};
    const rac_weighting_data others = {
        .rows = N - WARD, .columns = 2, .x = rest + 2 * WARD, .treated = treated + WARD};
    rac_weighting_bootstrap *s;
    check_ok(rac_weighting_bootstrap_new(arena, &all, y, RAC_ESTIMAND_ATO, &s, &err));
    double value;
    assert_true(rac_weighting_bootstrap_statistic(s, counts, &value));
    assert_int_equal(rac_weighting_bootstrap_separated(s), 1);
    rac_weighting w;
    rac_weighted_effect e;
    check_ok(
        rac_weighting_make(arena, &others, &(rac_weighting_options){.estimand = RAC_ESTIMAND_ATO}, &w, &err));
    check_ok(rac_weighting_effect(arena, &others, &w, &(rac_effect_options){.y = y + WARD}, &e, &err));
    check_near(value, e.effect.estimate, 0, 1e-9);
    for (size_t i = 0; i < N; i++)
        counts[i] = treated[i];
    assert_false(rac_weighting_bootstrap_statistic(s, counts, &value)); /* nobody left to compare with */
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_bootstrap__agrees_with_r_on_given_resamples),
          cmocka_unit_test(test_stats_bootstrap__answers_do_not_depend_on_threads),
          cmocka_unit_test(test_stats_bootstrap__clusters_and_strata_are_kept),
          cmocka_unit_test(test_stats_bootstrap__intervals_cover_the_truth),
          cmocka_unit_test(test_stats_bootstrap__failures_are_counted_and_said),
          cmocka_unit_test(test_stats_bootstrap__partly_separated_replicates_have_a_limit))
