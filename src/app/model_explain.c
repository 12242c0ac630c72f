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

/* "84 L/h"; a pure number stands alone. */
static char *with_unit(const explanation *x, double value)
{
    const bool pure = strcmp(x->about.unit, "1") == 0;
    return rac_format(x->call->arena, "%.4g%s%s", value, pure ? "" : " ", pure ? "" : x->about.unit);
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
        add(x, "%s (the range studied)\n",
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
        add(x, "  between %-6s %s, %s %.3g%s, 90 %% from %.4g to %s%s%s%s\n", d->occasion ? "days" : "people",
            rac_deviation_name(d->kind), log_normal ? "cv" : "sd",
            log_normal ? 100 * rac_deviation_cv(d->sd) : d->sd, log_normal ? " %" : "", low,
            with_unit(x, high), d->note[0] ? " (" : "", d->note, d->note[0] ? ")" : "");
        json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:f, s:f, s:s}", "level",
                                              d->occasion ? "occasion" : "subject", "distribution",
                                              rac_deviation_name(d->kind), "sd", d->sd, "p05", low, "p95",
                                              high, "note", d->note));
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

static const char *const tiers[][2] = {{"A", "read in the publication or a label"},
                                       {"B", "read in a model library or review that names the table"},
                                       {"C", "read in other software or digitised from a figure"}};

static void explain_source(explanation *x)
{
    const rac_model_about *about = rac_model_describe(x->model);
    json_t *sources = json_array();
    if (x->about.source[0]) {
        add(x, "  source        %s\n", x->about.source);
        json_array_append_new(sources, json_string(x->about.source));
    }
    for (size_t i = 0; !x->about.source[0] && i < about->source_count; i++) {
        add(x, "  file's source %s\n", about->sources[i]);
        json_array_append_new(sources, json_string(about->sources[i]));
    }
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
        if (strcmp(x->about.tier, tiers[i][0]) == 0)
            add(x, "  trust         %s: %s\n", tiers[i][0], tiers[i][1]);
    if (x->about.note[0])
        add(x, "  note          %s\n", x->about.note);
    json_object_set_new(x->json, "sources", sources);
    json_object_set_new(x->json, "tier", json_string(x->about.tier));
    json_object_set_new(x->json, "note", json_string(x->about.note));
}

static rac_status find(rac_call *call, const rac_model *model, int *parameter, rac_error *err)
{
    const char *name = rac_call_value(call, "parameter");
    *parameter = rac_model_find_parameter(model, name);
    if (*parameter >= 0)
        return RAC_OK;
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

RAC_DO(rac_do_model_explain)
{
    rac_model *model = NULL;
    double *covariates;
    char *who;
    explanation explanation_ = {.call = call}, *x = &explanation_;
    rac_status status;
    if ((status = rac_app_model_argument(call, "file", &model, reply, err)) ||
        (status = find(call, model, &x->parameter, err)) ||
        (status = rac_app_typical(call, model, &covariates, &who, err)))
        return status;
    x->model = model;
    x->covariates = covariates;
    rac_model_explain(call->arena, model, x->parameter, &x->about);
    x->text = rac_format(call->arena, "%s of %s, in %s\n", x->about.name, rac_model_describe(model)->name,
                         strcmp(x->about.unit, "1") == 0 ? "no unit" : x->about.unit);
    x->json = json_pack("{s:s, s:s, s:s, s:s?}", "model", rac_model_describe(model)->name, "parameter",
                        x->about.name, "unit", x->about.unit, "expression", x->about.expression);
    const bool ready = rac_model_check_ready(model, NULL) == RAC_OK;
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
    if (status) {
        json_decref(x->json);
        return status;
    }
    reply->text = x->text;
    reply->json = x->json;
    return RAC_OK;
}
