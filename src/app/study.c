/* `racemate study`: a chart from files, one analysis, and the answer as a table for people, CSV or JSON. Each
 * answer is a grid, so that the three forms cannot disagree. */
#include <math.h>
#include <string.h>

#include "app/internal.h"
#include "app/study.h"
#include "base/csv.h"

/* ---- a grid
 * ------------------------------------------------------------------------------------------------ */

typedef struct grid {
    rac_arena *arena;
    const char *const *heading;
    size_t columns;
    const char **cell; /* rows x columns */
    bool *number;      /* the cell is a number in JSON */
    size_t cells, capacity, number_capacity;
    const char *foot; /* sentences below */
} grid;

#define GRID(arena, ...)                                                                                     \
    {                                                                                                        \
        (arena), (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), \
            NULL, NULL, 0, 0, 0, ""                                                                          \
    }

static void put(grid *g, const char *text, bool number)
{
    size_t count = g->cells;
    rac_push(g->arena, g->number, count, g->number_capacity, number);
    rac_push(g->arena, g->cell, g->cells, g->capacity, text);
}
static void word(grid *g, const char *text)
{
    put(g, text, false);
}
/* A number with `digits`; empty when not estimable. */
static void number(grid *g, double value, int digits)
{
    put(g,
        isfinite(value) ? rac_format(g->arena, "%.*f", digits, value)
        : isnan(value)  ? ""
        : value > 0     ? "inf"
                        : "-inf",
        isfinite(value));
}
static void p_value(grid *g, double p)
{
    put(g,
        isnan(p)     ? ""
        : p < 0.0001 ? rac_format(g->arena, "%.1e", p)
                     : rac_format(g->arena, "%.4f", p),
        !isnan(p));
}
static void foot(grid *g, const char *sentence)
{
    g->foot = rac_format(g->arena, "%s%s\n", g->foot, sentence);
}

static const char *grid_text(const grid *g)
{
    const size_t rows = g->cells / g->columns;
    const char *text = "";
    for (size_t r = 0; r <= rows; r++) {
        const char *line = "";
        for (size_t c = 0; c < g->columns; c++) {
            size_t width = strlen(g->heading[c]);
            bool right = true;
            for (size_t k = 0; k < rows; k++) {
                const size_t size = strlen(g->cell[k * g->columns + c]);
                width = size > width ? size : width;
                right = right && (g->number[k * g->columns + c] || !size);
            }
            const char *cell = r ? g->cell[(r - 1) * g->columns + c] : g->heading[c];
            line = rac_format(g->arena, right ? "%s%*s  " : "%s%-*s  ", line, (int)width, cell);
        }
        text = rac_format(
            g->arena, "%s%s\n", text,
            rac_text_copy(g->arena, rac_text_trim(rac_text_of(rac_format(g->arena, "|%s", line)))) + 1);
    }
    return text;
}

static json_t *grid_json(const grid *g)
{
    json_t *rows = json_array();
    for (size_t at = 0; at + g->columns <= g->cells; at += g->columns) {
        json_t *row = json_object();
        for (size_t c = 0; c < g->columns; c++) {
            double value;
            const char *cell = g->cell[at + c];
            json_t *item = g->number[at + c] && !rac_number_parse(rac_text_of(cell), &value, NULL)
                               ? json_real(value)
                           : cell[0] ? json_string(cell)
                                     : json_null();
            json_object_set_new(row, g->heading[c], item);
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static rac_status grid_csv(const grid *g, rac_text *text, rac_error *err)
{
    rac_csv_writer writer = rac_csv_writer_open(g->arena, ',');
    for (size_t c = 0; c < g->columns; c++)
        rac_csv_write_string(&writer, g->heading[c]);
    rac_csv_end_row(&writer);
    for (size_t i = 0; i < g->cells; i++) {
        rac_csv_write_string(&writer, g->cell[i]);
        if ((i + 1) % g->columns == 0)
            rac_csv_end_row(&writer);
    }
    return rac_csv_written(&writer, text, err);
}

static rac_status answer(rac_call *call, const rac_chart *chart, const grid *g, rac_reply *reply,
                         rac_error *err)
{
    size_t count;
    const char *const *limits = rac_study_limits(&count);
    json_t *said = json_array();
    if (rac_call_flag(call, "csv")) {
        rac_text text;
        const rac_status status = grid_csv(g, &text, err);
        reply->text = status ? "" : rac_text_copy(call->arena, text);
        json_decref(said);
        reply->json = grid_json(g);
        return status;
    }
    const char *text = rac_format(call->arena, "%s: %zu patients. Differences are %s minus %s.\n\n%s\n%s",
                                  chart->file, chart->patients, chart->arm_name[RAC_CHART_TREATED],
                                  chart->arm_name[RAC_CHART_REFERENCE], grid_text(g), g->foot);
    for (size_t i = 0; i < chart->notes; i++)
        text = rac_format(call->arena, "%s%s\n", text, chart->note[i]);
    for (size_t i = 0; i < count; i++) {
        text = rac_format(call->arena, "%s%s%s\n", text, i ? "" : "\nLimits\n", limits[i]);
        json_array_append_new(said, json_string(limits[i]));
    }
    reply->text = text;
    reply->json = json_pack("{s:s, s:s, s:i, s:o, s:s, s:o}", "treated", chart->arm_name[RAC_CHART_TREATED],
                            "reference", chart->arm_name[RAC_CHART_REFERENCE], "patients",
                            (int)chart->patients, "rows", grid_json(g), "remarks", g->foot, "limits", said);
    return RAC_OK;
}

/* ---- the verbs
 * --------------------------------------------------------------------------------------------- */

#define OPEN()                                                                    \
    rac_chart chart;                                                              \
    rac_study_options options;                                                    \
    rac_status status = rac_study_open(call, &chart, &options, NULL, reply, err); \
    if (status)                                                                   \
    return status

RAC_DO(rac_do_study_dictionary)
{
    OPEN();
    grid g =
        GRID(call->arena, "table", "column", "role", "kind", "rows", "filled %", "distinct", "low", "high");
    for (size_t i = 0; i < chart.columns; i++) {
        const rac_chart_column *c = &chart.column[i];
        word(&g, c->table);
        word(&g, c->name);
        word(&g, c->role);
        word(&g, c->numeric ? "number" : "text");
        number(&g, (double)c->rows, 0);
        number(&g, 100 * (double)c->filled / (double)c->rows, 1);
        put(&g, c->distinct > 20 ? "over 20" : rac_format(call->arena, "%zu", c->distinct),
            c->distinct <= 20);
        number(&g, c->low, 2);
        number(&g, c->high, 2);
    }
    return answer(call, &chart, &g, reply, err);
}

static const char *mean_and_sd(rac_arena *arena, const rac_description *d)
{
    if (d->n == 1)
        return rac_format(arena, "%.1f", d->mean);
    return d->n ? rac_format(arena, "%.1f (%.1f)", d->mean, d->sd) : "";
}

RAC_DO(rac_do_study_describe)
{
    OPEN();
    rac_study_description d;
    if ((status = rac_study_describe(call->arena, &chart, &options, &d, err)))
        return status;
    grid g = GRID(call->arena, "variable", "level", "treated", "reference", "missing treated",
                  "missing reference", "std. difference");
    for (size_t i = 0; i < d.variables; i++) {
        const rac_study_variable *v = &d.variable[i];
        for (size_t l = 0; l < (v->numeric ? 1 : v->levels); l++) {
            word(&g, v->name);
            word(&g, v->numeric ? "mean (sd)" : v->level_name[l]);
            for (int a = RAC_CHART_TREATED; a >= 0; a--)
                word(&g, v->numeric ? mean_and_sd(call->arena, &v->arm[a])
                                    : rac_format(call->arena, "%.0f (%.0f%%)", v->count[a][l],
                                                 v->n[a] ? 100 * v->count[a][l] / (double)v->n[a] : 0.0));
            for (int a = RAC_CHART_TREATED; a >= 0; a--)
                number(&g, l ? (double)NAN : (double)v->missing[a], 0);
            number(&g, l ? (double)NAN : v->smd, 3);
        }
    }
    foot(&g, "A standardised difference beyond 0.1 is usually called an imbalance (Austin 2009).");
    return answer(call, &chart, &g, reply, err);
}

RAC_DO(rac_do_study_compare)
{
    OPEN();
    rac_study_comparison c;
    if ((status = rac_study_compare(call->arena, &chart, &options, &c, err)))
        return status;
    grid g = GRID(call->arena, "visit", "n treated", "n reference", "change treated", "change reference",
                  "difference", "lower", "upper", "p", "percent treated", "percent reference",
                  "percent of means treated", "percent of means reference");
    for (size_t v = 0; v < c.visits; v++) {
        const rac_mixed_estimate *d = &c.means.difference[v];
        const rac_study_change *plain = &c.change[v];
        word(&g, chart.visit_name[c.visit[v]]);
        number(&g, (double)plain->within[1].n1, 0);
        number(&g, (double)plain->within[0].n1, 0);
        number(&g, c.means.mean[c.visits + v].estimate, 2);
        number(&g, c.means.mean[v].estimate, 2);
        number(&g, d->estimate, 2);
        number(&g, d->lower, 2);
        number(&g, d->upper, 2);
        p_value(&g, d->p);
        number(&g, plain->percent_within[1].estimate, 1);
        number(&g, plain->percent_within[0].estimate, 1);
        number(&g, plain->percent_of_means[1].percent, 1);
        number(&g, plain->percent_of_means[0].percent, 1);
    }
    foot(&g,
         rac_format(call->arena,
                    "Change: mixed model, arm x visit + baseline x visit, REML, covariance %s, %zu patients.",
                    rac_covariance_words(c.fit.covariance), c.patients));
    for (size_t i = 0; i < c.fit.attempts; i++)
        if (!c.fit.attempt[i].used)
            foot(&g, rac_format(call->arena, "Not used: %s, because %s.",
                                rac_covariance_words(c.fit.attempt[i].covariance), c.fit.attempt[i].why));
    for (size_t i = 0; i < c.left_out; i++)
        foot(&g, rac_format(call->arena, "%s is left out: it was not seen in both arms.",
                            chart.visit_name[c.left_out_visit[i]]));
    foot(&g, "Percent: mean of patients' percent changes; percent of means: change of the mean score of the "
             "same patients.");
    return answer(call, &chart, &g, reply, err);
}

RAC_DO(rac_do_study_respond)
{
    OPEN();
    rac_study_responses out;
    if ((status = rac_study_respond(call->arena, &chart, &options, &out, err)))
        return status;
    grid g = GRID(call->arena, "outcome", "when", "treated", "reference", "difference %", "lower", "upper",
                  "p Fisher", "NNT");
    for (size_t i = 0; i < out.count; i++) {
        const rac_study_response *r = &out.item[i];
        word(&g, r->outcome);
        word(&g, r->rule);
        word(&g, rac_format(call->arena, "%.0f/%.0f", r->counts.events1, r->counts.n1));
        word(&g, rac_format(call->arena, "%.0f/%.0f", r->counts.events0, r->counts.n0));
        number(&g, r->comparable ? 100 * r->out.difference : (double)NAN, 1);
        number(&g, r->comparable ? 100 * r->out.newcombe.lower : (double)NAN, 1);
        number(&g, r->comparable ? 100 * r->out.newcombe.upper : (double)NAN, 1);
        p_value(&g, r->comparable ? r->out.p_fisher : (double)NAN);
        word(&g, r->comparable ? rac_nnt_format(call->arena, r->nnt) : "");
    }
    foot(&g, "Response: a fall by half from baseline. Intervals: Newcombe 1998.");
    foot(&g,
         "NNTB: number needed to treat for one more to benefit, NNTH: to be harmed (Altman 1998); leaving is "
         "harm.");
    if (!isnan(out.remission))
        foot(&g, rac_format(call->arena, "Remission: %g points or fewer (%s).", out.remission,
                            out.remission_source));
    return answer(call, &chart, &g, reply, err);
}

RAC_DO(rac_do_study_onset)
{
    static const char *const families[] = {"change, treated", "change, reference", "difference"};
    OPEN();
    rac_study_onset o;
    if ((status = rac_study_onset_find(call->arena, &chart, &options, &o, err)))
        return status;
    grid g = GRID(call->arena, "family", "session", "estimate", "p", "p adjusted", "onset",
                  "onset in subsamples %");
    const double fitted = (double)(o.subsamples - o.failed);
    for (int f = 0; f < RAC_FAMILIES; f++) {
        const rac_onset *onset = &o.onset[f][o.rule];
        for (size_t v = 0; v <= o.visits; v++) {
            word(&g, families[f]);
            word(&g, v < o.visits ? chart.visit_name[o.visit[v]] : "none");
            number(&g, v < o.visits ? o.estimate[f][v].estimate : (double)NAN, 2);
            p_value(&g, v < o.visits ? o.estimate[f][v].p : (double)NAN);
            p_value(&g, v < o.visits ? onset->adjusted[v] : (double)NAN);
            word(&g, (v < o.visits ? onset->found && onset->index == v : !onset->found) ? "here" : "");
            number(&g, fitted > 0 ? 100 * (double)o.subsampled[f][v] / fitted : (double)NAN, 1);
        }
    }
    foot(&g, rac_format(call->arena, "Onset: the first session with a fall at adjusted p below %g; %s.",
                        o.alpha, rac_adjustment_sentence(o.rule)));
    foot(&g, rac_format(call->arena,
                        "Subsamples: the larger arm cut to %zu of its patients, %zu times (%zu without an "
                        "answer), seed %llu.",
                        o.subsample_size, o.subsamples, o.failed, (unsigned long long)options.seed));
    foot(&g, "One arm significant where the other is not says nothing about their difference: read its own "
             "family.");
    return answer(call, &chart, &g, reply, err);
}

static const char *figure_words(rac_arena *arena, double value, int digits, const char *otherwise)
{
    return isnan(value) ? otherwise : rac_format(arena, "%.*g", digits, value);
}

/* The arm's hazard ratio in words, also where there is none. */
static const char *hazard_words(rac_arena *arena, const rac_cox_fit *fit)
{
    const double ratio = fit->hazard_ratio[0];
    const rac_notes notes = fit->notes | fit->coefficient_notes[0];
    if (fit->coefficient_notes[0] & RAC_NOTE_INFINITE)
        return rac_format(arena,
                          "%s without an interval, as one arm has no event while the other is at risk "
                          "(likelihood ratio p %.4g)",
                          ratio > 1 ? "infinite" : "0", fit->likelihood_ratio.p_value);
    if (isnan(ratio) || isnan(fit->se[0]))
        return rac_format(arena, "not estimable: %s", rac_notes_format(arena, notes));
    const char *more = notes & RAC_NOTE_INFINITE ? "; a coefficient beside it is without bound" : "";
    return rac_format(arena, "%.2f (%.2f to %.2f), p %.4g%s", ratio, fit->interval[0].lower,
                      fit->interval[0].upper, fit->p_value[0], more);
}

RAC_DO(rac_do_study_survive)
{
    OPEN();
    rac_study_survival s;
    if ((status = rac_study_survive(call->arena, &chart, &options, &s, err)))
        return status;
    grid g = GRID(call->arena, "arm", "time", "at risk", "events", "event free", "lower", "upper");
    for (int a = RAC_CHART_TREATED; a >= 0; a--)
        for (size_t i = 0; i < s.curve[a].count; i++) {
            const rac_survival_point *p = &s.curve[a].points[i];
            word(&g, chart.arm_name[a]);
            number(&g, p->time, 0);
            number(&g, p->at_risk, 0);
            number(&g, p->events, 0);
            number(&g, p->survival, 3);
            number(&g, p->lower, 3);
            number(&g, p->upper, 3);
        }
    foot(&g, rac_format(call->arena, "%s. Median %s and %s. Log-rank p %s.", s.endpoint.words,
                        figure_words(call->arena, s.median[1].time, 6, "not reached"),
                        figure_words(call->arena, s.median[0].time, 6, "not reached"),
                        figure_words(call->arena, s.log_rank.p_value, 4,
                                     rac_format(call->arena, "not estimable (%s)",
                                                rac_notes_format(call->arena, s.log_rank.notes)))));
    foot(&g, rac_format(call->arena, "Hazard ratio %s; proportional hazards p %s.",
                        hazard_words(call->arena, &s.cox),
                        figure_words(call->arena, s.proportional.global.p_value, 3, "not estimable")));
    if (s.adjusted)
        foot(&g, rac_format(call->arena, "Adjusted for %zu columns: %s.", s.cox_adjusted.covariates - 1,
                            hazard_words(call->arena, &s.cox_adjusted)));
    foot(&g, "Who stops before the event is censored; stopping for lack of effect makes that informative.");
    return answer(call, &chart, &g, reply, err);
}

RAC_DO(rac_do_study_balance)
{
    OPEN();
    rac_study_balance b;
    if ((status = rac_study_balance_of(call->arena, &chart, &options, &b, err)))
        return status;
    grid g = GRID(call->arena, "what", "before", "ATO", "ATE", "ATT", "ATC");
    for (size_t c = 0; c < b.columns; c++) {
        word(&g, rac_format(call->arena, "std. difference, %s", b.column_name[c]));
        number(&g, b.balance[1][c].smd_raw, 3);
        for (int e = 0; e < RAC_STUDY_ESTIMANDS; e++)
            number(&g, b.balance[e][c].smd, 3);
    }
    size_t n = 0;
    for (size_t i = 0; i < b.patients; i++)
        n += b.treated[i];
    static const char *const lines[] = {"effective size, treated", "effective size, reference",
                                        "change, difference", "lower", "upper"};
    const double before[] = {(double)n, (double)(b.patients - n), b.unweighted.estimate,
                             b.unweighted.interval.lower, b.unweighted.interval.upper};
    for (int k = 0; k < 5; k++) {
        word(&g, lines[k]);
        number(&g, before[k], k < 2 ? 1 : 2);
        for (int e = 0; e < RAC_STUDY_ESTIMANDS; e++) {
            const rac_weighted_effect *w = &b.change[e];
            const double value[] = {w->effective_treated, w->effective_control, w->effect.estimate,
                                    w->effect.lower, w->effect.upper};
            number(&g, k >= 2 && w->too_few ? (double)NAN : value[k], k < 2 ? 1 : 2);
        }
    }
    foot(&g, "Change at the last score seen. ATO weights the patients who could have had either; it is the "
             "one to read first.");
    foot(
        &g,
        "Where an effective size is below 10 no difference is given: that few patients are not an estimate.");
    if (b.left_out)
        foot(&g, rac_format(call->arena, "%zu patients miss a covariate or the baseline and are left out.",
                            b.left_out));
    if (!isnan(b.e_value.point))
        foot(&g,
             rac_format(
                 call->arena,
                 "E-value of the unweighted difference: %.2f (limit %.2f); overlap-weighted: %.2f (limit "
                 "%.2f).",
                 b.e_value.point, b.e_value.limit, b.e_value_weighted[0].point, b.e_value_weighted[0].limit));
    return answer(call, &chart, &g, reply, err);
}

RAC_DO(rac_do_study_missing)
{
    OPEN();
    rac_study_missing m;
    if ((status = rac_study_missing_of(call->arena, &chart, &options, &m, err)))
        return status;
    grid g = GRID(call->arena, "what", "treated", "reference", "difference");
    for (size_t k = 0; k < m.reasons; k++) {
        word(&g, rac_format(call->arena, "ended: %s", m.reason[k].reason));
        number(&g, m.reason[k].count[1], 0);
        number(&g, m.reason[k].count[0], 0);
        word(&g, "");
    }
    for (size_t v = 0; v < m.visits; v++) {
        word(&g, rac_format(call->arena, "seen at %s", chart.visit_name[m.visit[v]]));
        number(&g, m.seen[1][v], 0);
        number(&g, m.seen[0][v], 0);
        word(&g, "");
    }
    for (int k = 0; k < 4; k++) {
        word(&g, rac_strategy_sentence((rac_strategy)k));
        word(&g, "");
        word(&g, "");
        number(&g, m.imputed.ancova[k].effect.estimate, 2);
    }
    for (int k = 0; k < 3; k++) {
        word(&g, rac_legacy_label((rac_legacy)k));
        word(&g, "");
        word(&g, "");
        number(&g, m.legacy[k].effect.estimate, 2);
    }
    if (m.tipping.estimate_tips)
        foot(&g, rac_format(
                     call->arena,
                     "The difference is gone when the treated who left are %.1f points worse than predicted.",
                     m.tipping.delta_estimate));
    else
        foot(&g, "Nobody in the treated arm misses the last session: there is nothing to tip.");
    foot(&g, "Both arms are active treatments: imagining those who left in the reference arm is an "
             "assumption, not a placebo.");
    return answer(call, &chart, &g, reply, err);
}

RAC_DO(rac_do_study_adverse)
{
    OPEN();
    rac_study_harms h;
    if ((status = rac_study_adverse(call->arena, &chart, &options, &h, err)))
        return status;
    grid g =
        GRID(call->arena, "kind", "event", "treated", "treated %", "reference", "reference %", "difference %",
             "lower", "upper", "p Fisher", "per 100 sessions treated", "per 100 sessions reference");
    for (size_t i = 0; i < h.count; i++) {
        const rac_study_harm *x = &h.item[i];
        word(&g, x->kind);
        word(&g, x->name);
        number(&g, x->counts.subjects[1], 0);
        number(&g, x->incidence.percent1, 1);
        number(&g, x->counts.subjects[0], 0);
        number(&g, x->incidence.percent0, 1);
        number(&g, 100 * x->incidence.subjects.difference, 1);
        number(&g, 100 * x->incidence.subjects.newcombe.lower, 1);
        number(&g, 100 * x->incidence.subjects.newcombe.upper, 1);
        p_value(&g, x->incidence.subjects.p_fisher);
        number(&g, 100 * x->incidence.rate1.rate, 1);
        number(&g, 100 * x->incidence.rate0.rate, 1);
    }
    foot(&g, rac_format(call->arena,
                        "Patients with at least one event, of %.0f and %.0f, over %.0f and %.0f sessions.",
                        h.patients[1], h.patients[0], h.sessions[1], h.sessions[0]));
    return answer(call, &chart, &g, reply, err);
}
