/* Several figures on one sheet: each in its place under its title, ids apart, the same bytes again. */
#include "check.h"

#include "link/svg_sheet.h"

static rac_figure figure_of(rac_arena *arena, const char *title, double width_mm)
{
    static const double x[] = {0, 1, 2}, y[] = {3, 1, 2};
    rac_figure f = rac_figure_open(arena, title, "a line", width_mm, 50);
    rac_error err = {0};
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_LINE, .count = 3, .x = x, .y = y});
    check_ok(rac_figure_finish(&f, &err));
    return f;
}

static size_t count_of(const char *text, const char *words)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)); at += strlen(words))
        count++;
    return count;
}

static void test_link_svg_sheet__figures_stand_in_rows_under_their_titles(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_figure one = figure_of(arena, "one & only", 60), two = figure_of(arena, "two", 80),
               three = figure_of(arena, "three", 60);
    const rac_figure *const figures[] = {&one, &two, &three};
    rac_text svg, again;
    rac_error err = {0};
    check_ok(rac_svg_sheet_draw(arena, "a < b", "what it is", figures, 3, 2, "s", &svg, &err));
    check_ok(rac_svg_sheet_draw(arena, "a < b", "what it is", figures, 3, 2, "s", &again, &err));
    assert_string_equal(svg.data, again.data);
    assert_int_equal(svg.size, strlen(svg.data));
    /* cells are 80 wide and 50 + 5 high; a title of 7 above */
    check_contains(svg.data, "viewBox=\"0 0 160 117\"");
    check_contains(svg.data, "<svg x=\"0\" y=\"12\" width=\"60\" height=\"50\"");
    check_contains(svg.data, "<svg x=\"80\" y=\"12\" width=\"80\" height=\"50\"");
    check_contains(svg.data, "<svg x=\"0\" y=\"67\" width=\"60\" height=\"50\"");
    check_contains(svg.data, "a &lt; b");
    check_contains(svg.data, "one &amp; only");
    assert_int_equal(count_of(svg.data, "<svg "), 4);
    assert_int_equal(count_of(svg.data, "</svg>"), 4);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(count_of(svg.data, rac_format(arena, "id=\"s-%d-title\"", i)), 1);
    assert_int_equal(count_of(svg.data, "id=\"s-title\""), 1);
    /* no two units of length meet: everything inside is in millimetres of the sheet */
    assert_int_equal(count_of(svg.data, "mm\""), 2);
    rac_arena_free(arena);
}

static void test_link_svg_sheet__an_unfinished_figure_is_refused(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_figure f = rac_figure_open(arena, "t", "d", 60, 50);
    const rac_figure *const figures[] = {&f};
    rac_text svg;
    rac_error err = {0};
    check_status(rac_svg_sheet_draw(arena, "t", "d", figures, 1, 3, "s", &svg, &err), RAC_INVALID);
    f = figure_of(arena, "t", 60);
    check_status(rac_svg_sheet_draw(arena, "t", "d", figures, 1, 3, "no blank", &svg, &err), RAC_INVALID);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_svg_sheet__figures_stand_in_rows_under_their_titles),
          cmocka_unit_test(test_link_svg_sheet__an_unfinished_figure_is_refused))
