/* base/units.h: units, dimensions, and quantities such as "0.5 mg/kg".
 *
 * What is decided here: which unit names exist, which of them may be converted into each other, and
 * by what factor.  A quantity that reaches a model or a rule has passed through here, so that
 * 0.5 mg/kg cannot be taken for 0.5 mL/kg, nor 94 for 94 %.
 *
 * Body weight is a dimension of its own: "kg" and "lb" are body weight, "ng ug mg g" are mass of a
 * substance.  A mg never converts into a kg, mg/kg is not a pure number, and (mg/kg) * kg is a mass.
 *
 * Base units, one per dimension; a value "in base units" means these:
 *
 *     drug mass     mg        time         h        temperature          Cel
 *     body weight   kg        pressure     mmHg     amount of substance  umol
 *     volume        L         length       cm       enzyme activity      U
 *
 * so clearance is in L/h, concentration in mg/L, heart rate in 1/h.  % is a hundredth of a pure
 * number.  A month is 730.5 h and a year 8766 h (365.25 days): averages, for ages and intervals
 * written in words; calendars count days elsewhere.
 *
 * How a unit is written: names joined by '*' and '/', each with an optional power, no spaces:
 * "mg/kg", "mg/kg/h" (= mg/(kg*h)), "mg*h/L", "L/h/kg^0.75", "1/min" or "/min", "kg/m^2".  Upper and
 * lower case differ.  Pure functions; a rac_unit is a plain value. */
#ifndef RACEMATE_BASE_UNITS_H
#define RACEMATE_BASE_UNITS_H

#include "racemate/base.h"

typedef enum rac_base_dimension {
    RAC_DRUG_MASS,
    RAC_BODY_WEIGHT,
    RAC_VOLUME,
    RAC_TIME,
    RAC_PRESSURE,
    RAC_LENGTH,
    RAC_TEMPERATURE,
    RAC_SUBSTANCE,
    RAC_ACTIVITY,
    RAC_BASE_DIMENSIONS
} rac_base_dimension;

/* Powers of the base dimensions in thousandths (kg^0.75 is 750), so that comparing is exact.
 * All zero: a pure number. */
enum { rac_power_one = 1000, rac_power_max = 20000 };
typedef struct rac_dimension {
    int16_t power[RAC_BASE_DIMENSIONS];
} rac_dimension;

/* A value times up / down is that value in base units; both are whole numbers wherever the unit
 * allows, so that 30 mL is 30 / 1000 L and nothing is rounded twice.  `text` is the unit as written;
 * empty when a number was written without one. */
enum { rac_unit_text_size = 48 };
typedef struct rac_unit {
    char text[rac_unit_text_size];
    rac_dimension dimension;
    double up;
    double down;
} rac_unit;

typedef struct rac_quantity {
    double value; /* in `unit` */
    rac_unit unit;
} rac_quantity;

/* ---- units --------------------------------------------------------------------------------- */

/* The unit of a number written without one: pure, text "". */
rac_unit rac_unit_none(void);
/* The whole text as a unit.  RAC_INVALID with near names as hint when it is not one. */
rac_status rac_unit_parse(rac_text text, rac_unit *unit, rac_error *err);
/* A unit that is a literal of this program; asserts that it is one. */
rac_unit rac_unit_of(const char *text);
/* The longest unit at the start of `text`; its size goes to *used.  RAC_NOT_FOUND (err untouched)
 * when the text does not start with a unit; RAC_LIMIT when it is longer than a unit may be. */
rac_status rac_unit_scan(rac_text text, size_t *used, rac_unit *unit, rac_error *err);
/* True when the text is the name of one unit ("mg", "h", "µg"), and so cannot name anything else. */
bool rac_unit_is_name(rac_text text);
/* A near unit for "did you mean": same letters in another case, or one slip away; NULL when none. */
const char *rac_unit_nearest(rac_text text);

/* ---- dimensions ---------------------------------------------------------------------------- */

bool rac_dimension_same(rac_dimension a, rac_dimension b);
bool rac_dimension_is_pure(rac_dimension dimension);
/* RAC_LIMIT when a power leaves +-20 or is not a multiple of 0.001. */
rac_status rac_dimension_multiply(rac_dimension a, rac_dimension b, rac_dimension *product, rac_error *err);
rac_status rac_dimension_divide(rac_dimension a, rac_dimension b, rac_dimension *quotient, rac_error *err);
rac_status rac_dimension_raise(rac_dimension a, double power, rac_dimension *raised, rac_error *err);
/* For people: "a drug mass per body weight", "a pure number"; and in base units: "mg/kg", "1".
 * Both print into `words` and return words->text. */
typedef struct rac_dimension_words {
    char text[200];
} rac_dimension_words;
const char *rac_dimension_describe(rac_dimension dimension, rac_dimension_words *words);
const char *rac_dimension_base_unit(rac_dimension dimension, rac_dimension_words *words);

/* ---- quantities ---------------------------------------------------------------------------- */

/* "0.5 mg/kg", "0.5mg/kg", "97 %"; a bare number is a pure number without unit. */
rac_status rac_quantity_parse(rac_text text, rac_quantity *quantity, rac_error *err);
/* "0.5 mg/kg", in the shortest digits. */
char *rac_quantity_format(rac_arena *arena, rac_quantity quantity);
/* The value in base units, and back. */
double rac_quantity_base(rac_quantity quantity);
rac_quantity rac_quantity_from_base(double value, rac_unit unit);
/* The value in `unit`.  RAC_INVALID when the dimensions differ, naming both ("0.5 mL/kg is a volume
 * per body weight, expected a drug mass per body weight (mg/kg)"), and when a number without unit
 * meets a unit with a factor: 94 is not 94 %. */
rac_status rac_quantity_in(rac_quantity quantity, rac_unit unit, double *value, rac_error *err);

/* Exact amounts: between ng, ug, mg, g and between uL, mL, dL, L, where the factor is a power of ten.
 * RAC_INVALID when the factor is not one, or when the result needs more than six digits after the
 * point (nothing is rounded); RAC_LIMIT when it is too large. */
rac_status rac_decimal_convert(rac_decimal amount, rac_unit from, rac_unit to, rac_decimal *converted,
                               rac_error *err);

#endif
