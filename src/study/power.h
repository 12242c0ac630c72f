/* study/power.h: how many patients a comparison needs, by making trials and analysing them.
 *
 * Each simulated trial draws changes from baseline of two arms, lets patients leave, fits the model the
 * analysis will use (arm x visit, unstructured with the standard ladder, REML, Satterthwaite), and asks
 * whether the arms differ at the last visit.  Power is the share of trials that say so; a trial whose model
 * could not be fitted counts as not having found it, and is told.
 *
 * Changes: normal, the same sd at every visit, correlation rho^|j-k| (autoregressive) or rho (compound
 * symmetry); the difference grows in a straight line to its full size at the last visit.  Leaving is at
 * random, the same chance after each visit, so that the share `dropout` is gone by the last. */
#ifndef RACEMATE_STUDY_POWER_H
#define RACEMATE_STUDY_POWER_H

#include "racemate/base.h"

typedef struct rac_power_question {
    size_t patients[2]; /* a reference and a treated arm */
    size_t visits;      /* after the baseline, 1 .. 12 */
    double difference;  /* at the last visit, points */
    double sd;          /* of a change, points */
    double correlation; /* 0 .. below 1 */
    bool compound;      /* compound symmetry instead of autoregressive */
    double dropout;     /* share gone by the last visit, 0 .. 0.9 */
    double alpha;       /* two-sided; 0: 0.05 */
    size_t trials;      /* 0: 1,000; at most 100,000 */
    uint64_t seed;
    int threads; /* 0: 1; the answer is the same, bit for bit, for any number */
    /* Told now and then, from the caller's thread, that `done` of the trials of `patients` (both arms) are
     * made; NULL: nobody asks. */
    void (*progress)(void *context, size_t done, size_t trials, size_t patients);
    void *context;
} rac_power_question;

enum { RAC_POWER_THREADS_MAX = 64 };

typedef struct rac_power {
    size_t patients[2];
    size_t trials, found, failed;
    double power;
    double monte_carlo_error; /* sqrt(p (1 - p) / trials) */
    double lower, upper;      /* Wilson's 95 % interval of the power */
    double mean_estimate;     /* over fitted trials: shows bias */
} rac_power;

/* RAC_INVALID names what is out of range. */
rac_status rac_power_of(const rac_power_question *question, rac_power *out, rac_error *err);
/* The smallest equal arms whose simulated power reaches `wanted` (0.5 .. 0.99): doubled until it does, then
 * halved between, all with the same seed; `question->patients` is where the search begins and may be 0.
 * RAC_LIMIT when 4,096 an arm are not enough. */
rac_status rac_power_size(const rac_power_question *question, double wanted, rac_power *out, rac_error *err);

#endif
