/* What a command gives a use case beyond words: files it writes, and a line that shows how far it is. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/host.h"

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the end by a signal ---- */

/* The one command of this process that may be writing files; a signal handler has nowhere else to look. */
static rac_cli_host *volatile at_work;

/* Ctrl-C leaves no half file: unlink and raise may be called in a handler (POSIX). */
static void remove_parts(int number)
{
    rac_cli_host *host = at_work;
    for (size_t i = 0; host && i < host->count; i++)
        if (host->files[i].part)
            unlink(host->files[i].part);
    signal(number, SIG_DFL);
    raise(number);
}

static void watch_signals(rac_cli_host *host)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    at_work = host;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct sigaction now, want = {.sa_handler = remove_parts};
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) /* not under nohup */
            sigaction(ends[i], &want, NULL);
    }
}

/* ---- files ---- */

static rac_status failed(rac_error *err, const char *path)
{
    return rac_fail(err, RAC_IO, "%s: %s", path, strerror(errno));
}

static rac_status open_file(rac_cli_host *host, const char *path, rac_cli_file **file, rac_error *err)
{
    for (size_t i = 0; i < host->count; i++) {
        if (strcmp(host->files[i].path, path) == 0) {
            *file = &host->files[i];
            return RAC_OK;
        }
    }
    if (host->count == RAC_CLI_FILES_MAX)
        return rac_fail(err, RAC_LIMIT, "%s: more than %d files are being written", path, RAC_CLI_FILES_MAX);
    rac_cli_file *next = &host->files[host->count];
    /* A pipe or terminal (/dev/stdout) is written as it is; a file takes its name when it is whole. */
    struct stat about;
    const bool plain = stat(path, &about) != 0 || S_ISREG(about.st_mode);
    *next = (rac_cli_file){.path = path, .part = plain ? rac_format(host->arena, "%s.part", path) : NULL};
    host->count++; /* before the file is there: whoever ends the program removes it */
    next->stream = fopen(plain ? next->part : path, "wb");
    if (!next->stream) {
        host->count--;
        return failed(err, path);
    }
    *file = next;
    return RAC_OK;
}

static rac_status write_bytes(void *context, const char *path, const void *bytes, size_t size, rac_error *err)
{
    rac_cli_file *file = NULL;
    const rac_status status = open_file(context, path, &file, err);
    if (status)
        return status;
    return fwrite(bytes, 1, size, file->stream) == size ? RAC_OK : failed(err, path);
}

rac_status rac_cli_host_finish(rac_cli_host *host, rac_status status, rac_error *err)
{
    if (host->shown)
        fputs("\r\033[K", stderr);
    for (size_t i = 0; i < host->count; i++) {
        rac_cli_file *file = &host->files[i];
        if (fclose(file->stream) != 0 && !status)
            status = failed(err, file->path);
        if (file->part && !status && rename(file->part, file->path) != 0)
            status = failed(err, file->path);
        if (file->part && status)
            unlink(file->part);
        else if (file->part)
            fprintf(stderr, "Wrote %s.\n", file->path);
    }
    at_work = NULL;
    host->count = 0;
    return status;
}

/* ---- progress ---- */

static void show_time(double s, char *text, size_t size)
{
    if (s < 90)
        snprintf(text, size, "%.0f s", s);
    else
        snprintf(text, size, "%.0f min", s / 60);
}

/* Ten times a second, after the first half second, and only for somebody who looks at a terminal. */
static void progress(void *context, double done, double total, const char *what)
{
    enum { width = 30 };
    rac_cli_host *host = context;
    const double now = seconds();
    if (!host->terminal || !(total > 0) || now - host->began < 0.5 || now - host->last < 0.1)
        return;
    host->last = now;
    host->shown = true;
    const double share = done < total ? done / total : 1, rate = done / (now - host->began);
    char bar[width + 1], left[24] = "";
    for (int i = 0; i < width; i++)
        bar[i] = i < (int)(share * width) ? '#' : '.';
    bar[width] = 0;
    if (rate > 0)
        show_time((total - done) / rate, left, sizeof left);
    fprintf(stderr, "\r\033[K[%s] %3.0f %%  %.3g %s/s, %s left", bar, 100 * share, rate, what, left);
}

void rac_cli_host_begin(rac_cli_host *host, rac_arena *arena)
{
    *host = (rac_cli_host){.host = {write_bytes, progress, host},
                           .arena = arena,
                           .terminal = isatty(STDERR_FILENO) == 1,
                           .began = seconds()};
    watch_signals(host);
}
