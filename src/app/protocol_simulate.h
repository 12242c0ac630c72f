/* app/protocol_simulate.h: a protocol with its virtual patients (internal to the two files of the use case).
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

/* Pressure of the patients over time, with what share is in which state.  In the arena. */
rac_status rac_simulated_plot(rac_arena *arena, const rac_simulated_arm *arms, size_t count, rac_text *svg,
                              rac_error *err);

#endif
