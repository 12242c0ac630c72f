/* Which numbers of the patient file matter: each a little lower and higher, the same patients, the same
 * protocol. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/protocol_simulate.h"

/* What is looked at: by keys of the figures, summed. */
static const struct {
    const char *key, *keys[2];
} looks[] = {
    {"not_treated", {"no_plan", "not_started"}},
    {"held_for_pressure", {"held_for_pressure", NULL}},
    {"chair_min", {"chair_min", NULL}},
};
enum { LOOKS = sizeof looks / sizeof *looks, HELD = 1, SIDES = 2 };

typedef struct varied {
    const rac_virtual_number *number;
    double value[SIDES];       /* lower, higher */
    double seen[SIDES][LOOKS]; /* NAN where the side cannot be tried */
    double moved;              /* largest change of the share held */
    bool without_effect;
} varied;

/* The changed value; the value itself when the file may not hold another. */
static double changed(const rac_virtual_number *n, int side, double percent)
{
    const double value = n->value * (1 + (side ? percent : -percent) / 100);
    return fmin(fmax(value, n->low), n->high);
}

/* Numbers at a border, or 0, stay as they are on that side. */
static bool can_change(const rac_virtual_number *n, int side, double percent)
{
    return fabs(changed(n, side, percent) - n->value) > 0;
}

size_t rac_simulated_vary_sessions(const rac_virtual_patient *patient, double percent, size_t patients)
{
    size_t sessions = 0;
    for (int i = 0; i < RAC_VIRTUAL_NUMBERS; i++)
        for (int side = 0; side < SIDES; side++)
            sessions += can_change(&patient->number[i], side, percent) ? patients : 0;
    return sessions;
}

static void look(const rac_virtual_figure *figures, size_t count, double seen[LOOKS])
{
    for (int l = 0; l < LOOKS; l++) {
        seen[l] = 0;
        for (size_t f = 0; f < count; f++)
            for (int k = 0; k < 2; k++)
                if (looks[l].keys[k] && strcmp(figures[f].key, looks[l].keys[k]) == 0)
                    seen[l] += figures[f].value;
    }
}

static rac_status try_side(rac_call *call, const rac_simulated_arm *base, int number, double value,
                           rac_virtual_outcome *outcomes, rac_simulated_run *run, double seen[LOOKS],
                           rac_error *err)
{
    rac_virtual_patient patient = *base->clinic.patient;
    rac_simulated_arm arm = {.protocol = base->protocol, .outcomes = outcomes};
    patient.number[number].value = value;
    rac_status status =
        rac_virtual_open(call->arena, &patient, base->protocol, base->clinic.model, &arm.clinic, err);
    if (!status)
        status = rac_simulated_treat(call, &arm, run, err);
    if (!status)
        status =
            rac_virtual_summarise(call->arena, outcomes, run->patients, &arm.figures, &arm.figure_count, err);
    if (!status)
        look(arm.figures, arm.figure_count, seen);
    return status;
}

static int most_moved_first(const void *left, const void *right)
{
    const varied *a = left, *b = right;
    if (a->moved < b->moved || a->moved > b->moved)
        return a->moved < b->moved ? 1 : -1;
    return (a->number > b->number) - (a->number < b->number);
}

/* "3.1 / 4.4" */
static const char *both(rac_arena *arena, const varied *v, int l)
{
    const char *side[SIDES];
    for (int s = 0; s < SIDES; s++)
        side[s] = isnan(v->seen[s][l]) ? "-" : rac_format(arena, "%.1f", v->seen[s][l]);
    return rac_format(arena, "%s / %s", side[0], side[1]);
}

static const char *words_of(rac_arena *arena, const varied *rows, size_t count, const double base[LOOKS],
                            double percent)
{
    const char *idle = "";
    const char *text =
        rac_format(arena,
                   "\nEach number %g %% lower / higher, the same patients%s\n%-28s%-18s%-18s%s\n"
                   "%-28s%-18.1f%-18.1f%.1f\n",
                   percent, " (the first protocol)", "", "not treated, %", "held for BP, %",
                   "start to leave, min", "  as it is", base[0], base[1], base[2]);
    for (size_t i = 0; i < count; i++) {
        const varied *v = &rows[i];
        if (v->without_effect) {
            idle = rac_format(arena, "%s%s%s", idle, idle[0] ? ", " : "", v->number->name);
            continue;
        }
        text =
            rac_format(arena, "%s  %-26s%-18s%-18s%-20s%s\n", text, v->number->name, both(arena, v, 0),
                       both(arena, v, 1), both(arena, v, 2), v->number->assumption ? "assumed" : "published");
    }
    return idle[0] ? rac_format(arena, "%s  without effect on these: %s\n", text, idle) : text;
}

static json_t *side_json(const varied *v, int side)
{
    if (isnan(v->seen[side][0]))
        return json_null();
    json_t *one = json_pack("{s:f}", "value", v->value[side]);
    for (int l = 0; l < LOOKS; l++)
        json_object_set_new(one, looks[l].key,
                            isnan(v->seen[side][l]) ? json_null() : json_real(v->seen[side][l]));
    return one;
}

rac_status rac_simulated_vary(rac_call *call, const rac_simulated_arm *base, double percent,
                              rac_simulated_run *run, const char **text, json_t **list, rac_error *err)
{
    const rac_virtual_patient *patient = base->clinic.patient;
    rac_virtual_outcome *outcomes = rac_many(call->arena, rac_virtual_outcome, run->patients);
    varied *rows = rac_many(call->arena, varied, RAC_VIRTUAL_NUMBERS);
    double as_it_is[LOOKS];
    look(base->figures, base->figure_count, as_it_is);
    for (int i = 0; i < RAC_VIRTUAL_NUMBERS; i++) {
        rows[i] = (varied){.number = &patient->number[i], .without_effect = true};
        for (int side = 0; side < SIDES; side++) {
            double *seen = rows[i].seen[side];
            for (int l = 0; l < LOOKS; l++)
                seen[l] = NAN;
            if (!can_change(&patient->number[i], side, percent))
                continue;
            rows[i].value[side] = changed(&patient->number[i], side, percent);
            const rac_status status = try_side(call, base, i, rows[i].value[side], outcomes, run, seen, err);
            if (status)
                return status;
            for (int l = 0; l < LOOKS; l++)
                rows[i].without_effect &= !(fabs(seen[l] - as_it_is[l]) > 1e-9);
            rows[i].moved = fmax(rows[i].moved, fabs(seen[HELD] - as_it_is[HELD]));
        }
    }
    qsort(rows, RAC_VIRTUAL_NUMBERS, sizeof *rows, most_moved_first);
    *text = words_of(call->arena, rows, RAC_VIRTUAL_NUMBERS, as_it_is, percent);
    for (int i = 0; i < RAC_VIRTUAL_NUMBERS; i++)
        json_array_append_new(*list, json_pack("{s:s, s:o, s:o}", "name", rows[i].number->name, "lower",
                                               side_json(&rows[i], 0), "higher", side_json(&rows[i], 1)));
    return RAC_OK;
}
