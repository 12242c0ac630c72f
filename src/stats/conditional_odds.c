#include "stats/conditional_odds.h"

#include "racemate/stats/distributions.h"
#include "stats/root.h"

/* Fisher's non-central hypergeometric: P(X = x) is proportional to exp(log_mass[x - low] + x ln odds). */
typedef struct margins {
    double low, high; /* the values X can take */
    double seen;
    double *log_mass;
    enum { AT_MEAN, AT_LOWER_TAIL, AT_UPPER_TAIL } what;
    double target;
} margins;

/* ln of mass k beside the mode counts for nothing: together less than 1e-28 for a million values. */
static const double NEGLIGIBLE = -80;

/* The most likely value: ln mass is concave, so its steps fall. */
static size_t mode_of(const margins *m, double log_odds)
{
    size_t low = 0, high = (size_t)(m->high - m->low);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (m->log_mass[middle + 1] - m->log_mass[middle] + log_odds > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The mean, or ln of a tail, at this log odds ratio, less its target; increasing in log_odds.  Only the
 * values around the mode are summed: with many patients they are few among those that can occur. */
static double excess(double log_odds, const void *context)
{
    const margins *const m = context;
    const size_t mode = mode_of(m, log_odds), last = (size_t)(m->high - m->low);
    double all = 0, part = 0;
    for (int side = 0; side < 2; side++)
        for (size_t k = mode + (size_t)side; side ? k <= last : k != SIZE_MAX; side ? k++ : k--) {
            const double x = m->low + (double)k;
            const double log_ratio =
                m->log_mass[k] - m->log_mass[mode] + ((double)k - (double)mode) * log_odds;
            if (log_ratio < NEGLIGIBLE)
                break;
            const double mass = exp(log_ratio);
            all += mass;
            if (m->what == AT_MEAN)
                part += mass * (x - m->seen);
            else if (m->what == AT_LOWER_TAIL ? x <= m->seen : x >= m->seen)
                part += mass;
        }
    if (m->what == AT_MEAN)
        return part / all;
    const double gap = log(fmax(part / all, 1e-300)) - log(m->target);
    return m->what == AT_LOWER_TAIL ? -gap : gap;
}

void stats_conditional_odds(rac_arena *arena, rac_two_by_two c, double level, double *estimate,
                            rac_interval *interval)
{
    const double events = c.events1 + c.events0;
    margins m = {.low = fmax(0, events - c.n0), .high = fmin(c.n1, events), .seen = c.events1};
    m.log_mass = rac_many(arena, double, (size_t)(m.high - m.low) + 1);
    for (double x = m.low; x <= m.high; x++)
        m.log_mass[(size_t)(x - m.low)] =
            -lgamma(x + 1) - lgamma(c.n1 - x + 1) - lgamma(events - x + 1) - lgamma(c.n0 - events + x + 1);
    const double bound = 60; /* odds ratios of 1e-26 and 1e26 */
    m.what = AT_MEAN;
    *estimate = m.seen == m.low    ? 0
                : m.seen == m.high ? INFINITY
                                   : exp(stats_root(excess, &m, -bound, bound));
    m.target = (1 - level) / 2;
    m.what = AT_UPPER_TAIL;
    interval->lower = m.seen == m.low ? 0 : exp(stats_root(excess, &m, -bound, bound));
    m.what = AT_LOWER_TAIL;
    interval->upper = m.seen == m.high ? INFINITY : exp(stats_root(excess, &m, -bound, bound));
}
