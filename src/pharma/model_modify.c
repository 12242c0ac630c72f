/* Changed models, and the changes a file knows: see racemate/pharma/modify.h.
 *
 * Every parameter is written to its slot by one last instruction of the setup program, a copy.  In a changed
 * model that copy is a product with a constant; everything else is shared with the original. */
#include "racemate/pharma/modify.h"

#include <math.h>
#include <string.h>

#include "pharma/model_read.h"

/* ---- changing ---- */

/* Where the parameter gets its value; items[count] has none (unknown). */
static size_t writer_of(const rac_model *m, int parameter)
{
    size_t at = 0;
    while (at < m->setup.count && m->setup.items[at].to != rac_slot_parameter(m, (size_t)parameter))
        at++;
    return at;
}

rac_status rac_model_modify(rac_arena *arena, const rac_model *model, const rac_model_change *changes,
                            size_t count, rac_model **modified, rac_error *err)
{
    double *factors = rac_many(arena, double, model->parameter_count);
    for (size_t i = 0; i < model->parameter_count; i++)
        factors[i] = 1;
    for (size_t i = 0; i < count; i++) {
        const char *name = model->parameters[changes[i].parameter].name;
        if (!(changes[i].factor > 0) || !isfinite(changes[i].factor))
            return rac_fail(err, RAC_INVALID, "%s cannot be multiplied by %g", name, changes[i].factor);
        if (writer_of(model, changes[i].parameter) == model->setup.count)
            return rac_fail(err, RAC_REFUSED, "%s has no value to multiply in '%s'", name, model->about.name);
        factors[changes[i].parameter] *= changes[i].factor;
    }
    rac_model *m = rac_new(arena, rac_model);
    *m = *model;
    m->setup = rac_program_new(arena, model->setup.slots);
    m->setup.registers = model->setup.registers;
    for (size_t i = 0; i < model->setup.count; i++) {
        const rac_instruction item = model->setup.items[i];
        const int parameter = item.to - rac_slot_parameter(m, 0);
        const bool changed =
            parameter >= 0 && (size_t)parameter < m->parameter_count && factors[parameter] != 1;
        if (!changed) {
            rac_push(arena, m->setup.items, m->setup.count, m->setup.capacity, item);
            continue;
        }
        const int factor = rac_program_add(&m->setup, RAC_OP_NUMBER, 0, 0, 0, factors[parameter]);
        rac_program_set(&m->setup, item.to, RAC_OP_MULTIPLY, item.a, factor);
    }
    *modified = m;
    return RAC_OK;
}

/* ---- reading ---- */

static const char *want_words(reader *r, const rac_yaml *map, const char *key, bool needed)
{
    rac_text text;
    const rac_yaml *node = needed ? rac_yaml_need(map, key, r->problems) : rac_yaml_find(map, key);
    return node && rac_yaml_want_text(node, &text, r->problems) ? rac_text_copy(r->arena, text) : "";
}

const char *model_read_tier(reader *r, const rac_yaml *node)
{
    static const char *const tiers[] = {"A", "B", "C"};
    size_t tier;
    return node && rac_yaml_want_word(node, tiers, 3, &tier, r->problems) ? tiers[tier] : "";
}

static void read_factors(reader *r, const rac_yaml *map, rac_modifier *modifier)
{
    if (!map || !rac_yaml_want_map(map, r->problems))
        return;
    rac_model_change *changes = rac_many(r->arena, rac_model_change, map->count + 1);
    for (size_t i = 0; i < map->count; i++) {
        const int parameter = model_want_parameter(r, &map->keys[i], map->keys[i].text);
        double factor;
        if (parameter >= 0 && rac_yaml_want_number(&map->items[i], 0.01, 100, &factor, r->problems))
            changes[modifier->change_count++] = (rac_model_change){parameter, factor};
    }
    if (!map->count)
        rac_yaml_problem(r->problems, map, "a modifier multiplies at least one parameter");
    modifier->changes = changes;
}

static void read_routes(reader *r, const rac_yaml *list, rac_modifier *modifier)
{
    if (!list || !rac_yaml_want_list(list, r->problems))
        return;
    int *routes = rac_many(r->arena, int, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        rac_text name;
        if (!rac_yaml_want_text(&list->items[i], &name, r->problems))
            continue;
        const int route = rac_model_find_route(r->model, rac_text_copy(r->arena, name));
        if (route < 0)
            rac_yaml_problem(r->problems, &list->items[i], "there is no route '%.*s'", RAC_TEXT(name));
        else
            routes[modifier->route_count++] = route;
    }
    if (!list->count)
        rac_yaml_problem(r->problems, list, "a modifier was studied on at least one route");
    modifier->routes = routes;
}

static void read_modifier(reader *r, const rac_yaml *key, const rac_yaml *node)
{
    static const char *const keys[] = {"multiply", "routes", "source", "tier", "note"};
    if (!rac_yaml_check_keys(node, keys, 5, r->problems))
        return;
    rac_modifier modifier = {.name = rac_text_copy(r->arena, key->text),
                             .source = want_words(r, node, "source", true),
                             .note = want_words(r, node, "note", false),
                             .tier = model_read_tier(r, rac_yaml_need(node, "tier", r->problems))};
    read_factors(r, rac_yaml_need(node, "multiply", r->problems), &modifier);
    read_routes(r, rac_yaml_need(node, "routes", r->problems), &modifier);
    rac_model *m = r->model;
    rac_push(r->arena, m->modifiers, m->modifier_count, m->modifier_capacity, modifier);
}

static void read_interaction(reader *r, const rac_yaml *node)
{
    static const char *const keys[] = {"with", "route", "effect", "source", "tier", "note"};
    if (!rac_yaml_check_keys(node, keys, 6, r->problems))
        return;
    rac_interaction interaction = {.with = want_words(r, node, "with", true),
                                   .route_name = want_words(r, node, "route", true),
                                   .effect = want_words(r, node, "effect", true),
                                   .source = want_words(r, node, "source", true),
                                   .note = want_words(r, node, "note", false),
                                   .tier = model_read_tier(r, rac_yaml_need(node, "tier", r->problems))};
    rac_model *m = r->model;
    interaction.route = rac_model_find_route(m, interaction.route_name);
    rac_push(r->arena, m->interactions, m->interaction_count, m->interaction_capacity, interaction);
}

void model_read_modifiers(reader *r, const rac_yaml *modifiers, const rac_yaml *interactions)
{
    if (modifiers && rac_yaml_want_map(modifiers, r->problems))
        for (size_t i = 0; i < modifiers->count; i++)
            read_modifier(r, &modifiers->keys[i], &modifiers->items[i]);
    if (interactions && rac_yaml_want_list(interactions, r->problems))
        for (size_t i = 0; i < interactions->count; i++)
            read_interaction(r, &interactions->items[i]);
}

/* ---- asking ---- */

size_t rac_model_modifiers(const rac_model *model)
{
    return model->modifier_count;
}

const rac_modifier *rac_model_modifier(const rac_model *model, size_t index)
{
    return &model->modifiers[index];
}

int rac_model_find_modifier(const rac_model *model, const char *name)
{
    for (size_t i = 0; i < model->modifier_count; i++)
        if (!strcmp(model->modifiers[i].name, name))
            return (int)i;
    return -1;
}

size_t rac_model_interactions(const rac_model *model)
{
    return model->interaction_count;
}

const rac_interaction *rac_model_interaction(const rac_model *model, size_t index)
{
    return &model->interactions[index];
}

static rac_status unknown_modifier(rac_arena *arena, const rac_model *model, const char *name, rac_error *err)
{
    const char **known = rac_many(arena, const char *, model->modifier_count);
    char *list = rac_string_copy(arena, "");
    for (size_t i = 0; i < model->modifier_count; i++) {
        known[i] = model->modifiers[i].name;
        list = rac_format(arena, "%s%s%s", list, i ? ", " : "", known[i]);
    }
    rac_fail(err, RAC_NOT_FOUND, "the model '%s' knows no modifier '%.40s'", model->about.name, name);
    const char *nearest = rac_text_nearest(rac_text_of(name), known, model->modifier_count);
    const rac_interaction *reported = NULL;
    char *by_route = rac_string_copy(arena, ""); /* "ticlopidine" where there is ticlopidine-oral */
    for (size_t i = 0; i < model->modifier_count; i++)
        if (rac_text_starts(rac_text_of(known[i]), rac_format(arena, "%s-", name)))
            by_route = rac_format(arena, "%s%s'%s'", by_route, by_route[0] ? " or " : "", known[i]);
    for (size_t i = 0; !reported && i < model->interaction_count; i++)
        if (!strcmp(model->interactions[i].with, name))
            reported = &model->interactions[i];
    if (by_route[0])
        rac_error_hint(err, "it differs by route: did you mean %s?", by_route);
    else if (reported)
        rac_error_hint(err, "it is reported for %s (%s), but no parameter of this model can express it",
                       reported->route_name, reported->effect);
    else if (nearest)
        rac_error_hint(err, "did you mean '%s'?", nearest);
    else if (model->modifier_count)
        rac_error_hint(err, "it knows %s", list);
    else
        rac_error_hint(err, "it knows none: no change was reported that a parameter of it can express");
    return RAC_NOT_FOUND;
}

static bool studied(const rac_modifier *modifier, int route)
{
    for (size_t i = 0; i < modifier->route_count; i++)
        if (modifier->routes[i] == route)
            return true;
    return false;
}

rac_status rac_model_with(rac_arena *arena, const rac_model *model, const char *name, const int *routes,
                          size_t route_count, rac_model **modified, rac_error *err)
{
    const int at = rac_model_find_modifier(model, name);
    if (at < 0)
        return unknown_modifier(arena, model, name, err);
    const rac_modifier *modifier = &model->modifiers[at];
    for (size_t i = 0; i < route_count; i++) {
        if (studied(modifier, routes[i]))
            continue;
        char *list = rac_string_copy(arena, "");
        for (size_t k = 0; k < modifier->route_count; k++)
            list = rac_format(arena, "%s%s%s", list, k ? ", " : "", model->routes[modifier->routes[k]]);
        rac_fail(err, RAC_REFUSED, "%s was studied with the route %s, not %s", name, list,
                 model->routes[routes[i]]);
        rac_error_hint(err,
                       "the first pass through gut and liver differs between routes, so a change seen on "
                       "one is not carried to another");
        return RAC_REFUSED;
    }
    return rac_model_modify(arena, model, modifier->changes, modifier->change_count, modified, err);
}
