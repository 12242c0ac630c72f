/* Taking single values out of a protocol file: see protocol/reader.h. */
#include "protocol/reader.h"

#include <math.h>
#include <string.h>

bool rac_hint_unless(rac_reader *reader, bool fine, const char *hint)
{
    rac_problems *problems = reader->problems;
    if (!fine && problems->count && !problems->items[problems->count - 1].hint[0])
        rac_error_hint(&problems->items[problems->count - 1], "%s", hint);
    return fine;
}

void rac_refuse_twice(rac_reader *reader, const rac_yaml *list, const char *key)
{
    for (size_t i = 1; i < list->count; i++) {
        const rac_yaml *node = rac_yaml_find(&list->items[i], key);
        for (size_t k = 0; node && node->kind == RAC_YAML_TEXT && k < i; k++) {
            const rac_yaml *first = rac_yaml_find(&list->items[k], key);
            if (!first || first->kind != RAC_YAML_TEXT || !rac_text_equal(first->text, node->text))
                continue;
            rac_error *err = rac_yaml_problem(reader->problems, node, "%s '%.*s' is given twice", key,
                                              RAC_TEXT(node->text));
            rac_error_hint(err, "it first stands on line %d", first->line);
            break;
        }
    }
}

/* ---- text and words ---- */

static const char *copied(rac_reader *reader, const rac_yaml *node)
{
    rac_text text;
    return rac_yaml_want_text(node, &text, reader->problems) ? rac_text_copy(reader->arena, text) : NULL;
}

const char *rac_take_text(rac_reader *reader, const rac_yaml *map, const char *key)
{
    const char *text = copied(reader, rac_yaml_need(map, key, reader->problems));
    return text ? text : "";
}

const char *rac_take_optional_text(rac_reader *reader, const rac_yaml *map, const char *key)
{
    return copied(reader, rac_yaml_find(map, key));
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool rac_is_id(rac_text text, char joint)
{
    if (!text.size || text.size > 60 || !is_letter_or_digit(text.data[0]))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!is_letter_or_digit(text.data[i]) && text.data[i] != joint)
            return false;
    return true;
}

const char *rac_take_id(rac_reader *reader, const rac_yaml *map, const char *key)
{
    const rac_yaml *node = rac_yaml_need(map, key, reader->problems);
    const char *id = copied(reader, node);
    if (id && !rac_is_id(rac_text_of(id), '-')) {
        rac_yaml_problem(reader->problems, node, "'%s' is not an id", id);
        rac_hint_unless(reader, false, "letters, digits and '-', at most 60, for example systolic-hold");
    }
    return id ? id : "";
}

bool rac_take_truth(rac_reader *reader, const rac_yaml *map, const char *key)
{
    bool truth = false;
    rac_yaml_want_truth(rac_yaml_find(map, key), &truth, reader->problems);
    return truth;
}

size_t rac_take_word(rac_reader *reader, const rac_yaml *map, const char *key, const char *const *words,
                     size_t count)
{
    size_t index = 0;
    rac_yaml_want_word(rac_yaml_need(map, key, reader->problems), words, count, &index, reader->problems);
    return index;
}

static bool holds(rac_words words, rac_text word)
{
    for (size_t i = 0; i < words.count; i++)
        if (rac_text_is(word, words.items[i]))
            return true;
    return false;
}

rac_words rac_take_words(rac_reader *reader, const rac_yaml *map, const char *key, bool required)
{
    const rac_yaml *node = required ? rac_yaml_need(map, key, reader->problems) : rac_yaml_find(map, key);
    if (!rac_yaml_want_list(node, reader->problems))
        return (rac_words){0};
    if (!node->count)
        rac_yaml_problem(reader->problems, node, "%s is an empty list", key);
    const char **items = rac_many(reader->arena, const char *, node->count);
    rac_words words = {items, 0};
    for (size_t i = 0; i < node->count; i++) {
        rac_text text;
        if (!rac_yaml_want_text(&node->items[i], &text, reader->problems))
            continue;
        if (holds(words, text))
            rac_yaml_problem(reader->problems, &node->items[i], "'%.*s' stands twice", RAC_TEXT(text));
        else
            items[words.count++] = rac_text_copy(reader->arena, text);
    }
    return words;
}

/* ---- sources ---- */

static void use_source(rac_reader *reader, const rac_yaml *node, const char *id)
{
    const rac_protocol *protocol = reader->protocol;
    const char **known = rac_many(reader->arena, const char *, protocol->source_count);
    for (size_t i = 0; i < protocol->source_count; i++) {
        known[i] = protocol->sources[i].id;
        if (strcmp(id, known[i]) == 0) {
            reader->source_used[i] = true;
            return;
        }
    }
    rac_error *err = rac_yaml_problem(reader->problems, node, "source '%s' is not listed under sources", id);
    const char *near = rac_text_nearest(rac_text_of(id), known, protocol->source_count);
    if (near)
        rac_error_hint(err, "did you mean '%s'?", near);
    else
        rac_error_hint(err, "add it: %s: {kind: trial, title: \"...\", url: \"https://...\"}", id);
}

rac_words rac_take_sources(rac_reader *reader, const rac_yaml *map, const char *key)
{
    const size_t before = reader->problems->count;
    const rac_words words = rac_take_words(reader, map, key, true);
    rac_hint_unless(reader, reader->problems->count == before,
                    "every value names whose practice it is: sources: [id, ...]");
    const rac_yaml *node = rac_yaml_find(map, key);
    for (size_t i = 0; i < words.count; i++) {
        const rac_yaml *item = &node->items[0];
        while (!rac_text_is(item->text, words.items[i]))
            item++;
        use_source(reader, item, words.items[i]);
    }
    return words;
}

/* ---- numbers ---- */

double rac_take_quantity(rac_reader *reader, const rac_yaml *map, const char *key, const char *unit,
                         double low, double high)
{
    double value = 0;
    const rac_yaml *node = rac_yaml_need(map, key, reader->problems);
    const bool fine = !node || rac_yaml_want_quantity(node, unit, low, high, &value, reader->problems);
    rac_hint_unless(reader, fine, rac_format(reader->arena, "write a number and its unit, in %s", unit));
    return value;
}

rac_decimal rac_take_decimal(rac_reader *reader, const rac_yaml *map, const char *key, const char *unit,
                             double high)
{
    rac_decimal decimal = {0};
    const size_t before = reader->problems->count;
    const double value = rac_take_quantity(reader, map, key, unit, 0, high);
    if (reader->problems->count > before)
        return decimal;
    const rac_yaml *node = rac_yaml_find(map, key);
    rac_error err = {0};
    if (value <= 0)
        rac_yaml_problem(reader->problems, node, "%s is 0, expected more than 0 %s", key, unit);
    else if (rac_decimal_from(value, &decimal, &err) != RAC_OK)
        rac_yaml_problem_from(reader->problems, node, &err);
    else if (fabs(rac_decimal_double(decimal) - value) > 1e-12 * value)
        rac_yaml_problem(reader->problems, node, "%s has more than six digits after the point in %s", key,
                         unit);
    return decimal;
}

rac_duration rac_take_duration(rac_reader *reader, const rac_yaml *map, const char *key, rac_duration longest)
{
    const rac_yaml *node = rac_yaml_need(map, key, reader->problems);
    double minutes = 0;
    if (!node)
        return (rac_duration){0};
    const bool fine =
        rac_yaml_want_quantity(node, "min", 0, rac_duration_minutes(longest), &minutes, reader->problems);
    if (!rac_hint_unless(reader, fine, "a span of time, for example 30 s, 15 min, 2 h or 30 days"))
        return (rac_duration){0};
    if (minutes <= 0)
        rac_yaml_problem(reader->problems, node, "%s is 0, expected a span of time above zero", key);
    return rac_duration_of_minutes(minutes);
}

rac_range rac_take_range(rac_reader *reader, const rac_yaml *map, const char *key, const char *unit,
                         double low, double high)
{
    rac_range range = {0, 0};
    const rac_yaml *node = rac_yaml_need(map, key, reader->problems);
    if (!rac_yaml_want_list(node, reader->problems))
        return range;
    if (node->count != 2) {
        rac_yaml_problem(reader->problems, node, "%s has %zu values, expected [low, high]", key, node->count);
        return range;
    }
    if (!rac_yaml_want_quantity(&node->items[0], unit, low, high, &range.low, reader->problems) ||
        !rac_yaml_want_quantity(&node->items[1], unit, low, high, &range.high, reader->problems))
        return (rac_range){0, 0};
    if (range.low > range.high) {
        rac_error *err = rac_yaml_problem(reader->problems, node, "%s is reversed: %.*s is above %.*s", key,
                                          RAC_TEXT(node->items[0].text), RAC_TEXT(node->items[1].text));
        rac_error_hint(err, "write [%.*s, %.*s]", RAC_TEXT(node->items[1].text),
                       RAC_TEXT(node->items[0].text));
        return (rac_range){0, 0};
    }
    return range;
}

/* ---- expressions ---- */

static void refuse_strangers(rac_reader *reader, const rac_yaml *node, const rac_expression *expression)
{
    for (size_t i = 0; i < expression->name_count; i++) {
        const rac_expression_name *name = &expression->names[i];
        const rac_slot slot = rac_protocol_slot_at(reader->protocol, name->found.slot);
        const bool of_course = slot.row && slot.row->of_course;
        if (slot.place || of_course == reader->between)
            continue;
        rac_error *err = rac_yaml_problem(reader->problems, node,
                                          of_course ? "'%.*s' is known between sessions only"
                                                    : "'%.*s' is not known between sessions",
                                          RAC_TEXT(name->text));
        rac_error_place(err, expression->file, name->line, name->column);
        rac_error_hint(err, of_course ? "it belongs to course.dose_steps"
                                      : "a dose step may look at course.<...>, last.<...> and site.<...>");
    }
}

const rac_expression *rac_take_condition(rac_reader *reader, const rac_yaml *map, const char *key)
{
    rac_expression *expression = NULL;
    const rac_yaml *node = rac_yaml_need(map, key, reader->problems);
    if (node)
        rac_expression_want(reader->arena, node, &reader->names, RAC_VALUE_TRUTH, NULL, &expression,
                            reader->problems);
    if (expression)
        refuse_strangers(reader, node, expression);
    return expression;
}
