/* May the patient leave: see racemate/care/discharge.h. */
#include "racemate/care/discharge.h"

static const int64_t a_day_ms = 86400000;

/* The earliest minute at which the checklist is as complete as time alone can make it: items that fail now
 * and would hold later with the same values. */
static rac_status find_earliest(rac_arena *arena, const rac_moment *moment, rac_discharge *discharge,
                                rac_error *err)
{
    const rac_check_items items = moment->protocol->discharge;
    discharge->earliest = moment->now;
    for (size_t i = 0; i < items.count; i++) {
        if (!items.items[i].when || discharge->checklist.items[i].state != RAC_ITEM_NOT_MET)
            continue;
        const rac_check_items one = {&items.items[i], 1};
        for (int64_t ahead = 60000; ahead <= a_day_ms / 4; ahead += 60000) {
            rac_moment later = *moment;
            later.now.ms += ahead;
            rac_checklist checked;
            const rac_status status = rac_checklist_evaluate(arena, &later, one, &checked, err);
            if (status)
                return status;
            if (!checked.complete)
                continue;
            if (later.now.ms > discharge->earliest.ms)
                discharge->earliest = later.now;
            break;
        }
    }
    return RAC_OK;
}

rac_status rac_discharge_evaluate(rac_arena *arena, const rac_moment *moment, rac_discharge *discharge,
                                  rac_error *err)
{
    const rac_session *s = moment->session;
    *discharge = (rac_discharge){0};
    rac_status status =
        rac_checklist_evaluate(arena, moment, moment->protocol->discharge, &discharge->checklist, err);
    if (status)
        return status;
    discharge->ready = discharge->checklist.complete && s->state == RAC_STATE_RECOVERING;
    const rac_site_place *driving = rac_protocol_place(moment->protocol, "driving");
    if (s->any_drug && driving && driving->filled)
        discharge->no_driving_until.ms =
            (s->state == RAC_STATE_DOSING ? moment->now.ms : s->last_drug_at.ms) +
            (int64_t)(driving->value * 3600000.0);
    rac_arena *scratch = rac_arena_new();
    status = find_earliest(scratch, moment, discharge, err);
    rac_arena_free(scratch);
    return status;
}
