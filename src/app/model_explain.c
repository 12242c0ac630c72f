/* One parameter of a model explained: what it is, where it comes from, how it varies, what it does. */
#include <math.h>
#include <string.h>

#include "app/internal.h"
#include "base/units.h"
#include "racemate/pharma.h"

enum { MINUTES = 24 * 60 + 1 };
static const double more = 1.1;      /* the change whose effect on exposure is shown */
static const double z_90 = 1.644854; /* 90 % of people lie within so many standard deviations */

typedef struct explanation {
    rac_call *call;
    const rac_model *model;
    int parameter;
    rac_parameter_about about;
    const double *covariates; /* of the typical subject */
    double value;
    char *text;
    json_t *json;
} explanation;

static void add(explanation *x, const char *format, ...) RAC_PRINTF(2, 3);
static void add(explanation *x, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    x->text = rac_format(x->call->arena, "%s%s", x->text, rac_format_list(x->call->arena, format, arguments));
    va_end(arguments);
}

static rac_status value_at(const explanation *x, const double *covariates, double *value, rac_error *err)
{
    double *all = rac_many(x->call->arena, double, rac_model_parameters(x->model));
    const rac_status status = rac_model_evaluate(x->call->arena, x->model, covariates, NULL, all, NULL, err);
    *value = all[x->parameter];
    return status;
}

static char *with_unit(const explanation *x, double value)
{
    return rac_app_with_unit(x->call->arena, value, x->about.unit);
}

/* ---- covariates: the value at both ends and the middle of what was studied ---- */

static rac_status explain_covariates(explanation *x, rac_error *err)
{
    json_t *list = json_array();
    json_object_set_new(x->json, "covariates", list);
    for (size_t k = 0; k < x->about.covariate_count; k++) {
        const int index = x->about.covariates[k];
        const rac_covariate *c = rac_model_covariate(x->model, (size_t)index);
        const bool yes_or_no = strcmp(c->unit, "1") == 0 && c->low == 0 && c->high == 1;
        const double at[] = {c->low, (c->low + c->high) / 2, c->high};
        double *moved = rac_many(x->call->arena, double, rac_model_covariates(x->model));
        memcpy(moved, x->covariates, rac_model_covariates(x->model) * sizeof *moved);
        json_t *values = json_array();
        add(x, "  by %-11s", c->name);
        for (int i = 0; i < 3; i += 1 + yes_or_no) {
            double value;
            moved[index] = at[i];
            const rac_status status = value_at(x, moved, &value, err);
            if (status) {
                json_decref(values);
                return status;
            }
            const double shown = rac_quantity_from_base(at[i], rac_unit_of(c->unit)).value;
            add(x, "%s%g%s%s: %.4g", i ? ", " : "", shown, yes_or_no ? "" : " ", yes_or_no ? "" : c->unit,
                value);
            json_array_append_new(values, json_pack("{s:f, s:f}", "at", shown, "value", value));
        }
        add(x, "%s (over the range of the file)\n",
            yes_or_no                    ? ""
            : strcmp(x->about.unit, "1") ? rac_format(x->call->arena, " %s", x->about.unit)
                                         : "");
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o}", "name", c->name, "unit", c->unit, "values", values));
    }
    return RAC_OK;
}

/* ---- variability ---- */

static void explain_variability(explanation *x)
{
    json_t *list = json_array(), *with = json_array();
    for (size_t i = 0; i < x->about.deviation_count; i++) {
        const rac_deviation *d = &x->about.deviations[i];
        const double low = rac_deviation_moves(d, x->value, -z_90),
                     high = rac_deviation_moves(d, x->value, z_90);
        const bool log_normal = d->kind == RAC_DEVIATION_LOG_NORMAL;
        add(x, "  between %-6s %s, %s %.3g%s, 90 %% from %.4g to %s\n", d->occasion ? "days" : "people",
            rac_deviation_name(d->kind), log_normal ? "cv" : "sd",
            log_normal ? 100 * rac_deviation_cv(d->sd) : d->sd, log_normal ? " %" : "", low,
            with_unit(x, high));
        if (d->origin->source[0] || d->origin->note[0])
            add(x, "                from %s%s%s%s%s%s%s%s\n", d->origin->source,
                d->origin->tier[0] ? " (" : "", d->origin->tier, d->origin->tier[0] ? ")" : "",
                d->origin->printed[0] ? "; printed: " : "", d->origin->printed,
                d->origin->note[0] ? "; " : "", d->origin->note);
        json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:f, s:f, s:o}", "level",
                                              d->occasion ? "occasion" : "subject", "distribution",
                                              rac_deviation_name(d->kind), "sd", d->sd, "p05", low, "p95",
                                              high, "origin", rac_app_origin_json(d->origin)));
    }
    for (size_t i = 0; i < x->about.varies_with_count; i++) {
        const char *name = rac_model_parameter_name(x->model, (size_t)x->about.varies_with[i]);
        add(x, "  varies with   %s\n", name);
        json_array_append_new(with, json_string(name));
    }
    if (!x->about.deviation_count && !x->about.varies_with_count)
        add(x, "  between people the same: the file gives it no variability\n");
    json_object_set_new(x->json, "variability", list);
    json_object_set_new(x->json, "varies_with", with);
}

static void explain_uses(explanation *x)
{
    json_t *list = json_array();
    for (size_t i = 0; i < x->about.use_count; i++) {
        const rac_parameter_use *use = &x->about.uses[i];
        add(x, "  used by       %s %s: %s\n", use->kind, use->name, use->expression);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "kind", use->kind, "name", use->name,
                                              "expression", use->expression));
    }
    if (!x->about.use_count)
        add(x, "  used by       nothing\n");
    json_object_set_new(x->json, "uses", list);
}

/* ---- what it does to exposure ---- */

typedef struct exposure {
    double highest, area;
} exposure;

static rac_status exposures_of(const explanation *x, const rac_model *model, size_t route, exposure *out,
                               rac_error *err)
{
    rac_arena *arena = x->call->arena;
    double *times_h = rac_many(arena, double, MINUTES);
    for (int i = 0; i < MINUTES; i++)
        times_h[i] = i / 60.0;
    const int weight = rac_model_find_covariate(model, "weight");
    const double mg = 0.5 * (weight < 0 ? 70 : x->covariates[weight]);
    const bool vein = strcmp(rac_model_route_name(model, route), "intravenous") == 0;
    rac_regimen regimen = rac_regimen_new(arena);
    rac_regimen_add(&regimen, vein ? rac_dose_infusion(0, (int)route, mg, 40 / 60.0)
                                   : rac_dose_bolus(0, (int)route, mg));
    const rac_prediction_request ask = {
        .covariates = x->covariates, .regimen = &regimen, .times_h = times_h, .times = MINUTES};
    rac_prediction p;
    const rac_status status = rac_pharma_predict(arena, model, &ask, &p, err);
    for (size_t o = 0; !status && o < p.outputs; o++) {
        const double *c = p.typical + o * MINUTES;
        out[o] = (exposure){c[0], 0};
        for (int i = 1; i < MINUTES; i++) {
            out[o].highest = fmax(out[o].highest, c[i]);
            out[o].area += (c[i] + c[i - 1]) / 2 * (times_h[i] - times_h[i - 1]);
        }
    }
    return status;
}

static double percent(double now, double before)
{
    const double change = before > 0 || before < 0 ? 100 * (now / before - 1) : 0;
    return fabs(change) < 0.005 ? 0 : change;
}

static bool moves_nothing(const exposure *before, const exposure *now, size_t outputs)
{
    double most = 0;
    for (size_t o = 0; o < outputs; o++)
        most = fmax(most, fabs(percent(now[o].highest, before[o].highest)) +
                              fabs(percent(now[o].area, before[o].area)));
    return most <= 0;
}

static rac_status explain_exposure(explanation *x, rac_error *err)
{
    const rac_model_change change = {x->parameter, more};
    const size_t outputs = rac_model_outputs(x->model);
    rac_model *changed = NULL;
    rac_status status = rac_model_modify(x->call->arena, x->model, &change, 1, &changed, err);
    if (status)
        return status;
    json_t *list = json_array();
    json_object_set_new(x->json, "when_10_percent_higher", list);
    add(x, "When it is 10 %% higher, to 24 h after the dose (highest; area)\n");
    for (size_t r = 0; r < rac_model_routes(x->model); r++) {
        exposure *before = rac_many(x->call->arena, exposure, outputs),
                 *now = rac_many(x->call->arena, exposure, outputs);
        if ((status = exposures_of(x, x->model, r, before, err)) ||
            (status = exposures_of(x, changed, r, now, err)))
            return status;
        const char *route = rac_model_route_name(x->model, r);
        add(x, "  %s, 0.5 mg/kg %s%s\n", route, strcmp(route, "intravenous") == 0 ? "over 40 min" : "at once",
            moves_nothing(before, now, outputs) ? ": nothing changes" : "");
        for (size_t o = 0; o < outputs; o++) {
            const double highest = percent(now[o].highest, before[o].highest),
                         area = percent(now[o].area, before[o].area);
            if (!moves_nothing(before, now, outputs))
                add(x, "    %-16s %+6.2f %%; %+6.2f %%\n", rac_model_output_name(x->model, o), highest, area);
            json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:f}", "route", route, "output",
                                                  rac_model_output_name(x->model, o), "highest_percent",
                                                  highest, "area_percent", area));
        }
    }
    return RAC_OK;
}

/* ---- */

/* The sources of everything an answer names: of the value, and of how it varies. */
static void add_references(explanation *x, char *named)
{
    bool headed = false;
    for (size_t i = 0; i < x->about.deviation_count; i++)
        named = rac_format(x->call->arena, "%s; %s", named, x->about.deviations[i].origin->source);
    for (size_t i = 0; i < rac_model_references(x->model); i++) {
        const rac_reference *reference = rac_model_reference(x->model, i);
        if (!rac_reference_is_named(reference, named))
            continue;
        add(x, "%s  %s", headed ? "" : "Read\n", rac_app_reference_text(x->call->arena, reference));
        headed = true;
    }
    json_object_set_new(x->json, "references", rac_app_references_json(x->model, named));
}

static void explain_source(explanation *x)
{
    const rac_model_about *about = rac_model_describe(x->model);
    const rac_origin *origin = x->about.origin;
    json_t *sources = json_array();
    add(x, "%s", rac_app_origin_text(x->call->arena, origin));
    if (origin->source[0])
        json_array_append_new(sources, json_string(origin->source));
    else if (x->about.rests_on_count)
        add(x, "  source        made of others: %s\n", x->about.expression);
    for (size_t i = 0; !origin->source[0] && !x->about.rests_on_count && i < about->source_count; i++) {
        add(x, "  file's source %s\n", about->sources[i]);
        json_array_append_new(sources, json_string(about->sources[i]));
    }
    json_object_set_new(x->json, "sources", sources);
    json_object_set_new(x->json, "tier", json_string(origin->tier));
    json_object_set_new(x->json, "printed", json_string(origin->printed));
    json_object_set_new(x->json, "note", json_string(origin->note));
}

/* ---- an output, a covariate ---- */

static void explain_output(explanation *x, size_t output)
{
    const rac_origin *origin = rac_model_error_origin(x->model, output);
    const char *unit = rac_model_output_unit(x->model, output);
    x->text =
        rac_format(x->call->arena, "%s of %s, an output in %s\n", rac_model_output_name(x->model, output),
                   rac_model_describe(x->model)->name, strcmp(unit, "1") == 0 ? "no unit" : unit);
    add(x, "  written       %s\n", rac_model_look(x->model)->outputs[output]);
    add(x, "  sampled       %s\n", rac_model_describe(x->model)->sampling);
    add(x, "  error         %s\n",
        origin ? rac_model_error_text(x->call->arena, x->model, output)
               : "none is known: a measured value cannot be fitted");
    x->json = json_pack("{s:s, s:s, s:s, s:s}", "model", rac_model_describe(x->model)->name, "output",
                        rac_model_output_name(x->model, output), "unit", unit, "expression",
                        rac_model_look(x->model)->outputs[output]);
    if (origin) {
        add(x, "%s", rac_app_origin_text(x->call->arena, origin));
        json_object_set_new(x->json, "error", rac_app_origin_json(origin));
        json_object_set_new(json_object_get(x->json, "error"), "value",
                            json_string(rac_model_error_text(x->call->arena, x->model, output)));
    }
    add_references(x, rac_string_copy(x->call->arena, origin ? origin->source : ""));
}

static void explain_covariate(explanation *x, size_t index)
{
    const rac_covariate *c = rac_model_covariate(x->model, index);
    const rac_origin *origin = rac_model_covariate_origin(x->model, index);
    const rac_unit unit = rac_unit_of(c->unit);
    char *users = rac_string_copy(x->call->arena, "");
    for (size_t i = 0; i < rac_model_parameters(x->model); i++) {
        rac_parameter_about about;
        rac_model_explain(x->call->arena, x->model, (int)i, &about);
        for (size_t k = 0; k < about.covariate_count; k++)
            if (about.covariates[k] == (int)index)
                users = rac_format(x->call->arena, "%s%s%s", users, users[0] ? ", " : "", about.name);
    }
    const double low = rac_quantity_from_base(c->low, unit).value,
                 high = rac_quantity_from_base(c->high, unit).value;
    x->text = rac_format(x->call->arena, "%s of %s, a covariate in %s\n", c->name,
                         rac_model_describe(x->model)->name, strcmp(c->unit, "1") == 0 ? "no unit" : c->unit);
    add(x, "  studied       %g to %s%s\n", low, rac_app_with_unit(x->call->arena, high, c->unit),
        c->has_fallback
            ? rac_format(x->call->arena, ", %g unless given", rac_quantity_from_base(c->fallback, unit).value)
            : "");
    add(x, "  used by       %s\n%s", users[0] ? users : "nothing",
        rac_app_origin_text(x->call->arena, origin));
    x->json =
        json_pack("{s:s, s:s, s:s, s:f, s:f, s:o}", "model", rac_model_describe(x->model)->name, "covariate",
                  c->name, "unit", c->unit, "low", low, "high", high, "range", rac_app_origin_json(origin));
    add_references(x, rac_string_copy(x->call->arena, origin->source));
}

static rac_status no_such_name(rac_call *call, const rac_model *model, const char *name, rac_error *err)
{
    const char *near = rac_model_nearest_parameter(call->arena, model, name);
    rac_fail(err, RAC_NOT_FOUND, "the model '%s' has no parameter '%.40s'", rac_model_describe(model)->name,
             name);
    if (near) {
        rac_error_hint(err, "did you mean %s?", near);
        return RAC_NOT_FOUND;
    }
    char *all = rac_string_copy(call->arena, "");
    for (size_t i = 0; i < rac_model_parameters(model); i++)
        all = rac_format(call->arena, "%s%s%s", all, i ? ", " : "", rac_model_parameter_name(model, i));
    rac_error_hint(err, "it has %s", all);
    return RAC_NOT_FOUND;
}

static rac_status explain_parameter(explanation *x, rac_error *err)
{
    rac_arena *arena = x->call->arena;
    double *covariates;
    char *who;
    rac_status status = rac_app_typical(x->call, x->model, &covariates, &who, err);
    if (status)
        return status;
    x->covariates = covariates;
    rac_model_explain(arena, x->model, x->parameter, &x->about);
    x->text = rac_format(arena, "%s of %s, in %s\n", x->about.name, rac_model_describe(x->model)->name,
                         strcmp(x->about.unit, "1") == 0 ? "no unit" : x->about.unit);
    x->json = json_pack("{s:s, s:s, s:s, s:s?}", "model", rac_model_describe(x->model)->name, "parameter",
                        x->about.name, "unit", x->about.unit, "expression", x->about.expression);
    const bool ready = rac_model_check_ready(x->model, NULL) == RAC_OK;
    add(x, "  written       %s\n",
        x->about.expression ? x->about.expression : "unknown: the publication could not be read");
    if (ready && !(status = value_at(x, covariates, &x->value, err))) {
        add(x, "  value         %s (%s)\n", with_unit(x, x->value), who[0] ? who : "everybody");
        json_object_set_new(x->json, "value", json_real(x->value));
        json_object_set_new(x->json, "typical", json_string(who));
        status = explain_covariates(x, err);
        explain_variability(x);
    }
    explain_source(x);
    explain_uses(x);
    if (ready && !status)
        status = explain_exposure(x, err);
    if (!status)
        add_references(x, rac_string_copy(arena, x->about.origin->source));
    return status;
}

RAC_DO(rac_do_model_explain)
{
    rac_model *model = NULL;
    const char *name = rac_call_value(call, "parameter");
    explanation x = {.call = call};
    rac_status status = rac_app_model_argument(call, "file", &model, reply, err);
    if (status)
        return status;
    if (!name)
        return rac_app_model_numbers(call, model, reply, err);
    x.model = model;
    x.parameter = rac_model_find_parameter(model, name);
    const int output = rac_model_find_output(model, name), covariate = rac_model_find_covariate(model, name);
    if (x.parameter >= 0)
        status = explain_parameter(&x, err);
    else if (output >= 0)
        explain_output(&x, (size_t)output);
    else if (covariate >= 0)
        explain_covariate(&x, (size_t)covariate);
    else
        return no_such_name(call, model, name, err);
    if (status) {
        json_decref(x.json);
        return status;
    }
    reply->text = x.text;
    reply->json = x.json;
    return RAC_OK;
}
