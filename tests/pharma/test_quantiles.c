/* Quantiles by counting: as accurate as promised, the same for any order, division and number of threads. */
#include "check.h"

#include "base/random.h"
#include "pharma/shipped.h"

/* One time, one output: `count` numbers, eight a tile. */
static void count(rac_quantiles *q, const double *numbers, size_t size)
{
    double lanes[RAC_TILE] = {0};
    for (size_t first = 0; first < size; first += RAC_TILE) {
        const size_t few = size - first < RAC_TILE ? size - first : RAC_TILE;
        memcpy(lanes, numbers + first, sizeof *lanes * few);
        rac_quantiles_add(
            q, &(rac_population_tile){.subjects = (int)few, .times = 1, .outputs = 1, .values = lanes});
    }
}

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

typedef enum shape { LOG_NORMAL, UNIFORM, NORMAL, NARROW, VAST, WITH_ZEROS, ROUNDED, EQUAL } shape;

static double draw(shape s, rac_random *stream)
{
    const double z = rac_random_normal(stream), u = rac_random_uniform(stream);
    switch (s) {
    case LOG_NORMAL:
        return 0.12 * exp(0.4 * z);
    case UNIFORM:
        return 3 + 4 * u;
    case NORMAL: /* on both sides of 0 */
        return 2.5 * z - 1;
    case NARROW: /* within one bin or two */
        return 1.0078 + 1e-4 * z;
    case VAST:
        return exp(60 * z) * (u < 0.3 ? -1 : 1);
    case WITH_ZEROS:
        return u < 0.4 ? 0 : u < 0.5 ? -exp(z) : exp(3 * z);
    case ROUNDED:
        return floor(10 * u) / 10;
    default:
        return 2.385;
    }
}

/* Against the numbers themselves, sorted, for every shape: each order statistic within 1/128 of itself, and
 * what lies between two of them within 1/128 of the larger. */
static void test_pharma_quantiles__are_within_the_promised_accuracy(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 5, 101, 4999};
    for (shape s = LOG_NORMAL; s <= EQUAL; s++)
        for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
            rac_arena *arena = rac_arena_new();
            rac_quantiles *q = rac_quantiles_new(arena);
            rac_random stream = rac_random_open(20261125, (uint64_t)s, RAC_RANDOM_TEST);
            double *numbers = rac_many(arena, double, sizes[n]);
            for (size_t i = 0; i < sizes[n]; i++)
                numbers[i] = draw(s, &stream);
            count(q, numbers, sizes[n]);
            qsort(numbers, sizes[n], sizeof *numbers, compare);
            assert_int_equal(rac_quantiles_subjects(q), sizes[n]);
            for (int p = 0; p <= 200; p++) {
                const double place = p / 200.0 * (double)(sizes[n] - 1);
                const size_t k = (size_t)place, next = k + 1 < sizes[n] ? k + 1 : k;
                const double expected = numbers[k] + (place - (double)k) * (numbers[next] - numbers[k]);
                check_near(rac_quantiles_at(q, 0, 0, p / 200.0), expected,
                           RAC_QUANTILES_ACCURACY * fmax(fabs(numbers[k]), fabs(numbers[next])) +
                               RAC_QUANTILES_TINY,
                           1e-15);
            }
            check_near(rac_quantiles_at(q, 0, 0, 0), numbers[0], 0, 0);
            check_near(rac_quantiles_at(q, 0, 0, 1), numbers[sizes[n] - 1], 0, 0);
            rac_arena_free(arena);
        }
}

/* 200,000 log-normal numbers: between the 1st and the 99th percentile a tenth of the promise (the sample
 * itself has a standard error of 0.1 % at the median); equal numbers are exact. */
static void test_pharma_quantiles__of_smooth_distributions_are_better(void **state)
{
    (void)state;
    enum { N = 200000 };
    rac_arena *arena = rac_arena_new();
    rac_quantiles *q = rac_quantiles_new(arena);
    rac_random stream = rac_random_open(7, 0, RAC_RANDOM_TEST);
    double *numbers = rac_many(arena, double, N), worst = 0;
    for (size_t i = 0; i < N; i++)
        numbers[i] = draw(LOG_NORMAL, &stream);
    count(q, numbers, N);
    for (int p = 1; p <= 99; p++) {
        const double expected = rac_quantile(numbers, N, p / 100.0);
        worst = fmax(worst, fabs(rac_quantiles_at(q, 0, 0, p / 100.0) / expected - 1));
    }
    check_near(worst, 0, RAC_QUANTILES_ACCURACY / 10, 0);

    rac_quantiles *same = rac_quantiles_new(arena);
    for (size_t i = 0; i < N; i++)
        numbers[i] = draw(EQUAL, &stream);
    count(same, numbers, N);
    for (int p = 0; p <= 100; p++)
        check_near(rac_quantiles_at(same, 0, 0, p / 100.0), 2.385, 0, 0);
    rac_arena_free(arena);
}

/* Subnormal numbers, the largest number, numbers nearer to 0 than can be told. */
static void test_pharma_quantiles__extremes_are_counted(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_quantiles *q = rac_quantiles_new(arena);
    const double numbers[] = {1e-310, 1e-40, -1e-40, 1.7e308, -1.7e308, 1.7e308, -0.0};
    count(q, numbers, 7);
    check_near(rac_quantiles_at(q, 0, 0, 0), -1.7e308, 0, 0);
    for (int k = 1; k <= 4; k++)
        check_near(rac_quantiles_at(q, 0, 0, k / 6.0), 0, 0, 0);
    check_near(rac_quantiles_at(q, 0, 0, 5 / 6.0), 1.7e308, 0, RAC_QUANTILES_ACCURACY);
    check_near(rac_quantiles_at(q, 0, 0, 1), 1.7e308, 0, 0);
    rac_arena_free(arena);
}

static void test_pharma_quantiles__merge_in_any_order_to_the_same_bits(void **state)
{
    (void)state;
    enum { N = 6000, PARTS = 7 };
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    double *numbers = rac_many(arena, double, N);
    for (shape s = LOG_NORMAL; s <= EQUAL; s++) {
        rac_random stream = rac_random_open(3, (uint64_t)s, RAC_RANDOM_TEST);
        rac_quantiles *whole = rac_quantiles_new(arena), *forth = rac_quantiles_new(arena),
                      *back = rac_quantiles_new(arena), *parts[PARTS];
        for (size_t i = 0; i < N; i++)
            numbers[i] = draw(s, &stream);
        count(whole, numbers, N);
        for (size_t i = 0; i < PARTS; i++) {
            const size_t first = N * i / PARTS, end = N * (i + 1) / PARTS;
            parts[i] = rac_quantiles_new(arena);
            count(parts[i], numbers + first, end - first);
        }
        for (size_t i = 0; i < PARTS; i++) {
            check_ok(rac_quantiles_merge(forth, parts[i], &err));
            check_ok(rac_quantiles_merge(back, parts[PARTS - 1 - i], &err));
        }
        check_ok(rac_quantiles_merge(back, rac_quantiles_new(arena), &err)); /* nothing adds nothing */
        for (int p = 0; p <= 1000; p++) {
            const double expected = rac_quantiles_at(whole, 0, 0, p / 1000.0);
            check_near(rac_quantiles_at(forth, 0, 0, p / 1000.0), expected, 0, 0);
            check_near(rac_quantiles_at(back, 0, 0, p / 1000.0), expected, 0, 0);
        }
    }
    rac_arena_free(arena);
}

/* There and back, the same numbers and the same bytes; any other bytes are refused. */
static void test_pharma_quantiles__travel_as_bytes(void **state)
{
    (void)state;
    enum { N = 500 };
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    double numbers[N];
    for (shape s = LOG_NORMAL; s <= EQUAL; s++) {
        rac_random stream = rac_random_open(4, (uint64_t)s, RAC_RANDOM_TEST);
        rac_quantiles *q = rac_quantiles_new(arena), *back = NULL;
        for (size_t i = 0; i < N; i++)
            numbers[i] = draw(s, &stream);
        count(q, numbers, N);
        size_t size = 0, again = 0;
        unsigned char *bytes = rac_quantiles_pack(arena, q, &size);
        check_ok(rac_quantiles_unpack(arena, bytes, size, &back, &err));
        for (int p = 0; p <= 100; p++)
            check_near(rac_quantiles_at(back, 0, 0, p / 100.0), rac_quantiles_at(q, 0, 0, p / 100.0), 0, 0);
        const void *other = rac_quantiles_pack(arena, back, &again);
        assert_int_equal(size, again);
        assert_memory_equal(bytes, other, size);
        for (size_t i = 0; i < 20; i++) {
            rac_arena *scratch = rac_arena_new();
            check_status(rac_quantiles_unpack(scratch, bytes, size * i / 20 + i % 3, &back, &err),
                         RAC_CORRUPT);
            rac_arena_free(scratch);
        }
        bytes[16] ^= 1; /* one subject more or fewer than the rows say */
        check_status(rac_quantiles_unpack(arena, bytes, size, &back, &err), RAC_CORRUPT);
    }
    rac_arena_free(arena);
}

static void test_pharma_quantiles__refuse_what_makes_no_sense(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_quantiles *one = rac_quantiles_new(arena), *two = rac_quantiles_new(arena);
    double values[2 * RAC_TILE] = {1, 2}, *table;
    check_status(rac_quantiles_table(arena, one, (double[]){0.5}, 1, &table, &err), RAC_NOT_CONVERGED);
    count(one, values, 2);
    rac_quantiles_add(
        two, &(rac_population_tile){.subjects = 2, .times = 2, .outputs = 1, .values = values, .failed = 2});
    assert_int_equal(rac_quantiles_subjects(two), 1); /* the other failed */
    check_status(rac_quantiles_merge(one, two, &err), RAC_INVALID);
    check_status(rac_quantiles_table(arena, one, (double[]){1.5}, 1, &table, &err), RAC_INVALID);
    check_status(rac_quantiles_table(arena, one, (double[]){NAN}, 1, &table, &err), RAC_INVALID);
    rac_arena_free(arena);
}

/* ---- populations ---- */

enum { TIMES = 25, SUBJECTS = 2003 };

typedef struct fixture {
    rac_arena *arena;
    rac_regimen regimen;
    double times_h[TIMES], weight[1];
    rac_population population;
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->regimen = rac_regimen_new(f->arena);
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    for (int i = 0; i < TIMES; i++)
        f->times_h[i] = i / 6.0;
    f->weight[0] = 70;
    f->population = (rac_population){.model = shipped_model(f->arena, "racemic-arterial"),
                                     .seed = 20261125,
                                     .subjects = SUBJECTS,
                                     .regimen = &f->regimen,
                                     .times_h = f->times_h,
                                     .times = TIMES,
                                     .constants = f->weight};
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

static const double WANTED[] = {0, 0.01, 0.05, 0.5, 0.95, 0.99, 1};
enum { QUANTILES = 7 };

static void test_pharma_quantiles__of_a_population_agree_with_exact_ones(void **state)
{
    fixture *f = *state;
    size_t failed;
    rac_error err = {0};
    rac_quantiles *q;
    double *exact, *counted;
    check_ok(rac_population_quantiles(f->arena, &f->population, WANTED, QUANTILES, &exact, &failed, &err));
    check_ok(rac_quantiles_run(f->arena, &f->population, 1, NULL, &q, &failed, &err));
    check_ok(rac_quantiles_table(f->arena, q, WANTED, QUANTILES, &counted, &err));
    assert_int_equal(rac_quantiles_times(q), TIMES);
    for (size_t i = 0; i < rac_quantiles_outputs(q) * QUANTILES * TIMES; i++)
        check_near(counted[i], exact[i], 0, RAC_QUANTILES_ACCURACY);
}

static void test_pharma_quantiles__are_the_same_bits_for_any_number_of_threads(void **state)
{
    fixture *f = *state;
    size_t failed;
    rac_error err = {0};
    double *one = NULL, *more;
    f->population.residual = true; /* negative values too */
    for (int threads = 1; threads <= 3; threads++) {
        rac_quantiles *q;
        check_ok(rac_quantiles_run(f->arena, &f->population, threads, NULL, &q, &failed, &err));
        assert_int_equal(rac_quantiles_subjects(q), SUBJECTS);
        check_ok(rac_quantiles_table(f->arena, q, WANTED, QUANTILES, &more, &err));
        if (!one)
            one = more;
        assert_memory_equal(one, more, sizeof *one * rac_quantiles_outputs(q) * QUANTILES * TIMES);
    }
}

/* Ten times the subjects span a little more at the ends, and no more. */
static void test_pharma_quantiles__memory_does_not_grow_with_subjects(void **state)
{
    fixture *f = *state;
    size_t failed;
    rac_error err = {0};
    rac_quantiles *q;
    rac_arena *few = rac_arena_new(), *many = rac_arena_new();
    check_ok(rac_quantiles_run(few, &f->population, 1, NULL, &q, &failed, &err));
    f->population.subjects = 10 * SUBJECTS;
    check_ok(rac_quantiles_run(many, &f->population, 1, NULL, &q, &failed, &err));
    assert_true(10 * rac_arena_used(many) < 13 * rac_arena_used(few));
    assert_true(rac_arena_used(many) < 4096 * TIMES * rac_quantiles_outputs(q));
    rac_arena_free(few);
    rac_arena_free(many);
}

/* More values than are held: the public function counts instead. */
static void test_pharma_quantiles__large_populations_are_counted(void **state)
{
    fixture *f = *state;
    enum { MANY_TIMES = 20000, FEW = 850 };
    const char *text =
        "model: one\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, k: 1 /h}\n"
        "variability: [{of: k, cv: 30 %}]\nflows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n";
    double *times_h = rac_many(f->arena, double, MANY_TIMES), *large, *exact;
    for (int i = 0; i < MANY_TIMES; i++)
        times_h[i] = i / 4000.0;
    f->population.model = read_model(f->arena, text, "t");
    f->population.times_h = times_h;
    f->population.times = MANY_TIMES;
    f->population.subjects = FEW;
    size_t failed;
    rac_error err = {0};
    assert_true((size_t)MANY_TIMES * FEW > RAC_EXACT_VALUES_MAX);
    check_ok(rac_population_quantiles(f->arena, &f->population, WANTED, QUANTILES, &large, &failed, &err));
    f->population.times = 5;
    for (int i = 0; i < 5; i++)
        times_h[i] = times_h[MANY_TIMES / 5 * i];
    check_ok(rac_population_quantiles(f->arena, &f->population, WANTED, QUANTILES, &exact, &failed, &err));
    for (int q = 0; q < QUANTILES; q++)
        for (int i = 0; i < 5; i++)
            check_near(large[q * MANY_TIMES + MANY_TIMES / 5 * i], exact[q * 5 + i], 0,
                       RAC_QUANTILES_ACCURACY);
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_quantiles__##name, open_fixture, close_fixture)
RAC_TESTS(cmocka_unit_test(test_pharma_quantiles__are_within_the_promised_accuracy),
          cmocka_unit_test(test_pharma_quantiles__of_smooth_distributions_are_better),
          cmocka_unit_test(test_pharma_quantiles__extremes_are_counted),
          cmocka_unit_test(test_pharma_quantiles__merge_in_any_order_to_the_same_bits),
          cmocka_unit_test(test_pharma_quantiles__travel_as_bytes),
          cmocka_unit_test(test_pharma_quantiles__refuse_what_makes_no_sense),
          T(of_a_population_agree_with_exact_ones), T(are_the_same_bits_for_any_number_of_threads),
          T(memory_does_not_grow_with_subjects), T(large_populations_are_counted))
