/* racemate/pharma/dosing.h: what was given, when and how, as a list of events.
 *
 * A regimen is what a chart would say: an infusion began, it was paused, resumed at half the rate,
 * stopped.  The solver never hides a dose in the right-hand side of an equation: every moment at which
 * an input changes is a break in the solution, so no dose can be stepped over, however short.
 *
 * Units in all of `pharma`: time h, amount mg, volume L, rate mg/h, so concentration mg/L (= ug/mL;
 * 0.1 mg/L is 100 ng/mL).  Amounts are of the substance the model is written for (racemic or S-ketamine,
 * as base); converting a salt or an enantiomer happens before.
 *
 * The rules, in one place:
 *   - Events may be added in any order; they act in order of time, and at the same time in the order
 *     they were added.  A dose that arrives late (lag, `additional`) precedes what is recorded at that time.
 *   - A bolus enters each part of its route: at once, or over the part's own duration (zero order).
 *   - An infusion is given by two of amount, rate and duration.  Doses may overlap.
 *   - PAUSE, RESUME, RATE and STOP act on every infusion of the same route and line that has not ended,
 *     as the buttons of one pump do.  What is left of the amount continues after RESUME and after RATE,
 *     so the end moves; STOP gives up what is left.  RATE on an idle line starts an infusion that runs
 *     until the next RATE or STOP; at rate 0 it waits.
 *   - Bioavailability of an infusion given by amount and rate scales its duration, as in NONMEM; of one
 *     given by amount and duration or by rate and duration, its rate.
 *   - RESET empties every compartment, ends every infusion (its planned end is forgotten too) and cancels
 *     what earlier events still owe: doses waiting for their lag, and `additional` doses.
 *   - A steady dose (RAC_STEADY_REPLACE) puts the body where endlessly many doses `interval_h` apart,
 *     the last one interval ago, would have left it, and then gives its own; earlier inputs are ended, but
 *     infusions of that past which are still running (duration above the interval) run on.  RAC_STEADY_ADD
 *     adds that state to what is there.  A steady infusion with rate only (no amount, no interval) puts the
 *     body at the plateau and runs on.  Linear amounts are solved, not iterated; equations that are not
 *     linear are repeated until they settle, and a subject in whom they do not has no answer
 *     (docs/models.md).
 */
#ifndef RACEMATE_PHARMA_DOSING_H
#define RACEMATE_PHARMA_DOSING_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rac_dose_kind {
    RAC_DOSE_BOLUS,
    RAC_DOSE_INFUSION,
    RAC_DOSE_RATE,
    RAC_DOSE_PAUSE,
    RAC_DOSE_RESUME,
    RAC_DOSE_STOP,
    RAC_DOSE_RESET,
    RAC_DOSE_OBSERVATION /* the state is wanted here, after the events recorded before it */
} rac_dose_kind;

typedef enum rac_steady { RAC_STEADY_NO, RAC_STEADY_REPLACE, RAC_STEADY_ADD } rac_steady;

/* One event.  Fields an event has no use for are 0. */
typedef struct rac_dose {
    double time_h;
    rac_dose_kind kind;
    int route;            /* index into the routes of the model */
    int line;             /* which pump or catheter of that route: 0 when there is one */
    double amount_mg;     /* > 0; mg per kg when per_kg */
    double rate_mg_per_h; /* INFUSION, RATE; mg per h per kg when per_kg */
    double duration_h;    /* INFUSION: 0 when given by amount and rate */
    bool per_kg;          /* amounts and rates are multiplied by the subject's weight */
    int additional;       /* this many further doses, */
    double interval_h;    /* so far apart; also the interval of a steady dose */
    rac_steady steady;
} rac_dose;

/* A list of events in an arena. */
typedef struct rac_regimen {
    rac_arena *arena;
    rac_dose *items;
    size_t count;
    size_t capacity;
} rac_regimen;

rac_regimen rac_regimen_new(rac_arena *arena);
void rac_regimen_add(rac_regimen *regimen, rac_dose dose);

/* The common events, for reading at the place of use. */
rac_dose rac_dose_bolus(double time_h, int route, double amount_mg);
rac_dose rac_dose_infusion(double time_h, int route, double amount_mg, double duration_h);
rac_dose rac_dose_rate(double time_h, int route, double rate_mg_per_h);
rac_dose rac_dose_mark(double time_h, int route,
                       rac_dose_kind kind); /* PAUSE, RESUME, STOP, RESET, OBSERVATION */

/* Checks every event by itself against the number of routes.  RAC_INVALID names the event (from 1) and what
 * is wrong: a number that is not finite, an amount that is not positive, an infusion with one or three of
 * amount, rate and duration, `additional` or steady without an interval, an unknown route. */
rac_status rac_regimen_check(const rac_regimen *regimen, int routes, rac_error *err);

/* How a route enters the body: its parts, for one subject.  The nasal route of esketamine has two, one
 * through the nose and one that is swallowed.  First-order absorption is a compartment with a flow out of it.
 */
typedef struct rac_route_part {
    int compartment;      /* index into the compartments of the model */
    double fraction;      /* bioavailability: >= 0 */
    double lag_h;         /* >= 0 */
    double duration_h;    /* > 0: a bolus enters at a constant rate over this time (zero order) */
    double rate_mg_per_h; /* > 0: the same, by its rate; at most one of the two */
} rac_route_part;

typedef struct rac_route {
    const rac_route_part *parts;
    int count;
} rac_route;

/* Sorts of limits: more doses than this after `additional` is RAC_LIMIT. */
#define RAC_DOSES_MAX 1000000

#ifdef __cplusplus
}
#endif
#endif
