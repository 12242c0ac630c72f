/* What happened to many virtual patients: see virtual.h. */
#include "study/virtual_figure.h"

#include <math.h>

/* ---- the figures: each takes one number from an outcome, NAN when it does not have it ---- */

static double percent(bool yes)
{
    return yes ? 100 : 0;
}

static bool started(const rac_virtual_outcome *o)
{
    return o->end == RAC_VIRTUAL_DISCHARGED || o->end == RAC_VIRTUAL_STILL_HERE;
}

#define OF_ALL(name, value)                          \
    static double name(const rac_virtual_outcome *o) \
    {                                                \
        return (value);                              \
    }
#define OF_STARTED(name, value) OF_ALL(name, started(o) ? (double)(value) : NAN)

OF_ALL(no_plan, percent(o->end == RAC_VIRTUAL_NO_PLAN))
OF_ALL(not_started, percent(o->end == RAC_VIRTUAL_NOT_STARTED))
OF_STARTED(held_for_pressure, percent(o->holds_for_pressure > 0))
OF_STARTED(held, percent(o->holds > 0))
OF_STARTED(holds, o->holds)
OF_STARTED(hold_min, o->holds ? o->held_min : NAN)
OF_STARTED(stopped_early, percent(o->stopped_early))
OF_STARTED(given_mg, o->given_mg)
OF_STARTED(given_mg_per_kg, o->given_mg / o->weight_kg)
OF_STARTED(given_share, 100 * o->given_mg / o->planned_mg)
OF_STARTED(drug_min, o->drug_min)
OF_STARTED(recovery_min, o->ready_min - o->drug_min)
OF_STARTED(chair_min, o->ready_min)
OF_STARTED(still_here, percent(o->end == RAC_VIRTUAL_STILL_HERE))
OF_STARTED(alarms_high, o->announced[RAC_PRIORITY_HIGH])
OF_STARTED(alarms_medium, o->announced[RAC_PRIORITY_MEDIUM])
OF_STARTED(alarms_low, o->announced[RAC_PRIORITY_LOW])
OF_STARTED(rise_sbp, o->peak_rise[0])
OF_STARTED(rise_dbp, o->peak_rise[1])
OF_STARTED(rise_hr, o->peak_rise[2])
OF_STARTED(peak_sbp, o->peak[0])
OF_STARTED(peak_dbp, o->peak[1])

static const struct {
    rac_virtual_row row;
    double (*value)(const rac_virtual_outcome *outcome);
} rows[] = {
    {{"no_plan", "no plan could be made", "%", true}, no_plan},
    {{"not_started", "sent home by the start list", "%", true}, not_started},
    {{"held_for_pressure", "held for blood pressure", "%", true}, held_for_pressure},
    {{"held", "held for any reason", "%", true}, held},
    {{"holds", "holds a session", "", false}, holds},
    {{"hold_min", "time held, of those held", "min", false}, hold_min},
    {{"stopped_early", "stopped before the dose was in", "%", true}, stopped_early},
    {{"given_mg", "dose given", "mg", false}, given_mg},
    {{"given_mg_per_kg", "dose given by weight", "mg/kg", false}, given_mg_per_kg},
    {{"given_percent", "of the planned dose", "%", false}, given_share},
    {{"drug_min", "start to last drug", "min", false}, drug_min},
    {{"recovery_min", "last drug to ready to leave", "min", false}, recovery_min},
    {{"chair_min", "start to ready to leave", "min", false}, chair_min},
    {{"still_here", "not ready within the longest session", "%", true}, still_here},
    {{"alarms_high", "alarms a session, high", "", false}, alarms_high},
    {{"alarms_medium", "alarms a session, medium", "", false}, alarms_medium},
    {{"alarms_low", "alarms a session, low", "", false}, alarms_low},
    {{"rise_sbp", "largest systolic rise read", "mmHg", false}, rise_sbp},
    {{"rise_dbp", "largest diastolic rise read", "mmHg", false}, rise_dbp},
    {{"rise_hr", "largest heart rate rise read", "1/min", false}, rise_hr},
    {{"peak_sbp", "highest systolic read", "mmHg", false}, peak_sbp},
    {{"peak_dbp", "highest diastolic read", "mmHg", false}, peak_dbp},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- over patients ---- */

rac_virtual_figure rac_virtual_figure_of(const rac_virtual_row *row, double *values, size_t count)
{
    rac_virtual_figure f = {.name = row->name,
                            .key = row->key,
                            .unit = row->unit,
                            .patients = count,
                            .share = row->share,
                            .value = NAN,
                            .error = NAN,
                            .low = NAN,
                            .high = NAN};
    if (!count)
        return f;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    f.value = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - f.value) * (values[i] - f.value);
    if (count > 1)
        f.error = sqrt(squares / (double)(count - 1) / (double)count);
    if (!row->share) {
        f.low = rac_quantile(values, count, 0.05);
        f.high = rac_quantile(values, count, 0.95);
    }
    return f;
}

rac_status rac_virtual_summarise(rac_arena *arena, const rac_virtual_outcome *outcomes, size_t count,
                                 rac_virtual_figure **figures, size_t *figure_count, rac_error *err)
{
    if (!count)
        return rac_fail(err, RAC_INVALID, "there are no virtual patients");
    double *values = rac_many(arena, double, count);
    *figures = rac_many(arena, rac_virtual_figure, ROWS);
    *figure_count = ROWS;
    for (int row = 0; row < ROWS; row++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const double value = rows[row].value(&outcomes[i]);
            if (!isnan(value))
                values[kept++] = value;
        }
        (*figures)[row] = rac_virtual_figure_of(&rows[row].row, values, kept);
    }
    return RAC_OK;
}

rac_status rac_virtual_compare(rac_arena *arena, const rac_virtual_outcome *a, const rac_virtual_outcome *b,
                               size_t count, rac_virtual_figure **figures, size_t *figure_count,
                               rac_error *err)
{
    if (!count)
        return rac_fail(err, RAC_INVALID, "there are no virtual patients");
    double *values = rac_many(arena, double, count);
    *figures = rac_many(arena, rac_virtual_figure, ROWS);
    *figure_count = ROWS;
    for (int row = 0; row < ROWS; row++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const double difference = rows[row].value(&b[i]) - rows[row].value(&a[i]);
            if (!isnan(difference))
                values[kept++] = difference;
        }
        (*figures)[row] = rac_virtual_figure_of(&rows[row].row, values, kept);
        (*figures)[row].low = (*figures)[row].high = NAN;
        (*figures)[row].share = false;
    }
    return RAC_OK;
}
