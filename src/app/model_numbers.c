/* Where the numbers of a model come from: all of them, a line each, and one told in full. */
#include <math.h>
#include <string.h>

#include "app/internal.h"
#include "base/units.h"
#include "racemate/pharma.h"

static const char *const tiers[][2] = {{"A", "read in the publication or a label"},
                                       {"B", "read in a model library or review that names the table"},
                                       {"C", "read in other software or digitised from a figure"}};

/* ---- one origin in full ---- */

/* Breaks at spaces, so that lines that begin with `indent` spaces end before column 110. */
static char *wrapped(rac_arena *arena, const char *text, size_t indent)
{
    enum { COLUMNS = 110 };
    const size_t room = COLUMNS - indent;
    char *out = rac_string_copy(arena, "");
    while (strlen(text) > room) {
        size_t at = room;
        while (at && text[at] != ' ')
            at--;
        at = at ? at : room;
        out = rac_format(arena, "%s%.*s\n%*s", out, (int)at, text, (int)indent, "");
        text += at + (text[at] == ' ');
    }
    return rac_format(arena, "%s%s\n", out, text);
}

char *rac_app_reference_text(rac_arena *arena, const rac_reference *reference)
{
    enum { INDENT = 4 };
    char *text = rac_format(arena, "%s: %s", reference->name, wrapped(arena, reference->citation, INDENT));
    if (reference->people[0])
        text = rac_format(arena, "%s%*s%s", text, INDENT, "", wrapped(arena, reference->people, INDENT));
    if (reference->sampling[0])
        text = rac_format(arena, "%s%*ssampled: %s", text, INDENT, "",
                          wrapped(arena, reference->sampling, INDENT));
    return rac_format(arena, "%s%*sread %s", text, INDENT, "", wrapped(arena, reference->read, INDENT));
}

json_t *rac_app_references_json(const rac_model *model, const char *source)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rac_model_references(model); i++) {
        const rac_reference *r = rac_model_reference(model, i);
        if (!source || rac_reference_is_named(r, source))
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", r->name, "citation",
                                                  r->citation, "people", r->people, "sampling", r->sampling,
                                                  "read", r->read));
    }
    return list;
}

char *rac_app_origin_text(rac_arena *arena, const rac_origin *origin)
{
    char *text = rac_string_copy(arena, "");
    if (origin->source[0])
        text = rac_format(arena, "%s  source        %s\n", text, origin->source);
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
        if (strcmp(origin->tier, tiers[i][0]) == 0)
            text = rac_format(arena, "%s  trust         %s: %s\n", text, tiers[i][0], tiers[i][1]);
    if (origin->printed[0])
        text = rac_format(arena, "%s  printed       %s\n", text, origin->printed);
    if (origin->note[0])
        text = rac_format(arena, "%s  note          %s\n", text, origin->note);
    return text;
}

json_t *rac_app_origin_json(const rac_origin *origin)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "source", origin->source, "tier", origin->tier, "printed",
                     origin->printed, "note", origin->note);
}

/* ---- all of them ---- */

typedef struct row {
    const char *section; /* a heading above the first of it */
    const char *kind, *name, *value;
    const rac_origin *origin;
} row;

typedef struct table {
    rac_arena *arena;
    const rac_model *model;
    row *rows;
    size_t count, capacity;
} table;

static void add_row(table *t, const char *section, const char *kind, const char *name, const char *value,
                    const rac_origin *origin)
{
    const row added = {section, kind, name, value, origin};
    rac_push(t->arena, t->rows, t->count, t->capacity, added);
}

/* Of a parameter that needs no source: it is made of others, or has no value. */
static const rac_origin *derived(rac_arena *arena, const rac_parameter_about *about)
{
    rac_origin *origin = rac_new(arena, rac_origin);
    *origin =
        (rac_origin){.source = about->expression ? rac_format(arena, "made of others: %s", about->expression)
                                                 : "nobody's yet",
                     .tier = "",
                     .printed = "",
                     .note = ""};
    return origin;
}

char *rac_app_with_unit(rac_arena *arena, double value, const char *unit)
{
    const bool pure = strcmp(unit, "1") == 0;
    return rac_format(arena, "%.4g%s%s", value, pure ? "" : " ", pure ? "" : unit);
}

/* "26.29 1/h (0.4381 /min)": as the file has it beside, where that is another unit or has more digits. */
static const char *value_text(const table *t, const rac_parameter_about *about, const double *value)
{
    if (!about->expression)
        return rac_format(t->arena, "unknown, in %s", about->unit);
    if (!value)
        return about->expression;
    const char *shown = rac_app_with_unit(t->arena, *value, about->unit);
    const bool plain = !about->rests_on_count && !about->covariate_count;
    return plain && strcmp(shown, about->expression) != 0
               ? rac_format(t->arena, "%s (%s)", shown, about->expression)
               : shown;
}

static void add_parameters(table *t, const double *values)
{
    for (size_t i = 0; i < rac_model_parameters(t->model); i++) {
        rac_parameter_about about;
        rac_model_explain(t->arena, t->model, (int)i, &about);
        const bool own = about.origin->source[0] || (about.expression && !about.rests_on_count);
        add_row(t, "parameters", "parameter", about.name, value_text(t, &about, values ? &values[i] : NULL),
                own ? about.origin : derived(t->arena, &about));
    }
}

static void add_variability(table *t, bool occasion)
{
    for (size_t i = 0; i < rac_model_variabilities(t->model); i++) {
        rac_variability v;
        rac_model_variability(t->arena, t->model, i, &v);
        if (v.occasion == occasion)
            add_row(t, occasion ? "differences between the days of one person" : "differences between people",
                    occasion ? "between days" : "between people", v.of, v.spread, v.origin);
    }
}

static void add_errors(table *t)
{
    for (size_t o = 0; o < rac_model_outputs(t->model); o++) {
        const rac_origin *origin = rac_model_error_origin(t->model, o);
        if (origin)
            add_row(t, "error of a measurement", "error", rac_model_output_name(t->model, o),
                    rac_model_error_text(t->arena, t->model, o), origin);
    }
}

static void add_covariates(table *t)
{
    for (size_t i = 0; i < rac_model_covariates(t->model); i++) {
        const rac_covariate *c = rac_model_covariate(t->model, i);
        const rac_unit unit = rac_unit_of(c->unit);
        const char *low = rac_format(t->arena, "%g", rac_quantity_from_base(c->low, unit).value);
        add_row(t, "studied, or where the program warns", "range", c->name,
                rac_format(t->arena, "%s to %s", low,
                           rac_app_with_unit(t->arena, rac_quantity_from_base(c->high, unit).value, c->unit)),
                rac_model_covariate_origin(t->model, i));
    }
}

/* Other drugs: what each multiplies, on the routes it was studied on. */
static void add_modifiers(table *t)
{
    for (size_t i = 0; i < rac_model_modifiers(t->model); i++) {
        const rac_modifier *m = rac_model_modifier(t->model, i);
        rac_origin *origin = rac_new(t->arena, rac_origin);
        *origin = (rac_origin){.source = m->source, .tier = m->tier, .printed = "", .note = m->note};
        char *value = rac_string_copy(t->arena, "");
        for (size_t k = 0; k < m->change_count; k++)
            value = rac_format(t->arena, "%s%s%s x%g", value, k ? ", " : "",
                               rac_model_parameter_name(t->model, (size_t)m->changes[k].parameter),
                               m->changes[k].factor);
        add_row(t, "another drug beside (--with)", "modifier", m->name, value, origin);
    }
}

static char *table_text(const table *t, const char *head)
{
    int names = 0, values = 0;
    for (size_t i = 0; i < t->count; i++) {
        names = (int)strlen(t->rows[i].name) > names ? (int)strlen(t->rows[i].name) : names;
        values = (int)strlen(t->rows[i].value) > values ? (int)strlen(t->rows[i].value) : values;
    }
    char *text = rac_string_copy(t->arena, head);
    for (size_t i = 0; i < t->count; i++) {
        const row *r = &t->rows[i];
        if (!i || strcmp(r->section, r[-1].section) != 0)
            text = rac_format(t->arena, "%s%s\n", text, r->section);
        text = rac_format(t->arena, "%s  %-*s  %-*s  %-1s  %s\n", text, names, r->name, values, r->value,
                          r->origin->tier, r->origin->source[0] ? r->origin->source : "(no source)");
    }
    return text;
}

static json_t *table_json(const table *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->count; i++) {
        json_t *one = rac_app_origin_json(t->rows[i].origin);
        json_object_set_new(one, "kind", json_string(t->rows[i].kind));
        json_object_set_new(one, "name", json_string(t->rows[i].name));
        json_object_set_new(one, "value", json_string(t->rows[i].value));
        json_array_append_new(list, one);
    }
    return list;
}

rac_status rac_app_model_numbers(rac_call *call, const rac_model *model, rac_reply *reply, rac_error *err)
{
    rac_arena *arena = call->arena;
    const rac_model_about *about = rac_model_describe(model);
    const bool ready = rac_model_check_ready(model, NULL) == RAC_OK;
    double *covariates, *values = rac_many(arena, double, rac_model_parameters(model));
    char *who;
    rac_status status = rac_app_typical(call, model, &covariates, &who, err);
    if (!status && ready)
        status = rac_model_evaluate(arena, model, covariates, NULL, values, NULL, err);
    if (status)
        return status;
    table t = {.arena = arena, .model = model};
    add_parameters(&t, ready ? values : NULL);
    add_variability(&t, false);
    add_variability(&t, true);
    add_errors(&t);
    add_covariates(&t);
    add_modifiers(&t);
    char *text =
        table_text(&t, rac_format(arena, "%s: %s\nof the typical subject (%s): value, trust, source\n\n",
                                  about->name, about->title, who[0] ? who : "no covariates"));
    text = rac_format(arena, "%s\n%s", text, rac_model_references(model) ? "read\n" : "");
    for (size_t i = 0; i < rac_model_references(model); i++)
        text =
            rac_format(arena, "%s  %s", text, rac_app_reference_text(arena, rac_model_reference(model, i)));
    for (size_t i = 0; i < 3; i++)
        text = rac_format(arena, "%s%s%s: %s\n", text, i ? "      " : "trust ", tiers[i][0], tiers[i][1]);
    reply->text = rac_format(arena, "%sOne in full: racemate model explain %s NAME\n", text, about->name);
    reply->json = json_pack("{s:s, s:s, s:o, s:o}", "model", about->name, "typical", who, "numbers",
                            table_json(&t), "references", rac_app_references_json(model, NULL));
    return RAC_OK;
}
