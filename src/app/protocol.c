/* Protocol files: look at them, compare them, and adopt one for use on patients. */
#include <string.h>

#include "app/internal.h"

static const char *file_name(const rac_call *call, const char *argument)
{
    const char *name = rac_call_value(call, rac_format(call->arena, "%s-name", argument));
    return name ? name : argument;
}

/* Reads the file given as `argument`; problems become the error, and all of them the reply. */
static rac_status read_argument(rac_call *call, const char *argument, const rac_protocol **protocol,
                                rac_reply *reply, rac_error *err)
{
    rac_problems problems = rac_problems_init(call->arena);
    const rac_status status = rac_protocol_read(call->arena, rac_call_file(call, argument, NULL),
                                                file_name(call, argument), protocol, &problems);
    if (!status)
        return RAC_OK;
    reply->text = rac_app_problems_text(call, &problems);
    json_decref(reply->json);
    reply->json = json_pack("{s:o}", "problems", rac_app_problems_json(&problems));
    rac_fail(err, status, "%s has %zu problem%s", file_name(call, argument), problems.count,
             problems.count == 1 ? "" : "s");
    return status;
}

RAC_DO(rac_do_protocol_list)
{
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.kind = "protocol.adopted"};
    rac_status status = rac_store_load(call->arena, rac_app_store(call->app), &query, &entries, &count, err);
    char *text = rac_string_copy(call->arena, "");
    reply->json = json_array();
    for (size_t i = 0; !status && i < count; i++) {
        json_t *body = NULL;
        if ((status = rac_json_parse(rac_text_of(entries[i].body), NULL, &body, err)))
            break;
        const char *id = json_string_value(json_object_get(body, "id"));
        const char *hash = entries[i].subject + strlen("protocol/");
        const int version = (int)json_integer_value(json_object_get(body, "version"));
        text = rac_format(call->arena, "%s%s  version %d  %.12s  adopted %s by %s\n", text, id, version, hash,
                          rac_instant_format_date(call->arena, entries[i].at, rac_app_zone_min(call->app)),
                          entries[i].actor);
        json_array_append_new(reply->json, json_pack("{s:s, s:i, s:s, s:s}", "id", id, "version", version,
                                                     "hash", hash, "adopted_by", entries[i].actor));
        json_decref(body);
    }
    reply->text = count ? text : "No protocol is adopted yet: racemate protocol adopt FILE --values FILE\n";
    return status;
}

RAC_DO(rac_do_protocol_check)
{
    const rac_protocol *protocol = NULL;
    const rac_status status = read_argument(call, "file", &protocol, reply, err);
    if (status)
        return status;
    json_t *open = json_array();
    char *text = rac_format(call->arena, "%s: no problems.\n", protocol->file);
    const size_t places = rac_protocol_open_places(protocol);
    if (places)
        text = rac_format(call->arena, "%s\n%zu places are open; `racemate protocol adopt` asks for each:\n",
                          text, places);
    for (size_t i = 0; i < protocol->place_count; i++) {
        const rac_site_place *p = &protocol->places[i];
        if (p->filled)
            continue;
        text = rac_format(call->arena, "%s  %-22s %g to %g %s  %s\n%24s published: %s\n", text, p->name,
                          p->low, p->high, p->unit, p->about, "", p->published);
        json_array_append_new(open, json_string(p->name));
    }
    reply->text = text;
    reply->json = json_pack("{s:s, s:b, s:o}", "protocol", protocol->id, "draft", places > 0, "open", open);
    return RAC_OK;
}

/* Shows a file when one is given, otherwise the adopted protocol of that name, or the newest. */
static rac_status protocol_asked(rac_call *call, const rac_protocol **protocol, rac_reply *reply,
                                 rac_error *err)
{
    if (rac_call_value(call, "file"))
        return read_argument(call, "file", protocol, reply, err);
    if (!call->app)
        return rac_fail(err, RAC_INVALID, "name a protocol file");
    return rac_app_protocol(call->app, NULL, rac_call_value(call, "protocol"), protocol, NULL, err);
}

RAC_DO(rac_do_protocol_show)
{
    const rac_protocol *protocol = NULL;
    const rac_status status = protocol_asked(call, &protocol, reply, err);
    if (status)
        return status;
    reply->text = rac_protocol_show(call->arena, protocol);
    reply->json = json_pack("{s:s, s:s, s:s}", "protocol", protocol->id, "hash",
                            rac_protocol_hash(call->arena, protocol), "text", reply->text);
    return RAC_OK;
}

RAC_DO(rac_do_protocol_explain)
{
    const rac_protocol *protocol = NULL;
    char *text = NULL;
    rac_status status = protocol_asked(call, &protocol, reply, err);
    if (status ||
        (status = rac_protocol_explain(call->arena, protocol, rac_call_value(call, "rule"), &text, err)))
        return status;
    reply->text = text;
    reply->json = json_pack("{s:s, s:s}", "rule", rac_call_value(call, "rule"), "text", text);
    return RAC_OK;
}

RAC_DO(rac_do_protocol_diff)
{
    const rac_protocol *a = NULL, *b = NULL;
    rac_status status;
    if ((status = read_argument(call, "a", &a, reply, err)) ||
        (status = read_argument(call, "b", &b, reply, err)))
        return status;
    reply->text = rac_protocol_diff(call->arena, a, b);
    reply->json = json_pack("{s:s, s:s, s:s}", "a", a->id, "b", b->id, "text", reply->text);
    return RAC_OK;
}

/* ---- adopting
 * ---------------------------------------------------------------------------------------------------- */

static rac_status next_version(rac_call *call, const char *id, int *version, rac_error *err)
{
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.kind = "protocol.adopted"};
    const rac_status status =
        rac_store_load(call->arena, rac_app_store(call->app), &query, &entries, &count, err);
    *version = 1;
    for (size_t i = 0; !status && i < count; i++) {
        json_t *body = NULL;
        if (rac_json_parse(rac_text_of(entries[i].body), NULL, &body, NULL))
            continue;
        const char *name = json_string_value(json_object_get(body, "id"));
        *version += name && strcmp(name, id) == 0;
        json_decref(body);
    }
    return status;
}

RAC_DO(rac_do_protocol_adopt)
{
    const rac_protocol *draft = NULL, *filled = NULL;
    rac_problems problems = rac_problems_init(call->arena);
    const char *values = rac_call_value(call, "values");
    rac_status status;
    int version;
    if ((status = rac_call_sign(call, err)) || (status = read_argument(call, "file", &draft, reply, err)))
        return status;
    status = rac_protocol_fill(call->arena, draft, rac_call_file(call, "values", NULL),
                               file_name(call, "values"), rac_app_demo(call->app), &filled, &problems);
    if (status) {
        reply->text = rac_app_problems_text(call, &problems);
        reply->json = json_pack("{s:o}", "problems", rac_app_problems_json(&problems));
        return rac_fail(err, status, "%s cannot be adopted: %s", file_name(call, "file"),
                        problems.count ? problems.items[0].message : rac_status_sentence(status));
    }
    const char *hash = rac_protocol_hash(call->arena, filled);
    const char *subject = rac_format(call->arena, "protocol/%s", hash);
    int64_t seq = 0;
    if ((status = rac_store_last(rac_app_store(call->app), subject, &seq, err)))
        return status;
    if (seq)
        return rac_fail(err, RAC_CONFLICT, "exactly this protocol is adopted already (%.12s)", hash);
    if ((status = next_version(call, filled->id, &version, err)))
        return status;
    status = rac_app_record(call, subject, "protocol.adopted", rac_app_now(call->app),
                            json_pack("{s:s, s:i, s:s, s:s%, s:s%, s:b, s:s}", "id", filled->id, "version",
                                      version, "file", file_name(call, "file"), "bytes", filled->bytes.data,
                                      filled->bytes.size, "values", values,
                                      rac_call_file(call, "values", NULL).size, "demo", filled->demo, "site",
                                      rac_protocol_site_text(call->arena, filled)),
                            NULL, err);
    reply->text =
        rac_format(call->arena, "%s version %d adopted by %s\nhash %s%s\n", filled->id, version, call->actor,
                   hash, filled->demo ? "\nDEMO values: this clinic is a demonstration" : "");
    reply->json = json_pack("{s:s, s:i, s:s}", "protocol", filled->id, "version", version, "hash", hash);
    return status;
}
