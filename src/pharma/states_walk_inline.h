/* pharma/states_walk_inline.h: walking a schedule by spans of constant input.  Included inside a kernel,
 * after the solvers; see states.h. */

/* Input of a set of rates, to linear amounts and to states. */
static void set_inputs(states_walk *w, int rate)
{
    const rac_states *s = w->s;
    for (int i = 0; i < s->shape->n; i++)
        w->f.u[i] = all(0);
    for (int i = 0; i < w->count; i++)
        w->input[i] = all(0);
    for (int i = 0; rate >= 0 && i < s->schedule->rates[rate].count; i++) {
        const int channel = s->schedule->rates[rate].channels[i], at = s->channel_compartment[channel];
        const rac_lanes amount = s->schedule->rates[rate].values[i] * s->gains[channel];
        if (at < s->shape->n)
            w->f.u[s->shape->position[at]] += amount;
        else
            w->input[at - s->shape->n] += amount;
    }
}

/* Everything up to the next break, at once. */
static void end_span(states_walk *w, int rate, double *length)
{
    if (*length > 0) {
        set_inputs(w, rate);
        forcing_begin(&w->f);
        memset(w->next, 0, sizeof w->next);
        rosenbrock_span(w, *length);
        forcing_end(&w->f, *length);
    }
    w->written += w->wanted;
    w->wanted = 0;
    *length = 0;
}

static void states_start(states_walk *w, int epoch)
{
    const int n = w->s->shape->n;
    for (int k = 0; k < w->count; k++) {
        w->y[k] = w->s->starts[epoch * (n + w->count) + n + k];
        w->peak[k] = absolute(w->y[k]);
    }
}

static void states_epoch(states_walk *w, int epoch)
{
    const rac_states *s = w->s;
    forcing_epoch(&w->f, epoch);
    if (!epoch)
        states_start(w, 0);
    for (int slot = 0; slot < s->slots; slot++)
        for (int j = 0; j < STEP_NODES; j++)
            w->frame[slot * STEP_NODES + j] = s->frames[epoch * s->slots + slot];
    run_nodes(&w->e->steps.once, w->frame, STEP_NODES, STEP_NODES);
}

static void states_bolus(states_walk *w, const rac_step *step)
{
    const int at = w->s->channel_compartment[step->channel], n = w->s->shape->n;
    const rac_lanes amount = step->amount * w->s->gains[step->channel];
    if (at < n) {
        forcing_bolus(&w->f, at, amount);
        return;
    }
    w->y[at - n] += amount;
    w->peak[at - n] = larger(w->peak[at - n], absolute(w->y[at - n]));
}

/* Steady states are not among the steps: the caller has refused them. */
static void walk_epoch(states_walk *w, int epoch)
{
    const rac_schedule *schedule = w->s->schedule;
    int rate = -1;
    double length = 0;
    states_epoch(w, epoch);
    for (size_t i = schedule->epoch_first[epoch]; i < schedule->epoch_first[epoch + 1]; i++) {
        const rac_step *step = &schedule->steps[i];
        if (step->kind == RAC_STEP_ADVANCE) {
            const int now = step->pair < 0 ? -1 : schedule->pairs[step->pair].rate;
            if (now != rate)
                end_span(w, rate, &length);
            rate = now;
            for (int count = 0; count < step->count; count++) {
                length += schedule->lengths_h[step->length];
                if (step->write)
                    w->wanted_h[w->wanted++] = length;
            }
        } else if (step->kind == RAC_STEP_WRITE && length > 0) {
            w->wanted_h[w->wanted++] = length;
        } else if (step->kind == RAC_STEP_WRITE) {
            write_now(w);
        } else {
            end_span(w, rate, &length);
            if (step->kind == RAC_STEP_BOLUS) {
                states_bolus(w, step);
            } else {
                forcing_start(&w->f, epoch);
                states_start(w, epoch);
            }
        }
    }
    end_span(w, rate, &length);
}

/* One pass over the schedule, with modes or with scaling; the lanes that need scaling come back. */
static rac_lane_mask walk_states(states_walk *w, bool scaled, rac_lane_mask lanes)
{
    w->f.scaled = scaled;
    w->f.ill = (rac_lane_mask){0};
    w->alive = lanes;
    w->wanted = w->written = 0;
    for (int e = 0; e < w->s->schedule->epochs; e++)
        walk_epoch(w, e);
    return w->f.ill;
}

static void carve_states(states_walk *w, rac_states *s)
{
    const size_t n = (size_t)s->shape->n, wide = (n + 1) * (n + 1);
    rac_lanes *at = s->work;
    *w = (states_walk){.s = s};
    w->f.s = s;
    w->f.shape = s->shape;
    w->e = s->equations;
    w->count = s->equations->count;
    w->amount = s->slots;
    w->state = s->slots + (int)n;
    rac_lanes **const matrices[] = {&w->f.a, &w->f.scratch, &w->f.m.v, &w->f.m.w};
    for (int i = 0; i < 4; i++) {
        *matrices[i] = at;
        at += MATRIX;
    }
    w->f.m.lambda = at, at += RAC_COMPARTMENTS_MAX;
    rac_lanes **const widened[] = {&w->f.wide, &w->f.wide_e, &w->f.wide_f, &w->f.wide_t};
    for (int i = 0; i < 4; i++) {
        *widened[i] = at;
        at += wide;
    }
    w->wanted_h = (double *)at, at += s->schedule->writes / RAC_LANES + 1;
    const size_t registers = (size_t)s->equations->steps.rates.registers;
    w->frame = at, at += registers * STEP_NODES;
    w->slopes = at;
    memset(w->slopes, 0, sizeof *at * registers * (size_t)(w->count + 1));
    for (int k = 0; k < w->count; k++)
        w->slopes[(w->state + k) * (w->count + 1) + k] = all(1);
}

static void solve_states(rac_states *s)
{
    states_walk w;
    carve_states(&w, s);
    rac_lane_mask lanes;
    for (int i = 0; i < RAC_LANES; i++)
        lanes[i] = s->wanted >> i & 1 ? -1 : 0;
    s->steps = 0;
    const size_t total = s->schedule->writes * (size_t)w.count;
    const bool has_modes = s->shape->has_modes || !s->shape->n;
    const rac_lane_mask ill = has_modes ? walk_states(&w, false, lanes) & lanes : lanes;
    rac_lane_mask alive = w.alive;
    if (any(ill)) { /* once more for those lanes, the others keep what they have */
        walk_states(&w, true, ill);
        alive = (lanes & ~ill & alive) | (ill & w.alive);
    }
    rac_lane_mask bad = lanes & ~alive;
    for (size_t i = 0; i < total; i++)
        bad |= lanes & ~(absolute(s->out[i]) < all(INFINITY));
    s->failed = bits(bad);
}
