/* The `dose_steps:` part of the course: where the next session's dose goes.
 *
 *     dose_steps:
 *       by: 0.25 mg/kg
 *       least: 0.5 mg/kg
 *       most: 0.75 mg/kg
 *       rules:
 *         - {id: held, dose: stay, when: last.holds > 0, because: "...", sources: [yale-bp]}
 *         - {id: little-response, dose: up, when: course.infusions >= 2 and course.improvement < 20 %,
 *            because: "...", sources: [crtce]}
 *       sources: [crtce]
 *
 * The first rule that holds decides.  Rules that raise the dose stand last, so that no reason to raise it is
 * read before a reason against it. */
#include "protocol/reader.h"

static const char *const moves[] = {[RAC_MOVE_STAY] = "stay", [RAC_MOVE_UP] = "up", [RAC_MOVE_DOWN] = "down"};

const char *rac_dose_move_name(rac_dose_move move)
{
    return moves[move];
}

static bool is_above(rac_decimal a, rac_decimal b)
{
    return rac_decimal_compare(a, b) > 0;
}

static const char *shown(rac_reader *reader, rac_decimal amount)
{
    return rac_decimal_format_exact(reader->arena, amount);
}

/* least <= the protocol's dose <= most, both inside the hard limits, and a step that fits between them.  0 is
 * what a refused value left behind: it was complained about already. */
static void check_amounts(rac_reader *reader, const rac_yaml *map, const rac_dose_steps *steps)
{
    const rac_dose_rules *dose = &reader->protocol->dose;
    const rac_decimal least = steps->least_mg_per_kg, most = steps->most_mg_per_kg;
    if (!least.millionths || !most.millionths || !steps->by_mg_per_kg.millionths ||
        !dose->amount_mg_per_kg.millionths || !dose->max_mg_per_kg.millionths)
        return;
    rac_decimal span = {most.millionths - least.millionths};
    if (!is_above(most, least)) {
        rac_yaml_problem(reader->problems, rac_yaml_find(map, "most"),
                         "most is %s mg/kg, not above least, %s mg/kg", shown(reader, most),
                         shown(reader, least));
        rac_hint_unless(reader, false, "least: 0.5 mg/kg, most: 0.75 mg/kg");
        return;
    }
    if (is_above(steps->by_mg_per_kg, span)) {
        rac_yaml_problem(reader->problems, rac_yaml_find(map, "by"),
                         "a step of %s mg/kg does not fit between %s and %s mg/kg",
                         shown(reader, steps->by_mg_per_kg), shown(reader, least), shown(reader, most));
        rac_hint_unless(reader, false, "a smaller step, or a wider span that a source gives");
    }
    if (is_above(dose->min_mg_per_kg, least) || is_above(most, dose->max_mg_per_kg)) {
        rac_yaml_problem(reader->problems, map,
                         "steps between %s and %s mg/kg leave the allowed dose, %s to %s mg/kg",
                         shown(reader, least), shown(reader, most), shown(reader, dose->min_mg_per_kg),
                         shown(reader, dose->max_mg_per_kg));
        rac_hint_unless(reader, false, "dose.allowed holds for every session: no plan leaves it");
    }
    if (is_above(least, dose->amount_mg_per_kg) || is_above(dose->amount_mg_per_kg, most)) {
        rac_yaml_problem(reader->problems, map,
                         "the course starts at %s mg/kg, outside its steps, %s to %s mg/kg",
                         shown(reader, dose->amount_mg_per_kg), shown(reader, least), shown(reader, most));
        rac_hint_unless(reader, false, "dose.amount is the dose of the first infusion");
    }
}

static rac_step_rule read_rule(rac_reader *reader, const rac_yaml *map)
{
    rac_take_keys(reader, map, "id", "dose", "when", "because", "sources", "conflict");
    return (rac_step_rule){
        .id = rac_take_id(reader, map, "id"),
        .move = (rac_dose_move)rac_take_word(reader, map, "dose", moves, RAC_COUNT(moves)),
        .when = rac_take_condition(reader, map, "when"),
        .because = rac_take_text(reader, map, "because"),
        .sources = rac_take_sources(reader, map, "sources"),
        .conflict = rac_take_optional_text(reader, map, "conflict"),
        .line = map->line,
    };
}

static void check_order(rac_reader *reader, const rac_yaml *list, const rac_dose_steps *steps)
{
    const rac_step_rule *up = NULL;
    for (size_t i = 0; i < steps->rule_count; i++) {
        const rac_step_rule *rule = &steps->rules[i];
        if (rule->move == RAC_MOVE_UP) {
            up = rule;
        } else if (up) {
            rac_yaml_problem(reader->problems, &list->items[i],
                             "dose step '%s' stands after '%s', which raises the dose", rule->id, up->id);
            rac_hint_unless(reader, false,
                            "the first rule that holds decides: reasons against a higher dose come first");
        }
    }
}

static void read_rules(rac_reader *reader, const rac_yaml *map, rac_dose_steps *out)
{
    const rac_yaml *list = rac_yaml_need(map, "rules", reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    if (!list->count)
        rac_yaml_problem(reader->problems, list, "dose_steps has no rules");
    rac_step_rule *rules = rac_many(reader->arena, rac_step_rule, list->count);
    reader->between = true;
    for (size_t i = 0; i < list->count; i++) {
        if (!rac_yaml_want_map(&list->items[i], reader->problems))
            break;
        rules[out->rule_count++] = read_rule(reader, &list->items[i]);
    }
    reader->between = false;
    out->rules = rules;
    rac_refuse_twice(reader, list, "id");
    check_order(reader, list, out);
}

void rac_read_dose_steps(rac_reader *reader, const rac_yaml *course)
{
    rac_dose_steps *out = &reader->protocol->course.dose_steps;
    const rac_yaml *map = rac_yaml_find(course, "dose_steps");
    if (!map || !rac_yaml_want_map(map, reader->problems))
        return;
    rac_take_keys(reader, map, "by", "least", "most", "rules", "sources", "conflict");
    out->by_mg_per_kg = rac_take_decimal(reader, map, "by", "mg/kg", 100);
    out->least_mg_per_kg = rac_take_decimal(reader, map, "least", "mg/kg", 100);
    out->most_mg_per_kg = rac_take_decimal(reader, map, "most", "mg/kg", 100);
    out->sources = rac_take_sources(reader, map, "sources");
    out->conflict = rac_take_optional_text(reader, map, "conflict");
    check_amounts(reader, map, out);
    read_rules(reader, map, out);
}
