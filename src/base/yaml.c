/* From libyaml's events to a tree of positioned values, with the limits held on the way: see
 * base/yaml.h.  libyaml's own document loader is not used: it resolves aliases and kept busy for
 * seconds on deep input (yaml/libyaml#227), and its tree forgets quoting. */
#include "base/yaml.h"

#include <string.h>
#include <yaml.h>

enum {
    longest_key = 80,  /* bytes; also bounds the paths built from keys */
    most_problems = 20 /* of one reading; after that the file is not worth more lines */
};

/* libyaml counts characters, messages count bytes.  Its marks only move forward, so one walk over the
 * bytes translates them all. */
typedef struct cursor {
    size_t characters; /* before `byte` */
    size_t byte;
} cursor;

typedef struct reader {
    rac_arena *arena;
    rac_problems *problems;
    size_t problems_before;
    rac_text bytes; /* without the byte order mark */
    const char *file;
    yaml_parser_t parser;
    size_t nodes;
    cursor line_start, mark;
} reader;

static void cursor_move(cursor *at, rac_text bytes, size_t characters)
{
    if (characters < at->characters)
        *at = (cursor){0, 0};
    while (at->characters < characters && at->byte < bytes.size) {
        do
            at->byte++;
        while (at->byte < bytes.size && ((unsigned char)bytes.data[at->byte] & 0xC0) == 0x80);
        at->characters++;
    }
}

static int column_of(reader *r, yaml_mark_t mark)
{
    cursor_move(&r->line_start, r->bytes, mark.index - mark.column);
    cursor_move(&r->mark, r->bytes, mark.index);
    return (int)(r->mark.byte - r->line_start.byte) + 1;
}

/* ---- problems while reading ---- */

static rac_error *problem_at(reader *r, rac_status status, int line, int column, const char *path,
                             const char *format, ...) RAC_PRINTF(6, 7);
static rac_error *problem_at(reader *r, rac_status status, int line, int column, const char *path,
                             const char *format, ...)
{
    rac_error err;
    va_list arguments;
    va_start(arguments, format);
    const char *message = rac_format_list(r->arena, format, arguments);
    va_end(arguments);
    rac_error_set(&err, status, __FILE__, __LINE__, "%s", message);
    rac_error_place(&err, r->file, line, column);
    rac_error_field(&err, path);
    rac_problems_add(r->problems, &err);
    return &r->problems->items[r->problems->count - 1];
}

static bool too_many_problems(const reader *r)
{
    return r->problems->count - r->problems_before >= most_problems;
}

static void syntax_problem(reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *what = p->problem ? p->problem : "it is not YAML";
    if (p->error == YAML_READER_ERROR) { /* only this kind gives a byte offset instead of a mark */
        const size_t end = p->problem_offset < r->bytes.size ? p->problem_offset : r->bytes.size;
        int line = 1, column = 1;
        for (size_t i = 0; i < end; i++) {
            column = r->bytes.data[i] == '\n' ? 1 : column + 1;
            line += r->bytes.data[i] == '\n';
        }
        problem_at(r, RAC_INVALID, line, column, "", "%s (byte %d)", what, p->problem_value);
        return;
    }
    const yaml_mark_t mark = p->problem_mark;
    rac_error *err = problem_at(r, RAC_INVALID, (int)mark.line + 1, column_of(r, mark), "", "%s", what);
    if (p->context)
        rac_error_detail(err, "%s that began on line %d", p->context, (int)p->context_mark.line + 1);
    if (r->mark.byte < r->bytes.size && r->bytes.data[r->mark.byte] == '\t')
        rac_error_hint(err, "indent with spaces; this is a tab");
    else
        rac_error_hint(err, "check the indentation of this line and of the one before, and the quotes");
}

/* ---- events to nodes ---- */

static bool next_event(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    syntax_problem(r);
    return false;
}

/* The marks of a node that make YAML surprising: an anchor or a tag. */
static void refuse_decoration(reader *r, const rac_yaml *node, const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    if (anchor) {
        rac_error *err = problem_at(r, RAC_INVALID, node->line, node->column, node->path,
                                    "anchors (&%s) are not accepted", (const char *)anchor);
        rac_error_hint(err, "write the value out; a text that begins with & needs quotes");
    }
    if (tag) {
        rac_error *err = problem_at(r, RAC_INVALID, node->line, node->column, node->path,
                                    "tags (%s) are not accepted", (const char *)tag);
        rac_error_hint(err, "leave the tag out; a text that begins with ! needs quotes");
    }
}

static bool read_node(reader *r, yaml_event_t *event, const char *path, int depth, rac_yaml *node);

/* Where a text itself begins: past an opening quote; for a block, at the first thing on a later line. */
static void place_text(reader *r, yaml_scalar_style_t style, rac_yaml *node)
{
    node->text_line = node->line;
    node->text_column = node->column;
    if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        node->text_column++;
    if (style != YAML_LITERAL_SCALAR_STYLE && style != YAML_FOLDED_SCALAR_STYLE)
        return;
    rac_text rest = {r->bytes.data + r->mark.byte, r->bytes.size - r->mark.byte};
    rac_text_split(rest, '\n', &rest);
    for (int line = node->line + 1; rest.data; line++) {
        const rac_text here = rac_text_split(rest, '\n', &rest);
        const rac_text words = rac_text_trim(here);
        if (words.size) {
            node->text_line = line;
            node->text_column = (int)(words.data - here.data) + 1;
            return;
        }
    }
}

static void take_scalar(reader *r, const yaml_event_t *event, rac_yaml *node)
{
    const char *value = (const char *)event->data.scalar.value;
    const size_t size = event->data.scalar.length;
    node->kind = RAC_YAML_TEXT;
    node->text = (rac_text){rac_text_copy(r->arena, (rac_text){value, size}), size};
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    place_text(r, event->data.scalar.style, node);
    refuse_decoration(r, node, event->data.scalar.anchor,
                      event->data.scalar.plain_implicit || event->data.scalar.quoted_implicit
                          ? NULL
                          : event->data.scalar.tag);
}

static bool read_list(reader *r, int depth, rac_yaml *node)
{
    rac_yaml *items = NULL;
    size_t count = 0, capacity = 0;
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return false;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        rac_yaml item = {0};
        if (!read_node(r, &event, rac_format(r->arena, "%s[%zu]", node->path, count), depth, &item))
            return false;
        rac_push(r->arena, items, count, capacity, item);
    }
    node->items = items;
    node->count = count;
    return true;
}

/* What must hold of a key beyond being readable; says what does not. */
static void check_key(reader *r, const rac_yaml *keys, size_t count, const rac_yaml *key)
{
    if (key->kind != RAC_YAML_TEXT) {
        problem_at(r, RAC_INVALID, key->line, key->column, key->path, "a key must be plain text");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (keys[i].kind == RAC_YAML_TEXT && rac_text_equal(keys[i].text, key->text)) {
            problem_at(r, RAC_INVALID, key->line, key->column, key->path,
                       "'%.*s' is given twice, first on line %d", RAC_TEXT(key->text), keys[i].line);
            return;
        }
    }
}

static const char *path_below(reader *r, const rac_yaml *map, const rac_yaml *key)
{
    if (key->kind != RAC_YAML_TEXT)
        return map->path;
    return rac_format(r->arena, "%s%s%.*s", map->path, map->path[0] ? "." : "", RAC_TEXT(key->text));
}

static bool read_map(reader *r, int depth, rac_yaml *node)
{
    rac_yaml *keys = NULL, *items = NULL;
    size_t count = 0, key_capacity = 0, item_capacity = 0;
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return false;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        rac_yaml key = {0}, item = {0};
        if (!read_node(r, &event, node->path, depth, &key))
            return false;
        if (key.text.size > longest_key) {
            problem_at(r, RAC_LIMIT, key.line, key.column, node->path, "a key of %zu bytes, allowed %d",
                       key.text.size, longest_key);
            return false;
        }
        check_key(r, keys, count, &key);
        if (!next_event(r, &event) || !read_node(r, &event, path_below(r, node, &key), depth, &item))
            return false;
        keys = rac_arena_grow(r->arena, keys, count, &key_capacity, sizeof *keys);
        keys[count] = key;
        rac_push(r->arena, items, count, item_capacity, item);
    }
    node->keys = keys;
    node->items = items;
    node->count = count;
    return true;
}

/* Takes over the event.  False when reading cannot go on. */
static bool read_node(reader *r, yaml_event_t *event, const char *path, int depth, rac_yaml *node)
{
    const yaml_event_type_t type = event->type;
    *node = (rac_yaml){.file = r->file, .path = path, .text = rac_text_of("")};
    node->line = (int)event->start_mark.line + 1;
    node->column = column_of(r, event->start_mark);
    if (type == YAML_SCALAR_EVENT) {
        take_scalar(r, event, node);
    } else if (type == YAML_SEQUENCE_START_EVENT) {
        node->kind = RAC_YAML_LIST;
        refuse_decoration(r, node, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    } else if (type == YAML_MAPPING_START_EVENT) {
        node->kind = RAC_YAML_MAP;
        refuse_decoration(r, node, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    } else if (type == YAML_ALIAS_EVENT) {
        rac_error *err = problem_at(r, RAC_INVALID, node->line, node->column, path,
                                    "aliases (*%s) are not accepted", (const char *)event->data.alias.anchor);
        rac_error_hint(err, "write the value out; a text that begins with * needs quotes");
    }
    yaml_event_delete(event);
    if (++r->nodes > rac_yaml_max_nodes) {
        problem_at(r, RAC_LIMIT, node->line, node->column, path, "more than %d values in one file",
                   rac_yaml_max_nodes);
        return false;
    }
    if (depth >= rac_yaml_max_depth && (node->kind == RAC_YAML_LIST || node->kind == RAC_YAML_MAP)) {
        problem_at(r, RAC_LIMIT, node->line, node->column, "", "nested deeper than %d", rac_yaml_max_depth);
        return false;
    }
    if (too_many_problems(r))
        return false;
    if (node->kind == RAC_YAML_LIST)
        return read_list(r, depth + 1, node);
    if (node->kind == RAC_YAML_MAP)
        return read_map(r, depth + 1, node);
    return true;
}

/* ---- the stream around the one document ---- */

static bool skip_event(reader *r, yaml_event_type_t *type, int *line, int *column)
{
    yaml_event_t event;
    if (!next_event(r, &event))
        return false;
    *type = event.type;
    *line = (int)event.start_mark.line + 1;
    *column = column_of(r, event.start_mark);
    yaml_event_delete(&event);
    return true;
}

static bool read_document(reader *r, rac_yaml *root)
{
    yaml_event_type_t type;
    int line, column;
    if (!skip_event(r, &type, &line, &column)) /* start of the stream */
        return false;
    if (!skip_event(r, &type, &line, &column)) /* start of the document */
        return false;
    if (type == YAML_STREAM_END_EVENT) {
        problem_at(r, RAC_INVALID, 1, 1, "", "the file is empty");
        return false;
    }
    yaml_event_t event;
    if (!next_event(r, &event) || !read_node(r, &event, "", 0, root))
        return false;
    if (!skip_event(r, &type, &line, &column)) /* end of the document */
        return false;
    if (!skip_event(r, &type, &line, &column))
        return false;
    if (type != YAML_STREAM_END_EVENT) {
        problem_at(r, RAC_INVALID, line, column, "", "a second document begins here; one file holds one");
        return false;
    }
    return true;
}

/* The column, from 1, of the first byte of a line that is not UTF-8. */
static int bad_column(rac_text line)
{
    size_t at = 0;
    for (size_t length = 1; at < line.size && length <= 4 && length <= line.size - at;) {
        const bool whole = rac_text_is_utf8((rac_text){line.data + at, length});
        at += whole ? length : 0;
        length = whole ? 1 : length + 1;
    }
    return (int)at + 1;
}

/* Size and encoding. */
static bool check_bytes(reader *r)
{
    if (r->bytes.size > rac_yaml_max_bytes) {
        problem_at(r, RAC_LIMIT, 0, 0, "", "the file has %zu bytes, allowed %d", r->bytes.size,
                   rac_yaml_max_bytes);
        return false;
    }
    rac_text rest = r->bytes;
    for (int line = 1; rest.data; line++) {
        const rac_text bytes = rac_text_split(rest, '\n', &rest);
        if (!rac_text_is_utf8(bytes)) {
            rac_error *err = problem_at(r, RAC_INVALID, line, bad_column(bytes), "",
                                        "this line is not UTF-8 from here on");
            rac_error_hint(err, "save the file as UTF-8");
            return false;
        }
    }
    return true;
}

rac_status rac_yaml_read(rac_arena *arena, rac_text bytes, const char *file, const rac_yaml **root,
                         rac_problems *problems)
{
    if (rac_text_starts(bytes, "\xEF\xBB\xBF"))
        bytes = (rac_text){bytes.data + 3, bytes.size - 3};
    reader r = {.arena = arena,
                .problems = problems,
                .problems_before = problems->count,
                .bytes = bytes,
                .file = rac_string_copy(arena, file)};
    *root = NULL;
    if (!bytes.data)
        r.bytes = rac_text_of("");
    if (check_bytes(&r) && yaml_parser_initialize(&r.parser)) {
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.bytes.data, r.bytes.size);
        rac_yaml *tree = rac_new(arena, rac_yaml);
        if (read_document(&r, tree) && problems->count == r.problems_before)
            *root = tree;
        yaml_parser_delete(&r.parser);
    }
    return *root ? RAC_OK : problems->items[r.problems_before].status;
}
