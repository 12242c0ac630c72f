/* The small grammars of racemate simulate: what is understood, and what is refused with which words. */
#include "check.h"

#include "app/simulate.h"

static int open_arena(void **state)
{
    *state = rac_arena_new();
    return 0;
}

static int close_arena(void **state)
{
    rac_arena_free(*state);
    return 0;
}

static void test_app_simulate_words__doses_become_single_events(void **state)
{
    static const struct {
        const char *typed, *repeat;
        size_t count;
        double last_h, amount, duration_h;
        bool per_kg;
        const char *route;
    } rows[] = {
        {"35 mg", NULL, 1, 0, 35, 0, false, NULL},
        {"0.5 mg/kg over 40 min", NULL, 1, 0, 0.5, 2.0 / 3, true, NULL},
        {"0.5mg/kg over 40min, 8 times every 3.5 days", NULL, 8, 7 * 84, 0.5, 2.0 / 3, true, NULL},
        {"0.5 mg/kg over 40 min", "8 times every 3.5 days", 8, 7 * 84, 0.5, 2.0 / 3, true, NULL},
        {"35000 ug at 1 h, 2 d, 1 week", NULL, 3, 168, 35, 0, false, NULL},
        {"28 mg via nasal at 90 min", NULL, 1, 1.5, 28, 0, false, "nasal"},
        {"28 mg, 2 times every 1 d, at 0 h, 7 d, via nasal", NULL, 4, 192, 28, 0, false, "nasal"},
        {"1 mg; 28 mg at 4 h, 1 times every 1 h", "3 times every 1 h", 4, 4, 28, 0, false, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_error err = {0};
        rac_sim_dose *doses;
        size_t count;
        check_ok(rac_sim_parse_doses(*state, rows[i].typed, rows[i].repeat, &doses, &count, &err));
        assert_int_equal(count, rows[i].count);
        const rac_sim_dose *last = &doses[count - 1];
        check_near(last->dose.time_h, rows[i].last_h, 0, 1e-15);
        check_near(last->dose.amount_mg, rows[i].amount, 0, 1e-15);
        check_near(last->dose.duration_h, rows[i].duration_h, 0, 1e-15);
        assert_int_equal(last->dose.per_kg, rows[i].per_kg);
        assert_int_equal(last->dose.kind, rows[i].duration_h > 0 ? RAC_DOSE_INFUSION : RAC_DOSE_BOLUS);
        assert_true(rows[i].route ? last->route && !strcmp(last->route, rows[i].route) : !last->route);
        for (size_t d = 1; d < count; d++)
            assert_true(doses[d].dose.time_h >= doses[d - 1].dose.time_h);
    }
}

static void test_app_simulate_words__doses_that_say_nothing_are_refused(void **state)
{
    static const struct {
        const char *typed, *words;
    } rows[] = {{"", "empty"},
                {"1 mg;", "empty"},
                {"mg", "number"},
                {"1 mL", "volume"},
                {"0 mg", "no dose"},
                {"-1 mg", "no dose"},
                {"1 mg over", "not a span"},
                {"1 mg over 0 min", "not possible"},
                {"1 mg over -4 min", "not possible"},
                {"1 mg via", "no route"},
                {"1 mg 3 times", "how often"},
                {"1 mg every 3 d", "how often"},
                {"1 mg, 0 times every 1 h", "0 times"},
                {"1 mg, 99999 times every 1 h", "99999 times"},
                {"1 mg, 2 times every 1000000000 weeks", "hundred years"},
                {"1 mg, 2 times every 1 h, 3 times every 1 h", "twice"},
                {"1 mg, 9999 times every 1 h, at 0 h, 1 h", "more than"},
                {"1 mg, slowly", "'slowly' is not understood"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_error err = {0};
        rac_sim_dose *doses;
        size_t count;
        if (rac_sim_parse_doses(*state, rows[i].typed, NULL, &doses, &count, &err) == RAC_OK)
            fprintf(stderr, "'%s' was accepted\n", rows[i].typed);
        assert_true(err.status == RAC_INVALID || err.status == RAC_LIMIT);
        check_contains(err.message, rows[i].words);
    }
}

static void test_app_simulate_words__doses_of_before_and_of_always(void **state)
{
    rac_error err = {0};
    rac_sim_dose *doses;
    size_t count;
    check_ok(rac_sim_parse_doses(*state, "35 mg over 40 min steady every 1 d, 3 times every 1 d", NULL,
                                 &doses, &count, &err));
    assert_int_equal(count, 3);
    assert_int_equal(doses[0].dose.steady, RAC_STEADY_REPLACE);
    check_near(doses[0].dose.interval_h, 24, 0, 0);
    assert_int_equal(doses[1].dose.steady, RAC_STEADY_NO);
    check_ok(rac_sim_parse_past(
        *state, "1 mg/kg over 40 min, 72 h ago, 6 d ago via iv; 2 mg, 5 h ago, 2 times every 90 min", &doses,
        &count, &err));
    static const double at_h[] = {-144, -72, -5, -3.5};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        check_near(doses[i].dose.time_h, at_h[i], 0, 0);
        assert_true(i < 2 ? doses[i].route != NULL : doses[i].route == NULL);
    }
    static const struct {
        const char *typed, *words;
    } bad[] = {{"1 mg", "how long ago"},
               {"1 mg at 3 h", "how long ago"},
               {"1 mg, ago", "span"},
               {"1 mg, 0 h ago", "not past"},
               {"1 mg, -3 h ago", "not past"},
               {"1 mg, 3 h ago, at 4 h", "how long ago"},
               {"1 mg, 3 h ago, 4 times every 1 h", "now or later"},
               {"1 mg steady, 3 h ago", "how far apart"},
               {"1 mg steady every 0 h, 3 h ago", "not possible"},
               {"1 mg steady every 3 h, 3 h ago, 6 h ago", "one at most"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(rac_sim_parse_past(*state, bad[i].typed, &doses, &count, &err), RAC_INVALID);
        check_contains(err.message, bad[i].words);
    }
    check_status(rac_sim_parse_doses(*state, "1 mg, 3 h ago", NULL, &doses, &count, &err), RAC_INVALID);
    check_contains(err.message, "not for here");
}

static void test_app_simulate_words__grids_join_and_lists_are_sorted(void **state)
{
    rac_error err = {0};
    double *times_h;
    size_t count;
    check_ok(rac_sim_parse_times(*state, "2 h by 30 min; 1 d by 11 h", &times_h, &count, &err));
    static const double joined[] = {0, 0.5, 1, 1.5, 2, 13, 24};
    assert_int_equal(count, 7);
    for (size_t i = 0; i < count; i++)
        check_near(times_h[i], joined[i], 0, 1e-15);
    check_ok(rac_sim_parse_times(*state, "at 2 h, 40 min, 0 h, 40 min", &times_h, &count, &err));
    assert_int_equal(count, 3);
    check_near(times_h[1], 2.0 / 3, 0, 1e-15);
    static const char *const bad[] = {"",           "4",          "4 h by", "4 h by 0 min", "2 h; 1 h", "at",
                                      "at 1 h 2 h", "9 d by 1 s", ";"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_not_equal(rac_sim_parse_times(*state, bad[i], &times_h, &count, &err), RAC_OK);
}

/* Starts and ends of every dose are among the usual times, which ascend and reach past the last dose. */
static void test_app_simulate_words__usual_times_see_every_peak(void **state)
{
    static const char *const courses[] = {"0.5 mg/kg over 40 min, 10 times every 3.5 days",
                                          "35 mg over 50 min at 0 h, 3 h, 4 d",
                                          "28 mg at 7 min; 28 mg at 12 min",
                                          "35 mg over 40 min; 10 mg; 5 mg over 2 h at 20 min",
                                          "35 mg over 30 h",
                                          "1 mg"};
    for (size_t c = 0; c < sizeof courses / sizeof *courses; c++) {
        rac_error err = {0};
        rac_sim_dose *doses;
        double *times_h;
        size_t count, times;
        check_ok(rac_sim_parse_doses(*state, courses[c], NULL, &doses, &count, &err));
        check_ok(rac_sim_usual_times(*state, doses, count, &times_h, &times, &err));
        assert_true(times > 20 && times < 1000);
        for (size_t t = 1; t < times; t++)
            assert_true(times_h[t] > times_h[t - 1]);
        for (size_t d = 0; d < count; d++) {
            const double from = doses[d].dose.time_h, to = from + doses[d].dose.duration_h;
            int found = 0;
            for (size_t t = 0; t < times; t++)
                found += fabs(times_h[t] - from) < 1e-9 || (to > from && fabs(times_h[t] - to) < 1e-9);
            assert_int_equal(found, to > from ? 2 : 1);
        }
        assert_true(times_h[times - 1] >= doses[count - 1].dose.time_h + 4);
    }
}

static void test_app_simulate_words__laws_are_in_base_units(void **state)
{
    rac_error err = {0};
    rac_sim_law *laws;
    size_t count;
    check_ok(rac_sim_parse_people(*state,
                                  "weight ~ normal(80, 15) kg in 45..140; age = 2 year; x ~ chance(0.3); y ~ "
                                  "lognormal(5, 0.2) L/h; z ~ uniform(-1, 1.5)",
                                  &laws, &count, &err));
    assert_int_equal(count, 5);
    assert_string_equal(laws[0].name, "weight");
    assert_true(laws[0].kind == RAC_SIM_NORMAL && laws[0].low == 45 && laws[0].high == 140);
    check_near(laws[1].a, 2 * 8766, 0, 1e-15);
    check_near(laws[2].a, 0.3, 0, 0);
    assert_true(laws[3].kind == RAC_SIM_LOGNORMAL && laws[3].low == -INFINITY);
    check_near(laws[4].a, -1, 0, 0);
    static const char *const bad[] = {"",
                                      "weight",
                                      "weight ~ 70 kg",
                                      "weight ~ normal(80) kg",
                                      "weight ~ normal(80, 15, 3) kg",
                                      "weight ~ normal(80, 15 kg",
                                      "weight ~ normal(80, 15) kg in 45",
                                      "weight ~ normal(80, 15) kg in 140..45",
                                      "weight ~ lognormal(-80, 0.2) kg",
                                      "x ~ chance(1.5)",
                                      "x ~ uniform(2, 1)",
                                      "weight ~ normal(80, 15) stone",
                                      "x = 1; x = 2",
                                      "= 70 kg"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (rac_sim_parse_people(*state, bad[i], &laws, &count, &err) == RAC_OK)
            fprintf(stderr, "'%s' was accepted\n", bad[i]);
        assert_int_equal(err.status, RAC_INVALID);
        err = (rac_error){0};
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_app_simulate_words__##name, open_arena, close_arena)
RAC_TESTS(T(doses_become_single_events), T(doses_that_say_nothing_are_refused),
          T(doses_of_before_and_of_always), T(grids_join_and_lists_are_sorted), T(usual_times_see_every_peak),
          T(laws_are_in_base_units))
