/* The whole record as JSON Lines, and back with the same hashes.  A body travels as a JSON string, not
 * as an object: another program that reads and rewrites the file then cannot change its bytes. */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char export_format[] = "racemate-export-1";

/* ---- out ----------------------------------------------------------------------------------- */

static void put_string(FILE *file, const char *name, const char *text)
{
    fprintf(file, "\"%s\":\"", name);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fputc('\\', file);
        if ((unsigned char)*c < 0x20)
            fprintf(file, "\\u%04x", (unsigned)*c);
        else
            fputc(*c, file);
    }
    fputc('"', file);
}

static void put_entry(FILE *file, const rac_store_entry *entry)
{
    char previous[65], hash[65];
    rac_store_hash_hex(entry->previous, previous);
    rac_store_hash_hex(entry->hash, hash);
    fprintf(file, "{\"seq\":%" PRId64 ",", entry->seq);
    put_string(file, "subject", entry->subject);
    fputc(',', file);
    put_string(file, "kind", entry->kind);
    fprintf(file, ",\"at_ms\":%" PRId64 ",\"recorded_ms\":%" PRId64 ",", entry->at.ms, entry->recorded.ms);
    put_string(file, "actor", entry->actor);
    fputc(',', file);
    put_string(file, "source", entry->source);
    fputc(',', file);
    if (entry->key)
        put_string(file, "key", entry->key);
    else
        fputs("\"key\":null", file);
    fputc(',', file);
    put_string(file, "body", entry->body);
    fprintf(file, ",\"previous\":\"%s\",\"hash\":\"%s\"}\n", previous, hash);
}

static rac_status put_manifest(FILE *file, const char *clinic, rac_store_connection *connection,
                               int64_t *entries, rac_error *err)
{
    sqlite3_stmt *row;
    rac_status status = rac_store_prepare(connection, RAC_STORE_HEAD, &row, err);
    if (status)
        return status;
    const int code = sqlite3_step(row);
    if (code == SQLITE_ROW && sqlite3_column_bytes(row, 1) == RAC_STORE_HASH_BYTES) {
        char hex[65];
        *entries = sqlite3_column_int64(row, 0);
        rac_store_hash_hex(sqlite3_column_blob(row, 1), hex);
        fputc('{', file);
        put_string(file, "format", export_format);
        fputc(',', file);
        put_string(file, "clinic", clinic);
        fprintf(file, ",\"entries\":%" PRId64 ",\"head\":\"%s\"}\n", *entries, hex);
    } else if (code == SQLITE_ROW || code == SQLITE_DONE) {
        status = rac_fail(err, RAC_CORRUPT, "the record has no end");
    } else {
        status = rac_store_failed(connection, code, "the record could not be read", err);
    }
    sqlite3_reset(row);
    return status;
}

static rac_status put_entries(FILE *file, rac_store_connection *connection, int64_t entries, rac_error *err)
{
    sqlite3_stmt *rows;
    rac_status status = rac_store_prepare(connection, RAC_STORE_SELECT_ALL, &rows, err);
    if (status)
        return status;
    sqlite3_bind_int64(rows, 1, INT64_MIN);
    sqlite3_bind_int64(rows, 2, INT64_MAX);
    sqlite3_bind_int64(rows, 3, -1);
    int64_t written = 0;
    int code;
    while (!status && (code = sqlite3_step(rows)) != SQLITE_DONE) {
        rac_store_entry entry;
        status = code == SQLITE_ROW ? rac_store_row(rows, &entry, err)
                                    : rac_store_failed(connection, code, "the record could not be read", err);
        if (!status) {
            put_entry(file, &entry);
            written++;
        }
    }
    sqlite3_reset(rows);
    if (!status && written != entries) {
        status =
            rac_fail(err, RAC_CORRUPT, "the record has gaps: %" PRId64 " entries, the newest is %" PRId64,
                     written, entries);
        rac_error_hint(err, "run 'racemate verify'");
    }
    return status;
}

rac_status rac_store_export(rac_store *store, const char *path, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    const char *draft = NULL;
    FILE *file = NULL;
    rac_store_connection *connection = NULL;
    int64_t entries = 0;
    rac_status status = rac_store_refuse_existing(path, err);
    if (!status)
        status = rac_store_draft_name(arena, path, &draft, err);
    if (!status) {
        const int descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
        if (!file)
            status = rac_store_file_failed(err, "cannot create", draft);
    }
    if (!status)
        status = rac_store_borrow(store, &connection, err);
    if (!status)
        status = rac_store_run(connection, RAC_STORE_BEGIN_READ, err); /* one consistent state */
    if (!status)
        status = put_manifest(file, store->clinic, connection, &entries, err);
    if (!status)
        status = put_entries(file, connection, entries, err);
    rac_store_return(store, connection);
    if (file) { /* a full disk shows here at the latest */
        const bool failed = fflush(file) || ferror(file);
        if (!status && failed)
            status = rac_store_file_failed(err, "cannot write", draft);
        fclose(file);
    }
    if (!status)
        status = rac_store_publish(draft, path, false, err);
    if (status && draft)
        rac_store_discard(draft);
    rac_arena_free(arena);
    return status;
}

/* ---- in ------------------------------------------------------------------------------------ */

typedef struct import {
    FILE *file;
    const char *name;
    int line; /* of the line last read */
    char *buffer;
    rac_arena *arena; /* lives as long as one line */
    rac_error *err;
} import;

/* A body of the largest size whose every byte is escaped, and the names around it. */
enum { longest_line = 2 * RAC_STORE_BODY_MAX + 20 * RAC_STORE_NAME_MAX };

static rac_status at_line(import *in, rac_status status)
{
    rac_error_place(in->err, in->name, in->line, 0);
    return status;
}

/* The next line as JSON; *value is NULL at the end of the file. */
static rac_status read_line(import *in, json_t **line)
{
    *line = NULL;
    in->line++;
    if (!fgets(in->buffer, longest_line, in->file))
        return ferror(in->file) ? rac_store_file_failed(in->err, "cannot read", in->name) : RAC_OK;
    const size_t size = strlen(in->buffer);
    if (!size || in->buffer[size - 1] != '\n')
        return at_line(in, rac_fail(in->err, RAC_CORRUPT, "the line is cut, too long or holds a NUL byte"));
    json_error_t problem;
    *line = json_loadb(in->buffer, size, JSON_REJECT_DUPLICATES, &problem);
    if (!*line || !json_is_object(*line)) {
        json_decref(*line);
        *line = NULL;
        return at_line(in, rac_fail(in->err, RAC_INVALID, "the line is not a JSON object"));
    }
    return RAC_OK;
}

static bool get_hash(const json_t *line, const char *name, unsigned char hash[RAC_STORE_HASH_BYTES])
{
    const char *hex = json_string_value(json_object_get(line, name));
    if (!hex || strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64)
        return false;
    for (int i = 0; i < RAC_STORE_HASH_BYTES; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        hash[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return true;
}

typedef struct manifest {
    const char *clinic;
    int64_t entries;
    unsigned char head[RAC_STORE_HASH_BYTES];
} manifest;

static rac_status read_manifest(import *in, const json_t *line, manifest *m)
{
    const char *format = json_string_value(json_object_get(line, "format"));
    const json_t *entries = json_object_get(line, "entries");
    m->clinic = json_string_value(json_object_get(line, "clinic"));
    m->entries = json_integer_value(entries);
    if (!format || strcmp(format, export_format) != 0) {
        rac_fail(in->err, RAC_INVALID, "%s is not an export of a store", in->name);
        rac_error_hint(in->err, "its first line has \"format\":\"%s\"", export_format);
        return at_line(in, RAC_INVALID);
    }
    if (!m->clinic || !json_is_integer(entries) || m->entries < 1 || !get_hash(line, "head", m->head))
        return at_line(in, rac_fail(in->err, RAC_INVALID, "the manifest is not complete"));
    return rac_store_check_name(m->clinic, "clinic id", in->err);
}

static bool get_entry(const json_t *line, rac_store_entry *entry)
{
    enum { members = 11 };
    const json_t *seq = json_object_get(line, "seq"), *key = json_object_get(line, "key");
    const json_t *at = json_object_get(line, "at_ms"), *recorded = json_object_get(line, "recorded_ms");
    *entry = (rac_store_entry){
        .seq = json_integer_value(seq),
        .subject = json_string_value(json_object_get(line, "subject")),
        .kind = json_string_value(json_object_get(line, "kind")),
        .at = {json_integer_value(at)},
        .recorded = {json_integer_value(recorded)},
        .actor = json_string_value(json_object_get(line, "actor")),
        .source = json_string_value(json_object_get(line, "source")),
        .key = json_string_value(key),
        .body = json_string_value(json_object_get(line, "body")),
    };
    return json_object_size(line) == members && json_is_integer(seq) && json_is_integer(at) &&
           json_is_integer(recorded) && (json_is_null(key) || json_is_string(key)) &&
           get_hash(line, "previous", entry->previous) && get_hash(line, "hash", entry->hash);
}

/* Checks one entry against the one before it, and stores it. */
static rac_status take_entry(import *in, const json_t *line, rac_store_connection *to, rac_store_head *head)
{
    rac_store_entry entry;
    unsigned char hash[RAC_STORE_HASH_BYTES];
    if (!get_entry(line, &entry))
        return at_line(in, rac_fail(in->err, RAC_INVALID, "the line is not an entry"));
    const char *body = entry.body;
    rac_status status = rac_store_check_entry(in->arena, &entry, in->err);
    if (status)
        return at_line(in, status);
    rac_store_hash(&entry, hash);
    if (entry.seq != head->seq + 1)
        status = rac_fail(in->err, RAC_CORRUPT, "entry %" PRId64 " stands where %" PRId64 " belongs",
                          entry.seq, head->seq + 1);
    else if (memcmp(hash, entry.hash, sizeof hash) != 0 || strcmp(body, entry.body) != 0)
        status = rac_fail(in->err, RAC_CORRUPT, "entry %" PRId64 " is not what was recorded", entry.seq);
    else if (memcmp(entry.previous, head->hash, sizeof hash) != 0)
        status = rac_fail(in->err, RAC_CORRUPT, "entry %" PRId64 " does not follow from the one before",
                          entry.seq);
    if (status)
        return at_line(in, status);
    rac_store_head_of(entry.seq, entry.hash, head);
    return rac_store_insert(to, &entry, in->err);
}

static rac_status take_entries(import *in, rac_store_connection *to, const manifest *m)
{
    rac_store_head head;
    unsigned char genesis[RAC_STORE_HASH_BYTES];
    rac_store_genesis(m->clinic, genesis);
    rac_store_head_of(0, genesis, &head);
    rac_status status = RAC_OK;
    json_t *line = NULL;
    do {
        status = read_line(in, &line);
        if (line) {
            in->arena = rac_arena_new();
            status = take_entry(in, line, to, &head);
            rac_arena_free(in->arena);
            json_decref(line);
        }
    } while (!status && line);
    if (!status && (head.seq != m->entries || memcmp(head.hash, m->head, sizeof head.hash) != 0)) {
        status = rac_fail(in->err, RAC_CORRUPT, "the export is not whole");
        rac_error_detail(in->err, "its manifest promises %" PRId64 " entries, %" PRId64 " are there",
                         m->entries, head.seq);
    }
    return status;
}

static rac_status fill_draft(import *in, const char *draft)
{
    manifest m = {0};
    json_t *line = NULL;
    rac_store_connection *to = NULL;
    rac_status status = read_line(in, &line);
    if (!status && !line)
        status = rac_fail(in->err, RAC_INVALID, "%s is empty", in->name);
    if (!status)
        status = read_manifest(in, line, &m);
    if (!status)
        status = rac_store_connect(draft, RAC_STORE_MAKES, NULL, &to, in->err);
    if (!status)
        status = rac_store_run(to, RAC_STORE_BEGIN_WRITE, in->err);
    if (!status)
        status = rac_store_schema_make(to, m.clinic, in->err);
    if (!status)
        status = take_entries(in, to, &m);
    if (!status)
        status = rac_store_run(to, RAC_STORE_COMMIT, in->err);
    rac_store_disconnect(to);
    json_decref(line);
    return status;
}

rac_status rac_store_import(const char *export_path, const char *path, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    const char *draft = NULL;
import in = {.name = export_path, .err = err };
    in.buffer = rac_arena_alloc(arena, longest_line);
    rac_status status = rac_store_refuse_existing(path, err);
    if (!status)
        status = rac_store_draft_name(arena, path, &draft, err);
    if (!status && !(in.file = fopen(export_path, "re")))
        status = errno == ENOENT ? rac_fail(err, RAC_NOT_FOUND, "there is no file %s", export_path)
                                 : rac_store_file_failed(err, "cannot open", export_path);
    if (!status)
        status = fill_draft(&in, draft);
    if (in.file)
        fclose(in.file);
    if (!status)
        status = rac_store_publish(draft, path, false, err);
    if (status && draft)
        rac_store_discard(draft);
    rac_arena_free(arena);
    return status;
}
