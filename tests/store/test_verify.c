/* Tampering: every way of changing the record is found, named, and placed. */
#include <sodium.h>

#include "store/internal.h"
#include "tamper.h"

enum { entries = 12, bad = 7 };

static rac_store_report verify(fixture *f, const char *head, int64_t seq)
{
    rac_error err = {0};
    rac_store_report report;
    check_ok(rac_store_verify(f->store, &(rac_store_check){head, seq}, &report, &err));
    return report;
}

static void check_found(fixture *f, rac_store_finding finding, int64_t seq)
{
    const rac_store_report report = verify(f, NULL, 0);
    if (report.finding != finding || report.bad_seq != seq)
        fprintf(stderr, "found %s at %d: %s\n", rac_store_finding_name(report.finding), (int)report.bad_seq,
                report.what);
    assert_int_equal(report.finding, finding);
    assert_int_equal(report.bad_seq, seq);
    assert_true((finding == RAC_STORE_INTACT) == (report.what[0] == '\0'));
}

/* Fills the fixture and undoes the tampering with the second statement, so that each case is alone. */
static void test_store_verify__names_what_was_changed_and_where(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *change, *undo;
        rac_store_finding finding;
        int64_t seq;
    } cases[] = {
        {"UPDATE entry SET subject = 'session/2' WHERE seq = 7",
         "UPDATE entry SET subject = 'session/1' WHERE seq = 7", RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET kind = 'note' WHERE seq = 7", "UPDATE entry SET kind = 'reading' WHERE seq = 7",
         RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET at_ms = at_ms + 1 WHERE seq = 7",
         "UPDATE entry SET at_ms = at_ms - 1 WHERE seq = 7", RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET recorded_ms = recorded_ms + 1 WHERE seq = 7",
         "UPDATE entry SET recorded_ms = recorded_ms - 1 WHERE seq = 7", RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET actor = 'staff/rk' WHERE seq = 7",
         "UPDATE entry SET actor = 'device/monitor-2' WHERE seq = 7", RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET source = 'web' WHERE seq = 7",
         "UPDATE entry SET source = 'hl7:MONITOR2' WHERE seq = 7", RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET key = 'k' WHERE seq = 7", "UPDATE entry SET key = NULL WHERE seq = 7",
         RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET body = replace(body, '115', '125') WHERE seq = 7",
         "UPDATE entry SET body = replace(body, '125', '115') WHERE seq = 7", RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET previous = (SELECT hash FROM entry WHERE seq = 3) WHERE seq = 7",
         "UPDATE entry SET previous = (SELECT hash FROM entry WHERE seq = 6) WHERE seq = 7",
         RAC_STORE_CHANGED, bad},
        {"UPDATE entry SET seq = -1 WHERE 0; UPDATE entry SET seq = 1000 WHERE seq = 7",
         "UPDATE entry SET seq = 7 WHERE seq = 1000", RAC_STORE_GAP, bad},
        {"UPDATE entry SET seq = 1000 WHERE seq = 7; UPDATE entry SET seq = 7 WHERE seq = 8;"
         "UPDATE entry SET seq = 8 WHERE seq = 1000",
         "UPDATE entry SET seq = 1000 WHERE seq = 7; UPDATE entry SET seq = 7 WHERE seq = 8;"
         "UPDATE entry SET seq = 8 WHERE seq = 1000",
         RAC_STORE_MOVED, bad},
        {"UPDATE store SET clinic = 'other'", "UPDATE store SET clinic = 'example-clinic'",
         RAC_STORE_UNLINKED, 1},
        {"CREATE TABLE aside AS SELECT * FROM entry WHERE seq = 7; DELETE FROM entry WHERE seq = 7;"
         "UPDATE entry SET seq = -seq WHERE 0; UPDATE entry SET seq = 7 WHERE seq = 8;"
         "UPDATE entry SET seq = 8 WHERE seq = 9",
         "UPDATE entry SET seq = 9 WHERE seq = 8; UPDATE entry SET seq = 8 WHERE seq = 7;"
         "INSERT INTO entry SELECT * FROM aside; DROP TABLE aside",
         RAC_STORE_MOVED, bad},
        {"CREATE TABLE aside AS SELECT * FROM entry WHERE seq IN (7, 8); DELETE FROM entry WHERE seq IN (7, "
         "8)",
         "INSERT INTO entry SELECT * FROM aside; DROP TABLE aside", RAC_STORE_GAP, bad},
    };
    fill(f, "session/1", entries - 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_found(f, RAC_STORE_INTACT, 0);
        tamper(f->path, cases[i].change);
        check_found(f, cases[i].finding, cases[i].seq);
        tamper(f->path, cases[i].undo);
    }
    check_intact(f->store, entries);
}

/* What a careful forger does: change one entry and compute its hash again, and then all later ones. */
static void forge(fixture *f, int64_t from, int64_t to)
{
    rac_error err = {0};
    rac_store_entry *all;
    size_t count;
    check_ok(rac_store_load(f->arena, f->store, NULL, &all, &count, &err));
    for (int64_t i = from - 1; i < to; i++) {
        char previous[65], hash[65];
        if (i == from - 1)
            all[i].body = "{\"forged\":true}";
        else
            memcpy(all[i].previous, all[i - 1].hash, RAC_STORE_HASH_BYTES);
        rac_store_hash(&all[i], all[i].hash);
        rac_store_hash_hex(all[i].previous, previous);
        rac_store_hash_hex(all[i].hash, hash);
        tamper(f->path, rac_format(f->arena,
                                   "UPDATE entry SET body = '%s', previous = X'%s', hash = X'%s' "
                                   "WHERE seq = %d",
                                   all[i].body, previous, hash, (int)i + 1));
    }
}

static void test_store_verify__a_replaced_entry_does_not_link(void **state)
{
    fixture *f = *state;
    fill(f, "session/1", entries - 1);
    forge(f, bad, bad);
    check_found(f, RAC_STORE_UNLINKED, bad + 1);
}

static void test_store_verify__a_recomputed_chain_is_shown_by_the_printed_head(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_head sheet, at_end;
    fill(f, "session/1", bad);
    check_ok(rac_store_head_now(f->store, &sheet, &err)); /* signed at entry 8 */
    fill(f, "session/1", entries - 1 - bad);
    check_ok(rac_store_head_now(f->store, &at_end, &err));
    assert_int_equal(verify(f, sheet.print, sheet.seq).finding, RAC_STORE_INTACT);
    assert_int_equal(verify(f, sheet.print, 0).finding, RAC_STORE_INTACT);
    assert_int_equal(verify(f, at_end.print, 0).finding, RAC_STORE_INTACT);
    assert_int_equal(verify(f, sheet.print, at_end.seq).finding, RAC_STORE_REWRITTEN);
    forge(f, bad, entries);
    check_found(f, RAC_STORE_INTACT, 0); /* nothing in the file itself can tell */
    const rac_store_report report = verify(f, sheet.print, sheet.seq);
    assert_int_equal(report.finding, RAC_STORE_REWRITTEN);
    assert_int_equal(report.bad_seq, sheet.seq);
    assert_int_equal(verify(f, sheet.print, 0).finding, RAC_STORE_CUT);
}

static void test_store_verify__a_cut_tail_is_shown_by_the_printed_head(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_head sheet;
    fill(f, "session/1", entries - 1);
    check_ok(rac_store_head_now(f->store, &sheet, &err));
    tamper(f->path, "DELETE FROM entry WHERE seq > 9");
    check_found(f, RAC_STORE_INTACT, 0);
    const rac_store_report report = verify(f, sheet.print, sheet.seq);
    assert_int_equal(report.finding, RAC_STORE_CUT);
    assert_int_equal(report.bad_seq, 10);
    check_contains(report.what, "ends at 9");
    tamper(f->path, "DELETE FROM entry");
    check_found(f, RAC_STORE_CUT, 1);
}

static void test_store_verify__an_expected_head_must_be_one(void **state)
{
    fixture *f = *state;
    static const char *const wrong[] = {"", "1234", "4f2a 9c01 77de 0b1", "4f2a 9c01 77de 0b1g"};
    rac_error err = {0};
    rac_store_report report;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_status(rac_store_verify(f->store, &(rac_store_check){wrong[i], 0}, &report, &err), RAC_INVALID);
}

static void test_store_verify__the_fence_refuses_and_its_absence_is_found(void **state)
{
    fixture *f = *state;
    static const char *const acts[] = {
        "UPDATE entry SET kind = 'note' WHERE seq = 2",
        "DELETE FROM entry WHERE seq = 2",
        "INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE seq = 2",
        "UPDATE store SET clinic = 'x'",
        "DELETE FROM store",
    };
    fill(f, "session/1", 3);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        assert_int_equal(sqlite3_exec(db, acts[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
    check_intact(f->store, 4);
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER entry_never_deleted", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    check_found(f, RAC_STORE_FENCE, 0);
    check_contains(verify(f, NULL, 0).what, "entry_never_deleted");
}

static char *slurp(rac_arena *arena, const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *data = rac_arena_alloc(arena, *size + 1);
    assert_int_equal(fread(data, 1, *size, file), *size);
    fclose(file);
    return data;
}

static void spill(const char *path, const char *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A flipped byte anywhere in the file: either it is found, or it lies where nothing is kept, and then
 * the export is the same to the last byte. */
static void test_store_verify__a_flipped_byte_is_found_or_changes_nothing(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    enum { flips = 250 };
    fill(f, "session/1", 60);
    const char *original = rac_format(f->arena, "%s/original.jsonl", f->directory);
    const char *copy = rac_format(f->arena, "%s/flipped", f->directory);
    const char *again = rac_format(f->arena, "%s/again.jsonl", f->directory);
    check_ok(rac_store_export(f->store, original, &err));
    rac_store_close(f->store);
    f->store = NULL;
    size_t size, exported;
    char *data = slurp(f->arena, f->path, &size);
    const char *expected = slurp(f->arena, original, &exported);
    int found = 0, harmless = 0;
    for (int i = 0; i < flips; i++) {
        const size_t at = (size_t)i * (size / flips) + (size_t)(i * 37 % 41);
        data[at] = (char)(data[at] ^ (1 << i % 8));
        spill(copy, data, size);
        data[at] = (char)(data[at] ^ (1 << i % 8));
        rac_store *store = NULL;
        rac_store_report report = {0};
        rac_status status = rac_store_open(copy, NULL, &store, &err);
        if (!status)
            status = rac_store_verify(store, NULL, &report, &err);
        if (status || report.finding) {
            found++;
        } else {
            size_t n;
            check_ok(rac_store_export(store, again, &err));
            const char *now = slurp(f->arena, again, &n);
            assert_int_equal(n, exported);
            assert_memory_equal(now, expected, n);
            unlink(again);
            harmless++;
        }
        rac_store_close(store);
        unlink(copy);
        unlink(rac_format(f->arena, "%s-wal", copy));
        unlink(rac_format(f->arena, "%s-shm", copy));
    }
    assert_int_equal(found + harmless, flips);
    assert_true(found > flips / 4); /* the rest of the pages is free space */
}

RAC_TESTS(store_test(test_store_verify__names_what_was_changed_and_where),
          store_test(test_store_verify__a_replaced_entry_does_not_link),
          store_test(test_store_verify__a_recomputed_chain_is_shown_by_the_printed_head),
          store_test(test_store_verify__a_cut_tail_is_shown_by_the_printed_head),
          store_test(test_store_verify__an_expected_head_must_be_one),
          store_test(test_store_verify__the_fence_refuses_and_its_absence_is_found),
          store_test(test_store_verify__a_flipped_byte_is_found_or_changes_nothing))
