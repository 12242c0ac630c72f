/* A session as lines for people; two replays of the same events give the same bytes. */
#include <string.h>

#include "racemate/care/session.h"

static char *append(rac_arena *arena, char *text, const char *format, ...) RAC_PRINTF(3, 4);
static char *append(rac_arena *arena, char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *more = rac_format_list(arena, format, arguments);
    va_end(arguments);
    return rac_format(arena, "%s%s", text, more);
}

static char *show_readings(rac_arena *arena, const rac_moment *m, char *text)
{
    for (int kind = 0; kind < RAC_READING_COUNT; kind++) {
        const rac_reading_row *row = rac_reading((rac_reading_kind)kind);
        const rac_timed_value *latest = rac_session_latest(m->session, (rac_reading_kind)kind);
        const rac_timed_value *baseline = rac_session_baseline(m->session, (rac_reading_kind)kind);
        if (!latest)
            continue;
        text =
            append(arena, text, "  %-8s %.*f %s, %s ago", row->shorter, row->digits, latest->value,
                   rac_reading_unit(row), rac_duration_format(arena, rac_instant_since(m->now, latest->at)));
        if (baseline && m->session->any_drug)
            text = append(arena, text, " (baseline %.*f)", row->digits, baseline->value);
        text = append(arena, text, "\n");
    }
    return text;
}

char *rac_session_show(rac_arena *arena, const rac_moment *moment)
{
    const rac_session *s = moment->session;
    rac_decimal volume, amount;
    rac_session_delivered(s, moment->now, &volume, &amount);
    char *text =
        rac_format(arena, "State     %s, infusion %d of the course\n", rac_state_name(s->state), s->number);
    if (s->plan)
        text = append(arena, text, "Plan      %s mg at %s mL/h in %s min, vial %s%s%s\n",
                      rac_decimal_format_exact(arena, s->plan->drawn_mg),
                      rac_decimal_format(arena, s->plan->rate_ml_per_h, 1),
                      rac_decimal_format(arena, s->plan->planned_min, 2), s->plan->vial_code,
                      s->plan_signed_by ? ", signed by " : ", not signed",
                      s->plan_signed_by ? s->plan_signed_by : "");
    if (s->any_drug)
        text = append(arena, text, "Given     %s mg in %s mL\n", rac_decimal_format(arena, amount, 3),
                      rac_decimal_format(arena, volume, 3));
    for (size_t i = 0; i < s->segment_count; i++)
        text = append(arena, text, "  rate    %s mL/h from %s%s%s\n",
                      rac_decimal_format(arena, s->segments[i].rate_ml_per_h, 1),
                      rac_instant_format_clock(arena, s->segments[i].from, moment->zone_min),
                      s->segments[i].to.ms == INT64_MAX ? "" : " to ",
                      s->segments[i].to.ms == INT64_MAX
                          ? ""
                          : rac_instant_format_clock(arena, s->segments[i].to, moment->zone_min));
    rac_instant end;
    if (rac_session_end(s, moment->now, &end))
        text = append(arena, text, "Ends      %s\n", rac_instant_format_clock(arena, end, moment->zone_min));
    text = show_readings(arena, moment, text);
    for (size_t i = 0; i < s->symptom_count; i++)
        if (s->symptoms[i].severity != RAC_GONE)
            text = append(arena, text, "Symptom   %s since %s\n", s->symptoms[i].name,
                          rac_instant_format_clock(arena, s->symptoms[i].since, moment->zone_min));
    for (size_t i = 0; i < s->deviation_count; i++)
        text = append(arena, text, "Deviation %s\n", s->deviations[i]);
    return text;
}
