/* Propensity weights, balance, weighted effects and matching against R (WeightIt, cobalt), and their
 * invariances. */
#include "reference.h"

#include "base/random.h"
#include "racemate/stats/evalue.h"
#include "racemate/stats/weighting.h"

typedef struct chart {
    rac_csv_table table;
    coded model;
    rac_weighting_data data;
    bool *treated;
} chart;

static chart chart_read(rac_arena *arena, const char *file, const char *arm, const char *const *terms)
{
    chart c = {.table = table_read(arena, file)};
    c.model = code_columns(arena, &c.table, terms, false);
    const double *const a = numbers_of(arena, &c.table, arm);
    c.treated = rac_many(arena, bool, c.table.rows);
    for (size_t i = 0; i < c.table.rows; i++)
        c.treated[i] = a[i] == 1;
    c.data = (rac_weighting_data){.rows = c.table.rows,
                                  .columns = c.model.columns,
                                  .x = c.model.x,
                                  .treated = c.treated,
                                  .names = c.model.names};
    return c;
}

static const char *const chart_terms[] = {"AGE", "SEX", "NFAIL", "ECTHX", "INSUR", "QIDSBL", NULL};

static void check_balance(reference *r, const chart *c, const rac_weighting *w, const char *key,
                          const char *name, const double *x)
{
    rac_error err = {0};
    rac_balance b;
    check_ok(rac_balance_of(r->arena, &c->data, w, x, &b, &err));
    const char *const full = rac_format(r->arena, "%s|%s", key, name);
    reference_check(r, "balance", full, "smd_raw", b.smd_raw);
    reference_check(r, "balance", full, "smd", b.smd);
    reference_check(r, "balance", full, "variance_ratio_raw", b.variance_ratio_raw);
    reference_check(r, "balance", full, "variance_ratio", b.variance_ratio);
    reference_check(r, "balance", full, "ks_raw", b.ks_raw);
    reference_check(r, "balance", full, "ks", b.ks);
}

static void check_effects(reference *r, const chart *c, const rac_weighting *w, const char *key,
                          const char *const *outcomes, const char *binary)
{
    rac_error err = {0};
    rac_weighted_effect e;
    for (; *outcomes; outcomes++) {
        const rac_effect_options options = {.y = numbers_of(r->arena, &c->table, *outcomes)};
        check_ok(rac_weighting_effect(r->arena, &c->data, w, &options, &e, &err));
        const char *const full = rac_format(r->arena, "%s|%s", key, *outcomes);
        reference_check(r, "effect", full, "difference", e.effect.estimate);
        reference_check(r, "effect", full, "se_m_estimation", e.effect.se);
        reference_check(r, "effect", full, "se_hc0", e.fixed.se);
        reference_check(r, "effect", full, "mean0", e.mean_control);
        reference_check(r, "effect", full, "mean1", e.mean_treated);
    }
    const rac_effect_options options = {.y = numbers_of(r->arena, &c->table, binary),
                                        .scale = RAC_EFFECT_LOG_ODDS};
    check_ok(rac_weighting_effect(r->arena, &c->data, w, &options, &e, &err));
    const char *const full = rac_format(r->arena, "%s|%s", key, binary);
    reference_check(r, "effect_binary", full, "log_or", e.effect.estimate);
    reference_check(r, "effect_binary", full, "se_m_estimation", e.effect.se);
}

static void check_weights(reference *r, const chart *c, const char *label, const char *const *terms,
                          const char *const *outcomes, const char *binary)
{
    rac_arena *const arena = r->arena;
    rac_error err = {0};
    rac_weighting w;
    const rac_text *const id = texts_of(&c->table, "ID");
    const coded covariates = code_columns(arena, &c->table, terms, true);
    double *const x = rac_many(arena, double, c->table.rows);
    static const rac_estimand four[] = {RAC_ESTIMAND_ATE, RAC_ESTIMAND_ATT, RAC_ESTIMAND_ATC,
                                        RAC_ESTIMAND_ATO};
    for (size_t k = 0; k < 4; k++) {
        check_ok(
            rac_weighting_make(arena, &c->data, &(rac_weighting_options){.estimand = four[k]}, &w, &err));
        const char *const key = rac_format(arena, "%s|%s", label, rac_estimand_name(four[k]));
        for (size_t i = 0; i < c->table.rows; i++) {
            const char *const full = rac_format(arena, "%s|%.*s", key, RAC_TEXT(id[i]));
            reference_check(r, "weights", full, "ps", w.propensity[i]);
            reference_check(r, "weights", full, "weight", w.weight[i]);
        }
        reference_check(r, "weight_summary", key, "ess1", w.effective_treated);
        reference_check(r, "weight_summary", key, "ess0", w.effective_control);
        reference_check(r, "weight_summary", key, "sum1", w.sum_treated);
        reference_check(r, "weight_summary", key, "sum0", w.sum_control);
        reference_check(r, "weight_summary", key, "largest", w.largest);
        check_balance(r, c, &w, key, "prop.score", w.propensity);
        for (size_t j = 0; j < covariates.columns; j++) {
            for (size_t i = 0; i < c->table.rows; i++)
                x[i] = covariates.x[i * covariates.columns + j];
            check_balance(r, c, &w, key, covariates.names[j], x);
        }
        check_effects(r, c, &w, key, outcomes, binary);
    }
    check_ok(rac_weighting_make(arena, &c->data, &(rac_weighting_options){.stabilise = true}, &w, &err));
    const char *const key = rac_format(arena, "%s|ATE stabilised", label);
    reference_check(r, "weight_summary", key, "ess1", NAN); /* as for ATE; R's script left them empty */
    reference_check(r, "weight_summary", key, "ess0", NAN);
    reference_check(r, "weight_summary", key, "sum1", w.sum_treated);
    reference_check(r, "weight_summary", key, "sum0", w.sum_control);
    reference_check(r, "weight_summary", key, "largest", w.largest);
}

static void test_stats_weighting__agrees_with_r_on_births(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "birthwt_weights");
    const char *const terms[] = {"age", "lwt", "race*", "ptl", "ht", "ui", NULL};
    const chart c = chart_read(arena, "birthwt.csv", "smoke", terms);
    /* WeightIt differentiates its estimating equations numerically, which leaves 1e-8 to 2e-7 in standard
     * errors.  From R's own weights (in the same file), sqrt(sum_a sum (w (y - m_a))^2 / (sum w)^2) in exact
     * arithmetic is 130.480879273490, where the line says 130.480857374. */
    reference_loosen(&r, "effect", "smoking|ATC|bwt", "se_m_estimation", 3e-7);
    reference_loosen(&r, "effect", "smoking|ATC|bwt", "se_hc0", 3e-7);
    const rac_effect_options weight = {.y = numbers_of(arena, &c.table, "bwt")};
    rac_weighting w;
    rac_weighted_effect e;
    check_ok(
        rac_weighting_make(arena, &c.data, &(rac_weighting_options){.estimand = RAC_ESTIMAND_ATC}, &w, &err));
    check_ok(rac_weighting_effect(arena, &c.data, &w, &weight, &e, &err));
    check_near(e.fixed.se, 130.480879273490, 0, 1e-12);
    check_weights(&r, &c, "smoking", terms, (const char *const[]){"bwt", NULL}, "low");
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_weighting__agrees_with_r_on_the_chart(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_weights");
    const chart c = chart_read(arena, "chart_patients.csv", "IV", chart_terms);
    check_weights(&r, &c, "propensity", chart_terms, (const char *const[]){"CHGL", "PCHGL", NULL}, "RESP");
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_evalue__agrees_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "evalues");
    const rac_csv_table table = table_read(arena, "evalues.csv");
    const rac_text *const name = texts_of(&table, "name"), *const scale = texts_of(&table, "scale");
    const double *const est = numbers_of(arena, &table, "est"),
                        *const lower = numbers_of(arena, &table, "lower"),
                        *const upper = numbers_of(arena, &table, "upper");
    static const struct {
        const char *word;
        rac_evalue_scale scale;
    } scales[] = {{"RR", RAC_EVALUE_RISK_RATIO},
                  {"OR_rare", RAC_EVALUE_RISK_RATIO},
                  {"HR_rare", RAC_EVALUE_RISK_RATIO},
                  {"OR_common", RAC_EVALUE_ODDS_RATIO_COMMON},
                  {"HR_common", RAC_EVALUE_HAZARD_RATIO_COMMON},
                  {"SMD", RAC_EVALUE_STANDARDISED}};
    for (size_t i = 0; i < table.rows; i++) {
        size_t s = 0;
        while (!rac_text_is(scale[i], scales[s].word))
            assert_true(++s < sizeof scales / sizeof *scales);
        rac_evalue_data data = {.scale = scales[s].scale, .estimate = est[i]};
        if (data.scale == RAC_EVALUE_STANDARDISED)
            data.se = lower[i]; /* the file has the standard error in this column */
        else if (!isnan(lower[i])) {
            data.lower = lower[i];
            data.upper = upper[i];
        }
        rac_evalue e;
        check_ok(rac_evalue_of(&data, &e, &err));
        const char *const key = rac_text_copy(arena, name[i]);
        reference_check(&r, "evalue", key, "rr", e.rr);
        reference_check(&r, "evalue", key, "rr_lower", e.rr_lower);
        reference_check(&r, "evalue", key, "rr_upper", e.rr_upper);
        reference_check(&r, "evalue", key, "e_point", e.point);
        reference_check(&r, "evalue", key, "e_limit", e.limit);
    }
    reference_done(&r);
    rac_evalue e, same;
    check_ok(rac_evalue_of_means(2.0, 1.0, 4.0, &e, &err));
    check_ok(rac_evalue_of(&(rac_evalue_data){.scale = RAC_EVALUE_STANDARDISED, .estimate = 0.5, .se = 0.25},
                           &same, &err));
    assert_true(e.point == same.point && e.limit == same.limit);
    check_status(rac_evalue_of(&(rac_evalue_data){.estimate = -1}, &e, &err), RAC_INVALID);
    check_status(rac_evalue_of(&(rac_evalue_data){.estimate = 2, .lower = 2.5, .upper = 3}, &e, &err),
                 RAC_INVALID);
    check_status(rac_evalue_of_means(1, 1, 0, &e, &err), RAC_INVALID);
    rac_arena_free(arena);
}

/* A logistic propensity model with overlap weights balances every mean exactly (Li, Morgan & Zaslavsky 2018).
 */
static void test_stats_weighting__overlap_weights_balance_exactly(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const chart c = chart_read(arena, "chart_patients.csv", "IV", chart_terms);
    rac_weighting w;
    check_ok(
        rac_weighting_make(arena, &c.data, &(rac_weighting_options){.estimand = RAC_ESTIMAND_ATO}, &w, &err));
    double *const x = rac_many(arena, double, c.table.rows);
    for (size_t j = 1; j < c.model.columns; j++) {
        for (size_t i = 0; i < c.table.rows; i++)
            x[i] = c.model.x[i * c.model.columns + j];
        rac_balance b;
        check_ok(rac_balance_of(arena, &c.data, &w, x, &b, &err));
        check_near(b.smd, 0, 1e-10, 0);
        assert_true(fabs(b.smd_raw) > 1e-3);
    }
    rac_arena_free(arena);
}

static rac_weighted_effect effect_of(rac_arena *arena, const rac_weighting_data *data, rac_estimand estimand,
                                     const double *y)
{
    rac_error err = {0};
    rac_weighting w;
    rac_weighted_effect e;
    check_ok(rac_weighting_make(arena, data, &(rac_weighting_options){.estimand = estimand}, &w, &err));
    check_ok(rac_weighting_effect(arena, data, &w, &(rac_effect_options){.y = y}, &e, &err));
    return e;
}

/* Patients reversed, arms swapped, outcome y c + d, the data twice: what must not change, and what must. */
static void test_stats_weighting__invariances(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    const chart c = chart_read(arena, "chart_patients.csv", "IV", chart_terms);
    const size_t n = c.table.rows, p = c.model.columns;
    const double *const y = numbers_of(arena, &c.table, "CHGL");
    double *const x = rac_many(arena, double, 2 * n * p), *const reversed = rac_many(arena, double, n),
                  *const scaled = rac_many(arena, double, n), *const twice = rac_many(arena, double, 2 * n);
    bool *const treated = rac_many(arena, bool, n), *const swapped = rac_many(arena, bool, n),
                *const both = rac_many(arena, bool, 2 * n);
    for (size_t i = 0; i < n; i++) {
        reversed[i] = y[n - 1 - i];
        treated[i] = c.treated[n - 1 - i];
        swapped[i] = !c.treated[i];
        scaled[i] = 3 * y[i] + 100;
        twice[i] = twice[n + i] = y[i];
        both[i] = both[n + i] = c.treated[i];
        memcpy(x + i * p, c.model.x + (n - 1 - i) * p, p * sizeof *x);
    }
    static const rac_estimand mirror[] = {[RAC_ESTIMAND_ATE] = RAC_ESTIMAND_ATE,
                                          [RAC_ESTIMAND_ATT] = RAC_ESTIMAND_ATC,
                                          [RAC_ESTIMAND_ATC] = RAC_ESTIMAND_ATT,
                                          [RAC_ESTIMAND_ATO] = RAC_ESTIMAND_ATO,
                                          [RAC_ESTIMAND_ATM] = RAC_ESTIMAND_ATM};
    for (rac_estimand k = RAC_ESTIMAND_ATE; k <= RAC_ESTIMAND_ATM; k++) {
        const rac_weighted_effect e = effect_of(arena, &c.data, k, y);
        rac_weighting_data other = c.data;
        other.x = x;
        other.treated = treated;
        const rac_weighted_effect backwards = effect_of(arena, &other, k, reversed);
        check_near(backwards.effect.estimate, e.effect.estimate, 0, 1e-10);
        check_near(backwards.effect.se, e.effect.se, 0, 1e-10);
        other = c.data;
        other.treated = swapped;
        const rac_weighted_effect flipped = effect_of(arena, &other, mirror[k], y);
        check_near(flipped.effect.estimate, -e.effect.estimate, 0, 1e-10);
        check_near(flipped.effect.se, e.effect.se, 0, 1e-10);
        const rac_weighted_effect larger = effect_of(arena, &c.data, k, scaled);
        check_near(larger.effect.estimate, 3 * e.effect.estimate, 0, 1e-10);
        check_near(larger.effect.se, 3 * e.effect.se, 0, 1e-10);
        memcpy(x + n * p, c.model.x, n * p * sizeof *x);
        double *const stacked = rac_many(arena, double, 2 * n * p);
        memcpy(stacked, c.model.x, n * p * sizeof *x);
        memcpy(stacked + n * p, c.model.x, n * p * sizeof *x);
        other = c.data;
        other.rows = 2 * n;
        other.x = stacked;
        other.treated = both;
        const rac_weighted_effect doubled = effect_of(arena, &other, k, twice);
        check_near(doubled.effect.estimate, e.effect.estimate, 0, 1e-10);
        check_near(doubled.effect.se, e.effect.se / sqrt(2), 0, 1e-10);
    }
    rac_arena_free(arena);
}

/* A stabilised weight changes no Hajek mean and no error; truncation at 1 and trimming at 0 do nothing. */
static void test_stats_weighting__options_do_what_they_say(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const chart c = chart_read(arena, "chart_patients.csv", "IV", chart_terms);
    const double *const y = numbers_of(arena, &c.table, "CHGL");
    const rac_weighted_effect plain = effect_of(arena, &c.data, RAC_ESTIMAND_ATE, y);
    rac_weighting w;
    rac_weighted_effect e;
    check_ok(rac_weighting_make(arena, &c.data, &(rac_weighting_options){.stabilise = true, .truncate = 1},
                                &w, &err));
    check_ok(rac_weighting_effect(arena, &c.data, &w, &(rac_effect_options){.y = y}, &e, &err));
    check_near(e.effect.estimate, plain.effect.estimate, 0, 1e-12);
    check_near(e.effect.se, plain.effect.se, 0, 1e-12);
    assert_int_equal(w.truncated, 0);
    check_ok(rac_weighting_make(arena, &c.data, &(rac_weighting_options){.truncate = 0.9}, &w, &err));
    assert_int_equal(w.truncated, 10); /* 96 patients: quantile 0.9 lies between the 86th and the 87th */
    assert_true(w.largest < 8);
    check_ok(rac_weighting_make(arena, &c.data, &(rac_weighting_options){.trim = 0.1}, &w, &err));
    size_t outside = 0;
    for (size_t i = 0; i < c.table.rows; i++) {
        outside += w.propensity[i] < 0.1 || w.propensity[i] > 0.9;
        assert_true((w.weight[i] == 0) == (w.propensity[i] < 0.1 || w.propensity[i] > 0.9));
    }
    assert_true(outside == w.trimmed && outside > 0 && w.largest <= 10);
    check_status(rac_weighting_make(arena, &c.data, &(rac_weighting_options){.trim = 0.5}, &w, &err),
                 RAC_INVALID);
    check_status(rac_weighting_make(arena, &c.data, &(rac_weighting_options){.truncate = 0.2}, &w, &err),
                 RAC_INVALID);
    rac_arena_free(arena);
}

static void test_stats_weighting__what_cannot_be_compared_is_said(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    double x[24], y[12];
    bool treated[12] = {0};
    const char *const names[] = {"(Intercept)", "age"};
    for (size_t i = 0; i < 12; i++) {
        x[2 * i] = 1;
        x[2 * i + 1] = (double)i;
        y[i] = (double)(i * 5 % 7);
    }
    rac_weighting_data data = {.rows = 12, .columns = 2, .x = x, .treated = treated, .names = names};
    rac_weighting w;
    check_status(rac_weighting_make(arena, &data, NULL, &w, &err), RAC_INVALID);
    check_contains(err.message, "nobody is in the treated arm");
    for (size_t i = 6; i < 12; i++)
        treated[i] = true;
    check_status(rac_weighting_make(arena, &data, NULL, &w, &err), RAC_NOT_CONVERGED);
    check_contains(err.message, "age separates");
    check_contains(err.detail, "only be in one arm");
    check_ok(rac_weighting_make(arena, &data, &(rac_weighting_options){.firth = true}, &w, &err));
    treated[2] = true;
    treated[9] = false;
    check_ok(rac_weighting_make(arena, &data, NULL, &w, &err));
    rac_weighted_effect e;
    check_ok(rac_weighting_effect(arena, &data, &w, &(rac_effect_options){.y = y}, &e, &err));
    assert_true(e.too_few);
    for (size_t i = 0; i < 12; i++)
        y[i] = treated[i] ? NAN : 1;
    check_status(rac_weighting_effect(arena, &data, &w, &(rac_effect_options){.y = y}, &e, &err),
                 RAC_INVALID);
    check_contains(err.message, "the treated arm has nobody");
    for (size_t i = 0; i < 12; i++)
        y[i] = 1;
    check_status(rac_weighting_effect(arena, &data, &w,
                                      &(rac_effect_options){.y = y, .scale = RAC_EFFECT_LOG_ODDS}, &e, &err),
                 RAC_INVALID);
    check_contains(err.message, "log odds are infinite");
    /* A constant outcome has a difference of 0 with error 0, and nothing is NaN. */
    check_ok(rac_weighting_effect(arena, &data, &w, &(rac_effect_options){.y = y}, &e, &err));
    assert_true(e.effect.estimate == 0 && e.effect.se == 0 && e.effect.p_value == 1);
    rac_balance b;
    double constant[12];
    for (size_t i = 0; i < 12; i++)
        constant[i] = 3;
    check_ok(rac_balance_of(arena, &data, &w, constant, &b, &err));
    assert_true(b.smd == 0 && b.smd_raw == 0);
    for (size_t i = 0; i < 12; i++)
        constant[i] = treated[i] ? 4 : 3;
    check_status(rac_balance_of(arena, &data, &w, constant, &b, &err), RAC_INVALID);
    rac_arena_free(arena);
}

static void test_stats_weighting__matching_takes_the_nearest(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    /* logits 2, 1 (treated); 1.9, 1.2, -3 and another -3 (controls) */
    const double logit[6] = {1, 2, 1.9, 1.2, -3, -3};
    const bool treated[6] = {true, true, false, false, false, false};
    double e[6];
    for (size_t i = 0; i < 6; i++)
        e[i] = 1 / (1 + exp(-logit[i]));
    rac_matching m;
    check_ok(rac_match_nearest(arena, 6, treated, e, NULL, &m, &err));
    assert_int_equal(m.pairs, 2);
    assert_true(m.treated[0] == 1 && m.control[0] == 2 && m.treated[1] == 0 && m.control[1] == 3);
    check_near(m.distance[1], 0.2, 1e-12, 0);
    check_ok(rac_match_nearest(arena, 6, treated, e, &(rac_match_options){.per_treated = 2}, &m, &err));
    assert_true(m.pairs == 4 && m.control[2] == 4 && m.control[3] == 5); /* equal distance: the first row */
    check_near(m.weight[3], 0.5, 1e-15, 0);
    check_ok(rac_match_nearest(arena, 6, treated, e, &(rac_match_options){.per_treated = 2, .caliper = 0.5},
                               &m, &err));
    assert_true(m.pairs == 2 && m.treated_unmatched == 0);
    check_ok(rac_match_nearest(arena, 6, treated, e, &(rac_match_options){.per_treated = 2, .replace = true},
                               &m, &err));
    assert_true(m.pairs == 4 && m.control[2] == 3 &&
                m.control[3] == 2); /* nobody is given the same control twice */
    check_near(m.weight[2], 1, 1e-15, 0);
    check_status(rac_match_nearest(arena, 6, treated, e, &(rac_match_options){.caliper = 1e-3}, &m, &err),
                 RAC_INVALID);
    e[0] = 1;
    check_status(rac_match_nearest(arena, 6, treated, e, NULL, &m, &err), RAC_INVALID);
    rac_arena_free(arena);
}

/* 400 simulated charts of 200 patients whose treatment depends on two covariates that also drive the outcome;
 * true effect -2 for everybody.  The M-estimation interval must cover it in 95 %: 380 of 400, standard
 * deviation 4.4, so within 362 and 398 except once in 30,000 seeds (the seed is fixed).  The unweighted
 * difference is biased. */
static void test_stats_weighting__intervals_cover_the_truth(void **state)
{
    (void)state;
    enum { CHARTS = 400, N = 200 };
    size_t covered[2] = {0};
    double bias = 0, unweighted = 0;
    for (uint64_t chart_number = 0; chart_number < CHARTS; chart_number++) {
        rac_arena *const arena = rac_arena_new();
        rac_random draws = rac_random_open(11, chart_number, RAC_RANDOM_TEST);
        double x[3 * N], y[N], sum[2] = {0}, count[2] = {0};
        bool treated[N];
        for (size_t i = 0; i < N; i++) {
            const double u = rac_random_normal(&draws), v = rac_random_normal(&draws);
            x[3 * i] = 1;
            x[3 * i + 1] = u;
            x[3 * i + 2] = v;
            treated[i] = rac_random_uniform(&draws) < 1 / (1 + exp(-(0.3 + 0.6 * u - 0.4 * v)));
            y[i] = -2.0 * treated[i] + 1.5 * u - v + rac_random_normal(&draws);
            sum[treated[i]] += y[i];
            count[treated[i]]++;
        }
        const rac_weighting_data data = {.rows = N, .columns = 3, .x = x, .treated = treated};
        const rac_weighted_effect ate = effect_of(arena, &data, RAC_ESTIMAND_ATE, y);
        const rac_weighted_effect ato = effect_of(arena, &data, RAC_ESTIMAND_ATO, y);
        covered[0] += ate.effect.lower <= -2 && -2 <= ate.effect.upper;
        covered[1] += ato.effect.lower <= -2 && -2 <= ato.effect.upper;
        bias += (ato.effect.estimate + 2) / CHARTS;
        unweighted += (sum[1] / count[1] - sum[0] / count[0] + 2) / CHARTS;
        rac_arena_free(arena);
    }
    assert_in_range(covered[0], 362, 398);
    assert_in_range(covered[1], 362, 398);
    check_near(bias, 0, 0.04, 0); /* one estimate has a standard error near 0.16: 400 of them 0.008 */
    assert_true(unweighted > 0.8);
}

RAC_TESTS(cmocka_unit_test(test_stats_weighting__agrees_with_r_on_births),
          cmocka_unit_test(test_stats_weighting__agrees_with_r_on_the_chart),
          cmocka_unit_test(test_stats_evalue__agrees_with_r),
          cmocka_unit_test(test_stats_weighting__overlap_weights_balance_exactly),
          cmocka_unit_test(test_stats_weighting__invariances),
          cmocka_unit_test(test_stats_weighting__options_do_what_they_say),
          cmocka_unit_test(test_stats_weighting__what_cannot_be_compared_is_said),
          cmocka_unit_test(test_stats_weighting__matching_takes_the_nearest),
          cmocka_unit_test(test_stats_weighting__intervals_cover_the_truth))
