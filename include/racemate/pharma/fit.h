/* racemate/pharma/fit.h: which subject of the population this patient most likely is.
 *
 * Maximum a posteriori (Sheiner and Beal 1982, doi:10.1002/jps.2600711209): with eta = factor z and z
 * standard normal before any sample was taken, the samples y with predictions f(z) and residual variance v(z)
 * make
 *
 *     O(z) = sum of (y - f)^2 / v + log v   +   z'z            (-2 log posterior, up to a constant)
 *
 * smallest at the mode.  It is found by Fisher scoring: the expected second derivative is
 * H = sum of 2 f'f'/v + v'v'/v^2  +  2 I, never smaller than what the population already says, so every step
 * descends or is shortened until it does.  f' comes from central differences of the exact solution (its own
 * error is 1e-14, theirs about 1e-9), eight subjects at a time.  Uncertainty is Laplace's: covariance of z =
 * 2 H^-1 at the mode.
 *
 * Without measured samples the answer is the typical subject with the population's spread.
 */
#ifndef RACEMATE_PHARMA_FIT_H
#define RACEMATE_PHARMA_FIT_H

#include "racemate/pharma/events.h"
#include "racemate/pharma/population.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of the patient.  The regimen holds one observation event for each sample, in the same order
 * (as rac_events_read gives them); epochs, occasion and constants are those of rac_population. */
typedef struct rac_fit_request {
    const rac_regimen *regimen;
    const rac_sample *samples;
    size_t sample_count;
    int epochs;
    const double *epoch_h;
    const int *occasion;
    const double *constants;
} rac_fit_request;

/* In the arena. */
typedef struct rac_fit {
    bool converged; /* false: more than 50 steps; the numbers are the best found, and not to be used */
    int steps;
    double objective;         /* O at the mode */
    double objective_before;  /* O of the typical subject */
    const double *etas;       /* epochs x etas */
    const double *eta_sd;     /* epochs x etas: posterior standard deviations */
    const double *predicted;  /* sample_count, at the mode */
    const double *parameters; /* epochs x parameters, base units */
} rac_fit;

/* RAC_INVALID when samples and observation events do not match, a measured output has no residual error in
 * the model, or a value cannot have come from it (not positive under a log error); RAC_NOT_CONVERGED when the
 * typical subject itself has no prediction; else as rac_population_run. */
rac_status rac_pharma_fit(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                          rac_fit *fit, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
