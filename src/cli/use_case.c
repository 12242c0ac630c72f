/* From words to a use case: positional arguments in the order of its row, --name value for the others. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/host.h"

static const size_t most = (size_t)1 << 30;

static rac_status too_large(const char *path, rac_error *err)
{
    return rac_fail(err, RAC_LIMIT, "%s is larger than 1 GiB", path);
}

rac_status rac_cli_read_file(rac_arena *arena, const char *path, rac_text *bytes, rac_error *err)
{
    FILE *file = fopen(path, "rb");
    struct stat about = {0};
    if (!file)
        return rac_fail(err, errno == ENOENT ? RAC_NOT_FOUND : RAC_IO, "%s: %s", path, strerror(errno));
    /* A plain file fits at once; what has no size (a pipe) is read into room that doubles. */
    const bool plain = fstat(fileno(file), &about) == 0 && about.st_size > 0;
    rac_status status = plain && (size_t)about.st_size > most ? too_large(path, err) : RAC_OK;
    size_t size = 0, capacity = plain && !status ? (size_t)about.st_size + 1 : 65536;
    char *data = rac_many(arena, char, capacity);
    for (size_t got = 1; !status && got;) {
        if (!plain && size + 1 == capacity) {
            char *grown = rac_many(arena, char, capacity * 2);
            memcpy(grown, data, size);
            data = grown;
            capacity *= 2;
        }
        got = fread(data + size, 1, capacity - 1 - size, file);
        size += got;
        if (ferror(file))
            status = rac_fail(err, RAC_IO, "%s: %s", path, strerror(errno));
        else if (size > most)
            status = too_large(path, err);
    }
    fclose(file);
    data[size] = 0;
    *bytes = (rac_text){data, size};
    return status;
}

/* The name of a file that comes with the program, where `word` is no file here: "racemic-arterial", or
 * "models/racemic-arterial.yaml" in another folder.  NULL: a path. */
static const char *file_name(const rac_argument *argument, const char *word)
{
    const size_t folder = argument->folder ? strlen(argument->folder) : 0;
    if (!folder || access(word, F_OK) == 0)
        return NULL;
    if (strncmp(word, argument->folder, folder) == 0 && word[folder] == '/')
        word += folder + 1;
    return rac_app_is_file_name(word, strlen(word)) ? word : NULL;
}

static rac_status set_value(rac_cli *cli, rac_call *call, const rac_argument *argument, const char *word,
                            rac_error *err)
{
    const char *name = argument->kind == RAC_ARGUMENT_FILE ? file_name(argument, word) : word;
    if (name)
        return rac_call_set(call, argument->name, name, strlen(name), err);
    rac_text bytes;
    rac_status status = rac_cli_read_file(cli->arena, word, &bytes, err);
    if (status)
        return status;
    status = rac_call_set(call, argument->name, bytes.data, bytes.size, err);
    return status ? status
                  : rac_call_set(call, rac_format(cli->arena, "%s-name", argument->name), word, strlen(word),
                                 err);
}

static const rac_argument *named(const rac_use_case *row, const char *word, size_t size)
{
    for (size_t i = 0; i < RAC_ARGUMENTS_MAX && row->arguments[i].name; i++)
        if (strlen(row->arguments[i].name) == size && strncmp(row->arguments[i].name, word, size) == 0)
            return &row->arguments[i];
    return NULL;
}

static const rac_argument *next_positional(const rac_use_case *row, size_t *at)
{
    for (; *at < RAC_ARGUMENTS_MAX && row->arguments[*at].name; (*at)++)
        if (row->arguments[*at].positional)
            return &row->arguments[(*at)++];
    return NULL;
}

static rac_status take_option(rac_cli *cli, rac_call *call, int argc, char **argv, int *i, rac_error *err)
{
    const char *word = argv[*i] + 2, *equals = strchr(word, '=');
    const size_t size = equals ? (size_t)(equals - word) : strlen(word);
    const rac_argument *argument = named(call->use_case, word, size);
    if (!argument)
        return rac_call_set(call, rac_format(cli->arena, "%.*s", (int)size, word), "", 0,
                            err);             /* says what is near */
    if (rac_call_value(call, argument->name)) /* the first would be forgotten in silence: a dose, say */
        return rac_fail(err, RAC_INVALID, "--%s is given twice", argument->name);
    if (argument->kind == RAC_ARGUMENT_FLAG)
        return rac_call_set(call, argument->name, equals ? equals + 1 : "true",
                            equals ? strlen(equals + 1) : 4, err);
    if (!equals && *i + 1 >= argc)
        return rac_fail(err, RAC_INVALID, "--%s needs a value: %s", argument->name, argument->help);
    return set_value(cli, call, argument, equals ? equals + 1 : argv[++*i], err);
}

/* "--name ..." is an option; "-3m" and "-" are values. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] == '-' && word[2];
}

static rac_status take_words(rac_cli *cli, rac_call *call, int argc, char **argv, rac_error *err)
{
    size_t position = 0;
    const char *rest = NULL;
    const rac_argument *rest_argument = NULL;
    for (int i = 0; i < argc; i++) {
        rac_status status = RAC_OK;
        if (is_option(argv[i])) {
            status = take_option(cli, call, argc, argv, &i, err);
        } else if (rest_argument) {
            rest = rac_format(cli->arena, "%s %s", rest, argv[i]);
        } else {
            const rac_argument *argument = next_positional(call->use_case, &position);
            if (!argument) {
                status = rac_fail(err, RAC_INVALID, "'%s' is one word too many", argv[i]);
                rac_error_hint(err, "racemate %s%s%s --help", call->use_case->noun,
                               call->use_case->verb ? " " : "",
                               call->use_case->verb ? call->use_case->verb : "");
            } else if (argument->kind == RAC_ARGUMENT_REST) {
                rest_argument = argument;
                rest = argv[i];
            } else {
                status = set_value(cli, call, argument, argv[i], err);
            }
        }
        if (status)
            return status;
    }
    return rest_argument ? rac_call_set(call, rest_argument->name, rest, strlen(rest), err) : RAC_OK;
}

static void print_reply(const rac_cli *cli, const rac_reply *reply, FILE *out)
{
    if (cli->json && reply->json)
        fprintf(out, "%s\n", rac_json_print(cli->arena, reply->json));
    else if (!cli->json && reply->text)
        fputs(reply->text, out);
}

static bool has_verbs(const char *noun)
{
    size_t count;
    const rac_use_case *rows = rac_use_cases(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].noun, noun) == 0 && rows[i].verb)
            return true;
    return false;
}

static rac_instant given_now(void *context)
{
    return *(const rac_instant *)context;
}

/* RACEMATE_CLOCK sets the time in a clinic of demonstration data, so that a day can be told in a minute;
 * anywhere else it is refused, because a record must not be dated by hand. */
rac_status rac_cli_open(rac_cli *cli, rac_app **app, rac_error *err)
{
    const char *clock = getenv("RACEMATE_CLOCK");
    rac_app_options options = {0};
    rac_instant *now = rac_new(cli->arena, rac_instant);
    rac_status status;
    if (clock) {
        if ((status = rac_instant_parse(rac_text_of(clock), now, err)))
            return status;
        options = (rac_app_options){given_now, now};
    }
    if ((status = rac_app_open(cli->clinic, &options, app, err)))
        return status;
    if (clock && !rac_app_demo(*app)) {
        rac_app_close(*app);
        *app = NULL;
        return rac_fail(err, RAC_REFUSED, "RACEMATE_CLOCK is set, and this is no demonstration clinic");
    }
    return RAC_OK;
}

int rac_cli_use_case(rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    rac_call call = {.arena = cli->arena, .actor = cli->actor, .pin = cli->pin, .source = "command"};
    rac_cli_host host;
    rac_cli_host_begin(&host, cli->arena);
    call.host = &host.host;
    const bool verbs = has_verbs(argv[0]);
    const int words = verbs && argc > 1 ? 2 : 1;
    if (rac_use_case_find(argv[0], words == 2 ? argv[1] : NULL, &call.use_case, &err) ||
        take_words(cli, &call, argc - words, argv + words, &err) || rac_call_check(&call, &err))
        return rac_cli_report(cli, &err);
    rac_status status = rac_cli_open(cli, &call.app, &err);
    if (status && call.use_case->anywhere) {
        status = RAC_OK;
    } else if (status == RAC_NOT_FOUND) {
        rac_error_hint(&err, "make one: racemate init --name 'North Street' --clinic %s", cli->clinic);
    }
    rac_reply reply = {0};
    if (!status)
        status = rac_use_case_run(&call, &reply, &err);
    status = rac_cli_host_finish(&host, status, &err);
    print_reply(cli, &reply, status ? stderr : stdout);
    json_decref(reply.json);
    rac_app_close(call.app);
    return status ? rac_cli_report(cli, &err) : 0;
}
