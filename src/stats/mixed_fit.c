/* stats/mixed_fit.c: from a design and options to a fit: the ladder of covariances, then what is reported. */
#include "stats/mixed_engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const rac_covariance ladder[] = {
    RAC_COVARIANCE_UNSTRUCTURED, RAC_COVARIANCE_TOEPLITZ_OWN, RAC_COVARIANCE_ANTE_OWN,
    RAC_COVARIANCE_AR1_OWN,      RAC_COVARIANCE_COMPOUND_OWN, RAC_COVARIANCE_TOEPLITZ,
    RAC_COVARIANCE_AR1,          RAC_COVARIANCE_COMPOUND,
};
#define LADDER_LENGTH (sizeof ladder / sizeof *ladder)
#define ITERATIONS_MAX 100
/* More parameters than anybody can estimate, and matrices of that size squared. */
#define PARAMETERS_MAX 600

/* ---- what the options ask for -------------------------------------------------------------------- */

static rac_status check_options(const rac_mixed_options *o, const rac_mixed_design *d, rac_error *err)
{
    if (o->covariance >= RAC_COVARIANCE_COUNT)
        return rac_fail(err, RAC_INVALID, "covariance %d is not known", (int)o->covariance);
    const bool kr = o->df == RAC_MIXED_KENWARD_ROGER || o->df == RAC_MIXED_KENWARD_ROGER_FULL;
    if (kr && o->maximum_likelihood)
        return rac_fail(err, RAC_UNSUPPORTED,
                        "Kenward-Roger is defined for REML, not for maximum likelihood");
    if (kr && o->errors != RAC_MIXED_MODEL_BASED)
        return rac_fail(err, RAC_UNSUPPORTED,
                        "Kenward-Roger corrects model-based errors, not empirical ones");
    if (o->level < 0 || o->level >= 1)
        return rac_fail(err, RAC_INVALID, "interval level is %g, it lies between 0 and 1", o->level);
    if (mixed_structure_uses_time(o->covariance) && !d->time && !d->visit_time) {
        rac_fail(err, RAC_INVALID, "covariance %s needs the times of the visits",
                 rac_covariance_name(o->covariance));
        rac_error_hint(err, "give visit_time, or time when patients have their own");
        return RAC_INVALID;
    }
    return RAC_OK;
}

/* The covariances to try, in order. */
static const rac_covariance *steps_of(rac_arena *arena, const rac_mixed_options *o, size_t *count)
{
    rac_covariance *steps = NULL;
    size_t capacity = 0;
    *count = 0;
    rac_push(arena, steps, *count, capacity, o->covariance);
    if (o->no_fallback)
        return steps;
    size_t from = LADDER_LENGTH;
    for (size_t k = 0; k < LADDER_LENGTH; k++)
        if (ladder[k] == o->covariance)
            from = k + 1;
    for (size_t k = from; !o->fallback && k < LADDER_LENGTH; k++)
        rac_push(arena, steps, *count, capacity, ladder[k]);
    for (size_t k = 0; o->fallback && k < o->fallbacks; k++)
        rac_push(arena, steps, *count, capacity, o->fallback[k]);
    return steps;
}

/* ---- times --------------------------------------------------------------------------------------- */

/* The search works with times centred and scaled, so that a clock in seconds since 1970 does no harm. */
typedef struct time_scale {
    double centre, unit;
} time_scale;

static time_scale scale_times(rac_arena *arena, rac_mixed_design *d)
{
    double n = 0, sum = 0, squares = 0;
    time_scale scale = {0, 1};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < d->patients; i++)
            for (size_t v = 0; v < d->visits; v++) {
                if (isnan(d->outcome[i * d->visits + v]))
                    continue;
                const double t = d->time ? d->time[i * d->visits + v] : d->visit_time[v];
                n += pass == 0;
                sum += pass == 0 ? t : 0;
                squares += pass == 1 ? (t - scale.centre) * (t - scale.centre) : 0;
            }
        scale.centre = sum / n;
    }
    if (squares > 0)
        scale.unit = sqrt(squares / n);
    const size_t count = d->time ? d->patients * d->visits : d->visits;
    const double *const from = d->time ? d->time : d->visit_time;
    double *const to = rac_many(arena, double, count);
    for (size_t k = 0; k < count; k++)
        to[k] = (from[k] - scale.centre) / scale.unit;
    if (d->time)
        d->time = to;
    else
        d->visit_time = to;
    return scale;
}

/* ---- one covariance ------------------------------------------------------------------------------ */

static mixed_engine *least_squares(rac_arena *arena, const mixed_sums *sums, bool own_times)
{
    /* A random intercept of variance 0 and a residual of variance 1 is the identity. */
    mixed_engine *const ols =
        mixed_engine_make(arena, sums, RAC_COVARIANCE_RANDOM_INTERCEPT, own_times, true);
    return mixed_engine_likelihood(ols) ? ols : NULL;
}

/* Residuals that are rounding noise leave nothing to estimate. */
static rac_status check_variation(const mixed_sums *s, const mixed_engine *ols, rac_error *err)
{
    double residual = 0, centred = 0, raw = 0;
    for (size_t k = 0; k < s->patterns; k++) {
        const mixed_pattern *const p = &s->pattern[k];
        for (size_t j = 0; j < p->seen; j++) {
            const double mean = s->outcome_mean[p->visit[j]];
            residual += ols->v[p->square + j * p->seen + j];
            centred += p->yy[j * p->seen + j];
            raw += p->yy[j * p->seen + j] + (double)p->patients * mean * mean;
        }
    }
    if (!isfinite(raw))
        return rac_fail(err, RAC_INVALID, "the outcome or a covariate is too large for sums of squares");
    if (centred <= 1e-26 * raw)
        return rac_fail(
            err, RAC_INVALID,
            "the outcome is the same in every patient at each visit: there is no variance to estimate");
    if (residual <= 1e-13 * centred)
        return rac_fail(err, RAC_INVALID,
                        "the columns explain the outcome completely: there is no variance to estimate");
    return RAC_OK;
}

/* theta_covariance = inverse information; directions without information (a boundary of a random slope) get
 * variance 0.  False when there are such directions and `boundary` does not allow them. */
static bool invert_information(rac_arena *arena, const double *information, size_t n, bool boundary,
                               double *out)
{
    double *const scaled = rac_many(arena, double, n *n), *const scale = rac_many(arena, double, n);
    double *const values = rac_many(arena, double, n), *const vectors = rac_many(arena, double, n *n);
    for (size_t a = 0; a < n; a++)
        scale[a] = information[a * n + a] > 0 ? 1 / sqrt(information[a * n + a]) : 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            scaled[a * n + b] = information[a * n + b] * scale[a] * scale[b];
            if (!isfinite(scaled[a * n + b]))
                return false;
        }
    /* The usual case: positive definite, no parameter all but a combination of others (1e10 is the factor by
     * which that inflates its variance). */
    memcpy(vectors, scaled, n * n * sizeof *vectors);
    if (mixed_cholesky(vectors, n)) {
        double *const work = rac_many(arena, double, n *n);
        bool well = true;
        mixed_cholesky_inverse(vectors, n, out, work);
        for (size_t a = 0; a < n; a++)
            well = well && out[a * n + a] < 1e10;
        for (size_t a = 0; well && a < n; a++)
            for (size_t b = 0; b < n; b++)
                out[a * n + b] *= scale[a] * scale[b];
        if (well)
            return true;
    }
    if (!boundary)
        return false;
    mixed_eigen(scaled, n, values, vectors);
    memset(out, 0, n * n * sizeof *out);
    for (size_t k = 0; k < n; k++) {
        if (values[k] <= 1e-10 * values[n - 1])
            continue;
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < n; b++)
                out[a * n + b] += scale[a] * scale[b] * vectors[k * n + a] * vectors[k * n + b] / values[k];
    }
    return true;
}

/* Two visits that all but determine each other, or a variance that all but vanishes: the share of a visit's
 * variance that the visits before it leave is below 1e-6. */
static bool nearly_singular(rac_arena *arena, const mixed_engine *e)
{
    const size_t m = e->sums->visits;
    double *const l = rac_many(arena, double, m *m);
    for (size_t g = 0; g < e->sums->groups && !e->own_times; g++) {
        const double *const sigma = e->sigma + g * m * m;
        memcpy(l, sigma, m * m * sizeof *l);
        if (!mixed_cholesky(l, m))
            return true;
        for (size_t j = 0; j < m; j++)
            if (l[j * m + j] * l[j * m + j] < 1e-6 * sigma[j * m + j])
                return true;
    }
    return false;
}

/* Tries one covariance; the engine at the maximum, or NULL and *why. */
static mixed_engine *try_covariance(rac_arena *arena, const mixed_sums *sums, const mixed_engine *ols,
                                    rac_covariance kind, bool own_times, const rac_mixed_options *o,
                                    mixed_search *search, double **theta_covariance, const char **why)
{
    const size_t parameters = sums->groups * rac_covariance_parameters(kind, sums->visits);
    if (parameters > PARAMETERS_MAX) {
        *why = rac_format(arena, "%zu covariance parameters, at most %d are accepted", parameters,
                          PARAMETERS_MAX);
        return NULL;
    }
    mixed_engine *const e = mixed_engine_make(arena, sums, kind, own_times, !o->maximum_likelihood);
    if (!mixed_start(arena, e, ols, why))
        return NULL;
    if (!mixed_newton(arena, e, o->iterations_max > 0 ? o->iterations_max : ITERATIONS_MAX, search, why)) {
        if (nearly_singular(arena, e))
            *why = rac_format(arena,
                              "the likelihood leads to a singular covariance: some scores all but determine "
                              "others (%s)",
                              *why);
        return NULL;
    }
    *theta_covariance = rac_many(arena, double, parameters *parameters);
    const bool boundary = mixed_structure_is_random(kind);
    if ((!search->observed_definite && !boundary) ||
        !invert_information(arena, e->information, parameters, boundary, *theta_covariance)) {
        *why = "the covariance is not identified: the information is singular at the maximum";
        return NULL;
    }
    return e;
}

/* ---- reporting ----------------------------------------------------------------------------------- */

static void spread(const mixed_sums *s, const double *kept, double *all)
{
    for (size_t a = 0; a < s->rank; a++)
        for (size_t b = 0; b < s->rank; b++)
            all[s->kept[a] * s->columns + s->kept[b]] = kept[a * s->rank + b];
}

static void report_criteria(const mixed_engine *e, rac_mixed_fit *fit)
{
    const double k = (double)e->parameters, p = (double)e->sums->rank, n = (double)e->sums->observations;
    fit->log_likelihood = e->log_likelihood;
    fit->deviance = -2 * e->log_likelihood;
    fit->aic = fit->deviance + 2 * k;
    const double effective = fmax(k + 2, e->restricted ? n - p : n); /* as mmrm corrects it */
    fit->aicc = fit->deviance + 2 * k * effective / (effective - k - 1);
    fit->bic = fit->deviance + k * log((double)e->sums->patients);
    fit->aic_all = fit->deviance + 2 * (k + p);
    fit->bic_all = fit->deviance + (k + p) * log(n);
}

/* G in the caller's unit of time: intercept at time 0, slope per unit. */
static void report_random(rac_arena *arena, const mixed_engine *e, time_scale scale, rac_mixed_fit *fit)
{
    const double *const t = e->theta;
    const bool slope = e->kind == RAC_COVARIANCE_RANDOM_SLOPE;
    const double g11 = t[0] * t[0], g12 = slope ? t[0] * t[1] : 0;
    const double g22 = slope ? t[1] * t[1] + t[2] * t[2] : 0, s = scale.centre / scale.unit;
    const double noise = exp(t[e->per_group - 1]);
    fit->random = true;
    fit->variance_residual = noise * noise;
    fit->variance_intercept = g11 - 2 * s * g12 + s * s * g22;
    fit->covariance_intercept_slope = (g12 - s * g22) / scale.unit;
    fit->variance_slope = g22 / (scale.unit * scale.unit);
    fit->intraclass_correlation =
        fit->variance_intercept / (fit->variance_intercept + fit->variance_residual);
    /* lme4's rule: a diagonal of L, in residual standard deviations, below 1e-4. */
    fit->singular = fabs(t[0]) < 1e-4 * noise || (slope && fabs(t[2]) < 1e-4 * noise);
    double *const effect = rac_many(arena, double, e->sums->design->patients * 2);
    mixed_random_effects(e, effect);
    for (size_t i = 0; i < e->sums->design->patients; i++) {
        effect[2 * i] -= s * effect[2 * i + 1];
        effect[2 * i + 1] /= scale.unit;
    }
    fit->random_effect = effect;
}

static void report_sigma(rac_arena *arena, const mixed_engine *e, rac_mixed_fit *fit)
{
    const size_t m = e->sums->visits;
    if (!e->own_times) {
        fit->sigma = e->sigma;
        fit->sigma_size = m;
        return;
    }
    static const double unit_apart[2] = {0, 1};
    double *const sigma = rac_many(arena, double, e->sums->groups * 4);
    for (size_t g = 0; g < e->sums->groups; g++)
        mixed_structure_fill(&(mixed_shape){e->kind, 2, unit_apart, e->theta + g * e->per_group},
                             sigma + 4 * g, NULL);
    fit->sigma = sigma;
    fit->sigma_size = 2;
}

/* Equal up to the rounding of multiplying a row by the root of its weight and dividing again. */
static bool same_value(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fabs(b);
}

/* Columns constant in every patient are "between"; the intercept counts as between but is tested within,
 * as in mmrm and SAS. */
static void classify_columns(rac_arena *arena, const mixed_sums *s, rac_mixed_state *state)
{
    const rac_mixed_design *const d = s->design;
    bool *const within = rac_many(arena, bool, s->rank);
    size_t between_count = 0, within_count = 0;
    for (size_t a = 0; a < s->rank; a++) {
        bool constant = true, everywhere_one = true;
        for (size_t i = 0; i < d->patients; i++) {
            if (s->pattern_of[i] == UINT32_MAX)
                continue;
            const mixed_pattern *const k = &s->pattern[s->pattern_of[i]];
            double first = 0;
            for (size_t j = 0; j < k->seen; j++) {
                const double root = d->root_weight ? d->root_weight[i * d->visits + k->visit[j]] : 1;
                const double x = mixed_dot(d->map + (k->visit[j] * s->columns + s->kept[a]) * s->factors,
                                           d->factor + i * s->factors, s->factors) /
                                 root;
                if (j == 0)
                    first = x;
                constant = constant && same_value(x, first);
                everywhere_one = everywhere_one && same_value(x, 1);
            }
        }
        within[a] = everywhere_one || !constant;
        between_count += constant;
        within_count += !constant;
    }
    state->within = within;
    state->df_between = (double)s->patients - (double)between_count;
    state->df_within = (double)s->observations - (double)s->patients - (double)within_count;
}

/* Phi_A = Phi + 2 Phi [sum V_ab (Q_ab - P_a Phi P_b - R_ab / 4)] Phi; first order leaves R out. */
static void kenward_roger(rac_arena *arena, mixed_engine *e, const double *v, bool full, double *adjusted)
{
    const size_t r = e->sums->rank, t = e->parameters, square = r * r;
    double *const sum = rac_many(arena, double, square), *const half = rac_many(arena, double, square);
    double *const whole = rac_many(arena, double, square), *const mixture = rac_many(arena, double, square);
    mixed_engine_weighted_q(e, v, sum);
    for (size_t a = 0; a < t; a++) {
        memset(mixture, 0, square * sizeof *mixture);
        for (size_t b = 0; b < t; b++)
            for (size_t x = 0; x < square; x++)
                mixture[x] += v[a * t + b] * e->p[b * square + x];
        mixed_multiply(e->p + a * square, e->phi, r, half);
        mixed_multiply(half, mixture, r, whole);
        for (size_t x = 0; x < square; x++)
            sum[x] -= whole[x];
    }
    if (full) {
        mixed_engine_weighted_r(e, v, whole);
        for (size_t x = 0; x < square; x++)
            sum[x] -= 0.25 * whole[x];
    }
    mixed_multiply(e->phi, sum, r, half);
    mixed_multiply(half, e->phi, r, whole);
    for (size_t a = 0; a < r; a++)
        for (size_t b = 0; b < r; b++)
            adjusted[a * r + b] = e->phi[a * r + b] + whole[a * r + b] + whole[b * r + a];
}

/* Lower triangles of the P_a, which every question about a row reads. */
static const double *pack_p(rac_arena *arena, const mixed_engine *e)
{
    const size_t r = e->sums->rank, packed = r * (r + 1) / 2;
    double *const out = rac_many(arena, double, e->parameters *packed);
    for (size_t a = 0; a < e->parameters; a++)
        for (size_t i = 0, at = 0; i < r; i++)
            for (size_t j = 0; j <= i; j++, at++)
                out[a * packed + at] = e->p[(a * r + i) * r + j];
    return out;
}

/* What later questions need; theta_covariance becomes that of the information asked for. */
static rac_mixed_state *make_state(rac_arena *arena, mixed_engine *e, const rac_mixed_options *o,
                                   double *theta_covariance)
{
    const size_t r = e->sums->rank;
    rac_mixed_state *const state = rac_new(arena, rac_mixed_state);
    double *const reported = rac_many(arena, double, r *r);
    memcpy(reported, e->phi, r * r * sizeof *reported);
    *state = (rac_mixed_state){.sums = e->sums,
                               .design = e->sums->design,
                               .df = o->df,
                               .errors = o->errors,
                               .level = o->level > 0 ? o->level : 0.95,
                               .parameters = e->parameters,
                               .beta = e->beta,
                               .phi = e->phi,
                               .reported = reported,
                               .p = e->p,
                               .packed_p = pack_p(arena, e),
                               .theta_covariance = theta_covariance};
    if (o->errors != RAC_MIXED_MODEL_BASED)
        mixed_empirical(arena, e, o->errors, state, reported);
    if (o->df == RAC_MIXED_BETWEEN_WITHIN)
        classify_columns(arena, e->sums, state);
    if (o->expected_information) {
        double *const expected = rac_many(arena, double, e->parameters * e->parameters);
        mixed_engine_expected(e, expected);
        (void)invert_information(arena, expected, e->parameters, true, theta_covariance);
    }
    if (o->df == RAC_MIXED_KENWARD_ROGER || o->df == RAC_MIXED_KENWARD_ROGER_FULL)
        kenward_roger(arena, e, theta_covariance, o->df == RAC_MIXED_KENWARD_ROGER_FULL, reported);
    return state;
}

static void report_coefficients(rac_arena *arena, const mixed_sums *s, const rac_mixed_state *state,
                                rac_mixed_fit *fit)
{
    const size_t p = s->columns;
    double *const beta = rac_many(arena, double, p);
    double *const reported = rac_many(arena, double, p *p), *const model = rac_many(arena, double, p *p);
    rac_mixed_estimate *const coefficient = rac_many(arena, rac_mixed_estimate, p);
    for (size_t a = 0; a < s->rank; a++)
        beta[s->kept[a]] = state->beta[a];
    spread(s, state->reported, reported);
    spread(s, state->phi, model);
    for (size_t c = 0; c < p; c++)
        coefficient[c] = (rac_mixed_estimate){false, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    /* As R does, a kept column is reported even where aliases make its meaning a matter of coding. */
    for (size_t a = 0; a < s->rank; a++)
        mixed_test_kept_column(arena, state, a, &coefficient[s->kept[a]]);
    fit->beta = beta;
    fit->beta_covariance = reported;
    fit->beta_model = model;
    fit->coefficient = coefficient;
    fit->aliased = s->aliased;
    fit->aliased_count = p - s->rank;
    fit->columns = p;
    fit->rank = s->rank;
    fit->name = s->design->column_name;
}

static void report(rac_arena *arena, mixed_engine *e, const rac_mixed_options *o, const mixed_search *search,
                   time_scale scale, double *theta_covariance, rac_mixed_fit *fit)
{
    const mixed_sums *const s = e->sums;
    fit->covariance = e->kind;
    fit->maximum_likelihood = o->maximum_likelihood;
    fit->df_method = o->df;
    fit->errors = o->errors;
    fit->patients = s->patients;
    fit->patients_excluded = s->design->patients - s->patients;
    fit->observations = s->observations;
    fit->visits = s->visits;
    fit->groups = s->groups;
    report_criteria(e, fit);
    fit->iterations = search->iterations;
    fit->newton_decrement = search->decrement;
    for (size_t a = 0; a < e->parameters; a++)
        fit->gradient_norm = fmax(fit->gradient_norm, fabs(e->gradient[a]));
    fit->covariance_parameters = e->parameters;
    fit->theta = e->theta;
    fit->theta_covariance = theta_covariance;
    report_sigma(arena, e, fit);
    if (mixed_structure_is_random(e->kind) && s->groups == 1)
        report_random(arena, e, scale, fit);
    rac_mixed_state *const state = make_state(arena, e, o, theta_covariance);
    fit->level = state->level;
    fit->state = state;
    report_coefficients(arena, s, state, fit);
}

/* ---- the fit ------------------------------------------------------------------------------------- */

static rac_status ladder_failed(const rac_mixed_attempt *attempt, size_t count, rac_error *err)
{
    char reasons[300];
    size_t used = 0;
    reasons[0] = '\0';
    for (size_t k = 0; k < count && used < sizeof reasons - 1; k++) {
        const int n = snprintf(reasons + used, sizeof reasons - used, "%s%s: %s", k > 0 ? "; " : "",
                               rac_covariance_name(attempt[k].covariance), attempt[k].why);
        used += n > 0 ? (size_t)n : 0;
    }
    rac_fail(err, RAC_NOT_CONVERGED, "no covariance could be fitted: %s: %s",
             rac_covariance_name(attempt[0].covariance), attempt[0].why);
    rac_error_detail(err, "%s", reasons);
    rac_error_hint(err, "simplify the mean model, or give more patients");
    return RAC_NOT_CONVERGED;
}

rac_status rac_mixed_fit_design(rac_arena *arena, const rac_mixed_design *given, const rac_mixed_options *o,
                                rac_mixed_fit *fit, rac_error *err)
{
    rac_status status = check_options(o, given, err);
    if (status != RAC_OK)
        return status;
    rac_mixed_design *const design = rac_new(arena, rac_mixed_design);
    *design = *given;
    time_scale scale = {0, 1};
    if (o->covariance == RAC_COVARIANCE_RANDOM_SLOPE)
        scale = scale_times(arena, design);
    const bool own_times = design->time && mixed_structure_uses_time(o->covariance);
    const mixed_sums *const sums = mixed_sums_make(arena, design, own_times);
    if (sums->observations == 0)
        return rac_fail(err, RAC_INVALID, "every outcome is missing");
    if (sums->rank == 0)
        return rac_fail(err, RAC_INVALID, "every column of the design is 0");
    if (sums->observations <= sums->rank) {
        rac_fail(err, RAC_INVALID,
                 "%zu scores of %zu patients for %zu coefficients: nothing is left to estimate a variance",
                 sums->observations, sums->patients, sums->rank);
        rac_error_hint(err, "leave out columns, or give more patients");
        return RAC_INVALID;
    }
    const mixed_engine *const ols = least_squares(arena, sums, own_times);
    if (!ols)
        return rac_fail(err, RAC_INVALID,
                        "the columns are too close to each other, or too large, to be told apart");
    status = check_variation(sums, ols, err);
    if (status != RAC_OK)
        return status;

    size_t count;
    const rac_covariance *const steps = steps_of(arena, o, &count);
    rac_mixed_attempt *const attempt = rac_many(arena, rac_mixed_attempt, count);
    *fit = (rac_mixed_fit){.attempt = attempt};
    for (size_t k = 0; k < count; k++) {
        mixed_search search;
        double *theta_covariance = NULL;
        attempt[k] = (rac_mixed_attempt){steps[k], false, ""};
        fit->attempts = k + 1;
        mixed_engine *const e = try_covariance(arena, sums, ols, steps[k], own_times, o, &search,
                                               &theta_covariance, &attempt[k].why);
        if (!e)
            continue;
        attempt[k].used = true;
        attempt[k].why = "converged";
        report(arena, e, o, &search, scale, theta_covariance, fit);
        return RAC_OK;
    }
    return ladder_failed(attempt, count, err);
}
