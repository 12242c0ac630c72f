/* The partial likelihood with its derivatives, by Efron's or Breslow's rule for ties. */
#include <math.h>
#include <string.h>

#include "stats/cox_problem.h"

/* Sums over a set of rows: zero, first and second (packed) moments of x with weight w r. */
typedef struct risk_sums {
    double zero;
    double *first;
    double *second;
} risk_sums;

static risk_sums risk_sums_new(rac_arena *arena, size_t p)
{
    return (risk_sums){0, rac_many(arena, double, p), rac_many(arena, double, cox_triangle(p))};
}

static void risk_sums_clear(risk_sums *s, size_t p)
{
    s->zero = 0;
    memset(s->first, 0, p * sizeof *s->first);
    memset(s->second, 0, cox_triangle(p) * sizeof *s->second);
}

static void risk_sums_add(risk_sums *s, double risk, const double *x, size_t p)
{
    double *second = s->second;
    s->zero += risk;
    for (size_t i = 0; i < p; i++) {
        const double weighted = risk * x[i];
        s->first[i] += weighted;
        for (size_t j = 0; j <= i; j++)
            *second++ += weighted * x[j];
    }
}

/* State of a walk: `at_risk` S, `dead` D, and what the current event time adds. */
typedef struct cox_walk {
    const cox_problem *problem;
    const double *risk; /* w r, one a row */
    const double *eta;
    risk_sums at_risk, dead;
    double fullest;   /* the largest at_risk.zero since the sums were last made from their rows */
    double *mean;     /* p */
    double *score;    /* p: of this time */
    double *variance; /* packed: of this time */
} cox_walk;

/* Adds the term with S - fraction D, which stands for `weight` of deaths. */
static void add_term(cox_walk *walk, double weight, double fraction, cox_pass *out, cox_moment *moment)
{
    const size_t p = walk->problem->p;
    const risk_sums *const s = &walk->at_risk, *const d = &walk->dead;
    const double zero = s->zero - fraction * d->zero, inverse = 1 / zero;
    double *variance = walk->variance;
    const double *second = s->second, *dead_second = d->second;
    out->log_likelihood -= weight * log(zero);
    for (size_t i = 0; i < p; i++) {
        const double mean = walk->mean[i] = (s->first[i] - fraction * d->first[i]) * inverse;
        walk->score[i] -= weight * mean;
        if (fraction == 0)
            for (size_t j = 0; j <= i; j++)
                *variance++ += weight * (*second++ * inverse - mean * walk->mean[j]);
        else
            for (size_t j = 0; j <= i; j++)
                *variance++ +=
                    weight * ((*second++ - fraction * *dead_second++) * inverse - mean * walk->mean[j]);
    }
    if (!moment)
        return;
    const double hazard = weight * inverse;
    moment->hazard += hazard;
    moment->dead_hazard += (1 - fraction) * hazard;
    for (size_t i = 0; i < p; i++) {
        moment->hazard_mean[i] += hazard * walk->mean[i];
        moment->dead_hazard_mean[i] += (1 - fraction) * hazard * walk->mean[i];
    }
}

/* Moves what this event time gave into the totals. */
static void settle(cox_walk *walk, double g, cox_pass *out)
{
    const size_t p = walk->problem->p, triangle = cox_triangle(p);
    for (size_t i = 0; i < p; i++)
        out->score[i] += walk->score[i];
    for (size_t k = 0; k < triangle; k++)
        out->information[k] += walk->variance[k];
    if (out->g) {
        for (size_t i = 0; i < p; i++)
            out->g_score[i] += g * walk->score[i];
        for (size_t k = 0; k < triangle; k++) {
            out->g_information[k] += g * walk->variance[k];
            out->gg_information[k] += g * g * walk->variance[k];
        }
    }
    memset(walk->score, 0, p * sizeof *walk->score);
    memset(walk->variance, 0, triangle * sizeof *walk->variance);
}

static cox_moment *next_moment(rac_arena *arena, const cox_walk *walk, size_t stratum, double time,
                               cox_pass *out)
{
    if (!out->moments)
        return NULL;
    const size_t p = walk->problem->p;
    cox_moment *const m = &out->moments[out->moment_count++];
    *m = (cox_moment){.time = time,
                      .stratum = stratum,
                      .mean = rac_many(arena, double, p),
                      .hazard_mean = rac_many(arena, double, p),
                      .dead_hazard_mean = rac_many(arena, double, p)};
    return m;
}

/* The terms of one event time with `deaths` rows of total weight `weight` among begin .. end - 1. */
static void event_time(rac_arena *arena, cox_walk *walk, size_t stratum, size_t begin, size_t deaths,
                       double weight, cox_pass *out)
{
    const cox_problem *const problem = walk->problem;
    cox_moment *const moment = next_moment(arena, walk, stratum, problem->times.time[begin], out);
    const bool efron = problem->ties == RAC_TIES_EFRON && deaths > 1;
    const size_t terms = efron ? deaths : 1;
    for (size_t s = 0; s < terms; s++) {
        add_term(walk, weight / (double)terms, efron ? (double)s / (double)deaths : 0, out, moment);
        for (size_t i = 0; moment && i < problem->p; i++)
            moment->mean[i] += walk->mean[i] / (double)terms;
    }
    settle(walk, out->g ? out->g[begin] : 0, out);
}

/* Rows that leave are subtracted, and what is left of a sum may be rounding alone when one of them had nearly
 * all the risk; then the sums are made anew from the rows at risk at `begin`. */
static const double LEFT_OF_SUM = 1e-3;

static void leave(cox_walk *walk, size_t begin, size_t first, size_t last, size_t *leaving)
{
    const cox_problem *const problem = walk->problem;
    const stats_times *const t = &problem->times;
    const size_t p = problem->p, before = *leaving;
    walk->fullest = fmax(walk->fullest, walk->at_risk.zero);
    for (; *leaving > first; (*leaving)--) {
        const size_t i = problem->by_start[*leaving - 1];
        if (t->start[i] < t->time[begin])
            break;
        risk_sums_add(&walk->at_risk, -walk->risk[i], problem->x + i * p, p);
    }
    if (*leaving == before || walk->at_risk.zero > LEFT_OF_SUM * walk->fullest)
        return;
    risk_sums_clear(&walk->at_risk, p);
    for (size_t i = begin; i < last; i++)
        if (t->start[i] < t->time[begin])
            risk_sums_add(&walk->at_risk, walk->risk[i], problem->x + i * p, p);
    walk->fullest = walk->at_risk.zero;
}

/* One stratum from its last time to its first. */
static void walk_stratum(rac_arena *arena, cox_walk *walk, size_t stratum, cox_pass *out)
{
    const cox_problem *const problem = walk->problem;
    const stats_times *const t = &problem->times;
    const size_t p = problem->p, first = t->stratum_begin[stratum];
    const size_t last = t->stratum_begin[stratum + 1];
    size_t begin, leaving = last;
    risk_sums_clear(&walk->at_risk, p);
    walk->fullest = 0;
    for (size_t end = last; end > first; end = begin) {
        size_t deaths = 0;
        double weight = 0;
        for (begin = end; begin > first && t->time[begin - 1] == t->time[end - 1]; begin--) {
            const size_t i = begin - 1;
            const double *const x = problem->x + i * p;
            risk_sums_add(&walk->at_risk, walk->risk[i], x, p);
            if (!t->event[i])
                continue;
            const double w = stats_weight(t, i);
            deaths++;
            weight += w;
            out->log_likelihood += w * walk->eta[i];
            for (size_t j = 0; j < p; j++)
                walk->score[j] += w * x[j];
        }
        if (problem->by_start)
            leave(walk, begin, first, last, &leaving);
        if (deaths == 0)
            continue;
        if (deaths > 1 && problem->ties == RAC_TIES_EFRON) {
            risk_sums_clear(&walk->dead, p);
            for (size_t i = begin; i < end; i++)
                if (t->event[i])
                    risk_sums_add(&walk->dead, walk->risk[i], problem->x + i * p, p);
        }
        event_time(arena, walk, stratum, begin, deaths, weight, out);
    }
}

cox_pass cox_pass_new(rac_arena *arena, size_t p)
{
    return (cox_pass){.score = rac_many(arena, double, p),
                      .information = rac_many(arena, double, cox_triangle(p))};
}

void cox_pass_run(rac_arena *arena, const cox_problem *problem, const double *beta, cox_pass *out)
{
    const size_t p = problem->p, n = problem->times.n;
    if (!out->eta) {
        out->eta = rac_many(arena, double, n);
        out->risk = rac_many(arena, double, n);
    }
    double *const eta = out->eta, *const risk = out->risk;
    for (size_t i = 0; i < n; i++) {
        eta[i] = cox_eta(problem, beta, i);
        risk[i] = stats_weight(&problem->times, i) * exp(eta[i]);
    }
    cox_walk walk = {.problem = problem,
                     .risk = risk,
                     .eta = eta,
                     .at_risk = risk_sums_new(arena, p),
                     .dead = risk_sums_new(arena, p),
                     .mean = rac_many(arena, double, p),
                     .score = rac_many(arena, double, p),
                     .variance = rac_many(arena, double, cox_triangle(p))};
    out->log_likelihood = 0;
    out->moment_count = 0;
    memset(out->score, 0, p * sizeof *out->score);
    memset(out->information, 0, cox_triangle(p) * sizeof *out->information);
    for (size_t s = problem->times.strata; s-- > 0;)
        walk_stratum(arena, &walk, s, out);
}
