/* Which names an expression of a protocol may use, and where their values stand. */
#include "protocol/names.h"

#include <string.h>

/* ---- ticks: what a person confirms by hand ---- */

static size_t hand_ticked(const rac_check_items *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->items[i].when == NULL;
    return count;
}

static const char *hand_ticked_at(const rac_check_items *list, size_t index)
{
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i].when && index-- == 0)
            return list->items[i].id;
    return NULL;
}

static bool is_hand_ticked(const rac_check_items *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i].when && strcmp(list->items[i].id, id) == 0)
            return true;
    return false;
}

/* The second checks that are no item of a list: they have a slot of their own. */
static bool stands_alone(const rac_protocol *protocol, const char *second)
{
    return !is_hand_ticked(&protocol->start, second) && !is_hand_ticked(&protocol->discharge, second);
}

static size_t tick_count(const rac_protocol *protocol)
{
    size_t count = hand_ticked(&protocol->start) + hand_ticked(&protocol->discharge);
    for (size_t i = 0; i < protocol->second_checks.count; i++)
        count += stands_alone(protocol, protocol->second_checks.items[i]);
    return count;
}

static const char *tick_at(const rac_protocol *protocol, size_t index)
{
    const size_t start = hand_ticked(&protocol->start), discharge = hand_ticked(&protocol->discharge);
    if (index < start)
        return hand_ticked_at(&protocol->start, index);
    index -= start;
    if (index < discharge)
        return hand_ticked_at(&protocol->discharge, index);
    index -= discharge;
    for (size_t i = 0; i < protocol->second_checks.count; i++)
        if (stands_alone(protocol, protocol->second_checks.items[i]) && index-- == 0)
            return protocol->second_checks.items[i];
    return NULL;
}

/* "second_check" is how an expression writes the id "second-check". */
static bool is_tick(rac_text name, const char *id)
{
    if (strlen(id) != name.size)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] != (id[i] == '-' ? '_' : id[i]))
            return false;
    return true;
}

/* ---- slots: vocabulary, facts, places, ticks ---- */

static int slot_of_tick(const rac_protocol *protocol, rac_text name)
{
    const size_t count = tick_count(protocol);
    for (size_t i = 0; i < count; i++)
        if (is_tick(name, tick_at(protocol, i)))
            return (int)i;
    return -1;
}

static rac_text after(rac_text name, const char *prefix)
{
    return (rac_text){name.data + strlen(prefix), name.size - strlen(prefix)};
}

int rac_protocol_slot(const rac_protocol *protocol, rac_text name)
{
    size_t first;
    const rac_vocabulary_row *rows = rac_vocabulary(&first);
    for (size_t i = 0; i < first; i++)
        if (rac_text_is(name, rows[i].name))
            return (int)i;
    for (size_t i = 0; i < protocol->fact_count; i++)
        if (rac_text_is(name, protocol->facts[i].name))
            return (int)(first + i);
    first += protocol->fact_count;
    if (rac_text_starts(name, "site."))
        for (size_t i = 0; i < protocol->place_count; i++)
            if (rac_text_is(after(name, "site."), protocol->places[i].name))
                return (int)(first + i);
    first += protocol->place_count;
    const int tick = rac_text_starts(name, "tick.") ? slot_of_tick(protocol, after(name, "tick.")) : -1;
    return tick < 0 ? -1 : (int)first + tick;
}

size_t rac_protocol_slot_count(const rac_protocol *protocol)
{
    size_t count;
    rac_vocabulary(&count);
    return count + protocol->fact_count + protocol->place_count + tick_count(protocol);
}

rac_slot rac_protocol_slot_at(const rac_protocol *protocol, int slot)
{
    size_t index = (size_t)slot, count;
    const rac_vocabulary_row *rows = rac_vocabulary(&count);
    if (index < count)
        return (rac_slot){.row = &rows[index]};
    index -= count;
    if (index < protocol->fact_count)
        return (rac_slot){.fact = &protocol->facts[index]};
    index -= protocol->fact_count;
    if (index < protocol->place_count)
        return (rac_slot){.place = &protocol->places[index]};
    return (rac_slot){.tick = tick_at(protocol, index - protocol->place_count)};
}

bool rac_protocol_name(const rac_protocol *protocol, rac_text name, rac_fact_kind *kind, const char **unit)
{
    const int index = rac_protocol_slot(protocol, name);
    if (index < 0)
        return false;
    const rac_slot slot = rac_protocol_slot_at(protocol, index);
    *kind = slot.row     ? slot.row->kind
            : slot.fact  ? slot.fact->kind
            : slot.place ? RAC_FACT_NUMBER
                         : RAC_FACT_TRUTH;
    const char *written = slot.row     ? slot.row->unit
                          : slot.fact  ? slot.fact->unit
                          : slot.place ? slot.place->unit
                                       : NULL;
    *unit = written ? written : "";
    return true;
}

/* ---- for base/expression.h ---- */

static rac_value_kind value_kind(rac_fact_kind kind)
{
    return kind == RAC_FACT_NUMBER ? RAC_VALUE_NUMBER
           : kind == RAC_FACT_WORD ? RAC_VALUE_WORD
                                   : RAC_VALUE_TRUTH;
}

static bool find(const void *context, rac_text name, rac_name *found)
{
    const rac_protocol *protocol = context;
    rac_fact_kind kind;
    const char *unit;
    if (!rac_protocol_name(protocol, name, &kind, &unit))
        return false;
    *found = (rac_name){.kind = value_kind(kind), .slot = rac_protocol_slot(protocol, name)};
    if (kind == RAC_FACT_NUMBER)
        found->unit = rac_unit_of(unit); /* the reader let no other unit in */
    if (kind == RAC_FACT_WORD) {
        const rac_fact_definition *fact = rac_protocol_slot_at(protocol, found->slot).fact;
        found->words = fact->words.items;
        found->word_count = fact->words.count;
    }
    return true;
}

static const char *slot_name(rac_arena *arena, rac_slot slot)
{
    if (slot.row)
        return slot.row->name;
    if (slot.fact)
        return slot.fact->name;
    if (slot.place)
        return rac_format(arena, "site.%s", slot.place->name);
    char *name = rac_format(arena, "tick.%s", slot.tick);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    return name;
}

rac_names rac_protocol_names(rac_arena *arena, const rac_protocol *protocol)
{
    const size_t count = rac_protocol_slot_count(protocol);
    const char **known = rac_many(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        known[i] = slot_name(arena, rac_protocol_slot_at(protocol, (int)i));
    return (rac_names){.find = find, .context = protocol, .known = known, .known_count = count};
}

rac_value *rac_protocol_values(rac_arena *arena, const rac_protocol *protocol, size_t *count)
{
    *count = rac_protocol_slot_count(protocol);
    rac_value *values = rac_many(arena, rac_value, *count);
    size_t first;
    rac_vocabulary(&first);
    first += protocol->fact_count;
    for (size_t i = 0; i < protocol->place_count; i++) {
        const rac_site_place *place = &protocol->places[i];
        if (place->filled)
            values[first + i] =
                rac_value_number(rac_quantity_base((rac_quantity){place->value, rac_unit_of(place->unit)}));
    }
    return values;
}

/* ---- finding the parts by name ---- */

#define FIND(type, function, list, length, key)                          \
    const type *function(const rac_protocol *protocol, const char *name) \
    {                                                                    \
        for (size_t i = 0; i < protocol->length; i++)                    \
            if (strcmp(protocol->list[i].key, name) == 0)                \
                return &protocol->list[i];                               \
        return NULL;                                                     \
    }

FIND(rac_source, rac_protocol_source, sources, source_count, id)
FIND(rac_fact_definition, rac_protocol_fact, facts, fact_count, name)
FIND(rac_site_place, rac_protocol_place, places, place_count, name)
FIND(rac_rule, rac_protocol_rule, rules, rule_count, id)

size_t rac_protocol_open_places(const rac_protocol *protocol)
{
    size_t open = 0;
    for (size_t i = 0; i < protocol->place_count; i++)
        open += !protocol->places[i].filled;
    return open;
}
