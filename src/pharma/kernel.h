/* pharma/kernel.h: the inner loops, one table of functions for each instruction set.
 *
 * Every table gives the same bits; rac_kernel_best() takes the widest the processor has.
 */
#ifndef RACEMATE_PHARMA_KERNEL_H
#define RACEMATE_PHARMA_KERNEL_H

#include "pharma/graph.h"
#include "pharma/lanes.h"
#include "pharma/program.h"
#include "pharma/schedule.h"
#include "pharma/sensitivity.h"
#include "pharma/states.h"

/* Up to eight subjects who share a schedule. */
typedef struct rac_tile {
    const rac_linear *shape;
    const rac_schedule *schedule;
    const int *channel_compartment; /* schedule->channels */
    const rac_lanes *flow_per_h;    /* epochs x flows */
    const rac_lanes *gains;         /* channels */
    const rac_lanes *readers;       /* epochs x outputs x compartments: output = sum of reader x amount */
    const rac_lanes *start; /* epochs x start_stride: amounts by compartment at the beginning and after
                               resets; NULL: nothing */
    int start_stride;
    int outputs;
    rac_lanes floor;                /* outputs below it, by rounding, become it: 0, or -INFINITY for none */
    bool scaling_only;              /* never use modes: for tests and comparison */
    const double *own_h[RAC_LANES]; /* for `sample`: own_times of each lane, ascending */
    size_t own_times;
    rac_lanes *out;  /* writes x outputs, or own_times x outputs */
    rac_lanes *work; /* rac_tile_work() */
    unsigned failed; /* set: bit i for lane i when a number was not finite (no steady state) */
    unsigned scaled; /* set: bit i for lane i when scaling replaced the modes, or must replace them */
} rac_tile;

/* How many lanes `work` needs: to solve, and to sample. */
size_t rac_tile_work(const rac_linear *shape, const rac_schedule *schedule, int outputs);
size_t rac_sample_work(const rac_linear *shape, const rac_schedule *schedule, int outputs);

typedef struct rac_kernel {
    const char *name;
    void (*solve)(rac_tile *tile);
    /* Each lane at times of its own, for shapes that have modes; the schedule is one of events only.  Lanes
     * in `scaled` were not solved: their modes are too close. */
    void (*sample)(rac_tile *tile);
    /* A program over a frame of program->registers lanes, of which the caller set the slots. */
    void (*run)(const rac_program *program, rac_lanes *frame);
    /* The same with derivatives: slopes is registers x directions, of which the caller set the slots' rows.
     */
    void (*run_forward)(const rac_program *program, rac_lanes *frame, rac_lanes *slopes, int directions);
    void (*solve_states)(rac_states *states);
    /* One subject with the derivatives by many directions, by modes and by scaling. */
    void (*solve_slopes)(rac_sensitive *sensitive);
    void (*scale_slopes)(rac_sensitive *sensitive);
} rac_kernel;

extern const rac_kernel rac_kernel_plain;
#if defined(__x86_64__)
extern const rac_kernel rac_kernel_avx2, rac_kernel_avx512;
#endif
const rac_kernel *rac_kernel_best(void);

#endif
