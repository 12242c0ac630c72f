/* The pictures of `racemate fit`: observed against predicted, residuals over time, and a curve a subject. */
#include "app/fit.h"

#include <math.h>
#include <string.h>

#include "link/svg_sheet.h"

enum { COLUMNS = 4 };
static const double WIDTH_MM = 88, HEIGHT_MM = 62;

typedef struct sheet {
    rac_arena *arena;
    const rac_model *model;
    const rac_app_fit *fits;
    size_t count;
    const rac_figure **figures;
    size_t figure_count, figure_capacity;
} sheet;

/* Concentrations are shown in ng/mL, as elsewhere on paper; other outputs in their base unit. */
static double shown(const sheet *s, size_t output, const char **unit)
{
    const char *base = rac_model_output_unit(s->model, output);
    const bool concentration = strcmp(base, "mg/L") == 0;
    *unit = concentration ? "ng/mL" : base;
    return concentration ? 1000 : 1;
}

/* Points of one kind, gathered over subjects. */
typedef struct points {
    double *x, *y;
    size_t count, x_capacity, y_capacity;
} points;

static void put(const sheet *s, points *p, double x, double y)
{
    size_t count = p->count;
    rac_push(s->arena, p->x, count, p->x_capacity, x);
    rac_push(s->arena, p->y, p->count, p->y_capacity, y);
}

static void mark(rac_figure *figure, rac_figure_kind kind, const char *name, int style, const points *p)
{
    if (p->count)
        rac_figure_add(
            figure, &(rac_figure_mark){
                        .kind = kind, .name = name, .style = style, .count = p->count, .x = p->x, .y = p->y});
}

static rac_status finish(sheet *s, const rac_figure *figure, rac_error *err)
{
    rac_figure *kept = rac_new(s->arena, rac_figure);
    *kept = *figure;
    rac_push(s->arena, s->figures, s->figure_count, s->figure_capacity, kept);
    return rac_figure_finish(kept, err);
}

/* Measured values of one output against both predictions, with the line on which they would agree. */
static rac_status observed_against_predicted(sheet *s, size_t output, rac_error *err)
{
    const char *unit;
    const double scale = shown(s, output, &unit);
    points typical = {0}, likely = {0};
    double most = 0;
    for (size_t k = 0; k < s->count; k++)
        for (size_t i = 0; s->fits[k].drawn && i < s->fits[k].ask.sample_count; i++) {
            const rac_sample *sample = &s->fits[k].ask.samples[i];
            const rac_fit *fit = &s->fits[k].fit;
            if (!sample->measured || sample->below || (size_t)sample->output != output)
                continue;
            put(s, &typical, scale * fit->typical[i], scale * sample->value);
            put(s, &likely, scale * fit->predicted[i], scale * sample->value);
            most = fmax(most, scale * fmax(sample->value, fmax(fit->typical[i], fit->predicted[i])));
        }
    if (!likely.count)
        return RAC_OK;
    rac_figure f = rac_figure_open(
        s->arena, rac_format(s->arena, "%s: observed and predicted", rac_model_output_name(s->model, output)),
        "Measured values against the typical prediction and against each person's most likely one; on the "
        "line "
        "they agree",
        WIDTH_MM, HEIGHT_MM);
    const double ends[] = {0, most};
    f.x.label = rac_format(s->arena, "predicted (%s)", unit);
    f.y.label = rac_format(s->arena, "observed (%s)", unit);
    f.x.from_zero = f.y.from_zero = true;
    rac_figure_add(&f,
                   &(rac_figure_mark){.kind = RAC_FIGURE_LINE, .style = 3, .count = 2, .x = ends, .y = ends});
    mark(&f, RAC_FIGURE_POINTS, "typical subject", 1, &typical);
    mark(&f, RAC_FIGURE_POINTS, "most likely", 0, &likely);
    return finish(s, &f, err);
}

static rac_status residuals(sheet *s, size_t output, rac_error *err)
{
    static const double bounds[] = {-1.96, 0, 1.96};
    points p = {0};
    double most = 3;
    for (size_t k = 0; k < s->count; k++)
        for (size_t i = 0; s->fits[k].drawn && i < s->fits[k].ask.sample_count; i++) {
            const rac_sample *sample = &s->fits[k].ask.samples[i];
            const double residual = s->fits[k].fit.residual[i];
            if ((size_t)sample->output != output || isnan(residual))
                continue;
            put(s, &p, sample->time_h, residual);
            most = fmax(most, ceil(fabs(residual)));
        }
    if (!p.count)
        return RAC_OK;
    rac_figure f = rac_figure_open(
        s->arena, rac_format(s->arena, "%s: residuals over time", rac_model_output_name(s->model, output)),
        "Weighted residuals of the most likely predictions; about 95 % should lie between the dashed lines",
        WIDTH_MM, HEIGHT_MM);
    f.x.label = "time (h)";
    f.y.label = "residual (in sd)";
    f.x.from_zero = f.y.fixed = true;
    f.y.min = -most;
    f.y.max = most;
    for (int i = 0; i < 3; i++)
        rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_ACROSS, .count = 1, .y = &bounds[i]});
    mark(&f, RAC_FIGURE_POINTS, NULL, 0, &p);
    return finish(s, &f, err);
}

static void scaled(const sheet *s, const double *values, double scale, size_t count, double **out)
{
    *out = rac_many(s->arena, double, count);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = scale * values[i];
}

static bool has_output(const rac_app_fit *fit, size_t output)
{
    for (size_t i = 0; i < fit->ask.sample_count; i++)
        if (fit->ask.samples[i].measured && (size_t)fit->ask.samples[i].output == output)
            return true;
    return false;
}

static void add_output(const sheet *s, rac_figure *f, const rac_app_fit *fit, size_t output, int style)
{
    const char *unit;
    const double scale = shown(s, output, &unit);
    const size_t times = fit->times;
    double *low, *high, *likely, *typical;
    scaled(s, fit->curve.band + output * 2 * times, scale, times, &low);
    scaled(s, fit->curve.band + (output * 2 + 1) * times, scale, times, &high);
    scaled(s, fit->curve.likely + output * times, scale, times, &likely);
    scaled(s, fit->curve.typical + output * times, scale, times, &typical);
    points values = {0}, below = {0};
    for (size_t i = 0; i < fit->ask.sample_count; i++) {
        const rac_sample *sample = &fit->ask.samples[i];
        if (sample->measured && (size_t)sample->output == output)
            put(s, sample->below ? &below : &values, sample->time_h, scale * sample->value);
    }
    rac_figure_add(f, &(rac_figure_mark){.kind = RAC_FIGURE_BAND,
                                         .style = style,
                                         .count = times,
                                         .x = fit->times_h,
                                         .low = low,
                                         .high = high});
    rac_figure_add(f, &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                                         .name = style ? NULL : "typical subject",
                                         .style = 3,
                                         .count = times,
                                         .x = fit->times_h,
                                         .y = typical});
    rac_figure_add(f, &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                                         .name = rac_model_output_name(s->model, output),
                                         .style = style,
                                         .count = times,
                                         .x = fit->times_h,
                                         .y = likely});
    mark(f, RAC_FIGURE_POINTS, NULL, style, &values);
    mark(f, RAC_FIGURE_POINTS, "below the limit", 2, &below);
}

/* One subject's curve with its band; the grey dashes are the typical subject. */
static rac_status curve(sheet *s, const rac_app_fit *fit, rac_error *err)
{
    rac_figure f = rac_figure_open(s->arena, rac_format(s->arena, "ID %g", fit->subject->id),
                                   "Most likely curve with the 90 % the samples leave possible; grey dashes: "
                                   "the typical subject; points: "
                                   "measured values",
                                   WIDTH_MM, HEIGHT_MM);
    const char *unit = "", *last = NULL;
    int style = 0;
    for (size_t o = 0; o < rac_model_outputs(s->model); o++) {
        if (!has_output(fit, o))
            continue;
        (void)shown(s, o, &unit);
        last = last && strcmp(last, unit) != 0 ? "several units" : unit;
        add_output(s, &f, fit, o, style++);
    }
    f.x.label = "time (h)";
    f.y.label = last;
    f.y.from_zero = true;
    return style ? finish(s, &f, err) : RAC_OK;
}

rac_status rac_app_fit_plot(rac_arena *arena, const rac_model *model, const rac_app_fit *fits, size_t count,
                            rac_text *svg, rac_error *err)
{
    sheet s = {.arena = arena, .model = model, .fits = fits, .count = count};
    rac_status status = RAC_OK;
    for (size_t o = 0; !status && o < rac_model_outputs(model); o++) {
        status = observed_against_predicted(&s, o, err);
        if (!status)
            status = residuals(&s, o, err);
    }
    for (size_t k = 0; !status && k < count && k < RAC_APP_FIT_PLOTTED; k++)
        if (fits[k].drawn)
            status = curve(&s, &fits[k], err);
    if (!status && !s.figure_count)
        status = rac_fail(err, RAC_INVALID, "nothing was measured, so there is nothing to show");
    return status
               ? status
               : rac_svg_sheet_draw(arena,
                                    rac_format(arena, "Individual fits, %s", rac_model_describe(model)->name),
                                    "Observed and predicted values, residuals, and a curve for each subject",
                                    s.figures, s.figure_count, COLUMNS, "fit", svg, err);
}
