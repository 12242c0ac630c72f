/* The language of rules and models: reading, checking, answering, showing. */
#include "check.h"

#include "base/expression.h"

/* The names of these tests; the slot is the row. */
static const char *const diagnoses[] = {"MDD", "BD-I", "BD-II", "PTSD"};
static const struct {
    const char *name;
    rac_value_kind kind;
    const char *unit;
} facts[] = {
    {"sbp", RAC_VALUE_NUMBER, "mmHg"},
    {"baseline.sbp", RAC_VALUE_NUMBER, "mmHg"},
    {"heart_rate", RAC_VALUE_NUMBER, "bpm"},
    {"spo2", RAC_VALUE_NUMBER, "%"},
    {"weight", RAC_VALUE_NUMBER, "kg"},
    {"age", RAC_VALUE_NUMBER, "years"},
    {"x", RAC_VALUE_NUMBER, "1"},
    {"y", RAC_VALUE_NUMBER, "1"},
    {"diagnosis", RAC_VALUE_WORD, "1"},
    {"pregnant", RAC_VALUE_TRUTH, "1"},
    {"a", RAC_VALUE_TRUTH, "1"},
    {"b", RAC_VALUE_TRUTH, "1"},
    {"c", RAC_VALUE_TRUTH, "1"},
    {"dose", RAC_VALUE_NUMBER, "mg"},
};
enum { fact_count = sizeof facts / sizeof *facts };
static const char *const known_names[] = {"sbp",    "baseline.sbp", "heart_rate",
                                          "weight", "diagnosis",    "pregnant"};

static bool find_fact(const void *context, rac_text name, rac_name *found)
{
    (void)context;
    for (int i = 0; i < fact_count; i++) {
        if (!rac_text_is(name, facts[i].name))
            continue;
        *found = (rac_name){.kind = facts[i].kind, .unit = rac_unit_of(facts[i].unit), .slot = i};
        if (facts[i].kind == RAC_VALUE_WORD) {
            found->words = diagnoses;
            found->word_count = 4;
        }
        return true;
    }
    return false;
}
static const rac_names names = {.find = find_fact, .known = known_names, .known_count = 6};

static int slot_of(const char *name)
{
    rac_name found = {.slot = -1};
    assert_true(find_fact(NULL, rac_text_of(name), &found));
    return found.slot;
}

static rac_expression *parse(rac_arena *arena, const char *source)
{
    rac_error err = {0};
    rac_expression *e = NULL;
    const rac_status status = rac_expression_parse(arena, rac_text_of(source), "rule.yaml", 1, 1, &e, &err);
    if (status != RAC_OK)
        fail_msg("%s: %s (column %d)", source, err.message, err.column);
    return e;
}

static rac_expression *checked(rac_arena *arena, const char *source)
{
    rac_error err = {0};
    rac_expression *e = parse(arena, source);
    if (rac_expression_check(e, &names, RAC_VALUE_UNKNOWN, NULL, &err) != RAC_OK)
        fail_msg("%s: %s (column %d)", source, err.message, err.column);
    return e;
}

/* Parses and checks what must fail in one of the two. */
static rac_error refusal(const char *source)
{
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_expression *e;
    rac_status status = rac_expression_parse(arena, rac_text_of(source), "rule.yaml", 1, 1, &e, &err);
    if (status == RAC_OK)
        status = rac_expression_check(e, &names, RAC_VALUE_UNKNOWN, NULL, &err);
    if (status == RAC_OK)
        fail_msg("'%s' was accepted", source);
    assert_string_equal(err.file, "rule.yaml");
    rac_arena_free(arena);
    return err;
}

typedef struct facts_of {
    rac_value values[fact_count];
} facts_of;

static rac_answer answer(rac_arena *arena, const char *source, const facts_of *f)
{
    rac_error err = {0};
    rac_answer out = {0};
    check_ok(rac_expression_evaluate(arena, checked(arena, source), f->values, fact_count, &out, &err));
    return out;
}

static double number(const char *source)
{
    rac_arena *arena = rac_arena_new();
    const facts_of f = {0};
    const rac_answer out = answer(arena, source, &f);
    assert_int_equal(out.value.kind, RAC_VALUE_NUMBER);
    rac_arena_free(arena);
    return out.value.number;
}

static bool holds(const char *source)
{
    rac_arena *arena = rac_arena_new();
    const facts_of f = {0};
    const rac_answer out = answer(arena, source, &f);
    const rac_truth truth = rac_answer_truth(&out);
    assert_int_not_equal(truth, RAC_UNKNOWN);
    rac_arena_free(arena);
    return truth == RAC_TRUE;
}

/* ---- reading ---- */

static void test_base_expression__binds_as_on_paper(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        double expected;
    } rows[] = {
        {"2 + 3 * 4", 14},
        {"(2 + 3) * 4", 20},
        {"10 - 4 - 3", 3},
        {"24 / 4 / 2", 3},
        {"-2^2", -4},
        {"(-2)^2", 4},
        {"2^3^2", 512},
        {"2^-1", 0.5},
        {"--3", 3},
        {"2 * -3", -6},
        {"pow(2, 5)", 32},
        {"min(3, 2, 4)", 2},
        {"max(3, 2, 4)", 4},
        {"exp(0)", 1},
        {"log(1)", 0},
        {"sqrt(2.25)", 1.5},
        {"abs(-2.385)", 2.385},
        {"1e3", 1000},
        {".5", 0.5},
        {"2.385e-2", 0.02385},
        {"if 1 < 2 then 3 else 4 + 5", 3},
        {"if 1 > 2 then 3 else 4 + 5", 9},
        {"if true then if false then 1 else 2 else 3", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_near(number(rows[i].source), rows[i].expected, 0, 1e-15);
    assert_true(holds("not 1 > 2 and true"));
    assert_true(holds("true or false and false"));
    assert_false(holds("(true or false) and false"));
    assert_true(holds("not not true == true"));
    assert_true(holds("'a' == 'a' and 'a' != 'b' and 'b' in ('a', 'b') and 'c' not in ('a', 'b')"));
    assert_true(holds("1 <= 1 and 1 >= 1 and not (1 < 1 or 1 > 1)"));
}

/* Values come out in base units: mg, kg, L, h, mmHg, 1/h. */
static void test_base_expression__units_bind_to_the_number_before_them(void **state)
{
    (void)state;
    check_near(number("95.2 L/h * (70 kg / 70 kg)^0.75"), 95.2, 0, 1e-15);
    check_near(number("500 ug"), 0.5, 0, 0);
    check_near(number("30 mL/h"), 0.03, 0, 0);
    check_near(number("72 bpm"), 4320, 0, 0);
    check_near(number("72 /min"), 4320, 0, 0);
    check_near(number("72/min"), 4320, 0, 0);
    check_near(number("25 kg/m^2 * (1 m)^2"), 25, 0, 1e-15);
    check_near(number("0.5 mg/kg * 80 kg"), 40, 0, 0);
    check_near(number("97%"), 0.97, 0, 0);
    check_near(number("6/3"), 2, 0, 0);
    check_near(number("40 min"), 40 / 60.0, 0, 1e-15);
    check_near(number("(150 lb)^2"), 68.0388555 * 68.0388555, 0, 1e-15);
    rac_arena *arena = rac_arena_new();
    facts_of f = {0};
    f.values[slot_of("weight")] = rac_value_number(50);
    check_near(answer(arena, "100 mg/weight", &f).value.number, 2, 0, 0);
    check_near(answer(arena, "2*weight", &f).value.number, 100, 0, 0);
    rac_arena_free(arena);
}

static void test_base_expression__reading_faults_have_place_and_hint(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        int column;
        const char *message, *hint;
    } rows[] = {
        {"sbp > 160 mmhg", 11, "unknown unit 'mmhg'", "'mmHg'"},
        {"sbp > 160 weight", 11, "unknown unit 'weight'", "write *"},
        {"sbp > 0,5 mmHg", 8, "found ','", "'.'"},
        {"sbp = 160 mmHg", 5, "unexpected '='", "=="},
        {"a & b", 3, "unexpected '&'", "and"},
        {"sbp \xE2\x89\xA5 160 mmHg", 5, "unexpected '\xE2\x89\xA5'", ">="},
        {"1 < 2 < 3", 7, "cannot be chained", "a < b and b < c"},
        {"70 kg ^2 > 1", 7, "needs parentheses", "(70 kg)^"},
        {"1 / h", 5, "'h' is a unit", "1 h"},
        {"minn(1, 2)", 1, "unknown function 'minn'", "'min'"},
        {"exp(1, 2)", 6, "expected ')'", ""},
        {"min(1)", 1, "at least 2", ""},
        {"diagnosis in 'MDD'", 14, "expected '('", ""},
        {"diagnosis in (MDD)", 15, "expected a word in single quotes", ""},
        {"diagnosis == 'MDD", 14, "does not end", ""},
        {"diagnosis == ''", 14, "1 to 100", ""},
        {"1 +", 4, "the expression ends where a value", ""},
        {"", 1, "the expression ends where a value", ""},
        {"(1", 3, "the expression ends where ')'", ""},
        {"1 2", 3, "found '2'", ""},
        {"1e999", 1, "too large", ""},
        {"0x10", 2, "unknown unit 'x10'", ""},
        {"a == not b", 6, "'not' needs parentheses", "(not ...)"},
        {"1 + if a then 1 else 2", 5, "'if' needs parentheses", ""},
        {"if a then 1", 12, "where 'else'", ""},
        {"a and \x01", 1, "control characters", ""},
        {"a and \xFF", 1, "not UTF-8", ""},
        {"baseline. sbp", 9, "unexpected '.'", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const rac_error err = refusal(rows[i].source);
        check_contains(err.message, rows[i].message);
        check_contains(err.hint, rows[i].hint);
        if (err.column != rows[i].column || err.line != 1)
            fail_msg("%s: '%s' at %d:%d", rows[i].source, err.message, err.line, err.column);
    }
}

static void test_base_expression__limits_hold(void **state)
{
    (void)state;
    static char text[8000];
    memset(text, '(', 100);
    text[100] = '\0';
    assert_int_equal(refusal(text).status, RAC_LIMIT);
    memset(text, '-', 100);
    assert_int_equal(refusal(text).status, RAC_LIMIT);
    for (int i = 0; i < 100; i++)
        memcpy(text + 2 * i, "2^", 3);
    strcat(text, "2");
    assert_int_equal(refusal(text).status, RAC_LIMIT);
    memset(text, ' ', 4001);
    text[4001] = '\0';
    assert_int_equal(refusal(text).status, RAC_LIMIT);
    text[0] = '\0';
    for (int i = 0; i < 65; i++)
        sprintf(text + strlen(text), "%sn%d", i ? "+" : "", i);
    assert_int_equal(refusal(text).status, RAC_LIMIT);
    text[0] = '\0'; /* the longest chain is read, checked, answered and printed */
    for (int i = 0; i < 1999; i++)
        strcat(text, "1+");
    strcat(text, "1");
    check_near(number(text), 2000, 0, 0);
}

static void test_base_expression__places_follow_lines(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_expression *e;
    rac_error err = {0};
    check_status(rac_expression_parse(arena, rac_text_of("a and\n  b and ?"), "p.yaml", 14, 9, &e, &err),
                 RAC_INVALID);
    assert_int_equal(err.line, 15);
    assert_int_equal(err.column, 9);
    check_status(rac_expression_parse(arena, rac_text_of("a and ?"), "p.yaml", 14, 9, &e, &err), RAC_INVALID);
    assert_int_equal(err.line, 14);
    assert_int_equal(err.column, 15);
    rac_arena_free(arena);
}

static void test_base_expression__the_caret_stands_under_the_fault(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    assert_string_equal(rac_error_caret(arena, rac_text_of("sbp > 160 mmhg"), 11),
                        "sbp > 160 mmhg\n          ^");
    assert_string_equal(rac_error_caret(arena, rac_text_of("\t\xC2\xB5g x\nnext"), 5),
                        "\t\xC2\xB5g x\n\t  ^");
    assert_string_equal(rac_error_caret(arena, rac_text_of("ab"), 0), "ab\n^");
    assert_string_equal(rac_error_caret(arena, rac_text_of("ab"), 4), "ab\n   ^");
    rac_arena_free(arena);
}

/* ---- checking ---- */

static void test_base_expression__units_are_checked_through_the_whole(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        int column;
        const char *message, *hint;
    } rows[] = {
        {"sbp + heart_rate > 1 mmHg", 5,
         "the units do not match: 'sbp' is a pressure (mmHg), 'heart_rate' is", ""},
        {"sbp > 160", 5, "'sbp' is a pressure (mmHg), 160 has no unit", "160 mmHg"},
        {"160 < sbp", 5, "160 has no unit", "160 mmHg"},
        {"sbp > 160 kg", 5, "160 kg is a body weight", ""},
        {"spo2 < 94", 6, "94 has no unit", "94 %"},
        {"spo2 + 1 < 94 %", 6, "1 has no unit", "1 %"},
        {"2 * spo2 < 94 * 2", 10, "do not match", ""},
        {"max(spo2, 90) < 94 %", 11, "90 has no unit", "90 %"},
        {"exp(weight) > 1", 5, "exp takes a pure number: 'weight' is a body weight", "reference"},
        {"log(1 mg) > 1", 5, "log takes a pure number", ""},
        {"2^weight > 1", 3, "an exponent must be a pure number", ""},
        {"weight^x > 1", 8, "the exponent must be written as a number", "reference"},
        {"min(weight, sbp) > 1 kg", 13, "do not match", ""},
        {"(if a then weight else sbp) > 1 kg", 2, "do not match", ""},
        {"(if x then 1 else 2) > 1", 5, "what follows if must be true or false, this is a number", ""},
        {"a and x", 7, "must be true or false, this is a number", ""},
        {"a + 1", 1, "must be a number, this is true or false", ""},
        {"a < b", 1, "must be a number", ""},
        {"a == 'MDD'", 3, "one side is true or false, the other a word", ""},
        {"diagnosis == 'MDDD'", 14, "'diagnosis' can never be 'MDDD'", "'MDD'"},
        {"diagnosis in ('MDD', 'BD II')", 22, "can never be 'BD II'", "'BD-II'"},
        {"x in ('MDD')", 1, "must be a word", ""},
        {"wieght > 40 kg", 1, "unknown name 'wieght'", "'weight'"},
        {"a and not zzzz", 11, "unknown name 'zzzz'", ""},
        {"weight^20 * weight^20 > 1", 11, "beyond 20", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const rac_error err = refusal(rows[i].source);
        check_contains(err.message, rows[i].message);
        check_contains(err.hint, rows[i].hint);
        if (err.column != rows[i].column)
            fail_msg("%s: '%s' at column %d", rows[i].source, err.message, err.column);
    }
    rac_arena *arena = rac_arena_new();
    checked(arena, "(baseline.sbp - sbp) / baseline.sbp >= 50 %"); /* a ratio may meet a percentage */
    checked(arena, "spo2 * 2 < 94 %");
    checked(arena, "sqrt(weight^2) + weight^(3/4) * weight^0.25 > 1 kg");
    checked(arena, "weight / (178 cm)^2 > 18.5 kg/m^2");
    rac_arena_free(arena);
}

static void test_base_expression__the_result_is_what_the_caller_wants(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_unit per_weight = rac_unit_of("mg/kg"), percent = rac_unit_of("%");
    rac_expression *e = parse(arena, "0.5 mg/kg");
    check_ok(rac_expression_check(e, &names, RAC_VALUE_NUMBER, &per_weight, &err));
    assert_true(rac_dimension_same(e->root->dimension, per_weight.dimension));
    check_status(rac_expression_check(e, &names, RAC_VALUE_TRUTH, NULL, &err), RAC_INVALID);
    assert_false(e->checked);
    check_status(rac_expression_check(parse(arena, "0.5 mL/kg"), &names, RAC_VALUE_NUMBER, &per_weight, &err),
                 RAC_INVALID);
    check_contains(err.message,
                   "a volume per body weight (L/kg), expected a drug mass per body weight (mg/kg)");
    check_status(rac_expression_check(parse(arena, "94"), &names, RAC_VALUE_NUMBER, &percent, &err),
                 RAC_INVALID);
    check_contains(err.hint, "94 %");
    check_ok(rac_expression_check(parse(arena, "94 %"), &names, RAC_VALUE_NUMBER, &percent, &err));
    rac_arena_free(arena);
}

static void test_base_expression__faults_in_a_yaml_file_have_its_places(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    const rac_yaml *root;
    const char *text =
        "plain: sbp > 160\nquoted: \"sbp > 160\"\nblock: |\n  a and\n\n  b\nfolded: >\n    sbp > 160\n";
    assert_int_equal(rac_yaml_read(arena, rac_text_of(text), "p.yaml", &root, &problems), RAC_OK);
    rac_expression *e = NULL;
    static const struct {
        const char *key;
        int line, column;
    } rows[] = {{"plain", 1, 12}, {"quoted", 2, 14}, {"folded", 8, 9}};
    for (int i = 0; i < 3; i++) {
        assert_false(rac_expression_want(arena, rac_yaml_find(root, rows[i].key), &names, RAC_VALUE_TRUTH,
                                         NULL, &e, &problems));
        const rac_error *err = &problems.items[i];
        assert_int_equal(err->line, rows[i].line);
        assert_int_equal(err->column, rows[i].column);
        assert_string_equal(err->field, rows[i].key);
    }
    assert_true(rac_expression_want(arena, rac_yaml_find(root, "block"), &names, RAC_VALUE_TRUTH, NULL, &e,
                                    &problems));
    assert_int_equal(e->names[1].line, 6);
    assert_false(rac_expression_want(arena, NULL, &names, RAC_VALUE_TRUTH, NULL, &e, &problems));
    assert_int_equal(problems.count, 3);
    rac_arena_free(arena);
}

/* ---- answering ---- */

/* Kleene's tables, written out. */
static void test_base_expression__kleene_tables(void **state)
{
    (void)state;
    static const rac_truth F = RAC_FALSE, T = RAC_TRUE, U = RAC_UNKNOWN;
    const rac_truth rows[9][4] = {{F, F, F, F}, {F, T, F, T}, {F, U, F, U}, {T, F, F, T}, {T, T, T, T},
                                  {T, U, U, T}, {U, F, F, U}, {U, T, U, T}, {U, U, U, U}};
    for (int i = 0; i < 9; i++) {
        const rac_truth p = rows[i][0], q = rows[i][1];
        assert_int_equal(rac_truth_and(p, q), rows[i][2]);
        assert_int_equal(rac_truth_or(p, q), rows[i][3]);
        facts_of f = {0};
        if (p != U)
            f.values[slot_of("a")] = rac_value_truth(p == T);
        if (q != U)
            f.values[slot_of("b")] = rac_value_truth(q == T);
        rac_arena *arena = rac_arena_new();
        const rac_answer both = answer(arena, "a and b", &f), either = answer(arena, "a or b", &f);
        const rac_answer negated = answer(arena, "not a", &f);
        assert_int_equal(rac_answer_truth(&both), rows[i][2]);
        assert_int_equal(rac_answer_truth(&either), rows[i][3]);
        assert_int_equal(rac_answer_truth(&negated), rac_truth_not(p));
        rac_arena_free(arena);
    }
    assert_int_equal(rac_truth_not(U), U);
    assert_int_equal(rac_truth_not(T), F);
}

static const char *missing_of(rac_arena *arena, const char *source, const facts_of *f)
{
    const rac_answer out = answer(arena, source, f);
    const char *list = "";
    for (size_t i = 0; i < out.missing_count; i++)
        list = rac_format(arena, "%s%s%s", list, i ? " " : "", out.missing[i]);
    assert_int_equal(out.missing_count == 0, out.value.kind != RAC_VALUE_UNKNOWN);
    return list;
}

static void test_base_expression__names_only_the_facts_that_still_matter(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    facts_of f = {0};
    assert_string_equal(missing_of(arena, "sbp > 160 mmHg or pregnant", &f), "sbp pregnant");
    assert_string_equal(missing_of(arena, "sbp + sbp > 160 mmHg", &f), "sbp");
    f.values[slot_of("sbp")] = rac_value_number(150);
    assert_string_equal(missing_of(arena, "sbp > 160 mmHg or pregnant", &f), "pregnant");
    assert_string_equal(missing_of(arena, "sbp > 160 mmHg and pregnant", &f), "");
    assert_string_equal(missing_of(arena, "if sbp > 160 mmHg then a else b", &f), "b");
    assert_string_equal(missing_of(arena, "if pregnant then 1 else 1", &f), "");
    assert_string_equal(missing_of(arena, "if pregnant then 1 else x", &f), "pregnant x");
    assert_string_equal(missing_of(arena, "(a and sbp > 160 mmHg) or diagnosis in ('MDD')", &f), "diagnosis");
    assert_string_equal(missing_of(arena, "1/0 > 1 or a", &f), "a");
    assert_string_equal(missing_of(arena, "a and (b or true) and not c", &f), "a c");
    rac_arena_free(arena);
}

static void test_base_expression__steps_without_a_number_are_errors_only_when_they_matter(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    static const struct {
        const char *source;
        int column;
        const char *message;
    } rows[] = {
        {"1 / 0 > 1", 3, "division by zero"},
        {"2 * log(0) > 1", 5, "not above zero"},
        {"log(-1)", 1, "not above zero"},
        {"sqrt(-1)", 1, "negative"},
        {"exp(1000)", 1, "too large"},
        {"(-8)^0.5", 5, "no number"},
        {"1e300 * 1e300", 7, "too large"},
        {"1/0 + x", 2, "division by zero"},
        {"true and 1/0 > 1", 11, "division by zero"},
        {"if 1/0 > 1 then 1 else 2", 5, "division by zero"},
    };
    const facts_of f = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rac_error err = {0};
        rac_answer out;
        check_status(
            rac_expression_evaluate(arena, checked(arena, rows[i].source), f.values, fact_count, &out, &err),
            RAC_INVALID);
        check_contains(err.message, rows[i].message);
        assert_int_equal(err.column, rows[i].column);
    }
    assert_false(holds("false and 1/0 > 1"));
    assert_false(holds("1/0 > 1 and false"));
    assert_true(holds("1/0 > 1 or true"));
    assert_true(holds("if 1/0 > 1 then true else true"));
    rac_arena_free(arena);
}

static void test_base_expression__facts_must_be_what_was_declared(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_answer out;
    facts_of f = {0};
    const rac_expression *e = checked(arena, "sbp > 160 mmHg or diagnosis == 'MDD'");
    f.values[slot_of("sbp")] = rac_value_truth(true);
    check_status(rac_expression_evaluate(arena, e, f.values, fact_count, &out, NULL), RAC_INVALID);
    f.values[slot_of("sbp")] = rac_value_number(NAN);
    check_status(rac_expression_evaluate(arena, e, f.values, fact_count, &out, NULL), RAC_INVALID);
    f.values[slot_of("sbp")] = rac_value_number(120);
    f.values[slot_of("diagnosis")] = rac_value_word(rac_text_of("mdd"));
    check_status(rac_expression_evaluate(arena, e, f.values, fact_count, &out, NULL), RAC_INVALID);
    check_status(rac_expression_evaluate(arena, e, f.values, 1, &out, NULL), RAC_INVALID);
    rac_arena_free(arena);
}

/* ---- showing ---- */

static void test_base_expression__prints_one_standard_form(void **state)
{
    (void)state;
    static const struct {
        const char *source, *printed;
    } rows[] = {
        {"sbp>160 mmHg or(sbp-baseline.sbp)>30mmHg", "sbp > 160 mmHg or sbp - baseline.sbp > 30 mmHg"},
        {"a-(b-c)", "a - (b - c)"},
        {"(a^b)^c", "(a^b)^c"},
        {"a^(b^c)", "a^b^c"},
        {"(-a)^2 - -b^2", "(-a)^2 - -b^2"},
        {"(70 kg)^2", "(70 kg)^2"},
        {"weight/(70kg)", "weight / 70 kg"},
        {"(2)/weight", "2 / weight"},
        {"not (a or b) and c", "not (a or b) and c"},
        {"(not a) == b", "(not a) == b"},
        {"x not in ('q','r')", "not x in ('q', 'r')"},
        {"1 + (if a then 1 else 2)", "1 + (if a then 1 else 2)"},
        {"60/min", "60 /min"},
        {"pow(a, b + 1)", "a^(b + 1)"},
        {"max( a,b ,1e-5)", "max(a, b, 1e-05)"},
    };
    rac_arena *arena = rac_arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const rac_expression *e = parse(arena, rows[i].source);
        assert_string_equal(rac_expression_print(arena, e), rows[i].printed);
        assert_true(rac_expression_equal(e, parse(arena, rows[i].printed)));
    }
    assert_false(rac_expression_equal(parse(arena, "1 mg"), parse(arena, "1 ug")));
    assert_false(rac_expression_equal(parse(arena, "a"), parse(arena, "b")));
    rac_arena_free(arena);
}

static void test_base_expression__explains_with_the_values(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    facts_of f = {0};
    f.values[slot_of("sbp")] = rac_value_number(172);
    f.values[slot_of("spo2")] = rac_value_number(0.94);
    f.values[slot_of("heart_rate")] = rac_value_number(72 * 60);
    f.values[slot_of("diagnosis")] = rac_value_word(rac_text_of("BD-II"));
    f.values[slot_of("pregnant")] = rac_value_truth(false);
    static const struct {
        const char *source, *shown;
    } rows[] = {
        {"sbp > 160 mmHg", "sbp 172 mmHg > 160 mmHg"},
        {"spo2 < 94 % or weight > 40 kg", "spo2 94 % < 94 % or weight unknown > 40 kg"},
        {"heart_rate > 100 bpm", "heart_rate 72 bpm > 100 bpm"},
        {"diagnosis in ('MDD') and not pregnant", "diagnosis 'BD-II' in ('MDD') and not pregnant false"},
    };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(
            rac_expression_explain(arena, checked(arena, rows[i].source), f.values, fact_count),
            rows[i].shown);
    size_t count;
    const char **list = rac_expression_names(arena, parse(arena, "b + a * b + c.d"), &count);
    assert_int_equal(count, 3);
    assert_string_equal(list[0], "b");
    assert_string_equal(list[2], "c.d");
    rac_arena_free(arena);
}

/* ---- properties of random expressions ---- */

static uint64_t chance_state;
static unsigned chance(unsigned below) /* a small generator of its own: Marsaglia's xorshift64 */
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (unsigned)(chance_state >> 33) % below;
}

static const char *random_number(rac_arena *arena, int depth);

static const char *random_truth(rac_arena *arena, int depth)
{
    static const char *const leaves[] = {"a",
                                         "b",
                                         "c",
                                         "pregnant",
                                         "true",
                                         "false",
                                         "sbp > 160 mmHg",
                                         "diagnosis in ('MDD', 'BD-II')",
                                         "diagnosis == 'PTSD'"};
    static const char *const comparisons[] = {"<", "<=", ">", ">=", "==", "!="};
    if (!depth)
        return leaves[chance(9)];
    switch (chance(6)) {
    case 0:
        return rac_format(arena, "(%s) and (%s)", random_truth(arena, depth - 1),
                          random_truth(arena, depth - 1));
    case 1:
        return rac_format(arena, "(%s) or (%s)", random_truth(arena, depth - 1),
                          random_truth(arena, depth - 1));
    case 2:
        return rac_format(arena, "not (%s)", random_truth(arena, depth - 1));
    case 3:
        return rac_format(arena, "if %s then %s else %s", random_truth(arena, depth - 1),
                          random_truth(arena, depth - 1), random_truth(arena, depth - 1));
    case 4:
        return rac_format(arena, "(%s) == (%s)", random_truth(arena, depth - 1),
                          random_truth(arena, depth - 1));
    default:
        return rac_format(arena, "(%s) %s (%s)", random_number(arena, depth - 1), comparisons[chance(6)],
                          random_number(arena, depth - 1));
    }
}

static const char *random_number(rac_arena *arena, int depth)
{
    static const char *const leaves[] = {"x", "y", "0", "1", "2.385", "weight / 70 kg"};
    if (!depth)
        return leaves[chance(6)];
    const char *left = random_number(arena, depth - 1);
    switch (chance(10)) {
    case 0:
        return rac_format(arena, "-(%s)", left);
    case 1:
        return rac_format(arena, "log(%s)", left);
    case 2:
        return rac_format(arena, "if %s then %s else 1", random_truth(arena, depth - 1), left);
    default: {
        const char *right = random_number(arena, depth - 1);
        switch (chance(7)) {
        case 0:
            return rac_format(arena, "(%s) + (%s)", left, right);
        case 1:
            return rac_format(arena, "(%s) - (%s)", left, right);
        case 2:
            return rac_format(arena, "(%s) * (%s)", left, right);
        case 3:
            return rac_format(arena, "(%s) / (%s)", left, right);
        case 4:
            return rac_format(arena, "(%s)^(%s)", left, right);
        case 5:
            return rac_format(arena, "min(%s, %s)", left, right);
        default:
            return rac_format(arena, "max(%s, %s)", left, right);
        }
    }
    }
}

static void test_base_expression__printed_and_read_again_is_the_same(void **state)
{
    (void)state;
    chance_state = 20260302;
    for (int i = 0; i < 3000; i++) {
        rac_arena *arena = rac_arena_new();
        const char *source = random_truth(arena, 1 + (int)chance(4));
        if (strlen(source) <= rac_expression_max_bytes) {
            const rac_expression *e = parse(arena, source);
            const char *printed = rac_expression_print(arena, e);
            const rac_expression *again = parse(arena, printed);
            if (!rac_expression_equal(e, again))
                fail_msg("%s\nbecame %s", source, printed);
            assert_string_equal(rac_expression_print(arena, again), printed);
        }
        rac_arena_free(arena);
    }
}

static rac_value random_fact(int slot)
{
    static const double numbers[] = {0, 1, -1, 0.5, 2.385, 70, 165};
    if (facts[slot].kind == RAC_VALUE_TRUTH)
        return rac_value_truth(chance(2));
    if (facts[slot].kind == RAC_VALUE_WORD)
        return rac_value_word(rac_text_of(diagnoses[chance(4)]));
    return rac_value_number(numbers[chance(7)]);
}

/* An expression's answer as a truth; *fault when it has no number. */
static rac_truth ask(rac_arena *arena, const rac_expression *e, const facts_of *f, rac_answer *out,
                     bool *fault)
{
    *out = (rac_answer){0};
    *fault = rac_expression_evaluate(arena, e, f->values, fact_count, out, NULL) != RAC_OK;
    return *fault ? RAC_UNKNOWN : rac_answer_truth(out);
}

static bool is_missing(const rac_answer *out, const char *name)
{
    for (size_t i = 0; i < out->missing_count; i++)
        if (strcmp(out->missing[i], name) == 0)
            return true;
    return false;
}

/* Facts are filled in one at a time, in random order: a known answer stays; a fault stays; a fact that
 * was not named as missing changes nothing by itself; and with every fact known nothing is missing. */
static void test_base_expression__filling_in_never_flips_an_answer(void **state)
{
    (void)state;
    chance_state = 4711;
    int decided_early = 0;
    for (int i = 0; i < 3000; i++) {
        rac_arena *arena = rac_arena_new();
        const char *source = random_truth(arena, 1 + (int)chance(3));
        const rac_expression *e = checked(arena, source);
        facts_of f = {0};
        rac_answer before, after;
        bool fault_before, fault;
        rac_truth truth = ask(arena, e, &f, &before, &fault_before);
        decided_early += truth != RAC_UNKNOWN;
        const int first = (int)chance(fact_count);
        for (int k = 0; k < fact_count; k++) {
            const int slot = (first + k * 5) % fact_count; /* 5 and 14 share no factor: every slot once */
            f.values[slot] = random_fact(slot);
            const rac_truth now = ask(arena, e, &f, &after, &fault);
            if (truth != RAC_UNKNOWN && now != truth)
                fail_msg("%s: %s became %s with %s", source, rac_truth_name(truth), rac_truth_name(now),
                         facts[slot].name);
            if (now != truth && !is_missing(&before, facts[slot].name))
                fail_msg("%s: decided by %s, which was not named", source, facts[slot].name);
            assert_true(!fault_before || fault);
            truth = now;
            before = after;
            fault_before = fault;
        }
        assert_true(fault || truth != RAC_UNKNOWN);
        assert_int_equal(after.missing_count, 0);
        rac_arena_free(arena);
    }
    assert_true(decided_early > 100); /* the property was not held by unknowns alone */
}

RAC_TESTS(cmocka_unit_test(test_base_expression__binds_as_on_paper),
          cmocka_unit_test(test_base_expression__units_bind_to_the_number_before_them),
          cmocka_unit_test(test_base_expression__reading_faults_have_place_and_hint),
          cmocka_unit_test(test_base_expression__limits_hold),
          cmocka_unit_test(test_base_expression__places_follow_lines),
          cmocka_unit_test(test_base_expression__the_caret_stands_under_the_fault),
          cmocka_unit_test(test_base_expression__units_are_checked_through_the_whole),
          cmocka_unit_test(test_base_expression__the_result_is_what_the_caller_wants),
          cmocka_unit_test(test_base_expression__faults_in_a_yaml_file_have_its_places),
          cmocka_unit_test(test_base_expression__kleene_tables),
          cmocka_unit_test(test_base_expression__names_only_the_facts_that_still_matter),
          cmocka_unit_test(test_base_expression__steps_without_a_number_are_errors_only_when_they_matter),
          cmocka_unit_test(test_base_expression__facts_must_be_what_was_declared),
          cmocka_unit_test(test_base_expression__prints_one_standard_form),
          cmocka_unit_test(test_base_expression__explains_with_the_values),
          cmocka_unit_test(test_base_expression__printed_and_read_again_is_the_same),
          cmocka_unit_test(test_base_expression__filling_in_never_flips_an_answer))
