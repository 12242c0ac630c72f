/* Kaplan-Meier, log-rank and Cox against R's survival package, closed forms, invariances, refusals. */
#include "reference.h"

#include "base/random.h"
#include "racemate/stats/cox.h"
#include "racemate/stats/describe.h"
#include "racemate/stats/regression.h"
#include "racemate/stats/survival.h"

typedef struct named {
    const char *name;
    double value;
} named;

static void check_all(reference *r, const char *table, const char *key, const named *got, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reference_check(r, table, key, got[i].name, got[i].value);
}
#define CHECK_ALL(r, table, key, ...)                                     \
    do {                                                                  \
        const named got_[] = {__VA_ARGS__};                               \
        check_all((r), (table), (key), got_, sizeof got_ / sizeof *got_); \
    } while (0)

/* ---- R: curves ----------------------------------------------------------------------------------- */

static void check_curve(reference *r, const char *label, const char *group, const char *ci,
                        const rac_survival_curve *curve)
{
    rac_error err = {0};
    for (size_t k = 0; k < curve->count; k++) {
        const rac_survival_point *const p = &curve->points[k];
        const char *const key = rac_format(r->arena, "%s|%s|%.10g", label, group, p->time);
        if (curve->interval == RAC_SURVIVAL_LOG)
            CHECK_ALL(r, "km", key, {"at_risk", p->at_risk}, {"events", p->events}, {"censored", p->censored},
                      {"survival", p->survival}, {"std_err", p->std_err});
        CHECK_ALL(r, rac_format(r->arena, "km_ci_%s", ci), key, {"lower", p->lower}, {"upper", p->upper});
    }
    for (int percent = 25; percent <= 75; percent += 25) {
        rac_survival_quantile q;
        check_ok(rac_survival_quantile_of(r->arena, curve, percent / 100.0, &q, &err));
        CHECK_ALL(r, "km_quantile", rac_format(r->arena, "%s|%s|%s|%d", label, ci, group, percent),
                  {"time", q.time}, {"lower", q.interval.lower}, {"upper", q.interval.upper});
    }
}

static void check_km(reference *r, const char *label, const rac_survival_data *data, const factor *groups,
                     double tau)
{
    static const char *const NAMES[] = {"log-log", "log", "plain"};
    rac_error err = {0};
    for (int ci = 0; ci < 3; ci++) {
        const rac_survival_options options = {.interval = (rac_survival_interval)ci};
        rac_survival_curve *curves;
        check_ok(rac_kaplan_meier(r->arena, data, &options, &curves, &err));
        for (int g = 0; g < data->groups; g++) {
            const char *const group = rac_text_copy(r->arena, groups->level[g]);
            rac_restricted_mean mean;
            check_curve(r, label, group, NAMES[ci], &curves[g]);
            check_ok(rac_restricted_mean_of(&curves[g], tau, &mean, &err));
            CHECK_ALL(r, "rmst", rac_format(r->arena, "%s|%s", label, group), {"tau", mean.tau},
                      {"rmst", mean.mean}, {"se", mean.se});
        }
    }
}

static void check_log_rank(reference *r, const char *label, const rac_survival_data *data,
                           const factor *groups)
{
    rac_error err = {0};
    for (int rho = 0; rho < 2; rho++) {
        rac_log_rank test;
        const char *const key = rac_format(r->arena, "%s|%d", label, rho);
        check_ok(rac_log_rank_test(r->arena, data, rho, &test, &err));
        for (int g = 0; g < data->groups; g++)
            CHECK_ALL(r, "logrank_groups", rac_format(r->arena, "%s|%.*s", key, RAC_TEXT(groups->level[g])),
                      {"observed", test.observed[g]}, {"expected", test.expected[g]});
        CHECK_ALL(r, "logrank", key, {"chisq", test.chi_square}, {"df", test.df}, {"p_value", test.p_value});
    }
}

/* ---- R: Cox ---------------------------------------------------------------------------------------- */

typedef struct cox_case {
    const char *label;
    const char *const *names; /* of the coefficients */
    const char *const *terms; /* as cox.zph names them */
    bool tests;
    const double *base_at;
    size_t base_count;
} cox_case;

static void check_cox_tests(reference *r, const cox_case *c, const rac_cox_fit *fit)
{
    static const char *const SCALES[] = {"km", "identity"};
    rac_error err = {0};
    for (int s = 0; s < 2; s++) {
        rac_cox_proportionality zph;
        check_ok(rac_cox_proportionality_of(r->arena, fit, (rac_cox_time_scale)s, &zph, &err));
        for (size_t j = 0; j <= fit->covariates; j++) {
            const bool all = j == fit->covariates;
            const rac_cox_test *const t = all ? &zph.global : &zph.each[j];
            CHECK_ALL(r, "cox_zph",
                      rac_format(r->arena, "%s|%s|%s", c->label, SCALES[s], all ? "GLOBAL" : c->terms[j]),
                      {"chisq", t->statistic}, {"df", t->df}, {"p_value", t->p_value});
        }
    }
    rac_concordance concordance;
    check_ok(rac_cox_concordance_of(r->arena, fit, &concordance, &err));
    CHECK_ALL(r, "concordance", c->label, {"c", concordance.c}, {"se", concordance.se});
    rac_cox_baseline baseline;
    check_ok(rac_cox_baseline_of(r->arena, fit, &baseline, &err));
    for (size_t k = 0; k < c->base_count; k++)
        reference_check(r, "baseline_hazard", rac_format(r->arena, "%s|%.10g", c->label, c->base_at[k]),
                        "cumulative", rac_cox_baseline_at(&baseline, 0, c->base_at[k]));
}

/* R prints the Wald statistic to two decimals. */
static double two_decimals(double value)
{
    return round(value * 100) / 100;
}

static void check_cox(reference *r, const cox_case *c, const rac_cox_data *data)
{
    static const char *const TIES[] = {"efron", "breslow", "exact"};
    rac_error err = {0};
    for (int t = 0; t < 3; t++) {
        const rac_cox_options options = {.ties = (rac_cox_ties)t};
        rac_cox_fit fit;
        check_ok(rac_cox_fit_model(r->arena, data, &options, &fit, &err));
        assert_true(fit.decrement < 1e-12);
        CHECK_ALL(r, "cox_fit", rac_format(r->arena, "%s|%s", c->label, TIES[t]),
                  {"loglik_null", fit.log_likelihood_null}, {"loglik", fit.log_likelihood},
                  {"likelihood_ratio", fit.likelihood_ratio.statistic},
                  {"wald", two_decimals(fit.wald.statistic)}, {"score", fit.score.statistic},
                  {"lr_p_value", fit.likelihood_ratio.p_value}, {"wald_p_value", fit.wald.p_value},
                  {"score_p_value", fit.score.p_value}, {"n", (double)fit.n}, {"events", (double)fit.events});
        for (size_t j = 0; j < fit.covariates; j++)
            CHECK_ALL(r, "cox", rac_format(r->arena, "%s|%s|%s", c->label, TIES[t], c->names[j]),
                      {"coef", fit.coefficient[j]}, {"hr", fit.hazard_ratio[j]}, {"se", fit.se[j]},
                      {"z", fit.z[j]}, {"p_value", fit.p_value[j]}, {"hr_lower", fit.interval[j].lower},
                      {"hr_upper", fit.interval[j].upper});
        if (t == 0 && c->tests)
            check_cox_tests(r, c, &fit);
    }
}

/* Columns side by side, row after row. */
static double *bind(rac_arena *arena, const double *const *columns, size_t count, size_t rows)
{
    double *const x = rac_many(arena, double, rows *count);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < count; j++)
            x[i * count + j] = columns[j][i];
    return x;
}

static bool *events_of(rac_arena *arena, const double *status, double seen, size_t rows)
{
    bool *const event = rac_many(arena, bool, rows);
    for (size_t i = 0; i < rows; i++)
        event[i] = status[i] == seen;
    return event;
}

static int *codes_of(rac_arena *arena, const rac_text *cells, const factor *levels, size_t rows)
{
    int *const code = rac_many(arena, int, rows);
    for (size_t i = 0; i < rows; i++)
        while (!rac_text_equal(cells[i], levels->level[code[i]]))
            code[i]++;
    return code;
}

static void test_stats_survival__lung_agrees_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "lung_survival");
    const rac_csv_table lung = table_read(arena, "lung.csv");
    const size_t n = lung.rows;
    const rac_text *const sex_text = texts_of(&lung, "sex");
    const factor sexes = factor_of(sex_text, n);
    double *const time = numbers_of(arena, &lung, "time");
    const double *const columns[] = {numbers_of(arena, &lung, "age"), numbers_of(arena, &lung, "sex"),
                                     numbers_of(arena, &lung, "ph.ecog")};
    const bool *const event = events_of(arena, numbers_of(arena, &lung, "status"), 1, n);
    rac_survival_data data = {
        .n = n, .time = time, .event = event, .group = codes_of(arena, sex_text, &sexes, n), .groups = 2};
    check_km(&r, "by sex", &data, &sexes, 700);
    check_log_rank(&r, "by sex", &data, &sexes);
    static const char *const ALL[] = {"age", "sex", "ph.ecog"}, *const TWO[] = {"age", "ph.ecog"};
    static const double AT[] = {50, 200, 500, 1000};
    const cox_case three = {"age sex ecog", ALL, ALL, true, AT, 4},
                   stratified = {"stratified", TWO, TWO, false, NULL, 0};
    rac_cox_data cox = {.times = data, .covariates = 3, .x = bind(arena, columns, 3, n)};
    check_cox(&r, &three, &cox);
    const double *const two[] = {columns[0], columns[2]};
    cox = (rac_cox_data){.times = data, .covariates = 2, .x = bind(arena, two, 2, n)};
    cox.times.stratum = data.group;
    check_cox(&r, &stratified, &cox);
    /* clustered by institution; the row without one is left out */
    const double *const inst = numbers_of(arena, &lung, "inst");
    int *const cluster = rac_many(arena, int, n);
    for (size_t i = 0; i < n; i++) {
        time[i] = isnan(inst[i]) ? NAN : time[i];
        cluster[i] = isnan(inst[i]) ? 0 : (int)inst[i];
    }
    cox = (rac_cox_data){.times = data, .covariates = 2, .x = bind(arena, columns, 2, n)};
    cox.times.cluster = cluster;
    rac_cox_fit fit;
    check_ok(rac_cox_fit_model(arena, &cox, NULL, &fit, &err));
    for (size_t j = 0; j < 2; j++)
        CHECK_ALL(&r, "cox_cluster", ALL[j], {"coef", fit.coefficient[j]}, {"se_robust", fit.se[j]},
                  {"se_naive", fit.se_model[j]});
    reference_done(&r);
    rac_arena_free(arena);
}

/* ---- the chart ----------------------------------------------------------------------------------- */

/* R's quantile type 1. */
static double inverse_ecdf(rac_arena *arena, const double *values, size_t n, double p)
{
    double *const x = rac_many(arena, double, n);
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; at > 0 && x[at - 1] > values[i]; at--)
            x[at] = x[at - 1];
        x[at] = values[i];
    }
    return x[(size_t)ceil((double)n * p - 1e-9) - 1];
}

/* The rows of one endpoint with the patients' columns beside them. */
typedef struct endpoint {
    size_t n;
    double *time;
    bool *event;
    rac_text *arm;
    size_t *patient; /* row in the patient table */
} endpoint;

static endpoint endpoint_of(rac_arena *arena, const rac_csv_table *adtte, const rac_csv_table *patients,
                            const char *id, rac_text code)
{
    const double *const aval = numbers_of(arena, adtte, "AVAL"), *const cnsr =
                                                                     numbers_of(arena, adtte, "CNSR");
    endpoint e = {0, rac_many(arena, double, adtte->rows), rac_many(arena, bool, adtte->rows),
                  rac_many(arena, rac_text, adtte->rows), rac_many(arena, size_t, adtte->rows)};
    for (size_t i = 0; i < adtte->rows; i++) {
        if (!rac_text_equal(texts_of(adtte, "PARAMCD")[i], code))
            continue;
        size_t who = 0;
        while (!rac_text_equal(texts_of(patients, id)[who], texts_of(adtte, "USUBJID")[i]))
            who++;
        e.time[e.n] = aval[i];
        e.event[e.n] = cnsr[i] == 0;
        e.arm[e.n] = texts_of(adtte, "TRTA")[i];
        e.patient[e.n++] = who;
    }
    return e;
}

static double *take(rac_arena *arena, const double *values, const endpoint *e)
{
    double *const out = rac_many(arena, double, e->n);
    for (size_t i = 0; i < e->n; i++)
        out[i] = values[e->patient[i]];
    return out;
}

static void check_endpoint(reference *r, const rac_csv_table *adtte, const rac_csv_table *adsl,
                           rac_text code_text)
{
    rac_arena *const arena = r->arena;
    const char *const code = rac_text_copy(arena, code_text);
    const endpoint e = endpoint_of(arena, adtte, adsl, "USUBJID", code_text);
    const factor arms = factor_of(e.arm, e.n);
    double *const iv = rac_many(arena, double, e.n), *const male = rac_many(arena, double, e.n);
    for (size_t i = 0; i < e.n; i++) {
        iv[i] = rac_text_is(e.arm[i], "IV ketamine");
        male[i] = rac_text_is(texts_of(adsl, "SEX")[e.patient[i]], "M");
    }
    const rac_survival_data data = {
        .n = e.n, .time = e.time, .event = e.event, .group = codes_of(arena, e.arm, &arms, e.n), .groups = 2};
    check_km(r, code, &data, &arms, inverse_ecdf(arena, e.time, e.n, 0.8));
    check_log_rank(r, code, &data, &arms);
    static const char *const NAMES[] = {"IV", "AGE", "SEXM", "BMIBL", "QIDSBL"},
                             *const TERMS[] = {"IV", "AGE", "SEX", "BMIBL", "QIDSBL"},
                             *const STRATIFIED[] = {"IV", "QIDSBL"};
    const double *const columns[] = {iv, take(arena, numbers_of(arena, adsl, "AGE"), &e), male,
                                     take(arena, numbers_of(arena, adsl, "BMIBL"), &e),
                                     take(arena, numbers_of(arena, adsl, "QIDSBL"), &e)};
    rac_cox_data cox = {.times = data, .covariates = 1, .x = bind(arena, columns, 1, e.n)};
    const cox_case crude = {code, NAMES, TERMS, true, NULL, 0};
    check_cox(r, &crude, &cox);
    double at[3];
    for (int k = 0; k < 3; k++)
        at[k] = inverse_ecdf(arena, e.time, e.n, 0.25 * (k + 1));
    const cox_case adjusted = {rac_format(arena, "%s adjusted", code), NAMES, TERMS, true, at, 3};
    cox = (rac_cox_data){.times = data, .covariates = 5, .x = bind(arena, columns, 5, e.n)};
    check_cox(r, &adjusted, &cox);
    if (strcmp(code, "RESPSESS") != 0)
        return;
    rac_text *const insurer = rac_many(arena, rac_text, e.n);
    for (size_t i = 0; i < e.n; i++)
        insurer[i] = texts_of(adsl, "INSUR")[e.patient[i]];
    const factor insurers = factor_of(insurer, e.n);
    rac_survival_data by = data;
    by.stratum = codes_of(arena, insurer, &insurers, e.n);
    const char *const label = rac_format(arena, "%s by insurance", code);
    check_log_rank(r, label, &by, &arms);
    const double *const two[] = {iv, columns[4]};
    const cox_case stratified = {label, STRATIFIED, STRATIFIED, false, NULL, 0};
    cox = (rac_cox_data){.times = by, .covariates = 2, .x = bind(arena, two, 2, e.n)};
    check_cox(r, &stratified, &cox);
}

static void test_stats_survival__chart_agrees_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_survival");
    const rac_csv_table adsl = table_read(arena, "adsl.csv"), adtte = table_read(arena, "adtte.csv");
    const factor codes = factor_of(texts_of(&adtte, "PARAMCD"), adtte.rows);
    for (size_t k = 0; k < codes.levels; k++)
        check_endpoint(&r, &adtte, &adsl, codes.level[k]);
    reference_done(&r);
    rac_arena_free(arena);
}

/* Propensity weights, robust errors: R's coxph(weights, robust) and survfit(weights). */
static void test_stats_survival__weighted_agrees_with_r(void **state)
{
    (void)state;
    static const char *const PROPENSITY[] = {"AGE", "SEX", "NFAIL", "ECTHX", "INSUR", "QIDSBL", NULL};
    static const char *const CODES[] = {"RESPSESS", "DISCSESS"}, *const ESTIMANDS[] = {"ATE", "ATO"};
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "chart_weighted_survival");
    const rac_csv_table patients = table_read(arena, "chart_patients.csv"),
                        adtte = table_read(arena, "adtte.csv");
    const coded design = code_columns(arena, &patients, PROPENSITY, false);
    const double *const iv = numbers_of(arena, &patients, "IV");
    const rac_regression_data regression = {
        .rows = design.rows, .columns = design.columns, .x = design.x, .y = iv, .names = design.names};
    rac_logistic fit;
    check_ok(rac_logistic_fit(arena, &regression, NULL, &fit, &err));
    for (int est = 0; est < 2; est++)
        for (int c = 0; c < 2; c++) {
            const endpoint e = endpoint_of(arena, &adtte, &patients, "ID", rac_text_of(CODES[c]));
            double *const weight = rac_many(arena, double, e.n), *const x = take(arena, iv, &e);
            int *const group = rac_many(arena, int, e.n);
            for (size_t i = 0; i < e.n; i++) {
                const double p = fit.fitted[e.patient[i]];
                weight[i] = est == 0 ? (x[i] == 1 ? 1 / p : 1 / (1 - p)) : (x[i] == 1 ? 1 - p : p);
                group[i] = (int)x[i];
            }
            const rac_survival_data data = {
                .n = e.n, .time = e.time, .event = e.event, .weight = weight, .group = group, .groups = 2};
            const rac_cox_data cox = {.times = data, .covariates = 1, .x = x};
            const rac_cox_options robust = {.robust = true};
            rac_cox_fit model;
            rac_survival_curve *curves;
            const char *const key = rac_format(arena, "%s|%s", CODES[c], ESTIMANDS[est]);
            check_ok(rac_cox_fit_model(arena, &cox, &robust, &model, &err));
            CHECK_ALL(&r, "weighted_cox", key, {"coef", model.coefficient[0]}, {"se_robust", model.se[0]},
                      {"se_naive", model.se_model[0]});
            check_ok(rac_kaplan_meier(arena, &data, NULL, &curves, &err));
            for (int g = 0; g < 2; g++)
                for (size_t k = 0; k < curves[g].count; k++)
                    if (curves[g].points[k].events > 0)
                        reference_check(&r, "weighted_km",
                                        rac_format(arena, "%s|IV=%d|%.10g", key, g, curves[g].points[k].time),
                                        "survival", curves[g].points[k].survival);
        }
    reference_done(&r);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_survival__lung_agrees_with_r),
          cmocka_unit_test(test_stats_survival__chart_agrees_with_r),
          cmocka_unit_test(test_stats_survival__weighted_agrees_with_r))
