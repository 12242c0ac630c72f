/* files.h: the shipped protocol files, for tests. */
#ifndef RACEMATE_TESTS_PROTOCOL_FILES_H
#define RACEMATE_TESTS_PROTOCOL_FILES_H

#include "check.h"
#include "racemate/protocol.h"

static inline rac_text file_text(rac_arena *arena, const char *name)
{
    const char *source = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/protocols/%s", source ? source : ".", name), "rb");
    assert_non_null(file);
    char *bytes = rac_arena_alloc(arena, 256 * 1024);
    const size_t size = fread(bytes, 1, 256 * 1024 - 1, file);
    fclose(file);
    return (rac_text){bytes, size};
}

static inline void print_problems(const rac_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s:%d:%d: %s (hint: %s)\n", problems->items[i].file, problems->items[i].line,
                problems->items[i].column, problems->items[i].message, problems->items[i].hint);
}

static inline const rac_protocol *read_protocol(rac_arena *arena, const char *name)
{
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *protocol;
    if (rac_protocol_read(arena, file_text(arena, name), name, &protocol, &problems) != RAC_OK)
        print_problems(&problems);
    assert_non_null(protocol);
    return protocol;
}

static inline const rac_protocol *filled_protocol(rac_arena *arena, const char *name)
{
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *filled;
    if (rac_protocol_fill(arena, read_protocol(arena, name), file_text(arena, "demo-site.yaml"),
                          "demo-site.yaml", true, &filled, &problems) != RAC_OK)
        print_problems(&problems);
    assert_non_null(filled);
    return filled;
}

/* The text with the first `from` (which must be there) replaced. */
static inline rac_text replaced(rac_arena *arena, rac_text text, const char *from, const char *to)
{
    const char *at = strstr(rac_text_copy(arena, text), from);
    if (!at)
        fprintf(stderr, "the file no longer contains '%s'\n", from);
    assert_non_null(at);
    const char *copy = rac_text_copy(arena, text);
    at = strstr(copy, from);
    return rac_text_of(rac_format(arena, "%.*s%s%s", (int)(at - copy), copy, to, at + strlen(from)));
}

/* The line on which `words` first stand, from 1. */
static inline int line_of(rac_arena *arena, rac_text text, const char *words)
{
    const char *copy = rac_text_copy(arena, text), *at = strstr(copy, words);
    assert_non_null(at);
    int line = 1;
    for (; copy < at; copy++)
        line += *copy == '\n';
    return line;
}

#endif
