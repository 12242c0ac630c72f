/* A protocol in a clinician's words: see protocol/describe.h. */
#include "protocol/describe.h"

#include <string.h>

#include "protocol/names.h"

typedef struct describer {
    rac_arena *arena;
    const rac_protocol *protocol;
    rac_description out;
} describer;

const char *rac_words_joined(rac_arena *arena, rac_words words)
{
    const char *joined = "";
    for (size_t i = 0; i < words.count; i++)
        joined = rac_format(arena, "%s%s%s", joined, i ? ", " : "", words.items[i]);
    return joined;
}

static const char *plain(const describer *d, double number)
{
    return rac_number_format(d->arena, number);
}

static const char *exact(const describer *d, rac_decimal decimal)
{
    return rac_decimal_format_exact(d->arena, decimal);
}

const char *rac_place_words(rac_arena *arena, const rac_protocol *protocol, const rac_site_place *place)
{
    if (place->filled)
        return rac_format(arena, "%s %s%s", rac_number_format(arena, place->value), place->unit,
                          protocol->demo ? " (DEMO)" : "");
    return rac_format(arena, "OPEN, %s to %s %s", rac_number_format(arena, place->low),
                      rac_number_format(arena, place->high), place->unit);
}

/* ---- building ---- */

static void section(describer *d, const char *id, const char *title, bool values)
{
    const rac_section made = {.id = id, .title = title, .values = values};
    rac_push(d->arena, d->out.sections, d->out.count, d->out.capacity, made);
}

static rac_entry *entry(describer *d, const char *id, const char *name, rac_words sources)
{
    rac_section *last = &d->out.sections[d->out.count - 1];
    const rac_entry made = {.id = id, .key = id, .name = name, .sources = sources};
    rac_push(d->arena, last->entries, last->count, last->capacity, made);
    return &last->entries[last->count - 1];
}

static void say(rac_entry *entry, const char *label, const char *text)
{
    if (text)
        entry->said[entry->said_count++] = (rac_said){label, text, false};
}

static rac_entry *value(describer *d, const char *id, const char *name, rac_words sources, const char *text)
{
    rac_entry *made = entry(d, id, name, sources);
    say(made, "", text);
    return made;
}

static void say_expression(const describer *d, rac_entry *entry, const char *label,
                           const rac_expression *expression)
{
    say(entry, label, rac_text_copy(d->arena, rac_text_trim(expression->source)));
}

/* What the site places named in an expression hold now. */
static void say_places(const describer *d, rac_entry *entry, const rac_expression *expression)
{
    const char *text = NULL;
    for (size_t i = 0; i < expression->name_count; i++) {
        const rac_slot slot = rac_protocol_slot_at(d->protocol, expression->names[i].found.slot);
        if (slot.place)
            text = rac_format(d->arena, "%s%ssite.%s is %s", text ? text : "", text ? "; " : "",
                              slot.place->name, rac_place_words(d->arena, d->protocol, slot.place));
    }
    say(entry, "where", text);
    if (text)
        entry->said[entry->said_count - 1].derived = true;
}

/* ---- the sections ---- */

static void describe_header(describer *d)
{
    const rac_protocol *p = d->protocol;
    const rac_words none = {0};
    section(d, "drug", "What and where", true);
    value(d, "indication", "Indication", none, p->indication);
    value(
        d, "name", "Drug", none,
        rac_format(d->arena, "%s %s, %s, doses as %s", p->drug_form, p->drug_name, p->route, p->drug_basis));
    value(d, "setting", "Setting", none, p->setting);
}

static void describe_dose(describer *d)
{
    const rac_dose_rules *dose = &d->protocol->dose;
    const rac_site_place *place = dose->cap_place ? rac_protocol_place(d->protocol, dose->cap_place) : NULL;
    section(d, "dose", "Dose", true);
    value(d, "amount", "Dose", dose->sources,
          rac_format(d->arena, "%s mg/kg of %s body weight", exact(d, dose->amount_mg_per_kg),
                     dose->weight_basis))
        ->conflict = dose->conflict;
    value(d, "duration", "Infusion time", dose->sources,
          rac_format(d->arena, "%s min", plain(d, dose->duration_min)));
    value(
        d, "allowed", "Allowed dose", dose->sources,
        rac_format(d->arena, "%s to %s mg/kg", exact(d, dose->min_mg_per_kg), exact(d, dose->max_mg_per_kg)));
    value(d, "fastest", "Fastest rate", dose->sources,
          rac_format(d->arena, "%s mg/kg/min", plain(d, dose->fastest_mg_per_kg_per_min)));
    value(d, "cap", "Highest single dose", place ? place->sources : dose->sources,
          place ? rac_format(d->arena, "%s (site.%s)", rac_place_words(d->arena, d->protocol, place),
                             place->name)
                : rac_format(d->arena, "%s mg", exact(d, dose->cap_mg)));
    value(d, "weight_range", "Body weight", dose->sources,
          rac_format(d->arena, "%s to %s kg", plain(d, dose->weight_min_kg), plain(d, dose->weight_max_kg)));
}

static void describe_preparation(describer *d)
{
    const rac_preparation *made = &d->protocol->preparation;
    section(d, "preparation", "Preparation", true);
    for (size_t i = 0; i < made->vial_count; i++) {
        const rac_vial *vial = &made->vials[i];
        rac_entry *said =
            value(d, vial->code, rac_format(d->arena, "Vial %s", vial->code), vial->sources,
                  rac_format(d->arena, "%s mg/mL in %s mL%s", exact(d, vial->strength_mg_per_ml),
                             exact(d, vial->container_ml), vial == made->stocked ? ", stocked" : ""));
        said->key = rac_format(d->arena, "vial %s", vial->code);
    }
    value(d, "final_volume", "Final volume", made->sources,
          rac_format(d->arena, "%s mL", exact(d, made->final_volume_ml)));
    value(d, "diluent", "Diluted with", made->sources, rac_words_joined(d->arena, made->diluents));
    if (made->incompatible.count)
        value(d, "incompatible", "Never mixed with", made->sources,
              rac_words_joined(d->arena, made->incompatible));
    value(d, "syringe", "Infusion syringe", made->sources,
          rac_format(d->arena, "%s mL", exact(d, made->syringe_capacity_ml)));
    value(d, "draw_syringe", "Drawing syringe", made->sources,
          rac_format(d->arena, "%s mL, marked every %s mL", exact(d, made->draw_capacity_ml),
                     exact(d, made->draw_graduation_ml)));
    value(d, "pump", "Pump", made->sources,
          rac_format(d->arena, "steps of %s mL/h, up to %s mL/h", exact(d, made->pump_step_ml_per_h),
                     exact(d, made->pump_max_ml_per_h)));
}

static void describe_rules(describer *d)
{
    static const char *const labels[] = {"required", "excluded when", "caution when"};
    section(d, "screening", "Who may be treated", false);
    for (size_t i = 0; i < d->protocol->rule_count; i++) {
        const rac_rule *rule = &d->protocol->rules[i];
        rac_entry *said = entry(d, rule->id, rule->because, rule->sources);
        say_expression(d, said, labels[rule->kind], rule->when);
        say_places(d, said, rule->when);
        say(said, "what clears it", rule->clears);
        said->conflict = rule->conflict;
    }
}

static void describe_limits(describer *d, const char *id, const char *name, const rac_scale_limit *limits,
                            size_t count, const char *inclusive, const char *strict)
{
    for (size_t i = 0; i < count; i++) {
        rac_entry *said =
            value(d, id, rac_format(d->arena, "%s on %s", name, limits[i].scale), limits[i].sources,
                  rac_format(d->arena, "%s %s", limits[i].inclusive ? inclusive : strict,
                             plain(d, limits[i].value)));
        said->key = rac_format(d->arena, "%s %s", id, limits[i].scale);
        said->conflict = limits[i].conflict;
    }
}

static const char *range(const describer *d, double low, double high, const char *unit)
{
    if (low == high)
        return rac_format(d->arena, "%s %s", plain(d, low), unit);
    return rac_format(d->arena, "%s to %s %s", plain(d, low), plain(d, high), unit);
}

static void describe_steps(describer *d)
{
    const rac_dose_steps *steps = &d->protocol->course.dose_steps;
    if (!steps->by_mg_per_kg.millionths)
        return;
    value(d, "dose_steps", "Dose between sessions", steps->sources,
          rac_format(
              d->arena,
              "steps of %s mg/kg between %s and %s mg/kg, proposed to the prescriber; the first rule that "
              "holds decides, without one the dose stays",
              exact(d, steps->by_mg_per_kg), exact(d, steps->least_mg_per_kg),
              exact(d, steps->most_mg_per_kg)))
        ->conflict = steps->conflict;
    for (size_t i = 0; i < steps->rule_count; i++) {
        const rac_step_rule *rule = &steps->rules[i];
        rac_entry *said =
            value(d, rule->id, rac_format(d->arena, "Dose step %zu, %s", i + 1, rule->id), rule->sources,
                  rac_format(d->arena, "%s: %s", rac_dose_move_name(rule->move), rule->because));
        say_expression(d, said, "when", rule->when);
        say_places(d, said, rule->when);
        said->conflict = rule->conflict;
    }
}

static void describe_course(describer *d)
{
    const rac_course_rules *course = &d->protocol->course;
    const char *reviews = "", *maintenance = "none";
    for (size_t i = 0; i < course->review_count; i++)
        reviews = rac_format(d->arena, "%s%s%d", reviews, i ? ", " : "infusion ", course->review_after[i]);
    for (size_t i = 0; i < course->maintenance_count; i++)
        maintenance = rac_format(d->arena, "%s%severy %s days for %s days", i ? maintenance : "",
                                 i ? ", then " : "", plain(d, course->maintenance[i].every_days),
                                 plain(d, course->maintenance[i].for_days));
    section(d, "course", "Course", true);
    value(d, "infusions", "Infusions", course->sources,
          range(d, course->infusions_min, course->infusions_max, "infusions"))
        ->conflict = course->conflict;
    value(d, "weeks", "Length", course->sources, range(d, course->weeks_min, course->weeks_max, "weeks"));
    value(d, "spacing", "Between infusions", course->sources,
          range(d, course->spacing_min_days, course->spacing_max_days, "days"));
    value(d, "review_after", "Reviewed after", course->sources, reviews);
    value(d, "scale", "Primary scale", course->sources, course->scale);
    if (course->also.count)
        value(d, "also", "Also asked", course->sources, rac_words_joined(d->arena, course->also));
    value(d, "response", "Response", course->response_sources,
          rac_format(d->arena, "reduction of %s %% or more", plain(d, course->response_reduction_percent)));
    describe_limits(d, "remission", "Remission", course->remission, course->remission_count, "at most",
                    "below");
    describe_limits(d, "relapse", "Relapse", course->relapse, course->relapse_count, "at least", "above");
    value(d, "suicide_screen", "Suicide screen", course->sources, course->suicide_screen);
    value(d, "maintenance", "Maintenance", course->sources, maintenance);
    describe_steps(d);
}

static void describe_monitoring(describer *d)
{
    static const char *const when[] = {"during the infusion", "in recovery"};
    section(d, "monitoring", "Readings due", true);
    for (size_t i = 0; i < d->protocol->monitoring_count; i++) {
        const rac_monitoring_row *row = &d->protocol->monitoring[i];
        char *measure = rac_string_copy(d->arena, row->measure);
        for (char *c = measure; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        rac_entry *said = value(
            d, row->measure, rac_format(d->arena, "%s %s", measure, when[row->phase]), row->sources,
            rac_format(d->arena, "every %s, late after %s more", rac_duration_format(d->arena, row->every),
                       rac_duration_format(d->arena, row->late_after)));
        said->key = said->name;
        said->conflict = row->conflict;
    }
}

static void describe_conditions(describer *d)
{
    static const char *const priorities[] = {"low", "medium", "high"}, *const actions[] = {
                                                                           "notify", "hold the infusion",
                                                                           "stop the infusion"};
    section(d, "conditions", "What is said aloud", false);
    for (size_t i = 0; i < d->protocol->condition_count; i++) {
        const rac_condition_rule *rule = &d->protocol->conditions[i];
        rac_entry *said = entry(d, rule->id, rule->say, rule->sources);
        say_expression(d, said, "when", rule->when);
        say_expression(d, said, "what clears it", rule->clear);
        say_places(d, said, rule->when);
        say(said, "priority", priorities[rule->priority]);
        say(said, "recommends", actions[rule->action]);
        say(said, "delay", rule->delay.ms ? rac_duration_format(d->arena, rule->delay) : "none");
        say(said, "latch", rule->latch ? "stays until acknowledged" : "ends by itself");
    }
    value(d, "reannounce", "An acknowledged alarm that lasts speaks again", (rac_words){0},
          rac_format(d->arena, "after %s", rac_duration_format(d->arena, d->protocol->reannounce)));
}

static void describe_items(describer *d, const char *id, const char *title, const rac_check_items *list)
{
    section(d, id, title, false);
    for (size_t i = 0; i < list->count; i++) {
        const rac_check_item *item = &list->items[i];
        rac_entry *said = entry(d, item->id, item->ask, item->sources);
        if (!item->when) {
            bool second = false;
            for (size_t k = 0; k < d->protocol->second_checks.count; k++)
                second |= strcmp(d->protocol->second_checks.items[k], item->id) == 0;
            say(said, "", second ? "ticked by a second person" : "ticked by a person");
            continue;
        }
        say_expression(d, said, "computed", item->when);
        say_places(d, said, item->when);
    }
}

static void describe_places(describer *d)
{
    section(d, "site", "Places the site fills", false);
    for (size_t i = 0; i < d->protocol->place_count; i++) {
        const rac_site_place *place = &d->protocol->places[i];
        rac_entry *said = entry(d, place->name, place->about, place->sources);
        say(said, "value", rac_place_words(d->arena, d->protocol, place));
        say(said, "published", place->published);
    }
}

static void describe_facts(describer *d)
{
    section(d, "facts", "What screening asks", false);
    for (size_t i = 0; i < d->protocol->fact_count; i++) {
        const rac_fact_definition *fact = &d->protocol->facts[i];
        const char *answer = "yes or no";
        if (fact->kind == RAC_FACT_NUMBER)
            answer = range(d, fact->low, fact->high, strcmp(fact->unit, "1") == 0 ? "" : fact->unit);
        if (fact->kind == RAC_FACT_WORD)
            answer = rac_words_joined(d->arena, fact->words);
        if (fact->valid_for.ms)
            answer = rac_format(d->arena, "%s; valid for %s", answer,
                                rac_duration_format(d->arena, fact->valid_for));
        if (fact->each_session)
            answer = rac_format(d->arena, "%s; asked before every infusion", answer);
        value(d, fact->name, fact->ask, (rac_words){0}, answer);
    }
}

static void describe_sources(describer *d)
{
    section(d, "sources", "Sources", false);
    for (size_t i = 0; i < d->protocol->source_count; i++) {
        const rac_source *source = &d->protocol->sources[i];
        rac_entry *said = entry(d, source->id, source->title, (rac_words){0});
        say(said, source->kind, source->url);
    }
}

rac_description rac_protocol_describe(rac_arena *arena, const rac_protocol *protocol)
{
    describer d = {.arena = arena, .protocol = protocol};
    describe_header(&d);
    describe_dose(&d);
    describe_preparation(&d);
    describe_rules(&d);
    describe_course(&d);
    describe_monitoring(&d);
    describe_conditions(&d);
    describe_items(&d, "start", "Before the pump may start", &protocol->start);
    describe_items(&d, "discharge", "Before the patient leaves", &protocol->discharge);
    describe_places(&d);
    describe_facts(&d);
    describe_sources(&d);
    return d.out;
}
