/* A study as a document: every analysis once, then section by section. */
#include "link/study_document.h"

#include <math.h>
#include <string.h>

#include "link/study_parts.h"

enum { IMPUTATIONS = 100 };

/* Runs `call` and keeps the reason when it could not be. */
#define MAKE(page, state, call)                \
    do {                                       \
        rac_error *err = &(page)->state.why;   \
        (page)->state.made = (call) == RAC_OK; \
    } while (0)

static void analyse(study_page *page)
{
    rac_arena *arena = page->arena;
    const rac_chart *chart = page->chart;
    const rac_study_options *o = &page->options;
    rac_study_flow_of(arena, chart, &page->flow);
    MAKE(page, described, rac_study_describe(arena, chart, o, &page->description, err));
    MAKE(page, compared, rac_study_compare(arena, chart, o, &page->comparison, err));
    MAKE(page, responded, rac_study_respond(arena, chart, o, &page->responses, err));
    MAKE(page, onset_found, rac_study_onset_find(arena, chart, o, &page->onset, err));
    for (int e = 0; e < STUDY_ENDPOINTS; e++) {
        rac_study_options own = *o;
        own.event = study_endpoint[e];
        MAKE(page, survived[e], rac_study_survive(arena, chart, &own, &page->survival[e], err));
    }
    MAKE(page, balanced, rac_study_balance_of(arena, chart, o, &page->balance, err));
    MAKE(page, harmed, rac_study_adverse(arena, chart, o, &page->harms, err));
    MAKE(page, imputed, rac_study_missing_of(arena, chart, o, &page->missing, err));
    if (!page->imputed.made && o->jackknife) { /* without one of the patients there may be no fit */
        rac_study_options plain = *o;
        plain.jackknife = false;
        MAKE(page, imputed, rac_study_missing_of(arena, chart, &plain, &page->missing, err));
    }
}

/* ---- at a glance ---- */

static const rac_study_response *final_of(const study_page *page, const char *outcome)
{
    for (size_t i = 0; page->responded.made && i < page->responses.count; i++) {
        const rac_study_response *r = &page->responses.item[i];
        if (strcmp(r->outcome, outcome) == 0 &&
            (strstr(r->rule, "missing counted as failure") || strcmp(outcome, "dropout") == 0))
            return r->comparable ? r : NULL;
    }
    return NULL;
}

static void share_row(study_page *page, rac_table *t, const char *name, const rac_study_response *r)
{
    if (r)
        rac_table_row(t, RAC_ROW_PLAIN, rac_format(page->arena, "%s%s (percentage points)", name, r->rule),
                      study_share(page->arena, r->counts.events1, r->counts.n1),
                      study_share(page->arena, r->counts.events0, r->counts.n0),
                      study_interval(page->arena, 100 * r->out.difference, 100 * r->out.newcombe.lower,
                                     100 * r->out.newcombe.upper, 1));
}

void study_write_glance(study_page *page)
{
    rac_arena *arena = page->arena;
    study_heading(page, PART_GLANCE);
    rac_table *t = rac_document_table(
        page->document, "What was found, before anything is made of it (sections below say how)", "wrrr");
    rac_table_row(t, RAC_ROW_HEAD, "", page->arm[1], page->arm[0], "difference");
    rac_table_row(t, RAC_ROW_PLAIN, "patients; analysed",
                  rac_format(arena, "%zu; %zu", page->flow.charted[1], page->flow.analysed[1]),
                  rac_format(arena, "%zu; %zu", page->flow.charted[0], page->flow.analysed[0]), "");
    if (page->compared.made) {
        const rac_study_comparison *c = &page->comparison;
        const size_t v = c->visits - 1;
        const rac_mixed_estimate *d = &c->means.difference[v];
        rac_table_row(
            t, RAC_ROW_STRONG,
            rac_format(arena, "change at %s, mixed model (points)", page->chart->visit_name[c->visit[v]]),
            study_number(arena, c->means.mean[c->visits + v].estimate, 2),
            study_number(arena, c->means.mean[v].estimate, 2),
            study_interval(arena, d->estimate, d->lower, d->upper, 2));
    }
    if (page->balanced.made && !page->balance.change[0].too_few) {
        const rac_weighted_effect *w = &page->balance.change[0];
        rac_table_row(t, RAC_ROW_PLAIN, "last change seen, overlap weights (points)",
                      study_number(arena, w->mean_treated, 2), study_number(arena, w->mean_control, 2),
                      study_interval(arena, w->effect.estimate, w->effect.lower, w->effect.upper, 2));
    }
    if (page->imputed.made && page->missing.imputed.jackknife) {
        const rac_term *e = &page->missing.imputed.effect[RAC_STRATEGY_J2R];
        rac_table_row(t, RAC_ROW_PLAIN,
                      "change at the end if those who left had gone on like the reference (J2R)", "", "",
                      study_interval(arena, e->estimate, e->lower, e->upper, 2));
    }
    share_row(page, t, "response, ", final_of(page, "response"));
    share_row(page, t, "remission, ", final_of(page, "remission"));
    share_row(page, t, "", final_of(page, "dropout"));
    rac_document_note(page->document,
                      "Nobody was randomised. A difference between the arms describes this chart; it is "
                      "not yet an effect of the treatment.");
}

rac_status rac_study_document(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                              const rac_study_inputs *inputs, rac_document *document, rac_error *err)
{
    char *title = rac_format(arena, "%s compared with %s", chart->arm_name[1], chart->arm_name[0]);
    if (title[0] >= 'a' && title[0] <= 'z')
        title[0] = (char)(title[0] - 'a' + 'A');
    *document = rac_document_open(arena, title);
    document->subtitle =
        rac_format(arena, "%zu patients of %s; %s.", chart->patients, chart->file ? chart->file : "a chart",
                   chart->score_name && chart->score_name[0] ? chart->score_name : "score");
    document->foot =
        "Racemate: decision support and record keeping for clinicians. A description of a chart, not "
        "evidence of an effect; not for decisions about one patient.";
    study_page *page = rac_new(arena, study_page);
    *page = (study_page){.arena = arena,
                         .document = document,
                         .chart = chart,
                         .options = options ? *options : (rac_study_options){0},
                         .inputs = inputs,
                         .arm = {chart->arm_name[0], chart->arm_name[1]}};
    rac_study_options *o = &page->options;
    o->jackknife = true;
    o->level = o->level > 0 ? o->level : 0.95;
    o->alpha = o->alpha > 0 ? o->alpha : 0.05;
    o->imputations = o->imputations ? o->imputations : IMPUTATIONS;
    analyse(page);
    rac_status status;
    study_write_glance(page);
    study_write_flow(page);
    if ((status = study_write_baseline(page, err)) || (status = study_write_change(page, err)) ||
        (status = study_write_percent(page, err)) || (status = study_write_onset(page, err)))
        return status;
    study_write_response(page);
    if ((status = study_write_time(page, err)))
        return status;
    study_write_harm(page);
    study_write_weights(page);
    if ((status = study_write_missing(page, err)))
        return status;
    study_write_methods(page);
    study_write_limits(page);
    study_write_strobe(page);
    return RAC_OK;
}
