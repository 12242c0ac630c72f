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
    if (at.table && at.table->rows) {
        const size_t column = at.column < at.table->column_count ? at.column : 0;
        rac_csv_place(at.table, at.row, column, &err);
        rac_error_field(&err, rac_text_copy(draft->arena, at.table->columns[column].name));
    } else if (at.table) {
        rac_error_place(&err, at.table->file, 1, 1);
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

bool rac_draft_table(rac_draft *draft, const rac_chart_file *file, rac_csv_table *table)
{
    rac_error err = {0};
    *table = (rac_csv_table){.file = file->name};
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
    const rac_status status = rac_csv_read(draft->arena, file->bytes, &options, table, &err);
    if (status && draft->problems->count == before)
        rac_problems_add(draft->problems, &err);
    if (!status && !table->rows)
        rac_draft_problem(draft, (rac_place){table, 0, 0}, "%s has a header and no rows", file->name);
    return status == RAC_OK && table->rows > 0;
}

size_t rac_draft_column(rac_draft *draft, const rac_csv_table *table, const char *name, bool needed)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (rac_text_is(rac_text_trim(table->columns[i].name), name))
            return i;
    if (!needed)
        return SIZE_MAX;
    const char **known = rac_many(draft->arena, const char *, table->column_count);
    for (size_t i = 0; i < table->column_count; i++)
        known[i] = rac_text_copy(draft->arena, table->columns[i].name);
    const char *nearest = rac_text_nearest(rac_text_of(name), known, table->column_count);
    rac_error err = {0};
    rac_fail(&err, RAC_INVALID, "there is no column '%s'", name);
    rac_error_place(&err, table->file, 1, 1);
    rac_error_field(&err, name);
    if (nearest)
        rac_error_hint(&err, "did you mean '%s'? A mapping file (--map) says which column is which", nearest);
    else
        rac_error_hint(&err, "a mapping file (--map) says which column is which");
    rac_problems_add(draft->problems, &err);
    return SIZE_MAX;
}

rac_text rac_draft_cell(const rac_csv_table *table, size_t row, size_t column)
{
    return column < table->column_count ? rac_text_trim(table->columns[column].cells[row]) : (rac_text){0};
}

bool rac_draft_missing(const rac_draft *draft, rac_text cell)
{
    if (!cell.size || rac_text_is(cell, "NA") || rac_text_is(cell, "."))
        return true;
    for (size_t i = 0; draft->map.missing && i < draft->map.missing->count; i++)
        if (rac_text_equal(draft->map.missing->items[i].text, cell))
            return true;
    return false;
}

double rac_draft_number(rac_draft *draft, rac_place at)
{
    const rac_text cell = rac_draft_cell(at.table, at.row, at.column);
    double number;
    if (rac_draft_missing(draft, cell))
        return NAN;
    if (!rac_number_parse(cell, &number, NULL))
        return number;
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
    const rac_text label = rac_draft_cell(at.table, at.row, at.column);
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

static rac_chart_column column_of(rac_draft *draft, const char *table_name, const rac_csv_table *table,
                                  size_t column, const char *role)
{
    rac_chart_column out = {.table = table_name,
                            .name = rac_text_copy(draft->arena, table->columns[column].name),
                            .role = role ? role : "not used",
                            .numeric = true,
                            .rows = table->rows,
                            .low = INFINITY,
                            .high = -INFINITY};
    rac_text seen[DISTINCT_MOST + 1];
    const char **value = rac_many(draft->arena, const char *, DISTINCT_MOST);
    for (size_t row = 0; row < table->rows; row++) {
        const rac_text cell = rac_draft_cell(table, row, column);
        if (rac_draft_missing(draft, cell))
            continue;
        out.filled++;
        double number;
        if (out.numeric && rac_number_parse(cell, &number, NULL))
            out.numeric = false;
        if (out.numeric) {
            out.low = fmin(out.low, number);
            out.high = fmax(out.high, number);
        }
        size_t k = 0;
        while (k < out.distinct && !rac_text_equal(seen[k], cell))
            k++;
        if (k == out.distinct && k <= DISTINCT_MOST) {
            if (k < DISTINCT_MOST)
                value[k] = rac_text_copy(draft->arena, rac_text_shorten(cell, 60));
            seen[out.distinct++] = cell;
        }
    }
    out.numeric = out.numeric && out.filled;
    if (!out.numeric)
        out.low = out.high = NAN;
    out.value = value;
    return out;
}

void rac_draft_dictionary(rac_draft *draft, const char *name, const rac_csv_table *table,
                          const char *const *roles)
{
    for (size_t i = 0; i < table->column_count; i++)
        rac_push(draft->arena, draft->column, draft->columns, draft->column_capacity,
                 column_of(draft, name, table, i, roles[i]));
}
