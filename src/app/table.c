/* The table of use cases: everything a person can do in a clinic, in the order a course uses it.  Help, the
 * manual page, completion and the HTTP interface read these rows; a test walks them. */
#include <math.h>
#include <string.h>

#include "app/internal.h"

/* Arguments that recur. */
#define PATIENT                                                            \
    {                                                                      \
        "patient", RAC_ARGUMENT_TEXT, true, true, "patient id, e.g. P0001" \
    }
#define SESSION                                                \
    {                                                          \
        "session", RAC_ARGUMENT_TEXT, true, true, "session id" \
    }
#define CHECK_PATIENT                                                                             \
    {                                                                                             \
        "patient", RAC_ARGUMENT_TEXT, false, false, "refuse unless the session is this patient's" \
    }
#define PROTOCOL                                                                                         \
    {                                                                                                    \
        "protocol", RAC_ARGUMENT_TEXT, false, false, "name of an adopted protocol (default: the newest)" \
    }
#define AT                                                                      \
    {                                                                           \
        "at", RAC_ARGUMENT_TIME, false, false,                                  \
            "when it happened: -3m, 10:25, 2026-03-02T10:25:00Z (default: now)" \
    }
#define NOTE                                                \
    {                                                       \
        "note", RAC_ARGUMENT_TEXT, false, false, "a remark" \
    }
#define REASON(required)                                    \
    {                                                       \
        "reason", RAC_ARGUMENT_TEXT, false, required, "why" \
    }
#define SECOND                                                                    \
    {"second", RAC_ARGUMENT_TEXT, false, false, "staff id of the second person"}, \
    {                                                                             \
        "second-pin", RAC_ARGUMENT_TEXT, false, false, "the second person's PIN"  \
    }
#define RATE(required)                                                                   \
    {                                                                                    \
        "rate", RAC_ARGUMENT_TEXT, true, required, "what the pump shows, e.g. '60 mL/h'" \
    }
#define FILE_ARGUMENT(name, required, help)                                                \
    {name, RAC_ARGUMENT_FILE, true, required, help},                                       \
    {                                                                                      \
        name "-name", RAC_ARGUMENT_TEXT, false, false, "what to call the file in messages" \
    }

/* The same for files some of which come with the program: a name is enough (rac_app_read_named). */
#define NAMED_FILE(name, required, folder, help)                                           \
    {name, RAC_ARGUMENT_FILE, true, required, help, folder},                               \
    {                                                                                      \
        name "-name", RAC_ARGUMENT_TEXT, false, false, "what to call the file in messages" \
    }
#define NAMED_OPTION(name, folder, help)                                                   \
    {name, RAC_ARGUMENT_FILE, false, false, help, folder},                                 \
    {                                                                                      \
        name "-name", RAC_ARGUMENT_TEXT, false, false, "what to call the file in messages" \
    }
#define OPTION_FILE(name, help)                                                            \
    {name, RAC_ARGUMENT_FILE, false, false, help},                                         \
    {                                                                                      \
        name "-name", RAC_ARGUMENT_TEXT, false, false, "what to call the file in messages" \
    }
#define STUDY_DETAIL                                                                                    \
    "Reads a chart and writes nothing. Every problem of the files is told at once, by row and column. " \
    "Nobody was randomised; the limits are printed below each answer."
#define STUDY(verb, summary, example, ...)                                                        \
    {                                                                                             \
        "study", #verb, summary, STUDY_DETAIL, example, RAC_ROLE_ANY, false, true, {__VA_ARGS__}, \
            rac_do_study_##verb                                                                   \
    }
/* The clinic's own record as a chart. */
#define STORE                                                                                    \
    {"store", RAC_ARGUMENT_FLAG, false, false, "the chart is this clinic's own record"},         \
        {"by", RAC_ARGUMENT_TEXT, false, false, "arms of --store: route (default) or protocol"}, \
    {                                                                                            \
        "everyone", RAC_ARGUMENT_FLAG, false, false,                                             \
            "with --store: also those whose course may still be running"                         \
    }
/* A chart: tidy, in ADaM files, or the clinic's own record. */
#define CHART                                                                                               \
    FILE_ARGUMENT("file", false, "a tidy chart, one row a patient and visit (CSV)"),                        \
        OPTION_FILE("map", "which column and label is what (YAML)"), OPTION_FILE("adsl", "ADSL: patients"), \
        OPTION_FILE("adqs", "ADQS: scores"), STORE,                                                         \
        {"arms", RAC_ARGUMENT_TEXT, false, false, "treated,reference, e.g. iv,in"},                         \
        {"scale", RAC_ARGUMENT_TEXT, false, false, "PHQ-9, QIDS-SR16, MADRS; or the PARAMCD"},              \
    {                                                                                                       \
        "csv", RAC_ARGUMENT_FLAG, false, false, "the table as CSV"                                          \
    }
#define SUBSAMPLES                                                  \
    {                                                               \
        "subsamples", RAC_ARGUMENT_TEXT, false, false,              \
            "with equal arms, of the onset question (default 1000)" \
    }
#define COVARIATES                                                                                         \
    {                                                                                                      \
        "covariates", RAC_ARGUMENT_TEXT, false, false, "names with commas (default: all and the baseline)" \
    }

/* Most arguments end with their help; only files have a folder. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const rac_use_case rows[] = {
#include "app/rows/patient.inc"
#include "app/rows/session.inc"
#include "app/rows/course.inc"
#include "app/rows/protocol.inc"
#include "app/rows/model.inc"
#include "app/rows/study.inc"
#include "app/rows/record.inc"
};

const rac_use_case *rac_use_cases(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

rac_status rac_use_case_find(const char *noun, const char *verb, const rac_use_case **use_case,
                             rac_error *err)
{
    enum { count = sizeof rows / sizeof *rows };
    const char *nouns[count], *verbs[count];
    size_t verb_count = 0;
    for (size_t i = 0; i < count; i++) {
        nouns[i] = rows[i].noun;
        if (same(rows[i].noun, noun) && rows[i].verb)
            verbs[verb_count++] = rows[i].verb;
        if (same(rows[i].noun, noun) && same(rows[i].verb, verb)) {
            *use_case = &rows[i];
            return RAC_OK;
        }
    }
    if (verb_count) {
        const char *nearest = verb ? rac_text_nearest(rac_text_of(verb), verbs, verb_count) : NULL;
        if (verb)
            rac_fail(err, RAC_NOT_FOUND, "%s cannot '%.40s'", noun, verb);
        else
            rac_fail(err, RAC_NOT_FOUND, "%s needs a verb", noun);
        if (nearest)
            rac_error_hint(err, "did you mean %s %s?", noun, nearest);
        else
            rac_error_hint(err, "racemate help %s lists them", noun);
        return RAC_NOT_FOUND;
    }
    const char *nearest = rac_text_nearest(rac_text_of(noun), nouns, count);
    rac_fail(err, RAC_NOT_FOUND, "there is no command '%.40s'", noun);
    if (nearest)
        rac_error_hint(err, "did you mean %s?", nearest);
    else
        rac_error_hint(err, "racemate help lists the commands");
    return RAC_NOT_FOUND;
}

static int index_of(const rac_use_case *use_case, const char *name)
{
    for (int i = 0; i < RAC_ARGUMENTS_MAX && use_case->arguments[i].name; i++)
        if (strcmp(use_case->arguments[i].name, name) == 0)
            return i;
    return -1;
}

rac_status rac_call_set(rac_call *call, const char *name, const char *value, size_t size, rac_error *err)
{
    const int index = index_of(call->use_case, name);
    if (index >= 0) {
        call->values[index] = value;
        call->sizes[index] = size;
        return RAC_OK;
    }
    const char *known[RAC_ARGUMENTS_MAX];
    size_t count = 0;
    for (; count < RAC_ARGUMENTS_MAX && call->use_case->arguments[count].name; count++)
        known[count] = call->use_case->arguments[count].name;
    const char *nearest = rac_text_nearest(rac_text_of(name), known, count);
    rac_fail(err, RAC_INVALID, "'%s%s%s' takes no '%.40s'", call->use_case->noun,
             call->use_case->verb ? " " : "", call->use_case->verb ? call->use_case->verb : "", name);
    rac_error_field(err, name);
    if (nearest)
        rac_error_hint(err, "did you mean %s?", nearest);
    return RAC_INVALID;
}

const char *rac_call_value(const rac_call *call, const char *name)
{
    const int index = index_of(call->use_case, name);
    return index < 0 ? NULL : call->values[index];
}

bool rac_call_flag(const rac_call *call, const char *name)
{
    const char *value = rac_call_value(call, name);
    return value && strcmp(value, "false") != 0;
}

rac_text rac_call_file(const rac_call *call, const char *name, const char **file_name)
{
    const int index = index_of(call->use_case, name);
    const char *given = rac_call_value(call, rac_format(call->arena, "%s-name", name));
    if (file_name)
        *file_name = given ? given : name;
    return index < 0 || !call->values[index] ? (rac_text){0}
                                             : (rac_text){call->values[index], call->sizes[index]};
}

rac_status rac_call_whole(const rac_call *call, const char *name, int64_t usual, int64_t least, int64_t most,
                          int64_t *number, rac_error *err)
{
    const char *typed = rac_call_value(call, name);
    *number = usual;
    if (!typed)
        return RAC_OK;
    rac_status status = rac_integer_parse(rac_text_of(typed), number, NULL);
    if (status) {
        rac_fail(err, status, "--%s is '%.*s', allowed are whole numbers", name,
                 RAC_TEXT(rac_text_shorten(rac_text_of(typed), 40)));
        double number_typed;
        if (!rac_number_parse(rac_text_of(typed), &number_typed, NULL) && fabs(number_typed) < 1e15 &&
            number_typed == floor(number_typed))
            rac_error_hint(err, "write it out: %.0f", number_typed);
    }
    if (!status && (*number < least || *number > most))
        status = rac_fail(err, RAC_INVALID, "--%s is %lld, allowed %lld to %lld", name, (long long)*number,
                          (long long)least, (long long)most);
    if (status)
        rac_error_field(err, name);
    return status;
}

rac_status rac_call_number(const rac_call *call, const char *name, double usual, double least, double most,
                           double *number, rac_error *err)
{
    const char *typed = rac_call_value(call, name);
    *number = usual;
    if (!typed)
        return RAC_OK;
    rac_status status = rac_number_parse(rac_text_of(typed), number, NULL);
    if (status)
        rac_fail(err, status, "--%s is '%.*s', which is no number", name,
                 RAC_TEXT(rac_text_shorten(rac_text_of(typed), 40)));
    if (!status && !(*number >= least && *number <= most))
        status = rac_fail(err, RAC_INVALID, "--%s is %g, allowed %g to %g", name, *number, least, most);
    if (status)
        rac_error_field(err, name);
    return status;
}

rac_status rac_call_write(const rac_call *call, const char *name, const void *bytes, size_t size,
                          rac_error *err)
{
    if (!call->host)
        return rac_fail(err, RAC_UNSUPPORTED, "'%s' is a file: files are written on the command line only",
                        name);
    return call->host->write(call->host->context, rac_call_value(call, name), bytes, size, err);
}

void rac_call_progress(const rac_call *call, double done, double total, const char *what)
{
    if (call->host)
        call->host->progress(call->host->context, done, total, what);
}
