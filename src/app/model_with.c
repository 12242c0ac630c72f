/* Other drugs beside a model: the changes that were measured and can be asked for, and what was reported and
 * is only shown. */
#include <string.h>

#include "app/internal.h"
#include "racemate/pharma.h"

/* The routes by which doses of a regimen are given, each once. */
static int *routes_of(rac_arena *arena, const rac_regimen *regimen, size_t *count)
{
    int *routes = rac_many(arena, int, regimen ? regimen->count : 0);
    *count = 0;
    for (size_t i = 0; regimen && i < regimen->count; i++) {
        const rac_dose *dose = &regimen->items[i];
        bool known = dose->kind == RAC_DOSE_OBSERVATION;
        for (size_t k = 0; k < *count; k++)
            known |= routes[k] == dose->route;
        if (!known)
            routes[(*count)++] = dose->route;
    }
    return routes;
}

rac_status rac_app_with(rac_call *call, const rac_regimen *regimen, rac_model **model, char **words,
                        rac_error *err)
{
    *words = rac_string_copy(call->arena, "");
    const char *typed = rac_call_value(call, "with");
    rac_text rest = rac_text_of(typed);
    size_t count;
    const int *routes = routes_of(call->arena, regimen, &count);
    while (typed && rest.data) {
        const char *name = rac_text_copy(call->arena, rac_text_trim(rac_text_split(rest, ',', &rest)));
        const rac_model *plain = *model;
        const rac_status status = rac_model_with(call->arena, plain, name, routes, count, model, err);
        if (status) {
            rac_error_field(err, "with");
            return status;
        }
        const rac_modifier *m = rac_model_modifier(plain, (size_t)rac_model_find_modifier(plain, name));
        char *changes = rac_string_copy(call->arena, "");
        for (size_t i = 0; i < m->change_count; i++)
            changes = rac_format(call->arena, "%s%s%s x%g", changes, i ? ", " : "",
                                 rac_model_parameter_name(plain, (size_t)m->changes[i].parameter),
                                 m->changes[i].factor);
        *words = rac_format(call->arena, "%s  with %s: %s (%s)\n%s%s%s", *words, name, changes, m->source,
                            m->note[0] ? "    " : "", m->note, m->note[0] ? "\n" : "");
    }
    return RAC_OK;
}

char *rac_app_modifiers_text(rac_arena *arena, const rac_model *model, json_t *json)
{
    char *text = rac_string_copy(arena, "");
    json_t *list = json_array();
    for (size_t i = 0; i < rac_model_modifiers(model); i++) {
        const rac_modifier *m = rac_model_modifier(model, i);
        json_t *multiply = json_object(), *routes = json_array();
        char *changes = rac_string_copy(arena, ""), *names = rac_string_copy(arena, "");
        for (size_t k = 0; k < m->change_count; k++) {
            const char *parameter = rac_model_parameter_name(model, (size_t)m->changes[k].parameter);
            changes =
                rac_format(arena, "%s%s%s x%g", changes, k ? ", " : "", parameter, m->changes[k].factor);
            json_object_set_new(multiply, parameter, json_real(m->changes[k].factor));
        }
        for (size_t k = 0; k < m->route_count; k++) {
            const char *route = rac_model_route_name(model, (size_t)m->routes[k]);
            names = rac_format(arena, "%s%s%s", names, k ? ", " : "", route);
            json_array_append_new(routes, json_string(route));
        }
        text = rac_format(arena, "%s  --with        %s (%s only): %s. %s\n", text, m->name, names, changes,
                          m->source);
        if (m->note[0])
            text = rac_format(arena, "%s                %s\n", text, m->note);
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:s, s:s, s:s}", "name", m->name, "multiply",
                                              multiply, "routes", routes, "source", m->source, "tier",
                                              m->tier, "note", m->note));
    }
    json_object_set_new(json, "modifiers", list);
    return text;
}

char *rac_app_interactions_text(rac_arena *arena, const rac_model *model, int route, json_t *json)
{
    char *text = rac_string_copy(arena, "");
    json_t *list = json_array();
    for (size_t i = 0; i < rac_model_interactions(model); i++) {
        const rac_interaction *it = rac_model_interaction(model, i);
        if (route >= 0 && it->route != route)
            continue;
        text = rac_format(arena, "%s  reported, not applied: %s, %s: %s%s%s (%s)\n", text, it->with,
                          it->route_name, it->effect, it->note[0] ? "; " : "", it->note, it->source);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "with", it->with, "route",
                                              it->route_name, "effect", it->effect, "note", it->note, "tier",
                                              it->tier, "source", it->source));
    }
    json_object_set_new(json, "interactions", list);
    return text;
}
