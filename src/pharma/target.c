/* Factors on a plan: see racemate/pharma/target.h. */
#include "racemate/pharma/target.h"

#include <math.h>

#include "pharma/model.h"
#include "pharma/order.h"

/* Curves of all subjects for one regimen, subject by subject: times x outputs. */
typedef struct curves {
    double *values;
    bool *failed;
    size_t row;
} curves;

static void keep(void *context, const rac_population_tile *tile)
{
    curves *c = context;
    for (int s = 0; s < tile->subjects; s++) {
        const size_t subject = tile->first_subject + (size_t)s;
        c->failed[subject] |= tile->failed >> s & 1;
        for (size_t i = 0; i < c->row; i++)
            c->values[subject * c->row + i] = tile->values[i * RAC_TILE + (size_t)s];
    }
}

static rac_status check(const rac_model *m, const rac_target_request *ask, rac_error *err)
{
    if (!m->all_linear || m->has_linear_start)
        return rac_fail(err, RAC_UNSUPPORTED, "outputs of the model '%s' are not linear in the dose",
                        m->about.name);
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
    /* Superposition holds for doses.  These events act on what else is there. */
    const rac_regimen *both[] = {ask->given, ask->planned};
    for (int r = 0; r < 2; r++)
        for (size_t i = 0; both[r] && i < both[r]->count; i++)
            if (both[r]->items[i].kind == RAC_DOSE_RESET || both[r]->items[i].steady == RAC_STEADY_REPLACE)
                return rac_fail(err, RAC_UNSUPPORTED,
                                "a reset or steady state in a regimen that is to be multiplied");
    return RAC_OK;
}

/* The factor at which a subject touches the level. */
static double critical(const rac_target_request *ask, const rac_target *t, const double *before,
                       const double *planned, size_t outputs)
{
    const bool everywhere = !(t->until_h > 0);
    double least = INFINITY;
    for (size_t i = 0; i < ask->times; i++) {
        if (!everywhere && (ask->times_h[i] < t->from_h || ask->times_h[i] > t->until_h))
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

static void judge(const rac_target_request *ask, size_t outputs, const curves *before, const curves *planned,
                  double *sorted, double *factors, double *share, rac_target_answer *answer)
{
    answer->most = INFINITY;
    answer->least = 0;
    for (size_t k = 0; k < ask->target_count; k++) {
        const rac_target *t = &ask->targets[k];
        size_t count = 0, held = 0;
        for (size_t s = 0; s < ask->subjects; s++) {
            double *kept = &factors[k * ask->subjects + s];
            *kept = NAN;
            if (planned->failed[s])
                continue;
            const double factor = critical(ask, t, before ? before->values + s * before->row : NULL,
                                           planned->values + s * planned->row, outputs);
            held += t->goal ? factor <= 1 : factor >= 1;
            sorted[count++] = *kept = factor;
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

rac_status rac_pharma_target(rac_arena *arena, const rac_model *model, const rac_target_request *request,
                             rac_target_answer *answer, rac_error *err)
{
    *answer = (rac_target_answer){.subjects = request->subjects};
    rac_status status = check(model, request, err);
    double *covariates = rac_many(arena, double, model->covariate_count);
    for (size_t i = 0; !status && i < model->covariate_count; i++) {
        const rac_covariate *c = &model->covariates[i];
        const bool known = request->covariates && !isnan(request->covariates[i]);
        if (!known && !c->has_fallback)
            status = rac_fail(err, RAC_INVALID, "the model '%s' needs the covariate %s", model->about.name,
                              c->name);
        covariates[i] = known ? request->covariates[i] : c->fallback;
    }
    if (status)
        return status;
    rac_arena *scratch = rac_arena_new();
    const size_t row = request->times * model->output_count, n = request->subjects;
    bool *failed = rac_many(scratch, bool, n);
    curves before = {rac_many(scratch, double, n *row), failed, row},
           planned = {rac_many(scratch, double, n *row), failed, row};
    rac_population p = {.model = model,
                        .seed = request->seed,
                        .subjects = n,
                        .times_h = request->times_h,
                        .times = request->times,
                        .constants = covariates,
                        .etas = request->etas,
                        .regimen = request->planned};
    size_t ignored;
    status = rac_population_run(scratch, &p, keep, &planned, &ignored, err);
    if (!status && request->given) {
        p.regimen = request->given;
        status = rac_population_run(scratch, &p, keep, &before, &ignored, err);
    }
    for (size_t s = 0; s < n; s++)
        answer->failed += failed[s];
    if (!status && answer->failed == n)
        status = rac_fail(err, RAC_NOT_CONVERGED, "no subject has an answer");
    if (!status) {
        double *share = rac_many(arena, double, request->target_count),
               *factors = rac_many(arena, double, request->target_count *n);
        judge(request, model->output_count, request->given ? &before : NULL, &planned,
              rac_many(scratch, double, n), factors, share, answer);
        answer->share_at_one = share;
        answer->factors = factors;
    }
    rac_arena_free(scratch);
    return status;
}
