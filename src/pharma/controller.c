/* Decisions on the way: see racemate/pharma/controller.h. */
#include "racemate/pharma/controller.h"

#include "pharma/body.h"
#include "pharma/population_run.h"

#include <math.h>
#include <string.h>

static rac_status check(const rac_control_request *r, rac_error *err)
{
    if (!isfinite(r->from_h) || !isfinite(r->until_h) || r->until_h < r->from_h)
        return rac_fail(err, RAC_INVALID, "from %g h until %g h is no span of time", r->from_h, r->until_h);
    const rac_status status = rac_tolerance_check(r->tolerance, r->tolerance_share, err);
    if (status)
        return status;
    for (size_t i = 0; i < r->times; i++) {
        if (!(r->times_h[i] >= r->from_h && r->times_h[i] <= r->until_h))
            return rac_fail(err, RAC_INVALID, "time %zu is %g h, outside %g to %g h", i + 1, r->times_h[i],
                            r->from_h, r->until_h);
        if (i && r->times_h[i] < r->times_h[i - 1])
            return rac_fail(err, RAC_INVALID, "time %zu (%g h) is before the one ahead of it (%g h)", i + 1,
                            r->times_h[i], r->times_h[i - 1]);
    }
    return RAC_OK;
}

/* One decision at the body's present time: orders act, and the next time comes back. */
static rac_status decide(rac_body *body, const rac_control_request *r, double now_h, double *outputs,
                         double *next_h, rac_error *err)
{
    rac_arena *scratch = rac_arena_new();
    rac_regimen orders = rac_regimen_new(scratch);
    rac_body_outputs(body, outputs);
    rac_control_turn decision = {now_h, outputs, rac_body_amounts(body), &orders, INFINITY};
    rac_status status = r->controller(r->context, &decision, err);
    if (!status && !(decision.next_h > now_h))
        status =
            rac_fail(err, RAC_INVALID, "the decision at %g h names %g h as the next", now_h, decision.next_h);
    if (!status)
        status = rac_body_order(body, &orders, err);
    *next_h = decision.next_h;
    rac_arena_free(scratch);
    return status;
}

static rac_status simulate(rac_arena *arena, rac_body *body, const rac_control_request *r, double *values,
                           size_t *decisions, rac_error *err)
{
    const size_t outputs = rac_model_outputs(r->model);
    double *seen = rac_many(arena, double, outputs);
    double next_h = r->controller ? r->from_h : INFINITY;
    size_t written = 0;
    rac_status status = RAC_OK;
    for (double now_h = r->from_h; !status;) {
        if (now_h >= next_h) {
            if (++*decisions > RAC_DECISIONS_MAX)
                return rac_fail(err, RAC_LIMIT, "more than %d decisions", RAC_DECISIONS_MAX);
            if ((status = decide(body, r, now_h, seen, &next_h, err)))
                return status;
        }
        for (; written < r->times && r->times_h[written] <= now_h; written++)
            rac_body_outputs(body, values + written * outputs);
        if (now_h >= r->until_h)
            return RAC_OK;
        now_h = fmin(next_h, written < r->times ? r->times_h[written] : r->until_h);
        now_h = fmin(now_h, r->until_h);
        status = rac_body_advance(body, now_h, err);
    }
    return status;
}

rac_status rac_pharma_control(rac_arena *arena, const rac_control_request *request, rac_control_run *run,
                              rac_error *err)
{
    double drawn[RAC_ETAS_MAX] = {0};
    rac_body *body = NULL;
    *run = (rac_control_run){0};
    rac_status status = check(request, err);
    if (status)
        return status;
    if (!request->etas && !request->typical)
        rac_model_draw(request->model, request->seed, request->subject, 0, drawn);
    const rac_body_subject subject = {.model = request->model,
                                      .covariates = request->covariates,
                                      .etas = request->etas ? request->etas : drawn,
                                      .tolerance = request->tolerance,
                                      .tolerance_share = request->tolerance_share};
    if ((status = rac_body_new(arena, &subject, request->from_h, &body, err)))
        return status;
    double *values = rac_many(arena, double, request->times *rac_model_outputs(request->model));
    if (request->regimen)
        status = rac_body_order(body, request->regimen, err);
    if (!status)
        status = simulate(arena, body, request, values, &run->decisions, err);
    run->values = values;
    run->given = *rac_body_given(body);
    rac_body_close(body);
    return status;
}
