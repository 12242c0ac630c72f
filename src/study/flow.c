/* Who was there at each visit, who left before it, and why. */
#include "study/frame.h"

#include <math.h>
#include <string.h>

enum { REASONS_MOST = 12 };

static void count_reason(rac_study_step *step, rac_study_dropout *list, const char *reason, int arm)
{
    const char *why = reason[0] ? reason : "not recorded";
    size_t k = 0;
    while (k < step->reasons && strcmp(list[k].reason, why) != 0)
        k++;
    if (k == REASONS_MOST)
        list[--k].reason = "other";
    else if (k == step->reasons)
        list[step->reasons++] = (rac_study_dropout){.reason = why};
    list[k].count[arm]++;
}

static void step_of(rac_arena *arena, const rac_chart *chart, size_t visit, rac_study_step *step)
{
    rac_study_dropout *list = rac_many(arena, rac_study_dropout, REASONS_MOST);
    const double number = chart->visit_number[visit];
    *step = (rac_study_step){.visit = visit, .reason = list};
    for (size_t p = 0; p < chart->patients; p++) {
        const int arm = chart->arm[p];
        step->scored[arm] += !isnan(rac_frame_score(chart, p, visit));
        if (visit == 0) {
            step->attended[arm]++;
        } else if (chart->last[p] >= number) {
            step->attended[arm]++;
        } else if (chart->last[p] >= chart->visit_number[visit - 1]) {
            step->lost[arm]++;
            count_reason(step, list, chart->reason[p], arm);
        }
    }
}

void rac_study_flow_of(rac_arena *arena, const rac_chart *chart, rac_study_flow *out)
{
    rac_study_step *step = rac_many(arena, rac_study_step, chart->visits);
    *out = (rac_study_flow){.steps = chart->visits, .step = step};
    for (size_t p = 0; p < chart->patients; p++) {
        const int arm = chart->arm[p];
        out->charted[arm]++;
        out->with_baseline[arm] += !isnan(rac_frame_score(chart, p, 0));
        out->analysed[arm] += !isnan(rac_frame_last_change(chart, p));
        out->unknown[arm] += isnan(chart->last[p]) ? 1 : 0;
    }
    for (size_t v = 0; v < chart->visits; v++)
        step_of(arena, chart, v, &step[v]);
}
