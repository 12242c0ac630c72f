/* Appending with group commit.  Callers queue their request; whoever finds nobody writing takes all
 * that is queued, commits it in one transaction, and wakes the others with their answers.  While one
 * sync waits for the disk the next group gathers, so the cost of a sync is shared by all who waited
 * for it, and a lone caller pays for nothing but its own. */
#include "store/internal.h"

#include <inttypes.h>
#include <string.h>

struct rac_store_request {
    rac_store_entry *entries; /* checked, bodies canonical */
    size_t count;
    const rac_store_expect *expect;
    const char *series; /* not NULL: takes a number, and entries is empty */
    int64_t number;     /* of the series: the first one, then the one taken */
    const rac_store_entry *by;
    rac_store_result *results; /* NULL or room for count */

    rac_status status;
    rac_error err;
    bool done;
    pthread_cond_t answered;
    rac_store_request *next;
};

/* Where the chain ends inside the transaction. */
typedef struct tail {
    int64_t seq;
    unsigned char hash[RAC_STORE_HASH_BYTES];
} tail;

static rac_status read_tail(rac_store_connection *writer, tail *end, rac_error *err)
{
    sqlite3_stmt *row;
    rac_status status = rac_store_prepare(writer, RAC_STORE_HEAD, &row, err);
    if (status)
        return status;
    const int code = sqlite3_step(row);
    if (code == SQLITE_ROW && sqlite3_column_bytes(row, 1) == RAC_STORE_HASH_BYTES) {
        end->seq = sqlite3_column_int64(row, 0);
        memcpy(end->hash, sqlite3_column_blob(row, 1), RAC_STORE_HASH_BYTES);
    } else if (code == SQLITE_ROW || code == SQLITE_DONE) {
        status = rac_fail(err, RAC_CORRUPT, "the record has no end to append to");
        rac_error_hint(err, "run 'racemate verify'");
    } else {
        status = rac_store_failed(writer, code, "the record could not be read", err);
    }
    sqlite3_reset(row);
    return status;
}

/* Whether the key of `entry` is known, and if so the answer for it. */
static rac_status find_key(rac_store_connection *writer, const rac_store_entry *entry,
                           rac_store_result *result, rac_error *err)
{
    *result = (rac_store_result){0};
    if (!entry->key)
        return RAC_OK;
    sqlite3_stmt *row;
    rac_status status = rac_store_prepare(writer, RAC_STORE_BY_KEY, &row, err);
    if (status)
        return status;
    sqlite3_bind_text(row, 1, entry->key, -1, SQLITE_STATIC);
    const int code = sqlite3_step(row);
    rac_store_entry known;
    if (code == SQLITE_ROW) {
        status = rac_store_row(row, &known, err);
        if (!status)
            *result = (rac_store_result){
                .seq = known.seq,
                .already = true,
                .differs = strcmp(known.subject, entry->subject) != 0 ||
                           strcmp(known.kind, entry->kind) != 0 || strcmp(known.body, entry->body) != 0,
            };
    } else if (code != SQLITE_DONE) {
        status = rac_store_failed(writer, code, "the record could not be read", err);
    }
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
    return status;
}

static rac_status last_of_subject(rac_store_connection *writer, const char *subject, int64_t *seq,
                                  rac_error *err)
{
    sqlite3_stmt *row;
    rac_status status = rac_store_prepare(writer, RAC_STORE_LAST_OF_SUBJECT, &row, err);
    if (status)
        return status;
    sqlite3_bind_text(row, 1, subject, -1, SQLITE_STATIC);
    const int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *seq = sqlite3_column_int64(row, 0);
    else
        status = rac_store_failed(writer, code, "the record could not be read", err);
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
    return status;
}

static rac_status check_expectation(rac_store_connection *writer, const rac_store_expect *expect,
                                    rac_error *err)
{
    int64_t last = 0;
    rac_status status = last_of_subject(writer, expect->subject, &last, err);
    if (status || last == expect->last_seq)
        return status;
    rac_fail(err, RAC_CONFLICT, "somebody recorded something about %s meanwhile", expect->subject);
    rac_error_detail(err, "its newest entry is %" PRId64 ", this decision was made on %" PRId64, last,
                     expect->last_seq);
    rac_error_hint(err, "look at it again, then repeat");
    return RAC_CONFLICT;
}

static rac_status append_one(rac_store_connection *writer, rac_store_entry *entry, tail *end, rac_error *err)
{
    entry->seq = end->seq + 1;
    memcpy(entry->previous, end->hash, RAC_STORE_HASH_BYTES);
    rac_store_hash(entry, entry->hash);
    rac_status status = rac_store_insert(writer, entry, err);
    if (status)
        return status;
    end->seq = entry->seq;
    memcpy(end->hash, entry->hash, RAC_STORE_HASH_BYTES);
    return RAC_OK;
}

/* The number is in the key, which is unique: even a mistake here could not give one out twice. */
static rac_status take_number(rac_store_connection *writer, rac_store_request *request, tail *end)
{
    rac_arena *arena = rac_arena_new();
    const char *subject = rac_format(arena, "number/%s", request->series);
    int64_t last = 0;
    rac_status status = last_of_subject(writer, subject, &last, &request->err);
    sqlite3_stmt *row = NULL;
    if (!status && last)
        status = rac_store_prepare(writer, RAC_STORE_SELECT_ALL, &row, &request->err);
    if (row) {
        rac_store_entry newest;
        sqlite3_bind_int64(row, 1, last);
        sqlite3_bind_int64(row, 2, last);
        sqlite3_bind_int64(row, 3, 1);
        const int code = sqlite3_step(row);
        if (code != SQLITE_ROW)
            status = rac_store_failed(writer, code, "the record could not be read", &request->err);
        else
            status = rac_store_row(row, &newest, &request->err);
        const char *slash = !status && newest.key ? strrchr(newest.key, '/') : NULL;
        if (!status && (!slash || rac_integer_parse(rac_text_of(slash + 1), &request->number, NULL)))
            status = rac_fail(&request->err, RAC_CORRUPT, "entry %" PRId64 " does not hold a number", last);
        request->number++;
        sqlite3_reset(row);
    }
    rac_store_entry entry = {
        .subject = subject,
        .kind = "number.taken",
        .at = request->by->at,
        .recorded = request->by->recorded,
        .actor = request->by->actor,
        .source = request->by->source,
        .key = rac_format(arena, "%s/%" PRId64, subject, request->number),
        .body = rac_format(arena, "{\"number\":%" PRId64 "}", request->number),
    };
    if (!status)
        status = append_one(writer, &entry, end, &request->err);
    rac_arena_free(arena);
    return status;
}

/* A request either is refused before it wrote anything, or writes all it has; any other failure ends
 * the whole transaction. */
static rac_status apply(rac_store_connection *writer, rac_store_request *request, tail *end)
{
    if (request->series)
        return take_number(writer, request, end);
    rac_store_result result;
    bool all_known = true;
    rac_status status = RAC_OK;
    for (size_t i = 0; !status && all_known && i < request->count; i++) {
        status = find_key(writer, &request->entries[i], &result, &request->err);
        all_known = result.already;
    }
    if (!status && !all_known && request->expect)
        status = check_expectation(writer, request->expect, &request->err);
    for (size_t i = 0; !status && i < request->count; i++) {
        rac_store_entry *entry = &request->entries[i];
        status = find_key(writer, entry, &result, &request->err);
        if (!status && !result.already) {
            status = append_one(writer, entry, end, &request->err);
            result.seq = entry->seq;
        }
        if (request->results)
            request->results[i] = result;
    }
    return status;
}

/* Commits a list of requests in one transaction.  A refusal (RAC_CONFLICT) stands by itself; anything
 * worse is returned, and then nothing of the list is stored. */
static rac_status commit_list(rac_store_connection *writer, rac_store_request *list, rac_error *err)
{
    tail end = {0};
    rac_status status = rac_store_run(writer, RAC_STORE_BEGIN_WRITE, err);
    if (!status)
        status = read_tail(writer, &end, err);
    for (rac_store_request *r = list; r && !status; r = r->next) {
        r->status = apply(writer, r, &end);
        if (r->status && r->status != RAC_CONFLICT) {
            status = r->status;
            *err = r->err;
        }
    }
    if (!status)
        status = rac_store_run(writer, RAC_STORE_COMMIT, err);
    if (status)
        rac_store_rollback(writer);
    return status;
}

/* Settles every request of the list.  When a group fails, each gets its own transaction: one that is
 * too large for the disk must not take the others with it. */
static void settle(rac_store_connection *writer, rac_store_request *list)
{
    rac_error err;
    rac_status status = commit_list(writer, list, &err);
    if (!status)
        return;
    if (!list->next) {
        list->status = status;
        list->err = err;
        return;
    }
    for (rac_store_request *r = list; r;) {
        rac_store_request *next = r->next;
        r->next = NULL;
        settle(writer, r);
        r->next = next;
        r = next;
    }
}

/* Takes up to group_max requests off the queue, as a list of their own. */
static rac_store_request *take_group(rac_store *store)
{
    enum { group_max = 256 }; /* bounds the length of a transaction; far above the threads in use */
    rac_store_request *group = store->oldest, *last = group;
    for (int i = 1; i < group_max && last->next; i++)
        last = last->next;
    store->oldest = last->next;
    if (!store->oldest)
        store->newest = NULL;
    last->next = NULL;
    return group;
}

static void write_group(rac_store *store)
{
    rac_store_request *group = take_group(store);
    store->writing = true;
    pthread_mutex_unlock(&store->queue_lock);
    settle(store->writer, group);
    pthread_mutex_lock(&store->queue_lock);
    store->writing = false;
    while (group) { /* a request may vanish as soon as its owner wakes */
        rac_store_request *next = group->next;
        group->done = true;
        pthread_cond_signal(&group->answered);
        group = next;
    }
    if (store->oldest) /* the next writer is the one that waits longest */
        pthread_cond_signal(&store->oldest->answered);
}

static rac_status submit(rac_store *store, rac_store_request *request, rac_error *err)
{
    pthread_cond_init(&request->answered, NULL);
    pthread_mutex_lock(&store->queue_lock);
    if (store->newest)
        store->newest->next = request;
    else
        store->oldest = request;
    store->newest = request;
    while (!request->done) {
        if (store->writing)
            pthread_cond_wait(&request->answered, &store->queue_lock);
        else
            write_group(store);
    }
    pthread_mutex_unlock(&store->queue_lock);
    pthread_cond_destroy(&request->answered);
    if (request->status && err)
        *err = request->err;
    return request->status;
}

static rac_status refuse_read_only(const rac_store *store, rac_error *err)
{
    if (store->writer)
        return RAC_OK;
    return rac_fail(err, RAC_DENIED, "%s was opened for reading only", store->path);
}

rac_status rac_store_append(rac_store *store, const rac_store_entry *entries, size_t count,
                            const rac_store_expect *expect, rac_store_result *results, rac_error *err)
{
    rac_status status = refuse_read_only(store, err);
    if (!status && (count == 0 || count > RAC_STORE_APPEND_MAX))
        status = rac_fail(err, count ? RAC_LIMIT : RAC_INVALID, "%zu entries at once; 1 to %d are possible",
                          count, RAC_STORE_APPEND_MAX);
    if (!status && expect)
        status = rac_store_check_name(expect->subject, "expected subject", err);
    if (status)
        return status;
    rac_arena *arena = rac_arena_new();
    rac_store_request request = {.count = count, .expect = expect, .results = results};
    request.entries = rac_many(arena, rac_store_entry, count);
    memcpy(request.entries, entries, count * sizeof *entries);
    for (size_t i = 0; !status && i < count; i++) {
        status = rac_store_check_entry(arena, &request.entries[i], err);
        if (status && err)
            rac_error_field(err, rac_format(arena, "entries[%zu].%s", i, err->field));
    }
    if (!status)
        status = submit(store, &request, err);
    rac_arena_free(arena);
    return status;
}

rac_status rac_store_next_number(rac_store *store, const char *series, int64_t first,
                                 const rac_store_entry *by, int64_t *number, rac_error *err)
{
    enum { series_max = RAC_STORE_NAME_MAX - 30 }; /* leaves room for "number/" and the digits */
    rac_status status = refuse_read_only(store, err);
    if (!status)
        status = rac_store_check_name(series, "series", err);
    if (!status && strlen(series) > series_max)
        status = rac_fail(err, RAC_LIMIT, "the series is longer than %d bytes", series_max);
    if (!status && first < 1)
        status = rac_fail(err, RAC_INVALID, "a series begins with 1 or more");
    if (!status)
        status = rac_store_check_name(by->actor, "actor", err);
    if (!status)
        status = rac_store_check_name(by->source, "source", err);
    if (status)
        return status;
    rac_store_request request = {.series = series, .number = first, .by = by};
    status = submit(store, &request, err);
    if (!status)
        *number = request.number;
    return status;
}
