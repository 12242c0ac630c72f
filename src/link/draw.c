/* The layout of a figure: axes, marks, legend. */
#include "link/draw.h"

#include <math.h>

/* Colours of Okabe and Ito (2008, jfly.uni-koeln.de/color), told apart by colour-blind readers; the dash and
 * the marker tell them apart in grey. */
static const struct style {
    const char *colour, *dash;
    enum { CIRCLE, SQUARE, TRIANGLE, DIAMOND } marker;
} styles[] = {
    {"#0072b2", NULL, CIRCLE},
    {"#d55e00", "2.4 1", SQUARE},
    {"#009e73", "0.8 0.8", TRIANGLE},
    {"#555555", "4 1 1 1", DIAMOND},
};
enum { style_count = sizeof styles / sizeof *styles };

static const rac_ink axis_ink = {.stroke = "#222222", .width = 0.25};
static const rac_ink grid_ink = {.stroke = "#dddddd", .width = 0.15};
static const rac_ink reference_ink = {.stroke = "#555555", .width = 0.3, .dash = "1.2 1"};

static const struct style *style_of(const rac_figure_mark *mark)
{
    return &styles[(unsigned)mark->style % style_count];
}

/* ---- where things are ---- */

static const double text_mm = 3.0;      /* 8.5 pt */
static const double under_mm = 4.4;     /* from row to row below the axis */
static const double character_mm = 1.6; /* a cautious mean width of a sans-serif letter at that size */

typedef struct canvas {
    rac_arena *arena;
    const rac_pen *pen;
    const rac_figure *figure;
    double left, right, top, bottom; /* of the plotting area, mm from the upper left corner */
} canvas;

/* How far along an axis a value lies, 0 .. 1. */
static double share(const rac_figure_axis *axis, double value)
{
    if (axis->log)
        return log(value / axis->min) / log(axis->max / axis->min);
    return (value - axis->min) / (axis->max - axis->min);
}

static double at_x(const canvas *c, double x)
{
    return c->left + share(&c->figure->x, x) * (c->right - c->left);
}

static double at_y(const canvas *c, double y)
{
    return c->bottom - share(&c->figure->y, y) * (c->bottom - c->top);
}

static const rac_lettering usual = {3.0, false, "#222222"};

static void text_at(const canvas *c, double x, double y, rac_anchor anchor, const char *text)
{
    c->pen->text(c->pen->context, x, y, anchor, false, &usual, text);
}

static void segment(const canvas *c, double x1, double y1, double x2, double y2, const rac_ink *ink)
{
    c->pen->line(c->pen->context, x1, y1, x2, y2, ink);
}

static void path(const canvas *c, const rac_pen_point *points, size_t count, bool closed, const rac_ink *ink)
{
    c->pen->path(c->pen->context, points, count, closed, ink);
}

/* ---- axes ---- */

/* Minus as U+2212, which is as wide as a plus. */
static char *tick_text(const canvas *c, const rac_figure_axis *axis, size_t i)
{
    if (axis->names)
        return rac_string_copy(c->arena, axis->names[i]);
    if (axis->log)
        return rac_number_format(c->arena, axis->ticks[i]);
    char *plain = rac_format(c->arena, "%.*f", axis->digits, fabs(axis->ticks[i]));
    return axis->ticks[i] < 0 ? rac_format(c->arena, "\xE2\x88\x92%s", plain) : plain;
}

static double text_width(const char *text)
{
    size_t letters = 0;
    for (const char *t = text; *t; t++)
        letters += ((unsigned char)*t & 0xC0) != 0x80;
    return (double)letters * character_mm;
}

static double widest_tick(const canvas *c)
{
    double most = 0;
    for (size_t i = 0; i < c->figure->y.tick_count; i++)
        most = fmax(most, text_width(tick_text(c, &c->figure->y, i)));
    return most;
}

static double widest_under(const canvas *c)
{
    double most = 0;
    for (size_t k = 0; k < c->figure->under_count; k++)
        most = fmax(most, text_width(c->figure->under[k].name));
    return most;
}

static void draw_under(const canvas *c)
{
    const rac_figure *f = c->figure;
    const double first = c->bottom + (f->x.label ? 3.4 + 2 * text_mm : 1.8 + text_mm) + 1;
    for (size_t k = 0; k < f->under_count; k++) {
        const double y = first + (double)(k + 1) * under_mm;
        text_at(c, c->left - 3.5, y, RAC_ANCHOR_END, f->under[k].name);
        for (size_t i = 0; i < f->x.tick_count; i++)
            text_at(c, at_x(c, f->x.ticks[i]), y, RAC_ANCHOR_MIDDLE, f->under[k].text[i]);
    }
}

static void draw_axes(const canvas *c)
{
    const rac_figure *f = c->figure;
    for (size_t i = 0; i < f->y.tick_count; i++) {
        const double y = at_y(c, f->y.ticks[i]);
        segment(c, c->left, y, c->right, y, &grid_ink);
        text_at(c, c->left - 1.5, y + text_mm * 0.35, RAC_ANCHOR_END, tick_text(c, &f->y, i));
    }
    for (size_t i = 0; i < f->x.tick_count; i++) {
        const double x = at_x(c, f->x.ticks[i]);
        segment(c, x, c->bottom, x, c->bottom + 1.2, &axis_ink);
        text_at(c, x, c->bottom + 1.8 + text_mm, RAC_ANCHOR_MIDDLE, tick_text(c, &f->x, i));
    }
    segment(c, c->left, c->bottom, c->right, c->bottom, &axis_ink);
    segment(c, c->left, c->top, c->left, c->bottom, &axis_ink);
    if (f->x.label)
        text_at(c, (c->left + c->right) / 2, c->bottom + 3.4 + 2 * text_mm, RAC_ANCHOR_MIDDLE, f->x.label);
    draw_under(c);
    if (f->y.label)
        c->pen->text(c->pen->context, c->left - widest_tick(c) - 2.9 - 0.6 * text_mm,
                     (c->top + c->bottom) / 2, RAC_ANCHOR_MIDDLE, true, &usual, f->y.label);
}

/* ---- marks ---- */

static void marker(const canvas *c, const struct style *style, double x, double y)
{
    static const double r = 1.1;
    const rac_ink filled = {.fill = style->colour, .opacity = 1};
    const rac_ink open = {.fill = "#ffffff", .opacity = 1, .stroke = style->colour, .width = 0.45};
    switch (style->marker) {
    case CIRCLE:
        c->pen->circle(c->pen->context, x, y, r, &filled);
        return;
    case SQUARE:
        c->pen->rectangle(c->pen->context, x - r, y - r, 2 * r, 2 * r, &open);
        return;
    case TRIANGLE:
        path(c,
             (const rac_pen_point[]){
                 {true, x, y - 1.3 * r}, {false, x + 1.2 * r, y + r}, {false, x - 1.2 * r, y + r}},
             3, true, &filled);
        return;
    case DIAMOND:
        path(c,
             (const rac_pen_point[]){{true, x, y - 1.3 * r},
                                     {false, x + 1.3 * r, y},
                                     {false, x, y + 1.3 * r},
                                     {false, x - 1.3 * r, y}},
             4, true, &open);
        return;
    }
}

static double width_of(const rac_figure_mark *line)
{
    return line->width > 0 ? line->width : 0.5;
}

static void across(rac_pen_point *points, size_t *count, double x)
{
    points[*count] = (rac_pen_point){false, x, points[*count - 1].y};
    ++*count;
}

/* A path over x and y that starts anew after each gap; a single point between gaps becomes a dot by its round
 * cap.  With `steps` it goes across before it goes up or down. */
static void draw_path(const canvas *c, const rac_figure_mark *mark, bool steps)
{
    const struct style *style = style_of(mark);
    rac_pen_point *points = rac_many(c->arena, rac_pen_point, 2 * mark->count);
    size_t count = 0;
    bool open = false;
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->x[i]) || isnan(mark->y[i])) {
            open = false;
            continue;
        }
        const double x = at_x(c, mark->x[i]), y = at_y(c, mark->y[i]);
        if (!open)
            points[count++] = (rac_pen_point){true, x, y};
        else if (steps)
            across(points, &count, x);
        points[count++] = (rac_pen_point){false, x, y};
        open = true;
    }
    if (count)
        path(
            c, points, count, false,
            &(rac_ink){.stroke = style->colour, .width = width_of(mark), .dash = style->dash, .round = true});
}

static bool band_has(const rac_figure_mark *mark, size_t i)
{
    return !isnan(mark->x[i]) && !isnan(mark->low[i]) && !isnan(mark->high[i]);
}

/* Edges are lines like any other, thin, in the dash of the style. */
static void draw_edges(const canvas *c, const rac_figure_mark *band)
{
    const rac_ink ink = {.stroke = style_of(band)->colour, .width = 0.2, .dash = style_of(band)->dash};
    const double *const edges[] = {band->low, band->high};
    rac_pen_point *points = rac_many(c->arena, rac_pen_point, band->count);
    for (size_t e = 0; e < 2; e++) {
        size_t count = 0;
        bool open = false;
        for (size_t i = 0; i < band->count; i++) {
            const bool has = band_has(band, i);
            if (has)
                points[count++] = (rac_pen_point){!open, at_x(c, band->x[i]), at_y(c, edges[e][i])};
            open = has;
        }
        if (count)
            path(c, points, count, false, &ink);
    }
}

static double shade_of(const rac_figure_mark *band)
{
    return band->shade > 0 ? band->shade : 0.15;
}

static void draw_band(const canvas *c, const rac_figure_mark *mark)
{
    rac_pen_point *points = rac_many(c->arena, rac_pen_point, 2 * mark->count);
    for (size_t from = 0, to; from < mark->count; from = to + 1) {
        size_t count = 0;
        for (to = from; to < mark->count && band_has(mark, to);)
            to++;
        if (to - from < 2)
            continue;
        for (size_t i = from; i < to; i++)
            points[count++] = (rac_pen_point){i == from, at_x(c, mark->x[i]), at_y(c, mark->high[i])};
        for (size_t i = to; i-- > from;)
            points[count++] = (rac_pen_point){false, at_x(c, mark->x[i]), at_y(c, mark->low[i])};
        path(c, points, count, true, &(rac_ink){.fill = style_of(mark)->colour, .opacity = shade_of(mark)});
    }
    if (mark->edged)
        draw_edges(c, mark);
}

static void draw_points(const canvas *c, const rac_figure_mark *mark)
{
    const struct style *style = style_of(mark);
    const rac_ink ink = {.stroke = style->colour, .width = 0.4};
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->x[i]) || isnan(mark->y[i]))
            continue;
        const double x = at_x(c, mark->x[i]);
        if (mark->low && !isnan(mark->low[i]) && !isnan(mark->high[i])) {
            const double low = at_y(c, mark->low[i]), high = at_y(c, mark->high[i]);
            segment(c, x, low, x, high, &ink);
            segment(c, x - 0.8, low, x + 0.8, low, &ink);
            segment(c, x - 0.8, high, x + 0.8, high, &ink);
        }
        marker(c, style, x, at_y(c, mark->y[i]));
    }
}

static rac_ink bar_ink(const rac_figure_mark *mark)
{
    const char *colour = style_of(mark)->colour;
    return (rac_ink){.fill = colour, .opacity = mark->style % 2 ? 0.3 : 0.85, .stroke = colour, .width = 0.3};
}

static void draw_bars(const canvas *c, const rac_figure_mark *mark)
{
    const double width = mark->width > 0 ? mark->width : 0.8;
    const rac_ink ink = bar_ink(mark);
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->x[i]) || isnan(mark->y[i]))
            continue;
        const double left = at_x(c, mark->x[i] - width / 2), right = at_x(c, mark->x[i] + width / 2);
        const double end = at_y(c, mark->y[i]), zero = at_y(c, 0);
        c->pen->rectangle(c->pen->context, left, fmin(end, zero), right - left, fabs(end - zero), &ink);
    }
}

static void draw_reference(const canvas *c, const rac_figure_mark *mark)
{
    const bool across = mark->kind == RAC_FIGURE_ACROSS;
    const double value = across ? mark->y[0] : mark->x[0];
    if (isnan(value))
        return;
    if (across) {
        const double y = at_y(c, value);
        segment(c, c->left, y, c->right, y, &reference_ink);
        if (mark->name)
            text_at(c, c->right - 0.8, y - 0.9, RAC_ANCHOR_END, mark->name);
    } else {
        const double x = at_x(c, value);
        segment(c, x, c->top, x, c->bottom, &reference_ink);
        if (mark->name)
            text_at(c, x + 0.8, c->top + text_mm, RAC_ANCHOR_START, mark->name);
    }
}

static const double strip_mm = 1.1; /* of a span */
static const rac_ink wedge_ink = {.fill = "#222222", .opacity = 1},
                     strip_ink = {.fill = "#222222", .opacity = 0.55};

static void wedge(const canvas *c, double x, double y)
{
    path(c, (const rac_pen_point[]){{true, x - 0.9, y - 1.7}, {false, x + 0.9, y - 1.7}, {false, x, y}}, 3,
         true, &wedge_ink);
}

static void draw_spans(const canvas *c, const rac_figure_mark *mark)
{
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->low[i]) || isnan(mark->high[i]))
            continue;
        const double from = at_x(c, mark->low[i]), to = at_x(c, mark->high[i]);
        if (to > from)
            c->pen->rectangle(c->pen->context, from, c->top - strip_mm, to - from, strip_mm, &strip_ink);
        wedge(c, from, c->top);
    }
}

static void draw_mark(const canvas *c, const rac_figure_mark *mark)
{
    switch (mark->kind) {
    case RAC_FIGURE_LINE:
        draw_path(c, mark, false);
        return;
    case RAC_FIGURE_STEPS:
        draw_path(c, mark, true);
        return;
    case RAC_FIGURE_BAND:
        draw_band(c, mark);
        return;
    case RAC_FIGURE_POINTS:
        draw_points(c, mark);
        return;
    case RAC_FIGURE_BARS:
        draw_bars(c, mark);
        return;
    case RAC_FIGURE_ACROSS:
    case RAC_FIGURE_UP:
        draw_reference(c, mark);
        return;
    case RAC_FIGURE_SPANS:
        draw_spans(c, mark);
        return;
    case RAC_FIGURE_LABEL:
        if (mark->name && !isnan(mark->x[0]) && !isnan(mark->y[0]))
            text_at(c, at_x(c, mark->x[0]), at_y(c, mark->y[0]), RAC_ANCHOR_MIDDLE, mark->name);
        return;
    case RAC_FIGURE_KINDS:
        return;
    }
}

/* ---- legend ---- */

static bool in_legend(const rac_figure_mark *mark)
{
    return mark->name && (mark->kind <= RAC_FIGURE_BARS || mark->kind == RAC_FIGURE_SPANS);
}

static void draw_legend_key(const canvas *c, const rac_figure_mark *mark, double x, double y)
{
    const struct style *style = style_of(mark);
    if (mark->kind == RAC_FIGURE_SPANS) {
        wedge(c, x + 3.5, y - 0.2);
        return;
    }
    if (mark->kind == RAC_FIGURE_BARS || mark->kind == RAC_FIGURE_BAND) {
        rac_ink ink = bar_ink(mark);
        if (mark->kind == RAC_FIGURE_BAND)
            ink.opacity = shade_of(mark);
        c->pen->rectangle(c->pen->context, x, y - 2.2, 7, 2.4, &ink);
        return;
    }
    if (mark->kind != RAC_FIGURE_POINTS)
        segment(c, x, y - 1, x + 7, y - 1,
                &(rac_ink){.stroke = style->colour, .width = width_of(mark), .dash = style->dash});
    else
        marker(c, style, x + 3.5, y - 1);
}

/* One row above the plot, names in the order of the marks, as many rows as are needed. */
static double draw_legend(const canvas *c, double y)
{
    double x = c->left, last = y - 1;
    for (size_t i = 0; i < c->figure->mark_count; i++) {
        const rac_figure_mark *mark = &c->figure->marks[i];
        if (!in_legend(mark))
            continue;
        const double wide = 9 + text_width(mark->name) + 4;
        if (x > c->left && x + wide > c->right) {
            x = c->left;
            y += text_mm * 1.4;
        }
        draw_legend_key(c, mark, x, y);
        text_at(c, x + 8.5, y, RAC_ANCHOR_START, mark->name);
        x += wide;
        last = y;
    }
    return last;
}

/* ---- words above and below ---- */

static const double note_mm = 2.4;

static double draw_heading(const canvas *c, double y)
{
    if (!c->figure->headed)
        return y;
    c->pen->text(c->pen->context, 2, y + 0.6, RAC_ANCHOR_START, false, &(rac_lettering){3.6, true, "#222222"},
                 c->figure->title);
    return y + text_mm * 1.9;
}

/* One line of a note: as many whole words as fit; *rest is what follows. */
static rac_text line_of(rac_text note, size_t most, rac_text *rest)
{
    rac_text line = rac_text_shorten(note, most);
    if (line.size < note.size) {
        size_t at = line.size;
        while (at && line.data[at - 1] != ' ')
            at--;
        if (at)
            line.size = at;
    }
    *rest = rac_text_trim((rac_text){note.data + line.size, note.size - line.size});
    return line;
}

/* Draws the notes from `y` on, or only counts their lines when `draw` is false. */
static size_t notes(const canvas *c, double y, bool draw)
{
    const size_t most = (size_t)((c->figure->width_mm - 4) / (note_mm * 0.5));
    size_t lines = 0;
    for (size_t i = 0; i < c->figure->note_count; i++) {
        rac_text rest = rac_text_of(c->figure->notes[i]);
        while (rest.size) {
            const rac_text line = line_of(rest, most, &rest);
            if (draw)
                c->pen->text(c->pen->context, 2, y + (double)lines * note_mm * 1.3, RAC_ANCHOR_START, false,
                             &(rac_lettering){note_mm, false, "#444444"}, rac_text_copy(c->arena, line));
            lines++;
        }
    }
    return lines;
}

static bool has_spans(const rac_figure *figure)
{
    for (size_t i = 0; i < figure->mark_count; i++)
        if (figure->marks[i].kind == RAC_FIGURE_SPANS)
            return true;
    return false;
}

void rac_figure_draw(rac_arena *arena, const rac_figure *figure, const rac_pen *pen)
{
    canvas canvas_ = {.arena = arena, .pen = pen, .figure = figure}, *c = &canvas_;
    c->left = fmax(widest_tick(c) + 3.5 + (figure->y.label ? text_mm * 1.6 : 0), widest_under(c) + 4);
    c->right = figure->width_mm - 4;
    c->bottom = figure->height_mm - (figure->x.label ? 4.5 + 2 * text_mm : 3.5 + text_mm) -
                (figure->under_count ? 1 + (double)figure->under_count * under_mm : 0);
    const double notes_mm = (double)notes(c, 0, false) * note_mm * 1.3;
    c->bottom -= notes_mm > 0 ? notes_mm + 1 : 0;
    c->top = draw_legend(c, draw_heading(c, text_mm + 1)) + (has_spans(figure) ? 4.2 : 2.5);
    notes(c, figure->height_mm - notes_mm + note_mm * 0.6, true);
    draw_axes(c);
    for (size_t i = 0; i < figure->mark_count; i++)
        draw_mark(c, &figure->marks[i]);
}
