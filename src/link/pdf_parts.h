/* link/pdf_parts.h: what the files that lay out a PDF share.  Lengths in points (1/72 inch) from the upper
 * left corner of the sheet. */
#ifndef RACEMATE_LINK_PDF_PARTS_H
#define RACEMATE_LINK_PDF_PARTS_H

#include <pango/pangocairo.h>

#include "link/pdf.h"

#define PDF_MM (72 / 25.4)

enum pdf_face { PDF_SERIF, PDF_SANS, PDF_SANS_BOLD, PDF_FACES };

/* A document being laid out.  It is laid out twice: first onto nothing, to count the sheets. */
typedef struct pdf_layout {
    rac_arena *arena;
    const rac_document *document;
    cairo_surface_t *surface;
    cairo_t *cr;
    PangoContext *text;
    PangoFontDescription *face[PDF_FACES];
    double left, right, top, bottom; /* where text may stand */
    double y;
    int sheet, sheets; /* from 1; sheets is 0 while they are counted */
} pdf_layout;

/* A paragraph of `size` points that wraps at `width` (0: one line).  g_object_unref it. */
PangoLayout *pdf_text(pdf_layout *l, enum pdf_face face, double size, double width, const char *text);
double pdf_height(PangoLayout *text);
double pdf_width(PangoLayout *text);
void pdf_put(pdf_layout *l, PangoLayout *text, double x, double y);
void pdf_rule(pdf_layout *l, double y, double thickness, double grey);
/* Room left on this sheet; and a new one with its foot. */
double pdf_room(const pdf_layout *l);
void pdf_new_sheet(pdf_layout *l);

void pdf_table(pdf_layout *l, const rac_table *table);
/* Its caption, column names and first rows: what must stand together. */
double pdf_table_least(pdf_layout *l, const rac_table *table);
void pdf_figure(pdf_layout *l, const rac_figure *figure, double x, double y, double scale);

#endif
