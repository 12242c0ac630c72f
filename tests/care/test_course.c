/* Change against the baseline, response at exactly 50 %, remission below 5, an unknown suicide item; the dose
 * the protocol's steps propose, and what a session was to them. */
#include "clinic.h"

#include "racemate/care/course.h"

static void test_care_course__response_and_remission_at_their_limits(void **state)
{
    (void)state;
    static const struct {
        int total;
        bool response, remission;
    } rows[] = {{11, false, false}, {10, true, false}, {5, true, false}, {4, true, true}, {24, false, false}};
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_scale *phq = NULL;
    check_ok(rac_scale_find(rac_text_of("PHQ-9"), &phq, &err));
    const rac_course_session given = {
        .id = "s", .number = 1, .state = RAC_STATE_DISCHARGED, .any_drug = true, .at = minute(100)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_score
            scores[3]; /* the later one first: any order; the last before the infusion is the baseline */
        rac_course course;
        check_ok(rac_scale_total(phq, rows[i].total, minute(200), &scores[0], &err));
        check_ok(rac_scale_total(phq, 27, minute(1), &scores[1], &err));
        check_ok(rac_scale_total(phq, 20, minute(100), &scores[2], &err));
        check_ok(rac_course_fold(arena, clinic_protocol(arena), scores, 3, &given, 1, &course, &err));
        assert_int_equal(course.count, 3);
        check_near(course.points[2].change_percent, 5.0 * (rows[i].total - 20), 1e-9, 0);
        assert_int_equal(course.response, rows[i].response);
        assert_int_equal(course.remission, rows[i].remission);
        assert_true(course.suicide_screen_due); /* a total says nothing about the item */
    }
    rac_arena_free(arena);
}

/* ---- where the next dose goes ---- */

typedef struct last_session {
    int infusions;         /* given before now */
    int score;             /* after the last; -1 none, baseline 20 */
    const char *mg_per_kg; /* ordered at the last */
    int holds;
    bool stopped_early;
} last_session;

static rac_course course_after(rac_arena *arena, const rac_protocol *protocol, const last_session *was)
{
    rac_error err = {0};
    const rac_scale *phq = NULL;
    rac_course_session sessions[8];
    rac_score scores[2];
    size_t score_count = 1;
    rac_course course;
    check_ok(rac_scale_find(rac_text_of("PHQ-9"), &phq, &err));
    check_ok(rac_scale_total(phq, 20, minute(0), &scores[0], &err));
    for (int i = 0; i < was->infusions; i++)
        sessions[i] = (rac_course_session){.id = "s",
                                           .number = i + 1,
                                           .state = RAC_STATE_DISCHARGED,
                                           .any_drug = true,
                                           .at = minute(10 + 4000 * i),
                                           .dose_mg_per_kg = dec(was->mg_per_kg)};
    if (was->infusions) {
        sessions[was->infusions - 1].holds = was->holds;
        sessions[was->infusions - 1].stopped_early = was->stopped_early;
    }
    if (was->score >= 0)
        check_ok(
            rac_scale_total(phq, was->score, minute(4000 * was->infusions), &scores[score_count++], &err));
    check_ok(rac_course_fold(arena, protocol, scores, score_count, sessions, (size_t)was->infusions, &course,
                             &err));
    return course;
}

/* 15 of 20 is an improvement of 25 %, 17 one of 15 %; the demonstration's limit is 20 %, and exactly 16 is
 * not below it. */
static void test_care_course__the_dose_steps_propose_and_say_why(void **state)
{
    (void)state;
    static const struct {
        last_session was;
        rac_dose_move move;
        const char *mg_per_kg, *rule, *because;
    } rows[] = {
        {{1, 17, "0.5", 0, false}, RAC_MOVE_STAY, "0.5", NULL, "no step"},
        {{2, 17, "0.5", 0, false},
         RAC_MOVE_UP,
         "0.75",
         "little-response",
         "course.improvement 15 % < site.step_up_below 20 %"},
        {{2, 16, "0.5", 0, false}, RAC_MOVE_STAY, "0.5", NULL, "no step"},
        {{2, 22, "0.5", 0, false}, RAC_MOVE_UP, "0.75", "little-response", "-10 %"},
        {{2, 17, "0.5", 1, false}, RAC_MOVE_STAY, "0.5", "held", "last.holds 1 > 0"},
        {{2, 17, "0.5", 1, true}, RAC_MOVE_STAY, "0.5", "stopped-early", "lowest dose"},
        {{3, 17, "0.75", 0, true}, RAC_MOVE_DOWN, "0.5", "stopped-early", "had to be stopped"},
        {{3, 17, "0.75", 0, false}, RAC_MOVE_STAY, "0.75", "little-response", "highest dose"},
        {{3, 17, "0.6", 0, false}, RAC_MOVE_UP, "0.75", "little-response", ""},  /* half a step is left */
        {{3, 17, "0.9", 0, false}, RAC_MOVE_STAY, "0.9", "little-response", ""}, /* ordered above the steps */
        {{3, 17, "0.4", 0, true}, RAC_MOVE_STAY, "0.4", "stopped-early", ""},    /* and below them */
        {{2, -1, "0.5", 0, false}, RAC_MOVE_STAY, "0.5", NULL, "cannot be judged"},
        {{2, -1, "0.5", 1, false}, RAC_MOVE_STAY, "0.5", "held", ""},
    };
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol_of(arena, "depression-iv-step-up.yaml");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const rac_course course = course_after(arena, protocol, &rows[i].was);
        assert_true(course.dose.made);
        assert_int_equal(course.dose.move, rows[i].move);
        assert_int_equal(course.dose.mg_per_kg.millionths, dec(rows[i].mg_per_kg).millionths);
        if (rows[i].rule)
            assert_string_equal(course.dose.rule, rows[i].rule);
        else
            assert_null(course.dose.rule);
        assert_true(!course.dose.rule || course.dose.sources.count > 0);
        check_contains(course.dose.because, rows[i].because);
        assert_true(course.summary.has_proposal);
        assert_int_equal(course.summary.proposed_mg_per_kg.millionths, course.dose.mg_per_kg.millionths);
    }
    const last_session unscored = {2, -1, "0.5", 0, false};
    const rac_course doubt = course_after(arena, protocol, &unscored);
    assert_int_equal(doubt.dose.missing.count, 1);
    assert_string_equal(doubt.dose.missing.items[0], "course.improvement");
    rac_arena_free(arena);
}

/* Nothing is proposed where there is no next infusion, no last one, or no rule. */
static void test_care_course__no_proposal_where_there_is_nothing_to_propose(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *steps = clinic_protocol_of(arena, "depression-iv-step-up.yaml");
    const last_session none = {0, -1, "0.5", 0, false}, over = {4, 17, "0.5", 0, false},
                       two = {2, 17, "0.5", 0, false};
    assert_false(course_after(arena, steps, &none).dose.made);
    assert_int_equal(course_after(arena, steps, &over).step, RAC_NEXT_STOP_REVIEW);
    assert_false(course_after(arena, steps, &over).dose.made);
    assert_false(course_after(arena, clinic_protocol(arena), &two).dose.made);
    rac_arena_free(arena);
}

/* The card says what is proposed and gives what is ordered. */
static void test_care_course__the_plan_says_the_proposal_and_does_not_take_it(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_protocol *protocol = clinic_protocol_of(arena, "depression-iv-step-up.yaml");
    const last_session little = {2, 17, "0.5", 0, false};
    rac_plan_request request = {.weight_kg = dec("70"), .weighed_at = minute(9000)};
    rac_plan plan;
    request.course = course_after(arena, protocol, &little).summary;
    check_ok(rac_plan_make(arena, protocol, &request, &plan, &err));
    assert_int_equal(plan.ordered_mg_per_kg.millionths, dec("0.5").millionths);
    check_contains(rac_plan_card(arena, protocol, &plan, 0), "propose 0.75 mg/kg, ordered are 0.5 mg/kg");
    request.dose_mg_per_kg = dec("0.75");
    check_ok(rac_plan_make(arena, protocol, &request, &plan, &err));
    check_contains(rac_plan_card(arena, protocol, &plan, 0), "as the protocol's dose steps propose");
    rac_arena_free(arena);
}

/* ---- a session as the course sees it ---- */

static rac_event at_minute(rac_event_kind kind, double at, const char *rate)
{
    rac_event event = {.at = minute(at), .recorded = minute(at), .kind = kind, .actor = "n", .fasting_h = -1};
    if (rate)
        event.rate_ml_per_h = dec(rate);
    return event;
}

/* 50 mL at 75 mL/h are 40 min. */
static void test_care_course__holds_and_early_stops_are_read_from_the_record(void **state)
{
    (void)state;
    static const struct {
        double paused, resumed, stopped; /* minutes; < 0 never */
        int holds;
        bool early;
        double percent;
    } rows[] = {{-1, -1, 40, 0, false, 100}, {-1, -1, 39.5, 0, false, 98.75}, {-1, -1, 38, 0, true, 95},
                {20, 25, 45, 1, false, 100}, {20, -1, 50, 1, true, 50},       {-1, -1, -1, 0, false, 100}};
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_protocol *protocol = clinic_protocol(arena);
    const rac_plan_request request = {.weight_kg = dec("70"), .weighed_at = minute(0)};
    rac_plan plan;
    check_ok(rac_plan_make(arena, protocol, &request, &plan, &err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_event events[8] = {at_minute(RAC_EVENT_OPENED, 0, NULL), at_minute(RAC_EVENT_PLANNED, 0, NULL),
                               at_minute(RAC_EVENT_STARTED, 1, "75")};
        size_t count = 3;
        events[0].number = 4;
        events[1].plan = &plan;
        if (rows[i].paused >= 0)
            events[count++] = at_minute(RAC_EVENT_PAUSED, 1 + rows[i].paused, NULL);
        if (rows[i].resumed >= 0)
            events[count++] = at_minute(RAC_EVENT_RESUMED, 1 + rows[i].resumed, "75");
        if (rows[i].stopped >= 0)
            events[count++] = at_minute(RAC_EVENT_STOPPED, 1 + rows[i].stopped, NULL);
        for (size_t k = 0; k < count; k++)
            events[k].seq = (int64_t)k + 1;
        rac_session session;
        check_ok(rac_session_fold(arena, protocol, NULL, events, count, &session, &err));
        const rac_course_session seen = rac_course_session_of("s", &session, minute(200));
        assert_int_equal(seen.number, 4);
        assert_int_equal(seen.holds, rows[i].holds);
        assert_int_equal(seen.stopped_early, rows[i].early);
        check_near(seen.given_percent, rows[i].percent, 0.002, 0); /* of 35 mg, to 0.001 mg */
        assert_int_equal(seen.dose_mg_per_kg.millionths, dec("0.5").millionths);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_course__response_and_remission_at_their_limits),
          cmocka_unit_test(test_care_course__the_dose_steps_propose_and_say_why),
          cmocka_unit_test(test_care_course__no_proposal_where_there_is_nothing_to_propose),
          cmocka_unit_test(test_care_course__the_plan_says_the_proposal_and_does_not_take_it),
          cmocka_unit_test(test_care_course__holds_and_early_stops_are_read_from_the_record))
