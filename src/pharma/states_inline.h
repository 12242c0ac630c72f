/* pharma/states_inline.h: what both ways to solve a panel share: what an error is compared with, the next
 * length, and times read off a panel. Included inside a kernel; see states.h. */

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
    rac_lanes *systems;                               /* all together: what newton_inline.h keeps there */
    rac_lanes dense[RAC_COMPARTMENTS_MAX][PANEL + 1]; /* Legendre coefficients over a panel */
    double *wanted_h;             /* times to write in the present span, from its beginning */
    size_t wanted, written;       /* how many; how many writes before the span */
    size_t next[RAC_LANES];       /* of each lane, in wanted_h */
    rac_lanes due;                /* that time; INFINITY after the last */
    itinerary itineraries[KINDS]; /* of this epoch */
    int newest_itinerary;
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

/* The next panel as a multiple of this one: 0.9 error^(-1/9), within bounds. */
static rac_lanes next_length(rac_lanes error)
{
    rac_lanes unused;
    const rac_lane_mask usable = error < all(INFINITY); /* not NaN either */
    error = select(usable, larger(error, all(1e-30)), all(1e30));
    const rac_lanes factor = 0.9 * exponential(logarithm(error) * (-1.0 / (PANEL + 1)), &unused);
    return smaller(all(4), larger(factor, all(0.1)));
}

/* ---- times wanted ---- */

static double due_of(const states_walk *w, int lane)
{
    return w->next[lane] < w->wanted && !w->rough ? w->wanted_h[w->next[lane]] : INFINITY;
}

static void begin_times(states_walk *w)
{
    memset(w->next, 0, sizeof w->next);
    w->due = all(due_of(w, 0));
}

/* Lanes with a time to write up to `until`. */
LANE rac_lane_mask waiting(const states_walk *w, rac_lane_mask lanes, rac_lanes until)
{
    return lanes & (w->due <= until);
}

/* Legendre's polynomials at x: (k + 1) P_{k+1} = (2k + 1) x P_k - k P_{k-1} */
LANE void legendre_values(rac_lanes x, rac_lanes *values)
{
    values[0] = all(1);
    values[1] = x;
    for (int k = 1; k < PANEL; k++)
        values[k + 1] = ((2 * k + 1.0) / (k + 1)) * x * values[k] - (k / (k + 1.0)) * values[k - 1];
}

/* Writes every time up to `until` of a panel from t of length h: `dense` times Legendre's polynomials. */
static void write_times(states_walk *w, rac_lane_mask lanes, rac_lanes until, rac_lanes t, rac_lanes h)
{
    const rac_lanes middle = t + 0.5 * h, scale = 2.0 / h;
    for (rac_lane_mask now = waiting(w, lanes, until); any(now); now = waiting(w, lanes, until)) {
        rac_lanes values[PANEL + 1];
        legendre_values((select(now, w->due, middle) - middle) * scale, values);
        for (int k = 0; k < w->count; k++) {
            rac_lanes value = all(0);
            for (int m = 0; m <= PANEL; m++)
                value += w->dense[k][m] * values[m];
            for (int i = 0; i < RAC_LANES; i++)
                if (now[i])
                    w->s->out[(w->written + w->next[i]) * (size_t)w->count + (size_t)k][i] = value[i];
        }
        for (int i = 0; i < RAC_LANES; i++)
            if (now[i]) {
                w->next[i]++;
                w->due[i] = due_of(w, i);
            }
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
