/* Distinct texts with numbers: open addressing, never more than half full. */
#include <string.h>

#include "study/sheet.h"

static uint64_t hash_of(rac_text text)
{
    /* FNV's step over eight bytes at a time; most words of a chart are shorter than that. */
    uint64_t hash = 14695981039346656037ull ^ text.size;
    for (size_t i = 0; i < text.size; i += 8) {
        uint64_t part = 0;
        memcpy(&part, text.data + i, text.size - i < 8 ? text.size - i : 8);
        hash = (hash ^ part) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 32;
    }
    return hash;
}

/* The slot that holds `text`, or the empty one where it belongs. */
static size_t slot_of(const rac_words *words, rac_text text)
{
    size_t at = hash_of(text) & (words->slots - 1);
    while (words->slot[at] && !rac_text_equal(words->word[words->slot[at] - 1], text))
        at = (at + 1) & (words->slots - 1);
    return at;
}

static void widen(rac_arena *arena, rac_words *words)
{
    words->slots = words->slots ? 2 * words->slots : 64;
    words->slot = rac_many(arena, uint32_t, words->slots);
    for (size_t i = 0; i < words->count; i++)
        words->slot[slot_of(words, words->word[i])] = (uint32_t)(i + 1);
}

size_t rac_words_add(rac_arena *arena, rac_words *words, rac_text text)
{
    if (2 * (words->count + 1) > words->slots)
        widen(arena, words);
    const size_t at = slot_of(words, text);
    if (!words->slot[at]) {
        rac_push(arena, words->word, words->count, words->capacity, text);
        words->slot[at] = (uint32_t)words->count;
    }
    return words->slot[at] - 1;
}

bool rac_words_find(const rac_words *words, rac_text text, size_t *index)
{
    if (!words->slots)
        return false;
    const size_t at = slot_of(words, text);
    if (!words->slot[at])
        return false;
    *index = words->slot[at] - 1;
    return true;
}
