/* Any bytes as a protocol file, and as the values that fill one: never a crash, never a silent refusal. */
#include <stdlib.h>

#include "racemate/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rac_arena *arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    const rac_text bytes = {(const char *)data, size};
    const rac_protocol *protocol, *filled;
    if (rac_protocol_read(arena, bytes, "fuzz.yaml", &protocol, &problems) == RAC_OK) {
        rac_error err;
        char *text;
        rac_protocol_show(arena, protocol);
        rac_protocol_explain(arena, protocol, "dose", &text, &err);
        rac_protocol_diff(arena, protocol, protocol);
        rac_protocol_hash(arena, protocol);
        rac_protocol_fill(arena, protocol, bytes, "fuzz.yaml", true, &filled, &problems);
    } else if (problems.count == 0) {
        abort();
    }
    rac_arena_free(arena);
    return 0;
}
