/* A plot as data: ranges, ticks, and what must hold before anybody draws it. */
#include "base/figure.h"

#include <math.h>
#include <string.h>

/* Which arrays a kind reads, and which of them set the range of the vertical axis. */
static const struct kind_row {
    const char *name;
    bool x, y, limits; /* limits: low and high are needed */
    bool zero;         /* drawn from 0, so the range includes it */
    bool lying;        /* low and high are along the horizontal axis */
} kinds[RAC_FIGURE_KINDS] = {
    [RAC_FIGURE_LINE] = {"line", true, true, false, false, false},
    [RAC_FIGURE_STEPS] = {"steps", true, true, false, false, false},
    [RAC_FIGURE_BAND] = {"band", true, false, true, false, false},
    [RAC_FIGURE_POINTS] = {"points", true, true, false, false, false},
    [RAC_FIGURE_BARS] = {"bars", true, true, false, true, false},
    [RAC_FIGURE_ACROSS] = {"reference line", false, true, false, false, false},
    [RAC_FIGURE_UP] = {"reference line", true, false, false, false, false},
    [RAC_FIGURE_LABEL] = {"label", true, true, false, false, false},
    [RAC_FIGURE_SPANS] = {"spans", false, false, true, false, true},
};

rac_figure rac_figure_open(rac_arena *arena, const char *title, const char *description, double width_mm,
                           double height_mm)
{
    return (rac_figure){.arena = arena,
                        .title = rac_string_copy(arena, title ? title : ""),
                        .description = rac_string_copy(arena, description ? description : ""),
                        .width_mm = width_mm,
                        .height_mm = height_mm};
}

static const double *copied(rac_arena *arena, const double *values, size_t count)
{
    if (!values)
        return NULL;
    double *copy = rac_many(arena, double, count);
    if (count)
        memcpy(copy, values, count * sizeof *copy);
    return copy;
}

void rac_figure_add(rac_figure *figure, const rac_figure_mark *mark)
{
    rac_figure_mark own = *mark;
    own.name = mark->name ? rac_string_copy(figure->arena, mark->name) : NULL;
    own.x = copied(figure->arena, mark->x, mark->count);
    own.y = copied(figure->arena, mark->y, mark->count);
    own.low = copied(figure->arena, mark->low, mark->count);
    own.high = copied(figure->arena, mark->high, mark->count);
    rac_push(figure->arena, figure->marks, figure->mark_count, figure->mark_capacity, own);
    figure->finished = false;
}

void rac_figure_note(rac_figure *figure, const char *note)
{
    rac_push(figure->arena, figure->notes, figure->note_count, figure->note_capacity,
             rac_string_copy(figure->arena, note));
}

/* The nearest of 1, 2, 5 and 10 times a power of ten (Heckbert 1990). */
static double nice(double x, bool nearest)
{
    const double power = pow(10, floor(log10(x)));
    const double part = x / power;
    if (nearest)
        return (part < 1.5 ? 1 : part < 3 ? 2 : part < 7 ? 5 : 10) * power;
    return (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10) * power;
}

size_t rac_figure_ticks(double min, double max, size_t most, double *first, double *step)
{
    if (!(max > min)) { /* one value: a unit of its own size on both sides */
        const double half = min != 0 ? fabs(min) / 2 : 1;
        max = min + half;
        min -= half;
    }
    const double parts = most > 2 ? (double)most - 1 : 1;
    *step = nice(nice(max - min, false) / parts, true);
    /* A range that is a multiple of the step but for rounding must not gain a tick at either end. */
    const double slack = 1e-9;
    const double from = floor(min / *step + slack), to = ceil(max / *step - slack);
    *first = from * *step;
    return (size_t)(to - from) + 1;
}

typedef struct range {
    double min, max;
} range;

static void widen(range *r, const double *values, size_t count)
{
    for (size_t i = 0; values && i < count; i++) {
        if (isnan(values[i]))
            continue;
        r->min = fmin(r->min, values[i]);
        r->max = fmax(r->max, values[i]);
    }
}

/* The smallest of the axis' own steps that needs no more than `most` ticks; the largest when none does. */
static size_t own_ticks(const rac_figure_axis *axis, range seen, size_t most, double *first, double *step)
{
    size_t count = 0;
    for (size_t i = 0; i < axis->step_count; i++) {
        *step = axis->steps[i];
        *first = floor(seen.min / *step + 1e-9) * *step;
        count = (size_t)ceil((seen.max - *first) / *step - 1e-9) + 1;
        if (count <= most)
            break;
    }
    return count;
}

/* Powers of ten, and 2 and 5 times them where there are few. */
static void scale_log(rac_figure *figure, rac_figure_axis *axis, range seen)
{
    const double from = floor(log10(seen.min) + 1e-9), to = fmax(ceil(log10(seen.max) - 1e-9), from + 1);
    static const double parts[] = {1, 2, 5};
    const size_t each = to - from <= 2 ? 3 : 1, decades = (size_t)(to - from);
    double *ticks = rac_many(figure->arena, double, decades *each + 1);
    if (!axis->fixed) {
        axis->min = pow(10, from);
        axis->max = pow(10, to);
    }
    for (size_t i = 0; i <= decades * each; i++) {
        const double at = parts[i % each] * pow(10, from + (double)(i / each));
        if (at >= axis->min * (1 - 1e-9) && at <= axis->max * (1 + 1e-9))
            ticks[axis->tick_count++] = at;
    }
    axis->ticks = ticks;
}

static void scale(rac_figure *figure, rac_figure_axis *axis, range seen, size_t most)
{
    axis->tick_count = 0;
    if (axis->names) {
        axis->min = -0.5;
        axis->max = (double)axis->name_count - 0.5;
        double *ticks = rac_many(figure->arena, double, axis->name_count);
        for (size_t i = 0; i < axis->name_count; i++)
            ticks[i] = (double)i;
        axis->ticks = ticks;
        axis->tick_count = axis->name_count;
        return;
    }
    if (axis->fixed)
        seen = (range){axis->min, axis->max};
    else if (axis->from_zero)
        widen(&seen, &(double){0}, 1);
    if (axis->log) {
        scale_log(figure, axis, seen);
        return;
    }
    double first, step;
    const size_t count = axis->steps && seen.max > seen.min
                             ? own_ticks(axis, seen, most, &first, &step)
                             : rac_figure_ticks(seen.min, seen.max, most, &first, &step);
    double *ticks = rac_many(figure->arena, double, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const double at = first + (double)i * step;
        const double near = fabs(at) < step * 1e-9 ? 0 : at; /* 0, not 1e-17 */
        if (!axis->fixed || (near >= axis->min - step * 1e-9 && near <= axis->max + step * 1e-9))
            ticks[kept++] = near;
    }
    if (!axis->fixed) {
        axis->min = ticks[0];
        axis->max = ticks[kept - 1];
    }
    axis->ticks = ticks;
    axis->tick_count = kept;
    const double places = -floor(log10(step) + 1e-9);
    axis->digits = places < 0 ? 0 : places > 9 ? 9 : (int)places;
}

static bool all_drawable(const double *values, size_t count)
{
    for (size_t i = 0; values && i < count; i++)
        if (isinf(values[i]))
            return false;
    return true;
}

static rac_status check_mark(const rac_figure *figure, const rac_figure_mark *mark, size_t number,
                             rac_error *err)
{
    if ((unsigned)mark->kind >= RAC_FIGURE_KINDS)
        return rac_fail(err, RAC_INVALID, "mark %zu of '%s' is of no known kind", number, figure->title);
    const struct kind_row *kind = &kinds[mark->kind];
    if (mark->count == 0 || (kind->x && !mark->x) || (kind->y && !mark->y) ||
        (kind->limits && !(mark->low && mark->high)) || !mark->low != !mark->high)
        return rac_fail(err, RAC_INVALID, "mark %zu of '%s' (%s) lacks values", number, figure->title,
                        kind->name);
    if (!all_drawable(mark->x, mark->count) || !all_drawable(mark->y, mark->count) ||
        !all_drawable(mark->low, mark->count) || !all_drawable(mark->high, mark->count))
        return rac_fail(err, RAC_INVALID, "mark %zu of '%s' (%s) has an infinite value", number,
                        figure->title, kind->name);
    return RAC_OK;
}

static rac_status check_axis(const rac_figure *figure, const rac_figure_axis *axis, range seen,
                             const char *which, rac_error *err)
{
    if (axis->fixed && !(isfinite(axis->min) && isfinite(axis->max) && axis->min < axis->max))
        return rac_fail(err, RAC_INVALID, "the %s axis of '%s' has no range", which, figure->title);
    if (axis->names ? axis->name_count == 0 : !axis->fixed && !(seen.min <= seen.max))
        return rac_fail(err, RAC_INVALID, "'%s' has nothing to show", figure->title);
    if (axis->log && !((axis->fixed ? axis->min : seen.min) > 0 && !(seen.min <= 0)))
        return rac_fail(err, RAC_INVALID, "the %s axis of '%s' is a logarithm: every value must be above 0",
                        which, figure->title);
    return RAC_OK;
}

rac_status rac_figure_finish(rac_figure *figure, rac_error *err)
{
    if (!(figure->width_mm >= 40 && figure->height_mm >= 30))
        return rac_fail(err, RAC_INVALID, "'%s' is smaller than 40 x 30 mm", figure->title);
    range across = {INFINITY, -INFINITY}, up = across;
    for (size_t i = 0; i < figure->mark_count; i++) {
        const rac_figure_mark *mark = &figure->marks[i];
        const rac_status status = check_mark(figure, mark, i + 1, err);
        if (status)
            return status;
        widen(&across, mark->x, mark->count);
        widen(&up, mark->y, mark->count);
        widen(kinds[mark->kind].lying ? &across : &up, mark->low, mark->count);
        widen(kinds[mark->kind].lying ? &across : &up, mark->high, mark->count);
        if (kinds[mark->kind].zero)
            widen(&up, &(double){0}, 1);
    }
    rac_status status = check_axis(figure, &figure->x, across, "horizontal", err);
    if (!status)
        status = check_axis(figure, &figure->y, up, "vertical", err);
    if (status)
        return status;
    scale(figure, &figure->x, across, 8);
    scale(figure, &figure->y, up, 7);
    figure->finished = true;
    return RAC_OK;
}

void rac_figure_write_under(rac_figure *figure, const char *name, const char *const *text)
{
    const char **own = rac_many(figure->arena, const char *, figure->x.tick_count);
    for (size_t i = 0; i < figure->x.tick_count; i++)
        own[i] = rac_string_copy(figure->arena, text[i]);
    rac_push(figure->arena, figure->under, figure->under_count, figure->under_capacity,
             ((rac_figure_under){rac_string_copy(figure->arena, name), own}));
}
