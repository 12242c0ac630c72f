/* Inputs to steps: see schedule.h. */
#include "pharma/schedule.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct builder {
    rac_arena *arena;
    rac_step *steps;
    size_t step_count, step_capacity;
    double *lengths; /* by step, until they are gathered into classes */
    size_t length_count, length_capacity;
    rac_rates *rates;
    int rate_count;
    size_t rate_capacity;
    rac_pair *pairs;
    int pair_count;
    size_t pair_capacity;
    double time_max_h, end_h;
    int end_rate;
    bool shifts;
    size_t writes;
} builder;

static size_t add_step(builder *b, rac_step step, double length_h)
{
    rac_push(b->arena, b->steps, b->step_count, b->step_capacity, step);
    rac_push(b->arena, b->lengths, b->length_count, b->length_capacity, length_h);
    return b->step_count - 1;
}

/* ---- rates that run together ---- */

/* The sum of the spans that are on in [from_h, to_h), channel by channel, in the order of the spans: built
 * anew each time, so that what was added is never subtracted and an idle line has rate 0 exactly. */
static int find_rates(builder *b, const rac_span *const *active, size_t count)
{
    if (!count)
        return -1;
    int *channels = rac_many(b->arena, int, count);
    double *values = rac_many(b->arena, double, count), *stretched = rac_many(b->arena, double, count);
    int used = 0;
    for (size_t i = 0; i < count; i++) {
        int at = 0;
        while (at < used && channels[at] != active[i]->channel)
            at++;
        if (at == used)
            channels[used++] = active[i]->channel;
        values[at] += active[i]->rate;
        stretched[at] += active[i]->stretched ? active[i]->rate : 0;
    }
    for (int r = b->rate_count - 1; r >= 0; r--)
        if (b->rates[r].count == used &&
            !memcmp(b->rates[r].channels, channels, sizeof *channels * (size_t)used) &&
            !memcmp(b->rates[r].values, values, sizeof *values * (size_t)used) &&
            !memcmp(b->rates[r].stretched, stretched, sizeof *stretched * (size_t)used))
            return r;
    const rac_rates found = {channels, values, stretched, used};
    b->rates = rac_arena_grow(b->arena, b->rates, (size_t)b->rate_count, &b->rate_capacity, sizeof found);
    b->rates[b->rate_count] = found;
    return b->rate_count++;
}

static void advance(builder *b, double start_h, double length_h, int rate)
{
    if (length_h > 0)
        add_step(b, (rac_step){.kind = RAC_STEP_ADVANCE, .pair = rate, .count = 1, .start_h = start_h},
                 length_h);
}

/* The rate of a span begins or ends here, at a time that moves. */
static void shift(builder *b, const rac_span *span, bool begins)
{
    if (b->shifts && (begins ? span->start_moves : span->end_moves))
        add_step(b,
                 (rac_step){.kind = RAC_STEP_SHIFT,
                            .channel = span->channel,
                            .amount = begins ? span->rate : -span->rate,
                            .length_h = begins ? 0 : span->end_length_h},
                 0);
}

/* ---- a steady pattern ---- */

static int compare_numbers(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static size_t distinct(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!kept || numbers[i] > numbers[kept - 1])
            numbers[kept++] = numbers[i];
    return kept;
}

static int pattern_rates(builder *b, const rac_pattern *pattern, double from_h, double to_h)
{
    const rac_span **active = rac_many(b->arena, const rac_span *, pattern->span_count);
    size_t count = 0;
    for (size_t i = 0; i < pattern->span_count; i++)
        if (pattern->spans[i].start_h <= from_h && pattern->spans[i].end_h >= to_h)
            active[count++] = &pattern->spans[i];
    return find_rates(b, active, count);
}

static void add_pattern(builder *b, const rac_pattern *pattern)
{
    const double interval_h = pattern->interval_h;
    if (interval_h <= 0) {
        add_step(b,
                 (rac_step){.kind = RAC_STEP_PLATEAU,
                            .pair = pattern_rates(b, pattern, 0, INFINITY),
                            .add = pattern->add},
                 0);
        return;
    }
    double *breaks = rac_many(b->arena, double, 2 + 2 * pattern->span_count + pattern->mark_count);
    size_t count = 0;
    breaks[count++] = 0;
    breaks[count++] = interval_h;
    for (size_t i = 0; i < pattern->span_count; i++) {
        breaks[count++] = pattern->spans[i].start_h;
        breaks[count++] = pattern->spans[i].end_h;
    }
    for (size_t i = 0; i < pattern->mark_count; i++)
        breaks[count++] = pattern->marks[i].time_h;
    count = distinct(breaks, count);

    add_step(b, (rac_step){.kind = RAC_STEP_STEADY_BEGIN}, 0);
    for (size_t i = 0; i + 1 < count; i++) {
        for (size_t m = 0; m < pattern->mark_count; m++)
            if (pattern->marks[m].time_h >= breaks[i] && pattern->marks[m].time_h < breaks[i + 1])
                add_step(b,
                         (rac_step){.kind = RAC_STEP_BOLUS,
                                    .channel = pattern->marks[m].channel,
                                    .amount = pattern->marks[m].amount},
                         0);
        for (size_t k = 0; k < pattern->span_count; k++)
            for (int ends = 0; ends < 2; ends++) {
                const rac_span *span = &pattern->spans[k];
                const double at_h = ends ? span->end_h : span->start_h;
                if (at_h >= breaks[i] && at_h < breaks[i + 1])
                    shift(b, span, !ends);
            }
        advance(b, 0, breaks[i + 1] - breaks[i], pattern_rates(b, pattern, breaks[i], breaks[i + 1]));
    }
    add_step(b, (rac_step){.kind = RAC_STEP_STEADY_END, .add = pattern->add}, interval_h);
}

/* ---- the time line ---- */

static int compare_marks(const void *left, const void *right)
{
    const rac_mark *a = left, *b = right;
    if (a->time_h < b->time_h || a->time_h > b->time_h)
        return a->time_h < b->time_h ? -1 : 1;
    if (a->late != b->late)
        return a->late ? -1 : 1;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

void rac_marks_sort(rac_inputs *inputs)
{
    if (inputs->mark_count)
        qsort(inputs->marks, inputs->mark_count, sizeof *inputs->marks, compare_marks);
}

static int compare_spans(const void *left, const void *right)
{
    const rac_span *a = left, *b = right;
    if (a->start_h < b->start_h || a->start_h > b->start_h)
        return a->start_h < b->start_h ? -1 : 1;
    if (a->channel != b->channel)
        return a->channel - b->channel;
    return (a->end_h > b->end_h) - (a->end_h < b->end_h);
}

static void add_mark_step(builder *b, const rac_inputs *inputs, const rac_mark *mark)
{
    switch (mark->kind) {
    case RAC_MARK_BOLUS:
        add_step(b, (rac_step){.kind = RAC_STEP_BOLUS, .channel = mark->channel, .amount = mark->amount}, 0);
        break;
    case RAC_MARK_RESET:
        add_step(b, (rac_step){.kind = RAC_STEP_RESET}, 0);
        break;
    case RAC_MARK_STEADY:
        add_pattern(b, &inputs->patterns[mark->steady]);
        break;
    case RAC_MARK_WRITE:
        add_step(b, (rac_step){.kind = RAC_STEP_WRITE}, 0);
        b->writes++;
    }
}

/* Where anything changes or is wanted. */
static double *find_breaks(const rac_inputs *inputs, const rac_timing *timing, const double *times_h,
                           size_t times, size_t *count)
{
    double *breaks = rac_many(inputs->arena, double,
                              2 * inputs->span_count + inputs->mark_count + times + (size_t)timing->epochs);
    *count = 0;
    for (size_t i = 0; i < inputs->span_count; i++) {
        breaks[(*count)++] = inputs->spans[i].start_h;
        if (!isinf(inputs->spans[i].end_h))
            breaks[(*count)++] = inputs->spans[i].end_h;
    }
    for (size_t i = 0; i < inputs->mark_count; i++)
        breaks[(*count)++] = inputs->marks[i].time_h;
    for (size_t i = 0; i < times; i++)
        breaks[(*count)++] = times_h[i];
    for (int e = 1; e < timing->epochs; e++)
        breaks[(*count)++] = timing->epoch_h[e];
    if (timing->from_zero)
        breaks[(*count)++] = 0;
    *count = distinct(breaks, *count);
    return breaks;
}

typedef struct line {
    const rac_inputs *inputs;
    const rac_span **active;
    size_t active_count, next_span, next_mark, next_time;
    int epoch;
    size_t *epoch_first;
} line;

/* Ends the spans that are over and starts those that begin; true when the set changed. */
static bool switch_spans(builder *b, line *l, double now_h)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->active_count; i++) {
        if (l->active[i]->end_h > now_h)
            l->active[kept++] = l->active[i];
        else
            shift(b, l->active[i], false);
    }
    bool changed = kept != l->active_count;
    l->active_count = kept;
    while (l->next_span < l->inputs->span_count && l->inputs->spans[l->next_span].start_h <= now_h) {
        shift(b, &l->inputs->spans[l->next_span], true);
        l->active[l->active_count++] = &l->inputs->spans[l->next_span++];
        changed = true;
    }
    return changed;
}

static void lay_out(builder *b, const rac_inputs *inputs, const rac_timing *timing, const double *times_h,
                    size_t times, size_t *epoch_first)
{
    size_t count;
    const double *breaks = find_breaks(inputs, timing, times_h, times, &count);
    line l = {.inputs = inputs, .active = rac_many(b->arena, const rac_span *, inputs->span_count)};
    int rate = -1;
    for (size_t i = 0; i < count; i++) {
        const double now_h = breaks[i];
        b->time_max_h = fmax(b->time_max_h, fabs(now_h));
        if (i)
            advance(b, breaks[i - 1], now_h - breaks[i - 1], rate);
        while (l.epoch + 1 < timing->epochs && timing->epoch_h[l.epoch + 1] <= now_h)
            epoch_first[++l.epoch] = b->step_count;
        for (; l.next_mark < inputs->mark_count && inputs->marks[l.next_mark].time_h <= now_h; l.next_mark++)
            add_mark_step(b, inputs, &inputs->marks[l.next_mark]);
        for (; l.next_time < times && times_h[l.next_time] <= now_h; l.next_time++) {
            add_step(b, (rac_step){.kind = RAC_STEP_WRITE}, 0);
            b->writes++;
        }
        if (switch_spans(b, &l, now_h))
            rate = find_rates(b, l.active, l.active_count);
        b->end_h = now_h;
    }
    b->end_rate = rate;
    while (l.epoch < timing->epochs)
        epoch_first[++l.epoch] = b->step_count;
}

/* ---- classes of lengths, and runs of equal steps ---- */

static double *gather_lengths(builder *b, int *count)
{
    double *sorted = rac_many(b->arena, double, b->length_count), *classes;
    size_t n = 0;
    for (size_t i = 0; i < b->length_count; i++)
        if (b->lengths[i] > 0)
            sorted[n++] = b->lengths[i];
    qsort(sorted, n, sizeof *sorted, compare_numbers);
    classes = sorted; /* written behind what is still to be read */
    const double slack_h = 8 * DBL_EPSILON * b->time_max_h;
    *count = 0;
    for (size_t i = 0; i < n;) {
        const double first_h = sorted[i];
        double excess_h = 0;
        size_t members = 0;
        for (; i < n && sorted[i] - first_h <= slack_h; i++, members++)
            excess_h += sorted[i] - first_h;
        classes[(*count)++] = first_h + excess_h / (double)members;
    }
    return classes;
}

static int class_of(const double *classes, int count, double length_h)
{
    int low = 0, high = count - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (0.5 * (classes[middle] + classes[middle + 1]) < length_h)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int find_pair(builder *b, int length, int rate)
{
    for (int i = b->pair_count - 1; i >= 0; i--)
        if (b->pairs[i].length == length && b->pairs[i].rate == rate)
            return i;
    b->pairs = rac_arena_grow(b->arena, b->pairs, (size_t)b->pair_count, &b->pair_capacity, sizeof *b->pairs);
    b->pairs[b->pair_count] = (rac_pair){length, rate};
    return b->pair_count++;
}

static bool continues(const rac_step *last, const rac_step *step)
{
    return last->kind == RAC_STEP_ADVANCE && step->kind == RAC_STEP_ADVANCE && last->write == step->write &&
           last->length == step->length && last->pair == step->pair;
}

/* Joins "advance, write" into one step and equal steps into runs; epochs keep their borders. */
static void compress(builder *b, size_t *epoch_first, int epochs, const double *classes, int class_count)
{
    size_t kept = 0, i = 0;
    for (int e = 0; e < epochs; e++) {
        const size_t border = kept, end = epoch_first[e + 1];
        for (; i < end; i++) {
            rac_step step = b->steps[i];
            if (b->lengths[i] > 0)
                step.length = class_of(classes, class_count, b->lengths[i]);
            if (step.kind == RAC_STEP_ADVANCE) {
                step.pair = step.pair < 0 ? -1 : find_pair(b, step.length, step.pair);
                if (i + 1 < end && b->steps[i + 1].kind == RAC_STEP_WRITE) {
                    step.write = true;
                    i++;
                }
            }
            if (kept > border && continues(&b->steps[kept - 1], &step))
                b->steps[kept - 1].count++;
            else
                b->steps[kept++] = step;
        }
        epoch_first[e] = border;
    }
    epoch_first[epochs] = kept;
    b->step_count = kept;
}

static rac_status check_times(const double *times_h, size_t times, rac_error *err)
{
    for (size_t i = 0; i < times; i++) {
        if (!isfinite(times_h[i]))
            return rac_fail(err, RAC_INVALID, "time %zu is not a finite number", i + 1);
        if (i && times_h[i] < times_h[i - 1])
            return rac_fail(err, RAC_INVALID, "time %zu (%g h) is before the one ahead of it (%g h)", i + 1,
                            times_h[i], times_h[i - 1]);
    }
    return RAC_OK;
}

rac_status rac_schedule_make(rac_arena *arena, const rac_regimen *regimen, const rac_timing *timing,
                             const double *times_h, size_t times, rac_schedule *schedule, rac_error *err)
{
    rac_inputs inputs;
    rac_status status = check_times(times_h, times, err);
    if (!status)
        status = rac_inputs_make(arena, regimen, timing, &inputs, err);
    if (status)
        return status;
    if (times_h) { /* then observations in the regimen are not asked for */
        size_t kept = 0;
        for (size_t i = 0; i < inputs.mark_count; i++)
            if (inputs.marks[i].kind != RAC_MARK_WRITE)
                inputs.marks[kept++] = inputs.marks[i];
        inputs.mark_count = kept;
    }
    rac_marks_sort(&inputs);
    if (inputs.span_count)
        qsort(inputs.spans, inputs.span_count, sizeof *inputs.spans, compare_spans);

    builder b = {.arena = arena, .shifts = timing->shifts};
    size_t *epoch_first = rac_many(arena, size_t, (size_t)timing->epochs + 1);
    lay_out(&b, &inputs, timing, times_h, times, epoch_first);
    int lengths;
    const double *classes = gather_lengths(&b, &lengths);
    compress(&b, epoch_first, timing->epochs, classes, lengths);
    *schedule = (rac_schedule){.lengths_h = classes,
                               .lengths = lengths,
                               .rates = b.rates,
                               .rate_count = b.rate_count,
                               .pairs = b.pairs,
                               .pairs_count = b.pair_count,
                               .steps = b.steps,
                               .step_count = b.step_count,
                               .epoch_first = epoch_first,
                               .epochs = timing->epochs,
                               .channels = rac_channels(timing),
                               .writes = b.writes,
                               .end_h = b.end_h,
                               .end_rate = b.end_rate};
    return RAC_OK;
}
