/* link/svg_sheet.h: several figures as one SVG image, side by side and below each other, each under its
 * title.
 *
 * What link/svg.h promises of the bytes holds of a sheet too.  Small multiples (Tufte 1983, The Visual
 * Display of Quantitative Information): the same kind of picture for each subject, so that the odd one is
 * seen. */
#ifndef RACEMATE_LINK_SVG_SHEET_H
#define RACEMATE_LINK_SVG_SHEET_H

#include "link/svg.h"

/* Draws `count` (> 0) finished figures in rows of `columns` (> 0), in cells as wide as the widest of them and
 * rows as high as their highest. The whole is named by title and description.  *svg as rac_svg_draw gives it;
 * the figures get the ids
 * "<id>-1", "<id>-2", ...  RAC_INVALID as rac_svg_draw. */
rac_status rac_svg_sheet_draw(rac_arena *arena, const char *title, const char *description,
                              const rac_figure *const *figures, size_t count, size_t columns, const char *id,
                              rac_text *svg, rac_error *err);

#endif
