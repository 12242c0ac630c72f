/* What facts and site places are worth in an expression: see values.h. */
#include "care/values.h"

static const rac_value unknown = {.kind = RAC_VALUE_UNKNOWN};

rac_value rac_value_in(double number, const char *unit)
{
    const rac_quantity quantity = {number, rac_unit_of(unit)};
    return rac_value_number(rac_quantity_base(quantity));
}

static rac_value value_of_place(const rac_protocol *protocol, rac_text name)
{
    for (size_t i = 0; i < protocol->place_count; i++) {
        const rac_site_place *place = &protocol->places[i];
        if (rac_text_is(name, place->name))
            return place->filled ? rac_value_in(place->value, place->unit) : unknown;
    }
    return unknown;
}

rac_value rac_value_of_fact(const rac_protocol *protocol, const rac_facts *facts, rac_instant now,
                            rac_text name)
{
    static const rac_text prefix = {"site.", 5};
    if (rac_text_starts(name, prefix.data))
        return value_of_place(protocol, (rac_text){name.data + prefix.size, name.size - prefix.size});
    const rac_fact *fact = facts ? rac_fact_at(protocol, facts, name, now) : NULL;
    if (!fact)
        return unknown;
    if (fact->kind == RAC_FACT_TRUTH)
        return rac_value_truth(fact->truth);
    if (fact->kind == RAC_FACT_WORD)
        return rac_value_word(rac_text_of(fact->word));
    return rac_value_in(fact->number, rac_protocol_fact(protocol, fact->name)->unit);
}

rac_status rac_value_evaluate(rac_arena *arena, const rac_expression *expression, rac_value_lookup *lookup,
                              const void *context, rac_answer *answer, const char **explanation,
                              rac_error *err)
{
    int highest = -1;
    for (size_t i = 0; i < expression->name_count; i++)
        if (expression->names[i].found.slot > highest)
            highest = expression->names[i].found.slot;
    const size_t count = (size_t)(highest + 1);
    rac_value *values = rac_many(arena, rac_value, count);
    for (size_t i = 0; i < expression->name_count; i++)
        values[expression->names[i].found.slot] = lookup(context, expression->names[i].text);
    if (explanation)
        *explanation = rac_expression_explain(arena, expression, values, count);
    return rac_expression_evaluate(arena, expression, values, count, answer, err);
}
