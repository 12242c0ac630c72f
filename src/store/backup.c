/* Backup and restore.  Both copy page by page with SQLite's online backup, verify the copy from its
 * first entry to its last, and only then give it its name. */
#include "store/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* All pages in one step: in write-ahead mode this blocks no writer, and the copy is of one moment. */
static rac_status copy_pages(rac_store_connection *from, rac_store_connection *to, rac_error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
    if (!backup)
        return rac_store_failed(to, sqlite3_errcode(to->db), "the copy could not be begun", err);
    const int stepped = sqlite3_backup_step(backup, -1);
    const int finished = sqlite3_backup_finish(backup);
    if (stepped != SQLITE_DONE || finished)
        return rac_store_failed(to, stepped != SQLITE_DONE ? stepped : finished,
                                "the copy could not be written", err);
    return RAC_OK;
}

/* Without a write-ahead log a file is complete in itself and can be read from read-only media.
 * RAC_BUSY when another connection has the file open. */
static rac_status leave_log_mode(rac_store_connection *connection, rac_error *err)
{
    sqlite3_stmt *pragma = NULL;
    int code = sqlite3_prepare_v2(connection->db, "PRAGMA journal_mode = DELETE", -1, &pragma, NULL);
    if (!code)
        code = sqlite3_step(pragma);
    rac_status status = RAC_OK;
    if (code != SQLITE_ROW)
        status = rac_store_failed(connection, code, "the file could not be closed", err);
    else if (strcmp((const char *)sqlite3_column_text(pragma, 0), "delete") != 0)
        status = rac_fail(err, RAC_BUSY, "another process has the store open");
    sqlite3_finalize(pragma);
    return status;
}

/* A verified copy in `draft`. */
static rac_status copy_verified(rac_store_connection *from, const char *draft, rac_store_report *report,
                                rac_error *err)
{
    rac_store_connection *to = NULL;
    rac_status status = rac_store_connect(draft, RAC_STORE_MAKES, NULL, &to, err);
    if (!status)
        status = copy_pages(from, to, err);
    if (!status)
        status = leave_log_mode(to, err);
    if (!status)
        status = rac_store_verify_connection(to, NULL, report, err);
    if (!status && report->finding) {
        status = rac_fail(err, RAC_CORRUPT, "the copy does not verify: %s", report->what);
        rac_error_hint(err, "run 'racemate verify' on the original; keep it and every older backup");
    }
    rac_store_disconnect(to);
    return status;
}

rac_status rac_store_backup(rac_store *store, const char *path, rac_store_report *report, rac_error *err)
{
    rac_store_report own;
    rac_arena *arena = rac_arena_new();
    const char *draft = NULL;
    rac_store_connection *from = NULL;
    rac_status status = rac_store_refuse_existing(path, err);
    if (!status)
        status = rac_store_draft_name(arena, path, &draft, err);
    if (!status)
        status = rac_store_borrow(store, &from, err);
    if (!status)
        status = copy_verified(from, draft, report ? report : &own, err);
    rac_store_return(store, from);
    if (!status)
        status = rac_store_publish(draft, path, false, err);
    if (status && draft)
        rac_store_discard(draft);
    rac_arena_free(arena);
    return status;
}

/* ---- restore ------------------------------------------------------------------------------- */

/* Empties the write-ahead log of the store that is to be replaced, which needs that nobody has it open.
 * A store too damaged for that is what restoring is for: then whatever log is left is set aside with it. */
static rac_status close_for_good(const char *path, rac_error *err)
{
    rac_store_connection *old = NULL;
    const rac_store_options short_wait = {.busy_ms = 500};
    rac_status status = rac_store_connect(path, RAC_STORE_WRITES, &short_wait, &old, err);
    if (!status)
        status = leave_log_mode(old, err);
    rac_store_disconnect(old);
    if (status == RAC_BUSY) {
        rac_fail(err, RAC_BUSY, "%s is in use", path);
        rac_error_hint(err, "stop 'racemate serve' and other commands first");
    }
    return status == RAC_CORRUPT || status == RAC_INVALID ? RAC_OK : status;
}

/* Gives the old file a second name PATH.replaced-N.  A log that is left must leave its place, or SQLite
 * would play it into the new file. */
static rac_status set_aside(rac_arena *arena, const char *path, rac_error *err)
{
    enum { names_tried = 10000 };
    const char *kept = NULL;
    int linked = -1;
    for (int n = 1; linked && n < names_tried; n++) {
        kept = rac_format(arena, "%s.replaced-%d", path, n);
        linked = link(path, kept);
        if (linked && errno != EEXIST)
            break;
    }
    if (linked)
        return rac_store_file_failed(err, "cannot set aside", path);
    const char *log = rac_format(arena, "%s-wal", path);
    if (rename(log, rac_format(arena, "%s-wal", kept)) && errno != ENOENT)
        return rac_store_file_failed(err, "cannot set aside", log);
    unlink(rac_format(arena, "%s-shm", path));
    return rac_store_sync_directory(path, err);
}

rac_status rac_store_restore(const char *backup, const char *path, bool force, rac_store_report *report,
                             rac_error *err)
{
    rac_store_report own;
    rac_arena *arena = rac_arena_new();
    const char *draft = NULL;
    rac_store_connection *from = NULL;
    int version = 0;
    rac_status status = rac_store_look_at(backup, true, err);
    const bool exists = rac_store_refuse_existing(path, NULL) != RAC_OK;
    if (!status && !force)
        status = rac_store_refuse_existing(path, err);
    if (!status)
        status = rac_store_draft_name(arena, path, &draft, err);
    if (!status)
        status = rac_store_connect(backup, RAC_STORE_READS, NULL, &from, err);
    if (!status)
        status = rac_store_schema_version(from, backup, &version, err);
    if (!status)
        status = copy_verified(from, draft, report ? report : &own, err);
    rac_store_disconnect(from);
    if (!status && exists)
        status = close_for_good(path, err);
    if (!status && exists)
        status = set_aside(arena, path, err);
    if (!status)
        status = rac_store_publish(draft, path, exists, err);
    if (status && draft)
        rac_store_discard(draft);
    rac_arena_free(arena);
    return status;
}
