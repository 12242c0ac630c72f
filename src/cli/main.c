/* racemate: the command line.  Commands come from two tables: the use cases of app/app.h, which need a
 * clinic, and the few of command.h that make, restore, serve or demonstrate one. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const rac_cli_command *find_command(const char *name)
{
    size_t count;
    const rac_cli_command *commands = rac_cli_commands(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int rac_cli_report(const rac_cli *cli, const rac_error *err)
{
    if (cli->json) {
        json_t *problem =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "status", rac_status_name(err->status),
                      "message", err->message, "detail", err->detail, "hint", err->hint, "field", err->field,
                      "line", err->line, "column", err->column);
        char *text = json_dumps(problem, JSON_COMPACT | JSON_SORT_KEYS);
        fprintf(stderr, "%s\n", text ? text : "{}");
        free(text);
        json_decref(problem);
        return rac_status_exit_code(err->status);
    }
    if (err->file[0] && err->line)
        fprintf(stderr, "racemate: %s:%d:%d: %s\n", err->file, err->line, err->column, err->message);
    else
        fprintf(stderr, "racemate: %s\n", err->message[0] ? err->message : rac_status_sentence(err->status));
    if (err->detail[0])
        fprintf(stderr, "  %s\n", err->detail);
    if (err->hint[0])
        fprintf(stderr, "  hint: %s\n", err->hint);
    return rac_status_exit_code(err->status);
}

/* Global options may stand anywhere; they are taken out of argv. */
static rac_status take_globals(rac_cli *cli, int *argc, char **argv, rac_error *err)
{
    static const char *const with_value[] = {"--clinic", "--as", "--pin"};
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        const char **targets[] = {&cli->clinic, &cli->actor, &cli->pin};
        bool taken = false;
        if (strcmp(argv[i], "--") == 0) {
            while (i < *argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (strcmp(argv[i], "--json") == 0) {
            cli->json = taken = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            cli->help = taken = true;
        }
        for (size_t o = 0; !taken && o < 3; o++) {
            const size_t length = strlen(with_value[o]);
            if (strncmp(argv[i], with_value[o], length) != 0 || (argv[i][length] && argv[i][length] != '='))
                continue;
            taken = true;
            if (argv[i][length] == '=')
                *targets[o] = argv[i] + length + 1;
            else if (i + 1 < *argc)
                *targets[o] = argv[++i];
            else
                return rac_fail(err, RAC_INVALID, "%s needs a value", with_value[o]);
        }
        if (!taken)
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return RAC_OK;
}

static void take_environment(rac_cli *cli)
{
    cli->clinic = getenv("RACEMATE_CLINIC");
    cli->actor = getenv("RACEMATE_STAFF");
    cli->pin = getenv("RACEMATE_PIN");
    if (!cli->clinic)
        cli->clinic = "clinic.racemate";
}

static int run(rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    take_environment(cli);
    if (take_globals(cli, &argc, argv, &err))
        return rac_cli_report(cli, &err);
    if (argc < 2) {
        rac_cli_help(stdout, NULL);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("racemate " RAC_VERSION);
        return 0;
    }
    if (cli->help || strcmp(argv[1], "help") == 0) {
        char **topic = cli->help ? argv + 1 : argv + 2;
        return rac_cli_help_on(cli, topic);
    }
    const rac_cli_command *command = find_command(argv[1]);
    return command ? command->run(cli, argc - 2, argv + 2) : rac_cli_use_case(cli, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, ""); /* never LC_NUMERIC: numbers read and print the same everywhere */
    rac_cli cli = {.arena = rac_arena_new()};
    const int code = run(&cli, argc, argv);
    rac_arena_free(cli.arena);
    if (fflush(stdout) != 0) {
        perror("racemate: stdout");
        return rac_status_exit_code(RAC_IO);
    }
    return code;
}
