/* The bytes that are hashed, and what an entry may hold.  docs/store.md states the encoding for other
 * programs; it is never changed, only added to under another tag. */
#include "store/internal.h"

#include <sodium.h>
#include <string.h>

static const char genesis_tag[] = "racemate store 1";
static const char entry_tag[] = "racemate entry 1";

_Static_assert(RAC_STORE_HASH_BYTES == crypto_hash_sha256_BYTES, "the chain is SHA-256");

/* Eight bytes, most significant first; negative numbers in two's complement. */
static void put_integer(crypto_hash_sha256_state *state, int64_t number)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)number >> (56 - 8 * i));
    crypto_hash_sha256_update(state, bytes, sizeof bytes);
}

/* The length in bytes, then the bytes: no two lists of texts give the same stream. */
static void put_text(crypto_hash_sha256_state *state, const char *text)
{
    const size_t size = strlen(text);
    put_integer(state, (int64_t)size);
    crypto_hash_sha256_update(state, (const unsigned char *)text, size);
}

/* One byte 0 for a missing text; 1 and the text otherwise. */
static void put_optional(crypto_hash_sha256_state *state, const char *text)
{
    const unsigned char present = text != NULL;
    crypto_hash_sha256_update(state, &present, 1);
    if (text)
        put_text(state, text);
}

void rac_store_genesis(const char *clinic_id, unsigned char hash[RAC_STORE_HASH_BYTES])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    put_text(&state, genesis_tag);
    put_text(&state, clinic_id);
    crypto_hash_sha256_final(&state, hash);
}

void rac_store_hash(const rac_store_entry *entry, unsigned char hash[RAC_STORE_HASH_BYTES])
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    put_text(&state, entry_tag);
    crypto_hash_sha256_update(&state, entry->previous, RAC_STORE_HASH_BYTES);
    put_integer(&state, entry->seq);
    put_text(&state, entry->subject);
    put_text(&state, entry->kind);
    put_integer(&state, entry->at.ms);
    put_integer(&state, entry->recorded.ms);
    put_text(&state, entry->actor);
    put_text(&state, entry->source);
    put_optional(&state, entry->key);
    put_text(&state, entry->body);
    crypto_hash_sha256_final(&state, hash);
}

void rac_store_hash_hex(const unsigned char hash[RAC_STORE_HASH_BYTES], char hex[65])
{
    sodium_bin2hex(hex, 65, hash, RAC_STORE_HASH_BYTES);
}

void rac_store_head_of(int64_t seq, const unsigned char hash[RAC_STORE_HASH_BYTES], rac_store_head *head)
{
    char hex[65];
    head->seq = seq;
    memcpy(head->hash, hash, RAC_STORE_HASH_BYTES);
    rac_store_hash_hex(hash, hex);
    char *to = head->print;
    for (int i = 0; i < 16; i++) {
        if (i && i % 4 == 0)
            *to++ = ' ';
        *to++ = hex[i];
    }
    *to = '\0';
}

rac_status rac_store_check_name(const char *text, const char *what, rac_error *err)
{
    rac_status status = RAC_OK;
    const size_t size = text ? strnlen(text, RAC_STORE_NAME_MAX + 1) : 0;
    if (size == 0)
        status = rac_fail(err, RAC_INVALID, "the %s is missing", what);
    else if (size > RAC_STORE_NAME_MAX)
        status = rac_fail(err, RAC_LIMIT, "the %s is longer than %d bytes", what, RAC_STORE_NAME_MAX);
    else if (!rac_text_is_utf8((rac_text){text, size}))
        status = rac_fail(err, RAC_INVALID, "the %s is not UTF-8", what);
    for (size_t i = 0; !status && i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            status = rac_fail(err, RAC_INVALID, "the %s has a control character", what);
    if (status)
        rac_error_field(err, what);
    return status;
}

rac_status rac_store_check_entry(rac_arena *arena, rac_store_entry *entry, rac_error *err)
{
    const struct {
        const char *text;
        const char *what;
    } required[] = {
        {entry->subject, "subject"},
        {entry->kind, "kind"},
        {entry->actor, "actor"},
        {entry->source, "source"},
    };
    rac_status status = RAC_OK;
    for (size_t i = 0; !status && i < sizeof required / sizeof *required; i++)
        status = rac_store_check_name(required[i].text, required[i].what, err);
    if (!status && entry->key)
        status = rac_store_check_name(entry->key, "key", err);
    if (status)
        return status;
    const size_t size = entry->body ? strnlen(entry->body, RAC_STORE_BODY_MAX + 1) : 0;
    status = rac_store_canonical(arena, (rac_text){entry->body, size}, &entry->body, err);
    if (status)
        rac_error_field(err, "body");
    return status;
}
