/* A session gathered from the store, and events committed to it together with what the alarm engine says.
 *
 * Every write goes the same way: load, let the core decide, append with the sequence number that was seen,
 * and load again when somebody was faster. */
#include <string.h>

#include "app/internal.h"

static char *session_subject(rac_arena *arena, const char *id)
{
    return rac_format(arena, "session/%s", id);
}

/* Who and where, as the opening entry says. */
static void read_opening(rac_case *out, const char **hash)
{
    for (size_t i = 0; i < out->event_count; i++) {
        if (out->events[i].kind != RAC_EVENT_OPENED)
            continue;
        out->patient_id = out->events[i].name;
        out->chair = out->events[i].text;
        *hash = out->events[i].protocol_hash;
    }
}

/* Folds what was gathered, and counts the alarms the discharge list asks about. */
static rac_status fold(rac_app *app, rac_arena *arena, rac_instant now, rac_case *out, rac_error *err)
{
    rac_status status = rac_session_fold(arena, out->protocol, &out->facts, out->events, out->event_count,
                                         &out->session, err);
    if (status)
        return status;
    out->moment = (rac_moment){out->protocol, &out->session, &out->facts, now, rac_app_zone_min(app), -1};
    if ((status = rac_alarms_now(arena, &out->moment, out->events, out->event_count, &out->alarms, err)))
        return status;
    out->moment.alarms_open = out->alarms.open;
    return RAC_OK;
}

rac_status rac_case_load(rac_app *app, rac_arena *arena, const char *session_id, rac_instant now,
                         rac_case *out, rac_error *err)
{
    const char *hash = NULL;
    *out = (rac_case){.session_id = session_id};
    rac_status status =
        rac_recents_events(app, session_id, &out->events, &out->event_count, &out->last_seq, err);
    if (status)
        return status;
    if (!out->event_count) {
        rac_fail(err, RAC_NOT_FOUND, "there is no session %.40s", session_id);
        rac_error_hint(err, "racemate session list shows them");
        return RAC_NOT_FOUND;
    }
    read_opening(out, &hash);
    if (!hash)
        return rac_fail(err, RAC_CORRUPT, "session %.40s was never opened", session_id);
    if ((status = rac_app_protocol(app, hash, NULL, &out->protocol, NULL, err)) ||
        (status = rac_app_facts(app, arena, out->patient_id, &out->facts, err)))
        return status;
    return fold(app, arena, now, out, err);
}

/* The case as it will be with `events` added: what the alarm engine must look at. */
static rac_status with_events(rac_app *app, rac_arena *arena, const rac_case *seen, const rac_event *events,
                              size_t count, rac_instant now, rac_case *after, rac_error *err)
{
    *after = *seen;
    after->events = rac_many(arena, rac_event, seen->event_count + count);
    memcpy(after->events, seen->events, seen->event_count * sizeof *events);
    for (size_t i = 0; i < count; i++) {
        after->events[seen->event_count + i] = events[i];
        /* after everything recorded so far; the store gives the real number */
        after->events[seen->event_count + i].seq = seen->last_seq + 1 + (int64_t)i;
        after->events[seen->event_count + i].recorded = now;
    }
    after->event_count = seen->event_count + count;
    return fold(app, arena, now, after, err);
}

static rac_store_entry entry_of(rac_arena *arena, const rac_case *seen, const rac_event *event,
                                const char *key, rac_instant now)
{
    return (rac_store_entry){.subject = session_subject(arena, seen->session_id),
                             .kind = rac_event_name(event->kind),
                             .at = event->at,
                             .recorded = now,
                             .actor = event->actor,
                             .source = event->source,
                             .key = key,
                             .body = rac_event_encode(arena, event)};
}

rac_status rac_case_commit(rac_app *app, rac_arena *arena, const rac_case *seen, const rac_event *events,
                           size_t count, const char *const *keys, rac_instant now, rac_store_result *first,
                           rac_error *err)
{
    rac_case after;
    rac_event *due = NULL;
    size_t due_count = 0;
    rac_status status = with_events(app, arena, seen, events, count, now, &after, err);
    if (!status)
        status = rac_alarms_due(arena, &after.moment, after.events, after.event_count, &due, &due_count, err);
    if (status || count + due_count == 0)
        return status;
    rac_store_entry *entries = rac_many(arena, rac_store_entry, count + due_count);
    rac_store_result *results = rac_many(arena, rac_store_result, count + due_count);
    for (size_t i = 0; i < count; i++)
        entries[i] = entry_of(arena, seen, &events[i], keys ? keys[i] : NULL, now);
    for (size_t i = 0; i < due_count; i++)
        entries[count + i] = entry_of(arena, seen, &due[i], NULL, now);
    const rac_store_expect expect = {entries[0].subject, seen->last_seq};
    status = rac_store_append(rac_app_store(app), entries, count + due_count, &expect, results, err);
    if (!status && first && count)
        *first = results[0];
    return status;
}

/* ---- open sessions
 * -------------------------------------------------------------------------------------------- */

/* The last state change decides; only the exits end a session. */
static rac_status is_over(rac_app *app, rac_arena *arena, const char *subject, bool *over, rac_error *err)
{
    static const rac_event_kind exits[] = {RAC_EVENT_DISCHARGED, RAC_EVENT_CANCELLED, RAC_EVENT_TRANSFERRED,
                                           RAC_EVENT_LEFT};
    *over = rac_recents_over(app, subject + strlen("session/"));
    if (*over)
        return RAC_OK;
    for (size_t i = 0; !*over && i < sizeof exits / sizeof *exits; i++) {
        rac_store_entry *entries;
        size_t count;
        const rac_store_query query = {.subject = subject, .kind = rac_event_name(exits[i]), .limit = 1};
        const rac_status status = rac_store_load(arena, rac_app_store(app), &query, &entries, &count, err);
        if (status)
            return status;
        *over = count > 0;
    }
    if (*over)
        rac_recents_set_over(app, subject + strlen("session/"));
    return RAC_OK;
}

rac_status rac_app_open_sessions(rac_app *app, rac_arena *arena, const char ***ids, size_t *count,
                                 rac_error *err)
{
    rac_store_subject *subjects;
    size_t subject_count;
    rac_status status =
        rac_store_subjects(arena, rac_app_store(app), "session/", &subjects, &subject_count, err);
    if (status)
        return status;
    const char **open = rac_many(arena, const char *, subject_count);
    *count = 0;
    for (size_t i = subject_count; i-- > 0;) {
        bool over;
        if ((status = is_over(app, arena, subjects[i].name, &over, err)))
            return status;
        if (!over)
            open[(*count)++] = subjects[i].name + strlen("session/");
    }
    *ids = open;
    return RAC_OK;
}

enum { commit_tries = 20 };

static rac_status tick_session(rac_app *app, const char *id, rac_error *err)
{
    rac_status status = RAC_CONFLICT;
    for (int i = 0; status == RAC_CONFLICT && i < commit_tries; i++) {
        rac_arena *arena = rac_arena_new();
        rac_case seen;
        status = rac_case_load(app, arena, id, rac_app_now(app), &seen, err);
        if (!status)
            status = rac_case_commit(app, arena, &seen, NULL, 0, NULL, rac_app_now(app), NULL, err);
        rac_arena_free(arena);
    }
    return status;
}

/* One session that cannot be read must not silence the alarms of the others; the first failure is told. */
rac_status rac_app_tick(rac_app *app, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    const char **ids;
    size_t count;
    rac_status status = rac_app_open_sessions(app, arena, &ids, &count, err);
    if (status)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        rac_error why = {0};
        const rac_status one = tick_session(app, ids[i], &why);
        if (one && !status) {
            status = one;
            if (err)
                *err = why;
        }
    }
    rac_arena_free(arena);
    return status;
}

/* ---- readings from devices
 * ---------------------------------------------------------------------------------------- */

static bool is_bound_to(const rac_session *session, const rac_device_reading *reading)
{
    if (!session->device)
        return false;
    return strcmp(session->device, reading->device) == 0 ||
           (reading->bed && strcmp(session->device, reading->bed) == 0);
}

/* Whether the device or bed is bound to this session now. */
static rac_status is_bound_here(rac_app *app, rac_arena *arena, const rac_device_reading *reading,
                                const char *session_id, bool *bound, rac_error *err)
{
    rac_case seen;
    *bound = false;
    rac_status status = rac_recents_had_device(app, session_id, reading->device, reading->bed, bound, err);
    if (status || !*bound)
        return status;
    *bound = false;
    if ((status = rac_case_load(app, arena, session_id, rac_app_now(app), &seen, err)))
        return status;
    *bound = is_bound_to(&seen.session, reading);
    return RAC_OK;
}

/* A session that cannot be read is told only when no other is the one: it does not cut off the others. */
static rac_status find_bound(rac_app *app, rac_arena *arena, const rac_device_reading *reading,
                             const char **session_id, rac_error *err)
{
    const char **ids;
    size_t count;
    rac_error why = {0};
    *session_id = NULL;
    rac_status status = rac_app_open_sessions(app, arena, &ids, &count, err);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++) {
        bool bound;
        const rac_status one = is_bound_here(app, arena, reading, ids[i], &bound, &why);
        status = one ? one : status;
        if (bound) {
            *session_id = ids[i];
            return RAC_OK;
        }
    }
    if (status && err)
        *err = why;
    return status;
}

static rac_event reading_event(rac_arena *arena, const rac_device_reading *reading,
                               const rac_session *session)
{
    return (rac_event){.at = reading->at,
                       .kind = RAC_EVENT_READING,
                       .actor = reading->device,
                       .source = rac_format(arena, "hl7:%s", reading->device),
                       /* charted under the name it is bound by, so that the fold hears it */
                       .name = session ? session->device : reading->device,
                       .readings = rac_many(arena, rac_reading_value, reading->count),
                       .reading_count = reading->count,
                       .fasting_h = -1};
}

/* Values outside the physical range are kept and marked, never dropped and never used. */
static void copy_values(rac_arena *arena, const rac_device_reading *reading, rac_event *event)
{
    for (size_t i = 0; i < reading->count; i++) {
        rac_error why = {0};
        event->readings[i] = reading->values[i];
        if (rac_reading_check(&reading->values[i], 1, &why)) {
            event->readings[i].quality = RAC_QUALITY_INVALID;
            event->readings[i].why = rac_string_copy(arena, why.message);
        }
    }
}

static rac_status keep_unbound(rac_app *app, rac_arena *arena, const rac_device_reading *readings,
                               size_t count, bool *already, rac_error *err)
{
    rac_store_entry *entries = rac_many(arena, rac_store_entry, count);
    rac_store_result *results = rac_many(arena, rac_store_result, count);
    for (size_t i = 0; i < count; i++) {
        rac_event event = reading_event(arena, &readings[i], NULL);
        copy_values(arena, &readings[i], &event);
        entries[i] = (rac_store_entry){.subject = rac_format(arena, "device/%s", readings[i].device),
                                       .kind = "reading",
                                       .at = readings[i].at,
                                       .recorded = rac_app_now(app),
                                       .actor = event.actor,
                                       .source = event.source,
                                       .key = readings[i].key,
                                       .body = rac_event_encode(arena, &event)};
    }
    const rac_status status = rac_store_append(rac_app_store(app), entries, count, NULL, results, err);
    if (!status)
        *already = results[0].already;
    return status;
}

static rac_status chart(rac_app *app, rac_arena *arena, const char *session_id,
                        const rac_device_reading *readings, size_t count, bool *already, rac_error *err)
{
    rac_case seen;
    const rac_instant now = rac_app_now(app);
    rac_status status = rac_case_load(app, arena, session_id, now, &seen, err);
    if (status)
        return status;
    rac_event *events = rac_many(arena, rac_event, count);
    const char **keys = rac_many(arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        if (readings[i].patient_id && strcmp(readings[i].patient_id, seen.patient_id) != 0)
            return rac_fail(err, RAC_REFUSED, "the device is bound to a session of another patient");
        events[i] = reading_event(arena, &readings[i], &seen.session);
        copy_values(arena, &readings[i], &events[i]);
        keys[i] = readings[i].key;
    }
    rac_store_result first = {0};
    status = rac_case_commit(app, arena, &seen, events, count, keys, now, &first, err);
    *already = first.already;
    return status;
}

rac_status rac_app_device_reading(rac_app *app, rac_arena *arena, const rac_device_reading *readings,
                                  size_t count, const char **session_id, bool *already, rac_error *err)
{
    *already = false;
    *session_id = NULL;
    if (!count)
        return RAC_OK;
    for (size_t i = 0; i < count; i++)
        if (readings[i].at.ms > rac_app_now(app).ms + 60000)
            return rac_fail(err, RAC_INVALID, "%s is in the future: check the device's clock and zone",
                            rac_instant_format(arena, readings[i].at));
    rac_status status = find_bound(app, arena, &readings[0], session_id, err);
    if (status)
        return status;
    if (!*session_id)
        return keep_unbound(app, arena, readings, count, already, err);
    status = RAC_CONFLICT;
    for (int i = 0; status == RAC_CONFLICT && i < commit_tries; i++)
        status = chart(app, arena, *session_id, readings, count, already, err);
    return status;
}
