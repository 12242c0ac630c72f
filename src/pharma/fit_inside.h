/* pharma/fit_inside.h: what the files of an individual fit share.  The equations are in
 * racemate/pharma/fit.h.
 *
 * A fitter answers for many vectors z at once, which are called candidates: their deviations, their
 * predictions at the samples, and how likely each is.  Memory is the arena's it was opened with. */
#ifndef RACEMATE_PHARMA_FIT_INSIDE_H
#define RACEMATE_PHARMA_FIT_INSIDE_H

#include "pharma/model.h"
#include "racemate/pharma/fit.h"

enum { RAC_FIT_DIMENSIONS_MAX = 64 };

typedef struct rac_fitter {
    rac_arena *arena;
    const rac_model *m;
    const rac_fit_request *ask;
    rac_population population;
    int epochs, dimensions, occasions;
    int occasion_first; /* z of occasion o begin at occasion_first + o x within */
    int within;         /* z of one occasion */
    size_t samples;
    double *etas;       /* candidates x epochs x etas */
    double *predicted;  /* candidates x samples */
    double *parameters; /* epochs x parameters of candidate 0 */
    bool *possible;     /* candidates: every prediction is finite */
} rac_fitter;

/* Checks the request and makes room for `candidates`. */
rac_status rac_fitter_open(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                           rac_fitter *fitter, rac_error *err);
void rac_fitter_room(rac_fitter *fitter, size_t candidates);

/* The etas of one epoch from the z of the subject and of its occasion; epochs x etas of one z. */
void rac_fitter_epoch_etas(const rac_model *model, const double *subject_z, const double *occasion_z,
                           double *etas);
void rac_fitter_etas(const rac_fitter *fitter, const double *z, double *etas);

/* Predictions for `count` vectors z (count x dimensions). */
rac_status rac_fitter_predict(rac_fitter *fitter, const double *z, size_t count, rac_error *err);

/* What a sample says of a prediction f: -2 log likelihood up to a constant, its slope, and its expected
 * curvature (never negative) in f.  All 0 for a sample that was not measured. */
typedef struct rac_fit_point {
    double cost, slope, curvature;
} rac_fit_point;
rac_fit_point rac_fitter_look(const rac_fitter *fitter, size_t sample, double f);

/* O(z) of a candidate that was predicted; INFINITY where the samples are impossible. */
double rac_fitter_objective(const rac_fitter *fitter, size_t candidate, const double *z);

/* (y - f) / sd on the scale on which the error is normal; NAN where there is no value to compare with. */
double rac_fitter_residual(const rac_fitter *fitter, size_t sample, double f);

/* Cholesky factor in the lower triangle, and what solves with it: x becomes A^-1 x, or L^-T x. */
void rac_fitter_factorise(double *a, int n);
void rac_fitter_solve(const double *factor, int n, double *x);
void rac_fitter_solve_upper(const double *factor, int n, double *x);

#endif
