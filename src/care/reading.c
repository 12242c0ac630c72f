/* The vital signs a session knows: see racemate/care/reading.h.
 *
 * The ranges are wider than what bedside monitors display.  They only keep out typing slips and the
 * numbers devices send for "no value" (-999, 8388607); a saturation or breathing rate of zero is
 * possible and must not be lost. */
#include "racemate/care/reading.h"

#include <string.h>

static const rac_reading_row rows[RAC_READING_COUNT] = {
    [RAC_READING_SBP] = {"sbp", "Systolic pressure", "SYS", "mmHg", 20, 300, 0, true},
    [RAC_READING_DBP] = {"dbp", "Diastolic pressure", "DIA", "mmHg", 10, 250, 0, true},
    [RAC_READING_MAP] = {"map", "Mean pressure", "MAP", "mmHg", 10, 280, 0, true},
    [RAC_READING_HR] = {"hr", "Heart rate", "HR", "1/min", 0, 350, 0, false},
    [RAC_READING_SPO2] = {"spo2", "Oxygen saturation", "SpO2", "%", 0, 100, 0, false},
    [RAC_READING_RR] = {"rr", "Breaths", "RR", "1/min", 0, 120, 0, false},
    [RAC_READING_TEMP] = {"temp", "Temperature", "TEMP", "Cel", 20, 45, 1, false},
    [RAC_READING_MOAAS] = {"moaas", "Sedation (MOAA/S)", "MOAA/S", "1", 0, 5, 0, true},
};

const rac_reading_row *rac_reading(rac_reading_kind kind)
{
    return &rows[kind];
}

const char *rac_reading_unit(const rac_reading_row *row)
{
    return strcmp(row->unit, "1") == 0 ? "" : row->unit;
}

rac_status rac_reading_find(rac_text name, rac_reading_kind *kind, rac_error *err)
{
    const char *known[RAC_READING_COUNT];
    for (int i = 0; i < RAC_READING_COUNT; i++) {
        known[i] = rows[i].name;
        if (rac_text_is(name, rows[i].name)) {
            *kind = (rac_reading_kind)i;
            return RAC_OK;
        }
    }
    const rac_status status = rac_fail(err, RAC_NOT_FOUND, "no reading is called '%.*s'",
                                       (int)(name.size > 40 ? 40 : name.size), name.data);
    const char *nearest = rac_text_nearest(name, known, RAC_READING_COUNT);
    if (nearest)
        rac_error_hint(err, "did you mean %s?", nearest);
    else
        rac_error_hint(err, "readings are sbp dbp map hr spo2 rr temp moaas");
    return status;
}

static const char *const qualities[] = {"measured", "manual", "artefact", "invalid"};

const char *rac_quality_name(rac_quality quality)
{
    return qualities[quality];
}

rac_status rac_quality_find(rac_text name, rac_quality *quality, rac_error *err)
{
    for (size_t i = 0; i < sizeof qualities / sizeof *qualities; i++) {
        if (rac_text_is(name, qualities[i])) {
            *quality = (rac_quality)i;
            return RAC_OK;
        }
    }
    return rac_fail(err, RAC_INVALID, "no quality is called '%.*s'", (int)(name.size > 40 ? 40 : name.size),
                    name.data);
}

static bool is_used(const rac_reading_value *value)
{
    return value->quality == RAC_QUALITY_MEASURED || value->quality == RAC_QUALITY_MANUAL;
}

rac_status rac_reading_check(const rac_reading_value *values, size_t count, rac_error *err)
{
    const rac_reading_value *systolic = NULL, *diastolic = NULL;
    for (size_t i = 0; i < count; i++) {
        const rac_reading_row *row = &rows[values[i].kind];
        if (!is_used(&values[i]))
            continue;
        if (!(values[i].value >= row->low && values[i].value <= row->high)) {
            const rac_status status = rac_fail(err, RAC_INVALID, "%s %g %s is not possible", row->title,
                                               values[i].value, row->unit);
            rac_error_field(err, row->name);
            rac_error_hint(err, "accepted: %g to %g %s", row->low, row->high, row->unit);
            return status;
        }
        if (values[i].kind == RAC_READING_MOAAS && values[i].value != (int)values[i].value)
            return rac_fail(err, RAC_INVALID, "MOAA/S is a whole number from 0 to 5");
        if (values[i].kind == RAC_READING_SBP)
            systolic = &values[i];
        if (values[i].kind == RAC_READING_DBP)
            diastolic = &values[i];
    }
    if (systolic && diastolic && systolic->value <= diastolic->value) {
        const rac_status status = rac_fail(err, RAC_INVALID, "systolic %g is not above diastolic %g",
                                           systolic->value, diastolic->value);
        rac_error_hint(err, "write systolic/diastolic, e.g. 128/78");
        return status;
    }
    return RAC_OK;
}

/* ---- quick entry ------------------------------------------------------------------------------- */

typedef struct entry {
    rac_arena *arena;
    rac_reading_value *values;
    size_t count, capacity;
} entry;

static rac_status add(entry *e, rac_reading_kind kind, rac_text number, rac_error *err)
{
    rac_reading_value value = {.kind = kind, .quality = RAC_QUALITY_MANUAL};
    const rac_status status = rac_number_parse(number, &value.value, err);
    if (status) {
        rac_error_hint(err, "%s is a number in %s", rows[kind].title, rows[kind].unit);
        return status;
    }
    for (size_t i = 0; i < e->count; i++)
        if (e->values[i].kind == kind)
            return rac_fail(err, RAC_INVALID, "%s is given twice", rows[kind].title);
    rac_push(e->arena, e->values, e->count, e->capacity, value);
    return RAC_OK;
}

static rac_status add_named(entry *e, rac_text word, rac_error *err)
{
    rac_text number;
    const rac_text name = rac_text_split(word, '=', &number);
    rac_reading_kind kind;
    const rac_status status = rac_reading_find(name, &kind, err);
    return status ? status : add(e, kind, number, err);
}

static rac_status add_pressure(entry *e, rac_text word, rac_error *err)
{
    rac_text diastolic;
    const rac_text systolic = rac_text_split(word, '/', &diastolic);
    const rac_status status = add(e, RAC_READING_SBP, systolic, err);
    return status ? status : add(e, RAC_READING_DBP, diastolic, err);
}

rac_status rac_reading_quick(rac_arena *arena, rac_text text, rac_reading_value **values, size_t *count,
                             rac_error *err)
{
    static const rac_reading_kind order[] = {RAC_READING_SBP, RAC_READING_HR, RAC_READING_SPO2,
                                             RAC_READING_RR};
    entry e = {.arena = arena};
    size_t position = 0;
    rac_text rest = rac_text_trim(text);
    while (rest.data && rest.size) {
        const rac_text word = rac_text_split(rest, ' ', &rest);
        rac_status status = RAC_OK;
        if (word.size == 0)
            continue;
        if (memchr(word.data, '=', word.size)) {
            status = add_named(&e, word, err);
        } else if (position >= sizeof order / sizeof *order) {
            status = rac_fail(err, RAC_INVALID, "more than four numbers in '%.*s'",
                              (int)(text.size > 60 ? 60 : text.size), text.data);
            rac_error_hint(err,
                           "the order is pressure, heart rate, saturation, breaths; others by name: moaas=5");
        } else if (rac_text_is(word, "-")) {
            position++;
        } else if (position == 0) {
            if (!memchr(word.data, '/', word.size)) {
                status = rac_fail(err, RAC_INVALID, "'%.*s' is not a pressure",
                                  (int)(word.size > 40 ? 40 : word.size), word.data);
                rac_error_hint(err, "begin with systolic/diastolic such as 128/78, or '-' to leave it out");
            } else {
                status = add_pressure(&e, word, err);
            }
            position++;
        } else {
            status = add(&e, order[position++], word, err);
        }
        if (status)
            return status;
    }
    if (!e.count) {
        const rac_status status = rac_fail(err, RAC_INVALID, "no reading was given");
        rac_error_hint(err, "for example 128/78 72 98 14");
        return status;
    }
    *values = e.values;
    *count = e.count;
    return rac_reading_check(e.values, e.count, err);
}
