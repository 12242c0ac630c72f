/* pharma/model.h: a model after reading.  What a file means is in racemate/pharma/model.h.
 *
 * Slots, the registers that programs share, stand in this order: covariates, etas, parameters, amounts.
 *   setup    run once for a subject and epoch: parameters from covariates and etas, then flows and routes
 *   linear   linear equations and outputs, run with one amount 1 and the others 0: gives their coefficients
 *   outputs  outputs that are not linear, run at every time wanted
 * Amounts are compartments of the exact linear system first, then states: what has an equation that is not
 * linear, or depends on such a state.  Their programs are in rac_equations.
 */
#ifndef RACEMATE_PHARMA_MODEL_INSIDE_H
#define RACEMATE_PHARMA_MODEL_INSIDE_H

#include "pharma/graph.h"
#include "pharma/program.h"
#include "racemate/pharma/look.h"
#include "racemate/pharma/model.h"
#include "racemate/pharma/modify.h"
#include "racemate/pharma/sources.h"

enum { RAC_ETAS_MAX = 64 };

typedef enum rac_distribution { RAC_LOG_NORMAL, RAC_LOGIT_NORMAL, RAC_NORMAL } rac_distribution;

typedef struct rac_eta {
    int parameter;
    rac_distribution distribution;
} rac_eta;

/* Etas that vary together: eta = factor z with z standard normal, factor lower triangular (Cholesky). */
typedef struct rac_eta_block {
    int first, count;
    bool occasion;
    const double *factor; /* count x count */
    rac_origin origin;
} rac_eta_block;

typedef struct rac_parameter {
    const char *name;
    rac_expression *expression; /* NULL: unknown */
    rac_unit unit;              /* base unit of its dimension */
    rac_origin origin;
} rac_parameter;

/* A number that stands where it can have no source: see sources.h. */
typedef struct rac_loose_number {
    const char *where, *text; /* "flow central -> nk", "223.7" */
    int line, column;
} rac_loose_number;

/* Registers of setup that describe a part of a route; -1 where the file says nothing. */
typedef struct rac_part {
    int compartment;
    int fraction, lag, duration, rate;
} rac_part;

typedef struct rac_residual {
    double additive, proportional, log; /* standard deviations; additive in base units */
} rac_residual;

typedef struct rac_output {
    const char *name;
    rac_expression *expression;
    rac_unit unit;
    bool linear;
    bool uses_states;
    int result; /* register of `linear` or of `outputs` */
    rac_residual residual;
    rac_origin residual_origin;
} rac_output;

/* A flow of the linear system: its rate is a register of setup, or (equations) of linear with amount
 * `from` 1. */
typedef struct rac_model_flow {
    int result;
    bool from_equation;
} rac_model_flow;

/* What an instruction of the equations rests on. */
enum {
    RAC_LEVEL_ONCE,
    RAC_LEVEL_DRIVEN,
    RAC_LEVEL_STATES,
    RAC_LEVELS_MAX = RAC_LEVEL_STATES + RAC_COMPARTMENTS_MAX
};

/* The equations of the states, for the two ways to solve them; see states.h.  Each way has one program, in
 * parts: what rests on parameters alone, on the exact amounts, on states. */
typedef struct rac_equations {
    int count; /* states */
    /* the part of the linear system that drives them: what they mention, and what flows there */
    rac_linear *shape;
    const int *flow;    /* by flow of that shape: the same of linear_shape */
    const int *amount;  /* by amount: its compartment in that shape, shape->n + s for state s, -1 for none */
    const int *drivers; /* linear amounts the equations mention, as amounts of the model */
    int driver_count;
    /* together: one part for all that rests on states */
    rac_program together[RAC_LEVEL_STATES + 1];
    int *rate; /* count: register of each state's rate */
    /* cascade: dx/dt = constant + coefficient x given the states before it in the order; part
     * RAC_LEVEL_STATES + p is what rests on the state at place p, but on none after it */
    bool is_cascade;
    int *order;
    rac_program cascade[RAC_LEVELS_MAX];
    rac_affine *affine; /* by place in the order */
    bool *steady;       /* its coefficient rests on parameters alone */
    bool *feeds;        /* a state after it rests on it */
} rac_equations;

struct rac_model {
    rac_model_about about;
    int weight; /* index of the covariate named weight, -1 */
    rac_covariate *covariates;
    size_t covariate_count, covariate_capacity;
    rac_parameter *parameters;
    size_t parameter_count, parameter_capacity;
    rac_eta *etas;
    size_t eta_count, eta_capacity;
    rac_eta_block *blocks;
    size_t block_count, block_capacity;
    const char **compartments;
    rac_unit *compartment_units;
    size_t compartment_count, compartment_capacity;
    const char **routes;
    size_t route_count, route_capacity;
    int *route_first; /* routes + 1 */
    rac_part *parts;
    size_t part_count, part_capacity;
    rac_output *outputs;
    size_t output_count, output_capacity;
    bool all_linear;         /* every output is, and none mentions a state */
    bool outputs_use_linear; /* some output mentions an amount of the linear system */
    size_t linear_count;     /* amounts of the linear system; the others are states */
    int *starts;             /* by amount: register of setup with its initial value, -1 for 0 */
    bool has_linear_start;
    rac_equations equations;
    rac_linear *linear_shape;
    rac_model_flow *flows; /* as linear_shape has them */
    rac_program setup, linear, output_program;
    rac_model_shape shape; /* as written: look.h */
    rac_modifier *modifiers;
    size_t modifier_count, modifier_capacity;
    rac_interaction *interactions;
    size_t interaction_count, interaction_capacity;
    const char *file; /* as it is called in messages */
    rac_reference *references;
    size_t reference_count, reference_capacity;
    rac_origin *covariate_origins; /* covariates */
    size_t covariate_origin_count, covariate_origin_capacity;
    rac_loose_number *loose;
    size_t loose_count, loose_capacity;
};

static inline int rac_slot_covariate(size_t i)
{
    return (int)i;
}
static inline int rac_slot_eta(const rac_model *m, size_t i)
{
    return (int)(m->covariate_count + i);
}
static inline int rac_slot_parameter(const rac_model *m, size_t i)
{
    return (int)(m->covariate_count + m->eta_count + i);
}
static inline int rac_slot_amount(const rac_model *m, size_t i)
{
    return (int)(m->covariate_count + m->eta_count + m->parameter_count + i);
}
static inline int rac_slots(const rac_model *m)
{
    return rac_slot_amount(m, m->compartment_count);
}

/* The deviations of one subject in one occasion, drawn from (seed, subject): RAC_ETAS_MAX of them at most. */
void rac_model_draw(const rac_model *m, uint64_t seed, uint64_t subject, int occasion, double *eta);

#endif
