/* Problems of files that were given: each with its place, the line it stands on and a caret below it. */
#include <string.h>

#include "app/internal.h"
#include "base/expression.h"

/* A place in a file that moves forward, so that many problems of a long file are found in one walk. */
typedef struct cursor {
    rac_text bytes;
    int line; /* from 1; 0: nowhere */
    size_t start;
} cursor;

static rac_text file_called(const rac_call *call, const char *file)
{
    for (size_t i = 0; i < RAC_ARGUMENTS_MAX && call->use_case->arguments[i].name; i++) {
        const rac_argument *argument = &call->use_case->arguments[i];
        const char *name;
        if (argument->kind != RAC_ARGUMENT_FILE)
            continue;
        const rac_text bytes = rac_call_file(call, argument->name, &name);
        if (bytes.data && name && !strcmp(name, file))
            return bytes;
    }
    return (rac_text){NULL, 0};
}

/* The line, without its end; empty when the file has none of that number. */
static rac_text line_at(cursor *at, rac_text bytes, int line)
{
    if (bytes.data != at->bytes.data || line < at->line || !at->line)
        *at = (cursor){bytes, 1, 0};
    while (at->line < line) {
        const char *end = memchr(bytes.data + at->start, '\n', bytes.size - at->start);
        if (!end)
            return (rac_text){bytes.data, 0};
        at->start = (size_t)(end - bytes.data) + 1;
        at->line++;
    }
    const char *from = bytes.data + at->start;
    const char *end = memchr(from, '\n', bytes.size - at->start);
    size_t size = end ? (size_t)(end - from) : bytes.size - at->start;
    if (size && from[size - 1] == '\r')
        size--;
    return (rac_text){from, size};
}

/* Of a long line what is around the column; `column` becomes its place in that. */
static rac_text around(rac_text line, int *column)
{
    enum { before = 60, most = 120 };
    size_t from = *column > before && line.size > most ? (size_t)*column - before : 0;
    if (from > line.size)
        from = line.size;
    while (from < line.size && ((unsigned char)line.data[from] & 0xC0) == 0x80)
        from++;
    *column -= (int)from;
    return rac_text_shorten((rac_text){line.data + from, line.size - from}, most);
}

/* "    line\n    caret\n", or nothing where it would show nothing. */
static const char *caret_lines(rac_arena *arena, cursor *at, rac_text bytes, const rac_error *p)
{
    if (!bytes.data || p->line < 1 || p->column < 1)
        return "";
    int column = p->column;
    const rac_text line = around(line_at(at, bytes, p->line), &column);
    if (!rac_text_trim(line).size || !rac_text_is_utf8(line))
        return "";
    rac_text caret;
    const rac_text shown = rac_text_split(rac_text_of(rac_error_caret(arena, line, column)), '\n', &caret);
    return rac_format(arena, "    %.*s\n    %.*s\n", RAC_TEXT(shown), RAC_TEXT(caret));
}

char *rac_app_problems_text(const rac_call *call, const rac_problems *problems)
{
    rac_arena *arena = call->arena;
    char *text = rac_string_copy(arena, "");
    cursor at = {.line = 0};
    for (size_t i = 0; i < problems->count; i++) {
        const rac_error *p = &problems->items[i];
        text = rac_format(arena, "%s%s:%d:%d: %s\n%s", text, p->file, p->line, p->column, p->message,
                          caret_lines(arena, &at, file_called(call, p->file), p));
        if (p->detail[0])
            text = rac_format(arena, "%s  %s\n", text, p->detail);
        if (p->hint[0])
            text = rac_format(arena, "%s  hint: %s\n", text, p->hint);
    }
    return text;
}

json_t *rac_app_problems_json(const rac_problems *problems)
{
    json_t *list = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const rac_error *p = &problems->items[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:s}", "file", p->file, "line",
                                              p->line, "column", p->column, "message", p->message, "detail",
                                              p->detail, "hint", p->hint, "field", p->field));
    }
    return list;
}
