/* The port monitors send to: one thread a connection, each reading frames, having them stored, and only
 * then answering.  Commits of several connections share one write to disk (the store groups them). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/mllp.h"
#include "serve/internal.h"

enum {
    most_connections = 2100,
    idle_ms = 10 * 60 * 1000, /* nothing at all from a connected sender */
    cut_off_ms = 30 * 1000,   /* nothing more of a message that has begun */
    send_limit_s = 10,
    stack_bytes = 512 << 10,
    buffer_max = (1 << 20) + (64 << 10) /* one message and what came with it */
};

struct rac_listener {
    rac_server *server;
    int socket, stop; /* `stop` is an eventfd that stays readable once it is time */
    pthread_t acceptor;
    pthread_mutex_t lock;
    pthread_cond_t fewer;
    int connections;
};

typedef struct connection {
    rac_listener *listener;
    int socket;
    rac_mllp_decoder decoder;
    char *data;
    size_t size, capacity;
} connection;

/* ---- one connection ------------------------------------------------------------------------------- */

static bool send_all(int socket, rac_text bytes)
{
    while (bytes.size) {
        const ssize_t n = send(socket, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.data += n;
        bytes.size -= (size_t)n;
    }
    return true;
}

static bool answer(connection *c, rac_mllp_result result, rac_text message)
{
    rac_server *server = c->listener->server;
    rac_arena *arena = rac_arena_new();
    const rac_text said = result == RAC_MLLP_MESSAGE ? rac_device_message(server, arena, message)
                                                     : rac_device_malformed(server, arena);
    const bool sent = !said.size || send_all(c->socket, rac_mllp_encode(arena, said));
    rac_arena_free(arena);
    return sent;
}

/* Every whole frame in the buffer; what is left moves to its front. */
static bool take_frames(connection *c)
{
    size_t begin = 0, consumed;
    rac_mllp_result result;
    bool alive = true;
    do {
        rac_text message = {0};
        result =
            rac_mllp_decode(&c->decoder, (rac_text){c->data + begin, c->size - begin}, &message, &consumed);
        if (result != RAC_MLLP_NEED_MORE)
            alive = answer(c, result, message);
        begin += consumed;
    } while (alive && result != RAC_MLLP_NEED_MORE);
    c->size -= begin;
    if (begin && c->size)
        memmove(c->data, c->data + begin, c->size);
    return alive;
}

static bool receive(connection *c)
{
    enum { at_least = 4096 };
    if (c->capacity - c->size < at_least) {
        if (c->capacity >= buffer_max)
            return false; /* the decoder drops what is over its limit, so this is not reached */
        const size_t wanted = c->capacity ? c->capacity * 2 : 2 * at_least;
        char *moved = realloc(c->data, wanted < buffer_max ? wanted : buffer_max);
        if (!moved)
            abort();
        c->data = moved;
        c->capacity = wanted < buffer_max ? wanted : buffer_max;
    }
    const ssize_t n = recv(c->socket, c->data + c->size, c->capacity - c->size, 0);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    c->size += (size_t)n;
    return n > 0;
}

/* True when there are bytes; false when it is time to go. */
static bool wait_for_bytes(const connection *c)
{
    struct pollfd both[] = {{c->socket, POLLIN, 0}, {c->listener->stop, POLLIN, 0}};
    int ready;
    do
        ready = poll(both, 2, c->size ? cut_off_ms : idle_ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0 && !both[1].revents;
}

static void *converse(void *context)
{
    connection *c = context;
    rac_listener *listener = c->listener;
    while (wait_for_bytes(c) && receive(c) && take_frames(c))
        ;
    close(c->socket);
    free(c->data);
    free(c);
    pthread_mutex_lock(&listener->lock);
    listener->connections--;
    pthread_cond_signal(&listener->fewer);
    pthread_mutex_unlock(&listener->lock);
    return NULL;
}

/* ---- accepting ------------------------------------------------------------------------------------ */

static bool is_full(rac_listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    const bool full = listener->connections >= most_connections;
    if (!full)
        listener->connections++;
    pthread_mutex_unlock(&listener->lock);
    return full;
}

static bool start_thread(connection *c)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    const bool started = pthread_create(&thread, &attributes, converse, c) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

static void welcome(rac_listener *listener, int socket)
{
    const int on = 1;
    const struct timeval limit = {send_limit_s, 0};
    if (is_full(listener)) {
        rac_serve_log(listener->server, RAC_LIMIT, "monitors: more than %d connections", most_connections);
        close(socket);
        return;
    }
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    connection *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->listener = listener;
    c->socket = socket;
    if (start_thread(c))
        return;
    rac_serve_log(listener->server, RAC_IO, "monitors: the system starts no more threads");
    close(socket);
    free(c);
    pthread_mutex_lock(&listener->lock);
    listener->connections--;
    pthread_mutex_unlock(&listener->lock);
}

static void *accept_all(void *context)
{
    rac_listener *listener = context;
    struct pollfd both[] = {{listener->socket, POLLIN, 0}, {listener->stop, POLLIN, 0}};
    for (;;) {
        if (poll(both, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if (both[1].revents)
            return NULL;
        const int socket = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
        if (socket >= 0)
            welcome(listener, socket);
        else if (errno == EMFILE || errno == ENFILE)
            usleep(50000); /* nothing can be accepted until one is closed */
    }
}

/* ---- start and stop --------------------------------------------------------------------------------- */

static int bound_port(int socket)
{
    struct sockaddr_storage where;
    socklen_t size = sizeof where;
    if (getsockname(socket, (struct sockaddr *)&where, &size))
        return 0;
    return ntohs(where.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&where)->sin6_port
                                             : ((struct sockaddr_in *)&where)->sin_port);
}

static rac_status open_port(const rac_server *server, int *out, rac_error *err)
{
    struct sockaddr_storage where;
    const int on = 1, port = server->options.mllp_port > 0 ? server->options.mllp_port : 0;
    const rac_status status = rac_serve_loopback(&server->options, port, &where, err);
    if (status)
        return status;
    const socklen_t size =
        where.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    const int opened = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened < 0)
        return rac_fail(err, RAC_IO, "no socket for monitors: %s", strerror(errno));
    setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(opened, (struct sockaddr *)&where, size) || listen(opened, 128)) {
        rac_fail(err, RAC_IO, "port %d cannot be opened for monitors: %s", port, strerror(errno));
        close(opened);
        return RAC_IO;
    }
    *out = opened;
    return RAC_OK;
}

rac_status rac_listener_start(rac_server *server, rac_listener **out, int *port, rac_error *err)
{
    int opened = -1;
    const rac_status status = open_port(server, &opened, err);
    if (status)
        return status;
    rac_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        abort();
    listener->server = server;
    listener->socket = opened;
    listener->stop = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->fewer, NULL);
    if (listener->stop < 0 || pthread_create(&listener->acceptor, NULL, accept_all, listener) != 0) {
        close(opened);
        if (listener->stop >= 0)
            close(listener->stop);
        free(listener);
        return rac_fail(err, RAC_IO, "the system starts no more threads");
    }
    *port = bound_port(opened);
    *out = listener;
    return RAC_OK;
}

void rac_listener_stop(rac_listener *listener)
{
    if (!listener)
        return;
    const uint64_t one = 1;
    while (write(listener->stop, &one, sizeof one) < 0 && errno == EINTR)
        ;
    pthread_join(listener->acceptor, NULL);
    /* A conversation ends after the message it is at; sending has a limit, so this does too. */
    pthread_mutex_lock(&listener->lock);
    while (listener->connections)
        pthread_cond_wait(&listener->fewer, &listener->lock);
    pthread_mutex_unlock(&listener->lock);
    close(listener->socket);
    close(listener->stop);
    pthread_cond_destroy(&listener->fewer);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}
