/* Cases that once differed from R, or that stand where a difference would be easy, with the answers R gave.
 *
 * tests/data/stats/peers: cases.txt in the driver's form, expected.csv as
 * id,quantity,value,rel_tol,abs_tol,label; both written by keep.R, which names the packages.  An empty value
 * must not be estimable. */
#include "driver.h"

#include "stats/reference.h"

typedef struct answers {
    size_t lines;
    const rac_text *id, *quantity;
    const double *value;
} answers;

static answers answers_of(rac_arena *arena)
{
    const char *const root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/tests/data/stats/peers/cases.txt", root ? root : "."), "r");
    assert_non_null(file);
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    fputs("id,quantity,got\n", out);
    while (driver_next(file, out)) {
    }
    fclose(out);
    fclose(file);
    rac_error err = {0};
    rac_csv_table table;
    const rac_text copy = {rac_text_copy(arena, (rac_text){bytes, size}), size};
    free(bytes);
    check_ok(rac_csv_read(arena, copy, &(rac_csv_options){.file = "answers"}, &table, &err));
    double *const value = rac_many(arena, double, table.rows);
    const rac_text *const cells = texts_of(&table, "got");
    for (size_t i = 0; i < table.rows; i++)
        value[i] = strtod(rac_text_copy(arena, cells[i]), NULL);
    return (answers){table.rows, texts_of(&table, "id"), texts_of(&table, "quantity"), value};
}

static const double *answer_to(const answers *a, rac_text id, rac_text quantity)
{
    for (size_t i = 0; i < a->lines; i++)
        if (rac_text_equal(a->id[i], id) && rac_text_equal(a->quantity[i], quantity))
            return &a->value[i];
    return NULL;
}

static void test_stats_peers__kept_cases_agree_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    const answers got = answers_of(arena);
    const rac_csv_table table = table_read(arena, "peers/expected.csv");
    const rac_text *const id = texts_of(&table, "id"), *const quantity = texts_of(&table, "quantity");
    const double *const want = reference_values(arena, &table, "value"),
                        *const rel = numbers_of(arena, &table, "rel_tol"),
                        *const abs_tol = numbers_of(arena, &table, "abs_tol");
    size_t failed = 0;
    assert_true(table.rows > 100);
    for (size_t i = 0; i < table.rows; i++) {
        const double *const is = answer_to(&got, id[i], quantity[i]);
        const bool same = is && (isnan(want[i]) || isinf(want[i])
                                     ? *is == want[i] || (isnan(want[i]) && isnan(*is))
                                     : fabs(*is - want[i]) <= abs_tol[i] + rel[i] * fabs(want[i]));
        if (same)
            continue;
        fprintf(stderr, "%.*s %.*s: expected %.15g, got %.15g\n", RAC_TEXT(id[i]), RAC_TEXT(quantity[i]),
                want[i], is ? *is : NAN);
        failed++;
    }
    assert_int_equal(failed, 0);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_peers__kept_cases_agree_with_r))
