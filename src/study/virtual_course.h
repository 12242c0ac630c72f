/* study/virtual_course.h: a virtual patient's course, session after session.
 *
 * One simulated time holds all of it: what is left of the drug when the next session begins is there, exactly
 * (racemate/pharma/controller.h).  At each appointment the scale of the protocol is asked, the course is
 * folded as for a real patient (racemate/care/course.h), and it says whether there is another infusion and
 * which dose the protocol's steps propose; the virtual prescriber orders what is proposed, or the dose before
 * where the plan refuses the step.  Then the session runs as in study/virtual.h.
 *
 *   come back       every `every_days`; not after an infusion with the probability of the patient file, until
 * the least number of infusions of the protocol is reached
 *   sent home       by the start list: they come to the next appointment
 *   review          the virtual prescriber goes on; the course ends where `care` says that it is over
 *   last asking     one interval after the last infusion
 *
 * The first session is that of rac_virtual_session, bit for bit.  Resting values, weight and drug kinetics of
 * a person stay the same over the course; cuff errors are new at each visit. */
#ifndef RACEMATE_STUDY_VIRTUAL_COURSE_H
#define RACEMATE_STUDY_VIRTUAL_COURSE_H

#include "study/virtual.h"

/* ---- when ---- */

typedef struct rac_virtual_schedule {
    const rac_scale *scale; /* the protocol's primary one */
    double every_days;
    int infusions; /* most of them */
    int least;     /* of the protocol, or `infusions` when that is fewer: until then people leave */
    size_t visits; /* appointments within the protocol's weeks */
} rac_virtual_schedule;

/* `every_days` 0: the fewest whole days that the protocol's spacing allows and that make its least number of
 * infusions last its least number of weeks.  `infusions` 0: as many as the protocol says.  RAC_INVALID: the
 * patient file has no course, or one of another scale than the protocol's; days outside the spacing. */
rac_status rac_virtual_schedule_of(const rac_virtual_clinic *clinic, double every_days, int infusions,
                                   rac_virtual_schedule *schedule, rac_error *err);

/* ---- one course ---- */

/* An appointment that was kept. */
typedef struct rac_virtual_visited {
    double day;
    int infusion;                      /* which of the course; 0: no drug was given */
    int score;                         /* asked at check-in */
    double dose_mg_per_kg;             /* ordered; NAN without a plan */
    rac_dose_move move;                /* against the infusion before */
    const char *step_refused;          /* the guard that refused the proposed step; NULL.  In the arena. */
    double driver_before, driver_peak; /* the driver at check-in, and the highest the clinic saw */
    double metabolite_before;          /* norketamine; NAN when the model has none */
    bool asked;                        /* the scale after this infusion: at the next appointment */
    int score_after;
    double improvement; /* %, against the first asking */
    bool response, remission;
    const rac_event *events; /* the record, session.events of them.  In the arena. */
    rac_virtual_outcome session;
} rac_virtual_visited;

typedef enum rac_virtual_course_end {
    RAC_VIRTUAL_COMPLETED,     /* by the protocol, or the infusions asked for */
    RAC_VIRTUAL_LEFT_COURSE,   /* did not come back */
    RAC_VIRTUAL_RAN_OUT,       /* of appointments: sent home too often */
    RAC_VIRTUAL_NEVER_PLANNED, /* the plan was refused */
    RAC_VIRTUAL_STAYED         /* not ready to leave after the longest session */
} rac_virtual_course_end;

typedef struct rac_virtual_course {
    rac_virtual_course_end end;
    rac_virtual_visited *visits; /* schedule.visits of the caller's */
    size_t visit_count;
    int infusions;
    double given_mg;
    int score;               /* the first asking */
    double day;              /* of the last appointment kept, the last asking included */
    const rac_score *scores; /* every asking, in the arena */
    size_t score_count;
} rac_virtual_course;

/* Patient `subject` (from 0) of `seed`; `course->visits` must have room for schedule->visits.  Errors are
 * those of the program, never an outcome. */
rac_status rac_virtual_course_run(rac_arena *arena, const rac_virtual_clinic *clinic,
                                  const rac_virtual_schedule *schedule, uint64_t seed, uint64_t subject,
                                  rac_virtual_course *course, rac_error *err);

/* ---- many ---- */

/* Figures of whole courses: one row a figure, in one fixed order, so that two protocols can be set side by
 * side.  Shares are of everybody who came unless their name says otherwise; a score that was not asked counts
 * as no response.  In the arena. */
rac_status rac_virtual_courses_summarise(rac_arena *arena, const rac_virtual_course *courses, size_t count,
                                         rac_virtual_figure **figures, size_t *figure_count, rac_error *err);
/* The same of infusion number `infusion` (from 1) of each course. */
rac_status rac_virtual_infusions_summarise(rac_arena *arena, const rac_virtual_course *courses, size_t count,
                                           int infusion, rac_virtual_figure **figures, size_t *figure_count,
                                           rac_error *err);
/* b minus a, patient by patient, as rac_virtual_compare.  infusion 0: of whole courses. */
rac_status rac_virtual_courses_compare(rac_arena *arena, const rac_virtual_course *a,
                                       const rac_virtual_course *b, size_t count, int infusion,
                                       rac_virtual_figure **figures, size_t *figure_count, rac_error *err);

/* The visit of an infusion (from 1); NULL when it was not given. */
const rac_virtual_visited *rac_virtual_infusion(const rac_virtual_course *course, int infusion);

#endif
