/* Logarithm and power on lanes, against 64 bits of mantissa; the same bits from every kernel. */
#include "check.h"

#include "base/random.h"
#include "pharma/kernel.h"

enum { ROUNDS = 20000 };

typedef struct pair {
    double a, b;
} pair;

/* One instruction on eight pairs. */
static void apply(const rac_kernel *kernel, rac_arena *arena, rac_op op, const pair *in, double *out)
{
    rac_program program = rac_program_new(arena, 2);
    const int result = rac_program_add(&program, op, 0, 1, 0, 0);
    rac_lanes *frame = rac_lanes_new(arena, (size_t)program.registers);
    for (int i = 0; i < RAC_LANES; i++) {
        frame[0][i] = in[i].a;
        frame[1][i] = in[i].b;
    }
    kernel->run(&program, frame);
    for (int i = 0; i < RAC_LANES; i++)
        out[i] = frame[result][i];
}

/* Distance in units of the last place of the truth. */
static double units_away(double value, long double truth)
{
    int exponent;
    frexp((double)truth, &exponent);
    return (double)fabsl((long double)value - truth) / ldexp(1, exponent - 53);
}

static void same_everywhere(rac_arena *arena, rac_op op, const pair *in, const double *plain)
{
#if defined(__x86_64__)
    const rac_kernel *const kernels[] = {
        __builtin_cpu_supports("avx2") ? &rac_kernel_avx2 : &rac_kernel_plain,
        __builtin_cpu_supports("avx512f") ? &rac_kernel_avx512 : &rac_kernel_plain};
    double other[RAC_LANES];
    for (int k = 0; k < 2; k++) {
        apply(kernels[k], arena, op, in, other);
        assert_memory_equal(plain, other, sizeof other);
    }
#endif
}

static double worst_power(double reach)
{
    double worst = 0;
    rac_random draws = rac_random_open(20261125, 1, RAC_RANDOM_TEST);
    rac_arena *arena = rac_arena_new();
    for (int round = 0; round < ROUNDS / RAC_LANES; round++) {
        pair in[RAC_LANES];
        double out[RAC_LANES];
        for (int i = 0; i < RAC_LANES; i++) {
            in[i].a = exp((rac_random_uniform(&draws) - 0.5) * (i % 2 ? 0.02 : 80));
            in[i].b = (rac_random_uniform(&draws) * 2 - 1) * reach / fmax(fabs(log(in[i].a)), 1e-3);
        }
        apply(&rac_kernel_plain, arena, RAC_OP_POWER, in, out);
        same_everywhere(arena, RAC_OP_POWER, in, out);
        for (int i = 0; i < RAC_LANES; i++)
            worst = fmax(worst, units_away(out[i], powl((long double)in[i].a, (long double)in[i].b)));
    }
    rac_arena_free(arena);
    return worst;
}

static void test_pharma_elementary__logarithm_is_within_a_unit(void **state)
{
    (void)state;
    double worst = 0;
    rac_random draws = rac_random_open(20261125, 2, RAC_RANDOM_TEST);
    rac_arena *arena = rac_arena_new();
    for (int round = 0; round < ROUNDS / RAC_LANES; round++) {
        pair in[RAC_LANES] = {{0}};
        double out[RAC_LANES];
        const double spread[] = {1400, 40, 1, 1e-3};
        for (int i = 0; i < RAC_LANES; i++)
            in[i].a = exp((rac_random_uniform(&draws) - 0.5) * spread[i % 4]);
        apply(&rac_kernel_plain, arena, RAC_OP_LOG, in, out);
        same_everywhere(arena, RAC_OP_LOG, in, out);
        for (int i = 0; i < RAC_LANES; i++)
            worst = fmax(worst, units_away(out[i], logl((long double)in[i].a)));
    }
    rac_arena_free(arena);
    assert_true(worst <= 1);
}

static void test_pharma_elementary__power_is_within_two_units_and_twelve_at_the_end(void **state)
{
    (void)state;
    const double near = worst_power(50), far = worst_power(699);
    assert_true(near > 0.4 && near <= 2);
    assert_true(far <= 12);
}

/* Zero, negative, subnormal, infinite, NaN, over- and underflow: what the C standard says of log and pow. */
static void test_pharma_elementary__the_edges_are_those_of_the_c_library(void **state)
{
    static const pair edges[] = {{0, 2.385}, {0, -1},         {0, 0},         {-2, 3},       {-2, 0.5},
                                 {-8, -3},   {5e-310, 1.5},   {5e-310, 2},    {INFINITY, 2}, {INFINITY, -2},
                                 {NAN, 0},   {NAN, 1},        {2, NAN},       {2, 5000},     {2, -5000},
                                 {1, 1e300}, {0.5, INFINITY}, {-1, INFINITY}, {2, 1023.999}, {2, -1074},
                                 {7.25, 1},  {7.25, 2},       {7.25, 0},      {1.5, -1}};
    for (size_t first = 0; first < sizeof edges / sizeof *edges; first += RAC_LANES) {
        double logs[RAC_LANES], powers[RAC_LANES];
        apply(&rac_kernel_plain, *state, RAC_OP_LOG, &edges[first], logs);
        apply(&rac_kernel_plain, *state, RAC_OP_POWER, &edges[first], powers);
        for (int i = 0; i < RAC_LANES; i++) {
            const pair e = edges[first + (size_t)i];
            const double l = log(e.a), p = pow(e.a, e.b);
            assert_true(isnan(l) ? isnan(logs[i])
                                 : fabs(logs[i] - l) <= 1e-15 * fabs(l) || !(logs[i] < l || logs[i] > l));
            assert_true(isnan(p)
                            ? isnan(powers[i])
                            : fabs(powers[i] - p) <= 4e-16 * fabs(p) || !(powers[i] < p || powers[i] > p));
        }
    }
}

static int open_arena(void **state)
{
    *state = rac_arena_new();
    return 0;
}

static int close_arena(void **state)
{
    rac_arena_free(*state);
    return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_elementary__##name, open_arena, close_arena)
RAC_TESTS(T(logarithm_is_within_a_unit), T(power_is_within_two_units_and_twelve_at_the_end),
          T(the_edges_are_those_of_the_c_library))
