/* The `course:` section: how many infusions, how far apart, what counts as response, and what follows. */
#include "protocol/reader.h"

#include <math.h>
#include <string.h>

enum { days_per_week = 7 };

/* `below: 5`, `at_most: 5`; for a relapse `above:`, `at_least:`. */
static rac_scale_limit read_limit(rac_reader *reader, const rac_yaml *map, const char *strict,
                                  const char *inclusive)
{
    rac_scale_limit limit = {.scale = rac_take_text(reader, map, "scale")};
    const char *const keys[] = {"scale", strict, inclusive, "sources", "conflict"};
    rac_yaml_check_keys(map, keys, RAC_COUNT(keys), reader->problems);
    limit.inclusive = rac_yaml_find(map, inclusive) != NULL;
    if (limit.inclusive == (rac_yaml_find(map, strict) != NULL))
        rac_yaml_problem(reader->problems, map, "a limit has one of %s and %s", strict, inclusive);
    else
        rac_yaml_want_number(rac_yaml_find(map, limit.inclusive ? inclusive : strict), 0, 1000, &limit.value,
                             reader->problems);
    limit.sources = rac_take_sources(reader, map, "sources");
    limit.conflict = rac_take_optional_text(reader, map, "conflict");
    return limit;
}

static const rac_scale_limit *read_limits(rac_reader *reader, const rac_yaml *course, const char *key,
                                          const char *strict, const char *inclusive, size_t *count)
{
    const rac_yaml *list = rac_yaml_need(course, key, reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return NULL;
    rac_scale_limit *limits = rac_many(reader->arena, rac_scale_limit, list->count);
    for (size_t i = 0; i < list->count; i++)
        if (rac_yaml_want_map(&list->items[i], reader->problems))
            limits[(*count)++] = read_limit(reader, &list->items[i], strict, inclusive);
    rac_refuse_twice(reader, list, "scale");
    return limits;
}

static void read_response(rac_reader *reader, const rac_yaml *course, rac_course_rules *out)
{
    const rac_yaml *map = rac_yaml_need(course, "response", reader->problems);
    if (!map)
        return;
    rac_take_keys(reader, map, "reduction", "sources");
    out->response_reduction_percent = rac_take_quantity(reader, map, "reduction", "%", 1, 100);
    out->response_sources = rac_take_sources(reader, map, "sources");
}

static void read_reviews(rac_reader *reader, const rac_yaml *course, rac_course_rules *out)
{
    const rac_yaml *list = rac_yaml_need(course, "review_after", reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    int *reviews = rac_many(reader->arena, int, list->count);
    for (size_t i = 0; i < list->count; i++) {
        int64_t number;
        if (!rac_yaml_want_integer(&list->items[i], 1, out->infusions_max ? out->infusions_max : 100, &number,
                                   reader->problems)) {
            rac_hint_unless(reader, false, "the number of an infusion of the course");
            continue;
        }
        if (out->review_count && number <= reviews[out->review_count - 1])
            rac_yaml_problem(reader->problems, &list->items[i], "review_after must rise");
        else
            reviews[out->review_count++] = (int)number;
    }
    out->review_after = reviews;
}

static void read_maintenance(rac_reader *reader, const rac_yaml *course, rac_course_rules *out)
{
    static const rac_duration ten_years = {INT64_C(3653) * 24 * 3600 * 1000};
    const rac_yaml *list = rac_yaml_find(course, "maintenance");
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    rac_maintenance_step *steps = rac_many(reader->arena, rac_maintenance_step, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const rac_yaml *map = &list->items[i];
        if (!rac_yaml_want_map(map, reader->problems))
            continue;
        rac_take_keys(reader, map, "every", "for");
        const double day = 24 * 60;
        rac_maintenance_step step = {
            rac_duration_minutes(rac_take_duration(reader, map, "every", ten_years)) / day,
            rac_duration_minutes(rac_take_duration(reader, map, "for", ten_years)) / day};
        if (step.for_days > 0 && step.every_days > step.for_days)
            rac_yaml_problem(reader->problems, map, "an infusion every %g days cannot happen in %g days",
                             step.every_days, step.for_days);
        steps[out->maintenance_count++] = step;
    }
    out->maintenance = steps;
}

/* n infusions take n - 1 intervals; the shortest course must fit the longest time, and the longest course
 * must be able to fill the shortest time. */
static void check_fits(rac_reader *reader, const rac_yaml *map, const rac_course_rules *course)
{
    if (!course->infusions_min || course->spacing_min_days <= 0 || course->weeks_min <= 0)
        return;
    const double least = (course->infusions_min - 1) * course->spacing_min_days;
    const double most = (course->infusions_max - 1) * course->spacing_max_days;
    const rac_yaml *node = rac_yaml_find(map, "weeks");
    if (least > course->weeks_max * days_per_week) {
        rac_error *err = rac_yaml_problem(
            reader->problems, node, "%d infusions at least %g days apart take %g days, weeks allow %g",
            course->infusions_min, course->spacing_min_days, least, course->weeks_max * days_per_week);
        rac_error_hint(err, "fewer infusions, a shorter spacing, or more weeks");
    }
    if (most < course->weeks_min * days_per_week) {
        rac_error *err = rac_yaml_problem(
            reader->problems, node, "%d infusions at most %g days apart end by day %g, weeks ask for %g days",
            course->infusions_max, course->spacing_max_days, most, course->weeks_min * days_per_week);
        rac_error_hint(err, "more infusions, a longer spacing, or fewer weeks");
    }
}

static void check_primary_scale(rac_reader *reader, const rac_yaml *map, const rac_course_rules *course)
{
    for (size_t i = 0; i < course->remission_count; i++)
        if (strcmp(course->remission[i].scale, course->scale) == 0)
            return;
    rac_yaml_problem(reader->problems, rac_yaml_find(map, "scale"),
                     "remission has no limit for the primary scale %s", course->scale);
    rac_hint_unless(reader, false, "add one under remission, with its source");
}

void rac_read_course(rac_reader *reader)
{
    rac_course_rules *out = &reader->protocol->course;
    const rac_yaml *map = rac_yaml_need(reader->root, "course", reader->problems);
    if (!rac_yaml_want_map(map, reader->problems))
        return;
    rac_take_keys(reader, map, "infusions", "weeks", "spacing", "review_after", "scale", "also", "response",
                  "remission", "relapse", "suicide_screen", "maintenance", "dose_steps", "sources",
                  "conflict");
    const rac_range infusions = rac_take_range(reader, map, "infusions", "1", 1, 100);
    if (infusions.low != floor(infusions.low) || infusions.high != floor(infusions.high))
        rac_yaml_problem(reader->problems, rac_yaml_find(map, "infusions"), "infusions are whole numbers");
    out->infusions_min = (int)infusions.low;
    out->infusions_max = (int)infusions.high;
    const rac_range weeks = rac_take_range(reader, map, "weeks", "1", 0.1, 520);
    out->weeks_min = weeks.low;
    out->weeks_max = weeks.high;
    const rac_range spacing = rac_take_range(reader, map, "spacing", "days", 0.5, 365);
    out->spacing_min_days = spacing.low;
    out->spacing_max_days = spacing.high;
    read_reviews(reader, map, out);
    out->scale = rac_take_text(reader, map, "scale");
    out->also = rac_take_words(reader, map, "also", false);
    read_response(reader, map, out);
    out->remission = read_limits(reader, map, "remission", "below", "at_most", &out->remission_count);
    out->relapse = read_limits(reader, map, "relapse", "above", "at_least", &out->relapse_count);
    out->suicide_screen = rac_take_text(reader, map, "suicide_screen");
    read_maintenance(reader, map, out);
    rac_read_dose_steps(reader, map);
    out->sources = rac_take_sources(reader, map, "sources");
    out->conflict = rac_take_optional_text(reader, map, "conflict");
    check_fits(reader, map, out);
    if (out->scale[0] && out->remission_count)
        check_primary_scale(reader, map, out);
}
