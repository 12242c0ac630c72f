/* What names mean while a model file is read, and what is said of one that means nothing.
 *
 * A fault is told once, where it is: an expression that uses a name whose own definition has a problem gets
 * no problem of its own. */
#include "pharma/model_read.h"

#include <stdio.h>
#include <string.h>

/* ---- finding ---- */

static bool is_known(const reader *r, rac_text name, rac_name *found)
{
    const rac_model *m = r->model;
    *found = (rac_name){.kind = RAC_VALUE_NUMBER};
    for (size_t i = 0; i < m->covariate_count; i++)
        if (rac_text_is(name, m->covariates[i].name)) {
            found->unit = model_unit_of_dimension(rac_unit_of(m->covariates[i].unit).dimension);
            found->slot = NAME_COVARIATE + (int)i;
            return true;
        }
    for (size_t i = 0; i < m->parameter_count; i++)
        if (rac_text_is(name, m->parameters[i].name)) {
            found->unit = m->parameters[i].unit;
            found->slot = NAME_PARAMETER + (int)i;
            return true;
        }
    const int amount = r->amounts_visible ? model_find_amount(m, name) : -1;
    if (amount < 0)
        return false;
    found->unit = m->compartment_units[amount];
    found->slot = NAME_AMOUNT + amount;
    return true;
}

bool model_is_faulty(const reader *r, rac_text name)
{
    for (size_t i = 0; i < r->faulty_count; i++)
        if (rac_text_equal(r->faulty[i], name))
            return true;
    return false;
}

/* rac_names.find: keeps what was asked for in the trail. */
static bool find_name(const void *context, rac_text name, rac_name *found)
{
    const reader *r = context;
    name_trail *trail = r->trail;
    if (!is_known(r, name, found)) {
        trail->missing = name;
        trail->faulty = model_is_faulty(r, name);
        return false;
    }
    if (trail->count < RAC_TRAIL_MAX) {
        trail->names[trail->count] = name;
        trail->units[trail->count++] = found->unit;
    }
    return true;
}

static rac_names visible_names(reader *r)
{
    const rac_model *m = r->model;
    const char **known =
        rac_many(r->arena, const char *, m->covariate_count + m->parameter_count + m->compartment_count);
    size_t count = 0;
    for (size_t i = 0; i < m->covariate_count; i++)
        known[count++] = m->covariates[i].name;
    for (size_t i = 0; i < m->parameter_count; i++)
        known[count++] = m->parameters[i].name;
    for (size_t i = 0; r->amounts_visible && i < m->compartment_count; i++)
        known[count++] = m->compartments[i];
    return (rac_names){.find = find_name, .context = r, .known = known, .known_count = count};
}

/* ---- names that stand further down, and circles ---- */

static const rac_yaml *value_of(const rac_yaml *parameter)
{
    return parameter->kind == RAC_YAML_MAP ? rac_yaml_find(parameter, "value") : parameter;
}

static size_t find_key(const rac_yaml *map, rac_text name)
{
    size_t i = 0;
    while (i < map->count && !rac_text_equal(map->keys[i].text, name))
        i++;
    return i;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* True when the text of a value has the name as a word of its own. */
static bool mentions(const rac_yaml *value, rac_text name)
{
    if (!value || value->kind != RAC_YAML_TEXT)
        return false;
    const rac_text text = value->text;
    for (size_t i = 0, end; i < text.size; i = end) {
        end = i + 1;
        if (!is_letter(text.data[i]))
            continue;
        while (end < text.size && (is_letter(text.data[end]) || is_digit(text.data[end])))
            end++;
        if (rac_text_equal((rac_text){text.data + i, end - i}, name))
            return true;
    }
    return false;
}

/* The way from parameter `from` back to `to` through what their values mention, as "CL -> V"; NULL without
 * one. Breadth first, so the shortest. */
static const char *way_back(reader *r, size_t from, size_t to)
{
    const rac_yaml *map = r->parameter_map;
    size_t *queue = rac_many(r->arena, size_t, map->count), *before = rac_many(r->arena, size_t, map->count);
    bool *seen = rac_many(r->arena, bool, map->count);
    size_t head = 0, tail = 0;
    before[to] = map->count;
    seen[from] = true;
    for (queue[tail++] = from, before[from] = map->count; head < tail && queue[head] != to; head++)
        for (size_t i = 0; i < map->count; i++)
            if (!seen[i] && mentions(value_of(&map->items[queue[head]]), map->keys[i].text)) {
                seen[i] = true;
                before[i] = queue[head];
                queue[tail++] = i;
            }
    if (!seen[to])
        return NULL;
    const char *way = rac_text_copy(r->arena, map->keys[to].text);
    for (size_t at = before[to]; at < map->count; at = before[at])
        way = rac_format(r->arena, "%.*s -> %s", RAC_TEXT(map->keys[at].text), way);
    return way;
}

/* A parameter that is defined, but not above: says so instead of "unknown name". */
static void explain_order(reader *r, const rac_yaml *node, rac_error *problem)
{
    const rac_yaml *map = r->parameter_map;
    if (!map || map->kind != RAC_YAML_MAP)
        return;
    const size_t named = find_key(map, r->trail->missing);
    size_t user = 0;
    while (user < map->count && value_of(&map->items[user]) != node)
        user++;
    if (named == map->count || user == map->count)
        return;
    const rac_text missing = map->keys[named].text, by = map->keys[user].text;
    const char *way = way_back(r, named, user);
    if (named == user) {
        snprintf(problem->message, sizeof problem->message, "'%.*s' is defined by itself", RAC_TEXT(by));
        rac_error_hint(problem, "a parameter may use covariates and the parameters above it");
    } else if (way) {
        snprintf(problem->message, sizeof problem->message, "a circle of definitions: %.*s -> %s",
                 RAC_TEXT(by), way);
        rac_error_hint(problem, "one of them needs a value that does not rest on the others");
    } else {
        snprintf(problem->message, sizeof problem->message, "'%.*s' stands further down, on line %d",
                 RAC_TEXT(missing), map->keys[named].line);
        rac_error_hint(problem, "a parameter may use those above it: move %.*s above %.*s", RAC_TEXT(missing),
                       RAC_TEXT(by));
    }
}

/* ---- expressions ---- */

/* Where units do not fit, what the names are in: a missing unit is rarely missing on the line that fails. */
static void explain_units(const name_trail *trail, rac_error *problem)
{
    char text[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < trail->count && used < sizeof text; i++) {
        const char *unit = trail->units[i].text;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s is %s%s", i ? ", " : "",
                                 RAC_TEXT(rac_text_shorten(trail->names[i], 30)),
                                 unit[0] ? "in " : "a pure number", unit);
    }
    if (trail->count)
        rac_error_hint(problem, "%s", text);
}

bool model_want_expression(reader *r, const rac_yaml *node, const rac_unit *unit, rac_expression **out)
{
    name_trail trail = {.missing = {NULL, 0}};
    const size_t before = r->problems->count;
    r->trail = &trail;
    const rac_names names = visible_names(r);
    const bool read = rac_expression_want(r->arena, node, &names, RAC_VALUE_NUMBER, unit, out, r->problems);
    if (!read && trail.faulty)
        r->problems->count = before;
    else if (!read && r->problems->count > before) {
        rac_error *problem = &r->problems->items[r->problems->count - 1];
        if (trail.missing.data)
            explain_order(r, node, problem);
        else if (!problem->hint[0])
            explain_units(&trail, problem);
    }
    r->trail = NULL;
    return read;
}

/* ---- names that are given ---- */

bool model_name_is_word(reader *r, const rac_yaml *node, rac_text name)
{
    bool word = name.size > 0 && is_letter(name.data[0]);
    for (size_t i = 0; i < name.size; i++)
        word &= is_letter(name.data[i]) || is_digit(name.data[i]);
    if (!word)
        rac_yaml_problem(r->problems, node, "'%.*s' is not a name: letters, digits and _", RAC_TEXT(name));
    return word;
}

bool model_name_is_free(reader *r, const rac_yaml *node, rac_text name)
{
    rac_name found;
    const bool visible = r->amounts_visible;
    r->amounts_visible = true;
    const bool taken = is_known(r, name, &found);
    r->amounts_visible = visible;
    if (taken)
        rac_yaml_problem(r->problems, node, "'%.*s' is already the name of something else", RAC_TEXT(name));
    else if (rac_unit_is_name(name))
        rac_yaml_problem(r->problems, node, "'%.*s' is the name of a unit", RAC_TEXT(name));
    else
        return model_name_is_word(r, node, name);
    return false;
}

void model_name_is_faulty(reader *r, rac_text name)
{
    rac_push(r->arena, r->faulty, r->faulty_count, r->faulty_capacity, name);
}

int model_want_parameter(reader *r, const rac_yaml *node, rac_text name)
{
    const rac_model *m = r->model;
    for (size_t i = 0; i < m->parameter_count; i++)
        if (rac_text_is(name, m->parameters[i].name))
            return (int)i;
    if (model_is_faulty(r, name))
        return -1;
    const char **known = rac_many(r->arena, const char *, m->parameter_count);
    for (size_t i = 0; i < m->parameter_count; i++)
        known[i] = m->parameters[i].name;
    rac_error *problem = rac_yaml_problem(r->problems, node, "there is no parameter '%.*s'", RAC_TEXT(name));
    const char *near = rac_text_nearest(name, known, m->parameter_count);
    if (near)
        rac_error_hint(problem, "did you mean '%s'?", near);
    return -1;
}
