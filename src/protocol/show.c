/* A whole protocol as a page a clinician reads: see racemate/protocol.h. */
#include "protocol/describe.h"
#include "protocol/page.h"

static void show_notes(rac_page *page, const rac_entry *entry, int indent)
{
    const char *space = rac_format(page->arena, "%*s", indent, "");
    if (entry->conflict)
        rac_page_wrap(page, rac_format(page->arena, "%sPublished values differ: ", space), indent,
                      entry->conflict);
}

/* Sources in brackets; the same ones as of the line above are not spelled again. */
static const char *in_brackets(rac_page *page, const rac_entry *entry, const rac_entry *above)
{
    if (!entry->sources.count)
        return "";
    if (above && above->sources.items == entry->sources.items)
        return " [as above]";
    return rac_format(page->arena, " [%s]", rac_words_joined(page->arena, entry->sources));
}

/* One line a value: "  Infusion time           40 min  [andrade-dose]". */
static void show_value(rac_page *page, const rac_entry *entry, const rac_entry *above)
{
    enum { label_width = 34 };
    const char *first = rac_format(page->arena, "  %-*s ", label_width - 3, entry->name);
    rac_page_wrap(page, first, label_width,
                  rac_format(page->arena, "%s%s", entry->said[0].text, in_brackets(page, entry, above)));
    show_notes(page, entry, label_width);
}

/* "  adult: Adults only  [toronto]", then what is said of it. */
static void show_entry(rac_page *page, const rac_entry *entry)
{
    rac_page_wrap(page, rac_format(page->arena, "  %s: ", entry->id), 6,
                  rac_format(page->arena, "%s%s", entry->name, in_brackets(page, entry, NULL)));
    for (size_t i = 0; i < entry->said_count; i++) {
        const rac_said *said = &entry->said[i];
        rac_page_wrap(page, rac_format(page->arena, "      %s%s", said->label, said->label[0] ? ": " : ""),
                      10, said->text);
    }
    show_notes(page, entry, 6);
}

static void show_state(rac_page *page, const rac_protocol *protocol)
{
    const size_t open = rac_protocol_open_places(protocol);
    rac_page_wrap(page, "", 0, rac_format(page->arena, "%s: %s", protocol->id, protocol->title));
    if (open)
        rac_page_wrap(page, "", 0,
                      rac_format(page->arena,
                                 "DRAFT: %zu of %zu places are OPEN; a medical director fills them.", open,
                                 protocol->place_count));
    if (protocol->demo)
        rac_page_wrap(page, "", 0, "DEMO values: they are nobody's recommendation.");
    rac_page_wrap(page, "", 0,
                  "Decision support for qualified clinicians. Every value is somebody's published practice, "
                  "named in brackets.");
}

char *rac_protocol_show(rac_arena *arena, const rac_protocol *protocol)
{
    rac_page page = {.arena = arena};
    const rac_description all = rac_protocol_describe(arena, protocol);
    show_state(&page, protocol);
    for (size_t s = 0; s < all.count; s++) {
        const rac_section *section = &all.sections[s];
        rac_page_add(&page, rac_format(arena, "\n%s\n", section->title));
        for (size_t i = 0; i < section->count; i++) {
            const rac_entry *entry = &section->entries[i];
            if (section->values)
                show_value(&page, entry, i ? entry - 1 : NULL);
            else
                show_entry(&page, entry);
        }
    }
    return rac_page_end(&page);
}
