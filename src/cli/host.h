/* cli/host.h: files a use case writes, and the line that shows its progress. */
#ifndef RACEMATE_CLI_HOST_H
#define RACEMATE_CLI_HOST_H

#include <stdio.h>

#include "app/app.h"

enum { RAC_CLI_FILES_MAX = 8 };

typedef struct rac_cli_file {
    const char *path, *part; /* part: its name until it is whole; NULL for what is no plain file */
    FILE *stream;
} rac_cli_file;

typedef struct rac_cli_host {
    rac_host host; /* for rac_call.host */
    rac_arena *arena;
    rac_cli_file files[RAC_CLI_FILES_MAX];
    size_t count;
    bool terminal, shown;
    double began, last; /* s */
} rac_cli_host;

void rac_cli_host_begin(rac_cli_host *host, rac_arena *arena);
/* With RAC_OK the files take their names; otherwise nothing of them is left. */
rac_status rac_cli_host_finish(rac_cli_host *host, rac_status status, rac_error *err);

#endif
