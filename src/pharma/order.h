/* pharma/order.h: the k-th smallest of some numbers. */
#ifndef RACEMATE_PHARMA_ORDER_H
#define RACEMATE_PHARMA_ORDER_H

#include <stddef.h>

/* k from 0, below count; the numbers are put in another order, smaller ones before it.  Infinities are
 * numbers. */
double rac_order_statistic(double *numbers, size_t count, size_t k);

#endif
