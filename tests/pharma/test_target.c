/* Factors on a plan: against a closed form, against running the population at the factor found, and at the
 * edges. */
#include "check.h"

#include "pharma/shipped.h"

enum { TIMES = 121, SUBJECTS = 400 };

typedef struct fixture {
    rac_arena *arena;
    rac_regimen planned, given;
    double times_h[TIMES], weight[1];
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->planned = rac_regimen_new(f->arena);
    f->given = rac_regimen_new(f->arena);
    f->weight[0] = 70;
    for (int i = 0; i < TIMES; i++)
        f->times_h[i] = i / 60.0;
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

static rac_target_answer ask(fixture *f, const rac_model *model, bool with_given, const rac_target *targets,
                             size_t count)
{
    const rac_target_request request = {.covariates = f->weight,
                                        .given = with_given ? &f->given : NULL,
                                        .planned = &f->planned,
                                        .times_h = f->times_h,
                                        .times = TIMES,
                                        .targets = targets,
                                        .target_count = count,
                                        .subjects = SUBJECTS,
                                        .seed = 11};
    rac_target_answer answer;
    rac_error err = {0};
    check_ok(rac_pharma_target(f->arena, model, &request, &answer, &err));
    assert_int_equal(answer.failed, 0);
    return answer;
}

typedef struct counts {
    double level;
    size_t output, below;
} counts;

static void count_below(void *context, const rac_population_tile *tile)
{
    counts *c = context;
    for (int s = 0; s < tile->subjects; s++) {
        double peak = 0;
        for (size_t t = 0; t < tile->times; t++)
            peak = fmax(peak, tile->values[(t * tile->outputs + c->output) * RAC_TILE + (size_t)s]);
        c->below += peak <= c->level;
    }
}

/* Without variability the factor is level over peak; a dose of 10 mg in 10 L peaks at 1 mg/L. */
static void test_pharma_target__a_typical_patient_is_a_quotient(void **state)
{
    fixture *f = *state;
    const rac_model *model = read_model(
        f->arena,
        "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
        "parameters: {V: 10 L, k: 0.3 /h}\nflows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n",
        "m");
    rac_regimen_add(&f->planned, rac_dose_bolus(1, 0, 10));
    rac_regimen_add(&f->given, rac_dose_bolus(0, 0, 5));
    const rac_target targets[] = {{.output = 0, .level = 3, .probability = 0.9},
                                  {.output = 0, .level = 1.5, .goal = true, .probability = 0.5}};
    rac_target_answer answer = ask(f, model, false, targets, 2);
    check_near(answer.most, 3, 0, 1e-12);
    check_near(answer.least, 1.5, 0, 1e-12);
    assert_true(answer.possible);
    check_near(answer.share_at_one[0], 1, 0, 0);
    check_near(answer.share_at_one[1], 0, 0, 0);
    answer = ask(f, model, true, targets, 2);
    check_near(answer.most, 3 - 0.5 * exp(-0.3), 0, 1e-12);
    check_near(answer.least, 1.5 - 0.5 * exp(-0.3), 0, 1e-12);
}

/* At the factor found, at least the stated share stays below the limit; a hair above it, fewer do. */
static void test_pharma_target__the_stated_share_holds_and_no_more(void **state)
{
    fixture *f = *state;
    const rac_model *model = shipped_model(f->arena, "racemic-arterial");
    rac_regimen_add(&f->planned, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    const rac_target limit = {
        .output = rac_model_find_output(model, "ketamine"), .level = 0.3, .probability = 0.95};
    const rac_target_answer answer = ask(f, model, false, &limit, 1);
    assert_true(answer.most > 0.8 && answer.most < 1.4);
    for (int above = 0; above < 2; above++) {
        rac_regimen scaled = rac_regimen_new(f->arena);
        rac_regimen_add(&scaled,
                        rac_dose_infusion(0, 0, 35 * answer.most * (above ? 1 + 1e-9 : 1 - 1e-9), 40 / 60.0));
        const rac_population p = {.model = model,
                                  .seed = 11,
                                  .subjects = SUBJECTS,
                                  .regimen = &scaled,
                                  .times_h = f->times_h,
                                  .times = TIMES,
                                  .constants = f->weight};
        counts c = {.level = 0.3, .output = (size_t)limit.output};
        size_t failed;
        rac_error err = {0};
        check_ok(rac_population_run(f->arena, &p, count_below, &c, &failed, &err));
        assert_int_equal(c.below, above ? SUBJECTS * 95 / 100 - 1 : SUBJECTS * 95 / 100);
    }
}

static void test_pharma_target__contradictions_and_broken_limits_are_said(void **state)
{
    fixture *f = *state;
    const rac_model *model = shipped_model(f->arena, "racemic-arterial");
    rac_regimen_add(&f->planned, rac_dose_infusion(1, 0, 35, 40 / 60.0));
    rac_regimen_add(&f->given, rac_dose_bolus(0.5, 0, 100));
    const rac_target both[] = {{.level = 0.1, .probability = 0.9},
                               {.level = 0.5, .goal = true, .probability = 0.9, .from_h = 1, .until_h = 2}};
    rac_target_answer answer = ask(f, model, false, both, 2);
    assert_false(answer.possible);
    assert_true(answer.most < answer.least);
    answer = ask(f, model, true, both, 1); /* 100 mg at once has broken it in everybody */
    check_near(answer.most, 0, 0, 0);
    assert_false(answer.possible);
    rac_regimen_add(&f->planned, rac_dose_mark(1, 0, RAC_DOSE_RESET));
    rac_target_request request = {.covariates = f->weight,
                                  .planned = &f->planned,
                                  .times_h = f->times_h,
                                  .times = TIMES,
                                  .targets = both,
                                  .target_count = 1,
                                  .subjects = 8};
    rac_error err = {0};
    check_status(rac_pharma_target(f->arena, model, &request, &answer, &err), RAC_UNSUPPORTED);
    const rac_target wrong = {.output = 9, .level = 1};
    request.targets = &wrong;
    check_status(rac_pharma_target(f->arena, model, &request, &answer, &err), RAC_INVALID);
}

/* An effect that saturates is no quotient: 100 c / (2 + c) touches 60 at c = 3, and 25 at 2/3. */
static void test_pharma_target__effects_that_saturate_are_interpolated(void **state)
{
    fixture *f = *state;
    static const char text[] =
        "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
        "parameters: {V: 10 L, k: 0.3 /h}\nflows: {a -> out: k}\nroutes: {iv: a}\n"
        "outputs: {e: 100 * (a / V) / (2 mg/L + a / V), rest: 10 mg/L / (2 mg/L + a / V)}\n";
    const rac_model *model = read_model(f->arena, text, "m");
    rac_regimen_add(&f->planned, rac_dose_bolus(1, 0, 10));
    rac_regimen_add(&f->given, rac_dose_bolus(0, 0, 5));
    const rac_target targets[] = {
        {.output = 0, .level = 60, .probability = 0.9},
        {.output = 0, .level = 25, .goal = true, .probability = 0.5, .from_h = 1, .until_h = 2}};
    rac_target_answer answer = ask(f, model, false, targets, 2);
    assert_true(answer.interpolated && answer.possible);
    check_near(answer.most, 3, 0, 0.002);
    check_near(answer.least, 2 / 3.0, 0, 0.002);
    check_near(answer.share_at_one[0], 1, 0, 0);
    answer = ask(f, model, true, targets, 2);
    check_near(answer.most, 3 - 0.5 * exp(-0.3), 0, 0.002);
    check_near(answer.least, 2 / 3.0 - 0.5 * exp(-0.3), 0, 0.002);
    const rac_target never = {.output = 0, .level = 100, .probability = 0.9};
    assert_true(isinf(ask(f, model, false, &never, 1).most));
    const rac_target falling = {.output = 1, .level = 100, .probability = 0.9};
    const rac_target_request request = {.covariates = f->weight,
                                        .planned = &f->planned,
                                        .times_h = &f->times_h[60],
                                        .times = 2,
                                        .targets = &falling,
                                        .target_count = 1,
                                        .subjects = 8};
    rac_error err = {0};
    check_status(rac_pharma_target(f->arena, model, &request, &answer, &err), RAC_UNSUPPORTED);
    check_contains(err.message, "rest falls while the dose rises");
}

/* Elimination that saturates, in people who differ: a hundredth below the factor found the limit holds in the
 * stated share, a hundredth above it does not. */
static void test_pharma_target__saturating_people_hold_the_limit_too(void **state)
{
    fixture *f = *state;
    const rac_model *model = read_model(
        f->arena,
        "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
        "parameters: {V: 10 L, vm: 20 mg/h, km: 2 mg/L}\nvariability:\n  - {of: [V, vm], covariance: "
        "[[0.04], [0.01, 0.09]]}\n"
        "equations: {a: {unit: mg, rate: -vm * a / (km * V + a)}}\nroutes: {iv: a}\noutputs: {c: a / V}\n",
        "m");
    rac_regimen_add(&f->planned, rac_dose_infusion(0, 0, 40, 1));
    const rac_target limit = {.output = 0, .level = 3, .probability = 0.9};
    const rac_target_answer answer = ask(f, model, false, &limit, 1);
    assert_true(answer.interpolated && answer.most > 0.5 && answer.most < 1.5);
    for (int above = 0; above < 2; above++) {
        rac_regimen scaled = rac_regimen_new(f->arena);
        rac_regimen_add(&scaled, rac_dose_infusion(0, 0, 40 * answer.most * (above ? 1.01 : 0.99), 1));
        const rac_population p = {.model = model,
                                  .seed = 11,
                                  .subjects = SUBJECTS,
                                  .regimen = &scaled,
                                  .times_h = f->times_h,
                                  .times = TIMES,
                                  .constants = f->weight};
        counts c = {.level = 3};
        size_t failed;
        rac_error err = {0};
        check_ok(rac_population_run(f->arena, &p, count_below, &c, &failed, &err));
        assert_true(above ? c.below < SUBJECTS * 9 / 10 : c.below >= SUBJECTS * 9 / 10);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_target__##name, open_fixture, close_fixture)
RAC_TESTS(T(a_typical_patient_is_a_quotient), T(the_stated_share_holds_and_no_more),
          T(contradictions_and_broken_limits_are_said), T(effects_that_saturate_are_interpolated),
          T(saturating_people_hold_the_limit_too))
