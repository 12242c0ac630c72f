/* Change against the baseline, response at exactly 50 %, remission below 5, an unknown suicide item. */
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

RAC_TESTS(cmocka_unit_test(test_care_course__response_and_remission_at_their_limits))
