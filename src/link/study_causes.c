/* How far the difference depends on who chose which treatment, and on who left. */
#include <math.h>

#include "link/study_parts.h"

#define NUMBER(value, digits) study_number(page->arena, (value), (digits))

static const char *term(study_page *page, const rac_term *t, int digits)
{
    return study_interval(page->arena, t->estimate, t->lower, t->upper, digits);
}

void study_write_weights(study_page *page)
{
    const rac_study_balance *b = &page->balance;
    study_heading(page, PART_WEIGHTS);
    if (!study_have(page, &page->balanced))
        return;
    size_t treated = 0;
    for (size_t i = 0; i < b->patients; i++)
        treated += b->treated[i];
    rac_table *t = rac_document_table(
        page->document,
        rac_format(page->arena, "Last change seen, %s minus %s, with intervals", page->arm[1], page->arm[0]),
        "lrrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "weights", "effective sizes", "difference (points)", "p",
                  "difference (percentage points)", "E-value (limit)");
    rac_table_row(
        t, RAC_ROW_PLAIN, "none (Welch)", rac_format(page->arena, "%zu; %zu", treated, b->patients - treated),
        study_interval(page->arena, b->unweighted.estimate, b->unweighted.interval.lower,
                       b->unweighted.interval.upper, 2),
        study_p(page->arena, b->unweighted.p_value),
        study_interval(page->arena, b->unweighted_percent.estimate, b->unweighted_percent.interval.lower,
                       b->unweighted_percent.interval.upper, 1),
        rac_format(page->arena, "%s (%s)", NUMBER(b->e_value.point, 2), NUMBER(b->e_value.limit, 2)));
    for (int e = 0; e < RAC_STUDY_ESTIMANDS; e++) {
        const rac_weighted_effect *w = &b->change[e];
        const rac_evalue *v = &b->e_value_weighted[e];
        rac_table_row(t, e ? RAC_ROW_PLAIN : RAC_ROW_STRONG, rac_estimand_name(b->estimand[e]),
                      rac_format(page->arena, "%s; %s", NUMBER(w->effective_treated, 1),
                                 NUMBER(w->effective_control, 1)),
                      w->too_few ? "too few" : term(page, &w->effect, 2),
                      w->too_few ? "\xE2\x80\x93" : study_p(page->arena, w->effect.p_value),
                      w->too_few ? "too few" : term(page, &b->percent[e].effect, 1),
                      rac_format(page->arena, "%s (%s)", NUMBER(v->point, 2), NUMBER(v->limit, 2)));
    }
    for (int e = 0; e < RAC_STUDY_ESTIMANDS; e++)
        rac_document_note(page->document,
                          rac_format(page->arena, "%s: %s.", rac_estimand_name(b->estimand[e]),
                                     rac_estimand_sentence(b->estimand[e])));
    rac_document_note(
        page->document,
        rac_format(page->arena,
                   "Overlap weights are the ones to read first. Propensity model: %zu columns, %zu "
                   "patients; %zu miss a covariate or the baseline and are left out. Errors by "
                   "M-estimation, which knows that the weights were estimated. An effective size below "
                   "10 gives no estimate. Who has no score after the baseline counts as unchanged here.",
                   b->model_columns, b->patients, b->left_out));
    rac_document_note(
        page->document,
        "E-value: how strongly, as a risk ratio, something unrecorded would have to go with both the "
        "choice of treatment and the outcome to explain the difference away; in brackets that for the "
        "limit nearer none, 1 when the interval includes none (VanderWeele & Ding 2017).");
}

/* ---- those who left ---- */

static void sensitivity_table(study_page *page)
{
    const rac_study_missing *m = &page->missing;
    rac_table *t = rac_document_table(
        page->document,
        rac_format(page->arena, "Difference at %s under each assumption, %s minus %s",
                   page->chart->visit_name[m->visit[m->visits - 1]], page->arm[1], page->arm[0]),
        "wrr");
    rac_table_row(t, RAC_ROW_HEAD, "scores not taken", "difference", "p");
    if (page->compared.made) {
        const rac_study_comparison *c = &page->comparison;
        const rac_mixed_estimate *d = &c->means.difference[c->visits - 1];
        rac_table_row(t, RAC_ROW_PLAIN, "as the mixed model takes them (missing at random)",
                      study_interval(page->arena, d->estimate, d->lower, d->upper, 2),
                      study_p(page->arena, d->p));
    }
    for (int k = 0; k < 4; k++) {
        const bool errors = m->imputed.jackknife;
        const rac_term *e = errors ? &m->imputed.effect[k] : &m->imputed.ancova[k].effect;
        rac_table_row(t, RAC_ROW_PLAIN,
                      rac_format(page->arena, "%s: %s", rac_strategy_name((rac_strategy)k),
                                 rac_strategy_sentence((rac_strategy)k)),
                      errors ? term(page, e, 2) : NUMBER(e->estimate, 2),
                      errors ? study_p(page->arena, e->p_value) : "\xE2\x80\x93");
    }
    if (m->imputations)
        rac_table_row(
            t, RAC_ROW_PLAIN,
            rac_format(page->arena, "MAR by %zu multiple imputations (Rubin's rules)", m->imputations),
            term(page, &m->pooled.effect, 2), study_p(page->arena, m->pooled.effect.p_value));
    for (int k = 0; k < 3; k++)
        rac_table_row(t, RAC_ROW_PLAIN, rac_legacy_label((rac_legacy)k), term(page, &m->legacy[k].effect, 2),
                      study_p(page->arena, m->legacy[k].effect.p_value));
    rac_document_note(
        page->document,
        "MAR, J2R, CIR and CR: conditional means and jackknife errors (Wolbers et al. 2022), which are the "
        "sampling error of these estimators. Both arms are active treatments: imagining those who left "
        "in the reference arm is an assumption, not a placebo. The legacy ways assume what nobody "
        "believes and stand here for comparison with older papers.");
}

static rac_status tipping(study_page *page, rac_error *err)
{
    const rac_study_missing *m = &page->missing;
    if (!m->tipping.estimate_tips) {
        rac_document_paragraph(page->document,
                               "Nobody in the treated arm misses the last session: there is nothing to tip.");
        return RAC_OK;
    }
    const char *significance =
        !m->imputations || m->pooled.effect.p_value >= page->options.alpha
            ? "There is no significant difference to lose under MAR."
        : m->tipping_p.p_tips
            ? rac_format(page->arena, "It is no longer significant (alpha %g) from %s points on.",
                         page->options.alpha, NUMBER(m->tipping_p.delta_p, 1))
            : "It stays significant within 60 points.";
    rac_document_paragraph(
        page->document,
        rac_format(page->arena,
                   "Tipping point: the difference is gone when the treated who left are %s points "
                   "worse at the end than predicted. %s",
                   NUMBER(m->tipping.delta_estimate, 1), significance));
    rac_figure f = rac_figure_open(page->arena, "Tipping point",
                                   "Difference when the treated who left did worse than predicted", 160, 70);
    f.x.label = "Points added to the treated who left";
    f.y.label = "Difference (points)";
    f.y.from_zero = true;
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_ACROSS, .count = 1, .y = &(double){0}});
    rac_figure_add(&f,
                   &(rac_figure_mark){
                       .kind = RAC_FIGURE_LINE, .count = 13, .x = m->tipping_delta, .y = m->tipping_effect});
    return study_figure(page, &f, "The difference as the treated who left are imagined worse than predicted",
                        err);
}

rac_status study_write_missing(study_page *page, rac_error *err)
{
    const rac_study_missing *m = &page->missing;
    study_heading(page, PART_MISSING);
    if (!study_have(page, &page->imputed))
        return RAC_OK;
    rac_table *t = rac_document_table(page->document, "Why treatment ended", "lrr");
    rac_table_row(t, RAC_ROW_HEAD, "reason", page->arm[1], page->arm[0]);
    for (size_t i = 0; i < m->reasons; i++)
        rac_table_row(t, RAC_ROW_PLAIN, m->reason[i].reason, study_count(page->arena, m->reason[i].count[1]),
                      study_count(page->arena, m->reason[i].count[0]));
    if (!isnan(m->reasons_p))
        rac_document_note(page->document, rac_format(page->arena, "Reasons by arm: Fisher's exact p %s.",
                                                     study_p(page->arena, m->reasons_p)));
    sensitivity_table(page);
    return tipping(page, err);
}
