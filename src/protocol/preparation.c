/* The `preparation:` section: vials, syringe and pump.  Runs after `dose:`, whose time it needs to see that
 * the pump can deliver the volume. */
#include "protocol/reader.h"

#include <string.h>

static rac_vial read_vial(rac_reader *reader, const rac_yaml *map)
{
    rac_take_keys(reader, map, "code", "strength", "container", "sources");
    return (rac_vial){.code = rac_take_id(reader, map, "code"),
                      .strength_mg_per_ml = rac_take_decimal(reader, map, "strength", "mg/mL", 1000),
                      .container_ml = rac_take_decimal(reader, map, "container", "mL", 1000),
                      .sources = rac_take_sources(reader, map, "sources")};
}

static void read_vials(rac_reader *reader, const rac_yaml *map, rac_preparation *out)
{
    const rac_yaml *list = rac_yaml_need(map, "vials", reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    rac_vial *vials = rac_many(reader->arena, rac_vial, list->count);
    for (size_t i = 0; i < list->count; i++)
        if (rac_yaml_want_map(&list->items[i], reader->problems))
            vials[out->vial_count++] = read_vial(reader, &list->items[i]);
    out->vials = vials;
    rac_refuse_twice(reader, list, "code");
}

static void read_stocked(rac_reader *reader, const rac_yaml *map, rac_preparation *out)
{
    const char **codes = rac_many(reader->arena, const char *, out->vial_count);
    for (size_t i = 0; i < out->vial_count; i++)
        codes[i] = out->vials[i].code;
    size_t index;
    const rac_yaml *node = rac_yaml_need(map, "stocked", reader->problems);
    if (out->vial_count && rac_yaml_want_word(node, codes, out->vial_count, &index, reader->problems))
        out->stocked = &out->vials[index];
}

static void read_devices(rac_reader *reader, const rac_yaml *map, rac_preparation *out)
{
    const rac_yaml *syringe = rac_yaml_need(map, "syringe", reader->problems);
    const rac_yaml *draw = rac_yaml_need(map, "draw_syringe", reader->problems);
    const rac_yaml *pump = rac_yaml_need(map, "pump", reader->problems);
    if (syringe) {
        rac_take_keys(reader, syringe, "capacity");
        out->syringe_capacity_ml = rac_take_decimal(reader, syringe, "capacity", "mL", 5000);
    }
    if (draw) {
        rac_take_keys(reader, draw, "capacity", "graduation");
        out->draw_capacity_ml = rac_take_decimal(reader, draw, "capacity", "mL", 100);
        out->draw_graduation_ml = rac_take_decimal(reader, draw, "graduation", "mL", 100);
        if (rac_decimal_compare(out->draw_graduation_ml, out->draw_capacity_ml) > 0)
            rac_yaml_problem(reader->problems, draw,
                             "the marking of the draw syringe is larger than the syringe");
    }
    if (pump) {
        rac_take_keys(reader, pump, "step", "max");
        out->pump_step_ml_per_h = rac_take_decimal(reader, pump, "step", "mL/h", 100);
        out->pump_max_ml_per_h = rac_take_decimal(reader, pump, "max", "mL/h", 10000);
        if (rac_decimal_compare(out->pump_step_ml_per_h, out->pump_max_ml_per_h) > 0)
            rac_yaml_problem(reader->problems, pump, "the step of the pump is larger than its highest rate");
    }
}

/* The volume must fit the syringe, hold the drug of the heaviest patient, and run in the time ordered. */
static void check_volume(rac_reader *reader, const rac_yaml *map, const rac_preparation *made)
{
    const rac_yaml *node = rac_yaml_find(map, "final_volume");
    const rac_dose_rules *dose = &reader->protocol->dose;
    const double volume = rac_decimal_double(made->final_volume_ml);
    const double capacity = rac_decimal_double(made->syringe_capacity_ml);
    const double fastest = rac_decimal_double(made->pump_max_ml_per_h);
    if (volume <= 0)
        return;
    if (capacity > 0 && volume > capacity) {
        rac_error *err = rac_yaml_problem(reader->problems, node,
                                          "final volume is %g mL, the syringe holds %g mL", volume, capacity);
        rac_error_hint(err, "a smaller volume, or a larger syringe: {capacity: ...}");
    }
    if (made->stocked && made->stocked->strength_mg_per_ml.millionths && dose->weight_max_kg > 0) {
        const double drug = rac_decimal_double(dose->amount_mg_per_kg) * dose->weight_max_kg /
                            rac_decimal_double(made->stocked->strength_mg_per_ml);
        if (drug > volume)
            rac_yaml_problem(reader->problems, node,
                             "the drug alone takes %g mL at %g kg, final volume is %g mL", drug,
                             dose->weight_max_kg, volume);
    }
    const double rate = dose->duration_min > 0 ? volume / (dose->duration_min / 60) : 0;
    if (fastest > 0 && rate > fastest)
        rac_yaml_problem(reader->problems, node, "%g mL over %g min is %g mL/h, the pump reaches %g mL/h",
                         volume, dose->duration_min, rate, fastest);
}

void rac_read_preparation(rac_reader *reader)
{
    rac_preparation *out = &reader->protocol->preparation;
    const rac_yaml *map = rac_yaml_need(reader->root, "preparation", reader->problems);
    if (!rac_yaml_want_map(map, reader->problems))
        return;
    rac_take_keys(reader, map, "vials", "stocked", "final_volume", "diluent", "incompatible", "syringe",
                  "draw_syringe", "pump", "sources");
    read_vials(reader, map, out);
    read_stocked(reader, map, out);
    out->final_volume_ml = rac_take_decimal(reader, map, "final_volume", "mL", 5000);
    out->diluents = rac_take_words(reader, map, "diluent", true);
    out->incompatible = rac_take_words(reader, map, "incompatible", false);
    read_devices(reader, map, out);
    out->sources = rac_take_sources(reader, map, "sources");
    check_volume(reader, map, out);
}
