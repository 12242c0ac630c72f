/* The CSV reader and writer: what RFC 4180 allows, what is refused and where, and round trips. */
#include "check.h"

#include "base/csv.h"

static const char *cell(const rac_csv_table *table, rac_arena *arena, const char *name, size_t row)
{
    const rac_csv_column *column = rac_csv_find(table, name);
    return column && row < table->rows ? rac_text_copy(arena, column->cells[row]) : NULL;
}

static void test_base_csv__reads_the_cases_of_rfc_4180(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_table table;
    const rac_text bytes = rac_text_of("\xEF\xBB\xBF"
                                       "name,dose,\"a \"\"note\"\"\"\r\n"
                                       "Ann,0.5,\"one\r\ntwo, three\"\n"
                                       "\n"
                                       "\"B\"\"ob\"\"\",,\"\"\r\n"
                                       " C ,2.385,last");
    check_ok(rac_csv_read(arena, bytes, NULL, &table, &err));
    assert_int_equal(table.rows, 3);
    assert_int_equal(table.column_count, 3);
    assert_string_equal(cell(&table, arena, "a \"note\"", 0), "one\r\ntwo, three");
    assert_string_equal(cell(&table, arena, "name", 1), "B\"ob\"");
    assert_string_equal(cell(&table, arena, "dose", 1), "");
    assert_string_equal(cell(&table, arena, "name", 2), " C ");
    assert_string_equal(cell(&table, arena, "a \"note\"", 2), "last");
    assert_int_equal(table.lines[1], 5);
    rac_csv_place(&table, 0, 2, &err);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 9);
    rac_csv_place(&table, 1, 1, &err);
    assert_int_equal(err.column, 11);
    assert_string_equal(err.field, "dose");
    rac_arena_free(arena);
}

static void test_base_csv__trims_and_splits_as_told(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_table table;
    const rac_csv_options options = {.delimiter = ';', .trim = true};
    check_ok(rac_csv_read(arena, rac_text_of("t; HR ;note\n1; 94 ; \"a;b\"\n"), &options, &table, &err));
    assert_string_equal(cell(&table, arena, "HR", 0), "94");
    assert_string_equal(cell(&table, arena, "note", 0), "a;b");
    const rac_csv_options bare = {.no_header = true};
    check_ok(rac_csv_read(arena, rac_text_of("1,2\n3,4"), &bare, &table, &err));
    assert_int_equal(table.rows, 2);
    assert_true(rac_text_is(table.columns[1].cells[1], "4"));
    rac_arena_free(arena);
}

static void test_base_csv__empty_files_and_single_columns(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_table table;
    check_ok(rac_csv_read(arena, rac_text_of(""), NULL, &table, &err));
    assert_int_equal(table.column_count, 0);
    check_ok(rac_csv_read(arena, rac_text_of("a,b\r\n"), NULL, &table, &err));
    assert_int_equal(table.column_count, 2);
    assert_int_equal(table.rows, 0);
    /* With one column an empty line is an empty field, not nothing. */
    check_ok(rac_csv_read(arena, rac_text_of("a\n1\n\n3\n"), NULL, &table, &err));
    assert_int_equal(table.rows, 3);
    assert_int_equal(table.columns[0].cells[1].size, 0);
    rac_arena_free(arena);
}

static void test_base_csv__refusals_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size; /* 0: strlen */
        rac_status status;
        int line, column;
        const char *words;
    } cases[] = {
        {"a,b\n1,\xFFx\n", 0, RAC_INVALID, 2, 3, "0xFF is not UTF-8"},
        {"\xEF\xBB\xBF\xC3,b\n", 0, RAC_INVALID, 1, 1, "0xC3 is not UTF-8"},
        {"a,b\n1,2\n3,\xE2\x82", 0, RAC_INVALID, 3, 3, "0xE2"},
        {"abcdefgh,b\n1,x\0y\n", 16, RAC_INVALID, 2, 4, "NUL"},
        {"a,b\n1,x\"y\"\n", 0, RAC_INVALID, 2, 4, "quote inside"},
        {"a,b\n1,\"x\"y\n", 0, RAC_INVALID, 2, 6, "follows a closing quote"},
        {"a,b\n1,2\n3,\"x\n\n", 0, RAC_INVALID, 3, 3, "never closed"},
        {"a,b\n1,2\r3,4\n", 0, RAC_INVALID, 2, 4, "carriage return"},
        {"a,b\n1,2\n1,2,3\n", 0, RAC_INVALID, 3, 1, "row 2 has 3 fields, expected 2"},
        {"a,b\n1\n", 0, RAC_INVALID, 2, 1, "row 1 has 1 fields, expected 2"},
        {"a,b,a\n", 0, RAC_INVALID, 1, 1, "columns 1 and 3 are both named 'a'"},
        {"a,b\n1,123456789\n", 0, RAC_LIMIT, 2, 3, "more than 8 bytes"},
        {"a,b\n1,\"123456789\"\n", 0, RAC_LIMIT, 2, 3, "more than 8 bytes"},
        {"a,b,c,d\n", 0, RAC_LIMIT, 1, 7, "more than 3 fields"},
        {"a\n1\n2\n3\n4\n5\n", 0, RAC_LIMIT, 6, 1, "more than 4 rows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        rac_csv_table table;
        const rac_csv_options options = {
            .file = "x.csv", .max_field_bytes = 8, .max_columns = 3, .max_rows = 4};
        const rac_text bytes = {cases[i].bytes, cases[i].size ? cases[i].size : strlen(cases[i].bytes)};
        check_status(rac_csv_read(arena, bytes, &options, &table, &err), cases[i].status);
        check_contains(err.message, cases[i].words);
        assert_string_equal(err.file, "x.csv");
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        rac_arena_free(arena);
    }
}

static void test_base_csv__reports_every_ragged_row(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_table table;
    rac_problems problems = rac_problems_init(arena);
    const rac_csv_options options = {.problems = &problems};
    check_status(rac_csv_read(arena, rac_text_of("a,b\n1\n2,2\n3,3,3\n4,4\n"), &options, &table, &err),
                 RAC_INVALID);
    assert_int_equal(problems.count, 2);
    assert_int_equal(problems.items[1].line, 4);
    check_contains(problems.items[1].message, "row 3 has 3 fields, expected 2");
    assert_int_equal(err.line, 2);
    assert_int_equal(table.rows, 2);
    assert_true(rac_text_is(table.columns[0].cells[1], "4"));
    rac_arena_free(arena);
}

static void test_base_csv__columns_become_numbers_or_say_which_cell(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_table table;
    rac_csv_numbers numbers;
    const char *const missing[] = {"", "NA", NULL};
    check_ok(rac_csv_read(arena, rac_text_of("id,dv\n1,2.385\n2,NA\n3,\n4,-1e-3\n"), NULL, &table, &err));
    check_ok(rac_csv_column_numbers(arena, &table, "dv", missing, &numbers, &err));
    assert_int_equal(numbers.missing_count, 2);
    assert_true(numbers.missing[1] && isnan(numbers.values[1]));
    check_near(numbers.values[0], 2.385, 0, 0);
    check_near(numbers.values[3], -0.001, 0, 0);
    check_status(rac_csv_column_numbers(arena, &table, "dv", NULL, &numbers, &err), RAC_INVALID);
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 3);
    assert_string_equal(err.field, "dv");
    check_status(rac_csv_column_numbers(arena, &table, "dvv", NULL, &numbers, &err), RAC_NOT_FOUND);
    check_contains(err.hint, "'dv'");
    rac_arena_free(arena);
}

static rac_status stop_at_three(void *context, const rac_csv_row *row, rac_error *err)
{
    *(size_t *)context = row->number;
    if (row->number < 3)
        return RAC_OK;
    return rac_fail(err, RAC_REFUSED, "three is too many of '%.*s'", RAC_TEXT(row->names[0]));
}

static void test_base_csv__the_callback_can_stop(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    size_t seen = 0;
    check_status(rac_csv_each(arena, rac_text_of("n\n1\n2\n3\n4\n"), NULL, stop_at_three, &seen, &err),
                 RAC_REFUSED);
    assert_int_equal(seen, 3);
    assert_int_equal(err.line, 4);
    check_contains(err.message, "of 'n'");
    rac_arena_free(arena);
}

static rac_status count_fields(void *context, const rac_csv_row *row, rac_error *err)
{
    (void)err;
    *(size_t *)context += row->count;
    return RAC_OK;
}

static void test_base_csv__streaming_keeps_nothing(void **state)
{
    (void)state;
    rac_arena *text = rac_arena_new(), *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_writer writer = rac_csv_writer_open(text, 0);
    for (int row = 0; row < 20000; row++) {
        rac_csv_write_integer(&writer, row);
        rac_csv_write_string(&writer, "say \"no\"");
        rac_csv_end_row(&writer);
    }
    rac_text bytes;
    check_ok(rac_csv_written(&writer, &bytes, &err));
    const rac_csv_options options = {.no_header = true};
    size_t fields = 0;
    check_ok(rac_csv_each(arena, bytes, &options, count_fields, &fields, &err));
    assert_int_equal(fields, 40000);
    assert_true(rac_arena_used(arena) < 4096);
    rac_arena_free(arena);
    rac_arena_free(text);
}

static void test_base_csv__what_is_written_reads_back(void **state)
{
    (void)state;
    static const char *const awkward[] = {
        "", "plain", "a,b", "\"", "\"\"x\"\"", "line\nline", "cr\rlf\r\n", " blank ", "\xEF\xBB\xBFmark"};
    static const double numbers[] = {0.1,
                                     -0.0,
                                     1.0 / 3,
                                     2.385,
                                     1e300,
                                     5e-324,
                                     123456789012345678.0,
                                     2.2250738585072014e-308,
                                     72057594037927945.0};
    enum { rows = sizeof awkward / sizeof *awkward };
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_writer writer = rac_csv_writer_open(arena, ',');
    rac_csv_write_string(&writer, "text");
    rac_csv_write_string(&writer, "number");
    rac_csv_end_row(&writer);
    for (size_t i = 0; i < rows; i++) {
        rac_csv_write_string(&writer, awkward[i]);
        rac_csv_write_number(&writer, numbers[i]);
        rac_csv_end_row(&writer);
    }
    rac_text bytes;
    rac_csv_table table;
    rac_csv_numbers again;
    check_ok(rac_csv_written(&writer, &bytes, &err));
    check_ok(rac_csv_read(arena, bytes, NULL, &table, &err));
    assert_int_equal(table.rows, rows);
    check_ok(rac_csv_column_numbers(arena, &table, "number", NULL, &again, &err));
    for (size_t i = 0; i < rows; i++) {
        assert_string_equal(cell(&table, arena, "text", i), awkward[i]);
        assert_memory_equal(&again.values[i], &numbers[i], sizeof(double));
    }
    assert_string_equal(cell(&table, arena, "number", 0), "0.1");
    assert_string_equal(cell(&table, arena, "number", 5), "5e-324");
    rac_arena_free(arena);
}

static void test_base_csv__one_empty_field_survives(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_writer writer = rac_csv_writer_open(arena, 0);
    rac_csv_write_string(&writer, "a");
    rac_csv_end_row(&writer);
    rac_csv_write_string(&writer, "");
    rac_csv_end_row(&writer);
    rac_text bytes;
    check_ok(rac_csv_written(&writer, &bytes, &err));
    assert_true(rac_text_is(bytes, "a\n\"\"\n"));
    /* A mark that opens the file is text only inside quotes. */
    rac_csv_write_string(&writer, "\xEF\xBB\xBFmark");
    rac_csv_end_row(&writer);
    check_ok(rac_csv_written(&writer, &bytes, &err));
    assert_true(rac_text_is(bytes, "\"\xEF\xBB\xBFmark\"\n"));
    rac_arena_free(arena);
}

static void test_base_csv__the_writer_remembers_mistakes(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_text bytes;
    rac_csv_writer writer = rac_csv_writer_open(arena, 0);
    rac_csv_write_number(&writer, NAN);
    rac_csv_end_row(&writer);
    check_status(rac_csv_written(&writer, &bytes, &err), RAC_INVALID);
    check_contains(err.message, "row 1: a number is not finite");
    writer = rac_csv_writer_open(arena, 0);
    rac_csv_write_integer(&writer, 1);
    rac_csv_end_row(&writer);
    rac_csv_write_integer(&writer, 1);
    rac_csv_write_integer(&writer, 2);
    rac_csv_end_row(&writer);
    check_status(rac_csv_written(&writer, &bytes, &err), RAC_INVALID);
    check_contains(err.message, "row 2");
    writer = rac_csv_writer_open(arena, 0);
    rac_csv_write_string(&writer, "\xFF");
    rac_csv_end_row(&writer);
    check_status(rac_csv_written(&writer, &bytes, &err), RAC_INVALID);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_base_csv__reads_the_cases_of_rfc_4180),
          cmocka_unit_test(test_base_csv__trims_and_splits_as_told),
          cmocka_unit_test(test_base_csv__empty_files_and_single_columns),
          cmocka_unit_test(test_base_csv__refusals_say_where),
          cmocka_unit_test(test_base_csv__reports_every_ragged_row),
          cmocka_unit_test(test_base_csv__columns_become_numbers_or_say_which_cell),
          cmocka_unit_test(test_base_csv__the_callback_can_stop),
          cmocka_unit_test(test_base_csv__streaming_keeps_nothing),
          cmocka_unit_test(test_base_csv__what_is_written_reads_back),
          cmocka_unit_test(test_base_csv__one_empty_field_survives),
          cmocka_unit_test(test_base_csv__the_writer_remembers_mistakes))
