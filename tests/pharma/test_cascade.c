/* Equations that are linear one after another: found, solved by panels, and the same as all together. */
#include "check.h"

#include "pharma/by_kernel.h"
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

/* ---- the numbers of radau.h ---- */

static void test_pharma_cascade__integrals_are_exact_for_powers(void **state)
{
    (void)state;
    for (int power = 0; power < 2 * PANEL - 1; power++)
        for (int i = power < PANEL ? 0 : PANEL - 1; i < PANEL; i++) { /* to the end even powers up to 14 */
            double sum = 0;
            for (int j = 0; j < PANEL; j++)
                sum += PANEL_INTEGRAL[i][j] * pow(PANEL_NODE[j], power);
            check_near(sum, pow(PANEL_NODE[i], power + 1) / (power + 1), 1e-15, 0);
        }
}

static double legendre(int degree, double x)
{
    double before = 1, p = degree ? x : 1;
    for (int k = 2; k <= degree; k++) {
        const double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
        before = p;
        p = next;
    }
    return p;
}

static void test_pharma_cascade__coefficients_are_those_of_legendre(void **state)
{
    (void)state;
    for (int degree = 0; degree < PANEL; degree++)
        for (int k = 0; k < PANEL; k++) {
            double sum = 0;
            for (int j = 0; j < PANEL; j++)
                sum += PANEL_COEFFICIENT[k][j] * legendre(degree, 2 * PANEL_NODE[j] - 1);
            check_near(sum, degree == k, 1e-14, 0);
            check_near(PANEL_LEGENDRE[degree][k], legendre(degree, 2 * PANEL_NODE[k] - 1), 1e-15, 0);
        }
}

/* What P_k shares out to its neighbours is its integral, at every node; P8 is P7 there. */
static void test_pharma_cascade__shares_are_integrals(void **state)
{
    (void)state;
    for (int degree = 1; degree < PANEL; degree++)
        for (int i = 0; i < PANEL; i++) {
            const double x = 2 * PANEL_NODE[i] - 1;
            double sum = 0;
            for (int j = 0; j < PANEL; j++)
                sum += PANEL_INTEGRAL[i][j] * PANEL_LEGENDRE[degree][j];
            check_near(PANEL_SHARE[degree] * (legendre(degree + 1, x) - legendre(degree - 1, x)), sum, 1e-15,
                       0);
        }
}

/* ---- what is found ---- */

static bool is_cascade(rac_arena *arena, const char *equations)
{
    const char *body = rac_format(arena,
                                  "%sparameters: {V: 10 L, k: 0.5 /h, C: 1 mg/L}\nflows: {a -> out: k}\n"
                                  "equations:\n%sroutes: {iv: a}\noutputs: {x: x}\n",
                                  HEAD, equations);
    return read_model(arena, body, "test")->equations.is_cascade;
}

static void test_pharma_cascade__is_found_from_the_expressions(void **state)
{
    const char *y = "  y: {unit: 1, rate: k * (a / V / C)^2 - k * y}\n";
    assert_true(is_cascade(*state, "  x: {unit: 1, rate: k * (a / V / C)^2 - k * x}\n"));
    assert_true(
        is_cascade(*state, rac_format(*state, "  x: {unit: 1, rate: k * exp(y) - k * (1 + y) * x}\n%s", y)));
    assert_true(is_cascade(
        *state,
        rac_format(*state, "  x: {unit: 1, rate: if y > 0.2 then k - k * x else -k * x / 2}\n%s", y)));
    assert_true(is_cascade(*state, "  x: {unit: 1, rate: (k - -x * k) / (1 + a / 1 mg)}\n"));
    assert_false(is_cascade(*state, "  x: {unit: 1, rate: k * (a / V / C)^2 - k * x * x}\n"));
    assert_false(is_cascade(*state, "  x: {unit: 1, rate: 'k - k * max(x, 0.1)'}\n"));
    assert_false(
        is_cascade(*state, "  x: {unit: 1, rate: k - k * y}\n  y: {unit: 1, rate: k * exp(x) - k * y}\n"));
    assert_false(is_cascade(*state, "  x: {unit: 1, rate: k / (1 + x)}\n"));
    assert_false(is_cascade(*state, "  x: {unit: 1, rate: if x > 1 then k else -k * x}\n"));
}

/* ---- both ways ---- */

static const char CASCADE[] =
    "parameters: {V: 12 L, ka: 1.2 /h, k: 0.4 /h, C: 0.8 mg/L, n: 1.7, kout: 0.3 /h, fast: 2e4 /h, grow: "
    "0.01 /h}\n"
    "variability:\n  - {of: V, cv: 40 %}\n  - {of: kout, cv: 60 %}\n  - {of: fast, cv: 80 %}\n"
    "flows: {gut -> a: ka, a -> out: k}\nequations:\n"
    "  last: {unit: 1, rate: kout * mid - (kout + k * mid) * last, start: 0.5}\n" /* written before what
                                                                                     drives it */
    "  first: {unit: 1, rate: kout * (a/V/C)^n / (1 + (a/V/C)^n) - kout * first}\n"
    "  mid: {unit: 1, rate: fast * (first - mid)}\n"
    "  free: {unit: mg, rate: grow * free + k * a * first}\n" /* grows, and doses enter it */
    "routes: {oral: gut, other: free}\noutputs: {first: first, mid: mid, last: last, free: free, a: a}\n";

enum { SUBJECTS = 24, TIMES = 90, OUTPUTS = 5 };

static void take(void *context, const rac_population_tile *tile)
{
    double *all = context;
    const size_t row = tile->times * tile->outputs;
    for (int s = 0; s < tile->subjects; s++)
        for (size_t i = 0; i < row; i++)
            all[(tile->first_subject + (size_t)s) * row + i] = tile->values[i * RAC_TILE + (size_t)s];
}

static void run(rac_population p, double *all)
{
    rac_arena *arena = rac_arena_new();
    size_t failed;
    rac_error err = {0};
    check_ok(rac_population_run(arena, &p, take, all, &failed, &err));
    assert_int_equal(failed, 0);
    rac_arena_free(arena);
}

static rac_population population(rac_arena *arena, rac_regimen *regimen, double *times_h)
{
    *regimen = rac_regimen_new(arena);
    rac_dose oral = rac_dose_bolus(1, 0, 40);
    oral.additional = 3;
    oral.interval_h = 12;
    rac_regimen_add(regimen, oral);
    rac_regimen_add(regimen, rac_dose_infusion(5, 1, 3, 2));
    rac_regimen_add(regimen, rac_dose_mark(30, 0, RAC_DOSE_RESET));
    rac_regimen_add(regimen, rac_dose_bolus(31, 0, 25));
    for (int i = 0; i < TIMES; i++)
        times_h[i] = 0.5 * i;
    return (rac_population){.model = read_model(arena, rac_format(arena, "%s%s", HEAD, CASCADE), "test"),
                            .seed = 20261125,
                            .subjects = SUBJECTS,
                            .regimen = regimen,
                            .times_h = times_h,
                            .times = TIMES};
}

static void test_pharma_cascade__one_after_another_and_together_agree(void **state)
{
    rac_regimen regimen;
    double times_h[TIMES];
    rac_population p = population(*state, &regimen, times_h);
    assert_true(p.model->equations.is_cascade);
    double *panels = rac_many(*state, double, SUBJECTS *TIMES *OUTPUTS),
           *together = rac_many(*state, double, SUBJECTS *TIMES *OUTPUTS);
    const double tolerances[] = {1e-6, 1e-8, 1e-10};
    for (int t = 0; t < 3; t++) {
        p.tolerance = tolerances[t];
        p.together = false;
        run(p, panels);
        p.together = true;
        run(p, together);
        for (int s = 0; s < SUBJECTS; s++)
            for (int o = 0; o < OUTPUTS; o++) {
                double worst = 0, peak = 0;
                for (int i = 0; i < TIMES; i++) {
                    const int at = (s * TIMES + i) * OUTPUTS + o;
                    worst = fmax(worst, fabs(panels[at] - together[at]));
                    peak = fmax(peak, fabs(together[at]));
                }
                assert_true(peak > 0 && worst <= 5 * tolerances[t] * peak);
            }
    }
}

static void test_pharma_cascade__the_same_bits_for_any_division(void **state)
{
    rac_regimen regimen;
    double times_h[TIMES];
    rac_population p = population(*state, &regimen, times_h);
    const size_t size = sizeof(double) * SUBJECTS * TIMES * OUTPUTS;
    double *whole = rac_many(*state, double, SUBJECTS *TIMES *OUTPUTS);
    run(p, whole);
    for (size_t block = 1; block < 8; block += 3) {
        double *parts = calloc(1, size);
        for (size_t first = 0; first < SUBJECTS; first += block) {
            p.first_subject = first;
            p.subjects = first + block < SUBJECTS ? block : SUBJECTS - first;
            run(p, parts);
        }
        assert_memory_equal(whole, parts, size);
        free(parts);
    }
}

static void test_pharma_cascade__every_kernel_gives_the_same_bits(void **state)
{
    rac_regimen regimen;
    double times_h[TIMES];
    const rac_population p = population(*state, &regimen, times_h);
    const size_t size = sizeof(rac_lanes) * TIMES * (size_t)p.model->equations.count;
    for (int together = 0; together < 2; together++) {
        const rac_lanes *plain = solve_with(*state, &rac_kernel_plain, &p, together);
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2"))
            assert_memory_equal(plain, solve_with(*state, &rac_kernel_avx2, &p, together), size);
        if (__builtin_cpu_supports("avx512f"))
            assert_memory_equal(plain, solve_with(*state, &rac_kernel_avx512, &p, together), size);
#endif
        assert_true(plain[TIMES * 4 - 1][7] > 0 || plain[TIMES * 4 - 1][7] <= 0); /* a number */
    }
}

/* ---- doses that repeat ---- */

enum { COURSE_TIMES = 80, COURSE_DOSES = 10 };

static rac_population course(rac_arena *arena, rac_regimen *regimen, double *times_h, int doses)
{
    *regimen = rac_regimen_new(arena);
    rac_dose dose = rac_dose_infusion(0, 0, 40, 2);
    dose.additional = doses - 1;
    dose.interval_h = 24;
    rac_regimen_add(regimen, dose);
    for (int i = 0; i < COURSE_TIMES; i++)
        times_h[i] = 0.3 * doses * (i + 1);
    return (rac_population){.model = read_model(arena, rac_format(arena, "%s%s", HEAD, CASCADE), "test"),
                            .seed = 20261125,
                            .subjects = SUBJECTS,
                            .regimen = regimen,
                            .times_h = times_h,
                            .times = COURSE_TIMES};
}

/* Panels are found for the first dose and planned from the second on: exact as before, with fewer tried. */
static void test_pharma_cascade__panels_of_one_dose_serve_the_next(void **state)
{
    rac_regimen once, often;
    double short_h[COURSE_TIMES], times_h[COURSE_TIMES];
    rac_population one = course(*state, &once, short_h, 1), p = course(*state, &often, times_h, COURSE_DOSES);
    size_t tried_once, tried;
    solve_counting(*state, rac_kernel_best(), &one, false, &tried_once);
    solve_counting(*state, rac_kernel_best(), &p, false, &tried);
    assert_true(tried > 0 && tried < COURSE_DOSES * tried_once * 9 / 10);

    const size_t size = (size_t)SUBJECTS * COURSE_TIMES * OUTPUTS;
    double *usual = rac_many(*state, double, size), *tight = rac_many(*state, double, size);
    p.tolerance = 1e-8;
    run(p, usual);
    p.tolerance = 1e-12;
    run(p, tight);
    for (int s = 0; s < SUBJECTS; s++)
        for (int o = 0; o < OUTPUTS; o++) {
            double worst = 0, peak = 0;
            for (int i = 0; i < COURSE_TIMES; i++) {
                const int at = (s * COURSE_TIMES + i) * OUTPUTS + o;
                worst = fmax(worst, fabs(usual[at] - tight[at]));
                peak = fmax(peak, fabs(tight[at]));
            }
            assert_true(peak > 0 && worst <= 3e-8 * peak);
        }
}

/* Whether all of eight lanes repeat their panels decides what is computed again, never a number. */
static void test_pharma_cascade__who_else_repeats_changes_no_bit(void **state)
{
    rac_regimen regimen;
    double times_h[COURSE_TIMES];
    rac_population p = course(*state, &regimen, times_h, COURSE_DOSES);
    const size_t row = (size_t)COURSE_TIMES * OUTPUTS;
    double *whole = rac_many(*state, double, SUBJECTS *row), *alone = rac_many(*state, double, SUBJECTS *row);
    for (int together = 0; together < 2; together++) {
        p.together = together;
        p.first_subject = 0;
        p.subjects = SUBJECTS;
        run(p, whole);
        for (size_t s = 0; s < SUBJECTS; s += 5) {
            p.first_subject = s;
            p.subjects = 1;
            run(p, alone);
            assert_memory_equal(&whole[s * row], &alone[s * row], row * sizeof *whole);
        }
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_cascade__##name, open_arena, close_arena)
RAC_TESTS(T(integrals_are_exact_for_powers), T(coefficients_are_those_of_legendre), T(shares_are_integrals),
          T(is_found_from_the_expressions), T(one_after_another_and_together_agree),
          T(the_same_bits_for_any_division), T(every_kernel_gives_the_same_bits),
          T(panels_of_one_dose_serve_the_next), T(who_else_repeats_changes_no_bit))
