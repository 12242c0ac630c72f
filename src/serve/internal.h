/* serve/internal.h: what the files of src/serve share. */
#ifndef RACEMATE_SERVE_INTERNAL_H
#define RACEMATE_SERVE_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "serve/serve.h"

typedef struct rac_live rac_live;
typedef struct rac_listener rac_listener;
typedef struct rac_people rac_people;
typedef struct rac_assets rac_assets;
typedef struct rac_clockwork rac_clockwork;

typedef struct rac_server {
    rac_serve_options options;
    rac_app *app;
    rac_live *live;
    rac_people *people;
    rac_assets *assets;
    rac_clockwork *clockwork;
    atomic_int http_port;
    atomic_llong tick_ms; /* monotonic instant of the last alarm round; 0: none yet */
} rac_server;

/* Milliseconds that never go back; for timers, not for records. */
int64_t rac_serve_monotonic_ms(void);
/* One line without patient data. */
void rac_serve_log(const rac_server *server, rac_status status, const char *format, ...) RAC_PRINTF(3, 4);

/* ---- requests and responses (http.c) ----------------------------------------------------------- */

enum { RAC_BODY_MAX = 1 << 20, RAC_PATH_MAX = 400, RAC_STAFF_MAX = 64 };

typedef struct rac_request {
    rac_server *server;
    rac_arena *arena;
    struct MHD_Connection *connection;
    const char *path;
    const char *segments[2]; /* what the stars of the route matched */
    rac_text body;
    char staff[RAC_STAFF_MAX]; /* who is signed in; "" when nobody */
} rac_request;

/* What a handler answers: JSON, or bytes with a type, or a response it made itself. */
typedef struct rac_response {
    unsigned code;             /* 0: 200 */
    json_t *json;              /* taken over */
    rac_text bytes;            /* lives in the request's arena or for ever */
    const char *type;          /* of bytes */
    const char *etag;          /* of bytes */
    const char *cookie;        /* Set-Cookie */
    const char *script_source; /* of the Content-Security-Policy; NULL: script-src 'self' */
    unsigned retry_after_s;    /* 0: none */
    struct MHD_Response *made; /* for a stream */
} rac_response;

typedef rac_status rac_handler(rac_request *request, rac_response *response, rac_error *err);

typedef struct rac_route {
    rac_serve_route about;
    rac_handler *handle;
} rac_route;

extern const rac_route rac_routes[];
extern const size_t rac_route_count;

/* HTTP status of a status of ours. */
unsigned rac_http_code(rac_status status);
/* A request header, or NULL. */
const char *rac_request_header(const rac_request *request, const char *name);

/* The address to listen on; RAC_UNSUPPORTED when it is not this machine. */
struct sockaddr_storage;
rac_status rac_serve_loopback(const rac_serve_options *options, int port, struct sockaddr_storage *where,
                              rac_error *err);
rac_status rac_http_start(rac_server *server, struct MHD_Daemon **daemon, rac_error *err);

/* ---- handlers, one file a subject ---------------------------------------------------------------- */

rac_handler rac_handle_asset, rac_handle_board, rac_handle_session, rac_handle_curve, rac_handle_live,
    rac_handle_do, rac_handle_sign_in, rac_handle_sign_out, rac_handle_me, rac_handle_health;

/* ---- who is signed in (people.c) ------------------------------------------------------------------ */

rac_people *rac_people_new(int idle_min);
void rac_people_free(rac_people *people);
/* The person of the request's cookie into `staff` ("" for nobody).  `act` renews the idle limit. */
void rac_people_find(rac_request *request, bool act);

/* ---- pages (assets.c; the table itself is made by embed.sh) ---------------------------------------- */

typedef struct rac_asset {
    const char *path; /* "/index.html" */
    const unsigned char *begin, *end;
} rac_asset;
extern const rac_asset rac_embedded[];
extern const size_t rac_embedded_count;

rac_assets *rac_assets_new(const char *directory);
void rac_assets_free(rac_assets *assets);

/* ---- changes as events (live.c) -------------------------------------------------------------------- */

rac_live *rac_live_new(void);
void rac_live_free(rac_live *live);
/* Adds one event and wakes every reader.  `id` needs no escaping but JSON's. */
void rac_live_publish(rac_live *live, const char *event, const char *id);
/* Wakes every reader for a beat. */
void rac_live_beat(rac_live *live);
/* Ends every stream, and waits up to `wait_ms` until they are gone. */
void rac_live_end(rac_live *live, int wait_ms);

/* ---- alarm engine and watcher of the store (clockwork.c) --------------------------------------------- */

rac_status rac_clockwork_start(rac_server *server, rac_error *err);
void rac_clockwork_stop(rac_server *server); /* joins its threads and frees it; accepts none started */
/* Something was recorded here: look now rather than at the next turn. */
void rac_clockwork_wake(rac_server *server);

/* ---- monitors (listen.c: sockets; device.c: what a message means) -------------------------------------- */

rac_status rac_listener_start(rac_server *server, rac_listener **listener, int *port, rac_error *err);
void rac_listener_stop(rac_listener *listener); /* accepts NULL */

/* Stores what one HL7 message says and gives the acknowledgement to send, in the arena: empty when the
 * sender wants none.  On return with an accepting answer the readings are durable. */
rac_text rac_device_message(rac_server *server, rac_arena *arena, rac_text bytes);
/* The refusal of a frame that was cut off or too long. */
rac_text rac_device_malformed(rac_server *server, rac_arena *arena);

#endif
