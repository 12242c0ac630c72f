/* study/virtual_score.h: what a virtual patient scores in the course of infusions, and whether they come back
 * (internal).
 *
 *     total(n) = whole number of  baseline x (1 - share(n) x improvement) + sd e,   within the scale
 *     share(n) = first + (1 - first) (n - 1) / (full - 1)  up to 1,   share(0) = 0
 *
 * baseline and improvement belong to the person; e is drawn for each asking.  Only the number of infusions
 * counts: no source read gives a dose response over a course (patients/virtual-adult.yaml). */
#ifndef RACEMATE_STUDY_VIRTUAL_SCORE_H
#define RACEMATE_STUDY_VIRTUAL_SCORE_H

#include "study/virtual.h"

typedef struct rac_virtual_mood {
    double baseline;    /* true, points */
    double improvement; /* of it, 1 = all; negative: worse */
    size_t askings;
    const double *error; /* askings: standard normals */
    const double *leave; /* askings: uniform; below the share that leaves, they do */
} rac_virtual_mood;

/* Patient `subject` of `seed`, for so many askings (the baseline is 0).  The same whatever happens to them.
 */
rac_virtual_mood rac_virtual_mood_of(rac_arena *arena, const rac_virtual_patient *patient,
                                     const rac_scale *scale, uint64_t seed, uint64_t subject, size_t askings);
/* The total at an asking, after so many infusions. */
int rac_virtual_score(const rac_virtual_mood *mood, const rac_virtual_patient *patient,
                      const rac_scale *scale, int infusions, size_t asking);
/* Do they stay away after this infusion (from 1), which they had at visit `visit`? */
bool rac_virtual_leaves(const rac_virtual_mood *mood, const rac_virtual_patient *patient, int infusion,
                        size_t visit);

#endif
