/* How figures, reasons and numbers of virtual patients read, for people and for programs. */
#include <math.h>
#include <string.h>

#include "app/protocol_simulate.h"

int rac_simulated_digits(const rac_virtual_figure *f)
{
    return strcmp(f->unit, "mg/kg") == 0 ? 3 : strcmp(f->unit, "%") == 0 || f->unit[0] ? 1 : 2;
}

/* "37.9 +- 0.2", "-" when nobody has it. */
const char *rac_simulated_shown(rac_arena *arena, const rac_virtual_figure *f)
{
    const int digits = rac_simulated_digits(f);
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

/* What 90 % of patients lie between; nothing for a share. */
static const char *spread(rac_arena *arena, const rac_virtual_figure *f)
{
    return isnan(f->low) ? ""
                         : rac_format(arena, "%.*f to %.*f", rac_simulated_digits(f), f->low,
                                      rac_simulated_digits(f), f->high);
}

/* Pads by letters, not bytes: the plus-minus has two. */
const char *rac_simulated_padded(rac_arena *arena, const char *text, int width)
{
    int letters = 0;
    for (const char *c = text; *c; c++)
        letters += ((unsigned char)*c & 0xC0) != 0x80;
    return rac_format(arena, "%s%*s", text, width > letters ? width - letters : 0, "");
}

const char *rac_simulated_figures_text(rac_arena *arena, const rac_virtual_figure *const *arms, size_t count,
                                       size_t figures, const rac_virtual_figure *difference)
{
    enum { NAME = 40, VALUE = 16, SPREAD = 16 };
    const char *text =
        rac_format(arena, "%-*s%-*s%-*s", NAME, "", VALUE, count > 1 ? "A" : "mean", SPREAD, "5 to 95 %");
    if (difference)
        text = rac_format(arena, "%s%-*s%-*s%s", text, VALUE, "B", SPREAD, "5 to 95 %", "B - A, paired");
    text = rac_format(arena, "%s\n", text);
    for (size_t i = 0; i < figures; i++) {
        const rac_virtual_figure *f = &arms[0][i];
        const char *name = f->unit[0] ? rac_format(arena, "%s, %s", f->name, f->unit) : f->name;
        const char *line = rac_simulated_padded(arena, name, NAME);
        for (size_t k = 0; k < count; k++)
            line = rac_format(arena, "%s%s%s", line,
                              rac_simulated_padded(arena, rac_simulated_shown(arena, &arms[k][i]), VALUE),
                              rac_simulated_padded(arena, spread(arena, &arms[k][i]), SPREAD));
        if (difference)
            line = rac_format(arena, "%s%s", line, rac_simulated_shown(arena, &difference[i]));
        text = rac_format(arena, "%s%.*s\n", text, RAC_TEXT(rac_text_trim(rac_text_of(line))));
    }
    return text;
}

/* "pressure 59 (Baseline pressure 160/90 or below: ...)": each reason once, with how many and one example. */
const char *rac_simulated_reasons(rac_arena *arena, const char *title, const rac_virtual_outcome *outcomes,
                                  size_t count, json_t *list)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        const rac_virtual_outcome *o = &outcomes[i];
        size_t same = 0;
        bool first = o->why != NULL;
        for (size_t j = 0; j < i && first; j++)
            first = !outcomes[j].why || strcmp(outcomes[j].why, o->why) != 0;
        if (!first)
            continue;
        for (size_t j = i; j < count; j++)
            same += outcomes[j].why && strcmp(outcomes[j].why, o->why) == 0;
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

/* Lines of those that are sourced, or of those that are assumed. */
static const char *some_numbers(rac_arena *arena, const char *text, const rac_virtual_number *numbers,
                                int count, bool assumed)
{
    for (int i = 0; i < count; i++) {
        const rac_virtual_number *n = &numbers[i];
        if ((n->assumption != NULL) != assumed)
            continue;
        text = rac_format(arena, "%s  %-26s %-12s %s\n", text, n->name, value_text(arena, n),
                          assumed ? n->assumption : n->source);
        if (n->note)
            text = rac_format(arena, "%s%41s %s\n", text, "", n->note);
    }
    return text;
}

const char *rac_simulated_numbers(rac_arena *arena, const rac_virtual_patient *patient, bool course)
{
    static const char *const titles[] = {"\nPublished numbers used\n",
                                         "\nAssumptions, none of them published\n"};
    const char *text = "";
    for (int assumed = 0; assumed < 2; assumed++) {
        text = rac_format(arena, "%s%s", text, titles[assumed]);
        text = some_numbers(arena, text, patient->number, RAC_VIRTUAL_NUMBERS, assumed);
        if (course)
            text = some_numbers(arena, text, patient->course, RAC_VIRTUAL_COURSE_NUMBERS, assumed);
    }
    return text;
}

/* ---- for programs ---- */

json_t *rac_simulated_real(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

json_t *rac_simulated_figures_json(const rac_virtual_figure *figures, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const rac_virtual_figure *f = &figures[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "key", f->key, "name", f->name,
                            "unit", f->unit, "patients", (json_int_t)f->patients, "value",
                            rac_simulated_real(f->value), "monte_carlo_error", rac_simulated_real(f->error),
                            "p05", rac_simulated_real(f->low), "p95", rac_simulated_real(f->high)));
    }
    return list;
}

static void add_numbers(json_t *list, const rac_virtual_number *numbers, int count)
{
    for (int i = 0; i < count; i++) {
        const rac_virtual_number *n = &numbers[i];
        json_array_append_new(list, json_pack("{s:s, s:f, s:s, s:s*, s:s*, s:s*}", "name", n->name, "value",
                                              n->value, "unit", n->unit, "source", n->source, "assumption",
                                              n->assumption, "note", n->note));
    }
}

json_t *rac_simulated_numbers_json(const rac_virtual_patient *patient, bool course)
{
    json_t *list = json_array();
    add_numbers(list, patient->number, RAC_VIRTUAL_NUMBERS);
    if (course)
        add_numbers(list, patient->course, RAC_VIRTUAL_COURSE_NUMBERS);
    return list;
}

/* ---- what was simulated ---- */

const char *rac_simulated_head(rac_arena *arena, const rac_simulated_ask *a, const char *const *more)
{
    const char *text = "";
    for (size_t i = 0; i < a->arms; i++)
        text = rac_format(arena, "%s  %s %s: %s mg/kg over %g min%s%s%s\n", text,
                          a->arms == 1 ? "protocol"
                          : i          ? "B"
                                       : "A",
                          a->arm[i].file,
                          rac_decimal_format_exact(arena, a->arm[i].protocol->dose.amount_mg_per_kg),
                          a->arm[i].protocol->dose.duration_min, a->arm[i].site ? ", open places from " : "",
                          a->arm[i].site ? a->arm[i].site : "", more ? more[i] : "");
    const rac_model_about *about = rac_model_describe(a->model);
    text = rac_format(arena, "%s  model %s (%s), patients %s\n", text, about->name, about->sampling,
                      a->patient.title);
    if (a->demo)
        text = rac_format(arena,
                          "%s  open places of the protocol hold the demonstration's values: nobody's "
                          "recommendation (--site FILE for yours)\n",
                          text);
    return text;
}
