/* pharma/sensitivity.h: what one subject is predicted, and its exact derivatives by many directions at once.
 *
 *     x' = A x + u        and for a direction d        s' = A s + dA x + du,    s = dx/dd
 *
 * Lanes are directions here, not subjects: a quantity is a double, and beside it stand its derivatives, eight
 * to a block.  dA, du, and what amounts begin with come from the model's programs by forward-mode
 * differentiation; s is solved exactly, by modes or by scaling (sensitivity_inline.h,
 * sensitivity_scaling_inline.h).
 *
 * A direction may move the time T of an event, too: lags, durations and rates of a route.  What follows a
 * bolus b is exp(A (t - T)) b, so s jumps by -A b dT there, and by -c dT where an input changes by c.  At the
 * very time of a bolus that moves an output has no derivative; it gets one of its sides'. */
#ifndef RACEMATE_PHARMA_SENSITIVITY_H
#define RACEMATE_PHARMA_SENSITIVITY_H

#include "pharma/graph.h"
#include "pharma/lanes.h"
#include "pharma/schedule.h"
#include "racemate/pharma/population.h"

/* Blocks of directions at most: as many as an individual fit may have deviations. */
enum { RAC_BLOCKS_MAX = 8 };

/* Numbers and their derivatives: value[i] has slope[i * blocks + b], whose lane l is that by direction
 * 8 b + l. */
typedef struct rac_duals {
    double *value;
    rac_lanes *slope;
} rac_duals;

/* ---- the inner loop: one subject, one schedule, known rates ---- */

/* Arrays as rac_tile has them. */
typedef struct rac_sensitive {
    const rac_linear *shape;
    const rac_schedule *schedule;
    const int *channel_compartment;
    int blocks;
    rac_duals flow_per_h; /* epochs x flows */
    rac_duals gains;      /* channels */
    rac_duals readers;    /* epochs x outputs x compartments */
    rac_duals starts;     /* epochs x start_stride: amounts at the beginning and after resets */
    int start_stride;
    /* channels / 2 x blocks: slopes of a part's lag (h), and of the logarithm of what makes the length of an
     * intake there (see rac_span) */
    const rac_lanes *lag_slopes, *length_slopes;
    int outputs;
    double floor;    /* of outputs: 0, or -INFINITY for none */
    rac_duals out;   /* writes x outputs */
    rac_lanes *work; /* rac_sensitive_work() of the method */
    double nearest;  /* by modes, set: the smallest relative gap of eigenvalues that meet (chains: product) */
} rac_sensitive;

/* How many lanes `work` needs: by modes, and by scaling. */
size_t rac_sensitive_modes_work(const rac_sensitive *sensitive);
size_t rac_sensitive_scaling_work(const rac_sensitive *sensitive);

/* ---- a model at given etas ---- */

typedef struct rac_sensitivity rac_sensitivity;

/* For the population's model, regimen, epochs and constants; its other fields are not looked at.  The etas'
 * derivatives by direction d are eta_slopes[d * epochs * etas ...].  The population must have been checked,
 * and stays the caller's.  NULL when the model has no exact sensitivities: some output mentions a state. */
rac_sensitivity *rac_sensitivity_new(rac_arena *arena, const rac_population *population,
                                     const double *eta_slopes, int directions);
/* Gives back what is not in the arena; accepts NULL. */
void rac_sensitivity_close(rac_sensitivity *sensitivity);

/* Borrowed from the sensitivity until the next look. */
typedef struct rac_sensitivity_look {
    bool exact;       /* false: something is impossible or not finite; then values are not to be used */
    rac_duals values; /* times x outputs */
    const double *parameters; /* epochs x parameters */
} rac_sensitivity_look;

/* Etas are epochs x etas.  Errors as rac_population_run. */
rac_status rac_sensitivity_at(rac_sensitivity *sensitivity, const double *etas, rac_sensitivity_look *look,
                              rac_error *err);

#endif
