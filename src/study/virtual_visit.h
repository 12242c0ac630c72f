/* study/virtual_visit.h: the clinic around one virtual patient, from check-in to the door (internal).
 *
 * A visit owns the record (events as `care` knows them) and the folded session.  Before the start it is
 * driven by rac_visit_prepare; from the start on it is the controller of the simulation: rac_visit_turn. */
#ifndef RACEMATE_STUDY_VIRTUAL_VISIT_H
#define RACEMATE_STUDY_VIRTUAL_VISIT_H

#include "study/virtual.h"
#include "study/virtual_person.h"

typedef struct rac_visit_change { /* the state from `at` on */
    rac_instant at;
    rac_state state;
} rac_visit_change;

typedef struct rac_visit {
    const rac_virtual_clinic *clinic;
    rac_arena *arena;
    rac_virtual_person person;
    rac_facts facts;

    /* the record, and what follows from it at `now` */
    rac_event *events;
    size_t count, capacity;
    rac_session session;
    rac_alarm_list alarms;
    rac_visit_change *changes;
    size_t change_count, change_capacity;

    /* where time stands, and what people have in mind */
    rac_instant now, start;
    double driver;       /* the concentration, or what the driver is */
    rac_regimen *orders; /* of the present turn */
    rac_instant held_at; /* valid while paused */
    rac_instant
        cleared_at;      /* while paused: since when nothing asks for the hold any more; INT64_MAX before */
    rac_instant cuff_at; /* while paused: the next repeated cuff */
    rac_instant look_at; /* while recovering: when to look at the discharge list; INT64_MAX never */
    bool looked_ahead;

    rac_virtual_outcome *out;
    rac_virtual_curves *curves; /* or NULL */
} rac_visit;

/* Check-in, weight, plan, ticks, baseline and the start gate.  False in *ready when the plan or the gate
 * refused: the outcome says why, and the session is cancelled. */
rac_status rac_visit_prepare(rac_visit *visit, bool *ready, rac_error *err);
/* The controller; context is the visit. */
rac_status rac_visit_turn(void *context, rac_control_turn *turn, rac_error *err);

#endif
