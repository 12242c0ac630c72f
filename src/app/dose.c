/* `racemate dose`: how much may be given over how long, so that limits hold in a stated share of patients. */
#include <math.h>
#include <string.h>

#include "app/dose.h"
#include "app/fit.h"
#include "app/simulate.h"
#include "base/units.h"

enum { PEOPLE_MAX = 20000, DURATIONS_MAX = 60 };

static const double SHARES[] = {0.5, 0.99};

/* What depression trials gave, so that nothing is said of benefit beyond it. */
static const rac_app_studied studied[] = {
    {"racemic ketamine", 0.1, 1.0, 40,
     "single infusions of 0.1, 0.2, 0.5 and 1 mg/kg: Fava 2020, "
     "doi:10.1038/s41380-018-0256-5"},
};

/* ---- what was asked ---- */

/* The route a dose names, or the only one of the model. */
static rac_status find_route(rac_arena *arena, const rac_model *model, const rac_sim_dose *dose,
                             const char *typed, int *found, rac_error *err)
{
    *found = dose->route ? rac_model_find_route(model, dose->route) : rac_model_routes(model) == 1 ? 0 : -1;
    if (*found >= 0)
        return RAC_OK;
    rac_fail(err, RAC_INVALID, "'%.60s' names no route of the model '%s'", typed,
             rac_model_describe(model)->name);
    char *names = rac_string_copy(arena, rac_model_route_name(model, 0));
    for (size_t i = 1; i < rac_model_routes(model); i++)
        names = rac_format(arena, "%s, %s", names, rac_model_route_name(model, i));
    rac_error_hint(err, "add 'via' and one of: %s", names);
    return RAC_INVALID;
}

/* "0.5 mg/kg over 40 min", and "via ROUTE" where the model has several: one infusion, from the beginning. */
static rac_status parse_dose(rac_arena *arena, const rac_model *model, const char *typed, rac_dose *dose,
                             rac_error *err)
{
    rac_sim_dose *doses;
    size_t count;
    const rac_status status = rac_sim_parse_doses(arena, typed, NULL, &doses, &count, err);
    if (status)
        return status;
    if (count != 1 || doses[0].dose.kind != RAC_DOSE_INFUSION || doses[0].dose.time_h > 0 ||
        doses[0].dose.steady)
        return rac_fail(err, RAC_INVALID, "'%.60s' is no infusion like '0.5 mg/kg over 40 min'", typed);
    *dose = doses[0].dose;
    return find_route(arena, model, &doses[0], typed, &dose->route, err);
}

/* --after: "0.5 mg/kg over 40 min, 72 h ago", by the route of the dose unless it names another. */
static rac_status parse_before(rac_call *call, rac_app_search *s, rac_error *err)
{
    const char *typed = rac_call_value(call, "after");
    rac_sim_dose *doses;
    size_t count;
    if (!typed)
        return RAC_OK;
    rac_status status = rac_sim_parse_past(call->arena, typed, &doses, &count, err);
    s->before = rac_regimen_new(call->arena);
    for (size_t i = 0; !status && i < count; i++) {
        doses[i].dose.route = s->ask.dose.route;
        if (doses[i].route)
            status = find_route(call->arena, s->model, &doses[i], typed, &doses[i].dose.route, err);
        rac_regimen_add(&s->before, doses[i].dose);
    }
    s->before_words = typed;
    s->ask.given = &s->before;
    return status;
}

/* "20 min..100 min by 10 min", or one duration. */
static rac_status parse_durations(rac_arena *arena, const char *typed, double **hours, size_t *count,
                                  rac_error *err)
{
    rac_text rest = rac_text_of(typed), first = rest;
    rac_duration from, until, step = {600000};
    const char *by = strstr(typed, " by "), *dots = strstr(typed, "..");
    rac_status status = by ? rac_duration_parse(rac_text_of(by + 4), &step, err) : RAC_OK;
    if (by)
        rest.size = (size_t)(by - typed);
    first.size = dots ? (size_t)(dots - typed) : rest.size;
    if (status || (status = rac_duration_parse(rac_text_trim(first), &from, err)))
        return status;
    until = from;
    if (dots &&
        (status = rac_duration_parse(
             rac_text_trim((rac_text){dots + 2, rest.size - (size_t)(dots + 2 - typed)}), &until, err)))
        return status;
    if (from.ms <= 0 || until.ms < from.ms || step.ms <= 0 || (until.ms - from.ms) / step.ms >= DURATIONS_MAX)
        return rac_fail(err, RAC_INVALID, "'%.60s' is no range of at most %d durations", typed,
                        DURATIONS_MAX);
    *count = (size_t)((until.ms - from.ms) / step.ms) + 1;
    *hours = rac_many(arena, double, *count);
    for (size_t i = 0; i < *count; i++)
        (*hours)[i] = (double)(from.ms + (int64_t)i * step.ms) / 3.6e6;
    return RAC_OK;
}

/* "0.1 mg/kg..1 mg/kg over 40 min", in the unit of the dose. */
static rac_status parse_studied(const char *typed, const rac_dose *dose, rac_app_studied *out, rac_error *err)
{
    const char *dots = strstr(typed, ".."), *over = strstr(typed, " over ");
    if (!dots || !over || over < dots)
        return rac_fail(err, RAC_INVALID, "'%.60s' is no studied range: '0.1 mg/kg..1 mg/kg over 40 min'",
                        typed);
    const rac_text ends[] = {{typed, (size_t)(dots - typed)}, {dots + 2, (size_t)(over - dots - 2)}};
    double values[2];
    rac_duration span;
    rac_status status = rac_duration_parse(rac_text_of(over + 6), &span, err);
    for (int i = 0; !status && i < 2; i++) {
        rac_quantity quantity;
        status = rac_quantity_parse(rac_text_trim(ends[i]), &quantity, err);
        if (!status)
            status = rac_quantity_in(quantity, rac_unit_of(dose->per_kg ? "mg/kg" : "mg"), &values[i], err);
    }
    if (status)
        return status;
    if (!(values[0] > 0 && values[1] >= values[0]) || span.ms <= 0)
        return rac_fail(err, RAC_INVALID, "'%.60s' is no studied range", typed);
    *out = (rac_app_studied){"", values[0], values[1], (double)span.ms / 60000, "as given by --studied"};
    return RAC_OK;
}

/* The trials that gave this substance, or what the caller names; false: nothing is known.  Trials gave single
 * infusions, so they say nothing of one that follows others. */
static rac_status find_studied(const rac_call *call, const rac_model *model, const rac_dose *dose,
                               rac_app_studied *out, bool *known, rac_error *err)
{
    const char *typed = rac_call_value(call, "studied"), *substance = rac_model_describe(model)->substance;
    *known = typed != NULL;
    if (typed)
        return parse_studied(typed, dose, out, err);
    const bool single = dose->per_kg && !rac_call_value(call, "after");
    for (size_t i = 0; single && i < sizeof studied / sizeof *studied; i++)
        if (strncmp(substance, studied[i].substance, strlen(studied[i].substance)) == 0) {
            *out = studied[i];
            *known = true;
        }
    return RAC_OK;
}

/* ---- who ---- */

/* The one subject of the table, or the one named by --id. */
static rac_status choose_subject(const rac_call *call, const rac_events *events,
                                 const rac_events_subject **subject, size_t *place, rac_error *err)
{
    const char *typed = rac_call_value(call, "id");
    double id;
    if (!typed && events->count > 1)
        return rac_fail(err, RAC_INVALID, "the table has %zu subjects: say which with --id", events->count);
    if (typed && rac_number_parse(rac_text_of(typed), &id, err))
        return RAC_INVALID;
    for (size_t i = 0; i < events->count; i++)
        if (!typed || !(events->subjects[i].id < id || events->subjects[i].id > id)) {
            *subject = &events->subjects[i];
            *place = i;
            return RAC_OK;
        }
    return rac_fail(err, RAC_NOT_FOUND, "the table has no subject %s", typed);
}

/* A patient's posterior for a session that has not been; covariates as they were last, unless told anew. */
static rac_status take_patient(rac_call *call, const rac_model *model, rac_app_search *search,
                               rac_reply *reply, rac_error *err)
{
    rac_events events;
    const rac_events_subject *subject = NULL;
    size_t place = 0;
    rac_status status = rac_app_events_argument(call, model, &events, reply, err);
    if (status || (status = choose_subject(call, &events, &subject, &place, err)))
        return status;
    const rac_fit_draw_options options = {
        .kept = search->ask.subjects, .seed = search->ask.seed, .subject = place};
    rac_app_fit *fit = rac_new(call->arena, rac_app_fit);
    rac_app_fit_subject(call->arena, model, subject, &options, false, fit);
    if (!fit->drawn) {
        rac_fail(err, fit->error.status, "ID %g was not fitted: %s", subject->id, fit->error.message);
        return fit->error.status;
    }
    const size_t n = rac_model_covariates(model);
    for (size_t i = 0; i < n; i++)
        if (isnan(search->covariates[i]))
            search->covariates[i] = subject->constants[(size_t)(subject->epochs - 1) * n + i];
    search->patient = fit;
    search->ask.etas = fit->draws.next_etas;
    return RAC_OK;
}

/* ---- words ---- */

/* Three digits, never more than is allowed (down) and never less than is needed (up). */
static double round_to_three(double value, bool up)
{
    if (!(value > 0) || isinf(value))
        return value;
    const double step = pow(10, floor(log10(value)) - 2), steps = value / step;
    return step * (up ? ceil(steps - 1e-9) : floor(steps + 1e-9));
}

static char *amount(rac_arena *arena, const rac_app_search *s, double value, bool up)
{
    if (isinf(value))
        return rac_string_copy(arena, up ? "no amount" : "no limit");
    if (!(value > 0))
        return rac_string_copy(arena, up ? "nothing" : "none");
    return rac_format(arena, "%.3g %s", round_to_three(value, up), s->unit);
}

const char *rac_app_benefit(const rac_app_search *s, double minutes, double value)
{
    if (!s->studied_known || fabs(minutes - s->studied.minutes) > 1e-6 || value < s->studied.low ||
        value > s->studied.high)
        return "cannot say";
    return "studied";
}

static char *head(rac_arena *arena, const rac_app_search *s)
{
    const rac_model_about *about = rac_model_describe(s->model);
    const int weight = rac_model_find_covariate(s->model, "weight");
    double kg = weight < 0 ? NAN : s->covariates[weight];
    if (weight >= 0 && isnan(kg))
        kg = rac_model_covariate(s->model, (size_t)weight)->fallback;
    char *who = weight < 0 ? rac_string_copy(arena, "") : rac_format(arena, " of %g kg", kg);
    char *text =
        s->patient
            ? rac_format(
                  arena,
                  "%s, %s\n%zu draws of what the samples of ID %g leave possible (%.0f of %zu effective), a "
                  "person%s, seed %llu\n",
                  about->title, about->sampling, s->ask.subjects, s->patient->subject->id,
                  s->patient->draws.effective, s->patient->draws.proposed, who,
                  (unsigned long long)s->ask.seed)
            : rac_format(arena, "%s, %s\n%zu virtual people%s, seed %llu\n", about->title, about->sampling,
                         s->ask.subjects, who, (unsigned long long)s->ask.seed);
    for (size_t i = 0; i < about->source_count; i++)
        text = rac_format(arena, "%s  source %s\n", text, about->sources[i]);
    for (size_t i = 0; i < about->note_count; i++)
        text = rac_format(arena, "%s  note %s\n", text, about->notes[i]);
    const char *outside = rac_app_outside(arena, s->model, s->covariates);
    if (outside[0])
        text = rac_format(arena, "%s  outside what was studied: %s\n", text, outside);
    if (!rac_model_etas(s->model))
        text = rac_format(
            arena, "%s  this model knows no differences between people: every share is 0 or 100 %%\n", text);
    text = rac_format(arena, "%s%s", text, s->with);
    if (s->before_words)
        text = rac_format(arena, "%s  after %s\n", text, s->before_words);
    for (size_t k = 0; k < s->ask.target_count; k++)
        text = rac_format(arena, "%s  %s %zu: %s\n", text, s->targets[k].target.goal ? "goal" : "limit",
                          k + 1, s->words[k]);
    return text;
}

static char *rows(rac_arena *arena, const rac_app_search *s, char *text)
{
    char *given = rac_format(arena, "at %.4g %s", s->ask.dose.amount_mg, s->unit);
    text = rac_format(arena, "%s\n%9s  %-12s  %-12s ", text, "over", "at most", "at least");
    for (size_t k = 0; k < s->ask.target_count; k++)
        text = rac_format(arena, "%s %5s %zu", text, s->targets[k].target.goal ? "goal" : "limit", k + 1);
    text =
        rac_format(arena, "%s  benefit\n%9s  %-12s  %-12s  %s\n", text, "", "for limits", "for goals", given);
    for (size_t i = 0; i < s->ask.durations; i++) {
        const rac_search_point *p = &s->points[i];
        text = rac_format(arena, "%s%5.4g min  %-12s  %-12s ", text, 60 * p->duration_h,
                          amount(arena, s, p->most, false),
                          p->least > 0 ? amount(arena, s, p->least, true) : "");
        for (size_t k = 0; k < s->ask.target_count; k++)
            text = rac_format(arena, "%s %5.1f %%", text, 100 * p->share[k]);
        text = rac_format(arena, "%s  %s%s\n", text, rac_app_benefit(s, 60 * p->duration_h, p->most),
                          p->possible ? "" : "; no amount holds limits and goals together");
    }
    return text;
}

/* Half of the 95 % interval of a share near one half, where it is widest; of a posterior, by its effective
 * draws. */
static double share_error(const rac_app_search *s)
{
    double people = (double)(s->ask.subjects - s->points[0].failed);
    if (s->patient)
        people = fmin(people, s->patient->draws.effective);
    return 1.96 * 0.5 / sqrt(people);
}

static char *foot(rac_arena *arena, const rac_app_search *s, char *text)
{
    if (s->points[0].interpolated)
        text = rac_format(
            arena, "%sThis model is not linear in the dose: amounts are interpolated, within 1 %%.\n", text);
    if (s->points[0].failed)
        text = rac_format(arena, "%s%zu virtual patients have no answer and are left out.\n", text,
                          s->points[0].failed);
    text = rac_format(
        arena,
        "%s\nShares are of virtual patients under this model, known to %.1f points at worst for so "
        "many of them; the middle columns tell in how many each limit or goal holds with the dose "
        "as given.\n",
        text, 100 * share_error(s));
    if (s->studied_known)
        text = rac_format(
            arena,
            "%sBenefit: `studied` means that depression trials gave such a dose (%.3g to %.3g %s over "
            "%.4g min; %s), not that it helps. For every other one this cannot say.\n",
            text, s->studied.low, s->studied.high, s->unit, s->studied.minutes, s->studied.source);
    else
        text = rac_format(arena,
                          "%sBenefit: cannot say; no studied range is known for this substance and dose "
                          "(--studied gives one).\n",
                          text);
    return rac_format(arena, "%sIt recommends nothing; a prescriber decides.\n", text);
}

/* ---- JSON ---- */

static json_t *finite_or(double x, const char *word)
{
    return isfinite(x) ? json_real(x) : json_string(word);
}

static json_t *points_json(const rac_app_search *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->ask.durations; i++) {
        const rac_search_point *p = &s->points[i];
        json_t *shares = json_array(), *lines = json_array();
        for (size_t k = 0; k < s->ask.target_count; k++)
            json_array_append_new(shares, json_real(p->share[k]));
        for (size_t k = 0; k < s->ask.share_count; k++)
            json_array_append_new(lines, json_pack("{s:f, s:o}", "share", s->ask.shares[k], "at_most",
                                                   finite_or(p->most_by_share[k], "no limit")));
        json_array_append_new(list, json_pack("{s:f, s:o, s:o, s:b, s:o, s:f, s:o, s:s}", "duration_min",
                                              60 * p->duration_h, "at_most", finite_or(p->most, "no limit"),
                                              "at_least", finite_or(p->least, "no amount"), "possible",
                                              (int)p->possible, "shares", shares, "share_of_limits",
                                              p->share_of_limits, "lines", lines, "benefit",
                                              rac_app_benefit(s, 60 * p->duration_h, p->most)));
    }
    return list;
}

static json_t *before_json(const rac_app_search *s)
{
    json_t *list = json_array();
    for (size_t i = 0; s->before_words && i < s->before.count; i++) {
        const rac_dose *dose = &s->before.items[i];
        json_t *one =
            json_pack("{s:f, s:f, s:s, s:f, s:s}", "time_h", dose->time_h, "amount", dose->amount_mg, "unit",
                      dose->per_kg ? "mg/kg" : "mg", "duration_h", dose->duration_h, "route",
                      rac_model_route_name(s->model, (size_t)dose->route));
        if (dose->steady)
            json_object_set_new(one, "steady_every_h", json_real(dose->interval_h));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *search_json(rac_arena *arena, const rac_app_search *s)
{
    json_t *targets = json_array();
    for (size_t k = 0; k < s->ask.target_count; k++)
        json_array_append_new(targets, json_pack("{s:s, s:s, s:f, s:f}", "kind",
                                                 s->targets[k].target.goal ? "goal" : "limit", "words",
                                                 s->words[k], "level", s->targets[k].target.level, "share",
                                                 s->targets[k].target.probability));
    json_t *known = s->studied_known
                        ? json_pack("{s:f, s:f, s:f, s:s}", "low", s->studied.low, "high", s->studied.high,
                                    "minutes", s->studied.minutes, "source", s->studied.source)
                        : json_string("cannot say");
    json_t *patient =
        s->patient ? json_pack("{s:f, s:f, s:I}", "id", s->patient->subject->id, "effective_draws",
                               s->patient->draws.effective, "draws", (json_int_t)s->patient->draws.proposed)
                   : json_null();
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:I, s:I, s:I, s:f, s:o, s:f, s:s, s:o, s:o, s:o, s:b}",
                     "outside", rac_app_outside(arena, s->model, s->covariates), "model",
                     rac_model_describe(s->model)->name, "sampling", rac_model_describe(s->model)->sampling,
                     "with", s->with, "after", before_json(s), "interpolated", (int)s->points[0].interpolated,
                     "subjects", (json_int_t)s->ask.subjects, "failed", (json_int_t)s->points[0].failed,
                     "seed", (json_int_t)s->ask.seed, "share_error", share_error(s), "patient", patient,
                     "amount", s->ask.dose.amount_mg, "unit", s->unit, "targets", targets, "studied", known,
                     "durations", points_json(s), "recommends", 0);
}

/* ---- the command ---- */

/* Durations, and among them the one of the dose, so that it stands in the table. */
static rac_status take_durations(rac_call *call, rac_app_search *s, rac_error *err)
{
    const char *typed = rac_call_value(call, "durations");
    double *hours = NULL;
    size_t count = 0, at = 0;
    const rac_status status =
        parse_durations(call->arena, typed ? typed : "20 min..100 min by 10 min", &hours, &count, err);
    if (status)
        return status;
    double *all = rac_many(call->arena, double, count + 1);
    const double own = s->ask.dose.duration_h;
    bool placed = false;
    for (size_t i = 0; i < count; i++) {
        if (!placed && own < hours[i] + 1e-9) {
            all[at++] = own;
            placed = true;
            if (own > hours[i] - 1e-9)
                continue;
        }
        all[at++] = hours[i];
    }
    if (!placed)
        all[at++] = own;
    s->ask.durations_h = all;
    s->ask.durations = at;
    return RAC_OK;
}

/* --with: the model with another drug, for the route of the dose. */
static rac_status take_other_drugs(rac_call *call, rac_app_search *s, rac_error *err)
{
    rac_regimen regimen = rac_regimen_new(call->arena);
    rac_regimen_add(&regimen, s->ask.dose);
    for (size_t i = 0; s->ask.given && i < s->ask.given->count; i++)
        rac_regimen_add(&regimen, s->ask.given->items[i]);
    return rac_app_with(call, &regimen, &s->model, &s->with, err);
}

static rac_status take_question(rac_call *call, rac_app_search *s, rac_reply *reply, rac_error *err)
{
    int64_t people, seed;
    rac_status status;
    if ((status = rac_app_model_argument(call, "model", &s->model, reply, err)) ||
        (status = rac_model_check_ready(s->model, err)) ||
        (status = parse_dose(call->arena, s->model, rac_call_value(call, "dose"), &s->ask.dose, err)) ||
        (status = parse_before(call, s, err)) || (status = take_other_drugs(call, s, err)) ||
        (status = rac_app_search_targets(call, s, err)) ||
        (status = rac_call_whole(call, "n", 1000, 100, PEOPLE_MAX, &people, err)) ||
        (status = rac_call_whole(call, "seed", 1, 0, INT64_MAX, &seed, err)) ||
        (status = rac_app_subject(call, s->model, &s->covariates, err)) ||
        (status = take_durations(call, s, err)) ||
        (status = find_studied(call, s->model, &s->ask.dose, &s->studied, &s->studied_known, err)))
        return status;
    s->unit = s->ask.dose.per_kg ? "mg/kg" : "mg";
    s->ask.after_h = 4;
    s->ask.shares = SHARES;
    s->ask.share_count = sizeof SHARES / sizeof *SHARES;
    s->ask.subjects = (size_t)people;
    s->ask.seed = (uint64_t)seed;
    if (rac_call_value(call, "data") && (status = take_patient(call, s->model, s, reply, err)))
        return status;
    s->ask.covariates = s->covariates;
    return RAC_OK;
}

RAC_DO(rac_do_dose)
{
    rac_app_search s = {0};
    rac_status status = take_question(call, &s, reply, err);
    if (status || (status = rac_pharma_search(call->arena, s.model, &s.ask, &s.points, err)))
        return status;
    reply->text = foot(call->arena, &s, rows(call->arena, &s, head(call->arena, &s)));
    reply->json = search_json(call->arena, &s);
    rac_text svg;
    if (!rac_call_value(call, "plot") || (status = rac_app_search_plot(call->arena, &s, &svg, err)))
        return status;
    return rac_call_write(call, "plot", svg.data, svg.size, err);
}
