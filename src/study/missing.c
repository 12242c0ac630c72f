/* Who left and why, and how far the answer leans on the scores they would have had. */
#include "study/frame.h"

#include <math.h>
#include <string.h>

static void reasons_of(rac_arena *arena, const rac_chart *chart, rac_study_missing *out)
{
    enum { REASONS_MOST = 12 };
    rac_study_dropout *list = rac_many(arena, rac_study_dropout, REASONS_MOST);
    const double end = chart->visit_number[chart->visits - 1];
    for (size_t p = 0; p < chart->patients; p++) {
        const char *why = chart->reason[p];
        if (!why[0])
            why = chart->last[p] >= end ? "completed" : "not recorded";
        size_t k = 0;
        while (k < out->reasons && strcmp(list[k].reason, why) != 0)
            k++;
        if (k == REASONS_MOST) {
            k--;
            list[k].reason = "other";
        } else if (k == out->reasons)
            list[out->reasons++] = (rac_study_dropout){.reason = why};
        list[k].count[chart->arm[p]]++;
    }
    double *table = rac_many(arena, double, out->reasons *RAC_CHART_ARMS);
    for (size_t k = 0; k < out->reasons; k++)
        for (int a = 0; a < RAC_CHART_ARMS; a++)
            table[k * RAC_CHART_ARMS + (size_t)a] = list[k].count[a];
    out->reason = list;
    out->reasons_p = NAN;
    double p;
    if (out->reasons > 1 && !rac_fisher_test(arena, table, out->reasons, RAC_CHART_ARMS, &p, NULL))
        out->reasons_p = p;
}

static rac_status legacy(rac_arena *arena, const rac_frame *frame, const bool *treated, double level,
                         rac_study_missing *out, rac_error *err)
{
    static const rac_legacy ways[] = {RAC_LEGACY_LAST_CARRIED, RAC_LEGACY_BASELINE_CARRIED,
                                      RAC_LEGACY_COMPLETERS};
    double *final = rac_many(arena, double, frame->patients);
    rac_status status = RAC_OK;
    for (size_t k = 0; k < 3 && !status; k++) {
        rac_legacy_fill(ways[k], frame->patients, frame->visits, frame->change, NULL, final);
        const rac_ancova_data data = {.patients = frame->patients,
                                      .y = final,
                                      .treated = treated,
                                      .covariates = 1,
                                      .covariate = frame->baseline,
                                      .level = level};
        status = rac_ancova_of(arena, &data, &out->legacy[ways[k]], err);
    }
    return status;
}

/* Points added to the treated who left until the difference is gone. */
static rac_status tip(rac_arena *arena, const rac_frame *frame, const bool *treated,
                      const rac_study_options *o, rac_study_missing *out, rac_error *err)
{
    double *final = rac_many(arena, double, frame->patients);
    bool *imputed = rac_many(arena, bool, frame->patients);
    for (size_t i = 0; i < frame->patients; i++) {
        const size_t at = i * frame->visits + frame->visits - 1;
        final[i] = out->imputed.filled[RAC_STRATEGY_MAR][at];
        imputed[i] = isnan(frame->change[at]);
    }
    const rac_tipping tipping = {.sets = 1,
                                 .patients = frame->patients,
                                 .y = final,
                                 .imputed = imputed,
                                 .treated = treated,
                                 .covariates = 1,
                                 .covariate = frame->baseline,
                                 .level = o->level};
    rac_pooled pooled;
    rac_status status = rac_tipping_find(arena, &tipping, o->alpha, 60, &out->tipping, err);
    for (int k = 0; k < 13 && !status; k++) {
        out->tipping_delta[k] = k;
        status = rac_tipping_at(arena, &tipping, k, 0, &pooled, err);
        out->tipping_effect[k] = pooled.effect.estimate;
    }
    return status;
}

/* The same with many imputations, whose spread is part of the error: only then does a p mean something. */
static rac_status tip_significance(rac_arena *arena, const rac_frame *frame, const bool *treated,
                                   const rac_study_options *o, rac_study_missing *out, rac_error *err)
{
    enum { factors = 3 };
    double *factor = rac_many(arena, double, frame->patients *factors);
    bool *imputed = rac_many(arena, bool, frame->patients);
    for (size_t i = 0; i < frame->patients; i++) {
        factor[i * factors] = 1;
        factor[i * factors + 1] = treated[i];
        factor[i * factors + 2] = frame->baseline[i];
        imputed[i] = isnan(frame->change[(i + 1) * frame->visits - 1]);
    }
    const rac_impute_data data = {.patients = frame->patients,
                                  .visits = frame->visits,
                                  .factors = factors,
                                  .y = frame->change,
                                  .factor = factor,
                                  .arms = 1};
    const rac_impute_options how = {
        .seed = o->seed, .imputations = o->imputations, .strategy = RAC_STRATEGY_MAR};
    double *filled;
    rac_status status = rac_impute_draw(arena, &data, &how, &filled, err);
    if (status)
        return status;
    double *final = rac_many(arena, double, o->imputations * frame->patients);
    for (size_t k = 0; k < o->imputations * frame->patients; k++)
        final[k] = filled[(k + 1) * frame->visits - 1];
    const rac_tipping tipping = {.sets = o->imputations,
                                 .patients = frame->patients,
                                 .y = final,
                                 .imputed = imputed,
                                 .treated = treated,
                                 .covariates = 1,
                                 .covariate = frame->baseline,
                                 .level = o->level};
    out->imputations = o->imputations;
    status = rac_tipping_at(arena, &tipping, 0, 0, &out->pooled, err);
    return status ? status : rac_tipping_find(arena, &tipping, o->alpha, 60, &out->tipping_p, err);
}

rac_status rac_study_missing_of(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                                rac_study_missing *out, rac_error *err)
{
    const rac_study_options o = rac_study_filled(options);
    rac_frame *frame;
    rac_status status = rac_frame_make(arena, chart, &frame, err);
    if (status)
        return status;
    *out = (rac_study_missing){.visits = frame->visits, .visit = frame->visit, .patients = frame->patients};
    reasons_of(arena, chart, out);
    double *seen[RAC_CHART_ARMS];
    for (int a = 0; a < RAC_CHART_ARMS; a++)
        out->seen[a] = seen[a] = rac_many(arena, double, frame->visits);
    bool *treated = rac_many(arena, bool, frame->patients);
    for (size_t i = 0; i < frame->patients; i++) {
        treated[i] = frame->arm[i] == RAC_CHART_TREATED;
        for (size_t v = 0; v < frame->visits; v++)
            seen[frame->arm[i]][v] += !isnan(frame->change[i * frame->visits + v]);
    }
    const rac_reference_based_data data = {.model = &frame->model,
                                           .treated = RAC_CHART_TREATED,
                                           .reference = RAC_CHART_REFERENCE,
                                           .jackknife = o.jackknife,
                                           .level = o.level};
    status = legacy(arena, frame, treated, o.level, out, err);
    if (!status)
        status = rac_reference_based_run(arena, &data, &out->imputed, err);
    if (!status)
        status = tip(arena, frame, treated, &o, out, err);
    if (!status && o.imputations >= 2)
        status = tip_significance(arena, frame, treated, &o, out, err);
    return status;
}
