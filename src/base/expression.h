/* base/expression.h: the one small language of clinical rules and pharmacokinetic models.
 *
 *     sbp > 160 mmHg or sbp - baseline.sbp > 30 mmHg
 *     diagnosis in ('MDD', 'BD-II') and not pregnant
 *     95.2 L/h * (weight / 70 kg)^0.75
 *     if age >= 65 years then 0.4 mg/kg else 0.5 mg/kg
 *
 * From loosest to tightest: `if c then a else b`; or; and; not; < <= > >= == != in (not chained);
 * + -; * /; unary -; ^ (to the right).  Functions: min max (two or more arguments), exp log sqrt abs
 * (one), pow (two, the same as ^).  Truths: true, false.  Words stand in single quotes; names are letters,
 * digits and _, with dots between parts.
 *
 * A UNIT belongs to the number before it and is written without spaces inside: the longest run that
 * is a unit is taken, so `95.2 L/h * x` is (95.2 L/h) times x, `5 mg/weight` is 5 mg divided by
 * weight, and `100 /min` and `100/min` are a hundred a minute.  A power written on the unit is part of
 * it (`25 kg/m^2`); a power of the whole quantity needs parentheses, `(70 kg)^2`.  There is no
 * ambiguity between units and names, because the name of a unit (h, L, mg, day) is refused as a name.
 *
 * Both sides of + - min max and of a comparison have the same dimension; a product or quotient has its
 * own; exp and log take a pure number; so does the exponent of ^, which is a constant where its base has
 * a unit.  A number without unit never meets a percentage: `spo2 < 94` is refused, `spo2 < 94 %` is meant.
 *
 * How it is used: rac_expression_parse once, rac_expression_check once with the names that exist
 * (units are checked through the whole expression), then rac_expression_evaluate as often as facts
 * change, or a compiler of the caller's walks the tree.  Everything is in base units (base/units.h):
 * what the facts hold, what the literals hold after parsing, what comes out.
 *
 * Nothing here reads anything but its arguments; every result lives in the arena given. */
#ifndef RACEMATE_BASE_EXPRESSION_H
#define RACEMATE_BASE_EXPRESSION_H

#include "base/units.h"
#include "base/yaml.h"
#include "racemate/base.h"

enum {
    rac_expression_max_bytes = 4000,
    rac_expression_max_depth = 60, /* parentheses, calls, ifs, nots, signs and powers inside one another; */
                                   /* a chain a + b + ... is a tree as deep as long: below 2000 */
    rac_expression_max_names = 64  /* distinct names in one expression: a set of them is one uint64_t */
};

/* ---- values and truth ------------------------------------------------------------------------ */

/* Zero is unknown, so an array of facts starts with nothing known. */
typedef enum rac_value_kind {
    RAC_VALUE_UNKNOWN,
    RAC_VALUE_NUMBER,
    RAC_VALUE_TRUTH,
    RAC_VALUE_WORD
} rac_value_kind;

typedef struct rac_value {
    rac_value_kind kind;
    double number; /* in base units */
    bool truth;
    rac_text word;
} rac_value;

rac_value rac_value_number(double number_in_base_units);
rac_value rac_value_truth(bool truth);
rac_value rac_value_word(rac_text word);

/* Kleene's three values.  Unknown is neither true nor false. */
typedef enum rac_truth { RAC_FALSE, RAC_TRUE, RAC_UNKNOWN } rac_truth;
rac_truth rac_truth_and(rac_truth a, rac_truth b);
rac_truth rac_truth_or(rac_truth a, rac_truth b);
rac_truth rac_truth_not(rac_truth a);
const char *rac_truth_name(rac_truth truth); /* "true", "false", "unknown" */

/* ---- the tree -------------------------------------------------------------------------------- */

typedef enum rac_node_kind {
    RAC_NODE_NUMBER, /* value, unit, number_base */
    RAC_NODE_NAME,   /* text, name (index), slot */
    RAC_NODE_WORD,   /* text */
    RAC_NODE_TRUTH,  /* truth */
    RAC_NODE_NEGATE, /* items[0] */
    RAC_NODE_NOT,    /* items[0] */
    RAC_NODE_ADD,    /* items[0] + items[1], and so for the binary ones */
    RAC_NODE_SUBTRACT,
    RAC_NODE_MULTIPLY,
    RAC_NODE_DIVIDE,
    RAC_NODE_POWER,
    RAC_NODE_LESS,
    RAC_NODE_LESS_EQUAL,
    RAC_NODE_GREATER,
    RAC_NODE_GREATER_EQUAL,
    RAC_NODE_EQUAL,
    RAC_NODE_NOT_EQUAL,
    RAC_NODE_AND,
    RAC_NODE_OR,
    RAC_NODE_IN,   /* items[0] in (items[1], ...), the latter all RAC_NODE_WORD */
    RAC_NODE_IF,   /* if items[0] then items[1] else items[2] */
    RAC_NODE_CALL, /* function(items...); pow is read as RAC_NODE_POWER */
    RAC_NODE_KINDS
} rac_node_kind;

typedef enum rac_function {
    RAC_FUNCTION_MIN,
    RAC_FUNCTION_MAX,
    RAC_FUNCTION_EXP,
    RAC_FUNCTION_LOG, /* natural */
    RAC_FUNCTION_SQRT,
    RAC_FUNCTION_ABS,
    RAC_FUNCTIONS
} rac_function;

typedef struct rac_node rac_node;
struct rac_node {
    rac_node_kind kind;
    int line, column;   /* of its first character, or of the operator */
    double value;       /* RAC_NODE_NUMBER as written, in `unit` */
    double number_base; /* the same in base units */
    rac_unit unit;
    rac_text text;
    bool truth;
    rac_function function;
    size_t count;
    rac_node **items;

    int name; /* RAC_NODE_NAME: index into rac_expression.names */
    /* set by rac_expression_check */
    int slot;                /* RAC_NODE_NAME: as the lookup gave it */
    rac_value_kind type;     /* NUMBER, TRUTH or WORD; UNKNOWN before the check */
    rac_dimension dimension; /* of a number */
};

/* What the caller's lookup says of a name. */
typedef struct rac_name {
    rac_value_kind kind;      /* NUMBER, TRUTH or WORD */
    rac_unit unit;            /* of a number: its dimension, and the unit shown in explanations */
    int slot;                 /* >= 0: where its value stands in the array given to evaluate */
    const char *const *words; /* of a word: the values it can have, so that a misspelt word is */
    size_t word_count;        /* refused; 0 when any word may come */
} rac_name;

typedef struct rac_names {
    /* True and *found set when `name` exists. */
    bool (*find)(const void *context, rac_text name, rac_name *found);
    const void *context;
    const char *const *known; /* for "did you mean"; may be NULL */
    size_t known_count;
} rac_names;

typedef struct rac_expression_name {
    rac_text text;
    int line, column; /* where it first stands */
    rac_name found;   /* set by rac_expression_check */
} rac_expression_name;

typedef struct rac_expression {
    rac_text source;
    const char *file;
    int line, column; /* of the first byte of source */
    rac_node *root;
    rac_expression_name *names; /* distinct, in order of appearance */
    size_t name_count;
    size_t node_count;
    bool checked;
} rac_expression;

/* ---- reading --------------------------------------------------------------------------------- */

/* Parses `source` (copied), which stands at file:line:column; errors carry the exact place and a
 * hint.  RAC_LIMIT when it is longer, deeper or has more names than the limits above.  Give file "" and 1, 1
 * when it stands nowhere. */
rac_status rac_expression_parse(rac_arena *arena, rac_text source, const char *file, int line, int column,
                                rac_expression **out, rac_error *err);
/* Resolves names and checks kinds and units through the whole tree; the result must be of `kind` and,
 * for a number, of the dimension of *unit (NULL: any).  RAC_VALUE_UNKNOWN as kind accepts any.
 * The first fault found is reported. */
rac_status rac_expression_check(rac_expression *expression, const rac_names *names, rac_value_kind kind,
                                const rac_unit *unit, rac_error *err);
/* Both, for a node of a YAML file; a fault becomes a problem.  False when there was one. */
bool rac_expression_want(rac_arena *arena, const rac_yaml *node, const rac_names *names, rac_value_kind kind,
                         const rac_unit *unit, rac_expression **out, rac_problems *problems);
/* The line and, below it, a caret under `column` (in bytes from 1):
 *     sbp > 160 mmhg
 *               ^
 * Tabs are kept and characters counted, so that the caret stands right in a terminal. */
char *rac_error_caret(rac_arena *arena, rac_text source_line, int column);

/* ---- answers --------------------------------------------------------------------------------- */

typedef struct rac_answer {
    rac_value value;      /* kind RAC_VALUE_UNKNOWN when it cannot be said yet */
    const char **missing; /* names that are unknown and could still decide it, in order of */
    size_t missing_count; /* appearance; empty when the value is known */
} rac_answer;

/* The value under `values[slot]`.  Unknown facts follow Kleene's logic: `false and unknown` is false.
 * A step that has no number (division by zero, log of a negative number, overflow) counts as unknown
 * that nothing can mend; when the whole answer rests on it the status is RAC_INVALID with its place.
 * Filling in a missing fact never changes an answer that was known. */
rac_status rac_expression_evaluate(rac_arena *arena, const rac_expression *expression,
                                   const rac_value *values, size_t value_count, rac_answer *answer,
                                   rac_error *err);
/* The answer as a truth; RAC_UNKNOWN when it is unknown.  The value must not be a number or word. */
rac_truth rac_answer_truth(const rac_answer *answer);

/* ---- showing --------------------------------------------------------------------------------- */

/* The expression in one standard form; parsing it again gives the same tree. */
char *rac_expression_print(rac_arena *arena, const rac_expression *expression);
/* The same with each name followed by its value: "sbp 172 mmHg > 160 mmHg", "weight unknown > 40 kg".
 * After the check. */
char *rac_expression_explain(rac_arena *arena, const rac_expression *expression, const rac_value *values,
                             size_t value_count);
/* Its distinct names, NUL-terminated, in order of appearance; *count of them. */
const char **rac_expression_names(rac_arena *arena, const rac_expression *expression, size_t *count);
/* True when both trees are the same (places aside). */
bool rac_expression_equal(const rac_expression *a, const rac_expression *b);
/* "less", "add": for messages and tests. */
const char *rac_node_kind_name(rac_node_kind kind);
const char *rac_function_name(rac_function function);

#endif
