/* racemate/care.h: everything the clinical core decides, in the order a course uses it. */
#ifndef RACEMATE_CARE_H
#define RACEMATE_CARE_H

#include "racemate/care/reading.h"
#include "racemate/care/scales.h"
#include "racemate/care/screening.h"
#include "racemate/care/plan.h"
#include "racemate/care/event.h"
#include "racemate/care/session.h"
#include "racemate/care/alarms.h"
#include "racemate/care/discharge.h"
#include "racemate/care/course.h"

#endif
