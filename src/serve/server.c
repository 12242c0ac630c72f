/* Starts the parts in the order in which they need each other, waits for the signal to stop, and stops
 * them in the reverse order. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "serve/internal.h"

enum { streams_end_ms = 2000 };

int64_t rac_serve_monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void rac_serve_log(const rac_server *server, rac_status status, const char *format, ...)
{
    char line[400];
    va_list arguments;
    if (!server->options.log)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    server->options.log(server->options.context, status, line);
}

/* Everything between "listening" and "stopped". */
static void serve_until(rac_server *server, int mllp_port, const sigset_t *signals)
{
    int signal_number;
    const rac_serve_ready where = {atomic_load(&server->http_port), mllp_port};
    if (server->options.ready)
        server->options.ready(server->options.context, &where);
    while (sigwait(signals, &signal_number) != 0)
        ;
    rac_serve_log(server, RAC_OK, "stopping on signal %d", signal_number);
}

static rac_status run(rac_server *server, const sigset_t *signals, rac_error *err)
{
    struct MHD_Daemon *daemon = NULL;
    rac_listener *listener = NULL;
    int mllp_port = 0;
    rac_status status = rac_clockwork_start(server, err);
    if (!status)
        status = rac_http_start(server, &daemon, err);
    if (!status && server->options.mllp_port)
        status = rac_listener_start(server, &listener, &mllp_port, err);
    if (!status)
        serve_until(server, mllp_port, signals);
    rac_listener_stop(listener);
    /* A daemon that is stopped while a stream is suspended aborts the process. */
    rac_live_end(server->live, streams_end_ms);
    if (daemon)
        MHD_stop_daemon(daemon);
    rac_clockwork_stop(server);
    return status;
}

rac_status rac_serve_run(const rac_serve_options *options, rac_error *err)
{
    rac_server server = {.options = *options};
    sigset_t signals, before;
    rac_status status = rac_app_open(options->store, options->app, &server.app, err);
    if (status)
        return status;
    /* Blocked before any thread begins, so that every thread inherits it and only sigwait sees them. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    signal(SIGPIPE, SIG_IGN);
    server.assets = rac_assets_new(options->web);
    if (server.assets) {
        server.live = rac_live_new();
        server.people = rac_people_new(options->idle_min);
        status = run(&server, &signals, err);
        rac_people_free(server.people);
        rac_live_free(server.live);
    } else {
        status = rac_fail(err, RAC_NOT_FOUND, "the directory '%.200s' cannot be opened", options->web);
    }
    rac_assets_free(server.assets);
    rac_app_close(server.app);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
