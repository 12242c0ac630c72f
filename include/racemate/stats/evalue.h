/* racemate/stats/evalue.h: how strong would an unmeasured confounder have to be?
 *
 * The E-value is the smallest risk ratio that a confounder would need with both treatment and outcome,
 * beyond the measured ones, to explain an association away: with RR' = max(RR, 1/RR),
 *
 *     E = RR' + sqrt(RR' (RR' - 1))
 *
 * and for the interval the same with the limit nearer 1, or 1 when the interval covers 1.  Other
 * scales are first brought to an approximate risk ratio.
 *
 *     rac_evalue e;
 *     check(rac_evalue_of(&(rac_evalue_data){.scale = RAC_EVALUE_RISK_RATIO, .estimate = 3.9,
 *                                            .lower = 1.8, .upper = 8.7}, &e, &err));     e.point == 7.26
 *
 * Source: VanderWeele & Ding 2017 (doi:10.7326/M16-2607). */
#ifndef RACEMATE_STATS_EVALUE_H
#define RACEMATE_STATS_EVALUE_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "Rare" means an outcome in less than 15 % at the end of follow-up; say which was assumed. */
typedef enum rac_evalue_scale {
    RAC_EVALUE_RISK_RATIO,          /* as it is; also odds and hazard ratios of a rare outcome */
    RAC_EVALUE_ODDS_RATIO_COMMON,   /* RR = sqrt(OR) */
    RAC_EVALUE_HAZARD_RATIO_COMMON, /* RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)) */
    RAC_EVALUE_STANDARDISED /* difference in standard deviations d: RR = exp(0.91 d), limits exp(0.91 d
                               -+ 1.78 se) */
} rac_evalue_scale;

typedef struct rac_evalue_data {
    rac_evalue_scale scale;
    double estimate;
    double lower, upper; /* limits of a ratio; both 0: not known */
    double se;           /* STANDARDISED only: standard error of d; 0: not known */
} rac_evalue_data;

typedef struct rac_evalue {
    double rr, rr_lower, rr_upper; /* on the risk-ratio scale; limits NaN when not known */
    double point;                  /* E-value of the estimate */
    double limit;                  /* of the limit nearer 1; NaN when the interval is not known */
    bool limit_known;
} rac_evalue;

/* RAC_INVALID: a ratio that is not positive and finite, limits that do not enclose the estimate, a
 * negative standard error. */
rac_status rac_evalue_of(const rac_evalue_data *data, rac_evalue *evalue, rac_error *err);

/* A difference of means with its standard error, in units of the outcome, made STANDARDISED by the
 * pooled standard deviation `sd` > 0. */
rac_status rac_evalue_of_means(double difference, double se, double sd, rac_evalue *evalue, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
