/* Factors on a plan: see racemate/pharma/target.h. */
#include "pharma/target_inside.h"

#include <math.h>
#include <string.h>

#include "pharma/model.h"
#include "pharma/order.h"

/* Subjects whose curves are held at once, so that memory does not grow with their number. */
enum { BLOCK = 512 };

/* Curves of a block of subjects for one regimen, subject by subject: times x outputs. */
typedef struct curves {
    double *values;
    bool *failed;
    size_t row;
    uint64_t first;
} curves;

static void keep(void *context, const rac_population_tile *tile)
{
    curves *c = context;
    for (int s = 0; s < tile->subjects; s++) {
        const size_t subject = (size_t)(tile->first_subject - c->first) + (size_t)s;
        c->failed[subject] |= tile->failed >> s & 1;
        for (size_t i = 0; i < c->row; i++)
            c->values[subject * c->row + i] = tile->values[i * RAC_TILE + (size_t)s];
    }
}

/* Superposition holds for doses.  Resets and steady states act on what else is there: allowed are those of
 * what was given before everything that is planned. */
static rac_status check_events(const rac_target_request *ask, rac_error *err)
{
    double planned_h = INFINITY;
    for (size_t i = 0; i < ask->planned->count; i++)
        planned_h = fmin(planned_h, ask->planned->items[i].time_h);
    const rac_regimen *both[] = {ask->given, ask->planned};
    for (int r = 0; r < 2; r++)
        for (size_t i = 0; both[r] && i < both[r]->count; i++) {
            const rac_dose *dose = &both[r]->items[i];
            const bool acts = dose->kind == RAC_DOSE_RESET || dose->steady == RAC_STEADY_REPLACE;
            if (acts && !(r == 0 && dose->time_h < planned_h))
                return rac_fail(err, RAC_UNSUPPORTED,
                                "a reset or steady state in a regimen that is to be multiplied");
        }
    return RAC_OK;
}

static rac_status check(const rac_model *m, const rac_target_request *ask, rac_error *err)
{
    if (!ask->subjects || !ask->times)
        return rac_fail(err, RAC_INVALID, "a target needs subjects and times");
    for (size_t i = 0; i < ask->target_count; i++) {
        const rac_target *t = &ask->targets[i];
        if (t->output < 0 || (size_t)t->output >= m->output_count)
            return rac_fail(err, RAC_INVALID, "target %zu is of output %d of %zu", i + 1, t->output,
                            m->output_count);
        if (!(t->from_h >= 0 && t->until_h >= t->from_h))
            return rac_fail(err, RAC_INVALID, "target %zu is from %g to %g h", i + 1, t->from_h, t->until_h);
        if (!(t->level > 0) || !isfinite(t->level) || !(t->probability >= 0 && t->probability <= 1))
            return rac_fail(err, RAC_INVALID, "target %zu has level %g and probability %g", i + 1, t->level,
                            t->probability);
    }
    return check_events(ask, err);
}

/* The factor at which a subject touches the level. */
static double critical(const rac_target_request *ask, const rac_target *t, const double *before,
                       const double *planned, size_t outputs)
{
    double least = INFINITY;
    for (size_t i = 0; i < ask->times; i++) {
        if (!rac_target_counts(t, ask->times_h[i]))
            continue;
        const size_t at = i * outputs + (size_t)t->output;
        const double room = t->level - (before ? before[at] : 0);
        if (room <= 0)
            return t->goal ? 0 : -INFINITY; /* reached, or broken, by what was given */
        if (planned[at] > 0)
            least = fmin(least, room / planned[at]);
    }
    return least;
}

/* A share of patients is a count of patients: nothing is interpolated. */
static double share_bound(double *factors, size_t count, const rac_target *t)
{
    const double needed = ceil(t->probability * (double)count - 1e-9); /* in how many it must hold */
    if (needed < 1)
        return t->goal ? 0 : INFINITY;
    const size_t rank = (size_t)needed - 1;
    /* A goal holds in those who need least; a limit in those who bear most. */
    const size_t place = t->goal ? rank : count - 1 - rank;
    return rac_order_statistic(factors, count, place);
}

/* Factors of all targets for the subjects of one block; NAN where there is no answer. */
static void take_factors(const rac_target_request *ask, size_t outputs, const curves *before,
                         const curves *planned, size_t count, double *factors)
{
    for (size_t k = 0; k < ask->target_count; k++)
        for (size_t s = 0; s < count; s++)
            factors[k * ask->subjects + planned->first + s] =
                planned->failed[s]
                    ? NAN
                    : critical(ask, &ask->targets[k], before ? before->values + s * before->row : NULL,
                               planned->values + s * planned->row, outputs);
}

static rac_status find_factors(rac_arena *scratch, const rac_model *model, const rac_target_request *ask,
                               const double *covariates, double *factors, size_t *failed, rac_error *err)
{
    const size_t row = ask->times * model->output_count, most = ask->subjects < BLOCK ? ask->subjects : BLOCK;
    bool *lost = rac_many(scratch, bool, most);
    curves before = {rac_many(scratch, double, ask->given ? most *row : 0), lost, row, 0},
           planned = {rac_many(scratch, double, most *row), lost, row, 0};
    for (size_t first = 0; first < ask->subjects; first += BLOCK) {
        const size_t count = ask->subjects - first < BLOCK ? ask->subjects - first : BLOCK;
        rac_population p = {.model = model,
                            .seed = ask->seed,
                            .first_subject = first,
                            .subjects = count,
                            .times_h = ask->times_h,
                            .times = ask->times,
                            .constants = covariates,
                            .etas = ask->etas ? ask->etas + first * model->eta_count : NULL,
                            .regimen = ask->planned};
        size_t ignored;
        memset(lost, 0, sizeof *lost * most);
        before.first = planned.first = first;
        rac_arena *run = rac_arena_new();
        rac_status status = rac_population_run(run, &p, keep, &planned, &ignored, err);
        p.regimen = ask->given;
        if (!status && ask->given)
            status = rac_population_run(run, &p, keep, &before, &ignored, err);
        rac_arena_free(run);
        if (status)
            return status;
        take_factors(ask, model->output_count, ask->given ? &before : NULL, &planned, count, factors);
        for (size_t s = 0; s < count; s++)
            *failed += lost[s];
    }
    return RAC_OK;
}

static void judge(const rac_target_request *ask, const double *factors, double *sorted, double *share,
                  rac_target_answer *answer)
{
    answer->most = INFINITY;
    answer->least = 0;
    for (size_t k = 0; k < ask->target_count; k++) {
        const rac_target *t = &ask->targets[k];
        size_t count = 0, held = 0;
        for (size_t s = 0; s < ask->subjects; s++) {
            const double factor = factors[k * ask->subjects + s];
            if (isnan(factor))
                continue;
            held += t->goal ? factor <= 1 : factor >= 1;
            sorted[count++] = factor;
        }
        share[k] = (double)held / (double)count;
        const double bound = share_bound(sorted, count, t);
        if (t->goal)
            answer->least = fmax(answer->least, bound);
        else
            answer->most = fmin(answer->most, fmax(bound, 0));
    }
    answer->possible = answer->least <= answer->most && answer->most > 0;
}

static rac_status settle_covariates(const rac_model *model, const double *given, double *settled,
                                    rac_error *err)
{
    for (size_t i = 0; i < model->covariate_count; i++) {
        const rac_covariate *c = &model->covariates[i];
        const bool known = given && !isnan(given[i]);
        if (!known && !c->has_fallback)
            return rac_fail(err, RAC_INVALID, "the model '%s' needs the covariate %s", model->about.name,
                            c->name);
        settled[i] = known ? given[i] : c->fallback;
    }
    return RAC_OK;
}

rac_status rac_pharma_target(rac_arena *arena, const rac_model *model, const rac_target_request *request,
                             rac_target_answer *answer, rac_error *err)
{
    *answer = (rac_target_answer){.subjects = request->subjects};
    double *covariates = rac_many(arena, double, model->covariate_count);
    rac_status status = check(model, request, err);
    if (status || (status = settle_covariates(model, request->covariates, covariates, err)))
        return status;
    double *factors = rac_many(arena, double, request->target_count * request->subjects),
           *share = rac_many(arena, double, request->target_count);
    rac_arena *scratch = rac_arena_new();
    answer->interpolated = !model->all_linear || model->has_linear_start;
    status =
        answer->interpolated
            ? rac_target_factors_by_steps(scratch, model, request, covariates, factors, &answer->failed, err)
            : find_factors(scratch, model, request, covariates, factors, &answer->failed, err);
    if (!status && answer->failed == request->subjects)
        status = rac_fail(err, RAC_NOT_CONVERGED, "no subject has an answer");
    if (!status) {
        judge(request, factors, rac_many(scratch, double, request->subjects), share, answer);
        answer->share_at_one = share;
        answer->factors = factors;
    }
    rac_arena_free(scratch);
    return status;
}
