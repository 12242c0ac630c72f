/* JSON in canonical form: the same facts give the same bytes, so that the hash is of what was said and
 * not of how a library laid it out.  Numbers and strings stay as written, because "0.50 mg" and
 * "0.5 mg" are not the same statement about a measurement, and because no double is in between.
 *
 * One pass copies tokens to the output without white space; an object whose members did not arrive in
 * order is then sorted in place.  The output never outgrows the input. */
#include "store/internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct scan {
    rac_arena *arena;
    const char *text;
    size_t size;
    size_t at;
    char *out;
    size_t used;
    rac_error *err;
} scan;

static rac_status wrong(const scan *s, const char *what)
{
    rac_fail(s->err, RAC_INVALID, "the JSON is not valid: %s", what);
    rac_error_detail(s->err, "at byte %zu", s->at + 1);
    return RAC_INVALID;
}

static void skip_blanks(scan *s)
{
    while (s->at < s->size && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at])
        s->at++;
}

static char peek(const scan *s)
{
    return s->at < s->size ? s->text[s->at] : '\0';
}

static void copy(scan *s, size_t count)
{
    memcpy(s->out + s->used, s->text + s->at, count);
    s->used += count;
    s->at += count;
}

static bool take(scan *s, char wanted)
{
    skip_blanks(s);
    if (peek(s) != wanted)
        return false;
    copy(s, 1);
    return true;
}

/* The value of four hexadecimal digits after "\u", or -1. */
static int unit_at(const scan *s, size_t at)
{
    if (at + 6 > s->size || s->text[at] != '\\' || s->text[at + 1] != 'u')
        return -1;
    int unit = 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        const char *const digits = "0123456789abcdef";
        const char lower = (char)(s->text[i] | 0x20);
        const char *digit = s->text[i] ? strchr(digits, lower) : NULL;
        if (!digit || (s->text[i] < '0'))
            return -1;
        unit = unit * 16 + (int)(digit - digits);
    }
    return unit;
}

static rac_status escape(scan *s)
{
    const char kind = s->at + 1 < s->size ? s->text[s->at + 1] : '\0';
    if (kind != 'u') {
        if (!kind || !strchr("\"\\/bfnrt", kind))
            return wrong(s, "an unknown escape");
        copy(s, 2);
        return RAC_OK;
    }
    const int unit = unit_at(s, s->at);
    if (unit <= 0)
        return wrong(s, unit ? "\\u needs four hexadecimal digits" : "\\u0000 is not text");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return wrong(s, "half a surrogate pair");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        const int second = unit_at(s, s->at + 6);
        if (second < 0xDC00 || second > 0xDFFF)
            return wrong(s, "half a surrogate pair");
        copy(s, 6);
    }
    copy(s, 6);
    return RAC_OK;
}

static rac_status string(scan *s, bool escapes_allowed)
{
    copy(s, 1); /* the opening quote */
    for (;;) {
        if (s->at >= s->size)
            return wrong(s, "a string does not end");
        const unsigned char c = (unsigned char)s->text[s->at];
        if (c == '"') {
            copy(s, 1);
            return RAC_OK;
        }
        if (c < 0x20)
            return wrong(s, "a control character in a string");
        if (c != '\\') {
            copy(s, 1);
            continue;
        }
        if (!escapes_allowed)
            return wrong(s, "an escape in a member's name");
        rac_status status = escape(s);
        if (status)
            return status;
    }
}

static size_t copy_digits(scan *s)
{
    const size_t start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9')
        copy(s, 1);
    return s->at - start;
}

static rac_status number(scan *s)
{
    if (peek(s) == '-')
        copy(s, 1);
    const bool zero = peek(s) == '0';
    const size_t digits = copy_digits(s);
    if (!digits || (zero && digits > 1))
        return wrong(s, "not a number");
    if (peek(s) == '.') {
        copy(s, 1);
        if (!copy_digits(s))
            return wrong(s, "no digit after the point");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        copy(s, 1);
        if (peek(s) == '+' || peek(s) == '-')
            copy(s, 1);
        if (!copy_digits(s))
            return wrong(s, "no digit in the exponent");
    }
    return RAC_OK;
}

static rac_status word(scan *s)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        const size_t size = strlen(words[i]);
        if (s->size - s->at >= size && memcmp(s->text + s->at, words[i], size) == 0) {
            copy(s, size);
            return RAC_OK;
        }
    }
    return wrong(s, "expected a value");
}

/* One member in the output: the name between its quotes, and all of it up to the comma. */
typedef struct member {
    rac_text name;
    rac_text whole;
} member;

static int compare_names(rac_text a, rac_text b)
{
    const size_t shared = a.size < b.size ? a.size : b.size;
    const int order = memcmp(a.data, b.data, shared);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_members(const void *a, const void *b)
{
    return compare_names(((const member *)a)->name, ((const member *)b)->name);
}

static rac_status value(scan *s, int depth);

/* Puts the members, which fill the output from `start` on, in the order of their names. */
static rac_status sort_members(scan *s, size_t start, member *members, size_t count)
{
    qsort(members, count, sizeof *members, compare_members);
    for (size_t i = 1; i < count; i++)
        if (compare_names(members[i - 1].name, members[i].name) == 0) {
            rac_fail(s->err, RAC_INVALID, "the JSON is not valid: the name \"%.*s\" comes twice",
                     (int)(members[i].name.size > 60 ? 60 : members[i].name.size), members[i].name.data);
            return RAC_INVALID;
        }
    const size_t size = s->used - start;
    char *sorted = rac_arena_alloc(s->arena, size);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (i)
            sorted[used++] = ',';
        memcpy(sorted + used, members[i].whole.data, members[i].whole.size);
        used += members[i].whole.size;
    }
    memcpy(s->out + start, sorted, size);
    return RAC_OK;
}

static rac_status object(scan *s, int depth)
{
    copy(s, 1); /* the opening brace */
    if (take(s, '}'))
        return RAC_OK;
    const size_t start = s->used;
    member *members = NULL;
    size_t count = 0, capacity = 0;
    bool sorted = true;
    do {
        const size_t begin = s->used;
        skip_blanks(s);
        if (peek(s) != '"')
            return wrong(s, "expected a member's name");
        rac_status status = string(s, false);
        if (status)
            return status;
        member m = {.name = {s->out + begin + 1, s->used - begin - 2}};
        if (!take(s, ':'))
            return wrong(s, "expected ':'");
        status = value(s, depth + 1);
        if (status)
            return status;
        m.whole = (rac_text){s->out + begin, s->used - begin};
        sorted = sorted && (!count || compare_names(members[count - 1].name, m.name) < 0);
        rac_push(s->arena, members, count, capacity, m);
    } while (take(s, ','));
    rac_status status = sorted ? RAC_OK : sort_members(s, start, members, count);
    if (!status && !take(s, '}'))
        status = wrong(s, "expected ',' or '}'");
    return status;
}

static rac_status array(scan *s, int depth)
{
    copy(s, 1); /* the opening bracket */
    if (take(s, ']'))
        return RAC_OK;
    do {
        rac_status status = value(s, depth + 1);
        if (status)
            return status;
    } while (take(s, ','));
    return take(s, ']') ? RAC_OK : wrong(s, "expected ',' or ']'");
}

static rac_status value(scan *s, int depth)
{
    if (depth > RAC_STORE_BODY_DEPTH)
        return rac_fail(s->err, RAC_LIMIT, "the JSON is nested deeper than %d", RAC_STORE_BODY_DEPTH);
    skip_blanks(s);
    const char c = peek(s);
    if (c == '{')
        return object(s, depth);
    if (c == '[')
        return array(s, depth);
    if (c == '"')
        return string(s, true);
    if (c == '-' || (c >= '0' && c <= '9'))
        return number(s);
    return word(s);
}

rac_status rac_store_canonical(rac_arena *arena, rac_text json, const char **canonical, rac_error *err)
{
    if (json.size > RAC_STORE_BODY_MAX)
        return rac_fail(err, RAC_LIMIT, "the JSON is larger than %d bytes", RAC_STORE_BODY_MAX);
    if (!rac_text_is_utf8(json))
        return rac_fail(err, RAC_INVALID, "the JSON is not UTF-8");
    scan s = {.arena = arena, .text = json.data, .size = json.size, .err = err};
    s.out = rac_arena_alloc(arena, json.size + 1);
    skip_blanks(&s);
    if (peek(&s) != '{')
        return wrong(&s, "expected an object");
    rac_status status = value(&s, 1);
    if (status)
        return status;
    skip_blanks(&s);
    if (s.at != s.size)
        return wrong(&s, "something follows the object");
    s.out[s.used] = '\0';
    *canonical = s.out;
    return RAC_OK;
}
