/* Names, kinds and units through the whole tree: see base/expression.h. */
#include "base/expression.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct checker {
    rac_expression *expression;
    const rac_names *names;
    rac_error *err;
} checker;

static const char *const kind_words[] = {
    [RAC_VALUE_UNKNOWN] = "unknown",
    [RAC_VALUE_NUMBER] = "a number",
    [RAC_VALUE_TRUTH] = "true or false",
    [RAC_VALUE_WORD] = "a word",
};

static rac_status placed(checker *c, const rac_node *node, rac_status status)
{
    rac_error_place(c->err, c->expression->file, node->line, node->column);
    return status;
}

/* ---- what a side is called in a message ---- */

typedef struct side_words {
    char text[700]; /* a name of 100 and two descriptions of 200 */
} side_words;

/* "sbp is a pressure (mmHg)", "5 has no unit", "this side is a volume (L)" */
static const char *describe(const rac_node *node, side_words *words)
{
    rac_dimension_words dimension, unit;
    rac_dimension_describe(node->dimension, &dimension);
    rac_dimension_base_unit(node->dimension, &unit);
    if (node->kind == RAC_NODE_NUMBER && !node->unit.text[0])
        snprintf(words->text, sizeof words->text, "%g has no unit", node->value);
    else if (node->kind == RAC_NODE_NUMBER)
        snprintf(words->text, sizeof words->text, "%g %s is %s", node->value, node->unit.text,
                 dimension.text);
    else if (node->kind == RAC_NODE_NAME)
        snprintf(words->text, sizeof words->text, "'%.*s' is %s (%s)", RAC_TEXT(node->text), dimension.text,
                 unit.text);
    else
        snprintf(words->text, sizeof words->text, "one side is %s (%s)", dimension.text, unit.text);
    return words->text;
}

/* ---- percentages ---- */

/* A number written without any unit, or computed from such numbers alone. */
static bool is_bare(const rac_node *node)
{
    if (node->kind == RAC_NODE_NUMBER)
        return !node->unit.text[0];
    if (node->kind == RAC_NODE_NAME || node->type != RAC_VALUE_NUMBER)
        return false;
    for (size_t i = node->kind == RAC_NODE_IF; i < node->count; i++)
        if (!is_bare(node->items[i]))
            return false;
    return node->count > 0;
}

/* A pure number counted in hundredths: a literal in %, a name declared in %, or a sum or multiple of
 * one.  What is computed as a ratio of other things is not. */
static bool is_percentage(const checker *c, const rac_node *node)
{
    if (!rac_dimension_is_pure(node->dimension) || node->type != RAC_VALUE_NUMBER)
        return false;
    if (node->kind == RAC_NODE_NUMBER)
        return node->unit.up != node->unit.down;
    if (node->kind == RAC_NODE_NAME) {
        const rac_unit *unit = &c->expression->names[node->name].found.unit;
        return unit->up != unit->down;
    }
    const bool scaled = node->kind == RAC_NODE_MULTIPLY || node->kind == RAC_NODE_DIVIDE;
    if (scaled)
        return (is_percentage(c, node->items[0]) && is_bare(node->items[1])) ||
               (node->kind == RAC_NODE_MULTIPLY && is_bare(node->items[0]) &&
                is_percentage(c, node->items[1]));
    if (node->kind == RAC_NODE_POWER ||
        (node->kind == RAC_NODE_CALL &&
         (node->function == RAC_FUNCTION_EXP || node->function == RAC_FUNCTION_LOG ||
          node->function == RAC_FUNCTION_SQRT)))
        return false;
    for (size_t i = node->kind == RAC_NODE_IF; i < node->count; i++)
        if (is_percentage(c, node->items[i]))
            return true;
    return false;
}

/* ---- rules ---- */

static rac_status want_kind(checker *c, const rac_node *node, rac_value_kind kind, const char *whose)
{
    if (node->type == kind)
        return RAC_OK;
    return placed(c, node,
                  rac_fail(c->err, RAC_INVALID, "%s must be %s, this is %s", whose, kind_words[kind],
                           kind_words[node->type]));
}

/* Both sides of +, -, a comparison, min, max or if: same kind, and for numbers same dimension. */
static rac_status want_same(checker *c, const rac_node *at, const rac_node *a, const rac_node *b)
{
    if (a->type != b->type)
        return placed(c, at,
                      rac_fail(c->err, RAC_INVALID, "one side is %s, the other %s", kind_words[a->type],
                               kind_words[b->type]));
    if (a->type != RAC_VALUE_NUMBER)
        return RAC_OK;
    side_words left, right;
    const bool mixed = (is_percentage(c, a) && is_bare(b)) || (is_bare(a) && is_percentage(c, b));
    if (rac_dimension_same(a->dimension, b->dimension) && !mixed)
        return RAC_OK;
    const rac_status status = rac_fail(c->err, RAC_INVALID, "the units do not match: %s, %s",
                                       describe(a, &left), describe(b, &right));
    const rac_node *bare = is_bare(a) ? a : is_bare(b) ? b : NULL;
    const rac_node *other = bare == a ? b : a;
    rac_dimension_words unit;
    const char *wanted = mixed                          ? "%"
                         : other->kind == RAC_NODE_NAME ? c->expression->names[other->name].found.unit.text
                                                        : rac_dimension_base_unit(other->dimension, &unit);
    if (bare && bare->kind == RAC_NODE_NUMBER)
        rac_error_hint(c->err, "write the unit: %g %s", bare->value, wanted);
    else
        rac_error_hint(c->err, "only quantities of one kind can be added or compared");
    return placed(c, at, status);
}

/* A word compared with a name must be one that the name can have. */
static rac_status check_word(checker *c, const rac_node *name, const rac_node *word)
{
    if (name->kind != RAC_NODE_NAME || word->kind != RAC_NODE_WORD)
        return RAC_OK;
    const rac_name *found = &c->expression->names[name->name].found;
    for (size_t i = 0; i < found->word_count; i++)
        if (rac_text_is(word->text, found->words[i]))
            return RAC_OK;
    if (!found->word_count)
        return RAC_OK;
    const rac_status status = rac_fail(c->err, RAC_INVALID, "'%.*s' can never be '%.*s'",
                                       RAC_TEXT(name->text), RAC_TEXT(word->text));
    const char *near = rac_text_nearest(word->text, found->words, found->word_count);
    if (near)
        rac_error_hint(c->err, "did you mean '%s'?", near);
    else
        rac_error_hint(c->err, "it is one of %zu words, the first is '%s'", found->word_count,
                       found->words[0]);
    return placed(c, word, status);
}

/* The value of an exponent made of numbers alone; NAN when it is not. */
static double constant_of(const rac_node *node)
{
    if (node->kind == RAC_NODE_NUMBER && rac_dimension_is_pure(node->unit.dimension))
        return node->number_base;
    if (node->kind == RAC_NODE_NEGATE)
        return -constant_of(node->items[0]);
    if (node->kind == RAC_NODE_DIVIDE)
        return constant_of(node->items[0]) / constant_of(node->items[1]);
    return NAN;
}

static rac_status check_power(checker *c, rac_node *node)
{
    const rac_node *base = node->items[0], *exponent = node->items[1];
    rac_status status = want_kind(c, base, RAC_VALUE_NUMBER, "the base of ^");
    if (status == RAC_OK)
        status = want_kind(c, exponent, RAC_VALUE_NUMBER, "the exponent of ^");
    if (status != RAC_OK)
        return status;
    side_words words;
    if (!rac_dimension_is_pure(exponent->dimension))
        return placed(c, exponent,
                      rac_fail(c->err, RAC_INVALID, "an exponent must be a pure number: %s",
                               describe(exponent, &words)));
    if (rac_dimension_is_pure(base->dimension))
        return RAC_OK;
    const double power = constant_of(exponent);
    if (!isfinite(power)) {
        status = rac_fail(c->err, RAC_INVALID, "the exponent must be written as a number here: %s",
                          describe(base, &words));
        rac_error_hint(c->err, "divide the base by a reference first: (weight / 70 kg)^x");
        return placed(c, exponent, status);
    }
    status = rac_dimension_raise(base->dimension, power, &node->dimension, c->err);
    return status == RAC_OK ? status : placed(c, node, status);
}

static rac_status check_call(checker *c, rac_node *node)
{
    side_words words;
    const rac_node *first = node->items[0];
    for (size_t i = 0; i < node->count; i++) {
        const rac_status status = want_kind(c, node->items[i], RAC_VALUE_NUMBER, "an argument");
        if (status != RAC_OK)
            return status;
    }
    switch (node->function) {
    case RAC_FUNCTION_EXP:
    case RAC_FUNCTION_LOG:
        if (!rac_dimension_is_pure(first->dimension)) {
            const rac_status status = rac_fail(c->err, RAC_INVALID, "%s takes a pure number: %s",
                                               rac_function_name(node->function), describe(first, &words));
            rac_error_hint(c->err, "divide by a reference first");
            return placed(c, first, status);
        }
        return RAC_OK;
    case RAC_FUNCTION_SQRT: {
        const rac_status status = rac_dimension_raise(first->dimension, 0.5, &node->dimension, c->err);
        return status == RAC_OK ? status : placed(c, node, status);
    }
    default: /* min, max, abs */
        for (size_t i = 1; i < node->count; i++) {
            const rac_status status = want_same(c, node->items[i], first, node->items[i]);
            if (status != RAC_OK)
                return status;
        }
        node->dimension = first->dimension;
        return RAC_OK;
    }
}

static rac_status check_name(checker *c, rac_node *node)
{
    const rac_name *found = &c->expression->names[node->name].found;
    node->slot = found->slot;
    node->type = found->kind;
    node->dimension = found->unit.dimension;
    return RAC_OK;
}

static rac_status check_arithmetic(checker *c, rac_node *node)
{
    for (size_t i = 0; i < node->count; i++) {
        const rac_status status = want_kind(c, node->items[i], RAC_VALUE_NUMBER, "a side of arithmetic");
        if (status != RAC_OK)
            return status;
    }
    const rac_dimension left = node->items[0]->dimension;
    rac_status status = RAC_OK;
    if (node->kind == RAC_NODE_MULTIPLY)
        status = rac_dimension_multiply(left, node->items[1]->dimension, &node->dimension, c->err);
    else if (node->kind == RAC_NODE_DIVIDE)
        status = rac_dimension_divide(left, node->items[1]->dimension, &node->dimension, c->err);
    else
        node->dimension = left;
    if (status != RAC_OK)
        return placed(c, node, status);
    if (node->kind == RAC_NODE_ADD || node->kind == RAC_NODE_SUBTRACT)
        return want_same(c, node, node->items[0], node->items[1]);
    return RAC_OK;
}

static rac_status check_comparison(checker *c, const rac_node *node)
{
    const rac_node *left = node->items[0], *right = node->items[1];
    rac_status status = want_same(c, node, left, right);
    if (status != RAC_OK)
        return status;
    if (node->kind == RAC_NODE_EQUAL || node->kind == RAC_NODE_NOT_EQUAL) {
        status = check_word(c, left, right);
        return status == RAC_OK ? check_word(c, right, left) : status;
    }
    return want_kind(c, left, RAC_VALUE_NUMBER, "a side of a comparison");
}

static rac_status check_node(checker *c, rac_node *node);

static rac_status check_items(checker *c, rac_node *node)
{
    rac_status status = RAC_OK;
    for (size_t i = 0; i < node->count && status == RAC_OK; i++)
        status = check_node(c, node->items[i]);
    return status;
}

static rac_status check_node(checker *c, rac_node *node)
{
    rac_status status = check_items(c, node);
    if (status != RAC_OK)
        return status;
    node->type = RAC_VALUE_TRUTH;
    switch (node->kind) {
    case RAC_NODE_NUMBER:
        node->type = RAC_VALUE_NUMBER;
        node->dimension = node->unit.dimension;
        return RAC_OK;
    case RAC_NODE_NAME:
        return check_name(c, node);
    case RAC_NODE_WORD:
        node->type = RAC_VALUE_WORD;
        return RAC_OK;
    case RAC_NODE_TRUTH:
        return RAC_OK;
    case RAC_NODE_NEGATE:
    case RAC_NODE_ADD:
    case RAC_NODE_SUBTRACT:
    case RAC_NODE_MULTIPLY:
    case RAC_NODE_DIVIDE:
        node->type = RAC_VALUE_NUMBER;
        return check_arithmetic(c, node);
    case RAC_NODE_POWER:
        node->type = RAC_VALUE_NUMBER;
        return check_power(c, node);
    case RAC_NODE_CALL:
        node->type = RAC_VALUE_NUMBER;
        return check_call(c, node);
    case RAC_NODE_NOT:
    case RAC_NODE_AND:
    case RAC_NODE_OR:
        for (size_t i = 0; i < node->count && status == RAC_OK; i++)
            status = want_kind(c, node->items[i], RAC_VALUE_TRUTH, "a side of and, or, not");
        return status;
    case RAC_NODE_IN:
        status = want_kind(c, node->items[0], RAC_VALUE_WORD, "what stands before in");
        for (size_t i = 1; i < node->count && status == RAC_OK; i++)
            status = check_word(c, node->items[0], node->items[i]);
        return status;
    case RAC_NODE_IF:
        node->type = node->items[1]->type;
        node->dimension = node->items[1]->dimension;
        status = want_kind(c, node->items[0], RAC_VALUE_TRUTH, "what follows if");
        return status == RAC_OK ? want_same(c, node, node->items[1], node->items[2]) : status;
    default:
        return check_comparison(c, node);
    }
}

static rac_status find_names(checker *c)
{
    for (size_t i = 0; i < c->expression->name_count; i++) {
        rac_expression_name *name = &c->expression->names[i];
        rac_name found = {.unit = rac_unit_none()};
        if (c->names->find(c->names->context, name->text, &found)) {
            name->found = found;
            continue;
        }
        rac_fail(c->err, RAC_INVALID, "unknown name '%.*s'", RAC_TEXT(name->text));
        const char *near =
            c->names->known ? rac_text_nearest(name->text, c->names->known, c->names->known_count) : NULL;
        if (near)
            rac_error_hint(c->err, "did you mean '%s'?", near);
        rac_error_place(c->err, c->expression->file, name->line, name->column);
        return RAC_INVALID;
    }
    return RAC_OK;
}

static rac_status check_result(checker *c, rac_value_kind kind, const rac_unit *unit)
{
    const rac_node *root = c->expression->root;
    if (kind == RAC_VALUE_UNKNOWN)
        return RAC_OK;
    const rac_status status = want_kind(c, root, kind, "the expression");
    if (status != RAC_OK || kind != RAC_VALUE_NUMBER || !unit)
        return status;
    const bool bare_meets_factor =
        rac_dimension_is_pure(unit->dimension) && unit->up != unit->down && is_bare(root);
    if (rac_dimension_same(root->dimension, unit->dimension) && !bare_meets_factor)
        return RAC_OK;
    rac_dimension_words have, have_unit, want;
    rac_fail(c->err, RAC_INVALID, "the expression is %s (%s), expected %s (%s)",
             rac_dimension_describe(root->dimension, &have),
             rac_dimension_base_unit(root->dimension, &have_unit),
             rac_dimension_describe(unit->dimension, &want), unit->text[0] ? unit->text : "1");
    if (root->kind == RAC_NODE_NUMBER && !root->unit.text[0])
        rac_error_hint(c->err, "write the unit: %g %s", root->value, unit->text);
    return placed(c, root, RAC_INVALID);
}

rac_status rac_expression_check(rac_expression *expression, const rac_names *names, rac_value_kind kind,
                                const rac_unit *unit, rac_error *err)
{
    checker c = {expression, names, err};
    rac_status status = find_names(&c);
    if (status == RAC_OK)
        status = check_node(&c, expression->root);
    if (status == RAC_OK)
        status = check_result(&c, kind, unit);
    expression->checked = status == RAC_OK;
    return status;
}

bool rac_expression_want(rac_arena *arena, const rac_yaml *node, const rac_names *names, rac_value_kind kind,
                         const rac_unit *unit, rac_expression **out, rac_problems *problems)
{
    rac_text text;
    if (!rac_yaml_want_text(node, &text, problems))
        return false;
    rac_error err = {0};
    rac_expression *expression;
    rac_status status =
        rac_expression_parse(arena, text, node->file, node->text_line, node->text_column, &expression, &err);
    if (status == RAC_OK)
        status = rac_expression_check(expression, names, kind, unit, &err);
    if (status != RAC_OK) {
        rac_error_field(&err, node->path);
        rac_yaml_problem_from(problems, node, &err);
        return false;
    }
    *out = expression;
    return true;
}
