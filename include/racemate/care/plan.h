/* racemate/care/plan.h: from a weight and a protocol to a dose, a syringe and a pump rate.
 *
 *   dose mg            = weight kg x dose mg/kg
 *   draw mL            = dose / vial strength, rounded to the draw syringe's marking
 *   diluent mL         = final volume - draw
 *   concentration      = drawn mg / final volume
 *   pump rate mL/h     = final volume / minutes x 60, rounded to what the pump can be set to
 *   mg/h, mg/kg/h, end = recomputed from the rounded draw and the settable rate
 *
 * The settable rate is the truth: every printed figure follows from it, so that a nurse who keys the
 * card's rate gets the card's dose.  All of it is exact decimal arithmetic, and a second computation in
 * floating point from the raw inputs must agree to the last printed digit or there is no plan.
 *
 * Guards answer the incidents G01..G22 (docs/incidents.md says which test holds each).
 */
#ifndef RACEMATE_CARE_PLAN_H
#define RACEMATE_CARE_PLAN_H

#include "racemate/protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What earlier sessions taught, for the next plan.  `course` fills it; all zero for a first session. */
typedef struct rac_course_summary {
    int infusions_given;
    bool has_last_weight;
    double last_weight_kg;
    bool has_last_dose;
    double last_dose_mg_per_kg;
    double last_peak_sbp_mmhg; /* 0 when none */
    bool has_proposal;         /* the protocol's dose steps propose a dose: said on the card, never taken */
    rac_decimal proposed_mg_per_kg;
    const char *proposed_because;
} rac_course_summary;

typedef struct rac_plan_request {
    rac_decimal weight_kg; /* measured, actual body weight */
    rac_instant weighed_at;
    rac_decimal dose_mg_per_kg; /* 0: the protocol's amount */
    double duration_min;        /* 0: the protocol's duration */
    const char *vial_code;      /* NULL: the stocked vial */
    bool weight_confirmed;      /* a person confirmed an implausible change of weight */
    rac_course_summary course;
} rac_plan_request;

/* A remark a person must see: what, the numbers, and the incident it guards against. */
typedef struct rac_plan_remark {
    const char *guard; /* "G10" */
    const char *text;
} rac_plan_remark;

/* Exact decimals, so that the card, the ledger and the pump agree to the last digit. */
typedef struct rac_plan {
    const char *vial_code;
    rac_decimal weight_kg;
    rac_instant weighed_at;
    rac_decimal ordered_mg_per_kg;
    rac_decimal ordered_mg;         /* weight x ordered, to 0.001 mg */
    rac_decimal strength_mg_per_ml; /* of the vial, ketamine base */
    rac_decimal container_ml;
    rac_decimal draw_ml;  /* what is drawn, at the syringe's marking */
    rac_decimal drawn_mg; /* draw x strength: what will be given */
    rac_decimal diluent_ml;
    rac_decimal final_volume_ml;
    rac_decimal concentration_mg_per_ml; /* to 0.000001 */
    rac_decimal rate_ml_per_h;           /* settable on the pump */
    rac_decimal rate_mg_per_h;           /* to 0.01 */
    rac_decimal rate_mg_per_kg_per_h;    /* to 0.001 */
    rac_decimal planned_min;             /* final volume / settable rate, to 0.01 min */
    rac_decimal given_mg_per_kg;         /* drawn / weight, to 0.001 */
    rac_decimal left_in_vial_mg;         /* container content - drawn: to account for as waste */
    const rac_plan_remark *remarks;
    size_t remark_count;
} rac_plan;

/* RAC_REFUSED with the guard named when a hard limit forbids the plan: weight outside the protocol's
 * range, weight changed beyond the site's limit and not confirmed, dose outside the allowed range, above
 * the cap in mg, faster than the label's rate, unknown vial, draw above the container or the draw syringe,
 * final volume above the syringe, rate above the pump, rounding beyond the tolerance, open site places. */
rac_status rac_plan_make(rac_arena *arena, const rac_protocol *protocol, const rac_plan_request *request,
                         rac_plan *plan, rac_error *err);

/* Recomputes every derived figure from weight, drawn volume, strength, final volume and the settable rate
 * in binary floating point and compares with the plan's to the last digit: RAC_REFUSED on any difference.
 * Called by rac_plan_make, and again before a signature and a start. */
rac_status rac_plan_verify(const rac_plan *plan, rac_error *err);

/* The one-page pump card as text: one "label: value unit" line a figure, remarks at the end. */
char *rac_plan_card(rac_arena *arena, const rac_protocol *protocol, const rac_plan *plan, int zone_min);

/* A typed order such as "35.7 mg" or "0.5 mg/kg" or "71.4 kg"; refuses a bare number, a concentration where
 * a quantity is wanted (G02), and kg written as lb is converted only when `from_pounds` is not NULL, which
 * then says so (G13).  `unit` is "mg", "mg/kg", "kg", "mL/h". */
rac_status rac_plan_quantity(rac_text typed, const char *unit, rac_decimal *amount, bool *from_pounds,
                             rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
