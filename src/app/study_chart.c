/* A chart from the arguments of a study command. */
#include <sodium.h>
#include <string.h>

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

static void note_input(rac_call *call, input_list *list, const char *role, const rac_chart_file *file)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof digest + 1];
    if (!file->name)
        return;
    crypto_hash_sha256(digest, (const unsigned char *)file->bytes.data, file->bytes.size);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    rac_push(call->arena, list->item, list->count, list->capacity,
             ((rac_study_input){role, file->name, file->bytes.size, rac_string_copy(call->arena, hex)}));
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
    int64_t seed = 1;
    if (rac_call_value(call, "seed") &&
        rac_integer_parse(rac_text_of(rac_call_value(call, "seed")), &seed, err))
        return RAC_INVALID;
    study->seed = (uint64_t)seed;
    if (rac_call_value(call, "subsamples")) {
        int64_t subsamples;
        if (rac_integer_parse(rac_text_of(rac_call_value(call, "subsamples")), &subsamples, err))
            return RAC_INVALID;
        if (subsamples < 0 || subsamples > 100000)
            return rac_fail(err, RAC_INVALID, "--subsamples is %lld, allowed 0 to 100000",
                            (long long)subsamples);
        study->subsamples = subsamples ? (size_t)subsamples : SIZE_MAX;
    }
    const rac_chart_file file = file_of(call, "file"), adsl = file_of(call, "adsl"),
                         adqs = file_of(call, "adqs");
    const rac_chart_file adtte = file_of(call, "adtte"), adae = file_of(call, "adae");
    rac_problems problems = rac_problems_init(call->arena);
    rac_status status;
    input_list read = {0};
    note_input(call, &read, "chart", &file);
    note_input(call, &read, "mapping", &options.map);
    note_input(call, &read, "ADSL", &adsl);
    note_input(call, &read, "ADQS", &adqs);
    note_input(call, &read, "ADTTE", &adtte);
    note_input(call, &read, "adverse events", &adae);
    options.events = adae;
    if (inputs)
        *inputs = (rac_study_inputs){read.count, read.item};
    if (file.name)
        status = rac_chart_read(call->arena, &file, &options, chart, &problems);
    else if (adsl.name && adqs.name)
        status = rac_chart_read_adam(call->arena, &adsl, &adqs, &adtte, &adae, &options, chart, &problems);
    else {
        rac_fail(err, RAC_INVALID, "no chart was given");
        rac_error_hint(err, "a CSV file, or --adsl FILE --adqs FILE");
        return RAC_INVALID;
    }
    return status ? tell(call, &problems, status, reply, err) : RAC_OK;
}
