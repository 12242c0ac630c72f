/* The dose the protocol's steps propose: see rac_dose_proposal in racemate/care/course.h. */
#include "care/course_dose.h"

#include <math.h>

#include "care/values.h"

/* ---- a session as the course sees it ---- */

static double peak_systolic(const rac_session *session)
{
    double peak = 0;
    const rac_series *series = &session->series[RAC_READING_SBP];
    for (size_t i = 0; session->any_drug && i < series->count; i++)
        if (series->items[i].quality <= RAC_QUALITY_MANUAL &&
            series->items[i].at.ms >= session->started_at.ms)
            peak = fmax(peak, series->items[i].value);
    return peak;
}

/* A gap between two stretches of the pump is a hold; so is the time after the last one while paused, and the
 * one that ended in giving up, which leaves the drug stopped before the recovery began. */
static int holds_of(const rac_session *session)
{
    int holds = 0;
    for (size_t i = 0; i + 1 < session->segment_count; i++)
        holds += session->segments[i].to.ms < session->segments[i + 1].from.ms;
    const bool given_up = session->any_drug && session->state > RAC_STATE_PAUSED && session->segment_count &&
                          session->segments[session->segment_count - 1].to.ms < session->recovering_at.ms;
    return holds + (session->state == RAC_STATE_PAUSED || given_up);
}

/* Times are charted in minutes, so an infusion that ends within the last one is complete. */
static bool is_stopped_early(const rac_session *session, rac_decimal given_ml)
{
    if (!session->any_drug || !session->plan || session->state == RAC_STATE_DOSING ||
        session->state == RAC_STATE_PAUSED)
        return false;
    const double left_ml = rac_decimal_double(session->plan->final_volume_ml) - rac_decimal_double(given_ml);
    return left_ml > rac_decimal_double(session->plan->rate_ml_per_h) / 60;
}

rac_course_session rac_course_session_of(const char *id, const rac_session *session, rac_instant now)
{
    rac_course_session out = {.id = id,
                              .number = session->number,
                              .state = session->state,
                              .any_drug = session->any_drug,
                              .at = session->any_drug ? session->started_at : session->opened_at,
                              .weight_kg = session->weight_kg,
                              .peak_sbp_mmhg = peak_systolic(session),
                              .holds = holds_of(session)};
    rac_decimal given_ml;
    rac_session_delivered(session, now, &given_ml, &out.given_mg);
    if (!session->plan)
        return out;
    out.dose_mg_per_kg = session->plan->ordered_mg_per_kg;
    out.given_percent = 100 * rac_decimal_double(out.given_mg) / rac_decimal_double(session->plan->drawn_mg);
    out.stopped_early = is_stopped_early(session, given_ml);
    return out;
}

/* ---- what the rules may look at ---- */

typedef struct between {
    const rac_protocol *protocol;
    const rac_course *course;
    const rac_course_session *last;
    const rac_course_point *latest;
} between;

static rac_value lookup(const void *context, rac_text name)
{
    const between *b = context;
    const rac_value unknown = {.kind = RAC_VALUE_UNKNOWN};
    const bool scored = b->latest && b->latest->score.at.ms > b->last->at.ms;
    if (rac_text_is(name, "course.infusions"))
        return rac_value_in(b->course->infusions_given, "1");
    if (rac_text_is(name, "course.improvement")) {
        const double sign = b->course->scale->higher_is_worse ? -1 : 1;
        return scored && b->latest->has_change ? rac_value_in(sign * b->latest->change_percent, "%")
                                               : unknown;
    }
    if (rac_text_is(name, "course.response"))
        return scored ? rac_value_truth(b->latest->response) : unknown;
    if (rac_text_is(name, "course.remission"))
        return scored ? rac_value_truth(b->latest->remission) : unknown;
    if (rac_text_is(name, "last.dose"))
        return rac_value_in(rac_decimal_double(b->last->dose_mg_per_kg), "mg/kg");
    if (rac_text_is(name, "last.given"))
        return rac_value_in(b->last->given_percent, "%");
    if (rac_text_is(name, "last.holds"))
        return rac_value_in(b->last->holds, "1");
    if (rac_text_is(name, "last.stopped_early"))
        return rac_value_truth(b->last->stopped_early);
    if (rac_text_is(name, "last.peak_sbp"))
        return b->last->peak_sbp_mmhg > 0 ? rac_value_in(b->last->peak_sbp_mmhg, "mmHg") : unknown;
    return rac_value_of_fact(b->protocol, NULL, b->last->at, name); /* a site place */
}

/* ---- the proposal ---- */

static const char *shown(rac_arena *arena, rac_decimal amount)
{
    return rac_decimal_format_exact(arena, amount);
}

/* One step from the last dose, kept between least and most; a dose beyond that end already stays. */
static void move_dose(const rac_dose_steps *steps, rac_dose_move move, rac_dose_proposal *dose)
{
    const int64_t last = dose->last_mg_per_kg.millionths, by = steps->by_mg_per_kg.millionths;
    const int64_t least = steps->least_mg_per_kg.millionths, most = steps->most_mg_per_kg.millionths;
    int64_t next = last;
    if (move == RAC_MOVE_UP && last < most)
        next = last + by < most ? last + by : most;
    if (move == RAC_MOVE_DOWN && last > least)
        next = last - by > least ? last - by : least;
    dose->mg_per_kg.millionths = next;
    dose->move = next > last ? RAC_MOVE_UP : next < last ? RAC_MOVE_DOWN : RAC_MOVE_STAY;
}

static const char *reason(rac_arena *arena, const rac_step_rule *rule, const char *with,
                          const rac_dose_proposal *dose)
{
    static const char *const ends[] = {"", ", but this is the highest dose of its steps",
                                       ", but this is the lowest dose of its steps"};
    return rac_format(arena, "%s (%s)%s", rule->because, with,
                      dose->move == rule->move ? "" : ends[rule->move]);
}

static void note_missing(rac_arena *arena, const rac_answer *answer, rac_dose_proposal *dose)
{
    const char **names = rac_many(arena, const char *, answer->missing_count);
    for (size_t i = 0; i < answer->missing_count; i++)
        names[i] = rac_string_copy(arena, answer->missing[i]);
    dose->missing = (rac_words){names, answer->missing_count};
}

/* The first rule that is true decides; after one that is unknown none may raise the dose. */
static rac_status ask_rules(rac_arena *arena, const rac_dose_steps *steps, const between *b,
                            rac_dose_proposal *dose, rac_error *err)
{
    bool in_doubt = false;
    for (size_t i = 0; i < steps->rule_count; i++) {
        const rac_step_rule *rule = &steps->rules[i];
        const char *with;
        rac_answer answer;
        const rac_status status = rac_value_evaluate(arena, rule->when, lookup, b, &answer, &with, err);
        if (status)
            return status;
        const rac_truth truth = rac_answer_truth(&answer);
        if (truth == RAC_UNKNOWN && !in_doubt) {
            in_doubt = true;
            note_missing(arena, &answer, dose);
            dose->because =
                rac_format(arena, "step '%s' cannot be judged (%s): the dose is not raised", rule->id, with);
        }
        if (truth != RAC_TRUE || (in_doubt && rule->move == RAC_MOVE_UP))
            continue;
        move_dose(steps, rule->move, dose);
        dose->rule = rule->id;
        dose->sources = rule->sources;
        dose->because = reason(arena, rule, with, dose);
        return RAC_OK;
    }
    if (!in_doubt)
        dose->because = rac_format(arena, "no step of the protocol moves the dose of %s mg/kg",
                                   shown(arena, dose->last_mg_per_kg));
    return RAC_OK;
}

rac_status rac_course_propose_dose(rac_arena *arena, const rac_protocol *protocol,
                                   const rac_course_session *last, const rac_course_point *latest,
                                   rac_course *course, rac_error *err)
{
    const rac_dose_steps *steps = &protocol->course.dose_steps;
    rac_dose_proposal *dose = &course->dose;
    if (!steps->by_mg_per_kg.millionths || !last || !last->dose_mg_per_kg.millionths || !course->has_next ||
        rac_protocol_open_places(protocol))
        return RAC_OK;
    *dose = (rac_dose_proposal){
        .made = true, .mg_per_kg = last->dose_mg_per_kg, .last_mg_per_kg = last->dose_mg_per_kg};
    const between b = {protocol, course, last, latest};
    const rac_status status = ask_rules(arena, steps, &b, dose, err);
    if (status)
        return status;
    course->summary.has_proposal = true;
    course->summary.proposed_mg_per_kg = dose->mg_per_kg;
    course->summary.proposed_because = dose->because;
    return RAC_OK;
}
