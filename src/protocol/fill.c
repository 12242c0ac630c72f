/* Filling the open places of a draft with a site's values: see racemate/protocol.h.
 *
 *     demo: true                       (optional: values for the demonstration only)
 *     site:
 *       hold_systolic: 165 mmHg */
#include "protocol/check.h"
#include "protocol/reader.h"

static void fill_place(rac_reader *reader, const rac_yaml *site, rac_site_place *place)
{
    const rac_yaml *node = rac_yaml_find(site, place->name);
    if (!node) {
        rac_error *err = rac_yaml_problem(reader->problems, site, "%s has no value", place->name);
        rac_error_hint(err, "%s, %g to %g %s; published: %s", place->about, place->low, place->high,
                       place->unit, place->published);
        return;
    }
    place->filled =
        rac_yaml_want_quantity(node, place->unit, place->low, place->high, &place->value, reader->problems);
    rac_hint_unless(reader, place->filled,
                    rac_format(reader->arena, "%s; published: %s", place->about, place->published));
}

static void fill_cap(rac_reader *reader, const rac_yaml *site)
{
    rac_protocol *protocol = reader->protocol;
    const rac_site_place *place =
        protocol->dose.cap_place ? rac_protocol_place(protocol, protocol->dose.cap_place) : NULL;
    rac_error err = {0};
    if (!place || !place->filled)
        return;
    const rac_quantity cap = {place->value, rac_unit_of(place->unit)};
    if (rac_decimal_from(rac_quantity_base(cap), &protocol->dose.cap_mg, &err) != RAC_OK)
        rac_yaml_problem_from(reader->problems, rac_yaml_find(site, place->name), &err);
}

static bool read_demo(rac_reader *reader, bool demo_clinic)
{
    const bool demo = rac_take_truth(reader, reader->root, "demo");
    if (!demo || demo_clinic)
        return demo;
    rac_error *err = rac_yaml_problem(reader->problems, rac_yaml_find(reader->root, "demo"),
                                      "these values are marked DEMO and this clinic is none");
    err->status = RAC_REFUSED;
    rac_error_hint(err, "they are nobody's recommendation: the medical director fills every place");
    return demo;
}

static void fill_places(rac_reader *reader, const rac_protocol *draft, const rac_yaml *site)
{
    const char **names = rac_many(reader->arena, const char *, draft->place_count);
    rac_site_place *places = rac_many(reader->arena, rac_site_place, draft->place_count);
    for (size_t i = 0; i < draft->place_count; i++) {
        names[i] = draft->places[i].name;
        places[i] = draft->places[i];
        places[i].filled = false;
    }
    const size_t before = reader->problems->count;
    for (size_t i = 0; i < draft->place_count; i++)
        fill_place(reader, site, &places[i]);
    /* The demonstration's file serves every shipped protocol, so it may hold more than this one asks. */
    if (!reader->protocol->demo || reader->problems->count > before)
        rac_yaml_check_keys(site, names, draft->place_count, reader->problems);
    reader->protocol->places = places;
}

rac_status rac_protocol_fill(rac_arena *arena, const rac_protocol *draft, rac_text values, const char *file,
                             bool demo_clinic, const rac_protocol **filled, rac_problems *problems)
{
    *filled = NULL;
    const size_t before = problems->count;
    const rac_yaml *root;
    const rac_status status = rac_yaml_read(arena, values, file, &root, problems);
    if (status != RAC_OK)
        return status;
    rac_protocol *made = rac_new(arena, rac_protocol);
    *made = *draft;
    rac_reader reader = {.arena = arena, .problems = problems, .protocol = made, .root = root};
    rac_take_keys(&reader, root, "demo", "site");
    const rac_yaml *site = rac_yaml_need(root, "site", problems);
    if (!rac_yaml_want_map(site, problems))
        return RAC_INVALID;
    made->demo = read_demo(&reader, demo_clinic);
    fill_places(&reader, draft, site);
    fill_cap(&reader, site);
    if (rac_protocol_open_places(made) == 0)
        rac_check_limits(arena, made, site, problems);
    if (problems->count == before) {
        *filled = made;
        return RAC_OK;
    }
    return problems->count == before + 1 && problems->items[before].status == RAC_REFUSED ? RAC_REFUSED
                                                                                          : RAC_INVALID;
}
