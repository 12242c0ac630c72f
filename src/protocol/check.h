/* protocol/check.h: what can be proved about the expressions of a protocol that was read (internal). */
#ifndef RACEMATE_PROTOCOL_CHECK_H
#define RACEMATE_PROTOCOL_CHECK_H

#include "base/yaml.h"
#include "racemate/protocol.h"

/* Rules that never change, repeat another, or can never be reached; limits of conditions. */
void rac_check_expressions(rac_arena *arena, const rac_protocol *protocol, rac_problems *problems);
/* Hysteresis and hold before stop.  `site` is the map of values a filled protocol came from: a problem is
 * placed at the value of the first site place involved; NULL places it at the condition. */
void rac_check_limits(rac_arena *arena, const rac_protocol *protocol, const rac_yaml *site,
                      rac_problems *problems);

#endif
