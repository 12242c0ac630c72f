/* Exact decimals as millionths in 64 bits; products and quotients pass through 128 bits so that
 * nothing is lost before the one rounding that is asked for.  See racemate/base.h. */
#include "racemate/base.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef __int128 wide; /* gcc and clang on 64-bit machines, which is where this program runs */

static const int64_t one = 1000000;
static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

static rac_status narrow(wide value, rac_decimal *out, rac_error *err)
{
    if (value > INT64_MAX || value < -INT64_MAX)
        return rac_fail(err, RAC_LIMIT, "the amount is too large for exact arithmetic");
    out->millionths = (int64_t)value;
    return RAC_OK;
}

/* numerator / denominator as a whole number; denominator > 0. */
static wide divide_rounded(wide numerator, wide denominator, rac_rounding rounding)
{
    const int sign = numerator < 0 ? -1 : 1;
    const wide size = numerator < 0 ? -numerator : numerator;
    wide quotient = size / denominator;
    const wide rest = size % denominator;
    if (rounding == RAC_ROUND_UP ? rest > 0 : rounding == RAC_ROUND_HALF_UP && rest * 2 >= denominator)
        quotient++;
    return sign * quotient;
}

rac_status rac_decimal_parse(rac_text text, rac_decimal *decimal, rac_error *err)
{
    rac_text rest = text;
    int sign = 1;
    if (rest.size && (rest.data[0] == '-' || rest.data[0] == '+')) {
        sign = rest.data[0] == '-' ? -1 : 1;
        rest.data++;
        rest.size--;
    }
    wide value = 0;
    int after_point = -1, digits = 0;
    for (size_t i = 0; i < rest.size; i++) {
        const char c = rest.data[i];
        if (c == '.' && after_point < 0) {
            after_point = 0;
        } else if (c >= '0' && c <= '9' && ++digits <= 18) {
            value = value * 10 + (c - '0');
            if (after_point >= 0)
                after_point++;
        } else {
            digits = 0;
            break;
        }
    }
    if (!digits)
        return rac_fail(err, RAC_INVALID, "'%.*s' is not a decimal number",
                        RAC_TEXT(rac_text_shorten(text, 40)));
    if (after_point > 6)
        return rac_fail(err, RAC_INVALID, "'%.*s' has more than six digits after the point", RAC_TEXT(text));
    return narrow(sign * value * powers[6 - (after_point > 0 ? after_point : 0)], decimal, err);
}

rac_status rac_decimal_from(double number, rac_decimal *decimal, rac_error *err)
{
    if (!isfinite(number) || fabs(number) > 9e12)
        return rac_fail(err, RAC_INVALID, "%g cannot be an exact amount", number);
    decimal->millionths = (int64_t)llround(number * (double)one);
    return RAC_OK;
}

double rac_decimal_double(rac_decimal decimal)
{
    return (double)decimal.millionths / (double)one;
}

char *rac_decimal_format(rac_arena *arena, rac_decimal decimal, int digits)
{
    if (digits < 0)
        digits = 0;
    if (digits > 6)
        digits = 6;
    const int64_t value = (int64_t)divide_rounded(decimal.millionths, powers[6 - digits], RAC_ROUND_HALF_UP);
    const int64_t size = value < 0 ? -value : value;
    const char *sign = value < 0 ? "-" : "";
    if (!digits)
        return rac_format(arena, "%s%" PRId64, sign, size);
    return rac_format(arena, "%s%" PRId64 ".%0*" PRId64, sign, size / powers[digits], digits,
                      size % powers[digits]);
}

char *rac_decimal_format_exact(rac_arena *arena, rac_decimal decimal)
{
    int digits = 6;
    while (digits && decimal.millionths % powers[7 - digits] == 0)
        digits--;
    return rac_decimal_format(arena, decimal, digits);
}

rac_status rac_decimal_add(rac_decimal a, rac_decimal b, rac_decimal *sum, rac_error *err)
{
    return narrow((wide)a.millionths + b.millionths, sum, err);
}

rac_status rac_decimal_subtract(rac_decimal a, rac_decimal b, rac_decimal *rest, rac_error *err)
{
    return narrow((wide)a.millionths - b.millionths, rest, err);
}

rac_status rac_decimal_multiply(rac_decimal a, rac_decimal b, int digits, rac_rounding rounding,
                                rac_decimal *product, rac_error *err)
{
    if (digits < 0 || digits > 6)
        return rac_fail(err, RAC_INVALID, "%d digits after the point, allowed 0 to 6", digits);
    const wide step = powers[6 - digits];
    const wide exact = (wide)a.millionths * b.millionths; /* in millionths of millionths */
    return narrow(divide_rounded(exact, one * step, rounding) * step, product, err);
}

rac_status rac_decimal_divide(rac_decimal a, rac_decimal b, int digits, rac_rounding rounding,
                              rac_decimal *quotient, rac_error *err)
{
    if (digits < 0 || digits > 6)
        return rac_fail(err, RAC_INVALID, "%d digits after the point, allowed 0 to 6", digits);
    if (!b.millionths)
        return rac_fail(err, RAC_INVALID, "an amount cannot be divided by zero");
    const wide step = powers[6 - digits];
    wide numerator = (wide)a.millionths * one, denominator = (wide)b.millionths * step;
    if (denominator < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    return narrow(divide_rounded(numerator, denominator, rounding) * step, quotient, err);
}

rac_status rac_decimal_round_to(rac_decimal a, rac_decimal step, rac_rounding rounding, rac_decimal *rounded,
                                rac_error *err)
{
    if (step.millionths <= 0)
        return rac_fail(err, RAC_INVALID, "the step to round to must be above zero");
    return narrow(divide_rounded(a.millionths, step.millionths, rounding) * step.millionths, rounded, err);
}

int rac_decimal_compare(rac_decimal a, rac_decimal b)
{
    return (a.millionths > b.millionths) - (a.millionths < b.millionths);
}
