/* Regimens: see racemate/pharma/dosing.h. */
#include "racemate/pharma/dosing.h"

#include <math.h>

rac_regimen rac_regimen_new(rac_arena *arena)
{
    return (rac_regimen){.arena = arena};
}

void rac_regimen_add(rac_regimen *regimen, rac_dose dose)
{
    rac_push(regimen->arena, regimen->items, regimen->count, regimen->capacity, dose);
}

rac_dose rac_dose_bolus(double time_h, int route, double amount_mg)
{
    return (rac_dose){.time_h = time_h, .kind = RAC_DOSE_BOLUS, .route = route, .amount_mg = amount_mg};
}

rac_dose rac_dose_infusion(double time_h, int route, double amount_mg, double duration_h)
{
    return (rac_dose){.time_h = time_h,
                      .kind = RAC_DOSE_INFUSION,
                      .route = route,
                      .amount_mg = amount_mg,
                      .duration_h = duration_h};
}

rac_dose rac_dose_rate(double time_h, int route, double rate_mg_per_h)
{
    return (rac_dose){
        .time_h = time_h, .kind = RAC_DOSE_RATE, .route = route, .rate_mg_per_h = rate_mg_per_h};
}

rac_dose rac_dose_mark(double time_h, int route, rac_dose_kind kind)
{
    return (rac_dose){.time_h = time_h, .kind = kind, .route = route};
}

/* What each kind of event says, and so which numbers it must and must not carry. */
static const struct {
    const char *name;
    bool amount, rate, duration; /* may carry */
    bool repeats;                /* may have `additional` doses or be a steady one */
} KINDS[] = {
    [RAC_DOSE_BOLUS] = {"bolus", true, false, false, true},
    [RAC_DOSE_INFUSION] = {"infusion", true, true, true, true},
    [RAC_DOSE_RATE] = {"rate change", false, true, false, false},
    [RAC_DOSE_PAUSE] = {"pause", false, false, false, false},
    [RAC_DOSE_RESUME] = {"resume", false, false, false, false},
    [RAC_DOSE_STOP] = {"stop", false, false, false, false},
    [RAC_DOSE_RESET] = {"reset", false, false, false, false},
    [RAC_DOSE_OBSERVATION] = {"observation", false, false, false, false},
};

static rac_status check_numbers(const rac_dose *dose, size_t at, rac_error *err)
{
    const char *name = KINDS[dose->kind].name;
    const struct {
        const char *what;
        double value;
        bool allowed;
    } numbers[] = {{"amount", dose->amount_mg, KINDS[dose->kind].amount},
                   {"rate", dose->rate_mg_per_h, KINDS[dose->kind].rate},
                   {"duration", dose->duration_h, KINDS[dose->kind].duration},
                   {"interval", dose->interval_h, KINDS[dose->kind].repeats}};
    if (!isfinite(dose->time_h))
        return rac_fail(err, RAC_INVALID, "event %zu (%s): its time is not a finite number", at, name);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!isfinite(numbers[i].value) || numbers[i].value < 0)
            return rac_fail(err, RAC_INVALID, "event %zu (%s): %s is %g, must be finite and not negative", at,
                            name, numbers[i].what, numbers[i].value);
        if (numbers[i].value > 0 && !numbers[i].allowed)
            return rac_fail(err, RAC_INVALID, "event %zu: a %s has no %s", at, name, numbers[i].what);
    }
    return RAC_OK;
}

/* A plateau: an infusion with a rate only, at steady state from the start. */
static bool is_plateau(const rac_dose *dose)
{
    return dose->steady && dose->rate_mg_per_h > 0 && dose->amount_mg <= 0 && dose->duration_h <= 0 &&
           dose->interval_h <= 0;
}

static rac_status check_repeats(const rac_dose *dose, size_t at, rac_error *err)
{
    const char *name = KINDS[dose->kind].name;
    if (dose->additional < 0)
        return rac_fail(err, RAC_INVALID, "event %zu (%s): %d additional doses", at, name, dose->additional);
    if (!KINDS[dose->kind].repeats && (dose->additional || dose->steady))
        return rac_fail(err, RAC_INVALID, "event %zu: a %s is not repeated", at, name);
    if (dose->additional && dose->interval_h <= 0)
        return rac_fail(err, RAC_INVALID, "event %zu (%s): additional doses need an interval", at, name);
    if (dose->steady && dose->interval_h <= 0 && !is_plateau(dose))
        return rac_fail(err, RAC_INVALID, "event %zu (%s): a steady dose needs an interval", at, name);
    return RAC_OK;
}

static rac_status check_given(const rac_dose *dose, size_t at, rac_error *err)
{
    if (dose->kind == RAC_DOSE_BOLUS && dose->amount_mg <= 0)
        return rac_fail(err, RAC_INVALID, "event %zu: a bolus of %g mg", at, dose->amount_mg);
    const int given = (dose->amount_mg > 0) + (dose->rate_mg_per_h > 0) + (dose->duration_h > 0);
    if (dose->kind == RAC_DOSE_INFUSION && given != 2 && !is_plateau(dose)) {
        rac_fail(err, RAC_INVALID, "event %zu: an infusion is given by two of amount, rate and duration", at);
        rac_error_detail(err, "amount %g mg, rate %g mg/h, duration %g h", dose->amount_mg,
                         dose->rate_mg_per_h, dose->duration_h);
        return RAC_INVALID;
    }
    return RAC_OK;
}

rac_status rac_regimen_check(const rac_regimen *regimen, int routes, rac_error *err)
{
    size_t doses = 0;
    for (size_t i = 0; i < regimen->count; i++) {
        const rac_dose *dose = &regimen->items[i];
        if ((int)dose->kind < 0 || dose->kind > RAC_DOSE_OBSERVATION)
            return rac_fail(err, RAC_INVALID, "event %zu has an unknown kind %d", i + 1, (int)dose->kind);
        if (dose->route < 0 || (dose->route >= routes && dose->kind < RAC_DOSE_RESET))
            return rac_fail(err, RAC_INVALID, "event %zu (%s): route %d, but the model has %d", i + 1,
                            KINDS[dose->kind].name, dose->route, routes);
        rac_status status = check_numbers(dose, i + 1, err);
        if (!status)
            status = check_repeats(dose, i + 1, err);
        if (!status)
            status = check_given(dose, i + 1, err);
        if (status)
            return status;
        doses += 1 + (size_t)dose->additional;
        if (doses > RAC_DOSES_MAX)
            return rac_fail(err, RAC_LIMIT, "more than %d doses", RAC_DOSES_MAX);
    }
    return RAC_OK;
}
