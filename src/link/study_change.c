/* How scores changed: the mixed model, percent change, and the first session that differs. */
#include <math.h>

#include "link/study_parts.h"

#define NUMBER(value, digits) study_number(page->arena, (value), (digits))

static const char *estimate(study_page *page, const rac_mixed_estimate *e)
{
    return study_interval(page->arena, e->estimate, e->lower, e->upper, 2);
}

static rac_status trajectory(study_page *page, rac_error *err)
{
    const rac_study_comparison *c = &page->comparison;
    rac_figure f =
        rac_figure_open(page->arena, "Change from baseline", "Least-squares means with intervals", 160, 90);
    study_sessions_axis(page, &f);
    f.y.label = "Change from baseline (points)";
    f.y.from_zero = true;
    for (int a = RAC_CHART_TREATED; a >= 0; a--) {
        study_curve curve = study_curve_new(page->arena, c->visits + 1);
        curve.low[0] = curve.high[0] = NAN; /* the baseline: no change, by definition */
        for (size_t v = 0; v < c->visits; v++) {
            const rac_mixed_estimate *m = &c->means.mean[(size_t)a * c->visits + v];
            curve.x[v + 1] = page->chart->visit_number[c->visit[v]];
            curve.y[v + 1] = m->estimate;
            curve.low[v + 1] = m->lower;
            curve.high[v + 1] = m->upper;
        }
        study_curve_add(&f, page, a, &curve);
    }
    return study_figure(
        page, &f,
        rac_format(page->arena, "Change from baseline by session: least-squares means with %g %% intervals",
                   100 * page->options.level),
        err);
}

rac_status study_write_change(study_page *page, rac_error *err)
{
    const rac_study_comparison *c = &page->comparison;
    study_heading(page, PART_CHANGE);
    if (!study_have(page, &page->compared))
        return RAC_OK;
    const rac_status status = trajectory(page, err);
    rac_table *t = rac_document_table(
        page->document,
        rac_format(page->arena, "Least-squares means of the change and their difference, %s minus %s",
                   page->arm[1], page->arm[0]),
        "lrrrrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "session", "n", page->arm[1], "n", page->arm[0], "difference", "df", "p");
    for (size_t v = 0; v < c->visits; v++) {
        const rac_mixed_estimate *d = &c->means.difference[v];
        rac_table_row(
            t, v + 1 == c->visits ? RAC_ROW_STRONG : RAC_ROW_PLAIN, page->chart->visit_name[c->visit[v]],
            study_count(page->arena, (double)c->change[v].within[1].n1),
            estimate(page, &c->means.mean[c->visits + v]),
            study_count(page->arena, (double)c->change[v].within[0].n1), estimate(page, &c->means.mean[v]),
            estimate(page, d), NUMBER(d->df, 1), study_p(page->arena, d->p));
    }
    rac_document_note(
        page->document,
        rac_format(page->arena,
                   "A fall is negative. Scores after the baseline; those not taken are treated as "
                   "missing at random within the model (%s).",
                   study_section(page->arena, PART_METHODS)));
    return status;
}

/* ---- percent ---- */

static rac_status percent_figure(study_page *page, rac_error *err)
{
    const rac_study_comparison *c = &page->comparison;
    rac_figure f = rac_figure_open(page->arena, "Percent change from baseline",
                                   "Means of patients' percent changes with intervals", 160, 90);
    study_sessions_axis(page, &f);
    f.y.label = "Percent change from baseline";
    f.y.from_zero = true;
    for (int a = RAC_CHART_TREATED; a >= 0; a--) {
        study_curve curve = study_curve_new(page->arena, c->visits + 1);
        curve.low[0] = curve.high[0] = NAN;
        for (size_t v = 0; v < c->visits; v++) {
            const rac_t_test *m = &c->change[v].percent_within[a];
            curve.x[v + 1] = page->chart->visit_number[c->visit[v]];
            curve.y[v + 1] = m->estimate;
            curve.low[v + 1] = m->interval.lower;
            curve.high[v + 1] = m->interval.upper;
        }
        study_curve_add(&f, page, a, &curve);
    }
    return study_figure(page, &f,
                        "Percent change from baseline by session: means of those seen, with intervals", err);
}

static const char *percent(study_page *page, const rac_t_test *t)
{
    return study_interval(page->arena, t->estimate, t->interval.lower, t->interval.upper, 1);
}

rac_status study_write_percent(study_page *page, rac_error *err)
{
    const rac_study_comparison *c = &page->comparison;
    study_heading(page, PART_PERCENT);
    if (!study_have(page, &page->compared))
        return RAC_OK;
    const rac_status status = percent_figure(page, err);
    rac_table *t = rac_document_table(
        page->document, "Mean of patients' percent changes, and the percent change of the mean score",
        "lrrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "session", page->arm[1], page->arm[0], "difference (percentage points)",
                  "of means", "of means");
    for (size_t v = 0; v < c->visits; v++) {
        const rac_study_change *s = &c->change[v];
        rac_table_row(t, RAC_ROW_PLAIN, page->chart->visit_name[c->visit[v]],
                      percent(page, &s->percent_within[1]), percent(page, &s->percent_within[0]),
                      percent(page, &s->percent_between), NUMBER(s->percent_of_means[1].percent, 1),
                      NUMBER(s->percent_of_means[0].percent, 1));
    }
    rac_document_note(
        page->document,
        rac_format(page->arena,
                   "Patients seen at each session; one-sample t intervals within arms, Welch's between "
                   "them. The last two columns are the change of the mean score in percent, for %s and "
                   "%s: a ratio of means is not the mean of ratios, and papers print either.",
                   page->arm[1], page->arm[0]));
    return status;
}

/* ---- onset ---- */

static const char *family_name(study_page *page, int f)
{
    return f == RAC_FAMILY_TREATED     ? rac_format(page->arena, "change in %s", page->arm[1])
           : f == RAC_FAMILY_REFERENCE ? rac_format(page->arena, "change in %s", page->arm[0])
                                       : "difference between the arms";
}

static void onset_table(study_page *page)
{
    const rac_study_onset *o = &page->onset;
    rac_table *t = rac_document_table(
        page->document,
        "Estimate and p at each session; the onset is the first session at adjusted p below alpha", "lrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "family, session", "estimate", "p", "p adjusted", "onset");
    for (int f = 0; f < RAC_FAMILIES; f++) {
        const rac_onset *found = &o->onset[f][o->rule];
        rac_table_row(t, RAC_ROW_STRONG, family_name(page, f), "", "", "",
                      found->found ? page->chart->visit_name[o->visit[found->index]] : "none");
        for (size_t v = 0; v < o->visits; v++) {
            const rac_mixed_estimate *e = &o->estimate[f][v];
            rac_table_row(t, RAC_ROW_UNDER, page->chart->visit_name[o->visit[v]], estimate(page, e),
                          study_p(page->arena, e->p), study_p(page->arena, found->adjusted[v]),
                          found->found && found->index == v ? "here" : "");
        }
    }
}

static const char *share_of(study_page *page, size_t count, size_t of)
{
    return of ? rac_format(page->arena, "%.1f %%", 100 * (double)count / (double)of) : "\xE2\x80\x93";
}

static void subsample_table(study_page *page)
{
    const rac_study_onset *o = &page->onset;
    const size_t fitted = o->subsamples - o->failed;
    rac_table *t = rac_document_table(
        page->document,
        rac_format(page->arena, "Onset in %zu subsamples with %zu patients in each arm (share of subsamples)",
                   fitted, o->subsample_size),
        "lrrr");
    rac_table_row(t, RAC_ROW_HEAD, "onset at", family_name(page, 0), family_name(page, 1),
                  family_name(page, 2));
    for (size_t v = 0; v <= o->visits; v++)
        rac_table_row(t, RAC_ROW_PLAIN, v < o->visits ? page->chart->visit_name[o->visit[v]] : "none of them",
                      share_of(page, o->subsampled[0][v], fitted),
                      share_of(page, o->subsampled[1][v], fitted),
                      share_of(page, o->subsampled[2][v], fitted));
}

/* Beside each other, so that a family does not hide another. */
static rac_status subsample_figure(study_page *page, rac_error *err)
{
    const rac_study_onset *o = &page->onset;
    const size_t fitted = o->subsamples - o->failed, bars = o->visits + 1;
    rac_figure f = rac_figure_open(page->arena, "Onset with equal arms",
                                   "Share of subsamples in which each session was the first", 160, 75);
    const char **name = rac_many(page->arena, const char *, bars);
    double *x = rac_many(page->arena, double, bars), *y = rac_many(page->arena, double, bars);
    for (size_t v = 0; v < bars; v++)
        name[v] = v < o->visits ? page->chart->visit_name[o->visit[v]] : "none";
    f.x.names = name;
    f.x.name_count = bars;
    f.y.label = "Subsamples (%)";
    for (int k = 0; k < RAC_FAMILIES; k++) {
        for (size_t v = 0; v < bars; v++) {
            x[v] = (double)v + 0.27 * (k - 1);
            y[v] = 100 * (double)o->subsampled[k][v] / (double)fitted;
        }
        rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_BARS,
                                              .name = k < 2 ? page->arm[k == 0] : "difference",
                                              .style = k,
                                              .count = bars,
                                              .x = x,
                                              .y = y,
                                              .width = 0.25});
    }
    return study_figure(page, &f, "First session with a change when the arms are made equally large", err);
}

rac_status study_write_onset(study_page *page, rac_error *err)
{
    const rac_study_onset *o = &page->onset;
    study_heading(page, PART_ONSET);
    if (!study_have(page, &page->onset_found))
        return RAC_OK;
    rac_document_paragraph(
        page->document,
        rac_format(
            page->arena,
            "An onset named by significance depends on the number of patients: at the same speed of "
            "improvement the larger arm (here %zu and %zu with a later score, %s and %s) reaches it earlier. "
            "Therefore the question is asked again with the larger arm cut to the size of the smaller one. "
            "And "
            "one arm being significant where the other is not says nothing about their difference: that has "
            "a family of its own.",
            o->patients[1], o->patients[0], page->arm[1], page->arm[0]));
    onset_table(page);
    rac_document_note(page->document, rac_format(page->arena, "%s. Alpha %g, each family for itself.",
                                                 rac_adjustment_sentence(o->rule), o->alpha));
    if (o->subsamples <= o->failed)
        return RAC_OK;
    subsample_table(page);
    rac_document_note(
        page->document,
        rac_format(page->arena,
                   "Drawn without replacement, the model fitted anew each time; seed %llu; %zu fits "
                   "without an answer.",
                   (unsigned long long)page->options.seed, o->failed));
    return o->subsamples > 1 ? subsample_figure(page, err) : RAC_OK;
}
