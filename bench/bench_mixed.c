/* bench_mixed: how long mixed models take, beside a floor measured in the same run.
 *
 *     ninja -C build bench/bench_mixed && OPENBLAS_NUM_THREADS=1 build/bench/bench_mixed
 *
 * A made-up study of two arms, nine visits, baseline, dropout and gaps.  Timed from arrays in memory to all
 * means, differences, joint tests and their degrees of freedom, on one thread.  The median is held against
 * the bar; a best time far below it says that the machine had other things to do.
 *
 * The floor is what no program on this machine can avoid: one product Z'Z over patients' rows (u, y), and per
 * Newton step, for each pattern of visits seen, factor and invert a covariance and form W R W.  Bars are the
 * project's own; "growth" is time against the row before divided by patients against the row before (1 is
 * linear, 0 independent of patients). */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "racemate/stats/mixed.h"
#include "stats/mixed_matrix.h"

#define VISITS 9

typedef struct study {
    size_t patients;
    double *outcome, *baseline;
    int32_t *arm;
    size_t patterns;
} study;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* of this process: the machine may be shared */
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static study make_study(rac_arena *arena, size_t n)
{
    study s = {n, rac_many(arena, double, n *VISITS), rac_many(arena, double, n), rac_many(arena, int32_t, n),
               0};
    bool *const seen = rac_many(arena, bool, 1 << VISITS);
    for (size_t i = 0; i < n; i++) {
        rac_random r = rac_random_open(20260101, i, RAC_RANDOM_TEST);
        s.arm[i] = rac_random_uniform(&r) < 0.6;
        s.baseline[i] = 18 + 3 * rac_random_normal(&r);
        const double level = 3 * rac_random_normal(&r), slope = 0.4 * rac_random_normal(&r);
        double noise = 0;
        unsigned mask = 0;
        bool left = false;
        for (size_t v = 0; v < VISITS; v++) {
            noise = 0.4 * noise + 2 * rac_random_normal(&r);
            const double day = (double)v + 1;
            s.outcome[i * VISITS + v] = -6 * (1 - exp(-day / 3)) - 0.15 * (double)s.arm[i] * day +
                                        0.2 * (s.baseline[i] - 18) + level + slope * day + noise;
            left = left || (v > 0 && rac_random_uniform(&r) < 0.04);
            if (left || (v > 0 && rac_random_uniform(&r) < 0.02))
                s.outcome[i * VISITS + v] = NAN;
            else
                mask |= 1u << v;
        }
        s.patterns += !seen[mask];
        seen[mask] = true;
    }
    return s;
}

static const double visit_time[VISITS] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

typedef struct timing {
    double ms, best_ms;
    size_t iterations;
    size_t memory;
} timing;

static void stop(const rac_error *err)
{
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static timing run_usual(const study *s, rac_mixed_df df)
{
    const double start = now_ms();
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const rac_mixed_covariate baseline = {.name = "baseline", .value = s->baseline, .by_visit = true};
    const rac_mixed_usual model = {.patients = s->patients,
                                   .visits = VISITS,
                                   .arms = 2,
                                   .outcome = s->outcome,
                                   .arm = s->arm,
                                   .covariates = 1,
                                   .covariate = &baseline};
    rac_mixed_design design;
    rac_mixed_fit fit;
    rac_mixed_means means;
    if (rac_mixed_design_usual(arena, &model, &design, &err) != RAC_OK ||
        rac_mixed_fit_design(arena, &design, &(rac_mixed_options){.df = df, .no_fallback = true}, &fit,
                             &err) != RAC_OK ||
        rac_mixed_means_usual(arena, &model, &fit, RAC_MIXED_MEANS_EQUAL, 1, 0, &means, &err) != RAC_OK)
        stop(&err);
    timing t = {0, 0, fit.iterations, rac_arena_used(arena)};
    rac_arena_free(arena);
    t.ms = now_ms() - start;
    return t;
}

/* 1, arm, time, arm x time with random intercept and slope. */
static timing run_slope(const study *s)
{
    const double start = now_ms();
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    double *const factor = rac_many(arena, double, 2 * s->patients), *const map =
                                                                         rac_many(arena, double, VISITS * 8);
    for (size_t i = 0; i < s->patients; i++) {
        factor[2 * i] = 1;
        factor[2 * i + 1] = s->arm[i];
    }
    for (size_t v = 0; v < VISITS; v++) {
        const double b[8] = {1, 0, visit_time[v], 0, 0, 1, 0, visit_time[v]};
        memcpy(map + v * 8, b, sizeof b);
    }
    static const char *const columns[] = {"(Intercept)", "time", "arm", "arm:time"};
    static const char *const visits[VISITS] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    static const char *const groups[] = {"all"};
    const rac_mixed_design design = {.patients = s->patients,
                                     .visits = VISITS,
                                     .columns = 4,
                                     .factors = 2,
                                     .factor = factor,
                                     .map = map,
                                     .outcome = s->outcome,
                                     .groups = 1,
                                     .visit_time = visit_time,
                                     .column_name = columns,
                                     .visit_name = visits,
                                     .group_name = groups};
    rac_mixed_fit fit;
    const rac_mixed_options options = {.covariance = RAC_COVARIANCE_RANDOM_SLOPE};
    if (rac_mixed_fit_design(arena, &design, &options, &fit, &err) != RAC_OK)
        stop(&err);
    timing t = {0, 0, fit.iterations, rac_arena_used(arena)};
    rac_arena_free(arena);
    t.ms = now_ms() - start;
    return t;
}

/* See the head of this file. */
static double floor_ms(const study *s, size_t steps, size_t factors)
{
    const size_t width = factors + VISITS;
    double *const z = calloc(s->patients * width, sizeof *z);
    double zz[400] = {0}, a[VISITS * VISITS], w[VISITS * VISITS], half[VISITS * VISITS],
           whole[VISITS * VISITS];
    for (size_t i = 0; i < s->patients; i++)
        for (size_t v = 0; v < VISITS; v++)
            z[i * width + factors + v] = isnan(s->outcome[i * VISITS + v]) ? 0 : s->outcome[i * VISITS + v];
    double best = INFINITY, sum = 0;
    for (int repeat = 0; repeat < 5; repeat++) {
        const double start = now_ms();
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)width, (int)s->patients, 1, z, (int)width, 0,
                    zz, (int)width);
        for (size_t k = 0; k < steps * s->patterns; k++) {
            for (size_t i = 0; i < VISITS; i++)
                for (size_t j = 0; j < VISITS; j++)
                    a[i * VISITS + j] = (i == j ? 9.0 : 4.0) + 1e-9 * zz[0];
            (void)mixed_cholesky(a, VISITS);
            mixed_cholesky_inverse(a, VISITS, w, half);
            mixed_multiply(w, a, VISITS, half);
            mixed_multiply(half, w, VISITS, whole);
            sum += whole[3];
        }
        best = fmin(best, now_ms() - start);
    }
    free(z);
    return sum == 1.25 ? 0 : best; /* the sum is used, so that the loop stays */
}

static int compare(const void *a, const void *b)
{
    const double x = ((const timing *)a)->ms, y = ((const timing *)b)->ms;
    return (x > y) - (x < y);
}

enum what { SATTERTHWAITE, KENWARD_ROGER, SLOPE };

static timing median(const study *s, enum what what)
{
    timing t[15];
    const size_t n = s->patients >= 30000 ? 7 : 15;
    for (size_t k = 0; k < n; k++)
        t[k] = what == SATTERTHWAITE   ? run_usual(s, RAC_MIXED_SATTERTHWAITE)
               : what == KENWARD_ROGER ? run_usual(s, RAC_MIXED_KENWARD_ROGER)
                                       : run_slope(s);
    qsort(t, n, sizeof *t, compare);
    t[n / 2].best_ms = t[0].ms;
    return t[n / 2];
}

int main(void)
{
    static const struct {
        size_t patients;
        double bar[3]; /* ms; 0: none set */
    } rows[] = {
        {153, {5, 20, 0}}, {1000, {10, 0, 0}}, {10000, {20, 0, 0}}, {30000, {0, 0, 0}}, {100000, {60, 0, 60}},
    };
    static const char *const names[] = {"unstructured, Satterthwaite", "unstructured, Kenward-Roger",
                                        "random slope"};
    printf("%-28s %8s %8s %5s %9s %9s %9s %7s %9s %7s %8s\n", "nine visits, one thread", "patients",
           "patterns", "steps", "median ms", "best ms", "floor ms", "ratio", "bar ms", "growth", "MB");
    bool within = true;
    for (enum what what = SATTERTHWAITE; what <= SLOPE; what++) {
        double before = 0;
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            rac_arena *const arena = rac_arena_new();
            const study s = make_study(arena, rows[k].patients);
            const timing t = median(&s, what);
            const double floor = floor_ms(&s, t.iterations + 1, what == SLOPE ? 2 : 3),
                         bar = rows[k].bar[what];
            char bar_text[16] = "-", growth[16] = "-";
            if (bar > 0)
                snprintf(bar_text, sizeof bar_text, "%.0f%s", bar, t.ms <= bar ? "" : " over");
            if (k > 0)
                snprintf(growth, sizeof growth, "%.2f",
                         t.ms / before / ((double)s.patients / (double)rows[k - 1].patients));
            printf("%-28s %8zu %8zu %5zu %9.3f %9.3f %9.3f %7.1f %9s %7s %8.1f\n", names[what], s.patients,
                   s.patterns, t.iterations, t.ms, t.best_ms, floor, t.ms / floor, bar_text, growth,
                   (double)t.memory / 1e6);
            within = within && (bar == 0 || t.ms <= bar);
            before = t.ms;
            rac_arena_free(arena);
        }
    }
    return within ? 0 : 1;
}
