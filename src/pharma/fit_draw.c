/* What samples leave possible: importance resampling and what follows from it.  See racemate/pharma/fit.h. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "pharma/fit_inside.h"

enum { KEPT_USUAL = 1000, PROPOSED_PER_KEPT = 5, CHUNK = 256, KEPT_MAX = 1000000, ROUNDS_MAX = 4 };

/* A round in which fewer than this share of the draws is effective is followed by another. */
static const double SHARE_ENOUGH = 0.25;

/* The proposal is wider than Laplace's normal by this factor, so that a skew or heavy tail is reached: it
 * costs a twentieth of the effective draws a dimension (1.44 / sqrt(1.88)) where the posterior is normal. */
static const double WIDER = 1.2;

typedef struct sampler {
    rac_fitter f;
    rac_random stream;
    size_t proposed;
    double *centre, *map; /* a draw is centre + map xi with xi standard normal: n, n x n */
    double *first;        /* n x n: the map of the first round */
    double *z;            /* proposed x dimensions */
    double *weight;       /* proposed: log, then scaled to the largest */
} sampler;

/* The first round: z = mode + wider sqrt(2) L^-T xi, so the covariance is wider^2 2 H^-1. */
static void propose_laplace(sampler *s, const rac_fit *fit, rac_arena *scratch)
{
    const size_t n = (size_t)s->f.dimensions;
    double *column = rac_many(scratch, double, n);
    for (size_t k = 0; k < n; k++) {
        memset(column, 0, sizeof *column * n);
        column[k] = WIDER * M_SQRT2;
        rac_fitter_solve_upper(fit->factor, (int)n, column);
        for (size_t i = 0; i < n; i++)
            s->first[i * n + k] = s->map[i * n + k] = column[i];
        s->centre[k] = fit->mode[k];
    }
}

/* A later round: mean and covariance of the weighed draws, wider, with a tenth of the first round's
 * covariance so that few effective draws cannot make it flat. */
static void propose_from_draws(sampler *s, double sum)
{
    const size_t n = (size_t)s->f.dimensions;
    memset(s->centre, 0, sizeof *s->centre * n);
    memset(s->map, 0, sizeof *s->map * n * n);
    for (size_t d = 0; d < s->proposed; d++)
        for (size_t k = 0; k < n; k++)
            s->centre[k] += s->weight[d] / sum * s->z[d * n + k];
    for (size_t d = 0; d < s->proposed; d++)
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k <= i; k++)
                s->map[i * n + k] += 0.9 * WIDER * WIDER * s->weight[d] / sum *
                                     (s->z[d * n + i] - s->centre[i]) * (s->z[d * n + k] - s->centre[k]);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++)
            for (size_t j = 0; j < n; j++)
                s->map[i * n + k] += 0.1 * s->first[i * n + j] * s->first[k * n + j];
    rac_fitter_factorise(s->map, (int)n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            s->map[i * n + k] = 0;
}

/* One draw; returns log of 1 / q up to a constant. */
static double propose(sampler *s, double *z)
{
    const size_t n = (size_t)s->f.dimensions;
    double square = 0;
    memcpy(z, s->centre, sizeof *z * n);
    for (size_t k = 0; k < n; k++) {
        const double xi = rac_random_normal(&s->stream);
        square += xi * xi;
        for (size_t i = 0; i < n; i++)
            z[i] += s->map[i * n + k] * xi;
    }
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

static rac_status draw_rounds(sampler *s, const rac_fit *fit, rac_arena *scratch, rac_fit_draws *draws,
                              double *sum, rac_error *err)
{
    const size_t n = (size_t)s->f.dimensions;
    rac_fitter_room(&s->f, CHUNK);
    s->centre = rac_many(scratch, double, n);
    s->map = rac_many(scratch, double, n *n);
    s->first = rac_many(scratch, double, n *n);
    s->z = rac_many(scratch, double, s->proposed *n);
    s->weight = rac_many(scratch, double, s->proposed);
    propose_laplace(s, fit, scratch);
    for (draws->rounds = 1;; draws->rounds++) {
        const rac_status status = weigh(s, err);
        if (status)
            return status;
        draws->effective = scale_weights(s, sum);
        if (draws->effective >= SHARE_ENOUGH * (double)s->proposed || draws->rounds == ROUNDS_MAX)
            return RAC_OK;
        propose_from_draws(s, *sum);
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
    sampler s = {.proposed = proposed,
                 .stream = rac_random_open(options->seed, options->subject, RAC_RANDOM_POSTERIOR)};
    rac_status status = rac_fitter_open(scratch, model, request, &s.f, err);
    double sum = 0;
    if (!status)
        status = draw_rounds(&s, fit, scratch, draws, &sum, err);
    if (!status) {
        const size_t row = (size_t)s.f.epochs * model->eta_count;
        double *etas = rac_many(arena, double, kept *row),
               *next = rac_many(arena, double, kept * model->eta_count);
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
