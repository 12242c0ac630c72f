/* racemate/care/discharge.h: may the patient leave.
 *
 * A checklist computed from events.  Transfer and leaving against advice are always possible once drug was
 * given and never need it; a discharge does.
 */
#ifndef RACEMATE_CARE_DISCHARGE_H
#define RACEMATE_CARE_DISCHARGE_H

#include "racemate/care/alarms.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_discharge {
    rac_checklist checklist;
    bool ready;
    /* The earliest instant at which the time-based items can all be met, given the present values; what is
     * left then depends on people.  Equal to now when none is pending. */
    rac_instant earliest;
    rac_instant no_driving_until; /* last drug + the site's driving hours */
} rac_discharge;

rac_status rac_discharge_evaluate(rac_arena *arena, const rac_moment *moment, rac_discharge *discharge,
                                  rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
