/* Exact linear solutions against closed forms in extended precision, and what must hold of any of them.
 * Errors are relative to the largest value of the curve, as the header states them. */
#include "check.h"

#include "base/random.h"
#include "pharma/closed.h"
#include "pharma/kernel.h"
#include "racemate/pharma.h"

#define TIMES 400

typedef struct fixture {
    rac_arena *arena;
    rac_error err;
    double times_h[TIMES];
    rac_regimen regimen;
} fixture;

static const rac_route_part VEIN = {.compartment = 0, .fraction = 1};
static const rac_route ROUTES[] = {{&VEIN, 1}};

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->regimen = rac_regimen_new(f->arena);
    for (int i = 0; i < TIMES; i++)
        f->times_h[i] = i * 0.1;
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

static rac_linear *shape(fixture *f, int n, const rac_flow *flows, int count)
{
    rac_linear *linear = NULL;
    rac_error err = {0};
    check_ok(rac_linear_new(f->arena, n, flows, count, &linear, &err));
    return linear;
}

static double *solve(fixture *f, const rac_linear *linear, const double *per_h, const rac_regimen *regimen)
{
    double *amounts = NULL;
    rac_error err = {0};
    check_ok(
        rac_linear_solve(f->arena, linear, per_h, ROUTES, 1, regimen, f->times_h, TIMES, &amounts, &err));
    return amounts;
}

/* The largest error of a column over the largest value of the curve. */
static double worst(const fixture *f, const double *amounts, int n, int column, const closed *h, double bolus,
                    double rate, double end_h)
{
    double error = 0, peak = 0;
    for (int i = 0; i < TIMES; i++) {
        const long double t = f->times_h[i];
        const long double truth = bolus * closed_bolus(h, t) + rate * closed_infusion(h, end_h, t);
        error = fmax(error, fabs((double)(amounts[i * n + column] - truth)));
        peak = fmax(peak, (double)fabsl(truth));
    }
    return error / peak;
}

static void test_pharma_linear__one_compartment_is_its_closed_form(void **state)
{
    fixture *f = *state;
    const rac_flow flows[] = {{.from = 0, .to = RAC_OUT}};
    const double per_h[] = {0.2385};
    const rac_linear *body = shape(f, 1, flows, 1);
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 23.85));
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 11.5 * 7.3, 7.3));
    const closed h = {.gain = 1, .poles = {per_h[0]}, .pole_count = 1};
    assert_true(worst(f, solve(f, body, per_h, &f->regimen), 1, 0, &h, 23.85, 11.5, 7.3) < 1e-12);
}

static void test_pharma_linear__two_compartments_are_their_closed_form(void **state)
{
    fixture *f = *state;
    const rac_flow flows[] = {{.from = 0, .to = 1}, {.from = 1, .to = 0}, {.from = 0, .to = RAC_OUT}};
    const double k12 = 1.116, k21 = 0.822, k10 = 0.654; /* Clements 1981, per h */
    const double per_h[] = {k12, k21, k10};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    const double *amounts = solve(f, shape(f, 2, flows, 3), per_h, &f->regimen);
    closed h = {.gain = 1, .zeros = {k21}, .zero_count = 1, .pole_count = 2};
    closed_two(k10, k12, k21, h.poles);
    assert_true(worst(f, amounts, 2, 0, &h, 0, 35 / (40 / 60.0), 40 / 60.0) < 1e-12);
    h.gain = k12;
    h.zero_count = 0;
    assert_true(worst(f, amounts, 2, 1, &h, 0, 35 / (40 / 60.0), 40 / 60.0) < 1e-12);
}

/* Domino 1984 (rates per h), and the same parent with a two-compartment metabolite fed by its elimination. */
static const double K10 = 26.286, K12 = 35.526, K13 = 35.4, K21 = 14.82, K31 = 0.876;
static const double KM12 = 0.4337, KM21 = 0.2673, KM10 = 0.5852;
static const rac_flow FAMILY[] = {{.from = 0, .to = 1}, {.from = 1, .to = 0},      {.from = 0, .to = 2},
                                  {.from = 2, .to = 0}, {.from = 0, .to = 3},      {.from = 3, .to = 4},
                                  {.from = 4, .to = 3}, {.from = 3, .to = RAC_OUT}};
static const double FAMILY_PER_H[] = {35.526, 14.82, 35.4, 0.876, 26.286, 0.4337, 0.2673, 0.5852};

static void test_pharma_linear__three_compartments_are_their_closed_form(void **state)
{
    fixture *f = *state;
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 10.5));
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    const double *amounts = solve(f, shape(f, 5, FAMILY, 8), FAMILY_PER_H, &f->regimen);
    closed h = {.gain = 1, .zeros = {K21, K31}, .zero_count = 2, .pole_count = 3};
    closed_three(K10, K12, K21, K13, K31, h.poles);
    assert_true(worst(f, amounts, 5, 0, &h, 10.5, 35 / (40 / 60.0), 40 / 60.0) < 1e-12);
}

static closed metabolite_form(void)
{
    closed h = {.gain = K10, .zeros = {K21, K31, KM21}, .zero_count = 3, .pole_count = 5};
    closed_three(K10, K12, K21, K13, K31, h.poles);
    closed_two(KM10, KM12, KM21, h.poles + 3);
    return h;
}

static void test_pharma_linear__a_metabolite_is_its_closed_form(void **state)
{
    fixture *f = *state;
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    const double *amounts = solve(f, shape(f, 5, FAMILY, 8), FAMILY_PER_H, &f->regimen);
    const closed h = metabolite_form();
    assert_true(worst(f, amounts, 5, 3, &h, 0, 35 / (40 / 60.0), 40 / 60.0) < 1e-12);
}

/* Five transit compartments with the same rate: the answer is gamma shaped, and no set of modes exists. */
static void test_pharma_linear__equal_rates_are_no_special_case(void **state)
{
    fixture *f = *state;
    enum { N = 5 };
    rac_flow flows[N];
    double per_h[N];
    for (int i = 0; i < N; i++) {
        flows[i] = (rac_flow){.from = i, .to = i + 1 < N ? i + 1 : RAC_OUT};
        per_h[i] = 2.385;
    }
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 100));
    const double *amounts = solve(f, shape(f, N, flows, N), per_h, &f->regimen);
    for (int i = 0; i < TIMES; i++) {
        const long double x = 2.385L * f->times_h[i];
        check_near(amounts[i * N + 4], (double)(100 * x * x * x * x / 24 * expl(-x)), 2e-11, 0);
    }
}

/* Two rates a relative 1e-9 .. 1e-1 apart: a bolus gives k1 (exp(-k1 t) - exp(-k2 t)) / (k2 - k1), written
 * here so that nothing cancels. */
static void test_pharma_linear__nearly_equal_rates_lose_nothing(void **state)
{
    fixture *f = *state;
    const rac_flow flows[] = {{.from = 0, .to = 1}, {.from = 1, .to = RAC_OUT}};
    const rac_linear *chain = shape(f, 2, flows, 2);
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 1));
    for (double apart = 1e-16; apart < 0.2; apart *= 1.7) {
        const double per_h[] = {0.7, 0.7 * (1 + apart)};
        const double *amounts = solve(f, chain, per_h, &f->regimen);
        const long double d = (long double)per_h[1] - per_h[0];
        for (int i = 0; i < TIMES; i++) {
            const long double t = f->times_h[i];
            const long double truth = per_h[0] * expl(-per_h[0] * t) * (d == 0 ? t : -expm1l(-d * t) / d);
            check_near(amounts[i * 2 + 1], (double)truth, 1e-12 * 0.3679, 0);
        }
    }
}

/* The same system by both methods, in every lane of every kernel this processor has. */
static void test_pharma_linear__both_methods_and_all_kernels_agree(void **state)
{
    fixture *f = *state;
    const rac_linear *body = shape(f, 5, FAMILY, 8);
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    rac_regimen_add(&f->regimen, rac_dose_bolus(3.14, 0, 5));
    const int first[] = {0, 1};
    rac_timing timing = {.routes = 1, .route_first = first, .epochs = 1, .parts = &VEIN};
    rac_schedule schedule;
    rac_error err = {0};
    check_ok(rac_schedule_make(f->arena, &f->regimen, &timing, f->times_h, TIMES, &schedule, &err));
    const rac_kernel *kernels[3] = {&rac_kernel_plain, rac_kernel_best()};
    int kernel_count = 2;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        kernels[kernel_count++] = &rac_kernel_avx2;
#endif
    const int compartments[] = {0, 0};
    rac_lanes *rates = rac_lanes_new(f->arena, 8), *gains = rac_lanes_new(f->arena, 2),
              *readers = rac_lanes_new(f->arena, 5), *outs[6];
    for (int i = 0; i < 8; i++)
        for (int lane = 0; lane < RAC_LANES; lane++)
            rates[i][lane] = FAMILY_PER_H[i] * (1 + 0.1 * lane);
    gains[0] = gains[1] = (rac_lanes){0} + 1.0;
    readers[3] = (rac_lanes){0} + 1.0;
    for (int way = 0; way < 2 * kernel_count; way++) {
        outs[way] = rac_lanes_new(f->arena, TIMES);
        rac_tile tile = {.shape = body,
                         .schedule = &schedule,
                         .channel_compartment = compartments,
                         .flow_per_h = rates,
                         .gains = gains,
                         .readers = readers,
                         .outputs = 1,
                         .scaling_only = way >= kernel_count,
                         .out = outs[way],
                         .work = rac_lanes_new(f->arena, rac_tile_work(body, &schedule, 1))};
        kernels[way % kernel_count]->solve(&tile);
        assert_int_equal(tile.failed, 0);
        assert_int_equal(tile.scaled, way >= kernel_count ? 0xff : 0);
    }
    for (int way = 0; way < 2 * kernel_count; way++)
        assert_memory_equal(outs[way], outs[way < kernel_count ? 0 : kernel_count],
                            sizeof(rac_lanes) * TIMES);
    for (int i = 0; i < TIMES; i++)
        for (int lane = 0; lane < RAC_LANES; lane++)
            check_near(outs[0][i][lane], outs[kernel_count][i][lane], 1e-11, 0);
}

/* Random trees of 2 to 9 compartments with random rates over five decades, random doses and times: modes,
 * scaling and the balance of mass agree.  Scaling loses some digits where a step is long for the fastest rate
 * (it squares up to 2^20). */
static void test_pharma_linear__random_systems_agree(void **state)
{
    fixture *f = *state;
    rac_random draws = rac_random_open(20260302, 1, RAC_RANDOM_TEST);
    for (int round = 0; round < 60; round++) {
        const int n = 2 + (int)rac_random_below(&draws, 8);
        rac_flow flows[32];
        int count = 0;
        for (int i = 1; i < n - 1; i++) {
            const int parent = (int)rac_random_below(&draws, (uint32_t)i);
            flows[count++] = (rac_flow){.from = parent, .to = i};
            if (rac_random_below(&draws, 4))
                flows[count++] = (rac_flow){.from = i, .to = parent};
        }
        flows[count++] = (rac_flow){.from = (int)rac_random_below(&draws, (uint32_t)(n - 1)), .to = n - 1};
        rac_lanes *rates = rac_lanes_new(f->arena, (size_t)count), *gains = rac_lanes_new(f->arena, 2);
        for (int i = 0; i < count; i++)
            for (int lane = 0; lane < RAC_LANES; lane++)
                rates[i][lane] = pow(10, 3 * rac_random_uniform(&draws) - 2);
        gains[0] = (rac_lanes){0} + 1.0;
        rac_regimen regimen = rac_regimen_new(f->arena);
        rac_regimen_add(&regimen,
                        rac_dose_infusion(rac_random_uniform(&draws), 0, 30, 3 * rac_random_uniform(&draws)));
        rac_regimen_add(&regimen, rac_dose_bolus(5 * rac_random_uniform(&draws), 0, 20));
        const int first[] = {0, 1}, compartments[] = {0, 0};
        const rac_timing timing = {.routes = 1, .route_first = first, .epochs = 1, .parts = &VEIN};
        rac_schedule schedule;
        rac_error err = {0};
        check_ok(rac_schedule_make(f->arena, &regimen, &timing, f->times_h, TIMES, &schedule, &err));
        const rac_linear *body = shape(f, n, flows, count);
        rac_lanes *readers = rac_lanes_new(f->arena, (size_t)(n * n)), *outs[2];
        for (int i = 0; i < n; i++)
            readers[i * n + i] = (rac_lanes){0} + 1.0;
        for (int way = 0; way < 2; way++) {
            outs[way] = rac_lanes_new(f->arena, (size_t)(TIMES * n));
            rac_tile tile = {.shape = body,
                             .schedule = &schedule,
                             .channel_compartment = compartments,
                             .flow_per_h = rates,
                             .gains = gains,
                             .readers = readers,
                             .outputs = n,
                             .scaling_only = way,
                             .out = outs[way],
                             .work = rac_lanes_new(f->arena, rac_tile_work(body, &schedule, n))};
            rac_kernel_best()->solve(&tile);
            assert_int_equal(tile.failed, 0);
        }
        for (int t = 0; t < TIMES; t++)
            for (int lane = 0; lane < RAC_LANES; lane++) {
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    check_near(outs[0][t * n + i][lane], outs[1][t * n + i][lane], 50e-12, 0);
                    sum += outs[0][t * n + i][lane];
                }
                if (f->times_h[t] > 8.01)
                    check_near(sum, 50, 50e-12, 0);
            }
    }
}

/* Four thousand times of one's own: the work does not hold a matrix for each. */
static void test_pharma_linear__own_times_need_no_matrix_each(void **state)
{
    fixture *f = *state;
    enum { MANY = 4000 };
    const rac_flow flows[] = {{.from = 0, .to = 1}, {.from = 1, .to = RAC_OUT}};
    const double per_h[] = {0.7, 0.7};
    double *times_h = rac_many(f->arena, double, MANY), *amounts = NULL;
    rac_random draws = rac_random_open(1, 1, RAC_RANDOM_TEST);
    for (int i = 1; i < MANY; i++)
        times_h[i] = times_h[i - 1] + 0.002 * rac_random_uniform(&draws);
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 1));
    const size_t before = rac_arena_used(f->arena);
    rac_error err = {0};
    check_ok(rac_linear_solve(f->arena, shape(f, 2, flows, 2), per_h, ROUTES, 1, &f->regimen, times_h, MANY,
                              &amounts, &err));
    assert_true(rac_arena_used(f->arena) - before < 12000000);
    for (int i = 0; i < MANY; i++)
        check_near(amounts[2 * i + 1], 0.7 * times_h[i] * exp(-0.7 * times_h[i]), 1e-12, 0);
}

static void test_pharma_linear__what_went_in_is_in_the_body_or_went_out(void **state)
{
    fixture *f = *state;
    rac_flow flows[8];
    memcpy(flows, FAMILY, sizeof flows);
    flows[7].to = 5; /* instead of leaving, it is collected */
    rac_regimen_add(&f->regimen, rac_dose_infusion(0.05, 0, 35, 40 / 60.0));
    rac_regimen_add(&f->regimen, rac_dose_mark(0.3, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&f->regimen, rac_dose_mark(1.25, 0, RAC_DOSE_RESUME));
    const double *amounts = solve(f, shape(f, 6, flows, 8), FAMILY_PER_H, &f->regimen);
    for (int i = 20; i < TIMES; i++) {
        double sum = 0;
        for (int c = 0; c < 6; c++)
            sum += amounts[i * 6 + c];
        check_near(sum, 35, 0, 1e-12);
    }
}

static void test_pharma_linear__doses_superpose_and_scale(void **state)
{
    fixture *f = *state;
    const rac_linear *body = shape(f, 5, FAMILY, 8);
    rac_regimen a = rac_regimen_new(f->arena), b = a;
    rac_regimen_add(&a, rac_dose_infusion(0.35, 0, 20, 0.9));
    rac_regimen_add(&b, rac_dose_bolus(0.7, 0, 11));
    rac_regimen_add(&f->regimen, rac_dose_infusion(0.35, 0, 40, 0.9));
    rac_regimen_add(&f->regimen, rac_dose_bolus(0.7, 0, 33));
    const double *x = solve(f, body, FAMILY_PER_H, &a), *y = solve(f, body, FAMILY_PER_H, &b),
                 *both = solve(f, body, FAMILY_PER_H, &f->regimen);
    for (int i = 0; i < TIMES * 5; i++)
        check_near(both[i], 2 * x[i] + 3 * y[i], 40e-12, 0);
}

/* The trap: 36 mg in 0.02 h, between two times wanted an hour apart, seen by a solver that chooses its own
 * steps as nothing at all. */
static void test_pharma_linear__a_short_dose_is_never_stepped_over(void **state)
{
    fixture *f = *state;
    const rac_flow flows[] = {{.from = 0, .to = RAC_OUT}};
    const double per_h[] = {1.0}, times_h[] = {0, 1, 2};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0.99, 0, 36, 0.02));
    double *amounts = NULL;
    rac_error err = {0};
    check_ok(rac_linear_solve(f->arena, shape(f, 1, flows, 1), per_h, ROUTES, 1, &f->regimen, times_h, 3,
                              &amounts, &err));
    check_near(amounts[0], 0, 0, 0);
    check_near(amounts[1], 1800 * -expm1(-0.01), 0, 1e-12);
    check_near(amounts[2], 1800 * -expm1(-0.02) * exp(-0.99), 0, 1e-12);
}

/* An effect site copies and does not draw: ce' = ke0 (c - ce). */
static void test_pharma_linear__an_effect_site_takes_nothing_away(void **state)
{
    fixture *f = *state;
    const rac_flow flows[] = {
        {.from = 0, .to = RAC_OUT}, {.from = 0, .to = 1, .copies = true}, {.from = 1, .to = RAC_OUT}};
    const double k = 0.9, ke0 = 5.0105, per_h[] = {k, ke0, ke0};
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 10));
    const double *amounts = solve(f, shape(f, 2, flows, 3), per_h, &f->regimen);
    for (int i = 0; i < TIMES; i++) {
        const double t = f->times_h[i];
        check_near(amounts[i * 2], 10 * exp(-k * t), 1e-13, 1e-12);
        check_near(amounts[i * 2 + 1], 10 * ke0 / (ke0 - k) * (exp(-k * t) - exp(-ke0 * t)), 1e-12, 1e-12);
    }
}

static void test_pharma_linear__impossible_shapes_are_refused(void **state)
{
    fixture *f = *state;
    rac_linear *linear = NULL;
    rac_error err = {0};
    const rac_flow nowhere[] = {{.from = 0, .to = 7}}, itself[] = {{.from = 1, .to = 1}};
    check_status(rac_linear_new(f->arena, 2, nowhere, 1, &linear, &err), RAC_INVALID);
    check_contains(err.message, "compartment 7 of 2");
    check_status(rac_linear_new(f->arena, 2, itself, 1, &linear, &err), RAC_INVALID);
    check_status(rac_linear_new(f->arena, 25, NULL, 0, &linear, &err), RAC_LIMIT);
    const rac_flow flows[] = {{.from = 0, .to = RAC_OUT}};
    const double negative[] = {-1}, backwards[] = {1, 0}, one[] = {1};
    double *amounts = NULL;
    linear = shape(f, 1, flows, 1);
    check_status(
        rac_linear_solve(f->arena, linear, negative, ROUTES, 1, &f->regimen, f->times_h, 1, &amounts, &err),
        RAC_INVALID);
    check_status(
        rac_linear_solve(f->arena, linear, one, ROUTES, 1, &f->regimen, backwards, 2, &amounts, &err),
        RAC_INVALID);
    check_contains(err.message, "before the one ahead");
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_linear__##name, open_fixture, close_fixture)
RAC_TESTS(T(one_compartment_is_its_closed_form), T(two_compartments_are_their_closed_form),
          T(three_compartments_are_their_closed_form), T(a_metabolite_is_its_closed_form),
          T(equal_rates_are_no_special_case), T(nearly_equal_rates_lose_nothing),
          T(both_methods_and_all_kernels_agree), T(random_systems_agree), T(own_times_need_no_matrix_each),
          T(what_went_in_is_in_the_body_or_went_out), T(doses_superpose_and_scale),
          T(a_short_dose_is_never_stepped_over), T(an_effect_site_takes_nothing_away),
          T(impossible_shapes_are_refused))
