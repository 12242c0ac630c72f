/* serve/serve.h: the clinic on the network of one machine: pages and JSON over HTTP, changes as
 * server-sent events, readings from monitors over MLLP, and the alarm engine once a second.
 *
 * What is decided here: who may ask (sign-in, same origin, this machine only), when a sender's message
 * is acknowledged (after it is on disk, never before), and when open pages hear of a change.  What a
 * request means is decided in app: a POST runs the same row of the table as a command.
 *
 *     const rac_serve_options options = {.store = "clinic.racemate", .http_port = 8080, .mllp_port = 2575};
 *     if (rac_serve_run(&options, &err)) ...      // returns after SIGTERM or SIGINT
 *
 * The routes are listed in docs/views.md and by rac_serve_routes. */
#ifndef RACEMATE_SERVE_H
#define RACEMATE_SERVE_H

#include "app/app.h"

/* Where the server listens, told once it does. */
typedef struct rac_serve_ready {
    int http_port;
    int mllp_port; /* 0: off */
} rac_serve_ready;

/* All zero but `store` is usable: any free HTTP port on 127.0.0.1, no MLLP, embedded pages. */
typedef struct rac_serve_options {
    const char *store;   /* path of the clinic's file */
    const char *address; /* NULL: 127.0.0.1; anything that is not this machine is RAC_UNSUPPORTED */
    int http_port;       /* usually 8080; 0: any free one */
    int mllp_port;       /* usually 2575; 0: no MLLP; -1: any free one */
    const char *web;     /* a directory to serve the pages from, for development; NULL: embedded ones */
    int idle_min;        /* a person is signed out after so many minutes without an act; 0: 15 */
    const rac_app_options *app;                                 /* clock, for tests; NULL: the system's */
    void (*ready)(void *context, const rac_serve_ready *where); /* may be NULL */
    void (*log)(void *context, rac_status status, const char *line); /* no patient data; NULL: silent.
                                                                      * Called by any thread. */
    void *context;
} rac_serve_options;

/* Serves until SIGTERM or SIGINT, which it blocks in the calling thread from its start; then answers what
 * it has begun, and returns RAC_OK.  RAC_UNSUPPORTED: not a loopback address.  RAC_IO: a port is taken.
 * Errors of rac_app_open. */
rac_status rac_serve_run(const rac_serve_options *options, rac_error *err);

/* One row of the table of routes, for documentation and tests. */
typedef struct rac_serve_route {
    const char *method;  /* "GET" (HEAD is answered too) or "POST" */
    const char *path;    /* '*' stands for one segment */
    bool person;         /* needs somebody signed in */
    const char *summary; /* one line */
} rac_serve_route;

/* Row `index`, or NULL behind the last. */
const rac_serve_route *rac_serve_route_at(size_t index);

#endif
