/* Figures on one sheet: see link/svg_sheet.h.  One unit of the drawing is one millimetre on paper. */
#include "link/svg_sheet.h"

#include <math.h>
#include <string.h>

static const double title_mm = 7;   /* above the first row */
static const double heading_mm = 5; /* above each figure */

static const char *number(rac_arena *arena, double value)
{
    return rac_number_format(arena, round(value * 100) / 100);
}

static void write_text(rac_markup *out, double x, double y, const char *size, const char *text)
{
    rac_markup_format(out, "<text x=\"%s\" y=\"%s\" font-size=\"%s\" font-weight=\"bold\">",
                      number(out->arena, x), number(out->arena, y), size);
    rac_markup_text(out, text);
    rac_markup_raw(out, "</text>\n");
}

/* A figure is an image of its own; on a sheet its opening tag says where it lies. */
static rac_status place(rac_markup *out, const rac_figure *figure, double x, double y, const char *id,
                        rac_error *err)
{
    rac_text drawn;
    const rac_status status = rac_svg_draw(out->arena, figure, id, &drawn, err);
    if (status)
        return status;
    write_text(out, x + 2, y + 3.6, "3.2", figure->title);
    const char *width = number(out->arena, figure->width_mm), *height = number(out->arena, figure->height_mm);
    rac_markup_format(out,
                      "<svg x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" viewBox=\"0 0 %s %s\" role=\"img\" "
                      "aria-labelledby=\"%s-title %s-desc\">",
                      number(out->arena, x), number(out->arena, y + heading_mm), width, height, width, height,
                      id, id);
    rac_markup_raw(out, strchr(drawn.data, '>') + 1);
    return RAC_OK;
}

/* A row is as high as the highest of its figures. */
static double row_height(const rac_figure *const *figures, size_t count, size_t first, size_t columns)
{
    double height = 0;
    for (size_t i = first; i < count && i < first + columns; i++)
        height = fmax(height, figures[i]->height_mm + heading_mm);
    return height;
}

rac_status rac_svg_sheet_draw(rac_arena *arena, const char *title, const char *description,
                              const rac_figure *const *figures, size_t count, size_t columns, const char *id,
                              rac_text *svg, rac_error *err)
{
    double cell_width = 0, total = title_mm;
    for (size_t i = 0; i < count; i++)
        cell_width = fmax(cell_width, figures[i]->width_mm);
    for (size_t first = 0; first < count; first += columns)
        total += row_height(figures, count, first, columns);
    const size_t across = count < columns ? count : columns;
    const char *width = number(arena, cell_width * (double)across), *height = number(arena, total);
    rac_markup out = {.arena = arena};
    rac_markup_format(&out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %s %s\" "
                      "width=\"%smm\" height=\"%smm\" aria-labelledby=\"%s-title %s-desc\">\n"
                      "<title id=\"%s-title\">",
                      width, height, width, height, id, id, id);
    rac_markup_text(&out, title);
    rac_markup_format(&out, "</title>\n<desc id=\"%s-desc\">", id);
    rac_markup_text(&out, description);
    rac_markup_format(&out,
                      "</desc>\n<rect width=\"%s\" height=\"%s\" fill=\"#ffffff\"/>\n"
                      "<g font-family=\"Helvetica, Arial, sans-serif\" fill=\"#222222\">\n",
                      width, height);
    write_text(&out, 2, 5, "3.8", title);
    double below = title_mm;
    for (size_t i = 0; i < count; i++) {
        if (i && i % columns == 0)
            below += row_height(figures, count, i - columns, columns);
        const rac_status status = place(&out, figures[i], cell_width * (double)(i % columns), below,
                                        rac_format(arena, "%s-%zu", id, i + 1), err);
        if (status)
            return status;
    }
    rac_markup_raw(&out, "</g>\n</svg>\n");
    *svg = (rac_text){out.data, out.size};
    return RAC_OK;
}
