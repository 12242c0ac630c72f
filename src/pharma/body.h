/* pharma/body.h: one subject carried exactly from one moment to the next.
 *
 *     x(t + h) = P(h) x(t) + G(h) u,      u constant until the next break
 *
 * P(h) and G(h) come from the kernels, which are given one subject in all lanes and, in each lane, another
 * unit of amount or of input: the columns of P and G side by side.  They are kept by length, so a regular
 * grid of decisions costs one.  Equations that are not linear are integrated over each span
 * (body_states.h), driven by the exact amounts. */
#ifndef RACEMATE_PHARMA_BODY_H
#define RACEMATE_PHARMA_BODY_H

#include "pharma/model.h"
#include "racemate/pharma/dosing.h"

typedef struct rac_body rac_body;

typedef struct rac_body_subject {
    const rac_model *model;
    const double *covariates, *etas;
    double tolerance, tolerance_share; /* of equations that are not linear, as in population.h */
} rac_body_subject;

/* A body at start_h as the model begins: empty, except for what has a start.  Errors as rac_pharma_control.
 */
rac_status rac_body_new(rac_arena *arena, const rac_body_subject *subject, double start_h, rac_body **body,
                        rac_error *err);
/* Gives back what is not in the arena; accepts NULL. */
void rac_body_close(rac_body *body);

/* Events now or later; those of now act at once. */
rac_status rac_body_order(rac_body *body, const rac_regimen *orders, rac_error *err);
/* To a time not before now; what was ordered for that time has acted. */
rac_status rac_body_advance(rac_body *body, double until_h, rac_error *err);

/* By compartment of the model. */
const double *rac_body_amounts(const rac_body *body);
/* Written to outputs, one for each output of the model. */
void rac_body_outputs(rac_body *body, double *outputs);
const rac_regimen *rac_body_given(const rac_body *body);

#endif
