/* store/internal.h: what the files of the store share.  Nobody else includes it. */
#ifndef RACEMATE_STORE_INTERNAL_H
#define RACEMATE_STORE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "store/store.h"

/* "RACE" in ASCII: PRAGMA application_id of every store. */
enum { RAC_STORE_APPLICATION = 0x52414345 };

/* ---- connection.c: SQLite with our settings, each statement named once ---------------------- */

#define RAC_STORE_COLUMNS "seq, subject, kind, at_ms, recorded_ms, actor, source, key, body, previous, hash"
#define RAC_STORE_SELECT(condition, direction)                                      \
    "SELECT " RAC_STORE_COLUMNS " FROM entry WHERE seq BETWEEN ?1 AND ?2" condition \
    " ORDER BY seq " direction " LIMIT ?3"

/* The eight SELECTs are in the order rac_store_read computes: subject, kind, newest first. */
#define RAC_STORE_STATEMENTS(X)                                                                        \
    X(SELECT_ALL, RAC_STORE_SELECT("", "ASC"))                                                         \
    X(SELECT_SUBJECT, RAC_STORE_SELECT(" AND subject = ?4", "ASC"))                                    \
    X(SELECT_KIND, RAC_STORE_SELECT(" AND kind = ?5", "ASC"))                                          \
    X(SELECT_BOTH, RAC_STORE_SELECT(" AND subject = ?4 AND kind = ?5", "ASC"))                         \
    X(NEWEST_ALL, RAC_STORE_SELECT("", "DESC"))                                                        \
    X(NEWEST_SUBJECT, RAC_STORE_SELECT(" AND subject = ?4", "DESC"))                                   \
    X(NEWEST_KIND, RAC_STORE_SELECT(" AND kind = ?5", "DESC"))                                         \
    X(NEWEST_BOTH, RAC_STORE_SELECT(" AND subject = ?4 AND kind = ?5", "DESC"))                        \
    X(BY_KEY, "SELECT " RAC_STORE_COLUMNS " FROM entry WHERE key = ?1")                                \
    X(HEAD, "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1")                                   \
    X(LAST_OF_ALL, "SELECT coalesce(max(seq), 0) FROM entry")                                          \
    X(LAST_OF_SUBJECT, "SELECT coalesce(max(seq), 0) FROM entry WHERE subject = ?1")                   \
    X(FIRST_OF_SUBJECT, "SELECT coalesce(min(seq), 0) FROM entry WHERE subject = ?1")                  \
    X(NEXT_SUBJECT, "SELECT subject FROM entry WHERE subject > ?1 ORDER BY subject LIMIT 1")           \
    X(SAME_SUBJECT, "SELECT subject FROM entry WHERE subject = ?1 LIMIT 1")                            \
    X(INSERT, "INSERT INTO entry (" RAC_STORE_COLUMNS ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)") \
    X(BEGIN_READ, "BEGIN")                                                                             \
    X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                                  \
    X(COMMIT, "COMMIT")                                                                                \
    X(ROLLBACK, "ROLLBACK")

typedef enum rac_store_statement {
#define X(name, sql) RAC_STORE_##name,
    RAC_STORE_STATEMENTS(X)
#undef X
        RAC_STORE_STATEMENT_COUNT
} rac_store_statement;

/* Used by one thread at a time. */
typedef struct rac_store_connection {
    sqlite3 *db;
    int busy_ms;
    int waited_us; /* by the busy handler, in the present wait */
    sqlite3_stmt *prepared[RAC_STORE_STATEMENT_COUNT];
    struct rac_store_connection *next; /* in the list of idle readers */
} rac_store_connection;

typedef enum rac_store_access { RAC_STORE_READS, RAC_STORE_WRITES, RAC_STORE_MAKES } rac_store_access;

/* MAKES creates the file; READS cannot write. */
rac_status rac_store_connect(const char *path, rac_store_access access, const rac_store_options *options,
                             rac_store_connection **connection, rac_error *err);
void rac_store_disconnect(rac_store_connection *connection); /* accepts NULL */

/* Turns what SQLite just said into a status and a message "<doing>: <SQLite's words>". */
rac_status rac_store_failed(rac_store_connection *connection, int code, const char *doing, rac_error *err);

/* The prepared statement, reset and without bindings; it belongs to the connection. */
rac_status rac_store_prepare(rac_store_connection *connection, rac_store_statement statement,
                             sqlite3_stmt **prepared, rac_error *err);
/* Runs a statement without parameters or rows. */
rac_status rac_store_run(rac_store_connection *connection, rac_store_statement statement, rac_error *err);
/* Runs SQL text that is not in the table (schema, pragmas). */
rac_status rac_store_execute(rac_store_connection *connection, const char *sql, rac_error *err);
/* The integer in the first column of the first row of a pragma or a statement. */
rac_status rac_store_integer(rac_store_connection *connection, const char *sql, int64_t *value,
                             rac_error *err);
/* Ends a transaction if one is open; never fails. */
void rac_store_rollback(rac_store_connection *connection);

/* The entry in the present row; its texts last until the statement moves on.  RAC_CORRUPT when a hash
 * has not 32 bytes (only a tampered schema lets that in). */
rac_status rac_store_row(sqlite3_stmt *row, rac_store_entry *entry, rac_error *err);
/* Writes one complete entry. */
rac_status rac_store_insert(rac_store_connection *connection, const rac_store_entry *entry, rac_error *err);

/* ---- schema.c: the tables, and the steps from each version to the next ----------------------- */

int rac_store_schema_newest(void);
/* Makes the tables of the newest version in an empty file, inside the caller's transaction. */
rac_status rac_store_schema_make(rac_store_connection *connection, const char *clinic_id, rac_error *err);
/* The error for a file that is something else; always RAC_INVALID. */
rac_status rac_store_not_ours(const char *path, const char *detail, rac_error *err);
/* RAC_INVALID: not ours; RAC_UNSUPPORTED: newer; *version says which otherwise. */
rac_status rac_store_schema_version(rac_store_connection *connection, const char *path, int *version,
                                    rac_error *err);
rac_status rac_store_schema_migrate(rac_store_connection *connection, const char *path, rac_error *err);
/* *wrong becomes NULL, or says what differs from the tables this program makes for the file's version. */
rac_status rac_store_schema_compare(rac_arena *arena, rac_store_connection *connection, const char **wrong,
                                    rac_error *err);
/* The clinic id, in the arena. */
rac_status rac_store_schema_clinic(rac_arena *arena, rac_store_connection *connection, const char **clinic,
                                   rac_error *err);

/* ---- chain.c: the bytes that are hashed, and what an entry may hold --------------------------- */

void rac_store_genesis(const char *clinic_id, unsigned char hash[RAC_STORE_HASH_BYTES]);
/* From seq, previous and the facts. */
void rac_store_hash(const rac_store_entry *entry, unsigned char hash[RAC_STORE_HASH_BYTES]);
void rac_store_hash_hex(const unsigned char hash[RAC_STORE_HASH_BYTES], char hex[65]);
void rac_store_head_of(int64_t seq, const unsigned char hash[RAC_STORE_HASH_BYTES], rac_store_head *head);
/* `what` names the field in errors: "clinic id". */
rac_status rac_store_check_name(const char *text, const char *what, rac_error *err);
/* Checks an entry and puts its canonical body, in the arena, in place of the given one. */
rac_status rac_store_check_entry(rac_arena *arena, rac_store_entry *entry, rac_error *err);

/* ---- files.c: a new file appears whole or not at all ------------------------------------------- */

/* RAC_NOT_FOUND when the directory `path` is in does not exist; RAC_DENIED when it is read-only and should
 * be `writable`. */
rac_status rac_store_find_directory(const char *path, bool writable, rac_error *err);

/* The name beside `path` under which a file is made before it gets its own; in the arena.  What an
 * earlier attempt left there is removed. */
rac_status rac_store_draft_name(rac_arena *arena, const char *path, const char **draft, rac_error *err);
/* Syncs the draft, gives it its name, syncs the directory.  An existing file is refused, or replaced in
 * one step when `replace`. */
rac_status rac_store_publish(const char *draft, const char *path, bool replace, rac_error *err);
/* An error about a file out of errno. */
rac_status rac_store_file_failed(rac_error *err, const char *doing, const char *path);
/* RAC_CONFLICT when the path is taken. */
rac_status rac_store_refuse_existing(const char *path, rac_error *err);
/* Removes a draft database with what SQLite may have put beside it; never fails. */
void rac_store_discard(const char *draft);
rac_status rac_store_sync_directory(const char *path, rac_error *err);

/* ---- store.c: an open store ------------------------------------------------------------------- */

typedef struct rac_store_request rac_store_request;

struct rac_store {
    char *path;
    char *vfs; /* NULL: the system's */
    char *clinic;
    rac_store_options options;

    pthread_mutex_t readers_lock; /* guards idle */
    rac_store_connection *idle;

    pthread_mutex_t queue_lock; /* guards the queue and writing */
    rac_store_request *oldest;
    rac_store_request *newest;
    bool writing;                 /* some thread is committing for the others and owns the writer */
    rac_store_connection *writer; /* NULL when read_only */
};

/* A read connection out of the idle ones, and back. */
rac_status rac_store_borrow(rac_store *store, rac_store_connection **connection, rac_error *err);
void rac_store_return(rac_store *store, rac_store_connection *connection);

/* Checks that `path` looks like something to open, in better words than SQLite has. */
rac_status rac_store_look_at(const char *path, bool read_only, rac_error *err);

/* Verifies through a given connection; shared by verify, backup and restore. */
rac_status rac_store_verify_connection(rac_store_connection *connection, const rac_store_check *check,
                                       rac_store_report *report, rac_error *err);

#endif
