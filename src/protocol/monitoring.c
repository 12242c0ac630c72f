/* The `monitoring:` section: which reading is due how often, in which phase.
 *
 *     - {measure: blood_pressure, phase: infusion, every: 10 min, late_after: 3 min, sources: [emory]} */
#include "protocol/reader.h"

#include <string.h>

/* What a person measures, and the reading whose age tells that it was done. */
static const struct {
    const char *measure, *reading;
} measures[] = {{"blood_pressure", "sbp"},  {"heart_rate", "hr"},    {"spo2", "spo2"},
                {"respiratory_rate", "rr"}, {"temperature", "temp"}, {"moaas", "moaas"}};

static const char *const phases[] = {[RAC_PHASE_INFUSION] = "infusion", [RAC_PHASE_RECOVERY] = "recovery"};

static rac_monitoring_row read_row(rac_reader *reader, const rac_yaml *map)
{
    const char *names[RAC_COUNT(measures)];
    for (size_t i = 0; i < RAC_COUNT(measures); i++)
        names[i] = measures[i].measure;
    const rac_duration day = {INT64_C(24) * 3600 * 1000};
    rac_take_keys(reader, map, "measure", "phase", "every", "late_after", "sources", "conflict");
    const size_t measure = rac_take_word(reader, map, "measure", names, RAC_COUNT(names));
    return (rac_monitoring_row){
        .measure = measures[measure].measure,
        .reading = measures[measure].reading,
        .phase = (rac_phase)rac_take_word(reader, map, "phase", phases, RAC_COUNT(phases)),
        .every = rac_take_duration(reader, map, "every", day),
        .late_after = rac_take_duration(reader, map, "late_after", day),
        .sources = rac_take_sources(reader, map, "sources"),
        .conflict = rac_take_optional_text(reader, map, "conflict"),
        .line = map->line,
    };
}

static bool stands_before(const rac_monitoring_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].measure == rows[count].measure && rows[i].phase == rows[count].phase)
            return true;
    return false;
}

void rac_read_monitoring(rac_reader *reader)
{
    const rac_yaml *list = rac_yaml_need(reader->root, "monitoring", reader->problems);
    if (!rac_yaml_want_list(list, reader->problems))
        return;
    rac_monitoring_row *rows = rac_many(reader->arena, rac_monitoring_row, list->count);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const rac_yaml *map = &list->items[i];
        if (!rac_yaml_want_map(map, reader->problems))
            continue;
        const size_t before = reader->problems->count;
        rows[count] = read_row(reader, map);
        if (reader->problems->count == before && stands_before(rows, count))
            rac_yaml_problem(reader->problems, map, "%s stands twice for the %s", rows[count].measure,
                             phases[rows[count].phase]);
        count++;
    }
    reader->protocol->monitoring = rows;
    reader->protocol->monitoring_count = count;
}
