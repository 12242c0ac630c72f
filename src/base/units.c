/* The table of units and the arithmetic of dimensions: see base/units.h. */
#include "base/units.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Sources of the factors that are not powers of ten or calendar counts: the pound is 0.45359237 kg
 * and the inch 2.54 cm by definition; the conventional millimetre of mercury is 133.322387415 Pa
 * (13.5951 g/cm3 * 9.80665 m/s2 * 1 mm), NIST SP 811 (2008), appendix B. */
typedef struct unit_row {
    const char *names; /* separated by one space; the first is the one suggested */
    rac_base_dimension dimension;
    int power; /* whole; 0 for a pure number */
    double up, down;
} unit_row;

static const unit_row rows[] = {
    {"ng", RAC_DRUG_MASS, 1, 1, 1e6},
    {"ug mcg \xC2\xB5g \xCE\xBCg", RAC_DRUG_MASS, 1, 1, 1e3}, /* micro sign U+00B5, Greek mu U+03BC */
    {"mg", RAC_DRUG_MASS, 1, 1, 1},
    {"g", RAC_DRUG_MASS, 1, 1e3, 1},
    {"kg", RAC_BODY_WEIGHT, 1, 1, 1},
    {"lb lbs", RAC_BODY_WEIGHT, 1, 45359237, 1e8},
    {"uL ul \xC2\xB5L \xCE\xBCL", RAC_VOLUME, 1, 1, 1e6},
    {"mL ml", RAC_VOLUME, 1, 1, 1e3},
    {"dL dl", RAC_VOLUME, 1, 1, 10},
    {"L l", RAC_VOLUME, 1, 1, 1},
    {"ms", RAC_TIME, 1, 1, 3600000},
    {"s sec second seconds", RAC_TIME, 1, 1, 3600},
    {"min minute minutes", RAC_TIME, 1, 1, 60},
    {"h hour hours", RAC_TIME, 1, 1, 1},
    {"day days d", RAC_TIME, 1, 24, 1},
    {"week weeks wk", RAC_TIME, 1, 168, 1},
    {"month months", RAC_TIME, 1, 730.5, 1},
    {"year years", RAC_TIME, 1, 8766, 1},
    {"bpm", RAC_TIME, -1, 60, 1},
    {"mmHg mm[Hg]", RAC_PRESSURE, 1, 1, 1},
    {"kPa", RAC_PRESSURE, 1, 1e12, 133322387415},
    {"mm", RAC_LENGTH, 1, 1, 10},
    {"cm", RAC_LENGTH, 1, 1, 1},
    {"m", RAC_LENGTH, 1, 100, 1},
    {"inch", RAC_LENGTH, 1, 254, 100},
    {"m2 m\xC2\xB2", RAC_LENGTH, 2, 1e4, 1},
    {"Cel \xC2\xB0\x43 degC", RAC_TEMPERATURE, 1, 1, 1},
    {"nmol", RAC_SUBSTANCE, 1, 1, 1e3},
    {"umol \xC2\xB5mol \xCE\xBCmol", RAC_SUBSTANCE, 1, 1, 1},
    {"mmol", RAC_SUBSTANCE, 1, 1e3, 1},
    {"mol", RAC_SUBSTANCE, 1, 1e6, 1},
    {"U IU", RAC_ACTIVITY, 1, 1, 1},
    {"1", RAC_DRUG_MASS, 0, 1, 1},
    {"%", RAC_DRUG_MASS, 0, 1, 100},
    {"score point points", RAC_DRUG_MASS, 0, 1, 1},
    {"beats breaths", RAC_DRUG_MASS, 0, 1, 1},
};
enum { row_count = sizeof rows / sizeof *rows };

static const struct {
    const char *words; /* "drug mass" in "a drug mass per volume" */
    const char *base_unit;
} dimensions[RAC_BASE_DIMENSIONS] = {
    [RAC_DRUG_MASS] = {"drug mass", "mg"},
    [RAC_BODY_WEIGHT] = {"body weight", "kg"},
    [RAC_VOLUME] = {"volume", "L"},
    [RAC_TIME] = {"time", "h"},
    [RAC_PRESSURE] = {"pressure", "mmHg"},
    [RAC_LENGTH] = {"length", "cm"},
    [RAC_TEMPERATURE] = {"temperature", "Cel"},
    [RAC_SUBSTANCE] = {"amount of substance", "umol"},
    [RAC_ACTIVITY] = {"enzyme activity", "U"},
};

static const unit_row *find_row(rac_text name)
{
    for (size_t i = 0; i < row_count; i++) {
        rac_text rest = rac_text_of(rows[i].names);
        while (rest.data) {
            const rac_text one = rac_text_split(rest, ' ', &rest);
            if (rac_text_equal(one, name))
                return &rows[i];
        }
    }
    return NULL;
}

/* ---- dimensions ---- */

bool rac_dimension_same(rac_dimension a, rac_dimension b)
{
    return memcmp(a.power, b.power, sizeof a.power) == 0;
}

bool rac_dimension_is_pure(rac_dimension dimension)
{
    return rac_dimension_same(dimension, (rac_dimension){{0}});
}

/* a + sign * b, power by power. */
static rac_status add_powers(rac_dimension a, rac_dimension b, int sign, rac_dimension *out, rac_error *err)
{
    for (int i = 0; i < RAC_BASE_DIMENSIONS; i++) {
        const int power = a.power[i] + sign * b.power[i];
        if (power > rac_power_max || power < -rac_power_max)
            return rac_fail(err, RAC_LIMIT, "the power of %s is beyond 20", dimensions[i].words);
        out->power[i] = (int16_t)power;
    }
    return RAC_OK;
}

rac_status rac_dimension_multiply(rac_dimension a, rac_dimension b, rac_dimension *product, rac_error *err)
{
    return add_powers(a, b, 1, product, err);
}

rac_status rac_dimension_divide(rac_dimension a, rac_dimension b, rac_dimension *quotient, rac_error *err)
{
    return add_powers(a, b, -1, quotient, err);
}

rac_status rac_dimension_raise(rac_dimension a, double power, rac_dimension *raised, rac_error *err)
{
    rac_dimension out = {{0}};
    for (int i = 0; i < RAC_BASE_DIMENSIONS; i++) {
        const double exact = a.power[i] * power;
        if (!(fabs(exact) <= rac_power_max))
            return rac_fail(err, RAC_LIMIT, "the power of %s is beyond 20", dimensions[i].words);
        const double whole = round(exact);
        if (fabs(exact - whole) > 1e-9)
            return rac_fail(err, RAC_LIMIT, "the power of %s is not a multiple of 0.001",
                            dimensions[i].words);
        out.power[i] = (int16_t)whole;
    }
    *raised = out;
    return RAC_OK;
}

/* Appends to a rac_dimension_words; it is large enough for what is asked of it, and cut if not. */
static void append(rac_dimension_words *words, const char *text)
{
    const size_t used = strlen(words->text);
    snprintf(words->text + used, sizeof words->text - used, "%s", text);
}

static void append_power(rac_dimension_words *words, const char *before, int thousandths)
{
    char number[40];
    snprintf(number, sizeof number, "%s%g", before, thousandths / 1000.0);
    append(words, number);
}

const char *rac_dimension_describe(rac_dimension dimension, rac_dimension_words *words)
{
    words->text[0] = '\0';
    bool any = false;
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (int i = 0; i < RAC_BASE_DIMENSIONS; i++) {
            const int power = dimension.power[i] * sign;
            if (power <= 0)
                continue;
            if (sign < 0)
                append(words, any ? " per " : "a number per ");
            else
                append(words, any ? " times " : strchr("aeiou", dimensions[i].words[0]) ? "an " : "a ");
            append(words, dimensions[i].words);
            if (power == 2 * rac_power_one)
                append(words, " squared");
            else if (power != rac_power_one)
                append_power(words, " to the power ", power);
            any = true;
        }
    }
    if (!any)
        append(words, "a pure number");
    return words->text;
}

const char *rac_dimension_base_unit(rac_dimension dimension, rac_dimension_words *words)
{
    words->text[0] = '\0';
    for (int sign = 1; sign >= -1; sign -= 2) {
        for (int i = 0; i < RAC_BASE_DIMENSIONS; i++) {
            const int power = dimension.power[i] * sign;
            if (power <= 0)
                continue;
            if (sign < 0)
                append(words, words->text[0] ? "/" : "1/");
            else if (words->text[0])
                append(words, "*");
            append(words, dimensions[i].base_unit);
            if (power != rac_power_one)
                append_power(words, "^", power);
        }
    }
    if (!words->text[0])
        append(words, "1");
    return words->text;
}

/* ---- reading units ---- */

rac_unit rac_unit_none(void)
{
    return (rac_unit){.up = 1, .down = 1};
}

bool rac_unit_is_name(rac_text text)
{
    return !rac_text_is(text, "1") && find_row(text) != NULL;
}

/* Letters, digits, the bytes of µ ° ², and the marks inside names: what may belong to a name, in a
 * unit or after one.  A dot belongs to names of facts, so `5 mg/h.total` does not end in hours. */
static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || (unsigned char)c >= 0x80 || c == '[' || c == ']';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The name at the start of the text: % alone, or a run of name bytes.  Ending dots are left out. */
static rac_text scan_name(rac_text text)
{
    if (text.size && text.data[0] == '%')
        return (rac_text){text.data, 1};
    size_t size = 0;
    while (size < text.size && is_name_byte(text.data[size]))
        size++;
    while (size && text.data[size - 1] == '.')
        size--;
    return (rac_text){text.data, size};
}

/* "^0.75", "^-1" at the start of the text; 0 when there is none. */
static size_t scan_power(rac_text text, double *power)
{
    size_t end = 1;
    if (text.size < 2 || text.data[0] != '^')
        return 0;
    if (text.data[end] == '-')
        end++;
    const size_t digits = end;
    while (end < text.size && (is_digit(text.data[end]) || (text.data[end] == '.' && end > digits)))
        end++;
    while (end > digits && text.data[end - 1] == '.')
        end--;
    if (end == digits || rac_number_parse((rac_text){text.data + 1, end - 1}, power, NULL) != RAC_OK)
        return 0;
    return end;
}

static rac_text rest_from(rac_text text, size_t at)
{
    return (rac_text){text.data + at, text.size - at};
}

/* One name with its power at the start of the text, multiplied into the unit (sign -1: divided).
 * *used is 0 when the text does not start with a known name, or when it is a call: min(. */
static rac_status scan_term(rac_text text, bool joined, int sign, size_t *used, rac_unit *unit,
                            rac_error *err)
{
    *used = 0;
    const rac_text name = scan_name(text);
    const unit_row *row = name.size ? find_row(name) : NULL;
    const bool one_after_another = joined && rac_text_is(name, "1"); /* 1 may only begin a unit */
    if (!row || one_after_another || (name.size < text.size && text.data[name.size] == '('))
        return RAC_OK;
    double power = 1;
    *used = name.size + scan_power(rest_from(text, name.size), &power);
    rac_dimension dimension = {{0}};
    dimension.power[row->dimension] = (int16_t)(row->power * rac_power_one);
    rac_status status = rac_dimension_raise(dimension, power * sign, &dimension, err);
    if (status == RAC_OK)
        status = rac_dimension_multiply(unit->dimension, dimension, &unit->dimension, err);
    if (status != RAC_OK)
        return status;
    const bool over = power * sign < 0;
    const double up = pow(row->up, fabs(power)), down = pow(row->down, fabs(power));
    unit->up *= over ? down : up;
    unit->down *= over ? up : down;
    if (!isfinite(unit->up) || !isfinite(unit->down))
        return rac_fail(err, RAC_LIMIT, "the powers of the unit are too large");
    return RAC_OK;
}

rac_status rac_unit_scan(rac_text text, size_t *used, rac_unit *unit, rac_error *err)
{
    rac_unit found = rac_unit_none();
    size_t at = 0;
    bool first = true;
    while (at < text.size) {
        const char joint = text.data[at];
        const bool joined = joint == '/' || (joint == '*' && !first);
        if (!first && !joined)
            break;
        size_t size;
        const rac_status status =
            scan_term(rest_from(text, at + joined), joined, joint == '/' ? -1 : 1, &size, &found, err);
        if (status != RAC_OK)
            return status;
        if (!size)
            break;
        at += joined + size;
        first = false;
    }
    if (first)
        return RAC_NOT_FOUND;
    if (at >= sizeof found.text)
        return rac_fail(err, RAC_LIMIT, "a unit may have at most %d characters", rac_unit_text_size - 1);
    memcpy(found.text, text.data, at);
    *unit = found;
    *used = at;
    return RAC_OK;
}

/* Same letters when case is left out. */
static bool same_letters(rac_text a, rac_text b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        const char x = a.data[i], y = b.data[i];
        if ((x >= 'A' && x <= 'Z' ? x + 32 : x) != (y >= 'A' && y <= 'Z' ? y + 32 : y))
            return false;
    }
    return true;
}

/* The first name of each row, as C strings, is what is suggested; so it is kept short enough. */
const char *rac_unit_nearest(rac_text text)
{
    static const char *const suggested[] = {"ng",   "ug",   "mg",   "g",   "kg",    "lb",  "uL",   "mL",
                                            "dL",   "L",    "s",    "min", "h",     "day", "week", "month",
                                            "year", "bpm",  "mmHg", "kPa", "mm",    "cm",  "m",    "Cel",
                                            "nmol", "umol", "mmol", "mol", "score", "ms"};
    enum { count = sizeof suggested / sizeof *suggested };
    for (size_t i = 0; i < count; i++)
        if (same_letters(text, rac_text_of(suggested[i])))
            return suggested[i];
    return rac_text_nearest(text, suggested, count);
}

/* Reports the first name in the text that is no unit. */
static rac_status fail_unknown(rac_text text, rac_error *err)
{
    size_t at = 0;
    while (at < text.size) {
        size_t used;
        rac_unit unit;
        const char joint = text.data[at];
        if (at && (joint == '/' || joint == '*'))
            at++;
        if (rac_unit_scan(rest_from(text, at), &used, &unit, NULL) != RAC_OK)
            break;
        at += used;
    }
    rac_text name = scan_name(rest_from(text, at));
    const char *near = name.size ? rac_unit_nearest(name) : NULL;
    if (!name.size)
        name = rest_from(text, at);
    name = rac_text_shorten(name, 40);
    rac_status status;
    if (!text.size)
        status = rac_fail(err, RAC_INVALID, "the unit is missing");
    else if (name.size == text.size)
        status = rac_fail(err, RAC_INVALID, "unknown unit '%.*s'", RAC_TEXT(name));
    else
        status = rac_fail(err, RAC_INVALID, "unknown unit '%.*s' in '%.*s'", RAC_TEXT(name),
                          RAC_TEXT(rac_text_shorten(text, 40)));
    if (near)
        rac_error_hint(err, "did you mean '%s'?", near);
    else
        rac_error_hint(err, "units are written like mg/kg, mL/h, ng/mL, mmHg, 1/min, without spaces inside");
    return status;
}

rac_status rac_unit_parse(rac_text text, rac_unit *unit, rac_error *err)
{
    size_t used = 0;
    rac_unit found;
    const rac_status status = rac_unit_scan(text, &used, &found, err);
    if (status == RAC_NOT_FOUND || (status == RAC_OK && used < text.size))
        return fail_unknown(text, err);
    if (status == RAC_OK)
        *unit = found;
    return status;
}

rac_unit rac_unit_of(const char *text)
{
    rac_unit unit = rac_unit_none();
    const rac_status status = rac_unit_parse(rac_text_of(text), &unit, NULL);
    assert(status == RAC_OK);
    (void)status;
    return unit;
}
