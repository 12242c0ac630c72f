/* kill -9 of the server at random moments while a monitor sends: no acknowledged reading is lost, the
 * chain is whole, and the session goes on at once.  The number of kills is the first argument (20 when
 * there is none):  test_serve_crash 1000 */
#include "fixture.h"

static int kills = 20;

/* Sends readings one second apart until the server dies; the number acknowledged. */
static int send_until_dead(fixture *f, int round, rac_instant *at, int64_t kill_at_us)
{
    const int s = dial(f->where.mllp_port);
    struct timespec start, now;
    int acknowledged = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (bool killed = false;; at->ms += 1000) {
        const char *id = rac_format(f->arena, "%d/%d", round, acknowledged);
        const char *frame = framed_reading(f, "MONITOR-1", id, *at, 60 + round % 60);
        if (send(s, frame, strlen(frame), MSG_NOSIGNAL) < 0)
            break;
        clock_gettime(CLOCK_MONOTONIC, &now);
        const int64_t passed = (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000;
        if (!killed && passed >= kill_at_us) {
            /* between sending and the answer, where it hurts most */
            usleep((unsigned)(passed % 2000));
            kill(f->server, SIGKILL);
            killed = true;
        }
        const char *said = get_until(f, s, "\x1c\r");
        if (!strstr(said, rac_format(f->arena, "MSA|AA|%s\r", id)))
            break;
        acknowledged++;
    }
    close(s);
    return acknowledged;
}

static size_t stored_readings(fixture *f)
{
    rac_error err = {0};
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.subject = "session/1", .kind = "reading"};
    check_ok(rac_store_load(f->arena, rac_app_store(f->app), &query, &entries, &count, &err));
    return count;
}

static void check_whole(fixture *f)
{
    rac_error err = {0};
    rac_store_report report;
    check_ok(rac_store_verify(rac_app_store(f->app), NULL, &report, &err));
    assert_int_equal(report.finding, RAC_STORE_INTACT);
}

static void test_serve_crash__no_acknowledged_reading_is_lost(void **state)
{
    fixture *f = *state;
    rac_arena *whole = f->arena;
    rac_instant at = {rac_app_now(f->app).ms / 1000 * 1000 - 3600 * 1000};
    size_t acknowledged = 0;
    for (int round = 0; round < kills; round++) {
        uint64_t chance = (uint64_t)round * 2654435761u;
        f->arena = rac_arena_new();
        const int64_t delay_us = (int64_t)(chance % 60000);
        const size_t before = stored_readings(f);
        acknowledged = (size_t)send_until_dead(f, round, &at, delay_us);
        waitpid(f->server, NULL, 0);
        f->server = 0;
        const size_t after = stored_readings(f);
        /* all that was acknowledged, and at most the one that was not yet */
        assert_in_range(after - before, acknowledged, acknowledged + 1);
        check_whole(f);
        at.ms += 1000; /* the one in doubt keeps its own instant */
        start_server(f);
        assert_int_equal(code_of(ask(f, "GET", "/api/sessions/1", "", NULL)), 200);
        rac_arena_free(f->arena);
        f->arena = whole;
        if (at.ms > rac_app_now(f->app).ms - 600 * 1000)
            at.ms -= 3000 * 1000 - 500; /* between the instants already used */
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        test_serve_crash__no_acknowledged_reading_is_lost, fixture_open, fixture_close)};
    if (argc > 1)
        kills = atoi(argv[1]);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
