/* Exact derivatives of predictions against differences of order 8 of the population's own predictions, closed
 * forms, and between methods.  Errors are relative to the largest value of the curve. */
#include "pharma/fitting.h"

#include "base/random.h"
#include "pharma/kernel.h"
#include "pharma/sensitivity.h"

/* ---- differences of what a population predicts ---- */

enum { TIMES = 40, DIRECTIONS = 11, OUTPUTS = 3 };

typedef struct predicted {
    size_t outputs;
    double values[8][TIMES * OUTPUTS];
} predicted;

static void keep(void *context, const rac_population_tile *tile)
{
    predicted *p = context;
    assert_int_equal(tile->failed, 0);
    for (int s = 0; s < tile->subjects; s++)
        for (size_t i = 0; i < tile->times * tile->outputs; i++)
            p->values[s][i] = tile->values[i * RAC_TILE + (size_t)s];
}

/* f'(0) = sum of weights x (f(kh) - f(-kh)) / h + h^8 f''''''''' / 630. */
static void difference(rac_arena *arena, rac_population p, const double *etas, const double *direction,
                       size_t count, double *slopes)
{
    static const double weights[] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280}, h = 0.02;
    predicted around = {0};
    double *moved = rac_many(arena, double, 8 * count);
    for (size_t k = 0; k < 8; k++)
        for (size_t i = 0; i < count; i++)
            moved[k * count + i] = etas[i] + (k % 2 ? -1 : 1) * (double)(k / 2 + 1) * h * direction[i];
    rac_error err = {0};
    size_t failed;
    p.etas = moved;
    p.subjects = 8;
    check_ok(rac_population_run(arena, &p, keep, &around, &failed, &err));
    for (size_t i = 0; i < TIMES * OUTPUTS; i++) {
        slopes[i] = 0;
        for (size_t k = 0; k < 4; k++)
            slopes[i] += weights[k] / h * (around.values[2 * k][i] - around.values[2 * k + 1][i]);
    }
}

/* Values and slopes in random directions at random etas with this standard deviation. */
static void check_slopes(rac_arena *arena, const rac_population *p, rac_random *draws, double sd,
                         double tolerance)
{
    const size_t outputs = rac_model_outputs(p->model),
                 count = (size_t)(p->epochs ? p->epochs : 1) * rac_model_etas(p->model);
    double *etas = rac_many(arena, double, count), *directions = rac_many(arena, double, DIRECTIONS *count);
    for (size_t i = 0; i < count; i++)
        etas[i] = sd * rac_random_normal(draws);
    for (size_t i = 0; i < DIRECTIONS * count; i++)
        directions[i] = rac_random_below(draws, 3) ? 0.2 * rac_random_normal(draws) : 0;
    rac_sensitivity *exact = rac_sensitivity_new(arena, p, directions, DIRECTIONS);
    rac_sensitivity_look look;
    rac_error err = {0};
    check_ok(rac_sensitivity_at(exact, etas, &look, &err));
    assert_true(look.exact);
    rac_population one = *p;
    predicted here = {0};
    size_t failed;
    one.etas = etas;
    one.subjects = 1;
    check_ok(rac_population_run(arena, &one, keep, &here, &failed, &err));
    double largest[OUTPUTS] = {0};
    for (size_t i = 0; i < TIMES * outputs; i++)
        largest[i % outputs] = fmax(largest[i % outputs], fabs(here.values[0][i]));
    for (size_t i = 0; i < TIMES * outputs; i++)
        check_near(look.values.value[i], here.values[0][i], tolerance * largest[i % outputs], 0);
    for (size_t d = 0; d < DIRECTIONS; d++) {
        double slopes[TIMES * OUTPUTS];
        difference(arena, *p, etas, directions + d * count, count, slopes);
        for (size_t i = 0; i < TIMES * outputs; i++)
            check_near(look.values.slope[2 * i + d / RAC_LANES][d % RAC_LANES], slopes[i],
                       tolerance * largest[i % outputs], 0);
    }
    rac_sensitivity_close(exact);
}

/* ---- random models, all kinds of events ---- */

/* A tree of n compartments with an effect site that begins at E0: exchanges and one-way flows, a vein and a
 * mouth, a rate that differs between occasions. */
static const rac_model *random_model(rac_arena *arena, rac_random *draws, int n)
{
    const char *parameters = "V: 10 L * (weight / 70 kg), F: 0.6, ke0: 3 /h, E0: 0.2 mg/L",
               *flows = "c0 -> out: k0", *names = "V, ke0, E0, k0";
    parameters = rac_format(arena, "%s, k0: %.3f /h * (weight / 70 kg)^-0.25", parameters,
                            0.2 + rac_random_uniform(draws));
    for (int i = 1, k = 1; i < n; i++) {
        const int parent = (int)rac_random_below(draws, (uint32_t)i);
        const int two_way = rac_random_below(draws, 3) > 0;
        for (int back = 0; back <= two_way; back++) {
            parameters = rac_format(arena, "%s, k%d: %.3f /h", parameters, k,
                                    pow(10, rac_random_uniform(draws) - 0.5));
            flows = back ? rac_format(arena, "%s, c%d -> c%d: k%d", flows, i, parent, k)
                         : rac_format(arena, "%s, c%d -> c%d: k%d", flows, parent, i, k);
            names = rac_format(arena, "%s, k%d", names, k++);
        }
        if (!two_way || !rac_random_below(draws, 3)) {
            parameters = rac_format(arena, "%s, k%d: 0.3 /h", parameters, k);
            flows = rac_format(arena, "%s, c%d -> out: k%d", flows, i, k);
            names = rac_format(arena, "%s, k%d", names, k++);
        }
    }
    const char *text =
        rac_format(arena,
                   HEAD "covariates: {weight: {unit: kg, range: [40, 160]}}\nparameters: {%s}\nvariability:\n"
                        "  - {of: [%s], sd: 0.3}\n  - {of: F, distribution: logit-normal, sd: 0.5}\n"
                        "  - {of: k0, sd: 0.2, level: occasion}\nflows: {%s}\n"
                        "equations:\n  e: {unit: mg/L, rate: ke0 * (c0 / V - e), start: E0}\n"
                        "routes: {iv: c0, oral: {to: c%d, fraction: F, lag: 0.1 h}}\n"
                        "outputs: {first: c0 / V, last: c%d / V, effect: e}\n",
                   parameters, names, flows, n - 1, n - 1);
    return read_model(arena, text, "m");
}

static rac_regimen random_regimen(rac_arena *arena, rac_random *draws)
{
    rac_regimen r = rac_regimen_new(arena);
    rac_dose dose = rac_dose_bolus(0, 1, 50);
    dose.additional = 3;
    dose.interval_h = 1.7;
    rac_regimen_add(&r, dose);
    dose = rac_dose_infusion(rac_random_uniform(draws), 0, 0.5, 2);
    dose.per_kg = true;
    rac_regimen_add(&r, dose);
    rac_regimen_add(&r, rac_dose_infusion(1 + rac_random_uniform(draws), 0, 20, 1)); /* they overlap */
    rac_regimen_add(&r, rac_dose_mark(1.2, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&r, rac_dose_mark(1.2 + rac_random_uniform(draws), 0, RAC_DOSE_RESUME));
    rac_regimen_add(&r, rac_dose_mark(3.5, 0, RAC_DOSE_STOP));
    rac_regimen_add(&r, rac_dose_rate(4, 0, 8));
    rac_regimen_add(&r, rac_dose_rate(4.5, 0, 3));
    if (rac_random_below(draws, 2))
        rac_regimen_add(&r, rac_dose_mark(6 + rac_random_uniform(draws), 0, RAC_DOSE_RESET));
    dose = rac_dose_infusion(8, 0, 15, 3);
    dose.steady = rac_random_below(draws, 2) ? RAC_STEADY_REPLACE : RAC_STEADY_ADD;
    dose.interval_h = rac_random_below(draws, 2) ? 2 : 6; /* shorter and longer than the infusion */
    rac_regimen_add(&r, dose);
    dose = rac_dose_infusion(12 + rac_random_uniform(draws), 0, 0, 0); /* a plateau that runs on */
    dose.rate_mg_per_h = 4;
    dose.steady = rac_random_below(draws, 2) ? RAC_STEADY_REPLACE : RAC_STEADY_ADD;
    rac_regimen_add(&r, dose);
    for (int i = 0; i < TIMES; i++)
        rac_regimen_add(&r, rac_dose_mark(0.4 * i, 0, RAC_DOSE_OBSERVATION));
    return r;
}

static void test_pharma_sensitivity__random_models_agree_with_differences(void **state)
{
    rac_random draws = rac_random_open(20261125, 1, RAC_RANDOM_TEST);
    for (int round = 0; round < 60; round++) {
        const rac_model *model = random_model(*state, &draws, 1 + round % 6);
        const rac_regimen regimen = random_regimen(*state, &draws);
        const double constants[] = {70, 80, 75}, epoch_h[] = {0, 5, 9};
        const int occasion[] = {0, 1, 1};
        const rac_population p = {.model = model,
                                  .regimen = &regimen,
                                  .epochs = 1 + (int)rac_random_below(&draws, 3),
                                  .epoch_h = epoch_h,
                                  .occasion = occasion,
                                  .constants = constants};
        check_slopes(*state, &p, &draws, 0.3, 1e-11);
    }
}

/* ---- eigenvalues that meet ---- */

/* A metabolite of one compartment: m(t) = dose k t exp(-c t) g((c - k) t) with g(x) = (exp(x) - 1) / x, and
 * its derivatives by log k and log c, in extended precision; g and g' by their series where x is small. */
static void metabolite(double k, double c, double t, long double *value, long double *by_k, long double *by_c)
{
    const long double x = ((long double)c - k) * t, fall = k * t * expl(-(long double)c * t);
    long double g = 0, slope = 0, term = 1;
    for (int i = 0; i < 40 && fabsl(x) < 1; i++, term *= x / i) {
        g += term / (i + 1);
        slope += term / (i + 2);
    }
    if (fabsl(x) >= 1) {
        g = expm1l(x) / x;
        slope = (expl(x) - g) / x;
    }
    *value = fall * g;
    *by_k = fall * (g - k * t * slope);
    *by_c = fall * (c * t * slope - c * t * g);
}

static void test_pharma_sensitivity__equal_rates_are_no_special_case(void **state)
{
    static const double gaps[] = {1, 0.1, 0.03, 0.0101, 0.0099, 1e-3, 1e-5, 1e-8, 1e-12, 0};
    const double directions[] = {1, 0, 0, 1}, etas[] = {0, 0};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        const double k = 0.9, c = 0.9 * (1 + gaps[g]);
        const rac_model *model = read_model(
            *state,
            rac_format(*state,
                       HEAD "parameters: {k: %.17g /h, c: %.17g /h}\nvariability:\n  - {of: [k, c], sd: 1}\n"
                            "flows: {parent -> child: k, child -> out: c}\nroutes: {iv: parent}\n"
                            "outputs: {child: child}\n",
                       k, c),
            "m");
        rac_regimen regimen = rac_regimen_new(*state);
        rac_regimen_add(&regimen, rac_dose_bolus(0, 0, 1));
        for (int i = 0; i < TIMES; i++)
            rac_regimen_add(&regimen, rac_dose_mark(0.2 * i, 0, RAC_DOSE_OBSERVATION));
        const rac_population p = {.model = model, .regimen = &regimen};
        rac_sensitivity *exact = rac_sensitivity_new(*state, &p, directions, 2);
        rac_sensitivity_look look;
        rac_error err = {0};
        check_ok(rac_sensitivity_at(exact, etas, &look, &err));
        assert_true(look.exact);
        for (int i = 0; i < TIMES; i++) {
            long double value, by_k, by_c;
            metabolite(k, c, 0.2 * i, &value, &by_k, &by_c);
            check_near(look.values.value[i], (double)value, 4e-13, 0);
            check_near(look.values.slope[i][0], (double)by_k, 4e-13, 0);
            check_near(look.values.slope[i][1], (double)by_c, 4e-13, 0);
        }
        rac_sensitivity_close(exact);
    }
}

/* A chain of equal transits, which has no modes at all. */
static void test_pharma_sensitivity__a_transit_chain_agrees_with_differences(void **state)
{
    rac_random draws = rac_random_open(20261125, 2, RAC_RANDOM_TEST);
    const rac_model *model =
        read_model(*state,
                   HEAD "parameters: {V: 10 L, ktr: 4 /h, k: 0.5 /h, q: 0.3 /h}\nvariability:\n"
                        "  - {of: [V, ktr, k, q], sd: 0.3}\nflows: {a -> b: ktr, b -> c: ktr, c -> last: "
                        "ktr, last -> body: ktr, "
                        "body -> deep: q, deep -> body: q, body -> out: k}\nroutes: {iv: a, oral: a}\n"
                        "outputs: {first: body / V, slow: deep, late: last}\n",
                   "m");
    for (int round = 0; round < 4; round++) {
        rac_regimen regimen = random_regimen(*state, &draws);
        for (size_t i = 0; i < regimen.count; i++)
            if (regimen.items[i].per_kg) {
                regimen.items[i].per_kg = false;
                regimen.items[i].amount_mg *= 70;
            }
        const double epoch_h[] = {0, 5};
        const rac_population p = {
            .model = model, .regimen = &regimen, .epochs = 1 + round % 2, .epoch_h = epoch_h};
        check_slopes(*state, &p, &draws, 0.3, 1e-11);
    }
}

/* ---- outputs that are not linear ---- */

static void test_pharma_sensitivity__outputs_may_be_any_expression(void **state)
{
    rac_random draws = rac_random_open(20261125, 3, RAC_RANDOM_TEST);
    const rac_model *model = read_model(
        *state,
        HEAD "covariates: {weight: {unit: kg, range: [40, 160]}}\n"
             "parameters: {V: 10 L * (weight / 70 kg), k: 0.5 /h, ka: 2 /h, c50: 1 mg/L}\nvariability:\n"
             "  - {of: [V, k, ka, c50], sd: 0.3}\nflows: {gut -> body: ka, body -> out: k}\n"
             "routes: {iv: body, oral: gut}\noutputs: {first: body / V, last: body / V / (body / V + c50), "
             "effect: log(1 + gut / 1 mg)}\n",
        "m");
    for (int round = 0; round < 4; round++) {
        const rac_regimen regimen = random_regimen(*state, &draws);
        const double constants[] = {70, 90}, epoch_h[] = {0, 5};
        const rac_population p = {.model = model,
                                  .regimen = &regimen,
                                  .epochs = 1 + round % 2,
                                  .epoch_h = epoch_h,
                                  .constants = constants};
        check_slopes(*state, &p, &draws, 0.3, 1e-11);
    }
}

/* ---- methods and kernels ---- */

/* Parent with two depots, metabolite, effect site; one direction moves each flow, the gain and the readers.
 */
static void test_pharma_sensitivity__both_methods_and_all_kernels_agree(void **state)
{
    enum { FLOWS = 8, N = 5, BLOCKS = 2, STEPS = 30 };
    static const rac_flow flows[FLOWS] = {{0, 1, false}, {1, 0, false},      {0, 2, false},
                                          {2, 0, false}, {0, 3, false},      {3, RAC_OUT, false},
                                          {0, 4, true},  {4, RAC_OUT, false}};
    static const double per_h[FLOWS] = {6.4, 2.9, 3.2, 0.5, 3.4, 0.9, 2, 2.3};
    static const rac_route_part vein = {.compartment = 0, .fraction = 1};
    const int first[] = {0, 1}, compartments[] = {0, 0};
    rac_linear *shape = NULL;
    rac_error err = {0};
    check_ok(rac_linear_new(*state, N, flows, FLOWS, &shape, &err));
    rac_regimen regimen = rac_regimen_new(*state);
    rac_regimen_add(&regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    rac_dose steady = rac_dose_bolus(2, 0, 5);
    steady.steady = RAC_STEADY_ADD;
    steady.interval_h = 3;
    rac_regimen_add(&regimen, steady);
    double times_h[STEPS];
    for (int i = 0; i < STEPS; i++)
        times_h[i] = i / 7.0;
    const rac_timing timing = {.routes = 1, .route_first = first, .epochs = 1, .parts = &vein};
    rac_schedule schedule;
    check_ok(rac_schedule_make(*state, &regimen, &timing, times_h, STEPS, &schedule, &err));

    double rates[FLOWS], gains[] = {0.8, 0}, readers[N] = {0.05, 0, 0, 0.01, 1},
                         starts[N] = {0, 0, 0, 0.1, 0.2};
    memcpy(rates, per_h, sizeof rates);
    rac_sensitive s = {.shape = shape,
                       .schedule = &schedule,
                       .channel_compartment = compartments,
                       .blocks = BLOCKS,
                       .flow_per_h = {rates, rac_lanes_new(*state, FLOWS * BLOCKS)},
                       .gains = {gains, rac_lanes_new(*state, 2 * BLOCKS)},
                       .readers = {readers, rac_lanes_new(*state, N * BLOCKS)},
                       .starts = {starts, rac_lanes_new(*state, N * BLOCKS)},
                       .start_stride = N,
                       .lag_slopes = rac_lanes_new(*state, BLOCKS),
                       .length_slopes = rac_lanes_new(*state, BLOCKS),
                       .outputs = 1};
    for (int d = 0; d < FLOWS; d++)
        s.flow_per_h.slope[d * BLOCKS][d] = rates[d];
    s.gains.slope[1][0] = 0.8;
    s.readers.slope[1][1] = s.readers.slope[3 * BLOCKS + 1][2] = 0.03;
    s.starts.slope[4 * BLOCKS + 1][3] = 1;

    const rac_kernel *kernels[3] = {&rac_kernel_plain, rac_kernel_best()};
    int kernel_count = 2;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        kernels[kernel_count++] = &rac_kernel_avx2;
#endif
    rac_duals outs[6];
    for (int way = 0; way < 2 * kernel_count; way++) {
        const bool scaling = way >= kernel_count;
        outs[way] = (rac_duals){rac_many(*state, double, STEPS), rac_lanes_new(*state, STEPS * BLOCKS)};
        s.out = outs[way];
        s.work =
            rac_lanes_new(*state, scaling ? rac_sensitive_scaling_work(&s) : rac_sensitive_modes_work(&s));
        (scaling ? kernels[way - kernel_count]->scale_slopes : kernels[way]->solve_slopes)(&s);
        assert_true(s.nearest > 0.01);
        const rac_duals *same = &outs[scaling ? kernel_count : 0];
        assert_memory_equal(same->value, outs[way].value, sizeof(double) * STEPS);
        assert_memory_equal(same->slope, outs[way].slope, sizeof(rac_lanes) * STEPS * BLOCKS);
    }
    const double *modes = (const double *)outs[0].slope, *scaled = (const double *)outs[kernel_count].slope;
    int moved = 0;
    for (int i = 0; i < STEPS * BLOCKS * RAC_LANES; i++) {
        check_near(modes[i], scaled[i], 2e-13, 0);
        moved += fabs(modes[i]) > 1e-3;
    }
    for (int i = 0; i < STEPS; i++)
        check_near(outs[0].value[i], outs[kernel_count].value[i], 1e-13, 0);
    assert_true(moved > 8 * STEPS);
}

/* ---- times that move ---- */

/* A lag, a duration and a rate that vary, and a share that stretches an infusion; exchange, and a depot as
 * fast as the elimination from which scaling is needed. */
static const rac_model *timed_model(rac_arena *arena, bool equal)
{
    return read_model(
        arena,
        rac_format(arena,
                   HEAD
                   "parameters: {V: 10 L, k: 0.5 /h, ka: %s, q: 0.3 /h, lag: 0.123 h, D: 0.73 h, R: 31 mg/h, "
                   "F: 0.8}\nvariability:\n  - {of: [V, k, q, lag, D, R], sd: 0.3}\n%s"
                   "  - {of: F, distribution: logit-normal, sd: 0.4}\n  - {of: D, sd: 0.2, level: occasion}\n"
                   "flows: {gut -> body: ka, body -> deep: q, deep -> body: q, body -> out: k}\nroutes:\n"
                   "  iv: {to: body, fraction: F}\n"
                   "  oral: [{to: gut, fraction: F, lag: lag}, {to: body, fraction: 1 - F, duration: D, lag: "
                   "2 * lag}]\n"
                   "  film: {to: gut, fraction: F, rate: R, lag: lag}\n"
                   "outputs: {first: body / V, last: deep, effect: gut}\n",
                   equal ? "1 * k" : "2 /h", equal ? "" : "  - {of: ka, sd: 0.3}\n"),
        "m");
}

/* Observations keep away from every event that moves: there the differences would have a corner among them.
 */
static const double quiet_h[TIMES] = {0.1,  0.25, 0.6, 0.8, 0.95, 1.4,   1.6,  1.85, 1.95, 2.3,
                                      2.5,  2.65, 3.1, 3.3, 3.55, 3.65,  4.1,  4.2,  4.3,  4.85,
                                      5.05, 5.15, 5.6, 5.7, 6.4,  6.8,   7.2,  7.4,  7.7,  8,
                                      8.05, 8.2,  8.6, 9.5, 9.7,  11.05, 11.6, 11.7, 12.4, 13.5};

static rac_regimen timed_regimen(rac_arena *arena, rac_random *draws)
{
    rac_regimen r = rac_regimen_new(arena);
    rac_dose dose = rac_dose_bolus(0.2, 1, 50);
    dose.additional = 2;
    dose.interval_h = 1.7;
    rac_regimen_add(&r, dose);
    dose = rac_dose_bolus(5.1, 2, 30);
    if (rac_random_below(draws, 2)) {
        dose.steady = rac_random_below(draws, 2) ? RAC_STEADY_REPLACE : RAC_STEADY_ADD;
        dose.interval_h = rac_random_below(draws, 2) ? 0.6 : 5; /* shorter and longer than the intake */
    }
    rac_regimen_add(&r, dose);
    dose = rac_dose_infusion(7.3, 0, 20, 0); /* its length is F AMT / RATE */
    dose.rate_mg_per_h = 11;
    rac_regimen_add(&r, dose);
    rac_regimen_add(&r, rac_dose_mark(7.6, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&r, rac_dose_mark(7.9, 0, RAC_DOSE_RESUME));
    if (rac_random_below(draws, 2))
        rac_regimen_add(&r, rac_dose_rate(8.1, 0, 5));
    dose = rac_dose_bolus(11.1, 1, 40);
    dose.steady = rac_random_below(draws, 2) ? RAC_STEADY_REPLACE : RAC_STEADY_ADD;
    dose.interval_h = rac_random_below(draws, 2) ? 0.7 : 3;
    rac_regimen_add(&r, dose);
    if (rac_random_below(draws, 2))
        rac_regimen_add(&r, rac_dose_mark(11.5, 0, RAC_DOSE_RESET));
    for (int i = 0; i < TIMES; i++)
        rac_regimen_add(&r, rac_dose_mark(quiet_h[i], 0, RAC_DOSE_OBSERVATION));
    return r;
}

static void test_pharma_sensitivity__events_may_move(void **state)
{
    rac_random draws = rac_random_open(20261125, 4, RAC_RANDOM_TEST);
    for (int round = 0; round < 20; round++) {
        const rac_model *model = timed_model(*state, round % 4 == 3);
        const rac_regimen regimen = timed_regimen(*state, &draws);
        const double epoch_h[] = {0, 5, 9};
        const int occasion[] = {0, 1, 2};
        const rac_population p = {.model = model,
                                  .regimen = &regimen,
                                  .epochs = 1 + round % 3,
                                  .epoch_h = epoch_h,
                                  .occasion = occasion};
        check_slopes(*state, &p, &draws, 0.03, 1e-11);
    }
}

/* ---- where there are none ---- */

static void test_pharma_sensitivity__states_have_none(void **state)
{
    const rac_model *model = read_model(
        *state,
        HEAD "parameters: {V: 10 L, vm: 20 mg/h, km: 2 mg/L}\nvariability:\n  - {of: [vm, km], sd: 0.3}\n"
             "equations:\n  body: {unit: mg, rate: -vm * body / (V * km + body)}\nroutes: {iv: body}\n"
             "outputs: {c: body / V}\n",
        "m");
    rac_regimen regimen = rac_regimen_new(*state);
    const double directions[] = {1, 0};
    const rac_population p = {.model = model, .regimen = &regimen};
    assert_null(rac_sensitivity_new(*state, &p, directions, 1));
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_sensitivity__##name, open_arena, close_arena)
RAC_TESTS(T(random_models_agree_with_differences), T(equal_rates_are_no_special_case),
          T(a_transit_chain_agrees_with_differences), T(outputs_may_be_any_expression),
          T(both_methods_and_all_kernels_agree), T(events_may_move), T(states_have_none))
