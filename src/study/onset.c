/* The first session that differs: as charted, and with the arms made equally large. */
#include "study/frame.h"

#include <math.h>

#include "base/random.h"

static const rac_mixed_estimate *family_of(const rac_mixed_means *means, int family)
{
    if (family == RAC_FAMILY_DIFFERENCE)
        return means->difference;
    return means->mean +
           (family == RAC_FAMILY_TREATED ? RAC_CHART_TREATED : RAC_CHART_REFERENCE) * means->visits;
}

static rac_status find(rac_arena *arena, const rac_mixed_estimate *family, size_t visits, rac_adjustment rule,
                       double alpha, rac_onset *out, rac_error *err)
{
    double *estimate = rac_many(arena, double, visits), *p = rac_many(arena, double, visits);
    for (size_t v = 0; v < visits; v++) {
        estimate[v] = family[v].estimate;
        p[v] = family[v].p;
    }
    return rac_onset_find(arena, estimate, p, visits, rule, alpha, RAC_FALL, out, err);
}

static bool seen(const rac_frame *frame, size_t i)
{
    for (size_t v = 0; v < frame->visits; v++)
        if (!isnan(frame->change[i * frame->visits + v]))
            return true;
    return false;
}

/* `size` of the `from` patients in `pool`, without replacement (Fisher-Yates, cut short). */
static void draw(size_t *pool, size_t from, size_t size, rac_random *random)
{
    for (size_t i = 0; i < size; i++) {
        const size_t j = i + rac_random_below(random, (uint32_t)(from - i));
        const size_t t = pool[i];
        pool[i] = pool[j];
        pool[j] = t;
    }
}

/* One subsample fitted; false when it has no answer. Counts each family's onset session, or none. */
static bool subsample(const rac_frame *frame, const rac_study_options *o, int larger, size_t size,
                      uint64_t index, size_t *const counts[RAC_FAMILIES])
{
    rac_arena *arena = rac_arena_new();
    bool *keep = rac_many(arena, bool, frame->patients);
    size_t *pool = rac_many(arena, size_t, frame->patients), from = 0;
    for (size_t i = 0; i < frame->patients; i++) {
        if (!seen(frame, i))
            continue;
        if (frame->arm[i] == larger)
            pool[from++] = i;
        else
            keep[i] = true;
    }
    rac_random random = rac_random_open(o->seed, index, RAC_RANDOM_RESAMPLE);
    draw(pool, from, size, &random);
    for (size_t i = 0; i < size; i++)
        keep[pool[i]] = true;
    rac_mixed_fit fit;
    rac_mixed_means means;
    rac_onset onset[RAC_FAMILIES];
    bool ok = !rac_frame_fit(arena, rac_frame_subset(arena, frame, keep), o, &fit, &means, NULL);
    for (int f = 0; f < RAC_FAMILIES && ok; f++)
        ok = !find(arena, family_of(&means, f), frame->visits, o->adjustment, o->alpha, &onset[f], NULL);
    for (int f = 0; f < RAC_FAMILIES && ok; f++)
        counts[f][onset[f].found ? onset[f].index : frame->visits]++;
    rac_arena_free(arena);
    return ok;
}

rac_status rac_study_onset_find(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                                rac_study_onset *out, rac_error *err)
{
    const rac_study_options o = rac_study_filled(options);
    rac_frame *frame;
    rac_mixed_fit fit;
    rac_mixed_means means;
    rac_status status = rac_frame_make(arena, chart, &frame, err);
    if (!status)
        status = rac_frame_fit(arena, frame, &o, &fit, &means, err);
    if (status)
        return status;
    *out = (rac_study_onset){
        .visits = frame->visits, .visit = frame->visit, .rule = o.adjustment, .alpha = o.alpha};
    size_t *counts[RAC_FAMILIES];
    for (int f = 0; f < RAC_FAMILIES; f++) {
        out->estimate[f] = family_of(&means, f);
        out->subsampled[f] = counts[f] = rac_many(arena, size_t, frame->visits + 1);
        for (int rule = 0; rule < RAC_ADJUSTMENTS && !status; rule++)
            status = find(arena, out->estimate[f], frame->visits, (rac_adjustment)rule, o.alpha,
                          &out->onset[f][rule], err);
    }
    if (status)
        return status;
    for (size_t i = 0; i < frame->patients; i++)
        out->patients[frame->arm[i]] += seen(frame, i);
    const int larger = out->patients[RAC_CHART_TREATED] >= out->patients[RAC_CHART_REFERENCE];
    out->subsample_size = out->patients[!larger];
    /* Arms already equal: there is one subsample, the chart itself. */
    const size_t most = out->patients[0] == out->patients[1] ? (o.subsamples > 0) : o.subsamples;
    for (out->subsamples = 0; out->subsamples < most; out->subsamples++)
        out->failed += !subsample(frame, &o, larger, out->subsample_size, out->subsamples, counts);
    return RAC_OK;
}
