/* `racemate protocol simulate --sessions course`: the courses of virtual patients under a protocol, or under
 * two. */
#include "app/protocol_course.h"

#include <math.h>
#include <string.h>

#include "base/csv.h"

/* About 500 bytes each. */
enum { APPOINTMENTS_MAX = 1000000, BATCH = 64 };

const rac_virtual_figure *rac_simulated_figure(const rac_simulated_figures *figures, const char *key)
{
    size_t i = 0;
    while (strcmp(figures->items[i].key, key) != 0)
        i++;
    return &figures->items[i];
}

/* ---- patients ---- */

static void keep(rac_arena *arena, rac_virtual_course *course)
{
    for (size_t i = 0; i < course->visit_count; i++) {
        rac_virtual_visited *visit = &course->visits[i];
        rac_simulated_keep(arena, &visit->session);
        if (visit->step_refused)
            visit->step_refused = rac_string_copy(arena, visit->step_refused);
    }
}

static rac_status treat_one(void *context, size_t patient, const rac_simulated_run *run, rac_arena *kept,
                            rac_error *err)
{
    rac_simulated_courses *arm = context;
    rac_virtual_course *course = &arm->courses[patient];
    rac_arena *arena = rac_arena_new();
    const rac_status status =
        rac_virtual_course_run(arena, &arm->arm->clinic, &arm->schedule, run->seed, patient, course, err);
    if (!status)
        keep(kept, course);
    course->scores = NULL; /* they and the records go with the arena */
    for (size_t i = 0; i < course->visit_count; i++)
        course->visits[i].events = NULL;
    rac_arena_free(arena);
    return status;
}

static void keep_all(void *context, const rac_simulated_run *run, rac_arena *arena)
{
    rac_simulated_courses *arm = context;
    for (size_t i = 0; i < run->patients; i++)
        keep(arena, &arm->courses[i]);
}

/* ---- figures ---- */

static rac_status summarise(rac_arena *arena, rac_simulated_courses *arm, rac_error *err)
{
    rac_status status = rac_virtual_courses_summarise(arena, arm->courses, arm->patients, &arm->whole.items,
                                                      &arm->whole.count, err);
    arm->infusions = rac_many(arena, rac_simulated_figures, (size_t)arm->schedule.infusions);
    for (int n = 1; n <= arm->schedule.infusions && !status; n++) {
        rac_simulated_figures *figures = &arm->infusions[n - 1];
        status = rac_virtual_infusions_summarise(arena, arm->courses, arm->patients, n, &figures->items,
                                                 &figures->count, err);
    }
    return status;
}

static rac_status compare(rac_arena *arena, const rac_simulated_courses *arms, rac_simulated_difference *d,
                          rac_error *err)
{
    const int a = arms[0].schedule.infusions, b = arms[1].schedule.infusions;
    d->infusion_count = a < b ? a : b;
    d->infusions = rac_many(arena, rac_simulated_figures, (size_t)d->infusion_count);
    rac_status status = RAC_OK;
    for (int n = 0; n <= d->infusion_count && !status; n++) {
        rac_simulated_figures *figures = n ? &d->infusions[n - 1] : &d->whole;
        status = rac_virtual_courses_compare(arena, arms[0].courses, arms[1].courses, arms[0].patients, n,
                                             &figures->items, &figures->count, err);
    }
    return status;
}

/* ---- one row an appointment ---- */

static void write_number(rac_csv_writer *w, double number)
{
    if (isnan(number))
        rac_csv_write_string(w, NULL);
    else
        rac_csv_write_number(w, number);
}

static void write_visit(rac_csv_writer *w, const rac_virtual_visited *v)
{
    static const char *const ends[] = {"discharged", "no-plan", "not-started", "still-here"};
    const rac_virtual_outcome *o = &v->session;
    const double after = v->asked ? 1 : NAN; /* times it: a number only where the scale was asked */
    const double numbers[] = {v->day,
                              v->infusion,
                              v->score,
                              v->dose_mg_per_kg,
                              o->planned_mg,
                              o->given_mg,
                              o->holds,
                              o->holds_for_pressure,
                              o->held_min,
                              o->stopped_early,
                              o->drug_min,
                              o->ready_min,
                              o->baseline[0],
                              o->baseline[1],
                              o->baseline[2],
                              o->peak[0],
                              o->peak[1],
                              o->peak_rise[0],
                              o->peak_rise[1],
                              v->driver_before,
                              v->driver_peak,
                              v->metabolite_before,
                              after * v->score_after,
                              v->improvement,
                              after * v->response,
                              after * v->remission};
    rac_csv_write_string(w, ends[o->end]);
    rac_csv_write_string(w, o->why);
    rac_csv_write_string(w, rac_dose_move_name(v->move));
    rac_csv_write_string(w, v->step_refused);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        write_number(w, numbers[i]);
}

rac_status rac_simulated_courses_rows(rac_call *call, const rac_simulated_courses *arms, size_t count,
                                      rac_error *err)
{
    static const char *const heading[] = {"protocol",
                                          "patient",
                                          "course_end",
                                          "weight_kg",
                                          "visit",
                                          "end",
                                          "why",
                                          "move",
                                          "step_refused",
                                          "day",
                                          "infusion",
                                          "score",
                                          "dose_mg_per_kg",
                                          "planned_mg",
                                          "given_mg",
                                          "holds",
                                          "holds_for_pressure",
                                          "held_min",
                                          "stopped_early",
                                          "drug_min",
                                          "ready_min",
                                          "baseline_sbp",
                                          "baseline_dbp",
                                          "baseline_hr",
                                          "peak_sbp",
                                          "peak_dbp",
                                          "rise_sbp",
                                          "rise_dbp",
                                          "level_before",
                                          "level_highest",
                                          "norketamine_before",
                                          "score_after",
                                          "improvement_percent",
                                          "response",
                                          "remission"};
    static const char *const ends[] = {"completed", "left", "out-of-weeks", "no-plan", "still-here"};
    rac_csv_writer w = rac_csv_writer_open(call->arena, ',');
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        rac_csv_write_string(&w, heading[i]);
    rac_csv_end_row(&w);
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < arms[i].patients; p++)
            for (size_t k = 0; k < arms[i].courses[p].visit_count; k++) {
                const rac_virtual_course *course = &arms[i].courses[p];
                rac_csv_write_string(&w, arms[i].arm->protocol->id);
                rac_csv_write_integer(&w, (int64_t)p);
                rac_csv_write_string(&w, ends[course->end]);
                rac_csv_write_number(&w, course->visits[k].session.weight_kg);
                rac_csv_write_integer(&w, (int64_t)k + 1);
                write_visit(&w, &course->visits[k]);
                rac_csv_end_row(&w);
            }
    rac_text text;
    const rac_status status = rac_csv_written(&w, &text, err);
    return status ? status : rac_call_write(call, "out", text.data, text.size, err);
}

/* ---- the use case ---- */

static rac_status open_arm(rac_call *call, const rac_simulated_ask *ask, size_t i, rac_simulated_courses *arm,
                           rac_error *err)
{
    const size_t patients = (size_t)ask->patients;
    *arm = (rac_simulated_courses){.arm = &ask->arm[i], .patients = patients};
    const rac_status status =
        rac_virtual_schedule_of(&ask->arm[i].clinic, ask->every_days, ask->infusions, &arm->schedule, err);
    if (status)
        return status;
    if (patients > APPOINTMENTS_MAX / arm->schedule.visits)
        return rac_fail(err, RAC_LIMIT, "%zu patients with %zu appointments each are more than %d", patients,
                        arm->schedule.visits, APPOINTMENTS_MAX);
    arm->courses = rac_many(call->arena, rac_virtual_course, patients);
    rac_virtual_visited *visits = rac_many(call->arena, rac_virtual_visited, patients * arm->schedule.visits);
    for (size_t p = 0; p < patients; p++)
        arm->courses[p].visits = visits + p * arm->schedule.visits;
    return RAC_OK;
}

rac_status rac_simulated_course(rac_call *call, rac_simulated_ask *ask, rac_reply *reply, rac_error *err)
{
    static const rac_simulated_work work = {treat_one, keep_all, "virtual courses", BATCH};
    rac_simulated_courses arms[RAC_SIMULATED_ARMS];
    rac_simulated_difference difference = {0};
    rac_simulated_run run = {.patients = (size_t)ask->patients,
                             .threads = (size_t)ask->threads,
                             .seed = (uint64_t)ask->seed,
                             .total = (double)ask->patients * (double)ask->arms};
    rac_status status = RAC_OK;
    for (size_t i = 0; i < ask->arms && !status; i++)
        status = open_arm(call, ask, i, &arms[i], err);
    for (size_t i = 0; i < ask->arms && !status; i++) {
        status = rac_simulated_each(call, &work, &arms[i], &run, err);
        if (!status)
            status = summarise(call->arena, &arms[i], err);
    }
    if (!status && ask->arms == 2)
        status = compare(call->arena, arms, &difference, err);
    if (!status)
        status =
            rac_simulated_courses_answer(call, ask, arms, ask->arms == 2 ? &difference : NULL, reply, err);
    if (!status && rac_call_value(call, "out"))
        status = rac_simulated_courses_rows(call, arms, ask->arms, err);
    if (!status && rac_call_value(call, "plot")) {
        rac_text svg;
        status = rac_simulated_courses_plot(call->arena, arms, ask->arms, &svg, err);
        if (!status)
            status = rac_call_write(call, "plot", svg.data, svg.size, err);
    }
    return status;
}
