/* Numbers that cannot be: every parameter, flow and part of a route of the typical subject, and with each
 * covariate at either end of what was studied.  What is checked is what the engine rests on; a file that
 * passes can still go wrong for a subject far out, who is then marked (population.h). */
#include "pharma/kernel.h"
#include "pharma/model_read.h"

#include <math.h>
#include <string.h>

typedef struct values {
    reader *r;
    const rac_lanes *frame; /* setup, run at this point */
    const char *where;      /* "for the typical subject (weight 100 kg)", "at weight 40 kg" */
} values;

/* "V is -10 L, CL is 5 L/h": what the names of an expression are here. */
static const char *name_values(const values *v, const rac_expression *expression)
{
    const rac_model *m = v->r->model;
    const char *text = "";
    for (size_t i = 0; expression && i < expression->name_count && i < 6; i++) {
        const int slot = expression->names[i].found.slot;
        if (slot < NAME_PARAMETER || slot >= NAME_AMOUNT)
            continue;
        const rac_parameter *p = &m->parameters[slot - NAME_PARAMETER];
        text = rac_format(v->r->arena, "%s%s%s is %g%s%s", text, text[0] ? ", " : "", p->name,
                          v->frame[rac_slot_parameter(m, (size_t)(slot - NAME_PARAMETER))][0],
                          p->unit.text[0] ? " " : "", p->unit.text);
    }
    return text;
}

static void report(const values *v, const rac_yaml *node, const rac_expression *expression, const char *what,
                   double value, const char *unit, const char *rule)
{
    const char *number =
        isfinite(value) ? rac_format(v->r->arena, "%g%s%s", value, unit[0] ? " " : "", unit) : "not finite";
    rac_error *problem = rac_yaml_problem(v->r->problems, node, "%s is %s %s%s%s", what, number, v->where,
                                          rule[0] ? ": " : "", rule);
    const char *names = name_values(v, expression);
    if (names[0])
        rac_error_hint(problem, "%s", names);
    else if (!isfinite(value))
        rac_error_hint(problem, "is there a division by 0, or the logarithm or root of a negative number?");
}

static void check_parameters(const values *v)
{
    const rac_model *m = v->r->model;
    for (size_t i = 0; i < m->parameter_count; i++) {
        const rac_parameter *p = &m->parameters[i];
        const double value = v->frame[rac_slot_parameter(m, i)][0];
        const char *rule = isfinite(value) ? NULL : "";
        for (size_t e = 0; e < m->eta_count; e++)
            if (m->etas[e].parameter != (int)i)
                continue;
            else if (m->etas[e].distribution == RAC_LOG_NORMAL && !(value > 0))
                rule = "what varies log-normally is positive";
            else if (m->etas[e].distribution == RAC_LOGIT_NORMAL && !(value > 0 && value < 1))
                rule = "what varies logit-normally lies between 0 and 1";
        const rac_yaml *map = v->r->parameter_map;
        for (size_t k = 0; rule && k < map->count; k++)
            if (rac_text_is(map->keys[k].text, p->name))
                report(v, &map->items[k], p->expression, p->name, value, p->unit.text, rule);
    }
}

static void check_flows(const values *v)
{
    for (size_t f = 0; f < v->r->flow_count; f++) {
        const flow_source *source = &v->r->flows[f];
        if (source->equation >= 0)
            continue;
        const double value = v->frame[v->r->model->flows[f].result][0];
        if (!isfinite(value) || value < 0)
            report(v, source->key, source->rate,
                   rac_format(v->r->arena, "the rate of %.*s", RAC_TEXT(source->key->text)), value, "/h",
                   isfinite(value) ? "a flow runs one way" : "");
    }
}

static void check_parts(const values *v)
{
    for (size_t i = 0; i < v->r->part_source_count; i++) {
        const part_source *source = &v->r->part_sources[i];
        const rac_part *part = &v->r->model->parts[i];
        const struct {
            const char *what, *unit, *rule;
            int result;
            const rac_expression *expression;
            bool zero; /* allowed */
        } four[] = {
            {"the fraction", "", "a fraction is not negative", part->fraction, source->fraction, true},
            {"the lag", "h", "a lag is not negative", part->lag, source->lag, true},
            {"the duration", "h", "a duration is positive", part->duration, source->duration, false},
            {"the rate", "mg/h", "a rate is positive", part->rate, source->rate, false}};
        for (size_t k = 0; k < 4; k++) {
            const double value = four[k].result < 0 ? 1 : v->frame[four[k].result][0];
            if (!isfinite(value) || value < 0 || (!four[k].zero && !(value > 0)))
                report(v, source->node, four[k].expression, four[k].what, value, four[k].unit,
                       isfinite(value) ? four[k].rule : "");
        }
    }
}

/* A compartment that nothing enters is always empty: most likely its name is misspelt. */
static void check_reached(reader *r)
{
    const rac_model *m = r->model;
    bool reached[RAC_COMPARTMENTS_MAX] = {false};
    for (size_t i = 0; i < m->part_count; i++)
        reached[m->parts[i].compartment] = true;
    for (size_t i = 0; i < r->equation_count; i++)
        reached[r->equations[i].compartment] = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t f = 0; f < r->flow_count; f++) {
            const rac_flow *flow = &r->flows[f].flow;
            if (flow->to != RAC_OUT && reached[flow->from] && !reached[flow->to])
                changed = reached[flow->to] = true;
        }
    }
    for (size_t f = 0; f < r->flow_count; f++) {
        const int from = r->flows[f].flow.from;
        if (reached[from] || !r->flows[f].key)
            continue;
        reached[from] = true; /* told once */
        rac_error *problem = rac_yaml_problem(r->problems, r->flows[f].key,
                                              "nothing enters '%s': no route, "
                                              "no flow, no equation",
                                              m->compartments[from]);
        const char *near = NULL, **others = rac_many(r->arena, const char *, m->compartment_count);
        size_t count = 0;
        for (size_t i = 0; i < m->compartment_count; i++)
            if ((int)i != from)
                others[count++] = m->compartments[i];
        if ((near = rac_text_nearest(rac_text_of(m->compartments[from]), others, count)))
            rac_error_hint(problem, "did you mean '%s'?", near);
    }
}

/* Answers false when there is a problem, so that one fault is told at one point only. */
static bool check_at(reader *r, const double *covariates, const char *where)
{
    const rac_model *m = r->model;
    const size_t before = r->problems->count;
    rac_lanes *frame = rac_lanes_new(r->arena, (size_t)m->setup.registers);
    for (size_t i = 0; i < m->covariate_count; i++)
        frame[rac_slot_covariate(i)] += covariates[i];
    rac_kernel_best()->run(&m->setup, frame);
    const values v = {r, frame, where};
    check_parameters(&v);
    if (r->problems->count == before)
        check_flows(&v);
    if (r->problems->count == before)
        check_parts(&v);
    return r->problems->count == before;
}

static const char *covariate_words(reader *r, const rac_covariate *c, double value)
{
    const rac_quantity shown = rac_quantity_from_base(value, rac_unit_of(c->unit));
    const bool pure = strcmp(c->unit, "1") == 0;
    return rac_format(r->arena, "%s %g%s%s", c->name, shown.value, pure ? "" : " ", pure ? "" : c->unit);
}

void model_check_values(reader *r)
{
    const rac_model *m = r->model;
    rac_error unused = {0};
    check_reached(r);
    if (rac_model_check_ready(m, &unused))
        return;
    double *covariates = rac_many(r->arena, double, m->covariate_count);
    const char *words = "";
    for (size_t i = 0; i < m->covariate_count; i++) {
        const rac_covariate *c = &m->covariates[i];
        covariates[i] = c->has_fallback ? c->fallback : 0.5 * (c->low + c->high);
        words = rac_format(r->arena, "%s%s%s", words, i ? ", " : "", covariate_words(r, c, covariates[i]));
    }
    const char *where =
        words[0] ? rac_format(r->arena, "for the typical subject (%s)", words) : "for the typical subject";
    bool fine = check_at(r, covariates, where);
    for (size_t i = 0; i < m->covariate_count && fine; i++) {
        const rac_covariate *c = &m->covariates[i];
        const double typical = covariates[i], ends[] = {c->low, c->high};
        for (size_t k = 0; k < 2 && fine; k++) {
            covariates[i] = ends[k];
            fine = check_at(r, covariates, rac_format(r->arena, "at %s", covariate_words(r, c, ends[k])));
        }
        covariates[i] = typical;
    }
}
