/* Any bytes as doses, as times and as people: understood within the limits, or refused with words. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(rac_status status, const rac_error *err)
{
    must(status == err->status && err->message[0]);
    must(rac_text_is_utf8(rac_text_of(err->message)) && rac_text_is_utf8(rac_text_of(err->hint)));
}

static void as_doses(rac_arena *arena, const char *typed)
{
    rac_error err = {0};
    rac_sim_dose *doses;
    double *times_h;
    size_t count, times;
    rac_status status = rac_sim_parse_doses(arena, typed, NULL, &doses, &count, &err);
    if (status) {
        check_error(status, &err);
        return;
    }
    must(count >= 1 && count <= RAC_SIM_DOSES_MAX);
    for (size_t i = 0; i < count; i++)
        must(isfinite(doses[i].dose.time_h) && doses[i].dose.time_h >= 0 && doses[i].dose.amount_mg > 0 &&
             doses[i].dose.duration_h >= 0);
    status = rac_sim_usual_times(arena, doses, count, &times_h, &times, &err);
    if (status)
        check_error(status, &err);
    for (size_t t = 1; !status && t < times; t++)
        must(times_h[t] > times_h[t - 1]);
}

static void as_times(rac_arena *arena, const char *typed)
{
    rac_error err = {0};
    double *times_h;
    size_t times;
    const rac_status status = rac_sim_parse_times(arena, typed, &times_h, &times, &err);
    if (status) {
        check_error(status, &err);
        return;
    }
    must(times >= 1 && times <= RAC_SIM_TIMES_MAX && times_h[0] >= 0);
    for (size_t t = 1; t < times; t++)
        must(times_h[t] > times_h[t - 1]);
}

static void as_people(rac_arena *arena, const char *typed)
{
    rac_error err = {0};
    rac_sim_law *laws;
    size_t count;
    const rac_status status = rac_sim_parse_people(arena, typed, &laws, &count, &err);
    if (status) {
        check_error(status, &err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        must(laws[i].name[0] && isfinite(laws[i].a) && laws[i].low < laws[i].high);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rac_arena *arena = rac_arena_new();
    char *typed = rac_arena_alloc(arena, size + 1);
    if (size)
        memcpy(typed, data, size);
    as_doses(arena, typed);
    as_times(arena, typed);
    as_people(arena, typed);
    rac_arena_free(arena);
    return 0;
}
