/* Writing comma-separated values: see base/csv.h. */
#include "base/csv.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

rac_csv_writer rac_csv_writer_open(rac_arena *arena, char delimiter)
{
    assert(!delimiter || !strchr("\"\r\n", delimiter));
    return (rac_csv_writer){.arena = arena, .delimiter = delimiter ? delimiter : ','};
}

static char *room_for(rac_csv_writer *writer, size_t more)
{
    if (writer->capacity - writer->size < more) {
        const size_t wanted =
            writer->capacity * 2 > writer->size + more ? writer->capacity * 2 : writer->size + more + 4096;
        char *moved = rac_arena_alloc(writer->arena, wanted);
        if (writer->size)
            memcpy(moved, writer->data, writer->size);
        writer->data = moved;
        writer->capacity = wanted;
    }
    return writer->data + writer->size;
}

static void put(rac_csv_writer *writer, const char *bytes, size_t size)
{
    if (!size)
        return;
    memcpy(room_for(writer, size), bytes, size);
    writer->size += size;
}

static void start_field(rac_csv_writer *writer)
{
    if (writer->in_row++)
        put(writer, &writer->delimiter, 1);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool needs_quotes(rac_text text, char delimiter)
{
    if (!text.size)
        return false;
    if (rac_text_starts(text, "\xEF\xBB\xBF")) /* at the start of a file it would be dropped */
        return true;
    if (is_blank(text.data[0]) || is_blank(text.data[text.size - 1]))
        return true;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == delimiter || text.data[i] == '"' || text.data[i] == '\n' || text.data[i] == '\r')
            return true;
    return false;
}

static void mistake(rac_csv_writer *writer, const char *what, size_t row)
{
    if (writer->mistake.status == RAC_OK)
        rac_fail(&writer->mistake, RAC_INVALID, "row %zu: %s", row, what);
}

void rac_csv_write_text(rac_csv_writer *writer, rac_text text)
{
    start_field(writer);
    if (text.size && (memchr(text.data, '\0', text.size) || !rac_text_is_utf8(text)))
        mistake(writer, "a text holds NUL or is not UTF-8", writer->row + 1);
    if (!needs_quotes(text, writer->delimiter)) {
        put(writer, text.data, text.size);
        return;
    }
    char *out = room_for(writer, text.size * 2 + 2);
    size_t size = 0;
    out[size++] = '"';
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            out[size++] = '"';
        out[size++] = text.data[i];
    }
    out[size++] = '"';
    writer->size += size;
}

void rac_csv_write_string(rac_csv_writer *writer, const char *text)
{
    rac_csv_write_text(writer, rac_text_of(text));
}

void rac_csv_write_number(rac_csv_writer *writer, double number)
{
    start_field(writer);
    if (!isfinite(number)) {
        mistake(writer, "a number is not finite; write an empty field for a missing value", writer->row + 1);
        return;
    }
    char digits[RAC_NUMBER_SIZE];
    put(writer, digits, rac_number_print(digits, number));
}

void rac_csv_write_integer(rac_csv_writer *writer, int64_t number)
{
    start_field(writer);
    char digits[24];
    const int size = snprintf(digits, sizeof digits, "%" PRId64, number);
    put(writer, digits, (size_t)size);
}

void rac_csv_end_row(rac_csv_writer *writer)
{
    writer->row++;
    if (writer->row == 1)
        writer->columns = writer->in_row;
    if (writer->in_row != writer->columns || !writer->in_row)
        mistake(writer, "it has another number of fields than the first", writer->row);
    /* A single empty field would read back as an empty line, which readers skip. */
    if (writer->in_row == 1 && (!writer->size || writer->data[writer->size - 1] == '\n'))
        put(writer, "\"\"", 2);
    writer->in_row = 0;
    put(writer, "\n", 1);
}

rac_status rac_csv_written(rac_csv_writer *writer, rac_text *text, rac_error *err)
{
    if (writer->mistake.status) {
        if (err)
            *err = writer->mistake;
        return writer->mistake.status;
    }
    *text = (rac_text){writer->data ? writer->data : "", writer->size};
    writer->size = 0;
    return RAC_OK;
}
