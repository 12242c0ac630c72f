/* care/course_dose.h: where the next infusion's dose goes (internal to the course). */
#ifndef RACEMATE_CARE_COURSE_DOSE_H
#define RACEMATE_CARE_COURSE_DOSE_H

#include "racemate/care/course.h"

/* Fills course->dose and its part of course->summary.  The next step must have been decided; `last` is the
 * last infusion and `latest` the last known primary score, NULL when there is none. */
rac_status rac_course_propose_dose(rac_arena *arena, const rac_protocol *protocol,
                                   const rac_course_session *last, const rac_course_point *latest,
                                   rac_course *course, rac_error *err);

#endif
