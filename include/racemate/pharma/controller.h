/* racemate/pharma/controller.h: doses that depend on the simulated state.
 *
 * A regimen says beforehand what will be given.  A controller says it on the way: at each decision it sees
 * the time, the outputs and the amounts of one subject, and answers with events from now on (start, change
 * the rate, hold, resume, stop) and with the time of its next decision.  Hold while a concentration is above
 * a limit, resume below another, give the next dose when the last has gone: rules that no list of events can
 * hold, because what happens depends on the subject.
 *
 * Between decisions the solution is exact, as in linear.h: the state at a decision is the initial condition
 * of the next span, nothing is computed anew from the beginning, and there is no step size.  Equations that
 * are not linear are integrated from one decision to the next, driven by the exact amounts, with the error
 * control of population.h.  A controller that orders nothing leaves the plain run (agreement 1e-13 of the
 * largest value; with such equations the tolerance; tests/pharma/test_controller.c); holding and resuming
 * gives what the same regimen written beforehand gives.
 * Events mean what dosing.h says; they may lie in the future, and later orders may change what earlier ones
 * still owe.  The cost grows linearly with the number of decisions; each decision that orders something also
 * replays the buttons of the pumps.
 *
 * One subject is one call, so a stream of subjects is a loop, with an arena for each, on as many threads as
 * one likes: subject i has the same deviations as in rac_population_run with the same seed, and the same bits
 * whoever else is simulated.
 *
 *     static rac_status hold_above(void *context, rac_control_turn *now, rac_error *err)
 *     {
 *         const bool high = now->outputs[KETAMINE] > 0.2;
 *         const rac_dose_kind button = high ? RAC_DOSE_PAUSE : RAC_DOSE_RESUME;
 *         rac_regimen_add(now->orders, rac_dose_mark(now->time_h, VEIN, button));
 *         now->next_h = now->time_h + 1 / 60.0;
 *         return RAC_OK;
 *     }
 */
#ifndef RACEMATE_PHARMA_CONTROLLER_H
#define RACEMATE_PHARMA_CONTROLLER_H

#include "racemate/pharma/dosing.h"
#include "racemate/pharma/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a controller sees, and what it answers.  Valid until it returns. */
typedef struct rac_control_turn {
    double time_h;
    const double *outputs;    /* as many as the model has, after the events ordered earlier for this time */
    const double *amounts_mg; /* by compartment */
    rac_regimen *orders;      /* empty: add events at time_h or later */
    double next_h;            /* the next decision, later than time_h; preset to INFINITY: none */
} rac_control_turn;

/* Anything but RAC_OK ends the simulation with that status. */
typedef rac_status rac_controller(void *context, rac_control_turn *now, rac_error *err);

typedef struct rac_control_request {
    const rac_model *model;
    const double *covariates; /* one for each covariate of the model, base units */
    const double *etas;       /* one for each eta; NULL: drawn from (seed, subject), or all 0 if `typical` */
    bool typical;
    uint64_t seed, subject;
    const rac_regimen *regimen; /* ordered before the first decision; NULL: nothing */
    double from_h, until_h;     /* the body is as the model begins at from_h, which is the first decision */
    rac_controller *controller; /* NULL: nobody decides */
    void *context;
    const double *times_h; /* ascending, from_h .. until_h: where outputs are wanted, after the events and
                              decisions of that time */
    size_t times;
    double tolerance, tolerance_share; /* of equations that are not linear, as in population.h; 0: as there */
} rac_control_request;

/* In the arena. */
typedef struct rac_control_run {
    const double *values; /* times x outputs */
    rac_regimen given;    /* every event, in the order it was ordered */
    size_t decisions;
} rac_control_run;

#define RAC_DECISIONS_MAX 1000000

/* RAC_INVALID for orders before their decision, a next decision that is not later, times out of order or out
 * of range, covariates that are not finite, a tolerance out of range, and events rac_regimen_check refuses;
 * RAC_UNSUPPORTED for steady doses; RAC_LIMIT above RAC_DECISIONS_MAX decisions; RAC_NOT_CONVERGED when a
 * parameter or amount is not finite, or equations have no answer; RAC_REFUSED for a model with unknown
 * parameters; else what the controller answered. */
rac_status rac_pharma_control(rac_arena *arena, const rac_control_request *request, rac_control_run *run,
                              rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
