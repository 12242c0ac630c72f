/* Equations of a model file: read, told apart into linear ones and states, compiled.  See model.h.
 *
 * An equation is linear when its right side is a sum of amounts with coefficients free of amounts, all of
 * them amounts of the linear system themselves.  It becomes flows of the exact solution.  Every other one
 * makes its amount a state. */
#include "pharma/kernel.h"
#include "pharma/model_read.h"

#include <math.h>
#include <string.h>

/* ---- reading ---- */

/* Names an equation's compartment before any right side is read, so that equations may refer to each other.
 */
static void name_equation(reader *r, const rac_yaml *key, const rac_yaml *node)
{
    static const char *const keys[] = {"unit", "rate", "start"};
    rac_text text;
    rac_unit unit;
    rac_error err = {0};
    if (!rac_yaml_check_keys(node, keys, 3, r->problems) ||
        !rac_yaml_want_text(rac_yaml_need(node, "unit", r->problems), &text, r->problems))
        return;
    if (rac_unit_parse(text, &unit, &err))
        rac_yaml_problem_from(r->problems, rac_yaml_find(node, "unit"), &err);
    else if (model_find_amount(r->model, key->text) >= 0) {
        rac_error *problem =
            rac_yaml_problem(r->problems, key, "'%.*s' has flows already", RAC_TEXT(key->text));
        rac_error_hint(problem, "write all that enters and leaves it in its equation");
    } else
        model_add_amount(r, key, key->text, model_unit_of_dimension(unit.dimension));
}

static void read_equation(reader *r, const rac_yaml *key, const rac_yaml *node)
{
    equation_source source = {.compartment = model_find_amount(r->model, key->text)};
    source.rate_node = rac_yaml_need(node, "rate", r->problems);
    source.start_node = rac_yaml_find(node, "start");
    if (source.compartment < 0 || !source.rate_node)
        return;
    const rac_unit amount = r->model->compartment_units[source.compartment];
    rac_dimension per_h;
    rac_error err = {0};
    if (rac_dimension_divide(amount.dimension, rac_unit_of("h").dimension, &per_h, &err)) {
        rac_yaml_problem_from(r->problems, source.rate_node, &err);
        return;
    }
    const rac_unit rate = model_unit_of_dimension(per_h);
    r->amounts_visible = true;
    const bool rate_read = model_want_expression(r, source.rate_node, &rate, &source.rate);
    r->amounts_visible = false;
    if (source.start_node && !model_want_expression(r, source.start_node, &amount, &source.start))
        return;
    source.linear = rate_read &&
                    rac_expression_dependence(source.rate, NAME_AMOUNT, NAME_AMOUNT + RAC_COMPARTMENTS_MAX) ==
                        RAC_LINEAR_IN;
    if (rate_read)
        rac_push(r->arena, r->equations, r->equation_count, r->equation_capacity, source);
}

/* ---- telling linear equations from states ---- */

static bool mentions(const rac_expression *expression, int amount)
{
    return rac_expression_dependence(expression, NAME_AMOUNT + amount, NAME_AMOUNT + amount + 1) !=
           RAC_CONSTANT_IN;
}

/* A linear equation that depends on a state is driven by what is not exact: a state too. */
static void find_states(reader *r)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < r->equation_count; i++)
            for (size_t j = 0; j < r->equation_count && r->equations[i].linear; j++)
                if (!r->equations[j].linear && mentions(r->equations[i].rate, r->equations[j].compartment)) {
                    r->equations[i].linear = false;
                    changed = true;
                }
    }
}

static void move_names(const int *place, rac_node *node)
{
    if (node->kind == RAC_NODE_NAME && node->slot >= NAME_AMOUNT)
        node->slot = NAME_AMOUNT + place[node->slot - NAME_AMOUNT];
    for (size_t i = 0; i < node->count; i++)
        move_names(place, node->items[i]);
}

/* Moves states behind all linear amounts, in the order of the file. */
static void order_amounts(reader *r)
{
    rac_model *m = r->model;
    bool is_state[RAC_COMPARTMENTS_MAX] = {false};
    int place[RAC_COMPARTMENTS_MAX];
    const char *names[RAC_COMPARTMENTS_MAX];
    rac_unit units[RAC_COMPARTMENTS_MAX];
    for (size_t i = 0; i < r->equation_count; i++)
        is_state[r->equations[i].compartment] |= !r->equations[i].linear;
    int next = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < m->compartment_count; i++)
            if (is_state[i] == (pass == 1)) {
                names[next] = m->compartments[i];
                units[next] = m->compartment_units[i];
                place[i] = next++;
            }
        if (!pass)
            m->linear_count = (size_t)next;
    }
    for (int i = 0; i < next; i++) {
        m->compartments[i] = names[i];
        m->compartment_units[i] = units[i];
    }
    for (size_t f = 0; f < r->flow_count; f++) {
        r->flows[f].flow.from = place[r->flows[f].flow.from];
        if (r->flows[f].flow.to != RAC_OUT)
            r->flows[f].flow.to = place[r->flows[f].flow.to];
    }
    for (size_t i = 0; i < r->equation_count; i++) {
        equation_source *e = &r->equations[i];
        e->compartment = place[e->compartment];
        move_names(place, e->rate->root);
        for (size_t n = 0; n < e->rate->name_count; n++)
            if (e->rate->names[n].found.slot >= NAME_AMOUNT)
                e->rate->names[n].found.slot =
                    NAME_AMOUNT + place[e->rate->names[n].found.slot - NAME_AMOUNT];
    }
}

/* A linear equation as flows that copy: one from each amount it mentions. */
static void add_flows(reader *r, const equation_source *e)
{
    for (size_t i = 0; i < e->rate->name_count; i++)
        if (e->rate->names[i].found.slot >= NAME_AMOUNT) {
            const int from = e->rate->names[i].found.slot - NAME_AMOUNT;
            const flow_source source = {
                {.from = from, .to = e->compartment, .copies = true}, e->rate, e->compartment, NULL};
            rac_push(r->arena, r->flows, r->flow_count, r->flow_capacity, source);
        }
}

void model_read_equations(reader *r, const rac_yaml *equations)
{
    if (equations && rac_yaml_want_map(equations, r->problems)) {
        for (size_t i = 0; i < equations->count; i++)
            name_equation(r, &equations->keys[i], &equations->items[i]);
        for (size_t i = 0; i < equations->count; i++)
            read_equation(r, &equations->keys[i], &equations->items[i]);
    }
    find_states(r);
    order_amounts(r);
    for (size_t i = 0; i < r->equation_count; i++)
        if (r->equations[i].linear)
            add_flows(r, &r->equations[i]);
}

/* ---- compiling ---- */

/* The order in which each state depends only on itself and on those before it; false when there is none. */
static bool find_order(const rac_model *m, rac_expression *const *rates, int count, int *order)
{
    bool placed[RAC_COMPARTMENTS_MAX] = {false};
    const int first = rac_slot_amount(m, m->linear_count);
    for (int at = 0; at < count; at++) {
        int found = -1;
        for (int i = 0; i < count && found < 0; i++) {
            bool ready = !placed[i] && rac_expression_is_affine(rates[i], first + i);
            for (int j = 0; j < count && ready; j++)
                ready = j == i || placed[j] ||
                        rac_expression_dependence(rates[i], first + j, first + j + 1) == RAC_CONSTANT_IN;
            if (ready)
                found = i;
        }
        if (found < 0)
            return false;
        placed[found] = true;
        order[at] = found;
    }
    return true;
}

/* Levels of the slots: nothing moves before the linear amounts; `of_state` gives each state's. */
static void split_program(const rac_model *m, const rac_program *program, const int *of_state,
                          rac_program *parts, int levels)
{
    char *level = rac_many(program->arena, char, (size_t)program->slots);
    for (size_t i = 0; i < m->compartment_count; i++)
        level[rac_slot_amount(m, i)] =
            (char)(i < m->linear_count ? RAC_LEVEL_DRIVEN : of_state[i - m->linear_count]);
    rac_program_split(program, level, parts, levels);
}

/* What the panels can be spared: coefficients that rest on parameters alone, states no other rests on. */
static void find_plain_states(rac_model *m, rac_expression *const *rates, rac_arena *arena)
{
    rac_equations *e = &m->equations;
    const int first = rac_slot_amount(m, m->linear_count);
    e->steady = rac_many(arena, bool, (size_t)e->count);
    e->feeds = rac_many(arena, bool, (size_t)e->count);
    for (int at = 0; at < e->count; at++) {
        const int coefficient = e->affine[at].coefficient, slot = first + e->order[at];
        e->steady[at] = coefficient < rac_slot_amount(m, 0);
        for (size_t i = 0; i < e->cascade[RAC_LEVEL_ONCE].count; i++)
            e->steady[at] |= e->cascade[RAC_LEVEL_ONCE].items[i].to == coefficient;
        for (int other = 0; other < e->count; other++)
            e->feeds[at] |= other != e->order[at] &&
                            rac_expression_dependence(rates[other], slot, slot + 1) != RAC_CONSTANT_IN;
    }
}

static rac_status compile_cascade(reader *r, rac_expression *const *rates, rac_error *err)
{
    rac_model *m = r->model;
    rac_equations *e = &m->equations;
    e->order = rac_many(r->arena, int, (size_t)e->count);
    e->is_cascade = find_order(m, rates, e->count, e->order);
    if (!e->is_cascade)
        return RAC_OK;
    rac_program program = rac_program_new(r->arena, rac_slots(m));
    int *results[2 * RAC_COMPARTMENTS_MAX], level[RAC_COMPARTMENTS_MAX];
    e->affine = rac_many(r->arena, rac_affine, (size_t)e->count);
    for (int at = 0; at < e->count; at++) {
        const int slot = rac_slot_amount(m, m->linear_count) + e->order[at];
        const rac_status status =
            rac_program_compile_affine(&program, rates[e->order[at]], slot, &e->affine[at], err);
        if (status)
            return status;
        results[2 * at] = &e->affine[at].constant;
        results[2 * at + 1] = &e->affine[at].coefficient;
        level[e->order[at]] = RAC_LEVEL_STATES + at;
    }
    rac_program_shorten(&program, results, 2 * (size_t)e->count);
    split_program(m, &program, level, e->cascade, RAC_LEVEL_STATES + e->count);
    find_plain_states(m, rates, r->arena);
    return RAC_OK;
}

static rac_status compile_together(reader *r, rac_expression *const *rates, rac_error *err)
{
    rac_model *m = r->model;
    rac_equations *e = &m->equations;
    rac_program program = rac_program_new(r->arena, rac_slots(m));
    int *results[RAC_COMPARTMENTS_MAX], level[RAC_COMPARTMENTS_MAX];
    e->rate = rac_many(r->arena, int, (size_t)e->count);
    for (int i = 0; i < e->count; i++) {
        const rac_status status = rac_program_compile(&program, rates[i], &e->rate[i], err);
        if (status)
            return status;
        results[i] = &e->rate[i];
        level[i] = RAC_LEVEL_STATES;
    }
    rac_program_shorten(&program, results, (size_t)e->count);
    split_program(m, &program, level, e->together, RAC_LEVEL_STATES + 1);
    return RAC_OK;
}

static rac_status compile_starts(reader *r, rac_error *err)
{
    rac_model *m = r->model;
    m->starts = rac_many(r->arena, int, m->compartment_count);
    for (size_t i = 0; i < m->compartment_count; i++)
        m->starts[i] = -1;
    for (size_t i = 0; i < r->equation_count; i++) {
        const equation_source *e = &r->equations[i];
        if (!e->start)
            continue;
        const rac_status status =
            model_add_expression(m, &m->setup, e->start, &m->starts[e->compartment], err);
        if (status)
            return status;
        m->has_linear_start |= e->linear;
    }
    return RAC_OK;
}

/* The linear amounts the equations mention, and the part of the linear system from which anything comes to
 * them. What flows from there to elsewhere leaves. */
static rac_status find_drivers(reader *r, rac_expression *const *rates, rac_error *err)
{
    rac_model *m = r->model;
    rac_equations *e = &m->equations;
    const rac_linear *whole = m->linear_shape;
    const int n = whole->n;
    int *drivers = rac_many(r->arena, int, (size_t)n),
        *amount = rac_many(r->arena, int, m->compartment_count);
    int *flow = rac_many(r->arena, int, (size_t)whole->flow_count), count = 0;
    rac_flow *flows = rac_many(r->arena, rac_flow, (size_t)whole->flow_count);
    bool needed[RAC_COMPARTMENTS_MAX] = {false};
    for (int d = 0; d < n; d++) {
        bool used = false;
        for (int i = 0; i < e->count; i++)
            used |= mentions(rates[i], d);
        if (!used)
            continue;
        drivers[e->driver_count++] = d;
        for (int i = 0; i < n; i++)
            needed[i] |= whole->reach[whole->position[d]][whole->position[i]];
    }
    int kept = 0;
    for (int i = 0; i < n; i++)
        amount[i] = needed[i] ? kept++ : -1;
    for (int i = 0; i < e->count; i++)
        amount[n + i] = kept + i;
    for (int f = 0; f < whole->flow_count; f++) {
        const rac_flow *from = &whole->flows[f];
        const int to = from->to == RAC_OUT || amount[from->to] < 0 ? RAC_OUT : amount[from->to];
        if (!needed[from->from] || (to == RAC_OUT && from->copies))
            continue;
        flows[count] = (rac_flow){.from = amount[from->from], .to = to, .copies = from->copies};
        flow[count++] = f;
    }
    e->drivers = drivers;
    e->amount = amount;
    e->flow = flow;
    if (kept)
        return rac_linear_new(r->arena, kept, flows, count, &e->shape, err);
    e->shape = rac_new(r->arena, struct rac_linear);
    return RAC_OK;
}

rac_status model_compile_equations(reader *r, rac_error *err)
{
    rac_model *m = r->model;
    rac_equations *e = &m->equations;
    rac_expression *rates[RAC_COMPARTMENTS_MAX] = {NULL};
    e->count = (int)(m->compartment_count - m->linear_count);
    for (size_t i = 0; i < r->equation_count; i++)
        if (!r->equations[i].linear)
            rates[r->equations[i].compartment - (int)m->linear_count] = r->equations[i].rate;
    rac_status status = find_drivers(r, rates, err);
    if (status)
        return status;
    for (int i = 0; i < e->count; i++)
        model_settle(m, rates[i]->root);
    status = compile_starts(r, err);
    if (!status && e->count)
        status = compile_together(r, rates, err);
    if (!status && e->count)
        status = compile_cascade(r, rates, err);
    return status;
}

/* ---- is it finite where it begins? ---- */

void model_check_equations(reader *r)
{
    const rac_model *m = r->model;
    rac_error unused = {0};
    if (!r->equation_count || rac_model_check_ready(m, &unused))
        return;
    const rac_equations *e = &m->equations;
    rac_lanes *frame = rac_lanes_new(r->arena, (size_t)m->setup.registers);
    rac_lanes *rates = rac_lanes_new(r->arena, (size_t)e->together[0].registers + (size_t)rac_slots(m));
    const rac_kernel *kernel = rac_kernel_best();
    for (size_t i = 0; i < m->covariate_count; i++) {
        const rac_covariate *c = &m->covariates[i];
        frame[rac_slot_covariate(i)] += c->has_fallback ? c->fallback : 0.5 * (c->low + c->high);
    }
    kernel->run(&m->setup, frame);
    memcpy(rates, frame, sizeof *rates * (size_t)rac_slot_amount(m, 0));
    for (size_t i = 0; i < m->compartment_count; i++)
        if (m->starts[i] >= 0)
            rates[rac_slot_amount(m, i)] = frame[m->starts[i]];
    for (int l = 0; e->count && l <= RAC_LEVEL_STATES; l++)
        kernel->run(&e->together[l], rates);
    for (size_t i = 0; i < r->equation_count; i++) {
        const equation_source *q = &r->equations[i];
        if (q->start && !isfinite(frame[m->starts[q->compartment]][0]))
            rac_yaml_problem(r->problems, q->start_node, "this start is not finite for the typical subject");
        else if (!q->linear && !isfinite(rates[e->rate[q->compartment - (int)m->linear_count]][0]))
            rac_error_hint(
                rac_yaml_problem(r->problems, q->rate_node,
                                 "this rate is not finite for the typical subject at the beginning"),
                "amounts begin at their start, or at 0: is there a division by 0 or a logarithm of 0?");
    }
}
