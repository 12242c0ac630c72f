/* How fast and how exact equations that are not linear are.
 *
 * Benchmark (b) of the manual: a three-compartment parent with a two-compartment metabolite drives an effect
 * site, a sigmoid effect and two turnover stages, which are the outputs
 * (tests/data/nonlinear/benchmark-b.yaml). 0.5 mg/kg over 40 min, eight infusions twice weekly, weight and
 * log-normal variability on V1, CL, VM, CLM, 200 regular times a subject over 35 days.  An observation is one
 * time of one subject, both outputs.  One core; parameters, random numbers and everything else are inside the
 * time.  The error is that of 64 subjects against the same program at a tolerance of 1e-12, over each
 * subject's peak; the stored answers of CVODES that the tests compare with say that the reference is right.
 * Peers on such a machine: mrgsolve 1.5e5 observations/s at 1e-8.
 *
 * Twice, the second time with one more peripheral and every name changed: nothing is tuned to one model.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "pharma/kernel.h"
#include "racemate/pharma.h"

enum { TIMES = 200, DOSES = 8, CHECKED = 64, MANY = 4000, OUTPUTS = 2 };

/* What becomes of the words of the file in the renamed copy. */
static const char *const RENAMED[][2] = {
    {"central", "plasma"},
    {"effect:", "biophase:"},
    {"- effect", "- biophase"},
    {"(effect", "(biophase"},
    {"surge", "drive"},
    {"mood", "lift"},
    {"  central -> slow", "  plasma -> bone: 0.3 /h\n  bone -> plasma: 0.05 /h\n  plasma -> slow"}};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* of this process: the machine may be shared */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char *file_text(rac_arena *arena)
{
    const char *root = getenv("RACEMATE_SOURCE");
    const char *path = rac_format(arena, "%s/tests/data/nonlinear/benchmark-b.yaml", root ? root : ".");
    FILE *file = fopen(path, "rb");
    char *text = rac_arena_alloc(arena, 20000);
    if (!file) {
        fprintf(stderr, "cannot open %s: run in the source folder or set RACEMATE_SOURCE\n", path);
        exit(1);
    }
    text[fread(text, 1, 19999, file)] = '\0';
    fclose(file);
    return text;
}

static const char *replace_all(rac_arena *arena, const char *text, const char *from, const char *to)
{
    const char *done = "";
    for (const char *at; (at = strstr(text, from)); text = at + strlen(from))
        done = rac_format(arena, "%s%.*s%s", done, (int)(at - text), text, to);
    return rac_format(arena, "%s%s", done, text);
}

static rac_model *read(rac_arena *arena, const char *text)
{
    rac_problems problems = rac_problems_init(arena);
    rac_model *model = NULL;
    if (rac_model_read(arena, rac_text_of(text), "bench", &model, &problems)) {
        fprintf(stderr, "%d:%d: %s\n", problems.items[0].line, problems.items[0].column,
                problems.items[0].message);
        exit(1);
    }
    return model;
}

/* ---- sinks ---- */

static void look(void *context, const rac_population_tile *tile)
{
    *(double *)context += tile->values[tile->times * tile->outputs];
}

static void keep(void *context, const rac_population_tile *tile)
{
    double *all = context;
    const size_t row = tile->times * tile->outputs;
    for (int s = 0; s < tile->subjects; s++)
        for (size_t i = 0; i < row; i++)
            all[(tile->first_subject + (size_t)s) * row + i] = tile->values[i * RAC_TILE + (size_t)s];
}

static double run(rac_population p, rac_population_sink *sink, void *context)
{
    rac_arena *arena = rac_arena_new();
    size_t failed = 0;
    rac_error err = {0};
    const double began = now_s();
    if (rac_population_run(arena, &p, sink, context, &failed, &err) || failed) {
        fprintf(stderr, "%s (%zu failed)\n", err.message, failed);
        exit(1);
    }
    const double took = now_s() - began;
    rac_arena_free(arena);
    return took;
}

/* The largest error over its subject's peak. */
static double error_of(const double *values, const double *truth)
{
    double worst = 0;
    for (int s = 0; s < CHECKED; s++)
        for (int o = 0; o < OUTPUTS; o++) {
            double error = 0, peak = 0;
            for (int t = 0; t < TIMES; t++) {
                const int at = (s * TIMES + t) * OUTPUTS + o;
                error = fmax(error, fabs(values[at] - truth[at]));
                peak = fmax(peak, fabs(truth[at]));
            }
            worst = fmax(worst, error / peak);
        }
    return worst;
}

static void measure(rac_population p, const char *name)
{
    enum { SIZE = CHECKED * TIMES * OUTPUTS };
    double *truth = malloc(sizeof *truth * SIZE), *values = malloc(sizeof *values * SIZE), sum = 0;
    static const double tolerances[] = {1e-6, 1e-7, 1e-8, 1e-9};
    p.subjects = CHECKED;
    p.tolerance = 1e-12;
    p.together = true;
    run(p, keep, truth);
    for (int way = 0; way < 2; way++)
        for (int t = 0; t < 4; t++) {
            double best = INFINITY;
            p.together = way == 0;
            p.tolerance = tolerances[t];
            p.subjects = CHECKED;
            run(p, keep, values);
            p.subjects = MANY;
            for (int repeat = 0; repeat < 3; repeat++)
                best = fmin(best, run(p, look, &sum));
            printf("%-8s %-8s tolerance %.0e  %8.2f ms  %.2e observations/s  error/peak %.1e\n", name,
                   way ? "cascade" : "together", tolerances[t], 1e3 * best, (double)MANY * TIMES / best,
                   error_of(values, truth));
        }
    free(truth);
    free(values);
}

int main(void)
{
    rac_arena *arena = rac_arena_new();
    const char *text = file_text(arena), *renamed = text;
    for (size_t i = sizeof RENAMED / sizeof *RENAMED; i-- > 0;)
        renamed = replace_all(arena, renamed, RENAMED[i][0], RENAMED[i][1]);
    double times_h[TIMES], weights[MANY];
    const double *columns[] = {weights};
    rac_random draws = rac_random_open(1, 0, RAC_RANDOM_COVARIATE);
    for (int i = 0; i < TIMES; i++)
        times_h[i] = (i + 1) * 4.2;
    for (int i = 0; i < MANY; i++)
        weights[i] = 50 + 60 * rac_random_uniform(&draws);
    rac_regimen regimen = rac_regimen_new(arena);
    rac_dose dose = rac_dose_infusion(0, 0, 0.5, 40 / 60.0);
    dose.per_kg = true;
    dose.additional = DOSES - 1;
    dose.interval_h = 84;
    rac_regimen_add(&regimen, dose);
    printf("kernel %s\n", rac_kernel_best()->name);
    const char *const texts[] = {text, renamed}, *const names[] = {"(b)", "renamed"};
    for (int m = 0; m < 2; m++)
        measure((rac_population){.model = read(arena, texts[m]),
                                 .seed = 1,
                                 .regimen = &regimen,
                                 .times_h = times_h,
                                 .times = TIMES,
                                 .columns = columns},
                names[m]);
    rac_arena_free(arena);
    return 0;
}
