/* link/pdf.h: a document on A4 paper, as PDF (cairo and pango).
 *
 * Headings stay with what follows them, column names are repeated on each sheet, figures are never cut in
 * two, a row of a table neither (a cell must therefore be shorter than a sheet).  Every sheet has a foot:
 * what the document is for, and "page 2 of 7".  Headings are bookmarks.  Text is text, in whatever script the
 * fonts of the machine have.
 *
 * The file carries no time of making: the same document gives the same bytes where the same fonts are
 * installed. */
#ifndef RACEMATE_LINK_PDF_H
#define RACEMATE_LINK_PDF_H

#include "base/document.h"

/* *pdf lives in the arena.  RAC_INVALID: a figure that is not finished.  RAC_IO: cairo's words. */
rac_status rac_pdf_make(rac_arena *arena, const rac_document *document, rac_text *pdf, rac_error *err);

#endif
