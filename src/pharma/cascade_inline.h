/* pharma/cascade_inline.h: a panel of states that are linear in themselves, one after another.  Included
 * inside a kernel; see states.h.
 *
 *     dx/dt = a(t) + b(t) x,   a and b known at the nodes once the states before x are
 *
 * Collocation at eight Radau points: f = dx/dt is a polynomial through its values at the nodes, which satisfy
 *
 *     (1 - h b S) f = a + b x0,   S the integrals to the nodes, x = x0 + h S f
 *
 * an 8 x 8 system for each state, whatever its speed (radau.h).  Where b is the same at all nodes, as a rate
 * constant is, Legendre coefficients of f satisfy a system with three diagonals instead, for the integral of
 * P_k is a difference of its neighbours (Hairer and Wanner 1996, IV.5, the W transformation).
 */

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

/* A state that grows is followed by less than a factor e at a time. */
static const double GROWTH_MAX = 1;

/* How 1 - z X is eliminated, z = h b the same at all nodes, for every state side by side, since the divisions
 * wait for each other: of state `rank` and row m, what row m - 1 gives, the pivot's inverse, and what row m +
 * 1 gives in going back. */
static void find_pivots(const states_walk *w, rac_lanes h, rac_lanes *pivots)
{
    const rac_equations *e = w->e;
    rac_lanes z[RAC_COMPARTMENTS_MAX], inverse[RAC_COMPARTMENTS_MAX];
    for (int m = 0; m < PANEL; m++)
        for (int rank = 0; rank < e->count; rank++) {
            rac_lanes *to = &pivots[(rank * PANEL + m) * PIVOT], own = all(1), given = all(0);
            if (!m) {
                const int at = e->affine[rank].coefficient;
                z[rank] = e->steady[rank] && at >= 0 ? h * w->frame[at * PANEL] : all(0);
                own = 1.0 - z[rank] * 0.5;
            } else {
                given = z[rank] * PANEL_SHARE[m - 1] * inverse[rank];
                own = m == PANEL - 1 ? 1.0 - z[rank] * PANEL_SHARE[m] : own;
                own += given * (z[rank] * PANEL_SHARE[m]);
            }
            inverse[rank] = 1.0 / own;
            to[0] = given;
            to[1] = inverse[rank];
            to[2] = m + 1 < PANEL ? z[rank] * PANEL_SHARE[m + 1] * inverse[rank] : all(0);
        }
}

/* (1 - z X) slope = slope. */
LANE void solve_steady(const rac_lanes *pivots, rac_lanes *slope)
{
    for (int m = 1; m < PANEL; m++)
        slope[m] += pivots[m * PIVOT] * slope[m - 1];
    slope[PANEL - 1] *= pivots[(PANEL - 1) * PIVOT + 1];
    for (int m = PANEL - 2; m >= 0; m--)
        slope[m] = slope[m] * pivots[m * PIVOT + 1] - pivots[m * PIVOT + 2] * slope[m + 1];
}

/* The same where b differs from node to node: (1 - h b S) f = f, f at the nodes. */
static void solve_moving(const rac_lanes *b, rac_lanes h, rac_lanes *f)
{
    rac_lanes matrix[PANEL][PANEL];
    for (int i = 0; i < PANEL; i++) {
        const rac_lanes hb = h * b[i];
        for (int j = 0; j < PANEL; j++)
            matrix[i][j] = (i == j ? all(1) : all(0)) - hb * PANEL_INTEGRAL[i][j];
    }
    solve_panel(matrix, f);
}

/* One state over a panel of length h, whose place in the order is `rank`; its values go to the frame. */
static rac_lanes panel_of_state(panel *c, int rank, rac_lanes h)
{
    states_walk *w = c->w;
    const rac_equations *e = w->e;
    const int k = e->order[rank];
    const rac_affine at = e->affine[rank];
    rac_lanes f[PANEL], *slope = c->slope[k];
    const rac_lanes *b = at.coefficient >= 0 ? &w->frame[at.coefficient * PANEL] : NULL;
    const bool steady = e->steady[rank];
    for (int i = 0; i < PANEL; i++) {
        f[i] = (at.constant >= 0 ? w->frame[at.constant * PANEL + i] : all(0)) + w->input[k];
        if (b)
            f[i] += b[i] * w->y[k];
    }
    if (b && !steady)
        solve_moving(b, h, f);
    coefficients_of(f, slope);
    if (b && steady)
        solve_steady(&c->pivots[rank * PANEL * PIVOT], slope);
    c->after[k] = w->y[k] + h * slope[0];
    rac_lanes error = error_of_state(c, k, h);
    if (b && steady)
        error = select(h * b[0] > GROWTH_MAX, all(INFINITY), error);
    if (!e->feeds[rank])
        return error;
    rac_lanes part[PANEL], *x = &w->frame[(w->state + k) * PANEL];
    for (int m = 0; m < PANEL; m++)
        part[m] = h * integral_part(slope, m);
    part[0] += w->y[k];
    part[PANEL - 1] += h * integral_part(slope, PANEL);
    for (int j = 0; j < PANEL; j++) {
        x[j] = all(0);
        for (int m = 0; m < PANEL; m++)
            x[j] += PANEL_LEGENDRE[m][j] * part[m];
    }
    return error;
}
