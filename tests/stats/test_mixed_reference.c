/* Mixed models against R: mmrm (polished to a gradient below 1e-11), lme4, lmerTest, pbkrtest, emmeans.
 *
 * Each row of `fits` is one fit of the reference; every number it wrote is asked for.
 * breath.csv is a made-up trial (tests/stats/peers/breath.R). */
#include "mixed_chart.h"

typedef struct fit_case {
    const char *label;
    rac_covariance covariance;
    rac_mixed_df df;
    rac_mixed_errors errors;
    bool ml, per_arm, beta_covariance, joint;
} fit_case;

typedef struct study {
    reference *reference;
    rac_mixed_usual model;
    const chart *chart;
    const double *weight;
    bool arm_first; /* R wrote "ARM:VISIT" */
    const char *no_difference, *constant;
} study;

/* R's name for an interaction depends on the order in the formula. */
static const char *swapped(rac_arena *arena, const char *name)
{
    const char *const colon = strchr(name, ':');
    return colon ? rac_format(arena, "%s:%.*s", colon + 1, (int)(colon - name), name) : name;
}

static void check_fit(reference *r, const char *label, const rac_mixed_fit *fit)
{
    const struct {
        const char *quantity;
        double value;
    } numbers[] = {
        {"loglik", fit->log_likelihood},
        {"aic", fit->aic},
        {"bic", fit->bic},
        {"deviance", fit->deviance},
        {"observations", (double)fit->observations},
        {"subjects", (double)fit->patients},
        {"parameters", (double)fit->covariance_parameters},
    };
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        reference_check(r, "fit", label, numbers[k].quantity, numbers[k].value);
    reference_check(r, "gradient_left", label, "largest", 0);
    assert_true(fit->newton_decrement < 1e-12);
}

static void check_covariance(rac_arena *arena, study *s, const fit_case *f, const rac_mixed_fit *fit)
{
    const size_t m = fit->sigma_size;
    for (size_t g = 0; g < fit->groups; g++) {
        const char *const table = f->per_arm
                                      ? rac_format(arena, "covariance %s %s", f->label, s->chart->arm_name[g])
                                      : rac_format(arena, "covariance %s", f->label);
        for (size_t b = 0; b < m; b++)
            for (size_t a = 0; a < m; a++) {
                const char *const key =
                    f->covariance == RAC_COVARIANCE_SPATIAL
                        ? rac_format(arena, "%zu|%zu", a, b)
                        : rac_format(arena, "%s|%s", s->chart->visit_name[a], s->chart->visit_name[b]);
                reference_check(s->reference, table, key, "value", fit->sigma[(g * m + a) * m + b]);
            }
    }
}

static void check_coefficients(rac_arena *arena, study *s, const fit_case *f, const rac_mixed_fit *fit)
{
    for (size_t c = 0; c < fit->columns; c++) {
        const char *const name = s->arm_first ? swapped(arena, fit->name[c]) : fit->name[c];
        const char *const key = rac_format(arena, "%s|%s", f->label, name);
        const rac_mixed_estimate *const e = &fit->coefficient[c];
        reference_check(s->reference, "coefficients", key, "estimate", e->estimate);
        reference_check(s->reference, "coefficients", key, "se", e->se);
        reference_check(s->reference, "coefficients", key, "df", e->df);
        reference_check(s->reference, "coefficients", key, "t", e->t);
        reference_check(s->reference, "coefficients", key, "p_value", e->p);
    }
    for (size_t b = 0; f->beta_covariance && b < fit->columns; b++)
        for (size_t a = 0; a < fit->columns; a++) {
            const char *const x = s->arm_first ? swapped(arena, fit->name[a]) : fit->name[a];
            const char *const y = s->arm_first ? swapped(arena, fit->name[b]) : fit->name[b];
            reference_check(s->reference, rac_format(arena, "beta_vcov %s", f->label),
                            rac_format(arena, "%s|%s", x, y), "value",
                            fit->beta_covariance[a * fit->columns + b]);
        }
}

static void check_means(rac_arena *arena, study *s, const fit_case *f, const rac_mixed_fit *fit)
{
    static const char *const words[] = {"equal", "proportional"};
    reference *const r = s->reference;
    for (rac_mixed_margin margin = RAC_MIXED_MEANS_EQUAL; margin <= RAC_MIXED_MEANS_PROPORTIONAL; margin++) {
        rac_error err = {0};
        rac_mixed_means means;
        check_ok(rac_mixed_means_usual(arena, &s->model, fit, margin, 1, 0, &means, &err));
        for (size_t v = 0; v < means.visits; v++)
            for (size_t a = 0; a < means.arms; a++) {
                const rac_mixed_estimate *const e = &means.mean[a * means.visits + v];
                const char *const key = rac_format(arena, "%s|%s|%s|%s", f->label, words[margin],
                                                   s->chart->arm_name[a], s->chart->visit_name[v]);
                reference_check(r, "lsmeans", key, "estimate", e->estimate);
                reference_check(r, "lsmeans", key, "se", e->se);
                reference_check(r, "lsmeans", key, "df", e->df);
                reference_check(r, "lsmeans", key, "lower", e->lower);
                reference_check(r, "lsmeans", key, "upper", e->upper);
                reference_check(r, "lsmeans", key, "p_value", e->p);
            }
        for (size_t v = 0; v < means.visits; v++) {
            const rac_mixed_estimate *const e = &means.difference[v];
            const char *const key =
                rac_format(arena, "%s|%s|%s", f->label, words[margin], s->chart->visit_name[v]);
            reference_check(r, "contrasts", key, "difference", e->estimate);
            reference_check(r, "contrasts", key, "se", e->se);
            reference_check(r, "contrasts", key, "df", e->df);
            reference_check(r, "contrasts", key, "lower", e->lower);
            reference_check(r, "contrasts", key, "upper", e->upper);
            reference_check(r, "contrasts", key, "t", e->t);
            reference_check(r, "contrasts", key, "p_value", e->p);
        }
        if (!f->joint || margin != RAC_MIXED_MEANS_EQUAL)
            continue;
        const rac_mixed_joint *const tests[] = {&means.no_difference, &means.constant_difference};
        const char *const names[] = {s->no_difference, s->constant};
        for (size_t k = 0; k < 2; k++) {
            const char *const key = rac_format(arena, "%s|%s", f->label, names[k]);
            reference_check(r, "joint_tests", key, "num_df", tests[k]->num_df);
            reference_check(r, "joint_tests", key, "denom_df", tests[k]->denom_df);
            reference_check(r, "joint_tests", key, "f_stat", tests[k]->f);
            reference_check(r, "joint_tests", key, "p_value", tests[k]->p);
        }
    }
}

static void check_case(rac_arena *arena, study *s, const fit_case *f)
{
    rac_error err = {0};
    rac_mixed_design design;
    rac_mixed_fit fit;
    s->model.covariance_per_arm = f->per_arm;
    check_ok(rac_mixed_design_usual(arena, &s->model, &design, &err));
    if (s->weight) {
        const rac_mixed_rows rows = rows_of(arena, &design, s->weight);
        check_ok(rac_mixed_design_rows(arena, &rows, &design, &err));
    }
    const rac_mixed_options options = {.covariance = f->covariance,
                                       .df = f->df,
                                       .errors = f->errors,
                                       .maximum_likelihood = f->ml,
                                       .no_fallback = true};
    check_ok(rac_mixed_fit_design(arena, &design, &options, &fit, &err));
    const size_t before = s->reference->failed;
    check_fit(s->reference, f->label, &fit);
    check_covariance(arena, s, f, &fit);
    check_coefficients(arena, s, f, &fit);
    check_means(arena, s, f, &fit);
    if (s->reference->failed > before)
        fprintf(stderr, "^ %zu of fit '%s'\n", s->reference->failed - before, f->label);
}

/* ---- the chart ----------------------------------------------------------------------------------- */

static const char *const chart_arms[] = {"IN esketamine", "IV ketamine"};

static chart read_chart(rac_arena *arena, bool with_baseline)
{
    rac_csv_table *const table = rac_new(arena, rac_csv_table);
    *table = table_read(arena, "adqs.csv");
    const double *const visit = numbers_of(arena, table, "AVISITN");
    const rac_text *const analysed = texts_of(table, "ANL01FL");
    bool *const keep = rac_many(arena, bool, table->rows);
    for (size_t i = 0; i < table->rows; i++)
        keep[i] = rac_text_is(analysed[i], "Y") && (visit[i] > 0 || with_baseline);
    return chart_of(arena, table, "USUBJID", "AVISIT", "AVISITN", "TRTA", chart_arms, keep);
}

static rac_mixed_usual chart_model(rac_arena *arena, const chart *c, const char *outcome)
{
    return (rac_mixed_usual){.patients = c->patients,
                             .visits = c->visits,
                             .arms = 2,
                             .outcome = wide_of(arena, c, outcome),
                             .arm = c->arm,
                             .arm_term = "TRTA",
                             .visit_term = "AVISIT",
                             .arm_name = c->arm_name,
                             .visit_name = c->visit_name};
}

#define US RAC_COVARIANCE_UNSTRUCTURED

static void test_stats_mixed__primary_model_agrees_with_mmrm(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_mmrm_primary");
    const chart c = read_chart(arena, false);
    rac_csv_table adsl = table_read(arena, "adsl.csv");
    rac_mixed_covariate covariate[] = {covariate_of(arena, &c, c.table, "USUBJID", "BASE", false),
                                       covariate_of(arena, &c, &adsl, "USUBJID", "AGE", false),
                                       covariate_of(arena, &c, &adsl, "USUBJID", "SEX", true),
                                       covariate_of(arena, &c, &adsl, "USUBJID", "NFAIL", false),
                                       covariate_of(arena, &c, &adsl, "USUBJID", "ECTHX", true),
                                       covariate_of(arena, &c, &adsl, "USUBJID", "INSUR", true)};
    covariate[0].by_visit = true;
    study s = {&r,
               chart_model(arena, &c, "CHG"),
               &c,
               NULL,
               false,
               "no arm difference at any visit",
               "arm difference constant over visits"};
    s.model.covariates = 1;
    s.model.covariate = covariate;
    const fit_case fits[] = {
        {.label = "reml satterthwaite", .covariance = US, .beta_covariance = true, .joint = true},
        {.label = "reml Kenward-Roger-Linear",
         .covariance = US,
         .df = RAC_MIXED_KENWARD_ROGER,
         .beta_covariance = true,
         .joint = true},
        {.label = "reml Kenward-Roger",
         .covariance = US,
         .df = RAC_MIXED_KENWARD_ROGER_FULL,
         .beta_covariance = true,
         .joint = true},
        {.label = "ml satterthwaite", .covariance = US, .ml = true},
    };
    for (size_t k = 0; k < sizeof fits / sizeof *fits; k++)
        check_case(arena, &s, &fits[k]);
    s.model.outcome = wide_of(arena, &c, "PCHG");
    check_case(arena, &s, &(fit_case){.label = "percent reml satterthwaite", .covariance = US});
    s.model.outcome = wide_of(arena, &c, "CHG");
    s.model.covariates = sizeof covariate / sizeof *covariate;
    check_case(arena, &s, &(fit_case){.label = "adjusted reml satterthwaite", .covariance = US});
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_mixed__every_covariance_agrees_with_mmrm(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_mmrm_structures");
    const chart c = read_chart(arena, false);
    const rac_mixed_covariate base = covariate_of(arena, &c, c.table, "USUBJID", "BASE", false);
    study s = {&r, chart_model(arena, &c, "CHG"), &c, NULL, true, "", ""};
    s.model.covariates = 1;
    s.model.covariate = &base;
    const fit_case fits[] = {
        {.label = "us", .covariance = US},
        {.label = "toeph", .covariance = RAC_COVARIANCE_TOEPLITZ_OWN},
        {.label = "toep", .covariance = RAC_COVARIANCE_TOEPLITZ},
        {.label = "ar1h", .covariance = RAC_COVARIANCE_AR1_OWN},
        {.label = "ar1", .covariance = RAC_COVARIANCE_AR1},
        {.label = "csh", .covariance = RAC_COVARIANCE_COMPOUND_OWN},
        {.label = "cs", .covariance = RAC_COVARIANCE_COMPOUND},
        {.label = "adh", .covariance = RAC_COVARIANCE_ANTE_OWN},
        {.label = "ad", .covariance = RAC_COVARIANCE_ANTE},
        {.label = "sp_exp", .covariance = RAC_COVARIANCE_SPATIAL},
        {.label = "ar1 Kenward-Roger", .covariance = RAC_COVARIANCE_AR1, .df = RAC_MIXED_KENWARD_ROGER_FULL},
        {.label = "ar1 Kenward-Roger-Linear",
         .covariance = RAC_COVARIANCE_AR1,
         .df = RAC_MIXED_KENWARD_ROGER},
        {.label = "cs Kenward-Roger",
         .covariance = RAC_COVARIANCE_COMPOUND,
         .df = RAC_MIXED_KENWARD_ROGER_FULL},
        {.label = "cs Empirical", .covariance = RAC_COVARIANCE_COMPOUND, .errors = RAC_MIXED_EMPIRICAL},
        {.label = "cs Empirical-Bias-Reduced",
         .covariance = RAC_COVARIANCE_COMPOUND,
         .errors = RAC_MIXED_EMPIRICAL_BIAS_REDUCED},
        {.label = "cs Empirical-Jackknife",
         .covariance = RAC_COVARIANCE_COMPOUND,
         .errors = RAC_MIXED_EMPIRICAL_JACKKNIFE},
        {.label = "cs Between-Within", .covariance = RAC_COVARIANCE_COMPOUND, .df = RAC_MIXED_BETWEEN_WITHIN},
        {.label = "toeph per arm", .covariance = RAC_COVARIANCE_TOEPLITZ_OWN, .per_arm = true},
    };
    for (size_t k = 0; k < sizeof fits / sizeof *fits; k++) {
        s.model.time = fits[k].covariance == RAC_COVARIANCE_SPATIAL ? wide_of(arena, &c, "ADY") : NULL;
        check_case(arena, &s, &fits[k]);
    }
    reference_done(&r);
    rac_arena_free(arena);
}

/* Constrained baseline as general rows: AVISIT dummies, then an arm column for each later visit. */
static void check_shared_baseline(rac_arena *arena, study *s)
{
    const rac_mixed_usual *const u = &s->model;
    const size_t p = 2 * u->visits - 1, n = u->patients * u->visits;
    double *const x = rac_many(arena, double, n *p);
    int32_t *const patient = rac_many(arena, int32_t, n), *const visit = rac_many(arena, int32_t, n);
    const char **const name = rac_many(arena, const char *, p);
    name[0] = "(Intercept)";
    for (size_t v = 1; v < u->visits; v++) {
        name[v] = rac_format(arena, "AVISIT%s", u->visit_name[v]);
        name[u->visits + v - 1] = rac_format(arena, "IVAT%zu", v);
    }
    for (size_t i = 0; i < n; i++) {
        const size_t v = i % u->visits;
        patient[i] = (int32_t)(i / u->visits);
        visit[i] = (int32_t)v;
        x[i * p] = 1;
        if (v > 0) {
            x[i * p + v] = 1;
            x[i * p + u->visits + v - 1] = u->arm[patient[i]];
        }
    }
    const rac_mixed_rows rows = {.rows = n,
                                 .columns = p,
                                 .patients = u->patients,
                                 .visits = u->visits,
                                 .x = x,
                                 .outcome = u->outcome,
                                 .patient = patient,
                                 .visit = visit,
                                 .column_name = name};
    rac_error err = {0};
    rac_mixed_design design;
    rac_mixed_fit fit;
    const fit_case f = {.label = "shared baseline", .covariance = US};
    check_ok(rac_mixed_design_rows(arena, &rows, &design, &err));
    assert_int_equal(design.factors, 2); /* the constant and the arm */
    check_ok(rac_mixed_fit_design(arena, &design, &(rac_mixed_options){0}, &fit, &err));
    s->arm_first = false;
    check_fit(s->reference, f.label, &fit);
    check_covariance(arena, s, &f, &fit);
    check_coefficients(arena, s, &f, &fit);

    /* The usual model says the same with one flag. */
    rac_mixed_usual shared = *u;
    rac_mixed_fit again;
    shared.shared_first_visit = true;
    check_ok(rac_mixed_design_usual(arena, &shared, &design, &err));
    check_ok(rac_mixed_fit_design(arena, &design, &(rac_mixed_options){0}, &again, &err));
    check_near(again.log_likelihood, fit.log_likelihood, 0, 1e-12);
}

static void test_stats_mixed__baseline_as_a_visit_agrees_with_mmrm(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_mmrm_all_visits");
    const chart c = read_chart(arena, true);
    study s = {&r, chart_model(arena, &c, "AVAL"), &c, NULL, true, "", ""};
    check_case(arena, &s, &(fit_case){.label = "separate baselines", .covariance = US});
    check_shared_baseline(arena, &s);
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_mixed__breathing_tests_agree_with_mmrm(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "breath_mmrm");
    const rac_csv_table table = table_read(arena, "breath.csv");
    static const char *const arms[] = {"PBO", "TRT"};
    const chart c = chart_of(arena, &table, "USUBJID", "AVISIT", NULL, "ARMCD", arms, NULL);
    rac_mixed_covariate covariate[] = {covariate_of(arena, &c, &table, "USUBJID", "RACE", true),
                                       covariate_of(arena, &c, &table, "USUBJID", "SEX", true)};
    /* Male is the reference. */
    static const char *const sexes[] = {"Male", "Female"};
    double *const sex = rac_many(arena, double, c.patients);
    for (size_t i = 0; i < c.patients; i++)
        sex[i] = 1 - covariate[1].value[i];
    covariate[1].value = sex;
    covariate[1].level_name = sexes;
    study s = {&r,
               {.patients = c.patients,
                .visits = c.visits,
                .arms = 2,
                .outcome = wide_of(arena, &c, "FEV1"),
                .arm = c.arm,
                .covariates = 2,
                .covariate = covariate,
                .arm_term = "ARMCD",
                .visit_term = "AVISIT",
                .arm_name = c.arm_name,
                .visit_name = c.visit_name},
               &c,
               NULL,
               true,
               "no arm difference",
               "difference constant"};
    const fit_case fits[] = {
        {.label = "us", .covariance = US, .joint = true},
        {.label = "toeph", .covariance = RAC_COVARIANCE_TOEPLITZ_OWN},
        {.label = "toep", .covariance = RAC_COVARIANCE_TOEPLITZ},
        {.label = "ar1h", .covariance = RAC_COVARIANCE_AR1_OWN},
        {.label = "ar1", .covariance = RAC_COVARIANCE_AR1},
        {.label = "csh", .covariance = RAC_COVARIANCE_COMPOUND_OWN},
        {.label = "cs", .covariance = RAC_COVARIANCE_COMPOUND},
        {.label = "adh", .covariance = RAC_COVARIANCE_ANTE_OWN},
        {.label = "ad", .covariance = RAC_COVARIANCE_ANTE},
        {.label = "us ml", .covariance = US, .ml = true},
        {.label = "us Kenward-Roger-Linear",
         .covariance = US,
         .df = RAC_MIXED_KENWARD_ROGER,
         .beta_covariance = true,
         .joint = true},
        {.label = "us Kenward-Roger",
         .covariance = US,
         .df = RAC_MIXED_KENWARD_ROGER_FULL,
         .beta_covariance = true,
         .joint = true},
        {.label = "cs Empirical", .covariance = RAC_COVARIANCE_COMPOUND, .errors = RAC_MIXED_EMPIRICAL},
        {.label = "cs Empirical-Bias-Reduced",
         .covariance = RAC_COVARIANCE_COMPOUND,
         .errors = RAC_MIXED_EMPIRICAL_BIAS_REDUCED},
        {.label = "cs Empirical-Jackknife",
         .covariance = RAC_COVARIANCE_COMPOUND,
         .errors = RAC_MIXED_EMPIRICAL_JACKKNIFE},
        {.label = "us weighted", .covariance = US},
        {.label = "us per arm", .covariance = US, .per_arm = true},
    };
    for (size_t k = 0; k < sizeof fits / sizeof *fits; k++) {
        s.weight = strcmp(fits[k].label, "us weighted") == 0 ? wide_of(arena, &c, "WEIGHT") : NULL;
        check_case(arena, &s, &fits[k]);
    }
    reference_done(&r);
    rac_arena_free(arena);
}

/* ---- random coefficients ------------------------------------------------------------------------- */

typedef struct growth {
    const char *group, *time_name; /* "Rat", "Time" */
    rac_mixed_rows rows;
    const chart *chart;
} growth;

static void check_variance(rac_arena *arena, reference *r, const char *label, const char *method,
                           const growth *g, const rac_mixed_fit *f, bool slope)
{
    const double sd0 = sqrt(f->variance_intercept), sd1 = sqrt(f->variance_slope);
    const struct {
        const char *key;
        double vcov, sdcor;
        bool used;
    } lines[] = {
        {rac_format(arena, "%s|(Intercept)|", g->group), f->variance_intercept, sd0, true},
        {rac_format(arena, "%s|%s|", g->group, g->time_name), f->variance_slope, sd1, slope},
        {rac_format(arena, "%s|(Intercept)|%s", g->group, g->time_name), f->covariance_intercept_slope,
         f->covariance_intercept_slope / (sd0 * sd1), slope},
        {"Residual||", f->variance_residual, sqrt(f->variance_residual), true},
    };
    for (size_t k = 0; k < 4; k++) {
        const char *const key = rac_format(arena, "%s|%s|%s", label, method, lines[k].key);
        if (!lines[k].used)
            continue;
        reference_check(r, "variance", key, "vcov", lines[k].vcov);
        reference_check(r, "variance", key, "sdcor", lines[k].sdcor);
    }
}

static void check_growth(rac_arena *arena, reference *r, const char *label, const growth *g, bool slope)
{
    rac_error err = {0};
    rac_mixed_design design;
    rac_mixed_fit fit[2], kr;
    rac_mixed_options options = {.covariance =
                                     slope ? RAC_COVARIANCE_RANDOM_SLOPE : RAC_COVARIANCE_RANDOM_INTERCEPT};
    check_ok(rac_mixed_design_rows(arena, &g->rows, &design, &err));
    for (int ml = 0; ml < 2; ml++) {
        static const char *const methods[] = {"REML", "ML"};
        options.maximum_likelihood = ml;
        check_ok(rac_mixed_fit_design(arena, &design, &options, &fit[ml], &err));
        check_variance(arena, r, label, methods[ml], g, &fit[ml], slope);
        for (size_t c = 0; c < fit[ml].columns; c++) {
            const char *const key = rac_format(arena, "%s|%s|%s", label, methods[ml], fit[ml].name[c]);
            const rac_mixed_estimate *const e = &fit[ml].coefficient[c];
            reference_check(r, "coefficients", key, "estimate", e->estimate);
            reference_check(r, "coefficients", key, "se", e->se);
            reference_check(r, "coefficients", key, "df", e->df);
            reference_check(r, "coefficients", key, "t", e->t);
            reference_check(r, "coefficients", key, "p_value", e->p);
        }
    }
    reference_check(r, "fit", label, "reml_loglik", fit[0].log_likelihood);
    reference_check(r, "fit", label, "ml_loglik", fit[1].log_likelihood);
    reference_check(r, "fit", label, "aic_ml", fit[1].aic_all);
    reference_check(r, "fit", label, "bic_ml", fit[1].bic_all);
    reference_check(r, "fit", label, "observations", (double)fit[0].observations);
    reference_check(r, "fit", label, "singular", fit[0].singular);
    options.maximum_likelihood = false;
    options.df = RAC_MIXED_KENWARD_ROGER;
    options.expected_information = true; /* as pbkrtest */
    check_ok(rac_mixed_fit_design(arena, &design, &options, &kr, &err));
    for (size_t c = 0; c < kr.columns; c++) {
        const char *const key = rac_format(arena, "%s|%s", label, kr.name[c]);
        reference_check(r, "kenward_roger", key, "estimate", kr.coefficient[c].estimate);
        reference_check(r, "kenward_roger", key, "se", kr.coefficient[c].se);
        reference_check(r, "kenward_roger", key, "df", kr.coefficient[c].df);
        reference_check(r, "kenward_roger", key, "p_value", kr.coefficient[c].p);
    }
    for (size_t i = 0; i < g->chart->patients; i++) {
        const char *const key = rac_format(arena, "%s|%s", label, g->chart->id[i]);
        reference_check(r, "random_effects", key, "(Intercept)", fit[0].random_effect[2 * i]);
        if (slope)
            reference_check(r, "random_effects", key, g->time_name, fit[0].random_effect[2 * i + 1]);
    }
}

/* (Intercept), dummies of the patient's group, time, dummies x time: rows in the order of the chart. */
static growth growth_of(rac_arena *arena, const chart *c, const char *outcome, const char *time_column,
                        const double *dummy, size_t dummies, const char *const *dummy_name)
{
    const size_t n = c->patients * c->visits, p = 2 + 2 * dummies;
    const double *const time = wide_of(arena, c, time_column);
    double *const x = rac_many(arena, double, n *p);
    int32_t *const patient = rac_many(arena, int32_t, n), *const visit = rac_many(arena, int32_t, n);
    const char **const name = rac_many(arena, const char *, p);
    name[0] = "(Intercept)";
    name[1 + dummies] = time_column;
    for (size_t d = 0; d < dummies; d++) {
        name[1 + d] = dummy_name[d];
        name[2 + dummies + d] = rac_format(arena, "%s:%s", dummy_name[d], time_column);
    }
    for (size_t i = 0; i < n; i++) {
        patient[i] = (int32_t)(i / c->visits);
        visit[i] = (int32_t)(i % c->visits);
        x[i * p] = 1;
        x[i * p + 1 + dummies] = time[i];
        for (size_t d = 0; d < dummies; d++) {
            x[i * p + 1 + d] = dummy[(size_t)patient[i] * dummies + d];
            x[i * p + 2 + dummies + d] = x[i * p + 1 + d] * time[i];
        }
    }
    return (growth){.time_name = time_column,
                    .chart = c,
                    .rows = {.rows = n,
                             .columns = p,
                             .patients = c->patients,
                             .visits = c->visits,
                             .x = x,
                             .outcome = wide_of(arena, c, outcome),
                             .patient = patient,
                             .visit = visit,
                             .time = time,
                             .column_name = name}};
}

static void test_stats_mixed__random_slopes_of_rats_agree_with_lme4(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "bodyweight_random_slope");
    const rac_csv_table table = table_read(arena, "bodyweight.csv");
    const chart c = chart_of(arena, &table, "Rat", "Time", "Time", NULL, NULL, NULL);
    const rac_mixed_covariate diet = covariate_of(arena, &c, &table, "Rat", "Diet", true);
    static const char *const names[] = {"Diet2", "Diet3"};
    double *const dummy = rac_many(arena, double, 2 * c.patients);
    for (size_t i = 0; i < c.patients; i++)
        for (size_t d = 0; d < 2; d++)
            dummy[2 * i + d] = diet.value[i] == (double)(d + 1);
    growth g = growth_of(arena, &c, "weight", "Time", dummy, 2, names);
    g.group = "Rat";
    check_growth(arena, &r, "slope", &g, true);
    check_growth(arena, &r, "intercept", &g, false);
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_mixed__random_slopes_of_the_chart_agree_with_lme4(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_random_slope");
    const chart c = read_chart(arena, true);
    double *const treated = rac_many(arena, double, c.patients);
    for (size_t i = 0; i < c.patients; i++)
        treated[i] = c.arm[i];
    static const char *const names[] = {"TRT"};
    growth g = growth_of(arena, &c, "AVAL", "AVISITN", treated, 1, names);
    g.group = "USUBJID";
    check_growth(arena, &r, "random intercept and slope", &g, true);
    check_growth(arena, &r, "random intercept", &g, false);
    reference_done(&r);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_mixed__primary_model_agrees_with_mmrm),
          cmocka_unit_test(test_stats_mixed__every_covariance_agrees_with_mmrm),
          cmocka_unit_test(test_stats_mixed__baseline_as_a_visit_agrees_with_mmrm),
          cmocka_unit_test(test_stats_mixed__breathing_tests_agree_with_mmrm),
          cmocka_unit_test(test_stats_mixed__random_slopes_of_rats_agree_with_lme4),
          cmocka_unit_test(test_stats_mixed__random_slopes_of_the_chart_agree_with_lme4))
