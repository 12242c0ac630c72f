/* Slices of text, strict numbers, and formatting into arenas: see racemate/base.h.
 *
 * strtod and printf follow the process locale's decimal point; this program never calls
 * setlocale(LC_NUMERIC), so they stay in "C".  The shape of a number is checked here before strtod
 * sees it, which keeps hex, "nan", "inf" and leading spaces out. */
#include "racemate/base.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rac_text rac_text_of(const char *c_string)
{
    return (rac_text){c_string ? c_string : "", c_string ? strlen(c_string) : 0};
}

bool rac_text_equal(rac_text a, rac_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool rac_text_is(rac_text text, const char *c_string)
{
    return rac_text_equal(text, rac_text_of(c_string));
}

bool rac_text_starts(rac_text text, const char *prefix)
{
    const size_t size = strlen(prefix);
    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

rac_text rac_text_trim(rac_text text)
{
    while (text.size && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

rac_text rac_text_shorten(rac_text text, size_t most)
{
    if (text.size <= most)
        return text;
    while (most && ((unsigned char)text.data[most] & 0xC0) == 0x80)
        most--;
    return (rac_text){text.data, most};
}

rac_text rac_text_split(rac_text text, char separator, rac_text *rest)
{
    const char *at = text.size ? memchr(text.data, separator, text.size) : NULL;
    if (!at) {
        *rest = (rac_text){NULL, 0};
        return text;
    }
    const size_t first = (size_t)(at - text.data);
    *rest = (rac_text){at + 1, text.size - first - 1};
    return (rac_text){text.data, first};
}

char *rac_text_copy(rac_arena *arena, rac_text text)
{
    if (text.size == SIZE_MAX)
        abort();
    char *copy = rac_arena_alloc(arena, text.size + 1);
    if (text.size)
        memcpy(copy, text.data, text.size);
    return copy;
}

char *rac_string_copy(rac_arena *arena, const char *c_string)
{
    return rac_text_copy(arena, rac_text_of(c_string));
}

char *rac_format_list(rac_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, arguments);
    char *text = rac_arena_alloc(arena, size < 0 ? 1 : (size_t)size + 1);
    if (size > 0)
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

char *rac_format(rac_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = rac_format_list(arena, format, arguments);
    va_end(arguments);
    return text;
}

/* The length of the UTF-8 sequence at the start of `p`, or 0 when it is not well formed
 * (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t length;
    unsigned char low = 0x80, high = 0xBF;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        length = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        length = 3;
        if (p[0] == 0xE0)
            low = 0xA0;
        if (p[0] == 0xED)
            high = 0x9F;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        length = 4;
        if (p[0] == 0xF0)
            low = 0x90;
        if (p[0] == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    if (left < length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool rac_text_is_utf8(rac_text text)
{
    const unsigned char *p = (const unsigned char *)text.data;
    for (size_t i = 0; i < text.size;) {
        const size_t length = utf8_length(p + i, text.size - i);
        if (!length)
            return false;
        i += length;
    }
    return true;
}

static size_t skip_digits(rac_text text, size_t at)
{
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    return at;
}

static size_t skip_sign(rac_text text, size_t at)
{
    return at < text.size && (text.data[at] == '-' || text.data[at] == '+') ? at + 1 : at;
}

/* [sign] digits [. digits] [e [sign] digits], with a digit on at least one side of the point. */
static bool has_number_shape(rac_text text)
{
    size_t at = skip_sign(text, 0);
    size_t end = skip_digits(text, at);
    size_t digits = end - at;
    if (end < text.size && text.data[end] == '.') {
        at = end + 1;
        end = skip_digits(text, at);
        digits += end - at;
    }
    if (!digits)
        return false;
    if (end < text.size && (text.data[end] == 'e' || text.data[end] == 'E')) {
        at = skip_sign(text, end + 1);
        end = skip_digits(text, at);
        if (end == at)
            return false;
    }
    return end == text.size;
}

enum { longest_number = 100 };

/* Plain decimals of up to 15 digits, which is nearly every number in a file: the digits as an exact
 * integer divided by an exact power of ten is one correctly rounded operation (Clinger 1990,
 * doi:10.1145/93542.93557).  False when the text is anything else. */
static bool parse_short_decimal(rac_text text, double *number)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const bool negative = text.size && text.data[0] == '-';
    int64_t digits = 0;
    size_t count = 0, after_point = 0;
    bool point = false;
    if (text.size > 17)
        return false;
    for (size_t i = negative; i < text.size; i++) {
        const char c = text.data[i];
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            digits = digits * 10 + (c - '0');
            after_point += point;
            count++;
        } else {
            return false;
        }
    }
    if (!count || count > 15)
        return false;
    const double size = (double)digits / powers[after_point];
    *number = negative ? -size : size;
    return true;
}

rac_status rac_number_parse(rac_text text, double *number, rac_error *err)
{
    if (parse_short_decimal(text, number))
        return RAC_OK;
    if (text.size > longest_number || !has_number_shape(text)) {
        rac_status status =
            rac_fail(err, RAC_INVALID, "'%.*s' is not a number", RAC_TEXT(rac_text_shorten(text, 40)));
        if (text.size && text.size < 40 && memchr(text.data, ',', text.size))
            rac_error_hint(err, "write the decimal point as '.'");
        return status;
    }
    char buffer[longest_number + 1];
    memcpy(buffer, text.data, text.size);
    buffer[text.size] = '\0';
    const double value = strtod(buffer, NULL);
    if (!isfinite(value))
        return rac_fail(err, RAC_INVALID, "%s is too large for a number", buffer);
    *number = value;
    return RAC_OK;
}

rac_status rac_integer_parse(rac_text text, int64_t *number, rac_error *err)
{
    const size_t at = skip_sign(text, 0);
    if (at == text.size || skip_digits(text, at) != text.size || text.size > longest_number)
        return rac_fail(err, RAC_INVALID, "'%.*s' is not a whole number",
                        RAC_TEXT(rac_text_shorten(text, 40)));
    char buffer[longest_number + 1];
    memcpy(buffer, text.data, text.size);
    buffer[text.size] = '\0';
    errno = 0;
    const long long value = strtoll(buffer, NULL, 10);
    if (errno == ERANGE)
        return rac_fail(err, RAC_INVALID, "%s is too large for a whole number", buffer);
    *number = value;
    return RAC_OK;
}

/* A decimal of at most 15 digits survives decimal -> double -> decimal, so when 15 digits read back
 * they are the shortest ("%g" drops trailing zeros).  That does not hold below DBL_MIN. */
size_t rac_number_print(char *buffer, double number)
{
    int length = 0;
    for (int digits = fabs(number) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        length = snprintf(buffer, RAC_NUMBER_SIZE, "%.*g", digits, number);
        if (strtod(buffer, NULL) == number)
            break;
    }
    return (size_t)length;
}

char *rac_number_format(rac_arena *arena, double number)
{
    char buffer[RAC_NUMBER_SIZE];
    rac_number_print(buffer, number);
    return rac_string_copy(arena, buffer);
}

/* Edits (insert, delete, replace, swap neighbours: Damerau's optimal string alignment) between two
 * short words; the words compared are field names, so a small square table is enough. */
enum { longest_word = 48 };

static int edit_distance(rac_text a, rac_text b)
{
    int table[longest_word + 1][longest_word + 1];
    for (size_t i = 0; i <= a.size; i++)
        table[i][0] = (int)i;
    for (size_t j = 0; j <= b.size; j++)
        table[0][j] = (int)j;
    for (size_t i = 1; i <= a.size; i++) {
        for (size_t j = 1; j <= b.size; j++) {
            const int differs = a.data[i - 1] != b.data[j - 1];
            int least = table[i - 1][j - 1] + differs;
            if (table[i - 1][j] + 1 < least)
                least = table[i - 1][j] + 1;
            if (table[i][j - 1] + 1 < least)
                least = table[i][j - 1] + 1;
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1] &&
                table[i - 2][j - 2] + 1 < least)
                least = table[i - 2][j - 2] + 1;
            table[i][j] = least;
        }
    }
    return table[a.size][b.size];
}

const char *rac_text_nearest(rac_text word, const char *const *known, size_t count)
{
    const char *nearest = NULL;
    if (word.size == 0 || word.size > longest_word)
        return NULL;
    int least = 1 + (int)word.size / 3; /* a third of the letters may be wrong */
    for (size_t i = 0; i < count; i++) {
        const rac_text candidate = rac_text_of(known[i]);
        if (candidate.size > longest_word)
            continue;
        const int distance = edit_distance(word, candidate);
        if (distance <= least) {
            least = distance - 1;
            nearest = known[i];
        }
    }
    return nearest;
}
