/* RFC 4180 in one pass over the bytes: see base/csv.h.
 *
 * The bytes are checked once for UTF-8 and NUL, eight at a time where they are plain ASCII; then one
 * loop a field looks only for the delimiter, a quote and line ends. */
#include "base/csv.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

enum { default_columns = 4096, default_field_bytes = 1 << 20, most_problems = 100 };
static const size_t default_rows = 100000000;

/* ---- the bytes ----------------------------------------------------------------------------- */

static bool is_plain_block(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    const uint64_t highs = 0x8080808080808080U, ones = 0x0101010101010101U;
    return ((word | ((word - ones) & ~word)) & highs) == 0; /* no high bit, no zero byte */
}

/* The offset of the first byte that is NUL or not UTF-8; the size when there is none. */
static size_t find_bad_byte(rac_text bytes)
{
    size_t at = 0;
    while (at < bytes.size) {
        if (bytes.size - at >= 8 && is_plain_block(bytes.data + at)) {
            at += 8;
            continue;
        }
        const unsigned char c = (unsigned char)bytes.data[at];
        const size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        if (c == 0 || length > bytes.size - at ||
            (length > 1 && !rac_text_is_utf8((rac_text){bytes.data + at, length})))
            return at;
        at += length;
    }
    return bytes.size;
}

/* ---- one row ------------------------------------------------------------------------------- */

typedef struct scratch {
    rac_text *fields;
    size_t count, capacity;
    char *plain; /* fields whose doubled quotes were undone; replaced, never moved, within a row */
    size_t plain_used, plain_size;
} scratch;

typedef struct reader {
    rac_arena *arena;
    rac_text bytes;
    rac_csv_options options; /* with the defaults filled in */
    size_t at;
    size_t line_start; /* offset of the line `at` is on */
    int line;
    scratch row;
    rac_error first; /* the first problem */
    bool ends[256];  /* bytes that may end a plain field: delimiter, quote, CR, LF */
} reader;

/* Notes a problem at `offset` on the current line; returns its status. */
static rac_status problem_at(reader *r, rac_error *problem, int line, size_t column)
{
    rac_error_place(problem, r->options.file, line, column > INT_MAX ? INT_MAX : (int)column);
    if (r->first.status == RAC_OK)
        r->first = *problem;
    if (r->options.problems && r->options.problems->count < most_problems)
        rac_problems_add(r->options.problems, problem);
    return problem->status;
}

static rac_status problem_here(reader *r, rac_error *problem, size_t offset)
{
    return problem_at(r, problem, r->line, offset - r->line_start + 1);
}

static void next_line(reader *r)
{
    if (r->line < INT_MAX)
        r->line++;
    r->line_start = r->at;
}

static size_t line_end_length(const reader *r, size_t at)
{
    if (at < r->bytes.size && r->bytes.data[at] == '\n')
        return 1;
    return r->bytes.size - at >= 2 && r->bytes.data[at] == '\r' && r->bytes.data[at + 1] == '\n' ? 2 : 0;
}

/* A copy of `quoted` with "" made ".  Earlier fields of the row keep pointing where they did. */
static rac_text undouble(reader *r, rac_text quoted)
{
    scratch *s = &r->row;
    if (s->plain_size - s->plain_used < quoted.size) {
        s->plain_size = quoted.size > s->plain_size * 2 ? quoted.size : s->plain_size * 2;
        s->plain = rac_arena_alloc(r->arena, s->plain_size);
        s->plain_used = 0;
    }
    char *const out = s->plain + s->plain_used;
    size_t size = 0;
    for (size_t i = 0; i < quoted.size; i++) {
        out[size++] = quoted.data[i];
        i += quoted.data[i] == '"';
    }
    s->plain_used += size;
    return (rac_text){out, size};
}

static rac_status check_size(reader *r, size_t start, size_t size)
{
    if (size <= r->options.max_field_bytes)
        return RAC_OK;
    rac_error problem;
    rac_fail(&problem, RAC_LIMIT, "a field has more than %zu bytes", r->options.max_field_bytes);
    return problem_here(r, &problem, start);
}

/* r->at is on the opening quote; afterwards just behind the closing one. */
static rac_status take_quoted(reader *r, rac_text *field)
{
    rac_error problem;
    const char *const data = r->bytes.data;
    const size_t open = r->at;
    const int open_line = r->line;
    const size_t open_column = open - r->line_start + 1;
    bool doubled = false;
    for (r->at++; r->at < r->bytes.size; r->at++) {
        if (data[r->at] == '"') {
            if (r->at + 1 == r->bytes.size || data[r->at + 1] != '"')
                break;
            doubled = true;
            r->at++;
        } else if (data[r->at] == '\n') {
            r->at++;
            next_line(r);
            r->at--;
        }
    }
    if (r->at == r->bytes.size) {
        rac_fail(&problem, RAC_INVALID, "the quote opened here is never closed");
        return problem_at(r, &problem, open_line, open_column);
    }
    *field = (rac_text){data + open + 1, r->at - open - 1};
    r->at++;
    if (field->size > r->options.max_field_bytes) {
        rac_fail(&problem, RAC_LIMIT, "a field has more than %zu bytes", r->options.max_field_bytes);
        return problem_at(r, &problem, open_line, open_column);
    }
    if (doubled)
        *field = undouble(r, *field);
    if (r->at < r->bytes.size && data[r->at] != r->options.delimiter && !line_end_length(r, r->at)) {
        rac_fail(&problem, RAC_INVALID, "text follows a closing quote");
        rac_error_hint(&problem, "write a quote inside a quoted field twice: \"\"");
        return problem_here(r, &problem, r->at);
    }
    return RAC_OK;
}

/* Up to the delimiter or the line end. */
static rac_status take_plain(reader *r, rac_text *field)
{
    rac_error problem;
    const char *const data = r->bytes.data;
    const size_t start = r->at, end = r->bytes.size;
    size_t at = start;
    while (at < end && !r->ends[(unsigned char)data[at]])
        at++;
    if (at < end && data[at] == '\r' && !line_end_length(r, at)) {
        rac_fail(&problem, RAC_INVALID, "a carriage return without a line feed");
        return problem_here(r, &problem, at);
    }
    if (at < end && data[at] == '"') {
        rac_fail(&problem, RAC_INVALID, "a quote inside a field that does not start with one");
        rac_error_hint(&problem, "put the whole field in quotes and write the inner quote twice");
        return problem_here(r, &problem, at);
    }
    r->at = at;
    *field = (rac_text){data + start, at - start};
    if (r->options.trim)
        *field = rac_text_trim(*field);
    return check_size(r, start, at - start);
}

/* With `trim`, blanks before an opening quote belong to the gap, not to the field. */
static bool starts_quoted(reader *r)
{
    size_t at = r->at;
    while (r->options.trim && at < r->bytes.size && r->bytes.data[at] == ' ')
        at++;
    if (at == r->bytes.size || r->bytes.data[at] != '"')
        return false;
    r->at = at;
    return true;
}

/* Reads the row at r->at into r->row and moves behind its line end. */
static rac_status take_row(reader *r)
{
    scratch *s = &r->row;
    s->count = 0;
    s->plain_used = 0;
    for (;;) {
        rac_text field;
        if (s->count == r->options.max_columns) {
            rac_error problem;
            rac_fail(&problem, RAC_LIMIT, "a row has more than %zu fields", r->options.max_columns);
            return problem_here(r, &problem, r->at);
        }
        const rac_status status = starts_quoted(r) ? take_quoted(r, &field) : take_plain(r, &field);
        if (status)
            return status;
        rac_push(r->arena, s->fields, s->count, s->capacity, field);
        if (r->at < r->bytes.size && r->bytes.data[r->at] == r->options.delimiter) {
            r->at++;
            continue;
        }
        r->at += line_end_length(r, r->at);
        next_line(r);
        return RAC_OK;
    }
}

/* ---- the file ------------------------------------------------------------------------------ */

static reader open_reader(rac_arena *arena, rac_text bytes, const rac_csv_options *options)
{
    reader r = {.arena = arena, .bytes = bytes, .line = 1};
    if (options)
        r.options = *options;
    if (!r.options.delimiter)
        r.options.delimiter = ',';
    if (!r.options.max_rows)
        r.options.max_rows = default_rows;
    if (!r.options.max_columns)
        r.options.max_columns = default_columns;
    if (!r.options.max_field_bytes)
        r.options.max_field_bytes = default_field_bytes;
    assert(!strchr("\"\r\n", r.options.delimiter));
    r.ends['"'] = r.ends['\r'] = r.ends['\n'] = r.ends[(unsigned char)r.options.delimiter] = true;
    if (rac_text_starts(bytes, "\xEF\xBB\xBF"))
        r.at = r.line_start = 3;
    return r;
}

static rac_status check_bytes(reader *r)
{
    const size_t bad = find_bad_byte(r->bytes);
    if (bad == r->bytes.size)
        return RAC_OK;
    int line = 1;
    size_t line_start = r->line_start;
    for (size_t i = 0; i < bad; i++)
        if (r->bytes.data[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    rac_error problem;
    if (!r->bytes.data[bad])
        rac_fail(&problem, RAC_INVALID, "a NUL byte: this is not a text file");
    else
        rac_fail(&problem, RAC_INVALID, "byte 0x%02X is not UTF-8", (unsigned char)r->bytes.data[bad]);
    rac_error_hint(&problem, "save the file as UTF-8 text");
    return problem_at(r, &problem, line, bad - line_start + 1);
}

/* Column names; the same name twice would make "the column named x" a guess. */
static rac_status take_names(reader *r, rac_text **names)
{
    const int line = r->line;
    const rac_status status = take_row(r);
    if (status)
        return status;
    *names = rac_many(r->arena, rac_text, r->row.count);
    for (size_t i = 0; i < r->row.count; i++) {
        const rac_text name = r->row.fields[i];
        (*names)[i] = (rac_text){rac_text_copy(r->arena, name), name.size};
        for (size_t j = 0; j < i; j++) {
            if (!rac_text_equal(name, (*names)[j]))
                continue;
            rac_error problem;
            rac_fail(&problem, RAC_INVALID, "columns %zu and %zu are both named '%.*s'", j + 1, i + 1,
                     RAC_TEXT(rac_text_shorten(name, 80)));
            return problem_at(r, &problem, line, 1);
        }
    }
    return RAC_OK;
}

static void skip_empty_lines(reader *r)
{
    for (size_t length; (length = line_end_length(r, r->at)) > 0;) {
        r->at += length;
        next_line(r);
    }
}

static rac_status ragged(reader *r, size_t row, int line, size_t expected)
{
    rac_error problem;
    rac_fail(&problem, RAC_INVALID, "row %zu has %zu fields, expected %zu", row, r->row.count, expected);
    rac_error_detail(&problem, "the first row has %zu fields", expected);
    rac_error_hint(&problem, "a field that holds the delimiter or a line end must be in double quotes");
    return problem_at(r, &problem, line, 1);
}

static rac_status too_many_rows(reader *r)
{
    rac_error problem;
    rac_fail(&problem, RAC_LIMIT, "more than %zu rows", r->options.max_rows);
    return problem_at(r, &problem, r->line, 1);
}

/* What the row function says, placed on its row. */
static rac_status call_row(reader *r, rac_csv_row_function *on_row, void *context, const rac_csv_row *row)
{
    rac_error problem = {0};
    const rac_status status = on_row(context, row, &problem);
    if (status == RAC_OK)
        return RAC_OK;
    if (problem.status == RAC_OK)
        rac_fail(&problem, status, "row %zu: %s", row->number, rac_status_sentence(status));
    return problem_at(r, &problem, problem.line ? problem.line : row->line,
                      problem.column > 0 ? (size_t)problem.column : 1);
}

/* The loop of both forms. */
static rac_status read_rows(reader *r, rac_csv_row_function *on_row, void *context)
{
    rac_status status = check_bytes(r);
    rac_text *names = NULL;
    size_t expected = 0;
    skip_empty_lines(r);
    if (!status && !r->options.no_header && r->at < r->bytes.size) {
        status = take_names(r, &names);
        expected = r->row.count;
    }
    for (size_t row = 1; !status; row++) {
        if (expected != 1)
            skip_empty_lines(r);
        if (r->at == r->bytes.size)
            break;
        if (row > r->options.max_rows)
            return too_many_rows(r);
        const int line = r->line;
        const size_t offset = r->at;
        status = take_row(r);
        if (status)
            break;
        if (!expected)
            expected = r->row.count;
        if (r->row.count != expected) {
            status = ragged(r, row, line, expected);
            if (r->options.problems && r->options.problems->count < most_problems)
                status = RAC_OK;
            continue;
        }
        status = call_row(r, on_row, context,
                          &(rac_csv_row){.number = row,
                                         .line = line,
                                         .offset = offset,
                                         .count = expected,
                                         .fields = r->row.fields,
                                         .names = names});
    }
    return r->first.status;
}

static rac_status finish(const reader *r, rac_status status, rac_error *err)
{
    if (status && err)
        *err = r->first;
    return status;
}

rac_status rac_csv_each(rac_arena *arena, rac_text bytes, const rac_csv_options *options,
                        rac_csv_row_function *on_row, void *context, rac_error *err)
{
    reader r = open_reader(arena, bytes, options);
    return finish(&r, read_rows(&r, on_row, context), err);
}

/* ---- the table ----------------------------------------------------------------------------- */

typedef struct filling {
    rac_arena *arena;
    rac_csv_table *table;
    size_t room; /* rows */
} filling;

static size_t count_lines(rac_text bytes)
{
    size_t lines = 1;
    for (const char *at = bytes.data, *end = bytes.data + bytes.size;
         at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

/* A row of n fields takes at least n bytes (its delimiters and line end), so the room asked for is
 * never more than the file could hold. */
static void make_columns(filling *f, const rac_text *names, size_t count)
{
    rac_csv_table *const table = f->table;
    const size_t lines = count_lines(table->bytes), most = table->bytes.size / count + 1;
    f->room = lines < most ? lines : most;
    table->column_count = count;
    table->columns = rac_many(f->arena, rac_csv_column, count);
    for (size_t i = 0; i < count; i++) {
        table->columns[i].name = names ? names[i] : (rac_text){"", 0};
        table->columns[i].cells = rac_many(f->arena, rac_text, f->room);
    }
    table->offsets = rac_many(f->arena, size_t, f->room);
    table->lines = rac_many(f->arena, int, f->room);
}

static bool lies_in(rac_text bytes, rac_text field)
{
    const uintptr_t start = (uintptr_t)bytes.data, at = (uintptr_t)field.data;
    return at >= start && at + field.size <= start + bytes.size;
}

static rac_status keep_row(void *context, const rac_csv_row *row, rac_error *err)
{
    (void)err;
    filling *f = context;
    rac_csv_table *const table = f->table;
    if (!table->columns)
        make_columns(f, row->names, row->count);
    assert(table->rows < f->room);
    for (size_t i = 0; i < row->count; i++) {
        const rac_text field = row->fields[i];
        table->columns[i].cells[table->rows] =
            lies_in(table->bytes, field) ? field : (rac_text){rac_text_copy(f->arena, field), field.size};
    }
    table->offsets[table->rows] = row->offset;
    table->lines[table->rows++] = row->line;
    return RAC_OK;
}

/* A file with a header and no rows still has its columns. */
static rac_status take_header_only(rac_arena *arena, rac_text bytes, const rac_csv_options *options,
                                   filling *f)
{
    reader r = open_reader(arena, bytes, options);
    rac_text *names = NULL;
    skip_empty_lines(&r);
    if (r.options.no_header || r.at == r.bytes.size)
        return RAC_OK;
    const rac_status status = take_names(&r, &names);
    if (!status)
        make_columns(f, names, r.row.count);
    return status;
}

rac_status rac_csv_read(rac_arena *arena, rac_text bytes, const rac_csv_options *options,
                        rac_csv_table *table, rac_error *err)
{
    reader r = open_reader(arena, bytes, options);
    *table = (rac_csv_table){.bytes = bytes, .file = r.options.file, .delimiter = r.options.delimiter};
    filling f = {.arena = arena, .table = table};
    const rac_status status = finish(&r, read_rows(&r, keep_row, &f), err);
    if (!status && !table->columns)
        return take_header_only(arena, bytes, options, &f);
    return status;
}

const rac_csv_column *rac_csv_find(const rac_csv_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (rac_text_is(table->columns[i].name, name))
            return &table->columns[i];
    return NULL;
}

rac_status rac_csv_column_named(const rac_csv_table *table, const char *name, const rac_csv_column **column,
                                rac_error *err)
{
    *column = rac_csv_find(table, name);
    if (*column)
        return RAC_OK;
    const rac_status status = rac_fail(err, RAC_NOT_FOUND, "there is no column '%s'", name);
    rac_error_place(err, table->file, 1, 1);
    for (size_t i = 0; i < table->column_count; i++) {
        const rac_text have = table->columns[i].name;
        if (have.size < 40 && rac_text_nearest(have, &name, 1))
            rac_error_hint(err, "did you mean '%.*s'?", RAC_TEXT(have));
    }
    return status;
}

void rac_csv_place(const rac_csv_table *table, size_t row, size_t column, rac_error *err)
{
    if (!err || row >= table->rows || column >= table->column_count)
        return;
    /* The row was read once without a problem, so walking it again only needs quotes and line ends. */
    const char *const data = table->bytes.data;
    size_t at = table->offsets[row], line_start = at;
    int line = table->lines[row];
    bool quoted = false;
    for (size_t seen = 0; seen < column; at++) {
        quoted ^= data[at] == '"';
        seen += !quoted && data[at] == table->delimiter;
        if (data[at] == '\n') {
            line++;
            line_start = at + 1;
        }
    }
    const rac_text name = table->columns[column].name;
    char field[sizeof err->field];
    const size_t kept = name.size < sizeof field - 1 ? name.size : sizeof field - 1;
    memcpy(field, name.data, kept);
    field[kept] = '\0';
    rac_error_place(err, table->file, line, (int)(at - line_start + 1));
    rac_error_field(err, field);
}

static bool is_one_of(rac_text cell, const char *const *words)
{
    for (; words && *words; words++)
        if (rac_text_is(cell, *words))
            return true;
    return false;
}

rac_status rac_csv_column_numbers(rac_arena *arena, const rac_csv_table *table, const char *name,
                                  const char *const *missing_words, rac_csv_numbers *numbers, rac_error *err)
{
    const rac_csv_column *column;
    rac_status status = rac_csv_column_named(table, name, &column, err);
    if (status)
        return status;
    *numbers = (rac_csv_numbers){.values = rac_many(arena, double, table->rows),
                                 .missing = rac_many(arena, bool, table->rows)};
    for (size_t row = 0; row < table->rows; row++) {
        if (is_one_of(column->cells[row], missing_words)) {
            numbers->values[row] = NAN;
            numbers->missing[row] = true;
            numbers->missing_count++;
            continue;
        }
        status = rac_number_parse(column->cells[row], &numbers->values[row], err);
        if (status) {
            rac_csv_place(table, row, (size_t)(column - table->columns), err);
            return status;
        }
    }
    return RAC_OK;
}
