/* racemate/pharma/search.h: how much may be given over how long.
 *
 * For each duration of an infusion the largest amount that holds every limit in its stated share of patients,
 * and the smallest that reaches every goal: the quotients of target.h, once a duration.  Patients are a
 * population with these covariates, or one patient's posterior (`next_etas` of racemate/pharma/fit.h).
 *
 * It looks at exposure, and at effects the model has as outputs.  It does not know whether another amount or
 * duration helps more: that is not computed here, and recommending is not done here.
 *
 *     rac_search_target peak = {.target = {.output = 0, .level = 0.3, .probability = 0.95}};
 *     rac_dose dose = rac_dose_infusion(0, 0, 0.5, 40 / 60.0);  dose.per_kg = true;
 *     rac_search_request ask = {.covariates = covariates, .dose = dose, .durations_h = hours, .durations = 9,
 *                               .targets = &peak, .target_count = 1, .after_h = 4, .subjects = 1000};
 *     rac_pharma_search(arena, model, &ask, &points, err);
 */
#ifndef RACEMATE_PHARMA_SEARCH_H
#define RACEMATE_PHARMA_SEARCH_H

#include "racemate/pharma/target.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_search_target {
    rac_target target;
    bool at_end; /* only the end of the infusion counts, whenever that is; from_h and until_h are not looked
                    at */
} rac_search_target;

typedef struct rac_search_request {
    const double *covariates;  /* as in rac_prediction_request */
    const rac_regimen *given;  /* what the body has had; NULL: nothing */
    rac_dose dose;             /* an infusion by amount; its duration is not looked at */
    const double *durations_h; /* > 0 */
    size_t durations;
    const rac_search_target *targets;
    size_t target_count;
    double after_h; /* the curve is looked at every minute, and at the end and the times of targets, until
                       this long after the end */
    const double *shares; /* lines of equal share, each 0 .. 1 */
    size_t share_count;
    size_t subjects;
    uint64_t seed;
    const double *etas; /* as in rac_target_request */
} rac_search_request;

/* One duration.  Amounts are in mg, or mg per kg where the dose is. */
typedef struct rac_search_point {
    double duration_h;
    double most;  /* INFINITY without limits; 0 when no amount holds them */
    double least; /* 0 without goals; INFINITY when no amount reaches them */
    bool possible;
    bool interpolated;      /* amounts are within 1 %, not exact: the model is not linear in the dose */
    const double *share;    /* by target: patients in whom it holds with the dose as given */
    double share_of_limits; /* patients in whom all limits hold with the dose as given; 1 without limits */
    const double
        *most_by_share; /* by shares: the largest amount with which all limits hold together in so many */
    size_t subjects, failed;
} rac_search_point;

/* *points has one for each duration, in the arena.  RAC_INVALID for a dose that is no infusion with an
 * amount, durations or `after_h` out of range (0 to 168 h), no targets; else as rac_pharma_target. */
rac_status rac_pharma_search(rac_arena *arena, const rac_model *model, const rac_search_request *request,
                             rac_search_point **points, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
