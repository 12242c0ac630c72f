/* pharma/population_run.h: one worker of a population.  Workers share nothing but what they read. */
#ifndef RACEMATE_PHARMA_POPULATION_RUN_H
#define RACEMATE_PHARMA_POPULATION_RUN_H

#include "racemate/pharma/population.h"

typedef struct rac_runner rac_runner;

/* RAC_INVALID for a tolerance of equations outside the range of population.h; 0 is allowed. */
rac_status rac_tolerance_check(double tolerance, double share, rac_error *err);

/* Everything that can be wrong with a population before it runs. */
rac_status rac_population_check(const rac_population *population, rac_error *err);

/* A worker for a checked population, in an arena that nobody else uses meanwhile. */
rac_runner *rac_runner_new(rac_arena *arena, const rac_population *population);

/* Subjects first .. end - 1 of the population, counted from 0; first is a multiple of RAC_TILE. */
rac_status rac_runner_run(rac_runner *runner, size_t first, size_t end, rac_population_sink *sink,
                          void *context, size_t *failed, rac_error *err);

/* Gives back what is not in the arena. */
void rac_runner_close(rac_runner *runner);

#endif
