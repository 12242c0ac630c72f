/* Amounts over durations: against a closed form, against running the population at the amount found, and for
 * one patient. */
#include "check.h"

#include "pharma/shipped.h"

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

#define HEAD                                                                                \
    "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n" \
    "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"

static const double WEIGHT[] = {80};

/* One compartment: an infusion of A over D peaks at its end with A / (D k V) (1 - exp(-k D)). */
static void test_pharma_search__one_compartment_has_a_closed_form(void **state)
{
    rac_arena *arena = *state;
    const rac_model *model =
        read_model(arena,
                   HEAD "parameters: {V: 10 L, k: 0.9 /h}\nflows: {a -> out: k}\nroutes: {iv: a}\n"
                        "outputs: {c: a / V}\n",
                   "m");
    static const double hours[] = {0.31, 2 / 3.0, 1.7}, shares[] = {0.5, 0.99};
    const rac_search_target targets[] = {
        {.target = {.level = 3, .probability = 0.95}},
        {.target = {.level = 0.5, .goal = true, .probability = 0.8}, .at_end = true},
        {.target = {.level = 0.2, .goal = true, .probability = 0.8, .from_h = 2.5, .until_h = 2.5}}};
    rac_search_request ask = {.covariates = WEIGHT,
                              .dose = rac_dose_infusion(0, 0, 0.5, 1),
                              .durations_h = hours,
                              .durations = 3,
                              .targets = targets,
                              .target_count = 3,
                              .after_h = 2,
                              .shares = shares,
                              .share_count = 2,
                              .subjects = 9};
    rac_search_point *points;
    rac_error err = {0};
    ask.dose.per_kg = true;
    check_ok(rac_pharma_search(arena, model, &ask, &points, &err));
    for (int i = 0; i < 3; i++) {
        const double d = hours[i], end = 80 / (d * 0.9 * 10) * (1 - exp(-0.9 * d)); /* of 1 mg/kg */
        const double later = end * exp(-0.9 * (2.5 - d));
        check_near(points[i].duration_h, d, 0, 0);
        check_near(points[i].most, 3 / end, 0, 1e-12);
        check_near(points[i].least, fmax(0.5 / end, 0.2 / later), 0, 1e-12);
        check_near(points[i].most_by_share[0], points[i].most, 0, 1e-12);
        check_near(points[i].most_by_share[1], points[i].most, 0, 1e-12);
        check_near(points[i].share[0], 0.5 * end <= 3, 0, 0);
        assert_true(points[i].possible);
        assert_int_equal(points[i].failed, 0);
    }
}

typedef struct counts {
    size_t held;
} counts;

static void count_held(void *context, const rac_population_tile *tile)
{
    counts *c = context;
    for (int s = 0; s < tile->subjects; s++) {
        double peak = 0, effect = 0;
        for (size_t t = 0; t < tile->times; t++) {
            peak = fmax(peak, tile->values[(t * tile->outputs) * RAC_TILE + (size_t)s]);
            effect = fmax(effect, tile->values[(t * tile->outputs + 2) * RAC_TILE + (size_t)s]);
        }
        c->held += peak <= 0.3 && effect <= 0.11;
    }
}

/* Two limits at once, the second on the effect site: at the amount of the 80 % line both hold together in 80
 * % of the people, a hair above it in one fewer. */
static void test_pharma_search__a_line_of_equal_share_is_one(void **state)
{
    enum { PEOPLE = 500 };
    rac_arena *arena = *state;
    const rac_model *model = shipped_model(arena, "racemic-arterial");
    static const double hours[] = {0.5, 1}, shares[] = {0.8};
    const rac_search_target limits[] = {
        {.target = {.output = rac_model_find_output(model, "ketamine"), .level = 0.3, .probability = 0.95}},
        {.target = {.output = rac_model_find_output(model, "effect_s"), .level = 0.11, .probability = 0.8}}};
    assert_int_equal(limits[0].target.output, 0);
    assert_int_equal(limits[1].target.output, 2);
    const rac_search_request ask = {.covariates = WEIGHT,
                                    .dose = rac_dose_infusion(0, 0, 40, 1),
                                    .durations_h = hours,
                                    .durations = 2,
                                    .targets = limits,
                                    .target_count = 2,
                                    .after_h = 1,
                                    .shares = shares,
                                    .share_count = 1,
                                    .subjects = PEOPLE,
                                    .seed = 3};
    rac_search_point *points;
    rac_error err = {0};
    check_ok(rac_pharma_search(arena, model, &ask, &points, &err));
    double times_h[181];
    for (int i = 0; i < 181; i++)
        times_h[i] = i / 60.0;
    for (int i = 0; i < 2; i++)
        for (int above = 0; above < 2; above++) {
            rac_regimen regimen = rac_regimen_new(arena);
            rac_regimen_add(
                &regimen, rac_dose_infusion(0, 0, points[i].most_by_share[0] * (above ? 1 + 1e-9 : 1 - 1e-9),
                                            hours[i]));
            const rac_population people = {.model = model,
                                           .seed = 3,
                                           .subjects = PEOPLE,
                                           .regimen = &regimen,
                                           .times_h = times_h,
                                           .times = (size_t)(60 * (hours[i] + 1)) + 1,
                                           .constants = WEIGHT};
            counts c = {0};
            size_t failed;
            check_ok(rac_population_run(arena, &people, count_held, &c, &failed, &err));
            assert_int_equal(c.held, above ? PEOPLE * 8 / 10 - 1 : PEOPLE * 8 / 10);
        }
    assert_true(points[1].most > points[0].most); /* slower allows more */
}

/* One patient's deviations: known, so every virtual patient is the same one and the share is all or none. */
static void test_pharma_search__a_known_patient_is_a_quotient(void **state)
{
    enum { COPIES = 16 };
    rac_arena *arena = *state;
    const rac_model *model =
        read_model(arena,
                   HEAD "parameters: {V: 10 L, k: 0.9 /h}\nvariability:\n  - {of: V, variance: 0.09}\n"
                        "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n",
                   "m");
    static const double hours[] = {1};
    double etas[COPIES];
    for (int i = 0; i < COPIES; i++)
        etas[i] = 0.4;
    const rac_search_target limit = {.target = {.level = 3, .probability = 0.95}};
    rac_search_request ask = {.covariates = WEIGHT,
                              .dose = rac_dose_infusion(0, 0, 30, 1),
                              .durations_h = hours,
                              .durations = 1,
                              .targets = &limit,
                              .target_count = 1,
                              .after_h = 1,
                              .subjects = COPIES,
                              .etas = etas};
    rac_search_point *points;
    rac_error err = {0};
    check_ok(rac_pharma_search(arena, model, &ask, &points, &err));
    check_near(points[0].most, 3 * 10 * exp(0.4) * 0.9 / (1 - exp(-0.9)), 0, 1e-12);
    check_near(points[0].share_of_limits, 1, 0, 0);
    /* and questions that make no sense are refused */
    ask.dose.kind = RAC_DOSE_BOLUS;
    check_status(rac_pharma_search(arena, model, &ask, &points, &err), RAC_INVALID);
    ask.dose.kind = RAC_DOSE_INFUSION;
    ask.after_h = NAN;
    check_status(rac_pharma_search(arena, model, &ask, &points, &err), RAC_INVALID);
    ask.after_h = 1;
    ask.target_count = 0;
    check_status(rac_pharma_search(arena, model, &ask, &points, &err), RAC_INVALID);
    const rac_search_target backwards = {
        .target = {.level = 3, .probability = 0.95, .from_h = 2, .until_h = 1}};
    ask.targets = &backwards;
    ask.target_count = 1;
    check_status(rac_pharma_search(arena, model, &ask, &points, &err), RAC_INVALID);
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_search__##name, open_arena, close_arena)
RAC_TESTS(T(one_compartment_has_a_closed_form), T(a_line_of_equal_share_is_one),
          T(a_known_patient_is_a_quotient))
