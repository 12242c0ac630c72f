/* A document as a page for a browser. */
#include "link/document_html.h"

#include "link/svg.h"

static const char style[] =
    "<style>\n"
    "body{font:11pt/1.45 Georgia,'Liberation Serif',serif;color:#222;max-width:48em;margin:2em auto;"
    "padding:0 1em}\n"
    "h1,h2,h3,th,td,figcaption,caption,.note,footer{font-family:Helvetica,'Liberation "
    "Sans',Arial,sans-serif}\n"
    "h1{line-height:1.2}h2{margin-top:2em;border-bottom:1px solid #999;font-size:15pt}h3{font-size:11.5pt}\n"
    "table{border-collapse:collapse;width:100%;font-size:9pt;line-height:1.35;margin:.8em 0 1.2em;"
    "font-variant-numeric:tabular-nums}\n"
    "caption,figcaption{text-align:left;font-size:9.5pt;font-weight:bold;padding:.3em 0}\n"
    "th,td{padding:.2em .6em;vertical-align:top;border-bottom:1px solid #ddd}thead th{border-bottom:1px "
    "solid "
    "#222;border-top:1px solid #222;vertical-align:bottom}tbody th{font-weight:normal}\n"
    "tr.strong th,tr.strong td{font-weight:bold}tr.under th{padding-left:1.8em}\n"
    ".r{text-align:right}.l,.w{text-align:left}td.r,td.l,tbody th.l{white-space:nowrap}\n"
    "figure{margin:1em 0}svg{width:100%;height:auto}.note{font-size:9pt;color:#444}\n"
    "footer{font-size:8.5pt;color:#444;border-top:1px solid #999;margin-top:3em;padding-top:.5em}\n"
    "@page{size:A4;margin:18mm}\n"
    "@media print{body{margin:0;max-width:none;padding:0}h2,h3,caption{break-after:avoid}figure,tr{"
    "break-inside:avoid}thead{display:table-header-group}}\n"
    "</style>\n";

static void element(rac_markup *out, const char *open, const char *text, const char *close)
{
    rac_markup_raw(out, open);
    rac_markup_text(out, text);
    rac_markup_raw(out, close);
}

static void row(rac_markup *out, const rac_table *table, const rac_row *r)
{
    static const char *const classes[RAC_ROW_KINDS] = {[RAC_ROW_HEAD] = "",
                                                       [RAC_ROW_PLAIN] = "",
                                                       [RAC_ROW_UNDER] = " class=\"under\"",
                                                       [RAC_ROW_STRONG] = " class=\"strong\""};
    rac_markup_format(out, "<tr%s>", classes[r->kind]);
    for (size_t c = 0; c < table->columns; c++) {
        const bool head = r->kind == RAC_ROW_HEAD, name = c == 0;
        rac_markup_format(out, "<%s class=\"%c\"%s>", head || name ? "th" : "td", table->align[c],
                          head   ? " scope=\"col\""
                          : name ? " scope=\"row\""
                                 : "");
        element(out, "", r->cell[c], head || name ? "</th>" : "</td>");
    }
    rac_markup_raw(out, "</tr>\n");
}

static void table_of(rac_markup *out, const rac_table *table)
{
    element(out, "<table><caption>", table->caption, "</caption>\n");
    size_t at = 0;
    if (table->rows && table->row[0].kind == RAC_ROW_HEAD) {
        rac_markup_raw(out, "<thead>");
        while (at < table->rows && table->row[at].kind == RAC_ROW_HEAD)
            row(out, table, &table->row[at++]);
        rac_markup_raw(out, "</thead>\n");
    }
    rac_markup_raw(out, "<tbody>\n");
    while (at < table->rows)
        row(out, table, &table->row[at++]);
    rac_markup_raw(out, "</tbody></table>\n");
}

static rac_status figure_of(rac_markup *out, const rac_block *block, size_t number, rac_error *err)
{
    rac_text svg;
    const rac_status status =
        rac_svg_draw(out->arena, block->figure, rac_format(out->arena, "figure-%zu", number), &svg, err);
    if (status)
        return status;
    rac_markup_raw(out, "<figure>");
    rac_markup_raw(out, svg.data);
    element(out, "<figcaption>", block->text, "</figcaption></figure>\n");
    return RAC_OK;
}

static rac_status block_of(rac_markup *out, const rac_block *block, size_t number, rac_error *err)
{
    switch (block->kind) {
    case RAC_BLOCK_HEADING:
        element(out, block->level == 1 ? "<h2>" : "<h3>", block->text,
                block->level == 1 ? "</h2>\n" : "</h3>\n");
        return RAC_OK;
    case RAC_BLOCK_PARAGRAPH:
        element(out, "<p>", block->text, "</p>\n");
        return RAC_OK;
    case RAC_BLOCK_NOTE:
        element(out, "<p class=\"note\">", block->text, "</p>\n");
        return RAC_OK;
    case RAC_BLOCK_TABLE:
        table_of(out, block->table);
        return RAC_OK;
    case RAC_BLOCK_FIGURE:
        return figure_of(out, block, number, err);
    case RAC_BLOCK_KINDS:
        break;
    }
    return RAC_OK;
}

rac_status rac_document_html(rac_arena *arena, const rac_document *document, rac_text *html, rac_error *err)
{
    rac_markup out = {.arena = arena};
    element(&out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\"><title>",
            document->title, "</title>\n");
    rac_markup_raw(&out, style);
    element(&out, "</head><body>\n<h1>", document->title, "</h1>\n");
    if (document->subtitle[0])
        element(&out, "<p>", document->subtitle, "</p>\n");
    rac_status status = RAC_OK;
    for (size_t i = 0; i < document->blocks && !status; i++)
        status = block_of(&out, &document->block[i], i, err);
    if (document->foot[0])
        element(&out, "<footer>", document->foot, "</footer>\n");
    rac_markup_raw(&out, "</body></html>\n");
    *html = (rac_text){out.data, out.size};
    return status;
}
