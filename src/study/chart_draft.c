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
    const rac_text label = rac_sheet_cell(at.sheet, at.row, at.column);
    if (rac_sheet_missing(at.sheet, at.row, at.column)) {
        if (draft->patient[patient].arm == SIZE_MAX)
            rac_draft_problem(draft, at, "patient '%.*s' has no arm",
                              RAC_TEXT(rac_text_shorten(draft->ids.word[patient], 40)));
        return;
    }
    rac_draft_patient *p = &draft->patient[patient];
    if (p->arm != SIZE_MAX && rac_text_equal(label, draft->arms.word[p->arm]))
        return; /* as in the rows before */
    const size_t arm = rac_words_add(draft->arena, &draft->arms, label);
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

void rac_draft_score_add(rac_draft *draft, size_t patient, double visit, rac_place at, size_t day)
{
    const rac_scale *scale = draft->chart->scale;
    const double value = rac_draft_number(draft, at);
    (void)rac_draft_number(draft, (rac_place){at.sheet, at.row, day}); /* tells when it is none */
    if (scale && (value < scale->low || value > scale->high))
        rac_draft_problem(draft, at, "%g is not possible on %s, which runs from %d to %d", value, scale->id,
                          scale->low, scale->high);
    if (!draft->score) {
        draft->score = rac_many(draft->arena, rac_draft_score, at.sheet->rows);
        draft->score_capacity = at.sheet->rows;
        draft->score_at = at;
        draft->day_column = day;
    }
    rac_push(draft->arena, draft->score, draft->scores, draft->score_capacity,
             ((rac_draft_score){(uint32_t)patient, (uint32_t)at.row, visit}));
}

/* ---- covariates -------------------------------------------------------------------------------------------
 */

enum { ABSENT = UINT32_MAX }; /* of a patient's word: nothing was written */

typedef struct ranked {
    const char *name;
    uint32_t word;
} ranked;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ranked *)a)->name, ((const ranked *)b)->name);
}

/* Words of patients as levels in alphabetical order; false when there are too many to be a category. */
static bool levels_of(rac_draft *draft, const rac_sheet_column *column, const uint32_t *word,
                      rac_chart_covariate *out, double *value)
{
    ranked level[LEVELS_MOST];
    double *rank = rac_many(draft->arena, double, column->words.count);
    for (size_t p = 0; p < draft->ids.count; p++) {
        if (word[p] == ABSENT || rank[word[p]] != 0)
            continue;
        if (out->levels == LEVELS_MOST)
            return false;
        rank[word[p]] = 1;
        level[out->levels++] = (ranked){rac_text_copy(draft->arena, column->words.word[word[p]]), word[p]};
    }
    qsort(level, out->levels, sizeof *level, by_name);
    const char **names = rac_many(draft->arena, const char *, out->levels);
    for (size_t k = 0; k < out->levels; k++) {
        names[k] = level[k].name;
        rank[level[k].word] = (double)k;
    }
    for (size_t p = 0; p < draft->ids.count; p++)
        value[p] = word[p] == ABSENT ? NAN : rank[word[p]];
    out->level_name = names;
    return true;
}

/* The word of each patient, ABSENT where every cell is missing; false (and where) when a later cell differs.
 */
static bool constant_within(const rac_sheet_column *column, size_t rows, const uint32_t *patient_of_row,
                            uint32_t *word, size_t *differs)
{
    for (size_t row = 0; row < rows; row++) {
        const uint32_t p = patient_of_row[row];
        const uint32_t is = column->cell[row];
        if (p == RAC_DRAFT_NOBODY || column->kind[is] == RAC_SHEET_MISSING)
            continue;
        if (word[p] == ABSENT)
            word[p] = is;
        else if (word[p] != is) {
            *differs = row;
            return false;
        }
    }
    return true;
}

void rac_draft_covariate(rac_draft *draft, const rac_sheet *sheet, size_t index,
                         const uint32_t *patient_of_row, bool asked)
{
    const size_t n = draft->ids.count;
    const rac_sheet_column *column = &sheet->columns[index];
    const char *name = rac_text_copy(draft->arena, column->name);
    uint32_t *word = rac_many(draft->arena, uint32_t, n);
    memset(word, 0xFF, n * sizeof *word); /* ABSENT */
    double *value = rac_many(draft->arena, double, n);
    rac_chart_covariate out = {.name = name, .numeric = true, .value = value};
    size_t differs;
    if (!constant_within(column, sheet->rows, patient_of_row, word, &differs)) {
        if (asked)
            rac_draft_problem(
                draft, (rac_place){sheet, differs, index},
                "'%s' changes within patient '%.*s'; a covariate is what was so before treatment", name,
                RAC_TEXT(rac_text_shorten(draft->ids.word[patient_of_row[differs]], 40)));
        else
            rac_draft_note(draft, "Column '%s' changes within patients and is not used as a covariate.",
                           name);
        return;
    }
    for (size_t p = 0; p < n; p++) {
        const bool absent = word[p] == ABSENT;
        value[p] = absent ? NAN : column->number[word[p]];
        out.missing += absent;
        out.numeric = out.numeric && (absent || column->kind[word[p]] == RAC_SHEET_NUMBER);
    }
    if (out.missing == n)
        return;
    if (!out.numeric && !levels_of(draft, column, word, &out, value)) {
        if (asked)
            rac_draft_problem(draft, (rac_place){sheet, 0, index}, "'%s' has more than %d different words",
                              name, LEVELS_MOST);
        else
            rac_draft_note(draft, "Column '%s' has more than %d different words and is not used.", name,
                           LEVELS_MOST);
        return;
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
