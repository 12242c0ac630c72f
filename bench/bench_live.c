/* bench_live.c: from a monitor's message to an open page, through the real sockets of the real server.
 *
 *     bench_live DIRECTORY [SESSIONS [SECONDS [HISTORY]]]   (50 sessions, 20 s, sessions HISTORY = 0 s old)
 *
 * Every session has its own connection and sends one message of five values a second; one page listens to
 * the server-sent events.  Prints the time from writing the message to its acknowledgement (durable) and
 * to the event on the page, the server's processor time, and its memory. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "serve/serve.h"

enum { sessions_max = 2000 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_live: %s\n", what);
    exit(1);
}

/* ---- a clinic with open sessions ------------------------------------------------------------------- */

static char *file_text(rac_arena *arena, const char *name)
{
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/%s", root ? root : ".", name), "rb");
    char *bytes = rac_arena_alloc(arena, 1 << 20);
    if (!file || !fread(bytes, 1, (1 << 20) - 1, file))
        die("run it in the source directory, or set RACEMATE_SOURCE");
    fclose(file);
    return bytes;
}

static json_t *act(rac_app *app, rac_arena *arena, const char *actor, const char *noun, const char *verb,
                   const char *const *pairs)
{
    rac_error err = {0};
    rac_call call = {.app = app, .arena = arena, .actor = actor, .pin_checked = true, .source = "command"};
    rac_reply reply;
    rac_status status = rac_use_case_find(noun, verb, &call.use_case, &err);
    for (; !status && *pairs; pairs += 2)
        status = rac_call_set(&call, pairs[0], pairs[1], strlen(pairs[1]), &err);
    if (status || rac_use_case_run(&call, &reply, &err))
        die(err.message);
    return reply.json;
}
#define ACT(...) json_decref(act(__VA_ARGS__))
#define PAIRS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

static void open_session(rac_app *app, rac_arena *arena, int n, const char *hash)
{
    rac_error err = {0};
    const rac_instant now = rac_app_now(app);
    const char *id = rac_format(arena, "%d", n), *patient = rac_format(arena, "P%04d", n);
    const rac_event events[] = {{.kind = RAC_EVENT_OPENED,
                                 .name = patient,
                                 .text = id,
                                 .protocol_hash = hash,
                                 .number = 1,
                                 .fasting_h = -1},
                                {.kind = RAC_EVENT_DEVICE_BOUND,
                                 .name = rac_format(arena, "MONITOR-%d", n),
                                 .interval = {1000},
                                 .fasting_h = -1}};
    ACT(app, arena, "dora", "patient", "add", PAIRS("name", patient));
    for (size_t i = 0; i < 2; i++) {
        const rac_store_entry entry = {.subject = rac_format(arena, "session/%s", id),
                                       .kind = rac_event_name(events[i].kind),
                                       .at = now,
                                       .recorded = now,
                                       .actor = "dora",
                                       .source = "command",
                                       .body = rac_event_encode(arena, &events[i])};
        if (rac_store_append(rac_app_store(app), &entry, 1, NULL, NULL, &err))
            die(err.message);
    }
}

/* A reading of five values a second for `history` seconds until now. */
static void add_history(rac_app *app, int n, int history)
{
    enum { values = 5 };
    static const rac_reading_value measured[values] = {{.kind = RAC_READING_HR, .value = 71},
                                                       {.kind = RAC_READING_SPO2, .value = 97},
                                                       {.kind = RAC_READING_RR, .value = 14},
                                                       {.kind = RAC_READING_SBP, .value = 124},
                                                       {.kind = RAC_READING_DBP, .value = 76}};
    rac_error err = {0};
    rac_arena *arena = rac_arena_new();
    rac_reading_value copy[values];
    memcpy(copy, measured, sizeof copy);
    const rac_event event = {.kind = RAC_EVENT_READING,
                             .name = rac_format(arena, "MONITOR-%d", n),
                             .readings = copy,
                             .reading_count = values,
                             .fasting_h = -1};
    const char *body = rac_event_encode(arena, &event), *subject = rac_format(arena, "session/%d", n);
    rac_store_entry *entries = rac_many(arena, rac_store_entry, (size_t)history);
    const rac_instant now = rac_app_now(app);
    for (int i = 0; i < history; i++) {
        const rac_instant at = {now.ms - (history - i) * 1000};
        entries[i] = (rac_store_entry){.subject = subject,
                                       .kind = rac_event_name(event.kind),
                                       .at = at,
                                       .recorded = at,
                                       .actor = event.name,
                                       .source = "hl7:BENCH",
                                       .body = body};
    }
    if (history && rac_store_append(rac_app_store(app), entries, (size_t)history, NULL, NULL, &err))
        die(err.message);
    rac_arena_free(arena);
}

static void make_clinic(const char *path, int sessions, int history)
{
    rac_error err = {0};
    rac_app *app;
    rac_arena *arena = rac_arena_new();
    if (rac_app_create(path, "bench", "Bench", 0, true, (rac_instant){(int64_t)time(NULL) * 1000}, &err) ||
        rac_app_open(path, NULL, &app, &err))
        die(err.message);
    ACT(app, arena, NULL, "staff", "add",
        PAIRS("id", "dora", "name", "Dora", "role", "director", "new-pin", "4711"));
    json_t *adopted = act(app, arena, "dora", "protocol", "adopt",
                          PAIRS("file", file_text(arena, "protocols/depression-iv-standard.yaml"), "values",
                                file_text(arena, "protocols/demo-site.yaml")));
    const char *hash = rac_string_copy(arena, json_string_value(json_object_get(adopted, "hash")));
    json_decref(adopted);
    for (int i = 1; i <= sessions; i++) {
        open_session(app, arena, i, hash);
        add_history(app, i, history);
    }
    rac_app_close(app);
    rac_arena_free(arena);
}

/* ---- the server ------------------------------------------------------------------------------------ */

static void tell_ready(void *context, const rac_serve_ready *where)
{
    if (write(*(const int *)context, where, sizeof *where) != sizeof *where)
        _exit(3);
}

static void tell_log(void *context, rac_status status, const char *line)
{
    (void)context;
    if (status)
        fprintf(stderr, "server: %s: %s\n", rac_status_name(status), line);
}

static pid_t start_server(const char *path, rac_serve_ready *where)
{
    int ends[2];
    if (pipe(ends))
        die("no pipe");
    const pid_t child = fork();
    if (child == 0) {
        rac_error err = {0};
        const rac_serve_options options = {
            .store = path, .mllp_port = -1, .ready = tell_ready, .log = tell_log, .context = &ends[1]};
        _exit(rac_serve_run(&options, &err) ? 1 : 0);
    }
    close(ends[1]);
    if (read(ends[0], where, sizeof *where) != sizeof *where)
        die("the server did not start");
    close(ends[0]);
    return child;
}

/* The value in kB of a line of /proc/PID/status. */
static long memory_kb(pid_t pid, const char *line)
{
    char path[64], text[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(text, sizeof text, file))
        if (strncmp(text, line, strlen(line)) == 0)
            kb = strtol(text + strlen(line), NULL, 10);
    if (file)
        fclose(file);
    return kb;
}

/* Processor time the server has used. */
static double cpu_s(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
        die("no processor time");
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

/* ---- monitors and the page --------------------------------------------------------------------------- */

static int dial(int port)
{
    const struct sockaddr_in where = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (connect(s, (const struct sockaddr *)&where, sizeof where))
        die("cannot connect");
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return s;
}

/* Until the alarm engine has looked at every session once. */
static void wait_for_first_round(int port)
{
    for (bool ticked = false; !ticked;) {
        char bytes[4096];
        const int s = dial(port);
        int size =
            snprintf(bytes, sizeof bytes,
                     "GET /api/health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n", port);
        ssize_t n = send(s, bytes, (size_t)size, 0);
        for (size = 0; n > 0 && size < (int)sizeof bytes; size += (int)n)
            n = recv(s, bytes + size, sizeof bytes - (size_t)size, 0);
        close(s);
        ticked = memmem(bytes, (size_t)size, "tick_age_ms", 11) &&
                 !memmem(bytes, (size_t)size, "\"tick_age_ms\":null", 18);
        usleep(5000);
    }
}

typedef struct monitor {
    int socket;
    double due_s, sent_s; /* sent_s: 0 when nothing is under way */
    bool acknowledged, heard;
    int number;
} monitor;

typedef struct samples {
    double *ms;
    size_t count, capacity;
} samples;

static void add(samples *s, double ms)
{
    if (s->count < s->capacity)
        s->ms[s->count++] = ms;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(samples *s, double p)
{
    if (!s->count)
        return 0;
    qsort(s->ms, s->count, sizeof *s->ms, by_size);
    return s->ms[(size_t)(p * (double)(s->count - 1))];
}

static void send_reading(monitor *m, int n)
{
    static const struct {
        const char *code, *unit;
        int value;
    } rows[] = {{"147842^MDC_ECG_HEART_RATE^MDC", "264864^MDC_DIM_BEAT_PER_MIN^MDC", 70},
                {"150456^MDC_PULS_OXIM_SAT_O2^MDC", "262688^MDC_DIM_PERCENT^MDC", 97},
                {"151562^MDC_RESP_RATE^MDC", "264928^MDC_DIM_RESP_PER_MIN^MDC", 14},
                {"150021^MDC_PRESS_BLD_NONINV_SYS^MDC", "266016^MDC_DIM_MMHG^MDC", 124},
                {"150022^MDC_PRESS_BLD_NONINV_DIA^MDC", "266016^MDC_DIM_MMHG^MDC", 76}};
    char when[40], text[3000];
    struct timespec t;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &utc);
    strftime(when, sizeof when, "%Y%m%d%H%M%S", &utc);
    const size_t length = strlen(when);
    snprintf(when + length, sizeof when - length, ".%03ld+0000", t.tv_nsec / 1000000);
    int size = snprintf(text, sizeof text,
                        "\x0bMSH|^~\\&|BENCH%d||||%s||ORU^R01^ORU_R01|%d|P|2.6|||NE|AL\rPID|||P%04d\r"
                        "OBR|1||||||%s\r",
                        n, when, m->number++, n, when);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        size += snprintf(text + size, sizeof text - (size_t)size,
                         "OBX|%zu|NM|%s|1.1.1.%zu|%d|%s|||||R|||%s||||MONITOR-%d\r", i + 1, rows[i].code,
                         i + 1, rows[i].value + m->number % 3, rows[i].unit, when, n);
    size += snprintf(text + size, sizeof text - (size_t)size, "\x1c\r");
    m->sent_s = now_s();
    m->acknowledged = m->heard = false;
    if (send(m->socket, text, (size_t)size, MSG_NOSIGNAL) != size)
        die("cannot send");
}

/* Whole events in the page's buffer; what is left moves to its front. */
static void hear(monitor *monitors, int sessions, char *buffer, size_t *size, samples *page)
{
    static const char mark[] = "event: session\ndata: {\"id\":\"";
    const double now = now_s();
    char *at = buffer, *end;
    while ((end = memmem(at, *size - (size_t)(at - buffer), "\n\n", 2))) {
        const char *found = memmem(at, (size_t)(end - at), mark, strlen(mark));
        const int n = found ? atoi(found + strlen(mark)) : 0;
        monitor *m = n >= 1 && n <= sessions ? &monitors[n] : NULL;
        if (m && m->sent_s > 0 && !m->heard) {
            m->heard = true;
            add(page, (now - m->sent_s) * 1000);
        }
        at = end + 2;
    }
    *size -= (size_t)(at - buffer);
    memmove(buffer, at, *size);
}

static void run(int sessions, double seconds, const rac_serve_ready *where, samples *ack, samples *page)
{
    static monitor monitors[sessions_max + 1];
    static struct pollfd polled[sessions_max + 1];
    static char buffer[1 << 20];
    size_t buffered = 0;
    char bytes[4096];
    const int stream = dial(where->http_port);
    snprintf(bytes, sizeof bytes, "GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", where->http_port);
    if (send(stream, bytes, strlen(bytes), 0) < 0)
        die("cannot ask for the stream");
    polled[0] = (struct pollfd){stream, POLLIN, 0};
    const double start = now_s();
    for (int i = 1; i <= sessions; i++) {
        monitors[i] = (monitor){.socket = dial(where->mllp_port), .due_s = start + 1 + (double)i / sessions};
        polled[i] = (struct pollfd){monitors[i].socket, POLLIN, 0};
    }
    while (now_s() < start + 1 + seconds) {
        for (int i = 1; i <= sessions; i++) {
            monitor *m = &monitors[i];
            if (now_s() < m->due_s || (m->sent_s > 0 && !m->acknowledged))
                continue;
            m->due_s += 1;
            send_reading(m, i);
        }
        if (poll(polled, (nfds_t)sessions + 1, 1) <= 0)
            continue;
        if (polled[0].revents) {
            const ssize_t n = recv(stream, buffer + buffered, sizeof buffer - buffered, 0);
            if (n <= 0)
                die("the stream ended");
            buffered += (size_t)n;
            hear(monitors, sessions, buffer, &buffered, page);
        }
        for (int i = 1; i <= sessions; i++) {
            if (!polled[i].revents)
                continue;
            const ssize_t n = recv(polled[i].fd, bytes, sizeof bytes, 0);
            if (n <= 0 || !memmem(bytes, (size_t)n, "MSA|AA|", 7))
                die("a message was not accepted");
            monitors[i].acknowledged = true;
            add(ack, (now_s() - monitors[i].sent_s) * 1000);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        die("bench_live DIRECTORY [SESSIONS [SECONDS [HISTORY]]]");
    const int sessions = argc > 2 ? atoi(argv[2]) : 50;
    const double seconds = argc > 3 ? atof(argv[3]) : 20;
    const int history = argc > 4 ? atoi(argv[4]) : 0;
    char path[4096];
    if (history < 0 || history > RAC_STORE_APPEND_MAX || sessions < 1 || sessions > sessions_max ||
        !(seconds > 0))
        die("1 to 2000 sessions, more than 0 seconds, at most 10000 s of history");
    snprintf(path, sizeof path, "%s/bench-live-%d.racemate", argv[1], (int)getpid());
    make_clinic(path, sessions, history);
    const size_t room = (size_t)((seconds + 2) * sessions);
    samples ack = {calloc(room, sizeof(double)), 0, room}, page = {calloc(room, sizeof(double)), 0, room};
    if (!ack.ms || !page.ms)
        abort();
    rac_serve_ready where;
    const double asked = now_s();
    const pid_t server = start_server(path, &where);
    const double ready_ms = (now_s() - asked) * 1000;
    const long idle_kb = memory_kb(server, "VmRSS:");
    wait_for_first_round(where.http_port);
    const double armed_ms = (now_s() - asked) * 1000, cpu_before = cpu_s(server);
    run(sessions, seconds, &where, &ack, &page);
    const long most_kb = memory_kb(server, "VmHWM:");
    const double cpu = cpu_s(server) - cpu_before;
    int status;
    kill(server, SIGTERM);
    waitpid(server, &status, 0);
    printf("sessions %d, %.0f s: sent %zu of %.0f due, on the page %zu\n", sessions, seconds, ack.count,
           seconds * sessions, page.count);
    printf("acknowledged (durable)  p50 %.2f ms  p99 %.2f ms\n", percentile(&ack, 0.5),
           percentile(&ack, 0.99));
    printf("on the page             p50 %.2f ms  p99 %.2f ms\n", percentile(&page, 0.5),
           percentile(&page, 0.99));
    printf("server: ready in %.0f ms, alarms running in %.0f ms, %.1f MB when ready, %.1f MB at most, %.0f "
           "%% of one core\n",
           ready_ms, armed_ms, (double)idle_kb / 1024, (double)most_kb / 1024, 100 * cpu / (seconds + 1));
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[4200];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
    return status;
}
