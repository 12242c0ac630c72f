/* A document on paper: the same bytes each time, no time of making, and every row of a long table somewhere.
 */
#include "check.h"

#include "link/pdf.h"

static rac_document made(rac_arena *arena, size_t rows)
{
    rac_error err = {0};
    rac_document document = rac_document_open(arena, "Title with \xC3\xA4 and \xCE\xB1");
    document.subtitle = "A subtitle";
    document.foot = "What it is for";
    rac_figure *figure = rac_new(arena, rac_figure);
    *figure = rac_figure_open(arena, "Figure", "For the test", 120, 60);
    rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_STEPS,
                                              .name = "line",
                                              .count = 3,
                                              .x = (double[]){0, 1, 2},
                                              .y = (double[]){1, 0.5, 0.2}});
    check_ok(rac_figure_finish(figure, &err));
    const char **at_risk = rac_many(arena, const char *, figure->x.tick_count);
    for (size_t i = 0; i < figure->x.tick_count; i++)
        at_risk[i] = rac_format(arena, "%zu", 9 - i);
    rac_figure_write_under(figure, "at risk", at_risk);
    for (int k = 0; k < 3; k++) {
        rac_document_heading(&document, 1, "Section");
        rac_document_paragraph(&document,
                               "Words that go on and on, for as long as it takes to need several lines of "
                               "a sheet of paper, and then some more so that it is long enough.");
        rac_document_figure(&document, figure, "Its caption");
        rac_table *table = rac_document_table(&document, "Numbers", "lrw");
        rac_table_row(table, RAC_ROW_HEAD, "name", "number", "remark");
        for (size_t i = 0; i < rows; i++)
            rac_table_row(
                table, i % 5 ? RAC_ROW_UNDER : RAC_ROW_STRONG, rac_format(arena, "row %zu", i), "1.5",
                "a remark that is longer than the others and wraps when the sheet is narrow enough for it");
    }
    return document;
}

static void test_link_pdf__same_document_same_bytes_and_no_date(void **state)
{
    (void)state;
    rac_arena *a = rac_arena_new(), *b = rac_arena_new();
    rac_error err = {0};
    rac_text one, two;
    const rac_document first = made(a, 70), second = made(b, 70);
    check_ok(rac_pdf_make(a, &first, &one, &err));
    check_ok(rac_pdf_make(b, &second, &two, &err));
    assert_true(rac_text_equal(one, two));
    assert_memory_equal(one.data, "%PDF-", 5);
    assert_null(memmem(one.data, one.size, "CreationDate", 12));
    rac_arena_free(a);
    rac_arena_free(b);
}

/* The page tree stands uncompressed: /Count is the number of sheets, and more rows need more of them. */
static long sheets_of(rac_text pdf)
{
    const char *count = memmem(pdf.data, pdf.size, "/Count ", 7);
    long most = 0;
    for (; count; count = memmem(count + 7, (size_t)(pdf.data + pdf.size - count - 7), "/Count ", 7))
        most = strtol(count + 7, NULL, 10) > most ? strtol(count + 7, NULL, 10) : most;
    return most;
}

static void test_link_pdf__long_tables_go_on_to_more_sheets(void **state)
{
    (void)state;
    static const size_t rows[] = {2, 70, 400};
    long before = 0;
    for (size_t i = 0; i < 3; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        rac_text pdf;
        const rac_document document = made(arena, rows[i]);
        check_ok(rac_pdf_make(arena, &document, &pdf, &err));
        assert_true(sheets_of(pdf) > before);
        before = sheets_of(pdf);
        rac_arena_free(arena);
    }
    assert_true(before > 3 * 400 / 60); /* not more than sixty rows stand on a sheet */
}

static void test_link_pdf__awkward_documents(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_text pdf;
    rac_document empty = rac_document_open(arena, "");
    check_ok(rac_pdf_make(arena, &empty, &pdf, &err));
    /* a word wider than its column, and twenty columns */
    rac_table *table = rac_document_table(&empty, "", "wrrrrrrrrrrrrrrrrrrr");
    const char *cells[20];
    for (size_t c = 0; c < 20; c++)
        cells[c] = "averyveryverylongwordthatdoesnotbreakanywhereatall";
    rac_table_add(table, RAC_ROW_PLAIN, cells);
    check_ok(rac_pdf_make(arena, &empty, &pdf, &err));
    rac_figure open = rac_figure_open(arena, "open", "", 100, 50);
    rac_document_figure(&empty, &open, "not finished");
    check_status(rac_pdf_make(arena, &empty, &pdf, &err), RAC_INVALID);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_pdf__same_document_same_bytes_and_no_date),
          cmocka_unit_test(test_link_pdf__long_tables_go_on_to_more_sheets),
          cmocka_unit_test(test_link_pdf__awkward_documents))
