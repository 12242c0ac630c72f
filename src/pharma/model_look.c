/* Looking into a model: see racemate/pharma/look.h.  Its parts are kept as they are written in the file; what
 * mentions what is read from the expressions again, since compiled programs have no names. */
#include "racemate/pharma/look.h"

#include <math.h>
#include <string.h>

#include "pharma/model_read.h"

/* ---- keeping the words of the file (called once, at the end of reading) ---- */

/* NULL for what is not text; names and operators only, so the place does not matter. */
static const rac_expression *parse(rac_arena *arena, const char *text)
{
    rac_expression *expression = NULL;
    rac_error err = {0};
    return text && !rac_expression_parse(arena, rac_text_of(text), "", 1, 1, &expression, &err) ? expression
                                                                                                : NULL;
}

static const char *words_of(reader *r, const rac_yaml *node)
{
    return node && node->kind == RAC_YAML_TEXT ? rac_text_copy(r->arena, node->text) : NULL;
}

/* "V1" of "CL / V1" when V1 is a parameter and a volume; NULL otherwise. */
static const char *volume_of(const rac_model *m, const rac_expression *expression)
{
    const rac_node *root = expression ? expression->root : NULL;
    if (!root || root->kind != RAC_NODE_DIVIDE || root->items[1]->kind != RAC_NODE_NAME)
        return NULL;
    for (size_t i = 0; i < m->parameter_count; i++)
        if (rac_text_is(root->items[1]->text, m->parameters[i].name))
            return rac_dimension_same(m->parameters[i].unit.dimension, rac_unit_of("L").dimension)
                       ? m->parameters[i].name
                       : NULL;
    return NULL;
}

static bool mentions(const rac_expression *expression, const char *name)
{
    for (size_t i = 0; expression && i < expression->name_count; i++)
        if (rac_text_is(expression->names[i].text, name))
            return true;
    return false;
}

typedef struct shape_draft {
    rac_model_arrow *arrows;
    size_t arrow_count, arrow_capacity;
    rac_model_entry *entries;
    size_t entry_count, entry_capacity;
    const char **units, **volumes, **equations, **starts, **outputs;
} shape_draft;

/* The arrow was checked when the flow was read: "central -> deep". */
static void keep_flow(reader *r, shape_draft *d, rac_text arrow, const rac_yaml *rate)
{
    const rac_model *m = r->model;
    size_t at = 0;
    while (arrow.data[at] != '-' || arrow.data[at + 1] != '>')
        at++;
    const rac_text from = rac_text_trim((rac_text){arrow.data, at});
    const rac_text to = rac_text_trim((rac_text){arrow.data + at + 2, arrow.size - at - 2});
    const rac_model_arrow kept = {.from = model_find_amount(m, from),
                                  .to = rac_text_is(to, "out") ? RAC_OUT : model_find_amount(m, to),
                                  .rate = words_of(r, rate)};
    rac_push(r->arena, d->arrows, d->arrow_count, d->arrow_capacity, kept);
    const char *volume = volume_of(m, parse(r->arena, kept.rate));
    if (volume && !d->volumes[kept.from])
        d->volumes[kept.from] = volume;
}

static void keep_equation(reader *r, shape_draft *d, rac_text name, const rac_yaml *node)
{
    const rac_model *m = r->model;
    const int to = model_find_amount(m, name);
    d->equations[to] = words_of(r, rac_yaml_find(node, "rate"));
    d->starts[to] = words_of(r, rac_yaml_find(node, "start"));
    const rac_expression *right = parse(r->arena, d->equations[to]);
    for (size_t i = 0; i < m->compartment_count; i++)
        if ((int)i != to && mentions(right, m->compartments[i])) {
            const rac_model_arrow kept = {.from = (int)i, .to = to, .drives = true, .rate = ""};
            rac_push(r->arena, d->arrows, d->arrow_count, d->arrow_capacity, kept);
        }
}

static void keep_entry(reader *r, shape_draft *d, int route, const rac_yaml *node)
{
    const bool plain = node->kind == RAC_YAML_TEXT;
    const rac_yaml *to = plain ? node : rac_yaml_find(node, "to");
    const rac_model_entry kept = {.route = route,
                                  .compartment = model_find_amount(r->model, to->text),
                                  .fraction = plain ? NULL : words_of(r, rac_yaml_find(node, "fraction")),
                                  .lag = plain ? NULL : words_of(r, rac_yaml_find(node, "lag")),
                                  .duration = plain ? NULL : words_of(r, rac_yaml_find(node, "duration")),
                                  .rate = plain ? NULL : words_of(r, rac_yaml_find(node, "rate"))};
    rac_push(r->arena, d->entries, d->entry_count, d->entry_capacity, kept);
}

void model_keep_words(reader *r, const rac_yaml *root)
{
    rac_model *m = r->model;
    shape_draft d = {.units = rac_many(r->arena, const char *, m->compartment_count),
                     .volumes = rac_many(r->arena, const char *, m->compartment_count),
                     .equations = rac_many(r->arena, const char *, m->compartment_count),
                     .starts = rac_many(r->arena, const char *, m->compartment_count),
                     .outputs = rac_many(r->arena, const char *, m->output_count)};
    const rac_yaml *flows = rac_yaml_find(root, "flows"), *equations = rac_yaml_find(root, "equations"),
                   *routes = rac_yaml_find(root, "routes"), *outputs = rac_yaml_find(root, "outputs");
    for (size_t i = 0; i < m->compartment_count; i++)
        d.units[i] = m->compartment_units[i].text[0] ? m->compartment_units[i].text : "1";
    for (size_t i = 0; flows && i < flows->count; i++)
        keep_flow(r, &d, flows->keys[i].text, &flows->items[i]);
    for (size_t i = 0; equations && i < equations->count; i++)
        keep_equation(r, &d, equations->keys[i].text, &equations->items[i]);
    for (size_t i = 0; i < routes->count; i++) {
        const rac_yaml *node = &routes->items[i];
        for (size_t p = 0; node->kind == RAC_YAML_LIST && p < node->count; p++)
            keep_entry(r, &d, (int)i, &node->items[p]);
        if (node->kind != RAC_YAML_LIST)
            keep_entry(r, &d, (int)i, node);
    }
    for (size_t i = 0; i < outputs->count; i++) {
        d.outputs[i] = words_of(r, &outputs->items[i]);
        const rac_expression *e = parse(r->arena, d.outputs[i]);
        const char *volume = volume_of(m, e);
        for (size_t c = 0; volume && c < m->compartment_count; c++)
            if (!d.volumes[c] && mentions(e, m->compartments[c]))
                d.volumes[c] = volume;
    }
    m->shape = (rac_model_shape){d.arrows,  d.arrow_count, d.entries, d.entry_count, d.units,
                                 d.volumes, d.equations,   d.starts,  d.outputs};
}

const rac_model_shape *rac_model_look(const rac_model *model)
{
    return &model->shape;
}

bool rac_model_output_mentions(const rac_model *model, size_t output, size_t compartment)
{
    return mentions(model->outputs[output].expression, model->compartments[compartment]);
}

/* ---- one parameter ---- */

const char *rac_deviation_name(rac_deviation_kind kind)
{
    static const char *const names[] = {"log-normal", "logit-normal", "normal"};
    return names[kind];
}

double rac_deviation_cv(double sd)
{
    return sqrt(expm1(sd * sd));
}

double rac_deviation_moves(const rac_deviation *deviation, double typical, double z)
{
    const double eta = z * deviation->sd;
    switch (deviation->kind) {
    case RAC_DEVIATION_LOG_NORMAL:
        return typical * exp(eta);
    case RAC_DEVIATION_LOGIT_NORMAL:
        return 1 / (1 + exp(-(log(typical / (1 - typical)) + eta)));
    default:
        return typical + eta;
    }
}

static void explain_deviations(rac_arena *arena, const rac_model *m, int parameter,
                               rac_parameter_about *about)
{
    rac_deviation *list = rac_many(arena, rac_deviation, m->eta_count);
    for (size_t b = 0; b < m->block_count; b++) {
        const rac_eta_block *block = &m->blocks[b];
        for (int i = 0; i < block->count; i++) {
            if (m->etas[block->first + i].parameter != parameter)
                continue;
            double variance = 0;
            for (int k = 0; k <= i; k++)
                variance += block->factor[i * block->count + k] * block->factor[i * block->count + k];
            list[about->deviation_count++] =
                (rac_deviation){.kind = (rac_deviation_kind)m->etas[block->first + i].distribution,
                                .occasion = block->occasion,
                                .sd = sqrt(variance),
                                .origin = &block->origin};
        }
    }
    about->deviations = list;
}

static bool varies(const rac_model *m, size_t parameter)
{
    for (size_t e = 0; e < m->eta_count; e++)
        if (m->etas[e].parameter == (int)parameter)
            return true;
    return false;
}

/* A parameter mentions only those above it, so one pass upwards finds all it rests on. */
static void explain_rests(rac_arena *arena, const rac_model *m, int parameter, rac_parameter_about *about)
{
    bool *reached = rac_many(arena, bool, m->parameter_count);
    int *direct = rac_many(arena, int, m->parameter_count),
        *varying = rac_many(arena, int, m->parameter_count),
        *covariates = rac_many(arena, int, m->covariate_count);
    bool *covariate_reached = rac_many(arena, bool, m->covariate_count);
    reached[parameter] = true;
    for (int p = parameter; p >= 0; p--) {
        const rac_expression *e = reached[p] ? m->parameters[p].expression : NULL;
        for (int q = 0; q < p; q++)
            reached[q] |= mentions(e, m->parameters[q].name);
        for (size_t c = 0; c < m->covariate_count; c++)
            covariate_reached[c] |= mentions(e, m->covariates[c].name);
    }
    for (int p = 0; p < parameter; p++) {
        if (mentions(m->parameters[parameter].expression, m->parameters[p].name))
            direct[about->rests_on_count++] = p;
        if (reached[p] && varies(m, (size_t)p))
            varying[about->varies_with_count++] = p;
    }
    for (size_t c = 0; c < m->covariate_count; c++)
        if (covariate_reached[c])
            covariates[about->covariate_count++] = (int)c;
    about->rests_on = direct;
    about->varies_with = varying;
    about->covariates = covariates;
}

static const char *arrow_name(rac_arena *arena, const rac_model *m, const rac_model_arrow *arrow)
{
    return rac_format(arena, "%s -> %s", m->compartments[arrow->from],
                      arrow->to == RAC_OUT ? "out" : m->compartments[arrow->to]);
}

static void explain_uses(rac_arena *arena, const rac_model *m, int parameter, rac_parameter_about *about)
{
    const char *name = m->parameters[parameter].name;
    const rac_model_shape *shape = &m->shape;
    rac_parameter_use *uses = NULL;
    size_t capacity = 0;
#define USE(kind, name, expression) \
    rac_push(arena, uses, about->use_count, capacity, ((rac_parameter_use){(kind), (name), (expression)}))
    for (size_t p = (size_t)parameter + 1; p < m->parameter_count; p++)
        if (mentions(m->parameters[p].expression, name))
            USE("parameter", m->parameters[p].name,
                rac_text_copy(arena, m->parameters[p].expression->source));
    for (size_t a = 0; a < shape->arrow_count; a++)
        if (!shape->arrows[a].drives && mentions(parse(arena, shape->arrows[a].rate), name))
            USE("flow", arrow_name(arena, m, &shape->arrows[a]), shape->arrows[a].rate);
    for (size_t c = 0; c < m->compartment_count; c++)
        if (mentions(parse(arena, shape->equations[c]), name))
            USE("equation", m->compartments[c], shape->equations[c]);
    for (size_t c = 0; c < m->compartment_count; c++)
        if (mentions(parse(arena, shape->starts[c]), name))
            USE("start", m->compartments[c], shape->starts[c]);
    for (size_t i = 0; i < shape->entry_count; i++) {
        const rac_model_entry *entry = &shape->entries[i];
        const char *const four[] = {entry->fraction, entry->lag, entry->duration, entry->rate};
        static const char *const words[] = {"fraction", "lag", "duration", "rate"};
        for (int k = 0; k < 4; k++)
            if (mentions(parse(arena, four[k]), name))
                USE("route",
                    rac_format(arena, "%s to %s, %s", m->routes[entry->route],
                               m->compartments[entry->compartment], words[k]),
                    four[k]);
    }
    for (size_t o = 0; o < m->output_count; o++)
        if (mentions(m->outputs[o].expression, name))
            USE("output", m->outputs[o].name, shape->outputs[o]);
#undef USE
    about->uses = uses;
}

void rac_model_explain(rac_arena *arena, const rac_model *model, int parameter, rac_parameter_about *about)
{
    const rac_parameter *p = &model->parameters[parameter];
    *about = (rac_parameter_about){.name = p->name,
                                   .unit = p->unit.text[0] ? p->unit.text : "1",
                                   .expression =
                                       p->expression ? rac_text_copy(arena, p->expression->source) : NULL,
                                   .origin = &p->origin};
    explain_deviations(arena, model, parameter, about);
    explain_rests(arena, model, parameter, about);
    explain_uses(arena, model, parameter, about);
}

const char *rac_model_nearest_parameter(rac_arena *arena, const rac_model *model, const char *name)
{
    const char **known = rac_many(arena, const char *, model->parameter_count);
    for (size_t i = 0; i < model->parameter_count; i++)
        known[i] = model->parameters[i].name;
    return rac_text_nearest(rac_text_of(name), known, model->parameter_count);
}
