/* Server-sent events: what one process records, the pages of another hear of. */
#include "fixture.h"

static int listen_live(fixture *f, const char *last_event_id)
{
    const int s = dial(f->where.http_port);
    const char *request =
        rac_format(f->arena, "GET /api/live HTTP/1.1\r\nHost: localhost:%d\r\n%s\r\n", f->where.http_port,
                   last_event_id ? rac_format(f->arena, "Last-Event-ID: %s\r\n", last_event_id) : "");
    put(s, request, strlen(request));
    return s;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

static void test_serve_live__hears_what_another_process_recorded(void **state)
{
    fixture *f = *state;
    const int s = listen_live(f, NULL);
    const char *opening = get_until(f, s, "event: resync\ndata: {}\n\n");
    check_contains(opening, "Content-Type: text/event-stream");
    check_contains(opening, "Cache-Control: no-store");
    check_contains(opening, "event: resync");
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    ACT(f, "nora", "note", NULL, "session", "1", "text", "from the command line");
    const char *heard = get_until(f, s, "event: board\ndata: {\"id\":\"1\"}");
    check_contains(heard, "event: session\ndata: {\"id\":\"1\"}\n\n");
    check_contains(heard, "event: board\ndata: {\"id\":\"1\"}");
    assert_true(seconds_since(&start) < 1.0);
    close(s);
}

/* An open stream is no proof of life; beats are (RS-14). */
static void test_serve_live__a_quiet_stream_beats(void **state)
{
    fixture *f = *state;
    struct timespec start;
    const int s = listen_live(f, NULL);
    check_contains(get_until(f, s, ": beat\n\n"), ": beat\n\n"); /* at once */
    clock_gettime(CLOCK_MONOTONIC, &start);
    const char *heard = "";
    while (!strstr(heard, ": beat\n\n") && seconds_since(&start) < 15)
        heard = get_until(f, s, ": beat\n\n");
    assert_true(seconds_since(&start) < 11.5);
    close(s);
}

/* The id of the last event in what was heard. */
static char *last_id(fixture *f, const char *heard)
{
    const char *id = NULL;
    for (const char *at = heard; (at = strstr(at, "id: ")); at++)
        id = at + strlen("id: ");
    assert_non_null(id);
    return rac_format(f->arena, "%.*s", (int)strcspn(id, "\n"), id);
}

static void test_serve_live__a_page_that_reconnects_misses_nothing(void **state)
{
    fixture *f = *state;
    int s = listen_live(f, NULL);
    get_until(f, s, "event: resync\ndata: {}\n\n");
    ACT(f, "nora", "note", NULL, "session", "1", "text", "one");
    const char *id = last_id(f, get_until(f, s, "event: board\ndata: {\"id\":\"1\"}\n\n"));
    close(s);
    ACT(f, "nora", "patient", "add", "name", "Cy Example");
    usleep(400000);
    s = listen_live(f, id);
    const char *heard = get_until(f, s, "event: board\ndata: {\"id\":\"patient/P0003\"}\n\n");
    check_contains(heard, "event: board\ndata: {\"id\":\"patient/P0003\"}");
    assert_null(strstr(heard, "resync"));
    close(s);
}

static void test_serve_live__an_id_of_another_server_means_fetch_everything(void **state)
{
    fixture *f = *state;
    static const char *const ids[] = {"00000000.1", "nonsense", "1", ""};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const int s = listen_live(f, ids[i]);
        check_contains(get_until(f, s, "event: resync"), "event: resync");
        close(s);
    }
}

/* A reader that stopped reading costs a cursor: the ring laps it and it is told so. */
static void test_serve_live__a_lapped_reader_is_told_to_fetch_everything(void **state)
{
    fixture *f = *state;
    int s = listen_live(f, NULL);
    const char *id = last_id(f, get_until(f, s, "event: resync\ndata: {}\n\n"));
    close(s);
    rac_error err = {0};
    const rac_instant now = rac_app_now(f->app);
    enum { many = 1100 };
    rac_store_entry *entries = rac_many(f->arena, rac_store_entry, many);
    for (int i = 0; i < many; i++)
        entries[i] = (rac_store_entry){.subject = rac_format(f->arena, "device/%d", i),
                                       .kind = "reading",
                                       .at = now,
                                       .recorded = now,
                                       .actor = "test",
                                       .source = "test",
                                       .body = "{}"};
    check_ok(rac_store_append(rac_app_store(f->app), entries, many, NULL, NULL, &err));
    usleep(600000);
    s = listen_live(f, id);
    check_contains(get_until(f, s, "event: resync"), "event: resync");
    close(s);
}

/* libmicrohttpd aborts when it is stopped with a suspended connection. */
static void test_serve_live__the_server_stops_with_streams_open(void **state)
{
    fixture *f = *state;
    int streams[20];
    for (size_t i = 0; i < 20; i++) {
        streams[i] = listen_live(f, NULL);
        get_until(f, streams[i], "event: resync\ndata: {}\n\n");
    }
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    assert_int_equal(end_server(f, SIGTERM), 0);
    assert_true(seconds_since(&start) < 2.0);
    for (size_t i = 0; i < 20; i++) {
        get_until(f, streams[i], NULL); /* ends, rather than hangs */
        close(streams[i]);
    }
    assert_true(seconds_since(&start) < 4.0);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

RAC_TESTS(SERVED(test_serve_live__hears_what_another_process_recorded),
          SERVED(test_serve_live__a_quiet_stream_beats),
          SERVED(test_serve_live__a_page_that_reconnects_misses_nothing),
          SERVED(test_serve_live__an_id_of_another_server_means_fetch_everything),
          SERVED(test_serve_live__a_lapped_reader_is_told_to_fetch_everything),
          SERVED(test_serve_live__the_server_stops_with_streams_open))
