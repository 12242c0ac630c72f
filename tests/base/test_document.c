/* A page as data: what was put in stands there in order, in the document's own memory. */
#include "check.h"

#include "base/document.h"

static void test_base_document__keeps_order_and_copies_text(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_document document = rac_document_open(arena, "Title");
    char text[] = "first";
    rac_document_heading(&document, 1, text);
    rac_table *table = rac_document_table(&document, "caption", "lr");
    rac_document_paragraph(&document, "after the table");
    rac_document_note(&document, "small");
    rac_table_row(table, RAC_ROW_HEAD, "a", "b"); /* still open after later blocks */
    text[0] = 'F';
    rac_table_row(table, RAC_ROW_UNDER, text, "2");
    text[0] = 'x';
    assert_int_equal(document.blocks, 4);
    assert_string_equal(document.block[0].text, "first");
    assert_int_equal(document.block[1].kind, RAC_BLOCK_TABLE);
    assert_int_equal(document.block[1].table->columns, 2);
    assert_int_equal(document.block[1].table->rows, 2);
    assert_string_equal(document.block[1].table->row[1].cell[0], "First");
    assert_int_equal(document.block[1].table->row[1].kind, RAC_ROW_UNDER);
    assert_int_equal(document.block[3].kind, RAC_BLOCK_NOTE);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_base_document__keeps_order_and_copies_text))
