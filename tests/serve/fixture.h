/* A clinic in a directory of its own and a server for it in a child process, for the tests of serve. */
#ifndef RACEMATE_TESTS_SERVE_FIXTURE_H
#define RACEMATE_TESTS_SERVE_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "serve/serve.h"

#define PIN "4711"

typedef struct fixture {
    char directory[64];
    char path[96];
    rac_arena *arena;
    rac_app *app;  /* another process's view of the store: the server has its own */
    char hash[80]; /* of the adopted protocol */
    pid_t server;
    rac_serve_ready where;
} fixture;

/* ---- the clinic ---------------------------------------------------------------------------------- */

static inline rac_text file_bytes(rac_arena *arena, const char *name)
{
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/%s", root ? root : ".", name), "rb");
    assert_non_null(file);
    char *bytes = rac_arena_alloc(arena, 1 << 20);
    const size_t size = fread(bytes, 1, (1 << 20) - 1, file);
    fclose(file);
    return (rac_text){bytes, size};
}

/* Runs a use case with (name, value) pairs ended by NULL; the answer's JSON is borrowed until the end. */
static inline json_t *act(fixture *f, const char *actor, const char *noun, const char *verb,
                          const char *const *pairs)
{
    rac_error err = {0};
    rac_call call = {
        .app = f->app, .arena = f->arena, .actor = actor, .pin_checked = true, .source = "command"};
    rac_reply reply;
    check_ok(rac_use_case_find(noun, verb, &call.use_case, &err));
    for (; *pairs; pairs += 2)
        check_ok(rac_call_set(&call, pairs[0], pairs[1], strlen(pairs[1]), &err));
    check_ok(rac_use_case_run(&call, &reply, &err));
    return reply.json;
}
#define ACT(f, actor, noun, verb, ...) \
    json_decref(act((f), (actor), (noun), (verb), (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL}))

static inline void add_person(fixture *f, const char *actor, const char *id, const char *role)
{
    ACT(f, actor, "staff", "add", "id", id, "name", id, "role", role, "new-pin", PIN);
}

/* A session of patient `patient`, opened by an entry of the record; the screening is not what is tested. */
static inline void open_session(fixture *f, const char *id, const char *patient)
{
    rac_error err = {0};
    const rac_instant now = rac_app_now(f->app);
    const rac_event opened = {.kind = RAC_EVENT_OPENED,
                              .at = now,
                              .actor = "nora",
                              .source = "command",
                              .name = patient,
                              .text = "1",
                              .protocol_hash = f->hash,
                              .number = 1,
                              .fasting_h = -1};
    const rac_store_entry entry = {.subject = rac_format(f->arena, "session/%s", id),
                                   .kind = rac_event_name(opened.kind),
                                   .at = now,
                                   .recorded = now,
                                   .actor = "nora",
                                   .source = "command",
                                   .body = rac_event_encode(f->arena, &opened)};
    check_ok(rac_store_append(rac_app_store(f->app), &entry, 1, NULL, NULL, &err));
}

static inline void make_clinic(fixture *f)
{
    rac_error err = {0};
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    f->arena = rac_arena_new();
    snprintf(f->directory, sizeof f->directory, "/tmp/racemate-serve-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s/clinic.racemate", f->directory);
    check_ok(rac_app_create(f->path, "example", "Example Clinic", 60, true,
                            (rac_instant){(int64_t)t.tv_sec * 1000}, &err));
    check_ok(rac_app_open(f->path, NULL, &f->app, &err));
    add_person(f, NULL, "dora", "director");
    add_person(f, "dora", "nora", "nurse");
    const rac_text protocol = file_bytes(f->arena, "protocols/depression-iv-standard.yaml");
    const rac_text values = file_bytes(f->arena, "protocols/demo-site.yaml");
    json_t *adopted = act(f, "dora", "protocol", "adopt",
                          (const char *const[]){"file", protocol.data, "values", values.data, NULL});
    snprintf(f->hash, sizeof f->hash, "%s", json_string_value(json_object_get(adopted, "hash")));
    json_decref(adopted);
    ACT(f, "nora", "patient", "add", "name", "Ada Byron", "born", "1988-04-30");
    ACT(f, "nora", "patient", "add", "name", "Bo Example", "born", "1975-01-02");
    open_session(f, "1", "P0001");
    ACT(f, "nora", "session", "bind", "session", "1", "device", "MONITOR-1", "every", "1s");
}

/* ---- the server ---------------------------------------------------------------------------------- */

static inline void tell_ready(void *context, const rac_serve_ready *where)
{
    const int *pipe_end = context;
    if (write(*pipe_end, where, sizeof *where) != sizeof *where)
        _exit(3);
}

static inline void start_server(fixture *f)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    f->server = fork();
    if (f->server == 0) {
        rac_error err = {0};
        const rac_serve_options options = {
            .store = f->path, .mllp_port = -1, .ready = tell_ready, .context = &ends[1]};
        close(ends[0]);
        if (rac_serve_run(&options, &err)) {
            fprintf(stderr, "server: %s\n", err.message);
            _exit(4);
        }
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &f->where, sizeof f->where), sizeof f->where);
    close(ends[0]);
}

/* Its exit code, -1 when a signal ended it. */
static inline int end_server(fixture *f, int signal_number)
{
    int status = 0;
    kill(f->server, signal_number);
    waitpid(f->server, &status, 0);
    f->server = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int fixture_open(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    make_clinic(f);
    start_server(f);
    *state = f;
    return 0;
}

static inline int fixture_close(void **state)
{
    fixture *f = *state;
    if (f->server)
        assert_int_equal(end_server(f, SIGTERM), 0); /* every test also tests a clean stop */
    rac_app_close(f->app);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++)
        unlink(rac_format(f->arena, "%s%s", f->path, endings[i]));
    rmdir(f->directory);
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

/* ---- sockets ------------------------------------------------------------------------------------- */

static inline int dial(int port)
{
    const struct sockaddr_in where = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(s, (const struct sockaddr *)&where, sizeof where), 0);
    return s;
}

static inline void put(int s, const char *bytes, size_t size)
{
    while (size) {
        const ssize_t n = send(s, bytes, size, MSG_NOSIGNAL);
        assert_true(n > 0);
        bytes += n;
        size -= (size_t)n;
    }
}

/* Reads until `words` appear, the other side closes, or 5 s have passed. */
static inline char *get_until(fixture *f, int s, const char *words)
{
    enum { room = 1 << 20 };
    char *buffer = rac_arena_alloc(f->arena, room);
    size_t size = 0;
    struct pollfd one = {s, POLLIN, 0};
    while (size + 1 < room && !(words && memmem(buffer, size, words, strlen(words))) &&
           poll(&one, 1, 5000) > 0) {
        const ssize_t n = recv(s, buffer + size, room - 1 - size, 0);
        if (n <= 0)
            break;
        size += (size_t)n;
    }
    return buffer;
}

/* One HTTP exchange; the whole response as text.  `headers` end each with CRLF. */
static inline char *ask(fixture *f, const char *method, const char *path, const char *headers,
                        const char *body)
{
    const int s = dial(f->where.http_port);
    const char *request =
        rac_format(f->arena, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%s", method, path,
                   f->where.http_port, headers);
    request = body ? rac_format(f->arena, "%sContent-Length: %zu\r\n\r\n%s", request, strlen(body), body)
                   : rac_format(f->arena, "%s\r\n", request);
    put(s, request, strlen(request));
    char *response = get_until(f, s, NULL);
    close(s);
    return response;
}

static inline int code_of(const char *response)
{
    return strncmp(response, "HTTP/1.1 ", 9) == 0 ? atoi(response + 9) : 0;
}

#define OWN "Content-Type: application/json\r\nSec-Fetch-Site: same-origin\r\n"

/* The Cookie header of a fresh sign-in. */
static inline char *sign_in(fixture *f, const char *staff)
{
    const char *said = ask(f, "POST", "/api/sign-in", OWN,
                           rac_format(f->arena, "{\"staff\":\"%s\",\"pin\":\"" PIN "\"}", staff));
    assert_int_equal(code_of(said), 200);
    const char *cookie = strstr(said, "Set-Cookie: ");
    assert_non_null(cookie);
    cookie += strlen("Set-Cookie: ");
    return rac_format(f->arena, "Cookie: %.*s\r\n", (int)strcspn(cookie, ";"), cookie);
}

/* ---- HL7 ------------------------------------------------------------------------------------------ */

/* Pulse, saturation and breaths of MONITOR at `at`, framed. */
static inline char *framed_reading(fixture *f, const char *device, const char *control_id, rac_instant at,
                                   int pulse)
{
    const time_t seconds = (time_t)(at.ms / 1000);
    struct tm utc;
    char when[40];
    gmtime_r(&seconds, &utc);
    strftime(when, sizeof when, "%Y%m%d%H%M%S+0000", &utc);
    return rac_format(
        f->arena,
        "\x0bMSH|^~\\&|TEST||||%s||ORU^R01^ORU_R01|%s|P|2.6|||NE|AL\r"
        "PID|||P0001\rOBR|1||||||%s\r"
        "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|%d|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|"
        "||%s||||%s\r"
        "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.2|97|262688^MDC_DIM_PERCENT^MDC|||||R|"
        "||%s||||%s\r\x1c\r",
        when, control_id, when, pulse, when, device, when, device);
}

#endif
