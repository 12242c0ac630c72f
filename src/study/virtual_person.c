/* Drawing a virtual patient: see virtual_person.h. */
#include "study/virtual_person.h"

#include <math.h>

#include "base/random.h"
#include "racemate/stats/distributions.h"

static double number(const rac_virtual_patient *p, rac_virtual_name name)
{
    return p->number[name].value;
}

/* Normal within [low, high], by its inverse distribution from one uniform number: so that a change of one
 * number of the file moves what it says and draws nothing else anew. */
static double within(rac_random *stream, double mean, double sd, double low, double high)
{
    const double u = rac_random_uniform(stream);
    if (sd <= 0)
        return fmin(fmax(mean, low), high);
    const double a = rac_normal_lower((low - mean) / sd), b = rac_normal_lower((high - mean) / sd);
    return fmin(fmax(mean + sd * rac_normal_quantile(a + u * (b - a)), low), high);
}

/* Two standard normals with this correlation. */
static void pair(rac_random *stream, double correlation, double z[2])
{
    z[0] = rac_random_normal(stream);
    z[1] = correlation * z[0] + sqrt(1 - correlation * correlation) * rac_random_normal(stream);
}

/* Resting pressures that a living adult has: at least 20 mmHg apart, and such that a rise stays on the scale.
 * Drawn again while they are not, and so drawn last; a file that hardly ever gives such a pair gets its
 * nearest. */
static void draw_pressures(rac_random *stream, const rac_virtual_patient *p, double resting[2])
{
    static const double least_sbp = 80, most_sbp = 220, least_dbp = 40, least_pulse = 20;
    enum { tries = 1000 };
    for (int i = 0; i < tries; i++) {
        double z[2];
        pair(stream, number(p, RAC_VIRTUAL_SBP_DBP_CORRELATION), z);
        resting[0] = number(p, RAC_VIRTUAL_SBP_MEAN) + number(p, RAC_VIRTUAL_SBP_SD) * z[0];
        resting[1] = number(p, RAC_VIRTUAL_DBP_MEAN) + number(p, RAC_VIRTUAL_DBP_SD) * z[1];
        if (resting[0] >= least_sbp && resting[0] <= most_sbp && resting[1] >= least_dbp &&
            resting[0] - resting[1] >= least_pulse)
            return;
    }
    resting[0] = fmin(fmax(resting[0], least_sbp), most_sbp);
    resting[1] = fmin(fmax(resting[1], least_dbp), resting[0] - least_pulse);
}

/* Log-normal with this mean and coefficient of variation. */
static double spread(double mean, double cv_percent, double z)
{
    const double variance = log1p(cv_percent * cv_percent / 1e4);
    return mean * exp(sqrt(variance) * z - variance / 2);
}

rac_virtual_person rac_virtual_draw(rac_arena *arena, const rac_virtual_clinic *clinic, uint64_t seed,
                                    uint64_t subject, size_t minutes)
{
    const rac_virtual_patient *p = clinic->patient;
    rac_random who = rac_random_open(seed, subject, RAC_RANDOM_COVARIATE);
    rac_random rise = rac_random_open(seed, subject, RAC_RANDOM_TRIAL);
    static const double least_hr = 40, most_hr = 140;
    rac_virtual_person person = {.minutes = minutes};
    person.weight_kg = within(&who, number(p, RAC_VIRTUAL_WEIGHT_MEAN), number(p, RAC_VIRTUAL_WEIGHT_SD),
                              number(p, RAC_VIRTUAL_WEIGHT_MIN), number(p, RAC_VIRTUAL_WEIGHT_MAX));
    person.age_year = within(&who, number(p, RAC_VIRTUAL_AGE_MEAN), number(p, RAC_VIRTUAL_AGE_SD),
                             number(p, RAC_VIRTUAL_AGE_MIN), number(p, RAC_VIRTUAL_AGE_MAX));
    person.resting[2] =
        within(&who, number(p, RAC_VIRTUAL_HR_MEAN), number(p, RAC_VIRTUAL_HR_SD), least_hr, most_hr);
    draw_pressures(&who, p, person.resting);

    double z[RAC_VIRTUAL_CUFFS];
    pair(&rise, number(p, RAC_VIRTUAL_SBP_DBP_RISE_CORRELATION), z);
    z[2] = rac_random_normal(&rise);
    for (int c = 0; c < RAC_VIRTUAL_CUFFS; c++)
        person.slope[c] = spread(number(p, RAC_VIRTUAL_SBP_RISE + (rac_virtual_name)c),
                                 number(p, RAC_VIRTUAL_SBP_RISE_CV + (rac_virtual_name)c), z[c]) /
                          clinic->reference;

    rac_virtual_read_anew(arena, &person, seed, subject, 0);
    return person;
}

/* Patients are counted from 0 and never reach 2^40, so the visit stands above them in the stream's key. */
void rac_virtual_read_anew(rac_arena *arena, rac_virtual_person *person, uint64_t seed, uint64_t subject,
                           unsigned visit)
{
    rac_random reading = rac_random_open(seed, subject + ((uint64_t)visit << 40), RAC_RANDOM_RESIDUAL);
    const size_t count = person->minutes * RAC_VIRTUAL_CUFFS;
    double *error = rac_many(arena, double, count);
    for (size_t i = 0; i < count; i++)
        error[i] = rac_random_normal(&reading);
    person->error = error;
}

double rac_virtual_true(const rac_virtual_person *person, int cuff, double driver)
{
    return person->resting[cuff] + person->slope[cuff] * driver;
}

void rac_virtual_show(const rac_virtual_person *person, const rac_virtual_patient *patient, double driver,
                      double minute, double shown[RAC_VIRTUAL_CUFFS])
{
    static const rac_reading_kind kinds[] = {RAC_READING_SBP, RAC_READING_DBP, RAC_READING_HR};
    const size_t at = minute < 0 ? 0 : (size_t)minute;
    const double *e = person->error + (at < person->minutes ? at : person->minutes - 1) * RAC_VIRTUAL_CUFFS;
    for (int c = 0; c < RAC_VIRTUAL_CUFFS; c++) {
        const rac_reading_row *row = rac_reading(kinds[c]);
        const double value = rac_virtual_true(person, c, driver) +
                             number(patient, RAC_VIRTUAL_SBP_READING_SD + (rac_virtual_name)c) * e[c];
        shown[c] = fmin(fmax(round(value), row->low), row->high);
    }
    if (shown[1] >= shown[0]) /* no instrument shows this, and `care` would refuse it */
        shown[1] = shown[0] - 1;
}
