/* Event tables: see racemate/pharma/events.h. */
#include "racemate/pharma/events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/csv.h"
#include "base/units.h"
#include "pharma/model.h"

enum { ID, TIME, AMT, RATE, EVID, CMT, DVID, DV, MDV, ADDL, II, SS, BLQ, OCC, COLUMNS };

static const struct {
    const char *name;
    double low, high; /* allowed, ends included */
    bool whole;
} COLUMN[COLUMNS] = {
    [ID] = {"ID", -INFINITY, INFINITY, false},
    [TIME] = {"TIME", -1e7, 1e7, false}, /* a thousand years: beyond is a date or a slip */
    [AMT] = {"AMT", 0, 1e9, false},
    [RATE] = {"RATE", -2, 1e9, false},
    [EVID] = {"EVID", 0, 4, true},
    [CMT] = {"CMT", 1, 1000, true},
    [DVID] = {"DVID", 1, 1000, true},
    [DV] = {"DV", -INFINITY, INFINITY, false},
    [MDV] = {"MDV", 0, 1, true},
    [ADDL] = {"ADDL", 0, RAC_DOSES_MAX, true},
    [II] = {"II", 0, 1e7, false},
    [SS] = {"SS", 0, 2, true},
    [BLQ] = {"BLQ", 0, 1, true},
    [OCC] = {"OCC", -INFINITY, INFINITY, true},
};

/* A table with the wrong unit or column has a fault in every row: enough is enough. */
enum { PROBLEMS_MAX = 100 };

typedef struct start { /* where a run of rows with one ID begins */
    double id;
    size_t row;
} start;

typedef struct reader {
    rac_arena *arena;
    const rac_csv_table *table;
    const rac_model *model;
    rac_events *events;
    rac_problems *problems;
    int at[COLUMNS];    /* index in the table, -1 */
    int *covariate_at;  /* by covariate, -1 */
    double *covariates; /* carried forward, base units */
    double *occasions;  /* values of OCC this subject has had */
    size_t occasion_count, occasion_capacity;
    int occasion; /* carried forward */
    size_t row;   /* from 0 */
    double value[COLUMNS];
    rac_text word[COLUMNS]; /* where a name will do: the cell, when it is no number */
    bool given[COLUMNS];    /* not missing */
    bool broken[COLUMNS];   /* given, but no number */
    bool faulty;            /* this row has a problem already */
    size_t limit;           /* of problems */
    start *starts;
    size_t start_count, start_capacity;
} reader;

static void problem(reader *r, int column, const char *format, ...) RAC_PRINTF(3, 4);
static void problem(reader *r, int column, const char *format, ...)
{
    rac_error err = {0};
    va_list arguments;
    r->faulty = true;
    if (r->problems->count >= r->limit)
        return;
    va_start(arguments, format);
    rac_fail(&err, RAC_INVALID, "%s", rac_format_list(r->arena, format, arguments));
    va_end(arguments);
    rac_csv_place(r->table, r->row, column >= 0 ? (size_t)column : 0, &err);
    rac_problems_add(r->problems, &err);
}

static int find_column(const rac_csv_table *table, const char *name)
{
    for (size_t c = 0; c < table->column_count; c++) {
        const rac_text text = rac_text_trim(table->columns[c].name);
        if (text.size == strlen(name) && !strncasecmp(text.data, name, text.size))
            return (int)c;
    }
    return -1;
}

/* False when the cell is missing; a fault counts as missing and is reported. */
static bool read_cell(reader *r, int column, double *value)
{
    const rac_text cell = rac_text_trim(r->table->columns[column].cells[r->row]);
    rac_error err = {0};
    if (!cell.size || rac_text_is(cell, "."))
        return false;
    if (!rac_number_parse(cell, value, &err))
        return true;
    problem(r, column, "'%.*s' is not a number", RAC_TEXT(cell));
    return false;
}

static bool is_word(const reader *r, int column, rac_text *word)
{
    double number;
    rac_error err = {0};
    *word = rac_text_trim(r->table->columns[column].cells[r->row]);
    return word->size && !rac_text_is(*word, ".") && rac_number_parse(*word, &number, &err) != RAC_OK;
}

static void read_row(reader *r)
{
    r->faulty = false;
    for (int c = 0; c < COLUMNS; c++) {
        const bool fine = !r->faulty;
        r->value[c] = 0;
        r->broken[c] = false;
        r->given[c] = r->at[c] >= 0 && (c == CMT || c == DVID) && is_word(r, r->at[c], &r->word[c]);
        if (r->given[c])
            continue;
        r->word[c] = (rac_text){0};
        r->given[c] = r->at[c] >= 0 && read_cell(r, r->at[c], &r->value[c]);
        r->broken[c] = fine && r->faulty && !r->given[c];
        if (!r->given[c])
            continue;
        const double value = r->value[c];
        if (value < COLUMN[c].low || value > COLUMN[c].high || (COLUMN[c].whole && value != floor(value)))
            problem(r, r->at[c], "%s is %g, allowed %s%g to %g", COLUMN[c].name, value,
                    COLUMN[c].whole ? "whole numbers " : "", COLUMN[c].low, COLUMN[c].high);
    }
    if (!r->given[ID] && !r->broken[ID])
        problem(r, r->at[ID], "a row without ID");
    if (!r->given[TIME] && !r->broken[TIME])
        problem(r, r->at[TIME], "a row without TIME");
    if (r->given[RATE] && r->value[RATE] < 0 && r->value[RATE] > -2 && r->value[RATE] != -1)
        problem(r, r->at[RATE], "RATE is %g: -1, -2, 0 or more", r->value[RATE]);
}

/* ---- covariates and occasions ---- */

/* The number of this row's occasion: from 0, in the order in which values of OCC appear; a missing one is
 * carried forward. */
static int find_occasion(reader *r, bool first)
{
    if (first) {
        r->occasion_count = 0;
        r->occasion = 0;
    }
    if (first && r->at[OCC] >= 0 && !r->given[OCC])
        problem(r, r->at[OCC], "the first row of a subject has no OCC");
    if (!r->given[OCC])
        return r->occasion;
    for (size_t i = 0; i < r->occasion_count; i++)
        if (!(r->occasions[i] < r->value[OCC]) && !(r->occasions[i] > r->value[OCC]))
            return r->occasion = (int)i;
    rac_push(r->arena, r->occasions, r->occasion_count, r->occasion_capacity, r->value[OCC]);
    return r->occasion = (int)r->occasion_count - 1;
}

static void take_covariates(reader *r, rac_events_subject *subject, bool first)
{
    const size_t n = rac_model_covariates(r->model);
    const int before = r->occasion, occasion = find_occasion(r, first);
    bool changed = first || occasion != before;
    for (size_t c = 0; c < n; c++) {
        const rac_covariate *covariate = rac_model_covariate(r->model, c);
        double value;
        if (first)
            r->covariates[c] = covariate->has_fallback ? covariate->fallback : NAN;
        if (r->covariate_at[c] < 0)
            continue;
        if (!read_cell(r, r->covariate_at[c], &value)) {
            if (first && !covariate->has_fallback && !r->faulty)
                problem(r, r->covariate_at[c], "the first row of a subject has no %s", covariate->name);
            continue;
        }
        value = rac_quantity_base((rac_quantity){value, rac_unit_of(covariate->unit)});
        if (!rac_covariate_possible(covariate, value))
            problem(r, r->covariate_at[c], "%s is %.*s %s, which cannot be", covariate->name,
                    RAC_TEXT(r->table->columns[r->covariate_at[c]].cells[r->row]), covariate->unit);
        changed |= !(value == r->covariates[c]);
        r->covariates[c] = value;
    }
    if (!changed)
        return;
    size_t epochs = (size_t)subject->epochs;
    rac_push(r->arena, subject->epoch_h, epochs, subject->epoch_capacity, r->value[TIME]);
    rac_push(r->arena, subject->occasion, subject->occasion_count, subject->occasion_capacity, occasion);
    subject->epochs = (int)epochs;
    for (size_t c = 0; c < n; c++)
        rac_push(r->arena, subject->constants, subject->constant_count, subject->constant_capacity,
                 r->covariates[c]);
}

/* ---- events ---- */

static int evid(const reader *r)
{
    if (r->given[EVID])
        return (int)r->value[EVID];
    return r->value[AMT] > 0 || r->value[RATE] != 0;
}

/* What CMT or DVID means: routes for a dose, outputs for a sample. */
typedef struct meaning {
    const char *what, *whats;
    size_t count;
    const char *(*name)(const rac_model *model, size_t index);
} meaning;

static const char *names(reader *r, const meaning *m)
{
    const char *all = "";
    for (size_t i = 0; i < m->count; i++)
        all = rac_format(r->arena, "%s%s%s", all, i ? ", " : "", m->name(r->model, i));
    return all;
}

/* The first, where nothing is said. */
static int index_of(reader *r, int column, const meaning *m)
{
    const rac_text word = r->word[column];
    if (word.size) {
        for (size_t i = 0; i < m->count; i++)
            if (rac_text_is(word, m->name(r->model, i)))
                return (int)i;
        problem(r, r->at[column], "'%.*s' is no %s of the model: %s", RAC_TEXT(word), m->what, names(r, m));
        return 0;
    }
    const int at = r->given[column] ? (int)r->value[column] - 1 : 0;
    if (at >= 0 && (size_t)at < m->count)
        return at;
    problem(r, r->at[column], "%s is %d, the model has %zu %s: %s", COLUMN[column].name, at + 1, m->count,
            m->whats, names(r, m));
    return 0;
}

static int route_of(reader *r)
{
    const meaning routes = {"route", "routes", rac_model_routes(r->model), rac_model_route_name};
    return index_of(r, CMT, &routes);
}

static int output_of(reader *r)
{
    const meaning outputs = {"output", "outputs", rac_model_outputs(r->model), rac_model_output_name};
    return index_of(r, r->given[DVID] ? DVID : CMT, &outputs);
}

/* RATE -1 and -2 leave the time a dose takes to the route, which then must have a rate or a duration. */
static void check_modelled(reader *r, int route)
{
    bool has = false;
    for (int i = r->model->route_first[route]; i < r->model->route_first[route + 1]; i++)
        has |= (r->value[RATE] < -1 ? r->model->parts[i].duration : r->model->parts[i].rate) >= 0;
    if (!has)
        problem(r, r->at[RATE], "RATE is %g, but the route '%s' has no %s of its own", r->value[RATE],
                r->model->routes[route], r->value[RATE] < -1 ? "duration" : "rate");
}

static void take_dose(reader *r, rac_events_subject *subject)
{
    const bool plateau =
        r->value[SS] > 0 && r->value[RATE] > 0 && !(r->value[AMT] > 0) && !(r->value[II] > 0);
    const bool repeats = r->value[ADDL] > 0 || r->value[SS] > 0;
    if (!(r->value[AMT] > 0) && !plateau)
        problem(r, r->at[AMT], "a dose without an amount");
    if (repeats && !(r->value[II] > 0) && !plateau)
        problem(r,
                r->at[r->at[II] >= 0     ? II
                      : r->value[SS] > 0 ? SS
                                         : ADDL],
                "ADDL or SS without the interval II");
    if (r->given[MDV] && !(r->value[MDV] > 0) && r->given[DV] && r->value[DV] != 0)
        problem(r, r->at[DV], "a dose with a value: a sample has a row of its own, or MDV is 1");
    const bool infusion = r->value[RATE] > 0;
    const int route = route_of(r);
    if (r->value[RATE] < 0)
        check_modelled(r, route);
    /* Parts of a route share one pump, which runs AMT / RATE hours whatever share each part receives. */
    const bool shared =
        infusion && r->value[AMT] > 0 && r->model->route_first[route + 1] - r->model->route_first[route] > 1;
    rac_regimen_add(&subject->regimen, (rac_dose){.time_h = r->value[TIME],
                                                  .kind = infusion ? RAC_DOSE_INFUSION : RAC_DOSE_BOLUS,
                                                  .route = route,
                                                  .amount_mg = r->value[AMT],
                                                  .rate_mg_per_h = infusion && !shared ? r->value[RATE] : 0,
                                                  .duration_h = shared ? r->value[AMT] / r->value[RATE] : 0,
                                                  .additional = (int)r->value[ADDL],
                                                  .interval_h = repeats ? r->value[II] : 0,
                                                  .steady = (rac_steady)(int)r->value[SS]});
}

static void take_sample(reader *r, rac_events_subject *subject, bool other)
{
    rac_sample sample = {.time_h = r->value[TIME], .row = r->row + 1, .value = r->value[DV]};
    sample.output = other ? 0 : output_of(r);
    if (other && (r->value[AMT] > 0 || r->value[RATE] != 0))
        problem(r, r->at[r->value[AMT] > 0 ? AMT : RATE], "EVID is 2: such a row has no amount and no rate");
    sample.measured = !other && !(r->value[MDV] > 0) && r->at[DV] >= 0;
    if (!other && (r->value[AMT] > 0 || r->value[RATE] != 0))
        problem(r, r->at[r->value[AMT] > 0 ? AMT : RATE], "a sample with an amount or a rate");
    sample.below = sample.measured && r->value[BLQ] > 0;
    if (sample.measured && !r->given[DV] && !r->faulty)
        problem(r, r->at[DV], "a sample without a value: give DV, or MDV 1");
    else if (sample.below && !(sample.value > 0) && !r->faulty)
        problem(r, r->at[DV], "BLQ is 1, so DV is the limit of quantification: %g is none", sample.value);
    rac_push(r->arena, subject->samples, subject->sample_count, subject->sample_capacity, sample);
    rac_regimen_add(&subject->regimen, rac_dose_mark(sample.time_h, 0, RAC_DOSE_OBSERVATION));
}

static void take_event(reader *r, rac_events_subject *subject)
{
    const int kind = evid(r);
    if (kind == 3 && (r->value[AMT] > 0 || r->value[RATE] != 0))
        problem(r, r->at[r->value[AMT] > 0 ? AMT : RATE],
                "EVID is 3: a reset has no amount and no rate (4 is a reset and a dose)");
    if (kind >= 3)
        rac_regimen_add(&subject->regimen, rac_dose_mark(r->value[TIME], 0, RAC_DOSE_RESET));
    if (kind == 1 || kind == 4)
        take_dose(r, subject);
    else if (kind != 3)
        take_sample(r, subject, kind == 2);
}

/* The subject of this row: the last one, or a new one. */
static rac_events_subject *subject_of(reader *r, bool *first)
{
    rac_events *events = r->events;
    *first = !events->count || events->subjects[events->count - 1].id != r->value[ID];
    if (*first) {
        rac_push(r->arena, r->starts, r->start_count, r->start_capacity, ((start){r->value[ID], r->row}));
        const rac_events_subject subject = {.id = r->value[ID], .regimen = rac_regimen_new(r->arena)};
        rac_push(r->arena, events->subjects, events->count, events->capacity, subject);
    }
    return &events->subjects[events->count - 1];
}

static int compare_starts(const void *left, const void *right)
{
    const start *a = left, *b = right;
    if (a->id < b->id || a->id > b->id)
        return a->id < b->id ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

/* Rows of one subject stand together: an ID that begins twice came back. */
static void find_returns(reader *r)
{
    if (r->start_count)
        qsort(r->starts, r->start_count, sizeof *r->starts, compare_starts);
    for (size_t i = 1; i < r->start_count; i++) {
        r->row = r->starts[i].row;
        if (!(r->starts[i - 1].id < r->starts[i].id))
            problem(r, r->at[ID], "ID %g comes back after another subject", r->starts[i].id);
    }
}

/* ---- columns ---- */

/* Names of the columns that mean nothing here. */
static const char *find_unread(const reader *r)
{
    const char *unread = NULL;
    for (size_t c = 0; c < r->table->column_count; c++) {
        bool read = false;
        for (int known = 0; known < COLUMNS; known++)
            read |= r->at[known] == (int)c;
        for (size_t covariate = 0; covariate < rac_model_covariates(r->model); covariate++)
            read |= r->covariate_at[covariate] == (int)c;
        if (!read)
            unread = rac_format(r->arena, "%s%s%.*s", unread ? unread : "", unread ? ", " : "",
                                RAC_TEXT(r->table->columns[c].name));
    }
    return unread;
}

/* Says that a column is missing; what the header has instead is the hint. */
static void miss_column(reader *r, const char *name, const char *of)
{
    rac_error err = {0};
    const char **known = rac_many(r->arena, const char *, r->table->column_count);
    for (size_t c = 0; c < r->table->column_count; c++)
        known[c] = rac_text_copy(r->arena, rac_text_trim(r->table->columns[c].name));
    rac_fail(&err, RAC_INVALID, "the table has no column %s%s", of, name);
    rac_error_place(&err, r->table->file, 1, 1);
    const char *near = rac_text_nearest(rac_text_of(name), known, r->table->column_count);
    if (near)
        rac_error_hint(&err, "is '%s' meant?", near);
    rac_problems_add(r->problems, &err);
}

/* One column whose name holds another separator: a table from a place with decimal commas, or a NONMEM file.
 */
static bool is_otherwise_separated(reader *r)
{
    const rac_text name = r->table->column_count == 1 ? r->table->columns[0].name : (rac_text){NULL, 0};
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == ';' || name.data[i] == '\t' || name.data[i] == ' ') {
            rac_error err = {0};
            rac_fail(&err, RAC_INVALID, "columns are apart by commas, here by %s",
                     name.data[i] == ';'    ? "';'"
                     : name.data[i] == '\t' ? "tabs"
                                            : "blanks");
            rac_error_place(&err, r->table->file, 1, (int)i + 1);
            rac_problems_add(r->problems, &err);
            return true;
        }
    return false;
}

static bool find_columns(reader *r)
{
    static const int needed[] = {ID, TIME, AMT};
    const size_t before = r->problems->count;
    if (!r->table->column_count) {
        rac_error err = {0};
        rac_fail(&err, RAC_INVALID, "the table is empty");
        rac_error_hint(&err, "it begins with a line of names: ID,TIME,AMT,...");
        rac_error_place(&err, r->table->file, 1, 1);
        rac_problems_add(r->problems, &err);
    }
    if (!r->table->column_count || is_otherwise_separated(r))
        return false;
    for (int c = 0; c < COLUMNS; c++)
        r->at[c] = find_column(r->table, COLUMN[c].name);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (r->at[needed[i]] < 0)
            miss_column(r, COLUMN[needed[i]].name, "");
    for (size_t c = 0; c < rac_model_covariates(r->model); c++) {
        const rac_covariate *covariate = rac_model_covariate(r->model, c);
        r->covariate_at[c] = find_column(r->table, covariate->name);
        if (r->covariate_at[c] < 0 && !covariate->has_fallback)
            miss_column(r, rac_format(r->arena, "%s (%s)", covariate->name, covariate->unit),
                        "for the covariate ");
    }
    return r->problems->count == before;
}

rac_status rac_events_read(rac_arena *arena, rac_text bytes, const char *file, const rac_model *model,
                           rac_events *events, rac_problems *problems)
{
    *events = (rac_events){0};
    const size_t before = problems->count;
    rac_csv_table table;
    rac_error err = {0};
    const rac_csv_options options = {.file = file, .trim = true, .problems = problems};
    const rac_status status = rac_csv_read(arena, bytes, &options, &table, &err);
    if (status)
        return status;
    reader r = {.arena = arena,
                .table = &table,
                .model = model,
                .events = events,
                .problems = problems,
                .limit = before + PROBLEMS_MAX,
                .covariate_at = rac_many(arena, int, rac_model_covariates(model)),
                .covariates = rac_many(arena, double, rac_model_covariates(model))};
    if (!find_columns(&r))
        return RAC_INVALID;
    events->unread = find_unread(&r);
    double last_h = 0;
    for (r.row = 0; r.row < table.rows && problems->count < r.limit; r.row++) {
        read_row(&r);
        if (r.faulty)
            continue;
        bool first;
        rac_events_subject *subject = subject_of(&r, &first);
        if (!first && r.value[TIME] < last_h)
            problem(&r, r.at[TIME], "TIME falls from %g to %g h", last_h, r.value[TIME]);
        last_h = r.value[TIME];
        take_covariates(&r, subject, first);
        take_event(&r, subject);
    }
    if (r.row < table.rows)
        rac_error_hint(&problems->items[problems->count - 1],
                       "this is problem number %d: the rows below were not looked at", PROBLEMS_MAX);
    else
        find_returns(&r);
    return problems->count > before ? problems->items[before].status : RAC_OK;
}
