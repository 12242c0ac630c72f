/* What was decoded of open sessions, so that a load reads only what is new.
 *
 * A session that is monitored every second has thousands of entries after an hour, and is looked at with
 * every reading and every alarm round.  The record only grows, so what was decoded stays true: each load
 * asks the store for entries after the last one seen.  Nothing is decided here; a process that starts
 * afresh gives the same answers.
 *
 * Events borrow their texts from the table.  They are freed when nobody has asked for the session in
 * `idle_ms`, which is far longer than any one call. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/internal.h"

enum { idle_ms = 15 * 60 * 1000, bucket_count = 256 };

typedef struct recent {
    struct recent *next;
    char *id;
    rac_arena *arena; /* of everything below; NULL: nothing decoded */
    rac_event *events;
    size_t count, capacity;
    const char **devices;
    size_t device_count, device_capacity;
    int64_t last_seq;
    int64_t asked_ms;
    bool over; /* once over, a session stays over */
} recent;

struct rac_recents {
    pthread_mutex_t lock;
    int64_t swept_ms;
    recent *buckets[bucket_count];
};

static int64_t monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

rac_recents *rac_recents_new(void)
{
    rac_recents *recents = calloc(1, sizeof *recents);
    if (!recents)
        abort();
    pthread_mutex_init(&recents->lock, NULL);
    return recents;
}

static void forget(recent *r)
{
    rac_arena_free(r->arena);
    r->arena = NULL;
    r->events = NULL;
    r->devices = NULL;
    r->count = r->capacity = r->device_count = r->device_capacity = 0;
    r->last_seq = 0;
}

void rac_recents_free(rac_recents *recents)
{
    if (!recents)
        return;
    for (size_t i = 0; i < bucket_count; i++) {
        for (recent *r = recents->buckets[i], *next; r; r = next) {
            next = r->next;
            forget(r);
            free(r->id);
            free(r);
        }
    }
    pthread_mutex_destroy(&recents->lock);
    free(recents);
}

/* The lock is held. */
static recent *find(rac_recents *recents, const char *id)
{
    size_t hash = 5381;
    for (const char *c = id; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    recent **bucket = &recents->buckets[hash % bucket_count];
    for (recent *r = *bucket; r; r = r->next)
        if (strcmp(r->id, id) == 0)
            return r;
    recent *fresh = calloc(1, sizeof *fresh);
    if (!fresh || !(fresh->id = strdup(id)))
        abort();
    fresh->next = *bucket;
    *bucket = fresh;
    return fresh;
}

/* A name that is no session's takes no room.  The lock is held. */
static void drop(rac_recents *recents, recent *r)
{
    for (size_t i = 0; i < bucket_count; i++) {
        for (recent **link = &recents->buckets[i]; *link; link = &(*link)->next) {
            if (*link != r)
                continue;
            *link = r->next;
            forget(r);
            free(r->id);
            free(r);
            return;
        }
    }
}

/* The lock is held. */
static void sweep(rac_recents *recents, int64_t now)
{
    enum { every_ms = 60000 };
    if (now - recents->swept_ms < every_ms)
        return;
    recents->swept_ms = now;
    for (size_t i = 0; i < bucket_count; i++)
        for (recent *r = recents->buckets[i]; r; r = r->next)
            if (r->arena && now - r->asked_ms > idle_ms)
                forget(r);
}

/* The same monitor says the same name a thousand times. */
static const char *shared(rac_arena *arena, const char *before, const char *text)
{
    return before && strcmp(before, text) == 0 ? before : rac_string_copy(arena, text);
}

static rac_status decode(const recent *r, const rac_store_entry *entry, rac_event *event, rac_error *err)
{
    const rac_event *before = r->count ? &r->events[r->count - 1] : NULL;
    *event = (rac_event){.seq = entry->seq,
                         .at = entry->at,
                         .recorded = entry->recorded,
                         .actor = shared(r->arena, before ? before->actor : NULL, entry->actor),
                         .source = shared(r->arena, before ? before->source : NULL, entry->source)};
    const rac_status status = rac_event_find(rac_text_of(entry->kind), &event->kind, err);
    return status ? status : rac_event_decode(r->arena, rac_text_of(entry->body), event, err);
}

/* Devices the session was ever bound to, also by a correction. */
static void note_device(recent *r, const rac_event *event)
{
    if (event->kind == RAC_EVENT_CORRECTION && event->replacement)
        event = event->replacement;
    if (event->kind == RAC_EVENT_DEVICE_BOUND && event->name)
        rac_push(r->arena, r->devices, r->device_count, r->device_capacity, event->name);
}

typedef struct reading {
    recent *into;
    rac_status status;
    rac_error *err;
} reading;

static bool take(void *context, const rac_store_entry *entry)
{
    static const rac_event_kind exits[] = {RAC_EVENT_DISCHARGED, RAC_EVENT_CANCELLED, RAC_EVENT_TRANSFERRED,
                                           RAC_EVENT_LEFT};
    reading *now = context;
    recent *r = now->into;
    rac_event event;
    now->status = decode(r, entry, &event, now->err);
    if (now->status)
        return false;
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        r->over = r->over || event.kind == exits[i];
    note_device(r, &event);
    rac_push(r->arena, r->events, r->count, r->capacity, event);
    r->last_seq = entry->seq;
    return true;
}

/* The lock is held. */
static rac_status catch_up(rac_app *app, recent *r, rac_error *err)
{
    char subject[RAC_STORE_NAME_MAX + 1];
    if (strlen(r->id) + sizeof "session/" > sizeof subject)
        return RAC_OK; /* no session is called so */
    strcpy(subject, "session/");
    strcat(subject, r->id);
    if (!r->arena)
        r->arena = rac_arena_new();
    reading now = {r, RAC_OK, err};
    const rac_store_query query = {.subject = subject, .from_seq = r->last_seq + 1};
    const rac_status status = rac_store_read(rac_app_store(app), &query, take, &now, err);
    return status ? status : now.status;
}

rac_status rac_recents_events(rac_app *app, const char *session_id, rac_event **events, size_t *count,
                              int64_t *last_seq, rac_error *err)
{
    rac_recents *recents = rac_app_recents(app);
    const int64_t now = monotonic_ms();
    pthread_mutex_lock(&recents->lock);
    sweep(recents, now);
    recent *r = find(recents, session_id);
    r->asked_ms = now;
    const rac_status status = catch_up(app, r, err);
    *events = r->events; /* stays as it is when more are added: they go behind, or into a larger copy */
    *count = r->count;
    *last_seq = r->last_seq;
    if (!r->count)
        drop(recents, r);
    pthread_mutex_unlock(&recents->lock);
    return status;
}

bool rac_recents_over(rac_app *app, const char *session_id)
{
    rac_recents *recents = rac_app_recents(app);
    pthread_mutex_lock(&recents->lock);
    const bool over = find(recents, session_id)->over;
    pthread_mutex_unlock(&recents->lock);
    return over;
}

void rac_recents_set_over(rac_app *app, const char *session_id)
{
    rac_recents *recents = rac_app_recents(app);
    pthread_mutex_lock(&recents->lock);
    find(recents, session_id)->over = true;
    pthread_mutex_unlock(&recents->lock);
}

rac_status rac_recents_had_device(rac_app *app, const char *session_id, const char *device, const char *bed,
                                  bool *had, rac_error *err)
{
    rac_recents *recents = rac_app_recents(app);
    pthread_mutex_lock(&recents->lock);
    recent *r = find(recents, session_id);
    r->asked_ms = monotonic_ms();
    const rac_status status = catch_up(app, r, err);
    *had = false;
    for (size_t i = 0; i < r->device_count; i++)
        *had = *had || strcmp(r->devices[i], device) == 0 || (bed && strcmp(r->devices[i], bed) == 0);
    pthread_mutex_unlock(&recents->lock);
    return status;
}
