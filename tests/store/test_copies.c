/* Backup, restore, export, import, and the verifier in Python that a third party would use. */
#include <sys/wait.h>

#include "tamper.h"

static const char *beside(fixture *f, const char *name)
{
    return rac_format(f->arena, "%s/%s", f->directory, name);
}

static bool same_files(const char *a, const char *b)
{
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    assert_true(x && y);
    int c, d;
    do {
        c = fgetc(x);
        d = fgetc(y);
    } while (c == d && c != EOF);
    fclose(x);
    fclose(y);
    return c == d;
}

static void fill_awkward(fixture *f)
{
    rac_error err = {0};
    rac_store_entry entry = reading(f->arena, "patient/Zo\xC3\xAB \"x\" \\", 0);
    entry.at.ms = INT64_MIN;
    entry.recorded.ms = INT64_MAX;
    entry.key = "key with \"quotes\" and \\";
    entry.body = "{\"text\":\"\\\\ \\\" \\n \\u00eb \xF0\x9F\x92\x89\",\"dose_mg\":35.70,\"\":[]}";
    fill(f, "session/1", 5);
    check_ok(rac_store_append(f->store, &entry, 1, NULL, NULL, &err));
    fill(f, "session/2", 5);
}

static void test_store_export__comes_back_with_the_same_bytes_and_hashes(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const char *first = beside(f, "a.jsonl"), *second = beside(f, "b.jsonl"), *path = beside(f, "imported");
    rac_store *imported;
    rac_store_head a, b;
    fill_awkward(f);
    check_ok(rac_store_export(f->store, first, &err));
    check_status(rac_store_export(f->store, first, &err), RAC_CONFLICT);
    check_ok(rac_store_import(first, path, &err));
    check_status(rac_store_import(first, path, &err), RAC_CONFLICT);
    check_ok(rac_store_open(path, NULL, &imported, &err));
    check_intact(imported, 12);
    check_ok(rac_store_head_now(f->store, &a, &err));
    check_ok(rac_store_head_now(imported, &b, &err));
    assert_memory_equal(a.hash, b.hash, RAC_STORE_HASH_BYTES);
    check_ok(rac_store_export(imported, second, &err));
    assert_true(same_files(first, second));
    rac_store_close(imported);
}

/* Copies the lines of an export, changed by a sed script. */
static void edit(fixture *f, const char *from, const char *to, const char *script)
{
    assert_int_equal(system(rac_format(f->arena, "sed '%s' '%s' > '%s'", script, from, to)), 0);
}

static void test_store_import__refuses_what_was_changed(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    static const struct {
        const char *script;
        rac_status status;
        int line;
    } cases[] = {
        {"4s/\"kind\":\"reading\"/\"kind\":\"note\"/", RAC_CORRUPT, 4},
        {"4s/session/Session/", RAC_CORRUPT, 4},
        {"4d", RAC_CORRUPT, 4},
        {"$d", RAC_CORRUPT, 0},
        {"1s/\"entries\":12/\"entries\":11/", RAC_CORRUPT, 0},
        {"1s/example-clinic/other/", RAC_CORRUPT, 2},
        {"1d", RAC_INVALID, 1},
        {"1s/export-1/export-9/", RAC_INVALID, 1},
        {"5s/\"seq\"/\"SEQ\"/", RAC_INVALID, 5},
        {"5s/^{/{\"more\":1,/", RAC_INVALID, 5},
        {"5s/.*/not JSON/", RAC_INVALID, 5},
        {"1,$d", RAC_INVALID, 0},
    };
    fill_awkward(f);
    const char *good = beside(f, "good.jsonl"), *wrong = beside(f, "wrong.jsonl"), *path = beside(f, "new");
    check_ok(rac_store_export(f->store, good, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        edit(f, good, wrong, cases[i].script);
        const rac_status status = rac_store_import(wrong, path, &err);
        if (status != cases[i].status || err.line != cases[i].line)
            fprintf(stderr, "%s: line %d: %s\n", cases[i].script, err.line, err.message);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(err.line, cases[i].line);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    check_status(rac_store_import(beside(f, "missing"), path, &err), RAC_NOT_FOUND);
}

static void test_store_backup__is_whole_verified_and_never_overwrites(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const char *copy = beside(f, "backup");
    rac_store *opened;
    rac_store_report report;
    rac_store_head head;
    fill_awkward(f);
    check_ok(rac_store_backup(f->store, copy, &report, &err));
    check_ok(rac_store_head_now(f->store, &head, &err));
    assert_int_equal(report.entries, 12);
    assert_string_equal(report.head.print, head.print);
    check_status(rac_store_backup(f->store, copy, &report, &err), RAC_CONFLICT);
    check_status(rac_store_backup(f->store, "/nonexistent/b", &report, &err), RAC_NOT_FOUND);
    fill(f, "session/3", 1); /* the copy does not follow */
    check_ok(rac_store_open(copy, &(rac_store_options){.read_only = true}, &opened, &err));
    check_intact(opened, 12);
    rac_store_close(opened);
    tamper(f->path, "UPDATE entry SET kind = 'x' WHERE seq = 3");
    check_status(rac_store_backup(f->store, beside(f, "bad"), &report, &err), RAC_CORRUPT);
    assert_int_equal(report.bad_seq, 3);
    assert_int_not_equal(access(beside(f, "bad"), F_OK), 0);
}

static void test_store_restore__replaces_only_when_told_and_keeps_the_old(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const char *copy = beside(f, "backup");
    rac_store_report report;
    rac_store *old;
    fill(f, "session/1", 4);
    check_ok(rac_store_backup(f->store, copy, NULL, &err));
    fill(f, "session/2", 4);
    check_status(rac_store_restore(copy, f->path, false, &report, &err), RAC_CONFLICT);
    check_status(rac_store_restore(copy, f->path, true, &report, &err), RAC_BUSY); /* still open here */
    check_intact(f->store, 9);
    rac_store_close(f->store);
    f->store = NULL;
    check_ok(rac_store_restore(copy, f->path, true, &report, &err));
    check_ok(rac_store_open(f->path, NULL, &f->store, &err));
    check_intact(f->store, 5);
    fill(f, "session/1", 1); /* it is a store like any other */
    check_ok(rac_store_open(rac_format(f->arena, "%s.replaced-1", f->path), NULL, &old, &err));
    check_intact(old, 9);
    rac_store_close(old);
    check_ok(rac_store_restore(copy, beside(f, "elsewhere"), false, &report, &err));
    tamper(copy, "UPDATE entry SET kind = 'x' WHERE seq = 3");
    check_status(rac_store_restore(copy, beside(f, "third"), false, &report, &err), RAC_CORRUPT);
    check_status(rac_store_restore(beside(f, "none"), beside(f, "third"), false, &report, &err),
                 RAC_NOT_FOUND);
    assert_int_not_equal(access(beside(f, "third"), F_OK), 0);
}

static void test_store_restore__works_over_a_store_that_is_ruined(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_report report;
    const char *copy = beside(f, "backup");
    fill(f, "session/1", 4);
    check_ok(rac_store_backup(f->store, copy, NULL, &err));
    rac_store_close(f->store);
    f->store = NULL;
    FILE *file = fopen(f->path, "r+b");
    assert_non_null(file);
    for (int i = 0; i < 8192; i++)
        fputc(i * 7, file);
    fclose(file);
    /* A log left behind must not be played into the restored file. */
    assert_int_equal(system(rac_format(f->arena, "cp '%s' '%s-wal'", f->path, f->path)), 0);
    check_ok(rac_store_restore(copy, f->path, true, &report, &err));
    assert_int_not_equal(access(rac_format(f->arena, "%s-wal", f->path), F_OK), 0);
    assert_int_equal(access(rac_format(f->arena, "%s.replaced-1", f->path), F_OK), 0);
    check_ok(rac_store_open(f->path, NULL, &f->store, &err));
    check_intact(f->store, 5);
}

/* What docs/verify_store.py prints; "" when it ends with an error. */
static const char *python(fixture *f, const char *path, const char *head)
{
    char *said = rac_arena_alloc(f->arena, 200);
    const char *source = getenv("RACEMATE_SOURCE");
    assert_non_null(source);
    FILE *pipe = popen(
        rac_format(f->arena, "python3 '%s/docs/verify_store.py' '%s' '%s' 2>/dev/null", source, path, head),
        "r");
    assert_non_null(pipe);
    if (!fgets(said, 199, pipe))
        said[0] = '\0';
    return pclose(pipe) == 0 ? said : "";
}

static void test_store_python__agrees_from_the_description_alone(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const char *export = beside(f, "a.jsonl"), *cut = beside(f, "cut.jsonl");
    rac_store_head head;
    fill_awkward(f);
    check_ok(rac_store_head_now(f->store, &head, &err));
    check_ok(rac_store_export(f->store, export, &err));
    const char *expected = rac_format(f->arena, "12 %s\n", head.print);
    assert_string_equal(python(f, f->path, head.print), expected);
    assert_string_equal(python(f, export, head.print), expected);
    assert_string_equal(python(f, export, "0123 4567 89ab cdef"), "");
    edit(f, export, cut, "$d");
    assert_string_equal(python(f, cut, head.print), "");
    tamper(f->path, "UPDATE entry SET at_ms = at_ms + 1 WHERE seq = 3");
    assert_string_equal(python(f, f->path, head.print), "");
}

RAC_TESTS(store_test(test_store_export__comes_back_with_the_same_bytes_and_hashes),
          store_test(test_store_import__refuses_what_was_changed),
          store_test(test_store_backup__is_whole_verified_and_never_overwrites),
          store_test(test_store_restore__replaces_only_when_told_and_keeps_the_old),
          store_test(test_store_restore__works_over_a_store_that_is_ruined),
          store_test(test_store_python__agrees_from_the_description_alone))
