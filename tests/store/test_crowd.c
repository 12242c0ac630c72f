/* Twenty writers at once, as threads of several processes: the chain stays whole, numbers never
 * repeat, and a decision on an old state is never stored. */
#include <pthread.h>
#include <sys/wait.h>

#include "fixture.h"

enum { processes = 4, threads = 5, rounds = 12, writers = processes * threads };

typedef struct writer {
    const char *path;
    rac_store *store;
    int id;
    int failed;
} writer;

/* Reads a counter, adds one, and stores it on the condition that nobody was faster. */
static rac_status count_up(rac_store *store, rac_arena *arena)
{
    for (;;) {
        rac_store_entry *newest;
        size_t n;
        const rac_store_query query = {.subject = "counter", .newest_first = true, .limit = 1};
        rac_status status = rac_store_load(arena, store, &query, &newest, &n, NULL);
        if (status)
            return status;
        const int now = n ? atoi(newest->body + strlen("{\"n\":")) : 0;
        rac_store_entry next = reading(arena, "counter", 0);
        next.body = rac_format(arena, "{\"n\":%d}", now + 1);
        const rac_store_expect expect = {"counter", n ? newest->seq : 0};
        status = rac_store_append(store, &next, 1, &expect, NULL, NULL);
        if (status != RAC_CONFLICT)
            return status;
    }
}

static void *write_much(void *context)
{
    writer *w = context;
    rac_arena *arena = rac_arena_new();
    const char *subject = rac_format(arena, "writer/%d", w->id);
    for (int i = 0; i < rounds && !w->failed; i++) {
        rac_store_entry entries[3];
        rac_store_result results[3];
        int64_t number;
        for (int k = 0; k < 3; k++) {
            entries[k] = reading(arena, subject, i * 3 + k);
            entries[k].key = rac_format(arena, "%d/%d/%d", w->id, i, k);
        }
        entries[0].key = rac_format(arena, "shared/%d", i); /* every writer sends this one */
        w->failed |= rac_store_append(w->store, entries, 3, NULL, results, NULL) != RAC_OK;
        w->failed |= results[2].seq != results[1].seq + 1;
        w->failed |= rac_store_next_number(w->store, "session", 1, &clinic_entry, &number, NULL) != RAC_OK;
        w->failed |= count_up(w->store, arena) != RAC_OK;
    }
    rac_arena_free(arena);
    return NULL;
}

/* One process: opens the store for itself and runs its threads; the exit code counts failures. */
static int run_process(const char *path, int first_id)
{
    rac_store *store;
    writer all[threads];
    pthread_t running[threads];
    const rac_store_options patient = {.busy_ms = 60000};
    if (rac_store_open(path, &patient, &store, NULL))
        return 100;
    for (int i = 0; i < threads; i++) {
        all[i] = (writer){path, store, first_id + i, 0};
        pthread_create(&running[i], NULL, write_much, &all[i]);
    }
    int failed = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(running[i], NULL);
        failed += all[i].failed;
    }
    rac_store_close(store);
    return failed;
}

static void test_store_crowd__twenty_writers_keep_the_chain_whole(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_close(f->store); /* SQLite connections must not cross a fork */
    f->store = NULL;
    pid_t children[processes];
    for (int i = 0; i < processes; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(run_process(f->path, i * threads));
    }
    for (int i = 0; i < processes; i++) {
        int ended = 0;
        assert_int_equal(waitpid(children[i], &ended, 0), children[i]);
        assert_true(WIFEXITED(ended));
        assert_int_equal(WEXITSTATUS(ended), 0);
    }
    check_ok(rac_store_open(f->path, NULL, &f->store, &err));
    /* The clinic; two own readings a round; the shared ones once; a number and a count each. */
    check_intact(f->store, 1 + writers * rounds * 2 + rounds + writers * rounds * 2);
    int64_t number;
    check_ok(rac_store_next_number(f->store, "session", 1, &clinic_entry, &number, &err));
    assert_int_equal(number, writers * rounds + 1);
    rac_store_entry *newest;
    size_t n;
    check_ok(rac_store_load(f->arena, f->store,
                            &(rac_store_query){.subject = "counter", .newest_first = true, .limit = 1},
                            &newest, &n, &err));
    assert_string_equal(newest->body, rac_format(f->arena, "{\"n\":%d}", writers * rounds));
}

RAC_TESTS(store_test(test_store_crowd__twenty_writers_keep_the_chain_whole))
