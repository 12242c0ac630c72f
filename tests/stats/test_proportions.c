/* Proportions, side effects and onset against R, Newcombe's table, closed forms, simulation, refusals. */
#include "reference.h"

#include "base/random.h"
#include "racemate/stats/distributions.h"
#include "racemate/stats/multiplicity.h"
#include "racemate/stats/rates.h"

static void check_two_by_two(reference *r, const char *key, rac_two_by_two counts)
{
    rac_error err = {0};
    rac_proportions o;
    check_ok(rac_proportions_compare(r->arena, counts, 0.95, &o, &err));
    const struct {
        const char *name;
        double value;
    } got[] = {{"p1", o.p1},
               {"p1_wilson_lower", o.p1_wilson.lower},
               {"p1_wilson_upper", o.p1_wilson.upper},
               {"p1_exact_lower", o.p1_exact.lower},
               {"p1_exact_upper", o.p1_exact.upper},
               {"p0", o.p0},
               {"p0_wilson_lower", o.p0_wilson.lower},
               {"p0_wilson_upper", o.p0_wilson.upper},
               {"p0_exact_lower", o.p0_exact.lower},
               {"p0_exact_upper", o.p0_exact.upper},
               {"rd", o.difference},
               {"rd_wald_lower", o.wald.lower},
               {"rd_wald_upper", o.wald.upper},
               {"rd_newcombe_lower", o.newcombe.lower},
               {"rd_newcombe_upper", o.newcombe.upper},
               {"rd_mn_lower", o.miettinen_nurminen.lower},
               {"rd_mn_upper", o.miettinen_nurminen.upper},
               {"rd_ac_lower", o.agresti_caffo.lower},
               {"rd_ac_upper", o.agresti_caffo.upper},
               {"nnt", o.nnt.estimate},
               {"nnt_from_lower", o.nnt.from_lower},
               {"nnt_from_upper", o.nnt.from_upper},
               {"or", o.odds_ratio},
               {"or_woolf_lower", o.odds_ratio_woolf.lower},
               {"or_woolf_upper", o.odds_ratio_woolf.upper},
               {"rr", o.risk_ratio},
               {"rr_katz_lower", o.risk_ratio_katz.lower},
               {"rr_katz_upper", o.risk_ratio_katz.upper},
               {"chisq", o.chi_square},
               {"p_chisq", o.p_chi_square},
               {"chisq_yates", o.chi_square_yates},
               {"p_yates", o.p_yates},
               {"p_fisher", o.p_fisher},
               {"or_conditional", o.odds_ratio_conditional},
               {"or_exact_lower", o.odds_ratio_exact.lower},
               {"or_exact_upper", o.odds_ratio_exact.upper}};
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        reference_check(r, "two_by_two", key, got[i].name, got[i].value);
}

static void check_tables(const char *name, const char *file)
{
    rac_arena *const arena = rac_arena_new();
    reference r = reference_open(arena, name);
    /* R's fisher.test solves for 1 / limit to within 1.2e-4 absolute, so a limit near 1000 is good to
     * 1 % only; exact_limits_leave_their_tails shows that ours are the roots. */
    reference_loosen(&r, "two_by_two", "b", "or_exact_upper", 1e-2);
    reference_loosen(&r, "two_by_two", "c", "or_exact_upper", 1e-2);
    const rac_csv_table t = table_read(arena, file);
    const double *const x1 = numbers_of(arena, &t, "x1"), *const n1 = numbers_of(arena, &t, "n1"),
                        *const x0 = numbers_of(arena, &t, "x0"), *const n0 = numbers_of(arena, &t, "n0");
    for (size_t i = 0; i < t.rows; i++)
        check_two_by_two(&r, rac_text_copy(arena, texts_of(&t, "name")[i]),
                         (rac_two_by_two){x1[i], n1[i], x0[i], n0[i]});
    reference_done(&r);
    rac_arena_free(arena);
}

static void test_stats_proportions__chart_agrees_with_r(void **state)
{
    (void)state;
    check_tables("chart_proportions", "chart_two_by_two.csv");
}

static void test_stats_proportions__newcombes_examples_agree_with_r(void **state)
{
    (void)state;
    check_tables("two_by_two", "two_by_two.csv");
}

/* Newcombe 1998 (Statistics in Medicine 17:873), table II, methods 10 and 6 as printed there. */
static void test_stats_proportions__newcombes_printed_limits(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    rac_proportions o;
    check_ok(rac_proportions_compare(arena, (rac_two_by_two){56, 70, 48, 80}, 0.95, &o, &err));
    check_near(o.newcombe.lower, 0.0524, 5e-5, 0);
    check_near(o.newcombe.upper, 0.3339, 5e-5, 0);
    check_ok(rac_proportions_compare(arena, (rac_two_by_two){9, 10, 3, 10}, 0.95, &o, &err));
    check_near(o.newcombe.lower, 0.1705, 5e-5, 0);
    check_near(o.newcombe.upper, 0.8090, 5e-5, 0);
    rac_arena_free(arena);
}

static void test_stats_proportions__swapping_groups_turns_everything_over(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    for (double x1 = 0; x1 <= 7; x1++)
        for (double x0 = 0; x0 <= 5; x0++) {
            rac_proportions a, b;
            check_ok(rac_proportions_compare(arena, (rac_two_by_two){x1, 7, x0, 5}, 0.95, &a, &err));
            check_ok(rac_proportions_compare(arena, (rac_two_by_two){x0, 5, x1, 7}, 0.95, &b, &err));
            check_near(a.newcombe.lower, -b.newcombe.upper, 1e-14, 0);
            check_near(a.miettinen_nurminen.lower, -b.miettinen_nurminen.upper, 1e-9, 0);
            check_near(a.agresti_caffo.upper, -b.agresti_caffo.lower, 1e-14, 0);
            check_near(a.p_fisher, b.p_fisher, 0, 1e-12);
            assert_true(a.newcombe.lower <= a.difference && a.difference <= a.newcombe.upper);
            assert_true(a.miettinen_nurminen.lower <= a.difference &&
                        a.difference <= a.miettinen_nurminen.upper);
            if (x1 + x0 > 0 && x1 + x0 < 12)
                check_near(a.odds_ratio_exact.lower, 1 / b.odds_ratio_exact.upper, 0, 1e-9);
        }
    rac_arena_free(arena);
}

/* The non-central hypergeometric tail, summed directly. */
static double tail_at(rac_two_by_two c, double odds, bool upper)
{
    double all = 0, part = 0;
    const double events = c.events1 + c.events0;
    for (double x = fmax(0, events - c.n0); x <= fmin(c.n1, events); x++) {
        const double mass = rac_hypergeometric_mass(x, c.n1, c.n0, events) * pow(odds, x - c.events1);
        all += mass;
        part += (upper ? x >= c.events1 : x <= c.events1) ? mass : 0;
    }
    return part / all;
}

static void test_stats_proportions__exact_limits_leave_their_tails(void **state)
{
    (void)state;
    static const rac_two_by_two TABLES[] = {{9, 10, 3, 10}, {6, 7, 2, 7}, {56, 70, 48, 80}, {19, 60, 7, 36}};
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES; i++) {
        rac_proportions o;
        check_ok(rac_proportions_compare(arena, TABLES[i], 0.95, &o, &err));
        check_near(tail_at(TABLES[i], o.odds_ratio_exact.lower, true), 0.025, 0, 1e-11);
        check_near(tail_at(TABLES[i], o.odds_ratio_exact.upper, false), 0.025, 0, 1e-11);
    }
    rac_arena_free(arena);
}

static void test_stats_proportions__nnt_passes_through_infinity(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_nnt nnt = rac_nnt_of(0.142, (rac_interval){-0.0942, 0.3417});
    assert_int_equal(nnt.kind, RAC_NNT_THROUGH_INFINITY);
    assert_string_equal(rac_nnt_format(arena, nnt), "NNTB 7.0 (NNTB 2.9 to infinity to NNTH 10.6)");
    nnt = rac_nnt_of(0.25, (rac_interval){0.1, 0.4});
    assert_int_equal(nnt.kind, RAC_NNT_BENEFIT);
    assert_string_equal(rac_nnt_format(arena, nnt), "NNTB 4.0 (NNTB 2.5 to NNTB 10.0)");
    nnt = rac_nnt_of(-0.25, (rac_interval){-0.4, -0.1});
    assert_int_equal(nnt.kind, RAC_NNT_HARM);
    assert_string_equal(rac_nnt_format(arena, nnt), "NNTH 4.0 (NNTH 2.5 to NNTH 10.0)");
    /* A treatment with fewer unwanted events benefits; with more it harms. */
    nnt = rac_nnt_of_unwanted(-0.25, (rac_interval){-0.4, -0.1});
    assert_string_equal(rac_nnt_format(arena, nnt), "NNTB 4.0 (NNTB 2.5 to NNTB 10.0)");
    nnt = rac_nnt_of_unwanted(0.142, (rac_interval){-0.0942, 0.3417});
    assert_string_equal(rac_nnt_format(arena, nnt), "NNTH 7.0 (NNTB 10.6 to infinity to NNTH 2.9)");
    nnt = rac_nnt_of(0, (rac_interval){-0.5, 0.5});
    assert_string_equal(rac_nnt_format(arena, nnt), "infinity (NNTB 2.0 to infinity to NNTH 2.0)");
    nnt = rac_nnt_of(0.2, (rac_interval){0, 0.5});
    assert_string_equal(rac_nnt_format(arena, nnt), "NNTB 5.0 (NNTB 2.0 to infinity)");
    rac_arena_free(arena);
}

static void test_stats_proportions__nonsense_is_refused(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    rac_proportions o;
    rac_interval i;
    rac_rate rate;
    rac_rate_ratio ratio;
    rac_mcnemar m;
    check_status(rac_proportions_compare(arena, (rac_two_by_two){1, 0, 1, 2}, 0.95, &o, &err), RAC_INVALID);
    check_status(rac_proportions_compare(arena, (rac_two_by_two){3, 2, 1, 2}, 0.95, &o, &err), RAC_INVALID);
    check_status(rac_proportions_compare(arena, (rac_two_by_two){1.5, 2, 1, 2}, 0.95, &o, &err), RAC_INVALID);
    check_status(rac_wilson(1, 2, 1, &i, &err), RAC_INVALID);
    check_status(rac_clopper_pearson(-1, 2, 0.9, &i, &err), RAC_INVALID);
    check_status(rac_rate_of(2, 0, 0.95, &rate, &err), RAC_INVALID);
    check_status(rac_rate_ratio_of(1, 3, NAN, 3, 0.95, &ratio, &err), RAC_INVALID);
    check_status(rac_mcnemar_test(-1, 2, &m, &err), RAC_INVALID);
    check_ok(rac_rate_ratio_of(0, 3, 0, 4, 0.95, &ratio, &err));
    assert_true(isnan(ratio.ratio) && ratio.notes == RAC_NOTE_NO_EVENTS && ratio.p_value == 1);
    check_ok(rac_mcnemar_test(0, 0, &m, &err));
    assert_true(isnan(m.p_exact) && m.notes == RAC_NOTE_NO_EVENTS);
    check_ok(rac_mcnemar_test(1, 8, &m, &err)); /* 2 (1 + 9) / 2^9 */
    check_near(m.p_exact, 20.0 / 512, 0, 1e-13);
    check_near(m.chi_square, 49.0 / 9, 0, 1e-14);
    rac_arena_free(arena);
}

/* ---- side effects ------------------------------------------------------------------------------- */

typedef struct adverse {
    reference r;
    size_t subjects, events;
    int *group_of, *severity;
    size_t *subject;
    double n[2], exposure[2];
} adverse;

static void check_line(adverse *a, const char *label, const bool *chosen)
{
    rac_error err = {0};
    rac_event_counts c;
    rac_incidence o;
    reference *const r = &a->r;
    check_ok(rac_events_count(r->arena, a->group_of, a->subjects, a->subject, a->severity, chosen, a->events,
                              &c, &err));
    const rac_incidence_counts counts = {c.subjects[1], a->n[1], c.events[1], a->exposure[1],
                                         c.subjects[0], a->n[0], c.events[0], a->exposure[0]};
    check_ok(rac_incidence_compare(r->arena, counts, 0.95, &o, &err));
    const struct {
        const char *name;
        double value;
    } got[] = {{"subjects1", c.subjects[1]},
               {"percent1", o.percent1},
               {"subjects0", c.subjects[0]},
               {"percent0", o.percent0},
               {"events1", c.events[1]},
               {"events0", c.events[0]},
               {"rd", o.subjects.difference},
               {"rd_newcombe_lower", o.subjects.newcombe.lower},
               {"rd_newcombe_upper", o.subjects.newcombe.upper},
               {"rd_mn_lower", o.subjects.miettinen_nurminen.lower},
               {"rd_mn_upper", o.subjects.miettinen_nurminen.upper},
               {"p_fisher", o.subjects.p_fisher},
               {"rate1", 100 * o.rate1.rate},
               {"rate1_lower", 100 * o.rate1.interval.lower},
               {"rate1_upper", 100 * o.rate1.interval.upper},
               {"rate0", 100 * o.rate0.rate},
               {"rate0_lower", 100 * o.rate0.interval.lower},
               {"rate0_upper", 100 * o.rate0.interval.upper},
               {"rate_ratio", o.rate_ratio.ratio},
               {"rate_ratio_lower", o.rate_ratio.interval.lower},
               {"rate_ratio_upper", o.rate_ratio.interval.upper}};
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        reference_check(r, "incidence", label, got[i].name, got[i].value);
    if (strncmp(label, "PT ", 3) != 0)
        return;
    static const char *const ARMS[] = {"IN esketamine", "IV ketamine"};
    for (int g = 0; g < 2; g++) {
        const char *const key = rac_format(r->arena, "%s|%s", label + 3, ARMS[g]);
        reference_check(r, "worst_severity", key, "mild", c.worst[g][1]);
        reference_check(r, "worst_severity", key, "moderate", c.worst[g][2]);
        reference_check(r, "worst_severity", key, "severe", c.worst[g][3]);
    }
}

static bool *where(rac_arena *arena, const rac_text *cells, rac_text value, size_t rows)
{
    bool *const chosen = rac_many(arena, bool, rows);
    for (size_t i = 0; i < rows; i++)
        chosen[i] = rac_text_equal(cells[i], value);
    return chosen;
}

static void test_stats_rates__side_effects_agree_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    adverse a = {.r = reference_open(arena, "chart_adverse")};
    const rac_csv_table adsl = table_read(arena, "adsl.csv"), adae = table_read(arena, "adae.csv");
    a.subjects = adsl.rows;
    a.group_of = rac_many(arena, int, adsl.rows);
    const double *const sessions = numbers_of(arena, &adsl, "LSTSESS");
    for (size_t i = 0; i < adsl.rows; i++) {
        const bool safe = rac_text_is(texts_of(&adsl, "SAFFL")[i], "Y");
        a.group_of[i] = safe ? rac_text_is(texts_of(&adsl, "TRT01A")[i], "IV ketamine") : -1;
        if (safe) {
            a.n[a.group_of[i]]++;
            a.exposure[a.group_of[i]] += sessions[i];
        }
    }
    const rac_text *const emergent = texts_of(&adae, "TRTEMFL"), *const grade = texts_of(&adae, "AESEV");
    rac_text *const system = rac_many(arena, rac_text, adae.rows),
                    *const term = rac_many(arena, rac_text, adae.rows),
                    *const serious = rac_many(arena, rac_text, adae.rows),
                    *const severe = rac_many(arena, rac_text, adae.rows);
    a.subject = rac_many(arena, size_t, adae.rows);
    a.severity = rac_many(arena, int, adae.rows);
    for (size_t i = 0; i < adae.rows; i++) {
        if (!rac_text_is(emergent[i], "Y"))
            continue;
        size_t who = 0;
        while (!rac_text_equal(texts_of(&adsl, "USUBJID")[who], texts_of(&adae, "USUBJID")[i]))
            who++;
        const size_t e = a.events++;
        a.subject[e] = who;
        a.severity[e] = rac_text_is(grade[i], "MILD") ? 1 : rac_text_is(grade[i], "MODERATE") ? 2 : 3;
        system[e] = texts_of(&adae, "AEBODSYS")[i];
        term[e] = texts_of(&adae, "AEDECOD")[i];
        serious[e] = texts_of(&adae, "AESER")[i];
        severe[e] = grade[i];
    }
    check_line(&a, "Any", NULL);
    check_line(&a, "Serious", where(arena, serious, rac_text_of("Y"), a.events));
    check_line(&a, "Severe", where(arena, severe, rac_text_of("SEVERE"), a.events));
    const factor systems = factor_of(system, a.events), terms = factor_of(term, a.events);
    for (size_t k = 0; k < systems.levels; k++)
        check_line(&a, rac_format(arena, "SOC %.*s", RAC_TEXT(systems.level[k])),
                   where(arena, system, systems.level[k], a.events));
    for (size_t k = 0; k < terms.levels; k++)
        check_line(&a, rac_format(arena, "PT %.*s", RAC_TEXT(terms.level[k])),
                   where(arena, term, terms.level[k], a.events));
    reference_done(&a.r);
    rac_arena_free(arena);
}

/* The exact two-sided p-value against its definition: the sum over every split no likelier. */
static void test_stats_rates__ratio_p_value_is_the_sum_of_unlikelier_splits(void **state)
{
    (void)state;
    rac_error err = {0};
    const double p = 310.0 / (310 + 178);
    for (double k = 0; k <= 23; k++) {
        double sum = 0;
        rac_rate_ratio out;
        for (double j = 0; j <= 23; j++)
            sum += rac_binomial_mass(j, 23, p) <= rac_binomial_mass(k, 23, p) * (1 + 1e-7)
                       ? rac_binomial_mass(j, 23, p)
                       : 0;
        check_ok(rac_rate_ratio_of(k, 310, 23 - k, 178, 0.95, &out, &err));
        check_near(out.p_value, sum, 0, 1e-12);
    }
}

/* ---- several tests ------------------------------------------------------------------------------- */

static void test_stats_multiplicity__onset_agrees_with_r(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    reference r = reference_open(arena, "chart_onset");
    for (size_t i = 0, n; i < r.lines; i += n) {
        const rac_text family_visit = r.key[i];
        n = 1;
        if (!rac_text_is(r.table[i], "p_values") || !rac_text_is(r.quantity[i], "estimate"))
            continue;
        rac_text rest = family_visit;
        const rac_text family = rac_text_split(family_visit, '|', &rest);
        double estimate[64], p[64];
        size_t at[64];
        for (n = 0; i + n < r.lines && rac_text_is(r.quantity[i + n], "estimate") &&
                    rac_text_starts(r.key[i + n], rac_text_copy(arena, family));
             n++) {
            at[n] = i + n;
            estimate[n] = r.value[i + n];
            for (size_t j = 0; j < r.lines; j++)
                if (rac_text_equal(r.key[j], r.key[i + n]) && rac_text_is(r.quantity[j], "p_raw"))
                    p[n] = r.value[j];
        }
        for (int rule = 0; rule < RAC_ADJUSTMENTS; rule++) {
            rac_onset onset;
            check_ok(
                rac_onset_find(arena, estimate, p, n, (rac_adjustment)rule, 0.05, RAC_FALL, &onset, &err));
            const char *const name = rac_format(arena, "p_%s", rac_adjustment_key((rac_adjustment)rule));
            for (size_t k = 0; k < n; k++) {
                reference_check(&r, "p_values", rac_text_copy(arena, r.key[at[k]]), name, onset.adjusted[k]);
                reference_check(&r, "p_values", rac_text_copy(arena, r.key[at[k]]), "estimate", estimate[k]);
            }
            reference_check(&r, "onset", rac_format(arena, "%.*s|%s", RAC_TEXT(family), name), "session",
                            onset.found ? (double)onset.index + 1 : NAN);
        }
    }
    reference_done(&r);
    rac_arena_free(arena);
}

/* Hommel's adjusted p-value from its definition: the largest Simes p-value over all subsets that hold the
 * hypothesis. */
static void test_stats_multiplicity__hommel_is_closed_simes(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    rac_random draws = rac_random_open(3, 0, RAC_RANDOM_TEST);
    for (int trial = 0; trial < 50; trial++) {
        double p[6], closed[6] = {0}, adjusted[6];
        for (int i = 0; i < 6; i++)
            p[i] = pow(rac_random_uniform(&draws), 3);
        for (unsigned set = 1; set < 64; set++) {
            double inside[6], simes = 1;
            int m = 0;
            for (int i = 0; i < 6; i++)
                if (set >> i & 1) {
                    int at = m++;
                    for (; at > 0 && inside[at - 1] > p[i]; at--)
                        inside[at] = inside[at - 1];
                    inside[at] = p[i];
                }
            for (int i = 0; i < m; i++)
                simes = fmin(simes, m * inside[i] / (i + 1));
            for (int i = 0; i < 6; i++)
                closed[i] = set >> i & 1 ? fmax(closed[i], simes) : closed[i];
        }
        check_ok(rac_p_adjust(arena, p, 6, RAC_ADJUST_HOMMEL, adjusted, &err));
        for (int i = 0; i < 6; i++)
            check_near(adjusted[i], closed[i], 0, 1e-13);
    }
    rac_arena_free(arena);
}

static void test_stats_multiplicity__untested_sessions_stay_out_of_the_family(void **state)
{
    (void)state;
    rac_arena *const arena = rac_arena_new();
    rac_error err = {0};
    const double p[] = {0.02, NAN, 0.03, 0.2}, few[] = {0.02, 0.03, 0.2}, estimate[] = {-1, -2, -3, -4};
    for (int rule = 0; rule < RAC_ADJUSTMENTS; rule++) {
        double with[4], without[3];
        check_ok(rac_p_adjust(arena, p, 4, (rac_adjustment)rule, with, &err));
        check_ok(rac_p_adjust(arena, few, 3, (rac_adjustment)rule, without, &err));
        assert_true(isnan(with[1]));
        check_near(with[0], without[0], 0, 0);
        check_near(with[2], without[1], 0, 0);
        check_near(with[3], without[2], 0, 0);
        assert_true(strlen(rac_adjustment_sentence((rac_adjustment)rule)) > 10);
    }
    rac_onset onset;
    check_ok(rac_onset_find(arena, estimate, p, 4, RAC_ADJUST_NONE, 0.05, RAC_RISE, &onset, &err));
    assert_false(onset.found); /* significant in the wrong direction */
    const double bad[] = {1.2};
    check_status(rac_p_adjust(arena, bad, 1, RAC_ADJUST_HOLM, (double[1]){0}, &err), RAC_INVALID);
    check_status(rac_onset_find(arena, estimate, p, 4, RAC_ADJUST_HOLM, 5, RAC_FALL, &onset, &err),
                 RAC_INVALID);
    check_status(rac_p_adjust(arena, p, 4, (rac_adjustment)99, (double[4]){0}, &err), RAC_INVALID);
    rac_arena_free(arena);
}

/* No change at any of 8 correlated sessions: the chance of any onset, in either direction, stays within four
 * Monte Carlo errors of alpha.  For the forward gates it is alpha exactly, at the first gate. */
static void test_stats_multiplicity__onset_holds_its_error_rate(void **state)
{
    (void)state;
    enum { TRIALS = 20000, SESSIONS = 8 };
    rac_error err = {0};
    rac_random draws = rac_random_open(20260302, 0, RAC_RANDOM_TEST);
    int found[RAC_ADJUSTMENTS] = {0};
    for (int trial = 0; trial < TRIALS; trial++) {
        rac_arena *const arena = rac_arena_new();
        double z[SESSIONS], p[SESSIONS];
        for (int v = 0; v < SESSIONS; v++) { /* first-order correlation 0.6 */
            z[v] = v > 0 ? 0.6 * z[v - 1] + 0.8 * rac_random_normal(&draws) : rac_random_normal(&draws);
            p[v] = rac_normal_two_sided(z[v]);
        }
        for (int rule = 0; rule < RAC_ADJUSTMENTS; rule++) {
            rac_onset fall, rise;
            check_ok(
                rac_onset_find(arena, z, p, SESSIONS, (rac_adjustment)rule, 0.05, RAC_FALL, &fall, &err));
            check_ok(
                rac_onset_find(arena, z, p, SESSIONS, (rac_adjustment)rule, 0.05, RAC_RISE, &rise, &err));
            found[rule] += fall.found || rise.found;
        }
        rac_arena_free(arena);
    }
    const double four_errors = 4 * sqrt(0.05 * 0.95 / TRIALS);
    for (int rule = 0; rule < RAC_ADJUSTMENTS; rule++)
        if (rule != RAC_ADJUST_NONE)
            assert_true(found[rule] / (double)TRIALS <= 0.05 + four_errors);
    check_near(found[RAC_ADJUST_FORWARD] / (double)TRIALS, 0.05, four_errors, 0);
    assert_true(found[RAC_ADJUST_NONE] / (double)TRIALS > 0.15); /* what the adjustment is for */
}

RAC_TESTS(cmocka_unit_test(test_stats_proportions__chart_agrees_with_r),
          cmocka_unit_test(test_stats_proportions__newcombes_examples_agree_with_r),
          cmocka_unit_test(test_stats_proportions__newcombes_printed_limits),
          cmocka_unit_test(test_stats_proportions__swapping_groups_turns_everything_over),
          cmocka_unit_test(test_stats_proportions__exact_limits_leave_their_tails),
          cmocka_unit_test(test_stats_proportions__nnt_passes_through_infinity),
          cmocka_unit_test(test_stats_proportions__nonsense_is_refused),
          cmocka_unit_test(test_stats_rates__side_effects_agree_with_r),
          cmocka_unit_test(test_stats_rates__ratio_p_value_is_the_sum_of_unlikelier_splits),
          cmocka_unit_test(test_stats_multiplicity__onset_agrees_with_r),
          cmocka_unit_test(test_stats_multiplicity__hommel_is_closed_simes),
          cmocka_unit_test(test_stats_multiplicity__untested_sessions_stay_out_of_the_family),
          cmocka_unit_test(test_stats_multiplicity__onset_holds_its_error_rate))
