/* Quantiles of a population, and the curve and band for one patient.  See racemate/pharma/population.h. */
#include "racemate/pharma/population.h"

#include "pharma/model.h"
#include "pharma/order.h"
#include "racemate/pharma/quantiles.h"

#include <math.h>

/* ---- quantiles ---- */

static void swap(double *a, double *b)
{
    const double other = *a;
    *a = *b;
    *b = other;
}

/* Puts the k-th smallest at its place, smaller ones before it (Hoare 1961, doi:10.1145/366622.366647). */
double rac_order_statistic(double *numbers, size_t count, size_t k)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)count - 1;
    const ptrdiff_t wanted = (ptrdiff_t)k;
    while (low < high) {
        const double pivot = numbers[low + (high - low) / 2];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (numbers[i] < pivot)
                i++;
            while (numbers[j] > pivot)
                j--;
            if (i <= j)
                swap(&numbers[i++], &numbers[j--]);
        }
        if (wanted <= j)
            high = j;
        else if (wanted >= i)
            low = i;
        else
            break;
    }
    return numbers[k];
}

double rac_quantile(double *numbers, size_t count, double quantile)
{
    const double place = quantile * (double)(count - 1), below = floor(place);
    const size_t k = (size_t)below;
    const double lower = rac_order_statistic(numbers, count, k);
    if (place <= below || k + 1 >= count)
        return lower;
    double upper = INFINITY; /* the smallest of what stands behind */
    for (size_t i = k + 1; i < count; i++)
        upper = numbers[i] < upper ? numbers[i] : upper;
    return lower + (place - below) * (upper - lower);
}

typedef struct table {
    double *values; /* times x outputs x subjects */
    size_t subjects, kept, times, outputs;
    rac_arena *arena;
} table;

static void keep(void *context, const rac_population_tile *tile)
{
    table *t = context;
    if (!t->values) {
        t->times = tile->times;
        t->outputs = tile->outputs;
        t->values = rac_many(t->arena, double, t->times * t->outputs * t->subjects);
    }
    for (size_t row = 0; row < t->times * t->outputs; row++) {
        size_t at = t->kept;
        for (int lane = 0; lane < tile->subjects; lane++)
            if (!(tile->failed >> lane & 1))
                t->values[row * t->subjects + at++] = tile->values[row * RAC_TILE + (size_t)lane];
    }
    for (int lane = 0; lane < tile->subjects; lane++)
        t->kept += !(tile->failed >> lane & 1);
}

/* All values, then a selection for each quantile. */
static rac_status exact_quantiles(rac_arena *arena, const rac_population *population, const double *quantiles,
                                  size_t quantile_count, double **values, size_t *failed, rac_error *err)
{
    rac_arena *scratch = rac_arena_new();
    table t = {.subjects = population->subjects, .arena = scratch};
    rac_status status = rac_population_run(scratch, population, keep, &t, failed, err);
    if (!status && !t.kept)
        status = rac_fail(err, RAC_NOT_CONVERGED, "no subject has an answer");
    if (!status) {
        double *out = rac_many(arena, double, t.outputs *quantile_count *t.times);
        for (size_t time = 0; time < t.times; time++)
            for (size_t o = 0; o < t.outputs; o++)
                for (size_t q = 0; q < quantile_count; q++)
                    out[(o * quantile_count + q) * t.times + time] =
                        rac_quantile(&t.values[(time * t.outputs + o) * t.subjects], t.kept, quantiles[q]);
        *values = out;
    }
    rac_arena_free(scratch);
    return status;
}

static rac_status counted_quantiles(rac_arena *arena, const rac_population *population,
                                    const double *quantiles, size_t quantile_count, double **values,
                                    size_t *failed, rac_error *err)
{
    rac_arena *scratch = rac_arena_new();
    rac_quantiles *counted = NULL;
    rac_status status = rac_quantiles_run(scratch, population, 1, NULL, &counted, failed, err);
    if (!status)
        status = rac_quantiles_table(arena, counted, quantiles, quantile_count, values, err);
    rac_arena_free(scratch);
    return status;
}

rac_status rac_population_quantiles(rac_arena *arena, const rac_population *population,
                                    const double *quantiles, size_t quantile_count, double **values,
                                    size_t *failed, rac_error *err)
{
    for (size_t q = 0; q < quantile_count; q++)
        if (!(quantiles[q] >= 0 && quantiles[q] <= 1))
            return rac_fail(err, RAC_INVALID, "quantile %g is not between 0 and 1", quantiles[q]);
    if (!population->subjects)
        return rac_fail(err, RAC_INVALID, "quantiles of no subjects");
    const size_t times =
        population->times_h || population->own_times_h ? population->times : population->regimen->count;
    const bool few =
        !times || population->subjects <= RAC_EXACT_VALUES_MAX / times / population->model->output_count;
    return (few ? exact_quantiles : counted_quantiles)(arena, population, quantiles, quantile_count, values,
                                                       failed, err);
}

/* ---- one patient ---- */

typedef struct curve {
    double *values;
    size_t times, outputs;
} curve;

static void take_curve(void *context, const rac_population_tile *tile)
{
    curve *c = context;
    for (size_t time = 0; time < tile->times; time++)
        for (size_t o = 0; o < tile->outputs; o++)
            c->values[o * tile->times + time] = tile->values[(time * tile->outputs + o) * RAC_TILE];
}

/* A default where nothing is known; words where the value lies beyond what was studied. */
static rac_status settle_covariates(rac_arena *arena, const rac_model *m, const double *given,
                                    double *settled, rac_prediction *prediction, rac_error *err)
{
    const char **outside = rac_many(arena, const char *, m->covariate_count);
    for (size_t i = 0; i < m->covariate_count; i++) {
        const rac_covariate *c = &m->covariates[i];
        settled[i] = given && !isnan(given[i]) ? given[i] : c->fallback;
        if ((!given || isnan(given[i])) && !c->has_fallback)
            return rac_fail(err, RAC_INVALID, "the model '%s' needs the covariate %s", m->about.name,
                            c->name);
        const rac_unit unit = rac_unit_of(c->unit);
        if (settled[i] < c->low || settled[i] > c->high)
            outside[prediction->outside_count++] =
                rac_format(arena, "%s %g %s, studied %g to %g %s", c->name,
                           rac_quantity_from_base(settled[i], unit).value, c->unit,
                           rac_quantity_from_base(c->low, unit).value,
                           rac_quantity_from_base(c->high, unit).value, c->unit);
    }
    prediction->outside = outside;
    return RAC_OK;
}

rac_status rac_pharma_predict(rac_arena *arena, const rac_model *model, const rac_prediction_request *request,
                              rac_prediction *prediction, rac_error *err)
{
    *prediction = (rac_prediction){.times = request->times,
                                   .outputs = model->output_count,
                                   .quantiles = request->quantile_count,
                                   .subjects = request->subjects};
    double *covariates = rac_many(arena, double, model->covariate_count);
    rac_status status = settle_covariates(arena, model, request->covariates, covariates, prediction, err);
    if (status)
        return status;
    rac_population population = {.model = model,
                                 .seed = request->seed,
                                 .subjects = 1,
                                 .regimen = request->regimen,
                                 .times_h = request->times_h,
                                 .times = request->times,
                                 .constants = covariates,
                                 .typical = true};
    curve typical = {.values = rac_many(arena, double, model->output_count * request->times)};
    size_t failed = 0;
    status = rac_population_run(arena, &population, take_curve, &typical, &failed, err);
    if (!status && failed)
        status = rac_fail(err, RAC_NOT_CONVERGED, "the model '%s' has no finite answer for this patient",
                          model->about.name);
    prediction->typical = typical.values;
    if (status || !request->subjects || !request->quantile_count)
        return status;
    population.typical = false;
    population.subjects = request->subjects;
    double *band = NULL;
    status = rac_population_quantiles(arena, &population, request->quantiles, request->quantile_count, &band,
                                      &prediction->failed, err);
    prediction->band = band;
    return status;
}
