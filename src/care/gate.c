/* Checklists and gates of a session: may the infusion start, may this event be entered. */
#include <math.h>
#include <string.h>

#include "care/moment.h"
#include "racemate/care/session.h"

/* ---- checklists ---------------------------------------------------------------------------------------- */

static const rac_tick *find_tick(const rac_session *session, const char *id)
{
    for (size_t i = 0; i < session->tick_count; i++)
        if (strcmp(session->ticks[i].id, id) == 0)
            return &session->ticks[i];
    return NULL;
}

static rac_item_result ticked_item(rac_arena *arena, const rac_moment *moment, const rac_check_item *item)
{
    const rac_tick *tick = find_tick(moment->session, item->id);
    rac_item_result result = {.item = item, .state = RAC_ITEM_NOT_MET, .explanation = "not ticked"};
    if (tick && tick->done) {
        result.state = RAC_ITEM_MET;
        result.explanation = rac_format(arena, "ticked by %s at %s%s%s", tick->actor ? tick->actor : "?",
                                        rac_instant_format_clock(arena, tick->at, moment->zone_min),
                                        tick->second ? " with " : "", tick->second ? tick->second : "");
    }
    return result;
}

static rac_status computed_item(rac_arena *arena, const rac_moment *moment, const rac_check_item *item,
                                rac_item_result *result, rac_error *err)
{
    rac_answer answer;
    *result = (rac_item_result){.item = item};
    const rac_status status =
        rac_moment_evaluate(arena, moment, item->when, &answer, &result->explanation, err);
    if (status)
        return status;
    const rac_truth truth = rac_answer_truth(&answer);
    result->state = truth == RAC_TRUE    ? RAC_ITEM_MET
                    : truth == RAC_FALSE ? RAC_ITEM_NOT_MET
                                         : RAC_ITEM_UNKNOWN;
    result->missing = (rac_words){answer.missing, answer.missing_count};
    return RAC_OK;
}

rac_status rac_checklist_evaluate(rac_arena *arena, const rac_moment *moment, rac_check_items items,
                                  rac_checklist *checklist, rac_error *err)
{
    rac_item_result *results = rac_many(arena, rac_item_result, items.count);
    bool complete = true;
    for (size_t i = 0; i < items.count; i++) {
        if (items.items[i].when) {
            const rac_status status = computed_item(arena, moment, &items.items[i], &results[i], err);
            if (status)
                return status;
        } else {
            results[i] = ticked_item(arena, moment, &items.items[i]);
        }
        complete = complete && results[i].state == RAC_ITEM_MET;
    }
    *checklist = (rac_checklist){results, items.count, complete};
    return RAC_OK;
}

/* ---- the start gate --------------------------------------------------------------------------------------
 */

/* A second check counts only when two different people stand behind it. */
static const char *lone_second_check(const rac_protocol *protocol, const rac_session *session)
{
    for (size_t i = 0; i < protocol->second_checks.count; i++) {
        const rac_tick *tick = find_tick(session, protocol->second_checks.items[i]);
        if (!tick || !tick->done || !tick->second || !tick->actor || strcmp(tick->second, tick->actor) == 0)
            return protocol->second_checks.items[i];
    }
    return NULL;
}

static const rac_item_result *first_unmet(const rac_checklist *checklist)
{
    for (size_t i = 0; i < checklist->count; i++)
        if (checklist->items[i].state != RAC_ITEM_MET)
            return &checklist->items[i];
    return NULL;
}

rac_status rac_session_start_gate(rac_arena *arena, const rac_moment *moment, rac_checklist *checklist,
                                  rac_error *err)
{
    const rac_session *s = moment->session;
    rac_status status = rac_checklist_evaluate(arena, moment, moment->protocol->start, checklist, err);
    if (status)
        return status;
    if (s->state != RAC_STATE_CHECKED_IN && s->state != RAC_STATE_READY)
        return rac_fail(err, RAC_REFUSED, "the session is %s", rac_state_name(s->state));
    const rac_item_result *unmet = first_unmet(checklist);
    if (unmet) {
        status = rac_fail(err, RAC_REFUSED, "%s: %s", unmet->item->ask, unmet->explanation);
        rac_error_field(err, unmet->item->id);
        return status;
    }
    if (!s->plan)
        return rac_fail(err, RAC_REFUSED, "there is no plan");
    if ((status = rac_plan_verify(s->plan, err)))
        return status;
    if (rac_decimal_compare(s->plan->weight_kg, s->weight_kg) != 0) {
        status = rac_fail(err, RAC_REFUSED, "the plan is for %g kg, today's weight is %g kg",
                          rac_decimal_double(s->plan->weight_kg), rac_decimal_double(s->weight_kg));
        rac_error_hint(err, "make the plan again");
        return status;
    }
    const char *lone = lone_second_check(moment->protocol, s);
    if (lone) {
        status = rac_fail(err, RAC_REFUSED, "'%s' needs a second person", lone);
        rac_error_field(err, lone);
        return status;
    }
    return RAC_OK;
}

/* ---- may this event be entered
 * ------------------------------------------------------------------------------ */

/* Facts about drug given are recorded whatever the state; everything else must be expected. */
static bool is_fact_about_drug(rac_event_kind kind)
{
    return kind == RAC_EVENT_STARTED || kind == RAC_EVENT_RATE || kind == RAC_EVENT_PAUSED ||
           kind == RAC_EVENT_RESUMED || kind == RAC_EVENT_STOPPED;
}

static bool is_exit(rac_event_kind kind)
{
    return kind == RAC_EVENT_DISCHARGED || kind == RAC_EVENT_CANCELLED || kind == RAC_EVENT_TRANSFERRED ||
           kind == RAC_EVENT_LEFT;
}

static rac_status check_time(rac_arena *arena, const rac_moment *moment, const rac_event *event,
                             rac_duration tolerance, rac_error *err)
{
    if (event->at.ms > moment->now.ms + tolerance.ms) {
        const rac_status status =
            rac_fail(err, RAC_INVALID, "%s is in the future", rac_instant_format(arena, event->at));
        rac_error_hint(err, "it is %s", rac_instant_format(arena, moment->now));
        return status;
    }
    if (event->kind != RAC_EVENT_OPENED && event->at.ms < moment->session->opened_at.ms - (int64_t)86400000)
        return rac_fail(err, RAC_INVALID, "%s is more than a day before this session",
                        rac_instant_format(arena, event->at));
    return RAC_OK;
}

static const char *rate_deviation(rac_arena *arena, const rac_moment *moment, const rac_event *event)
{
    const rac_protocol *protocol = moment->protocol;
    const rac_plan *plan = moment->session->plan;
    if (event->rate_ml_per_h.millionths <= 0)
        return NULL;
    if (!plan)
        return "drug given without a plan";
    if (rac_decimal_compare(event->rate_ml_per_h, protocol->preparation.pump_max_ml_per_h) > 0)
        return "rate above what the pump can be set to";
    const double mg_per_kg_per_min =
        rac_decimal_double(event->rate_ml_per_h) * rac_decimal_double(plan->drawn_mg) /
        rac_decimal_double(plan->final_volume_ml) / rac_decimal_double(plan->weight_kg) / 60;
    if (mg_per_kg_per_min > protocol->dose.fastest_mg_per_kg_per_min)
        return "rate faster than the label's limit";
    const double ratio = rac_decimal_double(event->rate_ml_per_h) / rac_decimal_double(plan->rate_ml_per_h);
    if (ratio > 1.0 + 1e-9) /* 41.7 for 4.17 (G07) is a factor of ten; any rate above the plan is said */
        return rac_format(arena, "rate %.4g times the planned %s mL/h", ratio,
                          rac_decimal_format(arena, plan->rate_ml_per_h, 1));
    return NULL;
}

rac_status rac_session_accept(rac_arena *arena, const rac_moment *moment, const rac_event *event,
                              rac_duration tolerance, const char **deviation, rac_error *err)
{
    rac_state to;
    *deviation = NULL;
    rac_status status = check_time(arena, moment, event, tolerance, err);
    if (status)
        return status;
    if (event->kind == RAC_EVENT_READING &&
        (status = rac_reading_check(event->readings, event->reading_count, err)))
        return status;
    if (event->kind == RAC_EVENT_CORRECTION && event->replacement && is_exit(event->replacement->kind)) {
        /* the time or the words of an exit may be mended in a session that is over */
        if (event->replacement->kind == RAC_EVENT_CANCELLED && moment->session->any_drug)
            return rac_fail(err, RAC_REFUSED, "a session that gave drug cannot be cancelled");
        return check_time(arena, moment, event->replacement, tolerance, err);
    }
    if (event->kind == RAC_EVENT_CORRECTION) /* looked at as the event it puts in place */
        return event->replacement
                   ? rac_session_accept(arena, moment, event->replacement, tolerance, deviation, err)
                   : RAC_OK;
    const bool expected = rac_state_after(moment->session->state, event->kind, &to);
    if (is_fact_about_drug(event->kind)) {
        *deviation =
            rate_deviation(arena, moment, event); /* the fold itself marks one the state did not expect */
        return RAC_OK;
    }
    /* A late entry finds the state of its own time; an exit never does, or a session could be cancelled
     * before the drug it gave. */
    const bool late = event->at.ms < moment->session->last_at.ms && !is_exit(event->kind);
    if (expected && event->kind == RAC_EVENT_DISCHARGED && event->at.ms < moment->session->recovering_at.ms)
        return rac_fail(err, RAC_REFUSED, "discharge before the recovery began");
    if (expected || late)
        return RAC_OK;
    status = rac_fail(err, RAC_REFUSED, "%s: the session is %s", rac_event_sentence(event->kind),
                      rac_state_name(moment->session->state));
    if (event->kind == RAC_EVENT_CANCELLED)
        rac_error_hint(err,
                       "after any drug a session ends in discharge, transfer, or leaving against advice");
    if (event->kind == RAC_EVENT_DISCHARGED)
        rac_error_hint(err, "stop the infusion and let the patient recover first");
    return status;
}
