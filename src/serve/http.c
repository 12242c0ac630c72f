/* HTTP: finds the route, refuses what must not reach a handler (another host's name, another site's
 * page, a body too large), runs it, and turns what comes back into a response.  Every error is
 * "problem details" (RFC 9457). */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/internal.h"

enum { daemon_threads = 2, connection_limit = 500, timeout_s = 60 };

/* What libmicrohttpd keeps for us between the calls about one request. */
typedef struct exchange {
    rac_arena *arena;
    char *body;
    size_t size, capacity;
    bool too_large;
} exchange;

/* A failure that belongs to HTTP and has no status of its own. */
typedef struct refusal {
    unsigned code;
    const char *allow; /* for 405 */
} refusal;

static const struct {
    rac_status status;
    unsigned code;
} codes[] = {
    {RAC_OK, MHD_HTTP_OK},
    {RAC_INVALID, MHD_HTTP_BAD_REQUEST},
    {RAC_REFUSED, 422},
    {RAC_NOT_FOUND, MHD_HTTP_NOT_FOUND},
    {RAC_CONFLICT, MHD_HTTP_CONFLICT},
    {RAC_LIMIT, 413},
    {RAC_UNSUPPORTED, MHD_HTTP_NOT_IMPLEMENTED},
    {RAC_NOT_CONVERGED, MHD_HTTP_INTERNAL_SERVER_ERROR},
    {RAC_CORRUPT, MHD_HTTP_INTERNAL_SERVER_ERROR},
    {RAC_IO, MHD_HTTP_INTERNAL_SERVER_ERROR},
    {RAC_BUSY, MHD_HTTP_SERVICE_UNAVAILABLE},
    {RAC_DENIED, MHD_HTTP_FORBIDDEN},
};

unsigned rac_http_code(rac_status status)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status)
            return codes[i].code;
    return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

const char *rac_request_header(const rac_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* ---- guards -------------------------------------------------------------------------------------- */

/* A page elsewhere can make its own name point to this machine (DNS rebinding) and would then read as
 * the same origin; it cannot make the browser send one of these names. */
static bool is_own_host(const rac_request *request)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = rac_request_header(request, MHD_HTTP_HEADER_HOST);
    for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
        const size_t size = strlen(names[i]);
        if (strncasecmp(host, names[i], size) == 0 && (host[size] == '\0' || host[size] == ':'))
            return true;
    }
    return false;
}

/* The browser says where a request comes from; a program says so itself. */
static bool is_same_origin(const rac_request *request)
{
    static const char scheme[] = "http://";
    const char *site = rac_request_header(request, "Sec-Fetch-Site");
    const char *origin = rac_request_header(request, MHD_HTTP_HEADER_ORIGIN);
    const char *host = rac_request_header(request, MHD_HTTP_HEADER_HOST);
    if (site)
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    return origin && host && strncmp(origin, scheme, strlen(scheme)) == 0 &&
           strcasecmp(origin + strlen(scheme), host) == 0;
}

static bool is_json(const rac_request *request)
{
    static const char wanted[] = "application/json";
    const char *type = rac_request_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    return type && strncasecmp(type, wanted, strlen(wanted)) == 0 &&
           (type[strlen(wanted)] == '\0' || type[strlen(wanted)] == ';');
}

static rac_status check_post(const rac_request *request, bool too_large, refusal *refused, rac_error *err)
{
    if (!is_same_origin(request)) {
        refused->code = MHD_HTTP_FORBIDDEN;
        rac_fail(err, RAC_DENIED, "this request comes from another site");
        rac_error_hint(err, "a program sends the header Origin: http://HOST:PORT");
        return RAC_DENIED;
    }
    if (too_large) {
        refused->code = 413;
        return rac_fail(err, RAC_LIMIT, "the body is larger than %d bytes", RAC_BODY_MAX);
    }
    if (request->body.size && !is_json(request)) {
        refused->code = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
        return rac_fail(err, RAC_UNSUPPORTED, "the body must be application/json");
    }
    return RAC_OK;
}

/* ---- routes -------------------------------------------------------------------------------------- */

/* Takes segments that stars match into request->segments. */
static bool matches(rac_request *request, const char *pattern)
{
    rac_text wanted = rac_text_of(pattern), given = rac_text_of(request->path);
    size_t stars = 0;
    request->segments[0] = request->segments[1] = NULL;
    while (wanted.data && given.data) {
        const rac_text part = rac_text_split(wanted, '/', &wanted), got = rac_text_split(given, '/', &given);
        if (rac_text_is(part, "*") && got.size)
            request->segments[stars++] = rac_text_copy(request->arena, got);
        else if (!rac_text_equal(part, got))
            return false;
    }
    return !wanted.data && !given.data;
}

static bool is_method(const char *allowed, const char *method)
{
    return strcmp(allowed, method) == 0 || (strcmp(allowed, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* Pages are found by their path; everything under /api/ by the table. */
static rac_status find_route(rac_request *request, const char *method, const rac_route **route,
                             refusal *refused, rac_error *err)
{
    for (size_t i = 0; i < rac_route_count; i++) {
        const rac_serve_route *about = &rac_routes[i].about;
        if (!matches(request, about->path))
            continue;
        *route = &rac_routes[i];
        if (is_method(about->method, method))
            return RAC_OK;
        *refused = (refusal){MHD_HTTP_METHOD_NOT_ALLOWED, about->method};
        return rac_fail(err, RAC_UNSUPPORTED, "this answers %s only", about->method);
    }
    if (!rac_text_starts(rac_text_of(request->path), "/api/")) {
        static const rac_route page = {{"GET", "/", false, "the pages"}, rac_handle_asset};
        *route = &page;
        if (is_method("GET", method))
            return RAC_OK;
        *refused = (refusal){MHD_HTTP_METHOD_NOT_ALLOWED, "GET"};
        return rac_fail(err, RAC_UNSUPPORTED, "pages are read with GET only");
    }
    return rac_fail(err, RAC_NOT_FOUND, "there is nothing at this address");
}

static rac_status answer(rac_request *request, const char *method, bool too_large, rac_response *response,
                         refusal *refused, rac_error *err)
{
    const rac_route *route = NULL;
    if (!is_own_host(request)) {
        refused->code = MHD_HTTP_MISDIRECTED_REQUEST;
        return rac_fail(err, RAC_DENIED, "this server is 127.0.0.1 or localhost and nothing else");
    }
    if (strlen(request->path) > RAC_PATH_MAX) {
        refused->code = MHD_HTTP_URI_TOO_LONG;
        return rac_fail(err, RAC_LIMIT, "the address is too long");
    }
    rac_status status = find_route(request, method, &route, refused, err);
    const bool post = strcmp(method, "POST") == 0;
    if (!status && post)
        status = check_post(request, too_large, refused, err);
    if (status)
        return status;
    rac_people_find(request, post);
    if (route->about.person && !request->staff[0]) {
        refused->code = MHD_HTTP_UNAUTHORIZED;
        rac_fail(err, RAC_DENIED, "nobody is signed in");
        rac_error_hint(err, "sign in with your PIN");
        return RAC_DENIED;
    }
    return route->handle(request, response, err);
}

/* ---- responses ----------------------------------------------------------------------------------- */

/* Nothing inline, nothing from elsewhere, nobody may frame us. */
static const char policy[] =
    "default-src 'none'; %s; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

static json_t *problem_details(const rac_error *err, unsigned code)
{
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", rac_status_sentence(err->status),
                  "status", (int)code, "status_name", rac_status_name(err->status));
    const struct {
        const char *name, *text;
    } texts[] = {{"detail", err->message}, {"more", err->detail}, {"hint", err->hint}, {"field", err->field}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text[0])
            json_object_set_new(problem, texts[i].name, json_string(texts[i].text));
    if (err->line > 0) {
        json_object_set_new(problem, "line", json_integer(err->line));
        json_object_set_new(problem, "column", json_integer(err->column));
    }
    return problem;
}

static void header(struct MHD_Response *made, const char *name, const char *value)
{
    if (value)
        (void)MHD_add_response_header(made, name, value);
}

static enum MHD_Result send_response(rac_request *request, rac_response *response, const refusal *refused)
{
    struct MHD_Response *made = response->made;
    if (response->json) {
        response->bytes = rac_text_of(rac_json_print(request->arena, response->json));
        json_decref(response->json);
    }
    if (!made)
        made = MHD_create_response_from_buffer(response->bytes.size, (void *)(uintptr_t)response->bytes.data,
                                               MHD_RESPMEM_MUST_COPY);
    if (!made)
        return MHD_NO;
    const bool page = response->etag != NULL;
    header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response->type ? response->type : "application/json");
    header(made, MHD_HTTP_HEADER_CONTENT_SECURITY_POLICY,
           rac_format(request->arena, policy,
                      response->script_source ? response->script_source : "script-src 'self'"));
    header(made, "X-Content-Type-Options", "nosniff");
    header(made, "Referrer-Policy", "no-referrer");
    header(made, "Cross-Origin-Resource-Policy", "same-origin");
    header(made, MHD_HTTP_HEADER_CACHE_CONTROL, page ? "no-cache" : "no-store");
    header(made, MHD_HTTP_HEADER_ETAG, response->etag);
    header(made, MHD_HTTP_HEADER_SET_COOKIE, response->cookie);
    header(made, MHD_HTTP_HEADER_ALLOW, refused->allow);
    if (response->retry_after_s)
        header(made, MHD_HTTP_HEADER_RETRY_AFTER, rac_format(request->arena, "%u", response->retry_after_s));
    const enum MHD_Result queued =
        MHD_queue_response(request->connection, response->code ? response->code : MHD_HTTP_OK, made);
    MHD_destroy_response(made);
    return queued;
}

static enum MHD_Result finish(rac_server *server, struct MHD_Connection *connection, exchange *x,
                              const char *url, const char *method)
{
    rac_error err = {0};
    refusal refused = {0};
    rac_response response = {0};
    rac_request request = {.server = server,
                           .arena = x->arena,
                           .connection = connection,
                           .path = url,
                           .body = {x->body ? x->body : "", x->size}};
    const rac_status status = answer(&request, method, x->too_large, &response, &refused, &err);
    if (status) {
        json_decref(response.json);
        const unsigned code = refused.code    ? refused.code
                              : response.code ? response.code
                                              : rac_http_code(status);
        response = (rac_response){.code = code,
                                  .json = problem_details(&err, code),
                                  .type = "application/problem+json",
                                  .retry_after_s = response.retry_after_s ? response.retry_after_s
                                                   : status == RAC_BUSY   ? 1
                                                                          : 0};
        if (code >= 500)
            rac_serve_log(server, status, "%s %s: %s", method, rac_status_name(status), err.source);
    }
    return send_response(&request, &response, &refused);
}

/* ---- libmicrohttpd ------------------------------------------------------------------------------- */

/* A body over the limit is read to its end and dropped, so that the refusal can be read. */
static void take(exchange *x, const char *data, size_t size)
{
    if (x->size + size > RAC_BODY_MAX) {
        x->too_large = true;
        return;
    }
    if (x->capacity - x->size < size) {
        const size_t wanted = (x->size + size) * 2;
        char *moved = rac_arena_alloc(x->arena, wanted);
        if (x->size)
            memcpy(moved, x->body, x->size);
        x->body = moved;
        x->capacity = wanted;
    }
    memcpy(x->body + x->size, data, size);
    x->size += size;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **state)
{
    exchange *x = *state;
    (void)version;
    if (!x) {
        x = calloc(1, sizeof *x);
        if (!x)
            abort();
        x->arena = rac_arena_new();
        *state = x;
        return MHD_YES;
    }
    if (*size) {
        take(x, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return finish(context, connection, x, url, method);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    exchange *x = *state;
    (void)context, (void)connection, (void)code;
    if (!x)
        return;
    rac_arena_free(x->arena);
    free(x);
    *state = NULL;
}

static RAC_PRINTF(2, 0) void log_daemon(void *context, const char *format, va_list arguments)
{
    char line[300];
    vsnprintf(line, sizeof line, format, arguments);
    rac_serve_log(context, RAC_IO, "http: %s", line);
}

rac_status rac_serve_loopback(const rac_serve_options *options, int port, struct sockaddr_storage *where,
                              rac_error *err)
{
    const char *address = options->address ? options->address : "127.0.0.1";
    struct sockaddr_in *v4 = (struct sockaddr_in *)where;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)where;
    memset(where, 0, sizeof *where);
    if (strcmp(address, "localhost") == 0)
        address = "127.0.0.1";
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1 && v4->sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return RAC_OK;
    }
    memset(where, 0, sizeof *where);
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return RAC_OK;
    }
    rac_fail(err, RAC_UNSUPPORTED,
             "'%.60s' is not this machine: this version listens on 127.0.0.1 or ::1 only", address);
    rac_error_hint(err, "put a proxy with TLS and sign-in of its own in front to reach it from elsewhere");
    return RAC_UNSUPPORTED;
}

rac_status rac_http_start(rac_server *server, struct MHD_Daemon **daemon, rac_error *err)
{
    struct sockaddr_storage where;
    const rac_status status = rac_serve_loopback(&server->options, server->options.http_port, &where, err);
    if (status)
        return status;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                           (where.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    errno = 0;
    *daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, log_daemon,
                               server, MHD_OPTION_SOCK_ADDR, &where, MHD_OPTION_THREAD_POOL_SIZE,
                               (unsigned)daemon_threads, MHD_OPTION_CONNECTION_LIMIT,
                               (unsigned)connection_limit, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)timeout_s,
                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_NOTIFY_COMPLETED,
                               completed, NULL, MHD_OPTION_END);
    if (!*daemon) {
        rac_fail(err, RAC_IO, "port %d cannot be opened: %s", server->options.http_port,
                 errno ? strerror(errno) : "no reason given");
        rac_error_hint(err, "is a server running already? choose another port with --port");
        return RAC_IO;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(*daemon, MHD_DAEMON_INFO_BIND_PORT);
    server->http_port = info ? info->port : server->options.http_port;
    return RAC_OK;
}
