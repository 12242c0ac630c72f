/* The counter-based generator: known answers and first moments. */
#include "check.h"

#include "base/random.h"

/* Random123's own known-answer vectors (kat_vectors): philox4x32-10 with key and counter all zero. */
static void test_base_random__matches_the_published_vectors(void **state)
{
    (void)state;
    rac_random stream = {0};
    assert_int_equal(rac_random_u32(&stream), 0x6627e8d5);
    assert_int_equal(rac_random_u32(&stream), 0xe169c58d);
    assert_int_equal(rac_random_u32(&stream), 0xbc57ac4c);
    assert_int_equal(rac_random_u32(&stream), 0x9b00dbd8);
}

static void test_base_random__streams_do_not_depend_on_order(void **state)
{
    (void)state;
    rac_random a = rac_random_open(7, 1, RAC_RANDOM_TEST), b = rac_random_open(7, 2, RAC_RANDOM_TEST);
    const double first_a = rac_random_uniform(&a), first_b = rac_random_uniform(&b);
    rac_random again_b = rac_random_open(7, 2, RAC_RANDOM_TEST),
               again_a = rac_random_open(7, 1, RAC_RANDOM_TEST);
    assert_true(rac_random_uniform(&again_b) == first_b);
    assert_true(rac_random_uniform(&again_a) == first_a);
    assert_true(first_a != first_b);
}

/* 200,000 draws: a mean within five standard errors fails once in 1.7 million seeds; this seed is fixed. */
static void test_base_random__normals_have_mean_zero_and_variance_one(void **state)
{
    (void)state;
    rac_random stream = rac_random_open(20260302, 0, RAC_RANDOM_TEST);
    const int n = 200000;
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        const double z = rac_random_normal(&stream);
        sum += z;
        squares += z * z;
    }
    check_near(sum / n, 0, 5 / sqrt(n), 0);
    check_near(squares / n, 1, 5 * sqrt(2.0 / n), 0);
}

static void test_base_random__below_is_even(void **state)
{
    (void)state;
    rac_random stream = rac_random_open(1, 1, RAC_RANDOM_TEST);
    int seen[7] = {0};
    for (int i = 0; i < 70000; i++)
        seen[rac_random_below(&stream, 7)]++;
    for (int i = 0; i < 7; i++)
        check_near(seen[i], 10000, 5 * sqrt(10000 * 6.0 / 7), 0);
}

RAC_TESTS(cmocka_unit_test(test_base_random__matches_the_published_vectors),
          cmocka_unit_test(test_base_random__streams_do_not_depend_on_order),
          cmocka_unit_test(test_base_random__normals_have_mean_zero_and_variance_one),
          cmocka_unit_test(test_base_random__below_is_even))
