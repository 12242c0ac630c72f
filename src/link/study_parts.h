/* link/study_parts.h: what the files that write a study's document share. */
#ifndef RACEMATE_LINK_STUDY_PARTS_H
#define RACEMATE_LINK_STUDY_PARTS_H

#include "link/study_document.h"

/* Sections in order; numbered from 1 as they are printed. */
#define STUDY_PART_LIST(X)                                                   \
    X(PART_GLANCE, "At a glance")                                            \
    X(PART_FLOW, "Flow of patients")                                         \
    X(PART_BASELINE, "Before treatment")                                     \
    X(PART_CHANGE, "Change by session")                                      \
    X(PART_PERCENT, "Percent change by session")                             \
    X(PART_ONSET, "First session with a change")                             \
    X(PART_RESPONSE, "Responders and remitters")                             \
    X(PART_TIME, "Time to response, remission and leaving")                  \
    X(PART_HARM, "Side effects")                                             \
    X(PART_WEIGHTS, "Weighted and unweighted, side by side")                 \
    X(PART_MISSING, "Those who left, and how much the answer leans on them") \
    X(PART_METHODS, "Methods and inputs")                                    \
    X(PART_LIMITS, "What this cannot say")                                   \
    X(PART_STROBE, "STROBE list")

typedef enum study_part {
#define X(name, title) name,
    STUDY_PART_LIST(X)
#undef X
        STUDY_PARTS
} study_part;

enum { STUDY_ENDPOINTS = 3 }; /* response, remission, dropout */

/* One analysis: it was made, or the reason why not. */
typedef struct study_made {
    bool made;
    rac_error why;
} study_made;

typedef struct study_page {
    rac_arena *arena;
    rac_document *document;
    const rac_chart *chart;
    rac_study_options options; /* with zero values as the report fills them */
    const rac_study_inputs *inputs;
    const char *arm[RAC_CHART_ARMS];

    rac_study_flow flow;
    rac_study_description description;
    rac_study_comparison comparison;
    rac_study_responses responses;
    rac_study_onset onset;
    rac_study_survival survival[STUDY_ENDPOINTS];
    rac_study_balance balance;
    rac_study_missing missing;
    rac_study_harms harms;
    study_made described, compared, responded, onset_found, survived[STUDY_ENDPOINTS], balanced, imputed,
        harmed;
} study_page;

extern const char *const study_endpoint[STUDY_ENDPOINTS];

/* ---- words (study_words.c) ---- */

/* Numbers with a true minus; a dash when not estimable. */
const char *study_number(rac_arena *arena, double value, int digits);
const char *study_count(rac_arena *arena, double value);
/* "-2.31 (-3.40 to -1.22)" */
const char *study_interval(rac_arena *arena, double value, double lower, double upper, int digits);
const char *study_p(rac_arena *arena, double p);
/* "NNTB 4.0 (2.5 to 10.0)"; a dash for the estimate when the difference may be 0, and then the limits of
 * Altman 1998: "- (NNTB 2.9 to infinity to NNTH 10.6)". */
const char *study_nnt(rac_arena *arena, rac_nnt nnt);
/* "12/40, 30.0 %" */
const char *study_share(rac_arena *arena, double events, double n);
const char *study_section(rac_arena *arena, study_part part); /* "section 4" */
void study_heading(study_page *page, study_part part);
/* True when made; otherwise the reason is written. */
bool study_have(study_page *page, const study_made *made);
/* Finishes a figure, adds it. */
rac_status study_figure(study_page *page, rac_figure *figure, const char *caption, rac_error *err);
/* What people call a column: "BASE" is the baseline score. */
const char *study_column(const char *name);
/* From the baseline to the last session, with a little room on both sides. */
void study_sessions_axis(study_page *page, rac_figure *figure);
/* Points with intervals joined by a line, in the arm's style, set apart by a little so that both are seen. */
typedef struct study_curve {
    size_t count;
    double *x, *y, *low, *high;
} study_curve;
study_curve study_curve_new(rac_arena *arena, size_t count);
void study_curve_add(rac_figure *figure, const study_page *page, int arm, const study_curve *curve);

/* ---- sections ---- */

void study_write_glance(study_page *page);
void study_write_flow(study_page *page);
rac_status study_write_baseline(study_page *page, rac_error *err);
rac_status study_write_change(study_page *page, rac_error *err);
rac_status study_write_percent(study_page *page, rac_error *err);
rac_status study_write_onset(study_page *page, rac_error *err);
void study_write_response(study_page *page);
rac_status study_write_time(study_page *page, rac_error *err);
void study_write_harm(study_page *page);
void study_write_weights(study_page *page);
rac_status study_write_missing(study_page *page, rac_error *err);
void study_write_methods(study_page *page);
void study_write_limits(study_page *page);
void study_write_strobe(study_page *page);

#endif
