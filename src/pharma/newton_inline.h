/* pharma/newton_inline.h: a panel of states that depend on each other, or are not linear in themselves.
 * Included inside a kernel; see states.h.
 *
 *     f = F(x) at the nodes,   x = x0 + h S f,   S the integrals to the nodes (radau.h)
 *
 * is solved by Newton's method with one Jacobian J for all nodes (Hairer and Wanner 1996, Solving Ordinary
 * Differential Equations II, IV.8):
 *
 *     (1 - h S J) change = F(x) - f
 *
 * In the directions in which S does not mix nodes, this falls into a complex system as small as J for each of
 * four pairs of nodes.  J is that at the middle, of the states a panel begins with, and once more after the
 * first correction; linear equations need no second.  Corrections shrink by a steady factor, which tells when
 * what is left of them is a small part of the error allowed, and when they will not get there: then the panel
 * has no answer, and the walk tries a shorter one.
 *
 * An amount that dies away may end a panel below 0 by less than its error, where a power of it has no value.
 * In lanes in which that happens, equations see 0 instead; a panel that goes below by more has no answer.
 */
#include "pharma/radau.h"

/* Corrections tried; what is left of them, as a part of the error allowed; the factor by which they should at
 * least shrink for a panel to be of good length. */
enum { CORRECTIONS_MAX = 12 };
static const double LEFT_OF_CORRECTIONS = 0.02, GOOD_FACTOR = 0.25;

/* Where J is taken. */
enum { MIDDLE = 3 };

typedef struct complex_lanes {
    rac_lanes re, im;
} complex_lanes;

typedef struct newton {
    states_walk *w;
    rac_lanes h;
    rac_lanes (*f)[PANEL];                         /* dx/dt at the nodes, by state */
    rac_lanes x[RAC_COMPARTMENTS_MAX][PANEL];      /* what f makes of the states there */
    rac_lanes change[RAC_COMPARTMENTS_MAX][PANEL]; /* of f; split into pairs, (re, im) */
    /* in the walk's memory, for a thread's stack may be small: count x count, and as many for each pair */
    rac_lanes *jacobian; /* dF/dx */
    /* of each pair: factors of 1 - h (re + i im) J, the diagonal inverted */
    complex_lanes *matrix[PAIRS];
    rac_lane_mask going; /* lanes that need corrections */
    rac_lane_mask lost;  /* lanes without an answer */
    rac_lane_mask held;  /* lanes whose equations see no state below 0 that began above */
} newton;

LANE complex_lanes product(complex_lanes a, complex_lanes b)
{
    return (complex_lanes){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

LANE complex_lanes minus(complex_lanes a, complex_lanes b)
{
    return (complex_lanes){a.re - b.re, a.im - b.im};
}

LANE complex_lanes inverse_of(complex_lanes a)
{
    const rac_lanes size = 1.0 / (a.re * a.re + a.im * a.im);
    return (complex_lanes){a.re * size, -(a.im * size)};
}

/* to = table x from, over the nodes of one state. */
LANE void across_nodes(const double table[PANEL][PANEL], const rac_lanes *from, rac_lanes *to)
{
    rac_lanes sum[PANEL];
    for (int i = 0; i < PANEL; i++)
        sum[i] = table[i][0] * from[0];
    for (int j = 1; j < PANEL; j++)
        for (int i = 0; i < PANEL; i++)
            sum[i] += table[i][j] * from[j];
    memcpy(to, sum, sizeof sum);
}

/* ---- equations ---- */

static void set_nodes(newton *p)
{
    const states_walk *w = p->w;
    for (int k = 0; k < w->count; k++) {
        const rac_lanes floor = select(p->held & (w->y[k] >= 0.0), all(0), all(-INFINITY));
        for (int i = 0; i < PANEL; i++)
            w->frame[(w->state + k) * PANEL + i] = at_least(p->x[k][i], floor);
    }
    run_nodes(&w->e->together[RAC_LEVEL_STATES], w->frame, PANEL, PANEL);
}

/* F at the nodes goes to the frame. */
static void find_rates(newton *p)
{
    const states_walk *w = p->w;
    set_nodes(p);
    rac_lane_mask without = {0};
    for (int k = 0; k < w->count; k++)
        for (int i = 0; i < PANEL; i++)
            without |= ~(absolute(w->frame[w->e->rate[k] * PANEL + i]) < all(INFINITY));
    without &= p->going & ~p->held;
    if (any(without)) {
        p->held |= without;
        set_nodes(p);
    }
}

/* J of `lanes`.  A derivative that is not finite (the root of an amount that is 0) is left out: it costs
 * corrections, or a shorter panel. */
static void linearise(newton *p, rac_lane_mask lanes)
{
    states_walk *w = p->w;
    const int m = w->count;
    run_forward_node(&w->e->together[RAC_LEVEL_STATES], w->frame + MIDDLE, PANEL, w->slopes, 0, m);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) {
            const rac_lanes slope = w->slopes[w->e->rate[i] * m + j];
            rac_lanes *to = &p->jacobian[i * m + j];
            *to = select(lanes, select(absolute(slope) < all(INFINITY), slope, all(0)), *to);
        }
}

/* ---- systems ---- */

/* Elimination without exchanges: no pair's eigenvalue is real, so no entry of the diagonal is 0 to begin
 * with, and what is lost of digits costs corrections, no more. */
static void factorise_pair(newton *p, int pair)
{
    const int m = p->w->count;
    complex_lanes *a = p->matrix[pair];
    const rac_lanes re = p->h * PAIR_REAL[pair], im = p->h * PAIR_IMAGINARY[pair];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            a[i * m + j] = (complex_lanes){(i == j ? all(1) : all(0)) - re * p->jacobian[i * m + j],
                                           -(im * p->jacobian[i * m + j])};
    for (int k = 0; k < m; k++) {
        a[k * m + k] = inverse_of(a[k * m + k]);
        for (int i = k + 1; i < m; i++) {
            a[i * m + k] = product(a[i * m + k], a[k * m + k]);
            for (int j = k + 1; j < m; j++)
                a[i * m + j] = minus(a[i * m + j], product(a[i * m + k], a[k * m + j]));
        }
    }
}

static void solve_pair(newton *p, int pair)
{
    const int m = p->w->count;
    const complex_lanes *a = p->matrix[pair];
    complex_lanes x[RAC_COMPARTMENTS_MAX];
    for (int i = 0; i < m; i++) {
        x[i] = (complex_lanes){p->change[i][2 * pair], p->change[i][2 * pair + 1]};
        for (int j = 0; j < i; j++)
            x[i] = minus(x[i], product(a[i * m + j], x[j]));
    }
    for (int i = m - 1; i >= 0; i--) {
        for (int j = i + 1; j < m; j++)
            x[i] = minus(x[i], product(a[i * m + j], x[j]));
        x[i] = product(x[i], a[i * m + i]);
        p->change[i][2 * pair] = x[i].re;
        p->change[i][2 * pair + 1] = x[i].im;
    }
}

/* ---- corrections ---- */

LANE rac_lanes allowed(const newton *p, int k)
{
    return allowance(p->w, k, p->w->y[k], p->x[k][PANEL - 1]);
}

/* F(x) - f goes to `change`; the answer is its largest, over a panel's length, beside what is allowed. */
static rac_lanes leave_over(newton *p)
{
    const states_walk *w = p->w;
    rac_lanes largest = all(0);
    for (int k = 0; k < w->count; k++) {
        rac_lanes most = all(0);
        for (int i = 0; i < PANEL; i++) {
            p->change[k][i] = (w->frame[w->e->rate[k] * PANEL + i] + w->input[k]) - p->f[k][i];
            most = larger(most, absolute(p->change[k][i]));
        }
        largest = larger(largest, p->h * most / allowed(p, k));
    }
    return largest;
}

/* What was left over becomes a correction of f, split into pairs; the answer is a bound of what it does to a
 * state: half of the length times the largest, since rows of PANEL_JOIN_INTEGRAL sum to 0.46 at most. */
static rac_lanes solve_corrections(newton *p)
{
    for (int k = 0; k < p->w->count; k++)
        across_nodes(PANEL_SPLIT, p->change[k], p->change[k]);
    for (int pair = 0; pair < PAIRS; pair++)
        solve_pair(p, pair);
    rac_lanes bound = all(0);
    for (int k = 0; k < p->w->count; k++) {
        rac_lanes most = all(0);
        for (int i = 0; i < PANEL; i++)
            most = larger(most, absolute(p->change[k][i]));
        bound = larger(bound, 0.5 * p->h * most / allowed(p, k));
    }
    return bound;
}

/* Corrects f and x of lanes that are going; the answer is the largest correction beside what is allowed,
 * INFINITY for one that is not finite. */
static rac_lanes correct(newton *p)
{
    rac_lanes largest = all(0);
    for (int k = 0; k < p->w->count; k++) {
        rac_lanes of_f[PANEL], of_x[PANEL], most = all(0);
        for (int i = 0; i < PANEL; i++)
            p->change[k][i] = select(p->going, p->change[k][i], all(0));
        across_nodes(PANEL_JOIN, p->change[k], of_f);
        across_nodes(PANEL_JOIN_INTEGRAL, p->change[k], of_x);
        for (int i = 0; i < PANEL; i++) {
            p->f[k][i] += of_f[i];
            p->x[k][i] += p->h * of_x[i];
            most = select(absolute(of_x[i]) <= most, most, absolute(of_x[i]));
        }
        const rac_lanes part = p->h * most / allowed(p, k);
        largest = select(part == part, larger(largest, part), all(INFINITY));
    }
    return largest;
}

/* All corrections of a panel; the answer is the factor by which the last ones shrank. */
static rac_lanes correct_all(newton *p)
{
    rac_lanes size = all(0), factor = all(0);
    for (int round = 0; any(p->going); round++) {
        find_rates(p);
        const rac_lanes over = leave_over(p);
        const rac_lane_mask bent = round ? p->going & (over > 1e-6 * size) : ~(rac_lane_mask){0};
        if (round < 2 && any(bent)) { /* after the first correction, what is not rounding is not linear */
            linearise(p, bent);
            for (int pair = 0; pair < PAIRS; pair++)
                factorise_pair(p, pair);
        }
        const rac_lanes bound = solve_corrections(p);
        if (round)
            p->going &= ~(bound <= LEFT_OF_CORRECTIONS);
        if (!any(p->going))
            break;
        const rac_lanes before = size;
        size = correct(p);
        p->lost |= p->going & ~(size < all(INFINITY));
        if (round) {
            const rac_lanes now = size / before;
            rac_lanes last = size; /* what the last correction would be */
            for (int i = round; i < CORRECTIONS_MAX; i++)
                last *= now;
            factor = select(p->going, now, factor);
            p->going &= ~((now < 1.0) & (size * now <= LEFT_OF_CORRECTIONS * (1.0 - now)));
            if (round > 1)
                p->lost |= p->going & ~((now < 1.0) & (last <= LEFT_OF_CORRECTIONS));
        }
        p->going &= ~p->lost;
        if (round == CORRECTIONS_MAX)
            p->lost |= p->going, p->going &= ~p->lost;
    }
    return factor;
}

/* ---- the panel ---- */

/* In lanes that are held, what is below 0 by less than its error ends at 0. */
static void end_held(newton *p, rac_lanes *after)
{
    for (int k = 0; k < p->w->count; k++) {
        const rac_lane_mask from_above = p->held & (p->w->y[k] >= 0.0);
        rac_lanes least = p->x[k][0];
        for (int i = 1; i < PANEL; i++)
            least = smaller(least, p->x[k][i]);
        p->lost |= from_above & (least < -allowed(p, k));
        after[k] = select(from_above, larger(after[k], all(0)), after[k]);
    }
}

/* All states over a panel of length h, for the lanes `active`, with the drivers in the frame: dx/dt at the
 * nodes goes to `f`, what the states end with to `after`.  The answer is INFINITY for a lane without; up to 1
 * where corrections shrink slowly, which asks for a shorter panel as an error would (see next_length). */
static rac_lanes panel_of_group(states_walk *w, rac_lanes h, rac_lane_mask active,
                                rac_lanes f[RAC_COMPARTMENTS_MAX][PANEL], rac_lanes *after)
{
    newton p;
    p.w = w;
    p.h = h;
    p.f = f;
    p.jacobian = w->systems;
    for (int pair = 0; pair < PAIRS; pair++)
        p.matrix[pair] = (complex_lanes *)(w->systems + (1 + 2 * pair) * w->count * w->count);
    p.going = active;
    p.lost = p.held = (rac_lane_mask){0};
    for (int k = 0; k < w->count; k++)
        for (int i = 0; i < PANEL; i++) {
            f[k][i] = all(0);
            p.x[k][i] = w->y[k];
        }
    run_nodes(&w->e->together[RAC_LEVEL_DRIVEN], w->frame, PANEL, PANEL);
    const rac_lanes slow = correct_all(&p) * (1 / GOOD_FACTOR), squared = slow * slow,
                    fourth = squared * squared;
    for (int k = 0; k < w->count; k++)
        after[k] = p.x[k][PANEL - 1];
    if (any(p.held))
        end_held(&p, after);
    return select(p.lost, all(INFINITY), smaller(fourth * fourth * slow, all(1)));
}
