/* Power by simulation against the closed form of the t test, and what must hold of any power. */
#include "check.h"

#include "study/power.h"

/* One visit, 64 patients an arm, half a standard deviation: the noncentral t gives 0.8015 (Cohen 1988, table
 * 2.4.1 prints 64 for a power of .80; R: power.t.test(64, 0.5)).  With 600 trials the Monte Carlo error is
 * 0.016. */
static void test_study_power__one_visit_is_the_t_test(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_power power;
    const rac_power_question question = {
        .patients = {64, 64}, .visits = 1, .difference = -2, .sd = 4, .trials = 600, .seed = 3};
    check_ok(rac_power_of(&question, &power, &err));
    check_near(power.power, 0.8015, 4 * power.monte_carlo_error, 0);
    check_near(power.mean_estimate, -2, 4 * 4 * sqrt(2.0 / 64 / 600), 0);
    assert_true(power.lower < power.power && power.power < power.upper);
    assert_int_equal(power.failed, 0);
    rac_power again;
    check_ok(rac_power_of(&question, &again, &err));
    assert_int_equal(again.found, power.found);
}

static void test_study_power__no_difference_is_found_as_often_as_alpha(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_power power;
    const rac_power_question question = {.patients = {30, 30},
                                         .visits = 3,
                                         .sd = 4,
                                         .correlation = 0.6,
                                         .dropout = 0.2,
                                         .trials = 300,
                                         .seed = 5};
    check_ok(rac_power_of(&question, &power, &err));
    check_near(power.power, 0.05, 4 * sqrt(0.05 * 0.95 / 300), 0);
}

static void test_study_power__leaving_costs_power_and_is_unbiased(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_power whole, left;
    rac_power_question question = {.patients = {40, 40},
                                   .visits = 3,
                                   .difference = 2.5,
                                   .sd = 4,
                                   .correlation = 0.5,
                                   .compound = true,
                                   .trials = 300,
                                   .seed = 8};
    check_ok(rac_power_of(&question, &whole, &err));
    question.dropout = 0.5;
    check_ok(rac_power_of(&question, &left, &err));
    assert_true(left.power < whole.power - 0.05);
    check_near(left.mean_estimate, 2.5, 4 * 4 * sqrt(2.0 / 20 / 300), 0);
}

static void test_study_power__finds_the_smallest_arms(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_power power;
    const rac_power_question question = {.visits = 1, .difference = 4, .sd = 4, .trials = 400, .seed = 2};
    check_ok(rac_power_size(&question, 0.8, &power, &err));
    /* R: power.t.test(delta = 1, power = 0.8) gives 16.7; the error of 400 trials is worth about 2 patients.
     */
    assert_true(power.patients[0] >= 14 && power.patients[0] <= 20);
    assert_true(power.power >= 0.8);
}

static void test_study_power__refuses_what_has_no_answer(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_power power;
    const rac_power_question good = {.patients = {9, 9}, .visits = 2, .difference = 1, .sd = 1, .trials = 2};
    rac_power_question q = good;
    q.visits = 0;
    check_status(rac_power_of(&q, &power, &err), RAC_INVALID);
    q = good, q.patients[1] = 2;
    check_status(rac_power_of(&q, &power, &err), RAC_INVALID);
    q = good, q.sd = 0;
    check_status(rac_power_of(&q, &power, &err), RAC_INVALID);
    q = good, q.correlation = 1;
    check_status(rac_power_of(&q, &power, &err), RAC_INVALID);
    q = good, q.dropout = NAN;
    check_status(rac_power_of(&q, &power, &err), RAC_INVALID);
    q = good, q.trials = 1000000;
    check_status(rac_power_of(&q, &power, &err), RAC_LIMIT);
    check_status(rac_power_size(&good, 1, &power, &err), RAC_INVALID);
}

typedef struct watched {
    size_t calls, done, trials, patients;
} watched;

static void watch(void *context, size_t done, size_t trials, size_t patients)
{
    watched *const w = context;
    w->calls++;
    w->done = done > w->done ? done : w->done;
    w->trials = trials;
    w->patients = patients;
}

static void test_study_power__the_answer_does_not_depend_on_threads(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_power one, four;
    watched seen = {0};
    rac_power_question question = {.patients = {20, 30},
                                   .visits = 3,
                                   .difference = -3,
                                   .sd = 4,
                                   .correlation = 0.5,
                                   .dropout = 0.2,
                                   .trials = 60,
                                   .seed = 4,
                                   .progress = watch,
                                   .context = &seen};
    check_ok(rac_power_of(&question, &one, &err));
    assert_int_equal(seen.calls, 60);
    assert_int_equal(seen.done, 60);
    assert_int_equal(seen.trials, 60);
    assert_int_equal(seen.patients, 50);
    question.threads = 4;
    check_ok(rac_power_of(&question, &four, &err));
    assert_int_equal(four.found, one.found);
    assert_int_equal(four.failed, one.failed);
    assert_memory_equal(&four.mean_estimate, &one.mean_estimate, sizeof one.mean_estimate);
    question.threads = RAC_POWER_THREADS_MAX + 1;
    check_status(rac_power_of(&question, &four, &err), RAC_INVALID);
}

RAC_TESTS(cmocka_unit_test(test_study_power__the_answer_does_not_depend_on_threads),
          cmocka_unit_test(test_study_power__one_visit_is_the_t_test),
          cmocka_unit_test(test_study_power__no_difference_is_found_as_often_as_alpha),
          cmocka_unit_test(test_study_power__leaving_costs_power_and_is_unbiased),
          cmocka_unit_test(test_study_power__finds_the_smallest_arms),
          cmocka_unit_test(test_study_power__refuses_what_has_no_answer))
