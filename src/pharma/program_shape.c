/* What an equation's program can be spared: parts that are affine, repeat, or do not change.  See program.h.
 */
#include "pharma/program.h"

#include <string.h>

/* ---- constant + coefficient x slot ---- */

static bool mentions(const rac_node *node, int slot)
{
    if (node->kind == RAC_NODE_NAME)
        return node->slot == slot;
    for (size_t i = 0; i < node->count; i++)
        if (mentions(node->items[i], slot))
            return true;
    return false;
}

static bool is_affine(const rac_node *node, int slot)
{
    switch (mentions(node, slot) ? node->kind : RAC_NODE_NUMBER) {
    case RAC_NODE_NUMBER:
    case RAC_NODE_NAME:
        return true;
    case RAC_NODE_NEGATE:
        return is_affine(node->items[0], slot);
    case RAC_NODE_ADD:
    case RAC_NODE_SUBTRACT:
        return is_affine(node->items[0], slot) && is_affine(node->items[1], slot);
    case RAC_NODE_MULTIPLY:
        return mentions(node->items[0], slot)
                   ? !mentions(node->items[1], slot) && is_affine(node->items[0], slot)
                   : is_affine(node->items[1], slot);
    case RAC_NODE_DIVIDE:
        return !mentions(node->items[1], slot) && is_affine(node->items[0], slot);
    case RAC_NODE_IF:
        return !mentions(node->items[0], slot) && is_affine(node->items[1], slot) &&
               is_affine(node->items[2], slot);
    default:
        return false;
    }
}

bool rac_expression_is_affine(const rac_expression *expression, int slot)
{
    return is_affine(expression->root, slot);
}

typedef struct splitter {
    rac_program *program;
    const rac_expression *expression;
    int slot;
    rac_error *err;
} splitter;

/* A part that mentions the slot nowhere, by the ordinary compiler. */
static rac_status compile_free(const splitter *s, rac_node *node, int *result)
{
    rac_expression part = *s->expression;
    part.root = node;
    return rac_program_compile(s->program, &part, result, s->err);
}

/* op(a, b), where -1 is zero: sums leave it out, products and quotients by something stay nothing. */
static int combine(rac_program *p, rac_op op, int a, int b)
{
    if (op == RAC_OP_ADD && (a < 0 || b < 0))
        return a < 0 ? b : a;
    if (op == RAC_OP_SUBTRACT && b < 0)
        return a;
    if (op == RAC_OP_SUBTRACT && a < 0)
        return rac_program_add(p, RAC_OP_NEGATE, b, 0, 0, 0);
    if (a < 0 || b < 0)
        return -1;
    return rac_program_add(p, op, a, b, 0, 0);
}

static int choose(rac_program *p, int condition, int a, int b)
{
    if (a < 0 && b < 0)
        return -1;
    const int yes = a < 0 ? rac_program_add(p, RAC_OP_NUMBER, 0, 0, 0, 0) : a;
    const int no = b < 0 ? rac_program_add(p, RAC_OP_NUMBER, 0, 0, 0, 0) : b;
    return rac_program_add(p, RAC_OP_SELECT, condition, yes, no, 0);
}

static rac_status split(const splitter *s, rac_node *node, rac_affine *result)
{
    rac_program *p = s->program;
    rac_affine left = {-1, -1}, right = {-1, -1};
    *result = (rac_affine){-1, -1};
    if (!mentions(node, s->slot))
        return compile_free(s, node, &result->constant);
    if (node->kind == RAC_NODE_NAME) {
        result->coefficient = rac_program_add(p, RAC_OP_NUMBER, 0, 0, 0, 1);
        return RAC_OK;
    }
    if (node->kind == RAC_NODE_IF) {
        int condition;
        rac_status status = compile_free(s, node->items[0], &condition);
        if (!status)
            status = split(s, node->items[1], &left);
        if (!status)
            status = split(s, node->items[2], &right);
        if (!status)
            *result = (rac_affine){choose(p, condition, left.constant, right.constant),
                                   choose(p, condition, left.coefficient, right.coefficient)};
        return status;
    }
    rac_status status = split(s, node->items[0], &left);
    if (!status && node->count > 1)
        status = split(s, node->items[1], &right);
    if (status)
        return status;
    switch (node->kind) {
    case RAC_NODE_NEGATE:
        *result = (rac_affine){combine(p, RAC_OP_SUBTRACT, -1, left.constant),
                               combine(p, RAC_OP_SUBTRACT, -1, left.coefficient)};
        break;
    case RAC_NODE_ADD:
    case RAC_NODE_SUBTRACT: {
        const rac_op op = node->kind == RAC_NODE_ADD ? RAC_OP_ADD : RAC_OP_SUBTRACT;
        *result = (rac_affine){combine(p, op, left.constant, right.constant),
                               combine(p, op, left.coefficient, right.coefficient)};
        break;
    }
    case RAC_NODE_DIVIDE:
        *result = (rac_affine){combine(p, RAC_OP_DIVIDE, left.constant, right.constant),
                               combine(p, RAC_OP_DIVIDE, left.coefficient, right.constant)};
        break;
    default: { /* a product, one side of which is free of the slot */
        const bool on_left = mentions(node->items[0], s->slot);
        const rac_affine moving = on_left ? left : right;
        const int factor = on_left ? right.constant : left.constant;
        *result = (rac_affine){combine(p, RAC_OP_MULTIPLY, moving.constant, factor),
                               combine(p, RAC_OP_MULTIPLY, moving.coefficient, factor)};
    }
    }
    return RAC_OK;
}

rac_status rac_program_compile_affine(rac_program *program, const rac_expression *expression, int slot,
                                      rac_affine *result, rac_error *err)
{
    const splitter s = {program, expression, slot, err};
    return split(&s, expression->root, result);
}

/* ---- equal things once ---- */

/* How far back an equal instruction is looked for: bounds the work of a long program. */
enum { LOOK_BACK = 512 };

static bool same(const rac_instruction *a, const rac_instruction *b)
{
    return a->op == b->op && a->a == b->a && a->b == b->b && a->c == b->c &&
           !memcmp(&a->number, &b->number, sizeof a->number);
}

void rac_program_shorten(rac_program *program, int *const *results, size_t count)
{
    int *stands_for = rac_many(program->arena, int, (size_t)program->registers);
    for (int r = 0; r < program->registers; r++)
        stands_for[r] = r;
    size_t kept = 0;
    for (size_t i = 0; i < program->count; i++) {
        rac_instruction item = program->items[i];
        item.a = stands_for[item.a];
        item.b = stands_for[item.b];
        item.c = stands_for[item.c];
        const size_t first = kept > LOOK_BACK ? kept - LOOK_BACK : 0;
        size_t at = first;
        while (at < kept && !same(&program->items[at], &item))
            at++;
        if (at < kept)
            stands_for[item.to] = program->items[at].to;
        else
            program->items[kept++] = item;
    }
    program->count = kept;
    for (size_t r = 0; r < count; r++)
        if (*results[r] >= 0)
            *results[r] = stands_for[*results[r]];
}

/* ---- what does not change ---- */

static int higher(int a, int b)
{
    return a > b ? a : b;
}

void rac_program_split(const rac_program *program, const char *level, rac_program *parts, int levels)
{
    char *highest = rac_many(program->arena, char, (size_t)program->registers);
    memcpy(highest, level, (size_t)program->slots);
    for (int l = 0; l < levels; l++) {
        parts[l] = rac_program_new(program->arena, program->slots);
        parts[l].registers = program->registers;
    }
    for (size_t i = 0; i < program->count; i++) {
        const rac_instruction *item = &program->items[i];
        const int most = item->op == RAC_OP_NUMBER
                             ? 0
                             : higher(highest[item->a], higher(highest[item->b], highest[item->c]));
        highest[item->to] = (char)most;
        rac_push(program->arena, parts[most].items, parts[most].count, parts[most].capacity, *item);
    }
}
