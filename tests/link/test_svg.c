/* Figures as SVG: well-formed, the same bytes twice, gaps that break lines, nothing that is not a number. */
#include "check.h"

#include "link/svg.h"

static rac_text drawn(rac_arena *arena)
{
    rac_error err = {0};
    static const double x[] = {0, 1, 2, 3, 4, 5}, y[] = {0, -4.2, NAN, -7.1, -8.385, -9},
                        low[] = {0, -6, NAN, -9, -10, -11}, high[] = {0, -2, NAN, -5, -6.5, -7};
    rac_figure f = rac_figure_open(arena, "Change & \"course\" <x>", "Means with 95 % intervals", 160, 90);
    f.x.label = "Session";
    f.y.label = "Change from baseline (points)";
    rac_figure_add(&f,
                   &(rac_figure_mark){.kind = RAC_FIGURE_BAND, .count = 6, .x = x, .low = low, .high = high});
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_LINE, .name = "IV", .count = 6, .x = x, .y = y});
    rac_figure_add(&f, &(rac_figure_mark){
                           .kind = RAC_FIGURE_STEPS, .name = "IN", .style = 1, .count = 6, .x = x, .y = y});
    for (int style = 0; style < 4; style++)
        rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                              .style = style,
                                              .count = 6,
                                              .x = x,
                                              .y = y,
                                              .low = low,
                                              .high = high});
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_BARS, .style = 2, .count = 6, .x = x, .y = y});
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_ACROSS, .name = "zero", .count = 1, .y = y});
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_UP, .name = "end", .count = 1, .x = x + 5});
    rac_figure_add(
        &f, &(rac_figure_mark){.kind = RAC_FIGURE_LABEL, .name = "a<b", .count = 1, .x = x + 1, .y = y + 1});
    rac_text svg;
    check_ok(rac_figure_finish(&f, &err));
    check_ok(rac_svg_draw(arena, &f, "fig-1", &svg, &err));
    return svg;
}

static void test_link_svg__same_figure_same_bytes(void **state)
{
    (void)state;
    rac_arena *a = rac_arena_new(), *b = rac_arena_new();
    const rac_text one = drawn(a), two = drawn(b);
    assert_true(rac_text_equal(one, two));
    assert_true(rac_text_is_utf8(one));
    assert_int_equal(strlen(one.data), one.size);
    rac_arena_free(a);
    rac_arena_free(b);
}

/* Tags nest and close, attributes are quoted, '&' begins an entity: enough of XML 1.0 for what is written. */
static void check_well_formed(const char *s)
{
    char open[32][16];
    int depth = 0;
    while (*s) {
        if (*s == '&')
            assert_true(strncmp(s, "&amp;", 5) == 0 || strncmp(s, "&lt;", 4) == 0 ||
                        strncmp(s, "&gt;", 4) == 0 || strncmp(s, "&quot;", 6) == 0 ||
                        strncmp(s, "&#39;", 5) == 0);
        if (*s != '<') {
            assert_true(*s != '>');
            s++;
            continue;
        }
        const bool closing = *++s == '/';
        s += closing;
        const size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
        assert_true(n > 0 && n < 16 && depth < 32);
        char name[16] = {0};
        memcpy(name, s, n);
        s += n;
        bool quoted = false;
        while (*s && (quoted || *s != '>')) {
            quoted ^= *s == '"';
            assert_true(*s != '<');
            s++;
        }
        assert_true(*s == '>');
        if (closing)
            assert_string_equal(open[--depth], name);
        else if (s[-1] != '/')
            memcpy(open[depth++], name, sizeof name);
        s++;
    }
    assert_int_equal(depth, 0);
}

static void test_link_svg__is_well_formed_and_says_what_it_is(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const char *svg = drawn(arena).data;
    check_well_formed(svg);
    check_contains(svg, "<title id=\"fig-1-title\">Change &amp; &quot;course&quot; &lt;x&gt;</title>");
    check_contains(svg, "<desc id=\"fig-1-desc\">Means with 95 % intervals</desc>");
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
    assert_null(strstr(svg, "script"));
    assert_null(strstr(svg, "href"));
    rac_arena_free(arena);
}

/* Six values with one gap: the line is begun twice, and there are five markers. */
static void test_link_svg__gaps_break_lines(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_figure f = rac_figure_open(arena, "gap", NULL, 100, 60);
    const rac_figure_mark line = {.kind = RAC_FIGURE_LINE,
                                  .count = 6,
                                  .x = (double[]){0, 1, 2, 3, 4, 5},
                                  .y = (double[]){1, 2, NAN, 4, 3, 2}};
    rac_figure_add(&f, &line);
    rac_figure_mark points = line;
    points.kind = RAC_FIGURE_POINTS;
    rac_figure_add(&f, &points);
    rac_text svg;
    check_status(rac_svg_draw(arena, &f, "g", &svg, &err), RAC_INVALID);
    check_ok(rac_figure_finish(&f, &err));
    check_status(rac_svg_draw(arena, &f, "g\"", &svg, &err), RAC_INVALID);
    check_ok(rac_svg_draw(arena, &f, "g", &svg, &err));
    const char *path = strstr(svg.data, "<path d=\"M");
    assert_non_null(path);
    int begun = 0, markers = 0;
    for (const char *c = path + 9; *c != '"'; c++)
        begun += *c == 'M';
    for (const char *c = svg.data; (c = strstr(c, "<circle")); c++)
        markers++;
    assert_int_equal(begun, 2);
    assert_int_equal(markers, 5);
    rac_arena_free(arena);
}

/* A heading, notes wrapped to the width, a wedge and a strip for what was given, and ticks of a log axis: 10
 * lies half way between 1 and 100. */
static void test_link_svg__headings_notes_spans_and_log_axes_are_drawn(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_figure f = rac_figure_open(arena, "Heading & more", NULL, 100, 80);
    f.headed = true;
    f.y.log = true;
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_BAND,
                                          .style = 1,
                                          .count = 3,
                                          .x = (double[]){0, 1, 2},
                                          .low = (double[]){1, 10, NAN},
                                          .high = (double[]){10, 100, NAN},
                                          .shade = 0.4,
                                          .edged = true});
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_SPANS,
                                          .name = "dose",
                                          .count = 1,
                                          .low = (double[]){0.5},
                                          .high = (double[]){1}});
    char long_note[400] = "";
    for (int i = 0; i < 39; i++)
        strcat(long_note, "words <i> ");
    rac_figure_note(&f, long_note);
    check_ok(rac_figure_finish(&f, &err));
    rac_text svg;
    check_ok(rac_svg_draw(arena, &f, "h", &svg, &err));
    check_contains(svg.data, "font-weight=\"bold\">Heading &amp; more</text>");
    check_contains(svg.data, "fill-opacity=\"0.4\"");
    check_contains(svg.data, "stroke-dasharray=\"2.4 1\"");
    check_contains(svg.data, ">dose</text>");
    int lines = 0;
    for (const char *c = svg.data; (c = strstr(c, ">words &lt;i&gt;")); c++)
        lines++;
    assert_true(lines >= 3 && lines <= 8);
    double y[3] = {0};
    static const char *const ticks[] = {">1</text>", ">10</text>", ">100</text>"};
    for (int i = 0; i < 3; i++) {
        const char *at = strstr(svg.data, ticks[i]);
        assert_non_null(at);
        while (strncmp(at, " y=\"", 4) != 0)
            at--;
        y[i] = strtod(at + 4, NULL);
    }
    check_near(y[1], (y[0] + y[2]) / 2, 0.011, 0);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_svg__same_figure_same_bytes),
          cmocka_unit_test(test_link_svg__is_well_formed_and_says_what_it_is),
          cmocka_unit_test(test_link_svg__gaps_break_lines),
          cmocka_unit_test(test_link_svg__headings_notes_spans_and_log_axes_are_drawn))
