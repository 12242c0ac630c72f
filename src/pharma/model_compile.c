/* From a checked model to programs and a linear system: see model.h. */
#include "pharma/kernel.h"
#include "pharma/model_read.h"

#include <string.h>

/* Names were given provisional slots while their number was unknown; now they get the real ones. */
void model_settle(const rac_model *m, rac_node *node)
{
    if (node->kind == RAC_NODE_NAME) {
        const int slot = node->slot;
        node->slot = slot >= NAME_AMOUNT      ? rac_slot_amount(m, (size_t)(slot - NAME_AMOUNT))
                     : slot >= NAME_PARAMETER ? rac_slot_parameter(m, (size_t)(slot - NAME_PARAMETER))
                                              : rac_slot_covariate((size_t)slot);
    }
    for (size_t i = 0; i < node->count; i++)
        model_settle(m, node->items[i]);
}

rac_status model_add_expression(const rac_model *m, rac_program *program, rac_expression *expression,
                                int *result, rac_error *err)
{
    model_settle(m, expression->root);
    return rac_program_compile(program, expression, result, err);
}

/* A typical value moved by its eta. */
static int apply_eta(rac_program *p, int typical, int eta, rac_distribution distribution)
{
    switch (distribution) {
    case RAC_LOG_NORMAL:
        return rac_program_add(p, RAC_OP_MULTIPLY, typical, rac_program_add(p, RAC_OP_EXP, eta, 0, 0, 0), 0,
                               0);
    case RAC_LOGIT_NORMAL: {
        const int logit = rac_program_add(p, RAC_OP_LOGIT, typical, 0, 0, 0);
        return rac_program_add(p, RAC_OP_EXPIT, rac_program_add(p, RAC_OP_ADD, logit, eta, 0, 0), 0, 0, 0);
    }
    default:
        return rac_program_add(p, RAC_OP_ADD, typical, eta, 0, 0);
    }
}

static rac_status compile_parameters(rac_model *m, rac_error *err)
{
    rac_program *p = &m->setup;
    for (size_t i = 0; i < m->parameter_count; i++) {
        int value;
        if (!m->parameters[i].expression)
            continue;
        const rac_status status = model_add_expression(m, p, m->parameters[i].expression, &value, err);
        if (status)
            return status;
        for (size_t e = 0; e < m->eta_count; e++)
            if (m->etas[e].parameter == (int)i)
                value = apply_eta(p, value, rac_slot_eta(m, e), m->etas[e].distribution);
        rac_program_set(p, rac_slot_parameter(m, i), RAC_OP_COPY, value, value);
    }
    return RAC_OK;
}

static rac_status compile_parts(reader *r, rac_error *err)
{
    rac_model *m = r->model;
    for (size_t i = 0; i < m->part_count; i++) {
        rac_part *part = &m->parts[i];
        const part_source *source = &r->part_sources[i];
        const struct {
            rac_expression *from;
            int *to;
        } four[] = {{source->fraction, &part->fraction},
                    {source->lag, &part->lag},
                    {source->duration, &part->duration},
                    {source->rate, &part->rate}};
        for (int k = 0; k < 4; k++) {
            *four[k].to = -1;
            const rac_status status =
                four[k].from ? model_add_expression(m, &m->setup, four[k].from, four[k].to, err) : RAC_OK;
            if (status)
                return status;
        }
    }
    return RAC_OK;
}

static rac_status compile_flows(reader *r, rac_error *err)
{
    rac_model *m = r->model;
    rac_flow *flows = rac_many(r->arena, rac_flow, r->flow_count);
    m->flows = rac_many(r->arena, rac_model_flow, r->flow_count);
    int equation = -1, result = -1;
    for (size_t f = 0; f < r->flow_count; f++) {
        const flow_source *source = &r->flows[f];
        flows[f] = source->flow;
        rac_status status = RAC_OK;
        if (source->equation < 0) {
            status = model_add_expression(m, &m->setup, source->rate, &m->flows[f].result, err);
        } else { /* the flows of one equation stand together and share its program */
            if (source->equation != equation)
                status = model_add_expression(m, &m->linear, source->rate, &result, err);
            equation = source->equation;
            m->flows[f] = (rac_model_flow){result, true};
        }
        if (status)
            return status;
    }
    if (!m->linear_count) { /* nothing but equations: an exact part without amounts */
        m->linear_shape = rac_new(r->arena, struct rac_linear);
        return RAC_OK;
    }
    return rac_linear_new(r->arena, (int)m->linear_count, flows, (int)r->flow_count, &m->linear_shape, err);
}

static rac_status compile_outputs(rac_model *m, rac_error *err)
{
    m->all_linear = true;
    m->outputs_use_linear = false;
    for (size_t o = 0; o < m->output_count; o++) {
        const rac_expression *e = m->outputs[o].expression;
        const int states = NAME_AMOUNT + (int)m->linear_count;
        m->outputs[o].uses_states =
            rac_expression_dependence(e, states, NAME_AMOUNT + RAC_COMPARTMENTS_MAX) != RAC_CONSTANT_IN;
        m->outputs[o].linear &= !m->outputs[o].uses_states;
        m->outputs_use_linear |= rac_expression_dependence(e, NAME_AMOUNT, states) != RAC_CONSTANT_IN;
        m->all_linear &= m->outputs[o].linear;
    }
    for (size_t o = 0; o < m->output_count; o++) {
        const rac_status status = model_add_expression(m, m->all_linear ? &m->linear : &m->output_program,
                                                       m->outputs[o].expression, &m->outputs[o].result, err);
        if (status)
            return status;
    }
    return RAC_OK;
}

rac_status model_compile(reader *r, rac_error *err)
{
    rac_model *m = r->model;
    m->setup = rac_program_new(r->arena, rac_slots(m));
    m->linear = rac_program_new(r->arena, rac_slots(m));
    m->output_program = rac_program_new(r->arena, rac_slots(m));
    rac_status status = compile_parameters(m, err);
    if (!status)
        status = compile_flows(r, err);
    if (!status)
        status = compile_parts(r, err);
    if (!status)
        status = compile_outputs(m, err);
    if (!status)
        status = model_compile_equations(r, err);
    return status;
}

rac_status rac_model_evaluate(rac_arena *arena, const rac_model *model, const double *covariates,
                              const double *etas, double *parameters, double *slopes, rac_error *err)
{
    const rac_status status = rac_model_check_ready(model, err);
    if (status)
        return status;
    const size_t registers = (size_t)model->setup.registers, directions = model->eta_count;
    rac_lanes *frame = rac_lanes_new(arena, registers);
    for (size_t i = 0; i < model->covariate_count; i++)
        frame[rac_slot_covariate(i)] = (rac_lanes){0} + covariates[i];
    for (size_t i = 0; i < directions; i++)
        frame[rac_slot_eta(model, i)] = (rac_lanes){0} + (etas ? etas[i] : 0);
    if (slopes) {
        rac_lanes *moved = rac_lanes_new(arena, registers * directions);
        for (size_t i = 0; i < directions; i++)
            moved[(size_t)rac_slot_eta(model, i) * directions + i] = (rac_lanes){0} + 1.0;
        rac_kernel_best()->run_forward(&model->setup, frame, moved, (int)directions);
        for (size_t i = 0; i < model->parameter_count * directions; i++)
            slopes[i] = moved[(size_t)rac_slot_parameter(model, 0) * directions + i][0];
    } else {
        rac_kernel_best()->run(&model->setup, frame);
    }
    for (size_t i = 0; i < model->parameter_count; i++)
        parameters[i] = frame[rac_slot_parameter(model, i)][0];
    return RAC_OK;
}
