/* racemate/pharma/look.h: looking into a model: its parts as they are written, and what rests on what.
 *
 * Nothing is computed here that a curve depends on; this is what a picture of a model and an explanation of a
 * parameter are made from.  Everything returned lives with the model, or in the arena given.
 *
 *     const rac_model_shape *shape = rac_model_look(model);
 *     for (size_t i = 0; i < shape->arrow_count; i++) ... shape->arrows[i].rate       "CL / V1"
 *     rac_parameter_about about;
 *     rac_model_explain(arena, model, rac_model_find_parameter(model, "CL"), &about);
 */
#ifndef RACEMATE_PHARMA_LOOK_H
#define RACEMATE_PHARMA_LOOK_H

#include "racemate/pharma/linear.h"
#include "racemate/pharma/model.h"
#include "racemate/pharma/sources.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the shape ---------------------------------------------------------------------------------------- */

/* A flow, or (drives) the equation of `to` that mentions `from`: nothing moves along it. */
typedef struct rac_model_arrow {
    int from;         /* compartment */
    int to;           /* compartment, or RAC_OUT */
    bool drives;      /* */
    const char *rate; /* as written; "" when it drives: see equations */
} rac_model_arrow;

/* A dose by `route` enters here.  What the file does not say is NULL. */
typedef struct rac_model_entry {
    int route, compartment;
    const char *fraction, *lag, *duration, *rate; /* as written */
} rac_model_entry;

typedef struct rac_model_shape {
    const rac_model_arrow *arrows;
    size_t arrow_count;
    const rac_model_entry *entries;
    size_t entry_count;
    /* By compartment: its unit; what its flows out or an output divide it by ("V1", NULL when they do not);
     * the right side of its equation (NULL: it has flows), and what it begins at (NULL: nothing). */
    const char *const *units, *const *volumes, *const *equations, *const *starts;
    const char *const *outputs; /* by output: as written */
} rac_model_shape;
const rac_model_shape *rac_model_look(const rac_model *model);

/* Whether an output mentions a compartment. */
bool rac_model_output_mentions(const rac_model *model, size_t output, size_t compartment);

/* ---- one parameter --------------------------------------------------------------------------------------
 */

typedef enum rac_deviation_kind {
    RAC_DEVIATION_LOG_NORMAL,
    RAC_DEVIATION_LOGIT_NORMAL,
    RAC_DEVIATION_NORMAL
} rac_deviation_kind;

/* How a parameter varies around its typical value. */
typedef struct rac_deviation {
    rac_deviation_kind kind;
    bool occasion; /* from one session to the next in one person; otherwise between people */
    double sd;     /* of the deviation: on the log scale, the logit scale, or the parameter's own */
    const rac_origin *origin;
} rac_deviation;
const char *rac_deviation_name(rac_deviation_kind kind); /* "log-normal" */
/* The coefficient of variation of a log-normal deviation, sqrt(exp(sd^2) - 1). */
double rac_deviation_cv(double sd);
/* A typical value moved by `z` standard deviations: +-1.645 spans 90 % of people. */
double rac_deviation_moves(const rac_deviation *deviation, double typical, double z);

/* Something that mentions a parameter. */
typedef struct rac_parameter_use {
    const char *kind;       /* "parameter", "flow", "equation", "start", "route", "output" */
    const char *name;       /* "central -> deep" */
    const char *expression; /* as written */
} rac_parameter_use;

typedef struct rac_parameter_about {
    const char *name;
    const char *unit;         /* base unit; "1" for a pure number */
    const char *expression;   /* as written; NULL while it is unknown */
    const rac_origin *origin; /* the file's words on where this value comes from */
    const int *covariates;    /* it rests on, also through other parameters; in the model's order */
    size_t covariate_count;
    const int *rests_on; /* parameters it mentions */
    size_t rests_on_count;
    const rac_deviation *deviations; /* its own */
    size_t deviation_count;
    const int *varies_with; /* parameters it rests on, at any distance, that vary between people */
    size_t varies_with_count;
    const rac_parameter_use *uses;
    size_t use_count;
} rac_parameter_about;
void rac_model_explain(rac_arena *arena, const rac_model *model, int parameter, rac_parameter_about *about);

/* The parameter nearest in spelling, for "did you mean"; NULL when none is near. */
const char *rac_model_nearest_parameter(rac_arena *arena, const rac_model *model, const char *name);

#ifdef __cplusplus
}
#endif
#endif
