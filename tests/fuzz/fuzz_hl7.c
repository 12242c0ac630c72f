/* Any bytes on the port: frames, messages, rows and answers without a crash; whatever is charted is a
 * number inside its range with a time; an answer is a message that parses. */
#include <stdlib.h>
#include <string.h>

#include "link/hl7_oru.h"
#include "link/mllp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rows(const rac_hl7_observations *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const rac_hl7_observation *const row = &all->rows[i];
        if (!rac_text_is_utf8(rac_text_of(row->reason)))
            abort();
        if (row->verdict != RAC_HL7_CHART)
            continue;
        const rac_mdc_quantity_row quantity = rac_mdc_quantity_about(row->quantity);
        if (!row->has_time || !row->has_value ||
            !(row->converted >= quantity.low && row->converted <= quantity.high) || row->reason[0])
            abort();
    }
}

static void check_answer(rac_arena *arena, const rac_hl7_message *message, const rac_error *problem)
{
    rac_hl7_answer answer = {.mode = RAC_HL7_ACK_AA, .control_id = "1"};
    rac_hl7_message read;
    rac_hl7_answer_for(problem, &answer);
    const rac_text text = rac_hl7_acknowledge(arena, message, &answer);
    if (text.size &&
        (rac_hl7_parse(arena, text, NULL, &read, NULL) || !rac_hl7_segment_named(&read, "MSA", NULL)))
        abort();
}

static void read_message(rac_text bytes)
{
    rac_arena *arena = rac_arena_new();
    const rac_hl7_sender sender = {.has_zone = true, .zone_min = -300, .training_is_live = true};
    rac_hl7_message message;
    rac_hl7_observations all;
    rac_error err = {0};
    if (rac_hl7_parse(arena, bytes, NULL, &message, &err)) {
        check_answer(arena, NULL, &err);
    } else {
        if (rac_hl7_observations_read(arena, &message, &sender, &all, &err) == RAC_OK)
            check_rows(&all);
        (void)rac_hl7_identify(&message);
        check_answer(arena, &message, &err);
    }
    rac_arena_free(arena);
}

/* The bytes once as a message and once as a stream read in pieces.  The messages of tests/data/hl7 are
 * seeds as they are; the size of the pieces follows from the size of the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t step = size % 64 + 1;
    const rac_text bytes = {(const char *)data, size};
    read_message(bytes);
    rac_mllp_decoder decoder = {.max_bytes = 4096};
    size_t start = 0;
    for (size_t end = 0; end < bytes.size;) {
        end = bytes.size - end < step ? bytes.size : end + step;
        for (;;) {
            rac_text message;
            size_t consumed;
            const rac_mllp_result result =
                rac_mllp_decode(&decoder, (rac_text){bytes.data + start, end - start}, &message, &consumed);
            if (consumed > end - start || (result != RAC_MLLP_NEED_MORE && !consumed))
                abort();
            if (result == RAC_MLLP_MESSAGE)
                read_message(message);
            start += consumed;
            if (result == RAC_MLLP_NEED_MORE)
                break;
        }
    }
    return 0;
}
