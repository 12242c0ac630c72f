/* Reading a model file, second part: variability, flows, routes, outputs, error. */
#include "pharma/model_read.h"

#include <math.h>

/* ---- variability ---- */

enum { BLOCK_MAX = 20 };

/* Lower Cholesky factor in place of a lower triangle; false when the matrix is not positive definite. */
static bool factorise(double *a, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < j; k++)
            a[j * n + j] -= a[j * n + k] * a[j * n + k];
        if (!(a[j * n + j] > 0))
            return false;
        a[j * n + j] = sqrt(a[j * n + j]);
        for (size_t i = j + 1; i < n; i++) {
            for (size_t k = 0; k < j; k++)
                a[i * n + j] -= a[i * n + k] * a[j * n + k];
            a[i * n + j] /= a[j * n + j];
        }
    }
    return true;
}

static bool read_covariance(reader *r, const rac_yaml *rows, size_t n, double *factor)
{
    if (!rac_yaml_want_list(rows, r->problems))
        return false;
    if (rows->count != n) {
        rac_yaml_problem(r->problems, rows, "%zu rows for %zu parameters", rows->count, n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const rac_yaml *row = &rows->items[i];
        if (!rac_yaml_want_list(row, r->problems))
            return false;
        if (row->count != i + 1) {
            rac_yaml_problem(r->problems, row, "row %zu of the lower triangle has %zu numbers, not %zu",
                             i + 1, row->count, i + 1);
            return false;
        }
        for (size_t j = 0; j <= i; j++)
            if (!rac_yaml_want_number(&row->items[j], -INFINITY, INFINITY, &factor[i * n + j], r->problems))
                return false;
    }
    if (factorise(factor, n))
        return true;
    rac_yaml_problem(r->problems, rows, "this is not a covariance: it is not positive definite");
    return false;
}

/* The spread of each parameter by itself, as the file says it: exactly one of cv, sd, variance. */
static bool read_spread(reader *r, const rac_yaml *entry, rac_distribution distribution, double *sd)
{
    const rac_yaml *cv = rac_yaml_find(entry, "cv"), *plain = rac_yaml_find(entry, "sd"),
                   *variance = rac_yaml_find(entry, "variance");
    if ((cv != NULL) + (plain != NULL) + (variance != NULL) != 1) {
        rac_yaml_problem(r->problems, entry, "one of covariance, variance, sd and cv is needed");
        return false;
    }
    double value;
    if (cv && distribution != RAC_LOG_NORMAL) {
        rac_yaml_problem(r->problems, cv, "a cv belongs to a log-normal parameter");
        return false;
    }
    if (cv) {
        if (!rac_yaml_want_quantity(cv, "%", 0, 1000, &value, r->problems))
            return false;
        *sd = sqrt(log1p(value * value / 10000));
        return true;
    }
    if (!rac_yaml_want_number(plain ? plain : variance, 0, 100, &value, r->problems))
        return false;
    *sd = plain ? value : sqrt(value);
    return true;
}

/* The parameters a block speaks of: one name or a list. */
static size_t read_of(reader *r, const rac_yaml *of, int *parameters)
{
    const size_t n = of->kind == RAC_YAML_LIST ? of->count : 1;
    if (!n || n > BLOCK_MAX) {
        rac_yaml_problem(r->problems, of, "1 to %d parameters, not %zu", BLOCK_MAX, n);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        const rac_yaml *node = of->kind == RAC_YAML_LIST ? &of->items[i] : of;
        rac_text name;
        if (!rac_yaml_want_text(node, &name, r->problems))
            return 0;
        if ((parameters[i] = model_want_parameter(r, node, name)) < 0)
            return 0;
        for (size_t j = 0; j < i; j++)
            if (parameters[j] == parameters[i]) {
                rac_yaml_problem(r->problems, node, "'%.*s' stands here twice", RAC_TEXT(name));
                return 0;
            }
    }
    return n;
}

/* A second deviation of the same parameter at the same level would be added to the first in silence. */
static bool varies_already(reader *r, const rac_yaml *of, const int *parameters, size_t n, bool occasion)
{
    const rac_model *m = r->model;
    for (size_t b = 0; b < m->block_count; b++)
        for (int e = 0; e < m->blocks[b].count; e++)
            for (size_t i = 0; i < n && m->blocks[b].occasion == occasion; i++)
                if (m->etas[m->blocks[b].first + e].parameter == parameters[i]) {
                    rac_yaml_problem(r->problems, of, "'%s' varies between %ss already",
                                     m->parameters[parameters[i]].name, occasion ? "occasion" : "subject");
                    return true;
                }
    return false;
}

static void read_block(reader *r, const rac_yaml *entry)
{
    static const char *const keys[] = {"of",    "covariance", "variance", "sd",      "cv",  "distribution",
                                       "level", "source",     "tier",     "printed", "note"};
    static const char *const distributions[] = {"log-normal", "logit-normal", "normal"};
    static const char *const levels[] = {"subject", "occasion"};
    rac_model *m = r->model;
    size_t distribution = 0, level = 0;
    int parameters[BLOCK_MAX];
    if (!rac_yaml_check_keys(entry, keys, 11, r->problems))
        return;
    const rac_yaml *of = rac_yaml_need(entry, "of", r->problems), *rows = rac_yaml_find(entry, "covariance");
    const rac_yaml *how = rac_yaml_find(entry, "distribution"), *where = rac_yaml_find(entry, "level");
    if (!of || (how && !rac_yaml_want_word(how, distributions, 3, &distribution, r->problems)) ||
        (where && !rac_yaml_want_word(where, levels, 2, &level, r->problems)))
        return;
    const size_t n = read_of(r, of, parameters);
    double *factor = rac_many(r->arena, double, n *n);
    if (!n || varies_already(r, of, parameters, n, level == 1))
        return;
    if (m->eta_count + n > RAC_ETAS_MAX) {
        rac_yaml_problem(r->problems, entry, "more than %d deviations", RAC_ETAS_MAX);
        return;
    }
    if (rows) {
        if (!read_covariance(r, rows, n, factor))
            return;
    } else {
        double sd;
        if (!read_spread(r, entry, (rac_distribution)distribution, &sd))
            return;
        for (size_t i = 0; i < n; i++)
            factor[i * n + i] = sd;
    }
    const rac_eta_block block = {(int)m->eta_count, (int)n, level == 1, factor, model_read_origin(r, entry)};
    rac_push(r->arena, m->blocks, m->block_count, m->block_capacity, block);
    for (size_t i = 0; i < n; i++) {
        const rac_eta eta = {parameters[i], (rac_distribution)distribution};
        rac_push(r->arena, m->etas, m->eta_count, m->eta_capacity, eta);
    }
}

void model_read_variability(reader *r, const rac_yaml *list)
{
    if (list && rac_yaml_want_list(list, r->problems))
        for (size_t i = 0; i < list->count; i++)
            read_block(r, &list->items[i]);
}

/* ---- flows ---- */

int model_add_amount(reader *r, const rac_yaml *node, rac_text name, rac_unit unit)
{
    rac_model *m = r->model;
    int at = model_find_amount(m, name);
    if (at >= 0 || !model_name_is_free(r, node, name))
        return at;
    if (m->compartment_count == RAC_COMPARTMENTS_MAX) {
        rac_yaml_problem(r->problems, node, "more than %d compartments", RAC_COMPARTMENTS_MAX);
        return -1;
    }
    at = (int)m->compartment_count;
    size_t capacity = m->compartment_capacity;
    m->compartment_units =
        rac_arena_grow(r->arena, m->compartment_units, m->compartment_count, &capacity, sizeof unit);
    m->compartment_units[at] = unit;
    rac_push(r->arena, m->compartments, m->compartment_count, m->compartment_capacity,
             rac_text_copy(r->arena, name));
    return at;
}

/* "central -> deep" or "central -> out". */
static bool read_arrow(reader *r, const rac_yaml *key, rac_flow *flow)
{
    size_t at = 0;
    while (at + 1 < key->text.size && (key->text.data[at] != '-' || key->text.data[at + 1] != '>'))
        at++;
    if (at + 1 >= key->text.size) {
        rac_yaml_problem(r->problems, key, "a flow is written 'central -> deep' or 'central -> out'");
        return false;
    }
    const rac_text from = rac_text_trim((rac_text){key->text.data, at});
    const rac_text to = rac_text_trim((rac_text){key->text.data + at + 2, key->text.size - at - 2});
    const rac_unit mg = rac_unit_of("mg");
    if (rac_text_is(from, "out")) {
        rac_yaml_problem(r->problems, key, "'out' is outside the body: nothing flows from there");
        return false;
    }
    flow->from = model_add_amount(r, key, from, mg);
    flow->to = rac_text_is(to, "out") ? RAC_OUT : model_add_amount(r, key, to, mg);
    if (flow->from == flow->to && flow->from >= 0)
        rac_yaml_problem(r->problems, key, "a flow from a compartment to itself");
    return flow->from >= 0 && (flow->to >= 0 || flow->to == RAC_OUT) && flow->from != flow->to;
}

static void read_flow(reader *r, const rac_yaml *key, const rac_yaml *node)
{
    flow_source source = {.equation = -1, .key = key};
    const rac_unit per_h = rac_unit_of("1/h");
    if (!read_arrow(r, key, &source.flow))
        return;
    for (size_t i = 0; i < r->flow_count; i++)
        if (r->flows[i].flow.from == source.flow.from && r->flows[i].flow.to == source.flow.to) {
            rac_error_hint(rac_yaml_problem(r->problems, key, "this flow is given twice, first on line %d",
                                            r->flows[i].key->line),
                           "add the rates: k1 + k2");
            return;
        }
    if (model_want_expression(r, node, &per_h, &source.rate))
        rac_push(r->arena, r->flows, r->flow_count, r->flow_capacity, source);
}

void model_read_flows(reader *r, const rac_yaml *flows)
{
    if (flows && rac_yaml_want_map(flows, r->problems))
        for (size_t i = 0; i < flows->count; i++)
            read_flow(r, &flows->keys[i], &flows->items[i]);
}

/* ---- routes ---- */

static void add_part(reader *r, const rac_yaml *to, const part_source *source)
{
    rac_model *m = r->model;
    rac_text name;
    if (!rac_yaml_want_text(to, &name, r->problems))
        return;
    const int compartment = model_find_amount(m, name);
    if (compartment < 0) {
        rac_error *problem =
            rac_yaml_problem(r->problems, to, "there is no compartment '%.*s'", RAC_TEXT(name));
        const char *near = rac_text_nearest(name, m->compartments, m->compartment_count);
        if (near || m->compartment_count == 1)
            rac_error_hint(problem, "did you mean '%s'?", near ? near : m->compartments[0]);
        else if (m->compartment_count)
            rac_error_hint(problem, "compartments are those that flows and equations name: %s, %s%s",
                           m->compartments[0], m->compartments[1], m->compartment_count > 2 ? ", .." : "");
        return;
    }
    if (!rac_dimension_same(m->compartment_units[compartment].dimension, rac_unit_of("mg").dimension)) {
        rac_yaml_problem(r->problems, to, "'%.*s' is in %s: only an amount can receive a dose",
                         RAC_TEXT(name), m->compartment_units[compartment].text);
        return;
    }
    rac_push(r->arena, r->part_sources, r->part_source_count, r->part_source_capacity, *source);
    rac_push(r->arena, m->parts, m->part_count, m->part_capacity, ((rac_part){.compartment = compartment}));
}

static void read_part(reader *r, const rac_yaml *node)
{
    static const char *const keys[] = {"to", "fraction", "lag", "duration", "rate"};
    if (node->kind == RAC_YAML_TEXT) {
        add_part(r, node, &(part_source){.node = node});
        return;
    }
    if (!rac_yaml_check_keys(node, keys, 5, r->problems))
        return;
    part_source source = {.node = node};
    const struct {
        const char *unit;
        rac_expression **to;
    } wanted[] = {
        {"1", &source.fraction}, {"h", &source.lag}, {"h", &source.duration}, {"mg/h", &source.rate}};
    for (size_t i = 0; i < 4; i++) {
        const rac_yaml *value = rac_yaml_find(node, keys[i + 1]);
        const rac_unit unit = i ? rac_unit_of(wanted[i].unit) : rac_unit_none();
        if (value && !model_want_expression(r, value, &unit, wanted[i].to))
            return;
    }
    if (source.duration && source.rate)
        rac_yaml_problem(r->problems, node, "a duration or a rate, not both");
    const rac_yaml *to = rac_yaml_need(node, "to", r->problems);
    if (to)
        add_part(r, to, &source);
}

void model_read_routes(reader *r, const rac_yaml *routes)
{
    rac_model *m = r->model;
    if (!routes || !rac_yaml_want_map(routes, r->problems))
        return;
    m->route_first = rac_many(r->arena, int, routes->count + 1);
    for (size_t i = 0; i < routes->count; i++) {
        const rac_yaml *node = &routes->items[i];
        model_name_is_word(r, &routes->keys[i], routes->keys[i].text);
        if (node->kind == RAC_YAML_LIST && !node->count)
            rac_yaml_problem(r->problems, node, "a route leads to at least one compartment");
        for (size_t p = 0; node->kind == RAC_YAML_LIST && p < node->count; p++)
            read_part(r, &node->items[p]);
        if (node->kind != RAC_YAML_LIST)
            read_part(r, node);
        rac_push(r->arena, m->routes, m->route_count, m->route_capacity,
                 rac_text_copy(r->arena, routes->keys[i].text));
        m->route_first[m->route_count] = (int)m->part_count;
    }
    if (!routes->count)
        rac_yaml_problem(r->problems, routes, "a model needs a route");
}

/* ---- outputs and error ---- */

static void read_error(reader *r, const rac_yaml *node, rac_output *output)
{
    static const char *const keys[] = {"additive", "proportional", "log", "source",
                                       "tier",     "printed",      "note"};
    if (!rac_yaml_check_keys(node, keys, 7, r->problems))
        return;
    output->residual_origin = model_read_origin(r, node);
    const rac_yaml *additive = rac_yaml_find(node, "additive"),
                   *proportional = rac_yaml_find(node, "proportional"),
                   *logarithmic = rac_yaml_find(node, "log");
    rac_quantity quantity;
    if (!additive && !proportional && !logarithmic)
        rac_yaml_problem(r->problems, node, "an error is additive, proportional, both, or log");
    if (additive && rac_yaml_want_any_quantity(additive, &quantity, r->problems)) {
        if (quantity.value < 0)
            rac_yaml_problem(r->problems, additive, "%s is %.*s, allowed at least 0", additive->path,
                             RAC_TEXT(additive->text));
        else if (!rac_dimension_same(quantity.unit.dimension, output->unit.dimension))
            rac_yaml_problem(r->problems, additive, "the output is in %s, this is in '%s'", output->unit.text,
                             quantity.unit.text);
        output->residual.additive = rac_quantity_base(quantity);
    }
    if (proportional)
        rac_yaml_want_number(proportional, 0, 10, &output->residual.proportional, r->problems);
    if (logarithmic)
        rac_yaml_want_number(logarithmic, 0, 10, &output->residual.log, r->problems);
    if (logarithmic && (additive || proportional))
        rac_yaml_problem(r->problems, node, "log stands alone");
}

void model_read_outputs(reader *r, const rac_yaml *outputs, const rac_yaml *error)
{
    rac_model *m = r->model;
    if (!outputs || !rac_yaml_want_map(outputs, r->problems))
        return;
    rac_text *faulty = NULL;
    size_t faulty_count = 0, faulty_capacity = 0;
    r->amounts_visible = true;
    for (size_t i = 0; i < outputs->count; i++) {
        rac_output output = {.name = rac_text_copy(r->arena, outputs->keys[i].text)};
        if (!model_name_is_word(r, &outputs->keys[i], outputs->keys[i].text) ||
            !model_want_expression(r, &outputs->items[i], NULL, &output.expression)) {
            rac_push(r->arena, faulty, faulty_count, faulty_capacity, outputs->keys[i].text);
            continue;
        }
        output.unit = model_unit_of_dimension(output.expression->root->dimension);
        output.linear = rac_expression_dependence(output.expression, NAME_AMOUNT,
                                                  NAME_AMOUNT + RAC_COMPARTMENTS_MAX) == RAC_LINEAR_IN;
        rac_push(r->arena, m->outputs, m->output_count, m->output_capacity, output);
    }
    r->amounts_visible = false;
    if (!outputs->count)
        rac_yaml_problem(r->problems, outputs, "a model needs an output");
    if (!error || !rac_yaml_want_map(error, r->problems))
        return;
    for (size_t i = 0; i < error->count; i++) {
        const rac_text name = error->keys[i].text;
        const int at = rac_model_find_output(m, rac_text_copy(r->arena, name));
        bool reported = false;
        for (size_t f = 0; f < faulty_count; f++)
            reported |= rac_text_equal(faulty[f], name);
        if (at >= 0)
            read_error(r, &error->items[i], &m->outputs[at]);
        else if (!reported)
            rac_yaml_problem(r->problems, &error->keys[i], "there is no output '%.*s'", RAC_TEXT(name));
    }
}
