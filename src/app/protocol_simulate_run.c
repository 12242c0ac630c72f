/* Virtual patients, some at a time, on as many threads as were asked for. */
#include <pthread.h>

#include "app/protocol_simulate.h"

enum { BATCH = 512 };

typedef struct worker {
    const rac_simulated_work *work;
    void *context;
    const rac_simulated_run *run;
    rac_arena *kept; /* words of outcomes */
    size_t first, end;
    pthread_t thread;
    rac_status status;
    rac_error err;
} worker;

static void *do_some(void *context)
{
    worker *w = context;
    for (size_t i = w->first; i < w->end && !w->status; i++)
        w->status = w->work->one(w->context, i, w->run, w->kept, &w->err);
    return NULL;
}

/* One batch, divided among the workers; what cannot get a thread is done here. */
static rac_status do_batch(worker *workers, size_t count, size_t first, size_t patients, rac_error *err)
{
    bool running[RAC_SIMULATED_THREADS];
    for (size_t i = 0; i < count; i++) {
        workers[i].first = first + patients * i / count;
        workers[i].end = first + patients * (i + 1) / count;
        running[i] = i + 1 < count && !pthread_create(&workers[i].thread, NULL, do_some, &workers[i]);
        if (!running[i])
            do_some(&workers[i]);
    }
    rac_status status = RAC_OK;
    for (size_t i = 0; i < count; i++) {
        if (running[i])
            pthread_join(workers[i].thread, NULL);
        if (workers[i].status && !status) {
            status = workers[i].status;
            if (err)
                *err = workers[i].err;
        }
    }
    return status;
}

rac_status rac_simulated_each(rac_call *call, const rac_simulated_work *work, void *context,
                              rac_simulated_run *run, rac_error *err)
{
    worker *workers = rac_many(call->arena, worker, run->threads);
    rac_status status = RAC_OK;
    for (size_t w = 0; w < run->threads; w++)
        workers[w] = (worker){.work = work, .context = context, .run = run, .kept = rac_arena_new()};
    const size_t batch = work->batch ? work->batch : BATCH;
    for (size_t first = 0; first < run->patients && !status; first += batch) {
        const size_t some = run->patients - first < batch ? run->patients - first : batch;
        status = do_batch(workers, run->threads, first, some, err);
        run->done += (double)some;
        rac_call_progress(call, run->done, run->total, work->what);
    }
    if (!status)
        work->keep_all(context, run, call->arena);
    for (size_t w = 0; w < run->threads; w++)
        rac_arena_free(workers[w].kept);
    return status;
}

void rac_simulated_keep(rac_arena *arena, rac_virtual_outcome *outcome)
{
    if (!outcome->why)
        return;
    outcome->why = rac_string_copy(arena, outcome->why);
    outcome->reason = rac_string_copy(arena, outcome->reason);
}
