/* floor.h: what this processor can do at best, measured in the same run as what is compared with it.
 *
 * exp and pow are the vector functions of glibc (libmvec, eight doubles, fused multiply-add allowed);
 * multiplications and additions are separate, as the engine's must be; stores are ordinary ones to memory.
 * Numbers are of one processor; 0 where it has no AVX-512. */
#ifndef RACEMATE_BENCH_FLOOR_H
#define RACEMATE_BENCH_FLOOR_H

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct floors {
    double exp_per_s, pow_per_s;
    double pair_per_s; /* one multiplication and one addition */
    double store_bytes_per_s;
} floors;

static inline double processor_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* of this process: the machine may be shared */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int compare_seconds(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The median of up to 15 times. */
static inline double median_s(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, compare_seconds);
    return seconds[count / 2];
}

static inline void measure_stores(floors *f)
{
    const size_t size = (size_t)256 << 20;
    char *to = malloc(size);
    double seconds[5];
    memset(to, 1, size);
    for (int repeat = 0; repeat < 5; repeat++) {
        const double began = processor_s();
        for (size_t i = 0; i < size; i += sizeof(double))
            *(volatile double *)(void *)(to + i) = (double)i;
        seconds[repeat] = processor_s() - began;
    }
    f->store_bytes_per_s = (double)size / median_s(seconds, 5);
    free(to);
}

#if defined(__x86_64__) && defined(RAC_HAVE_LIBMVEC)
typedef double floor_vector __attribute__((vector_size(64)));
__attribute__((target("avx512f"))) floor_vector _ZGVeN8v_exp(floor_vector x);
__attribute__((target("avx512f"))) floor_vector _ZGVeN8vv_pow(floor_vector x, floor_vector y);

#define FLOOR_KEEP(x) __asm__ volatile("" : "+v"(x))
enum { FLOOR_ROUNDS = 400000 };

__attribute__((target("avx512f"), noinline)) static double time_exp(void)
{
    floor_vector x = {-0.1, -0.2, -0.3, -0.4, -0.5, -0.6, -0.7, -0.8}, sum = {0};
    const double began = processor_s();
    for (int i = 0; i < FLOOR_ROUNDS; i++) {
        FLOOR_KEEP(x);
        sum += _ZGVeN8v_exp(x);
    }
    FLOOR_KEEP(sum);
    return processor_s() - began;
}

__attribute__((target("avx512f"), noinline)) static double time_pow(void)
{
    floor_vector x = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}, y = x * 3.1, sum = {0};
    const double began = processor_s();
    for (int i = 0; i < FLOOR_ROUNDS; i++) {
        FLOOR_KEEP(x);
        sum += _ZGVeN8vv_pow(x, y);
    }
    FLOOR_KEEP(sum);
    return processor_s() - began;
}

/* Eight chains of multiplications beside eight of additions, so that neither waits. */
__attribute__((target("avx512f"), noinline)) static double time_pairs(void)
{
    floor_vector product[8], sum[8], one = {1, 1, 1, 1, 1, 1, 1, 1};
    for (int i = 0; i < 8; i++)
        product[i] = sum[i] = one * (1.0 + i);
    const double began = processor_s();
    for (int i = 0; i < FLOOR_ROUNDS; i++) {
        FLOOR_KEEP(one);
        for (int k = 0; k < 8; k++) {
            product[k] *= one;
            sum[k] += one;
        }
    }
    const double seconds = processor_s() - began;
    for (int k = 0; k < 8; k++) {
        FLOOR_KEEP(product[k]);
        FLOOR_KEEP(sum[k]);
    }
    return seconds;
}

static inline double rate_of(double (*time)(void), double of_each_round)
{
    double seconds[9];
    for (int repeat = 0; repeat < 9; repeat++)
        seconds[repeat] = time();
    return FLOOR_ROUNDS * of_each_round / median_s(seconds, 9);
}

static inline floors measure_floors(void)
{
    floors f = {0};
    measure_stores(&f);
    if (__builtin_cpu_supports("avx512f")) {
        f.exp_per_s = rate_of(time_exp, 8);
        f.pow_per_s = rate_of(time_pow, 8);
        f.pair_per_s = rate_of(time_pairs, 64);
    }
    return f;
}
#else
static inline floors measure_floors(void)
{
    floors f = {0};
    measure_stores(&f);
    return f;
}
#endif

#endif
