/* Two threads.  One lets the alarm engine look at every open session once a second.  The other watches
 * the store, at once when this process recorded something and four times a second otherwise, so that a
 * command given in another process reaches open pages too; it is the only one that publishes, hence
 * pages hear of changes in the order of the record. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serve/internal.h"

enum { tick_every_ms = 1000, look_every_ms = 250, beat_every_ms = 10000 };

struct rac_clockwork {
    pthread_mutex_t lock;
    pthread_cond_t bell;
    pthread_t ticker, watcher;
    int64_t seen; /* newest entry published */
    bool stopping, woken;
};

/* Waits until the bell, or `until_ms`; true when it is time to stop. */
static bool wait_until(rac_clockwork *work, int64_t until_ms, bool for_news)
{
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    pthread_mutex_lock(&work->lock);
    while (!work->stopping && !(for_news && work->woken) &&
           pthread_cond_timedwait(&work->bell, &work->lock, &until) != ETIMEDOUT)
        ;
    if (for_news)
        work->woken = false;
    const bool stop = work->stopping;
    pthread_mutex_unlock(&work->lock);
    return stop;
}

void rac_clockwork_wake(rac_server *server)
{
    rac_clockwork *work = server->clockwork;
    pthread_mutex_lock(&work->lock);
    work->woken = true;
    pthread_cond_broadcast(&work->bell);
    pthread_mutex_unlock(&work->lock);
}

/* ---- alarms ------------------------------------------------------------------------------------ */

static void *tick(void *context)
{
    rac_server *server = context;
    int64_t due = rac_serve_monotonic_ms();
    do {
        rac_error err = {0};
        if (rac_app_tick(server->app, &err))
            rac_serve_log(server, err.status, "alarm round: %s", err.message);
        else
            atomic_store(&server->tick_ms, rac_serve_monotonic_ms());
        /* A round that took longer than its turn is not made up for by a burst. */
        const int64_t now = rac_serve_monotonic_ms();
        due = due + tick_every_ms > now ? due + tick_every_ms : now;
    } while (!wait_until(server->clockwork, due, false));
    return NULL;
}

/* ---- news -------------------------------------------------------------------------------------- */

typedef struct news {
    rac_arena *arena;
    const char **subjects;
    size_t count, capacity;
} news;

/* Each subject once, in the order it first appears. */
static bool collect(void *context, const rac_store_entry *entry)
{
    news *n = context;
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->subjects[i], entry->subject) == 0)
            return true;
    rac_push(n->arena, n->subjects, n->count, n->capacity, rac_string_copy(n->arena, entry->subject));
    return true;
}

static void publish(rac_live *live, const char *subject)
{
    static const char prefix[] = "session/";
    const char *id = strncmp(subject, prefix, strlen(prefix)) == 0 ? subject + strlen(prefix) : NULL;
    if (id)
        rac_live_publish(live, "session", id);
    rac_live_publish(live, "board", id ? id : subject);
}

static rac_status look(rac_server *server, int64_t *seen, rac_error *err)
{
    rac_store *store = rac_app_store(server->app);
    const int64_t before = *seen;
    bool changed;
    rac_status status = rac_store_changed(store, seen, &changed, err);
    if (status || !changed)
        return status;
    news found = {.arena = rac_arena_new()};
    const rac_store_query query = {.from_seq = before + 1, .to_seq = *seen};
    status = rac_store_read(store, &query, collect, &found, err);
    for (size_t i = 0; i < found.count; i++)
        publish(server->live, found.subjects[i]);
    if (status)
        *seen = before;
    rac_arena_free(found.arena);
    return status;
}

static void *watch(void *context)
{
    rac_server *server = context;
    int64_t beat_ms = rac_serve_monotonic_ms();
    rac_error err = {0};
    while (!wait_until(server->clockwork, rac_serve_monotonic_ms() + look_every_ms, true)) {
        if (look(server, &server->clockwork->seen, &err))
            rac_serve_log(server, err.status, "watching the store: %s", err.message);
        const int64_t now = rac_serve_monotonic_ms();
        if (now - beat_ms >= beat_every_ms) {
            rac_live_beat(server->live);
            beat_ms = now;
        }
    }
    return NULL;
}

/* ---- start and stop ------------------------------------------------------------------------------ */

rac_status rac_clockwork_start(rac_server *server, rac_error *err)
{
    rac_clockwork *work = calloc(1, sizeof *work);
    pthread_condattr_t monotonic;
    if (!work)
        abort();
    pthread_mutex_init(&work->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&work->bell, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const rac_status status = rac_store_last(rac_app_store(server->app), NULL, &work->seen, err);
    if (status) {
        free(work);
        return status;
    }
    server->clockwork = work;
    if (pthread_create(&work->ticker, NULL, tick, server) == 0) {
        if (pthread_create(&work->watcher, NULL, watch, server) == 0)
            return RAC_OK;
        work->stopping = true;
        rac_clockwork_wake(server);
        pthread_join(work->ticker, NULL);
    }
    server->clockwork = NULL;
    free(work);
    return rac_fail(err, RAC_IO, "the system starts no more threads");
}

void rac_clockwork_stop(rac_server *server)
{
    rac_clockwork *work = server->clockwork;
    if (!work)
        return;
    pthread_mutex_lock(&work->lock);
    work->stopping = true;
    pthread_cond_broadcast(&work->bell);
    pthread_mutex_unlock(&work->lock);
    pthread_join(work->ticker, NULL);
    pthread_join(work->watcher, NULL);
    server->clockwork = NULL;
    pthread_cond_destroy(&work->bell);
    pthread_mutex_destroy(&work->lock);
    free(work);
}
