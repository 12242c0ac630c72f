/* racemate/care/reading.h: the vital signs a session knows.
 *
 * One table row a reading: its name in expressions and files, its title, unit, the physical range
 * outside which a value is refused as impossible, and how it is charted.  The ranges say what can
 * be measured on a living adult, not what is normal: limits of care belong to the protocol.
 */
#ifndef RACEMATE_CARE_READING_H
#define RACEMATE_CARE_READING_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rac_reading_kind {
    RAC_READING_SBP,
    RAC_READING_DBP,
    RAC_READING_MAP,
    RAC_READING_HR,
    RAC_READING_SPO2,
    RAC_READING_RR,
    RAC_READING_TEMP,
    RAC_READING_MOAAS,
    RAC_READING_COUNT
} rac_reading_kind;

typedef struct rac_reading_row {
    const char *name;    /* "sbp" */
    const char *title;   /* "Systolic pressure" */
    const char *shorter; /* "SYS" */
    const char *unit;    /* "mmHg" */
    double low, high;    /* physical range in that unit, both ends possible */
    int digits;          /* digits after the point when shown */
    bool intermittent;   /* a cuff or a judgement rather than a continuous signal */
} rac_reading_row;

const rac_reading_row *rac_reading(rac_reading_kind kind);
/* The unit as people read it: nothing for a pure number. */
const char *rac_reading_unit(const rac_reading_row *row);
/* RAC_NOT_FOUND when no reading has that name. */
rac_status rac_reading_find(rac_text name, rac_reading_kind *kind, rac_error *err);

/* How a value came to be (RS-1).  There is no "estimated": nothing is interpolated. */
typedef enum rac_quality {
    RAC_QUALITY_MEASURED, /* from a device */
    RAC_QUALITY_MANUAL,   /* typed by a person */
    RAC_QUALITY_ARTEFACT, /* kept, charted grey, not used */
    RAC_QUALITY_INVALID   /* the device itself, or this program, rejected it; `why` says so */
} rac_quality;

const char *rac_quality_name(rac_quality quality); /* "measured" */
rac_status rac_quality_find(rac_text name, rac_quality *quality, rac_error *err);

/* One value at one instant, in the unit of its row. */
typedef struct rac_reading_value {
    rac_reading_kind kind;
    double value;
    rac_quality quality;
    const char *why; /* for an artefact or invalid value; NULL otherwise */
} rac_reading_value;

/* Refuses values outside the physical range, and a systolic not above its diastolic when both are
 * in the same set: RAC_INVALID with the range in words. */
rac_status rac_reading_check(const rac_reading_value *values, size_t count, rac_error *err);

/* Quick entry, in the order people say it: "128/78 72 98 14" = systolic/diastolic, heart rate,
 * saturation, breaths; later ones may be left out, '-' skips one; named forms "hr=72 moaas=5" may
 * follow.  The values are manual.  Example: "128/78 - 98" is pressure and saturation. */
rac_status rac_reading_quick(rac_arena *arena, rac_text text, rac_reading_value **values, size_t *count,
                             rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
