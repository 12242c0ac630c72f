/* pharma/panel_inline.h: what is known of a panel: dx/dt as Legendre coefficients, its integral, its error.
 * Included inside a kernel; see states.h.
 *
 * The error of a panel is what its polynomial leaves out, told by its last two Legendre coefficients, which
 * fall by a steady factor where dx/dt is smooth; and what shows where it meets the panel before.
 */
typedef struct panel {
    states_walk *w;
    rac_lanes slope[RAC_COMPARTMENTS_MAX][PANEL]; /* dx/dt: Legendre coefficients over the panel */
    const rac_lanes *pivots;                      /* of states whose coefficient is steady, by place */
    rac_lanes after[RAC_COMPARTMENTS_MAX];
    rac_lanes ended[RAC_COMPARTMENTS_MAX]; /* dx/dt at the end of the panel before */
    rac_lane_mask begun;                   /* lanes that had one since the break */
} panel;

/* Legendre coefficients of the polynomial through `f` at the nodes. */
LANE void coefficients_of(const rac_lanes *f, rac_lanes *slope)
{
    for (int m = 0; m < PANEL; m++) {
        slope[m] = all(0);
        for (int j = 0; j < PANEL; j++)
            slope[m] += PANEL_COEFFICIENT[m][j] * f[j];
    }
}

/* Coefficient m of the integral from the left end, of a function with coefficients `slope`; those at
 * PANEL - 1 and PANEL are one at the nodes, where P8 is P7. */
LANE rac_lanes integral_part(const rac_lanes *slope, int m)
{
    const rac_lanes up = m ? slope[m - 1] * PANEL_SHARE[m - 1] : slope[0] * 0.5;
    return m + 1 < PANEL ? up - slope[m + 1] * PANEL_SHARE[m + 1] : up;
}

/* What a polynomial leaves out of the integral of f over its panel.  Legendre coefficients of a smooth
 * function fall by a steady factor, so the first one left out is to the last two as these are to the two
 * before; its integral is at most 2 / (2 PANEL + 1) of it, for a panel from -1 to 1. */
static rac_lanes left_out(const rac_lanes *slope)
{
    const rac_lanes *tail = slope + PANEL - 4;
    const rac_lanes before = absolute(tail[0]) + absolute(tail[1]),
                    last = absolute(tail[2]) + absolute(tail[3]);
    const rac_lanes factor = smaller(last / (before + 1e-300), all(1));
    return last * factor * (1.0 / (2 * PANEL + 1));
}

/* dx/dt where a panel begins and ends: Legendre's polynomials are 1 or -1 there. */
LANE rac_lanes slope_at_begin(const rac_lanes *slope)
{
    rac_lanes sum = slope[0];
    for (int m = 1; m < PANEL; m++)
        sum = m % 2 ? sum - slope[m] : sum + slope[m];
    return sum;
}

LANE rac_lanes slope_at_end(const rac_lanes *slope)
{
    rac_lanes sum = slope[0];
    for (int m = 1; m < PANEL; m++)
        sum += slope[m];
    return sum;
}

/* What no node sees: a corner of f between the beginning of the panel and its first node leaves the
 * polynomial beside what dx/dt was there, by which the integral can be wrong for so long. */
static rac_lanes unseen(const panel *c, int k)
{
    return select(c->begun, absolute(slope_at_begin(c->slope[k]) - c->ended[k]) * PANEL_NODE[0], all(0));
}

/* The error of a state over a panel, beside what is allowed. */
static rac_lanes error_of_state(const panel *c, int k, rac_lanes h)
{
    const states_walk *w = c->w;
    return h * larger(left_out(c->slope[k]), unseen(c, k)) / allowance(w, k, w->y[k], c->after[k]);
}
