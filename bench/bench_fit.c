/* How fast a patient is found behind samples: predictions with their derivatives by every eta, the mode, and
 * its uncertainty.
 *
 * The first case is that of the manual: a three-compartment parent, V1 and CL correlated, six samples after
 * one infusion, proportional error.  Peers on such a machine: mapbayr 0.10.2 40 ms, posologyr 1.2.8 900 ms,
 * the same fit in plain R with the closed form 6 ms.  One core, processor time of this process.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pharma/sensitivity.h"
#include "racemate/pharma.h"

static const double MAPBAYR_MS = 40;

static const char PARENT[] =
    "model: fit\ntitle: t\nsubstance: racemic ketamine, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\nparameters: {V1: 25 L, V2: 56 L, V3: 157 L, CL: 84 L/h, "
    "Q2: 161 L/h, Q3: 79 L/h}\nvariability:\n  - {of: [V1, CL], covariance: [[0.084], [0.0226, 0.026]]}\n"
    "flows:\n  central -> fast: Q2 / V1\n  fast -> central: Q2 / V2\n  central -> slow: Q3 / V1\n"
    "  slow -> central: Q3 / V3\n  central -> out: CL / V1\nroutes: {iv: central}\n"
    "outputs: {ketamine: central / V1}\nerror: {ketamine: {proportional: 0.2}}\n";

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stop(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static rac_text read_file(rac_arena *arena, const char *name)
{
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/%s", root ? root : ".", name), "rb");
    if (!file)
        stop("run it where models/ and examples/ are, or set RACEMATE_SOURCE");
    char *data = rac_arena_alloc(arena, 1 << 20);
    const size_t size = fread(data, 1, (1 << 20) - 1, file);
    fclose(file);
    return (rac_text){data, size};
}

static rac_model *read_model(rac_arena *arena, rac_text text)
{
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    if (rac_model_read(arena, text, "bench", &model, &problems))
        stop(problems.items[0].message);
    return model;
}

static void ignore(void *context, const rac_population_tile *tile)
{
    *(double *)context += tile->values[0];
}

/* Predictions at the samples and their derivatives by each eta (the same in all epochs), microseconds:
 * exactly, and as differences of a population with `neighbours` for each eta. */
static double exact_us(rac_arena *arena, const rac_population *p, size_t etas)
{
    const size_t count = (size_t)(p->epochs ? p->epochs : 1) * etas;
    double *slopes = rac_many(arena, double, etas *count), *at = rac_many(arena, double, count),
           best = INFINITY;
    for (size_t i = 0; i < count; i++)
        slopes[i % etas * count + i] = 1;
    rac_sensitivity *exact = rac_sensitivity_new(arena, p, slopes, (int)etas);
    for (int repeat = 0; repeat < 2000; repeat++) {
        rac_sensitivity_look look;
        rac_error err = {0};
        at[0] = 1e-4 * repeat;
        const double began = now_s();
        if (rac_sensitivity_at(exact, at, &look, &err) || !look.exact)
            stop("no exact derivatives");
        best = fmin(best, now_s() - began);
    }
    rac_sensitivity_close(exact);
    return 1e6 * best;
}

static double differences_us(rac_arena *arena, rac_population p, size_t etas, size_t neighbours)
{
    const size_t count = (size_t)(p.epochs ? p.epochs : 1) * etas;
    double best = INFINITY, sum = 0;
    p.subjects = 1 + neighbours * etas;
    p.etas = rac_many(arena, double, p.subjects *count);
    for (int repeat = 0; repeat < 1000; repeat++) {
        rac_error err = {0};
        size_t failed;
        rac_arena *scratch = rac_arena_new();
        const double began = now_s();
        if (rac_population_run(scratch, &p, ignore, &sum, &failed, &err))
            stop(err.message);
        rac_arena_free(scratch);
        best = fmin(best, now_s() - began);
    }
    return 1e6 * best;
}

static void one_gradient(const char *name, const rac_model *model, const rac_fit_request *ask)
{
    rac_arena *arena = rac_arena_new();
    const rac_population p = {.model = model,
                              .regimen = ask->regimen,
                              .epochs = ask->epochs,
                              .epoch_h = ask->epoch_h,
                              .occasion = ask->occasion,
                              .constants = ask->constants};
    const size_t etas = rac_model_etas(model);
    printf("%-34s %8.2f us a gradient; by differences %.2f us (order 2), %.2f us (order 6)\n", name,
           exact_us(arena, &p, etas), differences_us(arena, p, etas, 2), differences_us(arena, p, etas, 6));
    rac_arena_free(arena);
}

/* The best of many runs, for one patient: the mode, and then 5000 weighed draws. */
static void one_patient(const char *name, const rac_model *model, const rac_fit_request *ask)
{
    one_gradient(name, model, ask);
    double best_fit = INFINITY, best_draw = INFINITY;
    rac_fit fit = {0};
    rac_fit_draws draws = {0};
    for (int repeat = 0; repeat < 200; repeat++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        const double began = now_s();
        if (rac_pharma_fit(arena, model, ask, &fit, &err))
            stop(err.message);
        const double middle = now_s();
        best_fit = fmin(best_fit, middle - began);
        if (repeat < 20) {
            const rac_fit_draw_options options = {.seed = 1};
            if (rac_pharma_fit_draw(arena, model, ask, &fit, &options, &draws, &err))
                stop(err.message);
            best_draw = fmin(best_draw, now_s() - middle);
        }
        rac_arena_free(arena);
    }
    printf("%-34s %8.3f ms a fit (%d steps), mapbayr takes %.0f times as long; %6.2f ms for %zu draws\n", "",
           1e3 * best_fit, fit.steps, MAPBAYR_MS / (1e3 * best_fit), 1e3 * best_draw, draws.proposed);
}

static void parent_alone(rac_arena *arena)
{
    static const double times_h[] = {0.25, 0.5, 1, 2, 3, 4}, values[] = {0.19, 0.24, 0.11, 0.06, 0.04, 0.026};
    rac_regimen regimen = rac_regimen_new(arena);
    rac_sample samples[6];
    rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    for (int i = 0; i < 6; i++) {
        rac_regimen_add(&regimen, rac_dose_mark(times_h[i], 0, RAC_DOSE_OBSERVATION));
        samples[i] = (rac_sample){.time_h = times_h[i], .measured = true, .value = values[i]};
    }
    const rac_fit_request ask = {.regimen = &regimen, .samples = samples, .sample_count = 6};
    one_patient("6 samples, 2 etas", read_model(arena, rac_text_of(PARENT)), &ask);
}

static void example_table(rac_arena *arena)
{
    const rac_model *model = read_model(arena, read_file(arena, "models/racemic-venous.yaml"));
    rac_problems problems = rac_problems_init(arena);
    rac_events events;
    if (rac_events_read(arena, read_file(arena, "examples/samples.csv"), "samples.csv", model, &events,
                        &problems))
        stop(problems.items[0].message);
    const rac_events_subject *s = &events.subjects[0];
    const rac_fit_request ask = {.regimen = &s->regimen,
                                 .samples = s->samples,
                                 .sample_count = s->sample_count,
                                 .epochs = s->epochs,
                                 .epoch_h = s->epoch_h,
                                 .occasion = s->occasion,
                                 .constants = s->constants};
    one_patient("11 samples, 2 analytes, 4 etas", model, &ask);
}

int main(void)
{
    rac_arena *arena = rac_arena_new();
    parent_alone(arena);
    example_table(arena);
    rac_arena_free(arena);
    return 0;
}
