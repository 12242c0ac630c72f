/* Tables on paper: how wide columns are, and where a table goes on to the next sheet. */
#include <math.h>
#include <string.h>

#include "link/pdf_parts.h"

static const double size_pt = 8.5, smallest_pt = 6.5, pad_pt = 5, line_pt = 1.8;

typedef struct grid {
    const rac_table *table;
    double size;   /* of the letters */
    double *width; /* columns, without padding */
    size_t heads;  /* rows of column names */
} grid;

static enum pdf_face face_of(const rac_row *row)
{
    return row->kind == RAC_ROW_HEAD || row->kind == RAC_ROW_STRONG ? PDF_SANS_BOLD : PDF_SANS;
}

static double indent_of(const rac_row *row, size_t column)
{
    return row->kind == RAC_ROW_UNDER && column == 0 ? 10 : 0;
}

/* Width without any break, and of the longest word. */
static void measure(pdf_layout *l, const grid *g, const rac_row *row, size_t column, double *whole,
                    double *least)
{
    PangoLayout *text = pdf_text(l, face_of(row), g->size, 0, row->cell[column]);
    *whole = pdf_width(text) + indent_of(row, column);
    pango_layout_set_wrap(text, PANGO_WRAP_WORD);
    pango_layout_set_width(text, 0);
    *least = pdf_width(text) + indent_of(row, column);
    g_object_unref(text);
}

/* Fits the columns into `room`; false when not even the longest words do.  Numbers are not broken, column
 * names and columns of kind w are. */
static bool fit(pdf_layout *l, grid *g, double room)
{
    const size_t n = g->table->columns;
    double *least = rac_many(l->arena, double, n), *most = rac_many(l->arena, double, n), sum_least = 0,
           sum_most = 0;
    for (size_t c = 0; c < n; c++) {
        for (size_t r = 0; r < g->table->rows; r++) {
            double whole, word;
            const rac_row *row = &g->table->row[r];
            measure(l, g, row, c, &whole, &word);
            const bool breaks = row->kind == RAC_ROW_HEAD || g->table->align[c] == 'w';
            least[c] = fmax(least[c], breaks ? word : whole);
            most[c] = fmax(most[c], whole);
        }
        sum_least += least[c];
        sum_most += most[c];
    }
    if (sum_least > room)
        return false;
    /* What is left over goes to columns in the measure of what they lack, and then evenly. */
    const double lack = sum_most - sum_least, spare = room - sum_least;
    for (size_t c = 0; c < n; c++) {
        const double share = lack > 0 ? (most[c] - least[c]) / lack : 0;
        g->width[c] = least[c] + share * fmin(spare, lack) + fmax(0, spare - lack) / (double)n;
    }
    return true;
}

static grid grid_of(pdf_layout *l, const rac_table *table)
{
    grid g = {.table = table, .width = rac_many(l->arena, double, table->columns)};
    const double room = l->right - l->left - 2 * pad_pt * (double)table->columns;
    while (g.heads < table->rows && table->row[g.heads].kind == RAC_ROW_HEAD)
        g.heads++;
    for (g.size = size_pt; g.size >= smallest_pt; g.size -= 0.5)
        if (fit(l, &g, room))
            return g;
    /* Even the smallest letters are too wide: every cell may break, the columns are alike. */
    g.size = smallest_pt;
    for (size_t c = 0; c < table->columns; c++)
        g.width[c] = room / (double)table->columns;
    return g;
}

static PangoLayout *cell_of(pdf_layout *l, const grid *g, const rac_row *row, size_t column)
{
    PangoLayout *text = pdf_text(l, face_of(row), g->size, g->width[column] - indent_of(row, column) + 0.5,
                                 row->cell[column]);
    pango_layout_set_alignment(text, g->table->align[column] == 'r' ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
    return text;
}

/* Draws the row at l->y unless `dry`; gives its height. */
static double row_of(pdf_layout *l, const grid *g, const rac_row *row, bool dry)
{
    double x = l->left, height = 0;
    for (size_t c = 0; c < g->table->columns; c++) {
        PangoLayout *text = cell_of(l, g, row, c);
        height = fmax(height, pdf_height(text));
        if (!dry)
            pdf_put(l, text, x + pad_pt + indent_of(row, c), l->y + line_pt);
        x += g->width[c] + 2 * pad_pt;
        g_object_unref(text);
    }
    return height + 2 * line_pt;
}

static void draw_row(pdf_layout *l, const grid *g, size_t r)
{
    const rac_row *row = &g->table->row[r];
    const bool head = row->kind == RAC_ROW_HEAD;
    if (head && r == 0)
        pdf_rule(l, l->y, 0.6, 0.13);
    const double height = row_of(l, g, row, false);
    l->y += height;
    pdf_rule(l, l->y, head && r + 1 == g->heads ? 0.6 : 0.3, head ? 0.13 : 0.8);
}

static double caption(pdf_layout *l, const rac_table *table, bool again, bool dry)
{
    if (!table->caption[0])
        return 0;
    PangoLayout *text =
        pdf_text(l, PDF_SANS_BOLD, 9, l->right - l->left,
                 again ? rac_format(l->arena, "%s (continued)", table->caption) : table->caption);
    const double height = pdf_height(text) + 3;
    if (!dry) {
        pdf_put(l, text, l->left, l->y);
        l->y += height;
    }
    g_object_unref(text);
    return height;
}

/* Caption, column names and the first rows; a short table, which is not broken, as a whole. */
static double least_of(pdf_layout *l, const grid *g)
{
    const double head = caption(l, g->table, false, true), short_pt = (l->bottom - l->top) / 3;
    double all = head, least = head;
    for (size_t r = 0; r < g->table->rows; r++) {
        const double height = row_of(l, g, &g->table->row[r], true);
        all += height;
        least += r < g->heads + 2 ? height : 0;
    }
    return all < short_pt ? all : least;
}

double pdf_table_least(pdf_layout *l, const rac_table *table)
{
    const grid g = grid_of(l, table);
    return least_of(l, &g);
}

static void begin(pdf_layout *l, const grid *g, bool again)
{
    caption(l, g->table, again, false);
    for (size_t r = 0; r < g->heads; r++)
        draw_row(l, g, r);
}

void pdf_table(pdf_layout *l, const rac_table *table)
{
    const grid g = grid_of(l, table);
    if (pdf_room(l) < least_of(l, &g))
        pdf_new_sheet(l);
    begin(l, &g, false);
    for (size_t r = g.heads; r < table->rows; r++) {
        double need = row_of(l, &g, &table->row[r], true);
        /* A row that others stand under does not stand alone at the end of a sheet. */
        if (r + 1 < table->rows && table->row[r + 1].kind == RAC_ROW_UNDER &&
            table->row[r].kind != RAC_ROW_UNDER)
            need += row_of(l, &g, &table->row[r + 1], true);
        if (pdf_room(l) < need) {
            pdf_new_sheet(l);
            begin(l, &g, true);
        }
        draw_row(l, &g, r);
    }
    l->y += 10;
}
