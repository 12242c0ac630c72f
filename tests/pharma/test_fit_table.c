/* Fits of tables: values below quantification, occasions, covariates that change, draws, shrinkage. */
#include "check.h"

#include "base/random.h"
#include "pharma/shipped.h"

static int open_arena(void **state)
{
    *state = rac_arena_new();
    return 0;
}

static int close_arena(void **state)
{
    rac_arena_free(*state);
    return 0;
}

static rac_events read_events(rac_arena *arena, const rac_model *model, const char *text)
{
    rac_problems problems = rac_problems_init(arena);
    rac_events events;
    const rac_status status =
        rac_events_read(arena, rac_text_of(text), "data.csv", model, &events, &problems);
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%d:%d: %s\n", problems.items[i].line, problems.items[i].column,
                problems.items[i].message);
    assert_int_equal(status, RAC_OK);
    return events;
}

static rac_fit_request request_of(const rac_events_subject *s)
{
    return (rac_fit_request){.regimen = &s->regimen,
                             .samples = s->samples,
                             .sample_count = s->sample_count,
                             .epochs = s->epochs,
                             .epoch_h = s->epoch_h,
                             .occasion = s->occasion,
                             .constants = s->constants};
}

static rac_fit fit_of(rac_arena *arena, const rac_model *model, const rac_fit_request *ask)
{
    rac_fit fit;
    rac_error err = {0};
    check_ok(rac_pharma_fit(arena, model, ask, &fit, &err));
    assert_true(fit.converged);
    return fit;
}

#define HEAD                                                                                \
    "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n" \
    "units: {time: h, amount: mg, volume: L}\n"

static const char TWO[] = HEAD
    "parameters: {V: 10 L, k: 0.3 /h}\nvariability:\n  - {of: [V, k], covariance: [[0.09], [0.03, 0.16]]}\n"
    "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\n"
    "error: {c: {additive: 0.1 mg/L, proportional: 0.15}}\n";

/* -2 log posterior of TWO after 100 mg at once, in the test's own words. */
static double objective_of_two(double z1, double z2, const double *times_h, const double *y,
                               const bool *below, size_t count)
{
    const double v = 10 * exp(0.3 * z1), k = 0.3 * exp(0.1 * z1 + sqrt(0.15) * z2);
    double o = z1 * z1 + z2 * z2;
    for (size_t i = 0; i < count; i++) {
        const double c = 100 / v * exp(-k * times_h[i]), variance = 0.01 + 0.0225 * c * c;
        if (below[i])
            o += -2 * log(0.5 * erfc((c - y[i]) / sqrt(2 * variance)));
        else
            o += (y[i] - c) * (y[i] - c) / variance + log(variance);
    }
    return o;
}

/* Two values known only to be below 0.8 mg/L: the mode of M3's surface, by a search on ever finer grids. */
static void test_pharma_fit_table__a_value_below_the_limit_is_a_probability(void **state)
{
    rac_arena *arena = *state;
    const rac_model *model = read_model(arena, TWO, "m");
    static const double times_h[] = {0.25, 1, 4, 9, 12}, y[] = {7.1, 6.4, 3.2, 0.8, 0.8};
    static const bool below[] = {false, false, false, true, true};
    const rac_events events = read_events(arena, model,
                                          "ID,TIME,AMT,DV,BLQ\n1,0,100,.,.\n1,0.25,.,7.1,0\n1,1,.,6.4,0\n"
                                          "1,4,.,3.2,.\n1,9,.,0.8,1\n1,12,.,0.8,1\n");
    const rac_fit_request ask = request_of(&events.subjects[0]);
    const rac_fit fit = fit_of(arena, model, &ask);
    double best = INFINITY, at[2] = {0, 0};
    for (double width = 4; width > 1e-8; width /= 4) {
        const double centre[] = {at[0], at[1]};
        for (int i = -20; i <= 20; i++)
            for (int j = -20; j <= 20; j++) {
                const double z1 = centre[0] + width * i / 20, z2 = centre[1] + width * j / 20;
                const double o = objective_of_two(z1, z2, times_h, y, below, 5);
                if (o < best) {
                    best = o;
                    at[0] = z1;
                    at[1] = z2;
                }
            }
    }
    check_near(fit.objective, best, 1e-9, 0);
    check_near(fit.etas[0], 0.3 * at[0], 1e-5, 0);
    check_near(fit.etas[1], 0.1 * at[0] + sqrt(0.15) * at[1], 1e-5, 0);
    assert_true(isnan(fit.residual[3]) && isnan(fit.residual[4]) && isfinite(fit.residual[0]));
    check_near(fit.residual[2],
               (3.2 - fit.predicted[2]) / sqrt(0.01 + 0.0225 * fit.predicted[2] * fit.predicted[2]), 1e-12,
               0);
    check_near(fit.typical[0], 10 * exp(-0.3 * 0.25), 0, 1e-12);
    /* Said to be far below what the doses allow, the objective stays finite and goes on telling. */
    const rac_events odd =
        read_events(arena, model, "ID,TIME,AMT,DV,BLQ\n1,0,100,.,.\n1,0.25,.,0.0001,1\n1,0.5,.,0.0001,1\n");
    const rac_fit_request far = request_of(&odd.subjects[0]);
    const rac_fit lost = fit_of(arena, model, &far);
    assert_true(isfinite(lost.objective) && lost.objective < lost.objective_before);
}

/* y = x (1 + b + w of the occasion) + e is linear in normal deviations, so the mode solves normal equations:
 * eight infusions are eight occasions. */
static void test_pharma_fit_table__eight_infusions_are_eight_occasions(void **state)
{
    enum { OCCASIONS = 8, SAMPLES = 3, N = OCCASIONS + 1 };
    rac_arena *arena = *state;
    const rac_model *model =
        read_model(arena,
                   HEAD "parameters: {V: 10 L, k: 0.3 /h, size: 1}\nvariability:\n"
                        "  - {of: size, distribution: normal, sd: 0.4}\n"
                        "  - {of: size, distribution: normal, sd: 0.25, level: occasion}\n"
                        "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: size * a / V}\nerror: {c: "
                        "{additive: 0.3 mg/L}}\n",
                   "m");
    static const double after_h[SAMPLES] = {0.5, 1, 3};
    rac_random draws = rac_random_open(3, 0, RAC_RANDOM_TEST);
    double a[N][N + 1] = {{0}};
    char *table = rac_string_copy(arena, "ID,TIME,AMT,RATE,DV,OCC\n");
    a[0][0] = 1 / (0.4 * 0.4);
    for (int o = 0; o < OCCASIONS; o++) {
        const double start = 84.0 * o, w = 0.25 * rac_random_normal(&draws);
        table = rac_format(arena, "%s7,%g,100,200,.,%d\n", table, start, 101 + o);
        a[1 + o][1 + o] += 1 / (0.25 * 0.25);
        for (int i = 0; i < SAMPLES; i++) {
            /* 200 mg/h for half an hour; what is left of earlier doses is below 1e-10 */
            const double built = 200 / 0.3 * (1 - exp(-0.15)) / 10,
                         x = built * exp(-0.3 * (after_h[i] - 0.5));
            const double y = x * (1.3 + w) + 0.3 * rac_random_normal(&draws);
            table = rac_format(arena, "%s7,%g,.,.,%.17g,.\n", table, start + after_h[i], y);
            const int used[] = {0, 1 + o};
            for (int r = 0; r < 2; r++) {
                for (int c = 0; c < 2; c++)
                    a[used[r]][used[c]] += x * x / 0.09;
                a[used[r]][N] += x * (y - x) / 0.09;
            }
        }
    }
    for (int k = 0; k < N; k++) /* Gauss and Jordan; the matrix is positive definite */
        for (int r = 0; r < N; r++)
            for (int c = N; r != k && c >= k; c--)
                a[r][c] -= a[k][c] * a[r][k] / a[k][k];
    const rac_events events = read_events(arena, model, table);
    const rac_events_subject *s = &events.subjects[0];
    assert_int_equal(s->epochs, OCCASIONS);
    assert_int_equal(s->occasion[7], 7);
    const rac_fit_request ask = request_of(s);
    const rac_fit fit = fit_of(arena, model, &ask);
    assert_int_equal(fit.dimensions, N);
    for (int o = 0; o < OCCASIONS; o++) {
        check_near(fit.etas[o * 2], a[0][N] / a[0][0], 2e-8, 0);
        check_near(fit.etas[o * 2 + 1], a[1 + o][N] / a[1 + o][1 + o], 2e-8, 0);
    }
    /* A session that has not been: the person is known, the day is not. */
    const rac_fit_draw_options options = {.kept = 2000, .seed = 5};
    rac_fit_draws next;
    rac_error err = {0};
    check_ok(rac_pharma_fit_draw(arena, model, &ask, &fit, &options, &next, &err));
    double squares = 0, mean = 0;
    for (size_t i = 0; i < next.kept; i++) {
        mean += next.next_etas[i * 2] / (double)next.kept;
        squares += next.next_etas[i * 2 + 1] * next.next_etas[i * 2 + 1] / (double)next.kept;
    }
    check_near(mean, a[0][N] / a[0][0], 4 * fit.eta_sd[0] / sqrt(next.effective), 0);
    check_near(squares, 0.0625, 4 * 0.0625 * sqrt(2.0 / 2000), 0);
}

/* The volume follows the weight, which changes between two doses: the lowest point of the plane again. */
static void test_pharma_fit_table__covariates_change_within_a_patient(void **state)
{
    rac_arena *arena = *state;
    const rac_model *model = read_model(
        arena,
        HEAD "covariates: {weight: {unit: kg, range: [40, 160]}}\n"
             "parameters: {V: 10 L * (weight / 70 kg), k: 0.3 /h}\nvariability:\n  - {of: V, sd: 0.3}\n"
             "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: {c: {proportional: 0.15}}\n",
        "m");
    const rac_events events = read_events(arena, model,
                                          "ID,TIME,AMT,DV,weight\n4,0,100,.,70\n4,1,.,6.1,.\n4,20,.,.04,.\n"
                                          "4,30,100,.,91\n4,31,.,4.9,.\n4,33,.,2.9,.\n");
    const rac_fit_request ask = request_of(&events.subjects[0]);
    const rac_fit fit = fit_of(arena, model, &ask);
    static const double times_h[] = {1, 20, 31, 33}, y[] = {6.1, 0.04, 4.9, 2.9};
    double best = INFINITY, at = 0;
    for (double width = 4; width > 1e-9; width /= 8) {
        const double centre = at;
        for (int i = -40; i <= 40; i++) {
            const double z = centre + width * i / 40;
            double o = z * z;
            for (int s = 0; s < 4; s++) {
                const double amount = 100 * exp(-0.3 * times_h[s]) +
                                      (times_h[s] > 30 ? 100 * exp(-0.3 * (times_h[s] - 30)) : 0);
                const double c = amount / (10 * exp(0.3 * z) * (times_h[s] > 30 ? 1.3 : 1));
                o += (y[s] - c) * (y[s] - c) / (0.0225 * c * c) + log(0.0225 * c * c);
            }
            if (o < best) {
                best = o;
                at = z;
            }
        }
    }
    check_near(fit.objective, best, 1e-9, 0);
    check_near(fit.etas[0], 0.3 * at, 1e-5, 0);
    check_near(fit.parameters[2] / fit.parameters[0], 1.3, 0,
               1e-12); /* V of the second epoch over the first */
}

static double share_below(const double *values, size_t count, double bound)
{
    size_t hits = 0;
    for (size_t i = 0; i < count; i++)
        hits += values[i] < bound;
    return (double)hits / (double)count;
}

/* Where the posterior is normal the draws are: mean and sd of the conjugate form, the same for the same seed,
 * other ones for another subject; nearly all draws effective. */
static void test_pharma_fit_table__draws_follow_a_normal_posterior(void **state)
{
    rac_arena *arena = *state;
    const rac_model *model = read_model(arena,
                                        HEAD "parameters: {V: 10 L, k: 0.3 /h, size: 1}\nvariability:\n"
                                             "  - {of: size, distribution: normal, sd: 0.4}\n"
                                             "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: size * a / "
                                             "V}\nerror: {c: {additive: 0.9 mg/L}}\n",
                                        "m");
    const rac_events events =
        read_events(arena, model, "ID,TIME,AMT,DV\n1,0,100,.\n1,0.5,.,11.8\n1,2,.,8.1\n1,5,.,3.05\n");
    const rac_fit_request ask = request_of(&events.subjects[0]);
    const rac_fit fit = fit_of(arena, model, &ask);
    const rac_fit_draw_options options = {.kept = 4000, .seed = 9, .subject = 1};
    rac_fit_draws draws, again, other;
    rac_error err = {0};
    check_ok(rac_pharma_fit_draw(arena, model, &ask, &fit, &options, &draws, &err));
    check_ok(rac_pharma_fit_draw(arena, model, &ask, &fit, &options, &again, &err));
    assert_memory_equal(draws.etas, again.etas, sizeof(double) * draws.kept);
    const rac_fit_draw_options elsewhere = {.kept = 4000, .seed = 9, .subject = 2};
    check_ok(rac_pharma_fit_draw(arena, model, &ask, &fit, &elsewhere, &other, &err));
    assert_true(draws.etas[0] < other.etas[0] || draws.etas[0] > other.etas[0]);
    /* the proposal is 1.2 times as wide: 1.44 / sqrt(2 1.44 - 1) draws for an effective one */
    check_near(draws.effective / (double)draws.proposed, sqrt(1.88) / 1.44, 0.02, 0);
    double mean = 0, squares = 0;
    for (size_t i = 0; i < draws.kept; i++)
        mean += draws.etas[i] / (double)draws.kept;
    for (size_t i = 0; i < draws.kept; i++)
        squares += (draws.etas[i] - mean) * (draws.etas[i] - mean) / (double)(draws.kept - 1);
    check_near(mean, fit.etas[0], 4 * fit.eta_sd[0] / sqrt(4000), 0);
    check_near(sqrt(squares), fit.eta_sd[0], 0, 4 / sqrt(8000));
    check_near(share_below(draws.etas, draws.kept, fit.etas[0] - 1.2815515655446 * fit.eta_sd[0]), 0.1,
               4 * sqrt(0.09 / 4000), 0);
    static const double times_h[] = {0.5, 2}, quantiles[] = {0.05, 0.95};
    rac_fit_curve curve;
    check_ok(rac_pharma_fit_curve(arena, model, &ask, &fit, &draws, times_h, 2, quantiles, 2, &curve, &err));
    check_near(curve.typical[1], 10 * exp(-0.6), 0, 1e-12);
    check_near(curve.likely[1], (1 + fit.etas[0]) * 10 * exp(-0.6), 0, 1e-12);
    const double half = 1.6448536269515 * fit.eta_sd[0] * 10 * exp(-0.6);
    check_near(curve.band[1], curve.likely[1] - half, 0.1 * half, 0);
    check_near(curve.band[3], curve.likely[1] + half, 0.1 * half, 0);
    check_near(curve.parameters[2 * 2], 1 + fit.etas[0] - 1.6448536269515 * fit.eta_sd[0],
               0.1 * 1.6448536269515 * fit.eta_sd[0], 0);
    rac_fit unsettled = fit;
    unsettled.converged = false;
    check_status(rac_pharma_fit_draw(arena, model, &ask, &unsettled, &options, &draws, &err),
                 RAC_NOT_CONVERGED);
    const rac_fit_draw_options wrong = {.kept = 100, .proposed = 50};
    check_status(rac_pharma_fit_draw(arena, model, &ask, &fit, &wrong, &draws, &err), RAC_INVALID);
}

enum { PATIENTS = 200, SAMPLES = 7, ETAS = 4 };

/* V1, CL, Vnk and CLnk of otto-2021-s-ketamine, typical at 70 kg: log-normal each. */
static const size_t VARIED[ETAS] = {0, 1, 6, 7};
static const double TYPICAL[ETAS] = {133, 95.2, 98.638, 57.72};

typedef struct people {
    double values[PATIENTS][2 * SAMPLES]; /* ketamine, norketamine at each time */
    double etas[PATIENTS][ETAS];
} people;

static void keep_people(void *context, const rac_population_tile *tile)
{
    people *to = context;
    for (int s = 0; s < tile->subjects; s++) {
        const size_t who = tile->first_subject + (size_t)s;
        for (size_t i = 0; i < 2 * SAMPLES; i++)
            to->values[who][i] = tile->values[i * RAC_TILE + (size_t)s];
        for (size_t e = 0; e < ETAS; e++)
            to->etas[who][e] = log(tile->parameter_values[VARIED[e] * RAC_TILE + (size_t)s] / TYPICAL[e]);
    }
}

static const double TIMES_H[SAMPLES] = {0.25, 0.5, 1, 2, 4, 8, 12}, WEIGHT[] = {70}, LIMIT = 0.004;

/* What the laboratory would send of one of them. */
static rac_fit_request chart_of(rac_arena *arena, const double *values, size_t *below)
{
    rac_regimen *regimen = rac_new(arena, rac_regimen);
    rac_sample *samples = rac_many(arena, rac_sample, 2 * SAMPLES);
    *regimen = rac_regimen_new(arena);
    rac_regimen_add(regimen, rac_dose_infusion(0, 0, 20, 0.5));
    for (size_t i = 0; i < 2 * SAMPLES; i++) {
        rac_regimen_add(regimen, rac_dose_mark(TIMES_H[i / 2], 0, RAC_DOSE_OBSERVATION));
        samples[i] = (rac_sample){.time_h = TIMES_H[i / 2],
                                  .output = (int)(i % 2),
                                  .measured = true,
                                  .below = values[i] < LIMIT,
                                  .value = fmax(values[i], LIMIT)};
        *below += values[i] < LIMIT;
    }
    return (rac_fit_request){
        .regimen = regimen, .samples = samples, .sample_count = 2 * SAMPLES, .constants = WEIGHT};
}

/* Patients drawn from the population, sampled with assay error, some values below quantification: the 90 %
 * intervals hold the true deviation in 90 % of them, as those of a right posterior must, within three
 * standard errors of 200 trials (6.4 %).  Fits fall back on the population, so the shrinkage is above 0. */
static void test_pharma_fit_table__intervals_hold_the_truth_as_often_as_they_say(void **state)
{
    rac_arena *arena = *state;
    const rac_model *model = shipped_model(arena, "otto-2021-s-ketamine");
    rac_regimen dose = rac_regimen_new(arena);
    rac_regimen_add(&dose, rac_dose_infusion(0, 0, 20, 0.5));
    const rac_population population = {.model = model,
                                       .seed = 77,
                                       .subjects = PATIENTS,
                                       .regimen = &dose,
                                       .times_h = TIMES_H,
                                       .times = SAMPLES,
                                       .constants = WEIGHT,
                                       .residual = true};
    people *all = rac_new(arena, people);
    rac_fit_request *asks = rac_many(arena, rac_fit_request, PATIENTS);
    rac_fit *fits = rac_many(arena, rac_fit, PATIENTS);
    size_t failed, held[ETAS] = {0}, below = 0;
    rac_error err = {0};
    double least = INFINITY;
    check_ok(rac_population_run(arena, &population, keep_people, all, &failed, &err));
    for (size_t p = 0; p < PATIENTS; p++) {
        asks[p] = chart_of(arena, all->values[p], &below);
        fits[p] = fit_of(arena, model, &asks[p]);
        const rac_fit_draw_options options = {.kept = 200, .seed = 4, .subject = p};
        rac_fit_draws draws;
        check_ok(rac_pharma_fit_draw(arena, model, &asks[p], &fits[p], &options, &draws, &err));
        least = fmin(least, draws.effective);
        for (size_t e = 0; e < ETAS; e++) {
            double column[200];
            for (size_t i = 0; i < draws.kept; i++)
                column[i] = draws.etas[i * ETAS + e];
            const double low = rac_quantile(column, 200, 0.05), high = rac_quantile(column, 200, 0.95);
            held[e] += low < all->etas[p][e] && all->etas[p][e] < high;
        }
    }
    assert_true(below > 20 && below < PATIENTS * 4);
    assert_true(least > 100);
    for (size_t e = 0; e < ETAS; e++)
        check_near((double)held[e] / PATIENTS, 0.9, 3 * sqrt(0.09 / PATIENTS), 0);
    rac_shrinkage shrinkage;
    rac_pharma_shrinkage(arena, model, asks, fits, PATIENTS, &shrinkage);
    assert_int_equal(shrinkage.subjects, PATIENTS);
    static const double variance[ETAS] = {0.084177, 0.026048, 0.040426, 0.10319};
    for (size_t e = 0; e < ETAS; e++) { /* the definition again: Karlsson and Savic 2007 */
        double mean = 0, squares = 0;
        for (size_t p = 0; p < PATIENTS; p++)
            mean += fits[p].etas[e] / PATIENTS;
        for (size_t p = 0; p < PATIENTS; p++)
            squares += (fits[p].etas[e] - mean) * (fits[p].etas[e] - mean);
        check_near(shrinkage.eta[e], 1 - sqrt(squares / (PATIENTS - 1) / variance[e]), 1e-9, 0);
        assert_true(shrinkage.eta[e] > 0.02 && shrinkage.eta[e] < 0.6);
    }
    assert_true(shrinkage.residual[0] > 0 && shrinkage.residual[0] < 0.4);
    rac_pharma_shrinkage(arena, model, asks, fits, 1, &shrinkage);
    assert_true(isnan(shrinkage.eta[0]));
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_fit_table__##name, open_arena, close_arena)
RAC_TESTS(T(a_value_below_the_limit_is_a_probability), T(eight_infusions_are_eight_occasions),
          T(covariates_change_within_a_patient), T(draws_follow_a_normal_posterior),
          T(intervals_hold_the_truth_as_often_as_they_say))
