/* app/protocol_simulate.h: a protocol with its virtual patients (internal to the files of the use case).
 */
#ifndef RACEMATE_APP_PROTOCOL_SIMULATE_H
#define RACEMATE_APP_PROTOCOL_SIMULATE_H

#include "app/internal.h"
#include "base/figure.h"
#include "study/virtual.h"

enum {
    RAC_SIMULATED_MINUTES = 241,
    RAC_SIMULATED_CURVES = 2000,
    RAC_SIMULATED_THREADS = 64,
    RAC_SIMULATED_ARMS = 2
};

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

/* What was asked: files read, models and protocols opened. */
typedef struct rac_simulated_ask {
    int64_t patients, seed, threads, vary;
    bool course;       /* sessions one after another */
    int infusions;     /* at most; 0: as many as the protocol says */
    double every_days; /* 0: by the protocol */
    rac_virtual_patient patient;
    rac_model *model;
    bool demo; /* the site's values are the demonstration's */
    size_t arms;
    rac_simulated_arm arm[RAC_SIMULATED_ARMS];
} rac_simulated_ask;

/* The use case for a course: treats, answers, and writes what was asked for. */
rac_status rac_simulated_course(rac_call *call, rac_simulated_ask *ask, rac_reply *reply, rac_error *err);

/* ---- many patients ---- */

/* `one` does one patient on any thread; words of outcomes that must outlive it go to `kept`, whose life ends
 * after keep_all has copied them. */
typedef struct rac_simulated_work {
    rac_status (*one)(void *context, size_t patient, const rac_simulated_run *run, rac_arena *kept,
                      rac_error *err);
    void (*keep_all)(void *context, const rac_simulated_run *run, rac_arena *arena);
    const char *what; /* on the progress bar */
    size_t batch;     /* patients between two looks at it; 0: many */
} rac_simulated_work;

/* Patients 0 .. run->patients - 1; the same whatever the threads.  run->done grows. */
rac_status rac_simulated_each(rac_call *call, const rac_simulated_work *work, void *context,
                              rac_simulated_run *run, rac_error *err);
/* The words of an outcome, copied. */
void rac_simulated_keep(rac_arena *arena, rac_virtual_outcome *outcome);

/* ---- words ---- */

/* Protocols, model, patients and whose values fill open places; more[i], if not NULL, follows arm i. */
const char *rac_simulated_head(rac_arena *arena, const rac_simulated_ask *ask, const char *const *more);
int rac_simulated_digits(const rac_virtual_figure *figure); /* after the point */
const char *rac_simulated_shown(rac_arena *arena, const rac_virtual_figure *figure);
/* Pads by letters, not bytes. */
const char *rac_simulated_padded(rac_arena *arena, const char *text, int width);
/* One line a figure: name, mean and spread of each arm, and the difference when there is one. */
const char *rac_simulated_figures_text(rac_arena *arena, const rac_virtual_figure *const *arms, size_t count,
                                       size_t figures, const rac_virtual_figure *difference);
/* Why people were not treated, each reason once; appended to `list` too. */
const char *rac_simulated_reasons(rac_arena *arena, const char *title, const rac_virtual_outcome *outcomes,
                                  size_t count, json_t *list);
/* Every number of the patient file, those of the course too: first the published, then the assumed. */
const char *rac_simulated_numbers(rac_arena *arena, const rac_virtual_patient *patient, bool course);
json_t *rac_simulated_real(double value); /* null for NaN */
json_t *rac_simulated_figures_json(const rac_virtual_figure *figures, size_t count);
json_t *rac_simulated_numbers_json(const rac_virtual_patient *patient, bool course);

/* ---- one session ---- */

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
