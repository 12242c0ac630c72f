/* link/svg.h: a figure as one standalone SVG image (SVG 1.1, https://www.w3.org/TR/SVG11/).
 *
 * What holds of the bytes: the same figure gives the same bytes; no script, no outside reference, no number
 * that is not finite; a <title> and <desc> that name what a reader who cannot see it needs; colour is never
 * the only difference (dash and marker differ as well), so that it reads in grey; text is text. */
#ifndef RACEMATE_LINK_SVG_H
#define RACEMATE_LINK_SVG_H

#include "base/figure.h"

/* Draws a finished figure.  `id` (letters, digits, '-') keeps titles apart when several figures share a page.
 * *svg lives in the arena, ends in NUL, and has no XML declaration, so that it stands in HTML too.
 * RAC_INVALID: the figure is not finished, or the id has other characters. */
rac_status rac_svg_draw(rac_arena *arena, const rac_figure *figure, const char *id, rac_text *svg,
                        rac_error *err);

/* ---- text between tags, for SVG and HTML ---------------------------------------------------------- */

/* A buffer in an arena that grows by doubling. */
typedef struct rac_markup {
    rac_arena *arena;
    char *data;
    size_t size, capacity;
} rac_markup;

void rac_markup_raw(rac_markup *markup, const char *text);
/* &, <, >, " and ' become entities; control characters that XML forbids become U+FFFD. */
void rac_markup_text(rac_markup *markup, const char *text);
void rac_markup_format(rac_markup *markup, const char *format, ...) RAC_PRINTF(2, 3);

#endif
