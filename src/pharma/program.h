/* pharma/program.h: expressions as bytecode that runs over eight subjects at once, with derivatives on
 * request.
 *
 * A program is a straight list of instructions on registers.  The first registers are the slots of the model
 * (covariates, etas, parameters, amounts), set by the caller; the others are the program's own.  There are no
 * jumps: `if` computes both sides and selects, so every lane does the same.
 *
 * Derivatives are forward mode (Wengert 1964, doi:10.1145/355586.364791): each register carries its value
 * and, for each direction asked for, its derivative; an instruction applies the chain rule to all of them.
 * Comparisons and what they select are taken as constant, so a derivative at a border is the one of the side
 * taken.
 */
#ifndef RACEMATE_PHARMA_PROGRAM_H
#define RACEMATE_PHARMA_PROGRAM_H

#include "base/expression.h"
#include "pharma/lanes.h"

typedef enum rac_op {
    RAC_OP_NUMBER, /* to = number */
    RAC_OP_COPY,
    RAC_OP_ADD,
    RAC_OP_SUBTRACT,
    RAC_OP_MULTIPLY,
    RAC_OP_DIVIDE,
    RAC_OP_POWER,
    RAC_OP_NEGATE,
    RAC_OP_MIN,
    RAC_OP_MAX,
    RAC_OP_EXP,
    RAC_OP_LOG,
    RAC_OP_SQRT,
    RAC_OP_ABS,
    RAC_OP_LESS, /* truths are 1 and 0 */
    RAC_OP_LESS_EQUAL,
    RAC_OP_EQUAL,
    RAC_OP_NOT,
    RAC_OP_AND,
    RAC_OP_OR,
    RAC_OP_SELECT, /* a != 0 ? b : c */
    RAC_OP_LOGIT,  /* log(a / (1 - a)) */
    RAC_OP_EXPIT,  /* 1 / (1 + exp(-a)) */
} rac_op;

typedef struct rac_instruction {
    rac_op op;
    int to, a, b, c;
    double number;
} rac_instruction;

typedef struct rac_program {
    rac_arena *arena;
    rac_instruction *items;
    size_t count, capacity;
    int slots;     /* registers 0 .. slots-1 belong to the caller */
    int registers; /* how many a frame must have */
} rac_program;

rac_program rac_program_new(rac_arena *arena, int slots);
/* Appends an instruction with a register of its own for the result, which is returned. */
int rac_program_add(rac_program *program, rac_op op, int a, int b, int c, double number);
/* Appends an instruction that sets register `to`. */
void rac_program_set(rac_program *program, int to, rac_op op, int a, int b);
/* Appends a checked expression whose names have slots below program->slots; *result is the register that
 * holds its value.  RAC_UNSUPPORTED, with place, for words and `in`. */
rac_status rac_program_compile(rac_program *program, const rac_expression *expression, int *result,
                               rac_error *err);

/* How an expression depends on some slots (first_slot .. end_slot-1). */
typedef enum rac_dependence {
    RAC_CONSTANT_IN, /* does not mention them */
    RAC_LINEAR_IN,   /* a sum of them with coefficients free of them, nothing else */
    RAC_OTHERWISE_IN
} rac_dependence;
rac_dependence rac_expression_dependence(const rac_expression *expression, int first_slot, int end_slot);

/* ---- equations: see program_shape.c ---- */

/* True when an expression is constant + coefficient x slot, neither of which mentions the slot. */
bool rac_expression_is_affine(const rac_expression *expression, int slot);

/* Appends both parts of an affine expression; a register is -1 where its part is nothing. */
typedef struct rac_affine {
    int constant, coefficient;
} rac_affine;
rac_status rac_program_compile_affine(rac_program *program, const rac_expression *expression, int slot,
                                      rac_affine *result, rac_error *err);

/* Computes equal things once: drops instructions that repeat an earlier one, and corrects the registers in
 * `results` (count, -1 stays).  Only for programs in which every register is set once. */
void rac_program_shorten(rac_program *program, int *const *results, size_t count);

/* Splits a program by what its instructions rest on: slot s has level[s], a result the highest level of its
 * operands, and parts[l] holds the instructions of level l, in order.  The parts share the registers of the
 * program. */
void rac_program_split(const rac_program *program, const char *level, rac_program *parts, int levels);

#endif
