/* The page of a study, section by section. */
#include "link/study_html.h"

#include <math.h>
#include <string.h>

#include "link/svg.h"

typedef struct page {
    rac_markup out;
    rac_arena *arena;
    const rac_chart *chart;
    const rac_study_options *options;
} page;

static const char style[] =
    "<style>body{font:11pt/1.45 Georgia,serif;color:#222;max-width:46em;margin:2em auto;padding:0 1em}"
    "h1,h2,th{font-family:Helvetica,Arial,sans-serif}h2{margin-top:1.8em;border-bottom:1px solid #999}"
    "table{border-collapse:collapse;width:100%;font-size:9.5pt;margin:.6em 0}caption{text-align:left;"
    "font-style:italic}th,td{padding:.15em .5em;text-align:right;border-bottom:1px solid #ddd}"
    "th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}"
    ".note{font-size:9.5pt;color:#444}@media print{body{margin:0;max-width:none}h2{break-after:avoid}"
    "table,svg{break-inside:avoid}}</style>\n";

static void section(page *p, const char *title)
{
    rac_markup_raw(&p->out, "<h2>");
    rac_markup_text(&p->out, title);
    rac_markup_raw(&p->out, "</h2>\n");
}

static void paragraph(page *p, const char *text)
{
    rac_markup_raw(&p->out, "<p>");
    rac_markup_text(&p->out, text);
    rac_markup_raw(&p->out, "</p>\n");
}

static void missing_section(page *p, const rac_error *err)
{
    paragraph(p, rac_format(p->arena, "Not available from this chart: %s.", err->message));
}

/* One row; the first is the header.  Cells are ended by NULL. */
static void row(page *p, bool header, const char *const *cells)
{
    rac_markup_raw(&p->out, "<tr>");
    for (size_t i = 0; cells[i]; i++) {
        rac_markup_raw(&p->out, header ? "<th scope=\"col\">" : "<td>");
        rac_markup_text(&p->out, cells[i]);
        rac_markup_raw(&p->out, header ? "</th>" : "</td>");
    }
    rac_markup_raw(&p->out, "</tr>\n");
}
#define ROW(p, header, ...) row(p, header, (const char *const[]){__VA_ARGS__, NULL})

static void table(page *p, const char *caption)
{
    rac_markup_raw(&p->out, "<table><caption>");
    rac_markup_text(&p->out, caption);
    rac_markup_raw(&p->out, "</caption>\n");
}

static void end_table(page *p)
{
    rac_markup_raw(&p->out, "</table>\n");
}

static const char *number(page *p, double value, int digits)
{
    if (isnan(value))
        return "\xE2\x80\x93";
    return isinf(value) ? value > 0 ? "\xE2\x88\x9E" : "\xE2\x88\x92\xE2\x88\x9E"
                        : rac_format(p->arena, "%.*f", digits, value);
}

static const char *interval(page *p, double value, double lower, double upper, int digits)
{
    return rac_format(p->arena, "%s (%s to %s)", number(p, value, digits), number(p, lower, digits),
                      number(p, upper, digits));
}

static const char *p_value(page *p, double value)
{
    return isnan(value) ? "\xE2\x80\x93" : value < 0.001 ? "< 0.001" : rac_format(p->arena, "%.3f", value);
}

static void flow(page *p)
{
    const rac_chart *c = p->chart;
    section(p, "Flow of patients");
    table(p, "Patients with a score");
    ROW(p, true, "visit", c->arm_name[1], c->arm_name[0]);
    for (size_t v = 0; v < c->visits; v++) {
        size_t seen[RAC_CHART_ARMS] = {0};
        for (size_t i = 0; i < c->patients; i++)
            seen[c->arm[i]] += !isnan(c->score[i * c->visits + v]);
        ROW(p, false, c->visit_name[v], rac_format(p->arena, "%zu", seen[1]),
            rac_format(p->arena, "%zu", seen[0]));
    }
    end_table(p);
}

static void baseline(page *p)
{
    rac_study_description d;
    rac_error err = {0};
    section(p, "Before treatment");
    if (rac_study_describe(p->arena, p->chart, p->options, &d, &err)) {
        missing_section(p, &err);
        return;
    }
    table(p, "Mean (sd) or count; standardised mean difference, treated minus reference");
    ROW(p, true, "variable", p->chart->arm_name[1], p->chart->arm_name[0], "SMD");
    for (size_t i = 0; i < d.variables; i++) {
        const rac_study_variable *v = &d.variable[i];
        const char *cell[2] = {"", ""};
        for (size_t a = 0; v->numeric && a < 2; a++)
            cell[a] =
                rac_format(p->arena, "%s (%s)", number(p, v->arm[a].mean, 1), number(p, v->arm[a].sd, 1));
        ROW(p, false, v->name, cell[1], cell[0], number(p, v->smd, 2));
        for (size_t l = 0; !v->numeric && l < v->levels; l++)
            ROW(p, false, rac_format(p->arena, "\xE2\x80\x83%s", v->level_name[l]),
                number(p, v->count[1][l], 0), number(p, v->count[0][l], 0), "");
    }
    end_table(p);
}

static rac_status trajectory(page *p, const rac_study_comparison *c, rac_error *err)
{
    rac_figure f =
        rac_figure_open(p->arena, "Change from baseline", "Least-squares means with intervals", 160, 90);
    f.x.label = "Session";
    f.y.label = "Change from baseline (points)";
    double *x = rac_many(p->arena, double, c->visits), *y = rac_many(p->arena, double, c->visits);
    double *low = rac_many(p->arena, double, c->visits), *high = rac_many(p->arena, double, c->visits);
    for (size_t a = RAC_CHART_ARMS; a-- > 0;) {
        for (size_t v = 0; v < c->visits; v++) {
            const rac_mixed_estimate *m = &c->means.mean[a * c->visits + v];
            x[v] =
                p->chart->visit_number[c->visit[v]] + (a ? -0.04 : 0.04); /* so that intervals stand apart */
            y[v] = m->estimate, low[v] = m->lower, high[v] = m->upper;
        }
        rac_figure_mark mark = {.kind = RAC_FIGURE_LINE,
                                .name = p->chart->arm_name[a],
                                .style = a ? 0 : 1,
                                .count = c->visits,
                                .x = x,
                                .y = y};
        rac_figure_add(&f, &mark);
        mark.kind = RAC_FIGURE_POINTS, mark.name = NULL, mark.low = low, mark.high = high;
        rac_figure_add(&f, &mark);
    }
    rac_text svg;
    rac_status status = rac_figure_finish(&f, err);
    if (!status && !(status = rac_svg_draw(p->arena, &f, "trajectory", &svg, err)))
        rac_markup_raw(&p->out, svg.data);
    return status;
}

static rac_status change(page *p, rac_error *err)
{
    rac_study_comparison c;
    rac_error why = {0};
    section(p, "Change by session");
    if (rac_study_compare(p->arena, p->chart, p->options, &c, &why)) {
        missing_section(p, &why);
        return RAC_OK;
    }
    const rac_status status = trajectory(p, &c, err);
    table(p, "Least-squares means and their difference, with intervals");
    ROW(p, true, "visit", p->chart->arm_name[1], p->chart->arm_name[0], "difference", "p");
    for (size_t v = 0; v < c.visits; v++) {
        const rac_mixed_estimate *t = &c.means.mean[c.visits + v], *r = &c.means.mean[v],
                                 *d = &c.means.difference[v];
        ROW(p, false, p->chart->visit_name[c.visit[v]], interval(p, t->estimate, t->lower, t->upper, 2),
            interval(p, r->estimate, r->lower, r->upper, 2), interval(p, d->estimate, d->lower, d->upper, 2),
            p_value(p, d->p));
    }
    end_table(p);
    paragraph(p,
              rac_format(p->arena,
                         "Model: change ~ arm x visit + baseline x visit; covariance %s; REML; %zu patients, "
                         "%zu scores.",
                         rac_covariance_words(c.fit.covariance), c.fit.patients, c.fit.observations));
    return status;
}

static void onset(page *p)
{
    static const char *const families[RAC_FAMILIES] = {"treated", "reference", "difference"};
    rac_study_onset o;
    rac_error err = {0};
    section(p, "First session with a change");
    if (rac_study_onset_find(p->arena, p->chart, p->options, &o, &err)) {
        missing_section(p, &err);
        return;
    }
    table(p, rac_format(p->arena, "%s, alpha %g; beside %zu subsamples with equal arms (%zu each)",
                        rac_adjustment_sentence(o.rule), o.alpha, o.subsamples, o.subsample_size));
    ROW(p, true, "family", "onset", "subsamples with the same", "subsamples with none");
    for (size_t f = 0; f < RAC_FAMILIES; f++) {
        const rac_onset *found = &o.onset[f][o.rule];
        const size_t *times = o.subsampled[f];
        ROW(p, false, families[f], found->found ? p->chart->visit_name[o.visit[found->index]] : "none found",
            times && found->found ? rac_format(p->arena, "%zu", times[found->index]) : "\xE2\x80\x93",
            times ? rac_format(p->arena, "%zu", times[o.visits]) : "\xE2\x80\x93");
    }
    end_table(p);
}

static void responders(page *p)
{
    rac_study_responses r;
    rac_error err = {0};
    section(p, "Responders and remitters");
    if (rac_study_respond(p->arena, p->chart, p->options, &r, &err)) {
        missing_section(p, &err);
        return;
    }
    table(p, "Counts, difference in percentage points (Newcombe), number needed to treat");
    ROW(p, true, "outcome", p->chart->arm_name[1], p->chart->arm_name[0], "difference", "NNT");
    for (size_t i = 0; i < r.count; i++) {
        const rac_study_response *s = &r.item[i];
        /* rac_nnt counts an event as benefit; leaving is none. */
        const bool wanted = strcmp(s->outcome, "dropout") != 0;
        ROW(p, false, rac_format(p->arena, "%s: %s", s->outcome, s->rule),
            rac_format(p->arena, "%.0f of %.0f", s->counts.events1, s->counts.n1),
            rac_format(p->arena, "%.0f of %.0f", s->counts.events0, s->counts.n0),
            s->comparable ? interval(p, 100 * s->out.difference, 100 * s->out.newcombe.lower,
                                     100 * s->out.newcombe.upper, 1)
                          : "\xE2\x80\x93",
            s->comparable && wanted ? rac_nnt_format(p->arena, s->out.nnt) : "\xE2\x80\x93");
    }
    end_table(p);
}

static void weighted(page *p)
{
    rac_study_balance b;
    rac_error err = {0};
    section(p, "Weighted and unweighted, side by side");
    if (rac_study_balance_of(p->arena, p->chart, p->options, &b, &err)) {
        missing_section(p, &err);
        return;
    }
    table(p, "Last change seen, treated minus reference");
    ROW(p, true, "estimand", "difference");
    ROW(p, false, "unweighted",
        interval(p, b.unweighted.estimate, b.unweighted.interval.lower, b.unweighted.interval.upper, 2));
    for (size_t i = 0; i < RAC_STUDY_ESTIMANDS; i++) {
        const rac_term *e = &b.change[i].effect;
        ROW(p, false, rac_estimand_name(b.estimand[i]), interval(p, e->estimate, e->lower, e->upper, 2));
    }
    end_table(p);
    paragraph(p,
              rac_format(p->arena, "E-value of the unweighted difference: %s; of the limit nearer none: %s.",
                         number(p, b.e_value.point, 2), number(p, b.e_value.limit, 2)));
}

static void left(page *p)
{
    rac_study_missing m;
    rac_error err = {0};
    section(p, "Those who left, and how much the answer leans on them");
    if (rac_study_missing_of(p->arena, p->chart, p->options, &m, &err)) {
        missing_section(p, &err);
        return;
    }
    table(p, "Why treatment ended");
    ROW(p, true, "reason", p->chart->arm_name[1], p->chart->arm_name[0]);
    for (size_t i = 0; i < m.reasons; i++)
        ROW(p, false, m.reason[i].reason, number(p, m.reason[i].count[1], 0),
            number(p, m.reason[i].count[0], 0));
    end_table(p);
    paragraph(p,
              m.tipping.p_tips
                  ? rac_format(p->arena, "Tipping point: %s points added to the treated who left.",
                               number(p, m.tipping.delta_p, 1))
                  : "Tipping point: none within the range searched, or no significant difference to lose.");
}

static void closing(page *p)
{
    size_t count;
    const char *const *limits = rac_study_limits(&count);
    section(p, "What this cannot say");
    for (size_t i = 0; i < count; i++)
        paragraph(p, limits[i]);
    section(p, "STROBE items a chart cannot fill");
    paragraph(
        p, "Missing here, to be written by the authors: setting, locations and dates (5); how patients were "
           "chosen (6a); sources of bias addressed (9); study size (10); interpretation and "
           "generalisability (20, 21); funding (22). von Elm 2007, doi:10.1136/bmj.39335.541782.AD.");
    paragraph(p, rac_format(p->arena, "Seed %llu; racemate %s.", (unsigned long long)p->options->seed,
                            RAC_VERSION));
}

rac_status rac_study_html(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                          rac_text *html, rac_error *err)
{
    page page_ = {.out = {.arena = arena}, .arena = arena, .chart = chart, .options = options}, *p = &page_;
    rac_markup_raw(&p->out,
                   "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width\"><title>Study report</title>");
    rac_markup_raw(&p->out, style);
    rac_markup_raw(&p->out, "</head><body>\n<h1>");
    rac_markup_text(&p->out,
                    rac_format(arena, "%s compared with %s", chart->arm_name[1], chart->arm_name[0]));
    rac_markup_raw(&p->out, "</h1>\n");
    paragraph(p,
              rac_format(arena, "%zu patients of %s; %s. Decision support and record keeping for clinicians.",
                         chart->patients, chart->file ? chart->file : "a chart",
                         chart->score_name ? chart->score_name : "score"));
    flow(p);
    baseline(p);
    const rac_status status = change(p, err);
    onset(p);
    responders(p);
    weighted(p);
    left(p);
    closing(p);
    rac_markup_raw(&p->out, "</body></html>\n");
    *html = (rac_text){p->out.data, p->out.size};
    return status;
}
