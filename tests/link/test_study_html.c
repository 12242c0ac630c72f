/* The page of a study: the same bytes twice, self-contained, and every section there. */
#include "check.h"

#include "link/study_html.h"
#include "study/generate.h"

static rac_text made_page(rac_arena *arena)
{
    rac_error err = {0};
    rac_generated made;
    rac_text csv, html;
    check_ok(rac_generate(arena, &(rac_generate_options){60, 40, 9}, &made, &err));
    check_ok(rac_generate_chart_csv(arena, &made, &csv, &err));
    const rac_chart_file file = {"chart.csv", csv};
    const rac_chart_options reading = {
        .map = {"map.yaml",
                rac_text_of("columns: {patient: synthetic_patient}\n"
                            "arms: {intravenous ketamine: treated, intranasal esketamine: reference}\n"
                            "covariates: [age, sex]\nscale: PHQ-9\n")}};
    rac_problems problems = rac_problems_init(arena);
    rac_chart chart;
    assert_int_equal(rac_chart_read(arena, &file, &reading, &chart, &problems), RAC_OK);
    check_ok(rac_study_html(arena, &chart, &(rac_study_options){.seed = 4}, &html, &err));
    return html;
}

static void test_link_study_html__same_chart_same_bytes(void **state)
{
    (void)state;
    rac_arena *a = rac_arena_new(), *b = rac_arena_new();
    assert_true(rac_text_equal(made_page(a), made_page(b)));
    rac_arena_free(a);
    rac_arena_free(b);
}

static void test_link_study_html__stands_alone_and_holds_every_section(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const char *html = made_page(arena).data;
    static const char *const parts[] = {
        "Flow of patients", "Before treatment", "<svg",   "Responders", "Weighted and unweighted",
        "E-value",          "Tipping point",    "STROBE", "Seed 4"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        check_contains(html, parts[i]);
    static const char *const never[] = {"<script", "<link", "<img", "Not available", ">nan<", ">inf<"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        assert_null(strstr(html, never[i]));
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_study_html__same_chart_same_bytes),
          cmocka_unit_test(test_link_study_html__stands_alone_and_holds_every_section))
