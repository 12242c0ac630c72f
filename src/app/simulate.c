/* `racemate simulate`: what one or more models say of doses, in people as they vary. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/fit.h"
#include "app/simulate.h"

/* ---- what goes together ---- */

/* Options that exclude each other, with what to do instead. */
static const struct clash {
    const char *one, *other, *hint;
    const char *where; /* only where this is given, too; NULL: always */
} clashes[] = {
    {"data", "dose", "a table says itself what was given: leave out --dose", NULL},
    {"data", "repeat", "a table repeats a dose by ADDL and II", NULL},
    {"data", "route", "a table names the route by CMT (1 is the first of the model)", NULL},
    {"data", "weight", "a table has a column for each covariate", NULL},
    {"data", "people", "a table has a column for each covariate", NULL},
    {"data", "covariates", "a table has a column for each covariate", NULL},
    {"dose", "unit", "--unit is that of DV in a table; a dose has its own: '35 mg'", NULL},
    {"average", "n", "the average is of one patient's own curves: leave out --n", "data"},
    {"average", "residual", "the average is of fitted curves: leave out --residual", "data"},
    {"average", "columns", "averaged curves are written by --out", "data"},
    {"average", "parameters", "racemate fit gives those of a patient", "data"},
    {"average", "log", "leave out --log", "data"},
    {"samples", "dose", "draws are of a patient of a table: --n says how many people", NULL},
    {"weights", "data", "the samples of the table weigh the models", NULL},
};

static rac_status clash(const char *one, const char *other, const char *hint, rac_error *err)
{
    rac_fail(err, RAC_INVALID, "--%s and --%s do not go together", one, other);
    rac_error_hint(err, "%s", hint);
    return RAC_INVALID;
}

static rac_status needs(const char *what, const char *hint, rac_error *err)
{
    rac_fail(err, RAC_INVALID, "%s", what);
    rac_error_hint(err, "%s", hint);
    return RAC_INVALID;
}

static bool given(const rac_call *call, const char *name)
{
    return rac_call_value(call, name) != NULL;
}

static rac_status check_options(const rac_call *call, rac_error *err)
{
    for (size_t i = 0; i < sizeof clashes / sizeof *clashes; i++)
        if (given(call, clashes[i].one) && given(call, clashes[i].other) &&
            (!clashes[i].where || given(call, clashes[i].where)))
            return clash(clashes[i].one, clashes[i].other, clashes[i].hint, err);
    if (!given(call, "data") && !given(call, "dose"))
        return needs("what is given is missing",
                     "--dose '0.5 mg/kg over 40 min', or --data FILE with a table of doses", err);
    if (given(call, "samples") && !given(call, "average"))
        return needs("--samples are the draws of an average", "--average --data FILE", err);
    if (given(call, "weights") && !given(call, "average"))
        return needs("--weights are those of an average", "--average --weights '0.7, 0.3'", err);
    if (given(call, "average") && !given(call, "model2"))
        return needs("--average needs more than one model", "name two or three model files", err);
    if (given(call, "log") && !given(call, "plot"))
        return needs("--log is about a plot", "--plot FILE.svg", err);
    static const char *const files[] = {"out", "columns", "plot", "parameters"};
    for (size_t i = 0; i < 4; i++)
        for (size_t j = i + 1; j < 4; j++)
            if (given(call, files[i]) && given(call, files[j]) &&
                !strcmp(rac_call_value(call, files[i]), rac_call_value(call, files[j])))
                return clash(files[i], files[j], "they would write the same file", err);
    return RAC_OK;
}

/* ---- models ---- */

static rac_status read_models(rac_sim *sim, rac_reply *reply, rac_error *err)
{
    static const char *const names[RAC_SIM_MODELS] = {"model", "model2", "model3"};
    for (size_t i = 0; i < RAC_SIM_MODELS; i++) {
        rac_sim_arm *arm = &sim->arms[sim->arm_count];
        if (!given(sim->call, names[i]))
            continue;
        rac_status status = rac_app_model_argument(sim->call, names[i], &arm->model, reply, err);
        if (!status)
            status = rac_model_check_ready(arm->model, err);
        if (status)
            return status;
        arm->about = rac_model_describe(arm->model);
        for (size_t k = 0; k < sim->arm_count; k++)
            if (!strcmp(sim->arms[k].about->name, arm->about->name))
                return rac_fail(err, RAC_INVALID, "the model '%s' is named twice", arm->about->name);
        sim->arm_count++;
    }
    return RAC_OK;
}

/* A model is called by what was sampled; by its name as well where that does not tell it from another. */
static void name_arms(rac_sim *sim)
{
    for (size_t i = 0; i < sim->arm_count; i++) {
        bool alone = true;
        for (size_t k = 0; k < sim->arm_count; k++)
            alone &= k == i || strcmp(sim->arms[k].about->sampling, sim->arms[i].about->sampling) != 0;
        sim->arms[i].label =
            alone ? sim->arms[i].about->sampling
                  : rac_format(sim->arena, "%s, %s", sim->arms[i].about->sampling, sim->arms[i].about->name);
    }
}

/* What a reader must know of models shown together. */
static void note_differences(rac_sim *sim)
{
    for (size_t i = 1; i < sim->arm_count; i++) {
        const rac_model_about *first = sim->arms[0].about, *other = sim->arms[i].about;
        if (strcmp(first->substance, other->substance) != 0)
            rac_sim_note(sim, rac_format(sim->arena,
                                         "%s is written for %s, %s for %s: the same mg is not the same dose.",
                                         first->name, first->substance, other->name, other->substance));
        if (strcmp(first->sampling, other->sampling) != 0)
            rac_sim_note(sim, rac_format(sim->arena, "%s is %s, %s is %s: they differ while drug flows.",
                                         first->name, first->sampling, other->name, other->sampling));
    }
}

static rac_status choose_outputs(rac_sim *sim, rac_error *err)
{
    const char *typed = rac_call_value(sim->call, "output");
    for (size_t a = 0; a < sim->arm_count; a++) {
        rac_sim_arm *arm = &sim->arms[a];
        const size_t count = rac_model_outputs(arm->model);
        const char **known = rac_many(sim->arena, const char *, count);
        arm->outputs = rac_many(sim->arena, int, count + 1);
        for (size_t o = 0; o < count; o++) {
            known[o] = rac_model_output_name(arm->model, o);
            if (!typed)
                arm->outputs[arm->output_count++] = (int)o;
        }
        for (rac_text rest = rac_text_of(typed), part; typed && rest.data;) {
            part = rac_text_trim(rac_text_split(rest, ',', &rest));
            const int at = rac_model_find_output(arm->model, rac_text_copy(sim->arena, part));
            if (at < 0) {
                const char *near = rac_text_nearest(part, known, count);
                rac_fail(err, RAC_INVALID, "the model '%s' has no output '%.*s'", arm->about->name,
                         RAC_TEXT(rac_text_shorten(part, 40)));
                const char *all = "";
                for (size_t o = 0; o < count; o++)
                    all = rac_format(sim->arena, "%s%s%s", all, o ? ", " : "", known[o]);
                rac_error_hint(err, near ? "did you mean %s?" : "it has %s", near ? near : all);
                return RAC_INVALID;
            }
            if (arm->output_count < count)
                arm->outputs[arm->output_count++] = at;
        }
    }
    return RAC_OK;
}

/* ---- doses ---- */

static char *route_names(rac_arena *arena, const rac_model *model)
{
    char *names = rac_string_copy(arena, "");
    for (size_t i = 0; i < rac_model_routes(model); i++)
        names = rac_format(arena, "%s%s%s", names, i ? ", " : "", rac_model_route_name(model, i));
    return names;
}

/* The only route of a model needs no name; of several none is guessed. */
static rac_status find_route(const rac_sim *sim, const rac_sim_arm *arm, const char *name, int *route,
                             rac_error *err)
{
    *route = name ? rac_model_find_route(arm->model, name) : rac_model_routes(arm->model) == 1 ? 0 : -1;
    if (*route >= 0)
        return RAC_OK;
    if (name)
        rac_fail(err, RAC_INVALID, "the model '%s' has no route '%.40s'", arm->about->name, name);
    else
        rac_fail(err, RAC_INVALID, "the model '%s' has several routes", arm->about->name);
    rac_error_hint(err, "--route, one of: %s", route_names(sim->arena, arm->model));
    return RAC_INVALID;
}

static rac_status give_doses(rac_sim *sim, rac_sim_arm *arm, rac_error *err)
{
    rac_sim_group *group = rac_new(sim->arena, rac_sim_group);
    group->regimen = rac_regimen_new(sim->arena);
    rac_status status = RAC_OK;
    for (size_t i = 0; i < sim->dose_count && !status; i++) {
        rac_sim_dose *dose = &sim->doses[i];
        if (!dose->route)
            dose->route = rac_call_value(sim->call, "route");
        rac_dose event = dose->dose;
        status = find_route(sim, arm, dose->route, &event.route, err);
        rac_regimen_add(&group->regimen, event);
        if (!status && event.per_kg && rac_model_find_covariate(arm->model, "weight") < 0)
            status = rac_fail(err, RAC_INVALID, "a dose is per kg, and the model '%s' knows no weight",
                              arm->about->name);
    }
    for (size_t i = 0; i < sim->dose_count && !status && sim->arm_count == 1; i++)
        if (!sim->doses[i].route)
            sim->doses[i].route = rac_model_route_name(arm->model, 0);
    if (!status)
        status = rac_app_with(sim->call, &group->regimen, &arm->model, &arm->with, err);
    if (!status)
        status = rac_sim_bind(sim->arena, &sim->people, arm->model, &arm->binding, err);
    group->constants = arm->binding.constants;
    arm->groups = group;
    arm->group_count = 1;
    return status;
}

static rac_status read_doses(rac_sim *sim, rac_error *err)
{
    const rac_model *models[RAC_SIM_MODELS];
    rac_status status =
        rac_sim_parse_doses(sim->arena, rac_call_value(sim->call, "dose"),
                            rac_call_value(sim->call, "repeat"), &sim->doses, &sim->dose_count, err);
    if (!status)
        status = rac_sim_people_read(sim->call, sim->seed, &sim->people, err);
    for (size_t i = 0; i < sim->arm_count; i++)
        models[i] = sim->arms[i].model;
    if (!status)
        status = rac_sim_people_known(sim->call, &sim->people, models, sim->arm_count, err);
    for (size_t i = 0; i < sim->arm_count && !status; i++)
        status = give_doses(sim, &sim->arms[i], err);
    return status;
}

/* ---- a table ---- */

static rac_status read_table(rac_sim *sim, rac_sim_arm *arm, rac_reply *reply, rac_error *err)
{
    rac_events events;
    rac_status status = rac_app_events_argument(sim->call, arm->model, &events, reply, err);
    if (status)
        return status;
    if (events.unread && arm == &sim->arms[0])
        rac_sim_note(sim,
                     rac_format(sim->arena, "columns of the table that mean nothing here were not read: %s",
                                events.unread));
    rac_regimen all = rac_regimen_new(sim->arena);
    for (size_t i = 0; i < events.count; i++)
        for (size_t k = 0; k < events.subjects[i].regimen.count; k++)
            if (events.subjects[i].regimen.items[k].kind < RAC_DOSE_RESET)
                rac_regimen_add(&all, events.subjects[i].regimen.items[k]);
    if ((status = rac_app_with(sim->call, &all, &arm->model, &arm->with, err)))
        return status;
    arm->groups = rac_many(sim->arena, rac_sim_group, events.count);
    arm->group_count = events.count;
    size_t beyond = 0;
    for (size_t i = 0; i < events.count; i++) {
        const rac_events_subject *from = &events.subjects[i];
        rac_sim_group *group = &arm->groups[i];
        *group = (rac_sim_group){.id = from->id,
                                 .regimen = from->regimen,
                                 .samples = from->samples,
                                 .sample_count = from->sample_count,
                                 .epochs = from->epochs,
                                 .epoch_h = from->epoch_h,
                                 .occasion = from->occasion,
                                 .constants = from->constants};
        for (int e = 0; e < from->epochs; e++)
            group->outside |= rac_sim_is_outside(
                arm->model, from->constants + (size_t)e * rac_model_covariates(arm->model));
        beyond += group->outside;
    }
    if (beyond) {
        arm->outside = rac_many(sim->arena, const char *, 1);
        arm->outside[arm->outside_count++] =
            rac_format(sim->arena, "%zu of %zu subjects have a covariate beyond the studied range", beyond,
                       events.count);
    }
    return RAC_OK;
}

/* From the first event to the last. */
static void span_of(const rac_sim *sim, double *first_h, double *last_h)
{
    *first_h = INFINITY;
    *last_h = -INFINITY;
    for (size_t g = 0; g < sim->arms[0].group_count; g++) {
        const rac_regimen *regimen = &sim->arms[0].groups[g].regimen;
        for (size_t i = 0; i < regimen->count; i++) {
            const rac_dose *event = &regimen->items[i];
            *first_h = fmin(*first_h, event->time_h);
            *last_h =
                fmax(*last_h, event->time_h + event->additional * event->interval_h + event->duration_h);
        }
    }
}

static int compare_times(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Even steps, and of a small table the beginnings and ends of doses, where peaks are. */
static void table_times(rac_sim *sim, double first_h, double last_h)
{
    enum { STEPS = 241, SMALL = 16, MOST = 1000 };
    double *times_h = rac_many(sim->arena, double, STEPS + 2 * MOST);
    size_t count = STEPS, kept = 0;
    memcpy(times_h, rac_sim_even_times(sim->arena, first_h, last_h, STEPS), STEPS * sizeof *times_h);
    for (size_t g = 0; g < sim->arms[0].group_count && sim->arms[0].group_count <= SMALL; g++) {
        const rac_regimen *regimen = &sim->arms[0].groups[g].regimen;
        for (size_t i = 0; i < regimen->count && count + 2 <= STEPS + 2 * MOST; i++) {
            const rac_dose *dose = &regimen->items[i];
            if (dose->kind != RAC_DOSE_BOLUS && dose->kind != RAC_DOSE_INFUSION)
                continue;
            times_h[count++] = dose->time_h;
            times_h[count++] = fmin(
                last_h, dose->time_h + (dose->rate_mg_per_h > 0 ? dose->amount_mg / dose->rate_mg_per_h : 0));
        }
    }
    qsort(times_h, count, sizeof *times_h, compare_times);
    for (size_t i = 0; i < count; i++)
        if (!kept || times_h[i] > times_h[kept - 1])
            times_h[kept++] = times_h[i];
    sim->times_h = times_h;
    sim->times = kept;
}

static rac_status settle_times(rac_sim *sim, rac_error *err)
{
    const char *typed = rac_call_value(sim->call, "times");
    if (typed)
        return rac_sim_parse_times(sim->arena, typed, &sim->times_h, &sim->times, err);
    if (!sim->table)
        return rac_sim_usual_times(sim->arena, sim->doses, sim->dose_count, &sim->times_h, &sim->times, err);
    double first_h, last_h;
    span_of(sim, &first_h, &last_h);
    if (!(last_h > first_h))
        return needs("the table has no two times", "say when a prediction is wanted: --times '4 h by 1 min'",
                     err);
    for (size_t g = 0; g < sim->arms[0].group_count; g++)
        sim->own_times |= sim->arms[0].groups[g].sample_count > 0;
    if (!sim->own_times && (given(sim->call, "out") || given(sim->call, "columns")) &&
        !given(sim->call, "average"))
        return needs("the table has no rows at which to predict",
                     "rows with EVID 0 or 2, or --times '4 h by 1 min'", err);
    table_times(sim, first_h, last_h);
    return RAC_OK;
}

/* ---- people, threads, error ---- */

static rac_status settle_numbers(rac_sim *sim, rac_error *err)
{
    enum { USUAL = 1000 };
    int64_t n, threads, seed, draws;
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const int64_t usual_threads = !sim->call->host || processors < 1 ? 1
                                  : processors > RAC_SIM_THREADS     ? RAC_SIM_THREADS
                                                                     : processors;
    rac_status status;
    if ((status = rac_call_whole(sim->call, "n", 0 + (sim->table ? 1 : USUAL), 1, INT32_MAX, &n, err)) ||
        (status = rac_call_whole(sim->call, "seed", 1, 1, INT64_MAX, &seed, err)) ||
        (status = rac_call_whole(sim->call, "samples", 1000, 20, 100000, &draws, err)) ||
        (status = rac_call_whole(sim->call, "threads", usual_threads, 1, RAC_SIM_THREADS, &threads, err)))
        return status;
    sim->n = (size_t)n;
    sim->seed = (uint64_t)seed;
    sim->threads = (int)threads;
    sim->draws = (size_t)draws;
    return RAC_OK;
}

static rac_status settle_residual(rac_sim *sim, rac_error *err)
{
    sim->residual = rac_call_flag(sim->call, "residual");
    for (size_t a = 0; a < sim->arm_count && sim->residual; a++) {
        const rac_sim_arm *arm = &sim->arms[a];
        size_t with = 0;
        for (size_t o = 0; o < arm->output_count; o++)
            with += rac_model_output_has_error(arm->model, (size_t)arm->outputs[o]);
        if (!with) {
            rac_fail(err, RAC_INVALID, "the model '%s' has no residual error for these outputs",
                     arm->about->name);
            rac_error_hint(err, "leave out --residual, or choose a model with an error section");
            return RAC_INVALID;
        }
    }
    return RAC_OK;
}

/* Work for somebody else's computer (no host: a call through the server) has a bound. */
static rac_status check_size(const rac_sim *sim, rac_error *err)
{
    enum { SERVED_MAX = 1 << 26 };
    double values = 0;
    for (size_t a = 0; a < sim->arm_count; a++)
        values += (double)sim->arms[a].group_count * (double)sim->n * (double)sim->times *
                  (double)rac_model_outputs(sim->arms[a].model);
    if (sim->call->host || values <= SERVED_MAX)
        return RAC_OK;
    rac_fail(err, RAC_LIMIT, "that is more than %d values", SERVED_MAX);
    rac_error_hint(err, "ask for fewer people or times, or use the command line");
    return RAC_LIMIT;
}

/* Weights of the models for people: equal, or those of --weights, made to add up to 1. */
static rac_status settle_weights(rac_sim *sim, rac_error *err)
{
    const char *typed = rac_call_value(sim->call, "weights");
    double sum = 0;
    size_t count = 0;
    rac_status status = RAC_OK;
    sim->average = rac_call_flag(sim->call, "average") && !sim->table;
    for (size_t m = 0; m < sim->arm_count; m++)
        sim->weights[m] = 1;
    for (rac_text rest = rac_text_of(typed), part; typed && rest.data && !status;) {
        double weight = 0;
        part = rac_text_trim(rac_text_split(rest, ',', &rest));
        status = rac_number_parse(part, &weight, err);
        if (!status && !(weight >= 0 && weight <= 1e6))
            status = rac_fail(err, RAC_INVALID, "a weight is between 0 and 1000000, not %g", weight);
        if (!status && count < sim->arm_count)
            sim->weights[count] = weight;
        count++;
    }
    if (!status && typed && count != sim->arm_count)
        status = rac_fail(err, RAC_INVALID, "%zu weights for %zu models", count, sim->arm_count);
    for (size_t m = 0; m < sim->arm_count; m++)
        sum += sim->weights[m];
    if (!status && !(sum > 0))
        status = rac_fail(err, RAC_INVALID, "the weights are all 0");
    if (status)
        rac_error_field(err, "weights");
    for (size_t m = 0; m < sim->arm_count; m++)
        sim->weights[m] /= sum;
    return status;
}

static rac_status run_all(rac_sim *sim, rac_error *err)
{
    rac_sim_files *files = NULL;
    rac_sim_parameters *parameters = NULL;
    rac_status status = rac_sim_parameters_open(sim, &parameters, err);
    if (!status)
        status = rac_sim_files_open(sim, &files, err);
    const double passes = sim->own_times && files ? 2 : 1;
    if (!status && sim->arms[0].group_count > INT32_MAX / sim->n)
        status = rac_fail(err, RAC_LIMIT, "that is more than %d people", INT32_MAX);
    for (size_t a = 0; a < sim->arm_count; a++)
        sim->total += passes * (double)(sim->arms[a].group_count * sim->n);
    for (size_t a = 0; a < sim->arm_count && !status; a++)
        status = rac_sim_run(sim, a, files, parameters, err);
    status = rac_sim_files_close(files, status, err);
    if (!status && sim->average)
        status = rac_sim_mix_people(sim, err);
    for (size_t a = 0; a < sim->arm_count; a++) {
        rac_sim_spread_free(sim->arms[a].curve_spread);
        rac_sim_spread_free(sim->arms[a].exposure_spread);
    }
    return status;
}

RAC_DO(rac_do_simulate)
{
    rac_sim *sim = rac_new(call->arena, rac_sim);
    *sim = (rac_sim){.call = call, .arena = call->arena, .table = given(call, "data")};
    rac_status status;
    if ((status = check_options(call, err)) || (status = read_models(sim, reply, err)) ||
        (status = choose_outputs(sim, err)) || (status = settle_numbers(sim, err)))
        return status;
    for (size_t a = 0; a < sim->arm_count && sim->table && !status; a++)
        status = read_table(sim, &sim->arms[a], reply, err);
    if (!status && !sim->table)
        status = read_doses(sim, err);
    if (!status && sim->people.table && !given(call, "n"))
        sim->n = sim->people.table->rows;
    if (status || (status = settle_times(sim, err)) || (status = settle_residual(sim, err)))
        return status;
    if ((status = check_size(sim, err)))
        return status;
    name_arms(sim);
    note_differences(sim);
    if (rac_call_flag(call, "average") && sim->table)
        return rac_sim_average(sim, reply, err);
    if ((status = settle_weights(sim, err)))
        return status;
    if ((status = run_all(sim, err)))
        return status;
    rac_sim_say(sim, reply);
    return given(call, "plot") ? rac_sim_plot(sim, err) : RAC_OK;
}
