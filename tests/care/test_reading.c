/* Readings: quick entry as nurses type it, and what is refused. */
#include "check.h"

#include "racemate/care/reading.h"

static rac_reading_value *quick(rac_arena *arena, const char *text, size_t *count)
{
    rac_reading_value *values = NULL;
    rac_error err = {0};
    check_ok(rac_reading_quick(arena, rac_text_of(text), &values, count, &err));
    return values;
}

static void test_care_reading__quick_entry_follows_the_spoken_order(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    size_t count;
    const rac_reading_value *v = quick(arena, "128/78 72 98 14", &count);
    assert_int_equal(count, 5);
    const double expected[] = {128, 78, 72, 98, 14};
    const rac_reading_kind kinds[] = {RAC_READING_SBP, RAC_READING_DBP, RAC_READING_HR, RAC_READING_SPO2,
                                      RAC_READING_RR};
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(v[i].kind, kinds[i]);
        assert_true(v[i].value == expected[i]);
        assert_int_equal(v[i].quality, RAC_QUALITY_MANUAL);
    }
    v = quick(arena, "- - 98 moaas=5", &count);
    assert_int_equal(count, 2);
    assert_int_equal(v[0].kind, RAC_READING_SPO2);
    assert_int_equal(v[1].kind, RAC_READING_MOAAS);
    rac_arena_free(arena);
}

static void test_care_reading__refuses_slips(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const char *const bad[] = {"",
                               "128",
                               "78/128",
                               "128/78 72 98 14 9",
                               "128/78 7x",
                               "1280/78",
                               "128/78 72 -999",
                               "128/78 72 101",
                               "- - 98 spo2=97",
                               "pulse=72",
                               "128/",
                               "128/78 400",
                               "moaas=2.5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rac_reading_value *values;
        size_t count;
        rac_error err = {0};
        const rac_status status = rac_reading_quick(arena, rac_text_of(bad[i]), &values, &count, &err);
        assert_true(status == RAC_INVALID || status == RAC_NOT_FOUND);
        assert_true(strlen(err.message) > 0);
    }
    rac_arena_free(arena);
}

/* OpenICE treated a saturation of exactly 100 % as critically high; both ends of every range are possible. */
static void test_care_reading__both_ends_of_a_range_are_possible(void **state)
{
    (void)state;
    for (int k = 0; k < RAC_READING_COUNT; k++) {
        const rac_reading_row *row = rac_reading((rac_reading_kind)k);
        const double at[] = {row->low, row->high};
        for (int i = 0; i < 2; i++) {
            const rac_reading_value value = {.kind = (rac_reading_kind)k, .value = at[i]};
            check_status(rac_reading_check(&value, 1, NULL), RAC_OK);
        }
        const rac_reading_value beyond = {.kind = (rac_reading_kind)k, .value = nextafter(row->high, 1e9)};
        check_status(rac_reading_check(&beyond, 1, NULL), RAC_INVALID);
        const rac_reading_value nothing = {.kind = (rac_reading_kind)k, .value = NAN};
        check_status(rac_reading_check(&nothing, 1, NULL), RAC_INVALID);
    }
}

RAC_TESTS(cmocka_unit_test(test_care_reading__quick_entry_follows_the_spoken_order),
          cmocka_unit_test(test_care_reading__refuses_slips),
          cmocka_unit_test(test_care_reading__both_ends_of_a_range_are_possible))
