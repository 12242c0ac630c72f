/* Populations of any size: quantiles without holding the values, threads, and how the work grows.
 *
 * Benchmark (a) (benchmark_a.h).  Times are of the processor, for the machine may be shared, except where
 * wall time is said; medians of several runs.
 */
#include <string.h>
#include <sys/resource.h>

#include "benchmark_a.h"
#include "floor.h"

static double wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double resident_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static const double WANTED[] = {0.05, 0.5, 0.95};
enum { QUANTILES = 3, OUTPUTS = 2, TABLE = OUTPUTS * QUANTILES * TIMES };

typedef struct timing {
    double processor, wall, sketch_mb;
} timing;

/* Quantiles of a population on some threads; the table is kept. */
static timing count(const rac_population *p, int threads, double *table)
{
    double processor[3], wall[3];
    timing t = {0};
    for (int repeat = 0; repeat < 3; repeat++) {
        rac_arena *arena = rac_arena_new();
        rac_quantiles *q = NULL;
        size_t failed = 0;
        rac_error err = {0};
        double *values = NULL;
        const double began = processor_s(), began_wall = wall_s();
        if (rac_quantiles_run(arena, p, threads, NULL, &q, &failed, &err) ||
            rac_quantiles_table(arena, q, WANTED, QUANTILES, &values, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        processor[repeat] = processor_s() - began;
        wall[repeat] = wall_s() - began_wall;
        t.sketch_mb = (double)rac_arena_used(arena) / (1 << 20);
        if (table)
            memcpy(table, values, sizeof *values * TABLE);
        rac_arena_free(arena);
    }
    t.processor = median_s(processor, 3);
    t.wall = median_s(wall, 3);
    return t;
}

static void print_quantiles(const rac_population *p)
{
    rac_population some = *p;
    some.subjects = 10000;
    count(&some, 1, NULL);
    const double before_mb = resident_mb();
    const timing t = count(p, 1, NULL);
    printf("%zu subjects, quantiles only, one thread: %.2f s, %.2e observations/s, counts %.1f MB, resident "
           "%+.1f MB "
           "over a hundredth of the subjects\n",
           p->subjects, t.processor, (double)p->subjects * TIMES / t.processor, t.sketch_mb,
           resident_mb() - before_mb);
}

/* How far counted quantiles are from exact ones of the same 20,000 subjects. */
static void print_accuracy(const rac_population *p)
{
    rac_arena *arena = rac_arena_new();
    rac_population some = *p;
    double *exact = NULL, counted[TABLE], worst = 0;
    size_t failed = 0;
    rac_error err = {0};
    some.subjects = 20000;
    count(&some, 1, counted);
    if (rac_population_quantiles(arena, &some, WANTED, QUANTILES, &exact, &failed, &err))
        exit(1);
    for (int i = 0; i < TABLE; i++)
        worst = fmax(worst, fabs(counted[i] / exact[i] - 1));
    printf("%zu subjects, counted against exact 5, 50, 95 %% quantiles at all times: at most %.1e apart "
           "(promised %.1e)\n",
           some.subjects, worst, RAC_QUANTILES_ACCURACY);
    rac_arena_free(arena);
}

/* Nothing but one sum is kept, so that what threads share is the processor's caches and no memory of ours. */
static void take_last(void *context, const rac_population_tile *tile)
{
    double *sum = context;
    *sum += tile->values[(tile->times * tile->outputs - 1) * RAC_TILE];
}

static double compute_wall(const rac_population *p, int threads)
{
    double wall[5];
    for (int repeat = 0; repeat < 5; repeat++) {
        rac_arena *arena = rac_arena_new();
        double sums[8 * 2] = {0}; /* a cache line each */
        void *contexts[2] = {&sums[0], &sums[8]};
        size_t failed = 0;
        rac_error err = {0};
        const double began = wall_s();
        if (rac_population_run_threads(arena, p, threads, take_last, contexts, NULL, &failed, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        wall[repeat] = wall_s() - began;
        rac_arena_free(arena);
    }
    return median_s(wall, 5);
}

static void print_threads(const rac_population *p)
{
    double one_table[TABLE], table[TABLE], load[1] = {0};
    rac_population some = *p;
    some.subjects = p->subjects / 4;
    const timing one = count(&some, 1, one_table);
    for (int threads = 2; threads <= 3; threads++) {
        const timing t = count(&some, threads, table);
        getloadavg(load, 1);
        printf("%zu subjects on %d threads: %.2f times as fast by the clock (load of the machine %.1f), %.3f "
               "times the "
               "processor time; %s bits\n",
               some.subjects, threads, one.wall / t.wall, load[0], t.processor / one.processor,
               memcmp(one_table, table, sizeof table) ? "OTHER" : "the same");
    }
    const double alone = compute_wall(&some, 1), both = compute_wall(&some, 2);
    printf("%zu subjects on 2 threads, values computed and not counted: %.2f times as fast by the clock\n",
           some.subjects, alone / both);
}

static void ignore(void *context, const rac_population_tile *tile)
{
    *(size_t *)context += (size_t)tile->subjects;
}

static double run_s(const rac_population *p)
{
    double seconds[5];
    for (int repeat = 0; repeat < 5; repeat++) {
        rac_arena *arena = rac_arena_new();
        size_t subjects = 0, failed = 0;
        rac_error err = {0};
        const double began = processor_s();
        if (rac_population_run(arena, p, ignore, &subjects, &failed, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        seconds[repeat] = processor_s() - began;
        rac_arena_free(arena);
    }
    return median_s(seconds, 5);
}

/* Ten and a hundred times as much: the ratio of the time that was added, 10 where the cost is linear. */
static void print_growth(const char *what, const double *seconds)
{
    printf("%-13s x 1, 10, 100: %8.2f, %8.2f, %8.2f ms; what was added grew %.1f times (linear: 10)\n", what,
           1e3 * seconds[0], 1e3 * seconds[1], 1e3 * seconds[2],
           (seconds[2] - seconds[1]) / (seconds[1] - seconds[0]));
}

static void print_growths(const rac_population *p)
{
    double seconds[3];
    rac_population some = *p;
    for (int i = 0, factor = 1; i < 3; i++, factor *= 10) {
        some.subjects = 1000 * (size_t)factor;
        seconds[i] = run_s(&some);
    }
    print_growth("subjects", seconds);

    enum { MOST = 100 * TIMES };
    double *times_h = malloc(sizeof *times_h * MOST);
    some.subjects = 400;
    some.times_h = times_h;
    for (int i = 0, factor = 1; i < 3; i++, factor *= 10) {
        some.times = (size_t)(TIMES * factor);
        for (int t = 0; t < TIMES * factor; t++)
            times_h[t] = (t + 1) * 4.2 / factor;
        seconds[i] = run_s(&some);
    }
    print_growth("observations", seconds);

    rac_arena *arena = rac_arena_new();
    some.times_h = p->times_h;
    some.times = p->times;
    for (int i = 0, factor = 1; i < 3; i++, factor *= 10) {
        rac_regimen regimen = rac_regimen_new(arena);
        rac_dose dose = p->regimen->items[0];
        dose.duration_h /= factor;
        dose.interval_h /= factor;
        dose.additional = DOSES * factor - 1;
        rac_regimen_add(&regimen, dose);
        some.regimen = &regimen;
        seconds[i] = run_s(&some);
    }
    print_growth("doses", seconds);
    rac_arena_free(arena);
    free(times_h);
}

int main(void)
{
    enum { MILLION = 1000000 };
    rac_arena *arena = rac_arena_new();
    bench_a a;
    bench_a_open(arena, MILLION, &a);
    print_quantiles(&a.population);
    print_accuracy(&a.population);
    print_threads(&a.population);
    print_growths(&a.population);
    rac_arena_free(arena);
    return 0;
}
