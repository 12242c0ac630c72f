/* `racemate fit`: which patients the samples of a table come from, and how sure that is. */
#include "app/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/units.h"

static const double QUANTILES[] = {0.05, 0.95};
enum { KEPT_MAX = 10000, EVEN = 120, AFTER_DOSE = 40, DOSES_DRAWN = 64 };

/* --unit: what DV is in, as a laboratory writes it. */
static rac_status convert_values(rac_call *call, const rac_model *model, rac_events *events, rac_error *err)
{
    const char *typed = rac_call_value(call, "unit");
    rac_unit unit, base;
    rac_status status = typed ? rac_unit_parse(rac_text_of(typed), &unit, err) : RAC_OK;
    for (size_t s = 0; typed && !status && s < events->count; s++)
        for (size_t i = 0; !status && i < events->subjects[s].sample_count; i++) {
            rac_sample *sample = &events->subjects[s].samples[i];
            const char *of = rac_model_output_unit(model, (size_t)sample->output);
            status = rac_unit_parse(rac_text_of(of), &base, err);
            if (!status && !rac_dimension_same(unit.dimension, base.dimension))
                status = rac_fail(err, RAC_INVALID, "%s is in %s, which %s is not",
                                  rac_model_output_name(model, (size_t)sample->output), of, typed);
            sample->value = rac_quantity_base((rac_quantity){sample->value, unit});
        }
    if (status)
        rac_error_field(err, "unit");
    return status;
}

rac_status rac_app_events_argument(rac_call *call, const rac_model *model, rac_events *events,
                                   rac_reply *reply, rac_error *err)
{
    rac_problems problems = rac_problems_init(call->arena);
    const char *name;
    const rac_text bytes = rac_call_file(call, "data", &name);
    const rac_status status = rac_events_read(call->arena, bytes, name, model, events, &problems);
    if (status) {
        reply->text = rac_app_problems_text(call, &problems);
        reply->json = json_pack("{s:o}", "problems", rac_app_problems_json(&problems));
        return rac_fail(err, status, "%s has %zu problem%s", name, problems.count,
                        problems.count == 1 ? "" : "s");
    }
    return events->count ? convert_values(call, model, events, err)
                         : rac_fail(err, RAC_INVALID, "%s has no rows", name);
}

/* ---- one subject ---- */

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Times at which a subject is looked at: the samples; for a whole curve also even over all that happened, and
 * every six minutes after a dose, so that neither a short infusion nor a long course is lost, and a little
 * beyond the last sample. */
static void choose_times(rac_arena *arena, const rac_events_subject *subject, bool whole, rac_app_fit *out)
{
    const rac_regimen *regimen = &subject->regimen;
    double first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < regimen->count; i++) {
        const rac_dose *d = &regimen->items[i];
        first = fmin(first, d->time_h);
        last = fmax(last, d->time_h + d->additional * d->interval_h);
    }
    const double end = !subject->sample_count ? last + 4 : whole ? last + (last - first) / 8 : last;
    size_t count = 0, capacity = 0, doses = 0;
    double *times_h = NULL;
    for (int i = 0; i <= (whole ? EVEN : 0); i++)
        rac_push(arena, times_h, count, capacity, first + (end - first) * i / EVEN);
    for (size_t i = 0; i < regimen->count; i++) {
        const rac_dose *d = &regimen->items[i];
        if (d->kind == RAC_DOSE_OBSERVATION)
            rac_push(arena, times_h, count, capacity, d->time_h);
        const bool dose = whole && (d->kind == RAC_DOSE_INFUSION || d->kind == RAC_DOSE_BOLUS);
        for (int k = 0; dose && k <= d->additional && doses < DOSES_DRAWN; k++, doses++)
            for (int j = 0; j <= AFTER_DOSE; j++) {
                const double at = d->time_h + k * d->interval_h + j / 10.0;
                if (at <= end)
                    rac_push(arena, times_h, count, capacity, at);
            }
    }
    qsort(times_h, count, sizeof *times_h, ascending);
    for (size_t i = 0; i < count; i++)
        if (!out->times || times_h[i] > times_h[out->times - 1])
            times_h[out->times++] = times_h[i];
    out->times_h = times_h;
}

void rac_app_fit_subject(rac_arena *arena, const rac_model *model, const rac_events_subject *subject,
                         const rac_fit_draw_options *options, bool whole_curve, rac_app_fit *out)
{
    *out = (rac_app_fit){.subject = subject,
                         .ask = {.regimen = &subject->regimen,
                                 .samples = subject->samples,
                                 .sample_count = subject->sample_count,
                                 .epochs = subject->epochs,
                                 .epoch_h = subject->epoch_h,
                                 .occasion = subject->occasion,
                                 .constants = subject->constants}};
    rac_error *err = &out->error;
    if (rac_pharma_fit(arena, model, &out->ask, &out->fit, err))
        return;
    if (!out->fit.converged) {
        rac_fail(err, RAC_NOT_CONVERGED, "no lowest point was found in %d steps", out->fit.steps);
        return;
    }
    choose_times(arena, subject, whole_curve, out);
    if (rac_pharma_fit_draw(arena, model, &out->ask, &out->fit, options, &out->draws, err) ||
        rac_pharma_fit_curve(arena, model, &out->ask, &out->fit, &out->draws, out->times_h, out->times,
                             QUANTILES, 2, &out->curve, err))
        return;
    out->drawn = true;
}

/* ---- what is kept of a subject ---- */

static const double *kept_copy(rac_arena *arena, const double *from, size_t count)
{
    double *copy = from ? rac_many(arena, double, count) : NULL;
    if (copy && count)
        memcpy(copy, from, count * sizeof *copy);
    return copy;
}

/* The work of a fit and its draws are a thousand times larger than what is told of it: a table of many
 * subjects is fitted with one subject's work at a time.  Draws are not kept, only how many there were. */
static void keep_subject(rac_arena *arena, const rac_model *model, rac_app_fit *f)
{
    const size_t samples = f->ask.sample_count, epochs = (size_t)f->ask.epochs, etas = rac_model_etas(model),
                 parameters = rac_model_parameters(model), outputs = rac_model_outputs(model),
                 dimensions = (size_t)f->fit.dimensions;
    rac_fit *fit = &f->fit;
    fit->etas = kept_copy(arena, fit->etas, epochs * etas);
    fit->eta_sd = kept_copy(arena, fit->eta_sd, epochs * etas);
    fit->eta_sd_before = kept_copy(arena, fit->eta_sd_before, epochs * etas);
    fit->predicted = kept_copy(arena, fit->predicted, samples);
    fit->typical = kept_copy(arena, fit->typical, samples);
    fit->residual = kept_copy(arena, fit->residual, samples);
    fit->parameters = kept_copy(arena, fit->parameters, epochs * parameters);
    fit->mode = kept_copy(arena, fit->mode, dimensions);
    fit->factor = kept_copy(arena, fit->factor, dimensions * dimensions);
    f->draws.etas = f->draws.next_etas = NULL;
    f->times_h = (double *)kept_copy(arena, f->times_h, f->times);
    f->curve.typical = kept_copy(arena, f->curve.typical, outputs * f->times);
    f->curve.likely = kept_copy(arena, f->curve.likely, outputs * f->times);
    f->curve.band = kept_copy(arena, f->curve.band, outputs * f->curve.quantiles * f->times);
    f->curve.parameters = kept_copy(arena, f->curve.parameters, parameters * f->curve.quantiles);
}

/* ---- words ---- */

/* Parameters that differ between people, each once, in the order of the model. */
static size_t varied(rac_arena *arena, const rac_model *model, size_t **which)
{
    size_t count = 0;
    *which = rac_many(arena, size_t, rac_model_parameters(model));
    for (size_t p = 0; p < rac_model_parameters(model); p++) {
        bool moved = false;
        for (size_t e = 0; e < rac_model_etas(model); e++)
            moved |= rac_model_eta_parameter(model, e) == (int)p;
        if (moved)
            (*which)[count++] = p;
    }
    return count;
}

static const double *last_parameters(const rac_model *model, const rac_app_fit *f)
{
    return f->fit.parameters + (size_t)(f->ask.epochs - 1) * rac_model_parameters(model);
}

/* Those of the epoch a time falls in. */
static const double *parameters_at(const rac_model *model, const rac_app_fit *f, double time_h)
{
    size_t epoch = 0;
    while (epoch + 1 < (size_t)f->ask.epochs && f->ask.epoch_h[epoch + 1] <= time_h)
        epoch++;
    return f->fit.parameters + epoch * rac_model_parameters(model);
}

static void count_samples(const rac_events_subject *subject, size_t *measured, size_t *below)
{
    *measured = *below = 0;
    for (size_t i = 0; i < subject->sample_count; i++) {
        *measured += subject->samples[i].measured;
        *below += subject->samples[i].below;
    }
}

/* An interval that rests on fewer effective draws than this is told as doubtful: its ends then move by some
 * tenths of a standard deviation from seed to seed. */
static const double EFFECTIVE_ENOUGH = 200;

/* Covariates that lie beyond what was studied at any time. */
static const char *outside_text(rac_arena *arena, const rac_model *model, const rac_events_subject *subject)
{
    const char *text = "";
    for (int e = 0; e < subject->epochs && !text[0]; e++)
        text = rac_app_outside(arena, model, subject->constants + (size_t)e * rac_model_covariates(model));
    return text;
}

static char *subject_text(rac_arena *arena, const rac_model *model, const rac_app_fit *f, const size_t *which,
                          size_t count)
{
    size_t measured, below;
    count_samples(f->subject, &measured, &below);
    char *text = rac_format(arena, "%-8g %4zu %5zu", f->subject->id, measured, below);
    if (!f->drawn)
        return rac_format(arena, "%s  not fitted: %s\n", text, f->error.message);
    text = rac_format(arena, "%s %7.1f", text, f->fit.objective_before - f->fit.objective);
    const double *values = last_parameters(model, f);
    for (size_t i = 0; i < count; i++) {
        const double *interval = f->curve.parameters + which[i] * 2;
        char *cell = rac_format(arena, "%.4g (%.4g to %.4g)", values[which[i]], interval[0], interval[1]);
        text = rac_format(arena, i + 1 < count ? "%s  %-24s" : "%s  %s", text, cell);
    }
    const char *outside = outside_text(arena, model, f->subject);
    if (outside[0])
        text = rac_format(arena, "%s  outside what was studied: %s", text, outside);
    return f->draws.effective < EFFECTIVE_ENOUGH
               ? rac_format(arena, "%s  intervals doubtful: %.0f effective draws\n", text, f->draws.effective)
               : rac_format(arena, "%s\n", text);
}

/* All lines after `text`, joined once: a table may have a million subjects. */
static char *subjects_text(rac_arena *arena, const rac_model *model, const rac_app_fit *fits, size_t count,
                           const size_t *which, size_t parameters, const char *text)
{
    const char **lines = rac_many(arena, const char *, count);
    size_t size = strlen(text), at = size;
    for (size_t s = 0; s < count; s++) {
        lines[s] = subject_text(arena, model, &fits[s], which, parameters);
        size += strlen(lines[s]);
    }
    char *all = rac_many(arena, char, size + 1);
    memcpy(all, text, at);
    for (size_t s = 0; s < count; s++) {
        memcpy(all + at, lines[s], strlen(lines[s]));
        at += strlen(lines[s]);
    }
    return all;
}

/* Values in another unit look like no person at all: a hundredfold is no variability between people. */
static const double FAR_OFF = 100;

static char *unit_text(rac_arena *arena, const rac_app_fit *fits, size_t count, char *text)
{
    size_t samples = 0, kept = 0;
    for (size_t s = 0; s < count; s++)
        samples += fits[s].ask.sample_count;
    double *ratios = rac_many(arena, double, samples);
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; fits[s].fit.typical && i < fits[s].ask.sample_count; i++) {
            const rac_sample *sample = &fits[s].ask.samples[i];
            if (sample->measured && !sample->below && fits[s].fit.typical[i] > 0)
                ratios[kept++] = sample->value / fits[s].fit.typical[i];
        }
    const double middle = kept ? rac_quantile(ratios, kept, 0.5) : 1;
    if (middle < FAR_OFF && middle > 1 / FAR_OFF)
        return text;
    return rac_format(
        arena,
        "%sValues are %.3g times those of the typical subject: is DV in mg/L and AMT in mg?  --unit "
        "says what DV is in, e.g. --unit ng/mL.\n",
        text, middle);
}

static char *percent(rac_arena *arena, double share)
{
    return isnan(share) ? rac_string_copy(arena, "unknown") : rac_format(arena, "%.0f %%", 100 * share);
}

static char *shrinkage_text(rac_arena *arena, const rac_model *model, const rac_shrinkage *s, char *text)
{
    if (s->subjects < 2)
        return rac_format(arena, "%s\nShrinkage is told from two subjects on.\n", text);
    text = rac_format(arena,
                      "%s\nShrinkage over %zu subjects (1 - sd of the fits / sd of the population):", text,
                      s->subjects);
    for (size_t e = 0; e < rac_model_etas(model); e++)
        text = rac_format(arena, "%s %s %s%s", text,
                          rac_model_parameter_name(model, (size_t)rac_model_eta_parameter(model, e)),
                          percent(arena, s->eta[e]), e + 1 < rac_model_etas(model) ? "," : "\n");
    text = rac_format(arena, "%sof the residuals:", text);
    for (size_t o = 0; o < rac_model_outputs(model); o++)
        if (!isnan(s->residual[o]))
            text = rac_format(arena, "%s %s %s", text, rac_model_output_name(model, o),
                              percent(arena, s->residual[o]));
    return rac_format(arena, "%s\n", text);
}

/* ---- JSON ---- */

static json_t *real_or_null(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *samples_json(const rac_model *model, const rac_app_fit *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->ask.sample_count; i++) {
        const rac_sample *s = &f->ask.samples[i];
        json_array_append_new(list,
                              json_pack("{s:f, s:s, s:o, s:b, s:f, s:f, s:o}", "time_h", s->time_h, "output",
                                        rac_model_output_name(model, (size_t)s->output), "value",
                                        s->measured ? json_real(s->value) : json_null(), "below",
                                        (int)s->below, "typical", f->fit.typical[i], "predicted",
                                        f->fit.predicted[i], "residual", real_or_null(f->fit.residual[i])));
    }
    return list;
}

static json_t *epochs_json(const rac_model *model, const rac_app_fit *f)
{
    const size_t n = rac_model_etas(model);
    json_t *list = json_array();
    for (int e = 0; e < f->ask.epochs; e++) {
        json_t *etas = json_array(), *sds = json_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(etas, json_real(f->fit.etas[(size_t)e * n + i]));
            json_array_append_new(sds, json_real(f->fit.eta_sd[(size_t)e * n + i]));
        }
        json_array_append_new(list, json_pack("{s:f, s:i, s:o, s:o}", "from_h", f->ask.epoch_h[e], "occasion",
                                              f->ask.occasion[e] + 1, "etas", etas, "eta_sds", sds));
    }
    return list;
}

static json_t *subject_json(rac_arena *arena, const rac_model *model, const rac_app_fit *f,
                            const size_t *which, size_t count)
{
    if (!f->drawn)
        return json_pack("{s:f, s:b, s:s}", "id", f->subject->id, "fitted", 0, "problem", f->error.message);
    json_t *parameters = json_object();
    const double *values = last_parameters(model, f);
    for (size_t i = 0; i < count; i++)
        json_object_set_new(parameters, rac_model_parameter_name(model, which[i]),
                            json_pack("{s:f, s:f, s:f}", "value", values[which[i]], "p05",
                                      f->curve.parameters[which[i] * 2], "p95",
                                      f->curve.parameters[which[i] * 2 + 1]));
    return json_pack("{s:s, s:f, s:b, s:i, s:f, s:f, s:I, s:f, s:o, s:o, s:o}", "outside",
                     outside_text(arena, model, f->subject), "id", f->subject->id, "fitted", 1, "steps",
                     f->fit.steps, "objective", f->fit.objective, "objective_typical",
                     f->fit.objective_before, "draws", (json_int_t)f->draws.proposed, "effective_draws",
                     f->draws.effective, "parameters", parameters, "samples", samples_json(model, f),
                     "epochs", epochs_json(model, f));
}

static json_t *shrinkage_json(const rac_model *model, const rac_shrinkage *s)
{
    json_t *etas = json_array(), *residuals = json_object();
    for (size_t e = 0; e < rac_model_etas(model); e++)
        json_array_append_new(
            etas, json_pack("{s:s, s:o}", "parameter",
                            rac_model_parameter_name(model, (size_t)rac_model_eta_parameter(model, e)),
                            "shrinkage", real_or_null(s->eta[e])));
    for (size_t o = 0; o < rac_model_outputs(model); o++)
        json_object_set_new(residuals, rac_model_output_name(model, o), real_or_null(s->residual[o]));
    return json_pack("{s:I, s:o, s:o}", "subjects", (json_int_t)s->subjects, "etas", etas, "residuals",
                     residuals);
}

/* ---- a table for other programs ---- */

static void write_sample(rac_csv_writer *w, const rac_model *model, const rac_app_fit *f, size_t i)
{
    const rac_sample *s = &f->ask.samples[i];
    rac_csv_write_number(w, f->subject->id);
    rac_csv_write_number(w, s->time_h);
    rac_csv_write_string(w, rac_model_output_name(model, (size_t)s->output));
    if (s->measured)
        rac_csv_write_number(w, s->value);
    else
        rac_csv_write_string(w, "");
    rac_csv_write_integer(w, s->below);
    rac_csv_write_string(w, f->drawn ? "fitted" : f->error.message);
    if (!f->drawn) {
        for (size_t column = 0; column < 5 + rac_model_parameters(model); column++)
            rac_csv_write_string(w, "");
        rac_csv_end_row(w);
        return;
    }
    rac_csv_write_number(w, f->fit.typical[i]);
    rac_csv_write_number(w, f->fit.predicted[i]);
    if (isnan(f->fit.residual[i]))
        rac_csv_write_string(w, "");
    else
        rac_csv_write_number(w, f->fit.residual[i]);
    const double *low = f->curve.band + (size_t)s->output * 2 * f->times, *high = low + f->times;
    const double *at = bsearch(&s->time_h, f->times_h, f->times, sizeof *f->times_h, ascending);
    rac_csv_write_number(w, low[at - f->times_h]);
    rac_csv_write_number(w, high[at - f->times_h]);
    const double *values = parameters_at(model, f, s->time_h);
    for (size_t p = 0; p < rac_model_parameters(model); p++)
        rac_csv_write_number(w, values[p]);
    rac_csv_end_row(w);
}

static rac_status write_table(rac_arena *arena, const rac_model *model, const rac_app_fit *fits, size_t count,
                              rac_text *csv, rac_error *err)
{
    static const char *const columns[] = {"ID",   "TIME",  "OUTPUT", "DV",  "BLQ", "STATUS",
                                          "PRED", "IPRED", "IWRES",  "P05", "P95"};
    rac_csv_writer w = rac_csv_writer_open(arena, ',');
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        rac_csv_write_string(&w, columns[c]);
    for (size_t p = 0; p < rac_model_parameters(model); p++)
        rac_csv_write_string(&w, rac_model_parameter_name(model, p));
    rac_csv_end_row(&w);
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < fits[s].ask.sample_count; i++)
            write_sample(&w, model, &fits[s], i);
    return rac_csv_written(&w, csv, err);
}

/* ---- the command ---- */

static rac_status write_files(rac_call *call, const rac_model *model, const rac_app_fit *fits, size_t count,
                              rac_error *err)
{
    rac_text bytes;
    rac_status status = RAC_OK;
    if (rac_call_value(call, "out") && !(status = write_table(call->arena, model, fits, count, &bytes, err)))
        status = rac_call_write(call, "out", bytes.data, bytes.size, err);
    if (!status && rac_call_value(call, "plot") &&
        !(status = rac_app_fit_plot(call->arena, model, fits, count, &bytes, err)))
        status = rac_call_write(call, "plot", bytes.data, bytes.size, err);
    return status;
}

static void tell(rac_call *call, const rac_model *model, const rac_app_fit *fits, const rac_events *events,
                 int64_t seed, const rac_shrinkage *shrinkage, const char *with, rac_reply *reply)
{
    rac_arena *arena = call->arena;
    const rac_model_about *about = rac_model_describe(model);
    size_t *which;
    const size_t count = events->count, parameters = varied(arena, model, &which);
    json_t *list = json_array();
    char *text = rac_format(arena, "%s, %s; %zu subject%s, seed %lld\n", about->title, about->sampling, count,
                            count == 1 ? "" : "s", (long long)seed);
    for (size_t i = 0; i < about->source_count; i++)
        text = rac_format(arena, "%s  source %s\n", text, about->sources[i]);
    text = rac_format(
        arena,
        "%s%sMost likely values, and the 90 %% the samples leave possible (mg, L, h); `gain` is the "
        "fall in -2 log posterior from the typical subject.\n\n"
        "ID       samples BLQ    gain",
        text, with);
    for (size_t i = 0; i < parameters; i++)
        text = rac_format(arena, i + 1 < parameters ? "%s  %-24s" : "%s  %s", text,
                          rac_model_parameter_name(model, which[i]));
    text = rac_format(arena, "%s\n", text);
    text = subjects_text(arena, model, fits, count, which, parameters, text);
    for (size_t s = 0; s < count; s++)
        json_array_append_new(list, subject_json(arena, model, &fits[s], which, parameters));
    if (shrinkage->subjects)
        text = shrinkage_text(arena, model, shrinkage, text);
    text = unit_text(arena, fits, count, text);
    if (events->unread)
        text = rac_format(arena, "%sColumns that mean nothing here and were not read: %s.\n", text,
                          events->unread);
    if (rac_call_value(call, "plot") && count > RAC_APP_FIT_PLOTTED)
        text = rac_format(arena, "%sThe plot shows the curves of the first %d of %zu subjects.\n", text,
                          RAC_APP_FIT_PLOTTED, count);
    reply->text = rac_format(arena, "%sIt describes samples that were taken; it recommends nothing.\n", text);
    reply->json = json_pack("{s:s, s:s, s:I, s:o, s:o, s:s?}", "model", about->name, "sampling",
                            about->sampling, "seed", (json_int_t)seed, "subjects", list, "shrinkage",
                            shrinkage_json(model, shrinkage), "columns_not_read", events->unread);
}

/* --with: the model with another drug, for every route of the table. */
static rac_status take_other_drugs(rac_call *call, const rac_events *events, rac_model **model, char **words,
                                   rac_error *err)
{
    rac_regimen all = rac_regimen_new(call->arena);
    for (size_t s = 0; s < events->count; s++)
        for (size_t i = 0; i < events->subjects[s].regimen.count; i++)
            if (events->subjects[s].regimen.items[i].kind < RAC_DOSE_RESET)
                rac_regimen_add(&all, events->subjects[s].regimen.items[i]);
    return rac_app_with(call, &all, model, words, err);
}

RAC_DO(rac_do_fit)
{
    rac_model *model = NULL;
    char *with;
    rac_events events;
    int64_t kept, seed;
    rac_status status;
    if ((status = rac_app_model_argument(call, "model", &model, reply, err)) ||
        (status = rac_model_check_ready(model, err)) ||
        (status = rac_call_whole(call, "samples", 1000, 100, KEPT_MAX, &kept, err)) ||
        (status = rac_call_whole(call, "seed", 1, 0, INT64_MAX, &seed, err)) ||
        (status = rac_app_events_argument(call, model, &events, reply, err)) ||
        (status = take_other_drugs(call, &events, &model, &with, err)))
        return status;
    rac_app_fit *fits = rac_many(call->arena, rac_app_fit, events.count);
    rac_fit *only = rac_many(call->arena, rac_fit, events.count);
    rac_fit_request *asks = rac_many(call->arena, rac_fit_request, events.count);
    const bool plotted = rac_call_value(call, "plot") != NULL;
    size_t fitted = 0;
    for (size_t i = 0; i < events.count; i++) {
        const rac_fit_draw_options options = {.kept = (size_t)kept, .seed = (uint64_t)seed, .subject = i};
        rac_arena *work = rac_arena_new();
        rac_app_fit_subject(work, model, &events.subjects[i], &options, plotted && i < RAC_APP_FIT_PLOTTED,
                            &fits[i]);
        keep_subject(call->arena, model, &fits[i]);
        rac_arena_free(work);
        only[i] = fits[i].fit;
        asks[i] = fits[i].ask;
        fitted += fits[i].drawn;
        rac_call_progress(call, (double)i + 1, (double)events.count, "subjects");
    }
    rac_shrinkage shrinkage;
    rac_pharma_shrinkage(call->arena, model, asks, only, events.count, &shrinkage);
    tell(call, model, fits, &events, seed, &shrinkage, with, reply);
    if (!fitted)
        return rac_fail(err, fits[0].error.status, "no subject could be fitted: %s", fits[0].error.message);
    return write_files(call, model, fits, events.count, err);
}
