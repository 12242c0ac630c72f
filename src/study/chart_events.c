/* Adverse events under the names of CDISC ADAE, beside ADSL or beside a tidy chart. */
#include <string.h>

#include "study/chart_draft.h"

bool rac_draft_patient_at(rac_draft *draft, rac_place at, size_t *patient)
{
    const rac_text id = rac_sheet_cell(at.sheet, at.row, at.column);
    if (rac_words_find(&draft->ids, id, patient))
        return true;
    rac_draft_problem(draft, at, "patient '%.*s' is not in %s", RAC_TEXT(rac_text_shorten(id, 40)),
                      draft->patients_in ? draft->patients_in : "ADSL");
    return false;
}

/* 0 when the cell is empty; a problem, and 0, when the word is not known. */
static int severity_at(rac_draft *draft, rac_place at)
{
    static const char *const severities[] = {"", "MILD", "MODERATE", "SEVERE"};
    const rac_text grade = rac_sheet_cell(at.sheet, at.row, at.column);
    for (int s = 0; s < 4; s++)
        if (rac_text_is(grade, severities[s]))
            return s;
    rac_error_hint(
        rac_draft_problem(draft, at, "severity '%.*s' is not known", RAC_TEXT(rac_text_shorten(grade, 40))),
        "MILD, MODERATE, SEVERE or empty");
    return 0;
}

void rac_draft_events(rac_draft *draft, const rac_sheet *sheet, const char *patient_column, const char *name)
{
    size_t id = rac_draft_column(draft, sheet, patient_column, false);
    if (id == SIZE_MAX)
        id = rac_draft_column(draft, sheet, "USUBJID", true);
    const size_t term = rac_draft_column(draft, sheet, "AEDECOD", true);
    const size_t system = rac_draft_column(draft, sheet, "AEBODSYS", false);
    const size_t severity = rac_draft_column(draft, sheet, "AESEV", false);
    const size_t serious = rac_draft_column(draft, sheet, "AESER", false);
    const size_t flag = rac_draft_column(draft, sheet, "TRTEMFL", false);
    if (id == SIZE_MAX || term == SIZE_MAX)
        return;
    const char **role = rac_many(draft->arena, const char *, sheet->column_count);
    role[id] = "patient";
    role[term] = "adverse event";
    rac_draft_dictionary(draft, name, sheet, role);
    for (size_t row = 0; row < sheet->rows; row++) {
        size_t p;
        if (!rac_draft_patient_at(draft, (rac_place){sheet, row, id}, &p))
            continue;
        if (flag != SIZE_MAX && !rac_text_is(rac_sheet_cell(sheet, row, flag), "Y"))
            continue;
        rac_push(draft->arena, draft->event, draft->events, draft->event_capacity,
                 ((rac_chart_event){.patient = p,
                                    .system = rac_text_copy(draft->arena, rac_sheet_cell(sheet, row, system)),
                                    .term = rac_text_copy(draft->arena, rac_sheet_cell(sheet, row, term)),
                                    .severity = severity_at(draft, (rac_place){sheet, row, severity}),
                                    .serious = rac_text_is(rac_sheet_cell(sheet, row, serious), "Y")}));
    }
    draft->chart->has_events = true;
    draft->chart->has_severity = severity != SIZE_MAX;
    draft->chart->has_seriousness = serious != SIZE_MAX;
}
