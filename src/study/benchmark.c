/* A clinic beside published cohorts. */
#include "study/benchmark.h"

#include <string.h>

#include "base/yaml.h"

/* z of two-sided 95 % and 99.8 % (Spiegelhalter 2005 draws both). */
static const double z_95 = 1.959963984540054, z_998 = 3.090232306167813;

/* ---- reading ---- */

static const char *const keys[] = {"name",  "year", "arm",      "drug",     "route",     "schedule",
                                   "scale", "when", "patients", "response", "remission", "source"};

static void want(rac_arena *arena, const rac_yaml *node, const char *key, const char **out,
                 rac_problems *problems)
{
    rac_text text = {0};
    if (rac_yaml_want_text(rac_yaml_need(node, key, problems), &text, problems))
        *out = rac_text_copy(arena, text);
}

static double want_percent(const rac_yaml *node, const char *key, rac_problems *problems)
{
    double percent = NAN;
    const rac_yaml *value = rac_yaml_find(node, key);
    return value && rac_yaml_want_number(value, 0, 100, &percent, problems) ? percent : NAN;
}

static void read_cohort(rac_arena *arena, const rac_yaml *node, rac_cohort *c, rac_problems *problems)
{
    if (!rac_yaml_check_keys(node, keys, sizeof keys / sizeof *keys, problems))
        return;
    want(arena, node, "name", &c->name, problems);
    want(arena, node, "arm", &c->arm, problems);
    want(arena, node, "drug", &c->drug, problems);
    want(arena, node, "route", &c->route, problems);
    want(arena, node, "schedule", &c->schedule, problems);
    want(arena, node, "scale", &c->scale, problems);
    want(arena, node, "when", &c->when, problems);
    want(arena, node, "source", &c->source, problems);
    rac_yaml_want_integer(rac_yaml_need(node, "year", problems), 1990, 2100, &c->year, problems);
    rac_yaml_want_integer(rac_yaml_need(node, "patients", problems), 1, 10000000, &c->patients, problems);
    c->response_percent = want_percent(node, "response", problems);
    c->remission_percent = want_percent(node, "remission", problems);
    if (!rac_yaml_find(node, "response") && !rac_yaml_find(node, "remission"))
        rac_yaml_problem(problems, node, "this cohort has neither 'response' nor 'remission'");
    if (c->source && strncmp(c->source, "https://", 8) && strncmp(c->source, "http://", 7) &&
        strncmp(c->source, "doi:", 4))
        rac_yaml_problem(problems, rac_yaml_find(node, "source"),
                         "the source is no address (https://..., doi:...)");
}

rac_status rac_cohorts_read(rac_arena *arena, rac_text bytes, const char *file, rac_cohorts *cohorts,
                            rac_problems *problems)
{
    static const char *const root_keys[] = {"cohorts"};
    const size_t before = problems->count;
    const rac_yaml *root;
    rac_status status = rac_yaml_read(arena, bytes, file, &root, problems);
    if (status)
        return status;
    rac_yaml_check_keys(root, root_keys, 1, problems);
    const rac_yaml *list = rac_yaml_need(root, "cohorts", problems);
    *cohorts = (rac_cohorts){0};
    if (rac_yaml_want_list(list, problems)) {
        rac_cohort *cohort = rac_many(arena, rac_cohort, list->count);
        for (size_t i = 0; i < list->count; i++)
            read_cohort(arena, &list->items[i], &cohort[i], problems);
        *cohorts = (rac_cohorts){list->count, cohort};
        if (!list->count)
            rac_yaml_problem(problems, list, "there is no cohort");
    }
    return problems->count > before ? RAC_INVALID : RAC_OK;
}

/* ---- comparing ---- */

static rac_status share_of(double events, double n, rac_benchmark_share *share, rac_error *err)
{
    *share = (rac_benchmark_share){NAN, {NAN, NAN}};
    if (n <= 0)
        return RAC_OK;
    rac_interval wilson;
    const rac_status status = rac_wilson(events, n, 0.95, &wilson, err);
    *share = (rac_benchmark_share){100 * events / n, {100 * wilson.lower, 100 * wilson.upper}};
    return status;
}

static rac_interval limits(double p, double n, double z)
{
    const double half = z * sqrt(p * (1 - p) / n);
    return (rac_interval){100 * fmax(0, p - half), 100 * fmin(1, p + half)};
}

static rac_status make_outcome(rac_arena *arena, const rac_cohorts *cohorts, const rac_benchmark_own *own,
                               bool remission, rac_benchmark_outcome *out, rac_error *err)
{
    const double events = (double)(remission ? own->remitters : own->responders);
    *out = (rac_benchmark_outcome){.name = remission ? "remission" : "response"};
    rac_benchmark_row *row = rac_many(arena, rac_benchmark_row, cohorts->count);
    rac_status status = share_of(events, (double)own->started, &out->started, err);
    if (!status)
        status = share_of(events, (double)own->finished, &out->finishers, err);
    double pooled_events = 0, pooled_patients = 0;
    for (size_t i = 0; !status && i < cohorts->count; i++) {
        const rac_cohort *c = &cohorts->cohort[i];
        const double percent = remission ? c->remission_percent : c->response_percent;
        if (isnan(percent))
            continue;
        /* Papers print the share; the count is the nearest whole number. */
        const double n = (double)c->patients, theirs = round(percent / 100 * n);
        rac_benchmark_row *r = &row[out->count++];
        r->cohort = c;
        rac_proportions compared;
        const rac_two_by_two counts = {events, (double)own->started, theirs, n};
        if ((status = share_of(theirs, n, &r->share, err)) ||
            (status = rac_proportions_compare(arena, counts, 0.95, &compared, err)))
            break;
        r->newcombe = (rac_interval){100 * compared.newcombe.lower, 100 * compared.newcombe.upper};
        pooled_events += theirs;
        pooled_patients += n;
    }
    out->row = row;
    const double p = pooled_patients > 0 ? pooled_events / pooled_patients : NAN;
    out->pooled_percent = 100 * p;
    out->funnel_95 = limits(p, (double)own->started, z_95);
    out->funnel_998 = limits(p, (double)own->started, z_998);
    return status;
}

rac_status rac_benchmark_make(rac_arena *arena, const rac_cohorts *cohorts, const rac_benchmark_own *own,
                              rac_benchmark *out, rac_error *err)
{
    if (own->started < 1 || own->finished < 0 || own->finished > own->started || own->responders < 0 ||
        own->responders > own->finished || own->remitters < -1 || own->remitters > own->responders)
        return rac_fail(
            err, RAC_INVALID,
            "counts must nest: started >= finished >= responders >= remitters, started at least 1");
    *out = (rac_benchmark){0};
    for (int remission = 0; remission < 2; remission++) {
        if (remission && own->remitters < 0)
            continue;
        rac_benchmark_outcome *outcome = &out->outcome[out->count];
        const rac_status status = make_outcome(arena, cohorts, own, remission, outcome, err);
        if (status)
            return status;
        out->count += outcome->count > 0;
    }
    return out->count ? RAC_OK : rac_fail(err, RAC_INVALID, "no cohort of the file has this outcome");
}

/* ---- showing ---- */

static char *share_text(rac_arena *arena, rac_benchmark_share s)
{
    return isnan(s.percent)
               ? rac_string_copy(arena, "not known")
               : rac_format(arena, "%5.1f %% (%4.1f to %4.1f)", s.percent, s.wilson.lower, s.wilson.upper);
}

static const char *funnel_words(const rac_benchmark_outcome *o)
{
    const double own = o->started.percent;
    if (own < o->funnel_998.lower || own > o->funnel_998.upper)
        return "outside the 99.8 % limits: more than chance; look at who was treated and how it was counted";
    if (own < o->funnel_95.lower || own > o->funnel_95.upper)
        return "between the 95 % and 99.8 % limits: chance alone puts 1 clinic in 20 past the inner ones";
    return "inside the 95 % limits: as chance alone would have it";
}

char *rac_benchmark_show(rac_arena *arena, const rac_benchmark *benchmark)
{
    char *text = rac_string_copy(arena, "");
    for (size_t k = 0; k < benchmark->count; k++) {
        const rac_benchmark_outcome *o = &benchmark->outcome[k];
        text = rac_format(arena,
                          "%s%s, with 95 %% Wilson intervals\n  here, all who started   %s\n"
                          "  here, finishers only    %s\n",
                          text, o->name, share_text(arena, o->started), share_text(arena, o->finishers));
        for (size_t i = 0; i < o->count; i++) {
            const rac_benchmark_row *r = &o->row[i];
            text = rac_format(
                arena,
                "%s  %s  n = %-4lld %s %lld: %s; %s, %s\n%26s here minus theirs %+.1f to %+.1f points; %s\n",
                text, share_text(arena, r->share), (long long)r->cohort->patients, r->cohort->name,
                (long long)r->cohort->year, r->cohort->arm, r->cohort->scale, r->cohort->when, "",
                r->newcombe.lower, r->newcombe.upper, r->cohort->source);
        }
        text = rac_format(
            arena,
            "%s  published together %.1f %%; about that, chance alone spans "
            "%.1f to %.1f (95 %%) or %.1f to %.1f (99.8 %%) at this number of patients\n  here: %s\n\n",
            text, o->pooled_percent, o->funnel_95.lower, o->funnel_95.upper, o->funnel_998.lower,
            o->funnel_998.upper, funnel_words(o));
    }
    return rac_format(
        arena,
        "%sScales, moments and definitions differ between rows; a paper's denominator is the one it "
        "printed.\nA comparison describes; it does not explain.\n",
        text);
}
