/* Kaplan-Meier, log-rank, restricted means, Cox. */
#include "driver.h"

static rac_survival_data times_of(const driver_case *c)
{
    rac_survival_data d = {.groups = (int)driver_one(c, "groups", 0)};
    d.time = driver_many(c, "time", &d.n);
    d.event = driver_bools(c, "event");
    d.start = driver_many(c, "start", NULL);
    d.weight = driver_many(c, "weight", NULL);
    d.group = driver_ints(c, "group");
    d.stratum = driver_ints(c, "stratum");
    d.cluster = driver_ints(c, "cluster");
    return d;
}

static void say_curve(const driver_case *c, const rac_survival_data *d, rac_survival_interval kind,
                      const char *name)
{
    rac_error err = {0};
    rac_survival_curve *curve;
    if (rac_kaplan_meier(c->arena, d,
                         &(rac_survival_options){.interval = kind, .robust = driver_flag(c, "robust")},
                         &curve, &err))
        return driver_refused(c, &err);
    size_t row = 0;
    for (int g = 0; g < (d->groups ? d->groups : 1); g++) {
        for (size_t k = 0; k < curve[g].count; k++, row++) {
            const rac_survival_point *p = &curve[g].points[k];
            driver_say_at(c, rac_format(c->arena, "%s.lower.", name), row + 1, p->lower);
            driver_say_at(c, rac_format(c->arena, "%s.upper.", name), row + 1, p->upper);
            if (kind != RAC_SURVIVAL_LOG)
                continue;
            driver_say_at(c, "risk.", row + 1, p->at_risk);
            driver_say_at(c, "surv.", row + 1, p->survival);
            driver_say_at(c, "se.", row + 1, p->std_err);
        }
        for (int q = 1; q <= 3; q++) {
            rac_survival_quantile quantile;
            if (rac_survival_quantile_of(c->arena, &curve[g], q / 4.0, &quantile, &err))
                return driver_refused(c, &err);
            const char *at = rac_format(c->arena, "%s.q%d%d", name, q, g);
            driver_say(c, rac_format(c->arena, "%s.time", at), quantile.time);
            driver_say(c, rac_format(c->arena, "%s.lower", at), quantile.interval.lower);
            driver_say(c, rac_format(c->arena, "%s.upper", at), quantile.interval.upper);
        }
        rac_restricted_mean mean;
        if (kind != RAC_SURVIVAL_LOG || isnan(driver_one(c, "tau", NAN)))
            continue;
        if (rac_restricted_mean_of(&curve[g], driver_one(c, "tau", 1), &mean, &err))
            return driver_refused(c, &err);
        driver_say_at(c, "rmst", (size_t)g, mean.mean);
        driver_say_at(c, "rmst.se", (size_t)g, mean.se);
    }
}

void driver_survival(const driver_case *c)
{
    const rac_survival_data d = times_of(c);
    rac_error err = {0};
    say_curve(c, &d, RAC_SURVIVAL_LOG, "log");
    say_curve(c, &d, RAC_SURVIVAL_LOG_LOG, "loglog");
    say_curve(c, &d, RAC_SURVIVAL_PLAIN, "plain");
    if (d.weight || d.groups < 2 || d.start)
        return;
    for (int rho = 0; rho < 2; rho++) {
        rac_log_rank test;
        if (rac_log_rank_test(c->arena, &d, rho, &test, &err))
            return driver_refused(c, &err);
        driver_say(c, rho ? "peto" : "logrank", test.chi_square);
        driver_say(c, rho ? "peto.p" : "logrank.p", test.p_value);
        for (int g = 0; g < d.groups; g++)
            driver_say_at(c, rho ? "peto.expected" : "logrank.expected", (size_t)g, test.expected[g]);
    }
}

void driver_cox(const driver_case *c)
{
    rac_cox_data d = {.times = times_of(c), .covariates = (size_t)driver_one(c, "covariates", 1)};
    d.x = driver_many(c, "x", NULL);
    const rac_cox_ties ties = (rac_cox_ties)(int)driver_one(c, "ties", 0);
    rac_error err = {0};
    rac_cox_fit fit;
    if (rac_cox_fit_model(c->arena, &d, &(rac_cox_options){.ties = ties, .robust = driver_flag(c, "robust")},
                          &fit, &err))
        return driver_refused(c, &err);
    for (size_t j = 0; j < d.covariates; j++) {
        driver_say_at(c, "coef", j + 1, fit.coefficient[j]);
        driver_say_at(c, "se", j + 1, fit.se[j]);
        driver_say_at(c, "p", j + 1, fit.p_value[j]);
        driver_say_at(c, "upper", j + 1, fit.interval[j].upper);
    }
    driver_say(c, "loglik0", fit.log_likelihood_null);
    driver_say(c, "loglik", fit.log_likelihood);
    driver_say(c, "wald", fit.wald.statistic);
    driver_say(c, "score", fit.score.statistic);
    driver_say(c, "lr", fit.likelihood_ratio.statistic);
    driver_say(c, "notes", fit.notes);
    if (ties == RAC_TIES_DISCRETE)
        return;
    for (int scale = RAC_TIME_KM; scale <= RAC_TIME_LOG; scale++) {
        static const char *const names[] = {"zph.km", "zph.identity", "zph.log"};
        rac_cox_proportionality z;
        if (rac_cox_proportionality_of(c->arena, &fit, (rac_cox_time_scale)scale, &z, &err))
            return driver_refused(c, &err);
        for (size_t j = 0; j < d.covariates; j++)
            driver_say_at(c, names[scale], j + 1, z.each[j].statistic);
        driver_say(c, rac_format(c->arena, "%s.global", names[scale]), z.global.statistic);
    }
    rac_cox_baseline base;
    if (rac_cox_baseline_of(c->arena, &fit, &base, &err))
        return driver_refused(c, &err);
    for (size_t i = 0; i < base.count; i++)
        driver_say_at(c, "hazard", i + 1, base.cumulative[i]);
    rac_concordance concordance;
    if (d.times.start)
        return;
    if (rac_cox_concordance_of(c->arena, &fit, &concordance, &err))
        return driver_refused(c, &err);
    driver_say(c, "c", concordance.c);
    driver_say(c, "c.se", concordance.se);
}
