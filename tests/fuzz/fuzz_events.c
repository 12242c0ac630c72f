/* Any bytes as a table of doses and samples: no crash, every fault has its place, and who can be fitted is
 * fitted with finite numbers. */
#include <math.h>
#include <stdlib.h>

#include "racemate/pharma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char MODEL[] =
    "model: fuzz\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160], default: "
    "70}}\n"
    "parameters: {V: 10 L * (weight / 70 kg), k: 0.5 /h, ka: 1.5 /h, D: 2 h}\nvariability:\n"
    "  - {of: [V, k], covariance: [[0.09], [0.03, 0.16]]}\n  - {of: k, cv: 20 %, level: occasion}\n"
    "flows: {gut -> a: ka, a -> out: k}\nroutes: {iv: a, oral: gut, slow: {to: a, duration: D}, both: [{to: "
    "a, "
    "fraction: 0.5}, {to: gut, fraction: 0.5}]}\noutputs: {c: a / V, g: gut / V}\n"
    "error: {c: {additive: 0.1 mg/L, proportional: 0.1}, g: {log: 0.2}}\n";

enum { DOSES_MOST = 200, SUBJECTS_MOST = 4 };

/* Long courses are right and slow: they are left to other tests. */
static bool is_short(const rac_events_subject *s)
{
    size_t doses = s->regimen.count;
    for (size_t i = 0; i < s->regimen.count; i++)
        doses += (size_t)s->regimen.items[i].additional;
    return doses < DOSES_MOST;
}

static void fit_subject(rac_arena *arena, const rac_model *model, const rac_events_subject *s)
{
    const rac_fit_request ask = {.regimen = &s->regimen,
                                 .samples = s->samples,
                                 .sample_count = s->sample_count,
                                 .epochs = s->epochs,
                                 .epoch_h = s->epoch_h,
                                 .occasion = s->occasion,
                                 .constants = s->constants};
    rac_fit fit;
    rac_error err = {0};
    if (rac_pharma_fit(arena, model, &ask, &fit, &err)) {
        if (!err.message[0])
            abort();
        return;
    }
    if (!isfinite(fit.objective) || !(fit.objective <= fit.objective_before))
        abort();
    const rac_fit_draw_options options = {.kept = 8};
    rac_fit_draws draws;
    if (fit.converged && !rac_pharma_fit_draw(arena, model, &ask, &fit, &options, &draws, &err) &&
        !(draws.effective >= 1 - 1e-9 && draws.effective <= (double)draws.proposed + 1e-6))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rac_arena *arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    rac_events events;
    if (rac_model_read(arena, rac_text_of(MODEL), "fuzz", &model, &problems))
        abort();
    if (rac_events_read(arena, (rac_text){(const char *)data, size}, "table.csv", model, &events,
                        &problems)) {
        for (size_t i = 0; i < problems.count; i++)
            if (!problems.items[i].line || !problems.items[i].message[0])
                abort();
        if (!problems.count)
            abort();
    } else {
        for (size_t i = 0; i < events.count && i < SUBJECTS_MOST; i++)
            if (is_short(&events.subjects[i]))
                fit_subject(arena, model, &events.subjects[i]);
    }
    rac_arena_free(arena);
    return 0;
}
