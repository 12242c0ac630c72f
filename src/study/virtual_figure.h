/* study/virtual_figure.h: one figure of a population from its values (internal). */
#ifndef RACEMATE_STUDY_VIRTUAL_FIGURE_H
#define RACEMATE_STUDY_VIRTUAL_FIGURE_H

#include "study/virtual.h"

typedef struct rac_virtual_row {
    const char *key, *name, *unit;
    bool share; /* spread over patients says nothing */
} rac_virtual_row;

/* Mean, its standard error, and what 90 % of patients lie between; NaN all when `count` is 0.  `values` are
 * put in another order. */
rac_virtual_figure rac_virtual_figure_of(const rac_virtual_row *row, double *values, size_t count);

#endif
