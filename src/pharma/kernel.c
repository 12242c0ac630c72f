/* The kernel for any processor, and the choice among them.  See kernel.h. */
#include "pharma/kernel.h"

#define KERNEL rac_kernel_plain
#define KERNEL_NAME "plain"
#include "pharma/kernel_body.h"

rac_lanes *rac_lanes_new(rac_arena *arena, size_t count)
{
    char *raw = rac_arena_array(arena, count + 1, sizeof(rac_lanes));
    const uintptr_t over = (uintptr_t)raw % sizeof(rac_lanes);
    return (rac_lanes *)(void *)(over ? raw + (sizeof(rac_lanes) - over) : raw);
}

size_t rac_tile_work(const rac_linear *shape, const rac_schedule *schedule, int outputs)
{
    const size_t n = (size_t)shape->n, lengths = (size_t)schedule->lengths,
                 pairs = (size_t)schedule->pairs_count;
    const size_t matrices = 4 * MATRIX + RAC_COMPARTMENTS_MAX + 16 * n * n;
    const size_t tables = 2 * lengths * n + pairs * n + (size_t)outputs * n +
                          (lengths + pairs) / sizeof(rac_lanes) + 2 + 2 * POWERS * n * n;
    return matrices + tables + schedule->writes * (size_t)outputs;
}

size_t rac_states_work(const rac_states *s)
{
    const size_t n = (size_t)s->equations->shape->n, steps = (size_t)s->equations->together[0].registers,
                 panels = (size_t)s->equations->cascade[0].registers * PANEL;
    const size_t states = (size_t)s->equations->count, prepared = KINDS * (STOPS + 1) * PREPARED(n, states);
    const size_t frame = steps * (PANEL + states) + (1 + 2 * PAIRS) * states * states;
    return 4 * MATRIX + RAC_COMPARTMENTS_MAX + (size_t)s->equations->shape->flow_count +
           4 * (n + 1) * (n + 1) + s->schedule->writes / RAC_LANES + 1 + (frame > panels ? frame : panels) +
           prepared;
}

size_t rac_sample_work(const rac_linear *shape, const rac_schedule *schedule, int outputs)
{
    const size_t n = (size_t)shape->n, epochs = (size_t)schedule->epochs,
                 stretches = schedule->step_count + 2;
    const size_t of_epochs = (epochs + 1) * (n + (size_t)outputs * n), of_stretches = stretches * (3 * n + 2),
                 of_powers = TIME_POWERS * 4 * n * n;
    return rac_tile_work(shape, schedule, outputs) + of_epochs + of_stretches + of_powers + 2;
}

size_t rac_sensitive_modes_work(const rac_sensitive *sensitive)
{
    rac_sensitive counted = *sensitive;
    slopes_walk unused;
    counted.work = NULL;
    return slopes_carve(&unused, &counted);
}

size_t rac_sensitive_scaling_work(const rac_sensitive *sensitive)
{
    rac_sensitive counted = *sensitive;
    scaled_slopes unused;
    counted.work = NULL;
    return scaled_carve(&unused, &counted);
}

const rac_kernel *rac_kernel_best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return &rac_kernel_avx512;
    if (__builtin_cpu_supports("avx2"))
        return &rac_kernel_avx2;
#endif
    return &rac_kernel_plain;
}
