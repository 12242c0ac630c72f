/* protocol/reader.h: taking the values of a protocol file, strictly (internal).
 *
 * One reader goes through all sections.  Each rac_take_ function takes the value under `key` of `map`; what
 * is wrong goes to the reader's problems with its place and a hint, and a harmless zero, NULL or empty
 * list comes back, so that the rest of the file is still read.  A NULL map was complained about already. */
#ifndef RACEMATE_PROTOCOL_READER_H
#define RACEMATE_PROTOCOL_READER_H

#include "base/yaml.h"
#include "protocol/names.h"

typedef struct rac_reader {
    rac_arena *arena;
    rac_problems *problems;
    rac_protocol *protocol; /* being built */
    const rac_yaml *root;
    bool *source_used; /* one a listed source */
    rac_names names;   /* set once facts, places and ticks are known */
    bool between;      /* reading what is judged between sessions */
} rac_reader;

#define RAC_COUNT(array) (sizeof(array) / sizeof *(array))
/* Every key of `map` is one of the names given. */
#define rac_take_keys(reader, map, ...)                                          \
    do {                                                                         \
        static const char *const keys_[] = {__VA_ARGS__};                        \
        rac_yaml_check_keys((map), keys_, RAC_COUNT(keys_), (reader)->problems); \
    } while (0)

/* ---- text and words ---- */
const char *rac_take_text(rac_reader *reader, const rac_yaml *map, const char *key);
const char *rac_take_optional_text(rac_reader *reader, const rac_yaml *map, const char *key); /* or NULL */
/* A text made of letters, digits and '-' (`joint`; '_' for names used in expressions), starting with a letter
 * or digit. */
const char *rac_take_id(rac_reader *reader, const rac_yaml *map, const char *key);
bool rac_is_id(rac_text text, char joint);
bool rac_take_truth(rac_reader *reader, const rac_yaml *map, const char *key);
/* A list of texts, none twice; an absent optional list is empty. */
rac_words rac_take_words(rac_reader *reader, const rac_yaml *map, const char *key, bool required);
/* The index of one of `count` words, or 0 after a problem. */
size_t rac_take_word(rac_reader *reader, const rac_yaml *map, const char *key, const char *const *words,
                     size_t count);
/* The list under `key` (usually "sources"): each must be listed under `sources:`; marks them used. */
rac_words rac_take_sources(rac_reader *reader, const rac_yaml *map, const char *key);

/* ---- numbers with units; limits in `unit`, both ends allowed ---- */
double rac_take_quantity(rac_reader *reader, const rac_yaml *map, const char *key, const char *unit,
                         double low, double high);
/* The same, exactly: more than six digits after the point are refused.  Zero is refused. */
rac_decimal rac_take_decimal(rac_reader *reader, const rac_yaml *map, const char *key, const char *unit,
                             double high);
/* More than zero, at most `longest`; a required duration says how to write one. */
rac_duration rac_take_duration(rac_reader *reader, const rac_yaml *map, const char *key,
                               rac_duration longest);
/* `[low, high]`, low <= high, each a quantity in `unit`. */
typedef struct rac_range {
    double low, high;
} rac_range;
rac_range rac_take_range(rac_reader *reader, const rac_yaml *map, const char *key, const char *unit,
                         double low, double high);

/* ---- expressions that are true or false ----
 * Within a session they name readings, facts, ticks and places; between sessions (reader->between) what the
 * course and its last infusion were, and places.  A name that would always be unknown there is refused. */
const rac_expression *rac_take_condition(rac_reader *reader, const rac_yaml *map, const char *key);

/* A unit as written; "1" after a problem. */
void rac_read_unit(rac_reader *reader, const rac_yaml *node, const char **unit);

/* ---- problems ---- */
/* No two maps of `list` have the same text under `key`. */
void rac_refuse_twice(rac_reader *reader, const rac_yaml *list, const char *key);
/* Adds a hint to the newest problem when `fine` is false and it has none yet; returns `fine`. */
bool rac_hint_unless(rac_reader *reader, bool fine, const char *hint);

/* ---- the sections, one file each, in the order they are read ---- */
void rac_read_sources(rac_reader *reader);
void rac_read_facts(rac_reader *reader);
void rac_read_site(rac_reader *reader);
/* Which items are ticked by hand must be known before any expression is read, so first ids, then all. */
void rac_read_check_ids(rac_reader *reader);
void rac_read_checklists(rac_reader *reader);
void rac_read_rules(rac_reader *reader);
void rac_read_dose(rac_reader *reader);
void rac_read_preparation(rac_reader *reader);
void rac_read_course(rac_reader *reader);
void rac_read_dose_steps(rac_reader *reader, const rac_yaml *course); /* part of it; after the dose */
void rac_read_monitoring(rac_reader *reader);
void rac_read_conditions(rac_reader *reader);
void rac_check_sources_used(rac_reader *reader);

#endif
