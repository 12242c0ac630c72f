/* A document on paper: sheets, headings, paragraphs, and where they break. */
#include "link/pdf.h"

#include <cairo-pdf.h>
#include <math.h>
#include <string.h>

#include "link/pdf_parts.h"

static const double sheet_width = 210 * PDF_MM, sheet_height = 297 * PDF_MM, margin = 18 * PDF_MM;
static const double body_pt = 10, note_pt = 8.5, foot_pt = 7.5;

/* ---- text ---- */

PangoLayout *pdf_text(pdf_layout *l, enum pdf_face face, double size, double width, const char *text)
{
    PangoLayout *layout = pango_layout_new(l->text);
    PangoFontDescription *font = pango_font_description_copy_static(l->face[face]);
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    if (width > 0)
        pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_text(layout, text, -1);
    return layout;
}

double pdf_height(PangoLayout *text)
{
    int width, height;
    pango_layout_get_size(text, &width, &height);
    return (double)height / PANGO_SCALE;
}

double pdf_width(PangoLayout *text)
{
    int width, height;
    pango_layout_get_size(text, &width, &height);
    return (double)width / PANGO_SCALE;
}

void pdf_put(pdf_layout *l, PangoLayout *text, double x, double y)
{
    cairo_set_source_rgb(l->cr, 0.13, 0.13, 0.13);
    cairo_move_to(l->cr, x, y);
    pango_cairo_show_layout(l->cr, text);
}

void pdf_rule(pdf_layout *l, double y, double thickness, double grey)
{
    cairo_set_source_rgb(l->cr, grey, grey, grey);
    cairo_set_line_width(l->cr, thickness);
    cairo_set_dash(l->cr, NULL, 0, 0);
    cairo_move_to(l->cr, l->left, y);
    cairo_line_to(l->cr, l->right, y);
    cairo_stroke(l->cr);
}

/* ---- sheets ---- */

double pdf_room(const pdf_layout *l)
{
    return l->bottom - l->y;
}

static void draw_foot(pdf_layout *l)
{
    const double y = sheet_height - margin + 8;
    PangoLayout *page =
        pdf_text(l, PDF_SANS, foot_pt, 0, rac_format(l->arena, "page %d of %d", l->sheet, l->sheets));
    PangoLayout *foot =
        pdf_text(l, PDF_SANS, foot_pt, l->right - l->left - pdf_width(page) - 12, l->document->foot);
    pdf_rule(l, y - 4, 0.3, 0.6);
    pdf_put(l, foot, l->left, y);
    pdf_put(l, page, l->right - pdf_width(page), y);
    g_object_unref(foot);
    g_object_unref(page);
}

void pdf_new_sheet(pdf_layout *l)
{
    draw_foot(l);
    cairo_show_page(l->cr);
    l->sheet++;
    l->y = l->top;
}

/* ---- blocks ---- */

/* Lines go one by one, so that a paragraph can go on to the next sheet; one of three or fewer stays together.
 */
static void paragraph(pdf_layout *l, enum pdf_face face, double size, const char *text, double after)
{
    PangoLayout *layout = pdf_text(l, face, size, l->right - l->left, text);
    pango_layout_set_line_spacing(layout, face == PDF_SERIF ? 1.2f : 1.1f);
    if (pango_layout_get_line_count(layout) <= 3 && pdf_height(layout) > pdf_room(l))
        pdf_new_sheet(l);
    PangoLayoutIter *line = pango_layout_get_iter(layout);
    do {
        PangoRectangle box;
        pango_layout_iter_get_line_extents(line, NULL, &box);
        const double height = (double)box.height / PANGO_SCALE * (face == PDF_SERIF ? 1.2 : 1.1);
        if (height > pdf_room(l))
            pdf_new_sheet(l);
        const double base = (double)(pango_layout_iter_get_baseline(line) - box.y) / PANGO_SCALE;
        cairo_set_source_rgb(l->cr, 0.13, 0.13, 0.13);
        cairo_move_to(l->cr, l->left + (double)box.x / PANGO_SCALE, l->y + base);
        pango_cairo_show_layout_line(l->cr, pango_layout_iter_get_line_readonly(line));
        l->y += height;
    } while (pango_layout_iter_next_line(line));
    pango_layout_iter_free(line);
    g_object_unref(layout);
    l->y += after;
}

/* A bookmark to where the heading stands. */
static void bookmark(pdf_layout *l, const char *text)
{
    cairo_pdf_surface_add_outline(
        l->surface, CAIRO_PDF_OUTLINE_ROOT, text,
        rac_format(l->arena, "page=%d pos=[%d %d]", l->sheet, (int)l->left, (int)l->y), 0);
}

static double figure_scale(const pdf_layout *l, const rac_figure *figure)
{
    const double room = (l->right - l->left) / PDF_MM;
    return fmin(room / figure->width_mm, 0.8 * (l->bottom - l->top) / PDF_MM / figure->height_mm);
}

static double figure_height(const pdf_layout *l, const rac_figure *figure)
{
    return figure_scale(l, figure) * figure->height_mm * PDF_MM;
}

/* What of the blocks from `i` on must stand on one sheet: headings go with what follows. */
static double least_of(pdf_layout *l, size_t i)
{
    if (i >= l->document->blocks)
        return 0;
    const rac_block *b = &l->document->block[i];
    switch (b->kind) {
    case RAC_BLOCK_HEADING:
        return (b->level == 1 ? 34 : 22) + least_of(l, i + 1);
    case RAC_BLOCK_TABLE:
        return pdf_table_least(l, b->table);
    case RAC_BLOCK_FIGURE:
        return figure_height(l, b->figure) + 20;
    default:
        return 3 * body_pt * 1.4;
    }
}

static void heading(pdf_layout *l, size_t i)
{
    const rac_block *b = &l->document->block[i];
    const bool first = b->level == 1;
    if (l->y > l->top)
        l->y += first ? 12 : 6;
    if (least_of(l, i) > pdf_room(l))
        pdf_new_sheet(l);
    bookmark(l, b->text);
    PangoLayout *text = pdf_text(l, PDF_SANS_BOLD, first ? 13 : 10.5, l->right - l->left, b->text);
    pdf_put(l, text, l->left, l->y);
    l->y += pdf_height(text) + 2;
    if (first)
        pdf_rule(l, l->y, 0.5, 0.5);
    l->y += first ? 7 : 3;
    g_object_unref(text);
}

static void figure(pdf_layout *l, const rac_block *b)
{
    const double scale = figure_scale(l, b->figure), height = figure_height(l, b->figure);
    PangoLayout *caption = pdf_text(l, PDF_SANS_BOLD, 9, l->right - l->left, b->text);
    if (height + pdf_height(caption) + 4 > pdf_room(l))
        pdf_new_sheet(l);
    pdf_figure(l, b->figure, l->left, l->y, scale);
    l->y += height + 3;
    pdf_put(l, caption, l->left, l->y);
    l->y += pdf_height(caption) + 10;
    g_object_unref(caption);
}

static void block_of(pdf_layout *l, size_t i)
{
    const rac_block *b = &l->document->block[i];
    switch (b->kind) {
    case RAC_BLOCK_HEADING:
        heading(l, i);
        return;
    case RAC_BLOCK_PARAGRAPH:
        paragraph(l, PDF_SERIF, body_pt, b->text, 6);
        return;
    case RAC_BLOCK_NOTE:
        paragraph(l, PDF_SANS, note_pt, b->text, 5);
        return;
    case RAC_BLOCK_TABLE:
        pdf_table(l, b->table);
        return;
    case RAC_BLOCK_FIGURE:
        figure(l, b);
        return;
    case RAC_BLOCK_KINDS:
        return;
    }
}

static void title(pdf_layout *l)
{
    PangoLayout *text = pdf_text(l, PDF_SANS_BOLD, 18, l->right - l->left, l->document->title);
    pdf_put(l, text, l->left, l->y);
    l->y += pdf_height(text) + 6;
    g_object_unref(text);
    if (l->document->subtitle[0])
        paragraph(l, PDF_SERIF, body_pt, l->document->subtitle, 4);
}

/* ---- the whole ---- */

typedef struct sink {
    rac_arena *arena;
    char *data;
    size_t size, capacity;
} sink;

static cairo_status_t take(void *context, const unsigned char *data, unsigned length)
{
    sink *s = context;
    if (s->size + length + 1 > s->capacity) {
        const size_t capacity = 2 * (s->size + length + 1) + (1 << 16);
        char *grown = rac_many(s->arena, char, capacity);
        if (s->size)
            memcpy(grown, s->data, s->size);
        s->data = grown;
        s->capacity = capacity;
    }
    memcpy(s->data + s->size, data, length);
    s->size += length;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_status_t drop(void *context, const unsigned char *data, unsigned length)
{
    (void)context, (void)data, (void)length;
    return CAIRO_STATUS_SUCCESS;
}

static PangoFontDescription *face(const char *families, PangoWeight weight)
{
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, families);
    pango_font_description_set_weight(font, weight);
    return font;
}

/* Letters stand where they are designed to stand, whatever the size: nothing is rounded to the dots of a
 * screen. */
static void no_hints(cairo_t *cr, PangoContext *text)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_update_context(cr, text);
    pango_cairo_context_set_font_options(text, options);
    pango_context_set_round_glyph_positions(text, FALSE);
    cairo_font_options_destroy(options);
}

/* Lays the document out into `out`, or only counts its sheets (out NULL). */
static rac_status lay_out(rac_arena *arena, const rac_document *document, PangoFontMap *fonts, sink *out,
                          int *sheets, rac_error *err)
{
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(out ? take : drop, out, sheet_width, sheet_height);
    cairo_t *cr = cairo_create(surface);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, document->title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Racemate " RAC_VERSION);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
    pdf_layout layout = {.arena = arena,
                         .document = document,
                         .surface = surface,
                         .cr = cr,
                         .text = pango_font_map_create_context(fonts),
                         .face = {[PDF_SERIF] =
                                      face("Liberation Serif, DejaVu Serif, serif", PANGO_WEIGHT_NORMAL),
                                  [PDF_SANS] =
                                      face("Liberation Sans, DejaVu Sans, sans-serif", PANGO_WEIGHT_NORMAL),
                                  [PDF_SANS_BOLD] =
                                      face("Liberation Sans, DejaVu Sans, sans-serif", PANGO_WEIGHT_BOLD)},
                         .left = margin,
                         .right = sheet_width - margin,
                         .top = margin,
                         .bottom = sheet_height - margin - 6,
                         .y = margin,
                         .sheet = 1,
                         .sheets = *sheets},
               *l = &layout;
    no_hints(cr, l->text);
    title(l);
    for (size_t i = 0; i < document->blocks; i++)
        block_of(l, i);
    draw_foot(l);
    cairo_show_page(cr);
    *sheets = l->sheet;
    for (size_t i = 0; i < PDF_FACES; i++)
        pango_font_description_free(l->face[i]);
    g_object_unref(l->text);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    const cairo_status_t done = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    return done ? rac_fail(err, RAC_IO, "the PDF could not be made: %s", cairo_status_to_string(done))
                : RAC_OK;
}

rac_status rac_pdf_make(rac_arena *arena, const rac_document *document, rac_text *pdf, rac_error *err)
{
    sink out = {.arena = arena};
    int sheets = 0;
    for (size_t i = 0; i < document->blocks; i++)
        if (document->block[i].kind == RAC_BLOCK_FIGURE && !document->block[i].figure->finished)
            return rac_fail(err, RAC_INVALID, "figure '%s' is not finished",
                            document->block[i].figure->title);
    PangoFontMap *fonts = pango_cairo_font_map_new();
    rac_status status = lay_out(arena, document, fonts, NULL, &sheets, err);
    if (!status)
        status = lay_out(arena, document, fonts, &out, &sheets, err);
    g_object_unref(fonts);
    *pdf = (rac_text){out.data, out.size};
    return status;
}
