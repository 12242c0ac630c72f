/* app/protocol_course.h: a protocol with the courses of its virtual patients (internal to the files of the
 * use case). */
#ifndef RACEMATE_APP_PROTOCOL_COURSE_H
#define RACEMATE_APP_PROTOCOL_COURSE_H

#include "app/protocol_simulate.h"
#include "study/virtual_course.h"

/* The figures of one infusion, or of whole courses. */
typedef struct rac_simulated_figures {
    rac_virtual_figure *items;
    size_t count;
} rac_simulated_figures;

typedef struct rac_simulated_courses {
    const rac_simulated_arm *arm;
    rac_virtual_schedule schedule;
    rac_virtual_course *courses; /* patients */
    size_t patients;
    rac_simulated_figures whole;
    rac_simulated_figures *infusions; /* schedule.infusions */
} rac_simulated_courses;

/* The figure named `key`; it must be there. */
const rac_virtual_figure *rac_simulated_figure(const rac_simulated_figures *figures, const char *key);

/* Two arms set side by side: whole courses, and each infusion that both protocols have. */
typedef struct rac_simulated_difference {
    rac_simulated_figures whole;
    rac_simulated_figures *infusions;
    int infusion_count;
} rac_simulated_difference;

/* The answer for people and for programs.  `difference` is NULL with one arm. */
rac_status rac_simulated_courses_answer(rac_call *call, const rac_simulated_ask *ask,
                                        const rac_simulated_courses *arms,
                                        const rac_simulated_difference *difference, rac_reply *reply,
                                        rac_error *err);
/* One row an appointment. */
rac_status rac_simulated_courses_rows(rac_call *call, const rac_simulated_courses *arms, size_t count,
                                      rac_error *err);
/* By infusion: who is treated, doses, levels, holds, scores, response. */
rac_status rac_simulated_courses_plot(rac_arena *arena, const rac_simulated_courses *arms, size_t count,
                                      rac_text *svg, rac_error *err);

#endif
