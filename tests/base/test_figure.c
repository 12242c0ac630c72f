/* Figures as data: ticks at round numbers, ranges, and what is refused. */
#include "check.h"

#include "base/figure.h"

/* Heckbert 1990, the worked example of the chapter: 105 to 543 with about five ticks gives 100 to 600 by 100.
 */
static void test_base_figure__ticks_are_those_of_heckbert(void **state)
{
    (void)state;
    double first, step;
    assert_int_equal(rac_figure_ticks(105, 543, 5, &first, &step), 6);
    check_near(first, 100, 0, 0);
    check_near(step, 100, 0, 0);
    assert_int_equal(rac_figure_ticks(2.03, 2.17, 5, &first, &step), 5);
    check_near(first, 2.0, 1e-12, 0);
    check_near(step, 0.05, 1e-12, 0);
}

static void test_base_figure__ticks_cover_every_range_with_round_steps(void **state)
{
    (void)state;
    for (int i = -200; i < 200; i++) {
        const double min = i * 2.385, max = min + pow(10, i % 7) * 1.37;
        double first, step;
        const size_t count = rac_figure_ticks(min, max, 7, &first, &step);
        assert_true(count >= 2 && count <= 12);
        assert_true(first <= min + step * 1e-8 && first + (double)(count - 1) * step >= max - step * 1e-8);
        const double digit = step / pow(10, floor(log10(step) + 1e-9));
        assert_true(fabs(digit - 1) < 1e-9 || fabs(digit - 2) < 1e-9 || fabs(digit - 5) < 1e-9);
    }
}

static void test_base_figure__one_value_still_has_a_range(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_figure f = rac_figure_open(arena, "one", NULL, 100, 60);
    rac_figure_add(&f, &(rac_figure_mark){
                           .kind = RAC_FIGURE_POINTS, .count = 1, .x = (double[]){3}, .y = (double[]){-17}});
    check_ok(rac_figure_finish(&f, &err));
    assert_true(f.x.min < 3 && f.x.max > 3 && f.y.min < -17 && f.y.max > -17);
    assert_true(f.x.tick_count >= 2);
    rac_arena_free(arena);
}

static void test_base_figure__bars_stand_on_zero_and_categories_have_room(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    static const char *const names[] = {"IV", "IN"};
    rac_figure f = rac_figure_open(arena, "bars", NULL, 100, 60);
    f.x.names = names;
    f.x.name_count = 2;
    rac_figure_add(&f,
                   &(rac_figure_mark){
                       .kind = RAC_FIGURE_BARS, .count = 2, .x = (double[]){0, 1}, .y = (double[]){41, 46}});
    check_ok(rac_figure_finish(&f, &err));
    check_near(f.y.min, 0, 0, 0);
    check_near(f.x.min, -0.5, 0, 0);
    check_near(f.x.max, 1.5, 0, 0);
    rac_arena_free(arena);
}

static void test_base_figure__refuses_what_cannot_be_drawn(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_figure f = rac_figure_open(arena, "empty", NULL, 100, 60);
    check_status(rac_figure_finish(&f, &err), RAC_INVALID);
    rac_figure_add(&f,
                   &(rac_figure_mark){
                       .kind = RAC_FIGURE_LINE, .count = 1, .x = (double[]){1}, .y = (double[]){INFINITY}});
    check_status(rac_figure_finish(&f, &err), RAC_INVALID);
    check_contains(err.message, "infinite");
    f = rac_figure_open(arena, "gaps only", NULL, 100, 60);
    rac_figure_add(&f, &(rac_figure_mark){
                           .kind = RAC_FIGURE_LINE, .count = 1, .x = (double[]){1}, .y = (double[]){NAN}});
    check_status(rac_figure_finish(&f, &err), RAC_INVALID);
    f = rac_figure_open(arena, "no limits", NULL, 100, 60);
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_BAND, .count = 1, .x = (double[]){1}});
    check_status(rac_figure_finish(&f, &err), RAC_INVALID);
    check_contains(err.message, "lacks values");
    f = rac_figure_open(arena, "small", NULL, 20, 60);
    check_status(rac_figure_finish(&f, &err), RAC_INVALID);
    rac_arena_free(arena);
}

/* Days by the week, minutes by the quarter of an hour: steps people count in, never more ticks than fit. */
static void test_base_figure__own_steps_are_kept(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    static const double days[] = {1, 7, 28};
    static const struct {
        double last, step;
        size_t ticks;
    } rows[] = {{5, 1, 6}, {35, 7, 6}, {100, 28, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_figure f = rac_figure_open(arena, "days", NULL, 100, 60);
        f.x = (rac_figure_axis){.fixed = true, .max = rows[i].last, .steps = days, .step_count = 3};
        rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                                              .count = 2,
                                              .x = (double[]){0, rows[i].last},
                                              .y = (double[]){0, 1}});
        check_ok(rac_figure_finish(&f, &err));
        assert_int_equal(f.x.tick_count, rows[i].ticks);
        check_near(f.x.ticks[1], rows[i].step, 0, 0);
    }
    rac_arena_free(arena);
}

static void test_base_figure__log_axes_have_powers_of_ten_and_refuse_zero(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    double y[] = {NAN, 0.3, 250};
    rac_figure f = rac_figure_open(arena, "log", NULL, 100, 60);
    f.y.log = true;
    rac_figure_add(&f,
                   &(rac_figure_mark){.kind = RAC_FIGURE_LINE, .count = 3, .x = (double[]){0, 1, 2}, .y = y});
    check_ok(rac_figure_finish(&f, &err));
    assert_int_equal(f.y.tick_count, 5);
    for (int i = 0; i < 5; i++)
        check_near(f.y.ticks[i], pow(10, i - 1), 0, 1e-12);
    y[0] = 0;
    rac_figure g = rac_figure_open(arena, "log", NULL, 100, 60);
    g.y.log = true;
    rac_figure_add(&g,
                   &(rac_figure_mark){.kind = RAC_FIGURE_LINE, .count = 3, .x = (double[]){0, 1, 2}, .y = y});
    check_status(rac_figure_finish(&g, &err), RAC_INVALID);
    check_contains(err.message, "above 0");
    rac_arena_free(arena);
}

/* What was given when says nothing of how high the vertical axis is. */
static void test_base_figure__spans_lie_along_the_horizontal_axis(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_figure f = rac_figure_open(arena, "spans", NULL, 100, 60);
    rac_figure_add(&f,
                   &(rac_figure_mark){
                       .kind = RAC_FIGURE_LINE, .count = 2, .x = (double[]){0, 10}, .y = (double[]){0, 1}});
    rac_figure_add(
        &f, &(rac_figure_mark){
                .kind = RAC_FIGURE_SPANS, .count = 1, .low = (double[]){300}, .high = (double[]){340}});
    check_ok(rac_figure_finish(&f, &err));
    assert_true(f.x.max >= 340 && f.y.max < 2);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_base_figure__ticks_are_those_of_heckbert),
          cmocka_unit_test(test_base_figure__ticks_cover_every_range_with_round_steps),
          cmocka_unit_test(test_base_figure__one_value_still_has_a_range),
          cmocka_unit_test(test_base_figure__bars_stand_on_zero_and_categories_have_room),
          cmocka_unit_test(test_base_figure__refuses_what_cannot_be_drawn),
          cmocka_unit_test(test_base_figure__own_steps_are_kept),
          cmocka_unit_test(test_base_figure__log_axes_have_powers_of_ten_and_refuse_zero),
          cmocka_unit_test(test_base_figure__spans_lie_along_the_horizontal_axis))
