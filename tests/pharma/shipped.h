/* shipped.h: reads a model of the repository, or of a text, for the tests. */
#ifndef RACEMATE_TESTS_PHARMA_SHIPPED_H
#define RACEMATE_TESTS_PHARMA_SHIPPED_H

#include "check.h"
#include "racemate/pharma.h"

static inline rac_model *read_model(rac_arena *arena, const char *text, const char *file)
{
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    const rac_status status = rac_model_read(arena, rac_text_of(text), file, &model, &problems);
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s:%d:%d: %s\n", problems.items[i].file, problems.items[i].line,
                problems.items[i].column, problems.items[i].message);
    assert_int_equal(status, RAC_OK);
    assert_non_null(model);
    return model;
}

static inline char *read_shipped(rac_arena *arena, const char *name)
{
    const char *root = getenv("RACEMATE_SOURCE");
    char *path = rac_format(arena, "%s/models/%s.yaml", root ? root : ".", name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "cannot open %s\n", path);
        fail();
        return NULL;
    }
    char *text = rac_arena_alloc(arena, 300000);
    text[fread(text, 1, 299999, file)] = '\0';
    fclose(file);
    return text;
}

static inline rac_model *shipped_model(rac_arena *arena, const char *name)
{
    return read_model(arena, read_shipped(arena, name), name);
}

/* The typical curve, outputs x times. */
static inline const double *typical_curve(rac_arena *arena, const rac_model *model, const double *covariates,
                                          const rac_regimen *regimen, const double *times_h, size_t times)
{
    const rac_prediction_request ask = {
        .covariates = covariates, .regimen = regimen, .times_h = times_h, .times = times};
    rac_prediction prediction;
    rac_error err = {0};
    check_ok(rac_pharma_predict(arena, model, &ask, &prediction, &err));
    return prediction.typical;
}

#endif
