/* Populations: the same bits however they are divided; distributions; quantiles; epochs; failing subjects. */
#include "check.h"

#include <pthread.h>

#include "pharma/shipped.h"

enum { SUBJECTS = 203, TIMES = 61, OUTPUTS = 4 };

typedef struct fixture {
    rac_arena *arena;
    rac_model *model;
    rac_regimen regimen;
    double times_h[TIMES], weight[1];
    rac_population population;
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->model = shipped_model(f->arena, "racemic-arterial");
    f->regimen = rac_regimen_new(f->arena);
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    rac_regimen_add(&f->regimen, rac_dose_mark(0.33, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&f->regimen, rac_dose_mark(0.5, 0, RAC_DOSE_RESUME));
    for (int i = 0; i < TIMES; i++)
        f->times_h[i] = i / 15.0;
    f->weight[0] = 70;
    f->population = (rac_population){.model = f->model,
                                     .seed = 20260302,
                                     .subjects = SUBJECTS,
                                     .regimen = &f->regimen,
                                     .times_h = f->times_h,
                                     .times = TIMES,
                                     .constants = f->weight};
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

/* subjects x times x outputs, by subject number. */
static void store(void *context, const rac_population_tile *tile)
{
    double *all = context;
    const size_t row = tile->times * tile->outputs;
    for (int s = 0; s < tile->subjects; s++)
        for (size_t i = 0; i < row; i++)
            all[(tile->first_subject + (size_t)s) * row + i] = tile->values[i * RAC_TILE + (size_t)s];
}

static void run(rac_arena *arena, rac_population population, size_t first, size_t count, double *all)
{
    size_t failed;
    rac_error err = {0};
    population.first_subject = first;
    population.subjects = count;
    check_ok(rac_population_run(arena, &population, store, all, &failed, &err));
    assert_int_equal(failed, 0);
}

typedef struct share {
    const fixture *f;
    size_t first, count;
    double *all;
} share;

static void *work(void *context)
{
    const share *s = context;
    rac_arena *arena = rac_arena_new();
    run(arena, s->f->population, s->first, s->count, s->all);
    rac_arena_free(arena);
    return NULL;
}

static void test_pharma_population__the_same_bits_for_any_division(void **state)
{
    fixture *f = *state;
    const size_t size = sizeof(double) * SUBJECTS * TIMES * OUTPUTS;
    double *whole = calloc(1, size), *parts = calloc(1, size);
    f->population.residual = true;
    run(f->arena, f->population, 0, SUBJECTS, whole);
    static const size_t blocks[] = {1, 5, 8, 64, 100};
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        memset(parts, 0, size);
        for (size_t first = 0; first < SUBJECTS; first += blocks[b])
            run(f->arena, f->population, first, first + blocks[b] < SUBJECTS ? blocks[b] : SUBJECTS - first,
                parts);
        assert_memory_equal(whole, parts, size);
    }
    for (size_t threads = 2; threads <= 3; threads++) {
        pthread_t running[3];
        share shares[3];
        memset(parts, 0, size);
        for (size_t t = 0; t < threads; t++) {
            const size_t first = SUBJECTS * t / threads, next = SUBJECTS * (t + 1) / threads;
            shares[t] = (share){f, first, next - first, parts};
            assert_int_equal(pthread_create(&running[t], NULL, work, &shares[t]), 0);
        }
        for (size_t t = 0; t < threads; t++)
            pthread_join(running[t], NULL);
        assert_memory_equal(whole, parts, size);
    }
    free(whole);
    free(parts);
}

static void test_pharma_population__memory_does_not_grow_with_subjects(void **state)
{
    fixture *f = *state;
    double *all = calloc(SUBJECTS * TIMES * OUTPUTS, sizeof *all);
    rac_arena *few = rac_arena_new(), *many = rac_arena_new();
    run(few, f->population, 0, 8, all);
    run(many, f->population, 0, SUBJECTS, all);
    assert_int_equal(rac_arena_used(few), rac_arena_used(many));
    rac_arena_free(few);
    rac_arena_free(many);
    free(all);
}

typedef struct moments {
    int v1, clnk, vnk;
    double n, v, vv, c, cc, m, mc;
} moments;

static void gather(void *context, const rac_population_tile *tile)
{
    moments *m = context;
    for (int s = 0; s < tile->subjects; s++) {
        const double v = log(tile->parameter_values[m->v1 * RAC_TILE + s] / 25);
        const double c = log(tile->parameter_values[m->clnk * RAC_TILE + s] / 57.72);
        const double k = log(tile->parameter_values[m->vnk * RAC_TILE + s] / 98.638);
        m->n++;
        m->v += v;
        m->vv += v * v;
        m->c += c;
        m->cc += c * c;
        m->mc += c * k;
    }
}

/* 40,000 subjects: moments of the logarithms within five standard errors of the file's variances. */
static void test_pharma_population__deviations_have_the_files_covariance(void **state)
{
    fixture *f = *state;
    moments m = {.v1 = rac_model_find_parameter(f->model, "V1"),
                 .clnk = rac_model_find_parameter(f->model, "CLnk"),
                 .vnk = rac_model_find_parameter(f->model, "Vnk")};
    size_t failed;
    rac_error err = {0};
    f->population.subjects = 40000;
    f->population.times = 1;
    check_ok(rac_population_run(f->arena, &f->population, gather, &m, &failed, &err));
    check_near(m.v / m.n, 0, 5 * sqrt(0.057 / m.n), 0);
    check_near(m.vv / m.n, 0.057, 5 * 0.057 * sqrt(2 / m.n), 0);
    check_near(m.c / m.n, 0, 5 * sqrt(0.10319 / m.n), 0);
    check_near(m.cc / m.n, 0.10319, 5 * 0.10319 * sqrt(2 / m.n), 0);
    check_near(m.mc / m.n, 0.04456, 5 * sqrt((0.10319 * 0.040426 + 0.04456 * 0.04456) / m.n), 0);
}

/* R type 7: quantile(c(1, 2, 4, 8, 16), c(0, .1, .25, .5, .9, 1)) is 1, 1.4, 2, 4, 12.8, 16. */
static void test_pharma_population__quantiles_are_those_of_r(void **state)
{
    (void)state;
    static const double at[] = {0, 0.1, 0.25, 0.5, 0.9, 1}, expected[] = {1, 1.4, 2, 4, 12.8, 16};
    for (int i = 0; i < 6; i++) {
        double numbers[] = {8, 1, 16, 4, 2};
        check_near(rac_quantile(numbers, 5, at[i]), expected[i], 0, 1e-15);
    }
    double many[1001];
    for (int i = 0; i <= 1000; i++)
        many[i] = (i * 387) % 1001;
    for (int i = 0; i <= 100; i++)
        check_near(rac_quantile(many, 1001, i / 100.0), 10 * i, 1e-9, 0);
    double equal[] = {3, 3, 3, 3};
    check_near(rac_quantile(equal, 4, 0.37), 3, 0, 0);
}

static void test_pharma_population__a_band_surrounds_the_typical_curve(void **state)
{
    fixture *f = *state;
    const double quantiles[] = {0.05, 0.5, 0.95};
    const rac_prediction_request ask = {.covariates = f->weight,
                                        .regimen = &f->regimen,
                                        .times_h = f->times_h,
                                        .times = TIMES,
                                        .quantiles = quantiles,
                                        .quantile_count = 3,
                                        .subjects = 400,
                                        .seed = 7};
    rac_prediction p;
    rac_error err = {0};
    check_ok(rac_pharma_predict(f->arena, f->model, &ask, &p, &err));
    assert_int_equal(p.failed, 0);
    assert_int_equal(p.outside_count, 0);
    for (size_t o = 0; o < p.outputs; o++)
        for (size_t t = 1; t < TIMES; t++) {
            const double *band = p.band + o * 3 * TIMES + t;
            assert_true(band[0] < p.typical[o * TIMES + t] && p.typical[o * TIMES + t] < band[2 * TIMES]);
            check_near(band[TIMES], p.typical[o * TIMES + t], 0, 0.1);
        }
}

static void test_pharma_population__what_was_not_studied_is_said(void **state)
{
    fixture *f = *state;
    const double heavy[] = {172}, unknown[] = {NAN};
    rac_prediction_request ask = {
        .covariates = heavy, .regimen = &f->regimen, .times_h = f->times_h, .times = TIMES};
    rac_prediction p;
    rac_error err = {0};
    check_ok(rac_pharma_predict(f->arena, f->model, &ask, &p, &err));
    assert_int_equal(p.outside_count, 1);
    assert_string_equal(p.outside[0], "weight 172 kg, studied 40 to 160 kg");
    ask.covariates = unknown;
    check_status(rac_pharma_predict(f->arena, f->model, &ask, &p, &err), RAC_INVALID);
    check_contains(err.message, "needs the covariate weight");
}

/* A dose per kg is that dose times the weight; weights come as a column. */
static void test_pharma_population__doses_per_kg_follow_the_weight(void **state)
{
    fixture *f = *state;
    double *a = calloc(2 * TIMES * OUTPUTS, sizeof *a), *b = calloc(2 * TIMES * OUTPUTS, sizeof *b);
    const double weights[] = {52, 104}, *columns[] = {weights};
    rac_dose dose = rac_dose_infusion(0, 0, 0.5, 40 / 60.0);
    dose.per_kg = true;
    f->regimen.items[0] = dose;
    f->population.columns = columns;
    run(f->arena, f->population, 0, 2, a);
    f->regimen.items[0] = rac_dose_infusion(0, 0, 26, 40 / 60.0);
    run(f->arena, f->population, 0, 1, b);
    for (int i = 0; i < TIMES * OUTPUTS; i++)
        check_near(a[i], b[i], 1e-15, 1e-12);
    free(a);
    free(b);
}

/* Weight 70 kg until 1 h and 70 kg after it is 70 kg throughout; a change acts from its time on and not
 * before. */
static void test_pharma_population__covariates_hold_until_they_change(void **state)
{
    fixture *f = *state;
    double *one = calloc(TIMES * OUTPUTS, sizeof *one), *two = calloc(TIMES * OUTPUTS, sizeof *two);
    const double epoch_h[] = {0, 1}, same[] = {70, 70}, changed[] = {70, 95};
    f->population.typical = true;
    run(f->arena, f->population, 0, 1, one);
    f->population.epochs = 2;
    f->population.epoch_h = epoch_h;
    f->population.constants = same;
    run(f->arena, f->population, 0, 1, two);
    for (int i = 0; i < TIMES * OUTPUTS; i++)
        check_near(two[i], one[i], 1e-13, 1e-11);
    f->population.constants = changed;
    run(f->arena, f->population, 0, 1, two);
    for (int i = 0; i < 15 * OUTPUTS; i++)
        check_near(two[i], one[i], 1e-13, 1e-11);
    assert_true(two[15 * OUTPUTS] < one[15 * OUTPUTS] * 0.8); /* the same amount in a larger volume */
    free(one);
    free(two);
}

/* An output that is not linear reads the volume of its own time, whether times are shared or not. */
static void test_pharma_population__any_output_sees_covariates_change(void **state)
{
    fixture *f = *state;
    f->population.model = read_model(
        f->arena,
        "model: t\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
        "parameters: {V: 1 L/kg * weight, k: 1 /h}\nflows: {a -> out: k}\nroutes: {iv: a}\n"
        "outputs: {c: a / V, square: (a / V)^2}\n",
        "t");
    const double epoch_h[] = {0, 1, 2}, weights[] = {70, 95, 80};
    f->regimen.count = 0;
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 100));
    f->population.epochs = 3;
    f->population.epoch_h = epoch_h;
    f->population.constants = weights;
    f->population.subjects = 1;
    for (int own = 0; own < 2; own++) {
        double values[TIMES * 2];
        f->population.own_times_h = own ? f->times_h : NULL;
        run(f->arena, f->population, 0, 1, values);
        for (int i = 0; i < TIMES; i++) {
            const double volume = weights[i < 15   ? 0
                                          : i < 30 ? 1
                                                   : 2],
                         c = 100 / volume * exp(-f->times_h[i]);
            check_near(values[2 * i], c, 0, 1e-13);
            check_near(values[2 * i + 1], c * c, 0, 1e-13);
        }
    }
}

static const char TWO_SORTS[] =
    "model: sorts\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, k: 1 /h, lag: 0.5 h, F: 0.5}\n"
    "variability:\n  - {of: lag, cv: 40 %}\n  - {of: k, cv: 30 %, level: occasion}\n"
    "  - {of: F, distribution: logit-normal, sd: 1}\n"
    "flows: {a -> out: k}\nroutes: {mouth: {to: a, fraction: F, lag: lag}}\noutputs: {c: a / V, effect: (a / "
    "V)^2 / (1 mg/L)}\n"
    "error: {c: {proportional: 0.1, additive: 0.01 mg/L}}\n";

/* Lags of their own, deviations by occasion, an output that is not linear: still the same bits for any
 * division, and each curve is its closed form. */
static void test_pharma_population__own_times_and_occasions(void **state)
{
    fixture *f = *state;
    enum { N = 24 };
    const rac_model *model = read_model(f->arena, TWO_SORTS, "t");
    const size_t size = sizeof(double) * N * TIMES * 2;
    double *whole = calloc(1, size), *parts = calloc(1, size);
    const double epoch_h[] = {0, 2};
    const int occasion[] = {0, 1};
    f->regimen.count = 0;
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 100));
    f->population.model = model;
    f->population.epochs = 2;
    f->population.epoch_h = epoch_h;
    f->population.occasion = occasion;
    run(f->arena, f->population, 0, N, whole);
    for (size_t s = 0; s < N; s++)
        run(f->arena, f->population, s, 1, parts);
    assert_memory_equal(whole, parts, size);
    for (size_t i = 0; i < N * TIMES; i++)
        check_near(whole[2 * i + 1], whole[2 * i] * whole[2 * i], 1e-15, 1e-12);
    /* Between 1.6 and 2 h one rate, from 2 h on another. */
    int different = 0;
    for (size_t s = 0; s < N; s++) {
        const double *c = whole + s * TIMES * 2;
        const double before = log(c[2 * 28] / c[2 * 29]), after = log(c[2 * 31] / c[2 * 32]),
                     later = log(c[2 * 40] / c[2 * 41]);
        check_near(after, later, 1e-12, 1e-10);
        different += fabs(before - after) > 1e-6;
    }
    assert_true(different > N / 2);
    free(whole);
    free(parts);
}

static void test_pharma_population__one_impossible_subject_does_not_spoil_the_others(void **state)
{
    fixture *f = *state;
    const char *text =
        "model: bad\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\ncovariates: {q: {unit: '1', range: [1, 10]}}\n"
        "parameters: {V: 10 L, k: 1 /h * log(q)}\n"
        "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n";
    const double q[] = {2, 0.5, 3, 4, 5},
                 *columns[] = {q}; /* the second has a negative rate: q is outside what was studied */
    size_t failed = 0;
    rac_error err = {0};
    double *values = NULL;
    const double median[] = {0.5};
    f->population.model = read_model(f->arena, text, "t");
    f->population.columns = columns;
    f->population.subjects = 5;
    check_ok(rac_population_quantiles(f->arena, &f->population, median, 1, &values, &failed, &err));
    assert_int_equal(failed, 1);
    for (int t = 0; t < TIMES; t++)
        assert_true(isfinite(values[t]));
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_population__##name, open_fixture, close_fixture)
RAC_TESTS(T(the_same_bits_for_any_division), T(memory_does_not_grow_with_subjects),
          T(deviations_have_the_files_covariance), T(quantiles_are_those_of_r),
          T(a_band_surrounds_the_typical_curve), T(what_was_not_studied_is_said),
          T(doses_per_kg_follow_the_weight), T(covariates_hold_until_they_change),
          T(any_output_sees_covariates_change), T(own_times_and_occasions),
          T(one_impossible_subject_does_not_spoil_the_others))
