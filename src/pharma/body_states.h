/* pharma/body_states.h: what equations that are not linear do in one subject while inputs stay as they are.
 *
 * The solver of populations (states.h) over one span: it begins with the amounts of now, linear ones too, and
 * is told how large states have been, so that errors are compared with the same sizes as in one long run. */
#ifndef RACEMATE_PHARMA_BODY_STATES_H
#define RACEMATE_PHARMA_BODY_STATES_H

#include "pharma/model.h"

typedef struct rac_body_states rac_body_states;

/* `frame` (slots before the first amount) and `flow_per_h` belong to the subject and stay where they are.
 * Tolerance and share as in population.h. */
rac_body_states *rac_body_states_new(rac_arena *arena, const rac_model *model, const rac_lanes *frame,
                                     const rac_lanes *flow_per_h, double tolerance, double share);

/* From `amounts` (all of the model) with `input` (the same, mg/h) for length_h: `after` gets the states, in
 * their order.  RAC_NOT_CONVERGED when they have no answer. */
rac_status rac_body_states_advance(rac_body_states *states, const double *amounts, const double *input,
                                   double length_h, double *after, rac_error *err);

/* Amounts that were set, by a bolus or a reset: their sizes count. */
void rac_body_states_seen(rac_body_states *states, const double *amounts);

#endif
