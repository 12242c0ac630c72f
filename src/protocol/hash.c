/* Naming exactly what was adopted: the file's bytes and the filled values, hashed. */
#include "racemate/protocol.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *rac_protocol_site_text(rac_arena *arena, const rac_protocol *protocol)
{
    char **lines = rac_many(arena, char *, protocol->place_count);
    size_t count = 0, size = 0;
    for (size_t i = 0; i < protocol->place_count; i++) {
        const rac_site_place *place = &protocol->places[i];
        if (!place->filled)
            continue;
        lines[count] = rac_format(arena, "%s = %s %s\n", place->name, rac_number_format(arena, place->value),
                                  place->unit);
        size += strlen(lines[count++]);
    }
    qsort(lines, count, sizeof *lines, by_text);
    char *text = rac_arena_alloc(arena, size + 1), *end = text;
    for (size_t i = 0; i < count; i++)
        end = stpcpy(end, lines[i]);
    return text;
}

char *rac_protocol_hash(rac_arena *arena, const rac_protocol *protocol)
{
    const char *site = rac_protocol_site_text(arena, protocol);
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)protocol->bytes.data, protocol->bytes.size);
    crypto_hash_sha256_update(&state, (const unsigned char *)"\n", 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)site, strlen(site));
    crypto_hash_sha256_final(&state, digest);
    char *hex = rac_arena_alloc(arena, 2 * sizeof digest + 1);
    sodium_bin2hex(hex, 2 * sizeof digest + 1, digest, sizeof digest);
    return hex;
}
