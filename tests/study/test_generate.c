/* Synthetic charts: the analysis gets back what was put in, the same seed gives the same bytes. */
#include "check.h"

#include "racemate/study.h"
#include "study/generate.h"

enum { sessions = RAC_GENERATE_SESSIONS, columns = sessions + 1 };

/* The arms start 1 point apart and are compared at the same baseline; within an arm the change does not
 * depend on the true baseline, but the recorded one is rounded, which moves nothing on average.  The
 * allowance of 0.03 is for totals held at 0 and 27 (about 1 in 100 at the last session of the intravenous
 * arm). */
static void test_study_generate__the_mixed_model_recovers_the_truth(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_generated made;
    const rac_generate_options options = {.intravenous = 2500, .intranasal = 2500, .seed = 20260302};
    check_ok(rac_generate(arena, &options, &made, &err));
    double *change = rac_many(arena, double, made.patients *sessions);
    double *baseline = rac_many(arena, double, made.patients);
    for (size_t i = 0; i < made.patients; i++) {
        baseline[i] = made.score[i * columns];
        for (size_t j = 0; j < sessions; j++)
            change[i * sessions + j] = made.score[i * columns + j + 1] - baseline[i];
    }
    const rac_mixed_covariate covariate = {.name = "BASE", .value = baseline, .by_visit = true};
    const rac_mixed_usual model = {.patients = made.patients,
                                   .visits = sessions,
                                   .arms = 2,
                                   .outcome = change,
                                   .arm = made.arm,
                                   .covariates = 1,
                                   .covariate = &covariate};
    rac_mixed_design design;
    rac_mixed_fit fit;
    rac_mixed_means means;
    check_ok(rac_mixed_design_usual(arena, &model, &design, &err));
    check_ok(rac_mixed_fit_design(arena, &design, &(rac_mixed_options){0}, &fit, &err));
    check_ok(rac_mixed_means_usual(arena, &model, &fit, RAC_MIXED_MEANS_EQUAL, 1, 0, &means, &err));
    for (size_t j = 0; j < sessions; j++) {
        const double truth = rac_generate_change[1][j] - rac_generate_change[0][j];
        check_near(means.difference[j].estimate, truth, 4 * means.difference[j].se + 0.03, 0);
        assert_true(means.difference[j].se < 0.2); /* so that the test can fail */
        for (size_t a = 0; a < 2; a++)
            check_near(means.mean[a * sessions + j].estimate, rac_generate_change[a][j],
                       4 * means.mean[a * sessions + j].se + 0.03, 0);
    }
    /* sd of the change at the last session: 3 of the patient's own course, 2 of the moment, 1/12 of rounding
     * twice: sqrt(9 + 4 + 1/6) = 3.63. */
    check_near(sqrt(fit.sigma[sessions * sessions - 1]), 3.63, 0.15, 0);
    rac_arena_free(arena);
}

static void test_study_generate__scores_and_leaving_are_as_written(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_generated made;
    const rac_generate_options options = {.intravenous = 3000, .intranasal = 1000, .seed = 7};
    check_ok(rac_generate(arena, &options, &made, &err));
    size_t taken = 0, due = 0, stayed = 0;
    for (size_t i = 0; i < made.patients; i++) {
        stayed += made.sessions[i] == sessions;
        assert_true((made.sessions[i] == sessions) == (strcmp(made.reason[i], "completed") == 0));
        for (int j = 0; j < columns; j++) {
            const double score = made.score[i * columns + (size_t)j];
            assert_true(isnan(score) || (score >= 0 && score <= 27 && score == round(score)));
            assert_true(j <= made.sessions[i] || isnan(score));
            due += j > 0 && j <= made.sessions[i];
            taken += j > 0 && !isnan(score);
        }
    }
    check_near((double)taken / (double)due, 0.95, 4 * sqrt(0.95 * 0.05 / (double)due), 0);
    assert_true(stayed > made.patients / 2 && stayed < made.patients);
    rac_arena_free(arena);
}

static void test_study_generate__same_seed_same_bytes_and_every_row_says_synthetic(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_generated made;
    rac_text one, two, other, events;
    check_ok(rac_generate(arena, &(rac_generate_options){5, 4, 1}, &made, &err));
    check_ok(rac_generate_chart_csv(arena, &made, &one, &err));
    check_ok(rac_generate_events_csv(arena, &made, &events, &err));
    check_ok(rac_generate(arena, &(rac_generate_options){5, 4, 1}, &made, &err));
    check_ok(rac_generate_chart_csv(arena, &made, &two, &err));
    check_ok(rac_generate(arena, &(rac_generate_options){5, 4, 2}, &made, &err));
    check_ok(rac_generate_chart_csv(arena, &made, &other, &err));
    assert_true(rac_text_equal(one, two));
    assert_false(rac_text_equal(one, other));
    assert_true(rac_text_starts(one, "synthetic_patient,"));
    assert_true(rac_text_starts(events, "synthetic_patient,"));
    rac_text rest = one;
    rac_text_split(rest, '\n', &rest);
    while (rest.size)
        assert_true(rac_text_starts(rac_text_split(rest, '\n', &rest), "SYNTHETIC-"));
    check_status(rac_generate(arena, &(rac_generate_options){0, 4, 1}, &made, &err), RAC_INVALID);
    check_status(rac_generate(arena, &(rac_generate_options){RAC_GENERATE_MOST, 1, 1}, &made, &err),
                 RAC_LIMIT);
    rac_arena_free(arena);
}

/* The shipped chart, read and analysed as `make example-study` does: each interval holds the truth it was
 * made from. */
static void test_study_generate__the_shipped_example_holds_the_truth(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_generated made;
    rac_text csv;
    rac_chart chart;
    rac_study_comparison c;
    check_ok(rac_generate(arena, &(rac_generate_options){111, 42, 1}, &made, &err));
    check_ok(rac_generate_chart_csv(arena, &made, &csv, &err));
    const rac_chart_file file = {"chart.csv", csv};
    const rac_chart_options reading = {
        .map = {"map.yaml", rac_text_of("columns: {patient: synthetic_patient}\nscale: PHQ-9\n")}};
    rac_problems problems = rac_problems_init(arena);
    assert_int_equal(rac_chart_read(arena, &file, &reading, &chart, &problems), RAC_OK);
    check_ok(rac_study_compare(arena, &chart, NULL, &c, &err));
    assert_int_equal(c.visits, RAC_GENERATE_SESSIONS);
    for (size_t v = 0; v < c.visits; v++) {
        const double truth = rac_generate_change[1][v] - rac_generate_change[0][v];
        assert_true(c.means.difference[v].lower < truth && truth < c.means.difference[v].upper);
        for (size_t a = 0; a < 2; a++) {
            const rac_mixed_estimate *m = &c.means.mean[a * c.visits + v];
            assert_true(m->lower < rac_generate_change[a][v] && rac_generate_change[a][v] < m->upper);
        }
    }
    rac_arena_free(arena);
}

static void test_study_generate__the_shipped_example_is_what_it_says(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_generated made;
    rac_text csv;
    check_ok(rac_generate(arena, &(rac_generate_options){111, 42, 1}, &made, &err));
    for (int events = 0; events < 2; events++) {
        check_ok((events ? rac_generate_events_csv : rac_generate_chart_csv)(arena, &made, &csv, &err));
        FILE *file = fopen(
            rac_format(arena, "%s/examples/%s.csv", getenv("RACEMATE_SOURCE"), events ? "adverse" : "chart"),
            "rb");
        assert_non_null(file);
        char *bytes = rac_arena_alloc(arena, csv.size + 1);
        assert_int_equal(fread(bytes, 1, csv.size + 1, file), csv.size);
        fclose(file);
        assert_memory_equal(bytes, csv.data, csv.size);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_study_generate__the_shipped_example_is_what_it_says),
          cmocka_unit_test(test_study_generate__the_shipped_example_holds_the_truth),
          cmocka_unit_test(test_study_generate__the_mixed_model_recovers_the_truth),
          cmocka_unit_test(test_study_generate__scores_and_leaving_are_as_written),
          cmocka_unit_test(test_study_generate__same_seed_same_bytes_and_every_row_says_synthetic))
