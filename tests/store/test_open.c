/* Creating and opening: every refusal in clear words, and an older schema brought up to date. */
#include <sqlite3.h>
#include <sys/wait.h>

#include "fixture.h"

/* Runs SQL on a file without the store's help. */
static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    char *words = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &words))
        fprintf(stderr, "%s\n", words);
    assert_null(words);
    sqlite3_close(db);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_store_open__refusals_say_what_is_wrong(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store *store = NULL;
    const char *path = rac_format(f->arena, "%s/other", f->directory);
    check_status(rac_store_open("/nonexistent/x", NULL, &store, &err), RAC_NOT_FOUND);
    check_contains(err.message, "/nonexistent");
    check_status(rac_store_open(path, NULL, &store, &err), RAC_NOT_FOUND);
    check_contains(err.hint, "racemate init");
    check_status(rac_store_open(f->directory, NULL, &store, &err), RAC_INVALID);
    write_file(path, "");
    check_status(rac_store_open(path, NULL, &store, &err), RAC_INVALID);
    check_contains(err.detail, "empty");
    write_file(path, rac_format(f->arena, "%02000d not a database", 7));
    check_status(rac_store_open(path, NULL, &store, &err), RAC_INVALID);
    check_contains(err.message, "not a Racemate store");
    unlink(path);
    run_sql(path, "CREATE TABLE t (x)");
    check_status(rac_store_open(path, NULL, &store, &err), RAC_INVALID);
    check_contains(err.detail, "application id");
    assert_null(store);
}

static void test_store_open__a_newer_schema_is_left_alone(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_close(f->store);
    f->store = NULL;
    run_sql(f->path, "PRAGMA user_version = 999");
    check_status(rac_store_open(f->path, NULL, &f->store, &err), RAC_UNSUPPORTED);
    check_contains(err.message, "newer");
    check_contains(err.detail, "999");
}

static void test_store_open__a_locked_store_is_busy_after_the_stated_time(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_close(f->store);
    const rac_store_options options = {.busy_ms = 30};
    check_ok(rac_store_open(f->path, &options, &f->store, &err));
    sqlite3 *other;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    const rac_store_entry entry = reading(f->arena, "session/1", 0);
    check_status(rac_store_append(f->store, &entry, 1, NULL, NULL, &err), RAC_BUSY);
    int64_t last; /* readers do not wait for the writer */
    check_ok(rac_store_last(f->store, NULL, &last, &err));
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    check_ok(rac_store_append(f->store, &entry, 1, NULL, NULL, &err));
    sqlite3_close(other);
    /* Held exclusively from outside, it cannot even be opened. */
    rac_store_close(f->store);
    f->store = NULL;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    check_status(rac_store_open(f->path, &options, &f->store, &err), RAC_BUSY);
    sqlite3_close(other);
}

static void test_store_open__read_only_never_writes(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store *store;
    const rac_store_options options = {.read_only = true};
    check_ok(rac_store_open(f->path, &options, &store, &err));
    const rac_store_entry entry = reading(f->arena, "session/1", 0);
    int64_t number;
    check_status(rac_store_append(store, &entry, 1, NULL, NULL, &err), RAC_DENIED);
    check_status(rac_store_next_number(store, "session", 1, &entry, &number, &err), RAC_DENIED);
    check_intact(store, 1);
    assert_string_equal(rac_store_clinic(store), "example-clinic");
    assert_string_equal(rac_store_path(store), f->path);
    rac_store_close(store);
}

/* Opens as a person who may read the files and not write them; the exit code is the status. */
static int open_as_stranger(const char *path)
{
    const pid_t child = fork();
    if (child == 0) {
        rac_store *store;
        if (getuid() == 0 && (setgid(65534) || setuid(65534)))
            _exit(99);
        _exit((int)rac_store_open(path, NULL, &store, NULL));
    }
    int ended = 0;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    return WEXITSTATUS(ended);
}

static void test_store_open__a_read_only_file_or_directory_is_denied(void **state)
{
    fixture *f = *state;
    rac_store_close(f->store);
    f->store = NULL;
    assert_int_equal(chmod(f->path, 0444), 0);
    assert_int_equal(chmod(f->directory, 0777), 0);
    assert_int_equal(open_as_stranger(f->path), RAC_DENIED);
    assert_int_equal(chmod(f->path, 0666), 0);
    assert_int_equal(chmod(f->directory, 0555), 0);
    assert_int_equal(open_as_stranger(f->path), RAC_DENIED);
    assert_int_equal(chmod(f->directory, 0777), 0);
    assert_int_equal(open_as_stranger(f->path), RAC_OK);
}

static void test_store_create__refuses_what_it_should(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const char *path = rac_format(f->arena, "%s/second", f->directory);
    rac_store_entry other = clinic_entry;
    check_status(rac_store_create(f->path, "x", &clinic_entry, &err), RAC_CONFLICT);
    check_status(rac_store_create("/nonexistent/x", "x", &clinic_entry, &err), RAC_NOT_FOUND);
    check_status(rac_store_create(path, "", &clinic_entry, &err), RAC_INVALID);
    other.subject = "patient/P1";
    check_status(rac_store_create(path, "x", &other, &err), RAC_INVALID);
    assert_string_equal(err.field, "subject");
    other = clinic_entry;
    other.body = "not JSON";
    check_status(rac_store_create(path, "x", &other, &err), RAC_INVALID);
    assert_int_not_equal(access(path, F_OK), 0);
    check_intact(f->store, 1); /* the refusals did not touch the existing one */
}

static void test_store_create__two_clinics_share_no_hash(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const char *path = rac_format(f->arena, "%s/second", f->directory);
    rac_store *second;
    rac_store_head a, b;
    check_ok(rac_store_create(path, "other-clinic", &clinic_entry, &err));
    check_ok(rac_store_open(path, NULL, &second, &err));
    check_ok(rac_store_head_now(f->store, &a, &err));
    check_ok(rac_store_head_now(second, &b, &err));
    assert_memory_not_equal(a.hash, b.hash, RAC_STORE_HASH_BYTES);
    rac_store_close(second);
}

/* tests/data/store-v1.sql was written by the program that knew schema 1 only. */
static void make_v1(fixture *f, const char *path)
{
    const char *source = getenv("RACEMATE_SOURCE");
    assert_non_null(source);
    FILE *file = fopen(rac_format(f->arena, "%s/tests/data/store-v1.sql", source), "r");
    assert_non_null(file);
    char *sql = rac_arena_alloc(f->arena, 100000);
    assert_true(fread(sql, 1, 99999, file) > 1000);
    fclose(file);
    run_sql(path, sql);
}

static void test_store_open__brings_schema_1_up_to_date_with_the_same_chain(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const char *path = rac_format(f->arena, "%s/v1", f->directory);
    make_v1(f, path);
    rac_store *store;
    check_status(rac_store_open(path, &(rac_store_options){.read_only = true}, &store, &err),
                 RAC_UNSUPPORTED);
    check_ok(rac_store_open(path, NULL, &store, &err));
    check_intact(store, 6);
    rac_store_report report;
    check_ok(rac_store_verify(store, &(rac_store_check){"1c9f a613 8452 70a7", 6}, &report, &err));
    assert_int_equal(report.finding, RAC_STORE_INTACT);
    int64_t number;
    check_ok(rac_store_next_number(store, "session", 1, &clinic_entry, &number, &err));
    assert_int_equal(number, 8814);
    rac_store_close(store);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM entry", NULL, NULL, NULL), SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

RAC_TESTS(store_test(test_store_open__refusals_say_what_is_wrong),
          store_test(test_store_open__a_newer_schema_is_left_alone),
          store_test(test_store_open__a_locked_store_is_busy_after_the_stated_time),
          store_test(test_store_open__read_only_never_writes),
          store_test(test_store_open__a_read_only_file_or_directory_is_denied),
          store_test(test_store_create__refuses_what_it_should),
          store_test(test_store_create__two_clinics_share_no_hash),
          store_test(test_store_open__brings_schema_1_up_to_date_with_the_same_chain))
