/* protocol/names.h: the names an expression of a protocol may use (internal). */
#ifndef RACEMATE_PROTOCOL_NAMES_H
#define RACEMATE_PROTOCOL_NAMES_H

#include "base/expression.h"
#include "racemate/protocol.h"

/* What stands in a slot: exactly one is set. */
typedef struct rac_slot {
    const rac_vocabulary_row *row;
    const rac_fact_definition *fact;
    const rac_site_place *place;
    const char *tick;
} rac_slot;

rac_slot rac_protocol_slot_at(const rac_protocol *protocol, int slot);
/* For rac_expression_check.  Borrows `protocol`, whose facts, places and lists must be read already. */
rac_names rac_protocol_names(rac_arena *arena, const rac_protocol *protocol);

#endif
