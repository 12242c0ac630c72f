/* pharma/itinerary_inline.h: panels found once and walked again at the next dose.  Included inside a kernel.
 *
 * Doses repeat, and with them the spans between breaks: same inputs, same parameters, states little changed.
 * In the first span of a kind a subject's panels are found one after another, each from the error of the one
 * before, which always lags.  Then they are laid out anew, by how far each could have reached, and the next
 * span of the kind follows that plan: no search, few panels thrown away.  A panel whose error is too large
 * after all ends the plan of that lane for the span, and it is laid out anew at the end.
 *
 * Panels that repeat have the same exponentials and pivots; they are kept, and serve again while every lane
 * repeats its own: the same numbers for less work.  Everything else here belongs to a lane alone.
 */
#include "pharma/radau.h"

enum { KINDS = 3, STOPS = 32, PIVOT = 3 };

/* Lanes prepared for a panel: a factor and what flowed in, by amount and node; pivots by state and node. */
#define PREPARED(amounts, states) ((size_t)PANEL * (2 * (size_t)(amounts) + PIVOT * (size_t)(states)))

/* A planned panel is this part of what could be reached: room for states that change from dose to dose. */
static const double REACH_SHARE = 0.8; /* 0.8^9 = 0.13 */

/* What could be reached is believed up to this multiple of what was tried: coefficients can be small by
 * chance. */
static const double REACH_MOST = 1.2;

typedef struct itinerary {
    bool known;
    int rate;               /* the kind: what flows in */
    rac_lanes until[STOPS]; /* the plan: where each panel ends, h after the break; NaN for none */
    rac_lanes start[STOPS], length[STOPS], error[STOPS]; /* the last span by attempt: NaN if not taken */
    int attempts; /* of the last span, at most STOPS; more than that are no plan */
    bool complete;
    rac_lanes *kept; /* (STOPS + 1) x size: what was prepared, by attempt; the last place for those after */
    size_t size;     /* PREPARED */
    rac_lanes kept_start[STOPS], kept_length[STOPS]; /* what it is of */
} itinerary;

/* Lanes that know where panel `stop` ends. */
LANE rac_lane_mask has_plan(const itinerary *plan, int stop)
{
    return stop < STOPS ? plan->until[stop] == plan->until[stop] : (rac_lane_mask){0};
}

LANE void note_panel(itinerary *plan, int attempt, rac_lane_mask good, rac_lanes t, rac_lanes h,
                     rac_lanes error)
{
    plan->complete = attempt < STOPS;
    if (!plan->complete)
        return;
    plan->attempts = attempt + 1;
    plan->start[attempt] = select(good, t, all(NAN));
    plan->length[attempt] = h;
    plan->error[attempt] = error;
}

/* Lays out one lane: each panel reaches its share of what the panels noted say of its beginning. */
static void lay_out_lane(itinerary *plan, int lane, const rac_lanes *reach, double length)
{
    double from[STOPS], far[STOPS], at = 0;
    int count = 0, sample = 0;
    for (int i = 0; i < plan->attempts; i++)
        if (plan->start[i][lane] == plan->start[i][lane]) {
            from[count] = plan->start[i][lane];
            far[count++] = reach[i][lane];
        }
    for (int stop = 0; stop < STOPS; stop++)
        plan->until[stop][lane] = NAN;
    for (int stop = 0; stop < STOPS && count && at < length; stop++) {
        while (sample + 1 < count && from[sample + 1] <= at)
            sample++;
        double here = far[sample];
        if (sample + 1 < count)
            here += (far[sample + 1] - here) * ((at - from[sample]) / (from[sample + 1] - from[sample]));
        at += REACH_SHARE * here;
        plan->until[stop][lane] = at; /* the last one beyond the end: a longer span goes on from there */
    }
    if (at < length) /* too many panels to plan, or none noted */
        plan->until[0][lane] = NAN;
}

static void lay_out(itinerary *plan, rac_lane_mask lanes, double length)
{
    rac_lanes reach[STOPS], unused;
    for (int i = 0; i < plan->attempts; i++) {
        const rac_lanes error = larger(plan->error[i], all(1e-30));
        reach[i] = plan->length[i] *
                   smaller(exponential(logarithm(error) * (-1.0 / (PANEL + 1)), &unused), all(REACH_MOST));
    }
    for (int lane = 0; lane < RAC_LANES; lane++)
        if (lanes[lane] && plan->complete)
            lay_out_lane(plan, lane, reach, length);
        else if (lanes[lane])
            plan->until[0][lane] = NAN;
}

/* Where what is prepared for a panel belongs; fresh unless it stands there, for all lanes repeat their panel.
 */
static rac_lanes *place_of_panel(itinerary *plan, int attempt, rac_lane_mask active, rac_lanes t, rac_lanes h,
                                 bool *fresh)
{
    const int at = attempt < STOPS ? attempt : STOPS;
    *fresh = at == STOPS || any(active & ((plan->kept_start[at] != t) | (plan->kept_length[at] != h)));
    if (*fresh && at < STOPS) {
        plan->kept_start[at] = select(active, t, all(NAN));
        plan->kept_length[at] = h;
    }
    return plan->kept + (size_t)at * plan->size;
}
