/* Flow of patients, events beside a tidy chart, and what the report adds to the analyses: counted by hand. */
#include "check.h"

#include <math.h>

#include "racemate/study.h"
#include "study/generate.h"

/* Four and four: who came, who left after which session, and why. */
static const char chart_csv[] = "patient,arm,visit,score,sessions,reason\n"
                                "a,iv,0,20,2,done\na,iv,1,15,2,done\na,iv,2,10,2,done\n"
                                "b,iv,0,22,1,cost\nb,iv,1,18,1,cost\n"
                                "c,iv,0,18,0,moved\n"
                                "d,iv,0,,2,done\nd,iv,1,12,2,done\nd,iv,2,11,2,done\n"
                                "e,in,0,21,2,done\ne,in,1,20,2,done\ne,in,2,9,2,done\n"
                                "f,in,0,19,1,\nf,in,1,,1,\n"
                                "g,in,0,20,1,cost\ng,in,1,19,1,cost\n"
                                "h,in,0,23,0,cost\n";
static const char events_csv[] =
    "patient,AEDECOD,AESEV\na,nausea,MILD\na,nausea,MODERATE\nb,headache,\ne,nausea,MILD\n";

static rac_status read(rac_arena *arena, const char *events, rac_chart *chart, rac_problems *problems)
{
    const rac_chart_file file = {"chart.csv", rac_text_of(chart_csv)};
    const rac_chart_options options = {.treated = "iv",
                                       .reference = "in",
                                       .scale = "PHQ-9",
                                       .events = {events ? "events.csv" : NULL, rac_text_of(events)}};
    *problems = rac_problems_init(arena);
    return rac_chart_read(arena, &file, &options, chart, problems);
}

static void test_study_flow__counts_by_hand(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_problems problems;
    rac_chart chart;
    rac_study_flow flow;
    assert_int_equal(read(arena, NULL, &chart, &problems), RAC_OK);
    rac_study_flow_of(arena, &chart, &flow);
    assert_int_equal(flow.charted[1], 4);
    assert_int_equal(flow.with_baseline[1], 3);
    assert_int_equal(flow.analysed[1], 2); /* a and b: c never came, d has no baseline */
    assert_int_equal(flow.analysed[0], 2); /* e and g: f has no score after the baseline */
    assert_int_equal(flow.steps, 3);
    static const size_t attended[3][2] = {{4, 4}, {3, 3}, {1, 2}}, scored[3][2] = {{4, 3}, {2, 3}, {1, 2}},
                        lost[3][2] = {{0, 0}, {1, 1}, {2, 1}};
    for (size_t v = 0; v < 3; v++)
        for (size_t a = 0; a < 2; a++) {
            assert_int_equal(flow.step[v].attended[a], attended[v][a]);
            assert_int_equal(flow.step[v].scored[a], scored[v][a]);
            assert_int_equal(flow.step[v].lost[a], lost[v][a]);
        }
    double recorded = 0;
    const rac_study_step *last = &flow.step[2];
    for (size_t k = 0; k < last->reasons; k++)
        recorded += strcmp(last->reason[k].reason, "cost") == 0
                        ? last->reason[k].count[1] + last->reason[k].count[0]
                        : 0;
    check_near(recorded, 2, 0, 0); /* b and g; f gave no reason */
    rac_arena_free(arena);
}

static void test_study_flow__events_beside_a_tidy_chart(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_problems problems;
    rac_error err = {0};
    rac_chart chart;
    rac_study_harms harms;
    assert_int_equal(read(arena, events_csv, &chart, &problems), RAC_OK);
    check_ok(rac_study_adverse(arena, &chart, NULL, &harms, &err));
    check_near(harms.sessions[1], 5, 0, 0);
    check_near(harms.item[0].counts.subjects[1], 2, 0, 0);
    check_near(harms.item[0].counts.events[1], 3, 0, 0);
    assert_int_equal(read(arena, "patient,AEDECOD\nnobody,nausea\n", &chart, &problems), RAC_INVALID);
    check_contains(problems.items[0].message, "'nobody' is not in the chart");
    rac_arena_free(arena);
}

static rac_chart generated(rac_arena *arena)
{
    rac_error err = {0};
    rac_generated made;
    rac_text csv;
    rac_chart chart;
    check_ok(rac_generate(arena, &(rac_generate_options){111, 42, 1}, &made, &err));
    check_ok(rac_generate_chart_csv(arena, &made, &csv, &err));
    const rac_chart_file file = {"chart.csv", csv};
    const rac_chart_options reading = {
        .map = {
            "map.yaml",
            rac_text_of("columns: {patient: synthetic_patient}\ncovariates: [age, sex]\nscale: PHQ-9\n")}};
    rac_problems problems = rac_problems_init(arena);
    assert_int_equal(rac_chart_read(arena, &file, &reading, &chart, &problems), RAC_OK);
    return chart;
}

/* Leaving less often is the benefit: the number has the sign of the other arm's dropouts. */
static void test_study_respond__leaving_is_harm(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = generated(arena);
    rac_study_responses r;
    check_ok(rac_study_respond(arena, &chart, NULL, &r, &err));
    const rac_study_response *left = &r.item[r.count - 1], *response = &r.item[0];
    assert_string_equal(left->outcome, "dropout");
    assert_false(left->wanted);
    assert_true(response->wanted);
    check_near(left->nnt.estimate, -1 / left->out.difference, 1e-12, 0);
    check_near(left->nnt.from_upper, -1 / left->out.newcombe.lower, 1e-12, 0);
    rac_arena_free(arena);
}

/* VanderWeele & Ding 2017: RR = exp(0.91 d), E = RR + sqrt(RR (RR - 1)). */
static void test_study_balance__e_value_of_the_weighted_difference(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = generated(arena);
    rac_study_balance b;
    check_ok(rac_study_balance_of(arena, &chart, NULL, &b, &err));
    double sum[2] = {0}, square[2] = {0}, n[2] = {0};
    for (size_t i = 0; i < b.patients; i++) {
        sum[b.treated[i]] += b.last_change[i];
        square[b.treated[i]] += b.last_change[i] * b.last_change[i];
        n[b.treated[i]]++;
    }
    const double within = square[0] - sum[0] * sum[0] / n[0] + square[1] - sum[1] * sum[1] / n[1];
    const double sd = sqrt(within / (n[0] + n[1] - 2));
    for (int e = 0; e < RAC_STUDY_ESTIMANDS; e++) {
        const double rr = exp(0.91 * fabs(b.change[e].effect.estimate) / sd);
        check_near(b.e_value_weighted[e].point, rr + sqrt(rr * (rr - 1)), 1e-10, 0);
    }
    rac_arena_free(arena);
}

/* The exact tipping point of the estimate and the one of significance lie on the same side, and significance
 * goes first. */
static void test_study_missing__significance_tips_before_the_estimate(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    const rac_chart chart = generated(arena);
    rac_study_missing m;
    check_ok(
        rac_study_missing_of(arena, &chart, &(rac_study_options){.seed = 3, .imputations = 20}, &m, &err));
    assert_int_equal(m.imputations, 20);
    assert_true(m.pooled.effect.p_value < 0.05);
    assert_true(m.tipping_p.p_tips);
    assert_true(m.tipping_p.delta_p > 0 && m.tipping_p.delta_p < m.tipping.delta_estimate);
    check_near(m.pooled.effect.estimate, m.imputed.ancova[RAC_STRATEGY_MAR].effect.estimate, 0, 0.25);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_study_flow__counts_by_hand),
          cmocka_unit_test(test_study_flow__events_beside_a_tidy_chart),
          cmocka_unit_test(test_study_respond__leaving_is_harm),
          cmocka_unit_test(test_study_balance__e_value_of_the_weighted_difference),
          cmocka_unit_test(test_study_missing__significance_tips_before_the_estimate))
