#include "racemate/stats/rates.h"

#include "racemate/stats/distributions.h"
#include "stats/moments.h"

static rac_status check_rate(double events, double exposure, rac_error *err)
{
    if (!(events >= 0 && events <= 1e9 && events == floor(events)))
        return rac_fail(err, RAC_INVALID, "%g is not a count of events", events);
    if (!(exposure > 0 && isfinite(exposure)))
        return rac_fail(err, RAC_INVALID, "the exposure is %g, it must be above 0", exposure);
    return RAC_OK;
}

rac_status rac_rate_of(double events, double exposure, double level, rac_rate *out, rac_error *err)
{
    if (check_rate(events, exposure, err) != RAC_OK || stats_check_level(level, err) != RAC_OK)
        return RAC_INVALID;
    const double tail = (1 - level) / 2;
    out->rate = events / exposure;
    out->interval.lower = events > 0 ? rac_gamma_quantile(tail, events) / exposure : 0;
    out->interval.upper = rac_gamma_quantile(1 - tail, events + 1) / exposure;
    return RAC_OK;
}

/* P of all outcomes of a binomial no likelier than k.  Outcomes are likeliest near n p and fall off on both
 * sides, so the other side starts at one point, found by bisection. */
static double binomial_two_sided(double k, double n, double p)
{
    const double limit = rac_binomial_mass(k, n, p) * (1 + 1e-7), mode = n * p;
    const bool below = k < mode;
    double near = below ? ceil(mode) : floor(mode), far = below ? n : 0; /* likelier and (perhaps) not */
    if (k == mode)
        return 1;
    if (rac_binomial_mass(far, n, p) > limit)
        return fmin(1, below ? rac_binomial_at_most(k, n, p) : rac_binomial_at_least(k, n, p));
    if (rac_binomial_mass(near, n, p) <= limit)
        far = near;
    while (fabs(far - near) > 1) {
        const double middle = floor((near + far) / 2);
        if (rac_binomial_mass(middle, n, p) <= limit)
            far = middle;
        else
            near = middle;
    }
    const double lower = rac_binomial_at_most(below ? k : far, n, p);
    return fmin(1, lower + rac_binomial_at_least(below ? far : k, n, p));
}

rac_status rac_rate_ratio_of(double events1, double exposure1, double events0, double exposure0, double level,
                             rac_rate_ratio *out, rac_error *err)
{
    const double total = events1 + events0, per = exposure0 / exposure1;
    if (check_rate(events1, exposure1, err) != RAC_OK || check_rate(events0, exposure0, err) != RAC_OK)
        return RAC_INVALID;
    if (total == 0) {
        *out = (rac_rate_ratio){RAC_NOT_ESTIMABLE, {0, INFINITY}, 1, RAC_NOTE_NO_EVENTS};
        return RAC_OK;
    }
    rac_interval share;
    if (rac_clopper_pearson(events1, total, level, &share, err) != RAC_OK)
        return RAC_INVALID;
    out->ratio = events1 / events0 * per;
    out->interval.lower = share.lower / (1 - share.lower) * per;
    out->interval.upper = share.upper / (1 - share.upper) * per;
    out->p_value = binomial_two_sided(events1, total, exposure1 / (exposure1 + exposure0));
    out->notes = events1 == 0 || events0 == 0 ? RAC_NOTE_GROUP_WITHOUT_EVENTS : 0;
    return RAC_OK;
}

rac_status rac_incidence_compare(rac_arena *arena, rac_incidence_counts c, double level, rac_incidence *out,
                                 rac_error *err)
{
    const rac_two_by_two counts = {c.subjects1, c.n1, c.subjects0, c.n0};
    rac_status status = rac_proportions_compare(arena, counts, level, &out->subjects, err);
    if (status == RAC_OK && (c.events1 < c.subjects1 || c.events0 < c.subjects0))
        status = rac_fail(err, RAC_INVALID, "more subjects with an event than events");
    if (status == RAC_OK)
        status = rac_rate_of(c.events1, c.exposure1, level, &out->rate1, err);
    if (status == RAC_OK)
        status = rac_rate_of(c.events0, c.exposure0, level, &out->rate0, err);
    if (status == RAC_OK)
        status =
            rac_rate_ratio_of(c.events1, c.exposure1, c.events0, c.exposure0, level, &out->rate_ratio, err);
    out->percent1 = 100 * c.subjects1 / c.n1;
    out->percent0 = 100 * c.subjects0 / c.n0;
    return status;
}

rac_status rac_events_count(rac_arena *arena, const int *group_of, size_t subjects, const size_t *subject,
                            const int *severity, const bool *chosen, size_t events, rac_event_counts *out,
                            rac_error *err)
{
    int *const worst = rac_many(arena, int, subjects);
    *out = (rac_event_counts){0};
    for (size_t i = 0; i < events; i++) {
        if (chosen && !chosen[i])
            continue;
        if (subject[i] >= subjects)
            return rac_fail(err, RAC_INVALID, "event %zu belongs to subject %zu of %zu", i + 1,
                            subject[i] + 1, subjects);
        const int grade = severity ? severity[i] : 1, group = group_of[subject[i]];
        if (grade < 1 || grade > RAC_SEVERITIES)
            return rac_fail(err, RAC_INVALID, "event %zu has severity %d, allowed 1 to %d", i + 1, grade,
                            RAC_SEVERITIES);
        if (group != 0 && group != 1)
            continue;
        out->events[group]++;
        worst[subject[i]] = grade > worst[subject[i]] ? grade : worst[subject[i]];
    }
    for (size_t s = 0; s < subjects; s++)
        if (worst[s] > 0) {
            out->subjects[group_of[s]]++;
            out->worst[group_of[s]][worst[s]]++;
        }
    return RAC_OK;
}
