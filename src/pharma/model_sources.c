/* Where the numbers of a model file come from: see racemate/pharma/sources.h. */
#include "racemate/pharma/sources.h"

#include <math.h>
#include <string.h>

#include "pharma/model_read.h"

/* ---- reading ---- */

static const char *words(reader *r, const rac_yaml *map, const char *key, bool needed)
{
    rac_text text;
    const rac_yaml *node = needed ? rac_yaml_need(map, key, r->problems) : rac_yaml_find(map, key);
    return node && rac_yaml_want_text(node, &text, r->problems) ? rac_text_copy(r->arena, text) : "";
}

void model_read_references(reader *r, const rac_yaml *references)
{
    static const char *const keys[] = {"citation", "people", "sampling", "read"};
    rac_model *m = r->model;
    if (!references || !rac_yaml_want_map(references, r->problems))
        return;
    for (size_t i = 0; i < references->count; i++) {
        const rac_yaml *node = &references->items[i];
        if (!rac_yaml_check_keys(node, keys, 4, r->problems))
            continue;
        const rac_reference reference = {.name = rac_text_copy(r->arena, references->keys[i].text),
                                         .citation = words(r, node, "citation", true),
                                         .people = words(r, node, "people", false),
                                         .sampling = words(r, node, "sampling", false),
                                         .read = words(r, node, "read", true)};
        rac_push(r->arena, m->references, m->reference_count, m->reference_capacity, reference);
    }
}

/* A file that names what was read is held to it: a source that is none of them is a slip. */
static void check_source(reader *r, const rac_yaml *node, const char *source)
{
    const rac_model *m = r->model;
    bool named = false;
    char *all = rac_string_copy(r->arena, "");
    for (size_t i = 0; i < m->reference_count; i++) {
        named |= rac_reference_is_named(&m->references[i], source);
        all = rac_format(r->arena, "%s%s%s", all, i ? ", " : "", m->references[i].name);
    }
    if (m->reference_count && !named)
        rac_error_hint(rac_yaml_problem(r->problems, node, "this source names none of the references"),
                       "they are %s", all);
}

rac_origin model_read_origin(reader *r, const rac_yaml *node)
{
    rac_origin origin = {"", "", "", "", node->line, node->column};
    if (node->kind != RAC_YAML_MAP)
        return origin;
    origin.source = words(r, node, "source", false);
    origin.printed = words(r, node, "printed", false);
    origin.note = words(r, node, "note", false);
    origin.tier = model_read_tier(r, rac_yaml_find(node, "tier"));
    if (origin.source[0])
        check_source(r, rac_yaml_find(node, "source"), origin.source);
    return origin;
}

/* ---- numbers ---- */

/* Part of a structure, not of what was measured: half of a racemate, what is left of a fraction, two transit
 * compartments. */
static bool is_structure(const rac_node *number)
{
    const double value = number->value;
    return rac_dimension_is_pure(number->unit.dimension) && !number->unit.text[0] && value >= 0 &&
           value <= 2 && fabs(value - round(value)) <= 0;
}

/* The first number of a tree that is not; NULL when there is none. */
static const rac_node *first_number(const rac_node *node)
{
    if (!node || (node->kind == RAC_NODE_NUMBER && !is_structure(node)))
        return node;
    for (size_t i = 0; i < node->count; i++) {
        const rac_node *found = first_number(node->items[i]);
        if (found)
            return found;
    }
    return NULL;
}

static void look_for_number(reader *r, const char *where, const rac_yaml *node)
{
    rac_expression *expression = NULL;
    rac_error err = {0};
    rac_model *m = r->model;
    if (!node || node->kind != RAC_YAML_TEXT ||
        rac_expression_parse(r->arena, node->text, node->file, node->text_line, node->text_column,
                             &expression, &err))
        return;
    const rac_node *number = first_number(expression->root);
    if (!number)
        return;
    const rac_loose_number loose = {where, rac_number_format(r->arena, number->value), number->line,
                                    number->column};
    rac_push(r->arena, m->loose, m->loose_count, m->loose_capacity, loose);
}

static void look_in_part(reader *r, const char *where, const rac_yaml *part)
{
    static const char *const keys[] = {"fraction", "lag", "duration", "rate"};
    for (size_t i = 0; i < 4; i++)
        look_for_number(r, where, rac_yaml_find(part, keys[i]));
}

void model_keep_loose_numbers(reader *r, const rac_yaml *root)
{
    static const char *const sections[] = {"flows", "equations", "routes", "outputs"};
    static const char *const names[] = {"flow", "equation", "route", "output"};
    for (size_t s = 0; s < 4; s++) {
        const rac_yaml *map = rac_yaml_find(root, sections[s]);
        for (size_t i = 0; map && i < map->count; i++) {
            const rac_yaml *node = &map->items[i];
            const char *where = rac_format(r->arena, "%s '%.*s'", names[s], RAC_TEXT(map->keys[i].text));
            const bool is_route = s == 2;
            look_for_number(r, where, is_route ? NULL : node);
            for (size_t p = 0; is_route && node->kind == RAC_YAML_LIST && p < node->count; p++)
                look_in_part(r, where, &node->items[p]);
            if (node->kind == RAC_YAML_MAP) {
                look_in_part(r, where, node); /* an equation has a rate, too */
                look_for_number(r, where, rac_yaml_find(node, "start"));
            }
        }
    }
}

/* ---- asking ---- */

size_t rac_model_references(const rac_model *model)
{
    return model->reference_count;
}

const rac_reference *rac_model_reference(const rac_model *model, size_t index)
{
    return &model->references[index];
}

bool rac_reference_is_named(const rac_reference *reference, const char *source)
{
    return strstr(source, reference->name) != NULL;
}

const rac_origin *rac_model_parameter_origin(const rac_model *model, size_t parameter)
{
    return &model->parameters[parameter].origin;
}

const rac_origin *rac_model_covariate_origin(const rac_model *model, size_t covariate)
{
    return &model->covariate_origins[covariate];
}

const rac_origin *rac_model_error_origin(const rac_model *model, size_t output)
{
    return rac_model_output_has_error(model, output) ? &model->outputs[output].residual_origin : NULL;
}

const char *rac_model_error_text(rac_arena *arena, const rac_model *model, size_t output)
{
    const rac_residual *e = &model->outputs[output].residual;
    if (e->log > 0)
        return rac_format(arena, "log %.4g", e->log);
    const char *additive = e->additive > 0 ? rac_format(arena, "additive %.4g %s", e->additive,
                                                        rac_model_output_unit(model, output))
                                           : "";
    const char *proportional =
        e->proportional > 0 ? rac_format(arena, "proportional %.4g", e->proportional) : "";
    return rac_format(arena, "%s%s%s", proportional, *additive && *proportional ? ", " : "", additive);
}

size_t rac_model_variabilities(const rac_model *model)
{
    return model->block_count;
}

/* Variances and correlation of the i-th and j-th deviation of a block. */
static double covariance(const rac_eta_block *b, int i, int j)
{
    double sum = 0;
    for (int k = 0; k < b->count; k++)
        sum += b->factor[i * b->count + k] * b->factor[j * b->count + k];
    return sum;
}

void rac_model_variability(rac_arena *arena, const rac_model *model, size_t index, rac_variability *v)
{
    const rac_eta_block *b = &model->blocks[index];
    char *of = rac_string_copy(arena, ""), *spread = rac_string_copy(arena, "");
    for (int i = 0; i < b->count; i++) {
        const rac_eta *eta = &model->etas[b->first + i];
        const double sd = sqrt(covariance(b, i, i));
        const bool log_normal = eta->distribution == RAC_LOG_NORMAL;
        of = rac_format(arena, "%s%s%s", of, i ? ", " : "", model->parameters[eta->parameter].name);
        spread = rac_format(arena, "%s%s%s %.3g%s", spread, i ? ", " : "", log_normal ? "cv" : "sd",
                            log_normal ? 100 * rac_deviation_cv(sd) : sd,
                            log_normal                              ? " %"
                            : eta->distribution == RAC_LOGIT_NORMAL ? " on the logit scale"
                                                                    : "");
    }
    if (b->count == 2 && fabs(covariance(b, 0, 1)) > 0)
        spread = rac_format(arena, "%s, correlation %.2f", spread,
                            covariance(b, 0, 1) / sqrt(covariance(b, 0, 0) * covariance(b, 1, 1)));
    *v = (rac_variability){.of = of, .spread = spread, .occasion = b->occasion, .origin = &b->origin};
}

/* ---- what is missing ---- */

static size_t missing(const rac_model *m, rac_problems *problems, const rac_origin *origin, bool has_tier,
                      const char *what)
{
    rac_error err = {0};
    if (origin->source[0] && (origin->tier[0] || !has_tier))
        return 0;
    rac_fail(&err, RAC_INVALID, "%s has no %s", what, origin->source[0] ? "tier" : "source");
    rac_error_place(&err, m->file, origin->line, origin->column);
    rac_problems_add(problems, &err);
    return 1;
}

/* Made of other parameters alone, or not known yet. */
static bool needs_no_source(const rac_model *m, const rac_parameter *p)
{
    if (!p->expression)
        return true;
    if (first_number(p->expression->root))
        return false;
    for (size_t i = 0; i < p->expression->name_count; i++)
        for (size_t k = 0; k < m->parameter_count; k++)
            if (rac_text_is(p->expression->names[i].text, m->parameters[k].name))
                return true;
    return false;
}

size_t rac_model_check_sources(const rac_model *m, rac_problems *problems)
{
    rac_arena *arena = problems->arena;
    size_t count = 0;
    for (size_t i = 0; i < m->covariate_count; i++)
        count += missing(m, problems, &m->covariate_origins[i], false,
                         rac_format(arena, "the range of %s", m->covariates[i].name));
    for (size_t i = 0; i < m->parameter_count; i++)
        if (!needs_no_source(m, &m->parameters[i]))
            count += missing(m, problems, &m->parameters[i].origin, true, m->parameters[i].name);
    for (size_t i = 0; i < m->block_count; i++) {
        rac_variability v;
        rac_model_variability(arena, m, i, &v);
        count += missing(m, problems, v.origin, true, rac_format(arena, "the variability of %s", v.of));
    }
    for (size_t o = 0; o < m->output_count; o++)
        if (rac_model_output_has_error(m, o))
            count += missing(m, problems, &m->outputs[o].residual_origin, true,
                             rac_format(arena, "the error of %s", m->outputs[o].name));
    for (size_t i = 0; i < m->loose_count; i++) {
        rac_error err = {0};
        rac_fail(&err, RAC_INVALID, "%s of %s can have no source here", m->loose[i].text, m->loose[i].where);
        rac_error_place(&err, m->file, m->loose[i].line, m->loose[i].column);
        rac_error_hint(&err, "make it a parameter");
        rac_problems_add(problems, &err);
        count++;
    }
    return count;
}
