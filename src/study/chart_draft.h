/* study/chart_draft.h: a chart while it is being read, the same for tidy files and for ADaM.
 *
 * A reader adds patients, scores, endpoints and events as it meets them; rac_draft_finish checks what only
 * the whole can show (two baselines, days that run backwards, arms), chooses the arms and lays the chart out.
 */
#ifndef RACEMATE_STUDY_CHART_DRAFT_H
#define RACEMATE_STUDY_CHART_DRAFT_H

#include "base/yaml.h"
#include "racemate/study.h"
#include "study/sheet.h"

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
    const rac_sheet *sheet;
    size_t row, column;
} rac_place;

#define RAC_DRAFT_NOBODY UINT32_MAX /* the patient of a row that names none */

typedef struct rac_draft_patient {
    size_t arm; /* word of `arms`; SIZE_MAX unknown */
    rac_place at;
    double last;
    const char *reason;
    bool safety;
} rac_draft_patient;

/* All scores stand in one column of one sheet: a chart may have millions. */
typedef struct rac_draft_score {
    uint32_t patient, row;
    double visit;
} rac_draft_score;

typedef struct rac_draft {
    rac_arena *arena;
    rac_problems *problems;
    const rac_chart_options *options;
    rac_chart_map map;
    rac_chart *chart;
    const char *patients_in; /* where every patient must be, for messages; NULL: "ADSL" */
    size_t said;             /* problems beyond the most that are listed */
    rac_error unlisted;      /* the last of them */
    rac_words ids, arms;
    rac_draft_patient *patient; /* ids.count */
    size_t patient_capacity;
    rac_draft_score *score;
    size_t scores, score_capacity;
    rac_place score_at; /* sheet and column of all scores */
    size_t day_column;  /* of that sheet; SIZE_MAX: days are not given */
    double *visit;      /* distinct numbers */
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

/* Reads a CSV (';' when the header has no ','), telling problems.  `*sheet` has no rows on failure. */
bool rac_draft_table(rac_draft *draft, const rac_chart_file *file, rac_sheet *sheet);
/* Index of a column, or SIZE_MAX with a problem when `needed`. */
size_t rac_draft_column(rac_draft *draft, const rac_sheet *sheet, const char *name, bool needed);
/* NaN when missing; a problem (and NaN) when it is no number. */
double rac_draft_number(rac_draft *draft, rac_place at);

size_t rac_draft_patient_add(rac_draft *draft, rac_text id, rac_place at);
void rac_draft_arm(rac_draft *draft, size_t patient, rac_place at);
/* Notes a visit's name; false with a problem when the label cannot be placed. */
bool rac_draft_visit(rac_draft *draft, rac_place at, double *number, bool *unscheduled);
void rac_draft_visit_name(rac_draft *draft, double number, rac_text name);
void rac_draft_score_add(rac_draft *draft, size_t patient, double visit, rac_place at,
                         size_t day); /* column, or SIZE_MAX */
/* A column constant within patients as a covariate; otherwise a problem when it was asked for, else a note.
 */
void rac_draft_covariate(rac_draft *draft, const rac_sheet *sheet, size_t column,
                         const uint32_t *patient_of_row, bool asked);
/* One line of the dictionary for every column of the sheet; roles are by column, NULL is "not used". */
void rac_draft_dictionary(rac_draft *draft, const char *name, const rac_sheet *sheet,
                          const char *const *roles);
/* The patient a row speaks of; a problem when the chart has nobody of that name. */
bool rac_draft_patient_at(rac_draft *draft, rac_place at, size_t *patient);
/* Adverse events; the patient's column is `patient_column` or USUBJID. */
void rac_draft_events(rac_draft *draft, const rac_sheet *sheet, const char *patient_column, const char *name);
/* The scale from options, map or the file's own word; may be NULL. */
void rac_draft_scale(rac_draft *draft, rac_text word);
rac_status rac_draft_finish(rac_draft *draft);

#endif
