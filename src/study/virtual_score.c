/* Scores between infusions: see virtual_score.h. */
#include "study/virtual_score.h"

#include <math.h>

#include "base/random.h"
#include "racemate/stats/distributions.h"

static double number(const rac_virtual_patient *p, rac_virtual_course_name name)
{
    return p->course[name].value;
}

/* Normal, cut to what the scale can show, from one uniform number. */
static double draw_baseline(rac_random *stream, const rac_virtual_patient *p, const rac_scale *scale)
{
    const double mean = number(p, RAC_VIRTUAL_SCORE_MEAN), sd = number(p, RAC_VIRTUAL_SCORE_SD);
    const double low = number(p, RAC_VIRTUAL_SCORE_MIN), high = scale->high;
    const double u = rac_random_uniform(stream);
    if (sd <= 0)
        return fmin(fmax(mean, low), high);
    const double a = rac_normal_lower((low - mean) / sd), b = rac_normal_lower((high - mean) / sd);
    return fmin(fmax(mean + sd * rac_normal_quantile(a + u * (b - a)), low), high);
}

rac_virtual_mood rac_virtual_mood_of(rac_arena *arena, const rac_virtual_patient *patient,
                                     const rac_scale *scale, uint64_t seed, uint64_t subject, size_t askings)
{
    /* The rises of the same patient are drawn from the stream without the high bit. */
    static const uint64_t of_course = UINT64_C(1) << 63;
    rac_random stream = rac_random_open(seed, subject | of_course, RAC_RANDOM_TRIAL);
    double *error = rac_many(arena, double, askings), *leave = rac_many(arena, double, askings);
    rac_virtual_mood mood = {.askings = askings, .error = error, .leave = leave};
    mood.baseline = draw_baseline(&stream, patient, scale);
    mood.improvement = (number(patient, RAC_VIRTUAL_IMPROVEMENT_MEAN) +
                        number(patient, RAC_VIRTUAL_IMPROVEMENT_SD) * rac_random_normal(&stream)) /
                       100;
    for (size_t i = 0; i < askings; i++) {
        leave[i] = rac_random_uniform(&stream);
        error[i] = rac_random_normal(&stream);
    }
    return mood;
}

static double share(const rac_virtual_patient *p, int infusions)
{
    const double first = number(p, RAC_VIRTUAL_FIRST_SHARE) / 100, full = number(p, RAC_VIRTUAL_FULL_AFTER);
    if (infusions <= 0)
        return 0;
    return infusions >= full ? 1 : first + (1 - first) * (infusions - 1) / (full - 1);
}

int rac_virtual_score(const rac_virtual_mood *mood, const rac_virtual_patient *patient,
                      const rac_scale *scale, int infusions, size_t asking)
{
    const double total = mood->baseline * (1 - share(patient, infusions) * mood->improvement) +
                         number(patient, RAC_VIRTUAL_SCORE_READING_SD) * mood->error[asking];
    return (int)fmin(fmax(round(total), scale->low), scale->high);
}

bool rac_virtual_leaves(const rac_virtual_mood *mood, const rac_virtual_patient *patient, int infusion,
                        size_t visit)
{
    const rac_virtual_course_name which = infusion > 1 ? RAC_VIRTUAL_LEAVE_LATER : RAC_VIRTUAL_LEAVE_FIRST;
    return mood->leave[visit] < number(patient, which) / 100;
}
