/* A tidy file: one row a patient and visit. */
#include <math.h>
#include <string.h>

#include "study/chart_draft.h"

enum { PATIENT, ARM, VISIT, SCORE, DAY, REASON, SESSIONS, ROLES };

static const struct {
    const char *ours;
    bool needed;
} roles[ROLES] = {
    [PATIENT] = {"patient", true},    [ARM] = {"arm", true},  [VISIT] = {"visit", true},
    [SCORE] = {"score", true},        [DAY] = {"day", false}, [REASON] = {"reason", false},
    [SESSIONS] = {"sessions", false},
};

static void read_row(rac_draft *draft, const rac_sheet *sheet, size_t row, const size_t *at,
                     uint32_t *patient_of_row)
{
    const rac_place place = {sheet, row, at[PATIENT]};
    patient_of_row[row] = RAC_DRAFT_NOBODY;
    if (rac_sheet_missing(sheet, row, at[PATIENT])) {
        rac_draft_problem(draft, place, "a row without a patient");
        return;
    }
    const uint32_t *id = sheet->columns[at[PATIENT]].cell;
    const size_t p = row && id[row] == id[row - 1]
                         ? patient_of_row[row - 1]
                         : rac_draft_patient_add(draft, rac_sheet_cell(sheet, row, at[PATIENT]), place);
    patient_of_row[row] = (uint32_t)p;
    rac_draft_arm(draft, p, (rac_place){sheet, row, at[ARM]});
    double visit;
    bool unscheduled;
    if (!rac_draft_visit(draft, (rac_place){sheet, row, at[VISIT]}, &visit, &unscheduled))
        return;
    if (unscheduled) {
        draft->chart->rows_unscheduled++;
        return;
    }
    rac_draft_visit_name(draft, visit, (rac_text){0});
    rac_draft_score_add(draft, p, visit, (rac_place){sheet, row, at[SCORE]}, at[DAY]);
    const rac_text reason = rac_sheet_cell(sheet, row, at[REASON]);
    if (!rac_sheet_missing(sheet, row, at[REASON]) && !rac_text_is(reason, draft->patient[p].reason))
        draft->patient[p].reason = rac_text_copy(draft->arena, reason);
    if (at[SESSIONS] != SIZE_MAX) {
        const double last = rac_draft_number(draft, (rac_place){sheet, row, at[SESSIONS]});
        if (!isnan(last))
            draft->patient[p].last = last;
    }
}

static bool has_role(const size_t *at, size_t column, const char **role)
{
    for (size_t r = 0; r < ROLES; r++)
        if (at[r] == column) {
            *role = roles[r].ours;
            return true;
        }
    return false;
}

/* Columns named under 'covariates'; without that list, every column that has no role. */
static void read_covariates(rac_draft *draft, const rac_sheet *sheet, const size_t *at,
                            const uint32_t *patient_of_row, const char **role)
{
    const rac_yaml *listed = draft->map.covariates;
    for (size_t i = 0; listed && i < listed->count; i++)
        rac_draft_column(draft, sheet, rac_text_copy(draft->arena, listed->items[i].text), true);
    for (size_t c = 0; c < sheet->column_count; c++) {
        if (has_role(at, c, &role[c]))
            continue;
        bool asked = false;
        for (size_t i = 0; listed && i < listed->count; i++)
            asked = asked || rac_text_equal(listed->items[i].text, sheet->columns[c].name);
        if (listed && !asked)
            continue;
        const size_t before = draft->covariates;
        rac_draft_covariate(draft, sheet, c, patient_of_row, asked);
        if (draft->covariates > before)
            role[c] = "covariate";
    }
}

rac_status rac_chart_read(rac_arena *arena, const rac_chart_file *file, const rac_chart_options *options,
                          rac_chart *chart, rac_problems *problems)
{
    static const rac_chart_options usual;
    rac_draft draft = {
        .arena = arena, .problems = problems, .options = options ? options : &usual, .chart = chart};
    *chart = (rac_chart){.file = file->name};
    rac_chart_map_read(arena, &draft.options->map, &draft.map, problems);
    rac_sheet sheet;
    if (problems->count || !rac_draft_table(&draft, file, &sheet))
        return RAC_INVALID;
    size_t at[ROLES];
    for (size_t r = 0; r < ROLES; r++)
        at[r] = rac_draft_column(&draft, &sheet,
                                 rac_chart_map_column(arena, &draft.map, roles[r].ours, roles[r].ours),
                                 roles[r].needed);
    if (problems->count &&
        (at[PATIENT] == SIZE_MAX || at[ARM] == SIZE_MAX || at[VISIT] == SIZE_MAX || at[SCORE] == SIZE_MAX))
        return RAC_INVALID;
    rac_draft_scale(&draft, (rac_text){0});
    uint32_t *patient_of_row = rac_many(arena, uint32_t, sheet.rows);
    for (size_t row = 0; row < sheet.rows; row++)
        read_row(&draft, &sheet, row, at, patient_of_row);
    const char **role = rac_many(arena, const char *, sheet.column_count);
    read_covariates(&draft, &sheet, at, patient_of_row, role);
    rac_draft_dictionary(&draft, "chart", &sheet, role);
    rac_sheet events;
    draft.patients_in = "the chart";
    if (draft.options->events.name && rac_draft_table(&draft, &draft.options->events, &events))
        rac_draft_events(&draft, &events, rac_chart_map_column(arena, &draft.map, "patient", "patient"),
                         "events");
    return rac_draft_finish(&draft);
}
