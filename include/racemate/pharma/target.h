/* racemate/pharma/target.h: how much may be given, and how much is needed.
 *
 * What was given stays as it was; everything planned is multiplied by one factor.  Amounts are linear in the
 * dose, so for each virtual patient a curve is  before(t) + factor x planned(t)  exactly, and the factor at
 * which a limit is touched or a goal is reached is a quotient, not a search:
 *
 *     limit   output <= level at all times asked for:   factor <= min over t of (level - before) / planned
 *     goal    output >= level at some time:             factor >= min over t of (level - before) / planned
 *
 * Where outputs are not linear in the dose, or do not start from 0, each patient is run without the plan and
 * with 33 multiples of it, from 1/16 to 16, and the factor at which the highest value passes the level is
 * interpolated between two of them: within 1 % of it, and INFINITY beyond 16.
 *
 * A limit must hold, and a goal be reached, in a stated share of patients, so the answer is a quantile of
 * those factors. It recommends a number to look at; a clinician decides.
 */
#ifndef RACEMATE_PHARMA_TARGET_H
#define RACEMATE_PHARMA_TARGET_H

#include "racemate/pharma/population.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_target {
    int output;             /* index into the outputs of the model */
    double level;           /* mg/L, or what the output is in; > 0 */
    bool goal;              /* false: a limit, true: a goal */
    double probability;     /* the share of patients, 0 .. 1 */
    double from_h, until_h; /* only these times count, ends included; until_h 0: all */
} rac_target;

typedef struct rac_target_request {
    const double *covariates;   /* as in rac_prediction_request */
    const rac_regimen *given;   /* what the body has had; NULL: nothing */
    const rac_regimen *planned; /* what the factor multiplies */
    const double *times_h;
    size_t times;
    const rac_target *targets;
    size_t target_count;
    size_t subjects;
    uint64_t seed;
    const double *etas; /* subjects x etas: deviations that are known, instead of drawn ones; NULL: drawn */
} rac_target_request;

/* In the arena. */
typedef struct rac_target_answer {
    double most;  /* the largest factor every limit allows; INFINITY without limits, 0 when none is allowed */
    double least; /* the smallest factor every goal needs; 0 without goals, INFINITY when none is enough */
    bool possible;              /* least <= most */
    bool interpolated;          /* the model is not linear in the dose */
    const double *share_at_one; /* by target: the share of patients in whom it holds with the plan as it is */
    const double *factors; /* targets x subjects: where each patient touches the limit (-INFINITY: broken by
                              what was given) or reaches the goal; INFINITY: never; NAN: no answer */
    size_t subjects, failed;
} rac_target_answer;

/* RAC_UNSUPPORTED for an output that falls while the dose rises (of a model that is not linear), and for
 * resets and steady states, except of what was given before everything planned, and buttons that act on
 * infusions of the other regimen (the two must be separate);
 * RAC_INVALID for a target out of range; else as rac_pharma_predict. */
rac_status rac_pharma_target(rac_arena *arena, const rac_model *model, const rac_target_request *request,
                             rac_target_answer *answer, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
