/* racemate/base.h: the nouns every part of Racemate shares.
 *
 * What is here: the outcome of a call (rac_status, rac_error, rac_problems), memory that belongs to
 * a lifetime (rac_arena), slices of text (rac_text), points in time and spans of time as two types
 * that do not mix (rac_instant, rac_duration), and exact decimal numbers for drug amounts
 * (rac_decimal).  Nothing here reads a clock, a file or the environment.
 *
 * Conventions that hold in the whole program:
 *   - arguments run from context to result to error;
 *   - a function that can fail returns rac_status and fills `err` only when it fails;
 *   - `err` may be NULL where the caller only wants the status;
 *   - what a function returns by pointer lives in the arena it was given, unless its comment says
 *     otherwise;
 *   - all text is UTF-8.
 */
#ifndef RACEMATE_BASE_H
#define RACEMATE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RAC_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define RAC_PRINTF(format_at, first_at)
#endif

/* ---- outcome of a call ------------------------------------------------------------------- */

/* One list for the whole program: name, sentence, exit code of a command that ends with it. */
#define RAC_STATUS_LIST(X)                                        \
    X(RAC_OK, "done", 0)                                          \
    X(RAC_INVALID, "the input is not valid", 2)                   \
    X(RAC_REFUSED, "a safety gate refused this", 3)               \
    X(RAC_NOT_FOUND, "no such thing is known", 4)                 \
    X(RAC_CONFLICT, "it contradicts what is already recorded", 5) \
    X(RAC_LIMIT, "it is larger than this program accepts", 6)     \
    X(RAC_UNSUPPORTED, "this is not supported here", 7)           \
    X(RAC_NOT_CONVERGED, "the calculation did not converge", 8)   \
    X(RAC_CORRUPT, "the stored record is damaged", 9)             \
    X(RAC_IO, "the operating system refused or failed", 10)       \
    X(RAC_BUSY, "somebody else is using it; try again", 11)       \
    X(RAC_DENIED, "this person may not do that", 12)

typedef enum rac_status {
#define X(name, sentence, exit_code) name,
    RAC_STATUS_LIST(X)
#undef X
} rac_status;

/* The name ("RAC_INVALID"), the sentence, and the exit code of a status. Never NULL. */
const char *rac_status_name(rac_status status);
const char *rac_status_sentence(rac_status status);
int rac_status_exit_code(rac_status status);

/* Everything a person needs to mend what went wrong.  A plain value: copy it freely.  Text that
 * does not fit ends in "..." so that a cut is seen.  Unset fields are empty or 0. */
typedef struct rac_error {
    rac_status status;
    char message[320];  /* one short fact: "dose is 5 mg/kg, allowed 0.1 to 1 mg/kg" */
    char detail[320];   /* what was seen, what was expected */
    char hint[320];     /* what to do about it */
    char file[200];     /* the input's name as the user knows it */
    int line;           /* in the input, from 1; 0 when it has no lines */
    int column;         /* in bytes from 1; 0 when unknown */
    char field[120];    /* path inside the input: "dose.amount" */
    const char *source; /* where in this program it was noticed: __FILE__ (static) */
    int source_line;
} rac_error;

/* Fills `err` (if not NULL) and returns `status`, so that a function can end with
 *     return rac_fail(err, RAC_INVALID, "weight is %g kg, allowed %g to %g kg", ...);          */
#define rac_fail(err, status, ...) rac_error_set((err), (status), __FILE__, __LINE__, __VA_ARGS__)
rac_status rac_error_set(rac_error *err, rac_status status, const char *source, int source_line,
                         const char *format, ...) RAC_PRINTF(5, 6);

/* Adds to an error that was just set; each accepts err == NULL.  Place strings are copied. */
void rac_error_place(rac_error *err, const char *file, int line, int column);
void rac_error_field(rac_error *err, const char *field);
void rac_error_detail(rac_error *err, const char *format, ...) RAC_PRINTF(2, 3);
void rac_error_hint(rac_error *err, const char *format, ...) RAC_PRINTF(2, 3);

/* ---- memory ------------------------------------------------------------------------------ */

/* A lifetime: everything allocated from it is freed together.  When the system has no memory left
 * the program stops (the stored events bring a session back), so no caller checks for NULL; sizes
 * that come from input are limited before they get here.  Not for use by two threads at once. */
typedef struct rac_arena rac_arena;

rac_arena *rac_arena_new(void);
void rac_arena_free(rac_arena *arena); /* accepts NULL */

/* `size` bytes, zeroed, aligned for any type.  Never NULL; size 0 gives a unique valid pointer. */
void *rac_arena_alloc(rac_arena *arena, size_t size);
/* `count` items of `size` bytes, zeroed; the product is checked for overflow. */
void *rac_arena_array(rac_arena *arena, size_t count, size_t size);
/* Room for one more item: returns `items` (moved if it had to grow) with capacity > count. */
void *rac_arena_grow(rac_arena *arena, void *items, size_t count, size_t *capacity, size_t size);
/* Total bytes asked for so far; for tests and limits. */
size_t rac_arena_used(const rac_arena *arena);

/* Typed forms: rac_new(arena, rac_plan), rac_many(arena, double, n). */
#define rac_new(arena, type) ((type *)rac_arena_alloc((arena), sizeof(type)))
#define rac_many(arena, type, count) ((type *)rac_arena_array((arena), (count), sizeof(type)))
/* Appends a value to an arena array kept as (items, count, capacity). */
#define rac_push(arena, items, count, capacity, value)                                     \
    do {                                                                                   \
        (items) = rac_arena_grow((arena), (items), (count), &(capacity), sizeof *(items)); \
        (items)[(count)++] = (value);                                                      \
    } while (0)

/* A list of errors, for readers that report every problem of a file at once. */
typedef struct rac_problems {
    rac_arena *arena; /* where items live; set by rac_problems_init */
    rac_error *items;
    size_t count;
    size_t capacity;
} rac_problems;

rac_problems rac_problems_init(rac_arena *arena);
void rac_problems_add(rac_problems *problems, const rac_error *err);

/* ---- text -------------------------------------------------------------------------------- */

/* A borrowed slice of UTF-8 bytes, not necessarily ended by NUL. */
typedef struct rac_text {
    const char *data;
    size_t size;
} rac_text;

/* For printf: printf("%.*s", RAC_TEXT(t)). */
#define RAC_TEXT(t) (int)(t).size, (t).data

rac_text rac_text_of(const char *c_string); /* NULL gives the empty text */
bool rac_text_is(rac_text text, const char *c_string);
bool rac_text_equal(rac_text a, rac_text b);
bool rac_text_starts(rac_text text, const char *prefix);
rac_text rac_text_trim(rac_text text); /* ASCII space, tab, CR, LF off both ends */
/* The first `most` bytes at most, ending with a whole character: for quoting input in a message. */
rac_text rac_text_shorten(rac_text text, size_t most);
/* The part before the first `separator`; *rest becomes what follows it (empty at the end).
 * *rest.data is NULL once the last part has been returned. */
rac_text rac_text_split(rac_text text, char separator, rac_text *rest);
/* NUL-terminated copies in the arena. */
char *rac_text_copy(rac_arena *arena, rac_text text);
char *rac_string_copy(rac_arena *arena, const char *c_string);
char *rac_format(rac_arena *arena, const char *format, ...) RAC_PRINTF(2, 3);
char *rac_format_list(rac_arena *arena, const char *format, va_list arguments) RAC_PRINTF(2, 0);
/* True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
bool rac_text_is_utf8(rac_text text);

/* The whole text as a finite number: sign, digits, one '.', exponent; nothing else (no "nan", no
 * hex, no comma, no spaces), the same in every locale.  RAC_INVALID otherwise. */
rac_status rac_number_parse(rac_text text, double *number, rac_error *err);
rac_status rac_integer_parse(rac_text text, int64_t *number, rac_error *err);
/* The shortest decimal form that reads back as the same double, e.g. "0.1"; for files and JSON. */
char *rac_number_format(rac_arena *arena, double number);
/* The same into a buffer of RAC_NUMBER_SIZE bytes, NUL-terminated; returns the length. */
#define RAC_NUMBER_SIZE 32
size_t rac_number_print(char *buffer, double number);
/* The closest of `count` known words to `word`, for "did you mean"; NULL when none is near. */
const char *rac_text_nearest(rac_text word, const char *const *known, size_t count);

/* ---- time -------------------------------------------------------------------------------- */

/* A point in time: milliseconds since 1970-01-01T00:00:00Z.  A struct so that it cannot be mixed
 * with a duration or a count. */
typedef struct rac_instant {
    int64_t ms;
} rac_instant;

/* A span of time in milliseconds; may be negative. */
typedef struct rac_duration {
    int64_t ms;
} rac_duration;

rac_instant rac_instant_add(rac_instant instant, rac_duration duration);
rac_duration rac_instant_since(rac_instant later, rac_instant earlier);
int rac_instant_compare(rac_instant a, rac_instant b); /* -1, 0, 1 */
rac_duration rac_duration_of_minutes(double minutes);  /* rounded to the millisecond */
double rac_duration_minutes(rac_duration duration);

/* ISO 8601: "2026-03-02T10:15:00Z", "2026-03-02T10:15:00.250+01:00", "2026-03-02" (midnight UTC).
 * A date-time without a zone is refused: RAC_INVALID. */
rac_status rac_instant_parse(rac_text text, rac_instant *instant, rac_error *err);
/* "2026-03-02T10:15:00.250Z"; the fraction is left out when it is zero. */
char *rac_instant_format(rac_arena *arena, rac_instant instant);
/* "2026-03-02" and "10:15" at a zone `offset_min` minutes east of UTC. */
char *rac_instant_format_date(rac_arena *arena, rac_instant instant, int offset_min);
char *rac_instant_format_clock(rac_arena *arena, rac_instant instant, int offset_min);
/* "90 s", "3m", "2 h", "1 day", "2 weeks", and a leading '-'.  RAC_INVALID otherwise. */
rac_status rac_duration_parse(rac_text text, rac_duration *duration, rac_error *err);
/* "12 s", "3 min", "1 h 05 min", "2 d 3 h": for people. */
char *rac_duration_format(rac_arena *arena, rac_duration duration);

/* ---- exact decimals ------------------------------------------------------------------------ */

/* A decimal number held exactly as millionths: what is drawn, given and wasted adds up to the last
 * digit.  Range about +-9.2e12. */
typedef struct rac_decimal {
    int64_t millionths;
} rac_decimal;

typedef enum rac_rounding {
    RAC_ROUND_HALF_UP, /* away from zero at the half, as on paper */
    RAC_ROUND_DOWN,    /* towards zero */
    RAC_ROUND_UP       /* away from zero */
} rac_rounding;

/* "12", "-0.75", "1.200000"; more than six digits after the point are refused, not rounded. */
rac_status rac_decimal_parse(rac_text text, rac_decimal *decimal, rac_error *err);
/* The nearest decimal to a double; RAC_INVALID when not finite or out of range. */
rac_status rac_decimal_from(double number, rac_decimal *decimal, rac_error *err);
double rac_decimal_double(rac_decimal decimal);
/* With exactly `digits` (0..6) after the point, rounded half up. */
char *rac_decimal_format(rac_arena *arena, rac_decimal decimal, int digits);
/* With as many digits as it has: "0.5", "12". */
char *rac_decimal_format_exact(rac_arena *arena, rac_decimal decimal);

/* Arithmetic with overflow reported as RAC_LIMIT.  Multiplication and division keep `digits`
 * (0..6) digits after the point with the rounding asked for; dividing by zero is RAC_INVALID. */
rac_status rac_decimal_add(rac_decimal a, rac_decimal b, rac_decimal *sum, rac_error *err);
rac_status rac_decimal_subtract(rac_decimal a, rac_decimal b, rac_decimal *rest, rac_error *err);
rac_status rac_decimal_multiply(rac_decimal a, rac_decimal b, int digits, rac_rounding rounding,
                                rac_decimal *product, rac_error *err);
rac_status rac_decimal_divide(rac_decimal a, rac_decimal b, int digits, rac_rounding rounding,
                              rac_decimal *quotient, rac_error *err);
/* To the nearest multiple of `step` (> 0), e.g. the 0.1 mL/h a pump can be set to. */
rac_status rac_decimal_round_to(rac_decimal a, rac_decimal step, rac_rounding rounding, rac_decimal *rounded,
                                rac_error *err);
int rac_decimal_compare(rac_decimal a, rac_decimal b); /* -1, 0, 1 */

#ifdef __cplusplus
}
#endif
#endif
