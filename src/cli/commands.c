/* Commands that are no use case: they make a clinic, bring one back, or run one. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

static const rac_cli_command commands[] = {
    {"init", "--name NAME [--id ID] [--zone MINUTES] [--demo]", "make a new clinic in a new file",
     "The file is named by --clinic (default clinic.racemate). --zone is minutes east of UTC. --demo marks a "
     "clinic of\n"
     "demonstration data for good: only there may DEMO values be adopted.",
     rac_cli_init},
    {"restore", "BACKUP [--force]", "put a verified backup in place of the clinic's file",
     "With --force an existing file is kept beside it.", rac_cli_restore},
    {"import", "EXPORT", "make a clinic's file out of an export, with the same hashes",
     "Every hash is recomputed.", rac_cli_import},
    {"serve", "[--http PORT] [--mllp PORT] [--web FOLDER] [--open]",
     "open the clinic on this machine: pages, live readings, alarms",
     "Pages at http://127.0.0.1:8080, monitors over MLLP at 127.0.0.1:2575 (--mllp 0: none). Loopback only. "
     "Ctrl-C or SIGTERM\n"
     "ends it; nothing acknowledged is lost, whatever ends it.",
     rac_cli_serve},
    {"demo", "[--lapse N] [--folder FOLDER] [--http PORT] [--mllp PORT] [--no-serve]",
     "open a demonstration clinic with four chairs",
     "A clinic marked DEMO in a scratch folder: one chair replays a real intensive-care recording (not "
     "ketamine), one a scripted\n"
     "rise in pressure, through the real HL7 port. --lapse runs its clock N times faster; --no-serve only "
     "makes the clinic.",
     rac_cli_demo},
    {"man", "", "print the manual page", "racemate man | man -l -", rac_cli_man},
    {"completion", "", "print bash completion", "source <(racemate completion)", rac_cli_completion},
};

const rac_cli_command *rac_cli_commands(size_t *count)
{
    *count = sizeof commands / sizeof *commands;
    return commands;
}

static void remove_words(int *argc, char **argv, int from, int count)
{
    for (int i = from; i + count <= *argc; i++)
        argv[i] = argv[i + count];
    *argc -= count;
}

const char *rac_cli_option(int *argc, char **argv, const char *name)
{
    const size_t size = strlen(name);
    for (int i = 0; i < *argc; i++) {
        if (strncmp(argv[i], name, size) != 0)
            continue;
        if (argv[i][size] == '=') {
            const char *value = argv[i] + size + 1;
            remove_words(argc, argv, i, 1);
            return value;
        }
        if (argv[i][size] == '\0' && i + 1 < *argc) {
            const char *value = argv[i + 1];
            remove_words(argc, argv, i, 2);
            return value;
        }
    }
    return NULL;
}

bool rac_cli_flag(int *argc, char **argv, const char *name)
{
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            remove_words(argc, argv, i, 1);
            return true;
        }
    }
    return false;
}

static int one_too_many(const rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    rac_fail(&err, RAC_INVALID, "'%s' is not understood", argc ? argv[0] : "");
    return rac_cli_report(cli, &err);
}

/* Minutes east of UTC where this machine stands. */
static int system_zone(void)
{
    const time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    return (int)(local.tm_gmtoff / 60);
}

static rac_instant system_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (rac_instant){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

int rac_cli_init(rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    const char *name = rac_cli_option(&argc, argv, "--name"), *id = rac_cli_option(&argc, argv, "--id");
    const char *zone = rac_cli_option(&argc, argv, "--zone");
    const bool demo = rac_cli_flag(&argc, argv, "--demo");
    int64_t minutes = system_zone();
    if (argc)
        return one_too_many(cli, argc, argv);
    if (!name) {
        rac_fail(&err, RAC_INVALID, "the clinic needs a name");
        rac_error_hint(&err, "racemate init --name 'North Street'");
        return rac_cli_report(cli, &err);
    }
    if (zone && rac_integer_parse(rac_text_of(zone), &minutes, &err))
        return rac_cli_report(cli, &err);
    if (minutes < -14 * 60 || minutes > 14 * 60) {
        rac_fail(&err, RAC_INVALID, "a zone lies within 840 minutes of UTC");
        return rac_cli_report(cli, &err);
    }
    rac_instant now = system_now();
    const char *clock = getenv("RACEMATE_CLOCK");
    if (clock && demo && rac_instant_parse(rac_text_of(clock), &now, &err))
        return rac_cli_report(cli, &err);
    if (rac_app_create(cli->clinic, id ? id : name, name, (int)minutes, demo, now, &err))
        return rac_cli_report(cli, &err);
    printf("%s is in %s.\nNext: racemate staff add ID --name NAME --role director --new-pin PIN\n", name,
           cli->clinic);
    return 0;
}

int rac_cli_restore(rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    rac_store_report report;
    const bool force = rac_cli_flag(&argc, argv, "--force");
    if (argc != 1)
        return one_too_many(cli, argc > 1 ? argc - 1 : 0, argv + (argc > 1));
    if (rac_store_restore(argv[0], cli->clinic, force, &report, &err))
        return rac_cli_report(cli, &err);
    printf("%s is back: %lld entries, head %s.\n", cli->clinic, (long long)report.entries, report.head.print);
    return 0;
}

int rac_cli_import(rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    if (argc != 1)
        return one_too_many(cli, argc > 1 ? argc - 1 : 0, argv + (argc > 1));
    if (rac_store_import(argv[0], cli->clinic, &err))
        return rac_cli_report(cli, &err);
    printf("%s holds what %s held.\n", cli->clinic, argv[0]);
    return 0;
}
