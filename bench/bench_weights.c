/* How fast is a bootstrap that refits the propensity model?
 *
 * 2,000 replicates of the overlap-weighted difference on a simulated chart of 153 patients and eight
 * columns, the size of a published comparison of the two routes, in one thread; then the same with 20,000
 * patients for scale, and a multiple imputation.
 *
 * Beside it a floor: the arithmetic that any such program must do, five Newton steps a replicate
 * written straight down (exponentials, an 8 x 8 information matrix, one Cholesky solve) over the patients
 * that were drawn, without drawing, gathering, checking or weighting. */
#include "base/random.h"
#include "racemate/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 8, REPLICATES = 2000, REPEATS = 5, FLOOR_STEPS = 5 };

static const double bar_ms = 80; /* for 153 patients */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* of this process: the machine may be shared */
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

typedef struct chart {
    size_t rows;
    double *x, *y;
    bool *treated;
} chart;

/* About two in three treated, confounded by age and history. */
static chart simulate(rac_arena *arena, size_t rows)
{
    chart c = {rows, rac_many(arena, double, rows *COLUMNS), rac_many(arena, double, rows),
               rac_many(arena, bool, rows)};
    rac_random draws = rac_random_open(1, rows, RAC_RANDOM_TEST);
    for (size_t i = 0; i < rows; i++) {
        double *const x = c.x + i * COLUMNS;
        x[0] = 1;
        x[1] = round(46 + 14 * rac_random_normal(&draws));
        for (size_t j = 2; j < 6; j++)
            x[j] = rac_random_uniform(&draws) < 0.15 * (double)j;
        x[6] = round(18 + 3.6 * rac_random_normal(&draws));
        x[7] = rac_random_below(&draws, 8);
        const double lean = 0.8 + 0.018 * (x[1] - 46) + 0.9 * x[2] - 0.5 * x[3] + 0.2 * (x[7] - 3);
        c.treated[i] = rac_random_uniform(&draws) < 1 / (1 + exp(-lean));
        c.y[i] = round(-6 - 2 * c.treated[i] + 0.3 * x[7] + 4 * rac_random_normal(&draws));
    }
    return c;
}

/* One Newton step on m patients stored row after row. */
static void floor_step(const double *q, const double *a, const double *count, size_t m, double *gamma)
{
    double information[COLUMNS * COLUMNS] = {0}, gradient[COLUMNS] = {0};
    for (size_t i = 0; i < m; i++) {
        const double *const row = q + i * COLUMNS;
        double eta = 0;
        for (size_t k = 0; k < COLUMNS; k++)
            eta += gamma[k] * row[k];
        const double p = 1 / (1 + exp(-eta)), v = count[i] * p * (1 - p), r = count[i] * (a[i] - p);
        for (size_t k = 0; k < COLUMNS; k++) {
            gradient[k] += r * row[k];
            for (size_t j = 0; j <= k; j++)
                information[k * COLUMNS + j] += v * row[k] * row[j];
        }
    }
    for (size_t j = 0; j < COLUMNS; j++)
        for (size_t i = j; i < COLUMNS; i++) {
            double sum = information[i * COLUMNS + j];
            for (size_t k = 0; k < j; k++)
                sum -= information[i * COLUMNS + k] * information[j * COLUMNS + k];
            information[i * COLUMNS + j] = i == j ? sqrt(sum) : sum / information[j * COLUMNS + j];
        }
    for (size_t i = 0; i < COLUMNS; i++) {
        for (size_t k = 0; k < i; k++)
            gradient[i] -= information[i * COLUMNS + k] * gradient[k];
        gradient[i] /= information[i * COLUMNS + i];
    }
    for (size_t i = COLUMNS; i-- > 0;) {
        for (size_t k = i + 1; k < COLUMNS; k++)
            gradient[i] -= information[k * COLUMNS + i] * gradient[k];
        gradient[i] /= information[i * COLUMNS + i];
        gamma[i] += gradient[i];
    }
}

/* Milliseconds of the floor; 63 % of the patients are drawn at least once. */
static double measure_floor(rac_arena *arena, const chart *c, size_t replicates)
{
    const size_t m = (size_t)((1 - exp(-1)) * (double)c->rows);
    double *const a = rac_many(arena, double, m), *const count = rac_many(arena, double, m),
                  *const q = rac_many(arena, double, m *COLUMNS);
    for (size_t i = 0; i < m; i++) {
        a[i] = c->treated[i];
        count[i] = 1.58;
        memcpy(q + i * COLUMNS, c->x + i * COLUMNS, COLUMNS * sizeof *q);
        q[i * COLUMNS + 1] = (q[i * COLUMNS + 1] - 46) / 14;
        q[i * COLUMNS + 6] = (q[i * COLUMNS + 6] - 18) / 3.6;
    }
    double best = INFINITY, sum = 0;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        const double start = now_ms();
        for (size_t b = 0; b < replicates; b++) {
            double gamma[COLUMNS] = {0};
            for (int step = 0; step < FLOOR_STEPS; step++)
                floor_step(q, a, count, m, gamma);
            sum += gamma[1];
        }
        best = fmin(best, now_ms() - start);
    }
    if (!isfinite(sum)) /* keeps the work */
        printf("the floor did not converge\n");
    return best;
}

static double measure(rac_arena *arena, const chart *c, size_t replicates, rac_bootstrap *result)
{
    rac_error err = {0};
    const rac_weighting_data data = {.rows = c->rows, .columns = COLUMNS, .x = c->x, .treated = c->treated};
    rac_resampling resampling;
    rac_weighting_bootstrap *statistic;
    double best = INFINITY;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        const double start = now_ms();
        rac_status status = rac_resampling_make(arena, c->rows, NULL, NULL, &resampling, &err);
        if (status == RAC_OK)
            status = rac_weighting_bootstrap_new(arena, &data, c->y, RAC_ESTIMAND_ATO, &statistic, &err);
        if (status == RAC_OK)
            status = rac_bootstrap_run(arena, &resampling,
                                       &(rac_bootstrap_options){.seed = 1, .replicates = replicates},
                                       rac_weighting_bootstrap_statistic, statistic, result, &err);
        if (status != RAC_OK) {
            printf("%s\n", err.message);
            exit(1);
        }
        best = fmin(best, now_ms() - start);
    }
    return best;
}

static void measure_imputation(rac_arena *arena)
{
    enum { N = 153, VISITS = 8, SETS = 100 };
    rac_error err = {0};
    double *const y = rac_many(arena, double, N *VISITS), *const u = rac_many(arena, double, N * 2), *filled;
    rac_random draws = rac_random_open(2, 0, RAC_RANDOM_TEST);
    for (size_t i = 0; i < N; i++) {
        const double level = 3 * rac_random_normal(&draws);
        bool gone = false;
        u[2 * i] = 1;
        u[2 * i + 1] = i < 111;
        for (size_t j = 0; j < VISITS; j++) {
            y[i * VISITS + j] = gone ? NAN : level - (double)j + 2 * rac_random_normal(&draws);
            gone = gone || rac_random_uniform(&draws) < 0.05;
        }
    }
    const rac_impute_data data = {
        .patients = N, .visits = VISITS, .factors = 2, .y = y, .factor = u, .arms = 1};
    const double start = now_ms();
    if (rac_impute_draw(arena, &data, &(rac_impute_options){.seed = 1, .imputations = SETS}, &filled, &err) !=
        RAC_OK)
        printf("%s\n", err.message);
    printf("%d imputations, %d patients x %d visits, 200 steps each: %.0f ms\n", SETS, N, VISITS,
           now_ms() - start);
}

int main(void)
{
    rac_arena *const arena = rac_arena_new();
    rac_bootstrap result;
    const chart usual = simulate(arena, 153), large = simulate(arena, 20000);
    const double ms = measure(arena, &usual, REPLICATES, &result);
    const double floor_ms = measure_floor(arena, &usual, REPLICATES);
    printf("%d weighted bootstrap replicates with jackknife, 153 patients: %.1f ms (floor %.1f ms, ratio "
           "%.2f; bar %.0f ms)\n",
           REPLICATES, ms, floor_ms, ms / floor_ms, bar_ms);
    printf("estimate %.3f, BCa %.3f to %.3f, %zu failed\n", result.estimate, result.bca.lower,
           result.bca.upper, result.failed);
    rac_error err = {0};
    const rac_weighting_data data = {
        .rows = large.rows, .columns = COLUMNS, .x = large.x, .treated = large.treated};
    rac_weighting weighting;
    rac_weighted_effect effect;
    const double start = now_ms();
    if (rac_weighting_make(arena, &data, NULL, &weighting, &err) != RAC_OK ||
        rac_weighting_effect(arena, &data, &weighting, &(rac_effect_options){.y = large.y}, &effect, &err) !=
            RAC_OK)
        printf("%s\n", err.message);
    printf("weights and effect, %zu patients: %.1f ms\n", large.rows, now_ms() - start);
    measure_imputation(arena);
    rac_arena_free(arena);
    return ms > bar_ms;
}
