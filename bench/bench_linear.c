/* How fast exact linear populations are, and how exact.
 *
 * Benchmark (a) of the manual: a three-compartment parent with a two-compartment metabolite, 0.5 mg/kg over
 * 40 min, eight infusions twice weekly, weight and log-normal variability on V1, CL, Vnk, CLnk, 200 regular
 * times a subject over 35 days, two outputs.  An observation is one time of one subject, both outputs.  One
 * core; parameters, random numbers and everything else are inside the time.  Peers on such a machine:
 * mrgsolve 2.8e5 observations/s at an error of 1e-8 of the peak; arithmetic allows about 1e9.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "pharma/kernel.h"
#include "racemate/pharma.h"

#include "../tests/pharma/closed.h"
#include "benchmark_a.h"
#include "floor.h"

enum { CHECKED = 64 };

/* ---- sinks ---- */

typedef struct memory {
    double *to;
    double sum;
} memory;

static void write_all(void *context, const rac_population_tile *tile)
{
    memory *m = context;
    const size_t size = tile->times * tile->outputs * RAC_TILE;
    memcpy(m->to, tile->values, sizeof(double) * size);
    m->to += size;
}

static void look(void *context, const rac_population_tile *tile)
{
    ((memory *)context)->sum += tile->values[tile->times * tile->outputs];
}

/* ---- error against closed forms in extended precision ---- */

typedef struct judge {
    const rac_model *model;
    const double *times_h;
    const double *own_h; /* subjects x TIMES, instead of times_h */
    const double *weights;
    double worst[2];
} judge;

static void judge_subject(judge *j, const rac_population_tile *tile, int s)
{
    static const char *const names[] = {"V1", "V2", "V3", "CL", "Q2", "Q3", "Vnk", "CLnk", "Vpnk", "Qnk"};
    long double p[10];
    for (int i = 0; i < 10; i++)
        p[i] = tile->parameter_values[rac_model_find_parameter(j->model, names[i]) * RAC_TILE + s];
    closed parent = {.gain = 1 / p[0], .zeros = {p[4] / p[1], p[5] / p[2]}, .zero_count = 2, .pole_count = 3};
    closed_three(p[3] / p[0], p[4] / p[0], p[4] / p[1], p[5] / p[0], p[5] / p[2], parent.poles);
    closed child = {.gain = p[3] / p[0] / p[6],
                    .zeros = {parent.zeros[0], parent.zeros[1], p[9] / p[8]},
                    .zero_count = 3,
                    .pole_count = 5};
    memcpy(child.poles, parent.poles, 3 * sizeof *parent.poles);
    closed_two(p[7] / p[6], p[9] / p[6], p[9] / p[8], child.poles + 3);
    const closed *forms[] = {&parent, &child};
    const double rate = 0.5 * j->weights[tile->first_subject + (size_t)s] / (40 / 60.0);
    for (int o = 0; o < 2; o++) {
        const double *times_h = j->own_h ? j->own_h + (tile->first_subject + (size_t)s) * TIMES : j->times_h;
        double error = 0, peak = 0;
        for (size_t t = 0; t < tile->times; t++) {
            long double truth = 0;
            for (int d = 0; d < DOSES; d++)
                truth += rate * closed_infusion(forms[o], 40 / 60.0L, (long double)times_h[t] - 84.0L * d);
            error =
                fmax(error, fabs(tile->values[(t * 2 + (size_t)o) * RAC_TILE + (size_t)s] - (double)truth));
            peak = fmax(peak, (double)truth);
        }
        j->worst[o] = fmax(j->worst[o], error / peak);
    }
}

static void judge_tile(void *context, const rac_population_tile *tile)
{
    for (int s = 0; s < tile->subjects; s++)
        judge_subject(context, tile, s);
}

/* ---- runs ---- */

static double timed(rac_population *p, size_t subjects, rac_population_sink *sink, memory *m)
{
    double seconds[7];
    double *const start = m->to;
    p->subjects = subjects;
    for (int repeat = 0; repeat < 7; repeat++) {
        rac_arena *arena = rac_arena_new();
        size_t failed = 0;
        rac_error err = {0};
        m->to = start;
        const double began = processor_s();
        if (rac_population_run(arena, p, sink, m, &failed, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        seconds[repeat] = processor_s() - began;
        rac_arena_free(arena);
    }
    m->to = start;
    return median_s(seconds, 7);
}

/* From the bytes of a file to a curve, and to the band a plan shows: 400 virtual patients, 4 h by the minute.
 */
static void first_number(void)
{
    double best_curve = INFINITY, best_band = INFINITY, times_h[241];
    const double weight[] = {70}, quantiles[] = {0.05, 0.5, 0.95};
    for (int i = 0; i < 241; i++)
        times_h[i] = i / 60.0;
    for (int repeat = 0; repeat < 20; repeat++) {
        rac_arena *arena = rac_arena_new();
        rac_regimen regimen = rac_regimen_new(arena);
        rac_prediction prediction;
        rac_error err = {0};
        rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
        rac_prediction_request ask = {.covariates = weight,
                                      .regimen = &regimen,
                                      .times_h = times_h,
                                      .times = 241,
                                      .quantiles = quantiles,
                                      .quantile_count = 3,
                                      .seed = 1};
        const double began = processor_s();
        const rac_model *model = bench_read(arena, BENCH_A);
        rac_pharma_predict(arena, model, &ask, &prediction, &err);
        const double middle = processor_s();
        ask.subjects = 400;
        rac_pharma_predict(arena, model, &ask, &prediction, &err);
        best_band = fmin(best_band, processor_s() - middle);
        best_curve = fmin(best_curve, middle - began);
        rac_arena_free(arena);
    }
    printf("model file to first curve           %8.2f ms\n", 1e3 * best_curve);
    printf("curve and band, 400 x 241 times     %8.2f ms\n", 1e3 * best_band);
}

/* The most likely patient from six samples of the parent, V1 and CL unknown (peers: 40 ms and more). */
static void fit_one(void)
{
    static const char text[] =
        "model: fit\ntitle: t\nsubstance: racemic ketamine, as base\nsampling: s\npopulation: p\nsource: "
        "none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {V1: 25 L, V2: 56 L, V3: 157 L, CL: 84 L/h, "
        "Q2: 161 L/h, Q3: 79 L/h}\nvariability:\n  - {of: [V1, CL], covariance: [[0.084], [0.0226, 0.026]]}\n"
        "flows:\n  central -> fast: Q2 / V1\n  fast -> central: Q2 / V2\n  central -> slow: Q3 / V1\n"
        "  slow -> central: Q3 / V3\n  central -> out: CL / V1\nroutes: {iv: central}\n"
        "outputs: {ketamine: central / V1}\nerror: {ketamine: {proportional: 0.2}}\n";
    static const double times_h[] = {0.25, 0.5, 1, 2, 3, 4}, values[] = {0.19, 0.24, 0.11, 0.06, 0.04, 0.026};
    rac_arena *arena = rac_arena_new();
    const rac_model *model = bench_read(arena, text);
    rac_regimen regimen = rac_regimen_new(arena);
    rac_sample samples[6];
    rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    for (int i = 0; i < 6; i++) {
        rac_regimen_add(&regimen, rac_dose_mark(times_h[i], 0, RAC_DOSE_OBSERVATION));
        samples[i] = (rac_sample){.time_h = times_h[i], .measured = true, .value = values[i]};
    }
    const rac_fit_request ask = {.regimen = &regimen, .samples = samples, .sample_count = 6};
    double best = INFINITY;
    rac_fit fit = {0};
    for (int repeat = 0; repeat < 50; repeat++) {
        rac_error err = {0};
        const double began = processor_s();
        rac_pharma_fit(arena, model, &ask, &fit, &err);
        best = fmin(best, processor_s() - began);
    }
    printf("individual fit, 6 samples, 2 etas   %8.3f ms (%d steps, %s)\n", 1e3 * best, fit.steps,
           fit.converged ? "converged" : "not converged");
    rac_arena_free(arena);
}

static void print_speed(const char *what, size_t subjects, double seconds, double floor_per_s)
{
    const double speed = (double)subjects * TIMES / seconds;
    printf("%7zu subjects, %-26s %8.2f ms  %.2e observations/s", subjects, what, 1e3 * seconds, speed);
    if (floor_per_s > 0)
        printf("  floor %.1e, %4.1f times that", floor_per_s, floor_per_s / speed);
    printf("\n");
}

int main(void)
{
    enum { LARGE = 100000, OWN = 10000 };
    rac_arena *arena = rac_arena_new();
    bench_a a;
    bench_a_open(arena, LARGE, &a);
    rac_population p = a.population;
    const double *times_h = a.times_h, *weights = a.weights;
    rac_random draws = rac_random_open(2, 0, RAC_RANDOM_TEST);

    /* An observation takes 23 multiplications and additions where steps are known (5 modes, two sums of 5),
     * five exponentials more where they are not, and 16 bytes where it is written. */
    const floors f = measure_floors();
    const double known = f.pair_per_s / 15,
                 unknown = f.exp_per_s > 0 ? 1 / (5 / f.exp_per_s + 15 / f.pair_per_s) : 0,
                 stored = f.store_bytes_per_s / 16;
    const double known_stored = known > 0 ? 1 / (1 / known + 1 / stored) : 0,
                 unknown_stored = unknown > 0 ? 1 / (1 / unknown + 1 / stored) : 0;
    printf(
        "kernel %s; this processor: exp %.2e, pow %.2e, multiply and add %.2e a second, stores %.1f GB/s\n",
        rac_kernel_best()->name, f.exp_per_s, f.pow_per_s, f.pair_per_s, 1e-9 * f.store_bytes_per_s);
    memory m = {.to = malloc(sizeof(double) * LARGE * TIMES * 2)};
    for (size_t subjects = 10000; subjects <= LARGE; subjects *= 10) {
        print_speed("shared times, in cache", subjects, timed(&p, subjects, look, &m), known);
        print_speed("shared times, all written", subjects, timed(&p, subjects, write_all, &m), known_stored);
    }
    double uneven_h[TIMES], *own_h = rac_many(arena, double, OWN *TIMES);
    for (int i = 0; i < TIMES; i++)
        uneven_h[i] = (i + 0.5 + 0.9 * rac_random_uniform(&draws)) * 4.2;
    for (size_t i = 0; i < (size_t)OWN * TIMES; i++)
        own_h[i] = ((double)(i % TIMES) + 0.5 + 0.9 * rac_random_uniform(&draws)) * 4.2;
    p.times_h = uneven_h;
    print_speed("no two steps alike", OWN, timed(&p, OWN, look, &m), unknown);
    p.own_times_h = own_h;
    print_speed("each its own times", OWN, timed(&p, OWN, look, &m), unknown);
    print_speed("own times, all written", OWN, timed(&p, OWN, write_all, &m), unknown_stored);
    free(m.to);

    size_t failed = 0;
    rac_error err = {0};
    p.subjects = CHECKED;
    judge own_judge = {.model = a.model, .own_h = own_h, .weights = weights};
    rac_population_run(arena, &p, judge_tile, &own_judge, &failed, &err);
    p.own_times_h = NULL;
    p.times_h = uneven_h;
    judge uneven_judge = {.model = a.model, .times_h = uneven_h, .weights = weights};
    rac_population_run(arena, &p, judge_tile, &uneven_judge, &failed, &err);
    p.times_h = times_h;
    judge j = {.model = a.model, .times_h = times_h, .weights = weights};
    rac_population_run(arena, &p, judge_tile, &j, &failed, &err);
    printf("error over peak, %d subjects: regular %.1e (parent), %.1e (metabolite); uneven %.1e, %.1e; own "
           "%.1e, %.1e\n",
           CHECKED, j.worst[0], j.worst[1], uneven_judge.worst[0], uneven_judge.worst[1], own_judge.worst[0],
           own_judge.worst[1]);
    first_number();
    fit_one();
    rac_arena_free(arena);
    return 0;
}
