/* tests/stats/reference.h: numbers from R, one a line, each with its own tolerance.
 *
 * tests/data/stats/expected/CASE.csv has case,table,key,quantity,value,rel_tol,abs_tol.  A number passes
 * when |got - value| <= abs_tol + rel_tol |value|; an empty value means "not estimable" and then the
 * program must answer NaN.  reference_done fails when a line of the file was never asked about, so a
 * test cannot pass by leaving numbers out. */
#ifndef RACEMATE_TESTS_STATS_REFERENCE_H
#define RACEMATE_TESTS_STATS_REFERENCE_H

#include "check.h"

#include "base/csv.h"

/* ---- files --------------------------------------------------------------------------------------- */

static inline rac_text file_read(rac_arena *arena, const char *name)
{
    const char *const root = getenv("RACEMATE_SOURCE");
    const char *const path = rac_format(arena, "%s/tests/data/stats/%s", root ? root : ".", name);
    FILE *file = NULL;
    /* RACEMATE_REFERENCE: a folder with data/ and expected/ to be used instead, where it has the file. */
    const char *const other = getenv("RACEMATE_REFERENCE");
    for (int k = 0; other && !file && k < 2; k++) {
        const char *const there = rac_format(arena, k == 0 ? "%s/%s" : "%s/data/%s", other, name);
        file = fopen(there, "rb");
    }
    if (!file)
        file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "cannot open %s\n", path);
        _fail(__FILE__, __LINE__);
        return (rac_text){0};
    }
    fseek(file, 0, SEEK_END);
    const size_t size = (size_t)ftell(file);
    rewind(file);
    char *const bytes = rac_arena_alloc(arena, size);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    return (rac_text){bytes, size};
}

static inline rac_csv_table table_read(rac_arena *arena, const char *name)
{
    rac_error err = {0};
    rac_csv_table table;
    const rac_csv_options options = {.file = name};
    check_ok(rac_csv_read(arena, file_read(arena, name), &options, &table, &err));
    return table;
}

/* A column of numbers, NaN where empty. */
static inline double *numbers_of(rac_arena *arena, const rac_csv_table *table, const char *name)
{
    static const char *const missing[] = {"", "NA", NULL};
    rac_error err = {0};
    rac_csv_numbers numbers;
    check_ok(rac_csv_column_numbers(arena, table, name, missing, &numbers, &err));
    return numbers.values;
}

static inline const rac_text *texts_of(const rac_csv_table *table, const char *name)
{
    rac_error err = {0};
    const rac_csv_column *column;
    check_ok(rac_csv_column_named(table, name, &column, &err));
    return column->cells;
}

/* ---- expected numbers ------------------------------------------------------------------------------ */

typedef struct reference {
    rac_arena *arena;
    size_t lines;
    const rac_text *table, *key, *quantity;
    const double *value, *abs_tol; /* value NaN where not estimable */
    double *rel_tol;
    bool *asked;
    size_t failed;
    size_t next; /* where the last question was found: questions come in file order */
} reference;

/* As numbers_of, with R's "inf" and "-inf". */
static inline double *reference_values(rac_arena *arena, const rac_csv_table *table, const char *name)
{
    const rac_text *const cells = texts_of(table, name);
    double *const values = rac_many(arena, double, table->rows);
    rac_error err = {0};
    for (size_t i = 0; i < table->rows; i++) {
        if (cells[i].size == 0)
            values[i] = NAN;
        else if (rac_text_is(cells[i], "inf") || rac_text_is(cells[i], "-inf"))
            values[i] = rac_text_starts(cells[i], "-") ? -INFINITY : INFINITY;
        else
            check_ok(rac_number_parse(cells[i], &values[i], &err));
    }
    return values;
}

static inline reference reference_open(rac_arena *arena, const char *name)
{
    const rac_csv_table table = table_read(arena, rac_format(arena, "expected/%s.csv", name));
    return (reference){.arena = arena,
                       .lines = table.rows,
                       .table = texts_of(&table, "table"),
                       .key = texts_of(&table, "key"),
                       .quantity = texts_of(&table, "quantity"),
                       .value = reference_values(arena, &table, "value"),
                       .rel_tol = numbers_of(arena, &table, "rel_tol"),
                       .abs_tol = numbers_of(arena, &table, "abs_tol"),
                       .asked = rac_many(arena, bool, table.rows)};
}

static inline void reference_check(reference *r, const char *table, const char *key, const char *quantity,
                                   double got)
{
    for (size_t tried = 0; tried < r->lines; tried++) {
        const size_t i = (r->next + tried) % r->lines;
        if (!rac_text_is(r->quantity[i], quantity) || !rac_text_is(r->key[i], key) ||
            !rac_text_is(r->table[i], table))
            continue;
        r->next = i;
        r->asked[i] = true;
        const double want = r->value[i];
        if (isnan(want) || isinf(want) ? got == want || (isnan(want) && isnan(got))
                                       : fabs(got - want) <= r->abs_tol[i] + r->rel_tol[i] * fabs(want))
            return;
        fprintf(stderr, "%s / %s / %s: expected %.15g, got %.15g\n", table, key, quantity, want, got);
        r->failed++;
        return;
    }
    fprintf(stderr, "no reference for %s / %s / %s\n", table, key, quantity);
    r->failed++;
}

/* For a reference that is itself less exact than its line says; the caller says why and how it knows. */
static inline void reference_loosen(reference *r, const char *table, const char *key, const char *quantity,
                                    double rel_tol)
{
    for (size_t i = 0; i < r->lines; i++)
        if (rac_text_is(r->quantity[i], quantity) && rac_text_is(r->key[i], key) &&
            rac_text_is(r->table[i], table))
            r->rel_tol[i] = rel_tol;
}

static inline void reference_done(const reference *r)
{
    size_t unasked = 0;
    for (size_t i = 0; i < r->lines; i++)
        if (!r->asked[i] && unasked++ < 10)
            fprintf(stderr, "never asked: %.*s / %.*s / %.*s\n", RAC_TEXT(r->table[i]), RAC_TEXT(r->key[i]),
                    RAC_TEXT(r->quantity[i]));
    if (r->failed || unasked) {
        fprintf(stderr, "%zu of %zu numbers failed, %zu were never asked about\n", r->failed, r->lines,
                unasked);
        _fail(__FILE__, __LINE__);
    }
}

/* ---- designs --------------------------------------------------------------------------------------- */

/* Columns in R's treatment coding.  A term is "AGE", or "race*" for a number to be read as a factor;
 * text columns are factors by themselves, levels in alphabetical order, the first is the reference. */
typedef struct coded {
    size_t rows, columns;
    double *x;          /* rows x columns */
    const char **names; /* R's: "(Intercept)", "AGE", "SEXM" */
} coded;

typedef struct factor {
    size_t levels;
    rac_text level[64];
} factor;

static inline bool is_factor(const rac_text *cells, size_t rows, bool forced)
{
    double number;
    for (size_t i = 0; i < rows && !forced; i++)
        forced = cells[i].size && rac_number_parse(cells[i], &number, NULL) != RAC_OK;
    return forced;
}

static inline int text_order(rac_text a, rac_text b)
{
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static inline factor factor_of(const rac_text *cells, size_t rows)
{
    factor f = {0};
    for (size_t i = 0; i < rows; i++) {
        size_t at = 0;
        while (at < f.levels && text_order(f.level[at], cells[i]) < 0)
            at++;
        if (at < f.levels && rac_text_equal(f.level[at], cells[i]))
            continue;
        assert_true(f.levels < 64);
        for (size_t k = f.levels++; k > at; k--)
            f.level[k] = f.level[k - 1];
        f.level[at] = cells[i];
    }
    return f;
}

/* `balance`: cobalt's columns instead: no constant, all levels of a factor with three or more, names "SEX_M".
 */
static inline coded code_columns(rac_arena *arena, const rac_csv_table *table, const char *const *terms,
                                 bool balance)
{
    enum { COLUMNS_MOST = 64 };
    coded c = {.rows = table->rows, .names = rac_many(arena, const char *, COLUMNS_MOST)};
    double *const wide = rac_many(arena, double, table->rows *COLUMNS_MOST); /* column after column */
    if (!balance) {
        for (size_t i = 0; i < c.rows; i++)
            wide[i] = 1;
        c.names[c.columns++] = "(Intercept)";
    }
    for (; *terms; terms++) {
        const size_t length = strlen(*terms);
        const bool forced = (*terms)[length - 1] == '*';
        const char *const name = rac_text_copy(arena, (rac_text){*terms, length - forced});
        const rac_text *const cells = texts_of(table, name);
        if (!is_factor(cells, c.rows, forced)) {
            memcpy(wide + c.columns * c.rows, numbers_of(arena, table, name), c.rows * sizeof *wide);
            c.names[c.columns++] = name;
            continue;
        }
        const factor f = factor_of(cells, c.rows);
        for (size_t level = balance && f.levels > 2 ? 0 : 1; level < f.levels; level++) {
            for (size_t i = 0; i < c.rows; i++)
                wide[c.columns * c.rows + i] = rac_text_equal(cells[i], f.level[level]);
            c.names[c.columns++] =
                rac_format(arena, balance ? "%s_%.*s" : "%s%.*s", name, RAC_TEXT(f.level[level]));
        }
    }
    assert_true(c.columns <= COLUMNS_MOST);
    c.x = rac_many(arena, double, c.rows *c.columns);
    for (size_t i = 0; i < c.rows; i++)
        for (size_t j = 0; j < c.columns; j++)
            c.x[i * c.columns + j] = wide[j * c.rows + i];
    return c;
}

#endif
