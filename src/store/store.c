/* An open store: creating, opening, closing, and the readers that wait to be used again. */
#include "store/internal.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *keep(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        abort();
    return copy;
}

/* ---- create -------------------------------------------------------------------------------- */

static rac_status make(rac_store_connection *draft, const char *clinic_id, rac_store_entry *first,
                       rac_error *err)
{
    first->seq = 1;
    rac_store_genesis(clinic_id, first->previous);
    rac_store_hash(first, first->hash);
    rac_status status = rac_store_run(draft, RAC_STORE_BEGIN_WRITE, err);
    if (!status)
        status = rac_store_schema_make(draft, clinic_id, err);
    if (!status)
        status = rac_store_insert(draft, first, err);
    if (!status)
        status = rac_store_run(draft, RAC_STORE_COMMIT, err);
    return status;
}

rac_status rac_store_create(const char *path, const char *clinic_id, const rac_store_entry *first,
                            rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    rac_store_entry entry = *first;
    const char *draft = NULL;
    rac_store_connection *connection = NULL;
    rac_status status = rac_store_check_name(clinic_id, "clinic id", err);
    if (!status)
        status = rac_store_check_entry(arena, &entry, err);
    if (!status && strcmp(entry.subject, "clinic") != 0) {
        status = rac_fail(err, RAC_INVALID, "the first entry is about '%s'", entry.subject);
        rac_error_hint(err, "its subject is \"clinic\"");
        rac_error_field(err, "subject");
    }
    if (!status)
        status = rac_store_refuse_existing(path, err);
    if (!status)
        status = rac_store_draft_name(arena, path, &draft, err);
    if (!status)
        status = rac_store_connect(draft, RAC_STORE_MAKES, NULL, &connection, err);
    if (!status)
        status = make(connection, clinic_id, &entry, err);
    rac_store_disconnect(connection);
    if (!status)
        status = rac_store_publish(draft, path, false, err);
    if (status && draft)
        rac_store_discard(draft);
    rac_arena_free(arena);
    return status;
}

/* ---- open ---------------------------------------------------------------------------------- */

/* What can be said about the file before SQLite sees it, in words better than "unable to open". */
rac_status rac_store_look_at(const char *path, bool read_only, rac_error *err)
{
    struct stat seen;
    rac_status status = rac_store_find_directory(path, false, err);
    if (status)
        return status;
    if (stat(path, &seen)) {
        if (errno != ENOENT)
            return rac_fail(err, RAC_IO, "cannot look at %s: %s", path, strerror(errno));
        rac_fail(err, RAC_NOT_FOUND, "there is no store at %s", path);
        rac_error_hint(err, "make one with 'racemate init', or check the path");
        return RAC_NOT_FOUND;
    }
    if (!S_ISREG(seen.st_mode))
        return rac_fail(err, RAC_INVALID, "%s is not a file", path);
    if (access(path, R_OK)) {
        rac_fail(err, RAC_DENIED, "%s may not be read", path);
        rac_error_hint(err, "check the owner and the permissions of the file");
        return RAC_DENIED;
    }
    if (!read_only && access(path, W_OK)) {
        rac_fail(err, RAC_DENIED, "%s is read-only", path);
        rac_error_hint(err, "check the owner and the permissions of the file and its directory");
        return RAC_DENIED;
    }
    if (!read_only && (status = rac_store_find_directory(path, true, err)))
        return status;
    if (seen.st_size == 0) {
        rac_fail(err, RAC_INVALID, "%s is not a Racemate store", path);
        rac_error_detail(err, "it is empty");
        return RAC_INVALID;
    }
    return RAC_OK;
}

/* A restored backup arrives without a write-ahead log; from here on it has one. */
static rac_status use_log(rac_store_connection *writer, rac_error *err)
{
    sqlite3_stmt *pragma = NULL;
    int code = sqlite3_prepare_v2(writer->db, "PRAGMA journal_mode = WAL", -1, &pragma, NULL);
    if (!code)
        code = sqlite3_step(pragma);
    rac_status status = RAC_OK;
    if (code != SQLITE_ROW)
        status = rac_store_failed(writer, code, "the write-ahead log could not be opened", err);
    else if (strcmp((const char *)sqlite3_column_text(pragma, 0), "wal") != 0)
        status = rac_fail(err, RAC_IO, "this file system cannot hold a write-ahead log");
    sqlite3_finalize(pragma);
    return status;
}

/* Everything that must hold before the first use, on the connection that stays. */
static rac_status prepare_store(rac_arena *arena, rac_store_connection *connection, const char *path,
                                bool read_only, const char **clinic, rac_error *err)
{
    int version = 0;
    rac_status status = rac_store_schema_version(connection, path, &version, err);
    if (!status && !read_only)
        status = use_log(connection, err);
    if (!status && version < rac_store_schema_newest()) {
        if (!read_only)
            status = rac_store_schema_migrate(connection, path, err);
        else
            status = rac_fail(err, RAC_UNSUPPORTED, "%s has the older schema %d", path, version);
    }
    if (!status)
        status = rac_store_schema_clinic(arena, connection, clinic, err);
    return status;
}

rac_status rac_store_open(const char *path, const rac_store_options *options, rac_store **store,
                          rac_error *err)
{
    static const rac_store_options usual = {0};
    options = options ? options : &usual;
    if (sodium_init() < 0)
        return rac_fail(err, RAC_IO, "libsodium could not be started");
    rac_arena *arena = rac_arena_new();
    rac_store_connection *connection = NULL;
    const char *clinic = NULL;
    rac_status status = rac_store_look_at(path, options->read_only, err);
    if (!status)
        status = rac_store_connect(path, options->read_only ? RAC_STORE_READS : RAC_STORE_WRITES, options,
                                   &connection, err);
    if (!status)
        status = prepare_store(arena, connection, path, options->read_only, &clinic, err);
    if (status) {
        rac_store_disconnect(connection);
    } else {
        rac_store *opened = calloc(1, sizeof *opened);
        if (!opened)
            abort();
        opened->path = keep(path);
        opened->clinic = keep(clinic);
        opened->vfs = keep(options->vfs);
        opened->options = *options;
        opened->options.vfs = opened->vfs;
        pthread_mutex_init(&opened->readers_lock, NULL);
        pthread_mutex_init(&opened->queue_lock, NULL);
        *(options->read_only ? &opened->idle : &opened->writer) = connection;
        *store = opened;
    }
    rac_arena_free(arena);
    return status;
}

void rac_store_close(rac_store *store)
{
    if (!store)
        return;
    for (rac_store_connection *c = store->idle; c;) {
        rac_store_connection *next = c->next;
        rac_store_disconnect(c);
        c = next;
    }
    rac_store_disconnect(store->writer);
    pthread_mutex_destroy(&store->readers_lock);
    pthread_mutex_destroy(&store->queue_lock);
    free(store->path);
    free(store->vfs);
    free(store->clinic);
    free(store);
}

const char *rac_store_clinic(const rac_store *store)
{
    return store->clinic;
}

const char *rac_store_path(const rac_store *store)
{
    return store->path;
}

/* ---- readers ------------------------------------------------------------------------------- */

rac_status rac_store_borrow(rac_store *store, rac_store_connection **connection, rac_error *err)
{
    pthread_mutex_lock(&store->readers_lock);
    rac_store_connection *idle = store->idle;
    if (idle)
        store->idle = idle->next;
    pthread_mutex_unlock(&store->readers_lock);
    if (idle) {
        *connection = idle;
        return RAC_OK;
    }
    return rac_store_connect(store->path, RAC_STORE_READS, &store->options, connection, err);
}

void rac_store_return(rac_store *store, rac_store_connection *connection)
{
    if (!connection)
        return;
    rac_store_rollback(connection);
    pthread_mutex_lock(&store->readers_lock);
    connection->next = store->idle;
    store->idle = connection;
    pthread_mutex_unlock(&store->readers_lock);
}
