/* link/hl7_oru.h: observations from monitors (ORU^R01, IHE PCD-01) as rows, and back.
 *
 * Every OBX segment becomes one row, with a verdict: charted, or kept with the reason why not.  A row
 * is charted only when its code and name agree (or the code is Philips' MDIL), its unit converts, its
 * value is a plain number inside the physical range of its quantity, its status and flags allow it,
 * and its time is known.  One bad row never loses its neighbours; a message with nothing to chart is
 * accepted all the same. */
#ifndef RACEMATE_LINK_HL7_ORU_H
#define RACEMATE_LINK_HL7_ORU_H

#include "link/hl7.h"
#include "link/mdc.h"

typedef enum rac_hl7_verdict {
    RAC_HL7_CHART,     /* goes to the chart */
    RAC_HL7_SIMULATED, /* would be charted, but is demonstration, test or training */
    RAC_HL7_REJECTED,  /* a quantity we chart, but this value must not be: see `reason` */
    RAC_HL7_CONFLICT,  /* what the code says and what the name says differ */
    RAC_HL7_OTHER      /* nothing we chart: the device tree, waveforms, texts, other quantities */
} rac_hl7_verdict;
const char *rac_hl7_verdict_name(rac_hl7_verdict verdict); /* "chart", "simulated", "reject", ... */

/* All text is NUL-terminated UTF-8, "" when not said. */
typedef struct rac_hl7_observation {
    const char *set_id;               /* OBX-1 */
    const char *code, *name, *system; /* OBX-3 as sent */
    const char *value;                /* OBX-5 as sent */
    const char *unit;                 /* OBX-6 as sent */
    const char *limits;               /* OBX-7: the alarm range set on the monitor */
    const char *flags;                /* OBX-8, repetitions as sent */
    const char *status;               /* OBX-11: "R", "F", "C", "D", "X", ... */
    const char *place;                /* OBX-4: MDS.VMD.channel.metric */
    const char *device;               /* OBX-18, else MSH-3: the EUI-64 where there is one */
    const char *patient;              /* PID-3.1 of the PID this row follows */
    rac_mdc_quantity quantity;        /* RAC_QUANTITY_NONE when not known */
    const rac_mdc_term *term;         /* NULL when not known */
    bool has_value;
    double converted; /* in the quantity's unit; set when has_value */
    bool has_time;
    rac_instant observed; /* OBX-14, else its channel's, else OBR-7, OBR-14, MSH-7 */
    rac_hl7_verdict verdict;
    const char *reason; /* why it is not charted; "" when it is */
    size_t measurement; /* rows of one measurement share this number, from 1: systolic, diastolic and
                         * mean of one cuff inflation stay together; 0 when it has no quantity or time */
    bool preferred;     /* among charted rows of one measurement for the same reading (heart rate from
                         * ECG and oximeter, two breathing rates) the one to use */
} rac_hl7_observation;

typedef struct rac_hl7_observations {
    const char *control_id;             /* MSH-10 */
    const char *application, *facility; /* MSH-3.1, MSH-4.1 */
    const char *bed;                    /* PV1-3 point of care, room and bed, blanks between */
    const char *patient;                /* PID-3.1 of the first PID; "" when nobody is admitted */
    rac_hl7_observation *rows;
    size_t count;
    size_t charted;
    size_t measurements;
} rac_hl7_observations;

/* RAC_UNSUPPORTED when the message is not ORU^R01, RAC_INVALID when it has no OBR segment; both are
 * for the acknowledgement (rac_hl7_answer_for). */
rac_status rac_hl7_observations_read(rac_arena *arena, const rac_hl7_message *message,
                                     const rac_hl7_sender *sender, rac_hl7_observations *observations,
                                     rac_error *err);

/* ---- writing ----------------------------------------------------------------------------------- */

typedef struct rac_hl7_sample {
    rac_mdc_quantity quantity;
    double value; /* in the quantity's unit */
    rac_instant at;
} rac_hl7_sample;

typedef struct rac_hl7_source {
    const char *application; /* MSH-3.1, such as "RACEMATE DEMO" */
    const char *device;      /* EUI-64, 16 hexadecimal digits */
    const char *bed;         /* PV1-3.3; NULL or "": none */
    const char *patient;     /* PID-3.1; NULL or "": nobody admitted */
    const char *control_id;  /* MSH-10 */
    rac_instant sent;        /* MSH-7 */
    char processing;         /* MSH-11; 0: 'P' */
} rac_hl7_source;

/* An ORU^R01 in the manner of IHE PCD-01 with one OBX a sample; times are UTC.  RAC_INVALID when a
 * value is not finite. */
rac_status rac_hl7_observations_write(rac_arena *arena, const rac_hl7_source *source,
                                      const rac_hl7_sample *samples, size_t count, rac_text *message,
                                      rac_error *err);

#endif
