/* Change by visit and arm: the mixed model, and the plain means beside it. */
#include "study/frame.h"

#include <math.h>

typedef struct plain {
    double *change, *percent, *before, *after;
    size_t n;
} plain;

/* `arm` is room for everybody, twice. */
static rac_status change_at(const rac_chart *chart, size_t visit, double level, plain *arm,
                            rac_study_change *out, rac_error *err)
{
    arm[0].n = arm[1].n = 0;
    for (size_t p = 0; p < chart->patients; p++) {
        plain *in = &arm[chart->arm[p]];
        const double base = rac_frame_score(chart, p, 0), change = rac_frame_change(chart, p, visit);
        if (isnan(change))
            continue;
        in->before[in->n] = base;
        in->after[in->n] = base + change;
        in->change[in->n] = change;
        in->percent[in->n++] = base == 0 ? (double)NAN : 100 * change / base;
    }
    rac_status status = RAC_OK;
    for (int a = 0; a < RAC_CHART_ARMS && !status; a++) {
        const plain *in = &arm[a];
        status = rac_t_test_one((rac_values){in->change, in->n}, 0, level, &out->within[a], err);
        if (!status)
            status = rac_t_test_one((rac_values){in->percent, in->n}, 0, level, &out->percent_within[a], err);
        if (!status)
            status =
                rac_percent_change_of_means(in->before, in->after, in->n, &out->percent_of_means[a], err);
    }
    const rac_values treated = {arm[1].change, arm[1].n}, reference = {arm[0].change, arm[0].n};
    if (!status)
        status = rac_t_test_welch(treated, reference, level, &out->between, err);
    if (!status)
        status = rac_t_test_welch((rac_values){arm[1].percent, arm[1].n},
                                  (rac_values){arm[0].percent, arm[0].n}, level, &out->percent_between, err);
    return status ? status : rac_effect_size_of(treated, reference, &out->effect, err);
}

rac_status rac_study_compare(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_comparison *out, rac_error *err)
{
    const rac_study_options o = rac_study_filled(options);
    rac_frame *frame;
    rac_status status = rac_frame_make(arena, chart, &frame, err);
    if (status)
        return status;
    rac_study_change *change = rac_many(arena, rac_study_change, frame->visits);
    *out = (rac_study_comparison){.visits = frame->visits,
                                  .visit = frame->visit,
                                  .left_out = frame->left_out,
                                  .left_out_visit = frame->left_out_visit,
                                  .model = frame->model,
                                  .change = change};
    status = rac_frame_fit(arena, frame, &o, &out->fit, &out->means, err);
    out->patients = out->fit.patients;
    plain arm[RAC_CHART_ARMS];
    for (int a = 0; a < RAC_CHART_ARMS; a++)
        arm[a] =
            (plain){rac_many(arena, double, chart->patients), rac_many(arena, double, chart->patients),
                    rac_many(arena, double, chart->patients), rac_many(arena, double, chart->patients), 0};
    for (size_t k = 0; k < frame->visits && !status; k++)
        status = change_at(chart, frame->visit[k], o.level, arm, &change[k], err);
    return status;
}
