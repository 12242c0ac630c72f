/* Slices, strict numbers and the error value. */
#include "check.h"

static void test_base_text__numbers_are_strict(void **state)
{
    (void)state;
    rac_error err = {0};
    double number;
    check_ok(rac_number_parse(rac_text_of("-2.385e1"), &number, &err));
    check_near(number, -23.85, 0, 1e-15);
    const char *const bad[] = {"",      " 1", "1 ", "0,5",   "nan", "inf", "0x10", "1e",
                               "1e999", "-",  ".",  "1.2.3", "--1", "1f",  "+",    "e5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_status(rac_number_parse(rac_text_of(bad[i]), &number, NULL), RAC_INVALID);
    check_status(rac_number_parse(rac_text_of("0,5"), &number, &err), RAC_INVALID);
    check_contains(err.hint, "decimal point");
    int64_t whole;
    check_ok(rac_integer_parse(rac_text_of("-9223372036854775808"), &whole, &err));
    assert_true(whole == INT64_MIN);
    check_status(rac_integer_parse(rac_text_of("9223372036854775808"), &whole, NULL), RAC_INVALID);
    check_status(rac_integer_parse(rac_text_of("1.0"), &whole, NULL), RAC_INVALID);
}

static void test_base_text__numbers_print_shortest_and_read_back(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    assert_string_equal(rac_number_format(arena, 0.1), "0.1");
    const double awkward[] = {2.385, 1.0 / 3, 1e-300, -0.0, 123456789.123456789};
    for (size_t i = 0; i < sizeof awkward / sizeof *awkward; i++) {
        double again = 0;
        rac_error err = {0};
        check_ok(rac_number_parse(rac_text_of(rac_number_format(arena, awkward[i])), &again, &err));
        assert_true(again == awkward[i]);
    }
    rac_arena_free(arena);
}

static void test_base_text__splits_and_trims(void **state)
{
    (void)state;
    rac_text rest = rac_text_of("a||b");
    assert_true(rac_text_is(rac_text_split(rest, '|', &rest), "a"));
    assert_true(rac_text_is(rac_text_split(rest, '|', &rest), ""));
    assert_true(rac_text_is(rac_text_split(rest, '|', &rest), "b"));
    assert_null(rest.data);
    assert_true(rac_text_is(rac_text_trim(rac_text_of(" \t x y\r\n")), "x y"));
}

static void test_base_text__utf8_is_checked(void **state)
{
    (void)state;
    assert_true(rac_text_is_utf8(rac_text_of("mg\xC2\xB7kg\xE2\x81\xBB\xC2\xB9 \xF0\x9F\x92\x89")));
    assert_true(rac_text_is(rac_text_shorten(rac_text_of("ab\xC3\xA9"), 3), "ab"));
    assert_true(rac_text_is(rac_text_shorten(rac_text_of("ab\xC3\xA9"), 4), "ab\xC3\xA9"));
    const char *const bad[] = {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "a\xFF"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rac_text_is_utf8(rac_text_of(bad[i])));
}

static void test_base_text__suggests_the_near_word(void **state)
{
    (void)state;
    const char *const known[] = {"minutes", "dose", "weight"};
    assert_string_equal(rac_text_nearest(rac_text_of("minuts"), known, 3), "minutes");
    assert_string_equal(rac_text_nearest(rac_text_of("wieght"), known, 3), "weight");
    assert_null(rac_text_nearest(rac_text_of("systolic"), known, 3));
}

static void test_base_status__long_messages_show_their_cut(void **state)
{
    (void)state;
    rac_error err;
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(rac_fail(&err, RAC_INVALID, "%s", longer), RAC_INVALID);
    assert_string_equal(err.message + strlen(err.message) - 3, "...");
    assert_int_equal(rac_fail(NULL, RAC_LIMIT, "nobody listens"), RAC_LIMIT);
    for (int s = RAC_OK; s <= RAC_DENIED; s++)
        assert_true(strlen(rac_status_sentence((rac_status)s)) > 3);
}

RAC_TESTS(cmocka_unit_test(test_base_text__numbers_are_strict),
          cmocka_unit_test(test_base_text__numbers_print_shortest_and_read_back),
          cmocka_unit_test(test_base_text__splits_and_trims),
          cmocka_unit_test(test_base_text__utf8_is_checked),
          cmocka_unit_test(test_base_text__suggests_the_near_word),
          cmocka_unit_test(test_base_status__long_messages_show_their_cut))
