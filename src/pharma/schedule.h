/* pharma/schedule.h: from what was charted to what the solver walks.
 *
 *     regimen  --pump.c-->  inputs (constant rates over spans, and marks: bolus, reset, steady, observation)
 *              --schedule.c-->  steps (advance by a length with these rates, `count` times; add; empty;
 * write)
 *
 * A schedule holds no subject's numbers: amounts are multiplied when it is walked by the subject's gains
 * (bioavailability, and weight for doses per kg).  Times that depend on the subject (lag, modelled duration)
 * are arguments here, so subjects who share them share the schedule.
 *
 * An epoch is a span in which parameters stay as they are; covariates and occasions change between epochs.
 */
#ifndef RACEMATE_PHARMA_SCHEDULE_H
#define RACEMATE_PHARMA_SCHEDULE_H

#include "racemate/pharma/dosing.h"

/* Where the schedule's times come from: routes and, for every epoch, the parts of all routes in a row. */
typedef struct rac_timing {
    int routes;
    const int *route_first;      /* routes + 1: part i of route r is route_first[r] + i */
    int epochs;                  /* >= 1 */
    const double *epoch_h;       /* epochs; epoch_h[0] is ignored: the first begins before everything */
    const rac_route_part *parts; /* epochs x route_first[routes] */
    bool from_zero;              /* something moves by itself: begin at 0 h, not at the first event or time */
    bool shifts;                 /* add SHIFT steps, for derivatives of times */
} rac_timing;

/* What multiplies an amount: a part of a route, as it is in the epoch of the dose, per kg or not. */
static inline int rac_channel(const rac_timing *timing, int epoch, int part, bool per_kg)
{
    return (epoch * timing->route_first[timing->routes] + part) * 2 + per_kg;
}
static inline int rac_channels(const rac_timing *timing)
{
    return timing->epochs * timing->route_first[timing->routes] * 2;
}

/* ---- inputs ---- */

/* A constant rate from start_h to end_h (may be INFINITY).  Where the part's lag moves by dl and the length
 * of what it takes in by the share ds (that of its duration, or of F / R where a rate or bioavailability
 * makes it), an end that moves does so by dl + end_length_h ds, and a stretched rate falls by the share ds.
 */
typedef struct rac_span {
    double start_h, end_h, rate;
    int channel;
    bool start_moves, end_moves, stretched;
    double end_length_h;
} rac_span;

typedef enum rac_mark_kind { RAC_MARK_BOLUS, RAC_MARK_RESET, RAC_MARK_STEADY, RAC_MARK_WRITE } rac_mark_kind;

typedef struct rac_mark { /* a bolus moves with the lag of its part */
    double time_h;
    bool late;       /* arrives by itself (lag, additional): before what is recorded at that time */
    size_t sequence; /* in the order of events */
    rac_mark_kind kind;
    int channel;   /* BOLUS */
    double amount; /* BOLUS */
    size_t steady; /* STEADY: index */
} rac_mark;

/* One interval of a steady pattern: rates and boluses by phase 0 .. interval_h; interval_h 0 is a plateau. */
typedef struct rac_pattern {
    double interval_h;
    bool add;
    rac_span *spans; /* by phase; a rate that is always on spans the whole interval */
    size_t span_count, span_capacity;
    rac_mark *marks; /* BOLUS only, time_h is the phase */
    size_t mark_count, mark_capacity;
} rac_pattern;

typedef struct rac_inputs {
    rac_arena *arena;
    rac_span *spans;
    size_t span_count, span_capacity;
    rac_mark *marks;
    size_t mark_count, mark_capacity;
    rac_pattern *patterns;
    size_t pattern_count, pattern_capacity;
} rac_inputs;

/* Runs the pumps of a checked regimen.  RAC_UNSUPPORTED for an infusion into a part with a duration of its
 * own; RAC_INVALID for a rate per kg on an infusion that is not, and the reverse. */
rac_status rac_inputs_make(rac_arena *arena, const rac_regimen *regimen, const rac_timing *timing,
                           rac_inputs *inputs, rac_error *err);
/* By time; at one time late ones first, then in the order of events. */
void rac_marks_sort(rac_inputs *inputs);

/* ---- steps ---- */

typedef enum rac_step_kind {
    RAC_STEP_ADVANCE, /* by lengths_h[length] with rates[rate], count times; writes after each if `write` */
    RAC_STEP_BOLUS,   /* adds amount x gain of the channel to its compartment */
    RAC_STEP_RESET,   /* empties all */
    RAC_STEP_WRITE,   /* writes without advancing */
    RAC_STEP_STEADY_BEGIN, /* sets the state aside and starts from nothing; what follows is one interval */
    RAC_STEP_STEADY_END,   /* makes it the steady state of the interval lengths_h[length] */
    RAC_STEP_PLATEAU,      /* the steady state of rates[rate] */
    RAC_STEP_SHIFT,        /* only where they were asked for: the rate of a channel changes here by `amount`,
                              at a time that moves with the part's lag and by length_h times its share */
} rac_step_kind;

typedef struct rac_step {
    rac_step_kind kind;
    int length;
    int pair; /* ADVANCE: index into pairs, -1 without input; PLATEAU: index into rates */
    int count;
    bool write;
    bool add; /* STEADY_END, PLATEAU: to what was there */
    int channel;
    double amount;
    double length_h; /* SHIFT */
    double start_h;  /* ADVANCE, except within a steady pattern: when it begins */
} rac_step;

typedef struct rac_rates { /* inputs that run together: rate x gain of each channel */
    const int *channels;
    const double *values;
    const double *stretched; /* the part of the value that falls where its length grows */
    int count;
} rac_rates;

typedef struct rac_pair { /* a length and the rates during it */
    int length;
    int rate;
} rac_pair;

typedef struct rac_schedule {
    const double *lengths_h;
    int lengths;
    const rac_rates *rates;
    int rate_count;
    const rac_pair *pairs;
    int pairs_count;
    const rac_step *steps;
    size_t step_count;
    const size_t *epoch_first; /* epochs + 1: steps of epoch e are epoch_first[e] .. epoch_first[e+1] */
    int epochs;
    int channels;
    size_t writes; /* how often it writes: the times, or the observations of the regimen */
    double end_h;  /* when the last step has been taken (0 without any), and */
    int end_rate;  /* the rates from then on; -1 without input */
} rac_schedule;

/* `times_h` (ascending) are where the state is wanted, after all events of that time; NULL means the
 * regimen's observations.  Lengths that differ by less than the rounding of the clock (some units in the last
 * place of the largest time) are one length, so a regular grid t0 + i * step has one. */
rac_status rac_schedule_make(rac_arena *arena, const rac_regimen *regimen, const rac_timing *timing,
                             const double *times_h, size_t times, rac_schedule *schedule, rac_error *err);

#endif
