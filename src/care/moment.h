/* care/moment.h: what a name in a protocol expression is worth at a moment (internal). */
#ifndef RACEMATE_CARE_MOMENT_H
#define RACEMATE_CARE_MOMENT_H

#include "care/values.h"
#include "racemate/care/session.h"

/* The value in base units; kind RAC_VALUE_UNKNOWN when it is not known. */
rac_value rac_moment_value(const rac_moment *moment, rac_text name);
/* Evaluates a checked expression of the moment's protocol.  `explanation` may be NULL. */
rac_status rac_moment_evaluate(rac_arena *arena, const rac_moment *moment, const rac_expression *expression,
                               rac_answer *answer, const char **explanation, rac_error *err);

#endif
