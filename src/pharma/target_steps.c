/* Factors where outputs are not linear in the dose: see racemate/pharma/target.h.
 *
 * Each patient is run without the plan and with it at 33 factors from 1/16 to 16, a fourth root of two apart.
 * What counts of a curve is its highest value; where that passes the level between two factors it is
 * interpolated. */
#include <math.h>

#include "pharma/model.h"
#include "pharma/target_inside.h"

enum { STEPS = 33, BLOCK = 256 };

static double factor_of(int step)
{
    return step ? exp2((step - 1) / 4.0 - 4) : 0;
}

/* Integration leaves errors of 1e-8 of the curve; a fall of less than this is none. */
static const double FALL = 1e-5;

typedef struct steps {
    const rac_target_request *ask;
    double *highest; /* (STEPS + 1) x targets x BLOCK */
    bool *failed;    /* BLOCK */
    uint64_t first;
    int step;
} steps;

static double *highest_of(const steps *s, int step, size_t target)
{
    return s->highest + ((size_t)step * s->ask->target_count + target) * BLOCK;
}

static void take_highest(void *context, const rac_population_tile *tile)
{
    steps *s = context;
    for (int lane = 0; lane < tile->subjects; lane++) {
        const size_t subject = (size_t)(tile->first_subject - s->first) + (size_t)lane;
        s->failed[subject] |= tile->failed >> lane & 1;
        for (size_t k = 0; k < s->ask->target_count; k++) {
            const rac_target *t = &s->ask->targets[k];
            double highest = -INFINITY;
            for (size_t i = 0; i < tile->times; i++)
                if (rac_target_counts(t, s->ask->times_h[i]))
                    highest =
                        fmax(highest,
                             tile->values[(i * tile->outputs + (size_t)t->output) * RAC_TILE + (size_t)lane]);
            highest_of(s, s->step, k)[subject] = highest;
        }
    }
}

/* What was given, and `factor` times what is planned. */
static rac_regimen combine(rac_arena *arena, const rac_target_request *ask, double factor)
{
    rac_regimen both = rac_regimen_new(arena);
    for (size_t i = 0; ask->given && i < ask->given->count; i++)
        rac_regimen_add(&both, ask->given->items[i]);
    for (size_t i = 0; factor > 0 && i < ask->planned->count; i++) {
        rac_dose dose = ask->planned->items[i];
        dose.amount_mg *= factor;
        dose.rate_mg_per_h *= factor;
        rac_regimen_add(&both, dose);
    }
    return both;
}

/* The factor at which a curve through three points (x: highest values, ascending; y: factors) reaches a level
 * between the first two: the inverse parabola, or the chord where that leaves them.  A chord alone would
 * allow too much where an effect saturates. */
static double between(const double *x, const double *y, double level)
{
    const double chord = y[0] + (y[1] - y[0]) * (level - x[0]) / (x[1] - x[0]);
    const double d01 = (y[1] - y[0]) / (x[1] - x[0]), d12 = (y[2] - y[1]) / (x[2] - x[1]);
    const double curved = chord + (level - x[0]) * (level - x[1]) * (d12 - d01) / (x[2] - x[0]);
    return curved >= y[0] && curved <= y[1] ? curved : chord; /* NAN, too, is the chord */
}

/* Where the highest value passes the level. */
static double crossing(const steps *s, size_t target, size_t subject)
{
    const rac_target *t = &s->ask->targets[target];
    const double alone = highest_of(s, 0, target)[subject];
    if (t->goal ? alone >= t->level : alone > t->level)
        return t->goal ? 0 : -INFINITY;
    for (int step = 1; step <= STEPS; step++) {
        const double here = highest_of(s, step, target)[subject];
        if (t->goal ? here < t->level : here <= t->level)
            continue;
        const int third = step < STEPS ? step + 1 : step - 2;
        const double x[] = {highest_of(s, step - 1, target)[subject], here,
                            third >= 0 ? highest_of(s, third, target)[subject] : NAN};
        const double y[] = {factor_of(step - 1), factor_of(step), factor_of(third)};
        return between(x, y, t->level);
    }
    return INFINITY;
}

static bool falls(const steps *s, size_t target, size_t subject)
{
    for (int step = 1; step <= STEPS; step++) {
        const double before = highest_of(s, step - 1, target)[subject],
                     here = highest_of(s, step, target)[subject];
        if (here < before - FALL * fabs(before))
            return true;
    }
    return false;
}

static rac_status run_block(steps *s, rac_population *p, rac_error *err)
{
    for (size_t i = 0; i < BLOCK; i++)
        s->failed[i] = false;
    rac_arena *run = rac_arena_new();
    rac_status status = RAC_OK;
    for (s->step = 0; !status && s->step <= STEPS; s->step++) {
        const rac_regimen both = combine(run, s->ask, factor_of(s->step));
        size_t ignored;
        p->regimen = &both;
        status = rac_population_run(run, p, take_highest, s, &ignored, err);
    }
    rac_arena_free(run);
    return status;
}

rac_status rac_target_factors_by_steps(rac_arena *scratch, const rac_model *model,
                                       const rac_target_request *ask, const double *covariates,
                                       double *factors, size_t *failed, rac_error *err)
{
    steps s = {.ask = ask,
               .highest = rac_many(scratch, double, (STEPS + 1) * ask->target_count * BLOCK),
               .failed = rac_many(scratch, bool, BLOCK)};
    for (size_t first = 0; first < ask->subjects; first += BLOCK) {
        const size_t count = ask->subjects - first < BLOCK ? ask->subjects - first : BLOCK;
        rac_population p = {.model = model,
                            .seed = ask->seed,
                            .first_subject = first,
                            .subjects = count,
                            .times_h = ask->times_h,
                            .times = ask->times,
                            .constants = covariates,
                            .etas = ask->etas ? ask->etas + first * model->eta_count : NULL};
        s.first = first;
        const rac_status status = run_block(&s, &p, err);
        if (status)
            return status;
        for (size_t i = 0; i < count; i++) {
            *failed += s.failed[i];
            for (size_t k = 0; k < ask->target_count; k++) {
                if (!s.failed[i] && falls(&s, k, i))
                    return rac_fail(err, RAC_UNSUPPORTED, "%s falls while the dose rises",
                                    model->outputs[ask->targets[k].output].name);
                factors[k * ask->subjects + first + i] = s.failed[i] ? NAN : crossing(&s, k, i);
            }
        }
    }
    return RAC_OK;
}
