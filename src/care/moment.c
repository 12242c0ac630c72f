/* The facts of a moment: see moment.h.  Names are those of racemate/protocol.h: readings and their ages,
 * the baseline, session figures, patient facts, site places and ticks. */
#include "care/moment.h"

#include <string.h>

static const rac_value unknown = {.kind = RAC_VALUE_UNKNOWN};

static rac_value minutes(rac_duration span)
{
    return rac_value_in(rac_duration_minutes(span), "min");
}

/* ---- readings ---------------------------------------------------------------------------------------- */

static rac_value reading_value(const rac_timed_value *value, rac_reading_kind kind)
{
    return value ? rac_value_in(value->value, rac_reading(kind)->unit) : unknown;
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
    return rac_value_in(rac_decimal_double(amount), "mg");
}

static rac_value dose_mg(const rac_moment *m)
{
    return m->session->plan ? rac_value_in(rac_decimal_double(m->session->plan->drawn_mg), "mg") : unknown;
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
    return m->session->fasting_h >= 0 ? rac_value_in(m->session->fasting_h, "h") : unknown;
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

/* ---- ticks --------------------------------------------------------------------------------
 */

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

rac_value rac_moment_value(const rac_moment *moment, rac_text name)
{
    rac_value value;
    if (rac_text_starts(name, "tick."))
        return tick_value(moment, (rac_text){name.data + strlen("tick."), name.size - strlen("tick.")});
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (rac_text_is(name, figures[i].name))
            return figures[i].value(moment);
    if (find_reading(moment, name, &value))
        return value;
    return rac_value_of_fact(moment->protocol, moment->facts, moment->now, name);
}

static rac_value look_up(const void *context, rac_text name)
{
    return rac_moment_value(context, name);
}

rac_status rac_moment_evaluate(rac_arena *arena, const rac_moment *moment, const rac_expression *expression,
                               rac_answer *answer, const char **explanation, rac_error *err)
{
    return rac_value_evaluate(arena, expression, look_up, moment, answer, explanation, err);
}
