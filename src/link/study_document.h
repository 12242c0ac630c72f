/* link/study_document.h: a study as a document, for a browser or for paper.
 *
 * Runs every analysis of racemate/study.h on a chart and lays the answers out: flow, arms before treatment,
 * change, percent change, onset, responders, time to response, side effects, weights, those who left,
 * methods, limits and the STROBE list.  An analysis that the chart cannot give is named with its reason,
 * never left out.  The same chart, options and inputs give the same document: it carries no date. */
#ifndef RACEMATE_LINK_STUDY_DOCUMENT_H
#define RACEMATE_LINK_STUDY_DOCUMENT_H

#include "base/document.h"
#include "racemate/study.h"

/* What was read, so that a reader can check that it is the same. */
typedef struct rac_study_input {
    const char *role, *name; /* "chart", "chart.csv" */
    size_t bytes;
    const char *sha256; /* 64 hexadecimal digits */
} rac_study_input;

typedef struct rac_study_inputs {
    size_t count;
    const rac_study_input *input;
} rac_study_inputs;

/* `options` as everywhere in racemate/study.h; jackknife errors are always asked for, and 100 imputations
 * when none are named.  Figures and text live in the arena. */
rac_status rac_study_document(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                              const rac_study_inputs *inputs, rac_document *document, rac_error *err);

#endif
