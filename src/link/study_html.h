/* link/study_html.h: a study as one self-contained HTML page (inline SVG, own style, no script, prints well).
 *
 * Runs the analyses of racemate/study.h on a chart and lays them out.  An analysis that the chart cannot give
 * is named with its reason, never left out.  The same chart, options and seed give the same bytes. */
#ifndef RACEMATE_LINK_STUDY_HTML_H
#define RACEMATE_LINK_STUDY_HTML_H

#include "racemate/study.h"

/* *html lives in the arena and ends in NUL. */
rac_status rac_study_html(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                          rac_text *html, rac_error *err);

#endif
