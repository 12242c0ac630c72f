/* `racemate protocol simulate`: what happens to virtual patients under a protocol, or under two. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "app/protocol_simulate.h"
#include "base/csv.h"

enum { PATIENTS_MAX = 100000, THREADS_MAX = 64, BATCH = 512, ARMS_MAX = 2 };

/* ---- what was asked ---- */

typedef struct ask {
    int64_t patients, seed, threads, vary;
    rac_virtual_patient patient;
    rac_model *model;
    bool demo; /* the site's values are the demonstration's */
    size_t arms;
    rac_simulated_arm arm[ARMS_MAX];
} ask;

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

static rac_status gather(rac_call *call, ask *a, rac_reply *reply, rac_error *err)
{
    rac_status status;
    if ((status = rac_call_whole(call, "n", 1000, 1, PATIENTS_MAX, &a->patients, err)) ||
        (status = rac_call_whole(call, "seed", 1, 1, INT64_MAX, &a->seed, err)) ||
        (status = rac_call_whole(call, "threads", 1, 1, THREADS_MAX, &a->threads, err)) ||
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

/* ---- patients, some at a time ---- */

typedef struct worker {
    rac_simulated_arm *arm;
    uint64_t seed;
    rac_arena *kept; /* words of outcomes */
    size_t first, end;
    pthread_t thread;
    rac_status status;
    rac_error err;
} worker;

static void *work(void *context)
{
    worker *w = context;
    for (size_t i = w->first; i < w->end && !w->status; i++) {
        rac_arena *arena = rac_arena_new();
        double reading_dbp[RAC_SIMULATED_MINUTES];
        const size_t at = i * RAC_SIMULATED_MINUTES;
        rac_virtual_curves curves = {.minutes = RAC_SIMULATED_MINUTES, .reading_dbp = reading_dbp};
        const bool wanted = i < w->arm->curves;
        if (wanted) {
            curves.concentration = w->arm->driver + at;
            curves.sbp = w->arm->sbp + at;
            curves.reading_sbp = w->arm->reading_sbp + at;
            curves.state = w->arm->state + at;
        }
        rac_virtual_outcome *outcome = &w->arm->outcomes[i];
        w->status = rac_virtual_session(arena, &w->arm->clinic, w->seed, i, outcome, wanted ? &curves : NULL,
                                        NULL, &w->err);
        if (!w->status && outcome->why) {
            outcome->why = rac_string_copy(w->kept, outcome->why);
            outcome->reason = rac_string_copy(w->kept, outcome->reason);
        }
        rac_arena_free(arena);
    }
    return NULL;
}

/* One batch, divided among the workers; what cannot get a thread is done here. */
static rac_status do_batch(worker *workers, size_t count, size_t first, size_t patients, rac_error *err)
{
    bool running[THREADS_MAX];
    for (size_t i = 0; i < count; i++) {
        workers[i].first = first + patients * i / count;
        workers[i].end = first + patients * (i + 1) / count;
        running[i] = i + 1 < count && !pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        if (!running[i])
            work(&workers[i]);
    }
    rac_status status = RAC_OK;
    for (size_t i = 0; i < count; i++) {
        if (running[i])
            pthread_join(workers[i].thread, NULL);
        if (workers[i].status && !status) {
            status = workers[i].status;
            if (err)
                *err = workers[i].err;
        }
    }
    return status;
}

rac_status rac_simulated_treat(rac_call *call, rac_simulated_arm *arm, rac_simulated_run *run, rac_error *err)
{
    worker *workers = rac_many(call->arena, worker, run->threads);
    rac_status status = RAC_OK;
    for (size_t w = 0; w < run->threads; w++)
        workers[w] = (worker){.arm = arm, .seed = run->seed, .kept = rac_arena_new()};
    for (size_t first = 0; first < run->patients && !status; first += BATCH) {
        const size_t some = run->patients - first < BATCH ? run->patients - first : BATCH;
        status = do_batch(workers, run->threads, first, some, err);
        run->done += (double)some;
        rac_call_progress(call, run->done, run->total, "virtual sessions");
    }
    for (size_t i = 0; i < run->patients && !status; i++)
        if (arm->outcomes[i].why) {
            arm->outcomes[i].why = rac_string_copy(call->arena, arm->outcomes[i].why);
            arm->outcomes[i].reason = rac_string_copy(call->arena, arm->outcomes[i].reason);
        }
    for (size_t w = 0; w < run->threads; w++)
        rac_arena_free(workers[w].kept);
    return status;
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

static int digits_of(const rac_virtual_figure *f)
{
    return strcmp(f->unit, "mg/kg") == 0 ? 3 : strcmp(f->unit, "%") == 0 || f->unit[0] ? 1 : 2;
}

/* "37.9 +- 0.2", "-" when nobody has it. */
static const char *shown(rac_arena *arena, const rac_virtual_figure *f)
{
    const int digits = digits_of(f);
    if (isnan(f->value))
        return "-";
    /* None of n: with 95 % confidence fewer than 3 in n (Hanley and Lippman-Hand 1983,
     * doi:10.1001/jama.1983.03330370053031). */
    if (f->share && f->value <= 0)
        return rac_format(arena, "0 (below %.*f)", digits, 300 / (double)f->patients);
    const double value = fabs(f->value) < 0.5 * pow(10, -digits) ? 0 : f->value; /* no minus before 0.0 */
    return isnan(f->error) ? rac_format(arena, "%.*f", digits, value)
                           : rac_format(arena, "%.*f \xC2\xB1 %.*f", digits, value, digits + 1, f->error);
}

static const char *spread(rac_arena *arena, const rac_virtual_figure *f)
{
    return isnan(f->low) ? ""
                         : rac_format(arena, "%.*f to %.*f", digits_of(f), f->low, digits_of(f), f->high);
}

/* Pads by letters, not bytes: the plus-minus has two. */
static const char *padded(rac_arena *arena, const char *text, int width)
{
    int letters = 0;
    for (const char *c = text; *c; c++)
        letters += ((unsigned char)*c & 0xC0) != 0x80;
    return rac_format(arena, "%s%*s", text, width > letters ? width - letters : 0, "");
}

static const char *figures_text(rac_arena *arena, const ask *a, const rac_virtual_figure *difference)
{
    enum { NAME = 40, VALUE = 16, SPREAD = 16 };
    const char *text =
        rac_format(arena, "%-*s%-*s%-*s", NAME, "", VALUE, a->arms > 1 ? "A" : "mean", SPREAD, "5 to 95 %");
    if (difference)
        text = rac_format(arena, "%s%-*s%-*s%s", text, VALUE, "B", SPREAD, "5 to 95 %", "B - A, paired");
    text = rac_format(arena, "%s\n", text);
    for (size_t i = 0; i < a->arm[0].figure_count; i++) {
        const rac_virtual_figure *f = &a->arm[0].figures[i];
        const char *name = f->unit[0] ? rac_format(arena, "%s, %s", f->name, f->unit) : f->name;
        const char *line = padded(arena, name, NAME);
        for (size_t k = 0; k < a->arms; k++)
            line =
                rac_format(arena, "%s%s%s", line, padded(arena, shown(arena, &a->arm[k].figures[i]), VALUE),
                           padded(arena, spread(arena, &a->arm[k].figures[i]), SPREAD));
        if (difference)
            line = rac_format(arena, "%s%s", line, shown(arena, &difference[i]));
        text = rac_format(arena, "%s%.*s\n", text, RAC_TEXT(rac_text_trim(rac_text_of(line))));
    }
    return text;
}

/* "pressure 59 (Baseline pressure 160/90 or below: ...)": each reason once, with how many and one example. */
static const char *reasons_text(rac_arena *arena, const char *title, const rac_simulated_arm *arm,
                                size_t patients, json_t *list)
{
    const char *text = "";
    for (size_t i = 0; i < patients; i++) {
        const rac_virtual_outcome *o = &arm->outcomes[i];
        size_t same = 0;
        bool first = o->why != NULL;
        for (size_t j = 0; j < i && first; j++)
            first = !arm->outcomes[j].why || strcmp(arm->outcomes[j].why, o->why) != 0;
        if (!first)
            continue;
        for (size_t j = i; j < patients; j++)
            same += arm->outcomes[j].why && strcmp(arm->outcomes[j].why, o->why) == 0;
        text = rac_format(arena, "%s%s%s: %zu by '%s', for example: %s\n", text, title,
                          o->end == RAC_VIRTUAL_NO_PLAN ? "no plan" : "sent home", same, o->why, o->reason);
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:s}", "by", o->why, "patients", (int)same, "example", o->reason));
    }
    return text;
}

static const char *value_text(rac_arena *arena, const rac_virtual_number *n)
{
    return strcmp(n->unit, "1") == 0   ? rac_format(arena, "%g", n->value)
           : strcmp(n->unit, "%") == 0 ? rac_format(arena, "%g %%", n->value)
                                       : rac_format(arena, "%g %s", n->value, n->unit);
}

static const char *numbers_text(rac_arena *arena, const rac_virtual_patient *patient, bool assumed)
{
    const char *text = assumed ? "\nAssumptions, none of them published\n" : "\nPublished numbers used\n";
    for (int i = 0; i < RAC_VIRTUAL_NUMBERS; i++) {
        const rac_virtual_number *n = &patient->number[i];
        if ((n->assumption != NULL) != assumed)
            continue;
        text = rac_format(arena, "%s  %-26s %-12s %s\n", text, n->name, value_text(arena, n),
                          assumed ? n->assumption : n->source);
        if (n->note)
            text = rac_format(arena, "%s%41s %s\n", text, "", n->note);
    }
    return text;
}

static const char *const not_real =
    "These are virtual patients. The clinic around them is real code (plan, start list, readings, alarms, "
    "discharge); their\nbodies are the numbers below. Symptoms, sedation and scores are not simulated, so "
    "neither are holds for them, nor the\ncourse. It compares rules; it predicts no patient and decides "
    "nothing.\n";

static const char *head_text(rac_arena *arena, const ask *a)
{
    const char *text = rac_format(arena, "%lld virtual patients, one session each, seed %lld\n",
                                  (long long)a->patients, (long long)a->seed);
    for (size_t i = 0; i < a->arms; i++)
        text = rac_format(arena, "%s  %s %s: %s mg/kg over %g min%s%s\n", text,
                          a->arms == 1 ? "protocol"
                          : i          ? "B"
                                       : "A",
                          a->arm[i].file,
                          rac_decimal_format_exact(arena, a->arm[i].protocol->dose.amount_mg_per_kg),
                          a->arm[i].protocol->dose.duration_min, a->arm[i].site ? ", open places from " : "",
                          a->arm[i].site ? a->arm[i].site : "");
    const rac_model_about *about = rac_model_describe(a->model);
    text = rac_format(arena, "%s  model %s (%s), patients %s\n", text, about->name, about->sampling,
                      a->patient.title);
    if (a->demo)
        text = rac_format(arena,
                          "%s  open places of the protocol hold the demonstration's values: nobody's "
                          "recommendation (--site FILE for yours)\n",
                          text);
    return rac_format(arena, "%s\n%s\n", text, not_real);
}

/* ---- for programs ---- */

static json_t *real_or_null(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *figures_json(const rac_virtual_figure *figures, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const rac_virtual_figure *f = &figures[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "key", f->key,
                                              "name", f->name, "unit", f->unit, "patients",
                                              (json_int_t)f->patients, "value", real_or_null(f->value),
                                              "monte_carlo_error", real_or_null(f->error), "p05",
                                              real_or_null(f->low), "p95", real_or_null(f->high)));
    }
    return list;
}

static json_t *numbers_json(const rac_virtual_patient *patient)
{
    json_t *list = json_array();
    for (int i = 0; i < RAC_VIRTUAL_NUMBERS; i++) {
        const rac_virtual_number *n = &patient->number[i];
        json_array_append_new(list, json_pack("{s:s, s:f, s:s, s:s*, s:s*, s:s*}", "name", n->name, "value",
                                              n->value, "unit", n->unit, "source", n->source, "assumption",
                                              n->assumption, "note", n->note));
    }
    return list;
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
        reasons = rac_format(arena, "%s%s", reasons,
                             reasons_text(arena, title, &a->arm[i], (size_t)a->patients, list));
        json_array_append_new(
            arms, json_pack("{s:s, s:s, s:s*, s:o, s:o}", "protocol", a->arm[i].protocol->id, "file",
                            a->arm[i].file, "site", a->arm[i].site, "figures",
                            figures_json(a->arm[i].figures, a->arm[i].figure_count), "not_treated", list));
    }
    const char *text =
        rac_format(arena, "%s%s%s\n%s", head_text(arena, a), figures_text(arena, a, difference),
                   "\nmean \xC2\xB1 Monte Carlo standard error; shares are of those started, "
                   "except the first two\n",
                   reasons);
    text = rac_format(arena, "%s%s%s%s\nWhat this is not\n", text, varied,
                      numbers_text(arena, &a->patient, false), numbers_text(arena, &a->patient, true));
    for (size_t i = 0; i < a->patient.note_count; i++) {
        text = rac_format(arena, "%s  %s\n", text, a->patient.notes[i]);
        json_array_append_new(notes, json_string(a->patient.notes[i]));
    }
    reply->text = text;
    reply->json = json_pack(
        "{s:I, s:I, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "patients", (json_int_t)a->patients, "seed",
        (json_int_t)a->seed, "model", rac_model_describe(a->model)->name, "patient", a->patient.name,
        "demonstration_values", a->demo, "arms", arms, "difference", figures_json(difference, count),
        "varied", varied_list, "numbers", numbers_json(&a->patient), "notes", notes);
    return RAC_OK;
}

RAC_DO(rac_do_protocol_simulate)
{
    ask a = {0};
    rac_status status = gather(call, &a, reply, err);
    if (status)
        return status;
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
