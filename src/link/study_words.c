/* Numbers and figures as a study's document writes them. */
#include <math.h>
#include <string.h>

#include "link/study_parts.h"

#define DASH "\xE2\x80\x93"
#define MINUS "\xE2\x88\x92"
#define INFINITE "\xE2\x88\x9E"

const char *const study_endpoint[STUDY_ENDPOINTS] = {"response", "remission", "dropout"};

const char *study_number(rac_arena *arena, double value, int digits)
{
    if (isnan(value))
        return DASH;
    if (isinf(value))
        return value > 0 ? INFINITE : MINUS INFINITE;
    const char *plain = rac_format(arena, "%.*f", digits, fabs(value));
    return value < 0 && strspn(plain, "0.") != strlen(plain) ? rac_format(arena, MINUS "%s", plain) : plain;
}

const char *study_count(rac_arena *arena, double value)
{
    return study_number(arena, value, 0);
}

const char *study_interval(rac_arena *arena, double value, double lower, double upper, int digits)
{
    if (isnan(value))
        return DASH;
    return rac_format(arena, "%s (%s to %s)", study_number(arena, value, digits),
                      study_number(arena, lower, digits), study_number(arena, upper, digits));
}

const char *study_p(rac_arena *arena, double p)
{
    return isnan(p) ? DASH : p < 0.001 ? "< 0.001" : rac_format(arena, "%.3f", p);
}

static const char *side(rac_arena *arena, double number)
{
    return isinf(number) ? INFINITE : rac_format(arena, "NNT%c %.1f", number > 0 ? 'B' : 'H', fabs(number));
}

const char *study_nnt(rac_arena *arena, rac_nnt nnt)
{
    if (isnan(nnt.estimate))
        return DASH;
    if (nnt.kind != RAC_NNT_THROUGH_INFINITY) {
        const double low = fmin(fabs(nnt.from_lower), fabs(nnt.from_upper)),
                     high = fmax(fabs(nnt.from_lower), fabs(nnt.from_upper));
        return rac_format(arena, "%s (%.1f to %.1f)", side(arena, nnt.estimate), low, high);
    }
    const bool through = isfinite(nnt.from_lower) && isfinite(nnt.from_upper);
    return rac_format(arena, DASH " (%s to %s%s)", side(arena, nnt.from_upper),
                      through ? INFINITE " to " : "", side(arena, nnt.from_lower));
}

const char *study_share(rac_arena *arena, double events, double n)
{
    return n > 0 ? rac_format(arena, "%.0f/%.0f, %.1f %%", events, n, 100 * events / n) : DASH;
}

static const char *const titles[STUDY_PARTS] = {
#define X(name, title) [name] = title,
    STUDY_PART_LIST(X)
#undef X
};

const char *study_section(rac_arena *arena, study_part part)
{
    return rac_format(arena, "section %d", (int)part + 1);
}

void study_heading(study_page *page, study_part part)
{
    rac_document_heading(page->document, 1, rac_format(page->arena, "%d. %s", (int)part + 1, titles[part]));
}

bool study_have(study_page *page, const study_made *made)
{
    if (!made->made)
        rac_document_paragraph(
            page->document, rac_format(page->arena, "Not available from this chart: %s.", made->why.message));
    return made->made;
}

rac_status study_figure(study_page *page, rac_figure *figure, const char *caption, rac_error *err)
{
    rac_figure *own = rac_new(page->arena, rac_figure);
    const rac_status status = figure->finished ? RAC_OK : rac_figure_finish(figure, err);
    if (status)
        return status;
    *own = *figure;
    rac_document_figure(page->document, own, caption);
    return RAC_OK;
}

const char *study_column(const char *name)
{
    return strcmp(name, "BASE") == 0 ? "baseline score" : name;
}

void study_sessions_axis(study_page *page, rac_figure *figure)
{
    figure->x.label = "Session";
    figure->x.fixed = true;
    figure->x.min = -0.25;
    figure->x.max = page->chart->visit_number[page->chart->visits - 1] + 0.25;
}

study_curve study_curve_new(rac_arena *arena, size_t count)
{
    return (study_curve){count, rac_many(arena, double, count), rac_many(arena, double, count),
                         rac_many(arena, double, count), rac_many(arena, double, count)};
}

void study_curve_add(rac_figure *figure, const study_page *page, int arm, const study_curve *curve)
{
    for (size_t i = 0; i < curve->count; i++)
        curve->x[i] += arm == RAC_CHART_TREATED ? -0.04 : 0.04;
    rac_figure_mark mark = {.kind = RAC_FIGURE_LINE,
                            .name = page->arm[arm],
                            .style = arm == RAC_CHART_TREATED ? 0 : 1,
                            .count = curve->count,
                            .x = curve->x,
                            .y = curve->y};
    rac_figure_add(figure, &mark);
    mark.kind = RAC_FIGURE_POINTS, mark.name = NULL, mark.low = curve->low, mark.high = curve->high;
    rac_figure_add(figure, &mark);
}
