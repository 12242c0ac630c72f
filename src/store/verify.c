/* Verification: the chain is walked from the clinic id, every hash is computed again, and the first
 * thing that is wrong is described for a person. */
#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const finding_names[] = {
    [RAC_STORE_INTACT] = "intact",       [RAC_STORE_GAP] = "gap",           [RAC_STORE_CHANGED] = "changed",
    [RAC_STORE_MOVED] = "moved",         [RAC_STORE_UNLINKED] = "unlinked", [RAC_STORE_CUT] = "cut",
    [RAC_STORE_REWRITTEN] = "rewritten", [RAC_STORE_FENCE] = "fence",       [RAC_STORE_DAMAGED] = "damaged",
};

const char *rac_store_finding_name(rac_store_finding finding)
{
    return (size_t)finding < sizeof finding_names / sizeof *finding_names ? finding_names[finding]
                                                                          : "unknown";
}

static void find(rac_store_report *report, rac_store_finding finding, int64_t seq, const char *format, ...)
    RAC_PRINTF(4, 5);
static void find(rac_store_report *report, rac_store_finding finding, int64_t seq, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report->finding = finding;
    report->bad_seq = seq;
    vsnprintf(report->what, sizeof report->what, format, arguments);
    va_end(arguments);
}

/* ---- the expected head ----------------------------------------------------------------------- */

typedef struct expected_head {
    char hex[65]; /* 16 to 64 lower-case digits; empty when nothing is expected */
    int64_t seq;
    bool met;
} expected_head;

static rac_status read_expected(const rac_store_check *check, expected_head *expected, rac_error *err)
{
    *expected = (expected_head){0};
    if (!check || !check->head)
        return RAC_OK;
    size_t used = 0;
    expected->seq = check->head_seq;
    for (const char *from = check->head; *from; from++) {
        if (*from == ' ' || *from == '-')
            continue;
        const char *digits = "0123456789abcdefABCDEF";
        const char *digit = strchr(digits, *from);
        if (!digit || used == 64)
            return rac_fail(err, RAC_INVALID, "'%.80s' is not a head", check->head);
        expected->hex[used++] = digit - digits < 16 ? *digit : digit[-6];
    }
    if (used < 16) {
        rac_fail(err, RAC_INVALID, "'%.80s' is not a head", check->head);
        rac_error_hint(err, "give all 16 digits printed on the sheet");
        return RAC_INVALID;
    }
    return RAC_OK;
}

static void compare_expected(expected_head *expected, const rac_store_entry *entry, rac_store_report *report)
{
    if (!expected->hex[0] || (expected->seq && expected->seq != entry->seq))
        return;
    char hex[65];
    rac_store_hash_hex(entry->hash, hex);
    if (strncmp(hex, expected->hex, strlen(expected->hex)) == 0)
        expected->met = true;
    else if (expected->seq)
        find(report, RAC_STORE_REWRITTEN, entry->seq,
             "entry %" PRId64 " is not the one on the sheet: the chain was computed anew", entry->seq);
}

static void judge_expected(const expected_head *expected, rac_store_report *report)
{
    if (!expected->hex[0] || expected->met || report->finding)
        return;
    if (expected->seq > report->head.seq)
        find(report, RAC_STORE_CUT, report->head.seq + 1,
             "the sheet was printed at entry %" PRId64 ", the record ends at %" PRId64 ": its tail was cut",
             expected->seq, report->head.seq);
    else
        find(report, RAC_STORE_CUT, 0,
             "no entry has the expected head: the tail was cut, or the chain was computed anew");
}

/* ---- the chain ------------------------------------------------------------------------------- */

/* Whether the entry would be right at a place nearby: then it was moved, not changed. */
static int64_t place_it_was_made_for(const rac_store_entry *entry)
{
    enum { nearby = 100 };
    rac_store_entry moved = *entry;
    unsigned char hash[RAC_STORE_HASH_BYTES];
    for (moved.seq = entry->seq - nearby; moved.seq <= entry->seq + nearby; moved.seq++) {
        rac_store_hash(&moved, hash);
        if (memcmp(hash, entry->hash, sizeof hash) == 0)
            return moved.seq;
    }
    return 0;
}

static void judge_entry(const rac_store_entry *entry, const rac_store_head *before, rac_store_report *report)
{
    unsigned char hash[RAC_STORE_HASH_BYTES];
    const int64_t due = before->seq + 1;
    const bool linked = memcmp(entry->previous, before->hash, sizeof hash) == 0;
    rac_store_hash(entry, hash);
    if (entry->seq != due && entry->seq == due + 1) {
        find(report, RAC_STORE_GAP, due, "entry %" PRId64 " is missing", due);
    } else if (entry->seq != due) {
        find(report, RAC_STORE_GAP, due, "entries %" PRId64 " to %" PRId64 " are missing", due,
             entry->seq - 1);
    } else if (memcmp(hash, entry->hash, sizeof hash) != 0) {
        const int64_t place = place_it_was_made_for(entry);
        if (place)
            find(report, RAC_STORE_MOVED, due,
                 "entry %" PRId64 " was recorded as entry %" PRId64 ": the order was changed", due, place);
        else
            find(report, RAC_STORE_CHANGED, due, "entry %" PRId64 " is not what was recorded", due);
    } else if (!linked) {
        find(report, RAC_STORE_UNLINKED, due,
             "entry %" PRId64 " does not follow from entry %" PRId64 ": one of them was replaced", due,
             due - 1);
    }
}

static rac_status walk(rac_store_connection *connection, const char *clinic, expected_head *expected,
                       rac_store_report *report, rac_error *err)
{
    sqlite3_stmt *rows;
    unsigned char genesis[RAC_STORE_HASH_BYTES];
    rac_status status = rac_store_prepare(connection, RAC_STORE_SELECT_ALL, &rows, err);
    if (status)
        return status;
    sqlite3_bind_int64(rows, 1, INT64_MIN);
    sqlite3_bind_int64(rows, 2, INT64_MAX);
    sqlite3_bind_int64(rows, 3, -1);
    rac_store_genesis(clinic, genesis);
    rac_store_head_of(0, genesis, &report->head);
    while (!status && !report->finding) {
        rac_store_entry entry;
        const int code = sqlite3_step(rows);
        if (code == SQLITE_DONE)
            break;
        status = code == SQLITE_ROW ? rac_store_row(rows, &entry, err)
                                    : rac_store_failed(connection, code, "the record could not be read", err);
        if (status)
            break;
        judge_entry(&entry, &report->head, report);
        if (!report->finding)
            compare_expected(expected, &entry, report);
        if (!report->finding) {
            report->entries++;
            rac_store_head_of(entry.seq, entry.hash, &report->head);
        }
    }
    sqlite3_reset(rows);
    if (!status && !report->finding && report->entries == 0)
        find(report, RAC_STORE_CUT, 1, "the record is empty; it began with an entry about the clinic");
    return status;
}

/* ---- the file -------------------------------------------------------------------------------- */

static rac_status check_file(rac_store_connection *connection, rac_store_report *report, rac_error *err)
{
    sqlite3_stmt *rows = NULL;
    int code = sqlite3_prepare_v2(connection->db, "PRAGMA integrity_check(1)", -1, &rows, NULL);
    if (!code)
        code = sqlite3_step(rows);
    rac_status status = RAC_OK;
    if (code != SQLITE_ROW)
        status = rac_store_failed(connection, code, "the file could not be checked", err);
    else if (strcmp((const char *)sqlite3_column_text(rows, 0), "ok") != 0)
        find(report, RAC_STORE_DAMAGED, 0, "the file is damaged: %.250s",
             (const char *)sqlite3_column_text(rows, 0));
    sqlite3_finalize(rows);
    return status;
}

/* The order matters: an entry that was changed is named before a damaged index around it. */
rac_status rac_store_verify_connection(rac_store_connection *connection, const rac_store_check *check,
                                       rac_store_report *report, rac_error *err)
{
    rac_error own;
    err = err ? err : &own;
    *report = (rac_store_report){0};
    expected_head expected;
    rac_status status = read_expected(check, &expected, err);
    if (status)
        return status;
    rac_arena *arena = rac_arena_new();
    const char *clinic = NULL, *wrong = NULL;
    status = rac_store_run(connection, RAC_STORE_BEGIN_READ, err); /* one consistent state */
    if (!status)
        status = rac_store_schema_clinic(arena, connection, &clinic, err);
    if (!status)
        status = walk(connection, clinic, &expected, report, err);
    if (!status && !report->finding)
        judge_expected(&expected, report);
    if (!status && !report->finding)
        status = check_file(connection, report, err);
    if (!status && !report->finding)
        status = rac_store_schema_compare(arena, connection, &wrong, err);
    if (!status && wrong)
        find(report, RAC_STORE_FENCE, 0, "the tables are not as Racemate made them: %.200s", wrong);
    rac_store_rollback(connection);
    if (status == RAC_CORRUPT) { /* SQLite, or a malformed row, answered the question */
        find(report, RAC_STORE_DAMAGED, 0, "the file is damaged: %.250s", err->message);
        status = RAC_OK;
    }
    rac_arena_free(arena);
    return status;
}

rac_status rac_store_verify(rac_store *store, const rac_store_check *check, rac_store_report *report,
                            rac_error *err)
{
    rac_store_connection *connection = NULL;
    rac_status status = rac_store_borrow(store, &connection, err);
    if (!status)
        status = rac_store_verify_connection(connection, check, report, err);
    rac_store_return(store, connection);
    return status;
}
