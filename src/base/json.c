/* Strict reading and canonical printing of JSON: see base/json.h. */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { default_bytes = 16 << 20, default_depth = 64, greatest_depth = 1000 };

/* ---- reading ------------------------------------------------------------------------------- */

static void place_at(rac_text bytes, size_t offset, rac_error *err)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < offset && i < bytes.size; i++) {
        column++;
        if (bytes.data[i] == '\n') {
            line++;
            column = 1;
        }
    }
    if (err)
        rac_error_place(err, NULL, line, column);
}

/* jansson's own depth limit is fixed when it is built, so brackets are counted before it recurses. */
static rac_status check_depth(rac_text bytes, int max_depth, rac_error *err)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < bytes.size; i++) {
        const char c = bytes.data[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth) {
                rac_fail(err, RAC_LIMIT, "objects and arrays are nested more than %d deep", max_depth);
                place_at(bytes, i, err);
                return RAC_LIMIT;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return RAC_OK;
}

rac_status rac_json_parse(rac_text bytes, const rac_json_limits *limits, json_t **value, rac_error *err)
{
    const size_t max_bytes = limits && limits->max_bytes ? limits->max_bytes : default_bytes;
    const int max_depth = limits && limits->max_depth ? limits->max_depth : default_depth;
    assert(max_depth > 0 && max_depth <= greatest_depth);
    if (bytes.size > max_bytes)
        return rac_fail(err, RAC_LIMIT, "the text has %zu bytes, allowed %zu", bytes.size, max_bytes);
    const rac_status status = check_depth(bytes, max_depth, err);
    if (status)
        return status;
    json_error_t problem;
    json_t *const parsed =
        json_loadb(bytes.size ? bytes.data : "", bytes.size, JSON_REJECT_DUPLICATES, &problem);
    if (!parsed) {
        rac_fail(err, RAC_INVALID, "not JSON: %s", problem.text);
        place_at(bytes, problem.position > 0 ? (size_t)problem.position : 0, err);
        return RAC_INVALID;
    }
    *value = parsed;
    return RAC_OK;
}

/* ---- printing ------------------------------------------------------------------------------ */

typedef struct sink {
    rac_arena *arena;
    char *data;
    size_t size, capacity;
} sink;

static void put(sink *out, const char *bytes, size_t size)
{
    if (out->capacity - out->size < size) {
        const size_t wanted = (out->size + size) * 2 + 256;
        char *moved = rac_arena_alloc(out->arena, wanted);
        if (out->size)
            memcpy(moved, out->data, out->size);
        out->data = moved;
        out->capacity = wanted;
    }
    if (size)
        memcpy(out->data + out->size, bytes, size);
    out->size += size;
}

static void put_string(sink *out, const char *text, size_t size)
{
    put(out, "\"", 1);
    size_t done = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        char escape[8];
        const char *const letter = c ? strchr("\"\"\\\\\nn\tt\rr\bb\ff", c) : NULL;
        const int length = letter ? snprintf(escape, sizeof escape, "\\%c", letter[1])
                                  : snprintf(escape, sizeof escape, "\\u%04x", c);
        put(out, text + done, i - done);
        put(out, escape, (size_t)length);
        done = i + 1;
    }
    put(out, text + done, size - done);
    put(out, "\"", 1);
}

/* A real keeps a point or exponent, so that it reads back as a real. */
static void put_real(sink *out, double number)
{
    char digits[RAC_NUMBER_SIZE];
    assert(isfinite(number)); /* jansson refuses to make any other */
    const size_t size = rac_number_print(digits, number);
    put(out, digits, size);
    if (!memchr(digits, '.', size) && !memchr(digits, 'e', size))
        put(out, ".0", 2);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_value(sink *out, const json_t *value, int depth);

static void put_object(sink *out, const json_t *object, int depth)
{
    const size_t count = json_object_size(object);
    const char **keys = rac_many(out->arena, const char *, count);
    json_t *reading = (json_t *)(uintptr_t)object; /* jansson's iterators are not const */
    size_t i = 0;
    for (void *at = json_object_iter(reading); at; at = json_object_iter_next(reading, at))
        keys[i++] = json_object_iter_key(at);
    qsort(keys, count, sizeof *keys, compare_keys);
    put(out, "{", 1);
    for (i = 0; i < count; i++) {
        if (i)
            put(out, ",", 1);
        put_string(out, keys[i], strlen(keys[i]));
        put(out, ":", 1);
        put_value(out, json_object_get(object, keys[i]), depth + 1);
    }
    put(out, "}", 1);
}

static void put_array(sink *out, const json_t *array, int depth)
{
    put(out, "[", 1);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i)
            put(out, ",", 1);
        put_value(out, json_array_get(array, i), depth + 1);
    }
    put(out, "]", 1);
}

static void put_value(sink *out, const json_t *value, int depth)
{
    char digits[24];
    assert(depth <= greatest_depth);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(out, value, depth);
        break;
    case JSON_ARRAY:
        put_array(out, value, depth);
        break;
    case JSON_STRING:
        put_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        put(out, digits,
            (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
        break;
    case JSON_REAL:
        put_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
        put(out, "true", 4);
        break;
    case JSON_FALSE:
        put(out, "false", 5);
        break;
    case JSON_NULL:
        put(out, "null", 4);
        break;
    }
}

char *rac_json_print(rac_arena *arena, const json_t *value)
{
    sink out = {.arena = arena};
    put_value(&out, value, 0);
    put(&out, "", 1);
    return out.data;
}
