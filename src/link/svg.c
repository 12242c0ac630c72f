/* A pen that writes SVG.  One unit of the drawing is one millimetre on paper. */
#include "link/svg.h"

#include <math.h>
#include <string.h>

#include "link/draw.h"

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

/* ---- the pen ---- */

/* To a hundredth of a millimetre, without the locale. */
static const char *mm(rac_markup *out, double value)
{
    const double rounded = round(value * 100) / 100;
    return rac_number_format(out->arena, rounded == 0 ? 0 : rounded);
}

/* Ends the tag. */
static void ink_of(rac_markup *out, const rac_ink *ink)
{
    rac_markup_format(out, " fill=\"%s\"", ink->fill ? ink->fill : "none");
    if (ink->fill && ink->opacity < 1)
        rac_markup_format(out, " fill-opacity=\"%s\"", rac_number_format(out->arena, ink->opacity));
    if (ink->stroke)
        rac_markup_format(out, " stroke=\"%s\" stroke-width=\"%s\"", ink->stroke,
                          rac_number_format(out->arena, ink->width));
    if (ink->stroke && ink->dash)
        rac_markup_format(out, " stroke-dasharray=\"%s\"", ink->dash);
    if (ink->round)
        rac_markup_raw(out, " stroke-linejoin=\"round\" stroke-linecap=\"round\"");
    rac_markup_raw(out, "/>\n");
}

static void svg_line(void *context, double x1, double y1, double x2, double y2, const rac_ink *ink)
{
    rac_markup *out = context;
    rac_markup_format(out, "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"", mm(out, x1), mm(out, y1),
                      mm(out, x2), mm(out, y2));
    ink_of(out, ink);
}

static void svg_path(void *context, const rac_pen_point *points, size_t count, bool closed,
                     const rac_ink *ink)
{
    rac_markup *out = context;
    rac_markup_raw(out, "<path d=\"");
    for (size_t i = 0; i < count; i++)
        rac_markup_format(out, "%s%s %s", points[i].begin ? "M" : "L", mm(out, points[i].x),
                          mm(out, points[i].y));
    rac_markup_raw(out, closed ? "Z\"" : "\"");
    ink_of(out, ink);
}

static void svg_rectangle(void *context, double x, double y, double width, double height, const rac_ink *ink)
{
    rac_markup *out = context;
    rac_markup_format(out, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"", mm(out, x), mm(out, y),
                      mm(out, width), mm(out, height));
    ink_of(out, ink);
}

static void svg_circle(void *context, double x, double y, double radius, const rac_ink *ink)
{
    rac_markup *out = context;
    rac_markup_format(out, "<circle cx=\"%s\" cy=\"%s\" r=\"%s\"", mm(out, x), mm(out, y), mm(out, radius));
    ink_of(out, ink);
}

static void svg_text(void *context, double x, double y, rac_anchor anchor, bool upright,
                     const rac_lettering *how, const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    rac_markup *out = context;
    if (upright)
        rac_markup_format(out, "<text transform=\"translate(%s %s) rotate(-90)\"", mm(out, x), mm(out, y));
    else
        rac_markup_format(out, "<text x=\"%s\" y=\"%s\"", mm(out, x), mm(out, y));
    rac_markup_format(out, " text-anchor=\"%s\"", anchors[anchor]);
    if (how->mm != 3)
        rac_markup_format(out, " font-size=\"%s\"", mm(out, how->mm));
    if (how->bold)
        rac_markup_raw(out, " font-weight=\"bold\"");
    if (strcmp(how->colour, "#222222") != 0)
        rac_markup_format(out, " fill=\"%s\"", how->colour);
    rac_markup_raw(out, ">");
    rac_markup_text(out, text);
    rac_markup_raw(out, "</text>\n");
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
    const char *width = mm(&out, figure->width_mm), *height = mm(&out, figure->height_mm);
    rac_markup_format(&out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %s %s\" "
                      "width=\"%smm\" height=\"%smm\" aria-labelledby=\"%s-title %s-desc\">\n",
                      width, height, width, height, id, id);
    rac_markup_format(&out, "<title id=\"%s-title\">", id);
    rac_markup_text(&out, figure->title);
    rac_markup_format(&out, "</title>\n<desc id=\"%s-desc\">", id);
    rac_markup_text(&out, figure->description);
    rac_markup_raw(&out, "</desc>\n<g font-family=\"Helvetica, Arial, sans-serif\" font-size=\"3\" "
                         "fill=\"#222222\" stroke=\"none\">\n");
    const rac_pen pen = {&out, svg_line, svg_path, svg_rectangle, svg_circle, svg_text};
    rac_figure_draw(arena, figure, &pen);
    rac_markup_raw(&out, "</g>\n</svg>\n");
    *svg = (rac_text){out.data, out.size};
    return RAC_OK;
}
