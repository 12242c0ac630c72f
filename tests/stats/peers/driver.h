/* driver.h: cases in, numbers out, for comparing the estimators with R (tests/stats/peers/README.md).
 *
 * A case is text: a line "case FAMILY ID", lines "NAME COUNT NUMBER ..." (NA is NaN), and a line "end".  An
 * answer is lines "ID,QUANTITY,NUMBER"; a refusal is the line "ID,status,NUMBER" with the rac_status. */
#ifndef RACEMATE_TESTS_STATS_PEERS_DRIVER_H
#define RACEMATE_TESTS_STATS_PEERS_DRIVER_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "racemate/stats.h"

enum { DRIVER_ITEMS_MOST = 64, DRIVER_NAME_MOST = 64 };

typedef struct driver_item {
    char name[DRIVER_NAME_MOST];
    size_t count;
    double *values;
} driver_item;

typedef struct driver_case {
    rac_arena *arena;
    FILE *out;
    char family[DRIVER_NAME_MOST], id[DRIVER_NAME_MOST];
    driver_item item[DRIVER_ITEMS_MOST];
    size_t items;
} driver_case;

/* Reads the next case of `file` and answers it on `out`; false at the end.  A case that cannot be read ends
 * the program. */
bool driver_next(FILE *file, FILE *out);

/* NULL (and count 0) when the case has no such item. */
const double *driver_many(const driver_case *c, const char *name, size_t *count);
double driver_one(const driver_case *c, const char *name, double otherwise);
bool driver_flag(const driver_case *c, const char *name);
/* The same numbers as another type; NULL when absent. */
int *driver_ints(const driver_case *c, const char *name);
bool *driver_bools(const driver_case *c, const char *name);

void driver_say(const driver_case *c, const char *quantity, double value);
void driver_say_at(const driver_case *c, const char *quantity, size_t index, double value);
/* Says the refusal, and its message on standard error when RACEMATE_PEERS_VERBOSE is set. */
void driver_refused(const driver_case *c, const rac_error *err);

/* driver_classical.c */
void driver_two_samples(const driver_case *c);
void driver_counts(const driver_case *c);
void driver_two_by_two(const driver_case *c);
void driver_rates(const driver_case *c);
void driver_adjust(const driver_case *c);
void driver_distribution(const driver_case *c);
void driver_evalue(const driver_case *c);
void driver_pool(const driver_case *c);
void driver_bootstrap(const driver_case *c);
/* driver_survival.c */
void driver_survival(const driver_case *c);
void driver_cox(const driver_case *c);
/* driver_regression.c */
void driver_linear(const driver_case *c);
void driver_logistic(const driver_case *c);
void driver_weighting(const driver_case *c);
/* driver_mixed.c */
void driver_mixed(const driver_case *c);

#endif
