/* pharma/walk_inline.h: walking a schedule, by modes or by scaling.  Included inside a kernel. */

/* Propagators kept at once by the scaling method: a regular grid needs a few, and a table of times of one's
 * own must not need a matrix for each. */
enum { POWERS = 64 };

/* Work of a tile, carved once.  Sizes in lanes; see rac_tile_work(). */
typedef struct walk {
    rac_tile *tile;
    const rac_linear *shape;
    const rac_lanes *flow_per_h, *readers, *start; /* of the epoch */
    rac_lanes *a, *scratch, *inverse;              /* matrices */
    modes m;
    rac_lanes *decay; /* modes: lengths x n, exp(lambda h) */
    rac_lanes *rise;  /* modes: lengths x n, exp(lambda h) - 1 */
    rac_lanes *input; /* pairs x n: what the rates of a pair add in its length */
    rac_lanes *read;  /* outputs x n: readers in the coordinates of the walk */
    rac_lanes *wide, *wide_e, *wide_f, *wide_t;
    rac_lanes *power; /* scaling: POWERS x n x (n + entries), the lengths used last */
    int power_length[POWERS];
    unsigned char *length_known, *pair_known;
    rac_lanes state[RAC_COMPARTMENTS_MAX], aside[RAC_COMPARTMENTS_MAX];
    int entry[RAC_COMPARTMENTS_MAX]; /* scaling: column of U for a position, -1 for none */
    int entries;
    bool wide_shape[WIDE * WIDE];
    rac_lanes *out;
} walk;

enum { MATRIX = RAC_COMPARTMENTS_MAX * RAC_COMPARTMENTS_MAX };

/* Amounts by position from rates of a set: what flows in, mg/h. */
static void inflow(const walk *w, const rac_rates *rates, rac_lanes *u)
{
    for (int i = 0; i < w->shape->n; i++)
        u[i] = all(0);
    for (int i = 0; i < rates->count; i++) {
        const int channel = rates->channels[i], compartment = w->tile->channel_compartment[channel];
        if (compartment < w->shape->n) /* others are states: see states.h */
            u[w->shape->position[compartment]] += rates->values[i] * w->tile->gains[channel];
    }
}

/* What amounts begin with, by position: nothing, unless the model says so. */
static void begin(const walk *w, rac_lanes *x)
{
    for (int i = 0; i < w->shape->n; i++)
        x[i] = w->start ? w->start[w->shape->compartment[i]] : all(0);
}

/* What flows into a mode, from what flows into compartments. */
LANE rac_lanes mode_inflow(const walk *w, int k, const rac_lanes *u)
{
    rac_lanes sum = all(0);
    for (int i = 0; i < w->shape->n; i++)
        if (w->shape->reach[k][i])
            sum += AT(w->m.w, k, i) * u[i];
    return sum;
}

static void forget(walk *w)
{
    memset(w->length_known, 0, (size_t)w->tile->schedule->lengths);
    memset(w->pair_known, 0, (size_t)w->tile->schedule->pairs_count);
}

/* ---- by modes ---- */

static void modes_length(walk *w, int length)
{
    const int n = w->shape->n;
    const double h = w->tile->schedule->lengths_h[length];
    if (w->length_known[length])
        return;
    w->length_known[length] = 1;
    for (int k = 0; k < n; k++) {
        w->decay[length * n + k] = exponential(w->m.lambda[k] * h, &w->rise[length * n + k]);
    }
}

static void modes_pair(walk *w, int pair)
{
    const int n = w->shape->n;
    const rac_pair *p = &w->tile->schedule->pairs[pair];
    modes_length(w, p->length);
    if (w->pair_known[pair])
        return;
    w->pair_known[pair] = 1;
    rac_lanes u[RAC_COMPARTMENTS_MAX];
    inflow(w, &w->tile->schedule->rates[p->rate], u);
    for (int k = 0; k < n; k++) {
        const rac_lanes sum = mode_inflow(w, k, u);
        /* (exp(lambda h) - 1) / lambda, which is h for a mode that stays as it is */
        const rac_lane_mask still = w->m.lambda[k] == 0.0;
        const rac_lanes rise = select(still, all(w->tile->schedule->lengths_h[p->length]),
                                      w->rise[p->length * n + k] / select(still, all(1), w->m.lambda[k]));
        w->input[pair * n + k] = sum * rise;
    }
}

/* The hot loop: `count` equal steps, one multiplication and one addition a mode, and the outputs.  The state
 * is kept out of memory meanwhile. */
LANE rac_lanes *run_steps(int n, int count, int outputs, rac_lanes floor, const rac_lanes *decay,
                          const rac_lanes *input, const rac_lanes *read, rac_lanes *state,
                          rac_lanes *restrict out)
{
    rac_lanes z[RAC_COMPARTMENTS_MAX];
    for (int k = 0; k < n; k++)
        z[k] = state[k];
    for (int step = 0; step < count; step++) {
        if (input)
            for (int k = 0; k < n; k++)
                z[k] = z[k] * decay[k] + input[k];
        else
            for (int k = 0; k < n; k++)
                z[k] = z[k] * decay[k];
        for (int o = 0; o < outputs; o++) {
            rac_lanes sum = read[o * n] * z[0];
            for (int k = 1; k < n; k++)
                sum += read[o * n + k] * z[k];
            *out++ = at_least(sum, floor);
        }
    }
    for (int k = 0; k < n; k++)
        state[k] = z[k];
    return out;
}

static rac_lanes *run_any(int n, int count, int outputs, rac_lanes floor, const rac_lanes *decay,
                          const rac_lanes *input, const rac_lanes *read, rac_lanes *state, rac_lanes *out)
{
    switch (n) { /* sizes known to the compiler: the common models */
    case 2:
        return run_steps(2, count, outputs, floor, decay, input, read, state, out);
    case 3:
        return run_steps(3, count, outputs, floor, decay, input, read, state, out);
    case 5:
        return run_steps(5, count, outputs, floor, decay, input, read, state, out);
    case 6:
        return run_steps(6, count, outputs, floor, decay, input, read, state, out);
    default:
        return run_steps(n, count, outputs, floor, decay, input, read, state, out);
    }
}

/* A mode that grows, or decays less than rounding can tell, has no steady state. */
LANE rac_lane_mask endless(rac_lanes lambda, rac_lanes fastest)
{
    return lambda >= fastest * -1e-14;
}

static rac_lanes fastest_mode(const walk *w)
{
    rac_lanes fastest = all(0);
    for (int k = 0; k < w->shape->n; k++)
        fastest = larger(fastest, absolute(w->m.lambda[k]));
    return fastest;
}

static void modes_steady(walk *w, const rac_step *step)
{
    const int n = w->shape->n;
    const bool plateau = step->kind == RAC_STEP_PLATEAU;
    rac_lanes u[RAC_COMPARTMENTS_MAX];
    if (plateau)
        inflow(w, &w->tile->schedule->rates[step->pair], u);
    else
        modes_length(w, step->length);
    const rac_lanes fastest = fastest_mode(w);
    for (int k = 0; k < n; k++) {
        rac_lanes part = w->state[k], divisor = -w->m.lambda[k];
        if (plateau) {
            part = mode_inflow(w, k, u);
        } else {
            exponential(w->m.lambda[k] * w->tile->schedule->lengths_h[step->length], &divisor);
            divisor = -divisor;
        }
        const rac_lane_mask none = endless(w->m.lambda[k], fastest) & (part != 0.0);
        part = select(none, all(INFINITY), part / select(divisor == 0.0, all(1), divisor));
        const rac_lanes before = plateau ? w->state[k] : w->aside[k];
        w->state[k] = step->add ? before + part : part;
    }
}

/* Amounts by position from modes, and back when parameters have changed. */
static void from_modes(const walk *w, rac_lanes *x)
{
    for (int i = 0; i < w->shape->n; i++) {
        x[i] = all(0);
        for (int k = 0; k < w->shape->n; k++)
            if (w->shape->reach[i][k])
                x[i] += AT(w->m.v, i, k) * w->state[k];
    }
}

static void to_modes(walk *w, const rac_lanes *x)
{
    for (int k = 0; k < w->shape->n; k++) {
        w->state[k] = all(0);
        for (int i = 0; i < w->shape->n; i++)
            if (w->shape->reach[k][i])
                w->state[k] += AT(w->m.w, k, i) * x[i];
    }
}

static void modes_step(walk *w, const rac_step *step)
{
    const int n = w->shape->n;
    const rac_tile *t = w->tile;
    switch (step->kind) {
    case RAC_STEP_ADVANCE: {
        if (step->pair < 0)
            modes_length(w, step->length);
        else
            modes_pair(w, step->pair);
        w->out = run_any(n, step->count, step->write ? t->outputs : 0, t->floor, &w->decay[step->length * n],
                         step->pair < 0 ? NULL : &w->input[step->pair * n], w->read, w->state, w->out);
        break;
    }
    case RAC_STEP_BOLUS: {
        const int compartment = t->channel_compartment[step->channel];
        const int at = compartment < n ? w->shape->position[compartment] : -1;
        const rac_lanes amount = step->amount * t->gains[step->channel];
        for (int k = 0; k < n && at >= 0; k++)
            if (w->shape->reach[k][at])
                w->state[k] += AT(w->m.w, k, at) * amount;
        break;
    }
    case RAC_STEP_RESET: {
        rac_lanes x[RAC_COMPARTMENTS_MAX];
        begin(w, x);
        to_modes(w, x);
        break;
    }
    case RAC_STEP_WRITE:
        for (int o = 0; o < t->outputs; o++) {
            rac_lanes sum = all(0);
            for (int k = 0; k < n; k++)
                sum += w->read[o * n + k] * w->state[k];
            *w->out++ = at_least(sum, t->floor);
        }
        break;
    case RAC_STEP_STEADY_BEGIN:
        memcpy(w->aside, w->state, sizeof w->aside);
        for (int k = 0; k < n; k++)
            w->state[k] = all(0);
        break;
    default:
        modes_steady(w, step);
    }
}

static void modes_epoch(walk *w, const rac_lanes *x)
{
    const int n = w->shape->n;
    forget(w);
    build_matrix(w->shape, w->flow_per_h, w->a);
    const rac_lane_mask ill = w->m.ill;
    find_modes(w->shape, w->a, w->scratch, &w->m);
    w->m.ill |= ill;
    for (int o = 0; o < w->tile->outputs; o++)
        for (int k = 0; k < n; k++) {
            rac_lanes sum = all(0);
            for (int i = 0; i < n; i++)
                if (w->shape->reach[i][k])
                    sum += w->readers[o * n + w->shape->compartment[i]] * AT(w->m.v, i, k);
            w->read[o * n + k] = sum;
        }
    to_modes(w, x);
}

/* ---- by scaling ---- */

static void scaling_length(walk *w, int length)
{
    if (w->power_length[length % POWERS] == length)
        return;
    w->power_length[length % POWERS] = length;
    const int n = w->shape->n, width = n + w->entries, at = length % POWERS;
    exponentiate(width, w->wide_shape, w->wide, all(w->tile->schedule->lengths_h[length]), w->wide_e,
                 w->wide_f, w->wide_t);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < width; j++)
            w->power[(at * n + i) * width + j] =
                w->wide_shape[i * WIDE + j] ? WIDE_AT(w->wide_e, i, j) : all(0);
}

/* Row i of the propagator of a length, and then of what its inputs add. */
LANE const rac_lanes *propagator(const walk *w, int length, int i)
{
    const int n = w->shape->n;
    return &w->power[(length % POWERS * n + i) * (n + w->entries)];
}

static void scaling_pair(walk *w, int pair)
{
    const int n = w->shape->n;
    const rac_pair *p = &w->tile->schedule->pairs[pair];
    if (w->pair_known[pair])
        return;
    w->pair_known[pair] = 1;
    rac_lanes u[RAC_COMPARTMENTS_MAX];
    inflow(w, &w->tile->schedule->rates[p->rate], u);
    for (int i = 0; i < n; i++) {
        rac_lanes sum = all(0);
        for (int j = 0; j < n; j++)
            if (w->entry[j] >= 0 && w->shape->reach[i][j])
                sum += propagator(w, p->length, i)[w->entry[j]] * u[j];
        w->input[pair * n + i] = sum;
    }
}

static void scaling_steady(walk *w, const rac_step *step)
{
    const int n = w->shape->n;
    const bool plateau = step->kind == RAC_STEP_PLATEAU;
    rac_lanes u[RAC_COMPARTMENTS_MAX];
    if (plateau)
        inflow(w, &w->tile->schedule->rates[step->pair], u);
    else
        scaling_length(w, step->length);
    for (int lane = 0; lane < RAC_LANES; lane++) {
        double m[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX], b[RAC_COMPARTMENTS_MAX];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                if (plateau)
                    m[i][j] = -AT(w->a, i, j)[lane];
                else
                    m[i][j] = (i == j) - propagator(w, step->length, i)[j][lane];
            }
            b[i] = plateau ? u[i][lane] : w->state[i][lane];
        }
        eliminate(n, m, b);
        for (int i = 0; i < n; i++) {
            const double before = plateau ? w->state[i][lane] : w->aside[i][lane];
            w->state[i][lane] = step->add ? before + b[i] : b[i];
        }
    }
}

static void scaling_write(walk *w)
{
    const int n = w->shape->n;
    for (int o = 0; o < w->tile->outputs; o++) {
        rac_lanes sum = all(0);
        for (int i = 0; i < n; i++)
            sum += w->read[o * n + i] * w->state[i];
        *w->out++ = at_least(sum, w->tile->floor);
    }
}

static void scaling_advance(walk *w, const rac_step *step)
{
    const int n = w->shape->n;
    scaling_length(w, step->length);
    if (step->pair >= 0)
        scaling_pair(w, step->pair);
    for (int count = 0; count < step->count; count++) {
        rac_lanes next[RAC_COMPARTMENTS_MAX];
        for (int i = 0; i < n; i++) {
            next[i] = step->pair < 0 ? all(0) : w->input[step->pair * n + i];
            for (int j = 0; j < n; j++)
                if (w->shape->reach[i][j])
                    next[i] += propagator(w, step->length, i)[j] * w->state[j];
        }
        memcpy(w->state, next, sizeof *next * (size_t)n);
        if (step->write)
            scaling_write(w);
    }
}

static void scaling_step(walk *w, const rac_step *step)
{
    const int n = w->shape->n;
    switch (step->kind) {
    case RAC_STEP_ADVANCE:
        scaling_advance(w, step);
        break;
    case RAC_STEP_BOLUS:
        if (w->tile->channel_compartment[step->channel] < n)
            w->state[w->shape->position[w->tile->channel_compartment[step->channel]]] +=
                step->amount * w->tile->gains[step->channel];
        break;
    case RAC_STEP_RESET:
        begin(w, w->state);
        break;
    case RAC_STEP_WRITE:
        scaling_write(w);
        break;
    case RAC_STEP_STEADY_BEGIN:
        memcpy(w->aside, w->state, sizeof w->aside);
        for (int i = 0; i < n; i++)
            w->state[i] = all(0);
        break;
    default:
        scaling_steady(w, step);
    }
}

/* Which compartments receive infusions (their column in the widened matrix, -1 for none), and its pattern.
 * Returns how many they are. */
static int widen(const rac_linear *shape, const rac_schedule *schedule, const int *channel_compartment,
                 int *entry, bool *wide_shape)
{
    const int n = shape->n;
    int entries = 0;
    for (int i = 0; i < n; i++)
        entry[i] = -1;
    for (int r = 0; r < schedule->rate_count; r++)
        for (int i = 0; i < schedule->rates[r].count; i++) {
            const int compartment = channel_compartment[schedule->rates[r].channels[i]];
            const int at = compartment < n ? shape->position[compartment] : -1;
            if (at >= 0 && entry[at] < 0)
                entry[at] = n + entries++;
        }
    memset(wide_shape, 0, sizeof *wide_shape * WIDE * WIDE);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            wide_shape[i * WIDE + j] = shape->reach[i][j];
            if (entry[j] >= 0)
                wide_shape[i * WIDE + entry[j]] = shape->reach[i][j];
        }
    for (int i = n; i < n + entries; i++)
        wide_shape[i * WIDE + i] = true;
    return entries;
}

static void scaling_prepare(walk *w)
{
    w->entries = widen(w->shape, w->tile->schedule, w->tile->channel_compartment, w->entry, w->wide_shape);
}

static void scaling_epoch(walk *w)
{
    const int n = w->shape->n, width = n + w->entries;
    forget(w);
    for (int i = 0; i < POWERS; i++)
        w->power_length[i] = -1;
    build_matrix(w->shape, w->flow_per_h, w->a);
    for (int i = 0; i < width; i++)
        for (int j = 0; j < width; j++)
            WIDE_AT(w->wide, i, j) = i < n && j < n ? AT(w->a, i, j) : all(0);
    for (int j = 0; j < n; j++)
        if (w->entry[j] >= 0)
            WIDE_AT(w->wide, j, w->entry[j]) = all(1);
    for (int o = 0; o < w->tile->outputs; o++)
        for (int i = 0; i < n; i++)
            w->read[o * n + i] = w->readers[o * n + w->shape->compartment[i]];
}

/* ---- a whole tile ---- */

static void set_epoch(walk *w, int epoch)
{
    const rac_tile *t = w->tile;
    w->flow_per_h = &t->flow_per_h[epoch * w->shape->flow_count];
    w->readers = &t->readers[epoch * t->outputs * w->shape->n];
    w->start = t->start ? &t->start[epoch * t->start_stride] : NULL;
}

static void walk_modes(walk *w)
{
    const rac_schedule *schedule = w->tile->schedule;
    rac_lanes x[RAC_COMPARTMENTS_MAX];
    w->m.ill = (rac_lane_mask){0};
    for (int e = 0; e < schedule->epochs; e++) {
        set_epoch(w, e);
        if (!e)
            begin(w, x);
        modes_epoch(w, x);
        for (size_t i = schedule->epoch_first[e]; i < schedule->epoch_first[e + 1]; i++)
            modes_step(w, &schedule->steps[i]);
        if (e + 1 < schedule->epochs)
            from_modes(w, x);
    }
}

static void walk_scaling(walk *w)
{
    const rac_schedule *schedule = w->tile->schedule;
    scaling_prepare(w);
    for (int e = 0; e < schedule->epochs; e++) {
        set_epoch(w, e);
        if (!e)
            begin(w, w->state);
        scaling_epoch(w);
        for (size_t i = schedule->epoch_first[e]; i < schedule->epoch_first[e + 1]; i++)
            scaling_step(w, &schedule->steps[i]);
    }
}

static void carve(walk *w, rac_tile *tile)
{
    const rac_schedule *schedule = tile->schedule;
    const size_t n = (size_t)tile->shape->n, lengths = (size_t)schedule->lengths,
                 pairs = (size_t)schedule->pairs_count;
    rac_lanes *at = tile->work;
    *w = (walk){.tile = tile, .shape = tile->shape};
    w->a = at, at += MATRIX;
    w->scratch = at, at += MATRIX;
    w->m.v = at, at += MATRIX;
    w->m.w = at, at += MATRIX;
    w->m.lambda = at, at += RAC_COMPARTMENTS_MAX;
    w->decay = at, at += lengths * n;
    w->rise = at, at += lengths * n;
    w->input = at, at += pairs * n;
    w->read = at, at += (size_t)tile->outputs * n;
    w->length_known = (unsigned char *)at, at += lengths / sizeof *at + 1;
    w->pair_known = (unsigned char *)at, at += pairs / sizeof *at + 1;
    w->wide = at, at += 4 * n * n;
    w->wide_e = at, at += 4 * n * n;
    w->wide_f = at, at += 4 * n * n;
    w->wide_t = at, at += 4 * n * n;
    w->power = at;
}

static unsigned bits(rac_lane_mask mask)
{
    unsigned found = 0;
    for (int i = 0; i < RAC_LANES; i++)
        found |= mask[i] ? 1U << i : 0;
    return found;
}

static unsigned not_finite(const rac_lanes *numbers, size_t count)
{
    rac_lane_mask bad = {0};
    for (size_t i = 0; i < count; i++)
        bad |= ~(absolute(numbers[i]) < all(INFINITY));
    return bits(bad);
}

static void solve_tile(rac_tile *tile)
{
    walk w;
    carve(&w, tile);
    const size_t total = tile->schedule->writes * (size_t)tile->outputs;
    rac_lane_mask scaled = (rac_lane_mask){0} - 1;
    if (tile->shape->has_modes && !tile->scaling_only) {
        w.out = tile->out;
        walk_modes(&w);
        scaled = w.m.ill;
    }
    if (any(scaled)) { /* once more for those lanes, the others keep what they have */
        rac_lanes *second = w.power + (size_t)(2 * POWERS * tile->shape->n * tile->shape->n);
        w.out = second;
        walk_scaling(&w);
        for (size_t i = 0; i < total; i++)
            tile->out[i] = select(scaled, second[i], tile->out[i]);
    }
    tile->failed = not_finite(tile->out, total);
    tile->scaled = bits(scaled);
}
