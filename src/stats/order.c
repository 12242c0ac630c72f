#include "stats/order.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    DIGIT_BITS = 11,
    BUCKETS = 1 << DIGIT_BITS,
    PASSES = 6 /* 6 x 11 bits cover 64 */
};

/* The bits of a double as an integer that sorts the same way: the sign bit turned over, and every bit
 * of negative numbers.  -0 becomes 0 first, because the two must count as equal. */
static uint64_t key_of(double value)
{
    uint64_t bits;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (bits >> 63 ? UINT64_MAX : UINT64_C(1) << 63);
}

typedef struct keyed {
    uint64_t key;
    uint32_t row;
} keyed;

/* Least significant digit first; a digit shared by all rows is skipped, so whole numbers and clinical
 * values with few digits take two or three passes. */
static keyed *radix_sort(keyed *items, keyed *spare, size_t count, uint32_t (*histogram)[BUCKETS])
{
    for (size_t i = 0; i < count; i++)
        for (int pass = 0; pass < PASSES; pass++)
            histogram[pass][items[i].key >> (pass * DIGIT_BITS) & (BUCKETS - 1)]++;
    for (int pass = 0; pass < PASSES; pass++) {
        uint32_t *const start = histogram[pass];
        const int shift = pass * DIGIT_BITS;
        if (count == 0 || start[items[0].key >> shift & (BUCKETS - 1)] == count)
            continue;
        uint32_t sum = 0;
        for (int b = 0; b < BUCKETS; b++) {
            const uint32_t here = start[b];
            start[b] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            spare[start[items[i].key >> shift & (BUCKETS - 1)]++] = items[i];
        keyed *const swap = items;
        items = spare;
        spare = swap;
    }
    return items;
}

/* Below this size an insertion sort beats clearing the histograms. */
enum { SMALL = 48 };

static void insertion_sort(keyed *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const keyed item = items[i];
        size_t j = i;
        for (; j > 0 && items[j - 1].key > item.key; j--)
            items[j] = items[j - 1];
        items[j] = item;
    }
}

uint32_t *stats_order(rac_arena *arena, const double *values, size_t count)
{
    assert(count < UINT32_MAX);
    uint32_t *const order = rac_many(arena, uint32_t, count);
    keyed *items = rac_many(arena, keyed, count);
    for (size_t i = 0; i < count; i++) {
        assert(!isnan(values[i]));
        items[i] = (keyed){key_of(values[i]), (uint32_t)i};
    }
    if (count <= SMALL)
        insertion_sort(items, count);
    else
        items = radix_sort(items, rac_many(arena, keyed, count), count,
                           rac_arena_array(arena, PASSES, sizeof(uint32_t[BUCKETS])));
    for (size_t i = 0; i < count; i++)
        order[i] = items[i].row;
    return order;
}

double *stats_sorted(rac_arena *arena, const double *values, size_t count, size_t *present)
{
    double *const kept = rac_many(arena, double, count), *const sorted = rac_many(arena, double, count);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            kept[n++] = values[i];
    const uint32_t *const order = stats_order(arena, kept, n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = kept[order[i]];
    *present = n;
    return sorted;
}
