/* The discrete likelihood: d deaths out of the risk set count as one choice of d among all such choices,
 *     exp(sum of eta over the deaths) / e_d,   e_d = sum over subsets of size d of the product of their r,
 * with the elementary symmetric functions built up row by row (Gail, Lubin and Rubinstein 1981):
 *     e_k <- e_k + r e_(k-1),  and the same rule differentiated once and twice. */
#include <string.h>

#include "stats/cox_problem.h"

enum {
    MOST_DEATHS = 300 /* at one time: keeps e_k within a double's range after scaling */
};
static const double MOST_WORK = 1e10; /* row x death x derivative updates in one pass */

static size_t most_deaths(const stats_times *t, size_t begin, size_t end)
{
    size_t most = 0;
    for (size_t i = begin, next; i < end; i = next) {
        size_t deaths = 0;
        for (next = i; next < end && t->time[next] == t->time[i]; next++)
            deaths += t->event[next];
        most = deaths > most ? deaths : most;
    }
    return most;
}

rac_status cox_discrete_check(const cox_problem *problem, rac_error *err)
{
    double work = 0;
    size_t most = 0;
    for (size_t s = 0; s < problem->times.strata; s++) {
        const size_t begin = problem->times.stratum_begin[s], end = problem->times.stratum_begin[s + 1];
        const size_t deaths = most_deaths(&problem->times, begin, end);
        work += (double)(end - begin) * (double)deaths * (double)(1 + problem->p + cox_triangle(problem->p));
        most = deaths > most ? deaths : most;
    }
    if (most <= MOST_DEATHS && work <= MOST_WORK)
        return RAC_OK;
    rac_fail(err, RAC_LIMIT, "%zu deaths at one time are too many for the discrete likelihood", most);
    rac_error_hint(err, "use Efron's rule for ties");
    return RAC_LIMIT;
}

/* e_k, its gradient and its packed second derivatives for k = 0 .. most, one block of `width` each. */
typedef struct symmetric {
    size_t p, width, most;
    double *block;
} symmetric;

static void add_row(symmetric *e, double r, const double *x)
{
    const size_t p = e->p;
    for (size_t k = e->most; k > 0; k--) {
        double *const to = e->block + k * e->width;
        const double *const from = to - e->width, *const gradient = from + 1, *second = from + 1 + p;
        double *to_second = to + 1 + p;
        for (size_t i = 0; i < p; i++)
            for (size_t j = 0; j <= i; j++)
                *to_second++ +=
                    r * (*second++ + x[i] * gradient[j] + gradient[i] * x[j] + x[i] * x[j] * from[0]);
        for (size_t i = 0; i < p; i++)
            to[1 + i] += r * (gradient[i] + x[i] * from[0]);
        to[0] += r * from[0];
    }
}

static void add_deaths(const symmetric *e, size_t deaths, double log_scale, cox_pass *out)
{
    const double *const block = e->block + deaths * e->width, inverse = 1 / block[0];
    const double *const gradient = block + 1, *second = block + 1 + e->p;
    double *information = out->information;
    out->log_likelihood -= log(block[0]) - (double)deaths * log_scale;
    for (size_t i = 0; i < e->p; i++) {
        out->score[i] -= gradient[i] * inverse;
        for (size_t j = 0; j <= i; j++)
            *information++ += *second++ * inverse - gradient[i] * inverse * gradient[j] * inverse;
    }
}

static void walk_stratum(rac_arena *arena, const cox_problem *problem, const double *eta, size_t s,
                         cox_pass *out)
{
    const stats_times *const t = &problem->times;
    const size_t begin = t->stratum_begin[s], end = t->stratum_begin[s + 1], p = problem->p;
    const size_t most = most_deaths(t, begin, end);
    symmetric e = {p, 1 + p + cox_triangle(p), most, NULL};
    e.block = rac_many(arena, double, (most + 1) * e.width);
    e.block[0] = 1;
    /* r is divided by the mean hazard of `most` deaths: then e_k grows no faster than exp(most). */
    double total = 0;
    for (size_t i = begin; i < end; i++)
        total += exp(eta[i]);
    const double log_scale = log((double)(most > 0 ? most : 1) / total);
    for (size_t last = end, first; last > begin; last = first) {
        size_t deaths = 0;
        for (first = last; first > begin && t->time[first - 1] == t->time[last - 1]; first--) {
            const size_t i = first - 1;
            const double *const x = problem->x + i * p;
            add_row(&e, exp(eta[i] + log_scale), x);
            if (!t->event[i])
                continue;
            deaths++;
            out->log_likelihood += eta[i];
            for (size_t j = 0; j < p; j++)
                out->score[j] += x[j];
        }
        if (deaths > 0)
            add_deaths(&e, deaths, log_scale, out);
    }
}

void cox_pass_discrete(rac_arena *arena, const cox_problem *problem, const double *beta, cox_pass *out)
{
    double *const eta = rac_many(arena, double, problem->times.n);
    for (size_t i = 0; i < problem->times.n; i++)
        eta[i] = cox_eta(problem, beta, i);
    out->log_likelihood = 0;
    memset(out->score, 0, problem->p * sizeof *out->score);
    memset(out->information, 0, cox_triangle(problem->p) * sizeof *out->information);
    for (size_t s = 0; s < problem->times.strata; s++)
        walk_stratum(arena, problem, eta, s, out);
}
