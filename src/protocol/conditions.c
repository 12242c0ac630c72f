/* The `conditions:` section: what is said aloud, and what it recommends.
 *
 *     - {id: systolic-hold, when: sbp >= site.hold_systolic, clear: sbp < site.hold_systolic - 5 mmHg,
 *        priority: medium, action: hold, latch: false, say: "...", sources: [alarm-delay]} */
#include "protocol/reader.h"

#include <string.h>

static const char *const priorities[] = {
    [RAC_PRIORITY_LOW] = "low", [RAC_PRIORITY_MEDIUM] = "medium", [RAC_PRIORITY_HIGH] = "high"};
static const char *const actions[] = {
    [RAC_ACTION_NOTIFY] = "notify", [RAC_ACTION_HOLD] = "hold", [RAC_ACTION_STOP] = "stop"};

/* A stop is for immediate harm, a hold for prompt harm: neither may whisper. */
static void check_priority(rac_reader *reader, const rac_yaml *map, const rac_condition_rule *rule)
{
    const bool stop = rule->action == RAC_ACTION_STOP, hold = rule->action == RAC_ACTION_HOLD;
    if (!(stop && rule->priority != RAC_PRIORITY_HIGH) && !(hold && rule->priority == RAC_PRIORITY_LOW))
        return;
    rac_error *err = rac_yaml_problem(reader->problems, rac_yaml_find(map, "priority"),
                                      "priority is %s, but the action is %s", priorities[rule->priority],
                                      actions[rule->action]);
    rac_error_hint(err, stop ? "a stop needs priority high" : "a hold needs priority medium or high");
}

/* The first intermittent reading an expression names, or NULL. */
static const rac_vocabulary_row *intermittent_in(const rac_protocol *protocol,
                                                 const rac_expression *expression)
{
    for (size_t i = 0; expression && i < expression->name_count; i++) {
        const rac_slot slot = rac_protocol_slot_at(protocol, expression->names[i].found.slot);
        if (slot.row && slot.row->intermittent)
            return slot.row;
    }
    return NULL;
}

static void check_delay(rac_reader *reader, const rac_yaml *map, const rac_condition_rule *rule)
{
    const rac_vocabulary_row *row = intermittent_in(reader->protocol, rule->when);
    if (!rule->delay.ms || !row)
        return;
    rac_yaml_problem(reader->problems, rac_yaml_find(map, "delay"),
                     "a delay on %s (%s), which is measured now and then", row->name, row->meaning);
    rac_hint_unless(
        reader, false,
        "an intermittent reading speaks at once: take the delay out and let `say` ask for a repeat "
        "(source alarm-delay)");
}

static rac_condition_rule read_condition(rac_reader *reader, const rac_yaml *map)
{
    const rac_duration longest = {INT64_C(10) * 60 * 1000};
    rac_take_keys(reader, map, "id", "when", "clear", "priority", "action", "latch", "delay", "say",
                  "sources");
    const size_t before = reader->problems->count;
    rac_condition_rule rule = {
        .id = rac_take_id(reader, map, "id"),
        .when = rac_take_condition(reader, map, "when"),
        .clear = rac_take_condition(reader, map, "clear"),
        .priority = (rac_priority)rac_take_word(reader, map, "priority", priorities, RAC_COUNT(priorities)),
        .action = (rac_action)rac_take_word(reader, map, "action", actions, RAC_COUNT(actions)),
        .say = rac_take_text(reader, map, "say"),
        .sources = rac_take_sources(reader, map, "sources"),
        .line = map->line,
    };
    if (rac_yaml_need(map, "latch", reader->problems))
        rule.latch = rac_take_truth(reader, map, "latch");
    if (rac_yaml_find(map, "delay"))
        rule.delay = rac_take_duration(reader, map, "delay", longest);
    if (reader->problems->count == before) {
        check_priority(reader, map, &rule);
        check_delay(reader, map, &rule);
    }
    return rule;
}

static bool names_pressure(const rac_protocol *protocol, const rac_expression *expression)
{
    static const char *const pressures[] = {"sbp", "dbp", "map"};
    for (size_t i = 0; expression && i < expression->name_count; i++) {
        const rac_slot slot = rac_protocol_slot_at(protocol, expression->names[i].found.slot);
        for (size_t k = 0; slot.row && k < RAC_COUNT(pressures); k++)
            if (strcmp(slot.row->name, pressures[k]) == 0)
                return true;
    }
    return false;
}

/* No published source gives the pressure at which to hold or stop, so the file must ask for it. */
static void check_limits_exist(rac_reader *reader, const rac_yaml *list, rac_action action)
{
    const rac_protocol *protocol = reader->protocol;
    for (size_t i = 0; i < protocol->condition_count; i++)
        if (protocol->conditions[i].action == action &&
            names_pressure(protocol, protocol->conditions[i].when))
            return;
    rac_error *err =
        rac_yaml_problem(reader->problems, list, "no condition %s the infusion at a blood pressure",
                         action == RAC_ACTION_HOLD ? "holds" : "stops");
    rac_error_hint(err, "for example when: sbp >= site.%s_systolic, action: %s", actions[action],
                   actions[action]);
}

void rac_read_conditions(rac_reader *reader)
{
    rac_protocol *protocol = reader->protocol;
    const rac_duration hour = {INT64_C(3600) * 1000};
    protocol->reannounce = rac_take_duration(reader, reader->root, "reannounce", hour);
    rac_take_sources(reader, reader->root, "reannounce_sources");
    const rac_yaml *list = rac_yaml_need(reader->root, "conditions", reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    rac_condition_rule *rules = rac_many(reader->arena, rac_condition_rule, list->count);
    const size_t before = reader->problems->count;
    for (size_t i = 0; i < list->count; i++)
        if (rac_yaml_want_map(&list->items[i], reader->problems))
            rules[protocol->condition_count++] = read_condition(reader, &list->items[i]);
    protocol->conditions = rules;
    rac_refuse_twice(reader, list, "id");
    if (reader->problems->count > before)
        return; /* a broken condition may be the one that is missed */
    check_limits_exist(reader, list, RAC_ACTION_HOLD);
    check_limits_exist(reader, list, RAC_ACTION_STOP);
}
