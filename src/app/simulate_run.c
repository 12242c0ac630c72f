/* A model runs: its typical curve, then people in blocks, to the files and to the quantiles. */
#include <math.h>
#include <string.h>

#include "app/simulate.h"

void rac_sim_note(rac_sim *sim, const char *note)
{
    rac_push(sim->arena, sim->notes, sim->note_count, sim->note_capacity, note);
}

rac_sim_exposure rac_sim_expose(const double *times_h, size_t times, const double *values, size_t stride)
{
    rac_sim_exposure e = {.highest = values[0], .at_h = times_h[0]};
    for (size_t t = 1; t < times; t++) {
        const double now = values[t * stride], before = values[(t - 1) * stride];
        e.area += (now + before) / 2 * (times_h[t] - times_h[t - 1]);
        if (now > e.highest)
            e = (rac_sim_exposure){now, times_h[t], e.area};
    }
    return e;
}

/* ---- the typical subject ---- */

static void keep_typical(void *context, const rac_population_tile *tile)
{
    rac_sim_arm *arm = context;
    arm->unsettled = tile->unsettled & 1;
    for (size_t t = 0; t < tile->times; t++)
        for (size_t k = 0; k < arm->output_count; k++)
            arm->typical[k * tile->times + t] =
                tile->values[(t * tile->outputs + (size_t)arm->outputs[k]) * RAC_TILE];
}

static rac_status run_typical(rac_sim *sim, rac_sim_arm *arm, rac_error *err)
{
    const rac_sim_group *group = &arm->groups[0];
    arm->typical = rac_many(sim->arena, double, arm->output_count * sim->times);
    arm->typical_exposure = rac_many(sim->arena, rac_sim_exposure, arm->output_count);
    const rac_population population = {.model = arm->model,
                                       .seed = sim->seed,
                                       .subjects = 1,
                                       .regimen = &group->regimen,
                                       .times_h = sim->times_h,
                                       .times = sim->times,
                                       .epochs = group->epochs,
                                       .epoch_h = group->epoch_h,
                                       .occasion = group->occasion,
                                       .constants = group->constants,
                                       .typical = true};
    size_t failed = 0;
    rac_arena *scratch = rac_arena_new();
    rac_status status = rac_population_run(scratch, &population, keep_typical, arm, &failed, err);
    rac_arena_free(scratch);
    if (!status && arm->unsettled)
        status = rac_fail(err, RAC_NOT_CONVERGED,
                          "the model '%s' comes to no steady state under these doses in the typical subject",
                          arm->about->name);
    else if (!status && failed)
        status = rac_fail(err, RAC_NOT_CONVERGED,
                          "the model '%s' has no finite answer for the typical subject", arm->about->name);
    if (arm->unsettled)
        rac_error_hint(err, "is more given than is ever eliminated? give the doses as they were, one by one");
    for (size_t k = 0; k < arm->output_count && !status; k++)
        arm->typical_exposure[k] = rac_sim_expose(sim->times_h, sim->times, arm->typical + k * sim->times, 1);
    arm->has_typical = !status;
    return status;
}

/* ---- people ---- */

typedef struct pass pass;

typedef struct worker {
    pass *pass;
    int number;
    double *exposure; /* a tile of outputs x exposures */
    double *chosen;   /* a tile of times x outputs */
    size_t unsettled; /* people without a steady state */
} worker;

struct pass {
    rac_sim *sim;
    rac_sim_arm *arm;
    rac_sim_files *files;             /* NULL: no rows in this pass */
    rac_sim_parameters *parameters;   /* NULL: not in this pass */
    rac_sim_spread *curve, *exposure; /* NULL: no summary in this pass */
    uint64_t first;                   /* of the block */
    size_t place;                     /* of its first person in the spread */
    worker workers[RAC_SIM_THREADS];
    void *contexts[RAC_SIM_THREADS];
};

/* Curves become numbers, as a tile of one time. */
static void expose(const pass *p, worker *w, const rac_population_tile *tile, size_t place)
{
    for (size_t k = 0; k < tile->outputs; k++)
        for (int lane = 0; lane < tile->subjects; lane++) {
            const rac_sim_exposure e =
                rac_sim_expose(p->sim->times_h, tile->times, tile->values + k * RAC_TILE + (size_t)lane,
                               tile->outputs * RAC_TILE);
            const double numbers[RAC_SIM_EXPOSURES] = {e.highest, e.at_h, e.area};
            for (size_t i = 0; i < RAC_SIM_EXPOSURES; i++)
                w->exposure[(k * RAC_SIM_EXPOSURES + i) * RAC_TILE + (size_t)lane] = numbers[i];
        }
    rac_population_tile numbers = *tile;
    numbers.times = 1;
    numbers.outputs = tile->outputs * RAC_SIM_EXPOSURES;
    numbers.values = w->exposure;
    rac_sim_spread_add(p->exposure, w->number, &numbers, place);
}

/* The tile with the outputs that were asked for. */
static rac_population_tile choose(const pass *p, worker *w, const rac_population_tile *tile)
{
    rac_population_tile chosen = *tile;
    const rac_sim_arm *arm = p->arm;
    chosen.outputs = arm->output_count;
    chosen.values = w->chosen;
    for (size_t t = 0; t < tile->times; t++)
        for (size_t k = 0; k < arm->output_count; k++)
            memcpy(w->chosen + (t * arm->output_count + k) * RAC_TILE,
                   tile->values + (t * tile->outputs + (size_t)arm->outputs[k]) * RAC_TILE,
                   RAC_TILE * sizeof(double));
    return chosen;
}

static void take_tile(void *context, const rac_population_tile *tile)
{
    worker *w = context;
    pass *p = w->pass;
    const size_t in_block = (size_t)(tile->first_subject - p->first);
    w->unsettled += (size_t)__builtin_popcount(tile->unsettled);
    if (p->curve) {
        const rac_population_tile chosen = choose(p, w, tile);
        rac_sim_spread_add(p->curve, w->number, &chosen, p->place + in_block);
        expose(p, w, &chosen, p->place + in_block);
    }
    if (p->files)
        rac_sim_files_add(p->files, w->number, tile, in_block);
    if (p->parameters)
        rac_sim_parameters_add(p->parameters, tile, in_block);
}

static rac_status tell_progress(void *context, size_t done, size_t total, rac_error *err)
{
    const rac_sim *sim = context;
    (void)total, (void)err;
    rac_call_progress(sim->call, sim->done + (double)done, sim->total, "people");
    return RAC_OK;
}

/* One subject of a table is not worth a thread. */
static rac_status run_block(pass *p, const rac_population *population, size_t *failed, rac_error *err)
{
    enum { WORTH_THREADS = 8 * RAC_TILE };
    const rac_population_watch watch = {tell_progress, p->sim};
    rac_arena *scratch = rac_arena_new();
    p->first = population->first_subject;
    const rac_status status =
        p->sim->threads > 1 && population->subjects >= WORTH_THREADS
            ? rac_population_run_threads(scratch, population, p->sim->threads, take_tile, p->contexts, &watch,
                                         failed, err)
            : rac_population_run(scratch, population, take_tile, p->contexts[0], failed, err);
    rac_arena_free(scratch);
    p->sim->done += (double)population->subjects;
    rac_call_progress(p->sim->call, p->sim->done, p->sim->total, "people");
    return status;
}

static void open_workers(pass *p)
{
    const size_t outputs = p->arm->output_count;
    for (int w = 0; w < p->sim->threads; w++) {
        p->workers[w] =
            (worker){.pass = p,
                     .number = w,
                     .exposure = rac_many(p->sim->arena, double, outputs *RAC_SIM_EXPOSURES *RAC_TILE),
                     .chosen = rac_many(p->sim->arena, double, outputs * p->sim->times * RAC_TILE)};
        p->contexts[w] = &p->workers[w];
    }
}

/* Room for the covariates of a block that differ between people; NULL for the others. */
static double **block_columns(rac_sim *sim, const rac_sim_arm *arm, size_t people)
{
    double **columns = rac_many(sim->arena, double *, arm->binding.count + 1);
    for (size_t c = 0; c < arm->binding.count && !sim->table; c++) {
        const rac_sim_binding *b = &arm->binding;
        if (b->table[c] || (b->law[c] >= 0 && b->people->laws[b->law[c]].kind != RAC_SIM_CONSTANT))
            columns[c] = rac_many(sim->arena, double, people);
    }
    return columns;
}

/* The rows of a subject of a table: the times of its samples, each once unless something happened between. */
static size_t row_times(rac_arena *arena, const rac_sim_group *group, size_t **at, double **times_h)
{
    size_t count = 0, sample = 0;
    *at = rac_many(arena, size_t, group->sample_count);
    *times_h = rac_many(arena, double, group->sample_count);
    for (size_t i = 0; i < group->regimen.count; i++) {
        const rac_dose *event = &group->regimen.items[i], *before = i ? event - 1 : NULL;
        if (event->kind != RAC_DOSE_OBSERVATION)
            continue;
        const bool again = before && before->kind == RAC_DOSE_OBSERVATION && before->time_h >= event->time_h;
        if (!again) {
            (*at)[count] = sample;
            (*times_h)[count++] = event->time_h;
        }
        sample++;
    }
    return count;
}

static rac_status run_group(pass *p, size_t index, size_t group_index, bool own_times, rac_error *err)
{
    rac_sim *sim = p->sim;
    rac_sim_arm *arm = p->arm;
    const rac_sim_group *group = &arm->groups[group_index];
    rac_arena *arena = rac_arena_new();
    rac_sim_block block = {.arm = index, .group = group_index, .times = sim->times, .times_h = sim->times_h};
    if (own_times) {
        size_t *at;
        double *times_h;
        block.times = row_times(arena, group, &at, &times_h);
        block.at = at;
        block.times_h = times_h;
    }
    const size_t most = rac_sim_files_block(p->files, block.times * arm->output_count);
    const size_t size = most < sim->n ? most : sim->n;
    double **columns = block_columns(sim, arm, size);
    unsigned char *outside = sim->table ? NULL : rac_many(arena, unsigned char, size);
    rac_status status = RAC_OK;
    for (size_t first = 0; first < sim->n && !status; first += size) {
        const size_t people = sim->n - first < size ? sim->n - first : size;
        const rac_population population = {.model = arm->model,
                                           .seed = sim->seed,
                                           .first_subject = group_index * sim->n + first,
                                           .subjects = people,
                                           .regimen = &group->regimen,
                                           .times_h = own_times ? NULL : sim->times_h,
                                           .times = own_times ? 0 : sim->times,
                                           .epochs = group->epochs,
                                           .epoch_h = group->epoch_h,
                                           .occasion = group->occasion,
                                           .columns = sim->table ? NULL : (const double *const *)columns,
                                           .constants = group->constants,
                                           .residual = sim->residual};
        if (!sim->table)
            status = rac_sim_draw(&arm->binding, first, people, columns, outside, err);
        block.first = first;
        block.people = people;
        block.columns = columns;
        block.outside = outside;
        if (!status && p->files)
            status = rac_sim_files_begin(p->files, &block, err);
        if (p->parameters)
            rac_sim_parameters_begin(p->parameters, people);
        p->place = group_index * sim->n + first;
        size_t failed = 0;
        if (!status)
            status = run_block(p, &population, &failed, err);
        if (!status && p->files)
            status = rac_sim_files_end(p->files, err);
        if (!status && p->parameters)
            status = rac_sim_parameters_end(p->parameters, group_index, first, err);
        arm->subjects += own_times ? 0 : people;
        arm->failed += own_times ? 0 : failed;
    }
    rac_arena_free(arena);
    return status;
}

static rac_status run_pass(pass *p, size_t index, bool own_times, rac_error *err)
{
    rac_status status = RAC_OK;
    for (size_t g = 0; g < p->arm->group_count && !status; g++)
        if (!own_times || p->arm->groups[g].sample_count)
            status = run_group(p, index, g, own_times, err);
    return status;
}

static rac_status read_spread(rac_sim *sim, rac_sim_arm *arm, pass *p, rac_error *err)
{
    double *table = NULL;
    rac_status status = rac_sim_spread_table(sim->arena, p->curve, &arm->bands, err);
    if (!status)
        status = rac_sim_spread_table(sim->arena, p->exposure, &table, err);
    arm->exposures = table; /* outputs x exposures as one row of outputs: times is 1 */
    arm->has_spread = !status;
    arm->counted = rac_sim_spread_is_counted(p->curve);
    return status;
}

rac_status rac_sim_run(rac_sim *sim, size_t index, rac_sim_files *files, rac_sim_parameters *parameters,
                       rac_error *err)
{
    rac_sim_arm *arm = &sim->arms[index];
    const size_t outputs = arm->output_count, people = arm->group_count * sim->n;
    const bool apart = sim->own_times && files; /* rows at other times than the summary's */
    const bool alike = rac_model_etas(arm->model) == 0 && !arm->binding.varies && !sim->residual;
    const bool varied = arm->group_count > 1 || !alike, summed = varied || sim->average;
    pass p = {.sim = sim, .arm = arm, .files = apart ? NULL : files, .parameters = parameters};
    rac_status status = RAC_OK;
    open_workers(&p);
    if (arm->group_count == 1 && !arm->binding.varies)
        status = run_typical(sim, arm, err);
    if (!status && summed) {
        p.curve = rac_sim_spread_new(sim->arena, people, sim->times, outputs, sim->threads);
        p.exposure = rac_sim_spread_new(sim->arena, people, 1, outputs * RAC_SIM_EXPOSURES, sim->threads);
    }
    if (!status)
        status = run_pass(&p, index, false, err);
    for (int w = 0; w < sim->threads; w++)
        arm->unsettled += p.workers[w].unsettled;
    if (!status && summed)
        status = read_spread(sim, arm, &p, err);
    arm->has_spread &= varied;
    if (sim->average) {
        arm->curve_spread = p.curve;
        arm->exposure_spread = p.exposure;
    } else {
        rac_sim_spread_free(p.curve);
        rac_sim_spread_free(p.exposure);
    }
    if (!status && apart) {
        p = (pass){.sim = sim, .arm = arm, .files = files};
        open_workers(&p);
        status = run_pass(&p, index, true, err);
    }
    if (!sim->table)
        rac_sim_outside(sim->arena, &arm->binding, &arm->outside, &arm->outside_count);
    return status;
}
