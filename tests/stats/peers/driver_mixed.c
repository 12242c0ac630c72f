/* Mixed models on rows of a design. */
#include "driver.h"

void driver_mixed(const driver_case *c)
{
    rac_mixed_rows r = {.columns = (size_t)driver_one(c, "columns", 1),
                        .patients = (size_t)driver_one(c, "patients", 0),
                        .visits = (size_t)driver_one(c, "visits", 0)};
    r.outcome = driver_many(c, "y", &r.rows);
    r.x = driver_many(c, "x", NULL);
    r.patient = driver_ints(c, "patient");
    r.visit = driver_ints(c, "visit");
    r.weight = driver_many(c, "weight", NULL);
    r.time = driver_many(c, "time", NULL);
    r.group = driver_ints(c, "group");
    r.groups = r.group ? (size_t)driver_one(c, "groups", 2) : 0;
    const rac_mixed_options o = {.covariance = (rac_covariance)(int)driver_one(c, "covariance", 0),
                                 .no_fallback = true,
                                 .maximum_likelihood = driver_flag(c, "ml"),
                                 .df = (rac_mixed_df)(int)driver_one(c, "df", 0),
                                 .errors = (rac_mixed_errors)(int)driver_one(c, "errors", 0),
                                 .expected_information = driver_flag(c, "expected")};
    rac_error err = {0};
    rac_mixed_design design;
    rac_mixed_fit fit;
    if (rac_mixed_design_rows(c->arena, &r, &design, &err) ||
        rac_mixed_fit_design(c->arena, &design, &o, &fit, &err))
        return driver_refused(c, &err);
    driver_say(c, "loglik", fit.log_likelihood);
    for (size_t j = 0; j < fit.columns; j++) {
        const rac_mixed_estimate *e = &fit.coefficient[j];
        driver_say_at(c, "coef", j + 1, e->estimate);
        driver_say_at(c, "se", j + 1, e->se);
        driver_say_at(c, "df", j + 1, e->df);
        driver_say_at(c, "p", j + 1, e->p);
    }
    for (size_t k = 0; k < fit.groups * fit.sigma_size * fit.sigma_size; k++)
        driver_say_at(c, "sigma", k + 1, fit.sigma[k]);
    if (fit.random) {
        driver_say(c, "var.intercept", fit.variance_intercept);
        driver_say(c, "var.slope", fit.variance_slope);
        driver_say(c, "cov", fit.covariance_intercept_slope);
        driver_say(c, "var.residual", fit.variance_residual);
        driver_say(c, "singular", fit.singular);
    }
    size_t cells;
    const double *joint = driver_many(c, "joint", &cells);
    if (!joint)
        return;
    rac_mixed_joint test;
    rac_mixed_test_joint(c->arena, &fit, joint, cells / fit.columns, &test);
    driver_say(c, "joint.f", test.f);
    driver_say(c, "joint.df", test.denom_df);
    driver_say(c, "joint.p", test.p);
}
