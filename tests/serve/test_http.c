/* The HTTP surface: every route with its headers, and everything that must be refused. */
#include "fixture.h"

/* A route's path with its stars filled. */
static char *example(fixture *f, const char *path)
{
    if (strcmp(path, "/api/sessions/*") == 0)
        return rac_string_copy(f->arena, "/api/sessions/1");
    if (strcmp(path, "/api/sessions/*/curve") == 0)
        return rac_string_copy(f->arena, "/api/sessions/1/curve");
    if (strcmp(path, "/api/do/*") == 0)
        return rac_string_copy(f->arena, "/api/do/note");
    if (strcmp(path, "/api/do/*/*") == 0)
        return rac_string_copy(f->arena, "/api/do/session/check-in");
    return rac_string_copy(f->arena, path);
}

/* What any response carries, whatever it answers. */
static void check_headers(const char *response)
{
    check_contains(response, "X-Content-Type-Options: nosniff");
    check_contains(response, "Referrer-Policy: no-referrer");
    check_contains(response, "Content-Security-Policy: default-src 'none'; script-src 'self'");
    check_contains(response, "frame-ancestors 'none'");
    assert_null(strstr(response, "unsafe"));
    assert_null(strstr(response, "Access-Control-Allow"));
    check_contains(response, "Cache-Control: no-store");
}

static void test_serve_http__every_route_answers_with_its_headers(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; rac_serve_route_at(i); i++) {
        const rac_serve_route *route = rac_serve_route_at(i);
        if (strcmp(route->path, "/api/live") == 0)
            continue; /* it does not end: test_live.c */
        const bool post = strcmp(route->method, "POST") == 0;
        const char *said =
            ask(f, route->method, example(f, route->path), post ? OWN : "", post ? "{}" : NULL);
        check_headers(said);
        if (route->person)
            assert_int_equal(code_of(said), 401);
        else if (!post && strcmp(route->path, "/api/health") != 0) /* 503 until the first alarm round */
            assert_int_equal(code_of(said), 200);
        assert_true(route->summary[0] != '\0');
    }
}

static void test_serve_http__another_method_is_405_and_says_which(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; rac_serve_route_at(i); i++) {
        const rac_serve_route *route = rac_serve_route_at(i);
        const char *said = ask(f, "DELETE", example(f, route->path), OWN, NULL);
        assert_int_equal(code_of(said), 405);
        check_contains(said, rac_format(f->arena, "Allow: %s", route->method));
        check_contains(said, "application/problem+json");
        check_headers(said);
    }
}

static void test_serve_http__post_from_elsewhere_is_refused(void **state)
{
    fixture *f = *state;
    static const char *const elsewhere[] = {
        "Content-Type: application/json\r\n",
        "Content-Type: application/json\r\nSec-Fetch-Site: cross-site\r\n",
        "Content-Type: application/json\r\nSec-Fetch-Site: same-site\r\n",
        "Content-Type: application/json\r\nOrigin: http://example.org\r\n",
        "Content-Type: application/json\r\nOrigin: null\r\n",
    };
    const char *cookie = sign_in(f, "nora");
    for (size_t i = 0; rac_serve_route_at(i); i++) {
        const rac_serve_route *route = rac_serve_route_at(i);
        for (size_t e = 0; strcmp(route->method, "POST") == 0 && e < sizeof elsewhere / sizeof *elsewhere;
             e++)
            assert_int_equal(code_of(ask(f, "POST", example(f, route->path),
                                         rac_format(f->arena, "%s%s", elsewhere[e], cookie),
                                         "{\"session\":\"1\",\"text\":\"x\"}")),
                             403);
    }
    const char *own =
        rac_format(f->arena, "Content-Type: application/json\r\nOrigin: http://127.0.0.1:%d\r\n%s",
                   f->where.http_port, cookie);
    assert_int_equal(code_of(ask(f, "POST", "/api/do/note", own,
                                 "{\"session\":\"1\",\"patient\":\"P0001\",\"text\":\"well\"}")),
                     200);
}

static void test_serve_http__another_hosts_name_is_refused(void **state)
{
    fixture *f = *state;
    const int s = dial(f->where.http_port);
    static const char request[] =
        "GET /api/board HTTP/1.1\r\nHost: rebound.example.org\r\nConnection: close\r\n\r\n";
    put(s, request, strlen(request));
    assert_int_equal(code_of(get_until(f, s, NULL)), 421);
    close(s);
}

static void test_serve_http__bodies_are_checked_before_they_are_read(void **state)
{
    fixture *f = *state;
    const char *cookie = sign_in(f, "nora");
    const char *own = rac_format(f->arena, "%s%s", OWN, cookie);
    char *large = rac_arena_alloc(f->arena, (1 << 20) + 100);
    memset(large, ' ', (1 << 20) + 99);
    const char *said = ask(f, "POST", "/api/do/note", own, large);
    assert_int_equal(code_of(said), 413);
    check_contains(said, "RAC_LIMIT");
    said = ask(f, "POST", "/api/do/note", own, "{\"session\": \"1\",\n \"text\" 3}");
    assert_int_equal(code_of(said), 400);
    check_contains(said, "\"line\":2");
    check_contains(said, "\"column\":");
    assert_int_equal(code_of(ask(f, "POST", "/api/do/note", own, "[]")), 400);
    assert_int_equal(code_of(ask(f, "POST", "/api/do/note", own, "{\"session\": 1}")), 400);
    assert_int_equal(
        code_of(ask(f, "POST", "/api/do/note",
                    rac_format(f->arena, "Content-Type: text/plain\r\nSec-Fetch-Site: none\r\n%s", cookie),
                    "{}")),
        415);
}

static void test_serve_http__what_is_unknown_is_404_as_problem_details(void **state)
{
    fixture *f = *state;
    static const char *const unknown[] = {"/api/",          "/api/none",  "/api/sessions/none",
                                          "/api/sessions/", "/none.html", "/../meson.build",
                                          "/.git/config"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        const char *said = ask(f, "GET", unknown[i], "", NULL);
        assert_int_equal(code_of(said), 404);
        check_contains(said, "application/problem+json");
        check_contains(said, "\"status_name\":\"RAC_NOT_FOUND\"");
        check_headers(said);
    }
    const char *own = rac_format(f->arena, "%s%s", OWN, sign_in(f, "nora"));
    assert_int_equal(code_of(ask(f, "POST", "/api/do/session/strat", own, "{}")), 404);
}

static void test_serve_http__acts_run_the_use_cases(void **state)
{
    fixture *f = *state;
    const char *own = rac_format(f->arena, "%s%s", OWN, sign_in(f, "nora"));
    const char *said = ask(f, "POST", "/api/do/read", own,
                           "{\"session\":\"1\",\"patient\":\"P0001\",\"values\":\"128/78 72 98 14\"}");
    if (code_of(said) != 200)
        fprintf(stderr, "%s\n", said);
    assert_int_equal(code_of(said), 200);
    check_contains(said, "\"text\":");
    check_contains(ask(f, "GET", "/api/sessions/1", "", NULL), "128");
    /* two tabs, two patients */
    said = ask(f, "POST", "/api/do/note", own, "{\"session\":\"1\",\"patient\":\"P0002\",\"text\":\"x\"}");
    assert_int_equal(code_of(said), 409);
    check_contains(said, "\"field\":\"patient\"");
    said = ask(f, "POST", "/api/do/note", own, "{\"session\":\"1\",\"text\":\"x\"}");
    assert_int_equal(code_of(said), 400);
    check_contains(said, "\"field\":\"patient\"");
    /* a nurse adopts no protocol; nobody touches this machine's files from a page, nor
     * holds a thread that answers pages */
    assert_int_equal(
        code_of(ask(f, "POST", "/api/do/protocol/adopt", own, "{\"file\":\"x\",\"values\":\"y\"}")), 403);
    static const char *const local[] = {"/api/do/backup", "/api/do/export", "/api/do/doctor",
                                        "/api/do/study/report", "/api/do/simulate"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        assert_int_equal(code_of(ask(f, "POST", local[i], own, "{\"to\":\"/tmp/racemate-never\"}")), 403);
    assert_int_not_equal(access("/tmp/racemate-never", F_OK), 0);
}

/* A model is its bytes, or the name of one that comes with the program. */
static void test_serve_http__a_model_is_found_by_its_name(void **state)
{
    fixture *f = *state;
    const char *own = rac_format(f->arena, "%s%s", OWN, sign_in(f, "nora"));
    const char *said =
        ask(f, "POST", "/api/do/model/explain", own, "{\"file\":\"racemic-venous\",\"parameter\":\"CL\"}");
    assert_int_equal(code_of(said), 200);
    check_contains(said, "Otto 2021");
    said = ask(f, "POST", "/api/do/model/explain", own, "{\"file\":\"racemic-vein\"}");
    assert_int_equal(code_of(said), 404);
    check_contains(said, "did you mean racemic-venous?");
    said = ask(f, "POST", "/api/do/model/show", own, "{\"file\":\"../models/racemic-venous.yaml\"}");
    assert_int_not_equal(code_of(said), 200); /* a path is no name: these are the bytes of a poor model */
}

static void test_serve_http__sign_in_gives_a_cookie_that_ends(void **state)
{
    fixture *f = *state;
    assert_int_equal(code_of(ask(f, "GET", "/api/me", "", NULL)), 401);
    const char *said = ask(f, "POST", "/api/sign-in", OWN, "{\"staff\":\"nora\",\"pin\":\"" PIN "\"}");
    check_contains(said, "; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    check_headers(said);
    const char *cookie = sign_in(f, "nora");
    check_contains(ask(f, "GET", "/api/me", cookie, NULL), "{\"role\":\"nurse\",\"staff\":\"nora\"}");
    assert_int_equal(code_of(ask(f, "POST", "/api/sign-out", rac_format(f->arena, "%s%s", OWN, cookie), "")),
                     200);
    assert_int_equal(code_of(ask(f, "GET", "/api/me", cookie, NULL)), 401);
    /* a cookie somebody else made up signs nobody in */
    said = rac_format(f->arena, "Cookie: racemate-%d=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
                      f->where.http_port);
    assert_int_equal(code_of(ask(f, "GET", "/api/me", said, NULL)), 401);
}

static void test_serve_http__wrong_pins_make_the_next_try_wait(void **state)
{
    fixture *f = *state;
    static const char wrong[] = "{\"staff\":\"nora\",\"pin\":\"0000\"}";
    const char *first = ask(f, "POST", "/api/sign-in", OWN, wrong);
    assert_int_equal(code_of(first), 401);
    const char *unknown = ask(f, "POST", "/api/sign-in", OWN, "{\"staff\":\"zoe\",\"pin\":\"0000\"}");
    assert_string_equal(strstr(first, "{\"detail\""), strstr(unknown, "{\"detail\""));
    for (int i = 0; i < 2; i++)
        assert_int_equal(code_of(ask(f, "POST", "/api/sign-in", OWN, wrong)), 401);
    const char *said = ask(f, "POST", "/api/sign-in", OWN, "{\"staff\":\"nora\",\"pin\":\"" PIN "\"}");
    assert_int_equal(code_of(said), 429);
    check_contains(said, "Retry-After: ");
    sign_in(f, "dora"); /* nobody else waits */
    usleep(1100000);
    sign_in(f, "nora"); /* and not for ever */
}

static char *header_value(fixture *f, const char *response, const char *name)
{
    const char *at = strstr(response, rac_format(f->arena, "\r\n%s: ", name));
    assert_non_null(at);
    at += strlen(name) + 4;
    return rac_format(f->arena, "%.*s", (int)strcspn(at, "\r"), at);
}

static void test_serve_http__pages_are_inside_the_program(void **state)
{
    fixture *f = *state;
    const char *said = ask(f, "GET", "/", "", NULL);
    assert_int_equal(code_of(said), 200);
    check_contains(said, "Content-Type: text/html; charset=utf-8");
    check_contains(said, "Content-Security-Policy: default-src 'none'; script-src 'self'");
    const rac_text page = file_bytes(f->arena, "web/index.html");
    assert_string_equal(strstr(said, "\r\n\r\n") + 4, page.data);
    const char *tag = header_value(f, said, "ETag");
    said = ask(f, "GET", "/", rac_format(f->arena, "If-None-Match: %s\r\n", tag), NULL);
    assert_int_equal(code_of(said), 304);
    said = ask(f, "HEAD", "/index.html", "", NULL);
    assert_int_equal(code_of(said), 200);
    assert_string_equal(strstr(said, "\r\n\r\n"), "\r\n\r\n");
    assert_int_equal(code_of(ask(f, "POST", "/index.html", OWN, "{}")), 405);
}

static void test_serve_http__health_tells_the_age_of_the_last_alarm_round(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    json_t *health = NULL;
    const char *said = ask(f, "GET", "/api/health", "", NULL);
    for (int i = 0; i < 50 && code_of(said) == 503; i++, usleep(20000))
        said = ask(f, "GET", "/api/health", "", NULL);
    assert_int_equal(code_of(said), 200);
    const char *body = strstr(said, "\r\n\r\n");
    check_ok(rac_json_parse(rac_text_of(body + 4), NULL, &health, &err));
    const json_t *age = json_object_get(health, "tick_age_ms");
    assert_true(json_is_integer(age));
    assert_in_range(json_integer_value(age), 0, 2000);
    assert_true(json_integer_value(json_object_get(health, "seq")) > 5);
    json_decref(health);
}

static void test_serve_http__only_this_machine_is_listened_on(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    static const char *const addresses[] = {"0.0.0.0", "192.168.0.10", "::", "example.org", ""};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        const rac_serve_options options = {.store = f->path, .address = addresses[i]};
        check_status(rac_serve_run(&options, &err), RAC_UNSUPPORTED);
        check_contains(err.message, "is not this machine");
    }
    const rac_serve_options taken = {.store = f->path, .http_port = f->where.http_port};
    check_status(rac_serve_run(&taken, &err), RAC_IO);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

RAC_TESTS(SERVED(test_serve_http__every_route_answers_with_its_headers),
          SERVED(test_serve_http__another_method_is_405_and_says_which),
          SERVED(test_serve_http__post_from_elsewhere_is_refused),
          SERVED(test_serve_http__another_hosts_name_is_refused),
          SERVED(test_serve_http__bodies_are_checked_before_they_are_read),
          SERVED(test_serve_http__what_is_unknown_is_404_as_problem_details),
          SERVED(test_serve_http__acts_run_the_use_cases),
          SERVED(test_serve_http__a_model_is_found_by_its_name),
          SERVED(test_serve_http__sign_in_gives_a_cookie_that_ends),
          SERVED(test_serve_http__wrong_pins_make_the_next_try_wait),
          SERVED(test_serve_http__pages_are_inside_the_program),
          SERVED(test_serve_http__health_tells_the_age_of_the_last_alarm_round),
          SERVED(test_serve_http__only_this_machine_is_listened_on))
