/* Positioned YAML: places, limits, and the strict taking of values. */
#include "check.h"

#include <time.h>

#include "base/yaml.h"

typedef struct reading {
    rac_arena *arena;
    rac_problems problems;
    const rac_yaml *root;
} reading;

static reading read_bytes(const char *bytes, size_t size)
{
    reading r = {.arena = rac_arena_new()};
    r.problems = rac_problems_init(r.arena);
    const rac_status status =
        rac_yaml_read(r.arena, (rac_text){bytes, size}, "test.yaml", &r.root, &r.problems);
    assert_int_equal(status == RAC_OK, r.root != NULL);
    assert_int_equal(status == RAC_OK, r.problems.count == 0);
    return r;
}

static reading read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void check_place(const reading *r, size_t at, int line, int column, const char *words)
{
    assert_true(at < r->problems.count);
    const rac_error *err = &r->problems.items[at];
    check_contains(err->message, words);
    if (err->line != line || err->column != column)
        fail_msg("'%s' at %d:%d, expected %d:%d", err->message, err->line, err->column, line, column);
    assert_string_equal(err->file, "test.yaml");
}

static void test_base_yaml__every_value_knows_its_place(void **state)
{
    (void)state;
    reading r = read_text("\xEF\xBB\xBF# model\n"
                          "dose:\n"
                          "  amount: 0.5 mg/kg\n"
                          "variability:\n"
                          "  - {of: [V1, \"C L\"], n\xC3\xA4me: x}\n"
                          "note: |\n"
                          "  two\n"
                          "  lines\n"
                          "empty:\n");
    const rac_yaml *amount = rac_yaml_find(rac_yaml_find(r.root, "dose"), "amount");
    assert_true(rac_text_is(amount->text, "0.5 mg/kg"));
    assert_int_equal(amount->line, 3);
    assert_int_equal(amount->column, 11);
    assert_string_equal(amount->path, "dose.amount");
    const rac_yaml *first = &rac_yaml_find(r.root, "variability")->items[0];
    const rac_yaml *second = &rac_yaml_find(first, "of")->items[1];
    assert_true(second->quoted);
    assert_string_equal(second->path, "variability[0].of[1]");
    assert_int_equal(second->line, 5);
    assert_int_equal(second->column, 15);
    assert_int_equal(rac_yaml_find(first, "n\xC3\xA4me")->column, 30); /* bytes: the a-umlaut is two */
    assert_true(rac_text_is(rac_yaml_find(r.root, "note")->text, "two\nlines\n"));
    assert_int_equal(rac_yaml_find(r.root, "empty")->text.size, 0);
    assert_null(rac_yaml_find(r.root, "none"));
    assert_null(rac_yaml_find(amount, "none"));
    rac_arena_free(r.arena);
}

static void test_base_yaml__surprising_files_are_refused_at_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column;
        const char *words;
    } rows[] = {
        {"a: &x 1\nb: 2\n", 1, 4, "anchors (&x)"},
        {"b: *x\n", 1, 4, "aliases (*x)"},
        {"a: !!str 1\n", 1, 4, "tags (tag:yaml.org,2002:str)"},
        {"a: !x {b: 1}\n", 1, 4, "tags (!x)"},
        {"a: 1\n---\nb: 2\n", 2, 1, "second document"},
        {"", 1, 1, "empty"},
        {"# nothing\n", 1, 1, "empty"},
        {"a: 1\nb: 2\na: 3\n", 3, 1, "'a' is given twice, first on line 1"},
        {"[a, b]: 1\n", 1, 1, "a key must be plain text"},
        {"a: 1\nb: \xFF\n", 2, 4, "not UTF-8"},
        {"a: 1\nb: \x01\n", 2, 4, "control characters"},
        {"a: 1\n\tb: 2\n", 2, 1, "tab character"},
        {"a: [1, 2\nb: 3\n", 2, 2, "did not find expected ',' or ']'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reading r = read_text(rows[i].text);
        check_place(&r, 0, rows[i].line, rows[i].column, rows[i].words);
        rac_arena_free(r.arena);
    }
}

static void test_base_yaml__limits_stop_large_files_at_once(void **state)
{
    (void)state;
    enum { many = 200000 };
    char *deep = malloc(many);
    memset(deep, '[', many);
    const clock_t before = clock();
    reading r = read_bytes(deep, many);
    const double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    check_place(&r, 0, 1, rac_yaml_max_depth + 1, "nested deeper than 24");
    assert_int_equal(r.problems.items[0].status, RAC_LIMIT);
    assert_true(seconds < 0.05); /* milliseconds, also under sanitizers */
    rac_arena_free(r.arena);

    memset(deep, ' ', many);
    for (int i = 1; i + 1 < many / 2; i += 2)
        memcpy(deep + i, "1,", 2);
    deep[0] = '[';
    r = read_bytes(deep, many);
    check_contains(r.problems.items[0].message, "more than 20000 values");
    rac_arena_free(r.arena);
    free(deep);

    char *big = calloc(1, rac_yaml_max_bytes + 1);
    memset(big, '#', rac_yaml_max_bytes + 1);
    r = read_bytes(big, rac_yaml_max_bytes + 1);
    check_contains(r.problems.items[0].message, "the file has 262145 bytes");
    rac_arena_free(r.arena);
    free(big);

    char key[200];
    memset(key, 'k', sizeof key);
    memcpy(key + 190, ": 1\n", 5);
    r = read_text(key);
    check_contains(r.problems.items[0].message, "a key of 190 bytes");
    rac_arena_free(r.arena);
}

static void test_base_yaml__depth_of_24_is_still_read(void **state)
{
    (void)state;
    char text[64] = "";
    for (int i = 0; i < rac_yaml_max_depth; i++)
        text[i] = '[', text[2 * rac_yaml_max_depth - 1 - i] = ']';
    reading r = read_text(text);
    assert_int_equal(r.problems.count, 0);
    rac_arena_free(r.arena);
}

/* The ten mistakes of a protocol's author, through the checks a reader of protocols would make. */
static const rac_error *mistake(reading *r, const char *text)
{
    static const char *const top[] = {"name", "dose", "steps"};
    static const char *const in_dose[] = {"dose_mgkg", "max_mg", "minutes", "amount"};
    *r = read_text(text);
    if (r->root) {
        rac_text name;
        double x;
        const rac_yaml *dose = rac_yaml_need(r->root, "dose", &r->problems);
        rac_yaml_check_keys(r->root, top, 3, &r->problems);
        rac_yaml_check_keys(dose, in_dose, 4, &r->problems);
        rac_yaml_want_text(rac_yaml_find(r->root, "name"), &name, &r->problems);
        rac_yaml_want_number(rac_yaml_find(dose, "dose_mgkg"), 0.1, 1, &x, &r->problems);
        rac_yaml_want_number(rac_yaml_find(dose, "max_mg"), 0, INFINITY, &x, &r->problems);
        rac_yaml_want_quantity(rac_yaml_find(dose, "amount"), "mg/kg", 0.1, 1, &x, &r->problems);
        rac_yaml_want_quantity(rac_yaml_find(dose, "minutes"), "min", 1, 360, &x, &r->problems);
    }
    assert_true(r->problems.count > 0);
    return &r->problems.items[0];
}

static void test_base_yaml__ten_mistakes_are_found_at_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column;
        const char *words, *hint;
    } rows[] = {
        {"name: a\ndose:\n  dose_mgkg: 0,5\n", 3, 14, "dose.dose_mgkg: '0,5' is not a number", "'.'"},
        {"name: a\ndose:\n  dose_mgkg: 0.5 mg\n", 3, 14, "'0.5 mg' is not a number", ""},
        {"name: a\ndose:\n  max_mg: nan\n", 3, 11, "'nan' is not a number", ""},
        {"name: a\ndose:\n  max_mg: 1e999\n", 3, 11, "1e999 is too large", ""},
        {"name: a\ndose:\n  max_mg: 0x10\n", 3, 11, "'0x10' is not a number", ""},
        {"name: a\ndose:\n  minuts: 40 min\n", 3, 3, "unknown key 'minuts'", "'minutes'"},
        {"name: a\nsteps:\n   - 1\n  - 2\n", 4, 3, "did not find expected key", "indentation"},
        {"name: a\nname: b\ndose: {}\n", 2, 1, "given twice, first on line 1", ""},
        {"name: a\ndose:\n  minutes: -1 min\n", 3, 12, "dose.minutes is -1 min, allowed 1 to 360 min", ""},
        {"name: a\ndose:\n  amount: 0.5\n", 3, 11,
         "0.5 has no unit, expected a drug mass per body weight (mg/kg)", "0.5 mg/kg"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reading r;
        const rac_error *err = mistake(&r, rows[i].text);
        check_place(&r, 0, rows[i].line, rows[i].column, rows[i].words);
        check_contains(err->hint, rows[i].hint);
        rac_arena_free(r.arena);
    }
}

static void test_base_yaml__all_problems_of_a_file_are_reported(void **state)
{
    (void)state;
    reading r;
    mistake(&r, "nam: a\ndose:\n  dose_mgkg: 5\n  amount: 0.5 mL/kg\n  minutes: [40 min]\n");
    assert_int_equal(r.problems.count, 4);
    check_place(&r, 0, 1, 1, "unknown key 'nam'");
    check_place(&r, 1, 3, 14, "dose.dose_mgkg is 5, allowed 0.1 to 1");
    check_place(&r, 2, 4, 11,
                "0.5 mL/kg is a volume per body weight, expected a drug mass per body weight (mg/kg)");
    check_place(&r, 3, 5, 12, "expected a number in min, got a list");
    assert_string_equal(r.problems.items[2].field, "dose.amount");
    rac_arena_free(r.arena);
}

static void test_base_yaml__wants_are_strict(void **state)
{
    (void)state;
    reading r =
        read_text("n: 12\nbig: 99999999999999999999\nq: '5'\nyes: yes\nt: true\nqt: \"true\"\nw: dailly\n"
                  "p: 94\npp: 94 %\nl: [1]\ne:\nblank: ' '\n");
    static const char *const words[] = {"daily", "weekly", "monthly"};
    double x = 0;
    int64_t n = 0;
    bool truth = false;
    size_t word = 9;
    rac_text text;
    rac_problems *p = &r.problems;
    const rac_yaml *root = r.root;
    assert_true(rac_yaml_want_integer(rac_yaml_find(root, "n"), 0, INT64_MAX, &n, p));
    assert_int_equal(n, 12);
    assert_true(rac_yaml_want_truth(rac_yaml_find(root, "t"), &truth, p));
    assert_true(truth);
    assert_true(rac_yaml_want_quantity(rac_yaml_find(root, "pp"), "%", 0, 100, &x, p));
    assert_true(x == 94);
    assert_true(rac_yaml_want_list(rac_yaml_find(root, "l"), p));
    assert_false(rac_yaml_want_list(NULL, p));
    assert_int_equal(p->count, 0);

    assert_false(rac_yaml_want_integer(rac_yaml_find(root, "n"), 13, INT64_MAX, &n, p));
    check_contains(p->items[p->count - 1].message, "n is 12, allowed at least 13");
    assert_false(rac_yaml_want_integer(rac_yaml_find(root, "big"), 0, INT64_MAX, &n, p));
    assert_false(rac_yaml_want_number(rac_yaml_find(root, "q"), 0, 10, &x, p));
    check_contains(p->items[p->count - 1].message, "expected a number, got the quoted text '5'");
    assert_false(rac_yaml_want_truth(rac_yaml_find(root, "yes"), &truth, p));
    check_contains(p->items[p->count - 1].message, "expected true or false, got 'yes'");
    assert_false(rac_yaml_want_truth(rac_yaml_find(root, "qt"), &truth, p));
    assert_false(rac_yaml_want_word(rac_yaml_find(root, "w"), words, 3, &word, p));
    check_contains(p->items[p->count - 1].message, "expected daily, weekly or monthly, got 'dailly'");
    check_contains(p->items[p->count - 1].hint, "'daily'");
    assert_false(rac_yaml_want_quantity(rac_yaml_find(root, "p"), "%", 0, 100, &x, p));
    check_contains(p->items[p->count - 1].message, "94 has no unit");
    assert_false(rac_yaml_want_map(rac_yaml_find(root, "l"), p));
    assert_false(rac_yaml_want_text(rac_yaml_find(root, "l"), &text, p));
    assert_false(rac_yaml_want_text(rac_yaml_find(root, "e"), &text, p));
    assert_false(rac_yaml_want_text(rac_yaml_find(root, "blank"), &text, p));
    assert_int_equal(p->count, 11);
    assert_null(rac_yaml_need(root, "absent", p));
    check_contains(p->items[11].message, "the file has no 'absent'");
    rac_arena_free(r.arena);
}

static void test_base_yaml__stops_after_twenty_problems(void **state)
{
    (void)state;
    char text[4000] = "";
    for (int i = 0; i < 200; i++)
        strcat(text, "- *x\n");
    reading r = read_text(text);
    assert_int_equal(r.problems.count, 20);
    rac_arena_free(r.arena);
}

RAC_TESTS(cmocka_unit_test(test_base_yaml__every_value_knows_its_place),
          cmocka_unit_test(test_base_yaml__surprising_files_are_refused_at_their_place),
          cmocka_unit_test(test_base_yaml__limits_stop_large_files_at_once),
          cmocka_unit_test(test_base_yaml__depth_of_24_is_still_read),
          cmocka_unit_test(test_base_yaml__ten_mistakes_are_found_at_their_place),
          cmocka_unit_test(test_base_yaml__all_problems_of_a_file_are_reported),
          cmocka_unit_test(test_base_yaml__wants_are_strict),
          cmocka_unit_test(test_base_yaml__stops_after_twenty_problems))
