/* care/values.h: evaluating an expression of a protocol when somebody can say what each name is worth
 * (internal). */
#ifndef RACEMATE_CARE_VALUES_H
#define RACEMATE_CARE_VALUES_H

#include "base/expression.h"
#include "racemate/care/screening.h"

/* A number in `unit` as a value in base units. */
rac_value rac_value_in(double number, const char *unit);
/* A patient fact or a site place ("site.<name>") at `now`; kind RAC_VALUE_UNKNOWN when it is not known.
 * `facts` may be NULL. */
rac_value rac_value_of_fact(const rac_protocol *protocol, const rac_facts *facts, rac_instant now,
                            rac_text name);

typedef rac_value rac_value_lookup(const void *context, rac_text name);
/* Evaluates a checked expression.  `explanation`, which may be NULL, becomes the expression with its values
 * filled in. */
rac_status rac_value_evaluate(rac_arena *arena, const rac_expression *expression, rac_value_lookup *lookup,
                              const void *context, rac_answer *answer, const char **explanation,
                              rac_error *err);

#endif
