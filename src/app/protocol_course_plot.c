/* The picture of courses of virtual patients: six panels, each by infusion. */
#include <math.h>
#include <string.h>

#include "app/protocol_course.h"
#include "link/svg_sheet.h"

static const char *const arm_names[] = {"A", "B"};

typedef struct series {
    const char *key, *name; /* in the legend, after the arm's name */
    bool spread;            /* with what 90 % of patients lie between */
} series;

/* A panel: its title, its axis, and one or two figures of an infusion. */
static const struct {
    const char *title, *axis;
    double scale; /* from the figure's unit to the axis' */
    double most;  /* of the axis; 0: found */
    series series[2];
} panels[] = {
    {"Treated", "% of all who came first", 1, 100, {{"treated", "", false}, {NULL, NULL, false}}},
    {"Dose ordered",
     "mg/kg, mean and 90 % of patients",
     1,
     0,
     {{"dose_mg_per_kg", "", true}, {NULL, NULL, false}}},
    {"Highest level",
     "ng/mL, mean and 90 % of patients",
     1000,
     0,
     {{"driver_highest", "", true}, {NULL, NULL, false}}},
    {"Held, and stepped up",
     "% of those treated",
     1,
     0,
     {{"held", "held", false}, {"stepped_up", "stepped up", false}}},
    {"Improvement after it",
     "% of the baseline, of those asked",
     1,
     100,
     {{"improvement", "", true}, {NULL, NULL, false}}},
    {"Response and remission by then",
     "% of all who came first; unasked: none",
     1,
     100,
     {{"response", "response", false}, {"remission", "remission", false}}},
};
enum { PANELS = sizeof panels / sizeof *panels, SERIES = 2, COLUMNS = 2 };

/* Arms stand side by side at each infusion, so that neither hides the other. */
static double place_of(size_t arm, size_t arms, int infusion)
{
    return infusion + (arms > 1 ? ((double)arm - 0.5) * 0.16 : 0);
}

static const char *legend_of(rac_arena *arena, const rac_simulated_courses *arm, const char *letter,
                             const char *name)
{
    const char *who = letter ? letter : name[0] ? "" : arm->arm->protocol->id;
    return rac_format(arena, "%s%s%s", who, who[0] && name[0] ? ", " : "", name);
}

/* A protocol without steps has no line of them. */
static bool is_drawn(const rac_simulated_courses *arm, const char *key)
{
    return key &&
           (strcmp(key, "stepped_up") != 0 || arm->arm->protocol->course.dose_steps.by_mg_per_kg.millionths);
}

static void add_series(rac_arena *arena, rac_figure *figure, const rac_simulated_courses *arms,
                       size_t arm_count, size_t i, int panel, int k)
{
    const series *s = &panels[panel].series[k];
    const size_t count = (size_t)arms[i].schedule.infusions;
    const double scale = panels[panel].scale;
    double *x = rac_many(arena, double, count), *y = rac_many(arena, double, count),
           *low = rac_many(arena, double, count), *high = rac_many(arena, double, count);
    for (size_t n = 0; n < count; n++) {
        const rac_virtual_figure *f = rac_simulated_figure(&arms[i].infusions[n], s->key);
        x[n] = place_of(i, arm_count, (int)n + 1);
        y[n] = f->value * scale;
        low[n] = s->spread ? f->low * scale : NAN;
        high[n] = s->spread ? f->high * scale : NAN;
    }
    const int style = (int)i + 2 * k;
    rac_figure_add(
        figure, &(rac_figure_mark){.kind = RAC_FIGURE_LINE, .style = style, .count = count, .x = x, .y = y});
    rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                              .name = legend_of(arena, &arms[i],
                                                                arm_count > 1 ? arm_names[i] : NULL, s->name),
                                              .style = style,
                                              .count = count,
                                              .x = x,
                                              .y = y,
                                              .low = s->spread ? low : NULL,
                                              .high = s->spread ? high : NULL});
}

rac_status rac_simulated_courses_plot(rac_arena *arena, const rac_simulated_courses *arms, size_t count,
                                      rac_text *svg, rac_error *err)
{
    static const double whole[] = {1, 2, 5, 10, 20};
    const rac_figure *sheet[PANELS];
    int most = 0;
    for (size_t i = 0; i < count; i++)
        most = arms[i].schedule.infusions > most ? arms[i].schedule.infusions : most;
    for (int p = 0; p < PANELS; p++) {
        rac_figure *figure = rac_new(arena, rac_figure);
        *figure = rac_figure_open(arena, panels[p].title,
                                  rac_format(arena, "%s by infusion", panels[p].title), 92, 66);
        figure->x = (rac_figure_axis){.label = "Infusion",
                                      .fixed = true,
                                      .min = 0.5,
                                      .max = most + 0.5,
                                      .steps = whole,
                                      .step_count = sizeof whole / sizeof *whole};
        figure->y.label = panels[p].axis;
        figure->y.from_zero = true;
        for (size_t i = 0; i < count; i++)
            for (int k = 0; k < SERIES; k++)
                if (is_drawn(&arms[i], panels[p].series[k].key))
                    add_series(arena, figure, arms, count, i, p, k);
        const rac_status status = rac_figure_finish(figure, err);
        if (status)
            return status;
        sheet[p] = figure;
    }
    const char *title =
        count > 1 ? rac_format(arena, "Courses of %zu virtual patients under A %s and B %s", arms[0].patients,
                               arms[0].arm->protocol->id, arms[1].arm->protocol->id)
                  : rac_format(arena, "Courses of %zu virtual patients under %s", arms[0].patients,
                               arms[0].arm->protocol->id);
    return rac_svg_sheet_draw(arena, title,
                              "By infusion: who is treated, dose, level, holds and steps, improvement, "
                              "response and remission. No dose moves the scores.",
                              sheet, PANELS, COLUMNS, "protocol-course", svg, err);
}
