/* The discharge list is complete when everything is there, and each thing missing keeps the patient. */
#include "clinic.h"

#include "racemate/care/discharge.h"

static const rac_facts nothing;
static const char *const ticks[] = {"oriented", "gait", "safety", "escort", "instructions", "no-driving"};
enum { tick_count = sizeof ticks / sizeof *ticks, before_ticks = 5, all = before_ticks + tick_count };

typedef struct stay { /* an infusion from minute 9 to 49, last readings at 110, ticks at 111 */
    rac_reading_value baseline[2], last[4];
    rac_event events[all + 1]; /* one more for a test to add */
    size_t count;
    rac_instant now;
    int alarms_open;
} stay;

static const rac_instant stopped = {INT64_C(1770000000000) + INT64_C(49) * 60000};

static stay *prepare(rac_arena *arena)
{
    stay *s = rac_new(arena, stay);
    s->baseline[0] = (rac_reading_value){.kind = RAC_READING_SBP, .value = 130};
    s->baseline[1] = (rac_reading_value){.kind = RAC_READING_DBP, .value = 80};
    s->last[0] = (rac_reading_value){.kind = RAC_READING_SBP, .value = 156}; /* exactly 20 % above */
    s->last[1] = (rac_reading_value){.kind = RAC_READING_DBP, .value = 64};  /* exactly 20 % below */
    s->last[2] = (rac_reading_value){.kind = RAC_READING_SPO2, .value = 93};
    s->last[3] = (rac_reading_value){.kind = RAC_READING_MOAAS, .value = 5};
    for (int i = 0; i < 2; i++)
        s->baseline[i].quality = RAC_QUALITY_MANUAL;
    for (int i = 0; i < 4; i++)
        s->last[i].quality = RAC_QUALITY_MANUAL;
    const rac_event first[before_ticks] = {
        {.kind = RAC_EVENT_OPENED, .at = minute(0), .name = "p", .protocol_hash = "h", .number = 1},
        {.kind = RAC_EVENT_READING, .at = minute(5), .readings = s->baseline, .reading_count = 2},
        {.kind = RAC_EVENT_STARTED, .at = minute(9), .rate_ml_per_h = dec("75")},
        {.kind = RAC_EVENT_STOPPED, .at = minute(49)},
        {.kind = RAC_EVENT_READING, .at = minute(110), .readings = s->last, .reading_count = 4},
    };
    memcpy(s->events, first, sizeof first);
    for (int i = 0; i < tick_count; i++)
        s->events[before_ticks + i] =
            (rac_event){.kind = RAC_EVENT_TICK, .at = minute(111), .name = ticks[i], .done = true};
    s->count = all;
    s->now = minute(112);
    return s;
}

static rac_discharge evaluate(rac_arena *arena, const rac_protocol *protocol, stay *s)
{
    rac_error err = {0};
    rac_session session;
    rac_discharge discharge;
    for (size_t i = 0; i < s->count; i++) {
        s->events[i].seq = (int64_t)i + 1;
        s->events[i].recorded = s->events[i].at;
        s->events[i].actor = "rk";
        s->events[i].fasting_h = -1;
    }
    check_ok(rac_session_fold(arena, protocol, &nothing, s->events, s->count, &session, &err));
    const rac_moment moment = {protocol, &session, &nothing, s->now, 0, s->alarms_open};
    check_ok(rac_discharge_evaluate(arena, &moment, &discharge, &err));
    return discharge;
}

/* `id` alone is not met, in `state`, and the patient is not ready. */
static void only(const rac_discharge *discharge, const char *id, rac_item_state state)
{
    assert_false(discharge->ready);
    bool found = false;
    for (size_t i = 0; i < discharge->checklist.count; i++) {
        const rac_item_result *item = &discharge->checklist.items[i];
        const bool named = strcmp(item->item->id, id) == 0;
        if (item->state != (named ? state : RAC_ITEM_MET))
            fail_msg("%s left out: %s is in state %d (%s)", id, item->item->id, (int)item->state,
                     item->explanation);
        found = found || named;
    }
    assert_true(found);
}

static void test_care_discharge__complete_list_is_ready(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    stay *s = prepare(arena);
    const rac_discharge discharge = evaluate(arena, protocol, s);
    assert_true(discharge.checklist.complete);
    assert_true(discharge.ready);
    assert_int_equal(discharge.earliest.ms, s->now.ms);
    rac_arena_free(arena);
}

static void test_care_discharge__each_missing_tick_keeps_the_patient(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (int i = 0; i < tick_count; i++) {
        stay *s = prepare(arena);
        s->events[before_ticks + i].done = false; /* taken back */
        rac_discharge discharge = evaluate(arena, protocol, s);
        only(&discharge, ticks[i], RAC_ITEM_NOT_MET);
        s->events[before_ticks + i] = (rac_event){.kind = RAC_EVENT_NOTE, .at = minute(111), .text = "-"};
        discharge = evaluate(arena, protocol, s); /* never made */
        only(&discharge, ticks[i], RAC_ITEM_NOT_MET);
    }
    rac_arena_free(arena);
}

static void test_care_discharge__each_reading_outside_its_limit_keeps_the_patient(void **state)
{
    (void)state;
    static const struct {
        int reading;
        double value;
        const char *id;
    } rows[] = {{0, 157, "pressure"}, {0, 103, "pressure"},  {1, 97, "pressure"},
                {1, 63, "pressure"},  {2, 92, "saturation"}, {3, 4, "alert"}};
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        stay *s = prepare(arena);
        s->last[rows[i].reading].value = rows[i].value;
        const rac_discharge discharge = evaluate(arena, protocol, s);
        only(&discharge, rows[i].id, RAC_ITEM_NOT_MET);
    }
    stay *s = prepare(arena); /* never measured: unknown is not met */
    s->last[2].quality = RAC_QUALITY_ARTEFACT;
    rac_discharge discharge = evaluate(arena, protocol, s);
    only(&discharge, "saturation", RAC_ITEM_UNKNOWN);
    s = prepare(arena); /* after sixteen minutes pressure and alertness are no news */
    s->now = minute(126);
    discharge = evaluate(arena, protocol, s);
    assert_false(discharge.ready);
    s->now = minute(125);
    discharge = evaluate(arena, protocol, s);
    assert_true(discharge.ready);
    rac_arena_free(arena);
}

static void test_care_discharge__symptoms_and_alarms_keep_the_patient(void **state)
{
    (void)state;
    static const struct {
        rac_severity severity;
        bool ready;
    } rows[] = {{RAC_GONE, true}, {RAC_MILD, true}, {RAC_MODERATE, false}, {RAC_SEVERE, false}};
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        stay *s = prepare(arena);
        s->events[s->count++] = (rac_event){
            .kind = RAC_EVENT_SYMPTOM, .at = minute(111), .name = "nausea", .severity = rows[i].severity};
        const rac_discharge discharge = evaluate(arena, protocol, s);
        assert_int_equal(discharge.ready, rows[i].ready);
        if (!rows[i].ready)
            only(&discharge, "symptoms", RAC_ITEM_NOT_MET);
    }
    stay *s = prepare(arena);
    s->alarms_open = 1;
    rac_discharge discharge = evaluate(arena, protocol, s);
    only(&discharge, "alarms", RAC_ITEM_NOT_MET);
    s->alarms_open = -1;
    discharge = evaluate(arena, protocol, s);
    only(&discharge, "alarms", RAC_ITEM_UNKNOWN);
    rac_arena_free(arena);
}

/* The site rests 60 minutes after the last drug, which ended at minute 49. */
static void test_care_discharge__rest_names_its_earliest_time(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    stay *s = prepare(arena);
    s->events[4].at = minute(100);
    for (int i = 0; i < tick_count; i++)
        s->events[before_ticks + i].at = minute(101);
    s->now = minute(104);
    rac_discharge discharge = evaluate(arena, protocol, s);
    only(&discharge, "rest", RAC_ITEM_NOT_MET);
    assert_int_equal(discharge.earliest.ms, minute(109).ms);
    s->now = minute(109);
    discharge = evaluate(arena, protocol, s);
    assert_true(discharge.ready);
    assert_int_equal(discharge.earliest.ms, minute(109).ms);
    rac_arena_free(arena);
}

static void test_care_discharge__no_driving_for_a_day_after_the_last_drug(void **state)
{
    (void)state;
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    stay *s = prepare(arena);
    rac_discharge discharge = evaluate(arena, protocol, s);
    assert_int_equal(discharge.no_driving_until.ms, stopped.ms + day_ms);
    s->events[3] = (rac_event){.kind = RAC_EVENT_NOTE, .at = minute(49), .text = "-"}; /* still running */
    discharge = evaluate(arena, protocol, s);
    assert_int_equal(discharge.no_driving_until.ms, s->now.ms + day_ms);
    rac_arena_free(arena);
}

static void test_care_discharge__only_from_recovery(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    stay *s = prepare(arena);
    s->events[3].kind = RAC_EVENT_PAUSED; /* held, never stopped: the list is met, the state is not */
    rac_discharge discharge = evaluate(arena, protocol, s);
    assert_true(discharge.checklist.complete);
    assert_false(discharge.ready);
    s->events[3] = (rac_event){.kind = RAC_EVENT_NOTE, .at = minute(49), .text = "-"}; /* still running */
    discharge = evaluate(arena, protocol, s);
    only(&discharge, "rest", RAC_ITEM_NOT_MET);
    s = prepare(arena);
    s->events[s->count++] = (rac_event){.kind = RAC_EVENT_LEFT, .at = minute(111), .text = "left"};
    discharge = evaluate(arena, protocol, s);
    assert_false(discharge.ready);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_discharge__complete_list_is_ready),
          cmocka_unit_test(test_care_discharge__each_missing_tick_keeps_the_patient),
          cmocka_unit_test(test_care_discharge__each_reading_outside_its_limit_keeps_the_patient),
          cmocka_unit_test(test_care_discharge__symptoms_and_alarms_keep_the_patient),
          cmocka_unit_test(test_care_discharge__rest_names_its_earliest_time),
          cmocka_unit_test(test_care_discharge__no_driving_for_a_day_after_the_last_drug),
          cmocka_unit_test(test_care_discharge__only_from_recovery))
