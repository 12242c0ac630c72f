/* The `sources:` section: where values come from.
 *
 *     andrade-dose: {kind: review, title: "Andrade, Ketamine for depression", url: "https://..."}
 *
 * An address is an http(s) address with a host, a doi:10.registrant/suffix, or a pmid: of digits. */
#include "protocol/reader.h"

#include <string.h>

static const char *const kinds[] = {"label",  "regulator",  "guideline", "trial", "cohort", "survey",
                                    "review", "instrument", "manual",    "study", "clinic", "secondary"};

static bool all_visible(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7F || strchr("<>\"{}|\\^`", *text))
            return false;
    return true;
}

static const char *after(const char *text, const char *prefix)
{
    const size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static bool is_host(const char *text)
{
    const size_t size = strcspn(text, "/?#");
    const char *dot = memchr(text, '.', size);
    return size && dot && dot != text && dot != text + size - 1;
}

static bool is_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static bool is_doi(const char *text) /* 10.1007/s00228-021-03104-1 */
{
    const char *registrant = after(text, "10.");
    const size_t digits = registrant ? strspn(registrant, "0123456789.") : 0;
    return digits >= 4 && registrant[digits] == '/' && registrant[digits + 1];
}

static bool is_address(const char *url)
{
    const char *rest;
    if (!all_visible(url))
        return false;
    if ((rest = after(url, "https://")) || (rest = after(url, "http://")))
        return is_host(rest);
    if ((rest = after(url, "doi:")))
        return is_doi(rest);
    return (rest = after(url, "pmid:")) && is_digits(rest);
}

static rac_source read_source(rac_reader *reader, const rac_yaml *key, const rac_yaml *map)
{
    rac_source source = {.id = rac_text_copy(reader->arena, key->text), .line = key->line};
    if (!rac_is_id(key->text, '-'))
        rac_yaml_problem(reader->problems, key, "'%s' is not an id of a source", source.id);
    rac_take_keys(reader, map, "kind", "title", "url");
    source.kind = kinds[rac_take_word(reader, map, "kind", kinds, RAC_COUNT(kinds))];
    source.title = rac_take_text(reader, map, "title");
    source.url = rac_take_text(reader, map, "url");
    if (source.url[0] && !is_address(source.url)) {
        rac_yaml_problem(reader->problems, rac_yaml_find(map, "url"), "'%s' is no address of a source",
                         source.url);
        rac_hint_unless(reader, false, "write an http(s) address, doi:10.1000/xyz or pmid:12345678");
    }
    return source;
}

void rac_read_sources(rac_reader *reader)
{
    const rac_yaml *map = rac_yaml_need(reader->root, "sources", reader->problems);
    if (!rac_yaml_want_map(map, reader->problems))
        return;
    rac_source *sources = rac_many(reader->arena, rac_source, map->count);
    reader->source_used = rac_many(reader->arena, bool, map->count);
    for (size_t i = 0; i < map->count; i++)
        sources[i] = read_source(reader, &map->keys[i], &map->items[i]);
    reader->protocol->sources = sources;
    reader->protocol->source_count = map->count;
}

void rac_check_sources_used(rac_reader *reader)
{
    const rac_yaml *map = rac_yaml_find(reader->root, "sources");
    for (size_t i = 0; i < reader->protocol->source_count; i++)
        if (!reader->source_used[i]) {
            rac_yaml_problem(reader->problems, &map->keys[i], "source '%s' is never used",
                             reader->protocol->sources[i].id);
            rac_hint_unless(reader, false, "name it beside the value that leans on it, or take it out");
        }
}
