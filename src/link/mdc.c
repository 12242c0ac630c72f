/* The nomenclature tables: see link/mdc.h.
 *
 * Codes, names, LOINC and UCUM codes were read in published messages (IHE PCD-01 and Continua test
 * messages of Open eHealth IPF, HL7's device mapping pages, Google's SimHospital) and device guides;
 * LOINC codes are those of FHIR's vital-sign profiles. */
#include "link/mdc.h"

#include <string.h>

/* Ranges of quantities that are also readings are in care's table. */
static const rac_mdc_quantity_row quantities[RAC_QUANTITY_COUNT] = {
    [RAC_QUANTITY_NIBP_SYS] = {"nibp_sys", "mm[Hg]", RAC_DIMENSION_PRESSURE, RAC_SITE_CUFF, RAC_READING_SBP,
                               0, 0},
    [RAC_QUANTITY_NIBP_DIA] = {"nibp_dia", "mm[Hg]", RAC_DIMENSION_PRESSURE, RAC_SITE_CUFF, RAC_READING_DBP,
                               0, 0},
    [RAC_QUANTITY_NIBP_MEAN] = {"nibp_mean", "mm[Hg]", RAC_DIMENSION_PRESSURE, RAC_SITE_CUFF, RAC_READING_MAP,
                                0, 0},
    [RAC_QUANTITY_ART_SYS] = {"art_sys", "mm[Hg]", RAC_DIMENSION_PRESSURE, RAC_SITE_ARTERIAL, RAC_READING_SBP,
                              0, 0},
    [RAC_QUANTITY_ART_DIA] = {"art_dia", "mm[Hg]", RAC_DIMENSION_PRESSURE, RAC_SITE_ARTERIAL, RAC_READING_DBP,
                              0, 0},
    [RAC_QUANTITY_ART_MEAN] = {"art_mean", "mm[Hg]", RAC_DIMENSION_PRESSURE, RAC_SITE_ARTERIAL,
                               RAC_READING_MAP, 0, 0},
    [RAC_QUANTITY_HR] = {"hr", "/min", RAC_DIMENSION_RATE, RAC_SITE_NONE, RAC_READING_HR, 0, 0},
    [RAC_QUANTITY_PULSE] = {"pulse", "/min", RAC_DIMENSION_RATE, RAC_SITE_NONE, RAC_READING_HR, 0, 0},
    [RAC_QUANTITY_SPO2] = {"spo2", "%", RAC_DIMENSION_PERCENT, RAC_SITE_NONE, RAC_READING_SPO2, 0, 0},
    [RAC_QUANTITY_RESP] = {"resp", "/min", RAC_DIMENSION_RATE, RAC_SITE_NONE, RAC_READING_RR, 0, 0},
    [RAC_QUANTITY_TEMP] = {"temp", "Cel", RAC_DIMENSION_TEMPERATURE, RAC_SITE_NONE, RAC_READING_TEMP, 0, 0},
    /* What can be shown or weighed at all, not what is usual: these are not charted by a session. */
    [RAC_QUANTITY_PERFUSION_INDEX] = {"perfusion_index", "%", RAC_DIMENSION_PERCENT, RAC_SITE_NONE, -1, 0,
                                      100},
    [RAC_QUANTITY_WEIGHT] = {"weight", "kg", RAC_DIMENSION_MASS, RAC_SITE_NONE, -1, 1, 700},
    [RAC_QUANTITY_HEIGHT] = {"height", "cm", RAC_DIMENSION_LENGTH, RAC_SITE_NONE, -1, 20, 300},
};

rac_mdc_quantity_row rac_mdc_quantity_about(rac_mdc_quantity quantity)
{
    rac_mdc_quantity_row row = quantities[quantity];
    if (row.reading >= 0) {
        const rac_reading_row *reading = rac_reading((rac_reading_kind)row.reading);
        row.low = reading->low;
        row.high = reading->high;
    }
    return row;
}

/* The first row of a quantity is the one an encoder writes.  Preferences: the ECG before the oximeter
 * before the cuff; breaths from capnography before impedance before the oximeter's guess. */
static const rac_mdc_term terms[] = {
    {147842, "MDC_ECG_HEART_RATE", "MDC_ECG_CARD_BEAT_RATE", RAC_QUANTITY_HR, "8867-4", 0},
    {149530, "MDC_PULS_OXIM_PULS_RATE", NULL, RAC_QUANTITY_PULSE, "8867-4", 1},
    {149514, "MDC_PULS_RATE", NULL, RAC_QUANTITY_PULSE, "8867-4", 1},
    {149546, "MDC_PULS_RATE_NON_INV", NULL, RAC_QUANTITY_PULSE, "8867-4", 2},
    {150456, "MDC_PULS_OXIM_SAT_O2", NULL, RAC_QUANTITY_SPO2, "59408-5", 0},
    {150488, "MDC_BLD_PERF_INDEX", NULL, RAC_QUANTITY_PERFUSION_INDEX, "", 0},
    {150021, "MDC_PRESS_BLD_NONINV_SYS", NULL, RAC_QUANTITY_NIBP_SYS, "8480-6", 0},
    {150022, "MDC_PRESS_BLD_NONINV_DIA", NULL, RAC_QUANTITY_NIBP_DIA, "8462-4", 0},
    {150023, "MDC_PRESS_BLD_NONINV_MEAN", NULL, RAC_QUANTITY_NIBP_MEAN, "8478-0", 0},
    {150301, "MDC_PRESS_CUFF_SYS", NULL, RAC_QUANTITY_NIBP_SYS, "8480-6", 0},
    {150302, "MDC_PRESS_CUFF_DIA", NULL, RAC_QUANTITY_NIBP_DIA, "8462-4", 0},
    {150303, "MDC_PRESS_CUFF_MEAN", NULL, RAC_QUANTITY_NIBP_MEAN, "8478-0", 0},
    {150033, "MDC_PRESS_BLD_ART_SYS", NULL, RAC_QUANTITY_ART_SYS, "8480-6", 0},
    {150034, "MDC_PRESS_BLD_ART_DIA", NULL, RAC_QUANTITY_ART_DIA, "8462-4", 0},
    {150035, "MDC_PRESS_BLD_ART_MEAN", NULL, RAC_QUANTITY_ART_MEAN, "8478-0", 0},
    {151562, "MDC_RESP_RATE", NULL, RAC_QUANTITY_RESP, "9279-1", 1},
    {151578, "MDC_TTHOR_RESP_RATE", NULL, RAC_QUANTITY_RESP, "9279-1", 1},
    {151594, "MDC_CO2_RESP_RATE", NULL, RAC_QUANTITY_RESP, "9279-1", 0},
    {151658, "MDC_PULS_OXIM_PLETH_RESP_RATE", NULL, RAC_QUANTITY_RESP, "9279-1", 2},
    {150344, "MDC_TEMP", NULL, RAC_QUANTITY_TEMP, "8310-5", 0},
    {188424, "MDC_TEMP_ORAL", NULL, RAC_QUANTITY_TEMP, "8310-5", 0},
    {188496, "MDC_TEMP_AXIL", NULL, RAC_QUANTITY_TEMP, "8310-5", 0},
    {188736, "MDC_MASS_BODY_ACTUAL", NULL, RAC_QUANTITY_WEIGHT, "29463-7", 0},
    {188740, "MDC_LEN_BODY_ACTUAL", NULL, RAC_QUANTITY_HEIGHT, "8302-2", 0},
};

enum { term_count = sizeof terms / sizeof *terms };

/* kPa: 1 mmHg is 133.322387415 Pa (NIST SP 811, appendix B.8).  Pound and inch are exact by definition. */
static const rac_mdc_unit units[] = {
    {264864, "MDC_DIM_BEAT_PER_MIN", "/min", " bpm beats/min {beat}/min {beats}/min 1/min ",
     RAC_DIMENSION_RATE, 1, 0},
    {264928, "MDC_DIM_RESP_PER_MIN", "/min", " rpm breaths/min {breath}/min {breaths}/min ",
     RAC_DIMENSION_RATE, 1, 0},
    {262688, "MDC_DIM_PERCENT", "%", "", RAC_DIMENSION_PERCENT, 1, 0},
    {266016, "MDC_DIM_MMHG", "mm[Hg]", " mmHg ", RAC_DIMENSION_PRESSURE, 1, 0},
    {265987, "MDC_DIM_KILO_PASCAL", "kPa", "", RAC_DIMENSION_PRESSURE, 1000 / 133.322387415, 0},
    {268192, "MDC_DIM_DEGC", "Cel",
     " C \xC2\xB0"
     "C degC ",
     RAC_DIMENSION_TEMPERATURE, 1, 0},
    {266560, "MDC_DIM_FAHR", "[degF]",
     " F \xC2\xB0"
     "F degF ",
     RAC_DIMENSION_TEMPERATURE, 5.0 / 9, -160.0 / 9},
    {263875, "MDC_DIM_KILO_G", "kg", "", RAC_DIMENSION_MASS, 1, 0},
    {0, NULL, "g", "", RAC_DIMENSION_MASS, 0.001, 0},
    {0, NULL, "[lb_av]", " lb lbs ", RAC_DIMENSION_MASS, 0.45359237, 0},
    {263441, "MDC_DIM_CENTI_M", "cm", "", RAC_DIMENSION_LENGTH, 1, 0},
    {0, NULL, "m", "", RAC_DIMENSION_LENGTH, 100, 0},
    {0, NULL, "[in_i]", " in inch ", RAC_DIMENSION_LENGTH, 2.54, 0},
};

enum { unit_count = sizeof units / sizeof *units };

const rac_mdc_term *rac_mdc_term_at(size_t index)
{
    return index < term_count ? &terms[index] : NULL;
}

const rac_mdc_term *rac_mdc_find(uint32_t code)
{
    for (size_t i = 0; i < term_count; i++)
        if (terms[i].code == code)
            return &terms[i];
    return NULL;
}

const rac_mdc_term *rac_mdc_named(rac_text name)
{
    for (size_t i = 0; i < term_count; i++)
        if (rac_text_is(name, terms[i].name) ||
            (terms[i].older_name && rac_text_is(name, terms[i].older_name)))
            return &terms[i];
    return NULL;
}

const rac_mdc_term *rac_mdc_of(rac_mdc_quantity quantity)
{
    for (size_t i = 0; i < term_count; i++)
        if (terms[i].quantity == quantity)
            return &terms[i];
    return NULL;
}

const rac_mdc_unit *rac_mdc_unit_at(size_t index)
{
    return index < unit_count ? &units[index] : NULL;
}

const rac_mdc_unit *rac_mdc_unit_find(uint32_t code)
{
    for (size_t i = 0; code && i < unit_count; i++)
        if (units[i].code == code)
            return &units[i];
    return NULL;
}

static bool is_spelling(const char *spellings, rac_text word)
{
    rac_text rest = rac_text_of(spellings);
    while (rest.data) {
        const rac_text known = rac_text_split(rest, ' ', &rest);
        if (known.size && rac_text_equal(known, word))
            return true;
    }
    return false;
}

const rac_mdc_unit *rac_mdc_unit_named(rac_text name)
{
    for (size_t i = 0; i < unit_count; i++)
        if ((units[i].name && rac_text_is(name, units[i].name)) || rac_text_is(name, units[i].ucum) ||
            is_spelling(units[i].spellings, name))
            return &units[i];
    return NULL;
}

const rac_mdc_unit *rac_mdc_unit_of(rac_mdc_quantity quantity)
{
    if (quantity == RAC_QUANTITY_RESP)
        return rac_mdc_unit_named(rac_text_of("MDC_DIM_RESP_PER_MIN"));
    return rac_mdc_unit_named(rac_text_of(quantities[quantity].ucum));
}

double rac_mdc_convert(const rac_mdc_unit *unit, double value)
{
    return value * unit->factor + unit->offset;
}

static const char hex_digits[] = "0123456789abcdef0123456789ABCDEF";

/* Four hexadecimal digits; -1 when they are not. */
static int32_t hex_word(const char *digits)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const char *const at = digits[i] ? strchr(hex_digits, digits[i]) : NULL;
        if (!at)
            return -1;
        value = value * 16 + (int32_t)((at - hex_digits) % 16);
    }
    return value;
}

rac_status rac_mdc_code_parse(rac_text text, uint32_t *code, rac_error *err)
{
    enum { first_private = 0xF000 };
    int64_t number;
    if (text.size == 9 && text.data[4] == '-') {
        const int32_t partition = hex_word(text.data), low = hex_word(text.data + 5);
        if (partition >= 0 && low >= 0) {
            if (low >= first_private)
                return rac_fail(err, RAC_UNSUPPORTED, "the code %.*s is private to its vendor",
                                RAC_TEXT(text));
            *code = (uint32_t)partition << 16 | (uint32_t)low;
            return RAC_OK;
        }
    } else if (!rac_integer_parse(text, &number, NULL) && number > 0 && number <= UINT32_MAX) {
        *code = (uint32_t)number;
        return RAC_OK;
    }
    return rac_fail(err, RAC_INVALID, "'%.*s' is not a device code", RAC_TEXT(rac_text_shorten(text, 40)));
}
