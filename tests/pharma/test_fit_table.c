/* Fits of tables: values below quantification, occasions, covariates that change, saturation. */
#include "check.h"

#include "base/random.h"
#include "pharma/fitting.h"

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

/* Elimination that saturates, dc/dt = -vm c / (km + c), has c = km W(c0 / km exp((c0 - vm t) / km)), where W
 * e^W is the argument (Schnell and Mendoza 1997, doi:10.1006/jtbi.1997.0425): found here by Newton steps on
 * log c. */
static double saturating(double c0, double vm, double km, double t)
{
    double w = log(c0 / km) + (c0 - vm * t) / km; /* of log W: log W + W = w */
    double u = w > 1 ? log(w) : w;
    for (int i = 0; i < 60; i++)
        u -= (u + exp(u) - w) / (1 + exp(u));
    return km * exp(u);
}

/* A model that is integrated, not solved: the same search of the plane. */
static void test_pharma_fit_table__a_saturating_patient_is_found(void **state)
{
    rac_arena *arena = *state;
    const rac_model *model = read_model(
        arena,
        HEAD
        "parameters: {V: 10 L, vm: 20 mg/h, km: 2 mg/L}\nvariability:\n"
        "  - {of: [V, vm], covariance: [[0.09], [0.03, 0.16]]}\n"
        "equations: {a: {unit: mg, rate: -vm * a / (km * V + a)}}\nroutes: {iv: a}\noutputs: {c: a / V}\n"
        "error: {c: {proportional: 0.1}}\n",
        "m");
    static const double times_h[] = {0.5, 2, 4, 6}, y[] = {8.2, 5.1, 3.0, 1.2};
    const rac_events events = read_events(
        arena, model, "ID,TIME,AMT,DV\n1,0,100,.\n1,0.5,.,8.2\n1,2,.,5.1\n1,4,.,3.0\n1,6,.,1.2\n");
    const rac_fit_request ask = request_of(&events.subjects[0]);
    const rac_fit fit = fit_of(arena, model, &ask);
    double best = INFINITY, at[2] = {0, 0};
    for (double width = 3; width > 1e-7; width /= 4) {
        const double centre[] = {at[0], at[1]};
        for (int i = -12; i <= 12; i++)
            for (int j = -12; j <= 12; j++) {
                const double z1 = centre[0] + width * i / 12, z2 = centre[1] + width * j / 12;
                const double v = 10 * exp(0.3 * z1), vm = 20 * exp(0.1 * z1 + sqrt(0.15) * z2);
                double o = z1 * z1 + z2 * z2;
                for (int s = 0; s < 4; s++) {
                    const double c = saturating(100 / v, vm / v, 2, times_h[s]), variance = 0.01 * c * c;
                    o += (y[s] - c) * (y[s] - c) / variance + log(variance);
                }
                if (o < best) {
                    best = o;
                    at[0] = z1;
                    at[1] = z2;
                }
            }
    }
    check_near(fit.objective, best, 1e-6, 0);
    check_near(fit.etas[0], 0.3 * at[0], 1e-4, 0);
    check_near(fit.etas[1], 0.1 * at[0] + sqrt(0.15) * at[1], 1e-4, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_fit_table__##name, open_arena, close_arena)
RAC_TESTS(T(a_value_below_the_limit_is_a_probability), T(eight_infusions_are_eight_occasions),
          T(covariates_change_within_a_patient), T(a_saturating_patient_is_found))
