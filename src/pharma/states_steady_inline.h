/* pharma/states_steady_inline.h: the state in which endlessly many equal doses leave a body, where no closed
 * form exists.  Included inside a kernel, after the walk over a schedule; see states.h.
 *
 * P is one interval of the pattern: the linear amounts go through it in their exact steady state, the states
 * follow from y to P(y).  Wanted is where repetition ends, from where the states begin:
 *
 *   repeat    y, P(y), P(P(y)), ...  Settled when, counted in powers of two, as many intervals as all before
 *             moved no state by more than the tolerance, and by less than half of what those before did.
 *   jump      After some repetitions, Newton's step (1 - dP/dy)^-1 (P(y) - y), with dP/dy by differences:
 *             what all further intervals add as long as each shrinks the next one's change in the same way
 *             (Aprille and Trick 1972, Proceedings of the IEEE 60, 108-114, for electric circuits).  Taken
 *             only where intervals contract, no state would pass 0, and an interval then changes less than
 *             before; so what it finds attracts, as repetition would.  Its length is the error of y.
 *
 * A constant infusion has no interval: time is doubled instead, until it changes nothing.
 *
 * Lanes stop each by itself, and walk in step until then, so a lane's numbers are its own. */

/* Intervals repeated at most; after how many jumps are tried, and how many; to trust a jump, half of any
 * deviation must be gone within 2^CONTRACTION intervals. */
enum { INTERVALS_MAX = 1024, JUMP_AFTER = 8, JUMPS_MAX = 25, CONTRACTION = 12 };

/* From here on not moving counts as settled even if moves no longer shrink: they are the solver's rounding.
 */
enum { INTERVALS_ENOUGH = 64 };

/* A jump that no longer shrinks the change of an interval, which is within the tolerance, has reached what
 * the solver can tell; its length, in tolerances, is then at most this. */
static const double JUMP_REST = 1e3;

/* The same of a constant infusion, whose time doubles from 1 h: near what can be eliminated at most, the
 * plateau is far and approached slowly, but by few steps. */
enum { DOUBLINGS_ENOUGH = 14, DOUBLINGS_MAX = 40 };

typedef struct standing { /* where the linear amounts are */
    rac_lanes x[RAC_COMPARTMENTS_MAX], z[RAC_COMPARTMENTS_MAX];
} standing;

typedef struct settling {
    states_walk *w;
    const rac_step *steps; /* of one interval, or NULL: */
    size_t step_count;
    int rate; /* these rates for so long */
    double length;
    standing linear; /* at its beginning */
    rac_lanes y[RAC_COMPARTMENTS_MAX];
    rac_lane_mask busy;                     /* lanes that have not settled */
    rac_lanes before[RAC_COMPARTMENTS_MAX]; /* y when it was looked at last, and */
    rac_lanes moved[RAC_COMPARTMENTS_MAX];  /* how far it had moved then */
    /* jumps */
    rac_lanes after[RAC_COMPARTMENTS_MAX];                       /* P(y) */
    rac_lanes slope[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX]; /* dP/dy */
    rac_lanes jump[RAC_COMPARTMENTS_MAX];
    rac_lanes unit[RAC_COMPARTMENTS_MAX]; /* what changes are measured in, the same for all jumps */
    rac_lanes change, last;               /* the largest of P(y) - y: now, and before the last jump */
    rac_lane_mask going, fit;             /* lanes that jump; whose slopes still tell */
} settling;

static void copy_states(const states_walk *w, rac_lanes *to, const rac_lanes *from)
{
    memcpy(to, from, sizeof *to * (size_t)w->count);
}

/* ---- the linear amounts ---- */

static standing standing_of(const forcing *f)
{
    standing p;
    memcpy(p.x, f->x, sizeof p.x);
    memcpy(p.z, f->z, sizeof p.z);
    return p;
}

static void put_standing(forcing *f, const standing *p)
{
    memcpy(f->x, p->x, sizeof p->x);
    memcpy(f->z, p->z, sizeof p->z);
}

static void empty_standing(forcing *f)
{
    memset(f->x, 0, sizeof f->x);
    memset(f->z, 0, sizeof f->z);
}

/* Lanes whose linear amounts have no steady state go on with none. */
static void drop_endless(states_walk *w, rac_lane_mask none)
{
    forcing *f = &w->f;
    rac_lanes *at = f->scaled ? f->x : f->z;
    for (int k = 0; k < f->shape->n; k++)
        at[k] = select(none, all(0), at[k]);
    w->unsettled |= none & w->alive;
    w->alive &= ~none;
}

static rac_lanes fastest_of(const forcing *f)
{
    rac_lanes fastest = all(0);
    for (int k = 0; k < f->shape->n; k++)
        fastest = larger(fastest, absolute(f->m.lambda[k]));
    return fastest;
}

/* Per lane, m x = b with m = 1 - exp(A length), or -A for length 0; x replaces b in f->x. */
static void forcing_by_scaling(states_walk *w, double length)
{
    forcing *f = &w->f;
    const int n = f->shape->n, width = n + 1;
    rac_lanes unused[RAC_COMPARTMENTS_MAX];
    rac_lane_mask none = {0};
    if (length > 0) {
        set_inputs(w, -1);
        forcing_begin(f);
        scaled_after(f, all(length), unused);
    }
    for (int lane = 0; lane < RAC_LANES; lane++) {
        double m[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX], b[RAC_COMPARTMENTS_MAX];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                const double moved = f->shape->reach[i][j] ? WIDE_AT(f->wide_e, i, j)[lane] : 0;
                m[i][j] = length > 0 ? (i == j) - moved : -AT(f->a, i, j)[lane];
            }
            b[i] = f->x[i][lane];
        }
        eliminate(n, m, b);
        for (int i = 0; i < n; i++) {
            f->x[i][lane] = b[i];
            none[lane] |= isfinite(b[i]) ? 0 : -1;
        }
    }
    drop_endless(w, none);
}

/* From what one interval of this length leaves in an empty body to what endlessly many leave. */
static void forcing_steady(states_walk *w, double length)
{
    forcing *f = &w->f;
    if (f->scaled) {
        forcing_by_scaling(w, length);
        return;
    }
    const rac_lanes fastest = fastest_of(f);
    rac_lane_mask none = {0};
    for (int k = 0; k < f->shape->n; k++) {
        rac_lanes rise;
        exponential(f->m.lambda[k] * length, &rise);
        none |= endless(f->m.lambda[k], fastest) & (f->z[k] != 0.0);
        f->z[k] = f->z[k] / select(rise == 0.0, all(1), -rise);
    }
    drop_endless(w, none);
}

/* The plateau of constant rates. */
static void forcing_plateau(states_walk *w, int rate)
{
    forcing *f = &w->f;
    set_inputs(w, rate);
    forcing_begin(f);
    if (f->scaled) {
        memcpy(f->x, f->u, sizeof *f->x * (size_t)f->shape->n);
        forcing_by_scaling(w, 0);
        return;
    }
    const rac_lanes fastest = fastest_of(f);
    rac_lane_mask none = {0};
    for (int k = 0; k < f->shape->n; k++) {
        none |= endless(f->m.lambda[k], fastest) & (f->push[k] != 0.0);
        f->z[k] = f->push[k] / select(f->m.lambda[k] == 0.0, all(1), -f->m.lambda[k]);
    }
    drop_endless(w, none);
}

/* ---- intervals ---- */

/* The steps of one interval, for lanes that are alive. */
static void walk_interval(states_walk *w, const rac_step *steps, size_t count)
{
    const rac_schedule *schedule = w->s->schedule;
    int rate = -1;
    double length = 0;
    for (size_t i = 0; i < count; i++) {
        const rac_step *step = &steps[i];
        if (step->kind != RAC_STEP_ADVANCE) {
            end_span(w, rate, &length);
            states_bolus(w, step);
            continue;
        }
        const int now = step->pair < 0 ? -1 : schedule->pairs[step->pair].rate;
        if (now != rate)
            end_span(w, rate, &length);
        rate = now;
        length += step->count * schedule->lengths_h[step->length];
    }
    end_span(w, rate, &length);
}

/* One interval of these lanes, from `from` to `to`; the others stay.  Those that came through. */
static rac_lane_mask repeat(settling *s, rac_lane_mask lanes, const rac_lanes *from, rac_lanes *to)
{
    states_walk *w = s->w;
    const rac_lane_mask alive = w->alive;
    put_standing(&w->f, &s->linear);
    for (int k = 0; k < w->count; k++) {
        w->y[k] = from[k];
        w->peak[k] = select(lanes, larger(w->peak[k], absolute(from[k])), w->peak[k]);
    }
    w->alive = lanes;
    forget_itineraries(
        w); /* what comes of `from` must not rest on what was tried before, or slopes are noise */
    if (s->steps) {
        walk_interval(w, s->steps, s->step_count);
    } else {
        double length = s->length;
        end_span(w, s->rate, &length);
    }
    const rac_lane_mask through = w->alive;
    w->alive = alive;
    copy_states(w, to, w->y);
    return through;
}

/* ---- jumps ---- */

/* The largest change of an interval, in units of the lane. */
static rac_lanes change_of(const settling *s, const rac_lanes *from, const rac_lanes *to)
{
    rac_lanes most = all(0);
    for (int k = 0; k < s->w->count; k++)
        most = larger(most, absolute(to[k] - from[k]) / s->unit[k]);
    return most;
}

/* dP/dy column by column, by differences wide enough to stand above the solver's own error.  Those that came
 * through. */
static rac_lane_mask find_slopes(settling *s, rac_lane_mask lanes)
{
    states_walk *w = s->w;
    const double share = fmin(10 * __builtin_sqrt(w->tolerance), 0.05);
    rac_lanes from[RAC_COMPARTMENTS_MAX], to[RAC_COMPARTMENTS_MAX], peak[RAC_COMPARTMENTS_MAX];
    copy_states(w, peak, w->peak);
    for (int j = 0; j < w->count; j++) {
        copy_states(w, from, s->y);
        const rac_lanes size = larger(absolute(s->y[j]), w->s->share * w->peak[j]);
        from[j] = select(lanes, s->y[j] + share * size, s->y[j]);
        const rac_lanes width = from[j] - s->y[j];
        const rac_lane_mask moved = lanes & (width != 0.0);
        const rac_lane_mask through = repeat(s, moved, from, to);
        lanes &= through | ~moved;
        for (int i = 0; i < w->count; i++)
            s->slope[i][j] =
                select(lanes, select(moved, (to[i] - s->after[i]) / select(moved, width, all(1)), all(0)),
                       s->slope[i][j]);
        copy_states(w, w->peak, peak);
    }
    return lanes;
}

/* Whether half of any deviation is gone after 2^CONTRACTION intervals; deviations in units of the lane. */
static bool contracts(int n, double a[][RAC_COMPARTMENTS_MAX])
{
    double square[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX];
    for (int power = 0; power <= CONTRACTION; power++) {
        double norm = 0;
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int j = 0; j < n; j++)
                sum += fabs(a[i][j]);
            norm = sum > norm || !(sum < INFINITY) ? sum : norm;
        }
        if (norm <= 0.5)
            return true;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                square[i][j] = 0;
                for (int k = 0; k < n; k++)
                    square[i][j] += a[i][k] * a[k][j];
            }
        for (int i = 0; i < n; i++)
            memcpy(a[i], square[i], sizeof *a[i] * (size_t)n);
    }
    return false;
}

/* Newton's step of one lane; false where intervals do not contract. */
static bool find_jump(settling *s, int lane)
{
    const int n = s->w->count;
    double m[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX], b[RAC_COMPARTMENTS_MAX];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            m[i][j] = s->slope[i][j][lane] * s->unit[j][lane] / s->unit[i][lane];
    if (!contracts(n, m))
        return false;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            m[i][j] = (i == j) - s->slope[i][j][lane];
        b[i] = s->after[i][lane] - s->y[i][lane];
    }
    eliminate(n, m, b);
    bool finite = true;
    for (int i = 0; i < n; i++) {
        s->jump[i][lane] = b[i];
        finite &= isfinite(b[i]);
    }
    return finite;
}

/* Newton's steps; lanes that have none stop going. */
static void find_jumps(settling *s)
{
    const rac_lane_mask stale = s->going & ~s->fit;
    if (any(stale))
        s->going = (s->going & s->fit) | find_slopes(s, stale);
    for (int lane = 0; lane < RAC_LANES; lane++)
        if (s->going[lane] && !find_jump(s, lane))
            s->going[lane] = 0;
}

/* Lanes in which the jump takes no state past 0. */
static rac_lane_mask on_this_side(const settling *s)
{
    rac_lane_mask good = s->going;
    for (int k = 0; k < s->w->count; k++) {
        const rac_lanes y = s->y[k], to = y + s->jump[k], slack = allowance(s->w, k, y, s->after[k]);
        good &= ~((y >= 0.0) & (s->after[k] >= 0.0) & (to < -slack));
        good &= ~((y < 0.0) & (s->after[k] <= 0.0) & (to > slack));
    }
    return good;
}

/* Ends lanes whose jump is as short as the tolerance, or as the solver can tell. */
static void arrive(settling *s, rac_lane_mask jumping)
{
    rac_lanes rest = all(0);
    for (int k = 0; k < s->w->count; k++)
        rest = larger(rest, absolute(s->jump[k]) / allowance(s->w, k, s->y[k], s->after[k]));
    const rac_lane_mask told = (s->change <= 1.0) & (s->change > 0.5 * s->last) & (rest <= JUMP_REST);
    const rac_lane_mask there = jumping & ((rest <= 1.0) | told);
    for (int k = 0; k < s->w->count; k++)
        s->y[k] = select(there, s->y[k] + s->jump[k], s->y[k]);
    s->busy &= ~there;
    s->going &= ~there;
}

/* One interval more for lanes that must not jump. */
static void walk_on(settling *s, rac_lane_mask lanes)
{
    rac_lanes after[RAC_COMPARTMENTS_MAX], to[RAC_COMPARTMENTS_MAX];
    for (int k = 0; k < s->w->count; k++)
        to[k] = select(lanes, s->after[k], s->y[k]);
    s->going &= ~lanes | repeat(s, lanes, to, after);
    const rac_lanes change = change_of(s, to, after);
    for (int k = 0; k < s->w->count; k++) {
        s->y[k] = to[k];
        s->after[k] = select(lanes, after[k], s->after[k]);
    }
    s->change = select(lanes, change, s->change);
}

/* Jumps, where that makes an interval change less than before. */
static rac_lane_mask jump(settling *s, rac_lane_mask lanes)
{
    states_walk *w = s->w;
    rac_lanes to[RAC_COMPARTMENTS_MAX], after[RAC_COMPARTMENTS_MAX], peak[RAC_COMPARTMENTS_MAX];
    copy_states(w, peak, w->peak);
    for (int k = 0; k < w->count; k++)
        to[k] = select(lanes, s->y[k] + s->jump[k], s->y[k]);
    const rac_lane_mask through = repeat(s, lanes, to, after);
    const rac_lanes change = change_of(s, to, after);
    const rac_lane_mask good = lanes & through & (change <= 0.9 * s->change);
    for (int k = 0; k < w->count; k++) {
        w->peak[k] = select(good, w->peak[k], peak[k]);
        s->y[k] = select(good, to[k], s->y[k]);
        s->after[k] = select(good, after[k], s->after[k]);
    }
    s->fit = good & (change <= 0.1 * s->change);
    s->last = s->change;
    s->change = select(good, change, s->change);
    return good;
}

/* Lanes that do not arrive by jumps stay where they are. */
static void jump_there(settling *s)
{
    states_walk *w = s->w;
    rac_lanes y[RAC_COMPARTMENTS_MAX], peak[RAC_COMPARTMENTS_MAX];
    copy_states(w, y, s->y);
    copy_states(w, peak, w->peak);
    for (int k = 0; k < w->count; k++)
        s->unit[k] = allowance(w, k, y[k], y[k]);
    s->going = repeat(s, s->busy, s->y, s->after);
    s->fit = (rac_lane_mask){0};
    s->change = change_of(s, s->y, s->after);
    s->last = all(INFINITY);
    for (int turn = 0; turn < JUMPS_MAX && any(s->going); turn++) {
        find_jumps(s);
        arrive(s, on_this_side(s));
        const rac_lane_mask jumped = jump(s, on_this_side(s)), poor = s->going & ~jumped;
        if (any(poor))
            walk_on(s, poor);
    }
    for (int k = 0; k < w->count; k++) {
        s->y[k] = select(s->busy, y[k], s->y[k]);
        w->peak[k] = select(s->busy, peak[k], w->peak[k]);
    }
}

/* ---- settling ---- */

/* Ends lanes that moved within the tolerance since the last look, and by less than half of what they did
 * before it, or `enough`. */
static void look(settling *s, bool enough)
{
    rac_lane_mask still = s->busy;
    for (int k = 0; k < s->w->count; k++) {
        const rac_lanes moved = absolute(s->y[k] - s->before[k]);
        still &= moved <= allowance(s->w, k, s->before[k], s->y[k]);
        if (!enough)
            still &= moved <= 0.5 * s->moved[k];
        s->moved[k] = moved;
        s->before[k] = s->y[k];
    }
    s->busy &= ~still;
}

/* From the starts of an epoch. */
static void begin_settling(settling *s, int epoch)
{
    states_walk *w = s->w;
    const rac_states *own = w->s;
    s->linear = standing_of(&w->f);
    s->busy = w->alive & ~w->f.ill;
    for (int k = 0; k < w->count; k++) {
        s->y[k] = own->starts[epoch * own->amounts + own->amounts - w->count + k];
        s->before[k] = s->y[k];
        s->moved[k] = all(0);
    }
}

static void pass(settling *s)
{
    rac_lanes after[RAC_COMPARTMENTS_MAX];
    const rac_lane_mask through = repeat(s, s->busy, s->y, after);
    s->w->alive &= through | ~s->busy;
    s->busy = through;
    for (int k = 0; k < s->w->count; k++)
        s->y[k] = select(through, after[k], s->y[k]);
}

/* Lanes that are busy by now have no steady state. */
static void end_settling(settling *s)
{
    states_walk *w = s->w;
    w->unsettled |= s->busy;
    w->alive &= ~s->busy;
    put_standing(&w->f, &s->linear);
    for (int k = 0; k < w->count; k++) {
        w->y[k] = s->y[k];
        w->peak[k] = select(w->alive, larger(w->peak[k], absolute(w->y[k])), w->peak[k]);
    }
}

static void settle_by_intervals(settling *s)
{
    for (int n = 1; n <= INTERVALS_MAX && any(s->busy); n++) {
        pass(s);
        if (!(n & (n - 1)))
            look(s, n >= INTERVALS_ENOUGH);
        if (n == JUMP_AFTER && any(s->busy))
            jump_there(s);
    }
}

static void settle_by_waiting(settling *s)
{
    for (int k = 0; k <= DOUBLINGS_MAX && any(s->busy); k++) {
        s->length = ldexp(1, k);
        pass(s);
        look(s, k >= DOUBLINGS_ENOUGH);
    }
}

/* Superposition holds for equations that are linear, though they may rest elsewhere than at 0: what the doses
 * add is their steady state less the state of rest. */
static void add_to(states_walk *w, int epoch, const standing *linear, const rac_lanes *y)
{
    const standing steady_linear = standing_of(&w->f);
    rac_lanes steady[RAC_COMPARTMENTS_MAX];
    copy_states(w, steady, w->y);
    settling rest = {.w = w, .rate = -1};
    empty_standing(&w->f);
    begin_settling(&rest, epoch);
    settle_by_waiting(&rest);
    end_settling(&rest);
    for (int k = 0; k < w->count; k++)
        w->y[k] = y[k] + (steady[k] - w->y[k]);
    for (int k = 0; k < w->f.shape->n; k++) {
        w->f.x[k] = linear->x[k] + steady_linear.x[k];
        w->f.z[k] = linear->z[k] + steady_linear.z[k];
    }
}

/* The pattern that begins at step `begin`; the step that ends it. */
static size_t settle_pattern(states_walk *w, int epoch, size_t begin)
{
    const rac_schedule *schedule = w->s->schedule;
    size_t end = begin + 1;
    while (schedule->steps[end].kind != RAC_STEP_STEADY_END)
        end++;
    settling s = {.w = w, .steps = &schedule->steps[begin + 1], .step_count = end - begin - 1};
    const standing linear = standing_of(&w->f);
    const rac_lane_mask alive = w->alive;
    rac_lanes y[RAC_COMPARTMENTS_MAX];
    copy_states(w, y, w->y);

    empty_standing(&w->f);
    w->alive = (rac_lane_mask){0}; /* the linear amounts alone */
    walk_interval(w, s.steps, s.step_count);
    w->alive = alive;
    forcing_steady(w, schedule->lengths_h[schedule->steps[end].length]);

    begin_settling(&s, epoch);
    settle_by_intervals(&s);
    end_settling(&s);
    if (schedule->steps[end].add)
        add_to(w, epoch, &linear, y);
    return end;
}

static void settle_plateau(states_walk *w, int epoch, const rac_step *step)
{
    settling s = {.w = w, .rate = step->pair};
    const standing linear = standing_of(&w->f);
    rac_lanes y[RAC_COMPARTMENTS_MAX];
    copy_states(w, y, w->y);
    forcing_plateau(w, step->pair);
    begin_settling(&s, epoch);
    settle_by_waiting(&s);
    end_settling(&s);
    if (step->add)
        add_to(w, epoch, &linear, y);
}
