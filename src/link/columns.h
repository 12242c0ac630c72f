/* link/columns.h: numbers in columns, as a file any language reads in ten lines (".rcol").
 *
 * A text head, then chunks of rows, each column in one piece; everything little endian.
 *
 *     racemate columns 1                              the first line
 *     about <TAB> key <TAB> text                      as many as there are
 *     column <TAB> name <TAB> int32 or float64 <TAB> unit [<TAB> label ...]
 *     (an empty line)
 *     uint32 rows, then for each column `rows` values      a chunk, as many as there are
 *     uint32 0, uint64 rows in all                         the end: without it the file was cut
 *
 * An int32 column with labels holds places in the list of its labels, from 0, as a factor does.  A unit of
 * "1" is a pure number, "" means that the column has none.  docs/simulate.md has readers in Python and R. */
#ifndef RACEMATE_LINK_COLUMNS_H
#define RACEMATE_LINK_COLUMNS_H

#include "racemate/base.h"

typedef enum rac_column_type { RAC_COLUMN_INT32, RAC_COLUMN_FLOAT64 } rac_column_type;

typedef struct rac_column {
    const char *name, *unit;
    rac_column_type type;
    const char *const *labels; /* INT32: what the places mean; NULL: the numbers themselves */
    size_t label_count;
} rac_column;

typedef struct rac_columns_about {
    const char *key, *text;
} rac_columns_about;

/* The head, in the arena.  RAC_INVALID for a word with a tab or a line end in it, or an empty name. */
rac_status rac_columns_head(rac_arena *arena, const rac_columns_about *about, size_t about_count,
                            const rac_column *columns, size_t count, rac_text *bytes, rac_error *err);

/* Bytes of a chunk of `rows` (1 .. 2^31 - 1) rows, and the chunk: values[i] is an array of int32_t or double
 * as the column says. */
size_t rac_columns_chunk_size(const rac_column *columns, size_t count, size_t rows);
void rac_columns_chunk(const rac_column *columns, size_t count, const void *const *values, size_t rows,
                       unsigned char *bytes);

/* The end of a file of `rows` rows. */
enum { RAC_COLUMNS_END_SIZE = 12 };
void rac_columns_end(uint64_t rows, unsigned char bytes[RAC_COLUMNS_END_SIZE]);

#endif
