/* HL7 times: see link/hl7.h. */
#include "link/hl7.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count_digits(rac_text text)
{
    size_t count = 0;
    while (count < text.size && text.data[count] >= '0' && text.data[count] <= '9')
        count++;
    return count;
}

static rac_status no_time(rac_text text, rac_error *err)
{
    return rac_fail(err, RAC_INVALID, "'%.*s' is not a time", RAC_TEXT(rac_text_shorten(text, 40)));
}

/* The zone as sent ("+0530"), or the sender's; empty result when there is neither. */
static bool read_zone(rac_text zone, const rac_hl7_sender *sender, char out[8])
{
    if (zone.size == 5) {
        snprintf(out, 8, "%.5s", zone.data);
        return true;
    }
    if (!sender || !sender->has_zone || abs(sender->zone_min) > 840)
        return false;
    const int minutes = abs(sender->zone_min);
    snprintf(out, 8, "%c%02d%02d", sender->zone_min < 0 ? '-' : '+', minutes / 60 % 24, minutes % 60);
    return true;
}

/* Rewritten as ISO 8601, so that one reader in base checks days, clocks and zones. */
rac_status rac_hl7_time_parse(rac_text text, const rac_hl7_sender *sender, rac_instant *instant,
                              rac_error *err)
{
    text = rac_text_trim(text);
    const size_t digits = count_digits(text);
    if (digits == 8 && (text.size == 8 || strchr("+-", text.data[8])))
        return rac_fail(err, RAC_INVALID, "'%.*s' is a date without a clock",
                        RAC_TEXT(rac_text_shorten(text, 40)));
    if (digits != 12 && digits != 14)
        return no_time(text, err);
    rac_text rest = {text.data + digits, text.size - digits}, fraction = {"", 0};
    if (digits == 14 && rest.size && rest.data[0] == '.') {
        fraction = (rac_text){rest.data, 1 + count_digits((rac_text){rest.data + 1, rest.size - 1})};
        rest = (rac_text){rest.data + fraction.size, rest.size - fraction.size};
        if (fraction.size < 2 || fraction.size > 10)
            return no_time(text, err);
    }
    if (rest.size &&
        !(rest.size == 5 && strchr("+-", rest.data[0]) && count_digits((rac_text){rest.data + 1, 4}) == 4))
        return no_time(text, err);
    char zone[8], iso[64];
    if (!read_zone(rest, sender, zone)) {
        const rac_status status = rac_fail(
            err, RAC_NOT_FOUND, "the time %.*s has no zone and none is set for this sender", RAC_TEXT(text));
        rac_error_hint(err, "set the zone of this sender in the link file");
        return status;
    }
    const char *const d = text.data;
    const int size = snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s%.*s%s", d, d + 4, d + 6, d + 8,
                              d + 10, digits == 14 ? d + 12 : "00", RAC_TEXT(fraction), zone);
    if (rac_instant_parse((rac_text){iso, (size_t)size}, instant, NULL))
        return no_time(text, err);
    return RAC_OK;
}

/* "2026-03-02T10:15:00.250Z" without its marks. */
char *rac_hl7_time_format(rac_arena *arena, rac_instant instant)
{
    const char *const iso = rac_instant_format(arena, instant);
    char *out = rac_arena_alloc(arena, strlen(iso) + 8);
    size_t size = 0;
    for (const char *at = iso; *at; at++)
        if (!strchr("-:TZ", *at))
            out[size++] = *at;
    strcpy(out + size, "+0000");
    return out;
}
