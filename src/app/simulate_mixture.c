/* Several models as one: quantiles of their mixture (racemate/pharma/mixture.h), over what a patient's
 * samples leave possible, or over people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate.h"

/* ---- which outputs every model has ---- */

rac_status rac_sim_find_shared(const rac_sim *sim, rac_sim_shared *shared, rac_error *err)
{
    const rac_sim_arm *first = &sim->arms[0];
    *shared = (rac_sim_shared){0};
    for (size_t m = 0; m < sim->arm_count; m++)
        shared->output[m] = rac_many(sim->arena, int, first->output_count);
    for (size_t i = 0; i < first->output_count; i++) {
        const size_t o = (size_t)first->outputs[i];
        const char *name = rac_model_output_name(first->model, o);
        bool everywhere = true;
        for (size_t m = 0; m < sim->arm_count && everywhere; m++) {
            const rac_model *model = sim->arms[m].model;
            const int at = rac_model_find_output(model, name);
            everywhere = at >= 0 && !strcmp(rac_model_output_unit(model, (size_t)at),
                                            rac_model_output_unit(first->model, o));
            shared->output[m][shared->count] = at;
        }
        shared->count += everywhere;
    }
    if (shared->count)
        return RAC_OK;
    return rac_fail(err, RAC_INVALID, "no output of '%s' is in every model: nothing can be averaged",
                    first->about->name);
}

/* ---- one patient: the draws of each model ---- */

/* Draws of one model: their values at some of the times, and what their curves came to so far. */
typedef struct drawn {
    const rac_sim_draws *draws;
    const int *outputs; /* shared, as indices of the model */
    size_t shared, times, kept;
    double *values;              /* shared x times x kept; then the living ones first, in order */
    bool *dead;                  /* kept */
    size_t living;               /* draws with an answer */
    rac_sim_exposure *exposures; /* shared x kept, of the times so far */
    double *last;                /* shared x kept: the value at the last of them */
} drawn;

enum { SLICE_VALUES = 1 << 22 }; /* of all models together: 32 MB */

static void take_draws(void *context, const rac_population_tile *tile)
{
    drawn *d = context;
    for (int lane = 0; lane < tile->subjects; lane++) {
        const size_t k = (size_t)tile->first_subject + (size_t)lane;
        d->dead[k] |= tile->failed >> lane & 1;
        for (size_t o = 0; o < d->shared; o++)
            for (size_t t = 0; t < tile->times; t++)
                d->values[(o * d->times + t) * d->kept + k] =
                    tile->values[(t * tile->outputs + (size_t)d->outputs[o]) * RAC_TILE + (size_t)lane];
    }
}

/* One more time of a draw's curve. */
static void expose_more(rac_sim_exposure *e, double *last, double value, double time_h, double before_h,
                        bool is_first)
{
    if (is_first)
        *e = (rac_sim_exposure){.highest = value, .at_h = time_h};
    else
        e->area += (value + *last) / 2 * (time_h - before_h);
    if (value > e->highest) {
        e->highest = value;
        e->at_h = time_h;
    }
    *last = value;
}

static void expose_slice(drawn *d, const double *times_h, size_t from, size_t count)
{
    for (size_t o = 0; o < d->shared; o++)
        for (size_t t = 0; t < count; t++)
            for (size_t k = 0; k < d->kept; k++)
                expose_more(&d->exposures[o * d->kept + k], &d->last[o * d->kept + k],
                            d->values[(o * d->times + t) * d->kept + k], times_h[from + t],
                            from + t ? times_h[from + t - 1] : 0, from + t == 0);
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The living draws of a row in order; gives how many. */
static size_t put_in_order(const drawn *d, double *row)
{
    size_t living = 0;
    for (size_t k = 0; k < d->kept; k++)
        if (!d->dead[k])
            row[living++] = row[k];
    qsort(row, living, sizeof *row, ascending);
    return living;
}

static rac_status run_slice(const rac_sim *sim, drawn *d, size_t from, size_t count, rac_error *err)
{
    const rac_sim_draws *draws = d->draws;
    const rac_sim_group *group = draws->group;
    const rac_population population = {.model = draws->model,
                                       .subjects = draws->kept,
                                       .regimen = &group->regimen,
                                       .times_h = sim->times_h + from,
                                       .times = count,
                                       .epochs = group->epochs,
                                       .epoch_h = group->epoch_h,
                                       .occasion = group->occasion,
                                       .constants = group->constants,
                                       .etas = draws->etas};
    size_t failed = 0;
    rac_arena *scratch = rac_arena_new();
    d->times = count;
    const rac_status status = rac_population_run(scratch, &population, take_draws, d, &failed, err);
    rac_arena_free(scratch);
    return status;
}

/* Quantiles of the mixture, and of each part alone, of one row of values. */
static void quantiles_of(const rac_mixture_part *parts, size_t count, double *mixed, double *const *own,
                         size_t at, size_t stride)
{
    for (size_t q = 0; q < RAC_SIM_QUANTILES; q++) {
        if (mixed)
            mixed[at + q * stride] = rac_mixture_quantile(parts, count, rac_sim_quantiles[q]);
        for (size_t m = 0; m < count && own; m++) {
            const rac_mixture_part alone = {.weight = 1, .sorted = parts[m].sorted, .count = parts[m].count};
            if (own[m] && alone.count)
                own[m][at + q * stride] = rac_mixture_quantile(&alone, 1, rac_sim_quantiles[q]);
        }
    }
}

/* Every model that weighs something needs a draw with an answer. */
static rac_status check_living(drawn *all, size_t count, rac_error *err)
{
    for (size_t m = 0; m < count; m++) {
        for (size_t k = 0; k < all[m].kept; k++)
            all[m].living += !all[m].dead[k];
        if (all[m].draws->weight > 0 && !all[m].living)
            return rac_fail(err, RAC_NOT_CONVERGED, "the model '%s' has no finite curve among its draws",
                            rac_model_describe(all[m].draws->model)->name);
    }
    return RAC_OK;
}

static void mix_slice(const rac_sim *sim, const drawn *all, size_t count, size_t from, size_t times,
                      rac_sim_mixture *out)
{
    for (size_t o = 0; o < all[0].shared; o++)
        for (size_t t = 0; t < times; t++) {
            rac_mixture_part parts[RAC_SIM_MODELS] = {0};
            for (size_t m = 0; m < count; m++) {
                double *row = all[m].values + (o * all[m].times + t) * all[m].kept;
                parts[m] = (rac_mixture_part){
                    .weight = all[m].draws->weight, .sorted = row, .count = put_in_order(&all[m], row)};
            }
            quantiles_of(parts, count, out->bands, out->own, o * RAC_SIM_QUANTILES * sim->times + from + t,
                         sim->times);
        }
}

static void mix_exposures(rac_arena *arena, const drawn *all, size_t count, rac_sim_mixture *out)
{
    double *rows[RAC_SIM_MODELS];
    for (size_t m = 0; m < count; m++)
        rows[m] = rac_many(arena, double, all[m].kept);
    for (size_t o = 0; o < all[0].shared; o++)
        for (size_t i = 0; i < RAC_SIM_EXPOSURES; i++) {
            rac_mixture_part parts[RAC_SIM_MODELS] = {0};
            for (size_t m = 0; m < count; m++) {
                for (size_t k = 0; k < all[m].kept; k++) {
                    const rac_sim_exposure *e = &all[m].exposures[o * all[m].kept + k];
                    rows[m][k] = i == 0 ? e->highest : i == 1 ? e->at_h : e->area;
                }
                parts[m] = (rac_mixture_part){.weight = all[m].draws->weight,
                                              .sorted = rows[m],
                                              .count = put_in_order(&all[m], rows[m])};
            }
            quantiles_of(parts, count, out->exposures, NULL, (o * RAC_SIM_EXPOSURES + i) * RAC_SIM_QUANTILES,
                         1);
        }
}

rac_status rac_sim_mix_draws(const rac_sim *sim, rac_arena *arena, const rac_sim_shared *shared,
                             const rac_sim_draws *draws, size_t count, rac_sim_mixture *out, rac_error *err)
{
    drawn all[RAC_SIM_MODELS] = {0};
    size_t together = 0;
    for (size_t m = 0; m < count; m++)
        together += draws[m].kept * shared->count;
    const size_t most = SLICE_VALUES / together ? SLICE_VALUES / together : 1;
    const size_t slice = most < sim->times ? most : sim->times;
    const size_t band = shared->count * RAC_SIM_QUANTILES * sim->times;
    *out = (rac_sim_mixture){
        .bands = rac_many(arena, double, band),
        .exposures = rac_many(arena, double, shared->count *RAC_SIM_EXPOSURES *RAC_SIM_QUANTILES)};
    for (size_t m = 0; m < count; m++) {
        all[m] = (drawn){.draws = &draws[m],
                         .outputs = shared->output[draws[m].arm],
                         .shared = shared->count,
                         .kept = draws[m].kept,
                         .values = rac_many(arena, double, shared->count *slice *draws[m].kept),
                         .dead = rac_many(arena, bool, draws[m].kept),
                         .exposures = rac_many(arena, rac_sim_exposure, shared->count * draws[m].kept),
                         .last = rac_many(arena, double, shared->count *draws[m].kept)};
        out->own[m] = rac_many(arena, double, band);
    }
    rac_status status = RAC_OK;
    for (size_t from = 0; from < sim->times && !status; from += slice) {
        const size_t times = sim->times - from < slice ? sim->times - from : slice;
        for (size_t m = 0; m < count && !status; m++) {
            status = run_slice(sim, &all[m], from, times, err);
            if (!status)
                expose_slice(&all[m], sim->times_h, from, times);
        }
        if (!status && !from)
            status = check_living(all, count, err);
        if (!status)
            mix_slice(sim, all, count, from, times, out);
    }
    if (!status)
        mix_exposures(arena, all, count, out);
    return status;
}

/* ---- people ---- */

static size_t place_of(const rac_sim_arm *arm, int output)
{
    size_t k = 0;
    while (k < arm->output_count && arm->outputs[k] != output)
        k++;
    return k;
}

static void mix_people_at(const rac_sim *sim, const rac_sim_shared *shared, size_t o, size_t time,
                          bool exposures, size_t which, double *out, size_t stride)
{
    rac_mixture_part parts[RAC_SIM_MODELS];
    for (size_t m = 0; m < sim->arm_count; m++) {
        const rac_sim_arm *arm = &sim->arms[m];
        const size_t k = place_of(arm, shared->output[m][o]);
        parts[m] = rac_sim_spread_part(exposures ? arm->exposure_spread : arm->curve_spread,
                                       exposures ? k * RAC_SIM_EXPOSURES + which : k, time);
        parts[m].weight = sim->weights[m];
    }
    for (size_t q = 0; q < RAC_SIM_QUANTILES; q++)
        out[q * stride] = rac_mixture_quantile(parts, sim->arm_count, rac_sim_quantiles[q]);
}

/* The typical curve of an average is the mean of the typical curves, where every model has one. */
static void mix_typical(rac_sim *sim, const rac_sim_shared *shared, rac_sim_arm *average)
{
    average->has_typical = true;
    for (size_t m = 0; m < sim->arm_count; m++)
        average->has_typical &= sim->arms[m].has_typical;
    average->typical = rac_many(sim->arena, double, shared->count * sim->times);
    average->typical_exposure = rac_many(sim->arena, rac_sim_exposure, shared->count);
    for (size_t o = 0; o < shared->count && average->has_typical; o++) {
        double *mean = average->typical + o * sim->times;
        for (size_t m = 0; m < sim->arm_count; m++) {
            const double *own =
                sim->arms[m].typical + place_of(&sim->arms[m], shared->output[m][o]) * sim->times;
            for (size_t t = 0; t < sim->times; t++)
                mean[t] += sim->weights[m] * own[t];
        }
        average->typical_exposure[o] = rac_sim_expose(sim->times_h, sim->times, mean, 1);
    }
}

static const rac_model_about *about_average(const rac_sim *sim)
{
    rac_model_about *about = rac_new(sim->arena, rac_model_about);
    char *title = rac_string_copy(sim->arena, "");
    bool one_substance = true, one_sampling = true;
    for (size_t m = 0; m < sim->arm_count; m++) {
        const rac_model_about *own = sim->arms[m].about;
        title = rac_format(sim->arena, "%s%s%s %.3g", title, m ? ", " : "", own->name, sim->weights[m]);
        one_substance &= !strcmp(own->substance, sim->arms[0].about->substance);
        one_sampling &= !strcmp(own->sampling, sim->arms[0].about->sampling);
    }
    *about = (rac_model_about){
        .name = "average",
        .title = rac_format(sim->arena, "the models mixed by their weights (%s)", title),
        .substance = one_substance ? sim->arms[0].about->substance : "what each model is written for",
        .sampling = one_sampling ? sim->arms[0].about->sampling : "different sites"};
    return about;
}

rac_status rac_sim_mix_people(rac_sim *sim, rac_error *err)
{
    rac_sim_shared shared;
    const rac_status status = rac_sim_find_shared(sim, &shared, err);
    if (status)
        return status;
    rac_sim_arm *average = &sim->arms[sim->arm_count];
    const rac_sim_arm *first = &sim->arms[0];
    *average = (rac_sim_arm){.model = first->model,
                             .about = about_average(sim),
                             .with = rac_string_copy(sim->arena, ""),
                             .label = "average",
                             .outputs = shared.output[0],
                             .output_count = shared.count,
                             .groups = first->groups,
                             .group_count = first->group_count,
                             .has_spread = true};
    for (size_t m = 0; m < sim->arm_count; m++) {
        average->subjects += sim->arms[m].subjects;
        average->failed += sim->arms[m].failed;
        average->counted |= sim->arms[m].counted;
    }
    mix_typical(sim, &shared, average);
    average->bands = rac_many(sim->arena, double, shared.count *RAC_SIM_QUANTILES * sim->times);
    average->exposures = rac_many(sim->arena, double, shared.count *RAC_SIM_EXPOSURES *RAC_SIM_QUANTILES);
    for (size_t o = 0; o < shared.count; o++) {
        for (size_t t = 0; t < sim->times; t++)
            mix_people_at(sim, &shared, o, t, false, 0,
                          average->bands + o * RAC_SIM_QUANTILES * sim->times + t, sim->times);
        for (size_t i = 0; i < RAC_SIM_EXPOSURES; i++)
            mix_people_at(sim, &shared, o, 0, true, i,
                          average->exposures + (o * RAC_SIM_EXPOSURES + i) * RAC_SIM_QUANTILES, 1);
    }
    sim->mixed = true;
    return RAC_OK;
}
