/* The fold: order of recording, delivered amounts, deviations, exits. */
#include "clinic.h"

static const rac_facts nothing;

static void fold(rac_arena *arena, const rac_event *events, size_t count, rac_session *session)
{
    rac_error err = {0};
    check_ok(rac_session_fold(arena, clinic_protocol(arena), &nothing, events, count, session, &err));
}

static const rac_plan *plan_for(rac_arena *arena, const char *weight)
{
    rac_error err = {0};
    rac_plan *plan = rac_new(arena, rac_plan);
    const rac_plan_request request = {.weight_kg = dec(weight), .weighed_at = minute(0)};
    check_ok(rac_plan_make(arena, clinic_protocol(arena), &request, plan, &err));
    return plan;
}

enum { day_count = 12 };

/* 75 mL/h for 10 min, held 5 min, 60 mL/h for 10 min, 75 mL/h for 4 min: 12.5 + 10 + 5 = 27.5 mL. */
static void make_day(rac_arena *arena, rac_event day[day_count])
{
    static rac_reading_value pressure = {
        .kind = RAC_READING_SBP, .value = 171, .quality = RAC_QUALITY_MANUAL};
    const rac_event events[day_count] = {
        {.kind = RAC_EVENT_OPENED, .at = minute(0), .name = "p", .protocol_hash = "h", .number = 1},
        {.kind = RAC_EVENT_CHECKED_IN, .at = minute(1)},
        {.kind = RAC_EVENT_WEIGHED, .at = minute(2), .amount = dec("70")},
        {.kind = RAC_EVENT_PLANNED, .at = minute(3), .plan = plan_for(arena, "70")},
        {.kind = RAC_EVENT_PLAN_SIGNED, .at = minute(4), .second = "mb"},
        {.kind = RAC_EVENT_READY, .at = minute(5)},
        {.kind = RAC_EVENT_STARTED, .at = minute(10), .rate_ml_per_h = dec("75")},
        {.kind = RAC_EVENT_PAUSED, .at = minute(20)},
        {.kind = RAC_EVENT_RESUMED, .at = minute(25), .rate_ml_per_h = dec("60")},
        {.kind = RAC_EVENT_READING, .at = minute(30), .readings = &pressure, .reading_count = 1},
        {.kind = RAC_EVENT_RATE, .at = minute(35), .rate_ml_per_h = dec("75")},
        {.kind = RAC_EVENT_STOPPED, .at = minute(39)},
    };
    memcpy(day, events, sizeof events);
    for (int i = 0; i < day_count; i++) {
        day[i].seq = i + 1;
        day[i].recorded = day[i].at;
        day[i].actor = "rk";
    }
}

static void test_care_session__delivered_to_the_digit(void **state)
{
    (void)state;
    static const struct {
        double at;
        const char *ml, *mg; /* 0.7 mg/mL */
    } rows[] = {{9, "0", "0"},        {10, "0", "0"},        {11, "1.25", "0.875"}, {20, "12.5", "8.75"},
                {24, "12.5", "8.75"}, {30, "17.5", "12.25"}, {39, "27.5", "19.25"}, {600, "27.5", "19.25"}};
    rac_arena *arena = rac_arena_new();
    rac_event day[day_count];
    rac_session s;
    make_day(arena, day);
    fold(arena, day, day_count, &s);
    assert_int_equal(s.state, RAC_STATE_RECOVERING);
    assert_int_equal(s.deviation_count, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_decimal ml, mg;
        rac_session_delivered(&s, minute(rows[i].at), &ml, &mg);
        assert_int_equal(ml.millionths, dec(rows[i].ml).millionths);
        assert_int_equal(mg.millionths, dec(rows[i].mg).millionths);
    }
    /* A pump left running gives no more than the syringe holds. */
    fold(arena, day, 7, &s);
    rac_decimal ml, mg;
    rac_session_delivered(&s, minute(600), &ml, &mg);
    assert_int_equal(ml.millionths, dec("50").millionths);
    assert_int_equal(mg.millionths, dec("35").millionths);
    rac_arena_free(arena);
}

static void test_care_session__any_order_of_recording_gives_the_same_state(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_protocol *protocol = clinic_protocol(arena);
    rac_event day[day_count];
    rac_session whole, stepped;
    make_day(arena, day);
    fold(arena, day, day_count, &whole);
    const rac_moment expected = {protocol, &whole, &nothing, minute(60), 0, -1};
    const char *shown = rac_session_show(arena, &expected);
    uint64_t seed = 7;
    for (int turn = 0; turn < 40; turn++) {
        for (size_t i = day_count - 1; i > 0; i--) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            const size_t j = (size_t)(seed >> 33) % (i + 1);
            const rac_event kept = day[i];
            day[i] = day[j], day[j] = kept;
        }
        fold(arena, day, day_count, &stepped);
        const rac_moment moment = {protocol, &stepped, &nothing, minute(60), 0, -1};
        assert_string_equal(rac_session_show(arena, &moment), shown);
    }
    make_day(arena, day);
    fold(arena, day, 1, &stepped);
    for (size_t i = 1; i < day_count; i++)
        check_ok(rac_session_step(arena, protocol, &nothing, &stepped, &day[i], &err));
    const rac_moment moment = {protocol, &stepped, &nothing, minute(60), 0, -1};
    assert_string_equal(rac_session_show(arena, &moment), shown);
    check_status(rac_session_step(arena, protocol, &nothing, &stepped, &day[3], &err), RAC_CONFLICT);
    rac_arena_free(arena);
}

static void test_care_session__exits_of_the_table(void **state)
{
    (void)state;
    for (int from = 0; from < RAC_STATE_COUNT; from++) {
        rac_state to;
        const bool before = from <= RAC_STATE_READY;
        const bool under = from >= RAC_STATE_DOSING && from <= RAC_STATE_RECOVERING;
        assert_int_equal(rac_state_after((rac_state)from, RAC_EVENT_CANCELLED, &to), before);
        assert_int_equal(rac_state_after((rac_state)from, RAC_EVENT_TRANSFERRED, &to), under);
        assert_int_equal(rac_state_after((rac_state)from, RAC_EVENT_LEFT, &to), under);
        assert_int_equal(rac_state_after((rac_state)from, RAC_EVENT_DISCHARGED, &to),
                         from == RAC_STATE_RECOVERING);
        assert_true(rac_state_after((rac_state)from, RAC_EVENT_READING, &to) && to == (rac_state)from);
    }
}

static void test_care_session__no_exit_is_dated_back_around_the_table(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_event day[day_count];
    rac_session s;
    make_day(arena, day);
    fold(arena, day, 10, &s); /* dosing */
    const rac_moment m = {clinic_protocol(arena), &s, &nothing, minute(31), 0, -1};
    const char *deviation;
    rac_event exit = {.kind = RAC_EVENT_CANCELLED, .at = minute(6), .text = "why"};
    check_status(rac_session_accept(arena, &m, &exit, (rac_duration){0}, &deviation, &err), RAC_REFUSED);
    const rac_event mended = {
        .kind = RAC_EVENT_CORRECTION, .at = minute(31), .target = 9, .replacement = &exit};
    check_status(rac_session_accept(arena, &m, &mended, (rac_duration){0}, &deviation, &err), RAC_REFUSED);
    exit.kind = RAC_EVENT_DISCHARGED;
    check_status(rac_session_accept(arena, &m, &exit, (rac_duration){0}, &deviation, &err), RAC_REFUSED);
    exit = (rac_event){.kind = RAC_EVENT_LEFT, .at = minute(31), .text = "why"};
    check_ok(rac_session_accept(arena, &m, &exit, (rac_duration){0}, &deviation, &err));
    exit.at = minute(32);
    check_status(rac_session_accept(arena, &m, &exit, (rac_duration){0}, &deviation, &err), RAC_INVALID);
    const rac_event fast = {.kind = RAC_EVENT_RATE, .at = minute(31), .rate_ml_per_h = dec("750")};
    check_ok(rac_session_accept(arena, &m, &fast, (rac_duration){0}, &deviation, &err));
    check_contains(deviation, "10 times the planned 75.0 mL/h"); /* G07 */
    fold(arena, day, day_count, &s);                             /* recovering since 39 */
    const rac_moment later = {m.protocol, &s, &nothing, minute(90), 0, -1};
    exit = (rac_event){.kind = RAC_EVENT_DISCHARGED, .at = minute(38)};
    check_status(rac_session_accept(arena, &later, &exit, (rac_duration){0}, &deviation, &err), RAC_REFUSED);
    rac_arena_free(arena);
}

static void test_care_session__facts_are_folded_and_marked(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_event day[day_count];
    rac_session s;
    make_day(arena, day);
    const rac_event early[] = {day[0], day[6]}; /* started without anything else */
    fold(arena, early, 2, &s);
    assert_int_equal(s.state, RAC_STATE_DOSING);
    assert_true(s.any_drug);
    assert_int_equal(s.deviation_count, 1);
    check_contains(s.deviations[0], "infusion started while planned");
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_session__delivered_to_the_digit),
          cmocka_unit_test(test_care_session__any_order_of_recording_gives_the_same_state),
          cmocka_unit_test(test_care_session__exits_of_the_table),
          cmocka_unit_test(test_care_session__no_exit_is_dated_back_around_the_table),
          cmocka_unit_test(test_care_session__facts_are_folded_and_marked))
