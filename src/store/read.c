/* Reading: each call borrows a read connection, so readers wait for nobody and nobody for them. */
#include "store/internal.h"

#include <string.h>

rac_status rac_store_read(rac_store *store, const rac_store_query *query, rac_store_visit *visit,
                          void *context, rac_error *err)
{
    static const rac_store_query everything = {0};
    query = query ? query : &everything;
    const int which = RAC_STORE_SELECT_ALL + (query->subject ? 1 : 0) + (query->kind ? 2 : 0) +
                      (query->newest_first ? 4 : 0);
    rac_store_connection *connection = NULL;
    sqlite3_stmt *rows = NULL;
    rac_status status = rac_store_borrow(store, &connection, err);
    if (!status)
        status = rac_store_prepare(connection, (rac_store_statement)which, &rows, err);
    if (!status) {
        sqlite3_bind_int64(rows, 1, query->from_seq);
        sqlite3_bind_int64(rows, 2, query->to_seq ? query->to_seq : INT64_MAX);
        sqlite3_bind_int64(rows, 3, query->limit > 0 ? query->limit : -1);
        if (query->subject)
            sqlite3_bind_text(rows, 4, query->subject, -1, SQLITE_STATIC);
        if (query->kind)
            sqlite3_bind_text(rows, 5, query->kind, -1, SQLITE_STATIC);
    }
    bool more = true;
    while (!status && more) {
        rac_store_entry entry;
        const int code = sqlite3_step(rows);
        if (code == SQLITE_DONE)
            break;
        status = code == SQLITE_ROW ? rac_store_row(rows, &entry, err)
                                    : rac_store_failed(connection, code, "the record could not be read", err);
        if (!status)
            more = visit(context, &entry);
    }
    if (rows) {
        sqlite3_reset(rows);
        sqlite3_clear_bindings(rows);
    }
    rac_store_return(store, connection);
    return status;
}

typedef struct collection {
    rac_arena *arena;
    rac_store_entry *items;
    size_t count;
    size_t capacity;
} collection;

static rac_store_entry copy_entry(rac_arena *arena, const rac_store_entry *entry)
{
    rac_store_entry copy = *entry;
    copy.subject = rac_string_copy(arena, entry->subject);
    copy.kind = rac_string_copy(arena, entry->kind);
    copy.actor = rac_string_copy(arena, entry->actor);
    copy.source = rac_string_copy(arena, entry->source);
    copy.key = entry->key ? rac_string_copy(arena, entry->key) : NULL;
    copy.body = rac_string_copy(arena, entry->body);
    return copy;
}

static bool collect(void *context, const rac_store_entry *entry)
{
    collection *c = context;
    const rac_store_entry copy = copy_entry(c->arena, entry);
    rac_push(c->arena, c->items, c->count, c->capacity, copy);
    return true;
}

rac_status rac_store_load(rac_arena *arena, rac_store *store, const rac_store_query *query,
                          rac_store_entry **entries, size_t *count, rac_error *err)
{
    collection c = {.arena = arena};
    rac_status status = rac_store_read(store, query, collect, &c, err);
    *entries = status ? NULL : c.items;
    *count = status ? 0 : c.count;
    return status;
}

rac_status rac_store_find(rac_arena *arena, rac_store *store, const char *key, rac_store_entry *entry,
                          rac_error *err)
{
    rac_store_connection *connection = NULL;
    sqlite3_stmt *row = NULL;
    rac_status status = rac_store_borrow(store, &connection, err);
    if (!status)
        status = rac_store_prepare(connection, RAC_STORE_BY_KEY, &row, err);
    if (!status) {
        sqlite3_bind_text(row, 1, key, -1, SQLITE_STATIC);
        const int code = sqlite3_step(row);
        rac_store_entry found;
        if (code == SQLITE_DONE)
            status = rac_fail(err, RAC_NOT_FOUND, "no entry has the key '%s'", key);
        else if (code != SQLITE_ROW)
            status = rac_store_failed(connection, code, "the record could not be read", err);
        else
            status = rac_store_row(row, &found, err);
        if (!status)
            *entry = copy_entry(arena, &found);
        sqlite3_reset(row);
        sqlite3_clear_bindings(row);
    }
    rac_store_return(store, connection);
    return status;
}

/* The integer a statement gives for an optional text parameter. */
static rac_status ask(rac_store_connection *connection, rac_store_statement statement, const char *text,
                      int64_t *answer, rac_error *err)
{
    sqlite3_stmt *row;
    rac_status status = rac_store_prepare(connection, statement, &row, err);
    if (status)
        return status;
    if (text)
        sqlite3_bind_text(row, 1, text, -1, SQLITE_STATIC);
    const int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *answer = sqlite3_column_int64(row, 0);
    else
        status = rac_store_failed(connection, code, "the record could not be read", err);
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
    return status;
}

rac_status rac_store_last(rac_store *store, const char *subject, int64_t *seq, rac_error *err)
{
    rac_store_connection *connection = NULL;
    rac_status status = rac_store_borrow(store, &connection, err);
    if (!status)
        status =
            ask(connection, subject ? RAC_STORE_LAST_OF_SUBJECT : RAC_STORE_LAST_OF_ALL, subject, seq, err);
    rac_store_return(store, connection);
    return status;
}

rac_status rac_store_changed(rac_store *store, int64_t *seen, bool *changed, rac_error *err)
{
    int64_t newest = 0;
    rac_status status = rac_store_last(store, NULL, &newest, err);
    if (status)
        return status;
    *changed = newest != *seen;
    *seen = newest;
    return RAC_OK;
}

/* The first subject after `name` (or equal to it, with SAME_SUBJECT); NULL when there is none. */
static rac_status step_subject(rac_arena *arena, rac_store_connection *connection,
                               rac_store_statement statement, const char *name, const char **found,
                               rac_error *err)
{
    sqlite3_stmt *row;
    rac_status status = rac_store_prepare(connection, statement, &row, err);
    if (status)
        return status;
    *found = NULL;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    const int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *found = rac_string_copy(arena, (const char *)sqlite3_column_text(row, 0));
    else if (code != SQLITE_DONE)
        status = rac_store_failed(connection, code, "the record could not be read", err);
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
    return status;
}

rac_status rac_store_subjects(rac_arena *arena, rac_store *store, const char *prefix,
                              rac_store_subject **subjects, size_t *count, rac_error *err)
{
    rac_store_connection *connection = NULL;
    rac_store_subject *items = NULL;
    size_t used = 0, capacity = 0;
    const char *name = NULL;
    rac_status status = rac_store_borrow(store, &connection, err);
    if (!status)
        status = rac_store_run(connection, RAC_STORE_BEGIN_READ, err); /* one consistent state */
    if (!status)
        status = step_subject(arena, connection, RAC_STORE_SAME_SUBJECT, prefix, &name, err);
    if (!status && !name)
        status = step_subject(arena, connection, RAC_STORE_NEXT_SUBJECT, prefix, &name, err);
    while (!status && name && rac_text_starts(rac_text_of(name), prefix)) {
        rac_store_subject subject = {.name = name};
        status = ask(connection, RAC_STORE_FIRST_OF_SUBJECT, name, &subject.first_seq, err);
        if (!status)
            status = ask(connection, RAC_STORE_LAST_OF_SUBJECT, name, &subject.last_seq, err);
        if (!status) {
            rac_push(arena, items, used, capacity, subject);
            status = step_subject(arena, connection, RAC_STORE_NEXT_SUBJECT, subject.name, &name, err);
        }
    }
    rac_store_return(store, connection);
    *subjects = status ? NULL : items;
    *count = status ? 0 : used;
    return status;
}

rac_status rac_store_head_now(rac_store *store, rac_store_head *head, rac_error *err)
{
    rac_store_connection *connection = NULL;
    sqlite3_stmt *row = NULL;
    rac_status status = rac_store_borrow(store, &connection, err);
    if (!status)
        status = rac_store_prepare(connection, RAC_STORE_HEAD, &row, err);
    if (!status) {
        const int code = sqlite3_step(row);
        if (code == SQLITE_ROW && sqlite3_column_bytes(row, 1) == RAC_STORE_HASH_BYTES)
            rac_store_head_of(sqlite3_column_int64(row, 0), sqlite3_column_blob(row, 1), head);
        else if (code == SQLITE_ROW || code == SQLITE_DONE)
            status = rac_fail(err, RAC_CORRUPT, "the record has no end");
        else
            status = rac_store_failed(connection, code, "the record could not be read", err);
        sqlite3_reset(row);
    }
    rac_store_return(store, connection);
    return status;
}
