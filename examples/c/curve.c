/* The concentration after an infusion, for one person and for people like them, from C.
 *
 *     cc curve.c $(pkg-config --cflags --libs racemate) -o curve
 *     ./curve models/racemic-arterial.yaml
 *
 * It prints what the model was made from, then time, the typical concentration and the band of 90 % of 500
 * virtual people, in ng/mL (the library speaks h, mg and L: 1 mg/L is 1000 ng/mL). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "racemate/pharma.h"

static int complain(const rac_error *err)
{
    fprintf(stderr, "curve: %s\n", err->message);
    return EXIT_FAILURE;
}

static char *read_all(const char *path, size_t *size)
{
    enum { most = 1 << 20 };
    FILE *file = fopen(path, "rb");
    char *bytes = file ? malloc(most) : NULL;
    *size = bytes ? fread(bytes, 1, most, file) : 0;
    if (file)
        fclose(file);
    return bytes;
}

/* Everything the library makes lives in the arena and ends with it. */
static int show(rac_arena *arena, const char *path, rac_text bytes)
{
    rac_error err = {0};
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    if (rac_model_read(arena, bytes, path, &model, &problems))
        return complain(&problems.items[0]); /* the first of all faults, with file, line and column */

    /* Who: 70 kg, everything else as the file has it. */
    double *covariates = rac_many(arena, double, rac_model_covariates(model) + 1);
    for (size_t i = 0; i < rac_model_covariates(model); i++)
        covariates[i] = NAN;
    const int weight = rac_model_find_covariate(model, "weight");
    if (weight >= 0)
        covariates[weight] = 70;

    /* What: 35 mg over 40 min, as events; a pause would be one more. */
    rac_regimen regimen = rac_regimen_new(arena);
    rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));

    double times_h[25];
    for (int i = 0; i < 25; i++)
        times_h[i] = i * 10 / 60.0;
    const double quantiles[] = {0.05, 0.95};
    const rac_prediction_request request = {.covariates = covariates,
                                            .regimen = &regimen,
                                            .times_h = times_h,
                                            .times = 25,
                                            .quantiles = quantiles,
                                            .quantile_count = 2,
                                            .subjects = 500,
                                            .seed = 1};
    rac_prediction p;
    if (rac_pharma_predict(arena, model, &request, &p, &err))
        return complain(&err);

    const rac_model_about *about = rac_model_describe(model);
    printf("# %s; %s\n# %s\n", about->title, about->sampling, about->sources[0]);
    for (size_t t = 0; t < p.times; t++)
        printf("%3.0f min  %7.2f ng/mL  (%.0f to %.0f)\n", times_h[t] * 60, 1000 * p.typical[t],
               1000 * p.band[t], 1000 * p.band[p.times + t]);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    size_t size = 0;
    char *bytes = argc == 2 ? read_all(argv[1], &size) : NULL;
    if (!bytes) {
        fputs("usage: curve MODEL.yaml\n", stderr);
        return EXIT_FAILURE;
    }
    rac_arena *arena = rac_arena_new();
    const int code = show(arena, argv[1], (rac_text){bytes, size});
    rac_arena_free(arena);
    free(bytes);
    return code;
}
