/* pharma/forcing_inline.h: the exact linear amounts at any time between two breaks, each lane at a time of
 * its own. Included inside a kernel.
 *
 *   modes     z(s) = z exp(lambda s) + (exp(lambda s) - 1) / lambda  W u,   x = V z
 *   scaling   exp of the matrix widened by one column, u, at each time asked for: slower by far, and only for
 * lanes whose modes are too close
 */

/* Times looked at together. */
enum { NODES_MAX = 8 };

typedef struct forcing {
    const rac_states *s;
    const rac_linear *shape;
    bool scaled;
    bool driven; /* something flows in, in some lane */
    rac_lanes *flow_per_h, *a, *scratch;
    modes m;
    rac_lane_mask ill;                    /* lanes that need scaling, in any epoch */
    rac_lanes x[RAC_COMPARTMENTS_MAX];    /* scaling: by position, at the last break */
    rac_lanes z[RAC_COMPARTMENTS_MAX];    /* modes: the same */
    rac_lanes u[RAC_COMPARTMENTS_MAX];    /* by position: input, mg/h */
    rac_lanes push[RAC_COMPARTMENTS_MAX]; /* modes: W u */
    rac_lanes gain[RAC_COMPARTMENTS_MAX],
        drift[RAC_COMPARTMENTS_MAX];            /* modes: W u / lambda, W u where it is 0 */
    rac_lanes *wide, *wide_e, *wide_f, *wide_t; /* scaling: (n + 1) x (n + 1) */
    bool wide_shape[WIDE * WIDE];
} forcing;

static void forcing_start(forcing *f, int epoch)
{
    const int n = f->shape->n, *where = f->s->equations->amount;
    for (int a = 0; a < f->s->amounts; a++)
        if (where[a] >= 0 && where[a] < n)
            f->x[f->shape->position[where[a]]] = f->s->starts[epoch * f->s->amounts + a];
    for (int k = 0; k < n && !f->scaled; k++) {
        f->z[k] = all(0);
        for (int i = 0; i < n; i++)
            if (f->shape->reach[k][i])
                f->z[k] += AT(f->m.w, k, i) * f->x[i];
    }
}

/* Parameters change; amounts stay. */
static void forcing_epoch(forcing *f, int epoch)
{
    const int n = f->shape->n;
    for (int i = 0; i < f->shape->flow_count; i++)
        f->flow_per_h[i] = f->s->flow_per_h[epoch * f->s->flows + f->s->equations->flow[i]];
    build_matrix(f->shape, f->flow_per_h, f->a);
    if (!f->scaled) {
        for (int i = 0; i < n && epoch; i++) {
            f->x[i] = all(0);
            for (int k = 0; k < n; k++)
                if (f->shape->reach[i][k])
                    f->x[i] += AT(f->m.v, i, k) * f->z[k];
        }
        find_modes(f->shape, f->a, f->scratch, &f->m);
        f->ill |= f->m.ill | unusual_modes(f->shape, &f->m);
        for (int k = 0; k < n && epoch; k++) {
            f->z[k] = all(0);
            for (int i = 0; i < n; i++)
                if (f->shape->reach[k][i])
                    f->z[k] += AT(f->m.w, k, i) * f->x[i];
        }
    }
    if (!epoch)
        forcing_start(f, 0);
}

static void forcing_bolus(forcing *f, int compartment, rac_lanes amount)
{
    const int at = f->shape->position[compartment], n = f->shape->n;
    f->x[at] += amount;
    for (int k = 0; k < n && !f->scaled; k++)
        if (f->shape->reach[k][at])
            f->z[k] += AT(f->m.w, k, at) * amount;
}

/* A span of constant input begins; u is set. */
static void forcing_begin(forcing *f)
{
    const int n = f->shape->n, width = n + 1;
    if (f->scaled) {
        for (int i = 0; i < width; i++)
            for (int j = 0; j < width; j++) {
                WIDE_AT(f->wide, i, j) = i < n ? (j < n ? AT(f->a, i, j) : f->u[i]) : all(0);
                f->wide_shape[i * WIDE + j] = i < n && j < n ? f->shape->reach[i][j] : j == n;
            }
        return;
    }
    rac_lane_mask pushed = {0};
    for (int k = 0; k < n; k++) {
        f->push[k] = all(0);
        for (int i = 0; i < n; i++)
            if (f->shape->reach[k][i])
                f->push[k] += AT(f->m.w, k, i) * f->u[i];
        pushed |= f->push[k] != 0.0;
        const rac_lane_mask still = f->m.lambda[k] == 0.0;
        f->gain[k] = select(still, all(0), f->push[k] / select(still, all(1), f->m.lambda[k]));
        f->drift[k] = select(still, f->push[k], all(0));
    }
    f->driven = any(pushed);
}

/* All amounts by position, by scaling. */
static void scaled_after(forcing *f, rac_lanes s, rac_lanes *x)
{
    const int n = f->shape->n, width = n + 1;
    exponentiate(width, f->wide_shape, f->wide, s, f->wide_e, f->wide_f, f->wide_t);
    for (int i = 0; i < n; i++) {
        x[i] = WIDE_AT(f->wide_e, i, n);
        for (int j = 0; j < n; j++)
            if (f->shape->reach[i][j])
                x[i] += WIDE_AT(f->wide_e, i, j) * f->x[j];
    }
}

/* What makes the modes at `nodes` times after the break, a number known to the compiler, of those at the
 * break: of mode k at time j a factor, factors[2 k nodes + j], and what flowed in, `nodes` further. */
LANE void find_factors(const forcing *f, const rac_lanes *times, const int nodes, rac_lanes *factors)
{
    for (int k = 0; k < f->shape->n; k++) {
        rac_lanes rise[NODES_MAX], *decay = &factors[2 * k * nodes], *flowed = decay + nodes;
        const rac_lanes pace = f->m.lambda[k] * 0x1.71547652b82fep0; /* exp(x) is 2^(x / ln 2) */
        for (int j = 0; j < nodes; j++)
            decay[j] = pace * times[j];
        powers_of_two(nodes, decay, f->driven ? rise : NULL);
        for (int j = 0; j < nodes && f->driven; j++)
            flowed[j] = f->gain[k] * rise[j] + f->drift[k] * times[j];
    }
}

/* The modes: k at time j is z[k * nodes + j]. */
LANE void modes_by_factors(const forcing *f, const rac_lanes *factors, const int nodes, rac_lanes *z)
{
    for (int k = 0; k < f->shape->n; k++) {
        const rac_lanes *decay = &factors[2 * k * nodes], *flowed = decay + nodes;
        for (int j = 0; j < nodes; j++)
            z[k * nodes + j] = f->driven ? f->z[k] * decay[j] + flowed[j] : f->z[k] * decay[j];
    }
}

LANE void modes_at(const forcing *f, const rac_lanes *times, const int nodes, rac_lanes *z)
{
    rac_lanes factors[2 * RAC_COMPARTMENTS_MAX * NODES_MAX];
    find_factors(f, times, nodes, factors);
    modes_by_factors(f, factors, nodes, z);
}

/* One driver from the modes at one time, `z` and the next mode `stride` further. */
LANE rac_lanes driver_of(const forcing *f, int at, const rac_lanes *z, int stride)
{
    rac_lanes x = all(0);
    for (int k = 0; k < f->shape->n; k++)
        if (f->shape->reach[at][k])
            x += AT(f->m.v, at, k) * z[k * stride];
    return at_least(x, f->s->floor);
}

/* The drivers from the modes at `nodes` times. */
LANE void drivers_of(const forcing *f, const rac_lanes *z, const int nodes, rac_lanes *amounts, int stride)
{
    const rac_equations *e = f->s->equations;
    for (int d = 0; d < e->driver_count; d++)
        for (int j = 0; j < nodes; j++)
            amounts[d * stride + j] =
                driver_of(f, f->shape->position[e->amount[e->drivers[d]]], &z[j], nodes);
}

/* The drivers at `nodes` times: driver d at node j goes to amounts[d * stride + j]. */
static void forcing_at(forcing *f, const rac_lanes *times, int nodes, rac_lanes *amounts, int stride)
{
    const rac_equations *e = f->s->equations;
    rac_lanes z[RAC_COMPARTMENTS_MAX * NODES_MAX];
    int j = 0;
    for (; !f->scaled && j + NODES_MAX <= nodes; j += NODES_MAX) {
        modes_at(f, &times[j], NODES_MAX, z);
        drivers_of(f, z, NODES_MAX, &amounts[j], stride);
    }
    for (; !f->scaled && j < nodes; j++) {
        modes_at(f, &times[j], 1, z);
        drivers_of(f, z, 1, &amounts[j], stride);
    }
    for (; j < nodes; j++) {
        scaled_after(f, times[j], z);
        for (int d = 0; d < e->driver_count; d++)
            amounts[d * stride + j] = at_least(z[f->shape->position[e->amount[e->drivers[d]]]], f->s->floor);
    }
}

/* The span is over after `length`. */
static void forcing_end(forcing *f, double length)
{
    rac_lanes after[RAC_COMPARTMENTS_MAX];
    const rac_lanes end = all(length);
    if (f->scaled)
        scaled_after(f, end, after);
    else
        modes_at(f, &end, 1, after);
    memcpy(f->scaled ? f->x : f->z, after, sizeof *after * (size_t)f->shape->n);
}

/* The shortest time in which the drivers can change much: 1 / the fastest mode, INFINITY where nothing moves.
 */
static rac_lanes forcing_pace(const forcing *f)
{
    rac_lanes fastest = all(0);
    rac_lane_mask moving = {0};
    for (int k = 0; k < f->shape->n; k++) {
        fastest = larger(fastest, absolute(f->scaled ? AT(f->a, k, k) : f->m.lambda[k]));
        moving |= ((f->scaled ? f->x[k] : f->z[k]) != 0.0) | (f->u[k] != 0.0);
    }
    return select(moving & (fastest > 0.0), 1.0 / select(fastest > 0.0, fastest, all(1)), all(INFINITY));
}
