/* racemate/pharma.h: where the drug is, for one patient or a population.
 *
 * Read in this order: dosing.h (what was given), linear.h (exact solutions). */
#ifndef RACEMATE_PHARMA_H
#define RACEMATE_PHARMA_H

#include "racemate/pharma/dosing.h"
#include "racemate/pharma/linear.h"

#endif
