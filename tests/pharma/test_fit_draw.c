/* What samples leave possible: draws against posteriors that are known, intervals against simulated patients,
 * and shrinkage. */
#include "check.h"

#include "pharma/fitting.h"

static double share_below(const double *values, size_t count, double bound)
{
    size_t hits = 0;
    for (size_t i = 0; i < count; i++)
        hits += values[i] < bound;
    return (double)hits / (double)count;
}

/* Where the posterior is normal the draws are: mean and sd of the conjugate form, the same for the same seed,
 * other ones for another subject; nearly all draws effective. */
static void test_pharma_fit_draw__draws_follow_a_normal_posterior(void **state)
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

/* One value below the limit after an hour, and an elimination that varies fifty-fold: the posterior is the
 * upper side of a normal, cut where the drug would still be seen.  The draws against its integral by a fine
 * sum. */
static void test_pharma_fit_draw__draws_follow_a_posterior_that_is_cut(void **state)
{
    enum { GRID = 40001 };
    rac_arena *arena = *state;
    const rac_model *model = read_model(
        arena,
        HEAD "parameters: {V: 10 L, k: 0.3 /h}\nvariability:\n  - {of: k, variance: 4}\n"
             "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: a / V}\nerror: {c: {additive: 0.1 mg/L}}\n",
        "m");
    const rac_events events = read_events(arena, model, "ID,TIME,AMT,DV,BLQ\n1,0,100,.,.\n1,1,.,0.5,1\n");
    const rac_fit_request ask = request_of(&events.subjects[0]);
    const rac_fit fit = fit_of(arena, model, &ask);
    const rac_fit_draw_options options = {.kept = 2000, .seed = 6};
    rac_fit_draws draws;
    rac_error err = {0};
    check_ok(rac_pharma_fit_draw(arena, model, &ask, &fit, &options, &draws, &err));
    double whole = 0, *below = rac_many(arena, double, GRID);
    for (int i = 0; i < GRID; i++) {
        const double z = -8 + 16.0 * i / (GRID - 1), c = 10 * exp(-0.3 * exp(2 * z));
        whole += exp(-z * z / 2) * 0.5 * erfc((c - 0.5) / (0.1 * sqrt(2)));
        below[i] = whole;
    }
    static const double at[] = {1.2, 1.3, 1.6, 2, 2.6};
    for (int k = 0; k < 5; k++) {
        const double expected = below[(int)((at[k] + 8) / 16 * (GRID - 1))] / whole;
        check_near(share_below(draws.etas, draws.kept, 2 * at[k]), expected,
                   4 * sqrt(expected * (1 - expected) / fmin(draws.effective, 2000)) + 1e-3, 0);
    }
}

/* Eleven unknowns and one impossible value: Laplace's normal is far off, and further rounds mend it. */
static void test_pharma_fit_draw__more_rounds_follow_a_bad_proposal(void **state)
{
    rac_arena *arena = *state;
    const rac_model *model = shipped_model(arena, "esketamine");
    const rac_events events =
        read_events(arena, model, "ID,TIME,AMT,CMT,DV,BLQ,age\n4,0,28,1,.,.,40\n4,0.7,.,1,0.002,1,40\n");
    const rac_fit_request ask = request_of(&events.subjects[0]);
    const rac_fit fit = fit_of(arena, model, &ask);
    const rac_fit_draw_options options = {.kept = 1000, .seed = 1};
    rac_fit_draws draws;
    rac_error err = {0};
    check_ok(rac_pharma_fit_draw(arena, model, &ask, &fit, &options, &draws, &err));
    assert_true(draws.rounds > 1 && draws.rounds <= 4);
    assert_true(draws.effective > 0.25 * (double)draws.proposed);
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
static void test_pharma_fit_draw__intervals_hold_the_truth_as_often_as_they_say(void **state)
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

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_fit_draw__##name, open_arena, close_arena)
RAC_TESTS(T(draws_follow_a_normal_posterior), T(draws_follow_a_posterior_that_is_cut),
          T(more_rounds_follow_a_bad_proposal), T(intervals_hold_the_truth_as_often_as_they_say))
