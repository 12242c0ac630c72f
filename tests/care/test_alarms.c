/* RS-5: limits at their boundary, the delay shown to act, silence when nothing is new. */
#include "clinic.h"

#include "racemate/care/alarms.h"

static const rac_facts nothing;

/* One reading at minute 10 of an infusion begun at 9; what is announced `seconds` later. */
static bool says(rac_arena *arena, const rac_protocol *protocol, rac_reading_kind kind, double value,
                 double seconds, const char *id)
{
    rac_error err = {0};
    rac_reading_value reading = {.kind = kind, .value = value, .quality = RAC_QUALITY_MEASURED};
    rac_event events[32] = {
        {.seq = 1, .kind = RAC_EVENT_OPENED, .at = minute(0), .name = "p", .protocol_hash = "h"},
        {.seq = 2, .kind = RAC_EVENT_STARTED, .at = minute(9), .rate_ml_per_h = dec("75")},
        {.seq = 3, .kind = RAC_EVENT_READING, .at = minute(10), .readings = &reading, .reading_count = 1}};
    for (int i = 0; i < 3; i++)
        events[i].recorded = events[i].at;
    rac_session session;
    check_ok(rac_session_fold(arena, protocol, &nothing, events, 3, &session, &err));
    const rac_moment moment = {protocol, &session, &nothing, minute(10 + seconds / 60), 0, -1};
    rac_event *due;
    size_t count;
    check_ok(rac_alarms_due(arena, &moment, events, 3, &due, &count, &err));
    bool said = false;
    assert_true(count < 29);
    for (size_t i = 0; i < count; i++) {
        said = said || (due[i].kind == RAC_EVENT_ANNOUNCED && strcmp(due[i].name, id) == 0);
        events[3 + i] = due[i];
        events[3 + i].seq = (int64_t)(4 + i);
    }
    const size_t total = 3 + count;
    check_ok(rac_session_fold(arena, protocol, &nothing, events, total, &session, &err));
    check_ok(rac_alarms_due(arena, &moment, events, total, &due, &count, &err));
    assert_int_equal(count, 0); /* asked again: nothing new */
    return said;
}

static void test_care_alarms__limits_hold_at_their_boundary(void **state)
{
    (void)state;
    static const struct {
        rac_reading_kind kind;
        double value;
        const char *id;
        bool said;
    } rows[] = {
        {RAC_READING_SBP, 164, "systolic-hold", false},  {RAC_READING_SBP, 165, "systolic-hold", true},
        {RAC_READING_SBP, 189, "systolic-stop", false},  {RAC_READING_SBP, 190, "systolic-stop", true},
        {RAC_READING_DBP, 99, "diastolic-hold", false},  {RAC_READING_DBP, 100, "diastolic-hold", true},
        {RAC_READING_DBP, 114, "diastolic-stop", false}, {RAC_READING_DBP, 115, "diastolic-stop", true},
        {RAC_READING_SPO2, 100, "desaturation", false},  {RAC_READING_SPO2, 90, "desaturation", false},
        {RAC_READING_SPO2, 89, "desaturation", true},    {RAC_READING_HR, 130, "fast-heart", false},
        {RAC_READING_HR, 131, "fast-heart", true},       {RAC_READING_HR, 45, "slow-heart", false},
        {RAC_READING_HR, 44, "slow-heart", true},        {RAC_READING_RR, 8, "slow-breathing", false},
        {RAC_READING_RR, 7, "slow-breathing", true},
    };
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(says(arena, protocol, rows[i].kind, rows[i].value, 20, rows[i].id), rows[i].said);
    rac_arena_free(arena);
}

static void test_care_alarms__the_delay_acts(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_protocol *protocol = clinic_protocol(arena);
    assert_false(says(arena, protocol, RAC_READING_SPO2, 89, 14, "desaturation"));
    assert_true(says(arena, protocol, RAC_READING_SPO2, 89, 15, "desaturation"));
    rac_condition_rule *rules = rac_many(arena, rac_condition_rule, protocol->condition_count);
    memcpy(rules, protocol->conditions, protocol->condition_count * sizeof *rules);
    for (size_t i = 0; i < protocol->condition_count; i++)
        rules[i].delay.ms = 0;
    protocol->conditions = rules;
    assert_true(says(arena, protocol, RAC_READING_SPO2, 89, 0, "desaturation"));
    rac_arena_free(arena);
}

/* The hold begins at 165 mmHg and ends below 160, not below 165. */
static void test_care_alarms__hysteresis_holds_between_the_limits(void **state)
{
    (void)state;
    static const struct {
        double second;
        bool ended;
    } rows[] = {{164, false}, {160, false}, {159, true}};
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_error err = {0};
        rac_reading_value high = {.kind = RAC_READING_SBP, .value = 165, .quality = RAC_QUALITY_MANUAL};
        rac_reading_value next = high;
        next.value = rows[i].second;
        const rac_event events[] = {
            {.seq = 1, .kind = RAC_EVENT_OPENED, .at = minute(0), .name = "p", .protocol_hash = "h"},
            {.seq = 2, .kind = RAC_EVENT_STARTED, .at = minute(9), .rate_ml_per_h = dec("75")},
            {.seq = 3, .kind = RAC_EVENT_READING, .at = minute(10), .readings = &high, .reading_count = 1},
            {.seq = 4, .kind = RAC_EVENT_READING, .at = minute(11), .readings = &next, .reading_count = 1}};
        rac_session session;
        check_ok(rac_session_fold(arena, protocol, &nothing, events, 4, &session, &err));
        assert_int_equal(session.occurrence_count, 1);
        assert_int_equal(session.occurrences[0].to.ms != INT64_MAX, rows[i].ended);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_alarms__limits_hold_at_their_boundary),
          cmocka_unit_test(test_care_alarms__hysteresis_holds_between_the_limits),
          cmocka_unit_test(test_care_alarms__the_delay_acts))
