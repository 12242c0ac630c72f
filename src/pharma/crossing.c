/* When an output first crosses a level.  See racemate/pharma/crossing.h. */
#include "racemate/pharma/crossing.h"

#include "pharma/model.h"

#include <math.h>

enum { LOOKS = 1000, LOOKS_MAX = 1000000, INSIDE = 17, PASSES_MAX = 20 };

static const double WITHIN_H = 1e-6;

/* The bracket of one subject: low_h > high_h is none. */
typedef struct bracket {
    double low_h, high_h;
    double low, high; /* the output there, minus the level */
} bracket;

typedef struct search {
    const rac_crossing *ask;
    uint64_t first_subject;
    const double *shared_h, *own_h; /* times of all, or subjects x times */
    size_t inside;                  /* how many of them to look at */
    bracket *brackets;
} search;

static bool crosses(const rac_crossing *ask, double before, double after)
{
    const bool up = before < 0 && after >= 0, down = before >= 0 && after < 0;
    return (up && ask->way != RAC_CROSSING_DOWN) || (down && ask->way != RAC_CROSSING_UP);
}

/* Narrows every subject's bracket to its first piece that crosses.  Rounding may hide a crossing that was
 * seen before: then the bracket stays. */
static void look(void *context, const rac_population_tile *tile)
{
    search *s = context;
    for (int lane = 0; lane < tile->subjects; lane++) {
        const size_t subject = (size_t)(tile->first_subject - s->first_subject) + (size_t)lane;
        bracket *b = &s->brackets[subject];
        const double *times_h = s->own_h ? s->own_h + subject * tile->times : s->shared_h;
        if (tile->failed >> lane & 1 || b->low_h > b->high_h) {
            *b = (bracket){1, 0, 0, 0};
            continue;
        }
        double before = 0;
        bool found = false;
        for (size_t t = 0; t < s->inside && !found; t++) {
            const double now =
                tile->values[(t * tile->outputs + (size_t)s->ask->output) * RAC_TILE + (size_t)lane] -
                s->ask->level;
            found = t && crosses(s->ask, before, now);
            if (found)
                *b = (bracket){times_h[t - 1], times_h[t], before, now};
            before = now;
        }
        if (!found && !s->own_h)
            *b = (bracket){1, 0, 0, 0};
    }
}

/* The widest bracket. */
static double widest(const search *s, size_t subjects)
{
    double width_h = 0;
    for (size_t i = 0; i < subjects; i++)
        width_h = fmax(width_h, s->brackets[i].high_h - s->brackets[i].low_h);
    return width_h;
}

static rac_status check(const rac_population *population, const rac_crossing *ask, rac_error *err)
{
    if (ask->output < 0 || (size_t)ask->output >= population->model->output_count)
        return rac_fail(err, RAC_INVALID, "the model '%s' has no output %d", population->model->about.name,
                        ask->output);
    if (!isfinite(ask->level) || !isfinite(ask->from_h) || !isfinite(ask->until_h) ||
        !(ask->from_h < ask->until_h))
        return rac_fail(err, RAC_INVALID, "level %g between %g and %g h cannot be looked for", ask->level,
                        ask->from_h, ask->until_h);
    if (ask->looks == 1 || ask->looks > LOOKS_MAX || !(ask->within_h >= 0))
        return rac_fail(err, RAC_INVALID, "%zu looks (2 to %d), within %g h", ask->looks, LOOKS_MAX,
                        ask->within_h);
    return RAC_OK;
}

/* Times inside each bracket, and the end of the span: so that every pass takes the same steps. */
static void lay_out(const search *s, size_t subjects, double *own_h)
{
    for (size_t i = 0; i < subjects; i++) {
        const bracket *b = &s->brackets[i];
        const bool none = b->low_h > b->high_h;
        const double low_h = none ? s->ask->from_h : b->low_h, width_h = none ? 0 : b->high_h - b->low_h;
        double *to = own_h + i * (INSIDE + 1);
        for (int t = 0; t < INSIDE; t++)
            to[t] = t == INSIDE - 1 ? low_h + width_h : low_h + width_h * t / (INSIDE - 1);
        to[INSIDE] = s->ask->until_h;
    }
}

rac_status rac_population_crossings(rac_arena *arena, const rac_population *population,
                                    const rac_crossing *crossing, double *times_h, size_t *failed,
                                    rac_error *err)
{
    rac_status status = check(population, crossing, err);
    if (status || !population->subjects)
        return status;
    const size_t looks = crossing->looks ? crossing->looks : LOOKS, subjects = population->subjects;
    const double within_h = crossing->within_h > 0 ? crossing->within_h : WITHIN_H;
    rac_population p = *population;
    double *shared_h = rac_many(arena, double, looks + 1);
    for (size_t i = 0; i <= looks; i++)
        shared_h[i] = i == looks ? crossing->until_h
                                 : crossing->from_h +
                                       (crossing->until_h - crossing->from_h) * (double)i / (double)looks;
    search s = {.ask = crossing,
                .first_subject = p.first_subject,
                .shared_h = shared_h,
                .inside = looks + 1,
                .brackets = rac_many(arena, bracket, subjects)};
    p.times_h = shared_h;
    p.times = looks + 1;
    p.own_times_h = NULL;
    p.residual = false;
    status = rac_population_run(arena, &p, look, &s, failed, err);
    double *own_h = rac_many(arena, double, subjects *(INSIDE + 1));
    p.own_times_h = own_h;
    p.times = INSIDE + 1;
    s.inside = INSIDE;
    s.own_h = own_h;
    for (int pass = 0; !status && pass < PASSES_MAX && widest(&s, subjects) > within_h; pass++) {
        size_t unused;
        lay_out(&s, subjects, own_h);
        status = rac_population_run(arena, &p, look, &s, &unused, err);
    }
    for (size_t i = 0; !status && i < subjects; i++) {
        const bracket *b = &s.brackets[i];
        const double share = b->low == b->high ? 0 : b->low / (b->low - b->high);
        times_h[i] = b->low_h > b->high_h ? NAN : b->low_h + share * (b->high_h - b->low_h);
    }
    return status;
}
