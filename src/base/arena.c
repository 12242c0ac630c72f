/* Arenas: blocks in a list, a bump pointer in the newest one, everything freed together.
 *
 * Under AddressSanitizer each allocation is followed by a poisoned gap, so that writing past an
 * item is caught although items share a block. */
#include "racemate/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define RAC_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RAC_ASAN 1
#endif
#endif

#ifdef RAC_ASAN
#include <sanitizer/asan_interface.h>
enum { gap_bytes = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
enum { gap_bytes = 0 };
#endif

enum { alignment = 16, first_block_bytes = 4096, largest_block_bytes = 1 << 20 };

typedef struct block {
    struct block *previous;
    size_t size; /* usable bytes after this header */
    size_t used;
    size_t padding; /* keeps the bytes that follow aligned */
} block;

_Static_assert(sizeof(block) % alignment == 0, "items must start aligned");

struct rac_arena {
    block *newest;
    size_t next_size;
    size_t used;
};

/* There is nothing sensible to do without memory: stop at once, the stored events bring the
 * session back. */
static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "racemate: out of memory asking for %zu bytes\n", size);
    abort();
}

static block *add_block(rac_arena *arena, size_t least)
{
    size_t size = arena->next_size;
    if (size < least)
        size = least;
    if (arena->next_size < largest_block_bytes)
        arena->next_size *= 2;
    if (size > SIZE_MAX - sizeof(block))
        out_of_memory(size);
    block *fresh = malloc(sizeof(block) + size);
    if (!fresh)
        out_of_memory(size);
    fresh->previous = arena->newest;
    fresh->size = size;
    fresh->used = 0;
    ASAN_POISON_MEMORY_REGION(fresh + 1, size);
    arena->newest = fresh;
    return fresh;
}

rac_arena *rac_arena_new(void)
{
    rac_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        out_of_memory(sizeof *arena);
    arena->next_size = first_block_bytes;
    return arena;
}

void rac_arena_free(rac_arena *arena)
{
    if (!arena)
        return;
    for (block *b = arena->newest; b;) {
        block *previous = b->previous;
        ASAN_UNPOISON_MEMORY_REGION(b + 1, b->size);
        free(b);
        b = previous;
    }
    free(arena);
}

void *rac_arena_alloc(rac_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory(size);
    const size_t taken = ((size ? size : 1) + gap_bytes + alignment - 1) / alignment * alignment;
    block *b = arena->newest;
    if (!b || b->size - b->used < taken)
        b = add_block(arena, taken);
    unsigned char *item = (unsigned char *)(b + 1) + b->used;
    b->used += taken;
    arena->used += size;
    ASAN_UNPOISON_MEMORY_REGION(item, size);
    memset(item, 0, size);
    return item;
}

void *rac_arena_array(rac_arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        out_of_memory(SIZE_MAX);
    return rac_arena_alloc(arena, count * size);
}

void *rac_arena_grow(rac_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    const size_t wanted = *capacity ? *capacity * 2 : 8;
    void *moved = rac_arena_array(arena, wanted, size);
    if (count)
        memcpy(moved, items, count * size);
    *capacity = wanted;
    return moved;
}

size_t rac_arena_used(const rac_arena *arena)
{
    return arena->used;
}
