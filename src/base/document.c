/* A page as data. */
#include "base/document.h"

#include <string.h>

rac_document rac_document_open(rac_arena *arena, const char *title)
{
    return (rac_document){.arena = arena, .title = rac_string_copy(arena, title), .subtitle = "", .foot = ""};
}

static void add(rac_document *document, rac_block block)
{
    rac_push(document->arena, document->block, document->blocks, document->capacity, block);
}

void rac_document_heading(rac_document *document, int level, const char *text)
{
    add(document, (rac_block){.kind = RAC_BLOCK_HEADING,
                              .level = level,
                              .text = rac_string_copy(document->arena, text)});
}

void rac_document_paragraph(rac_document *document, const char *text)
{
    add(document, (rac_block){.kind = RAC_BLOCK_PARAGRAPH, .text = rac_string_copy(document->arena, text)});
}

void rac_document_note(rac_document *document, const char *text)
{
    add(document, (rac_block){.kind = RAC_BLOCK_NOTE, .text = rac_string_copy(document->arena, text)});
}

rac_table *rac_document_table(rac_document *document, const char *caption, const char *align)
{
    rac_table *table = rac_new(document->arena, rac_table);
    *table = (rac_table){.arena = document->arena,
                         .caption = rac_string_copy(document->arena, caption),
                         .align = rac_string_copy(document->arena, align),
                         .columns = strlen(align)};
    add(document, (rac_block){.kind = RAC_BLOCK_TABLE, .text = table->caption, .table = table});
    return table;
}

void rac_document_figure(rac_document *document, const rac_figure *figure, const char *caption)
{
    add(document, (rac_block){.kind = RAC_BLOCK_FIGURE,
                              .text = rac_string_copy(document->arena, caption),
                              .figure = figure});
}

void rac_table_add(rac_table *table, rac_row_kind kind, const char *const *cells)
{
    const char **own = rac_many(table->arena, const char *, table->columns);
    for (size_t c = 0; c < table->columns; c++)
        own[c] = rac_string_copy(table->arena, cells[c]);
    rac_push(table->arena, table->row, table->rows, table->capacity, ((rac_row){kind, own}));
}
