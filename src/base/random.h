/* base/random.h: counter-based random numbers.
 *
 * A draw is a pure function of a key and a counter, so the same subject gets the same numbers for
 * one thread, two threads or many machines, in any order.  The generator is Philox4x32-10
 * (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11), from Random123.
 *
 *     rac_random draws = rac_random_open(seed, subject, RAC_RANDOM_ETA);
 *     double eta = sd * rac_random_normal(&draws);
 */
#ifndef RACEMATE_BASE_RANDOM_H
#define RACEMATE_BASE_RANDOM_H

#include "racemate/base.h"

/* What a stream is for.  Purposes keep streams apart: adding draws to one never shifts another.
 * Append only, the numbers are part of every stored result. */
typedef enum rac_random_purpose {
    RAC_RANDOM_ETA = 1,       /* between-subject deviations */
    RAC_RANDOM_OCCASION = 2,  /* between-occasion deviations */
    RAC_RANDOM_RESIDUAL = 3,  /* residual error of an observation */
    RAC_RANDOM_COVARIATE = 4, /* a virtual patient's covariates */
    RAC_RANDOM_RESAMPLE = 5,  /* bootstrap and subsampling */
    RAC_RANDOM_IMPUTE = 6,    /* multiple imputation */
    RAC_RANDOM_POSTERIOR = 7, /* importance resampling of an individual fit */
    RAC_RANDOM_TRIAL = 8,     /* dropout, allocation and events of a virtual trial */
    RAC_RANDOM_TEST = 100     /* anything a test needs */
} rac_random_purpose;

/* One stream; a plain value, copy it to replay it. */
typedef struct rac_random {
    uint64_t seed;
    uint64_t subject;
    uint32_t purpose;
    uint32_t block;    /* how many blocks of four words were used */
    uint32_t words[4]; /* the current block */
    uint32_t left;     /* unused words in it */
    double spare;      /* second normal of a pair */
    bool has_spare;
} rac_random;

rac_random rac_random_open(uint64_t seed, uint64_t subject, rac_random_purpose purpose);
uint32_t rac_random_u32(rac_random *stream);
/* Uniform on the open interval (0, 1), 53 bits. */
double rac_random_uniform(rac_random *stream);
/* Uniform on 0 .. count-1 without bias (Lemire 2019, doi:10.1145/3230636); count > 0. */
uint32_t rac_random_below(rac_random *stream, uint32_t count);
/* Standard normal by Box and Muller (doi:10.1214/aoms/1177706645). */
double rac_random_normal(rac_random *stream);

#endif
