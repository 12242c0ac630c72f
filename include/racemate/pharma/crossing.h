/* racemate/pharma/crossing.h: when an output first crosses a level.
 *
 * Until when is the concentration above a limit, how long does an effect last, when is mood back: the first
 * time in from_h .. until_h at which an output of each subject passes a level.  Works for every model;
 * between the times looked at first nothing is assumed but that the output does not pass the level and come
 * back.  The time is then closed in on by asking for times inside the bracket, which the solvers read off
 * exactly or with their own dense output, so it is as good as the output itself: an error e of the output
 * moves it by e over the slope there.
 *
 *     const rac_crossing back = {.output = MOOD, .level = 8, .way = RAC_CROSSING_DOWN, .from_h = 24, .until_h
 * = 840}; rac_population_crossings(arena, &population, &back, times_h, &failed, &err);
 */
#ifndef RACEMATE_PHARMA_CROSSING_H
#define RACEMATE_PHARMA_CROSSING_H

#include "racemate/pharma/population.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rac_crossing_way {
    RAC_CROSSING_EITHER,
    RAC_CROSSING_UP,  /* from below the level to at or above it */
    RAC_CROSSING_DOWN /* from at or above it to below */
} rac_crossing_way;

typedef struct rac_crossing {
    int output;
    double level; /* in the unit of the output, base */
    rac_crossing_way way;
    double from_h, until_h;
    size_t looks; /* equal pieces in which the span is looked at first, 2 .. 1e6; 0: 1000.  A visit beyond the
                     level that is shorter than a piece may be missed */
    double within_h; /* the bracket at the end; 0: 1e-6 h */
} rac_crossing;

/* times_h has a place for each subject of the population: the first crossing, NAN where there is none or the
 * subject has no answer (counted in *failed).  A level that is already passed at from_h is not a crossing; a
 * jump (a bolus) is one.  The population's times and residual error are not looked at.  Memory: 24 numbers a
 * subject.  RAC_INVALID for an output that does not exist, a level that is not finite, or a span that is
 * empty; else as rac_population_run.
 */
rac_status rac_population_crossings(rac_arena *arena, const rac_population *population,
                                    const rac_crossing *crossing, double *times_h, size_t *failed,
                                    rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
