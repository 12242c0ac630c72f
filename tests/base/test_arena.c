/* Arenas: zeroed, aligned, growing, freed whole (the leak checker proves the last). */
#include "check.h"

static void test_base_arena__items_are_zeroed_and_aligned(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    for (size_t size = 0; size < 3000; size += 37) {
        unsigned char *item = rac_arena_alloc(arena, size);
        assert_int_equal((uintptr_t)item % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(item[i], 0);
        if (size)
            memset(item, 0xA5, size);
    }
    rac_arena_free(arena);
    rac_arena_free(NULL);
}

static void test_base_arena__pushed_items_stay_in_order(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    int *items = NULL;
    size_t count = 0, capacity = 0;
    for (int i = 0; i < 10000; i++)
        rac_push(arena, items, count, capacity, i * 3);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(items[i], i * 3);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_base_arena__items_are_zeroed_and_aligned),
          cmocka_unit_test(test_base_arena__pushed_items_stay_in_order))
