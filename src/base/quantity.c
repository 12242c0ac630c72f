/* Numbers with units, converted in floating point and exactly: see base/units.h. */
#include "base/units.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The size of the number at the start of the text: as far as the bytes could belong to one.  An 'e'
 * belongs only with digits after it, so that "5 each" stays a number and a word. */
static size_t number_size(rac_text text)
{
    size_t at = 0;
    while (at < text.size) {
        const char c = text.data[at];
        const char next = at + 1 < text.size ? text.data[at + 1] : '\0';
        const char after = at + 2 < text.size ? text.data[at + 2] : '\0';
        const bool sign =
            (c == '-' || c == '+') && (at == 0 || text.data[at - 1] == 'e' || text.data[at - 1] == 'E');
        const bool exponent =
            (c == 'e' || c == 'E') && at &&
            ((next >= '0' && next <= '9') || ((next == '-' || next == '+') && after >= '0' && after <= '9'));
        if (!(c >= '0' && c <= '9') && c != '.' && c != ',' && !sign && !exponent)
            break;
        at++;
    }
    return at;
}

rac_status rac_quantity_parse(rac_text text, rac_quantity *quantity, rac_error *err)
{
    const rac_text all = rac_text_trim(text);
    const size_t size = number_size(all);
    const rac_text number = size ? (rac_text){all.data, size} : all;
    rac_quantity found = {.unit = rac_unit_none()};
    rac_status status = rac_number_parse(number, &found.value, err);
    if (status != RAC_OK)
        return status;
    const rac_text unit = rac_text_trim((rac_text){all.data + size, all.size - size});
    if (unit.size)
        status = rac_unit_parse(unit, &found.unit, err);
    if (status == RAC_OK && !isfinite(rac_quantity_base(found)))
        status = rac_fail(err, RAC_INVALID, "'%.*s' is too large", RAC_TEXT(rac_text_shorten(all, 60)));
    if (status == RAC_OK)
        *quantity = found;
    return status;
}

char *rac_quantity_format(rac_arena *arena, rac_quantity quantity)
{
    const char *number = rac_number_format(arena, quantity.value);
    return quantity.unit.text[0] ? rac_format(arena, "%s %s", number, quantity.unit.text)
                                 : rac_string_copy(arena, number);
}

double rac_quantity_base(rac_quantity quantity)
{
    return quantity.value * quantity.unit.up / quantity.unit.down;
}

rac_quantity rac_quantity_from_base(double value, rac_unit unit)
{
    return (rac_quantity){value * unit.down / unit.up, unit};
}

static const char *unit_shown(const rac_unit *unit)
{
    return unit->text[0] ? unit->text : "a number without unit";
}

static rac_status fail_dimension(rac_quantity quantity, const rac_unit *wanted, rac_error *err)
{
    rac_dimension_words have, want;
    rac_dimension_describe(quantity.unit.dimension, &have);
    rac_dimension_describe(wanted->dimension, &want);
    if (!quantity.unit.text[0]) {
        const rac_status status = rac_fail(err, RAC_INVALID, "%g has no unit, expected %s (%s)",
                                           quantity.value, want.text, unit_shown(wanted));
        rac_error_hint(err, "write the unit after the number: %g %s", quantity.value, wanted->text);
        return status;
    }
    const rac_status status = rac_fail(err, RAC_INVALID, "%g %s is %s, expected %s (%s)", quantity.value,
                                       quantity.unit.text, have.text, want.text, unit_shown(wanted));
    rac_error_hint(err, "a unit of the same kind is needed; %s cannot be converted", quantity.unit.text);
    return status;
}

rac_status rac_quantity_in(rac_quantity quantity, rac_unit unit, double *value, rac_error *err)
{
    const bool bare_meets_factor = !quantity.unit.text[0] && unit.up != unit.down;
    if (bare_meets_factor || !rac_dimension_same(quantity.unit.dimension, unit.dimension))
        return fail_dimension(quantity, &unit, err);
    const double up = quantity.unit.up * unit.down, down = quantity.unit.down * unit.up;
    const double converted = up == down ? quantity.value : quantity.value * up / down;
    if (!isfinite(converted))
        return rac_fail(err, RAC_INVALID, "%g %s is too large in %s", quantity.value, quantity.unit.text,
                        unit_shown(&unit));
    *value = converted;
    return RAC_OK;
}

/* The exponent when up / down is a power of ten within +-15; false otherwise. */
static bool power_of_ten(double up, double down, int *exponent)
{
    double power = 1;
    for (int e = 0; e <= 15; e++, power *= 10) {
        if (up == down * power || down == up * power) {
            *exponent = up == down * power ? e : -e;
            return true;
        }
    }
    return false;
}

rac_status rac_decimal_convert(rac_decimal amount, rac_unit from, rac_unit to, rac_decimal *converted,
                               rac_error *err)
{
    double one;
    const rac_status status =
        rac_quantity_in((rac_quantity){rac_decimal_double(amount), from}, to, &one, err);
    if (status != RAC_OK)
        return status;
    int exponent;
    if (!power_of_ten(from.up * to.down, from.down * to.up, &exponent))
        return rac_fail(err, RAC_INVALID,
                        "%s to %s is not a power of ten, so an exact amount cannot be converted",
                        unit_shown(&from), unit_shown(&to));
    int64_t millionths = amount.millionths;
    for (; exponent > 0; exponent--)
        if (__builtin_mul_overflow(millionths, 10, &millionths))
            return rac_fail(err, RAC_LIMIT, "the amount is too large in %s", unit_shown(&to));
    for (; exponent < 0; exponent++) {
        if (millionths % 10)
            return rac_fail(err, RAC_INVALID, "the amount needs more than six digits after the point in %s",
                            unit_shown(&to));
        millionths /= 10;
    }
    converted->millionths = millionths;
    return RAC_OK;
}
