/* One subject and its exact derivatives, from the model's programs to the outputs.  See sensitivity.h. */
#include "pharma/sensitivity.h"

#include "pharma/kernel.h"
#include "pharma/model.h"

#include <math.h>
#include <string.h>

/* Where eigenvalues meet, derivatives lose the square of their gap while amounts lose it once.  Nearer than
 * this the subject is solved by scaling, so modes lose four digits at most. */
static const double NEAREST = 1e-2;

typedef struct rac_frame { /* of a program: registers, and registers x blocks */
    rac_lanes *value, *slope;
} frame;

struct rac_sensitivity {
    const rac_population *p;
    const rac_model *m;
    const rac_kernel *kernel;
    rac_arena *arena;
    rac_arena *scratch; /* the schedule */
    int epochs, parts, flows, n, outputs, blocks;
    rac_lanes *eta_slopes; /* epochs x etas x blocks */
    frame setup, linear, output;
    frame of_epoch; /* epochs x slots before the amounts: for outputs that are not linear */
    rac_duals flow_per_h, gains, readers, fields, starts;
    double *parameters;
    rac_lanes *lag_slopes, *length_slopes; /* epochs x parts x blocks */
    bool fraction_times;                   /* some infusion's duration depends on bioavailability */
    rac_timing timing;
    rac_route_part *timing_parts, *next_parts;
    rac_schedule schedule;
    bool has_schedule;
    rac_sensitive tile;
    rac_duals values; /* of outputs that are not linear */
    size_t out_room, work_room;
};
typedef rac_sensitivity sensitivity;

/* ---- from etas to the linear system ---- */

static frame frame_new(const sensitivity *s, size_t registers)
{
    return (frame){rac_lanes_new(s->arena, registers),
                   rac_lanes_new(s->arena, registers * (size_t)s->blocks)};
}

static rac_duals duals_new(const sensitivity *s, size_t count)
{
    return (rac_duals){rac_many(s->arena, double, count), rac_lanes_new(s->arena, count * (size_t)s->blocks)};
}

/* to[at] becomes a register, or `otherwise` when there is none. */
static void take(const sensitivity *s, const rac_duals *to, int at, const frame *from, int reg,
                 double otherwise)
{
    rac_lanes *slopes = &to->slope[at * s->blocks];
    to->value[at] = reg >= 0 ? from->value[reg][0] : otherwise;
    for (int b = 0; b < s->blocks; b++)
        slopes[b] = reg >= 0 ? from->slope[reg * s->blocks + b] : (rac_lanes){0};
}

static void run(const sensitivity *s, const rac_program *program, const frame *f)
{
    s->kernel->run_forward(program, f->value, f->slope, s->blocks);
}

static void fill_frame(sensitivity *s, int epoch, const double *etas)
{
    const rac_model *m = s->m;
    for (size_t i = 0; i < m->covariate_count; i++)
        s->setup.value[rac_slot_covariate(i)] =
            (rac_lanes){0} + s->p->constants[(size_t)epoch * m->covariate_count + i];
    for (size_t i = 0; i < m->eta_count; i++) {
        const size_t at = (size_t)epoch * m->eta_count + i, blocks = (size_t)s->blocks;
        s->setup.value[rac_slot_eta(m, i)] = (rac_lanes){0} + etas[at];
        memcpy(&s->setup.slope[(size_t)rac_slot_eta(m, i) * blocks], &s->eta_slopes[at * blocks],
               sizeof(rac_lanes) * blocks);
    }
}

static void take_fields(sensitivity *s, int epoch)
{
    const rac_model *m = s->m;
    for (int i = 0; i < s->parts; i++) {
        const rac_part *part = &m->parts[i];
        const int registers[] = {part->fraction, part->lag, part->duration, part->rate};
        const int channel = rac_channel(&s->timing, epoch, i, false);
        for (int k = 0; k < 4; k++)
            take(s, &s->fields, (epoch * s->parts + i) * 4 + k, &s->setup, registers[k], k == 0);
        take(s, &s->gains, channel, &s->setup, part->fraction, 1);
        take(s, &s->gains, channel + 1, &s->setup, part->fraction, 1);
        const double weight = m->weight >= 0 ? s->setup.value[rac_slot_covariate((size_t)m->weight)][0] : NAN;
        s->gains.value[channel + 1] *= weight;
        for (int b = 0; b < s->blocks; b++)
            s->gains.slope[(channel + 1) * s->blocks + b] *= weight;
    }
}

static void begin_with_slots(const sensitivity *s, const frame *to, const frame *from)
{
    const size_t slots = (size_t)rac_slot_amount(s->m, 0);
    memcpy(to->value, from->value, sizeof(rac_lanes) * slots);
    memcpy(to->slope, from->slope, sizeof(rac_lanes) * slots * (size_t)s->blocks);
}

/* Coefficients of equations and outputs: the value with one amount 1 and all others 0. */
static void take_linear(sensitivity *s, int epoch)
{
    const rac_model *m = s->m;
    if (m->linear.count || m->all_linear) {
        begin_with_slots(s, &s->linear, &s->setup);
        for (int j = 0; j < s->n; j++) {
            for (int i = 0; i < s->n; i++)
                s->linear.value[rac_slot_amount(m, (size_t)i)] = (rac_lanes){0} + (i == j ? 1.0 : 0.0);
            run(s, &m->linear, &s->linear);
            for (int f = 0; f < s->flows; f++)
                if (m->flows[f].from_equation && m->linear_shape->flows[f].from == j)
                    take(s, &s->flow_per_h, epoch * s->flows + f, &s->linear, m->flows[f].result, 0);
            for (int o = 0; m->all_linear && o < s->outputs; o++)
                take(s, &s->readers, (epoch * s->outputs + o) * s->n + j, &s->linear, m->outputs[o].result,
                     0);
        }
    }
    for (int i = 0; !m->all_linear && i < s->n; i++)
        s->readers.value[(epoch * s->n + i) * s->n + i] = 1;
}

static void take_epoch(sensitivity *s, int epoch, const double *etas)
{
    const rac_model *m = s->m;
    const int amounts = (int)m->compartment_count, slots = rac_slot_amount(m, 0);
    fill_frame(s, epoch, etas);
    run(s, &m->setup, &s->setup);
    for (size_t i = 0; i < m->parameter_count; i++)
        s->parameters[(size_t)epoch * m->parameter_count + i] = s->setup.value[rac_slot_parameter(m, i)][0];
    for (int f = 0; f < s->flows; f++)
        if (!m->flows[f].from_equation)
            take(s, &s->flow_per_h, epoch * s->flows + f, &s->setup, m->flows[f].result, 0);
    take_fields(s, epoch);
    take_linear(s, epoch);
    for (int i = 0; i < amounts; i++)
        take(s, &s->starts, epoch * amounts + i, &s->setup, m->starts[i], 0);
    if (!m->all_linear)
        begin_with_slots(
            s, &(frame){&s->of_epoch.value[epoch * slots], &s->of_epoch.slope[epoch * slots * s->blocks]},
            &s->setup);
}

/* ---- what must hold ---- */

/* As a population has it: rates are not negative unless an equation says so; shares and times never. */
static bool is_possible(const sensitivity *s)
{
    bool possible = true;
    for (int f = 0; f < s->epochs * s->flows; f++) {
        const double rate = s->flow_per_h.value[f];
        possible &= isfinite(rate) && (rate >= 0 || s->m->flows[f % s->flows].from_equation);
    }
    for (int k = 0; k < s->epochs * s->parts * 4; k++)
        possible &= isfinite(s->fields.value[k]) && s->fields.value[k] >= 0;
    for (size_t i = 0; i < (size_t)s->epochs * s->m->compartment_count; i++)
        possible &= isfinite(s->starts.value[i]);
    return possible;
}

/* ---- times that move ---- */

/* What makes the length of an intake: the part's duration, or else F / R, of which a rate R may be missing.
 */
static rac_lanes length_slope(const sensitivity *s, int field, int block)
{
    const double *value = &s->fields.value[field];
    rac_lanes slope[4], sum = {0};
    for (int k = 0; k < 4; k++)
        slope[k] = s->fields.slope[(field + k) * s->blocks + block];
    if (value[2] > 0)
        return slope[2] / value[2];
    if (value[0] > 0 && (s->fraction_times || value[3] > 0))
        sum = slope[0] / value[0];
    return value[3] > 0 ? sum - slope[3] / value[3] : sum;
}

/* Sets slopes of lags and lengths; true when some time does move. */
static bool find_moving(sensitivity *s)
{
    bool moving = false;
    for (int i = 0; i < s->epochs * s->parts; i++)
        for (int b = 0; b < s->blocks; b++) {
            const rac_lanes lag = s->fields.slope[(i * 4 + 1) * s->blocks + b],
                            length = length_slope(s, i * 4, b);
            s->lag_slopes[i * s->blocks + b] = lag;
            s->length_slopes[i * s->blocks + b] = length;
            for (int l = 0; l < RAC_LANES; l++)
                moving |= lag[l] < 0 || lag[l] > 0 || length[l] < 0 || length[l] > 0;
        }
    return moving;
}

/* Without negative coefficients and starts there are no negative outputs, whatever rounding says. */
static double lowest(const sensitivity *s)
{
    bool negative = false;
    for (int f = 0; f < s->epochs * s->flows; f++) {
        const rac_flow *flow = &s->m->linear_shape->flows[f % s->flows];
        negative |= s->flow_per_h.value[f] < 0 && flow->from != flow->to;
    }
    for (size_t i = 0; i < (size_t)s->epochs * s->m->compartment_count; i++)
        negative |= s->starts.value[i] < 0;
    for (int i = 0; i < s->epochs * s->tile.outputs * s->n; i++)
        negative |= s->readers.value[i] < 0;
    return negative ? -INFINITY : 0;
}

static bool all_finite(const double *numbers, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++)
        finite &= isfinite(numbers[i]) != 0;
    return finite;
}

/* ---- the schedule ---- */

static void find_timing(sensitivity *s)
{
    memset(s->next_parts, 0, sizeof *s->next_parts * (size_t)(s->epochs * s->parts));
    for (int i = 0; i < s->epochs * s->parts; i++) {
        const double *field = &s->fields.value[i * 4];
        rac_route_part *part = &s->next_parts[i];
        part->compartment = s->m->parts[i % s->parts].compartment;
        part->rate_mg_per_h = field[3];
        part->fraction = s->fraction_times || field[3] > 0 ? field[0] : 1;
        part->lag_h = field[1];
        part->duration_h = field[2];
    }
}

/* Kept from look to look as long as its times hold. */
static rac_status find_schedule(sensitivity *s, rac_error *err)
{
    const size_t size = sizeof *s->next_parts * (size_t)(s->epochs * s->parts);
    const bool moving = find_moving(s);
    find_timing(s);
    if (s->has_schedule && s->timing.shifts == moving && !memcmp(s->timing_parts, s->next_parts, size))
        return RAC_OK;
    s->timing.shifts = moving;
    memcpy(s->timing_parts, s->next_parts, size);
    rac_arena_free(s->scratch);
    s->scratch = rac_arena_new();
    const rac_status status =
        rac_schedule_make(s->scratch, s->p->regimen, &s->timing, NULL, 0, &s->schedule, err);
    s->has_schedule = !status;
    const size_t out = s->schedule.writes * (size_t)s->tile.outputs;
    if (s->has_schedule && out > s->out_room) {
        s->tile.out = duals_new(s, out);
        s->values = s->m->all_linear ? s->tile.out : duals_new(s, s->schedule.writes * (size_t)s->outputs);
        s->out_room = out;
    }
    return status;
}

static void make_room(sensitivity *s, size_t work)
{
    if (work > s->work_room) {
        s->work_room = work;
        s->tile.work = rac_lanes_new(s->arena, work);
    }
}

/* ---- outputs ---- */

/* Outputs that are not linear, at one time, from the amounts there and the parameters of its epoch. */
static void run_outputs(sensitivity *s, int epoch, size_t write)
{
    const rac_model *m = s->m;
    const int slots = rac_slot_amount(m, 0), n = s->n, blocks = s->blocks, at = (int)write;
    begin_with_slots(s, &s->output,
                     &(frame){&s->of_epoch.value[epoch * slots], &s->of_epoch.slope[epoch * slots * blocks]});
    for (int i = 0; i < n; i++) {
        s->output.value[slots + i] = (rac_lanes){0} + s->tile.out.value[at * n + i];
        memcpy(&s->output.slope[(slots + i) * blocks], &s->tile.out.slope[(at * n + i) * blocks],
               sizeof(rac_lanes) * (size_t)blocks);
    }
    run(s, &m->output_program, &s->output);
    for (int o = 0; o < s->outputs; o++)
        take(s, &s->values, at * s->outputs + o, &s->output, m->outputs[o].result, 0);
}

static void find_outputs(sensitivity *s)
{
    size_t write = 0;
    for (int e = 0; e < s->epochs; e++)
        for (size_t i = s->schedule.epoch_first[e]; i < s->schedule.epoch_first[e + 1]; i++) {
            const rac_step *step = &s->schedule.steps[i];
            const bool writes =
                step->kind == RAC_STEP_WRITE || (step->kind == RAC_STEP_ADVANCE && step->write);
            for (int k = 0; writes && k < (step->kind == RAC_STEP_WRITE ? 1 : step->count); k++)
                run_outputs(s, e, write++);
        }
}

static void solve(sensitivity *s)
{
    s->tile.floor = lowest(s);
    s->tile.nearest = 0;
    if (s->m->linear_shape->has_modes) {
        make_room(s, rac_sensitive_modes_work(&s->tile));
        s->kernel->solve_slopes(&s->tile);
    }
    if (s->tile.nearest < NEAREST) {
        make_room(s, rac_sensitive_scaling_work(&s->tile));
        s->kernel->scale_slopes(&s->tile);
    }
    if (!s->m->all_linear)
        find_outputs(s);
}

rac_status rac_sensitivity_at(rac_sensitivity *s, const double *etas, rac_sensitivity_look *look,
                              rac_error *err)
{
    *look = (rac_sensitivity_look){.parameters = s->parameters};
    for (int e = 0; e < s->epochs; e++)
        take_epoch(s, e, etas);
    if (!is_possible(s))
        return RAC_OK;
    const rac_status status = find_schedule(s, err);
    if (status)
        return status;
    solve(s);
    const size_t count = s->schedule.writes * (size_t)s->outputs;
    look->values = s->values;
    look->exact = all_finite(s->values.value, count) &&
                  all_finite((const double *)s->values.slope, count * (size_t)s->blocks * RAC_LANES);
    return RAC_OK;
}

/* ---- opening ---- */

static void look_at_regimen(sensitivity *s)
{
    for (size_t i = 0; i < s->p->regimen->count; i++) {
        const rac_dose *dose = &s->p->regimen->items[i];
        s->fraction_times |=
            dose->kind == RAC_DOSE_INFUSION && dose->rate_mg_per_h > 0 && dose->amount_mg > 0;
    }
}

static void turn_to_lanes(sensitivity *s, const double *eta_slopes, int directions)
{
    const size_t count = (size_t)s->epochs * s->m->eta_count;
    for (int d = 0; d < directions; d++)
        for (size_t i = 0; i < count; i++)
            s->eta_slopes[i * (size_t)s->blocks + (size_t)(d / RAC_LANES)][d % RAC_LANES] =
                eta_slopes[(size_t)d * count + i];
}

static void make_arrays(sensitivity *s)
{
    const rac_model *m = s->m;
    const size_t epochs = (size_t)s->epochs, parts = epochs * (size_t)s->parts, n = (size_t)s->n,
                 flows = epochs * (size_t)s->flows, slots = (size_t)rac_slot_amount(m, 0);
    const size_t rows = m->all_linear ? (size_t)s->outputs : n;
    s->setup = frame_new(s, (size_t)m->setup.registers);
    s->linear = frame_new(s, (size_t)m->linear.registers);
    s->output = frame_new(s, (size_t)m->output_program.registers);
    s->of_epoch = frame_new(s, m->all_linear ? 0 : epochs * slots);
    s->flow_per_h = duals_new(s, flows);
    s->gains = duals_new(s, 2 * parts);
    s->readers = duals_new(s, epochs * rows * n);
    s->fields = duals_new(s, 4 * parts);
    s->starts = duals_new(s, epochs * m->compartment_count);
    s->parameters = rac_many(s->arena, double, epochs * m->parameter_count);
    s->lag_slopes = rac_lanes_new(s->arena, parts * (size_t)s->blocks);
    s->length_slopes = rac_lanes_new(s->arena, parts * (size_t)s->blocks);
    s->timing_parts = rac_many(s->arena, rac_route_part, parts);
    s->next_parts = rac_many(s->arena, rac_route_part, parts);
    int *channel_compartment = rac_many(s->arena, int, 2 * parts);
    for (size_t c = 0; c < 2 * parts; c++)
        channel_compartment[c] = m->parts[c / 2 % (size_t)s->parts].compartment;
    s->timing = (rac_timing){.routes = (int)m->route_count,
                             .route_first = m->route_first,
                             .epochs = s->epochs,
                             .epoch_h = s->p->epoch_h,
                             .parts = s->timing_parts,
                             .from_zero = m->has_linear_start};
    s->tile = (rac_sensitive){.shape = m->linear_shape,
                              .schedule = &s->schedule,
                              .channel_compartment = channel_compartment,
                              .blocks = s->blocks,
                              .flow_per_h = s->flow_per_h,
                              .gains = s->gains,
                              .readers = s->readers,
                              .starts = s->starts,
                              .start_stride = (int)m->compartment_count,
                              .lag_slopes = s->lag_slopes,
                              .length_slopes = s->length_slopes,
                              .outputs = (int)rows};
}

rac_sensitivity *rac_sensitivity_new(rac_arena *arena, const rac_population *p, const double *eta_slopes,
                                     int directions)
{
    const rac_model *m = p->model;
    for (size_t o = 0; o < m->output_count; o++)
        if (m->outputs[o].uses_states)
            return NULL;
    sensitivity *s = rac_new(arena, sensitivity);
    *s = (sensitivity){.p = p,
                       .m = m,
                       .kernel = rac_kernel_best(),
                       .arena = arena,
                       .epochs = p->epochs ? p->epochs : 1,
                       .parts = (int)m->part_count,
                       .flows = m->linear_shape->flow_count,
                       .n = m->linear_shape->n,
                       .outputs = (int)m->output_count,
                       .blocks = (directions + RAC_LANES - 1) / RAC_LANES};
    s->eta_slopes = rac_lanes_new(arena, (size_t)s->epochs * m->eta_count * (size_t)s->blocks);
    make_arrays(s);
    look_at_regimen(s);
    turn_to_lanes(s, eta_slopes, directions);
    return s;
}

void rac_sensitivity_close(rac_sensitivity *s)
{
    if (s) {
        rac_arena_free(s->scratch);
        s->scratch = NULL;
        s->has_schedule = false;
    }
}
