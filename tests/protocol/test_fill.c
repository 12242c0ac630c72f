/* Filling the site places, and naming what was adopted. */
#include "files.h"

static const char standard[] = "depression-iv-standard.yaml";

static rac_status fill(rac_arena *arena, const char *from, const char *to, bool demo_clinic,
                       const rac_protocol **filled, rac_problems *problems)
{
    rac_text values = file_text(arena, "demo-site.yaml");
    if (from)
        values = replaced(arena, values, from, to);
    *problems = rac_problems_init(arena);
    return rac_protocol_fill(arena, read_protocol(arena, standard), values, "site.yaml", demo_clinic, filled,
                             problems);
}

static void test_protocol_fill__places_take_their_values(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_problems problems;
    const rac_protocol *filled;
    assert_int_equal(fill(arena, NULL, NULL, true, &filled, &problems), RAC_OK);
    assert_int_equal(rac_protocol_open_places(filled), 0);
    assert_true(filled->demo);
    check_near(rac_protocol_place(filled, "hold_systolic")->value, 165, 1e-12, 0);
    check_near(rac_protocol_place(filled, "hold_spo2")->value, 90, 1e-12, 0);
    assert_true(filled->dose.cap_mg.millionths == 80000000);
    /* In another unit of the same kind. */
    assert_int_equal(fill(arena, "discharge_rest: 60 min", "discharge_rest: 1.5 h", true, &filled, &problems),
                     RAC_OK);
    check_near(rac_protocol_place(filled, "discharge_rest")->value, 90, 1e-12, 0);
    rac_arena_free(arena);
}

static void test_protocol_fill__refusals_stand_at_the_value(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *at, *message, *hint;
    } cases[] = {
        {"hold_systolic: 165 mmHg", "hold_systolic: 165", "hold_systolic", "no unit", ""},
        {"hold_systolic: 165 mmHg", "hold_systolic: 165 kg", "hold_systolic", "expected a pressure", ""},
        {"hold_systolic: 165 mmHg", "hold_systolic: 300 mmHg", "hold_systolic", "allowed 120 to 220 mmHg",
         "published"},
        {"hold_systolic: 165 mmHg", "hold_sistolic: 165 mmHg", "hold_sistolic", "unknown key",
         "hold_systolic"},
        {"  hold_systolic: 165 mmHg\n", "", "site:", "hold_systolic has no value", "120 to 220 mmHg"},
        {"hold_systolic: 165 mmHg", "hold_systolic: 190 mmHg", "hold_systolic",
         "does not come before stop 'systolic-stop'", "met first"},
        {"hold_systolic: 165 mmHg", "hold_systolic: 200 mmHg", "hold_systolic", "does not come before stop",
         "met first"},
        {"stop_diastolic: 115 mmHg", "stop_diastolic: 100 mmHg", "hold_diastolic",
         "does not come before stop", "met first"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        rac_problems problems;
        const rac_protocol *filled;
        assert_int_equal(fill(arena, cases[i].from, cases[i].to, true, &filled, &problems), RAC_INVALID);
        assert_null(filled);
        const rac_text text = replaced(arena, file_text(arena, "demo-site.yaml"), cases[i].from, cases[i].to);
        const int line = line_of(arena, text, cases[i].at);
        bool found = false;
        for (size_t k = 0; k < problems.count; k++)
            found |= problems.items[k].line >= line && problems.items[k].line <= line + 1 &&
                     strstr(problems.items[k].message, cases[i].message) &&
                     strstr(problems.items[k].hint, cases[i].hint);
        if (!found)
            print_problems(&problems);
        assert_true(found);
        rac_arena_free(arena);
    }
}

static void test_protocol_fill__demo_values_stay_in_the_demo(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_problems problems;
    const rac_protocol *filled;
    assert_int_equal(fill(arena, NULL, NULL, false, &filled, &problems), RAC_REFUSED);
    assert_null(filled);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].line, 3);
    check_contains(problems.items[0].message, "marked DEMO");
    check_contains(problems.items[0].hint, "medical director");
    /* The demonstration's file serves every shipped protocol; a clinic's own holds what its protocol asks. */
    assert_int_equal(fill(arena, "demo: true", "demo: false", false, &filled, &problems), RAC_INVALID);
    assert_int_equal(problems.count, 1);
    check_contains(problems.items[0].message, "unknown key 'step_up_below'");
    const rac_text own =
        replaced(arena, replaced(arena, file_text(arena, "demo-site.yaml"), "demo: true", "demo: false"),
                 "  step_up_below: 20 %", "#");
    problems = rac_problems_init(arena);
    assert_int_equal(
        rac_protocol_fill(arena, read_protocol(arena, standard), own, "own.yaml", false, &filled, &problems),
        RAC_OK);
    assert_false(filled->demo);
    problems = rac_problems_init(arena);
    assert_int_equal(rac_protocol_fill(arena, read_protocol(arena, "depression-iv-step-up.yaml"), own,
                                       "own.yaml", false, &filled, &problems),
                     RAC_INVALID);
    assert_int_equal(problems.count, 1);
    check_contains(problems.items[0].message, "step_up_below has no value");
    check_contains(problems.items[0].hint, "inadequate response");
    rac_arena_free(arena);
}

/* sha256sum of the file, a line feed and the site text; "" has the empty site text. */
static void test_protocol_hash__names_file_and_values(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *draft = read_protocol(arena, standard), *filled = filled_protocol(arena, standard);
    const char *text = rac_protocol_site_text(arena, filled);
    assert_string_equal(rac_protocol_site_text(arena, draft), "");
    assert_true(strncmp(text, "discharge_rest = 60 min\ndriving = 24 h\n", 39) == 0);
    check_contains(text, "\nmax_dose_mg = 80 mg\n");
    rac_protocol tiny = {.bytes = rac_text_of("abc")};
    /* printf 'abc\n' | sha256sum */
    assert_string_equal(rac_protocol_hash(arena, &tiny),
                        "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb");
    assert_string_equal(rac_protocol_hash(arena, filled),
                        rac_protocol_hash(arena, filled_protocol(arena, standard)));
    assert_string_not_equal(rac_protocol_hash(arena, filled), rac_protocol_hash(arena, draft));
    rac_problems problems;
    const rac_protocol *other;
    assert_int_equal(fill(arena, "driving: 24 h", "driving: 25 h", true, &other, &problems), RAC_OK);
    assert_string_not_equal(rac_protocol_hash(arena, filled), rac_protocol_hash(arena, other));
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_protocol_fill__places_take_their_values),
          cmocka_unit_test(test_protocol_fill__refusals_stand_at_the_value),
          cmocka_unit_test(test_protocol_fill__demo_values_stay_in_the_demo),
          cmocka_unit_test(test_protocol_hash__names_file_and_values))
