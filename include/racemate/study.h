/* racemate/study.h: two ways to give ketamine, compared honestly from a clinic's own chart.
 *
 * What it decides: given what was written down about patients who had intravenous ketamine or intranasal
 * esketamine, how the arms differed before treatment, how scores changed, who responded, when, who left,
 * what harm was seen, and how far any of that depends on who chose which treatment.  Nobody was randomised:
 * every result is a description of a chart, and rac_study_limits is printed below each.
 *
 * Nouns in the order they are used:
 *     rac_chart_read        tidy CSV, one row a patient and visit (with a mapping), every problem at once
 *     rac_chart_read_adam   the same from CDISC ADSL, ADQS, ADTTE, ADAE
 *     rac_chart             patients, arms, scores by visit, covariates, endpoints, adverse events
 *     rac_study_<verb>      one analysis each: flow, describe, compare, respond, onset, survive, balance,
 * missing, adverse
 *
 * The direction is fixed everywhere: treated (arm 1) minus reference (arm 0).  Scores are in points of the
 * chart's scale; changes are score minus baseline, so a fall is negative.  Visit 0 is the baseline, visit v
 * the v-th column.  Missing is NaN.  Everything lives in the arena; the chart borrows nothing from the files.
 *
 * Methods are those of racemate/stats, which name their sources; what is chosen here is said at each verb. */
#ifndef RACEMATE_STUDY_H
#define RACEMATE_STUDY_H

#include "racemate/care/scales.h"
#include "racemate/stats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- a chart --------------------------------------------------------------------------------------- */

enum { RAC_CHART_REFERENCE = 0, RAC_CHART_TREATED = 1, RAC_CHART_ARMS = 2 };

typedef struct rac_chart_covariate {
    const char *name;
    bool numeric;
    const double *value; /* patients: the number, or the level 0 .. levels-1; NaN when missing */
    size_t levels;       /* 0 when numeric; levels are in alphabetical order, the first is the reference */
    const char *const *level_name;
    size_t missing; /* patients */
} rac_chart_covariate;

/* Time to something, one row a patient who has it. */
typedef struct rac_chart_endpoint {
    const char *code;  /* "RESPSESS" */
    const char *words; /* "Sessions to response" */
    size_t count;
    const size_t *patient; /* count */
    const double *time;    /* count, in the unit `words` names */
    const bool *event;     /* count; false: censored (CNSR of ADTTE is the opposite) */
} rac_chart_endpoint;

typedef struct rac_chart_event {
    size_t patient;
    const char *system; /* AEBODSYS; "" when not given */
    const char *term;   /* AEDECOD */
    int severity;       /* 1 mild, 2 moderate, 3 severe; 0 not given */
    bool serious;
} rac_chart_event;

typedef struct rac_chart {
    const char *file;
    const rac_scale *scale; /* NULL: unknown to this program, ranges not checked */
    const char *score_name; /* as the file calls it */
    const char *arm_name[RAC_CHART_ARMS];
    size_t patients, visits; /* visits include the baseline */
    const char *const *id;   /* patients, opaque */
    const int32_t *arm;      /* patients: 0 or 1 */
    const char *const *visit_name;
    const double *visit_number;
    const double *score; /* patients x visits */
    size_t covariates;
    const rac_chart_covariate *covariate;
    const double *last;        /* patients: last session attended; NaN unknown */
    const char *const *reason; /* patients: why treatment ended; "" unknown */
    size_t endpoints;
    const rac_chart_endpoint *endpoint;
    bool has_events; /* an adverse-event file was read (none in it is not the same as no file) */
    bool has_severity, has_seriousness; /* it says how severe an event was, and whether it was serious */
    size_t events;
    const rac_chart_event *event;
    const bool *safety; /* patients */

    /* What reading did, for the report. */
    size_t rows;             /* of scores read */
    size_t rows_unscheduled; /* left out: ANL01FL not Y */
    size_t patients_other;   /* in arms not compared */
    size_t patients_without_baseline;
    size_t notes;
    const char *const *note; /* sentences: what was ignored or assumed */
    size_t columns;          /* data dictionary */
    const struct rac_chart_column *column;
} rac_chart;

typedef struct rac_chart_column {
    const char *table; /* "chart", "ADSL", ... */
    const char *name;
    const char *role;         /* "patient", "score", "covariate", "not used" ... */
    bool numeric;             /* every filled cell is a number */
    size_t rows, filled;      /* cells; "", NA and "." are empty, 0 is not */
    size_t distinct;          /* words, counted up to 20; 21 means more */
    double low, high;         /* of a numeric column */
    const char *const *value; /* the first of the distinct words, at most 20 */
} rac_chart_column;

typedef struct rac_chart_file {
    const char *name; /* for messages; NULL: not given */
    rac_text bytes;
} rac_chart_file;

typedef struct rac_chart_options {
    const char *treated, *reference; /* arms as the file spells them, any case; NULL: chosen and said */
    const char *scale;               /* "PHQ-9", also the PARAMCD of ADQS; NULL: from the file */
    rac_chart_file map;              /* YAML; see docs/study.md */
    rac_chart_file events;           /* of a tidy chart: adverse events, named as in ADAE */
} rac_chart_options;

/* Problems carry file, line, column and field; reading goes on so that all are told at once.  RAC_INVALID
 * when there was any: a score outside its scale, two baselines, a patient-visit twice, visits whose days run
 * backwards, an arm nobody named or spelled two ways, a covariate changing within a patient, a unit in a
 * number, bytes that are not UTF-8, an arm without anybody. */
rac_status rac_chart_read(rac_arena *arena, const rac_chart_file *file, const rac_chart_options *options,
                          rac_chart *chart, rac_problems *problems);
/* adsl and adqs are needed; adtte and adae may be empty. */
rac_status rac_chart_read_adam(rac_arena *arena, const rac_chart_file *adsl, const rac_chart_file *adqs,
                               const rac_chart_file *adtte, const rac_chart_file *adae,
                               const rac_chart_options *options, rac_chart *chart, rac_problems *problems);
const rac_chart_covariate *rac_chart_covariate_find(const rac_chart *chart, const char *name);
/* The highest total that counts as remission on the chart's scale, and where that is written; NaN unknown. */
double rac_chart_remission(const rac_chart *chart, const char **source);

/* ---- options ------------------------------------------------------------------------------------------ */

/* The zero value: 95 %, Holm, alpha 0.05, 1,000 subsamples, all covariates, remission from the scale. */
typedef struct rac_study_options {
    double level;
    uint64_t seed;
    size_t covariates;
    const char *const *covariate; /* for balance and adjusted hazards; 0: all, and the baseline score.
                                     "BASE" names the baseline score */
    rac_adjustment adjustment;    /* RAC_ADJUST_NONE means Holm */
    double alpha;
    size_t subsamples;  /* of rac_study_onset_find; SIZE_MAX: none */
    double remission;   /* highest total that counts; 0: rac_chart_remission */
    bool jackknife;     /* standard errors in rac_study_missing: one more fit a patient */
    size_t imputations; /* of rac_study_missing, at least 2: where significance tips; 0: not asked */
    const char *event;  /* of rac_study_survive: an endpoint's code, or "response", "remission", "dropout" */
    rac_mixed_df df;    /* of the mixed model */
} rac_study_options;

/* Sentences printed below every analysis. */
const char *const *rac_study_limits(size_t *count);

/* ---- flow: who was there, and who left when and why ------------------------------------------------------
 */

typedef struct rac_study_dropout {
    const char *reason;
    double count[RAC_CHART_ARMS];
} rac_study_dropout;

/* One visit.  Lost: attended everything before and did not come to this one. */
typedef struct rac_study_step {
    size_t visit; /* the chart's index; 0 the baseline */
    size_t attended[RAC_CHART_ARMS], scored[RAC_CHART_ARMS], lost[RAC_CHART_ARMS];
    size_t reasons; /* of those lost, in the order met */
    const rac_study_dropout *reason;
} rac_study_step;

typedef struct rac_study_flow {
    size_t charted[RAC_CHART_ARMS], with_baseline[RAC_CHART_ARMS];
    size_t analysed[RAC_CHART_ARMS]; /* a baseline and at least one score after it */
    size_t unknown[RAC_CHART_ARMS];  /* nothing says how long they came; in no step after the baseline */
    size_t steps;
    const rac_study_step *step;
} rac_study_flow;
void rac_study_flow_of(rac_arena *arena, const rac_chart *chart, rac_study_flow *out);

/* ---- describe: the table before treatment -------------------------------------------------------------- */

typedef struct rac_study_variable {
    const char *name;
    bool numeric;
    size_t n[RAC_CHART_ARMS], missing[RAC_CHART_ARMS];
    rac_description arm[RAC_CHART_ARMS], all; /* numeric */
    size_t levels;                            /* otherwise */
    const char *const *level_name;
    const double *count[RAC_CHART_ARMS]; /* levels */
    double smd;                          /* signed for numbers and two levels, unsigned for more */
    rac_interval interval;               /* numbers and two levels */
    double variance_ratio, ks;           /* numbers */
} rac_study_variable;

typedef struct rac_study_description {
    size_t patients[RAC_CHART_ARMS];
    size_t variables;
    const rac_study_variable *variable; /* the baseline score first */
} rac_study_description;
rac_status rac_study_describe(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                              rac_study_description *out, rac_error *err);

/* ---- compare: change by visit -----------------------------------------------------------------------------
 */

/* Plain figures beside the model: means of what was seen. */
typedef struct rac_study_change {
    rac_t_test within[RAC_CHART_ARMS], between;                 /* change; paired t, Welch */
    rac_t_test percent_within[RAC_CHART_ARMS], percent_between; /* patients' percent change */
    rac_effect_size effect;                                     /* of the change */
    rac_percent_of_means percent_of_means[RAC_CHART_ARMS];
} rac_study_change;

/* change ~ arm x visit + baseline x visit, unstructured covariance, REML; the standard ladder when that does
 * not converge, told in fit.attempt.  Visits seen in nobody or only in one arm are left out and told. */
typedef struct rac_study_comparison {
    size_t visits;
    const size_t *visit; /* the chart's index of each */
    size_t left_out;
    const size_t *left_out_visit;
    size_t patients; /* with a baseline and at least one score after it */
    rac_mixed_usual model;
    rac_mixed_fit fit;
    rac_mixed_means means;          /* means.mean: arm x visit; means.difference: treated - reference */
    const rac_study_change *change; /* visits */
} rac_study_comparison;
rac_status rac_study_compare(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_comparison *out, rac_error *err);

/* ---- respond: responders, remitters
 * ------------------------------------------------------------------------- */

typedef struct rac_study_response {
    const char *outcome; /* "response", "remission", "dropout" */
    const char *rule;    /* "Session 3, observed", "Session 6, missing counted as failure", "ever" */
    size_t visit;        /* chart's index; 0 when not about one visit */
    rac_two_by_two counts;
    bool comparable; /* both arms have somebody */
    rac_proportions out;
    bool wanted; /* false of "dropout": fewer of them is the benefit */
    rac_nnt nnt; /* by that meaning; out.nnt takes every event for a wanted one */
} rac_study_response;

typedef struct rac_study_responses {
    double response_percent; /* fall that counts: 50 */
    double remission;        /* highest total; NaN: remission is not reported */
    const char *remission_source;
    size_t count;
    const rac_study_response *item;
} rac_study_responses;
rac_status rac_study_respond(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_responses *out, rac_error *err);

/* ---- onset: the first session that differs
 * -------------------------------------------------------------------- */

/* Three families of the mixed model: change in the treated, change in the reference, difference. */
typedef enum rac_study_family {
    RAC_FAMILY_TREATED,
    RAC_FAMILY_REFERENCE,
    RAC_FAMILY_DIFFERENCE,
    RAC_FAMILIES
} rac_study_family;

typedef struct rac_study_onset {
    size_t visits;
    const size_t *visit;
    rac_adjustment rule;
    double alpha;
    const rac_mixed_estimate *estimate[RAC_FAMILIES]; /* visits */
    rac_onset onset[RAC_FAMILIES][RAC_ADJUSTMENTS];   /* every rule, for comparison; read [rule] */
    /* The arms made equally large: the larger arm subsampled to the size of the smaller, without replacement,
     * the model fitted anew. */
    size_t patients[RAC_CHART_ARMS]; /* with any score after baseline */
    size_t subsample_size;
    size_t subsamples, failed;              /* fits made; of them without an answer */
    const size_t *subsampled[RAC_FAMILIES]; /* visits + 1: how often each session was the onset; last: none */
} rac_study_onset;
rac_status rac_study_onset_find(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                                rac_study_onset *out, rac_error *err);

/* ---- survive: time to something
 * ---------------------------------------------------------------------------------- */

typedef struct rac_study_survival {
    rac_chart_endpoint endpoint;
    rac_survival_curve *curve; /* reference, treated */
    rac_survival_quantile median[RAC_CHART_ARMS];
    double tau; /* horizon of the restricted means: the 80 % quantile (type 1) */
    rac_restricted_mean mean[RAC_CHART_ARMS];
    rac_restricted_difference mean_difference; /* treated - reference */
    rac_log_rank log_rank, peto;
    rac_cox_fit cox; /* arm alone */
    bool adjusted;
    rac_cox_fit cox_adjusted; /* arm, then adjusted_name[1 ...] */
    const char *const *adjusted_name;
    rac_cox_proportionality proportional; /* of `cox` */
} rac_study_survival;
rac_status rac_study_survive(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_survival *out, rac_error *err);

/* ---- balance: weights
 * --------------------------------------------------------------------------------------------- */

enum { RAC_STUDY_ESTIMANDS = 4 }; /* ATO first, as the one to read; then ATE, ATT, ATC */

typedef struct rac_study_balance {
    size_t patients, left_out; /* left out: a covariate is missing */
    const size_t *patient;     /* the chart's index of each */
    size_t columns;            /* of the balance table: numbers, one of two levels, each of more */
    const char *const *column_name;
    size_t model_columns; /* of the propensity model, constant included */
    const char *const *model_name;
    rac_estimand estimand[RAC_STUDY_ESTIMANDS];
    rac_weighting weighting[RAC_STUDY_ESTIMANDS];
    const rac_balance *balance[RAC_STUDY_ESTIMANDS]; /* columns */
    rac_balance score[RAC_STUDY_ESTIMANDS];          /* of the propensity score itself */
    rac_weighted_effect
        change[RAC_STUDY_ESTIMANDS]; /* last score seen minus baseline; 0 when none was seen */
    rac_weighted_effect percent[RAC_STUDY_ESTIMANDS];
    rac_t_test unweighted;         /* the same change, Welch */
    rac_t_test unweighted_percent; /* and percent change */
    const bool *treated;           /* patients */
    const double *last_change;
    rac_evalue e_value;                               /* of the unweighted standardised difference */
    rac_evalue e_value_weighted[RAC_STUDY_ESTIMANDS]; /* in the same pooled sd; NaN where too_few */
} rac_study_balance;
rac_status rac_study_balance_of(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                                rac_study_balance *out, rac_error *err);

/* ---- missing: what was never taken
 * ------------------------------------------------------------------------------- */

typedef struct rac_study_missing {
    size_t visits;
    const size_t *visit;
    size_t patients;
    size_t reasons;
    const rac_study_dropout *reason;
    double reasons_p;                   /* Fisher over reasons; NaN when it cannot be made */
    const double *seen[RAC_CHART_ARMS]; /* visits: patients with a score */
    rac_ancova legacy[3];               /* by rac_legacy */
    rac_reference_based imputed;        /* the reference arm's course imagined for those who left */
    rac_tipping_point tipping;          /* points added to the treated who left */
    size_t imputations;                 /* as asked; the next two lines hold when there are any */
    rac_pooled pooled;                  /* multiple imputation under MAR, Rubin's rules */
    rac_tipping_point tipping_p;        /* where its p passes alpha */
    double tipping_delta[13], tipping_effect[13];
} rac_study_missing;
rac_status rac_study_missing_of(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                                rac_study_missing *out, rac_error *err);

/* ---- adverse: side effects
 * ---------------------------------------------------------------------------------------- */

typedef struct rac_study_harm {
    const char *kind; /* "any", "serious", "severe", "system", "term" */
    const char *name;
    rac_event_counts counts; /* [0] reference, [1] treated */
    rac_incidence incidence; /* rates per session, when sessions are known */
} rac_study_harm;

typedef struct rac_study_harms {
    double patients[RAC_CHART_ARMS], sessions[RAC_CHART_ARMS];
    size_t count;
    const rac_study_harm *item; /* within a kind the most frequent first */
} rac_study_harms;
/* RAC_NOT_FOUND when the chart has no adverse events. */
rac_status rac_study_adverse(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_harms *out, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
