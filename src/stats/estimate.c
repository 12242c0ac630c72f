#include "racemate/stats/estimate.h"

char *rac_notes_format(rac_arena *arena, rac_notes notes)
{
    static const struct {
        rac_note note;
        const char *sentence;
    } LIST[] = {
#define X(name, bit, sentence) {name, sentence},
        RAC_NOTE_LIST(X)
#undef X
    };
    char *text = rac_string_copy(arena, "");
    for (size_t i = 0; i < sizeof LIST / sizeof *LIST; i++)
        if (notes & LIST[i].note)
            text = rac_format(arena, "%s%s%s", text, *text ? "; " : "", LIST[i].sentence);
    return text;
}
