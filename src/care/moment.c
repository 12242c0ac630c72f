/* The facts of a moment: see moment.h.  Names are those of racemate/protocol.h: readings and their ages,
 * the baseline, session figures, patient facts, site places and ticks. */
#include "care/moment.h"

#include <string.h>

static const rac_value unknown = {.kind = RAC_VALUE_UNKNOWN};

static rac_value in_unit(double value, const char *unit)
{
    const rac_quantity quantity = {value, rac_unit_of(unit)};
    return rac_value_number(rac_quantity_base(quantity));
}

static rac_value minutes(rac_duration span)
{
    return in_unit(rac_duration_minutes(span), "min");
}

/* ---- readings ---------------------------------------------------------------------------------------- */

static rac_value reading_value(const rac_timed_value *value, rac_reading_kind kind)
{
    return value ? in_unit(value->value, rac_reading(kind)->unit) : unknown;
}

/* "sbp", "sbp.age", "baseline.sbp". */
static bool find_reading(const rac_moment *moment, rac_text name, rac_value *value)
{
    rac_text rest, last;
    const rac_text first = rac_text_split(name, '.', &rest);
    rac_reading_kind kind;
    if (rac_text_is(first, "baseline") && rest.data && !rac_reading_find(rest, &kind, NULL)) {
        *value = reading_value(rac_session_baseline(moment->session, kind), kind);
        return true;
    }
    if (rac_reading_find(first, &kind, NULL))
        return false;
    const rac_timed_value *latest = rac_session_latest(moment->session, kind);
    if (!rest.data) {
        *value = reading_value(latest, kind);
        return true;
    }
    last = rest;
    if (!rac_text_is(last, "age"))
        return false;
    *value = latest ? minutes(rac_instant_since(moment->now, latest->at)) : unknown;
    return true;
}

/* ---- session figures ----------------------------------------------------------------------------------- */

static rac_value since_start(const rac_moment *m)
{
    return m->session->any_drug ? minutes(rac_instant_since(m->now, m->session->started_at)) : unknown;
}

/* While drug flows the time since the last drug is nothing. */
static rac_value since_drug(const rac_moment *m)
{
    if (!m->session->any_drug)
        return unknown;
    if (m->session->state == RAC_STATE_DOSING)
        return rac_value_number(0);
    return minutes(rac_instant_since(m->now, m->session->last_drug_at));
}

static rac_value given_mg(const rac_moment *m)
{
    rac_decimal volume, amount;
    rac_session_delivered(m->session, m->now, &volume, &amount);
    return in_unit(rac_decimal_double(amount), "mg");
}

static rac_value dose_mg(const rac_moment *m)
{
    return m->session->plan ? in_unit(rac_decimal_double(m->session->plan->drawn_mg), "mg") : unknown;
}

static int64_t local_day(rac_instant instant, int zone_min)
{
    const int64_t local = instant.ms + (int64_t)zone_min * 60000, day = 86400000;
    return local >= 0 ? local / day : -((-local + day - 1) / day);
}

static rac_value weighed_today(const rac_moment *m)
{
    return rac_value_truth(m->session->weighed &&
                           local_day(m->session->weighed_at, m->zone_min) == local_day(m->now, m->zone_min));
}

static rac_value vial_matches(const rac_moment *m)
{
    const rac_session *s = m->session;
    if (!s->vial_code || !s->plan)
        return unknown;
    return rac_value_truth(strcmp(s->vial_code, s->plan->vial_code) == 0);
}

static rac_value plan_signed(const rac_moment *m)
{
    return rac_value_truth(m->session->plan && m->session->plan_signed_by);
}

static rac_value fasting(const rac_moment *m)
{
    return m->session->fasting_h >= 0 ? in_unit(m->session->fasting_h, "h") : unknown;
}

static rac_value open_symptoms(const rac_moment *m)
{
    int open = 0;
    for (size_t i = 0; i < m->session->symptom_count; i++)
        open += m->session->symptoms[i].severity >= RAC_MODERATE;
    return rac_value_number(open);
}

static rac_value open_alarms(const rac_moment *m)
{
    return m->alarms_open >= 0 ? rac_value_number(m->alarms_open) : unknown;
}

static const struct {
    const char *name;
    rac_value (*value)(const rac_moment *moment);
} figures[] = {
    {"minutes.since_start", since_start},
    {"minutes.since_drug", since_drug},
    {"given.mg", given_mg},
    {"dose.mg", dose_mg},
    {"weight.today", weighed_today},
    {"vial.matches", vial_matches},
    {"plan.signed", plan_signed},
    {"fasting.hours", fasting},
    {"symptoms.open", open_symptoms},
    {"alarms.open", open_alarms},
};

/* ---- facts, places, ticks --------------------------------------------------------------------------------
 */

static rac_value fact_value(const rac_moment *moment, rac_text name)
{
    const rac_fact *fact =
        moment->facts ? rac_fact_at(moment->protocol, moment->facts, name, moment->now) : NULL;
    if (!fact)
        return unknown;
    if (fact->kind == RAC_FACT_TRUTH)
        return rac_value_truth(fact->truth);
    if (fact->kind == RAC_FACT_WORD)
        return rac_value_word(rac_text_of(fact->word));
    const rac_fact_definition *definition = rac_protocol_fact(moment->protocol, fact->name);
    return in_unit(fact->number, definition->unit);
}

static rac_value place_value(const rac_moment *moment, rac_text name)
{
    for (size_t i = 0; i < moment->protocol->place_count; i++) {
        const rac_site_place *place = &moment->protocol->places[i];
        if (rac_text_is(name, place->name))
            return place->filled ? in_unit(place->value, place->unit) : unknown;
    }
    return unknown;
}

/* An expression writes tick.second_check for the id "second-check". */
static bool is_tick_of(rac_text name, const char *id)
{
    if (name.size != strlen(id))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] != (id[i] == '-' ? '_' : id[i]))
            return false;
    return true;
}

/* A tick never made is false, not unknown: nobody has confirmed it. */
static rac_value tick_value(const rac_moment *moment, rac_text name)
{
    bool done = false;
    for (size_t i = 0; i < moment->session->tick_count; i++)
        if (is_tick_of(name, moment->session->ticks[i].id))
            done = moment->session->ticks[i].done;
    return rac_value_truth(done);
}

static rac_text after(rac_text name, size_t prefix)
{
    return (rac_text){name.data + prefix, name.size - prefix};
}

rac_value rac_moment_value(const rac_moment *moment, rac_text name)
{
    rac_value value;
    if (rac_text_starts(name, "site."))
        return place_value(moment, after(name, 5));
    if (moment->session) {
        if (rac_text_starts(name, "tick."))
            return tick_value(moment, after(name, 5));
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
            if (rac_text_is(name, figures[i].name))
                return figures[i].value(moment);
        if (find_reading(moment, name, &value))
            return value;
    }
    return fact_value(moment, name);
}

rac_status rac_moment_evaluate(rac_arena *arena, const rac_moment *moment, const rac_expression *expression,
                               rac_answer *answer, const char **explanation, rac_error *err)
{
    int highest = -1;
    for (size_t i = 0; i < expression->name_count; i++)
        if (expression->names[i].found.slot > highest)
            highest = expression->names[i].found.slot;
    const size_t count = (size_t)(highest + 1);
    rac_value *values = rac_many(arena, rac_value, count);
    for (size_t i = 0; i < expression->name_count; i++)
        values[expression->names[i].found.slot] = rac_moment_value(moment, expression->names[i].text);
    if (explanation)
        *explanation = rac_expression_explain(arena, expression, values, count);
    return rac_expression_evaluate(arena, expression, values, count, answer, err);
}
