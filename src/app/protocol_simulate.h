/* app/protocol_simulate.h: a protocol with its virtual patients (internal to the files of the use case).
 */
#ifndef RACEMATE_APP_PROTOCOL_SIMULATE_H
#define RACEMATE_APP_PROTOCOL_SIMULATE_H

#include "app/internal.h"
#include "base/figure.h"
#include "study/virtual.h"

enum { RAC_SIMULATED_MINUTES = 241, RAC_SIMULATED_CURVES = 2000 };

typedef struct rac_simulated_arm {
    const char *file; /* as the user knows it */
    const char *site; /* the file that filled its open places; NULL: none was open */
    const rac_protocol *protocol;
    rac_virtual_clinic clinic;
    rac_virtual_outcome *outcomes; /* patients */
    rac_virtual_figure *figures;
    size_t figure_count;
    /* of the first patients, when a picture was asked for: patients x minutes */
    size_t curves;
    double *sbp, *reading_sbp, *driver;
    unsigned char *state;
} rac_simulated_arm;

/* How many, which, and what the progress bar shows: `done` of `total` sessions before this treatment. */
typedef struct rac_simulated_run {
    size_t patients, threads;
    uint64_t seed;
    double done, total;
} rac_simulated_run;

/* Treats patients 0 .. patients - 1 under an opened arm; fills outcomes (which must have room), and curves as
 * far as the arm has room for them.  run->done grows. */
rac_status rac_simulated_treat(rac_call *call, rac_simulated_arm *arm, rac_simulated_run *run,
                               rac_error *err);

/* Each number of the patient file `percent` lower and higher, the others as they are: what that does to the
 * share who are not treated, the share held, and the time to leave.  Sessions it takes, and the answer in
 * words and as a list. */
size_t rac_simulated_vary_sessions(const rac_virtual_patient *patient, double percent, size_t patients);
rac_status rac_simulated_vary(rac_call *call, const rac_simulated_arm *base, double percent,
                              rac_simulated_run *run, const char **text, json_t **list, rac_error *err);

/* Pressure of the patients over time, with what share is in which state.  In the arena. */
rac_status rac_simulated_plot(rac_arena *arena, const rac_simulated_arm *arms, size_t count, rac_text *svg,
                              rac_error *err);

#endif
