/* A simulation as a figure: median, the middle half and the middle 90 % of people, when doses were given. */
#include <math.h>
#include <string.h>

#include "app/simulate.h"
#include "base/figure.h"
#include "link/svg_sheet.h"

static const char about_plot[] = "Median and the middle 50 % and 90 % of simulated people over time";

/* One panel: the times from..to of the simulation. A long course has two, the second a closer look at its
 * last dose: peaks of an hour are lines a hair wide in a month. */
typedef struct sheet {
    const rac_sim *sim;
    rac_arena *arena;
    rac_figure figure;
    rac_sim_clock clock;
    rac_sim_reading reading;
    size_t from, count; /* of the times */
    double zero_h;      /* when the panel's clock says 0 */
    double *x;          /* times as read */
    bool log, thin;
} sheet;

/* What is drawn, as a place in the outputs asked for: that of the first model's first, by name, else the
 * first. */
static size_t drawn(const rac_sim *sim, const rac_sim_arm *arm)
{
    const char *wanted = rac_model_output_name(sim->arms[0].model, (size_t)sim->arms[0].outputs[0]);
    for (size_t o = 0; o < arm->output_count; o++)
        if (!strcmp(rac_model_output_name(arm->model, (size_t)arm->outputs[o]), wanted))
            return o;
    return 0;
}

/* As people read it; on a log axis what is not above 0 is a gap. */
static double *as_read(const sheet *s, const double *values)
{
    double *read = rac_many(s->arena, double, s->count);
    for (size_t t = 0; t < s->count; t++) {
        const double value = values[s->from + t];
        read[t] = s->log && !(value > 0) ? NAN : value * s->reading.factor;
    }
    return read;
}

static const char *drawn_name(const rac_sim *sim, const rac_sim_arm *arm)
{
    return rac_model_output_name(arm->model, (size_t)arm->outputs[drawn(sim, arm)]);
}

static const char *drawn_unit(const rac_sim *sim, const rac_sim_arm *arm)
{
    return rac_model_output_unit(arm->model, (size_t)arm->outputs[drawn(sim, arm)]);
}

static void add_bands(sheet *s, size_t index, const double *bands)
{
    const size_t times = s->sim->times;
    rac_figure_mark mark = {.kind = RAC_FIGURE_BAND,
                            .style = (int)index,
                            .count = s->count,
                            .x = s->x,
                            .low = as_read(s, bands),
                            .high = as_read(s, bands + 4 * times),
                            .shade = s->thin ? 0.3 : 0.12,
                            .edged = !s->thin,
                            .name = s->sim->mixed ? "90 % of the mixture"
                                    : index == 0  ? "90 % of people"
                                                  : NULL};
    rac_figure_add(&s->figure, &mark);
    if (s->thin)
        return;
    mark.low = as_read(s, bands + times);
    mark.high = as_read(s, bands + 3 * times);
    mark.shade = 0.25;
    mark.edged = false;
    mark.name = index == 0 || s->sim->mixed ? "50 %" : NULL;
    rac_figure_add(&s->figure, &mark);
}

static void add_arm(sheet *s, size_t index)
{
    const rac_sim *sim = s->sim;
    const rac_sim_arm *arm = &sim->arms[index];
    const size_t style =
        index < sim->arm_count ? index : RAC_SIM_MODELS; /* an average looks the same always */
    const size_t k = drawn(sim, arm);
    const double *bands = arm->has_spread ? arm->bands + k * RAC_SIM_QUANTILES * sim->times : NULL;
    const bool part = sim->mixed && index < sim->arm_count; /* under the band of their average: a line */
    if (bands && !part)
        add_bands(s, style, bands);
    rac_figure_add(
        &s->figure,
        &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                           .style = (int)style,
                           .count = s->count,
                           .x = s->x,
                           .y = as_read(s, bands ? bands + 2 * sim->times : arm->typical + k * sim->times),
                           .width = part         ? 0.35
                                    : s->thin    ? 0.3
                                    : sim->mixed ? 0.9
                                                 : 0.55,
                           .name = rac_format(s->arena, "%s, %s (%s)", drawn_name(sim, arm), arm->label,
                                              bands ? "median" : "typical")});
}

static double lasts_h(const rac_dose *dose)
{
    return dose->duration_h > 0      ? dose->duration_h
           : dose->rate_mg_per_h > 0 ? dose->amount_mg / dose->rate_mg_per_h
                                     : 0;
}

/* Doses are shown where everybody has the same. */
static void add_doses(sheet *s)
{
    const rac_sim_arm *arm = &s->sim->arms[0];
    const rac_regimen *regimen = &arm->groups[0].regimen;
    const double last_h = s->sim->times_h[s->from + s->count - 1];
    double *low = rac_many(s->arena, double, regimen->count + 1),
           *high = rac_many(s->arena, double, regimen->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < regimen->count && arm->group_count == 1; i++) {
        const rac_dose *dose = &regimen->items[i];
        const bool given = dose->kind == RAC_DOSE_BOLUS || dose->kind == RAC_DOSE_INFUSION;
        if (!given || dose->time_h > last_h || dose->time_h < s->sim->times_h[s->from])
            continue;
        low[count] = (dose->time_h - s->zero_h) * s->clock.per_h;
        high[count++] = (fmin(dose->time_h + lasts_h(dose), last_h) - s->zero_h) * s->clock.per_h;
    }
    if (count)
        rac_figure_add(&s->figure, &(rac_figure_mark){.kind = RAC_FIGURE_SPANS,
                                                      .name = count == 1 ? "dose" : "doses",
                                                      .count = count,
                                                      .low = low,
                                                      .high = high});
}

static void add_notes(sheet *s)
{
    const rac_sim *sim = s->sim;
    const char *who = sim->table ? rac_format(s->arena, "%zu subjects of a table, %zu each",
                                              sim->arms[0].group_count, sim->n)
                                 : rac_format(s->arena, "%zu virtual people", sim->n);
    rac_figure_note(&s->figure, rac_format(s->arena, "%s, seed %llu%s. A simulation, not a measurement.", who,
                                           (unsigned long long)sim->seed,
                                           sim->residual ? ", with the error of an assay" : ""));
    if (sim->mixed)
        rac_figure_note(&s->figure,
                        rac_format(s->arena, "average: %s.", sim->arms[sim->arm_count].about->title));
    for (size_t a = 0; a < sim->arm_count; a++) {
        const rac_sim_arm *arm = &sim->arms[a];
        for (size_t i = 0; i < arm->outside_count; i++)
            rac_figure_note(&s->figure, rac_format(s->arena, "Outside what was studied (%s): %s",
                                                   arm->about->name, arm->outside[i]));
        for (rac_text rest = rac_text_of(arm->with), line; rest.data;) {
            line = rac_text_trim(rac_text_split(rest, '\n', &rest));
            if (line.size)
                rac_figure_note(&s->figure, rac_text_copy(s->arena, line));
        }
        char *sources = rac_format(s->arena, "%s:", arm->about->name);
        for (size_t i = 0; i < arm->about->source_count; i++)
            sources = rac_format(s->arena, "%s%s %s", sources, i ? ";" : "", arm->about->sources[i]);
        rac_figure_note(&s->figure, sources);
    }
    for (size_t i = 0; i < sim->note_count; i++)
        rac_figure_note(&s->figure, sim->notes[i]);
}

void rac_sim_time_axis(rac_figure_axis *axis, rac_sim_clock clock, double first, double last)
{
    static const double minutes[] = {5, 10, 15, 30, 60, 120}, hours[] = {1, 2, 4, 6, 12, 24},
                        days[] = {1, 2, 7, 14, 28, 56, 112, 364};
    axis->fixed = true;
    axis->min = fmin(0, first);
    axis->max = last;
    axis->steps = clock.unit[0] == 'm' ? minutes : clock.unit[0] == 'h' ? hours : days;
    axis->step_count = clock.unit[0] == 'd' ? 8 : 6;
}

const char *rac_sim_value_label(rac_arena *arena, rac_sim_reading reading)
{
    if (!reading.unit[0])
        return NULL;
    return reading.factor > 1 ? rac_format(arena, "concentration, %s", reading.unit) : reading.unit;
}

static void set_axes(sheet *s)
{
    s->figure.x.label =
        rac_format(s->arena, "time%s, %s", s->zero_h > 0 ? " after the last dose" : "", s->clock.unit);
    rac_sim_time_axis(&s->figure.x, s->clock, s->x[0], s->x[s->count - 1]);
    s->figure.y.label = rac_sim_value_label(s->arena, s->reading);
    s->figure.y.from_zero = !s->log;
    s->figure.y.log = s->log;
}

static rac_status check_units(const rac_sim *sim, rac_error *err)
{
    const rac_sim_arm *first = &sim->arms[0];
    for (size_t a = 1; a < sim->arm_count; a++) {
        const rac_sim_arm *arm = &sim->arms[a];
        if (strcmp(drawn_unit(sim, first), drawn_unit(sim, arm)) != 0) {
            rac_fail(err, RAC_INVALID, "%s is in %s, %s in %s: not on one axis", drawn_name(sim, first),
                     drawn_unit(sim, first), drawn_name(sim, arm), drawn_unit(sim, arm));
            rac_error_hint(err, "choose one that both have: --output NAME");
            return RAC_INVALID;
        }
    }
    return RAC_OK;
}

/* A panel of the times from..from + count - 1, whose clock starts at zero_h. */
static rac_status make_sheet(sheet *s, const rac_sim *sim, size_t from, size_t count, double zero_h,
                             const char *title, bool notes, rac_error *err)
{
    enum { WIDTH_MM = 180, HEIGHT_MM = 85, LINE_MM = 3, LETTERS = 140 };
    const rac_sim_arm *first = &sim->arms[0];
    *s = (sheet){.sim = sim,
                 .arena = sim->arena,
                 .clock = rac_sim_clock_for(sim->times_h[from + count - 1] - zero_h),
                 .reading = rac_sim_read_unit(sim->arena, drawn_unit(sim, first)),
                 .from = from,
                 .count = count,
                 .zero_h = zero_h,
                 .x = rac_many(sim->arena, double, count),
                 .log = rac_call_flag(sim->call, "log")};
    s->thin = s->clock.unit[0] == 'd';
    for (size_t t = 0; t < count; t++)
        s->x[t] = (sim->times_h[from + t] - zero_h) * s->clock.per_h;
    s->figure = rac_figure_open(sim->arena, title, about_plot, WIDTH_MM, HEIGHT_MM);
    set_axes(s);
    if (sim->mixed)
        add_arm(s, sim->arm_count);
    for (size_t a = 0; a < sim->arm_count; a++)
        add_arm(s, a);
    add_doses(s);
    if (notes)
        add_notes(s);
    for (size_t i = 0; i < s->figure.note_count; i++)
        s->figure.height_mm += LINE_MM * (double)(1 + strlen(s->figure.notes[i]) / LETTERS);
    return rac_figure_finish(&s->figure, err);
}

/* The times of the last dose of a course and the hours after it; false when there is no course to look into.
 */
static bool closer_look(const rac_sim *sim, size_t *from, size_t *count, double *zero_h)
{
    enum { HOURS = 12, LEAST = 8 };
    const rac_sim_arm *arm = &sim->arms[0];
    const rac_regimen *regimen = &arm->groups[0].regimen;
    if (arm->group_count > 1 || sim->times_h[sim->times - 1] <= 72)
        return false;
    *zero_h = 0;
    for (size_t i = 0; i < regimen->count; i++)
        if (regimen->items[i].kind == RAC_DOSE_BOLUS || regimen->items[i].kind == RAC_DOSE_INFUSION)
            *zero_h = fmax(*zero_h, regimen->items[i].time_h);
    *from = 0;
    while (*from < sim->times && sim->times_h[*from] < *zero_h)
        ++*from;
    *count = 0;
    while (*from + *count < sim->times && sim->times_h[*from + *count] <= *zero_h + HOURS)
        ++*count;
    return *zero_h > 0 && *count >= LEAST;
}

rac_status rac_sim_plot(const rac_sim *sim, rac_error *err)
{
    const char *dose = rac_call_value(sim->call, "dose"), *repeat = rac_call_value(sim->call, "repeat");
    const char *title =
        sim->table ? "Doses of a table"
                   : rac_format(sim->arena, "%s%s%s", dose, repeat ? ", " : "", repeat ? repeat : "");
    sheet whole, close;
    size_t from, count;
    double zero_h;
    rac_status status = check_units(sim, err);
    const bool two = closer_look(sim, &from, &count, &zero_h);
    if (!status)
        status = make_sheet(&whole, sim, 0, sim->times, 0, two ? "The whole course" : title, !two, err);
    if (!status && two)
        status = make_sheet(&close, sim, from, count, zero_h, "The last dose, closer", true, err);
    rac_text svg = {0};
    const rac_figure *const figures[] = {&whole.figure, &close.figure};
    if (!status && two)
        status = rac_svg_sheet_draw(sim->arena, title, about_plot, figures, 2, 1, "simulate", &svg, err);
    else if (!status) {
        whole.figure.headed = true;
        status = rac_svg_draw(sim->arena, &whole.figure, "simulate", &svg, err);
    }
    return status ? status : rac_call_write(sim->call, "plot", svg.data, svg.size, err);
}
