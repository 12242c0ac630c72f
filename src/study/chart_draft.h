/* study/chart_draft.h: a chart while it is being read, the same for tidy files and for ADaM.
 *
 * A reader adds patients, scores, endpoints and events as it meets them; rac_draft_finish checks what only
 * the whole can show (two baselines, days that run backwards, arms), chooses the arms and lays the chart out.
 */
#ifndef RACEMATE_STUDY_CHART_DRAFT_H
#define RACEMATE_STUDY_CHART_DRAFT_H

#include "base/csv.h"
#include "base/yaml.h"
#include "racemate/study.h"

/* Distinct texts, numbered from 0 in the order they came. */
typedef struct rac_words {
    rac_text *word;
    size_t count, capacity;
    uint32_t *slot; /* index + 1; 0 empty */
    size_t slots;
} rac_words;
size_t rac_words_add(rac_arena *arena, rac_words *words, rac_text text);
bool rac_words_find(const rac_words *words, rac_text text, size_t *index);

/* The mapping file: our name of a column or label for theirs. */
typedef struct rac_chart_map {
    const rac_yaml *columns, *arms, *visits, *covariates, *missing;
    rac_text scale;
} rac_chart_map;
void rac_chart_map_read(rac_arena *arena, const rac_chart_file *file, rac_chart_map *map,
                        rac_problems *problems);
/* Their name for our column; `usual` when the map says nothing. */
const char *rac_chart_map_column(rac_arena *arena, const rac_chart_map *map, const char *ours,
                                 const char *usual);

/* Where a value stands. */
typedef struct rac_place {
    const rac_csv_table *table;
    size_t row, column;
} rac_place;

typedef struct rac_draft_patient {
    size_t arm; /* word of `arms`; SIZE_MAX unknown */
    rac_place at;
    double last;
    const char *reason;
    bool safety;
} rac_draft_patient;

typedef struct rac_draft_score {
    size_t patient;
    double visit, value, day; /* day NaN when not given */
    rac_place at;
} rac_draft_score;

typedef struct rac_draft {
    rac_arena *arena;
    rac_problems *problems;
    const rac_chart_options *options;
    rac_chart_map map;
    rac_chart *chart;
    size_t said;        /* problems beyond the most that are listed */
    rac_error unlisted; /* the last of them */
    rac_words ids, arms;
    rac_draft_patient *patient; /* ids.count */
    size_t patient_capacity;
    rac_draft_score *score;
    size_t scores, score_capacity;
    double *visit; /* distinct numbers */
    const char **visit_name;
    size_t visits;
    rac_chart_covariate *covariate; /* values by draft patient */
    size_t covariates, covariate_capacity;
    rac_chart_endpoint *endpoint;
    size_t endpoints;
    rac_chart_event *event;
    size_t events, event_capacity;
    const char **note;
    size_t notes, note_capacity;
    rac_chart_column *column;
    size_t columns, column_capacity;
} rac_draft;

/* The problem at a cell; a hint can be added to what comes back. */
rac_error *rac_draft_problem(rac_draft *draft, rac_place at, const char *format, ...) RAC_PRINTF(3, 4);
void rac_draft_note(rac_draft *draft, const char *format, ...) RAC_PRINTF(2, 3);

/* Reads a CSV (';' when the header has no ','), telling problems.  `*table` has no columns on failure. */
bool rac_draft_table(rac_draft *draft, const rac_chart_file *file, rac_csv_table *table);
/* Index of a column, or SIZE_MAX with a problem when `needed`. */
size_t rac_draft_column(rac_draft *draft, const rac_csv_table *table, const char *name, bool needed);
rac_text rac_draft_cell(const rac_csv_table *table, size_t row, size_t column); /* trimmed; "" for SIZE_MAX */
bool rac_draft_missing(const rac_draft *draft, rac_text cell);
/* NaN when missing; a problem (and NaN) when it is no number. */
double rac_draft_number(rac_draft *draft, rac_place at);

size_t rac_draft_patient_add(rac_draft *draft, rac_text id, rac_place at);
void rac_draft_arm(rac_draft *draft, size_t patient, rac_place at);
/* Notes a visit's name; false with a problem when the label cannot be placed. */
bool rac_draft_visit(rac_draft *draft, rac_place at, double *number, bool *unscheduled);
void rac_draft_visit_name(rac_draft *draft, double number, rac_text name);
void rac_draft_score_add(rac_draft *draft, size_t patient, double visit, rac_place at, double day);
/* A column constant within patients as a covariate; otherwise a problem when it was asked for, else a note.
 */
void rac_draft_covariate(rac_draft *draft, const rac_csv_table *table, size_t column,
                         const size_t *patient_of_row, bool asked);
/* One line of the dictionary for every column of the table; roles are by column, NULL is "not used". */
void rac_draft_dictionary(rac_draft *draft, const char *name, const rac_csv_table *table,
                          const char *const *roles);
/* The scale from options, map or the file's own word; may be NULL. */
void rac_draft_scale(rac_draft *draft, rac_text word);
rac_status rac_draft_finish(rac_draft *draft);

#endif
