/* Who is signed in.  A token is 256 random bits in a cookie no script can read; here only its hash is
 * kept, in memory, so that stopping the server signs everybody out.  A person is signed out after some
 * minutes without an act and after 12 hours whatever they do (ASVS 5.0, 7.3); the board stays visible.
 * Wrong PINs make the next try wait, longer each time, and never for ever: a nurse must get in. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/internal.h"

enum {
    token_bytes = 32,
    hash_bytes = 32,
    most_tokens = 128,
    most_tries = 64,
    free_tries = 3, /* wrong PINs before waiting begins */
    absolute_ms = 12 * 3600 * 1000,
    longest_wait_ms = 15 * 60 * 1000,
    usual_idle_min = 15
};

typedef struct sign_in {
    unsigned char hash[hash_bytes];
    char staff[RAC_STAFF_MAX]; /* "": free */
    rac_role role;
    int64_t began_ms, acted_ms;
} sign_in;

typedef struct tries {
    char staff[RAC_STAFF_MAX];
    int wrong;
    int64_t tried_ms; /* the last time */
    int64_t again_ms; /* not before */
} tries;

struct rac_people {
    pthread_mutex_t lock;
    pthread_mutex_t hashing; /* one PIN at a time: argon2id takes 64 MiB */
    int64_t idle_ms;
    sign_in tokens[most_tokens];
    tries attempts[most_tries];
};

rac_people *rac_people_new(int idle_min)
{
    rac_people *people = calloc(1, sizeof *people);
    if (!people)
        abort();
    pthread_mutex_init(&people->lock, NULL);
    pthread_mutex_init(&people->hashing, NULL);
    people->idle_ms = (int64_t)(idle_min > 0 ? idle_min : usual_idle_min) * 60000;
    return people;
}

void rac_people_free(rac_people *people)
{
    if (!people)
        return;
    pthread_mutex_destroy(&people->hashing);
    pthread_mutex_destroy(&people->lock);
    sodium_memzero(people, sizeof *people);
    free(people);
}

/* ---- tokens ---------------------------------------------------------------------------------------- */

static bool is_over(const rac_people *people, const sign_in *s, int64_t now)
{
    return now - s->began_ms > absolute_ms || now - s->acted_ms > people->idle_ms;
}

/* Holds the port: a browser gives the cookies of a host to all its ports. */
static const char *cookie_name(const rac_request *request)
{
    return rac_format(request->arena, "racemate-%d", atomic_load(&request->server->http_port));
}

static bool hash_of_cookie(const rac_request *request, unsigned char hash[hash_bytes])
{
    unsigned char token[token_bytes];
    size_t size;
    const char *text =
        MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, cookie_name(request));
    if (!text ||
        sodium_base642bin(token, sizeof token, text, strlen(text), NULL, &size, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
        size != sizeof token)
        return false;
    crypto_generichash(hash, hash_bytes, token, sizeof token, NULL, 0);
    return true;
}

/* The lock is held. */
static sign_in *find_token(rac_people *people, const unsigned char hash[hash_bytes])
{
    for (size_t i = 0; i < most_tokens; i++)
        if (people->tokens[i].staff[0] && sodium_memcmp(people->tokens[i].hash, hash, hash_bytes) == 0)
            return &people->tokens[i];
    return NULL;
}

void rac_people_find(rac_request *request, bool act)
{
    rac_people *people = request->server->people;
    unsigned char hash[hash_bytes];
    request->staff[0] = '\0';
    if (!hash_of_cookie(request, hash))
        return;
    const int64_t now = rac_serve_monotonic_ms();
    pthread_mutex_lock(&people->lock);
    sign_in *found = find_token(people, hash);
    if (found && is_over(people, found, now)) {
        sodium_memzero(found, sizeof *found);
        found = NULL;
    }
    if (found && act)
        found->acted_ms = now;
    if (found)
        memcpy(request->staff, found->staff, sizeof request->staff);
    pthread_mutex_unlock(&people->lock);
}

/* A free place, or that of the person who has been idle longest. */
static sign_in *place_for_token(rac_people *people, int64_t now)
{
    sign_in *oldest = &people->tokens[0];
    for (size_t i = 0; i < most_tokens; i++) {
        sign_in *s = &people->tokens[i];
        if (!s->staff[0] || is_over(people, s, now))
            return s;
        if (s->acted_ms < oldest->acted_ms)
            oldest = s;
    }
    return oldest;
}

static const char *make_cookie(rac_request *request, const char *staff, rac_role role)
{
    rac_people *people = request->server->people;
    unsigned char token[token_bytes];
    char text[sodium_base64_ENCODED_LEN(token_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    const int64_t now = rac_serve_monotonic_ms();
    randombytes_buf(token, sizeof token);
    pthread_mutex_lock(&people->lock);
    sign_in *s = place_for_token(people, now);
    *s = (sign_in){.role = role, .began_ms = now, .acted_ms = now};
    snprintf(s->staff, sizeof s->staff, "%s", staff);
    crypto_generichash(s->hash, hash_bytes, token, sizeof token, NULL, 0);
    pthread_mutex_unlock(&people->lock);
    sodium_bin2base64(text, sizeof text, token, sizeof token, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(token, sizeof token);
    return rac_format(request->arena, "%s=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d",
                      cookie_name(request), text, absolute_ms / 1000);
}

static void drop_token(rac_request *request)
{
    rac_people *people = request->server->people;
    unsigned char hash[hash_bytes];
    if (!hash_of_cookie(request, hash))
        return;
    pthread_mutex_lock(&people->lock);
    sign_in *found = find_token(people, hash);
    if (found)
        sodium_memzero(found, sizeof *found);
    pthread_mutex_unlock(&people->lock);
}

/* ---- wrong PINs -------------------------------------------------------------------------------------- */

/* The row of that person, else that of whoever tried longest ago.  The lock is held. */
static tries *find_tries(rac_people *people, const char *staff)
{
    tries *oldest = &people->attempts[0];
    for (size_t i = 0; i < most_tries; i++) {
        tries *t = &people->attempts[i];
        if (strcmp(t->staff, staff) == 0)
            return t;
        if (t->tried_ms < oldest->tried_ms)
            oldest = t;
    }
    *oldest = (tries){.tried_ms = rac_serve_monotonic_ms()};
    snprintf(oldest->staff, sizeof oldest->staff, "%s", staff);
    return oldest;
}

/* Milliseconds still to wait. */
static int64_t must_wait(rac_people *people, const char *staff)
{
    pthread_mutex_lock(&people->lock);
    const int64_t left = find_tries(people, staff)->again_ms - rac_serve_monotonic_ms();
    pthread_mutex_unlock(&people->lock);
    return left > 0 ? left : 0;
}

static void note_try(rac_people *people, const char *staff, bool right)
{
    pthread_mutex_lock(&people->lock);
    tries *t = find_tries(people, staff);
    t->wrong = right ? 0 : t->wrong + 1;
    t->tried_ms = rac_serve_monotonic_ms();
    t->again_ms = 0;
    if (t->wrong >= free_tries) {
        const int doublings = t->wrong - free_tries < 10 ? t->wrong - free_tries : 10;
        const int64_t wait = (int64_t)1000 << doublings;
        t->again_ms = rac_serve_monotonic_ms() + (wait < longest_wait_ms ? wait : longest_wait_ms);
    }
    pthread_mutex_unlock(&people->lock);
}

/* ---- handlers ---------------------------------------------------------------------------------------- */

static rac_status check(rac_request *request, const char *staff, const char *pin, rac_role *role,
                        rac_response *response, rac_error *err)
{
    rac_people *people = request->server->people;
    pthread_mutex_lock(&people->hashing);
    const int64_t wait = must_wait(people, staff);
    rac_error why = {0};
    rac_status status = RAC_BUSY;
    if (!wait) {
        status = rac_app_check_pin(request->server->app, staff, pin, role, &why);
        if (!status || status == RAC_DENIED)
            note_try(people, staff, !status);
    }
    pthread_mutex_unlock(&people->hashing);
    if (wait) {
        response->code = MHD_HTTP_TOO_MANY_REQUESTS;
        response->retry_after_s = (unsigned)(wait / 1000 + 1);
        return rac_fail(err, RAC_BUSY, "too many wrong PINs: try again in %u s", response->retry_after_s);
    }
    if (status == RAC_DENIED) {
        /* One answer for an unknown id and a wrong PIN. */
        response->code = MHD_HTTP_UNAUTHORIZED;
        return rac_fail(err, RAC_DENIED, "this staff id and PIN do not go together");
    }
    if (status && err)
        *err = why;
    return status;
}

rac_status rac_handle_sign_in(rac_request *request, rac_response *response, rac_error *err)
{
    json_t *body = NULL;
    rac_role role = RAC_ROLE_ANY;
    rac_status status = rac_json_parse(request->body, NULL, &body, err);
    if (status)
        return status;
    const char *staff = json_string_value(json_object_get(body, "staff"));
    const char *pin = json_string_value(json_object_get(body, "pin"));
    if (!staff || !staff[0] || strlen(staff) >= RAC_STAFF_MAX || !pin)
        status = rac_fail(err, RAC_INVALID, "signing in needs \"staff\" and \"pin\"");
    else
        status = check(request, staff, pin, &role, response, err);
    if (!status) {
        drop_token(request); /* a new token at every sign-in */
        response->cookie = make_cookie(request, staff, role);
        response->json = json_pack("{s:s, s:s}", "staff", staff, "role", rac_role_name(role));
    }
    json_decref(body);
    return status;
}

rac_status rac_handle_sign_out(rac_request *request, rac_response *response, rac_error *err)
{
    (void)err;
    drop_token(request);
    response->cookie =
        rac_format(request->arena, "%s=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", cookie_name(request));
    response->json = json_object();
    return RAC_OK;
}

rac_status rac_handle_me(rac_request *request, rac_response *response, rac_error *err)
{
    rac_people *people = request->server->people;
    unsigned char hash[hash_bytes];
    rac_role role = RAC_ROLE_ANY;
    (void)err;
    pthread_mutex_lock(&people->lock);
    const sign_in *found = hash_of_cookie(request, hash) ? find_token(people, hash) : NULL;
    if (found)
        role = found->role;
    pthread_mutex_unlock(&people->lock);
    response->json = json_pack("{s:s, s:s}", "staff", request->staff, "role", rac_role_name(role));
    return RAC_OK;
}
