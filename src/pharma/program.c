/* Expressions to bytecode: see program.h. */
#include "pharma/program.h"

rac_program rac_program_new(rac_arena *arena, int slots)
{
    return (rac_program){.arena = arena, .slots = slots, .registers = slots};
}

static void append(rac_program *program, rac_instruction item)
{
    rac_push(program->arena, program->items, program->count, program->capacity, item);
}

int rac_program_add(rac_program *program, rac_op op, int a, int b, int c, double number)
{
    const int to = program->registers++;
    append(program, (rac_instruction){op, to, a, b, c, number});
    return to;
}

void rac_program_set(rac_program *program, int to, rac_op op, int a, int b)
{
    append(program, (rac_instruction){op, to, a, b, 0, 0});
}

/* How each kind of node becomes an instruction; `swap` exchanges the operands, `invert` puts a not behind. */
static const struct {
    bool known;
    rac_op op;
    bool swap, invert;
} NODES[RAC_NODE_KINDS] = {
    [RAC_NODE_NEGATE] = {true, RAC_OP_NEGATE, false, false},
    [RAC_NODE_NOT] = {true, RAC_OP_NOT, false, false},
    [RAC_NODE_ADD] = {true, RAC_OP_ADD, false, false},
    [RAC_NODE_SUBTRACT] = {true, RAC_OP_SUBTRACT, false, false},
    [RAC_NODE_MULTIPLY] = {true, RAC_OP_MULTIPLY, false, false},
    [RAC_NODE_DIVIDE] = {true, RAC_OP_DIVIDE, false, false},
    [RAC_NODE_POWER] = {true, RAC_OP_POWER, false, false},
    [RAC_NODE_LESS] = {true, RAC_OP_LESS, false, false},
    [RAC_NODE_LESS_EQUAL] = {true, RAC_OP_LESS_EQUAL, false, false},
    [RAC_NODE_GREATER] = {true, RAC_OP_LESS, true, false},
    [RAC_NODE_GREATER_EQUAL] = {true, RAC_OP_LESS_EQUAL, true, false},
    [RAC_NODE_EQUAL] = {true, RAC_OP_EQUAL, false, false},
    [RAC_NODE_NOT_EQUAL] = {true, RAC_OP_EQUAL, false, true},
    [RAC_NODE_AND] = {true, RAC_OP_AND, false, false},
    [RAC_NODE_OR] = {true, RAC_OP_OR, false, false},
    [RAC_NODE_IF] = {true, RAC_OP_SELECT, false, false},
};

static const rac_op CALLS[RAC_FUNCTIONS] = {
    [RAC_FUNCTION_MIN] = RAC_OP_MIN, [RAC_FUNCTION_MAX] = RAC_OP_MAX,   [RAC_FUNCTION_EXP] = RAC_OP_EXP,
    [RAC_FUNCTION_LOG] = RAC_OP_LOG, [RAC_FUNCTION_SQRT] = RAC_OP_SQRT, [RAC_FUNCTION_ABS] = RAC_OP_ABS,
};

typedef struct compiler {
    rac_program *program;
    const rac_expression *expression;
    rac_error *err;
} compiler;

static rac_status refuse(const compiler *c, const rac_node *node, const char *what)
{
    rac_fail(c->err, RAC_UNSUPPORTED, "%s cannot be computed in a model", what);
    rac_error_place(c->err, c->expression->file, node->line, node->column);
    return RAC_UNSUPPORTED;
}

/* Depth is bounded by rac_expression_max_depth. */
static rac_status compile(const compiler *c, const rac_node *node, int *result)
{
    rac_program *program = c->program;
    switch (node->kind) {
    case RAC_NODE_NUMBER:
        *result = rac_program_add(program, RAC_OP_NUMBER, 0, 0, 0, node->number_base);
        return RAC_OK;
    case RAC_NODE_TRUTH:
        *result = rac_program_add(program, RAC_OP_NUMBER, 0, 0, 0, node->truth);
        return RAC_OK;
    case RAC_NODE_NAME:
        if (node->type == RAC_VALUE_WORD)
            return refuse(c, node, "a word");
        *result = node->slot;
        return RAC_OK;
    case RAC_NODE_CALL: {
        int left;
        rac_status status = compile(c, node->items[0], &left);
        if (!status && node->count == 1)
            left = rac_program_add(program, CALLS[node->function], left, 0, 0, 0);
        for (size_t i = 1; !status && i < node->count; i++) {
            int right;
            status = compile(c, node->items[i], &right);
            if (!status)
                left = rac_program_add(program, CALLS[node->function], left, right, 0, 0);
        }
        *result = left;
        return status;
    }
    default:
        break;
    }
    if (!NODES[node->kind].known)
        return refuse(c, node, "a word");
    int operands[3] = {0, 0, 0};
    for (size_t i = 0; i < node->count && i < 3; i++) {
        const rac_status status = compile(c, node->items[i], &operands[i]);
        if (status)
            return status;
    }
    const bool swap = NODES[node->kind].swap;
    *result = rac_program_add(program, NODES[node->kind].op, operands[swap], operands[!swap], operands[2], 0);
    if (node->count < 2)
        program->items[program->count - 1].a = operands[0];
    if (NODES[node->kind].invert)
        *result = rac_program_add(program, RAC_OP_NOT, *result, 0, 0, 0);
    return RAC_OK;
}

rac_status rac_program_compile(rac_program *program, const rac_expression *expression, int *result,
                               rac_error *err)
{
    const compiler c = {program, expression, err};
    return compile(&c, expression->root, result);
}

static rac_dependence dependence(const rac_node *node, int first, int end)
{
    if (node->kind == RAC_NODE_NAME)
        return node->slot >= first && node->slot < end ? RAC_LINEAR_IN : RAC_CONSTANT_IN;
    rac_dependence items[3] = {RAC_CONSTANT_IN, RAC_CONSTANT_IN, RAC_CONSTANT_IN}, most = RAC_CONSTANT_IN;
    for (size_t i = 0; i < node->count; i++) {
        const rac_dependence item = dependence(node->items[i], first, end);
        if (i < 3)
            items[i] = item;
        most = item > most ? item : most;
    }
    if (most != RAC_LINEAR_IN)
        return most;
    switch (node->kind) {
    case RAC_NODE_NEGATE:
        return items[0];
    case RAC_NODE_ADD: /* a constant beside them is not a coefficient */
    case RAC_NODE_SUBTRACT:
        return items[0] == items[1] ? RAC_LINEAR_IN : RAC_OTHERWISE_IN;
    case RAC_NODE_MULTIPLY:
        return items[0] != items[1] ? RAC_LINEAR_IN : RAC_OTHERWISE_IN;
    case RAC_NODE_DIVIDE:
        return items[1] == RAC_CONSTANT_IN ? RAC_LINEAR_IN : RAC_OTHERWISE_IN;
    case RAC_NODE_IF:
        return items[0] == RAC_CONSTANT_IN && items[1] == items[2] ? RAC_LINEAR_IN : RAC_OTHERWISE_IN;
    default:
        return RAC_OTHERWISE_IN;
    }
}

rac_dependence rac_expression_dependence(const rac_expression *expression, int first_slot, int end_slot)
{
    return dependence(expression->root, first_slot, end_slot);
}
