/* What was done, exactly, to which bytes; and what it cannot say. */
#include <math.h>

#include "link/study_parts.h"

static const char *const df_words[] = {
    [RAC_MIXED_SATTERTHWAITE] = "Satterthwaite",
    [RAC_MIXED_KENWARD_ROGER] = "Kenward-Roger (first order)",
    [RAC_MIXED_KENWARD_ROGER_FULL] = "Kenward-Roger",
    [RAC_MIXED_BETWEEN_WITHIN] = "between-within",
};

static void model_lines(study_page *page)
{
    const rac_mixed_fit *fit = &page->comparison.fit;
    if (!page->compared.made)
        return;
    rac_document_paragraph(
        page->document,
        rac_format(
            page->arena,
            "Mixed model for repeated measures: change ~ arm x session + baseline x session, by restricted "
            "maximum likelihood; covariance within patients: %s, %zu parameters, the same in both arms; "
            "degrees "
            "of freedom: %s. %zu patients, %zu scores after the baseline.",
            rac_covariance_words(fit->covariance), fit->covariance_parameters, df_words[fit->df_method],
            fit->patients, fit->observations));
    for (size_t i = 0; i < fit->attempts; i++)
        if (!fit->attempt[i].used)
            rac_document_paragraph(page->document,
                                   rac_format(page->arena, "Covariance %s was tried and not used: %s.",
                                              rac_covariance_words(fit->attempt[i].covariance),
                                              fit->attempt[i].why));
    for (size_t i = 0; i < page->comparison.left_out; i++)
        rac_document_paragraph(page->document,
                               rac_format(page->arena, "%s is left out: it was not seen in both arms.",
                                          page->chart->visit_name[page->comparison.left_out_visit[i]]));
}

static const char *covariates_of(study_page *page)
{
    const char *text = "";
    if (!page->balanced.made)
        return "none";
    for (size_t c = 0; c < page->balance.columns; c++)
        text = rac_format(page->arena, "%s%s%s", text, text[0] ? ", " : "",
                          study_column(page->balance.column_name[c]));
    return text;
}

static const char *outcome_of(study_page *page)
{
    const rac_chart *chart = page->chart;
    if (chart->scale)
        return rac_format(page->arena, "%s (%d to %d)", chart->scale->id, chart->scale->low,
                          chart->scale->high);
    return chart->score_name && chart->score_name[0] ? chart->score_name : "score";
}

void study_write_methods(study_page *page)
{
    const rac_chart *chart = page->chart;
    const char *source;
    const double remission =
        page->options.remission > 0 ? page->options.remission : rac_chart_remission(chart, &source);
    study_heading(page, PART_METHODS);
    rac_document_paragraph(
        page->document, rac_format(page->arena,
                                   "A comparison of two treatments within one chart; nobody was randomised. "
                                   "Every difference is %s minus "
                                   "%s. Outcome: %s, change from baseline. Response: a fall by half. "
                                   "Remission: %s. Intervals: %g %%; "
                                   "tests two-sided.",
                                   page->arm[1], page->arm[0], outcome_of(page),
                                   isnan(remission) ? "not known for this scale"
                                                    : rac_format(page->arena, "%g or less", remission),
                                   100 * page->options.level));
    model_lines(page);
    rac_document_paragraph(
        page->document,
        rac_format(
            page->arena,
            "Weights: logistic propensity model on %s; overlap, ATE, ATT and ATC weights; errors by "
            "M-estimation. Time to event: Kaplan-Meier with log-log limits, log-rank, Cox with Efron's ties. "
            "Proportions: Wilson, Newcombe, Fisher. Formulas and what they were checked against: "
            "docs/statistics.md.",
            covariates_of(page)));
    rac_document_paragraph(page->document, rac_format(page->arena, "Seed %llu. Racemate %s.",
                                                      (unsigned long long)page->options.seed, RAC_VERSION));
    if (page->inputs && page->inputs->count) {
        rac_table *t =
            rac_document_table(page->document, "Inputs (SHA-256 of the bytes that were read)", "llrl");
        rac_table_row(t, RAC_ROW_HEAD, "input", "name", "bytes", "SHA-256");
        for (size_t i = 0; i < page->inputs->count; i++) {
            const rac_study_input *in = &page->inputs->input[i];
            rac_table_row(t, RAC_ROW_PLAIN, in->role, in->name, rac_format(page->arena, "%zu", in->bytes),
                          in->sha256);
        }
    }
    for (size_t i = 0; i < chart->notes; i++)
        rac_document_note(page->document, chart->note[i]);
}

void study_write_limits(study_page *page)
{
    size_t count;
    const char *const *limits = rac_study_limits(&count);
    study_heading(page, PART_LIMITS);
    for (size_t i = 0; i < count; i++)
        rac_document_paragraph(page->document, limits[i]);
}
