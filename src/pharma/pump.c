/* The pumps: a regimen played in order of time, into spans of constant rate and marks.  See schedule.h. */
#include "pharma/schedule.h"

#include <math.h>
#include <stdlib.h>

/* One occurrence of an event; `additional` doses become occurrences of their own. */
typedef struct item {
    double time_h;
    bool generated;
    size_t event;
} item;

/* An infusion that has not ended, as one part of its route receives it. */
typedef struct run {
    int route, line, channel;
    double lag_h;
    double rate; /* as the pump shows it */
    double gain; /* body rate = rate x gain x channel */
    double since_h, end_h;
    double left_mg;    /* while paused, or at rate 0; INFINITY for an open infusion */
    double stretch_mg; /* how left_mg grows with the share by which its length does; 0: its length is given */
    bool paused, ended;
} run;

typedef struct player {
    const rac_regimen *regimen;
    const rac_timing *timing;
    rac_inputs *inputs;
    run *runs;
    size_t run_count, run_capacity;
    bool *begun;     /* by event: its first occurrence was played */
    bool *cancelled; /* by event: a reset ended what it still owed */
    size_t sequence;
    double now_h;
    bool late; /* the occurrence being played came by itself */
    rac_error *err;
} player;

static int compare_items(const void *left, const void *right)
{
    const item *a = left, *b = right;
    if (a->time_h < b->time_h || a->time_h > b->time_h)
        return a->time_h < b->time_h ? -1 : 1;
    if (a->generated != b->generated)
        return a->generated ? -1 : 1;
    return (a->event > b->event) - (a->event < b->event);
}

static item *expand(rac_arena *arena, const rac_regimen *regimen, size_t *count)
{
    size_t total = 0;
    for (size_t i = 0; i < regimen->count; i++)
        total += 1 + (size_t)regimen->items[i].additional;
    item *items = rac_many(arena, item, total);
    *count = 0;
    for (size_t i = 0; i < regimen->count; i++) {
        const rac_dose *dose = &regimen->items[i];
        for (int j = 0; j <= dose->additional; j++)
            items[(*count)++] = (item){dose->time_h + j * dose->interval_h, j > 0, i};
    }
    qsort(items, total, sizeof *items, compare_items);
    return items;
}

static int epoch_at(const rac_timing *timing, double time_h)
{
    int epoch = 0;
    while (epoch + 1 < timing->epochs && timing->epoch_h[epoch + 1] <= time_h)
        epoch++;
    return epoch;
}

/* ---- what the body receives ---- */

static void add_span(rac_inputs *inputs, rac_span span)
{
    if (span.end_h > span.start_h && span.rate > 0)
        rac_push(inputs->arena, inputs->spans, inputs->span_count, inputs->span_capacity, span);
}

static void add_mark(player *play, rac_mark mark)
{
    rac_inputs *inputs = play->inputs;
    mark.sequence = play->sequence++;
    rac_push(inputs->arena, inputs->marks, inputs->mark_count, inputs->mark_capacity, mark);
}

/* Hands over what a run gave from its last change until `until_h`. */
static void deliver(player *play, run *r, double until_h)
{
    if (!r->paused)
        add_span(
            play->inputs,
            (rac_span){.start_h = r->since_h + r->lag_h,
                       .end_h = fmin(until_h, r->end_h) + r->lag_h,
                       .rate = r->rate * r->gain,
                       .channel = r->channel,
                       .start_moves = true,
                       .end_moves = true,
                       .stretched = r->stretch_mg > 0,
                       .end_length_h = until_h >= r->end_h && r->rate > 0 ? r->stretch_mg / r->rate : 0});
    r->since_h = until_h;
}

static double left_at(const run *r, double time_h)
{
    if (r->paused || isinf(r->left_mg) || r->rate <= 0)
        return r->left_mg;
    return (r->end_h - time_h) * r->rate;
}

static void set_end(run *r)
{
    r->end_h = r->rate > 0 ? r->since_h + r->left_mg / r->rate : INFINITY;
}

static bool is_over(const run *r, double time_h)
{
    return r->ended || (!r->paused && r->end_h <= time_h);
}

/* ---- the buttons of a pump ---- */

static void press(player *play, run *r, const rac_dose *dose)
{
    const double now_h = play->now_h;
    switch (dose->kind) {
    case RAC_DOSE_PAUSE:
        if (!r->paused) {
            r->left_mg = left_at(r, now_h);
            deliver(play, r, now_h);
            r->paused = true;
        }
        break;
    case RAC_DOSE_RESUME:
        if (r->paused) {
            r->paused = false;
            r->since_h = now_h;
            set_end(r);
        }
        break;
    case RAC_DOSE_RATE:
        r->left_mg = left_at(r, now_h);
        deliver(play, r, now_h);
        r->rate = dose->rate_mg_per_h;
        set_end(r);
        break;
    default: /* STOP */
        deliver(play, r, now_h);
        r->ended = true;
    }
}

/* How one part receives one dose: at `rate` x gain over `duration_h`, or at once when the duration is 0.  It
 * is stretched when a duration, a rate or a share of the part makes its length. */
typedef struct intake {
    double rate, gain, duration_h;
    bool stretched;
} intake;

/* `left_h` of an intake are still to come. */
static void start(player *play, int route, int line, int channel, double lag_h, const intake *in,
                  double left_h)
{
    run r = {.route = route,
             .line = line,
             .channel = channel,
             .lag_h = lag_h,
             .rate = in->rate,
             .gain = in->gain,
             .since_h = play->now_h,
             .end_h = play->now_h + left_h,
             .left_mg = left_h * in->rate,
             .stretch_mg = in->stretched ? in->duration_h * in->rate : 0};
    rac_push(play->inputs->arena, play->runs, play->run_count, play->run_capacity, r);
}

static rac_status press_line(player *play, const rac_dose *dose)
{
    bool found = false;
    for (size_t i = 0; i < play->run_count; i++) {
        run *r = &play->runs[i];
        if (r->route != dose->route || r->line != dose->line || is_over(r, play->now_h))
            continue;
        if (dose->kind == RAC_DOSE_RATE && (r->channel & 1) != dose->per_kg)
            return rac_fail(play->err, RAC_INVALID, "at %g h: a rate %s for an infusion that was started %s",
                            dose->time_h, dose->per_kg ? "per kg" : "in mg/h",
                            dose->per_kg ? "in mg/h" : "per kg");
        press(play, r, dose);
        found = true;
    }
    if (found || dose->kind != RAC_DOSE_RATE)
        return RAC_OK;
    const rac_timing *timing = play->timing;
    const int epoch = epoch_at(timing, play->now_h), all = timing->route_first[timing->routes];
    const intake in = {.rate = dose->rate_mg_per_h, .gain = 1};
    for (int p = timing->route_first[dose->route]; p < timing->route_first[dose->route + 1]; p++)
        start(play, dose->route, dose->line, rac_channel(timing, epoch, p, dose->per_kg),
              timing->parts[epoch * all + p].lag_h, &in, INFINITY);
    return RAC_OK;
}

/* ---- doses ---- */

static rac_status take_in(player *play, const rac_dose *dose, const rac_route_part *part, intake *in)
{
    const double fraction = part->fraction;
    *in = (intake){.gain = 1};
    if (dose->kind == RAC_DOSE_BOLUS) {
        if (part->duration_h > 0) {
            *in = (intake){dose->amount_mg / part->duration_h, 1, part->duration_h, true};
        } else if (part->rate_mg_per_h > 0 && fraction > 0) {
            if (dose->per_kg)
                return rac_fail(play->err, RAC_UNSUPPORTED,
                                "at %g h: a dose per kg into a route whose rate is modelled", dose->time_h);
            *in = (intake){part->rate_mg_per_h, 1 / fraction,
                           fraction * dose->amount_mg / part->rate_mg_per_h, true};
        }
        return RAC_OK;
    }
    if (part->duration_h > 0 || part->rate_mg_per_h > 0)
        return rac_fail(play->err, RAC_UNSUPPORTED,
                        "at %g h: an infusion into a route that has a duration or rate of its own",
                        dose->time_h);
    if (dose->duration_h <= 0 && dose->amount_mg > 0 && fraction > 0)
        *in = (intake){dose->rate_mg_per_h, 1 / fraction, fraction * dose->amount_mg / dose->rate_mg_per_h,
                       true};
    else if (dose->duration_h > 0)
        *in = (intake){dose->rate_mg_per_h > 0 ? dose->rate_mg_per_h : dose->amount_mg / dose->duration_h, 1,
                       dose->duration_h, false};
    else if (dose->amount_mg <= 0)
        *in = (intake){dose->rate_mg_per_h, 1, INFINITY, false}; /* a plateau that runs on */
    return RAC_OK;
}

static void pattern_span(rac_arena *arena, rac_pattern *pattern, rac_span span)
{
    if (span.end_h > span.start_h && span.rate > 0)
        rac_push(arena, pattern->spans, pattern->span_count, pattern->span_capacity, span);
}

/* One interval of endlessly repeated doses, wrapped: what began in earlier intervals and still runs is in it.
 */
static void pattern_part(rac_arena *arena, rac_pattern *pattern, const intake *in, double amount,
                         double lag_h, int channel)
{
    const double interval_h = pattern->interval_h, rate = in->rate * in->gain;
    rac_span span = {.end_h = INFINITY, .rate = rate, .channel = channel, .stretched = in->stretched};
    if (interval_h <= 0) {
        pattern_span(arena, pattern, span);
        return;
    }
    const double phase_h = fmod(lag_h, interval_h);
    if (in->duration_h <= 0) {
        const rac_mark mark = {
            .time_h = phase_h, .kind = RAC_MARK_BOLUS, .channel = channel, .amount = amount};
        rac_push(arena, pattern->marks, pattern->mark_count, pattern->mark_capacity, mark);
        return;
    }
    const double whole = floor(in->duration_h / interval_h), rest_h = in->duration_h - whole * interval_h;
    span.end_h = interval_h;
    span.rate = whole * rate;
    pattern_span(arena, pattern, span);
    const bool wraps = phase_h + rest_h > interval_h;
    span.rate = rate;
    span.start_h = phase_h;
    span.start_moves = true;
    span.end_h = wraps ? interval_h : phase_h + rest_h;
    span.end_moves = !wraps;
    span.end_length_h = in->stretched ? in->duration_h : 0;
    pattern_span(arena, pattern, span);
    span.start_h = 0;
    span.start_moves = false;
    span.end_h = phase_h + rest_h - interval_h;
    span.end_moves = true;
    pattern_span(arena, pattern, span);
}

/* Each is a span of its own, so an infusion of a year every minute would not end. */
enum { PAST_MAX = 10000 };

/* What earlier doses of a steady pattern still owe now: waiting for their lag, or still running. */
static void play_past(player *play, const rac_dose *dose, const intake *in, double lag_h, int channel)
{
    const double now_h = play->now_h;
    for (int j = 1; dose->interval_h > 0; j++) {
        const double began_h = now_h - j * dose->interval_h;
        if (in->duration_h <= 0) {
            if (began_h + lag_h < now_h)
                break;
            add_mark(play, (rac_mark){.time_h = began_h + lag_h,
                                      .late = began_h + lag_h > now_h,
                                      .kind = RAC_MARK_BOLUS,
                                      .channel = channel,
                                      .amount = dose->amount_mg});
            continue;
        }
        const double end_h = began_h + in->duration_h;
        if (end_h + lag_h <= now_h)
            break;
        /* What the pump gave before now but the body gets later; then what the pump still gives. */
        add_span(play->inputs,
                 (rac_span){.start_h = fmax(began_h + lag_h, now_h),
                            .end_h = fmin(end_h, now_h) + lag_h,
                            .rate = in->rate * in->gain,
                            .channel = channel,
                            .start_moves = began_h + lag_h > now_h,
                            .end_moves = true,
                            .stretched = in->stretched,
                            .end_length_h = in->stretched && end_h <= now_h ? in->duration_h : 0});
        if (end_h > now_h)
            start(play, dose->route, dose->line, channel, lag_h, in, end_h - now_h);
    }
}

static void end_everything(player *play)
{
    rac_inputs *inputs = play->inputs;
    const double now_h = play->now_h;
    for (size_t i = 0; i < play->run_count; i++)
        if (!play->runs[i].ended) {
            deliver(play, &play->runs[i], now_h);
            play->runs[i].ended = true;
        }
    size_t kept = 0;
    for (size_t i = 0; i < inputs->span_count; i++) {
        rac_span *span = &inputs->spans[i];
        span->end_moves &= span->end_h <= now_h;
        span->end_h = fmin(span->end_h, now_h);
        if (span->end_h > span->start_h)
            inputs->spans[kept++] = *span;
    }
    inputs->span_count = kept;
    kept = 0;
    for (size_t i = 0; i < inputs->mark_count; i++) /* what enters now was seen by what was recorded before */
        if (inputs->marks[i].kind != RAC_MARK_BOLUS || inputs->marks[i].time_h <= now_h)
            inputs->marks[kept++] = inputs->marks[i];
    inputs->mark_count = kept;
    for (size_t i = 0; i < play->regimen->count; i++)
        play->cancelled[i] |= play->begun[i];
}

static rac_status give(player *play, const rac_dose *dose, bool first)
{
    const rac_timing *timing = play->timing;
    rac_arena *arena = play->inputs->arena;
    const int epoch = epoch_at(timing, play->now_h), all = timing->route_first[timing->routes];
    const bool steady = first && dose->steady;
    rac_pattern pattern = {.interval_h = dose->interval_h, .add = dose->steady == RAC_STEADY_ADD};
    if (steady) {
        if (!pattern.add)
            end_everything(play);
        add_mark(play, (rac_mark){.time_h = play->now_h,
                                  .kind = RAC_MARK_STEADY,
                                  .steady = play->inputs->pattern_count});
    }
    for (int p = timing->route_first[dose->route]; p < timing->route_first[dose->route + 1]; p++) {
        const rac_route_part *part = &timing->parts[epoch * all + p];
        const int channel = rac_channel(timing, epoch, p, dose->per_kg);
        intake in;
        const rac_status status = take_in(play, dose, part, &in);
        if (status)
            return status;
        if (steady && dose->interval_h > 0 && (in.duration_h + part->lag_h) / dose->interval_h > PAST_MAX)
            return rac_fail(play->err, RAC_LIMIT,
                            "at %g h: of a steady dose every %g h more than %d earlier ones still go on",
                            dose->time_h, dose->interval_h, PAST_MAX);
        if (steady) {
            pattern_part(arena, &pattern, &in, dose->amount_mg, part->lag_h, channel);
            play_past(play, dose, &in, part->lag_h, channel);
        }
        if (in.duration_h > 0)
            start(play, dose->route, dose->kind == RAC_DOSE_INFUSION ? dose->line : -1, channel, part->lag_h,
                  &in, in.duration_h);
        else
            add_mark(play, (rac_mark){.time_h = play->now_h + part->lag_h,
                                      .late = play->late || part->lag_h > 0,
                                      .kind = RAC_MARK_BOLUS,
                                      .channel = channel,
                                      .amount = dose->amount_mg});
    }
    if (steady)
        rac_push(arena, play->inputs->patterns, play->inputs->pattern_count, play->inputs->pattern_capacity,
                 pattern);
    return RAC_OK;
}

static rac_status play_item(player *play, const item *it)
{
    const rac_dose *dose = &play->regimen->items[it->event];
    play->now_h = it->time_h;
    play->late = it->generated;
    switch (dose->kind) {
    case RAC_DOSE_BOLUS:
    case RAC_DOSE_INFUSION:
        return give(play, dose, !it->generated);
    case RAC_DOSE_RESET:
        end_everything(play);
        add_mark(play, (rac_mark){.time_h = it->time_h, .kind = RAC_MARK_RESET});
        return RAC_OK;
    case RAC_DOSE_OBSERVATION:
        add_mark(play, (rac_mark){.time_h = it->time_h, .kind = RAC_MARK_WRITE});
        return RAC_OK;
    default:
        return press_line(play, dose);
    }
}

/* Runs that are over need not be looked at again. */
static void drop_finished(player *play)
{
    size_t kept = 0;
    for (size_t i = 0; i < play->run_count; i++) {
        run *r = &play->runs[i];
        if (!is_over(r, play->now_h))
            play->runs[kept++] = *r;
        else if (!r->ended)
            deliver(play, r, r->end_h);
    }
    play->run_count = kept;
}

rac_status rac_inputs_make(rac_arena *arena, const rac_regimen *regimen, const rac_timing *timing,
                           rac_inputs *inputs, rac_error *err)
{
    *inputs = (rac_inputs){.arena = arena};
    player play = {.regimen = regimen,
                   .timing = timing,
                   .inputs = inputs,
                   .begun = rac_many(arena, bool, regimen->count),
                   .cancelled = rac_many(arena, bool, regimen->count),
                   .err = err};
    size_t count;
    const item *items = expand(arena, regimen, &count);
    for (size_t i = 0; i < count; i++) {
        if (items[i].generated && play.cancelled[items[i].event])
            continue;
        const rac_status status = play_item(&play, &items[i]);
        if (status)
            return status;
        play.begun[items[i].event] = true;
        drop_finished(&play);
    }
    for (size_t i = 0; i < play.run_count; i++)
        deliver(&play, &play.runs[i], INFINITY);
    return RAC_OK;
}
