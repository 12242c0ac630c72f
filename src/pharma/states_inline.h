/* pharma/states_inline.h: what both ways to solve a panel share: what an error is compared with, the next
 * length, and times read off a panel. Included inside a kernel; see states.h. */

/* Highest degree of a step's polynomial. */
enum { DEGREE_MAX = 8 };

typedef struct states_walk {
    rac_states *s;
    const rac_equations *e;
    forcing f;
    int count;  /* states */
    int amount; /* slot of the first linear amount */
    int state;  /* slot of the first state */
    bool as_cascade;
    bool rough;                            /* only looking for sizes: nothing is written */
    double tolerance;                      /* of this walk */
    rac_lanes scale[RAC_COMPARTMENTS_MAX]; /* sizes known beforehand; 0 */
    rac_lanes y[RAC_COMPARTMENTS_MAX], peak[RAC_COMPARTMENTS_MAX]; /* states now; their largest size so far */
    rac_lanes input[RAC_COMPARTMENTS_MAX];                         /* into states, between two breaks */
    rac_lane_mask alive;                                           /* lanes that still have an answer */
    rac_lane_mask unsettled;                                       /* lanes without a steady state */
    rac_lanes *frame;                                              /* registers x nodes */
    int nodes;                                                     /* side by side in it */
    rac_lanes *slopes;                                             /* all together: registers x states */
    rac_lanes *systems; /* all together: what newton_inline.h keeps there */
    rac_lanes dense[RAC_COMPARTMENTS_MAX][DEGREE_MAX + 1];
    double *wanted_h;       /* times to write in the present span, from its beginning */
    size_t wanted, written; /* how many; how many writes before the span */
    size_t next[RAC_LANES]; /* of each lane, in wanted_h */
} states_walk;

/* ---- error ---- */

/* What an error in a state is compared with. */
LANE rac_lanes allowance(const states_walk *w, int i, rac_lanes before, rac_lanes after)
{
    const rac_lanes size = larger(absolute(before), absolute(after));
    return w->tolerance * larger(size, w->s->share * w->peak[i]) + 1e-300;
}

/* Steps that are taken: a rough walk does not stop where a state leaves 0 by a kink, which no step is short
 * enough for. */
LANE rac_lane_mask accepted(const states_walk *w, rac_lane_mask active, rac_lanes error, rac_lanes h,
                            double length)
{
    const rac_lane_mask enough =
        w->rough ? (error < all(INFINITY)) & (h < all(length * 0x1p-20)) : (rac_lane_mask){0};
    return active & ((error <= 1.0) | enough);
}

/* The next step as a multiple of this one: 0.9 error^(-1/order), within bounds; after a rejection not longer.
 */
static rac_lanes next_length(rac_lanes error, double order, double most, rac_lane_mask rejected)
{
    rac_lanes unused;
    const rac_lane_mask usable = error < all(INFINITY); /* not NaN either */
    error = select(usable, larger(error, all(1e-30)), all(1e30));
    const rac_lanes factor = 0.9 * exponential(logarithm(error) * (-1 / order), &unused);
    return select(rejected, smaller(all(1), larger(factor, all(0.1))),
                  smaller(all(most), larger(factor, all(0.1))));
}

/* ---- times wanted ---- */

/* Lanes with a time to write up to `until`. */
static rac_lane_mask waiting(const states_walk *w, rac_lane_mask lanes, rac_lanes until)
{
    rac_lane_mask found = {0};
    for (int i = 0; i < RAC_LANES && !w->rough; i++)
        if (lanes[i] && w->next[i] < w->wanted && w->wanted_h[w->next[i]] <= until[i])
            found[i] = -1;
    return found;
}

/* Writes every time up to `until`: polynomials in (time - origin) x scale. */
static void write_times(states_walk *w, rac_lane_mask lanes, rac_lanes until, rac_lanes origin,
                        rac_lanes scale, int degree)
{
    for (rac_lane_mask now = waiting(w, lanes, until); any(now); now = waiting(w, lanes, until)) {
        rac_lanes at = origin;
        for (int i = 0; i < RAC_LANES; i++)
            if (now[i])
                at[i] = w->wanted_h[w->next[i]];
        at = (at - origin) * scale;
        for (int k = 0; k < w->count; k++) {
            rac_lanes value = w->dense[k][degree];
            for (int power = degree - 1; power >= 0; power--)
                value = value * at + w->dense[k][power];
            for (int i = 0; i < RAC_LANES; i++)
                if (now[i])
                    w->s->out[(w->written + w->next[i]) * (size_t)w->count + (size_t)k][i] = value[i];
        }
        for (int i = 0; i < RAC_LANES; i++)
            w->next[i] += now[i] ? 1 : 0;
    }
}

static void write_now(states_walk *w)
{
    for (int k = 0; k < w->count && !w->rough; k++)
        w->s->out[w->written * (size_t)w->count + (size_t)k] = w->y[k];
    w->written++;
}

/* What a step ended with, for the lanes that took it. */
static void take_step(states_walk *w, rac_lane_mask lanes, const rac_lanes *after)
{
    for (int k = 0; k < w->count; k++) {
        w->y[k] = select(lanes, after[k], w->y[k]);
        w->peak[k] = larger(w->peak[k], absolute(w->y[k]));
    }
}
