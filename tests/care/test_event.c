/* Events: the body round trips, what does not belong is refused, corrections in clinical order. */
#include "clinic.h"

static void test_care_event__every_kind_round_trips(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_plan plan;
    const rac_plan_request request = {.weight_kg = dec("71.4"), .weighed_at = minute(0)};
    check_ok(rac_plan_make(arena, clinic_protocol(arena), &request, &plan, &err));
    rac_reading_value reading = {.kind = RAC_READING_SBP, .value = 128, .quality = RAC_QUALITY_MANUAL};
    const rac_event replacement = {
        .kind = RAC_EVENT_NOTE, .at = minute(3), .text = "mended", .fasting_h = -1};
    for (int kind = 0; kind < RAC_EVENT_KIND_COUNT; kind++) {
        const rac_event event = {.kind = (rac_event_kind)kind,
                                 .at = minute(1),
                                 .name = "fasting",
                                 .text = "quote \" and \xc3\xa9",
                                 .second = "mb",
                                 .done = true,
                                 .severity = RAC_MODERATE,
                                 .since = minute(2),
                                 .target = INT64_C(9007199254740993),
                                 .interval = {1500},
                                 .rate_ml_per_h = dec("75.1"),
                                 .amount = dec("71.4"),
                                 .readings = &reading,
                                 .reading_count = 1,
                                 .plan = &plan,
                                 .protocol_hash = "abc",
                                 .number = 3,
                                 .fasting_h = 2.5,
                                 .replacement = &replacement};
        const char *body = rac_event_encode(arena, &event);
        rac_event back = {.kind = event.kind, .at = event.at};
        check_ok(rac_event_decode(arena, rac_text_of(body), &back, &err));
        assert_string_equal(rac_event_encode(arena, &back), body);
        rac_event_kind found;
        check_ok(rac_event_find(rac_text_of(rac_event_name(event.kind)), &found, &err));
        assert_int_equal(found, kind);
        if (back.plan)
            check_ok(rac_plan_verify(back.plan, &err));
        if (kind == RAC_EVENT_CORRECTION)
            assert_true(back.target == event.target);
    }
    rac_arena_free(arena);
}

static void test_care_event__what_does_not_belong_is_refused(void **state)
{
    (void)state;
    static const struct {
        rac_event_kind kind;
        const char *body, *word;
    } rows[] = {
        {RAC_EVENT_NOTE, "{\"text\":\"a\",\"colour\":1}", "colour"},
        {RAC_EVENT_NOTE, "{\"text\":\"a\",\"rate_ml_per_h\":75.0}", "rate_ml_per_h"},
        {RAC_EVENT_STARTED, "{}", "rate_ml_per_h"},
        {RAC_EVENT_STARTED, "{\"rate_ml_per_h\":\"75\"}", "rate_ml_per_h"},
        {RAC_EVENT_TICK, "{\"name\":\"consent\"}", "done"},
        {RAC_EVENT_TICK, "{\"name\":\"consent\",\"done\":1}", "done"},
        {RAC_EVENT_SYMPTOM, "{\"name\":\"nausea\",\"severity\":\"bad\"}", "severity"},
        {RAC_EVENT_CANCELLED, "{}", "text"},
        {RAC_EVENT_CORRECTION, "{\"target\":1,\"text\":\"why\"}", "void"},
        {RAC_EVENT_READING, "{\"readings\":[]}", "readings"},
        {RAC_EVENT_NOTE, "[]", "object"},
    };
    rac_arena *arena = rac_arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_error err = {0};
        rac_event event = {.kind = rows[i].kind};
        check_status(rac_event_decode(arena, rac_text_of(rows[i].body), &event, &err), RAC_INVALID);
        check_contains(err.message, rows[i].word);
    }
    rac_arena_free(arena);
}

/* A corrected tick that states no hours leaves them unknown: 0 would say "has just eaten". */
static void test_care_event__a_replacement_without_hours_leaves_them_unknown(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_event event = {.kind = RAC_EVENT_CORRECTION};
    check_ok(rac_event_decode(
        arena,
        rac_text_of("{\"target\":1,\"text\":\"why\",\"replacement\":{\"kind\":\"check.ticked\","
                    "\"at\":\"2026-02-01T10:00:00.000Z\",\"body\":{\"name\":\"fasting\",\"done\":true}}}"),
        &event, &err));
    check_near(event.replacement->fasting_h, -1, 0, 0);
    rac_arena_free(arena);
}

static void test_care_event__the_last_correction_wins_in_any_order(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_event first = {.kind = RAC_EVENT_NOTE, .at = minute(9), .text = "first"};
    const rac_event second = {.kind = RAC_EVENT_NOTE, .at = minute(1), .text = "second"};
    const rac_event events[] = {
        {.seq = 1, .at = minute(5), .kind = RAC_EVENT_NOTE, .text = "original"},
        {.seq = 2, .at = minute(2), .kind = RAC_EVENT_NOTE, .text = "late"},
        {.seq = 3, .at = minute(6), .kind = RAC_EVENT_CORRECTION, .target = 1, .replacement = &first},
        {.seq = 4, .at = minute(7), .kind = RAC_EVENT_CORRECTION, .target = 1, .replacement = &second},
        {.seq = 5, .at = minute(8), .kind = RAC_EVENT_CORRECTION, .target = 2, .voided = true},
    };
    for (size_t turn = 0; turn < 5; turn++) {
        rac_event list[5];
        for (size_t i = 0; i < 5; i++)
            list[i] = events[turn % 2 ? 4 - (i + turn) % 5 : (i + turn) % 5];
        size_t count;
        const rac_event *sorted = rac_events_clinical(arena, list, 5, &count);
        assert_int_equal(count, 4);
        assert_string_equal(sorted[0].text, "second");
        for (size_t i = 1; i < count; i++)
            assert_true(sorted[i - 1].at.ms <= sorted[i].at.ms);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_event__every_kind_round_trips),
          cmocka_unit_test(test_care_event__what_does_not_belong_is_refused),
          cmocka_unit_test(test_care_event__a_replacement_without_hours_leaves_them_unknown),
          cmocka_unit_test(test_care_event__the_last_correction_wins_in_any_order))
