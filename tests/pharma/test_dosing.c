/* Regimens: what pumps do, what a reset ends, steady states, lag and bioavailability.  Truth is another
 * regimen that must give the same curve, or a closed form. */
#include "check.h"

#include "racemate/pharma.h"

#define TIMES 301
enum { N = 3 };

typedef struct fixture {
    rac_arena *arena;
    rac_linear *body; /* gut -> central <-> deep, central -> out */
    double times_h[TIMES];
    rac_route_part vein, mouth[2];
    rac_route routes[2];
} fixture;

static const rac_flow FLOWS[] = {
    {.from = 2, .to = 0}, {.from = 0, .to = 1}, {.from = 1, .to = 0}, {.from = 0, .to = RAC_OUT}};
static const double PER_H[] = {0.97, 1.116, 0.822, 0.654};

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    rac_error err = {0};
    check_ok(rac_linear_new(f->arena, N, FLOWS, 4, &f->body, &err));
    for (int i = 0; i < TIMES; i++)
        f->times_h[i] = i * 0.1;
    f->vein = (rac_route_part){.compartment = 0, .fraction = 1};
    f->mouth[0] = (rac_route_part){.compartment = 2, .fraction = 0.25, .lag_h = 0.35};
    f->mouth[1] = (rac_route_part){.compartment = 2, .fraction = 0.5, .lag_h = 0.2, .duration_h = 0.53};
    f->routes[0] = (rac_route){&f->vein, 1};
    f->routes[1] = (rac_route){f->mouth, 2};
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

static double *solve(fixture *f, const rac_dose *doses, size_t count)
{
    rac_regimen regimen = rac_regimen_new(f->arena);
    for (size_t i = 0; i < count; i++)
        rac_regimen_add(&regimen, doses[i]);
    double *amounts = NULL;
    rac_error err = {0};
    check_ok(rac_linear_solve(f->arena, f->body, PER_H, f->routes, 2, &regimen, f->times_h, TIMES, &amounts,
                              &err));
    return amounts;
}
#define SOLVE(f, ...) \
    solve((f), (const rac_dose[]){__VA_ARGS__}, sizeof((const rac_dose[]){__VA_ARGS__}) / sizeof(rac_dose))

static void check_same(const double *a, const double *b, double absolute)
{
    for (int i = 0; i < TIMES * N; i++)
        check_near(a[i], b[i], absolute, 1e-12);
}

/* The same from time `from` on. */
static void check_tail(const double *a, const double *b, int from)
{
    for (int i = from * N; i < TIMES * N; i++)
        check_near(a[i], b[i], 1e-13, 0);
}

static rac_dose mark(double time_h, rac_dose_kind kind)
{
    return rac_dose_mark(time_h, 0, kind);
}

static void test_pharma_dosing__a_pause_is_two_infusions(void **state)
{
    fixture *f = *state;
    check_same(
        SOLVE(f, rac_dose_infusion(0, 0, 30, 1), mark(0.25, RAC_DOSE_PAUSE), mark(1.75, RAC_DOSE_RESUME)),
        SOLVE(f, rac_dose_infusion(0, 0, 7.5, 0.25), rac_dose_infusion(1.75, 0, 22.5, 0.75)), 1e-12);
}

static void test_pharma_dosing__a_pause_at_the_start_shifts_everything(void **state)
{
    fixture *f = *state;
    check_same(
        SOLVE(f, rac_dose_infusion(0.5, 0, 30, 1), mark(0.5, RAC_DOSE_PAUSE), mark(2, RAC_DOSE_RESUME)),
        SOLVE(f, rac_dose_infusion(2, 0, 30, 1)), 1e-12);
}

static void test_pharma_dosing__a_rate_change_keeps_the_amount(void **state)
{
    fixture *f = *state;
    check_same(SOLVE(f, rac_dose_infusion(0, 0, 30, 1), rac_dose_rate(0.5, 0, 15)),
               SOLVE(f, rac_dose_infusion(0, 0, 15, 0.5), rac_dose_infusion(0.5, 0, 15, 1)), 1e-12);
    check_same(SOLVE(f, rac_dose_infusion(0, 0, 30, 1), rac_dose_rate(0.5, 0, 0), rac_dose_rate(2, 0, 30)),
               SOLVE(f, rac_dose_infusion(0, 0, 15, 0.5), rac_dose_infusion(2, 0, 15, 0.5)), 1e-12);
    check_same(SOLVE(f, rac_dose_infusion(0, 0, 30, 1), mark(0.5, RAC_DOSE_PAUSE), rac_dose_rate(0.7, 0, 15),
                     mark(1, RAC_DOSE_RESUME)),
               SOLVE(f, rac_dose_infusion(0, 0, 15, 0.5), rac_dose_infusion(1, 0, 15, 1)), 1e-12);
}

static void test_pharma_dosing__stop_gives_up_the_rest_and_later_buttons_do_nothing(void **state)
{
    fixture *f = *state;
    check_same(SOLVE(f, rac_dose_infusion(0, 0, 30, 1), mark(0.5, RAC_DOSE_STOP), mark(0.7, RAC_DOSE_RESUME),
                     mark(0.8, RAC_DOSE_STOP)),
               SOLVE(f, rac_dose_infusion(0, 0, 15, 0.5)), 1e-12);
}

static void test_pharma_dosing__a_rate_on_an_idle_line_runs_until_the_next(void **state)
{
    fixture *f = *state;
    check_same(SOLVE(f, rac_dose_rate(0, 0, 20), rac_dose_rate(1, 0, 40), mark(1.5, RAC_DOSE_STOP)),
               SOLVE(f, rac_dose_infusion(0, 0, 20, 1), rac_dose_infusion(1, 0, 20, 0.5)), 1e-12);
}

static void test_pharma_dosing__lines_are_separate_pumps(void **state)
{
    fixture *f = *state;
    rac_dose second = rac_dose_infusion(0, 0, 10, 1);
    second.line = 1;
    check_same(SOLVE(f, rac_dose_infusion(0, 0, 30, 1), second, mark(0.5, RAC_DOSE_STOP)),
               SOLVE(f, rac_dose_infusion(0, 0, 15, 0.5), rac_dose_infusion(0, 0, 10, 1)), 1e-12);
}

/* The case a widely used solver gets wrong: the infusion's end stays scheduled and the rate turns negative.
 */
static void test_pharma_dosing__a_reset_during_an_infusion_ends_it(void **state)
{
    fixture *f = *state;
    const double *amounts = SOLVE(f, rac_dose_infusion(0, 0, 30, 1), mark(0.5, RAC_DOSE_RESET));
    for (int i = 5; i < TIMES; i++)
        for (int c = 0; c < N; c++)
            check_near(amounts[i * N + c], 0, 0, 0);
    check_tail(SOLVE(f, rac_dose_infusion(0, 0, 30, 1), rac_dose_bolus(0.45, 1, 100),
                     mark(0.5, RAC_DOSE_RESET), rac_dose_bolus(0.5, 0, 10)),
               SOLVE(f, rac_dose_bolus(0.5, 0, 10)), 6);
}

static void test_pharma_dosing__a_reset_cancels_what_is_still_owed(void **state)
{
    fixture *f = *state;
    rac_dose repeated = rac_dose_bolus(0, 1, 100);
    repeated.additional = 5;
    repeated.interval_h = 2;
    const double *amounts = SOLVE(f, repeated, mark(4.1, RAC_DOSE_RESET));
    for (int i = 42; i < TIMES; i++)
        check_near(amounts[i * N], 0, 0, 0);
    assert_true(amounts[30 * N] > 1);
}

static void test_pharma_dosing__additional_doses_are_doses(void **state)
{
    fixture *f = *state;
    rac_dose repeated = rac_dose_infusion(1, 0, 30, 3);
    repeated.additional = 2;
    repeated.interval_h = 2.5;
    check_same(SOLVE(f, repeated),
               SOLVE(f, rac_dose_infusion(1, 0, 30, 3), rac_dose_infusion(3.5, 0, 30, 3),
                     rac_dose_infusion(6, 0, 30, 3)),
               1e-12);
}

/* Steady state against 400 doses before time 0, for boluses, short and long infusions (longer than the
 * interval, with and without whole multiples), and a route with lag and zero order. */
static void test_pharma_dosing__steady_state_is_long_repetition(void **state)
{
    fixture *f = *state;
    const rac_dose doses[] = {rac_dose_bolus(0, 0, 20),          rac_dose_infusion(0, 0, 20, 1.25),
                              rac_dose_infusion(0, 0, 20, 3),    rac_dose_infusion(0, 0, 20, 7.5),
                              rac_dose_infusion(0, 0, 20, 8.35), rac_dose_bolus(0, 1, 100)};
    for (size_t i = 0; i < sizeof doses / sizeof *doses; i++) {
        rac_dose steady = doses[i], repeated = doses[i];
        steady.interval_h = repeated.interval_h = 3;
        steady.steady = RAC_STEADY_REPLACE;
        steady.additional = 3;
        repeated.time_h = -3 * 400;
        repeated.additional = 403;
        check_same(SOLVE(f, steady), SOLVE(f, repeated), 1e-10);
    }
}

static void test_pharma_dosing__steady_with_a_lag_longer_than_the_interval(void **state)
{
    fixture *f = *state;
    f->mouth[0].lag_h = 2.5;
    rac_dose steady = rac_dose_bolus(0, 1, 100), repeated = steady;
    steady.interval_h = repeated.interval_h = 1;
    steady.steady = RAC_STEADY_REPLACE;
    repeated.time_h = -500;
    repeated.additional = 500;
    check_same(SOLVE(f, steady), SOLVE(f, repeated), 1e-10);
    f->mouth[0].lag_h = 2; /* and exactly two intervals */
    check_same(SOLVE(f, steady), SOLVE(f, repeated), 1e-10);
}

static void test_pharma_dosing__adding_a_steady_state_superposes(void **state)
{
    fixture *f = *state;
    rac_dose steady = rac_dose_bolus(2, 0, 20);
    steady.interval_h = 3;
    steady.steady = RAC_STEADY_ADD;
    const double *both = SOLVE(f, rac_dose_infusion(0, 0, 35, 3), steady);
    steady.steady = RAC_STEADY_REPLACE;
    const double *a = SOLVE(f, rac_dose_infusion(0, 0, 35, 3)), *b = SOLVE(f, steady);
    for (int i = 21 * N; i < TIMES * N; i++)
        check_near(both[i], a[i] + b[i], 1e-11, 1e-12);
}

static void test_pharma_dosing__a_plateau_is_rate_over_clearance(void **state)
{
    fixture *f = *state;
    const rac_dose steady = {.kind = RAC_DOSE_INFUSION, .rate_mg_per_h = 8, .steady = RAC_STEADY_REPLACE};
    const double *amounts = SOLVE(f, steady);
    for (int i = 0; i < TIMES; i++) {
        check_near(amounts[i * N], 8 / PER_H[3], 0, 1e-12);
        check_near(amounts[i * N + 1], 8 / PER_H[3] * PER_H[1] / PER_H[2], 0, 1e-12);
    }
}

static void test_pharma_dosing__no_way_out_means_no_steady_state(void **state)
{
    fixture *f = *state;
    const double closed_per_h[] = {0.97, 1.116, 0.822, 0};
    rac_regimen regimen = rac_regimen_new(f->arena);
    rac_dose steady = rac_dose_bolus(0, 0, 20);
    steady.interval_h = 3;
    steady.steady = RAC_STEADY_REPLACE;
    rac_regimen_add(&regimen, steady);
    double *amounts = NULL;
    rac_error err = {0};
    check_status(rac_linear_solve(f->arena, f->body, closed_per_h, f->routes, 2, &regimen, f->times_h, TIMES,
                                  &amounts, &err),
                 RAC_NOT_CONVERGED);
    /* and a steady infusion that takes for ever, of which countless earlier ones still run, ends with words
     */
    rac_regimen endless = rac_regimen_new(f->arena);
    steady = rac_dose_infusion(0, 0, 20, 1e9);
    steady.interval_h = 3;
    steady.steady = RAC_STEADY_REPLACE;
    rac_regimen_add(&endless, steady);
    check_status(
        rac_linear_solve(f->arena, f->body, PER_H, f->routes, 2, &endless, f->times_h, TIMES, &amounts, &err),
        RAC_LIMIT);
    check_contains(err.message, "earlier ones still go on");
}

/* Both parts of the mouth route at once: shares, lags, and zero order over 0.53 h. */
static void test_pharma_dosing__a_route_of_two_parts(void **state)
{
    fixture *f = *state;
    const double *mouth = SOLVE(f, rac_dose_bolus(0, 1, 100));
    f->vein.compartment = 2;
    check_same(mouth, SOLVE(f, rac_dose_bolus(0.35, 0, 25), rac_dose_infusion(0.2, 0, 50, 0.53)), 1e-11);
}

/* By amount and rate the duration takes the bioavailability, by amount and duration the rate does. */
static void test_pharma_dosing__bioavailability_of_an_infusion(void **state)
{
    fixture *f = *state;
    f->vein.fraction = 0.5;
    const rac_dose by_rate = {.kind = RAC_DOSE_INFUSION, .amount_mg = 40, .rate_mg_per_h = 20};
    const double *a = SOLVE(f, by_rate), *b = SOLVE(f, rac_dose_infusion(0, 0, 40, 2));
    f->vein.fraction = 1;
    check_same(a, SOLVE(f, rac_dose_infusion(0, 0, 20, 1)), 1e-12);
    check_same(b, SOLVE(f, rac_dose_infusion(0, 0, 20, 2)), 1e-12);
}

static void test_pharma_dosing__a_modelled_rate_sets_the_duration(void **state)
{
    fixture *f = *state;
    f->mouth[0] = (rac_route_part){.compartment = 2, .fraction = 0.5, .rate_mg_per_h = 25};
    f->routes[1].count = 1;
    const double *a = SOLVE(f, rac_dose_bolus(0, 1, 100));
    f->vein.compartment = 2;
    check_same(a, SOLVE(f, rac_dose_infusion(0, 0, 50, 2)), 1e-11);
}

static void test_pharma_dosing__observations_in_the_regimen_see_what_came_before_them(void **state)
{
    fixture *f = *state;
    rac_regimen regimen = rac_regimen_new(f->arena);
    rac_regimen_add(&regimen, mark(1, RAC_DOSE_OBSERVATION));
    rac_regimen_add(&regimen, rac_dose_bolus(1, 0, 10));
    rac_regimen_add(&regimen, mark(1, RAC_DOSE_OBSERVATION));
    double *amounts = NULL;
    rac_error err = {0};
    check_ok(rac_linear_solve(f->arena, f->body, PER_H, f->routes, 2, &regimen, NULL, 0, &amounts, &err));
    check_near(amounts[0], 0, 0, 0);
    check_near(amounts[N], 10, 1e-12, 0);
}

static void refuse(fixture *f, rac_dose dose, const char *words)
{
    rac_regimen regimen = rac_regimen_new(f->arena);
    rac_regimen_add(&regimen, dose);
    rac_error err = {0};
    check_status(rac_regimen_check(&regimen, 2, &err), RAC_INVALID);
    check_contains(err.message, words);
}

static void test_pharma_dosing__every_impossible_event_is_named(void **state)
{
    fixture *f = *state;
    refuse(f, rac_dose_bolus(0, 0, 0), "a bolus of 0 mg");
    refuse(f, rac_dose_bolus(NAN, 0, 1), "time is not a finite");
    refuse(f, rac_dose_bolus(0, 2, 1), "route 2, but the model has 2");
    refuse(f, rac_dose_bolus(0, 0, -1), "must be finite and not negative");
    refuse(f, rac_dose_infusion(0, 0, 30, 0), "two of amount, rate and duration");
    refuse(f, (rac_dose){.kind = RAC_DOSE_BOLUS, .amount_mg = 1, .duration_h = 1}, "a bolus has no duration");
    refuse(f, (rac_dose){.kind = RAC_DOSE_BOLUS, .amount_mg = 1, .additional = 1}, "need an interval");
    refuse(f, (rac_dose){.kind = RAC_DOSE_BOLUS, .amount_mg = 1, .steady = RAC_STEADY_ADD},
           "needs an interval");
    refuse(f, (rac_dose){.kind = RAC_DOSE_STOP, .additional = 1, .interval_h = 0}, "is not repeated");
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_dosing__##name, open_fixture, close_fixture)
RAC_TESTS(T(a_pause_is_two_infusions), T(a_pause_at_the_start_shifts_everything),
          T(a_rate_change_keeps_the_amount), T(stop_gives_up_the_rest_and_later_buttons_do_nothing),
          T(a_rate_on_an_idle_line_runs_until_the_next), T(lines_are_separate_pumps),
          T(a_reset_during_an_infusion_ends_it), T(a_reset_cancels_what_is_still_owed),
          T(additional_doses_are_doses), T(steady_state_is_long_repetition),
          T(steady_with_a_lag_longer_than_the_interval), T(adding_a_steady_state_superposes),
          T(a_plateau_is_rate_over_clearance), T(no_way_out_means_no_steady_state), T(a_route_of_two_parts),
          T(bioavailability_of_an_infusion), T(a_modelled_rate_sets_the_duration),
          T(observations_in_the_regimen_see_what_came_before_them), T(every_impossible_event_is_named))
