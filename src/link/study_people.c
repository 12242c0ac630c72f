/* Who the patients are: flow, and the arms before treatment. */
#include <math.h>
#include <stdlib.h>

#include "link/study_parts.h"

#define NUMBER(value, digits) study_number(page->arena, (value), (digits))
#define COUNT(value) study_count(page->arena, (double)(value))

static void flow_row(study_page *page, rac_table *t, const char *name, const size_t *n)
{
    rac_table_row(t, RAC_ROW_PLAIN, name, COUNT(n[1]), COUNT(n[0]));
}

/* "no benefit 3, cost 1" of one arm. */
static const char *reasons_of(study_page *page, const rac_study_step *step, int arm)
{
    const char *text = "";
    for (size_t k = 0; k < step->reasons; k++)
        if (step->reason[k].count[arm] > 0)
            text = rac_format(page->arena, "%s%s%s %.0f", text, text[0] ? ", " : "", step->reason[k].reason,
                              step->reason[k].count[arm]);
    return text;
}

void study_write_flow(study_page *page)
{
    const rac_chart *chart = page->chart;
    const rac_study_flow *flow = &page->flow;
    study_heading(page, PART_FLOW);
    if (chart->patients_other)
        rac_document_paragraph(
            page->document,
            rac_format(page->arena,
                       "%zu further patients of the chart had a treatment that is not compared here.",
                       chart->patients_other));
    rac_table *t = rac_document_table(page->document, "Patients", "wrr");
    rac_table_row(t, RAC_ROW_HEAD, "", page->arm[1], page->arm[0]);
    flow_row(page, t, "in the chart", flow->charted);
    flow_row(page, t, "with a baseline score", flow->with_baseline);
    flow_row(page, t, "with a baseline and at least one later score: analysed", flow->analysed);
    if (flow->unknown[0] + flow->unknown[1])
        flow_row(page, t, "whose length of treatment is not known", flow->unknown);
    t = rac_document_table(page->document, "Attended, scored, and lost before each session, with the reasons",
                           "lrrwrrw");
    const char *treated = page->arm[1], *reference = page->arm[0];
    rac_table_row(t, RAC_ROW_HEAD, "session", rac_format(page->arena, "%s: attended", treated), "scored",
                  "lost before it", rac_format(page->arena, "%s: attended", reference), "scored",
                  "lost before it");
    for (size_t v = 0; v < flow->steps; v++) {
        const rac_study_step *s = &flow->step[v];
        const char *lost[RAC_CHART_ARMS];
        for (int a = 0; a < RAC_CHART_ARMS; a++)
            lost[a] =
                s->lost[a] ? rac_format(page->arena, "%zu: %s", s->lost[a], reasons_of(page, s, a)) : "";
        rac_table_row(t, RAC_ROW_PLAIN, chart->visit_name[v], COUNT(s->attended[1]), COUNT(s->scored[1]),
                      lost[1], COUNT(s->attended[0]), COUNT(s->scored[0]), lost[0]);
    }
}

/* ---- before treatment ---- */

static void describe_table(study_page *page)
{
    const rac_study_description *d = &page->description;
    rac_table *t = rac_document_table(
        page->document, "Mean (sd) or count (%); standardised mean difference (SMD), treated minus reference",
        "lrrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "variable", page->arm[1], page->arm[0], "missing", "SMD", "interval");
    for (size_t i = 0; i < d->variables; i++) {
        const rac_study_variable *v = &d->variable[i];
        const char *missing = rac_format(page->arena, "%zu; %zu", v->missing[1], v->missing[0]);
        const char *interval = isnan(v->interval.lower)
                                   ? ""
                                   : rac_format(page->arena, "%s to %s", NUMBER(v->interval.lower, 2),
                                                NUMBER(v->interval.upper, 2));
        const char *cell[RAC_CHART_ARMS] = {"", ""};
        for (int a = 0; v->numeric && a < RAC_CHART_ARMS; a++)
            cell[a] = rac_format(page->arena, "%s (%s)", NUMBER(v->arm[a].mean, 1), NUMBER(v->arm[a].sd, 1));
        rac_table_row(t, RAC_ROW_PLAIN, v->name, cell[1], cell[0], missing, NUMBER(v->smd, 2), interval);
        for (size_t l = 0; !v->numeric && l < v->levels; l++) {
            for (int a = 0; a < RAC_CHART_ARMS; a++)
                cell[a] = rac_format(page->arena, "%.0f (%.0f %%)", v->count[a][l],
                                     v->n[a] ? 100 * v->count[a][l] / (double)v->n[a] : 0.0);
            rac_table_row(t, RAC_ROW_UNDER, v->level_name[l], cell[1], cell[0], "", "", "");
        }
    }
}

static void weighted_table(study_page *page)
{
    const rac_study_balance *b = &page->balance;
    rac_table *t = rac_document_table(page->document,
                                      "Standardised mean differences before and after weighting", "lrrrrr");
    rac_table_row(t, RAC_ROW_HEAD, "variable", "before", rac_estimand_name(b->estimand[0]),
                  rac_estimand_name(b->estimand[1]), rac_estimand_name(b->estimand[2]),
                  rac_estimand_name(b->estimand[3]));
    for (size_t c = 0; c < b->columns; c++)
        rac_table_row(t, RAC_ROW_PLAIN, study_column(b->column_name[c]), NUMBER(b->balance[1][c].smd_raw, 2),
                      NUMBER(b->balance[0][c].smd, 2), NUMBER(b->balance[1][c].smd, 2),
                      NUMBER(b->balance[2][c].smd, 2), NUMBER(b->balance[3][c].smd, 2));
    rac_document_note(
        page->document,
        "ATO: overlap weights, exact balance of the propensity model's means by construction. The "
        "denominator of a column differs (Austin 2009), so compare within a column. Beyond 0.1 is "
        "usually called an imbalance.");
}

typedef struct loved {
    const char *name;
    double before, after;
} loved;

static int by_before(const void *a, const void *b)
{
    const double x = ((const loved *)a)->before, y = ((const loved *)b)->before;
    return (x > y) - (x < y);
}

/* Absolute differences, the largest on top. */
static rac_status love_plot(study_page *page, rac_error *err)
{
    const rac_study_balance *b = &page->balance;
    loved *row = rac_many(page->arena, loved, b->columns);
    for (size_t c = 0; c < b->columns; c++)
        row[c] = (loved){b->column_name[c], fabs(b->balance[1][c].smd_raw), fabs(b->balance[0][c].smd)};
    qsort(row, b->columns, sizeof *row, by_before);
    const char **name = rac_many(page->arena, const char *, b->columns);
    double *y = rac_many(page->arena, double, b->columns);
    double *before = rac_many(page->arena, double, b->columns),
           *after = rac_many(page->arena, double, b->columns);
    for (size_t c = 0; c < b->columns; c++) {
        name[c] = study_column(row[c].name);
        y[c] = (double)c;
        before[c] = row[c].before;
        after[c] = row[c].after;
    }
    rac_figure f = rac_figure_open(page->arena, "Balance before and after weighting",
                                   "Absolute standardised mean differences; dashed: 0.1", 160,
                                   28 + 6.5 * (double)b->columns);
    f.x.label = "Absolute standardised mean difference";
    f.x.from_zero = true;
    f.y.names = name;
    f.y.name_count = b->columns;
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_UP, .count = 1, .x = &(double){0.1}});
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                          .name = "before",
                                          .style = 1,
                                          .count = b->columns,
                                          .x = before,
                                          .y = y});
    rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                          .name = "overlap weights",
                                          .style = 0,
                                          .count = b->columns,
                                          .x = after,
                                          .y = y});
    return study_figure(page, &f,
                        "How unlike the arms are in what was written down, before and after weighting", err);
}

rac_status study_write_baseline(study_page *page, rac_error *err)
{
    study_heading(page, PART_BASELINE);
    if (study_have(page, &page->described))
        describe_table(page);
    if (!study_have(page, &page->balanced) || !page->balance.columns)
        return RAC_OK;
    weighted_table(page);
    return love_plot(page, err);
}
