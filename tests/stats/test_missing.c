/* Missing scores against R (lm, rbmi, mice's pool) and closed forms. */
#include "reference.h"

#include "base/random.h"
#include "racemate/stats/distributions.h"
#include "racemate/stats/missing.h"

/* The chart as arrays: one row a patient in the order of ADSL, one column a session. */
typedef struct chart {
    size_t patients, visits;
    const rac_text *id;
    double *change; /* patients x visits, NaN where missing */
    double *base;
    bool *treated;
    int32_t *arm;
} chart;

static chart chart_read(rac_arena *arena)
{
    const rac_csv_table adsl = table_read(arena, "adsl.csv"), adqs = table_read(arena, "adqs.csv");
    const rac_text *const arm = texts_of(&adsl, "TRT01A"), *const who = texts_of(&adqs, "USUBJID"),
                          *const analysed = texts_of(&adqs, "ANL01FL");
    const double *const last = numbers_of(arena, &adsl, "LSTSESS"),
                        *const visit = numbers_of(arena, &adqs, "AVISITN"),
                        *const chg = numbers_of(arena, &adqs, "CHG");
    chart c = {
        .patients = adsl.rows, .id = texts_of(&adsl, "USUBJID"), .base = numbers_of(arena, &adsl, "QIDSBL")};
    for (size_t i = 0; i < c.patients; i++)
        c.visits = last[i] > (double)c.visits ? (size_t)last[i] : c.visits;
    c.change = rac_many(arena, double, c.patients *c.visits);
    c.treated = rac_many(arena, bool, c.patients);
    c.arm = rac_many(arena, int32_t, c.patients);
    for (size_t i = 0; i < c.patients; i++) {
        c.treated[i] = rac_text_is(arm[i], "IV ketamine");
        c.arm[i] = c.treated[i];
        for (size_t j = 0; j < c.visits; j++)
            c.change[i * c.visits + j] = NAN;
    }
    for (size_t k = 0, i = 0; k < adqs.rows; k++) {
        while (!rac_text_equal(c.id[i], who[k])) /* both files are sorted by patient */
            i++;
        if (rac_text_is(analysed[k], "Y") && visit[k] > 0)
            c.change[i * c.visits + (size_t)visit[k] - 1] = chg[k];
    }
    return c;
}

static rac_ancova ancova_of(rac_arena *arena, const chart *c, const double *y)
{
    rac_error err = {0};
    rac_ancova ancova;
    const rac_ancova_data data = {
        .patients = c->patients, .y = y, .treated = c->treated, .covariates = 1, .covariate = c->base};
    check_ok(rac_ancova_of(arena, &data, &ancova, &err));
    return ancova;
}

static double *last_visit(rac_arena *arena, const chart *c, const double *filled)
{
    double *const y = rac_many(arena, double, c->patients);
    for (size_t i = 0; i < c->patients; i++)
        y[i] = filled[(i + 1) * c->visits - 1];
    return y;
}

static bool *last_missing(rac_arena *arena, const chart *c)
{
    bool *const missing = rac_many(arena, bool, c->patients);
    for (size_t i = 0; i < c->patients; i++)
        missing[i] = isnan(c->change[(i + 1) * c->visits - 1]);
    return missing;
}

static rac_reference_based reference_based_of(rac_arena *arena, const chart *c, bool jackknife)
{
    rac_error err = {0};
    const rac_mixed_covariate base = {.name = "BASE", .value = c->base, .by_visit = true};
    const rac_mixed_usual model = {.patients = c->patients,
                                   .visits = c->visits,
                                   .arms = 2,
                                   .outcome = c->change,
                                   .arm = c->arm,
                                   .covariates = 1,
                                   .covariate = &base};
    rac_reference_based result;
    check_ok(rac_reference_based_run(
        arena,
        &(rac_reference_based_data){.model = &model, .treated = 1, .reference = 0, .jackknife = jackknife},
        &result, &err));
    return result;
}

static const char *const r_names[] = {"MAR", "JR", "CIR", "CR"}; /* by rac_strategy */

static void check_legacy(reference *r, const chart *c)
{
    for (rac_legacy k = RAC_LEGACY_LAST_CARRIED; k <= RAC_LEGACY_COMPLETERS; k++) {
        double *const y = rac_many(r->arena, double, c->patients);
        rac_legacy_fill(k, c->patients, c->visits, c->change, NULL, y);
        const rac_ancova a = ancova_of(r->arena, c, y);
        check_contains(rac_legacy_label(k), "legacy: ");
        const char *const key =
            k == RAC_LEGACY_COMPLETERS ? "completers" : rac_legacy_label(k) + strlen("legacy: ");
        reference_check(r, "ancova", key, "n", (double)a.used);
        reference_check(r, "ancova", key, "difference", a.effect.estimate);
        reference_check(r, "ancova", key, "se", a.effect.se);
        reference_check(r, "ancova", key, "df", a.effect.df);
        reference_check(r, "ancova", key, "p_value", a.effect.p_value);
    }
}

static void test_stats_missing__conditional_means_agree_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "chart_missing");
    const chart c = chart_read(arena);
    check_legacy(&r, &c);
    const rac_reference_based result = reference_based_of(arena, &c, false);
    for (size_t s = 0; s < 4; s++)
        reference_check(&r, "conditional_mean", r_names[s], "difference", result.ancova[s].effect.estimate);
    for (size_t i = 0, shown = 0; i < c.patients && shown < 6; i++) {
        bool complete = true;
        for (size_t j = 0; j < c.visits; j++)
            complete = complete && !isnan(c.change[i * c.visits + j]);
        for (size_t j = 0; j < c.visits && !complete; j++)
            reference_check(&r, "imputed_values",
                            rac_format(arena, "JR|%.*s|Session %zu", RAC_TEXT(c.id[i]), j + 1), "value",
                            result.filled[RAC_STRATEGY_J2R][i * c.visits + j]);
        shown += !complete;
    }
    const rac_tipping tipping = {.sets = 1,
                                 .patients = c.patients,
                                 .covariates = 1,
                                 .covariate = c.base,
                                 .y = last_visit(arena, &c, result.filled[RAC_STRATEGY_MAR]),
                                 .imputed = last_missing(arena, &c),
                                 .treated = c.treated};
    rac_pooled pooled;
    for (int delta = 0; delta <= 12; delta++) {
        check_ok(rac_tipping_at(arena, &tipping, delta, 0, &pooled, &err));
        reference_check(&r, "tipping_point", rac_format(arena, "%d", delta), "difference",
                        pooled.effect.estimate);
    }
    reference_done(&r);
    rac_tipping_point point;
    check_ok(rac_tipping_find(arena, &tipping, 0.05, 30, &point, &err));
    assert_true(point.estimate_tips && !point.p_tips); /* one set has no honest p */
    assert_true(point.delta_estimate > 10 && point.delta_estimate < 11);
    check_ok(rac_tipping_at(arena, &tipping, point.delta_estimate, 0, &pooled, &err));
    check_near(pooled.effect.estimate, 0, 1e-12, 0);
    rac_arena_free(arena);
}

static void test_stats_missing__jackknife_agrees_with_rbmi(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_missing_rbmi");
    const chart c = chart_read(arena);
    const rac_reference_based result = reference_based_of(arena, &c, true);
    assert_true(result.jackknife);
    for (size_t s = 0; s < 4; s++) {
        reference_check(&r, "conditional_mean_jackknife", r_names[s], "difference",
                        result.effect[s].estimate);
        reference_check(&r, "conditional_mean_jackknife", r_names[s], "se", result.effect[s].se);
        reference_check(&r, "conditional_mean_jackknife", r_names[s], "lower", result.effect[s].lower);
        reference_check(&r, "conditional_mean_jackknife", r_names[s], "upper", result.effect[s].upper);
    }
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_missing__pooling_agrees_with_mice(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "rubin");
    const rac_csv_table table = table_read(arena, "chart_imputed.csv");
    chart c = {.patients = table.rows,
               .base = numbers_of(arena, &table, "QIDSBL"),
               .treated = rac_many(arena, bool, table.rows)};
    const double *const iv = numbers_of(arena, &table, "IV");
    for (size_t i = 0; i < c.patients; i++)
        c.treated[i] = iv[i] == 1;
    const size_t sets = table.column_count - 3;
    double *const estimate = rac_many(arena, double, sets), *const se = rac_many(arena, double, sets),
                  *const all = rac_many(arena, double, sets *c.patients);
    double df = 0;
    for (size_t k = 0; k < sets; k++) {
        const char *const name = rac_text_copy(arena, table.columns[k + 3].name);
        memcpy(all + k * c.patients, numbers_of(arena, &table, name), c.patients * sizeof *all);
        const rac_ancova a = ancova_of(arena, &c, all + k * c.patients);
        estimate[k] = a.effect.estimate;
        se[k] = a.effect.se;
        df = a.effect.df;
        reference_check(&r, "each", name, "estimate", a.effect.estimate);
        reference_check(&r, "each", name, "se", a.effect.se);
    }
    rac_pooled p;
    check_ok(rac_rubin_pool(sets, estimate, se, df, 0, &p, &err));
    const struct {
        const char *quantity;
        double value;
    } got[] = {{"m", (double)p.sets},
               {"estimate", p.effect.estimate},
               {"within", p.within},
               {"between", p.between},
               {"total", p.total},
               {"se", p.effect.se},
               {"lambda", p.lambda},
               {"riv", p.relative_increase},
               {"df_rubin", p.df_rubin},
               {"df_barnard_rubin", p.effect.df},
               {"fmi", p.missing_information},
               {"lower", p.effect.lower},
               {"upper", p.effect.upper},
               {"p_value", p.effect.p_value}};
    for (size_t k = 0; k < sizeof got / sizeof *got; k++)
        reference_check(&r, "pooled", "ten imputations", got[k].quantity, got[k].value);
    reference_done(&r);

    /* The same sets, shifted until p is 0.05: on one side of the answer p is below, on the other above. */
    const chart whole = chart_read(arena);
    const rac_tipping tipping = {.sets = sets,
                                 .patients = c.patients,
                                 .y = all,
                                 .covariates = 1,
                                 .covariate = c.base,
                                 .imputed = last_missing(arena, &whole),
                                 .treated = c.treated};
    rac_tipping_point point;
    check_ok(rac_tipping_find(arena, &tipping, 0.05, 30, &point, &err));
    assert_true(point.p_tips && point.delta_p > 0 && point.delta_p < point.delta_estimate);
    check_ok(rac_tipping_at(arena, &tipping, point.delta_p, 0, &p, &err));
    check_near(p.effect.p_value, 0.05, 1e-8, 0);
    check_ok(rac_tipping_at(arena, &tipping, point.delta_estimate, 0, &p, &err));
    check_near(p.effect.estimate, 0, 1e-12, 0);
    rac_arena_free(arena);
}

/* Sigma = (4 2; 2 5), own mean (1, 2), reference (3, 5), seen 2 and then nothing: the slope is 1/2. */
static void test_stats_missing__strategies_by_hand(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double y[6] = {2, NAN, NAN, NAN, NAN, 4}, own[6] = {1, 2, 1, 2, 1, 2},
                 there[6] = {3, 5, 3, 5, 3, 5}, sigma[4] = {4, 2, 2, 5}, other[4] = {2, 1.5, 1.5, 3};
    rac_impute_model model = {
        .patients = 3, .visits = 2, .y = y, .own_mean = own, .reference_mean = there, .sigma = sigma};
    const double expected[4][6] = {
        [RAC_STRATEGY_MAR] = {2, 2.5, 1, 2, 1 + 0.4 * 2, 4},
        [RAC_STRATEGY_J2R] = {2, 5.5, 3, 5, 1 + 0.4 * 2, 4},
        [RAC_STRATEGY_CIR] = {2, 3.5, 3, 5, 1 + 0.4 * 2, 4}, /* own 1 and the reference's step of 2 */
        [RAC_STRATEGY_CR] = {2, 4.5, 3, 5, 1 + 0.4 * 2, 4},
    };
    double *filled;
    for (int s = 0; s < 4; s++) {
        check_ok(rac_impute_mean(arena, &model, (rac_strategy)s, &filled, &err));
        for (size_t k = 0; k < 6; k++)
            check_near(filled[k], expected[s][k], 1e-14, 0);
        assert_true(strlen(rac_strategy_sentence((rac_strategy)s)) > 40);
    }
    /* Joined covariances: S21 = R21 R11^-1 O11 = 3, so the slope is 3/4. */
    model.reference_sigma = other;
    check_ok(rac_impute_mean(arena, &model, RAC_STRATEGY_J2R, &filled, &err));
    check_near(filled[1], 5.75, 1e-14, 0);
    check_ok(
        rac_impute_mean(arena, &model, RAC_STRATEGY_CR, &filled, &err)); /* reference covariance: 5 - 3/4 */
    check_near(filled[1], 4.25, 1e-14, 0);
    model.reference_sigma = NULL;
    const double gaps[6] = {1, 1, NAN, NAN, 1, 1}, both[4] = {-1, 0, 0, 1};
    model.y = gaps;
    model.sigma = both;
    check_status(rac_impute_mean(arena, &model, RAC_STRATEGY_MAR, &filled, &err), RAC_INVALID);
    check_contains(err.message, "not positive definite");
    rac_arena_free(arena);
}

/* Scores of 12 patients complete, one with a baseline only: his imputation is a draw of the posterior
 * predictive distribution, a t with n - r - m + 1 = 10 df, centre the mean, scale^2 S_jj / 10 (1 + 1/12). */
static void test_stats_missing__draws_follow_the_posterior(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    enum { N = 12, DRAWS = 20000 };
    double y[2 * (N + 1)], one[N + 1], mean = 0, squares = 0;
    for (size_t i = 0; i <= N; i++) {
        one[i] = 1;
        y[2 * i] = i < N ? (double)(i * 5 % 12) : NAN;
        y[2 * i + 1] = i < N ? (double)(i * 7 % 12) + 0.5 * y[2 * i] : NAN;
        mean += i < N ? y[2 * i + 1] / N : 0;
    }
    for (size_t i = 0; i < N; i++)
        squares += (y[2 * i + 1] - mean) * (y[2 * i + 1] - mean);
    const rac_impute_data data = {
        .patients = N + 1, .visits = 2, .factors = 1, .y = y, .factor = one, .arms = 1};
    double *filled;
    check_ok(rac_impute_draw(
        arena, &data, &(rac_impute_options){.seed = 4, .imputations = DRAWS, .burn_in = 1}, &filled, &err));
    const double scale = sqrt(squares / 10 * (1 + 1.0 / 12));
    double sum = 0, outside = 0, above = 0;
    for (size_t k = 0; k < DRAWS; k++) {
        const double t = (filled[(k * (N + 1) + N) * 2 + 1] - mean) / scale;
        sum += t / DRAWS;
        outside += fabs(t) > rac_t_critical(0.95, 10);
        above += t > rac_t_critical(0.5, 10);
    }
    /* 4 Monte Carlo errors: var t = 10/8; P = 0.05 and 0.25. */
    check_near(sum, 0, 4 * sqrt(1.25 / DRAWS), 0);
    check_near(outside / DRAWS, 0.05, 4 * sqrt(0.05 * 0.95 / DRAWS), 0);
    check_near(above / DRAWS, 0.25, 4 * sqrt(0.25 * 0.75 / DRAWS), 0);
    rac_arena_free(arena);
}

typedef struct factors {
    double *own, *reference;
} factors;

static factors factors_of(rac_arena *arena, const chart *c)
{
    factors f = {rac_many(arena, double, 3 * c->patients), rac_many(arena, double, 3 * c->patients)};
    for (size_t i = 0; i < c->patients; i++) {
        f.own[3 * i] = f.reference[3 * i] = 1;
        f.own[3 * i + 1] = c->treated[i];
        f.own[3 * i + 2] = f.reference[3 * i + 2] = c->base[i];
    }
    return f;
}

static rac_pooled pooled_of(rac_arena *arena, const chart *c, const double *filled, size_t sets)
{
    rac_error err = {0};
    double *const estimate = rac_many(arena, double, sets), *const se = rac_many(arena, double, sets);
    rac_ancova a = {0};
    rac_pooled pooled;
    for (size_t k = 0; k < sets; k++) {
        a = ancova_of(arena, c, last_visit(arena, c, filled + k * c->patients * c->visits));
        estimate[k] = a.effect.estimate;
        se[k] = a.effect.se;
    }
    check_ok(rac_rubin_pool(sets, estimate, se, a.effect.df, 0, &pooled, &err));
    return pooled;
}

/* Multiple imputation of the chart: its mean must be the conditional-mean estimate to within 4 Monte Carlo
 * errors sqrt(B/m), and 0.03 for the posterior mean not being the REML optimum. */
static void test_stats_missing__draws_agree_with_conditional_means(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    enum { SETS = 100 };
    const chart c = chart_read(arena);
    const rac_reference_based expected = reference_based_of(arena, &c, false);
    const factors f = factors_of(arena, &c);
    const rac_impute_data data = {.patients = c.patients,
                                  .visits = c.visits,
                                  .factors = 3,
                                  .y = c.change,
                                  .factor = f.own,
                                  .reference_factor = f.reference,
                                  .arms = 1};
    double *filled;
    for (int s = 0; s < 4; s++) {
        const rac_impute_options options = {
            .seed = 21, .imputations = SETS, .strategy = (rac_strategy)s, .burn_in = 60};
        check_ok(rac_impute_draw(arena, &data, &options, &filled, &err));
        const rac_pooled p = pooled_of(arena, &c, filled, SETS);
        check_near(p.effect.estimate, expected.ancova[s].effect.estimate, 4 * sqrt(p.between / SETS) + 0.03,
                   0);
        assert_true(p.between > 0.01 && p.lambda > 0.01 && p.lambda < 0.6);
        for (size_t k = 0; k < c.patients * c.visits; k++)
            assert_true(isnan(c.change[k]) ? isfinite(filled[k]) : filled[k] == c.change[k]);
    }
    /* One model for each arm: the arm's column is then constant within an arm and leaves by itself. */
    size_t *const arm = rac_many(arena, size_t, c.patients);
    for (size_t i = 0; i < c.patients; i++)
        arm[i] = c.treated[i];
    rac_impute_data by_arm = data;
    by_arm.arms = 2;
    by_arm.arm = arm;
    check_ok(rac_impute_draw(
        arena, &by_arm,
        &(rac_impute_options){.seed = 5, .imputations = SETS, .strategy = RAC_STRATEGY_J2R, .burn_in = 60},
        &filled, &err));
    const rac_pooled p = pooled_of(arena, &c, filled, SETS);
    check_near(p.effect.estimate, expected.ancova[RAC_STRATEGY_J2R].effect.estimate, 0.5,
               0); /* another model */
    rac_arena_free(arena);
}

/* The first three of ten imputations are the imputations of three; one more patient with a baseline only
 * changes nobody else's; scores times c plus d give imputations times c plus d. */
static void test_stats_missing__draws_depend_on_their_key_only(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const chart c = chart_read(arena);
    const factors f = factors_of(arena, &c);
    const size_t n = c.patients, m = c.visits;
    rac_impute_data data = {
        .patients = n, .visits = m, .factors = 3, .y = c.change, .factor = f.own, .arms = 1};
    rac_impute_options options = {.seed = 9, .imputations = 3, .burn_in = 20};
    double *three, *ten, *more, *scaled;
    check_ok(rac_impute_draw(arena, &data, &options, &three, &err));
    options.imputations = 10;
    check_ok(rac_impute_draw(arena, &data, &options, &ten, &err));
    assert_memory_equal(three, ten, 3 * n * m * sizeof *three);
    options.imputations = 3;
    double *const y = rac_many(arena, double, (n + 1) * m), *const u = rac_many(arena, double, 3 * (n + 1));
    memcpy(y, c.change, n * m * sizeof *y);
    memcpy(u, f.own, 3 * n * sizeof *u);
    for (size_t j = 0; j < m; j++)
        y[n * m + j] = NAN;
    u[3 * n] = 1;
    u[3 * n + 2] = 20;
    data.patients = n + 1;
    data.y = y;
    data.factor = u;
    check_ok(rac_impute_draw(arena, &data, &options, &more, &err));
    for (size_t k = 0; k < 3; k++)
        assert_memory_equal(three + k * n * m, more + k * (n + 1) * m, n * m * sizeof *three);
    data.patients = n;
    for (size_t k = 0; k < n * m; k++)
        y[k] = 3 * c.change[k] - 7;
    check_ok(rac_impute_draw(arena, &data, &options, &scaled, &err));
    for (size_t k = 0; k < 3 * n * m; k++)
        check_near(scaled[k], 3 * three[k] - 7, 1e-9, 1e-9);
    rac_arena_free(arena);
}

/* 150 simulated trials, 60 patients, 3 visits, true difference -2 at the last; who is doing badly at a visit
 * is likelier to leave, more so in one arm.  The pooled interval must cover in 95 %: 142.5 of 150, sd 2.7;
 * four of them. */
static void test_stats_missing__pooled_intervals_cover_the_truth(void **state)
{
    (void)state;
    enum { TRIALS = 150, N = 60, SETS = 10 };
    size_t covered = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        rac_arena *const arena = rac_arena_new();
        rac_error err = {0};
        rac_random draws = rac_random_open(31, trial, RAC_RANDOM_TEST);
        double y[3 * N], u[2 * N];
        bool treated[N];
        double base[N];
        for (size_t i = 0; i < N; i++) {
            treated[i] = i % 2;
            u[2 * i] = 1;
            u[2 * i + 1] = treated[i];
            base[i] = rac_random_normal(&draws); /* unrelated */
            const double level = 1.5 * rac_random_normal(&draws);
            bool gone = false;
            for (size_t j = 0; j < 3; j++) {
                const double score =
                    level - (treated[i] ? 2.0 * (double)j / 2 : 0) + rac_random_normal(&draws);
                y[3 * i + j] = gone ? NAN : score;
                gone = gone || rac_random_uniform(&draws) < 1 / (1 + exp(1.5 - score + 0.7 * treated[i]));
            }
        }
        const rac_impute_data data = {
            .patients = N, .visits = 3, .factors = 2, .y = y, .factor = u, .arms = 1};
        double *filled;
        check_ok(rac_impute_draw(arena, &data,
                                 &(rac_impute_options){.seed = trial, .imputations = SETS, .burn_in = 30},
                                 &filled, &err));
        const chart c = {.patients = N, .visits = 3, .treated = treated, .base = base};
        const rac_pooled p = pooled_of(arena, &c, filled, SETS);
        covered += p.effect.lower <= -2 && -2 <= p.effect.upper;
        rac_arena_free(arena);
    }
    assert_in_range(covered, 132, 150);
}

static void test_stats_missing__edges_are_answered_or_refused(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    rac_pooled p;
    const double same[3] = {1, 1, 1}, se[3] = {0.5, 0.5, 0.5}, bad[3] = {1, NAN, 1};
    check_ok(rac_rubin_pool(3, same, se, 20, 0.9, &p, &err)); /* nothing was missing */
    assert_true(p.between == 0 && p.lambda == 0 && isinf(p.df_rubin));
    check_near(p.effect.df, 21.0 / 23 * 20, 0, 1e-14);
    check_ok(rac_rubin_pool(3, same, se, INFINITY, 0, &p, &err));
    assert_true(isinf(p.effect.df) && isfinite(p.effect.p_value));
    check_status(rac_rubin_pool(1, same, se, 20, 0, &p, &err), RAC_INVALID);
    check_status(rac_rubin_pool(3, bad, se, 20, 0, &p, &err), RAC_INVALID);
    check_status(rac_rubin_pool(3, same, se, 0, 0, &p, &err), RAC_INVALID);

    double y[20], one[10];
    bool treated[10] = {0};
    for (size_t i = 0; i < 10; i++) {
        y[2 * i] = (double)(i * 3 % 10);
        y[2 * i + 1] = NAN;
        one[i] = 1;
    }
    double *filled;
    rac_impute_data data = {.patients = 10, .visits = 2, .factors = 1, .y = y, .factor = one, .arms = 1};
    rac_impute_options options = {.seed = 1, .imputations = 2};
    check_status(rac_impute_draw(arena, &data, &options, &filled, &err), RAC_INVALID);
    check_contains(err.message, "nobody has a score at visit 2");
    for (size_t i = 0; i < 10; i++)
        y[2 * i + 1] = 2 * y[2 * i];
    check_status(rac_impute_draw(arena, &data, &options, &filled, &err), RAC_INVALID);
    check_contains(err.message, "do not vary enough");
    options.strategy = RAC_STRATEGY_J2R;
    check_status(rac_impute_draw(arena, &data, &options, &filled, &err), RAC_INVALID);
    check_contains(err.message, "J2R needs");
    options.strategy = RAC_STRATEGY_MAR;
    for (size_t i = 0; i < 20; i++)
        y[i] = NAN;
    check_status(rac_impute_draw(arena, &data, &options, &filled, &err), RAC_INVALID);
    check_contains(err.message, "nobody has a score");
    data.patients = 2;
    y[0] = y[1] = y[2] = y[3] = 1;
    check_status(rac_impute_draw(arena, &data, &options, &filled, &err), RAC_INVALID);
    check_contains(err.message, "too few for 2 visits");

    rac_ancova a;
    check_status(
        rac_ancova_of(arena, &(rac_ancova_data){.patients = 10, .y = one, .treated = treated}, &a, &err),
        RAC_INVALID);
    check_contains(err.message, "nobody in the treated arm");
    double final[2];
    const double scores[4] = {NAN, NAN, 5, NAN}, baseline[2] = {7, 8};
    rac_legacy_fill(RAC_LEGACY_LAST_CARRIED, 2, 2, scores, NULL, final);
    assert_true(isnan(final[0]) && final[1] == 5);
    rac_legacy_fill(RAC_LEGACY_BASELINE_CARRIED, 2, 2, scores, baseline, final);
    assert_true(final[0] == 7 && final[1] == 8);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_missing__conditional_means_agree_with_r),
          cmocka_unit_test(test_stats_missing__jackknife_agrees_with_rbmi),
          cmocka_unit_test(test_stats_missing__pooling_agrees_with_mice),
          cmocka_unit_test(test_stats_missing__strategies_by_hand),
          cmocka_unit_test(test_stats_missing__draws_follow_the_posterior),
          cmocka_unit_test(test_stats_missing__draws_agree_with_conditional_means),
          cmocka_unit_test(test_stats_missing__draws_depend_on_their_key_only),
          cmocka_unit_test(test_stats_missing__pooled_intervals_cover_the_truth),
          cmocka_unit_test(test_stats_missing__edges_are_answered_or_refused))
