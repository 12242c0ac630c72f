/* bench_store.c: what a durable, chained append costs, against the floor: plain SQLite with the same
 * table and the same settings but without chain, keys, checks or group commit, in the same run.
 *
 *     bench_store DIRECTORY [SECONDS]       the directory should be on the disk a clinic would use
 *
 * Prints one line a case: appends a second, and the median and 99th percentile of one append in us. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

enum { threads_max = 20, samples_max = 400000 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

typedef struct load {
    rac_store *store; /* NULL: the floor */
    sqlite3 *db;      /* of the floor */
    sqlite3_stmt *insert;
    double until_s;
    int batch; /* entries an append */
    size_t count;
    double *spent_us;
} load;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_store: %s\n", what);
    exit(1);
}

static const rac_store_entry sample = {.subject = "session/8812",
                                       .kind = "reading",
                                       .at = {1772446000000},
                                       .recorded = {1772446000250},
                                       .actor = "device/monitor-2",
                                       .source = "hl7:MONITOR2",
                                       .body = "{\"dbp_mmhg\":79,\"hr_bpm\":71,\"sbp_mmhg\":128,"
                                               "\"spo2_percent\":97}"};

static const char plain_insert[] =
    "INSERT INTO entry (subject, kind, at_ms, recorded_ms, actor, source, body) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

static void append_chained(load *l)
{
    rac_store_entry entries[8];
    rac_error err;
    for (int i = 0; i < l->batch; i++)
        entries[i] = sample;
    if (rac_store_append(l->store, entries, (size_t)l->batch, NULL, NULL, &err))
        die(err.message);
}

static void append_plain(load *l)
{
    sqlite3_stmt *statement = l->insert;
    sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int i = 0; i < l->batch; i++) {
        sqlite3_bind_text(statement, 1, sample.subject, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, sample.kind, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, sample.at.ms);
        sqlite3_bind_int64(statement, 4, sample.recorded.ms);
        sqlite3_bind_text(statement, 5, sample.actor, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 6, sample.source, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 7, sample.body, -1, SQLITE_STATIC);
        if (sqlite3_step(statement) != SQLITE_DONE)
            die(sqlite3_errmsg(l->db));
        sqlite3_reset(statement);
    }
    if (sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL))
        die(sqlite3_errmsg(l->db));
}

static void *run(void *context)
{
    load *l = context;
    if (!l->store && sqlite3_prepare_v2(l->db, plain_insert, -1, &l->insert, NULL))
        die(sqlite3_errmsg(l->db));
    for (double start = now_s(); start < l->until_s && l->count < samples_max;) {
        if (l->store)
            append_chained(l);
        else
            append_plain(l);
        const double end = now_s();
        l->spent_us[l->count++] = (end - start) * 1e6;
        start = end;
    }
    sqlite3_finalize(l->insert);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *what, rac_store *store, sqlite3 *db, int threads, int batch, double seconds)
{
    load loads[threads_max];
    pthread_t running[threads_max];
    const double start = now_s();
    for (int i = 0; i < threads; i++) {
        loads[i] = (load){.store = store, .db = db, .until_s = start + seconds, .batch = batch};
        loads[i].spent_us = malloc(samples_max * sizeof(double));
        if (!loads[i].spent_us)
            abort();
        pthread_create(&running[i], NULL, run, &loads[i]);
    }
    size_t count = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(running[i], NULL);
        count += loads[i].count;
    }
    const double took_s = now_s() - start;
    double *all = malloc((count + 1) * sizeof *all);
    if (!all)
        abort();
    size_t used = 0;
    for (int i = 0; i < threads; i++) {
        memcpy(all + used, loads[i].spent_us, loads[i].count * sizeof *all);
        used += loads[i].count;
        free(loads[i].spent_us);
    }
    qsort(all, count, sizeof *all, compare);
    printf("%-34s %9.0f entries/s   p50 %7.0f us   p99 %7.0f us\n", what, (double)count * batch / took_s,
           all[count / 2], all[count * 99 / 100]);
    free(all);
}

static sqlite3 *open_plain(const char *path)
{
    sqlite3 *db;
    if (sqlite3_open(path, &db) ||
        sqlite3_exec(db,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE entry (seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, kind TEXT NOT NULL,"
                     " at_ms INTEGER NOT NULL, recorded_ms INTEGER NOT NULL, actor TEXT NOT NULL,"
                     " source TEXT NOT NULL, body TEXT NOT NULL) STRICT;"
                     "CREATE INDEX s ON entry (subject); CREATE INDEX k ON entry (kind);",
                     NULL, NULL, NULL))
        die(sqlite3_errmsg(db));
    return db;
}

static void clean(const char *directory)
{
    static const char *const names[] = {"chained", "chained-wal", "chained-shm",
                                        "plain",   "plain-wal",   "plain-shm"};
    char path[4096];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

int main(int count, char **arguments)
{
    if (count < 2) {
        fprintf(stderr, "usage: bench_store DIRECTORY [SECONDS]\n");
        return 2;
    }
    const double seconds = count > 2 ? atof(arguments[2]) : 2;
    char directory[2000], path[2100];
    rac_error err;
    rac_store *store;
    rac_store_probe probe;
    snprintf(directory, sizeof directory, "%s/racemate-bench-XXXXXX", arguments[1]);
    if (!mkdtemp(directory))
        die("cannot write in that directory");
    if (rac_store_probe_disk(directory, 500, &probe, &err))
        die(err.message);
    printf("disk: %s\n", probe.what);
    snprintf(path, sizeof path, "%s/plain", directory);
    sqlite3 *db = open_plain(path);
    measure("plain SQLite, 1 thread", NULL, db, 1, 1, seconds);
    measure("plain SQLite, 1 thread, 5 a commit", NULL, db, 1, 5, seconds);
    snprintf(path, sizeof path, "%s/chained", directory);
    rac_store_entry first = sample;
    first.subject = "clinic";
    if (rac_store_create(path, "bench", &first, &err) || rac_store_open(path, NULL, &store, &err))
        die(err.message);
    measure("store, 1 thread", store, NULL, 1, 1, seconds);
    measure("store, 1 thread, 5 an append", store, NULL, 1, 5, seconds);
    measure("store, 20 threads", store, NULL, 20, 1, seconds);
    measure("store, 20 threads, 5 an append", store, NULL, 20, 5, seconds);
    rac_store_report report;
    const double start = now_s();
    if (rac_store_verify(store, NULL, &report, &err) || report.finding)
        die("the store does not verify");
    printf("%-34s %9.0f entries/s   (%lld entries)\n", "verify", (double)report.entries / (now_s() - start),
           (long long)report.entries);
    rac_store_close(store);
    sqlite3_close_v2(db);
    clean(directory);
    return 0;
}
