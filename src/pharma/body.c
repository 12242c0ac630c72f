/* One subject carried exactly: see body.h. */
#include "pharma/body.h"

#include "pharma/body_states.h"
#include "pharma/kernel.h"
#include "pharma/schedule.h"

#include <float.h>
#include <math.h>

/* Propagators kept at once; irregular decisions overwrite the oldest. */
enum { KEPT = 64 };

struct rac_body {
    const rac_model *m;
    const rac_kernel *kernel;
    int n, entries;    /* compartments of the exact system; those that doses may enter */
    int amounts_count; /* of the model: those, then states */

    /* the subject */
    rac_lanes *frame;
    rac_lanes *flow_per_h;
    double *gains;           /* by channel: bioavailability, times weight for doses per kg */
    double *reader;          /* outputs x n, when every output is linear */
    double *starts;          /* by amount: at the beginning, and after a reset */
    rac_body_states *states; /* NULL when every equation is linear */
    rac_timing timing;

    /* propagators */
    rac_tile tile;
    rac_schedule unit; /* a unit of every column, then one step */
    double length_h;   /* of that step */
    rac_lanes *unit_gains;
    int *entry_of; /* by compartment: index among the entries, -1 */
    int *entered;  /* by entry: its compartment */
    double kept_h[KEPT];
    double *kept; /* KEPT x n x (n + entries), row by row */
    size_t kept_count;

    /* the state */
    double now_h;
    double owed_h; /* the state is this much behind the clock: what rounding of lengths has left over */
    double *amounts, *arrival; /* now, and now before the events of now */
    double *input;             /* by amount: mg/h */

    /* what was ordered */
    rac_regimen given;
    rac_arena *played; /* holds inputs */
    rac_inputs inputs;
};

/* ---- the subject ---- */

static void set_all(rac_lanes *frame, int slot, double value)
{
    frame[slot] = (rac_lanes){0} + value;
}

static rac_status run_setup(rac_body *b, const double *covariates, const double *etas, rac_error *err)
{
    const rac_model *m = b->m;
    for (size_t i = 0; i < m->covariate_count; i++) {
        if (!isfinite(covariates[i]))
            return rac_fail(err, RAC_INVALID, "covariate %s has no value", m->covariates[i].name);
        set_all(b->frame, rac_slot_covariate(i), covariates[i]);
    }
    for (size_t i = 0; i < m->eta_count; i++)
        set_all(b->frame, rac_slot_eta(m, i), etas[i]);
    b->kernel->run(&m->setup, b->frame);
    for (size_t f = 0; f < (size_t)m->linear_shape->flow_count; f++)
        if (!m->flows[f].from_equation)
            b->flow_per_h[f] = b->frame[m->flows[f].result];
    return RAC_OK;
}

/* Coefficients of equations and outputs: the value with one amount 1 and all others 0. */
static void run_linear(rac_arena *arena, rac_body *b)
{
    const rac_model *m = b->m;
    rac_lanes *frame = rac_lanes_new(arena, (size_t)m->linear.registers);
    memcpy(frame, b->frame, sizeof *frame * (size_t)rac_slot_amount(m, 0));
    for (int j = 0; j < b->n; j++) {
        for (int i = 0; i < b->n; i++)
            set_all(frame, rac_slot_amount(m, (size_t)i), i == j);
        b->kernel->run(&m->linear, frame);
        for (int f = 0; f < m->linear_shape->flow_count; f++)
            if (m->flows[f].from_equation && m->linear_shape->flows[f].from == j)
                b->flow_per_h[f] = frame[m->flows[f].result];
        for (size_t o = 0; m->all_linear && o < m->output_count; o++)
            b->reader[o * (size_t)b->n + (size_t)j] = frame[m->outputs[o].result][0];
    }
}

static rac_status check_flows(const rac_body *b, rac_error *err)
{
    for (int f = 0; f < b->m->linear_shape->flow_count; f++) {
        const double rate = b->flow_per_h[f][0];
        if (!isfinite(rate) || (rate < 0 && !b->m->flows[f].from_equation))
            return rac_fail(err, RAC_NOT_CONVERGED, "a flow of this subject is %g per h", rate);
    }
    return RAC_OK;
}

static rac_status take_starts(rac_arena *arena, rac_body *b, rac_error *err)
{
    b->starts = rac_many(arena, double, (size_t)b->amounts_count);
    for (int i = 0; i < b->amounts_count; i++) {
        if (b->m->starts[i] >= 0)
            b->starts[i] = b->frame[b->m->starts[i]][0];
        if (!isfinite(b->starts[i]))
            return rac_fail(err, RAC_NOT_CONVERGED, "an amount of this subject begins at %g", b->starts[i]);
    }
    return RAC_OK;
}

static rac_status take_routes(rac_arena *arena, rac_body *b, rac_error *err)
{
    const rac_model *m = b->m;
    rac_route_part *parts = rac_many(arena, rac_route_part, m->part_count);
    for (size_t i = 0; i < m->part_count; i++) {
        const rac_part *part = &m->parts[i];
        const int registers[] = {part->fraction, part->lag, part->duration, part->rate};
        double field[4] = {1, 0, 0, 0};
        for (int k = 0; k < 4; k++) {
            if (registers[k] >= 0)
                field[k] = b->frame[registers[k]][0];
            if (!(isfinite(field[k]) && field[k] >= 0))
                return rac_fail(err, RAC_NOT_CONVERGED, "a route of this subject has the number %g",
                                field[k]);
        }
        parts[i] = (rac_route_part){part->compartment, field[0], field[1], field[2], field[3]};
        b->gains[2 * i] = field[0];
        b->gains[2 * i + 1] =
            m->weight >= 0 ? field[0] * b->frame[rac_slot_covariate((size_t)m->weight)][0] : NAN;
        if (part->compartment < b->n && b->entry_of[part->compartment] < 0) {
            b->entered[b->entries] = part->compartment;
            b->entry_of[part->compartment] = b->entries++;
        }
    }
    b->timing = (rac_timing){
        .routes = (int)m->route_count, .route_first = m->route_first, .epochs = 1, .parts = parts};
    return RAC_OK;
}

/* ---- propagators ---- */

/* Channels are the columns: compartments, then entries. */
static void prepare_tile(rac_arena *arena, rac_body *b)
{
    const int n = b->n, columns = n + b->entries;
    int *compartment = rac_many(arena, int, (size_t)columns),
        *channels = rac_many(arena, int, (size_t)b->entries);
    double *values = rac_many(arena, double, (size_t)b->entries);
    rac_step *steps = rac_many(arena, rac_step, (size_t)n + 1);
    rac_rates *rates = rac_new(arena, rac_rates);
    rac_pair *pair = rac_new(arena, rac_pair);
    size_t *epoch_first = rac_many(arena, size_t, 2);
    for (int c = 0; c < n; c++) {
        compartment[c] = c;
        steps[c] = (rac_step){.kind = RAC_STEP_BOLUS, .channel = c, .amount = 1};
        if (b->entry_of[c] >= 0) {
            const int e = b->entry_of[c];
            compartment[n + e] = c;
            channels[e] = n + e;
            values[e] = 1;
        }
    }
    steps[n] = (rac_step){.kind = RAC_STEP_ADVANCE, .pair = b->entries ? 0 : -1, .count = 1, .write = true};
    *rates = (rac_rates){.channels = channels, .values = values, .count = b->entries};
    epoch_first[1] = (size_t)n + 1;
    b->unit = (rac_schedule){.lengths_h = &b->length_h,
                             .lengths = 1,
                             .rates = rates,
                             .rate_count = b->entries ? 1 : 0,
                             .pairs = pair,
                             .pairs_count = b->entries ? 1 : 0,
                             .steps = steps,
                             .step_count = (size_t)n + 1,
                             .epoch_first = epoch_first,
                             .epochs = 1,
                             .channels = columns,
                             .writes = 1};
    b->unit_gains = rac_lanes_new(arena, (size_t)columns);
    rac_lanes *readers = rac_lanes_new(arena, (size_t)(n * n));
    for (int i = 0; i < n; i++)
        set_all(readers, i * n + i, 1);
    double floor = 0;
    for (int f = 0; f < b->m->linear_shape->flow_count; f++)
        if (b->flow_per_h[f][0] < 0)
            floor = -INFINITY;
    b->tile = (rac_tile){.shape = b->m->linear_shape,
                         .schedule = &b->unit,
                         .channel_compartment = compartment,
                         .flow_per_h = b->flow_per_h,
                         .gains = b->unit_gains,
                         .readers = readers,
                         .outputs = n,
                         .scaling_only = true, /* no entry of P is wrong by more than its own rounding */
                         .floor = (rac_lanes){0} + floor,
                         .out = rac_lanes_new(arena, (size_t)n),
                         .work = rac_lanes_new(arena, rac_tile_work(b->m->linear_shape, &b->unit, n))};
    b->kept = rac_many(arena, double, (size_t)(KEPT * n * columns));
}

/* Two lengths that differ by the rounding of the clock are one; the difference is owed to the next step, so
 * that it never adds up. */
static double slack_at(double time_h)
{
    return 2 * DBL_EPSILON * fabs(time_h);
}

static rac_status find_propagator(rac_body *b, double length_h, double until_h, const double **found,
                                  rac_error *err)
{
    const int n = b->n, columns = n + b->entries;
    const size_t size = (size_t)(n * columns), kept = b->kept_count < KEPT ? b->kept_count : KEPT;
    for (size_t i = 0; i < kept; i++)
        if (fabs(b->kept_h[i] - length_h) <= slack_at(until_h)) {
            *found = b->kept + i * size;
            b->owed_h = length_h - b->kept_h[i];
            return RAC_OK;
        }
    const size_t at = b->kept_count++ % KEPT;
    double *to = b->kept + at * size;
    b->length_h = b->kept_h[at] = length_h;
    for (int first = 0; first < columns; first += RAC_LANES) {
        for (int c = 0; c < columns; c++)
            for (int lane = 0; lane < RAC_LANES; lane++)
                b->unit_gains[c][lane] = first + lane == c;
        b->kernel->solve(&b->tile);
        for (int lane = 0; lane < RAC_LANES && first + lane < columns; lane++) {
            if (b->tile.failed >> lane & 1)
                return rac_fail(err, RAC_NOT_CONVERGED, "the amounts of this subject are not finite");
            for (int i = 0; i < n; i++)
                to[i * columns + first + lane] = b->tile.out[i][lane];
        }
    }
    *found = to;
    b->owed_h = 0;
    return RAC_OK;
}

/* ---- what is flowing in ---- */

static double *channel_input(rac_body *b, int channel)
{
    return &b->input[b->timing.parts[channel / 2].compartment];
}

/* The inputs from now until the next change, which is not after until_h. */
static double set_input(rac_body *b, double until_h)
{
    double next_h = until_h;
    for (int i = 0; i < b->amounts_count; i++)
        b->input[i] = 0;
    for (size_t i = 0; i < b->inputs.span_count; i++) {
        const rac_span *span = &b->inputs.spans[i];
        if (span->start_h <= b->now_h && span->end_h > b->now_h)
            *channel_input(b, span->channel) += span->rate * b->gains[span->channel];
        if (span->start_h > b->now_h)
            next_h = fmin(next_h, span->start_h);
        if (span->end_h > b->now_h)
            next_h = fmin(next_h, span->end_h);
    }
    for (size_t i = 0; i < b->inputs.mark_count; i++)
        if (b->inputs.marks[i].time_h > b->now_h)
            next_h = fmin(next_h, b->inputs.marks[i].time_h);
    return next_h;
}

/* Events of now act on what arrived: so they may be played again when orders for now are added. */
static void act(rac_body *b)
{
    const size_t size = sizeof *b->amounts * (size_t)b->amounts_count;
    memcpy(b->amounts, b->arrival, size);
    for (size_t i = 0; i < b->inputs.mark_count; i++) {
        const rac_mark *mark = &b->inputs.marks[i];
        if (mark->time_h < b->now_h || mark->time_h > b->now_h)
            continue;
        if (mark->kind == RAC_MARK_BOLUS)
            b->amounts[b->timing.parts[mark->channel / 2].compartment] +=
                mark->amount * b->gains[mark->channel];
        else if (mark->kind == RAC_MARK_RESET)
            memcpy(b->amounts, b->starts, size);
    }
    if (b->states)
        rac_body_states_seen(b->states, b->amounts);
}

/* ---- the verbs ---- */

rac_status rac_body_new(rac_arena *arena, const rac_body_subject *subject, double start_h, rac_body **body,
                        rac_error *err)
{
    const rac_model *model = subject->model;
    rac_status status = rac_model_check_ready(model, err);
    if (status)
        return status;
    rac_body *b = (void *)rac_lanes_new(arena, sizeof *b / sizeof(rac_lanes) + 1); /* it contains lanes */
    const size_t n = model->linear_count, amounts = model->compartment_count;
    b->m = model;
    b->kernel = rac_kernel_best();
    b->n = (int)n;
    b->amounts_count = (int)amounts;
    b->frame = rac_lanes_new(arena, (size_t)(model->setup.registers > model->output_program.registers
                                                 ? model->setup.registers
                                                 : model->output_program.registers));
    b->flow_per_h = rac_lanes_new(arena, (size_t)model->linear_shape->flow_count);
    b->gains = rac_many(arena, double, 2 * model->part_count);
    b->reader = rac_many(arena, double, n * model->output_count);
    b->entry_of = rac_many(arena, int, n);
    b->entered = rac_many(arena, int, n);
    for (size_t i = 0; i < n; i++)
        b->entry_of[i] = -1;
    if ((status = run_setup(b, subject->covariates, subject->etas, err)))
        return status;
    run_linear(arena, b);
    if ((status = check_flows(b, err)) || (status = take_routes(arena, b, err)) ||
        (status = take_starts(arena, b, err)))
        return status;
    if (n)
        prepare_tile(arena, b);
    if (model->equations.count)
        b->states = rac_body_states_new(arena, model, b->frame, b->flow_per_h, subject->tolerance,
                                        subject->tolerance_share);
    b->amounts = rac_many(arena, double, amounts);
    b->arrival = rac_many(arena, double, amounts);
    b->input = rac_many(arena, double, amounts);
    b->now_h = start_h;
    b->given = rac_regimen_new(arena);
    memcpy(b->arrival, b->starts, sizeof *b->starts * amounts);
    act(b);
    *body = b;
    return RAC_OK;
}

void rac_body_close(rac_body *body)
{
    if (!body)
        return;
    rac_arena_free(body->played);
    body->played = NULL;
}

static rac_status check_orders(const rac_body *b, const rac_regimen *orders, rac_error *err)
{
    const rac_status status = rac_regimen_check(orders, (int)b->m->route_count, err);
    for (size_t i = 0; !status && i < orders->count; i++) {
        const rac_dose *dose = &orders->items[i];
        if (dose->time_h < b->now_h)
            return rac_fail(err, RAC_INVALID, "order %zu is for %g h, which is before now (%g h)", i + 1,
                            dose->time_h, b->now_h);
        if (dose->steady)
            return rac_fail(err, RAC_UNSUPPORTED, "order %zu is a steady dose: give the doses themselves",
                            i + 1);
        if (dose->per_kg && b->m->weight < 0)
            return rac_fail(err, RAC_INVALID, "order %zu is per kg, but the model '%s' has no weight", i + 1,
                            b->m->about.name);
    }
    return status;
}

rac_status rac_body_order(rac_body *body, const rac_regimen *orders, rac_error *err)
{
    rac_status status = check_orders(body, orders, err);
    if (status || !orders->count)
        return status;
    for (size_t i = 0; i < orders->count; i++)
        rac_regimen_add(&body->given, orders->items[i]);
    rac_arena_free(body->played);
    body->played = rac_arena_new();
    if ((status = rac_inputs_make(body->played, &body->given, &body->timing, &body->inputs, err)))
        return status;
    rac_marks_sort(&body->inputs);
    act(body);
    return RAC_OK;
}

/* The linear amounts after length_h. */
static rac_status advance_linear(rac_body *b, double length_h, double until_h, rac_error *err)
{
    const int n = b->n, columns = n + b->entries;
    const double *p = NULL;
    const rac_status status = find_propagator(b, length_h, until_h, &p, err);
    for (int i = 0; i < n && !status; i++, p += columns) {
        double sum = 0;
        for (int j = 0; j < n; j++)
            sum += p[j] * b->amounts[j];
        for (int e = 0; e < b->entries; e++)
            sum += p[n + e] * b->input[b->entered[e]];
        b->arrival[i] = sum;
    }
    return status;
}

rac_status rac_body_advance(rac_body *body, double until_h, rac_error *err)
{
    while (body->now_h < until_h) {
        const double next_h = set_input(body, until_h), length_h = next_h - body->now_h + body->owed_h;
        rac_status status = RAC_OK;
        if (length_h > slack_at(next_h)) {
            body->owed_h = 0;
            if (body->n)
                status = advance_linear(body, length_h, next_h, err);
            if (!status && body->states)
                status = rac_body_states_advance(body->states, body->amounts, body->input,
                                                 length_h - body->owed_h, body->arrival + body->n, err);
        } else {
            body->owed_h = length_h;
            memcpy(body->arrival, body->amounts, sizeof *body->arrival * (size_t)body->amounts_count);
        }
        if (status)
            return status;
        body->now_h = next_h;
        act(body);
    }
    return RAC_OK;
}

const double *rac_body_amounts(const rac_body *body)
{
    return body->amounts;
}

void rac_body_outputs(rac_body *body, double *outputs)
{
    const rac_model *m = body->m;
    const size_t n = (size_t)body->n;
    if (!m->all_linear) {
        for (size_t i = 0; i < m->compartment_count; i++)
            set_all(body->frame, rac_slot_amount(m, i), body->amounts[i]);
        body->kernel->run(&m->output_program, body->frame);
    }
    for (size_t o = 0; o < m->output_count; o++) {
        double sum = 0;
        for (size_t i = 0; m->all_linear && i < n; i++)
            sum += body->reader[o * n + i] * body->amounts[i];
        outputs[o] = m->all_linear ? sum : body->frame[m->outputs[o].result][0];
    }
}

const rac_regimen *rac_body_given(const rac_body *body)
{
    return &body->given;
}
