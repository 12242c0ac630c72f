/* base/document.h: a page as data: headings, paragraphs, tables, figures.
 *
 * What is decided here: what a document says and in which order; never how it looks.  `link/document_html.h`
 * makes a page of it for a browser, `link/pdf.h` one for paper, so that both always say the same.
 *
 *     rac_document doc = rac_document_open(arena, "Study report");
 *     doc.foot = "Decision support and record keeping for clinicians";
 *     rac_document_heading(&doc, 1, "Flow of patients");
 *     rac_table *t = rac_document_table(&doc, "Patients with a score", "lrr");
 *     rac_table_row(t, RAC_ROW_HEAD, "visit", "ketamine", "esketamine");
 *     rac_table_row(t, RAC_ROW_PLAIN, "Baseline", "111", "42");
 *
 * Text is UTF-8, without markup, and is copied into the arena; figures are borrowed and must be finished. */
#ifndef RACEMATE_BASE_DOCUMENT_H
#define RACEMATE_BASE_DOCUMENT_H

#include "base/figure.h"

typedef enum rac_row_kind {
    RAC_ROW_HEAD,   /* column names, repeated on each sheet; only before other rows */
    RAC_ROW_PLAIN,  /* first cell is the row's name */
    RAC_ROW_UNDER,  /* belongs to the row above: its name is indented */
    RAC_ROW_STRONG, /* the row to read first, or a heading between rows */
    RAC_ROW_KINDS
} rac_row_kind;

typedef struct rac_row {
    rac_row_kind kind;
    const char *const *cell; /* columns */
} rac_row;

typedef struct rac_table {
    rac_arena *arena;
    const char *caption; /* above the table; may be "" */
    const char *align;   /* a letter a column: l text, r numbers, w text that wraps and takes the room left */
    size_t columns;
    size_t rows, capacity;
    rac_row *row;
} rac_table;

typedef enum rac_block_kind {
    RAC_BLOCK_HEADING,   /* level 1 or 2, text */
    RAC_BLOCK_PARAGRAPH, /* text */
    RAC_BLOCK_NOTE,      /* text, small: how to read what stands above */
    RAC_BLOCK_TABLE,
    RAC_BLOCK_FIGURE, /* text: the caption */
    RAC_BLOCK_KINDS
} rac_block_kind;

typedef struct rac_block {
    rac_block_kind kind;
    int level;
    const char *text;
    const rac_table *table;
    const rac_figure *figure;
} rac_block;

typedef struct rac_document {
    rac_arena *arena;
    const char *title;
    const char *subtitle; /* below the title; "" none */
    const char *foot;     /* at the foot of each sheet: what the document is for; "" none */
    size_t blocks, capacity;
    rac_block *block;
} rac_document;

rac_document rac_document_open(rac_arena *arena, const char *title);
void rac_document_heading(rac_document *document, int level, const char *text);
void rac_document_paragraph(rac_document *document, const char *text);
void rac_document_note(rac_document *document, const char *text);
/* The table stays open for rows; columns are the letters of `align`. */
rac_table *rac_document_table(rac_document *document, const char *caption, const char *align);
void rac_document_figure(rac_document *document, const rac_figure *figure, const char *caption);

/* One row of table->columns cells. */
void rac_table_add(rac_table *table, rac_row_kind kind, const char *const *cells);
#define rac_table_row(table, kind, ...) rac_table_add((table), (kind), (const char *const[]){__VA_ARGS__})

#endif
