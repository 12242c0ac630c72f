/* Columns of numbers as bytes: see link/columns.h. */
#include "link/columns.h"

#include <string.h>

#include "link/svg.h"

static unsigned char *put(unsigned char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)(value >> (8 * i));
    return at + size;
}

static size_t size_of(const rac_column *column)
{
    return column->type == RAC_COLUMN_INT32 ? 4 : 8;
}

/* ---- the head ---- */

static rac_status check_word(const char *word, const char *what, rac_error *err)
{
    if (strpbrk(word, "\t\r\n"))
        return rac_fail(err, RAC_INVALID, "%s '%.60s' has a tab or a line end in it", what, word);
    return RAC_OK;
}

static rac_status put_words(rac_markup *head, const char *const *words, size_t count, rac_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const rac_status status = check_word(words[i], "a word of the head,", err);
        if (status)
            return status;
        rac_markup_format(head, "%s%s", i ? "\t" : "", words[i]);
    }
    return RAC_OK;
}

static rac_status put_column(rac_markup *head, const rac_column *column, rac_error *err)
{
    if (!column->name[0])
        return rac_fail(err, RAC_INVALID, "a column without a name");
    const char *const words[] = {"column", column->name,
                                 column->type == RAC_COLUMN_INT32 ? "int32" : "float64", column->unit};
    rac_status status = put_words(head, words, 4, err);
    if (!status && column->label_count) {
        rac_markup_raw(head, "\t");
        status = put_words(head, column->labels, column->label_count, err);
    }
    rac_markup_raw(head, "\n");
    return status;
}

rac_status rac_columns_head(rac_arena *arena, const rac_columns_about *about, size_t about_count,
                            const rac_column *columns, size_t count, rac_text *bytes, rac_error *err)
{
    rac_markup head = {.arena = arena};
    rac_status status = RAC_OK;
    rac_markup_raw(&head, "racemate columns 1\n");
    for (size_t i = 0; i < about_count && !status; i++) {
        status = put_words(&head, (const char *const[]){"about", about[i].key, about[i].text}, 3, err);
        rac_markup_raw(&head, "\n");
    }
    for (size_t i = 0; i < count && !status; i++)
        status = put_column(&head, &columns[i], err);
    rac_markup_raw(&head, "\n");
    *bytes = (rac_text){head.data, head.size};
    return status;
}

/* ---- the rows ---- */

size_t rac_columns_chunk_size(const rac_column *columns, size_t count, size_t rows)
{
    size_t size = 4;
    for (size_t i = 0; i < count; i++)
        size += rows * size_of(&columns[i]);
    return size;
}

void rac_columns_chunk(const rac_column *columns, size_t count, const void *const *values, size_t rows,
                       unsigned char *bytes)
{
    unsigned char *at = put(bytes, rows, 4);
    for (size_t i = 0; i < count; i++)
        for (size_t row = 0; row < rows; row++) {
            uint64_t bits = 0;
            if (columns[i].type == RAC_COLUMN_INT32)
                bits = (uint32_t)((const int32_t *)values[i])[row];
            else
                memcpy(&bits, (const double *)values[i] + row, sizeof bits);
            at = put(at, bits, size_of(&columns[i]));
        }
}

void rac_columns_end(uint64_t rows, unsigned char bytes[RAC_COLUMNS_END_SIZE])
{
    put(put(bytes, 0, 4), rows, 8);
}
