/* study/sheet.h: a file of a chart, small in memory.
 *
 * A chart says the same few words again and again (an arm, a visit, a score), so a column keeps each distinct
 * word once, in the order they came, and a number for every cell.  What a word means is then worked out once
 * a word, not once a cell. */
#ifndef RACEMATE_STUDY_SHEET_H
#define RACEMATE_STUDY_SHEET_H

#include "base/csv.h"

/* Distinct texts, numbered from 0 in the order they came. */
typedef struct rac_words {
    rac_text *word;
    size_t count, capacity;
    uint32_t *slot; /* index + 1; 0 empty */
    size_t slots;
} rac_words;
size_t rac_words_add(rac_arena *arena, rac_words *words, rac_text text);
bool rac_words_find(const rac_words *words, rac_text text, size_t *index);

typedef enum rac_sheet_kind { RAC_SHEET_MISSING, RAC_SHEET_NUMBER, RAC_SHEET_TEXT } rac_sheet_kind;

typedef struct rac_sheet_column {
    rac_text name;   /* blanks around it dropped, as around every word */
    rac_words words; /* borrowed from the file's bytes where they stand there as they are */
    uint32_t *cell;  /* rows: the word's number */
    size_t *count;   /* words: cells that hold it */
    rac_sheet_kind *kind;
    double *number; /* words; NaN unless kind is RAC_SHEET_NUMBER */
} rac_sheet_column;

typedef struct rac_sheet {
    const char *file;
    size_t rows, column_count;
    rac_sheet_column *columns;
    int *lines;          /* rows: the line each starts on */
    rac_csv_table where; /* for rac_csv_place: names, offsets and lines, no cells */
} rac_sheet;

/* Reads all rows.  `missing` (of `count`) are words that mean "not there" beside "", "NA" and ".".  On
 * failure the sheet has no rows. */
rac_status rac_sheet_read(rac_arena *arena, rac_text bytes, const rac_csv_options *options,
                          const rac_text *missing, size_t count, rac_sheet *sheet, rac_error *err);
/* "" beyond the last column. */
rac_text rac_sheet_cell(const rac_sheet *sheet, size_t row, size_t column);
double rac_sheet_number(const rac_sheet *sheet, size_t row, size_t column); /* NaN when it is none */
bool rac_sheet_missing(const rac_sheet *sheet, size_t row, size_t column);  /* also beyond the last column */

#endif
