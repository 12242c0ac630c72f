/* Any bytes as a model file: a model that can be looked into, explained and changed, and that gives finite
 * numbers or says why not; or a problem with its place. */
#include <math.h>
#include <stdlib.h>

#include "racemate/pharma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void look(rac_arena *arena, const rac_model *model)
{
    const rac_model_shape *shape = rac_model_look(model);
    const int compartments = (int)rac_model_compartments(model);
    for (size_t i = 0; i < shape->arrow_count; i++) {
        const rac_model_arrow *arrow = &shape->arrows[i];
        must(arrow->from >= 0 && arrow->from < compartments && arrow->rate);
        must(arrow->to == RAC_OUT ||
             (arrow->to >= 0 && arrow->to < compartments && arrow->to != arrow->from));
    }
    for (size_t i = 0; i < shape->entry_count; i++)
        must(shape->entries[i].compartment >= 0 && shape->entries[i].compartment < compartments);
    for (size_t i = 0; i < rac_model_parameters(model); i++) {
        rac_parameter_about about;
        const rac_model_change change = {(int)i, 1.1};
        rac_model *changed = NULL;
        rac_error err = {0};
        rac_model_explain(arena, model, (int)i, &about);
        must(about.name && about.origin->source && about.origin->note && about.origin->tier);
        must((rac_model_modify(arena, model, &change, 1, &changed, &err) == RAC_OK) ==
             (about.expression != NULL));
    }
    for (size_t i = 0; i < rac_model_modifiers(model); i++)
        must(rac_model_modifier(model, i)->route_count > 0 && rac_model_modifier(model, i)->source[0]);
    for (size_t i = 0; i < rac_model_variabilities(model); i++) {
        rac_variability v;
        rac_model_variability(arena, model, i, &v);
        must(v.of[0] && v.spread[0] && v.origin->line > 0);
    }
    rac_problems missing = rac_problems_init(arena);
    must(rac_model_check_sources(model, &missing) == missing.count);
    for (size_t i = 0; i < missing.count; i++)
        must(missing.items[i].line > 0 && missing.items[i].message[0]);
}

/* One patient in the middle of every range, a bolus by the first route, three times. */
static void predict(rac_arena *arena, const rac_model *model)
{
    const size_t count = rac_model_covariates(model);
    const double times_h[] = {0, 1, 24};
    double *covariates = rac_many(arena, double, count);
    for (size_t i = 0; i < count; i++)
        covariates[i] = 0.5 * (rac_model_covariate(model, i)->low + rac_model_covariate(model, i)->high);
    rac_regimen regimen = rac_regimen_new(arena);
    rac_regimen_add(&regimen, rac_dose_bolus(0.5, 0, 35));
    const rac_prediction_request ask = {
        .covariates = covariates, .regimen = &regimen, .times_h = times_h, .times = 3};
    rac_prediction prediction;
    rac_error err = {0};
    if (rac_pharma_predict(arena, model, &ask, &prediction, &err)) {
        must(err.message[0]);
        return;
    }
    for (size_t i = 0; i < prediction.outputs * 3; i++)
        must(isfinite(prediction.typical[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rac_arena *arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    if (rac_model_read(arena, (rac_text){(const char *)data, size}, "fuzz.yaml", &model, &problems) ==
        RAC_OK) {
        look(arena, model);
        predict(arena, model);
    } else
        must(!model && problems.count > 0 && problems.items[0].line >= 1 && problems.items[0].message[0]);
    rac_arena_free(arena);
    return 0;
}
