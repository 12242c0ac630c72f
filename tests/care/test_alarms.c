/* RS-5: limits at their boundary, the delay shown to act, silence when nothing is new; latch,
 * acknowledgement and saying again; what is missing, silent or invalid. */
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

/* ---- a session in progress, on which the engine's own events are recorded --------------------------- */

typedef struct watch {
    rac_arena *arena;
    const rac_protocol *protocol;
    rac_event events[64];
    size_t count;
    rac_session session;
} watch;

static void put(watch *w, rac_event event, rac_instant recorded)
{
    assert_true(w->count < sizeof w->events / sizeof *w->events);
    event.seq = (int64_t)w->count + 1;
    event.recorded = recorded;
    w->events[w->count++] = event;
}

static void put_now(watch *w, rac_event event)
{
    put(w, event, event.at);
}

static rac_event measured(watch *w, double at, rac_reading_kind kind, double value, rac_quality quality)
{
    rac_reading_value *reading = rac_new(w->arena, rac_reading_value);
    *reading = (rac_reading_value){.kind = kind, .value = value, .quality = quality};
    return (rac_event){.kind = RAC_EVENT_READING, .at = minute(at), .readings = reading, .reading_count = 1};
}

/* An infusion begun at minute 9. */
static watch *begin(rac_arena *arena)
{
    watch *w = rac_new(arena, watch);
    w->arena = arena;
    w->protocol = clinic_protocol(arena);
    put_now(w, (rac_event){.kind = RAC_EVENT_OPENED, .at = minute(0), .name = "p", .protocol_hash = "h"});
    put_now(w, (rac_event){.kind = RAC_EVENT_STARTED, .at = minute(9), .rate_ml_per_h = dec("75")});
    return w;
}

static rac_moment moment_at(watch *w, rac_instant now)
{
    rac_error err = {0};
    check_ok(rac_session_fold(w->arena, w->protocol, &nothing, w->events, w->count, &w->session, &err));
    return (rac_moment){w->protocol, &w->session, &nothing, now, 0, -1};
}

/* Records what the engine wants recorded; how many events of `kind` about `id` were among them. */
static int record(watch *w, rac_instant now, rac_event_kind kind, const char *id)
{
    rac_error err = {0};
    rac_event *due;
    size_t count;
    int said = 0;
    rac_moment moment = moment_at(w, now);
    check_ok(rac_alarms_due(w->arena, &moment, w->events, w->count, &due, &count, &err));
    for (size_t i = 0; i < count; i++) {
        said += due[i].kind == kind && strcmp(due[i].name, id) == 0;
        put(w, due[i], now);
    }
    moment = moment_at(w, now);
    check_ok(rac_alarms_due(w->arena, &moment, w->events, w->count, &due, &count, &err));
    assert_int_equal(count, 0); /* once recorded, nothing is left to say */
    return said;
}

static const rac_alarm *signalled(watch *w, rac_instant now, const char *id)
{
    rac_error err = {0};
    rac_alarm_list alarms;
    const rac_moment moment = moment_at(w, now);
    check_ok(rac_alarms_now(w->arena, &moment, w->events, w->count, &alarms, &err));
    for (size_t i = 0; i < alarms.count; i++)
        if (strcmp(alarms.items[i].id, id) == 0)
            return &alarms.items[i]; /* lives as long as the arena */
    return NULL;
}

static void acknowledge(watch *w, double at, const char *id)
{
    put_now(w, (rac_event){.kind = RAC_EVENT_ACKNOWLEDGED, .at = minute(at), .actor = "rk", .name = id});
}

static void test_care_alarms__a_latched_alarm_stays_until_acknowledged(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    put_now(w, measured(w, 10, RAC_READING_SPO2, 89, RAC_QUALITY_MEASURED));
    assert_int_equal(record(w, minute(10.5), RAC_EVENT_ANNOUNCED, "desaturation"), 1);
    put_now(w, measured(w, 11, RAC_READING_SPO2, 96, RAC_QUALITY_MEASURED));
    assert_int_equal(record(w, minute(11), RAC_EVENT_RESOLVED, "desaturation"), 1);
    const rac_alarm *alarm = signalled(w, minute(11.2), "desaturation");
    assert_non_null(alarm);
    assert_false(alarm->active);
    assert_true(alarm->announced && !alarm->acknowledged);
    assert_int_equal(alarm->announced_at.ms, minute(10.5).ms);
    acknowledge(w, 11.3, "desaturation");
    assert_null(signalled(w, minute(11.4), "desaturation"));
    rac_arena_free(arena);
}

static void test_care_alarms__an_alarm_without_latch_ends_with_its_condition(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    put_now(w, measured(w, 10, RAC_READING_SBP, 165, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(10), RAC_EVENT_ANNOUNCED, "systolic-hold"), 1);
    assert_non_null(signalled(w, minute(10.5), "systolic-hold"));
    put_now(w, measured(w, 11, RAC_READING_SBP, 150, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(11), RAC_EVENT_RESOLVED, "systolic-hold"), 1);
    assert_null(signalled(w, minute(11), "systolic-hold"));
    rac_arena_free(arena);
}

/* The protocol says it again two minutes after the acknowledgement, while the condition lasts. */
static void test_care_alarms__an_acknowledged_alarm_speaks_again(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    assert_int_equal(w->protocol->reannounce.ms, 120000);
    put_now(w, measured(w, 10, RAC_READING_SBP, 165, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(10), RAC_EVENT_ANNOUNCED, "systolic-hold"), 1);
    assert_int_equal(record(w, minute(11), RAC_EVENT_ANNOUNCED, "systolic-hold"), 0);
    acknowledge(w, 11, "systolic-hold");
    const rac_alarm *alarm = signalled(w, minute(11), "systolic-hold");
    assert_non_null(alarm); /* acknowledged and active: still shown */
    assert_true(alarm->acknowledged && alarm->active);
    assert_string_equal(alarm->acknowledged_by, "rk");
    rac_instant early = minute(13);
    early.ms--;
    assert_int_equal(record(w, early, RAC_EVENT_ANNOUNCED, "systolic-hold"), 0);
    assert_int_equal(record(w, minute(13), RAC_EVENT_ANNOUNCED, "systolic-hold"), 1);
    alarm = signalled(w, minute(13), "systolic-hold");
    assert_non_null(alarm);
    assert_false(alarm->acknowledged); /* said again, to be acknowledged again */
    acknowledge(w, 13.5, "systolic-hold");
    put_now(w, measured(w, 14, RAC_READING_SBP, 150, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(16), RAC_EVENT_ANNOUNCED, "systolic-hold"), 0);
    rac_arena_free(arena);
}

/* Pressure every 10 min from the start at 9, late after 3 min more. */
static void test_care_alarms__a_pressure_not_taken_is_missed(void **state)
{
    (void)state;
    const char *id = "missing-blood_pressure";
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    rac_instant late = minute(22);
    assert_int_equal(record(w, late, RAC_EVENT_ANNOUNCED, id), 0);
    late.ms++;
    assert_int_equal(record(w, late, RAC_EVENT_ANNOUNCED, id), 1);
    const rac_alarm *alarm = signalled(w, late, id);
    assert_non_null(alarm);
    assert_int_equal(alarm->cause, RAC_CAUSE_MISSING);
    put_now(w, measured(w, 23, RAC_READING_SBP, 130, RAC_QUALITY_ARTEFACT)); /* is no pressure */
    assert_non_null(signalled(w, minute(23), id));
    put_now(w, measured(w, 23.5, RAC_READING_SBP, 130, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(23.5), RAC_EVENT_RESOLVED, id), 1);
    assert_null(signalled(w, minute(36.5), id));
    late = minute(36.5);
    late.ms++;
    assert_non_null(signalled(w, late, id));
    rac_arena_free(arena);
}

static void test_care_alarms__a_silent_device_shows_in_under_ten_seconds(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    put_now(w, (rac_event){
                   .kind = RAC_EVENT_DEVICE_BOUND, .at = minute(9), .name = "monitor-1", .interval = {1000}});
    rac_event heard = measured(w, 10, RAC_READING_SPO2, 97, RAC_QUALITY_MEASURED);
    heard.name = "monitor-1";
    put_now(w, heard);
    rac_instant now = minute(10);
    now.ms += 2000; /* two messages missed are no alarm yet */
    assert_null(signalled(w, now, "silent-device"));
    now.ms = minute(10).ms + 9999;
    assert_int_equal(record(w, now, RAC_EVENT_ANNOUNCED, "silent-device"), 1);
    const rac_alarm *alarm = signalled(w, now, "silent-device");
    assert_non_null(alarm);
    assert_int_equal(alarm->cause, RAC_CAUSE_SILENT);
    check_contains(alarm->say, "monitor-1");
    heard.at = minute(10.5);
    put_now(w, heard);
    assert_int_equal(record(w, minute(10.5), RAC_EVENT_RESOLVED, "silent-device"), 1);
    put_now(w, (rac_event){.kind = RAC_EVENT_DEVICE_RELEASED, .at = minute(10.6), .name = "monitor-1"});
    assert_null(signalled(w, minute(12), "silent-device"));
    rac_arena_free(arena);
}

static void test_care_alarms__an_invalid_value_is_its_own_alarm(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    put_now(w, measured(w, 9.5, RAC_READING_SPO2, 97, RAC_QUALITY_MEASURED));
    put_now(w, measured(w, 10, RAC_READING_SPO2, 12, RAC_QUALITY_INVALID));
    assert_int_equal(record(w, minute(10), RAC_EVENT_ANNOUNCED, "invalid-spo2"), 1);
    const rac_alarm *alarm = signalled(w, minute(10), "invalid-spo2");
    assert_non_null(alarm);
    assert_int_equal(alarm->cause, RAC_CAUSE_INVALID);
    assert_null(signalled(w, minute(10.4), "desaturation")); /* 12 % was never a saturation */
    put_now(w, measured(w, 10.5, RAC_READING_SPO2, 97, RAC_QUALITY_MEASURED));
    assert_int_equal(record(w, minute(10.5), RAC_EVENT_RESOLVED, "invalid-spo2"), 1);
    assert_null(signalled(w, minute(10.5), "invalid-spo2"));
    rac_arena_free(arena);
}

/* A pressure of 170 taken at 9.5 and charted at 12 moves the start of what was announced at 10. */
static void test_care_alarms__what_was_announced_stays_after_a_late_entry(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    put_now(w, measured(w, 10, RAC_READING_SBP, 166, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(10), RAC_EVENT_ANNOUNCED, "systolic-hold"), 1);
    put(w, measured(w, 9.5, RAC_READING_SBP, 170, RAC_QUALITY_MANUAL), minute(12));
    assert_int_equal(record(w, minute(12), RAC_EVENT_ANNOUNCED, "systolic-hold"), 1);
    int64_t since[8];
    int said = 0, resolved = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (!w->events[i].name || strcmp(w->events[i].name, "systolic-hold") != 0)
            continue;
        if (w->events[i].kind == RAC_EVENT_ANNOUNCED && said < 8)
            since[said++] = w->events[i].since.ms;
        resolved += w->events[i].kind == RAC_EVENT_RESOLVED && w->events[i].since.ms == minute(10).ms;
    }
    assert_int_equal(said, 2); /* the first announcement as it was given, then the corrected one */
    assert_int_equal(since[0], minute(10).ms);
    assert_int_equal(since[1], minute(9.5).ms);
    assert_int_equal(resolved, 1);
    const rac_alarm *alarm = signalled(w, minute(12), "systolic-hold");
    assert_non_null(alarm);
    assert_int_equal(alarm->since.ms, minute(9.5).ms);
    assert_int_equal(alarm->announced_at.ms, minute(12).ms);
    rac_arena_free(arena);
}

/* What becomes worse speaks again although the milder alarm is acknowledged, and stands first. */
static void test_care_alarms__what_becomes_worse_speaks_and_stands_first(void **state)
{
    (void)state;
    rac_error err = {0};
    rac_alarm_list alarms;
    rac_arena *arena = rac_arena_new();
    watch *w = begin(arena);
    put_now(w, measured(w, 10, RAC_READING_SBP, 170, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(10), RAC_EVENT_ANNOUNCED, "systolic-hold"), 1);
    acknowledge(w, 10.5, "systolic-hold");
    put_now(w, measured(w, 11, RAC_READING_SBP, 190, RAC_QUALITY_MANUAL));
    assert_int_equal(record(w, minute(11), RAC_EVENT_ANNOUNCED, "systolic-stop"), 1);
    const rac_moment moment = moment_at(w, minute(11));
    check_ok(rac_alarms_now(arena, &moment, w->events, w->count, &alarms, &err));
    assert_true(alarms.count >= 2);
    assert_string_equal(alarms.items[0].id, "systolic-stop");
    assert_int_equal(alarms.items[0].action, RAC_ACTION_STOP);
    assert_false(alarms.items[0].acknowledged);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_alarms__limits_hold_at_their_boundary),
          cmocka_unit_test(test_care_alarms__hysteresis_holds_between_the_limits),
          cmocka_unit_test(test_care_alarms__the_delay_acts),
          cmocka_unit_test(test_care_alarms__a_latched_alarm_stays_until_acknowledged),
          cmocka_unit_test(test_care_alarms__an_alarm_without_latch_ends_with_its_condition),
          cmocka_unit_test(test_care_alarms__an_acknowledged_alarm_speaks_again),
          cmocka_unit_test(test_care_alarms__a_pressure_not_taken_is_missed),
          cmocka_unit_test(test_care_alarms__a_silent_device_shows_in_under_ten_seconds),
          cmocka_unit_test(test_care_alarms__an_invalid_value_is_its_own_alarm),
          cmocka_unit_test(test_care_alarms__what_was_announced_stays_after_a_late_entry),
          cmocka_unit_test(test_care_alarms__what_becomes_worse_speaks_and_stands_first))
