/* A plan as several models see it together: one of them is right, and nobody knows which.
 *
 * Without samples the models weigh the same and speak of people of this weight.  With a table of the
 * patient's doses and samples (of earlier infusions) each is fitted to them; its weight is exp(-objective /
 * 2) over the sum of these (Uster 2021, doi:10.1002/cpt.2065: app/simulate_average.c), and it speaks of the
 * patients its samples leave possible, in an occasion that has not been yet.  Of either the quantiles of the
 * mixture are shown (racemate/pharma/mixture.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/fit.h"
#include "app/predict.h"

static const double shown[] = {0.05, 0.5, 0.95};
enum { SHOWN = sizeof shown / sizeof *shown };

typedef struct voice {
    rac_predict_question q;
    const char *name;
    double weight, objective;
    const double *etas; /* subjects x etas: of the patient; NULL: people */
    size_t subjects, kept;
    double *values; /* times x subjects; those with an answer first */
    rac_events events;
} voice;

/* ---- the patient's samples ---- */

static rac_status fit_voice(rac_call *call, voice *v, rac_reply *reply, rac_error *err)
{
    rac_status status = rac_app_events_argument(call, v->q.model, &v->events, reply, err);
    if (status)
        return status;
    if (v->events.count != 1) {
        rac_fail(err, RAC_INVALID, "the table has %zu subjects: a plan is of one patient", v->events.count);
        rac_error_hint(err, "give a table of this patient alone");
        return RAC_INVALID;
    }
    rac_app_fit fit = {0};
    const rac_fit_draw_options options = {.seed = rac_predict_seed};
    rac_app_fit_subject(call->arena, v->q.model, &v->events.subjects[0], &options, false, &fit);
    if (fit.error.status) {
        *err = fit.error;
        return rac_fail(err, fit.error.status, "%s: %s", v->name,
                        rac_string_copy(call->arena, fit.error.message));
    }
    v->objective = fit.fit.objective;
    v->etas = fit.draws.next_etas;
    v->subjects = fit.draws.kept;
    return RAC_OK;
}

/* A sample must mean the same in every model, and something must have been measured. */
static rac_status check_samples(const voice *voices, size_t count, rac_error *err)
{
    const rac_events_subject *first = &voices[0].events.subjects[0];
    size_t measured = 0;
    for (size_t s = 0; s < first->sample_count; s++) {
        measured += first->samples[s].measured;
        const char *there = rac_model_output_name(voices[0].q.model, (size_t)first->samples[s].output);
        for (size_t m = 1; m < count; m++) {
            const rac_sample *sample = &voices[m].events.subjects[0].samples[s];
            const char *here = rac_model_output_name(voices[m].q.model, (size_t)sample->output);
            if (strcmp(here, there) != 0)
                return rac_fail(err, RAC_INVALID, "row %zu of the table is %s in '%s' and %s in '%s'",
                                sample->row, there, voices[0].name, here, voices[m].name);
        }
    }
    if (measured)
        return RAC_OK;
    return rac_fail(err, RAC_INVALID,
                    "the table has no measured sample: there is nothing to weigh the models by");
}

static void weigh(voice *voices, size_t count, bool by_samples)
{
    double best = INFINITY, sum = 0;
    for (size_t m = 0; m < count; m++)
        best = fmin(best, voices[m].objective);
    for (size_t m = 0; m < count; m++)
        sum += voices[m].weight = by_samples ? exp(-(voices[m].objective - best) / 2) : 1;
    for (size_t m = 0; m < count; m++)
        voices[m].weight /= sum;
}

/* ---- the curves ---- */

static void take(void *context, const rac_population_tile *tile)
{
    voice *v = context;
    for (int lane = 0; lane < tile->subjects; lane++) {
        if (tile->failed >> lane & 1)
            continue;
        for (size_t t = 0; t < tile->times; t++)
            v->values[t * v->subjects + v->kept] =
                tile->values[(t * tile->outputs + v->q.output) * RAC_TILE + (size_t)lane];
        v->kept++;
    }
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static rac_status speak(rac_arena *arena, voice *v, const double *times_h, size_t times, rac_error *err)
{
    double *covariates = v->q.covariates;
    for (size_t i = 0; i < rac_model_covariates(v->q.model); i++) {
        const rac_covariate *c = rac_model_covariate(v->q.model, i);
        if (isnan(covariates[i]) && !c->has_fallback)
            return rac_fail(err, RAC_INVALID, "the model '%s' needs the covariate %s", v->name, c->name);
        covariates[i] = isnan(covariates[i]) ? c->fallback : covariates[i];
    }
    size_t failed = 0;
    v->subjects = v->etas ? v->subjects : rac_predict_subjects;
    v->values = rac_many(arena, double, times * v->subjects);
    const rac_population population = {.model = v->q.model,
                                       .seed = rac_predict_seed,
                                       .subjects = v->subjects,
                                       .regimen = &v->q.regimen,
                                       .times_h = times_h,
                                       .times = times,
                                       .constants = covariates,
                                       .etas = v->etas};
    rac_status status = rac_population_run(arena, &population, take, v, &failed, err);
    if (!status && !v->kept)
        status = rac_fail(err, RAC_NOT_CONVERGED, "the model '%s' has no finite answer", v->name);
    for (size_t t = 0; t < times && !status; t++)
        qsort(v->values + t * v->subjects, v->kept, sizeof(double), ascending);
    return status;
}

/* Median and middle 90 % in ng/mL at one time: of one model (`only`), or of all. */
static void quantiles_at(const voice *voices, size_t count, size_t time, int only, double *out)
{
    rac_mixture_part parts[RAC_PREDICT_MODELS];
    for (size_t m = 0; m < count; m++)
        parts[m] = (rac_mixture_part){.weight = only < 0 ? voices[m].weight : (int)m == only,
                                      .sorted = voices[m].values + time * voices[m].subjects,
                                      .count = voices[m].kept};
    for (size_t q = 0; q < SHOWN; q++)
        out[q] = 1000 * rac_mixture_quantile(parts, count, shown[q]);
}

/* ---- told ---- */

static char *cell(rac_arena *arena, const double *ng_per_ml)
{
    if (!(ng_per_ml[0] < ng_per_ml[2])) /* no differences between people are known to the model */
        return rac_format(arena, "%.0f", ng_per_ml[1]);
    return rac_format(arena, "%.0f (%.0f to %.0f)", ng_per_ml[1], ng_per_ml[0], ng_per_ml[2]);
}

static json_t *quantiles_json(const double *ng_per_ml)
{
    return json_pack("{s:f, s:f, s:f}", "p05_ng_per_ml", ng_per_ml[0], "p50_ng_per_ml", ng_per_ml[1],
                     "p95_ng_per_ml", ng_per_ml[2]);
}

static char *write(rac_arena *arena, const voice *voices, size_t count, const rac_predict_outlook *o,
                   bool by_samples, json_t **json)
{
    enum { WIDE = 22 };
    json_t *rows = json_array(), *models = json_array();
    char *lines =
        rac_format(arena, "\nPredicted ketamine %s, not measured, ng/mL: median (middle 90 %%)\n         ",
                   by_samples ? "of this patient by earlier samples" : "in people of this weight");
    for (size_t m = 0; m < count; m++)
        lines = rac_format(arena, "%s  %-*s", lines, WIDE,
                           rac_format(arena, "%s %.2f", voices[m].name, voices[m].weight));
    lines = rac_format(arena, "%s  average", lines);
    for (size_t t = 0; t < o->count; t++) {
        double of[SHOWN];
        json_t *each = json_object();
        lines = rac_format(arena, "%s\n%5.0f min", lines, o->rows[t].min);
        for (size_t m = 0; m < count; m++) {
            quantiles_at(voices, count, t, (int)m, of);
            lines = rac_format(arena, "%s  %-*s", lines, WIDE, cell(arena, of));
            json_object_set_new(each, voices[m].name, quantiles_json(of));
        }
        quantiles_at(voices, count, t, -1, of);
        lines = rac_format(arena, "%s  %-*s%s", lines, o->rows[t].remark[0] ? WIDE : 0, cell(arena, of),
                           o->rows[t].remark);
        json_t *row = quantiles_json(of);
        json_object_set_new(row, "min", json_real(o->rows[t].min));
        json_object_set_new(row, "remark", json_string(o->rows[t].remark));
        json_object_set_new(row, "models", each);
        json_array_append_new(rows, row);
    }
    for (size_t m = 0; m < count; m++) {
        const rac_model_about *about = rac_model_describe(voices[m].q.model);
        lines =
            rac_format(arena, "%s\n  %s: %s; %s", lines, voices[m].name, about->sampling, about->sources[0]);
        for (size_t i = 1; i < about->source_count; i++)
            lines = rac_format(arena, "%s; %s", lines, about->sources[i]);
        json_t *one = json_pack("{s:s, s:f, s:s, s:i}", "model", voices[m].name, "weight", voices[m].weight,
                                "sampling", about->sampling, "subjects", (int)voices[m].subjects);
        if (by_samples)
            json_object_set_new(one, "objective", json_real(voices[m].objective));
        json_array_append_new(models, one);
    }
    *json =
        json_pack("{s:s, s:o, s:o}", "by", by_samples ? "samples" : "people", "models", models, "rows", rows);
    return rac_format(
        arena,
        "%s\n  average: the mixture of the models by these weights; %s.\n  Nobody knows which model is "
        "right; none recommends anything.\n",
        lines,
        by_samples ? "exp(-objective / 2), Uster 2021, doi:10.1002/cpt.2065"
                   : "equal, as nothing is known of this patient");
}

rac_status rac_app_predict_average(rac_call *call, const rac_plan *plan, const char *names, rac_reply *reply,
                                   json_t *into, char **text, rac_error *err)
{
    voice voices[RAC_PREDICT_MODELS] = {0};
    const bool by_samples = rac_call_value(call, "data") != NULL;
    size_t count = 0;
    rac_status status = RAC_OK;
    for (rac_text rest = rac_text_of(names), part; rest.data && !status;) {
        part = rac_text_trim(rac_text_split(rest, ',', &rest));
        if (count == RAC_PREDICT_MODELS)
            return rac_fail(err, RAC_LIMIT, "more than %d models", RAC_PREDICT_MODELS);
        voice *v = &voices[count++];
        status = rac_predict_ask(call->arena, plan, part, &v->q, err);
        v->name = status ? "" : rac_model_describe(v->q.model)->name;
        if (!status && by_samples)
            status = fit_voice(call, v, reply, err);
    }
    if (!status && by_samples)
        status = check_samples(voices, count, err);
    if (status)
        return status;
    const rac_predict_outlook o = rac_predict_moments(voices[0].q.end_min, -1);
    double times_h[RAC_PREDICT_ROWS];
    for (size_t i = 0; i < o.count; i++)
        times_h[i] = o.rows[i].min / 60;
    for (size_t m = 0; m < count && !status; m++)
        status = speak(call->arena, &voices[m], times_h, o.count, err);
    if (status)
        return status;
    weigh(voices, count, by_samples);
    json_t *json = NULL;
    *text = write(call->arena, voices, count, &o, by_samples, &json);
    if (json_is_object(into))
        json_object_set_new(into, "average", json);
    else
        json_decref(json);
    return RAC_OK;
}
