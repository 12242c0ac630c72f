/* A population on several threads.  See racemate/pharma/population.h.
 *
 * Shares of whole tiles are handed out in ascending order from one counter; a worker takes the next when it
 * is done with its last, so a processor that others use too only delays its own share. */
#include "pharma/population_run.h"

#include <pthread.h>
#include <stdatomic.h>

/* A share is small enough for progress and an even end, large enough that taking it costs nothing. */
enum { SHARES_EACH = 8, SHARE_TILES_MAX = 32 };

typedef struct crew {
    const rac_population *population;
    rac_population_sink *sink;
    const rac_population_watch *watch;
    size_t share; /* subjects */
    atomic_size_t next, done;
    atomic_bool stop;
} crew;

typedef struct worker {
    crew *crew;
    rac_arena *arena;
    void *context;
    bool first;  /* runs on the caller's thread and tells of progress */
    size_t told; /* what was told last */
    size_t failed;
    rac_status status;
    size_t failed_at; /* first subject of the share that gave the status */
    rac_error err;
    pthread_t thread;
} worker;

static void stop(worker *w, size_t first, rac_status status)
{
    w->status = status;
    w->failed_at = first;
    atomic_store(&w->crew->stop, true);
}

static void tell(worker *w, size_t done)
{
    const rac_population_watch *watch = w->crew->watch;
    if (!watch || !watch->progress || w->told == done)
        return;
    w->told = done;
    const rac_status wish = watch->progress(watch->context, done, w->crew->population->subjects, &w->err);
    if (wish)
        stop(w, SIZE_MAX, wish); /* an error of the work itself, if there is one, is told instead */
}

static void *work(void *context)
{
    worker *w = context;
    crew *c = w->crew;
    const size_t subjects = c->population->subjects;
    rac_runner *runner = rac_runner_new(w->arena, c->population);
    while (!atomic_load(&c->stop)) {
        const size_t first = atomic_fetch_add(&c->next, c->share);
        if (first >= subjects)
            break;
        const size_t end = subjects - first > c->share ? first + c->share : subjects;
        const rac_status status =
            rac_runner_run(runner, first, end, c->sink, w->context, &w->failed, &w->err);
        if (status) {
            stop(w, first, status);
            break;
        }
        const size_t done = atomic_fetch_add(&c->done, end - first) + end - first;
        if (w->first)
            tell(w, done);
    }
    rac_runner_close(runner);
    return NULL;
}

static size_t choose_share(size_t subjects, int threads)
{
    const size_t tiles = subjects / RAC_TILE / ((size_t)threads * SHARES_EACH);
    return RAC_TILE * (tiles < 1 ? 1 : tiles > SHARE_TILES_MAX ? SHARE_TILES_MAX : tiles);
}

/* The outcome of the earliest share that failed: shares before it were all begun, and ended well. */
static rac_status outcome(const worker *workers, int count, size_t *failed, rac_error *err)
{
    const worker *earliest = NULL;
    for (int i = 0; i < count; i++) {
        *failed += workers[i].failed;
        if (workers[i].status && (!earliest || workers[i].failed_at < earliest->failed_at))
            earliest = &workers[i];
    }
    if (!earliest)
        return RAC_OK;
    if (err)
        *err = earliest->err;
    return earliest->status;
}

rac_status rac_population_run_threads(rac_arena *arena, const rac_population *population, int threads,
                                      rac_population_sink *sink, void *const *contexts,
                                      const rac_population_watch *watch, size_t *failed, rac_error *err)
{
    *failed = 0;
    if (threads < 1 || threads > RAC_THREADS_MAX)
        return rac_fail(err, RAC_INVALID, "%d threads, allowed 1 to %d", threads, RAC_THREADS_MAX);
    const rac_status status = rac_population_check(population, err);
    if (status)
        return status;
    crew c = {.population = population,
              .sink = sink,
              .watch = watch,
              .share = choose_share(population->subjects, threads)};
    worker workers[RAC_THREADS_MAX] = {{0}};
    bool running[RAC_THREADS_MAX] = {false};
    for (int i = 0; i < threads; i++)
        workers[i] = (worker){
            .crew = &c, .arena = i ? rac_arena_new() : arena, .context = contexts[i], .first = i == 0};
    for (int i = 1; i < threads; i++)
        running[i] = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
    work(&workers[0]);
    for (int i = 1; i < threads; i++) {
        if (running[i])
            pthread_join(workers[i].thread, NULL);
        rac_arena_free(workers[i].arena);
    }
    if (!atomic_load(&c.stop))
        tell(&workers[0], population->subjects);
    return outcome(workers, threads, failed, err);
}
