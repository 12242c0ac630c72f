/* What the courses of virtual patients came to, for people and for programs. */
#include <math.h>
#include <string.h>

#include "app/protocol_course.h"
#include "racemate/stats/proportions.h"

/* ---- the head ---- */

static const char *const not_real =
    "These are virtual patients. The clinic around them is real code (plan, start list, readings, alarms, "
    "discharge, "
    "course,\ndose steps); their bodies and scores are the numbers below. The virtual prescriber orders what "
    "the "
    "protocol's steps\npropose, and the dose before where no plan can be made of it.\n"
    "Benefit of a dose: CANNOT SAY. No dose moves the score here: a stepped-up dose changes levels, pressure "
    "and "
    "holds, never\nresponse or remission, and a step that follows a low score is followed by what would have "
    "come "
    "anyway.\nIt compares rules; it predicts no patient and decides nothing.\n";

static const char *steps_text(rac_arena *arena, const rac_protocol *protocol)
{
    const rac_dose_steps *steps = &protocol->course.dose_steps;
    if (!steps->by_mg_per_kg.millionths)
        return "no dose steps";
    return rac_format(arena, "dose steps of %s between %s and %s mg/kg",
                      rac_decimal_format_exact(arena, steps->by_mg_per_kg),
                      rac_decimal_format_exact(arena, steps->least_mg_per_kg),
                      rac_decimal_format_exact(arena, steps->most_mg_per_kg));
}

static const char *head_text(rac_arena *arena, const rac_simulated_ask *ask,
                             const rac_simulated_courses *arms)
{
    const char *more[RAC_SIMULATED_ARMS];
    for (size_t i = 0; i < ask->arms; i++) {
        const rac_virtual_schedule *when = &arms[i].schedule;
        const char *count =
            when->least < when->infusions
                ? rac_format(arena, "%d to %d infusions", when->least, when->infusions)
                : rac_format(arena, "%d infusion%s", when->infusions, when->infusions > 1 ? "s" : "");
        more[i] = rac_format(arena, "\n    %s, every %g days, at most %zu appointments; %s; asked: %s", count,
                             when->every_days, when->visits, steps_text(arena, arms[i].arm->protocol),
                             when->scale->id);
    }
    return rac_format(arena, "%lld virtual patients, one course each, seed %lld\n%s\n%s\n",
                      (long long)ask->patients, (long long)ask->seed, rac_simulated_head(arena, ask, more),
                      not_real);
}

/* ---- by infusion ---- */

enum { SIGNIFICANT = -2 }; /* two significant digits instead of digits after the point */

/* What is shown of each infusion, and whether its interval is. */
static const struct {
    const char *key;
    int digits;
    bool interval;
} shown_rows[] = {
    {"treated", 1, false},
    {"held", 1, false},
    {"stopped_early", 1, false},
    {"stepped_up", 1, false},
    {"stepped_down", 1, false},
    {"dose_mg_per_kg", 3, false},
    {"given_mg", 1, false},
    {"driver_highest", 3, false},
    {"driver_before", SIGNIFICANT, false},
    {"metabolite_before", SIGNIFICANT, false},
    {"rise_sbp", 1, false},
    {"improvement", 1, false},
    {"response_of_asked", 1, true},
    {"remission_of_asked", 1, true},
    {"response", 1, true},
    {"remission", 1, true},
};
enum { SHOWN = sizeof shown_rows / sizeof *shown_rows, NAME_WIDTH = 34, CELL_WIDTH = 11 };

/* No minus before 0.0. */
static double without_sign(double value, int digits)
{
    return fabs(value) < 0.5 * pow(10, -digits) ? 0 : value;
}

static const char *cell(rac_arena *arena, const rac_virtual_figure *f, int digits, bool difference)
{
    if (isnan(f->value))
        return "-";
    if (digits == SIGNIFICANT)
        return rac_format(arena, "%.2g", f->value);
    const char *value = rac_format(arena, "%.*f", digits, without_sign(f->value, digits));
    return difference && f->error > 0 ? rac_format(arena, "%s\xC2\xB1%.*f", value, digits, f->error) : value;
}

/* Wilson's 95 % interval of `percent` of `count`, in percent; false for a count of 0. */
static bool share_interval(double percent, size_t count, double *low, double *high)
{
    rac_interval interval;
    const double n = (double)count;
    if (!count || rac_wilson(round(percent * n / 100), n, 0.95, &interval, NULL))
        return false;
    *low = 100 * interval.lower;
    *high = 100 * interval.upper;
    return true;
}

/* 95 % of the simulation: of as many virtual patients, not of any clinic's. */
static const char *interval_cell(rac_arena *arena, const rac_virtual_figure *f)
{
    double low, high;
    return share_interval(f->value, f->patients, &low, &high) ? rac_format(arena, "%.0f-%.0f", low, high)
                                                              : "";
}

/* Name to the left, cells to the right, counted by letters. */
static const char *line_of(rac_arena *arena, const char *name, const char *const *cells, int count)
{
    const char *line = rac_simulated_padded(arena, name, NAME_WIDTH);
    for (int n = 0; n < count; n++) {
        int letters = 0;
        for (const char *c = cells[n]; *c; c++)
            letters += ((unsigned char)*c & 0xC0) != 0x80;
        line =
            rac_format(arena, "%s%*s%s", line, letters < CELL_WIDTH ? CELL_WIDTH - letters : 1, "", cells[n]);
    }
    return rac_format(arena, "%s\n", line);
}

static const char *infusions_text(rac_arena *arena, const char *title, const rac_simulated_figures *infusions,
                                  int count, bool difference)
{
    const char **cells = rac_many(arena, const char *, (size_t)count);
    for (int n = 0; n < count; n++)
        cells[n] = rac_format(arena, "%d", n + 1);
    const char *text = line_of(arena, title, cells, count);
    for (int row = 0; row < SHOWN; row++) {
        const rac_virtual_figure *f = NULL;
        for (int n = 0; n < count; n++) {
            f = rac_simulated_figure(&infusions[n], shown_rows[row].key);
            cells[n] = cell(arena, f, shown_rows[row].digits, difference);
        }
        text = rac_format(arena, "%s%s", text,
                          line_of(arena, rac_format(arena, "%s, %s", f->name, f->unit), cells, count));
        if (!shown_rows[row].interval || difference)
            continue;
        for (int n = 0; n < count; n++)
            cells[n] = interval_cell(arena, rac_simulated_figure(&infusions[n], shown_rows[row].key));
        text = rac_format(arena, "%s%s", text, line_of(arena, "  95 % interval", cells, count));
    }
    return text;
}

/* ---- who was not treated, and what the plan refused ---- */

static const char *reasons_text(rac_arena *arena, const char *title, const rac_simulated_courses *arm,
                                json_t *list)
{
    rac_virtual_outcome *outcomes = NULL;
    size_t count = 0, capacity = 0;
    for (size_t p = 0; p < arm->patients; p++)
        for (size_t k = 0; k < arm->courses[p].visit_count; k++)
            if (arm->courses[p].visits[k].session.why)
                rac_push(arena, outcomes, count, capacity, arm->courses[p].visits[k].session);
    return rac_simulated_reasons(arena, title, outcomes, count, list);
}

/* The guards that refused a step, each with its patients. */
static const char *refused_text(rac_arena *arena, const char *title, const rac_simulated_courses *arm)
{
    enum { MOST = 8 };
    const char *guards[MOST];
    size_t patients[MOST] = {0}, count = 0;
    for (size_t p = 0; p < arm->patients; p++) {
        const char *guard = NULL;
        for (size_t k = 0; k < arm->courses[p].visit_count && !guard; k++)
            guard = arm->courses[p].visits[k].step_refused;
        size_t g = 0;
        while (guard && g < count && strcmp(guards[g], guard) != 0)
            g++;
        if (!guard || g == MOST)
            continue;
        if (g == count)
            guards[count++] = guard;
        patients[g]++;
    }
    const char *text = "";
    for (size_t g = 0; g < count; g++)
        text = rac_format(
            arena, "%s%sa step up refused by the plan: %zu patients by '%s', who stayed at the dose before\n",
            text, title, patients[g], guards[g]);
    return text;
}

/* ---- for programs ---- */

static json_t *by_infusion_json(const rac_simulated_figures *infusions, int count)
{
    json_t *list = json_array();
    for (int n = 0; n < count; n++)
        json_array_append_new(list,
                              json_pack("{s:i, s:o}", "infusion", n + 1, "figures",
                                        rac_simulated_figures_json(infusions[n].items, infusions[n].count)));
    return list;
}

static json_t *arm_json(const rac_simulated_courses *arm, json_t *not_treated)
{
    const rac_virtual_schedule *when = &arm->schedule;
    return json_pack("{s:s, s:s, s:s*, s:s, s:i, s:i, s:f, s:I, s:b, s:o, s:o, s:o}", "protocol",
                     arm->arm->protocol->id, "file", arm->arm->file, "site", arm->arm->site, "scale",
                     when->scale->id, "infusions_least", when->least, "infusions_most", when->infusions,
                     "every_days", when->every_days, "appointments", (json_int_t)when->visits, "dose_steps",
                     arm->arm->protocol->course.dose_steps.by_mg_per_kg.millionths > 0, "figures",
                     rac_simulated_figures_json(arm->whole.items, arm->whole.count), "by_infusion",
                     by_infusion_json(arm->infusions, when->infusions), "not_treated", not_treated);
}

static json_t *notes_json(rac_arena *arena, const rac_virtual_patient *patient, const char **text)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < patient->note_count + patient->course_note_count; i++) {
        const char *note =
            i < patient->note_count ? patient->notes[i] : patient->course_notes[i - patient->note_count];
        *text = rac_format(arena, "%s  %s\n", *text, note);
        json_array_append_new(notes, json_string(note));
    }
    return notes;
}

rac_status rac_simulated_courses_answer(rac_call *call, const rac_simulated_ask *ask,
                                        const rac_simulated_courses *arms,
                                        const rac_simulated_difference *difference, rac_reply *reply,
                                        rac_error *err)
{
    rac_arena *arena = call->arena;
    const rac_virtual_figure *whole[RAC_SIMULATED_ARMS];
    const char *tables = "", *reasons = "", *notes = "";
    json_t *list = json_array();
    (void)err;
    for (size_t i = 0; i < ask->arms; i++) {
        const char *title = ask->arms == 1 ? "" : i ? "B, " : "A, ";
        json_t *not_treated = json_array();
        whole[i] = arms[i].whole.items;
        tables = rac_format(arena, "%s\n%s", tables,
                            infusions_text(arena, rac_format(arena, "%sby infusion", title),
                                           arms[i].infusions, arms[i].schedule.infusions, false));
        reasons = rac_format(arena, "%s%s%s", reasons, reasons_text(arena, title, &arms[i], not_treated),
                             refused_text(arena, title, &arms[i]));
        json_array_append_new(list, arm_json(&arms[i], not_treated));
    }
    if (difference && difference->infusion_count)
        tables = rac_format(arena, "%s\n%s", tables,
                            infusions_text(arena, "B - A, paired, by infusion", difference->infusions,
                                           difference->infusion_count, true));
    json_t *note_list = notes_json(arena, &ask->patient, &notes);
    reply->text = rac_format(arena, "%s%s%s%s%s%s\nWhat this is not\n%s", head_text(arena, ask, arms),
                             rac_simulated_figures_text(arena, whole, ask->arms, arms[0].whole.count,
                                                        difference ? difference->whole.items : NULL),
                             "\nmean \xC2\xB1 Monte Carlo standard error; shares are of those who came to "
                             "the first appointment, from 'infusions' to "
                             "'score' of\nthose treated; intervals are the simulation's, of as many virtual "
                             "patients, not a clinic's\n",
                             tables, rac_format(arena, "\n%s", reasons),
                             rac_simulated_numbers(arena, &ask->patient, true), notes);
    reply->json = json_pack(
        "{s:I, s:I, s:s, s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o}", "patients", (json_int_t)ask->patients,
        "seed", (json_int_t)ask->seed, "sessions", "course", "model", rac_model_describe(ask->model)->name,
        "patient", ask->patient.name, "demonstration_values", ask->demo, "benefit_of_dose", "cannot say",
        "arms", list, "difference",
        difference ? rac_simulated_figures_json(difference->whole.items, difference->whole.count)
                   : json_array(),
        "difference_by_infusion",
        difference ? by_infusion_json(difference->infusions, difference->infusion_count) : json_array(),
        "numbers", rac_simulated_numbers_json(&ask->patient, true), "notes", note_list);
    return RAC_OK;
}
