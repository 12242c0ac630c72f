/* base/json.h: JSON in and out; a thin layer over jansson, whose values the program uses directly.
 *
 * Reading is strict: UTF-8, an object or array at the top, no key twice in an object, nothing after
 * the value, no "\u0000", limits on size and nesting; errors carry line and column.  Printing is
 * canonical: one line, no blanks, keys in byte order, numbers in the fewest digits that read back, so
 * that equal values have equal bytes and can be hashed.
 *
 * Ownership: a json_t is reference counted and does not live in an arena.  rac_json_parse hands the
 * caller one reference, ended with json_decref (which accepts NULL); json_object_get and
 * json_array_get lend a reference that lives as long as the parent; functions named _new (such as
 * json_object_set_new) take over the reference they are given.
 *
 *     json_t *body = NULL;
 *     rac_try(rac_json_parse(bytes, NULL, &body, err));
 *     const char *name = json_string_value(json_object_get(body, "name"));
 *     ...
 *     json_decref(body); */
#ifndef RACEMATE_BASE_JSON_H
#define RACEMATE_BASE_JSON_H

#include <jansson.h>

#include "racemate/base.h"

/* All zero (or a NULL pointer) is the usual: */
typedef struct rac_json_limits {
    size_t max_bytes; /* 0: 16 MiB */
    int max_depth;    /* objects and arrays inside each other; 0: 64; at most 1000 */
} rac_json_limits;

/* *value is set only on success.  RAC_INVALID with line and column (in bytes) when the text is not
 * JSON as described above, RAC_LIMIT when it is too long or nested too deeply. */
rac_status rac_json_parse(rac_text bytes, const rac_json_limits *limits, json_t **value, rac_error *err);

/* The canonical text, NUL-terminated, in the arena.  `value` must not contain itself. */
char *rac_json_print(rac_arena *arena, const json_t *value);

#endif
