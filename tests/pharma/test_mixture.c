/* Quantiles of mixtures: against the closed form of normals, by brute force, and where they must be one
 * part's own. */
#include "check.h"

#include "base/random.h"
#include "racemate/pharma.h"

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

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double normal_share(double z)
{
    return erfc(-z / sqrt(2)) / 2;
}

/* By halving: good to 1e-12, and independent of the code that is tested. */
static double normal_quantile(double p)
{
    double low = -40, high = 40;
    for (int i = 0; i < 200; i++) {
        const double middle = (low + high) / 2;
        if (normal_share(middle) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

enum { MANY = 20001 };

/* A sample without chance: the quantiles (i + 1/2) / n of a normal. */
static double *even_normal(rac_arena *arena, double mean, double sd)
{
    double *values = rac_many(arena, double, MANY);
    for (int i = 0; i < MANY; i++)
        values[i] = mean + sd * normal_quantile((i + 0.5) / MANY);
    return values;
}

static const double wanted[] = {0.05, 0.25, 0.5, 0.75, 0.95};

/* 0.3 N(10, 1) + 0.7 N(14, 2): each quantile puts the closed form at its share.  20,001 even values are
 * within 1 / 20,001 of the normal. */
static void test_pharma_mixture__two_normals_have_their_closed_form(void **state)
{
    const rac_mixture_part parts[] = {{.weight = 0.3, .sorted = even_normal(*state, 10, 1), .count = MANY},
                                      {.weight = 0.7, .sorted = even_normal(*state, 14, 2), .count = MANY}};
    for (int q = 0; q < 5; q++) {
        const double x = rac_mixture_quantile(parts, 2, wanted[q]);
        check_near(0.3 * normal_share(x - 10) + 0.7 * normal_share((x - 14) / 2), wanted[q], 6e-5, 0);
        check_near(rac_mixture_share(parts, 2, x), wanted[q], 1e-12, 0);
    }
    /* two far humps: the quantile is that of the hump in which it lies */
    const rac_mixture_part far[] = {{.weight = 3, .sorted = even_normal(*state, 0, 1), .count = MANY},
                                    {.weight = 1, .sorted = even_normal(*state, 1000, 1), .count = MANY}};
    check_near(rac_mixture_quantile(far, 2, 0.375), 0, 2e-4, 0);
    check_near(rac_mixture_quantile(far, 2, 0.875), 1000, 2e-4, 0);
}

/* Weights 1 and 0, and equal parts, give rac_quantile's bits. */
static void test_pharma_mixture__one_model_keeps_its_own_band(void **state)
{
    (void)state;
    double a[137], b[137], same[137];
    rac_random stream = rac_random_open(7, 1, RAC_RANDOM_POSTERIOR);
    for (int i = 0; i < 137; i++) {
        a[i] = exp(rac_random_normal(&stream));
        b[i] = 5 + rac_random_normal(&stream);
    }
    qsort(a, 137, sizeof *a, ascending);
    qsort(b, 137, sizeof *b, ascending);
    const rac_mixture_part alone[] = {{.weight = 1, .sorted = a, .count = 137},
                                      {.weight = 0, .sorted = b, .count = 137}};
    const rac_mixture_part twice[] = {{.weight = 0.2, .sorted = a, .count = 137},
                                      {.weight = 0.8, .sorted = a, .count = 137}};
    for (double q = 0; q <= 1; q += 0.0625) {
        memcpy(same, a, sizeof a);
        const double expected = rac_quantile(same, 137, q);
        check_near(rac_mixture_quantile(alone, 2, q), expected, 0, 0);
        check_near(rac_mixture_quantile(twice, 2, q), expected, 0, 0);
    }
    const double point[] = {3}; /* a model without differences between people */
    const rac_mixture_part typical[] = {{.weight = 1, .sorted = point, .count = 1}};
    check_near(rac_mixture_quantile(typical, 1, 0.05), 3, 0, 0);
}

/* F of the mixture by another road: interpolation between the corners of each part's own. */
static double brute_share(const double *values, size_t n, double x)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (values[i] <= x && x < values[i + 1])
            return ((double)i + (x - values[i]) / (values[i + 1] - values[i])) / (double)(n - 1);
    return x < values[0] ? 0 : 1;
}

static void test_pharma_mixture__any_parts_agree_with_brute_force(void **state)
{
    (void)state;
    rac_random stream = rac_random_open(11, 1, RAC_RANDOM_POSTERIOR);
    for (int round = 0; round < 50; round++) {
        double values[3][40];
        rac_mixture_part parts[3];
        for (int m = 0; m < 3; m++) {
            const size_t n = 2 + (size_t)(38 * rac_random_uniform(&stream));
            for (size_t i = 0; i < n; i++)
                values[m][i] = m + exp(rac_random_normal(&stream));
            qsort(values[m], n, sizeof(double), ascending);
            parts[m] = (rac_mixture_part){
                .weight = 0.01 + rac_random_uniform(&stream), .sorted = values[m], .count = n};
        }
        const double sum = parts[0].weight + parts[1].weight + parts[2].weight;
        double before = -INFINITY;
        for (int q = 0; q < 5; q++) {
            const double x = rac_mixture_quantile(parts, 3, wanted[q]);
            double share = 0;
            for (int m = 0; m < 3; m++)
                share += parts[m].weight / sum * brute_share(values[m], parts[m].count, x);
            assert_true(share >= wanted[q] - 1e-12); /* a part may begin with a jump */
            double just_below = 0;
            for (int m = 0; m < 3; m++)
                just_below += parts[m].weight / sum * brute_share(values[m], parts[m].count, x * (1 - 1e-12));
            assert_true(just_below <= wanted[q] + 1e-12);
            assert_true(x >= before);
            before = x;
        }
    }
}

/* Counted as a million people are: within the accuracy of a bin of the exact answer, and the share is the
 * inverse of the quantile. */
static void test_pharma_mixture__counted_parts_give_the_same_within_a_bin(void **state)
{
    enum { PEOPLE = 4000 };
    double *exact[2] = {rac_many(*state, double, PEOPLE), rac_many(*state, double, PEOPLE)};
    rac_quantiles *counted[2];
    rac_random stream = rac_random_open(3, 1, RAC_RANDOM_POSTERIOR);
    for (int m = 0; m < 2; m++) {
        counted[m] = rac_quantiles_new(*state);
        for (int i = 0; i < PEOPLE; i += RAC_TILE) {
            double values[RAC_TILE];
            for (int lane = 0; lane < RAC_TILE; lane++) {
                values[lane] = m ? rac_random_normal(&stream) * 3 - 1 : exp(rac_random_normal(&stream));
                exact[m][i + lane] = values[lane];
            }
            const rac_population_tile tile = {.first_subject = (uint64_t)i,
                                              .subjects = RAC_TILE,
                                              .times = 1,
                                              .outputs = 1,
                                              .values = values};
            rac_quantiles_add(counted[m], &tile);
        }
        qsort(exact[m], PEOPLE, sizeof(double), ascending);
    }
    const rac_mixture_part bins[] = {{.weight = 0.4, .counted = counted[0]},
                                     {.weight = 0.6, .counted = counted[1]}};
    const rac_mixture_part all[] = {{.weight = 0.4, .sorted = exact[0], .count = PEOPLE},
                                    {.weight = 0.6, .sorted = exact[1], .count = PEOPLE}};
    for (double q = 0.01; q < 1; q += 0.01) {
        const double x = rac_mixture_quantile(all, 2, q);
        check_near(rac_mixture_quantile(bins, 2, q), x, 0.003, RAC_QUANTILES_ACCURACY);
        for (size_t m = 0; m < 2; m++) {
            const double own = rac_quantiles_at(counted[m], 0, 0, q);
            check_near(rac_quantiles_share(counted[m], 0, 0, own), q, 1e-9, 0);
            const rac_mixture_part one = {.weight = 2, .counted = counted[m]};
            check_near(rac_mixture_quantile(&one, 1, q), own, 0, 0);
        }
    }
    for (size_t m = 0; m < 2; m++) {
        check_near(rac_quantiles_share(counted[m], 0, 0, exact[m][0] - 1), 0, 0, 0);
        check_near(rac_quantiles_share(counted[m], 0, 0, exact[m][PEOPLE - 1]), 1, 0, 0);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_mixture__##name, open_arena, close_arena)
RAC_TESTS(T(two_normals_have_their_closed_form), T(one_model_keeps_its_own_band),
          T(any_parts_agree_with_brute_force), T(counted_parts_give_the_same_within_a_bin))
