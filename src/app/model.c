/* Published models: which there are, what is wrong with a file, what one says of a subject. */
#include <math.h>
#include <string.h>

#include "app/internal.h"
#include "base/units.h"
#include "racemate/pharma.h"

rac_status rac_app_model_argument(rac_call *call, const char *argument, rac_model **model, rac_reply *reply,
                                  rac_error *err)
{
    rac_problems problems = rac_problems_init(call->arena);
    const char *name;
    const rac_text bytes = rac_call_file(call, argument, &name);
    const rac_status status = rac_model_read(call->arena, bytes, name, model, &problems);
    if (!status)
        return RAC_OK;
    reply->text = rac_app_problems_text(call, &problems);
    reply->json = json_pack("{s:o}", "problems", rac_app_problems_json(&problems));
    return rac_fail(err, status, "%s has %zu problem%s", name, problems.count,
                    problems.count == 1 ? "" : "s");
}

rac_status rac_app_subject(rac_call *call, const rac_model *model, double **covariates, rac_error *err)
{
    const char *typed = rac_call_value(call, "weight");
    double weight_kg = NAN;
    rac_quantity quantity;
    rac_status status = RAC_OK;
    if (typed && ((status = rac_quantity_parse(rac_text_of(typed), &quantity, err)) ||
                  (status = rac_quantity_in(quantity, rac_unit_of("kg"), &weight_kg, err))))
        return status;
    if (typed && !(weight_kg > 0))
        return rac_fail(err, RAC_INVALID, "a weight of %g kg is not possible", weight_kg);
    *covariates = rac_many(call->arena, double, rac_model_covariates(model));
    for (size_t i = 0; i < rac_model_covariates(model); i++)
        (*covariates)[i] = strcmp(rac_model_covariate(model, i)->name, "weight") == 0 ? weight_kg : NAN;
    return RAC_OK;
}

rac_status rac_app_typical(rac_call *call, const rac_model *model, double **covariates, char **words,
                           rac_error *err)
{
    const rac_status status = rac_app_subject(call, model, covariates, err);
    *words = rac_string_copy(call->arena, "");
    for (size_t i = 0; !status && i < rac_model_covariates(model); i++) {
        const rac_covariate *c = rac_model_covariate(model, i);
        double *value = &(*covariates)[i];
        if (isnan(*value))
            *value = c->has_fallback                  ? c->fallback
                     : strcmp(c->name, "weight") == 0 ? 70
                                                      : (c->low + c->high) / 2;
        const rac_quantity shown = rac_quantity_from_base(*value, rac_unit_of(c->unit));
        const bool pure = strcmp(c->unit, "1") == 0;
        *words = rac_format(call->arena, "%s%s%s %g%s%s", *words, i ? ", " : "", c->name, shown.value,
                            pure ? "" : " ", pure ? "" : c->unit);
    }
    return status;
}

char *rac_app_outside(rac_arena *arena, const rac_model *model, const double *covariates)
{
    char *text = rac_string_copy(arena, "");
    for (size_t i = 0; i < rac_model_covariates(model); i++) {
        const rac_covariate *c = rac_model_covariate(model, i);
        const rac_unit unit = rac_unit_of(c->unit);
        if (!(covariates[i] < c->low || covariates[i] > c->high))
            continue;
        text = rac_format(arena, "%s%s%s %g %s, studied %g to %g %s", text, text[0] ? "; " : "", c->name,
                          rac_quantity_from_base(covariates[i], unit).value, c->unit,
                          rac_quantity_from_base(c->low, unit).value,
                          rac_quantity_from_base(c->high, unit).value, c->unit);
    }
    return text;
}

/* ---- what a file says of itself ---- */

static json_t *strings(const char *const *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(items[i]));
    return list;
}

/* "intravenous, film", "ketamine, norketamine". */
static char *names(rac_arena *arena, const rac_model *model, size_t count,
                   const char *(*name)(const rac_model *, size_t))
{
    char *all = rac_string_copy(arena, "");
    for (size_t i = 0; i < count; i++)
        all = rac_format(arena, "%s%s%s", all, i ? ", " : "", name(model, i));
    return all;
}

static bool can_be_fitted(const rac_model *model)
{
    bool error = false;
    for (size_t o = 0; o < rac_model_outputs(model); o++)
        error |= rac_model_output_has_error(model, o);
    return error && rac_model_etas(model) > 0;
}

RAC_DO(rac_do_model_list)
{
    const char **files;
    size_t count;
    const rac_status status = rac_app_list_data(call->arena, "models", ".yaml", &files, &count, err);
    if (status)
        return status;
    char *text = rac_string_copy(call->arena, "");
    reply->json = json_array();
    for (size_t i = 0; i < count; i++) {
        rac_problems problems = rac_problems_init(call->arena);
        rac_model *model = NULL;
        rac_text bytes;
        rac_error fault = {0};
        if (!rac_app_read_data(call->arena, "models", files[i], &bytes, &fault) &&
            rac_model_read(call->arena, bytes, files[i], &model, &problems))
            fault = problems.items[0];
        if (!model) { /* one bad file among many is told, and hides no other */
            text =
                rac_format(call->arena, "%smodels/%-27s cannot be used: %s\n", text, files[i], fault.message);
            json_array_append_new(reply->json,
                                  json_pack("{s:s, s:s}", "file", files[i], "problem", fault.message));
            continue;
        }
        const rac_model_about *about = rac_model_describe(model);
        const bool ready = rac_model_check_ready(model, NULL) == RAC_OK;
        const char *routes = names(call->arena, model, rac_model_routes(model), rac_model_route_name),
                   *outputs = names(call->arena, model, rac_model_outputs(model), rac_model_output_name);
        const bool people = rac_model_etas(model) > 0, fits = can_be_fitted(model);
        text = rac_format(call->arena, "%smodels/%-27s %s%s\n%34s %s; %s\n%34s by %s: %s\n", text, files[i],
                          about->title, ready ? "" : " [values unknown: does not run]", "", about->sampling,
                          about->population, "", routes, outputs);
        if (ready && !(people && fits))
            text = rac_format(call->arena, "%s%34s %s\n", text, "",
                              people ? "no error of a measurement is known: cannot be fitted to samples"
                                     : "a typical curve: no differences between people are known");
        json_array_append_new(reply->json,
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:b, s:b, s:o}", "file",
                                        files[i], "model", about->name, "title", about->title, "sampling",
                                        about->sampling, "population", about->population, "ready", ready,
                                        "routes", routes, "outputs", outputs, "varies", people, "fits", fits,
                                        "sources", strings(about->sources, about->source_count)));
    }
    reply->text = rac_format(call->arena, "%sA name is enough: racemate model show racemic-venous\n", text);
    return RAC_OK;
}

RAC_DO(rac_do_model_check)
{
    rac_model *model = NULL;
    const rac_status status = rac_app_model_argument(call, "file", &model, reply, err);
    if (status)
        return status;
    rac_error open = {0};
    const bool ready = rac_model_check_ready(model, &open) == RAC_OK;
    const char *name = rac_model_describe(model)->name;
    rac_problems unsourced = rac_problems_init(call->arena);
    const size_t count = rac_model_check_sources(model, &unsourced);
    reply->text =
        ready ? rac_format(call->arena, "%s: no problems.\n", name)
              : rac_format(call->arena, "%s: no problems, but it does not run: %s\n", name, open.message);
    if (count)
        reply->text = rac_format(
            call->arena, "%s%s%zu number%s nobody can trace, which is no fault of a file for oneself:\n",
            reply->text, rac_app_problems_text(call, &unsourced), count, count == 1 ? "" : "s");
    else
        reply->text = rac_format(call->arena, "%sEvery number has its source.\n", reply->text);
    reply->json = json_pack("{s:s, s:b, s:s, s:o}", "model", name, "ready", ready, "open", open.message,
                            "unsourced", rac_app_problems_json(&unsourced));
    return RAC_OK;
}

/* Parameters of the typical subject: at --weight, other covariates as rac_app_typical fills them in. */
static char *parameters_text(rac_call *call, const rac_model *model, json_t *json, char *text)
{
    double *covariates, *values = rac_many(call->arena, double, rac_model_parameters(model));
    char *who;
    rac_error err = {0};
    rac_status status = rac_app_typical(call, model, &covariates, &who, &err);
    if (!status)
        status = rac_model_evaluate(call->arena, model, covariates, NULL, values, NULL, &err);
    if (status)
        return rac_format(call->arena, "%sParameters are not shown: %s\n", text, err.message);
    text = rac_format(
        call->arena,
        "%sParameters of the typical subject (%s); where each comes from: racemate model explain %s\n", text,
        who[0] ? who : "no covariates", rac_model_describe(model)->name);
    for (size_t i = 0; i < rac_model_parameters(model); i++) {
        const char *name = rac_model_parameter_name(model, i);
        rac_parameter_about about;
        rac_model_explain(call->arena, model, (int)i, &about);
        text = rac_format(call->arena, "%s  %-10s %.6g%s%s\n", text, name, values[i],
                          strcmp(about.unit, "1") ? " " : "", strcmp(about.unit, "1") ? about.unit : "");
        json_object_set_new(json, name, json_real(values[i]));
    }
    return text;
}

RAC_DO(rac_do_model_show)
{
    rac_model *model = NULL;
    char *with;
    rac_status status = rac_app_model_argument(call, "file", &model, reply, err);
    if (status || (status = rac_app_with(call, NULL, &model, &with, err)))
        return status;
    const rac_model_about *about = rac_model_describe(model);
    json_t *parameters = json_object();
    char *text =
        rac_format(call->arena, "%s\n%s\n  a dose is of  %s\n  sampled       %s\n  people        %s\n",
                   about->name, about->title, about->substance, about->sampling, about->population);
    for (size_t i = 0; i < about->source_count; i++)
        text = rac_format(call->arena, "%s  source        %s\n", text, about->sources[i]);
    for (size_t i = 0; i < about->note_count; i++)
        text = rac_format(call->arena, "%s  note          %s\n", text, about->notes[i]);
    for (size_t i = 0; i < rac_model_covariates(model); i++) {
        const rac_covariate *c = rac_model_covariate(model, i);
        const rac_unit unit = rac_unit_of(c->unit);
        text = rac_format(call->arena, "%s  covariate     %s, %g to %g%s%s\n", text, c->name,
                          rac_quantity_from_base(c->low, unit).value,
                          rac_quantity_from_base(c->high, unit).value, strcmp(c->unit, "1") ? " " : "",
                          strcmp(c->unit, "1") ? c->unit : "");
    }
    for (size_t i = 0; i < rac_model_routes(model); i++)
        text = rac_format(call->arena, "%s  route         %s\n", text, rac_model_route_name(model, i));
    for (size_t i = 0; i < rac_model_outputs(model); i++)
        text = rac_format(call->arena, "%s  output        %s\n", text, rac_model_output_name(model, i));
    reply->json = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "model", about->name, "title",
                            about->title, "substance", about->substance, "sampling", about->sampling,
                            "sources", strings(about->sources, about->source_count), "notes",
                            strings(about->notes, about->note_count), "parameters", parameters);
    const char *modifiers = rac_app_modifiers_text(call->arena, model, reply->json),
               *interactions = rac_app_interactions_text(call->arena, model, -1, reply->json);
    text = rac_format(call->arena, "%s%s%s%s", text, modifiers, interactions, with);
    reply->text = parameters_text(call, model, parameters, text);
    return RAC_OK;
}
