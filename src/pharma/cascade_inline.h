/* pharma/cascade_inline.h: states that are linear in themselves, one after another, over panels.  Included
 * inside a kernel; see states.h.
 *
 *     dx/dt = a(t) + b(t) x,   a and b known at the nodes once the states before x are
 *
 * Collocation at eight Radau points: f = dx/dt is a polynomial through its values at the nodes, which satisfy
 *
 *     (1 - h b S) f = a + b x0,   S the integrals to the nodes, x = x0 + h S f
 *
 * an 8 x 8 system for each state, whatever its speed (radau.h).  The error of a panel is what its polynomial
 * leaves out, told by its last two Legendre coefficients: they fall by a steady factor where f is smooth.
 */
#include "pharma/radau.h"

/* Column k of the elimination; k is known to the compiler, which so unrolls what follows. */
LANE void eliminate_column(rac_lanes matrix[PANEL][PANEL], rac_lanes *f, int k)
{
    const rac_lanes inverse = 1.0 / matrix[k][k];
    for (int i = k + 1; i < PANEL; i++) {
        const rac_lanes factor = matrix[i][k] * inverse;
        for (int j = k + 1; j < PANEL; j++)
            matrix[i][j] -= factor * matrix[k][j];
        f[i] -= factor * f[k];
    }
    matrix[k][k] = inverse;
}

/* Elimination without exchanges: for b of one sign it loses 2 digits at most (measured up to h b = 1e7). */
static void solve_panel(rac_lanes matrix[PANEL][PANEL], rac_lanes *f)
{
    _Static_assert(PANEL == 8, "a call for each column");
    eliminate_column(matrix, f, 0);
    eliminate_column(matrix, f, 1);
    eliminate_column(matrix, f, 2);
    eliminate_column(matrix, f, 3);
    eliminate_column(matrix, f, 4);
    eliminate_column(matrix, f, 5);
    eliminate_column(matrix, f, 6);
    eliminate_column(matrix, f, 7);
    for (int k = PANEL - 1; k >= 0; k--) {
        for (int j = k + 1; j < PANEL; j++)
            f[k] -= matrix[k][j] * f[j];
        f[k] = f[k] * matrix[k][k];
    }
}

typedef struct cascade {
    states_walk *w;
    rac_lanes f[RAC_COMPARTMENTS_MAX][PANEL]; /* dx/dt at the nodes */
    rac_lanes after[RAC_COMPARTMENTS_MAX];
    rac_lanes ended[RAC_COMPARTMENTS_MAX]; /* dx/dt at the end of the panel before */
    rac_lane_mask begun;                   /* lanes that had one since the break */
} cascade;

/* What a polynomial leaves out of the integral of f over its panel.  Legendre coefficients of a smooth
 * function fall by a steady factor, so the first one left out is to the last two as these are to the two
 * before; its integral is at most 2 / (2 PANEL + 1) of it, for a panel from -1 to 1. */
static rac_lanes left_out(const rac_lanes *f)
{
    rac_lanes tail[TAIL];
    for (int i = 0; i < TAIL; i++) {
        tail[i] = all(0);
        for (int j = 0; j < PANEL; j++)
            tail[i] += PANEL_TAIL[i][j] * f[j];
    }
    const rac_lanes before = absolute(tail[0]) + absolute(tail[1]),
                    last = absolute(tail[2]) + absolute(tail[3]);
    const rac_lanes factor = smaller(last / (before + 1e-300), all(1));
    return last * factor * (1.0 / (2 * PANEL + 1));
}

/* What no node sees: a corner of f between the beginning of the panel and its first node leaves the
 * polynomial beside what dx/dt was there, by which the integral can be wrong for so long. */
static rac_lanes unseen(const cascade *c, int k)
{
    rac_lanes begins = all(0);
    for (int j = 0; j < PANEL; j++)
        begins += PANEL_BEGIN[j] * c->f[k][j];
    return select(c->begun, absolute(begins - c->ended[k]) * PANEL_NODE[0], all(0));
}

/* The error of a state over a panel, beside what is allowed. */
static rac_lanes error_of_state(const cascade *c, int k, rac_lanes h)
{
    const states_walk *w = c->w;
    return h * larger(left_out(c->f[k]), unseen(c, k)) / allowance(w, k, w->y[k], c->after[k]);
}

/* One state over a panel of length h, whose place in the order is `rank`; its values go to the frame. */
static rac_lanes panel_of_state(cascade *c, int rank, rac_lanes h)
{
    states_walk *w = c->w;
    const rac_equations *e = w->e;
    const int k = e->order[rank];
    const rac_affine at = e->affine[rank];
    rac_lanes *f = c->f[k], *x = &w->frame[(w->state + k) * PANEL];
    rac_lanes matrix[PANEL][PANEL];
    for (int i = 0; i < PANEL; i++) {
        f[i] = (at.constant >= 0 ? w->frame[at.constant * PANEL + i] : all(0)) + w->input[k];
        if (at.coefficient < 0)
            continue;
        const rac_lanes b = w->frame[at.coefficient * PANEL + i], hb = h * b;
        f[i] += b * w->y[k];
        for (int j = 0; j < PANEL; j++)
            matrix[i][j] = (i == j ? all(1) : all(0)) - hb * PANEL_INTEGRAL[i][j];
    }
    if (at.coefficient >= 0)
        solve_panel(matrix, f);
    for (int i = 0; i < PANEL; i++) {
        rac_lanes sum = all(0);
        for (int j = 0; j < PANEL; j++)
            sum += PANEL_INTEGRAL[i][j] * f[j];
        x[i] = w->y[k] + h * sum;
    }
    c->after[k] = x[PANEL - 1];
    return error_of_state(c, k, h);
}

/* States that depend on each other, all together. */
static rac_lanes panel_of_all(cascade *c, rac_lanes h, rac_lane_mask active)
{
    const states_walk *w = c->w;
    rac_lanes error = panel_of_group(c->w, h, active, c->f, c->after);
    for (int k = 0; k < w->count; k++) {
        const rac_lanes part = error_of_state(c, k, h);
        error = select((part > error) | (part != part), part, error);
    }
    return error;
}

static rac_lanes try_panel(cascade *c, rac_lanes t, rac_lanes h, rac_lane_mask active)
{
    states_walk *w = c->w;
    const rac_equations *e = w->e;
    rac_lanes times[PANEL], amounts[RAC_COMPARTMENTS_MAX * PANEL], error = all(0);
    for (int j = 0; j < PANEL; j++)
        times[j] = t + PANEL_NODE[j] * h;
    if (e->driver_count)
        forcing_at(&w->f, times, PANEL, amounts, PANEL);
    for (int d = 0; d < e->driver_count; d++)
        memcpy(&w->frame[(w->amount + e->drivers[d]) * PANEL], &amounts[d * PANEL], sizeof *amounts * PANEL);
    if (!w->as_cascade)
        return panel_of_all(c, h, active);
    for (int rank = 0; rank < w->count; rank++) {
        run_nodes(&e->cascade[RAC_LEVEL_DRIVEN + rank], w->frame, PANEL, PANEL);
        const rac_lanes part = panel_of_state(c, rank, h);
        error = select((part > error) | (part != part), part, error);
    }
    return error;
}

static void dense_of_panel(cascade *c, rac_lanes h)
{
    states_walk *w = c->w;
    for (int k = 0; k < w->count; k++)
        for (int power = 0; power <= PANEL; power++) {
            rac_lanes sum = all(0);
            for (int j = 0; j < PANEL; j++)
                sum += PANEL_DENSE[power][j] * c->f[k][j];
            w->dense[k][power] = power ? h * sum : w->y[k] + h * sum;
        }
}

/* How much easier a panel was than expected, as a factor on the next: states settle after a break, and what
 * was so once is taken to go on, within bounds. */
LANE rac_lanes easier(rac_lanes found, rac_lanes expected)
{
    return larger(smaller(found / expected, all(1.4)), all(0.8));
}

/* Where nothing is known of a panel's error: the next is a third of it or less. */
static const double UNKNOWN_ERROR = 2e4;

static void cascade_span(states_walk *w, double length)
{
    cascade c;
    c.w = w;
    c.begun = (rac_lane_mask){0};
    for (int k = 0; k < w->count; k++)
        c.ended[k] = all(0);
    rac_lanes t = all(0), h = smaller(forcing_pace(&w->f) * 2.0, all(length)), expected = all(1);
    rac_lane_mask active = w->alive, rejected = {0}, known = {0};
    for (int attempt = 0; any(active); attempt++) {
        const rac_lanes left = length - t;
        const rac_lane_mask last = select(rejected, h, h * 1.2) >= left;
        h = select(active, select(last, left, h), all(length));
        const rac_lanes error = try_panel(&c, t, h, active);
        const rac_lane_mask good = accepted(w, active, error, h, length);
        const rac_lanes until = select(last, all(length), t + h);
        if (any(waiting(w, good, until))) {
            dense_of_panel(&c, h);
            write_times(w, good, until, t + 0.5 * h, 2.0 / h, PANEL);
        }
        take_step(w, good, c.after);
        for (int k = 0; k < w->count; k++)
            c.ended[k] = select(good, c.f[k][PANEL - 1], c.ended[k]);
        c.begun |= good;
        for (int i = 0; i < RAC_LANES; i++)
            w->s->steps += active[i] ? 1 : 0;
        const rac_lanes told = select(error < all(INFINITY), error, all(UNKNOWN_ERROR));
        const rac_lanes found = h * next_length(told, PANEL + 1, 4, (rac_lane_mask){0});
        const rac_lanes next = select(good & known, found * easier(found, expected), found);
        expected = found;
        known = good;
        h = select(good, select(rejected, smaller(found, h), next), found * 0.75);
        rejected = active & ~good;
        t = select(good, until, t);
        const rac_lane_mask stuck = rejected & (h < all(length * 0x1p-50));
        w->alive &= ~stuck;
        active &= ~stuck & ~(good & last);
        if (attempt + 1 == RAC_ATTEMPTS_MAX) {
            w->alive &= ~active;
            break;
        }
    }
}
