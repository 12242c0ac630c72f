/* The standard form of an expression, with or without the values of its names: see base/expression.h. */
#include "base/expression_lexer.h"

#include <string.h>

static const struct {
    const char *name;
    const char *sign; /* between two operands */
    int level;
} kinds[RAC_NODE_KINDS] = {
    [RAC_NODE_NUMBER] = {"number", NULL, rac_level_operand},
    [RAC_NODE_NAME] = {"name", NULL, rac_level_operand},
    [RAC_NODE_WORD] = {"word", NULL, rac_level_operand},
    [RAC_NODE_TRUTH] = {"truth", NULL, rac_level_operand},
    [RAC_NODE_NEGATE] = {"negate", NULL, rac_level_negate},
    [RAC_NODE_NOT] = {"not", NULL, rac_level_not},
    [RAC_NODE_ADD] = {"add", " + ", rac_level_add},
    [RAC_NODE_SUBTRACT] = {"subtract", " - ", rac_level_add},
    [RAC_NODE_MULTIPLY] = {"multiply", " * ", rac_level_multiply},
    [RAC_NODE_DIVIDE] = {"divide", " / ", rac_level_multiply},
    [RAC_NODE_POWER] = {"power", "^", rac_level_power},
    [RAC_NODE_LESS] = {"less", " < ", rac_level_compare},
    [RAC_NODE_LESS_EQUAL] = {"less or equal", " <= ", rac_level_compare},
    [RAC_NODE_GREATER] = {"greater", " > ", rac_level_compare},
    [RAC_NODE_GREATER_EQUAL] = {"greater or equal", " >= ", rac_level_compare},
    [RAC_NODE_EQUAL] = {"equal", " == ", rac_level_compare},
    [RAC_NODE_NOT_EQUAL] = {"not equal", " != ", rac_level_compare},
    [RAC_NODE_AND] = {"and", " and ", rac_level_and},
    [RAC_NODE_OR] = {"or", " or ", rac_level_or},
    [RAC_NODE_IN] = {"in", NULL, rac_level_compare},
    [RAC_NODE_IF] = {"if", NULL, rac_level_if},
    [RAC_NODE_CALL] = {"call", NULL, rac_level_operand},
};

const char *rac_node_kind_name(rac_node_kind kind)
{
    return (unsigned)kind < RAC_NODE_KINDS ? kinds[kind].name : "?";
}

typedef struct printer {
    rac_arena *arena;
    const rac_expression *expression;
    const rac_value *values; /* NULL: names stand alone */
    size_t value_count;
    char *text;
    size_t size, capacity;
} printer;

static void put(printer *p, rac_text text)
{
    for (size_t i = 0; i < text.size; i++)
        rac_push(p->arena, p->text, p->size, p->capacity, text.data[i]);
}

static void put_words(printer *p, const char *words)
{
    put(p, rac_text_of(words));
}

static void print(printer *p, const rac_node *node, int level);

static void print_number(printer *p, const rac_node *node)
{
    put_words(p, rac_number_format(p->arena, node->value));
    if (node->unit.text[0]) {
        put_words(p, " ");
        put_words(p, node->unit.text);
    }
}

/* " 172 mmHg" after a name; people need six digits at most. */
static void print_value(printer *p, const rac_name *name)
{
    const rac_value value =
        name->slot >= 0 && (size_t)name->slot < p->value_count ? p->values[name->slot] : (rac_value){0};
    put_words(p, " ");
    if (value.kind == RAC_VALUE_NUMBER) {
        const rac_quantity q = rac_quantity_from_base(value.number, name->unit);
        /* the unit "1" of a pure number says nothing to a reader */
        const char *unit = strcmp(name->unit.text, "1") == 0 ? "" : name->unit.text;
        put_words(p, rac_format(p->arena, unit[0] ? "%.6g " : "%.6g", q.value));
        put_words(p, unit);
    } else if (value.kind == RAC_VALUE_TRUTH) {
        put_words(p, value.truth ? "true" : "false");
    } else if (value.kind == RAC_VALUE_WORD) {
        put_words(p, "'");
        put(p, value.word);
        put_words(p, "'");
    } else {
        put_words(p, "unknown");
    }
}

static void print_list(printer *p, const rac_node *node, size_t from)
{
    put_words(p, "(");
    for (size_t i = from; i < node->count; i++) {
        if (i > from)
            put_words(p, ", ");
        print(p, node->items[i], rac_level_if);
    }
    put_words(p, ")");
}

/* The levels of the two sides: the side that leans takes its own level, the other one more.  A power
 * wants an operand on its left and takes a signed exponent on its right. */
static void print_binary(printer *p, const rac_node *node)
{
    const int level = kinds[node->kind].level;
    const bool power = node->kind == RAC_NODE_POWER;
    print(p, node->items[0], power || level == rac_level_compare ? level + 1 : level);
    put_words(p, kinds[node->kind].sign);
    print(p, node->items[1], power ? rac_level_negate : level + 1);
}

static void print_if(printer *p, const rac_node *node)
{
    static const char *const words[] = {"if ", " then ", " else "};
    for (int i = 0; i < 3; i++) {
        put_words(p, words[i]);
        print(p, node->items[i], rac_level_if);
    }
}

static void print_bare(printer *p, const rac_node *node)
{
    switch (node->kind) {
    case RAC_NODE_NUMBER:
        print_number(p, node);
        break;
    case RAC_NODE_NAME:
        put(p, node->text);
        if (p->values)
            print_value(p, &p->expression->names[node->name].found);
        break;
    case RAC_NODE_WORD:
        put_words(p, "'");
        put(p, node->text);
        put_words(p, "'");
        break;
    case RAC_NODE_TRUTH:
        put_words(p, node->truth ? "true" : "false");
        break;
    case RAC_NODE_NEGATE:
        put_words(p, "-");
        print(p, node->items[0], rac_level_negate);
        break;
    case RAC_NODE_NOT:
        put_words(p, "not ");
        print(p, node->items[0], rac_level_not);
        break;
    case RAC_NODE_IN:
        print(p, node->items[0], rac_level_compare + 1);
        put_words(p, " in ");
        print_list(p, node, 1);
        break;
    case RAC_NODE_IF:
        print_if(p, node);
        break;
    case RAC_NODE_CALL:
        put_words(p, rac_function_name(node->function));
        print_list(p, node, 0);
        break;
    default:
        print_binary(p, node);
    }
}

/* In parentheses when it binds more loosely than its place asks for.  Beside ^ a number with a unit
 * needs them too, since a power there would belong to the unit. */
static void print(printer *p, const rac_node *node, int level)
{
    const bool unit_beside_power =
        node->kind == RAC_NODE_NUMBER && node->unit.text[0] && level >= rac_level_power;
    if (kinds[node->kind].level >= level && !unit_beside_power) {
        print_bare(p, node);
        return;
    }
    put_words(p, "(");
    print_bare(p, node);
    put_words(p, ")");
}

static char *printed(printer *p)
{
    print(p, p->expression->root, rac_level_if);
    put(p, (rac_text){"", 1}); /* the closing NUL */
    return p->text;
}

char *rac_expression_print(rac_arena *arena, const rac_expression *expression)
{
    printer p = {.arena = arena, .expression = expression};
    return printed(&p);
}

char *rac_expression_explain(rac_arena *arena, const rac_expression *expression, const rac_value *values,
                             size_t value_count)
{
    static const rac_value none[1];
    printer p = {.arena = arena,
                 .expression = expression,
                 .values = values ? values : none,
                 .value_count = values ? value_count : 0};
    return printed(&p);
}

const char **rac_expression_names(rac_arena *arena, const rac_expression *expression, size_t *count)
{
    const char **names = rac_many(arena, const char *, expression->name_count);
    for (size_t i = 0; i < expression->name_count; i++)
        names[i] = rac_text_copy(arena, expression->names[i].text);
    *count = expression->name_count;
    return names;
}

static bool same_tree(const rac_node *a, const rac_node *b)
{
    if (a->kind != b->kind || a->count != b->count || a->function != b->function || a->truth != b->truth ||
        a->value != b->value || strcmp(a->unit.text, b->unit.text) != 0 || !rac_text_equal(a->text, b->text))
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_tree(a->items[i], b->items[i]))
            return false;
    return true;
}

bool rac_expression_equal(const rac_expression *a, const rac_expression *b)
{
    return same_tree(a->root, b->root);
}
