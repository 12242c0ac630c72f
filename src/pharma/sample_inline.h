/* pharma/sample_inline.h: each subject at times of its own.  Included inside a kernel.
 *
 * The schedule has events only.  Walking it by modes leaves a list of stretches of constant input: when each
 * begins, the state there and what flows in.  Within a stretch, s after it began,
 *
 *     z(s) = exp(lambda s) z + (exp(lambda s) - 1) / lambda  W u
 *
 * so a value at any time needs its stretch and an exponential for each mode, and no step before it.  Lanes go
 * from stretch to stretch each for itself.
 */
typedef struct stretch {
    double start_h;
    int epoch;
    bool driven;      /* something flows in */
    rac_lanes *state; /* n: of modes; by scaling: of compartments by position */
    rac_lanes *push,
        *drift; /* n: W u / lambda, and W u of modes that stay as they are; by scaling push is u */
    const rac_lanes *lambda; /* n, of the epoch, over ln 2; by modes */
    const rac_lanes *read;   /* outputs x n, of the epoch */
} stretch;

/* Where each lane is: copies of what belongs to its stretch. */
typedef struct place {
    const stretch *stretches;
    size_t count;
    int epochs;
    rac_lane_mask at;      /* which stretch */
    rac_lanes start, next; /* of the stretch, and of the one after it */
    rac_lane_mask driven;
    bool some_driven;
    rac_lanes lambda[RAC_COMPARTMENTS_MAX], state[RAC_COMPARTMENTS_MAX], push[RAC_COMPARTMENTS_MAX],
        drift[RAC_COMPARTMENTS_MAX];
    rac_lanes *read;
} place;

typedef struct sampler {
    walk w;
    bool scaling;
    rac_lanes *at; /* free lanes of the work */
    stretch *stretches;
    size_t count;
    const rac_lanes *lambda, *read;
    const rac_rates *rates; /* that flowed last in this epoch, and their */
    rac_lanes *push, *drift;
} sampler;

static rac_lanes *take_lanes(sampler *s, int count)
{
    rac_lanes *taken = s->at;
    s->at += count;
    return taken;
}

static void find_push(sampler *s, const rac_rates *rates)
{
    const walk *w = &s->w;
    const int n = w->shape->n;
    rac_lanes u[RAC_COMPARTMENTS_MAX];
    inflow(w, rates, u);
    s->rates = rates;
    s->push = take_lanes(s, n);
    s->drift = take_lanes(s, n);
    for (int k = 0; k < n && s->scaling; k++)
        s->push[k] = u[k];
    for (int k = 0; k < n && !s->scaling; k++) {
        const rac_lanes flow = mode_inflow(w, k, u);
        const rac_lane_mask still = w->m.lambda[k] == 0.0;
        s->push[k] = select(still, all(0), flow / select(still, all(1), w->m.lambda[k]));
        s->drift[k] = select(still, flow, all(0));
    }
}

static void begin_stretch(sampler *s, double start_h, int epoch, const rac_rates *rates)
{
    walk *w = &s->w;
    const int n = w->shape->n;
    stretch *to = &s->stretches[s->count++];
    *to = (stretch){.start_h = start_h, .epoch = epoch, .lambda = s->lambda, .read = s->read};
    to->state = take_lanes(s, n);
    memcpy(to->state, w->state, sizeof *to->state * (size_t)n);
    if (!rates)
        return;
    to->driven = true;
    if (rates != s->rates)
        find_push(s, rates);
    to->push = s->push;
    to->drift = s->drift;
}

static void begin_epoch(sampler *s, int epoch, rac_lanes *x)
{
    walk *w = &s->w;
    const int n = w->shape->n, reads = w->tile->outputs * n;
    set_epoch(w, epoch);
    if (!epoch)
        begin(w, s->scaling ? w->state : x);
    s->rates = NULL;
    if (s->scaling) {
        scaling_epoch(w);
    } else {
        modes_epoch(w, x);
        w->m.ill |= unusual_modes(w->shape, &w->m);
        rac_lanes *lambda = take_lanes(s, n);
        for (int k = 0; k < n; k++)
            lambda[k] = w->m.lambda[k] * 0x1.71547652b82fep0; /* exp(lambda s) is 2^(s lambda / ln 2) */
        s->lambda = lambda;
    }
    rac_lanes *read = take_lanes(s, reads);
    memcpy(read, w->read, sizeof *read * (size_t)reads);
    s->read = read;
}

/* Walks the events and lists the stretches: nothing before the first, the last without end. */
static void find_stretches(sampler *s)
{
    walk *w = &s->w;
    const rac_schedule *schedule = w->tile->schedule;
    rac_lanes x[RAC_COMPARTMENTS_MAX];
    w->m.ill = (rac_lane_mask){0};
    s->count = 0;
    for (int e = 0; e < schedule->epochs; e++) {
        bool steady = false; /* the steps of a steady pattern are no time that passes */
        begin_epoch(s, e, x);
        if (e == 0)
            begin_stretch(s, 0, 0, NULL);
        for (size_t i = schedule->epoch_first[e]; i < schedule->epoch_first[e + 1]; i++) {
            const rac_step *step = &schedule->steps[i];
            if (step->kind == RAC_STEP_STEADY_BEGIN || step->kind == RAC_STEP_STEADY_END)
                steady = step->kind == RAC_STEP_STEADY_BEGIN;
            if (step->kind == RAC_STEP_ADVANCE && !steady)
                begin_stretch(s, step->start_h, e,
                              step->pair < 0 ? NULL : &schedule->rates[schedule->pairs[step->pair].rate]);
            (s->scaling ? scaling_step : modes_step)(w, step);
        }
        if (e + 1 < schedule->epochs && !s->scaling)
            from_modes(w, x);
    }
    begin_stretch(s, schedule->end_h, schedule->epochs - 1,
                  schedule->end_rate < 0 ? NULL : &schedule->rates[schedule->end_rate]);
}

/* The stretch a time falls into, looking on from the one before. */
LANE size_t stretch_at(const stretch *stretches, size_t count, size_t at, double time_h)
{
    while (at + 1 < count && stretches[at + 1].start_h <= time_h)
        at++;
    return at;
}

/* Lanes `here` go to a stretch. */
static void enter(place *p, int n, int reads, rac_lane_mask here, size_t at)
{
    const stretch *to = &p->stretches[at];
    p->at = (here & (int64_t)at) | (~here & p->at);
    p->start = select(here, all(to->start_h), p->start);
    p->next = select(here, all(at + 1 < p->count ? p->stretches[at + 1].start_h : INFINITY), p->next);
    p->driven = to->driven ? p->driven | here : p->driven & ~here;
    p->some_driven = any(p->driven);
    for (int k = 0; k < n; k++)
        p->state[k] = select(here, to->state[k], p->state[k]);
    for (int k = 0; k < n && to->driven; k++) {
        p->push[k] = select(here, to->push[k], p->push[k]);
        p->drift[k] = select(here, to->drift[k], p->drift[k]);
    }
    if (at && p->epochs == 1)
        return;
    for (int k = 0; k < n; k++)
        p->lambda[k] = select(here, to->lambda[k], p->lambda[k]);
    for (int i = 0; i < reads; i++)
        p->read[i] = select(here, to->read[i], p->read[i]);
}

/* Lanes whose time lies beyond their stretch go to the one it lies in, those who meet there together. */
static void follow(place *p, int n, int reads, rac_lanes time_h)
{
    rac_lane_mask target;
    for (int lane = 0; lane < RAC_LANES; lane++)
        target[lane] = (int64_t)stretch_at(p->stretches, p->count, (size_t)p->at[lane], time_h[lane]);
    for (int lane = 0; lane < RAC_LANES; lane++)
        if (target[lane] != p->at[lane])
            enter(p, n, reads, (target != p->at) & (target == target[lane]), (size_t)target[lane]);
}

/* The other hot loop: an exponential for each mode, and the outputs. */
LANE void read_times(int n, int outputs, place *p, const rac_tile *tile)
{
    rac_lanes *out = tile->out;
    const double *const *own_h = tile->own_h;
    for (size_t i = 0; i < tile->own_times; i++) {
        const rac_lanes time_h = {own_h[0][i], own_h[1][i], own_h[2][i], own_h[3][i],
                                  own_h[4][i], own_h[5][i], own_h[6][i], own_h[7][i]};
        if (any(time_h >= p->next))
            follow(p, n, outputs * n, time_h);
        const rac_lanes since_h = time_h - p->start;
        rac_lanes z[RAC_COMPARTMENTS_MAX], rise[RAC_COMPARTMENTS_MAX];
        for (int k = 0; k < n; k++)
            z[k] = p->lambda[k] * since_h;
        if (p->some_driven) {
            powers_of_two(n, z, rise);
            for (int k = 0; k < n; k++) {
                z[k] *= p->state[k];
                z[k] = select(p->driven, z[k] + (p->push[k] * rise[k] + p->drift[k] * since_h), z[k]);
            }
        } else {
            powers_of_two(n, z, NULL);
            for (int k = 0; k < n; k++)
                z[k] *= p->state[k];
        }
        for (int o = 0; o < outputs; o++) {
            rac_lanes sum = p->read[o * n] * z[0];
            for (int k = 1; k < n; k++)
                sum += p->read[o * n + k] * z[k];
            *out++ = at_least(sum, tile->floor);
        }
    }
}

static void read_any(int n, int outputs, place *p, const rac_tile *tile)
{
    switch (n) { /* as run_any */
    case 2:
        read_times(2, outputs, p, tile);
        break;
    case 3:
        read_times(3, outputs, p, tile);
        break;
    case 5:
        read_times(5, outputs, p, tile);
        break;
    case 6:
        read_times(6, outputs, p, tile);
        break;
    default:
        read_times(n, outputs, p, tile);
    }
}

#include "pharma/powers_inline.h"

static void sample_by_modes(sampler *s)
{
    rac_tile *tile = s->w.tile;
    const int n = tile->shape->n, reads = tile->outputs * n;
    place p = {.read = take_lanes(s, reads), .stretches = s->stretches, .epochs = tile->schedule->epochs};
    find_stretches(s);
    p.count = s->count;
    enter(&p, n, reads, (rac_lane_mask){0} - 1, 0);
    read_any(n, tile->outputs, &p, tile);
}

static void sample_tile(rac_tile *tile)
{
    sampler s = {0};
    const int n = tile->shape->n;
    rac_lane_mask left = (rac_lane_mask){0} - 1;
    carve(&s.w, tile);
    rac_lanes *free_lanes = s.w.power + (size_t)(2 * POWERS * n * n);
    s.stretches = (stretch *)(void *)free_lanes;
    free_lanes += (tile->schedule->step_count + 2) * sizeof(stretch) / sizeof(rac_lanes) + 1;
    if (tile->shape->has_modes && !tile->scaling_only) {
        s.at = free_lanes;
        sample_by_modes(&s);
        left = s.w.m.ill;
    }
    if (any(left)) { /* once more for those lanes, the others keep what they have */
        s.at = free_lanes;
        s.scaling = true;
        left = sample_by_powers(&s, left);
    }
    for (int lane = 0; lane < RAC_LANES && tile->start && tile->own_times; lane++)
        if (tile->own_h[lane][0] < s.stretches[1].start_h)
            left[lane] = -1; /* what it begins with would begin then */
    tile->failed = not_finite(tile->out, tile->own_times * (size_t)tile->outputs);
    tile->scaled = bits(left);
}
