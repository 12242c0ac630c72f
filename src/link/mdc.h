/* link/mdc.h: what device codes mean.
 *
 * Monitors name what they measure by numbers of the ISO/IEEE 11073-10101 nomenclature ("MDC").  The
 * tables here hold the ones Racemate charts, their units with conversions, and the LOINC and UCUM
 * codes FHIR wants.  Philips' MDIL codes are the same numbers written partition-code in hexadecimal
 * (147842 = 2 * 65536 + 0x4182 = "0002-4182"), so they need no table of their own; codes from F000 up
 * are private to the vendor.
 *
 * Sources of the rows: published IHE PCD-01 test messages and the device guides of HL7 (see mdc.c).
 * Everything here is constant. */
#ifndef RACEMATE_LINK_MDC_H
#define RACEMATE_LINK_MDC_H

#include "racemate/base.h"
#include "racemate/care/reading.h"

/* Kinds of measurement kept apart: a cuff and an arterial line are never mixed. */
typedef enum rac_mdc_quantity {
    RAC_QUANTITY_NIBP_SYS, /* cuff pressures */
    RAC_QUANTITY_NIBP_DIA,
    RAC_QUANTITY_NIBP_MEAN,
    RAC_QUANTITY_ART_SYS, /* arterial line */
    RAC_QUANTITY_ART_DIA,
    RAC_QUANTITY_ART_MEAN,
    RAC_QUANTITY_HR,    /* from the ECG */
    RAC_QUANTITY_PULSE, /* from the oximeter or the cuff */
    RAC_QUANTITY_SPO2,
    RAC_QUANTITY_RESP,
    RAC_QUANTITY_TEMP,
    RAC_QUANTITY_PERFUSION_INDEX,
    RAC_QUANTITY_WEIGHT,
    RAC_QUANTITY_HEIGHT,
    RAC_QUANTITY_COUNT,
    RAC_QUANTITY_NONE = RAC_QUANTITY_COUNT
} rac_mdc_quantity;

typedef enum rac_dimension {
    RAC_DIMENSION_RATE, /* per minute */
    RAC_DIMENSION_PERCENT,
    RAC_DIMENSION_PRESSURE,    /* mm[Hg] */
    RAC_DIMENSION_TEMPERATURE, /* Cel */
    RAC_DIMENSION_MASS,        /* kg */
    RAC_DIMENSION_LENGTH       /* cm */
} rac_dimension;

typedef enum rac_pressure_site { RAC_SITE_NONE, RAC_SITE_CUFF, RAC_SITE_ARTERIAL } rac_pressure_site;

typedef struct rac_mdc_quantity_row {
    const char *name; /* "nibp_sys" */
    const char *ucum; /* the unit values are converted to: "mm[Hg]" */
    rac_dimension dimension;
    rac_pressure_site site;
    int reading;      /* the rac_reading_kind it can be charted as; -1 when a session has none */
    double low, high; /* physical range in `ucum`; that of the reading where there is one */
} rac_mdc_quantity_row;

/* The row by value; `quantity` is not RAC_QUANTITY_NONE. */
rac_mdc_quantity_row rac_mdc_quantity_about(rac_mdc_quantity quantity);

typedef struct rac_mdc_term {
    uint32_t code;          /* partition * 65536 + number */
    const char *name;       /* "MDC_ECG_HEART_RATE" */
    const char *older_name; /* another name seen for the same code; NULL when none */
    rac_mdc_quantity quantity;
    const char *loinc;
    int preference; /* among terms of one reading: 0 is trusted most */
} rac_mdc_term;

/* The rows in order; NULL behind the last.  rac_mdc_find and _named give NULL for what is not there. */
const rac_mdc_term *rac_mdc_term_at(size_t index);
const rac_mdc_term *rac_mdc_find(uint32_t code);
const rac_mdc_term *rac_mdc_named(rac_text name);
/* The first (usual) term of a quantity. */
const rac_mdc_term *rac_mdc_of(rac_mdc_quantity quantity);

typedef struct rac_mdc_unit {
    uint32_t code;         /* 0 when the unit has no row in the nomenclature we could verify */
    const char *name;      /* "MDC_DIM_MMHG"; NULL with code 0 */
    const char *ucum;      /* "mm[Hg]" */
    const char *spellings; /* plain words senders use, between blanks: " mmHg " */
    rac_dimension dimension;
    double factor, offset; /* value in the dimension's own unit = value * factor + offset */
} rac_mdc_unit;

const rac_mdc_unit *rac_mdc_unit_at(size_t index);
const rac_mdc_unit *rac_mdc_unit_find(uint32_t code);
/* By its MDC name, its UCUM code or one of its spellings. */
const rac_mdc_unit *rac_mdc_unit_named(rac_text name);
/* The nomenclature's unit for a quantity, as an encoder should write it. */
const rac_mdc_unit *rac_mdc_unit_of(rac_mdc_quantity quantity);
double rac_mdc_convert(const rac_mdc_unit *unit, double value);

/* "147842", or "0002-4182" in hexadecimal.  RAC_INVALID for anything else, RAC_UNSUPPORTED for a
 * vendor's private code. */
rac_status rac_mdc_code_parse(rac_text text, uint32_t *code, rac_error *err);

#endif
