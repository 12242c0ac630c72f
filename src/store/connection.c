/* One SQLite connection with our settings: see internal.h. */
#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const statement_sql[] = {
#define X(name, sql) [RAC_STORE_##name] = sql,
    RAC_STORE_STATEMENTS(X)
#undef X
};

/* Waits for another process: from 0.1 ms, doubled up to 5 ms, until busy_ms have been slept.  SQLite's
 * own handler starts at 1 ms and reaches 100 ms, longer than a dozen of our commits take. */
static int wait_for_lock(void *context, int round)
{
    rac_store_connection *connection = context;
    enum { shortest_us = 100, longest_us = 5000 };
    if (round == 0)
        connection->waited_us = 0;
    if (connection->waited_us / 1000 >= connection->busy_ms)
        return 0;
    const int sleep_us = round < 6 ? shortest_us << round : longest_us;
    usleep((useconds_t)sleep_us);
    connection->waited_us += sleep_us;
    return 1;
}

static const struct {
    int code; /* primary result code of SQLite */
    rac_status status;
    const char *hint;
} meanings[] = {
    {SQLITE_BUSY, RAC_BUSY, "another process is writing; try again"},
    {SQLITE_LOCKED, RAC_BUSY, "another process is writing; try again"},
    {SQLITE_FULL, RAC_IO, "free some space on this disk, then try again; nothing was half-written"},
    {SQLITE_IOERR, RAC_IO, "look at the disk and the system log; nothing was half-written"},
    {SQLITE_CANTOPEN, RAC_IO, "check that the directory exists and may be written"},
    {SQLITE_PERM, RAC_DENIED, "check the owner and the permissions of the file"},
    {SQLITE_READONLY, RAC_DENIED, "check the permissions of the file and its directory"},
    {SQLITE_CORRUPT, RAC_CORRUPT, "stop writing, keep the file, and restore the latest backup"},
    {SQLITE_NOTADB, RAC_CORRUPT, "stop writing, keep the file, and restore the latest backup"},
    {SQLITE_TOOBIG, RAC_LIMIT, ""},
    {SQLITE_CONSTRAINT, RAC_REFUSED, "the record is append-only"},
};

rac_status rac_store_failed(rac_store_connection *connection, int code, const char *doing, rac_error *err)
{
    if ((code & 0xff) == SQLITE_NOMEM) { /* as in base/arena.c: the stored entries bring all back */
        fprintf(stderr, "racemate: SQLite is out of memory\n");
        abort();
    }
    rac_status status = RAC_IO;
    const char *hint = "";
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].code == (code & 0xff)) {
            status = meanings[i].status;
            hint = meanings[i].hint;
        }
    }
    const char *words = connection && connection->db ? sqlite3_errmsg(connection->db) : sqlite3_errstr(code);
    rac_fail(err, status, "%s: %s", doing, words);
    rac_error_detail(err, "SQLite code %d (%s)", code, sqlite3_errstr(code));
    rac_error_hint(err, "%s", hint);
    return status;
}

rac_status rac_store_execute(rac_store_connection *connection, const char *sql, rac_error *err)
{
    const int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    return code ? rac_store_failed(connection, code, "the record could not be set up", err) : RAC_OK;
}

rac_status rac_store_integer(rac_store_connection *connection, const char *sql, int64_t *value,
                             rac_error *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (!code)
        code = sqlite3_step(statement);
    rac_status status = RAC_OK;
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    else
        status = rac_store_failed(connection, code, "the record could not be read", err);
    sqlite3_finalize(statement);
    return status;
}

/* Settings that SQLite keeps per connection.  FULL: a commit returns after the log is synced. */
static const char writer_settings[] = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                                      "PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF;"
                                      "PRAGMA cell_size_check = ON;";
static const char reader_settings[] = "PRAGMA query_only = ON; PRAGMA foreign_keys = ON;"
                                      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

rac_status rac_store_connect(const char *path, rac_store_access access, const rac_store_options *options,
                             rac_store_connection **connection, rac_error *err)
{
    enum { default_busy_ms = 5000 };
    static const int flags[] = {
        [RAC_STORE_READS] = SQLITE_OPEN_READONLY,
        [RAC_STORE_WRITES] = SQLITE_OPEN_READWRITE,
        [RAC_STORE_MAKES] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
    };
    rac_store_connection *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        abort();
    fresh->busy_ms = options && options->busy_ms > 0 ? options->busy_ms : default_busy_ms;
    const int code =
        sqlite3_open_v2(path, &fresh->db, flags[access] | SQLITE_OPEN_NOMUTEX, options ? options->vfs : NULL);
    rac_status status = RAC_OK;
    if (code) {
        status = rac_store_failed(fresh, code, path, err);
    } else {
        sqlite3_extended_result_codes(fresh->db, 1);
        sqlite3_busy_handler(fresh->db, wait_for_lock, fresh);
        status = rac_store_execute(fresh, access == RAC_STORE_READS ? reader_settings : writer_settings, err);
        if (status && (sqlite3_errcode(fresh->db) & 0xff) == SQLITE_NOTADB)
            status =
                rac_store_not_ours(path, "it is not an SQLite database, or its first page is damaged", err);
    }
    if (status) {
        rac_store_disconnect(fresh);
        return status;
    }
    *connection = fresh;
    return RAC_OK;
}

void rac_store_disconnect(rac_store_connection *connection)
{
    if (!connection)
        return;
    for (size_t i = 0; i < RAC_STORE_STATEMENT_COUNT; i++)
        sqlite3_finalize(connection->prepared[i]);
    sqlite3_close(connection->db);
    free(connection);
}

rac_status rac_store_prepare(rac_store_connection *connection, rac_store_statement statement,
                             sqlite3_stmt **prepared, rac_error *err)
{
    sqlite3_stmt **kept = &connection->prepared[statement];
    if (*kept) {
        sqlite3_reset(*kept);
        sqlite3_clear_bindings(*kept);
    } else {
        const int code = sqlite3_prepare_v3(connection->db, statement_sql[statement], -1,
                                            SQLITE_PREPARE_PERSISTENT, kept, NULL);
        if (code)
            return rac_store_failed(connection, code, "the record could not be read", err);
    }
    *prepared = *kept;
    return RAC_OK;
}

rac_status rac_store_run(rac_store_connection *connection, rac_store_statement statement, rac_error *err)
{
    sqlite3_stmt *prepared;
    rac_status status = rac_store_prepare(connection, statement, &prepared, err);
    if (status)
        return status;
    const int code = sqlite3_step(prepared);
    if (code != SQLITE_DONE)
        status = rac_store_failed(connection, code, "the record could not be written", err);
    sqlite3_reset(prepared);
    return status;
}

void rac_store_rollback(rac_store_connection *connection)
{
    if (!sqlite3_get_autocommit(connection->db))
        (void)rac_store_run(connection, RAC_STORE_ROLLBACK, NULL);
}

static const char *column_text(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

rac_status rac_store_row(sqlite3_stmt *row, rac_store_entry *entry, rac_error *err)
{
    *entry = (rac_store_entry){
        .seq = sqlite3_column_int64(row, 0),
        .subject = column_text(row, 1),
        .kind = column_text(row, 2),
        .at = {sqlite3_column_int64(row, 3)},
        .recorded = {sqlite3_column_int64(row, 4)},
        .actor = column_text(row, 5),
        .source = column_text(row, 6),
        .key = column_text(row, 7),
        .body = column_text(row, 8),
    };
    const void *previous = sqlite3_column_blob(row, 9);
    const void *hash = sqlite3_column_blob(row, 10);
    if (sqlite3_column_bytes(row, 9) != RAC_STORE_HASH_BYTES ||
        sqlite3_column_bytes(row, 10) != RAC_STORE_HASH_BYTES || !entry->subject || !entry->kind ||
        !entry->actor || !entry->source || !entry->body)
        return rac_fail(err, RAC_CORRUPT, "entry %lld is malformed", (long long)entry->seq);
    memcpy(entry->previous, previous, RAC_STORE_HASH_BYTES);
    memcpy(entry->hash, hash, RAC_STORE_HASH_BYTES);
    return RAC_OK;
}

rac_status rac_store_insert(rac_store_connection *connection, const rac_store_entry *entry, rac_error *err)
{
    sqlite3_stmt *insert;
    rac_status status = rac_store_prepare(connection, RAC_STORE_INSERT, &insert, err);
    if (status)
        return status;
    sqlite3_bind_int64(insert, 1, entry->seq);
    sqlite3_bind_text(insert, 2, entry->subject, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 3, entry->kind, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, entry->at.ms);
    sqlite3_bind_int64(insert, 5, entry->recorded.ms);
    sqlite3_bind_text(insert, 6, entry->actor, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 7, entry->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 8, entry->key, -1, SQLITE_STATIC); /* NULL binds NULL */
    sqlite3_bind_text(insert, 9, entry->body, -1, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 10, entry->previous, RAC_STORE_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 11, entry->hash, RAC_STORE_HASH_BYTES, SQLITE_STATIC);
    const int code = sqlite3_step(insert);
    if (code != SQLITE_DONE)
        status = rac_store_failed(connection, code, "the entry could not be written", err);
    sqlite3_reset(insert);
    sqlite3_clear_bindings(insert);
    return status;
}
