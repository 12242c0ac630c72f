/* racemate/pharma/modify.h: a model with some of its parameters changed, and the changes a file knows.
 *
 * A CHANGE multiplies the value a parameter has in each subject, whatever gave it that value (covariates,
 * deviations); parameters that are written in terms of it follow.  A MODIFIER is a change that was measured:
 * a drug taken beside, with the routes it was studied on and its source.
 *
 *     modifiers:
 *       rifampicin:
 *         multiply: {CL: 1.13, CLnk: 3.0}
 *         routes: [intravenous]
 *         source: "Noppers 2011, ..."
 *         tier: A
 *         note: ...
 *     interactions:                       reported, and not to be had from a parameter: shown, never applied
 *       - {with: ticlopidine, route: nasal, effect: "area x1.29", source: "...", tier: A}
 *
 * What was measured on one route says nothing of another: most of what swallowed ketamine loses is lost on
 * its first pass through gut and liver, so a modifier is refused on a route it does not list.
 */
#ifndef RACEMATE_PHARMA_MODIFY_H
#define RACEMATE_PHARMA_MODIFY_H

#include "racemate/pharma/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_model_change {
    int parameter;
    double factor; /* > 0, finite */
} rac_model_change;

/* The model with these changes, each on top of the others.  The original is as it was and must outlive the
 * result. RAC_INVALID for a factor that is not positive and finite; RAC_REFUSED for a parameter whose value
 * is unknown. */
rac_status rac_model_modify(rac_arena *arena, const rac_model *model, const rac_model_change *changes,
                            size_t count, rac_model **modified, rac_error *err);

typedef struct rac_modifier {
    const char *name;
    const rac_model_change *changes;
    size_t change_count;
    const int *routes; /* it was studied on; at least one */
    size_t route_count;
    const char *source, *note, *tier; /* note may be "" */
} rac_modifier;

size_t rac_model_modifiers(const rac_model *model);
const rac_modifier *rac_model_modifier(const rac_model *model, size_t index);
int rac_model_find_modifier(const rac_model *model, const char *name); /* or -1 */

/* The model with the modifier of that name, for doses by `routes` (indices; none: the parameters are looked
 * at, nothing is given).  RAC_NOT_FOUND, with near names, when the file knows no such modifier, and
 * RAC_REFUSED, with the reason, for a route it was not studied on. */
rac_status rac_model_with(rac_arena *arena, const rac_model *model, const char *name, const int *routes,
                          size_t route_count, rac_model **modified, rac_error *err);

/* What was reported and is shown beside a prediction, and not applied. */
typedef struct rac_interaction {
    const char *with, *effect, *source, *note, *tier; /* note may be "" */
    int route;                                        /* -1: no route of this model */
    const char *route_name;                           /* as the file says it */
} rac_interaction;
size_t rac_model_interactions(const rac_model *model);
const rac_interaction *rac_model_interaction(const rac_model *model, size_t index);

#ifdef __cplusplus
}
#endif
#endif
