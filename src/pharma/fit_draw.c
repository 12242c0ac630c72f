/* What samples leave possible: importance resampling and what follows from it.  See racemate/pharma/fit.h. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "pharma/fit_inside.h"

enum { KEPT_USUAL = 1000, PROPOSED_PER_KEPT = 5, CHUNK = 256, KEPT_MAX = 1000000 };

/* The proposal is wider than Laplace's normal by this factor, so that a skew or heavy tail is reached: it
 * costs a twentieth of the effective draws a dimension (1.44 / sqrt(1.88)) where the posterior is normal. */
static const double WIDER = 1.2;

typedef struct sampler {
    rac_fitter f;
    const rac_fit *fit;
    rac_random stream;
    size_t proposed;
    double *z;      /* proposed x dimensions */
    double *weight; /* proposed: log, then scaled to the largest */
} sampler;

/* z = mode + wider sqrt(2) L^-T xi, so its covariance is wider^2 2 H^-1; returns log of 1 / q. */
static double propose(sampler *s, double *z)
{
    const int n = s->f.dimensions;
    double square = 0;
    for (int k = 0; k < n; k++) {
        const double xi = rac_random_normal(&s->stream);
        square += xi * xi;
        z[k] = WIDER * M_SQRT2 * xi;
    }
    rac_fitter_solve_upper(s->fit->factor, n, z);
    for (int k = 0; k < n; k++)
        z[k] += s->fit->mode[k];
    return 0.5 * square;
}

static rac_status weigh(sampler *s, rac_error *err)
{
    const size_t n = (size_t)s->f.dimensions;
    for (size_t first = 0; first < s->proposed; first += CHUNK) {
        const size_t count = s->proposed - first < CHUNK ? s->proposed - first : CHUNK;
        double *z = s->z + first * n;
        for (size_t c = 0; c < count; c++)
            s->weight[first + c] = propose(s, z + c * n);
        const rac_status status = rac_fitter_predict(&s->f, z, count, err);
        if (status)
            return status;
        for (size_t c = 0; c < count; c++)
            s->weight[first + c] -= 0.5 * rac_fitter_objective(&s->f, c, z + c * n);
    }
    return RAC_OK;
}

/* From logarithms to weights, the largest 1; *sum and the effective number of draws (Kish 1965). */
static double scale_weights(sampler *s, double *sum)
{
    double most = -INFINITY, squares = 0;
    *sum = 0;
    for (size_t i = 0; i < s->proposed; i++)
        most = fmax(most, s->weight[i]);
    for (size_t i = 0; i < s->proposed; i++) {
        s->weight[i] = exp(s->weight[i] - most);
        *sum += s->weight[i];
        squares += s->weight[i] * s->weight[i];
    }
    return *sum * *sum / squares;
}

/* Systematic resampling (Kitagawa 1996, doi:10.1080/10618600.1996.10474692): one uniform number, then equal
 * steps through the weights, so that a draw comes as often as its weight says, rounded up or down. */
static void resample(sampler *s, size_t kept, double sum, double *etas, double *next)
{
    const rac_model *m = s->f.m;
    const size_t n = (size_t)s->f.dimensions, row = (size_t)s->f.epochs * m->eta_count;
    const double offset = rac_random_uniform(&s->stream);
    double reached = s->weight[0], fresh[RAC_FIT_DIMENSIONS_MAX] = {0};
    size_t at = 0;
    for (size_t i = 0; i < kept; i++) {
        const double wanted = ((double)i + offset) / (double)kept * sum;
        while (reached < wanted && at + 1 < s->proposed)
            reached += s->weight[++at];
        const double *z = s->z + at * n;
        rac_fitter_etas(&s->f, z, etas + i * row);
        for (int k = 0; k < s->f.within; k++)
            fresh[k] = rac_random_normal(&s->stream);
        rac_fitter_epoch_etas(m, z, fresh, next + i * m->eta_count);
    }
}

rac_status rac_pharma_fit_draw(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                               const rac_fit *fit, const rac_fit_draw_options *options, rac_fit_draws *draws,
                               rac_error *err)
{
    const size_t kept = options->kept ? options->kept : KEPT_USUAL;
    const size_t proposed = options->proposed ? options->proposed : PROPOSED_PER_KEPT * kept;
    *draws = (rac_fit_draws){.kept = kept, .proposed = proposed};
    if (!fit->converged)
        return rac_fail(err, RAC_NOT_CONVERGED, "there is no mode to draw around");
    if (kept > KEPT_MAX || proposed < kept || proposed > KEPT_MAX * PROPOSED_PER_KEPT)
        return rac_fail(err, RAC_INVALID, "%zu of %zu draws cannot be kept", kept, proposed);
    rac_arena *scratch = rac_arena_new();
    sampler s = {.fit = fit,
                 .proposed = proposed,
                 .stream = rac_random_open(options->seed, options->subject, RAC_RANDOM_POSTERIOR)};
    rac_status status = rac_fitter_open(scratch, model, request, &s.f, err);
    if (!status) {
        rac_fitter_room(&s.f, CHUNK);
        s.z = rac_many(scratch, double, proposed *(size_t)s.f.dimensions);
        s.weight = rac_many(scratch, double, proposed);
        status = weigh(&s, err);
    }
    if (!status) {
        const size_t row = (size_t)s.f.epochs * model->eta_count;
        double sum, *etas = rac_many(arena, double, kept *row),
                    *next = rac_many(arena, double, kept * model->eta_count);
        draws->effective = scale_weights(&s, &sum);
        resample(&s, kept, sum, etas, next);
        draws->etas = etas;
        draws->next_etas = next;
    }
    rac_arena_free(scratch);
    return status;
}

/* ---- curves and intervals ---- */

typedef struct collector {
    double *values; /* outputs x times of the first subject, or parameters x subjects */
    size_t subjects, kept;
} collector;

static void take_curve(void *context, const rac_population_tile *tile)
{
    collector *c = context;
    for (size_t t = 0; t < tile->times; t++)
        for (size_t o = 0; o < tile->outputs; o++)
            c->values[o * tile->times + t] = tile->values[(t * tile->outputs + o) * RAC_TILE];
}

/* Parameters of the last epoch. */
static void take_parameters(void *context, const rac_population_tile *tile)
{
    collector *c = context;
    const double *last = tile->parameter_values + (size_t)(tile->epochs - 1) * tile->parameters * RAC_TILE;
    for (size_t p = 0; p < tile->parameters; p++) {
        size_t at = c->kept;
        for (int lane = 0; lane < tile->subjects; lane++)
            if (!(tile->failed >> lane & 1))
                c->values[p * c->subjects + at++] = last[p * RAC_TILE + (size_t)lane];
    }
    for (int lane = 0; lane < tile->subjects; lane++)
        c->kept += !(tile->failed >> lane & 1);
}

static rac_status one_curve(rac_arena *arena, rac_population *p, const double **values, rac_error *err)
{
    size_t failed;
    collector c = {.values = rac_many(arena, double, p->model->output_count * p->times)};
    p->subjects = 1;
    rac_status status = rac_population_run(arena, p, take_curve, &c, &failed, err);
    if (!status && failed)
        status = rac_fail(err, RAC_NOT_CONVERGED, "the curve is not finite");
    *values = c.values;
    return status;
}

static rac_status intervals(rac_arena *arena, rac_population p, const double *quantiles, size_t count,
                            const double **out, rac_error *err)
{
    static const double beginning[] = {0};
    size_t failed;
    collector c = {.values = rac_many(arena, double, p.model->parameter_count *p.subjects),
                   .subjects = p.subjects};
    p.times_h = beginning;
    p.times = 1;
    const rac_status status = rac_population_run(arena, &p, take_parameters, &c, &failed, err);
    double *values = rac_many(arena, double, p.model->parameter_count *count);
    for (size_t i = 0; !status && c.kept && i < p.model->parameter_count; i++)
        for (size_t q = 0; q < count; q++)
            values[i * count + q] = rac_quantile(c.values + i * p.subjects, c.kept, quantiles[q]);
    *out = values;
    return status;
}

rac_status rac_pharma_fit_curve(rac_arena *arena, const rac_model *model, const rac_fit_request *request,
                                const rac_fit *fit, const rac_fit_draws *draws, const double *times_h,
                                size_t times, const double *quantiles, size_t count, rac_fit_curve *curve,
                                rac_error *err)
{
    *curve = (rac_fit_curve){.times = times, .outputs = model->output_count, .quantiles = count};
    rac_population p = {.model = model,
                        .regimen = request->regimen,
                        .times_h = times_h,
                        .times = times,
                        .epochs = request->epochs,
                        .epoch_h = request->epoch_h,
                        .occasion = request->occasion,
                        .constants = request->constants,
                        .typical = true};
    rac_status status = one_curve(arena, &p, &curve->typical, err);
    p.typical = false;
    p.etas = fit->etas;
    if (status || (status = one_curve(arena, &p, &curve->likely, err)) || !draws || !count)
        return status;
    double *band = NULL;
    size_t failed;
    p.etas = draws->etas;
    p.subjects = draws->kept;
    status = rac_population_quantiles(arena, &p, quantiles, count, &band, &failed, err);
    curve->band = band;
    return status ? status : intervals(arena, p, quantiles, count, &curve->parameters, err);
}
