/* Writing observations as a monitor would: see link/hl7_oru.h.
 *
 * The device tree of PCD-01 is kept small: one device, one channel a kind of pressure, and one metric
 * an OBX, numbered so that OBX-4 is unique in the message. */
#include "link/hl7_oru.h"

#include <math.h>
#include <string.h>

static const rac_hl7_message marks = {
    .field = '|', .component = '^', .repetition = '~', .escape = '\\', .subcomponent = '&'};

static const char *safe(rac_arena *arena, const char *text)
{
    return rac_hl7_escape(arena, &marks, rac_text_of(text));
}

static const char *header(rac_arena *arena, const rac_hl7_source *source)
{
    const char *const device = safe(arena, source->device);
    const char *const sent = rac_hl7_time_format(arena, source->sent);
    const char *const patient = source->patient ? safe(arena, source->patient) : "";
    const char *const bed = source->bed ? safe(arena, source->bed) : "";
    return rac_format(
        arena,
        "MSH|^~\\&|%s^%s^EUI-64||||%s||ORU^R01^ORU_R01|%s|%c|2.6|||NE|AL||UNICODE UTF-8|||"
        "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO\r"
        "PID|||%s\r"
        "PV1||O|^^%s\r"
        "OBR|1||%s^%s^%s^EUI-64|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||%s\r"
        "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||%s^^%s^EUI-64\r",
        safe(arena, source->application), device, sent, safe(arena, source->control_id),
        source->processing ? source->processing : 'P', patient, bed, safe(arena, source->control_id),
        safe(arena, source->application), device, sent, device, device);
}

static const char *row(rac_arena *arena, size_t number, const rac_hl7_sample *sample)
{
    const rac_mdc_term *const term = rac_mdc_of(sample->quantity);
    const rac_mdc_unit *const unit = rac_mdc_unit_of(sample->quantity);
    return rac_format(arena, "OBX|%zu|NM|%u^%s^MDC|1.1.%d.%zu|%s|%u^%s^MDC|||||R|||%s\r", number, term->code,
                      term->name, rac_mdc_quantity_about(sample->quantity).site + 1, number,
                      rac_number_format(arena, sample->value), unit->code, unit->name,
                      rac_hl7_time_format(arena, sample->at));
}

rac_status rac_hl7_observations_write(rac_arena *arena, const rac_hl7_source *source,
                                      const rac_hl7_sample *samples, size_t count, rac_text *message,
                                      rac_error *err)
{
    const char **rows = rac_many(arena, const char *, count + 1);
    rows[0] = header(arena, source);
    size_t size = strlen(rows[0]);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(samples[i].value))
            return rac_fail(err, RAC_INVALID, "sample %zu is not a finite number", i + 1);
        rows[i + 1] = row(arena, i + 2, &samples[i]);
        size += strlen(rows[i + 1]);
    }
    char *out = rac_arena_alloc(arena, size + 1);
    *message = (rac_text){out, size};
    for (size_t i = 0; i <= count; i++)
        out = stpcpy(out, rows[i]);
    return RAC_OK;
}
