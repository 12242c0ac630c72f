/* Streaming subjects through the kernels, eight at a time.  See racemate/pharma/population.h. */
#include "racemate/pharma/population.h"

#include "base/random.h"
#include "pharma/kernel.h"
#include "pharma/model.h"
#include "pharma/population_run.h"

#include <math.h>
#include <string.h>

_Static_assert(RAC_TILE == RAC_LANES, "a tile is as wide as the lanes");

struct rac_runner {
    const rac_population *p;
    const rac_model *m;
    const rac_kernel *kernel;
    rac_arena *arena;
    rac_arena *scratch; /* schedules of subjects whose times are their own */
    int epochs, parts, flows, n, outputs;
    bool with_states;    /* some output mentions a state */
    bool fraction_times; /* some infusion's duration depends on bioavailability */

    rac_lanes *frame, *linear_frame, *output_frame;
    rac_lanes *flow_per_h; /* epochs x flows */
    rac_lanes *readers;    /* epochs x outputs x n */
    rac_lanes *gains;      /* channels */
    rac_lanes *parameters; /* epochs x parameters */
    rac_lanes *fields;     /* epochs x parts x 4: fraction, lag, duration, rate */
    int *channel_compartment;

    rac_timing timing;
    rac_route_part *timing_parts, *next_parts, *other_parts;
    rac_schedule schedule;
    bool has_schedule;
    size_t writes; /* times of a subject */
    rac_tile tile;
    size_t out_room, work_room, values_room;
    rac_lanes *starts;    /* epochs x amounts */
    rac_lanes *frames;    /* epochs x slots before the amounts: for states, and outputs that are not linear */
    size_t *epoch_writes; /* epochs: the first write of each, where times are shared */
    rac_states states;
    size_t states_room, states_work_room;
    rac_lanes *values;      /* gathered when lanes were solved one by one, or changed afterwards */
    const rac_lanes *shown; /* what the sink sees: the solution itself, or values */
    unsigned failed, unsettled;
};
typedef struct rac_runner runner;

/* ---- deviations and covariates ---- */

/* z for a block, then factor z. */
static void draw_block(const rac_eta_block *block, rac_random *stream, double *eta)
{
    double z[RAC_ETAS_MAX];
    for (int i = 0; i < block->count; i++)
        z[i] = rac_random_normal(stream);
    for (int i = 0; i < block->count; i++) {
        double sum = 0;
        for (int j = 0; j <= i; j++)
            sum += block->factor[i * block->count + j] * z[j];
        eta[block->first + i] = sum;
    }
}

/* Deviations of one subject in one occasion.  Occasions are drawn in order from one stream, so the third is
 * the same whether or not anybody looks at the second. */
void rac_model_draw(const rac_model *m, uint64_t seed, uint64_t subject, int occasion, double *eta)
{
    rac_random between = rac_random_open(seed, subject, RAC_RANDOM_ETA);
    rac_random within = rac_random_open(seed, subject, RAC_RANDOM_OCCASION);
    for (size_t b = 0; b < m->block_count; b++)
        if (!m->blocks[b].occasion)
            draw_block(&m->blocks[b], &between, eta);
    for (int o = 0; o <= occasion; o++)
        for (size_t b = 0; b < m->block_count; b++)
            if (m->blocks[b].occasion)
                draw_block(&m->blocks[b], &within, eta);
}

static double covariate(const rac_population *p, int epoch, size_t index, size_t subject)
{
    const size_t at = (size_t)epoch * p->model->covariate_count + index;
    return p->columns && p->columns[at] ? p->columns[at][subject] : p->constants[at];
}

static void fill_frame(runner *r, int epoch, size_t first, int subjects)
{
    const rac_model *m = r->m;
    for (int lane = 0; lane < RAC_LANES; lane++) {
        /* Lanes without a subject repeat the first: harmless numbers, dropped later. */
        const size_t subject = first + (size_t)(lane < subjects ? lane : 0);
        double eta[RAC_ETAS_MAX] = {0};
        if (r->p->etas)
            memcpy(eta, r->p->etas + (subject * (size_t)r->epochs + (size_t)epoch) * m->eta_count,
                   sizeof *eta * m->eta_count);
        else if (!r->p->typical)
            rac_model_draw(m, r->p->seed, r->p->first_subject + subject,
                           r->p->occasion ? r->p->occasion[epoch] : 0, eta);
        for (size_t i = 0; i < m->eta_count; i++)
            r->frame[rac_slot_eta(m, i)][lane] = eta[i];
        for (size_t i = 0; i < m->covariate_count; i++)
            r->frame[rac_slot_covariate(i)][lane] = covariate(r->p, epoch, i, subject);
    }
}

/* ---- from parameters to the linear system ---- */

static void take_fields(runner *r, int epoch)
{
    for (int i = 0; i < r->parts; i++) {
        const rac_part *part = &r->m->parts[i];
        const int registers[] = {part->fraction, part->lag, part->duration, part->rate};
        for (int k = 0; k < 4; k++)
            r->fields[(epoch * r->parts + i) * 4 + k] =
                registers[k] >= 0 ? r->frame[registers[k]] : (rac_lanes){0} + (k ? 0.0 : 1.0);
        const rac_lanes fraction = r->fields[(epoch * r->parts + i) * 4];
        const int channel = rac_channel(&r->timing, epoch, i, false);
        r->gains[channel] = fraction;
        r->gains[channel + 1] = r->m->weight >= 0
                                    ? fraction * r->frame[rac_slot_covariate((size_t)r->m->weight)]
                                    : (rac_lanes){0} + NAN;
    }
}

/* Coefficients of equations and outputs: the value with one amount 1 and all others 0. */
static void take_linear(runner *r, int epoch)
{
    const rac_model *m = r->m;
    if (m->linear.count || m->all_linear) {
        memcpy(r->linear_frame, r->frame, sizeof(rac_lanes) * (size_t)rac_slot_amount(m, 0));
        for (int j = 0; j < r->n; j++) {
            for (int i = 0; i < r->n; i++)
                r->linear_frame[rac_slot_amount(m, (size_t)i)] = (rac_lanes){0} + (i == j ? 1.0 : 0.0);
            r->kernel->run(&m->linear, r->linear_frame);
            for (int f = 0; f < r->flows; f++)
                if (m->flows[f].from_equation && m->linear_shape->flows[f].from == j)
                    r->flow_per_h[epoch * r->flows + f] = r->linear_frame[m->flows[f].result];
            for (int o = 0; m->all_linear && o < r->outputs; o++)
                r->readers[(epoch * r->outputs + o) * r->n + j] = r->linear_frame[m->outputs[o].result];
        }
    }
    for (int o = 0; !m->all_linear && o < r->n; o++)
        r->readers[(epoch * r->n + o) * r->n + o] = (rac_lanes){0} + 1.0;
}

static void take_epoch(runner *r, int epoch, size_t first, int subjects)
{
    const rac_model *m = r->m;
    fill_frame(r, epoch, first, subjects);
    r->kernel->run(&m->setup, r->frame);
    for (size_t i = 0; i < m->parameter_count; i++)
        r->parameters[(size_t)epoch * m->parameter_count + i] = r->frame[rac_slot_parameter(m, i)];
    for (int f = 0; f < r->flows; f++)
        if (!m->flows[f].from_equation)
            r->flow_per_h[epoch * r->flows + f] = r->frame[m->flows[f].result];
    take_fields(r, epoch);
    take_linear(r, epoch);
    for (size_t i = 0; i < m->compartment_count; i++)
        r->starts[(size_t)epoch * m->compartment_count + i] =
            m->starts[i] >= 0 ? r->frame[m->starts[i]] : (rac_lanes){0};
    const size_t slots = (size_t)rac_slot_amount(m, 0);
    if (!m->all_linear)
        memcpy(&r->frames[(size_t)epoch * slots], r->frame, sizeof(rac_lanes) * slots);
}

/* A subject whose rates, shares or times are impossible has no answer; it gets harmless numbers instead, so
 * that it cannot disturb the others, and is marked. */
static void mark_impossible(runner *r)
{
    const rac_model *m = r->m;
    r->failed = r->unsettled = 0;
    for (int lane = 0; lane < RAC_LANES; lane++) {
        bool possible = true;
        for (int f = 0; f < r->epochs * r->flows; f++) {
            const double rate = r->flow_per_h[f][lane];
            possible &= isfinite(rate) && (rate >= 0 || m->flows[f % r->flows].from_equation);
        }
        for (int k = 0; k < r->epochs * r->parts * 4; k++)
            possible &= isfinite(r->fields[k][lane]) && r->fields[k][lane] >= 0;
        for (size_t i = 0; i < (size_t)r->epochs * m->compartment_count; i++)
            possible &= isfinite(r->starts[i][lane]);
        if (possible)
            continue;
        r->failed |= 1U << lane;
        for (int f = 0; f < r->epochs * r->flows; f++)
            r->flow_per_h[f][lane] = 1;
        for (int k = 0; k < r->epochs * r->parts * 4; k++)
            r->fields[k][lane] = r->fields[k][0] == r->fields[k][0] && lane ? r->fields[k][0] : 0;
        for (size_t i = 0; i < (size_t)r->epochs * m->compartment_count; i++)
            r->starts[i][lane] = 0;
    }
}

/* ---- schedules ---- */

static void timing_of_lane(const runner *r, int lane, rac_route_part *parts)
{
    memset(parts, 0, sizeof *parts * (size_t)(r->epochs * r->parts));
    for (int i = 0; i < r->epochs * r->parts; i++) {
        const rac_lanes *field = &r->fields[i * 4];
        parts[i].compartment = r->m->parts[i % r->parts].compartment;
        parts[i].rate_mg_per_h = field[3][lane];
        parts[i].fraction = r->fraction_times || parts[i].rate_mg_per_h > 0 ? field[0][lane] : 1;
        parts[i].lag_h = field[1][lane];
        parts[i].duration_h = field[2][lane];
    }
}

static void make_room_for_states(runner *r)
{
    const size_t out = r->writes * (size_t)r->m->equations.count, work = rac_states_work(&r->states);
    if (out > r->states_room) {
        r->states_room = 2 * out;
        r->states.out = rac_lanes_new(r->arena, r->states_room);
    }
    if (work > r->states_work_room) {
        r->states_work_room = 2 * work;
        r->states.work = rac_lanes_new(r->arena, r->states_work_room);
    }
}

static void make_room(runner *r, size_t writes, size_t work)
{
    const size_t out = writes * (size_t)r->tile.outputs, values = writes * (size_t)r->outputs;
    r->writes = writes;
    if (out > r->out_room) {
        r->out_room = 2 * out;
        r->tile.out = rac_lanes_new(r->arena, r->out_room);
    }
    if (values > r->values_room) {
        r->values_room = 2 * values;
        r->values = rac_lanes_new(r->arena, r->values_room);
    }
    if (work > r->work_room) {
        r->work_room = 2 * work;
        r->tile.work = rac_lanes_new(r->arena, r->work_room);
    }
}

static void count_writes(runner *r)
{
    size_t writes = 0;
    for (int e = 0; e < r->epochs; e++) {
        r->epoch_writes[e] = writes;
        for (size_t i = r->schedule.epoch_first[e]; i < r->schedule.epoch_first[e + 1]; i++) {
            const rac_step *step = &r->schedule.steps[i];
            writes += step->kind == RAC_STEP_WRITE ? 1 : step->write ? (size_t)step->count : 0;
        }
    }
}

/* The schedule for r->next_parts; the last one is kept as long as its times hold. */
static rac_status find_schedule(runner *r, rac_error *err)
{
    const size_t size = sizeof *r->timing_parts * (size_t)(r->epochs * r->parts);
    if (r->has_schedule && !memcmp(r->timing_parts, r->next_parts, size))
        return RAC_OK;
    memcpy(r->timing_parts, r->next_parts, size);
    rac_arena_free(r->scratch);
    r->scratch = rac_arena_new();
    r->has_schedule = false;
    static const double none[1] = {0};
    const bool own = r->p->own_times_h != NULL;
    const rac_status status =
        rac_schedule_make(r->scratch, r->p->regimen, &r->timing, own ? none : r->p->times_h,
                          own ? 0 : r->p->times, &r->schedule, err);
    if (status)
        return status;
    r->has_schedule = true;
    count_writes(r);
    make_room(r, own ? r->p->times : r->schedule.writes,
              (own ? rac_sample_work : rac_tile_work)(r->m->linear_shape, &r->schedule, r->tile.outputs));
    return RAC_OK;
}

/* ---- outputs ---- */

static double residual(const rac_residual *error, double value, double z)
{
    if (error->log > 0)
        return value * exp(error->log * z);
    const double proportional = error->proportional * value;
    return value + sqrt(error->additive * error->additive + proportional * proportional) * z;
}

static void add_residual(runner *r, size_t first, int subjects)
{
    for (int lane = 0; lane < subjects; lane++) {
        rac_random stream =
            rac_random_open(r->p->seed, r->p->first_subject + first + (size_t)lane, RAC_RANDOM_RESIDUAL);
        for (size_t t = 0; t < r->writes; t++)
            for (int o = 0; o < r->outputs; o++) {
                rac_lanes *at = &r->values[t * (size_t)r->outputs + (size_t)o];
                (*at)[lane] = residual(&r->m->outputs[o].residual, (*at)[lane], rac_random_normal(&stream));
            }
    }
}

/* Outputs that are not linear see the parameters of the epoch of their time; epochs of write t from those of
 * the write before, lane by lane (-1: none yet). */
static void follow_epochs(runner *r, size_t t, int *epoch)
{
    const int slots = rac_slot_amount(r->m, 0);
    for (int lane = 0; lane < RAC_LANES; lane++) {
        const int before = epoch[lane];
        int e = before < 0 ? 0 : before;
        while (e + 1 < r->epochs && (r->p->own_times_h ? r->p->epoch_h[e + 1] <= r->tile.own_h[lane][t]
                                                       : r->epoch_writes[e + 1] <= t))
            e++;
        for (int i = 0; e != before && i < slots; i++)
            r->output_frame[i][lane] = r->frames[e * slots + i][lane];
        epoch[lane] = e;
    }
}

/* Copies lanes `mask` of the solution to the values, through the output program when outputs are not linear.
 */
static void take_values(runner *r, unsigned mask)
{
    const rac_model *m = r->m;
    rac_lane_mask wanted = {0};
    for (int lane = 0; lane < RAC_LANES; lane++)
        wanted[lane] = mask >> lane & 1 ? -1 : 0;
    int epoch[RAC_LANES];
    memset(epoch, -1, sizeof epoch);
    for (size_t t = 0; t < r->writes; t++) {
        const rac_lanes *solved = &r->tile.out[t * (size_t)r->tile.outputs];
        if (!m->all_linear) {
            follow_epochs(r, t, epoch);
            if (m->outputs_use_linear)
                memcpy(&r->output_frame[rac_slot_amount(m, 0)], solved, sizeof *solved * (size_t)r->n);
            if (r->with_states)
                memcpy(&r->output_frame[rac_slot_amount(m, m->linear_count)],
                       &r->states.out[t * (size_t)m->equations.count],
                       sizeof *solved * (size_t)m->equations.count);
            r->kernel->run(&m->output_program, r->output_frame);
        }
        for (int o = 0; o < r->outputs; o++) {
            rac_lanes *to = &r->values[t * (size_t)r->outputs + (size_t)o];
            const rac_lanes from = m->all_linear ? solved[o] : r->output_frame[m->outputs[o].result];
            *to = (rac_lanes)((wanted & (rac_lane_mask)from) | (~wanted & (rac_lane_mask)*to));
        }
    }
}

/* Lanes without negative coefficients and starts cannot have negative outputs, whatever rounding says. */
static void set_floor(runner *r)
{
    for (int lane = 0; lane < RAC_LANES; lane++) {
        bool negative = false;
        for (int f = 0; f < r->epochs * r->flows; f++) {
            const rac_flow *flow = &r->m->linear_shape->flows[f % r->flows];
            negative |= r->flow_per_h[f][lane] < 0 && flow->from != flow->to;
        }
        for (int i = 0; i < r->epochs * r->n; i++)
            negative |= r->starts[i / r->n * (int)r->m->compartment_count + i % r->n][lane] < 0;
        r->states.floor[lane] = negative ? -INFINITY : 0;
        for (int i = 0; i < r->epochs * r->tile.outputs * r->n; i++)
            negative |= r->readers[i][lane] < 0;
        r->tile.floor[lane] = negative ? -INFINITY : 0;
    }
}

/* Linear amounts and states at the times of a schedule. */
static void solve_schedule(runner *r, const rac_schedule *schedule, unsigned mask)
{
    if (r->m->outputs_use_linear || r->m->all_linear) {
        r->tile.schedule = schedule;
        r->kernel->solve(&r->tile);
        r->failed |= r->tile.failed & mask;
    }
    if (r->with_states) {
        r->states.schedule = schedule;
        make_room_for_states(r);
        r->states.wanted = mask & ~r->failed;
        r->kernel->solve_states(&r->states);
        r->failed |= r->states.failed;
        r->unsettled |= r->states.unsettled;
    }
}

/* Lanes of own times that `sample` cannot do: one by one, each with a schedule that has its times. */
static rac_status solve_by_schedule(runner *r, unsigned mask, rac_error *err)
{
    for (int lane = 0; lane < RAC_LANES; lane++) {
        if (!(mask >> lane & 1))
            continue;
        rac_arena *scratch = rac_arena_new();
        rac_schedule schedule;
        const rac_status status = rac_schedule_make(scratch, r->p->regimen, &r->timing, r->tile.own_h[lane],
                                                    r->p->times, &schedule, err);
        if (!status) {
            make_room(r, r->p->times, rac_tile_work(r->m->linear_shape, &schedule, r->tile.outputs));
            solve_schedule(r, &schedule, 1U << lane);
            take_values(r, 1U << lane);
            r->shown = r->values;
        }
        rac_arena_free(scratch);
        if (status)
            return status;
    }
    return RAC_OK;
}

/* Lanes `mask`, who share their events. */
static rac_status solve_lanes(runner *r, unsigned mask, rac_error *err)
{
    unsigned left = 0;
    if (!r->p->own_times_h) {
        solve_schedule(r, &r->schedule, mask);
    } else if (r->with_states) {
        return solve_by_schedule(r, mask, err);
    } else {
        r->tile.schedule = &r->schedule;
        r->kernel->sample(&r->tile);
        left = r->tile.scaled & mask;
        r->failed |= r->tile.failed & mask & ~left;
    }
    const bool as_solved = r->m->all_linear && !r->p->residual && mask == (1U << RAC_LANES) - 1 && !left;
    r->shown = as_solved ? r->tile.out : r->values;
    if (!as_solved)
        take_values(r, mask);
    return left ? solve_by_schedule(r, left, err) : RAC_OK;
}

/* Where a tile's own times are, lane by lane.  The next tile's are asked for: they lie far away. */
static rac_status find_own_times(runner *r, size_t first, int subjects, rac_error *err)
{
    const size_t times = r->p->times;
    for (int lane = 0; lane < RAC_LANES; lane++) {
        const double *own_h = r->p->own_times_h + (first + (size_t)(lane < subjects ? lane : 0)) * times;
        size_t wrong = 0;
        for (size_t t = 1; t < times; t++)
            wrong += !(own_h[t] >= own_h[t - 1]);
        if (first + 2 * RAC_LANES <= r->p->subjects)
            for (size_t t = 0; t < times; t += 8)
                __builtin_prefetch(own_h + RAC_LANES * times + t);
        if (times && (wrong || !isfinite(own_h[0]) || !isfinite(own_h[times - 1])))
            return rac_fail(err, RAC_INVALID, "times of subject %zu are not finite or not ascending",
                            first + (size_t)lane + 1);
        r->tile.own_h[lane] = own_h;
    }
    return RAC_OK;
}

/* Subjects whose events happen at the same times are solved together, others one by one. */
static rac_status solve_tile_of(runner *r, size_t first, int subjects, rac_error *err)
{
    if (r->p->own_times_h) {
        const rac_status status = find_own_times(r, first, subjects, err);
        if (status)
            return status;
    }
    const size_t size = sizeof *r->other_parts * (size_t)(r->epochs * r->parts);
    bool same = true;
    timing_of_lane(r, 0, r->next_parts);
    for (int lane = 1; lane < RAC_LANES && same; lane++) {
        timing_of_lane(r, lane, r->other_parts);
        same = !memcmp(r->other_parts, r->next_parts, size);
    }
    set_floor(r);
    for (int lane = 0; lane < RAC_LANES; lane++) {
        timing_of_lane(r, lane, r->next_parts);
        rac_status status = find_schedule(r, err);
        if (!status)
            status = solve_lanes(r, same ? (1U << RAC_LANES) - 1 : 1U << lane, err);
        if (status)
            return status;
        if (same)
            break;
    }
    return RAC_OK;
}

/* ---- the run ---- */

static bool uses_states(const rac_model *m)
{
    bool used = false;
    for (size_t o = 0; o < m->output_count; o++)
        used |= m->outputs[o].uses_states;
    return used;
}

rac_status rac_tolerance_check(double tolerance, double share, rac_error *err)
{
    const bool bounded = tolerance >= 0 && tolerance <= 0.1 && !(tolerance > 0 && tolerance < 1e-13);
    if (bounded && share >= 0 && share <= 1)
        return RAC_OK;
    return rac_fail(err, RAC_INVALID, "tolerance %g and share %g: allowed are 1e-13 to 0.1 and 0 to 1",
                    tolerance, share);
}

rac_status rac_population_check(const rac_population *p, rac_error *err)
{
    const rac_model *m = p->model;
    const int epochs = p->epochs ? p->epochs : 1;
    rac_status status = rac_model_check_ready(m, err);
    if (!status)
        status = rac_regimen_check(p->regimen, (int)m->route_count, err);
    for (size_t i = 0; !status && i < p->regimen->count; i++)
        if (p->regimen->items[i].per_kg && m->weight < 0)
            status = rac_fail(err, RAC_INVALID, "event %zu is per kg, but the model '%s' has no weight",
                              i + 1, m->about.name);
    for (int e = 0; !status && e < epochs; e++)
        for (size_t c = 0; !status && c < m->covariate_count; c++) {
            const size_t at = (size_t)e * m->covariate_count + c;
            const bool column = p->columns && p->columns[at];
            if (!column && !p->constants)
                return rac_fail(err, RAC_INVALID, "covariate %s has no value", m->covariates[c].name);
            for (size_t s = 0; s < (column ? p->subjects : 1); s++)
                if (!isfinite(covariate(p, e, c, s)))
                    return rac_fail(err, RAC_INVALID, "covariate %s has no value%s", m->covariates[c].name,
                                    column ? " for some subject" : "");
        }
    if (!status)
        status = rac_tolerance_check(p->tolerance, p->tolerance_share, err);
    for (int e = 2; !status && e < epochs; e++)
        if (!(p->epoch_h[e] >= p->epoch_h[e - 1]))
            status = rac_fail(err, RAC_INVALID, "epoch %d begins before the one ahead of it", e + 1);
    return status;
}

static void prepare(runner *r)
{
    const rac_model *m = r->m;
    const size_t epochs = (size_t)r->epochs, n = (size_t)r->n;
    const int rows = m->all_linear ? r->outputs : r->n;
    r->frame = rac_lanes_new(r->arena, (size_t)m->setup.registers);
    r->linear_frame = rac_lanes_new(r->arena, (size_t)m->linear.registers);
    r->output_frame = rac_lanes_new(r->arena, (size_t)m->output_program.registers);
    r->flow_per_h = rac_lanes_new(r->arena, epochs * (size_t)r->flows);
    r->readers = rac_lanes_new(r->arena, epochs * (size_t)rows * n);
    r->gains = rac_lanes_new(r->arena, epochs * (size_t)r->parts * 2);
    r->parameters = rac_lanes_new(r->arena, epochs * m->parameter_count);
    r->fields = rac_lanes_new(r->arena, epochs * (size_t)r->parts * 4);
    r->timing_parts = rac_many(r->arena, rac_route_part, epochs * (size_t)r->parts);
    r->next_parts = rac_many(r->arena, rac_route_part, epochs * (size_t)r->parts);
    r->other_parts = rac_many(r->arena, rac_route_part, epochs * (size_t)r->parts);
    r->timing = (rac_timing){.routes = (int)m->route_count,
                             .route_first = m->route_first,
                             .epochs = r->epochs,
                             .epoch_h = r->p->epoch_h,
                             .parts = r->timing_parts,
                             .from_zero = uses_states(m) || m->has_linear_start};
    r->channel_compartment = rac_many(r->arena, int, epochs *(size_t)r->parts * 2);
    for (int c = 0; c < r->epochs * r->parts * 2; c++)
        r->channel_compartment[c] = m->parts[c / 2 % r->parts].compartment;
    for (size_t i = 0; i < r->p->regimen->count; i++) {
        const rac_dose *dose = &r->p->regimen->items[i];
        r->fraction_times |=
            dose->kind == RAC_DOSE_INFUSION && dose->rate_mg_per_h > 0 && dose->amount_mg > 0;
    }
    r->with_states = uses_states(m);
    r->starts = rac_lanes_new(r->arena, epochs * m->compartment_count);
    r->epoch_writes = rac_many(r->arena, size_t, epochs);
    if (!m->all_linear)
        r->frames = rac_lanes_new(r->arena, epochs * (size_t)rac_slot_amount(m, 0));
    if (r->with_states) {
        r->states = (rac_states){.equations = &m->equations,
                                 .schedule = &r->schedule,
                                 .channel_amount = r->channel_compartment,
                                 .flow_per_h = r->flow_per_h,
                                 .flows = r->flows,
                                 .gains = r->gains,
                                 .starts = r->starts,
                                 .amounts = (int)m->compartment_count,
                                 .frames = r->frames,
                                 .slots = rac_slot_amount(m, 0),
                                 .tolerance = r->p->tolerance > 0 ? r->p->tolerance : 1e-8,
                                 .share = r->p->tolerance_share > 0 ? r->p->tolerance_share : 0.01,
                                 .together = r->p->together};
    }
    r->tile = (rac_tile){.shape = m->linear_shape,
                         .start = m->has_linear_start ? r->starts : NULL,
                         .start_stride = (int)m->compartment_count,
                         .channel_compartment = r->channel_compartment,
                         .flow_per_h = r->flow_per_h,
                         .gains = r->gains,
                         .readers = r->readers,
                         .outputs = rows};
    r->tile.own_times = r->p->own_times_h ? r->p->times : 0;
}

static unsigned count_bits(unsigned mask)
{
    return (unsigned)__builtin_popcount(mask);
}

rac_runner *rac_runner_new(rac_arena *arena, const rac_population *population)
{
    const rac_model *m = population->model;
    runner *r = (void *)rac_lanes_new(arena, sizeof *r / sizeof(rac_lanes)); /* it contains lanes */
    *r = (runner){.p = population,
                  .m = m,
                  .kernel = rac_kernel_best(),
                  .arena = arena,
                  .epochs = population->epochs ? population->epochs : 1,
                  .parts = (int)m->part_count,
                  .flows = m->linear_shape->flow_count,
                  .n = m->linear_shape->n,
                  .outputs = (int)m->output_count};
    prepare(r);
    return r;
}

void rac_runner_close(rac_runner *r)
{
    rac_arena_free(r->scratch);
    r->scratch = NULL;
    r->has_schedule = false;
}

rac_status rac_runner_run(rac_runner *r, size_t first, size_t end, rac_population_sink *sink, void *context,
                          size_t *failed, rac_error *err)
{
    const rac_population *p = r->p;
    for (; first < end; first += RAC_LANES) {
        const int subjects = end - first < RAC_LANES ? (int)(end - first) : RAC_LANES;
        for (int e = 0; e < r->epochs; e++)
            take_epoch(r, e, first, subjects);
        mark_impossible(r);
        const rac_status status = solve_tile_of(r, first, subjects, err);
        if (status)
            return status;
        if (p->residual)
            add_residual(r, first, subjects);
        const rac_population_tile tile = {.first_subject = p->first_subject + first,
                                          .subjects = subjects,
                                          .times = r->writes,
                                          .outputs = (size_t)r->outputs,
                                          .values = (const double *)r->shown,
                                          .epochs = r->epochs,
                                          .parameters = r->m->parameter_count,
                                          .parameter_values = (const double *)r->parameters,
                                          .failed = r->failed & ((1U << subjects) - 1),
                                          .unsettled = r->unsettled & ((1U << subjects) - 1)};
        *failed += count_bits(tile.failed);
        sink(context, &tile);
    }
    return RAC_OK;
}

rac_status rac_population_run(rac_arena *arena, const rac_population *population, rac_population_sink *sink,
                              void *context, size_t *failed, rac_error *err)
{
    *failed = 0;
    rac_status status = rac_population_check(population, err);
    if (status)
        return status;
    rac_runner *r = rac_runner_new(arena, population);
    status = rac_runner_run(r, 0, population->subjects, sink, context, failed, err);
    rac_runner_close(r);
    return status;
}
