/* Several models of one patient, weighed by how well each fits the samples.
 *
 * Every model is fitted to the samples by itself (racemate/pharma/fit.h: O is -2 log posterior at the mode,
 * up to a constant that is the same for every model).  With the same belief in each beforehand,
 *
 *     weight of m = exp(-O_m / 2) / sum over models of exp(-O / 2)
 *
 * and what is predicted is the weighted mean of their curves: Uster et al. 2021, Clin Pharmacol Ther,
 * doi:10.1002/cpt.2065, the scheme "LL" of mapbayr's model_averaging.  A model whose fit did not converge has
 * weight 0 and is named.  Weights compare the models given; they do not say that any of them is right. */
#include <math.h>
#include <string.h>

#include "app/simulate.h"
#include "base/figure.h"
#include "link/svg.h"

typedef struct fitted {
    rac_fit fit;
    double weight;
    const double *curve; /* outputs x times, of the model */
    const char *missing; /* why there is no fit; NULL */
} fitted;

typedef struct average {
    rac_sim *sim;
    rac_reply *reply;
    size_t shared;               /* outputs that every model has, in the same unit */
    int *output[RAC_SIM_MODELS]; /* by model: shared */
    char *text;
    json_t *subjects;
} average;

static const char *shared_name(const average *a, size_t o)
{
    return rac_model_output_name(a->sim->arms[0].model, (size_t)a->output[0][o]);
}

static const char *shared_unit(const average *a, size_t o)
{
    return rac_model_output_unit(a->sim->arms[0].model, (size_t)a->output[0][o]);
}

/* ---- which outputs are shared ---- */

static rac_status find_shared(average *a, rac_error *err)
{
    const rac_sim_arm *first = &a->sim->arms[0];
    for (size_t m = 0; m < a->sim->arm_count; m++)
        a->output[m] = rac_many(a->sim->arena, int, first->output_count);
    for (size_t i = 0; i < first->output_count; i++) {
        const size_t o = (size_t)first->outputs[i];
        const char *name = rac_model_output_name(first->model, o);
        bool everywhere = true;
        for (size_t m = 0; m < a->sim->arm_count && everywhere; m++) {
            const rac_model *model = a->sim->arms[m].model;
            const int at = rac_model_find_output(model, name);
            everywhere = at >= 0 && !strcmp(rac_model_output_unit(model, (size_t)at),
                                            rac_model_output_unit(first->model, o));
            a->output[m][a->shared] = at;
        }
        a->shared += everywhere;
    }
    if (a->shared)
        return RAC_OK;
    return rac_fail(err, RAC_INVALID, "no output of '%s' is in every model: nothing can be averaged",
                    first->about->name);
}

/* A sample must mean the same in every model: CMT counts the outputs of each. */
static rac_status check_samples(const average *a, rac_error *err)
{
    size_t measured = 0;
    for (size_t m = 0; m < a->sim->arm_count; m++)
        for (size_t g = 0; g < a->sim->arms[m].group_count; g++) {
            const rac_sim_group *one = &a->sim->arms[m].groups[g], *first = &a->sim->arms[0].groups[g];
            for (size_t s = 0; s < one->sample_count; s++) {
                if (!one->samples[s].measured)
                    continue;
                measured++;
                const char *here =
                    rac_model_output_name(a->sim->arms[m].model, (size_t)one->samples[s].output);
                const char *there =
                    rac_model_output_name(a->sim->arms[0].model, (size_t)first->samples[s].output);
                if (strcmp(here, there) != 0)
                    return rac_fail(err, RAC_INVALID, "row %zu of the table is %s in '%s' and %s in '%s'",
                                    one->samples[s].row, there, a->sim->arms[0].about->name, here,
                                    a->sim->arms[m].about->name);
            }
        }
    if (measured)
        return RAC_OK;
    rac_fail(err, RAC_INVALID, "the table has no measured sample: there is nothing to weigh the models by");
    rac_error_hint(err, "a sample is a row with EVID 0 and its value in DV");
    return RAC_INVALID;
}

/* ---- one subject ---- */

static void keep_curve(void *context, const rac_population_tile *tile)
{
    double *values = context;
    for (size_t t = 0; t < tile->times; t++)
        for (size_t o = 0; o < tile->outputs; o++)
            values[o * tile->times + t] = tile->values[(t * tile->outputs + o) * RAC_TILE];
}

static rac_status fit_one(const rac_sim *sim, const rac_sim_arm *arm, const rac_sim_group *group, fitted *f,
                          rac_error *err)
{
    const rac_fit_request request = {.regimen = &group->regimen,
                                     .samples = group->samples,
                                     .sample_count = group->sample_count,
                                     .epochs = group->epochs,
                                     .epoch_h = group->epoch_h,
                                     .occasion = group->occasion,
                                     .constants = group->constants};
    rac_error own = {0};
    rac_status status = rac_pharma_fit(sim->arena, arm->model, &request, &f->fit, &own);
    if (status == RAC_NOT_CONVERGED || (!status && !f->fit.converged)) {
        f->missing = status ? rac_string_copy(sim->arena, own.message) : "its fit did not converge";
        return RAC_OK;
    }
    if (status) {
        if (err)
            *err = own;
        return status;
    }
    double *curve = rac_many(sim->arena, double, rac_model_outputs(arm->model) * sim->times);
    const rac_population population = {.model = arm->model,
                                       .subjects = 1,
                                       .regimen = &group->regimen,
                                       .times_h = sim->times_h,
                                       .times = sim->times,
                                       .epochs = group->epochs,
                                       .epoch_h = group->epoch_h,
                                       .occasion = group->occasion,
                                       .constants = group->constants,
                                       .etas = f->fit.etas};
    size_t failed = 0;
    status = rac_population_run(sim->arena, &population, keep_curve, curve, &failed, err);
    if (!status && failed)
        f->missing = "it has no finite curve for this patient";
    f->curve = curve;
    return status;
}

/* Weights add up to 1; the best objective is taken off first, so that no exponential overflows. */
static rac_status weigh(fitted *models, size_t count, double id, rac_error *err)
{
    double best = INFINITY, sum = 0;
    for (size_t m = 0; m < count; m++)
        if (!models[m].missing)
            best = fmin(best, models[m].fit.objective);
    if (!isfinite(best))
        return rac_fail(err, RAC_NOT_CONVERGED, "no model could be fitted to subject %g", id);
    for (size_t m = 0; m < count; m++)
        sum += models[m].weight = models[m].missing ? 0 : exp(-(models[m].fit.objective - best) / 2);
    for (size_t m = 0; m < count; m++)
        models[m].weight /= sum;
    return RAC_OK;
}

static double mean_at(const average *a, const fitted *models, size_t o, size_t t)
{
    double sum = 0;
    for (size_t m = 0; m < a->sim->arm_count; m++)
        if (models[m].weight > 0)
            sum += models[m].weight * models[m].curve[(size_t)a->output[m][o] * a->sim->times + t];
    return sum;
}

static double *mean_curve(const average *a, const fitted *models, size_t o)
{
    double *mean = rac_many(a->sim->arena, double, a->sim->times);
    for (size_t t = 0; t < a->sim->times; t++)
        mean[t] = mean_at(a, models, o, t);
    return mean;
}

/* ---- told ---- */

static double sample_mean(const average *a, const fitted *models, size_t s)
{
    double sum = 0;
    for (size_t m = 0; m < a->sim->arm_count; m++)
        if (models[m].weight > 0)
            sum += models[m].weight * models[m].fit.predicted[s];
    return sum;
}

static json_t *samples_json(const average *a, const rac_sim_group *group, const fitted *models)
{
    json_t *list = json_array();
    for (size_t s = 0; s < group->sample_count; s++) {
        const rac_sample *sample = &group->samples[s];
        if (sample->measured)
            json_array_append_new(
                list,
                json_pack("{s:f, s:s, s:f, s:b, s:f}", "time_h", sample->time_h, "output",
                          rac_model_output_name(a->sim->arms[0].model, (size_t)sample->output), "measured",
                          sample->value, "below", sample->below, "average", sample_mean(a, models, s)));
    }
    return list;
}

static json_t *curve_json(const average *a, const fitted *models, size_t o)
{
    const rac_sim *sim = a->sim;
    const double *mean = mean_curve(a, models, o);
    json_t *rows = json_array();
    const rac_sim_exposure e = rac_sim_expose(sim->times_h, sim->times, mean, 1);
    for (size_t t = 0; t < sim->times; t++) {
        json_t *each = json_object();
        for (size_t m = 0; m < sim->arm_count; m++)
            if (!models[m].missing)
                json_object_set_new(each, sim->arms[m].about->name,
                                    json_real(models[m].curve[(size_t)a->output[m][o] * sim->times + t]));
        json_array_append_new(rows, json_pack("{s:f, s:f, s:o}", "time_h", sim->times_h[t], "average",
                                              mean[t], "models", each));
    }
    return json_pack("{s:s, s:s, s:f, s:f, s:f, s:o}", "output", shared_name(a, o), "unit", shared_unit(a, o),
                     "highest", e.highest, "at_h", e.at_h, "area_h", e.area, "rows", rows);
}

static json_t *weights_json(const average *a, const fitted *models)
{
    json_t *list = json_array();
    for (size_t m = 0; m < a->sim->arm_count; m++) {
        json_t *one =
            json_pack("{s:s, s:f}", "model", a->sim->arms[m].about->name, "weight", models[m].weight);
        if (models[m].missing)
            json_object_set_new(one, "missing", json_string(models[m].missing));
        else
            json_object_set_new(one, "objective", json_real(models[m].fit.objective));
        json_array_append_new(list, one);
    }
    return list;
}

static void tell_text(average *a, const rac_sim_group *group, const fitted *models)
{
    rac_arena *arena = a->sim->arena;
    char *text = rac_format(arena, "%sSubject %g\n", a->text, group->id);
    for (size_t m = 0; m < a->sim->arm_count; m++)
        text = models[m].missing
                   ? rac_format(arena, "%s  %-24s weight 0: %s\n", text, a->sim->arms[m].about->name,
                                models[m].missing)
                   : rac_format(arena, "%s  %-24s weight %.3f  (objective %.2f)\n", text,
                                a->sim->arms[m].about->name, models[m].weight, models[m].fit.objective);
    const rac_sim_clock clock = rac_sim_clock_for(a->sim->times_h[a->sim->times - 1]);
    for (size_t s = 0; s < group->sample_count; s++) {
        const rac_sample *sample = &group->samples[s];
        const rac_model *model = a->sim->arms[0].model;
        const rac_sim_reading reading =
            rac_sim_read_unit(arena, rac_model_output_unit(model, (size_t)sample->output));
        if (sample->measured)
            text = rac_format(
                arena, "%s  %8s %s  %-14s measured %s%s, predicted %s %s\n", text,
                rac_sim_digits(arena, sample->time_h * clock.per_h), clock.unit,
                rac_model_output_name(model, (size_t)sample->output), sample->below ? "below " : "",
                rac_sim_digits(arena, sample->value * reading.factor),
                rac_sim_digits(arena, sample_mean(a, models, s) * reading.factor), reading.unit);
    }
    for (size_t o = 0; o < a->shared; o++) {
        const rac_sim_exposure e =
            rac_sim_expose(a->sim->times_h, a->sim->times, mean_curve(a, models, o), 1);
        const rac_sim_reading reading = rac_sim_read_unit(arena, shared_unit(a, o));
        text = rac_format(arena, "%s  %s: highest %s %s at %s %s, area %s %s\n", text, shared_name(a, o),
                          rac_sim_digits(arena, e.highest * reading.factor), reading.unit,
                          rac_sim_digits(arena, e.at_h * clock.per_h), clock.unit,
                          rac_sim_digits(arena, e.area * reading.factor), reading.area_unit);
    }
    a->text = text;
}

static void tell(average *a, const rac_sim_group *group, const fitted *models)
{
    json_t *outputs = json_array();
    for (size_t o = 0; o < a->shared; o++)
        json_array_append_new(outputs, curve_json(a, models, o));
    json_array_append_new(a->subjects, json_pack("{s:f, s:o, s:o, s:o}", "id", group->id, "weights",
                                                 weights_json(a, models), "samples",
                                                 samples_json(a, group, models), "outputs", outputs));
    tell_text(a, group, models);
}

/* ---- files ---- */

static void write_curve(const average *a, rac_csv_writer *csv, const char *model, double id, size_t o,
                        const double *values)
{
    for (size_t t = 0; t < a->sim->times; t++) {
        rac_csv_write_string(csv, model);
        rac_csv_write_number(csv, id);
        rac_csv_write_number(csv, a->sim->times_h[t]);
        rac_csv_write_string(csv, shared_name(a, o));
        rac_csv_write_number(csv, values[t]);
        rac_csv_write_string(csv, shared_unit(a, o));
        rac_csv_end_row(csv);
    }
}

static rac_status write_rows(const average *a, rac_csv_writer *csv, const rac_sim_group *group,
                             const fitted *models, rac_error *err)
{
    rac_text bytes;
    if (!rac_call_value(a->sim->call, "out"))
        return RAC_OK;
    for (size_t o = 0; o < a->shared; o++) {
        write_curve(a, csv, "average", group->id, o, mean_curve(a, models, o));
        for (size_t m = 0; m < a->sim->arm_count; m++)
            if (!models[m].missing)
                write_curve(a, csv, a->sim->arms[m].about->name, group->id, o,
                            models[m].curve + (size_t)a->output[m][o] * a->sim->times);
    }
    const rac_status status = rac_csv_written(csv, &bytes, err);
    return status ? status : rac_call_write(a->sim->call, "out", bytes.data, bytes.size, err);
}

static void add_line(rac_figure *figure, const average *a, const char *name, const double *x,
                     const double *values, double factor, int style, double width)
{
    double *y = rac_many(a->sim->arena, double, a->sim->times);
    for (size_t t = 0; t < a->sim->times; t++)
        y[t] = values[t] * factor;
    rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                                              .name = name,
                                              .style = style,
                                              .count = a->sim->times,
                                              .x = x,
                                              .y = y,
                                              .width = width});
}

static void add_samples(rac_figure *figure, const average *a, const rac_sim_group *group, rac_sim_clock clock,
                        double factor)
{
    double *x = rac_many(a->sim->arena, double, group->sample_count + 1),
           *y = rac_many(a->sim->arena, double, group->sample_count + 1);
    size_t count = 0;
    for (size_t s = 0; s < group->sample_count; s++)
        if (group->samples[s].measured && group->samples[s].output == a->output[0][0]) {
            x[count] = group->samples[s].time_h * clock.per_h;
            y[count++] = group->samples[s].value * factor;
        }
    if (count)
        rac_figure_add(
            figure,
            &(rac_figure_mark){
                .kind = RAC_FIGURE_POINTS, .name = "measured", .style = 3, .count = count, .x = x, .y = y});
}

static rac_status plot(const average *a, const rac_sim_group *group, const fitted *models, rac_error *err)
{
    const rac_sim *sim = a->sim;
    if (!rac_call_value(sim->call, "plot"))
        return RAC_OK;
    const rac_sim_clock clock = rac_sim_clock_for(sim->times_h[sim->times - 1]);
    const rac_sim_reading reading = rac_sim_read_unit(sim->arena, shared_unit(a, 0));
    rac_figure figure =
        rac_figure_open(sim->arena, rac_format(sim->arena, "Subject %g: %s", group->id, shared_name(a, 0)),
                        "Curves of several models fitted to the samples, and their weighted mean", 180, 110);
    double *x = rac_many(sim->arena, double, sim->times);
    for (size_t t = 0; t < sim->times; t++)
        x[t] = sim->times_h[t] * clock.per_h;
    figure.headed = true;
    figure.x.label = rac_format(sim->arena, "time, %s", clock.unit);
    rac_sim_time_axis(&figure.x, clock, x[0], x[sim->times - 1]);
    figure.y.label = rac_sim_value_label(sim->arena, reading);
    figure.y.from_zero = true;
    for (size_t m = 0; m < sim->arm_count; m++)
        if (!models[m].missing)
            add_line(&figure, a,
                     rac_format(sim->arena, "%s (%.2f)", sim->arms[m].about->name, models[m].weight), x,
                     models[m].curve + (size_t)a->output[m][0] * sim->times, reading.factor, (int)m, 0.35);
    add_line(&figure, a, "average", x, mean_curve(a, models, 0), reading.factor, 3, 0.9);
    add_samples(&figure, a, group, clock, reading.factor);
    rac_figure_note(&figure,
                    "Mean of the models' individual curves, weighed by exp(-objective/2) (Uster 2021, "
                    "doi:10.1002/cpt.2065). It recommends nothing.");
    for (size_t i = 0; i < sim->note_count; i++)
        rac_figure_note(&figure, sim->notes[i]);
    rac_text svg;
    rac_status status;
    if ((status = rac_figure_finish(&figure, err)) ||
        (status = rac_svg_draw(sim->arena, &figure, "average", &svg, err)))
        return status;
    return rac_call_write(sim->call, "plot", svg.data, svg.size, err);
}

/* ---- the whole ---- */

static rac_status do_subject(average *a, rac_csv_writer *csv, size_t index, rac_error *err)
{
    fitted models[RAC_SIM_MODELS] = {0};
    const rac_sim_group *group = &a->sim->arms[0].groups[index];
    rac_status status = RAC_OK;
    for (size_t m = 0; m < a->sim->arm_count && !status; m++)
        status = fit_one(a->sim, &a->sim->arms[m], &a->sim->arms[m].groups[index], &models[m], err);
    if (!status)
        status = weigh(models, a->sim->arm_count, group->id, err);
    if (status)
        return status;
    tell(a, group, models);
    status = write_rows(a, csv, group, models, err);
    return status ? status : plot(a, group, models, err);
}

rac_status rac_sim_average(rac_sim *sim, rac_reply *reply, rac_error *err)
{
    average a = {.sim = sim, .reply = reply, .text = rac_string_copy(sim->arena, "")};
    rac_status status = find_shared(&a, err);
    if (!status)
        status = check_samples(&a, err);
    if (!status && rac_call_value(sim->call, "plot") && sim->arms[0].group_count > 1) {
        rac_fail(err, RAC_INVALID, "a plot of averaged models shows one subject, the table has %zu",
                 sim->arms[0].group_count);
        rac_error_hint(err, "give a table with that subject alone, or --out for all of them");
        status = RAC_INVALID;
    }
    if (status)
        return status;
    a.subjects = json_array();
    rac_csv_writer csv = rac_csv_writer_open(sim->arena, ',');
    static const char *const head[] = {"model", "id", "time_h", "output", "value", "unit"};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        rac_csv_write_string(&csv, head[i]);
    rac_csv_end_row(&csv);
    for (size_t g = 0; g < sim->arms[0].group_count && !status; g++) {
        status = do_subject(&a, &csv, g, err);
        rac_call_progress(sim->call, (double)(g + 1), (double)sim->arms[0].group_count, "subjects");
    }
    if (status) {
        json_decref(a.subjects);
        return status;
    }
    for (size_t m = 0; m < sim->arm_count; m++) {
        const rac_sim_arm *arm = &sim->arms[m];
        for (size_t i = 0; i < arm->outside_count; i++)
            rac_sim_note(sim, rac_format(sim->arena, "outside what was studied (%s): %s", arm->about->name,
                                         arm->outside[i]));
        for (size_t i = 0; i < arm->about->source_count; i++)
            a.text = rac_format(sim->arena, "%s  source %s\n", a.text, arm->about->sources[i]);
    }
    for (size_t i = 0; i < sim->note_count; i++)
        a.text = rac_format(sim->arena, "%sNote: %s\n", a.text, sim->notes[i]);
    json_t *notes = json_array();
    for (size_t i = 0; i < sim->note_count; i++)
        json_array_append_new(notes, json_string(sim->notes[i]));
    reply->text = rac_format(sim->arena,
                             "%sWeights compare these models and no others (Uster 2021, "
                             "doi:10.1002/cpt.2065); the average recommends nothing.\n",
                             a.text);
    reply->json = json_pack("{s:o, s:o}", "notes", notes, "subjects", a.subjects);
    return RAC_OK;
}
