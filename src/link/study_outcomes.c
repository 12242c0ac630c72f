/* What became of the patients: response and remission, when, who left, and side effects. */
#include <math.h>
#include <string.h>

#include "link/study_parts.h"

#define NUMBER(value, digits) study_number(page->arena, (value), (digits))

static const char *share(study_page *page, double events, double n, rac_interval wilson, bool known)
{
    return known ? rac_format(page->arena, "%s (%.1f to %.1f)", study_share(page->arena, events, n),
                              100 * wilson.lower, 100 * wilson.upper)
                 : study_share(page->arena, events, n);
}

void study_write_response(study_page *page)
{
    const rac_study_responses *r = &page->responses;
    study_heading(page, PART_RESPONSE);
    if (!study_have(page, &page->responded))
        return;
    rac_table *t = rac_document_table(
        page->document,
        "Patients (intervals: Wilson), difference in percentage points (Newcombe), number needed to "
        "treat",
        "wrrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "outcome", page->arm[1], page->arm[0], "difference", "p (Fisher)", "NNT");
    for (size_t i = 0; i < r->count; i++) {
        const rac_study_response *s = &r->item[i];
        const rac_proportions *o = &s->out;
        if (!i || strcmp(s->outcome, r->item[i - 1].outcome) != 0)
            rac_table_row(t, RAC_ROW_STRONG, s->outcome, "", "", "", "", "");
        rac_table_row(t, RAC_ROW_UNDER, s->rule,
                      share(page, s->counts.events1, s->counts.n1, o->p1_wilson, s->comparable),
                      share(page, s->counts.events0, s->counts.n0, o->p0_wilson, s->comparable),
                      s->comparable ? study_interval(page->arena, 100 * o->difference,
                                                     100 * o->newcombe.lower, 100 * o->newcombe.upper, 1)
                                    : "\xE2\x80\x93",
                      s->comparable ? study_p(page->arena, o->p_fisher) : "\xE2\x80\x93",
                      s->comparable ? study_nnt(page->arena, s->nnt) : "\xE2\x80\x93");
    }
    rac_document_note(
        page->document,
        rac_format(page->arena,
                   "Response: a fall of %.0f %% from baseline or more. %s NNTB: number needed to treat "
                   "for one more to benefit, NNTH: for one more to be harmed (Altman 1998, "
                   "doi:10.1136/bmj.317.7168.1309). Leaving counts as harm. Where the interval of the "
                   "difference includes 0 there is no single number: the interval then runs through "
                   "infinity.",
                   r->response_percent,
                   isnan(r->remission) ? "Remission is not reported: no cut-off is known for the scale."
                                       : rac_format(page->arena, "Remission: %g points or fewer (%s).",
                                                    r->remission, r->remission_source)));
}

/* ---- time ---- */

static const char *const without[STUDY_ENDPOINTS] = {"Without response", "Without remission",
                                                     "Still in treatment"};
static const char *const named[STUDY_ENDPOINTS] = {"Time to response", "Time to remission",
                                                   "Time to leaving"};

/* The limits as steps: they hold from one time to the next. */
static void band_of(study_page *page, rac_figure *f, const rac_survival_curve *curve, int arm)
{
    const size_t n = 2 * curve->count;
    double *x = rac_many(page->arena, double, n), *low = rac_many(page->arena, double, n),
           *high = rac_many(page->arena, double, n);
    size_t at = 0;
    for (size_t i = 0; i < curve->count; i++) {
        const rac_survival_point *p = &curve->points[i];
        const double ends[] = {p->time, i + 1 < curve->count ? curve->points[i + 1].time : p->time};
        for (int k = 0; k < 2; k++, at++) {
            x[at] = ends[k];
            low[at] = p->lower;
            high[at] = p->upper;
        }
    }
    if (at)
        rac_figure_add(f, &(rac_figure_mark){.kind = RAC_FIGURE_BAND,
                                             .style = arm == RAC_CHART_TREATED ? 0 : 1,
                                             .count = at,
                                             .x = x,
                                             .low = low,
                                             .high = high});
}

/* `end`: a little beyond the last time, so that a fall there is seen. */
static void steps_of(study_page *page, rac_figure *f, const rac_survival_curve *curve, int arm, double end)
{
    double *x = rac_many(page->arena, double, curve->count + 2),
           *y = rac_many(page->arena, double, curve->count + 2);
    x[0] = 0;
    y[0] = 1;
    for (size_t i = 0; i < curve->count; i++) {
        x[i + 1] = curve->points[i].time;
        y[i + 1] = curve->points[i].survival;
    }
    x[curve->count + 1] = end;
    y[curve->count + 1] = y[curve->count];
    rac_figure_add(f, &(rac_figure_mark){.kind = RAC_FIGURE_STEPS,
                                         .name = page->arm[arm],
                                         .style = arm == RAC_CHART_TREATED ? 0 : 1,
                                         .count = curve->count + 2,
                                         .x = x,
                                         .y = y});
}

static double last_time(const rac_study_survival *s)
{
    double last = 0;
    for (size_t i = 0; i < s->endpoint.count; i++)
        last = fmax(last, s->endpoint.time[i]);
    return last;
}

static rac_status curve_figure(study_page *page, int e, rac_error *err)
{
    const rac_study_survival *s = &page->survival[e];
    const double last = last_time(s);
    if (!(last > 0))
        return RAC_OK;
    rac_figure f = rac_figure_open(page->arena, named[e], "Kaplan-Meier curves with bands", 160, 76);
    f.x.label = s->endpoint.words;
    f.x.fixed = true;
    f.x.min = -0.02 * last;
    f.x.max = 1.04 * last;
    f.y.label = without[e];
    f.y.fixed = true;
    f.y.max = 1;
    for (int a = RAC_CHART_TREATED; a >= 0; a--)
        band_of(page, &f, &s->curve[a], a);
    for (int a = RAC_CHART_TREATED; a >= 0; a--)
        steps_of(page, &f, &s->curve[a], a, 1.03 * last);
    const rac_status status = rac_figure_finish(&f, err);
    if (status)
        return status;
    for (int a = RAC_CHART_TREATED; a >= 0; a--) {
        const char **text = rac_many(page->arena, const char *, f.x.tick_count);
        for (size_t i = 0; i < f.x.tick_count; i++)
            text[i] = study_count(page->arena, rac_survival_at_time(&s->curve[a], f.x.ticks[i]).at_risk);
        rac_figure_write_under(&f, page->arm[a], text);
    }
    return study_figure(page, &f,
                        rac_format(page->arena,
                                   "%s (Kaplan\xE2\x80\x93Meier, %g %% bands); below the axis, how many "
                                   "were still at risk",
                                   named[e], 100 * page->options.level),
                        err);
}

static const char *hazard(study_page *page, const rac_cox_fit *cox)
{
    const double ratio = cox->hazard_ratio[0];
    if (cox->coefficient_notes[0] & RAC_NOTE_INFINITE)
        return rac_format(page->arena, "%s: one arm has no event; likelihood ratio p %s",
                          study_number(page->arena, ratio > 1 ? (double)INFINITY : 0, 0),
                          study_p(page->arena, cox->likelihood_ratio.p_value));
    if (isnan(ratio) || isnan(cox->se[0]))
        return rac_format(page->arena, "not estimable: %s",
                          rac_notes_format(page->arena, cox->notes | cox->coefficient_notes[0]));
    return rac_format(page->arena, "%s; p %s",
                      study_interval(page->arena, ratio, cox->interval[0].lower, cox->interval[0].upper, 2),
                      study_p(page->arena, cox->p_value[0]));
}

/* Fewer than ten events a column: the ratio and its interval are not to be trusted (Peduzzi 1995,
 * doi:10.1016/0895-4356(95)00048-8). */
static const char *events_warning(study_page *page, const rac_cox_fit *cox)
{
    return cox->events < 10 * cox->covariates
               ? rac_format(page->arena, "; only %zu event%s for %zu columns", cox->events,
                            cox->events == 1 ? "" : "s", cox->covariates)
               : "";
}

static const char *median(study_page *page, const rac_survival_quantile *q)
{
    return isnan(q->time) ? "not reached"
                          : study_interval(page->arena, q->time, q->interval.lower, q->interval.upper, 0);
}

static void time_table(study_page *page, int e)
{
    const rac_study_survival *s = &page->survival[e];
    rac_table *t = rac_document_table(page->document, named[e], "lrrr");
    rac_table_row(t, RAC_ROW_HEAD, "", page->arm[1], page->arm[0], "comparison");
    rac_table_row(t, RAC_ROW_PLAIN, "events, of patients",
                  rac_format(page->arena, "%.0f of %zu", s->curve[1].events, s->curve[1].n),
                  rac_format(page->arena, "%.0f of %zu", s->curve[0].events, s->curve[0].n), "");
    rac_table_row(t, RAC_ROW_PLAIN, "median (interval)", median(page, &s->median[1]),
                  median(page, &s->median[0]), "");
    const rac_restricted_mean *m = s->mean;
    rac_table_row(t, RAC_ROW_PLAIN, rac_format(page->arena, "mean within %g (interval)", s->tau),
                  study_interval(page->arena, m[1].mean, m[1].interval.lower, m[1].interval.upper, 2),
                  study_interval(page->arena, m[0].mean, m[0].interval.lower, m[0].interval.upper, 2),
                  study_interval(page->arena, s->mean_difference.difference,
                                 s->mean_difference.interval.lower, s->mean_difference.interval.upper, 2));
    rac_table_row(t, RAC_ROW_PLAIN, "log-rank test", "", "",
                  rac_format(page->arena, "chi-square %s, p %s", NUMBER(s->log_rank.chi_square, 2),
                             study_p(page->arena, s->log_rank.p_value)));
    rac_table_row(t, RAC_ROW_PLAIN, "hazard ratio (Cox)", "", "", hazard(page, &s->cox));
    if (s->adjusted)
        rac_table_row(
            t, RAC_ROW_PLAIN,
            rac_format(page->arena, "hazard ratio, adjusted for %zu columns", s->cox_adjusted.covariates - 1),
            "", "",
            rac_format(page->arena, "%s%s", hazard(page, &s->cox_adjusted),
                       events_warning(page, &s->cox_adjusted)));
    rac_table_row(t, RAC_ROW_PLAIN, "proportional hazards", "", "",
                  rac_format(page->arena, "p %s", study_p(page->arena, s->proportional.global.p_value)));
}

rac_status study_write_time(study_page *page, rac_error *err)
{
    rac_status status = RAC_OK;
    study_heading(page, PART_TIME);
    for (int e = 0; e < STUDY_ENDPOINTS && !status; e++) {
        rac_document_heading(page->document, 2, named[e]);
        if (!study_have(page, &page->survived[e]))
            continue;
        status = curve_figure(page, e, err);
        time_table(page, e);
    }
    rac_document_note(
        page->document,
        "Who stops before the event is censored at the last session attended; stopping for lack of "
        "effect makes that informative, and then the curve is too hopeful. Hazard ratio above 1: sooner "
        "in the treated arm. Fewer than ten events a column give a hazard ratio that is not to be trusted "
        "(Peduzzi 1995, doi:10.1016/0895-4356(95)00048-8).");
    return status;
}

/* ---- side effects ---- */

static const char *rate_of(study_page *page, const rac_rate *rate)
{
    return study_interval(page->arena, 100 * rate->rate, 100 * rate->interval.lower,
                          100 * rate->interval.upper, 1);
}

void study_write_harm(study_page *page)
{
    const rac_study_harms *h = &page->harms;
    study_heading(page, PART_HARM);
    if (!study_have(page, &page->harmed))
        return;
    rac_table *t = rac_document_table(
        page->document,
        "Patients with at least one, difference in percentage points (Newcombe); events per 100 "
        "sessions (exact Poisson)",
        "wrrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "event", page->arm[1], page->arm[0], "difference",
                  rac_format(page->arena, "rate, %s", page->arm[1]),
                  rac_format(page->arena, "rate, %s", page->arm[0]));
    const char *kind = "";
    for (size_t i = 0; i < h->count; i++) {
        const rac_study_harm *x = &h->item[i];
        const bool line = strcmp(x->kind, "system") == 0 || strcmp(x->kind, "term") == 0;
        if (line && strcmp(kind, x->kind) != 0)
            rac_table_row(t, RAC_ROW_STRONG, strcmp(x->kind, "system") == 0 ? "by organ system" : "by event",
                          "", "", "", "", "");
        kind = x->kind;
        const rac_proportions *s = &x->incidence.subjects;
        rac_table_row(t, line ? RAC_ROW_UNDER : RAC_ROW_PLAIN, x->name,
                      rac_format(page->arena, "%.0f (%.1f %%)", x->counts.subjects[1], x->incidence.percent1),
                      rac_format(page->arena, "%.0f (%.1f %%)", x->counts.subjects[0], x->incidence.percent0),
                      study_interval(page->arena, 100 * s->difference, 100 * s->newcombe.lower,
                                     100 * s->newcombe.upper, 1),
                      rate_of(page, &x->incidence.rate1), rate_of(page, &x->incidence.rate0));
    }
    rac_document_note(
        page->document,
        rac_format(page->arena,
                   "%.0f and %.0f patients, %.0f and %.0f sessions (%s and %s). No correction for the "
                   "number of lines: look for signals, not for proofs.",
                   h->patients[1], h->patients[0], h->sessions[1], h->sessions[0], page->arm[1],
                   page->arm[0]));
}
