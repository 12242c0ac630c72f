/* A store in a directory of its own, for the store's tests. */
#ifndef RACEMATE_TESTS_STORE_FIXTURE_H
#define RACEMATE_TESTS_STORE_FIXTURE_H

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "store/store.h"

typedef struct fixture {
    char directory[64];
    char path[96];
    rac_store *store;
    rac_arena *arena;
} fixture;

static const rac_store_entry clinic_entry = {
    .subject = "clinic",
    .kind = "clinic.created",
    .at = {1772445600000}, /* 2026-03-02T10:00:00Z */
    .recorded = {1772445600000},
    .actor = "staff/rk",
    .source = "command",
    .body = "{\"name\": \"Example Clinic\", \"demo\": true, \"zone_offset_min\": 60}",
};

/* Entry number `n` of a series whose members all differ. */
static inline rac_store_entry reading(rac_arena *arena, const char *subject, int n)
{
    return (rac_store_entry){
        .subject = subject,
        .kind = "reading",
        .at = {1772446000000 + n * 1000},
        .recorded = {1772446000250 + n * 1000},
        .actor = "device/monitor-2",
        .source = "hl7:MONITOR2",
        .body = rac_format(arena, "{\"n\":%d,\"sbp_mmhg\":%d}", n, 110 + n % 40),
    };
}

static inline int fixture_open(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    rac_error err = {0};
    snprintf(f->directory, sizeof f->directory, "/tmp/racemate-store-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s/clinic.racemate", f->directory);
    f->arena = rac_arena_new();
    check_ok(rac_store_create(f->path, "example-clinic", &clinic_entry, &err));
    check_ok(rac_store_open(f->path, NULL, &f->store, &err));
    *state = f;
    return 0;
}

static inline int fixture_close(void **state)
{
    fixture *f = *state;
    rac_store_close(f->store);
    DIR *directory = opendir(f->directory);
    for (struct dirent *file; directory && (file = readdir(directory));) {
        char path[sizeof f->directory + 260];
        snprintf(path, sizeof path, "%s/%s", f->directory, file->d_name);
        unlink(path);
    }
    if (directory)
        closedir(directory);
    rmdir(f->directory);
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

#define store_test(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

/* Appends `count` readings one by one. */
static inline void fill(fixture *f, const char *subject, int count)
{
    rac_error err = {0};
    for (int i = 0; i < count; i++) {
        const rac_store_entry entry = reading(f->arena, subject, i);
        check_ok(rac_store_append(f->store, &entry, 1, NULL, NULL, &err));
    }
}

/* The whole store verifies. */
static inline void check_intact(rac_store *store, int64_t entries)
{
    rac_error err = {0};
    rac_store_report report;
    check_ok(rac_store_verify(store, NULL, &report, &err));
    if (report.finding)
        fprintf(stderr, "verify: %s\n", report.what);
    assert_int_equal(report.finding, RAC_STORE_INTACT);
    assert_int_equal(report.entries, entries);
}

#endif
