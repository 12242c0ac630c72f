/* What differs between two protocols, in a clinician's words: see racemate/protocol.h.
 *
 * Entries are matched by key within their section.  A value that changed is one line, "Infusion time: 40 min
 * -> 100 min"; of a rule every part that changed is said. */
#include <string.h>

#include "protocol/describe.h"
#include "protocol/page.h"

static const rac_entry *entry_of(const rac_section *section, const char *key)
{
    for (size_t i = 0; section && i < section->count; i++)
        if (strcmp(section->entries[i].key, key) == 0)
            return &section->entries[i];
    return NULL;
}

static const rac_said *said_of(const rac_entry *entry, const char *label)
{
    for (size_t i = 0; i < entry->said_count; i++)
        if (strcmp(entry->said[i].label, label) == 0)
            return &entry->said[i];
    return NULL;
}

static void one_sided(rac_page *page, const char *verb, const rac_section *section, const rac_entry *entry)
{
    const char *text = "";
    for (size_t i = 0; i < entry->said_count; i++)
        if (!entry->said[i].derived)
            text = rac_format(page->arena, "%s%s%s%s%s", text, text[0] ? "; " : "", entry->said[i].label,
                              entry->said[i].label[0] ? ": " : "", entry->said[i].text);
    rac_page_wrap(page, rac_format(page->arena, "  %s ", verb), 6,
                  section->values ? rac_format(page->arena, "%s: %s", entry->name, text)
                                  : rac_format(page->arena, "%s (%s): %s", entry->id, entry->name, text));
}

static void changed(rac_page *page, const char *what, const char *from, const char *to)
{
    const char *a = from ? from : "nothing", *b = to ? to : "nothing";
    if (strcmp(a, b) != 0)
        rac_page_wrap(page, rac_format(page->arena, "  %s: ", what), 6,
                      rac_format(page->arena, "%s -> %s", a, b));
}

static void both_sided(rac_page *page, const rac_section *section, const rac_entry *a, const rac_entry *b)
{
    const char *name = section->values ? a->name : a->id;
    if (strcmp(a->name, b->name) != 0)
        changed(page, rac_format(page->arena, "%s says", name), a->name, b->name);
    for (size_t i = 0; i < a->said_count; i++) {
        const rac_said *was = &a->said[i], *is = said_of(b, was->label);
        if (!was->derived)
            changed(page, was->label[0] ? rac_format(page->arena, "%s, %s", name, was->label) : name,
                    was->text, is ? is->text : NULL);
    }
    for (size_t i = 0; i < b->said_count; i++)
        if (!b->said[i].derived && !said_of(a, b->said[i].label))
            changed(page, rac_format(page->arena, "%s, %s", name, b->said[i].label), NULL, b->said[i].text);
    changed(page, rac_format(page->arena, "%s, published values that differ", name), a->conflict,
            b->conflict);
    changed(page, rac_format(page->arena, "%s, sources", name), rac_words_joined(page->arena, a->sources),
            rac_words_joined(page->arena, b->sources));
}

static void diff_section(rac_page *page, const rac_section *a, const rac_section *b)
{
    rac_page found = {.arena = page->arena};
    for (size_t i = 0; i < a->count; i++) {
        const rac_entry *other = entry_of(b, a->entries[i].key);
        if (other)
            both_sided(&found, a, &a->entries[i], other);
        else
            one_sided(&found, "removed", a, &a->entries[i]);
    }
    for (size_t i = 0; i < b->count; i++)
        if (!entry_of(a, b->entries[i].key))
            one_sided(&found, "added", b, &b->entries[i]);
    if (!found.size)
        return;
    rac_page_add(page, rac_format(page->arena, "%s%s\n", page->size ? "\n" : "", a->title));
    rac_page_add(page, rac_page_end(&found));
}

char *rac_protocol_diff(rac_arena *arena, const rac_protocol *a, const rac_protocol *b)
{
    rac_page page = {.arena = arena};
    const rac_description left = rac_protocol_describe(arena, a), right = rac_protocol_describe(arena, b);
    for (size_t s = 0; s < left.count; s++) /* every protocol has the same sections */
        diff_section(&page, &left.sections[s], &right.sections[s]);
    if (!page.size)
        return rac_string_copy(arena, "No differences.\n");
    return rac_page_end(&page);
}
