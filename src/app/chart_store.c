/* From the record to a chart: who was treated how, which score belongs to which session, and why it ended. */
#include "app/chart_store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/internal.h"
#include "racemate/study.h"

static const double day_ms = 86400000.0;

/* One session of a patient, as far as the chart is concerned. */
typedef struct visit {
    const char *patient;
    rac_case c;
} visit;

static int by_patient_and_start(const void *a, const void *b)
{
    const visit *x = a, *y = b;
    const int order = strcmp(x->patient, y->patient);
    const int64_t s = x->c.session.started_at.ms, t = y->c.session.started_at.ms;
    return order ? order : (s > t) - (s < t);
}

/* Every session in which any drug was given, by patient and start. */
static rac_status load_sessions(rac_call *call, visit **visits, size_t *count, rac_error *err)
{
    rac_store_entry *opened;
    size_t total, capacity = 0;
    const rac_store_query query = {.kind = rac_event_name(RAC_EVENT_OPENED)};
    rac_status status = rac_store_load(call->arena, rac_app_store(call->app), &query, &opened, &total, err);
    *visits = NULL;
    *count = 0;
    for (size_t i = 0; i < total && !status; i++) {
        visit one = {0};
        status = rac_case_load(call->app, call->arena, opened[i].subject + strlen("session/"),
                               rac_app_now(call->app), &one.c, err);
        one.patient = one.c.patient_id;
        if (!status && one.c.session.any_drug)
            rac_push(call->arena, *visits, *count, capacity, one);
    }
    if (*count)
        qsort(*visits, *count, sizeof **visits, by_patient_and_start);
    return status;
}

/* ---- one patient ---- */

static const rac_fact *latest(const rac_facts *facts, const char *name, rac_instant before)
{
    const rac_fact *found = NULL;
    for (size_t i = 0; i < facts->count; i++) {
        const rac_fact *f = &facts->items[i];
        if (f->name && strcmp(f->name, name) == 0 && f->at.ms <= before.ms &&
            (!found || f->at.ms >= found->at.ms))
            found = f;
    }
    return found;
}

static double number_before(const rac_facts *facts, const char *name, rac_instant before)
{
    const rac_fact *f = latest(facts, name, before);
    return f && f->kind == RAC_FACT_NUMBER ? f->number : (double)NAN;
}

/* The arm in the words of docs/study.md: how it is given, and what. */
static const char *arm_of(rac_call *call, const rac_protocol *protocol, bool by_protocol)
{
    if (by_protocol)
        return protocol->id;
    const bool esketamine = protocol->drug_form && strcmp(protocol->drug_form, "racemic") != 0;
    return rac_format(call->arena, "%s %s", protocol->route, esketamine ? "esketamine" : "ketamine");
}

static const char *reason_of(const rac_store_patient *p, const rac_session *last)
{
    if (p->complete)
        return "completed";
    if (last->state == RAC_STATE_LEFT || last->state == RAC_STATE_TRANSFERRED)
        return rac_state_name(last->state);
    return "not recorded";
}

/* Scores to visits.  Visit 0: the last score at or before the first infusion.  Visit k: the last one before
 * the next infusion; after the last infusion of all, the first one, if it was taken before the next infusion
 * would have been due.  Gives back how many were not used. */
static size_t place_scores(const rac_score *scores, size_t count, const rac_scale *scale, const visit *v,
                           size_t sessions, const rac_store_patient *p, double *score, double *day)
{
    const rac_instant start = v[0].c.session.started_at, last = v[sessions - 1].c.session.started_at;
    const double due_ms = v[0].c.protocol->course.spacing_max_days * day_ms;
    int64_t taken[RAC_MIXED_VISITS_MAX];
    size_t unused = 0;
    for (size_t k = 0; k <= p->given; k++) {
        score[k] = day[k] = NAN;
        taken[k] = INT64_MIN;
    }
    for (size_t i = 0; i < count; i++) {
        const rac_score *s = &scores[i];
        size_t k = 0;
        if (s->scale != scale || !s->total_known)
            continue;
        while (k < sessions && v[k].c.session.started_at.ms < s->at.ms)
            k++;
        const bool after_all = k == sessions, had = k <= p->given && taken[k] != INT64_MIN;
        const bool too_late = after_all && (double)(s->at.ms - last.ms) > due_ms;
        if (k > p->given || too_late || (had && (after_all ? taken[k] <= s->at.ms : taken[k] > s->at.ms))) {
            unused++;
            continue;
        }
        unused += had;
        taken[k] = s->at.ms;
        score[k] = s->total;
        day[k] = floor((double)(s->at.ms - start.ms) / day_ms);
    }
    return unused;
}

static void add_harms(rac_call *call, rac_store_chart *chart, const visit *v, size_t session)
{
    size_t count;
    const rac_event *events = rac_events_clinical(call->arena, v->c.events, v->c.event_count, &count);
    const size_t first = chart->harms;
    for (size_t i = 0; i < count; i++) {
        const rac_event *e = &events[i];
        if (e->kind != RAC_EVENT_SYMPTOM || e->severity == RAC_GONE)
            continue;
        size_t k = first;
        while (k < chart->harms && strcmp(chart->harm[k].symptom, e->name) != 0)
            k++;
        if (k == chart->harms)
            rac_push(call->arena, chart->harm, chart->harms, chart->harm_capacity,
                     ((rac_store_harm){v->patient, session, e->name, e->severity}));
        else if (e->severity > chart->harm[k].worst)
            chart->harm[k].worst = e->severity;
    }
}

static rac_status add_patient(rac_call *call, rac_store_chart *chart, const visit *v, size_t sessions,
                              bool by_protocol, rac_error *err)
{
    const rac_protocol *protocol = v[0].c.protocol;
    const rac_course_rules *course = &protocol->course;
    const rac_instant start = v[0].c.session.started_at;
    const size_t most = chart->visits - 1, given = sessions < most ? sessions : most;
    rac_store_patient p = {.id = v[0].patient, .arm = arm_of(call, protocol, by_protocol), .given = given};
    bool switched = false;
    for (size_t k = 1; k < sessions; k++)
        switched = switched || strcmp(arm_of(call, v[k].c.protocol, by_protocol), p.arm) != 0;
    chart->switched += switched;
    chart->later_sessions += sessions - given;
    const size_t least = (size_t)course->infusions_min < most ? (size_t)course->infusions_min : most;
    p.complete = sessions >= least;
    p.reason = reason_of(&p, &v[given - 1].c.session);
    rac_score *scores;
    size_t count;
    rac_status status = rac_app_scores(call->app, call->arena, p.id, &scores, &count, err);
    if (status)
        return status;
    double *score = rac_many(call->arena, double, chart->visits),
           *day = rac_many(call->arena, double, chart->visits);
    chart->scores_unused += place_scores(scores, count, chart->scale, v, sessions, &p, score, day);
    p.score = score;
    p.day = day;
    const rac_facts *facts = &v[0].c.facts;
    p.age_years = number_before(facts, "age", start);
    p.failed_trials = number_before(facts, "failed_trials", start);
    const rac_fact *sex = latest(facts, "sex", start);
    p.sex = sex && sex->kind == RAC_FACT_WORD ? sex->word : NULL;
    const double weight = rac_decimal_double(v[0].c.session.weight_kg);
    p.weight_kg = weight > 0 ? weight : (double)NAN;
    rac_push(call->arena, chart->patient, chart->patients, chart->patient_capacity, p);
    for (size_t k = 0; k < given; k++)
        add_harms(call, chart, &v[k], k + 1);
    return RAC_OK;
}

/* ---- everybody ---- */

static rac_status choose_scale(rac_call *call, const visit *v, rac_store_chart *chart, rac_error *err)
{
    const char *asked = rac_call_value(call, "scale");
    return rac_scale_find(rac_text_of(asked ? asked : v->c.protocol->course.scale), &chart->scale, err);
}

/* Arms are compared over the sessions that every protocol's course has. */
static void count_protocols(const visit *v, size_t count, rac_store_chart *chart)
{
    for (size_t i = 0; i < count; i++) {
        const int most = v[i].c.protocol->course.infusions_max;
        if (!chart->visits || (size_t)most + 1 < chart->visits)
            chart->visits = (size_t)most + 1;
        size_t k = 0;
        while (k < i && v[k].c.protocol != v[i].c.protocol)
            k++;
        chart->protocols += k == i;
    }
    if (chart->visits > RAC_MIXED_VISITS_MAX - 1)
        chart->visits = RAC_MIXED_VISITS_MAX - 1;
}

rac_status rac_store_chart_gather(rac_call *call, rac_store_chart *chart, rac_error *err)
{
    const char *by = rac_call_value(call, "by");
    *chart = (rac_store_chart){0};
    if (!call->app) {
        rac_fail(err, RAC_NOT_FOUND, "no clinic is open");
        rac_error_hint(err, "name its file: --clinic FILE, or give a chart as CSV");
        return RAC_NOT_FOUND;
    }
    if (by && strcmp(by, "route") != 0 && strcmp(by, "protocol") != 0)
        return rac_fail(err, RAC_INVALID, "--by is '%.40s', allowed route or protocol", by);
    visit *v;
    size_t count, people;
    rac_store_subject *subjects;
    rac_status status = load_sessions(call, &v, &count, err);
    if (!status)
        status =
            rac_store_subjects(call->arena, rac_app_store(call->app), "patient/", &subjects, &people, err);
    if (status)
        return status;
    if (!count) {
        rac_fail(err, RAC_NOT_FOUND, "nobody in this clinic had an infusion yet");
        rac_error_hint(err, "a chart begins with the first session in which any drug was given");
        return RAC_NOT_FOUND;
    }
    if ((status = choose_scale(call, v, chart, err)))
        return status;
    count_protocols(v, count, chart);
    chart->without_infusion = people;
    for (size_t from = 0, to; from < count && !status; from = to) {
        for (to = from + 1; to < count && strcmp(v[to].patient, v[from].patient) == 0;)
            to++;
        chart->without_infusion--;
        const double course_ms = v[from].c.protocol->course.weeks_max * 7 * day_ms;
        const double since_ms = (double)(rac_app_now(call->app).ms - v[from].c.session.started_at.ms);
        if (since_ms < course_ms && !rac_call_flag(call, "everyone"))
            chart->too_recent++;
        else
            status = add_patient(call, chart, &v[from], to - from, by && strcmp(by, "protocol") == 0, err);
    }
    if (!status && !chart->patients) {
        rac_fail(err, RAC_NOT_FOUND, "nobody began long enough ago for a whole course");
        rac_error_hint(err, "--everyone takes the %zu who may still be in treatment", chart->too_recent);
        return RAC_NOT_FOUND;
    }
    return status;
}
