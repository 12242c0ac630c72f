/* The `facts:` section: what screening may ask.
 *
 *     screening_sbp: {ask: "Systolic pressure at screening", unit: mmHg, range: [40, 300], valid_for: 30
 * days} diagnosis: {ask: "Primary diagnosis", words: [MDD, other]} psychosis: {ask: "Psychosis, now or in the
 * past"}            (yes or no) */
#include "protocol/reader.h"

#include <math.h>
#include <string.h>

static const rac_duration ten_years = {INT64_C(3653) * 24 * 3600 * 1000};

/* A name that expressions can write and that means nothing else. */
static bool is_fact_name(const rac_reader *reader, rac_text name)
{
    static const char *const reserved[] = {"and",  "or",    "not",  "in",   "if",      "then", "else",
                                           "true", "false", "min",  "max",  "exp",     "log",  "sqrt",
                                           "abs",  "pow",   "site", "tick", "baseline"};
    for (size_t i = 0; i < RAC_COUNT(reserved); i++)
        if (rac_text_is(name, reserved[i]))
            return false;
    const bool letter = name.size && (name.data[0] < '0' || name.data[0] > '9');
    return letter && rac_is_id(name, '_') && !rac_unit_is_name(name) &&
           rac_protocol_slot(reader->protocol, name) < 0;
}

void rac_read_unit(rac_reader *reader, const rac_yaml *node, const char **unit)
{
    rac_text text;
    rac_unit parsed;
    rac_error err = {0};
    *unit = "1"; /* after a problem: whatever leans on it is still read */
    if (!rac_yaml_want_text(node, &text, reader->problems))
        return;
    if (rac_unit_parse(text, &parsed, &err) == RAC_OK)
        *unit = rac_text_copy(reader->arena, text);
    else
        rac_yaml_problem_from(reader->problems, node, &err);
}

static rac_fact_definition read_fact(rac_reader *reader, const rac_yaml *key, const rac_yaml *map)
{
    rac_fact_definition fact = {.name = rac_text_copy(reader->arena, key->text), .line = key->line};
    if (!is_fact_name(reader, key->text)) {
        rac_yaml_problem(reader->problems, key, "'%s' cannot name a fact", fact.name);
        rac_hint_unless(reader, false,
                        "letters, digits and '_'; no unit, no reserved word, no name a session supplies");
    }
    rac_take_keys(reader, map, "ask", "unit", "range", "words", "valid_for", "each_session");
    fact.ask = rac_take_text(reader, map, "ask");
    const rac_yaml *unit = rac_yaml_find(map, "unit"), *words = rac_yaml_find(map, "words");
    fact.kind = unit ? RAC_FACT_NUMBER : words ? RAC_FACT_WORD : RAC_FACT_TRUTH;
    if (unit) {
        rac_read_unit(reader, unit, &fact.unit);
        const rac_range range = rac_take_range(reader, map, "range", "1", -1e9, 1e9);
        fact.low = range.low;
        fact.high = range.high;
    } else if (rac_yaml_find(map, "range")) {
        rac_yaml_problem(reader->problems, rac_yaml_find(map, "range"), "a range needs a unit");
        rac_hint_unless(reader, false, "unit: mmHg, or unit: \"1\" for a pure number");
    }
    if (words && unit)
        rac_yaml_problem(reader->problems, words, "a fact has words or a unit, not both");
    else if (words)
        fact.words = rac_take_words(reader, map, "words", true);
    if (rac_yaml_find(map, "valid_for"))
        fact.valid_for = rac_take_duration(reader, map, "valid_for", ten_years);
    fact.each_session = rac_take_truth(reader, map, "each_session");
    return fact;
}

void rac_read_facts(rac_reader *reader)
{
    const rac_yaml *map = rac_yaml_need(reader->root, "facts", reader->problems);
    if (!rac_yaml_want_map(map, reader->problems))
        return;
    rac_fact_definition *facts = rac_many(reader->arena, rac_fact_definition, map->count);
    for (size_t i = 0; i < map->count; i++)
        facts[i] = read_fact(reader, &map->keys[i], &map->items[i]);
    reader->protocol->facts = facts;
    reader->protocol->fact_count = map->count;
}
