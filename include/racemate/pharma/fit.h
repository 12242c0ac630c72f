/* racemate/pharma/fit.h: which subject of the population this patient most likely is, and which others the
 * samples leave possible.
 *
 * Maximum a posteriori (Sheiner and Beal 1982, doi:10.1002/jps.2600711209): with eta = factor z and z
 * standard normal before any sample was taken, the samples y with predictions f(z) and residual variance v(z)
 * make
 *
 *     O(z) = sum of (y - f)^2 / v + log v   +   z'z            (-2 log posterior, up to a constant)
 *
 * smallest at the mode.  A value below the limit of quantification L adds -2 log Phi((L - f) / sqrt v)
 * instead (method M3 of Beal 2001, doi:10.1023/a:1012299115260).  Under a log error y, f and L are
 * logarithms.
 *
 * The mode is found by Fisher scoring: the expected second derivative is
 *     H = sum of w f'f'  +  2 I,    w = 2 / v + (v'/v)^2
 *     below L, with u = (L - f) / sqrt v and r = phi(u) / Phi(u):    w = 2 r (r + u) (du/df)^2
 *
 * never smaller than what the population already says, so every step descends or is shortened until it does.
 * f' is exact: the sensitivity s = dx/dz of a linear system obeys s' = A s + dA x + du, which is solved as A
 * itself is, in the coordinates of its modes (Najfeld and Havel 1995, doi:10.1006/aama.1995.1017) or, where
 * eigenvalues that meet are nearer than 1 %, by scaling and squaring (Al-Mohy and Higham 2009,
 * doi:10.1137/080716426); dA, du and starts come from the model by forward-mode differentiation.  Events that z
 * moves (lags, durations, rates of a route) are part of it.  It agrees with differences of order 8 to 1e-11 of
 * the curve, for all kinds of events (tested).  Where an output rests on states (equations that are not
 * linear) f' comes from differences of order 6 with steps of 0.02; states are integrated to 1e-10 here, a
 * hundred times tighter than usual, which leaves some 1e-8 in f'.
 * Laplace's approximation: covariance of z = 2 H^-1 at the mode.
 *
 * The posterior need not be normal.  Importance resampling (Dosne 2016, doi:10.1007/s10928-016-9487-8) draws
 * from a normal 1.2 times as wide as Laplace's, weighs each draw by posterior over proposal, and keeps draws
 * in proportion to their weight.  What it is worth is the effective number of draws, (sum w)^2 / sum w^2.
 * While that is below a quarter of the draws another round is made, from the mean and covariance of the
 * weighed draws: at most four.
 *
 *     rac_pharma_fit(arena, model, &ask, &fit, err);              the mode
 *     rac_pharma_fit_draw(arena, model, &ask, &fit, &options, &draws, err);
 *     rac_pharma_fit_curve(arena, model, &ask, &fit, &draws, times_h, times, quantiles, 2, &curve, err);
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
    bool converged; /* false: more than 200 steps; the numbers are the best found, and not to be used */
    int steps;
    double objective;            /* O at the mode */
    double objective_before;     /* O of the typical subject */
    const double *etas;          /* epochs x etas */
    const double *eta_sd;        /* epochs x etas: posterior standard deviations */
    const double *eta_sd_before; /* epochs x etas: those of the population */
    const double *predicted;     /* sample_count, at the mode (IPRED) */
    const double *typical;       /* sample_count, of the typical subject: all etas 0 (PRED) */
    const double *residual;      /* sample_count: (y - f) / sqrt v at the mode (IWRES); NAN where nothing was
                                    measured or the value is below the limit */
    const double *parameters;    /* epochs x parameters, base units */
    int dimensions;
    const double *mode;   /* dimensions: z */
    const double *factor; /* dimensions x dimensions: H = L L', L in the lower triangle */
} rac_fit;

/* RAC_INVALID when samples and observation events do not match, a measured output has no residual error in
 * the model, or a value cannot have come from it (not positive under a log error or as a limit);
 * RAC_NOT_CONVERGED when the typical subject itself has no prediction; else as rac_population_run. */
rac_status rac_pharma_fit(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                          rac_fit *fit, rac_error *err);

/* ---- what else is possible ---- */

/* Zero means: 1000 kept, five times as many proposed.  Draws depend on seed and subject alone. */
typedef struct rac_fit_draw_options {
    size_t kept, proposed;
    uint64_t seed, subject;
} rac_fit_draw_options;

/* In the arena. */
typedef struct rac_fit_draws {
    size_t kept, proposed;
    int rounds; /* 1 to 4 */
    double
        effective; /* of `proposed` in the last round; below some hundreds, intervals are not to be trusted */
    const double *etas;      /* kept x epochs x etas: `etas` of rac_population with these epochs */
    const double *next_etas; /* kept x etas: the same patients in an occasion that has not been yet, whose own
                                deviations are drawn from the population */
} rac_fit_draws;

/* RAC_NOT_CONVERGED for a fit that did not; RAC_INVALID for more than a million draws, or fewer proposed than
 * kept. */
rac_status rac_pharma_fit_draw(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                               const rac_fit *fit, const rac_fit_draw_options *options, rac_fit_draws *draws,
                               rac_error *err);

/* Curves of the regimen of the request.  In the arena. */
typedef struct rac_fit_curve {
    size_t times, outputs, quantiles;
    const double *typical, *likely; /* outputs x times: of the typical subject, at the mode */
    const double *band;             /* outputs x quantiles x times, over the draws; without assay error */
    const double *parameters;       /* parameters x quantiles in the last epoch */
} rac_fit_curve;

/* `draws` may be NULL: no band and no intervals. */
rac_status rac_pharma_fit_curve(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                                const rac_fit *fit, const rac_fit_draws *draws, const double *times_h,
                                size_t times, const double *quantiles, size_t count, rac_fit_curve *curve,
                                rac_error *err);

/* ---- shrinkage ---- */

/* How far individual fits fall back on the population (Karlsson and Savic 2007,
 * doi:10.1038/sj.clpt.6100241), with sd over subjects (divisor n - 1), for an eta between occasions over
 * occasions:
 *     eta        1 - sd(eta at the mode) / sd of the population
 *     residual   1 - sd(residual), over the samples of an output
 * Near 1 the fits say nothing about that eta, or the residuals nothing about the error; then plots of them
 * mislead.  Fits that did not converge are left out. */
typedef struct rac_shrinkage {
    size_t subjects;
    const double *eta;      /* etas; NAN with fewer than two values */
    const double *residual; /* outputs; NAN likewise */
} rac_shrinkage;

void rac_pharma_shrinkage(rac_arena *arena, const rac_model *model, const rac_fit_request *requests,
                          const rac_fit *fits, size_t count, rac_shrinkage *shrinkage);

/* Which parameter an eta moves: index into the parameters of the model. */
int rac_model_eta_parameter(const rac_model *model, size_t eta);

#ifdef __cplusplus
}
#endif
#endif
