/* RS-8: the start gate of the standard protocol opens when everything is there, and each thing missing shuts
 * it. */
#include "clinic.h"

static const rac_fact not_possible = {.name = "pregnancy_possible", .kind = RAC_FACT_TRUTH, .truth = false};
static const char *const ticks[] = {"identity", "limits", "consent",     "ride",
                                    "fasting",  "alarms", "second-check"};
enum { tick_count = sizeof ticks / sizeof *ticks, before_ticks = 7, all = before_ticks + tick_count };

static rac_reading_value vitals[] = {{.kind = RAC_READING_SBP, .value = 128, .quality = RAC_QUALITY_MANUAL},
                                     {.kind = RAC_READING_DBP, .value = 78, .quality = RAC_QUALITY_MANUAL},
                                     {.kind = RAC_READING_HR, .value = 70, .quality = RAC_QUALITY_MANUAL},
                                     {.kind = RAC_READING_SPO2, .value = 98, .quality = RAC_QUALITY_MANUAL}};

static void prepare(rac_arena *arena, const rac_protocol *protocol, rac_event events[all])
{
    rac_error err = {0};
    rac_plan *plan = rac_new(arena, rac_plan);
    const rac_plan_request request = {.weight_kg = dec("70"), .weighed_at = minute(2)};
    check_ok(rac_plan_make(arena, protocol, &request, plan, &err));
    const rac_event first[before_ticks] = {
        {.kind = RAC_EVENT_OPENED, .at = minute(0), .name = "p", .protocol_hash = "h", .number = 1},
        {.kind = RAC_EVENT_CHECKED_IN, .at = minute(1)},
        {.kind = RAC_EVENT_WEIGHED, .at = minute(2), .amount = dec("70")},
        {.kind = RAC_EVENT_VIAL, .at = minute(3), .name = "KET-50-10"},
        {.kind = RAC_EVENT_READING, .at = minute(4), .readings = vitals, .reading_count = 4},
        {.kind = RAC_EVENT_PLANNED, .at = minute(5), .plan = plan},
        {.kind = RAC_EVENT_PLAN_SIGNED, .at = minute(6)},
    };
    memcpy(events, first, sizeof first);
    for (int i = 0; i < tick_count; i++)
        events[before_ticks + i] = (rac_event){.kind = RAC_EVENT_TICK,
                                               .at = minute(7),
                                               .name = ticks[i],
                                               .done = true,
                                               .second = i == tick_count - 1 ? "mb" : NULL,
                                               .fasting_h = strcmp(ticks[i], "fasting") == 0 ? 6 : -1};
    for (int i = 0; i < all; i++) {
        events[i].seq = i + 1;
        events[i].recorded = events[i].at;
        events[i].actor = "rk";
    }
}

static rac_status gate(rac_arena *arena, const rac_protocol *protocol, const rac_event *events, size_t count,
                       rac_error *err)
{
    const rac_facts facts = {&not_possible, 1};
    rac_session session;
    rac_checklist checklist;
    rac_error folding = {0};
    assert_int_equal(rac_session_fold(arena, protocol, &facts, events, count, &session, &folding), RAC_OK);
    const rac_moment moment = {protocol, &session, &facts, minute(10), 0, 0};
    return rac_session_start_gate(arena, &moment, &checklist, err);
}

static void test_care_gate__each_missing_thing_shuts_it(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    rac_event events[all];
    rac_error err = {0};
    prepare(arena, protocol, events);
    check_ok(gate(arena, protocol, events, all, &err));
    for (int left_out = 1; left_out < all; left_out++) {
        rac_event fewer[all];
        int count = 0;
        for (int i = 0; i < all; i++)
            if (i != left_out)
                fewer[count++] = events[i];
        check_status(gate(arena, protocol, fewer, (size_t)count, &err), RAC_REFUSED);
    }
    for (size_t v = 0; v < 4; v++) { /* and each vital sign */
        rac_reading_value three[3];
        for (size_t i = 0, k = 0; i < 4; i++)
            if (i != v)
                three[k++] = vitals[i];
        prepare(arena, protocol, events);
        events[4].readings = three, events[4].reading_count = 3;
        check_status(gate(arena, protocol, events, all, &err), RAC_REFUSED);
    }
    rac_arena_free(arena);
}

static void test_care_gate__second_person_weight_vial_and_plan_are_today_s(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    rac_event events[all + 1];
    rac_error err = {0};
    prepare(arena, protocol, events);
    events[all - 1].second = "rk"; /* the same person twice */
    check_status(gate(arena, protocol, events, all, &err), RAC_REFUSED);
    events[all - 1].second = NULL;
    check_status(gate(arena, protocol, events, all, &err), RAC_REFUSED);
    prepare(arena, protocol, events);
    events[all] =
        (rac_event){.seq = all + 1, .at = minute(8), .kind = RAC_EVENT_WEIGHED, .amount = dec("70.1")};
    check_status(gate(arena, protocol, events, all + 1, &err), RAC_REFUSED);
    check_contains(err.message, "70.1");
    events[all] = (rac_event){.seq = all + 1, .at = minute(8), .kind = RAC_EVENT_VIAL, .name = "KET-100-5"};
    check_status(gate(arena, protocol, events, all + 1, &err), RAC_REFUSED);
    /* A new plan is unsigned. */
    events[all] =
        (rac_event){.seq = all + 1, .at = minute(8), .kind = RAC_EVENT_PLANNED, .plan = events[5].plan};
    check_status(gate(arena, protocol, events, all + 1, &err), RAC_REFUSED);
    /* A plan altered by a digit. */
    rac_plan altered = *events[5].plan;
    altered.rate_ml_per_h.millionths += 100000;
    events[5].plan = &altered;
    check_status(gate(arena, protocol, events, all, &err), RAC_REFUSED);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_gate__each_missing_thing_shuts_it),
          cmocka_unit_test(test_care_gate__second_person_weight_vial_and_plan_are_today_s))
