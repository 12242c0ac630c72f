/* Help, the manual page and shell completion, all generated from the tables of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char intended_use[] = "Decision support and record keeping for qualified clinicians in licensed "
                                   "facilities. It recommends; a clinician\n"
                                   "decides and signs. It never drives a pump, is never the primary alarm, "
                                   "and offers nothing for self-treatment.\n";

/* What a file is called in messages is told over HTTP; a command knows its path (use_case.c). */
static bool is_for_people(const rac_use_case *row, size_t i)
{
    const rac_argument *a = &row->arguments[i];
    if (i == 0 || row->arguments[i - 1].kind != RAC_ARGUMENT_FILE)
        return true;
    const size_t size = strlen(row->arguments[i - 1].name);
    return strncmp(a->name, row->arguments[i - 1].name, size) != 0 || strcmp(a->name + size, "-name") != 0;
}

static void print_row(FILE *out, const rac_use_case *row)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s%s", row->noun, row->verb ? " " : "", row->verb ? row->verb : "");
    fprintf(out, "  %-20s %s\n", name, row->summary);
}

void rac_cli_help(FILE *out, const char *noun)
{
    size_t count, command_count;
    const rac_use_case *rows = rac_use_cases(&count);
    const rac_cli_command *commands = rac_cli_commands(&command_count);
    if (!noun)
        fprintf(
            out,
            "racemate %s: runs an intravenous ketamine service for treatment-resistant depression.\n\n%s\n"
            "Usage: racemate [--clinic FILE] [--as STAFF] [--pin PIN] [--json] COMMAND ...\n\n",
            RAC_VERSION, intended_use);
    for (size_t i = 0; !noun && i < command_count; i++)
        fprintf(out, "  %-20s %s\n", commands[i].name, commands[i].summary);
    for (size_t i = 0; i < count; i++) {
        if (noun && strcmp(noun, rows[i].noun) != 0)
            continue;
        if (!noun && (i == 0 || strcmp(rows[i].noun, rows[i - 1].noun) != 0) && rows[i].verb)
            fputc('\n', out);
        print_row(out, &rows[i]);
    }
    if (!noun)
        fputs(
            "\nracemate COMMAND --help tells more. Exit codes: 0 done, 2 invalid input, 3 refused by a "
            "safety gate,\n"
            "4 not found, 5 contradicts the record, 9 damaged record, 10 system, 11 busy, 12 not allowed.\n",
            out);
}

static void print_usage(FILE *out, const rac_use_case *row)
{
    fprintf(out, "Usage: racemate %s%s%s", row->noun, row->verb ? " " : "", row->verb ? row->verb : "");
    for (size_t i = 0; i < RAC_ARGUMENTS_MAX && row->arguments[i].name; i++)
        if (row->arguments[i].positional)
            fprintf(out, row->arguments[i].required ? " %s%s" : " [%s%s]", row->arguments[i].name,
                    row->arguments[i].kind == RAC_ARGUMENT_REST ? "..." : "");
    fputs(" [options]\n", out);
}

static void print_use_case(FILE *out, const rac_use_case *row)
{
    print_usage(out, row);
    fprintf(out, "\n%c%s.\n",
            row->summary[0] >= 'a' && row->summary[0] <= 'z' ? row->summary[0] - 32 : row->summary[0],
            row->summary + 1);
    if (row->detail)
        fprintf(out, "%s\n", row->detail);
    fputc('\n', out);
    for (size_t i = 0; i < RAC_ARGUMENTS_MAX && row->arguments[i].name; i++) {
        const rac_argument *a = &row->arguments[i];
        char name[48];
        if (!is_for_people(row, i))
            continue;
        snprintf(name, sizeof name, "%s%s", a->positional ? "" : "--", a->name);
        fprintf(out, "  %-20s %s%s\n", name, a->help, a->required ? "" : " (optional)");
    }
    if (row->writes)
        fprintf(out, "\nNeeds a person: --as STAFF, at least a %s.\n", rac_role_name(row->role));
    fprintf(out, "\nExample:\n  racemate %s%s%s %s\n", row->noun, row->verb ? " " : "",
            row->verb ? row->verb : "", row->example);
}

int rac_cli_help_on(rac_cli *cli, char **topic)
{
    rac_error err = {0};
    const rac_use_case *row;
    size_t count;
    if (!topic[0]) {
        rac_cli_help(stdout, NULL);
        return 0;
    }
    const rac_cli_command *commands = rac_cli_commands(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(commands[i].name, topic[0]) != 0)
            continue;
        printf("Usage: racemate %s %s\n\n%s.\n%s\n", commands[i].name, commands[i].usage, commands[i].summary,
               commands[i].detail);
        return 0;
    }
    if (!rac_use_case_find(topic[0], NULL, &row, NULL) ||
        (topic[1] && !rac_use_case_find(topic[0], topic[1], &row, NULL))) {
        print_use_case(stdout, row);
        return 0;
    }
    const rac_use_case *rows = rac_use_cases(&count);
    for (size_t i = 0; !topic[1] && i < count; i++) {
        if (strcmp(rows[i].noun, topic[0]) == 0) {
            rac_cli_help(stdout, topic[0]);
            return 0;
        }
    }
    (void)rac_use_case_find(topic[0], topic[1], &row, &err);
    return rac_cli_report(cli, &err);
}

/* ---- manual page (man(7))
 * ----------------------------------------------------------------------------------- */

/* A dot or quote at the start of a line would be a request; a hyphen would be broken. */
static void roff(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n'))
            fputs("\\&", stdout);
        if (*c == '\\')
            fputs("\\e", stdout);
        else if (*c == '-')
            fputs("\\-", stdout);
        else
            putchar(*c);
    }
}

static void man_use_case(const rac_use_case *row)
{
    printf(".SS ");
    roff(row->noun);
    printf(" %s", row->verb ? row->verb : "");
    putchar('\n');
    roff(row->summary);
    fputs(".\n", stdout);
    if (row->detail) {
        roff(row->detail);
        putchar('\n');
    }
    for (size_t i = 0; i < RAC_ARGUMENTS_MAX && row->arguments[i].name; i++) {
        if (!is_for_people(row, i))
            continue;
        printf(".TP\n.B ");
        if (!row->arguments[i].positional)
            fputs("\\-\\-", stdout);
        roff(row->arguments[i].name);
        putchar('\n');
        roff(row->arguments[i].help);
        putchar('\n');
    }
}

int rac_cli_man(rac_cli *cli, int argc, char **argv)
{
    size_t count, command_count;
    const rac_use_case *rows = rac_use_cases(&count);
    const rac_cli_command *commands = rac_cli_commands(&command_count);
    (void)cli, (void)argc, (void)argv;
    printf(".TH RACEMATE 1 \"\" \"racemate %s\"\n.SH NAME\nracemate \\- intravenous ketamine service for "
           "treatment\\-resistant "
           "depression\n.SH SYNOPSIS\n.B racemate\n[\\-\\-clinic FILE] [\\-\\-as STAFF] [\\-\\-pin PIN] "
           "[\\-\\-json] COMMAND ...\n"
           ".SH DESCRIPTION\n",
           RAC_VERSION);
    roff(intended_use);
    fputs(".SH COMMANDS\n", stdout);
    for (size_t i = 0; i < command_count; i++) {
        printf(".SS %s ", commands[i].name);
        roff(commands[i].usage);
        putchar('\n');
        roff(commands[i].summary);
        fputs(".\n", stdout);
        roff(commands[i].detail);
        putchar('\n');
    }
    for (size_t i = 0; i < count; i++)
        man_use_case(&rows[i]);
    fputs(".SH EXIT STATUS\n", stdout);
    for (int s = RAC_OK; s <= RAC_DENIED; s++)
        printf(".TP\n.B %d\n%s\n", rac_status_exit_code((rac_status)s), rac_status_sentence((rac_status)s));
    fputs(".SH ENVIRONMENT\n.TP\n.B RACEMATE_CLINIC\nthe clinic's file\n.TP\n.B RACEMATE_STAFF\nwho is "
          "acting\n.TP\n.B "
          "RACEMATE_PIN\ntheir PIN\n",
          stdout);
    return 0;
}

/* ---- completion for bash
 * -------------------------------------------------------------------------------------- */

static bool is_first_of_noun(const rac_use_case *rows, size_t i)
{
    return i == 0 || strcmp(rows[i].noun, rows[i - 1].noun) != 0;
}

int rac_cli_completion(rac_cli *cli, int argc, char **argv)
{
    size_t count, command_count;
    const rac_use_case *rows = rac_use_cases(&count);
    const rac_cli_command *commands = rac_cli_commands(&command_count);
    (void)cli, (void)argc, (void)argv;
    fputs("# bash completion for racemate; made from its table of commands\n_racemate()\n{\n    local "
          "cur=${COMP_WORDS[COMP_CWORD]} "
          "words=\n    case \"$COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[2]}\" in\n    1:*) words=\"help",
          stdout);
    for (size_t i = 0; i < command_count; i++)
        printf(" %s", commands[i].name);
    for (size_t i = 0; i < count; i++)
        if (is_first_of_noun(rows, i))
            printf(" %s", rows[i].noun);
    fputs("\" ;;\n", stdout);
    for (size_t i = 0; i < count; i++) {
        if (!is_first_of_noun(rows, i) || !rows[i].verb)
            continue;
        printf("    2:%s:*) words=\"", rows[i].noun);
        for (size_t j = i; j < count && strcmp(rows[j].noun, rows[i].noun) == 0; j++)
            printf("%s%s", j > i ? " " : "", rows[j].verb);
        fputs("\" ;;\n", stdout);
    }
    for (size_t i = 0; i < count; i++) {
        printf("    *:%s:%s) words=\"--json --as --pin --help", rows[i].noun,
               rows[i].verb ? rows[i].verb : "*");
        for (size_t a = 0; a < RAC_ARGUMENTS_MAX && rows[i].arguments[a].name; a++)
            if (!rows[i].arguments[a].positional && is_for_people(&rows[i], a))
                printf(" --%s", rows[i].arguments[a].name);
        fputs("\" ;;\n", stdout);
    }
    fputs("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n    [[ $words ]] || "
          "COMPREPLY=($(compgen -f -- "
          "\"$cur\"))\n}\ncomplete -F _racemate racemate\n",
          stdout);
    return 0;
}
