/* Exact decimals: every claim of racemate/base.h, with awkward numbers. */
#include "check.h"

static rac_decimal d(const char *text)
{
    rac_decimal decimal = {0};
    rac_error err = {0};
    check_ok(rac_decimal_parse(rac_text_of(text), &decimal, &err));
    return decimal;
}

static void test_base_decimal__reads_and_prints_exactly(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    assert_string_equal(rac_decimal_format_exact(arena, d("35.700000")), "35.7");
    assert_string_equal(rac_decimal_format_exact(arena, d("-0.000001")), "-0.000001");
    assert_string_equal(rac_decimal_format_exact(arena, d("120")), "120");
    assert_string_equal(rac_decimal_format(arena, d("2.385"), 2), "2.39");
    assert_string_equal(rac_decimal_format(arena, d("-2.385"), 2), "-2.39");
    assert_string_equal(rac_decimal_format(arena, d("-0.4"), 0), "0");
    rac_arena_free(arena);
}

static void test_base_decimal__refuses_what_it_cannot_hold(void **state)
{
    (void)state;
    rac_decimal out;
    const char *const bad[] = {"",    "-",    ".",   "1.2345678", "1,5",   " 1",
                               "1e3", "0x10", "nan", "1..2",      "1.2.3", "12345678901234567890"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_status(rac_decimal_parse(rac_text_of(bad[i]), &out, NULL), RAC_INVALID);
    check_status(rac_decimal_parse(rac_text_of("99999999999999"), &out, NULL), RAC_LIMIT);
    check_status(rac_decimal_divide(d("1"), d("0"), 2, RAC_ROUND_DOWN, &out, NULL), RAC_INVALID);
    check_status(rac_decimal_multiply(d("9000000"), d("9000000"), 2, RAC_ROUND_DOWN, &out, NULL), RAC_LIMIT);
    check_status(rac_decimal_from(NAN, &out, NULL), RAC_INVALID);
}

static void test_base_decimal__tenths_add_up_to_one(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_decimal sum = {0};
    for (int i = 0; i < 10; i++)
        check_ok(rac_decimal_add(sum, d("0.1"), &sum, &err));
    assert_int_equal(rac_decimal_compare(sum, d("1")), 0);
    check_ok(rac_decimal_subtract(sum, d("1.000001"), &sum, &err));
    assert_int_equal(sum.millionths, -1);
}

static void test_base_decimal__rounds_as_asked(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_decimal out;
    check_ok(rac_decimal_divide(d("10"), d("3"), 2, RAC_ROUND_HALF_UP, &out, &err));
    assert_int_equal(out.millionths, 3330000);
    check_ok(rac_decimal_divide(d("10"), d("-3"), 2, RAC_ROUND_UP, &out, &err));
    assert_int_equal(out.millionths, -3340000);
    check_ok(rac_decimal_multiply(d("71.4"), d("0.5"), 1, RAC_ROUND_HALF_UP, &out, &err));
    assert_int_equal(out.millionths, 35700000);
    check_ok(rac_decimal_multiply(d("0.05"), d("0.5"), 2, RAC_ROUND_HALF_UP, &out, &err));
    assert_int_equal(out.millionths, 30000);
    check_ok(rac_decimal_round_to(d("53.549"), d("0.1"), RAC_ROUND_HALF_UP, &out, &err));
    assert_int_equal(out.millionths, 53500000);
    check_ok(rac_decimal_round_to(d("53.549"), d("0.25"), RAC_ROUND_DOWN, &out, &err));
    assert_int_equal(out.millionths, 53500000);
    check_status(rac_decimal_round_to(d("1"), d("0"), RAC_ROUND_DOWN, &out, NULL), RAC_INVALID);
}

RAC_TESTS(cmocka_unit_test(test_base_decimal__reads_and_prints_exactly),
          cmocka_unit_test(test_base_decimal__refuses_what_it_cannot_hold),
          cmocka_unit_test(test_base_decimal__tenths_add_up_to_one),
          cmocka_unit_test(test_base_decimal__rounds_as_asked))
