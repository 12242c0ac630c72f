/* racemate/pharma/population.h: many virtual subjects, and what is predicted for one patient.
 *
 * A population is a stream: eight subjects are computed side by side, handed to the caller, and forgotten, so
 * memory does not grow with their number.  Subject i draws its deviations from (seed, i, purpose): the same
 * numbers, bit for bit, whoever computes it, alone or among a million, on one thread or many.
 */
#ifndef RACEMATE_PHARMA_POPULATION_H
#define RACEMATE_PHARMA_POPULATION_H

#include "racemate/pharma/dosing.h"
#include "racemate/pharma/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Subjects of a tile stand side by side in groups of this many. */
#define RAC_TILE 8

/* Who, what and when.  Zero or NULL means: none. */
typedef struct rac_population {
    const rac_model *model;
    uint64_t seed;
    uint64_t first_subject;
    size_t subjects;
    const rac_regimen *regimen; /* the same events for all; amounts per kg differ by weight */
    const double *times_h;      /* ascending; NULL: the observations of the regimen */
    size_t times;
    /* subjects x times: each subject's own, ascending, instead of times_h (which is not looked at then). They
     * are checked tile by tile, as they are used. */
    const double *own_times_h;

    /* Epochs: spans in which covariates and occasion stay as they are (carried forward from each start).  0
     * epochs means one, from the beginning; epoch_h[0] is not looked at. */
    int epochs;
    const double *epoch_h;
    const int
        *occasion; /* epochs; between-occasion deviations are drawn anew for each number (NULL: all 0) */

    /* Covariates in base units (kg, h, 1), epochs x covariates.  A column has a value for each subject; where
     * it is NULL (or `columns` is) the constant holds for all. */
    const double *const *columns;
    const double *constants;

    const double *etas; /* subjects x epochs x etas: deviations that are known, instead of drawn ones */
    bool typical;       /* all deviations 0 */
    bool residual;      /* add residual error, as an assay would see it */

    /* Equations that are not linear are integrated with error control, each subject by panels of its own. The
     * error of a panel is at most `tolerance` x the state, or x `tolerance_share` of its largest size where
     * that is more (relative alone would never let a vanishing state go): its largest so far, or of the whole
     * course for a subject with a state that begins at 0.  0 means 1e-8 and 0.01.  What that leaves of the
     * answer is measured in docs/models.md.  Linear models do not look at either. */
    double tolerance, tolerance_share;
    bool together; /* also where the equations form a cascade, which has a faster way: for comparison */
} rac_population;

/* What a sink sees: valid until it returns. */
typedef struct rac_population_tile {
    uint64_t first_subject;
    int subjects;          /* 1 .. RAC_TILE */
    size_t times, outputs; /* */
    const double *values;  /* times x outputs x RAC_TILE */
    int epochs;
    size_t parameters;
    const double *parameter_values; /* epochs x parameters x RAC_TILE */
    unsigned failed; /* bit i: subject i has no answer (a parameter or amount that is not finite, an equation
                        that blows up or needs too many panels); counted, not used */
    unsigned unsettled; /* those of them for whom a steady dose has no steady state that could be found, in
                           equations that are not linear: intake above what is eliminated, oscillation */
} rac_population_tile;
typedef void rac_population_sink(void *context, const rac_population_tile *tile);

/* Computes subjects first_subject .. + subjects - 1 in order.  *failed counts those without an answer.
 * RAC_REFUSED for a model with unknown parameters; RAC_INVALID for covariates that are missing or not finite,
 * times out of order, a tolerance outside 1e-13 .. 0.1 and regimens that rac_regimen_check refuses. */
rac_status rac_population_run(rac_arena *arena, const rac_population *population, rac_population_sink *sink,
                              void *context, size_t *failed, rac_error *err);

/* Who waits for a long run, and may end it.  `progress` is called on the caller's thread after each share of
 * the work with the subjects done by all threads; a status other than RAC_OK ends the run with that status.
 */
typedef struct rac_population_watch {
    rac_status (*progress)(void *context, size_t done, size_t total, rac_error *err);
    void *context;
} rac_population_watch;

#define RAC_THREADS_MAX 64

/* The same on 1 .. RAC_THREADS_MAX threads, of which the caller's is one; each has an arena of its own
 * meanwhile.  Subjects are handed out in shares of whole tiles, to whoever is free: worker w gives its tiles,
 * in ascending order, to sink(contexts[w], tile), and no two workers are in one context at once.  Which
 * worker computes a subject varies; the numbers do not.  So a sink should place values by
 * tile->first_subject, or add up what may be added in any order (counts, not sums of doubles).  Where threads
 * cannot be had the others do the work.  `watch` may be NULL.  RAC_INVALID for a number of threads outside
 * the range; otherwise errors as rac_population_run, and those of `watch`. */
rac_status rac_population_run_threads(rac_arena *arena, const rac_population *population, int threads,
                                      rac_population_sink *sink, void *const *contexts,
                                      const rac_population_watch *watch, size_t *failed, rac_error *err);

/* Up to this many values (subjects x times x outputs) quantiles are exact. */
#define RAC_EXACT_VALUES_MAX (1 << 24)

/* Quantiles over subjects at each time, outputs x quantiles x times (type 7 of Hyndman and Fan 1996,
 * doi:10.1080/00031305.1996.10473566): exact up to RAC_EXACT_VALUES_MAX values, which are held meanwhile (128
 * MB); beyond that counted in bins, within RAC_QUANTILES_ACCURACY (quantiles.h, which also has threads). */
rac_status rac_population_quantiles(rac_arena *arena, const rac_population *population,
                                    const double *quantiles, size_t quantile_count, double **values,
                                    size_t *failed, rac_error *err);

/* The quantile of `count` numbers (> 0), which are put in another order. */
double rac_quantile(double *numbers, size_t count, double quantile);

/* ---- one patient ---- */

/* What is asked for a plan or a running session. */
typedef struct rac_prediction_request {
    const double *covariates;   /* one for each covariate of the model, base units; NAN: the file's default */
    const rac_regimen *regimen; /* what was and will be given */
    const double *times_h;
    size_t times;
    const double *quantiles; /* e.g. 0.05, 0.5, 0.95; of concentrations without assay error */
    size_t quantile_count;
    size_t subjects; /* virtual patients with these covariates */
    uint64_t seed;
} rac_prediction_request;

typedef struct rac_prediction {
    size_t times, outputs, quantiles;
    const double *typical; /* outputs x times, mg/L or what the output is in */
    const double *band;    /* outputs x quantiles x times; NULL without quantiles or subjects */
    size_t subjects, failed;
    const char *const
        *outside; /* "weight 162 kg, studied 40 to 160 kg": covariates beyond what was studied */
    size_t outside_count;
} rac_prediction;

/* The typical curve and the band of a population like this patient.  In the arena.  Errors as
 * rac_population_run. */
rac_status rac_pharma_predict(rac_arena *arena, const rac_model *model, const rac_prediction_request *request,
                              rac_prediction *prediction, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
