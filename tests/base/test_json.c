/* JSON: strict reading with places, canonical printing. */
#include "check.h"

#include "base/json.h"

static void test_base_json__refusals_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        rac_status status;
        int line;
        const char *words;
    } cases[] = {
        {"", RAC_INVALID, 1, "not JSON"},
        {"5", RAC_INVALID, 1, "not JSON"},
        {"{\n \"a\": 1,\n \"a\": 2}", RAC_INVALID, 3, "duplicate"},
        {"[1] x", RAC_INVALID, 1, "end of file expected"},
        {"[\n01]", RAC_INVALID, 2, "not JSON"},
        {"[\"\\u0000\"]", RAC_INVALID, 1, "u0000"},
        {"[\"\xFF\"]", RAC_INVALID, 1, "decode byte 0xff"},
        {"[1,\n[[[[1]]]]]", RAC_LIMIT, 2, "more than 4 deep"},
        {"[\"[[[[[[[[\",1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]", RAC_LIMIT, 0, "allowed 40"},
    };
    const rac_json_limits limits = {.max_bytes = 40, .max_depth = 4};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_error err = {0};
        json_t *value = NULL;
        check_status(rac_json_parse(rac_text_of(cases[i].text), &limits, &value, &err), cases[i].status);
        assert_null(value);
        check_contains(err.message, cases[i].words);
        assert_int_equal(err.line, cases[i].line);
    }
    rac_error err = {0};
    json_t *value = NULL;
    check_ok(rac_json_parse(rac_text_of("[[[[\"]]{{{\\\"[[[\"]]]]"), &limits, &value, &err));
    json_decref(value);
}

static void test_base_json__the_column_counts_bytes(void **state)
{
    (void)state;
    rac_error err = {0};
    json_t *value = NULL;
    check_status(rac_json_parse(rac_text_of("[\n\"\xC3\xA9\", tru]"), NULL, &value, &err), RAC_INVALID);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 10); /* behind the word that is not known */
}

static void test_base_json__equal_values_print_equal_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"{ \"b\" : [1, 2.50, -0.0, 1e2], \"a\" : {\"z\":null, \"y\":true, \"x\":false} }",
         "{\"a\":{\"x\":false,\"y\":true,\"z\":null},\"b\":[1,2.5,-0.0,100.0]}"},
        {"[0.1, 1e-7, 5e-324, 9007199254740993, \"\\u00e9\\/\\n\\u0001\\\"\\\\\"]",
         "[0.1,1e-07,5e-324,9007199254740993,\"\xC3\xA9/\\n\\u0001\\\"\\\\\"]"},
        {"{}", "{}"},
        {"[]", "[]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        json_t *value = NULL, *again = NULL;
        check_ok(rac_json_parse(rac_text_of(cases[i].text), NULL, &value, &err));
        const char *const printed = rac_json_print(arena, value);
        assert_string_equal(printed, cases[i].canonical);
        check_ok(rac_json_parse(rac_text_of(printed), NULL, &again, &err));
        assert_true(json_equal(value, again));
        json_decref(value);
        json_decref(again);
        rac_arena_free(arena);
    }
}

RAC_TESTS(cmocka_unit_test(test_base_json__refusals_say_where),
          cmocka_unit_test(test_base_json__the_column_counts_bytes),
          cmocka_unit_test(test_base_json__equal_values_print_equal_bytes))
