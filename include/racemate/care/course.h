/* racemate/care/course.h: is it working, and what is next.
 *
 * Scores by visit, change against the baseline, response and remission by the protocol's definitions, relapse
 * after them, the next session's date, the dose the protocol's steps propose for it, and the suicide screen
 * that a positive or unknown item asks for.
 */
#ifndef RACEMATE_CARE_COURSE_H
#define RACEMATE_CARE_COURSE_H

#include "racemate/care/scales.h"
#include "racemate/care/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One finished or running session, as the course sees it. */
typedef struct rac_course_session {
    const char *id; /* opaque */
    int number;
    rac_state state;
    bool any_drug;
    rac_instant at; /* start of the infusion, or opening when none was given */
    rac_decimal given_mg;
    rac_decimal weight_kg;
    rac_decimal dose_mg_per_kg;
    double peak_sbp_mmhg; /* 0 when no reading */
    double given_percent; /* of the planned dose; 0 without a plan */
    int holds;            /* how often the pump stood still and was started again, or stands still */
    bool stopped_early;   /* over, or recovering, with more than a minute of the infusion left */
} rac_course_session;

/* A session as the course sees it at `now`: `session` is folded, `id` is kept, not copied. */
rac_course_session rac_course_session_of(const char *id, const rac_session *session, rac_instant now);

typedef struct rac_course_point {
    rac_score score;
    int after_infusions; /* infusions given before it */
    bool has_change;
    double change;         /* total - baseline total */
    double change_percent; /* 100 * (total - baseline) / baseline; negative is better on PHQ-9 */
    bool response, remission, relapse;
} rac_course_point;

typedef enum rac_next_step {
    RAC_NEXT_BASELINE,    /* a baseline score is missing */
    RAC_NEXT_INFUSION,    /* continue the acute course */
    RAC_NEXT_REVIEW,      /* the protocol asks for a review before going on */
    RAC_NEXT_MAINTENANCE, /* responded at the end of the course */
    RAC_NEXT_STOP_REVIEW  /* course complete without response: a prescriber decides */
} rac_next_step;
const char *rac_next_step_name(rac_next_step step);

/* Where the protocol's dose steps would take the next infusion's dose.  A proposal with its reason for the
 * prescriber; nothing in the program applies it.
 *
 * The rules are asked in the order of the file and the first that is true decides.  One that cannot be judged
 * (its score was not asked, say) names what is missing, and no rule after it may raise the dose: unknown is
 * not a reason for more.  A dose outside the steps' span, as a prescriber may have ordered, is not raised. */
typedef struct rac_dose_proposal {
    bool made;             /* false: the protocol has no steps, or there is no infusion before or after it */
    rac_decimal mg_per_kg; /* proposed; the last dose when it stays */
    rac_decimal last_mg_per_kg;
    rac_dose_move move;  /* what comes of it: a rule that says up at the highest dose makes it stay */
    const char *rule;    /* the id of the rule that decided; NULL when none was true */
    const char *because; /* a sentence with its numbers */
    rac_words sources;   /* of that rule */
    rac_words missing;   /* names that could not be judged */
} rac_dose_proposal;

typedef struct rac_course {
    const rac_scale *scale;         /* the protocol's primary scale */
    const rac_course_point *points; /* of the primary scale, by time */
    size_t count;
    const rac_course_point *others; /* of the other scales, by (scale, time) */
    size_t other_count;
    int infusions_given;
    rac_decimal given_mg_total;
    bool response, remission, relapse; /* at the last primary score; relapse only after either */
    rac_next_step step;
    const char *because; /* the step's reason, with numbers */
    bool has_next;
    rac_instant next_earliest, next_latest; /* window of the next session, by spacing or maintenance */
    rac_dose_proposal dose;                 /* of that session */
    bool suicide_screen_due; /* last item positive or unknown: the protocol's screen must be done */
    const char *suicide_because;
    rac_course_summary summary; /* what the next plan reads */
} rac_course;

/* Scores in any order; sessions in any order.  The baseline is the last primary score at or before the first
 * infusion. */
rac_status rac_course_fold(rac_arena *arena, const rac_protocol *protocol, const rac_score *scores,
                           size_t score_count, const rac_course_session *sessions, size_t session_count,
                           rac_course *course, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
