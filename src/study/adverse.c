/* Side effects: who had one, how many there were, per session. */
#include "study/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct harms {
    rac_arena *arena;
    const rac_chart *chart;
    rac_study_harms *out;
    double level;
    int *group; /* by patient; -1 outside the safety set */
    size_t *subject;
    int *severity;
    rac_study_harm *item;
    size_t capacity;
} harms;

typedef bool chosen_by(const rac_chart_event *event, const char *name);

static bool any(const rac_chart_event *event, const char *name)
{
    return event && name;
}
static bool serious(const rac_chart_event *event, const char *name)
{
    return name && event->serious;
}
static bool severe(const rac_chart_event *event, const char *name)
{
    return name && event->severity == 3;
}
static bool of_system(const rac_chart_event *event, const char *name)
{
    return strcmp(event->system, name) == 0;
}
static bool of_term(const rac_chart_event *event, const char *name)
{
    return strcmp(event->term, name) == 0;
}

static rac_status line(harms *h, const char *kind, const char *name, chosen_by *rule, rac_error *err)
{
    const rac_chart *chart = h->chart;
    bool *chosen = rac_many(h->arena, bool, chart->events);
    for (size_t i = 0; i < chart->events; i++)
        chosen[i] = rule(&chart->event[i], name);
    rac_study_harm harm = {.kind = kind, .name = name};
    rac_status status = rac_events_count(h->arena, h->group, chart->patients, h->subject, h->severity, chosen,
                                         chart->events, &harm.counts, err);
    const rac_incidence_counts counts = {.subjects1 = harm.counts.subjects[1],
                                         .n1 = h->out->patients[1],
                                         .events1 = harm.counts.events[1],
                                         .exposure1 = h->out->sessions[1],
                                         .subjects0 = harm.counts.subjects[0],
                                         .n0 = h->out->patients[0],
                                         .events0 = harm.counts.events[0],
                                         .exposure0 = h->out->sessions[0]};
    if (!status)
        status = rac_incidence_compare(h->arena, counts, h->level, &harm.incidence, err);
    rac_push(h->arena, h->item, h->out->count, h->capacity, harm);
    return status;
}

static int by_frequency(const void *a, const void *b)
{
    const rac_study_harm *x = a, *y = b;
    const double m = x->counts.subjects[0] + x->counts.subjects[1],
                 n = y->counts.subjects[0] + y->counts.subjects[1];
    return m != n ? (m < n) - (m > n) : strcmp(x->name, y->name);
}

static rac_status each(harms *h, const char *kind, bool terms, rac_error *err)
{
    const size_t first = h->out->count;
    rac_status status = RAC_OK;
    for (size_t i = 0; i < h->chart->events && !status; i++) {
        const char *name = terms ? h->chart->event[i].term : h->chart->event[i].system;
        bool known = !name[0];
        for (size_t k = first; k < h->out->count && !known; k++)
            known = strcmp(h->item[k].name, name) == 0;
        if (!known)
            status = line(h, kind, name, terms ? of_term : of_system, err);
    }
    if (h->out->count > first)
        qsort(h->item + first, h->out->count - first, sizeof *h->item, by_frequency);
    return status;
}

rac_status rac_study_adverse(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_harms *out, rac_error *err)
{
    *out = (rac_study_harms){0};
    if (!chart->has_events) {
        rac_fail(err, RAC_NOT_FOUND, "the chart has no adverse events");
        rac_error_hint(err, "give them with --adae FILE");
        return RAC_NOT_FOUND;
    }
    harms h = {.arena = arena, .chart = chart, .out = out, .level = rac_study_filled(options).level};
    h.group = rac_many(arena, int, chart->patients);
    h.subject = rac_many(arena, size_t, chart->events);
    h.severity = rac_many(arena, int, chart->events);
    for (size_t p = 0; p < chart->patients; p++) {
        h.group[p] = chart->safety[p] ? chart->arm[p] : -1;
        if (!chart->safety[p])
            continue;
        out->patients[chart->arm[p]]++;
        out->sessions[chart->arm[p]] += isnan(chart->last[p]) ? 0 : chart->last[p];
    }
    for (size_t i = 0; i < chart->events; i++) {
        h.subject[i] = chart->event[i].patient;
        h.severity[i] = chart->event[i].severity ? chart->event[i].severity : 1;
    }
    for (int a = 0; a < RAC_CHART_ARMS; a++)
        if (out->sessions[a] <= 0)
            return rac_fail(err, RAC_INVALID, "no session is known in '%s': incidence has no denominator",
                            chart->arm_name[a]);
    rac_status status = line(&h, "any", "Any", any, err);
    if (!status && chart->has_seriousness)
        status = line(&h, "serious", "Serious", serious, err);
    if (!status && chart->has_severity)
        status = line(&h, "severe", "Severe", severe, err);
    if (!status)
        status = each(&h, "system", false, err);
    if (!status)
        status = each(&h, "term", true, err);
    out->item = h.item;
    return status;
}
