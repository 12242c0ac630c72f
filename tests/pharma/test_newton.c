/* States that depend on each other or are not linear in themselves, solved together over panels: the numbers
 * that pull the nodes apart, published stiff answers, quantities that stay the same, and amounts that end at
 * 0. */
#include "check.h"

#include <pthread.h>

#include "pharma/radau.h"
#include "pharma/shipped.h"

static const char HEAD[] =
    "model: test\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\n";

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

static void take(void *context, const rac_population_tile *tile)
{
    double *values = context;
    for (size_t i = 0; i < tile->times * tile->outputs; i++)
        values[i] = tile->values[i * RAC_TILE];
}

/* The outputs of one subject who gets a bolus of `dose` mg at 0; how many of the subjects failed. */
static size_t run(rac_arena *arena, const char *body, double dose, double tolerance, const double *times_h,
                  size_t times, double *values)
{
    rac_regimen regimen = rac_regimen_new(arena);
    if (dose > 0)
        rac_regimen_add(&regimen, rac_dose_bolus(0, 0, dose));
    rac_error err = {0};
    size_t failed;
    rac_population p = {.model = read_model(arena, rac_format(arena, "%s%s", HEAD, body), "test"),
                        .subjects = 1,
                        .regimen = &regimen,
                        .times_h = times_h,
                        .times = times,
                        .tolerance = tolerance};
    check_ok(rac_population_run(arena, &p, take, values, &failed, &err));
    return failed;
}

/* ---- the numbers of radau.h ---- */

/* PANEL_INTEGRAL = T D T^-1.  T's columns are as long as 1 and its inverse's rows as long as 1200, so
 * products of the printed numbers are exact to some 1e-13. */
static void test_pharma_newton__pairs_pull_the_integrals_apart(void **state)
{
    (void)state;
    for (int i = 0; i < PANEL; i++) {
        double reach = 0;
        for (int j = 0; j < PANEL; j++) {
            double one = 0, moved = 0;
            for (int k = 0; k < PANEL; k++) {
                one += PANEL_JOIN[i][k] * PANEL_SPLIT[k][j];
                moved += PANEL_INTEGRAL[i][k] * PANEL_JOIN[k][j];
            }
            check_near(one, i == j ? 1 : 0, 5e-13, 0);
            check_near(PANEL_JOIN_INTEGRAL[i][j], moved, 1e-15, 0);
            const int pair = j / 2, first = 2 * pair;
            const double re = PAIR_REAL[pair], im = PAIR_IMAGINARY[pair];
            const double turned = j == first ? re * PANEL_JOIN[i][first] + im * PANEL_JOIN[i][first + 1]
                                             : re * PANEL_JOIN[i][first + 1] - im * PANEL_JOIN[i][first];
            check_near(moved, turned, 1e-15, 0);
            reach += fabs(PANEL_JOIN_INTEGRAL[i][j]);
        }
        assert_true(reach <= 0.5); /* the bound of a correction */
    }
}

/* ---- published answers ---- */

/* Van der Pol's oscillator with 1e-6: at 1 to 3 the "exact" answers of Hairer and Wanner's test set, at 2
 * those of Mazzia and Magherini 2008 too.  Each jump between the slow parts multiplies an error. */
static void test_pharma_newton__van_der_pol_s_stiff_oscillator(void **state)
{
    static const char body[] = "parameters: {slow: 1e-6, per: 1 /h}\nequations:\n"
                               "  x: {unit: 1, rate: per * v, start: 2}\n"
                               "  v: {unit: 1, rate: per * ((1 - x * x) * v - x) / slow, start: 0}\n"
                               "  drug: {unit: mg, rate: -per * drug}\n"
                               "routes: {iv: drug}\noutputs: {x: x, v: v}\n";
    static const double truth[] = {-1.863646254808130,  0.7535430865435460, 1.706167732170456,
                                   -0.8928097010248257, -1.510606936744095, 1.178380000730945};
    const double times_h[] = {1, 2, 3}, tolerances[] = {1e-8, 1e-11}, allowed[] = {1e-5, 1e-8};
    for (int t = 0; t < 2; t++) {
        double v[6];
        assert_int_equal(run(*state, body, 0, tolerances[t], times_h, 3, v), 0);
        for (int i = 0; i < 6; i++)
            check_near(v[i], truth[i], 0, allowed[t]);
    }
}

/* ---- closed forms ---- */

/* y' = -k y^2 from 1: corrections from so far away do not settle over the whole span, so panels are halved.
 */
static void test_pharma_newton__panels_whose_corrections_do_not_settle_are_made_shorter(void **state)
{
    static const char body[] =
        "parameters: {k: 1e6 /h/mg}\nequations: {y: {unit: mg, rate: -k * y * y, start: 1 mg}}\n"
        "routes: {iv: y}\noutputs: {y: y}\n";
    double times_h[40], y[40];
    for (int i = 0; i < 40; i++)
        times_h[i] = pow(10, -7 + 0.2 * i);
    assert_int_equal(run(*state, body, 0, 1e-9, times_h, 40, y), 0);
    for (int i = 0; i < 40; i++)
        check_near(y[i], 1 / (1 + 1e6 * times_h[i]), 1e-9 * 0.1, 1e-8);
}

/* Lotka and Volterra's prey and predator keep b (y + z) - c log y - a log z over all cycles. */
static void test_pharma_newton__a_cycle_keeps_what_it_must(void **state)
{
    static const char body[] = "parameters: {a: 0.7 /h, b: 0.5 /h/mg, c: 0.4 /h}\nequations:\n"
                               "  y: {unit: mg, rate: a * y - b * y * z, start: 0.3 mg}\n"
                               "  z: {unit: mg, rate: b * y * z - c * z, start: 0.5 mg}\n"
                               "routes: {iv: y}\noutputs: {y: y, z: z}\n";
    double times_h[100], v[200];
    for (int i = 0; i < 100; i++)
        times_h[i] = 3.7 * i;
    assert_int_equal(run(*state, body, 0, 0, times_h, 100, v), 0);
    const double kept = 0.5 * 0.8 - 0.4 * log(0.3) - 0.7 * log(0.5);
    for (int i = 0; i < 100; i++)
        check_near(0.5 * (v[2 * i] + v[2 * i + 1]) - 0.4 * log(v[2 * i]) - 0.7 * log(v[2 * i + 1]), kept, 0,
                   2e-7);
}

enum { RING = RAC_COMPARTMENTS_MAX };

typedef struct ring {
    rac_arena *arena;
    const char *body;
    double values[4 * 2];
    size_t failed;
} ring;

static const double RING_H[] = {0.1, 1, 5, 200};

static void *run_ring(void *context)
{
    ring *r = context;
    r->failed = run(r->arena, r->body, 0, 1e-10, RING_H, 4, r->values);
    return NULL;
}

/* Stages in a ring, each driven by the one before, as many as a model may have; on a stack as small as a
 * server's threads may have.  Their sum is kept, and each tends to its share of it. */
static void test_pharma_newton__the_largest_group_keeps_its_sum_on_a_small_stack(void **state)
{
    const char *equations = "", *sum = "s0";
    double total = 0;
    for (int i = 0; i < RING; i++) {
        const int before = (i + RING - 1) % RING;
        equations = rac_format(
            *state, "%s  s%d: {unit: mg, rate: k * (s%d * s%d - s%d * s%d) / one, start: one * %d}\n",
            equations, i, before, before, i, i, i % 5 + 1);
        sum = i ? rac_format(*state, "%s+s%d", sum, i) : sum;
        total += i % 5 + 1;
    }
    ring r = {.arena = *state,
              .body = rac_format(*state,
                                 "parameters: {k: 0.6 /h, one: 1 mg}\nequations:\n%sroutes: {iv: s0}\n"
                                 "outputs: {sum: %s, s5: s5}\n",
                                 equations, sum)};
    pthread_t thread;
    pthread_attr_t small;
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 512 << 10), 0);
    assert_int_equal(pthread_create(&thread, &small, run_ring, &r), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&small);
    assert_int_equal(r.failed, 0);
    for (int i = 0; i < 4; i++)
        check_near(r.values[2 * i], total, 0, 1e-10);
    check_near(r.values[7], total / RING, 0, 1e-9);
}

/* ---- amounts that end at 0 ---- */

/* A power of an amount that dies away, written so that it is not seen to be linear: r' = q a^1.5, a' = -k a.
 */
static void test_pharma_newton__a_power_of_what_dies_away_has_a_value(void **state)
{
    static const char body[] = "parameters: {k: 9 /h, q: 2 /h, one: 1 mg, zero: 0 /h/mg}\nequations:\n"
                               "  a: {unit: mg, rate: -k * a + zero * a * a}\n"
                               "  r: {unit: 1, rate: q * (a / one)^1.5 + zero * one * r * r}\n"
                               "routes: {iv: a}\noutputs: {r: r, a: a}\n";
    const double times_h[] = {0.05, 0.5, 10, 1000};
    double v[8];
    assert_int_equal(run(*state, body, 40, 0, times_h, 4, v), 0);
    for (int i = 0; i < 4; i++) {
        check_near(v[2 * i], 2 * pow(40, 1.5) * (1 - exp(-13.5 * times_h[i])) / 13.5, 0, 1e-8);
        check_near(v[2 * i + 1], 40 * exp(-9 * times_h[i]), 40e-8, 0);
        assert_true(v[2 * i + 1] > -40e-10);
    }
}

/* Torricelli's tank: x' = -k sqrt x empties at 2 sqrt(x0) / k and stays empty. */
static void test_pharma_newton__a_tank_runs_empty_and_stays_so(void **state)
{
    static const char body[] = "parameters: {k: 0.8 /h, one: 1 mg}\n"
                               "equations: {x: {unit: mg, rate: -k * one * (x / one)^0.5}}\n"
                               "routes: {iv: x}\noutputs: {x: x}\n";
    const double times_h[] = {1, 4, 9, 12, 500};
    double v[5];
    assert_int_equal(run(*state, body, 16, 0, times_h, 5, v), 0);
    for (int i = 0; i < 5; i++) {
        const double root = fmax(0, 4 - 0.4 * times_h[i]);
        check_near(v[i], root * root, 16e-8, 0);
    }
}

/* Where a state truly passes 0, a power of it has no value, and there is no answer. */
static void test_pharma_newton__a_power_of_what_is_below_zero_has_none(void **state)
{
    static const char body[] =
        "parameters: {k: 0.8 /h, one: 1 mg}\nequations:\n"
        "  x: {unit: mg, rate: -k * one}\n  y: {unit: mg, rate: k * one * (x / one)^0.5}\n"
        "  z: {unit: mg, rate: k * (y - z * z / one)}\n"
        "routes: {iv: x}\noutputs: {z: z}\n";
    const double within_h[] = {1, 4}, beyond_h[] = {1, 6};
    double v[2];
    assert_int_equal(run(*state, body, 4, 0, within_h, 2, v), 0);
    assert_int_equal(run(*state, body, 4, 0, beyond_h, 2, v), 1);
}

/* ---- corners ---- */

/* An error is told from how fast a polynomial's coefficients fall, which a corner can make look 30 times
 * faster than it is; one before the first node would leave 1e-5 if nobody looked there.
 *
 * r' = q max(0, a - limit) with a = D exp(-k t) has a corner when a passes the limit, now and then before the
 * first node of a panel; together and as a cascade. */
static void test_pharma_newton__a_corner_is_not_overlooked(void **state)
{
    const double times_h[] = {20};
    for (int way = 0; way < 2; way++) {
        const char *body = rac_format(*state,
                                      "parameters: {k: 0.3 /h, q: 0.2 /h, limit: 2 mg, zero: 0 "
                                      "/h/mg}\nflows: {a -> out: k}\nequations:\n"
                                      "  r: {unit: mg, rate: \"q * max(0 mg, a - limit)%s\", start: 0.1 mg}\n"
                                      "routes: {iv: a}\noutputs: {r: r}\n",
                                      way ? " + zero * r * r" : "");
        for (int i = 0; i < 150; i++) {
            const double dose = 20 + 0.37 * i, until_h = log(dose / 2) / 0.3;
            const double truth = 0.1 + 0.2 * (dose * (1 - exp(-0.3 * until_h)) / 0.3 - 2 * until_h);
            double r;
            assert_int_equal(run(*state, body, dose, 0, times_h, 1, &r), 0);
            check_near(r, truth, 0, 30e-8);
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_newton__##name, open_arena, close_arena)
RAC_TESTS(T(pairs_pull_the_integrals_apart), T(van_der_pol_s_stiff_oscillator),
          T(panels_whose_corrections_do_not_settle_are_made_shorter), T(a_cycle_keeps_what_it_must),
          T(the_largest_group_keeps_its_sum_on_a_small_stack), T(a_power_of_what_dies_away_has_a_value),
          T(a_tank_runs_empty_and_stays_so), T(a_power_of_what_is_below_zero_has_none),
          T(a_corner_is_not_overlooked))
