/* The tables of a store, as a list of numbered steps that only go forward.  A new store runs all of
 * them, an old one those it lacks, so both end with the same tables. */
#include "store/internal.h"

#include <stdio.h>
#include <string.h>

/* Step N brings schema N-1 to N.  A step that was released is never edited: add another. */
static const char *const steps[] = {
    /* 1: the record. */
    "CREATE TABLE store (\n"
    "  one INTEGER PRIMARY KEY CHECK (one = 1),\n"
    "  clinic TEXT NOT NULL\n"
    ") STRICT;\n"
    "CREATE TABLE entry (\n"
    "  seq INTEGER PRIMARY KEY CHECK (seq > 0),\n"
    "  subject TEXT NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  at_ms INTEGER NOT NULL,\n"
    "  recorded_ms INTEGER NOT NULL,\n"
    "  actor TEXT NOT NULL,\n"
    "  source TEXT NOT NULL,\n"
    "  key TEXT,\n"
    "  body TEXT NOT NULL,\n"
    "  previous BLOB NOT NULL CHECK (length(previous) = 32),\n"
    "  hash BLOB NOT NULL CHECK (length(hash) = 32)\n"
    ") STRICT;\n"
    "CREATE INDEX entry_by_subject ON entry (subject);\n"
    "CREATE INDEX entry_by_kind ON entry (kind);\n"
    "CREATE UNIQUE INDEX entry_by_key ON entry (key) WHERE key IS NOT NULL;\n",

    /* 2: a second fence.  The chain shows a change afterwards; these refuse it beforehand, to any
     * program that opens the file.  entry_in_order also stops INSERT OR REPLACE. */
    "CREATE TRIGGER entry_in_order BEFORE INSERT ON entry\n"
    "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entry)\n"
    "BEGIN SELECT RAISE(ABORT, 'entries are appended in order'); END;\n"
    "CREATE TRIGGER entry_never_updated BEFORE UPDATE ON entry\n"
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;\n"
    "CREATE TRIGGER entry_never_deleted BEFORE DELETE ON entry\n"
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;\n"
    "CREATE TRIGGER store_never_updated BEFORE UPDATE ON store\n"
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;\n"
    "CREATE TRIGGER store_never_deleted BEFORE DELETE ON store\n"
    "BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;\n",
};

enum { newest = sizeof steps / sizeof *steps };

int rac_store_schema_newest(void)
{
    return newest;
}

static rac_status run_steps(rac_store_connection *connection, int from, int to, rac_error *err)
{
    char pragma[64];
    for (int version = from; version < to; version++) {
        rac_status status = rac_store_execute(connection, steps[version], err);
        if (status)
            return status;
    }
    snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", to);
    return rac_store_execute(connection, pragma, err);
}

rac_status rac_store_schema_make(rac_store_connection *connection, const char *clinic_id, rac_error *err)
{
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d", RAC_STORE_APPLICATION);
    rac_status status = rac_store_execute(connection, pragma, err);
    if (!status)
        status = run_steps(connection, 0, newest, err);
    if (status)
        return status;
    sqlite3_stmt *insert = NULL;
    int code = sqlite3_prepare_v2(connection->db, "INSERT INTO store (one, clinic) VALUES (1, ?1)", -1,
                                  &insert, NULL);
    if (!code) {
        sqlite3_bind_text(insert, 1, clinic_id, -1, SQLITE_STATIC);
        code = sqlite3_step(insert);
    }
    if (code != SQLITE_DONE)
        status = rac_store_failed(connection, code, "the record could not be set up", err);
    sqlite3_finalize(insert);
    return status;
}

rac_status rac_store_not_ours(const char *path, const char *detail, rac_error *err)
{
    rac_fail(err, RAC_INVALID, "%s is not a Racemate store", path);
    rac_error_detail(err, "%s", detail);
    rac_error_hint(err, "give the file made by 'racemate init', or restore a backup of it");
    return RAC_INVALID;
}

rac_status rac_store_schema_version(rac_store_connection *connection, const char *path, int *version,
                                    rac_error *err)
{
    int64_t application = 0, user_version = 0;
    rac_status status = rac_store_integer(connection, "PRAGMA application_id", &application, err);
    if (!status)
        status = rac_store_integer(connection, "PRAGMA user_version", &user_version, err);
    if (status)
        return status;
    if (application != RAC_STORE_APPLICATION || user_version < 1)
        return rac_store_not_ours(path, "it is an SQLite database with another application id", err);
    if (user_version > newest) {
        rac_fail(err, RAC_UNSUPPORTED, "%s was written by a newer Racemate", path);
        rac_error_detail(err, "its schema is %lld, this program knows up to %d", (long long)user_version,
                         newest);
        rac_error_hint(err, "use the newer program");
        return RAC_UNSUPPORTED;
    }
    *version = (int)user_version;
    return RAC_OK;
}

rac_status rac_store_schema_migrate(rac_store_connection *connection, const char *path, rac_error *err)
{
    int version = 0;
    rac_status status = rac_store_run(connection, RAC_STORE_BEGIN_WRITE, err);
    /* Asked again inside the transaction: another process may have been faster. */
    if (!status)
        status = rac_store_schema_version(connection, path, &version, err);
    if (!status)
        status = run_steps(connection, version, newest, err);
    if (!status)
        status = rac_store_run(connection, RAC_STORE_COMMIT, err);
    rac_store_rollback(connection);
    return status;
}

/* Every object of a schema in one text, for comparison. */
static rac_status schema_text(rac_arena *arena, rac_store_connection *connection, const char **text,
                              rac_error *err)
{
    sqlite3_stmt *rows = NULL;
    int code =
        sqlite3_prepare_v2(connection->db,
                           "SELECT coalesce(group_concat(type || ' ' || name || ': ' || sql, char(10)),"
                           " '') FROM (SELECT * FROM sqlite_schema WHERE sql IS NOT NULL"
                           " AND name NOT LIKE 'sqlite_%' ORDER BY type, name)",
                           -1, &rows, NULL);
    if (!code)
        code = sqlite3_step(rows);
    rac_status status = RAC_OK;
    if (code == SQLITE_ROW)
        *text = rac_string_copy(arena, (const char *)sqlite3_column_text(rows, 0));
    else
        status = rac_store_failed(connection, code, "the tables could not be read", err);
    sqlite3_finalize(rows);
    return status;
}

rac_status rac_store_schema_compare(rac_arena *arena, rac_store_connection *connection, const char **wrong,
                                    rac_error *err)
{
    const char *found = "", *expected = "";
    int version = 0;
    rac_store_connection *fresh = NULL;
    rac_status status = rac_store_schema_version(connection, "the file", &version, err);
    if (!status)
        status = rac_store_connect(":memory:", RAC_STORE_MAKES, NULL, &fresh, err);
    if (!status)
        status = run_steps(fresh, 0, version, err);
    if (!status)
        status = schema_text(arena, fresh, &expected, err);
    if (!status)
        status = schema_text(arena, connection, &found, err);
    rac_store_disconnect(fresh);
    *wrong = NULL;
    if (status || strcmp(found, expected) == 0)
        return status;
    size_t line = 0; /* start of the first line that differs */
    for (size_t i = 0; expected[i] && expected[i] == found[i]; i++)
        if (expected[i] == '\n')
            line = i + 1;
    *wrong = rac_format(arena, "expected '%.*s'", (int)strcspn(expected + line, "\n("), expected + line);
    return RAC_OK;
}

rac_status rac_store_schema_clinic(rac_arena *arena, rac_store_connection *connection, const char **clinic,
                                   rac_error *err)
{
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(connection->db, "SELECT clinic FROM store", -1, &row, NULL);
    if (!code)
        code = sqlite3_step(row);
    rac_status status = RAC_OK;
    if (code == SQLITE_ROW)
        *clinic = rac_string_copy(arena, (const char *)sqlite3_column_text(row, 0));
    else if (code == SQLITE_DONE)
        status = rac_fail(err, RAC_CORRUPT, "the store does not say which clinic it belongs to");
    else
        status = rac_store_failed(connection, code, "the record could not be read", err);
    sqlite3_finalize(row);
    return status;
}
