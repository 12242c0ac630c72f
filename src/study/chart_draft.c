/* Patients, arms, scores and covariates as they are met. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/chart_draft.h"

enum { LEVELS_MOST = 20 };

size_t rac_draft_patient_add(rac_draft *draft, rac_text id, rac_place at)
{
    const size_t before = draft->ids.count;
    const size_t patient = rac_words_add(draft->arena, &draft->ids, id);
    if (draft->ids.count > before) {
        size_t count = before;
        rac_push(draft->arena, draft->patient, count, draft->patient_capacity,
                 ((rac_draft_patient){.arm = SIZE_MAX, .at = at, .last = NAN, .reason = "", .safety = true}));
    }
    return patient;
}

void rac_draft_arm(rac_draft *draft, size_t patient, rac_place at)
{
    const rac_text label = rac_draft_cell(at.table, at.row, at.column);
    if (rac_draft_missing(draft, label)) {
        if (draft->patient[patient].arm == SIZE_MAX)
            rac_draft_problem(draft, at, "patient '%.*s' has no arm",
                              RAC_TEXT(rac_text_shorten(draft->ids.word[patient], 40)));
        return;
    }
    const size_t arm = rac_words_add(draft->arena, &draft->arms, label);
    rac_draft_patient *p = &draft->patient[patient];
    if (p->arm == SIZE_MAX) {
        p->arm = arm;
        p->at = at;
    } else if (p->arm != arm) {
        rac_draft_problem(draft, at, "patient '%.*s' is in '%.*s' here and in '%.*s' before",
                          RAC_TEXT(rac_text_shorten(draft->ids.word[patient], 40)),
                          RAC_TEXT(rac_text_shorten(label, 40)),
                          RAC_TEXT(rac_text_shorten(draft->arms.word[p->arm], 40)));
    }
}

void rac_draft_score_add(rac_draft *draft, size_t patient, double visit, rac_place at, double day)
{
    const rac_scale *scale = draft->chart->scale;
    double value = rac_draft_number(draft, at);
    if (scale && (value < scale->low || value > scale->high)) {
        rac_draft_problem(draft, at, "%g is not possible on %s, which runs from %d to %d", value, scale->id,
                          scale->low, scale->high);
        value = NAN;
    }
    rac_push(draft->arena, draft->score, draft->scores, draft->score_capacity,
             ((rac_draft_score){.patient = patient, .visit = visit, .value = value, .day = day, .at = at}));
}

/* ---- covariates -------------------------------------------------------------------------------------------
 */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Texts of patients as levels in alphabetical order; false when there are too many to be a category. */
static bool levels_of(rac_draft *draft, const rac_text *cell, rac_chart_covariate *out, double *value)
{
    const char **names = rac_many(draft->arena, const char *, LEVELS_MOST);
    for (size_t p = 0; p < draft->ids.count; p++) {
        size_t k = 0;
        while (k < out->levels && !rac_text_is(cell[p], names[k]))
            k++;
        if (!cell[p].size || k < out->levels)
            continue;
        if (k == LEVELS_MOST)
            return false;
        names[out->levels++] = rac_text_copy(draft->arena, cell[p]);
    }
    qsort(names, out->levels, sizeof *names, by_text);
    for (size_t p = 0; p < draft->ids.count; p++)
        for (size_t k = 0; k < out->levels; k++)
            if (rac_text_is(cell[p], names[k]))
                value[p] = (double)k;
    out->level_name = names;
    return true;
}

/* The first filled cell of each patient; false (and where) when a later one differs. */
static bool constant_within(rac_draft *draft, const rac_csv_table *table, size_t column,
                            const size_t *patient_of_row, rac_text *cell, size_t *differs)
{
    for (size_t row = 0; row < table->rows; row++) {
        const size_t p = patient_of_row[row];
        const rac_text text = rac_draft_cell(table, row, column);
        if (p == SIZE_MAX || rac_draft_missing(draft, text))
            continue;
        if (!cell[p].size)
            cell[p] = text;
        else if (!rac_text_equal(cell[p], text)) {
            *differs = row;
            return false;
        }
    }
    return true;
}

void rac_draft_covariate(rac_draft *draft, const rac_csv_table *table, size_t column,
                         const size_t *patient_of_row, bool asked)
{
    const size_t n = draft->ids.count;
    const char *name = rac_text_copy(draft->arena, table->columns[column].name);
    rac_text *cell = rac_many(draft->arena, rac_text, n);
    double *value = rac_many(draft->arena, double, n);
    rac_chart_covariate out = {.name = name, .numeric = true, .value = value};
    size_t differs;
    if (!constant_within(draft, table, column, patient_of_row, cell, &differs)) {
        if (asked)
            rac_draft_problem(
                draft, (rac_place){table, differs, column},
                "'%s' changes within patient '%.*s'; a covariate is what was so before treatment", name,
                RAC_TEXT(rac_text_shorten(draft->ids.word[patient_of_row[differs]], 40)));
        else
            rac_draft_note(draft, "Column '%s' changes within patients and is not used as a covariate.",
                           name);
        return;
    }
    for (size_t p = 0; p < n; p++) {
        value[p] = NAN;
        out.missing += !cell[p].size;
        if (cell[p].size && out.numeric && rac_number_parse(cell[p], &value[p], NULL))
            out.numeric = false;
    }
    if (out.missing == n)
        return;
    if (!out.numeric) {
        for (size_t p = 0; p < n; p++)
            value[p] = NAN;
        if (!levels_of(draft, cell, &out, value)) {
            if (asked)
                rac_draft_problem(draft, (rac_place){table, 0, column},
                                  "'%s' has more than %d different words", name, LEVELS_MOST);
            else
                rac_draft_note(draft, "Column '%s' has more than %d different words and is not used.", name,
                               LEVELS_MOST);
            return;
        }
    }
    rac_push(draft->arena, draft->covariate, draft->covariates, draft->covariate_capacity, out);
}

/* ---- scale ------------------------------------------------------------------------------------------------
 */

static bool same_scale(rac_text text, const char *name)
{
    return text.size == strlen(name) && strncasecmp(text.data, name, text.size) == 0;
}

void rac_draft_scale(rac_draft *draft, rac_text word)
{
    /* What data sets call the scales this program knows. */
    static const struct {
        const char *theirs, *ours;
    } names[] = {{"QIDSSR", "QIDS-SR16"}, {"QIDSSR16", "QIDS-SR16"}, {"QIDS01", "QIDS-SR16"},
                 {"PHQ9", "PHQ-9"},       {"PHQ01", "PHQ-9"},        {"MADRSTOT", "MADRS"}};
    rac_chart *chart = draft->chart;
    rac_text asked = rac_text_of(draft->options->scale);
    if (!asked.size)
        asked = draft->map.scale;
    const rac_text tried[] = {asked, word};
    chart->score_name = rac_text_copy(draft->arena, word.size ? word : asked);
    for (size_t k = 0; k < 2 && !chart->scale; k++) {
        rac_text id = tried[k];
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (same_scale(id, names[i].theirs))
                id = rac_text_of(names[i].ours);
        if (id.size && rac_scale_find(id, &chart->scale, NULL))
            chart->scale = NULL;
    }
    if (!chart->scale)
        rac_draft_note(
            draft, "The scale is not known to this program (say --scale): ranges of scores are not checked "
                   "and remission is not reported.");
}
