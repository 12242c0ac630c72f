/* From tokens to a tree, by precedence climbing over one table of operators: see base/expression.h. */
#include "base/expression_lexer.h"

#include <string.h>

static const struct {
    const char *sign;
    rac_node_kind kind;
    int level;
} operators[] = {
    {"or", RAC_NODE_OR, rac_level_or},
    {"and", RAC_NODE_AND, rac_level_and},
    {"<", RAC_NODE_LESS, rac_level_compare},
    {"<=", RAC_NODE_LESS_EQUAL, rac_level_compare},
    {">", RAC_NODE_GREATER, rac_level_compare},
    {">=", RAC_NODE_GREATER_EQUAL, rac_level_compare},
    {"==", RAC_NODE_EQUAL, rac_level_compare},
    {"!=", RAC_NODE_NOT_EQUAL, rac_level_compare},
    {"in", RAC_NODE_IN, rac_level_compare},
    {"not", RAC_NODE_IN, rac_level_compare}, /* after an operand only as `not in` */
    {"+", RAC_NODE_ADD, rac_level_add},
    {"-", RAC_NODE_SUBTRACT, rac_level_add},
    {"*", RAC_NODE_MULTIPLY, rac_level_multiply},
    {"/", RAC_NODE_DIVIDE, rac_level_multiply},
    {"^", RAC_NODE_POWER, rac_level_power},
};
enum { no_operator = -1, operator_count = sizeof operators / sizeof *operators };

static const struct {
    const char *name;
    int function; /* -1: pow, which becomes RAC_NODE_POWER */
    size_t least, most;
} functions[] = {
    {"min", RAC_FUNCTION_MIN, 2, 16},
    {"max", RAC_FUNCTION_MAX, 2, 16},
    {"exp", RAC_FUNCTION_EXP, 1, 1},
    {"log", RAC_FUNCTION_LOG, 1, 1},
    {"sqrt", RAC_FUNCTION_SQRT, 1, 1},
    {"abs", RAC_FUNCTION_ABS, 1, 1},
    {"pow", -1, 2, 2},
};
enum { function_count = sizeof functions / sizeof *functions };

typedef struct parser {
    rac_arena *arena;
    rac_expression *expression;
    rac_lexer lexer;
    rac_token token; /* the one looked at */
    size_t name_capacity;
    int depth;
    rac_error *err;
} parser;

static rac_status parse(parser *p, int level, rac_node **out);

/* ---- tokens ---- */

static rac_status next(parser *p)
{
    return rac_lexer_next(&p->lexer, &p->token, p->err);
}

static bool looks_at(const parser *p, const char *text)
{
    return (p->token.kind == RAC_TOKEN_SIGN || p->token.kind == RAC_TOKEN_KEYWORD) &&
           rac_text_is(p->token.text, text);
}

static rac_status placed(parser *p, const rac_token *token, rac_status status)
{
    rac_error_place(p->err, p->expression->file, token->line, token->column);
    return status;
}

static rac_status fail_expected(parser *p, const char *expected)
{
    const rac_token *t = &p->token;
    rac_status status;
    if (t->kind == RAC_TOKEN_END)
        status = rac_fail(p->err, RAC_INVALID, "the expression ends where %s is expected", expected);
    else
        status = rac_fail(p->err, RAC_INVALID, "expected %s, found '%.*s'", expected,
                          RAC_TEXT(rac_text_shorten(t->text, 40)));
    if (rac_text_is(t->text, ","))
        rac_error_hint(p->err, "write the decimal point as '.'; commas stand only between arguments");
    else if (looks_at(p, "in"))
        rac_error_hint(p->err, "`in` takes words: diagnosis in ('MDD', 'BD-II')");
    return placed(p, t, status);
}

static rac_status take(parser *p, const char *text)
{
    return looks_at(p, text) ? next(p) : fail_expected(p, rac_format(p->arena, "'%s'", text));
}

static rac_status deeper(parser *p)
{
    if (++p->depth <= rac_expression_max_depth)
        return RAC_OK;
    return placed(p, &p->token,
                  rac_fail(p->err, RAC_LIMIT, "nested deeper than %d", rac_expression_max_depth));
}

/* ---- nodes ---- */

static rac_node *new_node(parser *p, rac_node_kind kind, const rac_token *token, size_t count)
{
    rac_node *node = rac_new(p->arena, rac_node);
    node->kind = kind;
    node->line = token->line;
    node->column = token->column;
    node->count = count;
    node->items = count ? rac_many(p->arena, rac_node *, count) : NULL;
    node->name = -1;
    node->slot = -1;
    node->unit = rac_unit_none();
    p->expression->node_count++;
    return node;
}

/* The index of a name among the distinct ones, added when it is new. */
static rac_status name_index(parser *p, const rac_token *token, int *index)
{
    rac_expression *e = p->expression;
    for (size_t i = 0; i < e->name_count; i++) {
        if (rac_text_equal(e->names[i].text, token->text)) {
            *index = (int)i;
            return RAC_OK;
        }
    }
    if (e->name_count == rac_expression_max_names)
        return placed(
            p, token,
            rac_fail(p->err, RAC_LIMIT, "more than %d names in one expression", rac_expression_max_names));
    *index = (int)e->name_count;
    const rac_expression_name name = {.text = token->text, .line = token->line, .column = token->column};
    rac_push(p->arena, e->names, e->name_count, p->name_capacity, name);
    return RAC_OK;
}

static rac_status read_name(parser *p, const rac_token *token, rac_node **out)
{
    if (rac_unit_is_name(token->text)) {
        const rac_status status =
            rac_fail(p->err, RAC_INVALID, "'%.*s' is a unit and cannot be a name", RAC_TEXT(token->text));
        rac_error_hint(p->err, "a unit follows a number: 1 %.*s", RAC_TEXT(token->text));
        return placed(p, token, status);
    }
    *out = new_node(p, RAC_NODE_NAME, token, 0);
    (*out)->text = token->text;
    return name_index(p, token, &(*out)->name);
}

static rac_status read_arguments(parser *p, rac_node ***items, size_t *count, size_t most)
{
    size_t capacity = 0;
    rac_status status = next(p); /* the parenthesis */
    while (status == RAC_OK) {
        rac_node *item = NULL;
        status = parse(p, rac_level_if, &item);
        if (status != RAC_OK)
            break;
        rac_push(p->arena, *items, *count, capacity, item);
        if (!looks_at(p, ",") || *count == most)
            return take(p, ")");
        status = next(p);
    }
    return status;
}

static rac_status read_call(parser *p, const rac_token *token, rac_node **out)
{
    const char *names[function_count];
    size_t f = function_count;
    for (size_t i = 0; i < function_count; i++) {
        names[i] = functions[i].name;
        if (rac_text_is(token->text, functions[i].name))
            f = i;
    }
    if (f == function_count) {
        const rac_status status =
            rac_fail(p->err, RAC_INVALID, "unknown function '%.*s'", RAC_TEXT(token->text));
        const char *near = rac_text_nearest(token->text, names, function_count);
        rac_error_hint(p->err, near ? "did you mean '%s'?" : "there are min max exp log sqrt abs pow%s",
                       near ? near : "");
        return placed(p, token, status);
    }
    rac_status status = deeper(p);
    rac_node **items = NULL;
    size_t count = 0;
    if (status == RAC_OK)
        status = read_arguments(p, &items, &count, functions[f].most);
    if (status != RAC_OK)
        return status;
    p->depth--;
    if (count < functions[f].least)
        return placed(p, token,
                      rac_fail(p->err, RAC_INVALID, "%s takes at least %zu arguments", functions[f].name,
                               functions[f].least));
    *out = new_node(p, functions[f].function < 0 ? RAC_NODE_POWER : RAC_NODE_CALL, token, 0);
    if (functions[f].function >= 0)
        (*out)->function = (rac_function)functions[f].function;
    (*out)->items = items;
    (*out)->count = count;
    return RAC_OK;
}

/* 'word', a name, a call, a number, a truth or a parenthesis. */
static rac_status parse_operand(parser *p, rac_node **out)
{
    const rac_token token = p->token;
    rac_status status;
    if (looks_at(p, "(")) {
        status = deeper(p);
        if (status == RAC_OK)
            status = next(p);
        if (status == RAC_OK)
            status = parse(p, rac_level_if, out);
        p->depth--;
        return status == RAC_OK ? take(p, ")") : status;
    }
    const bool truth = looks_at(p, "true");
    if (!truth && !looks_at(p, "false") && token.kind != RAC_TOKEN_NUMBER && token.kind != RAC_TOKEN_NAME &&
        token.kind != RAC_TOKEN_QUOTED)
        return fail_expected(p, "a value");
    status = next(p);
    if (status != RAC_OK)
        return status;
    if (token.kind == RAC_TOKEN_NAME)
        return looks_at(p, "(") ? read_call(p, &token, out) : read_name(p, &token, out);
    if (token.kind == RAC_TOKEN_NUMBER) {
        *out = new_node(p, RAC_NODE_NUMBER, &token, 0);
        (*out)->value = token.value;
        (*out)->unit = token.unit;
        (*out)->number_base = rac_quantity_base((rac_quantity){token.value, token.unit});
        if (token.unit.text[0] && looks_at(p, "^")) {
            status = rac_fail(p->err, RAC_INVALID, "a power after a unit needs parentheses");
            rac_error_hint(p->err, "write (%.*s)^...", RAC_TEXT(token.text));
            return placed(p, &p->token, status);
        }
        return RAC_OK;
    }
    *out = new_node(p, token.kind == RAC_TOKEN_QUOTED ? RAC_NODE_WORD : RAC_NODE_TRUTH, &token, 0);
    (*out)->text = token.kind == RAC_TOKEN_QUOTED ? token.text : (rac_text){0};
    (*out)->truth = truth;
    return RAC_OK;
}

/* ---- operators ---- */

static rac_status parse_if(parser *p, rac_node **out)
{
    static const char *const words[] = {"if", "then", "else"};
    rac_node *node = new_node(p, RAC_NODE_IF, &p->token, 3);
    for (int i = 0; i < 3; i++) {
        rac_status status = take(p, words[i]);
        if (status == RAC_OK)
            status = parse(p, rac_level_if, &node->items[i]);
        if (status != RAC_OK)
            return status;
    }
    *out = node;
    return RAC_OK;
}

/* What may stand at the start: if, not, a sign, or an operand. */
static rac_status parse_start(parser *p, int level, rac_node **out)
{
    const bool is_not = looks_at(p, "not"), is_if = looks_at(p, "if");
    if (!is_not && !is_if && !looks_at(p, "-"))
        return parse_operand(p, out);
    if ((is_not && level > rac_level_not) || (is_if && level > rac_level_if)) {
        const rac_status status =
            rac_fail(p->err, RAC_INVALID, "'%.*s' needs parentheses here", RAC_TEXT(p->token.text));
        rac_error_hint(p->err, "write (%.*s ...)", RAC_TEXT(p->token.text));
        return placed(p, &p->token, status);
    }
    rac_status status = deeper(p);
    if (status != RAC_OK)
        return status;
    if (is_if) {
        status = parse_if(p, out);
    } else {
        rac_node *node = new_node(p, is_not ? RAC_NODE_NOT : RAC_NODE_NEGATE, &p->token, 1);
        status = next(p);
        if (status == RAC_OK)
            status = parse(p, is_not ? rac_level_not : rac_level_negate, &node->items[0]);
        *out = node;
    }
    p->depth--;
    return status;
}

static int operator_at(const parser *p)
{
    for (int i = 0; i < operator_count; i++)
        if (looks_at(p, operators[i].sign))
            return i;
    return no_operator;
}

/* left in ('a', 'b'): the parser stands at `in`, or at `not in`. */
static rac_status parse_in(parser *p, rac_node *left, rac_node **out)
{
    const rac_token start = p->token;
    rac_status status = RAC_OK;
    const bool negated = looks_at(p, "not");
    if (negated)
        status = next(p);
    if (status == RAC_OK)
        status = take(p, "in");
    if (status == RAC_OK)
        status = take(p, "(");
    rac_node **items = NULL;
    size_t count = 0, capacity = 0;
    rac_push(p->arena, items, count, capacity, left);
    while (status == RAC_OK) {
        if (p->token.kind != RAC_TOKEN_QUOTED)
            return fail_expected(p, "a word in single quotes");
        rac_node *word = new_node(p, RAC_NODE_WORD, &p->token, 0);
        word->text = p->token.text;
        rac_push(p->arena, items, count, capacity, word);
        status = next(p);
        if (status == RAC_OK && !looks_at(p, ",")) {
            status = take(p, ")");
            break;
        }
        if (status == RAC_OK)
            status = next(p);
    }
    if (status != RAC_OK)
        return status;
    rac_node *node = new_node(p, RAC_NODE_IN, &start, 0);
    node->items = items;
    node->count = count;
    *out = node;
    if (negated) {
        *out = new_node(p, RAC_NODE_NOT, &start, 1);
        (*out)->items[0] = node;
    }
    return RAC_OK;
}

static rac_status parse_binary(parser *p, int which, rac_node *left, rac_node **out)
{
    if (operators[which].kind == RAC_NODE_IN)
        return parse_in(p, left, out);
    const bool power = operators[which].kind == RAC_NODE_POWER;
    rac_node *node = new_node(p, operators[which].kind, &p->token, 2);
    node->items[0] = left;
    rac_status status = power ? deeper(p) : RAC_OK;
    if (status == RAC_OK)
        status = next(p);
    if (status == RAC_OK) /* a power leans right and takes a signed exponent; the others lean left */
        status = parse(p, power ? rac_level_negate : operators[which].level + 1, &node->items[1]);
    p->depth -= power;
    *out = node;
    return status;
}

/* Everything that binds at least as tightly as `level`. */
static rac_status parse(parser *p, int level, rac_node **out)
{
    rac_status status = parse_start(p, level, out);
    bool compared = false;
    while (status == RAC_OK) {
        const int which = operator_at(p);
        if (which == no_operator || operators[which].level < level)
            break;
        if (compared && operators[which].level == rac_level_compare) {
            status = rac_fail(p->err, RAC_INVALID, "comparisons cannot be chained");
            rac_error_hint(p->err, "write a < b and b < c");
            return placed(p, &p->token, status);
        }
        compared = operators[which].level == rac_level_compare;
        status = parse_binary(p, which, *out, out);
    }
    return status;
}

/* Text a person can have typed: UTF-8 without control characters. */
static bool is_plain(rac_text source)
{
    for (size_t i = 0; i < source.size; i++) {
        const unsigned char c = (unsigned char)source.data[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return false;
    }
    return rac_text_is_utf8(source);
}

rac_status rac_expression_parse(rac_arena *arena, rac_text source, const char *file, int line, int column,
                                rac_expression **out, rac_error *err)
{
    if (source.size > rac_expression_max_bytes) {
        rac_fail(err, RAC_LIMIT, "an expression of %zu bytes, allowed %d", source.size,
                 rac_expression_max_bytes);
        rac_error_place(err, file, line, column);
        return RAC_LIMIT;
    }
    if (!is_plain(source)) {
        rac_fail(err, RAC_INVALID, "the expression holds control characters or is not UTF-8");
        rac_error_place(err, file, line, column);
        return RAC_INVALID;
    }
    rac_expression *e = rac_new(arena, rac_expression);
    e->source = (rac_text){rac_text_copy(arena, source), source.size};
    e->file = rac_string_copy(arena, file);
    e->line = line;
    e->column = column;
    parser p = {.arena = arena,
                .expression = e,
                .lexer = {.source = e->source, .file = e->file, .line = line, .column = column},
                .err = err};
    rac_status status = next(&p);
    if (status == RAC_OK)
        status = parse(&p, rac_level_if, &e->root);
    if (status == RAC_OK && p.token.kind != RAC_TOKEN_END)
        status = fail_expected(&p, "an operator or the end");
    if (status == RAC_OK)
        *out = e;
    return status;
}

/* ---- words for people and tests ---- */

const char *rac_function_name(rac_function function)
{
    for (size_t i = 0; i < function_count; i++)
        if (functions[i].function == (int)function)
            return functions[i].name;
    return "?";
}

char *rac_error_caret(rac_arena *arena, rac_text source_line, int column)
{
    rac_text rest;
    const rac_text line = rac_text_split(source_line, '\n', &rest);
    char *padding = rac_arena_alloc(arena, (column > 0 ? (size_t)column : 0) + 1);
    size_t size = 0;
    for (size_t i = 0; i + 1 < (size_t)(column > 0 ? column : 1); i++) {
        const char c = i < line.size ? line.data[i] : ' ';
        if (((unsigned char)c & 0xC0) != 0x80) /* one place for a character, however many bytes */
            padding[size++] = c == '\t' ? '\t' : ' ';
    }
    return rac_format(arena, "%.*s\n%s^", RAC_TEXT(line), padding);
}
