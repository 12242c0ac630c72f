/* Baseline tables, change per visit and classical tests against R, closed forms, invariances, refusals. */
#include "reference.h"

#include "base/random.h"
#include "racemate/stats/compare.h"
#include "racemate/stats/describe.h"

static const char *const TREATED = "IV ketamine";

/* ---- R's baseline table ----------------------------------------------------------------------- */

/* The values of one arm; every value when `arm` is NULL. */
static rac_values of_arm(rac_arena *arena, const double *values, const rac_text *arms, size_t rows,
                         const rac_text *arm)
{
    double *const kept = rac_many(arena, double, rows);
    size_t n = 0;
    for (size_t i = 0; i < rows; i++)
        if (!arm || rac_text_equal(arms[i], *arm))
            kept[n++] = values[i];
    return (rac_values){kept, n};
}

static void check_description(reference *r, const char *key, rac_values sample)
{
    rac_error err = {0};
    rac_description a, b;
    check_ok(rac_describe(r->arena, sample, RAC_QUANTILE_R, &a, &err));
    check_ok(rac_describe(r->arena, sample, RAC_QUANTILE_SAS, &b, &err));
    const struct {
        const char *name;
        double value;
    } got[] = {{"n", (double)a.n},   {"missing", (double)a.missing},
               {"mean", a.mean},     {"sd", a.sd},
               {"median", a.median}, {"q1_type7", a.q1},
               {"q3_type7", a.q3},   {"q1_type2", b.q1},
               {"q3_type2", b.q3},   {"min", a.min},
               {"max", a.max}};
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        reference_check(r, "continuous", key, got[i].name, got[i].value);
}

static void check_continuous(reference *r, const char *name, rac_values first, rac_values second)
{
    rac_error err = {0};
    rac_standardised smd;
    rac_t_test welch, pooled;
    rac_rank_sum rank;
    const rac_rank_sum_options normal = {.exactness = RAC_EXACT_NEVER};
    check_ok(rac_standardised_continuous(r->arena, first, second, 0.95, &smd, &err));
    check_ok(rac_t_test_welch(first, second, 0.95, &welch, &err));
    check_ok(rac_t_test_pooled(first, second, 0.95, &pooled, &err));
    check_ok(rac_rank_sum_test(r->arena, first, second, &normal, &rank, &err));
    const struct {
        const char *name;
        double value;
    } got[] = {{"smd", smd.difference},
               {"smd_lower", smd.interval.lower},
               {"smd_upper", smd.interval.upper},
               {"variance_ratio", smd.variance_ratio},
               {"ks", smd.ks},
               {"welch_t", welch.t},
               {"welch_df", welch.df},
               {"p_welch", welch.p_value},
               {"student_t", pooled.t},
               {"p_student", pooled.p_value},
               {"wilcoxon_w", rank.w},
               {"p_wilcoxon", rank.p_value}};
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        reference_check(r, "continuous_compare", name, got[i].name, got[i].value);
}

static void check_categories(reference *r, const char *name, const rac_text *cells, const rac_text *arms,
                             size_t rows, const factor *arm, size_t treated)
{
    rac_error err = {0};
    const factor levels = factor_of(cells, rows);
    double table[2 * 64] = {0}, total[2] = {0}, smd, fisher;
    for (size_t i = 0; i < rows; i++)
        for (size_t a = 0; a < 2; a++)
            for (size_t k = 0; k < levels.levels; k++)
                if (rac_text_equal(arms[i], arm->level[a]) && rac_text_equal(cells[i], levels.level[k])) {
                    table[a * levels.levels + k]++;
                    total[a]++;
                }
    for (size_t a = 0; a < 2; a++)
        for (size_t k = 0; k < levels.levels; k++) {
            const char *const key = rac_format(r->arena, "%s|%.*s|%.*s", name, RAC_TEXT(arm->level[a]),
                                               RAC_TEXT(levels.level[k]));
            reference_check(r, "categorical", key, "n", table[a * levels.levels + k]);
            reference_check(r, "categorical", key, "percent", 100 * table[a * levels.levels + k] / total[a]);
        }
    const double *const first = table + treated * levels.levels, *const second =
                                                                     table + (1 - treated) * levels.levels;
    rac_chi_square plain, yates;
    check_ok(rac_standardised_categories(r->arena, first, second, levels.levels, &smd, &err));
    check_ok(rac_chi_square_test(table, 2, levels.levels, false, &plain, &err));
    check_ok(rac_fisher_test(r->arena, table, 2, levels.levels, &fisher, &err));
    reference_check(r, "categorical_compare", name, "smd_abs", smd);
    reference_check(r, "categorical_compare", name, "chisq", plain.statistic);
    reference_check(r, "categorical_compare", name, "chisq_df", plain.df);
    reference_check(r, "categorical_compare", name, "p_chisq", plain.p_value);
    reference_check(r, "categorical_compare", name, "p_fisher", fisher);
    if (levels.levels != 2)
        return;
    rac_standardised binary;
    check_ok(rac_chi_square_test(table, 2, 2, true, &yates, &err));
    check_ok(rac_standardised_binary(first[1], total[treated], second[1], total[1 - treated], 0.95, &binary,
                                     &err));
    reference_check(r, "categorical_compare", name, "chisq_yates", yates.statistic);
    reference_check(r, "categorical_compare", name, "p_chisq_yates", yates.p_value);
    reference_check(r, "categorical_compare", name, "smd_binary", binary.difference);
}

static void test_stats_describe__baseline_agrees_with_r(void **state)
{
    (void)state;
    static const char *const CONTINUOUS[] = {"AGE", "BMIBL", "NFAIL", "QIDSBL"};
    static const char *const CATEGORICAL[] = {"SEX", "ECTHX", "BIPOLAR", "BENZO", "INSUR", "DCSREAS"};
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_baseline");
    const rac_csv_table adsl = table_read(arena, "adsl.csv");
    const rac_text *const arms = texts_of(&adsl, "TRT01A");
    const factor arm = factor_of(arms, adsl.rows);
    const size_t treated = rac_text_is(arm.level[1], TREATED);
    for (size_t v = 0; v < sizeof CONTINUOUS / sizeof *CONTINUOUS; v++) {
        const double *const x = numbers_of(arena, &adsl, CONTINUOUS[v]);
        rac_values group[2];
        check_description(&r, rac_format(arena, "%s|all", CONTINUOUS[v]), (rac_values){x, adsl.rows});
        for (size_t a = 0; a < 2; a++) {
            group[a] = of_arm(arena, x, arms, adsl.rows, &arm.level[a]);
            check_description(&r, rac_format(arena, "%s|%.*s", CONTINUOUS[v], RAC_TEXT(arm.level[a])),
                              group[a]);
        }
        check_continuous(&r, CONTINUOUS[v], group[treated], group[1 - treated]);
    }
    for (size_t v = 0; v < sizeof CATEGORICAL / sizeof *CATEGORICAL; v++)
        check_categories(&r, CATEGORICAL[v], texts_of(&adsl, CATEGORICAL[v]), arms, adsl.rows, &arm, treated);
    reference_done(&r);
    rac_arena_free(arena);
}

/* ---- R's change per visit ------------------------------------------------------------------------- */

static void check_within(reference *r, const char *key, rac_values sample)
{
    rac_error err = {0};
    rac_description d;
    rac_t_test t;
    check_ok(rac_describe(r->arena, sample, RAC_QUANTILE_R, &d, &err));
    check_ok(rac_t_test_one(sample, 0, 0.95, &t, &err));
    reference_check(r, "within", key, "n", (double)d.n);
    reference_check(r, "within", key, "mean", d.mean);
    reference_check(r, "within", key, "sd", d.sd);
    reference_check(r, "within", key, "se", t.se);
    reference_check(r, "within", key, "lower", t.interval.lower);
    reference_check(r, "within", key, "upper", t.interval.upper);
    reference_check(r, "within", key, "t", t.t);
    reference_check(r, "within", key, "p_paired", t.p_value);
}

static void check_between(reference *r, const char *key, rac_values first, rac_values second)
{
    rac_error err = {0};
    rac_t_test t;
    rac_effect_size effect;
    check_ok(rac_t_test_welch(first, second, 0.95, &t, &err));
    check_ok(rac_effect_size_of(first, second, &effect, &err));
    reference_check(r, "between", key, "difference", t.estimate);
    reference_check(r, "between", key, "se_welch", t.se);
    reference_check(r, "between", key, "welch_df", t.df);
    reference_check(r, "between", key, "lower", t.interval.lower);
    reference_check(r, "between", key, "upper", t.interval.upper);
    reference_check(r, "between", key, "p_welch", t.p_value);
    reference_check(r, "between", key, "cohen_d", effect.cohen_d);
    reference_check(r, "between", key, "hedges_g", effect.hedges_g);
    reference_check(r, "between", key, "hedges_g_approx", effect.hedges_g_approximate);
}

static void test_stats_describe__change_agrees_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, "chart_change");
    const rac_csv_table adqs = table_read(arena, "adqs.csv");
    const rac_text *const arms = texts_of(&adqs, "TRTA"), *const used = texts_of(&adqs, "ANL01FL"),
                          *const names = texts_of(&adqs, "AVISIT");
    const double *const visit = numbers_of(arena, &adqs, "AVISITN");
    const factor arm = factor_of(arms, adqs.rows);
    const size_t treated = rac_text_is(arm.level[1], TREATED);
    static const char *const OUTCOMES[] = {"CHG", "PCHG"};
    for (size_t o = 0; o < 2; o++)
        for (double v = 1; v <= 100; v++) {
            const double *const y = numbers_of(arena, &adqs, OUTCOMES[o]);
            double *const group[2] = {rac_many(arena, double, adqs.rows), rac_many(arena, double, adqs.rows)};
            size_t n[2] = {0}, at = adqs.rows;
            for (size_t i = 0; i < adqs.rows; i++)
                if (visit[i] == v && rac_text_is(used[i], "Y")) {
                    const size_t a = !rac_text_equal(arms[i], arm.level[0]);
                    group[a][n[a]++] = y[i];
                    at = i;
                }
            if (at == adqs.rows)
                break;
            const char *const key = rac_format(arena, "%s|%.*s", OUTCOMES[o], RAC_TEXT(names[at]));
            for (size_t a = 0; a < 2; a++)
                check_within(&r, rac_format(arena, "%s|%.*s", key, RAC_TEXT(arm.level[a])),
                             (rac_values){group[a], n[a]});
            check_between(&r, key, (rac_values){group[treated], n[treated]},
                          (rac_values){group[1 - treated], n[1 - treated]});
        }
    reference_done(&r);
    rac_arena_free(arena);
}

/* ---- closed forms and invariances ------------------------------------------------------------------ */

static const double A[] = {2.385, 3.1, 4.75, 5.02, 7.9, 6.61, 4.4}, B[] = {1.27, 2.95, 3.05, 0.4, 2.2};
static const rac_values FIRST = {A, 7}, SECOND = {B, 5};

/* Swapping the groups turns the sign; y * 3 - 8 scales the difference and leaves every p-value. */
static void test_stats_compare__tests_swap_and_scale(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    double a[7], b[5];
    for (size_t i = 0; i < 7; i++)
        a[i] = 3 * A[i] - 8;
    for (size_t i = 0; i < 5; i++)
        b[i] = 3 * B[i] - 8;
    rac_t_test plain, swapped, scaled;
    check_ok(rac_t_test_welch(FIRST, SECOND, 0.9, &plain, &err));
    check_ok(rac_t_test_welch(SECOND, FIRST, 0.9, &swapped, &err));
    check_ok(rac_t_test_welch((rac_values){a, 7}, (rac_values){b, 5}, 0.9, &scaled, &err));
    check_near(swapped.estimate, -plain.estimate, 0, 1e-14);
    check_near(swapped.interval.lower, -plain.interval.upper, 0, 1e-13);
    check_near(swapped.p_value, plain.p_value, 0, 1e-13);
    check_near(scaled.estimate, 3 * plain.estimate, 0, 1e-13);
    check_near(scaled.p_value, plain.p_value, 0, 1e-11);
    rac_standardised smd, other;
    check_ok(rac_standardised_continuous(arena, FIRST, SECOND, 0.95, &smd, &err));
    check_ok(rac_standardised_continuous(arena, (rac_values){a, 7}, (rac_values){b, 5}, 0.95, &other, &err));
    check_near(other.difference, smd.difference, 0, 1e-12);
    check_near(other.ks, smd.ks, 0, 0);
    rac_rank_sum one, two;
    check_ok(rac_rank_sum_test(arena, FIRST, SECOND, NULL, &one, &err));
    check_ok(rac_rank_sum_test(arena, SECOND, FIRST, NULL, &two, &err));
    assert_true(one.exact && two.exact);
    check_near(one.w + two.w, 35, 0, 1e-15);
    check_near(one.p_value, two.p_value, 0, 1e-13);
    rac_arena_free(arena);
}

/* Counting by hand: the most extreme of C(7, 3) = 35 orders, doubled. */
static void test_stats_compare__exact_rank_sum_counts_orders(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double low[] = {1, 2, 3}, high[] = {4, 5, 6, 7};
    rac_rank_sum out;
    check_ok(rac_rank_sum_test(arena, (rac_values){low, 3}, (rac_values){high, 4}, NULL, &out, &err));
    assert_true(out.exact);
    check_near(out.w, 0, 0, 0);
    check_near(out.p_value, 2.0 / 35, 0, 1e-14);
    /* With ties, over all C(4, 2) = 6 choices of midranks {1.5, 1.5, 3.5, 3.5}: one is as low as the one
     * seen. */
    const double tied_low[] = {1, 1}, tied_high[] = {2, 2};
    const rac_rank_sum_options always = {.exactness = RAC_EXACT_ALWAYS};
    check_ok(
        rac_rank_sum_test(arena, (rac_values){tied_low, 2}, (rac_values){tied_high, 2}, &always, &out, &err));
    check_near(out.p_value, 2.0 / 6, 0, 1e-14);
    rac_arena_free(arena);
}

/* A slow second way for Fisher's test on 3 x 3: every table with these margins, one by one. */
static void test_stats_compare__fisher_agrees_with_enumeration(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double t[9] = {3, 1, 4, 0, 5, 2, 6, 0, 1};
    const int row[3] = {8, 7, 7}, column[3] = {9, 6, 7};
    double seen = 0, all = 0, part = 0;
    for (int i = 0; i < 9; i++)
        seen -= lgamma(t[i] + 1);
    for (int pass = 0; pass < 1; pass++)
        for (int a = 0; a <= row[0]; a++)
            for (int b = 0; a + b <= row[0]; b++)
                for (int c = 0; c <= row[1]; c++)
                    for (int d = 0; c + d <= row[1]; d++) {
                        const int cells[9] = {a,
                                              b,
                                              row[0] - a - b,
                                              c,
                                              d,
                                              row[1] - c - d,
                                              column[0] - a - c,
                                              column[1] - b - d,
                                              column[2] - (row[0] - a - b) - (row[1] - c - d)};
                        double weight = 0;
                        bool possible = true;
                        for (int i = 0; i < 9; i++) {
                            possible = possible && cells[i] >= 0;
                            weight -= cells[i] >= 0 ? lgamma(cells[i] + 1.0) : 0;
                        }
                        all += possible ? exp(weight) : 0;
                        part += possible && weight <= seen + 1e-7 ? exp(weight) : 0;
                    }
    double p, turned_p;
    check_ok(rac_fisher_test(arena, t, 3, 3, &p, &err));
    check_near(p, part / all, 0, 1e-11);
    const double turned[12] = {3, 0, 6, 1, 5, 0, 0, 0, 0, 4, 2, 1}; /* turned over, with an empty row */
    check_ok(rac_fisher_test(arena, turned, 4, 3, &turned_p, &err));
    check_near(turned_p, p, 0, 1e-12);
    rac_arena_free(arena);
}

static void test_stats_describe__missing_and_empty_are_answers(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double none[] = {NAN, NAN}, same[] = {4.1, 4.1, 4.1}, other[] = {3, 3};
    rac_description d;
    check_ok(rac_describe(arena, (rac_values){none, 2}, RAC_QUANTILE_R, &d, &err));
    assert_true(d.n == 0 && d.missing == 2 && isnan(d.mean) && isnan(d.q1) && isnan(d.max));
    rac_t_test t;
    check_ok(rac_t_test_one((rac_values){same, 3}, 0, 0.95, &t, &err));
    assert_true(t.notes == RAC_NOTE_CONSTANT && isnan(t.p_value) && t.estimate == 4.1);
    check_ok(rac_t_test_welch((rac_values){none, 2}, (rac_values){same, 3}, 0.95, &t, &err));
    assert_true(t.notes == RAC_NOTE_EMPTY_GROUP && isnan(t.estimate));
    check_ok(rac_t_test_welch((rac_values){same, 1}, (rac_values){A, 3}, 0.95, &t, &err));
    assert_true(t.notes == RAC_NOTE_TOO_FEW && !isnan(t.estimate) && isnan(t.se));
    rac_standardised s;
    check_ok(
        rac_standardised_continuous(arena, (rac_values){same, 3}, (rac_values){same, 2}, 0.95, &s, &err));
    assert_true(s.difference == 0);
    check_ok(
        rac_standardised_continuous(arena, (rac_values){same, 3}, (rac_values){other, 2}, 0.95, &s, &err));
    assert_true(isnan(s.difference) && s.notes == RAC_NOTE_CONSTANT && s.ks == 1);
    rac_rank_sum rank;
    check_ok(rac_rank_sum_test(arena, (rac_values){same, 3}, (rac_values){same, 2}, NULL, &rank, &err));
    assert_true(isnan(rank.p_value) && (rank.notes & RAC_NOTE_CONSTANT));
    double smd;
    const double empty[3] = {0}, some[3] = {1, 2, 0};
    check_ok(rac_standardised_categories(arena, empty, some, 3, &smd, &err));
    assert_true(isnan(smd));
    rac_chi_square chi;
    const double zero_row[4] = {0, 0, 3, 4};
    check_ok(rac_chi_square_test(zero_row, 2, 2, false, &chi, &err));
    assert_true(isnan(chi.p_value) && chi.notes == RAC_NOTE_ZERO_CELL);
    double p;
    check_ok(rac_fisher_test(arena, zero_row, 2, 2, &p, &err));
    check_near(p, 1, 0, 0);
    rac_percent_of_means percent;
    const double before[] = {20, NAN, 10}, after[] = {10, 5, 5};
    check_ok(rac_percent_change_of_means(before, after, 3, &percent, &err));
    assert_true(percent.pairs == 2);
    check_near(percent.percent, -50, 0, 1e-14);
    check_contains(rac_notes_format(arena, RAC_NOTE_TOO_FEW | RAC_NOTE_CONSTANT),
                   "too few values; every value");
    rac_arena_free(arena);
}

static void test_stats_describe__nonsense_is_refused(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double bad[] = {1, INFINITY}, negative[4] = {1, -1, 2, 2}, half[4] = {1, 0.5, 2, 2};
    double big[4] = {5e5, 6e5, 4e5, 3e5}, p;
    rac_description d;
    rac_t_test t;
    rac_chi_square chi;
    check_status(rac_describe(arena, (rac_values){bad, 2}, RAC_QUANTILE_R, &d, &err), RAC_INVALID);
    check_contains(err.message, "infinite");
    check_status(rac_describe(arena, FIRST, (rac_quantile_type)5, &d, &err), RAC_UNSUPPORTED);
    check_status(rac_sample_quantile(arena, FIRST, 1.5, RAC_QUANTILE_R, &p, &err), RAC_INVALID);
    check_status(rac_t_test_one(FIRST, 0, 95, &t, &err), RAC_INVALID);
    check_contains(err.hint, "0.95");
    check_status(rac_chi_square_test(negative, 2, 2, false, &chi, &err), RAC_INVALID);
    check_status(rac_chi_square_test(half, 2, 2, false, &chi, &err), RAC_INVALID);
    check_status(rac_chi_square_test(big, 1, 4, true, &chi, &err), RAC_INVALID);
    check_status(rac_fisher_test(arena, big, 2, 2, &p, &err), RAC_LIMIT);
    check_contains(err.hint, "chi-square");
    rac_arena_free(arena);
}

/* Any real order comes out of the sort, equal keys in their first order, -0 equal to 0. */
static void test_stats_describe__quantiles_of_many_values(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    rac_random draws = rac_random_open(11, 0, RAC_RANDOM_TEST);
    double *const x = rac_many(arena, double, 1001);
    for (size_t i = 0; i < 1001; i++)
        x[i] = (double)i - 500;
    for (size_t i = 1000; i > 0; i--) { /* shuffled */
        const uint32_t j = rac_random_below(&draws, (uint32_t)i + 1);
        const double swap = x[i];
        x[i] = x[j];
        x[j] = swap;
    }
    for (int k = 0; k <= 1000; k++) {
        double q;
        check_ok(rac_sample_quantile(arena, (rac_values){x, 1001}, k / 1000.0, RAC_QUANTILE_R, &q, &err));
        check_near(q, k - 500, 1e-9, 0);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_stats_describe__baseline_agrees_with_r),
          cmocka_unit_test(test_stats_describe__change_agrees_with_r),
          cmocka_unit_test(test_stats_compare__tests_swap_and_scale),
          cmocka_unit_test(test_stats_compare__exact_rank_sum_counts_orders),
          cmocka_unit_test(test_stats_compare__fisher_agrees_with_enumeration),
          cmocka_unit_test(test_stats_describe__missing_and_empty_are_answers),
          cmocka_unit_test(test_stats_describe__nonsense_is_refused),
          cmocka_unit_test(test_stats_describe__quantiles_of_many_values))
