/* pharma/states_walk_inline.h: walking a schedule by spans of constant input.  Included inside a kernel,
 * after the solvers; see states.h. */

/* Input of a set of rates, to linear amounts and to states. */
static void set_inputs(states_walk *w, int rate)
{
    const rac_states *s = w->s;
    const int n = w->f.shape->n;
    for (int i = 0; i < n; i++)
        w->f.u[i] = all(0);
    for (int i = 0; i < w->count; i++)
        w->input[i] = all(0);
    for (int i = 0; rate >= 0 && i < s->schedule->rates[rate].count; i++) {
        const int channel = s->schedule->rates[rate].channels[i];
        const int at = w->e->amount[s->channel_amount[channel]];
        const rac_lanes amount = s->schedule->rates[rate].values[i] * s->gains[channel];
        if (at >= n)
            w->input[at - n] += amount;
        else if (at >= 0) /* others drive nothing */
            w->f.u[w->f.shape->position[at]] += amount;
    }
}

/* Everything up to the next break, at once. */
static void end_span(states_walk *w, int rate, double *length)
{
    if (*length > 0) {
        set_inputs(w, rate);
        forcing_begin(&w->f);
        begin_times(w);
        walk_panels(w, rate, *length);
        forcing_end(&w->f, *length);
    }
    w->written += w->wanted;
    w->wanted = 0;
    *length = 0;
}

static void states_start(states_walk *w, int epoch)
{
    const int first = w->s->amounts - w->count;
    for (int k = 0; k < w->count; k++) {
        w->y[k] = w->s->starts[epoch * w->s->amounts + first + k];
        w->peak[k] = larger(w->peak[k], absolute(w->y[k]));
    }
}

static void states_epoch(states_walk *w, int epoch)
{
    const rac_states *s = w->s;
    forcing_epoch(&w->f, epoch);
    forget_itineraries(w);
    if (!epoch)
        states_start(w, 0);
    for (int slot = 0; slot < s->slots; slot++)
        for (int j = 0; j < w->nodes; j++)
            w->frame[slot * w->nodes + j] = s->frames[epoch * s->slots + slot];
    run_nodes(w->as_cascade ? w->e->cascade : w->e->together, w->frame, w->nodes, w->nodes);
}

static void states_bolus(states_walk *w, const rac_step *step)
{
    const int at = w->e->amount[w->s->channel_amount[step->channel]], n = w->f.shape->n;
    const rac_lanes amount = step->amount * w->s->gains[step->channel];
    if (at < 0)
        return;
    if (at < n) {
        forcing_bolus(&w->f, at, amount);
        return;
    }
    w->y[at - n] = select(w->alive, w->y[at - n] + amount, w->y[at - n]);
    w->peak[at - n] = larger(w->peak[at - n], absolute(w->y[at - n]));
}

/* See states_steady_inline.h. */
static size_t settle_pattern(states_walk *w, int epoch, size_t begin);
static void settle_plateau(states_walk *w, int epoch, const rac_step *step);

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
            } else if (step->kind == RAC_STEP_STEADY_BEGIN) {
                i = settle_pattern(w, epoch, i);
            } else if (step->kind == RAC_STEP_PLATEAU) {
                settle_plateau(w, epoch, step);
            } else {
                forcing_start(&w->f, epoch);
                states_start(w, epoch);
            }
        }
    }
    end_span(w, rate, &length);
}

static void walk_all(states_walk *w, rac_lane_mask lanes)
{
    w->f.ill = (rac_lane_mask){0};
    w->alive = lanes;
    w->unsettled = (rac_lane_mask){0};
    w->wanted = w->written = 0;
    for (int k = 0; k < w->count; k++)
        w->peak[k] = w->scale[k];
    for (int e = 0; e < w->s->schedule->epochs; e++)
        walk_epoch(w, e);
}

/* Lanes with a state that begins at 0 in some epoch: its size is not known yet, unless from before. */
static rac_lane_mask without_size(const states_walk *w)
{
    const rac_states *s = w->s;
    rac_lane_mask found = {0};
    for (int e = 0; e < s->schedule->epochs; e++)
        for (int k = 0; k < w->count; k++)
            found |= (s->starts[e * s->amounts + s->amounts - w->count + k] == 0.0) & (w->scale[k] == 0.0);
    return found;
}

/* How exact the search for sizes is. */
static const double ROUGH = 1e-3;

/* With modes or with scaling; the lanes that need scaling come back.  A state that grows out of 0 as a power
 * of time has no relative error that a step could keep, so its largest size is looked for first, roughly. */
static rac_lane_mask walk_states(states_walk *w, bool scaled, rac_lane_mask lanes)
{
    w->f.scaled = scaled;
    for (int k = 0; k < w->count; k++)
        w->scale[k] = w->s->sizes ? w->s->sizes[k] : all(0);
    const rac_lane_mask unknown = lanes & without_size(w);
    if (any(unknown) && w->s->tolerance < ROUGH) {
        w->rough = true;
        w->tolerance = ROUGH;
        walk_all(w, unknown);
        for (int k = 0; k < w->count; k++)
            w->scale[k] = select(unknown & (w->peak[k] < all(INFINITY)), w->peak[k], w->scale[k]);
    }
    w->rough = false;
    w->tolerance = w->s->tolerance;
    walk_all(w, lanes);
    return w->f.ill;
}

static void keep_sizes(const states_walk *w, rac_lane_mask lanes)
{
    for (int k = 0; w->s->sizes && k < w->count; k++)
        w->s->sizes[k] = select(lanes, w->peak[k], w->s->sizes[k]);
}

static void carve_states(states_walk *w, rac_states *s)
{
    const size_t n = (size_t)s->equations->shape->n, wide = (n + 1) * (n + 1);
    rac_lanes *at = s->work;
    *w = (states_walk){.s = s};
    w->f.s = s;
    w->f.shape = s->equations->shape;
    w->e = s->equations;
    w->count = s->equations->count;
    w->amount = s->slots;
    w->state = s->slots + s->amounts - s->equations->count;
    rac_lanes **const matrices[] = {&w->f.a, &w->f.scratch, &w->f.m.v, &w->f.m.w};
    for (int i = 0; i < 4; i++) {
        *matrices[i] = at;
        at += MATRIX;
    }
    w->f.m.lambda = at, at += RAC_COMPARTMENTS_MAX;
    w->f.flow_per_h = at, at += w->f.shape->flow_count;
    rac_lanes **const widened[] = {&w->f.wide, &w->f.wide_e, &w->f.wide_f, &w->f.wide_t};
    for (int i = 0; i < 4; i++) {
        *widened[i] = at;
        at += wide;
    }
    w->wanted_h = (double *)at, at += s->schedule->writes / RAC_LANES + 1;
    w->as_cascade = s->equations->is_cascade && !s->together;
    w->nodes = PANEL;
    const rac_program *program = w->as_cascade ? s->equations->cascade : s->equations->together;
    w->frame = at, at += program->registers * w->nodes;
    for (int i = 0; i < KINDS; i++) {
        w->itineraries[i].size = PREPARED(n, w->count);
        w->itineraries[i].kept = at, at += (STOPS + 1) * PREPARED(n, w->count);
    }
    w->slopes = at;
    if (w->as_cascade)
        return;
    memset(w->slopes, 0, sizeof *at * (size_t)(program->registers * w->count));
    w->systems = w->slopes + program->registers * w->count;
    for (int k = 0; k < w->count; k++)
        w->slopes[(w->state + k) * w->count + k] = all(1);
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
    const bool has_modes = w.f.shape->has_modes || !w.f.shape->n;
    const rac_lane_mask ill = has_modes ? walk_states(&w, false, lanes) & lanes : lanes;
    rac_lane_mask alive = w.alive, unsettled = w.unsettled;
    keep_sizes(&w, lanes & ~ill);
    if (any(ill)) { /* once more for those lanes, the others keep what they have */
        walk_states(&w, true, ill);
        keep_sizes(&w, ill);
        alive = (lanes & ~ill & alive) | (ill & w.alive);
        unsettled = (~ill & unsettled) | w.unsettled;
    }
    rac_lane_mask bad = lanes & ~alive;
    for (size_t i = 0; i < total; i++)
        bad |= lanes & ~(absolute(s->out[i]) < all(INFINITY));
    s->failed = bits(bad);
    s->unsettled = bits(unsettled & lanes);
}
