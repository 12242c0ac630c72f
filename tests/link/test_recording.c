/* Recordings: every cell of the file becomes one point and nothing else does. */
#include "check.h"

#include "base/csv.h"
#include "link/recording.h"

static rac_recording read_text(rac_arena *arena, const char *bytes)
{
    rac_error err = {0};
    rac_recording recording = {0};
    check_ok(rac_recording_read(arena, rac_text_of(bytes), "x.csv", &recording, &err));
    return recording;
}

static void test_link_recording__gaps_stay_gaps(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    /* The layout of bedside numerics at 1 Hz, with the oximeter off for a while and 3 s not recorded. */
    const rac_recording r = read_text(
        arena, "Time [s], HR, PULSE, RESP, SpO2\n0,92,92,23,97\n1,92,NaN,23,NaN\n2,92,,22,\n6,91,91,22,96\n");
    assert_int_equal(r.count, 16);
    assert_int_equal(r.quantity_count, 4);
    assert_true(r.length.ms == 6000);
    size_t missing = 0;
    for (size_t i = 0; i < r.count; i++) {
        missing += !r.points[i].has_value;
        assert_true(r.points[i].at.ms == 0 || r.points[i].at.ms == 1000 || r.points[i].at.ms == 2000 ||
                    r.points[i].at.ms == 6000);
    }
    assert_int_equal(missing, 4);
    assert_string_equal(r.points[5].why, "no value");
    assert_int_equal(r.points[7].quantity, RAC_QUANTITY_SPO2);
    size_t count;
    rac_recording_between(&r, (rac_duration){2001}, (rac_duration){6000}, &count);
    assert_int_equal(count, 0);
    const rac_recording_point *points =
        rac_recording_between(&r, (rac_duration){1000}, (rac_duration){6001}, &count);
    assert_int_equal(count, 12);
    assert_true(points == r.points + 4);
    rac_recording_between(&r, (rac_duration){7000}, (rac_duration){9000}, &count);
    assert_int_equal(count, 0);
    rac_arena_free(arena);
}

static void test_link_recording__nothing_connected_is_not_zero(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_recording r = read_text(arena, "minute,HR_bpm,SpO2_pct,NBPSys_mmHg,NBPDias_mmHg,Battery\n"
                                             "0,101.3,0.0,,,90\n1.5,0.0,95.7,87.0,9,91\n");
    assert_int_equal(r.count, 8);
    assert_string_equal(r.points[1].why, "not connected");
    assert_string_equal(r.points[4].why, "not connected");
    assert_string_equal(r.points[7].why, "outside the possible range");
    assert_true(r.points[7].at.ms == 90000);
    check_near(r.points[0].value, 101.3, 0, 0);
    assert_int_equal(r.left_out_count, 1);
    assert_true(rac_text_is(r.left_out[0], "Battery"));
    /* Under Racemate's own names 0 is a value: a heart may stand still. */
    const rac_recording own = read_text(arena, "time_s,hr\n0,0\n");
    assert_true(own.points[0].has_value);
    rac_arena_free(arena);
}

static void test_link_recording__refusals_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        rac_status status;
        int line, column;
        const char *words;
    } cases[] = {
        {"", RAC_INVALID, 1, 1, "expected the time"},
        {"clock,hr\n0,1\n", RAC_INVALID, 1, 1, "expected the time"},
        {"time_s,ph\n0,7.4\n", RAC_NOT_FOUND, 1, 1, "no column"},
        {"time_s,hr,HR\n0,1,1\n", RAC_INVALID, 1, 1, "two columns hold hr"},
        {"time_s,hr\n0,60\n0,61\n", RAC_INVALID, 3, 1, "does not go on"},
        {"time_s,hr\n5,60\n4,61\n", RAC_INVALID, 3, 1, "does not go on"},
        {"time_s,hr\n-1,60\n", RAC_INVALID, 2, 1, "no time"},
        {"time_s,hr\nx,60\n", RAC_INVALID, 2, 1, "not a number"},
        {"time_s,hr\n0,sixty\n", RAC_INVALID, 2, 3, "not a number"},
        {"time_s,hr\n0,60,1\n", RAC_INVALID, 2, 1, "3 fields"},
        {"time_s,hr\n1e300,60\n", RAC_INVALID, 2, 1, "no time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        rac_recording recording;
        check_status(rac_recording_read(arena, rac_text_of(cases[i].bytes), "x.csv", &recording, &err),
                     cases[i].status);
        check_contains(err.message, cases[i].words);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        rac_arena_free(arena);
    }
}

/* The shipped recording: each number in the file is a point with that value, and there is no other. */
static void test_link_recording__the_demonstration_holds_what_its_file_holds(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const char *source = getenv("RACEMATE_SOURCE");
    FILE *file =
        fopen(rac_format(arena, "%s/demo/recordings/session-made-up.csv", source ? source : "."), "rb");
    assert_non_null(file);
    char *data = rac_arena_alloc(arena, 1 << 20);
    const rac_text bytes = {data, fread(data, 1, 1 << 20, file)};
    fclose(file);
    rac_csv_table table;
    rac_recording recording;
    check_ok(rac_csv_read(arena, bytes, NULL, &table, &err));
    check_ok(rac_recording_read(arena, bytes, "session-made-up.csv", &recording, &err));
    assert_int_equal(recording.left_out_count, 0);
    assert_int_equal(recording.count, table.rows * (table.column_count - 1));
    size_t values = 0, cuffs = 0;
    for (size_t i = 0; i < recording.count; i++) {
        const rac_recording_point *const point = &recording.points[i];
        const rac_csv_column *const column = &table.columns[1 + i % recording.quantity_count];
        const rac_text cell = column->cells[i / recording.quantity_count];
        assert_string_equal(rac_mdc_quantity_about(point->quantity).name, rac_text_copy(arena, column->name));
        assert_int_equal(point->has_value, cell.size > 0);
        double number;
        if (cell.size) {
            check_ok(rac_number_parse(cell, &number, &err));
            assert_true(point->value == number);
        }
        values += point->has_value;
        cuffs += point->has_value && point->quantity == RAC_QUANTITY_NIBP_SYS;
    }
    assert_true(values > 1000 && values < recording.count);
    assert_true(cuffs >= 15);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_recording__gaps_stay_gaps),
          cmocka_unit_test(test_link_recording__nothing_connected_is_not_zero),
          cmocka_unit_test(test_link_recording__refusals_say_where),
          cmocka_unit_test(test_link_recording__the_demonstration_holds_what_its_file_holds))
