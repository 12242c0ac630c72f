/* Charts as clinics really send them: each fault is named, at its place, all at once. */
#include "check.h"

#include "racemate/study.h"

static const char good[] =
    "patient,arm,visit,score,age\n"
    "a,IV,0,20,30\na,IV,1,15,30\nb,IV,0,18,40\nb,IV,1,17,40\nc,IV,0,21,35\nc,IV,1,11,35\n"
    "d,IN,0,22,50\nd,IN,1,20,50\ne,IN,0,19,44\ne,IN,1,19,44\nf,IN,0,17,61\nf,IN,1,12,61\n";

static rac_status read_text(rac_arena *arena, rac_text bytes, const char *map, rac_chart *chart,
                            rac_problems *problems)
{
    const rac_chart_file file = {"chart.csv", bytes};
    rac_chart_options options = {.scale = "PHQ-9"};
    if (map)
        options.map = (rac_chart_file){"map.yaml", rac_text_of(map)};
    *problems = rac_problems_init(arena);
    return rac_chart_read(arena, &file, &options, chart, problems);
}

static void test_study_reading__a_good_chart_has_its_arms_and_scores(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_chart chart;
    rac_problems problems;
    check_status(read_text(arena, rac_text_of(good), NULL, &chart, &problems), RAC_OK);
    assert_int_equal(chart.patients, 6);
    assert_int_equal(chart.visits, 2);
    assert_string_equal(chart.arm_name[RAC_CHART_REFERENCE], "IN");
    assert_int_equal(chart.arm[0], RAC_CHART_TREATED);
    assert_true(chart.score[1] == 15);
    assert_int_equal(chart.covariates, 1);
    rac_arena_free(arena);
}

static void test_study_reading__each_fault_is_named_at_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *rows, *says;
        int line;
    } faults[] = {
        {"a,IV,2,99,30\n", "not possible on PHQ-9", 14},
        {"a,IV,0,19,30\n", "two baselines", 14},
        {"a,IV,1,19,30\n", "this visit twice", 14},
        {"g,iv,0,19,30\n", "spelled two ways", 14},
        {"g,ECT,0,19,30\n", "the file has 3 arms", 0},
        {"a,IV,2,12 points,30\n", "'12 points' is not a number", 14},
        {"a,IV,two,12,30\n", "visit 'two' has no place", 14},
        {"a,IN,2,12,30\n", "is in 'IN' here and in 'IV' before", 14},
        {",IV,2,12,30\n", "a row without a patient", 14},
        {"h,,0,12,30\n", "has no arm", 14},
        {"h,IV,0,\xff\xfe,30\n", "UTF-8", 14},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        rac_arena *arena = rac_arena_new();
        rac_chart chart;
        rac_problems problems;
        const char *bytes = rac_format(arena, "%s%s", good, faults[i].rows);
        check_status(read_text(arena, rac_text_of(bytes), NULL, &chart, &problems), RAC_INVALID);
        assert_true(problems.count >= 1);
        check_contains(problems.items[0].message, faults[i].says);
        assert_int_equal(problems.items[0].line, faults[i].line);
        rac_arena_free(arena);
    }
}

static void test_study_reading__all_faults_come_at_once(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_chart chart;
    rac_problems problems;
    const char *bytes = rac_format(arena, "%sa,IV,2,99,30\nb,IV,1,3,40\nc,IV,2,\"9,5\",35\n", good);
    check_status(read_text(arena, rac_text_of(bytes), NULL, &chart, &problems), RAC_INVALID);
    assert_int_equal(problems.count, 3);
    rac_arena_free(arena);
}

static void test_study_reading__a_map_names_columns_arms_and_visits(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_chart chart;
    rac_problems problems;
    const char *map = "columns: {patient: record, arm: drug, visit: event, score: total}\n"
                      "arms: {infusion: treated, Spravato: reference, ECT: ignored}\n"
                      "visits: {intake: 0, first: 1}\nmissing: [-99]\n";
    const char *bytes =
        "record,drug,event,total,remark\n1,infusion,intake,20,\"two\nlines\"\n1,infusion,first,-99,x\n"
        "2,Spravato,intake,19,y\n2,Spravato,first,11,\n3,ECT,intake,25,\n";
    check_status(read_text(arena, rac_text_of(bytes), map, &chart, &problems), RAC_OK);
    assert_int_equal(chart.patients, 2);
    assert_int_equal(chart.patients_other, 1);
    assert_true(isnan(chart.score[1]));
    assert_true(chart.score[3] == 11);
    rac_arena_free(arena);
}

static void test_study_reading__days_that_run_backwards_are_told(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_chart chart;
    rac_problems problems;
    const char *bytes = "patient,arm,visit,score,day\na,IV,0,20,5\na,IV,1,12,3\nb,IN,0,20,1\n";
    check_status(read_text(arena, rac_text_of(bytes), NULL, &chart, &problems), RAC_INVALID);
    check_contains(problems.items[0].message, "out of order");
    rac_arena_free(arena);
}

static void test_study_reading__one_arm_alone_is_refused(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_chart chart;
    rac_problems problems;
    check_status(read_text(arena, rac_text_of("patient,arm,visit,score\na,IV,0,20\na,IV,1,12\n"), NULL,
                           &chart, &problems),
                 RAC_INVALID);
    check_contains(problems.items[0].message, "the file has 1 arm");
    rac_arena_free(arena);
}

static void test_study_reading__a_session_of_one_arm_is_left_out_and_a_constant_score_is_refused(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_chart chart;
    rac_problems problems;
    const char *bytes = rac_format(arena, "%sa,IV,2,9,30\nb,IV,3,,40\n", good);
    check_status(read_text(arena, rac_text_of(bytes), NULL, &chart, &problems), RAC_OK);
    rac_study_comparison c;
    check_ok(rac_study_compare(arena, &chart, NULL, &c, &err));
    assert_int_equal(c.visits, 1);
    assert_int_equal(c.left_out, 2);
    const char *constant =
        "patient,arm,visit,score\na,IV,0,20\na,IV,1,20\nb,IV,0,21\nb,IV,1,21\nc,IN,0,20\nc,IN,1,20\n"
        "d,IN,0,19\nd,IN,1,19\n";
    check_status(read_text(arena, rac_text_of(constant), NULL, &chart, &problems), RAC_OK);
    check_status(rac_study_compare(arena, &chart, NULL, &c, &err), RAC_INVALID);
    check_contains(err.message, "same");
    check_status(rac_study_adverse(arena, &chart, NULL, &(rac_study_harms){0}, &err), RAC_NOT_FOUND);
    rac_arena_free(arena);
}

static void test_study_reading__a_million_rows_are_read(void **state)
{
    (void)state;
    enum { PATIENTS = 250000, VISITS = 4 };
    rac_arena *arena = rac_arena_new();
    char *bytes = rac_arena_alloc(arena, (size_t)PATIENTS * VISITS * 24 + 64);
    size_t size = (size_t)sprintf(bytes, "patient,arm,visit,score\n");
    for (int p = 0; p < PATIENTS; p++)
        for (int v = 0; v < VISITS; v++)
            size += (size_t)sprintf(bytes + size, "%d,%s,%d,%d\n", p, p % 3 ? "IV" : "IN", v,
                                    20 - (p + v * 7) % 11);
    rac_chart chart;
    rac_problems problems;
    check_status(read_text(arena, (rac_text){bytes, size}, NULL, &chart, &problems), RAC_OK);
    assert_int_equal(chart.rows, PATIENTS * VISITS);
    assert_int_equal(chart.patients, PATIENTS);
    rac_arena_free(arena);
}

RAC_TESTS(
    cmocka_unit_test(test_study_reading__a_good_chart_has_its_arms_and_scores),
    cmocka_unit_test(test_study_reading__each_fault_is_named_at_its_line),
    cmocka_unit_test(test_study_reading__all_faults_come_at_once),
    cmocka_unit_test(test_study_reading__a_map_names_columns_arms_and_visits),
    cmocka_unit_test(test_study_reading__days_that_run_backwards_are_told),
    cmocka_unit_test(test_study_reading__one_arm_alone_is_refused),
    cmocka_unit_test(test_study_reading__a_session_of_one_arm_is_left_out_and_a_constant_score_is_refused),
    cmocka_unit_test(test_study_reading__a_million_rows_are_read))
