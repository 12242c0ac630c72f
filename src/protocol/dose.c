/* The `dose:` section: how much, over how long, and the limits no plan may leave.
 *
 * The dose is an amount of drug per body weight.  A volume per weight (0.5 mL/kg for 0.5 mg/kg was seen on a
 * clinic's page) means another amount with every vial, up to a hundredfold, and is refused. */
#include "protocol/reader.h"

#include <math.h>
#include <string.h>

static const char hint_volume[] =
    "a volume means another amount with every vial strength: write the amount of ketamine base, in mg/kg";

/* An exact dose per weight, with the hint that a volume needs. */
static rac_decimal take_mg_per_kg(rac_reader *reader, const rac_yaml *map, const char *key)
{
    const rac_yaml *node = rac_yaml_find(map, key);
    rac_quantity quantity;
    rac_error ignored = {0};
    const bool volume = node && node->kind == RAC_YAML_TEXT &&
                        rac_quantity_parse(node->text, &quantity, &ignored) == RAC_OK &&
                        rac_dimension_same(quantity.unit.dimension, rac_unit_of("mL/kg").dimension);
    const size_t before = reader->problems->count;
    if (!volume)
        return rac_take_decimal(reader, map, key, "mg/kg", 100);
    double value;
    rac_yaml_want_quantity(node, "mg/kg", 0, 100, &value, reader->problems);
    if (reader->problems->count > before)
        rac_error_hint(&reader->problems->items[reader->problems->count - 1], "%s", hint_volume);
    return (rac_decimal){0};
}

static void read_allowed(rac_reader *reader, const rac_yaml *dose, rac_dose_rules *rules)
{
    const rac_yaml *allowed = rac_yaml_need(dose, "allowed", reader->problems);
    if (!allowed)
        return;
    rac_take_keys(reader, allowed, "min", "max");
    rules->min_mg_per_kg = take_mg_per_kg(reader, allowed, "min");
    rules->max_mg_per_kg = take_mg_per_kg(reader, allowed, "max");
    if (!rules->min_mg_per_kg.millionths || !rules->max_mg_per_kg.millionths)
        return;
    if (rac_decimal_compare(rules->min_mg_per_kg, rules->max_mg_per_kg) > 0) {
        rac_yaml_problem(reader->problems, allowed, "allowed is reversed: min is above max");
        rac_hint_unless(reader, false, "allowed: {min: 0.1 mg/kg, max: 1.0 mg/kg}");
        return;
    }
    const rac_decimal amount = rules->amount_mg_per_kg;
    if (amount.millionths && (rac_decimal_compare(amount, rules->min_mg_per_kg) < 0 ||
                              rac_decimal_compare(amount, rules->max_mg_per_kg) > 0)) {
        rac_arena *arena = reader->arena;
        rac_yaml_problem(reader->problems, rac_yaml_find(dose, "amount"),
                         "dose is %s mg/kg, allowed %s to %s mg/kg", rac_decimal_format_exact(arena, amount),
                         rac_decimal_format_exact(arena, rules->min_mg_per_kg),
                         rac_decimal_format_exact(arena, rules->max_mg_per_kg));
        rac_hint_unless(reader, false, "a misplaced decimal point, or limits that another source gives");
    }
}

/* `cap: 80 mg` or `cap: site.max_dose_mg`. */
static void read_cap(rac_reader *reader, const rac_yaml *dose, rac_dose_rules *rules)
{
    const rac_yaml *node = rac_yaml_need(dose, "cap", reader->problems);
    rac_text text;
    if (!rac_yaml_want_text(node, &text, reader->problems))
        return;
    if (!rac_text_starts(text, "site.")) {
        rules->cap_mg = rac_take_decimal(reader, dose, "cap", "mg", 10000);
        return;
    }
    const char *name = rac_text_copy(reader->arena, text) + strlen("site.");
    const rac_site_place *place = rac_protocol_place(reader->protocol, name);
    if (place && rac_dimension_same(rac_unit_of(place->unit).dimension, rac_unit_of("mg").dimension)) {
        rules->cap_place = name;
        return;
    }
    rac_error *err = rac_yaml_problem(
        reader->problems, node, place ? "site.%s is no amount of drug" : "site has no place '%s'", name);
    const char **known = rac_many(reader->arena, const char *, reader->protocol->place_count);
    for (size_t i = 0; i < reader->protocol->place_count; i++)
        known[i] = reader->protocol->places[i].name;
    const char *near = rac_text_nearest(rac_text_of(name), known, reader->protocol->place_count);
    if (near && !place)
        rac_error_hint(err, "did you mean 'site.%s'?", near);
    else
        rac_error_hint(err, "cap is an amount such as 80 mg, or a site place in mg");
}

static void check_rate(rac_reader *reader, const rac_yaml *dose, const rac_dose_rules *rules)
{
    const double amount = rac_decimal_double(rules->amount_mg_per_kg);
    if (amount <= 0 || rules->duration_min <= 0 || rules->fastest_mg_per_kg_per_min <= 0)
        return;
    const double rate = amount / rules->duration_min;
    if (rate <= rules->fastest_mg_per_kg_per_min)
        return;
    rac_error *err = rac_yaml_problem(reader->problems, rac_yaml_find(dose, "duration"),
                                      "%g mg/kg over %g min is %g mg/kg/min, fastest allowed is %g mg/kg/min",
                                      amount, rules->duration_min, rate, rules->fastest_mg_per_kg_per_min);
    rac_error_hint(err, "at this dose the infusion takes at least %g min",
                   amount / rules->fastest_mg_per_kg_per_min);
}

void rac_read_dose(rac_reader *reader)
{
    static const char *const bases[] = {"actual"};
    rac_dose_rules *rules = &reader->protocol->dose;
    const rac_yaml *map = rac_yaml_need(reader->root, "dose", reader->problems);
    if (!rac_yaml_want_map(map, reader->problems))
        return;
    rac_take_keys(reader, map, "amount", "duration", "weight", "allowed", "fastest", "cap", "weight_range",
                  "sources", "conflict");
    rules->amount_mg_per_kg = take_mg_per_kg(reader, map, "amount");
    rules->duration_min =
        rac_duration_minutes(rac_take_duration(reader, map, "duration", rac_duration_of_minutes(24 * 60)));
    rules->weight_basis = bases[rac_take_word(reader, map, "weight", bases, RAC_COUNT(bases))];
    read_allowed(reader, map, rules);
    rules->fastest_mg_per_kg_per_min = rac_take_quantity(reader, map, "fastest", "mg/kg/min", 1e-6, 10);
    read_cap(reader, map, rules);
    const rac_range weight = rac_take_range(reader, map, "weight_range", "kg", 1, 500);
    rules->weight_min_kg = weight.low;
    rules->weight_max_kg = weight.high;
    rules->sources = rac_take_sources(reader, map, "sources");
    rules->conflict = rac_take_optional_text(reader, map, "conflict");
    check_rate(reader, map, rules);
}
