/* link/document_html.h: a document as one self-contained HTML page: figures inline as SVG, its own style, no
 * script and nothing fetched; it prints with repeated column names and no figure cut in two. */
#ifndef RACEMATE_LINK_DOCUMENT_HTML_H
#define RACEMATE_LINK_DOCUMENT_HTML_H

#include "base/document.h"

/* *html lives in the arena and ends in NUL; the same document gives the same bytes.  RAC_INVALID: a figure
 * that is not finished. */
rac_status rac_document_html(rac_arena *arena, const rac_document *document, rac_text *html, rac_error *err);

#endif
