/* Drawing a figure.  One unit of the drawing is one millimetre on paper. */
#include "link/svg.h"

#include <math.h>
#include <string.h>

/* ---- text between tags ---- */

static void append(rac_markup *m, const char *bytes, size_t size)
{
    if (m->size + size + 1 > m->capacity) {
        const size_t capacity = (m->size + size + 1) * 2 + 1024;
        char *grown = rac_many(m->arena, char, capacity);
        if (m->size)
            memcpy(grown, m->data, m->size);
        m->data = grown;
        m->capacity = capacity;
    }
    memcpy(m->data + m->size, bytes, size);
    m->size += size;
    m->data[m->size] = '\0';
}

void rac_markup_raw(rac_markup *markup, const char *text)
{
    append(markup, text, strlen(text));
}

void rac_markup_text(rac_markup *markup, const char *text)
{
    for (const char *c = text; *c; c++)
        switch (*c) {
        case '&':
            rac_markup_raw(markup, "&amp;");
            break;
        case '<':
            rac_markup_raw(markup, "&lt;");
            break;
        case '>':
            rac_markup_raw(markup, "&gt;");
            break;
        case '"':
            rac_markup_raw(markup, "&quot;");
            break;
        case '\'':
            rac_markup_raw(markup, "&#39;");
            break;
        default:
            if ((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t')
                rac_markup_raw(markup, "\xEF\xBF\xBD");
            else
                append(markup, c, 1);
        }
}

void rac_markup_format(rac_markup *markup, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    rac_markup_raw(markup, rac_format_list(markup->arena, format, arguments));
    va_end(arguments);
}

/* ---- styles ---- */

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

static const struct style *style_of(const rac_figure_mark *mark)
{
    return &styles[(unsigned)mark->style % style_count];
}

/* ---- where things are ---- */

static const double text_mm = 3.0;      /* 8.5 pt */
static const double under_mm = 4.4;     /* from row to row below the axis */
static const double character_mm = 1.6; /* a cautious mean width of a sans-serif letter at that size */

typedef struct canvas {
    rac_markup *out;
    const rac_figure *figure;
    double left, right, top, bottom; /* of the plotting area, mm from the upper left corner */
} canvas;

/* To a hundredth of a millimetre, without the locale. */
static const char *number(const canvas *c, double value)
{
    const double rounded = round(value * 100) / 100;
    return rac_number_format(c->out->arena, rounded == 0 ? 0 : rounded);
}
#define MM(value) number(c, (value))

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

static void text_at(const canvas *c, double x, double y, const char *anchor, const char *text)
{
    rac_markup_format(c->out, "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" stroke=\"none\">", MM(x), MM(y),
                      anchor);
    rac_markup_text(c->out, text);
    rac_markup_raw(c->out, "</text>\n");
}

static void segment(const canvas *c, double x1, double y1, double x2, double y2, const char *more)
{
    rac_markup_format(c->out, "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"%s/>\n", MM(x1), MM(y1), MM(x2),
                      MM(y2), more);
}

/* ---- axes ---- */

/* Minus as U+2212, which is as wide as a plus. */
static char *tick_text(const canvas *c, const rac_figure_axis *axis, size_t i)
{
    if (axis->names)
        return rac_string_copy(c->out->arena, axis->names[i]);
    if (axis->log)
        return rac_number_format(c->out->arena, axis->ticks[i]);
    char *plain = rac_format(c->out->arena, "%.*f", axis->digits, fabs(axis->ticks[i]));
    return axis->ticks[i] < 0 ? rac_format(c->out->arena, "\xE2\x88\x92%s", plain) : plain;
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

static void draw_axes(const canvas *c)
{
    const rac_figure *f = c->figure;
    for (size_t i = 0; i < f->y.tick_count; i++) {
        const double y = at_y(c, f->y.ticks[i]);
        segment(c, c->left, y, c->right, y, " stroke=\"#dddddd\" stroke-width=\"0.15\"");
        text_at(c, c->left - 1.5, y + text_mm * 0.35, "end", tick_text(c, &f->y, i));
    }
    for (size_t i = 0; i < f->x.tick_count; i++) {
        const double x = at_x(c, f->x.ticks[i]);
        segment(c, x, c->bottom, x, c->bottom + 1.2, "");
        text_at(c, x, c->bottom + 1.8 + text_mm, "middle", tick_text(c, &f->x, i));
    }
    segment(c, c->left, c->bottom, c->right, c->bottom, "");
    segment(c, c->left, c->top, c->left, c->bottom, "");
    if (f->x.label)
        text_at(c, (c->left + c->right) / 2, c->bottom + 3.4 + 2 * text_mm, "middle", f->x.label);
    for (size_t k = 0; k < f->under_count; k++) {
        const double y =
            c->bottom + (f->x.label ? 3.4 + 2 * text_mm : 1.8 + text_mm) + (double)(k + 1) * under_mm + 1;
        text_at(c, c->left - 3.5, y, "end", f->under[k].name);
        for (size_t i = 0; i < f->x.tick_count; i++)
            text_at(c, at_x(c, f->x.ticks[i]), y, "middle", f->under[k].text[i]);
    }
    if (f->y.label) {
        const double x = c->left - widest_tick(c) - 2.9 - 0.6 * text_mm, y = (c->top + c->bottom) / 2;
        rac_markup_format(
            c->out,
            "<text transform=\"translate(%s %s) rotate(-90)\" text-anchor=\"middle\" stroke=\"none\">", MM(x),
            MM(y));
        rac_markup_text(c->out, f->y.label);
        rac_markup_raw(c->out, "</text>\n");
    }
}

/* ---- marks ---- */

static void marker(const canvas *c, const struct style *style, double x, double y)
{
    static const double r = 1.1;
    switch (style->marker) {
    case CIRCLE:
        rac_markup_format(c->out, "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" fill=\"%s\" stroke=\"none\"/>\n",
                          MM(x), MM(y), MM(r), style->colour);
        return;
    case SQUARE:
        rac_markup_format(c->out,
                          "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"#ffffff\" "
                          "stroke=\"%s\" stroke-width=\"0.45\"/>\n",
                          MM(x - r), MM(y - r), MM(2 * r), MM(2 * r), style->colour);
        return;
    case TRIANGLE:
        rac_markup_format(c->out, "<path d=\"M%s %sL%s %sL%s %sZ\" fill=\"%s\" stroke=\"none\"/>\n", MM(x),
                          MM(y - 1.3 * r), MM(x + 1.2 * r), MM(y + r), MM(x - 1.2 * r), MM(y + r),
                          style->colour);
        return;
    case DIAMOND:
        rac_markup_format(c->out,
                          "<path d=\"M%s %sL%s %sL%s %sL%s %sZ\" fill=\"#ffffff\" stroke=\"%s\" "
                          "stroke-width=\"0.45\"/>\n",
                          MM(x), MM(y - 1.3 * r), MM(x + 1.3 * r), MM(y), MM(x), MM(y + 1.3 * r),
                          MM(x - 1.3 * r), MM(y), style->colour);
        return;
    }
}

static double width_of(const rac_figure_mark *line)
{
    return line->width > 0 ? line->width : 0.5;
}

/* A path over x and y that starts anew after each gap; a single point between gaps becomes a dot by its round
 * cap.  With `steps` it goes across before it goes up or down. */
static void draw_path(const canvas *c, const rac_figure_mark *mark, bool steps)
{
    const struct style *style = style_of(mark);
    rac_markup_raw(c->out, "<path d=\"");
    bool open = false;
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->x[i]) || isnan(mark->y[i])) {
            open = false;
            continue;
        }
        const double x = at_x(c, mark->x[i]), y = at_y(c, mark->y[i]);
        if (!open)
            rac_markup_format(c->out, "M%s %sL%s %s", MM(x), MM(y), MM(x), MM(y));
        else if (steps)
            rac_markup_format(c->out, "H%sV%s", MM(x), MM(y));
        else
            rac_markup_format(c->out, "L%s %s", MM(x), MM(y));
        open = true;
    }
    rac_markup_format(c->out,
                      "\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-linejoin=\"round\" "
                      "stroke-linecap=\"round\"",
                      style->colour, MM(width_of(mark)));
    if (style->dash)
        rac_markup_format(c->out, " stroke-dasharray=\"%s\"", style->dash);
    rac_markup_raw(c->out, "/>\n");
}

static bool band_has(const rac_figure_mark *mark, size_t i)
{
    return !isnan(mark->x[i]) && !isnan(mark->low[i]) && !isnan(mark->high[i]);
}

/* Edges are lines like any other, thin, in the dash of the style. */
static void draw_edges(const canvas *c, const rac_figure_mark *band)
{
    const char *dash = style_of(band)->dash;
    const double *const edges[] = {band->low, band->high};
    for (size_t e = 0; e < 2; e++) {
        bool open = false;
        rac_markup_raw(c->out, "<path d=\"");
        for (size_t i = 0; i < band->count; i++) {
            const bool has = band_has(band, i);
            if (has)
                rac_markup_format(c->out, "%s%s %s", open ? "L" : "M", MM(at_x(c, band->x[i])),
                                  MM(at_y(c, edges[e][i])));
            open = has;
        }
        rac_markup_format(c->out, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"0.2\"%s%s%s/>\n",
                          style_of(band)->colour, dash ? " stroke-dasharray=\"" : "", dash ? dash : "",
                          dash ? "\"" : "");
    }
}

static double shade_of(const rac_figure_mark *band)
{
    return band->shade > 0 ? band->shade : 0.15;
}

static void draw_band(const canvas *c, const rac_figure_mark *mark)
{
    for (size_t from = 0, to; from < mark->count; from = to + 1) {
        for (to = from; to < mark->count && band_has(mark, to);)
            to++;
        if (to - from < 2)
            continue;
        rac_markup_raw(c->out, "<path d=\"");
        for (size_t i = from; i < to; i++)
            rac_markup_format(c->out, "%s%s %s", i == from ? "M" : "L", MM(at_x(c, mark->x[i])),
                              MM(at_y(c, mark->high[i])));
        for (size_t i = to; i-- > from;)
            rac_markup_format(c->out, "L%s %s", MM(at_x(c, mark->x[i])), MM(at_y(c, mark->low[i])));
        rac_markup_format(c->out, "Z\" fill=\"%s\" fill-opacity=\"%s\" stroke=\"none\"/>\n",
                          style_of(mark)->colour, MM(shade_of(mark)));
    }
    if (mark->edged)
        draw_edges(c, mark);
}

static void draw_points(const canvas *c, const rac_figure_mark *mark)
{
    const struct style *style = style_of(mark);
    char *stroke = rac_format(c->out->arena, " stroke=\"%s\" stroke-width=\"0.4\"", style->colour);
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->x[i]) || isnan(mark->y[i]))
            continue;
        const double x = at_x(c, mark->x[i]);
        if (mark->low && !isnan(mark->low[i]) && !isnan(mark->high[i])) {
            const double low = at_y(c, mark->low[i]), high = at_y(c, mark->high[i]);
            segment(c, x, low, x, high, stroke);
            segment(c, x - 0.8, low, x + 0.8, low, stroke);
            segment(c, x - 0.8, high, x + 0.8, high, stroke);
        }
        marker(c, style, x, at_y(c, mark->y[i]));
    }
}

static void draw_bars(const canvas *c, const rac_figure_mark *mark)
{
    const double width = mark->width > 0 ? mark->width : 0.8;
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->x[i]) || isnan(mark->y[i]))
            continue;
        const double left = at_x(c, mark->x[i] - width / 2), right = at_x(c, mark->x[i] + width / 2);
        const double end = at_y(c, mark->y[i]), zero = at_y(c, 0);
        rac_markup_format(c->out,
                          "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\" "
                          "fill-opacity=\"%s\" stroke=\"%s\" stroke-width=\"0.3\"/>\n",
                          MM(left), MM(fmin(end, zero)), MM(right - left), MM(fabs(end - zero)),
                          style_of(mark)->colour, mark->style % 2 ? "0.3" : "0.85", style_of(mark)->colour);
    }
}

static void draw_reference(const canvas *c, const rac_figure_mark *mark)
{
    static const char dashed[] = " stroke=\"#555555\" stroke-width=\"0.3\" stroke-dasharray=\"1.2 1\"";
    const bool across = mark->kind == RAC_FIGURE_ACROSS;
    const double value = across ? mark->y[0] : mark->x[0];
    if (isnan(value))
        return;
    if (across) {
        const double y = at_y(c, value);
        segment(c, c->left, y, c->right, y, dashed);
        if (mark->name)
            text_at(c, c->right - 0.8, y - 0.9, "end", mark->name);
    } else {
        const double x = at_x(c, value);
        segment(c, x, c->top, x, c->bottom, dashed);
        if (mark->name)
            text_at(c, x + 0.8, c->top + text_mm, "start", mark->name);
    }
}

static const double strip_mm = 1.1; /* of a span */

static void wedge(const canvas *c, double x, double y)
{
    rac_markup_format(c->out, "<path d=\"M%s %sL%s %sL%s %sZ\" fill=\"#222222\" stroke=\"none\"/>\n",
                      MM(x - 0.9), MM(y - 1.7), MM(x + 0.9), MM(y - 1.7), MM(x), MM(y));
}

static void draw_spans(const canvas *c, const rac_figure_mark *mark)
{
    for (size_t i = 0; i < mark->count; i++) {
        if (isnan(mark->low[i]) || isnan(mark->high[i]))
            continue;
        const double from = at_x(c, mark->low[i]), to = at_x(c, mark->high[i]);
        if (to > from)
            rac_markup_format(c->out,
                              "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"#222222\" "
                              "fill-opacity=\"0.55\" stroke=\"none\"/>\n",
                              MM(from), MM(c->top - strip_mm), MM(to - from), MM(strip_mm));
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
            text_at(c, at_x(c, mark->x[0]), at_y(c, mark->y[0]), "middle", mark->name);
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
        rac_markup_format(c->out,
                          "<rect x=\"%s\" y=\"%s\" width=\"7\" height=\"2.4\" fill=\"%s\" "
                          "fill-opacity=\"%s\" stroke=\"%s\" stroke-width=\"0.3\"/>\n",
                          MM(x), MM(y - 2.2), style->colour,
                          mark->kind == RAC_FIGURE_BAND ? MM(shade_of(mark))
                          : mark->style % 2             ? "0.3"
                                                        : "0.85",
                          style->colour);
        return;
    }
    if (mark->kind != RAC_FIGURE_POINTS) {
        char *stroke = rac_format(c->out->arena, " stroke=\"%s\" stroke-width=\"%s\"", style->colour,
                                  MM(width_of(mark)));
        if (style->dash)
            stroke = rac_format(c->out->arena, "%s stroke-dasharray=\"%s\"", stroke, style->dash);
        segment(c, x, y - 1, x + 7, y - 1, stroke);
    } else {
        marker(c, style, x + 3.5, y - 1);
    }
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
        text_at(c, x + 8.5, y, "start", mark->name);
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
    rac_markup_format(c->out, "<text x=\"%s\" y=\"%s\" font-size=\"3.6\" font-weight=\"bold\">", MM(2),
                      MM(y + 0.6));
    rac_markup_text(c->out, c->figure->title);
    rac_markup_raw(c->out, "</text>\n");
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
            if (draw) {
                rac_markup_format(c->out, "<text x=\"2\" y=\"%s\" font-size=\"%s\" fill=\"#444444\">",
                                  MM(y + (double)lines * note_mm * 1.3), MM(note_mm));
                rac_markup_text(c->out, rac_text_copy(c->out->arena, line));
                rac_markup_raw(c->out, "</text>\n");
            }
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

static bool id_is_plain(const char *id)
{
    return id && *id &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(id);
}

rac_status rac_svg_draw(rac_arena *arena, const rac_figure *figure, const char *id, rac_text *svg,
                        rac_error *err)
{
    if (!figure->finished)
        return rac_fail(err, RAC_INVALID, "figure '%s' is not finished", figure->title);
    if (!id_is_plain(id))
        return rac_fail(err, RAC_INVALID, "'%s' is no plain figure id", id ? id : "");
    rac_markup out = {.arena = arena};
    canvas canvas_ = {.out = &out, .figure = figure}, *c = &canvas_;
    rac_markup_format(&out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %s %s\" "
                      "width=\"%smm\" height=\"%smm\" aria-labelledby=\"%s-title %s-desc\">\n",
                      MM(figure->width_mm), MM(figure->height_mm), MM(figure->width_mm),
                      MM(figure->height_mm), id, id);
    rac_markup_format(&out, "<title id=\"%s-title\">", id);
    rac_markup_text(&out, figure->title);
    rac_markup_format(&out, "</title>\n<desc id=\"%s-desc\">", id);
    rac_markup_text(&out, figure->description);
    rac_markup_raw(&out, "</desc>\n<g font-family=\"Helvetica, Arial, sans-serif\" font-size=\"3\" "
                         "fill=\"#222222\" stroke=\"none\">\n<g stroke=\"#222222\" stroke-width=\"0.25\">\n");
    c->left = fmax(widest_tick(c) + 3.5 + (figure->y.label ? text_mm * 1.6 : 0), widest_under(c) + 4);
    c->right = figure->width_mm - 4;
    c->bottom = figure->height_mm - (figure->x.label ? 4.5 + 2 * text_mm : 3.5 + text_mm) -
                (figure->under_count ? 1 + (double)figure->under_count * under_mm : 0);
    const double notes_mm = (double)notes(c, 0, false) * note_mm * 1.3;
    c->bottom -= notes_mm > 0 ? notes_mm + 1 : 0;
    rac_markup_raw(&out, "<g stroke=\"none\">\n");
    c->top = draw_legend(c, draw_heading(c, text_mm + 1)) + (has_spans(figure) ? 4.2 : 2.5);
    notes(c, figure->height_mm - notes_mm + note_mm * 0.6, true);
    rac_markup_raw(&out, "</g>\n");
    draw_axes(c);
    for (size_t i = 0; i < figure->mark_count; i++)
        draw_mark(c, &figure->marks[i]);
    rac_markup_raw(&out, "</g>\n</g>\n</svg>\n");
    *svg = (rac_text){out.data, out.size};
    return RAC_OK;
}
