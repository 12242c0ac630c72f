/* Equations that are not linear: closed forms, the exact linear solution, the same bits however subjects are
 * divided, and subjects without an answer. */
#include "check.h"

#include <pthread.h>

#include "pharma/model.h"
#include "pharma/shipped.h"

static const char HEAD[] =
    "model: test\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\n"
    "covariates: {weight: {unit: kg, range: [40, 160]}}\n";

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

static const rac_model *model_of(rac_arena *arena, const char *body)
{
    return read_model(arena, rac_format(arena, "%s%s", HEAD, body), "test");
}

/* ---- running ---- */

typedef struct answers {
    double *values; /* subjects x times x outputs */
    unsigned failed[64];
    size_t tiles;
} answers;

static void take(void *context, const rac_population_tile *tile)
{
    answers *a = context;
    const size_t row = tile->times * tile->outputs;
    for (int s = 0; s < tile->subjects; s++)
        for (size_t i = 0; i < row; i++)
            a->values[(tile->first_subject + (size_t)s) * row + i] = tile->values[i * RAC_TILE + (size_t)s];
    a->failed[a->tiles++ % 64] = tile->failed;
}

static const double WEIGHT[] = {70};

static const double *run(rac_arena *arena, rac_population p, size_t *failed)
{
    answers a = {.values = rac_many(arena, double,
                                    (p.first_subject + p.subjects) * p.times * rac_model_outputs(p.model))};
    rac_error err = {0};
    size_t count = 0;
    if (!p.constants && !p.columns)
        p.constants = WEIGHT;
    check_ok(rac_population_run(arena, &p, take, &a, &count, &err));
    if (failed)
        *failed = count;
    else
        assert_int_equal(count, 0);
    return a.values;
}

/* The largest difference of output 0 from output 1, over the largest output 1. */
static double disagreement(const double *values, size_t times)
{
    double worst = 0, peak = 0;
    for (size_t i = 0; i < times; i++) {
        worst = fmax(worst, fabs(values[2 * i] - values[2 * i + 1]));
        peak = fmax(peak, fabs(values[2 * i + 1]));
    }
    assert_true(peak > 0);
    return worst / peak;
}

/* ---- closed forms ---- */

static void test_pharma_states__logistic_growth_follows_its_closed_form(void **state)
{
    const rac_model *model =
        model_of(*state, "parameters: {r: 0.7 /h, K: 5 mg}\n"
                         "equations: {y: {unit: mg, rate: r * y * (1 - y / K), start: 0.1 mg}}\n"
                         "routes: {iv: y}\noutputs: {y: y}\n");
    double times_h[61];
    for (int i = 0; i <= 60; i++)
        times_h[i] = 0.213 * i;
    const rac_regimen none = rac_regimen_new(*state);
    const double tolerances[] = {1e-5, 1e-8, 1e-11};
    for (int k = 0; k < 3; k++) {
        const double *y = run(*state,
                              (rac_population){.model = model,
                                               .subjects = 1,
                                               .regimen = &none,
                                               .times_h = times_h,
                                               .times = 61,
                                               .tolerance = tolerances[k]},
                              NULL);
        double worst = 0;
        for (int i = 0; i <= 60; i++)
            worst = fmax(worst, fabs(y[i] - 5 / (1 + 49 * exp(-0.7 * times_h[i]))) / 5);
        assert_true(worst > 0 && worst < 10 * tolerances[k]);
    }
}

/* Michaelis and Menten's elimination of a bolus satisfies Km log(A0/A) + A0 - A = Vm t. */
static void test_pharma_states__saturable_elimination_obeys_its_integral(void **state)
{
    const rac_model *model = model_of(*state, "parameters: {Vm: 12 mg/h, Km: 20 mg}\n"
                                              "equations: {a: {unit: mg, rate: -Vm * a / (Km + a)}}\n"
                                              "routes: {iv: a}\noutputs: {a: a}\n");
    rac_regimen regimen = rac_regimen_new(*state);
    rac_regimen_add(&regimen, rac_dose_bolus(0.5, 0, 100));
    double times_h[50];
    for (int i = 0; i < 50; i++)
        times_h[i] = 0.5 + 0.37 * i;
    const double *a = run(
        *state,
        (rac_population){.model = model, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = 50},
        NULL);
    check_near(a[0], 100, 0, 1e-15);
    for (int i = 0; i < 50; i++)
        check_near(20 * log(100 / a[i]) + 100 - a[i], 12 * (times_h[i] - 0.5), 1e-5, 0);
}

/* The stiff problem of Robertson 1966, values of its standard test set (Mazzia and Magherini 2008) at 40 and
 * 4e5. */
static void test_pharma_states__robertson_s_stiff_problem(void **state)
{
    const rac_model *model = model_of(
        *state, "parameters: {k1: 0.04 /h, k2: 1e4 /h, k3: 3e7 /h}\nequations:\n"
                "  x: {unit: 1, rate: -k1 * x + k2 * y * z, start: 1}\n"
                "  y: {unit: 1, rate: k1 * x - k2 * y * z - k3 * y * y}\n"
                "  z: {unit: 1, rate: k3 * y * y}\n"
                "  drug: {unit: mg, rate: -k1 * drug}\nroutes: {iv: drug}\noutputs: {x: x, y: y, z: z}\n");
    const double times_h[] = {40, 4e5};
    const rac_regimen none = rac_regimen_new(*state);
    const double *v =
        run(*state,
            (rac_population){.model = model, .subjects = 1, .regimen = &none, .times_h = times_h, .times = 2},
            NULL);
    const double truth[] = {0.7158270687, 0.9185534765e-5, 0.2841637457, 4.9383e-3, 1.9850e-8, 0.99506};
    for (int i = 0; i < 3; i++)
        check_near(v[i], truth[i], 0, 3e-9 * 10);
    for (int i = 3; i < 6; i++)
        check_near(v[i], truth[i], 0, 3e-5);
}

/* ---- against the exact linear solution ---- */

/* `e` is linear, but written so that nobody can see it; `f` is the same and exact. */
static const char TWINS[] =
    "parameters: {V: 10 L * (weight / 70 kg), k: 0.5 /h, q: 1.3 /h, ke: 2 /h, zero: 0 L/mg/h, e0: 0.3 mg/L}\n"
    "variability:\n  - {of: V, cv: 30 %%}\n  - {of: ke, cv: 50 %%}\n"
    "flows: {%s}\n"
    "equations:\n  e: {unit: mg/L, rate: ke * (a / V - e) + zero * e * e, start: e0}\n"
    "  f: {unit: mg/L, rate: ke * (a / V - f), start: e0}\nroutes: {iv: a, bath: e_bath}\n"
    "outputs: {e: e, f: f}\n";

static const char TWO_WAYS[] = "a -> b: q, b -> a: k, a -> out: k, e_bath -> out: k";
static const char CHAIN[] =
    "e_bath -> x: q, x -> y: q, y -> a: q, a -> out: q"; /* equal eigenvalues: no modes */

static rac_regimen busy_regimen(rac_arena *arena)
{
    rac_regimen regimen = rac_regimen_new(arena);
    rac_regimen_add(&regimen, rac_dose_infusion(1, 0, 35, 40 / 60.0));
    rac_regimen_add(&regimen, rac_dose_mark(1.2, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&regimen, rac_dose_mark(1.5, 0, RAC_DOSE_RESUME));
    rac_regimen_add(&regimen, rac_dose_bolus(4.1, 1, 20));
    rac_regimen_add(&regimen, rac_dose_rate(5, 0, 7));
    rac_regimen_add(&regimen, rac_dose_rate(6.5, 0, 2));
    rac_regimen_add(&regimen, rac_dose_mark(8, 0, RAC_DOSE_RESET));
    rac_regimen_add(&regimen, rac_dose_bolus(9, 0, 50));
    return regimen;
}

static void test_pharma_states__panels_agree_with_the_exact_solution(void **state)
{
    double times_h[80];
    const double epoch_h[] = {0, 3.3}, weights[] = {70, 95};
    const rac_regimen regimen = busy_regimen(*state);
    for (int i = 0; i < 80; i++)
        times_h[i] = 0.15 * i;
    const char *flows[] = {TWO_WAYS, CHAIN};
    for (int k = 0; k < 2; k++) {
        const rac_model *model = model_of(*state, rac_format(*state, TWINS, flows[k]));
        rac_population p = {.model = model,
                            .seed = 7,
                            .subjects = 20,
                            .regimen = &regimen,
                            .times_h = times_h,
                            .times = 80,
                            .epochs = 2,
                            .epoch_h = epoch_h,
                            .constants = weights};
        const double tolerances[] = {1e-6, 1e-8, 1e-10};
        for (int t = 0; t < 3; t++) {
            p.tolerance = tolerances[t];
            const double *values = run(*state, p, NULL);
            for (int s = 0; s < 20; s++)
                assert_true(disagreement(&values[s * 160], 80) < tolerances[t]);
        }
    }
}

static void test_pharma_states__an_amount_that_begins_somewhere_stays_on_the_exact_path(void **state)
{
    const rac_model *model =
        model_of(*state, "parameters: {V: 10 L, k: 0.5 /h, ke: 2 /h, e0: 3 mg/L}\nflows: {a -> out: k}\n"
                         "equations: {e: {unit: mg/L, rate: ke * (a / V - e), start: e0}}\n"
                         "routes: {iv: a}\noutputs: {e: e, c: a / V}\n");
    assert_true(model->all_linear);
    assert_int_equal(model->equations.count, 0);
    rac_regimen regimen = rac_regimen_new(*state);
    rac_regimen_add(&regimen, rac_dose_bolus(1, 0, 35));
    rac_regimen_add(&regimen, rac_dose_mark(3, 0, RAC_DOSE_RESET));
    const double times_h[] = {0.25, 0.9, 2, 3, 4.5};
    const double *v = run(
        *state,
        (rac_population){.model = model, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = 5},
        NULL);
    const double bolus = 3.5 * 2 / 1.5 * (exp(-0.5) - exp(-2.0));
    check_near(v[0], 3 * exp(-0.5), 0, 1e-14); /* the start is that of time 0, whenever the first time is */
    check_near(v[2], 3 * exp(-1.8), 0, 1e-14);
    check_near(v[4], 3 * exp(-4.0) + bolus, 0, 1e-13);
    check_near(v[6], 3, 0, 0); /* a reset begins anew */
    check_near(v[8], 3 * exp(-3.0), 0, 1e-14);
    check_near(v[9], 0, 0, 0);
}

/* Doses into a state, each by a part of its own with bioavailability and lag, a duration, or a rate, which
 * differ between subjects and with weight; weight changes while doses are on their way, and a reset ends all
 * of them.  `bent` is linear and says so to nobody; `exact` is the same. */
static const char ENTRIES[] =
    "parameters: {k: 0.3 /h * (weight / 70 kg), none: 0 /mg/h, F: 0.6 * weight / 70 kg, lag: 0.7 h * weight "
    "/ 70 kg,\n"
    "  D: 2 h * weight / 70 kg, R: 9 mg/h}\n"
    "variability:\n  - {of: k, cv: 40 %}\n  - {of: F, cv: 20 %}\n  - {of: lag, cv: 60 %}\n  - {of: D, cv: 50 "
    "%}\n"
    "  - {of: R, cv: 30 %, level: occasion}\n"
    "flows: {exact -> out: k}\nequations: {bent: {unit: mg, rate: -k * bent + none * bent * bent}}\nroutes:\n"
    "  late: [{to: bent, fraction: F, lag: lag}, {to: exact, fraction: F, lag: lag}]\n"
    "  slow: [{to: bent, fraction: F, duration: D}, {to: exact, fraction: F, duration: D}]\n"
    "  even: [{to: bent, fraction: F, rate: R}, {to: exact, fraction: F, rate: R}]\n"
    "outputs: {bent: bent, exact: exact}\n";

static void test_pharma_states__doses_enter_by_every_kind_of_route(void **state)
{
    double times_h[80];
    const double epoch_h[] = {0, 4.1, 7.2}, weights[] = {70, 95, 60};
    const int occasion[] = {0, 1, 1};
    const rac_model *model = model_of(*state, ENTRIES);
    rac_regimen regimen = rac_regimen_new(*state);
    for (int i = 0; i < 80; i++)
        times_h[i] = 0.15 * i;
    for (int route = 0; route < 3; route++)
        for (int i = 0; i < 3; i++)
            rac_regimen_add(&regimen, rac_dose_bolus(0.5 + 3.3 * i + 0.1 * route, route, 20 + 7 * i));
    rac_dose repeated = rac_dose_infusion(0.9, 0, 30, 2.5); /* longer than its interval */
    repeated.additional = 5;
    repeated.interval_h = 1.7;
    rac_regimen_add(&regimen, repeated);
    rac_regimen_add(&regimen, rac_dose_mark(5.5, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&regimen, rac_dose_mark(6, 0, RAC_DOSE_RESUME));
    rac_regimen_add(&regimen,
                    rac_dose_mark(7.7, 0, RAC_DOSE_RESET)); /* within infusions, lags and durations */
    rac_regimen_add(&regimen, rac_dose_infusion(8.3, 0, 12, 0.01));
    const rac_population p = {.model = model,
                              .seed = 7,
                              .subjects = 20,
                              .regimen = &regimen,
                              .times_h = times_h,
                              .times = 80,
                              .epochs = 3,
                              .epoch_h = epoch_h,
                              .occasion = occasion,
                              .constants = weights};
    const double *values = run(*state, p, NULL);
    for (int s = 0; s < 20; s++)
        assert_true(disagreement(&values[s * 160], 80) < 1e-8);
    check_near(values[2 * 55], 0, 0, 0); /* 8.25 h: nothing that was owed came */
}

/* ---- the same bits ---- */

static const char FEEDBACK[] = "parameters: {V: 20 L * (weight / 70 kg), k: 0.6 /h, kin: 2 mg/h, kout: 0.1 "
                               "/h, IC: 0.3 mg/L, n: 1.4, tau: 6 h, "
                               "r0: kin / kout}\n"
                               "variability:\n  - {of: V, cv: 40 %}\n  - {of: kout, cv: 60 %}\n"
                               "flows: {a -> out: k}\nequations:\n"
                               "  r: {unit: mg, rate: kin * (1 - (a/V/IC)^n / (1 + (a/V/IC)^n)) * (2 * r0 / "
                               "(r0 + mod)) - kout * r, start: r0}\n"
                               "  mod: {unit: mg, rate: (r - mod) / tau, start: r0}\nroutes: {iv: "
                               "a}\noutputs: {r: r, mod: mod, c: a / V}\n";

enum { SUBJECTS = 83, TIMES = 40, FEW = 14, OUTPUTS = 3 };

typedef struct share {
    rac_population population;
    double *all;
} share;

static void *work(void *context)
{
    const share *s = context;
    rac_arena *arena = rac_arena_new();
    answers a = {.values = s->all};
    size_t failed = 0;
    rac_error err = {0};
    rac_population_run(arena, &s->population, take, &a, &failed, &err);
    rac_arena_free(arena);
    return NULL;
}

static void same_bits(rac_arena *arena, rac_population p)
{
    const size_t size = sizeof(double) * SUBJECTS * TIMES * OUTPUTS;
    p.first_subject = 0;
    p.subjects = SUBJECTS;
    const double *whole = run(arena, p, NULL);
    static const size_t blocks[] = {1, 3, 8, 50};
    for (size_t b = 0; b < 4; b++) {
        double *parts = calloc(1, size);
        for (size_t first = 0; first < SUBJECTS; first += blocks[b]) {
            p.first_subject = first;
            p.subjects = first + blocks[b] < SUBJECTS ? blocks[b] : SUBJECTS - first;
            work(&(share){p, parts});
        }
        assert_memory_equal(whole, parts, size);
        free(parts);
    }
    double *parts = calloc(1, size);
    pthread_t running[3];
    share shares[3];
    for (size_t t = 0; t < 3; t++) {
        p.first_subject = SUBJECTS * t / 3;
        p.subjects = SUBJECTS * (t + 1) / 3 - p.first_subject;
        shares[t] = (share){p, parts};
        assert_int_equal(pthread_create(&running[t], NULL, work, &shares[t]), 0);
    }
    for (size_t t = 0; t < 3; t++)
        pthread_join(running[t], NULL);
    assert_memory_equal(whole, parts, size);
    free(parts);
}

static rac_population feedback_population(rac_arena *arena, rac_regimen *regimen, double *times_h)
{
    *regimen = rac_regimen_new(arena);
    rac_dose dose = rac_dose_infusion(2, 0, 35, 40 / 60.0);
    dose.additional = 3;
    dose.interval_h = 24;
    rac_regimen_add(regimen, dose);
    for (int i = 0; i < TIMES; i++)
        times_h[i] = 2.5 * i;
    return (rac_population){.model = model_of(arena, FEEDBACK),
                            .seed = 20261125,
                            .subjects = SUBJECTS,
                            .regimen = regimen,
                            .times_h = times_h,
                            .times = TIMES,
                            .constants = WEIGHT};
}

static void test_pharma_states__the_same_bits_for_any_division(void **state)
{
    rac_regimen regimen;
    double times_h[TIMES];
    same_bits(*state, feedback_population(*state, &regimen, times_h));
}

/* Times wanted are read off the panels: leaving out two of three leaves the others as they are, up to the
 * rounding of the sum of lengths. */
static void test_pharma_states__asking_for_fewer_times_changes_nothing(void **state)
{
    rac_regimen regimen;
    double times_h[TIMES], few_h[TIMES];
    rac_population p = feedback_population(*state, &regimen, times_h);
    const double *all = run(*state, p, NULL);
    for (int i = 0; i < FEW; i++)
        few_h[i] = times_h[3 * i];
    p.times_h = few_h;
    p.times = FEW;
    const double *few = run(*state, p, NULL);
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t i = 0; i < FEW; i++)
            for (size_t o = 0; o < OUTPUTS; o++)
                check_near(few[(s * FEW + i) * OUTPUTS + o], all[(s * TIMES + 3 * i) * OUTPUTS + o], 1e-300,
                           1e-10);
}

/* ---- subjects without an answer ---- */

/* y' = y^2 from y0 ends at 1 / y0: within the time asked for only the heavy. */
static void test_pharma_states__a_subject_that_blows_up_is_counted_and_the_others_go_on(void **state)
{
    const rac_model *model = model_of(
        *state,
        "parameters: {y0: weight / 100 kg, per: 1 /h, k: 1 /h}\nflows: {a -> out: k}\n"
        "equations: {y: {unit: 1, rate: per * y * y, start: y0}}\nroutes: {iv: a}\noutputs: {y: y}\n");
    double weights[20];
    const double *columns[] = {weights};
    for (int i = 0; i < 20; i++)
        weights[i] = i % 5 == 3 ? 150 : 50;
    const double times_h[] = {0.5, 1};
    const rac_regimen none = rac_regimen_new(*state);
    rac_population p = {
        .model = model, .subjects = 20, .regimen = &none, .times_h = times_h, .times = 2, .columns = columns};
    size_t failed;
    const double *y = run(*state, p, &failed);
    assert_int_equal(failed, 4);
    for (int i = 0; i < 20; i++)
        if (i % 5 != 3) {
            check_near(y[2 * i], 1 / (2 - 0.5), 0, 1e-8);
            check_near(y[2 * i + 1], 1, 0, 1e-8);
        }
}

/* A root of an amount that is 0 has no derivative there. */
static void test_pharma_states__a_power_below_one_may_begin_at_zero(void **state)
{
    const rac_model *model = model_of(
        *state,
        "parameters: {V: 10 L, k: 0.5 /h, C: 1 mg/L, kout: 0.3 /h, zero: 0 /h}\nflows: {a -> out: k}\n"
        "equations: {r: {unit: 1, rate: kout * ((a / V / C)^0.5 - r) + zero * r * r}}\n"
        "routes: {iv: a}\noutputs: {r: r}\n");
    rac_regimen regimen = rac_regimen_new(*state);
    rac_regimen_add(&regimen, rac_dose_bolus(1, 0, 40));
    const double times_h[] = {0.5, 1, 6};
    const double *r = run(
        *state,
        (rac_population){.model = model, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = 3},
        NULL);
    check_near(r[0], 0, 0, 0);
    /* r' = 0.3 (2 exp(-t/4) - r) */
    check_near(r[2], 0.6 / 0.05 * (exp(-0.25 * 5) - exp(-0.3 * 5)), 0, 1e-7);
}

static void test_pharma_states__what_cannot_be_asked_is_refused(void **state)
{
    rac_regimen regimen;
    double times_h[TIMES];
    rac_population p = feedback_population(*state, &regimen, times_h);
    rac_error err = {0};
    size_t failed;
    answers a = {.values = rac_many(*state, double, SUBJECTS *TIMES *OUTPUTS)};
    p.tolerance = 1e-15;
    assert_int_equal(rac_population_run(*state, &p, take, &a, &failed, &err), RAC_INVALID);
    check_contains(err.message, "tolerance");
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_states__##name, open_arena, close_arena)
RAC_TESTS(T(logistic_growth_follows_its_closed_form), T(saturable_elimination_obeys_its_integral),
          T(robertson_s_stiff_problem), T(panels_agree_with_the_exact_solution),
          T(doses_enter_by_every_kind_of_route), T(an_amount_that_begins_somewhere_stays_on_the_exact_path),
          T(the_same_bits_for_any_division), T(asking_for_fewer_times_changes_nothing),
          T(a_subject_that_blows_up_is_counted_and_the_others_go_on), T(a_power_below_one_may_begin_at_zero),
          T(what_cannot_be_asked_is_refused))
