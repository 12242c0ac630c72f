/* What a monitor's message means: HL7 bytes in, readings in the store, acknowledgement out.  Readings are
 * stored first; the acknowledgement says that they are on disk.  The same message again is acknowledged
 * again and stored once. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "link/hl7_oru.h"
#include "serve/internal.h"

enum { key_bytes = 16, name_max = 100 };

/* Readings of one device at one instant. */
typedef struct group {
    rac_device_reading reading;
    rac_reading_value *values;
    size_t count;
} group;

typedef struct groups {
    rac_arena *arena;
    group *items;
    size_t count, capacity;
} groups;

/* Names become subjects and actors of the record: short and without control characters. */
static const char *plain_name(rac_arena *arena, const char *name)
{
    char *copy = rac_text_copy(arena, rac_text_shorten(rac_text_trim(rac_text_of(name)), name_max));
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '_';
    return copy[0] ? copy : NULL;
}

/* The device as its rows name it, else the sending application, else the bed. */
static const char *device_of(rac_arena *arena, const rac_hl7_observations *o, const rac_hl7_observation *row)
{
    const char *const names[] = {row->device, o->application, o->bed, o->facility};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = plain_name(arena, names[i]);
        if (name)
            return name;
    }
    return "unnamed";
}

/* One fact, one key: a message sent twice gives the same keys, whatever its MSH-7 says the second time.
 * Device and instant are part of it because some senders number from 1 again after a restart. */
static const char *key_of(rac_arena *arena, const rac_hl7_observations *o, rac_text bytes,
                          const rac_device_reading *reading)
{
    unsigned char hash[key_bytes];
    char hex[2 * key_bytes + 1];
    const char *said = rac_format(arena, "%s\n%s\n%s\n%s\n%" PRId64 "\n", o->application, o->facility,
                                  o->control_id, reading->device, reading->at.ms);
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)said, strlen(said));
    if (!o->control_id[0]) /* no number: the same bytes are the same message */
        crypto_generichash_update(&state, (const unsigned char *)bytes.data, bytes.size);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return rac_format(arena, "hl7/%s", hex);
}

static group *group_for(groups *all, const rac_hl7_observations *o, const rac_hl7_observation *row)
{
    const char *device = device_of(all->arena, o, row);
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].reading.at.ms == row->observed.ms &&
            strcmp(all->items[i].reading.device, device) == 0)
            return &all->items[i];
    const group fresh = {.reading = {.device = device,
                                     .bed = plain_name(all->arena, o->bed),
                                     .patient_id = row->patient[0] ? row->patient
                                                   : o->patient[0] ? o->patient
                                                                   : NULL,
                                     .at = row->observed},
                         .values = rac_many(all->arena, rac_reading_value, RAC_READING_COUNT)};
    rac_push(all->arena, all->items, all->count, all->capacity, fresh);
    return &all->items[all->count - 1];
}

/* A measured value takes the place of a rejected one of the same reading, never the other way round. */
static void put_value(group *g, rac_reading_value value)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->values[i].kind != value.kind)
            continue;
        if (g->values[i].quality == RAC_QUALITY_INVALID)
            g->values[i] = value;
        return;
    }
    g->values[g->count++] = value;
}

/* Charted rows become measured values; rows that must not be charted are kept as invalid with the
 * reason.  What a simulator sends is a value in a clinic of demonstration data and nowhere else. */
static void take_row(groups *all, const rac_hl7_observations *o, const rac_hl7_observation *row, bool demo)
{
    const bool simulated = row->verdict == RAC_HL7_SIMULATED;
    const bool charted = row->verdict == RAC_HL7_CHART || (simulated && demo);
    if ((!charted && !simulated && row->verdict != RAC_HL7_REJECTED) || row->quantity == RAC_QUANTITY_NONE ||
        !row->has_time)
        return;
    const int kind = rac_mdc_quantity_about(row->quantity).reading;
    if (kind < 0)
        return;
    if (!row->has_value) /* a row without a number is no value; silence is what the alarm engine sees */
        return;
    if (row->verdict == RAC_HL7_CHART && !row->preferred)
        return; /* the same reading from a source trusted less */
    put_value(group_for(all, o, row),
              (rac_reading_value){.kind = (rac_reading_kind)kind,
                                  .value = row->converted,
                                  .quality = charted ? RAC_QUALITY_MEASURED : RAC_QUALITY_INVALID,
                                  .why = charted ? NULL : row->reason});
}

/* All readings of one device go in one call, so that they are stored together or not at all. */
static rac_status store_device(rac_server *server, groups *all, size_t first, rac_error *err)
{
    rac_device_reading *batch = rac_many(all->arena, rac_device_reading, all->count);
    size_t count = 0;
    for (size_t i = first; i < all->count; i++)
        if (strcmp(all->items[i].reading.device, all->items[first].reading.device) == 0)
            batch[count++] = all->items[i].reading;
    const char *session;
    bool already;
    return rac_app_device_reading(server->app, all->arena, batch, count, &session, &already, err);
}

static bool is_first_of_device(const groups *all, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(all->items[i].reading.device, all->items[index].reading.device) == 0)
            return false;
    return true;
}

static rac_status store_message(rac_server *server, rac_arena *arena, rac_text bytes,
                                rac_hl7_message *message, rac_error *err)
{
    rac_hl7_observations seen;
    const rac_hl7_sender sender = {.has_zone = true, .zone_min = rac_app_zone_min(server->app)};
    rac_status status = rac_hl7_parse(arena, bytes, NULL, message, err);
    if (!status)
        status = rac_hl7_observations_read(arena, message, &sender, &seen, err);
    if (status)
        return status;
    groups all = {.arena = arena};
    for (size_t i = 0; i < seen.count; i++)
        take_row(&all, &seen, &seen.rows[i], rac_app_demo(server->app));
    for (size_t i = 0; i < all.count; i++) {
        rac_device_reading *reading = &all.items[i].reading;
        reading->values = all.items[i].values;
        reading->count = all.items[i].count;
        reading->key = key_of(arena, &seen, bytes, reading);
    }
    for (size_t i = 0; !status && i < all.count; i++)
        if (is_first_of_device(&all, i))
            status = store_device(server, &all, i, err);
    return status;
}

static rac_text acknowledge(rac_server *server, rac_arena *arena, const rac_hl7_message *message,
                            const rac_error *problem)
{
    unsigned char number[8];
    char control_id[17];
    rac_hl7_answer answer = {.mode = RAC_HL7_ACK_AUTO, .now = rac_app_now(server->app)};
    randombytes_buf(number, sizeof number);
    sodium_bin2hex(control_id, sizeof control_id, number, sizeof number);
    answer.control_id = control_id;
    rac_hl7_answer_for(problem, &answer);
    return rac_hl7_acknowledge(arena, message, &answer);
}

rac_text rac_device_message(rac_server *server, rac_arena *arena, rac_text bytes)
{
    rac_error err = {0};
    rac_hl7_message message = {0};
    if (store_message(server, arena, bytes, &message, &err)) {
        rac_serve_log(server, err.status, "message refused: %s", rac_status_name(err.status));
    } else {
        err = (rac_error){0}; /* a conflict that a second try mended is no failure */
        rac_clockwork_wake(server);
    }
    return acknowledge(server, arena, message.count ? &message : NULL, &err);
}

rac_text rac_device_malformed(rac_server *server, rac_arena *arena)
{
    rac_error err = {0};
    rac_fail(&err, RAC_LIMIT, "the frame was cut off, empty or over 1 MiB");
    return acknowledge(server, arena, NULL, &err);
}
