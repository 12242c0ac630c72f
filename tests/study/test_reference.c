/* The chart from its files to the numbers R gives: reader, frame and estimators together. */
#include "stats/reference.h"

#include "racemate/study.h"

static const rac_study_options as_reference = {
    .covariates = 6,
    .covariate = (const char *const[]){"AGE", "SEX", "NFAIL", "ECTHX", "INSUR", "QIDSBL"},
    .subsamples = SIZE_MAX,
};

static rac_chart chart_of(rac_arena *arena)
{
    rac_problems problems = rac_problems_init(arena);
    const char *const names[] = {"adsl.csv", "adqs.csv", "adtte.csv", "adae.csv"};
    rac_chart_file file[4];
    for (int k = 0; k < 4; k++)
        file[k] = (rac_chart_file){names[k], file_read(arena, names[k])};
    const rac_chart_options options = {.treated = "iv", .reference = "in"};
    rac_chart chart;
    const rac_status status =
        rac_chart_read_adam(arena, &file[0], &file[1], &file[2], &file[3], &options, &chart, &problems);
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s:%d: %s\n", problems.items[i].file, problems.items[i].line,
                problems.items[i].message);
    assert_int_equal(status, RAC_OK);
    assert_int_equal(chart.patients, 96);
    assert_int_equal(chart.visits, 7);
    assert_string_equal(chart.scale->id, "QIDS-SR16");
    return chart;
}

static void done(const reference *r)
{
    assert_int_equal(r->failed, 0);
}

static const char *const labels[] = {"IN esketamine", "IV ketamine"};

static void test_study_describe__gives_the_baseline_table_of_r(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    rac_study_description d;
    check_ok(rac_study_describe(arena, &chart, NULL, &d, &err));
    reference r = reference_open(arena, "chart_baseline");
    size_t numbers = 0, words = 0;
    for (size_t i = 1; i < d.variables; i++) {
        const rac_study_variable *v = &d.variable[i];
        if (v->numeric) {
            numbers++;
            reference_check(&r, "continuous_compare", v->name, "smd", v->smd);
            reference_check(&r, "continuous_compare", v->name, "smd_lower", v->interval.lower);
            reference_check(&r, "continuous_compare", v->name, "variance_ratio", v->variance_ratio);
            reference_check(&r, "continuous_compare", v->name, "ks", v->ks);
            for (int a = 0; a < 2; a++) {
                const char *key = rac_format(arena, "%s|%s", v->name, labels[a]);
                reference_check(&r, "continuous", key, "mean", v->arm[a].mean);
                reference_check(&r, "continuous", key, "sd", v->arm[a].sd);
                reference_check(&r, "continuous", key, "median", v->arm[a].median);
            }
        } else {
            words++;
            reference_check(&r, "categorical_compare", v->name, v->levels == 2 ? "smd_binary" : "smd_abs",
                            v->smd);
        }
    }
    assert_int_equal(numbers, 4);
    assert_int_equal(words, 5);
    done(&r);
    rac_arena_free(arena);
}

static void test_study_compare__gives_the_changes_and_the_model_of_r(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    rac_study_comparison c;
    check_ok(rac_study_compare(arena, &chart, NULL, &c, &err));
    assert_int_equal(c.visits, 6);
    reference r = reference_open(arena, "chart_change");
    for (size_t v = 0; v < c.visits; v++)
        for (int percent = 0; percent < 2; percent++) {
            const char *what = percent ? "PCHG" : "CHG", *visit = chart.visit_name[c.visit[v]];
            const rac_study_change *g = &c.change[v];
            for (int a = 0; a < 2; a++) {
                const char *key = rac_format(arena, "%s|%s|%s", what, visit, labels[a]);
                const rac_t_test *t = percent ? &g->percent_within[a] : &g->within[a];
                reference_check(&r, "within", key, "n", (double)t->n1);
                reference_check(&r, "within", key, "mean", t->estimate);
                reference_check(&r, "within", key, "lower", t->interval.lower);
                reference_check(&r, "within", key, "p_paired", t->p_value);
            }
            const char *key = rac_format(arena, "%s|%s", what, visit);
            const rac_t_test *t = percent ? &g->percent_between : &g->between;
            reference_check(&r, "between", key, "difference", t->estimate);
            reference_check(&r, "between", key, "se_welch", t->se);
            reference_check(&r, "between", key, "upper", t->interval.upper);
            if (!percent)
                reference_check(&r, "between", key, "hedges_g", g->effect.hedges_g);
        }
    done(&r);
    reference m = reference_open(arena, "chart_mmrm_primary");
    reference_check(&m, "fit", "reml satterthwaite", "loglik", c.fit.log_likelihood);
    assert_int_equal(c.fit.covariance, RAC_COVARIANCE_UNSTRUCTURED);
    done(&m);
    rac_arena_free(arena);
}

static void test_study_onset__finds_the_sessions_of_r_under_every_rule(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    rac_study_options options = as_reference;
    options.subsamples = 20;
    options.seed = 7;
    rac_study_onset o;
    check_ok(rac_study_onset_find(arena, &chart, &options, &o, &err));
    reference r = reference_open(arena, "chart_onset");
    const char *const family[] = {"change within IV ketamine", "change within IN esketamine",
                                  "difference between arms"};
    for (int f = 0; f < RAC_FAMILIES; f++) {
        size_t total = 0;
        for (size_t v = 0; v < o.visits; v++) {
            const char *key = rac_format(arena, "%s|%s", family[f], chart.visit_name[o.visit[v]]);
            reference_check(&r, "p_values", key, "estimate", o.estimate[f][v].estimate);
            for (int rule = 0; rule < RAC_ADJUSTMENTS; rule++)
                reference_check(&r, "p_values", key,
                                rac_format(arena, "p_%s", rac_adjustment_key((rac_adjustment)rule)),
                                o.onset[f][rule].adjusted[v]);
        }
        for (int rule = 0; rule < RAC_ADJUSTMENTS; rule++)
            reference_check(&r, "onset",
                            rac_format(arena, "%s|p_%s", family[f], rac_adjustment_key((rac_adjustment)rule)),
                            "session",
                            o.onset[f][rule].found ? (double)o.onset[f][rule].index + 1 : (double)NAN);
        for (size_t v = 0; v <= o.visits; v++)
            total += o.subsampled[f][v];
        assert_int_equal(total + o.failed, 20);
    }
    assert_int_equal(o.subsample_size, 36);
    reference_done(&r);
    rac_study_onset again;
    check_ok(rac_study_onset_find(arena, &chart, &options, &again, &err));
    for (int f = 0; f < RAC_FAMILIES; f++)
        assert_memory_equal(o.subsampled[f], again.subsampled[f], (o.visits + 1) * sizeof(size_t));
    rac_arena_free(arena);
}

static void test_study_respond__counts_as_r_does(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    rac_study_responses out;
    check_ok(rac_study_respond(arena, &chart, NULL, &out, &err));
    assert_true(out.remission == 5);
    reference r = reference_open(arena, "chart_proportions");
    size_t asked = 0;
    for (size_t i = 0; i < out.count; i++) {
        const rac_study_response *item = &out.item[i];
        const char *kind = strcmp(item->rule, "ever") == 0                      ? " ever"
                           : strstr(item->rule, "missing counted")              ? " nonresponder-imputed"
                           : item->visit == 6 && strstr(item->rule, "observed") ? " observed"
                           : strcmp(item->outcome, "dropout") == 0              ? ""
                                                                                : NULL;
        if (!kind)
            continue;
        asked++;
        const char *key = rac_format(arena, "%s%s", item->outcome, kind);
        reference_check(&r, "two_by_two", key, "p1", item->out.p1);
        reference_check(&r, "two_by_two", key, "p0", item->out.p0);
        reference_check(&r, "two_by_two", key, "p1_wilson_lower", item->out.p1_wilson.lower);
        reference_check(&r, "two_by_two", key, "rd", item->out.difference);
        reference_check(&r, "two_by_two", key, "rd_newcombe_lower", item->out.newcombe.lower);
        reference_check(&r, "two_by_two", key, "rd_newcombe_upper", item->out.newcombe.upper);
        reference_check(&r, "two_by_two", key, "nnt", item->out.nnt.estimate);
    }
    assert_int_equal(asked, 7);
    done(&r);
    rac_arena_free(arena);
}

static void test_study_survive__gives_curves_and_hazards_of_r(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    reference r = reference_open(arena, "chart_survival");
    assert_int_equal(chart.endpoints, 5);
    for (size_t e = 0; e < chart.endpoints; e++) {
        rac_study_options options = {.event = chart.endpoint[e].code,
                                     .covariates = 4,
                                     .covariate = (const char *const[]){"AGE", "SEX", "BMIBL", "QIDSBL"}};
        rac_study_survival s;
        check_ok(rac_study_survive(arena, &chart, &options, &s, &err));
        const char *key = rac_format(arena, "%s|efron|IV", options.event);
        reference_check(&r, "cox", key, "coef", s.cox.coefficient[0]);
        reference_check(&r, "cox", key, "se", s.cox.se[0]);
        key = rac_format(arena, "%s adjusted|efron|IV", options.event);
        reference_check(&r, "cox", key, "coef", s.cox_adjusted.coefficient[0]);
        reference_check(&r, "cox", key, "se", s.cox_adjusted.se[0]);
        for (int a = 0; a < 2; a++)
            for (size_t i = 0; i < s.curve[a].count; i++)
                reference_check(
                    &r, "km",
                    rac_format(arena, "%s|%s|%.10g", options.event, labels[a], s.curve[a].points[i].time),
                    "survival", s.curve[a].points[i].survival);
    }
    done(&r);
    /* Derived from the scores, the endpoint is the file's own. */
    rac_study_survival derived, given;
    check_ok(rac_study_survive(arena, &chart, &(rac_study_options){.event = "response"}, &derived, &err));
    check_ok(rac_study_survive(arena, &chart, &(rac_study_options){.event = "RESPSESS"}, &given, &err));
    check_near(derived.cox.coefficient[0], given.cox.coefficient[0], 1e-12, 0);
    rac_arena_free(arena);
}

static void test_study_balance__gives_the_weights_of_r(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    rac_study_balance b;
    check_ok(rac_study_balance_of(arena, &chart, &as_reference, &b, &err));
    reference r = reference_open(arena, "chart_weights");
    for (int e = 0; e < RAC_STUDY_ESTIMANDS; e++) {
        const char *name = rac_format(arena, "propensity|%s", rac_estimand_name(b.estimand[e]));
        reference_check(&r, "weight_summary", name, "ess1", b.weighting[e].effective_treated);
        reference_check(&r, "weight_summary", name, "ess0", b.weighting[e].effective_control);
        for (size_t c = 0; c < b.columns; c++) {
            const char *key = rac_format(arena, "%s|%s", name, b.column_name[c]);
            reference_check(&r, "balance", key, "smd_raw", b.balance[e][c].smd_raw);
            reference_check(&r, "balance", key, "smd", b.balance[e][c].smd);
            reference_check(&r, "balance", key, "ks", b.balance[e][c].ks);
        }
        const char *key = rac_format(arena, "%s|CHGL", name);
        reference_check(&r, "effect", key, "difference", b.change[e].effect.estimate);
        reference_check(&r, "effect", key, "se_m_estimation", b.change[e].effect.se);
        reference_check(&r, "effect", rac_format(arena, "%s|PCHGL", name), "difference",
                        b.percent[e].effect.estimate);
        for (size_t i = 0; i < b.patients; i++)
            reference_check(&r, "weights", rac_format(arena, "%s|%s", name, chart.id[b.patient[i]]), "weight",
                            b.weighting[e].weight[i]);
    }
    done(&r);
    rac_arena_free(arena);
}

static void test_study_missing__gives_the_sensitivity_of_r(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    rac_study_missing m;
    check_ok(rac_study_missing_of(arena, &chart, NULL, &m, &err));
    reference r = reference_open(arena, "chart_missing");
    const char *const legacy[] = {"last observation carried forward", "baseline observation carried forward",
                                  "completers"};
    for (int k = 0; k < 3; k++) {
        reference_check(&r, "ancova", legacy[k], "n", (double)m.legacy[k].used);
        reference_check(&r, "ancova", legacy[k], "difference", m.legacy[k].effect.estimate);
        reference_check(&r, "ancova", legacy[k], "se", m.legacy[k].effect.se);
    }
    reference_check(&r, "conditional_mean", "MAR", "difference",
                    m.imputed.ancova[RAC_STRATEGY_MAR].effect.estimate);
    reference_check(&r, "conditional_mean", "JR", "difference",
                    m.imputed.ancova[RAC_STRATEGY_J2R].effect.estimate);
    reference_check(&r, "conditional_mean", "CR", "difference",
                    m.imputed.ancova[RAC_STRATEGY_CR].effect.estimate);
    for (int k = 0; k < 13; k++)
        reference_check(&r, "tipping_point", rac_format(arena, "%d", k), "difference", m.tipping_effect[k]);
    done(&r);
    rac_arena_free(arena);
}

static void test_study_adverse__counts_as_r_does(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = chart_of(arena);
    rac_study_harms h;
    check_ok(rac_study_adverse(arena, &chart, NULL, &h, &err));
    reference r = reference_open(arena, "chart_adverse");
    assert_int_equal(h.count, 19);
    for (size_t i = 0; i < h.count; i++) {
        const rac_study_harm *x = &h.item[i];
        const char *prefix = strcmp(x->kind, "system") == 0 ? "SOC "
                             : strcmp(x->kind, "term") == 0 ? "PT "
                                                            : "";
        const char *key = rac_format(arena, "%s%s", prefix, x->name);
        reference_check(&r, "incidence", key, "subjects1", x->counts.subjects[1]);
        reference_check(&r, "incidence", key, "events0", x->counts.events[0]);
        reference_check(&r, "incidence", key, "rd", x->incidence.subjects.difference);
        reference_check(&r, "incidence", key, "rd_newcombe_lower", x->incidence.subjects.newcombe.lower);
        reference_check(&r, "incidence", key, "rate1", 100 * x->incidence.rate1.rate);
        reference_check(&r, "incidence", key, "rate0_upper", 100 * x->incidence.rate0.interval.upper);
        reference_check(&r, "incidence", key, "rate_ratio", x->incidence.rate_ratio.ratio);
    }
    done(&r);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_study_describe__gives_the_baseline_table_of_r),
          cmocka_unit_test(test_study_compare__gives_the_changes_and_the_model_of_r),
          cmocka_unit_test(test_study_onset__finds_the_sessions_of_r_under_every_rule),
          cmocka_unit_test(test_study_respond__counts_as_r_does),
          cmocka_unit_test(test_study_survive__gives_curves_and_hazards_of_r),
          cmocka_unit_test(test_study_balance__gives_the_weights_of_r),
          cmocka_unit_test(test_study_missing__gives_the_sensitivity_of_r),
          cmocka_unit_test(test_study_adverse__counts_as_r_does))
