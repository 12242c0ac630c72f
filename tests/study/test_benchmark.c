/* Cohorts beside a clinic: what is read and refused, Wilson's numbers, the funnel, and the shipped files. */
#include "check.h"

#include "study/benchmark.h"

static rac_status read_text(rac_arena *arena, const char *text, rac_cohorts *cohorts, rac_problems *problems)
{
    *problems = rac_problems_init(arena);
    return rac_cohorts_read(arena, rac_text_of(text), "c.yaml", cohorts, problems);
}

static const char good[] =
    "cohorts:\n"
    "  - name: A\n    year: 2013\n    arm: x\n    drug: ketamine\n    route: intravenous\n"
    "    schedule: s\n    scale: MADRS\n    when: end\n    patients: 48\n"
    "    response: 50\n    source: 'https://example.org/a'\n";

/* Wilson for 10 of 50 at 95 %: 11.24 % to 33.04 % (R: prop.test(10, 50, correct = FALSE)).
 * Funnel about 50 % at 50 patients: 50 -+ 1.96 sqrt(0.25 / 50) = 36.14 to 63.86. */
static void test_study_benchmark__compares_with_wilson_and_the_funnel(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_cohorts cohorts;
    rac_problems problems;
    rac_benchmark b;
    assert_int_equal(read_text(arena, good, &cohorts, &problems), RAC_OK);
    const rac_benchmark_own own = {.started = 50, .finished = 40, .responders = 10, .remitters = -1};
    check_ok(rac_benchmark_make(arena, &cohorts, &own, &b, &err));
    assert_int_equal(b.count, 1);
    const rac_benchmark_outcome *o = &b.outcome[0];
    check_near(o->started.percent, 20, 1e-12, 0);
    check_near(o->started.wilson.lower, 11.24, 0.005, 0);
    check_near(o->started.wilson.upper, 33.04, 0.005, 0);
    check_near(o->finishers.percent, 25, 1e-12, 0);
    check_near(o->pooled_percent, 50, 1e-12, 0);
    check_near(o->funnel_95.lower, 36.14, 0.005, 0);
    check_near(o->funnel_95.upper, 63.86, 0.005, 0);
    check_near(o->funnel_998.lower, 28.15, 0.005, 0);
    assert_true(o->row[0].newcombe.upper < 0);
    check_contains(rac_benchmark_show(arena, &b), "outside the 99.8 % limits");
    check_contains(rac_benchmark_show(arena, &b), "https://example.org/a");
    rac_arena_free(arena);
}

static void test_study_benchmark__refuses_counts_that_do_not_nest(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_cohorts cohorts;
    rac_problems problems;
    rac_benchmark b;
    read_text(arena, good, &cohorts, &problems);
    static const rac_benchmark_own bad[] = {{0, 0, 0, 0}, {5, 6, 1, 1}, {5, 4, 5, 1}, {5, 4, 3, 4}};
    for (size_t i = 0; i < 4; i++)
        check_status(rac_benchmark_make(arena, &cohorts, &bad[i], &b, &err), RAC_INVALID);
    rac_arena_free(arena);
}

static void test_study_benchmark__tells_every_problem_with_its_place(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_cohorts cohorts;
    rac_problems problems;
    assert_int_equal(read_text(arena,
                               "cohorts:\n"
                               "  - name: A\n    year: 1066\n    arm: x\n    drug: k\n    route: i\n"
                               "    schedule: s\n    scale: M\n    when: e\n    patients: many\n"
                               "    response: 140\n    source: hearsay\n",
                               &cohorts, &problems),
                     RAC_INVALID);
    assert_int_equal(problems.count, 4);
    static const int lines[] = {3, 10, 11, 12};
    for (size_t i = 0; i < 4; i++) {
        bool told = false;
        for (size_t j = 0; j < problems.count; j++)
            told |= problems.items[j].line == lines[i] && strcmp(problems.items[j].file, "c.yaml") == 0;
        assert_true(told);
    }
    assert_int_equal(read_text(arena, "cohorts: []\n", &cohorts, &problems), RAC_INVALID);
    rac_arena_free(arena);
}

static void test_study_benchmark__the_shipped_files_are_whole(void **state)
{
    (void)state;
    static const char *const names[] = {"cohorts/intravenous.yaml", "cohorts/intranasal.yaml"};
    for (size_t f = 0; f < 2; f++) {
        rac_arena *arena = rac_arena_new();
        char path[1024], bytes[65536];
        snprintf(path, sizeof path, "%s/%s", getenv("RACEMATE_SOURCE"), names[f]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        const size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        rac_cohorts cohorts;
        rac_problems problems = rac_problems_init(arena);
        assert_int_equal(rac_cohorts_read(arena, (rac_text){bytes, size}, names[f], &cohorts, &problems),
                         RAC_OK);
        assert_true(cohorts.count >= 3);
        for (size_t i = 0; i < cohorts.count; i++) {
            assert_string_equal(cohorts.cohort[i].route, f ? "intranasal" : "intravenous");
            assert_true(isnan(cohorts.cohort[i].remission_percent) ||
                        cohorts.cohort[i].remission_percent <= cohorts.cohort[i].response_percent);
        }
        rac_arena_free(arena);
    }
}

RAC_TESTS(cmocka_unit_test(test_study_benchmark__compares_with_wilson_and_the_funnel),
          cmocka_unit_test(test_study_benchmark__refuses_counts_that_do_not_nest),
          cmocka_unit_test(test_study_benchmark__tells_every_problem_with_its_place),
          cmocka_unit_test(test_study_benchmark__the_shipped_files_are_whole))
