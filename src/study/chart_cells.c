/* Tables and cells of a chart: numbers, missing words, visits by name, and where each problem is. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "study/chart_draft.h"

enum { LISTED_MOST = 200, DISTINCT_MOST = 20 };

rac_error *rac_draft_problem(rac_draft *draft, rac_place at, const char *format, ...)
{
    rac_error err = {0};
    va_list arguments;
    va_start(arguments, format);
    rac_fail(&err, RAC_INVALID, "%s", rac_format_list(draft->arena, format, arguments));
    va_end(arguments);
    if (at.sheet && at.sheet->rows) {
        const size_t column = at.column < at.sheet->column_count ? at.column : 0;
        rac_csv_place(&at.sheet->where, at.row, column, &err);
        rac_error_field(&err, rac_text_copy(draft->arena, at.sheet->columns[column].name));
    } else if (at.sheet) {
        rac_error_place(&err, at.sheet->file, 1, 1);
    } else {
        rac_error_place(&err, draft->chart->file, 0, 0);
    }
    if (draft->problems->count >= LISTED_MOST) {
        draft->said++;
        return &draft->unlisted;
    }
    rac_problems_add(draft->problems, &err);
    return &draft->problems->items[draft->problems->count - 1];
}

void rac_draft_note(rac_draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = rac_format_list(draft->arena, format, arguments);
    va_end(arguments);
    rac_push(draft->arena, draft->note, draft->notes, draft->note_capacity, text);
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static char delimiter_of(rac_text bytes)
{
    rac_text rest;
    const rac_text header = rac_text_split(bytes, '\n', &rest);
    const bool comma = memchr(header.data, ',', header.size) != NULL;
    if (!comma && memchr(header.data, ';', header.size))
        return ';';
    return !comma && memchr(header.data, '\t', header.size) ? '\t' : ',';
}

bool rac_draft_table(rac_draft *draft, const rac_chart_file *file, rac_sheet *sheet)
{
    rac_error err = {0};
    *sheet = (rac_sheet){.file = file->name};
    if (!file->bytes.size) {
        rac_fail(&err, RAC_INVALID, "%s is empty", file->name);
        rac_error_place(&err, file->name, 1, 1);
        rac_problems_add(draft->problems, &err);
        return false;
    }
    const size_t before = draft->problems->count;
    const rac_csv_options options = {.file = file->name,
                                     .delimiter = delimiter_of(file->bytes),
                                     .trim = true,
                                     .problems = draft->problems};
    const rac_yaml *listed = draft->map.missing;
    const size_t count = listed ? listed->count : 0;
    rac_text *missing = rac_many(draft->arena, rac_text, count);
    for (size_t i = 0; i < count; i++)
        missing[i] = listed->items[i].text;
    const rac_status status =
        rac_sheet_read(draft->arena, file->bytes, &options, missing, count, sheet, &err);
    if (status && draft->problems->count == before)
        rac_problems_add(draft->problems, &err);
    if (!status && !sheet->rows)
        rac_draft_problem(draft, (rac_place){sheet, 0, 0}, "%s has a header and no rows", file->name);
    return status == RAC_OK && sheet->rows > 0;
}

size_t rac_draft_column(rac_draft *draft, const rac_sheet *sheet, const char *name, bool needed)
{
    for (size_t i = 0; i < sheet->column_count; i++)
        if (rac_text_is(sheet->columns[i].name, name))
            return i;
    if (!needed)
        return SIZE_MAX;
    const char **known = rac_many(draft->arena, const char *, sheet->column_count);
    for (size_t i = 0; i < sheet->column_count; i++)
        known[i] = rac_text_copy(draft->arena, sheet->columns[i].name);
    const char *nearest = rac_text_nearest(rac_text_of(name), known, sheet->column_count);
    rac_error err = {0};
    rac_fail(&err, RAC_INVALID, "there is no column '%s'", name);
    rac_error_place(&err, sheet->file, 1, 1);
    rac_error_field(&err, name);
    if (nearest)
        rac_error_hint(&err, "did you mean '%s'? A mapping file (--map) says which column is which", nearest);
    else
        rac_error_hint(&err, "a mapping file (--map) says which column is which");
    rac_problems_add(draft->problems, &err);
    return SIZE_MAX;
}

double rac_draft_number(rac_draft *draft, rac_place at)
{
    if (at.column >= at.sheet->column_count)
        return NAN;
    const rac_sheet_column *column = &at.sheet->columns[at.column];
    const uint32_t word = column->cell[at.row];
    if (column->kind[word] != RAC_SHEET_TEXT)
        return column->number[word];
    const rac_text cell = column->words.word[word];
    const rac_text shown = rac_text_shorten(cell, 40);
    rac_error *problem = rac_draft_problem(draft, at, "'%.*s' is not a number", RAC_TEXT(shown));
    const bool digit = isdigit((unsigned char)cell.data[0]) || cell.data[0] == '-';
    if (memchr(cell.data, ',', cell.size))
        rac_error_hint(problem, "decimals are written with a point: 12.5");
    else if (digit && isalpha((unsigned char)cell.data[cell.size - 1]))
        rac_error_hint(problem,
                       "numbers stand without unit; the column's name or the mapping file says which");
    else
        rac_error_hint(problem, "leave the cell empty, or list the word under 'missing' in the mapping file");
    return NAN;
}

/* ---- visits ----------------------------------------------------------------------------------------------
 */

static bool same_word(rac_text text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

/* "3", "Session 3", "visit_3", "infusion-3": the number at the end. */
static bool trailing_number(rac_text text, double *number)
{
    size_t from = text.size;
    while (from > 0 && isdigit((unsigned char)text.data[from - 1]))
        from--;
    return from < text.size &&
           rac_number_parse((rac_text){text.data + from, text.size - from}, number, NULL) == RAC_OK;
}

bool rac_draft_visit(rac_draft *draft, rac_place at, double *number, bool *unscheduled)
{
    const rac_text label = rac_sheet_cell(at.sheet, at.row, at.column);
    *unscheduled = false;
    for (size_t i = 0; draft->map.visits && i < draft->map.visits->count; i++) {
        if (!rac_text_equal(draft->map.visits->keys[i].text, label))
            continue;
        *unscheduled = same_word(draft->map.visits->items[i].text, "unscheduled");
        *number = 0;
        return *unscheduled ||
               rac_yaml_want_number(&draft->map.visits->items[i], 0, 1e6, number, draft->problems);
    }
    *unscheduled = same_word(label, "unscheduled");
    if (*unscheduled)
        return true;
    *number = 0;
    const bool known = same_word(label, "baseline") || same_word(label, "screening") ||
                       !rac_number_parse(label, number, NULL) || trailing_number(label, number);
    if (known && *number >= 0) {
        rac_draft_visit_name(draft, *number, label);
        return true;
    }
    rac_error *problem = rac_draft_problem(draft, at, "visit '%.*s' has no place in the course",
                                           RAC_TEXT(rac_text_shorten(label, 40)));
    rac_error_hint(problem,
                   "name it under 'visits' in the mapping file: 0 is the baseline, 1 the first session");
    return false;
}

void rac_draft_visit_name(rac_draft *draft, double number, rac_text name)
{
    size_t at = 0;
    while (at < draft->visits && draft->visit[at] < number)
        at++;
    if (at < draft->visits && draft->visit[at] == number)
        return;
    if (draft->visits >= RAC_MIXED_VISITS_MAX)
        return; /* rac_draft_finish tells */
    if (!draft->visit) {
        draft->visit = rac_many(draft->arena, double, RAC_MIXED_VISITS_MAX);
        draft->visit_name = rac_many(draft->arena, const char *, RAC_MIXED_VISITS_MAX);
    }
    for (size_t k = draft->visits++; k > at; k--) {
        draft->visit[k] = draft->visit[k - 1];
        draft->visit_name[k] = draft->visit_name[k - 1];
    }
    double plain;
    const bool bare = !name.size || !rac_number_parse(name, &plain, NULL);
    draft->visit[at] = number;
    draft->visit_name[at] = number == 0 && bare ? "Baseline"
                            : bare              ? rac_format(draft->arena, "Session %g", number)
                                                : rac_text_copy(draft->arena, name);
}

/* ---- dictionary
 * --------------------------------------------------------------------------------------------- */

static rac_chart_column column_of(rac_draft *draft, const char *table, const rac_sheet *sheet, size_t index,
                                  const char *role)
{
    const rac_sheet_column *column = &sheet->columns[index];
    rac_chart_column out = {.table = table,
                            .name = rac_text_copy(draft->arena, column->name),
                            .role = role ? role : "not used",
                            .numeric = true,
                            .rows = sheet->rows,
                            .low = INFINITY,
                            .high = -INFINITY};
    const char **value = rac_many(draft->arena, const char *, DISTINCT_MOST);
    for (size_t w = 0; w < column->words.count; w++) {
        if (column->kind[w] == RAC_SHEET_MISSING)
            continue;
        out.filled += column->count[w];
        out.numeric = out.numeric && column->kind[w] == RAC_SHEET_NUMBER;
        out.low = fmin(out.low, column->number[w]);
        out.high = fmax(out.high, column->number[w]);
        if (out.distinct < DISTINCT_MOST)
            value[out.distinct] = rac_text_copy(draft->arena, rac_text_shorten(column->words.word[w], 60));
        out.distinct += out.distinct <= DISTINCT_MOST;
    }
    out.numeric = out.numeric && out.filled;
    if (!out.numeric)
        out.low = out.high = NAN;
    out.value = value;
    return out;
}

void rac_draft_dictionary(rac_draft *draft, const char *name, const rac_sheet *sheet,
                          const char *const *roles)
{
    for (size_t i = 0; i < sheet->column_count; i++)
        rac_push(draft->arena, draft->column, draft->columns, draft->column_capacity,
                 column_of(draft, name, sheet, i, roles[i]));
}
