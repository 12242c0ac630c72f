/* The `screening:` section: who may be treated.
 *
 *     - {id: adult, require: age >= 18 year, because: "Adults only", clears: "...", sources: [toronto]}
 *
 * Exactly one of require, exclude and caution holds the expression. */
#include "protocol/reader.h"

#include <string.h>

static const char *const kinds[] = {"require", "exclude", "caution"};

/* The kind of a rule, by the one key it has; -1 after a problem. */
static int kind_of(rac_reader *reader, const rac_yaml *map)
{
    int kind = -1, found = 0;
    for (int k = 0; k < (int)RAC_COUNT(kinds); k++)
        if (rac_yaml_find(map, kinds[k])) {
            kind = k;
            found++;
        }
    if (found == 1)
        return kind;
    rac_yaml_problem(reader->problems, map, "a rule has one of require, exclude and caution, this has %s",
                     found ? "several" : "none");
    return -1;
}

static rac_rule read_rule(rac_reader *reader, const rac_yaml *map)
{
    rac_rule rule = {.id = rac_take_id(reader, map, "id"), .line = map->line};
    rac_take_keys(reader, map, "id", "require", "exclude", "caution", "because", "clears", "sources",
                  "conflict");
    const int kind = kind_of(reader, map);
    if (kind >= 0) {
        rule.kind = (rac_rule_kind)kind;
        rule.when = rac_take_condition(reader, map, kinds[kind]);
    }
    rule.because = rac_take_text(reader, map, "because");
    rule.clears = rac_take_text(reader, map, "clears");
    rule.conflict = rac_take_optional_text(reader, map, "conflict");
    rule.sources = rac_take_sources(reader, map, "sources");
    return rule;
}

void rac_read_rules(rac_reader *reader)
{
    const rac_yaml *list = rac_yaml_need(reader->root, "screening", reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    rac_rule *rules = rac_many(reader->arena, rac_rule, list->count);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (rac_yaml_want_map(&list->items[i], reader->problems))
            rules[count++] = read_rule(reader, &list->items[i]);
    reader->protocol->rules = rules;
    reader->protocol->rule_count = count;
    rac_refuse_twice(reader, list, "id");
}
