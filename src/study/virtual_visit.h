/* study/virtual_visit.h: the clinic around one virtual patient, from check-in to the door (internal).
 *
 * A visit owns the record (events as `care` knows them) and the folded session.  Before the start it is
 * driven by rac_visit_prepare; from the start on it is the controller of the simulation: rac_visit_turn.
 * Several visits can stand in one simulated time, each at its own `origin_h`: a course. */
#ifndef RACEMATE_STUDY_VIRTUAL_VISIT_H
#define RACEMATE_STUDY_VIRTUAL_VISIT_H

#include "study/virtual.h"
#include "study/virtual_person.h"

extern const rac_instant rac_virtual_morning; /* when a first visit is */

/* The model's covariates of one person, base units; RAC_INVALID for one that a virtual patient does not have.
 */
rac_status rac_virtual_covariates(const rac_model *model, double weight_kg, double age_year, double *values,
                                  rac_error *err);

typedef struct rac_visit_change { /* the state from `at` on */
    rac_instant at;
    rac_state state;
} rac_visit_change;

typedef struct rac_visit {
    const rac_virtual_clinic *clinic;
    rac_arena *arena;
    rac_virtual_person person;
    rac_facts facts;
    int number;                /* of the infusion to come: 1 for the first */
    rac_course_summary course; /* what the plan reads of the infusions before */
    rac_decimal wanted;        /* mg/kg to order; 0: the protocol's dose */
    rac_decimal otherwise;     /* ordered when the plan for `wanted` is refused; 0: nothing */

    /* the record, and what follows from it at `now` */
    rac_event *events;
    size_t count, capacity;
    rac_session session;
    rac_alarm_list alarms;
    rac_visit_change *changes;
    size_t change_count, change_capacity;

    /* where time stands, and what people have in mind */
    rac_instant now, start;
    double origin_h;     /* the simulation's time at `start` */
    double driver;       /* the concentration, or what the driver is */
    rac_regimen *orders; /* of the present turn */
    rac_instant held_at; /* valid while paused */
    rac_instant
        cleared_at;      /* while paused: since when nothing asks for the hold any more; INT64_MAX before */
    rac_instant cuff_at; /* while paused: the next repeated cuff */
    rac_instant look_at; /* while recovering: when to look at the discharge list; INT64_MAX never */
    bool looked_ahead;

    rac_decimal ordered; /* mg/kg of the plan; 0 without one */
    const char *refused; /* the guard that refused `wanted` when `otherwise` was ordered; NULL */
    rac_virtual_outcome *out;
    rac_virtual_curves *curves; /* or NULL */
} rac_visit;

/* A visit at check-in: nothing recorded yet, facts read, outcome empty.  The caller sets what differs from a
 * first visit before it is prepared. */
rac_status rac_visit_open(rac_arena *arena, const rac_virtual_clinic *clinic,
                          const rac_virtual_person *person, rac_instant start, rac_virtual_outcome *outcome,
                          rac_visit *visit, rac_error *err);
/* Check-in, weight, plan, ticks, baseline and the start gate.  False in *ready when the plan or the gate
 * refused: the outcome says why, and the session is cancelled. */
rac_status rac_visit_prepare(rac_visit *visit, bool *ready, rac_error *err);
/* The controller; context is the visit. */
rac_status rac_visit_turn(void *context, rac_control_turn *turn, rac_error *err);
/* The outcome at `visit->now`. */
void rac_visit_close(rac_visit *visit);

#endif
