/* One subject's equations over one span: see body_states.h. */
#include "pharma/body_states.h"

#include "pharma/kernel.h"

#include <math.h>

struct rac_body_states {
    rac_states run;
    const rac_kernel *kernel;
    rac_schedule span; /* one step, with the rates of now */
    double length_h;   /* of that step */
    int linear;        /* amounts before the first state */
    rac_lanes *gains;  /* by amount: mg/h */
    rac_lanes *starts; /* by amount */
};

/* One step of one length, with an input of 1 x its gain into every amount. */
static void lay_out(rac_arena *arena, rac_body_states *s, size_t amounts)
{
    int *channels = rac_many(arena, int, amounts);
    double *values = rac_many(arena, double, amounts);
    for (size_t c = 0; c < amounts; c++) {
        channels[c] = (int)c;
        values[c] = 1;
    }
    rac_rates *rates = rac_new(arena, rac_rates);
    rac_step *step = rac_new(arena, rac_step);
    size_t *epoch_first = rac_many(arena, size_t, 2);
    *rates = (rac_rates){.channels = channels, .values = values, .count = (int)amounts};
    *step = (rac_step){.kind = RAC_STEP_ADVANCE, .count = 1, .write = true};
    epoch_first[1] = 1;
    s->span = (rac_schedule){.lengths_h = &s->length_h,
                             .lengths = 1,
                             .rates = rates,
                             .rate_count = 1,
                             .pairs = rac_new(arena, rac_pair),
                             .pairs_count = 1,
                             .steps = step,
                             .step_count = 1,
                             .epoch_first = epoch_first,
                             .epochs = 1,
                             .channels = (int)amounts,
                             .writes = 1};
    s->run.channel_amount = channels;
}

/* As in a population: without negative flows and starts no linear amount is below 0. */
static double floor_of(const rac_model *m, const rac_lanes *frame, const rac_lanes *flow_per_h)
{
    bool negative = false;
    for (int f = 0; f < m->linear_shape->flow_count; f++) {
        const rac_flow *flow = &m->linear_shape->flows[f];
        negative |= flow_per_h[f][0] < 0 && flow->from != flow->to;
    }
    for (size_t i = 0; i < m->linear_count; i++)
        negative |= m->starts[i] >= 0 && frame[m->starts[i]][0] < 0;
    return negative ? -INFINITY : 0;
}

rac_body_states *rac_body_states_new(rac_arena *arena, const rac_model *model, const rac_lanes *frame,
                                     const rac_lanes *flow_per_h, double tolerance, double share)
{
    const size_t amounts = model->compartment_count, states = (size_t)model->equations.count;
    /* it contains lanes */
    rac_body_states *s = (void *)rac_lanes_new(arena, sizeof *s / sizeof(rac_lanes) + 1);
    s->kernel = rac_kernel_best();
    s->linear = (int)model->linear_count;
    s->gains = rac_lanes_new(arena, amounts);
    s->starts = rac_lanes_new(arena, amounts);
    s->run = (rac_states){.equations = &model->equations,
                          .schedule = &s->span,
                          .flow_per_h = flow_per_h,
                          .flows = model->linear_shape->flow_count,
                          .gains = s->gains,
                          .starts = s->starts,
                          .amounts = (int)amounts,
                          .frames = frame,
                          .slots = rac_slot_amount(model, 0),
                          .floor = (rac_lanes){0} + floor_of(model, frame, flow_per_h),
                          .tolerance = tolerance > 0 ? tolerance : 1e-8,
                          .share = share > 0 ? share : 0.01,
                          .wanted = 1,
                          .sizes = rac_lanes_new(arena, states),
                          .out = rac_lanes_new(arena, states)};
    lay_out(arena, s, amounts);
    s->run.work = rac_lanes_new(arena, rac_states_work(&s->run));
    return s;
}

rac_status rac_body_states_advance(rac_body_states *s, const double *amounts, const double *input,
                                   double length_h, double *after, rac_error *err)
{
    for (int i = 0; i < s->run.amounts; i++) {
        s->starts[i] = (rac_lanes){0} + amounts[i];
        s->gains[i] = (rac_lanes){0} + input[i];
    }
    s->length_h = length_h;
    s->kernel->solve_states(&s->run);
    if (s->run.failed & 1)
        return rac_fail(err, RAC_NOT_CONVERGED,
                        "the equations of this subject have no answer: they blow up, or need too many steps");
    for (int k = 0; k < s->run.equations->count; k++)
        after[k] = s->run.out[k][0];
    return RAC_OK;
}

void rac_body_states_seen(rac_body_states *s, const double *amounts)
{
    for (int k = 0; k < s->run.equations->count; k++) {
        const double size = fabs(amounts[s->linear + k]);
        if (size > s->run.sizes[k][0])
            s->run.sizes[k] = (rac_lanes){0} + size;
    }
}
