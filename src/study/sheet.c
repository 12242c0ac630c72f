/* Reading a file into columns of word numbers: see study/sheet.h. */
#include "study/sheet.h"

#include <math.h>
#include <string.h>

typedef struct filling {
    rac_arena *arena;
    rac_sheet *sheet;
    rac_text bytes;
    size_t room, *capacity; /* rows; of each column's counts */
    uint32_t *last;         /* by column: the newest word that is not tiny, or NO_WORD; most repeat it */
    uint32_t **tiny;        /* by column, then by the word's one or two ASCII characters: its number + 1 */
} filling;

/* Scores, visits and days have at most two characters, and most cells are such: they are found without a
 * hash. */
enum { TINY_WORDS = 128 * 128, NOT_TINY = -1 };
#define NO_WORD UINT32_MAX

static int tiny_key(rac_text text)
{
    if (text.size == 0)
        return 0;
    const unsigned char a = (unsigned char)text.data[0], b = text.size > 1 ? (unsigned char)text.data[1] : 0;
    return text.size <= 2 && a < 128 && b < 128 ? a + 128 * b : NOT_TINY;
}

/* Never fewer than the rows there are: a row of n fields takes at least n bytes, and a line end. */
static size_t rows_at_most(rac_text bytes, size_t fields)
{
    size_t lines = 1;
    for (const char *at = bytes.data, *end = bytes.data + bytes.size;
         at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    const size_t most = bytes.size / fields + 1;
    return lines < most ? lines : most;
}

static void make_columns(filling *f, const rac_csv_row *row)
{
    rac_sheet *const s = f->sheet;
    f->room = rows_at_most(f->bytes, row->count);
    s->column_count = s->where.column_count = row->count;
    s->columns = rac_many(f->arena, rac_sheet_column, row->count);
    s->where.columns = rac_many(f->arena, rac_csv_column, row->count);
    s->where.offsets = rac_many(f->arena, size_t, f->room);
    s->where.lines = s->lines = rac_many(f->arena, int, f->room);
    f->capacity = rac_many(f->arena, size_t, row->count);
    f->last = rac_many(f->arena, uint32_t, row->count);
    f->tiny = rac_many(f->arena, uint32_t *, row->count);
    for (size_t c = 0; c < row->count; c++) {
        s->where.columns[c].name = row->names[c];
        s->columns[c].name = rac_text_trim(row->names[c]);
        s->columns[c].cell = rac_many(f->arena, uint32_t, f->room);
        f->last[c] = NO_WORD;
    }
}

static bool lies_in(rac_text bytes, rac_text field)
{
    const uintptr_t start = (uintptr_t)bytes.data, at = (uintptr_t)field.data;
    return at >= start && at + field.size <= start + bytes.size;
}

/* The number of a word that was not met in the shorter ways. */
static uint32_t number_of(filling *f, size_t c, rac_text text)
{
    rac_sheet_column *const column = &f->sheet->columns[c];
    const size_t before = column->words.count;
    const size_t word = rac_words_add(f->arena, &column->words, text);
    if (column->words.count > before) {
        if (!lies_in(f->bytes, text)) /* unquoted into scratch */
            column->words.word[word].data = rac_text_copy(f->arena, text);
        size_t counted = before;
        rac_push(f->arena, column->count, counted, f->capacity[c], 0);
    }
    return (uint32_t)word;
}

static void add_cell(filling *f, size_t c, size_t row, rac_text text)
{
    rac_sheet_column *const column = &f->sheet->columns[c];
    const int key = tiny_key(text);
    uint32_t word;
    if (key == NOT_TINY) {
        const rac_text last = f->last[c] == NO_WORD ? (rac_text){0} : column->words.word[f->last[c]];
        word = rac_text_equal(last, text) ? f->last[c] : number_of(f, c, text);
        f->last[c] = word;
    } else {
        if (!f->tiny[c])
            f->tiny[c] = rac_many(f->arena, uint32_t, TINY_WORDS);
        if (!f->tiny[c][key])
            f->tiny[c][key] = number_of(f, c, text) + 1;
        word = f->tiny[c][key] - 1;
    }
    column->cell[row] = word;
    column->count[word]++;
}

static rac_status keep_row(void *context, const rac_csv_row *row, rac_error *err)
{
    (void)err;
    filling *const f = context;
    rac_sheet *const s = f->sheet;
    if (!s->columns)
        make_columns(f, row);
    for (size_t c = 0; c < row->count; c++)
        add_cell(f, c, s->rows, rac_text_trim(row->fields[c]));
    s->where.offsets[s->rows] = row->offset;
    s->lines[s->rows++] = row->line;
    return RAC_OK;
}

static bool means_missing(rac_text word, const rac_text *missing, size_t count)
{
    if (!word.size || rac_text_is(word, "NA") || rac_text_is(word, "."))
        return true;
    for (size_t i = 0; i < count; i++)
        if (rac_text_equal(missing[i], word))
            return true;
    return false;
}

static void read_words(rac_arena *arena, rac_sheet_column *column, const rac_text *missing, size_t count)
{
    const rac_words *words = &column->words;
    column->kind = rac_many(arena, rac_sheet_kind, words->count);
    column->number = rac_many(arena, double, words->count);
    for (size_t w = 0; w < words->count; w++) {
        column->number[w] = NAN;
        column->kind[w] = means_missing(words->word[w], missing, count)                ? RAC_SHEET_MISSING
                          : rac_number_parse(words->word[w], &column->number[w], NULL) ? RAC_SHEET_TEXT
                                                                                       : RAC_SHEET_NUMBER;
    }
}

rac_status rac_sheet_read(rac_arena *arena, rac_text bytes, const rac_csv_options *options,
                          const rac_text *missing, size_t count, rac_sheet *sheet, rac_error *err)
{
    *sheet = (rac_sheet){.file = options->file,
                         .where = {.bytes = bytes, .file = options->file, .delimiter = options->delimiter}};
    filling f = {.arena = arena, .sheet = sheet, .bytes = bytes};
    const rac_status status = rac_csv_each(arena, bytes, options, keep_row, &f, err);
    if (status)
        sheet->rows = 0;
    sheet->where.rows = sheet->rows;
    for (size_t c = 0; c < sheet->column_count; c++)
        read_words(arena, &sheet->columns[c], missing, count);
    return status;
}

rac_text rac_sheet_cell(const rac_sheet *sheet, size_t row, size_t column)
{
    if (column >= sheet->column_count)
        return (rac_text){0};
    const rac_sheet_column *const c = &sheet->columns[column];
    return c->words.word[c->cell[row]];
}

double rac_sheet_number(const rac_sheet *sheet, size_t row, size_t column)
{
    if (column >= sheet->column_count)
        return NAN;
    const rac_sheet_column *const c = &sheet->columns[column];
    return c->number[c->cell[row]];
}

bool rac_sheet_missing(const rac_sheet *sheet, size_t row, size_t column)
{
    if (column >= sheet->column_count)
        return true;
    const rac_sheet_column *const c = &sheet->columns[column];
    return c->kind[c->cell[row]] == RAC_SHEET_MISSING;
}
