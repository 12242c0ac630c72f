/* Does the disk wait when it is told to?  A synced write is compared with the same write unsynced, in
 * the same minute on the same file, so no speed of any kind of disk has to be assumed. */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { block_bytes = 4096, rounds_min = 10, rounds_max = 10000 };

/* A sync that reached anything outside the machine's memory costs a command to the device; less than
 * the cost of this many unsynced writes is no wait at all. */
static const double suspicious_ratio = 3.0;

/* Spans only: nothing recorded ever comes from this clock. */
static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times `rounds` writes, sorted; false when the disk refuses. */
static bool time_writes(int file, bool sync, int rounds, double *spent_us)
{
    char block[block_bytes];
    for (int i = 0; i < rounds; i++) {
        memset(block, i, sizeof block);
        const double start = now_us();
        if (pwrite(file, block, sizeof block, (off_t)i * block_bytes) != block_bytes)
            return false;
        if (sync && fdatasync(file))
            return false;
        spent_us[i] = now_us() - start;
    }
    qsort(spent_us, (size_t)rounds, sizeof *spent_us, compare);
    return true;
}

static void judge(rac_store_probe *probe)
{
    probe->suspicious = probe->sync_us_median < suspicious_ratio * probe->write_us_median;
    if (probe->in_memory)
        snprintf(probe->what, sizeof probe->what,
                 "this file system is in memory: nothing recorded here survives a power cut");
    else if (probe->suspicious)
        snprintf(probe->what, sizeof probe->what,
                 "a synced write takes %.0f us, an unsynced one %.0f us: this disk does not seem to wait",
                 probe->sync_us_median, probe->write_us_median);
    else
        snprintf(probe->what, sizeof probe->what, "a synced write takes %.0f us (99 %% within %.0f us)",
                 probe->sync_us_median, probe->sync_us_p99);
}

rac_status rac_store_probe_disk(const char *directory, int rounds, rac_store_probe *probe, rac_error *err)
{
    if (rounds < rounds_min || rounds > rounds_max)
        return rac_fail(err, RAC_INVALID, "%d rounds; %d to %d are possible", rounds, rounds_min, rounds_max);
    rac_arena *arena = rac_arena_new();
    char *path = rac_format(arena, "%s/racemate-probe-XXXXXX", directory);
    double *spent_us = rac_many(arena, double, (size_t)rounds);
    struct statfs system;
    *probe = (rac_store_probe){0};
    rac_status status = RAC_OK;
    const int file = mkostemp(path, O_CLOEXEC);
    if (file < 0)
        status = rac_store_file_failed(err, "cannot write in", directory);
    if (!status && fstatfs(file, &system) == 0)
        probe->in_memory = system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
    /* The synced pass comes first and lays the file out, so the unsynced one only rewrites it. */
    if (!status && !time_writes(file, true, rounds, spent_us))
        status = rac_store_file_failed(err, "cannot write", path);
    if (!status) {
        probe->sync_us_median = spent_us[rounds / 2];
        probe->sync_us_p99 = spent_us[(rounds * 99) / 100];
        if (!time_writes(file, false, rounds, spent_us))
            status = rac_store_file_failed(err, "cannot write", path);
        probe->write_us_median = spent_us[rounds / 2];
    }
    if (!status)
        judge(probe);
    if (file >= 0) {
        close(file);
        unlink(path);
    }
    rac_arena_free(arena);
    return status;
}
