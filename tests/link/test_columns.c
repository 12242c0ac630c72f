/* The column file: exact bytes, and words it refuses. */
#include "check.h"

#include "link/columns.h"

static const char *const drugs[] = {"ketamine", "norketamine"};
static const rac_column columns[] = {{"id", "", RAC_COLUMN_INT32, NULL, 0},
                                     {"time_h", "h", RAC_COLUMN_FLOAT64, NULL, 0},
                                     {"output", "", RAC_COLUMN_INT32, drugs, 2}};

static void test_link_columns__head_is_plain_text(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_text head;
    check_ok(rac_columns_head(arena, &(rac_columns_about){"seed", "1"}, 1, columns, 3, &head, &err));
    assert_string_equal(rac_text_copy(arena, head),
                        "racemate columns 1\nabout\tseed\t1\ncolumn\tid\tint32\t\n"
                        "column\ttime_h\tfloat64\th\n"
                        "column\toutput\tint32\t\tketamine\tnorketamine\n\n");
    rac_arena_free(arena);
}

/* 0.5 is 3FE0 0000 0000 0000 in IEEE 754, -1 is FFFF FFFF; the low byte comes first on every machine. */
static void test_link_columns__rows_are_little_endian_column_by_column(void **state)
{
    (void)state;
    const int32_t id[] = {-1, 258}, output[] = {0, 1};
    const double time_h[] = {0.5, -2};
    const void *const values[] = {id, time_h, output};
    static const unsigned char expected[] = {2, 0, 0, 0,    0xFF, 0xFF, 0xFF, 0xFF, 2, 1, 0, 0,
                                             0, 0, 0, 0,    0,    0,    0xE0, 0x3F, 0, 0, 0, 0,
                                             0, 0, 0, 0xC0, 0,    0,    0,    0,    1, 0, 0, 0};
    unsigned char bytes[sizeof expected];
    assert_int_equal(rac_columns_chunk_size(columns, 3, 2), sizeof expected);
    rac_columns_chunk(columns, 3, values, 2, bytes);
    assert_memory_equal(bytes, expected, sizeof expected);
    unsigned char end[RAC_COLUMNS_END_SIZE];
    rac_columns_end(0x0102030405ULL, end);
    assert_memory_equal(end, ((const unsigned char[]){0, 0, 0, 0, 5, 4, 3, 2, 1, 0, 0, 0}), sizeof end);
}

static void test_link_columns__words_that_would_break_the_head_are_refused(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_text head;
    const rac_column bad[] = {{"a\tb", "", RAC_COLUMN_INT32, NULL, 0}}, none[] = {{"", "", 0, NULL, 0}};
    check_status(rac_columns_head(arena, NULL, 0, bad, 1, &head, &err), RAC_INVALID);
    check_status(rac_columns_head(arena, NULL, 0, none, 1, &head, &err), RAC_INVALID);
    check_status(rac_columns_head(arena, &(rac_columns_about){"dose", "a\nb"}, 1, columns, 3, &head, &err),
                 RAC_INVALID);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_columns__head_is_plain_text),
          cmocka_unit_test(test_link_columns__rows_are_little_endian_column_by_column),
          cmocka_unit_test(test_link_columns__words_that_would_break_the_head_are_refused))
