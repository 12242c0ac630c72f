/* Units, dimensions and quantities: every claim of base/units.h. */
#include "check.h"

#include "base/units.h"

static double convert(const char *quantity, const char *unit)
{
    rac_error err = {0};
    rac_quantity q;
    double value = NAN;
    check_ok(rac_quantity_parse(rac_text_of(quantity), &q, &err));
    check_ok(rac_quantity_in(q, rac_unit_of(unit), &value, &err));
    return value;
}

/* The message of a conversion that must fail. */
static rac_error refusal(const char *quantity, const char *unit)
{
    rac_error err = {0};
    rac_quantity q;
    double value = NAN;
    if (rac_quantity_parse(rac_text_of(quantity), &q, &err) == RAC_OK)
        check_status(rac_quantity_in(q, rac_unit_of(unit), &value, &err), RAC_INVALID);
    assert_true(isnan(value));
    assert_int_equal(err.status, RAC_INVALID);
    return err;
}

/* Left and right are the same amount: definitions of the units, and plain arithmetic. */
static void test_base_units__converts_between_units_of_one_kind(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        double expected;
    } rows[] = {
        {"0.5 mg/kg", "mg/kg", 0.5},
        {"500 ug/kg", "mg/kg", 0.5},
        {"500 mcg/kg", "mg/kg", 0.5},
        {"500 \xC2\xB5g/kg", "mg/kg", 0.5},
        {"500 \xCE\xBCg/kg", "mg/kg", 0.5},
        {"0.5 g", "mg", 500},
        {"250 ng/mL", "mg/L", 0.25},
        {"0.25 mg/L", "ng/mL", 250},
        {"30 mL/h", "L/h", 0.03},
        {"0.5 mL/min", "mL/h", 30},
        {"0.005 mg/kg/min", "mg/kg/h", 0.3},
        {"40 min", "h", 40 / 60.0},
        {"2 weeks", "day", 14},
        {"18 years", "h", 18 * 365.25 * 24},
        {"72 bpm", "1/min", 72},
        {"72 /min", "bpm", 72},
        {"1.2 1/s", "/min", 72},
        {"94 %", "1", 0.94},
        {"0.5 1", "%", 50},
        {"28 score", "1", 28},
        {"150 lb", "kg", 68.0388555},           /* 0.45359237 kg by definition */
        {"16 kPa", "mmHg", 120.00985213530501}, /* 16000 / 133.322387415 */
        {"1.78 m", "cm", 178},
        {"25 kg/m^2", "kg/m2", 25},
        {"36.6 \xC2\xB0\x43", "Cel", 36.6},
        {"0.8 umol/L", "nmol/L", 800},
        {"2 mg*h/L", "ng*h/mL", 2000},
        {"5.5 L/h/kg^0.75", "L*kg^-0.75/h", 5.5},
        {"450 ms", "s", 0.45},
        {"3 U/L", "U/mL", 0.003},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_near(convert(rows[i].from, rows[i].to), rows[i].expected, 0, 1e-12);
}

static void test_base_units__decimal_factors_round_once(void **state)
{
    (void)state;
    assert_true(convert("30 mL/h", "L/h") == 0.03);
    assert_true(convert("0.3 mg", "mg") == 0.3);
    assert_true(convert("123 ug", "mg") == 0.123);
    assert_true(convert("57 %", "1") == 0.57);
}

static void test_base_units__body_weight_is_not_drug_mass(void **state)
{
    (void)state;
    rac_dimension_words words;
    assert_string_equal(rac_dimension_describe(rac_unit_of("mg/kg").dimension, &words),
                        "a drug mass per body weight");
    assert_false(rac_dimension_is_pure(rac_unit_of("mg/kg").dimension));
    refusal("70000 mg", "kg");
    rac_dimension mass;
    rac_error err = {0};
    check_ok(
        rac_dimension_multiply(rac_unit_of("mg/kg").dimension, rac_unit_of("lb").dimension, &mass, &err));
    assert_true(rac_dimension_same(mass, rac_unit_of("ng").dimension));
}

static void test_base_units__a_mismatch_names_both_sides(void **state)
{
    (void)state;
    assert_string_equal(
        refusal("0.5 mL/kg", "mg/kg").message,
        "0.5 mL/kg is a volume per body weight, expected a drug mass per body weight (mg/kg)");
    assert_string_equal(refusal("0.5", "mg/kg").message,
                        "0.5 has no unit, expected a drug mass per body weight (mg/kg)");
    check_contains(refusal("0.5", "mg/kg").hint, "0.5 mg/kg");
    check_contains(refusal("3 mg/h", "1").message, "expected a pure number (1)");
}

static void test_base_units__a_bare_number_is_never_a_percentage(void **state)
{
    (void)state;
    check_contains(refusal("94", "%").message, "94 has no unit");
    assert_true(convert("94", "1") == 94);
    assert_true(convert("94", "score") == 94);
}

static void test_base_units__unknown_units_get_a_hint(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message, *hint;
    } rows[] = {
        {"5 mg/kq", "unknown unit 'kq' in 'mg/kq'", "'kg'"},
        {"5 MG", "unknown unit 'MG'", "'mg'"},
        {"120 mmhg", "unknown unit 'mmhg'", "'mmHg'"},
        {"5 parsecs", "unknown unit 'parsecs'", "written like"},
        {"5 mg / kg", "unknown unit", "without spaces"},
        {"5 mg//kg", "unknown unit", "written like"},
        {"5 mg^", "unknown unit", "written like"},
        {"5 *mg", "unknown unit", "written like"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_error err = {0};
        rac_quantity q;
        check_status(rac_quantity_parse(rac_text_of(rows[i].text), &q, &err), RAC_INVALID);
        check_contains(err.message, rows[i].message);
        check_contains(err.hint, rows[i].hint);
    }
}

static void test_base_units__what_is_not_a_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "mg",      "0,5 mg", "nan mg",     "1e999 mg", "0x10 mg",
                                      "- 5 mg", "1.2.3 g", "5 e3",   "1e308 year", "inf"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rac_quantity q;
        rac_error err = {0};
        check_status(rac_quantity_parse(rac_text_of(bad[i]), &q, &err), RAC_INVALID);
    }
    rac_error err = {0};
    rac_quantity q;
    rac_quantity_parse(rac_text_of("0,5 mg"), &q, &err);
    check_contains(err.hint, "'.'");
    check_ok(rac_quantity_parse(rac_text_of(" -2.5e-3mg "), &q, &err));
    assert_true(q.value == -0.0025);
}

static void test_base_units__powers_stay_within_limits(void **state)
{
    (void)state;
    rac_unit unit;
    check_status(rac_unit_parse(rac_text_of("mg^21"), &unit, NULL), RAC_LIMIT);
    check_status(rac_unit_parse(rac_text_of("mg^0.0001"), &unit, NULL), RAC_LIMIT);
    check_status(
        rac_unit_parse(rac_text_of("mg*mg*mg*mg*mg*mg*mg*mg*mg*mg*mg*mg*mg*mg*mg*mg*mg"), &unit, NULL),
        RAC_LIMIT);
    rac_dimension out;
    check_status(rac_dimension_raise(rac_unit_of("mg").dimension, 1.0 / 3, &out, NULL), RAC_LIMIT);
    check_status(rac_dimension_raise(rac_unit_of("mg").dimension, NAN, &out, NULL), RAC_LIMIT);
}

static void test_base_units__words_and_base_units(void **state)
{
    (void)state;
    static const struct {
        const char *unit, *words, *base;
    } rows[] = {
        {"mL/h", "a volume per time", "L/h"},
        {"bpm", "a number per time", "1/h"},
        {"%", "a pure number", "1"},
        {"kg/m^2", "a body weight per length squared", "kg/cm^2"},
        {"ng*h/mL", "a drug mass times time per volume", "mg*h/L"},
        {"L/h/kg^0.75", "a volume per body weight to the power 0.75 per time", "L/kg^0.75/h"},
        {"mmol", "an amount of substance", "umol"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_dimension_words words;
        assert_string_equal(rac_dimension_describe(rac_unit_of(rows[i].unit).dimension, &words),
                            rows[i].words);
        assert_string_equal(rac_dimension_base_unit(rac_unit_of(rows[i].unit).dimension, &words),
                            rows[i].base);
    }
}

static void test_base_units__the_suggested_units_exist_and_reach_the_base(void **state)
{
    (void)state;
    static const char *const slips[] = {"Mg", "kgs", "Min", "ML", "MMHG", "KPA", "Hh", "Umol", "CEL"};
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        const char *near = rac_unit_nearest(rac_text_of(slips[i]));
        assert_non_null(near);
        assert_true(rac_unit_is_name(rac_text_of(near)));
    }
    assert_false(rac_unit_is_name(rac_text_of("1")));
    assert_false(rac_unit_is_name(rac_text_of("mg/kg")));
    assert_false(rac_unit_is_name(rac_text_of("weight")));
}

static void test_base_units__scans_the_longest_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t used;
    } rows[] = {{"mg/kg", 5},        {"mg/kg/x", 5}, {"mg/weight", 2}, {"L/h * x", 3}, {"/min", 4},
                {"mg/min(a, b)", 2}, {"h.total", 0}, {"kg^0.75)", 7},  {"kg^-1.", 5},  {"hx", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t used = 0;
        rac_unit unit;
        const rac_status status = rac_unit_scan(rac_text_of(rows[i].text), &used, &unit, NULL);
        assert_int_equal(status, rows[i].used ? RAC_OK : RAC_NOT_FOUND);
        assert_int_equal(used, rows[i].used);
    }
}

static rac_status exactly(const char *amount, const char *from, const char *to, int64_t *millionths)
{
    rac_decimal in, out = {0};
    assert_int_equal(rac_decimal_parse(rac_text_of(amount), &in, NULL), RAC_OK);
    const rac_status status = rac_decimal_convert(in, rac_unit_of(from), rac_unit_of(to), &out, NULL);
    *millionths = out.millionths;
    return status;
}

static void test_base_units__amounts_convert_exactly(void **state)
{
    (void)state;
    int64_t out;
    assert_int_equal(exactly("0.1", "g", "mg", &out), RAC_OK);
    assert_int_equal(out, 100000000);
    assert_int_equal(exactly("35.7", "mg", "ug", &out), RAC_OK);
    assert_int_equal(out, 35700000000);
    assert_int_equal(exactly("1", "ug", "mg", &out), RAC_OK);
    assert_int_equal(out, 1000);
    assert_int_equal(exactly("3.57", "mL", "L", &out), RAC_OK);
    assert_int_equal(out, 3570);
    assert_int_equal(exactly("10", "mg/mL", "g/L", &out), RAC_OK);
    assert_int_equal(out, 10000000);
    assert_int_equal(exactly("0.0001", "ug", "mg", &out), RAC_INVALID); /* a seventh digit */
    assert_int_equal(exactly("9000000000", "g", "ng", &out), RAC_LIMIT);
    assert_int_equal(exactly("1", "h", "min", &out), RAC_INVALID);
    assert_int_equal(exactly("1", "mg", "mL", &out), RAC_INVALID);
}

RAC_TESTS(cmocka_unit_test(test_base_units__converts_between_units_of_one_kind),
          cmocka_unit_test(test_base_units__decimal_factors_round_once),
          cmocka_unit_test(test_base_units__body_weight_is_not_drug_mass),
          cmocka_unit_test(test_base_units__a_mismatch_names_both_sides),
          cmocka_unit_test(test_base_units__a_bare_number_is_never_a_percentage),
          cmocka_unit_test(test_base_units__unknown_units_get_a_hint),
          cmocka_unit_test(test_base_units__what_is_not_a_number_is_refused),
          cmocka_unit_test(test_base_units__powers_stay_within_limits),
          cmocka_unit_test(test_base_units__words_and_base_units),
          cmocka_unit_test(test_base_units__the_suggested_units_exist_and_reach_the_base),
          cmocka_unit_test(test_base_units__scans_the_longest_unit),
          cmocka_unit_test(test_base_units__amounts_convert_exactly))
