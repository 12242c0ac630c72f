/* cli/cli.h: what the files of the command line share. */
#ifndef RACEMATE_CLI_H
#define RACEMATE_CLI_H

#include <stdio.h>

#include "app/app.h"

typedef struct rac_cli {
    rac_arena *arena;
    const char *clinic; /* --clinic, RACEMATE_CLINIC, ./clinic.racemate */
    const char *actor;  /* --as, RACEMATE_STAFF */
    const char *pin;    /* --pin, RACEMATE_PIN */
    bool json;
    bool help;
} rac_cli;

/* A command that is no use case: it makes a clinic, or runs one. */
typedef struct rac_cli_command {
    const char *name;
    const char *usage;   /* arguments, as help shows them */
    const char *summary; /* one line */
    const char *detail;
    int (*run)(rac_cli *cli, int argc, char **argv);
} rac_cli_command;

const rac_cli_command *rac_cli_commands(size_t *count);

/* Opens the clinic; RAC_NOT_FOUND when there is none. */
rac_status rac_cli_open(rac_cli *cli, rac_app **app, rac_error *err);
/* Runs a use case from the words after "racemate"; the exit code. */
int rac_cli_use_case(rac_cli *cli, int argc, char **argv);
/* Prints an error as people or programs read it; gives the exit code. */
int rac_cli_report(const rac_cli *cli, const rac_error *err);

/* The list of commands, or one noun's (NULL: all). */
void rac_cli_help(FILE *out, const char *noun);
/* Help on a topic (words after "help"); the exit code. */
int rac_cli_help_on(rac_cli *cli, char **topic);

/* Whole file into the arena; RAC_NOT_FOUND, RAC_LIMIT over 1 GiB, RAC_IO.  A NUL follows the bytes. */
rac_status rac_cli_read_file(rac_arena *arena, const char *path, rac_text *bytes, rac_error *err);
/* The value of --name or --name=value among argv, removed from it; NULL when absent. */
const char *rac_cli_option(int *argc, char **argv, const char *name);
bool rac_cli_flag(int *argc, char **argv, const char *name);

/* commands (one file each) */
int rac_cli_init(rac_cli *cli, int argc, char **argv);
int rac_cli_restore(rac_cli *cli, int argc, char **argv);
int rac_cli_import(rac_cli *cli, int argc, char **argv);
int rac_cli_serve(rac_cli *cli, int argc, char **argv);
int rac_cli_demo(rac_cli *cli, int argc, char **argv);
int rac_cli_man(rac_cli *cli, int argc, char **argv);
int rac_cli_completion(rac_cli *cli, int argc, char **argv);

#endif
