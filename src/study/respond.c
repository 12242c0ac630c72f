/* Responders and remitters at each visit, at the end, ever; and who left. */
#include "study/frame.h"

#include <math.h>
#include <string.h>

enum { RESPONSE, REMISSION };

static const double response_share = 0.5; /* a fall by half: the usual definition */

static bool reached(const rac_chart *chart, size_t patient, size_t visit, int outcome, double remission)
{
    const double score = rac_frame_score(chart, patient, visit);
    return outcome == RESPONSE ? score <= response_share * rac_frame_score(chart, patient, 0)
                               : score <= remission;
}

static void count(rac_two_by_two *counts, int arm, bool in, bool hit)
{
    double *n = arm ? &counts->n1 : &counts->n0, *events = arm ? &counts->events1 : &counts->events0;
    *n += in;
    *events += in && hit;
}

typedef struct list {
    rac_arena *arena;
    double level;
    rac_study_response *item;
    size_t count, capacity;
} list;

static rac_status add(list *to, const char *outcome, const char *rule, size_t visit, rac_two_by_two counts,
                      rac_error *err)
{
    rac_study_response item = {.outcome = outcome, .rule = rule, .visit = visit, .counts = counts};
    item.comparable = counts.n1 > 0 && counts.n0 > 0;
    rac_status status = RAC_OK;
    if (item.comparable)
        status = rac_proportions_compare(to->arena, counts, to->level, &item.out, err);
    item.wanted = strcmp(outcome, "dropout") != 0;
    if (item.comparable && !status)
        item.nnt = (item.wanted ? rac_nnt_of : rac_nnt_of_unwanted)(item.out.difference, item.out.newcombe);
    rac_push(to->arena, to->item, to->count, to->capacity, item);
    return status;
}

static rac_status outcome_of(list *to, const rac_chart *chart, int outcome, double remission, rac_error *err)
{
    const char *name = outcome == RESPONSE ? "response" : "remission";
    const size_t end = chart->visits - 1;
    rac_status status = RAC_OK;
    for (size_t v = 1; v <= end && !status; v++) {
        rac_two_by_two counts = {0};
        for (size_t p = 0; p < chart->patients; p++)
            count(&counts, chart->arm[p], !isnan(rac_frame_change(chart, p, v)),
                  reached(chart, p, v, outcome, remission));
        status = add(to, name, rac_format(to->arena, "%s, observed", chart->visit_name[v]), v, counts, err);
    }
    rac_two_by_two imputed = {0}, ever = {0};
    for (size_t p = 0; p < chart->patients; p++) {
        const bool in = !isnan(rac_frame_score(chart, p, 0));
        bool any = false;
        for (size_t v = 1; v <= end; v++)
            any = any || reached(chart, p, v, outcome, remission);
        count(&imputed, chart->arm[p], in, reached(chart, p, end, outcome, remission));
        count(&ever, chart->arm[p], in, any);
    }
    if (!status)
        status =
            add(to, name, rac_format(to->arena, "%s, missing counted as failure", chart->visit_name[end]),
                end, imputed, err);
    return status ? status : add(to, name, "ever", 0, ever, err);
}

rac_status rac_study_respond(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_study_responses *out, rac_error *err)
{
    const rac_study_options o = rac_study_filled(options);
    list found = {.arena = arena, .level = o.level};
    *out = (rac_study_responses){.response_percent = 100 * response_share};
    out->remission = rac_chart_remission(chart, &out->remission_source);
    if (o.remission > 0) {
        out->remission = o.remission;
        out->remission_source = "as asked";
    }
    if (chart->visits < 2)
        return rac_fail(err, RAC_INVALID, "the chart has a baseline and no session after it");
    rac_status status = outcome_of(&found, chart, RESPONSE, out->remission, err);
    if (!status && !isnan(out->remission))
        status = outcome_of(&found, chart, REMISSION, out->remission, err);
    rac_two_by_two left = {0};
    for (size_t p = 0; p < chart->patients; p++)
        count(&left, chart->arm[p], true, !(chart->last[p] >= chart->visit_number[chart->visits - 1]));
    if (!status)
        status = add(&found, "dropout", "left before the last session", 0, left, err);
    out->count = found.count;
    out->item = found.item;
    return status;
}
