/* pharma/panels_inline.h: walking a span of constant input by panels, each lane its own.  Included inside a
 * kernel, after both ways to solve one; see states.h. */

/* States that depend on each other, all together. */
static rac_lanes panel_of_all(panel *c, rac_lanes h, rac_lane_mask active)
{
    const states_walk *w = c->w;
    rac_lanes f[RAC_COMPARTMENTS_MAX][PANEL];
    rac_lanes error = panel_of_group(c->w, h, active, f, c->after);
    for (int k = 0; k < w->count; k++) {
        coefficients_of(f[k], c->slope[k]);
        const rac_lanes part = error_of_state(c, k, h);
        error = select((part > error) | (part != part), part, error);
    }
    return error;
}

/* What of a panel does not rest on what the amounts are, for all lanes: factors of the modes, and pivots. */
static void prepare_panel(const states_walk *w, const rac_lanes *times, rac_lanes h, rac_lanes *prepared)
{
    if (!w->f.scaled)
        find_factors(&w->f, times, PANEL, prepared);
    if (w->as_cascade)
        find_pivots(w, h, prepared + 2 * PANEL * w->f.shape->n);
}

static void find_drivers(states_walk *w, const rac_lanes *times, const rac_lanes *factors)
{
    const rac_equations *e = w->e;
    rac_lanes amounts[RAC_COMPARTMENTS_MAX * PANEL], z[RAC_COMPARTMENTS_MAX * PANEL];
    if (w->f.scaled) {
        forcing_at(&w->f, times, PANEL, amounts, PANEL);
    } else {
        modes_by_factors(&w->f, factors, PANEL, z);
        drivers_of(&w->f, z, PANEL, amounts, PANEL);
    }
    for (int d = 0; d < e->driver_count; d++)
        memcpy(&w->frame[(w->amount + e->drivers[d]) * PANEL], &amounts[d * PANEL], sizeof *amounts * PANEL);
}

static rac_lanes try_panel(panel *c, itinerary *plan, int attempt, rac_lane_mask active, rac_lanes t,
                           rac_lanes h)
{
    states_walk *w = c->w;
    const rac_equations *e = w->e;
    rac_lanes times[PANEL], error = all(0);
    for (int j = 0; j < PANEL; j++)
        times[j] = t + PANEL_NODE[j] * h;
    bool fresh;
    rac_lanes *prepared = place_of_panel(plan, attempt, active, t, h, &fresh);
    if (fresh)
        prepare_panel(w, times, h, prepared);
    c->pivots = prepared + 2 * PANEL * w->f.shape->n;
    if (e->driver_count)
        find_drivers(w, times, prepared);
    if (!w->as_cascade)
        return panel_of_all(c, h, active);
    for (int rank = 0; rank < w->count; rank++) {
        run_nodes(&e->cascade[RAC_LEVEL_DRIVEN + rank], w->frame, PANEL, PANEL);
        const rac_lanes part = panel_of_state(c, rank, h);
        error = select((part > error) | (part != part), part, error);
    }
    return error;
}

static void dense_of_panel(panel *c, rac_lanes h)
{
    states_walk *w = c->w;
    for (int k = 0; k < w->count; k++) {
        for (int m = 0; m <= PANEL; m++)
            w->dense[k][m] = h * integral_part(c->slope[k], m);
        w->dense[k][0] += w->y[k];
    }
}

/* How much easier a panel was than expected, as a factor on the next: states settle after a break, and what
 * was so once is taken to go on, within bounds. */
LANE rac_lanes easier(rac_lanes found, rac_lanes expected)
{
    return larger(smaller(found / expected, all(1.4)), all(0.8));
}

static void forget_itineraries(states_walk *w)
{
    for (int i = 0; i < KINDS; i++)
        w->itineraries[i].known = false;
}

/* The itinerary of a kind; one not used for longest makes room. */
static itinerary *itinerary_of(states_walk *w, int rate)
{
    for (int i = 0; i < KINDS; i++)
        if (w->itineraries[i].known && w->itineraries[i].rate == rate)
            return &w->itineraries[i];
    w->newest_itinerary = (w->newest_itinerary + 1) % KINDS;
    itinerary *found = &w->itineraries[w->newest_itinerary];
    found->known = true;
    found->rate = rate;
    for (int i = 0; i < STOPS; i++)
        found->until[i] = found->kept_start[i] = all(NAN);
    return found;
}

/* Where nothing is known of a panel's error: the next is a third of it or less. */
static const double UNKNOWN_ERROR = 2e4;

static void walk_panels(states_walk *w, int rate, double length)
{
    panel c;
    c.w = w;
    c.begun = (rac_lane_mask){0};
    for (int k = 0; k < w->count; k++)
        c.ended[k] = all(0);
    itinerary *plan = itinerary_of(w, rate);
    rac_lanes t = all(0), h = smaller(forcing_pace(&w->f) * 2.0, all(length)), expected = all(1);
    rac_lane_mask active = w->alive, rejected = {0}, known = {0};
    rac_lane_mask planned = active & has_plan(plan, 0), searched = active & ~planned;
    for (int attempt = 0; any(active); attempt++) {
        const rac_lanes left = length - t;
        if (any(planned))
            h = select(planned, plan->until[attempt] - t, h);
        const rac_lane_mask last = select(rejected | planned, h, h * 1.2) >= left;
        h = select(active, select(last, left, h), all(length));
        const rac_lanes error = try_panel(&c, plan, attempt, active, t, h);
        const rac_lane_mask good = accepted(w, active, error, h, length);
        const rac_lanes until = select(last, all(length), t + h);
        if (any(waiting(w, good, until))) {
            dense_of_panel(&c, h);
            write_times(w, good, until, t, h);
        }
        take_step(w, good, c.after);
        for (int k = 0; k < w->count; k++)
            c.ended[k] = select(good, slope_at_end(c.slope[k]), c.ended[k]);
        c.begun |= good;
        for (int i = 0; i < RAC_LANES; i++)
            w->s->steps += active[i] ? 1 : 0;
        note_panel(plan, attempt, good, t, h, error);
        const rac_lane_mask before = rejected;
        rejected = active & ~good;
        t = select(good, until, t);
        active &= ~(good & last);
        planned &= good & active & has_plan(plan, attempt + 1);
        searched |= active & ~planned;
        if (any(active & ~planned)) {
            const rac_lanes told = select(error < all(INFINITY), error, all(UNKNOWN_ERROR));
            const rac_lanes found = h * next_length(told);
            const rac_lanes next = select(good & known, found * easier(found, expected), found);
            h = select(good, select(before, smaller(found, h), next), found * 0.75);
            expected = found;
        }
        known = good & ~planned;
        const rac_lane_mask stuck = rejected & (h < all(length * 0x1p-50));
        w->alive &= ~stuck;
        active &= ~stuck;
        if (attempt + 1 == RAC_ATTEMPTS_MAX) {
            w->alive &= ~active;
            break;
        }
    }
    if (any(searched))
        lay_out(plan, searched & w->alive, length);
}
