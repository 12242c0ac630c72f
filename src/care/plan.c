/* From a weight and a protocol to a pump rate: see racemate/care/plan.h.
 *
 * The steps stand in the order of the card; each refusal names the incident it answers. */
#include "racemate/care/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

static rac_decimal decimal_of(double number)
{
    rac_decimal decimal = {0};
    (void)rac_decimal_from(number, &decimal, NULL);
    return decimal;
}

static rac_decimal times(rac_decimal a, rac_decimal b, int digits)
{
    rac_decimal product = {0};
    (void)rac_decimal_multiply(a, b, digits, RAC_ROUND_HALF_UP, &product, NULL);
    return product;
}

/* b is never zero where this is used: the protocol and the checks before refuse it. */
static rac_decimal over(rac_decimal a, rac_decimal b, int digits)
{
    rac_decimal quotient = {0};
    (void)rac_decimal_divide(a, b, digits, RAC_ROUND_HALF_UP, &quotient, NULL);
    return quotient;
}

static rac_decimal minus(rac_decimal a, rac_decimal b)
{
    rac_decimal rest = {0};
    (void)rac_decimal_subtract(a, b, &rest, NULL);
    return rest;
}

static const rac_decimal sixty = {60000000};

static bool is_above(rac_decimal a, rac_decimal b)
{
    return rac_decimal_compare(a, b) > 0;
}

/* For messages: an exact decimal as a double prints with %g without surprises at these sizes. */
static double shown(rac_decimal a)
{
    return rac_decimal_double(a);
}

/* ---- remarks ------------------------------------------------------------------------------------ */

typedef struct remarks {
    rac_arena *arena;
    rac_plan_remark *items;
    size_t count, capacity;
} remarks;

static void remark(remarks *r, const char *guard, const char *format, ...) RAC_PRINTF(3, 4);
static void remark(remarks *r, const char *guard, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const rac_plan_remark item = {guard, rac_format_list(r->arena, format, arguments)};
    va_end(arguments);
    rac_push(r->arena, r->items, r->count, r->capacity, item);
}

/* ---- the checks ---------------------------------------------------------------------------------- */

static rac_status refuse(rac_error *err, const char *guard, const char *format, ...) RAC_PRINTF(3, 4);
static rac_status refuse(rac_error *err, const char *guard, const char *format, ...)
{
    char message[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const rac_status status = rac_fail(err, RAC_REFUSED, "%s", message);
    rac_error_detail(err, "guard %s", guard);
    return status;
}

/* A weight in pounds taken for kilograms is 2.2 times too high (G12, G14). */
static rac_status check_weight(const rac_protocol *protocol, const rac_plan_request *request, remarks *r,
                               rac_error *err)
{
    const double weight = shown(request->weight_kg);
    const rac_dose_rules *dose = &protocol->dose;
    if (weight < dose->weight_min_kg || weight > dose->weight_max_kg)
        return refuse(err, "G12", "weight %g kg is outside %g to %g kg", weight, dose->weight_min_kg,
                      dose->weight_max_kg);
    const rac_site_place *limit = rac_protocol_place(protocol, "weight_change");
    if (!request->course.has_last_weight || !limit || !limit->filled)
        return RAC_OK;
    const double last = request->course.last_weight_kg;
    const double change = 100 * (weight - last) / last;
    if (fabs(change) <= limit->value)
        return RAC_OK;
    if (!request->weight_confirmed) {
        const rac_status status =
            refuse(err, "G12", "weight changed by %+.1f %% since the last visit (%g kg to %g kg)", change,
                   last, weight);
        rac_error_hint(err, fabs(weight / last - 2.2046) < 0.1 ? "is this weight in pounds?"
                                                               : "weigh again, then confirm the new weight");
        return status;
    }
    remark(r, "G12", "weight changed by %+.1f %% since the last visit and was confirmed", change);
    return RAC_OK;
}

static rac_status check_dose(const rac_protocol *protocol, rac_decimal per_kg, rac_decimal ordered,
                             double minutes, rac_error *err)
{
    const rac_dose_rules *dose = &protocol->dose;
    if (is_above(per_kg, dose->max_mg_per_kg) || is_above(dose->min_mg_per_kg, per_kg)) {
        const rac_status status = refuse(err, "G05", "dose %g mg/kg is outside %g to %g mg/kg", shown(per_kg),
                                         shown(dose->min_mg_per_kg), shown(dose->max_mg_per_kg));
        rac_error_hint(err, "the protocol's dose is %g mg/kg over %g min", shown(dose->amount_mg_per_kg),
                       dose->duration_min);
        return status;
    }
    if (dose->cap_mg.millionths <= 0)
        return refuse(err, "G05", "the protocol has no absolute ceiling for one dose");
    if (is_above(ordered, dose->cap_mg))
        return refuse(err, "G05", "dose %g mg is above the ceiling of %g mg", shown(ordered),
                      shown(dose->cap_mg));
    if (!(minutes > 0) || shown(per_kg) / minutes > dose->fastest_mg_per_kg_per_min)
        return refuse(err, "G19", "%g mg/kg in %g min is faster than %g mg/kg/min", shown(per_kg), minutes,
                      dose->fastest_mg_per_kg_per_min);
    return RAC_OK;
}

static rac_status find_vial(const rac_protocol *protocol, const char *code, const rac_vial **vial,
                            rac_error *err)
{
    const rac_preparation *preparation = &protocol->preparation;
    *vial = preparation->stocked;
    if (!code)
        return RAC_OK;
    for (size_t i = 0; i < preparation->vial_count; i++) {
        if (strcmp(code, preparation->vials[i].code) != 0)
            continue;
        *vial = &preparation->vials[i];
        if (*vial == preparation->stocked)
            return RAC_OK;
        const double factor =
            shown((*vial)->strength_mg_per_ml) / shown(preparation->stocked->strength_mg_per_ml);
        const rac_status status =
            refuse(err, "G03", "vial %s is %g mg/mL, the stocked vial %s is %g mg/mL: a factor of %g", code,
                   shown((*vial)->strength_mg_per_ml), preparation->stocked->code,
                   shown(preparation->stocked->strength_mg_per_ml), factor);
        rac_error_hint(err, "take the stocked strength, or adopt a protocol that stocks this one");
        return status;
    }
    return refuse(err, "G03", "no vial of this protocol has the code '%s'", code);
}

/* Differences between what was ordered and what syringe and pump can deliver (G10). */
static rac_status check_rounding(const rac_protocol *protocol, const rac_plan *plan, remarks *r,
                                 rac_error *err)
{
    const rac_site_place *tolerance = rac_protocol_place(protocol, "rounding_tolerance");
    const double off = 100 * (shown(plan->drawn_mg) - shown(plan->ordered_mg)) / shown(plan->ordered_mg);
    if (!tolerance || !tolerance->filled)
        return refuse(err, "G10", "the protocol has no tolerance for rounding the dose");
    if (fabs(off) > tolerance->value)
        return refuse(
            err, "G10", "%g mL can only be drawn to %g mL: %+.1f %% off the ordered dose, allowed %g %%",
            shown(plan->draw_ml), shown(protocol->preparation.draw_graduation_ml), off, tolerance->value);
    if (rac_decimal_compare(plan->drawn_mg, plan->ordered_mg) != 0)
        remark(r, "G10", "drawn to the syringe's %g mL marking: %g mg for %g mg ordered (%+.2f %%)",
               shown(protocol->preparation.draw_graduation_ml), shown(plan->drawn_mg),
               shown(plan->ordered_mg), off);
    return RAC_OK;
}

static rac_status check_volumes(const rac_protocol *protocol, const rac_plan *plan, remarks *r,
                                rac_error *err)
{
    const rac_preparation *p = &protocol->preparation;
    if (plan->draw_ml.millionths <= 0)
        return refuse(err, "G10", "the dose is too small for the draw syringe's %g mL marking",
                      shown(p->draw_graduation_ml));
    if (is_above(plan->draw_ml, plan->container_ml))
        return refuse(err, "G01", "draw of %g mL is more than the vial's %g mL", shown(plan->draw_ml),
                      shown(plan->container_ml));
    if (is_above(plan->draw_ml, p->draw_capacity_ml)) {
        const rac_status status = refuse(err, "G10", "draw of %g mL does not fit the %g mL draw syringe",
                                         shown(plan->draw_ml), shown(p->draw_capacity_ml));
        rac_error_hint(err, "adopt a protocol whose draw syringe holds it");
        return status;
    }
    if (is_above(plan->final_volume_ml, p->syringe_capacity_ml))
        return refuse(err, "G10", "%g mL does not fit the %g mL syringe", shown(plan->final_volume_ml),
                      shown(p->syringe_capacity_ml));
    if (is_above(plan->draw_ml, plan->final_volume_ml))
        return refuse(err, "G10", "draw of %g mL is more than the final volume of %g mL",
                      shown(plan->draw_ml), shown(plan->final_volume_ml));
    if (is_above(plan->rate_ml_per_h, p->pump_max_ml_per_h) || plan->rate_ml_per_h.millionths <= 0)
        return refuse(err, "G07", "the pump cannot be set to %g mL/h", shown(plan->rate_ml_per_h));
    if (rac_decimal_compare(plan->draw_ml, plan->container_ml) == 0)
        remark(r, "G01", "the whole vial is used: check that this is one dose");
    const rac_decimal doses = over(times(plan->container_ml, plan->strength_mg_per_ml, 3), plan->drawn_mg, 1);
    if (doses.millionths >= 2000000)
        remark(r, "G04", "the vial holds %g doses (%g mg): draw one, account for %g mg left", shown(doses),
               shown(times(plan->container_ml, plan->strength_mg_per_ml, 3)), shown(plan->left_in_vial_mg));
    for (size_t i = 0; i < p->incompatible.count; i++)
        remark(r, "G20", "never in one syringe or line with %s", p->incompatible.items[i]);
    return RAC_OK;
}

/* ---- the plan ------------------------------------------------------------------------------------- */

static void derive_rates(rac_plan *plan)
{
    plan->concentration_mg_per_ml = over(plan->drawn_mg, plan->final_volume_ml, 6);
    plan->rate_mg_per_h = over(times(plan->rate_ml_per_h, plan->drawn_mg, 6), plan->final_volume_ml, 2);
    /* one division, so that the figure is rounded once */
    plan->rate_mg_per_kg_per_h = over(times(plan->rate_ml_per_h, plan->drawn_mg, 6),
                                      times(plan->final_volume_ml, plan->weight_kg, 6), 3);
    plan->planned_min = over(times(plan->final_volume_ml, sixty, 6), plan->rate_ml_per_h, 2);
    plan->given_mg_per_kg = over(plan->drawn_mg, plan->weight_kg, 3);
    plan->left_in_vial_mg = minus(times(plan->container_ml, plan->strength_mg_per_ml, 6), plan->drawn_mg);
}

/* The prescriber sees what the protocol's steps propose whenever it differs from what was ordered, or from
 * the dose before. */
static void remark_proposal(const rac_course_summary *course, rac_decimal ordered, remarks *r)
{
    const double proposed = shown(course->proposed_mg_per_kg);
    if (rac_decimal_compare(course->proposed_mg_per_kg, ordered) != 0)
        remark(r, "course", "the protocol's dose steps propose %g mg/kg, ordered are %g mg/kg: %s", proposed,
               shown(ordered), course->proposed_because);
    else if (fabs(proposed - course->last_dose_mg_per_kg) > 1e-9)
        remark(r, "course", "as the protocol's dose steps propose: %s", course->proposed_because);
}

rac_status rac_plan_make(rac_arena *arena, const rac_protocol *protocol, const rac_plan_request *request,
                         rac_plan *plan, rac_error *err)
{
    const rac_preparation *preparation = &protocol->preparation;
    const rac_decimal per_kg =
        request->dose_mg_per_kg.millionths ? request->dose_mg_per_kg : protocol->dose.amount_mg_per_kg;
    const double minutes = request->duration_min != 0 ? request->duration_min : protocol->dose.duration_min;
    remarks r = {.arena = arena};
    const rac_vial *vial = NULL;
    rac_status status;

    if (rac_protocol_open_places(protocol) > 0)
        return refuse(err, "draft", "the protocol is a draft: %zu site places are open",
                      rac_protocol_open_places(protocol));
    if ((status = check_weight(protocol, request, &r, err)))
        return status;
    const rac_decimal ordered = times(request->weight_kg, per_kg, 3);
    if ((status = check_dose(protocol, per_kg, ordered, minutes, err)) ||
        (status = find_vial(protocol, request->vial_code, &vial, err)))
        return status;

    rac_plan made = {
        .vial_code = vial->code,
        .weight_kg = request->weight_kg,
        .weighed_at = request->weighed_at,
        .ordered_mg_per_kg = per_kg,
        .ordered_mg = ordered,
        .strength_mg_per_ml = vial->strength_mg_per_ml,
        .container_ml = vial->container_ml,
        .final_volume_ml = preparation->final_volume_ml,
    };
    (void)rac_decimal_round_to(over(ordered, vial->strength_mg_per_ml, 6), preparation->draw_graduation_ml,
                               RAC_ROUND_HALF_UP, &made.draw_ml, NULL);
    made.drawn_mg = times(made.draw_ml, vial->strength_mg_per_ml, 6);
    made.diluent_ml = minus(made.final_volume_ml, made.draw_ml);
    (void)rac_decimal_round_to(over(times(made.final_volume_ml, sixty, 6), decimal_of(minutes), 6),
                               preparation->pump_step_ml_per_h, RAC_ROUND_HALF_UP, &made.rate_ml_per_h, NULL);
    if ((status = check_volumes(protocol, &made, &r, err)) ||
        (status = check_rounding(protocol, &made, &r, err)))
        return status;
    derive_rates(&made);
    if (request->course.has_last_dose && fabs(shown(per_kg) - request->course.last_dose_mg_per_kg) > 1e-9)
        remark(&r, "G05", "dose changes from %g to %g mg/kg since the last infusion",
               request->course.last_dose_mg_per_kg, shown(per_kg));
    if (request->course.has_proposal)
        remark_proposal(&request->course, per_kg, &r);
    made.remarks = r.items;
    made.remark_count = r.count;
    if ((status = rac_plan_verify(&made, err)))
        return status;
    *plan = made;
    return RAC_OK;
}

/* ---- the second computation ------------------------------------------------------------------------ */

/* Within half a unit of the last printed digit, and a hair for binary rounding at the half. */
static bool agrees(rac_decimal printed, double computed, int digits)
{
    return fabs(shown(printed) - computed) <= 0.5 * pow(10, -digits) * (1 + 1e-6) + 1e-12;
}

rac_status rac_plan_verify(const rac_plan *plan, rac_error *err)
{
    const double weight = shown(plan->weight_kg), draw = shown(plan->draw_ml);
    const double strength = shown(plan->strength_mg_per_ml), volume = shown(plan->final_volume_ml);
    const double rate = shown(plan->rate_ml_per_h);
    if (!(weight > 0 && draw > 0 && strength > 0 && volume > 0 && rate > 0))
        return refuse(err, "G05", "the plan has a figure that is not above zero");
    const double drawn = draw * strength, concentration = drawn / volume;
    const struct {
        const char *name;
        rac_decimal printed;
        double computed;
        int digits;
    } figures[] = {
        {"ordered dose in mg", plan->ordered_mg, weight * shown(plan->ordered_mg_per_kg), 3},
        {"drawn dose in mg", plan->drawn_mg, drawn, 6},
        {"diluent in mL", plan->diluent_ml, volume - draw, 6},
        {"concentration in mg/mL", plan->concentration_mg_per_ml, concentration, 6},
        {"rate in mg/h", plan->rate_mg_per_h, rate * concentration, 2},
        {"rate in mg/kg/h", plan->rate_mg_per_kg_per_h, rate * concentration / weight, 3},
        {"time in min", plan->planned_min, volume / rate * 60, 2},
        {"dose in mg/kg", plan->given_mg_per_kg, drawn / weight, 3},
        {"left in the vial in mg", plan->left_in_vial_mg, shown(plan->container_ml) * strength - drawn, 6},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (!agrees(figures[i].printed, figures[i].computed, figures[i].digits))
            return refuse(err, "G07", "two computations of the %s disagree: %.6f and %.6f", figures[i].name,
                          shown(figures[i].printed), figures[i].computed);
    return RAC_OK;
}

/* ---- the card --------------------------------------------------------------------------------------- */

static const char *upper(rac_arena *arena, const char *text)
{
    char *copy = rac_string_copy(arena, text);
    for (char *c = copy; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    return copy;
}

char *rac_plan_card(rac_arena *arena, const rac_protocol *protocol, const rac_plan *plan, int zone_min)
{
    char *(*const d)(rac_arena *, rac_decimal, int) = rac_decimal_format;
    char *(*const x)(rac_arena *, rac_decimal) = rac_decimal_format_exact;
    char *card = rac_format(
        arena,
        "%s (%s, as %s), %s\n"
        "\n"
        "  Weight              %s kg, weighed %s %s\n"
        "  Ordered             %s mg/kg = %s mg\n"
        "  Vial                %s: %s mg/mL, %s mL, %s mg in the whole vial\n"
        "  Draw                %s mL = %s mg (%s mg/kg)\n"
        "  Diluent             %s mL, to %s mL\n"
        "  Concentration       %s mg/mL\n"
        "\n"
        "  SET THE PUMP TO     %s mL/h\n"
        "  which is            %s mg/h = %s mg/kg/h\n"
        "  Volume to infuse    %s mL in %s min\n"
        "  Left in the vial    %s mg: account for it\n",
        upper(arena, protocol->drug_name), protocol->drug_form, protocol->drug_basis, protocol->route,
        x(arena, plan->weight_kg), rac_instant_format_date(arena, plan->weighed_at, zone_min),
        rac_instant_format_clock(arena, plan->weighed_at, zone_min), x(arena, plan->ordered_mg_per_kg),
        x(arena, plan->ordered_mg), plan->vial_code, x(arena, plan->strength_mg_per_ml),
        x(arena, plan->container_ml), x(arena, times(plan->container_ml, plan->strength_mg_per_ml, 6)),
        x(arena, plan->draw_ml), x(arena, plan->drawn_mg), d(arena, plan->given_mg_per_kg, 3),
        x(arena, plan->diluent_ml), x(arena, plan->final_volume_ml), x(arena, plan->concentration_mg_per_ml),
        x(arena, plan->rate_ml_per_h), d(arena, plan->rate_mg_per_h, 2),
        d(arena, plan->rate_mg_per_kg_per_h, 3), x(arena, plan->final_volume_ml),
        d(arena, plan->planned_min, 2), x(arena, plan->left_in_vial_mg));
    for (size_t i = 0; i < plan->remark_count; i++)
        card = rac_format(arena, "%s%s  ! %s [%s]\n", card, i ? "" : "\n", plan->remarks[i].text,
                          plan->remarks[i].guard);
    return card;
}

/* ---- typed quantities ------------------------------------------------------------------------------- */

/* One pound in kilograms, exactly: the international pound of 1959. */
static const rac_decimal kg_per_lb_rounded = {453592}; /* 0.45359237 to the six digits a decimal holds */

rac_status rac_plan_quantity(rac_text typed, const char *unit, rac_decimal *amount, bool *from_pounds,
                             rac_error *err)
{
    const rac_text trimmed = rac_text_trim(typed);
    size_t end = 0;
    while (end < trimmed.size && (strchr("0123456789.+-", trimmed.data[end]) != NULL))
        end++;
    const rac_text number = {trimmed.data, end};
    const rac_text rest = rac_text_trim((rac_text){trimmed.data + end, trimmed.size - end});
    if (from_pounds)
        *from_pounds = false;
    if (!rest.size) {
        const rac_status status = rac_fail(err, RAC_INVALID, "'%.*s' has no unit",
                                           (int)(trimmed.size > 40 ? 40 : trimmed.size), trimmed.data);
        rac_error_hint(err, "write it with its unit, e.g. '%.*s %s'",
                       (int)(number.size > 20 ? 20 : number.size), number.data, unit);
        return status;
    }
    rac_status status = rac_decimal_parse(number, amount, err);
    if (status)
        return status;
    if (rac_text_is(rest, unit))
        return RAC_OK;
    if (from_pounds && strcmp(unit, "kg") == 0 && (rac_text_is(rest, "lb") || rac_text_is(rest, "lbs"))) {
        *from_pounds = true;
        return rac_decimal_multiply(*amount, kg_per_lb_rounded, 1, RAC_ROUND_HALF_UP, amount, err);
    }
    rac_unit from;
    if ((status = rac_unit_parse(rest, &from, err)))
        return status;
    return rac_decimal_convert(*amount, from, rac_unit_of(unit), amount, err);
}
