/* The canonical form of bodies: the same facts give the same bytes, and only JSON gets in. */
#include "check.h"
#include "store/store.h"

static void test_store_canonical__sorts_and_packs_and_keeps_every_digit(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"{}", "{}"},
        {" { \"b\" : 1 , \"a\" : [ ] } ", "{\"a\":[],\"b\":1}"},
        {"{\"dose_mg\": 35.70, \"at\": -1.50E+03}", "{\"at\":-1.50E+03,\"dose_mg\":35.70}"},
        {"{\"z\":{\"y\":[true,false,null,{\"b\":0,\"a\":\"\\u00eb\\\"\"}]},\"\":0}",
         "{\"\":0,\"z\":{\"y\":[true,false,null,{\"a\":\"\\u00eb\\\"\",\"b\":0}]}}"},
        {"{\"ab\":1,\"a\":2,\"\xC3\xA9\":3,\"B\":4}", "{\"B\":4,\"a\":2,\"ab\":1,\"\xC3\xA9\":3}"},
        {"{\"pair\":\"\\ud83d\\uDC89\"}", "{\"pair\":\"\\ud83d\\uDC89\"}"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        const char *canonical = NULL, *again = NULL;
        check_ok(rac_store_canonical(arena, rac_text_of(pairs[i][0]), &canonical, &err));
        assert_string_equal(canonical, pairs[i][1]);
        check_ok(rac_store_canonical(arena, rac_text_of(canonical), &again, &err));
        assert_string_equal(again, canonical);
        rac_arena_free(arena);
    }
}

static void test_store_canonical__refuses_what_is_not_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "[]",
        "1",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":NaN}",
        "{\"a\":tru}",
        "{\"a\":\"x}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"\\u0061\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"b\":1,\"a\":1,\"b\":2}",
        "{} {}",
        "{\"a\":[1 2]}",
        "{\"a\":[1,]}",
        "{\"a\":\"\xff\"}",
        "{'a':1}",
        "{\"a\":1}x",
        "{\"a\":\"\\",
        "{\"a\":\"\\u12",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        const char *canonical = NULL;
        const rac_status status = rac_store_canonical(arena, rac_text_of(bad[i]), &canonical, &err);
        if (status != RAC_INVALID)
            fprintf(stderr, "accepted: %s\n", bad[i]);
        assert_int_equal(status, RAC_INVALID);
        assert_null(canonical);
        rac_arena_free(arena);
    }
}

static char *nested(rac_arena *arena, int depth)
{
    char *text = rac_string_copy(arena, "{\"a\":");
    for (int i = 1; i < depth; i++)
        text = rac_format(arena, "%s[", text);
    text = rac_format(arena, "%s%s", text, "1");
    for (int i = 1; i < depth; i++)
        text = rac_format(arena, "%s]", text);
    return rac_format(arena, "%s}", text);
}

static void test_store_canonical__depth_and_size_are_bounded(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const char *canonical;
    check_ok(
        rac_store_canonical(arena, rac_text_of(nested(arena, RAC_STORE_BODY_DEPTH - 1)), &canonical, &err));
    check_status(
        rac_store_canonical(arena, rac_text_of(nested(arena, RAC_STORE_BODY_DEPTH + 1)), &canonical, &err),
        RAC_LIMIT);
    char *large = rac_format(arena, "{\"a\":\"%0*d\"}", RAC_STORE_BODY_MAX - 8, 0);
    assert_int_equal(strlen(large), RAC_STORE_BODY_MAX);
    check_ok(rac_store_canonical(arena, rac_text_of(large), &canonical, &err));
    check_status(rac_store_canonical(arena, rac_text_of(rac_format(arena, "%s ", large)), &canonical, &err),
                 RAC_LIMIT);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_store_canonical__sorts_and_packs_and_keeps_every_digit),
          cmocka_unit_test(test_store_canonical__refuses_what_is_not_json),
          cmocka_unit_test(test_store_canonical__depth_and_size_are_bounded))
