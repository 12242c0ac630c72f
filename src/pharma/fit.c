/* Individual fits: see racemate/pharma/fit.h. */
#include "racemate/pharma/fit.h"

#include <math.h>
#include <string.h>

#include "pharma/model.h"

enum { STEPS_MAX = 50, DIMENSIONS_MAX = 64, CANDIDATES = RAC_TILE };

/* Where the steps are small enough: z is in standard deviations of the population. */
static const double STEP_ENOUGH = 1e-7;
/* Central differences: the third derivative times this squared is about 1e-9 of the curve. */
static const double DIFFERENCE = 1e-4;

typedef struct fitter {
    rac_arena *arena;
    const rac_model *m;
    const rac_fit_request *ask;
    rac_population population;
    int epochs, dimensions, occasions;
    int occasion_first; /* z of occasion o begin at occasion_first + o x (z of an occasion) */
    double *etas;       /* candidates x epochs x etas */
    double *predicted;  /* candidates x samples */
    double *parameters; /* epochs x parameters of candidate 0 */
    bool *possible;     /* candidates: every prediction is finite */
    double *slopes;     /* dimensions x samples */
    size_t samples;
} fitter;

/* ---- predictions of many z at once ---- */

static void etas_of(const fitter *f, const double *z, double *etas)
{
    int subject_at = 0, within = (f->dimensions - f->occasion_first) / (f->occasions ? f->occasions : 1);
    for (int e = 0; e < f->epochs; e++) {
        const int occasion = f->ask->occasion ? f->ask->occasion[e] : 0;
        int occasion_at = f->occasion_first + occasion * within;
        subject_at = 0;
        for (size_t b = 0; b < f->m->block_count; b++) {
            const rac_eta_block *block = &f->m->blocks[b];
            int *at = block->occasion ? &occasion_at : &subject_at;
            for (int i = 0; i < block->count; i++) {
                double sum = 0;
                for (int j = 0; j <= i; j++)
                    sum += block->factor[i * block->count + j] * z[*at + j];
                etas[(size_t)e * f->m->eta_count + (size_t)(block->first + i)] = sum;
            }
            *at += block->count;
        }
    }
}

static void take(void *context, const rac_population_tile *tile)
{
    fitter *f = context;
    for (int s = 0; s < tile->subjects; s++) {
        const size_t candidate = tile->first_subject + (size_t)s;
        f->possible[candidate] = !(tile->failed >> s & 1);
        for (size_t i = 0; i < f->samples; i++)
            f->predicted[candidate * f->samples + i] =
                tile->values[(i * tile->outputs + (size_t)f->ask->samples[i].output) * RAC_TILE + (size_t)s];
    }
    for (size_t i = 0; tile->first_subject == 0 && i < (size_t)tile->epochs * tile->parameters; i++)
        f->parameters[i] = tile->parameter_values[i * RAC_TILE];
}

/* Predictions for `count` vectors z (count x dimensions). */
static rac_status predict(fitter *f, const double *z, size_t count, rac_error *err)
{
    for (size_t c = 0; c < count; c++)
        etas_of(f, z + c * (size_t)f->dimensions, f->etas + c * (size_t)f->epochs * f->m->eta_count);
    rac_arena *scratch = rac_arena_new();
    size_t failed;
    f->population.subjects = count;
    const rac_status status = rac_population_run(scratch, &f->population, take, f, &failed, err);
    rac_arena_free(scratch);
    return status;
}

/* ---- the objective ---- */

typedef struct point {                                /* a sample on the scale on which its error is normal */
    double residual, variance, variance_slope, slope; /* slopes with respect to f */
} point;

static point look_at(const rac_residual *error, double y, double f)
{
    if (error->log > 0)
        return (point){log(y) - log(f), error->log * error->log, 0, 1 / f};
    const double b2 = error->proportional * error->proportional;
    return (point){y - f, error->additive * error->additive + b2 * f * f, 2 * b2 * f, 1};
}

static const rac_residual *error_of(const fitter *f, size_t sample)
{
    return &f->m->outputs[f->ask->samples[sample].output].residual;
}

/* INFINITY where the samples are impossible. */
static double objective(const fitter *f, size_t candidate, const double *z)
{
    double sum = 0;
    for (int k = 0; k < f->dimensions; k++)
        sum += z[k] * z[k];
    for (size_t i = 0; i < f->samples; i++) {
        if (!f->ask->samples[i].measured)
            continue;
        const point p =
            look_at(error_of(f, i), f->ask->samples[i].value, f->predicted[candidate * f->samples + i]);
        sum += p.residual * p.residual / p.variance + log(p.variance);
    }
    return f->possible[candidate] && isfinite(sum) ? sum : INFINITY;
}

/* Gradient and expected second derivative at z, whose predictions are candidate 0's; slopes are df/dz. */
static void derive(const fitter *f, const double *z, double *gradient, double *h)
{
    const int n = f->dimensions;
    memset(h, 0, sizeof *h * (size_t)(n * n));
    for (int k = 0; k < n; k++) {
        gradient[k] = 2 * z[k];
        h[k * n + k] = 2;
    }
    for (size_t i = 0; i < f->samples; i++) {
        if (!f->ask->samples[i].measured)
            continue;
        const point p = look_at(error_of(f, i), f->ask->samples[i].value, f->predicted[i]);
        const double by_f = -2 * p.residual * p.slope / p.variance +
                            (1 - p.residual * p.residual / p.variance) * p.variance_slope / p.variance;
        const double weight = 2 * p.slope * p.slope / p.variance +
                              p.variance_slope * p.variance_slope / (p.variance * p.variance);
        for (int k = 0; k < n; k++) {
            const double slope = f->slopes[(size_t)k * f->samples + i];
            gradient[k] += by_f * slope;
            for (int j = 0; j < n; j++)
                h[k * n + j] += weight * slope * f->slopes[(size_t)j * f->samples + i];
        }
    }
}

/* Cholesky factor in the lower triangle; the matrix is at least 2 I. */
static void factorise(double *a, int n)
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < j; k++)
            a[j * n + j] -= a[j * n + k] * a[j * n + k];
        a[j * n + j] = sqrt(a[j * n + j]);
        for (int i = j + 1; i < n; i++) {
            for (int k = 0; k < j; k++)
                a[i * n + j] -= a[i * n + k] * a[j * n + k];
            a[i * n + j] /= a[j * n + j];
        }
    }
}

static void solve(const double *factor, int n, double *x)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= factor[i * n + k] * x[k];
        x[i] /= factor[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            x[i] -= factor[k * n + i] * x[k];
        x[i] /= factor[i * n + i];
    }
}

/* ---- steps ---- */

static rac_status find_slopes(fitter *f, const double *z, double *around, rac_error *err)
{
    const size_t n = (size_t)f->dimensions;
    memcpy(around, z, sizeof *z * n);
    for (size_t k = 0; k < n; k++)
        for (int side = 0; side < 2; side++) {
            double *moved = around + (1 + 2 * k + (size_t)side) * n;
            memcpy(moved, z, sizeof *z * n);
            moved[k] += side ? -DIFFERENCE : DIFFERENCE;
        }
    const rac_status status = predict(f, around, 2 * n + 1, err);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < f->samples; i++)
            f->slopes[k * f->samples + i] =
                (f->predicted[(1 + 2 * k) * f->samples + i] - f->predicted[(2 + 2 * k) * f->samples + i]) /
                (2 * DIFFERENCE);
    return status;
}

/* The longest of the step, its half, quarter, ... that descends; true when one does. */
static rac_status shorten(fitter *f, double *z, const double *step, double *around, double *best, bool *moved,
                          rac_error *err)
{
    const size_t n = (size_t)f->dimensions;
    for (size_t c = 0; c < CANDIDATES; c++)
        for (size_t k = 0; k < n; k++)
            around[c * n + k] = z[k] - ldexp(step[k], -(int)c);
    const rac_status status = predict(f, around, CANDIDATES, err);
    *moved = false;
    for (size_t c = 0; !status && c < CANDIDATES && !*moved; c++) {
        const double value = objective(f, c, around + c * n);
        if (value < *best) {
            *best = value;
            memcpy(z, around + c * n, sizeof *z * n);
            *moved = true;
        }
    }
    return status;
}

static rac_status descend(fitter *f, double *z, double *h, double *around, rac_fit *fit, rac_error *err)
{
    const int n = f->dimensions;
    double step[DIMENSIONS_MAX];
    rac_status status = RAC_OK;
    for (fit->steps = 0; !status; fit->steps++) {
        status = find_slopes(f, z, around, err);
        if (status)
            break;
        if (!fit->steps) {
            fit->objective = fit->objective_before = objective(f, 0, z);
            if (isinf(fit->objective))
                return rac_fail(err, RAC_NOT_CONVERGED,
                                "the typical subject has no prediction for some sample");
        }
        derive(f, z, step, h);
        factorise(h, n);
        solve(h, n, step);
        double longest = 0;
        for (int k = 0; k < n; k++)
            longest = fmax(longest, fabs(step[k]));
        fit->converged = longest < STEP_ENOUGH;
        if (fit->converged || fit->steps == STEPS_MAX)
            break;
        bool moved;
        status = shorten(f, z, step, around, &fit->objective, &moved, err);
        if (!moved) { /* rounding of the objective ends the descent before the step is tiny */
            fit->converged = longest < 1e-4;
            break;
        }
    }
    return status;
}

/* Standard deviations of the etas from 2 H^-1, of which h holds the factor: each eta is a row g of the map
 * from z. */
static void spread(const fitter *f, const double *h, double *around, double *sd)
{
    const int n = f->dimensions;
    const size_t etas = (size_t)f->epochs * f->m->eta_count;
    double *unit = around, *row = rac_many(f->arena, double, etas *(size_t)n),
           *column = rac_many(f->arena, double, etas);
    for (int k = 0; k < n; k++) {
        memset(unit, 0, sizeof *unit * (size_t)n);
        unit[k] = 1;
        etas_of(f, unit, column);
        for (size_t e = 0; e < etas; e++)
            row[e * (size_t)n + (size_t)k] = column[e];
    }
    for (size_t e = 0; e < etas; e++) {
        double solved[DIMENSIONS_MAX], variance = 0;
        memcpy(solved, row + e * (size_t)n, sizeof *solved * (size_t)n);
        solve(h, n, solved);
        for (int k = 0; k < n; k++)
            variance += 2 * row[e * (size_t)n + (size_t)k] * solved[k];
        sd[e] = sqrt(variance);
    }
}

/* ---- the door ---- */

static rac_status check(const fitter *f, rac_error *err)
{
    size_t events = 0;
    for (size_t i = 0; i < f->ask->regimen->count; i++)
        events += f->ask->regimen->items[i].kind == RAC_DOSE_OBSERVATION;
    if (events != f->samples)
        return rac_fail(err, RAC_INVALID, "%zu samples, but the regimen has %zu observations", f->samples,
                        events);
    for (size_t i = 0; i < f->samples; i++) {
        const rac_sample *s = &f->ask->samples[i];
        if (s->output < 0 || (size_t)s->output >= f->m->output_count)
            return rac_fail(err, RAC_INVALID, "sample %zu is of output %d of %zu", i + 1, s->output,
                            f->m->output_count);
        const rac_residual *error = error_of(f, i);
        if (s->measured && !(error->additive > 0 || error->proportional > 0 || error->log > 0))
            return rac_fail(err, RAC_INVALID, "the model '%s' has no residual error for %s", f->m->about.name,
                            f->m->outputs[s->output].name);
        if (s->measured && (!isfinite(s->value) || (error->log > 0 && s->value <= 0)))
            return rac_fail(err, RAC_INVALID, "sample %zu has the value %g", i + 1, s->value);
    }
    for (int e = 0; f->ask->occasion && e < f->epochs; e++)
        if (f->ask->occasion[e] < 0)
            return rac_fail(err, RAC_INVALID, "epoch %d has the occasion %d", e + 1, f->ask->occasion[e]);
    if (f->dimensions > DIMENSIONS_MAX)
        return rac_fail(err, RAC_LIMIT, "%d deviations to find, at most %d", f->dimensions, DIMENSIONS_MAX);
    return RAC_OK;
}

static void count_dimensions(fitter *f)
{
    int subject = 0, within = 0, last = 0;
    for (size_t b = 0; b < f->m->block_count; b++)
        *(f->m->blocks[b].occasion ? &within : &subject) += f->m->blocks[b].count;
    for (int e = 0; f->ask->occasion && e < f->epochs; e++)
        last = f->ask->occasion[e] > last ? f->ask->occasion[e] : last;
    f->occasions = last + 1;
    f->occasion_first = subject;
    f->dimensions = subject + within * f->occasions;
}

rac_status rac_pharma_fit(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                          rac_fit *fit, rac_error *err)
{
    fitter f = {.arena = arena,
                .m = model,
                .ask = request,
                .epochs = request->epochs ? request->epochs : 1,
                .samples = request->sample_count};
    *fit = (rac_fit){0};
    count_dimensions(&f);
    rac_status status = check(&f, err);
    if (status)
        return status;
    const size_t n = (size_t)f.dimensions, epochs = (size_t)f.epochs, etas = epochs * model->eta_count;
    const size_t candidates = 2 * n + 1 > CANDIDATES ? 2 * n + 1 : CANDIDATES;
    f.etas = rac_many(arena, double, candidates *etas);
    f.predicted = rac_many(arena, double, candidates *f.samples);
    f.possible = rac_many(arena, bool, candidates);
    f.parameters = rac_many(arena, double, epochs * model->parameter_count);
    f.slopes = rac_many(arena, double, n *f.samples);
    f.population = (rac_population){.model = model,
                                    .regimen = request->regimen,
                                    .epochs = request->epochs,
                                    .epoch_h = request->epoch_h,
                                    .occasion = request->occasion,
                                    .constants = request->constants,
                                    .etas = f.etas};
    double *z = rac_many(arena, double, n), *h = rac_many(arena, double, n *n),
           *around = rac_many(arena, double, candidates *n), *sd = rac_many(arena, double, etas);
    status = descend(&f, z, h, around, fit, err);
    if (status)
        return status;
    spread(&f, h, around, sd);
    status = predict(&f, z, 1, err);
    fit->etas = f.etas;
    fit->eta_sd = sd;
    fit->predicted = f.predicted;
    fit->parameters = f.parameters;
    return status;
}
