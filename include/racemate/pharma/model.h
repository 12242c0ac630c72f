/* racemate/pharma/model.h: a published model as a file.
 *
 * A model file is YAML (models/NAME.yaml).  Everything in it is checked when it is read: names, units through
 * every expression, ranges, that covariances are covariances, that something enters each compartment, and that
 * parameters, flows and parts of routes are possible numbers for the typical subject and at either end of each
 * covariate's range; every fault is reported once, with file, line and column. No compiler is needed: expressions become bytecode, flows and linear equations an exact linear
 * system.
 *
 *     model: otto-2021-s-ketamine                 name, as the file is called
 *     title: S-ketamine, venous                   one line for people
 *     substance: S-ketamine                       what a dose in mg is mg of, as base
 *     sampling: venous plasma                     what a concentration is the concentration of
 *     population: 48 healthy volunteers
 *     source: doi:10.1007/s00228-021-03104-1      or a list
 *     notes: [..]                                 what a user must know: shown, not computed
 *     units: {time: h, amount: mg, volume: L}     always these
 *     covariates: {weight: {unit: kg, range: [40, 160]}, asian: {unit: 1, range: [0, 1], default: 0}}
 *     parameters:                                 in order; each may use covariates and those above it
 *       V1: 133 L * (weight / 70 kg)
 *       CL: {unknown: L/h}                        a slot: the model reads, but refuses to run
 *       Q:                                        a value with what its publication says of it, all optional:
 *         value: 79 L/h
 *         source: "Kamp 2020, Table 2"            and how to name what was read: sources.h
 *         tier: C                                 how far to trust it (docs/models.md): A, B or C
 *         note: no covariate effect was found
 *     variability:                                 on the log scale unless said otherwise
 *       - {of: [V1, CL], covariance: [[0.084177], [0.02261, 0.026048]]}
 *       - {of: F, distribution: logit-normal, sd: 0.708}
 *       - {of: [ka], cv: 61.5 %, level: occasion}
 *     flows: {central -> deep: Q2/V1, central -> out: CL/V1}
 *     equations:                                  what is not a flow; see below
 *       effect: {unit: mg/L, rate: ke0 * (central/V1 - effect)}
 *       response: {unit: 1, rate: kin * (1 + effect / EC50) - kout * response, start: kin / kout}
 *     routes:
 *       intravenous: central
 *       nasal: [{to: nose, fraction: F}, {to: gut, fraction: 1 - F, duration: D}]
 *     outputs: {ketamine: central / V1}
 *     error: {ketamine: {proportional: 0.236}}    also additive (with unit) and log
 *     modifiers, interactions:                    other drugs: see modify.h
 *
 * An equation gives an amount's rate of change: any expression of parameters, covariates and amounts, its own
 * too. `start` is its value at 0 h (or at the first event or time, where that is earlier) and after a reset:
 * 0, or an expression of parameters and covariates.  An equation that is a sum of amounts of the exact system
 * with coefficients joins the exact system, with its start; the others are integrated with error control
 * (population.h), driven by the exact amounts.  What enters and leaves an amount that is not linear is
 * written in its equation, not as flows; doses may enter it when its unit is that of an amount.  A rate or
 * start that is not finite for the typical subject at the beginning is a fault of the file.
 *
 * Distributions (Lavielle 2014, Mixed Effects Models for the Population Approach, ch. 3), with eta normal of
 * mean 0: log-normal    typical x exp(eta)            cv gives variance log(1 + cv^2) logit-normal  typical
 * on the logit scale + eta normal        typical + eta Residual error: y = f + (additive + proportional f) e1
 * with both standard deviations adding as variances: sd^2 = additive^2 + proportional^2 f^2;   log: y = f
 * exp(log e)
 */
#ifndef RACEMATE_PHARMA_MODEL_H
#define RACEMATE_PHARMA_MODEL_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_model rac_model;

/* Reads the bytes of one file into the arena.  RAC_INVALID or RAC_UNSUPPORTED when `problems` has grown, one
 * entry for each fault, each with its place; *model is NULL then. */
rac_status rac_model_read(rac_arena *arena, rac_text bytes, const char *file, rac_model **model,
                          rac_problems *problems);

/* RAC_REFUSED, naming them, while parameters are unknown: such a model has no numbers to run with. */
rac_status rac_model_check_ready(const rac_model *model, rac_error *err);

/* What the file says of itself; text lives with the model, and is "" where the file says nothing. */
typedef struct rac_model_about {
    const char *name, *title, *substance, *sampling, *population;
    const char *const *sources; /* at least one */
    size_t source_count;
    const char *const *notes;
    size_t note_count;
} rac_model_about;
const rac_model_about *rac_model_describe(const rac_model *model);

typedef struct rac_covariate {
    const char *name, *unit; /* the file's unit; values given to the engine are in base units: kg, h, 1 */
    double low, high;        /* studied range, in base units */
    bool has_fallback;
    double fallback;
} rac_covariate;

/* False for a value, in base units, that no person has: below 0 where what was studied is not, and 0 where what
 * was studied begins above 0 (a weight of 0 kg).  Beyond the studied range is possible, and told. */
bool rac_covariate_possible(const rac_covariate *covariate, double value);

size_t rac_model_covariates(const rac_model *model);
const rac_covariate *rac_model_covariate(const rac_model *model, size_t index);
size_t rac_model_parameters(const rac_model *model);
const char *rac_model_parameter_name(const rac_model *model, size_t index);
size_t rac_model_etas(const rac_model *model); /* between subjects and between occasions */
size_t rac_model_compartments(const rac_model *model);
const char *rac_model_compartment_name(const rac_model *model, size_t index);
size_t rac_model_routes(const rac_model *model);
const char *rac_model_route_name(const rac_model *model, size_t index);
size_t rac_model_outputs(const rac_model *model);
const char *rac_model_output_name(const rac_model *model, size_t index);
/* The base unit its values are in: "mg/L", or "1" for a pure number. */
const char *rac_model_output_unit(const rac_model *model, size_t index);
/* Whether the file gives it a residual error; without one, a measured value cannot be fitted. */
bool rac_model_output_has_error(const rac_model *model, size_t index);

/* The index of a name, or -1. */
int rac_model_find_covariate(const rac_model *model, const char *name);
int rac_model_find_parameter(const rac_model *model, const char *name);
int rac_model_find_route(const rac_model *model, const char *name);
int rac_model_find_output(const rac_model *model, const char *name);

/* Parameters of one subject, in base units.  `covariates` has a value for each covariate, `etas` one for each
 * eta (NULL: typical).  `slopes`, if not NULL, becomes parameters x etas: the derivative of each parameter
 * with respect to each eta (forward-mode automatic differentiation).  RAC_REFUSED while parameters are
 * unknown. */
rac_status rac_model_evaluate(rac_arena *arena, const rac_model *model, const double *covariates,
                              const double *etas, double *parameters, double *slopes, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
