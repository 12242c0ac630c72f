/* Recordings of vital signs: see link/recording.h. */
#include "link/recording.h"

#include <math.h>

#include "base/csv.h"

/* Names as PhysioNet's BIDMC (1 Hz, bedside numerics) and the decoded MIMIC-III numerics write them.  In the
 * latter a rate or saturation of 0 means that nothing is connected. */
static const struct {
    const char *name;
    rac_mdc_quantity quantity;
    bool zero_is_off;
} known_columns[] = {
    {"HR", RAC_QUANTITY_HR, false},
    {"PULSE", RAC_QUANTITY_PULSE, false},
    {"RESP", RAC_QUANTITY_RESP, false},
    {"SpO2", RAC_QUANTITY_SPO2, false},
    {"HR_bpm", RAC_QUANTITY_HR, true},
    {"PULSE_bpm", RAC_QUANTITY_PULSE, true},
    {"RESP_pm", RAC_QUANTITY_RESP, true},
    {"SpO2_pct", RAC_QUANTITY_SPO2, true},
    {"NBPSys_mmHg", RAC_QUANTITY_NIBP_SYS, true},
    {"NBPDias_mmHg", RAC_QUANTITY_NIBP_DIA, true},
    {"NBPMean_mmHg", RAC_QUANTITY_NIBP_MEAN, true},
};

static const struct {
    const char *name;
    double ms;
} time_columns[] = {{"Time [s]", 1000}, {"time_s", 1000}, {"minute", 60000}, {"time_min", 60000}};

static const char *const no_value[] = {"", "NaN", "nan", "NA", "-"};

typedef struct channel {
    const rac_csv_column *column;
    rac_mdc_quantity quantity;
    bool zero_is_off;
} channel;

static bool identify(const rac_csv_column *column, channel *out)
{
    *out = (channel){.column = column, .quantity = RAC_QUANTITY_NONE};
    for (size_t i = 0; i < sizeof known_columns / sizeof *known_columns; i++) {
        if (rac_text_is(column->name, known_columns[i].name)) {
            out->quantity = known_columns[i].quantity;
            out->zero_is_off = known_columns[i].zero_is_off;
            return true;
        }
    }
    for (int q = 0; q < RAC_QUANTITY_COUNT; q++) {
        if (rac_text_is(column->name, rac_mdc_quantity_about((rac_mdc_quantity)q).name)) {
            out->quantity = (rac_mdc_quantity)q;
            return true;
        }
    }
    return false;
}

static rac_status find_time_unit(const rac_csv_table *table, double *ms, rac_error *err)
{
    const rac_text name = table->column_count ? table->columns[0].name : (rac_text){"", 0};
    for (size_t i = 0; i < sizeof time_columns / sizeof *time_columns; i++) {
        if (rac_text_is(name, time_columns[i].name)) {
            *ms = time_columns[i].ms;
            return RAC_OK;
        }
    }
    const rac_status status =
        rac_fail(err, RAC_INVALID, "the first column is '%.*s', expected the time since the start",
                 RAC_TEXT(rac_text_shorten(name, 40)));
    rac_error_place(err, table->file, 1, 1);
    rac_error_hint(err, "name it time_s or time_min");
    return status;
}

static rac_status find_channels(rac_arena *arena, const rac_csv_table *table, rac_recording *recording,
                                channel *channels, rac_error *err)
{
    recording->quantities = rac_many(arena, rac_mdc_quantity, table->column_count);
    recording->left_out = rac_many(arena, rac_text, table->column_count);
    for (size_t c = 1; c < table->column_count; c++) {
        channel found;
        if (!identify(&table->columns[c], &found)) {
            recording->left_out[recording->left_out_count++] = table->columns[c].name;
            continue;
        }
        for (size_t i = 0; i < recording->quantity_count; i++) {
            if (recording->quantities[i] != found.quantity)
                continue;
            const rac_status status = rac_fail(err, RAC_INVALID, "two columns hold %s",
                                               rac_mdc_quantity_about(found.quantity).name);
            rac_error_place(err, table->file, 1, 1);
            return status;
        }
        channels[recording->quantity_count] = found;
        recording->quantities[recording->quantity_count++] = found.quantity;
    }
    if (recording->quantity_count)
        return RAC_OK;
    const rac_status status = rac_fail(err, RAC_NOT_FOUND, "no column is a vital sign known here");
    rac_error_place(err, table->file, 1, 1);
    return status;
}

static rac_status read_cell(const rac_csv_table *table, const channel *from, size_t row,
                            rac_recording_point *point, rac_error *err)
{
    const rac_mdc_quantity_row quantity = rac_mdc_quantity_about(from->quantity);
    const rac_text cell = from->column->cells[row];
    point->quantity = from->quantity;
    for (size_t i = 0; i < sizeof no_value / sizeof *no_value; i++) {
        if (rac_text_is(cell, no_value[i])) {
            point->why = "no value";
            return RAC_OK;
        }
    }
    double value;
    const rac_status status = rac_number_parse(cell, &value, err);
    if (status) {
        rac_csv_place(table, row, (size_t)(from->column - table->columns), err);
        return status;
    }
    if (value == 0 && from->zero_is_off) {
        point->why = "not connected";
    } else if (value < quantity.low || value > quantity.high) {
        point->why = "outside the possible range";
    } else {
        point->has_value = true;
        point->value = value;
    }
    return RAC_OK;
}

/* Milliseconds since the start; not before the row above. */
static rac_status read_time(const rac_csv_table *table, size_t row, double unit_ms, rac_duration *at,
                            rac_error *err)
{
    enum { longest_days = 366 };
    double number;
    rac_status status = rac_number_parse(table->columns[0].cells[row], &number, err);
    if (!status && (number < 0 || number * unit_ms > longest_days * 86400e3))
        status = rac_fail(err, RAC_INVALID, "%g is no time within a recording", number);
    if (!status) {
        const int64_t ms = llround(number * unit_ms);
        if (row && ms <= at->ms)
            status = rac_fail(err, RAC_INVALID, "the time does not go on from the row before");
        at->ms = ms;
    }
    if (status)
        rac_csv_place(table, row, 0, err);
    return status;
}

rac_status rac_recording_read(rac_arena *arena, rac_text bytes, const char *file, rac_recording *recording,
                              rac_error *err)
{
    const rac_csv_options options = {.file = file, .trim = true};
    rac_csv_table table;
    double unit_ms = 0;
    *recording = (rac_recording){0};
    const rac_text own = {rac_text_copy(arena, bytes), bytes.size}; /* names outlive the caller's bytes */
    rac_status status = rac_csv_read(arena, own, &options, &table, err);
    if (!status)
        status = find_time_unit(&table, &unit_ms, err);
    if (status)
        return status;
    channel *const channels = rac_many(arena, channel, table.column_count);
    status = find_channels(arena, &table, recording, channels, err);
    if (status)
        return status;
    recording->points = rac_many(arena, rac_recording_point, table.rows * recording->quantity_count);
    for (size_t row = 0; row < table.rows; row++) {
        status = read_time(&table, row, unit_ms, &recording->length, err);
        for (size_t c = 0; !status && c < recording->quantity_count; c++) {
            rac_recording_point *const point = &recording->points[recording->count++];
            point->at = recording->length;
            status = read_cell(&table, &channels[c], row, point, err);
        }
        if (status)
            return status;
    }
    return RAC_OK;
}

/* The first point at or after `at`. */
static size_t first_from(const rac_recording *recording, rac_duration at)
{
    size_t low = 0, high = recording->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (recording->points[middle].at.ms < at.ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const rac_recording_point *rac_recording_between(const rac_recording *recording, rac_duration from,
                                                 rac_duration to, size_t *count)
{
    const size_t first = first_from(recording, from), behind = first_from(recording, to);
    *count = behind > first ? behind - first : 0;
    return recording->points + first;
}
