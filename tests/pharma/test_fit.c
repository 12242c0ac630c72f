/* Individual fits: against the conjugate closed form, against a search of the whole plane, and what must
 * hold. */
#include "check.h"

#include "base/random.h"
#include "pharma/shipped.h"

typedef struct fixture {
    rac_arena *arena;
    rac_regimen regimen;
    rac_sample samples[64];
    size_t count;
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->regimen = rac_regimen_new(f->arena);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

static void sample(fixture *f, double time_h, int output, double value)
{
    rac_regimen_add(&f->regimen, rac_dose_mark(time_h, 0, RAC_DOSE_OBSERVATION));
    f->samples[f->count++] =
        (rac_sample){.time_h = time_h, .output = output, .measured = true, .value = value};
}

static rac_fit fit_it(fixture *f, const rac_model *model, const double *covariates)
{
    const rac_fit_request ask = {
        .regimen = &f->regimen, .samples = f->samples, .sample_count = f->count, .constants = covariates};
    rac_fit fit;
    rac_error err = {0};
    check_ok(rac_pharma_fit(f->arena, model, &ask, &fit, &err));
    return fit;
}

#define MODEL(parameters, variability, error)                                                           \
    "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"             \
    "units: {time: h, amount: mg, volume: L}\nparameters: {" parameters "}\nvariability:\n" variability \
    "flows: {a -> out: k}\nroutes: {iv: a}\noutputs: {c: size * a / V}\nerror: {c: " error "}\n"

/* c = s x(t) with s = 1 + eta, eta ~ N(0, w2), additive error of variance v: the posterior is normal with
 * precision 1/w2 + sum x^2 / v and mean sum x (y - x) / v over it. */
static void test_pharma_fit__a_normal_parameter_has_its_conjugate_posterior(void **state)
{
    fixture *f = *state;
    const rac_model *model =
        read_model(f->arena,
                   MODEL("V: 10 L, k: 0.3 /h, size: 1", "  - {of: size, distribution: normal, sd: 0.4}\n",
                         "{additive: 0.2 mg/L}"),
                   "m");
    const double times_h[] = {0.5, 2, 5}, y[] = {11.8, 8.1, 3.05};
    double precision = 1 / (0.4 * 0.4), sum = 0;
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 100));
    for (int i = 0; i < 3; i++) {
        const double x = 10 * exp(-0.3 * times_h[i]);
        sample(f, times_h[i], 0, y[i]);
        precision += x * x / 0.04;
        sum += x * (y[i] - x) / 0.04;
    }
    const rac_fit fit = fit_it(f, model, NULL);
    assert_true(fit.converged);
    check_near(fit.etas[0], sum / precision, 1e-9, 0);
    check_near(fit.eta_sd[0], 1 / sqrt(precision), 1e-9, 0);
    assert_true(fit.objective < fit.objective_before);
}

/* Two log-normal parameters, proportional and additive error: the mode of the surface O(z1, z2), computed
 * here in its own words, by a search on ever finer grids. */
static void test_pharma_fit__the_mode_is_the_lowest_point_of_the_plane(void **state)
{
    fixture *f = *state;
    const rac_model *model = read_model(f->arena,
                                        MODEL("V: 10 L, k: 0.3 /h, size: 1",
                                              "  - {of: [V, k], covariance: [[0.09], [0.03, 0.16]]}\n",
                                              "{additive: 0.1 mg/L, proportional: 0.15}"),
                                        "m");
    const double times_h[] = {0.25, 1, 4, 9}, y[] = {7.1, 6.4, 2.2, 0.45};
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 100));
    for (int i = 0; i < 4; i++)
        sample(f, times_h[i], 0, y[i]);
    const rac_fit fit = fit_it(f, model, NULL);
    assert_true(fit.converged);
    double best = INFINITY, at[2] = {0, 0}, centre[2] = {0, 0};
    for (double width = 4; width > 1e-8; width /= 4) {
        centre[0] = at[0];
        centre[1] = at[1];
        for (int i = -20; i <= 20; i++)
            for (int j = -20; j <= 20; j++) {
                const double z1 = centre[0] + width * i / 20, z2 = centre[1] + width * j / 20;
                const double v = 10 * exp(0.3 * z1), k = 0.3 * exp(0.1 * z1 + sqrt(0.16 - 0.01) * z2);
                double o = z1 * z1 + z2 * z2;
                for (int s = 0; s < 4; s++) {
                    const double c = 100 / v * exp(-k * times_h[s]), variance = 0.01 + 0.0225 * c * c;
                    o += (y[s] - c) * (y[s] - c) / variance + log(variance);
                }
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
    check_near(fit.parameters[0], 10 * exp(0.3 * at[0]), 0, 1e-5);
}

static void test_pharma_fit__without_samples_the_patient_is_typical(void **state)
{
    fixture *f = *state;
    const rac_model *model = shipped_model(f->arena, "otto-2021-s-ketamine");
    const double weight[] = {70};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 20, 0.5));
    const rac_fit fit = fit_it(f, model, weight);
    assert_true(fit.converged);
    check_near(fit.etas[0], 0, 0, 0);
    check_near(fit.eta_sd[0], sqrt(0.084177), 0, 1e-12);
    check_near(fit.eta_sd[1], sqrt(0.026048), 0, 1e-12);
    check_near(fit.eta_sd[3], sqrt(0.10319), 0, 1e-12);
}

/* Forty exact samples of a subject two standard deviations away: the fit comes near it, and nearer than the
 * typical. */
static void test_pharma_fit__many_samples_find_the_patient(void **state)
{
    fixture *f = *state;
    const rac_model *model = shipped_model(f->arena, "otto-2021-s-ketamine");
    const double weight[] = {70}, truth[] = {0.5, -0.2, -0.2, -0.4};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 20, 0.5));
    double times_h[40];
    for (int i = 0; i < 40; i++)
        times_h[i] = 0.1 + 0.15 * i;
    double parameters[16];
    rac_error err = {0};
    check_ok(rac_model_evaluate(f->arena, model, weight, truth, parameters, NULL, &err));
    rac_regimen dose = f->regimen;
    const rac_population one = {.model = model,
                                .subjects = 1,
                                .regimen = &dose,
                                .times_h = times_h,
                                .times = 40,
                                .constants = weight,
                                .etas = truth};
    double *exact = NULL;
    const double median[] = {0.5};
    size_t failed;
    check_ok(rac_population_quantiles(f->arena, &one, median, 1, &exact, &failed, &err));
    for (int i = 0; i < 40; i++)
        sample(f, times_h[i], i % 2, exact[(i % 2) * 40 + i]);
    const rac_fit fit = fit_it(f, model, weight);
    assert_true(fit.converged);
    double left = 0, whole = 0;
    for (int i = 0; i < 4; i++) {
        check_near(fit.etas[i], truth[i], 2 * fit.eta_sd[i], 0);
        left += (fit.etas[i] - truth[i]) * (fit.etas[i] - truth[i]);
        whole += truth[i] * truth[i];
    }
    assert_true(left < whole / 4); /* half the distance at most remains */
    assert_true(fit.eta_sd[0] < sqrt(0.084177) / 2);
}

static void test_pharma_fit__impossible_requests_are_refused(void **state)
{
    fixture *f = *state;
    const double weight[] = {70}, covariates[] = {40 * 8766.0, 0, 0};
    rac_fit fit;
    rac_error err = {0};
    rac_fit_request ask = {
        .regimen = &f->regimen, .samples = f->samples, .sample_count = 1, .constants = weight};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 20, 0.5));
    f->samples[0] = (rac_sample){.time_h = 1, .measured = true, .value = 0.1};
    check_status(rac_pharma_fit(f->arena, shipped_model(f->arena, "otto-2021-s-ketamine"), &ask, &fit, &err),
                 RAC_INVALID);
    check_contains(err.message, "the regimen has 0 observations");
    sample(f, 1, 0, 0.1);
    check_status(rac_pharma_fit(f->arena, shipped_model(f->arena, "racemic-arterial"), &ask, &fit, &err),
                 RAC_INVALID);
    check_contains(err.message, "no residual error for ketamine");
    f->samples[0].value = -1;
    ask.constants = covariates;
    check_status(rac_pharma_fit(f->arena, shipped_model(f->arena, "esketamine"), &ask, &fit, &err),
                 RAC_INVALID);
    check_contains(err.message, "has the value -1");
}

/* Exact sensitivities: x' = A x and s' = A s + A_z x are one linear system of twice the size, in which s
 * follows x without drawing on it.  With one sample and one eta, H = 2 + w f'^2 shows the slope the fit has
 * used. */
static double exact_slope(rac_arena *arena, double v1, double time_h)
{
    const double q2 = 161, v2 = 56, q3 = 79, v3 = 157, cl = 84, sd = 0.29;
    const rac_flow flows[] = {{0, 1, false}, {1, 0, false}, {0, 2, false}, {2, 0, false}, {0, RAC_OUT, false},
                              {3, 4, false}, {4, 3, false}, {3, 5, false}, {5, 3, false}, {3, RAC_OUT, false},
                              {0, 3, true},  {0, 4, true},  {0, 5, true}};
    const double out = (q2 + q3 + cl) / v1; /* d(rate)/dz = -sd rate, for every flow out of the first */
    const double per_h[] = {q2 / v1, q2 / v2, q3 / v1, q3 / v3,  cl / v1,       q2 / v1,      q2 / v2,
                            q3 / v1, q3 / v3, cl / v1, sd * out, -sd * q2 / v1, -sd * q3 / v1};
    const rac_route_part vein = {.compartment = 0, .fraction = 1};
    const rac_route routes[] = {{&vein, 1}};
    rac_linear *both = NULL;
    rac_regimen regimen = rac_regimen_new(arena);
    double *amounts = NULL;
    rac_error err = {0};
    rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    check_ok(rac_linear_new(arena, 6, flows, 13, &both, &err));
    check_ok(rac_linear_solve(arena, both, per_h, routes, 1, &regimen, &time_h, 1, &amounts, &err));
    return (amounts[3] - sd * amounts[0]) / v1;
}

static void test_pharma_fit__slopes_agree_with_exact_sensitivities(void **state)
{
    fixture *f = *state;
    static const char text[] =
        "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {V1: 25 L, V2: 56 L, V3: 157 L, CL: 84 L/h, "
        "Q2: 161 "
        "L/h, Q3: 79 L/h}\nvariability:\n  - {of: V1, variance: 0.0841}\nflows:\n  central -> fast: Q2 / V1\n"
        "  fast -> central: Q2 / V2\n  central -> slow: Q3 / V1\n  slow -> central: Q3 / V3\n"
        "  central -> out: CL / V1\nroutes: {iv: central}\noutputs: {c: central / V1}\n"
        "error: {c: {additive: 0.01 mg/L}}\n";
    const rac_model *model = read_model(f->arena, text, "m");
    const double times_h[] = {0.2, 0.5, 0.9, 3};
    for (int i = 0; i < 4; i++) {
        f->regimen = rac_regimen_new(f->arena);
        f->count = 0;
        rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
        sample(f, times_h[i], 0, i == 3 ? 0.05 : 0.16);
        const rac_fit fit = fit_it(f, model, NULL);
        assert_true(fit.converged);
        const double h = fit.factor[0] * fit.factor[0], slope = sqrt((h - 2) * 0.0001 / 2);
        check_near(slope, fabs(exact_slope(f->arena, fit.parameters[0], times_h[i])), 2e-14, 0);
    }
}

/* A lag that varies moves its dose: c = D/V exp(-k (t - lag)), so dc/dz = sd lag k c. */
static void test_pharma_fit__slopes_by_a_lag_are_those_of_the_closed_form(void **state)
{
    fixture *f = *state;
    const rac_model *model = read_model(
        f->arena,
        "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, k: 0.5 /h, lag: 0.4 h}\n"
        "variability:\n  - {of: lag, sd: 0.3}\nflows: {body -> out: k}\n"
        "routes: {oral: {to: body, lag: lag}}\noutputs: {c: body / V}\nerror: {c: {additive: 0.01 mg/L}}\n",
        "m");
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, 0, 10));
    sample(f, 1.5, 0, 0.6);
    const rac_fit fit = fit_it(f, model, NULL);
    assert_true(fit.converged);
    const double lag = fit.parameters[2], c = exp(-0.5 * (1.5 - lag)),
                 slope = sqrt((fit.factor[0] * fit.factor[0] - 2) * 0.0001 / 2);
    check_near(fit.predicted[0], c, 0, 1e-14);
    check_near(slope, 0.3 * lag * 0.5 * c, 0, 1e-14);
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_fit__##name, open_fixture, close_fixture)
RAC_TESTS(T(a_normal_parameter_has_its_conjugate_posterior), T(the_mode_is_the_lowest_point_of_the_plane),
          T(without_samples_the_patient_is_typical), T(many_samples_find_the_patient),
          T(impossible_requests_are_refused), T(slopes_agree_with_exact_sensitivities),
          T(slopes_by_a_lag_are_those_of_the_closed_form))
