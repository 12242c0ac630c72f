/* Server-sent events: one ring of encoded events for everybody, one cursor a client.  A slow reader
 * costs a cursor, never a queue: one that the ring has lapped is told to fetch everything again.
 *
 * Readers with nothing to send are suspended; suspending and resuming happen under the ring's lock, so
 * that an event published in between is never missed.  An event id is "START.NUMBER", START drawn when
 * the server starts: a page that reconnects after a restart is told to resync instead of waiting for
 * numbers that were another server's. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serve/internal.h"

enum { ring_size = 1024, event_bytes = 400, block_bytes = 4096 };

typedef struct event {
    char text[event_bytes];
    size_t size;
} event;

typedef struct client {
    rac_live *live;
    struct MHD_Connection *connection;
    struct client *next, **link;
    bool suspended;
    bool resync;     /* told to fetch everything before anything else */
    uint64_t cursor; /* number of the next event to send */
    uint64_t beats;
    size_t sent; /* bytes of `pending` already sent */
    char pending[event_bytes];
    size_t pending_size;
} client;

struct rac_live {
    pthread_mutex_t lock;
    pthread_cond_t gone;
    client *clients;
    uint64_t head; /* number the next event gets; events before head - ring_size are lost */
    uint64_t beats;
    bool ending;
    char start[9];
    event ring[ring_size];
};

rac_live *rac_live_new(void)
{
    rac_live *live = calloc(1, sizeof *live);
    pthread_condattr_t monotonic;
    if (!live)
        abort();
    pthread_mutex_init(&live->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&live->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
    snprintf(live->start, sizeof live->start, "%08" PRIx32, randombytes_random());
    live->head = 1;
    return live;
}

void rac_live_free(rac_live *live)
{
    if (!live)
        return;
    assert(!live->clients);
    pthread_cond_destroy(&live->gone);
    pthread_mutex_destroy(&live->lock);
    free(live);
}

/* ---- writing ------------------------------------------------------------------------------------- */

static void resume_all(rac_live *live)
{
    for (client *c = live->clients; c; c = c->next) {
        if (!c->suspended)
            continue;
        c->suspended = false;
        MHD_resume_connection(c->connection);
    }
}

void rac_live_publish(rac_live *live, const char *name, const char *id)
{
    rac_arena *arena = rac_arena_new();
    json_t *data = json_pack("{s:s}", "id", id);
    const char *body = rac_json_print(arena, data);
    pthread_mutex_lock(&live->lock);
    event *e = &live->ring[live->head % ring_size];
    const int size = snprintf(e->text, sizeof e->text, "id: %s.%" PRIu64 "\nevent: %s\ndata: %s\n\n",
                              live->start, live->head, name, body);
    /* An id too long for a line cannot be named: everybody looks at everything. */
    e->size = size < event_bytes ? (size_t)size
                                 : (size_t)snprintf(e->text, sizeof e->text,
                                                    "id: %s.%" PRIu64 "\nevent: resync\ndata: {}\n\n",
                                                    live->start, live->head);
    live->head++;
    resume_all(live);
    pthread_mutex_unlock(&live->lock);
    json_decref(data);
    rac_arena_free(arena);
}

void rac_live_beat(rac_live *live)
{
    pthread_mutex_lock(&live->lock);
    live->beats++;
    resume_all(live);
    pthread_mutex_unlock(&live->lock);
}

void rac_live_end(rac_live *live, int wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&live->lock);
    live->ending = true;
    resume_all(live);
    while (live->clients && pthread_cond_timedwait(&live->gone, &live->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&live->lock);
}

/* ---- reading ------------------------------------------------------------------------------------- */

/* Puts what the client is to get next into `pending`; false when there is nothing. */
static bool next(rac_live *live, client *c)
{
    c->sent = c->pending_size = 0;
    if (live->head - c->cursor > ring_size) {
        c->resync = true;
        c->cursor = live->head;
    }
    if (c->resync) {
        c->resync = false;
        c->pending_size =
            (size_t)snprintf(c->pending, sizeof c->pending, "id: %s.%" PRIu64 "\nevent: resync\ndata: {}\n\n",
                             live->start, c->cursor - 1);
    } else if (c->cursor < live->head) {
        const event *e = &live->ring[c->cursor++ % ring_size];
        memcpy(c->pending, e->text, e->size);
        c->pending_size = e->size;
    } else if (c->beats != live->beats) {
        c->beats = live->beats;
        c->pending_size = (size_t)snprintf(c->pending, sizeof c->pending, ": beat\n\n");
    }
    return c->pending_size > 0;
}

static ssize_t read_events(void *context, uint64_t position, char *buffer, size_t room)
{
    client *c = context;
    rac_live *live = c->live;
    size_t filled = 0;
    (void)position;
    pthread_mutex_lock(&live->lock);
    while (filled < room && !live->ending && (c->sent < c->pending_size || next(live, c))) {
        const size_t left = c->pending_size - c->sent, size = left < room - filled ? left : room - filled;
        memcpy(buffer + filled, c->pending + c->sent, size);
        c->sent += size;
        filled += size;
    }
    const bool over = live->ending && !filled;
    if (!filled && !over) {
        c->suspended = true;
        MHD_suspend_connection(c->connection);
    }
    pthread_mutex_unlock(&live->lock);
    return over ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)filled;
}

static void leave(void *context)
{
    client *c = context;
    rac_live *live = c->live;
    pthread_mutex_lock(&live->lock);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    if (!live->clients)
        pthread_cond_broadcast(&live->gone);
    pthread_mutex_unlock(&live->lock);
    free(c);
}

/* Where a page that reconnects goes on; everything else begins with a resync. */
static void place(rac_live *live, client *c, const char *last_id)
{
    const size_t start = strlen(live->start);
    int64_t number = -1;
    c->cursor = live->head;
    c->resync = true;
    if (!last_id || strncmp(last_id, live->start, start) != 0 || last_id[start] != '.' ||
        rac_integer_parse(rac_text_of(last_id + start + 1), &number, NULL))
        return;
    if (number < 0 || (uint64_t)number >= live->head || live->head - (uint64_t)number > ring_size)
        return;
    c->cursor = (uint64_t)number + 1;
    c->resync = false;
}

rac_status rac_handle_live(rac_request *request, rac_response *response, rac_error *err)
{
    rac_live *live = request->server->live;
    client *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->live = live;
    c->connection = request->connection;
    pthread_mutex_lock(&live->lock);
    if (live->ending) {
        pthread_mutex_unlock(&live->lock);
        free(c);
        return rac_fail(err, RAC_BUSY, "the server is stopping");
    }
    place(live, c, rac_request_header(request, "Last-Event-ID"));
    c->beats = live->beats - 1; /* a beat at once: the page sees that the stream is open */
    c->next = live->clients;
    c->link = &live->clients;
    if (c->next)
        c->next->link = &c->next;
    live->clients = c;
    pthread_mutex_unlock(&live->lock);
    response->made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block_bytes, read_events, c, leave);
    if (!response->made)
        abort();
    response->type = "text/event-stream";
    return RAC_OK;
}
