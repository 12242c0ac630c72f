/* Taking values out of a YAML tree, strictly, with the place of each mistake: see base/yaml.h. */
#include "base/yaml.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- problems at a node ---- */

static rac_error *add_at(rac_problems *problems, const rac_yaml *node, rac_error *err)
{
    if (node && !err->line) {
        rac_error_place(err, node->file, node->line, node->column);
        rac_error_field(err, node->path);
    }
    rac_problems_add(problems, err);
    return &problems->items[problems->count - 1];
}

rac_error *rac_yaml_problem(rac_problems *problems, const rac_yaml *node, const char *format, ...)
{
    rac_error err;
    va_list arguments;
    va_start(arguments, format);
    const char *message = rac_format_list(problems->arena, format, arguments);
    va_end(arguments);
    rac_error_set(&err, RAC_INVALID, __FILE__, __LINE__, "%s", message);
    return add_at(problems, node, &err);
}

rac_error *rac_yaml_problem_from(rac_problems *problems, const rac_yaml *node, const rac_error *err)
{
    rac_error placed = *err;
    return add_at(problems, node, &placed);
}

/* How a node is called in a message: its path, or the file for the root. */
static const char *name_of(const rac_yaml *node)
{
    return node->path[0] ? node->path : "the file";
}

/* What stands there, for "expected ..., got ...". */
static const char *shown(rac_problems *problems, const rac_yaml *node)
{
    if (node->kind == RAC_YAML_LIST)
        return "a list";
    if (node->kind == RAC_YAML_MAP)
        return "a map";
    if (!node->text.size)
        return node->quoted ? "an empty text" : "nothing";
    return rac_format(problems->arena, "%s'%.*s'", node->quoted ? "the quoted text " : "",
                      RAC_TEXT(rac_text_shorten(node->text, 60)));
}

static bool refuse(rac_problems *problems, const rac_yaml *node, const char *expected)
{
    rac_yaml_problem(problems, node, "%s: expected %s, got %s", name_of(node), expected,
                     shown(problems, node));
    return false;
}

/* ---- maps ---- */

const rac_yaml *rac_yaml_find(const rac_yaml *map, const char *key)
{
    if (!map || map->kind != RAC_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (rac_text_is(map->keys[i].text, key))
            return &map->items[i];
    return NULL;
}

const rac_yaml *rac_yaml_need(const rac_yaml *map, const char *key, rac_problems *problems)
{
    if (!map || !rac_yaml_want_map(map, problems))
        return NULL;
    const rac_yaml *found = rac_yaml_find(map, key);
    if (!found)
        rac_yaml_problem(problems, map, "%s has no '%s'", name_of(map), key);
    return found;
}

bool rac_yaml_check_keys(const rac_yaml *map, const char *const *known, size_t count, rac_problems *problems)
{
    if (!map || !rac_yaml_want_map(map, problems))
        return false;
    bool all_known = true;
    for (size_t i = 0; i < map->count; i++) {
        const rac_yaml *key = &map->keys[i];
        size_t k = 0;
        while (k < count && !rac_text_is(key->text, known[k]))
            k++;
        if (k < count)
            continue;
        all_known = false;
        rac_error *err = rac_yaml_problem(problems, key, "unknown key '%.*s'", RAC_TEXT(key->text));
        rac_error_field(err, map->items[i].path);
        const char *near = rac_text_nearest(key->text, known, count);
        if (near)
            rac_error_hint(err, "did you mean '%s'?", near);
    }
    return all_known;
}

bool rac_yaml_want_map(const rac_yaml *node, rac_problems *problems)
{
    return node && (node->kind == RAC_YAML_MAP || refuse(problems, node, "a map (key: value)"));
}

bool rac_yaml_want_list(const rac_yaml *node, rac_problems *problems)
{
    return node && (node->kind == RAC_YAML_LIST || refuse(problems, node, "a list"));
}

/* ---- text ---- */

bool rac_yaml_want_text(const rac_yaml *node, rac_text *out, rac_problems *problems)
{
    if (!node)
        return false;
    if (node->kind != RAC_YAML_TEXT || !rac_text_trim(node->text).size)
        return refuse(problems, node, "a text");
    *out = node->text;
    return true;
}

/* "a, b or c" */
static const char *listed(rac_problems *problems, const char *const *words, size_t count)
{
    const char *list = "";
    for (size_t i = 0; i < count; i++)
        list = rac_format(problems->arena, "%s%s%s", list,
                          !i               ? ""
                          : i + 1 == count ? " or "
                                           : ", ",
                          words[i]);
    return list;
}

bool rac_yaml_want_word(const rac_yaml *node, const char *const *words, size_t count, size_t *out,
                        rac_problems *problems)
{
    if (!node)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (node->kind == RAC_YAML_TEXT && rac_text_is(node->text, words[i])) {
            *out = i;
            return true;
        }
    }
    refuse(problems, node, listed(problems, words, count));
    const char *near = node->kind == RAC_YAML_TEXT ? rac_text_nearest(node->text, words, count) : NULL;
    if (near)
        rac_error_hint(&problems->items[problems->count - 1], "did you mean '%s'?", near);
    return false;
}

bool rac_yaml_want_truth(const rac_yaml *node, bool *out, rac_problems *problems)
{
    if (!node)
        return false;
    const bool plain = node->kind == RAC_YAML_TEXT && !node->quoted;
    if (!plain || !(rac_text_is(node->text, "true") || rac_text_is(node->text, "false")))
        return refuse(problems, node, "true or false");
    *out = rac_text_is(node->text, "true");
    return true;
}

/* ---- numbers ---- */

/* "0.1 to 1 mg/kg", "at least 0 mg", "at most 5" */
static const char *range_words(rac_problems *problems, double min, double max, const char *unit)
{
    rac_arena *arena = problems->arena;
    const char *space = unit[0] ? " " : "";
    if (isinf(max))
        return rac_format(arena, "at least %s%s%s", rac_number_format(arena, min), space, unit);
    if (isinf(min))
        return rac_format(arena, "at most %s%s%s", rac_number_format(arena, max), space, unit);
    return rac_format(arena, "%s to %s%s%s", rac_number_format(arena, min), rac_number_format(arena, max),
                      space, unit);
}

static bool in_range(const rac_yaml *node, double value, double min, double max, const char *unit,
                     rac_problems *problems)
{
    if (value >= min && value <= max)
        return true;
    rac_yaml_problem(problems, node, "%s is %.*s, allowed %s", name_of(node), RAC_TEXT(node->text),
                     range_words(problems, min, max, unit));
    return false;
}

/* Adds what a strict reader said, led by the field's name. */
static bool refuse_because(rac_problems *problems, const rac_yaml *node, const rac_error *err)
{
    rac_error *added = rac_yaml_problem(problems, node, "%s: %s", name_of(node), err->message);
    rac_error_hint(added, "%s", err->hint);
    return false;
}

static bool is_plain(const rac_yaml *node)
{
    return node->kind == RAC_YAML_TEXT && !node->quoted && node->text.size;
}

bool rac_yaml_want_number(const rac_yaml *node, double min, double max, double *out, rac_problems *problems)
{
    if (!node)
        return false;
    rac_error err = {0};
    double value;
    if (!is_plain(node))
        return refuse(problems, node, "a number");
    if (rac_number_parse(node->text, &value, &err) != RAC_OK)
        return refuse_because(problems, node, &err);
    if (!in_range(node, value, min, max, "", problems))
        return false;
    *out = value;
    return true;
}

bool rac_yaml_want_integer(const rac_yaml *node, int64_t min, int64_t max, int64_t *out,
                           rac_problems *problems)
{
    if (!node)
        return false;
    rac_error err = {0};
    int64_t value;
    if (!is_plain(node))
        return refuse(problems, node, "a whole number");
    if (rac_integer_parse(node->text, &value, &err) != RAC_OK)
        return refuse_because(problems, node, &err);
    if (value < min || value > max) {
        const double low = min == INT64_MIN ? -INFINITY : (double)min,
                     high = max == INT64_MAX ? INFINITY : (double)max;
        rac_yaml_problem(problems, node, "%s is %" PRId64 ", allowed %s", name_of(node), value,
                         range_words(problems, low, high, ""));
        return false;
    }
    *out = value;
    return true;
}

bool rac_yaml_want_any_quantity(const rac_yaml *node, rac_quantity *out, rac_problems *problems)
{
    if (!node)
        return false;
    rac_error err = {0};
    if (node->kind != RAC_YAML_TEXT || !node->text.size)
        return refuse(problems, node, "a number with its unit");
    if (rac_quantity_parse(node->text, out, &err) != RAC_OK)
        return refuse_because(problems, node, &err);
    return true;
}

bool rac_yaml_want_quantity(const rac_yaml *node, const char *unit, double min, double max, double *out,
                            rac_problems *problems)
{
    if (!node)
        return false;
    rac_error err = {0};
    rac_quantity quantity;
    double value;
    if (node->kind != RAC_YAML_TEXT || !node->text.size)
        return refuse(problems, node, rac_format(problems->arena, "a number in %s", unit));
    if (!rac_yaml_want_any_quantity(node, &quantity, problems))
        return false;
    if (rac_quantity_in(quantity, rac_unit_of(unit), &value, &err) != RAC_OK)
        return refuse_because(problems, node, &err);
    if (!in_range(node, value, min, max, unit, problems))
        return false;
    *out = value;
    return true;
}
