/* Instants and durations: see racemate/base.h.  The calendar is the proleptic Gregorian one of
 * ISO 8601; the day arithmetic follows the public-domain algorithms of Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days). */
#include "racemate/base.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t ms_per_day = 86400000;

rac_instant rac_instant_add(rac_instant instant, rac_duration duration)
{
    return (rac_instant){instant.ms + duration.ms};
}

rac_duration rac_instant_since(rac_instant later, rac_instant earlier)
{
    return (rac_duration){later.ms - earlier.ms};
}

int rac_instant_compare(rac_instant a, rac_instant b)
{
    return (a.ms > b.ms) - (a.ms < b.ms);
}

rac_duration rac_duration_of_minutes(double minutes)
{
    return (rac_duration){(int64_t)llround(minutes * 60000.0)};
}

double rac_duration_minutes(rac_duration duration)
{
    return (double)duration.ms / 60000.0;
}

static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

typedef struct civil {
    int64_t year;
    int month, day, hour, minute, second, ms;
} civil;

static civil civil_from_instant(rac_instant instant)
{
    int64_t days = instant.ms / ms_per_day;
    int64_t rest = instant.ms % ms_per_day;
    if (rest < 0) {
        rest += ms_per_day;
        days--;
    }
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t day_of_era = days - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted_month = (5 * day_of_year + 2) / 153;
    civil c = {
        .day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
        .month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9),
        .hour = (int)(rest / 3600000),
        .minute = (int)(rest / 60000 % 60),
        .second = (int)(rest / 1000 % 60),
        .ms = (int)(rest % 1000),
    };
    c.year = year_of_era + era * 400 + (c.month <= 2);
    return c;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Reads exactly `digits` digits; -1 when they are not there. */
static int take_digits(rac_text *text, size_t digits)
{
    if (text->size < digits)
        return -1;
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text->data[i] < '0' || text->data[i] > '9')
            return -1;
        value = value * 10 + (text->data[i] - '0');
    }
    text->data += digits;
    text->size -= digits;
    return value;
}

static bool take(rac_text *text, char wanted)
{
    if (!text->size || text->data[0] != wanted)
        return false;
    text->data++;
    text->size--;
    return true;
}

static bool take_date(rac_text *text, civil *c)
{
    c->year = take_digits(text, 4);
    if (c->year < 0 || !take(text, '-'))
        return false;
    c->month = take_digits(text, 2);
    if (c->month < 1 || c->month > 12 || !take(text, '-'))
        return false;
    c->day = take_digits(text, 2);
    return c->day >= 1 && c->day <= days_in_month(c->year, c->month);
}

static bool take_clock(rac_text *text, civil *c)
{
    c->hour = take_digits(text, 2);
    if (c->hour < 0 || c->hour > 23 || !take(text, ':'))
        return false;
    c->minute = take_digits(text, 2);
    if (c->minute < 0 || c->minute > 59)
        return false;
    if (!take(text, ':'))
        return true;
    c->second = take_digits(text, 2);
    if (c->second < 0 || c->second > 59)
        return false;
    if (!take(text, '.'))
        return true;
    int scale = 100, seen = 0;
    for (int digit; seen < 9 && (digit = take_digits(text, 1)) >= 0; seen++, scale /= 10)
        c->ms += digit * scale;
    return seen > 0;
}

/* "Z" or "+hh:mm" or "+hhmm"; minutes east of UTC. */
static bool take_zone(rac_text *text, int *offset_min)
{
    *offset_min = 0;
    if (take(text, 'Z'))
        return true;
    const int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
    if (!sign)
        return false;
    const int hours = take_digits(text, 2);
    (void)take(text, ':');
    const int minutes = take_digits(text, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return false;
    *offset_min = sign * (hours * 60 + minutes);
    return true;
}

rac_status rac_instant_parse(rac_text text, rac_instant *instant, rac_error *err)
{
    rac_text rest = text;
    civil c = {0};
    int offset_min = 0;
    bool good = take_date(&rest, &c);
    if (good && rest.size) {
        good = (take(&rest, 'T') || take(&rest, ' ')) && take_clock(&rest, &c);
        if (good && !rest.size) {
            rac_status status = rac_fail(err, RAC_INVALID, "the time '%.*s' has no zone", RAC_TEXT(text));
            rac_error_hint(err, "end it with 'Z' for UTC or an offset such as '+01:00'");
            return status;
        }
        good = good && take_zone(&rest, &offset_min) && !rest.size;
    }
    if (!good) {
        rac_status status =
            rac_fail(err, RAC_INVALID, "'%.*s' is not a time", RAC_TEXT(rac_text_shorten(text, 40)));
        rac_error_hint(err, "write it like 2026-03-02T10:15:00Z");
        return status;
    }
    const int64_t minutes =
        days_from_civil(c.year, c.month, c.day) * 1440 + c.hour * 60 + c.minute - offset_min;
    instant->ms = minutes * 60000 + c.second * 1000 + c.ms;
    return RAC_OK;
}

char *rac_instant_format(rac_arena *arena, rac_instant instant)
{
    const civil c = civil_from_instant(instant);
    char *text = rac_format(arena, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour,
                            c.minute, c.second);
    return c.ms ? rac_format(arena, "%s.%03dZ", text, c.ms) : rac_format(arena, "%sZ", text);
}

static civil civil_at_offset(rac_instant instant, int offset_min)
{
    return civil_from_instant((rac_instant){instant.ms + (int64_t)offset_min * 60000});
}

char *rac_instant_format_date(rac_arena *arena, rac_instant instant, int offset_min)
{
    const civil c = civil_at_offset(instant, offset_min);
    return rac_format(arena, "%04" PRId64 "-%02d-%02d", c.year, c.month, c.day);
}

char *rac_instant_format_clock(rac_arena *arena, rac_instant instant, int offset_min)
{
    const civil c = civil_at_offset(instant, offset_min);
    return rac_format(arena, "%02d:%02d", c.hour, c.minute);
}

static const struct {
    const char *name;
    int64_t ms;
} spans[] = {
    {"ms", 1},           {"s", 1000},          {"sec", 1000},     {"second", 1000},   {"seconds", 1000},
    {"m", 60000},        {"min", 60000},       {"minute", 60000}, {"minutes", 60000}, {"h", 3600000},
    {"hour", 3600000},   {"hours", 3600000},   {"d", 86400000},   {"day", 86400000},  {"days", 86400000},
    {"week", 604800000}, {"weeks", 604800000},
};

rac_status rac_duration_parse(rac_text text, rac_duration *duration, rac_error *err)
{
    size_t split = text.size;
    while (split && ((text.data[split - 1] >= 'a' && text.data[split - 1] <= 'z')))
        split--;
    const rac_text unit = {text.data + split, text.size - split};
    const rac_text amount = rac_text_trim((rac_text){text.data, split});
    double number;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        if (!rac_text_is(unit, spans[i].name))
            continue;
        if (rac_number_parse(amount, &number, NULL) || fabs(number) > 1e9)
            break;
        duration->ms = (int64_t)llround(number * (double)spans[i].ms);
        return RAC_OK;
    }
    rac_status status =
        rac_fail(err, RAC_INVALID, "'%.*s' is not a span of time", RAC_TEXT(rac_text_shorten(text, 40)));
    rac_error_hint(err, "write it like 40 min, 90 s, 2 h, 3 days");
    return status;
}

char *rac_duration_format(rac_arena *arena, rac_duration duration)
{
    const char *sign = duration.ms < 0 ? "-" : "";
    const int64_t ms = duration.ms < 0 ? -duration.ms : duration.ms;
    const int64_t minutes = ms / 60000;
    if (ms < 60000)
        return rac_format(arena, "%s%" PRId64 " s", sign, ms / 1000);
    if (minutes < 60)
        return rac_format(arena, "%s%" PRId64 " min", sign, minutes);
    if (minutes < 1440)
        return rac_format(arena, "%s%" PRId64 " h %02" PRId64 " min", sign, minutes / 60, minutes % 60);
    return rac_format(arena, "%s%" PRId64 " d %" PRId64 " h", sign, minutes / 1440, minutes / 60 % 24);
}
