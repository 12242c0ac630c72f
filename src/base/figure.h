/* base/figure.h: a plot as data.
 *
 * What is decided here: what a plot shows (marks, axes, legend) and where its ticks are; never how it is
 * drawn.  `link/svg.h` draws one.  Data are in their own units, sizes on paper in mm.
 *
 *     rac_figure figure = rac_figure_open(arena, "Change from baseline", "Mean and 95 % interval", 160, 90);
 *     figure.x.label = "Session";
 *     rac_figure_add(&figure, &(rac_figure_mark){.kind = RAC_FIGURE_LINE, .name = "ketamine", .count = 6,
 *                                                .x = session, .y = mean});
 *     rac_figure_finish(&figure, err);
 *
 * A value that is NaN is a gap: lines, steps and bands break there, points and bars are left out.  An
 * infinite value is refused by rac_figure_finish.  Arrays and text are copied into the arena. */
#ifndef RACEMATE_BASE_FIGURE_H
#define RACEMATE_BASE_FIGURE_H

#include "racemate/base.h"

typedef enum rac_figure_kind {
    RAC_FIGURE_LINE,   /* x, y */
    RAC_FIGURE_STEPS,  /* x, y: y holds from x until the next x, as a survival curve does */
    RAC_FIGURE_BAND,   /* x, low, high: filled between */
    RAC_FIGURE_POINTS, /* x, y, and low and high when there are intervals */
    RAC_FIGURE_BARS,   /* x, y from 0; `width` in units of x */
    RAC_FIGURE_ACROSS, /* a reference line at y[0] over the whole width */
    RAC_FIGURE_UP,     /* a reference line at x[0] over the whole height */
    RAC_FIGURE_LABEL,  /* `name` written at x[0], y[0] */
    RAC_FIGURE_SPANS,  /* low and high along the horizontal axis: when something was given or done; a strip
                          at the top with a wedge where each begins */
    RAC_FIGURE_KINDS
} rac_figure_kind;

typedef struct rac_figure_mark {
    rac_figure_kind kind;
    const char *name; /* in the legend; NULL keeps it out. Of a reference line: written beside it */
    int style; /* from 0: colour, dash and marker together, so that grey paper still tells them apart */
    size_t count;
    const double *x, *y, *low, *high; /* `count` each, those the kind names; others NULL */
    double width;                     /* of bars, in units of x; 0: 0.8.  Of a line, in mm; 0: 0.5 */
    double shade;                     /* of a band, 0 .. 1; 0: 0.15. The inner of two bands is darker */
    bool edged;                       /* a band with thin edges in its own dash, for black ink alone */
} rac_figure_mark;

typedef struct rac_figure_axis {
    const char *label;   /* with its unit; NULL: none */
    bool fixed;          /* min and max were given and stay */
    double min, max;     /* otherwise found from the marks and moved out to ticks */
    bool from_zero;      /* the range found includes 0 */
    bool log;            /* to the base 10: every value must be above 0 (or NaN) */
    const double *steps; /* ascending: ticks only this far apart (7 days, 30 min); NULL: round numbers */
    size_t step_count;
    const char *const *names; /* category names at 0, 1, ..., or NULL */
    size_t name_count;
    size_t tick_count; /* found by rac_figure_finish */
    const double *ticks;
    int digits; /* after the point, enough for the ticks to differ */
} rac_figure_axis;

/* A row of text below the horizontal axis, one entry a tick: how many are still at risk, say. */
typedef struct rac_figure_under {
    const char *name;
    const char *const *text; /* x.tick_count */
} rac_figure_under;

typedef struct rac_figure {
    rac_arena *arena;
    const char *title, *description; /* for people who hear the figure rather than see it, too */
    double width_mm, height_mm;
    rac_figure_axis x, y;
    size_t mark_count, mark_capacity;
    rac_figure_mark *marks;
    size_t under_count, under_capacity;
    rac_figure_under *under;
    bool headed;        /* the title is written above the plot, for an image that stands alone */
    const char **notes; /* small print below it: sources, warnings; wrapped to the width */
    size_t note_count, note_capacity;
    bool finished;
} rac_figure;

rac_figure rac_figure_open(rac_arena *arena, const char *title, const char *description, double width_mm,
                           double height_mm);
void rac_figure_add(rac_figure *figure, const rac_figure_mark *mark);
void rac_figure_note(rac_figure *figure, const char *note);
/* Finds ranges and ticks.  RAC_INVALID: nothing finite to show, an infinite value, a mark without the arrays
 * its kind needs, a fixed range that is empty, a sheet smaller than 40 x 30 mm, 0 or less on a log axis. */
rac_status rac_figure_finish(rac_figure *figure, rac_error *err);

/* Of a finished figure, whose ticks are known: text[i] stands below x.ticks[i].  Copied. */
void rac_figure_write_under(rac_figure *figure, const char *name, const char *const *text);

/* Ticks at round numbers (1, 2 or 5 times a power of ten) that cover [min, max], about `most` of them:
 * Heckbert, "Nice numbers for graph labels", Graphics Gems 1990, ISBN 0-12-286165-5.  min <= max, finite.
 * *first and *step become the grid; the number of ticks comes back. */
size_t rac_figure_ticks(double min, double max, size_t most, double *first, double *step);

#endif
