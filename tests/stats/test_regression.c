/* Linear and logistic regression against R (glm, sandwich, confint), closed forms, and refusals. */
#include "reference.h"

#include "base/random.h"
#include "racemate/stats/regression.h"

static rac_regression_data data_of(const coded *c, const double *y)
{
    return (rac_regression_data){
        .rows = c->rows, .columns = c->columns, .x = c->x, .y = y, .names = c->names};
}

static size_t *ids_of(rac_arena *arena, const rac_text *cells, size_t rows)
{
    const factor f = factor_of(cells, rows);
    size_t *const ids = rac_many(arena, size_t, rows);
    for (size_t i = 0; i < rows; i++)
        while (!rac_text_equal(f.level[ids[i]], cells[i]))
            ids[i]++;
    return ids;
}

static void check_logistic(reference *r, const rac_csv_table *table, const char *label, const char *outcome,
                           const char *const *terms, const char *cluster)
{
    rac_arena *const arena = r->arena;
    rac_error err = {0};
    const coded c = code_columns(arena, table, terms, false);
    const rac_regression_data data = data_of(&c, numbers_of(arena, table, outcome));
    rac_logistic fit;
    double *hc0, *hc1, *hc3, *clustered = NULL;
    check_ok(rac_logistic_fit(arena, &data, NULL, &fit, &err));
    check_ok(rac_logistic_robust(arena, &data, &fit, RAC_ROBUST_HC0, &hc0, &err));
    check_ok(rac_logistic_robust(arena, &data, &fit, RAC_ROBUST_HC1, &hc1, &err));
    check_ok(rac_logistic_robust(arena, &data, &fit, RAC_ROBUST_HC3, &hc3, &err));
    if (cluster)
        check_ok(rac_logistic_clustered(arena, &data, &fit, ids_of(arena, texts_of(table, cluster), c.rows),
                                        &clustered, &err));
    for (size_t j = 0; j < c.columns; j++) {
        const char *const key = rac_format(arena, "%s|%s", label, c.names[j]);
        const size_t at = j * c.columns + j;
        const rac_term term = rac_term_of(fit.coefficient[j], fit.covariance[at], INFINITY, 0.95);
        double lower, upper;
        check_ok(rac_logistic_profile(arena, &data, &fit, j, 0.95, &lower, &upper, &err));
        reference_check(r, "logistic", key, "estimate", term.estimate);
        reference_check(r, "logistic", key, "se", term.se);
        reference_check(r, "logistic", key, "z", term.statistic);
        reference_check(r, "logistic", key, "p_value", term.p_value);
        reference_check(r, "logistic", key, "or", exp(term.estimate));
        reference_check(r, "logistic", key, "or_lower", exp(term.lower));
        reference_check(r, "logistic", key, "or_upper", exp(term.upper));
        reference_check(r, "logistic", key, "se_hc0", sqrt(hc0[at]));
        reference_check(r, "logistic", key, "se_hc1", sqrt(hc1[at]));
        reference_check(r, "logistic", key, "se_hc3", sqrt(hc3[at]));
        if (cluster)
            reference_check(r, "logistic", key, "se_cluster_hc0", sqrt(clustered[at]));
        reference_check(r, "logistic_profile", key, "lower", lower);
        reference_check(r, "logistic_profile", key, "upper", upper);
    }
    reference_check(r, "logistic_fit", label, "deviance", fit.deviance);
    reference_check(r, "logistic_fit", label, "null_deviance", fit.null_deviance);
    reference_check(r, "logistic_fit", label, "loglik", fit.log_likelihood);
    reference_check(r, "logistic_fit", label, "aic", fit.aic);
    reference_check(r, "logistic_fit", label, "n", (double)fit.used);
    assert_true(fit.decrement < 1e-12);
}

static void test_stats_regression__logistic_agrees_with_r_on_births(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "birthwt_logistic");
    const rac_csv_table table = table_read(arena, "birthwt.csv");
    check_logistic(&r, &table, "low weight", "low",
                   (const char *const[]){"smoke", "age", "lwt", "race*", "ht", "ui", NULL}, NULL);
    check_logistic(&r, &table, "propensity", "smoke",
                   (const char *const[]){"age", "lwt", "race*", "ptl", "ht", "ui", NULL}, NULL);
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_regression__logistic_agrees_with_r_on_the_chart(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_logistic");
    const rac_csv_table table = table_read(arena, "chart_patients.csv");
    check_logistic(&r, &table, "response", "RESP",
                   (const char *const[]){"IV", "AGE", "SEX", "NFAIL", "QIDSBL", NULL}, "INSUR");
    check_logistic(&r, &table, "dropout", "DROP", (const char *const[]){"IV", "QIDSBL", "NFAIL", NULL}, NULL);
    check_logistic(&r, &table, "propensity", "IV",
                   (const char *const[]){"AGE", "SEX", "NFAIL", "ECTHX", "INSUR", "QIDSBL", NULL}, NULL);
    reference_done(&r);
    rac_arena_free(arena);
}

/* Cushny and Peebles' sleep data (Student 1908), extra hours under two drugs: a two-column regression is the
 * two-sample t test, t = -1.8608, p = 0.07919 with 18 df (R's t.test(extra ~ group, var.equal = TRUE)). */
static void test_stats_regression__least_squares_is_the_t_test(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double y[20] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0,   2,
                          1.9, 0.8,  1.1,  0.1,  -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    double x[40];
    for (int i = 0; i < 20; i++) {
        x[2 * i] = 1;
        x[2 * i + 1] = i >= 10;
    }
    const rac_regression_data data = {.rows = 20, .columns = 2, .x = x, .y = y};
    rac_linear fit;
    double *hc0, *hc3;
    check_ok(rac_linear_fit(arena, &data, NULL, &fit, &err));
    const rac_term term = rac_term_of(fit.coefficient[1], fit.covariance[3], fit.df, 0.95);
    check_near(term.estimate, 1.58, 1e-14, 0);
    check_near(term.statistic, 1.8608, 5e-5, 0);
    check_near(term.p_value, 0.07919, 5e-6, 0);
    /* With s1, s2 the variances of ten values: HC0 is (9 s1 + 9 s2)/100, HC3 (s1 + s2)/9. */
    double squares = 0;
    for (int i = 0; i < 20; i++) {
        const double mean = i < 10 ? 0.75 : 2.33;
        squares += (y[i] - mean) * (y[i] - mean);
    }
    check_ok(rac_linear_robust(arena, &data, &fit, RAC_ROBUST_HC0, &hc0, &err));
    check_ok(rac_linear_robust(arena, &data, &fit, RAC_ROBUST_HC3, &hc3, &err));
    check_near(hc0[3], squares / 100, 0, 1e-13);
    check_near(hc3[3], squares / 81, 0, 1e-13);
    rac_arena_free(arena);
}

/* Weights that are whole numbers equal repeated rows; the units of a covariate do not matter. */
static void test_stats_regression__weights_repeat_rows_and_units_cancel(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double x[7] = {1, 2, 3, 4, 5, 6, 7}, y[7] = {0, 1, 0, 0, 1, 1, 1}, w[7] = {2, 1, 3, 1, 2, 0, 1};
    double once[14], again[20], scaled[14], y_again[10];
    size_t to = 0;
    for (size_t i = 0; i < 7; i++) {
        once[2 * i] = scaled[2 * i] = 1;
        once[2 * i + 1] = x[i];
        scaled[2 * i + 1] = 1e9 * x[i] + 1e10;
        for (size_t k = 0; k < (size_t)w[i]; k++) {
            again[2 * to] = 1;
            again[2 * to + 1] = x[i];
            y_again[to++] = y[i];
        }
    }
    const rac_regression_data weighted = {.rows = 7, .columns = 2, .x = once, .y = y, .weight = w};
    const rac_regression_data repeated = {.rows = to, .columns = 2, .x = again, .y = y_again};
    const rac_regression_data large = {.rows = 7, .columns = 2, .x = scaled, .y = y, .weight = w};
    rac_logistic a, b, c;
    check_ok(rac_logistic_fit(arena, &weighted, NULL, &a, &err));
    check_ok(rac_logistic_fit(arena, &repeated, NULL, &b, &err));
    check_ok(rac_logistic_fit(arena, &large, NULL, &c, &err));
    assert_int_equal(a.used, 6);
    check_near(a.coefficient[1], b.coefficient[1], 0, 1e-12);
    check_near(a.covariance[3], b.covariance[3], 0, 1e-11);
    check_near(a.log_likelihood, b.log_likelihood, 0, 1e-13);
    check_near(c.coefficient[1] * 1e9, a.coefficient[1], 0, 1e-10);
    rac_arena_free(arena);
}

/* For a saturated model Firth's estimate adds 1/2 to every cell (Heinze & Schemper 2002). */
static void test_stats_regression__firth_adds_one_half_to_each_cell(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double x[8] = {1, 0, 1, 0, 1, 1, 1, 1}, y[4] = {1, 0, 1, 0}, w[4] = {3, 9, 0, 7};
    const rac_regression_data data = {.rows = 4, .columns = 2, .x = x, .y = y, .weight = w};
    rac_logistic fit;
    check_ok(rac_logistic_fit(arena, &data, &(rac_regression_options){.firth = true}, &fit, &err));
    check_near(fit.coefficient[0], log(3.5 / 9.5), 0, 1e-9);
    check_near(fit.coefficient[1], log(0.5 / 7.5) - log(3.5 / 9.5), 0, 1e-9);
    assert_int_equal(fit.separation, RAC_SEPARATION_QUASI);
    assert_int_equal(fit.separation_column, 1);
    double lower, upper;
    check_status(rac_logistic_profile(arena, &data, &fit, 1, 0.95, &lower, &upper, &err), RAC_UNSUPPORTED);
    rac_arena_free(arena);
}

static void test_stats_regression__separation_is_named(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const char *const names[3] = {"(Intercept)", "age", "ward"};
    double x[60], complete[20], quasi[20];
    for (size_t i = 0; i < 20; i++) {
        x[3 * i] = 1;
        x[3 * i + 1] = (double)(i * 7 % 20);
        x[3 * i + 2] = i < 6;
        complete[i] = x[3 * i + 1] > 9.5;
        quasi[i] = i < 6 || i % 4 == 0; /* everybody on the ward has the outcome; elsewhere mixed */
    }
    rac_regression_data data = {.rows = 20, .columns = 3, .x = x, .y = complete, .names = names};
    rac_logistic fit;
    check_status(rac_logistic_fit(arena, &data, NULL, &fit, &err), RAC_NOT_CONVERGED);
    check_contains(err.message, "age separates the outcomes completely");
    check_contains(err.hint, "Firth");
    data.y = quasi;
    check_status(rac_logistic_fit(arena, &data, NULL, &fit, &err), RAC_NOT_CONVERGED);
    check_contains(err.message, "ward separates the outcomes in part");
    /* In the limit the ward has probability 1 and the rest is fitted without it. */
    check_ok(rac_logistic_fit(arena, &data, &(rac_regression_options){.keep_separated = true}, &fit, &err));
    for (size_t i = 0; i < 6; i++)
        check_near(fit.fitted[i], 1, 1e-12, 0);
    const rac_regression_data others = {
        .rows = 14,
        .columns = 2,
        .y = quasi + 6,
        .x = (const double[28]){1, x[19], 1, x[22], 1, x[25], 1, x[28], 1, x[31], 1, x[34], 1, x[37],
                                1, x[40], 1, x[43], 1, x[46], 1, x[49], 1, x[52], 1, x[55], 1, x[58]}};
    rac_logistic rest;
    check_ok(rac_logistic_fit(arena, &others, NULL, &rest, &err));
    for (size_t i = 0; i < 14; i++)
        check_near(fit.fitted[6 + i], rest.fitted[i], 1e-10, 0);
    rac_arena_free(arena);
}

/* 1,000 small data sets with strong effects and rare categories, a third of them separated: each is fitted
 * until the score X'(y - p) is 0 (a maximum, or in a separated set its limit), and Firth's estimate is finite
 * in all. */
static void test_stats_regression__small_samples_are_fitted_or_named(void **state)
{
    (void)state;
    size_t separated = 0;
    for (uint64_t k = 0; k < 1000; k++) {
        rac_arena *const arena = rac_arena_new();
        rac_error err = {0};
        rac_random draws = rac_random_open(77, k, RAC_RANDOM_TEST);
        const size_t n = 10 + rac_random_below(&draws, 50), p = 2 + rac_random_below(&draws, 5);
        const double strength = 3 * rac_random_uniform(&draws);
        double *const x = rac_many(arena, double, n *p), *const y = rac_many(arena, double, n);
        for (size_t i = 0; i < n; i++) {
            double eta = 0.5;
            for (size_t j = 0; j < p; j++) {
                x[i * p + j] = j % 2 ? rac_random_normal(&draws) : rac_random_uniform(&draws) < 0.15;
                eta += strength * x[i * p + j] * (j % 3 ? 1 : -1);
            }
            x[i * p] = 1;
            y[i] = i < 2 ? (double)i : rac_random_uniform(&draws) < 1 / (1 + exp(-eta));
        }
        const rac_regression_data data = {.rows = n, .columns = p, .x = x, .y = y};
        rac_logistic plain, limit, firth;
        const rac_status status =
            rac_logistic_fit(arena, &data, &(rac_regression_options){.drop_collinear = true}, &plain, &err);
        check_ok(rac_logistic_fit(arena, &data,
                                  &(rac_regression_options){.drop_collinear = true, .keep_separated = true},
                                  &limit, &err));
        assert_int_equal(status == RAC_OK, limit.separation == RAC_SEPARATION_NONE);
        separated += status != RAC_OK;
        for (size_t j = 0; j < p; j++) {
            double score = 0;
            for (size_t i = 0; i < n; i++)
                score += x[i * p + j] * (y[i] - limit.fitted[i]);
            check_near(score, 0, limit.separation == RAC_SEPARATION_NONE ? 1e-9 : 1e-4, 0);
        }
        check_ok(rac_logistic_fit(
            arena, &data, &(rac_regression_options){.drop_collinear = true, .firth = true}, &firth, &err));
        for (size_t j = 0; j < p; j++)
            assert_true(isfinite(firth.coefficient[j]) && fabs(firth.coefficient[j]) < 100);
        rac_arena_free(arena);
    }
    assert_in_range(separated, 100, 700);
}

static void test_stats_regression__bad_input_is_refused_by_name(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const char *const names[3] = {"(Intercept)", "age", "age in months"};
    double x[15], y[5] = {0, 1, 0, 1, 1}, w[5] = {0};
    for (size_t i = 0; i < 5; i++) {
        x[3 * i] = 1;
        x[3 * i + 1] = (double)(i * i);
        x[3 * i + 2] = 12 * x[3 * i + 1];
    }
    rac_regression_data data = {.rows = 5, .columns = 3, .x = x, .y = y, .names = names};
    rac_logistic logistic;
    rac_linear linear;
    check_status(rac_linear_fit(arena, &data, NULL, &linear, &err), RAC_INVALID);
    check_contains(err.message, "age in months is a linear combination");
    check_ok(rac_linear_fit(arena, &data, &(rac_regression_options){.drop_collinear = true}, &linear, &err));
    assert_true(linear.dropped[2] && linear.rank == 2 && linear.coefficient[2] == 0);
    x[14] = NAN;
    check_status(rac_logistic_fit(arena, &data, NULL, &logistic, &err), RAC_INVALID);
    check_contains(err.message, "row 5: age in months is missing");
    x[14] = 7;
    data.weight = w;
    check_status(rac_logistic_fit(arena, &data, NULL, &logistic, &err), RAC_INVALID);
    check_contains(err.message, "all 5 rows have weight 0");
    w[1] = -1;
    check_status(rac_logistic_fit(arena, &data, NULL, &logistic, &err), RAC_INVALID);
    check_contains(err.message, "row 2 has weight -1");
    data.weight = NULL;
    y[2] = 2;
    check_status(rac_logistic_fit(arena, &data, NULL, &logistic, &err), RAC_INVALID);
    check_contains(err.message, "row 3 has outcome 2");
    memcpy(y, (double[5]){1, 1, 1, 1, 1}, sizeof y);
    check_status(rac_logistic_fit(arena, &data, NULL, &logistic, &err), RAC_INVALID);
    check_contains(err.message, "the outcome is 1 in every row");
    data.rows = 3;
    check_status(rac_linear_fit(arena, &data, NULL, &linear, &err), RAC_INVALID);
    data.rows = 0;
    check_status(rac_linear_fit(arena, &data, NULL, &linear, &err), RAC_INVALID);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_regression__logistic_agrees_with_r_on_births),
          cmocka_unit_test(test_stats_regression__logistic_agrees_with_r_on_the_chart),
          cmocka_unit_test(test_stats_regression__least_squares_is_the_t_test),
          cmocka_unit_test(test_stats_regression__weights_repeat_rows_and_units_cancel),
          cmocka_unit_test(test_stats_regression__firth_adds_one_half_to_each_cell),
          cmocka_unit_test(test_stats_regression__separation_is_named),
          cmocka_unit_test(test_stats_regression__small_samples_are_fitted_or_named),
          cmocka_unit_test(test_stats_regression__bad_input_is_refused_by_name))
