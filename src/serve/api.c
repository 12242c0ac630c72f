/* The JSON of the API: the two views, health, and acts, which are the use cases of the table. */
#include <string.h>

#include "serve/internal.h"

enum { tick_missed_ms = 10000 }; /* ten turns of the alarm engine */

/* Use cases for the command line of this machine: they touch its files, or compute for as long as they are
 * asked to, and the two threads that answer pages must always be free for a patient's numbers. */
static const struct {
    const char *noun, *verb; /* verb NULL: all of them */
} local_only[] = {{"backup", NULL},   {"export", NULL}, {"doctor", NULL}, {"study", NULL},
                  {"simulate", NULL}, {"fit", NULL},    {"dose", NULL},   {"protocol", "simulate"}};

const rac_route rac_routes[] = {
    {{"GET", "/api/board", false, "every open session on one screen"}, rac_handle_board},
    {{"GET", "/api/sessions/*", false, "one session as it stands"}, rac_handle_session},
    {{"GET", "/api/sessions/*/curve", false, "its predicted concentration"}, rac_handle_curve},
    {{"GET", "/api/live", false, "server-sent events: what changed"}, rac_handle_live},
    {{"POST", "/api/do/*", true, "a use case that is one word"}, rac_handle_do},
    {{"POST", "/api/do/*/*", true, "a use case: noun and verb"}, rac_handle_do},
    {{"POST", "/api/sign-in", false, "staff id and PIN; sets the cookie"}, rac_handle_sign_in},
    {{"POST", "/api/sign-out", false, "ends this sign-in"}, rac_handle_sign_out},
    {{"GET", "/api/me", true, "who is signed in"}, rac_handle_me},
    {{"GET", "/api/health", false, "age of the last alarm round, newest entry"}, rac_handle_health},
};
const size_t rac_route_count = sizeof rac_routes / sizeof *rac_routes;

const rac_serve_route *rac_serve_route_at(size_t index)
{
    return index < rac_route_count ? &rac_routes[index].about : NULL;
}

rac_status rac_handle_board(rac_request *request, rac_response *response, rac_error *err)
{
    return rac_app_board_view(request->server->app, &response->json, err);
}

rac_status rac_handle_session(rac_request *request, rac_response *response, rac_error *err)
{
    return rac_app_session_view(request->server->app, request->segments[0], &response->json, err);
}

rac_status rac_handle_curve(rac_request *request, rac_response *response, rac_error *err)
{
    return rac_app_session_curve(request->server->app, request->segments[0], &response->json, err);
}

rac_status rac_handle_health(rac_request *request, rac_response *response, rac_error *err)
{
    rac_server *server = request->server;
    int64_t seq = 0;
    const rac_status status = rac_store_last(rac_app_store(server->app), NULL, &seq, err);
    if (status)
        return status;
    const int64_t ticked = atomic_load(&server->tick_ms), age_ms = rac_serve_monotonic_ms() - ticked;
    /* Not well while alarms are not looked at, whatever else still answers (RS-14). */
    response->code = ticked && age_ms <= tick_missed_ms ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    response->json =
        json_pack("{s:o, s:I, s:I, s:b, s:s}", "tick_age_ms", ticked ? json_integer(age_ms) : json_null(),
                  "seq", (json_int_t)seq, "now_ms", (json_int_t)rac_app_now(server->app).ms, "demo",
                  rac_app_demo(server->app), "version", RAC_VERSION);
    return RAC_OK;
}

/* ---- acts ------------------------------------------------------------------------------------------ */

/* An argument that the body gives as a string; flags also as true and false. */
static rac_status set_argument(rac_call *call, const char *name, const json_t *value, rac_error *err)
{
    if (json_is_string(value))
        return rac_call_set(call, name, json_string_value(value), json_string_length(value), err);
    if (json_is_false(value) || json_is_null(value))
        return rac_call_set(call, name, NULL, 0, err);
    if (json_is_true(value))
        return rac_call_set(call, name, "true", strlen("true"), err);
    rac_fail(err, RAC_INVALID, "'%.60s' must be a string", name);
    rac_error_field(err, name);
    return RAC_INVALID;
}

static rac_status set_arguments(rac_call *call, json_t *body, rac_error *err)
{
    const char *name;
    json_t *value;
    if (body && !json_is_object(body))
        return rac_fail(err, RAC_INVALID, "the body must be a JSON object");
    json_object_foreach(body, name, value)
    {
        const rac_status status = set_argument(call, name, value, err);
        if (status)
            return status;
    }
    return RAC_OK;
}

/* A page names the patient it shows in every write about a session, so that an act typed into the wrong
 * tab is refused (RS-13); the use case compares. */
static rac_status check_named_patient(const rac_call *call, rac_error *err)
{
    bool takes_patient = false;
    for (size_t i = 0; i < RAC_ARGUMENTS_MAX && call->use_case->arguments[i].name; i++)
        takes_patient = takes_patient || strcmp(call->use_case->arguments[i].name, "patient") == 0;
    if (!call->use_case->writes || !takes_patient || rac_call_value(call, "patient"))
        return RAC_OK;
    rac_fail(err, RAC_INVALID, "a write must name the patient");
    rac_error_field(err, "patient");
    return RAC_INVALID;
}

static rac_status find_use_case(const rac_request *request, const rac_use_case **use_case, rac_error *err)
{
    const rac_status status = rac_use_case_find(request->segments[0], request->segments[1], use_case, err);
    if (status)
        return status;
    for (size_t i = 0; i < sizeof local_only / sizeof *local_only; i++)
        if (strcmp((*use_case)->noun, local_only[i].noun) == 0 &&
            (!local_only[i].verb ||
             ((*use_case)->verb && strcmp((*use_case)->verb, local_only[i].verb) == 0)))
            return rac_fail(err, RAC_DENIED,
                            "'%s' is for the command line of this machine: it touches files or "
                            "computes for long",
                            local_only[i].noun);
    return RAC_OK;
}

/* What the use case said, always an object with "text". */
static json_t *reply_json(const rac_reply *reply)
{
    json_t *json = json_is_object(reply->json) ? reply->json : json_object();
    if (json != reply->json && reply->json)
        json_object_set_new(json, "list", reply->json);
    if (reply->text && !json_object_get(json, "text"))
        json_object_set_new(json, "text", json_string(reply->text));
    return json;
}

rac_status rac_handle_do(rac_request *request, rac_response *response, rac_error *err)
{
    rac_server *server = request->server;
    rac_call call = {.app = server->app,
                     .arena = request->arena,
                     .actor = request->staff,
                     .pin_checked = true,
                     .source = "web"};
    json_t *body = NULL;
    rac_reply reply = {0};
    rac_status status = find_use_case(request, &call.use_case, err);
    if (!status && rac_text_trim(request->body).size)
        status = rac_json_parse(request->body, NULL, &body, err);
    if (!status)
        status = set_arguments(&call, body, err);
    if (!status)
        status = check_named_patient(&call, err);
    if (!status)
        status = rac_use_case_run(&call, &reply, err);
    /* Also after a refusal: that may have been recorded too. */
    rac_clockwork_wake(server);
    if (status)
        json_decref(reply.json);
    else
        response->json = reply_json(&reply);
    json_decref(body);
    return status;
}
