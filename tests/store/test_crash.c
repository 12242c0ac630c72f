/* kill -9 at random moments: what was acknowledged is there, and the chain is whole.  The number of
 * kills is the first argument (30 when there is none):  test_store_crash 1000 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"

enum { writers = 3, kills_per_store = 50 };

static int kills = 30;

typedef struct writer {
    rac_store *store;
    int round, id, acknowledge;
} writer;

typedef struct acknowledgement {
    int round, id, n;
    int64_t seq;
} acknowledgement;

static const char *key_of(rac_arena *arena, const acknowledgement *a)
{
    return rac_format(arena, "%d/%d/%d", a->round, a->id, a->n);
}

/* Appends until killed; each durable entry is told to the parent, and only then. */
static void *write_until_killed(void *context)
{
    const writer *w = context;
    for (int n = 0;; n++) {
        rac_arena *arena = rac_arena_new();
        acknowledgement a = {w->round, w->id, n, 0};
        rac_store_entry entry = reading(arena, "session/8812", n);
        rac_store_result result;
        entry.key = key_of(arena, &a);
        if (rac_store_append(w->store, &entry, 1, NULL, &result, NULL))
            _exit(1);
        a.seq = result.seq;
        if (write(w->acknowledge, &a, sizeof a) != sizeof a)
            _exit(2);
        rac_arena_free(arena);
    }
    return NULL;
}

static void run_child(const char *path, int round, int acknowledge)
{
    rac_store *store;
    writer all[writers];
    pthread_t running[writers];
    if (rac_store_open(path, NULL, &store, NULL))
        _exit(3);
    for (int i = 0; i < writers; i++) {
        all[i] = (writer){store, round, i, acknowledge};
        pthread_create(&running[i], NULL, write_until_killed, &all[i]);
    }
    for (;;)
        pause();
}

/* Kills a writing child after `delay_us` and checks every entry it had acknowledged. */
static int kill_once(fixture *f, int round, unsigned delay_us)
{
    rac_error err = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(f->path, round, ends[1]);
    }
    close(ends[1]);
    acknowledgement a;
    int seen = read(ends[0], &a, sizeof a) == sizeof a; /* it has begun */
    assert_int_equal(seen, 1);
    usleep(delay_us);
    kill(child, SIGKILL);
    int ended = 0;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended)); /* not by an error of its own */
    check_ok(rac_store_open(f->path, NULL, &f->store, &err));
    do {
        rac_arena *arena = rac_arena_new();
        rac_store_entry entry;
        check_ok(rac_store_find(arena, f->store, key_of(arena, &a), &entry, &err));
        assert_true(entry.seq == a.seq);
        rac_arena_free(arena);
        seen++;
    } while (read(ends[0], &a, sizeof a) == sizeof a);
    close(ends[0]);
    rac_store_report report;
    check_ok(rac_store_verify(f->store, NULL, &report, &err));
    assert_string_equal(report.what, "");
    const rac_store_entry next = reading(f->arena, "session/8812", round); /* and it goes on */
    check_ok(rac_store_append(f->store, &next, 1, NULL, NULL, &err));
    rac_store_close(f->store);
    f->store = NULL;
    return seen - 1;
}

static void test_store_crash__nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    int acknowledged = 0;
    void *own = NULL;
    for (int round = 0; round < kills; round++) {
        if (round % kills_per_store == 0) { /* a fresh store keeps long campaigns linear */
            if (own)
                fixture_close(&own);
            fixture_open(&own);
            rac_store_close(((fixture *)own)->store);
            ((fixture *)own)->store = NULL;
        }
        const unsigned delay_us = (unsigned)round * 7919u % 20011u; /* both prime: spread over 20 ms */
        acknowledged += kill_once(own, round, delay_us);
    }
    fixture_close(&own);
    printf("# %d kills, %d acknowledged entries, all found\n", kills, acknowledged);
    assert_true(acknowledged >= kills);
}

int main(int count, char **arguments)
{
    if (count > 1 && (kills = atoi(arguments[1])) < 1)
        return 2;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_store_crash__nothing_acknowledged_is_lost)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
