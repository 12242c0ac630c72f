/* Looking into models: their parts as written, what rests on what, and models with changed parameters. */
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

static rac_parameter_about about_of(rac_arena *arena, const rac_model *model, const char *name)
{
    rac_parameter_about about;
    const int parameter = rac_model_find_parameter(model, name);
    assert_true(parameter >= 0);
    rac_model_explain(arena, model, parameter, &about);
    return about;
}

static void test_pharma_model_look__parts_are_kept_as_written(void **state)
{
    const rac_model *model = shipped_model(*state, "racemic-arterial");
    const rac_model_shape *shape = rac_model_look(model);
    assert_int_equal(shape->arrow_count, 9); /* eight flows and what drives the effect site */
    assert_string_equal(shape->arrows[4].rate, "CL / V1");
    assert_false(shape->arrows[4].drives);
    assert_int_equal(shape->arrows[7].to, RAC_OUT);
    assert_true(shape->arrows[8].drives);
    assert_string_equal(rac_model_compartment_name(model, (size_t)shape->arrows[8].from), "central");
    const char *const effect = rac_model_compartment_name(model, (size_t)shape->arrows[8].to);
    assert_string_equal(effect, "effect");
    assert_string_equal(shape->equations[shape->arrows[8].to], "ke0 * (central / V1 - effect)");
    assert_string_equal(shape->units[shape->arrows[8].to], "mg/L");
    assert_string_equal(shape->units[shape->arrows[8].from], "mg");
    assert_string_equal(shape->volumes[shape->arrows[8].from], "V1");
    assert_null(shape->volumes[shape->arrows[8].to]);
    const int effect_s = rac_model_find_output(model, "effect_s");
    assert_true(rac_model_output_mentions(model, (size_t)effect_s, (size_t)shape->arrows[8].to));
    assert_false(rac_model_output_mentions(model, (size_t)effect_s, (size_t)shape->arrows[8].from));
}

static void test_pharma_model_look__equations_say_what_they_begin_at(void **state)
{
    const char *text = "model: t\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
                       "units: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, k: 1 /h, kin: 2 /h, "
                       "kout: 1 /h, EC: 1 mg/L}\n"
                       "flows: {a -> out: k}\nequations:\n"
                       "  r: {unit: 1, rate: kin * (1 + a / V / EC) - kout * r, start: kin / kout}\n"
                       "routes: {iv: a}\noutputs: {c: a / V, r: r}\n";
    const rac_model *model = read_model(*state, text, "t");
    const rac_model_shape *shape = rac_model_look(model);
    int r = 0;
    while (strcmp(rac_model_compartment_name(model, (size_t)r), "r") != 0)
        r++;
    assert_string_equal(shape->starts[r], "kin / kout");
    assert_null(shape->starts[1 - r]);
    const rac_parameter_about kin = about_of(*state, model, "kin");
    assert_int_equal(kin.use_count, 2);
    assert_string_equal(kin.uses[0].kind, "equation");
    assert_string_equal(kin.uses[1].kind, "start");
    assert_true(shape->arrows[1].drives && shape->arrows[1].to == r);
}

static void test_pharma_model_look__routes_show_their_parts(void **state)
{
    const rac_model *model = shipped_model(*state, "esketamine");
    const rac_model_shape *shape = rac_model_look(model);
    assert_int_equal(shape->entry_count, 6);
    assert_string_equal(shape->entries[1].fraction, "(1 - FRn) * Fgut");
    assert_string_equal(shape->entries[1].duration, "Dsw");
    assert_null(shape->entries[1].lag);
    assert_int_equal(shape->entries[5].route, rac_model_find_route(model, "intravenous"));
    assert_null(shape->entries[5].fraction);
}

static void test_pharma_model_look__a_parameter_knows_what_it_rests_on(void **state)
{
    const rac_model *model = shipped_model(*state, "esketamine");
    const rac_parameter_about later = about_of(*state, model, "FRlater"), qh = about_of(*state, model, "Qh");
    assert_string_equal(later.expression, "0.62 * FRn");
    assert_string_equal(later.unit, "1");
    assert_int_equal(later.covariate_count, 1); /* japanese, through FRn */
    assert_string_equal(rac_model_covariate(model, (size_t)later.covariates[0])->name, "japanese");
    assert_int_equal(later.rests_on_count, 1);
    assert_int_equal(later.deviation_count, 0);
    assert_int_equal(later.varies_with_count, 1); /* FR */
    assert_string_equal(rac_model_parameter_name(model, (size_t)later.varies_with[0]), "FR");
    assert_int_equal(later.use_count, 2); /* both parts of nasal_later */
    assert_string_equal(later.uses[0].kind, "route");
    assert_int_equal(qh.use_count, 2);
    assert_string_equal(qh.uses[0].name, "central -> liver");
    assert_string_equal(qh.uses[0].expression, "Qh / Vc");
    assert_int_equal(qh.deviation_count, 1);
    check_near(rac_deviation_cv(qh.deviations[0].sd), 0.232, 0, 1e-12); /* as printed: 23.2 % */
    assert_string_equal(rac_model_nearest_parameter(*state, model, "kmett"), "kmet");
    assert_null(rac_model_nearest_parameter(*state, model, "something else"));
}

/* 90 % of people within exp(+-1.645 omega), or the same on the logit scale. */
static void test_pharma_model_look__deviations_span_what_they_should(void **state)
{
    const rac_model *model = shipped_model(*state, "otto-2021-s-ketamine");
    const rac_parameter_about cl = about_of(*state, model, "CL");
    assert_int_equal(cl.deviation_count, 1);
    check_near(cl.deviations[0].sd * cl.deviations[0].sd, 0.026048, 1e-15,
               0); /* the second of a block of two */
    check_near(rac_deviation_moves(&cl.deviations[0], 95.2, 1.644854), 95.2 * exp(1.644854 * sqrt(0.026048)),
               0, 1e-13);
    const rac_deviation logit = {.kind = RAC_DEVIATION_LOGIT_NORMAL, .sd = 0.708},
                        plain = {.kind = RAC_DEVIATION_NORMAL, .sd = 2};
    const double moved = rac_deviation_moves(&logit, 0.54, 1);
    check_near(log(moved / (1 - moved)), log(0.54 / 0.46) + 0.708, 0, 1e-12);
    check_near(rac_deviation_moves(&plain, 3, -1), 1, 0, 0);
}

/* The curve of a changed model is that of a file with the changed numbers in it, bit for bit where the
 * product is. */
static void test_pharma_model_look__a_changed_model_is_the_file_changed(void **state)
{
    const double weight[] = {70}, times_h[] = {0.25, 0.5, 1, 2, 4, 8};
    const char *text = read_shipped(*state, "otto-2021-s-ketamine");
    const rac_model *model = read_model(*state, text, "otto");
    char *where = strstr(text, "  CL: {value: 95.2 L/h");
    assert_non_null(where);
    memcpy(where, "  CL: {value: 190.4L/h", 22); /* twice: an exact product */
    const rac_model *written = read_model(*state, text, "otto twice");
    rac_model *changed = NULL;
    rac_error err = {0};
    const rac_model_change change = {rac_model_find_parameter(model, "CL"), 2};
    check_ok(rac_model_modify(*state, model, &change, 1, &changed, &err));
    rac_regimen regimen = rac_regimen_new(*state);
    rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 10, 0.5));
    const double *a = typical_curve(*state, written, weight, &regimen, times_h, 6),
                 *b = typical_curve(*state, changed, weight, &regimen, times_h, 6),
                 *c = typical_curve(*state, model, weight, &regimen, times_h, 6);
    for (int i = 0; i < 12; i++)
        assert_memory_equal(&a[i], &b[i], sizeof a[i]);
    assert_true(c[0] > a[0] * 1.05); /* the original is as it was */
    const size_t n = rac_model_parameters(model);
    double before[64], after[64], slopes[64 * 64], changed_slopes[64 * 64];
    check_ok(rac_model_evaluate(*state, model, weight, NULL, before, slopes, &err));
    check_ok(rac_model_evaluate(*state, changed, weight, NULL, after, changed_slopes, &err));
    for (size_t i = 0; i < n; i++) {
        const double factor = (int)i == change.parameter ? 2 : 1;
        check_near(after[i], factor * before[i], 0, 0);
        for (size_t e = 0; e < rac_model_etas(model); e++)
            check_near(changed_slopes[i * rac_model_etas(model) + e],
                       factor * slopes[i * rac_model_etas(model) + e], 0, 1e-15);
    }
}

static void test_pharma_model_look__a_change_moves_what_is_written_in_its_terms(void **state)
{
    const rac_model *model = shipped_model(*state, "racemic-venous");
    const double weight[] = {70};
    double values[64];
    rac_model *changed = NULL;
    rac_error err = {0};
    const rac_model_change changes[] = {{rac_model_find_parameter(model, "CL"), 1.5},
                                        {rac_model_find_parameter(model, "CL"), 2}};
    check_ok(rac_model_modify(*state, model, changes, 2, &changed, &err)); /* one on top of the other */
    check_ok(rac_model_evaluate(*state, changed, weight, NULL, values, NULL, &err));
    check_near(values[rac_model_find_parameter(model, "CL")], 3 * 95.2, 0, 1e-15);
    check_near(values[rac_model_find_parameter(model, "CLr")], 3 * 95.2 / 1.14, 0, 1e-15);
    const rac_model_change bad[] = {{0, 0}, {0, -1}, {0, NAN}, {0, INFINITY}};
    for (int i = 0; i < 4; i++)
        check_status(rac_model_modify(*state, model, &bad[i], 1, &changed, &err), RAC_INVALID);
    const rac_model_change one = {0, 2};
    check_status(rac_model_modify(*state, shipped_model(*state, "zhao-2012"), &one, 1, &changed, &err),
                 RAC_REFUSED);
    check_contains(err.message, "V1 has no value");
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_model_look__##name, open_arena, close_arena)
RAC_TESTS(T(parts_are_kept_as_written), T(routes_show_their_parts), T(equations_say_what_they_begin_at),
          T(a_parameter_knows_what_it_rests_on), T(deviations_span_what_they_should),
          T(a_changed_model_is_the_file_changed), T(a_change_moves_what_is_written_in_its_terms))
