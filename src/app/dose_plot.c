/* The picture of `racemate dose`: the amount limits allow over the duration of the infusion. */
#include <math.h>

#include "app/dose.h"
#include "link/svg.h"

static void line(rac_arena *arena, rac_figure *figure, const rac_app_search *s, const double *x,
                 double (*value)(const rac_search_point *, size_t), size_t which, const char *name, int style)
{
    double *y = rac_many(arena, double, s->ask.durations);
    bool any = false;
    for (size_t i = 0; i < s->ask.durations; i++) {
        y[i] = value(&s->points[i], which);
        if (isinf(y[i]))
            y[i] = NAN; /* a gap: no limit, or no amount */
        any |= !isnan(y[i]);
    }
    if (any)
        rac_figure_add(figure, &(rac_figure_mark){.kind = RAC_FIGURE_LINE,
                                                  .name = name,
                                                  .style = style,
                                                  .count = s->ask.durations,
                                                  .x = x,
                                                  .y = y});
}

static double most(const rac_search_point *p, size_t which)
{
    (void)which;
    return p->most;
}

static double least(const rac_search_point *p, size_t which)
{
    (void)which;
    return p->least > 0 ? p->least : NAN;
}

static double by_share(const rac_search_point *p, size_t which)
{
    return p->most_by_share[which];
}

rac_status rac_app_search_plot(rac_arena *arena, const rac_app_search *s, rac_text *svg, rac_error *err)
{
    rac_figure f = rac_figure_open(
        arena, rac_format(arena, "Amount and duration, %s", rac_model_describe(s->model)->name),
        "The largest amount with which the limits hold in the stated share of virtual patients, over the "
        "duration "
        "of the infusion; it recommends nothing",
        150, 100);
    double *x = rac_many(arena, double, s->ask.durations);
    for (size_t i = 0; i < s->ask.durations; i++)
        x[i] = 60 * s->points[i].duration_h;
    f.x.label = "duration of the infusion (min)";
    f.y.label = rac_format(arena, "amount (%s)", s->unit);
    f.y.from_zero = true;
    line(arena, &f, s, x, most, 0, "limits allow, as asked", 0);
    for (size_t k = 0; k < s->ask.share_count; k++)
        line(arena, &f, s, x, by_share, k,
             rac_format(arena, "all limits hold in %g %%", 100 * s->ask.shares[k]), k ? 2 : 3);
    line(arena, &f, s, x, least, 0, "goals need, as asked", 1);
    const double at = 60 * s->ask.dose.duration_h, given = s->ask.dose.amount_mg;
    if (s->studied_known) {
        const double over[] = {s->studied.minutes, s->studied.minutes},
                     ends[] = {s->studied.low, s->studied.high};
        rac_figure_add(&f, &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                              .name = "least and most that trials gave",
                                              .style = 3,
                                              .count = 2,
                                              .x = over,
                                              .y = ends});
    }
    rac_figure_add(&f,
                   &(rac_figure_mark){.kind = RAC_FIGURE_POINTS,
                                      .name = rac_format(arena, "%.4g %s over %.4g min", given, s->unit, at),
                                      .style = 0,
                                      .count = 1,
                                      .x = &at,
                                      .y = &given});
    const char *outside = rac_app_outside(arena, s->model, s->covariates);
    if (outside[0])
        rac_figure_note(&f, rac_format(arena, "outside what was studied: %s", outside));
    const rac_status status = rac_figure_finish(&f, err);
    return status ? status : rac_svg_draw(arena, &f, "dose", svg, err);
}
