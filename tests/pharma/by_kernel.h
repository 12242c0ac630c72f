/* by_kernel.h: states of eight subjects by one kernel, to compare the bits of kernels. */
#ifndef RACEMATE_TESTS_PHARMA_BY_KERNEL_H
#define RACEMATE_TESTS_PHARMA_BY_KERNEL_H

#include "check.h"
#include "pharma/kernel.h"
#include "pharma/model.h"
#include "racemate/pharma.h"

/* Eight subjects with made-up deviations, as a cascade or all together: writes x states; and how
 * many panels were tried.  Flows are no equations,
 * routes have neither fraction nor lag; the model has no covariates. */
static inline const rac_lanes *solve_counting(rac_arena *arena, const rac_kernel *kernel,
                                              const rac_population *p, bool together, size_t *tried)
{
    const rac_model *m = p->model;
    const size_t amounts = rac_model_compartments(m), slots = (size_t)rac_slot_amount(m, 0);
    rac_lanes *frame = rac_lanes_new(arena, (size_t)m->setup.registers);
    rac_lanes *flows = rac_lanes_new(arena, (size_t)m->linear_shape->flow_count),
              *starts = rac_lanes_new(arena, amounts);
    rac_lanes *gains = rac_lanes_new(arena, 2 * m->part_count);
    int *channel_amount = rac_many(arena, int, 2 * m->part_count);
    rac_route_part *parts = rac_many(arena, rac_route_part, m->part_count);
    for (size_t e = 0; e < rac_model_etas(m); e++)
        for (int lane = 0; lane < RAC_LANES; lane++)
            frame[rac_slot_eta(m, e)][lane] = 0.1 * lane - 0.2 * (double)e;
    kernel->run(&m->setup, frame);
    for (int f = 0; f < m->linear_shape->flow_count; f++)
        flows[f] = frame[m->flows[f].result];
    for (size_t i = 0; i < amounts; i++)
        starts[i] = m->starts[i] >= 0 ? frame[m->starts[i]] : (rac_lanes){0};
    for (size_t c = 0; c < 2 * m->part_count; c++) {
        gains[c] = (rac_lanes){0} + 1.0;
        channel_amount[c] = m->parts[c / 2].compartment;
        parts[c / 2] = (rac_route_part){.compartment = channel_amount[c], .fraction = 1};
    }
    const rac_timing timing = {.routes = (int)m->route_count,
                               .route_first = m->route_first,
                               .epochs = 1,
                               .parts = parts,
                               .from_zero = true};
    rac_schedule schedule;
    rac_error err = {0};
    check_ok(rac_schedule_make(arena, p->regimen, &timing, p->times_h, p->times, &schedule, &err));
    rac_states s = {.equations = &m->equations,
                    .schedule = &schedule,
                    .channel_amount = channel_amount,
                    .flow_per_h = flows,
                    .flows = m->linear_shape->flow_count,
                    .gains = gains,
                    .starts = starts,
                    .amounts = (int)amounts,
                    .frames = frame,
                    .slots = (int)slots,
                    .tolerance = 1e-8,
                    .share = 0.01,
                    .together = together,
                    .wanted = 255,
                    .out = rac_lanes_new(arena, schedule.writes * (size_t)m->equations.count)};
    s.work = rac_lanes_new(arena, rac_states_work(&s));
    kernel->solve_states(&s);
    assert_int_equal(s.failed, 0);
    assert_true(s.steps > 100);
    *tried = s.steps;
    return s.out;
}

static inline const rac_lanes *solve_with(rac_arena *arena, const rac_kernel *kernel, const rac_population *p,
                                          bool together)
{
    size_t tried;
    return solve_counting(arena, kernel, p, together, &tried);
}

#endif
