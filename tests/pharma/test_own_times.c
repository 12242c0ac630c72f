/* Subjects with times of their own: the numbers they would have alone at those times, whatever was given,
 * whatever the model, the same bits for every kernel and division. */
#include "check.h"

#include "base/random.h"
#include "pharma/closed.h"
#include "pharma/kernel.h"
#include "pharma/shipped.h"

enum { SUBJECTS = 43, TIMES = 60 };

typedef struct fixture {
    rac_arena *arena;
    rac_regimen regimen;
    double own_h[SUBJECTS * TIMES], covariate[4];
    rac_population population;
} fixture;

/* Times from -0.5 to 30 h, rounded to quarters now and then so that they fall on events, some of them twice.
 */
static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    rac_random draws = rac_random_open(20261125, 0, RAC_RANDOM_TEST);
    f->arena = rac_arena_new();
    f->regimen = rac_regimen_new(f->arena);
    for (int s = 0; s < SUBJECTS; s++) {
        double time_h = -0.5;
        for (int t = 0; t < TIMES; t++) {
            time_h += rac_random_uniform(&draws);
            f->own_h[s * TIMES + t] = t % 5 == 2 ? floor(4 * time_h) / 4 : time_h;
            if (t && f->own_h[s * TIMES + t] < f->own_h[s * TIMES + t - 1])
                f->own_h[s * TIMES + t] = f->own_h[s * TIMES + t - 1];
        }
    }
    f->covariate[0] = f->covariate[1] = 70;
    f->population = (rac_population){.seed = 20261125,
                                     .subjects = SUBJECTS,
                                     .regimen = &f->regimen,
                                     .times = TIMES,
                                     .own_times_h = f->own_h,
                                     .constants = f->covariate};
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

/* Infusions with a pause, a bolus, a reset, a line that stays open: something at most quarters of an hour. */
static void give_much(fixture *f)
{
    rac_dose repeated = rac_dose_infusion(1, 0, 30, 0.75);
    repeated.additional = 3;
    repeated.interval_h = 6;
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 1));
    rac_regimen_add(&f->regimen, rac_dose_mark(0.25, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&f->regimen, rac_dose_mark(0.5, 0, RAC_DOSE_RESUME));
    rac_regimen_add(&f->regimen, repeated);
    rac_regimen_add(&f->regimen, rac_dose_bolus(3, 0, 12));
    rac_regimen_add(&f->regimen, rac_dose_mark(8.25, 0, RAC_DOSE_RESET));
    rac_regimen_add(&f->regimen, rac_dose_rate(21, 0, 2.5));
}

/* subjects x times x outputs */
static void store(void *context, const rac_population_tile *tile)
{
    double *all = context;
    const size_t row = tile->times * tile->outputs;
    for (int s = 0; s < tile->subjects; s++)
        for (size_t i = 0; i < row; i++)
            all[(tile->first_subject + (size_t)s) * row + i] = tile->values[i * RAC_TILE + (size_t)s];
}

static double *run(fixture *f, size_t first, size_t count, double *all)
{
    rac_population some = f->population;
    size_t failed;
    rac_error err = {0};
    if (!all)
        all = rac_many(f->arena, double, SUBJECTS *TIMES *rac_model_outputs(some.model));
    some.first_subject = first;
    some.subjects = count;
    if (some.own_times_h)
        some.own_times_h += first * TIMES;
    check_ok(rac_population_run(f->arena, &some, store, all, &failed, &err));
    assert_int_equal(failed, 0);
    return all;
}

/* Every subject against itself alone, at the same times but shared with nobody: 1e-12 of the largest value.
 */
static void check_each_alone(fixture *f, double tolerance)
{
    const size_t outputs = rac_model_outputs(f->population.model);
    const double *own = run(f, 0, SUBJECTS, NULL);
    double *alone = run(f, 0, SUBJECTS, NULL);
    for (size_t s = 0; s < SUBJECTS; s++) {
        const fixture kept = *f;
        f->population.own_times_h = NULL;
        f->population.times_h = f->own_h + s * TIMES;
        run(f, s, 1, alone);
        f->population = kept.population;
        for (size_t o = 0; o < outputs; o++) {
            double peak = 0;
            for (size_t t = 0; t < TIMES; t++)
                peak = fmax(peak, fabs(alone[(s * TIMES + t) * outputs + o]));
            assert_true(peak > 0);
            for (size_t t = 0; t < TIMES; t++)
                check_near(own[(s * TIMES + t) * outputs + o], alone[(s * TIMES + t) * outputs + o],
                           tolerance * peak, 0);
        }
    }
}

static void check_any_division(fixture *f)
{
    const size_t size = sizeof(double) * SUBJECTS * TIMES * rac_model_outputs(f->population.model);
    const double *whole = run(f, 0, SUBJECTS, NULL);
    static const size_t blocks[] = {1, 5, 8, 16};
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        double *parts = NULL;
        for (size_t first = 0; first < SUBJECTS; first += blocks[b])
            parts = run(f, first, first + blocks[b] < SUBJECTS ? blocks[b] : SUBJECTS - first, parts);
        assert_memory_equal(whole, parts, size);
    }
}

static void test_pharma_own_times__give_what_each_has_alone(void **state)
{
    fixture *f = *state;
    f->population.model = shipped_model(f->arena, "racemic-arterial");
    give_much(f);
    check_each_alone(f, 1e-12);
    check_any_division(f);
}

static void test_pharma_own_times__after_a_steady_state(void **state)
{
    fixture *f = *state;
    rac_dose steady = rac_dose_infusion(2, 0, 20, 1.5);
    steady.steady = RAC_STEADY_REPLACE;
    steady.interval_h = 8;
    steady.additional = 2;
    f->population.model = shipped_model(f->arena, "racemic-arterial");
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 1));
    rac_regimen_add(&f->regimen, steady);
    check_each_alone(f, 1e-12);
    check_any_division(f);
}

/* Weight and occasion change; effects that are not linear; residual error has the same draws. */
static void test_pharma_own_times__across_epochs(void **state)
{
    fixture *f = *state;
    const double epoch_h[] = {0, 7.5, 16}, weights[] = {70, 82, 64};
    const int occasion[] = {0, 1, 2};
    const char *text =
        "model: epochs\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
        "parameters: {V: 10 L * (weight / 70 kg), k: 0.7 /h, q: 0.2 /h}\n"
        "variability:\n  - {of: V, cv: 30 %}\n  - {of: k, cv: 30 %, level: occasion}\n"
        "flows: {a -> out: k, a -> b: q, b -> a: q}\nroutes: {iv: a}\n"
        "outputs: {c: a / V, effect: (a / V)^2 / (1 mg/L)}\n"
        "error: {c: {proportional: 0.1, additive: 0.01 mg/L}}\n";
    f->population.model = read_model(f->arena, text, "t");
    f->population.epochs = 3;
    f->population.epoch_h = epoch_h;
    f->population.occasion = occasion;
    f->population.constants = weights;
    give_much(f);
    check_each_alone(f, 1e-12);
    f->population.residual = true;
    check_each_alone(f, 1e-12);
    check_any_division(f);
}

/* Lags differ from subject to subject, so their events do too. */
static void test_pharma_own_times__with_events_of_their_own(void **state)
{
    fixture *f = *state;
    const char *text =
        "model: lags\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, ka: 1.3 /h, k: 0.4 /h, lag: 0.5 h}\n"
        "variability:\n  - {of: lag, cv: 40 %}\n  - {of: k, cv: 20 %}\n"
        "flows: {gut -> a: ka, a -> out: k}\nroutes: {mouth: {to: gut, lag: lag}}\noutputs: {c: a / V}\n";
    f->population.model = read_model(f->arena, text, "t");
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 100));
    rac_regimen_add(&f->regimen, rac_dose_bolus(11, 0, 100));
    check_each_alone(f, 1e-12);
    check_any_division(f);
}

/* What is there at 0 h, or at a subject's first time if that is before, and equations that are not linear. */
static void test_pharma_own_times__with_starts_and_equations(void **state)
{
    fixture *f = *state;
    static const char *const texts[] = {"k * (a / V - e)", "k * (a / V - e * e / (1 mg/L + e))"};
    for (size_t i = 0; i < 2; i++) {
        f->population.model = read_model(
            f->arena,
            rac_format(f->arena,
                       "model: begun\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: "
                       "none\nunits: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, k: 0.3 /h}\n"
                       "variability: [{of: V, cv: 30 %%}, {of: k, cv: 30 %%}]\nflows: {a -> out: k}\n"
                       "equations: {e: {unit: mg/L, rate: %s, start: 2 mg/L}}\nroutes: {iv: a}\n"
                       "outputs: {c: a / V, e: e}\n",
                       texts[i]),
            "t");
        f->regimen.count = 0;
        give_much(f);
        check_each_alone(f, 1e-12);
        check_any_division(f);
    }
}

/* Equal rates have no modes of their own, and a cycle has none at all: then powers of the matrix do it. */
static void test_pharma_own_times__without_modes(void **state)
{
    fixture *f = *state;
    static const char *const texts[] = {
        "parameters: {V: 10 L, k: 0.7 /h}\nflows: {a -> b: k, b -> c: k, c -> out: k}\n",
        "parameters: {V: 10 L, k: 0.7 /h, q: 3 /h}\nflows: {a -> b: k, b -> c: q, c -> a: k, c -> out: 0.3 "
        "/h "
        "}\n"};
    for (size_t i = 0; i < 2; i++) {
        const char *text = rac_format(
            f->arena,
            "model: odd\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
            "units: {time: h, amount: mg, volume: L}\n%svariability: [{of: k, cv: 30 %%}]\n"
            "routes: {iv: a}\noutputs: {c: a / V, d: c / V}\n",
            texts[i]);
        f->population.model = read_model(f->arena, strstr(text, "model:"), "t");
        f->regimen.count = 0;
        give_much(f);
        check_each_alone(f, 1e-12);
        check_any_division(f);
    }
}

/* A time a year after the last dose is no reason to stop: rates too fast for the powers kept go another way.
 */
static void test_pharma_own_times__may_be_long(void **state)
{
    fixture *f = *state;
    const char *text =
        "model: long\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, k: 9000 /h, slow: 1e-4 /h}\n"
        "variability: [{of: V, cv: 30 %}]\n"
        "flows: {one -> two: k, two -> three: k, three -> four: k, four -> out: slow}\nroutes: {iv: one}\n"
        "outputs: {c: four / V}\n";
    f->population.model = read_model(f->arena, text, "t");
    rac_regimen_add(&f->regimen, rac_dose_bolus(1, 0, 100));
    for (int s = 0; s < SUBJECTS; s++)
        f->own_h[s * TIMES + TIMES - 1] = 8766;
    check_each_alone(f, 1e-9); /* of scaling: it squares up to 2^27 */
    check_any_division(f);
}

/* A three-compartment parent against its closed form in extended precision. */
static void test_pharma_own_times__are_exact(void **state)
{
    fixture *f = *state;
    const char *text =
        "model: three\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\n"
        "parameters: {V: 25 L, k10: 3.36 /h, k12: 6.44 /h, k21: 2.875 /h, k13: 3.16 /h, k31: 0.503 /h}\n"
        "flows: {a -> out: k10, a -> b: k12, b -> a: k21, a -> c: k13, c -> a: k31}\nroutes: {iv: a}\n"
        "outputs: {c: a / V}\n";
    f->population.model = read_model(f->arena, text, "t");
    rac_regimen_add(&f->regimen, rac_dose_infusion(1, 0, 35, 0.75));
    rac_regimen_add(&f->regimen, rac_dose_infusion(13, 0, 35, 0.75));
    const double *own = run(f, 0, SUBJECTS, NULL);
    closed form = {.gain = 1 / 25.0L, .zeros = {2.875, 0.503}, .zero_count = 2, .pole_count = 3};
    closed_three(3.36, 6.44, 2.875, 3.16, 0.503, form.poles);
    for (size_t i = 0; i < (size_t)SUBJECTS * TIMES; i++) {
        const long double truth = 35 / 0.75L *
                                  (closed_infusion(&form, 0.75L, f->own_h[i] - 1.0L) +
                                   closed_infusion(&form, 0.75L, f->own_h[i] - 13.0L));
        check_near(own[i], (double)truth, 1e-13 * 0.3, 0); /* the peak is above 0.3 mg/L */
    }
}

static void test_pharma_own_times__are_the_same_bits_on_every_kernel(void **state)
{
    fixture *f = *state;
    const rac_flow flows[] = {
        {.from = 0, .to = 1}, {.from = 1, .to = 0}, {.from = 0, .to = 2}, {.from = 2, .to = RAC_OUT}};
    rac_linear *body = NULL;
    rac_error err = {0};
    check_ok(rac_linear_new(f->arena, 3, flows, 4, &body, &err));
    const int first[] = {0, 1}, compartments[] = {0, 0};
    const rac_route_part vein = {.compartment = 0, .fraction = 1};
    const rac_timing timing = {.routes = 1, .route_first = first, .epochs = 1, .parts = &vein};
    rac_schedule schedule;
    const double none[] = {0};
    give_much(f);
    check_ok(rac_schedule_make(f->arena, &f->regimen, &timing, none, 0, &schedule, &err));
    const rac_kernel *kernels[3] = {&rac_kernel_plain, rac_kernel_best()};
    int kernel_count = 2;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        kernels[kernel_count++] = &rac_kernel_avx2;
#endif
    rac_lanes *rates = rac_lanes_new(f->arena, 4), *gains = rac_lanes_new(f->arena, 2),
              *readers = rac_lanes_new(f->arena, 6), *out = rac_lanes_new(f->arena, 6 * TIMES * 2);
    for (int lane = 0; lane < RAC_LANES; lane++) {
        gains[0][lane] = gains[1][lane] = 1;
        readers[0][lane] = readers[5][lane] = 1;
        rates[0][lane] = 0.7 + 0.1 * lane;
        rates[1][lane] = 0.3;
        rates[2][lane] = 0.5;
        rates[3][lane] = 0.25 + 0.05 * lane;
    }
    for (int way = 0; way < 2 * kernel_count; way++) {
        rac_tile tile = {.shape = body,
                         .schedule = &schedule,
                         .channel_compartment = compartments,
                         .flow_per_h = rates,
                         .gains = gains,
                         .readers = readers,
                         .outputs = 2,
                         .scaling_only = way >= kernel_count,
                         .own_times = TIMES,
                         .out = out + way * TIMES * 2,
                         .work = rac_lanes_new(f->arena, rac_sample_work(body, &schedule, 2))};
        for (int lane = 0; lane < RAC_LANES; lane++)
            tile.own_h[lane] = f->own_h + lane * TIMES;
        kernels[way % kernel_count]->sample(&tile);
        assert_int_equal(tile.failed, 0);
        assert_int_equal(tile.scaled, 0);
        assert_memory_equal(tile.out, out + (way < kernel_count ? 0 : kernel_count) * TIMES * 2,
                            sizeof *out * TIMES * 2);
    }
    for (int i = 0; i < TIMES * 2; i++)
        for (int lane = 0; lane < RAC_LANES; lane++)
            check_near(out[i][lane], out[kernel_count * TIMES * 2 + i][lane], 50e-12, 0);
}

static void test_pharma_own_times__ascend(void **state)
{
    fixture *f = *state;
    double *all = rac_many(f->arena, double, SUBJECTS *TIMES * 4);
    size_t failed;
    rac_error err = {0};
    f->population.model = shipped_model(f->arena, "racemic-arterial");
    give_much(f);
    static const double wrong[] = {NAN, INFINITY, -9};
    for (int i = 0; i < 3; i++) {
        f->own_h[11 * TIMES + 8] = wrong[i];
        check_status(rac_population_run(f->arena, &f->population, store, all, &failed, &err), RAC_INVALID);
        check_contains(err.message, "subject 12");
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_own_times__##name, open_fixture, close_fixture)
RAC_TESTS(T(give_what_each_has_alone), T(after_a_steady_state), T(across_epochs), T(with_events_of_their_own),
          T(with_starts_and_equations), T(without_modes), T(may_be_long), T(are_exact),
          T(are_the_same_bits_on_every_kernel), T(ascend))
