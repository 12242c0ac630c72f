/* How likely a patient is, for many patients at once: see racemate/pharma/fit.h. */
#include "pharma/fit_inside.h"

#include <float.h>
#include <math.h>

/* ---- one sample ---- */

static const rac_residual *error_of(const rac_fitter *f, size_t sample)
{
    return &f->m->outputs[f->ask->samples[sample].output].residual;
}

/* log of the standard normal distribution function.  Far below, where erfc underflows, the first terms of its
 * asymptotic series (Abramowitz and Stegun 1964, 26.2.12) are good to 2e-10. */
static double log_phi(double u)
{
    static const double log_root_2pi = 0.91893853320467274178;
    if (u > -30)
        return log(0.5 * erfc(-u * M_SQRT1_2));
    const double w = 1 / (u * u);
    return -0.5 * u * u - log(-u) - log_root_2pi + log1p(-w * (1 - w * (3 - 15 * w)));
}

/* A value on the scale on which its error is normal; slopes are by f. */
typedef struct scaled {
    double residual, slope, variance, variance_slope;
} scaled;

static scaled scale(const rac_residual *error, double y, double f)
{
    if (error->log > 0)
        return (scaled){log(y) - log(f), 1 / f, error->log * error->log, 0};
    const double b2 = error->proportional * error->proportional;
    return (scaled){y - f, 1, error->additive * error->additive + b2 * f * f, 2 * b2 * f};
}

/* -2 log Phi(u) with u = residual / sd: the value is somewhere below the limit. */
static rac_fit_point look_below(scaled s)
{
    static const double root_2_over_pi = 0.79788456080286535588;
    if (!(s.variance > 0) || s.residual > DBL_MAX) /* a prediction of 0: certainly below */
        return (rac_fit_point){0};
    const double sd = sqrt(s.variance), u = s.residual / sd;
    const double by_f = -s.slope / sd - u * s.variance_slope / (2 * s.variance);
    const double log_share = log_phi(u), ratio = 0.5 * root_2_over_pi * exp(-0.5 * u * u - log_share);
    if (!(ratio > 0)) /* so far below that nothing depends on f */
        return (rac_fit_point){.cost = -2 * log_share};
    return (rac_fit_point){.cost = -2 * log_share,
                           .slope = -2 * ratio * by_f,
                           .curvature = 2 * fmax(ratio * (ratio + u), 0) * by_f * by_f};
}

rac_fit_point rac_fitter_look(const rac_fitter *f, size_t sample, double prediction)
{
    const rac_sample *y = &f->ask->samples[sample];
    if (!y->measured)
        return (rac_fit_point){0};
    const scaled s = scale(error_of(f, sample), y->value, prediction);
    if (y->below)
        return look_below(s);
    const double square = s.residual * s.residual / s.variance, relative = s.variance_slope / s.variance;
    return (rac_fit_point){.cost = square + log(s.variance),
                           .slope = -2 * s.residual * s.slope / s.variance + (1 - square) * relative,
                           .curvature = 2 * s.slope * s.slope / s.variance + relative * relative};
}

double rac_fitter_residual(const rac_fitter *f, size_t sample, double prediction)
{
    const rac_sample *y = &f->ask->samples[sample];
    if (!y->measured || y->below)
        return NAN;
    const scaled s = scale(error_of(f, sample), y->value, prediction);
    return s.residual / sqrt(s.variance);
}

/* ---- many z at once ---- */

void rac_fitter_epoch_etas(const rac_model *m, const double *subject_z, const double *occasion_z,
                           double *etas)
{
    for (size_t b = 0; b < m->block_count; b++) {
        const rac_eta_block *block = &m->blocks[b];
        const double **z = block->occasion ? &occasion_z : &subject_z;
        for (int i = 0; i < block->count; i++) {
            double sum = 0;
            for (int j = 0; j <= i; j++)
                sum += block->factor[i * block->count + j] * (*z)[j];
            etas[block->first + i] = sum;
        }
        *z += block->count;
    }
}

void rac_fitter_etas(const rac_fitter *f, const double *z, double *etas)
{
    for (int e = 0; e < f->epochs; e++) {
        const int occasion = f->ask->occasion ? f->ask->occasion[e] : 0;
        rac_fitter_epoch_etas(f->m, z, z + f->occasion_first + occasion * f->within,
                              etas + (size_t)e * f->m->eta_count);
    }
}

static void take(void *context, const rac_population_tile *tile)
{
    rac_fitter *f = context;
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

rac_status rac_fitter_predict(rac_fitter *f, const double *z, size_t count, rac_error *err)
{
    for (size_t c = 0; c < count; c++)
        rac_fitter_etas(f, z + c * (size_t)f->dimensions, f->etas + c * (size_t)f->epochs * f->m->eta_count);
    rac_arena *scratch = rac_arena_new();
    size_t failed;
    f->population.subjects = count;
    const rac_status status = rac_population_run(scratch, &f->population, take, f, &failed, err);
    rac_arena_free(scratch);
    return status;
}

double rac_fitter_objective(const rac_fitter *f, size_t candidate, const double *z)
{
    double sum = 0;
    for (int k = 0; k < f->dimensions; k++)
        sum += z[k] * z[k];
    for (size_t i = 0; i < f->samples; i++)
        sum += rac_fitter_look(f, i, f->predicted[candidate * f->samples + i]).cost;
    return f->possible[candidate] && isfinite(sum) ? sum : INFINITY;
}

/* ---- small dense algebra ---- */

void rac_fitter_factorise(double *a, int n)
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

void rac_fitter_solve_upper(const double *factor, int n, double *x)
{
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            x[i] -= factor[k * n + i] * x[k];
        x[i] /= factor[i * n + i];
    }
}

void rac_fitter_solve(const double *factor, int n, double *x)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            x[i] -= factor[i * n + k] * x[k];
        x[i] /= factor[i * n + i];
    }
    rac_fitter_solve_upper(factor, n, x);
}

/* ---- opening ---- */

static rac_status check_sample(const rac_fitter *f, size_t i, rac_error *err)
{
    const rac_sample *s = &f->ask->samples[i];
    if (s->output < 0 || (size_t)s->output >= f->m->output_count)
        return rac_fail(err, RAC_INVALID, "sample %zu is of output %d of %zu", i + 1, s->output,
                        f->m->output_count);
    const rac_residual *error = error_of(f, i);
    if (s->measured && !(error->additive > 0 || error->proportional > 0 || error->log > 0))
        return rac_fail(err, RAC_INVALID, "the model '%s' has no residual error for %s", f->m->about.name,
                        f->m->outputs[s->output].name);
    if (s->measured && (!isfinite(s->value) || ((error->log > 0 || s->below) && s->value <= 0)))
        return rac_fail(err, RAC_INVALID, "sample %zu has the value %g", i + 1, s->value);
    return RAC_OK;
}

static rac_status check(const rac_fitter *f, rac_error *err)
{
    size_t events = 0;
    for (size_t i = 0; i < f->ask->regimen->count; i++)
        events += f->ask->regimen->items[i].kind == RAC_DOSE_OBSERVATION;
    if (events != f->samples)
        return rac_fail(err, RAC_INVALID, "%zu samples, but the regimen has %zu observations", f->samples,
                        events);
    for (size_t i = 0; i < f->samples; i++) {
        const rac_status status = check_sample(f, i, err);
        if (status)
            return status;
    }
    for (int e = 0; f->ask->occasion && e < f->epochs; e++)
        if (f->ask->occasion[e] < 0)
            return rac_fail(err, RAC_INVALID, "epoch %d has the occasion %d", e + 1, f->ask->occasion[e]);
    if (f->dimensions > RAC_FIT_DIMENSIONS_MAX)
        return rac_fail(err, RAC_LIMIT, "%d deviations to find, at most %d", f->dimensions,
                        RAC_FIT_DIMENSIONS_MAX);
    return RAC_OK;
}

static void count_dimensions(rac_fitter *f)
{
    int last = 0;
    for (size_t b = 0; b < f->m->block_count; b++)
        *(f->m->blocks[b].occasion ? &f->within : &f->occasion_first) += f->m->blocks[b].count;
    for (int e = 0; f->ask->occasion && e < f->epochs; e++)
        last = f->ask->occasion[e] > last ? f->ask->occasion[e] : last;
    f->occasions = last + 1;
    f->dimensions = f->occasion_first + f->within * f->occasions;
}

rac_status rac_fitter_open(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                           rac_fitter *f, rac_error *err)
{
    *f = (rac_fitter){.arena = arena,
                      .m = model,
                      .ask = request,
                      .epochs = request->epochs ? request->epochs : 1,
                      .samples = request->sample_count,
                      /* States are integrated; what differences magnify must be smaller than they are. */
                      .population = {.model = model,
                                     .tolerance = 1e-10,
                                     .regimen = request->regimen,
                                     .epochs = request->epochs,
                                     .epoch_h = request->epoch_h,
                                     .occasion = request->occasion,
                                     .constants = request->constants}};
    count_dimensions(f);
    return check(f, err);
}

void rac_fitter_room(rac_fitter *f, size_t candidates)
{
    const size_t epochs = (size_t)f->epochs;
    f->etas = rac_many(f->arena, double, candidates *epochs * f->m->eta_count);
    f->predicted = rac_many(f->arena, double, candidates * f->samples);
    f->possible = rac_many(f->arena, bool, candidates);
    f->parameters = rac_many(f->arena, double, epochs * f->m->parameter_count);
    f->population.etas = f->etas;
}
