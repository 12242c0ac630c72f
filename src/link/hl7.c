/* HL7 v2 parsing and text: see link/hl7.h. */
#include "link/hl7.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { default_bytes = 1 << 20, default_segments = 20000, default_fields = 1000 };

/* ---- pieces --------------------------------------------------------------------------------- */

/* Piece `n` (from 1) of `text`; a separator of 0 leaves the text whole. */
static rac_text piece(rac_text text, char separator, size_t n)
{
    rac_text rest = text, part = {"", 0};
    if (!separator)
        return n == 1 ? text : part;
    for (size_t i = 0; i < n; i++) {
        if (!rest.data)
            return (rac_text){"", 0};
        part = rac_text_split(rest, separator, &rest);
    }
    return part;
}

/* ---- character sets -------------------------------------------------------------------------- */

typedef enum charset { CHARSET_GUESS, CHARSET_UTF8, CHARSET_LATIN1, CHARSET_UNKNOWN } charset;

static const struct {
    const char *name;
    charset charset;
} charsets[] = {
    {"", CHARSET_GUESS},           {"ASCII", CHARSET_GUESS},        {"UNICODE", CHARSET_GUESS},
    {"\"\"", CHARSET_GUESS},       {"UTF-8", CHARSET_UTF8},         {"UTF8", CHARSET_UTF8},
    {"8859/1", CHARSET_LATIN1},    {"8859-1", CHARSET_LATIN1},      {"ISO-8859-1", CHARSET_LATIN1},
    {"ISO8859-1", CHARSET_LATIN1}, {"UNICODE UTF-8", CHARSET_UTF8},
};

/* MSH-18 of bytes not converted yet: names of character sets are ASCII in all of them. */
static charset charset_of(rac_text header, char field, char repetition)
{
    const rac_text value = rac_text_trim(piece(piece(header, field, 18), repetition, 1)); /* MSH is piece 1 */
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (rac_text_is(value, charsets[i].name))
            return charsets[i].charset;
    return CHARSET_UNKNOWN;
}

static rac_text to_utf8(rac_arena *arena, rac_text bytes, charset declared)
{
    const bool is_utf8 = rac_text_is_utf8(bytes);
    if (is_utf8 && declared != CHARSET_LATIN1)
        return (rac_text){rac_text_copy(arena, bytes), bytes.size};
    char *out = rac_arena_alloc(arena, bytes.size * 3 + 1);
    size_t size = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        const unsigned char c = (unsigned char)bytes.data[i];
        if (c < 0x80) {
            out[size++] = (char)c;
        } else if (declared == CHARSET_UNKNOWN) {
            memcpy(out + size, "\xEF\xBF\xBD", 3);
            size += 3;
        } else {
            out[size++] = (char)(0xC0 | c >> 6);
            out[size++] = (char)(0x80 | (c & 0x3F));
        }
    }
    return (rac_text){out, size};
}

/* ---- segments -------------------------------------------------------------------------------- */

/* The part of `rest` before CR, LF or both; *rest.data is NULL behind the last. */
static rac_text take_line(rac_text *rest)
{
    size_t end = 0;
    while (end < rest->size && rest->data[end] != '\r' && rest->data[end] != '\n')
        end++;
    const rac_text line = {rest->data, end};
    *rest = end < rest->size ? (rac_text){rest->data + end + 1, rest->size - end - 1} : (rac_text){NULL, 0};
    return line;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* MSH-1 and MSH-2.  Separators must differ and be neither letters, digits nor blanks, or a value
 * could not be told from a separator. */
static rac_status read_separators(rac_text header, rac_hl7_message *message, rac_error *err)
{
    char *const places[] = {&message->component, &message->repetition, &message->escape,
                            &message->subcomponent};
    message->field = header.data[3];
    char used[8] = {message->field};
    size_t count = 1, at = 4;
    for (; at < header.size && header.data[at] != message->field && count < 6; at++) {
        const char c = header.data[at];
        if (c <= ' ' || c > '~' || is_letter_or_digit(c) || strchr(used, c))
            return rac_fail(err, RAC_INVALID, "MSH-2 names unusable separators");
        if (count <= 4)
            *places[count - 1] = c;
        used[count++] = c;
    }
    if (message->field <= ' ' || message->field > '~' || is_letter_or_digit(message->field))
        return rac_fail(err, RAC_INVALID, "MSH-1 is not a usable field separator");
    if (!message->component || at == header.size || header.data[at] != message->field)
        return rac_fail(err, RAC_INVALID, "MSH-2 does not name the separators");
    return RAC_OK;
}

static bool is_segment(rac_text line, char field)
{
    if (line.size < 3 || (line.size > 3 && line.data[3] != field))
        return false;
    for (int i = 0; i < 3; i++)
        if (!((line.data[i] >= 'A' && line.data[i] <= 'Z') ||
              (i && line.data[i] >= '0' && line.data[i] <= '9')))
            return false;
    return true;
}

static rac_status split_segment(rac_arena *arena, rac_text line, const rac_hl7_message *message,
                                size_t max_fields, rac_hl7_segment *segment, rac_error *err)
{
    memcpy(segment->name, line.data, 3);
    const bool is_header = strcmp(segment->name, "MSH") == 0;
    size_t count = 1 + is_header;
    for (size_t i = 0; i < line.size; i++)
        count += line.data[i] == message->field;
    if (count > max_fields)
        return rac_fail(err, RAC_LIMIT, "segment %s has %zu fields, allowed %zu", segment->name, count - 1,
                        max_fields);
    segment->fields = rac_many(arena, rac_text, count);
    rac_text rest = line;
    for (size_t n = 0; n < count; n++) {
        if (is_header && n == 1)
            segment->fields[n] = (rac_text){line.data + 3, 1};
        else
            segment->fields[n] = rac_text_split(rest, message->field, &rest);
    }
    segment->count = count;
    return RAC_OK;
}

rac_status rac_hl7_parse(rac_arena *arena, rac_text bytes, const rac_hl7_limits *limits,
                         rac_hl7_message *message, rac_error *err)
{
    const size_t max_bytes = limits && limits->max_bytes ? limits->max_bytes : default_bytes;
    const size_t max_segments = limits && limits->max_segments ? limits->max_segments : default_segments;
    const size_t max_fields = limits && limits->max_fields ? limits->max_fields : default_fields;
    *message = (rac_hl7_message){0};
    if (bytes.size > max_bytes)
        return rac_fail(err, RAC_LIMIT, "the message has %zu bytes, allowed %zu", bytes.size, max_bytes);
    if (bytes.size && memchr(bytes.data, '\0', bytes.size))
        return rac_fail(err, RAC_INVALID, "the message holds a NUL byte: it is not HL7 version 2 text");
    const rac_text trimmed = rac_text_trim(bytes);
    if (!rac_text_starts(trimmed, "MSH") || trimmed.size < 8)
        return rac_fail(err, RAC_INVALID, "the message does not start with an MSH segment");
    rac_text rest = trimmed;
    const rac_text header = take_line(&rest);
    if (header.size < 5)
        return rac_fail(err, RAC_INVALID, "the MSH segment is cut off");
    rac_status status = read_separators(header, message, err);
    if (status)
        return status;
    rest = to_utf8(arena, trimmed, charset_of(header, message->field, message->repetition));
    size_t capacity = 0;
    for (int line_number = 1; rest.data; line_number++) {
        const rac_text line = take_line(&rest);
        if (!is_segment(line, message->field)) {
            message->skipped += rac_text_trim(line).size > 0;
            continue;
        }
        if (message->count == max_segments)
            return rac_fail(err, RAC_LIMIT, "the message has more than %zu segments", max_segments);
        rac_hl7_segment segment = {0};
        if (message->count && memcmp(line.data, "MSH", 3) == 0)
            return rac_fail(err, RAC_INVALID, "a second MSH segment: two messages in one");
        status = split_segment(arena, line, message, max_fields, &segment, err);
        if (status) {
            rac_error_place(err, NULL, line_number, 1);
            return status;
        }
        rac_push(arena, message->segments, message->count, capacity, segment);
    }
    return RAC_OK;
}

const rac_hl7_segment *rac_hl7_segment_named(const rac_hl7_message *message, const char *name,
                                             const rac_hl7_segment *after)
{
    for (size_t i = after ? (size_t)(after - message->segments) + 1 : 0; i < message->count; i++)
        if (strcmp(message->segments[i].name, name) == 0)
            return &message->segments[i];
    return NULL;
}

/* ---- parts ----------------------------------------------------------------------------------- */

rac_text rac_hl7_part(const rac_hl7_message *message, const rac_hl7_segment *segment, rac_hl7_path path)
{
    if (!segment || path.field == 0 || path.field >= segment->count)
        return (rac_text){"", 0};
    rac_text part = segment->fields[path.field];
    if (strcmp(segment->name, "MSH") == 0 && path.field <= 2)
        return part;
    part = piece(part, message->repetition, path.repetition ? path.repetition : 1);
    if (path.component)
        part = piece(part, message->component, path.component);
    if (path.subcomponent)
        part = piece(part, message->subcomponent, path.subcomponent);
    return part;
}

size_t rac_hl7_repetitions(const rac_hl7_message *message, const rac_hl7_segment *segment, size_t field)
{
    if (!segment || field == 0 || field >= segment->count || !segment->fields[field].size)
        return 0;
    size_t count = 1;
    for (size_t i = 0; message->repetition && i < segment->fields[field].size; i++)
        count += segment->fields[field].data[i] == message->repetition;
    return count;
}

rac_hl7_presence rac_hl7_presence_of(rac_text part)
{
    const rac_text text = rac_text_trim(part);
    return !text.size ? RAC_HL7_EMPTY : rac_text_is(text, "\"\"") ? RAC_HL7_DELETED : RAC_HL7_VALUE;
}

/* ---- escapes --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* What stands between two escape characters, undone into `out`; 0 when it is not known.  Hexadecimal
 * bytes that would make the text ill-formed (NUL, or not UTF-8) stay as they are. */
static size_t undo_escape(const rac_hl7_message *message, rac_text name, char *out)
{
    if (name.size == 1) {
        const char letters[] = {'F', 'S', 'T', 'R', 'E'};
        const char values[] = {message->field, message->component, message->subcomponent, message->repetition,
                               message->escape};
        for (size_t i = 0; i < sizeof letters; i++)
            if (name.data[0] == letters[i] && values[i]) {
                out[0] = values[i];
                return 1;
            }
        return 0;
    }
    if (name.size < 3 || name.size % 2 == 0 || name.data[0] != 'X')
        return 0;
    size_t size = 0;
    for (size_t i = 1; i < name.size; i += 2) {
        const int high = hex_digit(name.data[i]), low = hex_digit(name.data[i + 1]);
        if (high < 0 || low < 0 || high + low == 0)
            return 0;
        out[size++] = (char)(high * 16 + low);
    }
    return rac_text_is_utf8((rac_text){out, size}) ? size : 0;
}

char *rac_hl7_text(rac_arena *arena, const rac_hl7_message *message, rac_text part)
{
    part = rac_text_trim(part);
    if (rac_hl7_presence_of(part) != RAC_HL7_VALUE)
        part.size = 0;
    char *out = rac_arena_alloc(arena, part.size + 1); /* undoing an escape never lengthens */
    size_t size = 0;
    for (size_t i = 0; i < part.size; i++) {
        if (message->escape && part.data[i] == message->escape) {
            const char *const name = part.data + i + 1;
            const char *const end = memchr(name, message->escape, part.size - i - 1);
            const size_t length =
                end ? undo_escape(message, (rac_text){name, (size_t)(end - name)}, out + size) : 0;
            if (length) {
                size += length;
                i = (size_t)(end - part.data);
                continue;
            }
        }
        out[size++] = part.data[i];
    }
    out[size] = '\0';
    return out;
}

char *rac_hl7_escape(rac_arena *arena, const rac_hl7_message *separators, rac_text text)
{
    const char marks[] = {separators->field, separators->component, separators->subcomponent,
                          separators->repetition, separators->escape};
    const char *const letters = "FSTRE";
    const char escape = separators->escape ? separators->escape : '\\';
    char *out = rac_arena_alloc(arena, text.size * 5 + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        const char *const mark = c ? memchr(marks, c, sizeof marks) : NULL;
        if (mark && separators->escape)
            size += (size_t)sprintf(out + size, "%c%c%c", escape, letters[mark - marks], escape);
        else if (mark) /* a message without escapes cannot carry its separators */
            out[size++] = ' ';
        else if ((unsigned char)c < 0x20 || c == 0x7F)
            size += (size_t)sprintf(out + size, "%cX%02X%c", escape, (unsigned)c, escape);
        else
            out[size++] = c;
    }
    out[size] = '\0';
    return out;
}

/* ---- identity -------------------------------------------------------------------------------- */

enum { digest_bytes = 16 };

static void add(crypto_generichash_state *state, rac_text text)
{
    const uint64_t size = text.size; /* lengths keep "a" + "bc" and "ab" + "c" apart */
    crypto_generichash_update(state, (const unsigned char *)&size, sizeof size);
    crypto_generichash_update(state, (const unsigned char *)text.data, text.size);
}

static void finish(crypto_generichash_state *state, char hex[2 * digest_bytes + 1])
{
    unsigned char digest[digest_bytes];
    crypto_generichash_final(state, digest, sizeof digest);
    sodium_bin2hex(hex, 2 * digest_bytes + 1, digest, sizeof digest);
}

rac_hl7_identity rac_hl7_identify(const rac_hl7_message *message)
{
    rac_hl7_identity identity = {0};
    crypto_generichash_state state;
    const rac_hl7_segment *header = rac_hl7_segment_named(message, "MSH", NULL);
    const rac_text control = rac_text_trim(rac_hl7_part(message, header, (rac_hl7_path){.field = 10}));
    if (control.size) {
        crypto_generichash_init(&state, NULL, 0, digest_bytes);
        add(&state, rac_text_trim(rac_hl7_part(message, header, (rac_hl7_path){.field = 3})));
        add(&state, rac_text_trim(rac_hl7_part(message, header, (rac_hl7_path){.field = 4})));
        add(&state, control);
        finish(&state, identity.key);
    }
    crypto_generichash_init(&state, NULL, 0, digest_bytes);
    for (size_t i = 1; i < message->count; i++)
        for (size_t n = 0; n < message->segments[i].count; n++)
            add(&state, message->segments[i].fields[n]);
    finish(&state, identity.content);
    return identity;
}
