/* Several models of one patient, weighed by how well each fits the samples.
 *
 * Every model is fitted to the samples by itself (racemate/pharma/fit.h: O is -2 log posterior at the mode,
 * up to a constant that is the same for every model).  With the same belief in each beforehand,
 *
 *     weight of m = exp(-O_m / 2) / sum over models of exp(-O / 2)
 *
 * and what is predicted is the weighted mean of their curves: Uster et al. 2021, Clin Pharmacol Ther,
 * doi:10.1002/cpt.2065, the scheme "LL" of mapbayr's model_averaging.  Its band are the quantiles of the
 * mixture of what each model's draws leave possible (racemate/pharma/fit.h, mixture.h), by the same weights.
 * A model whose fit did not converge has weight 0 and is named.  Weights compare the models given; they do
 * not say that any of them is right. */
#include <math.h>
#include <string.h>

#include "app/simulate.h"
#include "base/figure.h"
#include "link/svg.h"

/* Subjects told in words, and subjects whose curves stand in JSON: of more, files are better. */
enum { TOLD_MAX = 24, CURVES_MAX = 100 };

typedef struct fitted {
    rac_fit fit;
    double weight;
    const double *curve; /* outputs x times, of the model */
    rac_fit_draws draws;
    const double *band;  /* shared outputs x quantiles x times: of its own draws; NULL without a fit */
    const char *missing; /* why there is no fit; NULL */
} fitted;

typedef struct average {
    rac_sim *sim;
    rac_arena *scratch; /* of one subject */
    rac_sim_shared shared;
    rac_sim_mixture mixture; /* of the subject */
    rac_markup text;
    json_t *subjects;
    size_t fitted; /* subjects with at least one model */
} average;

static const char *shared_name(const average *a, size_t o)
{
    return rac_model_output_name(a->sim->arms[0].model, (size_t)a->shared.output[0][o]);
}

static const char *shared_unit(const average *a, size_t o)
{
    return rac_model_output_unit(a->sim->arms[0].model, (size_t)a->shared.output[0][o]);
}

/* ---- what can be compared ---- */

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

static rac_status fit_one(const rac_sim *sim, rac_arena *arena, const rac_sim_arm *arm,
                          const rac_sim_group *group, size_t index, fitted *f, rac_error *err)
{
    const rac_fit_request request = {.regimen = &group->regimen,
                                     .samples = group->samples,
                                     .sample_count = group->sample_count,
                                     .epochs = group->epochs,
                                     .epoch_h = group->epoch_h,
                                     .occasion = group->occasion,
                                     .constants = group->constants};
    rac_error own = {0};
    rac_status status = rac_pharma_fit(arena, arm->model, &request, &f->fit, &own);
    if (status == RAC_NOT_CONVERGED || (!status && !f->fit.converged)) {
        f->missing = status ? rac_string_copy(arena, own.message) : "its fit did not converge";
        return RAC_OK;
    }
    if (status) {
        if (err)
            *err = own;
        return status;
    }
    double *curve = rac_many(arena, double, rac_model_outputs(arm->model) * sim->times);
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
    status = rac_population_run(arena, &population, keep_curve, curve, &failed, err);
    if (!status && failed)
        f->missing = "it has no finite curve for this patient";
    f->curve = curve;
    const rac_fit_draw_options options = {
        .kept = sim->draws, .seed = sim->seed, .subject = index}; /* as `racemate fit` draws */
    if (!status && !f->missing)
        status = rac_pharma_fit_draw(arena, arm->model, &request, &f->fit, &options, &f->draws, err);
    return status;
}

/* Weights add up to 1; the best objective is taken off first, so that no exponential overflows.  False when
 * no model could be fitted. */
static bool weigh(fitted *models, size_t count)
{
    double best = INFINITY, sum = 0;
    for (size_t m = 0; m < count; m++)
        if (!models[m].missing)
            best = fmin(best, models[m].fit.objective);
    if (!isfinite(best))
        return false;
    for (size_t m = 0; m < count; m++)
        sum += models[m].weight = models[m].missing ? 0 : exp(-(models[m].fit.objective - best) / 2);
    for (size_t m = 0; m < count; m++)
        models[m].weight /= sum;
    return true;
}

/* The quantiles of the mixture, and of each model alone. */
static rac_status mix(average *a, size_t index, fitted *models, rac_error *err)
{
    rac_sim_draws draws[RAC_SIM_MODELS];
    size_t count = 0, from[RAC_SIM_MODELS];
    for (size_t m = 0; m < a->sim->arm_count; m++) {
        if (models[m].missing)
            continue;
        from[count] = m;
        draws[count++] = (rac_sim_draws){.arm = m,
                                         .model = a->sim->arms[m].model,
                                         .group = &a->sim->arms[m].groups[index],
                                         .etas = models[m].draws.etas,
                                         .kept = models[m].draws.kept,
                                         .weight = models[m].weight};
    }
    const rac_status status =
        rac_sim_mix_draws(a->sim, a->scratch, &a->shared, draws, count, &a->mixture, err);
    for (size_t i = 0; i < count && !status; i++)
        models[from[i]].band = a->mixture.own[i];
    return status;
}

/* Of the mixture: shared output o. */
static const double *band_of(const average *a, size_t o)
{
    return a->mixture.bands + o * RAC_SIM_QUANTILES * a->sim->times;
}

static const double *exposure_of(const average *a, size_t o, size_t which)
{
    return a->mixture.exposures + (o * RAC_SIM_EXPOSURES + which) * RAC_SIM_QUANTILES;
}

static double mean_at(const average *a, const fitted *models, size_t o, size_t t)
{
    double sum = 0;
    for (size_t m = 0; m < a->sim->arm_count; m++)
        if (models[m].weight > 0)
            sum += models[m].weight * models[m].curve[(size_t)a->shared.output[m][o] * a->sim->times + t];
    return sum;
}

static double *mean_curve(const average *a, const fitted *models, size_t o)
{
    double *mean = rac_many(a->scratch, double, a->sim->times);
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

static json_t *rows_json(const average *a, const fitted *models, size_t o, const double *mean)
{
    const rac_sim *sim = a->sim;
    json_t *rows = json_array();
    for (size_t t = 0; t < sim->times; t++) {
        json_t *each = json_object();
        for (size_t m = 0; m < sim->arm_count; m++)
            if (!models[m].missing)
                json_object_set_new(
                    each, sim->arms[m].about->name,
                    json_real(models[m].curve[(size_t)a->shared.output[m][o] * sim->times + t]));
        json_t *row = rac_sim_quantiles_json(band_of(a, o) + t, sim->times);
        json_object_set_new(row, "time_h", json_real(sim->times_h[t]));
        json_object_set_new(row, "average", json_real(mean[t]));
        json_object_set_new(row, "models", each);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *output_json(const average *a, const fitted *models, size_t o)
{
    const double *mean = mean_curve(a, models, o);
    const rac_sim_exposure e = rac_sim_expose(a->sim->times_h, a->sim->times, mean, 1);
    json_t *output = json_pack("{s:s, s:s, s:f, s:f, s:f}", "output", shared_name(a, o), "unit",
                               shared_unit(a, o), "highest", e.highest, "at_h", e.at_h, "area_h", e.area);
    static const char *const keys[RAC_SIM_EXPOSURES] = {"highest_quantiles", "at_h_quantiles",
                                                        "area_h_quantiles"};
    for (size_t i = 0; i < RAC_SIM_EXPOSURES; i++)
        json_object_set_new(output, keys[i], rac_sim_quantiles_json(exposure_of(a, o, i), 1));
    if (a->sim->arms[0].group_count <= CURVES_MAX)
        json_object_set_new(output, "rows", rows_json(a, models, o, mean));
    return output;
}

static json_t *weights_json(const average *a, const fitted *models)
{
    json_t *list = json_array();
    for (size_t m = 0; m < a->sim->arm_count; m++) {
        const rac_sim_arm *arm = &a->sim->arms[m];
        json_t *one = json_pack("{s:s, s:s, s:f}", "model", arm->about->name, "with", arm->with, "weight",
                                models[m].weight);
        if (models[m].missing)
            json_object_set_new(one, "missing", json_string(models[m].missing));
        else
            json_object_set_new(one, "objective", json_real(models[m].fit.objective));
        json_array_append_new(list, one);
    }
    return list;
}

static void say_models(average *a, const fitted *models)
{
    for (size_t m = 0; m < a->sim->arm_count; m++) {
        const char *name = a->sim->arms[m].about->name;
        if (models[m].missing)
            rac_markup_format(&a->text, "  %-24s weight 0: %s\n", name, models[m].missing);
        else
            rac_markup_format(&a->text, "  %-24s weight %.3f  (objective %.2f)\n", name, models[m].weight,
                              models[m].fit.objective);
    }
}

static void say_samples(average *a, const rac_sim_group *group, const fitted *models, rac_sim_clock clock)
{
    rac_arena *arena = a->scratch;
    const rac_model *model = a->sim->arms[0].model;
    for (size_t s = 0; s < group->sample_count; s++) {
        const rac_sample *sample = &group->samples[s];
        const rac_sim_reading reading =
            rac_sim_read_unit(arena, rac_model_output_unit(model, (size_t)sample->output));
        if (sample->measured)
            rac_markup_format(
                &a->text, "  %8s %s  %-14s measured %s%s, predicted %s %s\n",
                rac_sim_digits(arena, sample->time_h * clock.per_h), clock.unit,
                rac_model_output_name(model, (size_t)sample->output), sample->below ? "below " : "",
                rac_sim_digits(arena, sample->value * reading.factor),
                rac_sim_digits(arena, sample_mean(a, models, s) * reading.factor), reading.unit);
    }
}

/* The course in a dozen lines: the mean, and the quantiles of the mixture. */
static void say_course(average *a, size_t o, const double *mean, rac_sim_reading reading, rac_sim_clock clock)
{
    rac_arena *arena = a->scratch;
    const rac_sim *sim = a->sim;
    const double step = rac_sim_shown_step(sim, clock), *band = band_of(a, o);
    size_t peak = 0;
    for (size_t t = 1; t < sim->times; t++)
        peak = mean[t] > mean[peak] ? t : peak;
    rac_markup_format(&a->text, "    %-10s%9s%9s%9s%9s%9s%9s\n", "", "average", "5 %", "25 %", "median",
                      "75 %", "95 %");
    for (size_t t = 0; t < sim->times; t++) {
        if (!rac_sim_is_shown(sim, clock, step, t, peak))
            continue;
        rac_markup_format(
            &a->text, "    %-10s%9s",
            rac_format(arena, "%s %s",
                       rac_number_format(arena, round(sim->times_h[t] * clock.per_h * 100) / 100),
                       clock.unit),
            rac_sim_digits(arena, mean[t] * reading.factor));
        for (size_t q = 0; q < RAC_SIM_QUANTILES; q++)
            rac_markup_format(&a->text, "%9s",
                              rac_sim_digits(arena, band[q * sim->times + t] * reading.factor));
        rac_markup_raw(&a->text, "\n");
    }
}

static void say_outputs(average *a, const fitted *models, rac_sim_clock clock)
{
    rac_arena *arena = a->scratch;
    for (size_t o = 0; o < a->shared.count; o++) {
        const double *mean = mean_curve(a, models, o);
        const double *highest = exposure_of(a, o, 0), *area = exposure_of(a, o, 2);
        const rac_sim_exposure e = rac_sim_expose(a->sim->times_h, a->sim->times, mean, 1);
        const rac_sim_reading reading = rac_sim_read_unit(arena, shared_unit(a, o));
        rac_markup_format(&a->text, "  %s: highest %s %s (90 %% %s to %s) at %s %s, area %s %s (%s to %s)\n",
                          shared_name(a, o), rac_sim_digits(arena, e.highest * reading.factor), reading.unit,
                          rac_sim_digits(arena, highest[0] * reading.factor),
                          rac_sim_digits(arena, highest[RAC_SIM_QUANTILES - 1] * reading.factor),
                          rac_sim_digits(arena, e.at_h * clock.per_h), clock.unit,
                          rac_sim_digits(arena, e.area * reading.factor), reading.area_unit,
                          rac_sim_digits(arena, area[0] * reading.factor),
                          rac_sim_digits(arena, area[RAC_SIM_QUANTILES - 1] * reading.factor));
        if (a->sim->arms[0].group_count == 1)
            say_course(a, o, mean, reading, clock);
    }
}

static void tell(average *a, const rac_sim_group *group, size_t index, const fitted *models)
{
    const rac_sim_clock clock = rac_sim_clock_for(a->sim->times_h[a->sim->times - 1]);
    json_t *outputs = json_array();
    for (size_t o = 0; o < a->shared.count; o++)
        json_array_append_new(outputs, output_json(a, models, o));
    json_array_append_new(a->subjects, json_pack("{s:f, s:o, s:o, s:o}", "id", group->id, "weights",
                                                 weights_json(a, models), "samples",
                                                 samples_json(a, group, models), "outputs", outputs));
    if (index >= TOLD_MAX)
        return;
    rac_markup_format(&a->text, "Subject %g\n", group->id);
    say_models(a, models);
    say_samples(a, group, models, clock);
    say_outputs(a, models, clock);
}

/* Nobody's model fits: named, and the others go on. */
static void tell_unfitted(average *a, const rac_sim_group *group, const fitted *models)
{
    json_array_append_new(a->subjects,
                          json_pack("{s:f, s:o}", "id", group->id, "weights", weights_json(a, models)));
    rac_markup_format(&a->text, "Subject %g: no model could be fitted\n", group->id);
    say_models(a, models);
}

/* ---- files ---- */

static void write_curve(const average *a, rac_csv_writer *csv, const char *model, double id, size_t o,
                        const double *values, const double *band)
{
    for (size_t t = 0; t < a->sim->times; t++) {
        rac_csv_write_string(csv, model);
        rac_csv_write_number(csv, id);
        rac_csv_write_number(csv, a->sim->times_h[t]);
        rac_csv_write_string(csv, shared_name(a, o));
        rac_csv_write_number(csv, values[t]);
        rac_csv_write_string(csv, shared_unit(a, o));
        for (size_t q = 0; q < RAC_SIM_QUANTILES; q++)
            rac_csv_write_number(csv, band[q * a->sim->times + t]);
        rac_csv_end_row(csv);
    }
}

static rac_status write_rows(const average *a, rac_csv_writer *csv, const rac_sim_group *group,
                             const fitted *models, rac_error *err)
{
    rac_text bytes;
    if (!rac_call_value(a->sim->call, "out"))
        return RAC_OK;
    for (size_t o = 0; o < a->shared.count; o++) {
        write_curve(a, csv, "average", group->id, o, mean_curve(a, models, o), band_of(a, o));
        for (size_t m = 0; m < a->sim->arm_count; m++)
            if (!models[m].missing)
                write_curve(a, csv, a->sim->arms[m].about->name, group->id, o,
                            models[m].curve + (size_t)a->shared.output[m][o] * a->sim->times,
                            models[m].band + o * RAC_SIM_QUANTILES * a->sim->times);
    }
    const rac_status status = rac_csv_written(csv, &bytes, err);
    return status ? status : rac_call_write(a->sim->call, "out", bytes.data, bytes.size, err);
}

static void add_line(rac_figure *figure, const average *a, const char *name, const double *x,
                     const double *values, double factor, int style, double width)
{
    double *y = rac_many(a->scratch, double, a->sim->times);
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

/* What the draws of all models leave possible: the middle 90 % and 50 %. */
static void add_mixture(rac_figure *figure, const average *a, const double *x, double factor)
{
    const size_t times = a->sim->times;
    static const struct {
        size_t low, high;
        double shade;
        const char *name;
    } bands[] = {{0, 4, 0.12, "90 % of the mixture"}, {1, 3, 0.25, "50 %"}};
    for (size_t i = 0; i < 2; i++) {
        double *low = rac_many(a->scratch, double, times), *high = rac_many(a->scratch, double, times);
        for (size_t t = 0; t < times; t++) {
            low[t] = band_of(a, 0)[bands[i].low * times + t] * factor;
            high[t] = band_of(a, 0)[bands[i].high * times + t] * factor;
        }
        rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_BAND,
                                                  .name = bands[i].name,
                                                  .style = 3,
                                                  .count = times,
                                                  .x = x,
                                                  .low = low,
                                                  .high = high,
                                                  .shade = bands[i].shade,
                                                  .edged = i == 0});
    }
}

static void add_samples(rac_figure *figure, const average *a, const rac_sim_group *group, rac_sim_clock clock,
                        double factor)
{
    double *x = rac_many(a->scratch, double, group->sample_count + 1),
           *y = rac_many(a->scratch, double, group->sample_count + 1);
    size_t count = 0;
    for (size_t s = 0; s < group->sample_count; s++)
        if (group->samples[s].measured && group->samples[s].output == a->shared.output[0][0]) {
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
    const rac_sim_reading reading = rac_sim_read_unit(a->scratch, shared_unit(a, 0));
    rac_figure figure = rac_figure_open(
        a->scratch, rac_format(a->scratch, "Subject %g: %s", group->id, shared_name(a, 0)),
        "Curves of several models fitted to the samples, their weighted mean, and the middle 50 % "
        "and 90 % of their mixture",
        180, 110);
    double *x = rac_many(a->scratch, double, sim->times);
    for (size_t t = 0; t < sim->times; t++)
        x[t] = sim->times_h[t] * clock.per_h;
    figure.headed = true;
    figure.x.label = rac_format(a->scratch, "time, %s", clock.unit);
    rac_sim_time_axis(&figure.x, clock, x[0], x[sim->times - 1]);
    figure.y.label = rac_sim_value_label(a->scratch, reading);
    figure.y.from_zero = true;
    add_mixture(&figure, a, x, reading.factor);
    add_line(&figure, a, "average", x, mean_curve(a, models, 0), reading.factor, 3, 0.9);
    for (size_t m = 0; m < sim->arm_count; m++)
        if (!models[m].missing)
            add_line(&figure, a,
                     rac_format(a->scratch, "%s (%.2f)", sim->arms[m].about->name, models[m].weight), x,
                     models[m].curve + (size_t)a->shared.output[m][0] * sim->times, reading.factor, (int)m,
                     0.35);
    add_samples(&figure, a, group, clock, reading.factor);
    rac_figure_note(
        &figure,
        "Mean of the models' individual curves, weighed by exp(-objective/2) (Uster 2021, "
        "doi:10.1002/cpt.2065); the band is of the mixture of their posterior draws, by the same weights, "
        "without the error of an assay. It recommends nothing.");
    for (size_t i = 0; i < sim->note_count; i++)
        rac_figure_note(&figure, sim->notes[i]);
    rac_text svg;
    rac_status status;
    if ((status = rac_figure_finish(&figure, err)) ||
        (status = rac_svg_draw(a->scratch, &figure, "average", &svg, err)))
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
        status = fit_one(a->sim, a->scratch, &a->sim->arms[m], &a->sim->arms[m].groups[index], index,
                         &models[m], err);
    if (status)
        return status;
    if (!weigh(models, a->sim->arm_count)) {
        tell_unfitted(a, group, models);
        return RAC_OK;
    }
    if ((status = mix(a, index, models, err)))
        return status;
    a->fitted++;
    tell(a, group, index, models);
    status = write_rows(a, csv, group, models, err);
    return status ? status : plot(a, group, models, err);
}

static rac_status do_subjects(average *a, rac_error *err)
{
    static const char *const head[] = {"model", "id",  "time_h", "output", "value", "unit",
                                       "p05",   "p25", "p50",    "p75",    "p95"};
    const size_t count = a->sim->arms[0].group_count;
    rac_csv_writer csv = rac_csv_writer_open(a->sim->arena, ',');
    rac_status status = RAC_OK;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        rac_csv_write_string(&csv, head[i]);
    rac_csv_end_row(&csv);
    for (size_t g = 0; g < count && !status; g++) {
        a->scratch = rac_arena_new();
        status = do_subject(a, &csv, g, err);
        rac_arena_free(a->scratch);
        rac_call_progress(a->sim->call, (double)(g + 1), (double)count, "subjects");
    }
    if (!status && !a->fitted)
        status = rac_fail(err, RAC_NOT_CONVERGED, "no model could be fitted to anybody of the table");
    return status;
}

/* What is outside, where models come from, and what else a reader must know. */
static void note_outside(rac_sim *sim)
{
    for (size_t m = 0; m < sim->arm_count; m++)
        for (size_t i = 0; i < sim->arms[m].outside_count; i++)
            rac_sim_note(sim, rac_format(sim->arena, "outside what was studied (%s): %s",
                                         sim->arms[m].about->name, sim->arms[m].outside[i]));
}

static void say_end(average *a)
{
    const rac_sim *sim = a->sim;
    if (sim->arms[0].group_count > TOLD_MAX)
        rac_markup_format(&a->text, "and %zu more: --json, or --out for their curves\n",
                          sim->arms[0].group_count - TOLD_MAX);
    for (size_t m = 0; m < sim->arm_count; m++) {
        const rac_sim_arm *arm = &sim->arms[m];
        if (arm->with[0])
            rac_markup_format(&a->text, "  %s:\n%s", arm->about->name, arm->with);
        for (size_t i = 0; i < arm->about->source_count; i++)
            rac_markup_format(&a->text, "  source %s\n", arm->about->sources[i]);
    }
    for (size_t i = 0; i < sim->note_count; i++)
        rac_markup_format(&a->text, "Note: %s\n", sim->notes[i]);
    rac_markup_raw(&a->text,
                   "Weights compare these models and no others (Uster 2021, doi:10.1002/cpt.2065); the "
                   "average recommends nothing.\n");
}

rac_status rac_sim_average(rac_sim *sim, rac_reply *reply, rac_error *err)
{
    average a = {.sim = sim, .text = {.arena = sim->arena}};
    rac_status status = rac_sim_find_shared(sim, &a.shared, err);
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
    note_outside(sim);
    a.subjects = json_array();
    status = do_subjects(&a, err);
    say_end(&a);
    json_t *notes = json_array();
    for (size_t i = 0; i < sim->note_count; i++)
        json_array_append_new(notes, json_string(sim->notes[i]));
    reply->text = a.text.data;
    reply->json = json_pack("{s:o, s:o}", "notes", notes, "subjects", a.subjects);
    return status;
}
