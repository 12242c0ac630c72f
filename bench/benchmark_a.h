/* benchmark_a.h: benchmark (a), which several programs measure: a three-compartment parent with a
 * two-compartment metabolite, 0.5 mg/kg over 40 min, eight infusions twice weekly, weight and log-normal
 * variability on V1, CL, Vnk, CLnk, 200 times a subject over 35 days, two outputs. */
#ifndef RACEMATE_BENCHMARK_A_H
#define RACEMATE_BENCHMARK_A_H

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "racemate/pharma.h"

static const char BENCH_A[] =
    "model: bench\ntitle: benchmark (a)\nsubstance: racemic ketamine, as base\nsampling: "
    "arterial\npopulation: none\n"
    "source: structure and sizes of racemic-arterial\nunits: {time: h, amount: mg, volume: L}\n"
    "covariates: {weight: {unit: kg, range: [40, 160]}}\n"
    "parameters:\n  V1: 25 L * (weight / 70 kg)\n  V2: 56 L * (weight / 70 kg)\n  V3: 157 L * (weight / 70 "
    "kg)\n"
    "  CL: 84 L/h * (weight / 70 kg)^0.75\n  Q2: 161 L/h * (weight / 70 kg)^0.75\n"
    "  Q3: 79 L/h * (weight / 70 kg)^0.75\n  Vnk: 98.638 L * (weight / 70 kg)\n"
    "  CLnk: 57.72 L/h * (weight / 70 kg)^0.75\n  Vpnk: 160.04 L\n  Qnk: 42.778 L/h\n"
    "variability:\n  - {of: V1, variance: 0.057}\n  - {of: CL, variance: 0.029}\n"
    "  - {of: [Vnk, CLnk], covariance: [[0.040426], [0.04456, 0.10319]]}\n"
    "flows:\n  central -> fast: Q2 / V1\n  fast -> central: Q2 / V2\n  central -> slow: Q3 / V1\n"
    "  slow -> central: Q3 / V3\n  central -> nk: CL / V1\n  nk -> nk_deep: Qnk / Vnk\n  nk_deep -> nk: Qnk "
    "/ Vpnk\n"
    "  nk -> out: CLnk / Vnk\nroutes: {iv: central}\noutputs: {ketamine: central / V1, norketamine: nk / "
    "Vnk}\n";

enum { TIMES = 200, DOSES = 8 };

static inline rac_model *bench_read(rac_arena *arena, const char *text)
{
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    if (rac_model_read(arena, rac_text_of(text), "bench", &model, &problems)) {
        fprintf(stderr, "%d: %s\n", problems.items[0].line, problems.items[0].message);
        exit(1);
    }
    return model;
}

typedef struct bench_a {
    const rac_model *model;
    double times_h[TIMES];
    double *weights; /* kg, one a subject */
    const double *columns[1];
    rac_regimen regimen;
    rac_population population;
} bench_a;

/* The benchmark for that many subjects, in the arena. */
static inline void bench_a_open(rac_arena *arena, size_t subjects, bench_a *a)
{
    rac_random draws = rac_random_open(1, 0, RAC_RANDOM_COVARIATE);
    rac_dose dose = rac_dose_infusion(0, 0, 0.5, 40 / 60.0);
    dose.per_kg = true;
    dose.additional = DOSES - 1;
    dose.interval_h = 84;
    a->model = bench_read(arena, BENCH_A);
    for (int i = 0; i < TIMES; i++)
        a->times_h[i] = (i + 1) * 4.2;
    a->weights = rac_many(arena, double, subjects);
    for (size_t i = 0; i < subjects; i++)
        a->weights[i] = 50 + 60 * rac_random_uniform(&draws);
    a->columns[0] = a->weights;
    a->regimen = rac_regimen_new(arena);
    rac_regimen_add(&a->regimen, dose);
    a->population = (rac_population){.model = a->model,
                                     .seed = 1,
                                     .subjects = subjects,
                                     .regimen = &a->regimen,
                                     .times_h = a->times_h,
                                     .times = TIMES,
                                     .columns = a->columns};
}

#endif
