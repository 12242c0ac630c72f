/* An open clinic: its store, its clock, its people and its adopted protocols. */
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/internal.h"

typedef struct adopted {
    const char *hash;
    const rac_protocol *protocol;
    struct adopted *next;
} adopted;

struct rac_app {
    rac_store *store;
    rac_instant (*now)(void *context);
    void *context;
    rac_arena *arena; /* what lasts as long as the app; guarded by lock once open */
    pthread_mutex_t lock;
    adopted *protocols;
    rac_recents *recents;
    const char *name;
    int zone_min;
    bool demo;
};

static rac_instant system_now(void *context)
{
    struct timespec t;
    (void)context;
    clock_gettime(CLOCK_REALTIME, &t);
    return (rac_instant){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

rac_status rac_app_create(const char *path, const char *id, const char *name, int zone_min, bool demo,
                          rac_instant now, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    json_t *body = json_pack("{s:s, s:i, s:b}", "name", name, "zone_min", zone_min, "demo", demo);
    if (!body) {
        rac_arena_free(arena);
        return rac_fail(err, RAC_INVALID, "the clinic's name is not UTF-8 text");
    }
    const rac_store_entry first = {.subject = "clinic",
                                   .kind = "clinic.opened",
                                   .at = now,
                                   .recorded = now,
                                   .actor = "setup",
                                   .source = "command",
                                   .body = rac_json_print(arena, body)};
    const rac_status status = rac_store_create(path, id, &first, err);
    json_decref(body);
    rac_arena_free(arena);
    return status;
}

static rac_status read_clinic(rac_app *app, rac_error *err)
{
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.subject = "clinic", .kind = "clinic.opened", .limit = 1};
    rac_status status = rac_store_load(app->arena, app->store, &query, &entries, &count, err);
    if (status)
        return status;
    if (!count)
        return rac_fail(err, RAC_CORRUPT, "the store does not say which clinic it is");
    json_t *body = NULL;
    if ((status = rac_json_parse(rac_text_of(entries[0].body), NULL, &body, err)))
        return status;
    const char *name = json_string_value(json_object_get(body, "name"));
    app->name = rac_string_copy(app->arena, name ? name : "");
    app->zone_min = (int)json_integer_value(json_object_get(body, "zone_min"));
    app->demo = json_is_true(json_object_get(body, "demo"));
    json_decref(body);
    return RAC_OK;
}

rac_status rac_app_open(const char *path, const rac_app_options *options, rac_app **out, rac_error *err)
{
    *out = NULL;
    if (sodium_init() < 0)
        return rac_fail(err, RAC_IO, "the cryptographic library did not start");
    rac_app *app = calloc(1, sizeof *app);
    if (!app)
        abort();
    app->arena = rac_arena_new();
    pthread_mutex_init(&app->lock, NULL);
    app->recents = rac_recents_new();
    app->now = options && options->now ? options->now : system_now;
    app->context = options ? options->context : NULL;
    rac_status status = rac_store_open(path, NULL, &app->store, err);
    if (!status)
        status = read_clinic(app, err);
    if (status) {
        rac_app_close(app);
        return status;
    }
    *out = app;
    return RAC_OK;
}

void rac_app_close(rac_app *app)
{
    if (!app)
        return;
    rac_store_close(app->store);
    rac_recents_free(app->recents);
    pthread_mutex_destroy(&app->lock);
    rac_arena_free(app->arena);
    free(app);
}

rac_recents *rac_app_recents(rac_app *app)
{
    return app->recents;
}

rac_store *rac_app_store(rac_app *app)
{
    return app->store;
}

rac_instant rac_app_now(const rac_app *app)
{
    return app->now(app->context);
}

bool rac_app_demo(const rac_app *app)
{
    return app->demo;
}

int rac_app_zone_min(const rac_app *app)
{
    return app->zone_min;
}

const char *rac_app_name(const rac_app *app)
{
    return app->name;
}

/* ---- time as people type it
 * ---------------------------------------------------------------------------------- */

/* "10:25" is today's; a time still to come is refused where it is used, not moved to yesterday. */
static bool parse_clock(const rac_app *app, rac_text text, rac_instant *at)
{
    const char *d = text.data;
    if (text.size != 5 || d[2] != ':' || strspn(d, "0123456789") != 2 || strspn(d + 3, "0123456789") < 2)
        return false;
    const int hours = (d[0] - '0') * 10 + d[1] - '0', minutes = (d[3] - '0') * 10 + d[4] - '0';
    if (hours > 23 || minutes > 59)
        return false;
    const int64_t day = 86400000, zone = (int64_t)app->zone_min * 60000, now = rac_app_now(app).ms;
    at->ms = (now + zone) / day * day - zone + ((int64_t)hours * 60 + minutes) * 60000;
    if (at->ms > now + day / 2) /* just after midnight, 23:50 was yesterday */
        at->ms -= day;
    return true;
}

rac_status rac_app_time(const rac_app *app, const char *text, rac_instant *at, rac_error *err)
{
    const rac_text typed = rac_text_trim(rac_text_of(text));
    rac_duration ago;
    *at = rac_app_now(app);
    if (!typed.size || rac_text_is(typed, "now") || parse_clock(app, typed, at))
        return RAC_OK;
    if (typed.data[0] == '@')
        return rac_integer_parse((rac_text){typed.data + 1, typed.size - 1}, &at->ms, err);
    if (typed.data[0] == '-' && !rac_duration_parse(typed, &ago, NULL)) {
        *at = rac_instant_add(*at, ago);
        return RAC_OK;
    }
    const rac_status status = rac_instant_parse(typed, at, err);
    if (status)
        rac_error_hint(err, "write -3m, 10:25, or 2026-03-02T10:25:00Z");
    return status;
}

/* ---- adopted protocols
 * ------------------------------------------------------------------------------------------ */

static rac_status read_adopted(rac_arena *arena, const char *body, bool demo_clinic,
                               const rac_protocol **protocol, rac_error *err)
{
    json_t *object = NULL;
    rac_status status = rac_json_parse(rac_text_of(body), NULL, &object, err);
    if (status)
        return status;
    const char *bytes = json_string_value(json_object_get(object, "bytes"));
    const char *values = json_string_value(json_object_get(object, "values"));
    const char *file = json_string_value(json_object_get(object, "file"));
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *draft = NULL;
    if (!bytes || !values || !file) {
        status = rac_fail(err, RAC_CORRUPT, "an adopted protocol lacks its text");
    } else if ((status = rac_protocol_read(arena, rac_text_of(rac_string_copy(arena, bytes)),
                                           rac_string_copy(arena, file), &draft, &problems)) ||
               (status = rac_protocol_fill(arena, draft, rac_text_of(rac_string_copy(arena, values)),
                                           "site values", demo_clinic, protocol, &problems))) {
        if (err && problems.count)
            *err = problems.items[0];
    }
    json_decref(object);
    return status;
}

static rac_status find_adopted(rac_app *app, rac_arena *arena, const char *hash, const char *id,
                               rac_store_entry *entry, rac_error *err)
{
    rac_store_entry *entries;
    size_t count;
    const char *subject = hash ? rac_format(arena, "protocol/%s", hash) : NULL;
    const rac_store_query query = {.subject = subject, .kind = "protocol.adopted", .newest_first = true};
    const rac_status status = rac_store_load(arena, app->store, &query, &entries, &count, err);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        json_t *body = NULL;
        if (rac_json_parse(rac_text_of(entries[i].body), NULL, &body, NULL))
            continue;
        const char *name = json_string_value(json_object_get(body, "id"));
        const bool wanted = !id || (name && strcmp(name, id) == 0);
        json_decref(body);
        if (!wanted)
            continue;
        *entry = entries[i];
        return RAC_OK;
    }
    rac_fail(err, RAC_NOT_FOUND, "no adopted protocol%s%s", id || hash ? " called " : "",
             id     ? id
             : hash ? hash
                    : "");
    rac_error_hint(err, "adopt one: racemate protocol adopt FILE --values FILE");
    return RAC_NOT_FOUND;
}

static const adopted *cached(const rac_app *app, const char *hash)
{
    for (const adopted *a = app->protocols; a; a = a->next)
        if (strcmp(a->hash, hash) == 0)
            return a;
    return NULL;
}

rac_status rac_app_protocol(rac_app *app, const char *hash, const char *id, const rac_protocol **protocol,
                            const char **found_hash, rac_error *err)
{
    rac_status status = RAC_OK;
    pthread_mutex_lock(&app->lock);
    const adopted *known = hash ? cached(app, hash) : NULL;
    if (!known) {
        rac_arena *scratch = rac_arena_new();
        rac_store_entry entry;
        status = find_adopted(app, scratch, hash, id, &entry, err);
        const char *found = status ? NULL : entry.subject + strlen("protocol/");
        known = status ? NULL : cached(app, found);
        if (!status && !known) {
            const rac_protocol *read = NULL;
            status = read_adopted(app->arena, entry.body, app->demo, &read, err);
            if (!status) {
                adopted *fresh = rac_new(app->arena, adopted);
                *fresh = (adopted){rac_string_copy(app->arena, found), read, app->protocols};
                app->protocols = fresh;
                known = fresh;
            }
        }
        rac_arena_free(scratch);
    }
    if (known) {
        *protocol = known->protocol;
        if (found_hash)
            *found_hash = known->hash;
    }
    pthread_mutex_unlock(&app->lock);
    return status;
}

/* ---- people
 * ---------------------------------------------------------------------------------------------------- */

static const char *const roles[] = {"any", "front desk", "nurse", "prescriber", "director"};

const char *rac_role_name(rac_role role)
{
    return roles[role];
}

rac_status rac_role_find(rac_text name, rac_role *role, rac_error *err)
{
    for (size_t i = 1; i < sizeof roles / sizeof *roles; i++) {
        if (rac_text_is(name, roles[i])) {
            *role = (rac_role)i;
            return RAC_OK;
        }
    }
    rac_fail(err, RAC_INVALID, "no role is called '%.*s'", (int)(name.size > 40 ? 40 : name.size), name.data);
    rac_error_hint(err, "roles are 'front desk', nurse, prescriber, director");
    return RAC_INVALID;
}

static rac_status find_staff(rac_app *app, rac_arena *arena, const char *id, json_t **body, rac_error *err)
{
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {
        .subject = rac_format(arena, "staff/%s", id), .newest_first = true, .limit = 1};
    const rac_status status = rac_store_load(arena, app->store, &query, &entries, &count, err);
    if (status)
        return status;
    if (!count)
        return rac_fail(err, RAC_DENIED, "nobody is known as '%.40s' here", id);
    return rac_json_parse(rac_text_of(entries[0].body), NULL, body, err);
}

static rac_status staff_role(rac_app *app, const char *id, rac_role *role, const char *pin, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    json_t *body = NULL;
    rac_status status = find_staff(app, arena, id, &body, err);
    if (!status) {
        const char *name = json_string_value(json_object_get(body, "role"));
        const char *hash = json_string_value(json_object_get(body, "pin_hash"));
        status = rac_role_find(rac_text_of(name), role, err);
        if (!status && pin && (!hash || crypto_pwhash_str_verify(hash, pin, strlen(pin)) != 0))
            status = rac_fail(err, RAC_DENIED, "the PIN is not %.40s's", id);
    }
    json_decref(body);
    rac_arena_free(arena);
    return status;
}

rac_status rac_app_check_pin(rac_app *app, const char *staff_id, const char *pin, rac_role *role,
                             rac_error *err)
{
    return staff_role(app, staff_id, role, pin ? pin : "", err);
}

rac_status rac_call_sign(rac_call *call, rac_error *err)
{
    rac_role role;
    if (call->pin_checked)
        return RAC_OK;
    if (!call->pin) {
        rac_fail(err, RAC_DENIED, "this is signed: a PIN is needed");
        rac_error_hint(err, "give --pin, or set RACEMATE_PIN");
        return RAC_DENIED;
    }
    return rac_app_check_pin(call->app, call->actor, call->pin, &role, err);
}

rac_status rac_call_second(rac_call *call, const char **second, rac_error *err)
{
    rac_role role;
    *second = rac_call_value(call, "second");
    if (!*second)
        return RAC_OK;
    if (strcmp(*second, call->actor) == 0)
        return rac_fail(err, RAC_REFUSED, "the second person must be somebody else than %s", call->actor);
    return rac_app_check_pin(call->app, *second, rac_call_value(call, "second-pin"), &role, err);
}

rac_status rac_call_check(const rac_call *call, rac_error *err)
{
    const rac_use_case *row = call->use_case;
    for (size_t i = 0; row->arguments[i].name; i++) {
        if (row->arguments[i].required && !call->values[i]) {
            rac_fail(err, RAC_INVALID, "'%s' is missing", row->arguments[i].name);
            rac_error_field(err, row->arguments[i].name);
            rac_error_hint(err, "%s", row->arguments[i].help);
            return RAC_INVALID;
        }
        if (row->arguments[i].kind == RAC_ARGUMENT_OUT && call->values[i] && !call->host)
            return rac_fail(err, RAC_UNSUPPORTED, "'%s' writes a file: that works on the command line only",
                            row->arguments[i].name);
    }
    return RAC_OK;
}

/* The person exists and may do it. */
/* Files that come with the program and were given by name, replaced by their bytes. */
static rac_status read_named_files(rac_call *call, rac_error *err)
{
    for (size_t i = 0; i < RAC_ARGUMENTS_MAX && call->use_case->arguments[i].name; i++) {
        const rac_argument *argument = &call->use_case->arguments[i];
        const char *word = call->values[i];
        rac_text bytes;
        if (!argument->folder || !word || !rac_app_is_file_name(word, call->sizes[i]))
            continue;
        rac_status status = rac_app_read_named(call->arena, argument->folder, word, &bytes, err);
        if (!status)
            status = rac_call_set(call, argument->name, bytes.data, bytes.size, err);
        if (!status)
            status = rac_call_set(call, rac_format(call->arena, "%s-name", argument->name), word,
                                  strlen(word), err);
        if (status)
            return status;
    }
    return RAC_OK;
}

rac_status rac_use_case_run(rac_call *call, rac_reply *reply, rac_error *err)
{
    const rac_use_case *row = call->use_case;
    *reply = (rac_reply){0};
    const rac_status complete = rac_call_check(call, err);
    if (complete)
        return complete;
    if (!call->app && !row->anywhere)
        return rac_fail(err, RAC_NOT_FOUND, "no clinic is open");
    if (row->writes) {
        rac_role role;
        if (!call->actor) {
            rac_fail(err, RAC_DENIED, "who are you?");
            rac_error_hint(err, "give --as STAFF, or set RACEMATE_STAFF");
            return RAC_DENIED;
        }
        const rac_status status = staff_role(call->app, call->actor, &role, NULL, err);
        if (status)
            return status;
        if (role < row->role)
            return rac_fail(err, RAC_DENIED, "%s is %s; this needs a %s", call->actor, rac_role_name(role),
                            rac_role_name(row->role));
    }
    const rac_status status = read_named_files(call, err);
    return status ? status : row->run(call, reply, err);
}

/* ---- recording
 * ------------------------------------------------------------------------------------------------------ */

rac_status rac_app_record(rac_call *call, const char *subject, const char *kind, rac_instant at, json_t *body,
                          int64_t *seq, rac_error *err)
{
    if (!body)
        return rac_fail(err, RAC_INVALID, "the text is not UTF-8");
    const rac_store_entry entry = {.subject = subject,
                                   .kind = kind,
                                   .at = at,
                                   .recorded = rac_app_now(call->app),
                                   .actor = call->actor,
                                   .source = call->source,
                                   .body = rac_json_print(call->arena, body)};
    json_decref(body);
    rac_store_result result;
    const rac_status status = rac_store_append(call->app->store, &entry, 1, NULL, &result, err);
    if (!status && seq)
        *seq = result.seq;
    return status;
}

RAC_DO(rac_do_staff_add)
{
    const char *id = rac_call_value(call, "id"), *pin = rac_call_value(call, "new-pin");
    const char *name = rac_call_value(call, "name");
    char hash[crypto_pwhash_STRBYTES];
    rac_role role;
    rac_status status = rac_role_find(rac_text_of(rac_call_value(call, "role")), &role, err);
    if (status)
        return status;
    if (strlen(pin) < 4 || strlen(pin) > 64)
        return rac_fail(err, RAC_INVALID, "a PIN has 4 to 64 characters");
    if (crypto_pwhash_str(hash, pin, strlen(pin), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return rac_fail(err, RAC_IO, "there is not enough memory to hash a PIN");
    if (!call->actor)
        call->actor = "setup";
    /* The first person makes themself; after that a director adds people. */
    rac_store_subject *known;
    size_t count;
    if ((status = rac_store_subjects(call->arena, call->app->store, "staff/", &known, &count, err)))
        return status;
    rac_role own;
    if (count && (status = staff_role(call->app, call->actor, &own,
                                      call->pin_checked ? NULL
                                      : call->pin       ? call->pin
                                                        : "",
                                      err)))
        return status;
    if (count && own < RAC_ROLE_DIRECTOR)
        return rac_fail(err, RAC_DENIED, "%s is %s; this needs a director", call->actor, rac_role_name(own));
    status = rac_app_record(
        call, rac_format(call->arena, "staff/%s", id), "staff.added", rac_app_now(call->app),
        json_pack("{s:s, s:s, s:s}", "name", name, "role", rac_role_name(role), "pin_hash", hash), NULL, err);
    reply->text = rac_format(call->arena, "%s is %s, a %s.\n", id, name, rac_role_name(role));
    reply->json = json_pack("{s:s, s:s, s:s}", "id", id, "name", name, "role", rac_role_name(role));
    return status;
}

RAC_DO(rac_do_staff_list)
{
    rac_store_subject *known;
    size_t count;
    rac_status status = rac_store_subjects(call->arena, call->app->store, "staff/", &known, &count, err);
    json_t *list = json_array();
    char *text = rac_string_copy(call->arena, "");
    for (size_t i = 0; !status && i < count; i++) {
        json_t *body = NULL;
        const char *id = known[i].name + strlen("staff/");
        if ((status = find_staff(call->app, call->arena, id, &body, err)))
            break;
        json_object_del(body, "pin_hash");
        json_object_set_new(body, "id", json_string(id));
        text = rac_format(call->arena, "%s%-10s %-12s %s\n", text, id,
                          json_string_value(json_object_get(body, "role")),
                          json_string_value(json_object_get(body, "name")));
        json_array_append_new(list, body);
    }
    reply->json = list;
    reply->text = text;
    return status;
}
