/* Newton's iterations and everything a fit reports. */
#include <float.h>
#include <string.h>

#include "racemate/stats/distributions.h"
#include "stats/cox_problem.h"
#include "stats/dense.h"
#include "stats/moments.h"

enum { MOST_STEPS = 100, MOST_HALVINGS = 40 };
/* The decrement estimates twice the log-likelihood still to gain.  Newton converges quadratically, so
 * below 1e-16 nothing is left in double precision. */
static const double CONVERGED = 1e-16;
/* When the likelihood has no maximum the steps keep their length (in standard deviations of a covariate)
 * while the gain vanishes; at a maximum both vanish together. */
static const double NO_GAIN = 1e-9, STILL_MOVING = 1e-2;
/* A pivot that has lost this share of its diagonal, the columns being scaled, is a linear combination. */
static const double PIVOT = 1e-10;
/* A robust variance below this share of the model's is rounding: the scores of too few clusters cancel. */
static const double NOTHING = 1e-20;
static const double ROUNDING = 1e-12;

typedef struct newton {
    const cox_problem *problem;
    size_t p;
    cox_pass now, next;
    double *beta, *trial, *step, *l;
    bool *used; /* not aliased */
    size_t rank;
    double decrement;
    int iterations;
    rac_notes notes;
    bool *runs; /* coefficient goes to infinity */
} newton;

static void run_pass(rac_arena *arena, const cox_problem *problem, const double *beta, cox_pass *out)
{
    if (problem->ties == RAC_TIES_DISCRETE)
        cox_pass_discrete(arena, problem, beta, out);
    else
        cox_pass_run(arena, problem, beta, out);
}

/* A full matrix from a packed triangle, without the columns not used. */
static void unpack(const double *packed, size_t p, const bool *used, double *full)
{
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j <= i; j++) {
            const double value = !used || (used[i] && used[j]) ? *packed : 0;
            full[i * p + j] = full[j * p + i] = value;
            packed++;
        }
}

/* The Newton step and its decrement; false when the information has become singular. */
static bool find_step(newton *n)
{
    bool pivots[500];
    unpack(n->now.information, n->p, n->used, n->l);
    const size_t rank = stats_cholesky(n->l, n->p, PIVOT, pivots);
    if (rank < n->rank)
        return false;
    stats_cholesky_solve(n->l, n->p, n->used, n->now.score, n->step);
    n->decrement = 0;
    for (size_t j = 0; j < n->p; j++)
        n->decrement += n->step[j] * n->now.score[j];
    return true;
}

/* The whole step, or the first half of it that does not lower the likelihood. */
static bool take_step(rac_arena *arena, newton *n)
{
    double length = 1;
    for (int halving = 0; halving < MOST_HALVINGS; halving++, length /= 2) {
        for (size_t j = 0; j < n->p; j++)
            n->trial[j] = n->beta[j] + length * n->step[j];
        run_pass(arena, n->problem, n->trial, &n->next);
        const double allowed = 1e-12 * (1 + fabs(n->now.log_likelihood)); /* rounding of the sum */
        if (isfinite(n->next.log_likelihood) && n->next.log_likelihood >= n->now.log_likelihood - allowed) {
            const cox_pass swap = n->now;
            n->now = n->next;
            n->next = swap;
            memcpy(n->beta, n->trial, n->p * sizeof *n->beta);
            return true;
        }
    }
    return false;
}

static double longest_step(const newton *n)
{
    double longest = 0;
    for (size_t j = 0; j < n->p; j++)
        longest = fmax(longest, fabs(n->step[j]));
    return longest;
}

static void mark_running(newton *n)
{
    n->notes |= RAC_NOTE_INFINITE;
    for (size_t j = 0; j < n->p; j++)
        n->runs[j] = fabs(n->step[j]) > STILL_MOVING / 10;
}

static void iterate(rac_arena *arena, newton *n)
{
    for (n->iterations = 0; n->iterations < MOST_STEPS; n->iterations++) {
        if (!find_step(n)) { /* the last step says where it was going */
            mark_running(n);
            return;
        }
        if (n->decrement < NO_GAIN && longest_step(n) > STILL_MOVING) {
            mark_running(n);
            return;
        }
        if (n->decrement < CONVERGED)
            return;
        if (!take_step(arena, n)) {
            n->notes |= n->decrement < 1e-10 ? 0 : RAC_NOTE_NOT_CONVERGED; /* at the floor of rounding */
            return;
        }
    }
    n->notes |= RAC_NOTE_NOT_CONVERGED;
}

static rac_cox_test chi_square_test(double statistic, size_t df)
{
    const bool possible = df > 0 && rac_is_estimable(statistic);
    return (rac_cox_test){possible ? statistic : RAC_NOT_ESTIMABLE, (double)df,
                          possible ? rac_chi_square_upper(statistic, (double)df) : RAC_NOT_ESTIMABLE};
}

static void new_arrays(rac_arena *arena, size_t p, rac_cox_fit *fit)
{
    double **const arrays[] = {&fit->coefficient, &fit->hazard_ratio, &fit->se, &fit->se_model,
                               &fit->z,           &fit->p_value};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
        *arrays[k] = rac_many(arena, double, p);
        for (size_t j = 0; j < p; j++)
            (*arrays[k])[j] = RAC_NOT_ESTIMABLE;
    }
    fit->interval = rac_many(arena, rac_interval, p);
    for (size_t j = 0; j < p; j++)
        fit->interval[j] = (rac_interval){RAC_NOT_ESTIMABLE, RAC_NOT_ESTIMABLE};
    fit->covariance = rac_many(arena, double, p *p);
    fit->coefficient_notes = rac_many(arena, rac_notes, p);
}

/* V M V for the sandwich, V and the result p x p. */
static void sandwich(const double *v, const double *m, size_t p, double *half, double *out)
{
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) {
            half[i * p + j] = 0;
            for (size_t k = 0; k < p; k++)
                half[i * p + j] += v[i * p + k] * m[k * p + j];
        }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) {
            out[i * p + j] = 0;
            for (size_t k = 0; k < p; k++)
                out[i * p + j] += half[i * p + k] * v[k * p + j];
        }
}

/* beta' C^-1 beta over the used columns; C is destroyed. */
static double wald_form(rac_arena *arena, double *c, const double *beta, size_t p, const bool *used,
                        size_t rank)
{
    double *const x = rac_many(arena, double, p), form = 0;
    bool *const pivots = rac_many(arena, bool, p);
    if (stats_cholesky(c, p, 1e-14, pivots) < rank)
        return RAC_NOT_ESTIMABLE;
    stats_cholesky_solve(c, p, used, beta, x);
    for (size_t j = 0; j < p; j++)
        form += beta[j] * x[j];
    return form;
}

static void report_coefficients(const rac_cox_state *state, const double *model, const double *covariance,
                                double level, const bool *runs, rac_cox_fit *fit)
{
    const size_t p = state->problem.p;
    const double z = rac_normal_critical(level);
    for (size_t j = 0; j < p; j++) {
        const double scale = state->problem.scale[j];
        if (runs[j]) {
            fit->coefficient[j] = copysign(INFINITY, state->beta[j]);
            fit->hazard_ratio[j] = state->beta[j] > 0 ? INFINITY : 0;
            fit->coefficient_notes[j] = RAC_NOTE_INFINITE;
        } else if (!state->used[j]) {
            fit->coefficient_notes[j] = RAC_NOTE_ALIASED;
        } else if (covariance[j * p + j] < NOTHING * model[j * p + j]) {
            fit->coefficient[j] = state->beta[j] / scale;
            fit->hazard_ratio[j] = exp(fit->coefficient[j]);
            fit->se_model[j] = sqrt(model[j * p + j]) / scale;
            fit->coefficient_notes[j] = RAC_NOTE_TOO_FEW;
            fit->notes |= RAC_NOTE_TOO_FEW;
        } else {
            const double b = state->beta[j] / scale, se = sqrt(covariance[j * p + j]) / scale;
            fit->coefficient[j] = b;
            fit->hazard_ratio[j] = exp(b);
            fit->se[j] = se;
            fit->se_model[j] = sqrt(model[j * p + j]) / scale;
            fit->z[j] = b / se;
            fit->p_value[j] = rac_normal_two_sided(b / se);
            fit->interval[j] = (rac_interval){exp(b - z * se), exp(b + z * se)};
        }
        for (size_t k = 0; k < p; k++)
            fit->covariance[j * p + k] = covariance[j * p + k] / (scale * state->problem.scale[k]);
    }
}

static void report(rac_arena *arena, newton *n, bool robust, double level, rac_cox_state *state,
                   rac_cox_fit *fit)
{
    const size_t p = n->p;
    double *const model = rac_many(arena, double, p *p), *const own = rac_many(arena, double, p *p);
    /* Errors of the coefficients that settled, given those that run away. */
    for (size_t j = 0; j < p; j++)
        n->used[j] = n->used[j] && !n->runs[j];
    unpack(n->now.information, p, n->used, n->l);
    state->rank = stats_cholesky(n->l, p, PIVOT, n->used);
    stats_cholesky_inverse(n->l, p, n->used, model);
    state->beta = n->beta;
    state->used = n->used;
    state->l = n->l;
    memcpy(own, model, p * p * sizeof *own);
    if (robust)
        sandwich(model, cox_score_squares(arena, &state->problem, n->beta), p, rac_many(arena, double, p *p),
                 own);
    report_coefficients(state, model, own, level, n->runs, fit);
    fit->log_likelihood = n->now.log_likelihood;
    fit->iterations = n->iterations;
    fit->decrement = n->decrement;
    fit->likelihood_ratio = chi_square_test(2 * (fit->log_likelihood - fit->log_likelihood_null), n->rank);
    const bool unknown = (n->notes | fit->notes) & (RAC_NOTE_INFINITE | RAC_NOTE_TOO_FEW);
    const double wald = unknown ? RAC_NOT_ESTIMABLE : wald_form(arena, own, n->beta, p, n->used, state->rank);
    fit->wald = chi_square_test(wald, n->rank);
}

static rac_status check_options(const rac_cox_data *data, const rac_cox_options *o, bool robust,
                                rac_error *err)
{
    if (o->ties < RAC_TIES_EFRON || o->ties > RAC_TIES_DISCRETE)
        return rac_fail(err, RAC_INVALID, "rule %d for ties is not known", (int)o->ties);
    if (o->ties != RAC_TIES_DISCRETE || !(data->times.weight || data->times.start || robust))
        return RAC_OK;
    rac_fail(err, RAC_UNSUPPORTED, "the discrete likelihood with weights, late entry or robust errors");
    rac_error_hint(err, "use Efron's rule for ties");
    return RAC_UNSUPPORTED;
}

/* A covariate that does not vary in any risk set has no information; what late entry leaves of it is
 * rounding. Columns have variance 1 over all rows, so an event's information is at most of that order. */
static void drop_rounding(const cox_problem *problem, double *information)
{
    const size_t p = problem->p;
    double weight = 0;
    for (size_t i = 0; i < problem->times.n; i++)
        weight += problem->times.event[i] ? stats_weight(&problem->times, i) : 0;
    for (size_t j = 0; j < p; j++)
        if (information[j * p + j] < ROUNDING * weight)
            for (size_t k = 0; k < p; k++)
                information[j * p + k] = information[k * p + j] = 0;
}

static newton newton_new(rac_arena *arena, const cox_problem *problem)
{
    const size_t p = problem->p;
    return (newton){.problem = problem,
                    .p = p,
                    .now = cox_pass_new(arena, p),
                    .next = cox_pass_new(arena, p),
                    .beta = rac_many(arena, double, p),
                    .trial = rac_many(arena, double, p),
                    .step = rac_many(arena, double, p),
                    .l = rac_many(arena, double, p *p),
                    .used = rac_many(arena, bool, p),
                    .runs = rac_many(arena, bool, p)};
}

rac_status rac_cox_fit_model(rac_arena *arena, const rac_cox_data *data, const rac_cox_options *options,
                             rac_cox_fit *out, rac_error *err)
{
    static const rac_cox_options DEFAULTS = {0};
    const rac_cox_options *const o = options ? options : &DEFAULTS;
    const double level = o->level != 0 ? o->level : 0.95;
    const bool robust = o->robust || data->times.cluster;
    rac_cox_state *const state = rac_new(arena, rac_cox_state);
    rac_status status = stats_check_level(level, err);
    if (status == RAC_OK)
        status = check_options(data, o, robust, err);
    if (status == RAC_OK)
        status = cox_problem_prepare(arena, data, o->ties, robust, &state->problem, err);
    if (status == RAC_OK && o->ties == RAC_TIES_DISCRETE)
        status = cox_discrete_check(&state->problem, err);
    if (status != RAC_OK)
        return status;
    const cox_problem *const problem = &state->problem;
    const size_t p = problem->p, missing = problem->times.missing;
    *out = (rac_cox_fit){.n = problem->times.n,
                         .missing = missing,
                         .events = problem->events,
                         .covariates = p,
                         .notes = missing > 0 ? RAC_NOTE_MISSING : 0,
                         .state = state};
    new_arrays(arena, p, out);
    newton n = newton_new(arena, problem);
    run_pass(arena, problem, n.beta, &n.now);
    out->log_likelihood = out->log_likelihood_null = n.now.log_likelihood;
    unpack(n.now.information, p, NULL, n.l);
    drop_rounding(problem, n.l);
    n.rank = stats_cholesky(n.l, p, PIVOT, n.used);
    out->likelihood_ratio = out->wald = out->score = chi_square_test(RAC_NOT_ESTIMABLE, n.rank);
    if (problem->events == 0) {
        out->log_likelihood = out->log_likelihood_null = 0;
        state->notes = out->notes |= RAC_NOTE_NO_EVENTS;
        state->used = rac_many(arena, bool, p);
        state->beta = n.beta;
        return RAC_OK;
    }
    out->notes |= n.rank < p ? RAC_NOTE_ALIASED : 0;
    if (n.rank > 0) {
        find_step(&n);
        out->score = chi_square_test(n.decrement, n.rank);
        iterate(arena, &n);
    }
    out->notes |= n.notes;
    state->notes = out->notes;
    report(arena, &n, robust, level, state, out);
    return RAC_OK;
}
