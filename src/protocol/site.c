/* The `site:` section: places no published source settles.  A medical director fills them.
 *
 *     hold_systolic: {unit: mmHg, range: [120, 220], about: "...", published: "...", sources: [yale-bp]} */
#include "protocol/reader.h"

static rac_site_place read_place(rac_reader *reader, const rac_yaml *key, const rac_yaml *map)
{
    rac_site_place place = {.name = rac_text_copy(reader->arena, key->text), .line = key->line};
    if (!rac_is_id(key->text, '_')) {
        rac_yaml_problem(reader->problems, key, "'%s' cannot name a site place", place.name);
        rac_hint_unless(reader, false, "letters, digits and '_', for example hold_systolic");
    }
    if (!rac_yaml_want_map(map, reader->problems)) {
        rac_hint_unless(reader, false, "a file of values is given beside the protocol, not as one");
        return place;
    }
    rac_take_keys(reader, map, "unit", "range", "about", "published", "sources");
    rac_read_unit(reader, rac_yaml_need(map, "unit", reader->problems), &place.unit);
    const rac_range range = rac_take_range(reader, map, "range", "1", -1e9, 1e9);
    place.low = range.low;
    place.high = range.high;
    place.about = rac_take_text(reader, map, "about");
    place.published = rac_take_text(reader, map, "published");
    place.sources = rac_take_sources(reader, map, "sources");
    return place;
}

void rac_read_site(rac_reader *reader)
{
    const rac_yaml *map = rac_yaml_need(reader->root, "site", reader->problems);
    if (!rac_yaml_want_map(map, reader->problems))
        return;
    rac_site_place *places = rac_many(reader->arena, rac_site_place, map->count);
    for (size_t i = 0; i < map->count; i++)
        places[i] = read_place(reader, &map->keys[i], &map->items[i]);
    reader->protocol->places = places;
    reader->protocol->place_count = map->count;
}
