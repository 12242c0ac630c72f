/* A pen that draws with cairo. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "link/draw.h"
#include "link/pdf_parts.h"

static void set_colour(cairo_t *cr, const char *colour, double opacity)
{
    const unsigned long rgb = strtoul(colour + 1, NULL, 16);
    cairo_set_source_rgba(cr, (double)(rgb >> 16 & 255) / 255, (double)(rgb >> 8 & 255) / 255,
                          (double)(rgb & 255) / 255, opacity);
}

static void set_dash(cairo_t *cr, const char *dash)
{
    enum { most = 8 };
    double length[most];
    int count = 0;
    for (rac_text rest = rac_text_of(dash), part; dash && rest.data && count < most;) {
        part = rac_text_split(rest, ' ', &rest);
        if (!rac_number_parse(part, &length[count], NULL))
            count++;
    }
    cairo_set_dash(cr, length, count, 0);
}

/* Fills and outlines the path that stands, and forgets it. */
static void apply(cairo_t *cr, const rac_ink *ink)
{
    if (ink->fill) {
        set_colour(cr, ink->fill, ink->opacity);
        cairo_fill_preserve(cr);
    }
    if (ink->stroke) {
        set_colour(cr, ink->stroke, 1);
        set_dash(cr, ink->dash);
        cairo_set_line_width(cr, ink->width);
        cairo_set_line_cap(cr, ink->round ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT);
        cairo_set_line_join(cr, ink->round ? CAIRO_LINE_JOIN_ROUND : CAIRO_LINE_JOIN_MITER);
        cairo_stroke_preserve(cr);
    }
    cairo_new_path(cr);
}

static void pdf_line(void *context, double x1, double y1, double x2, double y2, const rac_ink *ink)
{
    const pdf_layout *l = context;
    cairo_move_to(l->cr, x1, y1);
    cairo_line_to(l->cr, x2, y2);
    apply(l->cr, ink);
}

static void pdf_path(void *context, const rac_pen_point *points, size_t count, bool closed,
                     const rac_ink *ink)
{
    const pdf_layout *l = context;
    for (size_t i = 0; i < count; i++)
        (points[i].begin ? cairo_move_to : cairo_line_to)(l->cr, points[i].x, points[i].y);
    if (closed)
        cairo_close_path(l->cr);
    apply(l->cr, ink);
}

static void pdf_rectangle(void *context, double x, double y, double width, double height, const rac_ink *ink)
{
    const pdf_layout *l = context;
    cairo_rectangle(l->cr, x, y, width, height);
    apply(l->cr, ink);
}

static void pdf_circle(void *context, double x, double y, double radius, const rac_ink *ink)
{
    const pdf_layout *l = context;
    cairo_new_sub_path(l->cr);
    cairo_arc(l->cr, x, y, radius, 0, 2 * M_PI);
    apply(l->cr, ink);
}

static void pdf_label(void *context, double x, double y, rac_anchor anchor, bool upright,
                      const rac_lettering *how, const char *text)
{
    static const double share[] = {0, 0.5, 1};
    pdf_layout *l = context;
    PangoLayout *layout = pdf_text(l, how->bold ? PDF_SANS_BOLD : PDF_SANS, how->mm, 0, text);
    cairo_save(l->cr);
    cairo_translate(l->cr, x, y);
    if (upright)
        cairo_rotate(l->cr, -M_PI / 2);
    set_colour(l->cr, how->colour, 1);
    cairo_move_to(l->cr, -share[anchor] * pdf_width(layout),
                  -(double)pango_layout_get_baseline(layout) / PANGO_SCALE);
    pango_cairo_show_layout(l->cr, layout);
    cairo_restore(l->cr);
    g_object_unref(layout);
}

void pdf_figure(pdf_layout *l, const rac_figure *figure, double x, double y, double scale)
{
    const rac_pen pen = {l, pdf_line, pdf_path, pdf_rectangle, pdf_circle, pdf_label};
    cairo_save(l->cr);
    cairo_translate(l->cr, x, y);
    cairo_scale(l->cr, scale * PDF_MM, scale * PDF_MM);
    rac_figure_draw(l->arena, figure, &pen);
    cairo_restore(l->cr);
}
