/* Reading a model file: see racemate/pharma/model.h. */
#include "pharma/model_read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

rac_unit model_unit_of_dimension(rac_dimension dimension)
{
    rac_unit unit = rac_unit_none();
    rac_dimension_words words;
    unit.dimension = dimension;
    if (!rac_dimension_is_pure(dimension))
        snprintf(unit.text, sizeof unit.text, "%s", rac_dimension_base_unit(dimension, &words));
    return unit;
}

int model_find_amount(const rac_model *model, rac_text name)
{
    for (size_t i = 0; i < model->compartment_count; i++)
        if (rac_text_is(name, model->compartments[i]))
            return (int)i;
    return -1;
}

/* ---- words about the model ---- */

static const char *want_line(reader *r, const rac_yaml *root, const char *key, bool needed)
{
    rac_text text;
    const rac_yaml *node = needed ? rac_yaml_need(root, key, r->problems) : rac_yaml_find(root, key);
    return node && rac_yaml_want_text(node, &text, r->problems) ? rac_text_copy(r->arena, text) : "";
}

/* One text or a list of them. */
static const char *const *want_lines(reader *r, const rac_yaml *node, size_t *count)
{
    *count = 0;
    if (!node)
        return NULL;
    const size_t n = node->kind == RAC_YAML_LIST ? node->count : 1;
    const char **lines = rac_many(r->arena, const char *, n);
    for (size_t i = 0; i < n; i++) {
        rac_text text;
        if (rac_yaml_want_text(node->kind == RAC_YAML_LIST ? &node->items[i] : node, &text, r->problems))
            lines[(*count)++] = rac_text_copy(r->arena, text);
    }
    return lines;
}

static void read_about(reader *r, const rac_yaml *root)
{
    rac_model_about *about = &r->model->about;
    about->name = want_line(r, root, "model", true);
    about->title = want_line(r, root, "title", true);
    about->substance = want_line(r, root, "substance", true);
    about->sampling = want_line(r, root, "sampling", true);
    about->population = want_line(r, root, "population", true);
    about->sources = want_lines(r, rac_yaml_need(root, "source", r->problems), &about->source_count);
    about->notes = want_lines(r, rac_yaml_find(root, "notes"), &about->note_count);
    static const char *const units[][2] = {{"time", "h"}, {"amount", "mg"}, {"volume", "L"}};
    static const char *const unit_keys[] = {"time", "amount", "volume"};
    const rac_yaml *map = rac_yaml_need(root, "units", r->problems);
    if (map && !rac_yaml_check_keys(map, unit_keys, 3, r->problems))
        return;
    for (size_t i = 0; map && i < 3; i++) {
        const rac_yaml *node = rac_yaml_need(map, units[i][0], r->problems);
        if (node && !(node->kind == RAC_YAML_TEXT && rac_text_is(node->text, units[i][1])))
            rac_yaml_problem(r->problems, node, "the unit of %s is always %s", units[i][0], units[i][1]);
    }
}

/* ---- covariates and parameters ---- */

static bool read_covariate(reader *r, const rac_yaml *key, const rac_yaml *node)
{
    static const char *const keys[] = {"unit", "range", "default", "source", "tier", "printed", "note"};
    rac_covariate covariate = {.name = rac_text_copy(r->arena, key->text)};
    rac_text unit_text;
    rac_error err = {0};
    rac_unit unit = rac_unit_none();
    if (!model_name_is_free(r, key, key->text) || !rac_yaml_check_keys(node, keys, 7, r->problems) ||
        !rac_yaml_want_text(rac_yaml_need(node, "unit", r->problems), &unit_text, r->problems))
        return false;
    if (rac_unit_parse(unit_text, &unit, &err)) {
        rac_yaml_problem_from(r->problems, rac_yaml_find(node, "unit"), &err);
        return false;
    }
    covariate.unit = rac_text_copy(r->arena, unit_text);
    const rac_yaml *range = rac_yaml_need(node, "range", r->problems);
    if (!range || !rac_yaml_want_list(range, r->problems))
        return false;
    if (range->count != 2) {
        rac_yaml_problem(r->problems, range, "a range is [lowest, highest]");
        return false;
    }
    double low, high;
    if (!rac_yaml_want_number(&range->items[0], -INFINITY, INFINITY, &low, r->problems) ||
        !rac_yaml_want_number(&range->items[1], low, INFINITY, &high, r->problems))
        return false;
    const rac_yaml *fallback = rac_yaml_find(node, "default");
    double value = 0;
    covariate.has_fallback = fallback && rac_yaml_want_number(fallback, low, high, &value, r->problems);
    covariate.low = rac_quantity_base((rac_quantity){low, unit});
    covariate.high = rac_quantity_base((rac_quantity){high, unit});
    covariate.fallback = rac_quantity_base((rac_quantity){value, unit});
    rac_model *m = r->model;
    if (rac_text_is(key->text, "weight"))
        m->weight = (int)m->covariate_count;
    rac_push(r->arena, m->covariates, m->covariate_count, m->covariate_capacity, covariate);
    rac_push(r->arena, m->covariate_origins, m->covariate_origin_count, m->covariate_origin_capacity,
             model_read_origin(r, node));
    return true;
}

/* A value, or the unit of one that is unknown. */
static bool read_value(reader *r, const rac_yaml *value, const rac_yaml *unknown, rac_parameter *parameter)
{
    if (value) {
        if (!model_want_expression(r, value, NULL, &parameter->expression))
            return false;
        parameter->unit = model_unit_of_dimension(parameter->expression->root->dimension);
        return true;
    }
    rac_text text;
    rac_error err = {0};
    if (!rac_yaml_want_text(unknown, &text, r->problems))
        return false;
    if (rac_unit_parse(text, &parameter->unit, &err)) {
        rac_yaml_problem_from(r->problems, unknown, &err);
        return false;
    }
    parameter->unit = model_unit_of_dimension(parameter->unit.dimension);
    return true;
}

static bool read_parameter(reader *r, const rac_yaml *key, const rac_yaml *node)
{
    static const char *const keys[] = {"value", "unknown", "source", "tier", "printed", "note"};
    rac_model *m = r->model;
    rac_parameter parameter = {.name = rac_text_copy(r->arena, key->text), .unit = rac_unit_none()};
    const bool is_map = node->kind == RAC_YAML_MAP;
    if (!model_name_is_free(r, key, key->text) ||
        (is_map && !rac_yaml_check_keys(node, keys, 6, r->problems)))
        return false;
    const rac_yaml *value = is_map ? rac_yaml_find(node, "value") : node;
    const rac_yaml *unknown = is_map ? rac_yaml_find(node, "unknown") : NULL;
    if (!value == !unknown) {
        rac_yaml_problem(r->problems, node, "%s has a value, or is unknown: one of the two", parameter.name);
        return false;
    }
    parameter.origin = model_read_origin(r, node);
    if (!read_value(r, value, unknown, &parameter))
        return false;
    rac_push(r->arena, m->parameters, m->parameter_count, m->parameter_capacity, parameter);
    return true;
}

/* A name whose own definition has a problem is remembered, so that its uses are not reported too. */
static void each(reader *r, const rac_yaml *map, bool (*read)(reader *, const rac_yaml *, const rac_yaml *))
{
    if (map && rac_yaml_want_map(map, r->problems))
        for (size_t i = 0; i < map->count; i++)
            if (!read(r, &map->keys[i], &map->items[i]))
                model_name_is_faulty(r, map->keys[i].text);
}

static rac_status first_problem(const rac_problems *problems, size_t before)
{
    return problems->count > before ? problems->items[before].status : RAC_OK;
}

rac_status rac_model_read(rac_arena *arena, rac_text bytes, const char *file, rac_model **model,
                          rac_problems *problems)
{
    static const char *const keys[] = {"model",       "title",     "substance",    "sampling",   "population",
                                       "source",      "notes",     "units",        "covariates", "parameters",
                                       "variability", "flows",     "equations",    "routes",     "outputs",
                                       "error",       "modifiers", "interactions", "references"};
    *model = NULL;
    const size_t before = problems->count;
    const rac_yaml *root = NULL;
    const rac_status status = rac_yaml_read(arena, bytes, file, &root, problems);
    if (status)
        return status;
    if (!rac_yaml_want_map(root, problems))
        return RAC_INVALID;
    reader r = {.arena = arena, .problems = problems, .model = rac_new(arena, rac_model)};
    r.model->weight = -1;
    r.parameter_map = rac_yaml_find(root, "parameters");
    rac_yaml_check_keys(root, keys, sizeof keys / sizeof *keys, problems);
    r.model->file = rac_string_copy(arena, file);
    read_about(&r, root);
    model_read_references(&r, rac_yaml_find(root, "references"));
    each(&r, rac_yaml_find(root, "covariates"), read_covariate);
    each(&r, rac_yaml_need(root, "parameters", problems), read_parameter);
    model_read_variability(&r, rac_yaml_find(root, "variability"));
    const rac_yaml *equations = rac_yaml_find(root, "equations");
    model_read_flows(&r, equations ? rac_yaml_find(root, "flows") : rac_yaml_need(root, "flows", problems));
    model_read_equations(&r, equations);
    model_read_routes(&r, rac_yaml_need(root, "routes", problems));
    model_read_outputs(&r, rac_yaml_need(root, "outputs", problems), rac_yaml_find(root, "error"));
    model_read_modifiers(&r, rac_yaml_find(root, "modifiers"), rac_yaml_find(root, "interactions"));
    if (problems->count > before)
        return first_problem(problems, before);
    rac_error err = {0};
    const rac_status compiled = model_compile(&r, &err);
    if (compiled) {
        rac_yaml_problem_from(problems, root, &err);
        return compiled;
    }
    model_check_values(&r);
    if (problems->count == before)
        model_check_equations(&r);
    if (problems->count > before)
        return first_problem(problems, before);
    model_keep_words(&r, root);
    model_keep_loose_numbers(&r, root);
    *model = r.model;
    return RAC_OK;
}

/* ---- looking at a model ---- */

rac_status rac_model_check_ready(const rac_model *model, rac_error *err)
{
    char missing[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < model->parameter_count; i++)
        if (!model->parameters[i].expression && used < sizeof missing)
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "",
                                     model->parameters[i].name);
    if (!used)
        return RAC_OK;
    rac_fail(err, RAC_REFUSED, "the model '%s' has no values for %s", model->about.name, missing);
    rac_error_hint(err, "the publication could not be read; fill the file from it, with the table as source");
    return RAC_REFUSED;
}

const rac_model_about *rac_model_describe(const rac_model *model)
{
    return &model->about;
}

size_t rac_model_covariates(const rac_model *model)
{
    return model->covariate_count;
}

bool rac_covariate_possible(const rac_covariate *covariate, double value)
{
    return covariate->low > 0 ? value > 0 : covariate->low < 0 || value >= 0;
}

const rac_covariate *rac_model_covariate(const rac_model *model, size_t index)
{
    return &model->covariates[index];
}

size_t rac_model_parameters(const rac_model *model)
{
    return model->parameter_count;
}

const char *rac_model_parameter_name(const rac_model *model, size_t index)
{
    return model->parameters[index].name;
}

size_t rac_model_etas(const rac_model *model)
{
    return model->eta_count;
}

size_t rac_model_compartments(const rac_model *model)
{
    return model->compartment_count;
}

const char *rac_model_compartment_name(const rac_model *model, size_t index)
{
    return model->compartments[index];
}

size_t rac_model_routes(const rac_model *model)
{
    return model->route_count;
}

const char *rac_model_route_name(const rac_model *model, size_t index)
{
    return model->routes[index];
}

size_t rac_model_outputs(const rac_model *model)
{
    return model->output_count;
}

const char *rac_model_output_name(const rac_model *model, size_t index)
{
    return model->outputs[index].name;
}

const char *rac_model_output_unit(const rac_model *model, size_t index)
{
    const char *text = model->outputs[index].unit.text;
    return text[0] ? text : "1";
}

bool rac_model_output_has_error(const rac_model *model, size_t index)
{
    const rac_residual *error = &model->outputs[index].residual;
    return error->additive > 0 || error->proportional > 0 || error->log > 0;
}

#define FINDER(what, list, names)                                       \
    int rac_model_find_##what(const rac_model *model, const char *name) \
    {                                                                   \
        for (size_t i = 0; i < model->list; i++)                        \
            if (!strcmp(names(model, i), name))                         \
                return (int)i;                                          \
        return -1;                                                      \
    }

static const char *covariate_name(const rac_model *model, size_t index)
{
    return model->covariates[index].name;
}

FINDER(covariate, covariate_count, covariate_name)
FINDER(parameter, parameter_count, rac_model_parameter_name)
FINDER(route, route_count, rac_model_route_name)
FINDER(output, output_count, rac_model_output_name)
