/* `racemate protocol simulate`: what happens to virtual patients under a protocol, or under two. */
#include <math.h>
#include <string.h>

#include "app/protocol_simulate.h"
#include "base/csv.h"

enum { PATIENTS_MAX = 100000 };

/* ---- what was asked ---- */

typedef struct rac_simulated_ask ask;

/* The file given as `argument`, or the one that comes with the program. */
static rac_status bytes_of(const rac_call *call, const char *argument, const char *folder, const char *usual,
                           rac_text *bytes, const char **name, rac_error *err)
{
    *bytes = rac_call_file(call, argument, name);
    if (bytes->data)
        return RAC_OK;
    *name = rac_format(call->arena, "%s/%s", folder, usual);
    return rac_app_read_data(call->arena, folder, usual, bytes, err);
}

static rac_status tell(rac_call *call, const char *file, const rac_problems *problems, rac_status status,
                       rac_reply *reply, rac_error *err)
{
    reply->text = rac_app_problems_text(call, problems);
    reply->json = json_pack("{s:o}", "problems", rac_app_problems_json(problems));
    return rac_fail(err, status, "%s has %zu problem%s", file, problems->count,
                    problems->count == 1 ? "" : "s");
}

static rac_status read_model(rac_call *call, ask *a, rac_reply *reply, rac_error *err)
{
    rac_problems problems = rac_problems_init(call->arena);
    rac_text bytes;
    const char *name;
    rac_status status = bytes_of(call, "model", "models", "racemic-arterial.yaml", &bytes, &name, err);
    if (status)
        return status;
    status = rac_model_read(call->arena, bytes, name, &a->model, &problems);
    return status ? tell(call, name, &problems, status, reply, err) : RAC_OK;
}

static rac_status read_patient(rac_call *call, ask *a, rac_reply *reply, rac_error *err)
{
    rac_problems problems = rac_problems_init(call->arena);
    rac_text bytes;
    const char *name;
    rac_status status = bytes_of(call, "patient", "patients", "virtual-adult.yaml", &bytes, &name, err);
    if (status)
        return status;
    status = rac_virtual_read(call->arena, bytes, name, &a->patient, &problems);
    return status ? tell(call, name, &problems, status, reply, err) : RAC_OK;
}

/* A protocol with its open places filled by the site's file, or by the demonstration's values. */
static rac_status read_arm(rac_call *call, ask *a, const char *argument, const char *site, rac_reply *reply,
                           rac_error *err)
{
    rac_simulated_arm *arm = &a->arm[a->arms++];
    rac_problems problems = rac_problems_init(call->arena);
    const rac_text bytes = rac_call_file(call, argument, &arm->file);
    rac_status status = rac_protocol_read(call->arena, bytes, arm->file, &arm->protocol, &problems);
    if (status)
        return tell(call, arm->file, &problems, status, reply, err);
    if (!rac_protocol_open_places(arm->protocol))
        return RAC_OK;
    rac_text values;
    const char *name;
    const rac_protocol *filled = NULL;
    if ((status = bytes_of(call, site, "protocols", "demo-site.yaml", &values, &name, err)))
        return status;
    arm->site = name;
    status = rac_protocol_fill(call->arena, arm->protocol, values, name, true, &filled, &problems);
    if (status)
        return tell(call, name, &problems, status, reply, err);
    arm->protocol = filled;
    a->demo |= filled->demo;
    return RAC_OK;
}

/* "course", or how many infusions at most; one session is the default. */
static rac_status read_sessions(const rac_call *call, ask *a, rac_error *err)
{
    enum { MOST = 100 };
    const char *sessions = rac_call_value(call, "sessions"), *every = rac_call_value(call, "every");
    a->course = sessions && strcmp(sessions, "course") == 0;
    int64_t infusions = 0;
    rac_status status = a->course ? RAC_OK : rac_call_whole(call, "sessions", 1, 1, MOST, &infusions, err);
    if (status) {
        rac_error_hint(err, "--sessions 4, or --sessions course for the protocol's own");
        return status;
    }
    if (infusions > 1) {
        a->course = true;
        a->infusions = (int)infusions;
    }
    if (!a->course && every)
        return rac_fail(err, RAC_INVALID, "--every is for a course: give --sessions course too");
    if (a->course && rac_call_value(call, "vary"))
        return rac_fail(err, RAC_INVALID, "--vary looks at one session: leave --sessions out");
    rac_duration span = {0};
    if (every && (status = rac_duration_parse(rac_text_of(every), &span, err)))
        return status;
    a->every_days = rac_duration_minutes(span) / (24 * 60);
    if (every && !(a->every_days > 0))
        return rac_fail(err, RAC_INVALID, "infusions cannot follow each other at once");
    return RAC_OK;
}

static rac_status gather(rac_call *call, ask *a, rac_reply *reply, rac_error *err)
{
    rac_status status;
    if ((status = rac_call_whole(call, "n", 1000, 1, PATIENTS_MAX, &a->patients, err)) ||
        (status = rac_call_whole(call, "seed", 1, 1, INT64_MAX, &a->seed, err)) ||
        (status = rac_call_whole(call, "threads", 1, 1, RAC_SIMULATED_THREADS, &a->threads, err)) ||
        (status = read_sessions(call, a, err)) ||
        (rac_call_value(call, "vary") && (status = rac_call_whole(call, "vary", 10, 1, 50, &a->vary, err))) ||
        (status = read_model(call, a, reply, err)) || (status = read_patient(call, a, reply, err)) ||
        (status = read_arm(call, a, "file", "site", reply, err)))
        return status;
    const bool other = rac_call_value(call, "other"), other_site = rac_call_value(call, "other-site");
    if ((other || other_site) && (status = read_arm(call, a, other ? "other" : "file",
                                                    other_site ? "other-site" : "site", reply, err)))
        return status;
    for (size_t i = 0; !status && i < a->arms; i++)
        status =
            rac_virtual_open(call->arena, &a->patient, a->arm[i].protocol, a->model, &a->arm[i].clinic, err);
    return status;
}

/* ---- patients ---- */

static rac_status treat_one(void *context, size_t patient, const rac_simulated_run *run, rac_arena *kept,
                            rac_error *err)
{
    rac_simulated_arm *arm = context;
    rac_arena *arena = rac_arena_new();
    double reading_dbp[RAC_SIMULATED_MINUTES];
    const size_t at = patient * RAC_SIMULATED_MINUTES;
    rac_virtual_curves curves = {.minutes = RAC_SIMULATED_MINUTES, .reading_dbp = reading_dbp};
    const bool wanted = patient < arm->curves;
    if (wanted) {
        curves.concentration = arm->driver + at;
        curves.sbp = arm->sbp + at;
        curves.reading_sbp = arm->reading_sbp + at;
        curves.state = arm->state + at;
    }
    rac_virtual_outcome *outcome = &arm->outcomes[patient];
    const rac_status status = rac_virtual_session(arena, &arm->clinic, run->seed, patient, outcome,
                                                  wanted ? &curves : NULL, NULL, err);
    if (!status)
        rac_simulated_keep(kept, outcome);
    rac_arena_free(arena);
    return status;
}

static void keep_all(void *context, const rac_simulated_run *run, rac_arena *arena)
{
    rac_simulated_arm *arm = context;
    for (size_t i = 0; i < run->patients; i++)
        rac_simulated_keep(arena, &arm->outcomes[i]);
}

rac_status rac_simulated_treat(rac_call *call, rac_simulated_arm *arm, rac_simulated_run *run, rac_error *err)
{
    static const rac_simulated_work work = {treat_one, keep_all, "virtual sessions", 0};
    return rac_simulated_each(call, &work, arm, run, err);
}

static void make_room(rac_call *call, rac_simulated_arm *arm, size_t patients)
{
    arm->outcomes = rac_many(call->arena, rac_virtual_outcome, patients);
    if (!rac_call_value(call, "plot"))
        return;
    arm->curves = patients < RAC_SIMULATED_CURVES ? patients : RAC_SIMULATED_CURVES;
    const size_t points = arm->curves * RAC_SIMULATED_MINUTES;
    arm->sbp = rac_many(call->arena, double, points);
    arm->driver = rac_many(call->arena, double, points);
    arm->reading_sbp = rac_many(call->arena, double, points);
    arm->state = rac_many(call->arena, unsigned char, points);
}

static rac_status treat(rac_call *call, ask *a, rac_simulated_run *run, rac_error *err)
{
    rac_status status = RAC_OK;
    for (size_t i = 0; i < a->arms && !status; i++) {
        rac_simulated_arm *arm = &a->arm[i];
        make_room(call, arm, run->patients);
        if (!(status = rac_simulated_treat(call, arm, run, err)))
            status = rac_virtual_summarise(call->arena, arm->outcomes, run->patients, &arm->figures,
                                           &arm->figure_count, err);
    }
    return status;
}

/* ---- words ---- */

static const char *const not_real =
    "These are virtual patients. The clinic around them is real code (plan, start list, readings, alarms, "
    "discharge); their\nbodies are the numbers below. Symptoms, sedation and scores are not simulated, so "
    "neither are holds for them, nor the\ncourse. It compares rules; it predicts no patient and decides "
    "nothing.\n";

static const char *head_text(rac_arena *arena, const ask *a)
{
    const char *first = rac_format(arena, "%lld virtual patients, one session each, seed %lld\n",
                                   (long long)a->patients, (long long)a->seed);
    return rac_format(arena, "%s%s\n%s\n", first, rac_simulated_head(arena, a, NULL), not_real);
}

static rac_status write_rows(rac_call *call, const ask *a, rac_error *err)
{
    static const char *const heading[] = {
        "protocol",     "patient",       "end",        "why",       "weight_kg",   "baseline_sbp",
        "baseline_dbp", "baseline_hr",   "planned_mg", "given_mg",  "holds",       "holds_for_pressure",
        "held_min",     "stopped_early", "drug_min",   "ready_min", "alarms_high", "alarms_medium",
        "alarms_low",   "rise_sbp",      "rise_dbp",   "rise_hr",   "peak_sbp",    "peak_dbp"};
    static const char *const ends[] = {"discharged", "no-plan", "not-started", "still-here"};
    rac_csv_writer w = rac_csv_writer_open(call->arena, ',');
    for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
        rac_csv_write_string(&w, heading[i]);
    rac_csv_end_row(&w);
    for (size_t i = 0; i < a->arms; i++)
        for (size_t p = 0; p < (size_t)a->patients; p++) {
            const rac_virtual_outcome *o = &a->arm[i].outcomes[p];
            rac_csv_write_string(&w, a->arm[i].protocol->id);
            rac_csv_write_integer(&w, (int64_t)p);
            rac_csv_write_string(&w, ends[o->end]);
            rac_csv_write_string(&w, o->why);
            const double numbers[] = {o->weight_kg,
                                      o->baseline[0],
                                      o->baseline[1],
                                      o->baseline[2],
                                      o->planned_mg,
                                      o->given_mg,
                                      o->holds,
                                      o->holds_for_pressure,
                                      o->held_min,
                                      o->stopped_early,
                                      o->drug_min,
                                      o->ready_min,
                                      o->announced[RAC_PRIORITY_HIGH],
                                      o->announced[RAC_PRIORITY_MEDIUM],
                                      o->announced[RAC_PRIORITY_LOW],
                                      o->peak_rise[0],
                                      o->peak_rise[1],
                                      o->peak_rise[2],
                                      o->peak[0],
                                      o->peak[1]};
            for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
                if (isnan(numbers[k]))
                    rac_csv_write_string(&w, NULL);
                else
                    rac_csv_write_number(&w, numbers[k]);
            rac_csv_end_row(&w);
        }
    rac_text text;
    const rac_status status = rac_csv_written(&w, &text, err);
    return status ? status : rac_call_write(call, "out", text.data, text.size, err);
}

/* ---- the use case ---- */

static rac_status answer(rac_call *call, const ask *a, const char *varied, json_t *varied_list,
                         rac_reply *reply, rac_error *err)
{
    rac_arena *arena = call->arena;
    rac_virtual_figure *difference = NULL;
    size_t count = 0;
    if (a->arms == 2) {
        const rac_status status = rac_virtual_compare(arena, a->arm[0].outcomes, a->arm[1].outcomes,
                                                      (size_t)a->patients, &difference, &count, err);
        if (status)
            return status;
    }
    json_t *arms = json_array(), *notes = json_array();
    const char *reasons = "";
    for (size_t i = 0; i < a->arms; i++) {
        json_t *list = json_array();
        const char *title = a->arms == 1 ? "" : i ? "B, " : "A, ";
        reasons =
            rac_format(arena, "%s%s", reasons,
                       rac_simulated_reasons(arena, title, a->arm[i].outcomes, (size_t)a->patients, list));
        json_array_append_new(arms,
                              json_pack("{s:s, s:s, s:s*, s:o, s:o}", "protocol", a->arm[i].protocol->id,
                                        "file", a->arm[i].file, "site", a->arm[i].site, "figures",
                                        rac_simulated_figures_json(a->arm[i].figures, a->arm[i].figure_count),
                                        "not_treated", list));
    }
    const rac_virtual_figure *figures[RAC_SIMULATED_ARMS];
    for (size_t i = 0; i < a->arms; i++)
        figures[i] = a->arm[i].figures;
    const char *text =
        rac_format(arena, "%s%s%s\n%s", head_text(arena, a),
                   rac_simulated_figures_text(arena, figures, a->arms, a->arm[0].figure_count, difference),
                   "\nmean \xC2\xB1 Monte Carlo standard error; shares are of those started, "
                   "except the first two\n",
                   reasons);
    text = rac_format(arena, "%s%s%s\nWhat this is not\n", text, varied,
                      rac_simulated_numbers(arena, &a->patient, false));
    for (size_t i = 0; i < a->patient.note_count; i++) {
        text = rac_format(arena, "%s  %s\n", text, a->patient.notes[i]);
        json_array_append_new(notes, json_string(a->patient.notes[i]));
    }
    reply->text = text;
    reply->json =
        json_pack("{s:I, s:I, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "patients", (json_int_t)a->patients,
                  "seed", (json_int_t)a->seed, "model", rac_model_describe(a->model)->name, "patient",
                  a->patient.name, "demonstration_values", a->demo, "arms", arms, "difference",
                  rac_simulated_figures_json(difference, count), "varied", varied_list, "numbers",
                  rac_simulated_numbers_json(&a->patient, false), "notes", notes);
    return RAC_OK;
}

RAC_DO(rac_do_protocol_simulate)
{
    ask a = {0};
    rac_status status = gather(call, &a, reply, err);
    if (status)
        return status;
    if (a.course)
        return rac_simulated_course(call, &a, reply, err);
    rac_simulated_run run = {
        .patients = (size_t)a.patients, .threads = (size_t)a.threads, .seed = (uint64_t)a.seed};
    run.total = (double)(a.arms * run.patients);
    if (a.vary > 0)
        run.total += (double)rac_simulated_vary_sessions(&a.patient, (double)a.vary, run.patients);
    const char *varied = "";
    json_t *list = json_array();
    if ((status = treat(call, &a, &run, err)) ||
        (a.vary > 0 &&
         (status = rac_simulated_vary(call, &a.arm[0], (double)a.vary, &run, &varied, &list, err))) ||
        (status = answer(call, &a, varied, list, reply, err)))
        json_decref(list);
    if (!status && rac_call_value(call, "out"))
        status = write_rows(call, &a, err);
    if (!status && rac_call_value(call, "plot")) {
        rac_text svg;
        status = rac_simulated_plot(call->arena, a.arm, a.arms, &svg, err);
        if (!status)
            status = rac_call_write(call, "plot", svg.data, svg.size, err);
    }
    return status;
}
