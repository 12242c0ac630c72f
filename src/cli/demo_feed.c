/* Monitors that play recordings to the real port: ORU^R01 over MLLP, each acknowledged before the next is
 * sent. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli/demo.h"
#include "link/hl7_oru.h"
#include "link/mllp.h"

static int64_t monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

rac_instant rac_demo_now(void *context)
{
    const rac_demo_clock *clock = context;
    if (!clock->started_ns)
        return clock->base;
    const double elapsed_ms = (double)(monotonic_ns() - clock->started_ns) / 1e6 * clock->lapse;
    return (rac_instant){clock->base.ms + (int64_t)elapsed_ms};
}

void rac_demo_clock_start(rac_demo_clock *clock, double lapse)
{
    clock->lapse = lapse;
    clock->started_ns = monotonic_ns();
}

static int connect_to(int port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s >= 0 && connect(s, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(s);
        return -1;
    }
    return s;
}

static bool send_all(int s, rac_text bytes)
{
    while (bytes.size) {
        const ssize_t sent = send(s, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes.data += sent;
        bytes.size -= (size_t)sent;
    }
    return true;
}

/* Waits for one whole frame; what it says is the server's business. */
static bool wait_answer(int s)
{
    char buffer[4096];
    size_t held = 0;
    rac_mllp_decoder decoder = {0};
    while (held < sizeof buffer) {
        const ssize_t got = recv(s, buffer + held, sizeof buffer - held, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        held += (size_t)got;
        rac_text message;
        size_t consumed;
        if (rac_mllp_decode(&decoder, (rac_text){buffer, held}, &message, &consumed) == RAC_MLLP_MESSAGE)
            return true;
    }
    return false;
}

/* The points of this beat as one message; nothing when the recording has a gap here. */
static rac_text next_message(rac_arena *arena, rac_demo_monitor *monitor, double from_s, double to_s,
                             rac_instant now, uint64_t number)
{
    size_t count;
    const rac_recording_point *points =
        rac_recording_between(&monitor->recording, (rac_duration){(int64_t)(from_s * 1000)},
                              (rac_duration){(int64_t)(to_s * 1000)}, &count);
    rac_hl7_sample *samples = rac_many(arena, rac_hl7_sample, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (points[i].has_value)
            samples[kept++] = (rac_hl7_sample){points[i].quantity, points[i].value, now};
    const rac_hl7_source source = {.application = "RACEMATE DEMO",
                                   .device = monitor->device,
                                   .control_id = rac_format(arena, "%s-%lld-%llu", monitor->device,
                                                            (long long)now.ms, (unsigned long long)number),
                                   .sent = now};
    rac_text message = {NULL, 0};
    if (kept && rac_hl7_observations_write(arena, &source, samples, kept, &message, NULL))
        return (rac_text){NULL, 0};
    return kept ? rac_mllp_encode(arena, message) : message;
}

/* Seconds between the end of a recording and its beginning again: a gap, not a seam. */
static const double pause_between_s = 20;

static double wrapped(const rac_demo_monitor *monitor, double at_s)
{
    const double length = (double)monitor->recording.length.ms / 1000 + pause_between_s;
    if (!monitor->repeats)
        return at_s;
    while (at_s >= length)
        at_s -= length;
    return at_s;
}

void *rac_demo_play(void *context)
{
    const rac_demo_feed *feed = context;
    const rac_instant began = rac_demo_now(feed->clock);
    uint64_t number = 0;
    double last_s = 0;
    int s = -1;
    for (;;) {
        const struct timespec beat = {.tv_nsec =
                                          (long)(feed->clock->lapse > 4 ? 250000000 : 1000000000L - 1)};
        nanosleep(&beat, NULL);
        if (s < 0 && (s = connect_to(feed->port)) < 0)
            continue;
        const rac_instant now = rac_demo_now(feed->clock);
        const double elapsed_s = (double)(now.ms - began.ms) / 1000;
        for (int m = 0; m < RAC_DEMO_MONITORS && s >= 0; m++) {
            rac_arena *arena = rac_arena_new();
            rac_demo_monitor *monitor = &feed->monitors[m];
            const double from = wrapped(monitor, monitor->offset_s + last_s);
            const rac_text message =
                next_message(arena, monitor, from, from + (elapsed_s - last_s), now, number++);
            if (message.size && (!send_all(s, message) || !wait_answer(s))) {
                close(s);
                s = -1;
            }
            rac_arena_free(arena);
        }
        last_s = elapsed_s;
    }
    return NULL;
}
