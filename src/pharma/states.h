/* pharma/states.h: amounts whose equations are not linear, for eight subjects who share a schedule.
 *
 *     dy/dt = f(x(t), y, parameters) + input,   x the exact linear amounts
 *
 * Between two breaks of the schedule (a rate that changes, a bolus, a reset, an epoch) x is known at any
 * time, so it is never integrated: it is asked for where it is needed.  The states are solved by collocation
 * at eight Radau points over panels (radau.h), of order 15 and stable however fast a state returns: all times
 * of a panel are computed side by side.  Within a panel there are two ways:
 *
 *   all together      Any f.  Newton's method (newton_inline.h).
 *   as a cascade      Each state linear in itself given those before it: one after another, without a
 * Jacobian (cascade_inline.h).
 *
 * Where doses repeat, panels found for one serve the next, with all that rests on their length
 * (itinerary_inline.h).
 *
 * Each lane has a time and a panel of its own, so a subject's numbers do not depend on who stands beside it.
 * A break ends every panel.  Times wanted between are read off the panel's polynomial: asking for more of
 * them changes nothing.
 *
 * Error of a panel: at most `tolerance` times the state, or times `share` x its largest size where that is
 * more: its largest so far, or, for a subject with a state that begins at 0, of the whole course, found by a
 * rough walk beforehand.
 */
#ifndef RACEMATE_PHARMA_STATES_H
#define RACEMATE_PHARMA_STATES_H

#include "pharma/graph.h"
#include "pharma/lanes.h"
#include "pharma/model.h"
#include "pharma/schedule.h"

/* Panels tried between two breaks; a subject who needs more has no answer. */
enum { RAC_ATTEMPTS_MAX = 20000 };

typedef struct rac_states {
    const rac_equations *equations;
    const rac_schedule *schedule;
    const int *channel_amount;   /* schedule->channels: an amount of the model */
    const rac_lanes *flow_per_h; /* epochs x flows of the model */
    int flows;                   /* of the model */
    const rac_lanes *gains;      /* channels */
    const rac_lanes *starts;     /* epochs x amounts of the model */
    int amounts;                 /* of the model */
    const rac_lanes *frames;     /* epochs x slots: covariates, etas, parameters */
    int slots;                   /* of a frame, before the first amount */
    rac_lanes floor;             /* of linear amounts: 0, or -INFINITY for none */
    double tolerance, share;     /* of the error, see above */
    bool together;               /* never as a cascade */
    unsigned wanted;             /* bit i: lane i is asked for */
    rac_lanes *sizes;            /* by state: largest size before the first step, and then to the last one;
                                    NULL: nothing was before */
    rac_lanes *out;              /* writes x states */
    rac_lanes *work;             /* rac_states_work() */
    unsigned failed;             /* set: bit i for lane i without an answer */
    unsigned unsettled;          /* set: those of them for which a steady state was not found */
    size_t steps;                /* set: panels tried, of all lanes together */
} rac_states;

/* How many lanes `work` needs. */
size_t rac_states_work(const rac_states *states);

#endif
