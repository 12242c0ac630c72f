/* The most likely patient: see racemate/pharma/fit.h. */
#include "racemate/pharma/fit.h"

#include <math.h>
#include <string.h>

#include "pharma/fit_inside.h"
#include "pharma/population_run.h"
#include "pharma/sensitivity.h"

enum { STEPS_MAX = 200, CANDIDATES = RAC_TILE };

/* Where the steps are small enough: z is in standard deviations of the population. */
static const double STEP_ENOUGH = 1e-7;
/* Further than this at once, the curvature found here says little, and parameters may overflow. */
static const double STEP_MOST = 4;

/* Central differences of order 6, for models with states: the seventh derivative times h^6 / 140 is 5e-13 of
 * the curve, and what their solver leaves (1e-10) comes back times 1.8 / h. */
static const double DIFFERENCE = 2e-2;
enum { NEIGHBOURS = 6 };
static const struct {
    double step, weight;
} STENCIL[NEIGHBOURS] = {{1, 0.75}, {-1, -0.75}, {2, -0.15}, {-2, 0.15}, {3, 1.0 / 60}, {-3, -1.0 / 60}};

typedef struct search {
    rac_fitter f;
    rac_sensitivity *exact; /* NULL: the model has states */
    double *z;              /* dimensions */
    double *around;         /* candidates x dimensions */
    double *slopes;         /* dimensions x samples: df/dz */
    double *h; /* dimensions x dimensions: expected second derivative, then its Cholesky factor */
} search;

/* ---- predictions and slopes ---- */

static void take_look(search *s, const rac_sensitivity_look *look)
{
    const rac_fitter *f = &s->f;
    const size_t n = (size_t)f->dimensions, outputs = f->m->output_count,
                 blocks = (n + RAC_LANES - 1) / RAC_LANES;
    f->possible[0] = true;
    for (size_t i = 0; i < f->samples; i++) {
        const size_t at = i * outputs + (size_t)f->ask->samples[i].output;
        f->predicted[i] = look->values.value[at];
        for (size_t k = 0; k < n; k++)
            s->slopes[k * f->samples + i] = look->values.slope[at * blocks + k / RAC_LANES][k % RAC_LANES];
    }
    memcpy(f->parameters, look->parameters, sizeof(double) * (size_t)f->epochs * f->m->parameter_count);
}

static rac_status look_by_differences(search *s, const double *at, rac_error *err)
{
    const size_t n = (size_t)s->f.dimensions, samples = s->f.samples;
    memcpy(s->around, at, sizeof *at * n);
    for (size_t k = 0; k < n; k++)
        for (size_t c = 0; c < NEIGHBOURS; c++) {
            double *moved = s->around + (1 + NEIGHBOURS * k + c) * n;
            memcpy(moved, at, sizeof *at * n);
            moved[k] += STENCIL[c].step * DIFFERENCE;
        }
    const rac_status status = rac_fitter_predict(&s->f, s->around, NEIGHBOURS * n + 1, err);
    const double *next = s->f.predicted + samples;
    memset(s->slopes, 0, sizeof *s->slopes * n * samples);
    for (size_t k = 0; k < n; k++)
        for (size_t c = 0; c < NEIGHBOURS; c++, next += samples)
            for (size_t i = 0; i < samples; i++)
                s->slopes[k * samples + i] += STENCIL[c].weight / DIFFERENCE * next[i];
    return status;
}

/* Predictions at `at` (candidate 0) and their slopes there.  Where they are not finite differences say so,
 * too: some candidate is impossible. */
static rac_status look_around(search *s, const double *at, rac_error *err)
{
    rac_sensitivity_look look = {0};
    rac_fitter_etas(&s->f, at, s->f.etas);
    const rac_status status = s->exact ? rac_sensitivity_at(s->exact, s->f.etas, &look, err) : RAC_OK;
    if (status || !look.exact)
        return status ? status : look_by_differences(s, at, err);
    take_look(s, &look);
    return RAC_OK;
}

/* ---- steps ---- */

/* Gradient of O and its expected second derivative at z, whose predictions are candidate 0's. */
static void derive(const search *s, double *gradient)
{
    const int n = s->f.dimensions;
    memset(s->h, 0, sizeof *s->h * (size_t)(n * n));
    for (int k = 0; k < n; k++) {
        gradient[k] = 2 * s->z[k];
        s->h[k * n + k] = 2;
    }
    for (size_t i = 0; i < s->f.samples; i++) {
        const rac_fit_point p = rac_fitter_look(&s->f, i, s->f.predicted[i]);
        for (int k = 0; k < n; k++) {
            const double slope = s->slopes[(size_t)k * s->f.samples + i];
            gradient[k] += p.slope * slope;
            for (int j = 0; j < n; j++)
                s->h[k * n + j] += p.curvature * slope * s->slopes[(size_t)j * s->f.samples + i];
        }
    }
}

/* Takes the longest of the step's half, quarter, ... that descends; *moved tells whether one does. */
static rac_status shorten(search *s, const double *step, double *best, bool *moved, rac_error *err)
{
    const size_t n = (size_t)s->f.dimensions;
    for (size_t c = 0; c < CANDIDATES; c++)
        for (size_t k = 0; k < n; k++)
            s->around[c * n + k] = s->z[k] - ldexp(step[k], -(int)c - 1);
    const rac_status status = rac_fitter_predict(&s->f, s->around, CANDIDATES, err);
    *moved = false;
    for (size_t c = 0; !status && c < CANDIDATES && !*moved; c++) {
        const double value = rac_fitter_objective(&s->f, c, s->around + c * n);
        if (value < *best) {
            *best = value;
            memcpy(s->z, s->around + c * n, sizeof *s->z * n);
            *moved = true;
        }
    }
    return status || !*moved ? status : look_around(s, s->z, err);
}

/* Goes the whole step, and looks around there at once, because it nearly always descends; shortens it when it
 * does not. */
static rac_status go(search *s, const double *step, double *best, bool *moved, rac_error *err)
{
    const int n = s->f.dimensions;
    double whole[RAC_FIT_DIMENSIONS_MAX];
    for (int k = 0; k < n; k++)
        whole[k] = s->z[k] - step[k];
    const rac_status status = look_around(s, whole, err);
    const double value = status ? INFINITY : rac_fitter_objective(&s->f, 0, whole);
    *moved = value < *best;
    if (status || !*moved)
        return status ? status : shorten(s, step, best, moved, err);
    *best = value;
    memcpy(s->z, whole, sizeof *whole * (size_t)n);
    return RAC_OK;
}

/* A step that turns back along the one before went too far: samples far from what is expected curve O more
 * than Fisher's information says, and whole steps go to and fro, each a little lower.  If the step is -r
 * times the one before, the lowest point lies 1 / (1 + r) of it away.  Answers that factor; 1 when it does
 * not turn back. */
static double damping(const double *step, const double *before, int n)
{
    double dot = 0, now = 0, then = 0;
    for (int k = 0; k < n; k++) {
        dot += step[k] * before[k];
        now += step[k] * step[k];
        then += before[k] * before[k];
    }
    const bool back = dot < 0 && dot * dot > 0.25 * now * then;
    return back && now > 0.0625 * then ? 1 / (1 + sqrt(now / then)) : 1;
}

static rac_status start(search *s, rac_fit *fit, double *typical, rac_error *err)
{
    fit->objective = fit->objective_before = rac_fitter_objective(&s->f, 0, s->z);
    memcpy(typical, s->f.predicted, sizeof *typical * s->f.samples);
    if (isinf(fit->objective))
        return rac_fail(err, RAC_NOT_CONVERGED, "the typical subject has no prediction for some sample");
    return RAC_OK;
}

/* Ends at z with candidate 0 there. */
static rac_status descend(search *s, rac_fit *fit, double *typical, rac_error *err)
{
    const int n = s->f.dimensions;
    double step[RAC_FIT_DIMENSIONS_MAX], before[RAC_FIT_DIMENSIONS_MAX] = {0};
    rac_status status = look_around(s, s->z, err);
    if (!status)
        status = start(s, fit, typical, err);
    for (fit->steps = 0; !status; fit->steps++) {
        derive(s, step);
        rac_fitter_factorise(s->h, n);
        rac_fitter_solve(s->h, n, step);
        double longest = 0;
        for (int k = 0; k < n; k++)
            longest = isfinite(step[k]) ? fmax(longest, fabs(step[k])) : INFINITY;
        if (isinf(longest)) /* a prediction on the edge of what the model can say has no slope */
            return RAC_OK;
        for (int k = 0; longest > STEP_MOST && k < n; k++)
            step[k] *= STEP_MOST / longest;
        fit->converged = longest < STEP_ENOUGH;
        if (fit->converged || fit->steps == STEPS_MAX)
            return RAC_OK;
        const double share = damping(step, before, n);
        for (int k = 0; k < n; k++)
            before[k] = step[k] *= share;
        bool moved;
        status = go(s, step, &fit->objective, &moved, err);
        if (!status && !moved) { /* rounding of the objective ends the descent before the step is tiny */
            fit->converged = longest < 1e-4;
            return rac_fitter_predict(&s->f, s->z, 1, err);
        }
    }
    return status;
}

/* ---- what is told of the mode ---- */

/* Each eta is a row of the map from z: dimensions x epochs x etas. */
static const double *map_of_etas(const rac_fitter *f)
{
    const size_t n = (size_t)f->dimensions, etas = (size_t)f->epochs * f->m->eta_count;
    double *unit = rac_many(f->arena, double, n), *map = rac_many(f->arena, double, etas *n);
    for (size_t k = 0; k < n; k++) {
        unit[k] = 1;
        rac_fitter_etas(f, unit, map + k * etas);
        unit[k] = 0;
    }
    return map;
}

/* Standard deviations of the etas, before and after: with a row g of the map the variance is g'g before and
 * 2 g' H^-1 g after. */
static void spread(const search *s, const double *map, double *before, double *after)
{
    const int n = s->f.dimensions;
    const size_t etas = (size_t)s->f.epochs * s->f.m->eta_count;
    for (size_t e = 0; e < etas; e++) {
        double solved[RAC_FIT_DIMENSIONS_MAX], prior = 0, posterior = 0;
        for (int k = 0; k < n; k++)
            solved[k] = map[(size_t)k * etas + e];
        rac_fitter_solve(s->h, n, solved);
        for (int k = 0; k < n; k++) {
            const double g = map[(size_t)k * etas + e];
            prior += g * g;
            posterior += 2 * g * solved[k];
        }
        before[e] = sqrt(prior);
        after[e] = sqrt(posterior);
    }
}

rac_status rac_pharma_fit(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                          rac_fit *fit, rac_error *err)
{
    search s = {0};
    *fit = (rac_fit){0};
    rac_status status = rac_fitter_open(arena, model, request, &s.f, err);
    if (!status)
        status = rac_population_check(&s.f.population, err);
    if (status)
        return status;
    const size_t n = (size_t)s.f.dimensions, etas = (size_t)s.f.epochs * model->eta_count;
    const size_t candidates = NEIGHBOURS * n + 1 > CANDIDATES ? NEIGHBOURS * n + 1 : CANDIDATES;
    const double *map = map_of_etas(&s.f);
    rac_fitter_room(&s.f, candidates);
    s.z = rac_many(arena, double, n);
    s.h = rac_many(arena, double, n *n);
    s.around = rac_many(arena, double, candidates *n);
    s.slopes = rac_many(arena, double, n *s.f.samples);
    double *typical = rac_many(arena, double, s.f.samples), *residual = rac_many(arena, double, s.f.samples),
           *before = rac_many(arena, double, etas), *after = rac_many(arena, double, etas);
    s.exact = rac_sensitivity_new(arena, &s.f.population, map, s.f.dimensions);
    status = descend(&s, fit, typical, err);
    rac_sensitivity_close(s.exact);
    if (status)
        return status;
    spread(&s, map, before, after);
    for (size_t i = 0; i < s.f.samples; i++)
        residual[i] = rac_fitter_residual(&s.f, i, s.f.predicted[i]);
    fit->etas = s.f.etas;
    fit->eta_sd = after;
    fit->eta_sd_before = before;
    fit->predicted = s.f.predicted;
    fit->typical = typical;
    fit->residual = residual;
    fit->parameters = s.f.parameters;
    fit->dimensions = s.f.dimensions;
    fit->mode = s.z;
    fit->factor = s.h;
    return RAC_OK;
}
