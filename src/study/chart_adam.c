/* The same chart from CDISC ADaM files: ADSL a patient, ADQS a score, ADTTE an endpoint, ADAE an event. */
#include <math.h>
#include <string.h>

#include "study/chart_draft.h"

/* Columns of ADSL that are no covariates. */
static const char *const adsl_roles[][2] = {
    {"STUDYID", "not used"}, {"USUBJID", "patient"},  {"SUBJID", "not used"}, {"SITEID", "not used"},
    {"TRT01A", "arm"},       {"TRT01AN", "not used"}, {"TRT01P", "not used"}, {"TRT01PN", "not used"},
    {"LSTSESS", "sessions"}, {"DCSREAS", "reason"},   {"SAFFL", "safety"},    {"ITTFL", "not used"},
    {"TRTSDT", "not used"},  {"TRTEDT", "not used"},
};

static const char *role_of(rac_text name)
{
    for (size_t i = 0; i < sizeof adsl_roles / sizeof *adsl_roles; i++)
        if (rac_text_is(name, adsl_roles[i][0]))
            return adsl_roles[i][1];
    return NULL;
}

static void read_adsl(rac_draft *draft, const rac_sheet *sheet)
{
    const size_t id = rac_draft_column(draft, sheet, "USUBJID", true);
    const size_t arm = rac_draft_column(draft, sheet, "TRT01A", true);
    const size_t last = rac_draft_column(draft, sheet, "LSTSESS", false);
    const size_t reason = rac_draft_column(draft, sheet, "DCSREAS", false);
    const size_t safety = rac_draft_column(draft, sheet, "SAFFL", false);
    if (id == SIZE_MAX || arm == SIZE_MAX)
        return;
    uint32_t *patient_of_row = rac_many(draft->arena, uint32_t, sheet->rows);
    for (size_t row = 0; row < sheet->rows; row++) {
        const size_t before = draft->ids.count;
        const rac_text name = rac_sheet_cell(sheet, row, id);
        const size_t p = rac_draft_patient_add(draft, name, (rac_place){sheet, row, id});
        patient_of_row[row] = (uint32_t)p;
        if (draft->ids.count == before) {
            rac_draft_problem(draft, (rac_place){sheet, row, id},
                              "patient '%.*s' has two rows; the other is on line %d",
                              RAC_TEXT(rac_text_shorten(name, 40)), sheet->lines[draft->patient[p].at.row]);
            continue;
        }
        rac_draft_arm(draft, p, (rac_place){sheet, row, arm});
        if (last != SIZE_MAX)
            draft->patient[p].last = rac_draft_number(draft, (rac_place){sheet, row, last});
        if (reason != SIZE_MAX)
            draft->patient[p].reason = rac_text_copy(draft->arena, rac_sheet_cell(sheet, row, reason));
        if (safety != SIZE_MAX)
            draft->patient[p].safety = rac_text_is(rac_sheet_cell(sheet, row, safety), "Y");
    }
    const char **role = rac_many(draft->arena, const char *, sheet->column_count);
    for (size_t c = 0; c < sheet->column_count; c++)
        if (!(role[c] = role_of(sheet->columns[c].name))) {
            const size_t before = draft->covariates;
            rac_draft_covariate(draft, sheet, c, patient_of_row, false);
            role[c] = draft->covariates > before ? "covariate" : NULL;
        }
    rac_draft_dictionary(draft, "ADSL", sheet, role);
}

/* The PARAMCD that is read: the one asked for, or the only one. */
static rac_text parameter_of(rac_draft *draft, const rac_sheet *sheet, size_t column)
{
    rac_text found = {0};
    if (column == SIZE_MAX)
        return found;
    for (size_t row = 0; row < sheet->rows; row++) {
        const rac_text code = rac_sheet_cell(sheet, row, column);
        if (draft->options->scale && rac_text_is(code, draft->options->scale))
            return code;
        if (!found.size)
            found = code;
        else if (!rac_text_equal(found, code)) {
            bool later = false;
            for (size_t k = row; k < sheet->rows && draft->options->scale; k++)
                later = later || rac_text_is(rac_sheet_cell(sheet, k, column), draft->options->scale);
            if (later)
                return rac_text_of(draft->options->scale);
            rac_error_hint(rac_draft_problem(draft, (rac_place){sheet, row, column},
                                             "more than one scale: '%.*s' and '%.*s'", RAC_TEXT(found),
                                             RAC_TEXT(code)),
                           "choose one: --scale %.*s", RAC_TEXT(found));
            return found;
        }
    }
    return found;
}

/* BASE and CHG must be what the scores say: a chart that contradicts itself is not analysed. */
static void check_derived(rac_draft *draft, const rac_sheet *sheet, size_t row, size_t aval, size_t base,
                          size_t chg)
{
    if (base == SIZE_MAX || chg == SIZE_MAX)
        return;
    const double b = rac_draft_number(draft, (rac_place){sheet, row, base});
    const double c = rac_draft_number(draft, (rac_place){sheet, row, chg});
    const double v = rac_draft_number(draft, (rac_place){sheet, row, aval});
    if (fabs(c - (v - b)) > 1e-9)
        rac_draft_problem(draft, (rac_place){sheet, row, chg}, "CHG is %g, but AVAL - BASE is %g", c, v - b);
}

static void read_adqs(rac_draft *draft, const rac_sheet *sheet)
{
    const size_t id = rac_draft_column(draft, sheet, "USUBJID", true);
    const size_t number = rac_draft_column(draft, sheet, "AVISITN", true);
    const size_t aval = rac_draft_column(draft, sheet, "AVAL", true);
    const size_t name = rac_draft_column(draft, sheet, "AVISIT", false);
    const size_t day = rac_draft_column(draft, sheet, "ADY", false);
    const size_t code = rac_draft_column(draft, sheet, "PARAMCD", false);
    const size_t flag = rac_draft_column(draft, sheet, "ANL01FL", false);
    const size_t base = rac_draft_column(draft, sheet, "BASE", false);
    const size_t chg = rac_draft_column(draft, sheet, "CHG", false);
    const char **role = rac_many(draft->arena, const char *, sheet->column_count);
    if (id == SIZE_MAX || number == SIZE_MAX || aval == SIZE_MAX)
        return;
    role[id] = "patient";
    role[number] = "visit";
    role[aval] = "score";
    rac_draft_dictionary(draft, "ADQS", sheet, role);
    const rac_text parameter = parameter_of(draft, sheet, code);
    rac_draft_scale(draft, parameter);
    for (size_t row = 0; row < sheet->rows; row++) {
        size_t p;
        if (code != SIZE_MAX && !rac_text_equal(rac_sheet_cell(sheet, row, code), parameter))
            continue;
        if (!rac_draft_patient_at(draft, (rac_place){sheet, row, id}, &p))
            continue;
        if (flag != SIZE_MAX && !rac_text_is(rac_sheet_cell(sheet, row, flag), "Y")) {
            draft->chart->rows_unscheduled++;
            continue;
        }
        const double visit = rac_draft_number(draft, (rac_place){sheet, row, number});
        if (isnan(visit)) {
            rac_draft_problem(draft, (rac_place){sheet, row, number}, "a score without a visit");
            continue;
        }
        check_derived(draft, sheet, row, aval, base, chg);
        rac_draft_visit_name(draft, visit, rac_sheet_cell(sheet, row, name));
        rac_draft_score_add(draft, p, visit, (rac_place){sheet, row, aval}, day);
    }
}

static void read_endpoint(rac_draft *draft, const rac_sheet *sheet, rac_text parameter, size_t id,
                          size_t code, size_t aval, size_t censored)
{
    size_t *patient = rac_many(draft->arena, size_t, sheet->rows);
    double *time = rac_many(draft->arena, double, sheet->rows);
    bool *event = rac_many(draft->arena, bool, sheet->rows);
    const size_t words = rac_draft_column(draft, sheet, "PARAM", false);
    rac_words seen = {0};
    rac_chart_endpoint end = {
        .code = rac_text_copy(draft->arena, parameter), .patient = patient, .time = time, .event = event};
    end.words = end.code;
    for (size_t row = 0; row < sheet->rows; row++) {
        size_t p;
        if (!rac_text_equal(rac_sheet_cell(sheet, row, code), parameter) ||
            !rac_draft_patient_at(draft, (rac_place){sheet, row, id}, &p))
            continue;
        const double t = rac_draft_number(draft, (rac_place){sheet, row, aval});
        const double c = rac_draft_number(draft, (rac_place){sheet, row, censored});
        if (!(t >= 0))
            rac_draft_problem(draft, (rac_place){sheet, row, aval}, "a time cannot be %g", t);
        if (!(c >= 0) || c != floor(c))
            rac_error_hint(
                rac_draft_problem(draft, (rac_place){sheet, row, censored}, "CNSR cannot be %g", c),
                "0 is an event, 1 or more is censored");
        const size_t before = seen.count;
        rac_words_add(draft->arena, &seen, draft->ids.word[p]);
        if (seen.count == before)
            rac_draft_problem(draft, (rac_place){sheet, row, id}, "patient '%.*s' has this endpoint twice",
                              RAC_TEXT(rac_text_shorten(draft->ids.word[p], 40)));
        if (!end.count && words != SIZE_MAX)
            end.words = rac_text_copy(draft->arena, rac_sheet_cell(sheet, row, words));
        patient[end.count] = p;
        time[end.count] = t;
        event[end.count++] = c == 0;
    }
    draft->endpoint[draft->endpoints++] = end;
}

static void read_adtte(rac_draft *draft, const rac_sheet *sheet)
{
    const size_t id = rac_draft_column(draft, sheet, "USUBJID", true);
    const size_t code = rac_draft_column(draft, sheet, "PARAMCD", true);
    const size_t aval = rac_draft_column(draft, sheet, "AVAL", true);
    const size_t censored = rac_draft_column(draft, sheet, "CNSR", true);
    if (id == SIZE_MAX || code == SIZE_MAX || aval == SIZE_MAX || censored == SIZE_MAX)
        return;
    const char **role = rac_many(draft->arena, const char *, sheet->column_count);
    role[id] = "patient";
    role[code] = "endpoint";
    role[aval] = "time";
    role[censored] = "censoring";
    rac_draft_dictionary(draft, "ADTTE", sheet, role);
    rac_words parameters = {0};
    for (size_t row = 0; row < sheet->rows; row++)
        rac_words_add(draft->arena, &parameters, rac_sheet_cell(sheet, row, code));
    draft->endpoint = rac_many(draft->arena, rac_chart_endpoint, parameters.count);
    for (size_t k = 0; k < parameters.count; k++)
        read_endpoint(draft, sheet, parameters.word[k], id, code, aval, censored);
}

rac_status rac_chart_read_adam(rac_arena *arena, const rac_chart_file *adsl, const rac_chart_file *adqs,
                               const rac_chart_file *adtte, const rac_chart_file *adae,
                               const rac_chart_options *options, rac_chart *chart, rac_problems *problems)
{
    static const rac_chart_options usual;
    rac_draft draft = {
        .arena = arena, .problems = problems, .options = options ? options : &usual, .chart = chart};
    *chart = (rac_chart){.file = adqs->name};
    rac_chart_map_read(arena, &draft.options->map, &draft.map, problems);
    rac_sheet *sheet = rac_many(arena, rac_sheet, 4);
    if (rac_draft_table(&draft, adsl, &sheet[0]))
        read_adsl(&draft, &sheet[0]);
    if (rac_draft_table(&draft, adqs, &sheet[1]) && sheet[0].rows)
        read_adqs(&draft, &sheet[1]);
    if (adtte && adtte->name && rac_draft_table(&draft, adtte, &sheet[2]))
        read_adtte(&draft, &sheet[2]);
    if (adae && adae->name && rac_draft_table(&draft, adae, &sheet[3]))
        rac_draft_events(&draft, &sheet[3], "USUBJID", "ADAE");
    return rac_draft_finish(&draft);
}
