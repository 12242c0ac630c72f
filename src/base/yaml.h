/* base/yaml.h: YAML files of which every value knows its place.
 *
 * What is decided here: which files are plain enough to be read.  A protocol or a model is a tree of
 * maps, lists and text; what makes YAML surprising is refused before it can surprise: anchors and
 * aliases, tags, several documents, duplicate keys, keys that are not text, nesting over 24, files
 * over 256 kB, more than 20,000 nodes, bytes that are not UTF-8.  The limits are held while libyaml's
 * events arrive, so 200,000 '[' stop at the 25th.
 *
 * Text stays text: no value is guessed to be a number or a truth until a rac_yaml_want_ function asks
 * for one, and each of these is strict (`0,5`, `nan`, `1e999`, `0x10`, `0.5` where mg/kg is needed
 * are errors at the value).
 *
 * How it is used: rac_yaml_read, then walk with rac_yaml_need and rac_yaml_find, and take values with
 * rac_yaml_want_.  Each adds what is wrong to `problems` with file, line, column and field path, so
 * that one run reports every mistake.  A wanted node may be NULL: the answer is false and nothing is
 * added, because whoever looked for it has already said that it is missing.
 *
 *     const rac_yaml *dose = rac_yaml_need(root, "dose", &problems);
 *     rac_yaml_check_keys(dose, keys, 2, &problems);
 *     rac_yaml_want_quantity(rac_yaml_need(dose, "amount", &problems), "mg/kg", 0.1, 1, &x, &problems);
 */
#ifndef RACEMATE_BASE_YAML_H
#define RACEMATE_BASE_YAML_H

#include "base/units.h"
#include "racemate/base.h"

typedef enum rac_yaml_kind { RAC_YAML_TEXT, RAC_YAML_LIST, RAC_YAML_MAP } rac_yaml_kind;

typedef struct rac_yaml rac_yaml;
struct rac_yaml {
    rac_yaml_kind kind;
    bool quoted;      /* text in '...' or "...", or a block (| or >) */
    const char *file; /* as given to rac_yaml_read */
    int line;         /* from 1 */
    int column;       /* in bytes from 1; of a quoted text, its opening quote */
    int text_line;    /* of a text: where its first character stands, past a quote or block mark */
    int text_column;
    const char *path;      /* "dose.amount", "variability[0].of"; "" at the root */
    rac_text text;         /* of a RAC_YAML_TEXT: its value; an absent value is the empty text */
    size_t count;          /* of a list: items; of a map: pairs */
    const rac_yaml *keys;  /* of a map: `count` texts in the order of the file; else NULL */
    const rac_yaml *items; /* of a list or map: `count` values */
};

enum { rac_yaml_max_bytes = 256 * 1024, rac_yaml_max_depth = 24, rac_yaml_max_nodes = 20000 };

/* Reads the bytes of one file.  *root lives in the arena; the bytes may go.  On failure (RAC_INVALID,
 * RAC_LIMIT) *root is NULL and `problems` has grown by at least one. */
rac_status rac_yaml_read(rac_arena *arena, rac_text bytes, const char *file, const rac_yaml **root,
                         rac_problems *problems);

/* The value under `key`, or NULL (also when `map` is NULL or no map). */
const rac_yaml *rac_yaml_find(const rac_yaml *map, const char *key);
/* The same; adds "dose has no 'amount'" at the map when there is none. */
const rac_yaml *rac_yaml_need(const rac_yaml *map, const char *key, rac_problems *problems);
/* Every key is one of `known`; adds each unknown one at its place, with "did you mean".  True when
 * all are known.  Adds a problem when the node is not a map. */
bool rac_yaml_check_keys(const rac_yaml *map, const char *const *known, size_t count, rac_problems *problems);

/* Each takes the value into *out and answers true, or adds a problem and answers false.  Ranges
 * include their ends; use -INFINITY and INFINITY (INT64_MIN, INT64_MAX) for none. */
bool rac_yaml_want_map(const rac_yaml *node, rac_problems *problems);
bool rac_yaml_want_list(const rac_yaml *node, rac_problems *problems);
/* Not empty. */
bool rac_yaml_want_text(const rac_yaml *node, rac_text *out, rac_problems *problems);
/* One of `words`; *out is its index. */
bool rac_yaml_want_word(const rac_yaml *node, const char *const *words, size_t count, size_t *out,
                        rac_problems *problems);
/* A number without unit, not quoted. */
bool rac_yaml_want_number(const rac_yaml *node, double min, double max, double *out, rac_problems *problems);
bool rac_yaml_want_integer(const rac_yaml *node, int64_t min, int64_t max, int64_t *out,
                           rac_problems *problems);
/* A number with a unit of the dimension of `unit` (a literal such as "mg/kg"); *out, min and max are
 * in `unit`.  "0.5" is refused where "mg/kg" or "%" is wanted; for a pure number pass "1". */
bool rac_yaml_want_quantity(const rac_yaml *node, const char *unit, double min, double max, double *out,
                            rac_problems *problems);
/* The same, as it was written: the caller looks at the unit. */
bool rac_yaml_want_any_quantity(const rac_yaml *node, rac_quantity *out, rac_problems *problems);
/* `true` or `false`, not quoted. */
bool rac_yaml_want_truth(const rac_yaml *node, bool *out, rac_problems *problems);

/* Adds a problem at the node's place and path.  The problem comes back so that a hint can be added:
 *     rac_error_hint(rac_yaml_problem(problems, node, "..."), "...");
 * It is valid until the next problem is added.  rac_yaml_problem_from adds an error that another
 * function set, moved to the node's place when it has none of its own. */
rac_error *rac_yaml_problem(rac_problems *problems, const rac_yaml *node, const char *format, ...)
    RAC_PRINTF(3, 4);
rac_error *rac_yaml_problem_from(rac_problems *problems, const rac_yaml *node, const rac_error *err);

#endif
