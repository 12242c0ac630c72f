/* The picture of `racemate protocol simulate`: true systolic pressure of the patients over time, one held
 * patient as the clinic saw them, and below it what share is infusing, held, recovering and gone. */
#include <math.h>
#include <string.h>

#include "app/protocol_simulate.h"
#include "link/svg.h"

enum { MINUTES = RAC_SIMULATED_MINUTES };

static bool was_started(const rac_simulated_arm *arm, size_t patient)
{
    const rac_virtual_end end = arm->outcomes[patient].end;
    return end == RAC_VIRTUAL_DISCHARGED || end == RAC_VIRTUAL_STILL_HERE;
}

/* The last minute at which one in twenty is still there, to the next half hour. */
static size_t minutes_shown(const rac_simulated_arm *arms, size_t count)
{
    size_t last = 30;
    for (size_t i = 0; i < count; i++)
        for (size_t m = 0; m < MINUTES; m++) {
            size_t here = 0, started = 0;
            for (size_t p = 0; p < arms[i].curves; p++) {
                started += was_started(&arms[i], p);
                here += was_started(&arms[i], p) && arms[i].state[p * MINUTES + m] < RAC_STATE_DISCHARGED;
            }
            if (started && here * 20 >= started && m > last)
                last = m;
        }
    last = (last / 30 + 1) * 30 + 1;
    return last < MINUTES ? last : MINUTES;
}

static void add_fan(rac_arena *arena, rac_figure *figure, const rac_simulated_arm *arm, const char *name,
                    int style, size_t minutes)
{
    double *x = rac_many(arena, double, minutes), *low = rac_many(arena, double, minutes),
           *high = rac_many(arena, double, minutes), *median = rac_many(arena, double, minutes),
           *values = rac_many(arena, double, arm->curves);
    for (size_t m = 0; m < minutes; m++) {
        size_t count = 0;
        for (size_t p = 0; p < arm->curves; p++)
            if (was_started(arm, p))
                values[count++] = arm->sbp[p * MINUTES + m];
        x[m] = (double)m;
        low[m] = count ? rac_quantile(values, count, 0.05) : NAN;
        median[m] = count ? rac_quantile(values, count, 0.5) : NAN;
        high[m] = count ? rac_quantile(values, count, 0.95) : NAN;
    }
    rac_figure_add(
        figure,
        &(rac_figure_mark){
            .kind = RAC_FIGURE_BAND, .style = style, .count = minutes, .x = x, .low = low, .high = high});
    rac_figure_add(figure,
                   &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                                      .name = rac_format(arena, "%s: median, 90 %% of patients", name),
                                      .style = style,
                                      .count = minutes,
                                      .x = x,
                                      .y = median});
}

static const rac_site_place *limit_of(const rac_simulated_arm *arm)
{
    const rac_site_place *limit = rac_protocol_place(arm->protocol, "hold_systolic");
    return limit && limit->filled ? limit : NULL;
}

/* The first patient who was held and whose systolic reading met the limit (others were held for the diastolic
 * one, which is not drawn), until they left: true pressure, what the cuff showed, and when it was held. */
static void add_held(rac_arena *arena, rac_figure *figure, const rac_simulated_arm *arm, size_t minutes)
{
    const rac_site_place *limit = limit_of(arm);
    size_t held = arm->curves;
    for (size_t p = 0; limit && p < arm->curves && held == arm->curves; p++)
        if (arm->outcomes[p].holds_for_pressure && arm->outcomes[p].peak[0] >= limit->value)
            held = p;
    if (held == arm->curves)
        return;
    double *x = rac_many(arena, double, minutes), *span = rac_many(arena, double, minutes),
           *pressure = rac_many(arena, double, minutes);
    for (size_t m = 0; m < minutes; m++) {
        const unsigned char state = arm->state[held * MINUTES + m];
        x[m] = (double)m;
        pressure[m] = state < RAC_STATE_DISCHARGED ? arm->sbp[held * MINUTES + m] : NAN;
        span[m] = state == RAC_STATE_PAUSED ? pressure[m] : NAN;
    }
    rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                                              .name = rac_format(arena, "patient %zu, who was held", held),
                                              .style = 3,
                                              .count = minutes,
                                              .x = x,
                                              .y = pressure});
    rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                              .name = "their cuff readings",
                                              .style = 3,
                                              .count = minutes,
                                              .x = x,
                                              .y = arm->reading_sbp + held * MINUTES});
    rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                              .name = "minutes held",
                                              .style = 2,
                                              .count = minutes,
                                              .x = x,
                                              .y = span});
}

static void add_limit(rac_figure *figure, const rac_simulated_arm *arm)
{
    const rac_site_place *limit = limit_of(arm);
    if (limit)
        rac_figure_add(figure,
                       &(rac_figure_mark){
                           .kind = RAC_FIGURE_ACROSS, .name = "hold limit", .count = 1, .y = &limit->value});
}

/* Rows of shares below the axis. */
static void write_shares(rac_arena *arena, rac_figure *figure, const rac_simulated_arm *arm, const char *name)
{
    static const struct {
        rac_state from, to;
        const char *name;
    } groups[] = {{RAC_STATE_DOSING, RAC_STATE_DOSING, "infusing"},
                  {RAC_STATE_PAUSED, RAC_STATE_PAUSED, "held"},
                  {RAC_STATE_RECOVERING, RAC_STATE_RECOVERING, "recovering"},
                  {RAC_STATE_DISCHARGED, RAC_STATE_LEFT, "gone"}};
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        const char **text = rac_many(arena, const char *, figure->x.tick_count);
        for (size_t t = 0; t < figure->x.tick_count; t++) {
            const double minute = figure->x.ticks[t];
            size_t started = 0, inside = 0;
            for (size_t p = 0; p < arm->curves && minute >= 0 && minute < MINUTES; p++) {
                const unsigned char state = arm->state[p * MINUTES + (size_t)minute];
                started += was_started(arm, p);
                inside += was_started(arm, p) && state >= groups[g].from && state <= groups[g].to;
            }
            text[t] =
                started ? rac_format(arena, "%.3g", round(1000 * (double)inside / (double)started) / 10) : "";
        }
        rac_figure_write_under(figure, rac_format(arena, "%s%s %%", name, groups[g].name), text);
    }
}

/* The median of what the rise follows. */
static void write_driver(rac_arena *arena, rac_figure *figure, const rac_simulated_arm *arm, const char *name)
{
    const char **text = rac_many(arena, const char *, figure->x.tick_count);
    double *values = rac_many(arena, double, arm->curves);
    for (size_t t = 0; t < figure->x.tick_count; t++) {
        const double minute = figure->x.ticks[t];
        size_t count = 0;
        for (size_t p = 0; p < arm->curves && minute >= 0 && minute < MINUTES; p++)
            if (was_started(arm, p))
                values[count++] = arm->driver[p * MINUTES + (size_t)minute];
        text[t] = count ? rac_format(arena, "%.3g", rac_quantile(values, count, 0.5)) : "";
    }
    rac_figure_write_under(figure, rac_format(arena, "%s%s mg/L", name, arm->clinic.patient->driver), text);
}

rac_status rac_simulated_plot(rac_arena *arena, const rac_simulated_arm *arms, size_t count, rac_text *svg,
                              rac_error *err)
{
    static const char *const names[] = {"A", "B"};
    const size_t minutes = minutes_shown(arms, count);
    rac_figure figure = rac_figure_open(
        arena, "Systolic pressure of virtual patients under the protocol",
        rac_format(arena, "%zu virtual patients: true pressure, and what share is in which state",
                   arms[0].curves),
        175, count > 1 ? 135 : 110);
    figure.x.label = "Minutes from the start of the infusion";
    figure.x.fixed = true;
    figure.x.max = (double)(minutes - 1);
    figure.y.label = "Systolic pressure, mmHg";
    for (size_t i = 0; i < count; i++)
        add_fan(arena, &figure, &arms[i], count > 1 ? names[i] : arms[i].protocol->id, (int)i, minutes);
    add_held(arena, &figure, &arms[0], minutes);
    add_limit(&figure, &arms[0]);
    const rac_status status = rac_figure_finish(&figure, err);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        const char *name = count > 1 ? rac_format(arena, "%s ", names[i]) : "";
        write_driver(arena, &figure, &arms[i], name);
        write_shares(arena, &figure, &arms[i], name);
    }
    return rac_svg_draw(arena, &figure, "protocol-simulate", svg, err);
}
