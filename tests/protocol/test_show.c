/* What people read: the page, an explanation, and a comparison. */
#include "files.h"

static const char standard[] = "depression-iv-standard.yaml";

static void test_protocol_show__the_page_says_values_sources_and_open_places(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const char *draft = rac_protocol_show(arena, read_protocol(arena, standard));
    check_contains(draft, "DRAFT: 14 of 14 places are OPEN");
    check_contains(draft, "0.5 mg/kg of actual body weight [andrade-dose");
    check_contains(draft, "OPEN, 120 to 220 mmHg");
    check_contains(draft, "Published values differ: ELEKT-D");
    check_contains(draft, "excluded when: benzodiazepine_mg_per_day > 2 mg");
    const char *filled = rac_protocol_show(arena, filled_protocol(arena, standard));
    assert_null(strstr(filled, "OPEN"));
    check_contains(filled, "DEMO values");
    check_contains(filled, "site.hold_systolic is 165 mmHg (DEMO)");
    rac_text rest = rac_text_of(filled);
    while (rest.data) {
        const rac_text line = rac_text_split(rest, '\n', &rest);
        if (!memmem(line.data, line.size, "http", 4)) /* addresses stay whole */
            assert_true(line.size <= 100);
    }
    rac_arena_free(arena);
}

static void test_protocol_explain__every_entry_has_its_reasons_and_sources(void **state)
{
    (void)state;
    static const struct {
        const char *id, *words;
    } cases[] = {
        {"cardiac-event", "excluded when: weeks_since_cardiac_event < 6"},
        {"cardiac-event", "published values differ: A clinic waits six months"},
        {"cardiac-event",
         "[westport] Westport clinic exclusions (clinic) http://westportketamine.com/treatment/"},
        {"cardiac-event", "what clears it: Six weeks and cardiology clearance"},
        {"systolic-hold", "where: site.hold_systolic is OPEN, 120 to 220 mmHg"},
        {"hold_systolic", "published: No primary source gives a number"},
        {"duration", "40 min"},
        {"dose", "0.5 mg/kg"},
        {"remission", "Remission on PHQ-9"},
        {"remission", "Remission on MADRS"},
        {"consent", "screening.consent"},
        {"consent", "start.consent"},
        {"start.consent", "Consent confirmed today"},
        {"andrade-dose", "dev2.psychiatrist.com"},
    };
    rac_arena *arena = rac_arena_new();
    const rac_protocol *p = read_protocol(arena, standard);
    rac_error err = {0};
    char *text;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_ok(rac_protocol_explain(arena, p, cases[i].id, &text, &err));
        /* A long line is wrapped: compare with its line breaks taken out. */
        char *flat = rac_string_copy(arena, text), *to = flat;
        for (const char *from = text; *from; from++)
            if (*from == '\n' || (*from == ' ' && to > flat && to[-1] == ' '))
                *to = ' ', to += to > flat && to[-1] != ' ';
            else
                *to++ = *from;
        *to = '\0';
        check_contains(flat, cases[i].words);
    }
    check_status(rac_protocol_explain(arena, p, "sistolic-hold", &text, &err), RAC_NOT_FOUND);
    check_contains(err.hint, "systolic-hold");
    check_status(rac_protocol_explain(arena, p, "zzzzzzzz", &text, &err), RAC_NOT_FOUND);
    check_contains(err.hint, "a rule, condition");
    rac_arena_free(arena);
}

static void test_protocol_diff__says_what_a_clinician_would_say(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *a = read_protocol(arena, standard),
                       *b = read_protocol(arena, "depression-iv-slow-100min.yaml");
    const char *text = rac_protocol_diff(arena, a, b);
    check_contains(text, "Infusion time: 40 min -> 100 min\n");
    check_contains(text, "Infusions: 6 to 8 infusions -> 3 infusions\n");
    check_contains(text, "added cannabis (Any cannabis use): excluded when: cannabis");
    check_contains(text, "Remission on MADRS: at most 10 -> below 10");
    check_contains(rac_protocol_diff(arena, b, a), "removed cannabis");
    assert_null(strstr(text, "systolic-hold"));
    assert_string_equal(rac_protocol_diff(arena, a, a), "No differences.\n");
    rac_arena_free(arena);
}

static void test_protocol_diff__both_expressions_of_a_changed_rule(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_protocol *a = read_protocol(arena, standard), *b;
    rac_problems problems = rac_problems_init(arena);
    const rac_text text = replaced(arena, file_text(arena, standard), "weeks_since_cardiac_event < 6",
                                   "weeks_since_cardiac_event < 26");
    assert_int_equal(rac_protocol_read(arena, text, "b.yaml", &b, &problems), RAC_OK);
    assert_string_equal(
        rac_protocol_diff(arena, a, b),
        "Who may be treated\n  cardiac-event, excluded when: weeks_since_cardiac_event < 6 -> "
        "weeks_since_cardiac_event < 26\n");
    const char *filled = rac_protocol_diff(arena, a, filled_protocol(arena, standard));
    check_contains(filled, "hold_systolic, value: OPEN, 120 to 220 mmHg -> 165 mmHg (DEMO)");
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_protocol_show__the_page_says_values_sources_and_open_places),
          cmocka_unit_test(test_protocol_explain__every_entry_has_its_reasons_and_sources),
          cmocka_unit_test(test_protocol_diff__says_what_a_clinician_would_say),
          cmocka_unit_test(test_protocol_diff__both_expressions_of_a_changed_rule))
