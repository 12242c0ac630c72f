/* One part of a protocol with everything known about it: see racemate/protocol.h.
 *
 * `id` is an entry ("adult", "duration", "hold_systolic"), an entry of one section ("start.consent"), or a
 * whole section ("dose").  An id that stands in several sections is explained in each. */
#include <string.h>

#include "protocol/describe.h"
#include "protocol/page.h"

static void explain_sources(rac_page *page, const rac_protocol *protocol, rac_words ids)
{
    for (size_t i = 0; i < ids.count; i++) {
        const rac_source *source = rac_protocol_source(protocol, ids.items[i]);
        rac_page_wrap(page, rac_format(page->arena, "  [%s] ", source->id), 6,
                      rac_format(page->arena, "%s (%s) %s", source->title, source->kind, source->url));
    }
}

static bool same_words(rac_words a, rac_words b)
{
    return a.count == b.count && a.items == b.items;
}

/* `last`: its sources are not those of the entry after it. */
static void explain_entry(rac_page *page, const rac_protocol *protocol, const rac_section *section,
                          const rac_entry *entry, bool last)
{
    rac_page_wrap(page, rac_format(page->arena, "%s.%s: ", section->id, entry->id), 2, entry->name);
    for (size_t i = 0; i < entry->said_count; i++) {
        const rac_said *said = &entry->said[i];
        rac_page_wrap(page, rac_format(page->arena, "  %s%s", said->label, said->label[0] ? ": " : ""), 6,
                      said->text);
    }
    if (entry->conflict)
        rac_page_wrap(page, "  published values differ: ", 6, entry->conflict);
    if (last)
        explain_sources(page, protocol, entry->sources);
}

static bool matches(const rac_section *section, const rac_entry *entry, const char *id)
{
    const size_t size = strlen(section->id);
    if (strcmp(id, section->id) == 0 || strcmp(id, entry->id) == 0)
        return true;
    return strncmp(id, section->id, size) == 0 && id[size] == '.' && strcmp(id + size + 1, entry->id) == 0;
}

static rac_status not_found(rac_arena *arena, const rac_description *all, const char *id, rac_error *err)
{
    const char **known = NULL;
    size_t count = 0, capacity = 0;
    for (size_t s = 0; s < all->count; s++) {
        rac_push(arena, known, count, capacity, all->sections[s].id);
        for (size_t i = 0; i < all->sections[s].count; i++)
            rac_push(arena, known, count, capacity, all->sections[s].entries[i].id);
    }
    rac_fail(err, RAC_NOT_FOUND, "the protocol has nothing named '%s'", id);
    const char *near = rac_text_nearest(rac_text_of(id), known, count);
    if (near)
        rac_error_hint(err, "did you mean '%s'?", near);
    else
        rac_error_hint(
            err, "a rule, condition, checklist item or site place, or a value such as dose, duration or "
                 "remission");
    return RAC_NOT_FOUND;
}

rac_status rac_protocol_explain(rac_arena *arena, const rac_protocol *protocol, const char *id, char **text,
                                rac_error *err)
{
    rac_page page = {.arena = arena};
    const rac_description all = rac_protocol_describe(arena, protocol);
    *text = NULL;
    for (size_t s = 0; s < all.count; s++)
        for (size_t i = 0; i < all.sections[s].count; i++) {
            const rac_section *section = &all.sections[s];
            const rac_entry *entry = &section->entries[i];
            if (!matches(section, entry, id))
                continue;
            const bool last = i + 1 == section->count || !matches(section, entry + 1, id) ||
                              !same_words(entry->sources, entry[1].sources);
            if (page.size)
                rac_page_add(&page, "\n");
            explain_entry(&page, protocol, section, entry, last);
        }
    if (!page.size)
        return not_found(arena, &all, id, err);
    *text = rac_page_end(&page);
    return RAC_OK;
}
