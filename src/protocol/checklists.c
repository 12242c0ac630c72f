/* The `start:`, `discharge:` and `second_checks:` sections.
 *
 *     - {id: identity, ask: "Identity confirmed", sources: [...]}                  ticked by a person
 *     - {id: fasting, ask: "Last solid food", when: fasting.hours >= 2 h, ...}     computed */
#include "protocol/reader.h"

#include <string.h>

static const rac_expression computed; /* stands for an expression not read yet: the item is no tick */

static const char *text_of(rac_reader *reader, const rac_yaml *map, const char *key)
{
    const rac_yaml *node = rac_yaml_find(map, key);
    return node && node->kind == RAC_YAML_TEXT ? rac_text_copy(reader->arena, node->text) : "";
}

/* Ids, and whether each is ticked or computed; nothing is complained about yet. */
static rac_check_items ids_of(rac_reader *reader, const char *key)
{
    const rac_yaml *list = rac_yaml_find(reader->root, key);
    if (!list || list->kind != RAC_YAML_LIST)
        return (rac_check_items){0};
    rac_check_item *items = rac_many(reader->arena, rac_check_item, list->count);
    for (size_t i = 0; i < list->count; i++) {
        items[i].id = text_of(reader, &list->items[i], "id");
        items[i].when = rac_yaml_find(&list->items[i], "when") ? &computed : NULL;
    }
    return (rac_check_items){items, list->count};
}

void rac_read_check_ids(rac_reader *reader)
{
    reader->protocol->start = ids_of(reader, "start");
    reader->protocol->discharge = ids_of(reader, "discharge");
    reader->protocol->second_checks = rac_take_words(reader, reader->root, "second_checks", false);
}

static void read_items(rac_reader *reader, const char *key, rac_check_items *out)
{
    const rac_yaml *list = rac_yaml_need(reader->root, key, reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    rac_check_item *items = rac_many(reader->arena, rac_check_item, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const rac_yaml *map = &list->items[i];
        items[i].id = "";
        if (!rac_yaml_want_map(map, reader->problems))
            continue;
        rac_take_keys(reader, map, "id", "ask", "when", "sources");
        items[i].id = rac_take_id(reader, map, "id");
        items[i].ask = rac_take_text(reader, map, "ask");
        if (rac_yaml_find(map, "when"))
            items[i].when = rac_take_condition(reader, map, "when");
        items[i].sources = rac_take_sources(reader, map, "sources");
        items[i].line = map->line;
    }
    *out = (rac_check_items){items, list->count};
    rac_refuse_twice(reader, list, "id");
}

/* A tick before the start must never count for one before leaving. */
static void check_shared_ticks(rac_reader *reader)
{
    const rac_check_items *start = &reader->protocol->start, *leave = &reader->protocol->discharge;
    const rac_yaml *list = rac_yaml_find(reader->root, "discharge");
    for (size_t i = 0; i < leave->count; i++)
        for (size_t k = 0; k < start->count; k++)
            if (!leave->items[i].when && !start->items[k].when && leave->items[i].id[0] &&
                strcmp(leave->items[i].id, start->items[k].id) == 0) {
                rac_yaml_problem(reader->problems, &list->items[i],
                                 "'%s' is ticked by hand under start too: one tick would count for both",
                                 leave->items[i].id);
                rac_hint_unless(reader, false, "give one of them another id");
            }
}

/* Whether any expression of the file names tick.<id>. */
static bool named_in(const rac_expression *expression, const rac_protocol *protocol, const char *id)
{
    for (size_t i = 0; expression && i < expression->name_count; i++) {
        const rac_slot slot = rac_protocol_slot_at(protocol, expression->names[i].found.slot);
        if (slot.tick && strcmp(slot.tick, id) == 0)
            return true;
    }
    return false;
}

static const rac_check_item *item_of(const rac_check_items *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].id, id) == 0)
            return &list->items[i];
    return NULL;
}

/* A second check is an item somebody ticks, or a tick that an item's expression waits for. */
static void check_second(rac_reader *reader, const rac_yaml *node, const char *id)
{
    const rac_protocol *protocol = reader->protocol;
    const rac_check_items *lists[] = {&protocol->start, &protocol->discharge};
    for (size_t l = 0; l < RAC_COUNT(lists); l++) {
        const rac_check_item *item = item_of(lists[l], id);
        if (item && !item->when)
            return;
        for (size_t i = 0; i < lists[l]->count; i++)
            if (named_in(lists[l]->items[i].when, protocol, id))
                return;
    }
    const bool is_computed = item_of(lists[0], id) || item_of(lists[1], id);
    rac_yaml_problem(reader->problems, node,
                     is_computed ? "'%s' is computed from the record: nobody ticks it"
                                 : "'%s' is no tick: no item has this id and no expression waits for it",
                     id);
    rac_hint_unless(reader, false, "name an item without `when`, or use tick.<id> in the `when` of one");
}

void rac_read_checklists(rac_reader *reader)
{
    const size_t before = reader->problems->count;
    rac_check_items start = {0}, discharge = {0};
    read_items(reader, "start",
               &start); /* the slots rest on the ids read before: swap only when both are done */
    read_items(reader, "discharge", &discharge);
    if (reader->problems->count > before)
        return;
    reader->protocol->start = start;
    reader->protocol->discharge = discharge;
    check_shared_ticks(reader);
    const rac_yaml *list = rac_yaml_find(reader->root, "second_checks");
    for (size_t i = 0; i < reader->protocol->second_checks.count; i++)
        check_second(reader, &list->items[i], reader->protocol->second_checks.items[i]);
}
