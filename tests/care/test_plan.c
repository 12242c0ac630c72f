/* From weight to pump rate: published vectors, guards, agreement of figures, typed quantities. */
#include "clinic.h"

static rac_status make(rac_arena *arena, const rac_protocol *protocol, const char *weight, rac_plan *plan,
                       rac_error *err)
{
    const rac_plan_request request = {.weight_kg = dec(weight), .weighed_at = minute(0)};
    return rac_plan_make(arena, protocol, &request, plan, err);
}

/* 0.5 mg/kg over 40 min made up to 50 mL: closed forms, 75 mL/h and 0.75 mg/kg/h whatever the weight. */
static void test_care_plan__published_arithmetic(void **state)
{
    (void)state;
    static const struct {
        const char *weight, *dose, *draw, *concentration, *mg_per_h;
    } rows[] = {
        {"52.0", "26", "0.52", "0.52", "39"},
        {"70.0", "35", "0.7", "0.7", "52.5"},
        {"98.5", "49.25", "0.985", "0.985", "73.88"}, /* 73.875 to two digits */
        {"130.0", "65", "1.3", "1.3", "97.5"},
    };
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_protocol *protocol = clinic_protocol(arena);
    protocol->preparation.draw_capacity_ml = dec("3"); /* the shipped 1 mL syringe does not hold 1.3 mL */
    protocol->preparation.draw_graduation_ml = dec("0.001");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_plan plan;
        check_ok(make(arena, protocol, rows[i].weight, &plan, &err));
        assert_int_equal(plan.ordered_mg.millionths, dec(rows[i].dose).millionths);
        assert_int_equal(plan.draw_ml.millionths, dec(rows[i].draw).millionths);
        assert_int_equal(plan.concentration_mg_per_ml.millionths, dec(rows[i].concentration).millionths);
        assert_int_equal(plan.rate_ml_per_h.millionths, dec("75").millionths);
        assert_int_equal(plan.rate_mg_per_h.millionths, dec(rows[i].mg_per_h).millionths);
        assert_int_equal(plan.rate_mg_per_kg_per_h.millionths, dec("0.75").millionths);
        assert_int_equal(plan.planned_min.millionths, dec("40").millionths);
        assert_int_equal(plan.left_in_vial_mg.millionths, 500000000 - dec(rows[i].dose).millionths);
    }
    rac_arena_free(arena);
}

static void refuses(rac_arena *arena, const rac_protocol *protocol, rac_plan_request request,
                    const char *guard)
{
    rac_plan plan;
    rac_error err = {0};
    check_status(rac_plan_make(arena, protocol, &request, &plan, &err), RAC_REFUSED);
    check_contains(err.detail, guard);
}

static void test_care_plan__every_guard_refuses(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *p = clinic_protocol(arena);
    const rac_plan_request good = {.weight_kg = dec("70"), .weighed_at = minute(0)};
    rac_plan_request r = good;
    refuses(arena, clinic_draft(arena), good, "draft");
    r.weight_kg = dec("29.9"), refuses(arena, p, r, "G12");
    r.weight_kg = dec("250.1"), refuses(arena, p, r, "G12");
    r.weight_kg = dec("0"), refuses(arena, p, r, "G12");
    r.weight_kg = dec("-70"), refuses(arena, p, r, "G12");
    r = good, r.dose_mg_per_kg = dec("1.001"), refuses(arena, p, r, "G05");
    r.dose_mg_per_kg = dec("50"), refuses(arena, p, r, "G05");
    r.dose_mg_per_kg = dec("0.0005"), refuses(arena, p, r, "G05"); /* mg taken for mcg */
    r.dose_mg_per_kg = dec("-0.5"), refuses(arena, p, r, "G05");
    r = good, r.weight_kg = dec("200"), refuses(arena, p, r, "G05"); /* 100 mg, ceiling 80 mg */
    r = good, r.duration_min = 0.9, refuses(arena, p, r, "G19");
    r.duration_min = -40, refuses(arena, p, r, "G19");
    r = good, r.vial_code = "KET-100-5", refuses(arena, p, r, "G03");
    r.vial_code = "KET-10-20", refuses(arena, p, r, "G03");
    r.vial_code = "ket-50-10", refuses(arena, p, r, "G03");
    r = good, r.weight_kg = dec("130"), refuses(arena, p, r, "G10"); /* 1.3 mL in a 1 mL syringe */
    r = good, r.duration_min = 2, refuses(arena, p, r, "G07");       /* 1500 mL/h */
    rac_protocol *other = clinic_protocol(arena);
    other->preparation.draw_graduation_ml = dec("0.1");
    r = good, r.weight_kg = dec("75"), refuses(arena, other, r, "G10"); /* 0.75 mL drawn as 0.8 mL */
    other = clinic_protocol(arena);
    rac_vial small = *other->preparation.stocked; /* 0.7 mL from a vial of 0.5 mL */
    small.container_ml = dec("0.5");
    other->preparation.stocked = &small;
    refuses(arena, other, good, "G01");
    other = clinic_protocol(arena), other->preparation.final_volume_ml = dec("60.1");
    refuses(arena, other, good, "G10");
    rac_arena_free(arena);
}

static void test_care_plan__a_changed_weight_is_confirmed(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_plan plan;
    const rac_protocol *p = clinic_protocol(arena);
    rac_plan_request r = {.weight_kg = dec("73.5"),
                          .course = {.has_last_weight = true, .last_weight_kg = 70}};
    check_ok(rac_plan_make(arena, p, &r, &plan, &err)); /* exactly the site's 5 % */
    r.weight_kg = dec("73.6");
    refuses(arena, p, r, "G12");
    r.weight_confirmed = true;
    check_ok(rac_plan_make(arena, p, &r, &plan, &err));
    assert_string_equal(plan.remarks[0].guard, "G12");
    r = (rac_plan_request){.weight_kg = dec("154.3"),
                           .course = {.has_last_weight = true, .last_weight_kg = 70}};
    check_status(rac_plan_make(arena, p, &r, &plan, &err), RAC_REFUSED);
    check_contains(err.hint, "pounds");
    rac_arena_free(arena);
}

static int64_t printed(double value, int digits)
{
    return llround(value * pow(10, digits));
}

/* RS-10.  The second road is long double from the raw inputs; a true tie is left to the exact one. */
static void test_care_plan__figures_agree_to_the_last_digit(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *p = clinic_protocol(arena);
    uint64_t seed = 20260201;
    int made = 0;
    for (int i = 0; i < 4000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const int64_t tenths = 300 + (int64_t)((seed >> 33) % 1300),
                      dose = 100 + (int64_t)((seed >> 20) % 700);
        const rac_plan_request r = {.weight_kg = {tenths * 100000},
                                    .dose_mg_per_kg = {dose * 1000},
                                    .duration_min = 20 + (double)((seed >> 50) % 100)};
        rac_plan plan;
        rac_error err = {0};
        if (rac_plan_make(arena, p, &r, &plan, &err)) {
            assert_null(strstr(err.message, "disagree"));
            continue;
        }
        made++;
        const double w = (double)tenths / 10, mg = rac_decimal_double(plan.drawn_mg);
        const double rate = rac_decimal_double(plan.rate_ml_per_h);
        check_near(rac_decimal_double(plan.rate_mg_per_h), rate * mg / 50, 0.005 + 1e-9, 0);
        check_near(rac_decimal_double(plan.rate_mg_per_kg_per_h), rate * mg / 50 / w, 0.0005 + 1e-9, 0);
        check_near(rac_decimal_double(plan.planned_min), 3000 / rate, 0.005 + 1e-9, 0);
        check_near(rac_decimal_double(plan.given_mg_per_kg), mg / w, 0.0005 + 1e-9, 0);
        assert_int_equal(printed(mg, 6), printed(50 * rac_decimal_double(plan.draw_ml), 6));
        assert_int_equal(plan.draw_ml.millionths + plan.diluent_ml.millionths, 50000000);
    }
    assert_true(made > 1000);
    rac_arena_free(arena);
}

static void test_care_plan__one_altered_digit_is_caught(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_plan plan;
    check_ok(make(arena, clinic_protocol(arena), "71.4", &plan, &err));
    check_ok(rac_plan_verify(&plan, &err));
    const struct {
        rac_decimal *figure;
        int64_t digit;
    } figures[] = {
        {&plan.weight_kg, 100000},
        {&plan.ordered_mg_per_kg, 1000},
        {&plan.ordered_mg, 1000},
        {&plan.strength_mg_per_ml, 1000},
        {&plan.container_ml, 1000},
        {&plan.draw_ml, 10000},
        {&plan.drawn_mg, 1},
        {&plan.diluent_ml, 1},
        {&plan.final_volume_ml, 1000},
        {&plan.concentration_mg_per_ml, 1},
        {&plan.rate_ml_per_h, 100000},
        {&plan.rate_mg_per_h, 10000},
        {&plan.rate_mg_per_kg_per_h, 1000},
        {&plan.planned_min, 10000},
        {&plan.given_mg_per_kg, 1000},
        {&plan.left_in_vial_mg, 1},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            const rac_decimal kept = *figures[i].figure;
            figures[i].figure->millionths += sign * figures[i].digit;
            check_status(rac_plan_verify(&plan, &err), RAC_REFUSED);
            *figures[i].figure = kept;
        }
    }
    rac_arena_free(arena);
}

static void test_care_plan__quantities_need_their_unit(void **state)
{
    (void)state;
    rac_decimal amount;
    bool pounds;
    rac_error err = {0};
    check_ok(rac_plan_quantity(rac_text_of("35.7 mg"), "mg", &amount, NULL, &err));
    assert_int_equal(amount.millionths, 35700000);
    check_ok(rac_plan_quantity(rac_text_of("0.5 mg/kg"), "mg/kg", &amount, NULL, &err));
    assert_int_equal(amount.millionths, 500000);
    static const char *const refused[][2] = {{"35.7", "mg"},      {"100 mg/mL", "mg"}, {"0.5 mL/kg", "mg/kg"},
                                             {"41.7 mg", "mL/h"}, {"157 lb", "kg"},    {"", "kg"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_true(rac_plan_quantity(rac_text_of(refused[i][0]), refused[i][1], &amount, NULL, &err) !=
                    RAC_OK);
    check_ok(rac_plan_quantity(rac_text_of("157 lb"), "kg", &amount, &pounds, &err));
    assert_true(pounds);
    assert_int_equal(amount.millionths, 71200000); /* 157 x 0.45359237 = 71.214 */
    check_ok(rac_plan_quantity(rac_text_of("71.4 kg"), "kg", &amount, &pounds, &err));
    assert_false(pounds);
}

static void test_care_plan__remarks_and_card_say_what_is_easily_mistaken(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_plan plan;
    const rac_protocol *p = clinic_protocol(arena);
    check_ok(make(arena, p, "71.5", &plan, &err));
    const char *card = rac_plan_card(arena, p, &plan, 0);
    static const char *const words[] = {"50 mg/mL, 10 mL, 500 mg in the whole vial",
                                        "[G04]",
                                        "[G10]",
                                        "[G20]",
                                        "75 mL/h",
                                        "mg/kg/h",
                                        "intravenous"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        check_contains(card, words[i]);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_plan__published_arithmetic),
          cmocka_unit_test(test_care_plan__every_guard_refuses),
          cmocka_unit_test(test_care_plan__a_changed_weight_is_confirmed),
          cmocka_unit_test(test_care_plan__figures_agree_to_the_last_digit),
          cmocka_unit_test(test_care_plan__one_altered_digit_is_caught),
          cmocka_unit_test(test_care_plan__quantities_need_their_unit),
          cmocka_unit_test(test_care_plan__remarks_and_card_say_what_is_easily_mistaken))
