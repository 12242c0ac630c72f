/* racemate/stats/rates.h: side effects: who had one, how many there were, per how much exposure.
 *
 * Group 1 against group 0.  Exposure has the caller's unit (sessions, patient-days); rates are events
 * per unit: multiply by 100 for "per 100 sessions". */
#ifndef RACEMATE_STATS_RATES_H
#define RACEMATE_STATS_RATES_H

#include "racemate/stats/proportions.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_rate {
    double rate;           /* events / exposure */
    rac_interval interval; /* exact Poisson: half chi-square quantiles (Garwood 1936); lower 0 at 0 events */
} rac_rate;

/* events: a whole number >= 0; exposure > 0. */
rac_status rac_rate_of(double events, double exposure, double level, rac_rate *out, rac_error *err);

/* Ratio of two Poisson rates, exact given the total: Clopper-Pearson limits of the share of events in
 * group 1 (Przyborowski and Wilenski 1940); p-value: all splits no more likely than the one seen. */
typedef struct rac_rate_ratio {
    double ratio; /* 0 or INFINITY with no event in one group; not estimable without any */
    rac_interval interval;
    double p_value;
    rac_notes notes; /* RAC_NOTE_NO_EVENTS, RAC_NOTE_GROUP_WITHOUT_EVENTS */
} rac_rate_ratio;
rac_status rac_rate_ratio_of(double events1, double exposure1, double events0, double exposure0, double level,
                             rac_rate_ratio *out, rac_error *err);

/* One line of a side-effect table. */
typedef struct rac_incidence_counts {
    double subjects1; /* with at least one event */
    double n1;        /* in the safety set */
    double events1;
    double exposure1;
    double subjects0;
    double n0;
    double events0;
    double exposure0;
} rac_incidence_counts;

typedef struct rac_incidence {
    double percent1; /* 100 subjects / n */
    double percent0;
    rac_proportions subjects; /* difference, its intervals, Fisher's p */
    rac_rate rate1;
    rac_rate rate0;
    rac_rate_ratio rate_ratio;
} rac_incidence;
rac_status rac_incidence_compare(rac_arena *arena, rac_incidence_counts counts, double level,
                                 rac_incidence *out, rac_error *err);

/* Counts events by group: `subject` and `severity` hold one number per event, `group_of` one per subject
 * (0 or 1; another value leaves the subject out, as one outside the safety set).  Severities run
 * from 1 to RAC_SEVERITIES; a NULL `severity` counts everything as 1.  A NULL `chosen` takes all events. */
enum { RAC_SEVERITIES = 5 };
typedef struct rac_event_counts {
    double subjects[2];
    double events[2];
    double worst[2][RAC_SEVERITIES + 1]; /* subjects whose worst event had this severity; [0] is unused */
} rac_event_counts;
rac_status rac_events_count(rac_arena *arena, const int *group_of, size_t subjects, const size_t *subject,
                            const int *severity, const bool *chosen, size_t events, rac_event_counts *out,
                            rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
