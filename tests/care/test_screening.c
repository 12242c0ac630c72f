/* Every rule of the standard protocol lets suitable patients pass and stops the others; unknown is
 * never an answer. */
#include "clinic.h"

/* A patient every rule accepts, as a person would type the answers. */
static const struct {
    const char *name, *answer;
} suitable[] = {
    {"age", "44 year"},
    {"diagnosis", "MDD"},
    {"failed_trials", "3"},
    {"psychosis", "no"},
    {"psychotic_features", "no"},
    {"psychosis_relative", "no"},
    {"current_mania", "no"},
    {"mania_history", "no"},
    {"bipolar", "no"},
    {"neurocognitive", "no"},
    {"imminent_suicide_risk", "no"},
    {"aneurysm", "no"},
    {"intracerebral_haemorrhage", "no"},
    {"raised_intracranial_pressure", "no"},
    {"raised_eye_pressure", "no"},
    {"unstable_heart_disease", "no"},
    {"weeks_since_cardiac_event", "9999"},
    {"ketamine_allergy", "no"},
    {"screening_sbp", "125 mmHg"},
    {"screening_dbp", "78 mmHg"},
    {"pregnant_or_breastfeeding", "no"},
    {"ketamine_misuse", "no"},
    {"substance_use_disorder", "none"},
    {"months_since_substance_use", "1200"},
    {"severe_liver_disease", "no"},
    {"liver_disease", "no"},
    {"hyperthyroid", "no"},
    {"sleep_apnoea_or_difficult_airway", "no"},
    {"seizures", "no"},
    {"benzodiazepine_mg_per_day", "0 mg"},
    {"lamotrigine", "no"},
    {"maoi", "no"},
    {"stimulant", "no"},
    {"theophylline", "no"},
    {"cyp3a4_inhibitor", "no"},
    {"consent", "yes"},
};
enum { fact_count = sizeof suitable / sizeof *suitable };

/* What makes each rule speak: one answer changed (two where the rule reads two facts). */
typedef struct change {
    const char *rule, *name, *answer, *name2, *answer2;
    rac_verdict verdict;
} change;
static const change changes[] = {
    {"adult", "age", "17 year", NULL, NULL, RAC_BLOCKS},
    {"depressive-episode", "diagnosis", "other", NULL, NULL, RAC_BLOCKS},
    {"two-failed-trials", "failed_trials", "1", NULL, NULL, RAC_BLOCKS},
    {"consent", "consent", "no", NULL, NULL, RAC_BLOCKS},
    {"primary-psychosis", "psychosis", "yes", NULL, NULL, RAC_BLOCKS},
    {"psychotic-features", "psychotic_features", "yes", NULL, NULL, RAC_BLOCKS},
    {"current-mania", "current_mania", "yes", NULL, NULL, RAC_BLOCKS},
    {"neurocognitive", "neurocognitive", "yes", NULL, NULL, RAC_BLOCKS},
    {"imminent-risk", "imminent_suicide_risk", "yes", NULL, NULL, RAC_BLOCKS},
    {"aneurysm", "aneurysm", "yes", NULL, NULL, RAC_BLOCKS},
    {"haemorrhage", "intracerebral_haemorrhage", "yes", NULL, NULL, RAC_BLOCKS},
    {"intracranial-pressure", "raised_intracranial_pressure", "yes", NULL, NULL, RAC_BLOCKS},
    {"eye-pressure", "raised_eye_pressure", "yes", NULL, NULL, RAC_BLOCKS},
    {"heart", "unstable_heart_disease", "yes", NULL, NULL, RAC_BLOCKS},
    {"cardiac-event", "weeks_since_cardiac_event", "5", NULL, NULL, RAC_BLOCKS},
    {"allergy", "ketamine_allergy", "yes", NULL, NULL, RAC_BLOCKS},
    {"pressure-at-screening", "screening_sbp", "161 mmHg", NULL, NULL, RAC_BLOCKS},
    {"pressure-at-screening", "screening_dbp", "91 mmHg", NULL, NULL, RAC_BLOCKS},
    {"pressure-guide", "screening_sbp", "141 mmHg", NULL, NULL, RAC_ASKS_REVIEW},
    {"pregnancy", "pregnant_or_breastfeeding", "yes", NULL, NULL, RAC_BLOCKS},
    {"ketamine-misuse", "ketamine_misuse", "yes", NULL, NULL, RAC_BLOCKS},
    {"substance-use", "substance_use_disorder", "severe", "months_since_substance_use", "5", RAC_BLOCKS},
    {"substance-use", "substance_use_disorder", "moderate", "months_since_substance_use", "5", RAC_BLOCKS},
    {"substance-use-mild", "substance_use_disorder", "mild", "months_since_substance_use", "1", RAC_BLOCKS},
    {"liver-severe", "severe_liver_disease", "yes", NULL, NULL, RAC_BLOCKS},
    {"seizures", "seizures", "yes", NULL, NULL, RAC_BLOCKS},
    {"airway", "sleep_apnoea_or_difficult_airway", "yes", NULL, NULL, RAC_BLOCKS},
    {"benzodiazepine", "benzodiazepine_mg_per_day", "2.1 mg", NULL, NULL, RAC_BLOCKS},
    {"benzodiazepine-any", "benzodiazepine_mg_per_day", "2 mg", NULL, NULL, RAC_ASKS_REVIEW},
    {"bipolar", "bipolar", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"bipolar", "mania_history", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"psychosis-relative", "psychosis_relative", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"liver", "liver_disease", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"thyroid", "hyperthyroid", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"maoi", "maoi", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"stimulant", "stimulant", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"xanthine", "theophylline", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"cyp3a4", "cyp3a4_inhibitor", "yes", NULL, NULL, RAC_ASKS_REVIEW},
    {"lamotrigine", "lamotrigine", "yes", NULL, NULL, RAC_ASKS_REVIEW},
};
enum { change_count = sizeof changes / sizeof *changes };

static rac_fact answered(rac_arena *arena, const rac_protocol *protocol, const char *name, const char *answer)
{
    rac_error err = {0};
    rac_fact fact;
    const rac_fact_definition *definition = rac_protocol_fact(protocol, name);
    assert_non_null(definition);
    check_ok(rac_fact_parse(arena, definition, rac_text_of(answer), minute(0), &fact, &err));
    return fact;
}

static void answer_all(rac_arena *arena, const rac_protocol *protocol, rac_fact facts[fact_count])
{
    for (size_t i = 0; i < fact_count; i++)
        facts[i] = answered(arena, protocol, suitable[i].name, suitable[i].answer);
}

static void replace(rac_arena *arena, const rac_protocol *protocol, rac_fact facts[fact_count],
                    const char *name, const char *answer)
{
    for (size_t i = 0; name && i < fact_count; i++)
        if (strcmp(facts[i].name, name) == 0)
            facts[i] = answered(arena, protocol, name, answer);
}

static rac_screening decide(rac_arena *arena, const rac_protocol *protocol, const rac_fact *items,
                            size_t count, rac_instant now)
{
    rac_error err = {0};
    rac_screening screening;
    const rac_facts facts = {items, count};
    check_ok(rac_screening_decide(arena, protocol, &facts, now, &screening, &err));
    assert_int_equal(screening.count, protocol->rule_count);
    return screening;
}

static const rac_rule_result *result_of(const rac_screening *screening, const char *rule)
{
    for (size_t i = 0; i < screening->count; i++)
        if (strcmp(screening->results[i].rule->id, rule) == 0)
            return &screening->results[i];
    fail_msg("no rule %s", rule);
    return NULL;
}

static bool has(rac_words words, const char *word)
{
    for (size_t i = 0; i < words.count; i++)
        if (strcmp(words.items[i], word) == 0)
            return true;
    return false;
}

static void test_care_screening__suitable_facts_pass_every_rule(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    rac_fact facts[fact_count];
    answer_all(arena, protocol, facts);
    const rac_screening screening = decide(arena, protocol, facts, fact_count, minute(1));
    assert_int_equal(screening.decision, RAC_ELIGIBLE);
    assert_int_equal(screening.ask.count, 0);
    for (size_t i = 0; i < screening.count; i++)
        assert_int_equal(screening.results[i].verdict, RAC_PASSES);
    rac_arena_free(arena);
}

static void test_care_screening__every_rule_speaks(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (size_t r = 0; r < protocol->rule_count; r++) { /* a rule added to the file needs a row here */
        bool covered = false;
        for (size_t i = 0; i < change_count; i++)
            covered = covered || strcmp(changes[i].rule, protocol->rules[r].id) == 0;
        if (!covered)
            fail_msg("no row for the rule %s", protocol->rules[r].id);
    }
    for (size_t i = 0; i < change_count; i++) {
        const change *c = &changes[i];
        rac_fact facts[fact_count];
        answer_all(arena, protocol, facts);
        replace(arena, protocol, facts, c->name, c->answer);
        replace(arena, protocol, facts, c->name2, c->answer2);
        const rac_screening screening = decide(arena, protocol, facts, fact_count, minute(1));
        const rac_rule_result *result = result_of(&screening, c->rule);
        if (result->verdict != c->verdict)
            fail_msg("%s: %s (%s)", c->rule, rac_verdict_name(result->verdict), result->explanation);
        assert_int_equal(screening.decision, c->verdict == RAC_BLOCKS ? RAC_NOT_ELIGIBLE : RAC_REVIEW);
    }
    rac_arena_free(arena);
}

static void test_care_screening__numbers_pass_at_their_limit(void **state)
{
    (void)state;
    static const change limits[] = {
        {"adult", "age", "18 year", NULL, NULL, RAC_PASSES},
        {"two-failed-trials", "failed_trials", "2", NULL, NULL, RAC_PASSES},
        {"cardiac-event", "weeks_since_cardiac_event", "6", NULL, NULL, RAC_PASSES},
        {"pressure-at-screening", "screening_sbp", "160 mmHg", "screening_dbp", "90 mmHg", RAC_PASSES},
        {"pressure-guide", "screening_sbp", "140 mmHg", "screening_dbp", "90 mmHg", RAC_PASSES},
        {"substance-use", "substance_use_disorder", "severe", "months_since_substance_use", "6", RAC_PASSES},
        {"substance-use-mild", "substance_use_disorder", "mild", "months_since_substance_use", "2",
         RAC_PASSES},
        {"benzodiazepine", "benzodiazepine_mg_per_day", "2 mg", NULL, NULL, RAC_PASSES},
    };
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        rac_fact facts[fact_count];
        answer_all(arena, protocol, facts);
        replace(arena, protocol, facts, limits[i].name, limits[i].answer);
        replace(arena, protocol, facts, limits[i].name2, limits[i].answer2);
        const rac_screening screening = decide(arena, protocol, facts, fact_count, minute(1));
        assert_int_equal(result_of(&screening, limits[i].rule)->verdict, RAC_PASSES);
    }
    rac_arena_free(arena);
}

/* Leaving out any one fact a rule reads leaves that rule, and the decision, open, with its name. */
static void test_care_screening__a_missing_fact_is_named(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    for (size_t i = 0; i < change_count; i++) {
        rac_fact facts[fact_count];
        size_t count = 0;
        answer_all(arena, protocol, facts);
        for (size_t f = 0; f < fact_count; f++)
            if (strcmp(facts[f].name, changes[i].name) != 0)
                facts[count++] = facts[f];
        assert_int_equal(count, fact_count - 1);
        const rac_screening screening = decide(arena, protocol, facts, count, minute(1));
        const rac_rule_result *result = result_of(&screening, changes[i].rule);
        if (!changes[i].name2) { /* 1200 months free decide the substance rules alone */
            assert_int_equal(result->verdict, RAC_NEEDS_FACTS);
            assert_true(has(result->missing, changes[i].name));
            assert_int_equal(screening.decision, RAC_CANNOT_SAY_YET);
            assert_true(has(screening.ask, changes[i].name));
            assert_int_equal(screening.ask.count, 1);
        } else {
            assert_int_equal(result->verdict, RAC_PASSES);
        }
    }
    rac_arena_free(arena);
}

/* 40 patients answer in a shuffled order, well or badly: a verdict once known stays. */
static void test_care_screening__more_facts_never_turn_a_verdict(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    uint32_t seed = 20260101;
    size_t settled = 0;
    for (int patient = 0; patient < 40; patient++) {
        rac_fact facts[fact_count];
        answer_all(arena, protocol, facts);
        for (size_t i = 0; i < change_count; i++) {
            seed = seed * 1664525U + 1013904223U; /* Numerical Recipes' quick generator */
            if ((seed >> 16) % 4 == 0) {
                replace(arena, protocol, facts, changes[i].name, changes[i].answer);
                replace(arena, protocol, facts, changes[i].name2, changes[i].answer2);
            }
        }
        for (size_t i = fact_count - 1; i > 0; i--) {
            seed = seed * 1664525U + 1013904223U;
            const size_t j = (seed >> 16) % (i + 1);
            const rac_fact kept = facts[i];
            facts[i] = facts[j], facts[j] = kept;
        }
        rac_screening before = decide(arena, protocol, facts, 0, minute(1));
        for (size_t known = 1; known <= fact_count; known++) {
            const rac_screening after = decide(arena, protocol, facts, known, minute(1));
            for (size_t r = 0; r < after.count; r++) {
                if (before.results[r].verdict == RAC_NEEDS_FACTS)
                    continue;
                assert_int_equal(after.results[r].verdict, before.results[r].verdict);
                settled++;
            }
            if (before.decision == RAC_NOT_ELIGIBLE)
                assert_int_equal(after.decision, RAC_NOT_ELIGIBLE);
            before = after;
        }
        assert_int_not_equal(before.decision, RAC_CANNOT_SAY_YET);
    }
    assert_true(settled > 0);
    rac_arena_free(arena);
}

static void test_care_screening__an_answer_expires(void **state)
{
    (void)state;
    const double month = 30.0 * 24 * 60; /* valid_for: 30 days */
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    rac_fact facts[fact_count];
    answer_all(arena, protocol, facts);
    rac_screening screening = decide(arena, protocol, facts, fact_count, minute(month));
    assert_int_equal(screening.decision, RAC_ELIGIBLE);
    rac_instant later = minute(month);
    later.ms++;
    screening = decide(arena, protocol, facts, fact_count, later);
    assert_int_equal(screening.decision, RAC_CANNOT_SAY_YET);
    assert_int_equal(screening.ask.count, 3);
    assert_true(has(screening.ask, "screening_sbp") && has(screening.ask, "screening_dbp"));
    assert_true(has(screening.ask, "pregnant_or_breastfeeding"));
    /* and what is only answered later is not known yet */
    screening = decide(arena, protocol, facts, fact_count, minute(-1));
    assert_int_equal(screening.decision, RAC_CANNOT_SAY_YET);
    rac_arena_free(arena);
}

static void test_care_screening__what_can_exclude_is_asked_first(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *protocol = clinic_protocol(arena);
    const rac_screening screening = decide(arena, protocol, NULL, 0, minute(1));
    assert_int_equal(screening.decision, RAC_CANNOT_SAY_YET);
    assert_int_equal(screening.ask.count, fact_count); /* each once */
    assert_string_equal(screening.ask.items[0], "age");
    bool caution = false;
    const rac_fact_definition *previous = NULL;
    for (size_t i = 0; i < screening.ask.count; i++) {
        bool excludes = false;
        for (size_t r = 0; r < screening.count; r++)
            excludes = excludes || (screening.results[r].rule->kind != RAC_RULE_CAUTION &&
                                    has(screening.results[r].missing, screening.ask.items[i]));
        const rac_fact_definition *fact = rac_protocol_fact(protocol, screening.ask.items[i]);
        assert_false(caution && excludes);
        if (caution == !excludes && previous)
            assert_true(fact > previous); /* the order of the file inside a group */
        caution = !excludes;
        previous = fact;
    }
    assert_true(caution);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_care_screening__suitable_facts_pass_every_rule),
          cmocka_unit_test(test_care_screening__every_rule_speaks),
          cmocka_unit_test(test_care_screening__numbers_pass_at_their_limit),
          cmocka_unit_test(test_care_screening__a_missing_fact_is_named),
          cmocka_unit_test(test_care_screening__more_facts_never_turn_a_verdict),
          cmocka_unit_test(test_care_screening__an_answer_expires),
          cmocka_unit_test(test_care_screening__what_can_exclude_is_asked_first))
