/* racemate/stats/survival.h: time until something happens: Kaplan-Meier, log-rank, restricted means.
 *
 * Times carry the caller's unit (sessions or days) and so do results.  Beware of ADTTE: its CNSR is 1 when
 * censored, `event` here is true when the event was seen.  At equal times events come before censorings.
 * Times closer than 1.5e-8 (absolute, or relative to the mean time) count as equal, as in R's survival.
 *
 *     rac_survival_data data = {.n = n, .time = sessions, .event = responded, .group = arm, .groups = 2};
 *     rac_survival_curve *curve;                            one a group
 *     rac_kaplan_meier(arena, &data, NULL, &curve, err);
 *     rac_survival_quantile median;
 *     rac_survival_quantile_of(arena, &curve[1], 0.5, &median, err);
 */
#ifndef RACEMATE_STATS_SURVIVAL_H
#define RACEMATE_STATS_SURVIVAL_H

#include "racemate/stats/estimate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arrays of n, borrowed.  A row with a missing (NaN) time, start or weight is left out and counted. */
typedef struct rac_survival_data {
    size_t n;
    const double *time;   /* >= 0, finite */
    const bool *event;    /* seen at `time`; otherwise censored there */
    const double *start;  /* at risk from here on, exclusive, below `time`; NULL: from the beginning */
    const double *weight; /* > 0; NULL: 1 each.  Weight 0 leaves the row out */
    const int *group;     /* 0 .. groups - 1; NULL: one group */
    int groups;
    const int *stratum; /* any numbers; comparisons are made within; NULL: one stratum */
    const int *cluster; /* any numbers; rows of one patient share it; NULL: each row is a patient */
} rac_survival_data;

/* ---- Kaplan-Meier ------------------------------------------------------------------------------ */

typedef enum rac_survival_interval {
    RAC_SURVIVAL_LOG_LOG, /* on ln(-ln S): stays in (0, 1); SAS's default; unknown while S is 1 */
    RAC_SURVIVAL_LOG,     /* on ln S; R's default */
    RAC_SURVIVAL_PLAIN    /* on S, cut at 0 and 1 */
} rac_survival_interval;

/* Zero (or NULL) is log-log at 0.95 with Greenwood's error. */
typedef struct rac_survival_options {
    rac_survival_interval interval;
    double level; /* 0 means 0.95 */
    /* The infinitesimal jackknife instead of Greenwood, one contribution a row; with weights this is the
     * error to use, because Greenwood takes a weight for that many patients. */
    bool robust;
} rac_survival_options;

/* One distinct time. */
typedef struct rac_survival_point {
    double time;
    double at_risk; /* sums of weights */
    double events;
    double censored;
    double survival; /* after this time */
    double std_err;  /* of `survival`; not estimable once it is 0 */
    double lower;    /* not estimable once survival is 0, and under log-log while it is 1 */
    double upper;
} rac_survival_point;

typedef struct rac_survival_curve {
    size_t n; /* rows */
    size_t missing;
    double events; /* sums of weights */
    size_t count;
    rac_survival_point *points; /* upwards in time */
    rac_survival_interval interval;
    double level;
    rac_notes notes; /* RAC_NOTE_EMPTY_GROUP, RAC_NOTE_NO_EVENTS, RAC_NOTE_MISSING */
} rac_survival_curve;

/* Kaplan and Meier 1958 (doi:10.1080/01621459.1958.10501452), Greenwood 1926.  *curves becomes one a group
 * (strata are not looked at).  RAC_INVALID for times, weights or groups that cannot be. */
rac_status rac_kaplan_meier(rac_arena *arena, const rac_survival_data *data,
                            const rac_survival_options *options, rac_survival_curve **curves, rac_error *err);

/* The curve at a time, and how many are at risk just before it (the table under a plot). */
typedef struct rac_survival_at {
    double at_risk;
    double survival;
    double lower;
    double upper;
} rac_survival_at;
rac_survival_at rac_survival_at_time(const rac_survival_curve *curve, double time);

/* The time by which a share `probability` (0.5: median) has had the event: the first with S <= 1 -
 * probability; when the curve is flat exactly there, the middle of the flat part (Brookmeyer and
 * Crowley 1982, doi:10.2307/2530286).  Limits by the same rule on the curve's limits; where few are at risk
 * a limit may rise again, and then its step nearest below counts, as in R.  Not reached: not estimable. */
typedef struct rac_survival_quantile {
    double time;
    rac_interval interval;
    rac_notes notes; /* RAC_NOTE_NOT_REACHED */
} rac_survival_quantile;
rac_status rac_survival_quantile_of(rac_arena *arena, const rac_survival_curve *curve, double probability,
                                    rac_survival_quantile *out, rac_error *err);

/* Mean time free of the event within the first tau: the area under the curve (Irwin 1949), with the
 * error of Greenwood's kind.  Beyond the last time the curve is carried on and a note says so. */
typedef struct rac_restricted_mean {
    double tau;
    double mean;
    double se;
    rac_interval interval;
    rac_notes notes; /* RAC_NOTE_BEYOND, RAC_NOTE_EMPTY_GROUP */
} rac_restricted_mean;
rac_status rac_restricted_mean_of(const rac_survival_curve *curve, double tau, rac_restricted_mean *out,
                                  rac_error *err);
/* First minus second, independent groups; z and p by the normal. */
typedef struct rac_restricted_difference {
    double difference;
    double se;
    double p_value;
    rac_interval interval;
} rac_restricted_difference;
rac_restricted_difference rac_restricted_mean_difference(const rac_restricted_mean *first,
                                                         const rac_restricted_mean *second, double level);

/* ---- log-rank -------------------------------------------------------------------------------------- */

/* The G-rho family of Harrington and Fleming 1982 (doi:10.1093/biomet/69.3.553): events weigh S(t-)^rho.
 * rho 0 is the log-rank test (Mantel 1966), rho 1 Peto and Peto's Wilcoxon.  Stratified: sums over strata.
 * Weights are RAC_UNSUPPORTED: use a Cox model with robust errors. */
typedef struct rac_log_rank {
    int groups;
    const double *n;        /* rows, each of `groups` */
    const double *observed; /* weighted events */
    const double *expected;
    const double *covariance; /* groups x groups, of observed - expected */
    double chi_square;
    double df; /* groups with anything expected, less one */
    double p_value;
    size_t missing;
    rac_notes notes; /* RAC_NOTE_NO_EVENTS, RAC_NOTE_EMPTY_GROUP, RAC_NOTE_MISSING */
} rac_log_rank;
rac_status rac_log_rank_test(rac_arena *arena, const rac_survival_data *data, double rho, rac_log_rank *out,
                             rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
