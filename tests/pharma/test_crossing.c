/* When an output first crosses a level: closed forms, both directions, jumps, subjects who never do. */
#include "check.h"

#include "pharma/shipped.h"

static const char HEAD[] =
    "model: test\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [1, 500]}}\n";

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

static void find(rac_arena *arena, rac_population p, rac_crossing ask, double *times_h, size_t expect_failed)
{
    size_t failed = 0;
    rac_error err = {0};
    check_ok(rac_population_crossings(arena, &p, &ask, times_h, &failed, &err));
    assert_int_equal(failed, expect_failed);
}

/* c = 100 / weight exp(-0.3 (t - 1)) falls below 2 at 1 + log(50 / weight) / 0.3. */
static void test_pharma_crossing__a_falling_concentration_follows_its_closed_form(void **state)
{
    const rac_model *model =
        read_model(*state,
                   rac_format(*state,
                              "%sparameters: {V: 1 L/kg * weight}\nflows: {a -> out: 0.3 /h}\n"
                              "routes: {iv: a}\noutputs: {c: a / V}\n",
                              HEAD),
                   "test");
    double weights[13], times_h[13];
    const double *columns[] = {weights};
    for (int i = 0; i < 13; i++)
        weights[i] = 5 + 7 * i; /* the last are never above 2 */
    rac_regimen regimen = rac_regimen_new(*state);
    rac_regimen_add(&regimen, rac_dose_bolus(1, 0, 100));
    const rac_population p = {
        .model = model, .subjects = 13, .regimen = &regimen, .columns = columns, .typical = true};
    find(*state, p, (rac_crossing){.level = 2, .way = RAC_CROSSING_DOWN, .until_h = 48}, times_h, 0);
    for (int i = 0; i < 13; i++) {
        if (weights[i] < 50)
            check_near(times_h[i], 1 + log(50 / weights[i]) / 0.3, 1e-9, 0);
        else
            assert_true(isnan(times_h[i]));
    }
    find(*state, p, (rac_crossing){.level = 2, .way = RAC_CROSSING_UP, .until_h = 48}, times_h, 0);
    for (int i = 0; i < 13 && weights[i] < 50; i++)
        check_near(times_h[i], 1, 1e-6, 0); /* the bolus itself */
    find(*state, p, (rac_crossing){.level = 2, .way = RAC_CROSSING_UP, .from_h = 1.5, .until_h = 48}, times_h,
         0);
    assert_true(isnan(times_h[0])); /* passed already */
}

/* Logistic growth from 0.1 reaches half its limit at log(49) / r; a subject that blows up is counted. */
static void test_pharma_crossing__an_equation_is_followed_too(void **state)
{
    const rac_model *model = read_model(
        *state,
        rac_format(
            *state,
            "%sparameters: {r: 0.01 /kg/h * weight, K: 5 mg, k: 0.005 /kg/h * weight}\nequations:\n"
            "  y: {unit: mg, rate: r * y * (1 - y / K), start: 0.1 mg}\n"
            "  z: {unit: mg, rate: if weight > 300 kg then k * z * z / 1 mg else -k * z, start: 1 mg}\n"
            "routes: {iv: y}\noutputs: {y: y, z: z}\n",
            HEAD),
        "test");
    const double weights[] = {40, 70, 400}, *columns[] = {weights};
    double times_h[3];
    const rac_regimen none = rac_regimen_new(*state);
    const rac_population p = {
        .model = model, .subjects = 3, .regimen = &none, .columns = columns, .typical = true};
    find(*state, p, (rac_crossing){.level = 2.5, .until_h = 60, .looks = 50}, times_h, 1);
    check_near(times_h[0], log(49) / 0.4, 1e-6, 0);
    check_near(times_h[1], log(49) / 0.7, 1e-6, 0);
    assert_true(isnan(times_h[2]));
}

static void test_pharma_crossing__what_cannot_be_looked_for_is_refused(void **state)
{
    const rac_model *model = shipped_model(*state, "racemic-arterial");
    const rac_regimen none = rac_regimen_new(*state);
    const double weight[] = {70};
    const rac_population p = {.model = model, .subjects = 1, .regimen = &none, .constants = weight};
    const rac_crossing asks[] = {{.output = 9, .until_h = 1},
                                 {.level = NAN, .until_h = 1},
                                 {.until_h = 0},
                                 {.until_h = 1, .looks = 1},
                                 {.until_h = 1, .within_h = -1}};
    for (int i = 0; i < 5; i++) {
        double time_h;
        size_t failed;
        rac_error err = {0};
        assert_int_equal(rac_population_crossings(*state, &p, &asks[i], &time_h, &failed, &err), RAC_INVALID);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_crossing__##name, open_arena, close_arena)
RAC_TESTS(T(a_falling_concentration_follows_its_closed_form), T(an_equation_is_followed_too),
          T(what_cannot_be_looked_for_is_refused))
