/* What no analysis of a chart can take away; printed below every one. */
#include "racemate/study.h"

const char *const *rac_study_limits(size_t *count)
{
    static const char *const limits[] = {
        "Nobody was randomised: who got which treatment depended on insurance, history and choice. A "
        "difference "
        "between arms is not yet an effect of the treatment.",
        "Adjustment and weights reach only what was written down; what was not recorded still confounds.",
        "An onset session depends on how many patients an arm has: a larger arm reaches significance sooner "
        "at the "
        "same speed of improvement.",
        "One primary result should be named beforehand; everything else is nominal.",
    };
    *count = sizeof limits / sizeof *limits;
    return limits;
}
