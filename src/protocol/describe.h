/* protocol/describe.h: a protocol as sections of entries in a clinician's words (internal).
 *
 * show, explain and diff read the same description, so that what one prints the others know. */
#ifndef RACEMATE_PROTOCOL_DESCRIBE_H
#define RACEMATE_PROTOCOL_DESCRIBE_H

#include "racemate/protocol.h"

/* One thing said of an entry: "clears", "Six weeks and cardiology clearance".  A label of "" is the value
 * itself.  `derived` is shown but belongs to another entry, so diff leaves it out. */
typedef struct rac_said {
    const char *label, *text;
    bool derived;
} rac_said;

enum { rac_most_said = 8 };
typedef struct rac_entry {
    const char *id;   /* what `explain` takes: "adult", "duration" */
    const char *key;  /* what diff matches by; often the id */
    const char *name; /* "Infusion time"; of a rule its reason */
    rac_said said[rac_most_said];
    size_t said_count;
    rac_words sources;
    const char *conflict; /* or NULL */
} rac_entry;

typedef struct rac_section {
    const char *id, *title;
    bool values; /* entries are single values, one line each */
    rac_entry *entries;
    size_t count, capacity;
} rac_section;

typedef struct rac_description {
    rac_section *sections;
    size_t count, capacity;
} rac_description;

rac_description rac_protocol_describe(rac_arena *arena, const rac_protocol *protocol);
/* "165 mmHg", "165 mmHg (DEMO)", "OPEN, 120 to 220 mmHg". */
const char *rac_place_words(rac_arena *arena, const rac_protocol *protocol, const rac_site_place *place);
/* "a, b, c" */
const char *rac_words_joined(rac_arena *arena, rac_words words);

#endif
