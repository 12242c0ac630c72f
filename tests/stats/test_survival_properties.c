/* What must hold of any survival analysis: invariances, identities between methods, closed forms, refusals.
 */
#include "check.h"

#include "base/random.h"
#include "racemate/stats/cox.h"
#include "racemate/stats/survival.h"

enum { ROWS = 120, COLUMNS = 2 };

/* Simulated patients with ties (times in halves), two arms, two strata, one continuous covariate. */
typedef struct cohort {
    double time[2 * ROWS], start[2 * ROWS], weight[2 * ROWS], x[2 * ROWS * COLUMNS];
    bool event[2 * ROWS];
    int arm[2 * ROWS], stratum[2 * ROWS], cluster[2 * ROWS];
    size_t n;
} cohort;

static cohort simulate(uint64_t seed, bool ties)
{
    cohort c = {.n = ROWS};
    rac_random draws = rac_random_open(seed, 0, RAC_RANDOM_TEST);
    for (size_t i = 0; i < ROWS; i++) {
        c.arm[i] = rac_random_uniform(&draws) < 0.6;
        c.x[i * COLUMNS] = c.arm[i];
        c.x[i * COLUMNS + 1] = rac_random_normal(&draws);
        const double hazard = exp(0.7 * c.arm[i] - 0.4 * c.x[i * COLUMNS + 1]) / 5;
        const double event = -log(rac_random_uniform(&draws)) / hazard;
        const double censored = -log(rac_random_uniform(&draws)) * 9;
        c.event[i] = event <= censored;
        c.time[i] = fmin(event, censored);
        if (ties)
            c.time[i] = ceil(2 * c.time[i]) / 2;
        c.weight[i] = 1 + rac_random_below(&draws, 3);
        c.stratum[i] = (int)rac_random_below(&draws, 2) * 7 - 3;
        c.cluster[i] = (int)i;
    }
    return c;
}

static rac_survival_data plain(const cohort *c)
{
    return (rac_survival_data){.n = c->n, .time = c->time, .event = c->event, .group = c->arm, .groups = 2};
}

static rac_cox_fit fit_with(rac_arena *arena, const rac_survival_data *times, const cohort *c, size_t columns,
                            const rac_cox_options *options)
{
    rac_error err = {0};
    rac_cox_fit fit;
    const rac_cox_data data = {.times = *times, .covariates = columns, .x = c->x};
    check_ok(rac_cox_fit_model(arena, &data, options, &fit, &err));
    return fit;
}

static void swap_rows(cohort *c, size_t i, size_t j)
{
#define SWAP(array)                                    \
    do {                                               \
        const __typeof__(c->array[0]) t = c->array[i]; \
        c->array[i] = c->array[j];                     \
        c->array[j] = t;                               \
    } while (0)
    SWAP(time);
    SWAP(weight);
    SWAP(event);
    SWAP(arm);
    SWAP(stratum);
    for (size_t k = 0; k < COLUMNS; k++) {
        const double t = c->x[i * COLUMNS + k];
        c->x[i * COLUMNS + k] = c->x[j * COLUMNS + k];
        c->x[j * COLUMNS + k] = t;
    }
#undef SWAP
}

/* ---- curves --------------------------------------------------------------------------------------- */

/* 6-MP arm of Freireich 1963 as printed in Cox 1972 and Kalbfleisch and Prentice 2002, table 1.1; the curve
 * and Greenwood errors as printed in Klein and Moeschberger 2003, table 4.1A. */
static void test_stats_survival__six_mp_matches_the_textbook(void **state)
{
    (void)state;
    static const double TIME[] = {6,  6,  6,  6,  7,  9,  10, 10, 11, 13, 16,
                                  17, 19, 20, 22, 23, 25, 32, 32, 34, 35};
    static const bool EVENT[] = {1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0};
    static const double AT[] = {6, 7, 10, 13, 16, 22, 23},
                        S[] = {0.857, 0.807, 0.753, 0.690, 0.628, 0.538, 0.448},
                        SE[] = {0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346};
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const rac_survival_data data = {.n = 21, .time = TIME, .event = EVENT};
    rac_survival_curve *curve;
    check_ok(rac_kaplan_meier(arena, &data, NULL, &curve, &err));
    size_t found = 0;
    for (size_t k = 0; k < curve->count; k++)
        if (curve->points[k].events > 0) {
            check_near(curve->points[k].time, AT[found], 0, 0);
            check_near(curve->points[k].survival, S[found], 6e-4, 0); /* the book chains rounded factors */
            check_near(curve->points[k].std_err, SE[found], 5.1e-5, 0);
            found++;
        }
    assert_int_equal(found, 7);
    rac_survival_quantile median;
    check_ok(rac_survival_quantile_of(arena, curve, 0.5, &median, &err));
    check_near(median.time, 23, 0, 0);
    assert_true(rac_survival_at_time(curve, 6.5).at_risk == 17 &&
                rac_survival_at_time(curve, 36).at_risk == 0);
    assert_true(rac_survival_at_time(curve, 6).at_risk == 21 && rac_survival_at_time(curve, 1).survival == 1);
    rac_arena_free(arena);
}

/* Without weights and late entry the jackknife is Greenwood's formula, ties or not. */
static void test_stats_survival__jackknife_is_greenwood_without_weights(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const cohort c = simulate(1, true);
    const rac_survival_data data = plain(&c);
    const rac_survival_options robust = {.robust = true};
    rac_survival_curve *a, *b;
    check_ok(rac_kaplan_meier(arena, &data, NULL, &a, &err));
    check_ok(rac_kaplan_meier(arena, &data, &robust, &b, &err));
    for (int g = 0; g < 2; g++)
        for (size_t k = 0; k < a[g].count; k++) {
            check_near(b[g].points[k].survival, a[g].points[k].survival, 0, 0);
            if (a[g].points[k].survival > 0)
                check_near(b[g].points[k].std_err, a[g].points[k].std_err, 1e-12, 1e-9);
        }
    rac_arena_free(arena);
}

/* Whole weights give the curve of that many copies. */
static void test_stats_survival__weights_are_copies(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const cohort c = simulate(2, true);
    double copies[3 * ROWS];
    bool events[3 * ROWS];
    size_t n = 0;
    for (size_t i = 0; i < c.n; i++)
        for (int k = 0; k < (int)c.weight[i]; k++) {
            copies[n] = c.time[i];
            events[n++] = c.event[i];
        }
    const rac_survival_data weighted = {.n = c.n, .time = c.time, .event = c.event, .weight = c.weight},
                            copied = {.n = n, .time = copies, .event = events};
    rac_survival_curve *a, *b;
    check_ok(rac_kaplan_meier(arena, &weighted, NULL, &a, &err));
    check_ok(rac_kaplan_meier(arena, &copied, NULL, &b, &err));
    assert_int_equal(a->count, b->count);
    for (size_t k = 0; k < a->count; k++) {
        check_near(a->points[k].survival, b->points[k].survival, 1e-13, 0);
        check_near(a->points[k].at_risk, b->points[k].at_risk, 1e-9, 0);
    }
    rac_arena_free(arena);
}

/* The robust error by its definition, d ln S / d weight by central differences; half enter late. */
static void test_stats_survival__robust_error_is_the_weight_jackknife(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    cohort c = simulate(2, true);
    for (size_t i = 0; i < c.n; i++)
        c.start[i] = i % 2 && c.time[i] > 1 ? 0.75 : -1;
    rac_survival_data data = {.n = c.n, .time = c.time, .event = c.event, .weight = c.weight};
    const rac_survival_options robust = {.robust = true};
    for (int late = 0; late < 2; late++) {
        rac_survival_curve *a, *moved;
        data.start = late ? c.start : NULL;
        check_ok(rac_kaplan_meier(arena, &data, &robust, &a, &err));
        double *const variance = rac_many(arena, double, a->count);
        for (size_t i = 0; i < c.n; i++) {
            const double w = c.weight[i], step = 1e-4;
            double *const rise = rac_many(arena, double, a->count);
            for (int side = 0; side < 2; side++) {
                c.weight[i] = w + (side ? -step : step);
                check_ok(rac_kaplan_meier(arena, &data, NULL, &moved, &err));
                for (size_t k = 0; k < a->count; k++)
                    rise[k] += (side ? -1 : 1) * log(moved->points[k].survival);
            }
            c.weight[i] = w;
            for (size_t k = 0; k < a->count; k++)
                variance[k] += pow(w * rise[k] / (2 * step), 2);
        }
        for (size_t k = 0; k < a->count; k++)
            if (a->points[k].survival > 0)
                check_near(a->points[k].std_err, a->points[k].survival * sqrt(variance[k]), 1e-9, 1e-5);
    }
    rac_arena_free(arena);
}

static void test_stats_survival__restricted_mean_without_censoring_is_a_mean(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double time[] = {1.5, 2.25, 4, 4, 7, 11.5};
    const bool event[] = {1, 1, 1, 1, 1, 1};
    const rac_survival_data data = {.n = 6, .time = time, .event = event};
    rac_survival_curve *curve;
    rac_restricted_mean mean, late;
    check_ok(rac_kaplan_meier(arena, &data, NULL, &curve, &err));
    check_ok(rac_restricted_mean_of(curve, 5, &mean, &err));
    check_near(mean.mean, (1.5 + 2.25 + 4 + 4 + 5 + 5) / 6, 0, 1e-14);
    check_ok(rac_restricted_mean_of(curve, 50, &late, &err));
    check_near(late.mean, (1.5 + 2.25 + 4 + 4 + 7 + 11.5) / 6, 0, 1e-14);
    assert_true(late.notes == 0); /* the curve has reached 0 */
    const rac_restricted_difference d = rac_restricted_mean_difference(&late, &mean, 0.95);
    check_near(d.difference, late.mean - mean.mean, 0, 1e-14);
    check_near(d.se, hypot(late.se, mean.se), 0, 1e-14);
    check_status(rac_restricted_mean_of(curve, 0, &mean, &err), RAC_INVALID);
    rac_arena_free(arena);
}

static void test_stats_survival__times_equal_to_rounding_are_ties(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double time[] = {0.1 + 0.2, 0.3, 0.7, 0.7 * (1 + 1e-12)};
    const bool event[] = {1, 1, 1, 0};
    const rac_survival_data data = {.n = 4, .time = time, .event = event};
    rac_survival_curve *curve;
    check_ok(rac_kaplan_meier(arena, &data, NULL, &curve, &err));
    assert_int_equal(curve->count, 2);
    assert_true(curve->points[0].events == 2 && curve->points[1].events == 1 &&
                curve->points[1].censored == 1);
    rac_arena_free(arena);
}

/* ---- Cox against itself and others ----------------------------------------------------------------- */

static void check_same_fit(const rac_cox_fit *a, const rac_cox_fit *b, double tolerance)
{
    for (size_t j = 0; j < a->covariates; j++) {
        check_near(b->coefficient[j], a->coefficient[j], 0, tolerance);
        check_near(b->se[j], a->se[j], 0, tolerance);
    }
    check_near(b->log_likelihood, a->log_likelihood, 0, tolerance);
}

/* The log-rank test is the score test of one arm covariate when nothing is tied. */
static void test_stats_cox__score_test_is_log_rank(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const cohort c = simulate(3, false);
    double arm[ROWS];
    for (size_t i = 0; i < c.n; i++)
        arm[i] = c.arm[i];
    rac_survival_data data = plain(&c);
    for (int stratified = 0; stratified < 2; stratified++) {
        data.stratum = stratified ? c.stratum : NULL;
        const rac_cox_data cox = {.times = data, .covariates = 1, .x = arm};
        rac_cox_fit fit;
        rac_log_rank test;
        check_ok(rac_cox_fit_model(arena, &cox, NULL, &fit, &err));
        check_ok(rac_log_rank_test(arena, &data, 0, &test, &err));
        check_near(fit.score.statistic, test.chi_square, 0, 1e-11);
    }
    rac_arena_free(arena);
}

static void test_stats_cox__order_scale_and_direction_do_not_matter(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    const cohort c = simulate(4, true);
    const rac_survival_data times = plain(&c);
    const rac_cox_fit fit = fit_with(arena, &times, &c, COLUMNS, NULL);
    cohort moved = c;
    for (size_t i = 0; i < ROWS / 2; i++)
        swap_rows(&moved, i, ROWS - 1 - (i * 7) % (ROWS / 2));
    const rac_survival_data moved_times = plain(&moved);
    const rac_cox_fit permuted = fit_with(arena, &moved_times, &moved, COLUMNS, NULL);
    check_same_fit(&fit, &permuted, 1e-10);
    cohort scaled = c;
    for (size_t i = 0; i < ROWS; i++) {
        scaled.x[i * COLUMNS] = 1 - c.x[i * COLUMNS];                   /* arms swapped */
        scaled.x[i * COLUMNS + 1] = 1000 + 0.01 * c.x[i * COLUMNS + 1]; /* other units */
        scaled.time[i] = 7 * c.time[i];
    }
    const rac_survival_data scaled_times = plain(&scaled);
    const rac_cox_fit other = fit_with(arena, &scaled_times, &scaled, COLUMNS, NULL);
    check_near(other.coefficient[0], -fit.coefficient[0], 0, 1e-9);
    check_near(other.coefficient[1], 100 * fit.coefficient[1], 0, 1e-8);
    check_near(other.se[1], 100 * fit.se[1], 0, 1e-8);
    check_near(other.likelihood_ratio.statistic, fit.likelihood_ratio.statistic, 0, 1e-9);
    rac_arena_free(arena);
}

/* Every row twice: same coefficients, errors over sqrt 2; the same with weights 2 under Breslow's ties.
 * Clustering the copies gives back the robust errors of the single rows. */
static void test_stats_cox__copies_shrink_errors_and_clusters_do_not(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    const cohort c = simulate(5, true);
    cohort twice = c, heavy = c;
    for (size_t i = 0; i < ROWS; i++) {
        twice.time[ROWS + i] = c.time[i];
        twice.event[ROWS + i] = c.event[i];
        twice.arm[ROWS + i] = c.arm[i];
        twice.cluster[ROWS + i] = c.cluster[i];
        memcpy(twice.x + (ROWS + i) * COLUMNS, c.x + i * COLUMNS, COLUMNS * sizeof *c.x);
        heavy.weight[i] = 2;
    }
    twice.n = 2 * ROWS;
    const rac_cox_options breslow = {.ties = RAC_TIES_BRESLOW},
                          robust = {.ties = RAC_TIES_BRESLOW, .robust = true};
    rac_survival_data one = plain(&c), two = plain(&twice), weighted = plain(&heavy);
    weighted.weight = heavy.weight;
    const rac_cox_fit a = fit_with(arena, &one, &c, COLUMNS, &breslow),
                      b = fit_with(arena, &two, &twice, COLUMNS, &breslow),
                      w = fit_with(arena, &weighted, &heavy, COLUMNS, &breslow);
    check_same_fit(&b, &w, 1e-10);
    for (size_t j = 0; j < COLUMNS; j++) {
        check_near(b.coefficient[j], a.coefficient[j], 0, 1e-9);
        check_near(b.se[j], a.se[j] / sqrt(2), 0, 1e-9);
    }
    two.cluster = twice.cluster;
    const rac_cox_fit single = fit_with(arena, &one, &c, COLUMNS, &robust),
                      clustered = fit_with(arena, &two, &twice, COLUMNS, &breslow);
    for (size_t j = 0; j < COLUMNS; j++)
        check_near(clustered.se[j], single.se[j], 0, 1e-9);
    rac_arena_free(arena);
}

/* A patient followed in two pieces is the same patient: split every row at a third of its time. */
static void test_stats_cox__split_episodes_change_nothing(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    for (int ties = RAC_TIES_EFRON; ties <= RAC_TIES_BRESLOW; ties++) {
        const cohort c = simulate(6, true);
        cohort split = c;
        split.n = 2 * ROWS;
        for (size_t i = 0; i < ROWS; i++) {
            const double cut = c.time[i] / 3;
            split.start[i] = -1;
            split.time[i] = cut;
            split.event[i] = false;
            split.start[ROWS + i] = cut;
            split.time[ROWS + i] = c.time[i];
            split.event[ROWS + i] = c.event[i];
            split.arm[ROWS + i] = c.arm[i];
            split.cluster[ROWS + i] = c.cluster[i];
            memcpy(split.x + (ROWS + i) * COLUMNS, c.x + i * COLUMNS, COLUMNS * sizeof *c.x);
        }
        const rac_cox_options options = {.ties = (rac_cox_ties)ties, .robust = true};
        rac_survival_data whole = plain(&c), pieces = plain(&split);
        pieces.start = split.start;
        pieces.cluster = split.cluster;
        const rac_cox_fit a = fit_with(arena, &whole, &c, COLUMNS, &options),
                          b = fit_with(arena, &pieces, &split, COLUMNS, &options);
        check_same_fit(&a, &b, 1e-9); /* se is robust here: the score residuals add up within cluster */
        rac_cox_proportionality p, q;
        check_ok(rac_cox_proportionality_of(arena, &a, RAC_TIME_LOG, &p, &err));
        check_ok(rac_cox_proportionality_of(arena, &b, RAC_TIME_LOG, &q, &err));
        check_near(q.global.statistic, p.global.statistic, 0, 1e-8);
        rac_log_rank one, two;
        check_ok(rac_log_rank_test(arena, &whole, 1, &one, &err));
        check_ok(rac_log_rank_test(arena, &pieces, 1, &two, &err));
        check_near(two.chi_square, one.chi_square, 0, 1e-10);
    }
    rac_arena_free(arena);
}

/* The robust error by its definition: refit with each weight moved a little. */
static void test_stats_cox__robust_error_is_the_weight_jackknife(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    for (int ties = RAC_TIES_EFRON; ties <= RAC_TIES_BRESLOW; ties++) {
        cohort c = simulate(7, false); /* with ties Efron's weighted form is its own convention */
        rac_survival_data data = plain(&c);
        data.weight = c.weight;
        data.stratum = c.stratum;
        const rac_cox_options options = {.ties = (rac_cox_ties)ties, .robust = true};
        const rac_cox_fit fit = fit_with(arena, &data, &c, COLUMNS, &options);
        double variance[COLUMNS] = {0};
        for (size_t i = 0; i < c.n; i++) {
            const double w = c.weight[i], step = 1e-3;
            c.weight[i] = w + step;
            const rac_cox_fit up = fit_with(arena, &data, &c, COLUMNS, &options);
            c.weight[i] = w - step;
            const rac_cox_fit down = fit_with(arena, &data, &c, COLUMNS, &options);
            c.weight[i] = w;
            for (size_t j = 0; j < COLUMNS; j++)
                variance[j] += pow(w * (up.coefficient[j] - down.coefficient[j]) / (2 * step), 2);
        }
        for (size_t j = 0; j < COLUMNS; j++)
            check_near(fit.se[j], sqrt(variance[j]), 0, 1e-5);
    }
    rac_arena_free(arena);
}

/* The three rules agree when nothing is tied; the discrete one against all subsets when something is. */
static void test_stats_cox__rules_for_ties(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const cohort c = simulate(8, false);
    const rac_survival_data times = plain(&c);
    const rac_cox_options breslow = {.ties = RAC_TIES_BRESLOW}, discrete = {.ties = RAC_TIES_DISCRETE};
    const rac_cox_fit a = fit_with(arena, &times, &c, COLUMNS, NULL),
                      b = fit_with(arena, &times, &c, COLUMNS, &breslow),
                      d = fit_with(arena, &times, &c, COLUMNS, &discrete);
    check_same_fit(&a, &b, 1e-9);
    check_same_fit(&a, &d, 1e-9);
    /* one time, three deaths of six: exp(b sum x_dead) over the sum of exp(b sum x) of all 20 triples */
    const double time[] = {2, 2, 2, 2, 3, 3}, x[] = {1.2, 0.1, 0.7, -0.4, 0.9, -1.1};
    const bool event[] = {1, 1, 1, 0, 0, 0};
    const rac_cox_data small = {.times = {.n = 6, .time = time, .event = event}, .covariates = 1, .x = x};
    rac_cox_fit fit;
    check_ok(rac_cox_fit_model(arena, &small, &discrete, &fit, &err));
    double all = 0;
    for (unsigned set = 0; set < 64; set++) {
        double sum = 0;
        int count = 0;
        for (int i = 0; i < 6; i++)
            if (set >> i & 1) {
                sum += x[i];
                count++;
            }
        all += count == 3 ? exp(fit.coefficient[0] * sum) : 0;
    }
    check_near(fit.log_likelihood, fit.coefficient[0] * (x[0] + x[1] + x[2]) - log(all), 0, 1e-12);
    check_near(fit.log_likelihood_null, -log(20), 0, 1e-13);
    rac_arena_free(arena);
}

/* Concordance by looking at every pair. */
static void test_stats_cox__concordance_counts_pairs(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const cohort c = simulate(9, true);
    rac_survival_data data = plain(&c);
    data.stratum = c.stratum;
    data.weight = c.weight;
    const rac_cox_fit fit = fit_with(arena, &data, &c, COLUMNS, NULL);
    rac_concordance got;
    check_ok(rac_cox_concordance_of(arena, &fit, &got, &err));
    double concordant = 0, discordant = 0;
    for (size_t i = 0; i < c.n; i++)
        for (size_t j = 0; j < c.n; j++) {
            const bool longer = c.time[j] > c.time[i] || (c.time[j] == c.time[i] && !c.event[j]);
            if (!c.event[i] || !longer || c.stratum[i] != c.stratum[j])
                continue;
            double gap = 0;
            for (size_t k = 0; k < COLUMNS; k++)
                gap += fit.coefficient[k] * (c.x[i * COLUMNS + k] - c.x[j * COLUMNS + k]);
            concordant += gap > 0 ? c.weight[i] * c.weight[j] : 0;
            discordant += gap < 0 ? c.weight[i] * c.weight[j] : 0;
        }
    check_near(got.concordant, concordant, 1e-9, 0);
    check_near(got.discordant, discordant, 1e-9, 0);
    assert_true(got.se > 0);
    rac_arena_free(arena);
}

/* ---- degenerate inputs ------------------------------------------------------------------------------- */

static void test_stats_cox__an_arm_without_events_is_named(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    cohort c = simulate(10, true);
    for (size_t i = 0; i < c.n; i++)
        c.event[i] = c.event[i] && c.arm[i] == 0;
    const rac_survival_data data = plain(&c);
    for (int ties = 0; ties < 3; ties++) {
        const rac_cox_options options = {.ties = (rac_cox_ties)ties};
        const rac_cox_fit fit = fit_with(arena, &data, &c, COLUMNS, &options);
        assert_true(fit.notes & RAC_NOTE_INFINITE);
        assert_true(fit.coefficient_notes[0] == RAC_NOTE_INFINITE && fit.coefficient_notes[1] == 0);
        assert_true(isinf(fit.coefficient[0]) && fit.coefficient[0] < 0 && fit.hazard_ratio[0] == 0);
        assert_true(isnan(fit.se[0]) && isnan(fit.p_value[0]) && isnan(fit.wald.statistic));
        assert_true(isfinite(fit.coefficient[1]) && fit.se[1] > 0);
        assert_true(fit.likelihood_ratio.p_value < 0.01 && fit.likelihood_ratio.df == 2);
        rac_cox_baseline baseline;
        check_status(rac_cox_baseline_of(arena, &fit, &baseline, &err), RAC_UNSUPPORTED);
        if (ties < 2) {
            rac_cox_proportionality zph;
            check_ok(rac_cox_proportionality_of(arena, &fit, RAC_TIME_KM, &zph, &err));
            assert_true(isnan(zph.global.statistic) && (zph.notes & RAC_NOTE_INFINITE));
        }
    }
    rac_arena_free(arena);
}

/* Both covariates finite apart, infinite together: the first event is always the one with the largest sum. */
static void test_stats_cox__a_direction_without_maximum_is_named(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    cohort c = simulate(11, false);
    for (size_t i = 0; i < c.n; i++) {
        c.x[i * COLUMNS] = sin(3.7 * (double)i);
        c.x[i * COLUMNS + 1] = 50.0 / (1 + c.time[i]) - c.x[i * COLUMNS];
        c.event[i] = true;
    }
    const rac_survival_data data = plain(&c);
    const rac_cox_fit fit = fit_with(arena, &data, &c, COLUMNS, NULL);
    assert_true(fit.notes & RAC_NOTE_INFINITE);
    rac_arena_free(arena);
}

static void test_stats_cox__aliased_covariates_are_left_out(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    cohort c = simulate(12, true);
    const rac_survival_data data = plain(&c);
    double x[ROWS * 4];
    for (size_t i = 0; i < c.n; i++) {
        x[i * 4] = c.arm[i];
        x[i * 4 + 1] = 3.3;              /* constant */
        x[i * 4 + 2] = 5 - 2 * c.arm[i]; /* the first again */
        x[i * 4 + 3] = c.x[i * COLUMNS + 1];
    }
    rac_error err = {0};
    rac_cox_fit fit;
    const rac_cox_data four = {.times = data, .covariates = 4, .x = x};
    check_ok(rac_cox_fit_model(arena, &four, NULL, &fit, &err));
    const rac_cox_fit two = fit_with(arena, &data, &c, COLUMNS, NULL);
    assert_true(fit.notes == RAC_NOTE_ALIASED && fit.likelihood_ratio.df == 2);
    assert_true(fit.coefficient_notes[1] == RAC_NOTE_ALIASED && isnan(fit.coefficient[1]) &&
                isnan(fit.se[2]));
    check_near(fit.coefficient[0], two.coefficient[0], 0, 1e-9);
    check_near(fit.se[3], two.se[1], 0, 1e-9);
    check_near(fit.wald.statistic, two.wald.statistic, 0, 1e-9);
    rac_arena_free(arena);
}

static void test_stats_survival__nothing_to_see_is_an_answer(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    cohort c = simulate(13, true);
    for (size_t i = 0; i < c.n; i++) {
        c.event[i] = false;
        c.arm[i] = 1; /* and arm 0 is empty */
    }
    const rac_survival_data data = plain(&c);
    rac_survival_curve *curves;
    check_ok(rac_kaplan_meier(arena, &data, NULL, &curves, &err));
    assert_true(curves[0].notes == RAC_NOTE_EMPTY_GROUP && curves[0].count == 0);
    assert_true(curves[1].notes == RAC_NOTE_NO_EVENTS && curves[1].points[0].survival == 1);
    rac_survival_quantile median;
    check_ok(rac_survival_quantile_of(arena, &curves[1], 0.5, &median, &err));
    assert_true(isnan(median.time) && median.notes == RAC_NOTE_NOT_REACHED);
    check_ok(rac_survival_quantile_of(arena, &curves[0], 0.5, &median, &err));
    assert_true(isnan(median.time));
    rac_restricted_mean mean;
    check_ok(rac_restricted_mean_of(&curves[0], 5, &mean, &err));
    assert_true(isnan(mean.mean) && mean.notes == RAC_NOTE_EMPTY_GROUP);
    check_ok(rac_restricted_mean_of(&curves[1], 1e6, &mean, &err));
    assert_true(mean.mean == 1e6 && mean.se == 0 && mean.notes == RAC_NOTE_BEYOND);
    rac_log_rank test;
    check_ok(rac_log_rank_test(arena, &data, 0, &test, &err));
    assert_true(isnan(test.p_value) && test.notes == RAC_NOTE_NO_EVENTS);
    const rac_cox_fit fit = fit_with(arena, &data, &c, COLUMNS, NULL);
    assert_true(fit.notes & RAC_NOTE_NO_EVENTS);
    assert_true(fit.events == 0 && isnan(fit.coefficient[0]) && isnan(fit.likelihood_ratio.p_value));
    rac_concordance concordance;
    check_ok(rac_cox_concordance_of(arena, &fit, &concordance, &err));
    assert_true(isnan(concordance.c) && (concordance.notes & RAC_NOTE_NO_EVENTS));
    rac_cox_proportionality zph;
    check_ok(rac_cox_proportionality_of(arena, &fit, RAC_TIME_KM, &zph, &err));
    assert_true(isnan(zph.global.p_value));
    /* everybody at one time: no order to learn from */
    for (size_t i = 0; i < c.n; i++) {
        c.time[i] = 3;
        c.event[i] = true;
        c.arm[i] = i % 2;
        c.x[i * COLUMNS] = c.arm[i];
    }
    const rac_cox_options discrete = {.ties = RAC_TIES_DISCRETE};
    const rac_cox_fit ties = fit_with(arena, &data, &c, COLUMNS, &discrete);
    assert_true(ties.notes == RAC_NOTE_ALIASED && isnan(ties.coefficient[0]) && ties.log_likelihood > -1e-9);
    check_ok(rac_kaplan_meier(arena, &data, NULL, &curves, &err));
    assert_true(curves[0].points[0].survival == 0 && isnan(curves[0].points[0].lower));
    const rac_survival_data none = {.n = 0, .time = c.time, .event = c.event, .group = c.arm, .groups = 2};
    check_ok(rac_kaplan_meier(arena, &none, NULL, &curves, &err));
    check_ok(rac_log_rank_test(arena, &none, 0, &test, &err));
    const rac_cox_fit empty = fit_with(arena, &none, &c, COLUMNS, NULL);
    assert_true(curves[1].count == 0 && isnan(test.p_value) && empty.n == 0);
    rac_arena_free(arena);
}

static void test_stats_survival__missing_rows_are_counted(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    cohort c = simulate(14, true), fewer = c;
    fewer.n = ROWS - 2;
    c.time[ROWS - 1] = NAN;
    c.x[(ROWS - 2) * COLUMNS + 1] = NAN;
    const rac_survival_data all = plain(&c), kept = plain(&fewer);
    const rac_cox_fit a = fit_with(arena, &all, &c, COLUMNS, NULL),
                      b = fit_with(arena, &kept, &fewer, COLUMNS, NULL);
    assert_true(a.missing == 2 && a.n == ROWS - 2 && a.notes == RAC_NOTE_MISSING);
    check_same_fit(&a, &b, 1e-12);
    rac_arena_free(arena);
}

static void test_stats_survival__nonsense_is_refused(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    cohort c = simulate(15, true);
    rac_survival_data data = plain(&c);
    rac_survival_curve *curves;
    rac_log_rank test;
    rac_cox_fit fit;
    const rac_survival_options bad_level = {.level = 95};
    check_status(rac_kaplan_meier(arena, &data, &bad_level, &curves, &err), RAC_INVALID);
    data.weight = c.weight;
    check_status(rac_log_rank_test(arena, &data, 0, &test, &err), RAC_UNSUPPORTED);
    check_contains(err.hint, "Cox");
    const rac_cox_options discrete = {.ties = RAC_TIES_DISCRETE}, unknown = {.ties = (rac_cox_ties)9};
    rac_cox_data cox = {.times = data, .covariates = COLUMNS, .x = c.x};
    check_status(rac_cox_fit_model(arena, &cox, &discrete, &fit, &err), RAC_UNSUPPORTED);
    check_status(rac_cox_fit_model(arena, &cox, &unknown, &fit, &err), RAC_INVALID);
    c.weight[3] = -1;
    check_status(rac_kaplan_meier(arena, &data, NULL, &curves, &err), RAC_INVALID);
    check_contains(err.message, "row 4");
    data.weight = NULL;
    data.groups = 1;
    check_status(rac_kaplan_meier(arena, &data, NULL, &curves, &err), RAC_INVALID);
    check_status(rac_log_rank_test(arena, &data, 0, &test, &err), RAC_INVALID);
    data.groups = 2;
    check_status(rac_log_rank_test(arena, &data, -1, &test, &err), RAC_INVALID);
    data.start = c.time; /* starts when it ends */
    check_status(rac_kaplan_meier(arena, &data, NULL, &curves, &err), RAC_INVALID);
    data.start = NULL;
    c.x[5] = INFINITY;
    cox.times = data;
    check_status(rac_cox_fit_model(arena, &cox, NULL, &fit, &err), RAC_INVALID);
    c.x[5] = 0;
    c.time[0] = -2;
    check_status(rac_cox_fit_model(arena, &cox, NULL, &fit, &err), RAC_INVALID);
    check_contains(err.message, "-2");
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_survival__six_mp_matches_the_textbook),
          cmocka_unit_test(test_stats_survival__jackknife_is_greenwood_without_weights),
          cmocka_unit_test(test_stats_survival__weights_are_copies),
          cmocka_unit_test(test_stats_survival__robust_error_is_the_weight_jackknife),
          cmocka_unit_test(test_stats_survival__restricted_mean_without_censoring_is_a_mean),
          cmocka_unit_test(test_stats_survival__times_equal_to_rounding_are_ties),
          cmocka_unit_test(test_stats_cox__score_test_is_log_rank),
          cmocka_unit_test(test_stats_cox__order_scale_and_direction_do_not_matter),
          cmocka_unit_test(test_stats_cox__copies_shrink_errors_and_clusters_do_not),
          cmocka_unit_test(test_stats_cox__split_episodes_change_nothing),
          cmocka_unit_test(test_stats_cox__robust_error_is_the_weight_jackknife),
          cmocka_unit_test(test_stats_cox__rules_for_ties),
          cmocka_unit_test(test_stats_cox__concordance_counts_pairs),
          cmocka_unit_test(test_stats_cox__an_arm_without_events_is_named),
          cmocka_unit_test(test_stats_cox__a_direction_without_maximum_is_named),
          cmocka_unit_test(test_stats_cox__aliased_covariates_are_left_out),
          cmocka_unit_test(test_stats_survival__nothing_to_see_is_an_answer),
          cmocka_unit_test(test_stats_survival__missing_rows_are_counted),
          cmocka_unit_test(test_stats_survival__nonsense_is_refused))
