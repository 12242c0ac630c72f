/* Kaplan-Meier curves, what is read off them, and restricted means. */
#include <float.h>

#include "racemate/stats/distributions.h"
#include "stats/moments.h"
#include "stats/times.h"

/* ---- one curve ----------------------------------------------------------------------------------- */

/* Sums over the rows still at risk that the infinitesimal jackknife needs, and the part of those gone: the
 * influence of a row at risk since hazard c0 is c - c0, with c the running sum of d / (n (n - d)). */
typedef struct jackknife {
    double squares, first, second; /* sums of w^2, w^2 c0, w^2 c0^2 over rows at risk */
    double settled;                /* sum of (w influence)^2 over rows that left */
} jackknife;

static void jackknife_leave(jackknife *j, double weight, double c0, double influence)
{
    const double w2 = weight * weight;
    j->squares -= w2;
    j->first -= w2 * c0;
    j->second -= w2 * c0 * c0;
    j->settled += w2 * influence * influence;
}

static double jackknife_variance(const jackknife *j, double c)
{
    return fmax(0, j->settled + c * c * j->squares - 2 * c * j->first + j->second);
}

/* The rows of one group, upwards in time, as indices into the prepared columns. */
typedef struct members {
    size_t n;
    const uint32_t *at;
    const uint32_t *by_start; /* NULL without starts */
} members;

static members members_of(rac_arena *arena, const stats_times *t, int group)
{
    uint32_t *const at = rac_many(arena, uint32_t, t->n), *by_start = NULL;
    members m = {.at = at};
    for (size_t i = 0; i < t->n; i++)
        if (!t->group || t->group[i] == group)
            at[m.n++] = (uint32_t)i;
    if (t->start) {
        const uint32_t *const order = stats_start_order(arena, t, 0, t->n);
        by_start = rac_many(arena, uint32_t, m.n);
        for (size_t i = 0, to = 0; i < t->n; i++)
            if (!t->group || t->group[order[i]] == group)
                by_start[to++] = order[i];
    }
    m.by_start = by_start;
    return m;
}

static void fill_risk(const stats_times *t, const members *m, rac_survival_curve *curve)
{
    double late = 0, not_yet = 0; /* weights with time >= this one, and with start >= it */
    size_t row = m->n, start = m->n;
    for (size_t k = curve->count; k-- > 0;) {
        rac_survival_point *const p = &curve->points[k];
        for (; row > 0 && t->time[m->at[row - 1]] == p->time; row--) {
            const uint32_t i = m->at[row - 1];
            const double w = stats_weight(t, i);
            *(t->event[i] ? &p->events : &p->censored) += w;
            late += w;
        }
        for (; m->by_start && start > 0 && t->start[m->by_start[start - 1]] >= p->time; start--)
            not_yet += stats_weight(t, m->by_start[start - 1]);
        p->at_risk = late - not_yet;
        curve->events += p->events;
    }
}

/* survival and std_err of ln S (put in std_err until the limits are made). */
static void fill_greenwood(rac_survival_curve *curve)
{
    double survival = 1, variance = 0;
    for (size_t k = 0; k < curve->count; k++) {
        rac_survival_point *const p = &curve->points[k];
        double left = p->at_risk - p->events;
        if (left < 1e-12 * p->at_risk) /* all gone: what is left is rounding of the weights */
            left = 0;
        if (p->events > 0) {
            survival *= left / p->at_risk;
            variance += p->events / (p->at_risk * left);
        }
        p->survival = survival;
        p->std_err = sqrt(variance);
    }
}

static void fill_jackknife(rac_arena *arena, const stats_times *t, const members *m,
                           rac_survival_curve *curve)
{
    jackknife j = {0};
    double *const c0 = rac_many(arena, double, t->n);
    double c = 0;
    size_t row = 0, entered = 0;
    for (size_t k = 0; k < curve->count; k++) {
        rac_survival_point *const p = &curve->points[k];
        for (; entered < m->n; entered++) {
            const uint32_t i = m->by_start ? m->by_start[entered] : m->at[entered];
            const double w2 = stats_weight(t, i) * stats_weight(t, i);
            if (t->start && t->start[i] >= p->time)
                break;
            c0[i] = c;
            j.squares += w2;
            j.first += w2 * c;
            j.second += w2 * c * c;
        }
        const double left = p->at_risk - p->events, before = c;
        c += p->events > 0 ? p->events / (p->at_risk * left) : 0;
        for (; row < m->n && t->time[m->at[row]] == p->time; row++) {
            const uint32_t i = m->at[row];
            /* a death also lowers ln S by 1 / (n - d) per unit of weight */
            const double influence = c - c0[i] - (t->event[i] ? 1 / left : 0);
            jackknife_leave(&j, stats_weight(t, i), c0[i], influence);
        }
        p->std_err = p->survival > 0 ? sqrt(jackknife_variance(&j, c)) : INFINITY;
        c = isfinite(c) ? c : before;
    }
}

/* Limits from S and the error of ln S; then std_err becomes that of S. */
static void fill_limits(rac_survival_curve *curve)
{
    const double z = rac_normal_critical(curve->level);
    for (size_t k = 0; k < curve->count; k++) {
        rac_survival_point *const p = &curve->points[k];
        const double s = p->survival, error = p->std_err;
        p->lower = p->upper = RAC_NOT_ESTIMABLE;
        p->std_err = s > 0 ? s * error : RAC_NOT_ESTIMABLE;
        if (s <= 0)
            continue;
        if (curve->interval == RAC_SURVIVAL_PLAIN) {
            p->lower = fmax(0, s - z * s * error);
            p->upper = fmin(1, s + z * s * error);
        } else if (curve->interval == RAC_SURVIVAL_LOG) {
            p->lower = s * exp(-z * error);
            p->upper = fmin(1, s * exp(z * error));
        } else if (s < 1) {
            const double centre = log(-log(s)), half = z * error / -log(s);
            p->lower = exp(-exp(centre + half));
            p->upper = exp(-exp(centre - half));
        }
    }
}

static void make_curve(rac_arena *arena, const stats_times *t, const members *m, bool robust,
                       rac_survival_curve *curve)
{
    curve->n = m->n;
    for (size_t i = 0; i < m->n; i++)
        curve->count += i == 0 || t->time[m->at[i]] != t->time[m->at[i - 1]];
    curve->points = rac_many(arena, rac_survival_point, curve->count);
    for (size_t i = 0, k = 0; i < m->n; i++)
        if (i == 0 || t->time[m->at[i]] != t->time[m->at[i - 1]])
            curve->points[k++].time = t->time[m->at[i]];
    fill_risk(t, m, curve);
    fill_greenwood(curve);
    if (robust)
        fill_jackknife(arena, t, m, curve);
    fill_limits(curve);
    curve->notes |= m->n == 0 ? RAC_NOTE_EMPTY_GROUP : curve->events == 0 ? RAC_NOTE_NO_EVENTS : 0;
}

rac_status rac_kaplan_meier(rac_arena *arena, const rac_survival_data *data,
                            const rac_survival_options *options, rac_survival_curve **curves, rac_error *err)
{
    static const rac_survival_options DEFAULTS = {0};
    const rac_survival_options *const o = options ? options : &DEFAULTS;
    const double level = o->level != 0 ? o->level : 0.95;
    const int groups = data->group ? data->groups : 1;
    stats_times t;
    rac_status status = stats_check_level(level, err);
    if (status == RAC_OK && groups < 1)
        status = rac_fail(err, RAC_INVALID, "%d groups", groups);
    if (status == RAC_OK)
        status = stats_times_prepare(arena, data, NULL, true, false, &t, err);
    if (status != RAC_OK)
        return status;
    *curves = rac_many(arena, rac_survival_curve, (size_t)groups);
    for (int g = 0; g < groups; g++) {
        rac_survival_curve *const curve = &(*curves)[g];
        const members m = members_of(arena, &t, g);
        *curve = (rac_survival_curve){.missing = t.missing,
                                      .interval = o->interval,
                                      .level = level,
                                      .notes = t.missing > 0 ? RAC_NOTE_MISSING : 0};
        make_curve(arena, &t, &m, o->robust, curve);
    }
    return RAC_OK;
}

/* ---- read off ------------------------------------------------------------------------------------- */

rac_survival_at rac_survival_at_time(const rac_survival_curve *curve, double time)
{
    rac_survival_at at = {0, 1, 1, 1};
    size_t k = 0;
    for (; k < curve->count && curve->points[k].time <= time; k++)
        at = (rac_survival_at){0, curve->points[k].survival, curve->points[k].lower, curve->points[k].upper};
    if (k > 0 && curve->points[k - 1].time == time)
        at.at_risk = curve->points[k - 1].at_risk;
    else if (k < curve->count)
        at.at_risk = curve->points[k].at_risk;
    return at;
}

typedef struct step {
    double time, risen; /* 1 - S or 1 - limit */
} step;

/* The first of the sorted, distinct steps that has risen to `target`, or `count`. */
static size_t first_reaching(const step *steps, size_t count, double target)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (steps[middle].risen >= target)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* `value` picks survival, lower or upper out of a point.  The steps are put in order of height: for the
 * curve itself that is the order of time. */
static double crossing(rac_arena *arena, const rac_survival_curve *curve, double p,
                       double (*value)(const rac_survival_point *))
{
    const double tolerance = sqrt(DBL_EPSILON);
    step *const steps = rac_many(arena, step, curve->count + 1);
    size_t n = 1; /* the first is time 0, nothing risen */
    double last = 0;
    for (size_t k = 0; k < curve->count; k++) {
        const step here = {curve->points[k].time, 1 - value(&curve->points[k])};
        last = here.risen;
        if (isnan(here.risen) || curve->points[k].events == 0) /* at a censoring the curve stays */
            continue;
        size_t at = n;
        while (at > 0 && steps[at - 1].risen > here.risen)
            at--;
        if (at > 0 && steps[at - 1].risen == here.risen)
            continue;
        for (size_t i = n++; i > at; i--)
            steps[i] = steps[i - 1];
        steps[at] = here;
    }
    const size_t low = first_reaching(steps, n, p - tolerance),
                 high = first_reaching(steps, n, p + tolerance);
    if (low == n)
        return RAC_NOT_ESTIMABLE;
    if (fabs(last - p) < tolerance) /* flat to the end of the curve */
        return (steps[low].time + curve->points[curve->count - 1].time) / 2;
    return high < n ? (steps[low].time + steps[high].time) / 2 : RAC_NOT_ESTIMABLE;
}

static double survival_of(const rac_survival_point *p)
{
    return p->survival;
}

static double lower_of(const rac_survival_point *p)
{
    return p->lower;
}

static double upper_of(const rac_survival_point *p)
{
    return p->upper;
}

rac_status rac_survival_quantile_of(rac_arena *arena, const rac_survival_curve *curve, double probability,
                                    rac_survival_quantile *out, rac_error *err)
{
    if (!(probability > 0 && probability < 1))
        return rac_fail(err, RAC_INVALID, "the quantile's probability is %g, it must lie between 0 and 1",
                        probability);
    out->time = crossing(arena, curve, probability, survival_of);
    out->interval.lower = crossing(arena, curve, probability, lower_of);
    out->interval.upper = crossing(arena, curve, probability, upper_of);
    out->notes = rac_is_estimable(out->time) ? 0 : RAC_NOTE_NOT_REACHED;
    return RAC_OK;
}

/* ---- restricted mean ------------------------------------------------------------------------------- */

/* Var = sum over events of (area right of the event)^2 d / (n (n - d)). */
rac_status rac_restricted_mean_of(const rac_survival_curve *curve, double tau, rac_restricted_mean *out,
                                  rac_error *err)
{
    if (!(tau > 0 && isfinite(tau)))
        return rac_fail(err, RAC_INVALID, "the horizon is %g, it must be above 0", tau);
    const double none = RAC_NOT_ESTIMABLE;
    *out = (rac_restricted_mean){tau, none, none, {none, none}, 0};
    if (curve->n == 0) {
        out->notes = RAC_NOTE_EMPTY_GROUP;
        return RAC_OK;
    }
    size_t used = 0;
    while (used < curve->count && curve->points[used].time <= tau)
        used++;
    double area = 0, variance = 0, end = tau;
    for (size_t k = used; k-- > 0;) {
        const rac_survival_point *const p = &curve->points[k];
        area += p->survival * (end - p->time);
        end = p->time;
        const double left = p->at_risk - p->events;
        if (p->events > 0 && left > 1e-12 * p->at_risk)
            variance += area * area * p->events / (p->at_risk * left);
    }
    const double z = rac_normal_critical(curve->level);
    out->mean = area + end;
    out->se = sqrt(variance);
    out->interval = (rac_interval){out->mean - z * out->se, out->mean + z * out->se};
    const rac_survival_point *const last = &curve->points[curve->count - 1];
    out->notes = tau > last->time && last->survival > 0 ? RAC_NOTE_BEYOND : 0;
    return RAC_OK;
}

rac_restricted_difference rac_restricted_mean_difference(const rac_restricted_mean *first,
                                                         const rac_restricted_mean *second, double level)
{
    const double difference = first->mean - second->mean, se = hypot(first->se, second->se);
    const double half = rac_normal_critical(level) * se;
    const double p = se > 0 ? rac_normal_two_sided(difference / se) : RAC_NOT_ESTIMABLE;
    return (rac_restricted_difference){difference, se, p, {difference - half, difference + half}};
}
