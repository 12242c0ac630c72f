/* racemate/pharma/events.h: tables of doses and samples as NONMEM, nlmixr and others write them.
 *
 * Comma-separated, one header line, one row an event; `.` (or nothing) is missing.  Upper and lower case of
 * column names do not matter, their order neither.
 *
 *     ID     subject; rows of one subject stand together
 *     TIME   h, not falling within a subject
 *     AMT    mg
 *     RATE   mg/h: 0 bolus, > 0 infusion, -1 and -2 as the route's own rate or duration says
 *     EVID   0 sample, 1 dose, 2 other, 3 reset, 4 reset and dose
 *     CMT    of a dose the route, of a sample the output: by name, or from 1 in the order of the model
 *     DVID   of a sample the output, instead of CMT (as nlmixr and Monolix have it)
 *     DV     the measured value, in the unit of the output (mg/L)
 *     MDV    1: there is none
 *     BLQ    1: the value is below the limit of quantification, and DV is that limit
 *     OCC    occasion, a whole number: what varies between occasions is drawn anew for each
 *     ADDL   this many further doses
 *     II     so far apart, h
 *     SS     1 steady state, 2 added to what is there
 *
 * Without EVID a row with AMT or RATE is a dose; without CMT it is 1; without OCC all is one occasion.  BLQ 1
 * is method M3 of Beal 2001 (doi:10.1023/a:1012299115260); with MDV 1 the row is left out instead (his M1).
 *
 * An infusion runs AMT / RATE hours; where the route has one part and that part a bioavailability, F AMT /
 * RATE, as in NONMEM.  (A route of several parts, as racemic ketamine by enantiomer, splits one pump.)
 *
 * Other columns named as a covariate of the model are covariates, in the model's unit; the value of a row
 * holds from its time on, and a missing one is carried forward.  (NONMEM reaches back instead: there a row's
 * covariates hold since the row before.  Where a covariate changes at a sample the two differ.)
 *
 * What NONMEM passes over in silence is refused here: text in DV (it reads 0), ADDL without II (it does
 * nothing), EVID 1 without an amount, a dose on a sample's or a reset's row, a value on a dose's row with MDV
 * 0, BLQ 1 without the limit, a covariate that cannot be (rac_covariate_possible).  Every fault is reported
 * with row and column.
 */
#ifndef RACEMATE_PHARMA_EVENTS_H
#define RACEMATE_PHARMA_EVENTS_H

#include "racemate/pharma/dosing.h"
#include "racemate/pharma/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rac_sample {
    double time_h;
    int output;    /* index into the outputs of the model */
    bool measured; /* false: EVID 2 or MDV 1; a prediction is wanted, there is no value */
    bool below;    /* the value is below `value`, the limit of quantification */
    double value;
    size_t row; /* data row of the table, from 1 */
} rac_sample;

/* One subject.  The regimen holds an observation event for each sample, in order, so that rac_population_run
 * without times_h answers at each of them; epochs and constants are what rac_population wants. */
typedef struct rac_events_subject {
    double id;
    rac_regimen regimen;
    rac_sample *samples;
    size_t sample_count, sample_capacity;
    int epochs;
    double *epoch_h;   /* epochs */
    int *occasion;     /* epochs: from 0 */
    double *constants; /* epochs x covariates, base units */
    size_t epoch_capacity, occasion_count, occasion_capacity, constant_count, constant_capacity;
} rac_events_subject;

typedef struct rac_events {
    rac_events_subject *subjects;
    size_t count, capacity;
    const char *unread; /* names of columns that mean nothing here, with commas; NULL: none */
} rac_events;

/* Reads a table for a model.  Not RAC_OK when `problems` has grown; it grows by 100 at most, and rows below
 * the last are not looked at then. */
rac_status rac_events_read(rac_arena *arena, rac_text bytes, const char *file, const rac_model *model,
                           rac_events *events, rac_problems *problems);

#ifdef __cplusplus
}
#endif
#endif
