/* Steady states of equations that are not linear: closed forms, the exact linear solution, long repetition,
 * what has no steady state, and the same bits for any division and kernel. */
#include "check.h"

#include "pharma/by_kernel.h"
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

enum { SUBJECTS_MAX = 128 };

typedef struct answers {
    double *values; /* subjects x times x outputs */
    bool failed[SUBJECTS_MAX], unsettled[SUBJECTS_MAX];
    size_t failures;
} answers;

static void take(void *context, const rac_population_tile *tile)
{
    answers *a = context;
    const size_t row = tile->times * tile->outputs;
    for (int s = 0; s < tile->subjects; s++) {
        const size_t subject = tile->first_subject + (size_t)s;
        a->failed[subject] = tile->failed >> s & 1;
        a->unsettled[subject] = tile->unsettled >> s & 1;
        for (size_t i = 0; i < row; i++)
            a->values[subject * row + i] = tile->values[i * RAC_TILE + (size_t)s];
    }
}

static const double WEIGHT[] = {70};

static answers run_any(rac_arena *arena, rac_population p)
{
    const size_t subjects = p.first_subject + p.subjects;
    answers a = {.values = rac_many(arena, double, subjects *p.times *rac_model_outputs(p.model))};
    rac_error err = {0};
    if (!p.constants && !p.columns)
        p.constants = WEIGHT;
    check_ok(rac_population_run(arena, &p, take, &a, &a.failures, &err));
    return a;
}

static const double *run(rac_arena *arena, rac_population p)
{
    const answers a = run_any(arena, p);
    assert_int_equal(a.failures, 0);
    return a.values;
}

static double *grid(rac_arena *arena, double from_h, double until_h, size_t count)
{
    double *times_h = rac_many(arena, double, count);
    for (size_t i = 0; i < count; i++)
        times_h[i] = from_h + (until_h - from_h) * (double)i / (double)(count - 1);
    return times_h;
}

static rac_dose steady(rac_dose dose, double interval_h)
{
    dose.steady = RAC_STEADY_REPLACE;
    dose.interval_h = interval_h;
    return dose;
}

/* The largest difference of output `a` from output `b`, over the largest of `b`. */
static double disagreement(const double *values, size_t times, size_t outputs, size_t a, size_t b)
{
    double worst = 0, peak = 0;
    for (size_t i = 0; i < times; i++) {
        worst = fmax(worst, fabs(values[outputs * i + a] - values[outputs * i + b]));
        peak = fmax(peak, fabs(values[outputs * i + b]));
    }
    assert_true(peak > 0);
    return worst / peak;
}

/* ---- against the exact linear solution ---- */

/* cb and eb are linear, but written so that nobody can see it (a cascade, which is solved by panels, or by
 * steps); cx and ex are the same and exact.  Doses enter
 * cb and cx, and a, which drives eb and ex. */
static const char TWINS[] =
    "parameters: {V: 10 L * (weight / 70 kg), k: 0.5 /h, q: 1.3 /h, ke: 2 /h, kc: %s, nothing: 0 mg/h,\n"
    "  F: 0.7, lag: 0.8 h}\n"
    "variability:\n  - {of: V, cv: 30 %%}\n  - {of: ke, cv: 50 %%}\n  - {of: kc, cv: 40 %%}\n"
    "  - {of: F, distribution: logit-normal, sd: 0.5}\n"
    "flows: {%s, cx -> out: kc}\nequations:\n"
    "  cb: {unit: mg, rate: nothing - kc * cb}\n"
    "  eb: {unit: mg/L, rate: ke * (abs(a) / V - eb)}\n"
    "  ex: {unit: mg/L, rate: ke * (a / V - ex)}\n"
    "routes:\n  all: [{to: %s}, {to: cb, fraction: F, lag: lag}, {to: cx, fraction: F, lag: lag}]\n"
    "outputs: {cb: cb, cx: cx, eb: eb, ex: ex}\n";
static const char TWO_WAYS[] = "a -> b: q, b -> a: k, a -> out: k";
static const char CHAIN[] = "x -> y: q, y -> a: q, a -> out: q"; /* equal eigenvalues: no modes */

enum { TIMES = 61 };

/* Every difference is at most `times_tolerance` x the tolerance, of the peak. */
static void compare_twins(rac_arena *arena, const rac_model *model, const rac_regimen *regimen,
                          double times_tolerance)
{
    const double *times_h = grid(arena, 0, 60, TIMES);
    const double tolerances[] = {1e-6, 1e-8, 1e-10};
    assert_true(model->equations.is_cascade);
    for (int t = 0; t < 3; t++)
        for (int together = 0; together < 2; together++) {
            const double *values = run(arena, (rac_population){.model = model,
                                                               .seed = 7,
                                                               .subjects = 8,
                                                               .regimen = regimen,
                                                               .times_h = times_h,
                                                               .times = TIMES,
                                                               .tolerance = tolerances[t],
                                                               .together = together});
            for (int s = 0; s < 8; s++)
                for (size_t o = 0; o < 4; o += 2)
                    check_near(disagreement(&values[s * TIMES * 4], TIMES, 4, o, o + 1), 0,
                               times_tolerance * tolerances[t], 0);
        }
}

/* A bolus, an infusion, one that is longer than its interval, a plateau. */
static rac_dose pattern_of(int which)
{
    rac_dose plateau = rac_dose_infusion(3, 0, 0, 0);
    plateau.rate_mg_per_h = 4;
    plateau.steady = RAC_STEADY_REPLACE;
    return which == 0   ? steady(rac_dose_bolus(3, 0, 50), 12)
           : which == 1 ? steady(rac_dose_infusion(3, 0, 35, 40 / 60.0), 24)
           : which == 2 ? steady(rac_dose_infusion(3, 0, 90, 17), 8)
                        : plateau;
}

static void test_pharma_steady__a_linear_model_written_as_equations_is_the_exact_one(void **state)
{
    const rac_model *models[] = {model_of(*state, rac_format(*state, TWINS, "0.11 /h", TWO_WAYS, "a")),
                                 model_of(*state, rac_format(*state, TWINS, "0.11 /h", CHAIN, "x"))};
    for (int which = 0; which < 8; which++) {
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, rac_dose_bolus(1, 0, 500)); /* ended by what follows */
        rac_regimen_add(&regimen, pattern_of(which % 4));
        compare_twins(*state, models[which / 4], &regimen, 1);
    }
}

/* With a half-life of 290 days an interval of a day leaves 0.9976 of a deviation, so what the solver leaves
 * out of one interval counts 420 times; these equations are so smooth that half a tolerance was found.
 * Repetition alone would take 8,000. */
static void test_pharma_steady__slow_equations_are_not_waited_for(void **state)
{
    const rac_model *model = model_of(*state, rac_format(*state, TWINS, "0.0001 /h", TWO_WAYS, "a"));
    for (int which = 0; which < 4; which++) {
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, pattern_of(which));
        compare_twins(*state, model, &regimen, 4);
    }
}

/* What is added is the steady state less that of rest: then superposition holds, also for an equation that
 * rests elsewhere than at 0. */
static void test_pharma_steady__what_is_added_is_superposed(void **state)
{
    static const char RESTING[] =
        "parameters: {V: 10 L, k: 0.5 /h, ke: 0.3 /h, kin: 2 mg/L/h, e0: kin / ke, zero: 0 L/mg/h}\n"
        "flows: {a -> out: k}\nequations:\n"
        "  eb: {unit: mg/L, rate: kin + ke * (a / V - eb) + zero * eb * eb, start: e0}\n"
        "  ex: {unit: mg/L, rate: ke * (a / V - ex)}\n"
        "routes: {iv: a}\noutputs: {eb: eb, sum: e0 + ex}\n";
    const rac_model *twins = model_of(*state, rac_format(*state, TWINS, "0.11 /h", TWO_WAYS, "a")),
                    *resting = model_of(*state, RESTING);
    const double *times_h = grid(*state, 0, 60, TIMES);
    for (int which = 0; which < 4; which++) {
        rac_regimen regimen = rac_regimen_new(*state);
        rac_dose second = pattern_of(which);
        second.steady = RAC_STEADY_ADD;
        rac_regimen_add(&regimen, rac_dose_infusion(1, 0, 50, 12));
        rac_regimen_add(&regimen, second);
        rac_regimen_add(&regimen, rac_dose_bolus(40, 0, 20));
        compare_twins(*state, twins, &regimen, 1);
        const double *values = run(
            *state,
            (rac_population){
                .model = resting, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = TIMES});
        check_near(disagreement(values, TIMES, 2, 0, 1), 0, 1e-8, 0);
    }
}

static void test_pharma_steady__epochs_and_resets_go_on_from_there(void **state)
{
    const rac_model *model = model_of(*state, rac_format(*state, TWINS, "0.11 /h", TWO_WAYS, "a"));
    const double *times_h = grid(*state, 0, 60, TIMES), epoch_h[] = {0, 20, 30}, weights[] = {70, 95, 60};
    rac_regimen regimen = rac_regimen_new(*state);
    rac_dose first = steady(rac_dose_infusion(2, 0, 50, 3), 12);
    first.additional = 3;
    rac_regimen_add(&regimen, first);
    rac_regimen_add(&regimen, rac_dose_mark(39.5, 0, RAC_DOSE_RESET)); /* within the last of them */
    rac_regimen_add(&regimen, steady(rac_dose_bolus(45, 0, 20), 8));
    const double *values = run(*state, (rac_population){.model = model,
                                                        .seed = 3,
                                                        .subjects = 20,
                                                        .regimen = &regimen,
                                                        .times_h = times_h,
                                                        .times = TIMES,
                                                        .epochs = 3,
                                                        .epoch_h = epoch_h,
                                                        .constants = weights});
    for (int s = 0; s < 20; s++)
        for (size_t o = 0; o < 4; o += 2)
            check_near(disagreement(&values[s * TIMES * 4], TIMES, 4, o, o + 1), 0, 1e-8, 0);
}

/* ---- Michaelis and Menten ---- */

/* da/dt = -Vm a / (Km + a) */
static const char SATURABLE[] = "parameters: {Vm: 12 mg/h * (weight / 70 kg), Km: 20 mg}\n"
                                "equations: {a: {unit: mg, rate: -Vm * a / (Km + a)}}\n"
                                "routes: {iv: a}\noutputs: {a: a, out: Vm * a / (Km + a)}\n";

/* A bolus D every T: Km log((A + D) / A) + D = Vm T, so the least amount is A = D / (exp((Vm T - D) / Km) -
 * 1). */
static void test_pharma_steady__saturable_elimination_has_its_least_amount(void **state)
{
    const rac_model *model = model_of(*state, SATURABLE);
    const double share[] = {0.02, 0.3, 0.7, 0.9, 0.97, 0.99}, times_h[] = {0, 8};
    for (int i = 0; i < 6; i++) {
        const double interval_h = 8, capacity = 12 * interval_h, dose = share[i] * capacity;
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, steady(rac_dose_bolus(0, 0, dose), interval_h));
        const double *a = run(
            *state, (rac_population){
                        .model = model, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = 2});
        const double least = dose / expm1((capacity - dose) / 20);
        /* An interval leaves (A / (A + D)) (Km + A + D) / (Km + A) of a deviation. */
        const double left = least / (least + dose) * (20 + least + dose) / (20 + least);
        check_near(a[0], least + dose, 1e-8 / (1 - left) * (least + dose), 0);
        check_near(a[2], least, 1e-8 / (1 - left) * (least + dose), 0);
    }
}

/* R = Vm A / (Km + A) */
static void test_pharma_steady__a_constant_infusion_has_its_plateau(void **state)
{
    const rac_model *model = model_of(*state, SATURABLE);
    const double share[] = {0.001, 0.5, 0.9, 0.99, 0.999}, times_h[] = {5, 100};
    for (int i = 0; i < 5; i++) {
        rac_dose plateau = {.time_h = 5,
                            .kind = RAC_DOSE_INFUSION,
                            .rate_mg_per_h = 12 * share[i],
                            .steady = RAC_STEADY_REPLACE};
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, rac_dose_bolus(0, 0, 300));
        rac_regimen_add(&regimen, plateau);
        const double *a = run(
            *state, (rac_population){
                        .model = model, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = 2});
        check_near(a[0], 20 * share[i] / (1 - share[i]), 0, 1e-8);
        check_near(a[2], 20 * share[i] / (1 - share[i]), 0, 1e-8);
    }
}

/* In a steady state what is eliminated in an interval is the dose, whatever the route, two compartments, and
 * an infusion that is longer than the interval. */
static void test_pharma_steady__what_goes_in_comes_out(void **state)
{
    const rac_model *model = model_of(
        *state,
        "parameters: {Vm: 12 mg/h * (weight / 70 kg), Km: 20 mg, k12: 0.4 /h, k21: 0.2 /h, ka: 0.7 /h, F: "
        "0.6, lag: 0.37 h}\n"
        "flows: {gut -> out: ka}\nequations:\n"
        "  a: {unit: mg, rate: ka * gut - Vm * a / (Km + a) - k12 * a + k21 * b}\n"
        "  b: {unit: mg, rate: k12 * a - k21 * b}\n"
        "routes: {iv: a, mouth: {to: gut, fraction: F, lag: lag}}\n"
        "outputs: {out: Vm * a / (Km + a), a: a}\n");
    enum { PIECES = 4000 };
    for (int which = 0; which < 3; which++) {
        const double interval_h = 12, intake = which ? 0.6 * 90 : 90;
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, steady(which == 0   ? rac_dose_infusion(3, 0, 90, 31.2)
                                         : which == 1 ? rac_dose_infusion(3, 1, 90, 6)
                                                      : rac_dose_infusion(3, 1, 90, 12.37),
                                         interval_h));
        /* the last interval of those that still go on unchanged */
        const double first_h = which == 0 ? 3 : which == 1 ? 3.37 : 3;
        regimen.items[0].additional = 1;
        const double *times_h = grid(*state, first_h, first_h + interval_h, PIECES + 1);
        const double *v = run(
            *state,
            (rac_population){
                .model = model, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = PIECES + 1});
        double sum = 0;
        for (int i = 0; i <= PIECES; i++)
            sum += v[2 * i] * (i == 0 || i == PIECES ? 0.5 : 1);
        check_near(v[2 * PIECES + 1], v[1], 0, 1e-7);           /* periodic */
        check_near(sum * interval_h / PIECES, intake, 0, 1e-6); /* the trapezoid leaves out 1e-7 */
    }
}

/* ---- what has no steady state ---- */

static void test_pharma_steady__intake_above_capacity_has_none(void **state)
{
    const rac_model *model = model_of(*state, SATURABLE);
    double weights[20];
    const double *columns[] = {weights}, times_h[] = {0, 8};
    for (int i = 0; i < 20; i++)
        weights[i] = i % 5 == 3 ? 50 : 90 + i; /* capacity by weight */
    for (int which = 0; which < 3; which++) {
        const rac_dose plateau = {
            .kind = RAC_DOSE_INFUSION, .rate_mg_per_h = 12.1, .steady = RAC_STEADY_REPLACE};
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, which == 0   ? steady(rac_dose_bolus(0, 0, 96.8), 8)
                                  : which == 1 ? steady(rac_dose_infusion(0, 0, 96.8, 11), 8)
                                               : plateau);
        const answers all = run_any(*state, (rac_population){.model = model,
                                                             .subjects = 20,
                                                             .regimen = &regimen,
                                                             .times_h = times_h,
                                                             .times = 2,
                                                             .columns = columns});
        assert_int_equal(all.failures, 4);
        for (int i = 0; i < 20; i++) {
            assert_int_equal(all.failed[i], i % 5 == 3);
            assert_int_equal(all.unsettled[i], i % 5 == 3);
            if (i % 5 != 3)
                check_near(all.values[4 * i + 2], which == 2 ? all.values[4 * i] : all.values[4 * i + 2], 0,
                           1e-7);
        }
    }
    /* just above and just below */
    weights[0] = 70 * 1.001, weights[1] = 70 * 0.999, weights[2] = 70;
    rac_regimen regimen = rac_regimen_new(*state);
    const rac_dose at_capacity = {
        .kind = RAC_DOSE_INFUSION, .rate_mg_per_h = 12, .steady = RAC_STEADY_REPLACE};
    rac_regimen_add(&regimen, at_capacity);
    const answers edge = run_any(*state, (rac_population){.model = model,
                                                          .subjects = 3,
                                                          .regimen = &regimen,
                                                          .times_h = times_h,
                                                          .times = 2,
                                                          .columns = columns});
    assert_false(edge.failed[0]);
    assert_true(edge.unsettled[1] && edge.unsettled[2]);
    check_near(edge.values[0], 20 / 0.001, 0, 1e-4);
}

/* Predator and prey go round for ever; what grows by itself has no steady state; nor has a sum of all doses.
 */
static void test_pharma_steady__nothing_is_made_up(void **state)
{
    static const char *const never[] = {("  x: {unit: mg, rate: r * x - b * x * y, start: 2 mg}\n"
                                         "  y: {unit: mg, rate: b * x * y - r * y, start: 1 mg}\n"),
                                        "  x: {unit: mg, rate: r * x / (1 + x / c), start: 1 mg}\n",
                                        "  x: {unit: mg, rate: r * a * a / (a + c)}\n"};
    const double times_h[] = {0, 1};
    for (int which = 0; which < 6; which++) {
        const rac_model *model =
            model_of(*state, rac_format(*state,
                                        "parameters: {r: 1 /h, b: 0.3 /mg/h, c: 1 mg}\nequations:\n%s"
                                        "  a: {unit: mg, rate: -r * a / (1 + a / c)}\n"
                                        "routes: {iv: a}\noutputs: {x: x, a: a}\n",
                                        never[which / 2]));
        const rac_dose plateau = {
            .kind = RAC_DOSE_INFUSION, .rate_mg_per_h = 0.1, .steady = RAC_STEADY_REPLACE};
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, which % 2 ? plateau : steady(rac_dose_bolus(0, 0, 0.1), 7));
        const answers a = run_any(
            *state, (rac_population){
                        .model = model, .subjects = 1, .regimen = &regimen, .times_h = times_h, .times = 2});
        assert_int_equal(a.failures, 1);
    }
}

/* ---- long repetition ---- */

/* Returns the first value. */
static double compare_with_repetition(rac_arena *arena, const char *text, rac_dose dose, double interval_h,
                                      int repetitions, double tolerance)
{
    const rac_model *model = model_of(arena, text);
    const size_t outputs = rac_model_outputs(model), subjects = 20;
    rac_regimen at_once = rac_regimen_new(arena), written = rac_regimen_new(arena);
    dose.time_h = repetitions * interval_h;
    rac_regimen_add(&at_once, steady(dose, interval_h));
    dose.time_h = 0;
    dose.interval_h = interval_h;
    dose.additional = repetitions;
    rac_regimen_add(&written, dose);
    double *times_h = grid(arena, repetitions * interval_h, (repetitions + 1) * interval_h, TIMES);
    times_h[TIMES - 1] -= 1e-6; /* before what the repeated doses go on with */
    rac_population p = {.model = model,
                        .seed = 11,
                        .subjects = subjects,
                        .regimen = &at_once,
                        .times_h = times_h,
                        .times = TIMES};
    const double *a = run(arena, p);
    p.regimen = &written;
    const double *b = run(arena, p);
    for (size_t s = 0; s < subjects; s++)
        for (size_t o = 0; o < outputs; o++) {
            double worst = 0, peak = 0;
            for (size_t i = 0; i < TIMES; i++) {
                const size_t at = (s * TIMES + i) * outputs + o;
                worst = fmax(worst, fabs(a[at] - b[at]));
                peak = fmax(peak, fabs(b[at]));
            }
            check_near(worst / peak, 0, tolerance, 0);
        }
    return a[0];
}

static const char FEEDBACK[] =
    "parameters: {V: 20 L * (weight / 70 kg), k: 0.6 /h, kin: 2 mg/h, kout: 0.1 /h, IC: 0.3 mg/L, n: 1.4,\n"
    "  tau: 6 h, r0: kin / kout}\n"
    "variability:\n  - {of: V, cv: 40 %}\n  - {of: kout, cv: 60 %}\n"
    "flows: {a -> out: k}\nequations:\n"
    "  r: {unit: mg, rate: kin * (1 - (a/V/IC)^n / (1 + (a/V/IC)^n)) * (2 * r0 / (r0 + mod)) - kout * r,\n"
    "    start: r0}\n"
    "  mod: {unit: mg, rate: (r - mod) / tau, start: r0}\nroutes: {iv: a}\noutputs: {r: r, mod: mod, c: a / "
    "V}\n";

/* A drug that binds a receptor of which there is a constant amount: the equations keep a sum, so that no
 * interval brings it back where it was moved, and jumps are of no use. */
static const char RECEPTOR[] =
    "parameters: {Vm: 9 mg/h, Km: 15 mg, kon: 0.02 /mg/h, koff: 0.15 /h, all: 30 mg}\n"
    "variability:\n  - {of: kon, cv: 40 %}\n  - {of: Vm, cv: 20 %}\nequations:\n"
    "  a: {unit: mg, rate: -Vm * a / (Km + a) - kon * a * free + koff * bound}\n"
    "  free: {unit: mg, rate: koff * bound - kon * a * free, start: all}\n"
    "  bound: {unit: mg, rate: kon * a * free - koff * bound}\n"
    "routes: {iv: a}\noutputs: {a: a, free: free, bound: bound}\n";

/* Two steady states; which one is reached depends on where the body begins. */
static const char SWITCH[] =
    "parameters: {V: 10 L, k: 0.7 /h, base: 0.02 /h, per: 0.02 L/mg/h, gain: 0.33 /h, loss: 0.2 /h, begin: "
    "%s}\n"
    "flows: {a -> out: k}\nequations:\n"
    "  on: {unit: 1, rate: base + per * a / V + gain * on^4 / (1 + on^4) - loss * on, start: begin}\n"
    "routes: {iv: a}\noutputs: {on: on, c: a / V}\n";

static void test_pharma_steady__is_what_long_repetition_comes_to(void **state)
{
    compare_with_repetition(*state, FEEDBACK, rac_dose_infusion(0, 0, 35, 40 / 60.0), 24, 60, 1e-7);
    compare_with_repetition(*state, FEEDBACK, rac_dose_infusion(0, 0, 350, 40), 24, 60, 1e-7);
    compare_with_repetition(*state, RECEPTOR, rac_dose_bolus(0, 0, 20), 12, 80, 1e-7);
    const rac_dose little = rac_dose_bolus(0, 0, 2);
    const double low =
                     compare_with_repetition(*state, rac_format(*state, SWITCH, "0"), little, 12, 120, 1e-7),
                 high =
                     compare_with_repetition(*state, rac_format(*state, SWITCH, "2"), little, 12, 120, 1e-7);
    assert_true(low < 0.5 && high > 1);
}

/* ---- the same bits ---- */

enum { SUBJECTS = 83, FEW = 9, OUTPUTS = 2 };

typedef struct whole {
    double values[SUBJECTS * FEW * OUTPUTS];
    bool failed[SUBJECTS], unsettled[SUBJECTS];
} whole;

static void place_by_subject(void *context, const rac_population_tile *tile)
{
    whole *w = context;
    for (int s = 0; s < tile->subjects; s++) {
        const size_t subject = tile->first_subject + (size_t)s;
        w->failed[subject] = tile->failed >> s & 1;
        w->unsettled[subject] = tile->unsettled >> s & 1;
        for (size_t i = 0; i < FEW * OUTPUTS && !w->failed[subject]; i++)
            w->values[subject * FEW * OUTPUTS + i] = tile->values[i * RAC_TILE + (size_t)s];
    }
}

/* Some of them have no steady state, some settle soon, some late. */
static void test_pharma_steady__the_same_bits_for_any_division(void **state)
{
    static const char MIXED[] =
        "parameters: {Vm: 12 mg/h, Km: 20 mg, kout: 0.05 /h, half: 30 mg, kin: 0.05 /h}\n"
        "variability:\n  - {of: Vm, cv: 60 %}\n  - {of: kout, cv: 150 %}\nequations:\n"
        "  a: {unit: mg, rate: -Vm * a / (Km + a)}\n"
        "  r: {unit: 1, rate: kin / (1 + a / half) - kout * r * r, start: 1}\n"
        "routes: {iv: a}\noutputs: {a: a, r: r}\n";
    const double *times_h = grid(*state, 0, 16, FEW);
    rac_regimen regimen = rac_regimen_new(*state);
    rac_regimen_add(&regimen, steady(rac_dose_infusion(0, 0, 60, 2), 8));
    rac_population p = {.model = model_of(*state, MIXED),
                        .seed = 20261125,
                        .subjects = SUBJECTS,
                        .regimen = &regimen,
                        .times_h = times_h,
                        .times = FEW,
                        .constants = WEIGHT};
    rac_error err = {0};
    size_t failed = 0, count;
    whole *expected = rac_new(*state, whole), *parts = rac_new(*state, whole);
    check_ok(rac_population_run(*state, &p, place_by_subject, expected, &failed, &err));
    assert_in_range(failed, 5, SUBJECTS - 5);
    static const size_t blocks[] = {1, 3, 8, 50};
    for (size_t b = 0; b < 4; b++) {
        memset(parts, 0, sizeof *parts);
        for (size_t first = 0; first < SUBJECTS; first += blocks[b]) {
            p.first_subject = first;
            p.subjects = first + blocks[b] < SUBJECTS ? blocks[b] : SUBJECTS - first;
            check_ok(rac_population_run(*state, &p, place_by_subject, parts, &count, &err));
        }
        assert_memory_equal(expected, parts, sizeof *parts);
    }
    p.first_subject = 0;
    p.subjects = SUBJECTS;
    for (int threads = 2; threads <= 3; threads++) {
        void *contexts[] = {parts, parts, parts};
        memset(parts, 0, sizeof *parts);
        check_ok(
            rac_population_run_threads(*state, &p, threads, place_by_subject, contexts, NULL, &count, &err));
        assert_int_equal(count, failed);
        assert_memory_equal(expected, parts, sizeof *parts);
    }
}

static void test_pharma_steady__every_kernel_gives_the_same_bits(void **state)
{
    const char *text =
        "model: test\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\n"
        "parameters: {k: 0.6 /h, Vm: 12 mg/h, Km: 20 mg, kout: 0.02 /h, half: 30 mg}\n"
        "variability:\n  - {of: Vm, cv: 60 %}\n  - {of: kout, cv: 90 %}\n"
        "flows: {gut -> out: k}\nequations:\n"
        "  a: {unit: mg, rate: k * gut - Vm * a / (Km + a)}\n"
        "  r: {unit: 1, rate: kout / (1 + a / half) - kout * r, start: 1}\n"
        "routes: {mouth: gut}\noutputs: {a: a, r: r}\n";
    const double *times_h = grid(*state, 0, 16, FEW);
    for (int add = 0; add < 2; add++) {
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, steady(rac_dose_infusion(0, 0, 50, 2), 8));
        regimen.items[0].steady = add ? RAC_STEADY_ADD : RAC_STEADY_REPLACE;
        const rac_population p = {
            .model = read_model(*state, text, "test"), .regimen = &regimen, .times_h = times_h, .times = FEW};
        const rac_lanes *plain = solve_with(*state, &rac_kernel_plain, &p, true);
        const size_t size = sizeof(rac_lanes) * FEW * 2;
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2"))
            assert_memory_equal(plain, solve_with(*state, &rac_kernel_avx2, &p, true), size);
        if (__builtin_cpu_supports("avx512f"))
            assert_memory_equal(plain, solve_with(*state, &rac_kernel_avx512, &p, true), size);
#endif
        assert_true(plain[0][7] > 0);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_steady__##name, open_arena, close_arena)
RAC_TESTS(T(a_linear_model_written_as_equations_is_the_exact_one), T(slow_equations_are_not_waited_for),
          T(what_is_added_is_superposed), T(epochs_and_resets_go_on_from_there),
          T(saturable_elimination_has_its_least_amount), T(a_constant_infusion_has_its_plateau),
          T(what_goes_in_comes_out), T(intake_above_capacity_has_none), T(nothing_is_made_up),
          T(is_what_long_repetition_comes_to), T(the_same_bits_for_any_division),
          T(every_kernel_gives_the_same_bits))
