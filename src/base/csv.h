/* base/csv.h: comma-separated values, read strictly and written plainly (RFC 4180).
 *
 * Reading takes a whole file as bytes.  Two forms of the same reader:
 *   - rac_csv_each calls back once a row and keeps nothing (a million rows cost no memory);
 *   - rac_csv_read returns a table whose columns are found by name.
 *
 *     rac_csv_table table;
 *     rac_csv_options options = {.file = "doses.csv", .problems = &problems};
 *     rac_try(rac_csv_read(arena, bytes, &options, &table, err));
 *     rac_csv_numbers dose;
 *     rac_csv_column_numbers(arena, &table, "dose_mg", NULL, &dose, err);
 *
 * What is accepted: fields apart by the delimiter; rows ended by LF or CRLF, the last one also by
 * the end of the file; fields in double quotes may hold delimiters, line ends and quotes written
 * twice; a byte-order mark is dropped; empty lines are skipped where rows have more than one field.
 *
 * What is refused, with line and column: bytes that are not UTF-8, NUL, a quote inside an unquoted
 * field, text after a closing quote, a quote never closed, a carriage return alone, a row with
 * another number of fields than the first (RAC_INVALID), and anything over a limit (RAC_LIMIT).
 *
 * Lines and columns count from 1, columns in bytes.  A "row" is a data row, from 1; with quoted line
 * ends it is not the line number. */
#ifndef RACEMATE_BASE_CSV_H
#define RACEMATE_BASE_CSV_H

#include "racemate/base.h"

/* All zero is the usual file: commas, a header row, the limits named here. */
typedef struct rac_csv_options {
    const char *file;       /* the name used in errors; NULL leaves it empty */
    char delimiter;         /* 0: ','; for example ';' or '\t' */
    bool no_header;         /* the first row is data; the columns have no names */
    bool trim;              /* blanks around unquoted fields are dropped (RFC 4180 keeps them) */
    size_t max_rows;        /* data rows; 0: 100,000,000 */
    size_t max_columns;     /* 0: 4,096 */
    size_t max_field_bytes; /* 0: 1 MiB */
    /* When set, every problem is added here (the first 100) and reading goes on after a ragged row,
     * which is left out, so that a file is reported whole.  When NULL the first problem ends it. */
    rac_problems *problems;
} rac_csv_options;

/* One row as the callback sees it; valid until the callback returns. */
typedef struct rac_csv_row {
    size_t number; /* data row, from 1 */
    int line;      /* where it starts */
    size_t offset; /* the same as a byte of the file, from 0 */
    size_t count;  /* fields */
    const rac_text *fields;
    const rac_text *names; /* `count` column names; NULL with no_header; valid as long as the arena */
} rac_csv_row;

/* Returning anything but RAC_OK ends the reading with that status; an error without a line gets the
 * row's line. */
typedef rac_status rac_csv_row_function(void *context, const rac_csv_row *row, rac_error *err);

/* Calls `on_row` for each data row.  The arena holds the header and one row's scratch, however many
 * rows there are.  `err` tells the first problem. */
rac_status rac_csv_each(rac_arena *arena, rac_text bytes, const rac_csv_options *options,
                        rac_csv_row_function *on_row, void *context, rac_error *err);

/* One column: `rows` cells. */
typedef struct rac_csv_column {
    rac_text name;
    rac_text *cells;
} rac_csv_column;

/* Cells point into `bytes` (or the arena, where quotes were doubled), so `bytes` must live as long. */
typedef struct rac_csv_table {
    size_t rows;
    size_t column_count;
    rac_csv_column *columns;
    size_t *offsets; /* where each row starts in `bytes`; see rac_csv_place */
    int *lines;      /* the line each row starts on */
    rac_text bytes;
    const char *file;
    char delimiter;
} rac_csv_table;

rac_status rac_csv_read(rac_arena *arena, rac_text bytes, const rac_csv_options *options,
                        rac_csv_table *table, rac_error *err);

/* The column of that name, or NULL. */
const rac_csv_column *rac_csv_find(const rac_csv_table *table, const char *name);
/* The same, with RAC_NOT_FOUND and "did you mean". */
rac_status rac_csv_column_named(const rac_csv_table *table, const char *name, const rac_csv_column **column,
                                rac_error *err);
/* Says in `err` that it is about this cell: file, line, column and the field's name.  row and column
 * count from 0. */
void rac_csv_place(const rac_csv_table *table, size_t row, size_t column, rac_error *err);

/* A column read as numbers. */
typedef struct rac_csv_numbers {
    double *values; /* `rows` of them; NAN where missing */
    bool *missing;  /* `rows` of them */
    size_t missing_count;
} rac_csv_numbers;

/* Reads a column as finite numbers.  `missing_words` is a NULL-ended list of cells that mean "no
 * value", for example {"", "NA", NULL}; with NULL every cell must be a number.  RAC_NOT_FOUND for an
 * unknown column, RAC_INVALID with the cell's place otherwise. */
rac_status rac_csv_column_numbers(rac_arena *arena, const rac_csv_table *table, const char *name,
                                  const char *const *missing_words, rac_csv_numbers *numbers, rac_error *err);

/* ---- writing ------------------------------------------------------------------------------ */

/* Writes rows ended by LF into a buffer in the arena.  Mistakes (a number that is not finite, rows
 * of unequal length) are remembered and told by rac_csv_written.
 *
 *     rac_csv_writer writer = rac_csv_writer_open(arena, ',');
 *     rac_csv_write_string(&writer, "time_min");
 *     rac_csv_end_row(&writer);
 *     rac_csv_write_number(&writer, 0.1);
 *     rac_csv_end_row(&writer);
 *     rac_text file;
 *     rac_try(rac_csv_written(&writer, &file, err)); */
typedef struct rac_csv_writer {
    rac_arena *arena;
    char *data;
    size_t size, capacity;
    size_t columns;    /* of the first row */
    size_t in_row;     /* fields written to the current one */
    size_t row;        /* rows ended */
    rac_error mistake; /* the first one */
    char delimiter;
} rac_csv_writer;

/* `delimiter` 0 means ','. */
rac_csv_writer rac_csv_writer_open(rac_arena *arena, char delimiter);
/* Quoted when the text holds the delimiter, a quote, CR or LF, or starts or ends with a blank. */
void rac_csv_write_text(rac_csv_writer *writer, rac_text text);
void rac_csv_write_string(rac_csv_writer *writer, const char *text); /* NULL: an empty field */
/* The shortest digits that read back as the same double. */
void rac_csv_write_number(rac_csv_writer *writer, double number);
void rac_csv_write_integer(rac_csv_writer *writer, int64_t number);
void rac_csv_end_row(rac_csv_writer *writer);
/* What was written since the last call, valid until the next write; the buffer is used again, so a
 * long file can be handed on in pieces.  RAC_INVALID tells the first mistake. */
rac_status rac_csv_written(rac_csv_writer *writer, rac_text *text, rac_error *err);

#endif
