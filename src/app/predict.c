/* The predicted concentration of a plan or a running session: what a published model says of patients of this
 * weight, given what the pump gave and will give.  Shown beside the record; nothing is decided by it. */
#include <math.h>
#include <string.h>

#include "app/predict.h"

/* Which model speaks, and of how many virtual patients the band is made. */
static const struct {
    const char *file, *route, *output;
} setting = {"racemic-arterial.yaml", "intravenous", "ketamine"};
const size_t rac_predict_subjects = 400;
const uint64_t rac_predict_seed = 1;

enum { STEP_MIN = 30, UNTIL_MIN = 240, ROWS_MAX = RAC_PREDICT_ROWS };
_Static_assert(ROWS_MAX >= UNTIL_MIN / STEP_MIN + 2, "the rows, the end of the infusion, and now");

typedef rac_predict_moment moment;
typedef rac_predict_outlook outlook;
typedef rac_predict_question question;

/* Keeps the rows in order; two moments of one time become one, with both remarks' first. */
static void add_moment(outlook *o, double min, const char *remark)
{
    size_t at = 0;
    while (at < o->count && o->rows[at].min < min - 1e-6)
        at++;
    if (at < o->count && fabs(o->rows[at].min - min) <= 1e-6) {
        if (!o->rows[at].remark[0])
            o->rows[at].remark = remark;
        return;
    }
    memmove(o->rows + at + 1, o->rows + at, (o->count - at) * sizeof *o->rows);
    o->rows[at] = (moment){min, remark};
    o->count++;
}

/* Segments become infusions, cut where the syringe is empty; *end_min is when drug last flows. */
static rac_regimen regimen_of(rac_arena *arena, const rac_plan *plan, int route,
                              const rac_rate_segment *segments, size_t count, double *end_min)
{
    rac_regimen regimen = rac_regimen_new(arena);
    const double mg_per_ml = rac_decimal_double(plan->concentration_mg_per_ml);
    double left_ml = rac_decimal_double(plan->final_volume_ml);
    *end_min = 0;
    for (size_t i = 0; i < count; i++) {
        const double ml_per_h = rac_decimal_double(segments[i].rate_ml_per_h);
        const double from_h = (double)(segments[i].from.ms - segments[0].from.ms) / 3.6e6;
        if (ml_per_h <= 0 || left_ml <= 0)
            continue;
        double hours = left_ml / ml_per_h;
        if (segments[i].to.ms != INT64_MAX)
            hours = fmin(hours, (double)(segments[i].to.ms - segments[i].from.ms) / 3.6e6);
        if (hours <= 0)
            continue;
        rac_regimen_add(&regimen, rac_dose_infusion(from_h, route, hours * ml_per_h * mg_per_ml, hours));
        left_ml -= hours * ml_per_h;
        *end_min = 60 * (from_h + hours);
    }
    return regimen;
}

static rac_status read_model(rac_arena *arena, const char *file, rac_model **model, rac_error *err)
{
    rac_text bytes;
    rac_problems problems = rac_problems_init(arena);
    rac_status status = rac_app_read_data(arena, "models", file, &bytes, err);
    if (!status && (status = rac_model_read(arena, bytes, file, model, &problems)))
        *err = problems.items[0];
    if (!status)
        status = rac_model_check_ready(*model, err);
    return status;
}

static void write_outlook(rac_arena *arena, const outlook *o, const rac_prediction *p, size_t output,
                          const rac_model *model, char **text, json_t **json)
{
    const rac_model_about *about = rac_model_describe(model);
    const double *typical = p->typical + output * o->count;
    const double *low = p->band + output * p->quantiles * o->count, *high = low + o->count;
    json_t *rows = json_array(), *sources = json_array(), *outside = json_array();
    char *lines = rac_format(arena, "Predicted ketamine in %s, not measured:\n", about->sampling);
    for (size_t i = 0; i < o->count; i++) {
        const moment *m = &o->rows[i];
        lines = rac_format(arena, "%s  %5.0f min  %4.0f ng/mL  (90 %% of people %.0f to %.0f)%s%s\n", lines,
                           m->min, 1000 * typical[i], 1000 * low[i], 1000 * high[i], m->remark[0] ? "  " : "",
                           m->remark);
        json_array_append_new(rows, json_pack("{s:f, s:f, s:f, s:f, s:s}", "min", m->min, "typical_ng_per_ml",
                                              1000 * typical[i], "p05_ng_per_ml", 1000 * low[i],
                                              "p95_ng_per_ml", 1000 * high[i], "remark", m->remark));
    }
    lines = rac_format(arena, "%s  model models/%s: %s\n", lines, setting.file, about->title);
    for (size_t i = 0; i < about->source_count; i++) {
        lines = rac_format(arena, "%s  source %s\n", lines, about->sources[i]);
        json_array_append_new(sources, json_string(about->sources[i]));
    }
    for (size_t i = 0; i < p->outside_count; i++) {
        lines = rac_format(arena, "%s  outside what was studied: %s\n", lines, p->outside[i]);
        json_array_append_new(outside, json_string(p->outside[i]));
    }
    *json = json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "model", setting.file, "title", about->title,
                      "sampling", about->sampling, "subjects", (int)p->subjects, "sources", sources,
                      "outside", outside, "rows", rows);
    lines = rac_format(
        arena, "%s%s", lines,
        rac_app_interactions_text(arena, model, rac_model_find_route(model, setting.route), *json));
    *text = rac_format(arena, "%s  A prediction to read beside the patient; it recommends nothing.\n", lines);
}

static rac_status prepare(rac_arena *arena, const rac_plan *plan, const rac_rate_segment *segments,
                          size_t count, question *q, rac_error *err)
{
    const rac_status status = read_model(arena, q->file, &q->model, err);
    if (status)
        return status;
    const int route = rac_model_find_route(q->model, setting.route);
    const int output = rac_model_find_output(q->model, setting.output);
    if (route < 0 || output < 0)
        return rac_fail(err, RAC_UNSUPPORTED, "%s has no %s", q->file,
                        route < 0 ? setting.route : setting.output);
    q->output = (size_t)output;
    q->regimen = regimen_of(arena, plan, route, segments, count, &q->end_min);
    const size_t covariates = rac_model_covariates(q->model);
    q->covariates = rac_many(arena, double, covariates);
    for (size_t i = 0; i < covariates; i++)
        q->covariates[i] = strcmp(rac_model_covariate(q->model, i)->name, "weight") == 0
                               ? rac_decimal_double(plan->weight_kg)
                               : NAN;
    return RAC_OK;
}

static rac_status answer(rac_arena *arena, const question *q, const double *times_h, size_t times,
                         rac_prediction *prediction, rac_error *err)
{
    static const double quantiles[] = {0.05, 0.95};
    const rac_prediction_request request = {.covariates = q->covariates,
                                            .regimen = &q->regimen,
                                            .times_h = times_h,
                                            .times = times,
                                            .quantiles = quantiles,
                                            .quantile_count = 2,
                                            .subjects = rac_predict_subjects,
                                            .seed = rac_predict_seed};
    return rac_pharma_predict(arena, q->model, &request, prediction, err);
}

rac_predict_outlook rac_predict_moments(double end_min, double now_min)
{
    outlook o = {.count = 0};
    for (int min = STEP_MIN; min <= UNTIL_MIN; min += STEP_MIN)
        add_moment(&o, min, "");
    add_moment(&o, end_min, "end of infusion");
    if (now_min > 0 && now_min <= UNTIL_MIN)
        add_moment(&o, now_min, "now");
    return o;
}

static void times_of(const outlook *o, double *times_h)
{
    for (size_t i = 0; i < o->count; i++)
        times_h[i] = o->rows[i].min / 60;
}

static rac_status predict(rac_arena *arena, const rac_plan *plan, const rac_rate_segment *segments,
                          size_t count, double now_min, char **text, json_t **json, rac_error *err)
{
    question q = {.file = setting.file};
    rac_status status = prepare(arena, plan, segments, count, &q, err);
    if (status)
        return status;
    const outlook o = rac_predict_moments(q.end_min, now_min);
    double times_h[ROWS_MAX];
    times_of(&o, times_h);
    rac_prediction prediction;
    if ((status = answer(arena, &q, times_h, o.count, &prediction, err)))
        return status;
    write_outlook(arena, &o, &prediction, q.output, q.model, text, json);
    return RAC_OK;
}

/* A card stands without its prediction: what is missing is said in its place. */
static char *added(rac_arena *arena, const rac_plan *plan, const rac_rate_segment *segments, size_t count,
                   double now_min, json_t *into)
{
    char *text = NULL;
    json_t *json = NULL;
    rac_error err = {0};
    if (predict(arena, plan, segments, count, now_min, &text, &json, &err)) {
        text = rac_format(arena, "No concentration is predicted: %s\n", err.message);
        json = json_pack("{s:s}", "missing", err.message);
    }
    if (json_is_object(into))
        json_object_set_new(into, "predicted", json);
    else
        json_decref(json);
    return rac_format(arena, "\n%s", text);
}

char *rac_app_predict_plan(rac_arena *arena, const rac_plan *plan, json_t *into)
{
    const rac_rate_segment whole = {{0}, {INT64_MAX}, plan->rate_ml_per_h};
    return added(arena, plan, &whole, 1, -1, into);
}

char *rac_app_predict_session(rac_arena *arena, const rac_session *session, rac_instant now, json_t *into)
{
    if (!session->plan)
        return rac_string_copy(arena, "");
    if (!session->segment_count)
        return rac_app_predict_plan(arena, session->plan, into);
    const double now_min = (double)(now.ms - session->segments[0].from.ms) / 60000;
    return added(arena, session->plan, session->segments, session->segment_count, now_min, into);
}

/* ---- several models side by side ---- */

enum { MODELS_MAX = RAC_PREDICT_MODELS };

typedef struct opinion {
    question q;
    rac_prediction prediction;
    const rac_model_about *about;
} opinion;

static rac_status no_such_model(const char *name, rac_error *err)
{
    rac_fail(err, RAC_NOT_FOUND, "there is no model '%.60s' that comes with the program", name);
    rac_error_hint(err, "racemate model list names them");
    return RAC_NOT_FOUND;
}

/* A model of another substance would take these mg for something else. */
rac_status rac_predict_ask(rac_arena *arena, const rac_plan *plan, rac_text name, rac_predict_question *q,
                           rac_error *err)
{
    const rac_rate_segment whole = {{0}, {INT64_MAX}, plan->rate_ml_per_h};
    rac_model *usual = NULL;
    const char *typed = rac_text_copy(arena, name);
    if (!name.size || strspn(typed, "abcdefghijklmnopqrstuvwxyz0123456789-") != name.size)
        return no_such_model(typed, err);
    *q = (question){.file = rac_format(arena, "%s.yaml", typed)};
    rac_status status = prepare(arena, plan, &whole, 1, q, err);
    if (status == RAC_NOT_FOUND)
        return no_such_model(typed, err);
    if (status || (status = read_model(arena, setting.file, &usual, err)))
        return status;
    const rac_model_about *about = rac_model_describe(q->model);
    const char *substance = rac_model_describe(usual)->substance;
    if (strcmp(about->substance, substance) != 0)
        return rac_fail(err, RAC_UNSUPPORTED, "the model '%s' is written for %s, the plan is of %s", typed,
                        about->substance, substance);
    return RAC_OK;
}

static rac_status ask(rac_arena *arena, const rac_plan *plan, rac_text name, opinion *one, rac_error *err)
{
    const rac_status status = rac_predict_ask(arena, plan, name, &one->q, err);
    if (status)
        return status;
    one->about = rac_model_describe(one->q.model);
    const outlook o = rac_predict_moments(one->q.end_min, -1);
    double times_h[ROWS_MAX];
    times_of(&o, times_h);
    return answer(arena, &one->q, times_h, o.count, &one->prediction, err);
}

static char *cell(rac_arena *arena, const opinion *one, size_t i)
{
    const rac_prediction *p = &one->prediction;
    const double *typical = p->typical + one->q.output * p->times;
    const double *low = p->band + one->q.output * p->quantiles * p->times, *high = low + p->times;
    if (rac_model_etas(one->q.model) == 0)
        return rac_format(arena, "%.0f", 1000 * typical[i]);
    return rac_format(arena, "%.0f (%.0f to %.0f)", 1000 * typical[i], 1000 * low[i], 1000 * high[i]);
}

static void write_opinions(rac_arena *arena, const opinion *opinions, size_t count, json_t *into, char **text)
{
    const outlook o = rac_predict_moments(opinions[0].q.end_min, -1);
    json_t *list = json_array();
    char *lines =
        rac_format(arena, "\nPredicted %s, not measured, ng/mL (90 %% of people):\n        ", setting.output);
    for (size_t m = 0; m < count; m++)
        lines = rac_format(arena, "%s  %-22s", lines, opinions[m].about->name);
    for (size_t i = 0; i < o.count; i++) {
        lines = rac_format(arena, "%s\n%5.0f min", lines, o.rows[i].min);
        for (size_t m = 0; m < count; m++)
            lines = rac_format(arena, "%s  %-22s", lines, cell(arena, &opinions[m], i));
        lines = rac_format(arena, "%s%s", lines, o.rows[i].remark);
    }
    for (size_t m = 0; m < count; m++) {
        const opinion *one = &opinions[m];
        char *ignored;
        json_t *json = NULL;
        write_outlook(arena, &o, &one->prediction, one->q.output, one->q.model, &ignored, &json);
        json_object_set_new(json, "model", json_string(one->q.file));
        json_array_append_new(list, json);
        lines = rac_format(arena, "%s\n  %s: %s; %s", lines, one->about->name, one->about->sampling,
                           one->about->sources[0]);
        for (size_t i = 1; i < one->about->source_count; i++)
            lines = rac_format(arena, "%s; %s", lines, one->about->sources[i]);
        for (size_t i = 0; i < one->prediction.outside_count; i++)
            lines =
                rac_format(arena, "%s\n  outside what was studied: %s", lines, one->prediction.outside[i]);
    }
    *text = rac_format(
        arena, "%s\n  Where models differ nobody knows which is right; none recommends anything.\n", lines);
    if (json_is_object(into))
        json_object_set_new(into, "models", list);
    else
        json_decref(list);
}

rac_status rac_app_predict_models(rac_arena *arena, const rac_plan *plan, const char *names, json_t *into,
                                  char **text, rac_error *err)
{
    opinion opinions[MODELS_MAX] = {0};
    size_t count = 0;
    for (rac_text rest = rac_text_of(names), part; rest.data;) {
        part = rac_text_trim(rac_text_split(rest, ',', &rest));
        if (count == MODELS_MAX)
            return rac_fail(err, RAC_LIMIT, "more than %d models", MODELS_MAX);
        const rac_status status = ask(arena, plan, part, &opinions[count], err);
        if (status)
            return status;
        count++;
    }
    write_opinions(arena, opinions, count, into, text);
    return RAC_OK;
}

/* ---- the curve of a running session, minute by minute ---- */

static json_t *curve_json(const question *q, const rac_prediction *p, rac_instant from)
{
    const rac_model_about *about = rac_model_describe(q->model);
    const double *typical = p->typical + q->output * p->times;
    const double *low = p->band + q->output * p->quantiles * p->times, *high = low + p->times;
    json_t *rows = json_array(), *sources = json_array(), *outside = json_array();
    for (size_t i = 0; i < p->times; i++)
        json_array_append_new(rows, json_pack("[I, f, f, f]", (json_int_t)(from.ms + (int64_t)i * 60000),
                                              1000 * typical[i], 1000 * low[i], 1000 * high[i]));
    for (size_t i = 0; i < about->source_count; i++)
        json_array_append_new(sources, json_string(about->sources[i]));
    for (size_t i = 0; i < p->outside_count; i++)
        json_array_append_new(outside, json_string(p->outside[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "unit", "ng/mL", "sampling", about->sampling,
                     "model", setting.file, "title", about->title, "sources", sources, "outside", outside,
                     "rows", rows);
}

rac_status rac_app_session_curve(rac_app *app, const char *session_id, json_t **view, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    rac_case c;
    rac_status status = rac_case_load(app, arena, session_id, rac_app_now(app), &c, err);
    const rac_session *s = &c.session;
    *view = NULL;
    if (!status && s->plan && s->segment_count) {
        question q = {.file = setting.file};
        rac_prediction prediction;
        rac_error why = {0};
        double times_h[UNTIL_MIN + 1];
        for (int min = 0; min <= UNTIL_MIN; min++)
            times_h[min] = min / 60.0;
        if (prepare(arena, s->plan, s->segments, s->segment_count, &q, &why) ||
            answer(arena, &q, times_h, UNTIL_MIN + 1, &prediction, &why))
            *view = json_pack("{s:s, s:[]}", "missing", why.message, "rows");
        else
            *view = curve_json(&q, &prediction, s->segments[0].from);
    }
    if (!status && !*view)
        *view = json_pack("{s:s, s:[]}", "missing", "the infusion has not begun", "rows");
    rac_arena_free(arena);
    return status;
}
