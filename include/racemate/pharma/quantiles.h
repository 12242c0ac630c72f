/* racemate/pharma/quantiles.h: quantiles of a population of any size, in memory that does not grow with it.
 *
 * Values are not kept but counted: at each time of each output there is a row of bins, and a value falls into
 * the bin named by its sign, its exponent and the first seven bits of its mantissa, so bins are at most 1/128
 * of their value wide (the idea of DDSketch: Masson, Rim and Lee 2019, doi:10.14778/3352063.3352135, with the
 * logarithm replaced by the bits of the number).  A quantile is read by counting up to it and interpolating
 * within the bin.
 *
 *   accuracy   Every order statistic is found within RAC_QUANTILES_ACCURACY of itself, whatever the
 *              distribution; so is a quantile, which lies between two of them.  Smooth distributions of many
 *              subjects do much better (docs/populations.md has measurements).  The smallest and the largest
 *              value are exact, and so is every quantile where all subjects agree.  What is nearer to 0 than
 *              RAC_QUANTILES_TINY counts as 0.
 *   order      Counts are whole numbers and merging is addition: the answer is the same, bit for bit, for any
 *              order of subjects, any number of threads and any number of processes.
 *   memory     512 bytes for each factor of two that the values of a time and output span, at most twice
 *              that; some 2 kB a row in practice.  At most 2^32 - 1 subjects.
 *
 *     rac_quantiles *q = NULL;
 *     rac_quantiles_run(arena, &population, 2, NULL, &q, &failed, &err);      a million subjects, two threads
 *     rac_quantiles_table(arena, q, (double[]){0.05, 0.5, 0.95}, 3, &values, &err);
 */
#ifndef RACEMATE_PHARMA_QUANTILES_H
#define RACEMATE_PHARMA_QUANTILES_H

#include "racemate/pharma/population.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RAC_QUANTILES_ACCURACY (1.0 / 128)
#define RAC_QUANTILES_TINY 0x1p-128 /* 3e-39 */

typedef struct rac_quantiles rac_quantiles;

/* Counts nothing yet.  Its shape (times, outputs) becomes that of the first tile.  Grows in the arena. */
rac_quantiles *rac_quantiles_new(rac_arena *arena);

/* Counts the subjects of a tile, except those who failed.  Tiles must have one shape. */
void rac_quantiles_add(rac_quantiles *quantiles, const rac_population_tile *tile);
/* The same as a sink: context is a rac_quantiles. */
void rac_quantiles_sink(void *quantiles, const rac_population_tile *tile);

/* Adds what `from` counted.  RAC_INVALID for another shape, RAC_LIMIT above 2^32 - 1 subjects. */
rac_status rac_quantiles_merge(rac_quantiles *into, const rac_quantiles *from, rac_error *err);

/* What was counted as bytes, and back: for other processes on machines of the same byte order (MPI: see
 * examples/c/population_mpi.c).  Equal counts give equal bytes.  RAC_CORRUPT for bytes that are not such
 * counts. */
void *rac_quantiles_pack(rac_arena *arena, const rac_quantiles *quantiles, size_t *size);
rac_status rac_quantiles_unpack(rac_arena *arena, const void *bytes, size_t size, rac_quantiles **quantiles,
                                rac_error *err);

/* How many subjects were counted, and the shape (0 before the first). */
size_t rac_quantiles_subjects(const rac_quantiles *quantiles);
size_t rac_quantiles_times(const rac_quantiles *quantiles);
size_t rac_quantiles_outputs(const rac_quantiles *quantiles);

/* The quantile (0 .. 1; type 7 of Hyndman and Fan, as rac_quantile) at a time of an output.  Some subject
 * must have been counted. */
double rac_quantiles_at(const rac_quantiles *quantiles, size_t time, size_t output, double quantile);

/* The other way round: the share of subjects at or below x, 0 .. 1, so that rac_quantiles_at gives x for it.
 */
double rac_quantiles_share(const rac_quantiles *quantiles, size_t time, size_t output, double x);

/* All of them, outputs x quantiles x times as rac_population_quantiles has them.  RAC_INVALID for a quantile
 * outside 0 .. 1, RAC_NOT_CONVERGED when no subject was counted. */
rac_status rac_quantiles_table(rac_arena *arena, const rac_quantiles *quantiles, const double *wanted,
                               size_t wanted_count, double **values, rac_error *err);

/* Runs a population on `threads` threads (rac_population_run_threads) and counts it. */
rac_status rac_quantiles_run(rac_arena *arena, const rac_population *population, int threads,
                             const rac_population_watch *watch, rac_quantiles **quantiles, size_t *failed,
                             rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
