/* racemate/pharma.h: where the drug is, for one patient or a population.
 *
 * Read in this order: dosing.h (what was given), linear.h (exact solutions), model.h (published models as
 * files), look.h (looking into one), modify.h (one with parameters changed), events.h (tables of doses and
 * samples), population.h (virtual subjects; rac_pharma_predict for one patient), quantiles.h (populations of
 * any size), crossing.h (when an output passes a level), fit.h (a patient from samples), target.h and
 * search.h (how much may be given, over how long). examples/c/curve.c is a whole program: a model file, a
 * dose, a curve with its band; link with `pkg-config --cflags --libs racemate`. */
#ifndef RACEMATE_PHARMA_H
#define RACEMATE_PHARMA_H

#include "racemate/pharma/controller.h"
#include "racemate/pharma/crossing.h"
#include "racemate/pharma/dosing.h"
#include "racemate/pharma/events.h"
#include "racemate/pharma/fit.h"
#include "racemate/pharma/linear.h"
#include "racemate/pharma/look.h"
#include "racemate/pharma/mixture.h"
#include "racemate/pharma/model.h"
#include "racemate/pharma/modify.h"
#include "racemate/pharma/population.h"
#include "racemate/pharma/search.h"
#include "racemate/pharma/quantiles.h"
#include "racemate/pharma/sources.h"
#include "racemate/pharma/target.h"

#endif
