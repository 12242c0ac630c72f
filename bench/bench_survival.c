/* How fast are Cox regression, Kaplan-Meier and log-rank on 100,000 patients?
 *
 * Simulated: five covariates, two arms, exponential times, about 30 % censored; once with all times distinct
 * and once in whole days (heavily tied).  One thread; its processor time, which a busy machine does not
 * stretch; median of five.
 *
 * Beside each a floor, the arithmetic nobody can leave out, written straight down on sorted data.  Cox:
 * as many Newton passes as the fit took (an exponential, a 5 x 5 rank-one update a row; a division and a
 * second update an event).  Kaplan-Meier and log-rank: one sort of the times. */
#include "base/random.h"
#include "racemate/stats.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 100000, COLUMNS = 5, TRIANGLE = COLUMNS * (COLUMNS + 1) / 2, REPEATS = 5 };

static const double COX_BAR_MS = 60, CURVE_BAR_MS = 25;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

typedef struct cohort {
    double *time, *x;
    bool *event;
    int *arm;
} cohort;

static cohort simulate(rac_arena *arena, bool whole_days)
{
    cohort c = {rac_many(arena, double, ROWS), rac_many(arena, double, ROWS *COLUMNS),
                rac_many(arena, bool, ROWS), rac_many(arena, int, ROWS)};
    rac_random draws = rac_random_open(2026, whole_days, RAC_RANDOM_TEST);
    for (size_t i = 0; i < ROWS; i++) {
        double *const x = c.x + i * COLUMNS;
        c.arm[i] = rac_random_uniform(&draws) < 0.6;
        x[0] = c.arm[i];
        for (size_t j = 1; j < COLUMNS; j++)
            x[j] = rac_random_normal(&draws);
        const double hazard = exp(0.3 * x[0] + 0.2 * x[1] - 0.1 * x[2]) / 100;
        const double event = -log(rac_random_uniform(&draws)) / hazard,
                     censored = -log(rac_random_uniform(&draws)) * 250;
        c.event[i] = event <= censored;
        c.time[i] = fmin(event, censored);
        if (whole_days)
            c.time[i] = ceil(c.time[i]);
    }
    return c;
}

static double floor_pass(const cohort *c, const double *beta, double *information)
{
    double zero = 0, first[COLUMNS] = {0}, second[TRIANGLE] = {0}, likelihood = 0;
    for (size_t i = ROWS; i-- > 0;) {
        const double *const x = c->x + i * COLUMNS;
        double eta = 0;
        for (size_t j = 0; j < COLUMNS; j++)
            eta += beta[j] * x[j];
        const double risk = exp(eta);
        zero += risk;
        for (size_t j = 0, k = 0; j < COLUMNS; j++) {
            first[j] += risk * x[j];
            for (size_t l = 0; l <= j; l++)
                second[k++] += risk * x[j] * x[l];
        }
        if (!c->event[i])
            continue;
        const double inverse = 1 / zero;
        likelihood += eta - log(zero);
        for (size_t j = 0, k = 0; j < COLUMNS; j++)
            for (size_t l = 0; l <= j; l++, k++)
                information[k] += second[k] * inverse - first[j] * inverse * first[l] * inverse;
    }
    return likelihood;
}

static double sink; /* keeps the floor from being optimised away */

static double floor_cox(const cohort *c, int passes)
{
    double beta[COLUMNS] = {0}, information[TRIANGLE] = {0};
    const double begin = now_ms();
    for (int k = 0; k < passes; k++) {
        sink += floor_pass(c, beta, information);
        beta[0] += 1e-9 * information[0] / ROWS;
    }
    return now_ms() - begin;
}

static double floor_sort(const cohort *c)
{
    rac_arena *const arena = rac_arena_new();
    const double begin = now_ms();
    sink += stats_order(arena, c->time, ROWS)[0];
    const double took = now_ms() - begin;
    rac_arena_free(arena);
    return took;
}

static void must(rac_status status, const rac_error *err)
{
    if (status == RAC_OK)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static int passes_of_last_fit;

static double time_cox(const cohort *c)
{
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const rac_cox_data data = {
        .times = {.n = ROWS, .time = c->time, .event = c->event}, .covariates = COLUMNS, .x = c->x};
    rac_cox_fit fit;
    const double begin = now_ms();
    must(rac_cox_fit_model(arena, &data, NULL, &fit, &err), &err);
    const double took = now_ms() - begin;
    passes_of_last_fit = fit.iterations + 1;
    sink += fit.coefficient[0];
    rac_arena_free(arena);
    return took;
}

static rac_survival_data two_arms(const cohort *c)
{
    return (rac_survival_data){.n = ROWS, .time = c->time, .event = c->event, .group = c->arm, .groups = 2};
}

static double time_curve(const cohort *c)
{
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const rac_survival_data data = two_arms(c);
    rac_survival_curve *curves;
    const double begin = now_ms();
    must(rac_kaplan_meier(arena, &data, NULL, &curves, &err), &err);
    const double took = now_ms() - begin;
    sink += curves[0].points[0].survival;
    rac_arena_free(arena);
    return took;
}

static double time_log_rank(const cohort *c)
{
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const rac_survival_data data = two_arms(c);
    rac_log_rank test;
    const double begin = now_ms();
    must(rac_log_rank_test(arena, &data, 0, &test, &err), &err);
    const double took = now_ms() - begin;
    sink += test.chi_square;
    rac_arena_free(arena);
    return took;
}

static double median_of(double (*measure)(const cohort *), const cohort *c)
{
    double t[REPEATS];
    for (int k = 0; k < REPEATS; k++) {
        const double took = measure(c);
        int at = k;
        for (; at > 0 && t[at - 1] > took; at--)
            t[at] = t[at - 1];
        t[at] = took;
    }
    return t[REPEATS / 2];
}

static bool report(const char *what, double took, double floor_ms, double bar)
{
    printf("%-34s %7.2f ms   floor %6.2f ms   ratio %4.1f   bar %.0f ms   %s\n", what, took, floor_ms,
           took / floor_ms, bar, took <= bar ? "ok" : "TOO SLOW");
    return took <= bar;
}

int main(void)
{
    rac_arena *const arena = rac_arena_new();
    bool ok = true;
    for (int tied = 0; tied < 2; tied++) {
        const cohort c = simulate(arena, tied);
        const char *const kind = tied ? "whole days" : "distinct times";
        const double cox = median_of(time_cox, &c), sort = median_of(floor_sort, &c);
        ok &= report(rac_format(arena, "Cox, %s", kind), cox, floor_cox(&c, passes_of_last_fit), COX_BAR_MS);
        ok &= report(rac_format(arena, "Kaplan-Meier, %s", kind), median_of(time_curve, &c), sort,
                     CURVE_BAR_MS);
        ok &=
            report(rac_format(arena, "log-rank, %s", kind), median_of(time_log_rank, &c), sort, CURVE_BAR_MS);
    }
    rac_arena_free(arena);
    if (isnan(sink))
        puts("not a number");
    return ok ? 0 : 1;
}
