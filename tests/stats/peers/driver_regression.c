/* Linear and logistic regression, propensity weights, matching. */
#include "driver.h"

static rac_regression_data data_of(const driver_case *c)
{
    rac_regression_data d = {.columns = (size_t)driver_one(c, "columns", 1)};
    d.y = driver_many(c, "y", &d.rows);
    d.x = driver_many(c, "x", NULL);
    d.weight = driver_many(c, "weight", NULL);
    return d;
}

static size_t *clusters_of(const driver_case *c, size_t rows)
{
    const int *cluster = driver_ints(c, "cluster");
    size_t *out = cluster ? rac_many(c->arena, size_t, rows) : NULL;
    for (size_t i = 0; cluster && i < rows; i++)
        out[i] = (size_t)cluster[i];
    return out;
}

static void say_errors(const driver_case *c, const char *name, const double *covariance, size_t columns)
{
    for (size_t j = 0; j < columns; j++)
        driver_say_at(c, name, j + 1, sqrt(covariance[j * columns + j]));
}

static const char *const robust_name[] = {"hc0.", "hc1.", "hc2.", "hc3."};

void driver_linear(const driver_case *c)
{
    const rac_regression_data d = data_of(c);
    const rac_regression_options o = {.drop_collinear = true};
    const size_t *cluster = clusters_of(c, d.rows);
    rac_error err = {0};
    rac_linear fit;
    double *covariance;
    if (rac_linear_fit(c->arena, &d, &o, &fit, &err))
        return driver_refused(c, &err);
    for (size_t j = 0; j < d.columns; j++)
        driver_say_at(c, "coef", j + 1, fit.dropped[j] ? NAN : fit.coefficient[j]);
    say_errors(c, "se", fit.covariance, d.columns);
    driver_say(c, "sigma", fit.sigma);
    for (int k = RAC_ROBUST_HC0; k <= RAC_ROBUST_HC3; k++) {
        if (rac_linear_robust(c->arena, &d, &fit, (rac_robust)k, &covariance, &err))
            return driver_refused(c, &err);
        say_errors(c, robust_name[k], covariance, d.columns);
    }
    if (cluster && rac_linear_clustered(c->arena, &d, &fit, cluster, &covariance, &err))
        return driver_refused(c, &err);
    if (cluster)
        say_errors(c, "cl.", covariance, d.columns);
}

void driver_logistic(const driver_case *c)
{
    const rac_regression_data d = data_of(c);
    const rac_regression_options o = {.drop_collinear = true, .firth = driver_flag(c, "firth")};
    const size_t *cluster = clusters_of(c, d.rows);
    rac_error err = {0};
    rac_logistic fit;
    double *covariance, lower, upper;
    if (rac_logistic_fit(c->arena, &d, &o, &fit, &err))
        return driver_refused(c, &err);
    for (size_t j = 0; j < d.columns; j++)
        driver_say_at(c, "coef", j + 1, fit.dropped[j] ? NAN : fit.coefficient[j]);
    say_errors(c, "se", fit.covariance, d.columns);
    driver_say(c, "loglik", fit.log_likelihood);
    if (o.firth)
        return;
    driver_say(c, "null", fit.null_deviance);
    for (size_t j = 0; j < d.columns && driver_flag(c, "profile"); j++) {
        if (fit.dropped[j])
            continue;
        if (rac_logistic_profile(c->arena, &d, &fit, j, 0.95, &lower, &upper, &err))
            return driver_refused(c, &err);
        driver_say_at(c, "lower", j + 1, lower);
        driver_say_at(c, "upper", j + 1, upper);
    }
    for (int k = RAC_ROBUST_HC0; k <= RAC_ROBUST_HC3; k++) {
        if (rac_logistic_robust(c->arena, &d, &fit, (rac_robust)k, &covariance, &err))
            return driver_refused(c, &err);
        say_errors(c, robust_name[k], covariance, d.columns);
    }
    if (cluster && rac_logistic_clustered(c->arena, &d, &fit, cluster, &covariance, &err))
        return driver_refused(c, &err);
    if (cluster)
        say_errors(c, "cl.", covariance, d.columns);
}

static void say_effect(const driver_case *c, const char *at, const rac_weighting_data *d,
                       const rac_weighting *w, const double *y, rac_effect_scale scale)
{
    rac_error err = {0};
    rac_weighted_effect effect;
    if (!y)
        return;
    if (rac_weighting_effect(c->arena, d, w, &(rac_effect_options){.y = y, .scale = scale}, &effect, &err)) {
        driver_say(c, rac_format(c->arena, "%s.refused", at), err.status);
        return;
    }
    driver_say(c, rac_format(c->arena, "%s.effect", at), effect.effect.estimate);
    driver_say(c, rac_format(c->arena, "%s.se", at), effect.effect.se);
    driver_say(c, rac_format(c->arena, "%s.fixed", at), effect.fixed.se);
}

static void say_matching(const driver_case *c, const rac_weighting_data *d, const double *propensity)
{
    rac_error err = {0};
    rac_matching m;
    const rac_match_options o = {.replace = driver_flag(c, "replace"),
                                 .caliper = driver_one(c, "caliper", 0),
                                 .per_treated = (size_t)driver_one(c, "ratio", 1)};
    if (rac_match_nearest(c->arena, d->rows, d->treated, propensity, &o, &m, &err)) {
        driver_say(c, "match.refused", err.status);
        return;
    }
    for (size_t i = 0; i < d->rows; i++)
        driver_say_at(c, "match", i + 1, m.weight[i]);
}

void driver_weighting(const driver_case *c)
{
    const bool *treated = driver_bools(c, "treated");
    rac_weighting_data d = {.treated = treated, .columns = (size_t)driver_one(c, "columns", 1)};
    size_t count;
    d.x = driver_many(c, "x", &count);
    d.rows = count / d.columns;
    const double *covariate = driver_many(c, "covariate", NULL);
    rac_error err = {0};
    rac_weighting w;
    for (int estimand = RAC_ESTIMAND_ATE; estimand <= RAC_ESTIMAND_ATM; estimand++) {
        const char *name = rac_estimand_name((rac_estimand)estimand);
        if (rac_weighting_make(c->arena, &d,
                               &(rac_weighting_options){.estimand = (rac_estimand)estimand,
                                                        .trim = driver_one(c, "trim", 0),
                                                        .truncate = driver_one(c, "truncate", 0)},
                               &w, &err))
            return driver_refused(c, &err);
        driver_say(c, rac_format(c->arena, "%s.ess1", name), w.effective_treated);
        driver_say(c, rac_format(c->arena, "%s.ess0", name), w.effective_control);
        say_effect(c, rac_format(c->arena, "%s.diff", name), &d, &w, driver_many(c, "y", NULL),
                   RAC_EFFECT_DIFFERENCE);
        say_effect(c, rac_format(c->arena, "%s.odds", name), &d, &w, driver_many(c, "binary", NULL),
                   RAC_EFFECT_LOG_ODDS);
        rac_balance b;
        if (rac_balance_of(c->arena, &d, &w, covariate, &b, &err))
            return driver_refused(c, &err);
        driver_say(c, rac_format(c->arena, "%s.smd", name), b.smd);
        driver_say(c, rac_format(c->arena, "%s.ratio", name), b.variance_ratio);
        driver_say(c, rac_format(c->arena, "%s.ks", name), b.ks);
    }
    say_matching(c, &d, w.propensity);
}
