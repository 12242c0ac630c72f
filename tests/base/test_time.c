/* Instants and durations. */
#include "check.h"

static int64_t at(const char *text)
{
    rac_instant instant = {0};
    rac_error err = {0};
    check_ok(rac_instant_parse(rac_text_of(text), &instant, &err));
    return instant.ms;
}

static void test_base_time__instants_round_trip(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    assert_int_equal(at("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(at("2026-03-02T10:15:00Z"), 1772446500000);
    assert_int_equal(at("2026-03-02T11:15:00+01:00"), at("2026-03-02T10:15:00Z"));
    assert_int_equal(at("2026-03-02 05:15:00.25-0500"), at("2026-03-02T10:15:00Z") + 250);
    const char *const same[] = {"2024-02-29T23:59:59.999Z", "1969-12-31T23:59:59Z", "2000-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_string_equal(rac_instant_format(arena, (rac_instant){at(same[i])}), same[i]);
    assert_string_equal(rac_instant_format_date(arena, (rac_instant){at("2026-03-02T23:30:00Z")}, 60),
                        "2026-03-03");
    assert_string_equal(rac_instant_format_clock(arena, (rac_instant){at("2026-03-02T23:30:00Z")}, -300),
                        "18:30");
    rac_arena_free(arena);
}

static void test_base_time__refuses_what_is_not_a_time(void **state)
{
    (void)state;
    rac_instant instant;
    rac_error err;
    const char *const bad[] = {"",
                               "2026",
                               "2026-13-01",
                               "2026-02-29",
                               "2026-3-2",
                               "2026-03-02T25:00Z",
                               "2026-03-02T10:61Z",
                               "yesterday",
                               "2026-03-02T10:15:00Zz",
                               "2026-03-02T10:15:00+25:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_status(rac_instant_parse(rac_text_of(bad[i]), &instant, NULL), RAC_INVALID);
    check_status(rac_instant_parse(rac_text_of("2026-03-02T10:15:00"), &instant, &err), RAC_INVALID);
    check_contains(err.message, "no zone");
}

static void test_base_time__durations_read_as_people_write(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const struct {
        const char *text;
        int64_t ms;
        const char *shown;
    } rows[] = {{"40 min", 2400000, "40 min"},
                {"-3m", -180000, "-3 min"},
                {"90s", 90000, "1 min"},
                {"1.5 h", 5400000, "1 h 30 min"},
                {"2 weeks", 1209600000, "14 d 0 h"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_duration duration = {0};
        rac_error err = {0};
        check_ok(rac_duration_parse(rac_text_of(rows[i].text), &duration, &err));
        assert_int_equal(duration.ms, rows[i].ms);
        assert_string_equal(rac_duration_format(arena, duration), rows[i].shown);
    }
    rac_duration duration;
    check_status(rac_duration_parse(rac_text_of("40"), &duration, NULL), RAC_INVALID);
    check_status(rac_duration_parse(rac_text_of("min"), &duration, NULL), RAC_INVALID);
    check_status(rac_duration_parse(rac_text_of("40 mg"), &duration, NULL), RAC_INVALID);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_base_time__instants_round_trip),
          cmocka_unit_test(test_base_time__refuses_what_is_not_a_time),
          cmocka_unit_test(test_base_time__durations_read_as_people_write))
