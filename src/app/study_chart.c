/* A chart from the arguments of a study command. */
#include <sodium.h>
#include <string.h>

#include "app/chart_store.h"
#include "app/internal.h"
#include "app/study.h"

static rac_chart_file file_of(const rac_call *call, const char *argument)
{
    const char *name;
    const rac_text bytes = rac_call_file(call, argument, &name);
    return (rac_chart_file){bytes.data ? name : NULL, bytes};
}

static rac_status tell(rac_call *call, const rac_problems *problems, rac_status status, rac_reply *reply,
                       rac_error *err)
{
    const char *text = "";
    json_t *list = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const rac_error *p = &problems->items[i];
        const char *place = p->line ? rac_format(call->arena, ":%d:%d", p->line, p->column) : "";
        text = rac_format(call->arena, "%s%s%s: %s\n", text, p->file, place, p->message);
        if (p->hint[0])
            text = rac_format(call->arena, "%s  hint: %s\n", text, p->hint);
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s, s:s, s:s}", "file", p->file, "line",
                                              p->line, "column", p->column, "field", p->field, "message",
                                              p->message, "hint", p->hint));
    }
    reply->text = text;
    reply->json = json_pack("{s:o}", "problems", list);
    return rac_fail(err, status, "the chart has %zu problem%s", problems->count,
                    problems->count == 1 ? "" : "s");
}

/* A list "a,b" as separate names. */
size_t rac_study_names(rac_call *call, const char *argument, const char ***names)
{
    const char *value = rac_call_value(call, argument);
    size_t count = 0, capacity = 0;
    *names = NULL;
    if (!value)
        return 0;
    for (rac_text rest = rac_text_of(value), part; rest.data;) {
        part = rac_text_trim(rac_text_split(rest, ',', &rest));
        if (part.size)
            rac_push(call->arena, *names, count, capacity, rac_text_copy(call->arena, part));
    }
    return count;
}

/* ---- what was read ---- */

typedef struct input_list {
    rac_study_input *item;
    size_t count, capacity;
} input_list;

/* `list` NULL: nobody asks, and hashing a large chart takes as long as half of reading it. */
static void note_input(rac_call *call, input_list *list, const char *role, const rac_chart_file *file)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof digest + 1];
    if (!list || !file->name)
        return;
    crypto_hash_sha256(digest, (const unsigned char *)file->bytes.data, file->bytes.size);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    rac_push(call->arena, list->item, list->count, list->capacity,
             ((rac_study_input){role, file->name, file->bytes.size, rac_string_copy(call->arena, hex)}));
}

static rac_status open_files(rac_call *call, rac_chart_options *options, rac_chart *chart,
                             rac_study_inputs *inputs, rac_reply *reply, rac_error *err)
{
    const rac_chart_file file = file_of(call, "file"), adsl = file_of(call, "adsl"),
                         adqs = file_of(call, "adqs"), adtte = file_of(call, "adtte"),
                         adae = file_of(call, "adae");
    rac_problems problems = rac_problems_init(call->arena);
    rac_status status;
    input_list read = {0};
    note_input(call, inputs ? &read : NULL, "chart", &file);
    note_input(call, inputs ? &read : NULL, "mapping", &options->map);
    note_input(call, inputs ? &read : NULL, "ADSL", &adsl);
    note_input(call, inputs ? &read : NULL, "ADQS", &adqs);
    note_input(call, inputs ? &read : NULL, "ADTTE", &adtte);
    note_input(call, inputs ? &read : NULL, "adverse events", &adae);
    options->events = adae;
    if (inputs)
        *inputs = (rac_study_inputs){read.count, read.item};
    if (file.name)
        status = rac_chart_read(call->arena, &file, options, chart, &problems);
    else if (adsl.name && adqs.name)
        status = rac_chart_read_adam(call->arena, &adsl, &adqs, &adtte, &adae, options, chart, &problems);
    else {
        rac_fail(err, RAC_INVALID, "no chart was given");
        rac_error_hint(err, "a CSV file, --adsl FILE --adqs FILE, or --store for this clinic's own record");
        return RAC_INVALID;
    }
    return status ? tell(call, &problems, status, reply, err) : RAC_OK;
}

static void add_notes(rac_arena *arena, rac_chart *chart, const char *const *note, size_t count)
{
    const char **all = rac_many(arena, const char *, chart->notes + count);
    for (size_t i = 0; i < count; i++)
        all[i] = note[i];
    for (size_t i = 0; i < chart->notes; i++)
        all[count + i] = chart->note[i];
    chart->note = all;
    chart->notes += count;
}

/* The record, written as a chart and read like any other, so that every check runs. */
static rac_status open_store(rac_call *call, rac_chart_options *options, rac_chart *chart,
                             rac_study_inputs *inputs, rac_reply *reply, rac_error *err)
{
    rac_store_chart own;
    rac_text csv, events;
    size_t notes;
    rac_status status = rac_store_chart_gather(call, &own, err);
    if (status || (status = rac_store_chart_csv(call->arena, &own, &csv, err)) ||
        (status = rac_store_chart_events_csv(call->arena, &own, &events, err)))
        return status;
    const rac_chart_file file = {"this clinic's record", csv}, seen = {"its symptoms", events};
    input_list read = {0};
    note_input(call, inputs ? &read : NULL, "chart (study chart --out)", &file);
    note_input(call, inputs ? &read : NULL, "side effects (study chart --events --out)", &seen);
    if (inputs)
        *inputs = (rac_study_inputs){read.count, read.item};
    options->scale = own.scale->id;
    if (own.harms)
        options->events = seen;
    rac_problems problems = rac_problems_init(call->arena);
    if ((status = rac_chart_read(call->arena, &file, options, chart, &problems))) {
        status = tell(call, &problems, status, reply, err);
        if (own.protocols > 1 && !rac_call_value(call, "by"))
            rac_error_hint(err,
                           "--by protocol compares the protocols of this clinic instead of drugs and routes");
        return status;
    }
    chart->has_events = true; /* none seen is not the same as none asked for */
    const char **note = rac_store_chart_notes(call->arena, &own, &notes);
    add_notes(call->arena, chart, note, notes);
    return RAC_OK;
}

rac_status rac_study_open(rac_call *call, rac_chart *chart, rac_study_options *study,
                          rac_study_inputs *inputs, rac_reply *reply, rac_error *err)
{
    rac_chart_options options = {.scale = rac_call_value(call, "scale"), .map = file_of(call, "map")};
    const char **arms;
    const size_t count = rac_study_names(call, "arms", &arms);
    if (count && count != 2)
        return rac_fail(err, RAC_INVALID, "--arms needs two names: treated,reference");
    options.treated = count ? arms[0] : NULL;
    options.reference = count ? arms[1] : NULL;
    *study = (rac_study_options){.event = rac_call_value(call, "event")};
    study->covariates = rac_study_names(call, "covariates", (const char ***)&study->covariate);
    int64_t seed, subsamples;
    rac_status status;
    if ((status = rac_call_whole(call, "seed", 1, 0, INT64_MAX, &seed, err)) ||
        (status = rac_call_whole(call, "subsamples", -1, 0, 100000, &subsamples, err)))
        return status;
    study->seed = (uint64_t)seed;
    if (rac_call_value(call, "subsamples")) /* 0 asks for none; not asked leaves the usual number */
        study->subsamples = subsamples ? (size_t)subsamples : SIZE_MAX;
    if (rac_call_flag(call, "store"))
        return open_store(call, &options, chart, inputs, reply, err);
    return open_files(call, &options, chart, inputs, reply, err);
}

/* ---- the clinic's record as a chart for others ---- */

RAC_DO(rac_do_study_chart)
{
    rac_store_chart own;
    rac_text csv;
    size_t notes;
    rac_status status = rac_store_chart_gather(call, &own, err);
    if (!status)
        status = rac_call_flag(call, "events") ? rac_store_chart_events_csv(call->arena, &own, &csv, err)
                                               : rac_store_chart_csv(call->arena, &own, &csv, err);
    if (status)
        return status;
    if (rac_call_value(call, "out"))
        return rac_call_write(call, "out", csv.data, csv.size, err);
    reply->text = rac_text_copy(call->arena, csv);
    json_t *said = json_array();
    const char **note = rac_store_chart_notes(call->arena, &own, &notes);
    for (size_t i = 0; i < notes; i++)
        json_array_append_new(said, json_string(note[i]));
    reply->json = json_pack("{s:s, s:I, s:s, s:o}", "scale", own.scale->id, "patients",
                            (json_int_t)own.patients, "csv", reply->text, "notes", said);
    return RAC_OK;
}
