/* What is typed for a simulation: doses, times and people.  The grammars are in app/simulate.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate.h"

/* What was typed, short enough for a message and cut between characters: for "%.*s". */
#define QUOTED(typed) RAC_TEXT(rac_text_shorten(rac_text_of(typed), 60))

static rac_status check_typed(const char *typed, rac_error *err)
{
    return rac_text_is_utf8(rac_text_of(typed)) ? RAC_OK
                                                : rac_fail(err, RAC_INVALID, "what was typed is not UTF-8");
}

/* ---- words ---- */

typedef struct words {
    rac_text items[64];
    size_t count, at;
    const char *whole; /* for messages */
} words;

/* Apart at blanks; a comma is a word of its own. */
static rac_status split_words(rac_text text, const char *whole, words *w, rac_error *err)
{
    *w = (words){.whole = whole};
    for (size_t i = 0; i < text.size;) {
        const char c = text.data[i];
        size_t to = i + 1;
        if (c == ' ' || c == '\t' || c == '\n') {
            i = to;
            continue;
        }
        while (c != ',' && to < text.size && !strchr(" \t\n,", text.data[to]))
            to++;
        if (w->count == sizeof w->items / sizeof *w->items)
            return rac_fail(err, RAC_LIMIT, "'%.*s' has too many words", QUOTED(whole));
        w->items[w->count++] = (rac_text){text.data + i, to - i};
        i = to;
    }
    return RAC_OK;
}

static bool word_is(const words *w, size_t at, const char *word)
{
    return at < w->count && rac_text_is(w->items[at], word);
}

static bool is_count(const words *w, size_t at)
{
    int64_t number;
    return at < w->count && rac_integer_parse(w->items[at], &number, NULL) == RAC_OK;
}

/* Does a clause begin here? */
static bool is_clause(const words *w, size_t at)
{
    return word_is(w, at, "over") || word_is(w, at, "at") || word_is(w, at, "via") ||
           word_is(w, at, "every") || word_is(w, at, "times") || word_is(w, at, "steady") ||
           (is_count(w, at) && word_is(w, at + 1, "times"));
}

/* The words up to the next comma or clause, as they were typed. */
static rac_text take_phrase(words *w)
{
    const size_t from = w->at;
    while (w->at < w->count && !word_is(w, w->at, ",") && (w->at == from || !is_clause(w, w->at)))
        w->at++;
    if (w->at == from)
        return (rac_text){"", 0};
    const rac_text first = w->items[from], last = w->items[w->at - 1];
    return (rac_text){first.data, (size_t)(last.data + last.size - first.data)};
}

static const int64_t longest_ms = INT64_C(36525) * 24 * 3600 * 1000;

static rac_status take_span(words *w, bool positive, int64_t *ms, rac_error *err)
{
    rac_duration span;
    const rac_status status = rac_duration_parse(take_phrase(w), &span, err);
    if (status)
        return status;
    if (span.ms < 0 || (positive && span.ms == 0))
        return rac_fail(err, RAC_INVALID, "a span of %g min in '%.*s' is not possible",
                        (double)span.ms / 60000, QUOTED(w->whole));
    if (span.ms > longest_ms)
        return rac_fail(err, RAC_LIMIT, "'%.*s' has a span of more than a hundred years", QUOTED(w->whole));
    *ms = span.ms;
    return RAC_OK;
}

static double hours(int64_t ms)
{
    return (double)ms / 3.6e6;
}

/* ---- doses ---- */

typedef struct course {
    rac_sim_dose dose;
    int64_t over_ms;
    int64_t at_ms[64];
    size_t at_count;
    bool past;               /* "72 h ago": at_ms are below 0 */
    int64_t times, every_ms; /* times 0: not said */
    int64_t steady_ms;       /* 0: not in a steady state */
} course;

static rac_status parse_amount(rac_text typed, const char *whole, rac_dose *dose, rac_error *err)
{
    rac_quantity quantity;
    rac_status status = rac_quantity_parse(typed, &quantity, err);
    if (status)
        return status;
    const rac_unit per_kg = rac_unit_of("mg/kg"), total = rac_unit_of("mg");
    dose->per_kg = rac_dimension_same(quantity.unit.dimension, per_kg.dimension);
    if ((status = rac_quantity_in(quantity, dose->per_kg ? per_kg : total, &dose->amount_mg, err)))
        return status;
    if (!(dose->amount_mg > 0)) {
        rac_fail(err, RAC_INVALID, "'%.*s' is no dose: an amount is above 0", QUOTED(whole));
        rac_error_hint(err, "write it like 0.5 mg/kg over 40 min");
        return RAC_INVALID;
    }
    return RAC_OK;
}

static rac_status parse_repetition(words *w, course *c, rac_error *err)
{
    if (c->times)
        return rac_fail(err, RAC_INVALID, "'%.*s' says twice how often", QUOTED(w->whole));
    if (!is_count(w, w->at) || !word_is(w, w->at + 1, "times") || !word_is(w, w->at + 2, "every")) {
        rac_fail(err, RAC_INVALID, "'%.*s' does not say how often", QUOTED(w->whole));
        rac_error_hint(err, "write it like 8 times every 3.5 days");
        return RAC_INVALID;
    }
    const rac_status status = rac_integer_parse(w->items[w->at], &c->times, err);
    w->at += 3;
    if (!status && (c->times < 1 || c->times > RAC_SIM_DOSES_MAX))
        return rac_fail(err, RAC_INVALID, "%lld times is not possible: 1 to %d", (long long)c->times,
                        RAC_SIM_DOSES_MAX);
    return status ? status : take_span(w, true, &c->every_ms, err);
}

/* "at 0 h, 3 d, 7 d": a comma goes on with the list when a span follows it. */
static rac_status parse_starts(words *w, course *c, rac_error *err)
{
    c->at_count = 0;
    for (;;) {
        if (c->at_count == sizeof c->at_ms / sizeof *c->at_ms)
            return rac_fail(err, RAC_LIMIT, "'%.*s' has more than %zu times", QUOTED(w->whole), c->at_count);
        const rac_status status = take_span(w, false, &c->at_ms[c->at_count], err);
        if (status)
            return status;
        c->at_count++;
        if (!word_is(w, w->at, ",") || w->at + 1 >= w->count || is_clause(w, w->at + 1))
            return RAC_OK;
        w->at++;
    }
}

/* Does "72 h ago" begin here? */
static bool is_past(const words *w)
{
    size_t at = w->at;
    while (at < w->count && !word_is(w, at, ",") && !is_clause(w, at))
        at++;
    return at > w->at && word_is(w, at - 1, "ago");
}

static rac_status parse_past(words *w, course *c, rac_error *err)
{
    rac_text phrase = take_phrase(w);
    rac_duration span;
    phrase.size -= strlen("ago");
    const rac_status status = rac_duration_parse(rac_text_trim(phrase), &span, err);
    if (status)
        return status;
    if (span.ms <= 0 || span.ms > longest_ms)
        return rac_fail(err, RAC_INVALID, "'%.*s' has a time that is not past, or a hundred years ago",
                        QUOTED(w->whole));
    if (!c->past)
        c->at_count = 0;
    if (c->at_count == sizeof c->at_ms / sizeof *c->at_ms)
        return rac_fail(err, RAC_LIMIT, "'%.*s' has more than %zu times", QUOTED(w->whole), c->at_count);
    c->past = true;
    c->at_ms[c->at_count++] = -span.ms;
    return RAC_OK;
}

static rac_status parse_steady(words *w, course *c, rac_error *err)
{
    if (!word_is(w, w->at + 1, "every")) {
        rac_fail(err, RAC_INVALID, "'%.*s' does not say how far apart", QUOTED(w->whole));
        rac_error_hint(err, "write it like steady every 24 h");
        return RAC_INVALID;
    }
    w->at += 2;
    return take_span(w, true, &c->steady_ms, err);
}

static rac_status parse_clause(rac_arena *arena, words *w, course *c, rac_error *err)
{
    if (word_is(w, w->at, "over")) {
        w->at++;
        return take_span(w, true, &c->over_ms, err);
    }
    if (word_is(w, w->at, "at")) {
        w->at++;
        c->past = false;
        return parse_starts(w, c, err);
    }
    if (word_is(w, w->at, "via")) {
        w->at++;
        const rac_text route = take_phrase(w);
        if (!route.size)
            return rac_fail(err, RAC_INVALID, "'%.*s' names no route after 'via'", QUOTED(w->whole));
        c->dose.route = rac_text_copy(arena, route);
        return RAC_OK;
    }
    if (word_is(w, w->at, "steady"))
        return parse_steady(w, c, err);
    if (is_clause(w, w->at))
        return parse_repetition(w, c, err);
    if (is_past(w))
        return parse_past(w, c, err);
    rac_fail(err, RAC_INVALID, "'%.*s' is not understood in '%.*s'",
             RAC_TEXT(rac_text_shorten(w->items[w->at], 40)), QUOTED(w->whole));
    rac_error_hint(err,
                   "AMOUNT [over 40 min] [at 0 h, 3 d] [steady every 24 h] [8 times every 3.5 days] [via "
                   "ROUTE]; next dose");
    return RAC_INVALID;
}

static rac_status parse_course(rac_arena *arena, rac_text text, course *c, rac_error *err)
{
    words w;
    *c = (course){.at_count = 1};
    const char *whole = rac_text_copy(arena, rac_text_trim(text));
    rac_status status = split_words(text, whole, &w, err);
    if (!status && !w.count)
        return rac_fail(err, RAC_INVALID, "a dose is empty: nothing before or after ';'");
    if (!status)
        status = parse_amount(take_phrase(&w), whole, &c->dose.dose, err);
    while (!status && w.at < w.count) {
        if (word_is(&w, w.at, ",")) {
            w.at++;
            continue;
        }
        status = parse_clause(arena, &w, c, err);
    }
    return status;
}

static int compare_doses(const void *left, const void *right)
{
    const rac_sim_dose *a = left, *b = right;
    return (a->dose.time_h > b->dose.time_h) - (a->dose.time_h < b->dose.time_h);
}

static rac_status expand(rac_arena *arena, const course *c, rac_sim_dose **doses, size_t *count,
                         size_t *capacity, rac_error *err)
{
    const int64_t times = c->times ? c->times : 1;
    for (size_t a = 0; a < c->at_count; a++)
        for (int64_t k = 0; k < times; k++) {
            if (*count >= RAC_SIM_DOSES_MAX)
                return rac_fail(err, RAC_LIMIT, "more than %d doses", RAC_SIM_DOSES_MAX);
            rac_sim_dose one = c->dose;
            one.dose.time_h = hours(c->at_ms[a] + k * c->every_ms);
            one.dose.kind = c->over_ms ? RAC_DOSE_INFUSION : RAC_DOSE_BOLUS;
            one.dose.duration_h = hours(c->over_ms);
            if (c->steady_ms && k == 0) {
                one.dose.steady = RAC_STEADY_REPLACE;
                one.dose.interval_h = hours(c->steady_ms);
            }
            rac_push(arena, *doses, *count, *capacity, one);
        }
    return RAC_OK;
}

/* A second one would make the first not have been. */
static rac_status check_steady(const rac_sim_dose *doses, size_t count, const char *typed, rac_error *err)
{
    size_t steady = 0;
    for (size_t i = 0; i < count; i++)
        steady += doses[i].dose.steady != RAC_STEADY_NO;
    return steady < 2 ? RAC_OK
                      : rac_fail(err, RAC_INVALID, "'%.*s' has %zu doses in a steady state: one at most",
                                 QUOTED(typed), steady);
}

static rac_status parse_courses(rac_arena *arena, const char *typed, const course *usual, bool past,
                                rac_sim_dose **doses, size_t *count, rac_error *err)
{
    rac_status status = check_typed(typed, err);
    size_t capacity = 0;
    *doses = NULL;
    *count = 0;
    for (rac_text rest = rac_text_of(typed), part; !status && rest.data;) {
        course c;
        part = rac_text_split(rest, ';', &rest);
        status = parse_course(arena, part, &c, err);
        if (!status && c.past != past)
            return rac_fail(err, RAC_INVALID,
                            past ? "'%.*s' does not say how long ago: ', 72 h ago'"
                                 : "'%.*s' has a dose that was given before: that is not for here",
                            QUOTED(typed));
        if (!status && !c.times) {
            c.times = usual->times;
            c.every_ms = usual->every_ms;
        }
        if (!status)
            status = expand(arena, &c, doses, count, &capacity, err);
    }
    if (!status)
        qsort(*doses, *count, sizeof **doses, compare_doses);
    return status ? status : check_steady(*doses, *count, typed, err);
}

rac_status rac_sim_parse_doses(rac_arena *arena, const char *typed, const char *repeat, rac_sim_dose **doses,
                               size_t *count, rac_error *err)
{
    course usual = {0};
    rac_status status = repeat ? check_typed(repeat, err) : RAC_OK;
    if (repeat && !status) {
        words w;
        status = split_words(rac_text_of(repeat), repeat, &w, err);
        if (!status)
            status = parse_repetition(&w, &usual, err);
        if (!status && w.at < w.count)
            status = rac_fail(err, RAC_INVALID, "'%.*s' has words after the repetition", QUOTED(repeat));
    }
    return status ? status : parse_courses(arena, typed, &usual, false, doses, count, err);
}

rac_status rac_sim_parse_past(rac_arena *arena, const char *typed, rac_sim_dose **doses, size_t *count,
                              rac_error *err)
{
    const course once = {0};
    const rac_status status = parse_courses(arena, typed, &once, true, doses, count, err);
    if (!status && *count && (*doses)[*count - 1].dose.time_h >= 0)
        return rac_fail(err, RAC_INVALID, "'%.*s' goes on until now or later", QUOTED(typed));
    return status;
}

/* ---- times ---- */

typedef struct grid {
    rac_arena *arena;
    int64_t *ms;
    size_t count, capacity;
} grid;

static int compare_ms(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static rac_status add_grid(grid *g, int64_t from, int64_t to, int64_t step, const char *whole, rac_error *err)
{
    for (int64_t t = from; t <= to; t += step) {
        if (g->count >= RAC_SIM_TIMES_MAX)
            return rac_fail(err, RAC_LIMIT, "'%.*s' is no grid of at most %d times", QUOTED(whole),
                            RAC_SIM_TIMES_MAX);
        rac_push(g->arena, g->ms, g->count, g->capacity, t);
    }
    return RAC_OK;
}

/* In order and once each. */
static void settle(grid *g, double **times_h, size_t *count)
{
    qsort(g->ms, g->count, sizeof *g->ms, compare_ms);
    *times_h = rac_many(g->arena, double, g->count);
    *count = 0;
    for (size_t i = 0; i < g->count; i++)
        if (!i || g->ms[i] != g->ms[i - 1])
            (*times_h)[(*count)++] = hours(g->ms[i]);
}

static rac_status parse_part(grid *g, rac_text part, const char *whole, int64_t *reached, rac_error *err)
{
    words w;
    rac_status status = split_words(part, whole, &w, err);
    if (!status && word_is(&w, 0, "at")) {
        course c = {0};
        w.at = 1;
        status = parse_starts(&w, &c, err);
        for (size_t i = 0; i < c.at_count && !status; i++)
            status = add_grid(g, c.at_ms[i], c.at_ms[i], 1, whole, err);
        if (!status && w.at < w.count)
            status = rac_fail(err, RAC_INVALID, "'%.*s' has words after its times", QUOTED(whole));
        return status;
    }
    const rac_text text = rac_text_trim(part);
    rac_text until = text, step_text = {"1 min", 5};
    for (size_t i = 0; i + 4 <= text.size; i++)
        if (!memcmp(text.data + i, " by ", 4)) {
            until = (rac_text){text.data, i};
            step_text = (rac_text){text.data + i + 4, text.size - i - 4};
            break;
        }
    rac_duration to, step;
    if (status || (status = rac_duration_parse(until, &to, err)) ||
        (status = rac_duration_parse(rac_text_trim(step_text), &step, err)))
        return status;
    if (step.ms <= 0 || to.ms <= *reached)
        return rac_fail(err, RAC_INVALID, "'%.*s' goes nowhere in '%.*s'",
                        RAC_TEXT(rac_text_shorten(text, 40)), QUOTED(whole));
    status = add_grid(g, *reached, to.ms, step.ms, whole, err);
    *reached = to.ms;
    return status;
}

rac_status rac_sim_parse_times(rac_arena *arena, const char *typed, double **times_h, size_t *count,
                               rac_error *err)
{
    grid g = {.arena = arena};
    int64_t reached = 0;
    rac_status status = check_typed(typed, err);
    for (rac_text rest = rac_text_of(typed), part; !status && rest.data;) {
        part = rac_text_split(rest, ';', &rest);
        status = parse_part(&g, part, typed, &reached, err);
    }
    if (!status)
        settle(&g, times_h, count);
    return status;
}

enum { MINUTE = 60000, HOUR = 3600000, DAY = 24 * HOUR };

static int64_t start_ms(const rac_sim_dose *dose)
{
    return llround(dose->dose.time_h * 3.6e6);
}

/* Until when a dose is followed: the next one; the last for as long as the one before it, or a day; a single
 * one for four hours, after its end when it is long. */
static int64_t followed_until(const rac_sim_dose *doses, size_t count, size_t i)
{
    const int64_t from = start_ms(&doses[i]), over = llround(doses[i].dose.duration_h * 3.6e6);
    if (i + 1 < count)
        return start_ms(&doses[i + 1]);
    if (count == 1)
        return from + 4 * HOUR + (over > 2 * HOUR ? over : 0);
    const int64_t gap = from - start_ms(&doses[i - 1]);
    return from + (gap > DAY ? gap : DAY);
}

/* A single dose by the minute; in a course 5 min apart for an hour after each dose, then wider. */
static rac_status follow(grid *g, const rac_sim_dose *doses, size_t count, size_t i, rac_error *err)
{
    static const struct {
        int64_t until, step;
    } spacing[] = {{HOUR, 5 * MINUTE},
                   {4 * HOUR, 15 * MINUTE},
                   {12 * HOUR, HOUR},
                   {DAY, 2 * HOUR},
                   {INT64_MAX / 2, 6 * HOUR}};
    static const char what[] = "the usual grid";
    const int64_t from = start_ms(&doses[i]), until = followed_until(doses, count, i);
    const int64_t end = from + llround(doses[i].dose.duration_h * 3.6e6);
    rac_status status = add_grid(g, end, end, 1, what, err);
    if (count == 1)
        return status ? status
                      : add_grid(g, from, until, until - from > DAY ? 10 * MINUTE : MINUTE, what, err);
    int64_t at = from;
    for (size_t s = 0; s < sizeof spacing / sizeof *spacing && at < until && !status; s++) {
        const int64_t to = from + spacing[s].until < until ? from + spacing[s].until : until;
        status = add_grid(g, at, to, spacing[s].step, what, err);
        at = to;
    }
    return status ? status : add_grid(g, until, until, 1, what, err);
}

rac_status rac_sim_usual_times(rac_arena *arena, const rac_sim_dose *doses, size_t dose_count,
                               double **times_h, size_t *count, rac_error *err)
{
    grid g = {.arena = arena};
    rac_status status = add_grid(&g, 0, 0, 1, "the usual grid", err);
    for (size_t i = 0; i < dose_count && !status; i++)
        status = follow(&g, doses, dose_count, i, err);
    if (status)
        rac_error_hint(err, "choose fewer: --times '35 d by 6 h'");
    else
        settle(&g, times_h, count);
    return status;
}

double *rac_sim_even_times(rac_arena *arena, double first_h, double last_h, size_t count)
{
    double *times_h = rac_many(arena, double, count);
    for (size_t i = 0; i < count; i++)
        times_h[i] = i + 1 < count ? first_h + (last_h - first_h) * (double)i / (double)(count - 1) : last_h;
    return times_h;
}

/* ---- people ---- */

static const struct law_row {
    const char *name;
    rac_sim_law_kind kind;
    int numbers;
} law_rows[] = {{"normal", RAC_SIM_NORMAL, 2},
                {"lognormal", RAC_SIM_LOGNORMAL, 2},
                {"uniform", RAC_SIM_UNIFORM, 2},
                {"chance", RAC_SIM_CHANCE, 1}};
enum { LAW_ROWS = sizeof law_rows / sizeof *law_rows };

static rac_status not_understood(const char *whole, rac_error *err)
{
    rac_fail(err, RAC_INVALID, "'%.*s' is not understood", QUOTED(whole));
    rac_error_hint(err, "NAME = 70 kg, or NAME ~ normal(80, 15) kg in 45..140; also lognormal(median, cv), "
                        "uniform(low, high), chance(p)");
    return RAC_INVALID;
}

static double in_base(const rac_sim_law *law, double value)
{
    return rac_quantity_base((rac_quantity){value, law->unit});
}

/* "(80, 15)" */
static rac_status parse_numbers(rac_text inside, int wanted, double *a, double *b, const char *whole,
                                rac_error *err)
{
    double *const to[] = {a, b};
    int got = 0;
    for (rac_text rest = inside, part; rest.data; got++) {
        part = rac_text_trim(rac_text_split(rest, ',', &rest));
        const rac_status status = got < wanted ? rac_number_parse(part, to[got], err) : RAC_OK;
        if (status)
            return status;
    }
    return got == wanted ? RAC_OK : not_understood(whole, err);
}

/* "in 45..140", in the unit of the law. */
static rac_status parse_limits(rac_text text, rac_sim_law *law, const char *whole, rac_error *err)
{
    const char *dots = NULL;
    for (size_t i = 0; i + 1 < text.size && !dots; i++)
        if (text.data[i] == '.' && text.data[i + 1] == '.')
            dots = text.data + i;
    if (!dots)
        return not_understood(whole, err);
    const rac_text low = rac_text_trim((rac_text){text.data, (size_t)(dots - text.data)});
    const rac_text high = rac_text_trim((rac_text){dots + 2, (size_t)(text.data + text.size - dots - 2)});
    double from, to;
    rac_status status;
    if ((status = rac_number_parse(low, &from, err)) || (status = rac_number_parse(high, &to, err)))
        return status;
    if (!(from < to))
        return rac_fail(err, RAC_INVALID, "nothing lies in %g..%g", from, to);
    law->low = in_base(law, from);
    law->high = in_base(law, to);
    return RAC_OK;
}

static rac_status check_law(const rac_sim_law *law, rac_error *err)
{
    const bool wrong = (law->kind == RAC_SIM_NORMAL && !(law->b > 0)) ||
                       (law->kind == RAC_SIM_LOGNORMAL && !(law->a > 0 && law->b > 0)) ||
                       (law->kind == RAC_SIM_UNIFORM && !(law->a < law->b)) ||
                       (law->kind == RAC_SIM_CHANCE && !(law->a >= 0 && law->a <= 1));
    if (!wrong)
        return RAC_OK;
    rac_fail(err, RAC_INVALID, "the distribution of %s is impossible", law->name);
    rac_error_hint(err, "normal: sd > 0; lognormal: median > 0, cv > 0; uniform: low < high; chance: 0 to 1");
    return RAC_INVALID;
}

/* What follows the tilde. */
static rac_status parse_distribution(rac_text text, rac_sim_law *law, const char *whole, rac_error *err)
{
    const char *open = memchr(text.data, '(', text.size), *close = memchr(text.data, ')', text.size);
    if (!open || !close || close < open)
        return not_understood(whole, err);
    const rac_text name = rac_text_trim((rac_text){text.data, (size_t)(open - text.data)});
    const struct law_row *row = NULL;
    for (size_t i = 0; i < LAW_ROWS; i++)
        if (rac_text_is(name, law_rows[i].name))
            row = &law_rows[i];
    if (!row)
        return not_understood(whole, err);
    law->kind = row->kind;
    rac_text unit = rac_text_trim((rac_text){close + 1, (size_t)(text.data + text.size - close - 1)}),
             limits = {0};
    for (size_t i = 0; i + 3 <= unit.size; i++)
        if (!memcmp(unit.data + i, "in ", 3) && (i == 0 || unit.data[i - 1] == ' ')) {
            limits = (rac_text){unit.data + i + 3, unit.size - i - 3};
            unit = rac_text_trim((rac_text){unit.data, i});
            break;
        }
    rac_status status = unit.size ? rac_unit_parse(unit, &law->unit, err) : RAC_OK;
    double a = 0, b = 0;
    if (!status)
        status =
            parse_numbers((rac_text){open + 1, (size_t)(close - open - 1)}, row->numbers, &a, &b, whole, err);
    law->a = row->kind == RAC_SIM_CHANCE ? a : in_base(law, a);
    law->b = row->kind == RAC_SIM_LOGNORMAL ? b : in_base(law, b);
    if (!status && limits.data)
        status = parse_limits(limits, law, whole, err);
    return status ? status : check_law(law, err);
}

static rac_status parse_law(rac_arena *arena, rac_text text, rac_sim_law *law, rac_error *err)
{
    text = rac_text_trim(text);
    const char *whole = rac_text_copy(arena, text);
    size_t split = 0;
    while (split < text.size && text.data[split] != '~' && text.data[split] != '=')
        split++;
    const rac_text name = rac_text_trim((rac_text){text.data, split});
    if (split == text.size || !name.size)
        return not_understood(whole, err);
    const rac_text rest = rac_text_trim((rac_text){text.data + split + 1, text.size - split - 1});
    *law = (rac_sim_law){
        .name = rac_text_copy(arena, name), .low = -INFINITY, .high = INFINITY, .unit = rac_unit_none()};
    if (text.data[split] == '~')
        return parse_distribution(rest, law, whole, err);
    rac_quantity quantity;
    const rac_status status = rac_quantity_parse(rest, &quantity, err);
    if (!status) {
        law->kind = RAC_SIM_CONSTANT;
        law->unit = quantity.unit;
        law->a = rac_quantity_base(quantity);
    }
    return status;
}

rac_status rac_sim_parse_people(rac_arena *arena, const char *typed, rac_sim_law **laws, size_t *count,
                                rac_error *err)
{
    rac_status status = check_typed(typed, err);
    *laws = rac_many(arena, rac_sim_law, RAC_SIM_COVARIATES);
    *count = 0;
    if (status)
        return status;
    for (rac_text rest = rac_text_of(typed); rest.data;) {
        const rac_text part = rac_text_split(rest, ';', &rest);
        if (*count == RAC_SIM_COVARIATES)
            return rac_fail(err, RAC_LIMIT, "more than %d covariates", RAC_SIM_COVARIATES);
        if ((status = parse_law(arena, part, &(*laws)[*count], err)))
            return status;
        for (size_t i = 0; i < *count; i++)
            if (!strcmp((*laws)[i].name, (*laws)[*count].name))
                return rac_fail(err, RAC_INVALID, "%s is given twice", (*laws)[i].name);
        ++*count;
    }
    return RAC_OK;
}
