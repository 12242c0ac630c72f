/* Power by simulation: draw, let leave, fit, ask. */
#include "study/power.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/random.h"
#include "racemate/stats/mixed.h"
#include "racemate/stats/proportions.h"

enum { most_visits = 12, most_patients = 4096, most_trials = 100000, usual_trials = 1000 };

static rac_status check(const rac_power_question *q, rac_error *err)
{
    if (q->visits < 1 || q->visits > most_visits)
        return rac_fail(err, RAC_INVALID, "visits must be 1 to %d", most_visits);
    if (q->patients[0] < 3 || q->patients[1] < 3)
        return rac_fail(err, RAC_INVALID, "each arm needs at least 3 patients");
    if (q->patients[0] > most_patients || q->patients[1] > most_patients)
        return rac_fail(err, RAC_LIMIT, "at most %d patients an arm are simulated", most_patients);
    if (!(q->sd > 0 && isfinite(q->sd)) || !isfinite(q->difference))
        return rac_fail(err, RAC_INVALID, "the standard deviation must be above 0 and the difference finite");
    if (!(q->correlation >= 0 && q->correlation < 1))
        return rac_fail(err, RAC_INVALID, "the correlation must be 0 or more and below 1");
    if (!(q->dropout >= 0 && q->dropout <= 0.9))
        return rac_fail(err, RAC_INVALID, "the share that leaves must be 0 to 0.9");
    if (!(q->alpha >= 0 && q->alpha < 1))
        return rac_fail(err, RAC_INVALID, "alpha must be between 0 and 1");
    if (q->threads < 0 || q->threads > RAC_POWER_THREADS_MAX)
        return rac_fail(err, RAC_INVALID, "%d threads, allowed 1 to %d", q->threads, RAC_POWER_THREADS_MAX);
    if (q->trials > most_trials)
        return rac_fail(err, RAC_LIMIT, "at most %d trials are simulated", most_trials);
    return RAC_OK;
}

/* One patient's changes.  Autoregressive: z_j = rho z_(j-1) + sqrt(1 - rho^2) e_j.  Compound symmetry:
 * z_j = sqrt(rho) b + sqrt(1 - rho) e_j.  Both have variance 1. */
static void draw_patient(const rac_power_question *q, int arm, uint64_t subject, double *change)
{
    rac_random draws = rac_random_open(q->seed, subject, RAC_RANDOM_TRIAL);
    const double rho = q->correlation;
    const double stay = q->visits > 1 ? pow(1 - q->dropout, 1 / (double)(q->visits - 1)) : 1 - q->dropout;
    const double shared = rac_random_normal(&draws);
    double z = shared;
    bool gone = false;
    for (size_t j = 0; j < q->visits; j++) {
        const double e = rac_random_normal(&draws);
        const bool leaves = rac_random_uniform(&draws) >= stay;
        if (q->compound)
            z = sqrt(rho) * shared + sqrt(1 - rho) * e;
        else
            z = rho * z + sqrt(1 - rho * rho) * e;
        gone = gone || ((j > 0 || q->visits == 1) && leaves);
        const double mean = arm ? q->difference * (double)(j + 1) / (double)q->visits : 0;
        change[j] = gone ? NAN : mean + q->sd * z;
    }
}

static rac_status analyse(rac_arena *arena, const rac_power_question *q, size_t trial,
                          rac_mixed_estimate *difference, rac_error *err)
{
    const size_t n = q->patients[0] + q->patients[1];
    double *change = rac_many(arena, double, n * q->visits);
    int32_t *arm = rac_many(arena, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        arm[i] = i >= q->patients[0];
        draw_patient(q, arm[i], (uint64_t)trial * 2 * most_patients + i, change + i * q->visits);
    }
    const rac_mixed_usual model = {
        .patients = n, .visits = q->visits, .arms = 2, .outcome = change, .arm = arm};
    rac_mixed_design design;
    rac_mixed_fit fit;
    rac_mixed_means means;
    rac_status status = rac_mixed_design_usual(arena, &model, &design, err);
    if (!status)
        status = rac_mixed_fit_design(arena, &design, &(rac_mixed_options){0}, &fit, err);
    if (!status)
        status = rac_mixed_means_usual(arena, &model, &fit, RAC_MIXED_MEANS_EQUAL, 1, 0, &means, err);
    if (!status)
        *difference = means.difference[q->visits - 1];
    return status;
}

/* ---- trials on threads --------------------------------------------------------------------------- */

/* What each trial gave, by its number: who made it does not matter. */
typedef struct trial {
    bool analysed, found;
    double estimate;
} trial;

typedef struct crew {
    const rac_power_question *question;
    double alpha;
    trial *trial;
    size_t trials;
    atomic_size_t next, done;
} crew;

typedef struct worker {
    crew *crew;
    pthread_t thread;
    bool tells; /* the caller's own */
} worker;

static void make_trial(const crew *c, size_t number)
{
    rac_arena *arena = rac_arena_new();
    rac_mixed_estimate difference = {0};
    trial *const out = &c->trial[number];
    out->analysed = analyse(arena, c->question, number, &difference, NULL) == RAC_OK && difference.estimable;
    out->found = out->analysed && difference.p < c->alpha;
    out->estimate = difference.estimate;
    rac_arena_free(arena);
}

static void *work(void *argument)
{
    const worker *const w = argument;
    crew *const c = w->crew;
    const rac_power_question *const q = c->question;
    for (size_t number; (number = atomic_fetch_add(&c->next, 1)) < c->trials;) {
        make_trial(c, number);
        const size_t done = atomic_fetch_add(&c->done, 1) + 1;
        if (w->tells && q->progress)
            q->progress(q->context, done, c->trials, q->patients[0] + q->patients[1]);
    }
    return NULL;
}

static void make_trials(crew *c, int threads)
{
    worker workers[RAC_POWER_THREADS_MAX];
    bool running[RAC_POWER_THREADS_MAX] = {false};
    for (int i = 0; i < threads; i++)
        workers[i] = (worker){.crew = c, .tells = i == 0};
    for (int i = 1; i < threads; i++) /* one that does not start leaves its trials to the others */
        running[i] = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
    work(&workers[0]);
    for (int i = 1; i < threads; i++)
        if (running[i])
            pthread_join(workers[i].thread, NULL);
}

rac_status rac_power_of(const rac_power_question *question, rac_power *out, rac_error *err)
{
    rac_status status = check(question, err);
    if (status)
        return status;
    const size_t trials = question->trials ? question->trials : usual_trials;
    *out = (rac_power){.patients = {question->patients[0], question->patients[1]}, .trials = trials};
    rac_arena *arena = rac_arena_new();
    crew c = {.question = question,
              .alpha = question->alpha > 0 ? question->alpha : 0.05,
              .trial = rac_many(arena, trial, trials),
              .trials = trials};
    make_trials(&c, question->threads > 0 ? question->threads : 1);
    double sum = 0;
    for (size_t t = 0; t < trials; t++) {
        out->failed += !c.trial[t].analysed;
        out->found += c.trial[t].found;
        sum += c.trial[t].analysed ? c.trial[t].estimate : 0;
    }
    rac_arena_free(arena);
    if (out->failed == trials)
        return rac_fail(err, RAC_NOT_CONVERGED, "no simulated trial could be analysed");
    out->power = (double)out->found / (double)trials;
    out->monte_carlo_error = sqrt(out->power * (1 - out->power) / (double)trials);
    out->mean_estimate = sum / (double)(trials - out->failed);
    rac_interval wilson;
    status = rac_wilson((double)out->found, (double)trials, 0.95, &wilson, err);
    out->lower = wilson.lower;
    out->upper = wilson.upper;
    return status;
}

static rac_status power_at(rac_power_question q, size_t n, rac_power *out, rac_error *err)
{
    q.patients[0] = q.patients[1] = n;
    return rac_power_of(&q, out, err);
}

rac_status rac_power_size(const rac_power_question *question, double wanted, rac_power *out, rac_error *err)
{
    if (!(wanted >= 0.5 && wanted <= 0.99))
        return rac_fail(err, RAC_INVALID, "the power wanted must be 0.5 to 0.99");
    size_t below = 3, above = question->patients[0] > 8 ? question->patients[0] : 8;
    rac_power made;
    rac_status status = power_at(*question, above, &made, err);
    while (!status && made.power < wanted) {
        below = above;
        above *= 2;
        if (above > most_patients)
            return rac_fail(err, RAC_LIMIT, "%d patients an arm do not reach a power of %g", most_patients,
                            wanted);
        status = power_at(*question, above, &made, err);
    }
    *out = made;
    while (!status && above - below > 1) {
        const size_t middle = below + (above - below) / 2;
        if ((status = power_at(*question, middle, &made, err)))
            return status;
        if (made.power >= wanted) {
            above = middle;
            *out = made;
        } else {
            below = middle;
        }
    }
    return status;
}
