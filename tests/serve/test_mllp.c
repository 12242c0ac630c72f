/* Messages over a real socket: stored, then acknowledged. */
#include <dirent.h>

#include "fixture.h"

/* Entries of a subject (NULL: all) and kind now in the store. */
static size_t count_entries(fixture *f, const char *subject, const char *kind)
{
    rac_error err = {0};
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.subject = subject, .kind = kind};
    check_ok(rac_store_load(f->arena, rac_app_store(f->app), &query, &entries, &count, &err));
    return count;
}

static char *send_framed(fixture *f, int s, const char *frame, size_t size)
{
    put(s, frame, size);
    return get_until(f, s, "\x1c\r");
}

static rac_instant seconds_ago(const fixture *f, int seconds)
{
    return (rac_instant){rac_app_now(f->app).ms / 1000 * 1000 - seconds * 1000};
}

static void test_serve_mllp__a_bound_monitor_is_charted_before_it_is_acknowledged(void **state)
{
    fixture *f = *state;
    const int s = dial(f->where.mllp_port);
    const char *frame = framed_reading(f, "MONITOR-1", "A1", seconds_ago(f, 2), 72);
    const char *said = send_framed(f, s, frame, strlen(frame));
    assert_int_equal(count_entries(f, "session/1", "reading"), 1); /* already there when the answer is */
    check_contains(said, "MSA|AA|A1");
    check_contains(ask(f, "GET", "/api/sessions/1", "", NULL), "\"hr\":{");
    /* once more: acknowledged again, stored once */
    check_contains(send_framed(f, s, frame, strlen(frame)), "MSA|AA|A1");
    assert_int_equal(count_entries(f, "session/1", "reading"), 1);
    close(s);
}

static void test_serve_mllp__an_unbound_monitor_is_kept_and_charted_nowhere(void **state)
{
    fixture *f = *state;
    const int s = dial(f->where.mllp_port);
    const char *frame = framed_reading(f, "MONITOR-9", "A1", seconds_ago(f, 2), 72);
    check_contains(send_framed(f, s, frame, strlen(frame)), "MSA|AA|A1");
    assert_int_equal(count_entries(f, "session/1", "reading"), 0);
    assert_int_equal(count_entries(f, "device/MONITOR-9", "reading"), 1);
    close(s);
}

static void test_serve_mllp__another_patients_reading_is_refused(void **state)
{
    fixture *f = *state;
    const int s = dial(f->where.mllp_port);
    char *frame = framed_reading(f, "MONITOR-1", "A1", seconds_ago(f, 2), 72);
    memcpy(strstr(frame, "P0001"), "P0002", 5);
    const char *said = send_framed(f, s, frame, strlen(frame));
    check_contains(said, "MSA|AE|A1");
    check_contains(said, "another patient");
    assert_int_equal(count_entries(f, "session/1", "reading"), 0);
    close(s);
}

static void test_serve_mllp__what_the_device_calls_invalid_is_kept_as_invalid(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_entry *entries;
    size_t count;
    const int s = dial(f->where.mllp_port);
    char *frame = framed_reading(f, "MONITOR-1", "A1", seconds_ago(f, 2), 72);
    /* OBX-8 of the pulse becomes INV */
    char *flags = strstr(frame, "MDC_DIM_BEAT_PER_MIN^MDC|||||R") + strlen("MDC_DIM_BEAT_PER_MIN^MDC");
    frame = rac_format(f->arena, "%.*s||INV|||R%s", (int)(flags - frame), frame, flags + strlen("|||||R"));
    check_contains(send_framed(f, s, frame, strlen(frame)), "MSA|AA|A1");
    const rac_store_query query = {.subject = "session/1", .kind = "reading"};
    check_ok(rac_store_load(f->arena, rac_app_store(f->app), &query, &entries, &count, &err));
    assert_int_equal(count, 1);
    check_contains(entries[0].body, "\"quality\":\"invalid\"");
    check_contains(entries[0].body, "INV");
    check_contains(entries[0].body, "\"quality\":\"measured\"");
    close(s);
}

/* AA, or CA where MSH-15 asks for an accept acknowledgement. */
static bool is_accepted(const char *said)
{
    return strstr(said, "MSA|AA|") || strstr(said, "MSA|CA|");
}

static void test_serve_mllp__published_messages_are_acknowledged(void **state)
{
    fixture *f = *state;
    const char *folder = rac_format(f->arena, "%s/tests/data/hl7", getenv("RACEMATE_SOURCE"));
    DIR *directory = opendir(folder);
    size_t sent = 0;
    assert_non_null(directory);
    const int s = dial(f->where.mllp_port);
    for (const struct dirent *one; (one = readdir(directory));) {
        const char *ending = strstr(one->d_name, ".hl7");
        if (!ending || strstr(one->d_name, "_ack_")) /* acknowledgements are not acknowledged */
            continue;
        const rac_text bytes = file_bytes(f->arena, rac_format(f->arena, "tests/data/hl7/%s", one->d_name));
        const char *frame = rac_format(f->arena, "\x0b%.*s\x1c\r", RAC_TEXT(bytes));
        const size_t before = count_entries(f, NULL, "reading");
        assert_true(is_accepted(send_framed(f, s, frame, strlen(frame))));
        const size_t stored = count_entries(f, NULL, "reading");
        assert_true(is_accepted(send_framed(f, s, frame, strlen(frame))));
        assert_int_equal(count_entries(f, NULL, "reading"), stored);
        sent += stored > before;
    }
    closedir(directory);
    close(s);
    assert_true(sent >= 3); /* files with a reading a session knows */
}

static void test_serve_mllp__bytes_may_come_one_at_a_time(void **state)
{
    fixture *f = *state;
    const int s = dial(f->where.mllp_port);
    const char *frame = framed_reading(f, "MONITOR-1", "A1", seconds_ago(f, 2), 72);
    for (size_t i = 0; frame[i]; i++)
        put(s, frame + i, 1);
    check_contains(get_until(f, s, "\x1c\r"), "MSA|AA|A1");
    close(s);
}

static void test_serve_mllp__three_frames_in_one_write_get_three_answers(void **state)
{
    fixture *f = *state;
    const int s = dial(f->where.mllp_port);
    const char *frames =
        rac_format(f->arena, "%s%s%s", framed_reading(f, "MONITOR-1", "A1", seconds_ago(f, 3), 71),
                   framed_reading(f, "MONITOR-1", "A2", seconds_ago(f, 2), 72),
                   framed_reading(f, "MONITOR-1", "A3", seconds_ago(f, 1), 73));
    put(s, frames, strlen(frames));
    const char *said = "";
    while (!strstr(said, "MSA|AA|A3")) {
        const char *more = get_until(f, s, "\x1c\r");
        assert_true(more[0] != '\0');
        said = rac_format(f->arena, "%s%s", said, more);
    }
    check_contains(said, "MSA|AA|A1");
    check_contains(said, "MSA|AA|A2");
    assert_int_equal(count_entries(f, "session/1", "reading"), 3);
    close(s);
}

static void test_serve_mllp__garbage_is_refused_and_the_connection_lives(void **state)
{
    fixture *f = *state;
    const int s = dial(f->where.mllp_port);
    static const char garbage[] = "GET / HTTP/1.1\r\n\r\n\x0bthis is not HL7\x1c\r";
    check_contains(send_framed(f, s, garbage, strlen(garbage)), "MSA|AR|");
    static const char empty[] = "\x0b\x1c\r";
    check_contains(send_framed(f, s, empty, strlen(empty)), "MSA|AR|");
    static const char order[] = "\x0bMSH|^~\\&|A||||20260302101500+0000||ORM^O01|7|P|2.6\r\x1c\r";
    check_contains(send_framed(f, s, order, strlen(order)), "MSA|AR|7");
    /* a message that was cut off by the next one */
    const char *whole = framed_reading(f, "MONITOR-1", "A2", seconds_ago(f, 1), 72);
    const char *both = rac_format(f->arena, "\x0bMSH|^~\\&|A|%s", whole);
    put(s, both, strlen(both));
    check_contains(get_until(f, s, "MSA|AA|A2"), "MSA|AA|A2");
    close(s);
}

/* An entry nobody can read in one session must not cut off the monitors and alarms of the others. */
static void test_serve_mllp__a_damaged_session_does_not_cut_off_the_others(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const rac_instant now = rac_app_now(f->app);
    open_session(f, "2", "P0002");
    const rac_store_entry unreadable = {.subject = "session/2",
                                        .kind = "reading",
                                        .at = now,
                                        .recorded = now,
                                        .actor = "test",
                                        .source = "test",
                                        .body = "{\"readings\":7}"};
    check_ok(rac_store_append(rac_app_store(f->app), &unreadable, 1, NULL, NULL, &err));
    assert_int_not_equal(code_of(ask(f, "GET", "/api/sessions/2", "", NULL)), 200);
    const int s = dial(f->where.mllp_port);
    const char *frame = framed_reading(f, "MONITOR-1", "A1", seconds_ago(f, 2), 72);
    check_contains(send_framed(f, s, frame, strlen(frame)), "MSA|AA|A1");
    assert_int_equal(count_entries(f, "session/1", "reading"), 1);
    close(s);
    assert_int_not_equal(rac_app_tick(f->app, &err), RAC_OK); /* told ... */
    rac_case seen;
    check_ok(rac_case_load(f->app, f->arena, "1", (rac_instant){now.ms + 600000}, &seen, &err));
    check_ok(rac_case_commit(f->app, f->arena, &seen, NULL, 0, NULL, (rac_instant){now.ms + 600000}, NULL,
                             &err)); /* ... and session 1 goes on */
}

static void test_serve_mllp__a_truncated_message_is_never_stored(void **state)
{
    fixture *f = *state;
    const char *frame = framed_reading(f, "MONITOR-1", "A1", seconds_ago(f, 1), 72);
    const int s = dial(f->where.mllp_port);
    put(s, frame, strlen(frame) - 20);
    shutdown(s, SHUT_WR);
    get_until(f, s, NULL);
    close(s);
    assert_int_equal(count_entries(f, "session/1", "reading"), 0);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

RAC_TESTS(SERVED(test_serve_mllp__a_bound_monitor_is_charted_before_it_is_acknowledged),
          SERVED(test_serve_mllp__an_unbound_monitor_is_kept_and_charted_nowhere),
          SERVED(test_serve_mllp__another_patients_reading_is_refused),
          SERVED(test_serve_mllp__what_the_device_calls_invalid_is_kept_as_invalid),
          SERVED(test_serve_mllp__published_messages_are_acknowledged),
          SERVED(test_serve_mllp__bytes_may_come_one_at_a_time),
          SERVED(test_serve_mllp__three_frames_in_one_write_get_three_answers),
          SERVED(test_serve_mllp__garbage_is_refused_and_the_connection_lives),
          SERVED(test_serve_mllp__a_damaged_session_does_not_cut_off_the_others),
          SERVED(test_serve_mllp__a_truncated_message_is_never_stored))
