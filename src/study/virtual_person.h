/* study/virtual_person.h: who a virtual patient is, and what a cuff shows of them (internal). */
#ifndef RACEMATE_STUDY_VIRTUAL_PERSON_H
#define RACEMATE_STUDY_VIRTUAL_PERSON_H

#include "study/virtual.h"

typedef struct rac_virtual_person {
    double weight_kg, age_year;
    double resting[RAC_VIRTUAL_CUFFS]; /* sbp, dbp in mmHg, hr in 1/min */
    double slope[RAC_VIRTUAL_CUFFS];   /* rise for each unit of the driver */
    size_t minutes;
    const double *error; /* minutes x CUFFS: standard normals */
} rac_virtual_person;

/* Patient `subject` of `seed`, with readings for `minutes` whole minutes (0 is the start of the infusion). */
rac_virtual_person rac_virtual_draw(rac_arena *arena, const rac_virtual_clinic *clinic, uint64_t seed,
                                    uint64_t subject, size_t minutes);
/* New errors of reading for the `visit`-th visit of the same person (from 0, which is the one drawn). */
void rac_virtual_read_anew(rac_arena *arena, rac_virtual_person *person, uint64_t seed, uint64_t subject,
                           unsigned visit);
/* Resting + rise at this value of the driver. */
double rac_virtual_true(const rac_virtual_person *person, int cuff, double driver);
/* What an instrument shows at a minute: rounded, within what the instrument can show, diastolic below
 * systolic. */
void rac_virtual_show(const rac_virtual_person *person, const rac_virtual_patient *patient, double driver,
                      double minute, double shown[RAC_VIRTUAL_CUFFS]);

#endif
