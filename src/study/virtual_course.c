/* Session after session in one simulated time: see virtual_course.h. */
#include "study/virtual_course.h"

#include <math.h>
#include <string.h>

#include "study/virtual_score.h"
#include "study/virtual_visit.h"

static const double hours_per_day = 24, days_per_week = 7, ms_per_day = 86400000.0, min_per_hour = 60;

static double number(const rac_virtual_clinic *clinic, rac_virtual_name name)
{
    return clinic->patient->number[name].value;
}

/* ---- when ---- */

static double usual_days(const rac_course_rules *rules, int least, int most)
{
    const double first = fmax(ceil(rules->spacing_min_days), 1), last = floor(rules->spacing_max_days);
    const double fills = least > 1 ? ceil(rules->weeks_min * days_per_week / (least - 1)) : first;
    const double fits = most > 1 ? floor(rules->weeks_max * days_per_week / (most - 1)) : last;
    return fmax(fmin(fmin(fills, fits), last), first);
}

rac_status rac_virtual_schedule_of(const rac_virtual_clinic *clinic, double every_days, int infusions,
                                   rac_virtual_schedule *schedule, rac_error *err)
{
    const rac_course_rules *rules = &clinic->protocol->course;
    const rac_virtual_patient *patient = clinic->patient;
    *schedule = (rac_virtual_schedule){.every_days = every_days, .infusions = infusions};
    rac_status status = rac_scale_find(rac_text_of(rules->scale), &schedule->scale, err);
    if (status)
        return status;
    if (!patient->scale || strcmp(patient->scale, rules->scale) != 0) {
        status =
            rac_fail(err, RAC_INVALID, "the patient file '%s' has no course of %s, the scale of protocol %s",
                     patient->name, rules->scale, clinic->protocol->id);
        rac_error_hint(err, "patients/virtual-adult.yaml shows a `course` section: scale and numbers");
        return status;
    }
    if (every_days > 0 && (every_days < rules->spacing_min_days || every_days > rules->spacing_max_days))
        return rac_fail(err, RAC_INVALID, "%g days between infusions, protocol %s allows %g to %g",
                        every_days, clinic->protocol->id, rules->spacing_min_days, rules->spacing_max_days);
    if (infusions <= 0 || infusions > rules->infusions_max)
        schedule->infusions = rules->infusions_max;
    schedule->least = schedule->infusions < rules->infusions_min ? schedule->infusions : rules->infusions_min;
    if (every_days <= 0)
        schedule->every_days = usual_days(rules, rules->infusions_min, rules->infusions_max);
    schedule->visits = (size_t)(floor(rules->weeks_max * days_per_week / schedule->every_days) + 1);
    if (schedule->visits < (size_t)schedule->infusions)
        schedule->visits = (size_t)schedule->infusions;
    return RAC_OK;
}

/* ---- a course on its way ---- */

typedef struct trip {
    rac_arena *arena;
    const rac_virtual_clinic *clinic;
    const rac_virtual_schedule *schedule;
    uint64_t seed, subject;
    rac_virtual_person person;
    rac_virtual_mood mood;
    int metabolite; /* an output of the model; -1 */
    rac_virtual_course *course;
    rac_score *scores;            /* schedule->visits + 1 */
    rac_course_session *sessions; /* as care sees them */
    size_t appointments;          /* kept, the last asking included */
    bool here;                    /* between check-in and the door */
    rac_visit visit;
} trip;

static rac_virtual_visited *last_infusion(const trip *t)
{
    for (size_t i = t->course->visit_count; i-- > 0;)
        if (t->course->visits[i].infusion)
            return &t->course->visits[i];
    return NULL;
}

static double appointment_h(const trip *t)
{
    return (double)t->appointments * t->schedule->every_days * hours_per_day;
}

/* The scale is asked, the infusion before learns what followed it, and the course is folded. */
static rac_status ask(trip *t, rac_instant at, rac_course *folded, rac_error *err)
{
    rac_virtual_course *course = t->course;
    const int total = rac_virtual_score(&t->mood, t->clinic->patient, t->schedule->scale, course->infusions,
                                        t->appointments);
    rac_status status =
        rac_scale_total(t->schedule->scale, total, at, &t->scores[course->score_count++], err);
    if (status || (status = rac_course_fold(t->arena, t->clinic->protocol, t->scores, course->score_count,
                                            t->sessions, course->visit_count, folded, err)))
        return status;
    rac_virtual_visited *before = last_infusion(t);
    const rac_course_point *latest = &folded->points[folded->count - 1];
    if (before && !before->asked) {
        before->asked = true;
        before->score_after = total;
        const double sign = t->schedule->scale->higher_is_worse ? -1 : 1;
        before->improvement = latest->has_change ? sign * latest->change_percent : NAN;
        before->response = latest->response;
        before->remission = latest->remission;
    }
    if (course->score_count == 1)
        course->score = total;
    return RAC_OK;
}

/* The virtual prescriber orders what the protocol's steps propose, and the dose before if no plan can be
 * made. */
static void order(trip *t, const rac_course *folded)
{
    t->visit.number = t->course->infusions + 1;
    t->visit.course = folded->summary;
    if (!folded->dose.made)
        return;
    t->visit.wanted = folded->dose.mg_per_kg;
    if (folded->dose.move != RAC_MOVE_STAY)
        t->visit.otherwise = folded->dose.last_mg_per_kg;
}

static rac_dose_move move_of(const trip *t)
{
    const rac_course_session *last = NULL;
    for (size_t i = 0; i + 1 < t->course->visit_count; i++)
        if (t->sessions[i].any_drug)
            last = &t->sessions[i];
    const int compared = last ? rac_decimal_compare(t->visit.ordered, last->dose_mg_per_kg) : 0;
    return compared > 0 ? RAC_MOVE_UP : compared < 0 ? RAC_MOVE_DOWN : RAC_MOVE_STAY;
}

/* Through the door, or home again without drug. */
static void close_visit(trip *t, rac_virtual_visited *visited)
{
    rac_virtual_course *course = t->course;
    rac_visit_close(&t->visit);
    t->here = false;
    visited->events = t->visit.events;
    t->sessions[course->visit_count - 1] = rac_course_session_of("virtual", &t->visit.session, t->visit.now);
    if (!t->visit.session.any_drug)
        return;
    visited->infusion = ++course->infusions;
    course->given_mg += visited->session.given_mg;
}

/* Check-in, until the start gate.  *more is false when the course is over. */
static rac_status arrive(trip *t, const rac_control_turn *turn, bool *more, rac_error *err)
{
    rac_virtual_course *course = t->course;
    const double day = turn->time_h / hours_per_day;
    const rac_instant start = {rac_virtual_morning.ms + llround(day * ms_per_day)};
    rac_course folded;
    bool ready = false;
    *more = false;
    course->day = day;
    rac_status status = ask(t, start, &folded, err);
    if (status)
        return status;
    const bool over = folded.step == RAC_NEXT_MAINTENANCE || folded.step == RAC_NEXT_STOP_REVIEW ||
                      course->infusions >= t->schedule->infusions;
    course->end = over ? RAC_VIRTUAL_COMPLETED : RAC_VIRTUAL_RAN_OUT;
    if (over || t->appointments == t->schedule->visits)
        return RAC_OK;
    rac_virtual_visited *visited = &course->visits[course->visit_count++];
    *visited =
        (rac_virtual_visited){.day = day,
                              .score = t->scores[course->score_count - 1].total,
                              .dose_mg_per_kg = NAN,
                              .improvement = NAN,
                              .driver_before = turn->outputs[t->clinic->driver],
                              .driver_peak = turn->outputs[t->clinic->driver],
                              .metabolite_before = t->metabolite < 0 ? NAN : turn->outputs[t->metabolite]};
    if (t->appointments)
        rac_virtual_read_anew(t->arena, &t->person, t->seed, t->subject, (unsigned)t->appointments);
    t->appointments++;
    if ((status = rac_visit_open(t->arena, t->clinic, &t->person, start, &visited->session, &t->visit, err)))
        return status;
    t->visit.origin_h = turn->time_h;
    t->visit.driver = visited->driver_before;
    order(t, &folded);
    if ((status = rac_visit_prepare(&t->visit, &ready, err)))
        return status;
    t->here = ready;
    *more = true;
    visited->step_refused = t->visit.refused;
    if (t->visit.ordered.millionths)
        visited->dose_mg_per_kg = rac_decimal_double(t->visit.ordered);
    visited->move = t->visit.ordered.millionths ? move_of(t) : RAC_MOVE_STAY;
    if (ready)
        return RAC_OK;
    close_visit(t, visited);
    if (visited->session.end == RAC_VIRTUAL_NO_PLAN) {
        course->end = RAC_VIRTUAL_NEVER_PLANNED;
        *more = false;
    }
    return RAC_OK;
}

/* After the last turn of a session.  True when there is another appointment. */
static bool depart(trip *t)
{
    rac_virtual_course *course = t->course;
    rac_virtual_visited *visited = &course->visits[course->visit_count - 1];
    close_visit(t, visited);
    if (visited->session.end == RAC_VIRTUAL_STILL_HERE) {
        course->end = RAC_VIRTUAL_STAYED;
        return false;
    }
    if (course->infusions < t->schedule->least &&
        rac_virtual_leaves(&t->mood, t->clinic->patient, course->infusions, t->appointments - 1)) {
        course->end = RAC_VIRTUAL_LEFT_COURSE;
        return false;
    }
    return true;
}

/* The controller of a whole course: appointments, and the visits in them. */
static rac_status turn(void *context, rac_control_turn *now, rac_error *err)
{
    trip *t = context;
    bool more = true;
    rac_status status = RAC_OK;
    if (!t->here) {
        status = arrive(t, now, &more, err);
        if (!status && more && !t->here)
            now->next_h = appointment_h(t);
        if (status || !t->here)
            return status;
    }
    rac_virtual_visited *visited = &t->course->visits[t->course->visit_count - 1];
    visited->driver_peak = fmax(visited->driver_peak, now->outputs[t->clinic->driver]);
    const double longest_h = t->visit.origin_h + number(t->clinic, RAC_VIRTUAL_LONGEST_SESSION);
    if (now->time_h < longest_h && (status = rac_visit_turn(&t->visit, now, err)))
        return status;
    const bool over = rac_state_is_over(t->visit.session.state);
    if (over || now->time_h >= longest_h)
        now->next_h = depart(t) ? appointment_h(t) : INFINITY;
    else
        now->next_h = fmin(now->next_h, longest_h);
    return RAC_OK;
}

rac_status rac_virtual_course_run(rac_arena *arena, const rac_virtual_clinic *clinic,
                                  const rac_virtual_schedule *schedule, uint64_t seed, uint64_t subject,
                                  rac_virtual_course *course, rac_error *err)
{
    const double longest_h = number(clinic, RAC_VIRTUAL_LONGEST_SESSION);
    const size_t minutes = (size_t)(longest_h * min_per_hour) + 1, askings = schedule->visits + 1;
    *course = (rac_virtual_course){.visits = course->visits};
    trip t = {.arena = arena,
              .clinic = clinic,
              .schedule = schedule,
              .seed = seed,
              .subject = subject,
              .person = rac_virtual_draw(arena, clinic, seed, subject, minutes),
              .mood = rac_virtual_mood_of(arena, clinic->patient, schedule->scale, seed, subject, askings),
              .metabolite = rac_model_find_output(clinic->model, "norketamine"),
              .course = course,
              .scores = rac_many(arena, rac_score, askings),
              .sessions = rac_many(arena, rac_course_session, schedule->visits)};
    double *covariates = rac_many(arena, double, rac_model_covariates(clinic->model));
    rac_status status =
        rac_virtual_covariates(clinic->model, t.person.weight_kg, t.person.age_year, covariates, err);
    if (status)
        return status;
    const rac_control_request request = {
        .model = clinic->model,
        .covariates = covariates,
        .seed = seed,
        .subject = subject,
        .until_h = (double)schedule->visits * schedule->every_days * hours_per_day + longest_h,
        .controller = turn,
        .context = &t};
    rac_control_run answer;
    if ((status = rac_pharma_control(arena, &request, &answer, err)))
        return status;
    course->scores = t.scores;
    return RAC_OK;
}

const rac_virtual_visited *rac_virtual_infusion(const rac_virtual_course *course, int infusion)
{
    for (size_t i = 0; i < course->visit_count && infusion > 0; i++)
        if (course->visits[i].infusion == infusion)
            return &course->visits[i];
    return NULL;
}
