/* racemate/pharma/sources.h: where each number of a model file comes from.
 *
 * A file names what was read once, and every number says which of them it is from:
 *
 *     references:
 *       Otto 2021:
 *         citation: "Eur J Clin Pharmacol 77:1181, doi:10.1007/s00228-021-03104-1"
 *         people: 48 healthy volunteers, means 23 years, 68 and 71 kg          who was studied, and with what
 *         sampling: venous plasma
 *         read: in nlmixr2lib, which names Table 3 and the supplement          where the numbers were read
 *     covariates:
 *       weight: {unit: kg, range: [40, 160], source: "Otto 2021, Table 1: ..."}
 *     parameters:
 *       CL: {value: "95.2 L/h * (weight / 70 kg)^0.75", source: "Otto 2021, Table 3", tier: B}
 *     variability:
 *       - {of: ka, cv: 61.5 %, source: "Perez-Ruixo 2021, Table 3", tier: B}
 *     error:
 *       ketamine: {proportional: 0.23609, source: "Otto 2021, Table 3", tier: B, printed: "variance
 * 0.055736"}
 *
 * `source` is text in which at least one reference is named; `tier` is how far to trust the value (A, B, C:
 * docs/models.md); `printed` is what the publication prints where the file has it otherwise (another unit, a
 * variance for a standard deviation); `note` is anything else.  All are optional for files that people write
 * for themselves; rac_model_check_sources tells what is missing, and the files that come with the program
 * miss nothing (a test).
 */
#ifndef RACEMATE_PHARMA_SOURCES_H
#define RACEMATE_PHARMA_SOURCES_H

#include "racemate/pharma/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_reference {
    const char *name;     /* "Otto 2021" */
    const char *citation; /* where it was published */
    const char *people;   /* who was studied; "" when the file does not say */
    const char *sampling; /* what was sampled; "" likewise */
    const char *read;     /* where its numbers were read */
} rac_reference;

size_t rac_model_references(const rac_model *model);
const rac_reference *rac_model_reference(const rac_model *model, size_t index);
/* Whether a source names the reference. */
bool rac_reference_is_named(const rac_reference *reference, const char *source);

/* What the file says of a number; "" where it says nothing. */
typedef struct rac_origin {
    const char *source, *tier, *printed, *note;
    int line, column; /* of the number in the file */
} rac_origin;

const rac_origin *rac_model_parameter_origin(const rac_model *model, size_t parameter);
const rac_origin *rac_model_covariate_origin(const rac_model *model, size_t covariate); /* of its range */
/* Of the residual error; NULL for an output that has none. */
const rac_origin *rac_model_error_origin(const rac_model *model, size_t output);
/* "proportional 0.236", "log 0.276", "additive 0.013 mg/L, proportional 0.102"; "" without an error. */
const char *rac_model_error_text(rac_arena *arena, const rac_model *model, size_t output);

/* The entries of the variability, in the order of the file. */
typedef struct rac_variability {
    const char *of;     /* "V1, CL" */
    const char *spread; /* "cv 16.2 %", "cv 29.6 and 16.2 %, correlation 0.48" */
    bool occasion;
    const rac_origin *origin;
} rac_variability;
size_t rac_model_variabilities(const rac_model *model);
void rac_model_variability(rac_arena *arena, const rac_model *model, size_t index,
                           rac_variability *variability);

/* Adds one entry to `problems`, with its place, for each number without source or tier (a
 * range needs no tier), and for each that
 * stands in a flow, an equation, a route or an output, where it can have none: it belongs among the
 * parameters. The whole numbers 0, 1 and 2 may stand anywhere (1 - F, 2 / MTT), and a parameter that is made
 * of others (CL / ratio) needs no source.  How many were added. */
size_t rac_model_check_sources(const rac_model *model, rac_problems *problems);

#ifdef __cplusplus
}
#endif
#endif
