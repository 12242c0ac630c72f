/* The shipped file becomes the values it says. */
#include "base/expression.h"
#include "files.h"

static const char standard[] = "depression-iv-standard.yaml";

static void check_decimal(rac_decimal actual, int64_t millionths)
{
    assert_true(actual.millionths == millionths);
}

static void test_protocol_read__the_standard_course_says_what_its_file_says(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *p = read_protocol(arena, standard);
    assert_string_equal(p->id, "depression-iv-standard");
    assert_string_equal(p->drug_form, "racemic");
    check_decimal(p->dose.amount_mg_per_kg, 500000);
    check_near(p->dose.duration_min, 40, 0, 0);
    check_decimal(p->dose.min_mg_per_kg, 100000);
    check_decimal(p->dose.max_mg_per_kg, 1000000);
    check_near(p->dose.fastest_mg_per_kg_per_min, 0.5, 1e-15, 0);
    assert_string_equal(p->dose.cap_place, "max_dose_mg");
    check_decimal(p->dose.cap_mg, 0);
    assert_int_equal(p->preparation.vial_count, 3);
    assert_string_equal(p->preparation.stocked->code, "KET-50-10");
    check_decimal(p->preparation.stocked->strength_mg_per_ml, 50000000);
    check_decimal(p->preparation.draw_graduation_ml, 10000);
    check_decimal(p->preparation.pump_max_ml_per_h, 999900000);
    assert_string_equal(p->preparation.diluents.items[0], "sodium chloride 0.9 %");
    assert_int_equal(p->course.infusions_min, 6);
    assert_int_equal(p->course.infusions_max, 8);
    check_near(p->course.spacing_max_days, 7, 1e-12, 0);
    check_near(p->course.response_reduction_percent, 50, 1e-12, 0);
    assert_int_equal(p->course.remission_count, 3);
    assert_string_equal(p->course.remission[0].scale, "PHQ-9");
    assert_false(p->course.remission[0].inclusive);
    assert_true(p->course.remission[1].inclusive);
    assert_int_equal(p->course.maintenance_count, 3);
    check_near(p->course.maintenance[1].every_days, 14, 1e-12, 0);
    assert_string_equal(p->monitoring[0].reading, "sbp");
    assert_int_equal(p->monitoring[0].every.ms, 600000);
    assert_int_equal(p->monitoring[1].phase, RAC_PHASE_RECOVERY);
    assert_int_equal(p->reannounce.ms, 120000);
    assert_int_equal(p->conditions[0].action, RAC_ACTION_STOP);
    assert_int_equal(p->conditions[0].priority, RAC_PRIORITY_HIGH);
    assert_true(p->conditions[0].latch);
    assert_int_equal(p->conditions[5].delay.ms, 15000);
    assert_int_equal(p->start.count, 12);
    assert_null(p->start.items[0].when);
    assert_non_null(p->start.items[1].when);
    assert_int_equal(rac_protocol_open_places(p), p->place_count);
    rac_arena_free(arena);
}

static void test_protocol_read__parts_are_found_by_name(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *p = read_protocol(arena, standard);
    assert_string_equal(rac_protocol_source(p, "ketect")->kind, "trial");
    assert_null(rac_protocol_source(p, "nobody"));
    assert_int_equal(rac_protocol_fact(p, "age")->kind, RAC_FACT_NUMBER);
    check_near(rac_protocol_fact(p, "age")->high, 120, 0, 0);
    assert_int_equal(rac_protocol_fact(p, "screening_sbp")->valid_for.ms, INT64_C(30) * 24 * 3600 * 1000);
    assert_true(rac_protocol_fact(p, "pregnancy_test")->each_session);
    assert_int_equal(rac_protocol_rule(p, "adult")->kind, RAC_RULE_REQUIRE);
    assert_int_equal(rac_protocol_rule(p, "maoi")->kind, RAC_RULE_CAUTION);
    assert_string_equal(rac_protocol_place(p, "hold_spo2")->unit, "%");
    assert_null(rac_protocol_place(p, "hold"));
    rac_arena_free(arena);
}

static void test_protocol_names__every_name_has_its_own_slot(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *p = read_protocol(arena, standard);
    static const struct {
        const char *name;
        rac_fact_kind kind;
        const char *unit;
    } known[] = {{"sbp", RAC_FACT_NUMBER, "mmHg"},          {"spo2.age", RAC_FACT_NUMBER, "min"},
                 {"baseline.hr", RAC_FACT_NUMBER, "1/min"}, {"weight.today", RAC_FACT_TRUTH, ""},
                 {"diagnosis", RAC_FACT_WORD, ""},          {"psychosis", RAC_FACT_TRUTH, ""},
                 {"failed_trials", RAC_FACT_NUMBER, "1"},   {"site.hold_spo2", RAC_FACT_NUMBER, "%"},
                 {"tick.identity", RAC_FACT_TRUTH, ""},     {"tick.no_driving", RAC_FACT_TRUTH, ""},
                 {"tick.second_check", RAC_FACT_TRUTH, ""}};
    const size_t count = rac_protocol_slot_count(p);
    bool *taken = rac_many(arena, bool, count);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        rac_fact_kind kind;
        const char *unit;
        assert_true(rac_protocol_name(p, rac_text_of(known[i].name), &kind, &unit));
        assert_int_equal(kind, known[i].kind);
        assert_string_equal(unit, known[i].unit);
        const int slot = rac_protocol_slot(p, rac_text_of(known[i].name));
        assert_in_range(slot, 0, count - 1);
        assert_false(taken[slot]);
        taken[slot] = true;
    }
    static const char *const unknown[] = {
        "", "sbp.", "site.", "site.x", "tick.weight", "tick.second-check", "baseline.x"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_int_equal(rac_protocol_slot(p, rac_text_of(unknown[i])), -1);
    rac_arena_free(arena);
}

static void test_protocol_names__rows_of_the_vocabulary_are_sound(void **state)
{
    (void)state;
    size_t count;
    const rac_vocabulary_row *rows = rac_vocabulary(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].meaning[0]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(rows[i].name, rows[k].name);
        if (rows[i].kind != RAC_FACT_NUMBER)
            continue;
        rac_unit unit;
        rac_error err = {0};
        check_ok(rac_unit_parse(rac_text_of(rows[i].unit), &unit, &err));
        assert_true(rows[i].low < rows[i].high);
    }
}

static void test_protocol_names__values_are_evaluated_in_their_slots(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *p = filled_protocol(arena, standard);
    size_t count;
    rac_value *values = rac_protocol_values(arena, p, &count);
    rac_answer answer;
    rac_error err = {0};
    const rac_expression *hold = p->conditions[2].when; /* sbp >= site.hold_systolic, filled with 165 mmHg */
    check_ok(rac_expression_evaluate(arena, hold, values, count, &answer, &err));
    assert_int_equal(rac_answer_truth(&answer), RAC_UNKNOWN);
    assert_string_equal(answer.missing[0], "sbp");
    values[rac_protocol_slot(p, rac_text_of("sbp"))] = rac_value_number(164);
    check_ok(rac_expression_evaluate(arena, hold, values, count, &answer, &err));
    assert_int_equal(rac_answer_truth(&answer), RAC_FALSE);
    values[rac_protocol_slot(p, rac_text_of("sbp"))] = rac_value_number(165);
    check_ok(rac_expression_evaluate(arena, hold, values, count, &answer, &err));
    assert_int_equal(rac_answer_truth(&answer), RAC_TRUE);
    rac_arena_free(arena);
}

/* Every shipped protocol, with each source reference listed and well formed (the reader refuses others). */
static void test_protocol_read__every_shipped_protocol_passes(void **state)
{
    (void)state;
    static const char *const files[] = {"depression-iv-standard.yaml", "depression-iv-slow-100min.yaml"};
    for (size_t i = 0; i < 2; i++) {
        rac_arena *arena = rac_arena_new();
        const rac_protocol *p = filled_protocol(arena, files[i]);
        assert_true(strncmp(p->id, files[i], strlen(p->id)) == 0);
        for (size_t s = 0; s < p->source_count; s++) {
            const char *url = p->sources[s].url;
            assert_true(strncmp(url, "http", 4) == 0 || strncmp(url, "doi:10.", 7) == 0 ||
                        strncmp(url, "pmid:", 5) == 0);
            assert_true(p->sources[s].title[0]);
        }
        for (size_t r = 0; r < p->rule_count; r++)
            for (size_t s = 0; s < p->rules[r].sources.count; s++)
                assert_non_null(rac_protocol_source(p, p->rules[r].sources.items[s]));
        rac_arena_free(arena);
    }
}

RAC_TESTS(cmocka_unit_test(test_protocol_read__the_standard_course_says_what_its_file_says),
          cmocka_unit_test(test_protocol_read__parts_are_found_by_name),
          cmocka_unit_test(test_protocol_names__every_name_has_its_own_slot),
          cmocka_unit_test(test_protocol_names__rows_of_the_vocabulary_are_sound),
          cmocka_unit_test(test_protocol_names__values_are_evaluated_in_their_slots),
          cmocka_unit_test(test_protocol_read__every_shipped_protocol_passes))
