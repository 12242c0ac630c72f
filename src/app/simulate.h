/* app/simulate.h: what the files of `racemate simulate` share.  Read them in this order:
 *
 *     simulate_words.c        what was typed: doses, times, who
 *     simulate_people.c       covariates of person i: constants, a table of people, distributions
 *     simulate_spread.c       quantiles over people, exactly or counted
 *     simulate_run.c          blocks of people through a model, to the files and the spread
 *     simulate_rows.c         the rows of the files: CSV and columns
 *     simulate_parameters.c   the parameters of each person, as CSV
 *     simulate_say.c          the answer in words and as JSON
 *     simulate_plot.c         the answer as a figure
 *     simulate_mixture.c      several models as one: quantiles of their mixture
 *     simulate_average.c      several models, weighed by how well they fit a patient
 *     simulate.c              the command: which of these are wanted, and which do not go together
 *
 * Units as in pharma: h, mg, mg/L; covariates in base units. */
#ifndef RACEMATE_APP_SIMULATE_H
#define RACEMATE_APP_SIMULATE_H

#include "app/internal.h"
#include "base/csv.h"
#include "base/figure.h"
#include "base/units.h"
#include "racemate/pharma.h"

enum {
    RAC_SIM_MODELS = 3,
    RAC_SIM_THREADS = 64,
    RAC_SIM_TIMES_MAX = 20001,
    RAC_SIM_DOSES_MAX = 10000,
    RAC_SIM_COVARIATES = 16
};

/* ---- words (simulate_words.c) ---- */

typedef struct rac_sim_dose {
    rac_dose dose;     /* route 0 until a model names it */
    const char *route; /* "via nasal", or NULL */
} rac_sim_dose;

/*  DOSES   dose { ";" dose }
 *  dose    AMOUNT [over SPAN] [at SPAN {, SPAN}] [steady every SPAN] [N times every SPAN] [via ROUTE]
 *  REPEAT  N times every SPAN      for every dose that has no repetition of its own
 *
 * "0.5 mg/kg over 40 min, 8 times every 3.5 days; 28 mg via nasal at 2 h".  Repetitions become single doses.
 * The first of a course that is `steady` finds the body as endlessly many before it, so far apart, would have
 * left it; one at most.
 */
rac_status rac_sim_parse_doses(rac_arena *arena, const char *typed, const char *repeat, rac_sim_dose **doses,
                               size_t *count, rac_error *err);

/* Doses given before: `SPAN ago {, SPAN ago}` instead of `at`, and times below 0.  "0.5 mg/kg over 40 min, 72
 * h ago; 35 mg, 21 d ago, 4 times every 3.5 d". */
rac_status rac_sim_parse_past(rac_arena *arena, const char *typed, rac_sim_dose **doses, size_t *count,
                              rac_error *err);

/*  TIMES   part { ";" part }
 *  part    SPAN [by SPAN] | at SPAN {, SPAN}
 *
 * "4 h by 1 min"; "2 h by 1 min; 35 d by 6 h": each part goes on where the last one ended; "at 0 h, 40 min".
 */
rac_status rac_sim_parse_times(rac_arena *arena, const char *typed, double **times_h, size_t *count,
                               rac_error *err);
/* Times at which the course of these doses can be read: dense after each dose, and each end. */
rac_status rac_sim_usual_times(rac_arena *arena, const rac_sim_dose *doses, size_t dose_count,
                               double **times_h, size_t *count, rac_error *err);
/* `count` equal steps from first to last. */
double *rac_sim_even_times(rac_arena *arena, double first_h, double last_h, size_t count);

/*  PEOPLE  law { ";" law }
 *  law     NAME = NUMBER [UNIT]
 *          NAME ~ normal(MEAN, SD) | lognormal(MEDIAN, CV) | uniform(LOW, HIGH)  [UNIT] [in LOW..HIGH]
 *          NAME ~ chance(P)        1 with this probability, else 0
 *
 * "weight ~ normal(80, 15) kg in 45..140; age = 50 year".  CV as in model files: sd of the logarithm is
 * sqrt(log(1 + CV^2)).  "in" draws again until the number lies inside. */
typedef enum rac_sim_law_kind {
    RAC_SIM_CONSTANT,
    RAC_SIM_NORMAL,
    RAC_SIM_LOGNORMAL,
    RAC_SIM_UNIFORM,
    RAC_SIM_CHANCE
} rac_sim_law_kind;

typedef struct rac_sim_law {
    const char *name;
    rac_sim_law_kind kind;
    double a, b;      /* base units (CV and P: pure) */
    double low, high; /* base units; -INFINITY and INFINITY without "in" */
    rac_unit unit;    /* as typed */
} rac_sim_law;

rac_status rac_sim_parse_people(rac_arena *arena, const char *typed, rac_sim_law **laws, size_t *count,
                                rac_error *err);

/* ---- who (simulate_people.c) ---- */

typedef struct rac_sim_people {
    rac_sim_law *laws;
    size_t law_count;
    const rac_csv_table *table; /* --covariates; NULL without */
    uint64_t seed;
} rac_sim_people;

/* How a model's covariates are found. */
typedef struct rac_sim_binding {
    const rac_model *model;
    const rac_sim_people *people;
    size_t count;
    double *constants;    /* base units; where neither law nor table says otherwise */
    int *law;             /* index into people->laws, -1 */
    const double **table; /* base units, table->rows each; NULL */
    bool varies;          /* between people */
    size_t *outside;      /* by covariate: how many of those drawn lie beyond what was studied */
    size_t drawn;
} rac_sim_binding;

/* From --weight, --people and --covariates.  RAC_INVALID: a covariate that is missing, given twice or of
 * another unit. */
rac_status rac_sim_people_read(rac_call *call, uint64_t seed, rac_sim_people *people, rac_error *err);
rac_status rac_sim_bind(rac_arena *arena, const rac_sim_people *people, const rac_model *model,
                        rac_sim_binding *binding, rac_error *err);
/* Every name in --people and --covariates belongs to at least one of the models. */
rac_status rac_sim_people_known(rac_call *call, const rac_sim_people *people, const rac_model *const *models,
                                size_t count, rac_error *err);

/* Covariates of `count` people from number `first` on: columns[c] (may be NULL: the constant holds) gets
 * `count` values; `strange` (may be NULL) becomes 1 for a person outside what was studied. */
rac_status rac_sim_draw(rac_sim_binding *binding, uint64_t first, size_t count, double *const *columns,
                        unsigned char *strange, rac_error *err);
/* Lines such as "weight 162 kg, studied 40 to 160 kg", "weight: 3.1 % of people outside 40 to 160 kg". */
void rac_sim_outside(rac_arena *arena, const rac_sim_binding *binding, const char ***lines, size_t *count);
/* One set of covariates against the studied ranges, as words; the same lines. */
bool rac_sim_is_outside(const rac_model *model, const double *covariates);

/* ---- quantiles over people (simulate_spread.c) ---- */

enum { RAC_SIM_QUANTILES = 5 };
extern const double rac_sim_quantiles[RAC_SIM_QUANTILES];          /* 0.05, 0.25, 0.5, 0.75, 0.95 */
extern const char *const rac_sim_quantile_keys[RAC_SIM_QUANTILES]; /* "p05" .. */

/* What one person's curve comes to, from the times asked for: highest value, its time, trapezoid area. */
typedef struct rac_sim_exposure {
    double highest, at_h, area;
} rac_sim_exposure;
enum { RAC_SIM_EXPOSURES = 3 };

/* Of `people` tiles of times x outputs.  Ended by _free, which accepts NULL. */
typedef struct rac_sim_spread rac_sim_spread;
rac_sim_spread *rac_sim_spread_new(rac_arena *arena, size_t people, size_t times, size_t outputs,
                                   int workers);
void rac_sim_spread_free(rac_sim_spread *spread);
/* Takes a tile whose first subject is person `place` (from 0); one worker at a time under each number. */
void rac_sim_spread_add(rac_sim_spread *spread, int worker, const rac_population_tile *tile, size_t place);
/* outputs x quantiles x times, once.  RAC_NOT_CONVERGED when nobody had an answer. */
rac_status rac_sim_spread_table(rac_arena *arena, rac_sim_spread *spread, double **table, rac_error *err);
/* The people of an output at a time as a part of a mixture, of weight 1; after the table. */
rac_mixture_part rac_sim_spread_part(rac_sim_spread *spread, size_t output, size_t time);
/* Whether quantiles are counted in bins (within RAC_QUANTILES_ACCURACY) instead of exact. */
bool rac_sim_spread_is_counted(const rac_sim_spread *spread);

/* ---- a model and its answer (simulate_run.c) ---- */

/* People who share doses and times: all of them, or one subject of a table. */
typedef struct rac_sim_group {
    double id; /* of the table; people without a table are numbered from 1 */
    rac_regimen regimen;
    const rac_sample *samples; /* of the table: rows at which a prediction is wanted */
    size_t sample_count;
    int epochs;
    const double *epoch_h, *constants; /* epochs x covariates */
    const int *occasion;               /* epochs; NULL: all one */
    bool outside;
} rac_sim_group;

typedef struct rac_sim_arm {
    rac_model *model;
    const rac_model_about *about;
    char *with;        /* what --with changed, one modifier a line; "" */
    const char *label; /* "arterial plasma", or with the model's name where two are alike */
    int *outputs;      /* those asked for, as indices of the model */
    size_t output_count;
    rac_sim_group *groups;
    size_t group_count;
    rac_sim_binding binding;

    /* What came out: */
    const char **outside; /* lines */
    size_t outside_count;
    size_t subjects, failed, unsettled; /* those of them without a steady state */
    bool has_typical, has_spread, counted;
    double *typical;                                /* `outputs` x times */
    rac_sim_exposure *typical_exposure;             /* `outputs` */
    double *bands;                                  /* `outputs` x quantiles x times */
    double *exposures;                              /* `outputs` x exposures x quantiles */
    rac_sim_spread *curve_spread, *exposure_spread; /* kept for a mixture; else NULL */
} rac_sim_arm;

typedef struct rac_sim {
    rac_call *call;
    rac_arena *arena;
    rac_sim_arm arms[RAC_SIM_MODELS + 1]; /* the last: their average, where people are mixed */
    size_t arm_count;                     /* models */
    bool average;                         /* --average */
    size_t draws;                         /* of each patient of an average, for its band */
    double weights[RAC_SIM_MODELS];       /* of the models for people; add up to 1 */
    bool mixed;                           /* arms[arm_count] is their average */
    rac_sim_people people;
    rac_sim_dose *doses;
    size_t dose_count;
    bool table;     /* --data */
    bool own_times; /* rows of the files stand at the times of the table */
    size_t n;       /* people, or copies of each subject of the table */
    uint64_t seed;
    int threads;
    bool residual;
    double *times_h; /* of the summary, and of the files unless own_times */
    size_t times;
    double done, total; /* of the progress */
    const char **notes; /* what a reader must know, in text, JSON and plot */
    size_t note_count, note_capacity;
} rac_sim;

void rac_sim_note(rac_sim *sim, const char *note);
rac_sim_exposure rac_sim_expose(const double *times_h, size_t times, const double *values, size_t stride);

/* ---- files (simulate_rows.c) ---- */

/* Rows of --out and --columns, which have the same columns:
 *
 *     [model,] id, [replicate,] time_h, output, value, unit, [covariates that differ between people,] outside
 *
 * People are written in blocks: begin, add the tiles in any order (one worker at a time under each number),
 * end. What is held in memory meanwhile does not grow with the number of people. */
typedef struct rac_sim_files rac_sim_files;

typedef struct rac_sim_block {
    size_t arm, group;
    uint64_t first; /* number of its first person, from 0 (of a table: copy) */
    size_t people;
    size_t times;                 /* rows of a person */
    const size_t *at;             /* times: place in the tile; NULL: 0, 1, ... */
    const double *times_h;        /* times */
    double *const *columns;       /* the arm's covariates, people each; NULL where constant */
    const unsigned char *outside; /* people; NULL: that of the group */
} rac_sim_block;

/* NULL when neither file was asked for. */
rac_status rac_sim_files_open(rac_sim *sim, rac_sim_files **files, rac_error *err);
/* How many people of so many rows make a good block. */
size_t rac_sim_files_block(const rac_sim_files *files, size_t rows_per_person);
rac_status rac_sim_files_begin(rac_sim_files *files, const rac_sim_block *block, rac_error *err);
void rac_sim_files_add(rac_sim_files *files, int worker, const rac_population_tile *tile, size_t place);
rac_status rac_sim_files_end(rac_sim_files *files, rac_error *err);
/* Writes what is left, unless `status` says that the work failed; frees what is not in the arena. */
rac_status rac_sim_files_close(rac_sim_files *files, rac_status status, rac_error *err);

/* Rows of --parameters: id, [replicate,] and each parameter of the model in base units (mg, L, h), of the
 * first epoch; people without an answer are left out.  Used as the rows above; NULL when not asked for. */
typedef struct rac_sim_parameters rac_sim_parameters;
rac_status rac_sim_parameters_open(rac_sim *sim, rac_sim_parameters **parameters, rac_error *err);
void rac_sim_parameters_begin(rac_sim_parameters *parameters, size_t people);
void rac_sim_parameters_add(rac_sim_parameters *parameters, const rac_population_tile *tile, size_t place);
rac_status rac_sim_parameters_end(rac_sim_parameters *parameters, size_t group, uint64_t first,
                                  rac_error *err);

/* Runs arm `index`: the typical curve, the people, the files (NULL: none). */
rac_status rac_sim_run(rac_sim *sim, size_t index, rac_sim_files *files, rac_sim_parameters *parameters,
                       rac_error *err);

/* ---- several models as one (simulate_mixture.c) ---- */

/* Outputs that every model has, by name and unit, among those asked for. */
typedef struct rac_sim_shared {
    size_t count;
    int *output[RAC_SIM_MODELS]; /* by model: `count` indices of its outputs */
} rac_sim_shared;
rac_status rac_sim_find_shared(const rac_sim *sim, rac_sim_shared *shared, rac_error *err);

/* What a patient's samples leave possible under one model. */
typedef struct rac_sim_draws {
    size_t arm;
    const rac_model *model;
    const rac_sim_group *group;
    const double *etas; /* kept x epochs x etas */
    size_t kept;
    double weight;
} rac_sim_draws;

typedef struct rac_sim_mixture {
    double *bands;               /* shared x quantiles x times */
    double *exposures;           /* shared x exposures x quantiles */
    double *own[RAC_SIM_MODELS]; /* by place in `draws`: each alone, as bands */
} rac_sim_mixture;
/* `count` is 1 to RAC_SIM_MODELS. */
rac_status rac_sim_mix_draws(const rac_sim *sim, rac_arena *arena, const rac_sim_shared *shared,
                             const rac_sim_draws *draws, size_t count, rac_sim_mixture *mixture,
                             rac_error *err);
/* Models that have run, with their spreads kept, as one more arm by sim->weights. */
rac_status rac_sim_mix_people(rac_sim *sim, rac_error *err);

/* ---- telling (simulate_say.c, simulate_plot.c, simulate_average.c) ---- */

/* The unit in which people read a base unit, and the factor: mg/L is read in ng/mL. */
typedef struct rac_sim_reading {
    const char *unit;      /* "" for a pure number */
    const char *area_unit; /* "ng*h/mL" */
    double factor;
} rac_sim_reading;
rac_sim_reading rac_sim_read_unit(rac_arena *arena, const char *unit);

/* How times up to `last_h` are read: in min, h or d. */
typedef struct rac_sim_clock {
    const char *unit;
    double per_h; /* a time in h times this */
} rac_sim_clock;
rac_sim_clock rac_sim_clock_for(double last_h);
/* Times as read, with ticks as people count them. */
void rac_sim_time_axis(rac_figure_axis *axis, rac_sim_clock clock, double first, double last);
/* "concentration, ng/mL"; NULL for a pure number. */
const char *rac_sim_value_label(rac_arena *arena, rac_sim_reading reading);
/* Three digits, or whole above 100: "253", "16.0", "0.0421". */
char *rac_sim_digits(rac_arena *arena, double value);

/* Which of the times a table of words shows: at most a dozen, round ones where the grid has them; the first,
 * the last, the highest. `step` comes from rac_sim_shown_step. */
double rac_sim_shown_step(const rac_sim *sim, rac_sim_clock clock);
bool rac_sim_is_shown(const rac_sim *sim, rac_sim_clock clock, double step, size_t t, size_t peak);
/* {"p05": ..}, of values `stride` apart. */
json_t *rac_sim_quantiles_json(const double *values, size_t stride);

void rac_sim_say(const rac_sim *sim, rac_reply *reply);
rac_status rac_sim_plot(const rac_sim *sim, rac_error *err);
rac_status rac_sim_average(rac_sim *sim, rac_reply *reply, rac_error *err);

#endif
