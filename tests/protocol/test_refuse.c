/* One thing broken in a copy of the shipped file: the line, the message and the hint of the refusal. */
#include "files.h"

typedef struct broken {
    const char *from, *to; /* what is broken */
    const char *at;        /* words of the line the problem must be placed on */
    const char *message, *hint;
} broken;

static const broken cases[] = {
    /* keys */
    {"  duration: 40 min", "  duratoin: 40 min", "duratoin", "unknown key 'duratoin'",
     "did you mean 'duration'"},
    {"  duration: 40 min", "  duration: 40 min\n  duration: 50 min", "duration: 50",
     "given twice, first on line", ""},
    {"setting: monitored", "settings: monitored", "settings:", "unknown key 'settings'",
     "did you mean 'setting'"},
    /* the dose */
    {"amount: 0.5 mg/kg", "amount: 0.5 mL/kg", "amount: 0.5", "0.5 mL/kg is a volume per body weight",
     "a volume means another amount with every vial"},
    {"amount: 0.5 mg/kg", "amount: 0.5 mg", "amount: 0.5 mg\n",
     "expected a drug mass per body weight (mg/kg)", "mg cannot be converted"},
    {"amount: 0.5 mg/kg", "amount: 0.5", "amount: 0.5\n", "amount", "mg/kg"},
    {"amount: 0.5 mg/kg", "amount: 0,5 mg/kg", "amount: 0,5", "dose.amount", ""},
    {"amount: 0.5 mg/kg", "amount: 5.0 mg/kg", "amount: 5.0", "dose is 5 mg/kg, allowed 0.1 to 1 mg/kg",
     "misplaced decimal point"},
    {"amount: 0.5 mg/kg", "amount: 0 mg/kg", "amount: 0 ", "expected more than 0", ""},
    {"amount: 0.5 mg/kg", "amount: 0.12345678 mg/kg", "amount: 0.12345678", "more than six digits", ""},
    {"{min: 0.1 mg/kg, max: 1.0 mg/kg}", "{min: 1.0 mg/kg, max: 0.1 mg/kg}", "allowed:", "reversed",
     "min: 0.1"},
    {"duration: 40 min", "duration: 0 min", "duration: 0", "duration is 0", ""},
    {"duration: 40 min", "duration: 40", "duration: 40\n", "40 has no unit, expected a time",
     "write the unit after the number"},
    {"duration: 40 min", "duration: 30 s", "duration: 30 s", "1 mg/kg/min, fastest allowed is 0.5 mg/kg/min",
     "at least 1 min"},
    {"[30 kg, 250 kg]", "[250 kg, 30 kg]", "weight_range", "reversed: 250 kg is above 30 kg",
     "[30 kg, 250 kg]"},
    {"cap: site.max_dose_mg", "cap: site.max_dose", "cap: site", "no place 'max_dose'", "site.max_dose_mg"},
    {"cap: site.max_dose_mg", "cap: site.fasting", "cap: site", "no amount of drug", "80 mg"},
    /* sources */
    {"[andrade-dose, ketect, nimh-bipolar,", "[andrade-doze, ketect, nimh-bipolar,", "andrade-doze",
     "'andrade-doze' is not listed", "did you mean 'andrade-dose'"},
    {", because: \"Adults only\", clears: \"Nothing before the 18th birthday\", sources: [kansas-city, "
     "toronto]}",
     ", because: \"Adults only\", clears: \"Nothing before the 18th birthday\"}", "id: adult",
     "has no 'sources'", "whose practice"},
    {"  nimh-bipolar: {kind: trial, title",
     "  stray: {kind: trial, title: x, url: \"doi:10.1000/x\"}\n  nimh-bipolar: {kind: trial, title",
     "  stray:", "source 'stray' is never used", "take it out"},
    {"https://pmc.ncbi.nlm.nih.gov/articles/PMC3000408", "pmc.ncbi.nlm.nih.gov/articles/PMC3000408",
     "nimh-bipolar:", "no address of a source", "doi:10."},
    {"https://pmc.ncbi.nlm.nih.gov/articles/PMC3000408", "doi:11.1000/x", "nimh-bipolar:", "no address",
     "pmid:"},
    {"https://pmc.ncbi.nlm.nih.gov/articles/PMC3000408", "pmid:12a", "nimh-bipolar:", "no address", "pmid:"},
    {"https://pmc.ncbi.nlm.nih.gov/articles/PMC3000408", "https://pmc ncbi", "nimh-bipolar:", "no address",
     "http(s)"},
    {"andrade-dose: {kind: review", "andrade-dose: {kind: revue", "andrade-dose: {", "'revue'",
     "did you mean 'review'"},
    /* facts and places */
    {"unit: year, range: [0, 120]", "unit: years_old, range: [0, 120]", "  age:", "years_old", ""},
    {"unit: year, range: [0, 120]", "unit: year, range: [120, 0]", "  age:", "reversed", "[0, 120]"},
    {"  age: {ask", "  sbp: {ask: \"x\"}\n  age: {ask", "  sbp: {ask", "'sbp' cannot name a fact",
     "no name a session supplies"},
    {"  age: {ask", "  odd: {ask: \"x\"}\n  age: {ask", "  odd: {ask", "fact 'odd' is never used",
     "do not ask"},
    {"  fasting: {unit: h",
     "  idle: {unit: h, range: [0, 1], about: a, published: b, sources: [cheo]}\n  fasting: {unit: h",
     "  idle:", "site place 'idle' is never used", "hazard"},
    /* expressions */
    {"require: age >= 18 year", "require: agee >= 18 year", "id: adult", "'agee'", "'age'"},
    {"require: age >= 18 year", "require: age >= 18 kg", "id: adult", "", ""},
    {"sbp >= site.stop_systolic", "sbp >= site.stop_sistolic", "id: systolic-stop", "site.stop_sistolic",
     "site.stop_systolic"},
    {"diagnosis in ('MDD',", "diagnosis in ('MDS',", "id: depressive-episode", "MDS", ""},
    {"require: age >= 18 year", "require: age >= 0 year", "id: adult", "always true", "over the ranges"},
    {"require: failed_trials >= 2", "require: failed_trials >= 2000", "id: two-failed", "always false",
     "over the ranges"},
    {"caution: maoi,", "caution: maoi and not maoi,", "id: maoi", "always false", "over the ranges"},
    {"\"substance_use_disorder == 'mild' and",
     "\"substance_use_disorder == 'mild' and substance_use_disorder == 'none' and", "id: substance-use-mild",
     "always false", "over the ranges"},
    {"moaas <= 2, clear", "moaas <= 9, clear", "id: deep-sedation", "always true", ""},
    {"caution: stimulant", "caution: maoi", "id: stimulant", "rule 'stimulant' repeats rule 'maoi'",
     "take one of them out"},
    {"caution: benzodiazepine_mg_per_day > 0 mg", "caution: benzodiazepine_mg_per_day > 3 mg",
     "id: benzodiazepine-any", "can never be reached: 'benzodiazepine'", "change its expression"},
    {"{id: maoi,", "{id: liver,", "MAO inhibitor: watch", "id 'liver' is given twice",
     "first stands on line"},
    {"require: consent,", "require: consent, exclude: maoi,", "id: consent", "this has several", ""},
    /* conditions */
    {"clear: moaas >= 4", "clear: moaas >= 2", "id: deep-sedation", "can start and end at the same reading",
     "clear must never hold"},
    {"clear: sbp < site.hold_systolic - 5 mmHg", "clear: sbp > site.hold_systolic - 5 mmHg",
     "id: systolic-hold", "can start and end", "clear must never hold"},
    {"clear: sbp - baseline.sbp < 35 mmHg", "clear: sbp - baseline.sbp < 60 mmHg", "id: pressure-rise",
     "can start and end", ""},
    {"action: hold, latch: false, say: \"Systolic",
     "delay: 15 s, action: hold, latch: false, say: \"Systolic", "id: systolic-hold", "a delay on sbp",
     "alarm-delay"},
    {"clear: moaas >= 4, priority", "clear: moaas >= 4, delay: 15 s, priority", "id: deep-sedation",
     "a delay on moaas", "alarm-delay"},
    {"priority: high, action: stop, latch: true, say: \"Systolic",
     "priority: medium, action: stop, latch: true, say: \"Systolic", "id: systolic-stop",
     "priority is medium, but the action is stop", "priority high"},
    {"priority: medium, action: hold, latch: false, say: \"Deep",
     "priority: low, action: hold, latch: false, say: \"Deep", "id: deep-sedation",
     "priority is low, but the action is hold", "medium or high"},
    {"when: moaas <= 0, clear: moaas >= 3", "when: moaas <= 3, clear: moaas >= 4", "id: deep-sedation",
     "hold 'deep-sedation' does not come before stop 'unresponsive'", "hold limit must be met first"},
    {"delay: 15 s, priority: high, action: hold", "delay: 0 s, priority: high, action: hold",
     "id: desaturation", "delay is 0", ""},
    /* preparation */
    {"final_volume: 50 mL", "final_volume: 70 mL", "final_volume",
     "final volume is 70 mL, the syringe holds 60 mL", "larger syringe"},
    {"final_volume: 50 mL", "final_volume: 2 mL", "final_volume", "the drug alone takes 2.5 mL at 250 kg",
     ""},
    {"max: 999.9 mL/h", "max: 70 mL/h", "final_volume", "75 mL/h, the pump reaches 70 mL/h", ""},
    {"stocked: KET-50-10", "stocked: KET-50-20", "stocked", "KET-50-20", "did you mean 'KET-"},
    {"strength: 50 mg/mL", "strength: 50 mg", "KET-50-10, str", "expected a drug mass per volume (mg/mL)",
     "mg cannot be converted"},
    /* course */
    {"spacing: [2 days, 7 days]", "spacing: [8 days, 9 days]", "weeks: [3, 5]",
     "6 infusions at least 8 days apart take 40 days", "fewer infusions"},
    {"weeks: [3, 5]", "weeks: [9, 12]", "weeks: [9", "end by day 49", "more infusions"},
    {"infusions: [6, 8]", "infusions: [8, 6]", "infusions: [8", "reversed: 8 is above 6", "[6, 8]"},
    {"review_after: [2, 6]", "review_after: [2, 9]", "review_after", "9, allowed 1 to 8",
     "number of an infusion"},
    {"  scale: PHQ-9", "  scale: HAM-D", "  scale: HAM-D", "no limit for the primary scale HAM-D",
     "under remission"},
    {"reduction: 50 %", "reduction: 50", "reduction: 50,", "reduction", "%"},
    {"{every: 2 weeks, for: 8 weeks}", "{every: 9 weeks, for: 8 weeks}", "every: 9",
     "every 63 days cannot happen in 56 days", ""},
    /* monitoring */
    {"measure: heart_rate", "measure: heart_rat", "heart_rat,", "heart_rat", "did you mean 'heart_rate'"},
    {"{measure: heart_rate, phase: infusion", "{measure: spo2, phase: infusion",
     "{measure: spo2, phase: infusion, every: 1 min, late_after: 30 s, sources: [nimh-methods]}",
     "spo2 stands twice for the infusion", ""},
    /* checklists */
    {"second_checks: [second-check]", "second_checks: [second-check, vial]", "second_checks",
     "'vial' is computed", "name an item"},
    {"second_checks: [second-check]", "second_checks: [second-check, third]", "second_checks",
     "'third' is no tick", "tick.<id>"},
    {"tick.second_check", "tick.second_chek", "id: plan", "tick.second_chek", "tick.second_check"},
    {"{id: ride,", "{id: escort,", "Responsible adult is here", "one tick would count for both",
     "another id"},
};

/* The dose between sessions, in the file that has one. */
static const broken step_cases[] = {
    {"    by: 0.25 mg/kg", "    by: 0.25 mg", "by: 0.25 mg\n", "expected a drug mass per body weight", ""},
    {"    by: 0.25 mg/kg", "    by: 0.5 mg/kg", "by: 0.5",
     "a step of 0.5 mg/kg does not fit between 0.5 and 0.75", "a smaller step"},
    {"    most: 0.75 mg/kg", "    most: 0.4 mg/kg", "most: 0.4",
     "most is 0.4 mg/kg, not above least, 0.5 mg/kg", ""},
    {"    most: 0.75 mg/kg", "    most: 1.5 mg/kg", "    by:", "leave the allowed dose, 0.1 to 1 mg/kg",
     "no plan leaves it"},
    {"    least: 0.5 mg/kg", "    least: 0.6 mg/kg", "    by:", "starts at 0.5 mg/kg, outside its steps",
     "first infusion"},
    {"    least: 0.5 mg/kg", "    laest: 0.5 mg/kg", "laest", "unknown key 'laest'", "did you mean 'least'"},
    {"dose: up,", "dose: upp,", "id: little-response", "'upp'", "did you mean 'up'"},
    {"dose: down, when: last.stopped_early", "dose: up, when: last.stopped_early", "id: held",
     "'held' stands after 'stopped-early', which raises the dose", "come first"},
    {"when: last.holds > 0", "when: last.holds >= 0", "id: held", "always true", "over the ranges"},
    {"when: last.holds > 0", "when: last.stopped_early and last.holds > 0", "id: held",
     "can never be reached: 'stopped-early'", "take one of them out"},
    {"course.improvement < site.step_up_below", "course.improvement < 20", "id: little-response", "", ""},
    {"course.improvement < site.step_up_below", "course.improvment < 20 %", "id: little-response",
     "course.improvment", "course.improvement"},
    {"when: last.holds > 0", "when: sbp > 165 mmHg", "id: held", "'sbp' is not known between sessions",
     "course.<...>, last.<...> and site.<...>"},
    {"when: sbp >= site.stop_systolic", "when: last.peak_sbp >= site.stop_systolic", "id: systolic-stop",
     "'last.peak_sbp' is known between sessions only", "course.dose_steps"},
    {"course.improvement < site.step_up_below", "course.improvement < 20 %",
     "  step_up_below:", "site place 'step_up_below' is never used", "hazard"},
    {", sources: [crtce-649, crtce-early], conflict: \"Cusin", ", conflict: \"Cusin", "id: little-response",
     "has no 'sources'", "whose practice"},
    {"{id: held, dose: stay", "{id: stopped-early, dose: stay", "dose: stay",
     "id 'stopped-early' is given twice", ""},
};

static size_t failures(const char *file, const broken *all, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        rac_arena *arena = rac_arena_new();
        const rac_text bytes = replaced(arena, file_text(arena, file), all[i].from, all[i].to);
        rac_problems problems = rac_problems_init(arena);
        const rac_protocol *protocol;
        assert_int_equal(rac_protocol_read(arena, bytes, "x.yaml", &protocol, &problems), RAC_INVALID);
        assert_null(protocol);
        const int line = line_of(arena, bytes, all[i].at);
        bool found = false;
        for (size_t k = 0; k < problems.count; k++)
            found |= problems.items[k].line == line && strstr(problems.items[k].message, all[i].message) &&
                     strstr(problems.items[k].hint, all[i].hint) &&
                     strcmp(problems.items[k].file, "x.yaml") == 0;
        if (!found) {
            fprintf(stderr, "'%s': expected line %d, '%s', '%s'; got\n", all[i].to, line, all[i].message,
                    all[i].hint);
            print_problems(&problems);
        }
        failed += !found;
        rac_arena_free(arena);
    }
    return failed;
}

static void test_protocol_refuse__one_mistake_is_placed_and_explained(void **state)
{
    (void)state;
    assert_int_equal(failures("depression-iv-standard.yaml", cases, sizeof cases / sizeof *cases), 0);
    assert_int_equal(
        failures("depression-iv-step-up.yaml", step_cases, sizeof step_cases / sizeof *step_cases), 0);
}

/* The caret stands at the name, not at the expression. */
static void test_protocol_refuse__a_name_of_another_time_stands_at_its_column(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_text bytes = replaced(arena, file_text(arena, "depression-iv-step-up.yaml"),
                                    "course.infusions >= 2 and", "course.infusions >= 2 and hr > 90 bpm and");
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *protocol;
    assert_int_equal(rac_protocol_read(arena, bytes, "x.yaml", &protocol, &problems), RAC_INVALID);
    assert_int_equal(problems.count, 1);
    const char *line = strstr(rac_text_copy(arena, bytes), "      - {id: little-response");
    assert_int_equal(problems.items[0].column, strstr(line, "hr > 90") - line + 1);
    rac_arena_free(arena);
}

static void test_protocol_refuse__a_missing_stop_or_hold_is_missed(void **state)
{
    (void)state;
    static const char *const actions[][2] = {{"stop", "no condition stops the infusion at a blood pressure"},
                                             {"hold", "no condition holds the infusion at a blood pressure"}};
    for (size_t i = 0; i < 2; i++) {
        rac_arena *arena = rac_arena_new();
        const char *action =
            rac_format(arena, "action: %s, latch: %s, say: \"", actions[i][0], i ? "false" : "true");
        rac_text bytes = file_text(arena, "depression-iv-standard.yaml");
        bytes = replaced(arena, bytes, rac_format(arena, "%sSystolic", action),
                         "action: notify, latch: false, say: \"S");
        bytes = replaced(arena, bytes, rac_format(arena, "%sDiastolic", action),
                         "action: notify, latch: false, say: \"D");
        rac_problems problems = rac_problems_init(arena);
        const rac_protocol *protocol;
        assert_int_equal(rac_protocol_read(arena, bytes, "x.yaml", &protocol, &problems), RAC_INVALID);
        assert_int_equal(problems.count, 1);
        check_contains(problems.items[0].message, actions[i][1]);
        check_contains(problems.items[0].hint, actions[i][0]);
        rac_arena_free(arena);
    }
}

static void test_protocol_refuse__a_unit_error_stands_at_its_column(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_text bytes = replaced(arena, file_text(arena, "depression-iv-standard.yaml"),
                                    "screening_sbp > 160 mmHg", "screening_sbp > 160 kg");
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *protocol;
    assert_int_equal(rac_protocol_read(arena, bytes, "x.yaml", &protocol, &problems), RAC_INVALID);
    assert_int_equal(problems.count, 1);
    const rac_error *err = &problems.items[0];
    assert_int_equal(err->line, line_of(arena, bytes, "screening_sbp > 160 kg"));
    const char *line = strstr(rac_text_copy(arena, bytes), "  - {id: pressure-at-screening");
    const int operator_column = (int)(strstr(line, "> 160 kg") - line) + 1;
    assert_in_range(err->column, operator_column, operator_column + 2); /* at the '>' or at what follows it */
    check_contains(err->field, "screening[");
    rac_arena_free(arena);
}

static void test_protocol_refuse__every_mistake_at_once(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_text bytes = file_text(arena, "depression-iv-standard.yaml");
    bytes = replaced(arena, bytes, "amount: 0.5 mg/kg", "amount: 0.5 mL/kg");
    bytes = replaced(arena, bytes, "final_volume: 50 mL", "final_volume: 50");
    bytes = replaced(arena, bytes, "infusions: [6, 8]", "infusions: [8, 6]");
    bytes = replaced(arena, bytes, "require: consent,", "require: consemt,");
    bytes = replaced(arena, bytes, "kind: cohort", "kind: cohart");
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *protocol;
    assert_int_equal(rac_protocol_read(arena, bytes, "x.yaml", &protocol, &problems), RAC_INVALID);
    assert_int_equal(problems.count, 5);
    for (size_t i = 0; i < problems.count; i++) {
        assert_true(problems.items[i].line > 0 && problems.items[i].column > 0);
        assert_true(problems.items[i].field[0]);
    }
    rac_arena_free(arena);
}

static void test_protocol_refuse__a_cut_file_is_refused_wherever_it_is_cut(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_text whole = file_text(arena, "depression-iv-standard.yaml");
    const size_t last_section = (size_t)(strstr(whole.data, "\ndischarge:") - whole.data);
    for (size_t size = 0; size < last_section; size += 1009) {
        rac_arena *inner = rac_arena_new();
        rac_problems problems = rac_problems_init(inner);
        const rac_protocol *protocol;
        assert_int_not_equal(
            rac_protocol_read(inner, (rac_text){whole.data, size}, "x.yaml", &protocol, &problems), RAC_OK);
        assert_true(problems.count > 0);
        rac_arena_free(inner);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_protocol_refuse__one_mistake_is_placed_and_explained),
          cmocka_unit_test(test_protocol_refuse__a_name_of_another_time_stands_at_its_column),
          cmocka_unit_test(test_protocol_refuse__a_missing_stop_or_hold_is_missed),
          cmocka_unit_test(test_protocol_refuse__a_unit_error_stands_at_its_column),
          cmocka_unit_test(test_protocol_refuse__every_mistake_at_once),
          cmocka_unit_test(test_protocol_refuse__a_cut_file_is_refused_wherever_it_is_cut))
