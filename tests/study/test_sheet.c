/* A file of a chart as columns of word numbers. */
#include "study/sheet.h"

#include "check.h"

static rac_sheet read(rac_arena *arena, const char *text)
{
    rac_error err = {0};
    rac_sheet sheet;
    const rac_text missing = rac_text_of("-99");
    const rac_csv_options options = {.file = "t.csv", .delimiter = ',', .trim = true};
    check_ok(rac_sheet_read(arena, rac_text_of(text), &options, &missing, 1, &sheet, &err));
    return sheet;
}

static void test_study_sheet__each_word_is_kept_once_and_counted(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_sheet s = read(arena, "a,b\nx,1\nx,1\ny,2.5\nx,-99\n,NA\n");
    assert_int_equal(s.rows, 5);
    assert_int_equal(s.columns[0].words.count, 3);
    assert_int_equal(s.columns[0].count[0], 3);
    assert_int_equal(s.columns[1].count[0], 2);
    check_near(rac_sheet_number(&s, 2, 1), 2.5, 0, 0);
    assert_true(rac_sheet_missing(&s, 3, 1) && rac_sheet_missing(&s, 4, 1) && rac_sheet_missing(&s, 4, 0));
    assert_true(isnan(rac_sheet_number(&s, 3, 1)) && isnan(rac_sheet_number(&s, 0, 0)));
    assert_true(rac_sheet_missing(&s, 0, 7));
    assert_int_equal(rac_sheet_cell(&s, 0, 7).size, 0);
    rac_arena_free(arena);
}

/* A field whose quotes were undone stands in the reader's scratch, which the next row overwrites. */
static void test_study_sheet__unquoted_words_outlive_their_row(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_sheet s =
        read(arena, "a,b\n\"say \"\"one\"\"\",1\n\"say \"\"two\"\"\",2\n\"say \"\"one\"\"\",3\n"
                    "\"two\nlines, quoted\", 4\n");
    assert_true(rac_text_is(rac_sheet_cell(&s, 0, 0), "say \"one\""));
    assert_true(rac_text_is(rac_sheet_cell(&s, 1, 0), "say \"two\""));
    assert_true(rac_text_is(rac_sheet_cell(&s, 2, 0), "say \"one\""));
    assert_int_equal(s.columns[0].words.count, 3);
    assert_true(rac_text_is(rac_sheet_cell(&s, 3, 0), "two\nlines, quoted"));
    check_near(rac_sheet_number(&s, 3, 1), 4, 0, 0);
    assert_int_equal(s.lines[3], 5);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_study_sheet__each_word_is_kept_once_and_counted),
          cmocka_unit_test(test_study_sheet__unquoted_words_outlive_their_row))
