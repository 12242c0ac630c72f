/* Tests between groups, proportions, rates, multiplicity, tails, pooling, resampling. */
#include "driver.h"

static rac_values sample_of(const driver_case *c, const char *name)
{
    rac_values s = {0};
    s.values = driver_many(c, name, &s.count);
    return s;
}

static void say_t(const driver_case *c, const char *name, const rac_t_test *t)
{
    const struct {
        const char *quantity;
        double value;
    } rows[] = {{"estimate", t->estimate},
                {"se", t->se},
                {"t", t->t},
                {"df", t->df},
                {"p", t->p_value},
                {"lower", t->interval.lower},
                {"upper", t->interval.upper}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        driver_say(c, rac_format(c->arena, "%s.%s", name, rows[i].quantity), rows[i].value);
}

void driver_two_samples(const driver_case *c)
{
    const rac_values x = sample_of(c, "x"), y = sample_of(c, "y");
    const double level = driver_one(c, "level", 0.95);
    rac_error err = {0};
    rac_t_test t;
    rac_rank_sum rank;
    rac_effect_size effect;
    rac_standardised smd;
    rac_description d;
    if (rac_t_test_one(x, 0, level, &t, &err))
        return driver_refused(c, &err);
    say_t(c, "one", &t);
    if (rac_t_test_welch(x, y, level, &t, &err))
        return driver_refused(c, &err);
    say_t(c, "welch", &t);
    if (rac_t_test_pooled(x, y, level, &t, &err))
        return driver_refused(c, &err);
    say_t(c, "pooled", &t);
    if (x.count == y.count) {
        if (rac_t_test_paired(c->arena, x.values, y.values, x.count, level, &t, &err))
            return driver_refused(c, &err);
        say_t(c, "paired", &t);
    }
    static const char *const names[] = {"rank.auto", "rank.normal", "rank.exact"};
    for (int k = 0; k < 3; k++) {
        if (k == RAC_EXACT_ALWAYS && x.count + y.count > 200)
            continue;
        if (rac_rank_sum_test(c->arena, x, y, &(rac_rank_sum_options){.exactness = (rac_exactness)k}, &rank,
                              &err))
            return driver_refused(c, &err);
        driver_say(c, rac_format(c->arena, "%s.w", names[k]), rank.w);
        driver_say(c, rac_format(c->arena, "%s.p", names[k]), rank.p_value);
    }
    if (rac_effect_size_of(x, y, &effect, &err) ||
        rac_standardised_continuous(c->arena, x, y, level, &smd, &err))
        return driver_refused(c, &err);
    driver_say(c, "cohen", effect.cohen_d);
    driver_say(c, "hedges", effect.hedges_g);
    driver_say(c, "smd", smd.difference);
    driver_say(c, "ratio", smd.variance_ratio);
    driver_say(c, "ks", smd.ks);
    for (int type = 2; type <= 7; type += 5) {
        if (rac_describe(c->arena, x, (rac_quantile_type)type, &d, &err))
            return driver_refused(c, &err);
        driver_say(c, type == 2 ? "q1.2" : "q1.7", d.q1);
        driver_say(c, type == 2 ? "median.2" : "median.7", d.median);
        driver_say(c, type == 2 ? "q3.2" : "q3.7", d.q3);
    }
    driver_say(c, "sd", d.sd);
}

void driver_counts(const driver_case *c)
{
    const double *table = driver_many(c, "table", NULL);
    const size_t rows = (size_t)driver_one(c, "rows", 0), columns = (size_t)driver_one(c, "columns", 0);
    rac_error err = {0};
    rac_chi_square chi;
    double p;
    if (rac_chi_square_test(table, rows, columns, false, &chi, &err))
        return driver_refused(c, &err);
    driver_say(c, "chi", chi.statistic);
    driver_say(c, "chi.p", chi.p_value);
    if (rac_fisher_test(c->arena, table, rows, columns, &p, &err) == RAC_OK)
        driver_say(c, "fisher", p);
    if (rows != 2)
        return;
    double smd;
    if (rac_standardised_categories(c->arena, table, table + columns, columns, &smd, &err))
        return driver_refused(c, &err);
    driver_say(c, "smd", smd);
}

void driver_two_by_two(const driver_case *c)
{
    const rac_two_by_two counts = {driver_one(c, "x1", 0), driver_one(c, "n1", 0), driver_one(c, "x0", 0),
                                   driver_one(c, "n0", 0)};
    const double level = driver_one(c, "level", 0.95);
    rac_error err = {0};
    rac_proportions p;
    rac_mcnemar m;
    if (rac_proportions_compare(c->arena, counts, level, &p, &err) ||
        rac_mcnemar_test(counts.events1, counts.events0, &m, &err))
        return driver_refused(c, &err);
    const struct {
        const char *quantity;
        double value;
    } rows[] = {
        {"wilson.lower", p.p1_wilson.lower},
        {"wilson.upper", p.p1_wilson.upper},
        {"exact.lower", p.p1_exact.lower},
        {"exact.upper", p.p1_exact.upper},
        {"difference", p.difference},
        {"newcombe.lower", p.newcombe.lower},
        {"newcombe.upper", p.newcombe.upper},
        {"mn.lower", p.miettinen_nurminen.lower},
        {"mn.upper", p.miettinen_nurminen.upper},
        {"ac.lower", p.agresti_caffo.lower},
        {"ac.upper", p.agresti_caffo.upper},
        {"wald.lower", p.wald.lower},
        {"wald.upper", p.wald.upper},
        {"or", p.odds_ratio},
        {"woolf.lower", p.odds_ratio_woolf.lower},
        {"woolf.upper", p.odds_ratio_woolf.upper},
        {"conditional", p.odds_ratio_conditional},
        {"cornfield.lower", p.odds_ratio_exact.lower},
        {"cornfield.upper", p.odds_ratio_exact.upper},
        {"rr", p.risk_ratio},
        {"katz.lower", p.risk_ratio_katz.lower},
        {"katz.upper", p.risk_ratio_katz.upper},
        {"chi", p.chi_square},
        {"chi.p", p.p_chi_square},
        {"yates", p.chi_square_yates},
        {"yates.p", p.p_yates},
        {"fisher", p.p_fisher},
        {"mcnemar", m.chi_square},
        {"mcnemar.p", m.p_chi_square},
        {"mcnemar.exact", m.p_exact},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        driver_say(c, rows[i].quantity, rows[i].value);
}

void driver_rates(const driver_case *c)
{
    const double e1 = driver_one(c, "e1", 0), t1 = driver_one(c, "t1", 1), e0 = driver_one(c, "e0", 0),
                 t0 = driver_one(c, "t0", 1), level = driver_one(c, "level", 0.95);
    rac_error err = {0};
    rac_rate rate;
    rac_rate_ratio ratio;
    if (rac_rate_of(e1, t1, level, &rate, &err) || rac_rate_ratio_of(e1, t1, e0, t0, level, &ratio, &err))
        return driver_refused(c, &err);
    driver_say(c, "lower", rate.interval.lower);
    driver_say(c, "upper", rate.interval.upper);
    driver_say(c, "ratio", ratio.ratio);
    driver_say(c, "ratio.lower", ratio.interval.lower);
    driver_say(c, "ratio.upper", ratio.interval.upper);
    driver_say(c, "p", ratio.p_value);
}

void driver_adjust(const driver_case *c)
{
    size_t count;
    const double *p = driver_many(c, "p", &count);
    double *adjusted = rac_many(c->arena, double, count);
    rac_error err = {0};
    for (int rule = RAC_ADJUST_BONFERRONI; rule <= RAC_ADJUST_BH; rule++) {
        if (rac_p_adjust(c->arena, p, count, (rac_adjustment)rule, adjusted, &err))
            return driver_refused(c, &err);
        for (size_t i = 0; i < count; i++)
            driver_say_at(c, rac_format(c->arena, "%s.", rac_adjustment_key((rac_adjustment)rule)), i + 1,
                          adjusted[i]);
    }
}

static double binomial_mass(double x, double a, double b)
{
    return rac_binomial_mass(x, a, b);
}
static double normal_lower(double x, double a, double b)
{
    (void)a;
    (void)b;
    return rac_normal_lower(x);
}
static double normal_quantile(double x, double a, double b)
{
    (void)a;
    (void)b;
    return rac_normal_quantile(x);
}
#define ONE(name, call)                              \
    static double name(double x, double a, double b) \
    {                                                \
        (void)b;                                     \
        return call(x, a);                           \
    }
ONE(t_lower, rac_t_lower)
ONE(t_two_sided, rac_t_two_sided)
ONE(t_quantile, rac_t_quantile)
ONE(chi_lower, rac_chi_square_lower)
ONE(chi_upper, rac_chi_square_upper)
ONE(chi_quantile, rac_chi_square_quantile)
ONE(gamma_quantile, rac_gamma_quantile)
ONE(poisson_at_most, rac_poisson_at_most)
ONE(poisson_at_least, rac_poisson_at_least)
#undef ONE

void driver_distribution(const driver_case *c)
{
    static const struct {
        const char *id;
        double (*function)(double x, double a, double b);
    } rows[] = {
        {"normal_lower", normal_lower},
        {"normal_quantile", normal_quantile},
        {"t_lower", t_lower},
        {"t_two_sided", t_two_sided},
        {"t_quantile", t_quantile},
        {"chi_lower", chi_lower},
        {"chi_upper", chi_upper},
        {"chi_quantile", chi_quantile},
        {"gamma_quantile", gamma_quantile},
        {"f_lower", rac_f_lower},
        {"f_upper", rac_f_upper},
        {"f_quantile", rac_f_quantile},
        {"beta_lower", rac_beta_lower},
        {"beta_upper", rac_beta_upper},
        {"beta_quantile", rac_beta_quantile},
        {"binomial_mass", binomial_mass},
        {"binomial_at_most", rac_binomial_at_most},
        {"binomial_at_least", rac_binomial_at_least},
        {"poisson_at_most", poisson_at_most},
        {"poisson_at_least", poisson_at_least},
    };
    size_t count;
    const double *x = driver_many(c, "x", &count), *a = driver_many(c, "a", NULL),
                 *b = driver_many(c, "b", NULL);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        for (size_t i = 0; i < count && strcmp(rows[k].id, c->id) == 0; i++)
            driver_say_at(c, "", i + 1, rows[k].function(x[i], a[i], b[i]));
}

void driver_evalue(const driver_case *c)
{
    const rac_evalue_data data = {.scale = (rac_evalue_scale)(int)driver_one(c, "scale", 0),
                                  .estimate = driver_one(c, "estimate", 0),
                                  .lower = driver_one(c, "lower", 0),
                                  .upper = driver_one(c, "upper", 0),
                                  .se = driver_one(c, "se", 0)};
    rac_error err = {0};
    rac_evalue e;
    if (rac_evalue_of(&data, &e, &err))
        return driver_refused(c, &err);
    driver_say(c, "point", e.point);
    driver_say(c, "limit", e.limit);
}

void driver_pool(const driver_case *c)
{
    size_t sets;
    const double *estimate = driver_many(c, "estimate", &sets), *se = driver_many(c, "se", NULL);
    rac_error err = {0};
    rac_pooled p;
    if (rac_rubin_pool(sets, estimate, se, driver_one(c, "df", INFINITY), 0.95, &p, &err))
        return driver_refused(c, &err);
    driver_say(c, "estimate", p.effect.estimate);
    driver_say(c, "total", p.total);
    driver_say(c, "df", p.effect.df);
    driver_say(c, "riv", p.relative_increase);
    driver_say(c, "lambda", p.lambda);
    driver_say(c, "fmi", p.missing_information);
}

typedef struct ratio_data {
    size_t count;
    const double *x, *y;
} ratio_data;

static bool ratio_of(void *context, const double *counts, double *value)
{
    const ratio_data *d = context;
    double x = 0, y = 0;
    for (size_t i = 0; i < d->count; i++) {
        x += counts[i] * d->x[i];
        y += counts[i] * d->y[i];
    }
    *value = x / y;
    return y != 0;
}

void driver_bootstrap(const driver_case *c)
{
    ratio_data d = {0};
    d.x = driver_many(c, "x", &d.count);
    d.y = driver_many(c, "y", NULL);
    size_t all;
    const double *counts = driver_many(c, "counts", &all);
    rac_error err = {0};
    rac_resampling resampling;
    rac_bootstrap b;
    if (rac_resampling_make(c->arena, d.count, NULL, NULL, &resampling, &err) ||
        rac_bootstrap_run(c->arena, &resampling,
                          &(rac_bootstrap_options){.replicates = all / d.count, .counts = counts}, ratio_of,
                          &d, &b, &err))
        return driver_refused(c, &err);
    driver_say(c, "estimate", b.estimate);
    driver_say(c, "se", b.se);
    driver_say(c, "bias", b.bias);
    driver_say(c, "normal.lower", b.normal.lower);
    driver_say(c, "normal.upper", b.normal.upper);
    driver_say(c, "percentile.lower", b.percentile.lower);
    driver_say(c, "percentile.upper", b.percentile.upper);
    driver_say(c, "basic.lower", b.basic.lower);
    driver_say(c, "basic.upper", b.basic.upper);
    driver_say(c, "bca.lower", b.bca.lower);
    driver_say(c, "bca.upper", b.bca.upper);
    driver_say(c, "acceleration", b.bca_acceleration);
    driver_say(c, "z0", b.bca_z0);
}
