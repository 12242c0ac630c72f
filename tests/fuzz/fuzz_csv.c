/* Any bytes as a CSV file: no crash, and what was read, once written, reads back the same. */
#include <stdlib.h>

#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_compare(rac_arena *arena, const rac_csv_table *table)
{
    rac_csv_writer writer = rac_csv_writer_open(arena, table->delimiter);
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t c = 0; c < table->column_count; c++)
            rac_csv_write_text(&writer, table->columns[c].cells[row]);
        rac_csv_end_row(&writer);
    }
    rac_text bytes;
    rac_csv_table again;
    const rac_csv_options options = {.no_header = true, .delimiter = table->delimiter};
    if (rac_csv_written(&writer, &bytes, NULL) || rac_csv_read(arena, bytes, &options, &again, NULL) ||
        again.rows != table->rows)
        abort();
    for (size_t row = 0; row < table->rows; row++)
        for (size_t c = 0; c < table->column_count; c++)
            if (!rac_text_equal(table->columns[c].cells[row], again.columns[c].cells[row]))
                abort();
}

/* The first byte chooses the options, the rest is the file in a block of its own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    rac_arena *arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    const rac_csv_options options = {.delimiter = data[0] & 1 ? ';' : ',',
                                     .no_header = data[0] & 2,
                                     .trim = data[0] & 4,
                                     .problems = data[0] & 8 ? &problems : NULL,
                                     .max_field_bytes = data[0] & 16 ? 20 : 0,
                                     .max_rows = data[0] & 32 ? 5 : 0};
    const rac_text bytes = {(const char *)data + 1, size - 1};
    rac_csv_table table;
    rac_error err = {0};
    if (rac_csv_read(arena, bytes, &options, &table, &err) == RAC_OK)
        write_and_compare(arena, &table);
    else if (!err.line || !err.message[0])
        abort();
    for (size_t row = 0; row < table.rows; row++)
        for (size_t c = 0; c < table.column_count; c++)
            rac_csv_place(&table, row, c, &err);
    rac_arena_free(arena);
    return 0;
}
