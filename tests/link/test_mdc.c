/* The nomenclature tables against the list they were copied from, and codes and units. */
#include "check.h"

#include "base/csv.h"
#include "link/mdc.h"

static rac_text read_file(rac_arena *arena, const char *name)
{
    const char *source = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/tests/data/%s", source ? source : ".", name), "rb");
    assert_non_null(file);
    char *bytes = rac_arena_alloc(arena, 1 << 16);
    const size_t size = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    return (rac_text){bytes, size};
}

static void test_link_mdc__tables_equal_the_list(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_csv_table table;
    check_ok(rac_csv_read(arena, read_file(arena, "mdc.csv"), NULL, &table, &err));
    size_t term_rows = 0;
    for (size_t i = 0; i < table.rows; i++) {
        int64_t number;
        uint32_t code, from_hex;
        check_ok(rac_integer_parse(rac_csv_find(&table, "mdc")->cells[i], &number, &err));
        code = (uint32_t)number;
        check_ok(rac_mdc_code_parse(rac_csv_find(&table, "philips_hex")->cells[i], &from_hex, &err));
        assert_int_equal(from_hex, code);
        const rac_text name = rac_csv_find(&table, "name")->cells[i],
                       sign = rac_csv_find(&table, "sign")->cells[i];
        const rac_text ucum = rac_csv_find(&table, "ucum")->cells[i];
        if (rac_text_is(sign, "unit")) {
            if (rac_text_is(ucum, "mL/h")) /* a pump's rate; nothing charts it */
                continue;
            const rac_mdc_unit *unit = rac_mdc_unit_find(code);
            assert_non_null(unit);
            assert_true(rac_text_is(name, unit->name) && rac_text_is(ucum, unit->ucum));
            continue;
        }
        const rac_mdc_term *term = rac_mdc_find(code);
        assert_non_null(term);
        term_rows++;
        const rac_mdc_quantity_row quantity = rac_mdc_quantity_about(term->quantity);
        assert_true(rac_text_is(name, term->name) && rac_mdc_named(name) == term);
        assert_true(rac_text_is(sign, quantity.name) && rac_text_is(ucum, quantity.ucum));
        assert_true(rac_text_is(rac_csv_find(&table, "loinc")->cells[i], term->loinc));
    }
    assert_null(rac_mdc_term_at(term_rows));
    rac_arena_free(arena);
}

static void test_link_mdc__every_quantity_has_a_term_a_unit_and_a_range(void **state)
{
    (void)state;
    for (int q = 0; q < RAC_QUANTITY_COUNT; q++) {
        const rac_mdc_quantity_row row = rac_mdc_quantity_about((rac_mdc_quantity)q);
        assert_non_null(rac_mdc_of((rac_mdc_quantity)q));
        assert_true(row.low < row.high);
        const rac_mdc_unit *unit = rac_mdc_unit_of((rac_mdc_quantity)q);
        assert_non_null(unit);
        assert_int_equal(unit->dimension, row.dimension);
        assert_true(unit->code > 0);
        check_near(rac_mdc_convert(unit, 2.385), 2.385, 0, 0);
    }
}

static void test_link_mdc__units_convert(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        double value, expected;
    } cases[] = {
        {"kPa", 16, 120.009852},
        {"MDC_DIM_FAHR", 98.6, 37},
        {"\xC2\xB0"
         "F",
         32, 0},
        {"mmHg", 120, 120},
        {"lb", 154.3235835294143, 70},
        {"[in_i]", 70, 177.8},
        {"MDC_DIM_BEAT_PER_MIN", 60, 60},
        {"g", 81500, 81.5},
        {"m", 1.72, 172},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rac_mdc_unit *unit = rac_mdc_unit_named(rac_text_of(cases[i].unit));
        assert_non_null(unit);
        check_near(rac_mdc_convert(unit, cases[i].value), cases[i].expected, 1e-5, 0);
    }
    assert_null(rac_mdc_unit_named(rac_text_of("")));
    assert_null(rac_mdc_unit_named(rac_text_of("mm")));
    assert_null(rac_mdc_unit_find(0));
}

static void test_link_mdc__codes_are_decimal_or_hexadecimal(void **state)
{
    (void)state;
    rac_error err = {0};
    uint32_t code = 0;
    check_ok(rac_mdc_code_parse(rac_text_of("0002-4BB8"), &code, &err));
    assert_int_equal(code, 150456);
    check_status(rac_mdc_code_parse(rac_text_of("0002-f0a1"), &code, &err), RAC_UNSUPPORTED);
    static const char *const bad[] = {"", "x", "0002-4bb", "0002-4bbg", "-1", "99999999999", "1.5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_status(rac_mdc_code_parse(rac_text_of(bad[i]), &code, &err), RAC_INVALID);
}

RAC_TESTS(cmocka_unit_test(test_link_mdc__tables_equal_the_list),
          cmocka_unit_test(test_link_mdc__every_quantity_has_a_term_a_unit_and_a_range),
          cmocka_unit_test(test_link_mdc__units_convert),
          cmocka_unit_test(test_link_mdc__codes_are_decimal_or_hexadecimal))
