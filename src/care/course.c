/* Is it working, and what is next: see racemate/care/course.h. */
#include "racemate/care/course.h"

#include <string.h>

#include "care/course_dose.h"

static const char *const steps[] = {"baseline score needed", "next infusion", "review before going on",
                                    "maintenance", "course complete without response: review"};

const char *rac_next_step_name(rac_next_step step)
{
    return steps[step];
}

/* ---- scores
 * ------------------------------------------------------------------------------------------------- */

static void sort_scores(rac_score *scores, size_t count)
{
    for (size_t i = 1; i < count; i++) { /* a course has tens of scores */
        const rac_score score = scores[i];
        size_t at = i;
        for (; at > 0 && scores[at - 1].at.ms > score.at.ms; at--)
            scores[at] = scores[at - 1];
        scores[at] = score;
    }
}

static int infusions_before(const rac_course_session *sessions, size_t count, rac_instant at)
{
    int given = 0;
    for (size_t i = 0; i < count; i++)
        given += sessions[i].any_drug && sessions[i].at.ms < at.ms;
    return given;
}

static bool first_infusion(const rac_course_session *sessions, size_t count, rac_instant *first)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (sessions[i].any_drug && (!found || sessions[i].at.ms < first->ms)) {
            *first = sessions[i].at;
            found = true;
        }
    }
    return found;
}

/* The last known total at or before the first infusion; before any infusion, the last one so far. */
static const rac_score *find_baseline(const rac_score *scores, size_t count, bool any_infusion,
                                      rac_instant first)
{
    const rac_score *baseline = NULL;
    for (size_t i = 0; i < count; i++)
        if (scores[i].total_known && (!any_infusion || scores[i].at.ms <= first.ms))
            baseline = &scores[i];
    return baseline;
}

static bool within(const rac_scale_limit *limits, size_t count, const rac_scale *scale, double total,
                   bool upwards)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(limits[i].scale, scale->id) != 0)
            continue;
        const double beyond = upwards ? total - limits[i].value : limits[i].value - total;
        return limits[i].inclusive ? beyond >= 0 : beyond > 0;
    }
    return false;
}

static rac_course_point make_point(const rac_protocol *protocol, const rac_score *score,
                                   const rac_score *baseline, int after_infusions)
{
    rac_course_point point = {.score = *score, .after_infusions = after_infusions};
    if (!score->total_known)
        return point;
    const double sign = score->scale->higher_is_worse ? 1 : -1;
    if (baseline && baseline->total > 0 && score->at.ms >= baseline->at.ms) {
        point.has_change = true;
        point.change = score->total - baseline->total;
        point.change_percent = 100 * point.change / baseline->total;
        point.response = score->at.ms > baseline->at.ms &&
                         -sign * point.change_percent >= protocol->course.response_reduction_percent;
    }
    point.remission = within(protocol->course.remission, protocol->course.remission_count, score->scale,
                             score->total, false);
    return point;
}

/* Points of one scale by time; `count` of them. */
static rac_course_point *points_of(rac_arena *arena, const rac_protocol *protocol, const rac_scale *scale,
                                   const rac_score *scores, size_t score_count,
                                   const rac_course_session *sessions, size_t session_count, size_t *count)
{
    rac_score *mine = rac_many(arena, rac_score, score_count);
    *count = 0;
    for (size_t i = 0; i < score_count; i++)
        if (scores[i].scale == scale)
            mine[(*count)++] = scores[i];
    sort_scores(mine, *count);
    rac_instant first = {0};
    const bool any = first_infusion(sessions, session_count, &first);
    const rac_score *baseline = find_baseline(mine, *count, any, first);
    rac_course_point *points = rac_many(arena, rac_course_point, *count);
    bool was_well = false;
    for (size_t i = 0; i < *count; i++) {
        points[i] =
            make_point(protocol, &mine[i], baseline, infusions_before(sessions, session_count, mine[i].at));
        points[i].relapse =
            was_well && mine[i].total_known &&
            within(protocol->course.relapse, protocol->course.relapse_count, scale, mine[i].total, true);
        was_well = was_well || points[i].response || points[i].remission;
    }
    return points;
}

/* ---- what is next
 * -------------------------------------------------------------------------------------------- */

static const rac_course_session *last_infusion(const rac_course_session *sessions, size_t count)
{
    const rac_course_session *last = NULL;
    for (size_t i = 0; i < count; i++)
        if (sessions[i].any_drug && (!last || sessions[i].at.ms > last->at.ms))
            last = &sessions[i];
    return last;
}

static bool is_review_point(const rac_course_rules *rules, int given)
{
    for (size_t i = 0; i < rules->review_count; i++)
        if (rules->review_after[i] == given)
            return true;
    return false;
}

static void set_window(rac_course *course, rac_instant from, double least_days, double most_days)
{
    const double ms_per_day = 86400000.0;
    course->has_next = true;
    course->next_earliest.ms = from.ms + (int64_t)(least_days * ms_per_day);
    course->next_latest.ms = from.ms + (int64_t)(most_days * ms_per_day);
}

/* The maintenance step in force `days` after the acute course, by the protocol's ladder. */
static double maintenance_interval(const rac_course_rules *rules, double days)
{
    for (size_t i = 0; i < rules->maintenance_count; i++) {
        if (days < rules->maintenance[i].for_days || i + 1 == rules->maintenance_count)
            return rules->maintenance[i].every_days;
        days -= rules->maintenance[i].for_days;
    }
    return 0;
}

/* Days of maintenance at the last infusion: since the one that completed the acute course. */
static double days_since_course(const rac_course_rules *rules, const rac_course_session *sessions,
                                size_t count, const rac_course_session *last)
{
    for (size_t i = 0; i < count; i++)
        if (sessions[i].any_drug &&
            infusions_before(sessions, count, sessions[i].at) == rules->infusions_min - 1)
            return (double)(last->at.ms - sessions[i].at.ms) / 86400000.0;
    return 0;
}

static void decide_step(rac_arena *arena, const rac_protocol *protocol, const rac_course_session *sessions,
                        size_t count, const rac_course_point *latest, rac_course *course)
{
    const rac_course_rules *rules = &protocol->course;
    const rac_course_session *last = last_infusion(sessions, count);
    const int given = course->infusions_given;
    const bool better = course->response || course->remission;
    if (!latest) {
        course->step = RAC_NEXT_BASELINE;
        course->because =
            rac_format(arena, "no %s total is recorded before the first infusion", rules->scale);
        return;
    }
    if (!last) {
        course->step = RAC_NEXT_INFUSION;
        course->because = rac_format(arena, "baseline %s %d; infusion 1 of %d to %d", rules->scale,
                                     latest->score.total, rules->infusions_min, rules->infusions_max);
        return;
    }
    const bool scored_since = latest->score.at.ms > last->at.ms;
    if (given >= rules->infusions_max || (given >= rules->infusions_min && better)) {
        course->step = better ? RAC_NEXT_MAINTENANCE : RAC_NEXT_STOP_REVIEW;
        course->because = rac_format(arena, "%d infusions given, %s %+.0f %% against baseline", given,
                                     rules->scale, latest->change_percent);
        if (better) {
            const double days = maintenance_interval(rules, days_since_course(rules, sessions, count, last));
            set_window(course, last->at, days, days);
        }
        return;
    }
    set_window(course, last->at, rules->spacing_min_days, rules->spacing_max_days);
    if (is_review_point(rules, given)) {
        course->step = RAC_NEXT_REVIEW;
        course->because = rac_format(arena, "review after infusion %d: %s %s%+.0f %% against baseline%s",
                                     given, rules->scale, scored_since ? "" : "last ", latest->change_percent,
                                     better ? ", response" : ", no response yet");
        return;
    }
    course->step = RAC_NEXT_INFUSION;
    course->because =
        rac_format(arena, "infusion %d of %d to %d; %s %+.0f %% against baseline", given + 1,
                   rules->infusions_min, rules->infusions_max, rules->scale, latest->change_percent);
}

/* ---- the suicide screen
 * ----------------------------------------------------------------------------------------- */

/* The newest score of any scale that has a suicide item decides; a denial is never a clearance, it only asks
 * for nothing more than the protocol asks anyway. */
static void look_at_suicide_item(rac_arena *arena, const rac_protocol *protocol, const rac_score *scores,
                                 size_t count, rac_course *course)
{
    const rac_score *newest = NULL;
    for (size_t i = 0; i < count; i++)
        if (scores[i].scale->suicide_item >= 0 && (!newest || scores[i].at.ms >= newest->at.ms))
            newest = &scores[i];
    if (!newest || newest->suicide == 0)
        return;
    const char *item = newest->scale->items[newest->scale->suicide_item].id;
    course->suicide_screen_due = true;
    course->suicide_because =
        newest->suicide == RAC_SCALE_MISSING
            ? rac_format(arena, "%s item %s is not known: %s is due", newest->scale->id, item,
                         protocol->course.suicide_screen)
            : rac_format(arena, "%s item %s is %d: %s before the visit ends, and a person responsible named",
                         newest->scale->id, item, newest->suicide, protocol->course.suicide_screen);
}

/* ---- the fold
 * ------------------------------------------------------------------------------------------------------ */

static rac_status add_sessions(const rac_course_session *sessions, size_t count, rac_course *course,
                               rac_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!sessions[i].any_drug)
            continue;
        course->infusions_given++;
        const rac_status status =
            rac_decimal_add(course->given_mg_total, sessions[i].given_mg, &course->given_mg_total, err);
        if (status)
            return status;
    }
    const rac_course_session *last = last_infusion(sessions, count);
    course->summary.infusions_given = course->infusions_given;
    if (last) {
        course->summary.has_last_weight = last->weight_kg.millionths > 0;
        course->summary.last_weight_kg = rac_decimal_double(last->weight_kg);
        course->summary.has_last_dose = last->dose_mg_per_kg.millionths > 0;
        course->summary.last_dose_mg_per_kg = rac_decimal_double(last->dose_mg_per_kg);
        course->summary.last_peak_sbp_mmhg = last->peak_sbp_mmhg;
    }
    return RAC_OK;
}

static const rac_course_point *last_known(const rac_course_point *points, size_t count)
{
    for (size_t i = count; i-- > 0;)
        if (points[i].score.total_known)
            return &points[i];
    return NULL;
}

rac_status rac_course_fold(rac_arena *arena, const rac_protocol *protocol, const rac_score *scores,
                           size_t score_count, const rac_course_session *sessions, size_t session_count,
                           rac_course *course, rac_error *err)
{
    *course = (rac_course){0};
    rac_status status = rac_scale_find(rac_text_of(protocol->course.scale), &course->scale, err);
    if (status || (status = add_sessions(sessions, session_count, course, err)))
        return status;
    course->points = points_of(arena, protocol, course->scale, scores, score_count, sessions, session_count,
                               &course->count);
    size_t scale_count, capacity = 0;
    const rac_scale *scales = rac_scale_list(&scale_count);
    rac_course_point *others = NULL;
    for (size_t s = 0; s < scale_count; s++) {
        size_t count = 0;
        if (&scales[s] == course->scale)
            continue;
        const rac_course_point *points =
            points_of(arena, protocol, &scales[s], scores, score_count, sessions, session_count, &count);
        for (size_t i = 0; i < count; i++)
            rac_push(arena, others, course->other_count, capacity, points[i]);
    }
    course->others = others;
    const rac_course_point *latest = last_known(course->points, course->count);
    if (latest) {
        course->response = latest->response;
        course->remission = latest->remission;
        course->relapse = latest->relapse;
    }
    decide_step(arena, protocol, sessions, session_count, latest, course);
    if ((status = rac_course_propose_dose(arena, protocol, last_infusion(sessions, session_count), latest,
                                          course, err)))
        return status;
    look_at_suicide_item(arena, protocol, scores, score_count, course);
    return RAC_OK;
}
