/* The page of a study: the same bytes twice, self-contained, and every section there. */
#include "check.h"

#include "link/document_html.h"
#include "link/study_document.h"
#include "study/generate.h"

static rac_text made_page(rac_arena *arena)
{
    rac_error err = {0};
    rac_generated made;
    rac_text csv, events, html;
    rac_document document;
    check_ok(rac_generate(arena, &(rac_generate_options){60, 40, 9}, &made, &err));
    check_ok(rac_generate_chart_csv(arena, &made, &csv, &err));
    check_ok(rac_generate_events_csv(arena, &made, &events, &err));
    const rac_chart_file file = {"chart.csv", csv};
    const rac_chart_options reading = {
        .events = {"adverse.csv", events},
        .map = {"map.yaml",
                rac_text_of("columns: {patient: synthetic_patient}\n"
                            "arms: {intravenous ketamine: treated, intranasal esketamine: reference}\n"
                            "covariates: [age, sex]\nscale: PHQ-9\n")}};
    rac_problems problems = rac_problems_init(arena);
    rac_chart chart;
    assert_int_equal(rac_chart_read(arena, &file, &reading, &chart, &problems), RAC_OK);
    const rac_study_options options = {.seed = 4, .subsamples = 40, .imputations = 10};
    const rac_study_inputs inputs = {1, &(rac_study_input){"chart", "chart.csv", csv.size, "0123abcd"}};
    check_ok(rac_study_document(arena, &chart, &options, &inputs, &document, &err));
    check_ok(rac_document_html(arena, &document, &html, &err));
    return html;
}

static void test_link_study_document__same_chart_same_bytes(void **state)
{
    (void)state;
    rac_arena *a = rac_arena_new(), *b = rac_arena_new();
    assert_true(rac_text_equal(made_page(a), made_page(b)));
    rac_arena_free(a);
    rac_arena_free(b);
}

static void test_link_study_document__stands_alone_and_holds_every_section(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const char *html = made_page(arena).data;
    static const char *const parts[] = {
        "Flow of patients", "Before treatment", "<svg",   "Responders", "Weighted and unweighted",
        "E-value",          "Tipping point",    "STROBE", "Seed 4",     "0123abcd",
        "log-rank",         "dissociation",     "NNT",    "ATO",        "J2R"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        check_contains(html, parts[i]);
    static const char *const never[] = {"<script", "<link", "<img", "Not available", ">nan<", ">inf<"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_null(strstr(html, never[i]));
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_study_document__same_chart_same_bytes),
          cmocka_unit_test(test_link_study_document__stands_alone_and_holds_every_section))
